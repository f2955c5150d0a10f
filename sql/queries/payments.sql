-- payments: attempts, what providers said, refunds, the ledger.

-- name: open_attempt :maybe
-- in: order_id bigint
select id, order_id, provider, kind, key, amount, currency, state,
       coalesce(session_id, '') as session_id, coalesce(payment_id, '') as payment_id,
       coalesce(url, '') as url, coalesce(client_secret, '') as client_secret, request, expires_at,
       coalesce(case kind when 'page' then session_id else payment_id end, '') <> '' as is_opened,
       expires_at > now() + interval '60 seconds' as is_fresh
  from payments.attempt
 where order_id = :order_id and state in ('created', 'open', 'processing');

-- name: attempt :one
-- in: id bigint
select id, order_id, provider, kind, key, amount, currency, state,
       coalesce(session_id, '') as session_id, coalesce(payment_id, '') as payment_id,
       coalesce(url, '') as url, coalesce(client_secret, '') as client_secret, request, expires_at,
       coalesce(case kind when 'page' then session_id else payment_id end, '') <> '' as is_opened
  from payments.attempt where id = :id;

-- name: find_or_add :maybe
-- in: order_id bigint, provider text, kind text, key text, amount bigint, currency text, request jsonb, expires_at timestamptz
-- The open attempt, or this one. Nothing comes back while another one is just ending.
select id, order_id, provider, kind, key, amount, currency, state,
       coalesce(session_id, '') as session_id, coalesce(payment_id, '') as payment_id,
       coalesce(url, '') as url, coalesce(client_secret, '') as client_secret, request, expires_at,
       coalesce(case kind when 'page' then session_id else payment_id end, '') <> '' as is_opened,
       expires_at > now() + interval '60 seconds' as is_fresh
  from payments.open_attempt(:order_id, :provider, :kind, :key, :amount, :currency, :request,
           :expires_at);

-- name: attempt_opened :exec
-- in: id bigint, session_id text, payment_id text, url text, client_secret text
-- Waits for the disk: the buyer goes to this page at once, and a page whose name is lost cannot be ended
-- when its order is cancelled or placed anew.
update payments.attempt
   set state = case when state = 'created' then 'open' else state end,
       session_id = nullif(:session_id, ''),
       payment_id = coalesce(nullif(:payment_id, ''), payment_id),
       url = nullif(:url, ''), client_secret = nullif(:client_secret, '')
 where id = :id;

-- name: attempt_failed :exec
-- in: id bigint, error text
-- The page could not be opened; the attempt stays open to be tried again with its key.
update payments.attempt set error = :error where id = :id;

-- name: asked :exec
-- in: id bigint
update payments.attempt set asked_at = now() where id = :id;

-- name: stale_attempts :many
-- Open ones the provider has not told us of for a while: worth asking.
select id from payments.attempt
 where state in ('created', 'open', 'processing') and created_at < now() - interval '2 minutes'
   and (asked_at is null or asked_at < now() - interval '5 minutes')
 order by coalesce(asked_at, created_at)
 limit 100;

-- name: store :one
-- in: provider text, event_id text, kind text, body text, outcome text, paid jsonb, payment text, key text, request text, rank bigint, wake bool
-- Kept with the attempt it tells of, by our key or the provider's payment. erased: whose payment it
-- is, when nobody applies it and the buyer has been forgotten.
with told as materialized (
    select coalesce((select a.id from payments.attempt a where a.key = nullif(:key, '')),
               (select a.id from payments.attempt a where a.payment_id = nullif(:payment, '')
                 order by a.id desc limit 1)) as attempt
)
select payments.keep(:provider, :event_id, :kind, :body, :outcome, :paid, :request, :rank, :wake,
           t.attempt) as is_fresh,
       (select a.order_id from payments.attempt a
         where a.id = t.attempt and :outcome <> '' and not a.request ? 'email') as erased
  from told t;

-- name: event :one
-- in: id bigint
select id, provider, event_id, kind, body, applied_at is not null as is_applied
  from payments.event where id = :id;

-- name: event_done :exec
-- in: id bigint, attempt bigint, outcome text, is_news bool
-- Where it was no news, its end may be lost with the database's machine: it is looked at again.
update payments.event
   set applied_at = now(), outcome = :outcome, attempt_id = coalesce(attempt_id, nullif(:attempt, 0))
 where id = :id
returning case when not :is_news then set_config('synchronous_commit', 'off', true) end as hurry;

