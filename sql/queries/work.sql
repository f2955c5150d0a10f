-- work: the outbox, the queue, the clock.

-- name: tell :exec
-- in: kind text, organisation bigint?, subject bigint, data jsonb, request text, wake bool
-- Writes an event; may wake the job workers when the transaction commits.
select work.tell(:kind, :organisation, :subject, :data, :request, :wake) as told;

-- name: wake :exec
-- Wakes the job workers.
select pg_notify('talat_work', '') as told;

-- name: in_no_hurry :exec
-- This transaction's commit need not wait for the disk.
select set_config('synchronous_commit', 'off', true) as was;

-- name: read_events :one
-- in: most bigint, events text[], jobs text[], unless text[], ranks bigint[]
-- Events nobody has read, oldest first: gives each its number within its organisation and makes
-- the jobs of who hears it; the event's id makes the job's key. One reader at a time: whoever
-- does not get the lock reads nothing. The row is looked at again when it is locked, since the
-- reader before may have ended after this statement had begun. A number that was given must
-- not be given again, so this commit does wait.
with mine as materialized (
    select id, organisation_id, kind, subject_id, data, request
      from work.outbox
     where read_at is null and (select pg_try_advisory_xact_lock(7421001))
     order by id
     limit :most
       for update skip locked
), placed as (
    select id, organisation_id, row_number() over (partition by organisation_id order by id) as n,
           count(*) over (partition by organisation_id) as many
      from mine
), counted as (
    insert into work.sequence as s (organisation_id, last)
    select organisation_id, max(many) from placed where organisation_id is not null
     group by organisation_id
    on conflict (organisation_id) do update set last = s.last + excluded.last
    returning organisation_id, last
), read as (
    update work.outbox o set read_at = now(), seq = c.last - p.many + p.n
      from placed p
      left join counted c on c.organisation_id = p.organisation_id
     where o.id = p.id
), made as (
    insert into work.job (kind, key, organisation_id, subject_id, data, request, rank)
    select r.job, r.job || ':' || m.id, m.organisation_id, m.subject_id,
           jsonb_build_object('event', m.kind, 'data', m.data), m.request, r.rank
      from mine m
      join unnest(:events::text[], :jobs::text[], :unless::text[], :ranks::bigint[])
           as r(event, job, unless, rank)
        on (m.kind = r.event or (r.event like '%*' and starts_with(m.kind, rtrim(r.event, '*'))))
       and not (r.unless <> '' and m.data ? r.unless)
     order by m.id
        on conflict (key) do nothing
)
select count(*) as n,
       case when count(*) > 0 then set_config('synchronous_commit', 'on', true) end as waits
  from mine;

-- name: forget_events :exec
-- in: before timestamptz
-- Read events are kept a while for the feed, then go.
delete from work.outbox
 where id in (select id from work.outbox
               where created_at < :before and read_at is not null
               order by created_at limit 5000);

-- name: add :exec
-- in: kind text, key text, organisation bigint?, subject bigint, data jsonb, request text, at timestamptz?, rank bigint, wake bool
-- Adds a job unless one with its key waits, runs or lies dead; may wake the workers.
select work.add_job(:kind, :key, :organisation, :subject, :data, :request, :at, :rank, :wake)
    as added;

-- name: claim :many
-- in: most bigint, lease_us bigint, worker text, quick text[]
-- Takes what is due, by rank and then what has waited longest; two workers never get the same
-- job. Several go together only as long as they are quick and no worker has died over one: the
-- first that is not ends the row, or goes alone.
with due as materialized (
    select id, rank, run_at, deaths = 0 and kind = any(:quick::text[]) as is_quick
      from work.job
     where state = 'ready' and run_at <= statement_timestamp()
     order by rank, run_at, id
     limit :most
       for update skip locked
), lined as (
    select id, row_number() over in_turn as place, bool_and(is_quick) over in_turn as all_quick
      from due window in_turn as (order by rank, run_at, id)
), mine as (
    update work.job j
       set state = 'running', attempt = attempt + 1, worker = :worker,
           lease_until = clock_timestamp() + :lease_us * interval '1 microsecond'
      from lined l
     where j.id = l.id and (l.place = 1 or l.all_quick)
    returning l.place, j.id, j.kind, j.key, coalesce(j.organisation_id, 0) as organisation_id,
        j.subject_id, j.data, j.request, j.attempt
)
select id, kind, key, organisation_id, subject_id, data, request, attempt
  from mine order by place;

