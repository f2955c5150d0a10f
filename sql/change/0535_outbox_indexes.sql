-- An event is written twice, when it is told and when it has its number: each time also into an index by
-- its time, which is that of its id, and into one of numbers when it had none yet. Made before by hand
-- with these words and `concurrently` (of the index) it costs nothing here.
-- meanwhile: nobody can order or have an order paid, nor anything be saved
-- rows: work.outbox
set local lock_timeout = '3s';
set local statement_timeout = 0;
-- First what locks most: who has read and is to write would wait for this, and this for them.
alter table work.outbox drop constraint outbox_organisation_id_seq_key;
drop index work.outbox_old;
create unique index if not exists outbox_numbered on work.outbox (organisation_id, seq)
    where seq is not null;
