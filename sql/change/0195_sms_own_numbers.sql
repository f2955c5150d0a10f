-- Messages to a number that is only to be confirmed keep no login from it.
set local lock_timeout = '3s';
create or replace function notify.add_sms(person bigint, template text, cause text, mark text, network text,
    country text, lang text, most bigint) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    made bigint;
    n record;
begin
    perform pg_advisory_xact_lock(7421030);
    if exists (select from notify.sms s
                where s.template = add_sms.template and s.cause = add_sms.cause) then
        return 0;
    end if;
    select count(*) filter (where s.mark = add_sms.mark and s.template = add_sms.template
                              and s.created_at > now() - interval '1 hour') as number_hour,
           count(*) filter (where s.mark = add_sms.mark and s.template = add_sms.template) as number_day,
           count(*) filter (where s.person_id = person and s.created_at > now() - interval '1 hour') as person_hour,
           count(*) filter (where s.person_id = person) as person_day,
           count(*) filter (where s.network = add_sms.network and s.created_at > now() - interval '1 hour') as network_hour,
           count(*) filter (where s.network = add_sms.network) as network_day,
           count(*) filter (where s.created_at > now() - interval '1 hour') as all_hour,
           count(*) filter (where s.template = 'sms_confirm' and s.created_at > now() - interval '1 hour') as confirm_hour
      into n from notify.sms s where s.created_at > now() - interval '1 day';
    if n.number_hour >= 5 or n.number_day >= 10 then return -1; end if;
    if n.person_hour >= 5 or n.person_day >= 10 then return -2; end if;
    if n.network_hour >= 20 or n.network_day >= 60 then return -3; end if;
    if n.all_hour >= most or (template = 'sms_confirm' and n.confirm_hour >= (most + 1) / 2) then
        return -4;
    end if;
    insert into notify.sms (person_id, template, cause, mark, network, country, lang)
    values (person, template, cause, mark, network, country, lang) returning id into made;
    return made;
end $$;
