-- auth: persons, organisations, members, devices.

-- name: by_email :maybe
-- in: email text
-- For logging in; the only query that knows a password's hash.
select id, email, name, password_hash, lang,
       role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.person p where email = :email;

-- name: person :one
-- in: person bigint
select id, email, name, lang, phone, sealed, role, created_at, verified_at is not null as is_verified
  from auth.person where id = :person;

-- name: password_of :one
-- in: person bigint
select email, name, password_hash from auth.person where id = :person;

-- name: admins :many
select id, email, lang from auth.person where role in ('admin', 'super_admin') order by id
 limit 20;

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
returning id, email, name;

-- name: set_password :exec
-- in: person bigint, password_hash text
update auth.person set password_hash = :password_hash, mailed_at = null where id = :person;

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
-- Gives the address it was before.
update auth.person p set email = :email, verified_at = now()
  from (select id, email from auth.person where id = :person for update) old
 where p.id = old.id and p.email <> :email
returning old.email as was;

-- name: set_profile :exec
-- in: person bigint, name text, lang text, sealed text
update auth.person set name = :name, lang = :lang, phone = '', sealed = :sealed where id = :person;

-- name: sealed_person :many
-- in: after bigint, most bigint
select id, sealed from auth.person where id > :after and sealed <> '' order by id limit :most;

-- name: reseal_person :exec
-- in: id bigint, sealed text, before text
update auth.person set sealed = :sealed where id = :id and sealed = :before;

-- name: plain_person :many
-- in: after bigint, most bigint
select id, phone from auth.person where id > :after and phone <> '' order by id limit :most;

-- name: hide_person :exec
-- in: id bigint, sealed text, phone text
update auth.person set phone = '', sealed = :sealed where id = :id and phone = :phone;

-- name: count_plain_person :one
select count(*) as n from auth.person where phone <> '';

