-- orders: an agreed basket and its life. Each step is one statement with its condition.

-- name: next_id :one
select nextval('orders.order_id') as id;

-- name: of_revision :maybe
-- in: cart_id bigint, revision bigint
select id from orders."order" where cart_id = :cart_id and cart_revision = :revision;

-- name: look_back :one
-- in: cart_id bigint, revision bigint, person bigint, seen_revision bigint, seen_total bigint, currency text
-- answered: the order this submission was answered with before. The cart is 0 when it has been paid and
-- is gone. A guest's cookie is still about where the cart has become somebody's own: to it their order
-- is none. of_revision: the order of the cart's revision. 0: none. One statement, because it is read
-- at one instant: an order that was placed between two would be of this revision, and answer nothing.
-- next: the number of the one that may be made.
select coalesce((select id
                   from (select id, total, currency, status from orders."order"
                          where cart_id = :cart_id and cart_revision = :seen_revision
                            and (person_id is null or person_id = :person)
                         union all
                         select id, total, currency, status from orders."order"
                          where :cart_id = 0 and :person <> 0 and person_id = :person
                            and cart_revision = :seen_revision) mine
                  where total = :seen_total and currency = :currency and status <> 'cancelled'
                  order by id desc limit 1), 0) as answered,
       coalesce((select id from orders."order"
                  where cart_id = :cart_id and cart_revision = :revision), 0) as of_revision,
       nextval('orders.order_id') as next;

-- name: older_unpaid :many
-- in: cart_id bigint, revision bigint
-- Of this cart, and of a guest's that was poured into it when somebody logged in. What has left its
-- cart, because a bank was at work on it, is no more of it, also where that bank has said no since.
select o.id
  from (select :cart_id as id union all
        select id from cart.cart where merged_into = :cart_id) k,
       lateral (select id, cart_revision, status, payment_status, left_cart from orders."order"
                 where cart_id = k.id offset 0) o -- by its cart, however the planner sees the rest
 where (k.id <> :cart_id or o.cart_revision < :revision)
   and o.status = 'pending' and o.payment_status = 'pending' and not o.left_cart
 order by o.id limit 20;

-- name: place :one
-- in: id bigint, number text, cart_id bigint, revision bigint, person bigint?, email text, name text, phone text, address jsonb, lang text, currency text, goods bigint, delivery bigint, tax bigint, total bigint, tax_inclusive bool, rounding text, delivery_method text, delivery_names jsonb, trace jsonb, hold_until timestamptz, lines jsonb, several bigint, request text, wake bool, buyer text, most_orders bigint, must bool
-- All of an order in one step; not placed: this revision has one, or the cart has another. Where it
-- must be placed, what is sent with it is not done without.
select case when orders.place(:id, :number, :cart_id, :revision, :person, :email, :name, :phone, :address,
    :lang, :currency, :goods, :delivery, :tax, :total, :tax_inclusive, :rounding,
    :delivery_method, :delivery_names, :trace, :hold_until, :lines, :several, :request, :wake,
    nullif(:buyer, ''), :most_orders)
            then true when :must then base.refuse('orders.placed') else false end as is_placed;

-- name: settle :one
-- in: event bigint, provider text, key text, payment_id text, amount bigint, currency text, request text, mail_rank bigint, wake bool
-- A payment where all is plain, in one step; null: it is not, and nothing was done.
select orders.settle(:event, :provider, :key, :payment_id, :amount, :currency, :request,
    :mail_rank, :wake) as outcome;

-- name: settle_all :many
-- in: events bigint[], providers text[], keys text[], payments text[], amounts bigint[], currencies text[], requests text[], mail_rank bigint, wake bool
-- Several such; those that were plain, and what became of them.
select event, outcome from orders.settle_all(:events, :providers, :keys, :payments, :amounts,
    :currencies, :requests, :mail_rank, :wake);

-- name: note :exec
-- in: order_id bigint, kind text, actor text, person bigint?, data jsonb
insert into orders.event (order_id, kind, actor, person_id, data)
values (:order_id, :kind, :actor, :person, :data);

