-- A seller sees the ledger of what they sold alone.
set local lock_timeout = '3s';
-- The ledger is kept by order. Of an order of one seller it is the seller's, who sees it; of an
-- order of several it says what all of them took together, and is the house's. Parts of others are
-- hidden from a seller, so this runs as talat_search and looks itself who asks.
create function orders.sells_alone(of_order bigint) returns boolean language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(bool_and(p.organisation_id = base.organisation()), false)
      from orders.part p where p.order_id = of_order and base.organisation() is not null
$$;
revoke all on function orders.sells_alone from public;
grant execute on function orders.sells_alone to talat_app;
grant create on schema orders to talat_search;
alter function orders.sells_alone owner to talat_search;
revoke create on schema orders from talat_search;
create policy seller on payments.transaction for select using (orders.sells_alone(order_id));
create policy seller on payments.entry for select using (orders.sells_alone(order_id));
