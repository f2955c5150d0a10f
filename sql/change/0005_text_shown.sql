-- Filled by the next step; short, for it locks out readers.
alter table catalog.product_text add column shown boolean not null default false;
