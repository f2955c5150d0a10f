-- What one buyer may have kept without having paid for it.
set local lock_timeout = '3s';
alter table orders."order" add column buyer text, add column kept_s int not null default 0;

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
    values (new_id, new_number, of_cart, of_revision, person, to_email, to_name, to_phone,
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
create or replace function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
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

-- Its money has come and its stock is held: the goods leave, the cart is done. The caller holds the
-- order; the cart is locked before any stock, as in placing.
create or replace function orders.fill(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    select cart_id, cart_revision into strict o from orders."order" where id = of_order;
    perform from cart.cart where id = o.cart_id for update;
    perform inventory.sell(of_order, 'order:' || of_order || ' sold');
    update orders."order"
       set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
           status = case when status = 'pending' then 'processing' else status end, is_held = false,
           buyer = null
     where id = of_order and payment_status = 'pending';
    update orders.part set status = 'processing'
     where order_id = of_order and status = 'pending';
    perform cart.close(o.cart_id, o.cart_revision,
        array(select variant_id from orders.line where order_id = of_order));
    insert into orders.event (order_id, kind, actor) values (of_order, 'paid', 'provider');
end $$;

-- What is left of orders whose buyer is forgotten: what the books need. Gives the address each had.
create or replace function orders.erase(of_orders bigint[]) returns table (id bigint, email text)
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
