-- Whose unpaid orders are counted. Made before by hand with these words and `concurrently` it costs
-- nothing here.
-- meanwhile: nobody can place an order or have one paid
-- rows: orders.order
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists order_buyer on orders."order" (buyer) where buyer is not null;
