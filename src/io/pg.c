#include "io/io.h"
#include "io/pg_in.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <libpq-fe.h>

/* The server gives up a statement after 5 s; when not even that answer comes, the machine
 * or the process is stuck and the connection is dropped. */
#define ANSWER_US  (7 * SECOND)
#define RETRY_US   (1 * SECOND)
#define LEVELS     16
#define LISTENS    8
#define SCOPE_STMT "talat.scope"

struct column {
    str key;
    unsigned oid;
};

/* A statement as this connection knows it. */
struct stmt {
    const char *name;
    enum { UNKNOWN, SENT, READY } state;
    struct column *columns;
    int n_columns;
};

/* A command on its way, in the order its results come back. */
struct sent {
    enum { CONTROL, PREPARE, SCOPE, QUERY } what;
    const struct query *query; /* QUERY, PREPARE (NULL: the scope's) */
    struct node **out;
    i64 *changed;
};

struct pg {
    struct arena *mem;
    const char *conninfo;
    PGconn *conn;
    when retry_at; /* not before: the last try failed */
    i64 answer_us; /* how long an answer may take */
    struct stmt scope_stmt, *stmts;
    size_t n_stmts;
    struct sent *sent;
    size_t n_sent, room;
    int depth, opened;  /* levels begun by callers, and of those known to the server */
    struct scope scope; /* what the server's settings say, when is_scoped */
    char source[200];
    bool is_scoped, batching, batch_level, sheltered, lost, untouched;
    int batch_err;
    char state[6], broke[64];
    const char *listens[LISTENS];
    int n_listens;
};

static int drain(struct ctx *);

/* ---- the connection ----------------------------------------------------------------------- */

struct pg *pg_new(struct arena *mem, str conninfo)
{
    struct pg *pg = NEW(mem, struct pg);
    pg->mem = mem;
    pg->answer_us = ANSWER_US;
    pg->conninfo = str_c(mem, conninfo);
    DEFER(mem, pg_close, pg);
    return pg;
}

void pg_patient(struct pg *pg, i64 us) { pg->answer_us = us; }

/* Forgets the connection; a transaction the server had begun is lost with it. */
static void drop(struct pg *pg)
{
    if (pg->conn)
        PQfinish(pg->conn);
    pg->conn = NULL;
    for (size_t i = 0; i < pg->n_stmts; i++)
        pg->stmts[i].state = UNKNOWN;
    pg->scope_stmt.state = UNKNOWN;
    pg->n_sent = 0;
    pg->lost = pg->lost || pg->opened > 0;
    pg->opened = 0;
    pg->is_scoped = false;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    pg->depth = 0;
    drop(pg);
    pg->lost = false;
    free(pg->stmts);
    free(pg->sent);
    pg->stmts = NULL;
    pg->sent = NULL;
    pg->n_stmts = pg->n_sent = pg->room = 0;
}

void pg_let_go(struct pg *pg)
{
    if (pg->conn && !pg->depth && !pg->n_sent)
        drop(pg);
}

static void notice(void *with, const char *message)
{
    (void)with;
    log_line(NULL, LOG_DEBUG, "pg.notice", "text", str_trim(str_of(message)), NULL);
}

static int away(struct ctx *c, const char *why)
{
    return fail_detail(c, E_AWAY, "pg.away", "PostgreSQL: %s", why);
}

/* Ours come before "dbname", so that the configured conninfo may say otherwise. */
static PGconn *dial(const struct pg *pg)
{
    const char *names[] = { "connect_timeout", "application_name", "client_encoding",
        "tcp_user_timeout", "options", "dbname", NULL };
    const char *values[] = { "2", "talat", "UTF8", "8000",
        "-c statement_timeout=5s -c lock_timeout=3s -c timezone=UTC"
        " -c idle_in_transaction_session_timeout=10s -c jit=off"
        " -c max_parallel_workers_per_gather=0 -c enable_memoize=off"
        " -c plan_cache_mode=force_generic_plan",
        pg->conninfo, NULL };
    return PQconnectdbParams(names, values, 1);
}

