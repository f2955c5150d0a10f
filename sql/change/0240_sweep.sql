-- Whom this shop forgot before: what providers told of them may name nothing but our key, and was left.
set local lock_timeout = '3s';
select set_config('app.platform', 'on', true);
select work.add_job('payments.sweep', 'payments.sweep:0', null, 0, '{}', '', now(), 1, false)
 where exists (select from payments.attempt where not request ? 'email');
