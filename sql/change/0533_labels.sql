-- What carts and orders say of a variant stands in one row: an order read sixteen pages of nine tables for
-- each. From here on it is written with the shelf; 0534 writes what is on it already.
set local lock_timeout = '3s';
-- What carts and orders say of one variant, but for what is left of it: one row, where it took a dozen
-- from nine tables. It is read by catalog.for_cart alone.
create table catalog.label (
    variant_id bigint primary key references catalog.variant on delete cascade,
    organisation_id bigint not null,
    product_id bigint not null,
    item_id bigint not null,
    weight_g int not null,
    width int,
    height int,
    tracked boolean not null,
    active boolean not null,
    slug text not null,
    sku text not null,
    tax_class text not null,
    stem text,
    widths int[],
    prices jsonb not null, -- {THB: [amount, compare_at]}
    names jsonb not null, -- these three by language, gaps filled
    options jsonb not null, -- "Walnut, large"
    alts jsonb not null
);
alter table catalog.label enable row level security;
alter table catalog.label force row level security;
create policy kept on catalog.label for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
grant select, insert, update, delete on catalog.label to talat_app;
grant select on catalog.label to talat_readonly;
grant select on catalog.label to talat_search;

-- Writes the labels of these products' variants anew; of one that is not published there are none. The
-- caller has locked the products.
create function catalog.relabel(which bigint[]) returns void language plpgsql as $$
begin
    delete from catalog.label
     where variant_id = any(array(select v.id from catalog.variant v where v.product_id = any(which)));
    insert into catalog.label (variant_id, organisation_id, product_id, item_id, weight_g, width,
        height, tracked, active, slug, sku, tax_class, stem, widths, prices, names, options, alts)
    select v.id, v.organisation_id, v.product_id, v.item_id, v.weight_g, m.width, m.height, i.tracked,
           v.active, p.slug, v.sku, p.tax_class, m.stem, m.widths,
           coalesce((select jsonb_object_agg(r.currency,
                                jsonb_build_array(r.amount, r.compare_at))
                       from catalog.price r where r.variant_id = v.id), '{}'),
           t.names, o.options,
           (select jsonb_object_agg(n.key,
                       coalesce(nullif(base.said(pp.alts, n.key), ''), n.value))
              from jsonb_each_text(t.names) n)
      from catalog.product p
     cross join lateral (
           select jsonb_object_agg(l.lang, (
                      select x.name from catalog.product_text x where x.product_id = p.id
                       order by x.lang = l.lang desc, x.lang = 'en' desc, x.lang limit 1)) as names
             from unnest(array['en', 'th', 'vi']) as l(lang)
            where exists (select from catalog.product_text x where x.product_id = p.id)) t
      join catalog.variant v on v.product_id = p.id
      join inventory.item i on i.id = v.item_id
     cross join lateral (
           select coalesce(jsonb_object_agg(w.lang, w.words), '{}') as options
             from (select l.lang, string_agg(base.said(ov.names, l.lang), ', ' order by u.place) as words
                     from unnest(v.value_ids) with ordinality as u(id, place)
                     join catalog.option_value ov on ov.id = u.id
                    cross join unnest(array['en', 'th', 'vi']) as l(lang)
                    group by l.lang) w) o
      left join lateral (
           select y.picture_id, y.alts from catalog.product_picture y
            where y.product_id = p.id
            order by y.value_id is not null and y.value_id = any(v.value_ids) desc, y.position
            limit 1) pp on true
      left join lateral (select y.stem, y.width, y.height, y.widths
                           from media.picture y where y.id = pp.picture_id offset 0) m on true
     where p.id = any(which) and p.status = 'published' and t.names is not null;
end $$;

-- Puts products on the shelf anew, or takes off those that are not published.
create or replace function catalog.reshelve(which bigint[]) returns void language plpgsql as $$
declare
    before bigint[];
begin
    perform from catalog.product where id = any(which) order by id for no key update; -- see restock
    update catalog.product_text x set shown = p.status = 'published'
      from catalog.product p
     where x.product_id = any(which) and p.id = x.product_id
       and x.shown <> (p.status = 'published');
    before := array(select distinct s.category_id from catalog.shelf s
                     where s.product_id = any(which) and s.category_id <> 0);
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
     cross join lateral (select x.id, x.organisation_id, x.created_at, x.status
                           from catalog.product x where x.id = s.product_id offset 0) p
     where p.status = 'published';
    perform catalog.tell_menu(which, before);

    insert into catalog.offer (product_id, organisation_id, currencies, lows, highs, compares,
        tags, free, endless, edition)
    select p.id, p.organisation_id, r.currencies, r.lows, r.highs, r.compares,
           array(select distinct u.tag from catalog.variant v, unnest(v.tags) as u(tag)
                  where v.product_id = p.id and v.active order by u.tag),
           l.free, l.endless, pg_current_xact_id()::text::bigint
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
                   cross join lateral (select y.stem, y.width, y.height, y.widths
                          from media.picture y where y.id = pp.picture_id offset 0) m
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
    select p.id, l.lang, p.organisation_id, p.slug, t.name, coalesce(u.summary, ''), p.brand, p.featured,
           -(extract(epoch from p.created_at) * 1000000)::bigint,
           exists (select from catalog.option o where o.product_id = p.id),
           case when cardinality(v.skus) = 1 then v.skus[1] end, m.stem, m.width, m.height, m.widths,
           coalesce(nullif(base.said(pp.alts, l.lang), ''), t.name)
      from catalog.product p
     cross join unnest(array['en', 'th', 'vi']) as l(lang)
     cross join lateral (
           select x.name from catalog.product_text x where x.product_id = p.id
            order by x.lang = l.lang desc, x.lang = 'en' desc, x.lang limit 1) t
      left join lateral (
           select x.summary from catalog.product_text x
            where x.product_id = p.id and x.summary <> ''
            order by x.lang = l.lang desc, x.lang = 'en' desc, x.lang limit 1) u on true
     cross join lateral (
           select array_agg(x.sku order by x.position) as skus
             from catalog.variant x where x.product_id = p.id and x.active) v
      left join lateral (
           select x.picture_id, x.alts from catalog.product_picture x
            where x.product_id = p.id order by x.position limit 1) pp on true
      left join lateral (select y.stem, y.width, y.height, y.widths
                           from media.picture y where y.id = pp.picture_id offset 0) m on true
     where p.id = any(which) and p.status = 'published';
    perform catalog.relabel(which);
end $$;