-- name: save_person :one
-- in: email text, name text, password_hash text, role text
-- Whoever runs the shop vouches for the address.
insert into auth.person as p (email, name, password_hash, role, verified_at)
values (:email, :name, :password_hash, :role, now())
on conflict (email) do update
    set name = excluded.name, password_hash = excluded.password_hash, role = excluded.role
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
       coalesce(case when d.view_as_until > now() then d.view_as end, 0) as view_as,
       coalesce(array_to_string(w.second_factor, ' '), '') as asks_factor
  from auth.person p
  left join auth.device d on d.session_hash = :session_hash and d.person_id = p.id
  left join lateral (
      select a.organisation_id, a.place, a.role_id from (
          select organisation_id, place, role_id, created_at, 1 as rank
            from auth.member where person_id = p.id
          union all
          select o.id, '', null, o.created_at, 2 from auth.organisation o
           where o.id = d.organisation_id and p.role <> 'user') a
       order by (a.organisation_id = d.organisation_id) desc nulls last, a.rank, a.created_at
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
       array_to_string(o.second_factor, ' ') as asks_factor
  from auth.person p
  join auth.organisation o on o.slug = :slug
  left join auth.member m on m.person_id = p.id and m.organisation_id = o.id
  left join auth.role r on r.id = m.role_id
 where p.id = :person and p.blocked_at is null and (m.person_id is not null or p.role <> 'user');

-- name: add_device :maybe
-- in: person bigint, session_hash text, user_agent text, browser_hash text, network text
-- Whether this person has been seen before, and on this browser, or one like it from there.
-- Nothing for an account that is blocked, or is being blocked just now.
with open as (
    select id from auth.person where id = :person and blocked_at is null for share),
before as (
    select count(*) as n,
           coalesce(bool_or((browser_hash = :browser_hash and browser_hash <> '')
                            or (user_agent = :user_agent and network = :network)), false) as known
      from auth.device where person_id = :person and kind = 'session')
insert into auth.device (person_id, session_hash, user_agent, browser_hash, network)
select id, :session_hash, :user_agent, :browser_hash, :network from open
returning id, (select n from before) > 0 as is_second, (select known from before) as is_known;

-- name: device_of_mail :maybe
-- in: id bigint
select user_agent, network, created_at from auth.device where id = :id;

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
   and d.seen_at > now() - interval '24 hours';

-- name: touch_device :exec
-- in: session_hash text
-- Not when it has ended meanwhile.
update auth.device set seen_at = now() where session_hash = :session_hash and ended_at is null;

-- name: end_device :exec
-- in: session_hash text
update auth.device set ended_at = now() where session_hash = :session_hash and ended_at is null;

-- name: devices :many
-- in: person bigint, session_hash text
select id, user_agent, network, kind, created_at, seen_at, session_hash = :session_hash as is_this
  from auth.device
 where person_id = :person and ended_at is null
   and seen_at > now() - case kind when 'token' then interval '30 days' else interval '24 hours' end
 order by seen_at desc limit 20;

-- name: begin_refresh :maybe
-- in: person bigint, name text, user_agent text, hash text, at timestamptz, until timestamptz
-- A login of the API: its device row, and the first refresh token of the family. Nothing for an
-- account that is blocked, or is being blocked just now.
with open as (
    select id from auth.person where id = :person and blocked_at is null for share),
device as (
    insert into auth.device (person_id, session_hash, user_agent, kind, created_at, seen_at)
    select id, :name, :user_agent, 'token', :at, :at from open returning id)
insert into auth.refresh (hash, device_id, person_id, until)
select :hash, id, :person, :until from device
returning device_id as device;

-- name: use_refresh :maybe
-- in: hash text, next text, at timestamptz, until timestamptz
-- Good once: of many at a time the first has the row's lock, the others then find it used. A
-- login lasts a year at most, however often it is renewed.
with used as (
    update auth.refresh r set used_at = :at
      from auth.device d
     where r.hash = :hash and r.used_at is null and r.until > :at
       and d.id = r.device_id and d.ended_at is null and d.created_at > :at - interval '1 year'
    returning r.device_id, r.person_id),
next as (
    insert into auth.refresh (hash, device_id, person_id, until)
    select :next, device_id, person_id, :until from used),
seen as (
    update auth.device d set seen_at = :at from used where d.id = used.device_id)
select device_id as device, person_id as person from used;

-- name: used_refresh :maybe
-- in: hash text, since timestamptz
-- Why it was not good: it had been used before. Just now is a race, earlier is a theft.
select r.device_id as device, r.used_at > :since as just_now
  from auth.refresh r join auth.device d on d.id = r.device_id
 where r.hash = :hash and r.used_at is not null and d.ended_at is null;

-- name: refresh_device :maybe
-- in: hash text
select device_id as device from auth.refresh where hash = :hash;

-- name: end_token_device :exec
-- in: device bigint
update auth.device set ended_at = now()
 where id = :device and kind = 'token' and ended_at is null;

-- name: live_device :maybe
-- in: device bigint, person bigint
-- Whether the login that an access token was given at still stands.
select id from auth.device
 where id = :device and person_id = :person and kind = 'token' and ended_at is null;

-- name: forget_refresh :exec
-- in: before timestamptz
delete from auth.refresh where until < :before;

-- name: key_add :maybe
-- in: organisation bigint, person bigint, name text, prefix text, hash text, scopes text[], until timestamptz?
insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes, until)
values (:organisation, :person, :name, :prefix, :hash, :scopes, :until)
returning id;

-- name: key_of_organisation :many
-- in: organisation bigint, at timestamptz
-- Those that are good, newest first, then those that are over.
select k.id, k.name, k.prefix, k.scopes, k.created_at, k.until, k.used_at, k.revoked_at,
       coalesce(p.name, '') as made_by,
       k.revoked_at is null and (k.until is null or k.until > :at) as is_good
  from auth.api_key k left join auth.person p on p.id = k.person_id
 where k.organisation_id = :organisation
 order by is_good desc, k.id desc limit 200;

-- name: key_revoke :exec
-- in: organisation bigint, key bigint, person bigint
update auth.api_key set revoked_at = now(), revoked_by = :person
 where id = :key and organisation_id = :organisation and revoked_at is null;

