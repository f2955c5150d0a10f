/* An agreed basket and its life: paid, shipped, cancelled, lapsed, given back; who sees it. */
#include "gen/queries.h"
#include "io/io.h"
#include "orders/orders_in.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"

#define SHOPPER "shopper@example.test"
#define ADMIN_  "admin@example.test"
#define TOTAL   134000

static str state(i64 order)
{
    return t_str("select status || ' ' || payment_status || case when is_held then ' held' else '' "
                 "end as s from orders.\"order\" where id = %" PRId64, order);
}

static i64 on_hand(void)
{
    return t_int("select s.on_hand as n from inventory.stock s join catalog.variant v on "
                 "v.item_id = s.item_id and v.sku = '" CABLE "'");
}

static i64 reserved(void)
{
    return t_int("select s.reserved as n from inventory.stock s join catalog.variant v on "
                 "v.item_id = s.item_id and v.sku = '" CABLE "'");
}

static str path_of(i64 order, const char *suffix)
{
    return str_fmt(t_ctx()->mem, "/orders/%.*s%s%.*s", STR(t_number(order)), suffix,
        STR(t_key(order)));
}

static void opens(i64 order, int status)
{
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(status);
}

static str desk_of(i64 order, const char *suffix)
{
    return str_fmt(t_ctx()->mem, "/admin/orders/%.*s%s", STR(t_number(order)), suffix);
}

static str timeline(i64 order)
{
    return t_str("select string_agg(kind, ' ' order by id) as s from orders.event where order_id = "
                 "%" PRId64, order);
}

static i64 mails(i64 order, const char *template)
{
    return t_int("select count(*) as n from notify.mail where order_id = %" PRId64
                 " and template = '%s'", order, template);
}

/* ---- placing and paying -------------------------------------------------------------------- */

T(placing_writes_the_order_its_parts_lines_holds_and_news)
{
    i64 order = t_order();
    eq_str(state(order), "pending pending held");
    eq_int(t_int("select count(*) as n from orders.part where order_id = %" PRId64, order), 1);
    eq_int(t_int("select count(*) as n from orders.line where order_id = %" PRId64
                 " and unit_price = 129000 and quantity = 1", order), 1);
    eq_int(t_int("select count(*) as n from inventory.hold where state = 'held' and order_id = "
                 "%" PRId64, order), 1);
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'order.created' and "
                 "subject_id = %" PRId64, order), 1);
    eq_int(t_int("select (hold_until - placed_at) between interval '14 minutes' and interval '16 "
                 "minutes' as n from orders.\"order\" where id = %" PRId64, order), 1);
    eq_str(timeline(order), "placed");
    eq_int(reserved(), 1);
}

/* Of what waits for money. */
static i64 unpaid_read(void)
{
    return t_rows_read("inventory.hold, payments.attempt, orders.\"order\"");
}

enum { COPIES = 1000000000 }; /* have ids above it */

/* So many more like it, but for their numbers and what is in `more`: keys and values in SQL. A few in
 * each statement, which has its time. */
static void copy_order(i64 order, const char *name, int many, const char *more)
{
    enum { AT_ONCE = 650 };
    for (int from = 1; from <= many; from += AT_ONCE)
        t_sql("insert into orders.\"order\" select (jsonb_populate_record(o, jsonb_build_object("
              "'id', %d + n, 'number', '%s-' || 10000 + n, 'cart_id', -n%s))).*"
              " from orders.\"order\" o, generate_series(%d, %d) n where o.id = %" PRId64,
            COPIES, name, more, from, from + AT_ONCE <= many ? from + AT_ONCE - 1 : many, order);
}

/* A thousand more like it, of which each waits for its money and holds what it wants of the stock. */
static void owe_many(i64 order, i64 stock)
{
    copy_order(order, "MANY", 1000,
        ", 'status', 'pending', 'payment_status', 'pending', 'is_held', true");
    t_stock(CABLE, stock);
    t_sql("insert into inventory.hold (organisation_id, order_id, item_id, location_id, quantity,"
          " expires_at) select h.organisation_id, %d + n, h.item_id, h.location_id, 1,"
          " now() + interval '1 hour' from inventory.hold h, generate_series(1, 1000) n"
          " where h.order_id = %" PRId64 "; update inventory.stock s set reserved = reserved + 1000"
          " from inventory.hold h where h.order_id = %" PRId64 " and s.item_id = h.item_id"
          " and s.location_id = h.location_id",
        COPIES, order, order);
    t_sql("insert into payments.attempt (order_id, provider, key, amount, currency, state, request,"
          " expires_at) select id, 'stripe', 'many-' || id, total, currency, 'open', '{}',"
          " now() + interval '1 hour' from orders.\"order\" where id > %d",
        COPIES);
}

/* As when a sale begins: thousands have ordered and not paid yet, and the plans are older. */
T(an_order_is_looked_up_however_many_are_unpaid)
{
    t_sql("discard plans");
    t_sql("set local enable_seqscan = off"); /* by some index, as of any shop that is not new */
    i64 first = t_order();
    t_paid(first);
    owe_many(first, 1010);
    t_browser();
    t_put(CABLE, 1);
    t_to_pay();
    i64 before = unpaid_read();
    t_pay();
    i64 order = t_int("select max(id) as n from orders.\"order\" where id < %d", COPIES);
    t_paid(order);
    i64 read = unpaid_read() - before;
    eq_str(state(order), "processing paid");
    eq_int(read < 300 ? 0 : read, 0);
}

T(what_cannot_be_held_leaves_nothing_behind)
{
    i64 first = t_order(), before = t_int("select count(*) as n from orders.line");
    i64 holds = t_int("select count(*) as n from inventory.hold");
    t_stock(CABLE, 1); /* the one that is held already */
    t_browser();
    t_stock(RADIO, 5);
    t_put(RADIO, 1);
    t_to_pay();
    i64 revision = node_int(node_path(t_document(), S("checkout.cart")), "revision");
    i64 total = node_int(node_path(t_document(), S("checkout.totals")), "total");
    t_sql("insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency) select "
          "(select max(id) from cart.cart), id, 1, 129000, 'THB' from catalog.variant where sku = '"
          CABLE "'");
    t_with("Accept", "application/json");
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64, revision, total);
    t_status(409);
    eq_int(t_int("select max(id) as n from orders.\"order\""), first);
    eq_int(t_int("select count(*) as n from orders.line"), before);
    eq_int(t_int("select count(*) as n from inventory.hold"), holds);
}

T(the_providers_event_alone_makes_an_order_paid)
{
    i64 order = t_order();
    t_get(path_of(order, "/return").p); /* the browser came back first: that proves nothing */
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
    eq_str(state(order), "pending pending held");
    t_paid(order);
    eq_str(state(order), "processing paid");
    eq_int(on_hand(), 9);
    eq_int(reserved(), 0);
    eq_str(t_str("select status as s from orders.part where order_id = %" PRId64, order),
        "processing");
    eq_str(timeline(order), "placed paid");
    eq_int(mails(order, "order_paid"), 1);
    eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64, order),
        1);
    t_get("/cart.json"); /* the cart is done */
    t_json("cart.isEmpty", "true");
    opens(order, 200);
}

T(the_same_news_twice_is_old_news)
{
    i64 order = t_order();
    t_paid(order);
    for (int i = 0; i < 5; i++) {
        t_event("evt_t_once", "checkout.session.completed",
            t_session_object(order, "complete", "paid", TOTAL, "thb"));
        t_status(200);
        t_event(str_fmt(t_ctx()->mem, "evt_t_again_%d", i).p, "payment_intent.succeeded",
            t_intent_object(order, TOTAL));
        t_status(200);
        t_drain();
    }
    eq_str(state(order), "processing paid");
    eq_int(on_hand(), 9);
    eq_int(mails(order, "order_paid"), 1);
    eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64, order),
        1);
    eq_str(timeline(order), "placed paid");
}

static void news(i64 order, int what, int copy)
{
    const char *id = str_fmt(t_ctx()->mem, "evt_t_%" PRId64 "_%d_%d", order, what, copy).p;
    if (what == 0)
        t_event(id, "checkout.session.completed",
            t_session_object(order, "complete", "paid", TOTAL, "thb"));
    else if (what == 1)
        t_event(id, "payment_intent.succeeded", t_intent_object(order, TOTAL));
    else if (what == 2)
        t_event(id, "payment_intent.payment_failed", t_intent_object(order, 0));
    else
        t_event(id, "checkout.session.completed",
            t_session_object(order, "complete", "unpaid", TOTAL, "thb"));
    t_status(200);
}

T(events_in_any_order_and_doubled_end_in_the_same_state)
{
    for (int i = 0; i < 24; i++) {
        int left[] = { 0, 1, 2, 3 }, code = i;
        i64 order = t_order();
        for (int n = 4; n > 0; n--) {
            int pick = code % n, what = left[pick];
            code /= n;
            left[pick] = left[n - 1];
            news(order, what, 0);
            if (i % 2)
                t_drain();
            news(order, what, i % 3); /* the same event, or another of the same thing */
        }
        t_drain();
        if (!str_is(state(order), "processing paid"))
            ck_abort_msg("order of events %d: %.*s", i, STR(state(order)));
        eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64,
                   order), 1);
        t_browser();
    }
}

/* Of all that waits, as a worker would settle what it has taken together. */
static str settled_together(void)
{
    return t_str(
        "select string_agg(coalesce(e.event_id, '') || ' ' || s.outcome, ', ' order by e.id) as s"
        " from (select array_agg(j.subject_id order by j.id) as events,"
        "              array_agg(j.data ->> 'provider' order by j.id) as providers,"
        "              array_agg(j.data ->> 'key' order by j.id) as keys,"
        "              array_agg(j.data ->> 'payment' order by j.id) as payments,"
        "              array_agg((j.data ->> 'amount')::bigint order by j.id) as amounts,"
        "              array_agg(j.data ->> 'currency' order by j.id) as currencies,"
        "              array_agg(j.request order by j.id) as requests"
        "         from work.job j where j.kind = 'payment.event' and j.data ? 'key') a,"
        " orders.settle_all(a.events, a.providers, a.keys, a.payments, a.amounts, a.currencies,"
        "     a.requests, 0, false) s join payments.event e on e.id = s.event");
}

