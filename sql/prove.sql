-- prove: what holds at all times. Each named query looks for rows that break it and must find
-- none; `what` names the row. `talatctl prove` runs them all, and so do the tests after whatever
-- they write. A restored database is proved as at the moment of its backup, app.prove_at; of the
-- tables that one test wrote, app.prove_of. Payouts (I6) and coupons (I7) have no tables yet.

-- name: I1_each_ledger_transaction_sums_to_zero
select 'transaction ' || e.transaction_id || ': ' || sum(e.amount) || ' ' || e.currency as what
  from payments.entry e group by e.transaction_id, e.currency having sum(e.amount) <> 0;

-- name: I1_the_whole_ledger_sums_to_zero
select currency || ': ' || sum(amount) as what
  from payments.entry group by currency having sum(amount) <> 0;

-- name: I1_each_ledger_transaction_has_entries
select 'transaction ' || t.id || ' of order ' || t.order_id as what
  from payments.transaction t
 where not exists (select from payments.entry e where e.transaction_id = t.id);

-- name: I2_stock_is_never_oversold
select 'item ' || item_id || ': ' || reserved || ' of ' || on_hand || ' reserved' as what
  from inventory.stock where reserved < 0 or reserved > on_hand;

-- name: I2_movements_explain_what_is_on_hand
-- Also where no stock is said to be at all.
select 'item ' || item_id || ' at ' || location_id || ': ' || coalesce(s.on_hand::text, 'nothing')
       || ' on hand, ' || coalesce(m.sum, 0) || ' by its movements' as what
  from inventory.stock s
  full join (select item_id, location_id, sum(quantity) as sum from inventory.movement
              group by item_id, location_id) m using (item_id, location_id)
 where s.on_hand is distinct from coalesce(m.sum, 0);

-- name: I2_holds_explain_what_is_reserved
select 'item ' || item_id || ' at ' || location_id || ': ' || coalesce(s.reserved::text, 'nothing')
       || ' reserved, ' || coalesce(h.sum, 0) || ' held' as what
  from inventory.stock s
  full join (select item_id, location_id, sum(quantity) as sum from inventory.hold
              where state = 'held' group by item_id, location_id) h using (item_id, location_id)
 where s.reserved is distinct from coalesce(h.sum, 0);

-- name: I3_an_order_is_paid_when_its_money_is_here
-- More than the total may be here for a while: a second payment on its way back. What a bank has
-- withdrawn counts as here until it is decided; and it may take back what had gone back already.
with kept as (
    select t.order_id, sum(e.amount) as kept,
           sum(e.amount) filter (where t.cause like 'capture:%') as captured
      from payments.transaction t
      join payments.entry e on e.transaction_id = t.id and e.account in ('provider', 'dispute')
     group by t.order_id
)
select 'order ' || o.number || ' is ' || o.payment_status || ', ' || coalesce(k.kept, 0)
       || ' kept of ' || o.total || ', ' || o.refunded_total || ' refunded' as what
  from orders."order" o left join kept k on k.order_id = o.id
 where case o.payment_status
       when 'pending' then coalesce(k.captured, 0) <> 0
       when 'paid' then coalesce(k.kept, 0) < o.total - o.refunded_total
       else o.refunded_total <> o.total or (coalesce(k.kept, 0) > 0
           and not exists (select from payments.refund r
                            where r.order_id = o.id and r.state <> 'done')) end;

-- name: I3_money_is_in_the_orders_own_currency
select 'order ' || o.number || ': ' || e.currency || ' for ' || o.currency as what
  from payments.entry e join orders."order" o on o.id = e.order_id
 where e.currency <> o.currency;

-- name: I3_an_open_payment_asks_for_the_orders_own_total
select 'attempt ' || a.key as what
  from payments.attempt a join orders."order" o on o.id = a.order_id
 where a.amount <> o.total or a.currency <> o.currency;

-- name: I3_a_paid_attempt_is_booked_with_its_amount
select 'attempt ' || a.key || ' is ' || a.state || ', ' || coalesce(sum(e.amount), 0)
       || ' booked of ' || a.amount as what
  from payments.attempt a
  left join payments.transaction t on t.cause = 'capture:attempt:' || a.id
   and t.order_id = a.order_id
  left join payments.entry e on e.transaction_id = t.id and e.account = 'provider'
 group by a.id, a.key, a.state, a.amount
having coalesce(sum(e.amount), 0) <> case when a.state = 'paid' then a.amount else 0 end;

-- name: I4_refunds_are_at_most_what_was_paid
select 'attempt ' || a.key || ': ' || sum(r.amount) || ' of ' || a.amount as what
  from payments.attempt a join payments.refund r on r.attempt_id = a.id and r.state <> 'failed'
 group by a.id, a.key, a.amount having sum(r.amount) > a.amount;

