-- A customer's key comes with the first they keep here: no news for the trail, and there are many.
set local lock_timeout = '3s';
drop trigger audited on vault.key;
create trigger audited after insert on vault.key for each row
    when (new.whose <> 'person' or new.wrapped = '')
    execute function audit.note('keys', '', '{id}', '{}', '{id,whose,owner_id,is_current,created_at}', '{}');
create trigger audited_end after delete on vault.key for each row
    execute function audit.note('keys', '', '{id}', '{}', '{id,whose,owner_id,is_current,created_at}', '{}');
