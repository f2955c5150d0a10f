/* What buyers' banks ask about and take back: whatever comes first, twice or late, the books, the
 * order and the people end in the same place. */
#include "io/io.h"
#include "orders/orders.h"
#include "payments/payments.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"

#define ADMIN_   "admin@example.test"
#define TOTAL    134000
#define OUT      "[{\"amount\":-5}]"
#define AND_BACK "[{\"amount\":-5},{\"amount\":5}]"
/* What the provider knows of the buyer, and what was written to the bank: not ours to keep. */
#define EVIDENCE                                                                              \
    "\"evidence\":{\"access_activity_log\":\"Zz log\",\"billing_address\":\"9 Zz Lane\","       \
    "\"customer_email_address\":\"zz@example.test\",\"customer_name\":\"Zz \\\"M\\\" {Mali\","   \
    "\"customer_purchase_ip\":\"198.51.100.77\",\"customer_signature\":null,"                   \
    "\"shipping_address\":\"9 Zz Lane\",\"uncategorized_text\":\"Zz \\u201cword} \\\\\","         \
    "\"enhanced_evidence\":{\"visa_compelling_evidence_3\":{\"disputed_transaction\":"            \
    "{\"customer_device_id\":\"Zz device\",\"shipping_address\":{\"city\":\"Zz City\"}}}}}"

static i64 paid(void)
{
    t_browser();
    i64 order = t_order();
    t_paid(order);
    return order;
}

static str payment_of(i64 order)
{
    return t_str("select payment_id as s from payments.attempt where order_id = %" PRId64, order);
}

struct saying {
    const char *id, *state, *movements, *currency;
    i64 amount, due_days, submissions; /* 0: all of it, nine days, none */
};

/* As the provider's object is; the amounts of its movements are in no currency of ours. */
static str object(i64 order, const struct saying *s)
{
    i64 now = t_ctx()->now / SECOND;
    return str_fmt(t_ctx()->mem,
        "{\"object\":\"dispute\",\"id\":\"%s\",\"amount\":%" PRId64
        ",\"currency\":\"%s\",\"charge\":"
        "\"ch_t\",\"created\":%" PRId64 ",\"payment_intent\":\"%.*s\",\"reason\":"
        "\"product_not_received\",\"status\":\"%s\",\"balance_transactions\":%s," EVIDENCE
        ",\"evidence_details\":{\"due_by\":%" PRId64
        ",\"submission_count\":%" PRId64 "}}",
        s->id ? s->id : "du_t", s->amount ? s->amount : TOTAL, s->currency ? s->currency : "thb",
        now, STR(payment_of(order)), s->state, s->movements ? s->movements : "[]",
        now + (s->due_days ? s->due_days : 9) * 86400, s->submissions);
}

/* The provider says so: the nth thing of this test, at that second of it. */
static void says(i64 order, int second, const struct saying *s)
{
    static int n;
    when before = t_ctx()->now;
    i64 placed = t_int("select extract(epoch from placed_at)::bigint as n from orders.\"order\" "
                       "where id = %" PRId64,
        order);
    t_clock((placed + second) * SECOND);
    t_event(str_fmt(t_ctx()->mem, "evt_t_dispute_%d_%" PRId64, n++, order).p,
        "charge.dispute.updated", object(order, s));
    t_status(200);
    t_drain();
    t_clock(before);
}

static void is(i64 order, const char *status, i64 with_us, i64 disputed, i64 lost)
{
    eq_str(
        t_str("select orders.money_state(payment_status, refunded_total, disputed_total) as s from "
              "orders.\"order\" where id = %" PRId64,
            order),
        status);
    static const struct {
        const char *account;
        int which;
    } accounts[] = { { "provider", 0 }, { "dispute", 1 }, { "buyer", 2 } };
    const i64 wanted[] = { with_us, disputed, lost - TOTAL };
    for (size_t i = 0; i < COUNT(accounts); i++)
        eq_int(
            t_int("select coalesce(sum(amount), 0)::bigint as n from payments.entry where order_id "
                  "= %" PRId64 " and account = '%s'",
                order, accounts[i].account),
            wanted[accounts[i].which]);
}

