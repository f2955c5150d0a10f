-- A plain payment in one statement.
set local lock_timeout = '3s';

-- What a provider says of money that has come, where all is plain: the whole of what was asked for,
-- of an order that waits for it and holds its stock. What became of it; null: it is not plain, and
-- nothing was done. Locks order, payment, cart, stock.
create function orders.settle(of_event bigint, by_provider text, by_key text, of_payment text,
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
    update payments.event set applied_at = now(), outcome = became
     where id = of_event and applied_at is null;
    -- Where it was no news, its end may be lost with the database's machine: it is looked at again.
    if became <> 'paid' then perform set_config('synchronous_commit', 'off', true); end if;
    return became;
end $$;
