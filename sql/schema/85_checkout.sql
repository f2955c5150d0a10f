-- checkout: what was filled in so far, so that a lost connection loses nothing.
create schema checkout;
grant usage on schema checkout to talat_app, talat_readonly;

create table checkout.draft (
    cart_id bigint primary key references cart.cart on delete cascade,
    email text not null default '',
    name text not null default '',
    phone text not null default '',
    address jsonb not null default '{}',
    sealed text not null default '', -- telephone, line1, line2: then they are empty above
    keeper bigint not null default 0, -- the person by whose key; 0: a guest's, by the house's
    delivery_method text,
    updated_at timestamptz not null default now()
);
create index draft_to_seal on checkout.draft (cart_id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> ''
        or (keeper <> 0 and sealed like 'v1.%');
create trigger written_plain before update of phone on checkout.draft for each row
    when (old.sealed <> '' and new.sealed = old.sealed) execute function base.written_plain();
alter table checkout.draft enable row level security;
alter table checkout.draft force row level security;
create policy own on checkout.draft for all -- whoever may see the cart
    using (exists (select from cart.cart c where c.id = cart_id offset 0))
    with check (exists (select from cart.cart c where c.id = cart_id offset 0));
grant select, insert, update, delete on checkout.draft to talat_app;
