-- What moves and what is held points to its stock, which points to item and place: each order locked
-- rows of those that many others locked as well, and wrote that down. What is there already is looked at
-- in the next step.
set local lock_timeout = '3s';
alter table inventory.movement
    drop constraint movement_item_id_fkey, drop constraint movement_location_id_fkey,
    add foreign key (item_id, location_id) references inventory.stock not valid;
alter table inventory.hold
    drop constraint hold_item_id_fkey, drop constraint hold_location_id_fkey,
    add foreign key (item_id, location_id) references inventory.stock not valid;
-- What is sold is written beside what was there, and no index hears of it.
alter table inventory.stock set (fillfactor = 80);