T(payments_told_of_together_are_settled_together_and_what_is_not_plain_is_left)
{
    i64 one = t_order(), two, less, gone;
    t_browser();
    two = t_order();
    t_browser();
    less = t_order();
    t_browser();
    gone = t_order();
    t_post_f(path_of(gone, "/cancel").p, "%s", "");
    t_sql("delete from work.job");
    t_event("evt_t_two", "payment_intent.succeeded", t_intent_object(two, TOTAL));
    t_event("evt_t_less", "payment_intent.succeeded", t_intent_object(less, TOTAL - 1));
    t_event("evt_t_one", "payment_intent.succeeded", t_intent_object(one, TOTAL));
    t_event("evt_t_gone", "payment_intent.succeeded", t_intent_object(gone, TOTAL));
    t_event("evt_t_again", "checkout.session.completed",
        t_session_object(one, "complete", "paid", TOTAL, "thb"));
    eq_str(settled_together(), "evt_t_two paid, evt_t_one paid, evt_t_again nothing new");
    /* What was paid is waited for, though the last was no news. */
    eq_str(t_str("select current_setting('synchronous_commit') as s"), "on");
    for (int i = 0; i < 2; i++) {
        i64 order = i ? two : one;
        eq_str(state(order), "processing paid");
        eq_str(timeline(order), "placed paid");
        eq_int(mails(order, "order_paid"), 1);
        eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64,
                   order), 1);
    }
    eq_str(state(less), "pending pending held");
    eq_str(state(gone), "cancelled pending");
    eq_int(on_hand(), 8);
    eq_int(reserved(), 1);
    t_drain(); /* those go by themselves */
    has_text(timeline(less), "payment_mismatch");
    has_text(timeline(gone), "refund_asked");
    eq_str(settled_together(), "");
}

/* What became of an order by its payment, told without numbers: of two that are alike, the same. */
static str aftermath(i64 order)
{
    return t_str(
        "select concat_ws(E'\\n', o.status, o.payment_status, o.is_held, o.left_cart, o.version,"
        " o.buyer is null, o.paid_at = now(), o.updated_at = now(),"
        " (select string_agg(p.status, ' ' order by p.id) from orders.part p"
        "   where p.order_id = o.id),"
        " (select string_agg(v.kind || ' ' || v.actor, ', ' order by v.id) from orders.event v"
        "   where v.order_id = o.id),"
        " (select string_agg(concat_ws(' ', a.state, a.paid_at = now(),"
        "         a.payment_id = said.data ->> 'payment'), ', ')"
        "    from payments.attempt a where a.order_id = o.id),"
        " (select string_agg(concat_ws(' ', t.cause = 'capture:attempt:' || a.id, t.previous,"
        "           e.account, e.amount, e.currency), ', ' order by e.id)"
        "    from payments.attempt a join payments.transaction t on t.order_id = a.order_id"
        "    join payments.entry e on e.transaction_id = t.id where a.order_id = o.id),"
        " (select string_agg(concat_ws(' ', h.state, h.quantity, m.quantity, m.reason), ', '"
        "                    order by h.item_id)"
        "    from inventory.hold h left join inventory.movement m on m.item_id = h.item_id"
        "     and m.location_id = h.location_id and m.cause = 'order:' || o.id || ' sold'"
        "   where h.order_id = o.id),"
        " (select concat_ws(' ', k.state, k.revision - o.cart_revision, k.held) from cart.cart k"
        "   where k.id = o.cart_id),"
        " (select string_agg(concat_ws(' ', m.template, m.cause = 'order:' || o.id,"
        "           m.recipient = o.email, m.lang = o.lang,"
        "           m.person_id is not distinct from o.person_id, m.organisation_id, m.state,"
        "           j.key = 'notify.mail:' || m.id, j.rank, j.state, j.data,"
        "           j.run_at = now(), j.organisation_id, j.request = said.request), ', ')"
        "    from notify.mail m"
        "    left join work.job j on j.kind = 'notify.mail' and j.subject_id = m.id"
        "   where m.order_id = o.id and m.template = 'order_paid'),"
        " (select string_agg(concat_ws(' ', u.kind, u.organisation_id,"
        "           replace(u.data::text, o.number, '?'), u.request = said.request), ', '"
        "                    order by u.id)"
        "    from work.outbox u where u.subject_id = o.id and u.kind = 'order.updated'),"
        " (select concat_ws(' ', e.outcome, e.applied_at = now(),"
        "           e.attempt_id = (select a.id from payments.attempt a where a.order_id = o.id))"
        "    from payments.event e where e.id = said.subject_id)) as s"
        "  from orders.\"order\" o left join work.job said on said.kind = 'payment.event' and"
        "   said.data ->> 'key' = (select a.key from payments.attempt a where a.order_id = o.id)"
        " where o.id = %" PRId64, order);
}

