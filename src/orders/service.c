#include "orders/orders_in.h"
#include "cart/cart.h"
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "io/io.h"
#include "media/media.h"
#include "notify/notify.h"
#include "payments/payments.h"
#include "web/web.h"
#include "work/work.h"

#define PAGE  20
#define STORY 200

/* ---- reading ----------------------------------------------------------------------------------
 */

void orders_flag(struct ctx *c, struct node *order)
{
    static const struct {
        const char *column, *value, *key;
    } flags[] = {
        { "status", "pending", "is_pending" },
        { "status", "processing", "is_processing" },
        { "status", "shipped", "is_shipped" },
        { "status", "delivered", "is_delivered" },
        { "status", "cancelled", "is_cancelled" },
        { "payment_status", "pending", "is_unpaid" },
        { "payment_status", "paid", "is_paid" },
        { "payment_status", "partly_refunded", "is_partly_refunded" },
        { "payment_status", "refunded", "is_refunded" },
        { "payment_status", "disputed", "is_disputed" },
    };
    for (size_t i = 0; i < COUNT(flags); i++)
        node_hide(node_set_bool(c->mem, order, str_of(flags[i].key),
            str_is(node_str(order, flags[i].column), flags[i].value)));
    /* Not all of it is here; but it is not unpaid, nor has it gone back. */
    if (node_bool(order, "is_partly_refunded") || node_bool(order, "is_disputed"))
        node_hide(node_set_bool(c->mem, order, S("is_paid"), true));
    bool open = node_bool(order, "is_pending") && node_bool(order, "is_unpaid");
    node_set_bool(c->mem, order, S("can_pay"), open);
    node_set_bool(c->mem, order, S("can_cancel"), open);
}

/* Who sells sees how far the own part has come, which others' may be behind. */
void orders_flag_part(struct ctx *c, struct node *order, str status)
{
    static const char *const statuses[] = { "pending", "processing", "shipped", "delivered",
        "cancelled" };
    for (size_t i = 0; i < COUNT(statuses); i++)
        node_hide(node_set_bool(c->mem, order, str_fmt(c->mem, "is_%s", statuses[i]),
            str_is(status, statuses[i])));
    node_hide(node_set_bool(c->mem, order, S("is_to_send"),
        str_is(status, "processing") && node_bool(order, "is_paid")));
}

str orders_part_status(const struct node *order, i64 organisation)
{
    EACH(part, node_get(order, S("parts")))
        if (node_int(&part->node, "organisation_id") == organisation)
            return node_str(&part->node, "status");
    return str_none;
}

void orders_keep_own(struct ctx *c, struct node *order, i64 organisation)
{
    static const char *const keys[] = { "lines", "parts" };
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct node *own = node_list(c->mem);
        EACH(item, node_get(order, str_of(keys[i])))
            if (node_int(&item->node, "organisation_id") == organisation)
                node_add(c->mem, own, (struct node *)&item->node);
        node_set(c->mem, order, str_of(keys[i]), own);
    }
}

/* Whoever may see the order may see what went back of it. */
static int add_given_back(struct ctx *c, i64 id, struct node *order)
{
    struct node *list = node_list(c->mem);
    struct scope before = c->scope;
    c->scope.order = id;
    int err = node_int(order, "refunded_total") ? payments_given_back(c, id, &list) : E_OK;
    c->scope = before;
    TRY(err);
    node_set(c->mem, order, S("given_back"), list);
    return E_OK;
}

/* What stands on a page of the story; *earlier: where the page before it ends, 0 when there is none. */
static struct node *story_page(struct ctx *c, const struct node *rows, i64 *earlier)
{
    struct node *events = node_list(c->mem);
    size_t n = 0, extra = node_count(rows) > STORY ? node_count(rows) - STORY : 0;
    *earlier = 0;
    EACH(item, rows) {
        if (n++ < extra)
            continue;
        struct node *event = node_add(c->mem, events, (struct node *)&item->node);
        node_hide(node_get(event, S("id")));
        if (extra && !*earlier)
            *earlier = node_int(event, "id");
    }
    return events;
}

int orders_earlier(struct ctx *c, i64 id, i64 before, struct node *order, i64 *earlier)
{
    struct node *rows;
    TRY(q_orders_events(c, &rows, id, before));
    node_set(c->mem, order, S("events"), story_page(c, rows, earlier));
    orders_tell_events(c, order);
    return E_OK;
}