-- name: key_by_prefix :maybe
-- in: prefix text, at timestamptz
-- For whoever shows a key: the only query that knows its hash, and who stands behind it, as in
-- query place of auth, but in the key's organisation.
select k.id, k.hash, k.scopes, k.person_id, k.organisation_id, k.name as key_name,
       k.used_at is null or k.used_at < :at - interval '1 minute' as is_stale,
       p.email, p.name, p.role, coalesce(m.place, '') as place,
       coalesce(array_to_string(r.permissions, ' '), '') as own
  from auth.api_key k
  join auth.person p on p.id = k.person_id
  left join auth.member m on m.organisation_id = k.organisation_id and m.person_id = k.person_id
  left join auth.role r on r.id = m.role_id
 where k.prefix = :prefix and k.revoked_at is null and (k.until is null or k.until > :at)
   and (m.person_id is not null or p.role <> 'user') and p.blocked_at is null;

-- name: key_touch :exec
-- in: key bigint, at timestamptz
update auth.api_key set used_at = :at where id = :key;

-- name: oidc_begin :exec
-- in: state_hash text, browser_hash text, provider text, nonce text, verifier text, next text, lang text, person bigint?, until timestamptz
insert into auth.login_try (state_hash, browser_hash, provider, nonce, verifier, next, lang, person_id, until)
values (:state_hash, :browser_hash, :provider, :nonce, :verifier, :next, :lang, :person, :until);

-- name: oidc_take :maybe
-- in: state_hash text, browser_hash text, provider text, at timestamptz
-- Once, and only in the browser it began in.
delete from auth.login_try
 where state_hash = :state_hash and browser_hash = :browser_hash and provider = :provider
   and until > :at
returning nonce, verifier, next, lang, coalesce(person_id, 0) as person_id;

-- name: oidc_forget :exec
-- in: before timestamptz
delete from auth.login_try where until < :before;

-- name: oidc_use :maybe
-- in: issuer text, subject text, email text, at timestamptz
-- Whose login this is.
update auth.identity i set used_at = :at, email = :email
  from auth.person p
 where i.issuer = :issuer and i.subject = :subject and p.id = i.person_id
returning p.id, p.email, p.name,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff;

-- name: oidc_person :maybe
-- in: email text, name text, lang text
-- An account of somebody whose address the provider has verified; it has no password. Nothing
-- when there is one already.
insert into auth.person (email, name, password_hash, lang, verified_at)
values (:email, :name, '', :lang, now())
on conflict (email) do nothing
returning id;

-- name: oidc_connect :maybe
-- in: person bigint, provider text, issuer text, subject text, email text
-- Nothing when it is connected, to this account or another.
insert into auth.identity (person_id, provider, issuer, subject, email)
values (:person, :provider, :issuer, :subject, :email)
on conflict (issuer, subject) do nothing
returning id;

-- name: oidc_connected :many
-- in: person bigint
select id, provider, email, created_at, used_at from auth.identity
 where person_id = :person order by id limit 20;

-- name: lock_person :exec
-- in: person bigint
-- Until the transaction ends nobody else has this.
select from auth.person where id = :person for no key update;

-- name: oidc_disconnect :exec
-- in: person bigint, id bigint
-- Not the last way in: a password must be there, or another login.
delete from auth.identity i
 where i.id = :id and i.person_id = :person
   and (exists (select from auth.person p where p.id = :person and p.password_hash <> '')
        or exists (select from auth.identity o where o.person_id = :person and o.id <> :id));

-- name: lines_of_person :many
-- in: person bigint
-- Sessions that may have a page open: a day of idleness, and what the row lags behind Redis.
select session_hash from auth.device
 where person_id = :person and kind = 'session' and ended_at is null
   and seen_at > now() - interval '26 hours'
 order by id desc limit 500;

