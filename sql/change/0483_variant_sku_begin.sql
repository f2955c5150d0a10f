-- How a SKU begins, as it is typed at the desk. Made before by hand with these words and `concurrently`
-- it costs nothing here.
-- meanwhile: no product can be changed
-- rows: catalog.variant
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists variant_sku_begin on catalog.variant
    (organisation_id, lower(sku) text_pattern_ops);
