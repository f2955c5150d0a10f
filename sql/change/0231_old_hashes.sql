-- Finds the kinds of hashes that were imported, so that a wrong password costs the same for all.
set local lock_timeout = '3s';
create index if not exists person_old_hash on auth.person (password_hash collate "C")
    where password_hash <> '' and not starts_with(password_hash, '$argon2id$v=19$m=19456,t=2,p=1$');
