-- What only a superuser can do, before talatctl migrate: roles, the database, extensions.
-- psql -d postgres -f sql/bootstrap.sql, as the cluster's superuser. Idempotent.
\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;

do $$
begin
    if not exists (select from pg_roles where rolname = 'talat_owner') then
        create role talat_owner login nosuperuser nobypassrls createdb nocreaterole;
    end if;
    -- Nobody logs in as talat_search. It owns the SECURITY DEFINER search functions: under
    -- forced row level security their owner is filtered too, and row level security keeps
    -- GIN indexes from being used, so the functions test the tenant themselves.
    if not exists (select from pg_roles where rolname = 'talat_search') then
        create role talat_search nologin nosuperuser bypassrls;
    end if;
    -- Nobody logs in as talat_backup either: the owner becomes it to read all rows of all
    -- tenants into a backup, which forced row level security would keep from the owner too.
    if not exists (select from pg_roles where rolname = 'talat_backup') then
        create role talat_backup nologin nosuperuser bypassrls;
    end if;
end $$;
-- The owner may hand functions over to it.
grant talat_search, talat_backup to talat_owner;
-- A backup is restored into a database beside the shop's own, which then gives way to it.
alter role talat_owner createdb;
-- talatctl doctor looks at settings, disks and statements.
grant pg_signal_backend, pg_monitor to talat_owner;

\ir roles.sql

-- Whatever locale the cluster has: letters are folded the same in every shop.
select 'create database talat owner talat_owner encoding ''UTF8'' locale ''C.UTF-8'' template template0'
where not exists (select from pg_database where datname = 'talat') \gexec

\connect talat
set client_min_messages = warning;
create extension if not exists pg_trgm;
create extension if not exists unaccent;
create extension if not exists btree_gin;
create extension if not exists btree_gist;

revoke create on schema public from public;
revoke all on database talat from public;
grant connect, create, temporary on database talat to talat_owner;
grant connect on database talat to talat_app, talat_readonly;
