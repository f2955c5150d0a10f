-- A picture that nothing shows any more goes after a week (src/ops/pictures.c).
set local lock_timeout = '3s';
alter table media.picture add column loose_since timestamptz;
create index picture_loose on media.picture (loose_since) where loose_since is not null;
