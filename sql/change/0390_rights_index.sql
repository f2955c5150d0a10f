-- Who was given rights is looked for each minute: without all rights that were ever given. Made before by
-- hand with these words and `concurrently` it costs nothing here.
-- meanwhile: nothing that stands in the trail can be changed
-- rows: audit.entry
set local lock_timeout = '3s';
set local statement_timeout = 0;
create index if not exists entry_rights on audit.entry (at) where kind in ('rights', 'account');
