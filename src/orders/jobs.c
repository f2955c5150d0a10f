/* What comes in by the back door: payments' news and lapsed holds. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "io/io.h"
#include "notify/notify.h"
#include "payments/payments.h"
#include "web/web.h"
#include "work/work.h"

#define SETTLING  (10 * MINUTE) /* a payment on its way keeps its stock so long, then again */
#define WAITING   8             /* tries, some minutes: then news is of nobody's payment */
#define FORGOTTEN (24 * HOUR)   /* never paid, nobody came back: cancelled */
#define COUNTED   (25 * HOUR) /* what was kept for one buyer: of a day */

/* ---- payments' news -----------------------------------------------------------------------------
 */

/* Money came for an order that cannot be filled any more: it goes back, and we say so. */
static int give_back(struct ctx *c, i64 id, const struct node *order, i64 amount, const char *why)
{
    str key = str_fmt(c->mem, "%s-%" PRId64, why, id);
    TRY(payments_refund(c, id, amount, str_of(why), key, 0, NULL));
    TRY(orders_note(c, id, "refund_asked", "system", 0, NULL));
    return orders_say_refused(c, order, why);
}

/* What a bank gives back of an order that was cancelled while the bank had it is its buyer's, who
 * was told so. */
static int give_back_won(
    struct ctx *c, i64 id, const struct node *order, const struct payment_change *p)
{
    struct node *data = node_map(c->mem);
    i64 kept;
    bool is_new;
    if (!str_is(node_str(order, "status"), "cancelled") ||
        !(p->steps & (DISPUTE_WON | DISPUTE_REINSTATED)))
        return E_OK;
    TRY(payments_kept(c, id, &kept));
    if (kept <= 0)
        return E_OK;
    TRY(payments_refund(c, id, kept, S("dispute_won"),
        str_fmt(c->mem, "won-%" PRId64, p->dispute), 0, &is_new));
    node_set_int(c->mem, data, S("amount"), kept);
    return is_new ? orders_note(c, id, "refund_asked", "system", 0, data) : E_OK;
}

/* Its hold had lapsed: what is there now is held and sold; the cart first, as in placing. */
static int sell_late(struct ctx *c, i64 id, const struct node *order, bool *short_of)
{
    i64 revision;
    TRY(cart_lock(c, node_int(order, "cart_id"), &revision));
    TRY(pg_begin(c)); /* a savepoint: being short undoes only this */
    int err = pg_end(c, inventory_sell_late(c, id));
    *short_of = err == E_CONFLICT;
    if (*short_of)
        fault_clear(c);
    return *short_of ? E_OK : err;
}

/* Within the transaction's last batch. */
static void fill(struct ctx *c, i64 id, const struct node *order)
{
    struct notify_to to = orders_buyer(order);
    q_orders_fill(c, NULL, id);
    notify_mail(c, "order_paid", str_fmt(c->mem, "order:%" PRId64, id), &to);
}

/* *fills: it can be filled, which is the caller's to do. */
static int paid(
    struct ctx *c, i64 id, const struct node *order, const struct payment_change *p, bool *fills)
{
    bool short_of = false;
    if (!str_is(node_str(order, "payment_status"), "pending")) /* a second capture */
        return give_back(c, id, order, p->amount, "paid_twice");
    if (str_is(node_str(order, "status"), "cancelled")) {
        TRY(q_orders_set_paid(c, NULL, id));
        return give_back(c, id, order, p->amount, "paid_after_cancel");
    }
    if (!node_bool(order, "is_held"))
        TRY(sell_late(c, id, order, &short_of));
    *fills = !short_of;
    if (*fills)
        return E_OK;
    TRY(q_orders_set_paid(c, NULL, id));
    TRY(orders_cancel_locked(c, order, 0, "system", NULL));
    return give_back(c, id, order, p->amount, "sold_out");
}

/* What came in twice and went back once is no refund of the order. */
static i64 given_back(const struct node *order, const struct payment_change *p)
{
    i64 kept = p->captured - p->refunded - p->lost, total = node_int(order, "total");
    return kept >= total ? 0 : kept <= 0 ? total : total - kept;
}

static int refunded(struct ctx *c, i64 id, const struct node *order, const struct payment_change *p)
{
    struct node *data = node_map(c->mem);
    node_set_int(c->mem, data, S("amount"), p->amount);
    if (p->captured < p->refunded)
        return fail_detail(c, E_AWAY, "orders.early", "given back before it was taken: later");
    TRY(q_orders_refunded(c, NULL, id, given_back(order, p)));
    TRY(orders_say_refunded(c, order, p));
    return orders_note(c, id, "refunded", "provider", 0, data);
}

