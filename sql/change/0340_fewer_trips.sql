-- What a cart holds without the policies of nine tables; events whose job need not read them again.
set local lock_timeout = '3s';

-- Variants of published products as carts and orders know them, and what is free of each: no more
-- than everybody may see, without asking of each of nine tables whether they may.
create function catalog.for_cart(ids bigint[], in_lang text, in_currency text)
returns table (id bigint, product_id bigint, organisation_id bigint, item_id bigint, sku text,
    slug text, name text, tax_class text, weight_g bigint, price bigint, compare_at bigint,
    tracked boolean, free bigint, active boolean, options text, stem text, width int, height int,
    widths int[], alt text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select v.id, v.product_id, v.organisation_id, v.item_id, v.sku, p.slug, t.name, p.tax_class,
           v.weight_g::bigint, r.amount, r.compare_at, i.tracked,
           coalesce((select sum(s.on_hand - s.reserved) from inventory.stock s
                      where s.item_id = v.item_id), 0)::bigint, v.active,
           coalesce((select string_agg(base.said(ov.names, in_lang), ', ' order by u.place)
              from unnest(v.value_ids) with ordinality as u(id, place)
              join catalog.option_value ov on ov.id = u.id), ''),
           m.stem, m.width, m.height, m.widths,
           coalesce(nullif(base.said(pp.alts, in_lang), ''), t.name)
      from catalog.variant v
      join catalog.product p on p.id = v.product_id and p.status = 'published'
      join inventory.item i on i.id = v.item_id
     cross join lateral (
           select x.name from catalog.product_text x where x.product_id = p.id
            order by x.lang = in_lang desc, x.lang = 'en' desc, x.lang limit 1) t
      left join catalog.price r on r.variant_id = v.id and r.currency = in_currency::char(3)
      left join lateral (
           select y.picture_id, y.alts from catalog.product_picture y
            where y.product_id = p.id
            order by y.value_id is not null and y.value_id = any(v.value_ids) desc, y.position
            limit 1) pp on true
      left join media.picture m on m.id = pp.picture_id
     where v.id = any(ids);
end $$;
revoke all on function catalog.for_cart from public;
grant execute on function catalog.for_cart to talat_app;
grant usage on schema media to talat_search;
grant select on media.picture to talat_search;
grant create on schema catalog to talat_search;
alter function catalog.for_cart owner to talat_search;
revoke create on schema catalog from talat_search;

-- What a provider says, once, with the job that applies it; false when it was said before. One with
-- an outcome is done with as it comes: nothing is lost with it, and nobody waits for the disk. The
-- job brings along what is plain of one that says it is paid, so that the event is not read again.
create function payments.keep(of_provider text, of_event text, of_kind text, said text,
    at_once text, paid jsonb, by_request text, of_rank bigint, wake boolean) returns boolean
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
        perform work.add_job('payment.event', 'payment.event:' || event, null, event, paid,
            by_request, null, of_rank, wake);
    end if;
    return true;
end $$;
-- As programs of the version before call it.
create or replace function payments.store(of_provider text, of_event text, of_kind text, said text,
    at_once text, by_request text, of_rank bigint, wake boolean) returns boolean
language plpgsql as $$
begin
    return payments.keep(of_provider, of_event, of_kind, said, at_once, '{}', by_request, of_rank,
        wake);
end $$;
