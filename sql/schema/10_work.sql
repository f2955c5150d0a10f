-- work: the outbox, the job queue, the clock.
create schema work;
grant usage on schema work to talat_app, talat_readonly;

-- One row per event, written with the change it tells of. Its number per organisation is
-- given by the one reader after commit, so that writers never queue behind each other.
create table work.outbox (
    id bigint generated always as identity primary key,
    organisation_id bigint,
    seq bigint,
    kind text not null check (kind ~ '^[a-z_]+\.[a-z_]+$'),
    subject_id bigint not null,
    data jsonb not null default '{}',
    request text not null default '',
    created_at timestamptz not null default now(),
    read_at timestamptz
);
create unique index outbox_numbered on work.outbox (organisation_id, seq) where seq is not null;
create index outbox_unread on work.outbox (id) where read_at is null;

create table work.sequence (
    organisation_id bigint primary key,
    last bigint not null
);

create table work.job (
    id bigint generated always as identity primary key,
    kind text not null,
    key text not null,
    organisation_id bigint,
    subject_id bigint not null default 0,
    data jsonb not null default '{}',
    request text not null default '',
    state text not null default 'ready' check (state in ('ready', 'running', 'dead')),
    attempt int not null default 0,
    deaths int not null default 0, -- workers that died over it
    rank smallint not null default 0, -- who goes first: -1 money, 0 the rest, 1 kept pages, 2 what can wait; no others
    run_at timestamptz not null default now(),
    lease_until timestamptz,
    worker text,
    error text,
    created_at timestamptz not null default now()
);
-- Unique while it waits, runs or lies dead: adding it again changes nothing.
create unique index job_key on work.job (key);
create index job_next on work.job (rank, run_at, id) where state = 'ready';
create index job_leased on work.job (lease_until) where state = 'running';
create index job_dead on work.job (id) where state = 'dead';

create table work.cron (
    name text primary key,
    last_run timestamptz not null
);

grant select, insert, update, delete on work.outbox, work.sequence, work.job, work.cron
    to talat_app;
grant select on work.outbox, work.job, work.cron to talat_readonly;

-- The queue is the house's own. A feature adds to it whoever it works for, and sees of it what
-- its own transaction has just written, to be told the number.
alter table work.outbox enable row level security;
alter table work.outbox force row level security;
create policy house on work.outbox for all using (base.is_platform()) with check (base.is_platform());
create policy told on work.outbox for insert with check (true);
create policy fresh on work.outbox for select using (created_at = now());
alter table work.job enable row level security;
alter table work.job force row level security;
create policy house on work.job for all using (base.is_platform()) with check (base.is_platform());
create policy told on work.job for insert with check (true);
create policy fresh on work.job for select using (created_at = now());
alter table work.sequence enable row level security;
alter table work.sequence force row level security;
create policy house on work.sequence for all
    using (base.is_platform()) with check (base.is_platform());
alter table work.cron enable row level security;
alter table work.cron force row level security;
create policy house on work.cron for all using (base.is_platform()) with check (base.is_platform());

-- Writes an event in the caller's transaction; may wake the job workers when it commits.
create function work.tell(of_kind text, organisation bigint, subject bigint, beside jsonb,
    by_request text, wake boolean) returns void language plpgsql as $$
begin
    insert into work.outbox (kind, organisation_id, subject_id, data, request)
    values (of_kind, organisation, subject, beside, by_request);
    if wake then perform pg_notify('talat_work', ''); end if;
end $$;
-- Several of one kind.
create function work.tell_all(of_kind text, organisations bigint[], subjects bigint[], besides jsonb[],
    by_requests text[], wake boolean) returns void language plpgsql as $$
begin
    insert into work.outbox (kind, organisation_id, subject_id, data, request)
    select of_kind, u.organisation, u.subject, u.beside, u.request
      from unnest(organisations, subjects, besides, by_requests)
           as u(organisation, subject, beside, request);
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;

-- Adds a job unless one with its key waits, runs or lies dead; may wake the workers.
create function work.add_job(of_kind text, by_key text, organisation bigint, subject bigint,
    beside jsonb, by_request text, at timestamptz, of_rank bigint, wake boolean) returns void
language plpgsql as $$
begin
    insert into work.job (kind, key, organisation_id, subject_id, data, request, run_at, rank)
    values (of_kind, by_key, organisation, subject, beside, by_request, coalesce(at, now()),
        of_rank)
        on conflict (key) do nothing;
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;
-- Several of one kind, as soon as may be, each of a subject and of no organisation.
create function work.add_jobs(of_kind text, by_keys text[], subjects bigint[], by_requests text[],
    of_rank bigint, wake boolean) returns void language plpgsql as $$
begin
    insert into work.job (kind, key, subject_id, request, rank)
    select of_kind, u.key, u.subject, u.request, of_rank
      from unnest(by_keys, subjects, by_requests) as u(key, subject, request)
        on conflict (key) do nothing;
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;

-- Events nobody has read, oldest first: gives each its number within its organisation and makes the
-- jobs of who hears it; the event's id makes the job's key. One reader at a time: whoever does not
-- get the lock reads nothing. The row is looked at again when it is locked, since the reader before
-- may have ended after this statement had begun. A number that was given must not be given again,
-- so this commit does wait for the disk.
create function work.read_events(most bigint, heard text[], jobs text[], unless text[],
    ranks bigint[]) returns bigint language plpgsql as $$
declare
    n bigint;
