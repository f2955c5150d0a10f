-- The shelf: what lists show of published products, laid out for reading. It repeats what the
-- tables of 40_catalog.sql say and nothing else; catalog.reshelve writes it in the product's own
-- transaction, so it is never behind. A list of 24 out of 5,000 then reads 24 rows, in order,
-- from one index, and a product's page one row. Only `free` follows a moment later: selling must
-- not queue behind a row of the catalogue, so the job that hears of stock writes it
-- (catalog.restock). A product's own page reads stock where it is kept.

-- Which products stand in a category, those of its children included; category 0 holds all.
create table catalog.shelf (
    category_id bigint not null,
    newness bigint not null, -- microseconds since 1970, negative: newest first reads forwards
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    primary key (category_id, product_id)
);
create index shelf_new on catalog.shelf (category_id, newness, product_id);
create index shelf_product on catalog.shelf (product_id);

-- One card in one language, gaps filled from English (or whatever there is).
create table catalog.card (
    product_id bigint not null references catalog.product on delete cascade,
    lang text not null,
    organisation_id bigint not null,
    slug text not null,
    name text not null,
    summary text not null,
    brand text not null,
    featured boolean not null,
    newness bigint not null,
    has_options boolean not null,
    sku text, -- only when there is exactly one variant
    stem text,
    width int,
    height int,
    widths int[],
    alt text not null default '',
    primary key (product_id, lang)
);
create index card_featured on catalog.card (lang, newness, product_id) where featured;

-- What of a product does not depend on the language: prices (by place in `currencies`), what can
-- be chosen, and how much of it all is left.
create table catalog.offer (
    product_id bigint primary key references catalog.product on delete cascade,
    organisation_id bigint not null,
    currencies text[] not null,
    lows bigint[] not null,
    highs bigint[] not null,
    compares bigint[] not null, -- of the cheapest variant; null inside: none
    tags text[] not null, -- of all variants, each once
    free bigint not null,
    endless boolean not null, -- a variant never runs out
    -- Another number whenever the product is put on the shelf anew: a reader who has its card, or
    -- its sheet, from before knows by it whether that still holds.
    edition bigint not null default 0
) with (fillfactor = 80);

-- All that a product's page says but for stock and the names of categories, in every language it
-- has: {brand, tax_class, texts: {en: {name, summary, description}}, specs, pictures: [{stem,
-- width, height, widths, alts, value_id}], options: [{code, names, values: [{id, code, names}]}],
-- variants: [{sku, value_ids, tags, item, tracked, prices: {THB: [amount, compare_at]}}]}.
create table catalog.sheet (
    product_id bigint primary key references catalog.product on delete cascade,
    organisation_id bigint not null,
    slug text not null unique,
    category_ids bigint[] not null, -- its own, the oldest first
    item_ids bigint[] not null,
    document json not null
);
-- Small enough to stay in the row, and then one look is all it takes.
alter table catalog.sheet set (toast_tuple_target = 8160);
alter table catalog.sheet alter column document set storage main;
alter table catalog.sheet alter column document set compression lz4;

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

