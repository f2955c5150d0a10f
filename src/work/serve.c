/* talat-work: a few processes, each reading the outbox, the clock and the queue in turn and
 * sleeping on LISTEN in between. One that dies is replaced; SIGTERM lets each finish its job. */
#include "work/work_in.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The net under LISTEN: a shop at rest is asked this seldom. One of the workers is enough for that,
 * unless it leaves to the others what is slow. */
#define LONGEST_SLEEP  (5 * SECOND)
#define OTHERS_SLEEP   (15 * SECOND)
#define FIRST_GO       SECOND / 1000 /* what a worker lets the one before it go ahead */
#define FIRST_AT_CLOCK SECOND        /* ... with what the clock says */
/* From one turn's beginning to the next's while there is always something: what comes meanwhile
 * goes together. In a shop at rest nobody waits. */
#define BETWEEN_TURNS  (40 * SECOND / 1000)
/* Without anything to do for so long, all but the first let go of their connection: each is 10 MB
 * of PostgreSQL's, and each notification wakes it. */
#define REST_AFTER     (8 * SECOND)
#define JOB_MEMORY     ((size_t)64 << 20)
#define ROUNDS_OF_LIFE 100000 /* then a fresh process takes over */

static volatile sig_atomic_t ending;
static void on_end(int sig)
{
    (void)sig;
    ending = 1;
}

static void pause_us(i64 us)
{
    struct timespec t = { us / SECOND, us % SECOND * 1000 };
    nanosleep(&t, NULL);
}

struct worker {
    i64 slot;
    struct pace *pace;
    struct turn turn;
    i64 useful_at; /* when it last had something to do, in ticks */
    i64 asked_at;  /* ... and asked what is left to the others */
    bool redis_was_away;
};

static void be(const struct worker *w, i64 state)
{
    atomic_store(&w->pace->busy_since[w->slot], state);
}

/* The clock's table is asked only when something on it may be due: others change it, too, but
 * nothing comes due earlier by that. In ticks: a machine's clock may be put back. */
static i64 until_clock(const struct worker *w)
{
    i64 patience = w->slot ? FIRST_AT_CLOCK : 0;
    return atomic_load(&w->pace->next_cron) + patience - when_ticks();
}

/* One of them at a time, unless that takes longer than anybody sleeps. */
static int look_at_clock(struct ctx *c, struct worker *w)
{
    i64 seen = atomic_load(&w->pace->next_cron), now = when_ticks();
    if (until_clock(w) > 0 ||
        !atomic_compare_exchange_strong(&w->pace->next_cron, &seen, now + LONGEST_SLEEP))
        return E_OK;
    TRY(queue_tell(c, &w->turn)); /* these may take long, and what is done is leased for a minute */
    return cron_run_due(c, OTHERS_SLEEP, &w->pace->next_cron);
}

/* Until the last look of any of them is long enough ago. The first waits less than the others, so
 * that it does it all, whose caches are warm, as long as it can. */
static void rest(const struct worker *w)
{
    i64 us = atomic_load(&w->pace->looked_at) + BETWEEN_TURNS * (w->slot ? 2 : 1) - when_ticks();
    if (us > 0 && !ending)
        pause_us(us);
}

static int wait_for_work(struct ctx *c, struct worker *w, i64 us)
{
    str channel;
    for (i64 until = when_ticks() + us; !ending;) {
        i64 left = until - when_ticks(), clock = until_clock(w);
        if (left <= 0 || clock <= 0)
            return E_OK;
        TRY(pg_wait(c, left < clock ? left : clock, &channel));
        i64 woken = when_ticks();
        if (!channel.n)
            continue; /* the clock may have been looked at by another */
        rest(w);
        pause_us(w->slot * FIRST_GO);
        if (atomic_load(&w->pace->looked_at) < woken || !pace_is_even(w->pace))
            return E_OK; /* nobody has looked since, or not for all there is */
    }
    return E_OK;
}

/* ---- resting --------------------------------------------------------------------------------- */

static bool anybody_rests(struct pace *pace)
{
    for (size_t i = 0; i < MOST_WORKERS; i++)
        if (atomic_load(&pace->busy_since[i]) == IS_RESTING)
            return true;
    return false;
}

