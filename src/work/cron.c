/* The clock: what is to be done every so often, once over all machines. */
#include "work/work_in.h"
#include "gen/queries.h"

#define MOST_CRONS 64

static size_t list_crons(const struct app *app, const struct cron **out)
{
    size_t n = 0;
    for (const struct cron *cron = work_crons; cron->name; cron++)
        out[n++] = cron;
    for (const struct cron *const *list = app->crons; list && *list; list++)
        for (const struct cron *cron = *list; cron->name && n < MOST_CRONS; cron++)
            out[n++] = cron;
    return n;
}

int cron_know(struct ctx *c)
{
    const struct cron *crons[MOST_CRONS];
    size_t n = list_crons(c->app, crons);
    str names[MOST_CRONS];
    for (size_t i = 0; i < n; i++)
        names[i] = str_of(crons[i]->name);
    return q_work_know_crons(c, NULL, names, n);
}

/* A cron's own failure is logged and waits for its next turn; it never stops the others. */
static void run_cron(struct ctx *c, const struct cron *cron)
{
    struct ctx own = *c;
    own.fault = (struct fault){ 0 };
    own.scope = (struct scope){ .platform = true };
    own.source = S("0 0 cron");
    own.id = str_fmt(c->mem, "cron:%s", cron->name);
    int err = cron->run(&own);
    if (err)
        log_line(&own, LOG_WARN, "cron", "name", str_of(cron->name), "result",
            str_of(err_name(err)), "fault", own.fault.key, "detail", own.fault.detail, NULL);
}

struct timetable {
    const struct cron *crons[MOST_CRONS];
    str names[MOST_CRONS];
    i64 every[MOST_CRONS];
    size_t n;
};

static void read_timetable(const struct app *app, struct timetable *t)
{
    t->n = list_crons(app, t->crons);
    for (size_t i = 0; i < t->n; i++) {
        t->names[i] = str_of(t->crons[i]->name);
        t->every[i] = t->crons[i]->every_us;
    }
}

int cron_run_due(struct ctx *c, i64 most, _Atomic i64 *next)
{
    struct timetable t;
    struct node *rows;
    i64 now = when_ticks(), wait = most;
    read_timetable(c->app, &t);
    TRY(q_work_clock(c, &rows, t.names, t.n, t.every, t.n));
    EACH(item, rows)
        if (!node_is_null(&item->node, "wait_us"))
            wait = node_int(&item->node, "wait_us");
    atomic_store(next, now + (wait < 0 ? 0 : wait < most ? wait : most)); /* these may take long */
    EACH(item, rows)
        for (size_t i = 0; i < t.n; i++)
            if (str_eq(node_str(&item->node, "name"), t.names[i]))
                run_cron(c, t.crons[i]);
    return E_OK;
}
