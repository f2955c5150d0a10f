-- Who works for a shop hears by mail of new orders, and of what runs out, where they say so.
set local lock_timeout = '3s';
alter table auth.member add column mail_orders boolean not null default false,
    add column mail_stock boolean not null default false;
create index member_mail_orders on auth.member (organisation_id) where mail_orders;
create index member_mail_stock on auth.member (organisation_id) where mail_stock;
drop trigger audited on auth.member;
drop trigger audited_change on auth.member;
select audit.watch('auth.member', 'rights', passed_over => '{mail_orders,mail_stock}');
create table orders.news (
    organisation_id bigint not null,
    order_id bigint not null,
    batch bigint,
    created_at timestamptz not null default now(),
    primary key (organisation_id, order_id)
);
create index news_batch on orders.news (organisation_id, batch);
create index news_created on orders.news (created_at);
alter table orders.news enable row level security;
alter table orders.news force row level security;
create policy house on orders.news for all
    using (base.is_platform()) with check (base.is_platform());
grant select, insert, update, delete on orders.news to talat_app;
