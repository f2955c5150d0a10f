-- Mails that belong to no order are forgotten after a year.
-- Made before by hand with these words and `concurrently` it costs nothing here.
-- meanwhile: no mail is written, so nobody can buy
-- rows: notify.mail
set local lock_timeout = '3s';
set local statement_timeout = 0;
grant delete on notify.mail to talat_app;
create index if not exists mail_of_no_order on notify.mail (id) where order_id is null;
