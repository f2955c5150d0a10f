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
    read_at timestamptz,
    unique (organisation_id, seq)
);
create index outbox_unread on work.outbox (id) where read_at is null;
create index outbox_old on work.outbox (created_at);

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
    rank smallint not null default 0, -- who goes first: -1 money, 0 the rest, 1 what can wait
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
