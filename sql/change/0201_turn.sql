-- A worker's turn in one statement.
set local lock_timeout = '3s';

-- A worker's turn: what it has run is gone, events become jobs, what is due is taken; last of all, in
-- a row without a job, how many events were read and when the next job is due. Nobody waits for this
-- commit unless events were read: a claim that is lost with the database's machine leaves the job
-- due, a finish that is lost runs it once more, and a job may run more than once.
create function work.turn(done bigint[], tries bigint[], most_events bigint, heard text[],
    jobs text[], unless text[], ranks bigint[], most bigint, lease_us bigint, by_worker text,
    quick text[])
returns table (events bigint, wait_us bigint, place bigint, job bigint, of_kind text,
    with_key text, organisation bigint, subject bigint, beside jsonb, by_request text, try int)
language plpgsql as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    if done <> '{}' then
        delete from work.job j using unnest(done, tries) as d(id, attempt)
         where j.id = d.id and j.attempt = d.attempt and j.state = 'running';
    end if;
    events := work.read_events(most_events, heard, jobs, unless, ranks);
    for place, job, of_kind, with_key, organisation, subject, beside, by_request, try in
        select c.* from work.claim(most, lease_us, by_worker, quick) c order by c.place
    loop
        return next;
    end loop;
    place := null;
    job := null;
    select (extract(epoch from min(n.run_at) - clock_timestamp()) * 1000000)::bigint into wait_us
      from (values (-1), (0), (1)) as r(rank),
           lateral (select j.run_at from work.job j where j.state = 'ready' and j.rank = r.rank
                     order by j.run_at limit 1) as n;
    return next;
end $$;
