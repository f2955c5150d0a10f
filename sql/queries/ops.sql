-- ops: the schema's changes, and a pulse.

-- name: pulse :one
-- Something that needs the database and costs it nothing.
select now() as at;

-- name: has_schema :one
select to_regclass('ops.change') is not null as yes;

-- name: changes :many
select name from ops.change order by name;