static i64 order_of_two_things(void)
{
    t_stock(CABLE, 50);
    t_stock(RADIO, 50);
    t_put(CABLE, 2);
    t_put(RADIO, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    return t_int("select max(id) as n from orders.\"order\"");
}

static i64 total_of(i64 order)
{
    return t_int("select total as n from orders.\"order\" where id = %" PRId64, order);
}

T(what_is_settled_together_ends_as_what_is_settled_alone)
{
    i64 orders[4];
    for (int i = 0; i < 4; i++) {
        orders[i] = order_of_two_things();
        if (i)
            t_sql("insert into orders.part (order_id, organisation_id, status, goods_total,"
                  " tax_total) select %" PRId64 ", id, 'processing', 0, 0 from auth.organisation"
                  " where slug = 't-other'", orders[i]);
        else
            t_other_sells(orders[i]);
        t_sql("update orders.\"order\" set email = 't.%d@example.test', lang = '%s', person_id = %s"
              " where id = %" PRId64, i, i % 2 ? "en" : "th", i % 3 ? "null" : "2", orders[i]);
        t_browser();
    }
    t_sql("delete from work.job");
    for (int i = 3; i >= 0; i--)
        t_event(str_fmt(t_ctx()->mem, "evt_t_%d", i).p, "payment_intent.succeeded",
            t_intent_object(orders[i], total_of(orders[i])));
    t_sql("update work.job set request = 'r' || id where kind = 'payment.event'");
    i64 cables = on_hand(), kept = reserved();
    eq_str(t_str("select orders.settle(j.subject_id, j.data ->> 'provider', j.data ->> 'key',"
                 " j.data ->> 'payment', (j.data ->> 'amount')::bigint, j.data ->> 'currency',"
                 " j.request, 0, false) as s"
                 " from work.job j join payments.event e on e.id = j.subject_id"
                 " where j.kind = 'payment.event' and e.event_id = 'evt_t_0'"), "paid");
    str alone = aftermath(orders[0]);
    has_text(alone, "processing\npaid\n");
    has_text(alone, "sold 1 -1 sold, sold 2 -2 sold");
    t_sql("update work.job set kind = 'payment.done' where data ->> 'key' = (select key from"
          " payments.attempt where order_id = %" PRId64 ")", orders[0]);
    eq_str(settled_together(), "evt_t_3 paid, evt_t_2 paid, evt_t_1 paid");
    t_sql("update work.job set kind = 'payment.event' where kind = 'payment.done'");
    alone = aftermath(orders[0]);
    for (int i = 1; i < 4; i++)
        eq_str(aftermath(orders[i]), alone);
    eq_int(on_hand(), cables - 8);
    eq_int(reserved(), kept - 8);
}

T(what_came_into_a_cart_after_its_order_stays_in_it_when_several_are_paid)
{
    i64 plain = t_order(), more, left;
    t_browser();
    t_stock(RADIO, 20);
    more = t_order();
    t_put(RADIO, 1); /* in another tab */
    t_browser();
    left = t_order();
    t_put(RADIO, 1);
    t_sql("select orders.leave_cart(%" PRId64 ")", left);
    t_sql("delete from work.job");
    t_event("evt_t_more", "payment_intent.succeeded", t_intent_object(more, TOTAL));
    t_event("evt_t_left", "payment_intent.succeeded", t_intent_object(left, TOTAL));
    t_event("evt_t_plain", "payment_intent.succeeded", t_intent_object(plain, TOTAL));
    eq_str(settled_together(), "evt_t_more paid, evt_t_left paid, evt_t_plain paid");
    for (int i = 0; i < 3; i++) {
        i64 order = i == 0 ? plain : i == 1 ? more : left;
        eq_str(state(order), "processing paid");
        eq_str(timeline(order), "placed paid");
        eq_int(mails(order, "order_paid"), 1);
        eq_str(t_str("select k.state || coalesce((select string_agg(' ' || v.sku, '')"
                     " from cart.line l join catalog.variant v on v.id = l.variant_id"
                     " where l.cart_id = k.id"
                     " and k.state = 'open'), '') as s from orders.\"order\" o join cart.cart k"
                     " on k.id = o.cart_id where o.id = %" PRId64, order),
            i == 0 ? "ordered" : "open " RADIO);
    }
    eq_int(on_hand(), 7);
    eq_int(reserved(), 0);
}

T(what_is_cancelled_or_holds_nothing_is_left_to_itself_when_several_are_paid)
{
    i64 gone = t_order(), late, plain;
    t_browser();
    late = t_order();
    t_browser();
    plain = t_order();
    t_post_f(path_of(gone, "/cancel").p, "%s", "");
    t_sql("update orders.\"order\" set is_held = id <> %" PRId64 ", left_cart = true"
          " where id <> %" PRId64, late, plain);
    t_sql("update inventory.hold set state = 'freed' where order_id = %" PRId64, late);
    t_sql("update inventory.stock set reserved = reserved - 1 where (item_id, location_id) ="
          " (select item_id, location_id from inventory.hold where order_id = %" PRId64 ")", late);
    t_sql("delete from work.job");
    t_event("evt_t_gone", "payment_intent.succeeded", t_intent_object(gone, TOTAL));
    t_event("evt_t_late", "payment_intent.succeeded", t_intent_object(late, TOTAL));
    t_event("evt_t_plain", "payment_intent.succeeded", t_intent_object(plain, TOTAL));
    eq_str(settled_together(), "evt_t_plain paid");
    eq_str(state(late), "pending pending");
    t_drain();
    eq_str(state(late), "processing paid");
    has_text(timeline(gone), "refund_asked");
}

T(what_another_provider_says_of_a_payment_pays_nothing_among_several)
{
    i64 others = t_order(), plain;
    t_browser();
    plain = t_order();
    t_sql("delete from work.job");
    t_event("evt_t_others", "payment_intent.succeeded", t_intent_object(others, TOTAL));
    t_sql("update work.job set data = data || '{\"provider\": \"other\"}'");
    t_event("evt_t_plain", "payment_intent.succeeded", t_intent_object(plain, TOTAL));
    eq_str(settled_together(), "evt_t_plain paid");
    eq_str(state(others), "pending pending held");
    eq_str(state(plain), "processing paid");
}

T(money_that_is_in_the_books_already_pays_nothing_among_several)
{
    i64 booked = t_order(), plain;
    t_browser();
    plain = t_order();
    t_sql("delete from work.job");
    t_sql("select payments.book(a.order_id, 'capture:attempt:' || a.id, 'THB', '{buyer,provider}',"
          " '{-%d,%d}') from payments.attempt a where a.order_id = %" PRId64, TOTAL, TOTAL, booked);
    t_event("evt_t_booked", "payment_intent.succeeded", t_intent_object(booked, TOTAL));
    t_event("evt_t_plain", "payment_intent.succeeded", t_intent_object(plain, TOTAL));
    eq_str(settled_together(), "evt_t_booked nothing new, evt_t_plain paid");
    eq_str(state(booked), "pending pending held");
    eq_str(state(plain), "processing paid");
    eq_str(t_str("select outcome as s from payments.event where event_id = 'evt_t_booked'"),
        "nothing new");
    eq_int(on_hand(), 9);
    eq_int(reserved(), 1);
    t_breaks("I3_an_order_is_paid_when_its_money_is_here");
}

/* Of these alone: an order is also looked up by foreign keys, whose plans are PostgreSQL's own. */
static i64 held_read(void)
{
    return t_rows_read("inventory.hold, payments.attempt");
}

/* The plans are of the first two, when there was nothing else. */
T(several_are_settled_by_looking_at_them_alone_however_many_are_unpaid)
{
    t_sql("discard plans");
    i64 first = t_order(), other;
    t_browser();
    other = t_order();
    t_event("evt_t_1", "payment_intent.succeeded", t_intent_object(first, TOTAL));
    t_event("evt_t_2", "payment_intent.succeeded", t_intent_object(other, TOTAL));
    eq_str(settled_together(), "evt_t_1 paid, evt_t_2 paid");
    owe_many(first, 1012);
    t_sql("delete from work.job");
    i64 orders[2];
    for (int i = 0; i < 2; i++) {
        t_browser();
        t_put(CABLE, 1);
        t_to_pay();
        t_pay();
        orders[i] = t_int("select max(id) as n from orders.\"order\" where id < %d", COPIES);
        t_event(i ? "evt_t_4" : "evt_t_3", "payment_intent.succeeded",
            t_intent_object(orders[i], TOTAL));
    }
    i64 before = held_read();
    eq_str(settled_together(), "evt_t_3 paid, evt_t_4 paid");
    i64 read = held_read() - before;
    eq_int(read < 100 ? 0 : read, 0);
}

/* ---- who hears of several at once ------------------------------------------------------------ */

static struct job push_of(struct ctx *c, i64 order, i64 shop, bool is_new)
{
    struct node *data = node_map(c->mem), *told = node_set_map(c->mem, data, S("data"));
    node_set_str(c->mem, data, S("event"), S("order.updated"));
    node_set_str(c->mem, told, S("paymentStatus"), is_new ? S("paid") : S("refunded"));
    node_set_str(c->mem, told, S("orderStatus"), S("processing"));
    return (struct job){ .kind = S("orders.push"),
        .organisation = shop,
        .subject = order,
        .data = data };
}

/* Redis remembers who listened in other tests: the shop and the buyer are of this one alone. */
T(of_several_orders_those_are_done_with_that_nobody_hears_of)
{
    struct ctx *c = t_ctx();
    i64 unheard = t_order(), heard, bought;
    t_browser();
    heard = t_order();
    t_browser();
    bought = t_order();
    t_other_shop();
    c->scope = (struct scope){ .platform = true };
    i64 shop = t_int("select id as n from auth.organisation where slug = 't-other'");
    t_sql("insert into auth.person (email, name, password_hash) values ('t.heard@example.test', '', '');"
          " insert into auth.device (person_id, session_hash) select id, 'heard:' || id from auth.person"
          " where email = 't.heard@example.test';"
          " update orders.\"order\" set person_id = (select id from auth.person where email ="
          " 't.heard@example.test') where id = %" PRId64, bought);
    const struct job jobs[] = { push_of(c, unheard, shop, false), push_of(c, heard, shop, false),
        push_of(c, bought, shop, false), push_of(c, unheard, shop, true) };
    bool done[4] = { 0 };
    redis_set(c, S("hears:each:since"), S("1700000000"), 0);
    line_expected(c, str_fmt(c->mem, "%.*s/th", STR(orders_line(c, heard))));
    must(orders_push_plain(c, jobs, 4, done));
    is_true(done[0] && !done[1] && done[2] && done[3]);
    str device = t_str("select d.session_hash as s from auth.device d join auth.person p on p.id ="
                       " d.person_id where p.email = 't.heard@example.test'");
    line_expected(c, str_fmt(c->mem, "s/%.*s/json", STR(device)));
    t_sql("update auth.member set mail_orders = true where organisation_id = %" PRId64, shop);
    must(orders_push_plain(c, jobs, 4, done));
    is_true(done[0] && !done[1] && !done[2] && !done[3]); /* a mail is wanted of what is new */
    struct redis *there = c->redis;
    c->redis = NULL; /* who can tell? */
    must(orders_push_plain(c, jobs, 4, done));
    c->redis = there;
    is_true(!done[0] && !done[1] && !done[2] && !done[3]);
}

T(a_payment_being_made_keeps_its_stock)
{
    i64 order = t_order();
    t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(t_session(order))).p,
        "{\"card\":\"4000000000000077\"}"); /* a bank that takes its time */
    news(order, 3, 0);
    t_drain();
    eq_str(state(order), "pending pending held");
    eq_int(t_int("select (h.expires_at > o.placed_at + interval '5 minutes') as n from "
                 "inventory.hold h join orders.\"order\" o on o.id = h.order_id where o.id = "
                 "%" PRId64, order), 1);
    eq_str(t_str("select state as s from payments.attempt where order_id = %" PRId64, order),
        "processing");
    t_post(path_of(order, "/pay").p, "");
    t_status(409);
    t_text("Your bank is still working on this payment.");
    t_post(path_of(order, "/cancel").p, "");
    t_status(409);
    t_text("This order is being paid at this moment.");
    eq_str(state(order), "pending pending held");
}

static void lapse(i64 order)
{
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 minute' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
}

static void at_the_bank(i64 order)
{
    t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(t_session(order))).p,
        "{\"card\":\"4000000000000077\"}");
    news(order, 3, 0);
    t_drain();
    eq_str(state(order), "pending pending held");
}

static void decided(i64 order, bool is_paid)
{
    t_event(str_fmt(t_ctx()->mem, "evt_t_decided_%" PRId64, order).p,
        is_paid ? "checkout.session.async_payment_succeeded" : "checkout.session.async_payment_failed",
        t_session_object(order, "complete", is_paid ? "paid" : "unpaid", TOTAL, "thb"));
    t_drain();
}

static str skus(i64 order)
{
    return t_str("select string_agg(sku, ' ' order by position) as s from orders.line where order_id "
                 "= %" PRId64, order);
}

static void cart_holds(const char *count)
{
    t_get("/cart.json");
    t_json("cart.count", count);
}

