-- auth: persons, where they are, and the browsers they have logged in by.

-- name: by_email :maybe
-- in: email text
-- For logging in; the only query that knows a password's hash.
select id, email, name, password_hash, lang, epoch,
       role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.person p where email = :email;

-- name: old_hashes :many
-- One of each kind (algorithm and measures) that is not today's. A kind is a step of the index, as
-- '~' is above all that stands in a hash.
with recursive step as (
    (select substring(p.password_hash from '^([$]2.[$][0-9]+[$]|[$]argon2id[$][^$]*[$][^$]*[$])') as kind
       from auth.person p
      where p.password_hash <> ''
        and not starts_with(p.password_hash, '$argon2id$v=19$m=19456,t=2,p=1$')
      order by p.password_hash collate "C" limit 1)
    union all
    select (select substring(p.password_hash from '^([$]2.[$][0-9]+[$]|[$]argon2id[$][^$]*[$][^$]*[$])')
              from auth.person p
             where p.password_hash <> ''
               and not starts_with(p.password_hash, '$argon2id$v=19$m=19456,t=2,p=1$')
               and p.password_hash collate "C" > s.kind || '~'
             order by p.password_hash collate "C" limit 1)
      from step s where s.kind is not null)
select kind from step where kind is not null limit 8;

-- name: person :one
-- in: person bigint
select id, email, name, lang, phone, sealed, role, created_at, verified_at is not null as is_verified
  from auth.person where id = :person;

-- name: password_of :one
-- in: person bigint
select email, name, password_hash from auth.person where id = :person;

-- name: admins :many
select id, email, lang from auth.person
 where role in ('admin', 'super_admin') and blocked_at is null order by id limit 20;

-- name: staff :many
-- in: organisation bigint, places text[], permission text, wish text
-- Who may do this there: in one of these places, or in a role that names it. wish: of those who want
-- mails of 'orders' or 'stock'; empty: all.
select p.id, p.email, p.lang, m.place,
       coalesce(array_to_string(r.permissions, ' '), '') as own
  from auth.member m
  join auth.person p on p.id = m.person_id
  left join auth.role r on r.id = m.role_id
 where m.organisation_id = :organisation and p.blocked_at is null
   and (m.place = any (:places) or (m.place = 'own' and :permission = any (r.permissions)))
   and (:wish = '' or case when :wish = 'orders' then m.mail_orders else m.mail_stock end)
 order by m.created_at, p.id limit 50;

-- name: register :maybe
-- in: email text, name text, password_hash text, lang text
-- Whoever registers has shown by then that the address is theirs. Nothing comes back when it is
-- taken.
insert into auth.person (email, name, password_hash, lang, verified_at)
values (:email, :name, :password_hash, :lang, now())
on conflict (email) do nothing
returning id;

-- name: verify_person :maybe
-- in: email text
update auth.person set verified_at = coalesce(verified_at, now()) where email = :email
returning id, email, name, epoch;

-- name: set_password :exec
-- in: person bigint, password_hash text
update auth.person set password_hash = :password_hash, mailed_at = null, epoch = epoch + 1
 where id = :person;

-- name: set_mailed :exec
-- in: person bigint, address text
-- The password was chosen by who reads the mail, and shows nothing more than that; the address
-- is shown to be theirs, unless it is another now.
update auth.person set mailed_at = now(),
       verified_at = case when email = :address then coalesce(verified_at, now()) else verified_at end
 where id = :person;

-- name: rehash :exec
-- in: person bigint, old text, new text
-- The same password by today's means, unless it was changed meanwhile.
update auth.person set password_hash = :new where id = :person and password_hash = :old;

-- name: set_email :maybe
-- in: person bigint, email text
-- Gives the address it was before, and the person's language.
update auth.person p set email = :email, verified_at = now()
  from (select id, email from auth.person where id = :person and erased_at is null for update) old
 where p.id = old.id and p.email <> :email
returning old.email as was, p.lang;

-- name: set_profile :exec
-- in: person bigint, name text, lang text, sealed text
update auth.person set name = :name, lang = :lang, phone = '', sealed = :sealed
 where id = :person and erased_at is null;

-- name: sealed_person :many
-- in: after bigint, most bigint
select id, id as owner, sealed from auth.person
 where id > :after and sealed <> '' order by id limit :most;

