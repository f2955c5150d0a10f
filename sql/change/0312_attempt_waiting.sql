-- Only for those who ask by the time: asked by an order, it was read from end to end.
-- rows: payments.attempt
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists attempt_waiting on payments.attempt (created_at)
    where state in ('created', 'open', 'processing') and created_at is not null;
