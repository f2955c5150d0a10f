/* What a stored event means for our own rows. Runs in the transaction of orders/jobs.c, which
 * holds the order: order -> payment -> stock. States only move forward, so the same news
 * twice, late or out of order end in the same state. */
#include "payments/payments_in.h"
#include "gen/queries.h"
#include "work/work.h"

struct payment_event {
    i64 id, attempt;
    str provider;
    struct provider_news news;
    bool is_erased; /* its buyer has been forgotten: so will be what it says */
};

int payments_event(struct ctx *c, i64 id, struct payment_event **out)
{
    struct node *row;
    TRY(q_payments_event(c, &row, id));
    struct payment_event *event = *out = NEW(c->mem, struct payment_event);
    event->id = id;
    event->provider = node_str(row, "provider");
    const struct provider *p = provider_named(event->provider);
    if (!p)
        return fail_detail(c, E_INTERNAL, "payments.provider", "an event of nobody's");
    return p->news(c, node_str(row, "kind"), node_str(row, "body"), &event->news);
}

bool payments_may_wait(const struct payment_event *event)
{
    enum provider_fact fact = event->news.fact;
    return fact == FACT_DISPUTED || fact == FACT_REFUNDED || fact == FACT_REFUND_FAILED;
}

bool payments_says_paid(const struct node *data, struct payment_paid *out)
{
    *out = (struct payment_paid){ node_str(data, "provider"), node_str(data, "key"),
        node_str(data, "payment"), node_str(data, "currency"), node_int(data, "amount") };
    return out->key.n > 0;
}

static bool is_capture_of(const struct provider_news *n, const struct node *attempt)
{
    return n->amount == node_int(attempt, "amount") &&
        str_eq(n->currency, node_str(attempt, "currency"));
}

int payments_attempt_of(struct ctx *c, const struct payment_event *event, struct node **attempt)
{
    const struct provider_news *n = &event->news;
    return q_payments_find_attempt(
        c, attempt, event->provider, n->session_id, n->payment_id, n->attempt_key);
}

int payments_event_order(struct ctx *c, struct payment_event *event, i64 *order)
{
    struct node *row;
    *order = 0;
    const struct provider_news *news = &event->news;
    if (news->fact == FACT_NONE)
        return E_OK;
    if (news->refund_id.n || news->refund_key.n) {
        TRY(q_payments_find_refund(c, &row, news->refund_key, news->refund_id));
        if (row) {
            *order = node_int(row, "order_id");
            event->attempt = node_int(row, "attempt_id");
            event->is_erased = node_bool(row, "is_erased");
            return E_OK;
        }
    }
    TRY(payments_attempt_of(c, event, &row));
    *order = row ? node_int(row, "order_id") : 0;
    event->attempt = row ? node_int(row, "id") : 0;
    event->is_erased = row && node_bool(row, "is_erased");
    return E_OK;
}

static int read_sums(struct ctx *c, struct payment_change *out)
{
    struct node *row;
    TRY(q_payments_sums(c, &row, out->order));
    out->captured = node_int(row, "captured");
    out->refunded = node_int(row, "refunded");
    out->lost = node_int(row, "lost");
    out->disputed = node_int(row, "disputed");
    return E_OK;
}

static int apply_paid(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    struct payment_change *out)
{
    struct node *row;
    if (!is_capture_of(n, attempt)) {
        out->news = NEWS_MISMATCH;
        return E_OK;
    }
    /* One capture per attempt: session and intent speak of the same money, and state and ledger
     * move together. */
    if (str_is(node_str(attempt, "state"), "paid")) {
        out->news = NEWS_NONE;
        return E_OK;
    }
    str cause = str_fmt(c->mem, "capture:attempt:%" PRId64, out->attempt);
    TRY(q_payments_capture(
        c, &row, out->attempt, n->payment_id, out->order, cause, n->amount, n->currency));
    out->news = node_bool(row, "is_fresh") ? NEWS_PAID : NEWS_NONE;
    return E_OK;
}

static int apply_moved(struct ctx *c, const struct provider_news *n, const char *state,
    enum payment_news news, struct payment_change *out)
{
    i64 changed;
    TRY(q_payments_attempt_moved(c, &changed, out->attempt, str_of(state), n->error));
    out->news = changed ? news : NEWS_NONE;
    return E_OK;
}

/* Ours by key or id; else it was made at the provider's own desk and gets a row now. */
static int find_refund(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    struct payment_change *out)
{
    struct node *row;
    TRY(q_payments_find_refund(c, &row, n->refund_key, n->refund_id));
    if (row && n->fact == FACT_REFUNDED && node_int(row, "amount") != n->amount)
        out->news = NEWS_MISMATCH;
    if (!row && attempt)
        TRY(q_payments_foreign_refund(c, &row, out->order, out->attempt,
            str_fmt(c->mem, "at-provider-%.*s", STR(n->refund_id)), n->amount, n->currency,
            n->refund_id));
    out->refund = row ? node_int(row, "id") : 0;
    out->reason = row ? node_str(row, "reason") : str_none;
    return E_OK;
}