-- name: lines_of_staff :many
-- in: organisation bigint
-- The same for whoever works here on that device (query place).
select d.session_hash
  from auth.device d join auth.person p on p.id = d.person_id
 where (p.role <> 'user' or p.id in (select m.person_id from auth.member m
                                      where m.organisation_id = :organisation))
   and d.kind = 'session' and d.ended_at is null and d.seen_at > now() - interval '26 hours'
   and :organisation = coalesce(
           (select o.id from auth.organisation o
             where o.id = d.organisation_id
               and (p.role <> 'user' or exists (select from auth.member m
                     where m.person_id = p.id and m.organisation_id = o.id))),
           (select m.organisation_id from auth.member m
             where m.person_id = p.id order by m.created_at limit 1))
 order by d.id desc limit 2000;

-- name: factors :one
-- in: person bigint
select exists (select from auth.totp where person_id = :person) as has_app,
       exists (select from auth.phone where person_id = :person and is_factor) as has_sms,
       (select count(*) from auth.passkey where person_id = :person) as passkeys,
       (select count(*) from auth.recovery
         where person_id = :person and used_at is null) as codes_left;

-- name: totp :maybe
-- in: person bigint
select secret, last_step from auth.totp where person_id = :person;

-- name: save_totp :exec
-- in: person bigint, secret text, step bigint
insert into auth.totp (person_id, secret, last_step) values (:person, :secret, :step)
on conflict (person_id) do update
    set secret = excluded.secret, last_step = excluded.last_step, created_at = now();

-- name: sealed_totp :many
-- in: after bigint, most bigint
select person_id as id, person_id as owner, secret as sealed from auth.totp
 where person_id > :after order by person_id limit :most;

-- name: reseal_totp :exec
-- in: person bigint, sealed text, before text
update auth.totp set secret = :sealed where person_id = :person and secret = :before;

-- name: young_ways :many
-- in: person bigint
-- What else than the password opens this account, and was added within the last week.
select w.kind, w.id, w.name, w.created_at from (
    select 'app' as kind, person_id as id, '' as name, created_at from auth.totp
     where person_id = :person
    union all
    select 'passkey', id, name, created_at from auth.passkey where person_id = :person
    union all
    select 'phone', person_id, '', created_at from auth.phone where person_id = :person
    union all
    select 'codes', person_id, '', max(created_at) from auth.recovery
     where person_id = :person and used_at is null group by person_id
    union all
    select 'login', id, email, created_at from auth.identity where person_id = :person
    union all
    select 'key', id, name, created_at from auth.api_key
     where person_id = :person and revoked_at is null and (until is null or until > now())) w
 where w.created_at >= now() - interval '7 days'
 order by w.created_at desc, w.kind limit 100;

-- name: old_factors :one
-- in: person bigint
-- The second factors that are older than those.
select exists (select from auth.totp where person_id = :person
                and created_at < now() - interval '7 days') as app,
       exists (select from auth.recovery where person_id = :person and used_at is null
                and created_at < now() - interval '7 days') as codes,
       exists (select from auth.passkey where person_id = :person
                and created_at < now() - interval '7 days')
           or exists (select from auth.phone where person_id = :person and is_factor
                       and created_at < now() - interval '7 days') as others;

-- name: end_ways :one
-- in: person bigint, since timestamptz, kind text, id bigint
-- What was added since: all of it, or with a kind that one alone. How many they were.
with app as (
    delete from auth.totp where person_id = :person and created_at >= :since
       and :kind in ('', 'app') returning 1),
phone as (
    delete from auth.phone where person_id = :person and created_at >= :since
       and :kind in ('', 'phone') returning 1),
codes as (
    delete from auth.recovery where person_id = :person and created_at >= :since
       and :kind in ('', 'codes') returning 1),
passkey as (
    delete from auth.passkey where person_id = :person and created_at >= :since
       and (:kind = '' or (:kind = 'passkey' and id = :id)) returning 1),
login as (
    delete from auth.identity where person_id = :person and created_at >= :since
       and (:kind = '' or (:kind = 'login' and id = :id)) returning 1),
key as (
    update auth.api_key set revoked_at = now(), revoked_by = :person
     where person_id = :person and created_at >= :since and revoked_at is null
       and (:kind = '' or (:kind = 'key' and id = :id)) returning 1)
