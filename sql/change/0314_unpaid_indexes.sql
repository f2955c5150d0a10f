-- 0311 to 0313 took their place.
set local lock_timeout = '3s';
drop index if exists inventory.hold_expiry, payments.attempt_open, orders.order_forgotten;
