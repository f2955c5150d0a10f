-- The shelves themselves, at the desk. They are few; what stands on them may be many.

-- name: hold_tree :exec
-- One at a time: two that are moved at once could end up under each other.
select pg_advisory_xact_lock(7421033);

-- name: tree :many
-- in: lang text, most bigint, counted bigint
-- All categories, each above those that stand under it. Products are counted up to a bound, those
-- that whoever looks may see.
with recursive down (id, parent_id, slug, names, position, level, way) as (
    select c.id, 0::bigint, c.slug, c.names, c.position, 1::bigint, array[c.position::bigint, c.id]
      from catalog.category c where c.parent_id is null
    union all
    select c.id, d.id, c.slug, c.names, c.position, d.level + 1,
           d.way || array[c.position::bigint, c.id]
      from down d join catalog.category c on c.parent_id = d.id
     where d.level < 50
)
select d.id, d.slug, base.said(d.names, :lang) as name, d.level, d.place, d.many,
       coalesce((select p.slug from catalog.category p where p.id = d.parent_id), '') as parent,
       (select count(*) from (select from catalog.product_category pc
                               where pc.category_id = d.id limit :counted) n) as products,
       (select count(*) from (select from catalog.shelf s
                               where s.category_id = d.id limit :counted) n) as shown
  from (select x.id, x.parent_id, x.slug, x.names, x.level, x.way,
               row_number() over (partition by x.parent_id order by x.position, x.id) as place,
               count(*) over (partition by x.parent_id) as many
          from down x order by x.way limit :most) d
 order by d.way;

-- name: shelf_of_slug :maybe
-- in: slug text, counted bigint
-- `seen`: changes with any of its words, and where it stands.
select c.id, c.organisation_id, c.slug, c.names, c.descriptions,
       coalesce(c.parent_id, 0) as parent_id, coalesce(p.slug, '') as parent,
       (select count(*) from catalog.category s
         where s.parent_id is not distinct from c.parent_id
           and (s.position, s.id) <= (c.position, c.id)) as place,
       exists (select from catalog.category b where b.parent_id = c.id) as has_children,
       (select count(*) from (select from catalog.product_category pc
                               where pc.category_id = c.id limit :counted) n) as products,
       md5(concat_ws(chr(31), c.names, c.descriptions, c.parent_id)) as seen
  from catalog.category c
  left join catalog.category p on p.id = c.parent_id
 where c.slug = :slug;

-- name: category_fits :one
-- in: category bigint, parent bigint
-- Under that parent (category 0: a new one): how deep the deepest of it would stand, and whether
-- the parent is itself, or stands below it. How many there are.
with recursive up (id, parent_id, n) as (
    select c.id, c.parent_id, 1::bigint from catalog.category c where c.id = :parent
    union all
    select c.id, c.parent_id, u.n + 1 from up u join catalog.category c on c.id = u.parent_id
     where u.n < 50
), down (id, n) as (
    select :category::bigint, 1::bigint
    union all
    select c.id, d.n + 1 from down d join catalog.category c on c.parent_id = d.id
     where d.n < 50
)
select exists (select from up where up.id = :category) as is_below,
       coalesce((select max(up.n) from up), 0) + (select max(down.n) from down) as depth,
       (select count(*) from catalog.category) as many;

-- name: hold_below :one
-- in: category bigint
-- Nobody puts a product into it, or below it, meanwhile.
with recursive down (id) as (
    select :category::bigint
    union
    select c.id from down d join catalog.category c on c.parent_id = d.id
)
select count(*) as n
  from (select c.id from catalog.category c where c.id in (select down.id from down)
         order by c.id for update) held;

-- name: hold_products :one
-- in: category bigint, most bigint
-- The products in it and below it, up to that many: whoever saves one of them waits.
with recursive down (id) as (
    select :category::bigint
    union
    select c.id from down d join catalog.category c on c.parent_id = d.id
)
select count(*) as n
  from (select p.id from catalog.product p
         where p.id in (select pc.product_id from catalog.product_category pc
                          join down d on d.id = pc.category_id)
         order by p.id limit :most for no key update) held;

