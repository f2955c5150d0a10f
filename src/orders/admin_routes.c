/* The merchant's orders: list, one order with its whole story, and what can be done. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "notify/notify.h"
#include "payments/payments.h"
#include "watch/watch.h"
#include "web/web.h"

static const struct input to_list[] = {
    { "q", LINE, 0, 100 },
    { "status", CHOICE, .choices = "pending|processing|shipped|delivered|cancelled" },
    { "payment", CHOICE, .choices = "pending|paid|partly_refunded|refunded|disputed" },
    { "before", WORD, 0, 40 },
    { 0 },
};
static const struct input one_order[] = { { "number", WORD, 1, 200, .required = true }, { 0 } };
static const struct input to_show[] = {
    { "number", WORD, 1, 200, .required = true },
    { "done", CHOICE, .choices = "shipped|delivered|tracked|refund|cancel|mail" },
    { "before", WORD, 0, 40 }, /* an earlier page of what happened */
    { 0 },
};
static const struct input a_step[] = {
    { "number", WORD, 1, 200, .required = true },
    { "status", CHOICE, .required = true, .choices = "shipped|delivered" },
    { "correction", BOOL }, /* no step: how the parcel is found that has left */
    { "carrier", LINE, 0, 60 },
    { "tracking", LINE, 0, 60 },
    { 0 },
};
static const struct input a_refund[] = {
    { "number", WORD, 1, 200, .required = true },
    { "idempotency_key", WORD, 1, 255, .header = "idempotency-key" },
    { "part", BOOL },
    { "amount", MONEY },
    { "kept", INT, 1, INT64_MAX },
    { "back_on_shelf", BOOL },
    { 0 },
};
static const struct input one_mail[] = {
    { "number", WORD, 1, 200, .required = true },
    { "id", WORD, 1, 40, .required = true },
    { 0 },
};

/* Only an order that has a part of this organisation exists here. */
static int find(struct req *r, i64 *order)
{
    struct node *part;
    i64 person;
    TRY(as_staff(r));
    TRY(orders_by_number(&r->c, in_str(r, "number"), order, &person));
    if (*order)
        TRY(q_orders_has_part(&r->c, &part, *order, r->c.scope.organisation));
    if (!*order || !part)
        return fail(&r->c, E_MISSING, "orders.missing", "There is no such order.");
    r->c.scope.order = *order;
    return E_OK;
}

/* A step that gives money back, or ends what others sell too, is not for everybody. */
int orders_may_end(struct req *r, i64 order, bool gives_money)
{
    struct node *parts;
    struct scope before = r->c.scope;
    r->c.scope.platform = true;
    int err = q_orders_organisations_of(&r->c, &parts, order);
    r->c.scope = before;
    TRY(err);
    if (node_count(parts) > 1 && r->who.role < ADMIN)
        return fail(&r->c, E_DENIED, "orders.shared",
            "Others sell in this order too. Please ask the market to do this.");
    if (gives_money && !may(&r->who, ORDERS_REFUND))
        return fail(&r->c, E_DENIED, "orders.refund",
            "This order is paid. Please ask somebody who may give money back.");
    return E_OK;
}

static bool is_of_line(const struct node *step, const struct node *line)
{
    return str_eq(node_str(line, "sku"), node_str(step, "sku")) &&
        node_int(line, "quantity") == node_int(step, "quantity") &&
        node_int(line, "unit_price") == node_int(step, "unit");
}

/* Nor does the price's trace tell what others sell in it: of each own line one step, as two sellers
 * may have the same SKU. */
static void keep_own_trace(struct ctx *c, struct node *order)
{
    struct node *own = node_list(c->mem);
    const struct node *lines = node_get(order, S("lines"));
    bool *told = NEWS(c->mem, bool, node_count(lines) + 1);
    EACH(item, node_get(order, S("trace"))) {
        bool is_ours = !node_bool(&item->node, "is_line");
        size_t n = 0;
        EACH(line, lines) {
            if (!is_ours && !told[n] && is_of_line(&item->node, &line->node))
                is_ours = told[n] = true;
            n++;
        }
        if (is_ours)
            node_add(c->mem, own, (struct node *)&item->node);
    }
    node_set(c->mem, order, S("trace"), own);
}

/* One seller's part has left: the order is not cancelled any more. */
static bool is_gone(const struct node *order)
{
    EACH(part, node_get(order, S("parts"))) {
        str status = node_str(&part->node, "status");
        if (str_is(status, "shipped") || str_is(status, "delivered"))
            return true;
    }
    return false;
}

