-- The search asks its own index alone whether a product is on the shelf, and ranks only so many.
-- rows: catalog.product_text
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);

-- Puts products on the shelf anew, or takes off those that are not published.
create or replace function catalog.reshelve(which bigint[]) returns void language plpgsql as $$
begin
    perform from catalog.product where id = any(which) order by id for no key update; -- see restock
    update catalog.product_text x set shown = p.status = 'published'
      from catalog.product p
     where x.product_id = any(which) and p.id = x.product_id
       and x.shown <> (p.status = 'published');
    delete from catalog.shelf where product_id = any(which);
    delete from catalog.card where product_id = any(which);
    delete from catalog.offer where product_id = any(which);
    delete from catalog.sheet where product_id = any(which);

    with recursive up (product_id, id) as (
        select pc.product_id, pc.category_id from catalog.product_category pc
         where pc.product_id = any(which)
        union
        select u.product_id, c.parent_id from up u join catalog.category c on c.id = u.id
         where c.parent_id is not null
    )
    insert into catalog.shelf (category_id, newness, product_id, organisation_id)
    select s.id, -(extract(epoch from p.created_at) * 1000000)::bigint, p.id, p.organisation_id
      from (select up.product_id, up.id from up union all select w.id, 0 from unnest(which) w(id)) s
      join catalog.product p on p.id = s.product_id
     where p.status = 'published';

    insert into catalog.offer (product_id, organisation_id, currencies, lows, highs, compares,
        tags, free, endless)
    select p.id, p.organisation_id, r.currencies, r.lows, r.highs, r.compares,
           array(select distinct u.tag from catalog.variant v, unnest(v.tags) as u(tag)
                  where v.product_id = p.id and v.active order by u.tag),
           l.free, l.endless
      from catalog.product p
     cross join lateral (
           select coalesce(array_agg(c.currency), '{}') as currencies,
                  coalesce(array_agg(c.low), '{}') as lows,
                  coalesce(array_agg(c.high), '{}') as highs,
                  coalesce(array_agg(c.compare_at), '{}') as compares
             from (select r.currency::text as currency, min(r.amount) as low,
                          max(r.amount) as high,
                          (array_agg(r.compare_at order by r.amount, v.position))[1] as compare_at
                     from catalog.variant v
                     join catalog.price r on r.variant_id = v.id
                    where v.product_id = p.id and v.active
                    group by r.currency order by r.currency) c) r
     cross join lateral catalog.left_of(p.id) l
     where p.id = any(which) and p.status = 'published';

    insert into catalog.sheet (product_id, organisation_id, slug, category_ids, item_ids, document)
    select p.id, p.organisation_id, p.slug,
           array(select pc.category_id from catalog.product_category pc
                  where pc.product_id = p.id order by pc.category_id),
           array(select v.item_id from catalog.variant v
                  where v.product_id = p.id and v.active order by v.position, v.id),
           json_build_object(
               'brand', p.brand, 'tax_class', p.tax_class, 'specs', p.specs,
               'texts', (select json_object_agg(x.lang, json_build_object('name', x.name,
                             'summary', x.summary, 'description', x.description) order by x.lang)
                    from catalog.product_text x where x.product_id = p.id),
               'pictures', coalesce((select json_agg(json_build_object('stem', m.stem,
                             'width', m.width, 'height', m.height, 'widths', m.widths,
                             'alts', pp.alts, 'value_id', pp.value_id) order by pp.position)
                    from catalog.product_picture pp
                    join media.picture m on m.id = pp.picture_id
                   where pp.product_id = p.id), '[]'),
               'options', coalesce((select json_agg(json_build_object('code', o.code,
                             'names', o.names, 'values', (
                                 select coalesce(json_agg(json_build_object('id', ov.id,
                                            'code', ov.code, 'names', ov.names)
                                            order by ov.position, ov.id), '[]')
                                   from catalog.option_value ov where ov.option_id = o.id))
                             order by o.position, o.id)
                    from catalog.option o where o.product_id = p.id), '[]'),
               'variants', coalesce((select json_agg(json_build_object('id', v.id, 'sku', v.sku,
                             'value_ids', v.value_ids, 'tags', v.tags, 'item', v.item_id,
                             'tracked', i.tracked, 'prices', (
                                 select coalesce(json_object_agg(r.currency,
                                            json_build_array(r.amount, r.compare_at)), '{}')
                                   from catalog.price r where r.variant_id = v.id))
                             order by v.position, v.id)
                    from catalog.variant v
                    join inventory.item i on i.id = v.item_id
                   where v.product_id = p.id and v.active), '[]'))
      from catalog.product p
     where p.id = any(which) and p.status = 'published';

    insert into catalog.card (product_id, lang, organisation_id, slug, name, summary, brand,
        featured, newness, has_options, sku, stem, width, height, widths, alt)
    select p.id, l.lang, p.organisation_id, p.slug, t.name, t.summary, p.brand, p.featured,
           -(extract(epoch from p.created_at) * 1000000)::bigint,
           exists (select from catalog.option o where o.product_id = p.id),
           case when cardinality(v.skus) = 1 then v.skus[1] end, m.stem, m.width, m.height, m.widths,
           coalesce(nullif(base.said(pp.alts, l.lang), ''), t.name)
      from catalog.product p
     cross join unnest(array['en', 'th', 'vi']) as l(lang)
     cross join lateral (
           select x.name, x.summary from catalog.product_text x where x.product_id = p.id
            order by x.lang = l.lang desc, x.lang = 'en' desc, x.lang limit 1) t
     cross join lateral (
           select array_agg(x.sku order by x.position) as skus
             from catalog.variant x where x.product_id = p.id and x.active) v
      left join lateral (
           select x.picture_id, x.alts from catalog.product_picture x
            where x.product_id = p.id order by x.position limit 1) pp on true
      left join media.picture m on m.id = pp.picture_id
     where p.id = any(which) and p.status = 'published';
