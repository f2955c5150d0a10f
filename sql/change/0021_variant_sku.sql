-- What is put into the cart is found by its SKU alone: without this, by reading every variant.
set local lock_timeout = '3s';
create index if not exists variant_sku on catalog.variant (sku);
