-- What the buyers' banks take back: disputes, what of an order's money is in them, and their place
-- in the ledger. The check of what is there already is 0371.
set local lock_timeout = '3s';
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
alter table payments.dispute enable row level security;
alter table payments.dispute force row level security;
create policy own on payments.dispute for all
    using (order_id = base.order_id() or base.is_platform())
    with check (order_id = base.order_id() or base.is_platform());
create policy seller on payments.dispute for select
    using (base.organisation() is not null and orders.sells_alone(order_id));
grant select, insert, update on payments.dispute to talat_app;
-- What is being given back of one payment never exceeds what was captured by it, however many
-- press the button at once, nor what a bank has left of it; but for what the provider says has
-- gone already.
create or replace function payments.refund_fits() returns trigger language plpgsql as $$
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
alter table payments.entry drop constraint entry_account_check;
alter table payments.entry add constraint entry_account_check check (account in
    ('buyer', 'provider', 'dispute', 'organisation', 'platform', 'tax', 'delivery')) not valid;
alter table orders."order" add column disputed_total bigint not null default 0;
-- What of an order's money is not with us: given back, or for the time being at the buyer's bank.
create function orders.gone(o orders."order") returns bigint language sql stable parallel safe as
$$ select least(o.refunded_total + o.disputed_total, o.total) $$;
-- What people are told of the money: the buyer's bank may be taking it back, some of it, or all of
-- it, may have gone back.
create function orders.money_state(payment_status text, refunded bigint, disputed bigint)
returns text language sql immutable parallel safe as
$$ select case when payment_status = 'paid' and disputed > 0 then 'disputed'
               when payment_status = 'paid' and refunded > 0 then 'partly_refunded'
               else payment_status end $$;
-- Tells the outbox of an order as it is now, once per organisation that has a part in it.
create or replace function orders.tell(of_order bigint, of_kind text, by_request text, wake boolean)
returns void language plpgsql as $$
declare
    told record;
begin
    for told in
        select p.organisation_id, jsonb_build_object('orderId', o.number,
                   'paymentStatus',
                   orders.money_state(o.payment_status, o.refunded_total, o.disputed_total),
                   'orderStatus', o.status) as news
          from orders."order" o join orders.part p on p.order_id = o.id
         where o.id = of_order order by p.organisation_id
    loop
        perform work.tell(of_kind, told.organisation_id, of_order, told.news, by_request, wake);
    end loop;
end $$;
