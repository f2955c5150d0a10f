-- Payments' events go before pushes and mails. Programs of the version before find what is due
-- without their index, too: more slowly, as long as they still run.
set local lock_timeout = '3s';
alter table work.job add column rank smallint default 0 not null;
create index job_next on work.job (rank, run_at, id) where state = 'ready';
drop index work.job_due;