static int refund_failed(
    struct ctx *c, i64 id, const struct node *order, const struct payment_change *p)
{
    TRY(q_orders_unrefunded(c, NULL, id, given_back(order, p)));
    TRY(orders_say_refund_failed(c, id, p));
    struct node *data = node_map(c->mem);
    if (p->amount > 0)
        node_set_int(c->mem, data, S("amount"), p->amount);
    return orders_note(c, id, "refund_failed", "provider", 0, data);
}

static int disputed(struct ctx *c, i64 id, const struct node *order, const struct payment_change *p)
{
    static const struct {
        enum dispute_step step;
        const char *kind;
    } kinds[] = { { DISPUTE_INQUIRED, "dispute_inquired" }, { DISPUTE_OPENED, "dispute_opened" },
        { DISPUTE_WITHDRAWN, "dispute_withdrawn" }, { DISPUTE_ANSWERED, "dispute_answered" },
        { DISPUTE_WON, "dispute_won" }, { DISPUTE_LOST, "dispute_lost" },
        { DISPUTE_CLOSED, "dispute_closed" }, { DISPUTE_REINSTATED, "dispute_reinstated" } };
    TRY(q_orders_disputed(c, NULL, id, p->disputed, given_back(order, p)));
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct node *data = node_map(c->mem);
        if (!(p->steps & kinds[i].step))
            continue;
        node_set_int(c->mem, data, S("amount"), p->amount);
        if (kinds[i].step & (DISPUTE_INQUIRED | DISPUTE_OPENED))
            node_set_str(c->mem, data, S("reason"), p->reason);
        if (kinds[i].step & (DISPUTE_INQUIRED | DISPUTE_OPENED) && p->due)
            node_set_str(c->mem, data, S("due_at"), when_rfc3339(c->mem, p->due));
        TRY(orders_note(c, id, kinds[i].kind, "provider", 0, data));
    }
    TRY(give_back_won(c, id, order, p));
    return orders_say_disputed(c, id, p);
}

/* Being paid at this moment: the stock stays a while longer. */
static int settle(struct ctx *c, i64 id)
{
    TRY(q_orders_settling(c, NULL, id, c->now + SETTLING));
    return inventory_extend(c, id, c->now + SETTLING);
}

static int news(
    struct ctx *c, i64 id, const struct node *order, const struct payment_change *p, bool *fills)
{
    *fills = false;
    switch (p->news) {
    case NEWS_PAID: return paid(c, id, order, p, fills);
    case NEWS_REFUNDED: return refunded(c, id, order, p);
    case NEWS_PROCESSING:
        TRY(q_orders_leave_cart(c, NULL, id)); /* for days, maybe */
        TRY(settle(c, id));
        return orders_note(c, id, "payment_processing", "provider", 0, NULL);
    case NEWS_DECLINED: return orders_note(c, id, "payment_declined", "provider", 0, NULL);
    case NEWS_FAILED: return orders_note(c, id, "payment_failed", "provider", 0, NULL);
    case NEWS_REFUND_FAILED: return refund_failed(c, id, order, p);
    case NEWS_MISMATCH:
        log_line(c, LOG_ERROR, "payment_mismatch", "order", node_str(order, "number"), NULL);
        return orders_note(c, id, "payment_mismatch", "provider", 0, NULL);
    case NEWS_DISPUTED: return disputed(c, id, order, p);
    case NEWS_EXPIRED:
    case NEWS_NONE: return E_OK;
    }
    return E_OK;
}

static const char *outcome_of(enum payment_news n)
{
    static const char *const names[] = { [NEWS_NONE] = "nothing new",
        [NEWS_PAID] = "paid",
        [NEWS_FAILED] = "failed",
        [NEWS_PROCESSING] = "processing",
        [NEWS_EXPIRED] = "expired",
        [NEWS_REFUNDED] = "refunded",
        [NEWS_REFUND_FAILED] = "refund failed",
        [NEWS_DECLINED] = "declined",
        [NEWS_MISMATCH] = "mismatch",
        [NEWS_DISPUTED] = "disputed" };
    return names[n];
}

struct applying {
    const struct job *job;
    struct payment_event *event;
    i64 order;
    enum payment_news news;
    bool is_new_dispute;
};