T(while_a_bank_works_on_one_order_another_can_be_placed)
{
    i64 order = t_order();
    at_the_bank(order);
    cart_holds("0");
    t_stock(RADIO, 5);
    t_put(RADIO, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    i64 other = t_int("select max(id) as n from orders.\"order\"");
    is_true(other > order);
    eq_str(skus(other), RADIO);
    eq_str(state(order), "pending pending held");
    decided(order, true);
    eq_str(state(order), "processing paid");
    cart_holds("1");
}

T(what_was_put_in_meanwhile_can_be_ordered_while_a_bank_works_on_the_rest)
{
    i64 order = t_order();
    t_stock(RADIO, 5);
    t_put(RADIO, 1); /* in another tab */
    at_the_bank(order);
    t_get("/cart.json");
    t_json("cart.count", "1");
    t_json("cart.lines.0.sku", RADIO);
    t_put(CABLE, 1); /* one more of what the bank has */
    t_to_pay();
    t_pay();
    t_status(303);
    i64 other = t_int("select max(id) as n from orders.\"order\"");
    eq_str(skus(other), RADIO " " CABLE);
    eq_str(state(order), "pending pending held");
    decided(order, true);
    eq_str(state(order), "processing paid");
    cart_holds("2"); /* they are not taken out a second time */
}

T(what_a_bank_did_not_pay_is_in_the_cart_again_when_its_order_ends)
{
    i64 order = t_order();
    at_the_bank(order);
    cart_holds("0");
    decided(order, false);
    eq_str(state(order), "pending pending held");
    cart_holds("0"); /* it can still be paid */
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    eq_str(state(order), "cancelled pending");
    cart_holds("1");
    t_to_pay();
    t_pay();
    t_status(303);
}

static void comes_back(i64 order)
{
    t_get(path_of(order, "/return").p); /* the link's key is kept here from now on */
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s/return", STR(t_number(order))).p);
    t_status(200);
}

T(a_banks_later_no_is_said_where_its_yes_was_waited_for)
{
    i64 order = t_order();
    at_the_bank(order);
    comes_back(order);
    t_text("Waiting for your bank");
    t_html(".unpaid");
    decided(order, false);
    comes_back(order);
    t_text("Your bank did not make the payment");
    t_no_text("Waiting for your bank");
    t_no_html(".unpaid");
    t_html("form[action$='/pay']");
    t_post(path_of(order, "/pay").p, ""); /* on a new page */
    t_status(303);
    comes_back(order);
    t_text("Waiting for your bank");
    t_no_text("Your bank did not make the payment");
}

T(an_order_that_ends_is_not_put_beside_what_was_begun_since)
{
    t_login("shopper@example.test");
    i64 order = t_order();
    at_the_bank(order);
    t_stock(RADIO, 5);
    t_put(RADIO, 1);
    decided(order, false);
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    t_get("/cart.json");
    t_json("cart.count", "1");
    t_json("cart.lines.0.sku", RADIO);
}

/* What a bank has refused, which left its cart; the radio that was put in meanwhile is the last. */
static i64 refused_beside_the_last_radio(void)
{
    i64 order = t_order();
    t_stock(RADIO, 1);
    t_put(RADIO, 1);
    at_the_bank(order);
    decided(order, false);
    return order;
}

static i64 order_the_radio(void)
{
    t_to_pay();
    t_pay();
    t_status(303);
    i64 other = t_int("select max(id) as n from orders.\"order\"");
    eq_str(skus(other), RADIO);
    return other;
}

static void radio_is_kept(i64 order)
{
    eq_str(t_str("select jsonb_object_agg(v.sku, h.value)::text as s from orders.\"order\" o join "
                 "cart.cart k on k.id = o.cart_id cross join jsonb_each(k.held) h join catalog.variant "
                 "v on v.id = h.key::bigint where o.id = %" PRId64, order), "{\"" RADIO "\": 1}");
    t_get("/cart.json");
    t_json("cart.count", "1");
    t_json("cart.lines.0.problem", "");
    t_json("cart.isBlocked", "false");
}

T(what_a_bank_refused_can_still_be_paid_after_the_rest_is_ordered)
{
    i64 order = refused_beside_the_last_radio();
    is_true(order_the_radio() > order);
    eq_str(state(order), "pending pending held");
    t_post(path_of(order, "/pay").p, "");
    t_status(303);
    t_paid(order);
    eq_str(state(order), "processing paid");
    cart_holds("1");
}

T(what_is_kept_for_the_rest_stays_when_an_order_that_left_it_is_cancelled)
{
    i64 order = refused_beside_the_last_radio(), other = order_the_radio();
    radio_is_kept(other);
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    eq_str(state(order), "cancelled pending");
    radio_is_kept(other);
}

T(what_is_kept_for_the_rest_stays_when_an_order_that_left_it_lapses_and_is_paid_again)
{
    i64 order = refused_beside_the_last_radio(), other = order_the_radio();
    lapse(order);
    eq_str(state(order), "pending pending");
    radio_is_kept(other);
    t_post(path_of(order, "/pay").p, "");
    t_status(303);
    eq_str(state(order), "pending pending held");
    radio_is_kept(other);
    t_paid(order);
    eq_str(state(order), "processing paid");
    radio_is_kept(other);
}

T(what_is_kept_for_the_rest_stays_when_an_order_that_left_it_cannot_be_opened_again)
{
    i64 order = refused_beside_the_last_radio(), other = order_the_radio();
    lapse(order);
    t_sim("POST", "/_sim/switches", "{\"faults\":[{\"match\":\"POST /v1/checkout/sessions\","
        "\"do\":\"status\",\"status\":503,\"times\":9}]}");
    t_post(path_of(order, "/pay").p, "");
    t_status(502);
    t_sim("POST", "/_sim/switches", "{\"faults\":[]}");
    redis_del(t_ctx(), S("circuit:stripe:open"));
    redis_del(t_ctx(), S("circuit:stripe:fails"));
    eq_str(state(order), "pending pending");
    radio_is_kept(other);
}

T(what_is_kept_for_the_rest_stays_when_what_was_paid_is_cancelled)
{
    i64 order = t_order();
    t_stock(RADIO, 1);
    t_put(RADIO, 1);
    t_paid(order);
    i64 other = order_the_radio();
    radio_is_kept(other);
    str cart = t_cookie(COOKIE_CART), token = t_cookie(COOKIE_CSRF);
    t_browser();
    t_login(ADMIN_);
    t_post(desk_of(order, "/cancel").p, "");
    t_status(303);
    t_drain();
    eq_str(state(order), "cancelled refunded");
    t_browser();
    t_cookie_set(COOKIE_CART, cart.p);
    t_cookie_set(COOKIE_CSRF, token.p);
    radio_is_kept(other);
}

T(a_cart_that_was_ordered_whole_comes_back_though_its_order_lapsed_before)
{
    i64 order = t_order();
    at_the_bank(order);
    decided(order, false);
    lapse(order);
    eq_str(state(order), "pending pending");
    cart_holds("0"); /* it can still be paid */
    t_post(path_of(order, "/pay").p, "");
    t_status(303);
    cart_holds("0");
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    cart_holds("1");
    is_true(t_order() > order);
}

T(a_wrong_amount_or_currency_pays_nothing)
{
    i64 order = t_order();
    t_event("evt_t_less", "checkout.session.completed",
        t_session_object(order, "complete", "paid", TOTAL - 1, "thb"));
    t_event("evt_t_more", "checkout.session.completed",
        t_session_object(order, "complete", "paid", TOTAL + 1, "thb"));
    t_event("evt_t_usd", "checkout.session.completed",
        t_session_object(order, "complete", "paid", TOTAL, "usd"));
    t_status(200);
    t_drain();
    eq_str(state(order), "pending pending held");
    eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64, order),
        0);
    has_text(timeline(order), "payment_mismatch");
}

T(what_was_put_in_while_paying_stays_in_the_cart)
{
    i64 order = t_order();
    t_stock(RADIO, 5);
    t_put(RADIO, 2); /* in another tab */
    t_paid(order);
    eq_str(state(order), "processing paid");
    t_get("/cart.json");
    t_json("cart.count", "2");
    t_json("cart.lines.0.sku", RADIO);
}

T(more_of_the_same_that_was_put_in_while_paying_stays_in_the_cart)
{
    i64 order = t_order();
    t_put(CABLE, 2); /* in another tab */
    t_paid(order);
    eq_str(state(order), "processing paid");
    t_get("/cart.json");
    t_json("cart.count", "2");
    t_json("cart.lines.0.sku", CABLE);
}

T(less_of_the_same_than_was_paid_leaves_the_cart)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 2);
    i64 order = t_order(); /* of three */
    t_get("/cart.json");
    str line = node_str(node_path(t_document(), S("cart.lines.0")), "id");
    t_post(str_fmt(t_ctx()->mem, "/cart/lines/%.*s", STR(line)).p, "quantity=2");
    t_paid(order);
    t_get("/cart.json");
    t_json("cart.count", "0");
}

/* ---- lapsing ---------------------------------------------------------------------------------- */

T(a_lapsed_hold_goes_back_when_its_page_is_closed)
{
    i64 order = t_order();
    str session = t_session(order);
    lapse(order);
    eq_str(state(order), "pending pending");
    eq_int(reserved(), 0);
    eq_str(timeline(order), "placed hold_lapsed");
    eq_str(node_str(t_sim("GET", str_fmt(t_ctx()->mem, "/v1/checkout/sessions/%.*s",
                        STR(session)).p, NULL), "status"), "expired");
    opens(order, 200);
    t_prove();
    t_post(path_of(order, "/pay").p, ""); /* and can still be paid, on a new page */
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    eq_str(state(order), "pending pending held");
    eq_int(reserved(), 1);
}

/* Their figures and the shop's address, as talat.conf has them. */
static void promises(i64 sent_within, i64 return_days, const char *contact)
{
    struct node *house = t_ctx()->app->house;
    node_set_int(t_ctx()->mem, house, S("sent_within"), sent_within);
    node_set_int(t_ctx()->mem, house, S("return_days"), return_days);
    node_set_str(t_ctx()->mem, house, S("contact"), str_of(contact));
}

static void promise_nothing(void)
{
    t_no_text("working day");
    t_no_text("change your mind");
    t_no_text("mailto:");
}

T(a_shop_promises_buyers_what_it_has_said_and_no_more)
{
    t_open();
    promises(0, 0, "");
    i64 order = t_order();
    t_paid(order);
    t_get("/");
    promise_nothing();
    t_get("/products/rattan-stool");
    t_status(200);
    promise_nothing();
    opens(order, 200);
    t_text("We are packing it now.");
    promise_nothing();
    promises(1, 14, "help@shop.example.test");
    t_get("/");
    t_text("Sent within one working day");
    t_text("14 days to change your mind");
    t_text(">help@shop.example.test</a>");
    opens(order, 200);
    t_text("We are packing it now. It leaves within one working day.");
    promises(3, 1, "");
    t_get("/th");
    t_text("ส่งภายใน 3 วันทำการ");
    t_get("/vi");
    t_text("Đổi ý trả hàng trong 1 ngày");
    t_sql("update orders.part set status = 'delivered' where order_id = %" PRId64, order);
    t_sql("update orders.\"order\" set status = 'delivered' where id = %" PRId64, order);
    opens(order, 200);
    t_text("You have 1 day to change your mind.");
    t_no_text("It leaves within");
}

