-- More of a thing that was put into the cart while its order was being paid vanished from it.
set local lock_timeout = '3s';
create function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[],
    quantities bigint[]) returns void
language plpgsql as $$
declare
    other bigint;
begin
    update cart.cart set state = 'ordered'
     where id = of_cart and state = 'open' and revision = ordered_revision;
    if found then return; end if;
    update cart.line set held = 0 where cart_id = of_cart and held > 0; -- it has left the shelf
    for other in
        update cart.cart set revision = revision + 1
         where state = 'open' and id in (of_cart, (select merged_into from cart.cart
                                                    where id = of_cart))
        returning id
    loop
        delete from cart.line l using unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant and l.quantity <= u.quantity;
        update cart.line l set quantity = l.quantity - u.quantity
          from unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant;
    end loop;
end $$;
-- As orders.fill of the version before calls it.
create or replace function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[]) returns void
language plpgsql as $$
begin
    perform cart.close(of_cart, ordered_revision, variants,
        array_fill(999::bigint, array[cardinality(variants)])); -- all of them
end $$;
create or replace function orders.fill(of_order bigint) returns void language plpgsql as $$
declare
    o record;
    l record;
begin
    select cart_id, cart_revision into strict o from orders."order" where id = of_order;
    perform from cart.cart where id = o.cart_id for update;
    perform inventory.sell(of_order, 'order:' || of_order || ' sold');
    update orders."order"
       set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
           status = case when status = 'pending' then 'processing' else status end, is_held = false,
           buyer = null
     where id = of_order and payment_status = 'pending';
    update orders.part set status = 'processing'
     where order_id = of_order and status = 'pending';
    select array_agg(x.variant_id) as variants, array_agg(x.quantity::bigint) as quantities into l
      from orders.line x where x.order_id = of_order;
    perform cart.close(o.cart_id, o.cart_revision, l.variants, l.quantities);
    insert into orders.event (order_id, kind, actor) values (of_order, 'paid', 'provider');
end $$;