-- name: reseal_person :exec
-- in: id bigint, sealed text, before text
update auth.person set sealed = :sealed where id = :id and sealed = :before;

-- name: plain_person :many
-- in: after bigint, most bigint
-- Also what a version of before has sealed by the house's key.
select id, id as owner, phone, sealed from auth.person
 where id > :after and (phone <> '' or sealed like 'v1.%') order by id limit :most;

-- name: hide_person :exec
-- in: id bigint, sealed text, before text, phone text
update auth.person set phone = '', sealed = :sealed
 where id = :id and sealed = :before and phone = :phone;

-- name: count_plain_person :one
select count(*) as n
  from (select from auth.person where phone <> '' or sealed like 'v1.%' limit 10001) found;

-- name: save_person :one
-- in: email text, name text, password_hash text, role text
-- Whoever runs the shop vouches for the address. A name and a role that are not said stay.
insert into auth.person as p (email, name, password_hash, role, verified_at)
values (:email, :name, :password_hash, coalesce(nullif(:role, ''), 'user'), now())
on conflict (email) do update
    set name = coalesce(nullif(excluded.name, ''), p.name),
        role = coalesce(nullif(:role, ''), p.role), password_hash = excluded.password_hash,
        mailed_at = null, epoch = p.epoch + 1
returning id;

-- name: bring :maybe
-- in: email text, name text, password_hash text, lang text, is_verified bool
-- Of another shop's people. Nothing comes back when the address is here already.
insert into auth.person (email, name, password_hash, lang, verified_at)
values (:email, :name, :password_hash, :lang, case when :is_verified then now() end)
on conflict (email) do nothing
returning id;

-- name: place :maybe
-- in: person bigint, session_hash text
-- The platform role, and where this person is staff: where they chose to be on this device, else
-- the first organisation joined. Who works for the house itself may choose any.
select p.email, p.name, p.role, coalesce(m.organisation_id, 0) as organisation_id,
       coalesce(m.place, '') as place, coalesce(array_to_string(r.permissions, ' '), '') as own,
       exists (select from auth.totp t where t.person_id = p.id)
           or exists (select from auth.passkey k where k.person_id = p.id) as has_factor,
       exists (select from auth.phone h where h.person_id = p.id and h.is_factor) as has_text,
       coalesce(case when d.view_as_until > now() then d.view_as end, 0) as view_as,
       coalesce(array_to_string(w.second_factor, ' '), '') as asks_factor,
       coalesce(w.text_counts, false) as text_counts, coalesce(w.zone, '') as zone
  from auth.person p
  left join auth.device d on d.session_hash = :session_hash and d.person_id = p.id
  left join lateral (
      select a.organisation_id, a.place, a.role_id from (
          select organisation_id, place, role_id, created_at, 1 as rank
            from auth.member where person_id = p.id
          union all
          select o.id, '', null, o.created_at, 2 from auth.organisation o
           where o.id = d.organisation_id and p.role <> 'user') a
       order by (a.organisation_id = d.organisation_id) desc nulls last, a.rank, a.created_at,
              a.organisation_id
       limit 1) m on true
  left join auth.role r on r.id = m.role_id
  left join auth.organisation w on w.id = m.organisation_id
 where p.id = :person and p.blocked_at is null;

-- name: place_at :maybe
-- in: person bigint, slug text
-- The same in an organisation that was named: nothing for who is no member of it, unless they work
-- for the house.
select p.email, p.name, p.role, o.id as organisation_id, coalesce(m.place, '') as place,
       coalesce(array_to_string(r.permissions, ' '), '') as own,
       exists (select from auth.totp t where t.person_id = p.id)
           or exists (select from auth.passkey k where k.person_id = p.id) as has_factor,
       exists (select from auth.phone h where h.person_id = p.id and h.is_factor) as has_text,
       array_to_string(o.second_factor, ' ') as asks_factor, o.text_counts, o.zone
  from auth.person p
  join auth.organisation o on o.slug = :slug
  left join auth.member m on m.person_id = p.id and m.organisation_id = o.id
  left join auth.role r on r.id = m.role_id
 where p.id = :person and p.blocked_at is null and (m.person_id is not null or p.role <> 'user');

