-- Finds those who work for the house among all who shop there.
-- rows: auth.person
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists person_staff on auth.person (id) where role <> 'user';
