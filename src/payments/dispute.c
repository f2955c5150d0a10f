/* The buyer's bank asks about a payment, or takes it back. What is said of a dispute comes doubled,
 * late and in any order: its state moves forward alone, its money by as many movements as have been
 * heard of, each by itself. So whatever came first, the end is the same. An event that says
 * otherwise is not believed: the provider is asked, and what its object says then holds. */
#include "payments/payments_in.h"
#include "gen/queries.h"
#include "work/work.h"

/* From where to where a state may go without asking: up. */
static const struct standing {
    const char *name;
    int rank;
    bool is_over;
    enum dispute_step step; /* what coming there is */
} standings[] = {
    { "warning_needs_response", 1, false, DISPUTE_INQUIRED },
    { "warning_under_review", 2, false, DISPUTE_INQUIRED },
    { "warning_closed", 3, true, DISPUTE_CLOSED },
    { "needs_response", 4, false, DISPUTE_OPENED },
    { "under_review", 5, false, DISPUTE_OPENED },
    { "won", 6, true, DISPUTE_WON },
    { "lost", 6, true, DISPUTE_LOST },
};

/* Both the row's check and the provider's file know no other. */
static const struct standing *standing_of(str state)
{
    const struct standing *s = standings;
    while (s < standings + COUNT(standings) - 1 && !str_is(state, s->name))
        s++;
    return s;
}

static bool is_inquiry(const struct standing *s) { return s->rank <= 3; }

struct dispute {
    i64 id, amount, bookings, movements, said_at;
    str money;
    when due;
    const struct standing *at; /* NULL: not heard of before */
    bool is_answered;
};

static int read_dispute(
    struct ctx *c, const struct provider_news *n, const struct node *attempt, struct dispute *d)
{
    struct node *row;
    str provider = node_str(attempt, "provider");
    TRY(q_payments_dispute(c, &row, provider, n->dispute.id));
    *d = (struct dispute){ .amount = n->amount, .money = S("kept") };
    if (!row)
        return E_OK;
    *d = (struct dispute){ node_int(row, "id"), node_int(row, "amount"), node_int(row, "bookings"),
        node_int(row, "movements"), node_int(row, "said_at"), node_str(row, "money"), 0,
        standing_of(node_str(row, "state")), node_bool(row, "is_answered") };
    if (!when_parse(node_str(row, "due_at"), &d->due))
        d->due = 0;
    return E_OK;
}

static int add_dispute(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    const struct payment_change *out, struct dispute *d)
{
    struct node *row;
    TRY(q_payments_add_dispute(c, &row, out->order, out->attempt, node_str(attempt, "provider"),
        n->dispute.id, n->payment_id, n->amount, n->currency, n->dispute.reason, n->dispute.state,
        n->at, n->dispute.opened * SECOND));
    d->id = node_int(row, "id");
    return E_OK;
}

/* What had happened on the way there is told with it, when we hear of it so late. */
static unsigned steps_to(const struct dispute *d, const struct standing *to)
{
    bool is_known = d->at && (is_inquiry(to) || !is_inquiry(d->at));
    if (!to->is_over) /* its evidence is a step of its own */
        return is_known && !d->at->is_over ? 0 : (unsigned)to->step;
    unsigned begun = is_inquiry(to) ? DISPUTE_INQUIRED : DISPUTE_OPENED;
    return is_known ? (unsigned)to->step : to->step | begun;
}

/* What was answered while the bank only asked is no answer to its taking the money: not where that is
 * heard of later either. */
static bool is_answered(const struct provider_news *n, const struct standing *at)
{
    bool of_what_it_is_now = is_inquiry(standing_of(n->dispute.state)) == is_inquiry(at);
    return of_what_it_is_now &&
        (n->dispute.is_answered || str_ends(n->dispute.state, S("under_review")));
}

/* A job for each: one that is running may have looked already. */
static int look_again(struct ctx *c, i64 dispute, i64 event)
{
    str key = str_fmt(c->mem, "payments.ask_dispute:%" PRId64 ":%" PRId64, dispute, event);
    return job_add(c, "payments.ask_dispute", key, 0, dispute, NULL, 0);
}

/* Its state, unless that is what it was, or older news. */
static int move(struct ctx *c, const struct provider_news *n, i64 event, struct dispute *d,
    struct payment_change *out)
{
    const struct standing *to = standing_of(n->dispute.state);
    bool is_newer = n->at > d->said_at;
    bool is_forward = !d->at || (!d->at->is_over && to->rank > d->at->rank);
    if (d->at == to || (!is_forward && !is_newer))
        return E_OK;
    if (!is_forward && !n->dispute.is_asked)
        return look_again(c, d->id, event);
    out->steps |= steps_to(d, to);
    if (d->at && is_inquiry(d->at) && !is_inquiry(to)) /* it takes an answer of its own */
        d->is_answered = false;
    d->at = to;
    d->said_at = is_newer ? n->at : d->said_at;
    return E_OK;
}

