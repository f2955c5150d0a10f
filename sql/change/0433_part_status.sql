-- The list of orders in one state, without all there ever were. Made before by hand with these words and
-- `concurrently` it costs nothing here.
-- meanwhile: nobody can place an order, nor have one paid or sent
-- rows: orders.part
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists part_status on orders.part (organisation_id, status, order_id desc);
drop index if exists orders.part_processing;
