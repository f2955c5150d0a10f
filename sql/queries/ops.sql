-- ops: the schema's changes, and a pulse.

-- name: pulse :one
-- Something that needs the database and costs it nothing.
select now() as at;

-- name: has_schema :one
select to_regclass('ops.change') is not null as yes;

-- name: changes :many
select name from ops.change order by name;
-- name: mark :maybe
-- in: name text
select value from ops.mark where name = :name;

-- name: put_mark :exec
-- in: name text, value text
insert into ops.mark as m (name, value) values (:name, :value)
    on conflict (name) do update set value = excluded.value where m.value <> excluded.value;
