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
