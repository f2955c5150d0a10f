-- The desk's list of drafts, without all products there are. Made before by hand with these words and
-- `concurrently` it costs nothing here.
-- meanwhile: no product can be changed
-- rows: catalog.product
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists product_status on catalog.product
    (organisation_id, status, updated_at desc, id desc);
