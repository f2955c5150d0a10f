-- The country an API key was last used from.
set local lock_timeout = '3s';
alter table auth.api_key add column used_country text not null default '';
drop trigger audited on auth.api_key;
drop trigger audited_change on auth.api_key;
select audit.watch('auth.api_key', 'keys', hidden => '{hash}',
    passed_over => '{used_at,used_networks,used_programs,used_country,elsewhere_at,told_at}');
