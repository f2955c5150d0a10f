-- A product's page reads its stock without asking for each item whether it is published.
set local lock_timeout = '3s';

-- What is free of a published product's items, a row for each place they lie in: no more than
-- everybody may see of inventory.stock, without asking for each item whether it is published.
create view catalog.stocked with (security_barrier) as
select s.product_id, k.item_id, k.on_hand - k.reserved as free
  from catalog.sheet s join inventory.stock k on k.item_id = any(s.item_ids);
grant create on schema catalog to talat_search;
alter view catalog.stocked owner to talat_search;
revoke create on schema catalog from talat_search;
grant select on catalog.stocked to talat_app;
