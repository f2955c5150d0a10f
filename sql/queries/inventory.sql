-- name: reserve :exec
-- in: order_id bigint, items bigint[], quantities bigint[], expires timestamptz, several bigint, request text, wake bool
select inventory.reserve(:order_id, :items, :quantities, :expires, :several, :request, :wake)
    as held;

-- name: extend :exec
-- in: order_id bigint, expires timestamptz
-- A hold never becomes shorter.
update inventory.hold set expires_at = greatest(expires_at, :expires)
 where order_id = :order_id and state = 'held';

-- name: free :many
-- in: order_id bigint
-- held -> freed. What came free: {item_id, organisation_id, sku, free}.
with h as (
    update inventory.hold set state = 'freed'
     where order_id = :order_id and state = 'held'
    returning item_id, location_id, quantity
), locked as materialized (
    select s.item_id, s.location_id, h.quantity
      from inventory.stock s
      join h on h.item_id = s.item_id and h.location_id = s.location_id
     order by s.item_id, s.location_id
       for update of s
), back as (
    update inventory.stock s set reserved = s.reserved - l.quantity
      from locked l
     where s.item_id = l.item_id and s.location_id = l.location_id
    returning s.item_id, s.organisation_id, s.on_hand - s.reserved as free
)
select b.item_id, b.organisation_id, i.sku, sum(b.free)::bigint as free
  from back b join inventory.item i on i.id = b.item_id
 group by b.item_id, b.organisation_id, i.sku
 order by b.item_id;

-- name: sell :exec
-- in: order_id bigint, cause text
select inventory.sell(:order_id, :cause) as sold;

-- name: holds :many
-- in: order_id bigint
-- The holds of an order: {item_id, organisation_id, quantity, state, sku}. Each is of the whole
-- quantity: one that was held anew may have been so at another place.
select h.item_id, h.organisation_id, max(h.quantity) as quantity, h.state, i.sku
  from inventory.hold h
  join inventory.item i on i.id = h.item_id
 where h.order_id = :order_id
 group by h.item_id, h.organisation_id, h.state, i.sku
 order by h.item_id;

-- name: return_sold :many
-- in: order_id bigint
-- Everything an order sold comes back, once, whatever it is for.
with back as (
    insert into inventory.movement
        (organisation_id, item_id, location_id, quantity, reason, cause)
    select h.organisation_id, h.item_id, h.location_id, h.quantity, 'returned',
           'order:' || h.order_id || ':back'
      from inventory.hold h
     where h.order_id = :order_id and h.state = 'sold'
     order by h.item_id, h.location_id
        on conflict on constraint once_per_cause do nothing
    returning item_id, location_id, quantity
), locked as materialized (
    select s.item_id, s.location_id, b.quantity
      from inventory.stock s
      join back b on b.item_id = s.item_id and b.location_id = s.location_id
     order by s.item_id, s.location_id
       for update of s
), put as (
    update inventory.stock s set on_hand = s.on_hand + l.quantity
      from locked l
     where s.item_id = l.item_id and s.location_id = l.location_id
    returning s.item_id, s.organisation_id, s.on_hand - s.reserved as free
)
select p.item_id, p.organisation_id, i.sku, sum(p.free)::bigint as free
  from put p join inventory.item i on i.id = p.item_id
 group by p.item_id, p.organisation_id, i.sku
 order by p.item_id;

-- name: returned :many
-- in: orders bigint[]
-- Those whose goods have come back. Each is looked up by its holds, however many there are.
select h.order_id as id
  from inventory.hold h
 where h.order_id = any(:orders) and h.state = 'sold'
   and exists (select from inventory.movement m
                where m.item_id = h.item_id and m.location_id = h.location_id
                  and m.cause = 'order:' || h.order_id || ':back' offset 0)
 group by h.order_id limit 200;