select (select count(*) from app) + (select count(*) from phone) + (select count(*) from codes) + (select count(*) from passkey)
     + (select count(*) from login) + (select count(*) from key) as n;

-- name: end_recovery_alone :exec
-- in: person bigint
-- Without any factor there is nothing to recover from.
delete from auth.recovery where person_id = :person
   and not exists (select from auth.totp where person_id = :person)
   and not exists (select from auth.passkey where person_id = :person)
   and not exists (select from auth.phone where person_id = :person and is_factor);

-- name: use_step :exec
-- in: person bigint, step bigint
-- One wins, however many show the same code at once.
update auth.totp set last_step = :step where person_id = :person and last_step < :step;

-- name: phone :maybe
-- in: person bigint
select number, tail, country, is_factor, created_at from auth.phone where person_id = :person;

-- name: save_phone :exec
-- in: person bigint, number text, tail text, country text
-- Another number takes the place of the one there is, and of what it is used for.
insert into auth.phone (person_id, number, tail, country)
values (:person, :number, :tail, :country)
on conflict (person_id) do update
    set number = excluded.number, tail = excluded.tail, country = excluded.country,
        created_at = now();

-- name: use_phone :exec
-- in: person bigint, is_on bool
update auth.phone set is_factor = :is_on where person_id = :person and is_factor <> :is_on;

-- name: end_phone :exec
-- in: person bigint
delete from auth.phone where person_id = :person;

-- name: sealed_phone :many
-- in: after bigint, most bigint
select person_id as id, person_id as owner, number as sealed from auth.phone
 where person_id > :after order by person_id limit :most;

-- name: reseal_phone :exec
-- in: person bigint, sealed text, before text
update auth.phone set number = :sealed where person_id = :person and number = :before;

-- name: sms_code :maybe
-- in: id bigint
-- To be sent by text message: while there is time to type it.
select c.nonce, coalesce(nullif(c.data ->> 'number', ''), p.number) as number
  from auth.code c left join auth.phone p on p.person_id = c.person_id
 where c.id = :id and c.ended_at is null and c.code_until > now() + interval '1 minute'
   and coalesce(nullif(c.data ->> 'number', ''), p.number) is not null;

-- name: waiting_phone :maybe
-- in: person bigint
select c.data ->> 'tail' as tail from auth.code c
 where c.purpose = 'confirm-phone' and c.person_id = :person and c.ended_at is null
   and c.code_until > now() and c.tries < 5
 order by c.id desc limit 1;

-- name: end_totp :exec
-- in: person bigint
delete from auth.totp where person_id = :person;

-- name: recovery :maybe
-- in: person bigint, mark text
select id, code_hash from auth.recovery
 where person_id = :person and mark = :mark and used_at is null;

-- name: use_recovery :exec
-- in: id bigint
update auth.recovery set used_at = now() where id = :id and used_at is null;

-- name: end_recovery :exec
-- in: person bigint
delete from auth.recovery where person_id = :person;

-- name: add_recovery :exec
-- in: person bigint, mark text, code_hash text
insert into auth.recovery (person_id, mark, code_hash) values (:person, :mark, :code_hash);

-- name: passkeys :many
-- in: person bigint
select id, credential, name, is_synced, created_at, used_at, suspect_at from auth.passkey
 where person_id = :person order by id limit 20;

-- name: add_passkey :exec
-- in: person bigint, credential text, public_key bytea, sign_count bigint, is_synced bool, name text
insert into auth.passkey (person_id, credential, public_key, sign_count, is_synced, name)
values (:person, :credential, :public_key, :sign_count, :is_synced, :name);

-- name: name_passkey :exec
-- in: id bigint, person bigint, name text
update auth.passkey set name = :name where id = :id and person_id = :person;

-- name: end_passkey :exec
-- in: id bigint, person bigint
delete from auth.passkey where id = :id and person_id = :person;

