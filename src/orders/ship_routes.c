/* Several orders sent at once: chosen in the merchant's list, looked at on one page, and moved one
 * by one. What cannot be sent holds up none of the others, and says why. */
#include "orders/orders_in.h"
#include "gen/queries.h"
#include "watch/watch.h"
#include "web/web.h"

enum { MOST = ORDERS_AT_ONCE, LONGEST = 60 }; /* LONGEST: letters, as for one order */
enum { GIVEN_MOST = 200 }; /* of more than go at once the first go, and the rest is said to be left */

static const struct input to_choose[] = { { "orders", WORDS, 0, GIVEN_MOST }, { 0 } };
static const struct input to_send[] = {
    { "orders", WORDS, 1, GIVEN_MOST, .required = true },
    { "tracking", LINES, 0, GIVEN_MOST }, /* in the order of `orders` */
    { "carrier", LINE, 0, LONGEST },
    { 0 },
};

struct chosen {
    str number, tracking, why; /* why: it was not sent */
    const struct node *row;    /* NULL: there is no such order here */
    bool is_now;               /* sent by this request */
};
struct all {
    struct chosen *one;
    size_t n, rest; /* rest: chosen too, and more than go at once */
};

/* ---- which ----------------------------------------------------------------------------------- */

static bool is_there(const struct all *all, str number)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_eq(all->one[i].number, number))
            return true;
    return false;
}

/* Each once. What was typed beside it comes along, also what is wrong. */
static void read_chosen(struct req *r, struct all *all)
{
    const struct node *numbers = in_ints(r, "orders");
    const struct item *typed = node_first(node_get(r->raw, S("tracking")));
    *all = (struct all){ .one = NEWS(r->c.mem, struct chosen, node_count(numbers) + 1) };
    EACH(item, numbers) {
        str tracking = typed ? str_trim(typed->node.as.text) : str_none;
        typed = typed ? typed->next : NULL;
        if (!is_there(all, item->node.as.text))
            all->one[all->n++] =
                (struct chosen){ .number = item->node.as.text, .tracking = tracking };
    }
    all->rest = all->n > MOST ? all->n - MOST : 0;
    all->n -= all->rest;
}

/* Only orders with a part of this organisation exist here. */
static int look(struct req *r, struct all *all)
{
    struct node *rows, *there[MOST];
    size_t n = 0;
    str *numbers = NEWS(r->c.mem, str, all->n + 1);
    for (size_t i = 0; i < all->n; i++)
        numbers[i] = all->one[i].number;
    TRY(q_orders_chosen(&r->c, &rows, r->c.scope.organisation, numbers, all->n));
    for (size_t i = 0; i < all->n; i++)
        EACH(item, rows)
            if (str_eq(node_str(&item->node, "number"), all->one[i].number))
                all->one[i].row = &item->node;
    EACH(item, rows)
        there[n++] = (struct node *)&item->node;
    return orders_flag_leaving(&r->c, there, n);
}

static bool is_sent(const struct chosen *one)
{
    str status = node_str(one->row, "part_status");
    return str_is(status, "shipped") || str_is(status, "delivered");
}

/* The same that moving it would say. */
static str refusal(struct ctx *c, const struct chosen *one)
{
    if (!one->row)
        return say(c, SAYS("There is no such order."));
    if (!node_bool(one->row, "is_paid") || node_bool(one->row, "is_leaving"))
        return say(
            c, SAYS("This order is not paid, or its money has gone back: it is not to be sent."));
    if (node_bool(one->row, "is_shelved"))
        return say(c,
            SAYS("The goods of this order went back on the shelf: it is not to be sent. "
                 "Please give its money back once more, or cancel it."));
    if (!node_bool(one->row, "has_address"))
        return say(c, SAYS("Nobody has said yet where this order is to be sent."));
    if (!str_is(node_str(one->row, "part_status"), "processing"))
        return say(c, SAYS("That is not the next step of this order."));
    return str_none;
}

/* ---- the page -------------------------------------------------------------------------------- */

static void set_or_null(struct ctx *c, struct node *map, const char *key, str text)
{
    if (text.n)
        node_set_str(c->mem, map, str_of(key), text);
    else
        node_set_null(c->mem, map, str_of(key));
}