/* What is offered is what will be done: a seller's next step is that of the own part, and of an
 * order of several nobody of them gives the money back. `gone`: see is_gone; of the order as a whole. */
static void offer_acts(
    struct req *r, i64 id, const struct node *order, bool gone, i64 kept, struct node *to)
{
    struct ctx *c = &r->c;
    str at = orders_part_status(order, c->scope.organisation);
    bool is_paid = node_bool(order, "is_paid"), updates = may(&r->who, ORDERS_UPDATE);
    bool sends = str_is(at, "processing") && is_paid && !node_bool(order, "is_leaving") && updates;
    bool shelved = node_bool(order, "is_shelved");
    bool open = node_bool(order, "is_pending") || node_bool(order, "is_processing");
    bool ends = (open || (is_paid && kept > 0)) && !orders_may_end(r, id, is_paid);
    fault_clear(c);
    node_set_bool(c->mem, to, S("may_ship"), sends && !shelved);
    node_hide(node_set_bool(c->mem, to, S("is_kept_back"), sends && shelved));
    node_set_bool(c->mem, to, S("may_deliver"), str_is(at, "shipped") && updates);
    node_set_bool(
        c->mem, to, S("may_track"), (str_is(at, "shipped") || str_is(at, "delivered")) && updates);
    node_set_bool(c->mem, to, S("may_cancel"), open && !gone && ends && updates);
    node_set_bool(c->mem, to, S("may_refund"), is_paid && kept > 0 && ends);
}

static void add_choices(struct req *r, struct node *document, const char *key, const char *chosen,
    const char *const *values, size_t n)
{
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, document, str_of(key));
    node_hide(list);
    for (size_t i = 0; i < n; i++) {
        struct node *choice = node_add_map(c->mem, list);
        node_set_str(c->mem, choice, S("code"), str_of(values[i]));
        node_set_bool(c->mem, choice, S("is_chosen"), str_is(in_str(r, chosen), values[i]));
        for (size_t k = 0; k < n; k++)
            node_set_bool(c->mem, choice, str_fmt(c->mem, "is_%s", values[k]), k == i);
    }
}

static void add_next(struct req *r, struct node *document, i64 last)
{
    struct ctx *c = &r->c;
    static const char *const kept[] = { "q", "status", "payment" };
    struct buf url = buf_new(c->mem, 1024);
    if (!last) {
        node_set_null(c->mem, document, S("next"));
        return;
    }
    buf_add(&url, S("/admin/orders?"));
    for (size_t i = 0; i < COUNT(kept); i++) {
        buf_fmt(&url, "%s=", kept[i]);
        escape_url_part(&url, in_str(r, kept[i]));
        buf_char(&url, '&');
    }
    buf_fmt(&url, "before=%.*s", STR(crypto_opaque(c->mem, c->app->secret, "order", last)));
    struct node *next = node_set_map(c->mem, document, S("next"));
    node_set_str(c->mem, next, S("url"), buf_str(&url));
}

/* "tl 6tay hbmh czgs", as a number is read out on the telephone: as it is written. */
static str written(struct ctx *c, str q)
{
    char bare[14];
    size_t n = 0;
    for (size_t i = 0; i < q.n; i++) {
        char letter = (char)(q.p[i] | 0x20);
        if (q.p[i] == '-' || q.p[i] == ' ')
            continue;
        bool fits = n == 0 ? letter == 't' : n == 1 ? letter == 'l' : crypto_is_code(letter);
        if (n == sizeof bare || !fits)
            return q; /* a name, an address */
        bare[n++] = q.p[i];
    }
    if (n < sizeof bare)
        return q;
    return str_fmt(c->mem, "TL-%.4s-%.4s-%.4s", bare + 2, bare + 6, bare + 10);
}

