-- pricing: tax rates by country and class, in basis points (700 = 7 %).
create schema pricing;
grant usage on schema pricing to talat_app, talat_readonly;

create table pricing.tax_rate (
    country char(2) not null,
    tax_class text not null default 'standard',
    rate_bp int not null check (rate_bp between 0 and 10000),
    name text not null default 'VAT',
    primary key (country, tax_class)
);
insert into pricing.tax_rate (country, rate_bp, name) values
    ('TH', 700, 'VAT'), ('VN', 1000, 'VAT'), ('SG', 900, 'GST'), ('US', 0, 'Tax');
-- Goods that are not taxed, in each country we sell to; a class without a rate is taxed as standard.
insert into pricing.tax_rate (country, tax_class, rate_bp, name)
select country, 'zero', 0, name from pricing.tax_rate;
grant select, insert, update, delete on pricing.tax_rate to talat_app;
grant select on pricing.tax_rate to talat_readonly;

-- Everybody may read them; the house alone sets them.
alter table pricing.tax_rate enable row level security;
alter table pricing.tax_rate force row level security;
create policy seen on pricing.tax_rate for select using (true);
create policy kept on pricing.tax_rate for all using (base.is_platform()) with check (base.is_platform());

select audit.watch('pricing.tax_rate', 'settings');
