-- Carts and goods of the scope, looked up instead of looked for. Stock before carts: an order that is
-- paid locks them so.
set local lock_timeout = '3s';
-- The scope's cart was looked for among all open ones.
create function cart.mine() returns bigint language plpgsql stable parallel safe as $$
begin
    if base.person() is null then return base.cart(); end if;
    return (select k.id from cart.cart k where k.person_id = base.person() and k.state = 'open');
end $$;
-- A policy's subquery is made ready each time its table is read.
create function catalog.sells(item bigint) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (select from catalog.variant v join catalog.product p on p.id = v.product_id
                    where v.item_id = item and p.status = 'published');
end $$;
create function catalog.shows(picture bigint) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (select from catalog.product_picture x
                     join catalog.product p on p.id = x.product_id
                    where x.picture_id = picture and p.status = 'published')
        or exists (select from catalog.front f where f.picture_id = picture)
        or exists (select from catalog.category k where k.picture_id = picture);
end $$;
alter policy seen on inventory.item
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or catalog.sells(id));
alter policy seen on inventory.stock
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or catalog.sells(item_id));
alter policy seen on media.picture
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or base.order_id() is not null or catalog.shows(id));
-- Each line's cart is looked up; PostgreSQL could also read all carts first.
alter policy own on cart.line
    using (exists (select from cart.cart c where c.id = cart_id offset 0))
    with check (exists (select from cart.cart c where c.id = cart_id offset 0));
alter policy own on checkout.draft
    using (exists (select from cart.cart c where c.id = cart_id offset 0))
    with check (exists (select from cart.cart c where c.id = cart_id offset 0));
