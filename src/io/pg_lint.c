/* pg_lint: does every query fit the schema? The half of t/lint/queries that asks the server. */
#include <stdio.h>
#include "io/pg_in.h"

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
    bool denied = !strcmp(pg_field(res, PG_DIAG_SQLSTATE), "42501");
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
    TRY(pg_ready(c));
    PQexitPipelineMode(pg->conn);
    PQsetnonblocking(pg->conn, 0);
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad += check_query(pg, all[i], report);
    pg_drop(pg); /* back to a plain pipeline on the next use */
    if (!bad)
        return E_OK;
    return fail_detail(c, E_INTERNAL, "pg.lint", "%d queries do not fit the schema", bad);
}
