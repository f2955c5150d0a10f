-- An order books what it holds, and no other stock; it reads no movements but its own.
set local lock_timeout = '3s';
-- An order takes, keeps and gives back what it holds, of whichever organisation, and writes down that
-- it did; of other goods it sees the name. (The function is asked by policies, as catalog.sells.)
create function inventory.is_held(item bigint) returns boolean language plpgsql stable as $$
begin
    return exists (select from inventory.hold h
                    where h.order_id = base.order_id() and h.item_id = item);
end $$;
create policy of_order on inventory.location for select using (base.order_id() is not null);
create policy of_order on inventory.item for select using (base.order_id() is not null);
create policy of_order on inventory.stock for select
    using (base.order_id() is not null and inventory.is_held(item_id));
create policy by_order on inventory.stock for update
    using (base.order_id() is not null and inventory.is_held(item_id))
    with check (base.order_id() is not null and inventory.is_held(item_id));
create policy of_order on inventory.movement for select
    using (base.order_id() is not null and cause ~ ('^order:' || base.order_id() || '[ :]'));
create policy by_order on inventory.movement for insert
    with check (base.order_id() is not null and cause ~ ('^order:' || base.order_id() || '[ :]')
        and inventory.is_held(item_id));
create or replace function inventory.reserve(of_order bigint, items bigint[], quantities bigint[],
    until timestamptz, several bigint, by_request text, wake boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    want record;
    place record;
    most bigint;
    shelf bigint;
begin
    if of_order is distinct from base.order_id() and not base.is_platform() then
        raise exception 'order % holds nothing here', of_order using errcode = 'TL403';
    end if;
    for want in
        select u.item, u.quantity, i.sku, i.organisation_id
          from unnest(items, quantities) as u(item, quantity)
          left join inventory.item i on i.id = u.item
         where coalesce(i.tracked, true)
           and not exists (select from inventory.hold h
                            where h.order_id = of_order and h.item_id = u.item
                              and h.state in ('held', 'sold'))
         order by u.item
    loop
        most := 0;
        shelf := null;
        for place in
            select s.location_id, s.on_hand - s.reserved as free
              from inventory.stock s where s.item_id = want.item
             order by s.location_id for update
        loop
            most := greatest(most, place.free);
            if shelf is null and place.free >= want.quantity then
                shelf := place.location_id;
            end if;
        end loop;
        if shelf is null then
            raise exception using errcode = 'TL409', constraint = 'inventory.short',
                message = most || ' ' || want.item;
        end if;
        update inventory.stock set reserved = reserved + want.quantity
         where item_id = want.item and location_id = shelf;
        insert into inventory.hold as h
            (organisation_id, order_id, item_id, location_id, quantity, expires_at)
        values (want.organisation_id, of_order, want.item, shelf, want.quantity, until)
            on conflict (order_id, item_id, location_id) do update
           set state = 'held', quantity = excluded.quantity, expires_at = excluded.expires_at;
        most := most - want.quantity;
        perform work.tell('inventory.updated', want.organisation_id, want.item,
            jsonb_strip_nulls(jsonb_build_object('sku', want.sku, 'left', most,
                'isPlenty', case when most > several then true end)), by_request, wake);
    end loop;
end $$;
revoke all on function inventory.reserve from public;
grant execute on function inventory.reserve to talat_app;
grant usage on schema inventory, work to talat_search;
grant select, insert, update on inventory.hold to talat_search;
grant select on inventory.item to talat_search;
grant select, update on inventory.stock to talat_search;
grant insert on work.outbox to talat_search;
grant create on schema inventory to talat_search;
alter function inventory.reserve owner to talat_search;
revoke create on schema inventory from talat_search;
do $$
declare t text;
begin
    foreach t in array array['location', 'item', 'stock', 'movement'] loop
        execute format('alter policy kept on inventory.%I
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;
