-- account: where a person's things go.

-- name: addresses :many
-- in: person bigint
select id, name, phone, line1, line2, sealed, city, region, postcode, country, is_default
  from account.address where person_id = :person order by is_default desc, id limit 50;

-- name: address :maybe
-- in: person bigint, id bigint
select id, name, phone, line1, line2, sealed, city, region, postcode, country, is_default
  from account.address where person_id = :person and id = :id;

-- name: add :maybe
-- in: person bigint, name text, city text, region text, postcode text, country text
-- The first is the one that is meant; nothing comes back when there are twenty, or they were erased meanwhile. Its telephone and street follow, sealed, as they need its id.
insert into account.address (person_id, name, phone, line1, city, region, postcode, country,
                             is_default)
select :person, :name, '', '', :city, :region, :postcode, :country,
       not exists (select from account.address where person_id = :person)
 where exists (select from auth.person where id = :person and erased_at is null for key share)
returning id;

-- name: save :exec
-- in: person bigint, id bigint, name text, sealed text, city text, region text, postcode text
-- in: country text
update account.address
   set name = :name, phone = '', line1 = '', line2 = '', sealed = :sealed, city = :city,
       region = :region, postcode = :postcode, country = :country
 where person_id = :person and id = :id;

-- name: sealed :many
-- in: after bigint, most bigint
select id, person_id as owner, sealed from account.address
 where id > :after and sealed <> '' order by id limit :most;

-- name: seal_anew :exec
-- in: id bigint, sealed text, before text
update account.address set sealed = :sealed where id = :id and sealed = :before;

-- name: plain :many
-- in: after bigint, most bigint
-- Also what a version of before has sealed by the house's key.
select id, person_id as owner, phone, line1, line2, sealed from account.address
 where id > :after and (phone <> '' or line1 <> '' or sealed like 'v1.%') order by id limit :most;

-- name: hide :exec
-- in: id bigint, sealed text, before text, phone text, line1 text, line2 text
update account.address set phone = '', line1 = '', line2 = '', sealed = :sealed
 where id = :id and sealed = :before and phone = :phone and line1 = :line1 and line2 = :line2;

-- name: count_plain :one
select count(*) as n
  from (select from account.address
         where phone <> '' or line1 <> '' or sealed like 'v1.%' limit 10001) found;

-- name: drop :maybe
-- in: person bigint, id bigint
-- When it was the one that is meant, the oldest that is left is.
with gone as (
    delete from account.address where person_id = :person and id = :id returning id, is_default
), meant as (
    update account.address a set is_default = true
     where a.id = (select min(o.id) from account.address o
                    where o.person_id = :person and o.id <> :id)
       and exists (select from gone where is_default)
)
select id from gone;

-- name: undefault :exec
-- in: person bigint
update account.address set is_default = false where person_id = :person and is_default;

-- name: make_default :exec
-- in: person bigint, id bigint
update account.address set is_default = true where person_id = :person and id = :id;

-- name: lock_person :maybe
-- in: person bigint
select id from auth.person where id = :person for update;

-- name: forget :exec
-- in: person bigint
with consents as (delete from account.consent where person_id = :person)
delete from account.address where person_id = :person;

-- name: consents :many
-- in: person bigint
select kind, is_given, place, words, lang, at from account.consent
 where person_id = :person order by id desc limit 200;

-- name: has_consent :one
-- in: person bigint, kind text
select coalesce((select is_given from account.consent
                  where person_id = :person and kind = :kind order by id desc limit 1), false) as yes;

-- name: say_consent :one
-- in: person bigint, kind text, given bool, place text, words text, lang text
select account.say_consent(:person, :kind, :given, :place, :words, :lang) as is_news;
