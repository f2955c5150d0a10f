-- Logging in by a provider of OpenID Connect.
set local lock_timeout = '3s';
create table auth.identity (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person on delete cascade,
    provider text not null,
    issuer text not null,
    subject text not null check (length(subject) between 1 and 255),
    email text not null default '',
    created_at timestamptz not null default now(),
    used_at timestamptz,
    unique (issuer, subject)
);
create index identity_person on auth.identity (person_id);
alter table auth.identity enable row level security;
alter table auth.identity force row level security;
create policy own on auth.identity for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
create table auth.login_try (
    state_hash text primary key,
    browser_hash text not null,
    provider text not null,
    nonce text not null,
    verifier text not null,
    next text not null,
    lang text not null,
    person_id bigint references auth.person on delete cascade,
    until timestamptz not null
);
create index login_try_until on auth.login_try (until);
create index login_try_person on auth.login_try (person_id) where person_id is not null;
alter table auth.login_try enable row level security;
alter table auth.login_try force row level security;
create policy house on auth.login_try for all
    using (base.is_platform()) with check (base.is_platform());
grant select, insert, update, delete on auth.identity, auth.login_try to talat_app;
select audit.watch('auth.identity', 'account', hidden => '{email,subject}', passed_over => '{used_at,email}');
