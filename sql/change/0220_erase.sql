-- Erasing an order is written once.
set local lock_timeout = '3s';
-- What is left of orders whose buyer is forgotten: what the books need. Gives the address each had.
create function orders.erase(of_orders bigint[]) returns table (id bigint, email text)
language sql as $$
    with mine as (select o.id, o.email from orders."order" o where o.id = any(of_orders))
    update orders."order" o
       set email = '', name = '', phone = '', sealed = '', clues = '{}', forget_from = null,
           address = jsonb_build_object('line1', '', 'line2', '', 'city', '', 'region', '',
                                        'postcode', '', 'country', o.address ->> 'country')
      from mine where o.id = mine.id
    returning o.id, mine.email
$$;
