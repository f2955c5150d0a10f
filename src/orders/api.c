/* Orders for other software: the same orders, the same rules, by bearer token or cookie. An order
 * that is not one's own, nor one's shop's, does not exist. */
#include "orders/orders_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "watch/watch.h"
#include "web/web.h"

static const struct input a_page[] = {
    { "before", WORD, 0, 40 },
    { "status", CHOICE, .choices = "pending|processing|shipped|delivered|cancelled" },
    { 0 },
};
static const struct input one_order[] = { { "id", WORD, 1, 200, .required = true }, { 0 } };
static const struct input a_status[] = {
    { "id", WORD, 1, 200, .required = true },
    { "order_status", CHOICE, .required = true,
        .choices = "processing|shipped|delivered|cancelled" },
    { "carrier", LINE, 0, 60 },
    { "tracking", LINE, 0, 60 },
    { 0 },
};
static const struct input a_refund[] = {
    { "id", WORD, 1, 200, .required = true },
    { "idempotency_key", WORD, 1, 255, .required = true, .header = "idempotency-key" },
    { "amount", INT, 1, INT64_MAX },
    { "back_on_shelf", BOOL },
    { 0 },
};
static const struct input an_address[] = {
    { "id", WORD, 1, 200, .required = true },
    { "name", LINE, 1, 120, .required = true },
    { "phone", LINE, 5, 30 },
    ORDERS_ADDRESS,
    { 0 },
};

/* ---- whose ------------------------------------------------------------------------------------
 */

struct found {
    i64 order, organisation; /* organisation: whose part is seen and moved; 0: all of it */
    bool is_mine, is_staffs;
};

static int missing(struct req *r)
{
    return fail(&r->c, E_MISSING, "orders.missing", "There is no such order.");
}

/* These rows are open to shoppers too, so the gate has not asked staff for their second factor. */
static bool is_staff_now(const struct req *r) { return r->who.key || !r->who.lacks_factor; }

/* Who may only move an order, or only give money back, is shown it by the answer, and is told what
 * they lack; not that there is no such order, which there is. */
static int may_not_read(struct req *r)
{
    const char *need = permission_name(ORDERS_READ_ALL);
    r->required = str_of(need);
    return fail_detail(&r->c, E_DENIED, "permission", "needs %s", need);
}

static int find(struct req *r, struct found *f)
{
    struct ctx *c = &r->c;
    struct node *part = NULL;
    i64 person;
    *f = (struct found){ 0 };
    TRY(orders_by_number(c, in_str(r, "id"), &f->order, &person));
    if (!f->order)
        return missing(r);
    f->is_mine = me(r) && !r->who.key && person == me(r);
    if (r->who.organisation && is_staff_now(r)) {
        c->scope.organisation = r->who.organisation;
        TRY(q_orders_has_part(c, &part, f->order, r->who.organisation));
        if (part && !may(&r->who, ORDERS_READ_ALL)) {
            if (!f->is_mine)
                return may_not_read(r);
            r->required = str_of(permission_name(ORDERS_READ_ALL)); /* for what only staff do */
            part = NULL;
        }
        f->organisation = part ? r->who.organisation : 0;
    }
    f->is_staffs = part || (r->who.role >= ADMIN && is_staff_now(r));
    if (!part)
        c->scope.organisation = 0;
    if (!f->is_mine && !f->is_staffs)
        return missing(r);
    c->scope.order = f->order;
    return E_OK;
}

/* What only staff do: the buyer, who sees the order, is told so; to others it does not exist. */
static int find_as_staff(struct req *r, struct found *f)
{
    TRY(find(r, f));
    return f->is_staffs ? E_OK : fail_detail(&r->c, E_DENIED, "permission", "the buyer's own");
}

/* ---- what it looks like -------------------------------------------------------------------------
 */

static void take(
    struct ctx *c, struct node *to, const char *name, const struct node *from, const char *column)
{
    struct node *value = node_get(from, str_of(column));
    if (value)
        node_set(c->mem, to, str_of(name), value);
    else
        node_set_null(c->mem, to, str_of(name));
}