-- name: add_device :maybe
-- in: person bigint, epoch bigint, session_hash text, user_agent text, browser_hash text
-- in: network text, country text
-- Whether this person has been seen before, and on this browser, or one like it from there. id 0:
-- the account is blocked, or is being blocked just now. Nothing when it has another password
-- since, or gets it just now.
with open as (
    select id, lang, blocked_at is not null as is_blocked from auth.person
     where id = :person and epoch = :epoch for share),
device as (
    insert into auth.device (person_id, session_hash, user_agent, browser_hash, network, country)
    select id, :session_hash, :user_agent, :browser_hash, :network, :country from open where not is_blocked
    returning id)
select coalesce(device.id, 0) as id, before.is_second, before.is_known, open.lang
  from open cross join auth.seen_before(:person, :browser_hash, :user_agent, :network) before
  left join device on true;

-- name: hold_login :maybe
-- in: person bigint, session_hash text, login bigint
-- This login stands, and until the transaction ends nobody ends it.
select d.id
  from auth.person p join auth.device d on d.person_id = p.id
 where p.id = :person and p.blocked_at is null and p.erased_at is null
   and (d.session_hash = :session_hash or d.id = :login) and d.ended_at is null
   for no key update;

-- name: device_of_mail :maybe
-- in: id bigint
select user_agent, network, country, created_at from auth.device where id = :id;

-- name: knows_browser :one
-- in: email text, browser_hash text
-- Whether somebody has logged in to this account by this browser.
select exists (select from auth.person p join auth.device d on d.person_id = p.id
                where p.email = :email and d.browser_hash = :browser_hash) as is_known;

-- name: device :maybe
-- in: session_hash text
-- A session that Redis has lost, made again when it was used within the last day.
select d.person_id, p.email, p.name,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.device d join auth.person p on p.id = d.person_id
 where d.session_hash = :session_hash and d.ended_at is null and p.blocked_at is null
   and d.seen_at > now() - interval '24 hours' and d.created_at > auth.oldest_login(p);

-- name: touch_device :maybe
-- in: session_hash text
-- It ends when it has lasted long enough. Nothing: it has ended meanwhile.
update auth.device d
   set seen_at = now(),
       ended_at = case when d.created_at <= auth.oldest_login(p) then now() end
  from auth.person p
 where d.session_hash = :session_hash and d.ended_at is null and p.id = d.person_id
returning d.ended_at is null as is_alive;

-- name: forget_devices :exec
-- in: person bigint, id bigint
-- At login number `id`: those before it that are over and say nothing that it does not, and all
-- but the last hundred that are over. Not those of today, of which a mail may be on its way.
with over as (
    select id, row_number() over (order by id desc) as nth, user_agent, network, country,
           browser_hash, kind
      from auth.device
     where person_id = :person and id < :id and created_at < now() - interval '1 day'
       and (ended_at is not null or seen_at < now() - case kind when 'token' then interval '31 days'
                                                      else interval '26 hours' end))
delete from auth.device d
 using over, (select user_agent, network, country, browser_hash from auth.device where id = :id) now_is
 where d.id = over.id
   and (over.nth > 100
        or (over.user_agent = now_is.user_agent and over.network = now_is.network
            and over.country in ('', now_is.country)
            and (over.browser_hash = now_is.browser_hash or over.kind = 'token')));

-- name: forget_old_devices :exec
-- The first of them all, a page at a time: a login lasts a year at most.
delete from auth.device
 where id in (select id from auth.device order by id limit 10000)
   and created_at < now() - interval '400 days';

-- name: end_device :exec
-- in: session_hash text
update auth.device set ended_at = now() where session_hash = :session_hash and ended_at is null;

-- name: devices :many
-- in: person bigint, session_hash text, device bigint
-- Who asks has a session, or a token of that device.
select id, user_agent, network, country, kind, created_at, seen_at,
       session_hash = :session_hash or id = :device as is_this
  from auth.device
 where person_id = :person and ended_at is null
   and seen_at > now() - case kind when 'token' then interval '30 days' else interval '24 hours' end
 order by seen_at desc, id desc limit 20;

-- name: lines_of_person :many
-- in: person bigint
-- Sessions that may have a page open: a day of idleness, and what the row lags behind Redis.
select session_hash from auth.device
 where person_id = :person and kind = 'session' and ended_at is null
   and seen_at > now() - interval '26 hours'
 order by id desc limit 500;

