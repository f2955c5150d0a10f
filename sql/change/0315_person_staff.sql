-- Finds those who work for the house among all who shop there.
-- Made before by hand with these words and `concurrently` it costs nothing here.
-- meanwhile: nobody can register or change a password
-- rows: auth.person
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists person_staff on auth.person (id) where role <> 'user';
