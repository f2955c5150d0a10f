-- name: by_stem :maybe
-- in: organisation bigint, stem text
select id, widths from media.picture where organisation_id = :organisation and stem = :stem;

-- name: add :one
-- in: organisation bigint, stem text, width bigint, height bigint, widths bigint[]
insert into media.picture as p (organisation_id, stem, width, height, widths)
values (:organisation, :stem, :width::int, :height::int, :widths::bigint[]::int[])
    on conflict (organisation_id, stem) do update
   set width = excluded.width, height = excluded.height, widths = excluded.widths
returning p.id;

-- name: after :many
-- in: after bigint, most bigint
-- All pictures, a piece at a time.
select id, stem, widths from media.picture where id > :after order by id limit :most;
