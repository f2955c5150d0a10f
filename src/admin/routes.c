#include "admin/admin_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "orders/orders.h"
#include "watch/watch.h"
#include "web/web.h"

#define PAGE      50

/* The round number next above, of whole units, that has a whole half. */
static i64 round_above(i64 most)
{
    static const int firsts[] = { 2, 4, 6, 8, 10 };
    i64 ten = 1;
    while (10 * ten < most && ten < INT64_MAX / 100)
        ten *= 10;
    for (size_t i = 0; i < COUNT(firsts); i++)
        if (firsts[i] * ten >= most)
            return firsts[i] * ten;
    return 10 * ten;
}

/* Heights of the chart's bars, 0 to 100, and what its lines stand for, so that the page needs no
 * script and no style; returns what the highest bar stands for. */
static i64 scale(struct ctx *c, struct node *document, str currency)
{
    static const char of[] = "revenue", as[] = "height";
    const struct node *days = node_get(document, S("days"));
    i64 most = 0, height, x = 0, unit = 1;
    for (int i = money_exponent(currency); i > 0; i--)
        unit *= 10;
    EACH(item, days)
        most = node_int(&item->node, of) > most ? node_int(&item->node, of) : most;
    i64 top = round_above((most + unit - 1) / unit);
    struct node *lines = node_hide(node_set_list(c->mem, document, S("scale")));
    for (int i = 0; i < 3 && most; i++) {
        struct node *line = node_add_map(c->mem, lines);
        node_set_int(c->mem, line, S("y"), 8 + 50 * i);
        node_set_int(c->mem, line, S("value"), top / 2 * (2 - i));
    }
    EACH(item, days) {
        struct node *day = (struct node *)&item->node;
        money_scale(node_int(day, of), 100, top * unit, &height);
        node_hide(node_set_int(c->mem, day, str_of(as), height));
        node_hide(node_set_int(c->mem, day, str_fmt(c->mem, "%s_top", as), 100 - height));
        node_hide(node_set_int(c->mem, day, S("x"), x));
        node_hide(node_set_str(c->mem, day, S("day_number"), str_from(node_str(day, "day"), 8)));
        x += 20;
    }
    return most;
}

/* How many more run out than are named. */
static i64 more_than(const struct node *low)
{
    i64 all = 0;
    EACH(item, low) {
        node_hide(node_get(&item->node, S("of_all")));
        all = node_int(&item->node, "of_all");
    }
    return all - (i64)node_count(low);
}

static int dashboard(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *house, *today, *revenue, *days, *low, *waiting, *latest;
    struct node *document = node_map(c->mem);
    TRY(as_staff(r));
    i64 organisation = c->scope.organisation, disputes = 0;
    bool sees_orders = may(&r->who, ORDERS_READ_ALL); /* the figures alone name no buyer */
    if (sees_orders)
        orders_page_at_desk(r);
    TRY(auth_organisation(c, organisation, &house));
    str zone = node_str(house, "zone"), currency = node_str(house, "currency");
    when midnight = locale_day_start(c->now, zone);
    pg_batch(c);
    q_admin_today(c, &today, organisation, midnight);
    q_admin_waiting(c, &waiting, organisation);
    q_admin_revenue(c, &revenue, organisation, midnight);
    q_admin_days(c, &days, organisation, zone, currency);
    q_admin_low_stock(c, &low, organisation, FEW_LEFT, c->lang);
    TRY(pg_flush(c));
    latest = node_list(c->mem);
    if (sees_orders) {
        TRY(orders_of_organisation(c, organisation, 8, &latest));
        TRY(orders_disputes_waiting(r, &disputes));
    }
    node_set(c->mem, today, S("waiting"), node_get(waiting, S("parts")));
    node_set(c->mem, today, S("revenue"), revenue);
    node_set(c->mem, document, S("today"), today);
    node_set(c->mem, document, S("days"), days);
    node_hide(
        node_set_int(c->mem, document, S("most_revenue"), scale(c, document, currency)));
    node_set(c->mem, document, S("low_stock"), low);
    node_set_int(c->mem, document, S("low_stock_more"), more_than(low));
    node_set(c->mem, document, S("orders"), latest);
    node_set_str(c->mem, document, S("zone"), zone);
    node_set_str(c->mem, document, S("house_currency"), currency);
    node_set(c->mem, document, S("organisation"), node_get(house, S("name")));
    node_set_int(c->mem, document, S("disputes"), disputes);
    struct node *warnings = node_hide(node_set_list(c->mem, document, S("warnings")));
    if (c->app->hooks.warn)
        TRY(c->app->hooks.warn(r, warnings));
    return reply_with(r, document);
}