/* A refund that failed, maybe after it had been said to be done: then the money is here again. */
static int take_back(struct ctx *c, const struct provider_news *n, struct payment_change *out)
{
    struct node *row;
    bool fresh;
    TRY(q_payments_refund_failed(c, &row, out->refund, n->error));
    out->news = row ? NEWS_REFUND_FAILED : NEWS_NONE;
    out->amount = node_int(row, "amount"); /* who refuses says no sum */
    if (row && node_bool(row, "was_done"))
        return ledger_unrefund(c, out->order, out->refund, node_int(row, "amount"),
            node_str(row, "currency"), &fresh);
    return E_OK;
}

static int apply_refund(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    struct payment_change *out)
{
    i64 changed;
    bool fresh;
    TRY(find_refund(c, n, attempt, out));
    if (!out->refund || out->news == NEWS_MISMATCH)
        return E_OK;
    if (n->fact == FACT_REFUND_FAILED)
        return take_back(c, n, out);
    TRY(q_payments_refund_done(c, &changed, out->refund, n->refund_id));
    if (!changed) /* done already, or failed since */
        return E_OK;
    TRY(ledger_refund(c, out->order, out->refund, n->amount, n->currency, &fresh));
    out->news = fresh ? NEWS_REFUNDED : NEWS_NONE;
    return E_OK;
}

/* Not done here: it calls outside. What it finds comes as events of its own. A job for each: one
 * that is running may have looked already. */
static int look_at_refunds(struct ctx *c, i64 attempt, i64 event)
{
    str key = str_fmt(c->mem, "payments.ask_refunds:%" PRId64 ":%" PRId64, attempt, event);
    return job_add(c, "payments.ask_refunds", key, 0, attempt, NULL, 0);
}

static bool is_page(const struct node *attempt)
{
    return !str_is(node_str(attempt, "kind"), "intent");
}

/* The bank has begun on what was paid on a page. Its own event, that it is complete, need not have
 * been chosen at the provider: it comes with each payment. */
static bool is_page_begun(const struct provider_news *n, const struct node *attempt)
{
    return n->of_intent && n->fact == FACT_PROCESSING && is_page(attempt) &&
        (str_is(node_str(attempt, "state"), "open") || str_is(node_str(attempt, "state"), "created"));
}

/* As with refunds: the page is asked by a job, and what it says comes as an event. */
static int look_at_page(struct ctx *c, i64 attempt, i64 event)
{
    str key = str_fmt(c->mem, "payments.ask:%" PRId64 ":%" PRId64, attempt, event);
    return job_add(c, "payments.ask", key, 0, attempt, NULL, 0);
}

/* The bank's no to an intent leaves it open for another try; to a page it is the page's affair,
 * and said after the money came it is old news. */
static int apply_declined(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    struct payment_change *out)
{
    if (str_is(node_str(attempt, "state"), "paid"))
        return E_OK;
    out->news = NEWS_DECLINED;
    return q_payments_attempt_declined(c, NULL, out->attempt, n->at, n->error);
}

/* Events come in any order: a try that was declined since is not under way any more. And of a
 * page only the page itself says whether it is still open. */
static bool is_overtaken(const struct provider_news *n, const struct node *attempt)
{
    if (!n->of_intent || (n->fact != FACT_PROCESSING && n->fact != FACT_EXPIRED))
        return false;
    return is_page(attempt) ||
        (n->fact == FACT_PROCESSING && n->at <= node_int(attempt, "declined_at"));
}

int payments_apply(struct ctx *c, const struct payment_event *event, const struct node *attempt,
    i64 order, struct payment_change *out)
{
    const struct provider_news n = event->news;
    *out = (struct payment_change){ .order = order };
    out->attempt = attempt ? node_int(attempt, "id") : 0;
    out->amount = n.amount;
    out->currency = n.currency;
    out->error = n.error;
    int err = E_OK;
    if (n.fact == FACT_REFUNDED || n.fact == FACT_REFUND_FAILED) {
        err = apply_refund(c, &n, attempt, out);
        return err ? err : read_sums(c, out);
    }
    if (attempt && n.fact == FACT_DISPUTED) {
        err = dispute_apply(c, &n, attempt, event->id, out);
        return err ? err : read_sums(c, out);
    }
    if (attempt && n.fact == FACT_LOOK_AT_REFUNDS)
        err = look_at_refunds(c, out->attempt, event->id);
    else if (attempt && is_page_begun(&n, attempt))
        err = look_at_page(c, out->attempt, event->id);
    else if (attempt && is_overtaken(&n, attempt))
        out->news = NEWS_NONE;
    else if (attempt && n.fact == FACT_PAID)
        err = apply_paid(c, &n, attempt, out);
    else if (attempt && n.fact == FACT_PROCESSING)
        err = apply_moved(c, &n, "processing", NEWS_PROCESSING, out);
    else if (attempt && n.fact == FACT_FAILED)
        err = apply_moved(c, &n, "failed", NEWS_FAILED, out);
    else if (attempt && n.fact == FACT_EXPIRED)
        err = apply_moved(c, &n, "expired", NEWS_EXPIRED, out);
    else if (attempt && n.fact == FACT_DECLINED)
        err = apply_declined(c, &n, attempt, out);
    return err;
}

int payments_event_done(
    struct ctx *c, const struct payment_event *event, i64 order, str outcome, bool is_news)
{
    TRY(q_payments_event_done(c, NULL, event->id, event->attempt, outcome, is_news));
    return event->is_erased ? payments_erase_told(c, order) : E_OK;
}