static bool all_here(str hosts)
{
    str host;
    while (hosts.n && str_cut(&hosts, ',', &host))
        if (host.n && !strchr("/@", host.p[0]) && !str_is(host, "localhost") &&
            !str_is(host, "127.0.0.1") && !str_is(host, "::1"))
            return false;
    return true;
}

bool pg_is_private(str conninfo)
{
    char text[4096];
    if (conninfo.n >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", STR(conninfo));
    PQconninfoOption *all = PQconninfoParse(text, NULL);
    bool is_here = true, is_checked = false;
    for (PQconninfoOption *o = all; o && o->keyword; o++) {
        bool is_host = !strcmp(o->keyword, "host") || !strcmp(o->keyword, "hostaddr");
        if (is_host && o->val)
            is_here = is_here && all_here(str_of(o->val));
        if (!strcmp(o->keyword, "sslmode") && o->val)
            is_checked = !strcmp(o->val, "verify-full");
    }
    PQconninfoFree(all);
    return is_here || is_checked; /* what cannot be parsed is said when one connects */
}

static bool listen_again(struct pg *pg)
{
    for (int i = 0; i < pg->n_listens; i++) {
        char *name = PQescapeIdentifier(pg->conn, pg->listens[i], strlen(pg->listens[i]));
        char sql[160];
        snprintf(sql, sizeof sql, "listen %s", name ? name : "");
        PQfreemem(name);
        PGresult *res = PQexec(pg->conn, sql);
        bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
        PQclear(res);
        if (!ok)
            return false;
    }
    return true;
}

/* One try a second while the database is away, so that pages fail fast. */
static bool connect_now(struct pg *pg)
{
    if (pg->conn)
        return true;
    if (when_ticks() < pg->retry_at)
        return false;
    pg->conn = dial(pg);
    if (pg->conn && PQstatus(pg->conn) == CONNECTION_OK) {
        PQsetNoticeProcessor(pg->conn, notice, NULL);
        if (listen_again(pg) && !PQsetnonblocking(pg->conn, 1) && PQenterPipelineMode(pg->conn)) {
            pg->retry_at = 0;
            return true;
        }
    }
    log_line(NULL, LOG_WARN, "pg.connect", "error",
        str_trim(str_of(pg->conn ? PQerrorMessage(pg->conn) : "no memory")), NULL);
    drop(pg);
    pg->retry_at = when_ticks() + RETRY_US;
    return false;
}

/* An idle connection has nothing to say, but for notifications: what can be read is mostly
 * its end. Asking costs a third of a microsecond and saves the request that follows. */
static void notice_the_end(struct pg *pg)
{
    struct pollfd on = { .fd = PQsocket(pg->conn), .events = POLLIN };
    for (int i = 0; i < 8 && poll(&on, 1, 0) > 0; i++)
        if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) == CONNECTION_BAD) {
            drop(pg);
            return;
        }
}

static int ready(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (pg->lost)
        return away(c, "the connection was lost in this transaction");
    if (pg->conn && !pg->n_sent && !pg->opened)
        notice_the_end(pg);
    return connect_now(pg) ? E_OK : away(c, "no connection");
}

/* ---- waiting, with a deadline ------------------------------------------------------------- */

/* False: nothing came in time, or the connection broke. */
static bool wait_for(struct pg *pg, short events, i64 deadline)
{
    for (;;) {
        i64 left = deadline - when_ticks();
        struct pollfd on = { .fd = PQsocket(pg->conn), .events = events };
        int n = left > 0 ? poll(&on, 1, (int)(left / 1000) + 1) : 0;
        if (n > 0)
            return true;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

/* A blocked write may wait for us to read: both directions are served. */
static bool write_out(struct pg *pg, i64 deadline)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1)
        if (!wait_for(pg, POLLIN | POLLOUT, deadline) || !PQconsumeInput(pg->conn))
            return false;
    return left == 0;
}

/* The next result; *stuck when none came in time. After a broken connection libpq still
 * hands out what it had read, so its word is asked for. */
