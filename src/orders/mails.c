/* What an order's buyer, and who sells, are told by mail: the rows in the transaction of what they
 * tell of, the words when they are sent. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "notify/notify.h"
#include "orders/orders_in.h"
#include "payments/payments.h"
#include "web/web.h"
#include "work/work.h"

#define OWN_A_DAY    5 /* orders that somebody cancels themselves, or that end unpaid */
#define LAPSED_A_DAY 1

/* ---- saying -------------------------------------------------------------------------------- */

struct notify_to orders_buyer(const struct node *order)
{
    return (struct notify_to){ .order = node_int(order, "id"),
        .person = node_int(order, "person_id"),
        .email = node_str(order, "email"),
        .lang = node_str(order, "lang") };
}

/* Whose buyer was forgotten, nobody is written to. */
static int say_once(struct ctx *c, const char *template, str cause, const struct node *order)
{
    struct notify_to to = orders_buyer(order);
    return to.email.n ? notify_mail(c, template, cause, &to) : E_OK;
}

int orders_say_refused(struct ctx *c, const struct node *order, const char *why)
{
    str cause = str_fmt(c->mem, "order:%" PRId64 ":%s", node_int(order, "id"), why);
    return say_once(c, "order_refused", cause, order);
}

/* What follows from an order that nobody has paid, anybody can bring about, with anybody's address:
 * so it goes to no address without end, and nothing they have typed is in it. */
static int say_of_unpaid(
    struct ctx *c, const char *template, const struct node *order, i64 most_a_day)
{
    str cause = str_fmt(c->mem, "order:%" PRId64, node_int(order, "id"));
    struct node *before;
    struct scope own = c->scope;
    c->scope.platform = true;
    int err = q_orders_told_unpaid(c, &before, node_str(order, "email"), str_of(template));
    c->scope = own;
    TRY(err);
    return node_int(before, "n") < most_a_day ? say_once(c, template, cause, order) : E_OK;
}

/* That its money goes back is said with it. What the clock ends the buyer has heard of when it was
 * not paid in time. */
int orders_say_cancelled(struct ctx *c, const struct node *order, const char *actor)
{
    str cause = str_fmt(c->mem, "order:%" PRId64, node_int(order, "id"));
    if (str_is(S("system"), actor))
        return E_OK;
    if (str_is(S("buyer"), actor))
        return say_of_unpaid(c, "order_cancelled", order, OWN_A_DAY);
    return say_once(c, "order_cancelled", cause, order);
}

/* Not of an order that its buyer has placed anew, on another machine or after looking around. That
 * it is over is said of one that was kept for all its time in one go: of another they have heard. */
int orders_say_lapsed(struct ctx *c, const struct node *order, bool is_over)
{
    struct node *newer, *told = NULL;
    struct scope own = c->scope;
    c->scope.platform = true;
    int err = q_orders_newer(c, &newer, node_int(order, "id"), node_str(order, "email"));
    if (!err && is_over)
        err = q_orders_told_lapsed(c, &told, node_int(order, "id"));
    c->scope = own;
    TRY(err);
    if (newer || told)
        return E_OK;
    return is_over ? say_of_unpaid(c, "order_cancelled", order, OWN_A_DAY)
                   : say_of_unpaid(c, "order_lapsed", order, LAPSED_A_DAY);
}

/* Why money went back of which the buyer has heard, as their order was cancelled or refused. */
static const char *const told_before[] = { "cancelled", "paid_twice", "paid_after_cancel",
    "sold_out" };

int orders_say_refunded(struct ctx *c, const struct node *order, const struct payment_change *p)
{
    for (size_t i = 0; i < COUNT(told_before); i++)
        if (str_is(p->reason, told_before[i]))
            return E_OK;
    return say_once(c, "order_refunded", str_fmt(c->mem, "refund:%" PRId64, p->refund), order);
}

/* ---- new orders, to who sells --------------------------------------------------------------- */

#define MAY  "orders:read-all"
#define WISH "orders"

struct heard {
    i64 organisation, order;
};

/* The minute's job: what comes in within it is one mail, however much it is. */
static int hear(struct ctx *c, void *with)
{
    const struct heard *h = with;
    i64 changed, next = c->now / MINUTE + 1;
    TRY(q_orders_hear(c, &changed, h->organisation, h->order));
    if (!changed)
        return E_OK;
    str key = str_fmt(c->mem, "orders.news:%" PRId64 ":%" PRId64, h->organisation, next);
    return job_add(c, "orders.news", key, h->organisation, h->organisation, NULL, next * MINUTE);
}

