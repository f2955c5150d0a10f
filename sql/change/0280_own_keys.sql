-- An address book, a profile's telephone and a person's half-filled checkout are sealed by the key of
-- the person: by the programs, which have the keys. What the house's key has sealed ("v1.") can be
-- read on; talat-work takes it forward, a little at a time, and talatctl keys seal at once.
set local lock_timeout = '3s';
create index if not exists address_to_seal on account.address (id)
    where phone <> '' or line1 <> '' or sealed like 'v1.%';
create index if not exists person_to_seal on auth.person (id) where phone <> '' or sealed like 'v1.%';

alter table checkout.draft add column keeper bigint not null default 0;
create index if not exists draft_to_seal on checkout.draft (cart_id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> ''
        or (keeper <> 0 and sealed like 'v1.%');
drop index account.address_plain, auth.person_plain, checkout.draft_plain;
