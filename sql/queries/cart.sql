-- cart: what someone means to buy. Whose it is stands in the scope: a person's own, or for
-- nobody in particular the one of the signed cookie.

-- name: new_id :one
-- The number of a cart to be: a guest's scope must name it before it can be written.
select nextval(pg_get_serial_sequence('cart.cart', 'id')) as id;

-- name: mine :many
-- in: currency text
-- The lines of this scope's open cart, in one go. A price agreed to in another currency says
-- nothing: -1.
select k.id as cart_id, k.revision, l.id, l.variant_id, l.quantity,
       coalesce(p.held, 0) as held,
       case when l.seen_currency = :currency then l.seen_price else -1 end as seen_price
  from cart.cart k left join cart.line l on l.cart_id = k.id
       left join cart.kept() p on p.variant_id = l.variant_id
 where k.state = 'open'
   and k.id = cart.mine()
 order by l.id
 limit 100;

-- name: things :many
-- in: lang text, currency text
-- What those lines are of, as catalog.by_ids has it.
select id, product_id, organisation_id, item_id, sku, slug, name, tax_class, weight_g, price,
       compare_at, tracked, free, active, options, stem, width, height, widths, alt
  from catalog.for_cart(array(
       select l.variant_id from cart.line l where l.cart_id = cart.mine() order by l.id limit 100),
       :lang, :currency);

-- name: kept :maybe
-- in: variant bigint
-- How many of these an unpaid order of this cart keeps for it.
select held from cart.kept() where variant_id = :variant;

-- name: open :exec
-- Makes the scope's cart unless it has an open one.
insert into cart.cart (id, person_id)
overriding system value
select case when base.person() is null then base.cart()
            else nextval(pg_get_serial_sequence('cart.cart', 'id')) end,
       base.person()
 where not exists (select from cart.cart where state = 'open' and id = cart.mine())
on conflict do nothing;

-- name: add :maybe
-- in: variant bigint, quantity bigint, left bigint, price bigint, currency text
-- Puts so many more of a variant into the scope's cart and raises its revision; no more than are
-- left, with what is kept for it, and at least one. How many of it are in the cart then.
with mine as (
    update cart.cart set revision = revision + 1, touched_at = now()
     where state = 'open' and id = cart.mine()
    returning id
), had as (
    select coalesce(sum(l.quantity), 0)::bigint as quantity
      from cart.line l join mine on l.cart_id = mine.id where l.variant_id = :variant
), room as (
    select greatest(1, least(999, :left + coalesce((select k.held from cart.kept() k
                                                     where k.variant_id = :variant), 0))) as most
), put as (
    insert into cart.line as l (cart_id, variant_id, quantity, seen_price, seen_currency)
    select mine.id, :variant, least(:quantity, room.most), :price, :currency from mine, room
    on conflict (cart_id, variant_id) do update
        set quantity = least(l.quantity + :quantity, (select most from room)),
            seen_price = excluded.seen_price, seen_currency = excluded.seen_currency
    returning l.id, l.quantity
)
select put.id, put.quantity, put.quantity < had.quantity + :quantity as is_fewer from put, had;

-- name: set :maybe
-- in: line bigint, quantity bigint
-- Nothing comes back when there is no such line. The cart is locked first, as everywhere; the
-- same quantity again changes nothing, also not the revision. It becomes no more than are left, with
-- what is kept for the cart; of what is sold out nothing is changed, and the quantity is 0.
with mine as materialized (
    select k.id, l.variant_id from cart.cart k join cart.line l on l.cart_id = k.id
     where l.id = :line and k.state = 'open'
       for update of k
), room as materialized (
    select mine.id, least(:quantity, case when t.tracked then greatest(t.free, 0)
           + coalesce((select p.held from cart.kept() p where p.variant_id = mine.variant_id), 0)
           end) as quantity
      from mine left join lateral catalog.for_cart(array[mine.variant_id], '', '') t on true
), changed as (
    update cart.line l set quantity = room.quantity
      from room where l.id = :line and l.cart_id = room.id and room.quantity > 0
       and l.quantity <> room.quantity
    returning l.cart_id
), raised as (
    update cart.cart set revision = revision + 1, touched_at = now()
     where id in (select cart_id from changed)
)
select quantity from room;

-- name: drop :maybe
-- in: line bigint
with mine as (
    update cart.cart set revision = revision + 1, touched_at = now()
     where state = 'open' and id = (select cart_id from cart.line where id = :line)
    returning id
)
delete from cart.line l using mine where l.id = :line and l.cart_id = mine.id
returning mine.id;

