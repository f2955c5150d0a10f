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
create index address_plain on account.address (id) where phone <> '' or line1 <> '';
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
