/* talat-work: a few processes, each reading the outbox, the clock and the queue in turn and
 * sleeping on LISTEN in between. One that dies is replaced; SIGTERM lets each finish its job. */
#include "work/work_in.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_WORKERS   16
#define LONGEST_SLEEP  (30 * SECOND) /* the net under LISTEN: an idle shop asks this seldom */
#define EVENTS_A_BATCH 200
#define JOBS_A_ROUND   100
#define JOB_MEMORY     ((size_t)64 << 20)
#define ROUNDS_OF_LIFE 20000 /* then a fresh process takes over */

static volatile sig_atomic_t ending;
static void on_end(int sig)
{
    (void)sig;
    ending = 1;
}

/* Everything that is due, until nothing is or it is time to end; *more: there may be more. The
 * clock is looked at after each round, or a queue that is never empty would stop it. */
static int round_of(struct ctx *c, bool *more)
{
    i64 events;
    *more = true;
    TRY(outbox_read(c, EVENTS_A_BATCH, &events));
    for (int n = 0; *more && n < JOBS_A_ROUND && !ending; n++)
        TRY(queue_run_one(c, more));
    *more |= events > 0;
    return cron_run_due(c);
}

static void pause_us(i64 us)
{
    struct timespec t = { us / SECOND, us % SECOND * 1000 };
    nanosleep(&t, NULL);
}

static int sleep_until_due(struct ctx *c)
{
    i64 wait;
    str channel;
    TRY(cron_wait_us(c, LONGEST_SLEEP, &wait));
    TRY(queue_wait_us(c, wait, &wait));
    return wait && !ending ? pg_wait(c, wait, &channel) : E_OK;
}

/* At a worker's start, or after the database went away. */
static int begin_again(struct ctx *c, bool born)
{
    TRY(queue_take_back(c, born));
    return cron_know(c);
}

static int work(struct app *app)
{
    struct arena *life = arena_new((size_t)16 << 20), *mem = arena_new(JOB_MEMORY);
    struct pg *pg = app_pg(app, life);
    struct redis *redis = app_redis(app, life);
    struct ctx c;
    app_ctx(app, mem, pg, redis, &c);
    int err = pg_listen(&c, "talat_work"); /* once: each later connection listens by itself */
    for (int n = 0; !ending && n < ROUNDS_OF_LIFE; n++) {
        bool more = false;
        arena_reset(mem);
        app_ctx(app, mem, pg, redis, &c);
        c.id = S("work");
        c.scope.platform = true;
        if (n == 0 || err)
            err = begin_again(&c, n == 0);
        if (!err)
            err = round_of(&c, &more);
        if (!err && !more)
            err = sleep_until_due(&c);
        if (err) {
            log_line(&c, LOG_WARN, "work", "result", str_of(err_name(err)), "fault", c.fault.key,
                "detail", c.fault.detail, NULL);
            pause_us(SECOND);
        }
    }
    pg_close(pg);
    redis_close(redis);
    return 0;
}

static pid_t start(struct app *app, i64 slot)
{
    pid_t parent = getpid(), pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    metrics_slot(app, (int)slot);
    /* The place, not the process: who comes after one that died takes its job up at once. */
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    app->worker = str_fmt(app->mem, "%s:%d:%d", host, (int)parent, (int)slot);
    _exit(work(app));
}

int work_serve(struct app *app)
{
    struct sigaction end = { .sa_handler = on_end };
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    signal(SIGPIPE, SIG_IGN);
    i64 n = conf_int(app->conf, "work_workers", 2);
    n = n < 1 ? 1 : n > MOST_WORKERS ? MOST_WORKERS : n;
    metrics_open(app, "work", MOST_WORKERS); /* without it the shop works and counts nothing */
    pid_t pids[MOST_WORKERS];
    for (i64 i = 0; i < n; i++)
        pids[i] = start(app, i);
    service_tell("READY=1");
    while (!ending) {
        int status;
        pid_t gone = waitpid(-1, &status, 0);
        for (i64 i = 0; gone > 0 && !ending && i < n; i++) {
            if (pids[i] != gone)
                continue;
            if (!WIFEXITED(status) || WEXITSTATUS(status)) {
                log_line(NULL, LOG_ERROR, "worker_died", "pid", str_fmt(app->mem, "%d", (int)gone),
                    NULL);
                pause_us(SECOND / 5); /* one that dies at once must not spin */
            }
            pids[i] = start(app, i);
        }
    }
    service_tell("STOPPING=1");
    for (i64 i = 0; i < n; i++)
        kill(pids[i], SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    return 0;
}
