-- The country an alert's network is in.
set local lock_timeout = '3s';
alter table watch.alert add column country text not null default '';
