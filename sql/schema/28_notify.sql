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
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    unique (template, cause)
);
create index mail_order on notify.mail (order_id, id);
create index mail_recipient on notify.mail (recipient);
create index mail_person on notify.mail (person_id) where person_id is not null;
alter table notify.mail enable row level security;
alter table notify.mail force row level security;
create policy own on notify.mail for all
    using (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform())
    with check (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform());
grant select, insert, update on notify.mail to talat_app;

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