-- name: items :many
-- in: organisation bigint, skus text[]
-- Each once; made when new. The update that changes nothing makes `returning` answer when two make
-- one at once.
with had as materialized (
    select i.id, i.sku, i.tracked from inventory.item i
     where i.organisation_id = :organisation and i.sku = any(:skus::text[])
), made as (
    insert into inventory.item as i (organisation_id, sku)
    select :organisation, w.sku from unnest(:skus::text[]) as w(sku)
     where not exists (select from had h where h.sku = w.sku)
     order by w.sku
        on conflict (organisation_id, sku) do update set sku = excluded.sku
    returning i.id, i.sku, i.tracked
)
select id, sku, tracked from had union all select id, sku, tracked from made;

-- name: rename_item :exec
-- in: item bigint, sku text
update inventory.item set sku = :sku where id = :item and sku <> :sku;

-- name: track :exec
-- in: item bigint, tracked bool
update inventory.item set tracked = :tracked where id = :item and tracked <> :tracked;

-- name: open_places :exec
-- in: organisation bigint, items bigint[]
-- The organisation's first place (made when new) and the items' rows there. The update that changes
-- nothing makes `returning` answer when two make it at once.
with place as (
    insert into inventory.location (organisation_id, code, name)
    select :organisation, 'main', 'Main'
     where not exists (select from inventory.location l where l.organisation_id = :organisation)
        on conflict (organisation_id, code) do update set code = excluded.code
    returning id
)
insert into inventory.stock (item_id, location_id, organisation_id)
select i.id, p.id, :organisation
  from unnest(:items::bigint[]) as i(id)
 cross join (select id from place
              union all
             select l.id from inventory.location l where l.organisation_id = :organisation
              order by id limit 1) p
 order by i.id
    on conflict (item_id, location_id) do nothing;

-- name: set_on_hand :many
-- in: organisation bigint, items bigint[], counts bigint[], reasons text[], cause text, once bool
-- Makes on_hand what was counted, by a movement of the difference; once per cause, and with `once` also
-- where there was no difference the first time. Answers {item_id, sku, free} for each item that has a
-- row there, the last two null when nothing changed.
with now_there as materialized (
    select s.item_id, s.location_id, s.on_hand, c.on_hand as counted, c.reason
      from unnest(:items::bigint[], :counts::bigint[], :reasons::text[])
               as c(item_id, on_hand, reason)
      join inventory.stock s on s.item_id = c.item_id
     where s.location_id = (select min(l.id) from inventory.location l
                             where l.organisation_id = :organisation)
     order by s.item_id
       for update of s
), right_already as (
    insert into inventory.counted (item_id, location_id, organisation_id, cause)
    select n.item_id, n.location_id, :organisation, :cause
      from now_there n
     where :once and n.counted = n.on_hand
       and not exists (select from inventory.movement m
                        where m.item_id = n.item_id and m.location_id = n.location_id
                          and m.cause = :cause)
        on conflict (item_id, location_id, cause) do nothing
), moved as (
    insert into inventory.movement
        (organisation_id, item_id, location_id, quantity, reason, cause, person_id, whence)
    select :organisation, n.item_id, n.location_id, n.counted - n.on_hand, n.reason, :cause,
           coalesce(audit.said(1)::bigint, base.person()), base.whence() -- a key's, its maker
      from now_there n
     where n.counted <> n.on_hand
       and not (:once and exists (select from inventory.counted k
                                   where k.item_id = n.item_id and k.location_id = n.location_id
                                     and k.cause = :cause))
        on conflict on constraint once_per_cause do nothing
    returning item_id, location_id, quantity
), put as (
    update inventory.stock s set on_hand = s.on_hand + m.quantity
      from moved m, inventory.item i
     where s.item_id = m.item_id and s.location_id = m.location_id and i.id = s.item_id
    returning s.item_id, i.sku, s.on_hand - s.reserved as free
)
select n.item_id, p.sku, p.free from now_there n left join put p on p.item_id = n.item_id;
