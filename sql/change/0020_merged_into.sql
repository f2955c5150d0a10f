-- Which cart a guest's was poured into, so that its unpaid order can be ended by the next one.
set local lock_timeout = '3s';
alter table cart.cart add column merged_into bigint;
create index cart_merged on cart.cart (merged_into) where merged_into is not null;
