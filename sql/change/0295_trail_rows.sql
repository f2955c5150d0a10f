-- What was written before 0221 has its address taken out of it and put beside it, and the seals of
-- the trail are made anew over what they cover now: that this was done, the hash the chain ended
-- with until now, and which seals did not hold, is an entry of the trail. Only rows are locked, of
-- tables that are added to, and that an erasure changes: the shop sells meanwhile.
-- meanwhile: who erases an account, or has it erased, is told to come again; the trail is sealed afterwards
-- rows: audit.entry, orders.event, inventory.movement
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
select pg_advisory_xact_lock(7421009);

-- These rows are changed here and never else: nobody else gets to see what stands here, and at the
-- end stands again what was there before. To put the triggers aside would lock the tables.
create or replace function audit.refuse_change() returns trigger language plpgsql as
$$ begin return new; end $$;
create or replace function base.refuse_change_but_whence() returns trigger language plpgsql as
$$ begin return new; end $$;

do $$
declare
    broken jsonb;
    rewritten bigint;
    s record;
    was text;
    is_now text := '';
    newest bigint;
begin
    -- Whether the seals hold can be asked until the first row is another.
    select coalesce(jsonb_agg(k.id order by k.id), '[]') into broken
      from (select l.*, lag(l.hash, 1, '') over (order by l.id) as hash_before
              from audit.seal l) k
     where k.hash <> audit.hash_of(k.hash_before, k.entries)
       and k.id is distinct from (select audit.anchor());

    update audit.entry e
       set (whence, source) = (
           select a.address, 'web ' || left(encode(sha256(convert_to(a.address, 'UTF8')), 'hex'), 16)
                  || ' ' || split_part(e.source, ' ', 3)
             from (select left(replace(gen_random_uuid()::text, '-', ''), 16) || '/'
                          || split_part(e.source, ' ', 2) as address offset 0) a)
     where e.source ~ '^web [0-9a-f]*[.:]';
    get diagnostics rewritten = row_count;
    update orders.event e
       set (whence, source) = (
           select a.address, 'web ' || left(encode(sha256(convert_to(a.address, 'UTF8')), 'hex'), 16)
                  || ' ' || split_part(e.source, ' ', 3)
             from (select left(replace(gen_random_uuid()::text, '-', ''), 16) || '/'
                          || split_part(e.source, ' ', 2) as address offset 0) a)
     where e.source ~ '^web [0-9a-f]*[.:]';
    update inventory.movement e
       set (whence, source) = (
           select case when e.person_id is not null then a.address end,
                  'web ' || left(encode(sha256(convert_to(a.address, 'UTF8')), 'hex'), 16)
                  || ' ' || split_part(e.source, ' ', 3)
             from (select left(replace(gen_random_uuid()::text, '-', ''), 16) || '/'
                          || split_part(e.source, ' ', 2) as address offset 0) a)
     where e.source ~ '^web [0-9a-f]*[.:]';

    -- Who is erased already.
    update audit.entry e set whence = null from auth.person p
     where p.erased_at is not null and e.whence is not null
       and (e.person_id = p.id
            or e.thing = 'auth.person' and e.thing_id = p.id::text and e.person_id is null);
    update orders.event v set whence = null from orders."order" o
     where o.id = v.order_id and o.email = '' and v.whence is not null
       and (v.person_id is null or v.person_id = o.person_id);
    update orders.event v set whence = null from auth.person p
     where p.erased_at is not null and v.person_id = p.id and v.whence is not null;
    update inventory.movement m set whence = null from auth.person p
     where p.erased_at is not null and m.person_id = p.id and m.whence is not null;

    if rewritten = 0 then return; end if;
    for s in select id, hash, entries from audit.seal order by id loop
        was := s.hash;
        newest := s.id;
        is_now := case when s.id = audit.anchor() then s.hash
                       else audit.hash_of(is_now, s.entries) end;
        continue when is_now = was;
        update audit.seal set hash = is_now where id = s.id;
    end loop;
    if newest is not null then
        perform audit.tell(null, 'event', 'resealed', 'audit.seal', newest::text,
            jsonb_build_object('was', was, 'is', is_now, 'broken', broken));
    end if;
end $$;

create or replace function base.refuse_change_but_whence() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        old.whence := null;
        if new is not distinct from old then return new; end if;
    end if;
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;
create or replace function audit.refuse_change() returns trigger language plpgsql as $$
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
