-- pricing: the rates in force.

-- name: rates :many
-- in: country text
select tax_class, rate_bp from pricing.tax_rate where country = :country limit 50;

-- name: countries :many
-- Where we sell: every country with a standard rate.
select country as code from pricing.tax_rate where tax_class = 'standard' order by country limit 250;
