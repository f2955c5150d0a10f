-- shipping: delivery methods with flat prices, or by weight, free from a threshold.
create schema shipping;
grant usage on schema shipping to talat_app, talat_readonly;

create table shipping.method (
    id bigint generated always as identity primary key,
    code text not null unique constraint method_code check (code ~ '^[A-Za-z0-9_-]{1,40}$'),
    position int not null default 0,
    names jsonb not null,
    promises jsonb not null default '{}', -- "2-3 days"
    countries text[] not null default '{}', -- empty: everywhere we sell
    active boolean not null default true,
    heaviest_g int check (heaviest_g > 0) -- what is heavier does not go this way
);
create table shipping.price (
    method_id bigint not null references shipping.method on delete cascade,
    currency char(3) not null,
    amount bigint not null check (amount >= 0),
    free_from bigint check (free_from > 0), -- goods total from which it costs nothing
    primary key (method_id, currency)
);
-- For carts up to that weight, the lowest that reaches; a heavier one pays shipping.price.
create table shipping.step (
    method_id bigint not null,
    currency char(3) not null,
    up_to_g int not null check (up_to_g > 0),
    amount bigint not null check (amount >= 0),
    primary key (method_id, currency, up_to_g),
    foreign key (method_id, currency) references shipping.price on delete cascade
);
grant select, insert, update, delete on shipping.method, shipping.price, shipping.step to talat_app;
grant select on shipping.method, shipping.price, shipping.step to talat_readonly;

-- Everybody may read them; the house alone sets them.
alter table shipping.method enable row level security;
alter table shipping.method force row level security;
create policy seen on shipping.method for select using (true);
create policy kept on shipping.method for all using (base.is_platform()) with check (base.is_platform());
alter table shipping.price enable row level security;
alter table shipping.price force row level security;
create policy seen on shipping.price for select using (true);
create policy kept on shipping.price for all using (base.is_platform()) with check (base.is_platform());
alter table shipping.step enable row level security;
alter table shipping.step force row level security;
create policy seen on shipping.step for select using (true);
create policy kept on shipping.step for all using (base.is_platform()) with check (base.is_platform());

select audit.watch('shipping.method', 'settings');
select audit.watch('shipping.price', 'settings');
select audit.watch('shipping.step', 'settings');