T(only_who_was_written_to_is_asked_to_answer_a_mail)
{
    static const char mail[] = "Answer the mail we sent you",
        address[] = "Write to us with its number: <a href=\"mailto:help%40shop.example.test\">";
    t_open();
    promises(0, 0, "help@shop.example.test");
    i64 order = t_order();
    opens(order, 200);
    t_no_text(mail);
    t_text(address);
    t_post(path_of(order, "/cancel").p, "");
    opens(order, 200);
    t_no_text(mail);
    t_text(address);
    promises(0, 0, "");
    opens(order, 200);
    t_no_text("A question about this order?");
    order = t_order();
    t_paid(order);
    promises(0, 0, "help@shop.example.test");
    opens(order, 200);
    t_text(mail);
    t_no_text(address);
}

T(pages_say_for_how_long_goods_are_kept_here)
{
    t_open();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "hold_minutes", S("40"));
    i64 order = t_order();
    t_get("/checkout/pay");
    t_text("We keep the goods for you for 40 minutes.");
    t_get("/th/checkout/pay");
    t_text("ให้คุณ 40 นาที");
    t_get("/vi/checkout/pay");
    t_text("cho bạn 40 phút.");
    lapse(order);
    opens(order, 200);
    t_text("We kept the goods for 40 minutes; now they are for sale again.");
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "hold_minutes", S("1"));
    opens(order, 200);
    t_text("We kept the goods for 1 minute; now");
}

/* As after so many minutes. */
static void pass(i64 order, int minutes)
{
    t_sql("update orders.\"order\" set hold_until = hold_until - interval '%d minutes',"
          " placed_at = placed_at - interval '%d minutes' where id = %" PRId64, minutes, minutes, order);
}

static i64 kept_minutes(i64 order)
{
    return t_int("select (extract(epoch from hold_until - placed_at) / 60)::bigint as n from "
                 "orders.\"order\" where id = %" PRId64, order);
}

T(pressing_pay_again_and_again_keeps_the_goods_three_times_as_long_and_no_more)
{
    i64 order = t_order();
    eq_int(kept_minutes(order), 15);
    for (int i = 0; i < 6; i++) {
        t_post(path_of(order, "/pay").p, ""); /* as often as one likes: from now on */
        t_post(path_of(order, "/pay").p, "");
        t_status(303);
        pass(order, 7);
    }
    eq_str(state(order), "pending pending held");
    is_true(kept_minutes(order) > 40 && kept_minutes(order) <= 45);
    eq_int(t_int("select count(*) as n from inventory.hold where order_id = %" PRId64
                 " and expires_at > now() + interval '15 minutes'", order), 0);
}

T(goods_that_were_kept_three_times_go_back_and_can_be_ordered_anew)
{
    i64 order = t_order();
    for (int i = 0; i < 2; i++) {
        lapse(order);
        eq_str(state(order), "pending pending");
        t_post(path_of(order, "/pay").p, "");
        t_status(303);
        eq_str(state(order), "pending pending held");
    }
    lapse(order);
    eq_str(state(order), "cancelled pending");
    eq_int(reserved(), 0);
    eq_str(timeline(order), "placed hold_lapsed hold_lapsed hold_lapsed cancelled");
    opens(order, 200);
    t_text("It was not paid in time, so its goods are for sale again.");
    t_post(path_of(order, "/pay").p, "");
    t_status(409);
    t_get("/cart.json"); /* the cart is intact */
    t_json("cart.count", "1");
    is_true(t_order() > order);
}

T(what_was_kept_long_enough_is_not_taken_again)
{
    i64 order = t_order();
    lapse(order);
    t_sql("update orders.\"order\" set kept_s = 2700 where id = %" PRId64, order);
    t_post(path_of(order, "/pay").p, "");
    t_status(409);
    t_text("kept for you as long as we can");
    eq_int(reserved(), 0);
}

T(a_page_that_was_paid_keeps_the_hold)
{
    i64 order = t_order();
    t_sim_pay(order); /* the event is lost */
    lapse(order); /* asking to close it, the shop learns that it is paid */
    eq_str(state(order), "processing paid");
    eq_int(on_hand(), 9);
}

T(a_payment_after_the_hold_takes_the_stock_again)
{
    i64 order = t_order();
    lapse(order);
    news(order, 0, 0);
    t_drain();
    eq_str(state(order), "processing paid");
    eq_int(on_hand(), 9);
    eq_int(reserved(), 0);
}

T(a_payment_for_what_is_gone_meanwhile_goes_back_with_a_message)
{
    i64 order = t_order();
    lapse(order);
    t_stock(CABLE, 0);
    news(order, 0, 0);
    t_drain();
    eq_str(state(order), "cancelled paid");
    eq_int(t_int("select amount as n from payments.refund where order_id = %" PRId64, order), TOTAL);
    eq_int(mails(order, "order_refused"), 1);
    eq_int(mails(order, "order_paid"), 0);
    eq_int(on_hand(), 0);
}

T(an_order_nobody_came_back_for_is_cancelled)
{
    i64 order = t_order();
    lapse(order);
    t_sql("update orders.\"order\" set placed_at = now() - interval '25 hours' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(state(order), "cancelled pending");
}

/* By whom its end came, not that it had lapsed before. */
T(an_order_that_somebody_cancels_after_its_time_was_not_given_up)
{
    static const char given_up[] = "It was not paid in time, so its goods are for sale again.";
    i64 order = t_order();
    lapse(order);
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    opens(order, 200);
    t_text("Nothing will be sent.");
    t_no_text(given_up);
    t_sql("insert into orders.event (order_id, kind, actor) select %" PRId64 ", 'stock_late', 'system'"
          " from generate_series(1, 300)", order);
    opens(order, 200);
    t_no_text(given_up);
    t_sql("update orders.\"order\" set status = 'pending' where id = %" PRId64, order);
    t_sql("update orders.\"order\" set placed_at = now() - interval '25 hours' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(state(order), "cancelled pending");
    opens(order, 200);
    t_text(given_up);
}

/* ---- cancelling -------------------------------------------------------------------------------- */

T(the_buyer_cancels_what_is_not_paid)
{
    i64 order = t_order();
    str session = t_session(order);
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    eq_str(state(order), "cancelled pending");
    eq_int(reserved(), 0);
    eq_str(node_str(t_sim("GET", str_fmt(t_ctx()->mem, "/v1/checkout/sessions/%.*s",
                        STR(session)).p, NULL), "status"), "expired");
    t_post(path_of(order, "/cancel").p, ""); /* twice */
    t_status(303);
    t_post(path_of(order, "/pay").p, "");
    t_status(409);
    t_get("/cart.json"); /* the cart is intact */
    t_json("cart.count", "1");
}

T(what_was_cancelled_from_elsewhere_can_be_ordered_again)
{
    i64 order = t_order();
    str cart = t_cookie(COOKIE_CART), token = t_cookie(COOKIE_CSRF);
    t_browser(); /* the mail's link, on another machine */
    t_post(path_of(order, "/cancel").p, "");
    t_status(303);
    t_cookie_set(COOKIE_CART, cart.p);
    t_cookie_set(COOKIE_CSRF, token.p);
    eq_int(t_int("select coalesce(sum(held), 0)::bigint as n from cart.line where cart_id = "
                 "(select cart_id from orders.\"order\" where id = %" PRId64 ")", order), 0);
    is_true(t_order() > order);
}

T(open_pages_hear_of_it_and_nothing_is_left_undone)
{
    i64 last = (t_open(), t_int("select coalesce(max(id), 0) as n from work.job"));
    t_paid(t_order());
    eq_str(t_str("select coalesce(string_agg(kind || ' ' || error, ', '), '') as s from work.job "
                 "where error is not null and id > %" PRId64, last), "");
    eq_int(t_int("select count(*) as n from work.outbox where read_at is null"), 0);
}

T(the_buyer_does_not_cancel_what_is_paid)
{
    i64 order = t_order();
    t_paid(order);
    t_post(path_of(order, "/cancel").p, "");
    t_status(409);
    t_text("This order can no longer be cancelled.");
    eq_str(state(order), "processing paid");
}

T(a_payment_of_a_cancelled_order_goes_back)
{
    i64 order = t_order();
    t_post(path_of(order, "/cancel").p, "");
    news(order, 0, 0);
    t_drain();
    eq_str(state(order), "cancelled paid");
    eq_int(t_int("select amount as n from payments.refund where order_id = %" PRId64, order), TOTAL);
    eq_int(mails(order, "order_refused"), 1);
    eq_int(on_hand(), 10);
}

T(staff_cancel_a_paid_order_and_its_money_goes_back)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_post(desk_of(order, "/cancel").p, "");
    t_status(303);
    t_drain();
    eq_str(state(order), "cancelled refunded");
    eq_int(on_hand(), 10);
}

/* ---- fulfilment ---------------------------------------------------------------------------------- */

static void step(i64 order, const char *form, int status)
{
    t_post(desk_of(order, "/status").p, form);
    t_status(status);
}

T(states_only_move_forward)
{
    i64 order = t_order();
    t_login(ADMIN_);
    step(order, "status=shipped", 409); /* not paid */
    t_paid(order);
    step(order, "status=delivered", 409);
    step(order, "status=processing", 422);
    step(order, "status=", 422);
    step(order, "status=shipped&carrier=Thailand+Post&tracking=EX123456789TH", 303);
    eq_str(state(order), "shipped paid");
    t_get(desk_of(order, "?done=shipped").p);
    t_text("href=\"/admin/orders?status=processing\""); /* on with the next */
    t_get(desk_of(order, "?done=flown").p);
    t_status(422);
    step(order, "status=shipped", 409);
    eq_int(mails(order, "order_shipped"), 1);
    t_post(desk_of(order, "/cancel").p, "");
    t_status(409);
    t_drain();
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s.json%.*s", STR(t_number(order)),
        STR(t_key(order))).p);
    t_json("order.status", "shipped");
    t_json("order.parts.0.tracking", "EX123456789TH");
    step(order, "status=delivered", 303);
    step(order, "status=shipped", 409);
    eq_str(state(order), "delivered paid");
    eq_str(timeline(order), "placed paid shipped delivered");
}