/* `times`: of each kind of event; the events themselves where that is all of them. */
static int add_story(struct ctx *c, i64 id, const struct node *rows, struct node *order)
{
    i64 earlier;
    struct node *events = story_page(c, rows, &earlier), *times = events;
    if (earlier)
        TRY(q_orders_last_times(c, &times, id));
    node_set(c->mem, order, S("events"), events);
    node_hide(node_set(c->mem, order, S("times"), times));
    node_hide(node_set_int(c->mem, order, S("story_from"), earlier));
    return E_OK;
}

struct bill {
    struct node *parts, *lines;
};

/* In a batch. */
static void ask_bill(struct ctx *c, i64 id, struct node **order, struct bill *bill)
{
    q_orders_read(c, order, id, c->lang);
    q_orders_parts(c, &bill->parts, id);
    q_orders_lines(c, &bill->lines, id);
}

static void set_bill(struct ctx *c, const struct bill *bill, struct node *order)
{
    EACH(item, bill->lines)
        node_set(c->mem, (struct node *)&item->node, S("currency"), node_get(order, S("currency")));
    node_set(c->mem, order, S("lines"), bill->lines);
    node_set(c->mem, order, S("parts"), bill->parts);
    orders_flag(c, order);
}

int orders_read_bill(struct ctx *c, i64 id, struct node **out)
{
    struct bill bill;
    pg_batch(c);
    ask_bill(c, id, out, &bill);
    TRY(pg_flush(c));
    set_bill(c, &bill, *out);
    return E_OK;
}

int orders_read(struct ctx *c, i64 id, struct node **out)
{
    struct node *events, *payment;
    struct bill bill;
    static const char *const inner[] = { "id", "person_id", "cart_id" };
    pg_batch(c);
    ask_bill(c, id, out, &bill);
    q_orders_events(c, &events, id, INT64_MAX);
    q_orders_refused(c, &payment, id);
    TRY(pg_flush(c));
    TRY(orders_unseal(c, *out));
    node_hide(
        node_set_bool(c->mem, *out, S("is_refused"), node_bool(payment, "is_refused")));
    for (size_t i = 0; i < COUNT(inner); i++)
        node_hide(node_get(*out, str_of(inner[i])));
    media_dress(c, bill.lines, "picture", 200);
    set_bill(c, &bill, *out);
    TRY(add_story(c, id, events, *out));
    TRY(add_given_back(c, id, *out));
    orders_story(c, *out);
    return E_OK;
}

int orders_by_number(struct ctx *c, str number, i64 *order, i64 *person)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_orders_by_number(c, &row, number);
    c->scope = before;
    *order = !err && row ? node_int(row, "id") : 0;
    *person = *order ? node_int(row, "person_id") : 0;
    return err;
}

int orders_of_person(struct ctx *c, i64 person, i64 before, struct node **orders, bool *more)
{
    struct node *rows;
    size_t n = 0;
    TRY(q_orders_of_person(c, &rows, person, before ? before : INT64_MAX, str_none));
    *orders = node_list(c->mem);
    EACH(item, rows)
        if (n++ < PAGE)
            orders_flag(c, node_add(c->mem, *orders, (struct node *)&item->node));
    *more = n > PAGE;
    return E_OK;
}

static struct node *flagged(struct ctx *c, const struct node *rows, i64 most)
{
    struct node *orders = node_list(c->mem);
    EACH(item, rows)
        if (most-- > 0) {
            struct node *row = node_add(c->mem, orders, (struct node *)&item->node);
            node_hide(node_get(row, S("id")));
            orders_flag(c, row);
            orders_flag_part(c, row, node_str(row, "part_status"));
        }
    return orders;
}

int orders_of_organisation(struct ctx *c, i64 organisation, i64 most, struct node **orders)
{
    struct node *rows;
    TRY(q_orders_of_organisation(
        c, &rows, organisation, INT64_MAX, str_none, str_none, str_none, NULL, 0));
    *orders = flagged(c, rows, most);
    return E_OK;
}

int orders_of_customer(
    struct ctx *c, i64 organisation, str email, struct node **orders, struct node **label)
{
    struct node *rows;
    pg_batch(c);
    q_orders_of_customer(c, &rows, organisation, email);
    q_orders_customer_label(c, label, organisation, email);
    TRY(pg_flush(c));
    *orders = flagged(c, rows, INT64_MAX);
    if (!*label)
        return E_OK;
    TRY(orders_unseal(c, *label));
    node_hide(node_get(*label, S("id")));
    return E_OK;
}

