-- Logins of programs: refresh tokens, and an organisation's keys.

-- name: begin_refresh :maybe
-- in: person bigint, epoch bigint, name text, user_agent text, browser_hash text, network text
-- in: country text, hash text, at timestamptz, until timestamptz
-- A login of the API: its device row, and the first refresh token of the family. What it gives is
-- that of query add_device.
with open as (
    select id, lang, blocked_at is not null as is_blocked from auth.person
     where id = :person and epoch = :epoch for share),
device as (
    insert into auth.device (person_id, session_hash, user_agent, browser_hash, network, country,
                             kind, created_at, seen_at)
    select id, :name, :user_agent, :browser_hash, :network, :country, 'token', :at, :at
      from open where not is_blocked returning id),
token as (
    insert into auth.refresh (hash, device_id, person_id, until)
    select :hash, id, :person, :until from device)
select coalesce(device.id, 0) as id, before.is_second, before.is_known, open.lang
  from open cross join auth.seen_before(:person, :browser_hash, :user_agent, :network) before
  left join device on true;

-- name: use_refresh :maybe
-- in: hash text, next text, at timestamptz, until timestamptz
-- Good once: of many at a time the first has the row's lock, the others then find it used. A
-- login ends when a browser's does, however often it is renewed.
with used as (
    update auth.refresh r set used_at = :at
      from auth.device d join auth.person p on p.id = d.person_id
     where r.hash = :hash and r.used_at is null and r.until > :at
       and d.id = r.device_id and d.ended_at is null
       and d.created_at > :at - (now() - auth.oldest_login(p))
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

-- name: end_token_device :maybe
-- in: device bigint
update auth.device set ended_at = now()
 where id = :device and kind = 'token' and ended_at is null
returning person_id;

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
       coalesce(k.used_networks[1], '') as used_from, coalesce(k.used_programs[1], '') as used_with,
       k.used_country,
       coalesce(p.name, '') as made_by,
       k.revoked_at is null and (k.until is null or k.until > :at) as is_good
  from auth.api_key k left join auth.person p on p.id = k.person_id
 where k.organisation_id = :organisation
 order by is_good desc, k.id desc limit 200;

-- name: key_revoke :exec
-- in: organisation bigint, key bigint, person bigint
update auth.api_key
   set revoked_at = now(), revoked_by = :person, used_networks = '{}', used_programs = '{}',
       used_country = ''
 where id = :key and organisation_id = :organisation and revoked_at is null;

-- name: key_by_prefix :maybe
-- in: prefix text, at timestamptz, network text, program text
-- For whoever shows a key: the only query that knows its hash, and who stands behind it, as in
-- query place of auth, but in the key's organisation. Its use is noted once a minute, and by a
-- minute of its own what comes from elsewhere: however busy the key is where it belongs.
select k.id, k.hash, k.scopes, k.person_id, k.organisation_id, k.name as key_name,
       case when k.used_networks <> '{}'
                 and (:network <> all (k.used_networks) or :program <> all (k.used_programs))
            then k.elsewhere_at is null or k.elsewhere_at < :at - interval '1 minute'
            else k.used_at is null or k.used_at < :at - interval '1 minute'
                 or k.used_networks = '{}' end as is_stale,
       p.email, p.name, p.role, coalesce(m.place, '') as place,
       coalesce(array_to_string(r.permissions, ' '), '') as own
  from auth.api_key k
  join auth.person p on p.id = k.person_id
  left join auth.member m on m.organisation_id = k.organisation_id and m.person_id = k.person_id
  left join auth.role r on r.id = m.role_id
 where k.prefix = :prefix and k.revoked_at is null and (k.until is null or k.until > :at)
   and (m.person_id is not null or p.role <> 'user') and p.blocked_at is null;

-- name: key_touch :maybe
-- in: key bigint, at timestamptz, network text, country text, program text
-- Whoever comes at the same moment waits for the row, and then comes from where it is known; or from
-- yet elsewhere in the same minute, of which nothing is noted: it stays unknown. is_due: its
-- organisation has been told nothing of it for an hour.
with before as (
    select id, used_networks, used_programs, used_networks <> '{}'
               and (:network <> all (used_networks) or :program <> all (used_programs)) as is_elsewhere,
           elsewhere_at is null or elsewhere_at < :at - interval '1 minute' as is_news,
           told_at is null or told_at < :at - interval '1 hour' as is_due
      from auth.api_key where id = :key and revoked_at is null for update
)
update auth.api_key k
   set used_at = :at,
       used_networks = (:network || array_remove(b.used_networks, :network))[1:16],
       used_programs = (:program || array_remove(b.used_programs, :program))[1:16],
       used_country = :country,
       elsewhere_at = case when b.is_elsewhere then :at else k.elsewhere_at end,
       told_at = case when b.is_elsewhere and b.is_due then :at else k.told_at end
  from before b where k.id = b.id and (b.is_news or not b.is_elsewhere)
returning b.is_elsewhere, b.is_due;

-- name: erase_keys :exec
-- in: person bigint
-- Where the keys were used from that they made.
update auth.api_key set used_networks = '{}', used_programs = '{}', used_country = ''
 where person_id = :person and (used_networks <> '{}' or used_programs <> '{}');

-- name: forget_keys :exec
-- in: before timestamptz
-- The same of those that are over, or whose maker is forgotten, some at a time.
update auth.api_key set used_networks = '{}', used_programs = '{}', used_country = ''
 where id in (select k.id from auth.api_key k join auth.person p on p.id = k.person_id
               where (k.until < :before or k.revoked_at is not null or p.erased_at is not null)
                 and (k.used_networks <> '{}' or k.used_programs <> '{}')
               order by k.id limit 10000);

-- name: key_of_mail :maybe
-- in: key bigint
select k.name, k.prefix, o.name as organisation
  from auth.api_key k join auth.organisation o on o.id = k.organisation_id where k.id = :key;
