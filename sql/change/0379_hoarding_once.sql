-- What is kept for a buyer is looked up once for all that an order has.
set local lock_timeout = '3s';
create or replace function orders.refuse_hoarding(of_order bigint, by_buyer text, items bigint[],
    quantities bigint[], for_s bigint, most_orders bigint, most_kept bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    is_locked boolean := false;
    most record;
begin
    loop
        if is_locked or by_buyer like 'p%' then
            perform pg_advisory_xact_lock(hashtextextended('orders.buyer ' || by_buyer, 0));
            is_locked := true;
        end if;
        with mine as materialized (
            select o.id, o.kept_s, o.status = 'pending' and o.is_held and o.id <> of_order as counts
              from (select x.id, x.status, x.payment_status, x.is_held, x.placed_at, x.kept_s
                      from orders."order" x where x.buyer = by_buyer offset 0) o
             where o.payment_status = 'pending' and o.placed_at > now() - interval '1 day'
        ), kept as (
            select h.item_id, sum(h.quantity * m.kept_s::numeric) as piece_seconds
              from mine m, lateral (
                   select x.item_id, max(x.quantity) as quantity from inventory.hold x
                    where x.order_id = m.id group by x.item_id) h
             group by h.item_id
        ), wanted as (
            select w.item, (w.quantity * for_s::numeric + coalesce(k.piece_seconds, 0))
                           / (shelf.on_hand * most_kept::numeric) as share
              from unnest(items, quantities) as w(item, quantity)
              join inventory.item i on i.id = w.item and i.tracked
             cross join lateral (
                   select sum(s.on_hand) as on_hand, max(s.on_hand - s.reserved) as free
                     from inventory.stock s where s.item_id = w.item) shelf
              left join kept k on k.item_id = w.item
             where shelf.free >= w.quantity -- or it cannot be held anyway
             order by share desc limit 1
        )
        select w.item, coalesce(w.share, 0) as share,
               (select count(*) from mine m where m.counts) as others into most
          from (select) one left join wanted w on true;
        if most.others >= most_orders then
            raise exception using errcode = 'TL409', constraint = 'orders.kept_orders',
                message = most.others::text;
        end if;
        if most.share > 1 then
            raise exception using errcode = 'TL409', constraint = 'orders.kept_goods',
                message = most.item::text;
        end if;
        exit when is_locked or (2 * (most.others + 1) < most_orders and most.share < 0.5);
        is_locked := true;
    end loop;
end $$;
