-- What was sold last stands together in the index of causes; by its item each sale took a page of its own,
-- read, written and logged whole. Made before by hand with these words and `concurrently` (of the index)
-- it costs nothing here.
-- meanwhile: no stock can be changed, nor anything that was ordered be paid
-- rows: inventory.movement
set local lock_timeout = '3s';
set local statement_timeout = 0;
create unique index if not exists movement_cause on inventory.movement
    (cause, item_id, location_id);
alter table inventory.movement drop constraint once_per_cause;
alter table inventory.movement add constraint once_per_cause unique using index movement_cause;
