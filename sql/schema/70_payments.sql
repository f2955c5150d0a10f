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
create index attempt_waiting on payments.attempt (created_at) -- as inventory.hold_lapsing
    where state in ('created', 'open', 'processing') and created_at is not null;

create table payments.event (
    id bigint generated always as identity primary key,
    provider text not null,
    account text not null default '',
    event_id text not null,
    kind text not null,
    body text compression lz4 not null,
    received_at timestamptz not null default now(),
    applied_at timestamptz,
    outcome text not null default '',
    attempt_id bigint, -- whose payment it tells of, where that was known when it came or was applied
    constraint event_once unique (provider, account, event_id)
);
create index event_attempt on payments.event (attempt_id) where attempt_id is not null;

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
-- The buyer's bank asks about a payment ("warning_..."), or takes it back.
create table payments.dispute (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    attempt_id bigint not null references payments.attempt,
    provider text not null,
    provider_id text not null, -- du_..., dp_...
    payment_id text not null,  -- the provider's payment: pi_...
    amount bigint not null check (amount > 0), -- may be a part of the payment
    currency char(3) not null,
    reason text not null check (length(reason) <= 100), -- in the provider's word
    state text not null check (state in ('warning_needs_response', 'warning_under_review',
        'warning_closed', 'needs_response', 'under_review', 'won', 'lost')),
    -- where the ledger has it: with us, withdrawn until it is decided, or gone for good
    money text not null default 'kept' check (money in ('kept', 'withdrawn', 'lost')),
    bookings bigint not null default 0, -- of the ledger
    movements bigint not null default 0, -- at the provider, as many as it has told of
    is_answered boolean not null default false, -- evidence was sent
    due_at timestamptz, -- until when evidence is heard; null: none is
    said_at bigint not null, -- by the provider's clock, in seconds: the last that moved its state
    opened_at timestamptz not null,
    created_at timestamptz not null default now(),
    asked_at timestamptz, -- when the reconciler last asked the provider
    reminded_at timestamptz, -- when staff were told that its time runs out
    closed_at timestamptz,
    constraint dispute_once unique (provider, provider_id)
);
create index dispute_order on payments.dispute (order_id, id);
create index dispute_attempt on payments.dispute (attempt_id);
create index dispute_open on payments.dispute (due_at) where closed_at is null;
-- What the buyers' banks take, or have taken, of a payment: it cannot go back a second time.
create function payments.disputed(of_attempt bigint) returns bigint language plpgsql stable as $$
begin
    return (select coalesce(sum(amount), 0) from payments.dispute
             where attempt_id = of_attempt
               and (money <> 'kept' or state in ('needs_response', 'under_review')));
end $$;

-- What is being given back of one payment never exceeds what was captured by it, however many
-- press the button at once, nor what a bank has left of it; but for what the provider says has
-- gone already.
create function payments.refund_fits() returns trigger language plpgsql as $$
declare
    captured bigint;
begin
    select amount into captured from payments.attempt where id = new.attempt_id for update;
    if new.reason <> 'at_provider' then
        captured := captured - payments.disputed(new.attempt_id);
    end if;
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
    created_at timestamptz not null default clock_timestamp(), -- as audit.entry
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
        ('buyer', 'provider', 'dispute', 'organisation', 'platform', 'tax', 'delivery')),
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
    foreach t in array array['attempt', 'refund', 'dispute', 'transaction', 'entry'] loop
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

grant select, insert, update on payments.attempt, payments.event, payments.refund, payments.dispute
    to talat_app;
grant select, insert on payments.transaction, payments.entry to talat_app;

-- What a link of an order's chain is known by; entries: "buyer -100 THB,provider 100 THB".
create function payments.link(last text, of_order bigint, why text, entries text) returns text
language sql stable parallel safe as
$$ select encode(sha256(convert_to(last || '|' || of_order || '|' || why || '|' || entries, 'UTF8')),
              'hex') $$;
-- The next link of the order's chain with its entries; false when this cause is booked already.
create function payments.book(of_order bigint, why text, in_currency text, accounts text[],
    amounts bigint[]) returns boolean language plpgsql as $$
declare
    last text := coalesce((select t.hash from payments.transaction t where t.order_id = of_order
                            order by t.id desc limit 1), '');
    link bigint;
begin
    insert into payments.transaction (order_id, cause, previous, hash)
    values (of_order, why, last, payments.link(last, of_order, why,
        (select string_agg(u.account || ' ' || u.amount || ' ' || in_currency, ',' order by u.place)
           from unnest(accounts, amounts) with ordinality as u(account, amount, place))))
        on conflict on constraint once_per_cause do nothing
    returning id into link;
    if link is null then return false; end if;
    insert into payments.entry (transaction_id, order_id, account, currency, amount)
    select link, of_order, u.account, in_currency, u.amount
      from unnest(accounts, amounts) with ordinality as u(account, amount, place)
     order by u.place;
    return true;
end $$;

-- The money of an attempt has come: state and ledger move together, forward only and once.
create function payments.capture(of_attempt bigint, of_payment text, of_order bigint, why text,
    of_amount bigint, in_currency text) returns boolean language plpgsql as $$
begin
    update payments.attempt
       set state = 'paid', paid_at = now(),
           payment_id = coalesce(nullif(of_payment, ''), payment_id)
     where id = of_attempt and state <> 'paid';
    return payments.book(of_order, why, in_currency, '{buyer,provider}',
        array[-of_amount, of_amount]);
end $$;
-- The same of several, each of another order. Gives the orders of those that were not booked already.
create function payments.capture_all(of_attempts bigint[], of_payments text[], of_orders bigint[],
    whys text[], of_amounts bigint[], in_currencies text[]) returns bigint[] language plpgsql
