-- With whose eyes staff look at the shop.
set local lock_timeout = '3s';
alter table auth.device add column view_as bigint, add column view_as_until timestamptz;