-- name: by_number :maybe
-- in: number text
select id, coalesce(person_id, 0) as person_id from orders."order" where number = :number;

-- name: read :one
-- in: id bigint, lang text
select id, number, coalesce(person_id, 0) as person_id, cart_id, email, name, phone, address,
       sealed, keeper, lang, currency, goods_total, delivery_total, tax_total, total, tax_inclusive, rounding,
       delivery_method, base.said(delivery_names, :lang) as delivery_name, trace, status,
       orders.money_state(payment_status, refunded_total, disputed_total) as payment_status,
       refunded_total, disputed_total,
       version, placed_at, is_held, hold_until, paid_at,
       updated_at
  from orders."order" where id = :id;

-- name: refused :one
-- in: order_id bigint
-- Nobody has begun to pay anew since the last payment failed.
select coalesce((select a.state = 'failed' from payments.attempt a
                  where a.order_id = :order_id order by a.id desc limit 1), false) as is_refused;

-- name: newest :one
-- in: id bigint
-- Grows with every step of an order: each writes its line of the story.
select coalesce(max(id), 0)::bigint as event from orders.event where order_id = :id;

-- name: buyers :many
-- in: ids bigint[]
select id, person_id from orders."order" where id = any(:ids) and person_id is not null;

-- name: lock :one
-- in: id bigint
-- The first lock of every change: order, then payment, then stock. Also of what was paid before that
-- was written down: it has left its cart, and what the cart keeps may be another order's.
select id, number, coalesce(person_id, 0) as person_id, cart_id, cart_revision,
       left_cart or payment_status <> 'pending' as left_cart, email, lang,
       currency, total, status, payment_status, refunded_total, is_held, hold_until,
       coalesce(buyer, '') as buyer, kept_s, hold_until < now() as lapsed, coalesce(address ->> 'line1', '') <> ''
           or (sealed <> '' and coalesce(address ->> 'city', '') <> '') as has_address
  from orders."order" where id = :id for update;

-- name: parts :many
-- in: order_id bigint
select p.id, p.organisation_id, o.name as organisation, p.status, p.goods_total, p.tax_total,
       p.carrier, p.tracking, p.shipped_at
  from orders.part p join auth.organisation o on o.id = p.organisation_id
 where p.order_id = :order_id order by p.id limit 100;

-- name: lines :many
-- in: order_id bigint
select l.part_id, l.organisation_id, l.position, l.product_id, l.variant_id, l.item_id, l.slug,
       l.sku, l.name, l.options, l.quantity, l.unit_price, l.line_total, l.tax_rate_bp, l.tax,
       m.stem, m.width, m.height, m.widths
  from orders.line l
  left join media.picture m on m.organisation_id = l.organisation_id and m.stem = l.picture
 where l.order_id = :order_id order by l.position limit 200;

-- name: labels :many
-- in: order_id bigint, lang text
-- What its goods are called in that language, of those that are still sold.
select l.position, k.name as own_name, k.options as own_options
  from orders.line l
  join catalog.for_cart(
       array(select x.variant_id from orders.line x where x.order_id = :order_id limit 200),
       :lang, '') k on k.id = l.variant_id
 where l.order_id = :order_id limit 200;

-- name: events :many
-- in: order_id bigint, before bigint
-- The last 200 before that one, and one more: there are earlier ones.
select id, kind, actor, data, at
  from (select id, kind, actor, data, at from orders.event
         where order_id = :order_id and id < :before order by id desc limit 201) e
 order by id;

-- name: last_times :many
-- in: order_id bigint
-- When each thing happened last, and by whom, however long the story is.
select distinct on (kind) kind, actor, data, at
  from orders.event where order_id = :order_id order by kind, id desc limit 100;

-- name: cancelled :maybe
-- in: order_id bigint
-- What was to go back as the order was cancelled, by whom it was, and why if that was said.
select coalesce((data ->> 'amount')::bigint, 0) as amount, actor, coalesce(data ->> 'why', '') as why
  from orders.event where order_id = :order_id and kind = 'cancelled' order by id limit 1;

