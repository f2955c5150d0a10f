-- The steps of an order as functions: one statement where there were a dozen.
set local lock_timeout = '3s';

-- Writes an event in the caller's transaction; may wake the job workers when it commits.
create function work.tell(of_kind text, organisation bigint, subject bigint, beside jsonb,
    by_request text, wake boolean) returns void language plpgsql as $$
begin
    insert into work.outbox (kind, organisation_id, subject_id, data, request)
    values (of_kind, organisation, subject, beside, by_request);
    if wake then perform pg_notify('talat_work', ''); end if;
end $$;

-- Adds a job unless one with its key waits, runs or lies dead; may wake the workers.
create function work.add_job(of_kind text, by_key text, organisation bigint, subject bigint,
    beside jsonb, by_request text, at timestamptz, of_rank bigint, wake boolean) returns void
language plpgsql as $$
begin
    insert into work.job (kind, key, organisation_id, subject_id, data, request, run_at, rank)
    values (of_kind, by_key, organisation, subject, beside, by_request, coalesce(at, now()),
        of_rank)
        on conflict (key) do nothing;
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;

-- Says a thing once: its row, and the job that sends it.
create function notify.say(of_template text, of_cause text, to_address text, in_lang text,
    organisation bigint, of_order bigint, person bigint, by_request text, of_rank bigint,
    wake boolean) returns void language plpgsql as $$
declare
    mail bigint;
begin
    insert into notify.mail (organisation_id, order_id, person_id, template, cause, recipient, lang)
    values (organisation, of_order, person, of_template, of_cause, to_address, in_lang)
        on conflict (template, cause) do nothing
    returning id into mail;
    if mail is null then return; end if;
    perform work.add_job('notify.mail', 'notify.mail:' || mail, null, mail, '{}', by_request, null,
        of_rank, wake);
end $$;

-- Holds all or nothing for an order; the caller has summed per item. Rows are locked in the order
-- of their items; of several places the first that has the whole quantity gives it. What is held
-- already stays as it is. Short of one: 'inventory.short', saying "<left> <item>". Each new hold is
-- told; one that leaves more than `several` has isPlenty (src/inventory/inventory.h says why).
create function inventory.reserve(of_order bigint, items bigint[], quantities bigint[],
    until timestamptz, several bigint, by_request text, wake boolean) returns void
language plpgsql as $$
declare
    want record;
    place record;
    most bigint;
    shelf bigint;
begin
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

-- An order keeps so many of these for this cart.
create function cart.keep(of_cart bigint, variants bigint[], quantities bigint[]) returns void
language sql as $$
    update cart.line l set held = least(u.quantity, 999)
      from unnest(variants, quantities) as u(variant, quantity)
     where l.cart_id = of_cart and l.variant_id = u.variant
$$;

-- What was ordered has been paid: the cart is done. One that was changed since keeps the rest, and
-- so does one that it was poured into.
create function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[]) returns void
language plpgsql as $$
declare
    other bigint;
begin
    update cart.cart set state = 'ordered'
     where id = of_cart and state = 'open' and revision = ordered_revision;
    if found then return; end if;
    for other in
        update cart.cart set revision = revision + 1
         where state = 'open' and id in (of_cart, (select merged_into from cart.cart
                                                    where id = of_cart))
        returning id
    loop
        delete from cart.line where cart_id = other and variant_id = any(variants);
    end loop;
end $$;

-- The next link of the order's chain with its entries; false when this cause is booked already.
create function payments.book(of_order bigint, why text, in_currency text, accounts text[],
    amounts bigint[]) returns boolean language plpgsql as $$
declare
    last text := coalesce((select t.hash from payments.transaction t where t.order_id = of_order
                            order by t.id desc limit 1), '');
    link bigint;
begin
    insert into payments.transaction (order_id, cause, previous, hash)
    values (of_order, why, last, encode(sha256(convert_to(last || '|' || of_order || '|' || why
        || '|' || (select string_agg(u.account || ' ' || u.amount || ' ' || in_currency, ','
                                     order by u.place)
                     from unnest(accounts, amounts) with ordinality as u(account, amount, place)),
        'UTF8')), 'hex'))
        on conflict on constraint once_per_cause do nothing
    returning id into link;
    if link is null then return false; end if;
    insert into payments.entry (transaction_id, order_id, account, currency, amount)
    select link, of_order, u.account, in_currency, u.amount
      from unnest(accounts, amounts) with ordinality as u(account, amount, place)
     order by u.place;
    return true;
end $$;

-- The money of an attempt has come: state and ledger move together, forward only and once.
create function payments.capture(of_attempt bigint, of_payment text, of_order bigint, why text,
    of_amount bigint, in_currency text) returns boolean language plpgsql as $$
begin
    update payments.attempt
       set state = 'paid', paid_at = now(),
           payment_id = coalesce(nullif(of_payment, ''), payment_id)
     where id = of_attempt and state <> 'paid';
    return payments.book(of_order, why, in_currency, '{buyer,provider}',
        array[-of_amount, of_amount]);
end $$;