static str story(i64 order)
{
    return t_str(
        "select coalesce(string_agg(replace(kind, 'dispute_', ''), ' ' order by id), '') as s "
        "from orders.event where order_id = %" PRId64 " and kind like 'dispute%%'",
        order);
}

static i64 mails(i64 order, const char *what)
{
    return t_int("select count(*) as n from notify.mail where template = 'dispute' and cause like "
                 "'dispute:%%:%s:%%' and order_id = %" PRId64,
        what, order);
}

static const char *path_of(i64 order, const char *rest)
{
    return str_fmt(t_ctx()->mem, "/admin/orders/%.*s%s", STR(t_number(order)), rest).p;
}

/* ---- its way --------------------------------------------------------------------------------- */

T(a_payment_that_a_bank_takes_back_is_seen_by_staff_and_not_given_back_twice)
{
    i64 order = paid();
    i64 told = t_int("select count(*) as n from work.outbox where kind = 'order.updated'");
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    is(order, "disputed", 0, TOTAL, 0);
    eq_str(story(order), "opened withdrawn");
    eq_int(mails(order, "opened"), 1);
    is_true(t_int("select count(*) as n from work.outbox where kind = 'order.updated'") > told);
    t_login(ADMIN_);
    t_get(path_of(order, ".json"));
    t_status(200);
    t_json("order.paymentStatus", "disputed");
    t_json("order.disputedTotal", "134000");
    t_json("disputes.0.state", "needs_response");
    t_json("mayRefund", "false");
    t_json("mayShip", "true"); /* it is for them to say */
    t_get(path_of(order, ""));
    t_text(
        "s bank takes the payment back · ฿1,340.00 · the buyer says that the goods did not"
        " arrive · "
        "answer by ");
    t_text("what is sent now may be lost with the money");
    t_html("a[href^='https://dashboard.stripe.com/test/payments/pi_']");
    t_post(path_of(order, "/refund"), "");
    t_status(409);
    t_text("cannot be given back a second time");
    t_get("/admin/orders?payment=disputed&q=buyer%40example.test");
    t_text(str_c(t_ctx()->mem, t_number(order)));
    t_get("/admin/orders?payment=disputed");
    t_text(str_c(t_ctx()->mem, t_number(order)));
    t_get("/admin");
    t_html("a[href='/admin/orders/disputes']");
    t_get("/admin/orders/disputes");
    t_text(str_c(t_ctx()->mem, t_number(order)));
    t_text("the buyer says that the goods did not arrive");
    t_post(path_of(order, "/status"), "status=shipped");
    t_status(303);
    eq_int(t_int("select count(*) as n from payments.event where body like '%%Zz %%' or body like "
                 "'%%zz@example%%' or body like '%%198.51.100.77%%'"), 0);
    eq_int(t_int("select count(*) as n from payments.event where kind like 'charge.dispute.%%' and "
                 "body like '%%' || '%.*s' || '%%' and body::jsonb #>> '{data,object,evidence}' = '{}'"
                 " and body::jsonb #>> '{data,object,evidence_details,due_by}' <> ''",
               STR(payment_of(order))), 1);
}

T(a_dispute_that_is_lost_is_money_that_went_back)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT, .submissions = 1 });
    is(order, "refunded", 0, 0, TOTAL);
    eq_str(story(order), "opened withdrawn answered lost");
    eq_int(mails(order, "lost"), 1);
    const char *page = str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p;
    t_get(str_fmt(t_ctx()->mem, "%s.json%.*s", page, STR(t_key(order))).p);
    t_json("order.givenBack.0.amount", "134000");
    t_json("order.paymentStatus", "refunded");
    t_get(str_fmt(t_ctx()->mem, "%s%.*s", page, STR(t_key(order))).p);
    t_get(page);
    t_text("Your bank has given you the money back");
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "");
    t_status(409);
    t_get("/admin/orders/disputes.json");
    eq_str(node_str(node_path(t_document(), S("disputes.0")), "state"), "lost");
}

