-- A common word is looked for among the newest orders, without all that ever had it; and figures that
-- are nothing but zeros are no telephone's.
set local lock_timeout = '3s';
create or replace function orders.found(of_organisation bigint, sought text)
returns table (order_id bigint) language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    folded text := lower(btrim(sought));
    figures text := regexp_replace(folded, '\D', '', 'g');
    pattern text := '%' || regexp_replace(folded, '([\\%_])', '\\\1', 'g') || '%';
    telephone text := pattern;
    newest bigint := case when length(folded) < 3 then 20000 else 200000 end;
    n bigint := 0;
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    if folded ~ '^[0-9 ()+./-]+$' and length(ltrim(figures, '0')) >= 4 then
        telephone := '%' || right(ltrim(figures, '0'), 9) || '%';
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
              from (select x.order_id from orders.part x where x.organisation_id = of_organisation
                     order by x.order_id desc limit newest) p,
                   lateral (select from orders.words w where w.order_id = p.order_id
                               and (w.words like pattern or w.words like telephone) offset 0) w
             order by p.order_id desc limit 2000;
        return;
    end if;
    return query
        select p.order_id from orders.words w
          join orders.part p on p.order_id = w.order_id and p.organisation_id = of_organisation
         where w.words like pattern or w.words like telephone
         order by p.order_id desc limit 2000;
end $$;
