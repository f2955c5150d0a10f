-- notify: what was said to whom. One row per template and cause: a thing is said once.
create schema notify;
grant usage on schema notify to talat_app, talat_readonly;

create table notify.mail (
    id bigint generated always as identity primary key,
    organisation_id bigint,
    order_id bigint,
    person_id bigint,
    template text not null,
    cause text not null, -- "order:12:paid"
    recipient text not null,
    lang text not null,
    subject text not null default '',
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
    answer text not null default '', -- what the mail server said
    message_id text not null default '',
    again int not null default 0, -- how often staff had it sent once more after it was
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    unique (template, cause)
);
create index mail_order on notify.mail (order_id, id);
create index mail_recipient on notify.mail (recipient);
create index mail_person on notify.mail (person_id) where person_id is not null;
create index mail_of_no_order on notify.mail (id) where order_id is null; -- which are forgotten
alter table notify.mail enable row level security;
alter table notify.mail force row level security;
create policy own on notify.mail for all
    using (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform())
    with check (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform());
grant select, insert, update, delete on notify.mail to talat_app;

-- Says a thing once: its row, and the job that sends it.
create function notify.say(of_template text, of_cause text, to_address text, in_lang text,
    organisation bigint, of_order bigint, person bigint, by_request text, of_rank bigint,
    wake boolean) returns void language plpgsql as $$
declare
    mail bigint;
begin
    insert into notify.mail (organisation_id, order_id, person_id, template, cause, recipient, lang)
    values (organisation, of_order, person, of_template, of_cause, to_address, in_lang)
        on conflict (template, cause) do nothing
    returning id into mail;
    if mail is null then return; end if;
    perform work.add_job('notify.mail', 'notify.mail:' || mail, null, mail, '{}', by_request, null,
        of_rank, wake);
end $$;
-- The same to several, each of an order.
create function notify.say_all(of_template text, of_causes text[], to_addresses text[], in_langs text[],
    of_orders bigint[], persons bigint[], by_requests text[], of_rank bigint, wake boolean)
returns void language plpgsql as $$
declare
    mails record;
begin
    with told as (
        select u.* from unnest(of_causes, to_addresses, in_langs, of_orders, persons, by_requests)
            as u(cause, address, lang, of_order, person, request)
    ), mail as (
        insert into notify.mail (order_id, person_id, template, cause, recipient, lang)
        select t.of_order, t.person, of_template, t.cause, t.address, t.lang from told t
            on conflict (template, cause) do nothing
        returning id, cause
    )
    select array_agg('notify.mail:' || m.id) as keys, array_agg(m.id) as ids,
           array_agg(t.request) as requests into mails
      from mail m join told t on t.cause = m.cause;
    perform work.add_jobs('notify.mail', mails.keys, mails.ids, mails.requests, of_rank, wake);
end $$;

-- Text messages. The number is not here: it is opened when the message goes out. `mark` and
-- `network` stand for the number and for where it was asked for, keyed, to count by.
create table notify.sms (
    id bigint generated always as identity primary key,
    person_id bigint not null,
    template text not null,
    cause text not null,
    mark text not null,
    network text not null,
    country char(2) not null,
    lang text not null,
    -- sending: handed over, and no clear answer yet
    state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed')),
    delivery text not null default '' check (length(delivery) <= 30), -- how far it has come
    sid text not null default '' check (length(sid) <= 64),          -- the provider's id
    segments bigint not null default 0,
    answer text not null default '',
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    unique (template, cause)
);
create index sms_created on notify.sms (created_at);
create index sms_person on notify.sms (person_id);
alter table notify.sms enable row level security;
alter table notify.sms force row level security;
create policy own on notify.sms for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on notify.sms to talat_app;

-- The provider's words for how far a message is, in their order.
create function notify.rank(delivery text) returns int language sql immutable as $$
    select case when delivery in ('delivered', 'undelivered', 'failed', 'canceled', 'read') then 4
                when delivery = 'sent' then 3
                when delivery in ('sending', 'queued') then 2
                when delivery in ('accepted', 'scheduled') then 1
                when delivery = '' then 0 else -1 end
$$;

-- Messages cost money, and some numbers earn it: whoever asks waits for their turn here, so that
-- many at once get no more than one after the other. A number that is only to be confirmed may be
-- anybody's: what was sent to it so keeps no login from it, and takes no more than half of the hour.
create function notify.add_sms(person bigint, template text, cause text, mark text, network text,
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