set enable_seqscan = off as $$
declare
    fresh bigint[];
begin
    update payments.attempt a
       set state = 'paid', paid_at = now(),
           payment_id = coalesce(nullif(of_payments[array_position(of_attempts, a.id)], ''),
                                 a.payment_id)
     where a.id = any(of_attempts) and a.state <> 'paid';
    with asked as (
        select u.*, coalesce((select t.hash from payments.transaction t where t.order_id = u.of_order
                               order by t.id desc limit 1), '') as last
          from unnest(of_orders, whys, of_amounts, in_currencies) as u(of_order, why, amount, currency)
    ), link as (
        insert into payments.transaction (order_id, cause, previous, hash)
        select a.of_order, a.why, a.last, payments.link(a.last, a.of_order, a.why, 'buyer ' || -a.amount
                   || ' ' || a.currency || ',provider ' || a.amount || ' ' || a.currency)
          from asked a
            on conflict on constraint once_per_cause do nothing
        returning id, order_id
    ), put as (
        insert into payments.entry (transaction_id, order_id, account, currency, amount)
        select l.id, l.order_id, e.account, a.currency, e.sign * a.amount
          from link l join asked a on a.of_order = l.order_id,
               (values ('buyer', -1), ('provider', 1)) as e(account, sign)
         order by l.id, e.sign
    )
    select array_agg(l.order_id) into fresh from link l;
    return fresh;
end $$;
-- What told of them has been applied, and that became of it.
create function payments.applied_all(of_events bigint[], of_attempts bigint[], became text)
returns void language plpgsql
set enable_seqscan = off as $$
begin
    update payments.event e
       set applied_at = now(), outcome = became,
           attempt_id = coalesce(e.attempt_id, of_attempts[array_position(of_events, e.id)])
     where e.id = any(of_events) and e.applied_at is null;
end $$;

-- What a provider says, once, with the job that applies it; false when it was said before. One with
-- an outcome is done with as it comes: nothing is lost with it, and nobody waits for the disk. The
-- job brings along what is plain of one that says it is paid, so that the event is not read again.
create function payments.keep(of_provider text, of_event text, of_kind text, said text,
    at_once text, paid jsonb, by_request text, of_rank bigint, wake boolean, of_attempt bigint)
returns boolean language plpgsql as $$
declare
    event bigint;
begin
    insert into payments.event (provider, event_id, kind, body, outcome, applied_at, attempt_id)
    values (of_provider, of_event, of_kind, said, at_once,
        case when at_once <> '' then now() end, of_attempt)
        on conflict on constraint event_once do nothing
    returning id into event;
    if event is null then return false; end if;
    if at_once <> '' then
        perform set_config('synchronous_commit', 'off', true);
    else
        perform work.add_job('payment.event', 'payment.event:' || event, null, event, paid,
            by_request, null, of_rank, wake);
    end if;
    return true;
end $$;
-- As programs of the version before call it.
create function payments.keep(of_provider text, of_event text, of_kind text, said text,
    at_once text, paid jsonb, by_request text, of_rank bigint, wake boolean) returns boolean
language plpgsql as $$
begin
    return payments.keep(of_provider, of_event, of_kind, said, at_once, paid, by_request, of_rank,
        wake, null);
end $$;
-- As programs of the version before call it.
create function payments.store(of_provider text, of_event text, of_kind text, said text,
    at_once text, by_request text, of_rank bigint, wake boolean) returns boolean
language plpgsql as $$
begin
    return payments.keep(of_provider, of_event, of_kind, said, at_once, '{}', by_request, of_rank,
        wake);
end $$;

-- What is left of what a provider said when its buyer is forgotten: which thing of theirs, how much,
-- in which state. An object that we asked for stands alone, without an event around it. (jsonb takes
-- no zero byte.)
create function payments.without_buyer(said text) returns text language plpgsql immutable as $$
declare
    whole jsonb := replace(said, '\u0000', '\ufffd');
    is_event boolean := coalesce(jsonb_typeof(whole #> '{data,object}') = 'object', false);
    object jsonb;
begin
    select coalesce(jsonb_object_agg(k.key, k.value), '{}') into object
      from jsonb_each(case when is_event then whole #> '{data,object}' else whole end) k
     where k.key = any ('{id,object,amount,amount_total,amount_received,amount_refunded,amount_captured,currency,status,payment_status,payment_intent,client_reference_id,created,paid,captured,refunded}');
    return case when is_event
        then jsonb_build_object('id', whole -> 'id', 'type', whole -> 'type',
                 'created', whole -> 'created', 'livemode', whole -> 'livemode', 'erased', true,
                 'data', jsonb_build_object('object', object))
        else object || '{"erased": true}' end;
end $$;

-- The one open attempt of an order: made like this unless there is one.
create function payments.open_attempt(of_order bigint, by_provider text, by_kind text, by_key text,
    of_amount bigint, in_currency text, asks jsonb, until timestamptz)
returns setof payments.attempt language plpgsql as $$
begin
    insert into payments.attempt
        (order_id, provider, kind, key, amount, currency, request, expires_at)
    select of_order, by_provider, by_kind, by_key, of_amount, in_currency, asks, until
     where not exists (select from payments.attempt a
                        where a.order_id = of_order and a.state in ('created', 'open', 'processing'))
        on conflict do nothing;
    return query select a.* from payments.attempt a
     where a.order_id = of_order and a.state in ('created', 'open', 'processing');
end $$;

create index event_received on payments.event using brin (received_at);
