-- Writing: each part of a product, only where it differs. `changed` counts rows written.

-- name: find :maybe
-- in: slug text
-- Locks the product, so that two savers take turns.
select id, organisation_id, version from catalog.product where slug = :slug for update;

-- name: lookup :maybe
-- in: slug text
select id, organisation_id from catalog.product where slug = :slug;

-- name: add_product :one
-- in: organisation bigint, slug text, status text?, brand text?, tax_class text?
-- in: featured bool?, specs jsonb?, created timestamptz?
insert into catalog.product
    (organisation_id, slug, status, brand, tax_class, featured, specs, created_at)
values (:organisation, :slug, coalesce(:status, 'published'), coalesce(:brand, ''),
    coalesce(:tax_class, 'standard'), coalesce(:featured, false), coalesce(:specs, '[]'),
    coalesce(:created, now()))
returning id;

-- name: change_product :exec
-- in: product bigint, status text?, brand text?, tax_class text?, featured bool?, specs jsonb?
-- in: created timestamptz?
update catalog.product p
   set status = coalesce(:status, p.status), brand = coalesce(:brand, p.brand),
       tax_class = coalesce(:tax_class, p.tax_class),
       featured = coalesce(:featured, p.featured), specs = coalesce(:specs, p.specs),
       created_at = coalesce(:created, p.created_at)
 where p.id = :product
   and (p.status, p.brand, p.tax_class, p.featured, p.specs, p.created_at) is distinct from
       (coalesce(:status, p.status), coalesce(:brand, p.brand),
        coalesce(:tax_class, p.tax_class), coalesce(:featured, p.featured),
        coalesce(:specs, p.specs), coalesce(:created, p.created_at));

-- name: touch_product :exec
-- in: product bigint
update catalog.product set version = version + 1, updated_at = now() where id = :product;

-- name: reshelve :exec
-- in: product bigint
select catalog.reshelve(array[:product]);

-- name: restock :exec
-- in: item bigint
select catalog.restock(:item);

-- name: put_text :exec
-- in: product bigint, organisation bigint, lang text, name text, summary text, description text
-- in: words_a text, words_b text, words_c text, folded text
insert into catalog.product_text as x
    (product_id, organisation_id, lang, name, summary, description, words, folded)
values (:product, :organisation, :lang, :name, :summary, :description,
    setweight(to_tsvector('simple', :words_a), 'A') || setweight(to_tsvector('simple', :words_b), 'B')
        || setweight(to_tsvector('simple', :words_c), 'C'), :folded)
    on conflict (product_id, lang) do update
   set name = excluded.name, summary = excluded.summary, description = excluded.description,
       words = excluded.words, folded = excluded.folded
 where (x.name, x.summary, x.description, x.words, x.folded) is distinct from
       (excluded.name, excluded.summary, excluded.description, excluded.words, excluded.folded);

-- name: drop_text :exec
-- in: product bigint, lang text
delete from catalog.product_text where product_id = :product and lang = :lang;

-- name: put_categories :one
-- in: product bigint, organisation bigint, slugs text[], keep bool
-- `keep`, here and below: what is there and not named stays (an import adds, it takes nothing).
with want as (
    select c.id from catalog.category c where c.slug = any(:slugs::text[])
), gone as (
    delete from catalog.product_category pc
     where pc.product_id = :product and not :keep
       and pc.category_id not in (select id from want)
    returning 1 as one
), put as (
    insert into catalog.product_category (product_id, category_id, organisation_id)
    select :product, w.id, :organisation from want w
        on conflict do nothing
    returning 1 as one
)
select (select count(*) from gone) + (select count(*) from put) as changed,
       (select count(*) from want) as known;

-- name: put_options :one
-- in: product bigint, organisation bigint, doc jsonb, keep bool
with want as (
    select o.one ->> 'code' as code, o.place::int as position, o.one -> 'name' as names
      from jsonb_array_elements(:doc) with ordinality as o(one, place)
), gone as (
    delete from catalog.option x
     where x.product_id = :product and not :keep
       and not exists (select from want w where w.code = x.code)
    returning 1 as one
), put as (
    insert into catalog.option as x (product_id, organisation_id, code, position, names)
    select :product, :organisation, w.code, w.position, w.names from want w
        on conflict (product_id, code) do update
       set position = excluded.position, names = excluded.names
     where (x.position, x.names) is distinct from (excluded.position, excluded.names)
    returning 1 as one
)
select (select count(*) from gone) + (select count(*) from put) as changed;

