-- Nobody reads these since the last step.
drop table catalog.product_price;
alter table catalog.card drop column item_ids;
