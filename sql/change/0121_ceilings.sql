-- Ceilings that hold when many come at once.
set local lock_timeout = '3s';
-- For tables of which somebody may have so many rows: at_most(column, most, which count). Two who
-- add at once wait for each other; who is over it adds nothing.
create function base.at_most() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    whose text := to_jsonb(new) ->> tg_argv[0];
    n bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended(tg_relid::text || ' ' || whose, 0));
    execute format('select count(*) from %s where %I = %L and %s', tg_relid::regclass, tg_argv[0],
        whose, coalesce(tg_argv[2], 'true')) into n;
    return case when n < tg_argv[1]::bigint then new end;
end $$;
create trigger at_most before insert on auth.passkey
    for each row execute function base.at_most('person_id', '20');
create trigger at_most before insert on auth.api_key for each row execute function
    base.at_most('organisation_id', '50', 'revoked_at is null and (until is null or until > now())');
create trigger at_most before insert on account.address
    for each row execute function base.at_most('person_id', '20');
