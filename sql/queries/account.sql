-- account: where a person's things go.

-- name: addresses :many
-- in: person bigint
select id, name, phone, line1, line2, city, region, postcode, country, is_default
  from account.address where person_id = :person order by is_default desc, id limit 50;

-- name: address :maybe
-- in: person bigint, id bigint
select id, name, phone, line1, line2, city, region, postcode, country, is_default
  from account.address where person_id = :person and id = :id;

-- name: add :maybe
-- in: person bigint, name text, phone text, line1 text, line2 text, city text, region text
-- in: postcode text, country text
-- The first is the one that is meant. Nothing comes back when there are twenty, or when it is
-- there already.
insert into account.address (person_id, name, phone, line1, line2, city, region, postcode, country,
                             is_default)
select :person, :name, :phone, :line1, :line2, :city, :region, :postcode, :country,
       not exists (select from account.address where person_id = :person)
 where (select count(*) from account.address where person_id = :person) < 20
   and not exists (select from account.address a
                    where a.person_id = :person and a.name = :name and a.line1 = :line1
                      and a.line2 = :line2 and a.city = :city and a.region = :region
                      and a.postcode = :postcode and a.country = :country and a.phone = :phone)
returning id;

-- name: save :exec
-- in: person bigint, id bigint, name text, phone text, line1 text, line2 text, city text
-- in: region text, postcode text, country text
update account.address
   set name = :name, phone = :phone, line1 = :line1, line2 = :line2, city = :city,
       region = :region, postcode = :postcode, country = :country
 where person_id = :person and id = :id;

-- name: drop :exec
-- in: person bigint, id bigint
delete from account.address where person_id = :person and id = :id;

-- name: undefault :exec
-- in: person bigint
update account.address set is_default = false where person_id = :person and is_default;

-- name: make_default :exec
-- in: person bigint, id bigint
update account.address set is_default = true where person_id = :person and id = :id;

-- name: forget :exec
-- in: person bigint
delete from account.address where person_id = :person;
