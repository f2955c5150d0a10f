/* pg: statements. They go out through one pipeline and their results come back as nodes; what a
 * statement needs before it (a level of the transaction, for whom it runs, its preparation) goes
 * ahead of it on the same trip. */
#include <stdio.h>
#include <stdlib.h>
#include "io/pg_in.h"

#define SCOPE_STMT "talat.scope"

struct column {
    str key;
    unsigned oid;
};

/* A command on its way, in the order its results come back. */
struct sent {
    enum { CONTROL, PREPARE, SCOPE, QUERY } what;
    const struct query *query; /* QUERY, PREPARE (NULL: the scope's) */
    struct node **out;
    i64 *changed;
};

/* ---- rows become nodes -------------------------------------------------------------------- */

static struct stmt *stmt_of(struct pg *pg, const struct query *q)
{
    if (!q)
        return &pg->scope_stmt;
    size_t at = (size_t)q->number;
    if (at >= pg->n_stmts) {
        size_t n = at + 64;
        struct stmt *grown = realloc(pg->stmts, n * sizeof *grown);
        if (!grown)
            abort();
        memset(grown + pg->n_stmts, 0, (n - pg->n_stmts) * sizeof *grown);
        pg->stmts = grown;
        pg->n_stmts = n;
    }
    struct stmt *s = &pg->stmts[at];
    assert(!s->name || !strcmp(s->name, q->name)); /* numbers are one to a query */
    s->name = q->name;
    return s;
}

/* Column names live as long as the connection's owner: documents point to them. */
static void learn_columns(struct pg *pg, struct stmt *s, const PGresult *res)
{
    int n = PQnfields(res);
    bool same = s->columns && s->n_columns == n;
    for (int i = 0; same && i < n; i++)
        same = s->columns[i].oid == PQftype(res, i) && str_is(s->columns[i].key, PQfname(res, i));
    if (same)
        return;
    s->columns = NEWS(pg->mem, struct column, n);
    s->n_columns = n;
    for (int i = 0; i < n; i++)
        s->columns[i] = (struct column){ .key = str_dup(pg->mem, str_of(PQfname(res, i))),
            .oid = PQftype(res, i) };
}

static bool read_row(
    struct ctx *c, const struct stmt *s, const PGresult *res, int row, struct node *map)
{
    struct item *items = arena_raw(c->mem, sizeof *items * (size_t)(s->n_columns + 1));
    *map = (struct node){ .kind = N_MAP };
    map->as.items.n = (size_t)s->n_columns;
    map->as.items.first = s->n_columns ? items : NULL;
    map->as.items.last = s->n_columns ? items + s->n_columns - 1 : NULL;
    for (int i = 0; i < s->n_columns; i++) {
        struct item *at = items + i;
        at->key = s->columns[i].key;
        at->next = i + 1 < s->n_columns ? at + 1 : NULL;
        if (PQgetisnull(res, row, i)) {
            at->node = (struct node){ .kind = N_NULL };
        } else if (!pg_value(c, s->columns[i].oid, PQgetvalue(res, row, i),
                       PQgetlength(res, row, i), &at->node)) {
            fail_detail(c, E_INTERNAL, "pg.type", "%s: column %.*s has type %u", s->name,
                STR(s->columns[i].key), s->columns[i].oid);
            return false;
        }
    }
    return true;
}

static int read_many(struct ctx *c, const struct stmt *s, const PGresult *res, struct node **out)
{
    int n = PQntuples(res);
    struct node *list = node_list(c->mem);
    struct item *items = n ? arena_raw(c->mem, sizeof *items * (size_t)n) : NULL;
    for (int row = 0; row < n; row++) {
        items[row].key = str_none;
        items[row].next = row + 1 < n ? items + row + 1 : NULL;
        if (!read_row(c, s, res, row, &items[row].node))
            return E_INTERNAL;
    }
    list->as.items.first = items;
    list->as.items.last = n ? items + n - 1 : NULL;
    list->as.items.n = (size_t)n;
    *out = list;
    return E_OK;
}

