#include "t/shop.h"
#include "inventory/inventory.h"
#include "ops/ops.h"
#include "orders/orders.h"
#include "work/work.h"
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 9600 }; /* far above the generator's and t/io's */

/* The database, the provider and Redis live by the real time, and so does the shop here. */
static struct ctx as_house(void)
{
    static const struct arena *mem;
    t_open();
    if (mem != t_ctx()->mem)
        t_clock(when_now());
    mem = t_ctx()->mem;
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    c.fault = (struct fault){ 0 };
    return c;
}

static str text_of(const char *fmt, va_list args)
{
    struct buf out = buf_new(t_ctx()->mem, 1 << 20);
    buf_fmt_list(&out, fmt, args);
    return buf_str(&out);
}

void t_sql(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    if (pg_script(&c, sql))
        ck_abort_msg("%.*s: %.*s", STR(sql), STR(c.fault.detail));
}

/* A statement of its own each time: numbers are one to a query. */
static struct node *rows(struct ctx *c, str sql)
{
    static int number = NUMBERS;
    struct query *q = NEW(c->mem, struct query);
    struct node *list;
    q->name = str_fmt(c->mem, "t.shop.%d", number).p;
    q->sql = str_c(c->mem, sql);
    q->kind = Q_MANY;
    q->number = number++;
    if (pg_run(c, q, NULL, &list, NULL))
        ck_abort_msg("%.*s: %.*s", STR(sql), STR(c->fault.detail));
    return list;
}

struct node *t_rows(const char *sql)
{
    struct ctx c = as_house();
    return rows(&c, str_of(sql));
}

static const struct node *only(const struct node *list, const char *key)
{
    const struct item *first = node_first(list);
    if (!first)
        ck_abort_msg("no row");
    return node_get(&first->node, str_of(key));
}

i64 t_int(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    const struct node *n = only(rows(&c, sql), "n");
    return n->kind == N_BOOL ? n->as.yes : n->kind == N_INT ? n->as.number : 0;
}

str t_str(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    const struct node *s = only(rows(&c, sql), "s");
    return s->kind == N_STR ? s->as.text : str_none;
}

i64 t_int_as(struct scope scope, const char *sql)
{
    struct ctx c = as_house();
    c.scope = scope;
    return only(rows(&c, str_of(sql)), "n")->as.number;
}

void t_prove(void)
{
    struct ctx c = as_house();
    struct buf report = buf_new(c.mem, 64 << 10);
    i64 broken;
    if (ops_prove(&c, str_fmt(c.mem, "%.*s/sql/prove.sql", STR(c.app->share_dir)), &report,
            &broken))
        ck_abort_msg("sql/prove.sql: %.*s", STR(c.fault.detail));
    str rest = buf_str(&report), line;
    while (broken && str_cut(&rest, '\n', &line))
        if (str_starts(line, S("BROKEN")))
            ck_abort_msg("what must always hold does not: %.*s\n%.*s", STR(line),
                STR(str_upto(rest, 400)));
}

int t_drain(void)
{
    struct ctx c = as_house();
    int n = 0, ran;
    do {
        t_sql("update work.job set run_at = now() where state = 'ready'");
        n += ran = work_drain(&c, 100);
    } while (ran && n < 300);
    return n;
}

/* ---- buying ------------------------------------------------------------------------------ */

void t_stock(const char *sku, i64 on_hand)
{
    struct ctx c = as_house();
    static int n;
    i64 item = t_int("select item_id as n from catalog.variant where sku = '%s'", sku);
    if (inventory_set(&c, 1, item, on_hand, S("corrected"),
            str_fmt(c.mem, "t:%d:%" PRId64, n++, when_now())))
        ck_abort_msg("stock of %s: %.*s", sku, STR(c.fault.text));
}

void t_post_f(const char *path, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    str form = text_of(fmt, args);
    va_end(args);
    t_post(path, str_c(t_ctx()->mem, form));
}

void t_put(const char *sku, i64 quantity)
{
    t_open();
    t_post_f("/cart/lines", "sku=%s&quantity=%" PRId64, sku, quantity);
    if (t_last_status() != 303)
        ck_abort_msg("%s into the cart: %d\n%.*s", sku, t_last_status(), STR(t_body()));
}

void t_to_pay(void)
{
    t_post("/checkout", "email=buyer%40example.test&name=Somsri&phone=0812345678&line1=1+Road"
                        "&city=Bangkok&postcode=10110&country=TH");
    if (t_last_status() != 303)
        ck_abort_msg("address: %d\n%.*s", t_last_status(), STR(t_body()));
    t_post("/checkout/delivery", "method=standard");
    if (t_last_status() != 303)
        ck_abort_msg("delivery: %d\n%.*s", t_last_status(), STR(t_body()));
    t_get("/checkout/pay.json");
}

i64 t_order(void)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_to_pay();
    i64 revision = node_int(node_path(t_document(), S("checkout.cart")), "revision");
    i64 total = node_int(node_path(t_document(), S("checkout.totals")), "total");
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64, revision, total);
    if (t_last_status() != 303)
        ck_abort_msg("placing: %d\n%.*s", t_last_status(), STR(t_body()));
    return t_int("select max(id) as n from orders.\"order\"");
}

str t_number(i64 order)
{
    return t_str("select number as s from orders.\"order\" where id = %" PRId64, order);
}

str t_key(i64 order)
{
    struct ctx c = as_house();
    str link = orders_link(&c, t_number(order));
    return str_from(link, (size_t)str_find(link, S("?")));
}