/* Before each round while others rest: should this one be held up, one of them takes over. What it
 * leaves to them it looks for as seldom as they would. */
static int call_up(struct ctx *c, struct worker *w)
{
    bool is_left = false;
    if (!anybody_rests(w->pace))
        return E_OK;
    sem_post(&w->pace->call);
    if (w->turn.leaves_slow && when_ticks() - w->asked_at >= OTHERS_SLEEP) {
        w->asked_at = when_ticks();
        TRY(queue_left(c, &w->turn, &is_left));
    }
    if (is_left) {
        atomic_store(&w->pace->is_left, true);
        sem_post(&w->pace->call);
    }
    return E_OK;
}

/* Nobody who is awake is free, nor will be in a moment. */
static bool is_needed(const struct worker *w)
{
    i64 long_ago = when_ticks() - 2 * BETWEEN_TURNS;
    if (!pace_is_even(w->pace) || atomic_exchange(&w->pace->is_left, false))
        return true;
    for (size_t i = 0; i < MOST_WORKERS; i++) {
        i64 since = atomic_load(&w->pace->busy_since[i]);
        if (since == IS_WAITING || since > long_ago)
            return false;
    }
    return true;
}

static void wait_for_call(const struct worker *w)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += OTHERS_SLEEP / SECOND;
    if (sem_clockwait(&w->pace->call, CLOCK_MONOTONIC, &until))
        return;
    while (!sem_trywait(&w->pace->call))
        continue; /* many calls are one, but for those that come while it waits here */
    pause_us(2 * BETWEEN_TURNS);
}

/* Who began a round before they could see that this one rests has called nobody. */
static int rest_until_needed(struct ctx *c, struct worker *w)
{
    TRY(queue_tell(c, &w->turn));
    be(w, IS_RESTING);
    pause_us(2 * BETWEEN_TURNS);
    while (!ending && !is_needed(w)) {
        pg_let_go(c->pg);
        wait_for_call(w);
    }
    w->useful_at = when_ticks();
    return E_OK;
}

/* A look at the clock and a turn: a queue that is never empty does not stop the one, nor the other
 * what that has put off. Sleeps when there is nothing to do. */
static int round_of(struct ctx *c, struct worker *w)
{
    struct turn *t = &w->turn;
    str channel;
    pg_wait(c, 0, &channel); /* what was said until now is what is looked for now */
    fault_clear(c);
    if (!t->is_more)
        be(w, when_ticks()); /* otherwise it still is at what it began with */
    TRY(call_up(c, w));
    lines_watch(c, &w->redis_was_away);
    TRY(look_at_clock(c, w));
    t->wait_us = w->slot && pace_is_even(w->pace) ? OTHERS_SLEEP : LONGEST_SLEEP;
    atomic_store(&w->pace->looked_at, when_ticks());
    TRY(queue_turn(c, t, QUEUE_BATCH));
    if (t->is_more || t->ran || t->events || !pace_is_even(w->pace))
        w->useful_at = when_ticks();
    if (t->is_more || ending)
        return E_OK;
    if (t->ran || t->events) {
        rest(w);
        return E_OK;
    }
    be(w, IS_WAITING);
    i64 patience = w->useful_at + REST_AFTER - when_ticks();
    if (patience <= 0 && !w->slot && pg_has_grown(c->pg)) {
        pg_let_go(c->pg);
        return E_OK; /* the next round begins with a new one, and looks for what was missed */
    }
    if (!w->slot || patience > t->wait_us)
        return wait_for_work(c, w, t->wait_us);
    return patience > 0 ? wait_for_work(c, w, patience) : rest_until_needed(c, w);
}

/* At a worker's start, or after the database went away. What was run before that is done. */
static int begin_again(struct ctx *c, struct turn *t, bool born)
{
    TRY(queue_tell(c, t));
    TRY(queue_take_back(c, born));
    return cron_know(c);
}