bool orders_is_new(const struct job *job)
{
    const struct node *data = node_get(job->data, S("data"));
    return str_is(node_str(data, "paymentStatus"), "paid") &&
        str_is(node_str(data, "orderStatus"), "processing");
}

int orders_hear(struct ctx *c, const struct job *job)
{
    struct heard h = { .organisation = job->organisation, .order = job->subject };
    return orders_is_new(job) ? pg_tx(c, hear, &h) : E_OK;
}

static int write_news(struct ctx *c, void *with)
{
    const struct job *job = with;
    i64 n;
    TRY(q_orders_gather_news(c, &n, job->subject, job->id));
    if (!n)
        return E_OK;
    return auth_mail_staff(c, job->subject, MAY, WISH, "new_orders",
        str_fmt(c->mem, "batch:%" PRId64, job->id));
}

int orders_write_news(struct ctx *c, const struct job *job)
{
    return pg_tx(c, write_news, (void *)job);
}

/* A minute's job may be gone without all of its news: buried by a worker of the version before,
 * which has no such kind, or at its end as more came in under its name. */
static int find_late_news(struct ctx *c)
{
    struct node *rows;
    TRY(q_orders_late_news(c, &rows));
    EACH(it, rows) {
        i64 id = node_int(&it->node, "id");
        i64 hour = c->now / HOUR;
        str key = str_fmt(c->mem, "orders.news:%" PRId64 ":late:%" PRId64, id, hour);
        TRY(job_add(c, "orders.news", key, id, id, NULL, 0));
    }
    return E_OK;
}

int orders_forget_news(struct ctx *c)
{
    TRY(find_late_news(c));
    return q_orders_forget_news(c, NULL);
}

/* Whoever may give the order's money back: of an order of several that is the house. */
static int who_gives_back(struct ctx *c, i64 id, i64 *organisation, struct node **people)
{
    struct node *parts;
    TRY(q_orders_organisations_of(c, &parts, id));
    *organisation = 0;
    *people = node_list(c->mem);
    if (node_count(parts) == 1) {
        *organisation = node_int(&node_first(parts)->node, "organisation_id");
        TRY(auth_staff_who(c, *organisation, "orders:refund", people));
    }
    return node_count(*people) ? E_OK : auth_admins(c, people);
}

/* Each of them once for a cause. */
static int say_to_staff(struct ctx *c, i64 id, const char *template, str why)
{
    struct node *people;
    i64 organisation;
    TRY(who_gives_back(c, id, &organisation, &people));
    EACH(it, people) {
        struct notify_to to = { .organisation = organisation,
            .order = id,
            .person = node_int(&it->node, "id"),
            .email = node_str(&it->node, "email"),
            .lang = node_str(&it->node, "lang") };
        str cause = str_fmt(c->mem, "%.*s:%" PRId64, STR(why), to.person);
        TRY(notify_mail(c, template, cause, &to));
    }
    return E_OK;
}

/* The buyer hears of it when there is something to hear. */
int orders_say_refund_failed(struct ctx *c, i64 id, const struct payment_change *p)
{
    return say_to_staff(c, id, "refund_failed", str_fmt(c->mem, "refund:%" PRId64, p->refund));
}

static int say_dispute(struct ctx *c, i64 id, i64 dispute, const char *what)
{
    return say_to_staff(c, id, "dispute", str_fmt(c->mem, "dispute:%" PRId64 ":%s", dispute, what));
}

/* The last of what is new. */
int orders_say_disputed(struct ctx *c, i64 id, const struct payment_change *p)
{
    static const struct {
        enum dispute_step step;
        const char *what;
    } whats[] = { { DISPUTE_WON, "won" }, { DISPUTE_LOST, "lost" }, { DISPUTE_CLOSED, "closed" },
        { DISPUTE_OPENED, "opened" }, { DISPUTE_INQUIRED, "inquired" } };
    for (size_t i = 0; i < COUNT(whats); i++)
        if (p->steps & whats[i].step)
            return say_dispute(c, id, p->dispute, whats[i].what);
    return E_OK;
}