-- name: put_values :one
-- in: product bigint, organisation bigint, doc jsonb, keep bool
with want as (
    select x.id as option_id, v.one ->> 'code' as code, v.place::int as position,
           v.one -> 'name' as names
      from jsonb_array_elements(:doc) as o(one)
      join catalog.option x on x.product_id = :product and x.code = o.one ->> 'code'
     cross join lateral jsonb_array_elements(o.one -> 'values') with ordinality as v(one, place)
), gone as (
    delete from catalog.option_value x
     where x.product_id = :product and not :keep
       and not exists (select from want w where w.option_id = x.option_id and w.code = x.code)
    returning 1 as one
), put as (
    insert into catalog.option_value as x
        (option_id, product_id, organisation_id, code, position, names)
    select w.option_id, :product, :organisation, w.code, w.position, w.names from want w
        on conflict (option_id, code) do update
       set position = excluded.position, names = excluded.names
     where (x.position, x.names) is distinct from (excluded.position, excluded.names)
    returning 1 as one
)
select (select count(*) from gone) + (select count(*) from put) as changed;

-- name: variants_of :many
-- in: product bigint
-- All of a product, the inactive too; `stale` when its value ids are not what its tags say.
select v.id, v.sku, v.item_id, v.tags, v.position::bigint as position, v.active,
       v.weight_g::bigint as weight_g, i.tracked,
       v.value_ids is distinct from array(
           select ov.id from catalog.option o
             join catalog.option_value ov on ov.option_id = o.id
            where o.product_id = v.product_id and (o.code || '=' || ov.code) = any(v.tags)
            order by o.position, o.id) as stale
  from catalog.variant v
  join inventory.item i on i.id = v.item_id
 where v.product_id = :product
 order by v.active desc, v.position, v.id;

-- name: sku_taken :maybe
-- in: organisation bigint, sku text, product bigint
-- The product, other than this one, that sells under that SKU.
select p.slug from catalog.variant v
  join catalog.product p on p.id = v.product_id
 where v.organisation_id = :organisation and v.sku = :sku and v.product_id <> :product;

-- name: of_sku :maybe
-- in: organisation bigint, sku text
-- The product that sells under that SKU.
select p.slug from catalog.variant v
  join catalog.product p on p.id = v.product_id
 where v.organisation_id = :organisation and v.sku = :sku and v.active;

-- name: add_variant :one
-- in: product bigint, organisation bigint, item bigint, sku text, position bigint
-- in: weight_g bigint, tags text[]
insert into catalog.variant
    (product_id, organisation_id, item_id, sku, position, weight_g, tags, value_ids)
values (:product, :organisation, :item, :sku, :position::int, :weight_g::int, :tags::text[], array(
    select ov.id from catalog.option o
      join catalog.option_value ov on ov.option_id = o.id
     where o.product_id = :product and (o.code || '=' || ov.code) = any(:tags::text[])
     order by o.position, o.id))
returning id;

-- name: change_variant :exec
-- in: variant bigint, item bigint, sku text, position bigint, weight_g bigint, active bool
-- in: tags text[]
update catalog.variant v
   set item_id = :item, sku = :sku, position = :position::int, weight_g = :weight_g::int,
       active = :active, tags = :tags::text[], value_ids = array(
           select ov.id from catalog.option o
             join catalog.option_value ov on ov.option_id = o.id
            where o.product_id = v.product_id and (o.code || '=' || ov.code) = any(:tags::text[])
            order by o.position, o.id)
 where v.id = :variant;

-- name: set_aside :exec
-- in: variant bigint, sku text
update catalog.variant set sku = :sku where id = :variant;

-- name: retire_variant :exec
-- in: variant bigint
-- Out of the shop, kept for the orders that name it; its place among the values is given up.
update catalog.variant set active = false, value_ids = array[-id]
 where id = :variant and active;

-- name: put_prices :one
-- in: product bigint, organisation bigint, doc jsonb, keep bool
-- doc: [{variant, prices: [{currency, amount, compare_at}]}]; each variant's prices become these.
with named as (
    select (x.one ->> 'variant')::bigint as variant_id, x.one -> 'prices' as prices
      from jsonb_array_elements(:doc) as x(one)
), want as (
    select n.variant_id, (r.one ->> 'currency')::char(3) as currency,
           (r.one ->> 'amount')::bigint as amount, (r.one ->> 'compare_at')::bigint as compare_at
      from named n cross join lateral jsonb_array_elements(n.prices) as r(one)
), gone as (
    delete from catalog.price x
     where x.product_id = :product and not :keep
       and x.variant_id in (select variant_id from named)
       and not exists (select from want w
           where w.variant_id = x.variant_id and w.currency = x.currency)
    returning 1 as one
), put as (
    insert into catalog.price as x
        (variant_id, product_id, organisation_id, currency, amount, compare_at)
    select w.variant_id, :product, :organisation, w.currency, w.amount, w.compare_at from want w
        on conflict (variant_id, currency) do update
       set amount = excluded.amount, compare_at = excluded.compare_at
     where (x.amount, x.compare_at) is distinct from (excluded.amount, excluded.compare_at)
    returning 1 as one
)
select (select count(*) from gone) + (select count(*) from put) as changed;