struct taken {
    const char *name, *column;
};

static void take_all(
    struct ctx *c, struct node *to, const struct node *from, const struct taken *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        take(c, to, list[i].name, from, list[i].column);
}

static const struct taken in_short[] = { { "id", "number" }, { "total_amount", "total" },
    { "currency", "currency" }, { "payment_status", "payment_status" },
    { "order_status", "status" } };
static const struct taken in_long[] = { { "goods_amount", "goods_total" },
    { "delivery_amount", "delivery_total" }, { "tax_amount", "tax_total" },
    { "tax_inclusive", "tax_inclusive" }, { "refunded_amount", "refunded_total" },
    { "email", "email" }, { "name", "name" }, { "phone", "phone" }, { "address", "address" },
    { "delivery_method", "delivery_method" }, { "delivery_name", "delivery_name" },
    { "placed_at", "placed_at" }, { "paid_at", "paid_at" }, { "updated_at", "updated_at" } };
static const struct taken of_item[] = { { "sku", "sku" }, { "name", "name" },
    { "options", "options" }, { "quantity", "quantity" }, { "unit_amount", "unit_price" },
    { "total_amount", "line_total" }, { "tax_amount", "tax" } };
static const struct taken of_part[] = { { "seller", "organisation" }, { "status", "status" },
    { "carrier", "carrier" }, { "tracking", "tracking" }, { "shipped_at", "shipped_at" } };

static const struct taken of_share[] = { { "status", "status" }, { "goods_amount", "goods_total" },
    { "tax_amount", "tax_total" } };
static const struct taken of_own[] = { { "status", "part_status" },
    { "goods_amount", "part_goods" }, { "tax_amount", "part_tax" } };

/* The share of who sells, so that nobody books what is another's. */
static void take_share(
    struct ctx *c, struct node *to, const struct node *from, const struct taken *columns)
{
    if (from)
        take_all(c, node_set_map(c->mem, to, S("part")), from, columns, COUNT(of_share));
    else
        node_set_null(c->mem, to, S("part"));
}

static const struct node *share_of(const struct node *parts, i64 organisation)
{
    EACH(item, parts)
        if (organisation && node_int(&item->node, "organisation_id") == organisation)
            return &item->node;
    return NULL;
}

/* Of each what may be seen: all, or one organisation's. */
static void take_list(struct ctx *c, struct node *to, const char *name, const struct node *rows,
    const struct found *f, const struct taken *list, size_t n)
{
    struct node *out = node_set_list(c->mem, to, str_of(name));
    EACH(item, rows)
        if (f->is_mine || !f->organisation ||
            node_int(&item->node, "organisation_id") == f->organisation)
            take_all(c, node_add_map(c->mem, out), &item->node, list, n);
}

int orders_in_short(struct ctx *c, i64 order, struct node **out)
{
    struct node *row;
    TRY(q_orders_read(c, &row, order, c->lang));
    *out = node_map(c->mem);
    take_all(c, *out, row, in_short, COUNT(in_short));
    return E_OK;
}

static int whole(struct req *r, const struct found *f, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *row, *lines, *parts, *order;
    *document = node_map(c->mem);
    pg_batch(c);
    q_orders_read(c, &row, f->order, c->lang);
    q_orders_lines(c, &lines, f->order);
    q_orders_parts(c, &parts, f->order);
    TRY(pg_flush(c));
    TRY(orders_unseal(c, row));
    order = node_set_map(c->mem, *document, S("order"));
    take_all(c, order, row, in_short, COUNT(in_short));
    take_share(c, order, share_of(parts, f->organisation), of_share);
    take_list(c, order, "items", lines, f, of_item, COUNT(of_item));
    take_list(c, order, "shipments", parts, f, of_part, COUNT(of_part));
    take_all(c, order, row, in_long, COUNT(in_long));
    return E_OK;
}

static int answer(struct req *r, const struct found *f)
{
    struct node *document;
    TRY(whole(r, f, &document));
    if (!f->is_mine)
        watch_seen(r, f->order);
    return reply_with(r, document);
}