-- name: find_attempt :maybe
-- in: provider text, session_id text, payment_id text, key text
select id, order_id, provider, kind, amount, currency, state, declined_at,
       not request ? 'email' as is_erased
  from payments.attempt
 where provider = :provider
   and (key = nullif(:key, '') or session_id = nullif(:session_id, '')
        or payment_id = nullif(:payment_id, ''))
 order by (key = nullif(:key, '')) desc nulls last, id desc
 limit 1;

-- name: capture :one
-- in: attempt bigint, payment_id text, order_id bigint, cause text, amount bigint, currency text
select payments.capture(:attempt, :payment_id, :order_id, :cause, :amount, :currency) as is_fresh;

-- name: attempt_moved :exec
-- in: id bigint, state text, error text
update payments.attempt set state = :state, error = :error
 where id = :id
   and (state in ('created', 'open') or (state = 'processing' and :state in ('failed', 'expired')));

-- name: attempt_declined :exec
-- in: id bigint, said_at bigint, error text
-- The bank said no to an intent; the buyer may try again with the same one.
update payments.attempt
   set state = 'open', error = :error, declined_at = greatest(declined_at, :said_at)
 where id = :id and kind = 'intent' and state in ('created', 'open', 'processing');

-- name: book :one
-- in: order_id bigint, cause text, currency text, accounts text[], amounts bigint[]
select payments.book(:order_id, :cause, :currency, :accounts, :amounts) as is_fresh;

-- name: sums :one
-- in: order_id bigint
-- What the ledger says of an order: taken in, given back, and taken back for good by the buyer's
-- bank; and what of it a bank is still to decide on.
select coalesce(sum(e.amount) filter (where t.cause like 'capture:%' and e.account = 'provider'),
           0)::bigint as captured,
       coalesce(-sum(e.amount) filter (where t.cause like 'refund:%' and e.account = 'provider'),
           0)::bigint as refunded,
       coalesce(sum(e.amount) filter (where t.cause like 'dispute:%' and e.account = 'buyer'),
           0)::bigint as lost,
       (select coalesce(sum(d.amount), 0) from payments.dispute d
         where d.order_id = :order_id and d.state in ('needs_response', 'under_review'))::bigint
           as disputed
  from payments.transaction t
  join payments.entry e on e.transaction_id = t.id
 where t.order_id = :order_id;

-- name: of_order :many
-- in: order_id bigint
select id, provider, amount, currency, state, error, coalesce(payment_id, '') as payment_id,
       created_at, paid_at
  from payments.attempt where order_id = :order_id order by id limit 100;

-- name: refunds_of_order :many
-- in: order_id bigint
select id, amount, currency, reason, state, state = 'failed' as is_failed, error, created_at,
       done_at
  from payments.refund where order_id = :order_id order by id limit 100;

-- name: count_refunds :one
-- in: order_id bigint
select count(*) as n from payments.refund where order_id = :order_id;

-- name: given_back :many
-- in: order_id bigint
-- Not what came in a second time: the order is as paid as before. What the buyer's bank took is
-- with the buyer too.
select amount, currency, done_at as at
  from payments.refund where order_id = :order_id and state = 'done' and reason <> 'paid_twice'
union all
select amount, currency, closed_at
  from payments.dispute where order_id = :order_id and money = 'lost'
 order by at limit 100;

-- name: refundable :many
-- in: order_id bigint
-- Captures with what is left of each to give back, newest first.
select a.id, a.currency,
       greatest(0, a.amount - payments.disputed(a.id)
           - coalesce((select sum(r.amount) from payments.refund r
                        where r.attempt_id = a.id and r.state <> 'failed'), 0))::bigint as rest
  from payments.attempt a
 where a.order_id = :order_id and a.state = 'paid'
 order by a.paid_at desc, a.id desc
 limit 100;

-- name: leaving :many
-- in: orders bigint[]
-- Those of whose captured money all has gone back or is on its way, and no bank has any of it.
select a.order_id as id
  from payments.attempt a
 where a.order_id = any(:orders) and a.state = 'paid'
   and exists (select from payments.refund r
                where r.order_id = a.order_id and r.state <> 'failed')
 group by a.order_id
having sum(greatest(payments.disputed(a.id), a.amount
               - coalesce((select sum(r.amount) from payments.refund r
                            where r.attempt_id = a.id and r.state <> 'failed'), 0))) <= 0
 limit 200;

