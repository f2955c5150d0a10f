/* pg_tx: transactions, nested by savepoints. A level is a number until a statement needs it: the
 * server hears of it along with that statement (send_levels in pg.c), or never. */
#include <stdio.h>
#include <time.h>
#include "io/pg_in.h"

int pg_begin(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (pg->batching && !pg->batch_err)
        pg->batch_err = pg_drain(c);
    if (pg->depth == LEVELS)
        return fail_detail(c, E_INTERNAL, "pg.depth", "transactions nested too deeply");
    pg->depth++;
    return E_OK;
}

static int undo(struct ctx *c, int level)
{
    char sql[40];
    if (!level)
        return pg_control(c, "rollback");
    snprintf(sql, sizeof sql, "rollback to savepoint s%d", level);
    TRY(pg_send_control(c, sql));
    snprintf(sql, sizeof sql, "release savepoint s%d", level);
    return pg_control(c, sql);
}

static int send_commit(struct ctx *c, int level)
{
    char sql[40];
    snprintf(sql, sizeof sql, "release savepoint s%d", level);
    return pg_send_control(c, level ? sql : "commit");
}

/* Rolls back; the fault that led here stays the one to tell. */
static void take_back(struct ctx *c, int level)
{
    struct told told = pg_told(c);
    if (undo(c, level) && c->pg->conn)
        pg_drop(c->pg);
    pg_tell(c, &told);
}

int pg_end(struct ctx *c, int err)
{
    struct pg *pg = c->pg;
    assert(pg->depth > 0);
    int level = pg->depth - 1;
    /* What was left for the end goes out with the commit; where it fails, the server passes over
     * the commit. */
    bool rides = pg->n_sent && !err && pg->opened > level;
    if (rides)
        err = send_commit(c, level);
    if (pg->n_sent) {
        int late = pg_drain(c);
        err = err ? err : late;
    }
    pg->depth = level;
    if (pg->lost) {
        pg->lost = level > 0;
        return err ? err : pg_away(c, "the connection was lost before commit");
    }
    if (pg->opened <= level)
        return err; /* the server never heard of this level */
    pg->opened = level;
    /* COMMIT after a statement has failed answers ROLLBACK, without an error. */
    if (!err && !rides && PQtransactionStatus(pg->conn) == PQTRANS_INERROR)
        err = fail_detail(c, E_INTERNAL, "pg.spoiled",
            "commit asked for after a statement of the transaction had failed");
    if (!err && !rides) {
        err = send_commit(c, level);
        err = err ? err : pg_drain(c);
    } else if (err) {
        take_back(c, level);
        pg->is_scoped = false;
    }
    if (level)
        return err;
    if (pg_is_stale(pg) && pg->conn)
        pg_drop(pg);
    pg->lost = false;
    return err;
}

void pg_step_aside(int tries)
{
    unsigned char r;
    crypto_random(&r, 1);
    i64 us = (1000 << (2 * tries)) + r * (16 << (2 * tries));
    nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

int pg_tx(struct ctx *c, int (*work)(struct ctx *, void *), void *with)
{
    struct pg *pg = c->pg;
    for (int tries = 0;; tries++) {
        TRY(pg_begin(c));
        pg->state[0] = 0;
        int err = pg_end(c, work(c, with));
        if (!err || tries == CLASHES || pg->depth || !pg_is_again(pg))
            return err;
        fault_clear(c);
        pg_step_aside(tries);
    }
}

int pg_tx_platform(struct ctx *c, int (*work)(struct ctx *, void *), void *with)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = pg_tx(c, work, with);
    c->scope = before;
    return err;
}

bool pg_in_tx(const struct ctx *c) { return c->pg->depth > 0; }

int pg_shelter(struct ctx *c)
{
    c->pg->sheltered = true;
    return pg_begin(c);
}

void pg_unshelter(struct ctx *c)
{
    struct pg *pg = c->pg;
    pg->batching = false;
    while (pg->depth)
        pg_end(c, E_INTERNAL);
    pg->sheltered = false;
    fault_clear(c);
}
