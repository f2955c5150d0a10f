-- auth: what other software is let in by.
-- Refresh tokens: each is good once, and makes the next of its family. Used ones are kept as long
-- as they would have been good, to know one that is shown again.
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
