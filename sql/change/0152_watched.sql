-- What is shown besides a password, and the keys of sealed columns, are in the audit trail too.
set local lock_timeout = '3s';
select audit.watch('auth.totp', 'account', shown => '{person_id,created_at}',
    passed_over => '{last_step}');
select audit.watch('auth.passkey', 'account', shown => '{id,person_id,created_at,suspect_at}',
    passed_over => '{sign_count,is_synced,used_at}');
select audit.watch('auth.phone', 'account', shown => '{person_id,country,is_factor,created_at}');
select audit.watch('vault.key', 'keys', shown => '{id,whose,owner_id,is_current,created_at}');
