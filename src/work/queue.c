/* The queue: jobs done at least once, by whoever takes them first. */
#include "work/work_in.h"
#include "gen/queries.h"

#define TRIES        12
#define LEASE        (60 * SECOND)
#define LONGEST_WAIT (1 * HOUR)
#define DEATHS       5 /* a job that killed so many workers is buried */
#define EVENTS       200
#define QUICK_KINDS  32
#define SLOW         SECOND /* who takes so long waits for somebody outside */
#define SLOW_FOR     MINUTE
#define VERY_LONG    HOUR /* a kind with such a lease is slow before it was ever run */

static bool is_worker(const struct ctx *c) { return c->app->worker.n > 0; }

#define EACH_KIND(kind, app)                                                                       \
    for (const struct job_kind *const *list_ = (app)->jobs; list_ && *list_; list_++)              \
        for (const struct job_kind *kind = *list_; kind->name; kind++)

static const struct job_kind *kind_of(const struct app *app, str name)
{
    EACH_KIND(kind, app)
        if (str_is(name, kind->name))
            return kind;
    return NULL;
}

bool job_wakes(const struct ctx *c) { return !is_worker(c); } /* it looks for itself */

i64 job_rank(const struct app *app, const char *kind)
{
    const struct job_kind *known = kind_of(app, str_of(kind));
    return known ? known->rank : 0;
}

int job_add(struct ctx *c, const char *kind, str key, i64 organisation, i64 subject,
    struct node *data, when at)
{
    str json;
    TRY(work_json(c, data, &json));
    return q_work_add(c, NULL, str_of(kind), key, organisation ? &organisation : NULL, subject,
        json, c->id, at ? &at : NULL, job_rank(c->app, kind), job_wakes(c));
}

static int hasten(struct ctx *c, const char *kind, i64 subject, enum job_there *there)
{
    struct node *row;
    TRY(q_work_hasten(c, &row, str_of(kind), subject));
    *there = node_bool(row, "waits") ? JOB_WAITS : node_bool(row, "lives") ? JOB_RUNS : JOB_NONE;
    return *there == JOB_WAITS && job_wakes(c) ? q_work_wake(c, NULL) : E_OK;
}

int job_hasten(struct ctx *c, const char *kind, i64 subject, enum job_there *there)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = hasten(c, kind, subject, there);
    c->scope = before;
    return err;
}

int job_add_each(struct ctx *c, const char *kind, const struct node *rows, const char *column)
{
    EACH(item, rows) {
        i64 id = node_int(&item->node, column);
        TRY(job_add(c, kind, str_fmt(c->mem, "%s:%" PRId64, kind, id), 0, id, NULL, 0));
    }
    return E_OK;
}

int job_add_again(struct ctx *c, const char *kind, i64 rest)
{
    TRY(q_work_retry(c, NULL, str_of(kind), rest));
    return job_add(c, kind, str_of(kind), 0, 0, NULL, 0);
}

int job_done(struct ctx *c, const struct job *job)
{
    if (job->is_done)
        *job->is_done = true;
    return q_work_finish(c, NULL, &job->id, 1, &job->attempt, 1);
}

/* ---- what is slow: a mail server that hangs, a provider, a backup ----------------------------- */

static _Atomic i64 *slow_until(const struct app *app, struct pace *pace, const struct job_kind *of)
{
    size_t place = 0;
    EACH_KIND(kind, app) {
        if (kind == of)
            return place < KINDS ? &pace->slow_until[place] : NULL;
        place++;
    }
    return NULL; /* nobody knows it */
}

static bool takes_hours(const struct job_kind *kind) { return kind && kind->lease_us >= VERY_LONG; }

static bool leaves(const struct app *app, const struct turn *t, const struct job_kind *kind)
{
    if (!t->leaves_slow || !kind)
        return false;
    _Atomic i64 *until = slow_until(app, t->pace, kind);
    return takes_hours(kind) || (until && atomic_load(until) > when_ticks());
}

static size_t slow_kinds(const struct app *app, const struct turn *t, str *names)
{
    size_t n = 0;
    EACH_KIND(kind, app)
        if (n < KINDS && leaves(app, t, kind))
            names[n++] = str_of(kind->name);
    return n;
}

/* Kept pages are made by the house itself: there all hands are of use, and they go after what comes
 * in anyway. */
static int note_slow(struct ctx *c, struct pace *pace, const struct job_kind *ran)
{
    _Atomic i64 *until = slow_until(c->app, pace, ran);
    bool was_even = pace_is_even(pace);
    if (until && ran->rank != RANK_PAGES)
        atomic_store(until, when_ticks() + SLOW_FOR);
    return was_even && !pace_is_even(pace) ? q_work_wake(c, NULL) : E_OK; /* who sleep long */
}

bool pace_is_even(struct pace *pace)
{
    i64 now = when_ticks();
    for (size_t i = 0; i < KINDS; i++)
        if (atomic_load(&pace->slow_until[i]) > now)
            return false;
    return true;
}

/* ---- running ---------------------------------------------------------------------------------- */

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
    return str_letters_upto(str_fmt(c->mem, "%.*s: %.*s", STR(c->fault.key), STR(text)), 500);
}

