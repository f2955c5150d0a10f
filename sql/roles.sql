-- Who may do what in the database. Run as talat_owner's superuser by sql/bootstrap.sql's
-- caller first; idempotent. The app's role cannot bypass row level security, nobody logs in
-- as talat_search: it owns the few SECURITY DEFINER functions that must see past it.
do $$
begin
    if not exists (select from pg_roles where rolname = 'talat_app') then
        create role talat_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    if not exists (select from pg_roles where rolname = 'talat_readonly') then
        create role talat_readonly login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
end $$;