-- name: I4_the_ledger_gives_back_at_most_what_it_took
-- But for a bank, which takes what it takes.
select 'order ' || e.order_id || ': ' || sum(e.amount) as what
  from payments.entry e join payments.transaction t on t.id = e.transaction_id
 where e.account = 'provider' and t.cause not like 'dispute:%'
 group by e.order_id having sum(e.amount) < 0;

-- name: I4_a_refund_is_done_when_it_is_booked
select 'refund ' || r.key || ' is ' || r.state || ', ' || coalesce(-sum(e.amount), 0)
       || ' booked of ' || r.amount as what
  from payments.refund r
  left join payments.transaction t on t.order_id = r.order_id
   and t.cause in ('refund:' || r.id, 'refund:' || r.id || ':failed')
  left join payments.entry e on e.transaction_id = t.id and e.account = 'provider'
 group by r.id, r.key, r.state, r.amount
having coalesce(-sum(e.amount), 0) <> case when r.state = 'done' then r.amount else 0 end;

-- name: I4_a_dispute_is_booked_where_its_money_is
select 'dispute ' || d.provider_id || ' of ' || d.amount || ' is ' || d.money || ', '
       || coalesce(sum(e.amount) filter (where e.account = 'dispute'), 0) || ' withdrawn and '
       || coalesce(sum(e.amount) filter (where e.account = 'buyer'), 0) || ' lost in the books'
       as what
  from payments.dispute d
  left join payments.transaction t on t.order_id = d.order_id
   and t.cause like 'dispute:' || d.id || ':%'
  left join payments.entry e on e.transaction_id = t.id
 group by d.id, d.provider_id, d.amount, d.money
having coalesce(sum(e.amount) filter (where e.account = 'dispute'), 0)
           <> case d.money when 'withdrawn' then d.amount else 0 end
    or coalesce(sum(e.amount) filter (where e.account = 'buyer'), 0)
           <> case d.money when 'lost' then d.amount else 0 end;

-- name: I4_every_withdrawal_is_of_a_dispute
select t.cause as what
  from payments.transaction t
 where t.cause like 'dispute:%' and not exists (
     select from payments.dispute d
      where d.id::text = split_part(t.cause, ':', 2) and d.order_id = t.order_id);

-- name: I4_an_order_says_what_of_it_is_in_dispute
select 'order ' || o.number || ' says ' || o.disputed_total || ', its disputes '
       || coalesce(d.amount, 0) as what
  from orders."order" o
  left join (select order_id, sum(amount) as amount from payments.dispute
              where state in ('needs_response', 'under_review') group by order_id) d
    on d.order_id = o.id
 where o.disputed_total <> least(coalesce(d.amount, 0), o.total);

-- name: I5_each_event_is_stored_once
select provider || ' ' || event_id as what
  from payments.event group by provider, account, event_id having count(*) > 1;

-- name: I5_each_capture_is_booked_once
select cause as what from payments.transaction group by cause having count(*) > 1;

-- name: I5_a_payment_pays_one_attempt
select provider || ' ' || payment_id as what
  from payments.attempt where state = 'paid' and payment_id is not null
 group by provider, payment_id having count(*) > 1;

-- name: I8_a_row_is_of_its_parents_organisation_and_order
-- By each foreign key between two tables that both say whose they are: asked of the catalogue, so
-- that no table is forgotten. Anybody's goods and categories may stand in anybody's category.
select told.what::text as what
  from (select c.conrelid::regclass as child, c.confrelid::regclass as parent, whose.name as whose,
               string_agg(f.attname, ' ' order by k.place) as keys,
               string_agg(format('c.%I', f.attname), ', ' order by k.place) as given,
               string_agg(format('c.%I = p.%I', f.attname, t.attname), ' and ') as meet
          from pg_constraint c
         cross join (values ('organisation_id'), ('order_id')) as whose(name)
          join pg_attribute own on own.attrelid = c.conrelid and own.attname = whose.name
          join pg_attribute its on its.attrelid = c.confrelid and its.attname = whose.name
         cross join unnest(c.conkey, c.confkey) with ordinality as k(own, its, place)
          join pg_attribute f on f.attrelid = c.conrelid and f.attnum = k.own
          join pg_attribute t on t.attrelid = c.confrelid and t.attnum = k.its
         where c.contype = 'f' and own.attnum <> all(c.conkey)
           and (c.conrelid::regclass::text, c.confrelid::regclass::text) not in (
               ('catalog.category', 'catalog.category'),
               ('catalog.product_category', 'catalog.category'))
           and coalesce(array[c.conrelid::regclass::text, c.confrelid::regclass::text]
               && string_to_array(nullif(current_setting('app.prove_of', true), ''), ' '), true)
         group by c.oid, c.conrelid, c.confrelid, whose.name) key,
       unnest(xpath('/table/row/what/text()', query_to_xml(format(
           'select %1$L || concat_ws('' '', %2$s) || '': '' || %3$L || c.%4$I || '', not '' || p.%4$I'
           ' as what from %5$s c join %6$s p on %7$s where c.%4$I <> p.%4$I limit 20',
           child || '.' || keys || ' ', given, whose || ' ', whose, child, parent, meet),
           false, false, ''))) as told(what);