/* One that failed: later again, or never. */
static int settle(
    struct ctx *c, const struct job *job, const struct job_kind *kind, const struct ctx *done)
{
    i64 tries = kind && kind->tries ? kind->tries : TRIES;
    bool given_up = !kind || job->attempt >= tries;
    metric_add(c->app, "jobs_dead_total", given_up);
    if (given_up)
        return q_work_bury(c, NULL, job->id, job->attempt, why(done));
    return q_work_again(c, NULL, job->id, job->attempt, back_off(job->attempt, kind), why(done));
}

/* For as long as it takes. */
static int take(struct ctx *c, const struct job *job, const struct job_kind *kind)
{
    if (takes_hours(kind))
        return q_work_hold(c, NULL, job->id, job->attempt, kind->lease_us);
    return kind && kind->lease_us > LEASE
        ? q_work_lease(c, NULL, job->id, job->attempt, kind->lease_us)
        : E_OK;
}

/* What is held is told at once, and let go after that. */
static int finish(struct ctx *c, struct turn *t, const struct job *job, const struct job_kind *kind)
{
    if (!*job->is_done) {
        t->ids[t->n] = job->id;
        t->attempts[t->n++] = job->attempt;
    }
    return takes_hours(kind) ? queue_tell(c, t) : E_OK;
}

/* `request`: the id nginx gave, for the log and the trail. */
static struct ctx *ctx_to_run(struct ctx *c, const struct job *job, str request)
{
    struct ctx *own = ctx_of_job(c, job);
    own->source = str_fmt(own->mem, "0 0 job %.*s %.*s", STR(job->kind), STR(request));
    own->id = request.n ? request : job->key;
    return own;
}

static int run(struct ctx *c, struct turn *t, const struct job *job)
{
    const struct job_kind *kind = kind_of(c->app, job->kind);
    struct ctx *own = ctx_to_run(c, job, job->request);
    i64 began = when_ticks();
    int err = kind ? E_OK : fail_detail(own, E_INTERNAL, "work.kind", "no such kind of job");
    if (!err)
        err = take(c, job, kind);
    if (!err && kind)
        err = kind->run(own, job);
    i64 took = when_ticks() - began;
    log_job(own, job, err, took);
    if (t->pace && took >= SLOW)
        TRY(note_slow(c, t->pace, kind));
    metric_add(c->app, err ? "jobs_failed_total" : "jobs_total", 1);
    TRY(err ? settle(c, job, kind, own) : finish(c, t, job, kind));
    return takes_hours(kind) ? q_work_let_go(c, NULL, job->id) : E_OK;
}

static struct job job_of(const struct node *row)
{
    return (struct job){ .id = node_int(row, "id"),
        .organisation = node_int(row, "organisation_id"),
        .subject = node_int(row, "subject_id"),
        .attempt = node_int(row, "attempt"),
        .kind = node_str(row, "kind"),
        .key = node_str(row, "key"),
        .request = node_str(row, "request"),
        .data = node_get(row, S("data")) };
}

static int run_alone(struct ctx *c, struct turn *t, const struct job *due)
{
    bool is_done = false;
    struct job job = *due;
    job.is_done = &is_done;
    struct mark mark = arena_mark(c->mem); /* a batch needs no more than its largest */
    int err = run(c, t, &job);
    if (!err)
        arena_rewind(c->mem, mark);
    return err;
}

/* In one go: what each took is its share. */
static int run_plain(struct ctx *c, struct turn *t, const struct job_kind *kind,
    const struct job *jobs, size_t n, bool *done)
{
    struct mark mark = arena_mark(c->mem);
    struct ctx *own = ctx_to_run(c, jobs, str_none);
    own->scope.organisation = 0;
    i64 began = when_ticks();
    int err = kind->run_plain(own, jobs, n, done);
    i64 each = (when_ticks() - began) / (i64)n;
    for (size_t i = 0; i < n; i++) {
        done[i] = done[i] && !err;
        if (!done[i])
            continue;
        bool is_done = false;
        struct job job = jobs[i];
        job.is_done = &is_done;
        own->id = job.request.n ? job.request : job.key;
        log_job(own, &job, E_OK, each);
        own->db_trips = 0; /* told with the first */
        metric_add(c->app, "jobs_total", 1);
        TRY(finish(c, t, &job, kind));
    }
    if (err) /* one of them may be at fault: each tells by itself */
        log_line(c, LOG_WARN, "jobs_together", "kind", jobs->kind, "result",
            str_of(err_name(err)), "fault", own->fault.key, "detail", own->fault.detail, NULL);
    if (t->pace && each >= SLOW)
        TRY(note_slow(c, t->pace, kind));
    arena_rewind(c->mem, mark);
    return E_OK;
}

static bool is_quick(const struct job_kind *kind)
{
    return kind && kind->is_quick && kind->lease_us <= LEASE;
}

static size_t quick_kinds(const struct app *app, str *names)
{
    size_t n = 0;
    EACH_KIND(kind, app)
        if (n < QUICK_KINDS && is_quick(kind))
            names[n++] = str_of(kind->name);
    return n;
}

