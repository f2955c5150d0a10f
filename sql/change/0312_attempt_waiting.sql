-- Only for those who ask by the time: asked by an order, it was read from end to end.
-- Made before by hand with these words and `concurrently` it costs nothing here.
-- meanwhile: nobody can pay
-- rows: payments.attempt
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists attempt_waiting on payments.attempt (created_at)
    where state in ('created', 'open', 'processing') and created_at is not null;
