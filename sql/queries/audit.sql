-- audit: what happened without changing a row, and sealing what is written.

-- name: tell :one
-- in: organisation bigint?, kind text, did text, thing text, id text, data jsonb
select audit.tell(:organisation, :kind, :did, :thing, :id, :data) is null as told;

-- name: seal :maybe
select seal_id, seal_hash, entries from audit.seal_some();

-- name: cut :maybe
-- in: older timestamptz
select seal_id, entries from audit.cut(:older);
