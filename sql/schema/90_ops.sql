-- ops: which changes of the schema have been made.
create schema ops;
grant usage on schema ops to talat_app, talat_readonly;
create table ops.change (
    name text primary key,
    applied_at timestamptz not null default now()
);
grant select on ops.change to talat_app, talat_readonly;
-- Small facts the tools keep about this database: which demo catalogue it has.
create table ops.mark (
    name text primary key,
    value text not null
);
grant select, insert, update on ops.mark to talat_app;
-- What the doctor has looked at by the clock, and what it found wrong.
create table ops.look (
    name text primary key check (length(name) <= 40),
    looked_at timestamptz not null
);
-- mark: which of its check's it is, whatever numbers its words have just now.
create table ops.finding (
    id bigint generated always as identity primary key,
    name text not null check (length(name) <= 40),
    mark text not null check (length(mark) <= 200),
    level text not null check (level in ('warning', 'wrong')),
    what text not null check (length(what) <= 1000),
    fix text not null check (length(fix) <= 2000),
    since timestamptz not null,
    seen_at timestamptz not null,
    well_at timestamptz,                     -- not seen any more since then; over, when that lasts
    over_at timestamptz,
    is_back boolean not null default false,  -- within a day of being over
    told_at timestamptz,                     -- in which mail last
    news_at timestamptz,                     -- ... as something new
    told_level text,
    known_at timestamptz,                    -- somebody lives with it: nobody is told of it again
    known_level text                         -- ... unless it is worse than that
);
create unique index finding_open on ops.finding (name, mark) where over_at is null;
create index finding_over on ops.finding (over_at desc) where over_at is not null;
do $$ declare t text; begin
    foreach t in array array['look', 'finding'] loop
        execute format('alter table ops.%I enable row level security', t);
        execute format('alter table ops.%I force row level security', t);
        execute format('create policy house on ops.%I for all using (base.is_platform())'
            ' with check (base.is_platform())', t);
    end loop;
end $$;
grant select, insert, update, delete on ops.look, ops.finding to talat_app;
