-- Addresses older than so many days, without all that ever happened; and which pictures show an
-- option's value, when it goes. Made before by hand with these words and `concurrently` they cost
-- nothing here.
-- meanwhile: nobody can place an order nor have one sent, stock cannot be booked, nor a product saved
-- rows: orders.event, inventory.movement, catalog.product_picture
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists event_at on orders.event (at)
    where whence is not null and at is not null;
create index if not exists movement_at on inventory.movement (created_at)
    where whence is not null and created_at is not null;
create index if not exists product_picture_value on catalog.product_picture (value_id)
    where value_id is not null;
