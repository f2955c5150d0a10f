/* What orders know of a person. */
#include "gen/queries.h"
#include "orders/orders.h"
#include "web/web.h"

int orders_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *orders, *lines;
    TRY(q_orders_all_of_person(c, &orders, person));
    TRY(q_orders_all_lines_of_person(c, &lines, person));
    node_attach(c->mem, orders, S("id"), lines, S("order_id"), S("lines"));
    EACH(item, orders) {
        struct node *order = (struct node *)&item->node;
        node_hide(node_get(order, S("id")));
        EACH(line, node_get(order, S("lines")))
            node_hide(node_get(&line->node, S("order_id")));
    }
    node_set(c->mem, into, S("orders"), orders);
    return E_OK;
}

int orders_must_wait(struct ctx *c, i64 person)
{
    struct node *row;
    TRY(q_orders_open_of_person(c, &row, person));
    if (row)
        return fail(c, E_CONFLICT, "account.orders",
            "Order %.*s is not finished: your address is needed for it. Please come back when it "
            "has arrived, or cancel it.",
            STR(node_str(row, "number")));
    return E_OK;
}

int orders_erase(struct ctx *c, i64 person)
{
    TRY(q_orders_erase_answers(c, NULL, person));
    return q_orders_erase(c, NULL, person);
}