static void add_row(struct ctx *c, const struct chosen *one, str wrong, struct node *list)
{
    struct node *row = node_add_map(c->mem, list);
    str refused = refusal(c, one);
    bool sent = is_sent(one);
    node_set_str(c->mem, row, S("number"), one->number);
    node_set_str(c->mem, row, S("name"), node_str(one->row, "name"));
    node_set_str(c->mem, row, S("city"), node_str(one->row, "city"));
    node_set_bool(c->mem, row, S("is_here"), one->row);
    node_set_bool(c->mem, row, S("is_sent"), sent);
    node_set_bool(c->mem, row, S("is_sent_now"), one->is_now);
    node_set_bool(c->mem, row, S("may_send"), !sent && !refused.n);
    node_set_bool(c->mem, row, S("is_disputed"), !sent && node_bool(one->row, "is_disputed"));
    node_set_str(c->mem, row, S("tracking"), one->tracking);
    set_or_null(c, row, "why", sent ? str_none : one->why.n ? one->why : refused);
    node_hide(node_set_str(c->mem, row, S("wrong"), wrong));
}

static void set_page(
    struct req *r, const struct all *all, const struct node *wrong, struct node **document)
{
    struct ctx *c = &r->c;
    *document = node_map(c->mem);
    struct node *list = node_set_list(c->mem, *document, S("orders"));
    i64 sent = 0, left = 0, shown = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct chosen *one = &all->one[i];
        struct node *text = node_get(wrong, str_fmt(c->mem, "tracking.%zu", i));
        add_row(c, one, text ? say(c, str_c(c->mem, text->as.text)) : str_none, list);
        sent += one->is_now;
        left += !is_sent(one) && !refusal(c, one).n;
        shown += one->row != NULL;
    }
    node_set_int(c->mem, *document, S("sent"), sent);
    node_set_int(c->mem, *document, S("left"), left);
    node_set_int(c->mem, *document, S("rest"), (i64)all->rest);
    node_hide(node_set_str(c->mem, *document, S("carrier"), node_str(r->raw, "carrier")));
    watch_taken(r, shown);
}

static int show(struct req *r)
{
    struct node *document;
    struct all all;
    TRY(as_staff(r));
    read_chosen(r, &all);
    TRY(look(r, &all));
    set_page(r, &all, NULL, &document);
    return reply_with(r, document);
}

/* ---- sending --------------------------------------------------------------------------------- */

static int check_tracking(struct req *r, const struct all *all)
{
    int err = in_fault(r);
    for (size_t i = 0; i < all->n; i++)
        if (str_characters(all->one[i].tracking) > LONGEST)
            err = fail_field(&r->c, str_c(r->c.mem, str_fmt(r->c.mem, "tracking.%zu", i)),
                "This is too long.");
    return err;
}

/* A transaction of its own, as when it is sent alone. What is wrong with this order is its own; a
 * database that is away is not. */
static int send_one(struct req *r, struct chosen *one)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    one->why = refusal(c, one);
    if (is_sent(one) || one->why.n)
        return E_OK;
    c->scope.order = node_int(one->row, "id");
    int err = orders_move(c, c->scope.order, before.organisation, S("shipped"),
        in_str(r, "carrier"), one->tracking, me(r));
    c->scope = before;
    one->is_now = !err;
    if (err_status((enum err)err) >= 500)
        return err;
    if (err)
        one->why = say(c, str_c(c->mem, c->fault.text));
    fault_clear(c);
    return E_OK;
}

/* Those that were sent before the database went are so on the page that is asked for again. */
static int send(struct req *r)
{
    struct node *document;
    struct all all;
    TRY(as_staff(r));
    read_chosen(r, &all);
    int err = check_tracking(r, &all);
    struct fault told = r->c.fault;
    fault_clear(&r->c);
    TRY(look(r, &all));
    for (size_t i = 0; !err && i < all.n; i++)
        TRY(send_one(r, &all.one[i]));
    if (!err)
        TRY(look(r, &all));
    set_page(r, &all, told.fields, &document);
    r->c.fault = told;
    return err ? again(r, err, document) : reply_with(r, document);
}

ROUTES(orders_ship){
    ROUTE(GET, "/admin/orders/ship", ORDERS_UPDATE, to_choose, show, "orders/admin_ship", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/admin/orders/ship", ORDERS_UPDATE, to_send, send, "orders/admin_ship", RATE_FORM,
        NOINDEX | FORM),
    END_OF_ROUTES,
};