-- name: see_prices :exec
-- in: cart_id bigint, variants bigint[], prices bigint[], currency text
-- The prices on the screen are the ones agreed to from now on.
update cart.line l
   set seen_price = u.price, seen_currency = :currency
  from unnest(:variants::bigint[], :prices::bigint[]) as u(variant, price)
 where l.cart_id = :cart_id and l.variant_id = u.variant
   and (l.seen_price, l.seen_currency) is distinct from (u.price, :currency::char(3));

-- name: lock_both :many
-- in: guest_cart bigint, person bigint
select id from cart.cart
 where state = 'open' and (id = :guest_cart or person_id = :person)
 order by id for update;

-- name: adopt :exec
-- in: guest_cart bigint, person bigint
-- A person without a cart simply takes the guest's.
update cart.cart set person_id = :person, revision = revision + 1
 where id = :guest_cart and state = 'open' and person_id is null
   and not exists (select from cart.cart where person_id = :person and state = 'open');

-- name: pour :one
-- in: guest_cart bigint, person bigint
-- The larger quantity of each thing stays; the newest beyond a hundred things are left out. How many
-- things there were on either side, and how many were poured.
with poured as (
    insert into cart.line as l (cart_id, variant_id, quantity, seen_price, seen_currency)
    select k.id, g.variant_id, g.quantity, g.seen_price, g.seen_currency
      from cart.line g, cart.cart k, cart.cart guest
     where g.cart_id = guest.id and k.person_id = :person and k.state = 'open'
       and guest.id = :guest_cart and guest.state = 'open' and guest.person_id is null
       and (exists (select from cart.line x where x.cart_id = k.id and x.variant_id = g.variant_id)
            or (select count(*) from cart.line x where x.cart_id = k.id)
                + (select count(*) from cart.line y
                    where y.cart_id = :guest_cart and y.id <= g.id) <= 100)
    on conflict (cart_id, variant_id) do update
        set quantity = greatest(l.quantity, excluded.quantity)
    returning 1
)
select (select count(*) from poured) as poured,
       (select count(*) from cart.line g join cart.cart k on k.id = g.cart_id
         where k.id = :guest_cart and k.state = 'open' and k.person_id is null) as guests,
       (select count(*) from cart.line l join cart.cart k on k.id = l.cart_id
         where k.person_id = :person and k.state = 'open') as own;

-- name: emptied :exec
-- in: guest_cart bigint, person bigint
-- It is the person's from now on: what an order keeps for it is theirs to see.
with closed as (
    update cart.cart set state = 'merged', person_id = :person,
           merged_into = (select id from cart.cart where person_id = :person and state = 'open')
     where id = :guest_cart and state = 'open' and person_id is null
    returning id
)
update cart.cart set revision = revision + 1
 where person_id = :person and state = 'open' and exists (select from closed);

-- name: keep :exec
-- in: cart_id bigint, variants bigint[], quantities bigint[]
select cart.keep(:cart_id, :variants, :quantities) as kept;

-- name: let_go :exec
-- in: cart_id bigint, ended_revision bigint
-- Nothing is kept for this cart any more, nor for the one it was poured into. Where the revision
-- that was ordered has ended for good, what it still holds can be ordered anew.
with mine as (
    update cart.cart
       set revision = revision + case when revision = :ended_revision then 1 else 0 end, held = '{}'
     where id = :cart_id and state in ('open', 'merged')
    returning id
)
update cart.line set held = 0 where cart_id in (select id from mine) and held > 0;

-- name: reopen :exec
-- in: cart_id bigint, ended_revision bigint
-- What was closed as if it were paid, and nobody has another by now: it can be ordered anew.
with mine as (
    update cart.cart k set revision = revision + 1, state = 'open', held = '{}'
     where id = :cart_id and state = 'ordered' and revision = :ended_revision
       and not exists (select from cart.cart o
                        where o.person_id = k.person_id and o.state = 'open')
    returning id
)
update cart.line set held = 0 where cart_id in (select id from mine) and held > 0;

-- name: raise :exec
-- in: cart_id bigint
update cart.cart set revision = revision + 1, touched_at = now() where id = :cart_id;

-- name: lock :maybe
-- in: cart_id bigint
select revision, state = 'open' as is_open from cart.cart where id = :cart_id for update;

-- name: forget :exec
-- in: guests_before timestamptz, all_before timestamptz
-- Left carts go: a guest's after some weeks, also one that was poured into a person's; anybody's
-- after a year.
delete from cart.cart
 where id in (select id from cart.cart
               where ((person_id is null or state = 'merged') and touched_at < :guests_before)
                  or touched_at < :all_before
               order by touched_at limit 1000);

-- name: count :one
-- How many things the scope's cart holds, for the badge.
select coalesce(sum(l.quantity), 0)::bigint as count
  from cart.cart k join cart.line l on l.cart_id = k.id
 where k.state = 'open'
   and k.id = cart.mine();

-- name: erase :exec
-- in: person bigint
delete from cart.cart where person_id = :person and state in ('open', 'merged');