-- name: newer :maybe
-- in: id bigint, email text
-- One that the same buyer placed later, and has paid or may be paying at this moment.
select id from orders."order"
 where email = :email and :email <> '' and id > :id and status <> 'cancelled'
   and (payment_status <> 'pending' or is_held)
 limit 1;

-- name: told_lapsed :maybe
-- in: order_id bigint
-- Their mail has gone out: it was not too late to pay by then.
select id from notify.mail
 where order_id = :order_id and template = 'order_lapsed' and state = 'sent' limit 1;

-- name: told_unpaid :one
-- in: email text, template text
-- How often this address was told the like today, of orders that nobody paid.
select count(*) as n
  from notify.mail m join orders."order" o on o.id = m.order_id
 where m.recipient = :email and m.template = :template and o.payment_status = 'pending'
   and m.created_at > now() - interval '1 day';

-- name: set_paid :exec
-- in: id bigint
update orders."order"
   set payment_status = 'paid', paid_at = now(), updated_at = now(), version = version + 1,
       status = case when status = 'pending' then 'processing' else status end, is_held = false,
       buyer = null
 where id = :id and payment_status = 'pending';

-- name: fill :exec
-- in: id bigint
-- Paid, and its stock held: the goods leave, the cart is done, the story goes on.
select orders.fill(:id) as filled;

-- name: leave_cart :exec
-- in: id bigint
select orders.leave_cart(:id) as has_left;

-- name: tell :exec
-- in: id bigint, kind text, request text, wake bool
select orders.tell(:id, :kind, :request, :wake) as told;

-- name: let_go :exec
-- in: id bigint
-- The hold is over; the order may still be paid, for what stock is there then.
update orders."order" set is_held = false, updated_at = now(), version = version + 1
 where id = :id and is_held;

-- name: refuse_hoarding :exec
-- in: id bigint, buyer text, most_orders bigint
select orders.refuse_hoarding(:id, :buyer, :most_orders) as fits;

-- name: hold_again :exec
-- in: id bigint, until timestamptz, kept_s bigint
update orders."order"
   set is_held = true, hold_until = :until, kept_s = :kept_s, updated_at = now(),
       version = version + 1
 where id = :id and status = 'pending' and payment_status = 'pending';

-- name: hold_longer :exec
-- in: id bigint, until timestamptz, kept_s bigint
update orders."order" set hold_until = :until, kept_s = :kept_s where id = :id and is_held;

-- name: hold_as_before :exec
-- in: id bigint, was_held bool, was_until timestamptz, was_kept_s bigint, until timestamptz, kept_s bigint
-- Unless it has moved on since it was held until then.
update orders."order"
   set is_held = :was_held, hold_until = :was_until, kept_s = :was_kept_s, updated_at = now(),
       version = version + 1
 where id = :id and status = 'pending' and payment_status = 'pending'
   and is_held and hold_until = :until and kept_s = :kept_s;

-- name: forget_buyers :exec
-- in: before timestamptz
-- What was kept for them is counted no more.
update orders."order" set buyer = null
 where id in (select id from orders."order" where buyer is not null and placed_at < :before
               order by placed_at limit 5000);

-- name: settling :exec
-- in: id bigint, until timestamptz
-- Being paid at this moment: the hold stays a while longer.
update orders."order" set hold_until = greatest(hold_until, :until) where id = :id and is_held;

-- name: cancel :exec
-- in: id bigint
-- What was promised and is not needed any more was not kept.
update orders."order"
   set status = 'cancelled', updated_at = now(), version = version + 1, is_held = false,
       kept_s = greatest(0, kept_s - case when is_held and hold_until > now()
                                          then extract(epoch from hold_until - now()) else 0 end)
 where id = :id and status in ('pending', 'processing');

-- name: cancel_parts :exec
-- in: order_id bigint
update orders.part set status = 'cancelled'
 where order_id = :order_id and status in ('pending', 'processing');