static int show(struct req *r)
{
    struct found f;
    TRY(find(r, &f));
    return answer(r, &f);
}

/* ---- all of them: one's own; for a program that says for whom it asks, that organisation's ------ */

static bool is_for_a_desk(struct req *r)
{
    return r->who.key || (r->is_bearer && in_header(r, "x-organisation").n);
}

/* As the rows for staff alone answer: never with one's own orders, which look just like these. */
static int to_desk(struct req *r)
{
    r->required = str_of(permission_name(ORDERS_READ_ALL));
    if (!may(&r->who, ORDERS_READ_ALL))
        return may_not_read(r);
    return is_staff_now(r) ? as_staff(r) : fail_factor_due(r);
}

static int rows_of(struct req *r, i64 before, struct node **rows)
{
    if (!is_for_a_desk(r))
        return q_orders_of_person(&r->c, rows, me(r), before, in_str(r, "status"));
    TRY(to_desk(r));
    return q_orders_for_program(
        &r->c, rows, r->c.scope.organisation, before, in_str(r, "status"));
}

static int list(struct req *r)
{
    static const struct taken more = { "placed_at", "placed_at" };
    struct ctx *c = &r->c;
    struct node *rows, *orders, *document = node_map(c->mem);
    str status = in_str(r, "status");
    i64 before = INT64_MAX, last = 0, n = 0, most = is_for_a_desk(r) ? 50 : 20;
    if (in_has(r, "before") &&
        !crypto_unopaque(c->app->secret, "order", in_str(r, "before"), &before))
        return fail(c, E_MISSING, "orders.page", "There is no such page.");
    TRY(rows_of(r, before, &rows));
    orders = node_set_list(c->mem, document, S("orders"));
    EACH(item, rows) {
        if (n++ == most)
            break;
        struct node *one = node_add_map(c->mem, orders);
        take_all(c, one, &item->node, in_short, COUNT(in_short));
        take_share(c, one, is_for_a_desk(r) ? &item->node : NULL, of_own);
        take_all(c, one, &item->node, &more, 1);
        last = node_int(&item->node, "id");
    }
    if (n > most)
        node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"),
            str_fmt(c->mem, "/api/orders?%s%.*s%sbefore=%.*s", status.n ? "status=" : "", STR(status),
                status.n ? "&" : "", STR(crypto_opaque(c->mem, c->app->secret, "order", last))));
    else
        node_set_null(c->mem, document, S("next"));
    return reply_with(r, document);
}

/* ---- its life ---------------------------------------------------------------------------------
 */

static int cancel(struct req *r, const struct found *f)
{
    struct node *row;
    TRY(q_orders_read(&r->c, &row, f->order, r->c.lang));
    TRY(orders_may_end(r, f->order, !str_is(node_str(row, "payment_status"), "pending")));
    return orders_cancel(&r->c, f->order, me(r), "staff");
}

/* The same status again is no step, and no mistake either; its parcel's number may come late. */
static int stay(struct req *r, const struct found *f)
{
    bool is_found = in_has(r, "carrier") || in_has(r, "tracking");
    str at = in_str(r, "order_status");
    if (is_found && (str_is(at, "shipped") || str_is(at, "delivered")))
        TRY(orders_track(
            &r->c, f->order, f->organisation, in_str(r, "carrier"), in_str(r, "tracking"), me(r)));
    return answer(r, f);
}

static int move(struct req *r)
{
    struct found f;
    struct node *already;
    str to = in_str(r, "order_status");
    TRY(find_as_staff(r, &f));
    TRY(q_orders_is_part_at(&r->c, &already, f.order, f.organisation ? &f.organisation : NULL, to));
    if (already)
        return stay(r, &f);
    if (str_is(to, "processing"))
        return fail(&r->c, E_CONFLICT, "orders.step",
            "An order is being processed from when its payment has arrived.");
    if (str_is(to, "cancelled"))
        TRY(cancel(r, &f));
    else
        TRY(orders_move(&r->c, f.order, f.organisation, to, in_str(r, "carrier"),
            in_str(r, "tracking"), me(r)));
    return answer(r, &f);
}

