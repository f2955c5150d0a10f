-- What the desk's search finds is planned for what is sought, and looked for after what was shown: all
-- orders were read where the plan was made before. Of parts and numbers that all orders have the index
-- is not asked.
set local lock_timeout = '3s';
grant create on schema orders to talat_search;
create function orders.found(of_organisation bigint, sought text, before bigint, most bigint)
returns table (order_id bigint) language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_custom_plan as $$
declare
    folded text := lower(btrim(sought));
    figures text := regexp_replace(folded, '\D', '', 'g');
    pattern text := '%' || regexp_replace(folded, '([\\%_])', '\\\1', 'g') || '%';
    telephone text := pattern;
    -- Of what all orders have ("tl-", "@gmail.com") the index knows nothing but that it is long.
    telling text := regexp_replace(split_part(folded, '@', 1), '^tl-', '');
    narrow text := pattern;
    newest bigint := case when length(folded) < 3 then 20000 else 200000 end;
    n bigint := 0;
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    if folded ~ '^[0-9 ()+./-]+$' and length(ltrim(figures, '0')) >= 4 then
        telephone := '%' || right(ltrim(figures, '0'), 9) || '%';
    end if;
    if length(telling) >= 3 then
        narrow := '%' || regexp_replace(telling, '([\\%_])', '\\\1', 'g') || '%';
    end if;
    if length(folded) >= 3 then
        select count(*) into n
          from (select x.order_id from orders.part x where x.organisation_id = of_organisation
                 order by x.order_id desc limit 1000) p,
               lateral (select from orders.words w where w.order_id = p.order_id
                           and (w.words like pattern or w.words like telephone) offset 0) w;
    end if;
    if length(folded) < 3 or n >= 10 then
        return query
            select p.order_id
              from (select x.order_id from orders.part x
                     where x.organisation_id = of_organisation and x.order_id < before
                     order by x.order_id desc limit newest) p,
                   lateral (select from orders.words w where w.order_id = p.order_id
                               and (w.words like pattern or w.words like telephone) offset 0) w
             order by p.order_id desc limit most;
        return;
    end if;
    return query
        select p.order_id from orders.words w
          join orders.part p on p.order_id = w.order_id and p.organisation_id = of_organisation
         where ((w.words like narrow and w.words || '' like pattern)
                or (telephone <> pattern and w.words like telephone))
           and p.order_id < before
         order by p.order_id desc limit most;
end $$;
alter function orders.found(bigint, text, bigint, bigint) owner to talat_search;
revoke create on schema orders from talat_search;
revoke all on function orders.found(bigint, text, bigint, bigint) from public;
grant execute on function orders.found(bigint, text, bigint, bigint) to talat_app;
-- As programs of the version before call it.
create or replace function orders.found(of_organisation bigint, sought text)
returns table (order_id bigint) language plpgsql stable as $$
begin
    return query select f.order_id from orders.found(of_organisation, sought, 9223372036854775807, 2000) f;
end $$;
