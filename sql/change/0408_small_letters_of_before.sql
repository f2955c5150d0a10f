-- What was typed with capitals before 0407: a copy of one's data, an erasure and the list of
-- customers did not find it.
-- meanwhile: who has typed their address with capitals can neither pay for an order nor cancel it
-- rows: orders.order, checkout.draft, notify.mail
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update orders."order" set email = lower(email) where email <> lower(email);
update checkout.draft set email = lower(email) where email <> lower(email);
update notify.mail set recipient = lower(recipient) where recipient <> lower(recipient);