-- name: passkey :maybe
-- in: credential text
-- Before anyone is known: whose it is.
select k.id, k.person_id, k.public_key, k.sign_count, p.email, p.name,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.passkey k join auth.person p on p.id = k.person_id
 where k.credential = :credential;

-- name: use_passkey :exec
-- in: id bigint, sign_count bigint, synced bool
-- Nothing changes where the count did not grow. Who does not count says 0 for ever.
update auth.passkey set sign_count = :sign_count, is_synced = :synced, used_at = now()
 where id = :id and (sign_count < :sign_count or (sign_count = 0 and :sign_count = 0));

-- name: suspect_passkey :exec
-- in: id bigint
update auth.passkey set suspect_at = now() where id = :id;

-- name: use_challenge :exec
-- in: challenge_hash text
insert into auth.used_challenge (challenge_hash) values (:challenge_hash) on conflict do nothing;

-- name: add_pending :exec
-- in: token_hash text, person bigint, next text, of_mail bool
insert into auth.pending (token_hash, person_id, next, is_of_mail)
values (:token_hash, :person, :next, :of_mail);

-- name: pending :maybe
-- in: token_hash text
select w.person_id, w.next, p.email, p.name, p.lang, p.role,
       w.is_of_mail, case when p.mailed_at > now() - interval '7 days'
                          then p.mailed_at + interval '7 days' end as mail_from,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.pending w join auth.person p on p.id = w.person_id
 where w.token_hash = :token_hash and w.tries < 5
   and w.created_at > now() - interval '10 minutes';

-- name: try_pending :exec
-- in: token_hash text
-- Takes one of its tries.
update auth.pending set tries = tries + 1
 where token_hash = :token_hash and tries < 5 and created_at > now() - interval '10 minutes';

-- name: end_pending :maybe
-- in: token_hash text
-- One wins. Whoever chose the password by mail has shown something else by now.
with done as (delete from auth.pending where token_hash = :token_hash returning person_id),
shown as (
    update auth.person p set mailed_at = null from done
     where p.id = done.person_id and p.mailed_at is not null)
select person_id from done;

-- name: forget_pending :exec
delete from auth.pending where created_at < now() - interval '1 hour';

-- name: forget_challenges :exec
delete from auth.used_challenge where used_at < now() - interval '1 hour';

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

-- name: organisation :one
-- in: organisation bigint
select id, slug, name, zone, country, currency, tax_inclusive, rounding
  from auth.organisation where id = :organisation;

-- name: organisation_by_slug :one
-- in: slug text
select id, slug, name, zone, country, currency, tax_inclusive, rounding
  from auth.organisation where slug = :slug;

-- name: save_organisation :one
-- in: slug text, name text
insert into auth.organisation (slug, name) values (:slug, :name)
on conflict (slug) do update set name = excluded.name
returning id;

-- name: save_member :exec
-- in: organisation bigint, person bigint, place text
insert into auth.member (organisation_id, person_id, place)
values (:organisation, :person, :place)
on conflict (organisation_id, person_id) do update set place = excluded.place;

-- name: add_code :one
-- in: purpose text, person bigint?, address text, about bigint, data jsonb, lang text
-- in: nonce text, link_hash text, code_s bigint, link_s bigint
-- The new one's id, 0 when enough were sent.
select coalesce(auth.add_code(:purpose, :person, :address, :about, :data, :lang, :nonce,
                              :link_hash, :code_s, :link_s), 0) as id;

-- name: code_to_send :maybe
-- in: id bigint
select id, purpose, coalesce(person_id, 0) as person_id, address, about, data, lang, nonce
  from auth.code where id = :id and ended_at is null;

-- name: code_for :exec
-- in: id bigint, person bigint
-- It was asked for by an address; this is whose it is.
update auth.code set person_id = :person where id = :id and ended_at is null;

-- name: void_code :exec
-- in: id bigint
update auth.code set ended_at = now(), nonce = '', data = '{}'
 where id = :id and ended_at is null;