static int apply(struct ctx *c, void *with)
{
    struct applying *a = with;
    struct node *order, *attempt;
    struct payment_change change;
    bool fills;
    pg_batch(c);
    q_orders_lock(c, &order, a->order);
    payments_attempt_of(c, a->event, &attempt);
    TRY(pg_flush(c));
    TRY(payments_apply(c, a->event, attempt, a->order, &change));
    TRY(news(c, a->order, order, &change, &fills));
    a->news = change.news;
    a->is_new_dispute = change.news == NEWS_DISPUTED && (change.steps & DISPUTE_OPENED);
    pg_batch(c);
    if (fills)
        fill(c, a->order, order);
    bool is_news = change.news != NEWS_NONE;
    if (is_news)
        orders_tell(c, a->order, "order.updated");
    payments_event_done(c, a->event, a->order, str_of(outcome_of(change.news)), is_news);
    job_done(c, a->job);
    return pg_flush_last(c);
}

static int not_ours(struct ctx *c, const struct applying *a)
{
    pg_batch(c);
    payments_event_done(c, a->event, 0, S("not ours"), false);
    job_done(c, a->job);
    return pg_flush(c);
}

/* Most payments are plain, and most of what is said of them twice is so the second time: then the
 * event itself is not read. */
static int settle_plain(struct ctx *c, const struct job *job, bool *is_settled)
{
    struct payment_paid paid;
    struct node *row;
    *is_settled = false;
    if (!payments_says_paid(job->data, &paid))
        return E_OK;
    TRY(q_orders_settle(c, &row, job->subject, paid.provider, paid.key, paid.payment_id,
        paid.amount, paid.currency, c->id, job_rank(c->app, "notify.mail"), job_wakes(c)));
    *is_settled = !node_is_null(row, "outcome");
    metric_add(c->app, "payments_total", str_is(node_str(row, "outcome"), "paid"));
    return E_OK;
}

static bool is_of(const struct job *job, const struct node *row)
{
    return job->subject == node_int(row, "event");
}

/* On a sale day most news of a moment is of payments like these: one transaction, and all of its steps
 * are still at hand for the next. */
static int settle_together(struct ctx *c, const struct job *jobs, size_t n, bool *done)
{
    i64 events[JOBS_TOGETHER], amounts[JOBS_TOGETHER];
    str providers[JOBS_TOGETHER], keys[JOBS_TOGETHER], payments[JOBS_TOGETHER],
        currencies[JOBS_TOGETHER], requests[JOBS_TOGETHER];
    struct payment_paid paid;
    struct node *rows;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!payments_says_paid(jobs[i].data, &paid))
            continue;
        events[k] = jobs[i].subject;
        providers[k] = paid.provider;
        keys[k] = paid.key;
        payments[k] = paid.payment_id;
        amounts[k] = paid.amount;
        currencies[k] = paid.currency;
        requests[k++] = jobs[i].request;
    }
    if (k < 2)
        return E_OK;
    TRY(q_orders_settle_all(c, &rows, events, k, providers, k, keys, k, payments, k, amounts, k,
        currencies, k, requests, k, job_rank(c->app, "notify.mail"), job_wakes(c)));
    EACH(item, rows) {
        for (size_t i = 0; i < n; i++)
            done[i] = done[i] || is_of(&jobs[i], &item->node);
        metric_add(c->app, "payments_total", str_is(node_str(&item->node, "outcome"), "paid"));
    }
    return E_OK;
}

static int payment_event(struct ctx *c, const struct job *job)
{
    bool is_settled;
    struct applying a = { .job = job };
    TRY(settle_plain(c, job, &is_settled));
    if (is_settled)
        return E_OK;
    TRY(payments_event(c, job->subject, &a.event));
    TRY(payments_event_order(c, a.event, &a.order));
    if (!a.order && payments_may_wait(a.event) && job->attempt < WAITING)
        return fail_detail(c, E_AWAY, "orders.early", "its payment is not known yet: later");
    if (!a.order)
        return not_ours(c, &a);
    TRY(pg_tx(c, apply, &a));
    metric_add(c->app, "payments_total", a.news == NEWS_PAID);
    metric_add(c->app, "disputes_total", a.is_new_dispute);
    return E_OK;
}

/* ---- lapsed holds
 * --------------------------------------------------------------------------------- */