/* Takes the result over. */
static int read_result(struct ctx *c, const struct sent *sent, PGresult *res)
{
    struct stmt *s = stmt_of(c->pg, sent->query);
    if (sent->changed && !str_int(str_of(PQcmdTuples(res)), sent->changed))
        *sent->changed = 0;
    if (sent->query->kind == Q_EXEC || !sent->out) {
        PQclear(res);
        return E_OK;
    }
    arena_defer(c->mem, (void (*)(void *))PQclear, res);
    learn_columns(c->pg, s, res);
    if (sent->query->kind == Q_MANY)
        return read_many(c, s, res, sent->out);
    if (!PQntuples(res))
        return sent->query->kind == Q_MAYBE
            ? E_OK
            : fail_detail(c, E_MISSING, "pg.missing", "%s: no row", sent->query->name);
    struct node *map = arena_raw(c->mem, sizeof *map);
    if (!read_row(c, s, res, 0, map))
        return E_INTERNAL;
    *sent->out = map;
    return E_OK;
}

/* ---- sending ------------------------------------------------------------------------------ */

static void expect(struct pg *pg, struct sent sent)
{
    if (pg->n_sent == pg->room) {
        pg->room = pg->room ? 2 * pg->room : 32;
        pg->sent = realloc(pg->sent, pg->room * sizeof *pg->sent);
        if (!pg->sent)
            abort();
    }
    pg->sent[pg->n_sent++] = sent;
}

static int broken(struct ctx *c)
{
    const char *why = str_c(c->mem, str_trim(str_of(PQerrorMessage(c->pg->conn))));
    pg_drop(c->pg);
    return pg_away(c, why);
}

int pg_send_control(struct ctx *c, const char *sql)
{
    if (!PQsendQueryParams(c->pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1))
        return broken(c);
    expect(c->pg, (struct sent){ .what = CONTROL });
    return E_OK;
}

static int send_prepare(struct ctx *c, const struct query *q, const char *name, const char *sql,
    int n, const unsigned *types)
{
    struct stmt *s = stmt_of(c->pg, q);
    if (s->state != UNKNOWN)
        return E_OK;
    if (!PQsendPrepare(c->pg->conn, name, sql, n, types))
        return broken(c);
    s->state = SENT;
    expect(c->pg, (struct sent){ .what = PREPARE, .query = q });
    return E_OK;
}

static bool same_scope(const struct scope *a, const struct scope *b)
{
    return a->person == b->person && a->organisation == b->organisation && a->order == b->order &&
        a->cart == b->cart && a->platform == b->platform;
}

static bool says_scope(const struct pg *pg, const struct ctx *c)
{
    return pg->is_scoped && same_scope(&pg->scope, &c->scope) &&
        (c->source.n ? str_is(c->source, pg->source) : !pg->source[0]);
}

/* For whom a statement runs goes ahead of it, unless the server's settings say just that: they
 * hold beyond their transaction, so that a job of ten statements says it once. What a transaction
 * has set goes with it when it fails: after any failure the server is told anew. */
static int send_scope(struct ctx *c)
{
    static const char sql[] =
        "select set_config('app.person',$1,false), set_config('app.organisation',$2,false),"
        " set_config('app.order',$3,false), set_config('app.cart',$4,false),"
        " set_config('app.platform',$5,false), set_config('app.source',$6,false)";
    static const unsigned types[] = { OID_TEXT, OID_TEXT, OID_TEXT, OID_TEXT, OID_TEXT, OID_TEXT };
    struct pg *pg = c->pg;
    if (says_scope(pg, c))
        return E_OK;
    TRY(send_prepare(c, NULL, SCOPE_STMT, sql, COUNT(types), types));
    char text[4][24] = { "", "", "", "" };
    const i64 ids[] = { c->scope.person, c->scope.organisation, c->scope.order, c->scope.cart };
    for (int i = 0; i < 4; i++)
        if (ids[i])
            snprintf(text[i], sizeof text[i], "%" PRId64, ids[i]);
    const char *values[] = { text[0], text[1], text[2], text[3], c->scope.platform ? "on" : "",
        c->source.n ? str_c(c->mem, c->source) : "" };
    if (!PQsendQueryPrepared(pg->conn, SCOPE_STMT, COUNT(types), values, NULL, NULL, 1))
        return broken(c);
    expect(pg, (struct sent){ .what = SCOPE });
    pg->scope = c->scope;
    pg->is_scoped = c->source.n < sizeof pg->source;
    snprintf(pg->source, sizeof pg->source, "%s", values[5]);
    return E_OK;
}

/* BEGIN and SAVEPOINT ride along with the first statement of their level. */
static int send_levels(struct ctx *c)
{
    struct pg *pg = c->pg;
    char sql[32];
    while (pg->opened < pg->depth) {
        snprintf(sql, sizeof sql, "savepoint s%d", pg->opened);
        TRY(pg_send_control(c, pg->opened ? sql : "begin"));
        pg->opened++;
    }
    return E_OK;
}

