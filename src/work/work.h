/* work: the back door. Finished transactions and the clock come in here.
 *
 * Owns schema work: outbox (events written with the change they tell of), job (things to do
 * afterwards, at least once), cron's last runs. A feature writes an event or a job in its own
 * transaction; nothing is ever called "afterwards" from a request. It relies on io, and on
 * web only for struct app. It refuses to know what an event means: readers and job kinds are
 * tables of the features, listed in bin/features.c. */
#pragma once
#include "web/web.h"

/* ---- outbox ------------------------------------------------------------------------------ */

/* One event, in the caller's transaction. `kind` is "order.updated"; subject the row's id;
 * data small and free of personal data; it is what API clients get. */
int outbox_tell(struct ctx *, const char *kind, i64 organisation, i64 subject, struct node *data);

struct event {
    i64 id, seq, organisation, subject; /* seq: per organisation, given after commit */
    str kind;
    struct node *data;
};
/* Who hears what: the one outbox reader makes a job of kind `job` with key
 * "<job>:<event id>" for each match. `event` may end in '*'. */
struct reader {
    const char *event, *job;
    const char *unless; /* the event's data has this: then not; or NULL */
};

/* ---- queue ---------------------------------------------------------------------------------- */

struct job {
    i64 id, organisation, subject, attempt; /* attempt: 1 is the first */
    str kind, key, request; /* request: of what it is a consequence, by the id nginx gave */
    struct node *data;
    bool *is_done; /* job_done's word to the queue */
};
/* Adds a job in the caller's transaction. The key makes it unique while it waits or runs:
 * adding it again changes nothing. `at` 0: now. */
int job_add(struct ctx *, const char *kind, str key, i64 organisation, i64 subject,
    struct node *data, when at);
/* What there is of a kind about this; where it waits for its next try, that is now. */
enum job_there { JOB_NONE, JOB_RUNS, JOB_WAITS };
int job_hasten(struct ctx *, const char *kind, i64 subject, enum job_there *);
/* One for each row, about what its column says. */
int job_add_each(struct ctx *, const char *kind, const struct node *rows, const char *column);
/* The one job of a kind that the clock calls for again and again, under the kind's name. One that
 * was given up is tried again when it has lain for `rest` us: else it would bar all others. */
int job_add_again(struct ctx *, const char *kind, i64 rest);

/* What steps of the schema (orders.place, payments.keep, ...) that write events and jobs themselves
 * are told: the kind's rank, and whether to wake the job workers; one of them looks for itself. */
i64 job_rank(const struct app *, const char *kind);
bool job_wakes(const struct ctx *);

/* For a job whose work is one transaction, as its last statement: the job is gone with that, or
 * neither is, and no crash repeats it. */
int job_done(struct ctx *, const struct job *);

/* A handler runs at least once, outside any transaction, with ctx.scope.platform set and
 * ctx.scope.organisation as the job says; it opens its own. E_OK ends the job; any other
 * tries again with back-off (1 s doubling, jitter, at most 1 h) until `tries` are used up,
 * then the job is a dead letter that staff can see and run again. */
enum { FOR_EVER = 1 << 30 };
enum { JOBS_TOGETHER = 16 };
enum { RANK_FIRST = -1, RANK_PAGES = 1, RANK_LAST = 2 }; /* of what is due; 0: after the first */
struct job_kind {
    const char *name;
    int (*run)(struct ctx *, const struct job *);
    /* Of several that are quick and due together (at most JOBS_TOGETHER), or NULL: does what is plain
     * in one go, and says of which it is done. The others are run one by one; all of them when it
     * fails, so it must have done nothing then, or what does no harm twice. */
    int (*run_plain)(struct ctx *, const struct job *, size_t n, bool *done);
    int tries;      /* 0: 12; a job that must not end as a dead letter: FOR_EVER */
    i64 lease_us;   /* 0: 60 s; a worker that died gives the job up after so long */
    i64 longest_us; /* 0: 1 h; the longest wait between two tries */
    int rank;
    /* Milliseconds, and waits for nobody outside the house: may be claimed with others, which
     * wait for it then. */
    bool is_quick;
};
#define JOBS(feature)                                                                              \
    extern const struct job_kind feature##_jobs[];                                                 \
    const struct job_kind feature##_jobs[] =
#define END_OF_JOBS                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

/* ---- cron -------------------------------------------------------------------------------------
 */

/* Every so often, by whoever takes its row first, once over all machines. Missed times are made
 * up once, not many times. */
struct cron {
    const char *name;
    i64 every_us;
    int (*run)(struct ctx *);
};
#define CRONS(feature)                                                                             \
    extern const struct cron feature##_crons[];                                                    \
    const struct cron feature##_crons[] =
#define END_OF_CRONS                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

/* ---- refresh ----------------------------------------------------------------------------------
 */

/* Renders anew, in place, every cached page that shows one of the tagged things ("product:12"):
 * at once, unless it was within this second, and once more 2 to 3 s later for renders that were in
 * flight. In the caller's transaction. */
int refresh_tags(struct ctx *, const str *tags, size_t n, str cause);
/* Once, when no worker keeps what it shared before (kept_or_made). */
int refresh_settled(struct ctx *, const str *tags, size_t n, str cause);
/* Whether nginx may have kept a page that shows it; true where nobody can tell. */
bool refresh_keeps(struct ctx *, str tag);
/* For what very many pages show: once nobody keeps what it was (those who ask meanwhile are one), a
 * part of the pages each second. A list of tags. */
int refresh_slowly(struct ctx *, struct node *tags, str cause);
/* The first time here and now, for jobs that tell somebody of the new page afterwards. */
int refresh_now(struct ctx *, const str *tags, size_t n, str cause);

/* ---- nodes ------------------------------------------------------------------------------------
 */

/* To every nginx of the shop (talat.conf: nginx_push, other_nodes), or with one only to that.
 * E_OK when at least one has it; a node that is away gets it by a job of its own for half a
 * minute, but for what was overtaken meanwhile by news about the same ("order:12 th"). With none:
 * E_PROVIDER, try again. */
int nodes_send(struct ctx *, str channel, str event, str body, str about); /* as push_send */
int nodes_close(struct ctx *, str channel);                                /* as push_close */
/* For what would be said on very many channels: how many per cent of the memory for messages are in
 * use, and whether anybody may listen to one. `blind`: there is a node that may have listeners, and
 * cannot be asked. */
int nodes_fullness(struct ctx *, bool *blind);
bool nodes_hear(struct ctx *, str channel, bool *blind);

/* ---- lines
 * ------------------------------------------------------------------------------------- */

/* A page that is being made, or a line that is being laid, will listen to this channel: said
 * before what it shows is read. */
void line_expected(struct ctx *, str channel);
/* Which of these channels somebody may listen to; at a loss, all of them. */
void lines_heard(struct ctx *, const str *channels, size_t n, bool *heard);

int work_serve(struct app *);           /* talat-work's main loop; returns exit code */
int work_drain(struct ctx *, i64 most); /* tests: reads the outbox and runs what is due, here
                                           and now, at most so many; returns how many ran */
i64 work_queue_age_us(struct ctx *);    /* of the oldest due job; 0 when none; -1 unknown */