static int list(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows, *orders, *document = node_map(c->mem);
    static const char *const statuses[] = { "pending", "processing", "shipped", "delivered",
        "cancelled" };
    static const char *const payments[] = { "pending", "paid", "partly_refunded", "refunded",
        "disputed" };
    struct node *to_send[ORDERS_PAGE];
    i64 before = INT64_MAX, last = 0, n = 0;
    size_t n_to_send = 0;
    const str *clues;
    size_t n_clues;
    TRY(as_staff(r));
    if (in_has(r, "before") &&
        !crypto_unopaque(c->app->secret, "order", in_str(r, "before"), &before))
        return fail(c, E_MISSING, "orders.page", "There is no such page.");
    orders_page_at_desk(r);
    TRY(orders_clues(c, c->scope.organisation, in_str(r, "q"), &clues, &n_clues));
    TRY(q_orders_of_organisation(c, &rows, c->scope.organisation, before, in_str(r, "status"),
        in_str(r, "payment"), written(c, in_str(r, "q")), clues, n_clues));
    orders = node_set_list(c->mem, document, S("orders"));
    EACH(item, rows) {
        if (n++ == ORDERS_PAGE)
            break;
        struct node *row = node_add(c->mem, orders, (struct node *)&item->node);
        last = node_int(row, "id");
        node_hide(node_get(row, S("id")));
        orders_flag(c, row);
        orders_flag_part(c, row, node_str(row, "part_status"));
        if (node_bool(row, "is_to_send"))
            to_send[n_to_send++] = row;
    }
    TRY(orders_flag_leaving(c, to_send, n_to_send));
    watch_taken(r, n);
    add_next(r, document, node_count(rows) > ORDERS_PAGE ? last : 0);
    node_hide(node_set_int(c->mem, document, S("most_at_once"), ORDERS_AT_ONCE));
    node_hide(node_set_bool(c->mem, document, S("is_filtered"),
        in_has(r, "q") || in_has(r, "status") || in_has(r, "payment") || in_has(r, "before")));
    node_set_str(c->mem, document, S("q"), in_str(r, "q"));
    node_set_str(c->mem, document, S("status"), in_str(r, "status"));
    node_set_str(c->mem, document, S("payment"), in_str(r, "payment"));
    add_choices(r, document, "statuses", "status", statuses, COUNT(statuses));
    add_choices(r, document, "payments", "payment", payments, COUNT(payments));
    return reply_with(r, document);
}

/* What was done a moment ago: on a telephone it happened out of sight. */
static const struct done dones[] = {
    { "shipped", SAYS("Marked as sent.") },
    { "delivered", SAYS("Marked as delivered.") },
    { "tracked", SAYS("The carrier and the tracking number are saved.") },
    { "refund", SAYS("The money is on its way back. It is listed below.") },
    { "cancel", SAYS("The order is cancelled.") },
    { "mail", SAYS("The mail is sent once more.") },
};

/* What the house was told of an order, because of several or as nobody else could help, is not for
 * who sells in it. */
static int mails_of(struct req *r, i64 order, struct node **mails)
{
    struct ctx *c = &r->c;
    static const str to_staff[] = { ORDERS_TO_STAFF };
    TRY(notify_of_order(c, order, to_staff, COUNT(to_staff),
        r->who.role < ADMIN ? &c->scope.organisation : NULL, mails));
    EACH(item, *mails)
        node_set_str(c->mem, (struct node *)&item->node, S("id"),
            crypto_opaque(c->mem, c->app->secret, "mail", node_int(&item->node, "id")));
    return E_OK;
}

/* Of an order of several the house answers the bank. */
static int disputes_of(struct req *r, i64 id, const struct node *order, struct node **disputes)
{
    struct ctx *c = &r->c;
    *disputes = node_list(c->mem);
    if (node_count(node_get(order, S("parts"))) == 1 || r->who.role >= ADMIN)
        TRY(payments_disputes_of(c, id, disputes));
    orders_name_disputes(c, *disputes);
    EACH(item, *disputes) {
        struct node *one = (struct node *)&item->node;
        node_hide(node_get(one, S("id")));
        node_set_str(c->mem, one, S("number"), node_str(order, "number"));
        node_set_str(c->mem, one, S("name"), node_str(order, "name"));
    }
    return E_OK;
}

/* Two hundred things that happened, the last ones unless earlier ones are asked for. */
static int add_earlier(struct req *r, i64 id, struct node *order, struct node *document)
{
    struct ctx *c = &r->c;
    i64 before, earlier = node_int(order, "story_from");
    bool is_earlier = r->method == GET && in_has(r, "before");
    if (is_earlier) {
        if (!crypto_unopaque(c->app->secret, "event", in_str(r, "before"), &before))
            return fail(c, E_MISSING, "orders.page", "There is no such page.");
        TRY(orders_earlier(c, id, before, order, &earlier));
    }
    node_hide(node_set_bool(c->mem, document, S("is_earlier"), is_earlier));
    if (!earlier)
        node_set_null(c->mem, document, S("earlier"));
    else
        node_set_str(c->mem, node_set_map(c->mem, document, S("earlier")), S("url"),
            str_fmt(c->mem, "/admin/orders/%.*s?before=%.*s", STR(in_str(r, "number")),
                STR(crypto_opaque(c->mem, c->app->secret, "event", earlier))));
    return E_OK;
}

