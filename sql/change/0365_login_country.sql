-- The country a login comes from, where the shop has a map of addresses.
set local lock_timeout = '3s';
alter table auth.device add column country text not null default '';