/* Orders of several are nobody's own: the house has taken their money and sees it all. */
static bool is_house(const struct req *r) { return r->who.role >= ADMIN; }

static const struct input to_list[] = { { "q", LINE, 0, 100 }, { "after", LINE, 0, 254 }, { 0 } };

static int customers(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows, *list, *document = node_map(c->mem);
    str last = str_none;
    bool is_cut = false;
    const str *clues;
    size_t n_clues;
    i64 n = 0;
    TRY(as_staff(r));
    TRY(orders_clues(c, c->scope.organisation, in_str(r, "q"), &clues, &n_clues));
    TRY(q_admin_customers(c, &rows, c->scope.organisation, is_house(r), in_str(r, "q"), clues,
        n_clues, in_str(r, "after")));
    list = node_set_list(c->mem, document, S("customers"));
    EACH(item, rows) {
        if (n++ == PAGE)
            break;
        struct node *row = node_add(c->mem, list, (struct node *)&item->node);
        node_set_str(c->mem, row, S("id"),
            crypto_opaque(c->mem, c->app->secret, "customer", node_int(row, "id")));
        is_cut = node_bool(row, "is_cut");
        node_hide(node_get(row, S("is_cut")));
        last = node_str(row, "email");
    }
    watch_taken(r, n);
    node_hide(node_set_bool(c->mem, document, S("is_cut"), is_cut));
    node_set_str(c->mem, document, S("q"), in_str(r, "q"));
    if (n > PAGE) {
        struct buf url = buf_new(c->mem, 2048);
        buf_add(&url, S("/admin/customers?q="));
        escape_url_part(&url, in_str(r, "q"));
        buf_add(&url, S("&after="));
        escape_url_part(&url, last);
        node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"), buf_str(&url));
    } else {
        node_set_null(c->mem, document, S("next"));
    }
    return reply_with(r, document);
}

static const struct input one_customer[] = { { "id", WORD, 1, 40, .required = true }, { 0 } };

static int no_customer(struct ctx *c)
{
    return fail(c, E_MISSING, "admin.customer", "There is no such customer.");
}

/* Known by an order of theirs, as guests have no other number, and an address is nothing for the
 * address of a page. */
static int customer(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *row, *orders, *label, *document = node_map(c->mem);
    i64 order;
    TRY(as_staff(r));
    if (!crypto_unopaque(c->app->secret, "customer", in_str(r, "id"), &order))
        return no_customer(c);
    TRY(q_admin_customer(c, &row, c->scope.organisation, is_house(r), order));
    if (!row)
        return no_customer(c);
    TRY(orders_of_customer(c, c->scope.organisation, node_str(row, "email"), &orders, &label));
    watch_taken(r, 1);
    node_set(c->mem, document, S("customer"), row);
    if (!may(&r->who, ORDERS_READ_ALL)) { /* orders and where they went are for who may see orders */
        orders = node_list(c->mem);
        label = NULL;
    }
    node_set(c->mem, document, S("orders"), orders);
    node_hide(node_set_bool(c->mem, document, S("has_more"),
        node_count(orders) && (i64)node_count(orders) < node_int(row, "orders")));
    if (label)
        node_set(c->mem, document, S("label"), label);
    else
        node_set_null(c->mem, document, S("label"));
    return reply_with(r, document);
}

ROUTES(admin){
    ROUTE(GET, "/admin", DASHBOARD_READ, NULL, dashboard, "admin/dashboard", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/admin/customers", CUSTOMERS_READ, to_list, customers, "admin/customers", RATE_PAGE,
        NOINDEX),
    ROUTE(GET, "/admin/customers/{id}", CUSTOMERS_READ, one_customer, customer, "admin/customer",
        RATE_PAGE, NOINDEX),
    END_OF_ROUTES,
};
