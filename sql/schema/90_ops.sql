-- ops: which changes of the schema have been made.
create schema ops;
grant usage on schema ops to talat_app, talat_readonly;
create table ops.change (
    name text primary key,
    applied_at timestamptz not null default now()
);
grant select on ops.change to talat_app, talat_readonly;
