-- Only for those who ask by the time: asked by an order, it was read from end to end.
-- Made before by hand with these words and `concurrently` it costs nothing here.
-- meanwhile: nobody can place an order or have one paid
-- rows: inventory.hold
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists hold_lapsing on inventory.hold (expires_at)
    where state = 'held' and expires_at is not null;
