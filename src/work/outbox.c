/* The outbox: events written with the change they tell of, read by one reader after commit. */
#include "work/work_in.h"
#include "gen/queries.h"

#define KEEP_EVENTS (30 * DAY)
#define BATCH       5000 /* as in the query */
#define MOST_ROUNDS 100
#define MOST_DATA   65536 /* bytes of JSON beside a job */
#define MOST_EVENT  60000 /* ... and an event, which a job takes over with its name */

int work_json(struct ctx *c, const struct node *data, str *json)
{
    struct buf out = buf_new(c->mem, MOST_DATA);
    if (data)
        json_store(&out, data);
    *json = data ? buf_str(&out) : S("{}");
    return out.full ? fail_detail(c, E_INTERNAL, "work.data", "too much beside an event or job")
                    : E_OK;
}

int outbox_tell(struct ctx *c, const char *kind, i64 organisation, i64 subject, struct node *data)
{
    str json;
    TRY(work_json(c, data, &json));
    if (json.n > MOST_EVENT)
        return fail_detail(c, E_INTERNAL, "work.data", "event %s is too large", kind);
    return q_work_tell(c, NULL, str_of(kind), organisation ? &organisation : NULL, subject, json,
        c->id, job_wakes(c));
}

void outbox_readers(const struct app *app, struct readers *out)
{
    out->n = 0;
    for (const struct reader *r = app->readers; r && r->event && out->n < READERS; r++) {
        out->events[out->n] = str_of(r->event);
        out->jobs[out->n] = str_of(r->job);
        out->unless[out->n] = r->unless ? str_of(r->unless) : str_none;
        out->ranks[out->n++] = job_rank(app, r->job);
    }
}

int outbox_read(struct ctx *c, i64 most, i64 *n)
{
    struct node *read;
    struct readers r;
    outbox_readers(c->app, &r);
    TRY(q_work_read_events(
        c, &read, most, r.events, r.n, r.jobs, r.n, r.unless, r.n, r.ranks, r.n));
    *n = node_int(read, "n");
    return E_OK;
}

static int forget(struct ctx *c)
{
    i64 gone = BATCH;
    for (int round = 0; gone == BATCH && round < MOST_ROUNDS; round++)
        TRY(q_work_forget_events(c, &gone, c->now - KEEP_EVENTS));
    return E_OK;
}

const struct cron work_crons[] = {
    { "work.take_over", 15 * SECOND, queue_take_over },
    { "work.forget_events", HOUR, forget },
    { 0 },
};