/* Its last row tells of the turn, the others are the jobs. */
static int claim(struct ctx *c, struct turn *t, i64 most, struct node **jobs)
{
    str quick[QUICK_KINDS], slow[KINDS];
    struct readers r;
    size_t n = quick_kinds(c->app, quick);
    outbox_readers(c->app, &r);
    TRY(q_work_turn(c, jobs, t->ids, t->n, t->attempts, t->n, EVENTS, r.events, r.n, r.jobs, r.n,
        r.unless, r.n, r.ranks, r.n, most < QUEUE_BATCH ? most : QUEUE_BATCH, LEASE, c->app->worker,
        quick, n, slow, slow_kinds(c->app, t, slow)));
    const struct node *told = &(*jobs)->as.items.last->node;
    t->n = 0;
    t->events = node_int(told, "events");
    i64 wait = node_is_null(told, "wait_us") ? t->wait_us : node_int(told, "wait_us");
    t->wait_us = wait < 0 ? 0 : wait < t->wait_us ? wait : t->wait_us;
    t->is_more = t->events == EVENTS || t->wait_us == 0;
    return E_OK;
}

/* What waits is another worker's affair as long as this one is busy: of what a worker adds and
 * reads nobody else is told, but where that may be what this one leaves to them. */
static int call_others(struct ctx *c, const struct node *rows, i64 longest, const struct turn *t)
{
    size_t jobs = node_count(rows) - 1;
    if (t->events && t->leaves_slow && !pace_is_even(t->pace))
        return q_work_wake(c, NULL);
    if (!jobs || t->wait_us >= longest || !is_worker(c))
        return E_OK;
    bool is_long = jobs == QUEUE_BATCH ||
        !is_quick(kind_of(c->app, node_str(&node_first(rows)->node, "kind")));
    return is_long ? q_work_wake(c, NULL) : E_OK;
}

/* How many of these are of one kind, from the first on. */
static size_t alike(const struct job *jobs, size_t n)
{
    size_t same = 1;
    while (same < n && str_eq(jobs[same].kind, jobs->kind))
        same++;
    return same;
}

/* The rest is better off elsewhere. */
static bool is_enough(
    const struct ctx *c, const struct turn *t, const struct job_kind *kind, i64 began)
{
    return t->ran && (when_ticks() - began > LEASE / 4 || leaves(c->app, t, kind) ||
                         (t->ending && *t->ending));
}

/* All of one kind. *later: so many were not begun. */
static int run_alike(struct ctx *c, struct turn *t, const struct job *jobs, size_t n, i64 began,
    size_t *later)
{
    const struct job_kind *kind = kind_of(c->app, jobs->kind);
    bool done[QUEUE_BATCH] = { 0 };
    if (n > 1 && is_quick(kind) && kind->run_plain && !is_enough(c, t, kind, began))
        TRY(run_plain(c, t, kind, jobs, n, done));
    for (size_t i = 0; i < n; i++) {
        if (!done[i] && is_enough(c, t, kind, began)) {
            *later = n - i;
            return E_OK;
        }
        t->ran++;
        if (!done[i])
            TRY(run_alone(c, t, &jobs[i]));
    }
    return E_OK;
}

int queue_turn(struct ctx *c, struct turn *t, i64 most)
{
    struct node *rows;
    struct job jobs[QUEUE_BATCH];
    size_t n = 0, later = 0;
    i64 longest = t->wait_us, began = when_ticks();
    t->ran = 0;
    TRY(claim(c, t, most, &rows));
    TRY(call_others(c, rows, longest, t));
    EACH(item, rows)
        if (!node_is_null(&item->node, "id"))
            jobs[n++] = job_of(&item->node);
    for (size_t i = 0, same; i < n && !later; i += same) {
        same = alike(jobs + i, n - i);
        TRY(run_alike(c, t, jobs + i, same, began, &later));
    }
    if (!later)
        return E_OK;
    TRY(queue_tell(c, t));
    return queue_take_back(c, false);
}

int queue_left(struct ctx *c, const struct turn *t, bool *is_left)
{
    struct node *row;
    str kinds[KINDS];
    size_t n = slow_kinds(c->app, t, kinds);
    TRY(q_work_left(c, &row, kinds, n));
    *is_left = node_bool(row, "is_left");
    return E_OK;
}

int queue_tell(struct ctx *c, struct turn *t)
{
    if (t->n)
        TRY(q_work_finish(c, NULL, t->ids, t->n, t->attempts, t->n));
    t->n = 0;
    return E_OK;
}

int queue_take_over(struct ctx *c) { return q_work_take_over(c, NULL, DEATHS); }

int queue_take_back(struct ctx *c, bool died)
{
    return q_work_take_back(c, NULL, c->app->worker, died, DEATHS);
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
    struct turn t = { .wait_us = 0 };
    i64 n = 0;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    do {
        if (queue_turn(c, &t, most - n))
            break;
        n += t.ran;
    } while (n < most && (t.ran || t.events));
    queue_tell(c, &t);
    c->scope = before;
    return (int)n;
}
