-- Roles of an organisation's own making, invitations, and an owner who stays.
set local lock_timeout = '3s';
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
grant select, insert, update, delete on auth.role to talat_app;
alter table auth.member
    add column role_id bigint,
    drop constraint member_place_check,
    add constraint member_place_check check (place in ('viewer', 'member', 'admin', 'owner', 'own')),
    add constraint member_own_role check ((place = 'own') = (num_nonnulls(role_id) = 1)),
    add constraint member_role foreign key (organisation_id, role_id)
        references auth.role (organisation_id, id);
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
grant select, insert, update on auth.invitation to talat_app;
alter table auth.device add column organisation_id bigint;
