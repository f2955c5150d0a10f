-- The last tables that a program saw without saying for whom it asks.
set local lock_timeout = '3s';
-- The queue is the house's own. A feature adds to it whoever it works for, and sees of it what
-- its own transaction has just written, to be told the number.
alter table work.outbox enable row level security;
alter table work.outbox force row level security;
create policy house on work.outbox for all using (base.is_platform()) with check (base.is_platform());
create policy told on work.outbox for insert with check (true);
create policy fresh on work.outbox for select using (created_at = now());
alter table work.job enable row level security;
alter table work.job force row level security;
create policy house on work.job for all using (base.is_platform()) with check (base.is_platform());
create policy told on work.job for insert with check (true);
create policy fresh on work.job for select using (created_at = now());
alter table work.sequence enable row level security;
alter table work.sequence force row level security;
create policy house on work.sequence for all
    using (base.is_platform()) with check (base.is_platform());
alter table work.cron enable row level security;
alter table work.cron force row level security;
create policy house on work.cron for all using (base.is_platform()) with check (base.is_platform());
alter table pricing.tax_rate enable row level security;
alter table pricing.tax_rate force row level security;
create policy seen on pricing.tax_rate for select using (true);
create policy kept on pricing.tax_rate for all using (base.is_platform()) with check (base.is_platform());
alter table shipping.method enable row level security;
alter table shipping.method force row level security;
create policy seen on shipping.method for select using (true);
create policy kept on shipping.method for all using (base.is_platform()) with check (base.is_platform());
alter table shipping.price enable row level security;
alter table shipping.price force row level security;
create policy seen on shipping.price for select using (true);
create policy kept on shipping.price for all using (base.is_platform()) with check (base.is_platform());
drop policy seen on inventory.location;
drop policy seen on inventory.item;
drop policy seen on inventory.stock;
create policy seen on inventory.location for select
    using (base.person() is not null or base.cart() is not null);
-- How much is left stands on the product's page. Without anybody in the scope only what is for
-- sale is seen; who has a cart or an account is not asked again for each line of it.
create policy seen on inventory.item for select
    using (base.person() is not null or base.cart() is not null or exists (
        select from catalog.variant v join catalog.product p on p.id = v.product_id
         where v.item_id = item.id and p.status = 'published'));
create policy seen on inventory.stock for select
    using (base.person() is not null or base.cart() is not null or exists (
        select from catalog.variant v join catalog.product p on p.id = v.product_id
         where v.item_id = stock.item_id and p.status = 'published'));
