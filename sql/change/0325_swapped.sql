-- A search that finds nothing tries two letters the other way round, and its words as one.
set local lock_timeout = '3s';

-- Its library must be there before one of its settings can be named.
do $$ begin perform public.similarity('a', 'a'); end $$;

-- The words with any two letters side by side changed over: what was typed in haste. And all of
-- them as one: what was typed by half of a Thai word falls into others.
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
create or replace function catalog.hits(sought text, sought_folded text, wanted_lang text)
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
