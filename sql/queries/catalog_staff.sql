-- The back office: the organisation's own products, drafts and all.

-- name: staff_list :many
-- plan: anew
-- in: organisation bigint, lang text, currency text, q text, folded text, status text
-- in: few bigint?, before timestamptz?, before_id bigint
-- Last changed first: 50 and one more. q looks into names, brands and SKUs; folded: its words. few: those
-- with a variant of which so many are left, or fewer, as low_stock of admin.sql finds them.
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
   and (:q = '' or p.id = any(array( -- "in" would be looked up for each product there is
           select f.product_id
             from catalog.staff_found(:organisation, :q, :folded, :status, :before, :before_id, 51) f)))
   and (:few::bigint is null or p.id = any(array( -- found once, and not looked up for each product
           select v.product_id
             from (select distinct s.item_id from inventory.stock s
                    where s.organisation_id = :organisation and s.on_hand - s.reserved <= :few) w
            cross join lateral (select sum(s.on_hand - s.reserved)::bigint as left
                                  from inventory.stock s where s.item_id = w.item_id offset 0) t
             join inventory.item i on i.id = w.item_id and i.tracked
             join catalog.variant v on v.item_id = w.item_id and v.active
            where t.left <= :few)))
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
-- All the product stands in, as a form that does not show one takes it out of it, and 1000 others.
select c.slug, base.said(c.names, :lang) as name, c.is_on,
       coalesce(base.said(u.names, :lang), '') as above
  from (select x.id, x.slug, x.names, x.parent_id, x.position, pc.product_id is not null as is_on,
               row_number() over (partition by pc.product_id is not null
                                  order by x.position, x.id) as place
          from catalog.category x
          left join catalog.product p on p.organisation_id = :organisation and p.slug = :slug
          left join catalog.product_category pc
            on pc.category_id = x.id and pc.product_id = p.id) c
  left join catalog.category u on u.id = c.parent_id
 where c.is_on or c.place <= 1000
 order by c.position, c.id;

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

-- name: staff_hold_stock :exec
-- in: organisation bigint, slug text
-- Until the transaction ends nothing of this product is booked by anybody else; in the order in which
-- all take it.
select from inventory.stock s
 where s.item_id in (select v.item_id from catalog.product p join catalog.variant v on v.product_id = p.id
                      where p.organisation_id = :organisation and p.slug = :slug)
 order by s.item_id, s.location_id for update of s;

-- name: staff_tax_classes :many
select distinct r.tax_class from pricing.tax_rate r order by r.tax_class limit 50;

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
