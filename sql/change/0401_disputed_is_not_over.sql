-- What a seller answers a bank with is not erased while the bank asks.
set local lock_timeout = '3s';
create or replace function orders.is_over(o orders."order") returns boolean language sql stable as $$
    select case o.status when 'cancelled' then true
                         when 'delivered' then o.updated_at < now() - interval '30 days'
                         when 'shipped' then o.updated_at < now() - interval '60 days'
                         else false end
           and not exists (select from payments.dispute d
                            where d.order_id = o.id and d.closed_at is null)
$$;
