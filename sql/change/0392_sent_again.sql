-- How often a mail that was sent was sent once more: each time under a Message-ID of its own.
set local lock_timeout = '3s';
alter table notify.mail add column again int not null default 0;