T(a_dispute_that_is_won_leaves_the_order_paid)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    says(order, 1, &(struct saying){ .state = "under_review", .movements = OUT, .submissions = 1 });
    is(order, "disputed", 0, TOTAL, 0);
    says(order, 2, &(struct saying){ .state = "won", .movements = OUT, .submissions = 1 });
    is(order, "paid", 0, TOTAL, 0); /* decided; the money is on its way */
    says(order, 3, &(struct saying){ .state = "won", .movements = AND_BACK, .submissions = 1 });
    is(order, "paid", TOTAL, 0, 0);
    eq_str(story(order), "opened withdrawn answered won reinstated");
    eq_int(mails(order, "won"), 1);
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "");
    t_status(303);
    t_drain();
    is(order, "refunded", 0, 0, TOTAL);
}

/* Paid in one currency and settled in another, at the rates of two days; or with rows besides. */
T(what_comes_back_of_a_dispute_that_is_won_is_another_sum_than_what_went)
{
    static const char *const backs[] = { "[{\"amount\":-5},{\"amount\":4}]",
        "[{\"amount\":-5},{\"amount\":-1},{\"amount\":5}]" };
    for (size_t i = 0; i < COUNT(backs); i++) {
        i64 order = paid();
        const char *id = i ? "du_t_b" : "du_t_a";
        says(order, 0, &(struct saying){ id, "needs_response", OUT });
        is(order, "disputed", 0, TOTAL, 0);
        says(order, 1, &(struct saying){ id, "under_review", backs[i], .submissions = 1 });
        says(order, 2, &(struct saying){ id, "won", backs[i], .submissions = 1 });
        is(order, "paid", TOTAL, 0, 0);
        t_login(ADMIN_);
        t_post(path_of(order, "/refund"), "");
        t_status(303);
        t_drain();
        is(order, "refunded", 0, 0, TOTAL);
    }
}

T(a_dispute_that_was_prevented_counts_by_where_its_money_is)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ "du_t_p", "prevented", OUT });
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "refunded");
    order = paid();
    says(order, 0, &(struct saying){ .id = "du_t_q", .state = "prevented" });
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order), "paid");
}

/* What a seller answers with must be there as long as the bank asks. */
T(ID_20_who_disputes_a_payment_is_erased_when_it_is_decided)
{
    t_open();
    t_login("shopper@example.test");
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    t_post(path_of(order, "/status"), "status=shipped&carrier=Post&tracking=1");
    t_status(303);
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    eq_int(t_int("select orders.is_over(o)::int as n from orders.\"order\" o where id = %" PRId64, order), 0);
    i64 person = t_int("select person_id as n from orders.\"order\" where id = %" PRId64, order);
    t_sql("update orders.\"order\" set status = 'delivered', updated_at = now() - interval '90 days' "
          "where person_id = %" PRId64, person);
    struct ctx c = *t_ctx();
    eq_err(orders_must_wait(&c, person), E_CONFLICT);
    eq_str(c.fault.key, "account.disputed");
    eq_int(t_int("select orders.is_over(o)::int as n from orders.\"order\" o where id = %" PRId64, order), 0);
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT });
    must(orders_must_wait(t_ctx(), person));
}

/* The provider may take days to give it. */
T(what_is_being_given_back_is_not_sent)
{
    i64 order = paid();
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "");
    t_status(303);
    t_post(path_of(order, "/status"), "status=shipped&carrier=Post&tracking=1");
    t_status(409);
    t_text("its money has gone back");
    eq_str(t_str("select status as s from orders.part where order_id = %" PRId64, order), "processing");
}

/* The carrier's word is what the bank wants to see. */
T(what_was_sent_arrives_though_its_money_is_gone)
{
    i64 order = paid();
    t_login(ADMIN_);
    t_post(path_of(order, "/status"), "status=shipped&carrier=Post&tracking=1");
    t_status(303);
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT });
    t_login(ADMIN_);
    t_post(path_of(order, "/status"), "status=delivered");
    t_status(303);
}

