-- Text messages, and the numbers they go to.
set local lock_timeout = '3s';
alter table auth.code drop constraint code_purpose_check;
alter table auth.code add constraint code_purpose_check check (purpose in
    ('verify-email', 'reset-password', 'change-email', 'undo-email', 'login-otp', 'invite',
     'confirm-phone', 'login-sms'));
-- A number that a person has shown to be theirs, for codes by text message. Sealed, with the
-- person's own key; `tail` are its last digits, to be shown. is_factor: logging in may ask for one.
create table auth.phone (
    person_id bigint primary key references auth.person on delete cascade,
    number text not null,
    tail text not null check (length(tail) = 2),
    country char(2) not null,
    is_factor boolean not null default false,
    created_at timestamptz not null default now()
);
alter table auth.phone enable row level security;
alter table auth.phone force row level security;
create policy own on auth.phone for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on auth.phone to talat_app;

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
-- many at once get no more than one after the other.
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
    select count(*) filter (where s.mark = add_sms.mark and s.created_at > now() - interval '1 hour') as number_hour,
           count(*) filter (where s.mark = add_sms.mark) as number_day,
           count(*) filter (where s.person_id = person and s.created_at > now() - interval '1 hour') as person_hour,
           count(*) filter (where s.person_id = person) as person_day,
           count(*) filter (where s.network = add_sms.network and s.created_at > now() - interval '1 hour') as network_hour,
           count(*) filter (where s.network = add_sms.network) as network_day,
           count(*) filter (where s.created_at > now() - interval '1 hour') as all_hour
      into n from notify.sms s where s.created_at > now() - interval '1 day';
    if n.number_hour >= 5 or n.number_day >= 10 then return -1; end if;
    if n.person_hour >= 5 or n.person_day >= 10 then return -2; end if;
    if n.network_hour >= 20 or n.network_day >= 60 then return -3; end if;
    if n.all_hour >= most then return -4; end if;
    insert into notify.sms (person_id, template, cause, mark, network, country, lang)
    values (person, template, cause, mark, network, country, lang) returning id into made;
    return made;
end $$;