/* Planning is the larger half of a small statement, so each is planned once; but one plan cannot
 * serve a list with and without its filters. Holds to the end of the transaction at most. */
static int send_planning(struct ctx *c, const struct query *q, bool before)
{
    if (!q->anew)
        return E_OK;
    return pg_send_control(c,
        before ? "select set_config('plan_cache_mode','force_custom_plan',true)"
               : "select set_config('plan_cache_mode','force_generic_plan',true)");
}

static int send_query(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    const char *values[64];
    int lengths[64], formats[64];
    assert(q->n_params <= 64);
    struct pg *pg = c->pg;
    TRY(pg_ready(c));
    if (!pg->n_sent)
        pg->untouched = !pg->opened;
    TRY(send_levels(c));
    TRY(send_scope(c));
    TRY(send_prepare(c, q, q->name, q->sql, q->n_params, q->types));
    TRY(send_planning(c, q, true));
    struct mark before = arena_mark(c->mem);
    for (int i = 0; i < q->n_params; i++) {
        pg_pack(c->mem, q->types[i], &in[i], &values[i], &lengths[i]);
        formats[i] = 1;
    }
    bool ok = PQsendQueryPrepared(pg->conn, q->name, q->n_params, values, lengths, formats, 1);
    arena_rewind(c->mem, before); /* libpq has its own copy */
    if (!ok)
        return broken(c);
    expect(pg, (struct sent){ .what = QUERY, .query = q, .out = out, .changed = changed });
    return send_planning(c, q, false);
}

/* ---- receiving ---------------------------------------------------------------------------- */

static int take(struct ctx *c, const struct sent *sent, PGresult *res)
{
    const char *name = sent->query ? sent->query->name
        : sent->what == CONTROL    ? "control"
                                   : "scope";
    switch (PQresultStatus(res)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        c->pg->untouched = false;
        if (sent->what == QUERY)
            return read_result(c, sent, res);
        if (sent->what == PREPARE)
            stmt_of(c->pg, sent->query)->state = READY;
        PQclear(res);
        return E_OK;
    case PGRES_PIPELINE_ABORTED: /* one before it failed and has said so */
        PQclear(res);
        return E_OK;
    default: break;
    }
    int err = pg_refused(c, res, name);
    PQclear(res);
    return err;
}

/* Once something has failed, later failures are its echoes: the first is the one to tell. */
static int take_first(struct ctx *c, const struct sent *sent, PGresult *res, int err)
{
    if (!err)
        return take(c, sent, res);
    struct told told = pg_told(c);
    take(c, sent, res);
    pg_tell(c, &told);
    return err;
}

/* What was not prepared because something before it failed will be sent again. */
static void forget_unprepared(struct pg *pg)
{
    for (size_t i = 0; i < pg->n_sent; i++)
        if (pg->sent[i].what == PREPARE && stmt_of(pg, pg->sent[i].query)->state == SENT)
            stmt_of(pg, pg->sent[i].query)->state = UNKNOWN;
}

/* Ends the pipeline and reads all of it; the first error wins. Whatever happens, the
 * connection is afterwards at rest or gone. */
int pg_drain(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (!pg->n_sent)
        return E_OK;
    i64 start = when_ticks(), deadline = start + pg->answer_us;
    bool stuck = false;
    int err = E_OK;
    pg->state[0] = pg->broke[0] = 0;
    c->db_trips++;
    if (!PQpipelineSync(pg->conn) || !pg_write_out(pg, deadline)) {
        /* A server that is ending may have said so before it closed. */
        PQconsumeInput(pg->conn);
    }
    size_t i = 0;
    for (; i < pg->n_sent && !stuck; i++) {
        PGresult *res = pg_next(pg, deadline, &stuck);
        if (!res)
            break;
        err = take_first(c, &pg->sent[i], res, err);
        if (PQstatus(pg->conn) == CONNECTION_BAD)
            break;
        while (!stuck && (res = pg_next(pg, deadline, &stuck)))
            PQclear(res);
    }
    forget_unprepared(pg);
    bool whole = false;
    if (i == pg->n_sent && !stuck && PQstatus(pg->conn) == CONNECTION_OK) {
        PGresult *end = pg_next(pg, deadline, &stuck);
        whole = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
        PQclear(end);
    }
    pg->n_sent = 0;
    c->db_us += when_ticks() - start;
    if (!whole) {
        pg_drop(pg);
        return err ? err : pg_away(c, stuck ? "no answer in time" : "the connection was lost");
    }
    if (err)
        pg->is_scoped = false;
    return err;
}

