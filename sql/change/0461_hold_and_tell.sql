-- What an order holds is told in a statement of its own role, which is planned once.
set local lock_timeout = '3s';

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
        -- As work.tell does, but that is planned for one role: for this one and for the caller's it would be
        -- planned anew each time.
        insert into work.outbox (kind, organisation_id, subject_id, data, request)
        values ('inventory.updated', want.organisation_id, want.item,
            jsonb_strip_nulls(jsonb_build_object('sku', want.sku, 'left', most,
                'isPlenty', case when most > several then true end)), by_request);
        if wake then perform pg_notify('talat_work', ''); end if;
    end loop;
end $$;