static PGresult *next(struct pg *pg, i64 deadline, bool *stuck)
{
    while (PQisBusy(pg->conn) && PQstatus(pg->conn) != CONNECTION_BAD) {
        if (!wait_for(pg, POLLIN, deadline)) {
            *stuck = true;
            return NULL;
        }
        if (!PQconsumeInput(pg->conn))
            break;
    }
    return PQgetResult(pg->conn);
}

/* ---- errors ------------------------------------------------------------------------------- */

struct meaning {
    const char *state; /* a whole SQLSTATE or the start of some */
    enum err err;
    const char *key;
};
static const struct meaning meanings[] = {
    { "TL403", E_DENIED, "pg.rule" },
    { "TL404", E_MISSING, "pg.rule" },
    { "TL409", E_CONFLICT, "pg.rule" },
    { "TL410", E_GONE, "pg.rule" },
    { "TL422", E_INPUT, "pg.rule" },
    { "TL429", E_LIMIT, "pg.rule" },
    { "23505", E_CONFLICT, "pg.unique" },
    { "23P01", E_CONFLICT, "pg.exclusion" },
    { "23514", E_CONFLICT, "pg.check" },
    { "23503", E_CONFLICT, "pg.reference" },
    { "40001", E_AWAY, "pg.again" },
    { "40P01", E_AWAY, "pg.again" },
    { "55P03", E_AWAY, "pg.locked" },
    { "57014", E_AWAY, "pg.slow" },
    { "25P03", E_AWAY, "pg.idle" },
    { "57P", E_AWAY, "pg.away" },
    { "08", E_AWAY, "pg.away" },
    { "53", E_AWAY, "pg.full" },
    { "42501", E_DENIED, "pg.denied" },
    { "22001", E_INPUT, "pg.value" },
    { "22003", E_INPUT, "pg.value" },
    { "22007", E_INPUT, "pg.value" },
    { "22008", E_INPUT, "pg.value" },
    { "22021", E_INPUT, "pg.value" },
    { "22P02", E_INPUT, "pg.value" },
    { "22P05", E_INPUT, "pg.value" },
    { "", E_INTERNAL, "pg.error" },
};

static const struct meaning *meaning_of(const char *state)
{
    const struct meaning *m = meanings;
    while (strncmp(state, m->state, strlen(m->state)) != 0)
        m++;
    return m;
}

static bool is_rule(const struct meaning *m) { return m->state[0] == 'T'; }

static const char *field(const PGresult *res, int which)
{
    const char *text = PQresultErrorField(res, which);
    return text ? text : "";
}

/* What the server refused, as a fault. Rules of the schema speak to the person; values
 * (SQLSTATE class 22 quotes them) stay out of the log. */
static int refused(struct ctx *c, const PGresult *res, const char *query)
{
    struct pg *pg = c->pg;
    const char *state = field(res, PG_DIAG_SQLSTATE);
    const char *constraint = field(res, PG_DIAG_CONSTRAINT_NAME);
    snprintf(pg->state, sizeof pg->state, "%s", *state ? state : "08006");
    snprintf(pg->broke, sizeof pg->broke, "%s", constraint);
    const struct meaning *m = meaning_of(pg->state);
    const char *message = strncmp(pg->state, "22", 2) ? field(res, PG_DIAG_MESSAGE_PRIMARY) : "";
    if (is_rule(m))
        return fail(
            c, m->err, *constraint ? str_c(c->mem, str_of(constraint)) : m->key, "%s", message);
    return fail_detail(c, m->err, m->key, "%s %s: %s%s%s", pg->state, query,
        *message     ? message
            : *state ? ""
                     : PQerrorMessage(pg->conn),
        *constraint ? " " : "", constraint);
}

bool pg_broke(const struct ctx *c, const char *constraint)
{
    return c->fault.code == E_CONFLICT && !strcmp(c->pg->broke, constraint);
}

/* The schema changed under a prepared statement, or the statement is gone: a new connection
 * will prepare it anew. */
static bool is_stale(const struct pg *pg)
{
    return !strcmp(pg->state, "0A000") || !strcmp(pg->state, "26000");
}

static bool is_again(const struct pg *pg)
{
    return !strcmp(pg->state, "40001") || !strcmp(pg->state, "40P01") || is_stale(pg);
}

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
    drop(c->pg);
    return away(c, why);
}

