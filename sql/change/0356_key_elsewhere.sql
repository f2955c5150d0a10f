-- What is noted of a key that is used elsewhere has a minute of its own.
set local lock_timeout = '3s';
alter table auth.api_key add column elsewhere_at timestamptz;
drop trigger audited on auth.api_key;
drop trigger audited_change on auth.api_key;
select audit.watch('auth.api_key', 'keys', hidden => '{hash}',
    passed_over => '{used_at,used_networks,used_programs,elsewhere_at,told_at}');