-- name: move :exec
-- in: id bigint, from_status text, to_status text
update orders."order" set status = :to_status, updated_at = now(), version = version + 1
 where id = :id and status = :from_status;

-- name: move_part :exec
-- in: order_id bigint, organisation bigint?, from_status text, to_status text, carrier text, tracking text
update orders.part
   set status = :to_status,
       carrier = coalesce(nullif(:carrier, ''), carrier),
       tracking = coalesce(nullif(:tracking, ''), tracking),
       shipped_at = case when :to_status = 'shipped' then now() else shipped_at end
 where order_id = :order_id and status = :from_status
   and (:organisation is null or organisation_id = :organisation);

-- name: parts_left :one
-- in: order_id bigint, organisation bigint?, carrier text, tracking text
-- How many parts have left, and whether they are found by anything else so far.
select count(*) as n,
       coalesce(bool_or(carrier <> coalesce(nullif(:carrier, ''), carrier)
                        or tracking <> coalesce(nullif(:tracking, ''), tracking)), false) as is_new
  from orders.part
 where order_id = :order_id and status in ('shipped', 'delivered')
   and (:organisation is null or organisation_id = :organisation);

-- name: track_part :exec
-- in: order_id bigint, organisation bigint?, carrier text, tracking text
update orders.part
   set carrier = coalesce(nullif(:carrier, ''), carrier),
       tracking = coalesce(nullif(:tracking, ''), tracking)
 where order_id = :order_id and status in ('shipped', 'delivered')
   and (:organisation is null or organisation_id = :organisation);

-- name: unmoved :one
-- in: order_id bigint, status text
-- How many parts have not come as far as this.
select count(*) as left_behind from orders.part
 where order_id = :order_id
   and array_position(array['pending', 'processing', 'shipped', 'delivered', 'cancelled'], status)
     < array_position(array['pending', 'processing', 'shipped', 'delivered', 'cancelled'], :status);

-- name: gone :one
-- in: order_id bigint
-- Whether something of it has left already.
select exists (select from orders.part
                where order_id = :order_id and status in ('shipped', 'delivered')) as is_gone;

-- name: refunded :exec
-- in: id bigint, refunded bigint
update orders."order"
   set refunded_total = :refunded, updated_at = now(), version = version + 1,
       payment_status = case when :refunded >= total then 'refunded' else payment_status end
 where id = :id and refunded_total < :refunded;

-- name: unrefunded :exec
-- in: id bigint, refunded bigint
-- A refund that had been said to be done has failed: the money is here again.
update orders."order"
   set refunded_total = :refunded, payment_status = 'paid', updated_at = now(),
       version = version + 1
 where id = :id and refunded_total > :refunded;

-- name: disputed :exec
-- in: id bigint, disputed bigint, refunded bigint
-- What the buyer's bank takes back, until it is decided; then it is as if it had been given back.
update orders."order"
   set disputed_total = least(:disputed, total), refunded_total = :refunded, updated_at = now(),
       version = version + 1,
       payment_status = case when :refunded >= total then 'refunded' else 'paid' end
 where id = :id and payment_status <> 'pending';

-- name: disputes :many
-- in: organisation bigint, house bool, after bigint
-- The list of the back office: what is open first, by its deadline. A seller sees those of orders
-- they sell alone, the house those of several, too.
select d.id, o.number, o.name, d.provider, d.payment_id, d.amount, d.currency, d.reason, d.state,
       d.is_answered, d.due_at, d.opened_at, d.closed_at
  from payments.dispute d
  join orders."order" o on o.id = d.order_id,
       lateral (select d.closed_at is not null as is_over, case when d.closed_at is null
           then coalesce(d.due_at, 'infinity') else '-infinity' end as due) k
 where (exists (select from orders.part p
                 where p.order_id = d.order_id and p.organisation_id = :organisation)
        and orders.sells_alone(d.order_id)
        or :house and (select count(*) from orders.part p where p.order_id = d.order_id) > 1)
   and (:after = 0 or (k.is_over, k.due, -d.id) > (
           select a.closed_at is not null, case when a.closed_at is null
                      then coalesce(a.due_at, 'infinity') else '-infinity' end, -a.id
             from payments.dispute a where a.id = :after))
 order by k.is_over, k.due, -d.id limit 51;

