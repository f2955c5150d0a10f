-- Of what moved and was held before 0531: that its stock is there.
-- meanwhile: nothing waits; they are only read
-- rows: inventory.movement, inventory.hold
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true); -- or the policies would show it nothing to look at
alter table inventory.movement validate constraint movement_item_id_location_id_fkey;
alter table inventory.hold validate constraint hold_item_id_location_id_fkey;
