-- Reading: what pages show. Cards come from the shelf (sql/schema/41_catalog_shelf.sql), one
-- product's page from the tables themselves.

-- name: featured :many
-- in: lang text, currency text
-- This and the next three: what a card says that may be another thing at any moment. The rest of
-- it is a face, and read when its edition is a new one. (The first page is headed by the first
-- one's picture.)
select s.product_id, s.stem, s.width, s.height, s.widths, s.alt, o.edition, o.free, o.endless,
       o.lows[array_position(o.currencies, :currency)] as low,
       o.highs[array_position(o.currencies, :currency)] as high,
       o.compares[array_position(o.currencies, :currency)] as compare_at
  from (select f.product_id, f.newness, f.stem, f.width, f.height, f.widths, f.alt
          from catalog.card f
         where f.lang = :lang and f.featured
         order by f.newness, f.product_id limit 8) s
  join catalog.offer o on o.product_id = s.product_id
 order by s.newness, s.product_id;

-- name: list_new :many
-- in: category bigint, currency text, after_k bigint, after_id bigint
-- A category (or all, for 0), newest first: 24 and one more, to know of a next page.
select s.newness as k, '' as t, s.product_id, o.edition, o.free, o.endless,
       o.lows[array_position(o.currencies, :currency)] as low,
       o.highs[array_position(o.currencies, :currency)] as high,
       o.compares[array_position(o.currencies, :currency)] as compare_at
  from catalog.shelf s
  join catalog.offer o on o.product_id = s.product_id
 where s.category_id = :category and (s.newness, s.product_id) > (:after_k, :after_id)
 order by s.newness, s.product_id limit 25;

-- name: sifted :many
-- in: category text, lang text, currency text, tags text[], low bigint?, high bigint?
-- in: available bool, sought text, folded text, sort text
-- in: after_k bigint, after_t text, after_id bigint
-- The same under search, filters and any sort: which products, without their cards.
select x.k, x.t, x.product_id
  from catalog.sift((select case when :category = '' then 0::bigint
               else (select g.id from catalog.category g where g.slug = :category) end), :lang, :currency, :tags, :low,
       :high, :available, :sought, :folded, :sort) x
 where (x.k, x.t collate "und-x-icu", x.product_id) > (:after_k, :after_t, :after_id)
 order by x.k, x.t collate "und-x-icu", x.product_id limit 25;

-- name: offers :many
-- in: products bigint[], currency text
select o.product_id, o.edition, o.free, o.endless,
       o.lows[array_position(o.currencies, :currency)] as low,
       o.highs[array_position(o.currencies, :currency)] as high,
       o.compares[array_position(o.currencies, :currency)] as compare_at
  from catalog.offer o where o.product_id = any(:products::bigint[]);

-- name: faces :many
-- in: products bigint[], lang text
-- What stays as it is until the product is put on the shelf anew, and so gets another edition.
select c.product_id, o.edition, c.slug, c.name, c.summary, c.brand, c.newness, c.has_options, c.sku,
       c.stem, c.width, c.height, c.widths, c.alt
  from catalog.card c
  join catalog.offer o on o.product_id = c.product_id
 where c.product_id = any(:products::bigint[]) and c.lang = :lang;

-- name: facets :many
-- in: category text, lang text, currency text, tags text[], low bigint?, high bigint?
-- in: available bool, sought text, folded text
select f.kind, f.code, f.value, f.code_name, f.value_name, f.n, f.n2
  from catalog.facets((select case when :category = '' then 0::bigint
               else (select g.id from catalog.category g where g.slug = :category) end), :lang, :currency, :tags, :low, :high,
       :available, :sought, :folded) f;

-- name: category :maybe
-- in: slug text, lang text
select c.id, c.organisation_id, c.slug, base.said(c.names, :lang) as name,
       base.said(c.descriptions, :lang) as description
  from catalog.category c where c.slug = :slug;

-- name: category_way :many
-- in: slug text, lang text
-- A category, and before it those above it, the topmost first.
with recursive up (id, parent_id, depth) as (
    select c.id, c.parent_id, 0 from catalog.category c where c.slug = :slug
    union all
    select p.id, p.parent_id, u.depth + 1
      from up u join catalog.category p on p.id = u.parent_id
     where u.depth < 10
)
select c.id, c.organisation_id, c.slug, base.said(c.names, :lang) as name,
       base.said(c.descriptions, :lang) as description
  from up join catalog.category c on c.id = up.id order by up.depth desc;

-- name: menu :many
-- in: lang text
-- All categories that show something, with what a picture of each needs.
select c.id, c.parent_id, c.slug, base.said(c.names, :lang) as name
  from catalog.category c
 where exists (select from catalog.shelf s where s.category_id = c.id)
 order by c.position, c.id;

-- name: category_pictures :many
-- in: lang text
-- The categories that have none below them, with a picture: their own, else their newest
-- product's.
select c.id, c.slug, base.said(c.names, :lang) as name, m.stem, m.width, m.height, m.widths,
       '' as alt
  from catalog.category c
  left join lateral (
       select coalesce(c.picture_id, (
              select pp.picture_id from catalog.shelf s
                join catalog.product_picture pp on pp.product_id = s.product_id and pp.position = 1
               where s.category_id = c.id order by s.newness, s.product_id limit 1)) as id) x on true
  left join media.picture m on m.id = x.id
 where not exists (select from catalog.category b where b.parent_id = c.id)
   and exists (select from catalog.shelf s where s.category_id = c.id)
 order by c.position, c.id
 limit 12;

-- name: front :maybe
-- The first page's picture.
select m.stem, m.width, m.height, m.widths, '' as alt
  from catalog.front f join media.picture m on m.id = f.picture_id
 order by f.organisation_id limit 1;

-- name: put_front :exec
-- in: organisation bigint, picture bigint
insert into catalog.front as f (organisation_id, picture_id) values (:organisation, :picture)
    on conflict (organisation_id) do update set picture_id = excluded.picture_id
 where f.picture_id <> excluded.picture_id;

-- name: product :maybe
-- in: slug text
-- Its page's sheet and the stock of its items (one may lie in several places).
select s.product_id as id, s.organisation_id, s.slug, s.document, s.category_ids, k.items, k.free
  from catalog.sheet s
 cross join lateral (
       select array_agg(x.item_id) as items, array_agg(x.on_hand - x.reserved) as free
         from inventory.stock x where x.item_id = any(s.item_ids)) k
 where s.slug = :slug;

-- name: categories_by_ids :many
-- in: ids bigint[], lang text
select c.id, c.slug, base.said(c.names, :lang) as name
  from catalog.category c where c.id = any(:ids::bigint[]) order by c.position, c.id;

-- name: options :many
-- in: slug text, lang text
-- This and the next for what open pages are sent. Options and their values, flat: a new
-- option begins where the code changes.
select o.code, base.said(o.names, :lang) as name, v.id as value_id, v.code as value_code,
       base.said(v.names, :lang) as value_name
  from catalog.product p
  join catalog.option o on o.product_id = p.id
  join catalog.option_value v on v.option_id = o.id
 where p.slug = :slug and p.status = 'published'
 order by o.position, o.id, v.position, v.id;

-- name: variants :many
-- in: slug text, currency text
select v.id, v.sku, v.item_id, v.value_ids, v.tags, r.amount, r.compare_at, i.tracked,
       coalesce(k.free, 0)::bigint as free
  from catalog.product p
  join catalog.variant v on v.product_id = p.id and v.active
  join inventory.item i on i.id = v.item_id
  left join catalog.price r on r.variant_id = v.id and r.currency = :currency::char(3)
  left join lateral (
       select sum(s.on_hand - s.reserved) as free from inventory.stock s
        where s.item_id = v.item_id) k on true
 where p.slug = :slug and p.status = 'published'
 order by v.position, v.id;

-- name: newest :many
-- in: category bigint
-- Those a product of this category is shown with; one of them may be itself.
select s.product_id from catalog.shelf s
 where s.category_id = :category order by s.newness, s.product_id limit 5;

-- name: by_ids :many
-- in: ids bigint[], lang text, currency text
-- Variants for carts and orders; only what is published and active is for sale.
select v.id, v.product_id, v.organisation_id, v.item_id, v.sku, p.slug, t.name, p.tax_class,
       v.weight_g::bigint as weight_g, r.amount as price, r.compare_at, i.tracked,
       coalesce(k.free, 0)::bigint as free, v.active,
       coalesce((select string_agg(base.said(ov.names, :lang), ', ' order by u.place)
          from unnest(v.value_ids) with ordinality as u(id, place)
          join catalog.option_value ov on ov.id = u.id), '') as options,
       m.stem, m.width, m.height, m.widths,
       coalesce(nullif(base.said(pp.alts, :lang), ''), t.name) as alt
  from catalog.variant v
  join catalog.product p on p.id = v.product_id and p.status = 'published'
  join inventory.item i on i.id = v.item_id
 cross join lateral (
       select x.name from catalog.product_text x where x.product_id = p.id
        order by x.lang = :lang desc, x.lang = 'en' desc, x.lang limit 1) t
  left join catalog.price r on r.variant_id = v.id and r.currency = :currency::char(3)
  left join lateral (
       select sum(s.on_hand - s.reserved) as free from inventory.stock s
        where s.item_id = v.item_id) k on true
  left join lateral (
       select y.picture_id, y.alts from catalog.product_picture y
        where y.product_id = p.id
        order by y.value_id is not null and y.value_id = any(v.value_ids) desc, y.position
        limit 1) pp on true
  left join media.picture m on m.id = pp.picture_id
 where v.id = any(:ids::bigint[]);

-- name: by_sku :maybe
-- in: sku text
-- The published product's variant of that SKU (of the oldest product, should two shops use it).
select v.id from catalog.variant v
  join catalog.product p on p.id = v.product_id and p.status = 'published'
 where v.sku = :sku and v.active
 order by p.id limit 1;

-- name: of_item :many
-- in: item bigint
-- Published products that sell an item.
select distinct p.id, p.slug from catalog.variant v
  join catalog.product p on p.id = v.product_id and p.status = 'published'
 where v.item_id = :item and v.active;

-- name: restock :exec
-- in: item bigint
select catalog.restock(:item);

-- name: shelves_of :many
-- in: product bigint
-- The categories whose lists show a product; 0 is the list of all.
select category_id from catalog.shelf where product_id = :product
union select 0;

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

-- name: put_category :one
-- in: organisation bigint, slug text, parent text?, position bigint?, names jsonb
-- in: descriptions jsonb?, picture bigint?
-- {id, changed, moved}: moved when it stands under another parent now.
with was as (
    select id, parent_id from catalog.category where slug = :slug
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
    returning c.id, c.parent_id
)
select coalesce((select id from put), (select id from was)) as id,
       exists (select from put) as changed,
       exists (select from put join was on put.parent_id is distinct from was.parent_id) as moved;

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

-- The back office: the organisation's own products, drafts and all.

-- name: staff_list :many
-- plan: anew
-- in: organisation bigint, lang text, currency text, q text, status text
-- in: before timestamptz?, before_id bigint
-- Last changed first: 50 and one more. q looks into names and SKUs.
select p.id, p.slug, p.status, p.updated_at, t.name, r.low, r.variants,
       coalesce(k.on_hand, 0)::bigint as on_hand, coalesce(k.reserved, 0)::bigint as reserved,
       m.stem, m.width, m.height, m.widths, '' as alt
  from catalog.product p
 cross join lateral (
       select x.name from catalog.product_text x where x.product_id = p.id
        order by x.lang = :lang desc, x.lang = 'en' desc, x.lang limit 1) t
 cross join lateral (
       select min(x.amount) as low, count(distinct v.id) as variants
         from catalog.variant v
         left join catalog.price x on x.variant_id = v.id and x.currency = :currency::char(3)
        where v.product_id = p.id and v.active) r
 cross join lateral (
       select sum(s.on_hand) as on_hand, sum(s.reserved) as reserved
         from catalog.variant v join inventory.stock s on s.item_id = v.item_id
        where v.product_id = p.id and v.active) k
  left join catalog.product_picture pp on pp.product_id = p.id and pp.position = 1
  left join media.picture m on m.id = pp.picture_id
 where p.organisation_id = :organisation
   and (:status = '' or p.status = :status)
   and (:q = '' or exists (
           select from catalog.product_text x
            where x.product_id = p.id and strpos(lower(x.name), lower(:q)) > 0)
       or exists (
           select from catalog.variant v
            where v.product_id = p.id and starts_with(lower(v.sku), lower(:q))))
   and (:before::timestamptz is null or (p.updated_at, p.id) < (:before, :before_id))
 order by p.updated_at desc, p.id desc
 limit 51;

-- name: staff_product :maybe
-- in: organisation bigint, slug text
select id, slug, status, brand, tax_class, featured, specs, version, updated_at
  from catalog.product where organisation_id = :organisation and slug = :slug;

-- name: staff_texts :many
-- in: organisation bigint, slug text
select t.lang, t.name, t.summary, t.description
  from catalog.product p join catalog.product_text t on t.product_id = p.id
 where p.organisation_id = :organisation and p.slug = :slug;

-- name: staff_categories :many
-- in: organisation bigint, slug text, lang text
-- All there are, and whether the product stands in them.
select c.slug, base.said(c.names, :lang) as name, pc.product_id is not null as is_on,
       coalesce(base.said(u.names, :lang), '') as above
  from catalog.category c
  left join catalog.category u on u.id = c.parent_id
  left join catalog.product p on p.organisation_id = :organisation and p.slug = :slug
  left join catalog.product_category pc on pc.category_id = c.id and pc.product_id = p.id
 order by c.position, c.id
 limit 300;

-- name: staff_options :many
-- in: organisation bigint, slug text
select o.id, o.code, o.names from catalog.product p
  join catalog.option o on o.product_id = p.id
 where p.organisation_id = :organisation and p.slug = :slug
 order by o.position, o.id;

-- name: staff_values :many
-- in: organisation bigint, slug text
select v.option_id, v.code, v.names from catalog.product p
  join catalog.option_value v on v.product_id = p.id
 where p.organisation_id = :organisation and p.slug = :slug
 order by v.position, v.id;

-- name: staff_variants :many
-- in: organisation bigint, slug text
select v.id, v.sku, v.item_id, v.tags, v.weight_g::bigint as weight_g, i.tracked,
       coalesce(k.on_hand, 0)::bigint as on_hand, coalesce(k.reserved, 0)::bigint as reserved
  from catalog.product p
  join catalog.variant v on v.product_id = p.id and v.active
  join inventory.item i on i.id = v.item_id
  left join lateral (
       select sum(s.on_hand) as on_hand, sum(s.reserved) as reserved from inventory.stock s
        where s.item_id = v.item_id) k on true
 where p.organisation_id = :organisation and p.slug = :slug
 order by v.position, v.id;

-- name: staff_prices :many
-- in: organisation bigint, slug text
select r.variant_id, r.currency, r.amount, r.compare_at from catalog.product p
  join catalog.price r on r.product_id = p.id
 where p.organisation_id = :organisation and p.slug = :slug;

-- name: staff_pictures :many
-- in: organisation bigint, slug text
select pp.position::bigint as number, pp.picture_id as picture, pp.alts, m.stem, m.width, m.height,
       m.widths, o.code as option_code, ov.code as value_code
  from catalog.product p
  join catalog.product_picture pp on pp.product_id = p.id
  join media.picture m on m.id = pp.picture_id
  left join catalog.option_value ov on ov.id = pp.value_id
  left join catalog.option o on o.id = ov.option_id
 where p.organisation_id = :organisation and p.slug = :slug
 order by pp.position;

-- name: slugs :many
-- in: organisation bigint, after text, most bigint
-- All products of an organisation, a piece at a time.
select slug from catalog.product where organisation_id = :organisation and slug > :after
 order by slug limit :most;
