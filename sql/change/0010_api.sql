-- Payment by intent, answers kept for clients of the API, refunds that are asked for.
set local lock_timeout = '3s';
alter table payments.attempt
    add column kind text not null default 'page' check (kind in ('page', 'intent')),
    add column client_secret text,
    add column declined_at bigint not null default 0;
alter table payments.refund add column asked_at timestamptz;
create index refund_waiting on payments.refund (created_at) where state in ('created', 'pending');
create function orders.money_state(payment_status text, refunded bigint) returns text
language sql immutable parallel safe as
$$ select case when payment_status = 'paid' and refunded > 0 then 'partly_refunded'
               else payment_status end $$;
create table orders.answer (
    person_id bigint not null,
    key text not null check (length(key) <= 200),
    asked text not null,
    order_id bigint,
    answer text,
    created_at timestamptz not null default now(),
    primary key (person_id, key)
);
create index answer_old on orders.answer (created_at);
alter table orders.answer enable row level security;
alter table orders.answer force row level security;
create policy own on orders.answer for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());
grant select, insert, update, delete on orders.answer to talat_app;
