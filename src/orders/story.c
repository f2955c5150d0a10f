/* What a person reads of an order: where it stands, what comes next, what happened. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "io/io.h"
#include "web/web.h"

/* ---- where it stands ------------------------------------------------------------------------ */

static const struct standing {
    const char *flag, *title, *text; /* the first flag that holds speaks; NULL: the page itself */
} standings[] = {
    { "is_charged_back", SAYS("Your bank has given you the money back"),
        SAYS("It decided so; nothing more is to be done here.") },
    { "is_refunded", SAYS("Your money is on its way back"),
        SAYS("We have sent it back the way it came. Your bank may take a few days to show it.") },
    { "is_given_up", SAYS("This order is cancelled"),
        SAYS("It was not paid in time, so its goods are for sale again. As long as they are there "
             "you can order them anew.") },
    { "is_cancelled", SAYS("This order is cancelled"),
        SAYS("Nothing will be sent. If you have paid already, the money comes back to you.") },
    { "is_refused", SAYS("Your bank did not make the payment"),
        SAYS("This order is not paid. You can pay again, also in another way.") },
    { "is_lapsed", SAYS("The time to pay is over"), NULL },
    { "is_unpaid", SAYS("Waiting for your payment"),
        SAYS("As soon as your payment has arrived we pack the parcel.") },
    { "is_delivered", SAYS("It has arrived"), SAYS("Enjoy it.") },
    { "is_shipped", SAYS("It is on its way"), SAYS("The parcel has left our house.") },
    { "is_disputed", SAYS("Your bank asks about this payment"),
        SAYS("It keeps the money until it has decided. If you did not ask it to, please tell your "
             "bank, or answer the mail we sent you.") },
    { "is_processing", SAYS("Thank you, it is paid"), SAYS("We are packing it now.") },
    { 0 },
};

/* The last of its kind: several may send, and money may go back in parts. */
static const struct node *last_of(const struct node *order, const char *kind)
{
    const struct node *last = NULL;
    EACH(item, node_get(order, S("times")))
        if (str_is(node_str(&item->node, "kind"), kind))
            last = &item->node;
    return last;
}

static str time_of(const struct node *order, const char *kind)
{
    return node_str(last_of(order, kind), "at");
}

/* By the clock, after nobody had paid in time; not by somebody, nor for another reason. */
static bool is_given_up(const struct node *order)
{
    const struct node *end = last_of(order, "cancelled");
    return node_bool(order, "is_cancelled") && node_bool(order, "is_unpaid") &&
        last_of(order, "hold_lapsed") && str_is(node_str(end, "actor"), "system") &&
        !node_str(node_get(end, S("data")), "why").n;
}

/* What the shop has promised of this standing, if anything. */
static void set_promise(struct ctx *c, struct node *order, const char *key, bool applies)
{
    i64 days = applies ? node_int(c->app->house, key) : 0;
    node_hide(node_set_int(c->mem, order, str_of(key), days));
}

/* The bank's later no; of a page that could not be opened the bank knows nothing. */
static bool is_refused(const struct node *order)
{
    return node_bool(order, "can_pay") && node_bool(order, "is_refused") &&
        last_of(order, "payment_failed");
}

static void set_standing(struct ctx *c, struct node *order)
{
    const struct standing *s = standings;
    node_hide(node_set_bool(c->mem, order, S("is_refused"), is_refused(order)));
    node_hide(node_set_bool(c->mem, order, S("is_lapsed"),
        node_bool(order, "can_pay") && !node_bool(order, "is_held")));
    node_hide(node_set_bool(c->mem, order, S("is_awaited"),
        node_bool(order, "can_pay") && !node_bool(order, "is_refused") &&
            !node_bool(order, "is_lapsed")));
    node_hide(node_set_bool(c->mem, order, S("is_charged_back"),
        node_bool(order, "is_refunded") && time_of(order, "dispute_lost").n));
    node_hide(node_set_bool(c->mem, order, S("is_given_up"), is_given_up(order)));
    while (s[1].flag && !node_bool(order, s->flag))
        s++;
    node_hide(node_set_str(c->mem, order, S("status_title"), say(c, s->title)));
    node_hide(node_set_str(c->mem, order, S("status_text"), s->text ? say(c, s->text) : str_none));
    node_hide(node_set_int(c->mem, order, S("hold_minutes"), orders_hold_minutes(c)));
    set_promise(c, order, "return_days", s->flag && !strcmp(s->flag, "is_delivered"));
    set_promise(c, order, "sent_within", s->flag && !strcmp(s->flag, "is_processing"));
}

/* ---- the steps --------------------------------------------------------------------------------
 */

static const struct step {
    const char *event, *name;
} steps[] = { { "placed", SAYS("Ordered") }, { "paid", SAYS("Paid") }, { "shipped", SAYS("Sent") },
    { "delivered", SAYS("Delivered") } };

