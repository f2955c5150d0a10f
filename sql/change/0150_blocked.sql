-- Accounts that are closed by who runs the house.
set local lock_timeout = '3s';
alter table auth.person
    add column blocked_at timestamptz,
    add column blocked_reason text not null default '' check (length(blocked_reason) <= 200);
drop trigger audited on auth.person;
drop trigger audited_change on auth.person;
select audit.watch('auth.person', 'account',
    shown => '{id,role,verified_at,created_at,blocked_at,blocked_reason}', passed_over => '{lang}');