/* ---- links ------------------------------------------------------------------------------------
 */

str orders_key(struct ctx *c, str number)
{
    str signed_number = crypto_sign(c->mem, c->app->secret, "order", number);
    return str_from(signed_number, number.n + 1);
}

str orders_url(struct ctx *c, str number, const char *suffix)
{
    bool is_default = str_eq(c->lang, c->app->language);
    return str_fmt(c->mem, "%.*s%s%.*s/orders/%.*s%s?key=%.*s", STR(c->app->base_url),
        is_default ? "" : "/", STR(is_default ? str_none : c->lang), STR(number), suffix,
        STR(orders_key(c, number)));
}

bool orders_link_ok(struct ctx *c, str number, str key)
{
    str value;
    return key.n &&
        crypto_signed(
            c->app->secret, "order", str_fmt(c->mem, "%.*s.%.*s", STR(number), STR(key)), &value);
}

/* ---- paying -----------------------------------------------------------------------------------
 */

struct held {
    bool is_held;
    when until;
    i64 kept_s;
};
struct holding {
    i64 order;
    when until;
    enum payment_way way;
    struct held before, now; /* the same: nothing was lengthened or taken */
};

/* What is to be taken again, and for which variants of its cart. */
struct goods {
    struct inventory_want *wants;
    i64 *variants, *quantities;
    size_t n;
};

static int goods_of(struct ctx *c, i64 order, struct goods *g)
{
    struct node *lines;
    TRY(q_orders_lines(c, &lines, order));
    size_t most = node_count(lines) + 1;
    *g = (struct goods){ NEWS(c->mem, struct inventory_want, most), NEWS(c->mem, i64, most),
        NEWS(c->mem, i64, most), 0 };
    EACH(item, lines) {
        size_t i = g->n++;
        g->variants[i] = node_int(&item->node, "variant_id");
        g->quantities[i] = node_int(&item->node, "quantity");
        g->wants[i] = (struct inventory_want){ node_int(&item->node, "item_id"),
            g->quantities[i], node_str(&item->node, "sku") };
    }
    return E_OK;
}

static int refuse_hoarding(struct ctx *c, const struct node *order)
{
    struct orders_buyer buyer;
    orders_may_keep(c, node_str(order, "buyer"), &buyer);
    if (!buyer.who.n)
        return E_OK;
    int err =
        q_orders_refuse_hoarding(c, NULL, node_int(order, "id"), buyer.who, buyer.most_orders);
    return orders_why_hoarding(c, err, buyer.who);
}

/* Who is sent to pay now has the whole time before them, as long as it was not kept long enough. */
static int hold_longer(struct ctx *c, struct holding *h)
{
    i64 kept_s = h->before.kept_s, left_s = orders_left_s(c, kept_s);
    when end = h->before.until, until = h->until;
    if (end >= until || !left_s)
        return E_OK;
    until = until - end > left_s * SECOND ? end + left_s * SECOND : until;
    h->now = (struct held){ true, until, kept_s + (until - end) / SECOND };
    TRY(q_orders_hold_longer(c, NULL, h->order, until, h->now.kept_s));
    return inventory_extend(c, h->order, until);
}

int orders_let_go_of_cart(struct ctx *c, const struct node *order)
{
    return node_bool(order, "left_cart") ? E_OK : cart_let_go(c, node_int(order, "cart_id"), 0);
}

/* It was on the shelf meanwhile: what is still there is taken. */
static int take_again(struct ctx *c, struct holding *h, const struct node *order)
{
    struct goods g;
    i64 kept_s = h->before.kept_s, left_s = orders_left_s(c, kept_s);
    if (!left_s)
        return fail(c, E_CONFLICT, "orders.kept_long",
            "These goods were kept for you as long as we can. Please cancel this order; if they "
            "are still there, you can order them anew.");
    when until = c->now + left_s * SECOND;
    TRY(goods_of(c, h->order, &g));
    TRY(refuse_hoarding(c, order));
    if (!node_bool(order, "left_cart"))
        TRY(cart_keep(c, node_int(order, "cart_id"), g.variants, g.quantities, g.n));
    TRY(inventory_hold(c, h->order, g.wants, g.n, until));
    h->now = (struct held){ true, until, kept_s + left_s };
    return q_orders_hold_again(c, NULL, h->order, until, h->now.kept_s);
}

