-- What is due of the trail is found among its first seals, without all that there are.
set local lock_timeout = '3s';
create or replace function audit.cut(older timestamptz) returns table (seal_id bigint, entries bigint)
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
