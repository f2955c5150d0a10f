/* The proof of the books: named queries that must find nothing. */
#include "io/io.h"
#include "ops/ops.h"

#define MOST_SQL  ((size_t)1 << 20)
#define MOST_SAID 20   /* rows of one query worth printing */
#define NUMBERS   9000 /* far above the generated queries' */

/* The next "-- name: ..." block of the file; false when there is none left. */
static bool next_block(str *rest, str *name, str *sql)
{
    i64 at = str_find(*rest, S("-- name: "));
    if (at < 0)
        return false;
    *rest = str_from(*rest, (size_t)at + 9);
    str_cut(rest, '\n', name);
    *name = str_trim(*name);
    at = str_find(*rest, S("-- name: "));
    *sql = at < 0 ? *rest : str_upto(*rest, (size_t)at);
    return true;
}

static int run(struct ctx *c, str name, str sql, int number, struct node **rows)
{
    struct query *q = NEW(c->mem, struct query);
    sql = str_trim(sql);
    if (str_ends(sql, S(";")))
        sql = str_upto(sql, sql.n - 1);
    q->name = str_fmt(c->mem, "prove.%.*s", STR(name)).p;
    q->sql = str_c(c->mem, sql);
    q->kind = Q_MANY;
    q->number = NUMBERS + number;
    return pg_run(c, q, NULL, rows, NULL);
}

int ops_prove(struct ctx *c, str path, struct buf *report, i64 *broken)
{
    bool ok;
    str rest = file_read(c->mem, str_c(c->mem, path), MOST_SQL, &ok), name, sql;
    if (!ok)
        return fail_detail(c, E_INTERNAL, "ops.prove", "cannot read %.*s", STR(path));
    *broken = 0;
    for (int number = 0; next_block(&rest, &name, &sql); number++) {
        struct node *rows;
        i64 said = 0;
        TRY(run(c, name, sql, number, &rows));
        buf_fmt(report, "%s %.*s\n", node_count(rows) ? "BROKEN" : "holds ", STR(name));
        *broken += node_count(rows) != 0;
        EACH(item, rows)
            if (said++ < MOST_SAID)
                buf_fmt(report, "    %.*s\n", STR(node_str(&item->node, "what")));
    }
    return E_OK;
}