static int refused_sum(struct ctx *c)
{
    return fail(c, E_CONFLICT, ORDERS_SUM,
        "Our payment partner takes no payment of this sum, so this order is cancelled. Your cart is "
        "as it was: please change it and order again.");
}

/* Whoever asks again for what was refused hears why. */
static int not_open(struct ctx *c, i64 order)
{
    struct node *how;
    TRY(q_orders_cancelled(c, &how, order));
    if (str_is(node_str(how, "why"), ORDERS_FOR_ITS_SUM))
        return refused_sum(c);
    return fail(c, E_CONFLICT, "orders.not_open", "This order is not waiting for a payment.");
}

/* Before the buyer is sent to pay, what is paid for must be there. */
static int hold_again(struct ctx *c, void *with)
{
    struct holding *h = with;
    struct node *row;
    TRY(q_orders_lock(c, &row, h->order));
    if (!str_is(node_str(row, "status"), "pending") ||
        !str_is(node_str(row, "payment_status"), "pending"))
        return not_open(c, h->order);
    h->before = (struct held){ node_bool(row, "is_held"), 0, node_int(row, "kept_s") };
    if (!when_parse(node_str(row, "hold_until"), &h->before.until))
        return fail_detail(c, E_INTERNAL, "orders.hold", "an order without an end of its hold");
    h->now = h->before;
    return h->before.is_held ? hold_longer(c, h) : take_again(c, h, row);
}

/* Nobody was sent to pay: what was kept for that was not, and counts for nothing. But where
 * somebody else was sent meanwhile, or the order has moved on, it is as they have it. */
static int hold_as_before(struct ctx *c, void *with)
{
    const struct holding *h = with;
    struct node *row;
    bool is_ready;
    i64 changed;
    TRY(q_orders_lock(c, &row, h->order));
    TRY(payments_is_ready(c, h->order, h->way, &is_ready));
    if (is_ready)
        return E_OK;
    TRY(q_orders_hold_as_before(c, &changed, h->order, h->before.is_held, h->before.until,
        h->before.kept_s, h->now.until, h->now.kept_s));
    if (!changed || h->before.is_held)
        return E_OK;
    TRY(orders_let_go_of_cart(c, row));
    return inventory_free(c, h->order);
}

/* As it was placed with, a moment ago. */
static bool is_just_held(const struct node *order, when until)
{
    when end;
    return str_is(node_str(order, "status"), "pending") &&
        str_is(node_str(order, "payment_status"), "pending") && node_bool(order, "is_held") &&
        when_parse(node_str(order, "hold_until"), &end) && end + SECOND >= until;
}

void orders_payment(struct ctx *c, struct payment_order *pay)
{
    pay->what = str_fmt(c->mem, "%.*s %.*s", STR(say(c, "Order")), STR(pay->number));
    pay->success_url = orders_url(c, pay->number, "/return");
    pay->cancel_url = orders_url(c, pay->number, "");
}

/* Their partner is away, or takes no such sum; any other reason is one to keep the goods. */
static int not_sent_to_pay(struct ctx *c, struct holding *h, int err)
{
    struct fault fault = c->fault;
    bool is_as_before = h->now.until == h->before.until && h->now.is_held == h->before.is_held;
    if ((err != E_PROVIDER && !str_is(fault.key, PAYMENTS_SUM)) || is_as_before)
        return err;
    fault_clear(c);
    TRY(pg_tx(c, hold_as_before, h));
    c->fault = fault;
    return err;
}

static int start_payment(
    struct ctx *c, i64 id, enum payment_way way, str *number, struct payment_opened *opened)
{
    struct holding h = { .order = id, .until = orders_hold_end(c), .way = way };
    struct node *order;
    TRY(q_orders_read(c, &order, id, c->lang));
    *number = node_str(order, "number");
    if (!is_just_held(order, h.until))
        TRY(pg_tx(c, hold_again, &h));
    struct payment_order pay = { .id = id,
        .amount = node_int(order, "total"),
        .number = *number,
        .currency = node_str(order, "currency"),
        .email = node_str(order, "email"),
        .lang = node_str(order, "lang"),
        .hold_until = h.until,
        .way = way };
    orders_payment(c, &pay);
    int err = payments_start(c, ORDERS_PROVIDER, &pay, NULL, opened);
    return err ? not_sent_to_pay(c, &h, err) : E_OK;
}

