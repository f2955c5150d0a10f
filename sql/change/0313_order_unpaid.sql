-- Only for those who ask by the time: asked by an order, it was read from end to end.
-- Made before by hand with these words and `concurrently` it costs nothing here.
-- meanwhile: nobody can place an order or have one paid
-- rows: orders.order
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists order_unpaid on orders."order" (placed_at)
    where status = 'pending' and payment_status = 'pending' and placed_at is not null;
