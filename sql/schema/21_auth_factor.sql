-- auth: what is shown besides a password, and logins that wait for it.

-- A person's authenticator app. The secret is sealed; a code counts once, so the last step that
-- was taken is kept.
create table auth.totp (
    person_id bigint primary key references auth.person on delete cascade,
    secret text not null,
    last_step bigint not null,
    created_at timestamptz not null default now()
);
alter table auth.totp enable row level security;
alter table auth.totp force row level security;
create policy own on auth.totp for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());

-- Recovery codes: their first letters, to find them by, and a hash of the whole.
create table auth.recovery (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person on delete cascade,
    mark text not null,
    code_hash text not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    unique (person_id, mark)
);
alter table auth.recovery enable row level security;
alter table auth.recovery force row level security;
create policy own on auth.recovery for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());

-- Passkeys: a credential is one person's, and its count of signatures only grows. suspect_at: it
-- did not, so there may be two of it. handle: whom its authenticator was told it is for, in base64;
-- it is given once, and sent back as long as the passkey lives. Passkeys of old programs have none
-- until they are used.
create table auth.passkey (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person on delete cascade,
    credential text not null check (length(credential) between 1 and 1400),
    public_key bytea not null check (octet_length(public_key) = 64),
    sign_count bigint not null check (sign_count >= 0),
    is_synced boolean not null,
    name text not null check (length(name) between 1 and 60),
    created_at timestamptz not null default now(),
    used_at timestamptz,
    suspect_at timestamptz,
    handle text check (length(handle) between 1 and 100)
);
create unique index passkey_credential on auth.passkey (credential);
create index passkey_person on auth.passkey (person_id);
alter table auth.passkey enable row level security;
alter table auth.passkey force row level security;
create policy own on auth.passkey for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
create trigger at_most before insert on auth.passkey
    for each row execute function base.at_most('person_id', '20');

-- Who has shown the password and not yet the rest. Known by a hash of what the browser, or the
-- client of the API, was given; five tries, ten minutes.
create table auth.pending (
    token_hash text primary key,
    person_id bigint not null references auth.person on delete cascade,
    next text not null default '',
    tries int not null default 0 check (tries between 0 and 5),
    created_at timestamptz not null default now(),
    is_of_mail boolean not null default false -- a mailbox may be all that was shown
);
create index pending_created on auth.pending (created_at);
alter table auth.pending enable row level security;
alter table auth.pending force row level security;
create policy house on auth.pending for all
    using (base.is_platform()) with check (base.is_platform());

-- Challenges of passkeys that were answered: each is answered once.
create table auth.used_challenge (
    challenge_hash text primary key,
    used_at timestamptz not null default now()
);
create index used_challenge_at on auth.used_challenge (used_at);
alter table auth.used_challenge enable row level security;
alter table auth.used_challenge force row level security;
create policy house on auth.used_challenge for all
    using (base.is_platform()) with check (base.is_platform());

grant select, insert, update, delete on auth.totp, auth.recovery, auth.passkey, auth.pending,
    auth.used_challenge to talat_app;

-- When this login last showed a password, a code or a passkey: what is grave asks for it anew.
alter table auth.device add column proved_at timestamptz not null default now();

-- A number that a person has shown to be theirs, for codes by text message. Sealed, with the
-- person's own key; `tail` are its last digits, to be shown. is_factor: logging in may ask for one.
create table auth.phone (
    person_id bigint primary key references auth.person on delete cascade,
    number text not null,
    tail text not null check (length(tail) = 2),
    country char(2) not null,
    is_factor boolean not null default false,
    created_at timestamptz not null default now()
);
alter table auth.phone enable row level security;
alter table auth.phone force row level security;
create policy own on auth.phone for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on auth.phone to talat_app;

-- Which of them has something to show besides a password: that alone, and looked up as above.
create function auth.team_factors(of_organisation bigint)
returns table (person_id bigint, has_factor boolean) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
    select m.person_id, exists (select from auth.totp t where t.person_id = m.person_id)
               or exists (select from auth.passkey k where k.person_id = m.person_id)
      from auth.member m
     where m.organisation_id = of_organisation
       and (of_organisation = base.organisation() or base.is_platform())
$$;
grant select (person_id) on auth.totp, auth.passkey to talat_search;
revoke all on function auth.team_factors from public;
grant execute on function auth.team_factors to talat_app;
grant create on schema auth to talat_search;
alter function auth.team_factors owner to talat_search;
revoke create on schema auth from talat_search;

-- And who has codes by text message, which count where the owner says so.
create function auth.team_texts(of_organisation bigint)
returns table (person_id bigint) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
    select m.person_id from auth.member m join auth.phone h on h.person_id = m.person_id
     where m.organisation_id = of_organisation and h.is_factor
       and (of_organisation = base.organisation() or base.is_platform())
$$;
grant select (person_id, is_factor) on auth.phone to talat_search;
revoke all on function auth.team_texts from public;
grant execute on function auth.team_texts to talat_app;
grant create on schema auth to talat_search;
alter function auth.team_texts owner to talat_search;
revoke create on schema auth from talat_search;

select audit.watch('auth.totp', 'account', shown => '{person_id,created_at}',
    passed_over => '{last_step}');
select audit.watch('auth.passkey', 'account', shown => '{id,person_id,created_at,suspect_at}',
    passed_over => '{sign_count,is_synced,used_at,handle}');
select audit.watch('auth.phone', 'account', shown => '{person_id,country,is_factor,created_at}');
