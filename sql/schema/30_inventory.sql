-- inventory: stock by SKU and place, holds with an expiry, and the ledger of movements that
-- explains every figure. No oversell is a CHECK here, not a habit of the code.
create schema inventory;
grant usage on schema inventory to talat_app, talat_readonly;

create table inventory.location (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    code text not null,
    name text not null,
    unique (organisation_id, code)
);

create table inventory.item ( -- one stock-keeping unit
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    sku text not null check (length(sku) between 1 and 80),
    tracked boolean not null default true, -- false: never runs out
    unique (organisation_id, sku)
);

create table inventory.stock (
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    organisation_id bigint not null references auth.organisation,
    on_hand bigint not null default 0,
    reserved bigint not null default 0,
    primary key (item_id, location_id),
    constraint never_oversold check (reserved between 0 and on_hand)
) with (fillfactor = 80); -- what is sold is written beside what was there, and no index hears of it

-- Each change of on_hand, once per cause: booking "order:7 sold" again is refused. It points to the
-- stock it changes, which points to item and place: those are rows that many orders would lock. The
-- cause comes first, because the newest stand together then.
create table inventory.movement (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    item_id bigint not null,
    location_id bigint not null,
    quantity bigint not null check (quantity <> 0),
    reason text not null check (reason in ('initial', 'received', 'corrected', 'sold', 'returned')),
    cause text not null,
    person_id bigint,
    created_at timestamptz not null default clock_timestamp(), -- as audit.entry
    source text not null default base.source(),
    whence text, -- beside it, of who works here (base.whence)
    constraint once_per_cause unique (cause, item_id, location_id),
    foreign key (item_id, location_id) references inventory.stock
);
create trigger never_changed before update or delete on inventory.movement
    for each row execute function base.refuse_change_but_whence();
create index movement_whence on inventory.movement (person_id, created_at)
    where whence is not null;
create index movement_at on inventory.movement (created_at) -- as hold_lapsing
    where whence is not null and created_at is not null;
-- The trail's, one seller's and the house's. Its own number, or the planner goes through all that was
-- sold by the primary key wherever it takes moves by hand for many.
create index movement_told on inventory.movement (organisation_id, (id * 4 + 2) desc)
    where reason not in ('sold', 'returned');
create index movement_told_house on inventory.movement ((id * 4 + 2) desc)
    where reason not in ('sold', 'returned');

-- Counts that changed no figure, of causes that count once: a file that is imported again must not put
-- back what was sold since, also where it said at first what stood there already.
create table inventory.counted (
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    organisation_id bigint not null,
    cause text not null,
    primary key (item_id, location_id, cause)
);

create table inventory.hold (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    order_id bigint not null,
    item_id bigint not null,
    location_id bigint not null,
    quantity bigint not null check (quantity > 0),
    state text not null default 'held' check (state in ('held', 'sold', 'freed')),
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    unique (order_id, item_id, location_id),
    foreign key (item_id, location_id) references inventory.stock
);
-- "is not null" here and below keeps it for those who ask by the time (PostgreSQL 15 does not infer it from
-- the column). It is short when plans are made: whoever asks by the order would be planned to read all of
-- it, and on a sale day it is long.
create index hold_lapsing on inventory.hold (expires_at)
    where state = 'held' and expires_at is not null;

do $$
declare t text;
begin
    foreach t in array array['location', 'item', 'stock', 'movement', 'counted'] loop
        execute format('alter table inventory.%I enable row level security', t);
        execute format('alter table inventory.%I force row level security', t);
        execute format('create policy kept on inventory.%I for all
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;
-- An order holds and frees its own, of every organisation whose goods it has.
alter table inventory.hold enable row level security;
alter table inventory.hold force row level security;
create policy kept on inventory.hold for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform())
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
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
create policy seen on inventory.location for select
    using (base.person() is not null or base.cart() is not null);

grant select, insert, update on inventory.location, inventory.item, inventory.stock,
    inventory.hold to talat_app;
grant select, insert on inventory.movement, inventory.counted to talat_app;
grant select on inventory.location, inventory.item, inventory.stock to talat_readonly;

select audit.watch('inventory.location', 'settings');
select audit.watch('inventory.item', 'settings');

-- Holds all or nothing for an order; the caller has summed per item. Rows are locked in the order
-- of their items; of several places the first that has the whole quantity gives it. What is held
-- already stays as it is. Short of one: 'inventory.short', saying "<left> <item>". Each new hold is
-- told; one that leaves more than `several` has isPlenty (src/inventory/inventory.h says why). Before
-- an order holds anything no stock is its own, so this runs as talat_search and looks itself whose
-- order it is.
create function inventory.reserve(of_order bigint, items bigint[], quantities bigint[],
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

-- held -> sold: the stock leaves, with a movement.
create function inventory.sell(of_order bigint, why text) returns void language plpgsql as $$
declare
    h record;
begin
    for h in
        select organisation_id, item_id, location_id, quantity from inventory.hold
         where order_id = of_order and state = 'held'
         order by item_id, location_id for update
    loop
        update inventory.stock
           set on_hand = on_hand - h.quantity, reserved = reserved - h.quantity
         where item_id = h.item_id and location_id = h.location_id;
        insert into inventory.movement
            (organisation_id, item_id, location_id, quantity, reason, cause)
        values (h.organisation_id, h.item_id, h.location_id, -h.quantity, 'sold', why);
    end loop;
    update inventory.hold set state = 'sold' where order_id = of_order and state = 'held';
end $$;
-- The same of several orders, whose stock the caller has locked in the order of its items. Two may have the
-- same item: it is written once, with what both had. Here and where else something is done for several, each
-- is looked up by its index, as one would be: the plans of a short table would read it whole, when it is long
-- as well.
create function inventory.sell_all(of_orders bigint[], whys text[]) returns void language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    with sold as (
        update inventory.hold h set state = 'sold'
         where h.order_id = any(of_orders) and h.state = 'held'
        returning h.organisation_id, h.item_id, h.location_id, h.quantity,
            whys[array_position(of_orders, h.order_id)] as why
    ), gone as (
        update inventory.stock s
           set on_hand = s.on_hand - x.quantity, reserved = s.reserved - x.quantity
          from (select t.item_id, t.location_id, sum(t.quantity)::bigint as quantity
                  from sold t group by t.item_id, t.location_id) x
         where s.item_id = x.item_id and s.location_id = x.location_id
    )
    insert into inventory.movement
        (organisation_id, item_id, location_id, quantity, reason, cause)
    select t.organisation_id, t.item_id, t.location_id, -t.quantity, 'sold', t.why from sold t;
end $$;

-- See audit.forget_whence.
create function inventory.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint := 0;
    more bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    if of_person is not null then
        update inventory.movement set whence = null where id = any(array(
            select m.id from inventory.movement m
             where m.whence is not null and m.person_id = of_person
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    if older is not null then
        older := least(older, now() - interval '30 days');
        update inventory.movement set whence = null where id = any(array(
            select m.id from inventory.movement m
             where m.whence is not null and m.created_at < older
             order by m.created_at
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    return n;
end $$;
revoke all on function inventory.forget_whence from public;
grant execute on function inventory.forget_whence to talat_app;
