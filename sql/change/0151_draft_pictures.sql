-- Pictures of drafts are nobody's without a scope.
set local lock_timeout = '3s';
create index product_picture_picture on catalog.product_picture (picture_id);
drop policy seen on media.picture;
-- Of a draft nobody sees a picture either. Who has a cart, an account or an order's link is not
-- asked again: what they bought keeps its picture when it is sold no more.
create policy seen on media.picture for select
    using (base.person() is not null or base.cart() is not null or base.order_id() is not null
        or exists (select from catalog.product_picture x join catalog.product p on p.id = x.product_id
            where x.picture_id = picture.id and p.status = 'published')
        or exists (select from catalog.front f where f.picture_id = picture.id)
        or exists (select from catalog.category k where k.picture_id = picture.id));