begin
    perform from work.outbox where read_at is null limit 1;
    if not found or not pg_try_advisory_xact_lock(7421001) then return 0; end if;
    with mine as materialized (
        select o.id, o.organisation_id, o.kind, o.subject_id, o.data, o.request
          from work.outbox o where o.read_at is null order by o.id limit most
           for update skip locked
    ), placed as (
        select m.id, m.organisation_id,
               row_number() over (partition by m.organisation_id order by m.id) as n,
               count(*) over (partition by m.organisation_id) as many
          from mine m
    ), counted as (
        insert into work.sequence as s (organisation_id, last)
        select p.organisation_id, max(p.many) from placed p where p.organisation_id is not null
         group by p.organisation_id
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
          join unnest(heard, jobs, unless, ranks) as r(event, job, unless, rank)
            on (m.kind = r.event
                or (r.event like '%*' and starts_with(m.kind, rtrim(r.event, '*'))))
           and not (r.unless <> '' and m.data ? r.unless)
         order by m.id
            on conflict (key) do nothing
    )
    select count(*) into n from mine;
    if n > 0 then perform set_config('synchronous_commit', 'on', true); end if;
    return n;
end $$;

-- Takes what is due, by rank and then what has waited longest; two workers never get the same job.
-- Several go together only as long as they are quick and no worker has died over one: the first
-- that is not ends the row, or goes alone. Kinds that are left are another worker's.
create function work.claim(most bigint, lease_us bigint, by_worker text, quick text[],
    leave text[])
returns table (place bigint, job bigint, of_kind text, with_key text, organisation bigint,
    subject bigint, beside jsonb, by_request text, try int) language plpgsql as $$
begin
    return query
    with due as materialized (
        select w.id, w.rank, w.run_at, w.is_quick
          from (values (-1), (0), (1), (2)) as r(rank),
               lateral (select j.id, j.rank, j.run_at,
                               j.deaths = 0 and j.kind = any(quick) as is_quick
                          from work.job j
                         where j.state = 'ready' and j.rank = r.rank
                           and j.run_at <= statement_timestamp()
                           and not j.kind = any(leave)
                         order by j.run_at, j.id
                         limit most
                           for update skip locked) as w
         order by w.rank, w.run_at, w.id
         limit most
    ), lined as (
        select d.id, row_number() over in_turn as place, bool_and(d.is_quick) over in_turn as all_quick
          from due d window in_turn as (order by d.rank, d.run_at, d.id)
    ), mine as (
        update work.job j
           set state = 'running', attempt = attempt + 1, worker = by_worker,
               lease_until = clock_timestamp() + lease_us * interval '1 microsecond'
         where j.id = any(array(select l.id from lined l where l.place = 1 or l.all_quick))
        returning j.id, j.kind, j.key, coalesce(j.organisation_id, 0) as organisation_id,
            j.subject_id, j.data, j.request, j.attempt
    )
    select l.place, m.id, m.kind, m.key, m.organisation_id, m.subject_id, m.data, m.request,
           m.attempt
      from mine m join lined l on l.id = m.id;
end $$;

-- A worker's turn: what it has run is gone, events become jobs, what is due is taken; last of all, in
-- a row without a job, how many events were read and when the next job is due. Nobody waits for this
-- commit unless events were read: a claim that is lost with the database's machine leaves the job
-- due, a finish that is lost runs it once more, and a job may run more than once. However many wait, only
-- what is taken is read: the plans of a short queue would read it whole, when it is long as well.
create function work.turn(done bigint[], tries bigint[], most_events bigint, heard text[],
    jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, by_worker text,
    quick text[], leave text[])
returns table (events bigint, wait_us bigint, place bigint, job bigint, of_kind text,
    with_key text, organisation bigint, subject bigint, beside jsonb, by_request text, try int)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    if done <> '{}' then
        delete from work.job j using unnest(done, tries) as d(id, attempt)
         where j.id = d.id and j.attempt = d.attempt and j.state = 'running';
    end if;
    events := work.read_events(most_events, heard, jobs, unless, ranks);
    for place, job, of_kind, with_key, organisation, subject, beside, by_request, try in
        select c.* from work.claim(most, lease_us, by_worker, quick, leave) c order by c.place
    loop
        return next;
    end loop;
    place := null;
    job := null;
    select (extract(epoch from min(n.run_at) - clock_timestamp()) * 1000000)::bigint into wait_us
      from (values (-1), (0), (1), (2)) as r(rank),
           lateral (select j.run_at from work.job j where j.state = 'ready' and j.rank = r.rank
                       and not j.kind = any(leave) order by j.run_at limit 1) as n;
    return next;
end $$;
-- As programs of the version before call them.
create function work.claim(most bigint, lease_us bigint, by_worker text, quick text[])
returns table (place bigint, job bigint, of_kind text, with_key text, organisation bigint,
    subject bigint, beside jsonb, by_request text, try int) language plpgsql as $$
begin
    return query select * from work.claim(most, lease_us, by_worker, quick, '{}');
end $$;
create function work.turn(done bigint[], tries bigint[], most_events bigint, heard text[],
    jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, by_worker text,
    quick text[])
returns table (events bigint, wait_us bigint, place bigint, job bigint, of_kind text,
    with_key text, organisation bigint, subject bigint, beside jsonb, by_request text, try int)
language plpgsql as $$
begin
    return query select * from work.turn(done, tries, most_events, heard, jobs, unless, ranks, most,
        lease_us, by_worker, quick, '{}');
end $$;
