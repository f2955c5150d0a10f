-- Telephone and street are sealed: by the programs, which have the keys. talat-work takes forward
-- what is there, a little at a time; talatctl keys seal does it at once.
-- rows: orders.order, orders.words
set local lock_timeout = '3s';
set local statement_timeout = 0;
create function base.written_plain() returns trigger language plpgsql as $$
begin
    new.sealed := '';
    return new;
end $$;

alter table orders."order" add column sealed text not null default '';
alter table orders."order" add column keeper bigint not null default 0;
alter table orders."order" add column clues text[] not null default '{}';
create index if not exists order_plain on orders."order" (id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> '';
create trigger written_plain before update of phone on orders."order" for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();

alter table orders.words add column clues text[] not null default '{}';
create index if not exists order_clues on orders.words using gin (clues);
-- The address brings what is sealed of it along: programs of before send it without.
create or replace function orders.place(new_id bigint, new_number text, of_cart bigint, of_revision bigint,
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
        address, sealed, keeper, clues, lang, currency, goods_total, delivery_total, tax_total, total, tax_inclusive,
        rounding, delivery_method, delivery_names, trace, hold_until)
    values (new_id, new_number, of_cart, of_revision, person, to_email, to_name, to_phone,
        to_address - '{sealed,keeper,clues}'::text[], coalesce(to_address ->> 'sealed', ''),
        coalesce((to_address ->> 'keeper')::bigint, 0),
        array(select jsonb_array_elements_text(to_address -> 'clues')), in_lang, in_currency, goods, delivery, tax, in_all, inclusive, rounded,
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
grant create on schema orders to talat_search;
create or replace function orders.keep_words() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    insert into orders.words as w (order_id, words, clues)
    values (new.id, lower(new.number || ' ' || new.name || ' ' || new.email || ' ' || new.phone
        || ' ' || regexp_replace(new.phone, '\D', '', 'g')), new.clues)
        on conflict (order_id) do update set words = excluded.words, clues = excluded.clues
     where (w.words, w.clues) is distinct from (excluded.words, excluded.clues);
    return null;
end $$;
drop trigger findable on orders."order";
create trigger findable after insert or update of number, name, email, phone, clues
    on orders."order" for each row execute function orders.keep_words();
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
revoke all on function orders.called from public;
grant execute on function orders.called to talat_app;
alter function orders.called owner to talat_search;
revoke create on schema orders from talat_search;

alter table checkout.draft add column sealed text not null default '';
create index if not exists draft_plain on checkout.draft (cart_id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> '';
create trigger written_plain before update of phone on checkout.draft for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();

alter table account.address add column sealed text not null default '';
create index if not exists address_plain on account.address (id) where phone <> '' or line1 <> '';
create trigger written_plain before update of phone on account.address for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
