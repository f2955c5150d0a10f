-- An order's e-mail address is in small letters, as accounts have theirs, also where a program of
-- the version before places it.
set local lock_timeout = '3s';
create or replace function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
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
