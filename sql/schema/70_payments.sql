-- payments: attempts at a provider, its events, refunds, and the double-entry ledger.
-- It knows an order by its id only.
create schema payments;
grant usage on schema payments to talat_app, talat_readonly;

create table payments.attempt (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    provider text not null,
    -- by the provider's own page, or by an intent that the buyer's program confirms
    kind text not null default 'page' check (kind in ('page', 'intent')),
    key text not null unique, -- the idempotency key sent to the provider
    amount bigint not null check (amount > 0),
    currency char(3) not null,
    state text not null default 'created' check (state in
        ('created', 'open', 'processing', 'paid', 'failed', 'expired', 'cancelled')),
    session_id text,   -- the provider's page: cs_...
    payment_id text,   -- the provider's payment: pi_...
    url text,          -- where the buyer pays
    client_secret text, -- sealed: what the buyer's program confirms with
    declined_at bigint not null default 0, -- by the provider's clock, in seconds: the last no
    request jsonb not null, -- what the page was or will be opened with, to ask again the same
    error text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    asked_at timestamptz, -- when the reconciler last asked the provider
    paid_at timestamptz
);
create unique index one_open_attempt on payments.attempt (order_id)
    where state in ('created', 'open', 'processing');
create unique index attempt_session on payments.attempt (provider, session_id);
create index attempt_payment on payments.attempt (payment_id) where payment_id is not null;
create index attempt_order on payments.attempt (order_id, id);
create index attempt_open on payments.attempt (created_at)
    where state in ('created', 'open', 'processing');

create table payments.event (
    id bigint generated always as identity primary key,
    provider text not null,
    account text not null default '',
    event_id text not null,
    kind text not null,
    body text not null,
    received_at timestamptz not null default now(),
    applied_at timestamptz,
    outcome text not null default '',
    constraint event_once unique (provider, account, event_id)
);

create table payments.refund (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    attempt_id bigint not null references payments.attempt,
    key text not null unique,
    amount bigint not null check (amount > 0),
    currency char(3) not null,
    reason text not null default 'requested_by_customer',
    state text not null default 'created' check (state in ('created', 'pending', 'done', 'failed')),
    provider_id text unique,
    error text not null default '',
    person_id bigint,
    created_at timestamptz not null default now(),
    asked_at timestamptz, -- when the reconciler last asked the provider
    done_at timestamptz
);
create index refund_waiting on payments.refund (created_at) where state in ('created', 'pending');
create index refund_attempt on payments.refund (attempt_id);
create index refund_order on payments.refund (order_id, id);
-- What is being given back of one payment never exceeds what was captured by it, however many
-- press the button at once.
create function payments.refund_fits() returns trigger language plpgsql as $$
declare
    captured bigint;
begin
    select amount into captured from payments.attempt where id = new.attempt_id for update;
    if (select coalesce(sum(amount), 0) from payments.refund
         where attempt_id = new.attempt_id and state <> 'failed' and id <> new.id)
        + new.amount > captured then
        raise exception 'That is more than was paid.' using errcode = 'TL409';
    end if;
    return new;
end $$;
create trigger refund_fits before insert on payments.refund
    for each row execute function payments.refund_fits();

-- The ledger: every transaction sums to zero per currency, rows are never changed, each
-- transaction of an order carries the hash of the one before it and of its own entries.
create table payments.transaction (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    cause text not null,
    created_at timestamptz not null default now(),
    previous text not null default '',
    hash text not null default '',
    constraint once_per_cause unique (cause)
);
create index transaction_order on payments.transaction (order_id, id);
create table payments.entry (
    id bigint generated always as identity primary key,
    transaction_id bigint not null references payments.transaction,
    order_id bigint not null,
    organisation_id bigint, -- whose money, where it is a tenant's
    account text not null check (account in
        ('buyer', 'provider', 'organisation', 'platform', 'tax', 'delivery')),
    currency char(3) not null,
    amount bigint not null check (amount <> 0)
);
create index entry_transaction on payments.entry (transaction_id);
create index entry_order on payments.entry (order_id);
create trigger never_changed before update or delete on payments.transaction
    for each row execute function base.refuse_change();
create trigger never_changed before update or delete on payments.entry
    for each row execute function base.refuse_change();
create function payments.check_sum() returns trigger language plpgsql as $$
begin
    if exists (select from payments.entry where transaction_id = new.transaction_id
        group by currency having sum(amount) <> 0) then
        raise exception 'ledger transaction % does not sum to zero', new.transaction_id
            using errcode = 'TL500';
    end if;
    return null;
end $$;
create constraint trigger sums_to_zero after insert on payments.entry
    deferrable initially deferred for each row execute function payments.check_sum();

do $$
declare t text;
begin
    foreach t in array array['attempt', 'refund', 'transaction', 'entry'] loop
        execute format('alter table payments.%I enable row level security', t);
        execute format('alter table payments.%I force row level security', t);
        execute format('create policy own on payments.%I for all
            using (order_id = base.order_id() or base.is_platform())
            with check (order_id = base.order_id() or base.is_platform())', t);
    end loop;
end $$;
alter table payments.event enable row level security;
alter table payments.event force row level security;
create policy own on payments.event for all using (base.is_platform())
    with check (base.is_platform());

grant select, insert, update on payments.attempt, payments.event, payments.refund to talat_app;
grant select, insert on payments.transaction, payments.entry to talat_app;
