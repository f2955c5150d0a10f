/* The queue: jobs done at least once, by whoever takes them first. */
#include "work/work_in.h"
#include "gen/queries.h"

#define TRIES        12
#define LEASE        (60 * SECOND)
#define LONGEST_WAIT (1 * HOUR)
#define DEATHS       5 /* a job that killed so many workers is buried */

int job_add(struct ctx *c, const char *kind, str key, i64 organisation, i64 subject,
    struct node *data, when at)
{
    struct node *row;
    str json;
    TRY(work_json(c, data, &json));
    return q_work_add(c, &row, str_of(kind), key, organisation ? &organisation : NULL, subject,
        json, c->id, at ? &at : NULL);
}

int job_has_later(struct ctx *c, const struct job *job, bool *later)
{
    struct node *row;
    TRY(q_work_later(c, &row, job->id, job->kind, job->subject));
    *later = node_bool(row, "later");
    return E_OK;
}

static const struct job_kind *kind_of(const struct app *app, str name)
{
    for (const struct job_kind *const *list = app->jobs; list && *list; list++)
        for (const struct job_kind *kind = *list; kind->name; kind++)
            if (str_is(name, kind->name))
                return kind;
    return NULL;
}

/* 1 s, doubling, at most an hour or what the kind says, a quarter of it by chance so that a herd
 * spreads out. */
static i64 back_off(i64 attempt, const struct job_kind *kind)
{
    i64 most = kind->longest_us ? kind->longest_us : LONGEST_WAIT;
    i64 wait = attempt > 12 ? most : SECOND << (attempt - 1);
    if (wait > most)
        wait = most;
    uint32_t chance;
    crypto_random(&chance, sizeof chance);
    return wait - wait / 4 * (i64)(chance % 1000) / 1000;
}

static struct ctx *ctx_of_job(struct ctx *worker, const struct job *job)
{
    struct ctx *c = NEW(worker->mem, struct ctx);
    *c = *worker;
    c->fault = (struct fault){ 0 };
    c->scope = (struct scope){ .platform = true, .organisation = job->organisation };
    c->db_us = c->db_trips = c->redis_us = 0;
    return c;
}

static void log_job(const struct ctx *c, const struct job *job, int err, i64 took_us)
{
    log_line(c, err ? LOG_WARN : LOG_INFO, "job", "kind", job->kind, "job",
        str_fmt(c->mem, "%" PRId64, job->id), "attempt", str_fmt(c->mem, "%" PRId64, job->attempt),
        "result", str_of(err_name(err)), "fault", err ? c->fault.key : str_none, "detail",
        err ? c->fault.detail : str_none, "us", str_fmt(c->mem, "%" PRId64, took_us), "db_trips",
        str_fmt(c->mem, "%" PRId64, c->db_trips), NULL);
}

static str why(const struct ctx *c)
{
    str text = c->fault.detail.n ? c->fault.detail : c->fault.text;
    return str_upto(str_fmt(c->mem, "%.*s: %.*s", STR(c->fault.key), STR(text)), 500);
}

static int settle(struct ctx *c, const struct job *job, const struct job_kind *kind, int err,
    const struct ctx *done)
{
    i64 tries = kind && kind->tries ? kind->tries : TRIES;
    if (!err)
        return q_work_finish(c, NULL, job->id, job->attempt);
    bool given_up = !kind || job->attempt >= tries;
    metric_add(c->app, "jobs_dead_total", given_up);
    if (given_up)
        return q_work_bury(c, NULL, job->id, job->attempt, why(done));
    return q_work_again(c, NULL, job->id, job->attempt, back_off(job->attempt, kind), why(done));
}

static int run(struct ctx *c, const struct job *job, str request)
{
    const struct job_kind *kind = kind_of(c->app, job->kind);
    struct ctx *own = ctx_of_job(c, job);
    own->source = str_fmt(own->mem, "0 0 job %.*s %.*s", STR(job->kind), STR(request));
    own->id = request.n ? request : job->key; /* the id nginx gave, for the log */
    when began = when_now();
    int err = kind ? E_OK : fail_detail(own, E_INTERNAL, "work.kind", "no such kind of job");
    if (kind && kind->lease_us > LEASE)
        err = q_work_lease(c, NULL, job->id, job->attempt, kind->lease_us);
    if (!err && kind)
        err = kind->run(own, job);
    if (err && pg_in_tx(own) && !pg_in_tx(c))
        pg_end(own, err);
    log_job(own, job, err, when_now() - began);
    metric_add(c->app, err ? "jobs_failed_total" : "jobs_total", 1);
    return settle(c, job, kind, err, own);
}

int queue_run_one(struct ctx *c, bool *ran)
{
    struct node *row;
    *ran = false;
    TRY(q_work_claim(c, &row, LEASE, c->app->worker));
    if (!row)
        return E_OK;
    *ran = true;
    struct job job = {
        .id = node_int(row, "id"),
        .organisation = node_int(row, "organisation_id"),
        .subject = node_int(row, "subject_id"),
        .attempt = node_int(row, "attempt"),
        .kind = node_str(row, "kind"),
        .key = node_str(row, "key"),
        .data = node_get(row, S("data")),
    };
    struct mark mark = arena_mark(c->mem); /* a round of jobs needs no more than its largest */
    int err = run(c, &job, node_str(row, "request"));
    if (!err)
        arena_rewind(c->mem, mark);
    return err;
}

int queue_take_over(struct ctx *c) { return q_work_take_over(c, NULL, DEATHS); }

int queue_take_back(struct ctx *c, bool died)
{
    return q_work_take_back(c, NULL, c->app->worker, died, DEATHS);
}

int queue_wait_us(struct ctx *c, i64 most, i64 *us)
{
    struct node *row;
    *us = most;
    TRY(q_work_next_due(c, &row));
    if (!node_is_null(row, "wait_us") && node_int(row, "wait_us") < most)
        *us = node_int(row, "wait_us") > 0 ? node_int(row, "wait_us") : 0;
    return E_OK;
}

i64 work_queue_age_us(struct ctx *c)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_work_next_due(c, &row);
    c->scope = before;
    if (err)
        return -1;
    i64 wait = node_is_null(row, "wait_us") ? 0 : node_int(row, "wait_us");
    return wait < 0 ? -wait : 0;
}

int work_drain(struct ctx *c, i64 most)
{
    i64 n = 0, events;
    bool ran = true;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    while (n < most && ran) {
        if (outbox_read(c, 500, &events) || queue_run_one(c, &ran))
            break;
        ran = ran || events;
        n += ran && !events;
    }
    c->scope = before;
    return (int)n;
}