static bool is_called_so(const struct node *label, const struct node *line)
{
    return str_eq(node_str(label, "own_name"), node_str(line, "name")) &&
        str_eq(node_str(label, "own_options"), node_str(line, "options"));
}

/* The order says what its goods were called when they were bought, in the buyer's language; who packs
 * them may read another. */
static int name_goods(struct ctx *c, i64 id, const struct node *order)
{
    struct node *labels = NULL;
    if (!str_eq(node_str(order, "lang"), c->lang))
        TRY(q_orders_labels(c, &labels, id, c->lang));
    EACH(item, node_get(order, S("lines"))) {
        struct node *line = (struct node *)&item->node, *own = NULL;
        EACH(it, labels)
            if (node_int(&it->node, "position") == node_int(line, "position") &&
                !is_called_so(&it->node, line))
                own = (struct node *)&it->node;
        if (own)
            node_hide(node_set(c->mem, line, S("here"), own));
        else
            node_hide(node_set_null(c->mem, line, S("here")));
    }
    return E_OK;
}

static int page(struct req *r, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *order, *attempts, *refunds, *disputes, *mails;
    i64 id, kept;
    TRY(find(r, &id));
    orders_page_at_desk(r);
    TRY(orders_read(c, id, &order));
    bool gone = is_gone(order);
    TRY(orders_flag_leaving(c, &order, 1));
    TRY(payments_kept(c, id, &kept));
    TRY(disputes_of(r, id, order, &disputes));
    orders_keep_own(c, order, c->scope.organisation);
    TRY(name_goods(c, id, order));
    keep_own_trace(c, order);
    TRY(payments_of_order(c, id, &attempts, &refunds));
    TRY(mails_of(r, id, &mails));
    orders_name_states(c, attempts);
    orders_name_states(c, refunds);
    orders_name_mails(c, mails);
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("order"), order);
    node_set(c->mem, *document, S("attempts"), attempts);
    node_set(c->mem, *document, S("refunds"), refunds);
    node_set(c->mem, *document, S("disputes"), disputes);
    node_set(c->mem, *document, S("mails"), mails);
    TRY(add_earlier(r, id, order, *document));
    offer_acts(r, id, order, gone, kept, *document);
    orders_flag_part(c, order, orders_part_status(order, c->scope.organisation));
    node_set_int(c->mem, *document, S("kept"), kept);
    node_hide(node_set_str(c->mem, *document, S("done"), done_text(r, dones, COUNT(dones))));
    node_hide(node_set_bool(c->mem, *document, S("done_shipped"),
        str_is(in_done(r), "shipped")));
    return E_OK;
}

static int show(struct req *r)
{
    TRY(reply_page(r, page));
    watch_taken(r, 1);
    return E_OK;
}

static int done(struct req *r, int err, const char *what)
{
    if (err)
        return again_page(r, err, page);
    return see_other(
        r, str_fmt(r->c.mem, "/admin/orders/%.*s?done=%s", STR(in_str(r, "number")), what));
}

static int track(struct req *r, i64 order)
{
    int err = in_fault(r);
    if (!err)
        err = orders_track(&r->c, order, r->c.scope.organisation, in_str(r, "carrier"),
            in_str(r, "tracking"), me(r));
    return done(r, err, "tracked");
}

static int move(struct req *r)
{
    i64 order;
    TRY(find(r, &order));
    if (in_bool(r, "correction"))
        return track(r, order);
    int err = in_fault(r);
    if (!err)
        err = orders_move(&r->c, order, r->c.scope.organisation, in_str(r, "status"),
            in_str(r, "carrier"), in_str(r, "tracking"), me(r));
    return done(r, err, str_is(in_str(r, "status"), "shipped") ? "shipped" : "delivered");
}

static int cancel(struct req *r)
{
    i64 order;
    struct node *row;
    TRY(find(r, &order));
    TRY(q_orders_read(&r->c, &row, order, r->c.lang));
    int err = orders_may_end(r, order, !str_is(node_str(row, "payment_status"), "pending"));
    return done(r, err ? err : orders_cancel(&r->c, order, me(r), "staff"), "cancel");
}

/* Whoever says how much means a part, also a program that says nothing beside it. */
static bool is_part(const struct req *r) { return in_bool(r, "part") || in_has(r, "amount"); }

