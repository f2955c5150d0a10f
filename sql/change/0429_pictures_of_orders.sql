-- Which of an order's lines still show a picture. Made before by hand with these words and
-- `concurrently` it costs nothing here.
-- meanwhile: nobody can place an order
-- rows: orders.line
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists line_picture on orders.line (picture) where picture <> '';