do $$
declare t text;
begin
    foreach t in array array['shelf', 'card', 'offer', 'sheet'] loop
        execute format('alter table catalog.%I enable row level security', t);
        execute format('alter table catalog.%I force row level security', t);
        -- Only published products ever stand here.
        execute format('create policy seen on catalog.%I for select using (true)', t);
        execute format('create policy kept on catalog.%I for all
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;
grant select, insert, update, delete on catalog.shelf, catalog.card, catalog.offer, catalog.sheet
    to talat_app;
grant select on catalog.shelf, catalog.card, catalog.offer, catalog.sheet to talat_readonly;

-- What is left of a product's active variants, as `free` and `endless` of its offer.
create function catalog.left_of(which bigint) returns table (free bigint, endless boolean)
language sql stable as $$
    select coalesce(sum(greatest(k.on_hand - k.reserved, 0)), 0)::bigint,
           coalesce(bool_or(not i.tracked), false)
      from catalog.variant v
      join inventory.item i on i.id = v.item_id
      left join inventory.stock k on k.item_id = v.item_id
     where v.product_id = which and v.active
$$;

-- The stock of an item has moved: the offers that count it follow.
create function catalog.restock(item bigint) returns void language plpgsql as $$
begin
    perform from catalog.product p -- one at a time, or the older count might be written last
     where p.id in (select v.product_id from catalog.variant v
                     where v.item_id = item and v.active)
     order by p.id for no key update;
    update catalog.offer o set free = l.free, endless = l.endless
      from (select distinct v.product_id from catalog.variant v
             where v.item_id = item and v.active) p
     cross join lateral catalog.left_of(p.product_id) l
     where o.product_id = p.product_id
       and (o.free, o.endless) is distinct from (l.free, l.endless);
end $$;

-- The menu shows the categories that have something on the shelf. Of those given, which `which` were
-- in before, it tells of each that came to its first product or lost its last one. Whoever takes one
-- of the last few waits for who takes another, or both would see one left.
create function catalog.tell_menu(which bigint[], before bigint[]) returns void
language plpgsql as $$
declare
    within bigint[] := array(select distinct s.category_id from catalog.shelf s
                              where s.product_id = any(which) and s.category_id <> 0);
    bared bigint[] := array(select b from unnest(before) b
        where b <> all(within) and (select count(*) from (
              select from catalog.shelf s where s.category_id = b limit 10) few) < 10 order by b);
begin
    perform pg_advisory_xact_lock(7421032, hashint8(b)) from unnest(bared) b;
    perform work.tell('category.changed', c.organisation_id, c.id,
               jsonb_build_object('slug', c.slug), '', true)
       from catalog.category c
      where c.id = any(bared || within) and c.id <> all(
                select b from unnest(before) b where b = any(within))
        and not exists (select from catalog.shelf s
             where s.category_id = c.id and s.product_id <> all(which));
end $$;

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
create function catalog.reshelve(which bigint[]) returns void language plpgsql as $$
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
create function catalog.reshelve(which bigint) returns void language sql as
$$ select catalog.reshelve(array[which]) $$;

-- Cards with the price in one currency and what is left. Nothing asks for them like this any more
-- but workers of a version before, which go on while a shop is taken forward.
create function catalog.cards(wanted_lang text, wanted_currency text)
returns table (product_id bigint, slug text, name text, summary text, brand text,
    newness bigint, has_options boolean, sku text, stem text, width int, height int,
    widths int[], alt text, low bigint, high bigint, compare_at bigint, free bigint,
    endless boolean)
language sql stable as $$
    select c.product_id, c.slug, c.name, c.summary, c.brand, c.newness, c.has_options, c.sku,
           c.stem, c.width, c.height, c.widths, c.alt,
           o.lows[array_position(o.currencies, wanted_currency)],
           o.highs[array_position(o.currencies, wanted_currency)],
           o.compares[array_position(o.currencies, wanted_currency)], o.free, o.endless
      from catalog.card c
      join catalog.offer o on o.product_id = c.product_id
     where c.lang = wanted_lang
$$;

-- Search and filters look at many rows and use operators row level security would keep from
-- their indexes, so they run as talat_search, who sees past it. They read what stands on the
-- shelf only, where nothing but published products is; their search_path is fixed.

-- Its library must be there before one of its settings can be named.
do $$ begin perform public.similarity('a', 'a'); end $$;

-- The words with any two letters side by side changed over: what was typed in haste. And all of
-- them as one: what was typed by half of a Thai word falls into others. A letter or two begin too
-- many words to be looked for by their beginning.
create function catalog.swapped(sought text) returns tsquery
language sql immutable
set search_path = pg_catalog, pg_temp as $$
    select (string_agg('(' || w.ways || ')', ' & ')
            || ' | ' || quote_literal(replace(btrim(sought), ' ', '')) || ':*')::tsquery
      from (select string_agg(quote_literal(v.one)
                   || case when length(v.one) >= 3 then ':*' else '' end, ' | ') as ways
              from regexp_split_to_table(btrim(sought), ' +') with ordinality as t(word, place)
             cross join lateral (
                   select t.word as one
                    union
                   select left(t.word, i - 1) || substr(t.word, i + 1, 1) || substr(t.word, i, 1)
                          || substr(t.word, i + 2)
                     from generate_series(1, length(t.word) - 1) i
                    where length(t.word) between 4 and 30) v
             where t.word <> ''
             group by t.place) w
$$;

-- Products whose words match, best first; when few do, those that are spelt alike; when none is,
-- those with two letters the other way round. A word that thousands of texts have says little
-- about each: so many are ranked and no more.
create function catalog.hits(sought text, sought_folded text, wanted_lang text)
returns table (product_id bigint, rank bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set pg_trgm.word_similarity_threshold = 0.5 as $$
declare
    q tsquery := plainto_tsquery('simple', sought);
    found_n bigint;
    alike_n bigint := 0;
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
        get diagnostics alike_n = row_count;
    end if;
    if found_n + alike_n = 0 and length(sought) <= 200 then
        q := catalog.swapped(sought);
        return query
            select m.product_id, (max(ts_rank(m.words, q)) * 1000)::bigint
              from (select x.product_id, x.words from catalog.product_text x
                     where x.words @@ q and x.shown limit 4000) m
             group by m.product_id
             order by 2 desc, 1
             limit 50;
    end if;
end $$;

-- ?colour=black is a filter, ?utm_source=x is not: keeps the tags whose code is an option.
create function catalog.real_tags(tags text[]) returns text[]
language sql stable security definer
set search_path = pg_catalog, catalog, pg_temp as $$
    select coalesce(array_agg(t order by t), '{}') from unnest(tags) t
     where exists (select from catalog.option o where o.code = split_part(t, '=', 1))
$$;

-- The products of a category (0: all) that pass search and filters. Within one option any of
-- the chosen values will do, and one and the same variant has to pass all of it.
-- `sort`: new, price_up, price_down, name, best. Sorted by (k, t, product_id) upwards.
create function catalog.sift(in_category bigint, wanted_lang text, wanted_currency text,
    chosen text[], low bigint, high bigint, only_available boolean, sought text,
    sought_folded text, sort text)
returns table (product_id bigint, k bigint, t text)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp as $$
declare
    tags text[] := catalog.real_tags(chosen);
    codes int := (select count(distinct split_part(x, '=', 1)) from unnest(tags) x);
    from_part text := 'catalog.shelf s';
    where_part text := 's.category_id = $1';
    keys text;
begin
    if sought <> '' then
        from_part := from_part || ' join catalog.hits($8, $9, $2) h on h.product_id = s.product_id';
    end if;
    if sort in ('price_up', 'price_down') then
        from_part := from_part || ' join catalog.offer r on r.product_id = s.product_id';
    elsif sort = 'name' then
        from_part := from_part || ' join catalog.card c
            on c.product_id = s.product_id and c.lang = $2';
    end if;
    if codes > 0 or low is not null or high is not null or only_available then
        where_part := where_part || ' and exists (select from catalog.variant v'
            || case when low is not null or high is not null
               then ' join catalog.price p on p.variant_id = v.id and p.currency = $3::char(3)
                   and p.amount between coalesce($6, 0) and coalesce($7, 9000000000000000000)'
               else '' end
            || case when only_available
               then ' join inventory.item i on i.id = v.item_id
                   left join inventory.stock k on k.item_id = v.item_id'
               else '' end
            || ' where v.product_id = s.product_id and v.active'
            || case when only_available then ' and (not i.tracked or k.on_hand > k.reserved)'
               else '' end
            || case when codes > 0 then ' and v.tags && $4' else '' end
            || case when codes > 1
               then ' and $5 = (select count(*) from unnest(v.tags) x where x = any($4))'
               else '' end
            || ')';
    end if;
    keys := case sort
        when 'price_up' then 'coalesce(r.lows[array_position(r.currencies, $3)], 4000000000000000000), ''''::text'
        when 'price_down' then '-coalesce(r.lows[array_position(r.currencies, $3)], -1), ''''::text'
        when 'name' then '0::bigint, c.name'
        when 'best' then case when sought <> '' then '-h.rank, ''''::text'
                         else 's.newness, ''''::text' end
        else 's.newness, ''''::text' end;
    return query execute 'select s.product_id, ' || keys || ' from ' || from_part
        || ' where ' || where_part
        using in_category, wanted_lang, wanted_currency, tags, codes, low, high, sought,
              sought_folded;
end $$;

-- All that are counted of a category, or of all goods, the newest first: where there are more, counting
-- takes longer than anybody waits for a page. (Tests have fewer.)
create function catalog.most_counted() returns bigint language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('app.most_counted', true), '')::bigint, 50000) $$;

-- What the same list offers to filter by, counted under the filters chosen so far (a code's
-- own choice aside): kind option (code, value, names, n), category (children: value is the
-- slug), price (low in n, high in n2), stock (n available), total (n; n2 is 1 where only the newest
-- are counted: then there may be more of everything, but for the total while nothing is chosen).
create function catalog.facets(in_category bigint, wanted_lang text, wanted_currency text,
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

-- Finding at the desk, among the shop's own goods as their policy has them, planned for what is sought:
-- their policies would keep the indexes from it.
-- At most so many of those that were changed before, last changed first. sought_folded: locale_words of
-- it. Found are a piece of a name, all words of names, brand, values and SKUs, of which the last may be
-- half typed, and how a SKU begins. What half the shop has is found among the last changed; what is rare
-- by its index.
create function catalog.staff_found(of_organisation bigint, sought text, sought_folded text,
    wanted_status text, before timestamptz, before_id bigint, most int)
returns table (product_id bigint) language plpgsql stable security definer rows 50
set search_path = pg_catalog, catalog, public, pg_temp
set plan_cache_mode = force_custom_plan as $$
declare
    piece text := '%' || sought_folded || '%'; -- letters, digits and spaces
    begins text := regexp_replace(lower(btrim(sought)), '([\\%_])', '\\\1', 'g') || '%';
    spoken tsquery := regexp_replace(regexp_replace(plainto_tsquery('simple', sought_folded)::text,
        '''( |$)', ''':AB\1', 'g'), ':AB$', ':*AB')::tsquery;
    has_words boolean := numnode(spoken) > 0;
    has_piece boolean := sought_folded ~ '[^ ]{3}'; -- of less the index knows nothing
    newest constant bigint := 1000;
    n bigint;
    ids bigint[];
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    select count(*), array_agg(w.id order by w.updated_at desc, w.id desc) filter (where w.hit)
      into n, ids
      from (select p.id, p.updated_at,
                   exists (select from product_text t
                            where t.product_id = p.id
                              and (has_piece and t.folded like piece
                                   or has_words and t.words @@ spoken) offset 0)
                   or exists (select from variant v
                               where v.product_id = p.id and lower(v.sku) like begins offset 0) as hit
              from (select x.id, x.updated_at from product x
                     where x.organisation_id = of_organisation
                       and (wanted_status = '' or x.status = wanted_status)
                       and (before is null or (x.updated_at, x.id) < (before, before_id))
                     order by x.updated_at desc, x.id desc limit newest) p) w;
    if n < newest or cardinality(ids) >= most then -- all that there are, or enough
        return query select unnest(ids[1:most]);
        return;
    end if;
    return query
        select p.id
          from (select t.product_id from product_text t
                 where t.organisation_id = of_organisation and has_piece
                   and t.folded like piece
                union
                select t.product_id from product_text t
                 where t.organisation_id = of_organisation and has_words and t.words @@ spoken
                union
                select v.product_id from variant v
                 where v.organisation_id = of_organisation and lower(v.sku) like begins) h
          join product p on p.id = h.product_id
         where (wanted_status = '' or p.status = wanted_status)
           and (before is null or (p.updated_at, p.id) < (before, before_id))
         order by p.updated_at desc, p.id desc limit most;
end $$;

revoke all on function catalog.hits, catalog.staff_found, catalog.real_tags, catalog.sift,
    catalog.most_counted, catalog.facets from public;
grant execute on function catalog.staff_found, catalog.real_tags, catalog.sift, catalog.facets
    to talat_app;
grant execute on function catalog.most_counted to talat_search;
grant usage on schema catalog, inventory, base to talat_search;
grant select on all tables in schema catalog to talat_search;
grant select on inventory.item, inventory.stock to talat_search;
grant create on schema catalog to talat_search;

-- What is free of a published product's items, a row for each place they lie in: no more than
-- everybody may see of inventory.stock, without asking for each item whether it is published.
create view catalog.stocked with (security_barrier) as
select s.product_id, k.item_id, k.on_hand - k.reserved as free
  from catalog.sheet s join inventory.stock k on k.item_id = any(s.item_ids);
alter view catalog.stocked owner to talat_search;
grant select on catalog.stocked to talat_app;

-- Variants of published products as carts and orders know them, and what is free of each: no more
-- than everybody may see.
create function catalog.for_cart(ids bigint[], in_lang text, in_currency text)
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
revoke all on function catalog.for_cart from public;
grant execute on function catalog.for_cart to talat_app;
grant usage on schema media to talat_search;
grant select on media.picture to talat_search;
alter function catalog.for_cart owner to talat_search;

alter function catalog.hits owner to talat_search;
alter function catalog.staff_found owner to talat_search;
alter function catalog.real_tags owner to talat_search;
alter function catalog.sift owner to talat_search;
alter function catalog.facets owner to talat_search;
revoke create on schema catalog from talat_search;