i64 orders_least(str currency) { return payments_least(ORDERS_PROVIDER, currency); }

bool orders_takes(str currency, i64 amount)
{
    return payments_takes(ORDERS_PROVIDER, currency, amount);
}

static int settling(struct ctx *c)
{
    return fail(c, E_CONFLICT, "orders.settling",
        "This order is being paid at this moment. Please look again in a minute.");
}

/* Asked with the order locked, after its page was closed: another one may have been opened
 * meanwhile. One that is only just being opened is not seen (its attempt is written after the lock
 * on the order was let go of); what is paid there goes back, or is filled from what is left. */
int page_is_closed(struct ctx *c, i64 order)
{
    bool open;
    TRY(payments_is_open(c, order, &open));
    return open ? settling(c) : E_OK;
}

/* ---- cancelling ---------------------------------------------------------------------------------
 */

/* Another order of that cart keeps what it keeps. */
static int end_of_cart(struct ctx *c, const struct node *order)
{
    i64 cart = node_int(order, "cart_id"), revision = node_int(order, "cart_revision");
    if (!node_bool(order, "left_cart"))
        return cart_let_go(c, cart, revision);
    return str_is(node_str(order, "payment_status"), "pending") ? cart_reopen(c, cart, revision) : E_OK;
}

int orders_cancel_locked(
    struct ctx *c, const struct node *row, i64 person, const char *actor, struct node *data)
{
    i64 changed, order = node_int(row, "id");
    TRY(q_orders_cancel(c, &changed, order));
    if (!changed)
        return E_OK;
    TRY(end_of_cart(c, row));
    TRY(q_orders_cancel_parts(c, NULL, order));
    TRY(inventory_free(c, order));
    TRY(orders_note(c, order, "cancelled", actor, person, data));
    return orders_tell(c, order, "order.updated");
}

/* All that the ledger says we still have of an order's money; *kept: how much that was. */
static int give_all_back(struct ctx *c, i64 order, const char *reason, i64 person, i64 *kept)
{
    TRY(payments_kept(c, order, kept));
    if (*kept <= 0)
        return E_OK;
    return payments_refund(
        c, order, *kept, str_of(reason), str_fmt(c->mem, "all-%" PRId64, order), person,
        NULL);
}

struct cancelling {
    i64 order, person;
    const char *actor, *why; /* why: NULL, or as its event says it */
    bool only_unpaid, is_silent;
};

static int cancel(struct ctx *c, void *with)
{
    struct cancelling *x = with;
    struct node *row, *gone, *data = node_map(c->mem);
    i64 kept = 0;
    TRY(q_orders_lock(c, &row, x->order));
    TRY(q_orders_gone(c, &gone, x->order)); /* one seller's part; the order waits for the others */
    bool unpaid = str_is(node_str(row, "payment_status"), "pending");
    str status = node_str(row, "status");
    if (str_is(status, "cancelled"))
        return E_OK;
    if ((!unpaid && x->only_unpaid) || node_bool(gone, "is_gone"))
        return fail(c, E_CONFLICT, "orders.too_late", "This order can no longer be cancelled.");
    if (unpaid)
        TRY(page_is_closed(c, x->order));
    else
        TRY(give_all_back(c, x->order, "cancelled", x->person, &kept));
    if (!unpaid)
        TRY(inventory_return(c, x->order));
    if (kept > 0)
        node_set_int(c->mem, data, S("amount"), kept);
    if (x->why)
        node_set_str(c->mem, data, S("why"), str_of(x->why));
    TRY(orders_cancel_locked(c, row, x->person, x->actor, data));
    return x->is_silent ? E_OK : orders_say_cancelled(c, row, x->actor);
}

/* The page first: while it is open the order may be paid at any moment. */
static int close_page(struct ctx *c, i64 order)
{
    bool settled;
    TRY(payments_expire(c, order, &settled));
    return settled ? settling(c) : E_OK;
}

static int cancel_now(struct ctx *c, struct cancelling *x)
{
    struct node *row;
    TRY(q_orders_read(c, &row, x->order, c->lang));
    if (str_is(node_str(row, "payment_status"), "pending") &&
        str_is(node_str(row, "status"), "pending"))
        TRY(close_page(c, x->order));
    return pg_tx(c, cancel, x);
}

