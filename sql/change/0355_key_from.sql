-- Where an API key was used from, so that one that is used elsewhere is told of.
set local lock_timeout = '3s';
alter table auth.api_key add column used_networks text[] not null default '{}',
    add column used_programs text[] not null default '{}', add column told_at timestamptz;
drop trigger audited on auth.api_key;
drop trigger audited_change on auth.api_key;
select audit.watch('auth.api_key', 'keys', hidden => '{hash}',
    passed_over => '{used_at,used_networks,used_programs,told_at}');
