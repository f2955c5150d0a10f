-- 0311 took its place.
set local lock_timeout = '3s';
drop index if exists inventory.hold_expiry;
