-- An address book, a profile's telephone and a person's half-filled checkout are sealed by the key of
-- the person: by the programs, which have the keys. What the house's key has sealed ("v1.") can be
-- read on; talat-work takes it forward, a little at a time, and talatctl keys seal at once. An index
-- of what is left comes with each of the next files, so that each keeps writers out of one table.
set local lock_timeout = '3s';
alter table checkout.draft add column if not exists keeper bigint not null default 0;