static int send_control(struct ctx *c, const char *sql)
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
        TRY(send_control(c, pg->opened ? sql : "begin"));
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
    return send_control(c,
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
    TRY(ready(c));
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
    int err = refused(c, res, name);
    PQclear(res);
    return err;
}

/* Once something has failed, later failures are its echoes: the first is the one to tell. */
static int take_first(struct ctx *c, const struct sent *sent, PGresult *res, int err)
{
    if (!err)
        return take(c, sent, res);
    struct pg *pg = c->pg;
    struct fault told = c->fault;
    char state[sizeof pg->state], broke[sizeof pg->broke];
    memcpy(state, pg->state, sizeof state);
    memcpy(broke, pg->broke, sizeof broke);
    take(c, sent, res);
    c->fault = told;
    memcpy(pg->state, state, sizeof state);
    memcpy(pg->broke, broke, sizeof broke);
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
static int drain(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (!pg->n_sent)
        return E_OK;
    i64 start = when_ticks(), deadline = start + pg->answer_us;
    bool stuck = false;
    int err = E_OK;
    pg->state[0] = pg->broke[0] = 0;
    c->db_trips++;
    if (!PQpipelineSync(pg->conn) || !write_out(pg, deadline)) {
        /* A server that is ending may have said so before it closed. */
        PQconsumeInput(pg->conn);
    }
    size_t i = 0;
    for (; i < pg->n_sent && !stuck; i++) {
        PGresult *res = next(pg, deadline, &stuck);
        if (!res)
            break;
        err = take_first(c, &pg->sent[i], res, err);
        if (PQstatus(pg->conn) == CONNECTION_BAD)
            break;
        while (!stuck && (res = next(pg, deadline, &stuck)))
            PQclear(res);
    }
    forget_unprepared(pg);
    bool whole = false;
    if (i == pg->n_sent && !stuck && PQstatus(pg->conn) == CONNECTION_OK) {
        PGresult *end = next(pg, deadline, &stuck);
        whole = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
        PQclear(end);
    }
    pg->n_sent = 0;
    c->db_us += when_ticks() - start;
    if (!whole) {
        drop(pg);
        return err ? err : away(c, stuck ? "no answer in time" : "the connection was lost");
    }
    if (err)
        pg->is_scoped = false;
    return err;
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
    return is_again(pg);
}

static int run_once(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    if (out)
        *out = NULL;
    TRY(send_query(c, q, in, out, changed));
    return drain(c);
}

static int run(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    struct pg *pg = c->pg;
    bool fresh = !pg->opened;
    int err = run_once(c, q, in, out, changed);
    if (!err || !fresh)
        return err;
    if (pg->lost && pg->untouched && !strncmp(pg->state, "57P", 3))
        pg->lost = false;
    else if (!may_repeat(pg))
        return err;
    if (pg->conn && is_stale(pg))
        drop(pg);
    fault_clear(c);
    return run_once(c, q, in, out, changed);
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
    int err = drain(c);
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

/* ---- transactions ------------------------------------------------------------------------- */

int pg_begin(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (pg->batching && !pg->batch_err)
        pg->batch_err = drain(c);
    if (pg->depth == LEVELS)
        return fail_detail(c, E_INTERNAL, "pg.depth", "transactions nested too deeply");
    pg->depth++;
    return E_OK;
}

static int control(struct ctx *c, const char *sql)
{
    TRY(send_control(c, sql));
    return drain(c);
}

static int undo(struct ctx *c, int level)
{
    char sql[40];
    if (!level)
        return control(c, "rollback");
    snprintf(sql, sizeof sql, "rollback to savepoint s%d", level);
    TRY(send_control(c, sql));
    snprintf(sql, sizeof sql, "release savepoint s%d", level);
    return control(c, sql);
}

static int send_commit(struct ctx *c, int level)
{
    char sql[40];
    snprintf(sql, sizeof sql, "release savepoint s%d", level);
    return send_control(c, level ? sql : "commit");
}

/* Rolls back; the fault that led here stays the one to tell. */
static void take_back(struct ctx *c, int level)
{
    struct pg *pg = c->pg;
    struct fault told = c->fault;
    char state[sizeof pg->state], broke[sizeof pg->broke];
    memcpy(state, pg->state, sizeof state);
    memcpy(broke, pg->broke, sizeof broke);
    if (undo(c, level) && pg->conn)
        drop(pg);
    c->fault = told;
    memcpy(pg->state, state, sizeof state);
    memcpy(pg->broke, broke, sizeof broke);
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
        int late = drain(c);
        err = err ? err : late;
    }
    pg->depth = level;
    if (pg->lost) {
        pg->lost = level > 0;
        return err ? err : away(c, "the connection was lost before commit");
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
        err = err ? err : drain(c);
    } else if (err) {
        take_back(c, level);
        pg->is_scoped = false;
    }
    if (level)
        return err;
    if (is_stale(pg) && pg->conn)
        drop(pg);
    pg->lost = false;
    return err;
}

int pg_tx(struct ctx *c, int (*work)(struct ctx *, void *), void *with)
{
    struct pg *pg = c->pg;
    for (int tries = 0;; tries++) {
        TRY(pg_begin(c));
        pg->state[0] = 0;
        int err = pg_end(c, work(c, with));
        if (!err || tries == 3 || pg->depth || !is_again(pg))
            return err;
        fault_clear(c);
        unsigned char r;
        crypto_random(&r, 1);
        i64 us = (1000 << (2 * tries)) + r * (16 << (2 * tries));
        nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
    }
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

/* ---- tools -------------------------------------------------------------------------------- */

bool pg_is_up(struct pg *pg)
{
    if (pg->depth || pg->n_sent)
        return pg->conn != NULL;
    if (pg->conn)
        notice_the_end(pg);
    if (!connect_now(pg))
        return false;
    i64 deadline = when_ticks() + SECOND;
    bool stuck = false;
    if (PQpipelineSync(pg->conn) && write_out(pg, deadline)) {
        PGresult *res = next(pg, deadline, &stuck);
        bool ok = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
        PQclear(res);
        if (ok)
            return true;
    }
    drop(pg);
    return false;
}

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
    TRY(ready(c));
    if (pg->depth)
        TRY(send_levels(c));
    TRY(send_scope(c));
    TRY(drain(c));
    PQclear(exec(pg, pg->depth ? "select 1" : "set statement_timeout = 0"));
    i64 start = when_ticks();
    PGresult *res = exec(pg, str_c(c->mem, sql));
    c->db_us += when_ticks() - start;
    c->db_trips++;
    int err = E_OK;
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        err = refused(c, res, "script");
        const char *at = field(res, PG_DIAG_STATEMENT_POSITION);
        const char *inside = field(res, PG_DIAG_CONTEXT);
        if (*at || *inside)
            c->fault.detail = str_fmt(
                c->mem, "%.*s (at character %s) %s", STR(c->fault.detail), *at ? at : "?", inside);
    }
    PQclear(res);
    if (PQstatus(pg->conn) == CONNECTION_BAD)
        drop(pg);
    else if (!pg->depth)
        PQclear(exec(pg, "reset statement_timeout")); /* the conninfo's, or ours */
    return err;
}

