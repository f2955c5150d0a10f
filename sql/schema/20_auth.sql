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
    created_at timestamptz not null default now(),
    second_factor text[] not null default '{}' -- of whom one is asked, beside the shop's own rule
        constraint organisation_second_factor
        check (second_factor <@ '{owner,admin,member,viewer,own}'),
    text_counts boolean not null default false -- codes by text message are enough for that
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
    verified_at timestamptz, -- when it was shown that they read mail at this address
    created_at timestamptz not null default now(),
    phone text not null default '' check (length(phone) <= 30), -- empty where it is sealed
    sealed text not null default '', -- the telephone
    erased_at timestamptz, -- whose data were erased at their wish: the row stays for the books
    -- When the password was chosen by who reads the mail. Null: otherwise, or a second factor has
    -- been shown since.
    mailed_at timestamptz,
    blocked_at timestamptz, -- closed by who runs the house: nobody comes in by it
    blocked_reason text not null default '' check (length(blocked_reason) <= 200),
    epoch bigint not null default 0 -- grows with each password: a login begun before it is none
);
create unique index person_email on auth.person (email);
-- What was imported and not yet made anew (src/io/crypto.c has today's measures).
create index person_old_hash on auth.person (password_hash collate "C")
    where password_hash <> '' and not starts_with(password_hash, '$argon2id$v=19$m=19456,t=2,p=1$');
create index person_staff on auth.person (id) where role <> 'user';
create index person_to_seal on auth.person (id) where phone <> '' or sealed like 'v1.%';
create trigger written_plain before update of phone on auth.person for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
alter table auth.person enable row level security;
alter table auth.person force row level security;
create policy own on auth.person for all
    using (id = base.person() or base.is_platform())
    with check (id = base.person() or base.is_platform());

-- A role of an organisation's own making: a name for a set of permissions (web.h's table).
create table auth.role (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    name text not null check (length(name) between 1 and 60),
    permissions text[] not null check (cardinality(permissions) between 1 and 64),
    created_at timestamptz not null default now(),
    unique (organisation_id, name),
    unique (organisation_id, id)
);

create table auth.member (
    organisation_id bigint not null references auth.organisation,
    person_id bigint not null references auth.person,
    place text not null,
    created_at timestamptz not null default now(),
    role_id bigint, -- place 'own': what stands in that role, and nothing else
    mail_orders boolean not null default false, -- what they want to hear of by mail: new orders,
    mail_stock boolean not null default false,  -- and once a day what runs out
    primary key (organisation_id, person_id),
    constraint member_place_check check (place in ('viewer', 'member', 'admin', 'owner', 'own')),
    constraint member_own_role check ((place = 'own') = (num_nonnulls(role_id) = 1)),
    constraint member_role foreign key (organisation_id, role_id)
        references auth.role (organisation_id, id)
);
create index member_person on auth.member (person_id);
create index member_mail_orders on auth.member (organisation_id) where mail_orders;
create index member_mail_stock on auth.member (organisation_id) where mail_stock;
alter table auth.member enable row level security;
alter table auth.member force row level security;
create policy own on auth.member for all
    using (person_id = base.person() or organisation_id = base.organisation()
        or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

alter table auth.role enable row level security;
alter table auth.role force row level security;
create policy own on auth.role for all
    using (organisation_id = base.organisation() or base.is_platform()
        or (base.person() is not null and exists (select from auth.member m
            where m.role_id = role.id and m.person_id = base.person())))
    with check (organisation_id = base.organisation() or base.is_platform());

-- An organisation that has an owner keeps one: whoever goes, is taken out or made less. Of two
-- who go at once the second waits here and then sees that the first has gone.
create function auth.keep_an_owner() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7421010, old.organisation_id::int);
    if not exists (select from auth.member
                    where organisation_id = old.organisation_id and place = 'owner') then
        raise exception 'The last owner cannot leave. Make somebody else an owner first.'
            using errcode = 'TL409', constraint = 'team.last_owner';
    end if;
    return null;
end $$;
grant usage on schema auth to talat_search;
grant select on auth.member to talat_search;
-- Who works here, by name: row level security shows persons to themselves alone, so this runs
-- as talat_search and looks itself whose team is asked for. It can read no more than names.
create function auth.team(of_organisation bigint)
returns table (person_id bigint, name text, email text) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
    select p.id, p.name, p.email
      from auth.member m join auth.person p on p.id = m.person_id
     where m.organisation_id = of_organisation
       and (of_organisation = base.organisation() or base.is_platform())
$$;
grant select (id, name, email) on auth.person to talat_search;
revoke all on function auth.team from public;
grant execute on function auth.team to talat_app;
grant usage on schema base to talat_search;
grant create on schema auth to talat_search;
alter function auth.team owner to talat_search;
alter function auth.keep_an_owner owner to talat_search;
revoke create on schema auth from talat_search;
revoke all on function auth.keep_an_owner from public;
create trigger an_owner_stays after delete on auth.member
    for each row when (old.place = 'owner') execute function auth.keep_an_owner();
create trigger an_owner_stays_one after update on auth.member
    for each row when (old.place = 'owner' and (new.place <> 'owner'
        or new.organisation_id <> old.organisation_id or new.person_id <> old.person_id))
    execute function auth.keep_an_owner();

-- Who has been asked by mail to join; the link in the mail is auth.code's.
create table auth.invitation (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    email text not null check (email = lower(email) and length(email) <= 254),
    place text not null check (place in ('viewer', 'member', 'admin', 'owner', 'own')),
    role_id bigint,
    invited_by bigint not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    outcome text not null default 'open' check (outcome in ('open', 'accepted', 'withdrawn')),
    constraint invitation_own_role check ((place = 'own') = (role_id is not null)),
    constraint invitation_role foreign key (organisation_id, role_id)
        references auth.role (organisation_id, id) on delete cascade
);
create unique index invitation_open on auth.invitation (organisation_id, email)
    where outcome = 'open';
