-- ops: the schema's changes, and a pulse.

-- name: pulse :one
-- Something that needs the database and costs it nothing.
select now() as at;

-- name: has_schema :one
select to_regclass('ops.change') is not null as yes;

-- name: changes :many
select name from ops.change order by name;

-- name: unfinished :many
-- in: indexes text[]
-- Which of them are there and not valid.
select i.indexrelid::regclass::text as name
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where c.relname = any(:indexes) and not i.indisvalid
 order by 1;

-- name: sizes :many
-- in: tables text[]
-- About how many rows those of them have that are there already.
select t.name, c.reltuples::bigint as n
  from unnest(:tables) with ordinality t (name, place)
  join pg_class c on c.oid = to_regclass(t.name)
 where c.reltuples > 0
 order by t.place;

-- name: lock_schema :one
-- One migration at a time; the lock goes with the connection.
select pg_try_advisory_lock(7421002) as got;

-- name: mark :maybe
-- in: name text
select value from ops.mark where name = :name;

-- name: may_seal :one
-- in: upgraded_before timestamptz
-- Not while programs of before may run yet: they could not read it, on another machine or gone back to.
select not exists (select from ops.change where applied_at > :upgraded_before) as yes;

-- name: may_drill :one
-- Not beside a backup: two workers are all that a small machine has, and buyers' payments need one.
select not exists (select from work.job where kind = 'ops.backup' and state in ('ready', 'running'))
    as yes;

-- name: put_mark :exec
-- in: name text, value text
insert into ops.mark as m (name, value) values (:name, :value)
    on conflict (name) do update set value = excluded.value where m.value <> excluded.value;

-- name: has_database :one
-- in: name text
select exists(select from pg_database where datname = :name) as yes;

-- name: has_nothing :one
-- A schema that nobody has put anything into yet.
select not exists(select from auth.person) and not exists(select from catalog.product)
       and not exists(select from orders."order") as yes;

-- name: counted :one
-- What database_counts has left here.
select current_setting('talat.counts', true)::jsonb as counts;

-- name: keep_pictures :one
-- While this connection is there no picture is dropped.
select true as got from pg_advisory_lock_shared(7421040);

-- name: may_drop_pictures :one
select pg_try_advisory_xact_lock(7421040) as yes;

-- name: pictures :many
-- in: after bigint, most bigint
-- All of them, some at a time, and whether anything shows each: whatever refers to media.picture, and
-- what was bought, which keeps its picture.
select p.id, p.loose_since is not null as is_loose,
       exists (select from catalog.product_picture x where x.picture_id = p.id)
       or exists (select from catalog.category k where k.picture_id = p.id)
       or exists (select from catalog.front f where f.picture_id = p.id)
       or exists (select from orders.line l where l.picture = p.stem and l.picture <> '') as is_shown
  from media.picture p where p.id > :after order by p.id limit :most;

-- name: loose_pictures :many
-- in: before timestamptz, most bigint
-- Nothing has shown them since then; what somebody is about to show is passed over.
select p.id from media.picture p
 where p.loose_since < :before
   and not exists (select from catalog.product_picture x where x.picture_id = p.id)
   and not exists (select from catalog.category k where k.picture_id = p.id)
   and not exists (select from catalog.front f where f.picture_id = p.id)
   and not exists (select from orders.line l where l.picture = p.stem and l.picture <> '')
 order by p.loose_since, p.id limit :most for update skip locked;

-- name: snapshot :one
-- For pg_dump to see what this transaction sees.
select pg_export_snapshot() as id, now() as at;

-- name: columns :many
-- in: table text
-- Those that a copy can be put into.
select quote_ident(attname) as name from pg_attribute
 where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped and attgenerated = ''
 order by attnum;