-- name: try_code :maybe
-- in: purpose text, person bigint, address text
-- Takes one of its five tries. By the person where there is one, else by the address.
update auth.code set tries = tries + 1
 where id = (select id from auth.code
              where purpose = :purpose and ended_at is null
                and (person_id = :person or (:person = 0 and address = :address))
              order by id desc limit 1)
   and ended_at is null and tries < 5 and code_until > now()
returning id, coalesce(person_id, 0) as person_id, address, about, data, lang, nonce;

-- name: code_of_link :maybe
-- in: purpose text, link_hash text
select id, coalesce(person_id, 0) as person_id, address, about, data, lang, created_at
  from auth.code
 where link_hash = :link_hash and purpose = :purpose and ended_at is null and link_until > now();

-- name: waiting_code :maybe
-- in: purpose text, address text
-- Asked for within a day and not used: another may be sent about the same.
select coalesce(person_id, 0) as person_id, data
  from auth.code
 where purpose = :purpose and address = :address and ended_at is null and link_until > now()
 order by id desc limit 1;

-- name: use_code :exec
-- in: id bigint
-- One wins, however many try at once.
update auth.code set used_at = now(), ended_at = now(), nonce = '', data = '{}'
 where id = :id and ended_at is null;

-- name: end_codes :exec
-- in: person bigint, undo bigint
-- What could lead into an account whose way in has changed, wherever it was sent; of the ways
-- back to an address, those that are younger than `undo`. Logins that had shown the password of
-- before, and who was on the way to connect another one.
with pending as (delete from auth.pending where person_id = :person),
     journey as (delete from auth.login_try where person_id = :person)
update auth.code set ended_at = now(), nonce = '', data = '{}'
 where person_id = :person and ended_at is null
   and (purpose in ('reset-password', 'change-email', 'login-otp', 'login-sms', 'confirm-phone')
        or (purpose = 'undo-email' and id > :undo));

-- name: forget_codes :exec
delete from auth.code where created_at < now() - interval '8 days';

-- name: members :many
-- in: organisation bigint
select m.person_id, t.name, t.email, m.place, coalesce(m.role_id, 0) as role_id,
       coalesce(r.name, '') as role_name,
       coalesce(array_to_string(r.permissions, ' '), '') as own, m.created_at
  from auth.member m
  join auth.team(:organisation) t on t.person_id = m.person_id
  left join auth.role r on r.id = m.role_id
 where m.organisation_id = :organisation
 order by m.created_at, m.person_id limit 500;

-- name: member :maybe
-- in: organisation bigint, person bigint
-- Nobody else changes this row until the transaction ends.
select m.person_id, m.place,
       coalesce((select array_to_string(r.permissions, ' ') from auth.role r
                  where r.id = m.role_id), '') as own
  from auth.member m
 where m.organisation_id = :organisation and m.person_id = :person
   for update;

-- name: set_member :exec
-- in: organisation bigint, person bigint, place text, role bigint?
update auth.member set place = :place, role_id = :role
 where organisation_id = :organisation and person_id = :person;

-- name: join :exec
-- in: organisation bigint, person bigint, place text, role bigint?
-- Who is a member already stays what they are.
insert into auth.member (organisation_id, person_id, place, role_id)
values (:organisation, :person, :place, :role)
on conflict (organisation_id, person_id) do nothing;

-- name: drop_member :exec
-- in: organisation bigint, person bigint
delete from auth.member where organisation_id = :organisation and person_id = :person;

-- name: roles :many
-- in: organisation bigint
select r.id, r.name, array_to_string(r.permissions, ' ') as own,
       (select count(*) from auth.member m where m.role_id = r.id) as members
  from auth.role r where r.organisation_id = :organisation order by r.name limit 100;

-- name: role :maybe
-- in: organisation bigint, role bigint
select id, name, array_to_string(permissions, ' ') as own
  from auth.role where organisation_id = :organisation and id = :role;

-- name: add_role :maybe
-- in: organisation bigint, name text, permissions text[]
insert into auth.role (organisation_id, name, permissions)
values (:organisation, :name, :permissions)
on conflict (organisation_id, name) do nothing
returning id;

