-- What is shown besides the password: an app, a telephone, recovery codes, passkeys; logins that
-- have shown the password and wait for it.

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
-- What was added since: all of it, or with a kind that one alone. How many they were; whom they
-- asked to join is uninvited with all of it, and not counted.
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
asked as (
    update auth.invitation set outcome = 'withdrawn'
     where invited_by = :person and created_at >= :since and outcome = 'open' and :kind = ''),
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
-- in: person bigint, credential text, public_key bytea, sign_count bigint, is_synced bool, name text, handle text
insert into auth.passkey (person_id, credential, public_key, sign_count, is_synced, name, handle)
values (:person, :credential, :public_key, :sign_count, :is_synced, :name, :handle);

-- name: name_passkey :exec
-- in: id bigint, person bigint, name text
update auth.passkey set name = :name where id = :id and person_id = :person;

-- name: end_passkey :exec
-- in: id bigint, person bigint
delete from auth.passkey where id = :id and person_id = :person;

-- name: passkey :maybe
-- in: credential text
-- Before anyone is known: whose it is.
select k.id, k.person_id, k.public_key, k.sign_count, k.handle, p.email, p.name, p.epoch,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.passkey k join auth.person p on p.id = k.person_id
 where k.credential = :credential;

-- name: use_passkey :exec
-- in: id bigint, sign_count bigint, synced bool, handle text
-- Nothing changes where the count did not grow. Who does not count says 0 for ever.
update auth.passkey set sign_count = :sign_count, is_synced = :synced, used_at = now(),
       handle = coalesce(handle, nullif(:handle, ''))
 where id = :id and (sign_count < :sign_count or (sign_count = 0 and :sign_count = 0));

-- name: suspect_passkey :exec
-- in: id bigint
update auth.passkey set suspect_at = now() where id = :id;

-- name: use_challenge :exec
-- in: challenge_hash text
insert into auth.used_challenge (challenge_hash) values (:challenge_hash) on conflict do nothing;

-- name: add_pending :exec
-- in: token_hash text, person bigint, epoch bigint, next text, of_mail bool
-- Nothing when there is another password since, or just now.
insert into auth.pending (token_hash, person_id, next, is_of_mail)
select :token_hash, id, :next, :of_mail from auth.person
 where id = :person and epoch = :epoch for share;

-- name: pending :maybe
-- in: token_hash text
select w.person_id, w.next, p.email, p.name, p.epoch, p.lang, p.role,
       w.is_of_mail, p.mailed_at is not null as is_mailed,
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
-- One wins. Whoever chose the password by mail has shown something else by now, where it was the
-- password that they came with.
with done as (
    delete from auth.pending where token_hash = :token_hash returning person_id, is_of_mail),
shown as (
    update auth.person p set mailed_at = null from done
     where p.id = done.person_id and p.mailed_at is not null and not done.is_of_mail)
select person_id from done;

-- name: forget_pending :exec
delete from auth.pending where created_at < now() - interval '1 hour';

-- name: forget_challenges :exec
delete from auth.used_challenge where used_at < now() - interval '1 hour';
