-- Addresses stand beside what was done, not in it: so that they can go without it. And the trail
-- has an end. 0295 takes forward what is there.
set local lock_timeout = '3s';

create or replace function base.source() returns text language sql stable parallel safe as
$$ select rtrim(concat_ws(' ', split_part(s, ' ', 3),
              case when s ~ '^\d+ \d+ web \S*[.:]' then '-' else split_part(s, ' ', 4) end,
              split_part(s, ' ', 5)))
     from coalesce(current_setting('app.source', true), '') s $$;
-- The address of a change stands beside it, "salt/203.0.113.7", where it can be taken away; the
-- change itself, which stays, has only its digest. See src/web/gate.c.
create function base.whence() returns text language sql stable parallel safe as
$$ select nullif(split_part(current_setting('app.source', true), ' ', 6), '') $$;
create function base.is_whence(whence text, source text) returns boolean
language sql immutable parallel safe as
$$ select split_part(source, ' ', 2) = left(encode(sha256(convert_to(whence, 'UTF8')), 'hex'), 16) $$;
-- As people read it: the address itself, or none when it is gone.
create function base.shown_source(source text, whence text) returns text
language sql immutable parallel safe as
$$ select case when source like 'web %'
               then concat_ws(' ', 'web', coalesce(nullif(split_part(whence, '/', 2), ''), '-'),
                              split_part(source, ' ', 3))
               else source end $$;
-- The same, of tables that keep an address beside each row: that alone may go.
create function base.refuse_change_but_whence() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        old.whence := null;
        if new is not distinct from old then return new; end if;
    end if;
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;
-- Nothing is changed here but an address taken away, and nothing deleted but by audit.cut.
create function audit.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('audit.cuts', true) = txid_current()::text
        and old.at < now() - interval '1 year' then
        return old;
    elsif tg_op = 'UPDATE' and tg_table_name = 'entry' then
        old.whence := null;
        if new is not distinct from old then return new; end if;
    end if;
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;

alter table audit.entry add column whence text;
alter table orders.event add column whence text;
alter table inventory.movement add column whence text;
drop trigger never_changed on audit.entry;
drop trigger never_changed on audit.seal;
drop trigger never_changed on orders.event;
drop trigger never_changed on inventory.movement;
create policy forgotten on audit.entry for update to talat_owner using (true) with check (true);
create policy cut on audit.entry for delete to talat_owner using (true);

alter table orders.event alter column whence set default base.whence();
create index entry_whence on audit.entry (at) where whence is not null;
create index event_whence on orders.event (person_id, at) where whence is not null;
create index movement_whence on inventory.movement (person_id, created_at)
    where whence is not null;
create trigger never_changed before update or delete on audit.entry
    for each row execute function audit.refuse_change();
create trigger never_changed before update or delete on audit.seal
    for each row execute function audit.refuse_change();
create trigger never_changed before update or delete on orders.event
    for each row execute function base.refuse_change_but_whence();
create trigger never_changed before update or delete on inventory.movement
    for each row execute function base.refuse_change_but_whence();
create or replace function audit.write(organisation bigint, of_kind text, did text, of_thing text,
    of_id text, was jsonb, is_now jsonb) returns void language sql as $$
    insert into audit.entry (organisation_id, person_id, as_person_id, source, kind, action,
        thing, thing_id, before, after, whence)
    values (organisation, coalesce(audit.said(1)::bigint, base.person()),
        audit.said(2)::bigint,
        coalesce(nullif(base.source(), ''), 'psql ' || session_user),
        of_kind, did, of_thing, of_id, was, is_now, audit.said(6))
$$;

-- The trail has an end: audit_days of talat.conf, and never within a year. What is older goes by
-- whole seals, the oldest first, at most 5,000 entries at once or one seal. The last of those seals
-- stays without its entries, as the anchor of the chain; that it was cut off there, and with which
-- hash, is an entry of its own, which the next seal covers.
create function audit.anchor() returns bigint language sql stable as $$
    select s.id from (select id, hash, entries from audit.seal order by id limit 1) s
     where exists (select from audit.entry e
                    where e.thing = 'audit.seal' and e.thing_id = s.id::text and e.action = 'cut'
                      and e.after ->> 'hash' = s.hash)
       and not exists (select from audit.entry e where e.id = any(s.entries))
