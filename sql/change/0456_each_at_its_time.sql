-- The list of changes is read by the page, each beginning at the time at which the one before ended. What
-- stood at the time its transaction began (a large import, a long job) came after what had happened
-- meanwhile and was written before it: that was on no page.
set local lock_timeout = '3s';
alter table orders.event alter column at set default clock_timestamp();
alter table inventory.movement alter column created_at set default clock_timestamp();
alter table payments.transaction alter column created_at set default clock_timestamp();