-- name: I8_what_no_key_holds_together_is_of_one_organisation
-- Goods may be deleted after they were sold; their stock never is.
select 'line ' || l.id || ' of another''s item' as what
  from orders.line l left join inventory.item i on i.id = l.item_id
 where i.organisation_id is distinct from l.organisation_id
union all
select 'line ' || l.id || ' of another''s product'
  from orders.line l join catalog.product p on p.id = l.product_id
 where p.organisation_id <> l.organisation_id
union all
select 'line ' || l.id || ' of another''s variant'
  from orders.line l join catalog.variant v on v.id = l.variant_id
 where v.organisation_id <> l.organisation_id
union all
select 'entry ' || e.id || ' of somebody who has no part'
  from payments.entry e
 where e.organisation_id is not null and not exists (
     select from orders.part p
      where p.order_id = e.order_id and p.organisation_id = e.organisation_id);

-- name: I8_money_given_back_is_of_the_payments_currency
select 'refund ' || r.key as what
  from payments.refund r join payments.attempt a on a.id = r.attempt_id
 where a.currency <> r.currency
union all
select 'dispute ' || d.provider_id
  from payments.dispute d join payments.attempt a on a.id = d.attempt_id
 where a.currency <> d.currency;

-- name: I9_no_event_waits_longer_than_a_minute
select 'event ' || id || ' ' || kind as what from work.outbox
 where read_at is null and created_at < coalesce(nullif(current_setting('app.prove_at', true), '')::timestamptz,
           clock_timestamp()) - interval '60 seconds';

-- name: I9_events_are_numbered_without_a_gap
select 'organisation ' || s.organisation_id || ': ' || s.last || ' given, ' || max(o.seq)
       || ' the last, ' || count(*) || ' there' as what
  from work.sequence s join work.outbox o on o.organisation_id = s.organisation_id
   and o.seq is not null
 group by s.organisation_id, s.last
having s.last <> max(o.seq) or count(*) <> max(o.seq) - min(o.seq) + 1;

-- name: I10_no_stock_is_held_for_longer_than_was_said
-- But for a payment that is being made, and a provider that cannot be asked: by the keys of what
-- it failed with. Any other failure is our own.
select 'hold of order ' || h.order_id || ' since ' || h.expires_at as what
  from inventory.hold h
 where h.state = 'held' and h.expires_at < coalesce(nullif(current_setting('app.prove_at', true), '')::timestamptz,
           clock_timestamp()) - interval '60 seconds'
   and not exists (select from payments.attempt a
                    where a.order_id = h.order_id and a.state = 'processing')
   and not exists (select from work.job j
                    where j.key = 'orders.lapse:' || h.order_id
                      and split_part(j.error, ':', 1) in ('http.away', 'http.slow', 'http.late',
                          'http.large', 'http.peer', 'http.malformed', 'payments.stripe',
                          'payments.circuit', 'payments.refused', 'payments.sum',
                          'payments.expire'));

-- name: I10_an_order_that_holds_nothing_has_no_hold
select 'order ' || o.number as what
  from orders."order" o join inventory.hold h on h.order_id = o.id and h.state = 'held'
 where not o.is_held;

-- name: I11_the_ledgers_chain_holds
select 'transaction ' || t.id as what
  from (select t.id, t.hash, t.previous, t.order_id, t.cause,
               coalesce(lag(t.hash) over (partition by t.order_id order by t.id), '') as before,
               (select string_agg(e.account || ' ' || e.amount || ' ' || e.currency, ','
                                  order by e.id)
                  from payments.entry e where e.transaction_id = t.id) as entries
          from payments.transaction t) t
 where t.previous <> t.before
    or t.hash <> encode(sha256(convert_to(t.previous || '|' || t.order_id || '|' || t.cause
                                          || '|' || t.entries, 'UTF8')), 'hex');

-- name: I11_nothing_may_change_a_ledger_row
-- 27: before, for each row, of update and of delete.
select kept.place as what
  from (values ('payments.transaction', 'base.refuse_change'),
               ('payments.entry', 'base.refuse_change'),
               ('inventory.movement', 'base.refuse_change_but_whence'),
               ('orders.event', 'base.refuse_change_but_whence'),
               ('audit.entry', 'audit.refuse_change'),
               ('audit.seal', 'audit.refuse_change')) as kept(place, guard)
 where not exists (select from pg_trigger t
                    where t.tgrelid = kept.place::regclass and t.tgname = 'never_changed'
                      and t.tgenabled = 'O' and t.tgtype = 27 and t.tgqual is null
                      and t.tgfoid = (kept.guard || '()')::regprocedure);

