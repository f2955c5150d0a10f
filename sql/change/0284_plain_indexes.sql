-- The indexes of before: 0281 to 0283 have what is in them, also for the old programs.
set local lock_timeout = '3s';
drop index if exists account.address_plain, auth.person_plain, checkout.draft_plain;
