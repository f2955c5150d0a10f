-- A turn of a job worker that finds nothing to do asks little.
set local lock_timeout = '3s';

-- Events nobody has read, oldest first: gives each its number within its organisation and makes the
-- jobs of who hears it; the event's id makes the job's key. One reader at a time: whoever does not
-- get the lock reads nothing. The row is looked at again when it is locked, since the reader before
-- may have ended after this statement had begun. A number that was given must not be given again,
-- so this commit does wait for the disk.
create function work.read_events(most bigint, heard text[], jobs text[], unless text[],
    ranks bigint[]) returns bigint language plpgsql as $$
declare
    n bigint;
begin
    perform from work.outbox where read_at is null limit 1;
    if not found or not pg_try_advisory_xact_lock(7421001) then return 0; end if;
    with mine as materialized (
        select o.id, o.organisation_id, o.kind, o.subject_id, o.data, o.request
          from work.outbox o where o.read_at is null order by o.id limit most
           for update skip locked
    ), placed as (
        select m.id, m.organisation_id,
               row_number() over (partition by m.organisation_id order by m.id) as n,
               count(*) over (partition by m.organisation_id) as many
          from mine m
    ), counted as (
        insert into work.sequence as s (organisation_id, last)
        select p.organisation_id, max(p.many) from placed p where p.organisation_id is not null
         group by p.organisation_id
            on conflict (organisation_id) do update set last = s.last + excluded.last
        returning organisation_id, last
    ), read as (
        update work.outbox o set read_at = now(), seq = c.last - p.many + p.n
          from placed p
          left join counted c on c.organisation_id = p.organisation_id
         where o.id = p.id
    ), made as (
        insert into work.job (kind, key, organisation_id, subject_id, data, request, rank)
        select r.job, r.job || ':' || m.id, m.organisation_id, m.subject_id,
               jsonb_build_object('event', m.kind, 'data', m.data), m.request, r.rank
          from mine m
          join unnest(heard, jobs, unless, ranks) as r(event, job, unless, rank)
            on (m.kind = r.event
                or (r.event like '%*' and starts_with(m.kind, rtrim(r.event, '*'))))
           and not (r.unless <> '' and m.data ? r.unless)
         order by m.id
            on conflict (key) do nothing
    )
    select count(*) into n from mine;
    if n > 0 then perform set_config('synchronous_commit', 'on', true); end if;
    return n;
end $$;

-- Takes what is due, by rank and then what has waited longest; two workers never get the same job.
-- Several go together only as long as they are quick and no worker has died over one: the first
-- that is not ends the row, or goes alone.
create function work.claim(most bigint, lease_us bigint, by_worker text, quick text[])
returns table (place bigint, job bigint, of_kind text, with_key text, organisation bigint,
    subject bigint, beside jsonb, by_request text, try int) language plpgsql as $$
begin
    perform from work.job where state = 'ready' and run_at <= statement_timestamp() limit 1;
    if not found then return; end if;
    return query
    with due as materialized (
        select j.id, j.rank, j.run_at, j.deaths = 0 and j.kind = any(quick) as is_quick
          from work.job j
         where j.state = 'ready' and j.run_at <= statement_timestamp()
         order by j.rank, j.run_at, j.id
         limit most
           for update skip locked
    ), lined as (
        select d.id, row_number() over in_turn as place, bool_and(d.is_quick) over in_turn as all_quick
          from due d window in_turn as (order by d.rank, d.run_at, d.id)
    ), mine as (
        update work.job j
           set state = 'running', attempt = attempt + 1, worker = by_worker,
               lease_until = clock_timestamp() + lease_us * interval '1 microsecond'
          from lined l
         where j.id = l.id and (l.place = 1 or l.all_quick)
        returning l.place, j.id, j.kind, j.key, coalesce(j.organisation_id, 0), j.subject_id,
            j.data, j.request, j.attempt
    )
    table mine;
end $$;

create or replace function cart.keep(of_cart bigint, variants bigint[], quantities bigint[]) returns void
language plpgsql as $$ -- planned once; in SQL it would be at each call
begin
    update cart.line l set held = least(u.quantity, 999)
      from unnest(variants, quantities) as u(variant, quantity)
     where l.cart_id = of_cart and l.variant_id = u.variant;
end $$;
