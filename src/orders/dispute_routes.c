/* What buyers' banks take back, as a list: what waits for an answer first. Of an order of several
 * the house answers, and alone sees it. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "payments/payments.h"
#include "watch/watch.h"
#include "web/web.h"

enum { PAGE = 50 };

static const struct input to_list[] = { { "after", WORD, 0, 40 }, { 0 } };

/* Orders of several are nobody's own: the house looks at them as such. */
static bool is_house(struct req *r) { return r->who.role >= ADMIN; }

static int read_page(struct req *r, i64 after, struct node **rows)
{
    struct scope before = r->c.scope;
    r->c.scope.platform = is_house(r);
    int err = q_orders_disputes(&r->c, rows, before.organisation, is_house(r), after);
    r->c.scope = before;
    return err;
}

int orders_disputes_waiting(struct req *r, i64 *n)
{
    struct node *row;
    struct scope before = r->c.scope;
    r->c.scope.platform = is_house(r);
    int err = q_orders_disputes_waiting(&r->c, &row, before.organisation, is_house(r));
    r->c.scope = before;
    *n = err ? 0 : node_int(row, "n");
    return err;
}

static int list(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows, *disputes, *document = node_map(c->mem);
    i64 after = 0, last = 0, n = 0;
    TRY(as_staff(r));
    if (in_has(r, "after") &&
        !crypto_unopaque(c->app->secret, "dispute", in_str(r, "after"), &after))
        return fail(c, E_MISSING, "orders.page", "There is no such page.");
    TRY(read_page(r, after, &rows));
    disputes = node_set_list(c->mem, document, S("disputes"));
    EACH(item, rows) {
        if (n++ == PAGE)
            break;
        struct node *row = node_add(c->mem, disputes, (struct node *)&item->node);
        last = node_int(row, "id");
        node_hide(node_get(row, S("id")));
        payments_name_desk(c, row);
    }
    orders_name_disputes(c, disputes);
    watch_taken(r, (i64)node_count(disputes));
    if (node_count(rows) > PAGE)
        node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"),
            str_fmt(c->mem, "/admin/orders/disputes?after=%.*s",
                STR(crypto_opaque(c->mem, c->app->secret, "dispute", last))));
    else
        node_set_null(c->mem, document, S("next"));
    return reply_with(r, document);
}

ROUTES(orders_disputes){
    ROUTE(GET, "/admin/orders/disputes", ORDERS_READ_ALL, to_list, list, "orders/admin_disputes",
        RATE_PAGE, NOINDEX),
    END_OF_ROUTES,
};
