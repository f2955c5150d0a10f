-- story: what the back office reads of who changed what: the audit trail, the lives of orders and
-- the moves of stock, as one list, newest first. organisation 0: everybody's, for the house.

-- name: rows :many
-- plan: anew
-- in: organisation bigint, kind text, person bigint?, program text, thing text, number text, action text, since timestamptz, until timestamptz, at timestamptz, n bigint, most bigint
-- One page: what is older than (at, n). person -1: nobody's. Of one organisation `p` is never null, so
-- that its orders can be come to by its own parts; of everybody it is nothing.
select a.n, a.at, coalesce(a.person_id, 0) as person_id, coalesce(a.as_person_id, 0) as as_person_id,
       base.shown_source(a.source, a.whence) as source, a.kind, a.action, a.thing, a.thing_id, a.before, a.after
  from (
    (select e.id * 4 as n, e.at, e.person_id, e.as_person_id, e.source, e.kind, e.action, e.thing,
            e.thing_id, e.before, e.after, e.whence
       from audit.entry e
      where (:organisation = 0 or e.organisation_id = :organisation)
        and :kind in ('', e.kind) and (:person::bigint is null or e.person_id = :person)
        and (:program = '' or e.source like :program || '%')
        and :thing in ('', e.thing) and :number in ('', e.thing_id) and :action in ('', e.action)
        and e.at >= :since and e.at < :until and (e.at, e.id * 4) < (:at, :n)
      order by e.id desc limit :most)
    union all
    (select v.id * 4 + 1, v.at, v.person_id, null, case when k.is_others then '' else v.source end,
            'orders', v.kind, 'orders.order', o.number, null,
            case when k.is_others then null when v.data ? 'amount'
                then v.data || jsonb_build_object('currency', o.currency) else v.data end,
            case when k.is_others then null else v.whence end
       from orders.event v join orders."order" o on o.id = v.order_id
       left join orders.part p on p.order_id = v.order_id and p.organisation_id = :organisation
      cross join lateral ( -- what another seller of this order did, with what parcel and from where
            select :organisation <> 0 and v.actor = 'staff' and p.goods_total <> o.goods_total
                   and not exists (select from auth.team(:organisation) t
                                    where t.person_id = v.person_id) as is_others offset 0) k
      where :kind in ('', 'orders') and (:person::bigint is null or v.person_id = :person)
        and (:organisation = 0 or p.id is not null)
        and (:program = '' or v.source like :program || '%')
        and :thing in ('', 'orders.order') and :number in ('', o.number) and :action in ('', v.kind)
        and v.at >= :since and v.at < :until and (v.at, v.id * 4 + 1) < (:at, :n)
      order by v.id desc limit :most)
    union all
    (select m.id * 4 + 2, m.created_at, m.person_id, null, m.source, 'stock', m.reason,
            'inventory.item', i.sku, null, jsonb_build_object('quantity', m.quantity), m.whence
       from inventory.movement m join inventory.item i on i.id = m.item_id
      where :kind in ('', 'stock') and (:person::bigint is null or m.person_id = :person)
        and (:organisation = 0 or m.organisation_id = :organisation)
        and m.reason not in ('sold', 'returned') -- the order's story tells of those
        and (:program = '' or m.source like :program || '%')
        and :thing in ('', 'inventory.item') and :number in ('', i.sku) and :action in ('', m.reason)
        and m.created_at >= :since and m.created_at < :until
        and (m.created_at, m.id * 4 + 2) < (:at, :n)
      order by m.id * 4 + 2 desc limit :most)
    union all -- the ledger: of a seller's own orders; the policies leave out those of several
    (select t.id * 4 + 3, t.created_at, null, null, '', 'money', t.cause, 'payments.transaction',
            o.number, null, (select jsonb_object_agg(e.account || ' ' || e.id, e.amount || ' ' || e.currency)
                               from payments.entry e where e.transaction_id = t.id), null
       from payments.transaction t join orders."order" o on o.id = t.order_id
       left join orders.part p on p.order_id = t.order_id and p.organisation_id = :organisation
      where (:organisation = 0 or p.id is not null)
        and :kind in ('', 'money') and :person::bigint is null
        and :program = '' and :thing in ('', 'payments.transaction') and :number in ('', o.number)
        and :action in ('', split_part(t.cause, ':', 1))
        and t.created_at >= :since and t.created_at < :until
        and (t.created_at, t.id * 4 + 3) < (:at, :n)
      order by t.id desc limit :most)) a
 order by a.at desc, a.n desc
 limit :most;

-- name: people :many
-- in: organisation bigint, ids bigint[]
-- Names as they are today: the trail itself has none. The team's; for the house everybody's.
select t.person_id, t.name, t.email from auth.team(:organisation) t where t.person_id = any(:ids)
union
select p.id, p.name, p.email from auth.person p where p.id = any(:ids);

-- name: names :many
-- in: organisation bigint, lang text, tables text[], ids bigint[]
-- What those rows are called today, as far as whoever looks may see them.
select w.of_table || ' ' || w.id as key, n.name, n.slug
  from unnest(:tables, :ids) as w(of_table, id), lateral (
    select o.name, '' as slug from auth.organisation o
     where w.of_table = 'auth.organisation' and o.id = w.id
    union all select k.name, '' from auth.api_key k where w.of_table = 'auth.api_key' and k.id = w.id
    union all select r.name, '' from auth.role r where w.of_table = 'auth.role' and r.id = w.id
    union all select i.sku, '' from inventory.item i where w.of_table = 'inventory.item' and i.id = w.id
    union all select coalesce(g.names ->> :lang, g.names ->> 'en', g.slug), g.slug from catalog.category g
               where w.of_table = 'catalog.category' and g.id = w.id
    union all select v.sku, p.slug from catalog.variant v join catalog.product p on p.id = v.product_id
               where w.of_table = 'catalog.variant' and v.id = w.id
    union all select coalesce((select t.name from catalog.product_text t where t.product_id = p.id
                                order by t.lang = :lang desc, t.lang = 'en' desc, t.lang limit 1), p.slug), p.slug
                from catalog.product p where w.of_table = 'catalog.product' and p.id = w.id
    union all (select t.email, '' from auth.team(:organisation) t
                where w.of_table = 'auth.person' and t.person_id = w.id
               union select p.email, '' from auth.person p where w.of_table = 'auth.person' and p.id = w.id)
  ) n where n.name <> '';

-- name: person :maybe
-- in: organisation bigint, email text
select t.person_id from auth.team(:organisation) t where t.email = :email
union
select p.id from auth.person p where p.email = :email
 limit 1;

-- name: forget :one
-- in: person bigint?, older timestamptz?
-- Addresses beside what was done: of a person, or of everybody before. The most of one table.
select greatest(audit.forget_whence(:person, :older), orders.forget_whence(:person, :older),
                inventory.forget_whence(:person, :older)) as most;
