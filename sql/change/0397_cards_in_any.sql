-- What 0386 left out: cards whose summary is said in another language than English.
-- meanwhile: who saves a product waits
-- rows: catalog.card
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
with mended as (
    update catalog.card c set summary = u.summary
      from catalog.card k cross join lateral (
           select x.summary from catalog.product_text x
            where x.product_id = k.product_id and x.summary <> ''
            order by x.lang = k.lang desc, x.lang = 'en' desc, x.lang limit 1) u
     where k.summary = '' and c.product_id = k.product_id and c.lang = k.lang
    returning c.product_id
)
update catalog.offer o set edition = pg_current_xact_id()::text::bigint
 where o.product_id in (select product_id from mended);
