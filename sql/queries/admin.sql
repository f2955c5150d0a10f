-- admin: figures over the features, for one organisation. Days are the organisation's own.

-- name: today :one
-- plan: anew
-- in: organisation bigint, since timestamptz
select count(*) as orders, count(*) filter (where o.payment_status <> 'pending') as paid
  from orders.part p join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and p.placed_at >= :since;

-- name: waiting :one
-- plan: anew
-- in: organisation bigint
-- Paid and not yet sent; not what was paid back whole.
select count(*) as parts
  from orders.part p join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and p.status = 'processing'
   and o.payment_status = 'paid';

-- name: revenue :many
-- plan: anew
-- in: organisation bigint, since timestamptz
-- Goods without delivery. Of money given back each part of an order bears its share.
select o.currency, sum(p.goods_total - round(p.goods_total::numeric * orders.gone(o) / greatest(o.total, 1)))::bigint as amount
  from orders.part p join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and p.placed_at >= :since
   and o.payment_status = 'paid'
 group by o.currency order by amount desc limit 10;

-- name: days :many
-- plan: anew
-- in: organisation bigint, zone text, currency text
-- The last fourteen days, also those without an order.
select to_char(d.day, 'YYYY-MM-DD') as day, coalesce(s.orders, 0) as orders,
       coalesce(s.revenue, 0)::bigint as revenue
  from generate_series((now() at time zone :zone)::date - 13, (now() at time zone :zone)::date,
           interval '1 day') as d(day)
  left join (select (p.placed_at at time zone :zone)::date as day, count(*) as orders,
                    sum(case when o.payment_status = 'paid' and o.currency = :currency
                             then p.goods_total - round(p.goods_total::numeric * orders.gone(o) / greatest(o.total, 1))
                             else 0 end) as revenue
               from orders.part p join orders."order" o on o.id = p.order_id
              where p.organisation_id = :organisation and p.placed_at > now() - interval '16 days'
              group by 1) s on s.day = d.day::date
 order by d.day;

-- name: low_stock :many
-- in: organisation bigint, most bigint, lang text
-- Of what is sold, and of items that no product has yet, what is gone and what is nearly gone: as
-- many of each, so that neither hides the other, and how many there are. With what it is called and
-- where it is edited; an item of no product by its SKU alone. What is little in all is little at each
-- place, as there is no less than nothing at any (never_oversold): the others need not be added up.
select l.sku, l.left, l.of_all, v.slug, v.name
  from (select w.id, w.sku, w.left, count(*) over () as of_all,
               row_number() over (partition by w.left > 0 order by w.left, w.sku) as nth
          from (select i.id, i.sku, t.left
                  from (select distinct s.item_id from inventory.stock s
                         where s.organisation_id = :organisation and s.on_hand - s.reserved <= :most) few
                 cross join lateral (select sum(s.on_hand - s.reserved)::bigint as left
                                       from inventory.stock s where s.item_id = few.item_id offset 0) t
                  join inventory.item i on i.id = few.item_id and i.tracked
                 where t.left <= :most) w
         where not exists (select from catalog.variant x where x.item_id = w.id)
            or exists (select from catalog.variant x join catalog.product p on p.id = x.product_id
                        where x.item_id = w.id and x.active and p.status = 'published')
         order by nth, w.left > 0
         limit 8) l
  left join lateral (
        select p.slug, t.name
          from catalog.variant x
          join catalog.product p on p.id = x.product_id
          join catalog.product_text t on t.product_id = p.id
         where x.item_id = l.id
         order by p.status = 'published' desc, x.active desc, x.id, t.lang = :lang desc,
                  t.lang = 'en' desc, t.lang
         limit 1) v on true
 order by l.left, l.sku;

-- name: customers :many
-- plan: anew
-- in: organisation bigint, house bool, q text, clues text[], after text
-- Everybody who ordered here, by address; guests too. Spent is what they paid, with delivery, and did
-- not get back; of an order of several a seller sees the share of the own goods, the house all. With q
-- those one of whose newest orders that match it was found, and all they ordered here; is_cut: there may be more that match.
with hits as materialized (
    select f.order_id from orders.found(:organisation, :q, 9223372036854775807, 2000) f where :q <> ''
     union all
    select k.order_id from orders.called(:organisation, :clues) k where :q <> '')
select max(o.id) as id, o.email, (array_agg(o.name order by o.id desc))[1] as name, count(*) as orders, max(o.placed_at) as last_order,
       bool_or(o.person_id is not null) as has_account,
       sum(case when o.payment_status <> 'paid' then 0
                when :house or p.goods_total = o.goods_total then o.total - orders.gone(o)
                else p.goods_total - round(p.goods_total::numeric * orders.gone(o) / greatest(o.total, 1))
           end)::bigint as spent,
       max(o.currency) as currency, count(distinct o.currency) = 1 as is_one_currency,
       (select count(*) from hits) >= 2000 as is_cut
  from orders.part p join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and o.email > :after
   and (:q = '' or o.email = any(array( -- of a page's customers alone is everything read
           select distinct e.email from orders."order" e
            where e.id = any(array(select h.order_id from hits h)) and e.email > :after
            order by e.email limit 51)))
 group by o.email
 order by o.email
 limit 51;

-- name: customer :maybe
-- in: organisation bigint, house bool, order_id bigint
-- Who placed this order, and what else they ordered here; nobody when they are forgotten. Spent as in
-- the list.
select o.email, (array_agg(o.name order by o.id desc))[1] as name, count(*) as orders, min(o.placed_at) as first_order,
       max(o.placed_at) as last_order, bool_or(o.person_id is not null) as has_account,
       sum(case when o.payment_status <> 'paid' then 0
                when :house or p.goods_total = o.goods_total then o.total - orders.gone(o)
                else p.goods_total - round(p.goods_total::numeric * orders.gone(o) / greatest(o.total, 1))
           end)::bigint as spent,
       max(o.currency) as currency, count(distinct o.currency) = 1 as is_one_currency
  from orders.part p join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and o.email <> ''
   and o.email = (select m.email from orders.part x join orders."order" m on m.id = x.order_id
                   where x.organisation_id = :organisation and m.id = :order_id)
 group by o.email;

-- name: accounts :many
-- in: q text, after text
-- Everybody's, by address; q is in lower case.
select p.id, p.email, p.name, p.role, p.created_at, p.blocked_at is not null as is_blocked,
       exists (select from auth.member m where m.person_id = p.id) as is_member
  from auth.person p
 where p.erased_at is null and p.email > :after
   and (:q = '' or strpos(p.email, :q) > 0 or strpos(lower(p.name), :q) > 0)
 order by p.email
 limit 51;

-- name: account :maybe
-- in: person bigint
select p.id, p.email, p.name, p.role, p.created_at, p.verified_at is not null as is_verified,
       p.blocked_at, p.blocked_reason,
       exists (select from auth.totp t where t.person_id = p.id)
           or exists (select from auth.passkey k where k.person_id = p.id)
           or exists (select from auth.phone h where h.person_id = p.id and h.is_factor) as has_factor
  from auth.person p where p.id = :person and p.erased_at is null;

-- name: account_places :many
-- in: person bigint
select o.name, m.place, coalesce(r.name, '') as role_name
  from auth.member m join auth.organisation o on o.id = m.organisation_id
  left join auth.role r on r.id = m.role_id
 where m.person_id = :person order by o.name limit 100;
