-- ops: the schema's changes, and a pulse.

-- name: pulse :one
-- Something that needs the database and costs it nothing.
select now() as at;

-- name: has_schema :one
select to_regclass('ops.change') is not null as yes;

-- name: changes :many
select name from ops.change order by name;

-- name: lock_schema :one
-- One migration at a time; the lock goes with the connection.
select pg_try_advisory_lock(7421002) as got;

-- name: mark :maybe
-- in: name text
select value from ops.mark where name = :name;

-- name: put_mark :exec
-- in: name text, value text
insert into ops.mark as m (name, value) values (:name, :value)
    on conflict (name) do update set value = excluded.value where m.value <> excluded.value;

-- name: has_database :one
-- in: name text
select exists(select from pg_database where datname = :name) as yes;

-- name: has_nothing :one
-- A schema that nobody has put anything into yet.
select not exists(select from auth.person) and not exists(select from catalog.product)
       and not exists(select from orders."order") as yes;

-- name: counted :one
-- What database_counts has left here.
select current_setting('talat.counts', true)::jsonb as counts;

-- name: snapshot :one
-- For pg_dump to see what this transaction sees.
select pg_export_snapshot() as id, now() as at;

-- name: owners :many
-- How functions that are not the database owner's come to be theirs again.
select format('grant create on schema %1$I to %2$I; alter %3$s %4$s owner to %2$I; '
           || 'revoke create on schema %1$I from %2$I', n.nspname, r.rolname,
           case p.prokind when 'p' then 'procedure' else 'function' end,
           p.oid::regprocedure) as sql
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_roles r on r.oid = p.proowner
  join pg_database d on d.datname = current_database() and d.datdba <> p.proowner
 where n.nspname !~ '^(pg_|information_schema)'
   and not exists (select from pg_depend e
                    where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
 order by p.oid;
