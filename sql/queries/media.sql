-- name: by_stem :maybe
-- in: organisation bigint, stem text
-- Wanted again: it is not loose from now on, and whoever is dropping it has dropped it by then.
with taken as (
    update media.picture set loose_since = null
     where organisation_id = :organisation and stem = :stem and loose_since is not null
    returning id, widths
)
select id, widths from taken
union all
select id, widths from media.picture
 where organisation_id = :organisation and stem = :stem and loose_since is null;

-- name: add :one
-- in: organisation bigint, stem text, width bigint, height bigint, widths bigint[]
insert into media.picture as p (organisation_id, stem, width, height, widths)
values (:organisation, :stem, :width::int, :height::int, :widths::bigint[]::int[])
    on conflict (organisation_id, stem) do update
   set width = excluded.width, height = excluded.height, widths = excluded.widths,
       loose_since = null
returning p.id;

-- name: after :many
-- in: after bigint, most bigint
-- All pictures, a piece at a time.
select id, stem, widths from media.picture where id > :after order by id limit :most;

-- name: loosen :exec
-- in: ids bigint[], at timestamptz?
-- Since when nothing shows them; null: something does.
update media.picture set loose_since = :at
 where id = any(:ids) and (loose_since is null) = (:at is not null);

-- name: drop :many
-- in: ids bigint[]
-- Whose files nobody else has, as another organisation may that stored the same picture.
with gone as (delete from media.picture where id = any(:ids) returning stem)
select distinct g.stem from gone g
 where not exists (select from media.picture o where o.stem = g.stem and o.id <> all(:ids));