/* Of a bank that asked and takes it now once more, and again when it hears us until another day. */
int orders_say_dispute_due(struct ctx *c, const struct node *dispute)
{
    str what = str_fmt(
        c->mem, "due:%.*s:%.*s", STR(node_str(dispute, "state")), STR(node_str(dispute, "due_at")));
    return say_dispute(c, node_int(dispute, "order_id"), node_int(dispute, "id"), what.p);
}

/* ---- at the desk --------------------------------------------------------------------------- */

/* What a mail is, to whoever sees that it was sent, or was not. */
static const struct {
    const char *template, *words;
} kinds[] = {
    { "order_paid", SAYS("Confirmation of the order") },
    { "order_shipped", SAYS("That it is on its way") },
    { "order_refused", SAYS("That the money goes back") },
    { "order_cancelled", SAYS("That the order is cancelled") },
    { "order_lapsed", SAYS("That no payment has come") },
    { "order_refunded", SAYS("That money was given back") },
    { "refund_failed", SAYS("To your team: a refund has failed") },
    { "dispute", SAYS("To your team: the buyer's bank asks") },
};

static str words_of(struct ctx *c, str template)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_is(template, kinds[i].template))
            return say(c, kinds[i].words);
    return say(c, SAYS("A mail"));
}

static void flag_mail(struct ctx *c, struct node *mail)
{
    str state = node_str(mail, "state"), answer = node_str(mail, "answer");
    bool has_failed = str_is(state, "failed"), is_lost = !node_str(mail, "recipient").n;
    bool is_gone = has_failed && (is_lost || str_starts(answer, S(NOTIFY_GONE)));
    bool is_late = str_is(state, "waiting") && answer.n && !is_lost;
    str advice = str_none;
    if (is_late)
        advice = say(c, SAYS("It is tried again by itself for two days. If others wait as well, the "
                             "mail server is away: tell whoever runs the shop."));
    else if (has_failed && !is_gone)
        advice = say(c, SAYS("It is not tried again by itself. Look whether the address is right, or "
                             "reach them by telephone; then send it again."));
    if (is_gone)
        node_set_str(c->mem, mail, S("state_name"), say(c, SAYS("not needed any more")));
    else if (is_late)
        node_set_str(c->mem, mail, S("state_name"), say(c, SAYS("has not gone out yet")));
    node_hide(node_get(mail, S("state_name")));
    node_hide(node_set_str(c->mem, mail, S("words"), words_of(c, node_str(mail, "template"))));
    node_hide(node_set_bool(c->mem, mail, S("is_gone"), is_gone));
    node_hide(node_set_bool(c->mem, mail, S("is_ill"), is_late || (has_failed && !is_gone)));
    node_hide(node_set_bool(c->mem, mail, S("may_again"), !is_gone && !is_lost));
    node_hide(node_set_str(c->mem, mail, S("advice"), advice));
}

void orders_name_mails(struct ctx *c, struct node *mails)
{
    orders_name_states(c, mails);
    EACH(item, mails)
        flag_mail(c, (struct node *)&item->node);
}

/* ---- the words ----------------------------------------------------------------------------- */

static void set_subject(
    struct ctx *c, struct node *document, const char *subject, const struct node *order)
{
    node_set_str(c->mem, document, S("subject"),
        str_fmt(c->mem, "%.*s (%.*s)", STR(say(c, subject)), STR(node_str(order, "number"))));
}

static int mail_document(
    struct ctx *c, const struct node *mail, const char *subject, struct node **document)
{
    struct node *order;
    TRY(orders_read_bill(c, node_int(mail, "order_id"), &order));
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("order"), order);
    node_set_str(c->mem, *document, S("order_url"), orders_url(c, node_str(order, "number"), ""));
    set_subject(c, *document, subject, order);
    node_set_bool(c->mem, *document, S("is_part"), false);
    return E_OK;
}

static int mail_paid(struct ctx *c, const struct node *mail, struct node **document)
{
    return mail_document(c, mail, SAYS("Thank you, your order is paid"), document);
}

/* One seller's parcel is not all of an order of several: theirs come by themselves, and what all of
 * it costs is not what is in this one. */
