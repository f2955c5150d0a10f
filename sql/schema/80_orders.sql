-- orders: an agreed basket and its life. One part per organisation for its fulfilment.
create schema orders;
grant usage on schema orders to talat_app, talat_readonly;

-- What people are told of the money: the buyer's bank may be taking it back, some of it, or all of
-- it, may have gone back.
create function orders.money_state(payment_status text, refunded bigint, disputed bigint)
returns text language sql immutable parallel safe as
$$ select case when payment_status = 'paid' and disputed > 0 then 'disputed'
               when payment_status = 'paid' and refunded > 0 then 'partly_refunded'
               else payment_status end $$;
-- As programs of the version before call it.
create function orders.money_state(payment_status text, refunded bigint) returns text
language sql immutable parallel safe as
$$ select case when payment_status = 'paid' and refunded > 0 then 'partly_refunded'
               else payment_status end $$;

create sequence orders.order_id;
grant usage on sequence orders.order_id to talat_app;
create table orders."order" (
    id bigint primary key, -- from orders.order_id, taken first so that the scope can be set
    number text not null unique check (number ~ '^[0-9A-Z-]{8,20}$'), -- what people see
    cart_id bigint not null,
    cart_revision bigint not null,
    person_id bigint,
    email text not null, -- in small letters, as auth.person has it
    name text not null,
    phone text not null default '', -- empty where it is sealed, and so are line1 and line2
    address jsonb not null, -- {line1, line2, city, region, postcode, country}
    sealed text not null default '', -- telephone, line1, line2 (orders/sealed.c)
    keeper bigint not null default 0, -- the organisation whose key it is sealed with; 0: the house
    clues text[] not null default '{}', -- to find the telephone by
    lang text not null,
    currency char(3) not null,
    goods_total bigint not null check (goods_total >= 0),
    delivery_total bigint not null check (delivery_total >= 0),
    tax_total bigint not null check (tax_total >= 0), -- within or on top, as tax_inclusive says
    total bigint not null check (total >= 0),
    tax_inclusive boolean not null,
    rounding text not null,
    delivery_method text not null,
    delivery_names jsonb not null default '{}',
    trace jsonb not null, -- how each figure came about
    status text not null default 'pending' check (status in
        ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
    payment_status text not null default 'pending' check (payment_status in
        ('pending', 'paid', 'refunded')),
    refunded_total bigint not null default 0,
    disputed_total bigint not null default 0, -- what the buyer's bank takes, until it is decided
    version bigint not null default 1,
    placed_at timestamptz not null default now(),
    is_held boolean not null default true, -- its stock is reserved until hold_until
    hold_until timestamptz not null,
    paid_at timestamptz,
    updated_at timestamptz not null default now(),
    -- For whom goods are kept that are not paid (orders/place.c): a person, or a digest of a guest's
    -- network; gone when they are paid, or after a day. And for how many seconds that was promised.
    buyer text,
    kept_s int not null default 0,
    left_cart boolean not null default false, -- its goods are in its cart no more
    constraint one_order_per_revision unique (cart_id, cart_revision),
    constraint totals_add_up check (total = goods_total + delivery_total
        + case when tax_inclusive then 0 else tax_total end),
    constraint refunds_fit check (refunded_total between 0 and total)
);
create index order_person on orders."order" (person_id, id desc) where person_id is not null;
create index order_email on orders."order" (email, id desc);
create index order_lapsing on orders."order" (hold_until)
    where status = 'pending' and payment_status = 'pending' and is_held;
create index order_plain on orders."order" (id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> '';
create trigger written_plain before update of phone on orders."order" for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
create index order_unpaid on orders."order" (placed_at) -- as inventory.hold_lapsing
    where status = 'pending' and payment_status = 'pending' and placed_at is not null;
create index order_given on orders."order" (id desc) -- money went back, or may
    where refunded_total > 0 or disputed_total > 0 or payment_status = 'refunded';
create index order_buyer on orders."order" (buyer) where buyer is not null;

-- What of an order's money is not with us: given back, or for the time being at the buyer's bank.
create function orders.gone(o orders."order") returns bigint language sql stable parallel safe as
$$ select least(o.refunded_total + o.disputed_total, o.total) $$;

create table orders.part (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    organisation_id bigint not null references auth.organisation,
    status text not null default 'pending' check (status in
        ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
    goods_total bigint not null,
    tax_total bigint not null,
    carrier text not null default '',
    tracking text not null default '',
    shipped_at timestamptz,
    placed_at timestamptz not null default now(),
    unique (order_id, organisation_id)
);
create index part_organisation on orders.part (organisation_id, order_id desc);
create index part_placed on orders.part (organisation_id, placed_at) -- the days' figures; as hold_lapsing
    where placed_at is not null;
create index part_status on orders.part (organisation_id, status, order_id desc);

create table orders.line (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    part_id bigint not null references orders.part,
    organisation_id bigint not null,
    position int not null,
    product_id bigint not null,
    variant_id bigint not null,
    item_id bigint not null,
    slug text not null,
    sku text not null,
    name text not null,
    options text not null default '',
    picture text not null default '', -- stem
    quantity int not null check (quantity > 0),
    unit_price bigint not null check (unit_price >= 0),
    line_total bigint not null,
    tax_rate_bp int not null,
    tax bigint not null,
    constraint line_adds_up check (line_total = unit_price * quantity),
    unique (order_id, position)
);
create index line_picture on orders.line (picture) where picture <> ''; -- src/ops/pictures.c

create table orders.event ( -- the timeline
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    kind text not null, -- placed, paid, address_given, shipped, delivered, cancelled, refunded, hold_lapsed, note
    actor text not null default 'system' check (actor in ('system', 'buyer', 'staff', 'provider')),
    person_id bigint,
    data jsonb not null default '{}',
    at timestamptz not null default clock_timestamp(), -- as audit.entry: they are one list
    source text not null default base.source(),
    whence text default base.whence() -- beside it: goes with its order's buyer, or in time
);
create index event_order on orders.event (order_id, id);
create trigger never_changed before update or delete on orders.event
    for each row execute function base.refuse_change_but_whence();
create index event_whence on orders.event (person_id, at) where whence is not null;
create index event_at on orders.event (at) -- as inventory.hold_lapsing
    where whence is not null and at is not null;

-- What came in paid, for as long as it may be told anew: who sells hears of it by mail, of all that
-- came since the mail before at once.
create table orders.news (
    organisation_id bigint not null,
    order_id bigint not null,
    batch bigint, -- those of one mail; null: in none yet
    created_at timestamptz not null default now(),
    primary key (organisation_id, order_id)
);
create index news_batch on orders.news (organisation_id, batch);
create index news_created on orders.news (created_at);
alter table orders.news enable row level security;
alter table orders.news force row level security;
create policy house on orders.news for all
    using (base.is_platform()) with check (base.is_platform());
grant select, insert, update, delete on orders.news to talat_app;

alter table orders."order" enable row level security;
alter table orders."order" force row level security;
create policy own on orders."order" for all
    using (id = base.order_id() or person_id = base.person() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = "order".id and p.organisation_id = base.organisation())))
    with check (id = base.order_id() or person_id = base.person() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = "order".id and p.organisation_id = base.organisation())));