/* It was cancelled meanwhile, and its buyer told that the money comes back: if not from the bank... */
T(what_a_bank_gives_back_of_an_order_cancelled_meanwhile_goes_to_its_buyer)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    t_login(ADMIN_);
    t_post(path_of(order, "/cancel"), "");
    t_status(303);
    t_sql("update notify.mail set recipient = 'cancelled@example.test' where template = "
          "'order_cancelled' and order_id = %" PRId64, order);
    str mail = t_mail_to(S("cancelled@example.test"));
    has_text(mail, "Your bank is deciding about your payment");
    no_text(mail, "Nothing was paid");
    is(order, "disputed", 0, TOTAL, 0);
    says(order, 1, &(struct saying){ .state = "won", .movements = OUT, .submissions = 1 });
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
    for (int i = 0; i < 2; i++) /* and twice is once */
        says(order, 2, &(struct saying){ .state = "won", .movements = AND_BACK, .submissions = 1 });
    is(order, "refunded", 0, 0, TOTAL);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64
                 " and amount = %d", order, TOTAL), 1);
    eq_int(t_int("select count(*) as n from orders.event where kind = 'refund_asked' and order_id = "
                 "%" PRId64, order), 1);
    eq_int(t_int("select count(*) as n from notify.mail where template = 'order_refunded' and "
                 "order_id = %" PRId64, order), 1);
}

T(of_a_part_in_dispute_what_comes_back_follows_the_rest_when_it_is_cancelled)
{
    i64 order = paid();
    says(
        order, 0, &(struct saying){ .state = "needs_response", .movements = OUT, .amount = 34000 });
    t_login(ADMIN_);
    t_post(path_of(order, "/cancel"), "");
    t_status(303);
    t_drain();
    is(order, "disputed", 0, 34000, 100000);
    says(order, 1, &(struct saying){ .state = "won", .movements = AND_BACK, .amount = 34000 });
    is(order, "refunded", 0, 0, TOTAL);
}

T(a_dispute_that_is_lost_after_cancelling_is_given_back_by_the_bank_alone)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    t_login(ADMIN_);
    t_post(path_of(order, "/cancel"), "");
    t_status(303);
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT });
    is(order, "refunded", 0, 0, TOTAL);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
}

T(a_bank_that_only_asks_takes_nothing_and_what_is_given_back_answers_it)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "warning_needs_response" });
    is(order, "paid", TOTAL, 0, 0);
    eq_int(mails(order, "inquired"), 1);
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "part=1&amount=340.00&kept=134000");
    t_status(303);
    t_drain();
    says(order, 1, &(struct saying){ .state = "warning_closed" });
    is(order, "partly_refunded", 100000, 0, 34000);
    eq_str(story(order), "inquired closed");
    eq_int(mails(order, "closed"), 1);
}

T(a_bank_that_asked_may_take_it_after_all)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "warning_needs_response" });
    says(order, 1, &(struct saying){ .state = "needs_response", .movements = OUT });
    is(order, "disputed", 0, TOTAL, 0);
    eq_str(story(order), "inquired opened withdrawn");
    says(order, 0, &(struct saying){ .state = "warning_under_review", .submissions = 1 }); /* late */
    eq_int(t_int("select count(*) as n from payments.dispute where is_answered and order_id = %" PRId64,
               order), 0);
    is(order, "disputed", 0, TOTAL, 0);
}

T(a_bank_that_thinks_again_before_it_takes_the_money_is_followed)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .amount = 34000 });
    is(order, "disputed", TOTAL, 0, 0);
    says(order, 1, &(struct saying){ .state = "needs_response", .amount = 50000 });
    is(order, "disputed", TOTAL, 0, 0);
    says(order, 2,
        &(struct saying){ .state = "needs_response", .movements = OUT, .amount = 50000 });
    is(order, "disputed", 84000, 50000, 0);
    eq_str(story(order), "opened withdrawn");
}

T(of_a_part_in_dispute_the_rest_can_be_given_back)
{
    i64 order = paid();
    says(
        order, 0, &(struct saying){ .state = "needs_response", .movements = OUT, .amount = 34000 });
    is(order, "disputed", 100000, 34000, 0);
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "part=1&amount=1000.01&kept=100000");
    t_status(409);
    t_post(path_of(order, "/refund"), "part=1&amount=1000.00&kept=100000");
    t_status(303);
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
               order),
        100000);
    t_drain();
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT, .amount = 34000 });
    is(order, "refunded", 0, 0, TOTAL);
}