static int mail_shipped(struct ctx *c, const struct node *mail, struct node **document)
{
    i64 organisation = node_int(mail, "organisation_id");
    TRY(mail_document(c, mail, SAYS("Your order is on its way"), document));
    struct node *order = node_get(*document, S("order"));
    if (!organisation || node_count(node_get(order, S("parts"))) == 1)
        return E_OK;
    node_set_bool(c->mem, *document, S("is_part"), true);
    orders_keep_own(c, order, organisation);
    set_subject(c, *document, SAYS("A part of your order is on its way"), order);
    return E_OK;
}

static int mail_refused(struct ctx *c, const struct node *mail, struct node **document)
{
    bool is_twice = str_ends(node_str(mail, "cause"), S(":paid_twice"));
    TRY(mail_document(c, mail,
        is_twice ? SAYS("We are giving a second payment back")
                 : SAYS("We are giving your money back"),
        document));
    node_set_bool(c->mem, *document, S("is_twice"), is_twice);
    return E_OK;
}

/* How much, as it is said in a sentence; null: nothing. */
static void set_amount(struct ctx *c, struct node *document, i64 amount, str currency)
{
    if (amount > 0)
        node_set_str(c->mem, document, S("amount"), locale_money(c, amount, currency));
    else
        node_set_null(c->mem, document, S("amount"));
}

/* What goes back was noted as it was cancelled, and who did it. */
static int mail_cancelled(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *noted, *order;
    TRY(mail_document(c, mail, SAYS("Your order is cancelled"), document));
    TRY(q_orders_cancelled(c, &noted, node_int(mail, "order_id")));
    TRY(orders_read(c, node_int(mail, "order_id"), &order)); /* its story says who gave up */
    bool is_own = str_is(node_str(noted, "actor"), "buyer");
    bool is_given_up = node_bool(order, "is_given_up");
    node_set_bool(c->mem, *document, S("is_own"), is_own);
    node_set_bool(c->mem, *document, S("is_given_up"), is_given_up);
    node_set_bool(c->mem, *document, S("is_ours"), !is_own && !is_given_up);
    set_amount(c, *document, node_int(noted, "amount"), node_str(order, "currency"));
    return E_OK;
}

static int mail_lapsed(struct ctx *c, const struct node *mail, struct node **document)
{
    TRY(mail_document(c, mail, SAYS("We have not received your payment"), document));
    const struct node *order = node_get(*document, S("order"));
    if (!node_bool(order, "can_pay") || node_bool(order, "is_held"))
        return fail_detail(c, E_GONE, "orders.lapsed", "it is paid, being paid or over by now");
    return E_OK;
}

/* What a mail is about: cause "refund:12", "refund:12:<person>", "dispute:12:won:<person>". */
static i64 subject_of(const struct node *mail, str *rest)
{
    str word = str_none;
    i64 id = 0;
    *rest = node_str(mail, "cause");
    str_cut(rest, ':', &word);
    str_cut(rest, ':', &word);
    str_int(word, &id);
    return id;
}

static int refund_of(struct ctx *c, const struct node *mail, struct node **refund)
{
    str rest;
    return payments_refund_of(c, subject_of(mail, &rest), refund);
}

static int mail_refunded(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *refund;
    TRY(refund_of(c, mail, &refund));
    if (!str_is(node_str(refund, "state"), "done"))
        return fail_detail(c, E_GONE, "orders.refund", "the refund has failed after all");
    TRY(mail_document(c, mail, SAYS("We have given money back"), document));
    i64 amount = node_int(refund, "amount"), captured;
    bool is_all;
    TRY(payments_is_all_back(c, node_int(mail, "order_id"), &captured, &is_all));
    node_set_bool(c->mem, *document, S("is_all"), is_all && amount == captured);
    node_set_bool(c->mem, *document, S("is_last"), is_all && amount != captured);
    set_amount(c, *document, amount, node_str(refund, "currency"));
    return E_OK;
}

