-- The way back to an order stood in what a provider was asked and had said of its payment, and opens
-- the order to whoever reads it; so did telephone and street, which are sealed with the order. What
-- is newer is kept without them by the programs of this version.
-- meanwhile: nobody who sells has to wait; who erases an account may, until it is through
-- rows: payments.attempt, payments.event
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update payments.attempt set request = request - 'success_url' - 'cancel_url'
 where created_at < now() - interval '1 day' and request ? 'success_url';
update payments.event
   set body = regexp_replace(body,
       '("(?:success_url|cancel_url|return_url|phone|line1|line2)"\s*:\s*)"(?:[^"\\]|\\.)+"', '\1""', 'g')
 where applied_at is not null
   and body ~ '"(success_url|cancel_url|return_url|phone|line1|line2)"\s*:\s*"[^"]';