/* What is kept grows again, and comes to the same sum twice. */
T(after_a_part_in_dispute_is_won_parts_can_be_given_back_as_before)
{
    i64 order = paid();
    t_login(ADMIN_);
    says(order, 0,
        &(struct saying){ .state = "needs_response", .movements = OUT, .amount = 34000 });
    t_post(path_of(order, "/refund"), "part=1&amount=340.00&kept=100000");
    t_status(303);
    says(order, 1, &(struct saying){ .state = "won", .movements = AND_BACK, .amount = 34000 });
    is(order, "partly_refunded", 100000, 0, 34000);
    for (int i = 0; i < 2; i++) { /* pressed twice */
        t_post(path_of(order, "/refund"), "part=1&amount=100.00&kept=100000");
        t_status(i ? 409 : 303);
    }
    t_drain();
    is(order, "partly_refunded", 90000, 0, 44000);
}

T(two_disputes_of_one_payment_are_two)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ "du_one", "needs_response", OUT, .amount = 34000 });
    says(order, 1, &(struct saying){ "du_two", "needs_response", OUT, .amount = 50000 });
    is(order, "disputed", 50000, 84000, 0);
    says(order, 2, &(struct saying){ "du_one", "won", AND_BACK, .amount = 34000 });
    says(order, 3, &(struct saying){ "du_two", "lost", OUT, .amount = 50000 });
    is(order, "partly_refunded", 84000, 0, 50000);
}

/* ---- in any order ------------------------------------------------------------------------------
 */

/* The nth permutation of n numbers. */
static void arrange(int nth, int *order, int n)
{
    int left[8];
    for (int i = 0; i < n; i++)
        left[i] = i;
    for (int i = 0; i < n; i++) {
        int k = n - i, at = nth % k;
        nth /= k;
        order[i] = left[at];
        for (int j = at; j < k - 1; j++)
            left[j] = left[j + 1];
    }
}

static void in_every_order(
    const struct saying *steps, int n, int ways, const char *status, i64 with_us_after, i64 each)
{
    i64 order = paid();
    for (int way = 0; way < ways; way++) {
        int turns[8];
        arrange(way, turns, n);
        const char *id = str_fmt(t_ctx()->mem, "du_way_%d", way).p;
        for (int i = 0; i < n; i++)
            for (int twice = 0; twice < 2; twice++) {
                struct saying one = steps[turns[i]];
                one.id = id;
                one.amount = each;
                says(order, turns[i], &one);
            }
    }
    i64 lost = TOTAL - with_us_after;
    is(order, status, with_us_after, 0, lost);
    eq_int(t_int("select count(*) as n from payments.dispute where order_id = %" PRId64
                 " and closed_at is not null",
               order),
        ways);
    eq_int(
        t_int("select count(*) as n from orders.event where kind = 'dispute_opened' and order_id = "
              "%" PRId64,
            order),
        ways);
}

T(whatever_is_heard_first_a_lost_dispute_ends_lost)
{
    static const struct saying steps[] = { { .state = "needs_response" },
        { .state = "needs_response", .movements = OUT }, { .state = "lost", .movements = OUT } };
    in_every_order(steps, 3, 6, "partly_refunded", TOTAL - 6000, 1000);
}

T(whatever_is_heard_first_a_won_dispute_ends_won)
{
    static const struct saying steps[] = { { .state = "needs_response" },
        { .state = "needs_response", .movements = OUT }, { .state = "won", .movements = OUT },
        { .state = "won", .movements = AND_BACK } };
    in_every_order(steps, 4, 24, "paid", TOTAL, 1000);
}

T(a_dispute_waits_for_the_news_that_its_payment_came)
{
    t_browser();
    i64 order = t_order();
    str payment = str_fmt(t_ctx()->mem, "pi_t%" PRId64, order); /* as t_session_object says */
    t_event("evt_t_early", "charge.dispute.created",
        str_fmt(t_ctx()->mem,
            "{\"object\":\"dispute\",\"id\":\"du_early\",\"amount\":134000,"
            "\"currency\":\"thb\",\"created\":1,"
            "\"payment_intent\":\"%.*s\",\"reason\":\"general\",\"status\":\"needs_response\","
            "\"balance_transactions\":" OUT "}",
            STR(payment)));
    struct ctx c = *t_ctx();
    work_drain(&c, 10); /* a first try */
    eq_int(
        t_int(
            "select count(*) as n from payments.event where event_id = 'evt_t_early' and"
            " applied_at "
            "is null"),
        1);
    t_event("evt_t_paid_after", "checkout.session.completed",
        t_session_object(order, "complete", "paid", TOTAL, "thb"));
    t_drain();
    is(order, "disputed", 0, TOTAL, 0);
}

