-- A passkey is its owner's by the handle its authenticator was given, not by the secret of today.
set local lock_timeout = '3s';
alter table auth.passkey add column handle text check (length(handle) between 1 and 100);
drop trigger audited on auth.passkey;
drop trigger audited_change on auth.passkey;
select audit.watch('auth.passkey', 'account', shown => '{id,person_id,created_at,suspect_at}',
    passed_over => '{sign_count,is_synced,used_at,handle}');
