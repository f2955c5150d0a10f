/* Ordering for other software: POST /api/orders. The shop's prices count; what a client sends of
 * its own is not even read. */
#include "auth/auth.h"
#include "cart/cart.h"
#include "checkout/checkout_in.h"
#include "io/io.h"
#include "orders/orders.h"
#include "web/web.h"
#include <time.h>

#define NAP_NS (25 * 1000 * 1000)
#define NAPS   200 /* 5 s */

static const struct input an_item[] = {
    { "sku", LINE, 1, 80, .required = true },
    { "product", LINE, 0, 120 },
    { "quantity", INT, 1, CART_MOST_OF_ONE, .required = true },
    { 0 },
};
static const struct input an_address[] = {
    { "name", LINE, 1, 120 },
    { "phone", LINE, 5, 30 },
    ORDERS_ADDRESS,
    { 0 },
};
static const struct input an_order[] = {
    { "idempotency_key", WORD, 1, 255, .required = true, .header = "idempotency-key" },
    { "items", LIST, 1, MOST_ITEMS, .required = true, .of = an_item },
    { "payment_method", CHOICE, .required = true, .choices = "stripe|card" },
    { "currency", WORD, 3, 3 },
    { "lang", CHOICE, .choices = "en|th|vi" },
    { "delivery_method", WORD, 1, 40 },
    { "address", GROUP, .of = an_address },
    { 0 },
};

/* The shop's own currency unless another is asked for: a cookie is no part of an API. */
static int choose_currency(struct req *r)
{
    str wanted =
        in_has(r, "currency") ? str_upper(r->c.mem, in_str(r, "currency")) : r->c.app->currency;
    return app_sells_in(r->c.app, wanted, &r->c.currency)
        ? E_OK
        : fail_field(&r->c, "currency", "We do not sell in that currency.");
}

struct ordering {
    struct req *r;
    struct orders_ask ask;
    struct orders_answer answer;
    str lang;
};

/* The key and the order in one transaction: two that come at once are one after the other, and
 * what fails leaves the key as if it had never been used. */
static int order_once(struct ctx *c, void *with)
{
    struct ordering *o = with;
    struct req *r = o->r;
    struct wish wish = { .person = me(r),
        .email = r->who.email,
        .name = r->who.name,
        .delivery_method = in_str(r, "delivery_method"),
        .items = in_node(r, "items"),
        .address = in_node(r, "address") };
    TRY(orders_ask(c, &o->ask, &o->answer));
    if (!o->answer.is_first)
        return E_OK;
    TRY(checkout_buy(c, &wish, &o->answer.order));
    return orders_ask_is_of(c, &o->ask, o->answer.order);
}

/* Somebody else is at the same order just now: their answer is ours. If they do not come back with
 * one, we go on where they stopped. */
static int wait_for_answer(struct ctx *c, struct ordering *o)
{
    for (int i = 0; i < NAPS && !o->answer.text.n && o->answer.is_young; i++) {
        nanosleep(&(struct timespec){ 0, NAP_NS }, NULL);
        TRY(orders_ask_again(c, &o->ask, &o->answer));
    }
    return E_OK;
}

/* Its order was made, and is over: that is the answer. */
static int keep_refusal(struct ctx *c, struct ordering *o, int err)
{
    struct fault told = c->fault;
    o->answer.status = err_status((enum err)err);
    o->answer.text = error_body(o->r, err);
    fault_clear(c);
    TRY(orders_keep_answer(c, &o->ask, &o->answer));
    c->fault = told; /* for the log */
    return E_OK;
}

/* Opens the payment, which the same order finds again, and keeps the answer. */
static int answer(struct ctx *c, struct ordering *o)
{
    struct node *document = node_map(c->mem), *order, *payment;
    struct buf json = buf_new(c->mem, 64 << 10);
    str id, secret;
    c->scope.order = o->answer.order;
    int err = orders_pay_intent(c, o->answer.order, &id, &secret);
    if (err)
        return str_is(c->fault.key, ORDERS_SUM) ? keep_refusal(c, o, err) : err;
    TRY(orders_in_short(c, o->answer.order, &order));
    node_set(c->mem, document, S("order"), order);
    payment = node_set_map(c->mem, document, S("payment"));
    node_set_str(c->mem, payment, S("client_secret"), secret);
    node_set_str(c->mem, payment, S("payment_id"), id);
    json_write(&json, document);
    o->answer.status = 201;
    o->answer.text = buf_str(&json);
    return orders_keep_answer(c, &o->ask, &o->answer);
}

static int place(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *person;
    struct ordering o = { .r = r };
    TRY(choose_currency(r));
    TRY(auth_person(c, me(r), &person));
    c->lang = in_has(r, "lang") ? in_str(r, "lang") : node_str(person, "lang");
    o.ask = (struct orders_ask){ me(r), in_str(r, "idempotency_key"),
        str_fmt(c->mem, "order %.*s%.*s", STR(r->body), STR(query_after(r))) };
    TRY(pg_tx(c, order_once, &o));
    if (!o.answer.is_first)
        TRY(wait_for_answer(c, &o));
    if (!o.answer.text.n)
        TRY(answer(c, &o));
    return reply_raw(r, o.answer.status, S("application/json; charset=utf-8"), o.answer.text);
}

ROUTES(checkout_api){
    ROUTE(POST, "/api/orders", ORDERS_CREATE, an_order, place, "checkout/api_order", RATE_ORDER,
        SLOW | BARE | NOINDEX | CREATES),
    END_OF_ROUTES,
};