T(a_dispute_of_somebody_elses_payment_or_in_another_currency_changes_nothing)
{
    i64 order = paid();
    t_event("evt_t_foreign_dispute", "charge.dispute.created",
        S("{\"object\":\"dispute\",\"id\":\"du_foreign\",\"amount\":5,\"currency\":\"thb\","
          "\"created\":1,"
          "\"payment_intent\":\"pi_nobodys\",\"reason\":\"general\","
          "\"status\":\"needs_response\"}"));
    t_drain();
    eq_str(
        t_str("select outcome as s from payments.event where event_id = 'evt_t_foreign_dispute'"),
        "not ours");
    says(order, 0,
        &(struct saying){ .state = "needs_response", .movements = OUT, .currency = "usd" });
    is(order, "paid", TOTAL, 0, 0);
    has_text(t_str("select string_agg(kind, ' ') as s from orders.event where order_id = %" PRId64,
                 order),
        "payment_mismatch");
    eq_int(t_int("select count(*) as n from payments.dispute where order_id = %" PRId64, order), 0);
}

/* ---- beside refunds
 * -------------------------------------------------------------------------------- */

/* The running shop is not told: this is ours to see. */
static str taken_back(i64 order, const char *how)
{
    t_sim("POST", "/_sim/switches", "{\"webhooks\":{\"off\":true}}");
    const struct node *said =
        t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/dispute/%.*s", STR(payment_of(order))).p, how);
    t_sim("POST", "/_sim/switches", "{\"webhooks\":{\"off\":false}}");
    return str_dup(t_ctx()->mem, node_str(node_get(said, S("dispute")), "id"));
}

T(of_a_refund_and_a_bank_at_once_one_gets_the_money)
{
    i64 order = paid();
    t_login(ADMIN_);
    t_post(path_of(order, "/refund"), "");
    t_status(303); /* asked for, and not sent yet */
    str id = taken_back(order, "{}");
    says(order, 0, &(struct saying){ id.p, "needs_response", OUT });
    eq_str(t_str("select state || ' ' || error as s from payments.refund where order_id = %" PRId64,
               order),
        "failed charge_disputed");
    is(order, "disputed", 0, TOTAL, 0);
}

T(the_database_itself_gives_nothing_back_that_a_bank_took)
{
    i64 order = paid();
    struct ctx *c = t_ctx();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    c->scope = (struct scope){ .platform = true };
    must(pg_begin(c));
    is_true(pg_script(c,
        str_fmt(c->mem,
            "insert into payments.refund (order_id, attempt_id, key, amount, currency) select"
            " order_id, id, "
            "'t-disputed', 1, currency from payments.attempt where order_id = %" PRId64,
            order)));
    pg_end(c, E_INTERNAL);
    fault_clear(c);
    says(order, 1, &(struct saying){ .state = "won", .movements = AND_BACK });
    c->scope = (struct scope){ .order = order };
    must(payments_refund(c, order, 1, S("x"), S("t-won"), 0, NULL));
}

T(what_goes_back_at_the_providers_desk_meanwhile_is_heard)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    t_event(
        "evt_t_desk_disputed", "refund.created", t_refund_object(order, "re_desk_disputed", 34000));
    t_drain();
    is(order, "disputed", -34000, TOTAL, 34000);
    says(order, 1, &(struct saying){ .state = "lost", .movements = OUT });
    is(order, "refunded", -34000, 0, TOTAL + 34000); /* twice, as it is */
}

/* ---- what nobody told us of
 * -------------------------------------------------------------------------- */

static str state_of(str id)
{
    return t_str(
        "select coalesce((select state || ' ' || money from payments.dispute where provider_id = "
        "'%.*s'), '') as s",
        STR(id));
}

