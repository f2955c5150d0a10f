-- Kinds of jobs that take long lately are left to the other workers by the first of several, so that what
-- has come in is never behind a mail server that hangs.
set local lock_timeout = '3s';
create function work.claim(most bigint, lease_us bigint, by_worker text, quick text[],
    leave text[])
returns table (place bigint, job bigint, of_kind text, with_key text, organisation bigint,
    subject bigint, beside jsonb, by_request text, try int) language plpgsql as $$
begin
    return query
    with due as materialized (
        select w.id, w.rank, w.run_at, w.is_quick
          from (values (-1), (0), (1), (2)) as r(rank),
               lateral (select j.id, j.rank, j.run_at,
                               j.deaths = 0 and j.kind = any(quick) as is_quick
                          from work.job j
                         where j.state = 'ready' and j.rank = r.rank
                           and j.run_at <= statement_timestamp()
                           and not j.kind = any(leave)
                         order by j.run_at, j.id
                         limit most
                           for update skip locked) as w
         order by w.rank, w.run_at, w.id
         limit most
    ), lined as (
        select d.id, row_number() over in_turn as place, bool_and(d.is_quick) over in_turn as all_quick
          from due d window in_turn as (order by d.rank, d.run_at, d.id)
    ), mine as (
        update work.job j
           set state = 'running', attempt = attempt + 1, worker = by_worker,
               lease_until = clock_timestamp() + lease_us * interval '1 microsecond'
         where j.id = any(array(select l.id from lined l where l.place = 1 or l.all_quick))
        returning j.id, j.kind, j.key, coalesce(j.organisation_id, 0) as organisation_id,
            j.subject_id, j.data, j.request, j.attempt
    )
    select l.place, m.id, m.kind, m.key, m.organisation_id, m.subject_id, m.data, m.request,
           m.attempt
      from mine m join lined l on l.id = m.id;
end $$;

create function work.turn(done bigint[], tries bigint[], most_events bigint, heard text[],
    jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, by_worker text,
    quick text[], leave text[])
returns table (events bigint, wait_us bigint, place bigint, job bigint, of_kind text,
    with_key text, organisation bigint, subject bigint, beside jsonb, by_request text, try int)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    if done <> '{}' then
        delete from work.job j using unnest(done, tries) as d(id, attempt)
         where j.id = d.id and j.attempt = d.attempt and j.state = 'running';
    end if;
    events := work.read_events(most_events, heard, jobs, unless, ranks);
    for place, job, of_kind, with_key, organisation, subject, beside, by_request, try in
        select c.* from work.claim(most, lease_us, by_worker, quick, leave) c order by c.place
    loop
        return next;
    end loop;
    place := null;
    job := null;
    select (extract(epoch from min(n.run_at) - clock_timestamp()) * 1000000)::bigint into wait_us
      from (values (-1), (0), (1), (2)) as r(rank),
           lateral (select j.run_at from work.job j where j.state = 'ready' and j.rank = r.rank
                       and not j.kind = any(leave) order by j.run_at limit 1) as n;
    return next;
end $$;
-- As programs of the version before call them.
create or replace function work.claim(most bigint, lease_us bigint, by_worker text, quick text[])
returns table (place bigint, job bigint, of_kind text, with_key text, organisation bigint,
    subject bigint, beside jsonb, by_request text, try int) language plpgsql as $$
begin
    return query select * from work.claim(most, lease_us, by_worker, quick, '{}');
end $$;
create or replace function work.turn(done bigint[], tries bigint[], most_events bigint, heard text[],
    jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, by_worker text,
    quick text[])
returns table (events bigint, wait_us bigint, place bigint, job bigint, of_kind text,
    with_key text, organisation bigint, subject bigint, beside jsonb, by_request text, try int)
language plpgsql as $$
begin
    return query select * from work.turn(done, tries, most_events, heard, jobs, unless, ranks, most,
        lease_us, by_worker, quick, '{}');
end $$;
