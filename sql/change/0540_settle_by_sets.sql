-- Payments that are told of in the same moment are settled by sets, a statement for each table, no longer one
-- after another.
set local lock_timeout = '3s';

create function work.tell_all(of_kind text, organisations bigint[], subjects bigint[], besides jsonb[],
    by_requests text[], wake boolean) returns void language plpgsql as $$
begin
    insert into work.outbox (kind, organisation_id, subject_id, data, request)
    select of_kind, u.organisation, u.subject, u.beside, u.request
      from unnest(organisations, subjects, besides, by_requests)
           as u(organisation, subject, beside, request);
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;

create function work.add_jobs(of_kind text, by_keys text[], subjects bigint[], by_requests text[],
    of_rank bigint, wake boolean) returns void language plpgsql as $$
begin
    insert into work.job (kind, key, subject_id, request, rank)
    select of_kind, u.key, u.subject, u.request, of_rank
      from unnest(by_keys, subjects, by_requests) as u(key, subject, request)
        on conflict (key) do nothing;
    if found and wake then perform pg_notify('talat_work', ''); end if;
end $$;

create function notify.say_all(of_template text, of_causes text[], to_addresses text[], in_langs text[],
    of_orders bigint[], persons bigint[], by_requests text[], of_rank bigint, wake boolean)
returns void language plpgsql as $$
declare
    mails record;
begin
    with told as (
        select u.* from unnest(of_causes, to_addresses, in_langs, of_orders, persons, by_requests)
            as u(cause, address, lang, of_order, person, request)
    ), mail as (
        insert into notify.mail (order_id, person_id, template, cause, recipient, lang)
        select t.of_order, t.person, of_template, t.cause, t.address, t.lang from told t
            on conflict (template, cause) do nothing
        returning id, cause
    )
    select array_agg('notify.mail:' || m.id) as keys, array_agg(m.id) as ids,
           array_agg(t.request) as requests into mails
      from mail m join told t on t.cause = m.cause;
    perform work.add_jobs('notify.mail', mails.keys, mails.ids, mails.requests, of_rank, wake);
end $$;

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

create function cart.close_all(of_carts bigint[]) returns void language plpgsql
set enable_seqscan = off as $$
begin
    update cart.cart set state = 'ordered' where id = any(of_carts);
end $$;

create function payments.link(last text, of_order bigint, why text, entries text) returns text
language sql stable parallel safe as
$$ select encode(sha256(convert_to(last || '|' || of_order || '|' || why || '|' || entries, 'UTF8')),
              'hex') $$;

create or replace function payments.book(of_order bigint, why text, in_currency text, accounts text[],
    amounts bigint[]) returns boolean language plpgsql as $$
declare
    last text := coalesce((select t.hash from payments.transaction t where t.order_id = of_order
                            order by t.id desc limit 1), '');
    link bigint;
begin
    insert into payments.transaction (order_id, cause, previous, hash)
    values (of_order, why, last, payments.link(last, of_order, why,
        (select string_agg(u.account || ' ' || u.amount || ' ' || in_currency, ',' order by u.place)
           from unnest(accounts, amounts) with ordinality as u(account, amount, place))))
        on conflict on constraint once_per_cause do nothing
    returning id into link;
    if link is null then return false; end if;
    insert into payments.entry (transaction_id, order_id, account, currency, amount)
    select link, of_order, u.account, in_currency, u.amount
      from unnest(accounts, amounts) with ordinality as u(account, amount, place)
     order by u.place;
    return true;
end $$;

create function payments.capture_all(of_attempts bigint[], of_payments text[], of_orders bigint[],
    whys text[], of_amounts bigint[], in_currencies text[]) returns bigint[] language plpgsql
set enable_seqscan = off as $$
declare
    fresh bigint[];
begin
    update payments.attempt a
       set state = 'paid', paid_at = now(),
           payment_id = coalesce(nullif(of_payments[array_position(of_attempts, a.id)], ''),
                                 a.payment_id)
     where a.id = any(of_attempts) and a.state <> 'paid';
    with asked as (
        select u.*, coalesce((select t.hash from payments.transaction t where t.order_id = u.of_order
                               order by t.id desc limit 1), '') as last
          from unnest(of_orders, whys, of_amounts, in_currencies) as u(of_order, why, amount, currency)
    ), link as (
        insert into payments.transaction (order_id, cause, previous, hash)
        select a.of_order, a.why, a.last, payments.link(a.last, a.of_order, a.why, 'buyer ' || -a.amount
                   || ' ' || a.currency || ',provider ' || a.amount || ' ' || a.currency)
          from asked a
            on conflict on constraint once_per_cause do nothing
        returning id, order_id
    ), put as (
        insert into payments.entry (transaction_id, order_id, account, currency, amount)
        select l.id, l.order_id, e.account, a.currency, e.sign * a.amount
          from link l join asked a on a.of_order = l.order_id,
               (values ('buyer', -1), ('provider', 1)) as e(account, sign)
         order by l.id, e.sign
    )
    select array_agg(l.order_id) into fresh from link l;
    return fresh;
end $$;

create function payments.applied_all(of_events bigint[], of_attempts bigint[], became text)
returns void language plpgsql
set enable_seqscan = off as $$
begin
    update payments.event e
       set applied_at = now(), outcome = became,
           attempt_id = coalesce(e.attempt_id, of_attempts[array_position(of_events, e.id)])
     where e.id = any(of_events) and e.applied_at is null;
end $$;

create function orders.told(o orders."order") returns jsonb language sql stable parallel safe as
$$ select jsonb_build_object('orderId', o.number, 'paymentStatus',
              orders.money_state(o.payment_status, o.refunded_total, o.disputed_total),
              'orderStatus', o.status) $$;

create or replace function orders.tell(of_order bigint, of_kind text, by_request text, wake boolean)
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

create or replace function orders.fill(of_order bigint) returns void language plpgsql as $$
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

create or replace function orders.settle_all(of_events bigint[], by_providers text[], by_keys text[],
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
