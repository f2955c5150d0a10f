-- By which an attempt's events are found. Until the programs are new it has no rows.
-- meanwhile: nothing that a provider says is taken in
-- rows: payments.event
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists event_attempt on payments.event (attempt_id)
    where attempt_id is not null;
