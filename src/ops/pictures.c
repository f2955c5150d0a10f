/* Pictures that nothing shows any more: replaced, of products that are gone, uploaded and never
 * used. Once a day all are looked through; what was loose for a week goes, row and files. What was
 * bought keeps its picture. */
#include "gen/queries.h"
#include "media/media.h"
#include "ops/ops_in.h"
#include "web/web.h"
#include "work/work.h"

enum { PAGE = 500, MOST = 200, ROUNDS = 25 }; /* the rest goes the next day */
#define LOOSE (7 * DAY) /* pages that are open or kept still name it, and staff may want it back */

/* Of these, which are loose from now on, and which no more. */
static int look_at(struct ctx *c, const struct node *rows)
{
    size_t n[2] = { 0 };
    i64 *ids[2] = { NEWS(c->mem, i64, PAGE), NEWS(c->mem, i64, PAGE) };
    EACH(it, rows) {
        bool is_shown = node_bool(&it->node, "is_shown");
        if (is_shown == node_bool(&it->node, "is_loose"))
            ids[is_shown][n[is_shown]++] = node_int(&it->node, "id");
    }
    if (n[0])
        TRY(q_media_loosen(c, NULL, ids[0], n[0], &c->now));
    return n[1] ? q_media_loosen(c, NULL, ids[1], n[1], NULL) : E_OK;
}

static int look_at_all(struct ctx *c)
{
    size_t seen = PAGE;
    for (i64 after = 0; seen == PAGE;) {
        struct mark mark = arena_mark(c->mem);
        struct node *rows;
        TRY(q_ops_pictures(c, &rows, after, PAGE));
        TRY(look_at(c, rows));
        seen = node_count(rows);
        EACH(it, rows)
            after = node_int(&it->node, "id");
        arena_rewind(c->mem, mark);
    }
    return E_OK;
}

/* Not while a backup copies them, which may have seen them in use. */
static int drop_some(struct ctx *c, void *dropped)
{
    struct node *row, *rows;
    size_t *n = dropped;
    i64 ids[MOST];
    *n = 0;
    TRY(q_ops_may_drop_pictures(c, &row));
    if (!node_bool(row, "yes"))
        return E_OK;
    TRY(q_ops_loose_pictures(c, &rows, c->now - LOOSE, MOST));
    EACH(it, rows)
        ids[(*n)++] = node_int(&it->node, "id");
    return *n ? media_drop(c, ids, *n) : E_OK;
}

/* What another user has left cannot be taken away: to be told, and no reason to leave the rest. */
static void sweep(struct ctx *c)
{
    if (!media_sweep(c))
        return;
    log_line(c, LOG_WARN, "pictures_left", "detail", c->fault.detail, NULL);
    fault_clear(c);
}

int pictures_drop(struct ctx *c, const struct job *job)
{
    size_t n = MOST, all = 0;
    (void)job;
    sweep(c);
    TRY(look_at_all(c));
    for (int i = 0; i < ROUNDS && n == MOST; i++) {
        struct mark mark = arena_mark(c->mem);
        TRY(pg_tx(c, drop_some, &n));
        arena_rewind(c->mem, mark);
        all += n;
    }
    if (all)
        log_line(c, LOG_INFO, "pictures_dropped", "pictures", str_fmt(c->mem, "%zu", all), NULL);
    return E_OK;
}