alter table orders.part enable row level security;
alter table orders.part force row level security;
-- No policy of part asks order while order's asks part: that would go in circles.
create policy own on orders.part for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform())
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
alter table orders.line enable row level security;
alter table orders.line force row level security;
create policy own on orders.line for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform() or (base.person() is not null and exists (
            select from orders."order" o where o.id = order_id and o.person_id = base.person())))
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
alter table orders.event enable row level security;
alter table orders.event force row level security;
create policy own on orders.event for all
    using (order_id = base.order_id() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = event.order_id and p.organisation_id = base.organisation())))
    with check (order_id = base.order_id() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = event.order_id and p.organisation_id = base.organisation())));

grant select, insert, update on orders."order", orders.part to talat_app;
grant select, insert on orders.line, orders.event to talat_app;

-- What a client of the API was answered, by the key it chose: asked again, it hears the same.
create table orders.answer (
    person_id bigint not null,
    key text not null check (length(key) <= 255),
    asked text not null, -- hash of what was asked: the key is good for that alone
    order_id bigint,
    answer text, -- sealed; written once
    status int not null default 201, -- of HTTP
    created_at timestamptz not null default now(),
    primary key (person_id, key)
);
create index answer_old on orders.answer (created_at);
alter table orders.answer enable row level security;
alter table orders.answer force row level security;
create policy own on orders.answer for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on orders.answer to talat_app;

