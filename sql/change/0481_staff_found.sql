-- Finding a product at the desk read the whole catalogue, and knew no letter without its accent. It is
-- planned for what is sought, among the shop's own goods as their policy has them.
set local lock_timeout = '3s';
grant create on schema catalog to talat_search;
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
alter function catalog.staff_found owner to talat_search;
revoke create on schema catalog from talat_search;
revoke all on function catalog.staff_found from public;
grant execute on function catalog.staff_found to talat_app;
