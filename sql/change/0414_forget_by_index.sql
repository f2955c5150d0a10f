-- Addresses beside what was done are forgotten by an index each: of a person, and by the time.
set local lock_timeout = '3s';
create or replace function audit.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint := 0;
    more bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    if of_person is not null then
        update audit.entry set whence = null where id = any(array(
            select e.id from audit.entry e
             where coalesce(e.whence, '') <> '' and e.person_id = of_person
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
        update audit.entry set whence = null where id = any(array(
            select e.id from audit.entry e
             where coalesce(e.whence, '') <> '' and e.thing = 'auth.person' and e.thing_id = of_person::text
               and e.person_id is null
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    if older is not null then
        older := least(older, now() - interval '30 days');
        update audit.entry set whence = null where id = any(array(
            select e.id from audit.entry e
             where e.whence is not null and e.at < older
             order by e.at
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    return n;
end $$;
create or replace function orders.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint := 0;
    more bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    if of_person is not null then
        update orders.event set whence = null where id = any(array(
            select v.id from orders.event v
             where v.whence is not null and v.person_id = of_person
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    if older is not null then
        older := least(older, now() - interval '30 days');
        update orders.event set whence = null where id = any(array(
            select v.id from orders.event v
             where v.whence is not null and v.at < older
             order by v.at
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    return n;
end $$;
create or replace function inventory.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint := 0;
    more bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    if of_person is not null then
        update inventory.movement set whence = null where id = any(array(
            select m.id from inventory.movement m
             where m.whence is not null and m.person_id = of_person
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    if older is not null then
        older := least(older, now() - interval '30 days');
        update inventory.movement set whence = null where id = any(array(
            select m.id from inventory.movement m
             where m.whence is not null and m.created_at < older
             order by m.created_at
             limit 5000));
        get diagnostics more = row_count;
        n := greatest(n, more);
    end if;
    return n;
end $$;
