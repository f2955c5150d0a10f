-- work: the outbox, the queue, the clock.

-- name: tell :exec
-- in: kind text, organisation bigint?, subject bigint, data jsonb, request text, wake bool
-- Writes an event; may wake the job workers when the transaction commits.
select work.tell(:kind, :organisation, :subject, :data, :request, :wake) as told;

-- name: wake :exec
-- Wakes the job workers.
select pg_notify('talat_work', '') as told;

-- name: read_events :one
-- in: most bigint, events text[], jobs text[], unless text[], ranks bigint[]
-- So many events were read and have their jobs now.
select work.read_events(:most, :events, :jobs, :unless, :ranks) as n;

-- name: forget_events :exec
-- in: before timestamptz
-- Read events are kept a while for the feed, then go, the first first.
delete from work.outbox
 where id in (select id from (select id, created_at, read_at from work.outbox order by id limit 5000) o
               where o.created_at < :before and o.read_at is not null);

-- name: add :exec
-- in: kind text, key text, organisation bigint?, subject bigint, data jsonb, request text, at timestamptz?, rank bigint, wake bool
-- Adds a job unless one with its key waits, runs or lies dead; may wake the workers.
select work.add_job(:kind, :key, :organisation, :subject, :data, :request, :at, :rank, :wake)
    as added;

-- name: hasten :one
-- in: kind text, subject bigint
-- Of the jobs about this those that wait are due. One that is being taken at this moment waits no more,
-- and is at work for whoever asks.
with due as (
    update work.job set run_at = least(run_at, now())
     where kind = :kind and subject_id = :subject and state = 'ready' returning id)
select exists (select from due) as waits,
       exists (select from work.job where kind = :kind and subject_id = :subject
                  and state in ('ready', 'running')) as lives;

-- name: turn :many
-- in: done bigint[], tries bigint[], most_events bigint, events text[], jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, worker text, quick text[], leave text[]
-- The jobs that were taken, in their order, and a row that tells of the turn.
select events, wait_us, job as id, of_kind as kind, with_key as key, organisation as organisation_id,
       subject as subject_id, beside as data, by_request as request, try as attempt
  from work.turn(:done, :tries, :most_events, :events, :jobs, :unless, :ranks, :most, :lease_us,
           :worker, :quick, :leave);

-- name: left :one
-- in: kinds text[]
-- For a worker that does not take these itself. As work.turn: of what is not due yet nothing is read.
select exists (select from (values (-1), (0), (1), (2)) as r(rank),
                      lateral (select from work.job j
                                where j.state = 'ready' and j.rank = r.rank
                                  and j.run_at <= statement_timestamp() and j.kind = any(:kinds)
                                limit 1) as n) as is_left;

-- name: lease :exec
-- in: id bigint, attempt bigint, lease_us bigint
update work.job
   set lease_until = clock_timestamp() + :lease_us * interval '1 microsecond'
 where id = :id and attempt = :attempt and state = 'running';

-- name: hold :exec
-- in: id bigint, attempt bigint, lease_us bigint
-- For hours: that somebody is at it is told by a lock of their session, so that whoever comes after
-- them need not wait for the lease. Where the lock is somebody's still, only the lease tells.
with held as (
    select pg_try_advisory_lock(7421050, (:id % 2147483647)::int) as yes
)
update work.job j
   set lease_until = clock_timestamp() + :lease_us * interval '1 microsecond',
       worker = coalesce(j.worker, '') || case when held.yes then ' held' else '' end
  from held
 where j.id = :id and j.attempt = :attempt and j.state = 'running';

-- name: let_go :exec
-- in: id bigint
-- After it was settled: without the lock it would be another's at once.
select pg_advisory_unlock(7421050, (:id % 2147483647)::int) as done
  from pg_locks
 where locktype = 'advisory' and pid = pg_backend_pid() and classid = 7421050
   and objid = (:id % 2147483647)::oid and objsubid = 2
 limit 1;

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
 where state = 'running'
   and (lease_until < clock_timestamp()
        or (worker like '% held'
            and not exists (select from pg_locks l
                             where l.locktype = 'advisory' and l.classid = 7421050
                               and l.objid = (work.job.id % 2147483647)::oid and l.objsubid = 2
                               and l.database = (select oid from pg_database
                                                  where datname = current_database()))));

-- name: take_back :exec
-- in: worker text, died bigint, most_deaths bigint
-- What this worker, or the one in its place before, was at when it died or lost the database. What
-- is given back was no try.
update work.job
   set state = case when deaths + :died >= :most_deaths then 'dead' else 'ready' end,
       deaths = deaths + :died, attempt = attempt - case when :died > 0 then 0 else 1 end, run_at = clock_timestamp(), lease_until = null, worker = null,
       error = case when :died > 0 then 'the worker died' else 'given back' end
 where state = 'running' and worker in (:worker, :worker || ' held');

-- name: next_due :one
-- In how many microseconds the next job is due (null: none waits), and how late the oldest is.
select (extract(epoch from min(j.run_at) - clock_timestamp()) * 1000000)::bigint as wait_us
  from generate_series(-1, 2) as r(rank),
       lateral (select run_at from work.job where state = 'ready' and rank = r.rank
                 order by run_at limit 1) as j;

-- name: dead_letters :many
-- in: before bigint?, most bigint
-- The newest of those before that one, and in each row how many there are.
select id, kind, key, subject_id, attempt, error, created_at, count(*) over () as there_are
  from work.job where state = 'dead' and (:before is null or id < :before)
 order by id desc limit :most;

-- name: revive :exec
-- in: id bigint
update work.job set state = 'ready', attempt = 0, deaths = 0, run_at = now()
 where id = :id and state = 'dead';

-- name: retry :exec
-- in: key text, rest_us bigint
-- A dead letter that has lain so long. How many workers died over it stays: of the next it is dead
-- again.
update work.job set state = 'ready', attempt = 0, run_at = now()
 where key = :key and state = 'dead' and run_at <= now() - :rest_us * interval '1 microsecond';

-- name: know_crons :exec
-- in: names text[]
insert into work.cron (name, last_run)
select name, '-infinity' from unnest(:names) as u(name)
on conflict (name) do nothing;

-- name: clock :many
-- in: names text[], every bigint[]
-- Takes what is due, or will be in a second; whoever gets the row runs it, so there is one leader per
-- tick. What ran in the future did so before the clock was put back; by a moment, after this
-- transaction had begun. And, in a row without a name, in how many microseconds the next is due
-- (null: none has ever run).
with due as (
    update work.cron c
       set last_run = now()
      from unnest(:names, :every) as u(name, every)
     where c.name = u.name
       and (c.last_run <= now() - u.every * interval '1 microsecond' + interval '1 second'
            or c.last_run > now() + interval '1 minute')
    returning c.name
)
select d.name, null::bigint as wait_us from due d
 union all
select null, (extract(epoch from min(case when d.name is not null
                                              then now() + u.every * interval '1 microsecond'
                                          when c.last_run > now() + interval '1 minute' then now()
                                          else c.last_run + u.every * interval '1 microsecond' end)
                    - clock_timestamp()) * 1000000)::bigint
  from work.cron c
  join unnest(:names, :every) as u(name, every) on u.name = c.name
  left join due d on d.name = c.name
 where c.last_run > '-infinity' or d.name is not null;