T(the_desk_adds_and_corrects_what_a_parcel_is_found_by)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    step(order, "status=shipped&correction=1&tracking=EARLY", 409); /* nothing has left */
    t_get(desk_of(order, "").p);
    t_no_html("input[name=correction]");
    step(order, "status=shipped&carrier=Post", 303);
    t_get(desk_of(order, "").p);
    t_html("input[name=correction]");
    t_html("input[name=carrier][value=Post]");
    step(order, "status=shipped&correction=1&carrier=Post&tracking="
        "0123456789012345678901234567890123456789012345678901234567890", 422);
    t_html("input[name=tracking][aria-invalid=true]");
    step(order, "status=shipped&correction=1&carrier=Post&tracking=EX1TH", 303);
    t_get(desk_of(order, "?done=tracked").p);
    t_text("The carrier and the tracking number are saved.");
    t_html("input[name=tracking][value=EX1TH]");
    step(order, "status=delivered", 303);
    step(order, "status=shipped&correction=1&carrier=Post&tracking=EX2TH", 303);
    step(order, "status=shipped&correction=1&carrier=Post&tracking=EX2TH", 303); /* twice */
    eq_str(state(order), "delivered paid");
    eq_str(timeline(order), "placed paid shipped tracked delivered tracked");
    eq_int(mails(order, "order_shipped"), 1);
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s.json%.*s", STR(t_number(order)),
        STR(t_key(order))).p);
    t_json("order.parts.0.tracking", "EX2TH");
}

/* A seller of several: the own part alone. */
T(a_seller_corrects_the_own_parcel_alone)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    step(order, "status=shipped&tracking=HOUSE", 303);
    t_other_sells(order);
    t_login(SHOPPER);
    step(order, "status=shipped&correction=1&tracking=OTHERS", 409); /* theirs has not left */
    step(order, "status=shipped&tracking=THEIRS", 303);
    step(order, "status=shipped&correction=1&tracking=THEIRS2", 303);
    eq_str(t_str("select string_agg(tracking, ' ' order by id) as s from orders.part where order_id = "
                 "%" PRId64, order), "HOUSE THEIRS2");
}

/* ---- giving back ----------------------------------------------------------------------------------- */

/* A buyer sends the shop a link to their order: nobody is told that the money went back. */
T(a_link_from_elsewhere_tells_nobody_that_something_was_done)
{
    static const char *const elsewhere[] = { "cross-site", "same-site", "none" };
    static const struct {
        const char *path, *words;
    } dones[] = {
        { "/account?done=password", "Your password is changed" },
        { "/admin/products/ceramic-vase?done=stock", "The stock is counted anew." },
        { "", "The money is on its way back." },
    };
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_sql("update catalog.product set slug = 'ceramic-vase' where id = (select min(id) from "
          "catalog.product where organisation_id = 1)");
    for (size_t i = 0; i < COUNT(dones); i++) {
        const char *path = *dones[i].path ? dones[i].path : desk_of(order, "?done=refund").p;
        for (size_t e = 0; e < COUNT(elsewhere); e++) {
            t_with("Sec-Fetch-Site", elsewhere[e]);
            t_get(path);
            t_status(200);
            t_no_text(dones[i].words);
        }
        t_with("Sec-Fetch-Site", "same-origin"); /* the shop's own redirect */
        t_get(path);
        t_text(dones[i].words);
    }
    t_browser();
    t_with("Sec-Fetch-Site", "cross-site");
    t_get("/login?done=erased");
    t_status(200);
    str foreign = str_dup(t_ctx()->mem, t_body());
    t_with("Sec-Fetch-Site", "same-origin");
    t_get("/login?done=erased");
    has_text(t_body(), "your data are erased");
    no_text(foreign, "your data are erased");
}

/* Old browsers do not say who has sent them. */
T(a_browser_that_does_not_say_where_it_comes_from_believes_only_what_it_has_just_done)
{
    t_login(SHOPPER);
    t_get("/account?done=profile");
    t_status(200);
    t_no_text("Saved.");
    t_post("/account/profile", "name=Somsri&lang=en");
    t_header("Location", "/account?done=profile");
    t_get("/account?done=profile");
    t_text("Saved.");
    t_get("/account?done=password"); /* which it has not */
    t_no_text("Your password is changed");
    t_with("Sec-Fetch-Site", "same-origin"); /* who says so needs no cookie */
    t_post("/account/profile", "name=Somsri&lang=en");
    no_text(t_header_of("Set-Cookie"), "__Host-done");
}

T(a_full_refund_gives_back_money_and_when_asked_stock)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_post(desk_of(order, "/refund").p, "back_on_shelf=1");
    t_status(303);
    t_drain();
    eq_str(state(order), "processing refunded");
    eq_int(on_hand(), 10);
    eq_int(t_int("select sum(amount)::bigint as n from payments.entry where order_id = %" PRId64
                 " and account = 'provider'", order), 0);
    has_text(timeline(order), "refunded");
    t_post(desk_of(order, "/refund").p, ""); /* twice */
    t_status(409);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 1);
}

T(a_refund_without_the_shelf_leaves_the_stock_alone)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_post(desk_of(order, "/refund").p, "");
    t_post(desk_of(order, "/refund").p, "");
    t_drain();
    eq_str(state(order), "processing refunded");
    eq_int(on_hand(), 9);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 1);
}

T(what_is_no_amount_of_the_orders_currency_is_not_given_back_and_an_example_is_one)
{
    t_open();
    t_cookie_set(COOKIE_CURRENCY, "VND");
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_post(desk_of(order, "/refund").p, "part=1&kept=1&amount=9.99");
    t_status(422);
    t_text("This is not an amount. Write it like 1290.");
    t_no_text("12.50");
    t_post(desk_of(order, "/refund").p, "part=1&kept=1&amount=much");
    t_status(422);
    t_no_text("12.50");
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
}

/* The provider may say no; on the shelf they are all the same, and may be sold to somebody else. */
T(goods_that_went_back_on_the_shelf_are_not_sent_when_their_money_stays)
{
    i64 order = t_order();
    t_paid(order);
    str payment = t_str("select payment_id as s from payments.attempt where order_id = %" PRId64,
        order);
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    t_login(ADMIN_);
    t_post(desk_of(order, "/refund").p, "back_on_shelf=1");
    t_status(303);
    t_drain();
    has_text(timeline(order), "refund_failed");
    eq_str(state(order), "processing paid");
    eq_int(on_hand(), 10);
    step(order, "status=shipped", 409);
    t_text("went back on the shelf");
    t_get(desk_of(order, "").p);
    t_no_html("input[name=carrier]");
    t_text("went back on the shelf");
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/ship?orders=%.*s", STR(t_number(order))).p);
    t_text("went back on the shelf");
    t_get("/admin/orders");
    t_no_html(str_fmt(t_ctx()->mem, "input[name=orders][value=%.*s]", STR(t_number(order))).p);
    t_sql("update payments.attempt set payment_id = '%.*s' where order_id = %" PRId64, STR(payment),
        order);
    t_post(desk_of(order, "/refund").p, "back_on_shelf=1");
    t_status(303);
    t_drain();
    eq_str(state(order), "processing refunded");
    eq_int(on_hand(), 10); /* once */
    t_get(desk_of(order, "").p);
    t_no_text("went back on the shelf");
}

T(nothing_is_given_back_that_was_not_paid)
{
    i64 order = t_order();
    t_login(ADMIN_);
    t_post(desk_of(order, "/refund").p, "");
    t_status(409);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
}

/* ---- who sees it -------------------------------------------------------------------------------------- */

T(a_guest_sees_the_order_by_its_signed_link_only)
{
    i64 order = t_order(), other = (t_browser(), t_order());
    str number = t_number(order);
    t_browser();
    t_get(path_of(order, "").p);
    t_status(303);
    t_header("Location", str_fmt(t_ctx()->mem, "/orders/%.*s", STR(number)).p);
    t_header("Cache-Control", "no-store");
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
    t_html("meta[name=robots]");
    t_header_has("Cache-Control", "no-store");
    const char *const wrong[] = { str_fmt(t_ctx()->mem, "/orders/%.*s", STR(number)).p,
        str_fmt(t_ctx()->mem, "/orders/%.*s?key=", STR(number)).p,
        str_fmt(t_ctx()->mem, "/orders/%.*s?key=x", STR(number)).p,
        str_fmt(t_ctx()->mem, "/orders/%.*s%.*s", STR(number), STR(t_key(other))).p,
        str_fmt(t_ctx()->mem, "/orders/%.*s%.*sx", STR(number), STR(t_key(order))).p,
        "/orders/TL-0000-0000-0000", "/orders/x", "/orders/1?key=1" };
    t_browser();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        t_get(wrong[i]);
        t_status(404);
        t_post(wrong[i], "");
        is_true(t_last_status() >= 400);
    }
    t_login(SHOPPER); /* somebody, but not the buyer */
    t_get(wrong[0]);
    t_status(404);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel", STR(number)).p, "");
    t_status(404);
    eq_str(state(order), "pending pending held");
}

