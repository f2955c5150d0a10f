-- work: the outbox, the queue, the clock.

-- name: tell :one
-- in: kind text, organisation bigint?, subject bigint, data jsonb, request text
-- Writes an event and wakes the job workers when the transaction commits.
with event as (
    insert into work.outbox (kind, organisation_id, subject_id, data, request)
    values (:kind, :organisation, :subject, :data, :request)
    returning id
)
select id, pg_notify('talat_work', '') is null as told from event;

-- name: read_lock :one
-- The one reader of the outbox: held to the end of the transaction.
select pg_try_advisory_xact_lock(7421001) as mine;

-- name: unread :many
-- in: most bigint
-- Events nobody has read, oldest first.
select id, coalesce(organisation_id, 0) as organisation_id, kind, subject_id, data, request
  from work.outbox
 where read_at is null
 order by id
 limit :most;

-- name: number_events :exec
-- in: ids bigint[]
-- Gives each event its number within its organisation, in id order, and marks it read.
with mine as (
    select id, organisation_id,
           row_number() over (partition by organisation_id order by id) as n
      from work.outbox where id = any(:ids)
), counted as (
    insert into work.sequence as s (organisation_id, last)
    select organisation_id, count(*) from mine where organisation_id is not null
     group by organisation_id
    on conflict (organisation_id) do update set last = s.last + excluded.last
    returning organisation_id, last
), sizes as (
    select organisation_id, count(*) as many from mine group by organisation_id
)
update work.outbox o
   set read_at = now(),
       seq = c.last - s.many + m.n
  from mine m
  left join counted c on c.organisation_id = m.organisation_id
  left join sizes s on s.organisation_id is not distinct from m.organisation_id
 where o.id = m.id;

-- name: forget_events :exec
-- in: before timestamptz
-- Read events are kept a while for the feed, then go.
delete from work.outbox
 where id in (select id from work.outbox
               where created_at < :before and read_at is not null
               order by created_at limit 5000);

-- name: add :one
-- in: kind text, key text, organisation bigint?, subject bigint, data jsonb, request text, at timestamptz?
-- Adds a job unless one with its key waits, runs or lies dead; wakes the workers.
with fresh as (
    insert into work.job (kind, key, organisation_id, subject_id, data, request, run_at)
    values (:kind, :key, :organisation, :subject, :data, :request, coalesce(:at, now()))
    on conflict (key) do nothing
    returning id
)
select count(id) as added, count(pg_notify('talat_work', '')) as told from fresh;

-- name: claim :maybe
-- in: lease_us bigint, worker text
-- Takes the job that has been due longest; two workers never get the same one.
update work.job
   set state = 'running', attempt = attempt + 1, worker = :worker,
       lease_until = clock_timestamp() + :lease_us * interval '1 microsecond'
 where id = (select id from work.job
              where state = 'ready' and run_at <= clock_timestamp()
              order by run_at, id limit 1
              for update skip locked)
returning id, kind, key, coalesce(organisation_id, 0) as organisation_id, subject_id, data,
    request, attempt;

-- name: lease :exec
-- in: id bigint, attempt bigint, lease_us bigint
update work.job
   set lease_until = clock_timestamp() + :lease_us * interval '1 microsecond'
 where id = :id and attempt = :attempt and state = 'running';

-- name: finish :exec
-- in: id bigint, attempt bigint
-- A worker whose lease was taken over has nothing to finish any more.
delete from work.job where id = :id and attempt = :attempt and state = 'running';

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
-- What this worker, or the one in its place before, was at when it died or lost the database.
update work.job
   set state = case when deaths + :died >= :most_deaths then 'dead' else 'ready' end,
       deaths = deaths + :died, run_at = clock_timestamp(), lease_until = null, worker = null,
       error = case when :died > 0 then 'the worker died' else 'the database went away' end
 where state = 'running' and worker = :worker;

-- name: next_due :one
-- In how many microseconds the next job is due (null: none waits), and how late the oldest is.
select (extract(epoch from min(run_at) - clock_timestamp()) * 1000000)::bigint as wait_us
  from work.job where state = 'ready';

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

-- name: later :one
-- in: id bigint, kind text, subject bigint
select exists (select from work.job
                where state = 'ready' and run_at <= now() and kind = :kind
                  and subject_id = :subject and id > :id) as later;

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