static int find_lapsing(struct ctx *c)
{
    struct node *orders;
    TRY(q_orders_lapsing(c, &orders));
    TRY(job_add_each(c, "orders.lapse", orders, "id"));
    TRY(q_orders_forgotten(c, &orders, c->now - FORGOTTEN));
    return job_add_each(c, "orders.forget", orders, "id");
}

static int let_go(struct ctx *c, void *with)
{
    i64 id = *(const i64 *)with;
    struct node *order;
    TRY(q_orders_lock(c, &order, id));
    if (!node_bool(order, "is_held") || !node_bool(order, "lapsed") ||
        !str_is(node_str(order, "payment_status"), "pending"))
        return E_OK;
    TRY(page_is_closed(c, id));
    TRY(orders_note(c, id, "hold_lapsed", "system", 0, NULL));
    if (!orders_left_s(c, node_int(order, "kept_s"))) { /* they can be ordered anew */
        TRY(orders_say_lapsed(c, order, true));
        return orders_cancel_locked(c, order, 0, "system", NULL);
    }
    TRY(orders_let_go_of_cart(c, order));
    TRY(inventory_free(c, id));
    TRY(q_orders_let_go(c, NULL, id));
    TRY(orders_say_lapsed(c, order, false));
    return orders_tell(c, id, "order.updated");
}

static int keep_settling(struct ctx *c, void *with) { return settle(c, *(const i64 *)with); }

/* The stock goes back only when the provider has said that the page can no longer be paid. */
static int lapse(struct ctx *c, const struct job *job)
{
    i64 id = job->subject;
    bool settled;
    c->scope.order = id;
    TRY(payments_expire(c, id, &settled));
    return pg_tx(c, settled ? keep_settling : let_go, &id);
}

static int forget(struct ctx *c, const struct job *job)
{
    c->scope.order = job->subject;
    int err = orders_cancel(c, job->subject, 0, "system");
    if (err != E_CONFLICT)
        return err;
    fault_clear(c); /* paid, or being paid, after all: if not, the clock finds it again */
    return E_OK;
}

/* ---- disputes that nobody answers ------------------------------------------------------------ */

static int find_disputes_due(struct ctx *c)
{
    struct node *rows;
    TRY(payments_disputes_due(c, &rows));
    return job_add_each(c, "orders.dispute_due", rows, "id");
}

static int remind(struct ctx *c, void *with)
{
    struct node *row;
    TRY(payments_dispute_reminded(c, *(const i64 *)with, &row));
    return row ? orders_say_dispute_due(c, row) : E_OK;
}

static int dispute_due(struct ctx *c, const struct job *job)
{
    i64 id = job->subject;
    return pg_tx(c, remind, &id);
}

JOBS(orders){
    { "payment.event", payment_event, settle_together, .tries = 20, .rank = RANK_FIRST,
        .is_quick = true },
    /* These two wait for a provider that cannot be asked, however long that takes. */
    { "orders.lapse", lapse, .tries = FOR_EVER, .longest_us = 5 * MINUTE, .lease_us = 2 * MINUTE },
    { "orders.forget", forget, .tries = FOR_EVER, .lease_us = 2 * MINUTE },
    { "orders.dispute_due", dispute_due },
    { "orders.news", orders_write_news, .rank = RANK_LAST },
    { "orders.erase_late", orders_erase_late, .tries = FOR_EVER, .rank = RANK_LAST },
    /* Sent late it says the order as it is by then: no dead letter because nchan was away. */
    { "orders.push", orders_push, orders_push_plain, .tries = FOR_EVER, .longest_us = 2 * MINUTE,
        .is_quick = true },
    END_OF_JOBS,
};

static int erase_due_once(struct ctx *c, void *with)
{
    (void)with;
    return orders_erase_due(c);
}

static int erase_due(struct ctx *c) { return pg_tx(c, erase_due_once, NULL); }

static int forget_buyers(struct ctx *c)
{
    return q_orders_forget_buyers(c, NULL, c->now - COUNTED);
}

CRONS(orders){
    { "orders.lapsing", 15 * SECOND, find_lapsing },
    { "orders.disputes_due", 15 * MINUTE, find_disputes_due },
    { "orders.forget_answers", HOUR, orders_forget_answers },
    { "orders.erase_due", HOUR, erase_due },
    { "orders.forget_buyers", HOUR, forget_buyers },
    { "orders.forget_news", HOUR, orders_forget_news },
    END_OF_CRONS,
};