T(the_buyer_sees_own_orders_after_logging_in)
{
    t_open();
    t_login(SHOPPER);
    i64 order = t_order();
    t_get("/orders.json");
    t_status(200);
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(order)));
    t_json("orders.0.count", "1");
    no_text(t_body(), "\"id\"");
    t_get("/orders");
    t_status(200);
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_browser();
    t_get("/orders");
    t_status(303);
}

T(staff_of_another_shop_see_nothing_of_it)
{
    i64 order = t_order();
    t_other_shop();
    t_login(SHOPPER);
    t_get("/admin/orders.json");
    t_status(200);
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 0);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order))).p);
    t_status(404);
    static const char *const doors[] = { "/status", "/cancel", "/refund", "/mail/1" };
    for (size_t i = 0; i < COUNT(doors); i++) {
        t_post(desk_of(order, doors[i]).p, "status=shipped");
        t_status(404);
    }
    struct scope other = { .organisation = t_int("select max(id) as n from auth.organisation") };
    eq_int(t_int_as(other, "select count(*) as n from orders.\"order\""), 0);
    eq_int(t_int_as(other, "select count(*) as n from orders.part"), 0);
    eq_int(t_int_as(other, "select count(*) as n from orders.line"), 0);
    eq_int(t_int_as(other, "select count(*) as n from payments.attempt"), 0);
    eq_int(t_int_as(other, "select count(*) as n from inventory.hold"), 0);
    eq_int(t_int_as((struct scope){ .order = order + 1 }, "select count(*) as n from "
        "inventory.hold"), 0);
    eq_int(t_int_as(other, "select count(*) as n from notify.mail"), 0);
    eq_str(state(order), "pending pending held");
}

T(of_a_shared_order_each_seller_sees_the_own_part)
{
    i64 order = t_order();
    t_paid(order);
    t_other_sells(order);
    t_login(SHOPPER);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order))).p);
    t_status(200);
    eq_int((i64)node_count(node_path(t_document(), S("order.lines"))), 0);
    eq_int((i64)node_count(node_path(t_document(), S("order.parts"))), 1);
    EACH(item, node_path(t_document(), S("order.trace")))
        eq_str(node_str(&item->node, "sku"), "");
    const char *page = desk_of(order, "").p;
    t_get(page);
    t_html("input[name=carrier]");
    t_no_html("input[name=kept]"); /* what would be refused is not offered */
    t_no_html(str_fmt(t_ctx()->mem, "form[action='%s/cancel']", page).p);
    no_text(t_body(), CABLE);
    t_post(desk_of(order, "/refund").p, "");
    t_status(403);
    t_text("Others sell in this order too.");
    t_send("PUT", str_fmt(t_ctx()->mem, "/api/orders/%.*s/address", STR(t_number(order))).p,
        "application/json",
        S("{\"name\":\"M\",\"line1\":\"1 Elsewhere\",\"city\":\"Bangkok\",\"postcode\":\"10200\","
          "\"country\":\"TH\"}"));
    t_status(403);
    eq_int(t_int("select count(*) as n from orders.event where kind = 'address_given' and order_id = "
                 "%" PRId64, order), 0);
    step(order, "status=shipped", 303); /* the own part; the order waits for the other */
    eq_str(state(order), "processing paid");
    t_get(page);
    t_no_text("Mark as sent");
    step(order, "status=delivered", 303);
}

T(the_trail_of_a_shared_order_tells_no_seller_of_anothers_parcel)
{
    i64 order = t_order();
    t_paid(order);
    t_other_sells(order);
    t_login("admin@example.test");
    step(order, "status=shipped&carrier=Kerry&tracking=ZZ-OURS-7", 303);
    str page = str_fmt(t_ctx()->mem, "/admin/audit.json?thing=%.*s", STR(t_number(order)));
    t_get(page.p);
    t_status(200);
    t_text("ZZ-OURS-7");
    t_as(&(struct who){ .person = 2, .organisation = t_int("select id as n from auth.organisation "
                                                           "where slug = 't-other'"),
        .role = USER, .member = OWNER });
    t_get(page.p);
    t_status(200);
    t_text("shipped");
    no_text(t_body(), "ZZ-OURS-7");
}

static bool lists(const char *status, i64 order)
{
    str number = str_dup(t_ctx()->mem, t_number(order));
    t_get(str_fmt(t_ctx()->mem, "/admin/orders.json?status=%s&q=%.*s", status, STR(number)).p);
    t_status(200);
    return node_count(node_get(t_document(), S("orders"))) == 1;
}

/* What is to be packed is what oneself has to pack. */
T(the_list_of_a_shared_order_goes_by_the_own_part)
{
    i64 order = t_order();
    t_paid(order);
    t_other_sells(order);
    str one = str_fmt(t_ctx()->mem, "/admin/orders?q=%.*s", STR(t_number(order)));
    t_login(SHOPPER);
    is_true(lists("processing", order));
    step(order, "status=shipped", 303);
    is_false(lists("processing", order));
    is_true(lists("shipped", order));
    t_get(one.p);
    t_html("span.state-go");
    t_text(">On its way</span>");
    t_get(desk_of(order, "").p);
    t_text(">On its way</span>");
    t_login(ADMIN_); /* the house's own part waits */
    is_true(lists("processing", order));
    is_false(lists("shipped", order));
    t_get(one.p);
    t_text(">Being packed</span>");
    eq_str(state(order), "processing paid"); /* the buyer's is as far as the last of them */
    step(order, "status=shipped", 303);
    eq_str(state(order), "shipped paid");
    is_false(lists("processing", order));
}

T(an_order_of_which_a_part_is_on_its_way_is_not_cancelled)
{
    i64 order = t_order();
    t_paid(order);
    t_other_sells(order);
    i64 left = on_hand();
    t_login(ADMIN_);
    step(order, "status=shipped", 303); /* the house's own part: the goods are gone */
    eq_str(state(order), "processing paid");
    const char *page = desk_of(order, "").p;
    t_get(page);
    t_no_html(str_fmt(t_ctx()->mem, "form[action='%s/cancel']", page).p);
    t_post(desk_of(order, "/cancel").p, "");
    t_status(409);
    t_text("This order can no longer be cancelled.");
    eq_int(on_hand(), left);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
    eq_str(state(order), "processing paid");
}

T(who_may_not_give_money_back_does_not_by_cancelling)
{
    i64 order = t_order();
    t_paid(order);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'member')");
    t_login(SHOPPER);
    t_post(desk_of(order, "/refund").p, "");
    t_status(403);
    t_post(desk_of(order, "/cancel").p, "");
    t_status(403);
    eq_str(state(order), "processing paid");
    step(order, "status=shipped", 303);
}

static i64 found(const char *q)
{
    t_get(str_fmt(t_ctx()->mem, "/admin/orders.json?q=%s", q).p);
    t_status(200);
    return (i64)node_count(node_get(t_document(), S("orders")));
}

T(the_desk_finds_an_order_by_what_a_caller_says)
{
    static const char *const said[] = { "somsri", "SOMS", "so", "buyer%40EXAMPLE.test",
        "0812345678", "081+234+5678", "081-234-5678", "%2B66+81+234+5678", "2345678" };
    static const char *const not_said[] = { "somsrix", "0812345679", "%25", "%5C", "s_msri",
        "s%25i" };
    i64 order = t_order();
    t_login(ADMIN_);
    str number = str_dup(t_ctx()->mem, t_number(order));
    for (size_t i = 0; i < COUNT(said); i++)
        eq_int(found(said[i]) >= 1, 1);
    eq_int(found(number.p), 1);
    str aloud = str_fmt(t_ctx()->mem, "tl+%.4s%.4s+%.4s", number.p + 3, number.p + 8, number.p + 13);
    eq_int(found(aloud.p), 1);
    t_sql("update orders.\"order\" set email = 'tlee@gmail.com' where id = %" PRId64, order);
    eq_int(found("tlee%40gmail.com"), 1); /* as long as a number, and begins like one */
    eq_int(found("TL%E0%B8%81%E0%B8%82%E0%B8%84%E0%B8%87"), 0);
    for (size_t i = 0; i < COUNT(not_said); i++)
        eq_int(found(not_said[i]), 0);
    eq_int(found("0000"), 0); /* of no telephone all figures */
    t_get("/admin/customers.json?q=081+234+5678");
    eq_int((i64)node_count(node_get(t_document(), S("customers"))), 1);
}

T(a_word_that_most_orders_have_is_looked_for_among_the_newest)
{
    enum { MANY = 3900 };
    t_sql("discard plans; set local enable_seqscan = off"); /* as of any shop that is not new */
    i64 order = t_order();
    t_login(ADMIN_);
    copy_order(order, "MANY", MANY, "");
    t_sql("insert into orders.part (order_id, organisation_id, goods_total, tax_total)"
          " select id, 1, 0, 0 from orders.\"order\" where number like 'MANY-%%'");
    i64 before = t_rows_read("orders.words");
    is_true(found("somsri") > 10);
    i64 read = t_rows_read("orders.words") - before;
    eq_int(read < MANY ? 0 : read, 0);
    eq_int(found("MANY-10001"), 1);
}

T(who_has_not_paid_is_found_without_looking_at_all_who_have)
{
    enum { MANY = 2000 };
    t_sql("discard plans; set local enable_seqscan = off"); /* as of any shop that is not new */
    i64 waiting = t_order(), given_up = t_order(), paid = t_order();
    t_login(ADMIN_);
    t_post(desk_of(given_up, "/cancel").p, "");
    t_status(303);
    t_paid(paid);
    copy_order(paid, "PAID", MANY,
        ", 'total', 0, 'goods_total', 0, 'delivery_total', 0, 'tax_total', 0");
    t_sql("insert into orders.part (order_id, organisation_id, status, goods_total, tax_total)"
          " select id, 1, 'processing', 0, 0 from orders.\"order\" where number like 'PAID-%%'");
    i64 before = t_rows_read("orders.\"order\"");
    t_get("/admin/orders.json?payment=pending");
    t_status(200);
    i64 read = t_rows_read("orders.\"order\"") - before;
    eq_int(read < MANY / 4 ? 0 : read, 0);
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(given_up)));
    t_json("orders.1.number", str_c(t_ctx()->mem, t_number(waiting)));
    t_get("/admin/orders.json?payment=pending&status=processing");
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 0);
}