-- name: lease :exec
-- in: id bigint, attempt bigint, lease_us bigint
update work.job
   set lease_until = clock_timestamp() + :lease_us * interval '1 microsecond'
 where id = :id and attempt = :attempt and state = 'running';

-- name: finish :exec
-- in: ids bigint[], attempts bigint[]
-- A worker whose lease was taken over has nothing to finish any more.
delete from work.job j using unnest(:ids::bigint[], :attempts::bigint[]) as d(id, attempt)
 where j.id = d.id and j.attempt = d.attempt and j.state = 'running';

-- name: again :exec
-- in: id bigint, attempt bigint, wait_us bigint, error text
update work.job
   set state = 'ready', lease_until = null, worker = null, error = :error,
       run_at = clock_timestamp() + :wait_us * interval '1 microsecond'
 where id = :id and attempt = :attempt and state = 'running';

-- name: bury :exec
-- in: id bigint, attempt bigint, error text
-- A dead letter: kept until staff run it again or throw it away.
update work.job
   set state = 'dead', lease_until = null, worker = null, error = :error
 where id = :id and attempt = :attempt and state = 'running';

-- name: take_over :exec
-- in: most_deaths bigint
-- Jobs whose worker died are due again; those that keep killing workers are buried.
update work.job
   set state = case when deaths + 1 >= :most_deaths then 'dead' else 'ready' end,
       deaths = deaths + 1, run_at = clock_timestamp(), lease_until = null, worker = null,
       error = 'the worker died'
 where state = 'running' and lease_until < clock_timestamp();

-- name: take_back :exec
-- in: worker text, died bigint, most_deaths bigint
-- What this worker, or the one in its place before, was at when it died or lost the database. What
-- is given back was no try.
update work.job
   set state = case when deaths + :died >= :most_deaths then 'dead' else 'ready' end,
       deaths = deaths + :died, attempt = attempt - case when :died > 0 then 0 else 1 end, run_at = clock_timestamp(), lease_until = null, worker = null,
       error = case when :died > 0 then 'the worker died' else 'given back' end
 where state = 'running' and worker = :worker;

-- name: next_due :one
-- In how many microseconds the next job is due (null: none waits), and how late the oldest is.
select (extract(epoch from min(j.run_at) - clock_timestamp()) * 1000000)::bigint as wait_us
  from generate_series(-1, 1) as r(rank),
       lateral (select run_at from work.job where state = 'ready' and rank = r.rank
                 order by run_at limit 1) as j;

-- name: dead_letters :many
-- in: most bigint
select id, kind, key, subject_id, attempt, error, created_at
  from work.job where state = 'dead' order by id desc limit :most;

-- name: revive :exec
-- in: id bigint
update work.job set state = 'ready', attempt = 0, deaths = 0, run_at = now()
 where id = :id and state = 'dead';

-- name: know_crons :exec
-- in: names text[]
insert into work.cron (name, last_run)
select name, '-infinity' from unnest(:names) as u(name)
on conflict (name) do nothing;

-- name: due_crons :many
-- in: names text[], every bigint[]
-- Takes what is due; whoever gets the row runs it, so there is one leader per tick.
update work.cron c
   set last_run = now()
  from unnest(:names, :every) as u(name, every)
 where c.name = u.name and c.last_run <= now() - u.every * interval '1 microsecond'
returning c.name;

-- name: next_cron :one
-- in: names text[], every bigint[]
-- In how many microseconds the next cron is due (null: none has ever run).
select (extract(epoch from min(c.last_run + u.every * interval '1 microsecond')
            - clock_timestamp()) * 1000000)::bigint as wait_us
  from work.cron c
  join unnest(:names, :every) as u(name, every) on u.name = c.name
 where c.last_run > '-infinity';