static void at_the_sim(str id, const char *verb)
{
    t_sim("POST", "/_sim/switches", "{\"webhooks\":{\"off\":true}}");
    struct ctx *c = t_ctx();
    str headers[] = { str_fmt(c->mem, "Authorization: Bearer %.*s",
        STR(conf_str(c->app->conf, "stripe_key", str_none))) };
    struct http_call ask = { .method = "POST",
        .headers = headers,
        .n_headers = 1,
        .flags = HTTP_PRIVATE_OK,
        .url = str_fmt(c->mem, "%.*s/v1/disputes/%.*s%s",
            STR(conf_str(c->app->conf, "stripe_base", str_none)), STR(id), verb) };
    struct http_answer got;
    must(http_call(c, &ask, &got));
    eq_int(got.status, 200);
    t_sim("POST", "/_sim/switches", "{\"webhooks\":{\"off\":false}}");
}

T(a_dispute_of_which_every_event_was_lost_is_found_and_followed)
{
    i64 order = paid();
    str id = taken_back(order, "{\"reason\":\"product_not_received\"}");
    t_cron("payments.look_for_disputes");
    t_drain();
    eq_str(state_of(id), "needs_response withdrawn");
    is(order, "disputed", 0, TOTAL, 0);
    t_cron("payments.look_for_disputes"); /* once more: nothing new */
    t_drain();
    eq_str(story(order), "opened withdrawn");
    at_the_sim(id, "/close");
    t_cron("payments.reconcile"); /* heard of just now */
    t_drain();
    eq_str(state_of(id), "needs_response withdrawn");
    t_sql("update payments.dispute set created_at = now() - interval '7 hours', asked_at = null");
    t_cron("payments.reconcile");
    t_drain();
    eq_str(state_of(id), "lost lost");
    is(order, "refunded", 0, 0, TOTAL);
}

T(what_was_decided_changes_only_when_the_provider_says_so_itself)
{
    i64 order = paid();
    str id = taken_back(order, "{}");
    says(order, 0, &(struct saying){ id.p, "lost", OUT }); /* which is not so there */
    eq_str(state_of(id), "lost lost");
    is(order, "refunded", 0, 0, TOTAL);
    says(order, 0, &(struct saying){ id.p, "needs_response", OUT }); /* no newer: not believed */
    eq_str(state_of(id), "lost lost");
    says(order, 9, &(struct saying){ id.p, "under_review", OUT }); /* newer: asked about */
    eq_str(state_of(id), "needs_response withdrawn");
    is(order, "disputed", 0, TOTAL, 0);
}

/* ---- deadlines
 * ---------------------------------------------------------------------------------------- */

T(staff_are_reminded_once_when_the_time_to_answer_runs_out)
{
    i64 order = paid(), answered = paid(), later = paid();
    says(order, 0, &(struct saying){ "du_due", "needs_response", OUT, .due_days = 2 });
    says(answered, 0,
        &(struct saying){ "du_answered", "under_review", OUT, .due_days = 2, .submissions = 1 });
    says(later, 0, &(struct saying){ "du_later", "needs_response", OUT });
    for (int twice = 0; twice < 2; twice++) {
        t_cron("orders.disputes_due");
        t_drain();
    }
    eq_int(mails(order, "due"), 1);
    eq_int(mails(answered, "due"), 0);
    eq_int(mails(later, "due"), 0);
    t_sql(
        "update notify.mail set recipient = 'words@example.test' where template = 'dispute'"
        " and cause "
        "like '%%:due:%%' and order_id = %" PRId64
        "; update notify.mail set state = 'waiting' where "
        "recipient = 'words@example.test'",
        order);
    t_sql(
        "insert into work.job (kind, key, subject_id) select 'notify.mail', 't:due', id from"
        " notify.mail "
        "where recipient = 'words@example.test'");
    str mail = t_mail_to(S("words@example.test"));
    has_text(mail, "A bank still waits for your answer");
    has_text(mail, t_number(order));
    no_text(mail, "Somsri");
}

T(a_deadline_that_moves_is_told_of_again)
{
    i64 order = paid();
    struct saying s = { "du_moved", "needs_response", OUT, .due_days = 2 };
    says(order, 0, &s);
    t_cron("orders.disputes_due");
    t_drain();
    eq_int(mails(order, "due"), 1);
    s.due_days = 1;
    says(order, 1, &s);
    for (int twice = 0; twice < 2; twice++) {
        t_cron("orders.disputes_due");
        t_drain();
    }
    eq_int(mails(order, "due"), 2);
}