-- name: I11_an_address_is_the_one_it_was_written_with
select place || ' ' || id as what
  from (select 'entry' as place, id, source, whence from audit.entry where whence is not null
        union all
        select 'event', id, source, whence from orders.event where whence is not null
        union all
        select 'movement', id, source, whence from inventory.movement where whence is not null) a
 where not base.is_whence(whence, source);

-- name: I11_the_programs_may_only_add_to_a_ledger
select t || ': ' || p as what
  from unnest(array['payments.transaction', 'payments.entry', 'inventory.movement',
           'orders.event', 'audit.entry', 'audit.seal']) t,
       unnest(array['update', 'delete', 'truncate']) p
 where has_table_privilege('talat_app', t, p);

-- name: the_rules_of_the_database_stand
-- Those that everything above leans on: a rule that was dropped breaks no row by itself.
select wanted.name as what
  from (values ('payments.attempt', 'one_open_attempt'), ('payments.attempt', 'attempt_session'),
            ('payments.attempt', 'attempt_key_key'), ('payments.event', 'event_once'),
            ('payments.refund', 'refund_key_key'), ('payments.refund', 'refund_fits'),
            ('payments.dispute', 'dispute_once'),
            ('payments.transaction', 'once_per_cause'), ('payments.entry', 'sums_to_zero'),
            ('inventory.stock', 'never_oversold'), ('inventory.movement', 'once_per_cause'),
            ('inventory.hold', 'hold_order_id_item_id_location_id_key'),
            ('orders."order"', 'one_order_per_revision'), ('orders."order"', 'totals_add_up'),
            ('orders."order"', 'refunds_fit'), ('orders.line', 'line_adds_up'),
            ('work.job', 'job_key'), ('work.outbox', 'outbox_numbered'), ('cart.cart', 'cart_of_person'),
            ('auth.member', 'an_owner_stays'), ('auth.member', 'an_owner_stays_one'),
            ('auth.member', 'audited'), ('auth.member', 'audited_change'),
            ('audit.entry', 'never_emptied'), ('audit.seal', 'never_emptied')) as wanted(place, name)
 where not exists (select from pg_constraint c
                    where c.conrelid = wanted.place::regclass and c.conname = wanted.name
                      and c.convalidated)
   and not exists (select from pg_index i join pg_class c on c.oid = i.indexrelid
                    where i.indrelid = wanted.place::regclass and c.relname = wanted.name
                      and i.indisunique and i.indisvalid)
   and not exists (select from pg_trigger t
                    where t.tgrelid = wanted.place::regclass and t.tgname = wanted.name
                      and t.tgenabled = 'O');

-- name: every_tenants_rows_are_guarded
select c.oid::regclass::text as what
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and has_table_privilege('talat_app', c.oid, 'select') and n.nspname !~ '^(pg_|information_)'
   and c.oid::regclass::text not in ('ops.change', 'ops.mark') -- of the schema itself
   and not (c.relrowsecurity and c.relforcerowsecurity);

-- name: the_lines_of_an_order_are_its_goods
select 'order ' || o.number as what
  from orders."order" o join orders.line l on l.order_id = o.id
 group by o.id, o.number, o.goods_total, o.tax_total
having sum(l.line_total) <> o.goods_total or sum(l.tax) > o.tax_total;

-- name: the_parts_of_an_order_are_its_goods
select 'part ' || p.id as what
  from orders.part p join orders.line l on l.part_id = p.id
 group by p.id, p.goods_total, p.tax_total
having sum(l.line_total) <> p.goods_total or sum(l.tax) <> p.tax_total;

-- name: I11_audit_seals_verify
-- But of the anchor: what it covered has had its time.
select 'seal ' || id as what
  from (select s.*, lag(s.hash, 1, '') over (order by s.id) as hash_before from audit.seal s) s
 where s.hash <> audit.hash_of(s.hash_before, s.entries)
   and s.id is distinct from (select audit.anchor());

-- name: I11_each_audit_entry_is_sealed_once_or_waits_for_it
select 'entry ' || coalesce(e.id, k.id) || ': ' || coalesce(k.times, 0) || ' times' as what
  from audit.entry e
  full join (select id, count(*) as times
               from (select unnest(entries) as id from audit.seal
                      where id is distinct from (select audit.anchor())
                     union all select entry_id from audit.unsealed) a group by id) k using (id)
 where e.id is null or k.times is distinct from 1;
