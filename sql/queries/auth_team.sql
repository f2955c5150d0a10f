-- Organisations: who is a member, as what, and who is invited.

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

-- name: add_house :one
-- in: slug text, name text, country text, currency text, zone text
-- Who comes second finds what the first has made.
insert into auth.organisation as o (slug, name, country, currency, zone)
values (:slug, :name, :country, :currency, :zone)
on conflict (slug) do update set slug = o.slug
returning id;

-- name: settings :one
-- in: organisation bigint
-- `seen`: changes with any of them.
select slug, name, country, currency, zone, tax_inclusive, rounding,
       md5(concat_ws(chr(31), name, country, currency, zone, tax_inclusive, rounding)) as seen
  from auth.organisation where id = :organisation;

-- name: save_settings :maybe
-- in: organisation bigint, name text, country text, currency text, zone text, tax_inclusive bool, rounding text, seen text
-- Nothing comes back where they are no longer as they were seen; seen empty: whatever they are.
update auth.organisation o
   set name = :name, country = :country, currency = :currency, zone = :zone,
       tax_inclusive = :tax_inclusive, rounding = :rounding
 where o.id = :organisation
   and (:seen = '' or :seen = md5(concat_ws(chr(31), o.name, o.country, o.currency, o.zone,
                                            o.tax_inclusive, o.rounding)))
returning o.id;

-- name: zones :many
-- The time zones that the database knows by a place's name: what its queries can cut days by.
select name from pg_catalog.pg_timezone_names
 where name = 'UTC'
    or name ~ '^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/'
 order by name limit 800;

-- name: save_member :exec
-- in: organisation bigint, person bigint, place text, mail_orders bool
insert into auth.member (organisation_id, person_id, place, mail_orders)
values (:organisation, :person, :place, :mail_orders)
on conflict (organisation_id, person_id) do update set place = excluded.place, role_id = null;

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

-- name: mails_of_member :maybe
-- in: organisation bigint, person bigint
-- What they want to hear of by mail, and by what they may hear of it.
select o.name as organisation, m.mail_orders, m.mail_stock, m.place,
       coalesce(array_to_string(r.permissions, ' '), '') as own
  from auth.member m join auth.organisation o on o.id = m.organisation_id
  left join auth.role r on r.id = m.role_id
 where m.organisation_id = :organisation and m.person_id = :person;

-- name: set_mails :exec
-- in: organisation bigint, person bigint, mail_orders bool, mail_stock bool
update auth.member set mail_orders = :mail_orders, mail_stock = :mail_stock
 where organisation_id = :organisation and person_id = :person;

-- name: mailed_of_stock :many
-- in: after bigint
-- Organisations of which somebody wants to hear what runs out and where it is morning: a thousand of
-- those after this one.
select o.id
  from auth.organisation o
 where o.id > :after
   and exists (select from auth.member m where m.organisation_id = o.id and m.mail_stock)
   and extract(hour from now() at time zone o.zone) between 7 and 11
 order by o.id limit 1000;

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
-- `seen`: changes with its name and what it may.
select id, name, array_to_string(permissions, ' ') as own,
       md5(concat_ws(chr(31), name, array_to_string(permissions, ' '))) as seen
  from auth.role where organisation_id = :organisation and id = :role;

-- name: hold_role :maybe
-- in: organisation bigint, role bigint
-- Nobody else changes it meanwhile.
select id from auth.role where organisation_id = :organisation and id = :role for update;

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
select f.person_id, f.has_factor,
       f.person_id in (select t.person_id from auth.team_texts(:organisation) t) as has_text
  from auth.team_factors(:organisation) f limit 500;

-- name: asks_factor :one
-- in: organisation bigint
select array_to_string(second_factor, ' ') as asks, text_counts from auth.organisation
 where id = :organisation;

-- name: ask_factor :exec
-- in: organisation bigint, places text[], text_counts bool
update auth.organisation set second_factor = :places, text_counts = :text_counts
 where id = :organisation;

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
 where m.person_id = :person order by m.created_at, m.organisation_id limit 100;

-- name: choose_organisation :exec
-- in: session_hash text, organisation bigint
update auth.device set organisation_id = :organisation where session_hash = :session_hash;

-- name: desks_of :many
-- in: person bigint
-- Where this person works, or has chosen to.
select m.organisation_id from auth.member m where m.person_id = :person
union
select d.organisation_id from auth.device d
 where d.person_id = :person and d.organisation_id is not null
 limit 200;

-- name: forget_invitations :exec
-- in: before timestamptz
-- Nobody can come in by them any more, for so long that nobody asks.
delete from auth.invitation where expires_at < :before;

-- name: erase_invitations :exec
-- in: email text
delete from auth.invitation where email = :email;