alter table auth.invitation enable row level security;
alter table auth.invitation force row level security;
create policy own on auth.invitation for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

-- One login on one device. A session itself lives in Redis; from this row it can be made again
-- when Redis has lost it; only a hash of its cookie is kept. A login of the API ("token") is the
-- family of its refresh and access tokens: they end with the row. Its session_hash is no hash.
create table auth.device (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person,
    session_hash text not null unique,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ended_at timestamptz,
    kind text not null default 'session' check (kind in ('session', 'token')),
    organisation_id bigint, -- where they last chose to work, of several
    browser_hash text not null default '', -- of a cookie that outlives the login
    network text not null default '', -- where from, coarsely: 203.0.113.x
    country text not null default '', -- and in which, where that is known: TH
    view_as bigint, -- with whose eyes staff look at the shop here
    view_as_until timestamptz
);
create index device_person on auth.device (person_id) where ended_at is null;
create index device_browser on auth.device (person_id, browser_hash);
alter table auth.device enable row level security;
alter table auth.device force row level security;
create policy own on auth.device for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());

-- When a login that still stands may have begun at the earliest: whoever works here, in an
-- organisation or for the house, logs in anew after a month, others after a year.
create function auth.oldest_login(p auth.person) returns timestamptz language sql stable as $$
    select now() - case when p.role <> 'user'
                          or exists (select from auth.member m where m.person_id = p.id)
                        then interval '30 days' else interval '1 year' end
$$;

-- Whether this person has been seen before, and on this browser, or one like it from there. Logins
-- of programs were once kept without a network: one of those is known by the program.
create function auth.seen_before(of_person bigint, browser text, agent text, from_network text,
    out is_second boolean, out is_known boolean) language plpgsql stable as $$
begin
    select count(*) > 0,
           coalesce(bool_or((d.browser_hash = browser and browser <> '')
                            or (d.user_agent = agent
                                and (d.network = from_network
                                     or (d.kind = 'token' and d.network = '')))), false)
      into is_second, is_known
      from auth.device d where d.person_id = of_person;
end $$;

-- What was sent to somebody to prove who they are: six digits, a link, or both. Neither is kept
-- here: both are made from the nonce with the shop's secret, and of the link its hash, to find
-- the row by. A row is ended when it was used, when a newer one took its place, or when there
-- turned out to be nobody to send it to; its nonce and what it was about go then.
create table auth.code (
    id bigint generated always as identity primary key,
    purpose text not null
        constraint code_purpose_check check (purpose in
            ('verify-email', 'reset-password', 'change-email', 'undo-email', 'login-otp', 'invite',
             'confirm-phone', 'login-sms')),
    person_id bigint references auth.person,
    address text not null check (address = lower(address) and length(address) <= 254),
    about bigint not null default 0, -- of several to one address: an invitation's organisation
    data jsonb not null default '{}',
    lang text not null,
    nonce text not null,
    link_hash text not null unique,
    code_until timestamptz not null,
    link_until timestamptz not null,
    tries int not null default 0 check (tries between 0 and 5),
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    used_at timestamptz
);
create index code_address on auth.code (purpose, address, created_at);
create index code_person on auth.code (purpose, person_id) where ended_at is null;
create index code_created on auth.code (created_at);
alter table auth.code enable row level security;
alter table auth.code force row level security;
create policy house on auth.code for all using (base.is_platform()) with check (base.is_platform());

-- Makes a code and ends those it takes the place of. Null when enough were sent to this address
-- within a quarter of an hour: two asking at once wait for each other here.
create function auth.add_code(purpose text, person bigint, address text, about bigint, data jsonb,
    lang text, nonce text, link_hash text, code_s bigint, link_s bigint) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    made bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('auth.code ' || add_code.purpose
        || add_code.address, 0));
    if (select count(*) from auth.code c
         where c.purpose = add_code.purpose and c.address = add_code.address
           and c.about = add_code.about and c.created_at > now() - interval '15 minutes') >= 3 then
        return null;
    end if;
    update auth.code c set ended_at = now(), nonce = '', data = '{}'
     where c.purpose = add_code.purpose and c.about = add_code.about and c.ended_at is null
       and (c.address = add_code.address or c.person_id = add_code.person);
    insert into auth.code (purpose, person_id, address, about, data, lang, nonce, link_hash,
                           code_until, link_until)
    values (purpose, person, address, about, data, lang, nonce, link_hash,
            now() + code_s * interval '1 second', now() + link_s * interval '1 second')
    returning id into made;
    return made;
end $$;

grant select, insert, update on auth.organisation, auth.person to talat_app;
grant select, insert, update, delete on auth.device to talat_app;
grant select, insert, update, delete on auth.code to talat_app;
grant select, insert, update, delete on auth.member, auth.role to talat_app;
grant select, insert, update, delete on auth.invitation to talat_app;
grant select on auth.organisation to talat_readonly;

select audit.watch('auth.organisation', 'settings', organisation => 'id');
select audit.watch('auth.person', 'account',
    shown => '{id,role,verified_at,created_at,blocked_at,blocked_reason}',
    passed_over => '{lang,epoch}');
select audit.watch('auth.member', 'rights', passed_over => '{mail_orders,mail_stock}');
select audit.watch('auth.role', 'rights');
select audit.watch('auth.invitation', 'rights', hidden => '{email}');
