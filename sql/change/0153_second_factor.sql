-- An organisation may ask a second factor of its own people.
set local lock_timeout = '3s';
alter table auth.organisation add column second_factor text[] not null default '{}'
    constraint organisation_second_factor
    check (second_factor <@ '{owner,admin,member,viewer,own}');
-- Which of them has something to show besides a password: that alone, and looked up as above.
create function auth.team_factors(of_organisation bigint)
returns table (person_id bigint, has_factor boolean) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
    select m.person_id, exists (select from auth.totp t where t.person_id = m.person_id)
               or exists (select from auth.passkey k where k.person_id = m.person_id)
      from auth.member m
     where m.organisation_id = of_organisation
       and (of_organisation = base.organisation() or base.is_platform())
$$;
grant select (person_id) on auth.totp, auth.passkey to talat_search;
revoke all on function auth.team_factors from public;
grant execute on function auth.team_factors to talat_app;
grant create on schema auth to talat_search;
alter function auth.team_factors owner to talat_search;
revoke create on schema auth from talat_search;
