-- An order that was given back before it was sent stood as open for ever: whoever had placed it could
-- not be erased, and a guest's was never forgotten.
set local lock_timeout = '3s';
create or replace function orders.is_over(o orders."order") returns boolean language sql stable as $$
    select case o.status when 'cancelled' then true
                         when 'delivered' then o.updated_at < now() - interval '30 days'
                         when 'shipped' then o.updated_at < now() - interval '60 days'
                         when 'processing' then o.payment_status = 'refunded'
                             and o.updated_at < now() - interval '30 days'
                             and not exists (select from orders.part p
                                              where p.order_id = o.id
                                                and p.shipped_at > now() - interval '60 days')
                         else false end
           and not exists (select from payments.dispute d
                            where d.order_id = o.id and d.closed_at is null)
$$;
