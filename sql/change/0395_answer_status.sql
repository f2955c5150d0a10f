-- What a client of the API is answered again may also be a refusal.
set local lock_timeout = '3s';
alter table orders.answer add column status int not null default 201;
