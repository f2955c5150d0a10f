-- Filled by the next step; short, for it locks out readers.
set local lock_timeout = '3s';
alter table catalog.product_text add column shown boolean not null default false;
