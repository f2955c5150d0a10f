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

static int find_whose(struct req *r, i64 *order, bool *mine)
{
    i64 person;
    str number = in_str(r, "number");
    TRY(orders_by_number(&r->c, number, order, &person));
    *mine = *order && me(r) && !r->who.key && person == me(r);
    if (!*order || (!*mine && !orders_link_ok(&r->c, number, in_str(r, "key"))))
        return fail(&r->c, E_MISSING, "orders.missing", "There is no such order.");
    r->c.scope.order = *order;
    return E_OK;
}

static int find(struct req *r, i64 *order)
{
    bool mine;
    return find_whose(r, order, &mine);
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
    node_set_bool(c->mem, *document, S("is_waiting"),
        came_back && node_bool(order, "is_unpaid") && !node_bool(order, "is_cancelled"));
    node_hide(node_set_str(c->mem, *document, S("key"), in_str(r, "key")));
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(page(r, false, &document));
    return reply_with(r, document);
}

/* Where the provider sends the buyer back. It proves nothing: the event does. */
static int come_back(struct req *r)
{
    struct node *document;
    TRY(page(r, true, &document));
    return reply_with(r, document);
}

static str own_page(struct req *r)
{
    return in_str(r, "key").n ? orders_link(&r->c, in_str(r, "number"))
                              : str_fmt(r->c.mem, "/orders/%.*s", STR(in_str(r, "number")));
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
    str url;
    TRY(find(r, &order));
    int err = in_fault(r) ? in_fault(r) : orders_pay_url(&r->c, order, &url);
    return err ? refuse(r, err) : see_outside(r, url);
}

static int cancel(struct req *r)
{
    i64 order;
    TRY(find(r, &order));
    int err = in_fault(r) ? in_fault(r) : orders_cancel(&r->c, order, me(r), "buyer");
    return err ? refuse(r, err) : see_other(r, own_page(r));
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
