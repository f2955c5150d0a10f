/* What a person reads of an order: where it stands, what comes next, what happened. */
#include "orders/orders_in.h"
#include "io/io.h"
#include "web/web.h"

/* ---- where it stands ------------------------------------------------------------------------ */

static const struct standing {
    const char *flag, *title, *text; /* the first flag that holds speaks; NULL: the page itself */
} standings[] = {
    { "is_refunded", SAYS("Your money is on its way back"),
        SAYS("We have sent it back the way it came. Your bank may take a few days to show it.") },
    { "is_cancelled", SAYS("This order is cancelled"),
        SAYS("Nothing will be sent. If you have paid already, the money comes back to you.") },
    { "is_lapsed", SAYS("The time to pay is over"), NULL },
    { "is_unpaid", SAYS("Waiting for your payment"),
        SAYS("As soon as your payment has arrived we pack the parcel.") },
    { "is_delivered", SAYS("It has arrived"),
        SAYS("Enjoy it. You have 30 days to change your mind.") },
    { "is_shipped", SAYS("It is on its way"), SAYS("The parcel has left our house.") },
    { "is_processing", SAYS("Thank you, it is paid"),
        SAYS("We are packing it now. It leaves within one working day.") },
    { 0 },
};

static void set_standing(struct ctx *c, struct node *order)
{
    const struct standing *s = standings;
    node_hide(node_set_bool(c->mem, order, S("is_lapsed"),
        node_bool(order, "can_pay") && !node_bool(order, "is_held")));
    while (s[1].flag && !node_bool(order, s->flag))
        s++;
    node_hide(node_set_str(c->mem, order, S("status_title"), say(c, s->title)));
    node_hide(node_set_str(c->mem, order, S("status_text"), s->text ? say(c, s->text) : str_none));
    node_hide(node_set_int(c->mem, order, S("hold_minutes"), orders_hold_minutes(c)));
}

/* ---- the steps --------------------------------------------------------------------------------
 */

/* The last time: several may send, and money may go back in parts. */
static str time_of(const struct node *order, const char *kind)
{
    str at = str_none;
    EACH(item, node_get(order, S("times")))
        if (str_is(node_str(&item->node, "kind"), kind))
            at = node_str(&item->node, "at");
    return at;
}

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
        add_step(c, list, "Given back", time_of(order, "refunded"), true, false);
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
    { "delivered", SAYS("The parcel arrived") },
    { "cancelled", SAYS("The order was cancelled") },
    { "refund_asked", SAYS("The money was asked to go back") },
    { "refunded", SAYS("The money went back") },
    { "refund_failed", SAYS("The refund failed") },
};

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

/* "The money went back · ฿340.00" */
static str event_text(struct ctx *c, const struct node *event, str currency)
{
    str kind = node_str(event, "kind"), words = orders_event_words(c, kind);
    i64 amount = node_int(node_get(event, S("data")), "amount");
    return amount && str_starts(kind, S("refund"))
        ? str_fmt(c->mem, "%.*s · %.*s", STR(words), STR(locale_money(c, amount, currency)))
        : words;
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
