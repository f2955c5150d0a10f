-- Reading: what pages show. Cards come from the shelf (sql/schema/41_catalog_shelf.sql), one
-- product's page from the tables themselves.

-- name: featured :many
-- in: lang text
-- This and the next three: what a card says that may be another thing without a new edition. The
-- rest of it, its prices too, is a face, and read when its edition is a new one. (The first page is
-- headed by the first one's picture.)
select s.product_id, s.stem, s.width, s.height, s.widths, s.alt, o.edition, o.free, o.endless
  from (select f.product_id, f.newness, f.stem, f.width, f.height, f.widths, f.alt
          from catalog.card f
         where f.lang = :lang and f.featured
         order by f.newness, f.product_id limit 8) s
  join catalog.offer o on o.product_id = s.product_id
 order by s.newness, s.product_id;

-- name: list_new :many
-- in: category bigint, after_k bigint, after_id bigint
-- A category (or all, for 0), newest first: 24 and one more, to know of a next page.
select s.newness as k, s.product_id, o.edition, o.free, o.endless
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
-- in: products bigint[]
select o.product_id, o.edition, o.free, o.endless
  from catalog.offer o where o.product_id = any(:products::bigint[]);

-- name: faces :many
-- in: products bigint[], lang text, currency text
-- What stays as it is until the product is put on the shelf anew, and so gets another edition. No
-- more than sixteen columns, or it cannot be kept (web/copies.c). The currency is looked for once a
-- row ("offset 0": not in each column).
select c.product_id, c.slug, c.name, c.summary, c.brand, c.newness, c.has_options, c.sku,
       c.stem, c.width, c.height, c.widths, c.alt, o.lows[p.place] as low,
       o.highs[p.place] as high, o.compares[p.place] as compare_at
  from catalog.card c
  join catalog.offer o on o.product_id = c.product_id
 cross join lateral (select array_position(o.currencies, :currency) as place offset 0) p
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

-- name: categories_now :many
-- in: ids bigint[], lang text
-- Of a way that is known: without looking for it anew.
select c.id, c.parent_id, c.organisation_id, c.slug, base.said(c.names, :lang) as name,
       base.said(c.descriptions, :lang) as description
  from catalog.category c where c.id = any(:ids::bigint[]);

-- name: menu :many
-- in: lang text
-- All categories that show something, with what a picture of each needs.
select c.id, c.parent_id, c.slug, base.said(c.names, :lang) as name
  from catalog.category c
 where exists (select from catalog.shelf s where s.category_id = c.id)
 order by c.position, c.id;

-- name: sitemap_parts :many
-- in: width bigint
-- Which ranges of ids of that width have products that are for sale.
select g.part
  from generate_series(0, (select coalesce(max(o.product_id), 0) from catalog.offer o) / :width) g(part)
 where exists (
       select from catalog.offer o
        where o.product_id >= g.part * :width and o.product_id < (g.part + 1) * :width)
 order by g.part;

-- name: sitemap_products :many
-- in: from_id bigint, before_id bigint
select p.slug, p.updated_at
  from catalog.product p join catalog.offer o on o.product_id = p.id
 where p.id >= :from_id and p.id < :before_id and p.status = 'published'
 order by p.id;

-- name: sitemap_categories :many
select c.slug from catalog.category c
 where exists (select from catalog.shelf s where s.category_id = c.id)
 order by c.id limit 40000;

-- name: category_pictures :many
-- in: lang text
-- The categories that have none below them, with a picture: their own, else that of one of their
-- newest products. All is looked up one by one (offset): where goods and pictures are few PostgreSQL
-- would read all of them, and whether everybody may see a picture costs a look at its products.
select c.id, c.slug, base.said(c.names, :lang) as name, m.stem, m.width, m.height, m.widths,
       '' as alt
  from catalog.category c
  left join lateral (
       select coalesce(c.picture_id, (
              select y.picture_id
                from (select s.product_id, s.newness from catalog.shelf s where s.category_id = c.id
                       order by s.newness, s.product_id limit 24) s
                join lateral (select pp.picture_id from catalog.product_picture pp
                               where pp.product_id = s.product_id and pp.position = 1 offset 0) y
                  on true
               order by s.newness, s.product_id limit 1)) as id) x on true
  left join lateral (select p.stem, p.width, p.height, p.widths
                       from media.picture p where p.id = x.id offset 0) m on true
 where not exists (select from catalog.category b where b.parent_id = c.id)
   and exists (select from catalog.shelf s where s.category_id = c.id offset 0)
 order by c.position, c.id
 limit 12;

-- name: front :maybe
-- The first page's picture.
select m.stem, m.width, m.height, m.widths, '' as alt
  from catalog.front f join media.picture m on m.id = f.picture_id
 order by f.organisation_id limit 1;

-- name: product :maybe
-- in: slug text
-- Its page's sheet, read when there is another edition of it.
select s.product_id as id, s.organisation_id, s.slug, o.edition, s.document::text as document,
       s.category_ids
  from catalog.sheet s
  join catalog.offer o on o.product_id = s.product_id
 where s.slug = :slug;

-- name: product_now :many
-- in: product bigint, offers bigint[]
-- Offers, and the product's stock: a row with an item for each place it lies in.
select o.product_id, o.edition, o.free, o.endless, null::bigint as item
  from catalog.offer o where o.product_id = any(:offers::bigint[])
 union all
select null, null, k.free, null, k.item_id
  from catalog.stocked k where k.product_id = :product;

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
select id, product_id, organisation_id, item_id, sku, slug, name, tax_class, weight_g, price,
       compare_at, tracked, free, active, options, stem, width, height, widths, alt
  from catalog.for_cart(:ids, :lang, :currency);

-- name: by_sku :maybe
-- in: sku text, product text
-- The variant of that SKU of the published product of that slug; where none is said, of the oldest,
-- should two shops use it.
select v.id from catalog.variant v
  join catalog.product p on p.id = v.product_id and p.status = 'published'
 where v.sku = :sku and v.active and (:product = '' or p.slug = :product)
 order by p.id limit 1;

-- name: of_item :many
-- in: item bigint
-- Published products that sell an item.
select distinct p.id, p.slug from catalog.variant v
  join catalog.product p on p.id = v.product_id and p.status = 'published'
 where v.item_id = :item and v.active;

-- name: shops :many
select o.id from auth.organisation o
 where exists (select from catalog.product p where p.organisation_id = o.id)
 order by o.id limit 5000;

-- name: shelves_of :many
-- in: product bigint
-- The categories whose lists show a product; 0 is the list of all.
select category_id from catalog.shelf where product_id = :product
union select 0;