end $$;
update catalog.product_text x set shown = true
  from catalog.product p where p.id = x.product_id and p.status = 'published' and not x.shown;

-- Products whose words match, best first; when few do, those that are spelt alike. A word that
-- thousands of texts have says little about each: so many are ranked and no more.
create or replace function catalog.hits(sought text, sought_folded text, wanted_lang text)
returns table (product_id bigint, rank bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set pg_trgm.word_similarity_threshold = 0.5 as $$
declare
    q tsquery := plainto_tsquery('simple', sought);
    found_n bigint;
begin
    if numnode(q) = 0 then
        return;
    end if;
    q := (q::text || ':*')::tsquery; -- the last word may be half typed
    return query
        select m.product_id,
               (max(ts_rank(m.words, q) * case when m.lang = wanted_lang then 1.5::float8 else 1 end)
                   * 1000000)::bigint + 1000000
          from (select x.product_id, x.lang, x.words from catalog.product_text x
                 where x.words @@ q and x.shown limit 4000) m
         group by m.product_id
         order by 2 desc, 1
         limit 2000;
    get diagnostics found_n = row_count;
    if found_n < 5 and length(sought_folded) >= 3 then
        return query
            select x.product_id, (max(word_similarity(sought_folded, x.folded)) * 1000)::bigint
              from catalog.product_text x
             where sought_folded <% x.folded and x.shown
               and not exists (select from catalog.product_text y
                   where y.product_id = x.product_id and y.words @@ q)
             group by x.product_id
             order by 2 desc, 1
             limit 50;
    end if;
end $$;

-- What the same list offers to filter by, counted under the filters chosen so far (a code's
-- own choice aside): kind option (code, value, names, n), category (children: value is the
-- slug), price (low in n, high in n2), stock (n available), total (n).
create or replace function catalog.facets(in_category bigint, wanted_lang text, wanted_currency text,
    chosen text[], low bigint, high bigint, only_available boolean, sought text,
    sought_folded text)
returns table (kind text, code text, value text, code_name text, value_name text, n bigint,
    n2 bigint, place bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set plan_cache_mode = force_custom_plan as $$ -- one plan for all would loop over each variant
declare
    real text[] := catalog.real_tags(chosen);
    picked text[] := array(select distinct split_part(x, '=', 1) from unnest(real) x);
    want int := cardinality(picked);
    found bigint[] := case when sought <> '' then array(
        select h.product_id from catalog.hits(sought, sought_folded, wanted_lang) h) end;
begin
    if want = 0 and low is null and high is null and not only_available then
        return query -- nothing is chosen yet: the offers say it all
        with b as materialized (
            select o.product_id, o.tags, o.lows[array_position(o.currencies, wanted_currency)] as least,
                   o.highs[array_position(o.currencies, wanted_currency)] as most,
                   o.endless or o.free > 0 as in_stock
              from (select s.product_id from catalog.shelf s
                     where s.category_id = in_category and found is null
                    union all
                    select s.product_id from unnest(found) f(id)
                      join catalog.shelf s on s.category_id = in_category and s.product_id = f.id
                     where found is not null) s
              join catalog.offer o on o.product_id = s.product_id
        ), below as (
            select s.category_id as id, count(*) as n
              from catalog.category c join catalog.shelf s on s.category_id = c.id
             where c.parent_id is not distinct from nullif(in_category, 0) and found is null
             group by s.category_id
            union all
            select s.category_id, count(*)
              from b join catalog.shelf s on s.product_id = b.product_id
             where found is not null
             group by s.category_id
        ), counted as (
            select u.tag, count(*) as n, min(b.product_id) as product_id
              from b cross join lateral unnest(b.tags) as u(tag) group by u.tag
        )
        select 'option', o.code, ov.code, base.said(o.names, wanted_lang),
               base.said(ov.names, wanted_lang), g.n, null::bigint, ov.position::bigint
          from counted g
          join catalog.option o on o.product_id = g.product_id
               and o.code = split_part(g.tag, '=', 1)
          join catalog.option_value ov on ov.option_id = o.id
               and ov.code = split_part(g.tag, '=', 2)
        union all
        select 'category', 'category', c.slug, '', base.said(c.names, wanted_lang), k.n, null,
               c.position::bigint
          from below k join catalog.category c on c.id = k.id
         where c.parent_id is not distinct from nullif(in_category, 0)
        union all
        select 'price', '', '', '', '', min(b.least), max(b.most), 0
          from b having min(b.least) < max(b.most)
        union all
        select 'total', '', '', '', '', count(*), null, 0 from b
        union all
        select 'stock', 'available', '1', '', '', count(*) filter (where b.in_stock), null, 0
          from b
        order by 1, 2, 8, 3;
        return;
    end if;
    return query
    with base_set as materialized (
        select s.product_id from catalog.shelf s
         where s.category_id = in_category and found is null
        union all
        select s.product_id from unnest(found) f(id)
          join catalog.shelf s on s.category_id = in_category and s.product_id = f.id
         where found is not null
    ), v as materialized (
        -- A variant in several places comes several times; everything below counts products.
        select x.product_id, x.tags,
               case when want = 0 then 0
                    else (select count(*)::int from unnest(x.tags) q where q = any(real)) end as hit,
               not i.tracked or coalesce(k.on_hand > k.reserved, false) as in_stock,
               p.amount,
               (low is null and high is null)
                   or coalesce(p.amount between coalesce(low, 0)
                       and coalesce(high, 9000000000000000000), false) as in_range
          from base_set b
          join catalog.variant x on x.product_id = b.product_id and x.active
          join inventory.item i on i.id = x.item_id
          left join inventory.stock k on k.item_id = x.item_id
          left join catalog.price p on p.variant_id = x.id and p.currency = wanted_currency::char(3)
    ), tagged as (
        select u.tag, v.product_id,
               bool_or((v.in_stock or not only_available) and v.in_range
                   and v.hit - (u.tag = any(real))::int
                       = want - (split_part(u.tag, '=', 1) = any(picked))::int) as passes
          from v cross join lateral unnest(v.tags) as u(tag)
         group by u.tag, v.product_id
    ), counted as (
        select g.tag, split_part(g.tag, '=', 1) as o_code, split_part(g.tag, '=', 2) as v_code,
               count(*) filter (where g.passes) as n, min(g.product_id) as product_id
          from tagged g group by g.tag
    )
    select 'option', g.o_code, g.v_code, base.said(o.names, wanted_lang),
           base.said(ov.names, wanted_lang), g.n, null::bigint, ov.position::bigint
      from counted g
      join catalog.option o on o.product_id = g.product_id and o.code = g.o_code
      join catalog.option_value ov on ov.option_id = o.id and ov.code = g.v_code
    union all
    select 'category', 'category', c.slug, '', base.said(c.names, wanted_lang),
           count(*), null, c.position::bigint
      from catalog.category c
      join catalog.shelf s on s.category_id = c.id
      join base_set b on b.product_id = s.product_id
     where c.parent_id is not distinct from nullif(in_category, 0)
     group by c.id, c.slug, c.names, c.position
    union all
    select 'price', '', '', '', '', min(v.amount), max(v.amount), 0
      from v having min(v.amount) < max(v.amount)
    union all
    select 'total', '', '', '', '', count(distinct v.product_id) filter (where v.hit = want
               and v.in_range and (v.in_stock or not only_available)), null, 0
      from v
    union all
    select 'stock', 'available', '1', '', '', count(distinct v.product_id)
               filter (where v.hit = want and v.in_range and v.in_stock), null, 0
      from v
    order by 1, 2, 8, 3;
end $$;