-- What the back office finds orders and customers by: number, name, address of mail, and of those
-- whose telephone is not sealed that, as written and as figures alone. In a table of its own, so
-- that an order that moves on need not write its index again; nobody but talat_search reads it.
create table orders.words (
    order_id bigint primary key references orders."order" on delete cascade,
    words text not null,
    clues text[] not null default '{}'
);
create index order_words on orders.words using gin (words gin_trgm_ops);
create index order_clues on orders.words using gin (clues);
alter table orders.words enable row level security;
alter table orders.words force row level security;

create function orders.keep_words() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    insert into orders.words as w (order_id, words, clues)
    values (new.id, lower(new.number || ' ' || new.name || ' ' || new.email || ' ' || new.phone
        || ' ' || regexp_replace(new.phone, '\D', '', 'g')), new.clues)
        on conflict (order_id) do update set words = excluded.words, clues = excluded.clues
     where (w.words, w.clues) is distinct from (excluded.words, excluded.clues);
    return null;
end $$;
create trigger findable after insert or update of number, name, email, phone, clues
    on orders."order" for each row execute function orders.keep_words();

-- An organisation's newest orders with these words. Row level security would keep the search
-- from its index, so this runs as talat_search and looks itself whose orders are asked for. A
-- telephone number is known by its last nine figures: 081 234 5678 is +66 81-234-5678. Below
-- three letters there is nothing an index could find: then only the newest are looked at. So they are
-- for a word that one in a hundred of them has: the index would find all that ever had it.
create function orders.found(of_organisation bigint, sought text, before bigint, most bigint)
returns table (order_id bigint) language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_custom_plan as $$
declare
    folded text := lower(btrim(sought));
    figures text := regexp_replace(folded, '\D', '', 'g');
    pattern text := '%' || regexp_replace(folded, '([\\%_])', '\\\1', 'g') || '%';
    telephone text := pattern;
    -- Of what all orders have ("tl-", "@gmail.com") the index knows nothing but that it is long.
    telling text := regexp_replace(split_part(folded, '@', 1), '^tl-', '');
    narrow text := pattern;
    newest bigint := case when length(folded) < 3 then 20000 else 200000 end;
    n bigint := 0;
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    if folded ~ '^[0-9 ()+./-]+$' and length(ltrim(figures, '0')) >= 4 then
        telephone := '%' || right(ltrim(figures, '0'), 9) || '%';
    end if;
    if length(telling) >= 3 then
        narrow := '%' || regexp_replace(telling, '([\\%_])', '\\\1', 'g') || '%';
    end if;
    if length(folded) >= 3 then
        select count(*) into n
          from (select x.order_id from orders.part x where x.organisation_id = of_organisation
                 order by x.order_id desc limit 1000) p,
               lateral (select from orders.words w where w.order_id = p.order_id
                           and (w.words like pattern or w.words like telephone) offset 0) w;
    end if;
    if length(folded) < 3 or n >= 10 then
        return query
            select p.order_id
              from (select x.order_id from orders.part x
                     where x.organisation_id = of_organisation and x.order_id < before
                     order by x.order_id desc limit newest) p,
                   lateral (select from orders.words w where w.order_id = p.order_id
                               and (w.words like pattern or w.words like telephone) offset 0) w
             order by p.order_id desc limit most;
        return;
    end if;
    return query
        select p.order_id from orders.words w
          join orders.part p on p.order_id = w.order_id and p.organisation_id = of_organisation
         where ((w.words like narrow and w.words || '' like pattern)
                or (telephone <> pattern and w.words like telephone))
           and p.order_id < before
         order by p.order_id desc limit most;
end $$;
-- As programs of the version before call it.
create function orders.found(of_organisation bigint, sought text)
returns table (order_id bigint) language plpgsql stable as $$
begin
    return query select f.order_id from orders.found(of_organisation, sought, 9223372036854775807, 2000) f;
end $$;

-- Its newest orders with one of these clues, of a telephone that is sealed.
create function orders.called(of_organisation bigint, sought text[])
returns table (order_id bigint) language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    return query
        select p.order_id from orders.words w
          join orders.part p on p.order_id = w.order_id and p.organisation_id = of_organisation
         where w.clues && sought
         order by p.order_id desc limit 2000;
end $$;

