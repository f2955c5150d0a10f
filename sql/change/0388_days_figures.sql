-- The day's figures, and the list of what is to be sent, without all parts there ever were. Made before
-- by hand with these words and `concurrently` both cost nothing here.
-- meanwhile: nobody can place an order, nor have one paid or sent
-- rows: orders.part
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists part_placed on orders.part (organisation_id, placed_at)
    where placed_at is not null;
create index if not exists part_processing on orders.part (organisation_id, order_id desc)
    where status = 'processing';
