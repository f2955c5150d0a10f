-- The telephone of a profile, as those of addresses.
set local lock_timeout = '3s';
alter table auth.person add column sealed text not null default '';
create index if not exists person_plain on auth.person (id) where phone <> '';
create trigger written_plain before update of phone on auth.person for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
