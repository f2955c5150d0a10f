-- What a code by mail is worth after who reads the mail has come in by it already.
set local lock_timeout = '3s';
alter table auth.person add column mailed_at timestamptz;
alter table auth.pending add column is_of_mail boolean not null default false;
