-- What of stock stands in the trail, without all that was ever sold. Made before by hand with these words
-- and `concurrently` it costs nothing here.
-- meanwhile: no stock can be changed, nor anything that was ordered be paid
-- rows: inventory.movement
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists movement_by_hand on inventory.movement (organisation_id, id desc)
    where reason not in ('sold', 'returned');