-- What a provider says, once, with the job that applies it; false when it was said before. One with
-- an outcome is done with as it comes: nothing is lost with it, and nobody waits for the disk.
create function payments.store(of_provider text, of_event text, of_kind text, said text,
    at_once text, by_request text, of_rank bigint, wake boolean) returns boolean
language plpgsql as $$
declare
    event bigint;
begin
    insert into payments.event (provider, event_id, kind, body, outcome, applied_at)
    values (of_provider, of_event, of_kind, said, at_once,
        case when at_once <> '' then now() end)
        on conflict on constraint event_once do nothing
    returning id into event;
    if event is null then return false; end if;
    if at_once <> '' then
        perform set_config('synchronous_commit', 'off', true);
    else
        perform work.add_job('payment.event', 'payment.event:' || event, null, event, '{}',
            by_request, null, of_rank, wake);
    end if;
    return true;
end $$;

-- The one open attempt of an order: made like this unless there is one.
create function payments.open_attempt(of_order bigint, by_provider text, by_kind text, by_key text,
    of_amount bigint, in_currency text, asks jsonb, until timestamptz)
returns setof payments.attempt language plpgsql as $$
begin
    insert into payments.attempt
        (order_id, provider, kind, key, amount, currency, request, expires_at)
    select of_order, by_provider, by_kind, by_key, of_amount, in_currency, asks, until
     where not exists (select from payments.attempt a
                        where a.order_id = of_order and a.state in ('created', 'open', 'processing'))
        on conflict do nothing;
    return query select a.* from payments.attempt a
     where a.order_id = of_order and a.state in ('created', 'open', 'processing');
end $$;

-- Tells the outbox of an order as it is now, once per organisation that has a part in it.
create function orders.tell(of_order bigint, of_kind text, by_request text, wake boolean)
returns void language plpgsql as $$
declare
    told record;
begin
    for told in
        select p.organisation_id, jsonb_build_object('orderId', o.number,
                   'paymentStatus', orders.money_state(o.payment_status, o.refunded_total),
                   'orderStatus', o.status) as news
          from orders."order" o join orders.part p on p.order_id = o.id
         where o.id = of_order order by p.organisation_id
    loop
        perform work.tell(of_kind, told.organisation_id, of_order, told.news, by_request, wake);
    end loop;
end $$;

-- An order as a whole, before any money moves: the agreed basket, a part per organisation, the
-- stock held, its cart told, the story and the outbox. Locks cart, then stock. False: this revision
-- has its order already, or the cart has another by now. lines: [{organisation, product, variant,
-- item, slug, sku, name, options, picture, quantity, unit, total, rate, tax}].
create function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
    person bigint, to_email text, to_name text, to_phone text, to_address jsonb, in_lang text,
    in_currency text, goods bigint, delivery bigint, tax bigint, in_all bigint, inclusive boolean,
    rounded text, by_method text, method_names jsonb, how jsonb, held_until timestamptz,
    lines jsonb, several bigint, by_request text, wake boolean) returns boolean
language plpgsql as $$
declare
    l record;
begin
    perform from cart.cart
      where id = of_cart and state = 'open' and revision = of_revision for update;
    if not found then return false; end if;
    insert into orders."order" (id, number, cart_id, cart_revision, person_id, email, name, phone,
        address, lang, currency, goods_total, delivery_total, tax_total, total, tax_inclusive,
        rounding, delivery_method, delivery_names, trace, hold_until)
    values (new_id, new_number, of_cart, of_revision, person, to_email, to_name, to_phone,
        to_address, in_lang, in_currency, goods, delivery, tax, in_all, inclusive, rounded,
        by_method, method_names, how, held_until)
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
    perform cart.keep(of_cart, l.variants, l.quantities);
    perform inventory.reserve(new_id, wanted.items, wanted.quantities, held_until, several,
               by_request, wake)
       from (select array_agg(w.item) as items, array_agg(w.quantity) as quantities
               from (select x.item, sum(x.quantity)::bigint as quantity
                       from jsonb_to_recordset(lines) as x(item bigint, quantity bigint)
                      group by x.item) w) wanted;
    insert into orders.event (order_id, kind, actor, person_id)
    values (new_id, 'placed', 'buyer', person);
    perform orders.tell(new_id, 'order.created', by_request, wake);
    return true;
end $$;

-- Its money has come and its stock is held: the goods leave, the cart is done. The caller holds the
-- order; the cart is locked before any stock, as in placing.
create function orders.fill(of_order bigint) returns void language plpgsql as $$
declare
    o record;
begin
    select cart_id, cart_revision into strict o from orders."order" where id = of_order;
    perform from cart.cart where id = o.cart_id for update;
    perform inventory.sell(of_order, 'order:' || of_order || ' sold');
    update orders."order"
       set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
           status = case when status = 'pending' then 'processing' else status end, is_held = false
     where id = of_order and payment_status = 'pending';
    update orders.part set status = 'processing'
     where order_id = of_order and status = 'pending';
    perform cart.close(o.cart_id, o.cart_revision,
        array(select variant_id from orders.line where order_id = of_order));
    insert into orders.event (order_id, kind, actor) values (of_order, 'paid', 'provider');
end $$;
