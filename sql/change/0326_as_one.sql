-- A search that finds nothing also takes its words as one.
set local lock_timeout = '3s';

-- The words with any two letters side by side changed over: what was typed in haste. And all of
-- them as one: what was typed by half of a Thai word falls into others.
create or replace function catalog.swapped(sought text) returns tsquery
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
