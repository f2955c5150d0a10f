-- A category of 5,000 products looks its offers up; it read and hashed those of the whole shop.
set local lock_timeout = '3s';

alter function catalog.facets(bigint, text, text, text[], bigint, bigint, boolean, text, text)
    set random_page_cost = 1.1;
