-- Of a category, or of all goods, with hundreds of thousands of products the counts of its filters took longer
-- than anybody waits for a page, and with a filter chosen there was none.
set local lock_timeout = '3s';
create function catalog.most_counted() returns bigint language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('app.most_counted', true), '')::bigint, 50000) $$;

revoke all on function catalog.most_counted from public;
grant execute on function catalog.most_counted to talat_search;
create or replace function catalog.facets(in_category bigint, wanted_lang text, wanted_currency text,
    chosen text[], low bigint, high bigint, only_available boolean, sought text,
    sought_folded text)
returns table (kind text, code text, value text, code_name text, value_name text, n bigint,
    n2 bigint, place bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set plan_cache_mode = force_custom_plan
-- 5,000 offers are not to be found by reading all 100,000, which is what 4 says is cheaper.
set random_page_cost = 1.1 as $$ -- one plan for all would loop over each variant
declare
    real text[] := catalog.real_tags(chosen);
    picked text[] := array(select distinct split_part(x, '=', 1) from unnest(real) x);
    want int := cardinality(picked);
    at_most bigint := catalog.most_counted();
    found bigint[] := case when sought <> '' then array(
        select h.product_id from catalog.hits(sought, sought_folded, wanted_lang) h) end;
begin
    if want = 0 and low is null and high is null and not only_available then
        return query -- nothing is chosen yet: the offers say it all
        with b as materialized (
            select o.product_id, o.tags, o.lows[array_position(o.currencies, wanted_currency)] as least,
                   o.highs[array_position(o.currencies, wanted_currency)] as most,
                   o.endless or o.free > 0 as in_stock
              from ((select s.product_id from catalog.shelf s
                      where s.category_id = in_category and found is null
                      order by s.newness limit at_most)
                    union all
                    select x.product_id from unnest(found) f(id)
                     cross join lateral (
                           select h.product_id from catalog.shelf h
                            where h.category_id = in_category and h.product_id = f.id
                            limit 1) x
                     where found is not null) s
              join catalog.offer o on o.product_id = s.product_id
        ), below as (
            select s.category_id as id, count(*) as n
              from catalog.category c join catalog.shelf s on s.category_id = c.id
             where c.parent_id is not distinct from nullif(in_category, 0) and found is null
             group by s.category_id
            union all
            select s.category_id, count(*)
              from b cross join lateral ( -- fenced off, or the whole shelf would be read
                   select x.category_id from catalog.shelf x
                    where x.product_id = b.product_id offset 0) s
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
        select 'total', '', '', '', '',
               case when found is null
                    then (select count(*) from catalog.shelf s where s.category_id = in_category)
                    else count(*) end,
               case when found is null and count(*) >= at_most then 1::bigint end, 0
          from b
        union all
        select 'stock', 'available', '1', '', '', count(*) filter (where b.in_stock), null, 0
          from b
        order by 1, 2, 8, 3;
        return;
    end if;
    return query
    with base_set as materialized (
        (select s.product_id from catalog.shelf s
          where s.category_id = in_category and found is null
          order by s.newness limit at_most)
        union all
        select x.product_id from unnest(found) f(id)
         cross join lateral (
               select h.product_id from catalog.shelf h
                where h.category_id = in_category and h.product_id = f.id limit 1) x
         where found is not null
    ), x as materialized ( -- variants that have all that was chosen, or all but one
        select y.product_id, y.tags, y.id, y.item_id, y.hit
          from (select m.product_id, m.tags, m.id, m.item_id,
                       case want when 0 then 0 when 1 then (m.tags && real)::int
                       else (select count(*)::int from unnest(m.tags) q where q = any(real)) end as hit
                  from base_set b
                 cross join lateral (
                       select w.product_id, w.tags, w.id, w.item_id from catalog.variant w
                        where w.product_id = b.product_id and w.active offset 0) m) y
         where y.hit >= want - 1
    ), v as materialized ( -- of those what stock and price allow; looked up where it matters
        select x.product_id, x.tags, x.hit, k.in_stock
          from x
          left join lateral (
               select not i.tracked or exists (select from inventory.stock q
                          where q.item_id = x.item_id and q.on_hand > q.reserved) as in_stock
                 from inventory.item i
                where i.id = x.item_id and (only_available or x.hit = want) offset 0) k on true
         where (k.in_stock or not only_available)
           and ((low is null and high is null)
                or exists (select from catalog.price p
                      where p.variant_id = x.id and p.currency = wanted_currency::char(3)
                        and p.amount between coalesce(low, 0)
                            and coalesce(high, 9000000000000000000) offset 0))
    ), passing as ( -- each product once for each tag
        select u.tag, v.product_id from v cross join lateral unnest(v.tags) as u(tag)
         where v.hit = want
        union
        select u.tag, v.product_id from v cross join lateral unnest(v.tags) as u(tag)
         where v.hit = want - 1 and u.tag <> all(real) and split_part(u.tag, '=', 1) = any(picked)
    ), counted as (
        select g.tag, count(*) as n, min(g.product_id) as product_id from passing g group by g.tag
        union all
        select r.tag, 0, o.product_id -- what was chosen is named however little it has left
          from unnest(real) as r(tag)
         cross join lateral (
               select z.product_id from base_set b
                 join catalog.offer z on z.product_id = b.product_id and r.tag = any(z.tags)
                limit 1) o
         where r.tag not in (select g.tag from passing g)
    ), below as (
        select y.category_id as id, count(*) as n
          from (select distinct v.product_id from v where v.hit = want) b
         cross join lateral (
               select h.category_id from catalog.shelf h where h.product_id = b.product_id offset 0) y
         group by y.category_id
    )
    select 'option', o.code, ov.code, base.said(o.names, wanted_lang),
           base.said(ov.names, wanted_lang), g.n, null::bigint, ov.position::bigint
      from counted g
      join catalog.option o on o.product_id = g.product_id and o.code = split_part(g.tag, '=', 1)
      join catalog.option_value ov on ov.option_id = o.id and ov.code = split_part(g.tag, '=', 2)
    union all
    select 'category', 'category', c.slug, '', base.said(c.names, wanted_lang), k.n, null,
           c.position::bigint
      from below k join catalog.category c on c.id = k.id
     where c.parent_id is not distinct from nullif(in_category, 0)
    union all
    select 'price', '', '', '', '', r.least, r.most, 0
      from (select min(o.least) as least, max(o.most) as most
              from base_set b cross join lateral (
                   select z.lows[array_position(z.currencies, wanted_currency)] as least,
                          z.highs[array_position(z.currencies, wanted_currency)] as most
                     from catalog.offer z where z.product_id = b.product_id offset 0) o) r
     where r.least < r.most
    union all
    select 'total', '', '', '', '', count(distinct v.product_id) filter (where v.hit = want),
           case when found is null and (select count(*) from base_set) >= at_most then 1::bigint end, 0
      from v
    union all
    select 'stock', 'available', '1', '', '', count(distinct v.product_id)
               filter (where v.hit = want and v.in_stock), null, 0
      from v
    order by 1, 2, 8, 3;
end $$;
