-- Codes by text message may be enough where a second factor is asked, if the owner says so.
set local lock_timeout = '3s';
alter table auth.organisation add column text_counts boolean not null default false;
-- And who has codes by text message, which count where the owner says so.
create function auth.team_texts(of_organisation bigint)
returns table (person_id bigint) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
    select m.person_id from auth.member m join auth.phone h on h.person_id = m.person_id
     where m.organisation_id = of_organisation and h.is_factor
       and (of_organisation = base.organisation() or base.is_platform())
$$;
grant select (person_id, is_factor) on auth.phone to talat_search;
revoke all on function auth.team_texts from public;
grant execute on function auth.team_texts to talat_app;
grant create on schema auth to talat_search;
alter function auth.team_texts owner to talat_search;
revoke create on schema auth from talat_search;
