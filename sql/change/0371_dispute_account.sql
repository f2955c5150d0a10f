-- That the ledger's accounts are those of 0370, of what was there before: nobody waits for this.
-- meanwhile: nothing waits; the ledger is only read
-- rows: payments.entry
set local lock_timeout = '3s';
set local statement_timeout = 0;
alter table payments.entry validate constraint entry_account_check;