T(the_search_of_orders_stops_at_the_house_door)
{
    struct scope before = t_ctx()->scope;
    struct node *rows;
    t_order();
    t_ctx()->scope = (struct scope){ .organisation = 1 };
    must(q_orders_of_organisation(t_ctx(), &rows, 1, INT64_MAX, S(""), S(""), S("somsri"), NULL, 0));
    is_true(node_count(rows) >= 1);
    t_ctx()->scope = (struct scope){ .organisation = 999999 };
    must(q_orders_of_organisation(t_ctx(), &rows, 1, INT64_MAX, S(""), S(""), S("somsri"), NULL, 0));
    eq_int((i64)node_count(rows), 0);
    t_ctx()->scope = before;
}

T(the_desk_lists_searches_and_pages)
{
    i64 order = t_order();
    t_login(ADMIN_);
    t_get("/admin/orders.json?q=buyer%40example&status=pending&payment=pending");
    t_status(200);
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(order)));
    t_get("/admin/orders.json?q=nobody-like-that");
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 0);
    t_get("/admin/orders?status=lost");
    is_true(t_last_status() == 422 || t_last_status() == 200);
    t_get("/admin/orders.json?before=nonsense");
    t_status(404);
    t_get(desk_of(order, "").p);
    t_status(200);
    t_get("/admin/orders");
    t_status(200);
}

static i64 happened(void) { return (i64)node_count(node_path(t_document(), S("order.events"))); }

T(a_long_story_is_read_page_by_page_to_its_beginning)
{
    struct ctx *c = t_ctx();
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_get(desk_of(order, ".json").p);
    i64 few = happened();
    t_json("earlier", "null");
    t_sql("insert into orders.event (order_id, kind, actor, at) select %" PRId64 ", 'stock_late', "
          "'system', now() from generate_series(1, %d)", order, (int)(400 - few));
    step(order, "status=shipped", 303); /* 401 things */
    t_get(desk_of(order, ".json").p);
    eq_int(happened(), 200);
    t_json("order.events.199.kind", "shipped");
    str earlier = str_dup(c->mem, node_str(node_path(t_document(), S("earlier")), "url"));
    t_get(desk_of(order, "").p);
    t_text("What happened earlier");
    t_text("The parcel was sent");
    t_no_text("The order was placed");
    t_with("Accept", "application/json");
    t_get(earlier.p);
    eq_int(happened(), 200);
    str first = str_dup(c->mem, node_str(node_path(t_document(), S("earlier")), "url"));
    t_with("Accept", "application/json");
    t_get(first.p);
    eq_int(happened(), 1);
    t_json("order.events.0.kind", "placed");
    t_json("earlier", "null");
    t_get(first.p);
    t_text("The order was placed");
    t_text("What happened last");
    t_no_text("What happened earlier");
    t_get(desk_of(order, "?before=nonsense").p);
    t_status(404);
}

T(the_steps_of_a_long_story_keep_their_times)
{
    i64 order = t_order();
    t_paid(order);
    t_sql("insert into orders.event (order_id, kind, actor, at) select %" PRId64 ", 'stock_late', "
          "'system', now() from generate_series(1, 300)", order);
    t_login(ADMIN_);
    step(order, "status=shipped", 303);
    t_browser();
    t_get(path_of(order, "").p);
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
    i64 times = 0;
    str rest = t_body();
    for (i64 at; (at = str_find(rest, S("class=\"step-at\""))) >= 0; times++)
        rest = str_from(rest, (size_t)at + 1);
    eq_int(times, 3); /* ordered, paid, sent */
}

T(a_mail_is_sent_again_when_staff_ask)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order))).p);
    t_json("mails.0.state", "sent");
    t_json("mails.0.template", "order_paid");
    str mail = node_str(node_path(t_document(), S("mails.0")), "id");
    t_post(desk_of(order, str_fmt(t_ctx()->mem, "/mail/%.*s", STR(mail)).p).p, "");
    t_status(303);
    eq_str(t_str("select state as s from notify.mail where order_id = %" PRId64, order), "waiting");
    t_drain();
    eq_str(t_str("select state as s from notify.mail where order_id = %" PRId64, order), "sent");
    t_post(desk_of(order, "/mail/nonsense").p, "");
    t_status(404);
}

T(whoever_packs_reads_what_the_goods_are_called_in_their_own_language)
{
    static const char name[] = "select x.name as s from catalog.product_text x join orders.line l "
                               "using (product_id) where x.lang = 'th' and l.order_id = %" PRId64;
    i64 order = t_order(); /* in English */
    t_paid(order);
    t_login(ADMIN_);
    struct arena *mem = t_ctx()->mem;
    const char *bought = str_c(mem, t_str("select name as s from orders.line where order_id = %" PRId64, order));
    const char *as_link = str_fmt(mem, ">%s</a>", bought).p;
    const char *here = str_fmt(mem, ">%.*s</a>", STR(t_str(name, order))).p;
    const char *page = str_fmt(mem, "/th/admin/orders/%.*s", STR(t_number(order))).p;
    t_get(page);
    t_text(here);
    t_text(str_fmt(mem, "<small lang=\"en\">%s", bought).p);
    t_no_text(as_link);
    t_get(page + 3); /* as it was bought */
    t_text(as_link);
    t_no_text("<small lang=\"en\">");
    t_get(str_fmt(mem, "%s.json", page).p);
    t_json("order.lines.0.name", bought);
    t_no_text("ownName");
    t_sql("update catalog.product set status = 'archived' where id = (select product_id from orders.line"
          " where order_id = %" PRId64 ")", order);
    t_shelved();
    t_get(page); /* no longer sold */
    t_text(as_link);
    t_no_text("<small lang=\"en\">");
}

T(a_mail_that_does_not_go_out_is_named_in_words_with_what_the_server_said)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    static const struct {
        const char *state, *answer, *lang, *texts[3], *none;
    } cases[] = {
        { "waiting", "451 4.3.0 Try later", "", { "Confirmation of the order", "has not gone out yet",
            "451 4.3.0 Try later" }, "<code>order_paid" },
        { "failed", "550 5.1.1 No such user", "", { "Confirmation of the order",
            "It is not tried again by itself", "550 5.1.1 No such user" }, "<code>order_paid" },
        { "failed", "gone: it is paid by now", "", { "not needed any more", "Mails", "" },
            "it is paid by now" },
        { "waiting", "", "", { "waiting to be sent", "Confirmation of the order", "" },
            "has not gone out" },
        { "waiting", "451 4.3.0 Try later", "/th", { "ยืนยันคำสั่งซื้อ", "ยังส่งไม่ออก", "451 4.3.0" },
            "Confirmation of the order" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        t_sql("update notify.mail set state = '%s', answer = '%s', subject = '' where order_id = %" PRId64
              " and template = 'order_paid'", cases[i].state, cases[i].answer, order);
        t_get(str_fmt(t_ctx()->mem, "%s/admin/orders/%.*s", cases[i].lang, STR(t_number(order))).p);
        t_status(200);
        for (size_t k = 0; k < COUNT(cases[i].texts); k++)
            t_text(cases[i].texts[k]);
        t_no_text(cases[i].none);
    }
}

/* ---- the links of guests ---------------------------------------------------------------------- */

T(a_links_key_is_used_once_and_stays_in_no_address)
{
    t_open();
    t_browser();
    t_stock(CABLE, 20);
    i64 all[10];
    for (size_t i = 0; i < COUNT(all); i++)
        all[i] = t_order();
    opens(all[9], 200); /* who has just bought is known here */
    t_no_text("key=");
    t_browser();
    opens(all[0], 404);
    t_get(path_of(all[0], "").p);
    t_status(303);
    str line = t_header_of("Set-Cookie");
    is_true(str_starts(line, S("__Host-orders=")) && str_find(line, S("Max-Age")) < 0);
    t_header_has("Set-Cookie", "; Path=/; Secure; SameSite=Lax; HttpOnly");
    is_true(str_find(t_header_of("Location"), S("key")) < 0);
    opens(all[0], 200);
    t_no_text(str_from(t_key(all[0]), 5).p); /* nor in the page: "?key=" and then the key */
    opens(all[1], 404);
    t_get(path_of(all[0], "/return").p); /* as the provider sends one back */
    t_header("Location", str_fmt(t_ctx()->mem, "/orders/%.*s/return", STR(t_number(all[0]))).p);
    t_get(path_of(all[0], ".json").p); /* programs have no such jar */
    t_status(200);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel", STR(t_number(all[0]))).p, "");
    t_status(303);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, all[0]), "cancelled");
    for (size_t i = 1; i < COUNT(all); i++)
        t_get(path_of(all[i], "").p);
    opens(all[9], 200); /* the newest eight are kept */
    opens(all[2], 200);
    opens(all[1], 404);
    t_cookie_set("__Host-orders", str_fmt(t_ctx()->mem, "%.*s.%.*s", STR(t_number(all[1])),
        STR(str_from(t_key(all[2]), 5))).p);
    opens(all[1], 404); /* a key is of one order */
    static const char *const odd[] = { "~", ".", "~~.~", "x.y~z", "TL-0000-0000-0000." };
    for (size_t i = 0; i < COUNT(odd); i++) {
        t_cookie_set("__Host-orders", odd[i]);
        opens(all[1], 404);
        t_get(path_of(all[1], "").p);
        t_status(303);
    }
}
