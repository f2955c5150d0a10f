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

-- Keys of an organisation's programs, made by one of its people. A key may do what its scopes
-- name and what that person may do here today, both; it is found by its prefix, and only the
-- hash of the whole is kept.
create table auth.api_key (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    person_id bigint not null references auth.person,
    name text not null check (length(name) between 1 and 80),
    prefix text not null unique check (prefix ~ '^tlt_[0-9a-z]{8}$'),
    hash text not null,
    scopes text[] not null check (cardinality(scopes) between 1 and 64),
    created_at timestamptz not null default now(),
    until timestamptz,
    used_at timestamptz,
    used_networks text[] not null default '{}', -- coarse, the last it came from first; 16 at most
    used_programs text[] not null default '{}', -- the same of what it came with, without version
    used_country text not null default '', -- the one it last came from, where that is known: TH
    elsewhere_at timestamptz, -- when the trail last noted that it was used elsewhere
    told_at timestamptz, -- when its organisation last heard that it was used elsewhere
    revoked_at timestamptz,
    revoked_by bigint references auth.person
);
create index api_key_organisation on auth.api_key (organisation_id, created_at);
create index api_key_person on auth.api_key (person_id);
create index api_key_revoked_by on auth.api_key (revoked_by);
alter table auth.api_key enable row level security;
alter table auth.api_key force row level security;
create policy own on auth.api_key for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
create trigger at_most before insert on auth.api_key for each row execute function
    base.at_most('organisation_id', '50', 'revoked_at is null and (until is null or until > now())');

-- Who a person is at a provider of OpenID Connect, and journeys to one that are under way: each
-- may end once, in the browser it began in. person_id: who is connecting it to their account.
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

grant select, insert, update, delete on auth.refresh to talat_app;
grant select, insert, update, delete on auth.identity, auth.login_try to talat_app;
grant select, insert, update on auth.api_key to talat_app;

select audit.watch('auth.api_key', 'keys', hidden => '{hash}',
    passed_over => '{used_at,used_networks,used_programs,used_country,elsewhere_at,told_at}');
select audit.watch('auth.identity', 'account', hidden => '{email,subject}', passed_over => '{used_at,email}');
