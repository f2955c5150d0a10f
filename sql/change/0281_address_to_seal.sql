-- What is not sealed, or by the house's key (0280).
-- rows: account.address
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists address_to_seal on account.address (id)
    where phone <> '' or line1 <> '' or sealed like 'v1.%';
