-- watch: what looked wrong, and what browsers report.
create schema watch;
grant usage on schema watch to talat_app, talat_readonly;

create table watch.alert (
    id bigint generated always as identity primary key,
    kind text not null check (kind ~ '^[a-z-]{3,30}$'),
    person_id bigint not null default 0,
    network text not null default '' check (length(network) <= 50),
    country text not null default '', -- of that network, where it is known: TH
    hour timestamptz not null,
    count bigint not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    unique (kind, person_id, network, hour)
);
create index alert_last on watch.alert (last_at desc);
create index alert_hour on watch.alert (kind, hour);

-- Where staff came from before, and on what: a network ("n198.51.100.0/24"), a device's hash ("d..."),
-- a country ("cTH").
create table watch.place (
    person_id bigint not null,
    place text not null check (length(place) <= 60),
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    primary key (person_id, place)
);

-- What pages asked for and the policy forbade. No address, no person: the directive, where to
-- (an origin at most) and the page as the route table writes it.
create table watch.report (
    id bigint generated always as identity primary key,
    directive text not null check (length(directive) <= 40),
    blocked text not null check (length(blocked) <= 200),
    page text not null check (length(page) <= 200),
    count bigint not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    unique (directive, blocked, page)
);

do $$ declare t text; begin
    foreach t in array array['alert', 'place', 'report'] loop
        execute format('alter table watch.%I enable row level security', t);
        execute format('alter table watch.%I force row level security', t);
        execute format('create policy house on watch.%I for all using (base.is_platform())'
            ' with check (base.is_platform())', t);
    end loop;
end $$;
grant select, insert, update, delete on watch.alert, watch.place, watch.report to talat_app;
