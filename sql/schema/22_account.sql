-- account: where a person's things go.
create schema account;
grant usage on schema account to talat_app;

create table account.address (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person,
    name text not null check (length(name) between 1 and 120),
    phone text not null check (length(phone) <= 30),
    line1 text not null,
    line2 text not null default '',
    sealed text not null default '', -- telephone, line1, line2: then they are empty here
    city text not null default '',
    region text not null default '',
    postcode text not null default '',
    country char(2) not null,
    is_default boolean not null default false,
    created_at timestamptz not null default now()
);
create index address_to_seal on account.address (id) -- what is not sealed, or by the house
    where phone <> '' or line1 <> '' or sealed like 'v1.%';
create trigger written_plain before update of phone on account.address for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
create index address_person on account.address (person_id);
create unique index address_default on account.address (person_id) where is_default;
alter table account.address enable row level security;
alter table account.address force row level security;
create policy own on account.address for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
create trigger at_most before insert on account.address
    for each row execute function base.at_most('person_id', '20');
grant select, insert, update, delete on account.address to talat_app;

-- What somebody has agreed to, and taken back: only added to, so that it can be shown when, where
-- and to which words. The newest counts; without any, nothing is agreed to.
create table account.consent (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person,
    kind text not null check (kind in ('marketing')),
    is_given boolean not null,
    place text not null check (place in ('register', 'checkout', 'profile')),
    words text not null,
    lang text not null,
    at timestamptz not null default now()
);
create index consent_person on account.consent (person_id, kind, id desc);
create trigger never_changed before update on account.consent
    for each row execute function base.refuse_change();
alter table account.consent enable row level security;
alter table account.consent force row level security;
create policy own on account.consent for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, delete on account.consent to talat_app;

-- Said again it is no news: true when it was.
create function account.say_consent(person bigint, of_kind text, given boolean, from_place text,
    with_words text, in_lang text) returns boolean language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7421031, (person % 2147483647)::int);
    if given = coalesce((select c.is_given from account.consent c
                          where c.person_id = person and c.kind = of_kind
                          order by c.id desc limit 1), false) then
        return false;
    end if;
    insert into account.consent (person_id, kind, is_given, place, words, lang)
    values (person, of_kind, given, from_place, with_words, in_lang);
    return true;
end $$;