/* A part of it, which then has to be said, or all that is left. A part can be given back a second
 * time, by whoever has lost the first answer: they say what they have seen, or have a key. */
static int read_refund(struct req *r, i64 order, struct orders_refund *what)
{
    struct node *row;
    *what = (struct orders_refund){ .seen_kept = in_int(r, "kept"),
        .key = in_str(r, "idempotency_key"),
        .back_on_shelf = in_bool(r, "back_on_shelf") };
    if (!is_part(r))
        return E_OK;
    if (!what->seen_kept && !what->key.n)
        return fail_field(&r->c, "kept",
            "Please say as kept how much was left of the payment, or send an Idempotency-Key: "
            "so that nothing goes back twice.");
    TRY(q_orders_read(&r->c, &row, order, r->c.lang));
    int exponent = money_exponent(node_str(row, "currency"));
    if (!money_typed(in_str(r, "amount"), exponent, &what->amount) || what->amount <= 0)
        return fail_field(&r->c, "amount", money_no_amount(exponent));
    return E_OK;
}

struct giving {
    struct req *r;
    i64 order;
    struct orders_refund what;
};

/* In one transaction: the key, the refund, that it is done. */
static int give(struct ctx *c, void *with)
{
    struct giving *g = with;
    struct orders_refund *what = &g->what;
    struct orders_answer answer;
    str amount = is_part(g->r) ? in_str(g->r, "amount") : S("all");
    struct orders_ask ask = { me(g->r), what->key,
        str_fmt(c->mem, "desk refund %" PRId64 " %.*s %" PRId64 " %d", g->order, STR(amount),
            what->seen_kept, what->back_on_shelf) };
    if (!what->key.n)
        return orders_refund(c, g->order, me(g->r), what);
    TRY(orders_ask(c, &ask, &answer));
    if (!answer.is_first)
        return E_OK;
    TRY(orders_ask_is_of(c, &ask, g->order)); /* it goes with the buyer's data */
    TRY(orders_refund(c, g->order, me(g->r), what));
    answer.status = 303;
    answer.text = S("refund");
    return orders_keep_answer(c, &ask, &answer);
}

static int refund(struct req *r)
{
    struct giving g = { .r = r };
    TRY(find(r, &g.order));
    int err = in_fault(r) ? in_fault(r) : orders_may_end(r, g.order, true);
    if (!err)
        err = read_refund(r, g.order, &g.what);
    if (!err)
        err = pg_tx(&r->c, give, &g);
    if (err && is_part(r) &&
        (str_is(r->c.fault.key, "orders.refund_most") || str_is(r->c.fault.key, PAYMENTS_SUM)))
        err = fail_field(&r->c, "amount", str_c(r->c.mem, r->c.fault.text)); /* it was typed */
    return done(r, err, "refund");
}

static int send_again(struct req *r)
{
    struct node *mails;
    i64 order, mail;
    TRY(find(r, &order));
    TRY(mails_of(r, order, &mails));
    EACH(item, mails)
        if (str_eq(node_str(&item->node, "id"), in_str(r, "id")) &&
            crypto_unopaque(r->c.app->secret, "mail", in_str(r, "id"), &mail))
            return done(r, notify_again(&r->c, mail), "mail");
    return fail(&r->c, E_MISSING, "notify.mail", "There is no such mail.");
}

static const struct input to_listen[] = { { "last_event_id", LINE, 0, 40 }, { 0 } };

static int live(struct req *r)
{
    TRY(as_staff(r));
    return orders_listen(r, auth_line(r, LINE_DESK));
}

ROUTES(orders_admin){
    ROUTE(
        GET, "/admin/orders", ORDERS_READ_ALL, to_list, list, "orders/admin_list", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/admin/live", ORDERS_READ_ALL, to_listen, live, NULL, RATE_PAGE, NOINDEX),
    ROUTE(GET, "/admin/orders/{number}", ORDERS_READ_ALL, to_show, show, "orders/admin_show",
        RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/orders/{number}/status", ORDERS_UPDATE, a_step, move, "orders/admin_show",
        RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, "/admin/orders/{number}/cancel", ORDERS_UPDATE, one_order, cancel,
        "orders/admin_show", RATE_FORM, SLOW | NOINDEX),
    ROUTE(POST, "/admin/orders/{number}/refund", ORDERS_REFUND, a_refund, refund,
        "orders/admin_show", RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, "/admin/orders/{number}/mail/{id}", ORDERS_UPDATE, one_mail, send_again,
        "orders/admin_show", RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
