/* What orders know of a person. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "orders/orders_in.h"
#include "payments/payments.h"
#include "web/web.h"
#include "work/work.h"

/* An address that was never confirmed may be somebody else's. */
static int confirmed_address(struct ctx *c, i64 person, str *email)
{
    struct node *row;
    TRY(auth_person(c, person, &row));
    *email = node_bool(row, "is_verified") ? node_str(row, "email") : str_none;
    return E_OK;
}

/* Those placed without logging in are nobody's as far as a person's own scope sees. */
static int all_orders(struct ctx *c, i64 person, struct node **orders, struct node **lines)
{
    str email;
    struct scope before = c->scope;
    TRY(confirmed_address(c, person, &email));
    c->scope.platform = true;
    int err = q_orders_all_of_person(c, orders, person, email);
    if (!err)
        err = q_orders_all_lines_of_person(c, lines, person, email);
    c->scope = before;
    return err;
}

int orders_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *orders, *lines;
    TRY(all_orders(c, person, &orders, &lines));
    node_attach(c->mem, orders, S("id"), lines, S("order_id"), S("lines"));
    EACH(item, orders) {
        struct node *order = (struct node *)&item->node;
        TRY(orders_unseal(c, order));
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
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true }; /* nobody sees disputes of their own */
    int err = q_orders_open_of_person(c, &row, person);
    c->scope = before;
    TRY(err);
    if (row && !node_bool(row, "is_open"))
        return fail(c, E_CONFLICT, "account.disputed",
            "Your bank has asked about the payment of order %.*s: the seller needs your address to "
            "answer. Please come back when that is settled.",
            STR(node_str(row, "number")));
    if (row)
        return fail(c, E_CONFLICT, "account.orders",
            "Order %.*s is not finished: your address is needed for it. Please come back when it "
            "has arrived, or cancel it.",
            STR(node_str(row, "number")));
    return E_OK;
}

/* What others keep of these orders: the payments, what their programs were answered, and mails. The
 * address was typed and may be a stranger's: what else went there is not touched. */
static int erase_around(struct ctx *c, const struct node *erased)
{
    EACH(item, erased) {
        i64 order = node_int(&item->node, "id");
        TRY(payments_erase(c, order));
        TRY(q_orders_erase_answers_of(c, NULL, order));
        TRY(notify_forget_order(c, order, node_str(&item->node, "email")));
    }
    return E_OK;
}

int orders_later(struct ctx *c, i64 person, i64 *n)
{
    struct node *row;
    str email;
    TRY(confirmed_address(c, person, &email));
    TRY(q_orders_guests_open(c, &row, email));
    *n = node_int(row, "n");
    return E_OK;
}

int orders_erase_due(struct ctx *c)
{
    struct node *erased;
    c->scope = (struct scope){ .platform = true };
    TRY(q_orders_erase_due(c, &erased));
    return erase_around(c, erased);
}

int orders_erase(struct ctx *c, i64 person)
{
    struct node *erased;
    str email;
    TRY(q_orders_erase_answers(c, NULL, person));
    TRY(q_orders_erase(c, &erased, person));
    TRY(erase_around(c, erased));
    TRY(confirmed_address(c, person, &email));
    TRY(q_orders_erase_guests(c, NULL, email));
    TRY(job_add(c, "orders.erase_late", str_fmt(c->mem, "orders.erase_late:%" PRId64, person), 0,
        person, NULL, c->now + HOUR));
    return orders_erase_due(c);
}

int orders_erase_late(struct ctx *c, const struct job *job)
{
    TRY(q_orders_erase_answers(c, NULL, job->subject));
    return q_orders_erase_late(c, NULL, job->subject);
}
