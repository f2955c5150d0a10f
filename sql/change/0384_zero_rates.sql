-- Goods of the class "zero", as a file of another shop brings them, were taxed as standard: no country
-- had a rate for it.
set local lock_timeout = '3s';
select set_config('app.platform', 'on', true);
insert into pricing.tax_rate (country, tax_class, rate_bp, name)
select country, 'zero', 0, name from pricing.tax_rate where tax_class = 'standard'
    on conflict do nothing;
