-- What is wrong and lived with: nobody is told of it again, until it is worse or over.
set local lock_timeout = '3s';
alter table ops.finding add column known_at timestamptz, add column known_level text;
