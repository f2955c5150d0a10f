/* Shared within work/. */
#pragma once
#include "work/work.h"
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

int work_json(struct ctx *, const struct node *data, str *json); /* for a jsonb column; NULL: {} */
int outbox_read(struct ctx *, i64 most, i64 *n); /* one batch: numbers it, makes the jobs */
enum { READERS = 64 };
struct readers { /* who hears which events, as the schema takes it */
    str events[READERS], jobs[READERS], unless[READERS];
    i64 ranks[READERS];
    size_t n;
};
void outbox_readers(const struct app *, struct readers *);

/* What all workers of a team see of each other, in ticks. */
enum { KINDS = 64, MOST_WORKERS = 16 };
enum { IS_NOBODY = 0, IS_WAITING = -1, IS_RESTING = -2 };
struct pace {
    /* When any of them began to look last: of those that one event wakes one is enough, unless it is
     * at something else. */
    _Atomic i64 looked_at;
    _Atomic i64 next_cron; /* when one of them looks at the clock's table again */
    /* By a kind's place in the app's lists: until when such a job counts as slow. */
    _Atomic i64 slow_until[KINDS];
    /* Of each: since when it has been at what its last round began with; IS_WAITING; IS_RESTING: it
     * has no connection and waits for the call; IS_NOBODY. */
    _Atomic i64 busy_since[MOST_WORKERS];
    sem_t call;
    _Atomic bool is_left; /* there is what the first one leaves to them */
};
bool pace_is_even(struct pace *); /* none is slow */

/* What a worker goes on with from turn to turn. A job that was run is gone only with the next
 * turn's first statement, so a worker that dies leaves the last batch's to be run again; one that
 * must not be says job_done itself. */
enum { QUEUE_BATCH = JOBS_TOGETHER };
struct turn {
    struct pace *pace; /* NULL: nobody looks */
    bool leaves_slow;  /* to the other workers, to be free for what comes in; has a pace */
    const volatile sig_atomic_t *ending; /* set: what was claimed and not begun is given back */
    i64 ids[QUEUE_BATCH], attempts[QUEUE_BATCH];
    size_t n;     /* so many were run and are still to be told */
    i64 ran;      /* jobs of this turn, whatever became of them */
    i64 events;   /* read from the outbox in this turn */
    i64 wait_us;  /* until the next one is due, when nothing was left; at most what it was before */
    bool is_more; /* there is more to read, or to run, than was taken */
};
/* Tells what was run, reads the outbox and claims at most so many jobs, all in one round trip;
 * then runs them. */
int queue_turn(struct ctx *, struct turn *, i64 most);
int queue_tell(struct ctx *, struct turn *); /* only the first of it */
int queue_left(struct ctx *, const struct turn *, bool *); /* is anything due that it leaves? */
/* Runs what is due, and says before that when the next will be, in ticks: after `most` at the latest. */
int cron_run_due(struct ctx *, i64 most, _Atomic i64 *next);
int cron_know(struct ctx *);
int queue_take_over(struct ctx *);                 /* of workers whose lease has run out */
/* Of this worker's own place, at once: it is at none now. */
int queue_take_back(struct ctx *, bool died);
void lines_begin(struct ctx *);                 /* nothing is known of who listens */
void lines_watch(struct ctx *, bool *was_away); /* ... as after Redis was away */
/* A key as web's set_tag writes it: format|language|currency|uri; the uri has the language. */
struct kept_page {
    str key, format, kind, currency, uri;
};
bool kept_page(str key, struct kept_page *);
/* Made anew at every node, later at those that are away. */
int nodes_refresh(struct ctx *, const struct kept_page *);
extern const struct cron work_crons[];
