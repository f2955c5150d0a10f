-- auth: persons, organisations, who is a member of what, and where they are logged in.
create schema auth;
grant usage on schema auth to talat_app, talat_readonly;

create table auth.organisation (
    id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9-]{2,40}$'),
    name text not null,
    zone text not null default 'Asia/Bangkok',
    country char(2) not null default 'TH',
    currency char(3) not null default 'THB',
    tax_inclusive boolean not null default true,
    rounding text not null default 'per_line' check (rounding in ('per_line', 'per_total')),
    created_at timestamptz not null default now()
);
alter table auth.organisation enable row level security;
alter table auth.organisation force row level security;
-- Its name and rules stand on every page; only its own staff or the house changes them.
create policy seen on auth.organisation for select using (true);
create policy kept on auth.organisation for all
    using (id = base.organisation() or base.is_platform())
    with check (id = base.organisation() or base.is_platform());

create table auth.person (
    id bigint generated always as identity primary key,
    email text not null check (email = lower(email) and length(email) <= 254),
    name text not null default '' check (length(name) <= 120),
    password_hash text not null,
    role text not null default 'user' check (role in ('user', 'admin', 'super_admin')),
    lang text not null default 'en',
    verified_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index person_email on auth.person (email);
alter table auth.person enable row level security;
alter table auth.person force row level security;
create policy own on auth.person for all
    using (id = base.person() or base.is_platform())
    with check (id = base.person() or base.is_platform());

create table auth.member (
    organisation_id bigint not null references auth.organisation,
    person_id bigint not null references auth.person,
    place text not null check (place in ('viewer', 'member', 'admin', 'owner')),
    created_at timestamptz not null default now(),
    primary key (organisation_id, person_id)
);
create index member_person on auth.member (person_id);
alter table auth.member enable row level security;
alter table auth.member force row level security;
create policy own on auth.member for all
    using (person_id = base.person() or organisation_id = base.organisation()
        or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

-- One login on one device. The session itself lives in Redis; from this row it can be made
-- again when Redis has lost it. Only a hash of the cookie is kept.
create table auth.device (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person,
    session_hash text not null unique,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ended_at timestamptz
);
create index device_person on auth.device (person_id) where ended_at is null;
alter table auth.device enable row level security;
alter table auth.device force row level security;
create policy own on auth.device for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());

grant select, insert, update on auth.organisation, auth.person, auth.device to talat_app;
grant select, insert, update, delete on auth.member to talat_app;
grant select on auth.organisation to talat_readonly;
