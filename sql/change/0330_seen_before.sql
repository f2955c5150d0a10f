-- What a login asks of the devices before it, once for pages and programs.
set local lock_timeout = '3s';
create function auth.seen_before(of_person bigint, browser text, agent text, from_network text,
    out is_second boolean, out is_known boolean) language plpgsql stable as $$
begin
    select count(*) > 0,
           coalesce(bool_or((d.browser_hash = browser and browser <> '')
                            or (d.user_agent = agent
                                and (d.network = from_network
                                     or (d.kind = 'token' and d.network = '')))), false)
      into is_second, is_known
      from auth.device d where d.person_id = of_person;
end $$;