static int give_address(struct req *r)
{
    static const char *const fields[] = { "line1", "line2", "city", "region", "postcode",
        "country" };
    struct node *address = node_map(r->c.mem);
    struct found f;
    TRY(find(r, &f));
    if (!f.is_mine && !may(&r->who, ORDERS_UPDATE))
        return missing(r);
    if (!f.is_mine) /* or one seller has the others' goods sent elsewhere */
        TRY(orders_may_end(r, f.order, false));
    for (size_t i = 0; i < COUNT(fields); i++)
        node_set_str(r->c.mem, address, str_of(fields[i]), in_str(r, fields[i]));
    node_set_str(r->c.mem, address, S("country"), str_upper(r->c.mem, in_str(r, "country")));
    TRY(orders_give_address(&r->c, f.order, me(r), f.is_mine ? "buyer" : "staff", in_str(r, "name"),
        in_str(r, "phone"), address));
    return answer(r, &f);
}

/* ---- money back ---------------------------------------------------------------------------------
 */

struct giving {
    struct req *r;
    const struct found *f;
    struct orders_answer answer;
};

/* In one transaction: the key, the refund, the answer. */
static int give(struct ctx *c, void *with)
{
    struct giving *g = with;
    struct req *r = g->r;
    struct orders_ask ask = { me(r), in_str(r, "idempotency_key"),
        str_fmt(c->mem, "refund %.*s %.*s%.*s", STR(in_str(r, "id")), STR(r->body),
            STR(query_after(r))) };
    struct orders_refund what = {
        .amount = in_int(r, "amount"), .key = ask.key, .back_on_shelf = in_bool(r, "back_on_shelf")
    };
    struct node *document;
    struct buf json = buf_new(c->mem, 1 << 20);
    TRY(orders_ask(c, &ask, &g->answer));
    if (!g->answer.is_first)
        return E_OK;
    TRY(orders_ask_is_of(c, &ask, g->f->order)); /* it goes with the buyer's data */
    TRY(orders_refund(c, g->f->order, me(r), &what));
    TRY(whole(r, g->f, &document));
    struct node *refund = node_set_map(c->mem, document, S("refund"));
    node_set_int(c->mem, refund, S("amount"), what.amount);
    take(c, refund, "currency", node_get(document, S("order")), "currency");
    node_set_str(c->mem, refund, S("status"), S("pending")); /* until the provider says so */
    json_write(&json, document);
    g->answer.status = 201;
    g->answer.text = buf_str(&json);
    return orders_keep_answer(c, &ask, &g->answer);
}

static int refund(struct req *r)
{
    struct found f;
    TRY(find_as_staff(r, &f));
    TRY(orders_may_end(r, f.order, true));
    struct giving g = { .r = r, .f = &f };
    TRY(pg_tx(&r->c, give, &g));
    return reply_raw(r, g.answer.status, S("application/json; charset=utf-8"), g.answer.text);
}

ROUTES(orders_api){
    ROUTE(GET, "/api/orders", ORDERS_READ, a_page, list, "orders/api_orders", RATE_PAGE,
        BARE | NOINDEX),
    ROUTE(GET, "/api/orders/{id}", ORDERS_READ, one_order, show, "orders/api_order", RATE_PAGE,
        BARE | NOINDEX),
    ROUTE(PUT | PATCH, "/api/orders/{id}/status", ORDERS_UPDATE, a_status, move, "orders/api_order",
        RATE_FORM, SLOW | BARE | NOINDEX, .also = ORDERS_READ_ALL),
    ROUTE(PUT, "/api/orders/{id}/address", SHOPPER, an_address, give_address, "orders/api_order",
        RATE_FORM, BARE | NOINDEX),
    ROUTE(POST, "/api/orders/{id}/refunds", ORDERS_REFUND, a_refund, refund, "orders/api_refund",
        RATE_FORM, BARE | NOINDEX | CREATES, .also = ORDERS_READ_ALL),
    END_OF_ROUTES,
};