-- name: disputes_waiting :one
-- in: organisation bigint, house bool
select count(*) as n
  from payments.dispute d
 where d.closed_at is null and d.state in ('warning_needs_response', 'needs_response')
   and not d.is_answered
   and (exists (select from orders.part p
                 where p.order_id = d.order_id and p.organisation_id = :organisation)
        and orders.sells_alone(d.order_id)
        or :house and (select count(*) from orders.part p where p.order_id = d.order_id) > 1);

-- name: lapsing :many
select id from orders."order"
 where status = 'pending' and payment_status = 'pending' and is_held and hold_until < now()
 order by hold_until limit 200;

-- name: forgotten :many
-- in: before timestamptz
-- Never paid and nobody came back.
select id from orders."order"
 where status = 'pending' and payment_status = 'pending' and not is_held and placed_at < :before
 order by placed_at limit 200;

-- name: of_person :many
-- in: person bigint, before bigint, status text
select o.id, o.number, o.status,
       orders.money_state(o.payment_status, o.refunded_total, o.disputed_total) as payment_status,
       o.currency,
       o.total, o.placed_at, (select sum(l.quantity) from orders.line l where l.order_id = o.id)::bigint as count
  from orders."order" o
 where o.person_id = :person and o.id < :before and (:status = '' or o.status = :status)
 order by o.id desc limit 21;

-- name: of_organisation :many
-- plan: anew
-- in: organisation bigint, before bigint, status text, payment text, q text, clues text[]
-- The merchant's list; q finds what stands in orders.words, clues a telephone that is sealed: what is
-- found is looked up, instead of going through the list until enough is found. The status is that of
-- the own part. What was paid back whole is not being packed any more. Each order is looked up by its
-- number: where both tables are taken for empty, as in a first busy hour, all orders would be read for
-- each of the list. Money goes back seldom: whose did is found by the index order_given. What is not paid
-- waits or was given up, and so did every part of it: those are few, and have an index.
select o.id, o.number, o.status,
       orders.money_state(o.payment_status, o.refunded_total, o.disputed_total) as payment_status,
       o.currency,
       o.total, o.placed_at, o.name, o.email, p.goods_total, p.status as part_status, o.refunded_total
  from orders.part p
  join lateral (select x.id, x.number, x.status, x.payment_status, x.refunded_total,
                       x.disputed_total, x.currency, x.total, x.placed_at, x.name, x.email
                  from orders."order" x where x.id = p.order_id offset 0) o on true
 where p.organisation_id = :organisation and p.order_id < :before
   and (:status = '' or (p.status = :status
        and (p.status <> 'processing' or o.payment_status <> 'refunded')))
   and (:payment = '' or orders.money_state(o.payment_status, o.refunded_total,
           o.disputed_total) = :payment)
   and (:payment <> 'pending' or p.status in ('pending', 'cancelled'))
   and (:payment not in ('refunded', 'partly_refunded', 'disputed') or :q <> ''
        or p.order_id = any(array(
           select g.id from orders."order" g
            where (g.refunded_total > 0 or g.disputed_total > 0
                   or g.payment_status = 'refunded') and g.id < :before
              and orders.money_state(g.payment_status, g.refunded_total,
                      g.disputed_total) = :payment
              and exists (select from orders.part q
                           where q.order_id = g.id and q.organisation_id = :organisation
                             and (:status = '' or (q.status = :status
                                  and (q.status <> 'processing' or g.payment_status <> 'refunded'))))
            order by g.id desc limit 51)))
   and (:q = '' or p.order_id = any(array(
           select f.order_id
             from orders.found(:organisation, :q, :before,
                      case when :status = '' and :payment = '' then 51 else 2000 end) f
            union all
           select k.order_id from orders.called(:organisation, :clues) k)))
 order by p.order_id desc limit 51;

