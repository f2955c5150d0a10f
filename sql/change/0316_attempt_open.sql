-- 0312 took its place.
set local lock_timeout = '3s';
drop index if exists payments.attempt_open;
