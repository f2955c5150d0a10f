-- 0313 took its place.
set local lock_timeout = '3s';
drop index if exists orders.order_forgotten;