revoke all on function orders.keep_words, orders.found(bigint, text, bigint, bigint), orders.found(bigint, text),
    orders.called from public;
grant execute on function orders.found(bigint, text, bigint, bigint), orders.found(bigint, text),
    orders.called to talat_app;
-- The ledger is kept by order, and so is what banks take back. Of an order of one seller it is the
-- seller's, who sees it; of an order of several it is about what all of them took together, and is
-- the house's. Parts of others are hidden from a seller, so this runs as talat_search and looks
-- itself who asks.
create function orders.sells_alone(of_order bigint) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return coalesce((select bool_and(p.organisation_id = base.organisation())
                       from orders.part p where p.order_id = of_order), false);
end $$;
revoke all on function orders.sells_alone from public;
grant execute on function orders.sells_alone to talat_app;
grant usage on schema orders to talat_search;
grant select on orders.part to talat_search;
grant select, insert, update on orders.words to talat_search;
grant create on schema orders to talat_search;
alter function orders.keep_words owner to talat_search;
alter function orders.found(bigint, text, bigint, bigint) owner to talat_search;
alter function orders.found(bigint, text) owner to talat_search;
alter function orders.called owner to talat_search;
alter function orders.sells_alone owner to talat_search;
revoke create on schema orders from talat_search;
create policy seller on payments.transaction for select
    using (base.organisation() is not null and orders.sells_alone(order_id));
create policy seller on payments.entry for select
    using (base.organisation() is not null and orders.sells_alone(order_id));
create policy seller on payments.dispute for select
    using (base.organisation() is not null and orders.sells_alone(order_id));

-- What the outbox is told of an order.
create function orders.told(o orders."order") returns jsonb language sql stable parallel safe as
$$ select jsonb_build_object('orderId', o.number, 'paymentStatus',
              orders.money_state(o.payment_status, o.refunded_total, o.disputed_total),
              'orderStatus', o.status) $$;
-- Tells the outbox of an order as it is now, once per organisation that has a part in it.
create function orders.tell(of_order bigint, of_kind text, by_request text, wake boolean)
returns void language plpgsql as $$
declare
    told record;
begin
    for told in
        select p.organisation_id, orders.told(o) as news
          from orders."order" o join orders.part p on p.order_id = o.id
         where o.id = of_order order by p.organisation_id
    loop
        perform work.tell(of_kind, told.organisation_id, of_order, told.news, by_request, wake);
    end loop;
end $$;
-- The same of several.
create function orders.tell_all(of_orders bigint[], of_kind text, by_requests text[], wake boolean)
returns void language plpgsql
set enable_seqscan = off as $$
declare
    told record;
begin
    select array_agg(t.organisation_id) as organisations, array_agg(t.id) as orders,
           array_agg(t.news) as news, array_agg(t.request) as requests into told
      from (select p.organisation_id, u.id, u.request, o.news
              from unnest(of_orders, by_requests) with ordinality as u(id, request, place),
                   lateral (select orders.told(x) as news from orders."order" x
                             where x.id = u.id offset 0) o,
                   lateral (select x.organisation_id from orders.part x
                             where x.order_id = u.id offset 0) p
             order by u.place, p.organisation_id) t;
    perform work.tell_all(of_kind, told.organisations, told.orders, told.news, told.requests, wake);
end $$;

-- What one buyer may have kept without having paid for it: so many orders at once. Guests are known by
-- nothing but their network, where many may be honest: for them it is more. Whoever comes near it is
-- locked, so that all who come at once are counted; a person always is.
create function orders.refuse_hoarding(of_order bigint, by_buyer text, most_orders bigint)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    is_locked boolean := false;
    others bigint;
begin
    loop
        if is_locked or by_buyer like 'p%' then
            perform pg_advisory_xact_lock(hashtextextended('orders.buyer ' || by_buyer, 0));
            is_locked := true;
        end if;
        select count(*) into others
          from (select x.id, x.status, x.payment_status, x.is_held, x.placed_at
                  from orders."order" x where x.buyer = by_buyer offset 0) o
         where o.payment_status = 'pending' and o.placed_at > now() - interval '1 day'
           and o.status = 'pending' and o.is_held and o.id <> of_order
           and not exists (select from payments.attempt a -- what a bank is at work on is no hoard
                            where a.order_id = o.id and a.state = 'processing');
        if others >= most_orders then
            raise exception using errcode = 'TL409', constraint = 'orders.kept_orders',
                message = others::text;
        end if;
        exit when is_locked or 2 * (others + 1) < most_orders;
        is_locked := true;
    end loop;