$$;
create function audit.cut(older timestamptz) returns table (seal_id bigint, entries bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last bigint;
    ids bigint[];
    until timestamptz;
begin
    perform pg_advisory_xact_lock(7421009);
    select max(due.id), array_agg(e.id) into last, ids
      from (select s.id, s.entries, sum(cardinality(s.entries)) over w as upto,
                   row_number() over w as n
              from audit.seal s
             where s.at < older and s.at < now() - interval '1 year'
               and s.id is distinct from (select audit.anchor())
            window w as (order by s.id)
             order by s.id limit 5000) due, unnest(due.entries) e (id)
     where due.upto <= 5000 or due.n = 1;
    if ids is null then return; end if;
    select max(e.at) into until from audit.entry e where e.id = any(ids);
    perform set_config('audit.cuts', txid_current()::text, true);
    delete from audit.entry e where e.id = any(ids);
    delete from audit.seal s where s.id < last;
    perform set_config('audit.cuts', '', true);
    perform audit.write(null, 'event', 'cut', 'audit.seal', last::text, null, jsonb_build_object(
        'hash', (select s.hash from audit.seal s where s.id = last), 'entries', cardinality(ids),
        'until', until));
    return query select last, cardinality(ids)::bigint;
end $$;

-- Where somebody was goes with them, also where they were not yet known by name, and not before
-- they are erased; and of everybody what is older, never within a month. How many rows; at most
-- 5,000 at once.
create function audit.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    update audit.entry set whence = null where id in (
        select e.id from audit.entry e
         where e.whence is not null
           and (e.person_id = of_person
                or e.thing = 'auth.person' and e.thing_id = of_person::text and e.person_id is null
                or e.at < older and e.at < now() - interval '30 days')
         limit 5000);
    get diagnostics n = row_count;
    return n;
end $$;
revoke all on all functions in schema audit from public;
grant execute on function audit.anchor, audit.cut, audit.forget_whence to talat_app;
grant execute on function audit.anchor to talat_backup;

create function inventory.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    update inventory.movement set whence = null where id in (
        select m.id from inventory.movement m
         where m.whence is not null
           and (m.person_id = of_person
                or m.created_at < older and m.created_at < now() - interval '30 days')
         limit 5000);
    get diagnostics n = row_count;
    return n;
end $$;
revoke all on function inventory.forget_whence from public;
grant execute on function inventory.forget_whence to talat_app;

-- See audit.forget_whence; of an order that is erased, what was done without a name and by its buyer.
create function orders.forget_whence(of_person bigint, older timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    of_person := (select p.id from auth.person p where p.id = of_person and p.erased_at is not null);
    update orders.event set whence = null where id in (
        select v.id from orders.event v
         where v.whence is not null
           and (v.person_id = of_person or v.at < older and v.at < now() - interval '30 days')
         limit 5000);
    get diagnostics n = row_count;
    return n;
end $$;
create function orders.forget_whence_of(of_orders bigint[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update orders.event v set whence = null
      from orders."order" o
     where v.order_id = any(of_orders) and v.whence is not null and o.id = v.order_id
       and o.email = '' and (v.person_id is null or v.person_id = o.person_id)
$$;
revoke all on function orders.forget_whence, orders.forget_whence_of from public;
grant execute on function orders.forget_whence, orders.forget_whence_of to talat_app;
create or replace function orders.erase(of_orders bigint[]) returns table (id bigint, email text)
language plpgsql as $$
begin
    return query
    with mine as (select o.id, o.email from orders."order" o where o.id = any(of_orders))
    update orders."order" o
       set email = '', name = '', phone = '', sealed = '', clues = '{}', forget_from = null,
           address = jsonb_build_object('line1', '', 'line2', '', 'city', '', 'region', '',
                                        'postcode', '', 'country', o.address ->> 'country')
      from mine where o.id = mine.id
    returning o.id, mine.email;
    perform orders.forget_whence_of(of_orders);
end $$;
