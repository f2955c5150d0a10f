-- Who is erased leaves no address behind in what they ordered as a guest, nor in what the provider told.
set local lock_timeout = '3s';
grant delete on auth.invitation to talat_app;
create index event_received on payments.event using brin (received_at);

-- Whoever placed it wishes to be forgotten; that happens when it is over.
alter table orders."order" add column forget_from timestamptz;
create index order_forget on orders."order" (id) where forget_from is not null;
-- Nothing can come of it any more: never sent, or arrived so long ago that it comes back no more.
create function orders.is_over(o orders."order") returns boolean language sql stable as $$
    select case o.status when 'cancelled' then true
                         when 'delivered' then o.updated_at < now() - interval '30 days'
                         when 'shipped' then o.updated_at < now() - interval '60 days'
                         else false end
$$;
