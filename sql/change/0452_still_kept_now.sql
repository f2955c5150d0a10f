-- Of orders that wait for their payment at this moment; those that a bank is at work on leave their carts
-- (0450), which are locked here and not there: that locks all orders, and whoever orders has their cart.
-- meanwhile: whoever has ordered and not paid can neither pay, cancel nor change their cart
-- rows: cart.line
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
do $$
declare
    waiting bigint;
begin
    for waiting in
        select a.order_id from payments.attempt a where a.state = 'processing' order by a.order_id
    loop
        perform orders.leave_cart(waiting);
    end loop;
end $$;
update cart.cart k set held = l.held
  from (select cart_id, jsonb_object_agg(variant_id, held) as held from cart.line
         where held > 0 group by cart_id) l
 where k.id = l.cart_id and k.state in ('open', 'merged');