-- name: owners :many
-- How functions and views that are not the database owner's come to be theirs again.
select format('grant create on schema %1$I to %2$I; alter %3$s %4$s owner to %2$I; '
           || 'revoke create on schema %1$I from %2$I', n.nspname, r.rolname,
           case p.prokind when 'p' then 'procedure' else 'function' end,
           p.oid::regprocedure) as sql
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_roles r on r.oid = p.proowner
  join pg_database d on d.datname = current_database() and d.datdba <> p.proowner
 where n.nspname !~ '^(pg_|information_schema)'
   and not exists (select from pg_depend e
                    where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
union all
select format('grant create on schema %1$I to %2$I; alter view %3$s owner to %2$I; '
           || 'revoke create on schema %1$I from %2$I', n.nspname, r.rolname, v.oid::regclass)
  from pg_class v
  join pg_namespace n on n.oid = v.relnamespace
  join pg_roles r on r.oid = v.relowner
  join pg_database d on d.datname = current_database() and d.datdba <> v.relowner
 where v.relkind = 'v' and n.nspname !~ '^(pg_|information_schema)'
   and not exists (select from pg_depend e
                    where e.classid = 'pg_class'::regclass and e.objid = v.oid and e.deptype = 'e')
 order by 1;

-- name: demo_people :many
select email, password_hash from auth.person
 where email in ('admin@example.test', 'shopper@example.test');

-- name: staff :one
select count(*) as n from auth.person p
 where role <> 'user' or exists (select from auth.member m where m.person_id = p.id);

-- name: clock :one
select clock_timestamp() as at;

-- name: unsafe_settings :many
-- What a paid order must be able to rely on.
select name || ' is ' || current_setting(name) || ': ' || why as what,
       'alter system set ' || name || ' = on; select pg_reload_conf()' as fix
  from (values ('fsync', 'a power cut may destroy the database'),
               ('full_page_writes', 'a power cut may destroy the database'),
               ('synchronous_commit', 'a crash may forget orders that were paid'),
               ('autovacuum', 'tables grow without end')) as v(name, why)
 where current_setting(name) = 'off';

-- name: loose_settings :many
select 'max_connections is ' || current_setting('max_connections') as what,
       'alter system set max_connections = 100, then restart PostgreSQL' as fix
 where current_setting('max_connections')::int < 40
union all
select 'statement_timeout is off for the shop', 'take it out of the options of the setting pg'
 where current_setting('statement_timeout') = '0'
union all
select 'idle_in_transaction_session_timeout is off for the shop',
       'take it out of the options of the setting pg'
 where current_setting('idle_in_transaction_session_timeout') = '0';

-- name: data_folder :one
-- in: database text
-- Is_here: by a socket, so that its folder can be looked at. Bytes: that database's on the disk.
select current_setting('data_directory') as folder, inet_server_addr() is null as is_here,
       pg_size_bytes(current_setting('max_wal_size')) as most_wal,
       coalesce((select pg_database_size(oid) from pg_database where datname = :database), 0)
           as bytes;

-- name: broken_indexes :many
select 'the index ' || i.indexrelid::regclass || ' is not valid: it slows writes and serves nobody'
           as what,
       'reindex index concurrently ' || i.indexrelid::regclass as fix
  from pg_index i where not i.indisvalid;

-- name: untidy_tables :many
-- Rows that are gone and still in the way, and tables that are read from end to end.
select s.schemaname || '.' || s.relname || ': ' || s.n_dead_tup || ' dead rows beside '
           || s.n_live_tup as what,
       'vacuum (analyze) ' || s.relid::regclass
           || '; why autovacuum has not: select * from pg_stat_activity where xact_start < now() '
           || '- interval ''1 hour''' as fix
  from pg_stat_user_tables s
 where s.n_dead_tup > 10000 and s.n_dead_tup > s.n_live_tup * 2 / 5
union all
select s.relid::regclass || ' is never vacuumed by itself',
       'alter table ' || s.relid::regclass || ' reset (autovacuum_enabled)'
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
 where c.reloptions::text ~ 'autovacuum_enabled=(false|off|no)'
union all
select s.relid::regclass || ' was read from end to end ' || s.seq_scan || ' times, '
           || s.seq_tup_read / s.seq_scan || ' rows each',
       'an index is missing: see pg_stat_statements for the query, and explain it'
  from pg_stat_user_tables s
 where s.seq_scan > 50 and s.seq_tup_read / s.seq_scan > 50000 and s.n_live_tup > 50000
   and s.seq_scan > coalesce(s.idx_scan, 0) / 10;

-- name: slow_now :many
select 'a statement of ' || coalesce(usename, '?') || ' (' || application_name || ') has run for '
           || round(extract(epoch from clock_timestamp() - query_start)) || ' s: '
           || left(regexp_replace(query, '\s+', ' ', 'g'), 120) as what,
       'select pg_cancel_backend(' || pid || ')' as fix
  from pg_stat_activity
 where state = 'active' and pid <> pg_backend_pid() and backend_type = 'client backend'
   and query_start < clock_timestamp() - interval '1 second'
   and application_name <> 'pg_dump'
union all
select 'a transaction of ' || coalesce(usename, '?') || ' (' || application_name || ') has been open for '
           || round(extract(epoch from clock_timestamp() - xact_start)) || ' s, doing nothing',
       'select pg_terminate_backend(' || pid || ')'
  from pg_stat_activity
 where state like 'idle in transaction%' and xact_start < clock_timestamp() - interval '1 minute'
 limit 10;

-- name: behind :one
-- failing: tried for minutes, in vain; what a mail server puts off is judged by itself (late_mails).
select count(*) filter (where state = 'dead') as dead,
       coalesce((array_agg(kind || ': ' || coalesce(error, '') order by id desc)
           filter (where state = 'dead'))[1], '') as last_error,
       coalesce((array_agg(kind order by id desc) filter (where state = 'dead'))[1], '') as last,
       count(*) filter (where is_failing) as failing,
       coalesce((array_agg(kind order by id desc) filter (where is_failing))[1], '') as last_failing,
       coalesce((select extract(epoch from clock_timestamp() - min(created_at))::bigint
                   from work.outbox where read_at is null), 0) as unread_s
  from (select id, kind, state, error,
               state <> 'dead' and attempt >= 8 and error is not null and error not like 'mail.%'
                   as is_failing
          from work.job) j;

-- name: stuck_holds :many
select count(*) || ' holds ended over five minutes ago and still keep stock, the oldest of order '
           || min(order_id) as what, '' as fix
  from inventory.hold h
 where state = 'held' and expires_at < clock_timestamp() - interval '5 minutes'
   and not exists (select from payments.attempt a
                    where a.order_id = h.order_id and a.state = 'processing')
having count(*) > 0;

-- name: last_tick :one
-- Some cron is due every few seconds.
select coalesce(max(last_run) < clock_timestamp() - interval '2 minutes', true) as is_late
  from work.cron where last_run > '-infinity';

-- name: webhooks :one
select (select count(*) from payments.attempt
         where state = 'paid' and paid_at > now() - interval '7 days') as paid,
       (select count(*) from payments.event where received_at > now() - interval '8 days'
           and event_id not like 'asked:%') as heard,
       (select count(*) from payments.event where applied_at is null
           and received_at < clock_timestamp() - interval '5 minutes') as waiting;

-- name: erased :many
-- in: after bigint, most bigint
-- came_at: in µs, as numbers say it.
select id, (extract(epoch from created_at) * 1000000)::bigint as came_at
  from auth.person where erased_at is not null and id > :after order by id limit :most;

-- name: first_person :one
select coalesce((select id || '/' || (extract(epoch from created_at) * 1000000)::bigint
  from auth.person order by id limit 1), '') as mark;

-- name: to_erase :maybe
-- in: person bigint, came_at bigint
select p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff
  from auth.person p
 where p.id = :person and p.erased_at is null
   and (extract(epoch from p.created_at) * 1000000)::bigint = :came_at;

-- name: unsold :many
-- in: currencies text[]
-- Nothing can be ordered in these, nor where no way goes.
select 'nobody can order in ' || u.currency || ': no way of delivery has a price in it' as what,
       'talatctl delivery CODE --name NAME --currency ' || u.currency
           || ' --price PRICE, or take it out of currencies' as fix
  from unnest(:currencies::text[]) as u(currency)
 where not exists (select from shipping.price p join shipping.method m on m.id = p.method_id
                    where m.active and p.currency = u.currency)
union all
select 'nobody can order to ' || t.country || ': no way of delivery goes there',
       'talatctl delivery CODE --countries all, or talatctl tax ' || t.country || ' none'
  from pricing.tax_rate t
 where t.tax_class = 'standard'
   and exists (select from shipping.method m where m.active)
   and not exists (select from shipping.method m join shipping.price p on p.method_id = m.id
                    where m.active and (m.countries = '{}' or t.country = any(m.countries)))
 limit 100;

-- name: untaxed :many
-- Without an address yet a cart is reckoned by the house's country, else by the first that has a rate.
select case when a.has_any then 'nothing is delivered to ' || o.country || ', where the shop is: it has no tax rate'
            else 'nobody can order: no country has a tax rate' end as what,
       'talatctl tax ' || o.country || ' RATE; or talatctl organisation house --country CODE' as fix,
       a.has_any
  from auth.organisation o,
       (select exists (select from pricing.tax_rate where tax_class = 'standard') as has_any) a
 where o.slug = 'house'
   and not exists (select from pricing.tax_rate t
                    where t.country = o.country and t.tax_class = 'standard')
 limit 1;

-- name: late_mails :one
-- For half an hour a mail server may say "later".
select count(*) as n from work.job
 where kind = 'notify.mail' and state <> 'dead'
   and created_at < clock_timestamp() - interval '30 minutes';

-- name: looks :many
-- What was looked at by the clock, when, and whether something is wrong with it.
select l.name, l.looked_at,
       exists (select from ops.finding f where f.name = l.name and f.over_at is null) as is_ill
  from ops.look l order by l.looked_at, l.name;

-- name: lock_findings :one
-- One round is noted after the other: that nothing is told twice.
select true as got from pg_advisory_xact_lock(7421050);

-- name: looked :exec
-- in: names text[], every text[], at timestamptz
with gone as (delete from ops.look where name <> all(:every))
insert into ops.look (name, looked_at)
select name, :at from unnest(:names::text[]) as u(name)
on conflict (name) do update set looked_at = excluded.looked_at;

-- name: found :exec
-- in: names text[], marks text[], levels text[], whats text[], fixes text[], at timestamptz
insert into ops.finding as f (name, mark, level, what, fix, since, seen_at, is_back)
select distinct on (u.name, u.mark) u.name, u.mark, u.level, u.what, u.fix, :at, :at,
       exists (select from ops.finding o where o.name = u.name and o.mark = u.mark
                  and o.over_at > :at - interval '1 day')
  from unnest(:names::text[], :marks::text[], :levels::text[], :whats::text[], :fixes::text[])
       as u(name, mark, level, what, fix)
 order by u.name, u.mark, u.level desc
on conflict (name, mark) where over_at is null
    do update set level = excluded.level, what = excluded.what, fix = excluded.fix, well_at = null,
                  seen_at = excluded.seen_at,
                  known_at = case when (f.known_level, excluded.level) = ('warning', 'wrong') then null
                                  else f.known_at end;

-- name: not_found :exec
-- in: looked text[], every text[], at timestamptz
-- Over is what was not seen for ten minutes; for two hours, when it comes and goes. Of what nobody has
-- heard, by mail or on the page, it is no news that it goes, nor of what no check looks at any more.
-- Where a check found something worse it may not have come to this one.
with unseen as (
    select f.id, coalesce(f.told_at, f.known_at) as heard_at, coalesce(f.well_at, :at) as well_at,
           f.is_back
      from ops.finding f
     where f.over_at is null and f.name = any(:looked) and f.seen_at < :at
       and not (f.level = 'warning'
                and exists (select from ops.finding w where w.name = f.name and w.over_at is null
                               and w.level = 'wrong' and w.seen_at >= :at))
), passed as (
    delete from ops.finding f
     where f.over_at < :at - interval '30 days'
        or f.over_at is null and f.name <> all(:every)
        or f.id in (select u.id from unseen u where u.heard_at is null)
)
update ops.finding f
   set well_at = u.well_at,
       over_at = case when u.well_at <= :at - case when u.is_back then interval '2 hours'
                                                   else interval '10 minutes' end then :at end
  from unseen u where f.id = u.id and u.heard_at is not null and f.name = any(:every);

-- name: tell :one
-- in: at timestamptz
-- News is what was seen for some minutes, not once in passing, and what has become worse. Where
-- something is news, or over, or was told a day ago (a warning for the second time: a week ago), all
-- that lasts is told with it. Of what somebody knows only that it is worse is news.
with news as (
    update ops.finding f set told_at = :at, news_at = :at, told_level = level
     where f.over_at is null
       and (f.told_at is null and f.known_at is null and f.seen_at >= f.since + interval '4 minutes'
            or f.told_level = 'warning' and f.level = 'wrong')
    returning f.id
), n as (
    select (select count(*) from news) as news,
           (select count(*) from ops.finding where over_at = :at and known_at is null) as over,
           (select count(*) from ops.finding
             where over_at is null and known_at is null
               and told_at <= :at - case when level = 'wrong' or told_at = news_at then interval '1 day'
                                         else interval '7 days' end) as due
), lasting as (
    update ops.finding f set told_at = :at from n
     where f.over_at is null and f.told_at is not null and f.known_at is null
       and not (f.told_level = 'warning' and f.level = 'wrong')
       and n.news + n.over + n.due > 0
    returning f.id
)
select n.news, n.over, n.due, (select count(*) from lasting) as lasting from n;

-- name: told :many
-- in: at timestamptz
-- What the mail of then says, as it is now.
select f.name, f.level, f.what, f.fix, f.since, f.over_at is not null as is_over,
       f.news_at = :at as is_new, f.well_at as until
  from ops.finding f
 where f.over_at = :at and f.known_at is null or f.over_at is null and f.told_at = :at
 order by f.level desc, f.since desc, f.id limit 100;

-- name: findings :many
select id, name, level, what, fix, since, seen_at, known_at from ops.finding
 where over_at is null order by known_at is not null, level desc, since desc, id limit 100;

-- name: know :maybe
-- in: id bigint, knows bool, at timestamptz
update ops.finding
   set known_at = case when :knows then coalesce(known_at, :at) end,
       known_level = case when :knows then level end
 where id = :id and over_at is null
returning name;

-- name: past_findings :many
select name, level, what, since, coalesce(well_at, over_at) as until from ops.finding
 where over_at is not null order by over_at desc, id desc limit 30;

-- name: ill :one
select count(*) filter (where level = 'wrong' and known_at is null) as wrong,
       count(*) filter (where level = 'warning' and known_at is null) as warnings,
       count(known_at) as known,
       (select max(looked_at) from ops.look) as looked_at
  from ops.finding where over_at is null;