-- name: for_program :many
-- plan: anew
-- in: organisation bigint, before bigint, status text
-- As the merchant's list, for their programs: with what is their own share of it.
select o.id, o.number, o.status,
       orders.money_state(o.payment_status, o.refunded_total, o.disputed_total) as payment_status,
       o.currency, o.total, o.placed_at,
       p.status as part_status, p.goods_total as part_goods, p.tax_total as part_tax
  from orders.part p
  join lateral (select x.id, x.number, x.status, x.payment_status, x.refunded_total,
                       x.disputed_total, x.currency, x.total, x.placed_at
                  from orders."order" x where x.id = p.order_id offset 0) o on true
 where p.organisation_id = :organisation and p.order_id < :before
   and (:status = '' or (p.status = :status
        and (p.status <> 'processing' or o.payment_status <> 'refunded')))
 order by p.order_id desc limit 51;

-- name: chosen :many
-- in: organisation bigint, numbers text[]
-- What is to be known of orders that are to be sent together; paid back whole is not paid.
select o.id, o.number, o.name, o.address ->> 'city' as city, p.status as part_status,
       o.payment_status = 'paid' as is_paid, o.disputed_total > 0 as is_disputed,
       coalesce(o.address ->> 'line1', '') <> ''
           or (o.sealed <> '' and coalesce(o.address ->> 'city', '') <> '') as has_address
  from orders.part p
  join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and o.number = any(:numbers)
 limit 50;

-- name: of_customer :many
-- in: organisation bigint, email text
-- As the merchant's list has them.
select o.id, o.number, o.status,
       orders.money_state(o.payment_status, o.refunded_total, o.disputed_total) as payment_status,
       o.currency,
       o.total, o.placed_at, o.name, o.email, p.goods_total, p.status as part_status, o.refunded_total
  from orders.part p
  join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and o.email = :email
 order by p.order_id desc limit 50;

-- name: customer_label :maybe
-- in: organisation bigint, email text
-- Where the newest that went anywhere went.
select o.id, o.name, o.phone, o.address, o.sealed, o.keeper
  from orders.part p
  join orders."order" o on o.id = p.order_id
 where p.organisation_id = :organisation and o.email = :email
   and (o.sealed <> '' or coalesce(o.address ->> 'line1', '') <> '')
 order by p.order_id desc limit 1;

-- name: organisations_of :many
-- in: order_id bigint
select organisation_id from orders.part where order_id = :order_id order by organisation_id limit 100;

-- name: has_part :maybe
-- in: order_id bigint, organisation bigint
select id from orders.part where order_id = :order_id and organisation_id = :organisation;

-- name: keeper :one
-- in: id bigint
-- Whose key seals its address: that of the one who sells, the house's (0) when several do, as all
-- of them need it.
select case when count(*) = 1 then max(organisation_id) else 0 end as keeper
  from orders.part where order_id = :id;

-- name: give_address :exec
-- in: id bigint, name text, address jsonb, sealed text, keeper bigint, clues text[]
-- As long as nothing has been sent; within the country its price was reckoned for.
update orders."order"
   set name = :name, phone = '', address = :address, sealed = :sealed, keeper = :keeper,
       clues = :clues, updated_at = now(), version = version + 1
 where id = :id and status in ('pending', 'processing')
   and address ->> 'country' = :address::jsonb ->> 'country'
   and not exists (select from orders.part p
                    where p.order_id = :id and p.status in ('shipped', 'delivered'));

-- name: sealed :many
-- in: after bigint, most bigint
select id, keeper as owner, sealed from orders."order"
 where id > :after and sealed <> '' order by id limit :most;

-- name: in_backup :many
-- in: after bigint, most bigint
-- What a backup's dump does not say, and back (vault/vault.h: struct vault_veil).
select id, keeper as owner,
       jsonb_build_object('email', email, 'name', name, 'address', address)::text as plain
  from orders."order"
 where id > :after and (email <> '' or name <> '') order by id limit :most;

