/* The buyer's pages. Whoever holds the signed link, or is logged in as the buyer, sees the
 * order; for everybody else it does not exist. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "io/io.h"
#include "web/web.h"

static const struct input one_order[] = {
    { "number", WORD, 1, 200, .required = true },
    { "key", LINE, 0, 500 },
    { 0 },
};
/* Where a stream begins: a second and a count, as nchan numbers what it sends. */
static const struct input to_listen[] = {
    { "number", WORD, 8, 20, .required = true },
    { "key", LINE, 0, 100 },
    { "last_event_id", LINE, 0, 40 },
    { 0 },
};
static const struct input to_go_on[] = { { "last_event_id", LINE, 0, 40 }, { 0 } };
static const struct input a_page[] = { { "before", WORD, 0, 40 }, { 0 } };

/* ---- the links of guests ------------------------------------------------------------------------
 * A link's key would stay in addresses: in the history, in what is copied and sent on, in logs of
 * others. So it is used once: the browser keeps it in a cookie, "<number>.<key>" of the orders it has
 * opened, newest first. */

enum { OPENED_MOST = 8 };

static str opened_key(const struct req *r, str number)
{
    str rest = in_cookie(r, COOKIE_ORDERS), one, own;
    while (rest.n && str_cut(&rest, '~', &one))
        if (str_cut(&one, '.', &own) && str_eq(own, number))
            return one;
    return str_none;
}

void orders_remember(struct req *r, str number)
{
    struct buf all = buf_new(r->c.mem, 4000);
    str rest = in_cookie(r, COOKIE_ORDERS), one;
    buf_fmt(&all, "%.*s.%.*s", STR(number), STR(orders_key(&r->c, number)));
    for (int n = 1; n < OPENED_MOST && rest.n && str_cut(&rest, '~', &one);)
        if (one.n < 200 && !str_starts(one, number)) {
            buf_fmt(&all, "~%.*s", STR(one));
            n++;
        }
    set_cookie(r, COOKIE_ORDERS, buf_str(&all), 0, false);
}

str orders_path(struct ctx *c, str number)
{
    return str_fmt(c->mem, "/orders/%.*s", STR(number));
}

/* Who asked for the page by its link is sent to its clean address. */
static int tidy(struct req *r, bool mine, const char *suffix)
{
    str number = in_str(r, "number");
    if (!in_has(r, "key") || r->format == JSON)
        return E_OK;
    if (!mine)
        orders_remember(r, number);
    return see_other(r, str_fmt(r->c.mem, "/orders/%.*s%s", STR(number), suffix));
}

static int find_whose(struct req *r, i64 *order, bool *mine)
{
    i64 person;
    str number = in_str(r, "number");
    TRY(orders_by_number(&r->c, number, order, &person));
    *mine = *order && me(r) && !r->who.key && person == me(r);
    str key = in_has(r, "key") ? in_str(r, "key") : opened_key(r, number);
    if (!*order || (!*mine && !orders_link_ok(&r->c, number, key)))
        return fail(&r->c, E_MISSING, "orders.missing",
            "There is no such order, or it is not shown to this browser. Please log in, or open it "
            "by the link in our mail.");
    r->c.scope.order = *order;
    return E_OK;
}

static int find(struct req *r, i64 *order)
{
    bool mine;
    TRY(find_whose(r, order, &mine));
    if (!mine && in_has(r, "key"))
        orders_remember(r, in_str(r, "number"));
    return E_OK;
}

static str line_of(struct req *r, i64 order, bool mine)
{
    return mine ? auth_line(r, LINE_OWN) : orders_line(&r->c, order);
}

static int page(struct req *r, bool came_back, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *order;
    bool mine;
    i64 id;
    TRY(find_whose(r, &id, &mine));
    orders_will_listen(r, line_of(r, id, mine));
    TRY(orders_read(c, id, &order));
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("order"), order);
    node_set_bool(
        c->mem, *document, S("is_waiting"), came_back && node_bool(order, "is_awaited"));
    return r->method == GET ? tidy(r, mine, came_back ? "/return" : "") : E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(page(r, false, &document));
    return r->rendered ? E_OK : reply_with(r, document);
}

/* Where the provider sends the buyer back. It proves nothing: the event does. */
static int come_back(struct req *r)
{
    struct node *document;
    TRY(page(r, true, &document));
    return r->rendered ? E_OK : reply_with(r, document);
}

static int refuse(struct req *r, int err)
{
    struct node *document;
    struct fault fault = r->c.fault;
    fault_clear(&r->c);
    TRY(page(r, false, &document));
    r->c.fault = fault;
    return again(r, err, document);
}

static int pay(struct req *r)
{
    i64 order;
    str number, url;
    TRY(find(r, &order));
    int err = in_fault(r) ? in_fault(r) : orders_pay_url(&r->c, &(struct orders_placed){ .id = order }, &number, &url);
    return err ? refuse(r, err) : see_outside(r, url);
}

static int cancel(struct req *r)
{
    i64 order;
    TRY(find(r, &order));
    int err = in_fault(r) ? in_fault(r) : orders_cancel(&r->c, order, me(r), "buyer");
    return err ? refuse(r, err) : see_other(r, orders_path(&r->c, in_str(r, "number")));
}

/* A buyer who is logged in hears of all their orders on one line; its page takes what is its own.
 */
static int live(struct req *r)
{
    i64 order;
    bool mine;
    TRY(find_whose(r, &order, &mine));
    return orders_listen(r, line_of(r, order, mine));
}

/* All of one person's orders, for clients: every device, every tab. */
static int live_mine(struct req *r)
{
    r->format = JSON;
    return orders_listen(r, auth_line(r, LINE_OWN));
}

static int list(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *orders, *document = node_map(c->mem);
    i64 before = 0, last = 0;
    bool more;
    if (in_has(r, "before") &&
        !crypto_unopaque(c->app->secret, "order", in_str(r, "before"), &before))
        return fail(c, E_MISSING, "orders.page", "There is no such page.");
    orders_page_of_buyer(r);
    TRY(orders_of_person(c, me(r), before, &orders, &more));
    EACH(item, orders) {
        last = node_int(&item->node, "id");
        node_hide(node_get(&item->node, S("id")));
    }
    node_set(c->mem, document, S("orders"), orders);
    if (more) {
        struct node *next = node_set_map(c->mem, document, S("next"));
        node_set_str(c->mem, next, S("url"),
            str_fmt(c->mem, "/orders?before=%.*s",
                STR(crypto_opaque(c->mem, c->app->secret, "order", last))));
    } else {
        node_set_null(c->mem, document, S("next"));
    }
    return reply_with(r, document);
}

ROUTES(orders){
    ROUTE(GET, "/orders", SHOPPER, a_page, list, "orders/list", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/orders/{number}", ANYONE, one_order, show, "orders/show", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/orders/{number}/return", ANYONE, one_order, come_back, "orders/show", RATE_PAGE,
        NOINDEX),
    ROUTE(GET, "/orders/{number}/live", ANYONE, to_listen, live, NULL, RATE_PAGE, NOINDEX),
    ROUTE(GET, "/-/live", SHOPPER, to_go_on, live_mine, NULL, RATE_PAGE, NOINDEX),
    ROUTE(POST, "/orders/{number}/pay", ANYONE, one_order, pay, "orders/show", RATE_ORDER,
        SLOW | NOINDEX | FORM),
    ROUTE(POST, "/orders/{number}/cancel", ANYONE, one_order, cancel, "orders/show", RATE_FORM,
        SLOW | NOINDEX | FORM),
    END_OF_ROUTES,
};