/* ---- notifications ------------------------------------------------------------------------ */

int pg_listen(struct ctx *c, const char *channel)
{
    struct pg *pg = c->pg;
    assert(pg->n_listens < LISTENS && !pg->depth);
    pg->listens[pg->n_listens++] = str_c(pg->mem, str_of(channel)); /* each connection anew */
    TRY(ready(c));
    char *name = PQescapeIdentifier(pg->conn, channel, strlen(channel));
    int err = control(c, str_c(c->mem, str_fmt(c->mem, "listen %s", name)));
    PQfreemem(name);
    return err;
}

/* All that has come is one reason to look. */
static bool heard(struct ctx *c, str *channel)
{
    PGnotify *n;
    while ((n = PQnotifies(c->pg->conn))) {
        *channel = str_dup(c->mem, str_of(n->relname));
        PQfreemem(n);
    }
    return channel->n > 0;
}

int pg_wait(struct ctx *c, i64 us, str *channel)
{
    struct pg *pg = c->pg;
    *channel = str_none;
    bool had = pg->conn != NULL;
    if (had)
        notice_the_end(pg);
    if (!connect_now(pg)) { /* the wait is kept, so that callers' loops do not spin */
        i64 until = pg->retry_at - when_ticks(), nap = until > 0 && until < us ? until : us;
        poll(NULL, 0, (int)(nap / 1000));
        return away(c, "no connection");
    }
    if (!had || heard(c, channel))
        return E_OK; /* after a break something may have been missed: look */
    struct pollfd on = { .fd = PQsocket(pg->conn), .events = POLLIN };
    if (poll(&on, 1, (int)((us + 999) / 1000)) > 0) {
        notice_the_end(pg);
        if (pg->conn)
            heard(c, channel);
    }
    return E_OK;
}