-- name: put_pictures :one
-- in: product bigint, organisation bigint, doc jsonb, keep bool
-- doc: [{picture, alt, tag}] in order.
with want as (
    select (x.one ->> 'picture')::bigint as picture_id, x.place::int as position,
           coalesce(x.one -> 'alt', '{}') as alts,
           (select ov.id from catalog.option o
              join catalog.option_value ov on ov.option_id = o.id
             where o.product_id = :product and o.code || '=' || ov.code = x.one ->> 'tag') as value_id
      from jsonb_array_elements(:doc) with ordinality as x(one, place)
), gone as (
    delete from catalog.product_picture x
     where x.product_id = :product and not :keep
       and not exists (select from want w where w.position = x.position)
    returning 1 as one
), put as (
    insert into catalog.product_picture as x
        (product_id, picture_id, organisation_id, position, alts, value_id)
    select :product, w.picture_id, :organisation, w.position, w.alts, w.value_id from want w
        on conflict (product_id, position) do update
       set picture_id = excluded.picture_id, alts = excluded.alts, value_id = excluded.value_id
     where (x.picture_id, x.alts, x.value_id) is distinct from
           (excluded.picture_id, excluded.alts, excluded.value_id)
    returning 1 as one
)
select (select count(*) from gone) + (select count(*) from put) as changed;

-- name: picture_sources :many
-- in: organisation bigint, slug text
-- Of the pictures a product has, those that files brought, and what the last of them called each.
select s.source, s.picture_id as picture
  from catalog.product p
  join catalog.picture_source s on s.product_id = p.id
 where p.organisation_id = :organisation and p.slug = :slug
   and exists (select from catalog.product_picture x
                where x.product_id = p.id and x.picture_id = s.picture_id);

-- name: put_picture_sources :exec
-- in: product bigint, organisation bigint, sources text[], pictures bigint[]
-- What the product does not show, or no longer, is forgotten.
with gone as (
    delete from catalog.picture_source s
     where s.product_id = :product and s.source <> all(:sources::text[])
       and not exists (select from catalog.product_picture x
                        where x.product_id = s.product_id and x.picture_id = s.picture_id)
)
insert into catalog.picture_source as s (product_id, source, picture_id, organisation_id)
select :product, u.source, u.picture, :organisation
  from unnest(:sources::text[], :pictures::bigint[]) as u(source, picture)
 where exists (select from catalog.product_picture x
                where x.product_id = :product and x.picture_id = u.picture)
    on conflict (product_id, source) do update set picture_id = excluded.picture_id
 where s.picture_id <> excluded.picture_id;

-- name: put_category :one
-- in: organisation bigint, slug text, parent text?, position bigint?, names jsonb
-- in: descriptions jsonb?, picture bigint?
-- {id, changed, moved, keeps_menu}: moved when it stands under another parent now; keeps_menu when the
-- menu shows it as before.
with was as (
    select id, parent_id, position, names from catalog.category where slug = :slug
), parent as (
    select coalesce((select id from catalog.category where slug = :parent),
        (select parent_id from was)) as id
), put as (
    insert into catalog.category as c
        (organisation_id, slug, parent_id, position, names, descriptions, picture_id)
    values (:organisation, :slug, (select id from parent), coalesce(:position, 0)::int, :names,
        coalesce(:descriptions, '{}'), :picture)
        on conflict (slug) do update
       set parent_id = excluded.parent_id, position = coalesce(:position::int, c.position),
           names = c.names || excluded.names,
           descriptions = c.descriptions || excluded.descriptions,
           picture_id = coalesce(:picture, c.picture_id)
     where (c.parent_id, c.position, c.names, c.descriptions, c.picture_id) is distinct from
           (excluded.parent_id, coalesce(:position::int, c.position),
            c.names || excluded.names, c.descriptions || excluded.descriptions,
            coalesce(:picture, c.picture_id))
    returning c.id, c.parent_id, c.position, c.names
)
select coalesce((select id from put), (select id from was)) as id,
       exists (select from put) as changed,
       exists (select from put join was on put.parent_id is distinct from was.parent_id) as moved,
       exists (select from put join was on (put.parent_id, put.position, put.names)
           is not distinct from (was.parent_id, was.position, was.names)) as keeps_menu;

-- name: reshelve_category :exec
-- in: category bigint
-- Everything below a category that has moved.
with recursive down (id) as (
    select :category
    union
    select c.id from down d join catalog.category c on c.parent_id = d.id
)
select catalog.reshelve(array_agg(p.id))
  from (select distinct pc.product_id as id from catalog.product_category pc
          join down d on d.id = pc.category_id) p;

-- name: put_front :exec
-- in: organisation bigint, picture bigint
insert into catalog.front as f (organisation_id, picture_id) values (:organisation, :picture)
    on conflict (organisation_id) do update set picture_id = excluded.picture_id
 where f.picture_id <> excluded.picture_id;