int orders_cancel(struct ctx *c, i64 order, i64 by_person, const char *actor)
{
    struct cancelling x = { .order = order,
        .person = by_person,
        .actor = actor,
        .only_unpaid = !str_is(S("staff"), actor) };
    return cancel_now(c, &x);
}

int orders_supersede(struct ctx *c, const struct node *older)
{
    struct scope before = c->scope;
    EACH(item, older) {
        c->scope.order = node_int(&item->node, "id");
        /* Its buyer orders the same cart anew, and knows. */
        int err = cancel_now(c,
            &(struct cancelling){ c->scope.order, before.person, "buyer", NULL, true, true });
        c->scope = before;
        TRY(err);
    }
    return E_OK;
}

/* ---- sent to pay, or ended ------------------------------------------------------------------- */

/* An order that nobody can pay waits for nothing: its goods and its cart are free again. */
static int end_unpayable(struct ctx *c, i64 order, int err)
{
    if (!err || !str_is(c->fault.key, PAYMENTS_SUM))
        return err;
    fault_clear(c);
    TRY(cancel_now(c, &(struct cancelling){ .order = order,
                           .actor = "system",
                           .why = ORDERS_FOR_ITS_SUM,
                           .only_unpaid = true }));
    return refused_sum(c);
}

int orders_pay_url(struct ctx *c, const struct orders_placed *placed, str *number, str *url)
{
    struct payment_opened opened;
    *number = placed->pay ? placed->pay->number : str_none;
    int err = placed->pay
        ? payments_start(c, ORDERS_PROVIDER, placed->pay, placed->attempt, &opened)
        : start_payment(c, placed->id, PAY_ON_PAGE, number, &opened);
    TRY(end_unpayable(c, placed->id, err));
    *url = opened.url;
    return E_OK;
}

int orders_pay_intent(struct ctx *c, i64 id, str *payment_id, str *client_secret)
{
    struct payment_opened opened;
    str number;
    TRY(end_unpayable(c, id, start_payment(c, id, PAY_BY_INTENT, &number, &opened)));
    *payment_id = opened.payment_id;
    *client_secret = opened.client_secret;
    return E_OK;
}

/* ---- fulfilment
 * ----------------------------------------------------------------------------------- */

struct moving {
    i64 order, organisation, person;
    str to, carrier, tracking;
};

static str step_before(str status)
{
    static const char *const steps[] = { "processing", "shipped", "delivered" };
    for (size_t i = 1; i < COUNT(steps); i++)
        if (str_is(status, steps[i]))
            return str_of(steps[i - 1]);
    return str_none;
}

static int say_shipped(struct ctx *c, const struct node *order, const struct moving *m)
{
    struct notify_to to = { .organisation = m->organisation,
        .order = m->order,
        .person = node_int(order, "person_id"),
        .email = node_str(order, "email"),
        .lang = node_str(order, "lang") };
    return notify_mail(c, "order_shipped",
        str_fmt(c->mem, "order:%" PRId64 ":%" PRId64, m->order, m->organisation), &to);
}

static bool is_among(const struct node *rows, i64 id)
{
    EACH(item, rows)
        if (node_int(&item->node, "id") == id)
            return true;
    return false;
}

/* Money that is asked back is gone, though the provider may take days; of what a bank has asked
 * about it is the seller's to say. Goods that went back with it are for sale to others, also where
 * the provider said no afterwards: whoever put them there meant the order to end. */
int orders_flag_leaving(struct ctx *c, struct node *const *orders, size_t n)
{
    struct node *leaving = NULL, *returned = NULL;
    i64 *ids = NEWS(c->mem, i64, n + 1);
    struct scope before = c->scope;
    for (size_t i = 0; i < n; i++)
        ids[i] = node_int(orders[i], "id");
    c->scope.platform = true; /* one seller of several sees nothing of the money */
    int err = n ? payments_leaving(c, ids, n, &leaving) : E_OK;
    if (n && !err)
        err = inventory_returned(c, ids, n, &returned);
    c->scope = before;
    TRY(err);
    for (size_t i = 0; i < n; i++) {
        bool is_leaving = is_among(leaving, ids[i]), is_shelved = is_among(returned, ids[i]);
        node_hide(node_set_bool(c->mem, orders[i], S("is_leaving"), is_leaving));
        node_hide(node_set_bool(c->mem, orders[i], S("is_shelved"), is_shelved));
        if (is_leaving || is_shelved)
            node_hide(node_set_bool(c->mem, orders[i], S("is_to_send"), false));
    }
    return E_OK;
}

