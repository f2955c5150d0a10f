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
);

-- Each change of on_hand, once per cause: booking "order:7 sold" again is refused.
create table inventory.movement (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    quantity bigint not null check (quantity <> 0),
    reason text not null check (reason in ('initial', 'received', 'corrected', 'sold', 'returned')),
    cause text not null,
    person_id bigint,
    created_at timestamptz not null default now(),
    source text not null default base.source(),
    constraint once_per_cause unique (item_id, location_id, cause)
);
create trigger never_changed before update or delete on inventory.movement
    for each row execute function base.refuse_change();

create table inventory.hold (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    order_id bigint not null,
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    quantity bigint not null check (quantity > 0),
    state text not null default 'held' check (state in ('held', 'sold', 'freed')),
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    unique (order_id, item_id, location_id)
);
create index hold_expiry on inventory.hold (expires_at) where state = 'held';

do $$
declare t text;
begin
    foreach t in array array['location', 'item', 'stock', 'movement'] loop
        execute format('alter table inventory.%I enable row level security', t);
        execute format('alter table inventory.%I force row level security', t);
        execute format('create policy kept on inventory.%I for all
            using (organisation_id = base.organisation() or base.order_id() is not null
                or base.is_platform())
            with check (organisation_id = base.organisation() or base.order_id() is not null
                or base.is_platform())', t);
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
create policy seen on inventory.location for select
    using (base.person() is not null or base.cart() is not null);

grant select, insert, update on inventory.location, inventory.item, inventory.stock,
    inventory.hold to talat_app;
grant select, insert on inventory.movement to talat_app;
grant select on inventory.location, inventory.item, inventory.stock to talat_readonly;

select audit.watch('inventory.location', 'settings');
select audit.watch('inventory.item', 'settings');