/* ---- t/lint/queries, online --------------------------------------------------------------- */

static int check_columns(const struct query *q, const PGresult *res, struct buf *report)
{
    int bad = 0;
    for (int i = 0; i < PQnfields(res); i++) {
        const char *name = PQfname(res, i);
        if (!pg_can_read(PQftype(res, i))) {
            buf_fmt(report, "%s: column %s has type %u, cast it to one the house publishes\n",
                q->name, name, PQftype(res, i));
            bad = 1;
        }
        if (!strcmp(name, "?column?")) {
            buf_fmt(report, "%s: column %d has no name\n", q->name, i + 1);
            bad = 1;
        }
        for (int j = 0; j < i; j++)
            if (!strcmp(name, PQfname(res, j))) {
                buf_fmt(report, "%s: two columns are called %s\n", q->name, name);
                bad = 1;
            }
    }
    if (q->kind != Q_EXEC && !PQnfields(res)) {
        buf_fmt(report, "%s: gives no rows, so it is :exec\n", q->name);
        bad = 1;
    }
    return bad;
}

/* PREPARE asks nobody's leave; EXPLAIN EXECUTE does, and runs nothing. What else it has to
 * say about arguments that are all NULL does not matter. */
static int check_rights(struct pg *pg, const struct query *q, struct buf *report)
{
    char sql[640] = "explain execute \"talat.lint\"";
    size_t n = strlen(sql);
    for (int i = 0; i < q->n_params; i++)
        n += (size_t)snprintf(
            sql + n, sizeof sql - n, "%snull%s", i ? "," : "(", i + 1 == q->n_params ? ")" : "");
    PGresult *res = PQexec(pg->conn, sql);
    bool denied = !strcmp(field(res, PG_DIAG_SQLSTATE), "42501");
    if (denied)
        buf_fmt(report, "%s: %s", q->name, PQresultErrorMessage(res));
    PQclear(res);
    return denied;
}

static int check_query(struct pg *pg, const struct query *q, struct buf *report)
{
    PGresult *res = PQprepare(pg->conn, "talat.lint", q->sql, q->n_params, q->types);
    int bad = PQresultStatus(res) != PGRES_COMMAND_OK;
    if (bad)
        buf_fmt(report, "%s: %s", q->name, PQresultErrorMessage(res));
    PQclear(res);
    if (bad)
        return 1;
    res = PQdescribePrepared(pg->conn, "talat.lint");
    bad = check_columns(q, res, report);
    PQclear(res);
    bad |= check_rights(pg, q, report);
    PQclear(PQexec(pg->conn, "deallocate \"talat.lint\""));
    return bad;
}

int pg_prepare_all(struct ctx *c, const struct query *const *all, size_t n, struct buf *report)
{
    struct pg *pg = c->pg;
    assert(!pg->depth);
    TRY(ready(c));
    PQexitPipelineMode(pg->conn);
    PQsetnonblocking(pg->conn, 0);
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad += check_query(pg, all[i], report);
    drop(pg); /* back to a plain pipeline on the next use */
    if (!bad)
        return E_OK;
    return fail_detail(c, E_INTERNAL, "pg.lint", "%d queries do not fit the schema", bad);
}
