#include "t/shop.h"
#include "ops/ops.h"
#include "work/work.h"
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 9600 }; /* far above the generator's and t/io's */

static struct ctx as_house(void)
{
    t_open();
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
    if (broken)
        ck_abort_msg("what must always hold does not:\n%.*s", STR(buf_str(&report)));
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
