-- audit: who changed what, from where, before and after. A table says `select audit.watch(...)`
-- beside its definition; what is written there by whomever, psql included, is noted by a trigger.
-- The lives of orders, stock and money have append-only stories of their own (orders.event,
-- inventory.movement, payments.entry); they are not told twice.
create schema audit;
grant usage on schema audit to talat_app, talat_readonly;

create table audit.entry (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    organisation_id bigint, -- whose thing it is; null: the house's or a person's
    person_id bigint,       -- who did it; null: a program
    as_person_id bigint,    -- with whose eyes
    source text not null,   -- program, digest of the address, request: "web 9f86... 5f0c..."
    kind text not null check (kind ~ '^[a-z]{3,20}$'), -- rights, settings, content, money, ...
    action text not null check (length(action) between 1 and 60), -- insert, update, delete; or what happened
    thing text not null,    -- "catalog.product"
    thing_id text not null default '',
    before jsonb,
    after jsonb,
    whence text             -- "salt/203.0.113.7"; not sealed: it goes with its person, or in time
);
create index entry_organisation on audit.entry (organisation_id, id desc);
create index entry_kind on audit.entry (kind, id desc);
create index entry_person on audit.entry (person_id, id desc) where person_id is not null;
create index entry_thing on audit.entry (thing, thing_id, id desc);
create index entry_whence on audit.entry (at) where whence is not null;
create index entry_rights on audit.entry (at) where kind in ('rights', 'account'); -- watched each minute

-- Entries come in the order of their commits, ids do not: so a seal names those it covers.
-- Each hash covers its entries and the seal before.
create table audit.seal (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    entries bigint[] not null,
    hash text not null
);
create table audit.unsealed (entry_id bigint primary key);

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
create trigger never_changed before update or delete on audit.entry
    for each row execute function audit.refuse_change();
create trigger never_emptied before truncate on audit.entry
    for each statement execute function base.refuse_change();
create trigger never_changed before update or delete on audit.seal
    for each row execute function audit.refuse_change();
create trigger never_emptied before truncate on audit.seal
    for each statement execute function base.refuse_change();

alter table audit.entry enable row level security;
alter table audit.entry force row level security;
create policy own on audit.entry for select
    using (organisation_id = base.organisation() or base.is_platform());
create policy written on audit.entry for insert to talat_owner with check (true);
alter table audit.seal enable row level security;
alter table audit.seal force row level security;
create policy own on audit.seal for select using (base.is_platform());
create policy written on audit.seal for all to talat_owner using (true) with check (true);
alter table audit.unsealed enable row level security;
alter table audit.unsealed force row level security;
create policy own on audit.unsealed for select using (base.is_platform());
create policy written on audit.unsealed for all to talat_owner using (true) with check (true);
create policy sealed on audit.entry for select to talat_owner using (true);
create policy forgotten on audit.entry for update to talat_owner using (true) with check (true);
create policy cut on audit.entry for delete to talat_owner using (true);

-- Who it is, as whom, and by which way, as the programs say it (io/pg.c); psql says nothing.
create function audit.said(part int) returns text language sql stable as
$$ select nullif(nullif(split_part(current_setting('app.source', true), ' ', part), ''), '0') $$;

create function audit.queue() returns trigger language plpgsql as $$
begin
    insert into audit.unsealed (entry_id) values (new.id);
    return null;
end $$;
create trigger queued after insert on audit.entry
    for each row execute function audit.queue();

create function audit.write(organisation bigint, of_kind text, did text, of_thing text,
    of_id text, was jsonb, is_now jsonb) returns void language sql as $$
    insert into audit.entry (organisation_id, person_id, as_person_id, source, kind, action,
        thing, thing_id, before, after, whence)
    values (organisation, coalesce(audit.said(1)::bigint, base.person()),
        audit.said(2)::bigint,
        coalesce(nullif(base.source(), ''), 'psql ' || session_user),
        of_kind, did, of_thing, of_id, was, is_now, audit.said(6))
$$;

