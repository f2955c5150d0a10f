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
    struct node *row;
    str json;
    TRY(work_json(c, data, &json));
    if (json.n > MOST_EVENT)
        return fail_detail(c, E_INTERNAL, "work.data", "event %s is too large", kind);
    return q_work_tell(
        c, &row, str_of(kind), organisation ? &organisation : NULL, subject, json, c->id);
}

static bool hears(const struct reader *reader, str kind)
{
    str wanted = str_of(reader->event);
    if (str_ends(wanted, S("*")))
        return str_starts(kind, str_upto(wanted, wanted.n - 1));
    return str_eq(wanted, kind);
}

/* The event's id makes the job's key, so that reading an event twice does nothing twice. */
static int make_jobs(struct ctx *c, const struct node *event)
{
    str kind = node_str(event, "kind"), json;
    i64 organisation = node_int(event, "organisation_id");
    for (const struct reader *r = c->app->readers; r && r->event; r++) {
        if (!hears(r, kind))
            continue;
        struct node *data = node_map(c->mem), *row;
        node_set_str(c->mem, data, S("event"), kind);
        node_set(c->mem, data, S("data"), node_get(event, S("data")));
        TRY(work_json(c, data, &json));
        TRY(q_work_add(c, &row, str_of(r->job),
            str_fmt(c->mem, "%s:%" PRId64, r->job, node_int(event, "id")),
            organisation ? &organisation : NULL, node_int(event, "subject_id"), json,
            node_str(event, "request"), NULL));
    }
    return E_OK;
}

struct batch_of {
    i64 most, n;
};

static int read_batch(struct ctx *c, void *with)
{
    struct batch_of *batch = with;
    struct node *lock, *events;
    batch->n = 0;
    TRY(q_work_read_lock(c, &lock));
    if (!node_bool(lock, "mine"))
        return E_OK;
    TRY(q_work_unread(c, &events, batch->most));
    size_t n = node_count(events), i = 0;
    if (!n)
        return E_OK;
    i64 *ids = NEWS(c->mem, i64, n);
    EACH(item, events)
        ids[i++] = node_int(&item->node, "id");
    TRY(q_work_number_events(c, NULL, ids, n));
    EACH(item, events)
        TRY(make_jobs(c, &item->node));
    batch->n = (i64)n;
    return E_OK;
}

int outbox_read(struct ctx *c, i64 most, i64 *n)
{
    struct batch_of batch = { .most = most };
    TRY(pg_tx(c, read_batch, &batch));
    *n = batch.n;
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
