-- vault: data keys, wrapped.

-- name: current :maybe
-- in: whose text, owner bigint
-- is_settled: it is no child of this transaction, which may come to nothing.
select id, whose, owner_id, wrapped, is_current, created_at < now() as is_settled from vault.key
 where whose = :whose and owner_id = :owner and is_current;

-- name: key :maybe
-- in: id bigint, whose text, owner bigint
select id, whose, owner_id, wrapped, is_current, created_at < now() as is_settled from vault.key
 where id = :id and whose = :whose and owner_id = :owner;

-- name: of_owner :many
-- in: whose text, owner bigint, most bigint
select id, whose, owner_id, wrapped from vault.key
 where whose = :whose and owner_id = :owner and wrapped <> '' order by id desc limit :most;

-- name: add :exec
-- in: whose text, owner bigint, wrapped text
-- Whoever comes second uses the first one's.
insert into vault.key (whose, owner_id, wrapped) values (:whose, :owner, :wrapped)
on conflict (whose, owner_id) where is_current do nothing;

-- name: retire :exec
-- in: id bigint
update vault.key set is_current = false where id = :id and is_current and wrapped <> '';

-- name: rewrap :exec
-- in: id bigint, wrapped text, before text
update vault.key set wrapped = :wrapped where id = :id and wrapped = :before;

-- name: destroy :exec
-- in: whose text, owner bigint
update vault.key set wrapped = ''
 where whose = :whose and owner_id = :owner and wrapped <> '';

-- name: all :many
-- in: after bigint, most bigint
select id, whose, owner_id, wrapped, is_current from vault.key
 where id > :after order by id limit :most;

-- name: last :one
select coalesce(max(id), 0)::bigint as id from vault.key;

-- name: retire_before :exec
-- in: id bigint, whose text, owner bigint
update vault.key set is_current = false
 where whose = :whose and owner_id = :owner and is_current and id < :id and wrapped <> '';

-- name: put :exec
-- in: id bigint, whose text, owner bigint, wrapped text, is_current bool
-- From a list of keys: what was destroyed in either stays destroyed, and each has one current key.
insert into vault.key as k (id, whose, owner_id, wrapped, is_current)
overriding system value
select :id, :whose, :owner, case now_is.wrapped when '' then '' else :wrapped end,
       :is_current and now_is.id is null
  from (select) one left join vault.key now_is
    on now_is.whose = :whose and now_is.owner_id = :owner and now_is.is_current
on conflict (id) do update set wrapped = ''
 where excluded.wrapped = '' and k.whose = excluded.whose and k.owner_id = excluded.owner_id;
