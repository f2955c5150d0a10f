-- The list of orders whose money went back, without all there ever were. Made before by hand with these
-- words and `concurrently` it costs nothing here.
-- meanwhile: nobody can place an order, nor have one paid or sent
-- rows: orders.order
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists order_given on orders."order" (id desc)
    where refunded_total > 0 or disputed_total > 0 or payment_status = 'refunded';