end $$;
revoke all on function orders.refuse_hoarding from public;
grant execute on function orders.refuse_hoarding to talat_app;
grant select on orders."order" to talat_search;
grant usage on schema payments to talat_search;
grant select (order_id, state) on payments.attempt to talat_search;
grant create on schema orders to talat_search;
alter function orders.refuse_hoarding owner to talat_search;
revoke create on schema orders from talat_search;

-- An order as a whole, before any money moves: the agreed basket, a part per organisation, the
-- stock held, its cart told, the story and the outbox. Locks cart, then stock. False: this revision
-- has its order already, or the cart has another by now. lines: [{organisation, product, variant,
-- item, slug, sku, name, options, picture, quantity, unit, total, rate, tax}]. The address brings
-- along what is sealed of it: {..., sealed, keeper, clues}. by_buyer: as refuse_hoarding has it;
-- null: nobody counts.
create function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
    person bigint, to_email text, to_name text, to_phone text, to_address jsonb, in_lang text,
    in_currency text, goods bigint, delivery bigint, tax bigint, in_all bigint, inclusive boolean,
    rounded text, by_method text, method_names jsonb, how jsonb, held_until timestamptz,
    lines jsonb, several bigint, by_request text, wake boolean, by_buyer text, most_orders bigint)
returns boolean
language plpgsql as $$
declare
    l record;
    wanted record;
begin
    perform from cart.cart
      where id = of_cart and state = 'open' and revision = of_revision for update;
    if not found then return false; end if;
    insert into orders."order" (id, number, cart_id, cart_revision, person_id, email, name, phone,
        address, sealed, keeper, clues, lang, currency, goods_total, delivery_total, tax_total, total, tax_inclusive,
        rounding, delivery_method, delivery_names, trace, hold_until, buyer, kept_s)
    values (new_id, new_number, of_cart, of_revision, person, lower(to_email), to_name, to_phone,
        to_address - '{sealed,keeper,clues}'::text[], coalesce(to_address ->> 'sealed', ''),
        coalesce((to_address ->> 'keeper')::bigint, 0),
        array(select jsonb_array_elements_text(to_address -> 'clues')), in_lang, in_currency, goods, delivery, tax, in_all, inclusive, rounded,
        by_method, method_names, how, held_until, by_buyer,
        extract(epoch from held_until - now()))
        on conflict on constraint one_order_per_revision do nothing;
    if not found then return false; end if;
    with line as (
        select x.*, row_number() over () as position
          from jsonb_to_recordset(lines) as x(organisation bigint, product bigint, variant bigint,
              item bigint, slug text, sku text, name text, options text, picture text,
              quantity int, unit bigint, total bigint, rate int, tax bigint)
    ), part as (
        insert into orders.part (order_id, organisation_id, goods_total, tax_total)
        select new_id, x.organisation, sum(x.total), sum(x.tax) from line x
         group by x.organisation order by min(x.position)
        returning id, organisation_id
    ), put as (
        insert into orders.line (order_id, part_id, organisation_id, position, product_id,
            variant_id, item_id, slug, sku, name, options, picture, quantity, unit_price,
            line_total, tax_rate_bp, tax)
        select new_id, p.id, x.organisation, x.position, x.product, x.variant, x.item, x.slug,
               x.sku, x.name, x.options, x.picture, x.quantity, x.unit, x.total, x.rate, x.tax
          from line x join part p on p.organisation_id = x.organisation
         order by x.position
    )
    select array_agg(x.variant) as variants, array_agg(x.quantity::bigint) as quantities into l
      from line x;
    select array_agg(w.item) as items, array_agg(w.quantity) as quantities into wanted
      from (select x.item, sum(x.quantity)::bigint as quantity
              from jsonb_to_recordset(lines) as x(item bigint, quantity bigint)
             group by x.item) w;
    if by_buyer is not null then
        perform orders.refuse_hoarding(new_id, by_buyer, most_orders);
    end if;
    perform cart.keep(of_cart, l.variants, l.quantities);
    perform inventory.reserve(new_id, wanted.items, wanted.quantities, held_until, several,
        by_request, wake);
    insert into orders.event (order_id, kind, actor, person_id)
    values (new_id, 'placed', 'buyer', person);
    perform orders.tell(new_id, 'order.created', by_request, wake);
    return true;