/* How many steps it has behind it. */
static size_t steps_done(const struct node *order)
{
    if (node_bool(order, "is_delivered"))
        return 4;
    if (node_bool(order, "is_shipped"))
        return 3;
    return node_bool(order, "is_unpaid") ? 1 : 2;
}

static void add_step(
    struct ctx *c, struct node *list, const char *name, str at, bool is_done, bool is_now)
{
    struct node *step = node_add_map(c->mem, list);
    node_set_str(c->mem, step, S("name"), say(c, name));
    node_set_bool(c->mem, step, S("is_done"), is_done);
    node_set_bool(c->mem, step, S("is_now"), is_now);
    if (at.n)
        node_set_str(c->mem, step, S("at"), at);
    else
        node_set_null(c->mem, step, S("at"));
}

/* Of an order that is cancelled, or whose money has gone back: what it had come to, and the end. */
static void set_steps(struct ctx *c, struct node *order)
{
    bool cancelled = node_bool(order, "is_cancelled"), refunded = node_bool(order, "is_refunded");
    size_t done = steps_done(order), n = cancelled || refunded ? done : COUNT(steps);
    struct node *list = node_set_list(c->mem, order, S("steps"));
    node_hide(list);
    for (size_t i = 0; i < n; i++)
        add_step(c, list, steps[i].name, i < done ? time_of(order, steps[i].event) : str_none,
            i < done, i == done);
    if (cancelled)
        add_step(c, list, "Cancelled", time_of(order, "cancelled"), true, false);
    else if (refunded)
        add_step(c, list, "Given back",
            time_of(order, node_bool(order, "is_charged_back") ? "dispute_lost" : "refunded"), true,
            false);
}

/* ---- what happened ------------------------------------------------------------------------------
 */

static const struct {
    const char *kind, *text;
} told[] = {
    { "placed", SAYS("The order was placed") },
    { "paid", SAYS("The payment arrived") },
    { "payment_processing", SAYS("The bank is working on the payment") },
    { "payment_declined", SAYS("The bank declined the payment") },
    { "payment_failed", SAYS("The payment failed") },
    { "payment_mismatch", SAYS("A payment came with another amount or currency") },
    { "hold_lapsed", SAYS("Nobody paid in time; the goods are for sale again") },
    { "address_given", SAYS("An address was given") },
    { "shipped", SAYS("The parcel was sent") },
    { "tracked", SAYS("The parcel's carrier or tracking number was changed") },
    { "delivered", SAYS("The parcel arrived") },
    { "cancelled", SAYS("The order was cancelled") },
    { "refund_asked", SAYS("The money was asked to go back") },
    { "refunded", SAYS("The money went back") },
    { "refund_failed", SAYS("The refund failed") },
    { "dispute_inquired", SAYS("The buyer's bank asks about the payment") },
    { "dispute_opened", SAYS("The buyer's bank takes the payment back") },
    { "dispute_answered", SAYS("Evidence was sent to the bank") },
    { "dispute_withdrawn", SAYS("The bank withdrew the money until it has decided") },
    { "dispute_reinstated", SAYS("The bank gave the money back to us") },
    { "dispute_won", SAYS("The bank decided for us: the payment stands") },
    { "dispute_lost", SAYS("The bank decided for the buyer: the money is gone") },
    { "dispute_closed", SAYS("The bank's question is settled; no money moved") },
};

/* In the provider's word. */
static const struct {
    const char *code, *text;
} reasons[] = {
    { "bank_cannot_process", SAYS("the bank cannot process it") },
    { "check_returned", SAYS("a cheque was returned") },
    { "credit_not_processed", SAYS("money that was to go back did not arrive") },
    { "customer_initiated", SAYS("the buyer asked for it") },
    { "debit_not_authorized", SAYS("the buyer says that nobody was allowed to debit this") },
    { "duplicate", SAYS("the buyer says that it was paid twice") },
    { "fraudulent", SAYS("the cardholder says that it was somebody else") },
    { "general", SAYS("no reason is given") },
    { "incorrect_account_details", SAYS("the account's details were wrong") },
    { "insufficient_funds", SAYS("there was not enough money in the account") },
    { "noncompliant", SAYS("the bank says that a rule of the cards was not kept") },
    { "product_not_received", SAYS("the buyer says that the goods did not arrive") },
    { "product_unacceptable", SAYS("the buyer says that the goods are not as described") },
    { "subscription_canceled", SAYS("the buyer says that it was cancelled before") },
    { "unrecognized", SAYS("the cardholder does not know this payment") },
};

str orders_dispute_reason(struct ctx *c, str code)
{
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (str_is(code, reasons[i].code))
            return say(c, reasons[i].text);
    return code;
}

