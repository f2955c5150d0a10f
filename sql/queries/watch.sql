-- watch: alerts, staff's places, reports of browsers.

-- name: raise :one
-- in: kind text, person bigint, network text, country text
insert into watch.alert as a (kind, person_id, network, country, hour)
values (:kind, :person, :network, :country, date_trunc('hour', now()))
on conflict (kind, person_id, network, hour)
    do update set count = a.count + 1, last_at = now()
returning count, extract(epoch from hour)::bigint as hour;

-- name: alerts :many
-- in: before bigint, most bigint
-- The newest first; before 0: from the start.
select a.id, a.kind, a.network, a.country, a.count, a.first_at, a.last_at,
       coalesce(p.email, '') as email
  from watch.alert a left join auth.person p on p.id = a.person_id
 where :before = 0 or a.id < :before
 order by a.id desc limit :most;

-- name: of_hour :many
-- in: kind text, hour bigint
select a.kind, a.network, a.country, a.count, coalesce(p.email, '') as email
  from watch.alert a left join auth.person p on p.id = a.person_id
 where a.kind = :kind and a.hour = to_timestamp(:hour)
 order by a.id limit 20;

-- name: account :maybe
-- in: email text
select id from auth.person where email = :email;

-- name: been_here :many
-- in: person bigint, places text[]
-- Only for staff: others' places are nobody's business. Gives those that are new: never there, but
-- somewhere of that kind before. Of two who are there at once one hears it.
with staff as (
    select p.id from auth.person p
     where p.id = :person
       and (p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id))
), fresh as (
    insert into watch.place (person_id, place)
    select s.id, w.place from staff s, unnest(:places) w (place)
    on conflict do nothing returning place
), seen as (
    update watch.place set last_at = now() where person_id = :person and place = any (:places)
)
select f.place from fresh f
 where exists (select from watch.place p
                where p.person_id = :person and left(p.place, 1) = left(f.place, 1));

-- name: rights :many
-- plan: anew
-- in: kind text, since timestamptz
-- Whoever was made an admin or owner, or was given a role that moves money or rights, and roles
-- that were made or changed, since then, from the audit trail; the same ones again change
-- nothing. ("in" would be looked up in the index of all kinds while statistics know of few.)
insert into watch.alert as a (kind, person_id, hour, count)
select :kind, person, date_trunc('hour', at), count(*)
  from (select e.at, case e.thing when 'auth.member' then split_part(e.thing_id, ' ', 2)::bigint
                                  when 'auth.person' then e.thing_id::bigint
                                  else coalesce(e.person_id, 0) end as person
          from audit.entry e
         where (e.kind = 'rights' or e.kind = 'account') and e.at > :since
           and e.action in ('insert', 'update')
           and (e.thing = 'auth.member' and (e.after ->> 'place' in ('admin', 'owner')
                    or exists (select from auth.role r where r.id = (e.after ->> 'role_id')::bigint
                          and r.permissions && '{team:write,team:own,api-keys:manage,orders:refund}'))
                or e.thing = 'auth.person' and e.after ->> 'role' in ('admin', 'super_admin')
                or e.thing = 'auth.role')) raised
 group by person, date_trunc('hour', at)
on conflict (kind, person_id, network, hour)
    do update set count = excluded.count, last_at = now() where a.count < excluded.count
returning count, extract(epoch from hour)::bigint as hour;

-- name: report :exec
-- in: directive text, blocked text, page text
-- At most 25 different ones of a page: whoever invents some pushes out what came least often, on that
-- page alone.
with rarest as (
    delete from watch.report
     where id = (select o.id from watch.report o
                  where o.page = :page order by o.count, o.last_at limit 1)
       and (select count(*) from watch.report o where o.page = :page) >= 25
       and not exists (select from watch.report o
                        where o.directive = :directive and o.blocked = :blocked and o.page = :page))
insert into watch.report as r (directive, blocked, page)
values (:directive, :blocked, :page)
on conflict (directive, blocked, page) do update set count = r.count + 1, last_at = now();

-- name: reports :many
select directive, blocked, page, count, first_at, last_at from watch.report
 order by last_at desc, directive, blocked, page limit 100;

-- name: sweep :exec
-- Where staff was last stays, else the first who comes after a long rest would be no news.
with alerts as (delete from watch.alert where last_at < now() - interval '90 days'),
     newest as (select distinct on (w.person_id, left(w.place, 1)) w.person_id, w.place
                  from watch.place w join auth.person p on p.id = w.person_id
                 where p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id)
                 order by w.person_id, left(w.place, 1), w.last_at desc, w.place),
     places as (delete from watch.place where last_at < now() - interval '180 days'
                   and (person_id, place) not in (select n.person_id, n.place from newest n))
delete from watch.report where last_at < now() - interval '30 days';

-- name: of_person :many
-- in: person bigint
select kind, network, country, count, first_at, last_at from watch.alert where person_id = :person
 order by id limit 1000;

-- name: places_of_person :many
-- in: person bigint
select place, first_at, last_at from watch.place where person_id = :person
 order by first_at, place limit 1000;

-- name: erase :exec
-- in: person bigint
-- Where from and on what; that there was something stays, of nobody.
with places as (delete from watch.place where person_id = :person)
delete from watch.alert where person_id = :person;