end $$;
-- As programs of the version before call it.
create function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
    person bigint, to_email text, to_name text, to_phone text, to_address jsonb, in_lang text,
    in_currency text, goods bigint, delivery bigint, tax bigint, in_all bigint, inclusive boolean,
    rounded text, by_method text, method_names jsonb, how jsonb, held_until timestamptz,
    lines jsonb, several bigint, by_request text, wake boolean) returns boolean
language plpgsql as $$
begin
    return orders.place(new_id, new_number, of_cart, of_revision, person, to_email, to_name,
        to_phone, to_address, in_lang, in_currency, goods, delivery, tax, in_all, inclusive, rounded,
        by_method, method_names, how, held_until, lines, several, by_request, wake, null,
        null);
end $$;

-- What was ordered is in its cart no more.
create function orders.empty_cart(of_order bigint, of_cart bigint, ordered_revision bigint)
returns void language plpgsql as $$
declare
    l record;
begin
    select array_agg(x.variant_id) as variants, array_agg(x.quantity::bigint) as quantities into l
      from orders.line x where x.order_id = of_order;
    perform cart.close(of_cart, ordered_revision, l.variants, l.quantities);
end $$;
-- A bank is at work on its payment, maybe for days: whoever ordered it goes on with another cart. The
-- caller holds the order; the cart is locked before any stock, as in placing.
create function orders.leave_cart(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    update orders."order" set left_cart = true
     where id = of_order and not left_cart and status = 'pending' and payment_status = 'pending'
    returning cart_id, cart_revision into o;
    if found then perform orders.empty_cart(of_order, o.cart_id, o.cart_revision); end if;
end $$;

-- Their goods have left the shelf for the money that has come.
create function orders.paid_all(of_orders bigint[]) returns void language plpgsql
set enable_seqscan = off as $$
begin
    update orders."order"
       set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
           status = case when status = 'pending' then 'processing' else status end, is_held = false,
           buyer = null, left_cart = true
     where id = any(of_orders) and payment_status = 'pending';
    update orders.part set status = 'processing'
     where order_id = any(of_orders) and status = 'pending';
    insert into orders.event (order_id, kind, actor)
    select u.id, 'paid', 'provider' from unnest(of_orders) as u(id);
end $$;
-- Its money has come and its stock is held: the goods leave, the cart is done. The caller holds the
-- order; the cart is locked before any stock, as in placing.
create function orders.fill(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    select cart_id, cart_revision, left_cart into strict o from orders."order" where id = of_order;
    perform from cart.cart where id = o.cart_id for update;
    perform inventory.sell(of_order, 'order:' || of_order || ' sold');
    perform orders.paid_all(array[of_order]);
    if not o.left_cart then
        perform orders.empty_cart(of_order, o.cart_id, o.cart_revision);
    end if;
end $$;

-- What a provider says of money that has come, where all is plain: the whole of what was asked for,
-- of an order that waits for it and holds its stock. What became of it; null: it is not plain, and
-- nothing was done. Locks order, payment, cart, stock.
create function orders.settle(of_event bigint, by_provider text, by_key text, of_payment text,
    of_amount bigint, in_currency text, by_request text, mail_rank bigint, wake boolean)
returns text language plpgsql as $$
declare
    a record;
    o record;
    became text := 'nothing new';
begin
    select id, order_id, amount, currency, state into a from payments.attempt
     where key = by_key and provider = by_provider and request ? 'email'; -- not erased meanwhile
    if not found or a.amount <> of_amount or a.currency <> in_currency then return null; end if;
    if a.state <> 'paid' then
        select payment_status, status, is_held, person_id, email, lang into strict o
          from orders."order" where id = a.order_id for update;
        select state into a.state from payments.attempt where id = a.id; -- as it is by now
    end if;
    if a.state <> 'paid' then
        if o.payment_status <> 'pending' or o.status = 'cancelled' or not o.is_held then
            return null;
        end if;
        if payments.capture(a.id, of_payment, a.order_id, 'capture:attempt:' || a.id, of_amount,
            in_currency) then
            became := 'paid';
            perform orders.fill(a.order_id);
            perform notify.say('order_paid', 'order:' || a.order_id, o.email, o.lang, null,
                a.order_id, o.person_id, by_request, mail_rank, wake);
            perform orders.tell(a.order_id, 'order.updated', by_request, wake);
        end if;
    end if;
    update payments.event
       set applied_at = now(), outcome = became, attempt_id = coalesce(attempt_id, a.id)
     where id = of_event and applied_at is null;
    -- Where it was no news, its end may be lost with the database's machine: it is looked at again.
    if became <> 'paid' then perform set_config('synchronous_commit', 'off', true); end if;
    return became;
end $$;

-- Several at once, in one transaction: of which it is said what became of them. As one would lock them after
-- another, but all orders, then all carts, then all stock, each by its number, or two of these would wait for
-- each other. Those that are plain, and whose cart is as it was ordered, are done by sets; then the others
-- one after another, also what is said of the same once more. Who calls it runs each by itself where this
-- fails.
create function orders.settle_all(of_events bigint[], by_providers text[], by_keys text[],
    of_payments text[], of_amounts bigint[], in_currencies text[], by_requests text[],
    mail_rank bigint, wake boolean)
returns table (event bigint, outcome text) language plpgsql
set enable_seqscan = off as $$
declare
    mine bigint[];
    plain record;
    fresh bigint[];
    paid record;
    said record;
    done bigint[] := '{}';
    is_paid boolean := false;
begin
    select array_agg(a.order_id) into mine from payments.attempt a
     where a.key = any(by_keys) and a.state <> 'paid';
    if mine is not null then
        perform from (select u.id from unnest(mine) as u(id) order by u.id) m,
                     lateral (select from orders."order" o where o.id = m.id for update) o;
        perform from (select u.id
                        from unnest(mine) as m(id),
                             lateral (select o.cart_id from orders."order" o
                                       where o.id = m.id offset 0) o,
                             lateral (select k.id, k.merged_into from cart.cart k
                                       where k.id = o.cart_id offset 0) k,
                             unnest(array[k.id, k.merged_into]) as u(id) -- see cart.close
                       order by u.id) m,
                     lateral (select from cart.cart k where k.id = m.id for update) k;
        perform from (select h.item_id, h.location_id
                        from unnest(mine) as m(id),
                             lateral (select x.item_id, x.location_id from inventory.hold x
                                       where x.order_id = m.id and x.state = 'held' offset 0) h
                       order by h.item_id, h.location_id) h,
                     lateral (select from inventory.stock s
                               where s.item_id = h.item_id and s.location_id = h.location_id
                                 for update) s;
        select array_agg(p.place) as places, array_agg(p.attempt) as attempts,
               array_agg(p.payment) as payments, array_agg(p.id) as orders,
               array_agg('capture:attempt:' || p.attempt) as whys, array_agg(p.amount) as amounts,
               array_agg(p.currency) as currencies into plain
          from (select distinct on (o.id) o.id, u.place, u.payment, u.amount, u.currency, a.id as attempt
                  from unnest(by_keys, by_providers, of_payments, of_amounts, in_currencies)
                       with ordinality as u(key, provider, payment, amount, currency, place),
                       lateral (select x.* from payments.attempt x where x.key = u.key offset 0) a,
                       lateral (select x.id, x.left_cart, x.cart_id, x.cart_revision
                                  from orders."order" x
                                 where x.id = a.order_id and x.payment_status = 'pending'
                                   and x.status <> 'cancelled' and x.is_held offset 0) o
                 where o.id = any(mine) -- those are locked
                   and a.provider = u.provider and a.amount = u.amount
                   and a.currency = u.currency and a.state <> 'paid'
                   and a.request ? 'email' -- not erased meanwhile
                   and (o.left_cart or exists (select from cart.cart k
                                                where k.id = o.cart_id and k.state = 'open'
                                                  and k.revision = o.cart_revision offset 0))
                 order by o.id, u.place) p;
        if plain.orders is not null then
            fresh := payments.capture_all(plain.attempts, plain.payments, plain.orders, plain.whys,
                plain.amounts, plain.currencies);
        end if;
    end if;
    if fresh is not null then
        select array_agg(p.place) as places, array_agg(of_events[p.place]) as events,
               array_agg(p.attempt) as attempts, array_agg(by_requests[p.place]) as requests,
               array_agg(o.id) as orders, array_agg('order:' || o.id) as causes,
               array_agg('order:' || o.id || ' sold') as sales,
               array_agg(o.email) as emails, array_agg(o.lang) as langs,
               array_agg(o.person_id) as persons,
               array_agg(o.cart_id) filter (where not o.left_cart) as carts into paid
          from unnest(plain.orders, plain.places, plain.attempts) as p(id, place, attempt),
               lateral (select x.id, x.email, x.lang, x.person_id, x.cart_id, x.left_cart
                          from orders."order" x where x.id = p.id offset 0) o
         where p.id = any(fresh);
        perform inventory.sell_all(paid.orders, paid.sales);
        perform orders.paid_all(paid.orders);
        perform cart.close_all(paid.carts);
        perform notify.say_all('order_paid', paid.causes, paid.emails, paid.langs, paid.orders,
            paid.persons, paid.requests, mail_rank, false);
        perform orders.tell_all(paid.orders, 'order.updated', paid.requests, wake); -- the mails too
        perform payments.applied_all(paid.events, paid.attempts, 'paid');
        done := paid.places;
    end if;
    for said in
        select * from unnest(of_events, by_providers, by_keys, of_payments, of_amounts,
            in_currencies, by_requests) with ordinality
            as u(event, provider, key, payment, amount, currency, request, place)
    loop
        event := said.event;
        outcome := 'paid';
        if said.place <> all(done) then
            outcome := orders.settle(said.event, said.provider, said.key, said.payment, said.amount,
                said.currency, said.request, mail_rank, wake);
        end if;
        is_paid := is_paid or coalesce(outcome = 'paid', false);
        continue when outcome is null;
        return next;
    end loop;
    if is_paid then perform set_config('synchronous_commit', 'on', true); end if;
end $$;

-- Whoever placed it wishes to be forgotten; that happens when it is over.
alter table orders."order" add column forget_from timestamptz;
create index order_forget on orders."order" (id) where forget_from is not null;
-- Nothing can come of it any more: never sent, or arrived so long ago that it comes back no more, and
-- no bank asks about it. Given back whole, no more of it is sent; some seller's part may have been.
create function orders.is_over(o orders."order") returns boolean language sql stable as $$
    select case o.status when 'cancelled' then true
                         when 'delivered' then o.updated_at < now() - interval '30 days'
                         when 'shipped' then o.updated_at < now() - interval '60 days'
                         when 'processing' then o.payment_status = 'refunded'
                             and o.updated_at < now() - interval '30 days'
                             and not exists (select from orders.part p
                                              where p.order_id = o.id
                                                and p.shipped_at > now() - interval '60 days')
                         else false end
           and not exists (select from payments.dispute d
                            where d.order_id = o.id and d.closed_at is null)
$$;
-- See audit.forget_whence; of an order that is erased, what was done without a name and by its buyer.
create function orders.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint := 0;
    more bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    if of_person is not null then
        update orders.event set whence = null where id = any(array(
            select v.id from orders.event v
             where v.whence is not null and v.person_id = of_person
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    if older is not null then
        older := least(older, now() - interval '30 days');
        update orders.event set whence = null where id = any(array(
            select v.id from orders.event v
             where v.whence is not null and v.at < older
             order by v.at
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    return n;
end $$;
create function orders.forget_whence_of(of_orders bigint[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update orders.event v set whence = null
      from orders."order" o
     where v.order_id = any(of_orders) and v.whence is not null and o.id = v.order_id
       and o.email = '' and (v.person_id is null or v.person_id = o.person_id)
$$;
revoke all on function orders.forget_whence, orders.forget_whence_of from public;
grant execute on function orders.forget_whence, orders.forget_whence_of to talat_app;
-- What is left of orders whose buyer is forgotten: what the books need. Gives the address each had.
create function orders.erase(of_orders bigint[]) returns table (id bigint, email text)
language plpgsql as $$
begin
    return query
    with mine as (select o.id, o.email from orders."order" o where o.id = any(of_orders))
    update orders."order" o
       set email = '', name = '', phone = '', sealed = '', clues = '{}', forget_from = null, buyer = null,
           address = jsonb_build_object('line1', '', 'line2', '', 'city', '', 'region', '',
                                        'postcode', '', 'country', o.address ->> 'country')
      from mine where o.id = mine.id
    returning o.id, mine.email;
    perform orders.forget_whence_of(of_orders);
end $$;
