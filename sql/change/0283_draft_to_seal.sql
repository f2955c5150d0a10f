-- What is not sealed, or by the house's key (0280).
-- rows: checkout.draft
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists draft_to_seal on checkout.draft (cart_id)
    where phone <> '' or coalesce(address ->> 'line1', '') <> ''
        or (keeper <> 0 and sealed like 'v1.%');