-- name: lines_of_staff :many
-- in: organisations bigint[]
-- The same for whoever works at one of these on that device (query place).
with staff as materialized ( -- few; their devices are looked up, not looked for among all shoppers'
    select s.id, s.role, (select m.organisation_id from auth.member m
                           where m.person_id = s.id
                           order by m.created_at, m.organisation_id limit 1) as home
      from (select id, role from auth.person where role <> 'user'
            union
            select p.id, p.role from auth.member m join auth.person p on p.id = m.person_id
             where m.organisation_id = any(:organisations)) s)
select d.place as organisation_id, d.session_hash
  from staff p, lateral (select v.id, v.session_hash,
                                coalesce(case when v.organisation_id is not null then
                                    (select o.id from auth.organisation o
                                      where o.id = v.organisation_id
                                        and (p.role <> 'user' or exists (select from auth.member m
                                              where m.person_id = p.id and m.organisation_id = o.id)))
                                    end, p.home) as place
                           from auth.device v
                          where v.person_id = p.id and v.kind = 'session' and v.ended_at is null
                            and v.seen_at > now() - interval '26 hours' offset 0) d
 where d.place = any(:organisations)
 order by d.id desc limit 10000;

-- name: proved :maybe
-- in: session_hash text, login bigint
-- Of a browser's session, or of a login of the API.
select proved_at > now() - interval '15 minutes' as is_recent from auth.device
 where (session_hash = :session_hash or id = :login) and ended_at is null;

-- name: renew_device :exec
-- in: session_hash text, new_hash text
-- The same login under another cookie, and proved just now.
update auth.device set session_hash = :new_hash, proved_at = now(), seen_at = now()
 where session_hash = :session_hash and ended_at is null;

-- name: end_devices :many
-- in: person bigint, but text
-- All logins of a person but one (its session_hash, or "").
update auth.device set ended_at = now()
 where person_id = :person and ended_at is null and session_hash <> :but
returning session_hash;

-- name: end_one_device :many
-- in: person bigint, id bigint
update auth.device set ended_at = now()
 where person_id = :person and id = :id and ended_at is null
returning session_hash;

-- name: ranks :many
-- in: one bigint, other bigint
-- Both held, always in this order: of two who close each other's account one comes too late.
select id, role, blocked_at is not null as is_blocked from auth.person
 where id in (:one, :other) and erased_at is null order by id for no key update;

-- name: set_blocked :exec
-- in: person bigint, reason text
update auth.person set blocked_at = now(), blocked_reason = :reason
 where id = :person and blocked_at is null;

-- name: end_blocked :exec
-- in: person bigint
update auth.person set blocked_at = null, blocked_reason = ''
 where id = :person and blocked_at is not null;

-- name: customer :maybe
-- in: person bigint, email text
-- By number or address: somebody who works nowhere, not for the house either.
select p.id, p.name, p.email from auth.person p
 where (p.id = :person or p.email = :email) and p.role = 'user'
   and not exists (select from auth.member m where m.person_id = p.id)
 limit 1;

-- name: view_as :exec
-- in: session_hash text, person bigint?, minutes bigint
update auth.device
   set view_as = :person, view_as_until = now() + :minutes * interval '1 minute'
 where session_hash = :session_hash;

-- name: all_devices :many
-- in: person bigint
select user_agent, network, country, kind, created_at, seen_at, ended_at
  from auth.device where person_id = :person order by id desc limit 1000;

-- name: erase_ways_in :exec
-- in: person bigint
with totp as (delete from auth.totp where person_id = :person),
     recovery as (delete from auth.recovery where person_id = :person),
     passkey as (delete from auth.passkey where person_id = :person),
     pending as (delete from auth.pending where person_id = :person),
     refresh as (delete from auth.refresh where person_id = :person),
     phone as (delete from auth.phone where person_id = :person)
delete from auth.identity where person_id = :person;

-- name: erase_devices :exec
-- in: person bigint
-- They are ended a moment later, one by one; nothing can log in by them again.
update auth.device set user_agent = '', browser_hash = '', network = '', country = ''
 where person_id = :person;

-- name: erase_person :exec
-- in: person bigint
update auth.person
   set email = 'erased-' || id || '@invalid', name = '', phone = '', sealed = '', password_hash = '',
       verified_at = null, erased_at = now(), epoch = epoch + 1
 where id = :person;