/* What has left may arrive all the same. */
static int refuse_ended(struct ctx *c, struct node *order)
{
    TRY(orders_flag_leaving(c, &order, 1));
    if (!str_is(node_str(order, "payment_status"), "paid") || node_bool(order, "is_leaving"))
        return fail(c, E_CONFLICT, "orders.unpaid_step",
            "This order is not paid, or its money has gone back: it is not to be sent.");
    if (node_bool(order, "is_shelved"))
        return fail(c, E_CONFLICT, "orders.shelved_step",
            "The goods of this order went back on the shelf: it is not to be sent. Please give its "
            "money back once more, or cancel it.");
    return E_OK;
}

static int note_sent(struct ctx *c, const struct moving *m, str kind)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("carrier"), m->carrier);
    node_set_str(c->mem, data, S("tracking"), m->tracking);
    return orders_note(c, m->order, str_c(c->mem, kind), "staff", m->person, data);
}

static int move(struct ctx *c, void *with)
{
    struct moving *m = with;
    struct node *order, *unmoved;
    str from = step_before(m->to);
    i64 changed;
    TRY(q_orders_lock(c, &order, m->order));
    if (str_is(m->to, "shipped"))
        TRY(refuse_ended(c, order));
    if (str_is(m->to, "shipped") && !node_bool(order, "has_address"))
        return fail(c, E_CONFLICT, "orders.no_address",
            "Nobody has said yet where this order is to be sent.");
    TRY(q_orders_move_part(c, &changed, m->order, m->organisation ? &m->organisation : NULL, from,
        m->to, m->carrier, m->tracking));
    if (!changed)
        return fail(c, E_CONFLICT, "orders.step", "That is not the next step of this order.");
    TRY(note_sent(c, m, m->to));
    TRY(q_orders_unmoved(c, &unmoved, m->order, m->to));
    if (!node_int(unmoved, "left_behind"))
        TRY(q_orders_move(c, NULL, m->order, from, m->to));
    if (str_is(m->to, "shipped"))
        TRY(say_shipped(c, order, m));
    return orders_tell(c, m->order, "order.updated");
}

int orders_move(struct ctx *c, i64 order, i64 organisation, str status, str carrier, str tracking,
    i64 by_person)
{
    struct moving m = { order, organisation, by_person, status, carrier, tracking };
    if (!step_before(status).n)
        return fail(c, E_INPUT, "orders.step", "That is not a step of an order.");
    return pg_tx(c, move, &m);
}

static int track(struct ctx *c, void *with)
{
    struct moving *m = with;
    struct node *order, *left;
    const i64 *whose = m->organisation ? &m->organisation : NULL;
    TRY(q_orders_lock(c, &order, m->order));
    TRY(q_orders_parts_left(c, &left, m->order, whose, m->carrier, m->tracking));
    if (!node_int(left, "n"))
        return fail(c, E_CONFLICT, "orders.not_sent", "Nothing of this order has been sent yet.");
    if (node_int(left, "n") > 1)
        return fail(c, E_CONFLICT, "orders.parcels",
            "Several have sent this order: each of them says how the own parcel is found.");
    if (!node_bool(left, "is_new"))
        return E_OK;
    TRY(q_orders_track_part(c, NULL, m->order, whose, m->carrier, m->tracking));
    TRY(note_sent(c, m, S("tracked")));
    return orders_tell(c, m->order, "order.updated");
}

int orders_track(
    struct ctx *c, i64 order, i64 organisation, str carrier, str tracking, i64 by_person)
{
    struct moving m = { order, organisation, by_person, str_none, carrier, tracking };
    return pg_tx(c, track, &m);
}

struct giving_address {
    i64 order, person;
    const char *actor;
    str name, phone;
    const struct node *address;
};