-- Nobody needs a whole page of text to see that it changed; what is personal or secret is
-- only said to have changed.
create function audit.shortened(of_row jsonb, hidden text[], shown text[]) returns jsonb
language sql immutable as $$
    select jsonb_object_agg(key, case
               when value = 'null' then value
               when key = any(hidden) or (shown <> '{}' and key <> all(shown)) then '"(hidden)"'
               when length(value #>> '{}') > 400 then to_jsonb(left(value #>> '{}', 300) || '… ('
                   || length(value #>> '{}') || ')')
               else value end)
      from jsonb_each(of_row)
$$;

-- Of an import each new row would stand here a second time: the import itself is one event,
-- and only what it changes or takes away is noted row by row.
create function audit.note() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
    hidden text[] := tg_argv[3];
    shown text[] := tg_argv[4];
    passed_over text[] := tg_argv[5];
    was jsonb;
    is_now jsonb;
    whole jsonb;
    id text;
begin
    if tg_op = 'INSERT' and audit.said(3) = 'import' then
        return null;
    end if;
    if tg_op <> 'INSERT' then was := to_jsonb(old) - passed_over; end if;
    if tg_op <> 'DELETE' then is_now := to_jsonb(new) - passed_over; end if;
    whole := coalesce(is_now, was);
    select string_agg(whole ->> k, ' ') into id from unnest(tg_argv[2]::text[]) k;
    if tg_op = 'UPDATE' then
        if was = is_now then return null; end if;
        select jsonb_object_agg(w.key, w.value), jsonb_object_agg(w.key, n.value)
          into was, is_now
          from jsonb_each(was) w join jsonb_each(is_now) n on n.key = w.key
         where n.value <> w.value;
    end if;
    perform audit.write((whole ->> tg_argv[1])::bigint, tg_argv[0], lower(tg_op),
        tg_table_schema || '.' || tg_table_name, coalesce(id, ''),
        audit.shortened(was, hidden, shown), audit.shortened(is_now, hidden, shown));
    return null;
end $$;

-- hidden: only said to have changed. shown: only these are told, all others are hidden.
-- passed_over: no change worth a word.
create function audit.watch(of_table regclass, kind text, hidden text[] default '{}',
    shown text[] default '{}', passed_over text[] default '{}', organisation text default null)
returns void language plpgsql as $$
declare
    keys text[];
begin
    select array_agg(a.attname::text order by k.n) into keys
      from pg_index i, unnest(i.indkey::int[]) with ordinality k(attnum, n), pg_attribute a
     where i.indrelid = of_table and i.indisprimary
       and a.attrelid = of_table and a.attnum = k.attnum;
    organisation := coalesce(organisation, (select attname from pg_attribute
        where attrelid = of_table and attname = 'organisation_id' and not attisdropped), '');
    execute format('create trigger audited after insert or delete on %s for each row
        execute function audit.note(%L, %L, %L, %L, %L, %L)',
        of_table, kind, organisation, keys, hidden, shown, passed_over);
    execute format('create trigger audited_change after update on %s for each row
        when (old.* is distinct from new.*)
        execute function audit.note(%L, %L, %L, %L, %L, %L)',
        of_table, kind, organisation, keys, hidden, shown, passed_over);
end $$;

-- What changes no row and is worth knowing: an export, a look with somebody else's eyes, a
-- login that failed too often. Small, and free of personal data.
create function audit.tell(organisation bigint, of_kind text, did text, of_thing text,
    of_id text, data jsonb) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write(organisation, of_kind, did, of_thing, of_id, null, data);
end $$;

create function audit.hash_of(hash_before text, ids bigint[]) returns text
language sql stable set timezone = 'UTC' as $$
    select encode(sha256(convert_to(hash_before || coalesce(string_agg(jsonb_build_array(id,
               extract(epoch from at)::text, organisation_id, person_id, as_person_id, source,
               kind, action, thing, thing_id, before, after)::text, e'\n' order by id), ''),
               'UTF8')), 'hex')
      from audit.entry where id = any(ids)
$$;
-- Seals what waits, at most 2,000 entries; the newest seal, or nothing when none was due.
create function audit.seal_some() returns table (seal_id bigint, seal_hash text, entries bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
begin
    perform pg_advisory_xact_lock(7421009);
    select array_agg(u.entry_id order by u.entry_id) into ids
      from (select entry_id from audit.unsealed order by entry_id limit 2000) u;
    if ids is null then return; end if;
    delete from audit.unsealed where entry_id = any(ids);
    return query insert into audit.seal as s (entries, hash)
        values (ids, audit.hash_of(coalesce((select hash from audit.seal order by id desc limit 1),
            ''), ids))
        returning s.id, s.hash, cardinality(ids)::bigint;
end $$;

-- The trail has an end: audit_days of talat.conf, and never within a year. What is older goes by
-- whole seals, the oldest first, at most 5,000 entries at once or one seal. The last of those seals
-- stays without its entries, as the anchor of the chain; that it was cut off there, and with which
-- hash, is an entry of its own, which the next seal covers. Seals are in the order of time, so none
-- behind the first five hundred is looked at.
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
              from (select f.id, f.at, f.entries from audit.seal f order by f.id limit 500) s
             where s.at < older and s.at < now() - interval '1 year'
               and s.id is distinct from (select audit.anchor())
            window w as (order by s.id)) due, unnest(due.entries) e (id)
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
-- they are erased; and of everybody what is older, never within a month. How many rows by one of
-- these; at most 5,000 at once. (Each has a statement and an index of its own: asked for in one, all
-- rows are read. "coalesce" keeps off the index by time, which is short when plans are made.)
create function audit.forget_whence(of_person bigint, older timestamptz) returns bigint
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

grant select on audit.entry, audit.seal, audit.unsealed to talat_app;
revoke all on all functions in schema audit from public;
grant execute on function audit.said, audit.tell, audit.seal_some, audit.hash_of, audit.anchor,
    audit.cut, audit.forget_whence to talat_app;
grant execute on function audit.hash_of, audit.anchor to talat_backup; -- what is restored is proved by it
