-- pricing: the rates in force.

-- name: rates :many
-- in: country text
select tax_class, rate_bp from pricing.tax_rate where country = :country limit 50;

-- name: countries :many
-- Where we sell: every country with a standard rate.
select country as code from pricing.tax_rate where tax_class = 'standard' order by country limit 250;

-- name: all :many
-- Every rate there is.
select country, tax_class, rate_bp::bigint as rate_bp from pricing.tax_rate
 order by country, tax_class <> 'standard', tax_class
 limit 5000;

-- name: seen :one
-- in: country text
-- Changes with any rate of the country.
select md5(coalesce(string_agg(tax_class || ' ' || rate_bp, ',' order by tax_class), '')) as seen
  from pricing.tax_rate where country = :country;

-- name: hold :maybe
-- in: country text
-- Nobody else saves the rates of this country meanwhile: without a standard one it has none.
select country from pricing.tax_rate
 where country = :country and tax_class = 'standard' for update;

-- name: home :maybe
-- Where the house is: by its rates is reckoned what has no address yet.
select o.country as code,
       exists (select from pricing.tax_rate t
                where t.country = o.country and t.tax_class = 'standard') as has_rate
  from auth.organisation o
 where o.slug = 'house';

-- name: save :exec
-- in: country text, tax_class text, rate_bp bigint
insert into pricing.tax_rate as t (country, tax_class, rate_bp)
values (:country, :tax_class, :rate_bp::int)
on conflict (country, tax_class) do update set rate_bp = excluded.rate_bp;

-- name: drop :exec
-- in: country text, tax_class text
-- An empty class: all of the country's.
delete from pricing.tax_rate
 where country = :country and :tax_class in ('', tax_class);