-- name: save_role :maybe
-- in: organisation bigint, role bigint, name text, permissions text[]
-- Nothing comes back when the name is another's.
update auth.role r set name = :name, permissions = :permissions
 where r.organisation_id = :organisation and r.id = :role
   and not exists (select from auth.role o
                    where o.organisation_id = :organisation and o.name = :name and o.id <> r.id)
returning r.id;

-- name: drop_role :exec
-- in: organisation bigint, role bigint
-- Not while somebody has it.
delete from auth.role r
 where r.organisation_id = :organisation and r.id = :role
   and not exists (select from auth.member m where m.role_id = r.id);

-- name: team_factors :many
-- in: organisation bigint
select person_id, has_factor from auth.team_factors(:organisation) limit 500;

-- name: asks_factor :one
-- in: organisation bigint
select array_to_string(second_factor, ' ') as asks from auth.organisation where id = :organisation;

-- name: ask_factor :exec
-- in: organisation bigint, places text[]
update auth.organisation set second_factor = :places where id = :organisation;

-- name: invitations :many
-- in: organisation bigint
select i.id, i.email, i.place, coalesce(r.name, '') as role_name, i.created_at, i.expires_at
  from auth.invitation i left join auth.role r on r.id = i.role_id
 where i.organisation_id = :organisation and i.outcome = 'open' and i.expires_at > now()
 order by i.id limit 200;

-- name: invite :one
-- in: organisation bigint, email text, place text, role bigint?, person bigint
-- Asking again says it anew.
insert into auth.invitation as i (organisation_id, email, place, role_id, invited_by, expires_at)
values (:organisation, :email, :place, :role, :person, now() + interval '7 days')
on conflict (organisation_id, email) where outcome = 'open' do update
    set place = excluded.place, role_id = excluded.role_id, invited_by = excluded.invited_by,
        created_at = now(), expires_at = excluded.expires_at
returning i.id;

-- name: invitation :maybe
-- in: id bigint
select i.id, i.organisation_id, i.email, i.place, coalesce(i.role_id, 0) as role_id,
       coalesce(r.name, '') as role_name, o.name as organisation, i.invited_by
  from auth.invitation i join auth.organisation o on o.id = i.organisation_id
  left join auth.role r on r.id = i.role_id
 where i.id = :id and i.outcome = 'open' and i.expires_at > now();

-- name: end_invitation :exec
-- in: organisation bigint, id bigint, outcome text
update auth.invitation set outcome = :outcome
 where organisation_id = :organisation and id = :id and outcome = 'open';

-- name: organisations_of :many
-- in: person bigint
select o.id, o.slug, o.name
  from auth.member m join auth.organisation o on o.id = m.organisation_id
 where m.person_id = :person order by m.created_at limit 100;

-- name: choose_organisation :exec
-- in: session_hash text, organisation bigint
update auth.device set organisation_id = :organisation where session_hash = :session_hash;

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

-- name: desks_of :many
-- in: person bigint
-- Where this person works, or has chosen to.
select m.organisation_id from auth.member m where m.person_id = :person
union
select d.organisation_id from auth.device d
 where d.person_id = :person and d.organisation_id is not null
 limit 200;

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
select user_agent, network, kind, created_at, seen_at, ended_at
  from auth.device where person_id = :person order by id desc limit 1000;

-- name: all_identities :many
-- in: person bigint
select provider, issuer, subject, email, created_at, used_at
  from auth.identity where person_id = :person order by id limit 100;

-- name: erase_codes :exec
-- in: person bigint
delete from auth.code
 where person_id = :person or address = (select email from auth.person where id = :person);

-- name: erase_invitations :exec
-- in: email text
delete from auth.invitation where email = :email;

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
update auth.device set user_agent = '', browser_hash = '', network = '' where person_id = :person;

-- name: erase_person :exec
-- in: person bigint
update auth.person
   set email = 'erased-' || id || '@invalid', name = '', phone = '', sealed = '', password_hash = '',
       verified_at = null, erased_at = now()
 where id = :person;