-- name: out_of_backup :exec
-- in: ids bigint[], plains text[]
update orders."order" o
   set email = lower(v.plain ->> 'email'), name = v.plain ->> 'name', address = v.plain -> 'address'
  from (select u.id, u.plain::jsonb as plain
          from unnest(:ids::bigint[], :plains::text[]) as u(id, plain)) v
 where o.id = v.id and o.email = '';

-- name: mails_in_backup :many
-- in: after bigint, most bigint
select m.id, o.keeper as owner,
       jsonb_build_object('recipient', m.recipient, 'answer', m.answer)::text as plain
  from notify.mail m join orders."order" o on o.id = m.order_id
 where m.id > :after and m.recipient <> '' order by m.id limit :most;

-- name: attempts_in_backup :many
-- in: after bigint, most bigint
select a.id, o.keeper as owner, a.request ->> 'email' as plain
  from payments.attempt a join orders."order" o on o.id = a.order_id
 where a.id > :after and a.request ->> 'email' <> '' order by a.id limit :most;

-- name: seal_anew :exec
-- in: id bigint, sealed text, clues text[], before text
update orders."order" set sealed = :sealed, clues = :clues where id = :id and sealed = :before;

-- name: plain :many
-- in: after bigint, most bigint
select o.id, o.phone, o.address,
       (select case when count(*) = 1 then max(p.organisation_id) else 0 end
          from orders.part p where p.order_id = o.id) as owner
  from orders."order" o
 where o.id > :after and (o.phone <> '' or coalesce(o.address ->> 'line1', '') <> '')
 order by o.id limit :most;

-- name: hide :exec
-- in: id bigint, address jsonb, sealed text, keeper bigint, clues text[], phone_before text, before jsonb
update orders."order"
   set phone = '', address = :address, sealed = :sealed, keeper = :keeper, clues = :clues
 where id = :id and phone = :phone_before and address = :before;

-- name: count_plain :one
select count(*) as n
  from (select from orders."order"
         where phone <> '' or coalesce(address ->> 'line1', '') <> '' limit 10001) found;

-- name: is_part_at :maybe
-- in: order_id bigint, organisation bigint?, status text
-- Whether this organisation's part (null: the whole order) has come just so far.
select o.id from orders."order" o
 where o.id = :order_id
   and case when :organisation is null then o.status = :status
            else exists (select from orders.part p
                          where p.order_id = o.id and p.organisation_id = :organisation
                            and p.status = :status) end;

-- name: ask :maybe
-- in: person bigint, key text, asked text
-- Nothing comes back when that key is taken; whoever comes while another transaction takes it
-- waits for that one's end.
insert into orders.answer (person_id, key, asked) values (:person, :key, :asked)
on conflict do nothing
returning person_id;

-- name: answer :maybe
-- in: person bigint, key text
select asked, coalesce(order_id, 0) as order_id, status, coalesce(answer, '') as answer, created_at
  from orders.answer where person_id = :person and key = :key;

-- name: answer_order :exec
-- in: person bigint, key text, order_id bigint
update orders.answer set order_id = :order_id where person_id = :person and key = :key;

-- name: keep_answer :exec
-- in: person bigint, key text, status bigint, answer text
update orders.answer set answer = :answer, status = :status
 where person_id = :person and key = :key and answer is null;

-- name: forget_answers :exec
-- in: before timestamptz
delete from orders.answer where (person_id, key) in
    (select person_id, key from orders.answer where created_at < :before
      order by created_at limit 5000);

-- name: all_of_person :many
-- in: person bigint, email text
-- With what was placed without logging in, with this address.
select id, number, email, name, phone, address, sealed, keeper, lang, currency, goods_total, delivery_total,
       tax_total, total, tax_inclusive, delivery_method, status, payment_status, refunded_total,
       placed_at, paid_at
  from orders."order"
 where person_id = :person or (person_id is null and email = :email and :email <> '')
 order by id limit 5000;

