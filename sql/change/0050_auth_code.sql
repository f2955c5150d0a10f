-- One-time codes and links.
set local lock_timeout = '3s';
-- What was sent to somebody to prove who they are: six digits, a link, or both. Neither is kept
-- here: both are made from the nonce with the shop's secret, and of the link its hash, to find
-- the row by. A row is ended when it was used, when a newer one took its place, or when there
-- turned out to be nobody to send it to; its nonce and what it was about go then.
create table auth.code (
    id bigint generated always as identity primary key,
    purpose text not null
        check (purpose in ('verify-email', 'reset-password', 'change-email', 'login-otp', 'invite')),
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

grant select, insert, update, delete on auth.code to talat_app;
