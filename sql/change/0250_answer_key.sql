set local lock_timeout = '3s';
alter table orders.answer drop constraint answer_key_check,
    add constraint answer_key_check check (length(key) <= 255);