-- name: add_refund :maybe
-- in: order_id bigint, attempt bigint, key text, amount bigint, currency text, reason text, person bigint?
-- After one that failed it is asked for anew; one that failed under another key makes none new.
insert into payments.refund (order_id, attempt_id, key, amount, currency, reason, person_id)
select :order_id, :attempt, :key || case when f.n > 0 then '-' || f.n else '' end, :amount,
       :currency, :reason, :person
  from (select count(*) as n from payments.refund r
         where r.attempt_id = :attempt and r.state = 'failed'
           and (r.key = :key or starts_with(r.key, :key || '-'))) f
on conflict (key) do nothing
returning id;

-- name: refund :one
-- in: id bigint
select r.id, r.order_id, r.key, r.amount, r.currency, r.reason, r.state, r.error, a.provider,
       coalesce(a.payment_id, '') as payment_id, coalesce(a.session_id, '') as session_id
  from payments.refund r join payments.attempt a on a.id = r.attempt_id
 where r.id = :id;

-- name: find_refund :maybe
-- in: key text, provider_id text
select r.id, r.order_id, r.attempt_id, r.amount, r.reason, r.state,
       not a.request ? 'email' as is_erased
  from payments.refund r join payments.attempt a on a.id = r.attempt_id
 where r.key = nullif(:key, '') or r.provider_id = nullif(:provider_id, '') limit 1;

-- name: foreign_refund :maybe
-- in: order_id bigint, attempt bigint, key text, amount bigint, currency text, provider_id text
-- Given back by somebody at the provider's own desk: it counts all the same.
insert into payments.refund (order_id, attempt_id, key, amount, currency, reason, provider_id)
values (:order_id, :attempt, :key, :amount, :currency, 'at_provider', :provider_id)
on conflict do nothing
returning id, reason;

-- name: refund_done :exec
-- in: id bigint, provider_id text
update payments.refund
   set state = 'done', done_at = now(), provider_id = coalesce(nullif(:provider_id, ''), provider_id)
 where id = :id and state in ('created', 'pending');

-- name: refund_failed :maybe
-- in: id bigint, error text
with before as (
    select id, state from payments.refund where id = :id and state <> 'failed' for update
)
update payments.refund r set state = 'failed', error = :error
  from before b where r.id = b.id
returning r.amount, r.currency, b.state = 'done' as was_done;

-- name: stale_refunds :many
-- Payments of which money is going back for a while, and the provider says nothing.
select attempt_id from payments.refund
 where state in ('created', 'pending') and created_at < now() - interval '2 minutes'
   and (asked_at is null or asked_at < now() - interval '5 minutes')
 group by attempt_id
 order by min(created_at)
 limit 100;

-- name: refunds_asked :exec
-- in: attempt bigint
update payments.refund set asked_at = now()
 where attempt_id = :attempt and state in ('created', 'pending');

-- name: dispute :maybe
-- in: provider text, provider_id text
select id, order_id, amount, currency, reason, state, money, bookings, movements, is_answered,
       due_at, said_at, closed_at
  from payments.dispute where provider = :provider and provider_id = :provider_id;

-- name: add_dispute :one
-- in: order_id bigint, attempt bigint, provider text, provider_id text, payment_id text, amount bigint, currency text, reason text, state text, said_at bigint, opened_at timestamptz
insert into payments.dispute
    (order_id, attempt_id, provider, provider_id, payment_id, amount, currency, reason, state,
     said_at, opened_at)
values (:order_id, :attempt, :provider, :provider_id, :payment_id, :amount, :currency, :reason,
        :state, :said_at, :opened_at)
returning id;

-- name: dispute_is :exec
-- in: id bigint, amount bigint, reason text, state text, money text, bookings bigint, movements bigint, is_answered bool, due_at timestamptz?, said_at bigint, is_over bool
update payments.dispute
   set amount = :amount, reason = :reason, state = :state, money = :money, bookings = :bookings,
       movements = :movements, is_answered = :is_answered, due_at = :due_at, said_at = :said_at,
       reminded_at = case when due_at is not distinct from :due_at then reminded_at end,
       closed_at = case when :is_over then coalesce(closed_at, now()) end
 where id = :id;

-- name: disputed :one
-- in: order_id bigint
select coalesce(sum(payments.disputed(id)), 0)::bigint as amount
  from payments.attempt where order_id = :order_id and state = 'paid';

-- name: disputes_of_order :many
-- in: order_id bigint
select id, provider, provider_id, payment_id, amount, currency, reason, state, is_answered, due_at,
       opened_at, closed_at
  from payments.dispute where order_id = :order_id order by id limit 100;

