-- A job asks of no row whether it is for sale: that it sees all stands before it.
set local lock_timeout = '3s';

do $$
declare t text;
begin
    foreach t in array array['product_text', 'product_category', 'option', 'option_value',
        'variant', 'price', 'product_picture'] loop
        execute format('alter policy seen on catalog.%1$I
            using (base.is_platform() or exists (
                select from catalog.product p where p.id = %1$I.product_id
                and p.status = ''published''))', t);
    end loop;
end $$;
-- offset: one product at a time. Many goods may share a picture; for that PostgreSQL would read all
-- products, each time somebody who has no cart yet asks for one picture.
alter policy seen on catalog.product_picture
    using (base.is_platform() or exists (
        select from catalog.product p where p.id = product_picture.product_id
        and p.status = 'published' offset 0));
alter policy seen on inventory.item
    using (base.is_platform() or base.person() is not null or base.cart() is not null or exists (
        select from catalog.variant v join catalog.product p on p.id = v.product_id
         where v.item_id = item.id and p.status = 'published'));
alter policy seen on inventory.stock
    using (base.is_platform() or base.person() is not null or base.cart() is not null or exists (
        select from catalog.variant v join catalog.product p on p.id = v.product_id
         where v.item_id = stock.item_id and p.status = 'published'));
alter policy seen on media.picture
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or base.order_id() is not null
        or exists (select from catalog.product_picture x join catalog.product p on p.id = x.product_id
            where x.picture_id = picture.id and p.status = 'published')
        or exists (select from catalog.front f where f.picture_id = picture.id)
        or exists (select from catalog.category k where k.picture_id = picture.id));
