-- An event is kept with the attempt it tells of: a buyer who wishes to be forgotten is, however many
-- events there are. (Of older ones the job looks for the payment in their text, a slice at a time.)
set local lock_timeout = '3s';
alter table payments.event add column attempt_id bigint;
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
create or replace function payments.keep(of_provider text, of_event text, of_kind text, said text,
    at_once text, paid jsonb, by_request text, of_rank bigint, wake boolean) returns boolean
language plpgsql as $$
begin
    return payments.keep(of_provider, of_event, of_kind, said, at_once, paid, by_request, of_rank,
        wake, null);
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
create or replace function orders.settle(of_event bigint, by_provider text, by_key text, of_payment text,
    of_amount bigint, in_currency text, by_request text, mail_rank bigint, wake boolean)
returns text language plpgsql as $$
declare
    a record;
    o record;
    became text := 'nothing new';
begin
    select id, order_id, amount, currency, state into a from payments.attempt
     where key = by_key and provider = by_provider and request ? 'email'; -- not erased meanwhile
    if not found or a.amount <> of_amount or a.currency <> in_currency then return null; end if;
    if a.state <> 'paid' then
        select payment_status, status, is_held, person_id, email, lang into strict o
          from orders."order" where id = a.order_id for update;
        select state into a.state from payments.attempt where id = a.id; -- as it is by now
    end if;
    if a.state <> 'paid' then
        if o.payment_status <> 'pending' or o.status = 'cancelled' or not o.is_held then
            return null;
        end if;
        if payments.capture(a.id, of_payment, a.order_id, 'capture:attempt:' || a.id, of_amount,
            in_currency) then
            became := 'paid';
            perform orders.fill(a.order_id);
            perform notify.say('order_paid', 'order:' || a.order_id, o.email, o.lang, null,
                a.order_id, o.person_id, by_request, mail_rank, wake);
            perform orders.tell(a.order_id, 'order.updated', by_request, wake);
        end if;
    end if;
    update payments.event
       set applied_at = now(), outcome = became, attempt_id = coalesce(attempt_id, a.id)
     where id = of_event and applied_at is null;
    -- Where it was no news, its end may be lost with the database's machine: it is looked at again.
    if became <> 'paid' then perform set_config('synchronous_commit', 'off', true); end if;
    return became;
end $$;

-- Whose erasing was given up, as it took longer than a statement may: when these programs run.
select set_config('app.platform', 'on', true);
update work.job set state = 'ready', attempt = 0, run_at = now() + interval '1 hour'
 where kind = 'payments.erase' and state = 'dead';