-- name: dispute_of :one
-- in: id bigint
select id, order_id, provider, provider_id, payment_id, amount, currency, reason, state,
       is_answered, due_at, opened_at, closed_at
  from payments.dispute where id = :id;

-- name: stale_disputes :many
-- Open ones that the provider was not asked about for some hours; and for a while those that are
-- won and whose money is not back.
select id from payments.dispute
 where (closed_at is null or (state = 'won' and money <> 'kept'
                              and closed_at > now() - interval '60 days'))
   and coalesce(asked_at, created_at) < now() - interval '6 hours'
 order by coalesce(asked_at, created_at)
 limit 100;

-- name: dispute_asked :exec
-- in: id bigint
update payments.dispute set asked_at = now() where id = :id;

-- name: disputes_due :many
-- Nobody has answered the bank, and within three days nobody will be heard any more.
select id from payments.dispute
 where closed_at is null and state in ('warning_needs_response', 'needs_response')
   and not is_answered and reminded_at is null
   and due_at > now() and due_at < now() + interval '3 days'
 order by due_at limit 100;

-- name: dispute_reminded :maybe
-- in: id bigint
update payments.dispute set reminded_at = now()
 where id = :id and reminded_at is null and not is_answered and closed_at is null
returning id, order_id, state, due_at;

-- name: sealed :many
-- in: after bigint, most bigint
select id, 0::bigint as owner, client_secret as sealed from payments.attempt
 where id > :after and client_secret is not null order by id limit :most;

-- name: out_of_backup :exec
-- in: ids bigint[], plains text[]
-- What a backup has sealed beside its dump (orders: query attempts_in_backup).
update payments.attempt a set request = a.request || jsonb_build_object('email', v.plain)
  from unnest(:ids::bigint[], :plains::text[]) as v(id, plain)
 where a.id = v.id and a.request ->> 'email' = '';

-- name: seal_anew :exec
-- in: id bigint, sealed text, before text
update payments.attempt set client_secret = :sealed where id = :id and client_secret = :before;

-- name: forget_links :exec
-- The way back to an order opens it. A page is asked for again, word for word, for half an hour;
-- what is older than a day has lost it, and so have all before these.
update payments.attempt set request = request - 'success_url' - 'cancel_url'
 where id in (select id from payments.attempt
               where id > (select max(id) from payments.attempt) - 200000
                 and created_at < now() - interval '1 day' and request ? 'success_url'
               order by id limit 10000);

-- name: erase_requests :exec
-- in: order_id bigint
update payments.attempt set request = request - 'email'
 where order_id = :order_id and request ? 'email';

-- name: erased_after :many
-- in: after bigint
-- Orders whose buyers have been forgotten.
select distinct order_id from payments.attempt
 where order_id > :after and not request ? 'email' order by order_id limit 50;

-- name: erase_events :one
-- in: order_id bigint
-- What the provider told of these payments, without whom it told it of.
with mine as materialized (
    select f.id, f.applied_at is null as is_waiting
      from payments.attempt a join payments.event f on f.attempt_id = a.id
     where a.order_id = :order_id
), done as (
    update payments.event e set body = payments.without_buyer(e.body)
     where e.id = any(array(select m.id from mine m where not m.is_waiting))
)
select count(*) filter (where m.is_waiting) as waiting from mine m;

-- name: erase_older :one
-- in: order_id bigint, before bigint, most bigint
-- The same of those that were kept without their attempt, the newest of them before that one: such
-- an event names the payment, its page or our key somewhere in its text. next: where to go on; 0:
-- these were all since the order's first attempt. (An event has its number a moment before or after
-- its time.)
with sought as materialized (
    select array_agg('%' || replace(x.id, '_', '\_') || '%') as likes,
           min(a.created_at) - interval '1 hour' as since
      from payments.attempt a cross join lateral (values (a.session_id), (a.payment_id), (a.key)) x(id)
     where a.order_id = :order_id and length(x.id) > 8
), slice as materialized (
    select f.id, f.received_at, f.applied_at is null as is_waiting,
           case when f.attempt_id is null then f.body like any ((select s.likes from sought s)::text[])
                end as is_named
      from payments.event f where f.id < :before order by f.id desc limit :most
), done as (
    update payments.event e set body = payments.without_buyer(e.body)
     where e.id = any(array(select f.id from slice f where f.is_named and not f.is_waiting))
)
select count(*) filter (where f.is_named and f.is_waiting) as waiting,
       case when count(*) = :most and min(f.received_at) >= (select s.since from sought s)
            then min(f.id) else 0 end as next
  from slice f;