-- name: all_lines_of_person :many
-- in: person bigint, email text
select l.order_id, l.sku, l.name, l.options, l.quantity, l.unit_price, l.line_total, l.tax
  from orders.line l join orders."order" o on o.id = l.order_id
 where o.person_id = :person or (o.person_id is null and o.email = :email and :email <> '')
 order by l.order_id, l.position limit 50000;

-- name: open_of_person :maybe
-- in: person bigint
-- ... or disputed: what a seller answers a bank with is a claim of law. What was given back whole
-- is sent no more.
select o.number, k.is_open
  from orders."order" o,
       lateral (select o.status in ('pending', 'processing')
                       and o.payment_status <> 'refunded' as is_open) k
 where o.person_id = :person and (k.is_open or exists (
       select from payments.dispute d where d.order_id = o.id and d.closed_at is null))
 order by k.is_open desc, o.id limit 1;

-- name: erase_answers :exec
-- in: person bigint
delete from orders.answer where person_id = :person;

-- name: erase_answers_of :exec
-- in: order_id bigint
-- Staff and programs were answered with the buyer's address, too. They are those of three days: read
-- whole.
delete from orders.answer where order_id = :order_id;

-- name: erase :many
-- in: person bigint
select id, email from orders.erase(array(
    select o.id from orders."order" o where o.person_id = :person order by o.id for update));

-- name: erase_guests :exec
-- in: email text
-- Placed without logging in, with this address: to be erased as soon as they may be.
update orders."order" set forget_from = now()
 where email = :email and :email <> '' and person_id is null and forget_from is null;

-- name: erase_late :exec
-- in: person bigint
-- What was on its way while its buyer was erased stands with their name: it goes when it is over.
update orders."order" set forget_from = now()
 where person_id = :person and email <> '' and forget_from is null;

-- name: guests_open :one
-- in: email text
select count(*) as n from orders."order" o
 where o.email = :email and :email <> '' and o.person_id is null and not orders.is_over(o);

-- name: erase_due :many
select id, email from orders.erase(array(
    select o.id from orders."order" o
     where o.forget_from is not null and orders.is_over(o)
     order by o.id limit 500 for update skip locked));

-- name: hear :exec
-- in: organisation bigint, order_id bigint
-- It came in paid, not long ago, and somebody there wants to hear of it: once.
insert into orders.news (organisation_id, order_id)
select :organisation, :order_id
 where exists (select from auth.member m
                where m.organisation_id = :organisation and m.mail_orders)
   and exists (select from orders.event e
                where e.order_id = :order_id and e.kind = 'paid'
                  and e.at > now() - interval '1 day')
on conflict do nothing;

-- name: mailed_of_orders :many
-- in: organisations bigint[]
-- Those of which somebody wants to hear of orders.
select distinct m.organisation_id as id from auth.member m
 where m.organisation_id = any(:organisations) and m.mail_orders;

-- name: gather_news :exec
-- in: organisation bigint, batch bigint
update orders.news set batch = :batch where organisation_id = :organisation and batch is null;

-- name: news :many
-- in: organisation bigint, batch bigint
-- Of an order of several sellers their own part. What was cancelled since is no news.
select o.number, o.currency, count(*) over () as of_all,
       case when exists (select from orders.part x where x.order_id = o.id and x.id <> p.id)
            then p.goods_total else o.total end as total,
       (select coalesce(sum(l.quantity), 0)::bigint from orders.line l where l.part_id = p.id) as things
  from orders.news n
  join orders.part p on p.order_id = n.order_id and p.organisation_id = n.organisation_id
  join orders."order" o on o.id = n.order_id
 where n.organisation_id = :organisation and n.batch = :batch and p.status <> 'cancelled'
 order by o.id limit 20;

-- name: late_news :many
-- Where there is news that its minute's job has left lying.
select distinct organisation_id as id from orders.news
 where batch is null and created_at < now() - interval '5 minutes' order by 1 limit 1000;

-- name: forget_news :exec
-- A mail of it may wait for two days, and staff may send it once more after that.
delete from orders.news where created_at < now() - interval '7 days';