static int work(struct app *app, struct worker *w)
{
    struct arena *life = arena_new((size_t)16 << 20), *mem = arena_new(JOB_MEMORY);
    struct pg *pg = app_pg(app, life);
    struct redis *redis = app_redis(app, life);
    struct ctx c;
    pg_named(pg, "talat-work");
    w->turn.ending = &ending;
    app_ctx(app, mem, pg, redis, &c);
    int err = pg_listen(&c, "talat_work"); /* once: each later connection listens by itself */
    for (int n = 0; !ending && n < ROUNDS_OF_LIFE; n++) {
        arena_reset(mem);
        app_ctx(app, mem, pg, redis, &c);
        c.id = S("work");
        c.scope.platform = true;
        if (n == 0 || err)
            err = begin_again(&c, &w->turn, n == 0);
        if (!err)
            err = round_of(&c, w);
        if (err) {
            log_line(&c, LOG_WARN, "work", "result", str_of(err_name(err)), "fault", c.fault.key,
                "detail", c.fault.detail, NULL);
            pause_us(SECOND);
        }
    }
    queue_tell(&c, &w->turn);
    pg_close(pg);
    redis_close(redis);
    return 0;
}

/* ---- who looks after them ------------------------------------------------------------------- */

struct team {
    struct app *app;
    struct pace *pace;
    pid_t pids[MOST_WORKERS]; /* 0: nobody there */
    i64 n;
};

/* They are held back but while they are waited for: one that came in between would be forgotten. */
static sigset_t hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

static void worker_signals(void)
{
    struct sigaction end = { .sa_handler = on_end };
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void start(struct team *t, i64 slot)
{
    struct worker w = { .slot = slot, .pace = t->pace, .useful_at = when_ticks() };
    w.turn = (struct turn){ .pace = t->pace, .leaves_slow = slot == 0 && t->n > 1 };
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        log_line(NULL, LOG_ERROR, "worker_fork", "why", str_of(strerror(errno)), NULL);
    t->pids[slot] = pid > 0 ? pid : 0;
    if (pid)
        return;
    worker_signals();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    metrics_slot(t->app, (int)slot);
    /* The place, not the process: who comes after one that died takes its job up at once. */
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    t->app->worker = str_fmt(t->app->mem, "%s:%d:%d", host, (int)parent, (int)slot);
    _exit(work(t->app, &w));
}

static void start_missing(struct team *t)
{
    for (i64 i = 0; i < t->n; i++)
        if (!t->pids[i])
            start(t, i);
}

static void reap(struct team *t)
{
    int status;
    char number[24];
    for (pid_t gone; (gone = waitpid(-1, &status, WNOHANG)) > 0;)
        for (i64 i = 0; i < t->n; i++) {
            if (t->pids[i] != gone)
                continue;
            t->pids[i] = 0;
            atomic_store(&t->pace->busy_since[i], IS_NOBODY);
            if (WIFEXITED(status) && !WEXITSTATUS(status))
                continue;
            snprintf(number, sizeof number, "%d", (int)gone);
            log_line(NULL, LOG_ERROR, "worker_died", "pid", str_of(number), NULL);
            pause_us(SECOND / 5); /* one that dies at once must not spin */
        }
}

int work_serve(struct app *app)
{
    struct team *t = NEW(app->mem, struct team);
    sigset_t held = hold_signals();
    i64 n = conf_int(app->conf, "work_workers", 2);
    *t = (struct team){ .app = app, .n = n < 1 ? 1 : n > MOST_WORKERS ? MOST_WORKERS : n };
    metrics_open(app, "work", MOST_WORKERS); /* without it the shop works and counts nothing */
    t->pace = mmap(
        NULL, sizeof *t->pace, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t->pace == MAP_FAILED || sem_init(&t->pace->call, 1, 0))
        abort();
    start_missing(t);
    service_tell("READY=1");
    for (int signal = 0; signal != SIGTERM && signal != SIGINT;) {
        signal = sigtimedwait(&held, NULL, &(struct timespec){ .tv_sec = 1 });
        reap(t);
        if (signal != SIGTERM && signal != SIGINT)
            start_missing(t);
    }
    service_tell("STOPPING=1");
    for (i64 i = 0; i < t->n; i++)
        if (t->pids[i]) {
            kill(t->pids[i], SIGTERM);
            sem_post(&t->pace->call);
        }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    return 0;
}
