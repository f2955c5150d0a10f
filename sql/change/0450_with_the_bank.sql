-- Whoever had paid by a bank that takes days could buy nothing else before it had decided: the goods
-- stayed in the cart, and what was ordered next was to take the place of what the bank had.
set local lock_timeout = '3s';
alter table orders."order" add column left_cart boolean not null default false;
-- What was ordered is in its cart no more.
create function orders.empty_cart(of_order bigint, of_cart bigint, ordered_revision bigint)
returns void language plpgsql as $$
declare
    l record;
begin
    select array_agg(x.variant_id) as variants, array_agg(x.quantity::bigint) as quantities into l
      from orders.line x where x.order_id = of_order;
    perform cart.close(of_cart, ordered_revision, l.variants, l.quantities);
end $$;
-- A bank is at work on its payment, maybe for days: whoever ordered it goes on with another cart. The
-- caller holds the order; the cart is locked before any stock, as in placing.
create function orders.leave_cart(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    update orders."order" set left_cart = true
     where id = of_order and not left_cart and status = 'pending' and payment_status = 'pending'
    returning cart_id, cart_revision into o;
    if found then perform orders.empty_cart(of_order, o.cart_id, o.cart_revision); end if;
end $$;
-- Its money has come and its stock is held: the goods leave, the cart is done. The caller holds the
-- order; the cart is locked before any stock, as in placing.
create or replace function orders.fill(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    select cart_id, cart_revision, left_cart into strict o from orders."order" where id = of_order;
    perform from cart.cart where id = o.cart_id for update;
    perform inventory.sell(of_order, 'order:' || of_order || ' sold');
    update orders."order"
       set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
           status = case when status = 'pending' then 'processing' else status end, is_held = false,
           buyer = null, left_cart = true
     where id = of_order and payment_status = 'pending';
    update orders.part set status = 'processing'
     where order_id = of_order and status = 'pending';
    if not o.left_cart then
        perform orders.empty_cart(of_order, o.cart_id, o.cart_revision);
    end if;
    insert into orders.event (order_id, kind, actor) values (of_order, 'paid', 'provider');
end $$;
