-- The way back to an order stood in what a provider was asked and had said of its payment, and opens
-- the order to whoever reads it; so did telephone and street, which are sealed with the order. What
-- is newer is kept without them by the programs of this version.
-- meanwhile: a refund of a payment older than a day has to be asked for again
-- rows: payments.attempt
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update payments.attempt set request = request - 'success_url' - 'cancel_url'
 where created_at < now() - interval '1 day' and request ? 'success_url';
