/* pg_conn: the connection. It is opened when somebody needs it, noticed when it has ended,
 * waited for with a deadline, and dropped when nothing else can be done. What has been asked over
 * it is pg.c's. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "io/pg_in.h"

/* The server gives up a statement after 5 s; when not even that answer comes, the machine
 * or the process is stuck and the connection is dropped. */
#define ANSWER_US (7 * SECOND)
#define RETRY_US  (1 * SECOND)
/* A visit to the shop needs fewer statements; with those of the back office, of searches and of logins
 * there are hundreds, some 80 kB each. */
#define GROWN     32

/* ---- the connection ----------------------------------------------------------------------- */

struct pg *pg_new(struct arena *mem, str conninfo)
{
    struct pg *pg = NEW(mem, struct pg);
    pg->mem = mem;
    pg->answer_us = ANSWER_US;
    pg->program = "talat";
    pg->conninfo = str_c(mem, conninfo);
    DEFER(mem, pg_close, pg);
    return pg;
}

void pg_named(struct pg *pg, const char *program) { pg->program = program; }

void pg_patient(struct pg *pg, i64 us) { pg->answer_us = us; }

/* Forgets the connection; a transaction the server had begun is lost with it. */
void pg_drop(struct pg *pg)
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
    pg_drop(pg);
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
        pg_drop(pg);
}

bool pg_has_grown(const struct pg *pg)
{
    size_t known = 0;
    for (size_t i = 0; i < pg->n_stmts; i++)
        known += pg->stmts[i].state == READY;
    return known > GROWN;
}

static void notice(void *with, const char *message)
{
    (void)with;
    log_line(NULL, LOG_DEBUG, "pg.notice", "text", str_trim(str_of(message)), NULL);
}

int pg_away(struct ctx *c, const char *why)
{
    return fail_detail(c, E_AWAY, "pg.away", "PostgreSQL: %s", why);
}

/* Ours come before "dbname", so that the configured conninfo may say otherwise. */
static PGconn *dial(const struct pg *pg)
{
    const char *names[] = { "connect_timeout", "application_name", "client_encoding",
        "tcp_user_timeout", "options", "dbname", NULL };
    const char *values[] = { "2", pg->program, "UTF8", "8000",
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
    pg_drop(pg);
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
            pg_drop(pg);
            return;
        }
}

int pg_ready(struct ctx *c)
{
    struct pg *pg = c->pg;
    if (pg->lost)
        return pg_away(c, "the connection was lost in this transaction");
    if (pg->conn && !pg->n_sent && !pg->opened)
        notice_the_end(pg);
    return connect_now(pg) ? E_OK : pg_away(c, "no connection");
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
bool pg_write_out(struct pg *pg, i64 deadline)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1)
        if (!wait_for(pg, POLLIN | POLLOUT, deadline) || !PQconsumeInput(pg->conn))
            return false;
    return left == 0;
}

/* The next result; *stuck when none came in time. After a broken connection libpq still
 * hands out what it had read, so its word is asked for. */
PGresult *pg_next(struct pg *pg, i64 deadline, bool *stuck)
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
    if (PQpipelineSync(pg->conn) && pg_write_out(pg, deadline)) {
        PGresult *res = pg_next(pg, deadline, &stuck);
        bool ok = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
        PQclear(res);
        if (ok)
            return true;
    }
    pg_drop(pg);
    return false;
}

/* ---- notifications ------------------------------------------------------------------------ */

int pg_listen(struct ctx *c, const char *channel)
{
    struct pg *pg = c->pg;
    assert(pg->n_listens < LISTENS && !pg->depth);
    pg->listens[pg->n_listens++] = str_c(pg->mem, str_of(channel)); /* each connection anew */
    TRY(pg_ready(c));
    char *name = PQescapeIdentifier(pg->conn, channel, strlen(channel));
    int err = pg_control(c, str_c(c->mem, str_fmt(c->mem, "listen %s", name)));
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
        return pg_away(c, "no connection");
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