static int give_address(struct ctx *c, void *with)
{
    struct giving_address *x = with;
    struct orders_sealed hidden;
    struct node *order, *row;
    i64 changed;
    TRY(q_orders_lock(c, &order, x->order));
    TRY(q_orders_keeper(c, &row, x->order));
    i64 keeper = node_int(row, "keeper");
    TRY(orders_seal(c, x->order, keeper, x->phone, x->address, &hidden));
    TRY(q_orders_give_address(c, &changed, x->order, x->name, hidden.address, hidden.sealed, keeper,
        hidden.clues, hidden.n));
    if (!changed)
        return fail(c, E_CONFLICT, "orders.address",
            "The address can be changed until the order is sent, and only within the country it was "
            "ordered for.");
    TRY(orders_note(c, x->order, "address_given", x->actor, x->person, NULL));
    return orders_tell(c, x->order, "order.updated");
}

int orders_give_address(struct ctx *c, i64 order, i64 by_person, const char *actor, str name,
    str phone, const struct node *address)
{
    struct giving_address x = { order, by_person, actor, name, phone, address };
    return pg_tx(c, give_address, &x);
}

/* ---- giving money back
 * ------------------------------------------------------------------------------ */

struct refunding {
    i64 order, person;
    struct orders_refund *what;
};

/* A key that can come about only once: the order has one more refund each time. What is kept of it
 * falls, and grows again where a bank gives back what it had taken. */
static int refund_key(struct ctx *c, const struct refunding *x, str *key)
{
    i64 before;
    *key = str_fmt(
        c->mem, "asked-%" PRId64 "-%.*s", x->person, 32, crypto_sha256_hex(c->mem, x->what->key).p);
    if (x->what->key.n)
        return E_OK;
    TRY(payments_count_refunds(c, x->order, &before));
    *key = str_fmt(c->mem, "nth-%" PRId64 "-%" PRId64, x->order, before);
    return E_OK;
}

/* So much is not there to give back. */
static int refuse_refund(struct ctx *c, i64 order, i64 kept)
{
    i64 disputed, captured;
    bool is_all;
    TRY(payments_disputed(c, order, &disputed));
    TRY(payments_is_all_back(c, order, &captured, &is_all));
    if (disputed > 0)
        return fail(c, E_CONFLICT, "orders.disputed",
            "The buyer's bank is taking this payment back, or has taken it: what is in dispute "
            "cannot be given back a second time.");
    if (kept <= 0 && captured > 0)
        return fail(c, E_CONFLICT, "orders.refunded", "All of it has been given back.");
    if (kept <= 0)
        return fail(c, E_CONFLICT, "orders.unpaid", "There is no payment to give back.");
    return fail(c, E_CONFLICT, "orders.refund_most", "That is more than is left of what was paid.");
}

static int refund(struct ctx *c, void *with)
{
    struct refunding *x = with;
    struct orders_refund *what = x->what;
    struct node *row, *data = node_map(c->mem);
    i64 kept;
    bool is_new;
    str key;
    TRY(q_orders_lock(c, &row, x->order));
    TRY(payments_kept(c, x->order, &kept));
    if (kept <= 0)
        return refuse_refund(c, x->order, kept);
    if (what->seen_kept && what->seen_kept != kept)
        return fail(c, E_CONFLICT, "orders.refund_seen",
            "Some of the money has gone back meanwhile. Please look again.");
    i64 amount = what->amount ? what->amount : kept;
    if (amount > kept)
        return refuse_refund(c, x->order, kept);
    if (what->back_on_shelf && amount < kept) /* the rest is paid for goods that are to be sent */
        return fail_field(c, "back_on_shelf",
            "Goods go back on the shelf with all of the money that is left, or not at all.");
    if (!orders_takes(node_str(row, "currency"), amount))
        return fail(c, E_CONFLICT, PAYMENTS_SUM,
            "Our payment partner gives no such sum back. Please choose a rounder one.");
    TRY(refund_key(c, x, &key));
    TRY(payments_refund(c, x->order, amount, S("requested_by_customer"), key, x->person, &is_new));
    if (!is_new) /* its key has done this before; the answer to it is forgotten by now */
        return fail(c, E_CONFLICT, "orders.key_used",
            "This Idempotency-Key was used before, for something else.");
    if (what->back_on_shelf)
        TRY(inventory_return(c, x->order));
    what->amount = amount;
    node_set_int(c->mem, data, S("amount"), amount);
    TRY(orders_note(c, x->order, "refund_asked", "staff", x->person, data));
    return orders_tell(c, x->order, "order.updated");
}

int orders_refund(struct ctx *c, i64 order, i64 by_person, struct orders_refund *what)
{
    struct refunding x = { order, by_person, what };
    return pg_tx(c, refund, &x);
}
