-- Codes and links that are sent.

-- name: add_code :one
-- in: purpose text, person bigint?, address text, about bigint, data jsonb, lang text
-- in: nonce text, link_hash text, code_s bigint, link_s bigint
-- The new one's id, 0 when enough were sent.
select coalesce(auth.add_code(:purpose, :person, :address, :about, :data, :lang, :nonce,
                              :link_hash, :code_s, :link_s), 0) as id;

-- name: code_to_send :maybe
-- in: id bigint
-- Unless it is over. Of one with both, the code may have grown too old while its mail waited.
select id, purpose, coalesce(person_id, 0) as person_id, address, about, data, lang, nonce,
       code_until > now() as has_code
  from auth.code
 where id = :id and ended_at is null and greatest(code_until, link_until) > now();

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

-- name: all_ways :many
-- in: person bigint
-- Nothing of the secrets themselves.
select k.kind, k.name, k.created_at, k.used_at from (
    select 'passkey' as kind, name, created_at, used_at from auth.passkey where person_id = :person
    union all
    select 'app', '', created_at, null from auth.totp where person_id = :person) k
 order by k.created_at, k.kind desc, k.name limit 100;

-- name: all_memberships :many
-- in: person bigint
select o.name as organisation, m.place, m.created_at, m.mail_orders, m.mail_stock
  from auth.member m join auth.organisation o on o.id = m.organisation_id
 where m.person_id = :person order by m.created_at, m.organisation_id limit 1000;

-- name: erase_codes :exec
-- in: person bigint
delete from auth.code
 where person_id = :person or address = (select email from auth.person where id = :person);
