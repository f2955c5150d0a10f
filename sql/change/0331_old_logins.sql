-- A session of a browser ends some day, and logins that are over are forgotten.
set local lock_timeout = '3s';
grant delete on auth.device to talat_app;

-- When a login that still stands may have begun at the earliest: whoever works here, in an
-- organisation or for the house, logs in anew after a month, others after a year.
create function auth.oldest_login(p auth.person) returns timestamptz language sql stable as $$
    select now() - case when p.role <> 'user'
                          or exists (select from auth.member m where m.person_id = p.id)
                        then interval '30 days' else interval '1 year' end
$$;
