-- What goods weigh was kept and counted for nothing: a way of delivery has prices for lighter carts, and may
-- end at a weight.
set local lock_timeout = '3s';
alter table shipping.method add column heaviest_g int check (heaviest_g > 0);
create table shipping.step (
    method_id bigint not null,
    currency char(3) not null,
    up_to_g int not null check (up_to_g > 0),
    amount bigint not null check (amount >= 0),
    primary key (method_id, currency, up_to_g),
    foreign key (method_id, currency) references shipping.price on delete cascade
);
grant select, insert, update, delete on shipping.step to talat_app;
grant select on shipping.step to talat_readonly;
alter table shipping.step enable row level security;
alter table shipping.step force row level security;
create policy seen on shipping.step for select using (true);
create policy kept on shipping.step for all using (base.is_platform()) with check (base.is_platform());
select audit.watch('shipping.step', 'settings');
