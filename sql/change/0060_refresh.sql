-- Logins of the API: refresh tokens, each good once.
set local lock_timeout = '3s';
alter table auth.device add column kind text not null default 'session'
    check (kind in ('session', 'token'));
create table auth.refresh (
    hash text primary key,
    device_id bigint not null references auth.device on delete cascade,
    person_id bigint not null references auth.person on delete cascade,
    until timestamptz not null,
    used_at timestamptz
);
create index refresh_device on auth.refresh (device_id);
create index refresh_person on auth.refresh (person_id);
create index refresh_until on auth.refresh (until);
alter table auth.refresh enable row level security;
alter table auth.refresh force row level security;
create policy own on auth.refresh for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on auth.refresh to talat_app;