/* To staff: nothing of the buyer is in it. `about`: {amount, currency}. */
static int staff_document(struct ctx *c, const struct node *mail, const char *subject,
    const struct node *about, struct node **document)
{
    struct node *order;
    TRY(q_orders_read(c, &order, node_int(mail, "order_id"), c->lang));
    str number = node_str(order, "number");
    *document = node_map(c->mem);
    set_subject(c, *document, subject, order);
    set_amount(c, *document, node_int(about, "amount"), node_str(about, "currency"));
    node_set_str(c->mem, *document, S("number"), number);
    node_set_str(c->mem, *document, S("desk_url"),
        auth_url(c, str_fmt(c->mem, "/admin/orders/%.*s", STR(number))));
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

static int mail_refund_failed(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *refund;
    TRY(refund_of(c, mail, &refund));
    TRY(staff_document(c, mail, SAYS("A refund has failed"), refund, document));
    node_set_str(c->mem, *document, S("error"), node_str(refund, "error"));
    return E_OK;
}

static int mail_dispute(struct ctx *c, const struct node *mail, struct node **document)
{
    static const struct {
        const char *what, *flag, *subject;
    } whats[] = {
        { "inquired", "is_inquired", SAYS("The buyer's bank asks about a payment") },
        { "opened", "is_opened", SAYS("The buyer's bank takes a payment back") },
        { "due", "is_due", SAYS("A bank still waits for your answer") },
        { "won", "is_won", SAYS("The bank decided for you") },
        { "lost", "is_lost", SAYS("The bank decided for the buyer") },
        { "closed", "is_closed", SAYS("The bank's question is settled") },
    };
    struct node *dispute;
    str rest, what = str_none;
    when due = 0;
    size_t which = 0;
    TRY(payments_dispute_of(c, subject_of(mail, &rest), &dispute));
    str_cut(&rest, ':', &what);
    while (which < COUNT(whats) - 1 && !str_is(what, whats[which].what))
        which++;
    if (str_is(what, "due") && node_bool(dispute, "is_answered"))
        return fail_detail(c, E_GONE, "orders.dispute", "it was answered after all");
    TRY(staff_document(c, mail, whats[which].subject, dispute, document));
    for (size_t i = 0; i < COUNT(whats); i++)
        node_set_bool(c->mem, *document, str_of(whats[i].flag), i == which);
    node_set_str(c->mem, *document, S("reason"),
        orders_dispute_reason(c, node_str(dispute, "reason")));
    if (when_parse(node_str(dispute, "due_at"), &due) && node_is_null(dispute, "closed_at"))
        node_set_str(c->mem, *document, S("due"), orders_dispute_due(c, due));
    else
        node_set_null(c->mem, *document, S("due"));
    return E_OK;
}

/* Nothing of the buyers is in it. */
static int mail_new_orders(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *rows;
    str rest;
    i64 organisation = node_int(mail, "organisation_id"), all = 0;
    bool yes;
    TRY(auth_is_mailed(c, organisation, MAY, WISH, node_int(mail, "person_id"), &yes));
    TRY(q_orders_news(c, &rows, organisation, subject_of(mail, &rest)));
    EACH(it, rows) {
        struct node *row = (struct node *)&it->node;
        str path = str_fmt(c->mem, "/admin/orders/%.*s", STR(node_str(row, "number")));
        all = node_int(row, "of_all");
        node_set_str(c->mem, row, S("amount"),
            locale_money(c, node_int(row, "total"), node_str(row, "currency")));
        node_set_str(c->mem, row, S("desk_url"), auth_url(c, path));
    }
    if (!yes || !all)
        return fail_detail(c, E_GONE, "orders.news", "there is nothing to tell them any more");
    *document = node_map(c->mem);
    str number = node_str(&node_first(rows)->node, "number");
    node_set_str(c->mem, *document, S("subject"),
        all == 1 ? str_fmt(c->mem, "%.*s (%.*s)", STR(say(c, SAYS("New order"))), STR(number))
                 : str_fmt(c->mem, "%.*s (%" PRId64 ")", STR(say(c, SAYS("New orders"))), all));
    node_set(c->mem, *document, S("orders"), rows);
    node_set_int(c->mem, *document, S("more"), all - (i64)node_count(rows));
    node_set_str(c->mem, *document, S("list_url"), auth_url(c, S("/admin/orders")));
    node_set_str(c->mem, *document, S("choose_url"), auth_url(c, S("/account")));
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder orders_mails[];
const struct notify_builder orders_mails[] = {
    { "order_paid", mail_paid },
    { "order_shipped", mail_shipped },
    { "order_refused", mail_refused },
    { "order_cancelled", mail_cancelled },
    { "order_lapsed", mail_lapsed },
    { "order_refunded", mail_refunded },
    { "refund_failed", mail_refund_failed },
    { "dispute", mail_dispute },
    { "new_orders", mail_new_orders },
    { 0 },
};