int pg_control(struct ctx *c, const char *sql)
{
    TRY(pg_send_control(c, sql));
    return pg_drain(c);
}

/* Nothing of ours can have happened: the server ended before it answered anything and no
 * transaction was open, or it no longer knows a statement we had prepared, or has taken back one
 * that was its own transaction. */
static bool may_repeat(struct pg *pg)
{
    if (pg->depth && pg->opened)
        return false;
    if (!pg->conn)
        return pg->untouched && !strncmp(pg->state, "57P", 3);
    return pg_is_again(pg);
}

static int run_once(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    if (out)
        *out = NULL;
    TRY(send_query(c, q, in, out, changed));
    return pg_drain(c);
}

static int run(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    struct pg *pg = c->pg;
    bool fresh = !pg->opened;
    for (int tries = 0;; tries++) {
        int err = run_once(c, q, in, out, changed);
        bool ended = pg->lost && pg->untouched && !strncmp(pg->state, "57P", 3);
        if (!err || !fresh || !(ended || may_repeat(pg)))
            return err;
        bool clashed = !ended && pg->conn && !pg_is_stale(pg);
        if (tries == (clashed ? CLASHES : 1))
            return err;
        if (ended)
            pg->lost = false;
        if (clashed)
            pg_step_aside(tries);
        if (pg->conn && pg_is_stale(pg))
            pg_drop(pg);
        fault_clear(c);
    }
}

int pg_run(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    struct pg *pg = c->pg;
    if (pg->batching) {
        if (out)
            *out = NULL;
        if (!pg->batch_err)
            pg->batch_err = send_query(c, q, in, out, changed);
        return pg->batch_err;
    }
    if (!pg->sheltered || pg->depth != 1)
        return run(c, q, in, out, changed);
    TRY(pg_begin(c));
    return pg_end(c, run(c, q, in, out, changed));
}

void pg_batch(struct ctx *c)
{
    struct pg *pg = c->pg;
    assert(!pg->batching);
    pg->batch_level = pg->sheltered && pg->depth == 1;
    pg->batch_err = pg->batch_level ? pg_begin(c) : E_OK;
    pg->batching = true;
}

int pg_flush(struct ctx *c)
{
    struct pg *pg = c->pg;
    int err = pg_drain(c);
    err = pg->batch_err ? pg->batch_err : err;
    pg->batching = false;
    pg->batch_err = E_OK;
    return pg->batch_level ? pg_end(c, err) : err;
}

int pg_flush_last(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (!pg->depth || pg->batch_level)
        return pg_flush(c);
    int err = pg->batch_err;
    pg->batching = false;
    pg->batch_err = E_OK;
    return err;
}

/* ---- many statements in one text ---------------------------------------------------------- */

/* Outside the pipeline: many statements in one text, and as slow as they are. */
static PGresult *exec(struct pg *pg, const char *sql)
{
    PQexitPipelineMode(pg->conn);
    PQsetnonblocking(pg->conn, 0);
    PGresult *res = PQexec(pg->conn, sql);
    PQsetnonblocking(pg->conn, 1);
    PQenterPipelineMode(pg->conn);
    return res;
}

int pg_script(struct ctx *c, str sql)
{
    struct pg *pg = c->pg;
    TRY(pg_ready(c));
    if (pg->depth)
        TRY(send_levels(c));
    TRY(send_scope(c));
    TRY(pg_drain(c));
    PQclear(exec(pg, pg->depth ? "select 1" : "set statement_timeout = 0"));
    i64 start = when_ticks();
    PGresult *res = exec(pg, str_c(c->mem, sql));
    c->db_us += when_ticks() - start;
    c->db_trips++;
    int err = E_OK;
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        err = pg_refused(c, res, "script");
        const char *at = pg_field(res, PG_DIAG_STATEMENT_POSITION);
        const char *inside = pg_field(res, PG_DIAG_CONTEXT);
        if (*at || *inside)
            c->fault.detail = str_fmt(
                c->mem, "%.*s (at character %s) %s", STR(c->fault.detail), *at ? at : "?", inside);
    }
    PQclear(res);
    if (PQstatus(pg->conn) == CONNECTION_BAD)
        pg_drop(pg);
    else if (!pg->depth)
        PQclear(exec(pg, "reset statement_timeout")); /* the conninfo's, or ours */
    return err;
}