str orders_event_words(struct ctx *c, str kind)
{
    for (size_t i = 0; i < COUNT(told); i++)
        if (str_is(kind, told[i].kind))
            return say(c, told[i].text);
    return kind;
}

void orders_event_kinds(struct ctx *c, struct node *list, str chosen)
{
    for (size_t i = 0; i < COUNT(told); i++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(told[i].kind));
        node_set_str(c->mem, one, S("words"), say(c, told[i].text));
        node_set_bool(c->mem, one, S("is_chosen"), str_is(chosen, told[i].kind));
    }
}

str orders_dispute_due(struct ctx *c, when due)
{
    str zone = conf_str(c->app->conf, "zone", S("Asia/Bangkok"));
    struct node *shop;
    if (due && c->scope.organisation) { /* a desk: as all times that stand there */
        if (auth_organisation(c, c->scope.organisation, &shop))
            fault_clear(c);
        else
            zone = node_str(shop, "zone");
    }
    return due ? locale_date(c, due, zone, true) : str_none;
}

/* "The money went back · ฿340.00"; of what a bank takes also why, and until when it hears us. */
static str event_text(struct ctx *c, const struct node *event, str currency)
{
    const struct node *data = node_get(event, S("data"));
    str kind = node_str(event, "kind"), reason = node_str(data, "reason");
    i64 amount = node_int(data, "amount");
    struct buf text = buf_new(c->mem, 2000);
    when due;
    buf_add(&text, orders_event_words(c, kind));
    if (amount && (str_starts(kind, S("refund")) || str_starts(kind, S("dispute"))))
        buf_fmt(&text, " · %.*s", STR(locale_money(c, amount, currency)));
    if (reason.n)
        buf_fmt(&text, " · %.*s", STR(orders_dispute_reason(c, reason)));
    if (when_parse(node_str(data, "due_at"), &due))
        buf_fmt(&text, " · %.*s %.*s", STR(say(c, SAYS("answer by"))),
            STR(orders_dispute_due(c, due)));
    return buf_str(&text);
}

void orders_tell_events(struct ctx *c, struct node *order)
{
    EACH(item, node_get(order, S("events")))
        node_hide(node_set_str(c->mem, (struct node *)&item->node, S("text"),
            event_text(c, &item->node, node_str(order, "currency"))));
}

void orders_story(struct ctx *c, struct node *order)
{
    orders_tell_events(c, order);
    node_hide(node_set_str(c->mem, order, S("country_name"),
        locale_country(c, node_str(node_get(order, S("address")), "country"))));
    set_standing(c, order);
    set_steps(c, order);
}

/* ---- states of payments, refunds and mails, for the back office
 * ------------------------------------ */

static const struct {
    const char *state, *name;
} states[] = {
    { "created", SAYS("begun") },
    { "open", SAYS("waiting for the buyer") },
    { "processing", SAYS("at the bank") },
    { "paid", SAYS("paid") },
    { "failed", SAYS("failed") },
    { "expired", SAYS("closed unpaid") },
    { "cancelled", SAYS("closed unpaid") },
    { "pending", SAYS("on its way") },
    { "done", SAYS("done") },
    { "waiting", SAYS("waiting to be sent") },
    { "sent", SAYS("sent") },
    { "warning_needs_response", SAYS("the bank asks") },
    { "warning_under_review", SAYS("answered") },
    { "warning_closed", SAYS("settled") },
    { "needs_response", SAYS("waits for an answer") },
    { "under_review", SAYS("the bank decides") },
    { "won", SAYS("won") },
    { "lost", SAYS("lost") },
};

void orders_name_states(struct ctx *c, struct node *rows)
{
    EACH(item, rows) {
        str state = node_str(&item->node, "state"), name = state;
        for (size_t i = 0; i < COUNT(states); i++)
            if (str_is(state, states[i].state))
                name = say(c, states[i].name);
        node_hide(node_set_str(c->mem, (struct node *)&item->node, S("state_name"), name));
    }
}

void orders_name_disputes(struct ctx *c, struct node *rows)
{
    static const char *const flags[][2] = { { "won", "is_won" }, { "lost", "is_lost" },
        { "needs_response", "is_waiting" }, { "warning_needs_response", "is_waiting" } };
    orders_name_states(c, rows);
    EACH(item, rows) {
        struct node *row = (struct node *)&item->node;
        node_hide(node_set_str(c->mem, row, S("reason_text"),
            orders_dispute_reason(c, node_str(row, "reason"))));
        for (size_t i = 0; i < COUNT(flags); i++)
            if (!node_bool(row, flags[i][1]))
                node_hide(node_set_bool(c->mem, row, str_of(flags[i][1]),
                    str_is(node_str(row, "state"), flags[i][0])));
    }
}