-- name: add_shelf :maybe
-- in: slug text, parent bigint, names jsonb, descriptions jsonb
-- The last among its siblings. Nothing: there is one of that slug.
insert into catalog.category (organisation_id, slug, parent_id, position, names, descriptions)
select o.id, :slug, nullif(:parent, 0),
       (select coalesce(max(s.position), 0) + 1 from catalog.category s
         where s.parent_id is not distinct from nullif(:parent, 0)), :names, :descriptions
  from auth.organisation o where o.slug = 'house'
    on conflict (slug) do nothing
returning id;

-- name: change_shelf :exec
-- in: category bigint, parent bigint, names jsonb, descriptions jsonb
-- Under another parent it stands last.
update catalog.category c
   set parent_id = nullif(:parent, 0), names = :names, descriptions = :descriptions,
       position = case when c.parent_id is not distinct from nullif(:parent, 0) then c.position
           else (select coalesce(max(s.position), 0) + 1 from catalog.category s
                  where s.parent_id is not distinct from nullif(:parent, 0)) end
 where c.id = :category
   and (c.parent_id, c.names, c.descriptions) is distinct from
       (nullif(:parent, 0), :names::jsonb, :descriptions::jsonb);

-- name: place_category :exec
-- in: category bigint, parent bigint, place bigint
-- Its siblings stand 1, 2, 3 .. around it; only what stands elsewhere then is written.
with others as (
    select s.id, row_number() over (order by s.position, s.id) as n
      from catalog.category s
     where s.parent_id is not distinct from nullif(:parent, 0) and s.id <> :category
), placed as (
    select o.id, case when o.n >= :place then o.n + 1 else o.n end as n from others o
    union all
    select :category, least(:place, (select count(*) + 1 from others))
)
update catalog.category c set position = p.n::int
  from placed p where p.id = c.id and c.position <> p.n;

-- name: move_products :exec
-- in: category bigint, target bigint
insert into catalog.product_category (product_id, category_id, organisation_id)
select pc.product_id, :target, pc.organisation_id
  from catalog.product_category pc where pc.category_id = :category
    on conflict do nothing;

-- name: raise_products :exec
-- in: category bigint
-- Whose form is of before it goes does not say where its product stands by now.
update catalog.product set version = version + 1
 where id in (select pc.product_id from catalog.product_category pc where pc.category_id = :category);

-- name: empty_category :exec
-- in: category bigint
delete from catalog.product_category where category_id = :category;

-- name: drop_category :exec
-- in: category bigint
delete from catalog.category where id = :category;

-- name: reshelve_below :exec
-- in: category bigint
-- It stands elsewhere now, or is about to go: what is on the shelf in it stands where the tables
-- say by now. As catalog.reshelve has it, but of very many products at once: nothing else of them is
-- another.
with recursive moved as (
    select s.product_id from catalog.shelf s where s.category_id = :category
), up (product_id, id) as (
    select m.product_id, pc.category_id
      from moved m join catalog.product_category pc on pc.product_id = m.product_id
    union
    select u.product_id, c.parent_id from up u join catalog.category c on c.id = u.id
     where c.parent_id is not null
), gone as (
    delete from catalog.shelf s using moved m
     where s.product_id = m.product_id and s.category_id <> 0
       and not exists (select from up u where u.product_id = s.product_id and u.id = s.category_id)
), named as (
    update catalog.sheet h set category_ids = n.ids
      from (select m.product_id, array(select pc.category_id from catalog.product_category pc
                    where pc.product_id = m.product_id order by pc.category_id) as ids
              from moved m) n
     where h.product_id = n.product_id and h.category_ids <> n.ids
    returning h.product_id
), told as (
    update catalog.offer o set edition = pg_current_xact_id()::text::bigint
      from named n where o.product_id = n.product_id
)
insert into catalog.shelf (category_id, newness, product_id, organisation_id)
select u.id, z.newness, z.product_id, z.organisation_id
  from up u join catalog.shelf z on z.product_id = u.product_id and z.category_id = 0
    on conflict do nothing;