T(a_bank_that_asked_and_was_answered_waits_for_an_answer_when_it_takes_the_money)
{
    i64 order = paid();
    struct saying s = { .state = "warning_needs_response", .due_days = 2 };
    says(order, 0, &s);
    t_cron("orders.disputes_due");
    t_drain();
    s.state = "warning_under_review";
    says(order, 1, &s);
    eq_str(story(order), "inquired answered");
    s = (struct saying){ .state = "needs_response", .movements = OUT, .due_days = 1 };
    says(order, 2, &s);
    eq_int(t_int("select is_answered as n from payments.dispute where order_id = %" PRId64, order),
        0);
    t_cron("orders.disputes_due");
    t_drain();
    eq_int(mails(order, "due"), 2);
}

T(the_list_begins_with_the_nearest_deadline_and_ends_with_what_is_over)
{
    i64 far = paid(), near = paid(), over = paid();
    says(over, 0, &(struct saying){ "du_over", "won", AND_BACK });
    says(far, 0, &(struct saying){ "du_far", "needs_response", OUT });
    says(near, 0, &(struct saying){ "du_near", "needs_response", OUT, .due_days = 1 });
    t_login(ADMIN_);
    t_get("/admin/orders/disputes.json");
    t_json("disputes.0.number", str_c(t_ctx()->mem, t_number(near)));
    t_json("disputes.1.number", str_c(t_ctx()->mem, t_number(far)));
    t_json("disputes.2.number", str_c(t_ctx()->mem, t_number(over)));
    no_text(t_body(), "reasonText");
    for (int i = 0; i < 55; i++)
        t_sql(
            "insert into payments.dispute (order_id, attempt_id, provider, provider_id,"
            " payment_id, amount, "
            "currency, reason, state, said_at, opened_at, closed_at) select order_id, id,"
            " provider, "
            "'du_many_%d', payment_id, 1, currency, 'general', 'warning_closed', 1, now(),"
            " now() from "
            "payments.attempt where order_id = %" PRId64,
            i, over);
    t_get("/admin/orders/disputes.json");
    const struct node *next = node_get(t_document(), S("next"));
    eq_int((i64)node_count(node_get(t_document(), S("disputes"))), 50);
    str url = str_dup(t_ctx()->mem, node_str(next, "url"));
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/disputes.json%.*s",
        STR(str_from(url, (size_t)str_find(url, S("?")))))
              .p);
    eq_int((i64)node_count(node_get(t_document(), S("disputes"))), 8);
    t_json("next", "null");
    t_get("/admin/orders/disputes?after=x");
    t_status(404);
}

/* ---- whose
 * -------------------------------------------------------------------------------------------- */

T(disputes_are_seen_by_who_sells_alone_and_of_several_by_the_house)
{
    i64 order = paid();
    says(order, 0, &(struct saying){ .state = "needs_response", .movements = OUT });
    static const char count[] = "select count(*) as n from payments.dispute";
    eq_int(t_int_as((struct scope){ .person = 2, .organisation = 2 }, count), 0);
    eq_int(t_int_as((struct scope){ .person = 1, .organisation = 1 }, count), 1);
    t_get("/admin/orders/disputes");
    is_true(t_last_status() == 303 || t_last_status() == 401 || t_last_status() == 403);
    t_other_sells(order);
    eq_int(t_int_as((struct scope){ .person = 1, .organisation = 1 }, count), 0);
    t_login(ADMIN_); /* the house, of an order of several */
    t_get("/admin/orders/disputes");
    t_text(str_c(t_ctx()->mem, t_number(order)));
    t_browser();
    t_login("shopper@example.test"); /* who owns the other shop */
    t_get("/admin/orders/disputes");
    t_status(200);
    t_no_text(str_c(t_ctx()->mem, t_number(order)));
    t_text("No bank has asked about a payment.");
    t_get(path_of(order, ".json"));
    t_status(200);
    t_json("order.paymentStatus", "disputed"); /* not to send it unwarned */
    eq_int((i64)node_count(node_get(t_document(), S("disputes"))), 0);
}
