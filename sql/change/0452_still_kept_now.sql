-- Of orders that wait for their payment at this moment.
-- meanwhile: whoever has ordered and not paid can neither pay, cancel nor change their cart
-- rows: cart.line
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update cart.cart k set held = l.held
  from (select cart_id, jsonb_object_agg(variant_id, held) as held from cart.line
         where held > 0 group by cart_id) l
 where k.id = l.cart_id and k.state in ('open', 'merged');
