#include "payments/payments_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "work/work.h"

#define SLICE  2000 /* events */
#define NEWEST INT64_MAX

static int ask(struct ctx *c, const struct job *job) { return payments_ask(c, job->subject); }

static int ask_refunds(struct ctx *c, const struct job *job)
{
    return payments_ask_refunds(c, job->subject);
}

static int ask_dispute(struct ctx *c, const struct job *job)
{
    return payments_ask_dispute(c, job->subject);
}

/* The row was committed before; its key makes a repeated call the same call. */
static int refund(struct ctx *c, const struct job *job)
{
    struct node *row;
    TRY(q_payments_refund(c, &row, job->subject));
    if (!str_is(node_str(row, "state"), "created"))
        return E_OK;
    struct saying said = { .provider = node_str(row, "provider") };
    TRY(provider_named(said.provider)->refund(c, row, &said.id, &said.kind, &said.body));
    return pg_tx(c, payments_note, &said);
}

/* Providers lose events too: whatever has been open for a while is asked for. */
static int reconcile(struct ctx *c)
{
    struct node *stale;
    TRY(q_payments_stale_attempts(c, &stale));
    TRY(job_add_each(c, "payments.ask", stale, "id"));
    TRY(q_payments_stale_refunds(c, &stale));
    TRY(job_add_each(c, "payments.ask_refunds", stale, "attempt_id"));
    TRY(q_payments_stale_disputes(c, &stale));
    return job_add_each(c, "payments.ask_dispute", stale, "id");
}

/* Of one whose first event was lost nothing is known here: the provider is asked for all. */
static int look_for_disputes(struct ctx *c)
{
    return job_add(c, "payments.ask_dispute", S("payments.ask_dispute:lately"), 0, 0, NULL, 0);
}

/* before: events kept without their attempt are looked through from the newest before that one; 0:
 * not at all. */
static int add_erasing(struct ctx *c, i64 order, i64 before)
{
    struct node *data = node_map(c->mem);
    node_set_int(c->mem, data, S("before"), before);
    /* Not joined to one that is there: that may have looked already. */
    str key = str_fmt(c->mem, "payments.erase:%" PRId64 ":%" PRId64 ":%" PRId64, order, before,
        when_now());
    return job_add(c, "payments.erase", key, 0, order, data, 0);
}

int payments_erase(struct ctx *c, i64 order)
{
    TRY(q_payments_erase_requests(c, NULL, order));
    return add_erasing(c, order, NEWEST);
}

int payments_erase_told(struct ctx *c, i64 order) { return add_erasing(c, order, 0); }

static int none_waits(struct ctx *c, const struct node *row)
{
    return node_int(row, "waiting")
        ? fail_detail(c, E_AWAY, "payments.waiting", "an event is not applied yet")
        : E_OK;
}

/* Not while one of them is still to be applied. By its attempt an event is found at once; those
 * without are read a slice at a time, or a shop with many would never be through within the time a
 * statement has. */
static int erase_events(struct ctx *c, const struct job *job)
{
    struct node *row;
    i64 before = node_get(job->data, S("before")) ? node_int(job->data, "before") : NEWEST;
    if (before == NEWEST || !before) {
        TRY(q_payments_erase_events(c, &row, job->subject));
        TRY(none_waits(c, row));
    }
    if (!before)
        return E_OK;
    TRY(q_payments_erase_older(c, &row, job->subject, before, SLICE));
    TRY(none_waits(c, row));
    return node_int(row, "next") ? add_erasing(c, job->subject, node_int(row, "next")) : E_OK;
}

/* Once, for shops that forgot buyers before events were also known by our own key (sql/change): so
 * many orders at a time that nobody notices. */
static int sweep(struct ctx *c, const struct job *job)
{
    struct node *orders;
    TRY(q_payments_erased_after(c, &orders, job->subject));
    if (!node_count(orders))
        return E_OK;
    i64 last = 0;
    EACH(it, orders) {
        last = node_int(&it->node, "order_id");
        TRY(add_erasing(c, last, NEWEST));
    }
    return job_add(c, "payments.sweep", str_fmt(c->mem, "payments.sweep:%" PRId64, last), 0, last,
        NULL, when_now() + MINUTE);
}

JOBS(payments){
    { "payments.erase", erase_events, .rank = RANK_LAST },
    { "payments.sweep", sweep, .rank = RANK_LAST },
    /* A dead letter would keep its key: nobody would be asked again. */
    { "payments.ask", ask, .tries = FOR_EVER, .longest_us = 5 * MINUTE },
    { "payments.refund", refund, .tries = FOR_EVER },
    { "payments.ask_refunds", ask_refunds, .tries = FOR_EVER, .longest_us = 5 * MINUTE },
    { "payments.ask_dispute", ask_dispute, .tries = FOR_EVER, .longest_us = 5 * MINUTE },
    END_OF_JOBS,
};

static int forget_links(struct ctx *c)
{
    c->scope.platform = true;
    return q_payments_forget_links(c, NULL);
}

CRONS(payments){
    { "payments.reconcile", MINUTE, reconcile },
    { "payments.look_for_disputes", HOUR, look_for_disputes },
    { "payments.forget_links", HOUR, forget_links },
    END_OF_CRONS,
};
