-- A login that has begun under a password of before is refused when it ends after it.
set local lock_timeout = '3s';
alter table auth.person add column epoch bigint not null default 0;
drop trigger audited on auth.person;
drop trigger audited_change on auth.person;
select audit.watch('auth.person', 'account',
    shown => '{id,role,verified_at,created_at,blocked_at,blocked_reason}',
    passed_over => '{lang,epoch}');
