-- As 0533, of what is on the shelf already. A product that is being saved is waited for, and saved after it.
-- meanwhile: no product can be saved, and what runs out stands on the shelf a while longer
-- rows: catalog.variant
set local lock_timeout = '3s';
set local statement_timeout = 0;
set local work_mem = '64MB';
set local plan_cache_mode = force_custom_plan; -- for the twenty thousand there are
select set_config('app.platform', 'on', true);
select count(*) from (select from catalog.product order by id for no key update) p;
select count(catalog.relabel(x.ids))
  from (select array_agg(p.id) as ids from catalog.product p where p.status = 'published'
         group by p.id / 20000) x;
analyze catalog.label;
-- Variants of published products as carts and orders know them, and what is free of each: no more
-- than everybody may see.
create or replace function catalog.for_cart(ids bigint[], in_lang text, in_currency text)
returns table (id bigint, product_id bigint, organisation_id bigint, item_id bigint, sku text,
    slug text, name text, tax_class text, weight_g bigint, price bigint, compare_at bigint,
    tracked boolean, free bigint, active boolean, options text, stem text, width int, height int,
    widths int[], alt text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select l.variant_id, l.product_id, l.organisation_id, l.item_id, l.sku, l.slug,
           base.said(l.names, in_lang), l.tax_class, l.weight_g::bigint,
           (l.prices -> in_currency ->> 0)::bigint, (l.prices -> in_currency ->> 1)::bigint,
           l.tracked,
           coalesce((select sum(s.on_hand - s.reserved) from inventory.stock s
                      where s.item_id = l.item_id), 0)::bigint, l.active,
           base.said(l.options, in_lang), l.stem, l.width, l.height, l.widths,
           base.said(l.alts, in_lang)
      from catalog.label l where l.variant_id = any(ids);
end $$;
