-- Payments that are told of in the same moment are settled together.
set local lock_timeout = '3s';

create function orders.settle_all(of_events bigint[], by_providers text[], by_keys text[],
    of_payments text[], of_amounts bigint[], in_currencies text[], by_requests text[],
    mail_rank bigint, wake boolean)
returns table (event bigint, outcome text) language plpgsql as $$
declare
    mine bigint[];
    said record;
    is_paid boolean := false;
begin
    select array_agg(a.order_id) into mine from payments.attempt a
     where a.key = any(by_keys) and a.state <> 'paid';
    if mine is not null then
        perform from orders."order" o where o.id = any(mine) order by o.id for update;
        perform from cart.cart k
          where k.id = any(array(select unnest(array[x.id, x.merged_into]) -- see cart.close
                                   from orders."order" o join cart.cart x on x.id = o.cart_id
                                  where o.id = any(mine)))
          order by k.id for update;
        perform from inventory.stock s
          where (s.item_id, s.location_id) in (select h.item_id, h.location_id
                                                 from inventory.hold h
                                                where h.order_id = any(mine) and h.state = 'held')
          order by s.item_id, s.location_id for update;
    end if;
    for said in
        select * from unnest(of_events, by_providers, by_keys, of_payments, of_amounts,
            in_currencies, by_requests) as u(event, provider, key, payment, amount, currency, request)
    loop
        event := said.event;
        outcome := orders.settle(said.event, said.provider, said.key, said.payment, said.amount,
            said.currency, said.request, mail_rank, wake);
        is_paid := is_paid or coalesce(outcome = 'paid', false);
        continue when outcome is null;
        return next;
    end loop;
    if is_paid then perform set_config('synchronous_commit', 'on', true); end if;
end $$;
