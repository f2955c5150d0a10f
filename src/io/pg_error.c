/* pg_error: what the server refuses, as a fault. */
#include <stdio.h>
#include "io/pg_in.h"

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
    { "25006", E_AWAY, "pg.read_only" },
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

const char *pg_field(const PGresult *res, int which)
{
    const char *text = PQresultErrorField(res, which);
    return text ? text : "";
}

/* What the server refused, as a fault. Rules of the schema speak to the person; values
 * (SQLSTATE class 22 quotes them) stay out of the log. */
int pg_refused(struct ctx *c, const PGresult *res, const char *query)
{
    struct pg *pg = c->pg;
    const char *state = pg_field(res, PG_DIAG_SQLSTATE);
    const char *constraint = pg_field(res, PG_DIAG_CONSTRAINT_NAME);
    snprintf(pg->state, sizeof pg->state, "%s", *state ? state : "08006");
    snprintf(pg->broke, sizeof pg->broke, "%s", constraint);
    const struct meaning *m = meaning_of(pg->state);
    const char *message = strncmp(pg->state, "22", 2) ? pg_field(res, PG_DIAG_MESSAGE_PRIMARY) : "";
    if (is_rule(m))
        return fail(
            c, m->err, *constraint ? str_c(c->mem, str_of(constraint)) : m->key, "%s", message);
    return fail_detail(c, m->err, m->key, "%s %s: %s%s%s", pg->state, query,
        *message     ? message
            : *state ? ""
                     : PQerrorMessage(pg->conn),
        *constraint ? " " : "", constraint);
}

struct told pg_told(const struct ctx *c)
{
    struct told told = { .fault = c->fault };
    memcpy(told.state, c->pg->state, sizeof told.state);
    memcpy(told.broke, c->pg->broke, sizeof told.broke);
    return told;
}

void pg_tell(struct ctx *c, const struct told *told)
{
    c->fault = told->fault;
    memcpy(c->pg->state, told->state, sizeof told->state);
    memcpy(c->pg->broke, told->broke, sizeof told->broke);
}

bool pg_broke(const struct ctx *c, const char *constraint)
{
    return c->fault.code == E_CONFLICT && !strcmp(c->pg->broke, constraint);
}

/* The schema changed under a prepared statement, or the statement is gone: a new connection
 * will prepare it anew. */
bool pg_is_stale(const struct pg *pg)
{
    return !strcmp(pg->state, "0A000") || !strcmp(pg->state, "26000");
}

bool pg_is_again(const struct pg *pg)
{
    return !strcmp(pg->state, "40001") || !strcmp(pg->state, "40P01") || pg_is_stale(pg);
}
