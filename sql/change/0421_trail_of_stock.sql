-- The trail's moves of stock are found by their number there: by the primary key the planner went through
-- all that was sold, where it took moves by hand for many. Made before by hand with these words and
-- `concurrently` they cost nothing here.
-- meanwhile: no stock can be changed, nor anything that was ordered be paid
-- rows: inventory.movement
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists movement_told on inventory.movement (organisation_id, (id * 4 + 2) desc)
    where reason not in ('sold', 'returned');
create index if not exists movement_told_house on inventory.movement ((id * 4 + 2) desc)
    where reason not in ('sold', 'returned');