/* The accounts of the ledger that `money` stands for. */
static str account_of(str money)
{
    if (str_is(money, "kept"))
        return S("provider");
    return str_is(money, "lost") ? S("buyer") : S("dispute");
}

/* Its money: withdrawn, until it is lost or comes back. */
static int book(
    struct ctx *c, const struct provider_news *n, struct dispute *d, struct payment_change *out)
{
    bool was_out = !str_is(d->money, "kept"), is_out = was_out;
    bool is_won = d->at->step == DISPUTE_WON && n->dispute.movements == d->movements;
    if (n->dispute.movements > d->movements || (is_won && !n->dispute.is_out)) {
        d->movements = n->dispute.movements;
        is_out = n->dispute.is_out;
    }
    str money = !is_out ? S("kept") : d->at->step == DISPUTE_LOST ? S("lost") : S("withdrawn");
    if (!was_out)
        d->amount = n->amount; /* until it is in the books a bank may think again */
    if (str_eq(money, d->money))
        return E_OK;
    if (is_out != was_out)
        out->steps |= is_out ? DISPUTE_WITHDRAWN : DISPUTE_REINSTATED;
    TRY(ledger_dispute(c, out->order, d->id, ++d->bookings, account_of(d->money), account_of(money),
        d->amount, n->currency));
    d->money = money;
    return E_OK;
}

int dispute_apply(struct ctx *c, const struct provider_news *n, const struct node *attempt,
    i64 event, struct payment_change *out)
{
    struct dispute d;
    i64 amount;
    if (n->amount <= 0 || !str_eq(n->currency, node_str(attempt, "currency"))) {
        out->news = NEWS_MISMATCH;
        return E_OK;
    }
    if (!str_is(node_str(attempt, "state"), "paid"))
        return fail_detail(c, E_AWAY, "payments.early", "disputed before it was taken: later");
    TRY(read_dispute(c, n, attempt, &d));
    amount = d.amount;
    if (!d.id)
        TRY(add_dispute(c, n, attempt, out, &d));
    if (n->at >= d.said_at)
        d.due = n->dispute.due * SECOND;
    TRY(move(c, n, event, &d, out));
    bool is_said = is_answered(n, d.at);
    if (is_said && !d.is_answered)
        out->steps |= DISPUTE_ANSWERED;
    d.is_answered = d.is_answered || is_said;
    TRY(book(c, n, &d, out));
    out->dispute = d.id;
    out->amount = d.amount;
    out->reason = n->dispute.reason;
    out->due = d.at->is_over ? 0 : d.due;
    out->news = out->steps || d.amount != amount ? NEWS_DISPUTED : NEWS_NONE;
    return q_payments_dispute_is(c, NULL, d.id, d.amount, n->dispute.reason, str_of(d.at->name),
        d.money, d.bookings, d.movements, d.is_answered, d.due ? &d.due : NULL, d.said_at,
        d.at->is_over);
}

/* ---- reading --------------------------------------------------------------------------------- */

int payments_disputed(struct ctx *c, i64 order, i64 *amount)
{
    struct node *row;
    TRY(q_payments_disputed(c, &row, order));
    *amount = node_int(row, "amount");
    return E_OK;
}

void payments_name_desk(struct ctx *c, struct node *dispute)
{
    const struct provider *provider = provider_named(node_str(dispute, "provider"));
    node_set_str(c->mem, dispute, S("desk_url"),
        provider ? provider->desk_url(c, node_str(dispute, "payment_id")) : str_none);
}

int payments_disputes_of(struct ctx *c, i64 order, struct node **disputes)
{
    TRY(q_payments_disputes_of_order(c, disputes, order));
    EACH(item, *disputes)
        payments_name_desk(c, (struct node *)&item->node);
    return E_OK;
}

int payments_dispute_of(struct ctx *c, i64 dispute, struct node **out)
{
    return q_payments_dispute_of(c, out, dispute);
}

int payments_disputes_due(struct ctx *c, struct node **out)
{
    return q_payments_disputes_due(c, out);
}

int payments_dispute_reminded(struct ctx *c, i64 dispute, struct node **out)
{
    return q_payments_dispute_reminded(c, out, dispute);
}
