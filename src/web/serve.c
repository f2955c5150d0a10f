/* serve.c: one pool of workers and who looks after them.
 *
 * The supervisor opens the app and the listening socket, forks the workers and touches no
 * request. A worker that dies is replaced at once, one that no longer answers is killed, one
 * that has served long or grown fat ends by itself. SIGHUP tries the new configuration in a
 * child first, then starts this program anew with the same socket and the same process id; the
 * old workers end when the new ones stand. SIGTERM lets all finish what they are at. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "web/web_in.h"

enum {
    WORKERS_MAX = 128,
    BACKLOG = 1024,
    IDLE_BEAT_S = 25, /* a worker shows itself every second */
    STOP_S = 8,
    REST_S = 8, /* idle for so long, a spare worker lets go of its connection: 10 MB of PostgreSQL's */
    OLD_S = 70, /* how long the workers before a reload may still be busy */
    NO_CHILD = 0,
};
#define LISTEN_ENV "TALAT_LISTEN_FD"
#define OLD_ENV    "TALAT_OLD_WORKERS"

struct beat {                  /* in memory shared with the supervisor */
    _Atomic i64 seen_us;       /* last sign of life */
    _Atomic i64 busy_since_us; /* 0: waiting for a request */
    _Atomic i64 served_us;     /* the last request; 0: it holds no connection to the database */
};
struct worker {
    pid_t pid;
    i64 started_us, not_before_us, pause_us; /* pause: doubles while it dies young */
};
struct pool {
    struct app *app;
    const char *name;
    char *const *argv;
    int listener, n;
    i64 busy_limit_us, recycle, memory_kb;
    int keeps;    /* so many workers stay connected to the database when nobody asks */
    struct beat *beats;
    struct worker workers[WORKERS_MAX];
    pid_t old[WORKERS_MAX]; /* workers from before a reload */
    int n_old;
    i64 old_until_us;
    pid_t trial; /* tries a new configuration */
    i64 beat_us, beaten_us;
    bool stopping, is_told;
};

static void note(const struct pool *p, enum log_level level, const char *what, i64 pid, str why)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, pid);
    log_line(NULL, level, "pool", "pool", str_of(p->name), "what", str_of(what), "pid",
        str_of(number), "why", why, NULL);
}

/* ---- the socket -------------------------------------------------------------------------------
 */

static bool is_alive(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    if (fd >= 0)
        close(fd);
    return alive;
}

/* What its folder has given it already takes no right to give. */
static bool give_to_group(struct app *app, const char *path)
{
    struct stat st;
    str name = conf_str(app->conf, "group", str_none);
    if (!name.n)
        return true;
    const struct group *group = getgrnam(str_c(app->mem, name));
    if (group && !stat(path, &st) && st.st_gid == group->gr_gid)
        return true;
    if (group && chown(path, (uid_t)-1, group->gr_gid) == 0)
        return true;
    fprintf(stderr, "talat-web: group %.*s: %s\n", STR(name),
        group ? str_fmt(app->mem,
                    "%s. Leave it out, and the socket has that of its folder: "
                    "chgrp, chmod g+s",
                    strerror(errno))
                    .p
              : "unknown");
    return false;
}

static int open_socket(struct app *app, const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof at.sun_path) {
        fprintf(stderr, "talat-web: %s: a socket's path ends at 107 bytes\n", path);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (is_alive(&at)) {
        fprintf(stderr, "talat-web: %s: another pool listens there\n", path);
        return -1;
    }
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t before = umask(0117); /* born 0660: nobody gets in before chmod would */
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    umask(before);
    if (!bound || !give_to_group(app, path) || listen(fd, BACKLOG)) {
        fprintf(stderr, "talat-web: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return fd;
}

static str socket_path(const struct pool *p)
{
    struct app *app = p->app;
    str given = conf_str(app->conf, str_fmt(app->mem, "%s_socket", p->name).p, str_none);
    return given.n ? str_dup(app->mem, given)
                   : str_fmt(app->mem, "%.*s/%s.sock", STR(app->run_dir), p->name);
}

/* The socket that was open before the reload, if it is still the one at this path. */
static int inherited_socket(const char *path)
{
    const char *text = getenv(LISTEN_ENV);
    struct sockaddr_un at = { 0 };
    socklen_t n = sizeof at;
    i64 fd;
    if (!text || !str_int(str_of(text), &fd) || fd < 3 || fd > 1 << 20)
        return -1;
    unsetenv(LISTEN_ENV);
    if (getsockname((int)fd, (struct sockaddr *)&at, &n) || strcmp(at.sun_path, path) != 0) {
        close((int)fd);
        return -1;
    }
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    return (int)fd;
}

/* ---- a worker
 * ------------------------------------------------------------------------------------ */

static volatile sig_atomic_t told_to_end;

static void on_end(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* Signals reach a worker only while it waits: so none ever cuts a request in two. */
static sigset_t worker_signals(void)
{
    sigset_t while_waiting, blocked;
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_end }, NULL);
    sigaction(SIGINT, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL); /* ^C: supervisor's */
    sigaction(SIGHUP, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    sigemptyset(&while_waiting);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    return while_waiting;
}

static bool is_fat(const struct pool *p)
{
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 && use.ru_maxrss > p->memory_kb;
}

static void serve_one(struct pool *p, struct beat *beat, int fd, struct arena *mem, struct pg *pg,
    struct redis *redis)
{
    struct fcgi f;
    struct cgi cgi;
    struct answer answer;
    atomic_store(&beat->busy_since_us, when_ticks());
    if (fcgi_read(&f, fd, mem, &cgi)) {
        web_handle(p->app, pg, redis, mem, &cgi, &answer);
        fcgi_write(&f, mem, &answer);
        kept_renew(p->app);
    }
    arena_reset(mem);
    atomic_store(&beat->served_us, when_ticks());
    atomic_store(&beat->busy_since_us, 0);
}

/* Those that served last stay connected: the kernel wakes workers in one order, so a quiet shop is
 * served by the same few, whose plans are made. */
static bool is_spare(const struct pool *p, int slot)
{
    i64 mine = atomic_load(&p->beats[slot].served_us);
    int fresher = 0;
    for (int i = 0; i < p->n; i++) {
        i64 other = atomic_load(&p->beats[i].served_us);
        fresher += other > mine || (other == mine && i < slot);
    }
    return mine && fresher >= p->keeps;
}

static void rest(const struct pool *p, int slot, struct pg *pg)
{
    struct beat *beat = &p->beats[slot];
    bool spare = is_spare(p, slot);
    if (when_ticks() - atomic_load(&beat->served_us) < REST_S * SECOND ||
        !(spare || pg_has_grown(pg)))
        return;
    pg_let_go(pg);
    if (spare)
        atomic_store(&beat->served_us, 0);
    else
        pg_is_up(pg); /* anew, so that whoever comes next need not wait for it */
}

/* Half of the pool does not go at once: each has its own number of requests to live. */
static i64 lifetime(const struct pool *p)
{
    uint32_t dice;
    crypto_random(&dice, sizeof dice);
    return p->recycle - p->recycle / 8 + dice % (p->recycle / 4 + 1);
}

static int work(struct pool *p, int slot)
{
    struct arena *keep = arena_new(16 << 20), *mem = arena_new(REQUEST_MEMORY);
    struct pg *pg = app_pg(p->app, keep);
    struct redis *redis = app_redis(p->app, keep);
    struct beat *beat = &p->beats[slot];
    pg_named(pg, str_c(keep, str_fmt(keep, "talat-web %s", p->name)));
    sigset_t while_waiting = worker_signals();
    struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, p->listener, &event))
        return 1;
    fcgi_start();
    kept_pool(p->app);
    metrics_slot(p->app, slot);
    metric_add(p->app, "worker_starts_total", 1);
    for (i64 left = lifetime(p); left > 0 && !told_to_end && !is_fat(p);) {
        atomic_store(&beat->seen_us, when_ticks());
        if (epoll_pwait(poller, &event, 1, 1000, &while_waiting) <= 0) {
            rest(p, slot, pg);
            continue;
        }
        int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue; /* another worker was faster */
        serve_one(p, beat, fd, mem, pg, redis);
        left--;
    }
    pg_close(pg);
    redis_close(redis);
    return 0;
}

/* ---- the supervisor's workers
 * ------------------------------------------------------------------------ */

static void start_worker(struct pool *p, int slot)
{
    pid_t parent = getpid();
    i64 now = when_ticks();
    atomic_store(&p->beats[slot].seen_us, 0);
    atomic_store(&p->beats[slot].busy_since_us, 0);
    atomic_store(&p->beats[slot].served_us, 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(0);
        _exit(work(p, slot));
    }
    if (pid < 0) {
        note(p, LOG_ERROR, "fork", 0, str_of(strerror(errno)));
        p->workers[slot].not_before_us = now + SECOND;
        return;
    }
    p->workers[slot].pid = pid;
    p->workers[slot].started_us = now;
}

static void start_missing(struct pool *p)
{
    i64 now = when_ticks();
    for (int i = 0; i < p->n && !p->stopping; i++)
        if (p->workers[i].pid == NO_CHILD && p->workers[i].not_before_us <= now)
            start_worker(p, i);
}

/* The first death is mended at once; who dies young again and again waits longer each time. */
static void mourn(struct pool *p, struct worker *w, int status)
{
    i64 now = when_ticks();
    bool young = now - w->started_us < 2 * SECOND, well = WIFEXITED(status) && !WEXITSTATUS(status);
    char why[64];
    if (!well) {
        snprintf(why, sizeof why, WIFSIGNALED(status) ? "signal %d" : "exit %d",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        note(p, p->stopping ? LOG_INFO : LOG_ERROR, "died", w->pid, str_of(why));
        metric_add(p->app, "worker_deaths_total", 1);
    }
    w->pid = NO_CHILD;
    w->pause_us = well || !young ? 0 : w->pause_us ? w->pause_us * 2 : 50000;
    if (w->pause_us > 5 * SECOND)
        w->pause_us = 5 * SECOND;
    w->not_before_us = now + w->pause_us;
}

static void kill_hung(struct pool *p)
{
    i64 now = when_ticks();
    for (int i = 0; i < p->n; i++) {
        i64 busy = atomic_load(&p->beats[i].busy_since_us);
        i64 seen = atomic_load(&p->beats[i].seen_us);
        if (seen == 0)
            seen = p->workers[i].started_us;
        i64 quiet =
            p->busy_limit_us < IDLE_BEAT_S * SECOND ? p->busy_limit_us : IDLE_BEAT_S * SECOND;
        bool hung = busy ? now - busy > p->busy_limit_us : now - seen > quiet;
        if (p->workers[i].pid == NO_CHILD || !hung)
            continue;
        note(p, LOG_ERROR, "hung", p->workers[i].pid,
            busy ? S("a request too long") : S("no sign of life"));
        metric_add(p->app, "worker_hung_total", 1);
        kill(p->workers[i].pid, SIGKILL);
    }
}

/* ---- reload
 * ---------------------------------------------------------------------------------------------- */

static const char *program(const struct pool *p)
{
    return strchr(p->argv[0], '/') ? p->argv[0] : "/proc/self/exe";
}

/* A child opens everything the new configuration names; only when it can do we change. */
static void start_trial(struct pool *p)
{
    if (p->trial)
        return;
    char *argv[32] = { p->argv[0], (char *)(uintptr_t) "--check" };
    int n = 2;
    for (int i = 1; p->argv[i] && n < 31; i++)
        argv[n++] = p->argv[i];
    note(p, LOG_INFO, "reload", getpid(), S("trying the configuration"));
    fflush(NULL);
    p->trial = fork();
    if (p->trial == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(program(p), argv);
        _exit(127);
    }
    if (p->trial < 0)
        p->trial = 0;
}

static void become_new(struct pool *p)
{
    struct buf old = buf_new(p->app->mem, 4096);
    for (int i = 0; i < p->n; i++)
        if (p->workers[i].pid != NO_CHILD)
            buf_fmt(&old, "%s%d", old.n ? "," : "", (int)p->workers[i].pid);
    for (int i = 0; i < p->n_old; i++)
        buf_fmt(&old, "%s%d", old.n ? "," : "", (int)p->old[i]);
    setenv(LISTEN_ENV, str_fmt(p->app->mem, "%d", p->listener).p, 1);
    setenv(OLD_ENV, str_c(p->app->mem, buf_str(&old)), 1);
    fcntl(p->listener, F_SETFD, 0);
    service_tell("RELOADING=1");
    execv(program(p), p->argv);
    fcntl(p->listener, F_SETFD, FD_CLOEXEC);
    unsetenv(LISTEN_ENV);
    unsetenv(OLD_ENV);
    service_tell("READY=1");
    note(p, LOG_ERROR, "reload refused", getpid(), str_of(strerror(errno)));
}

static void end_trial(struct pool *p, int status)
{
    p->trial = 0;
    if (p->stopping) /* a new one would serve on, with a socket that has no name any more */
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        become_new(p);
    else
        note(p, LOG_ERROR, "reload refused", getpid(),
            S("the new configuration does not start; the old workers go on"));
}

static void read_old(struct pool *p)
{
    str rest = str_of(getenv(OLD_ENV)), one;
    i64 pid;
    while (rest.n && str_cut(&rest, ',', &one))
        if (str_int(one, &pid) && pid > 1 && p->n_old < WORKERS_MAX)
            p->old[p->n_old++] = (pid_t)pid;
    unsetenv(OLD_ENV);
}

static bool all_stand(const struct pool *p)
{
    for (int i = 0; i < p->n; i++)
        if (atomic_load(&p->beats[i].seen_us) == 0)
            return false;
    return true;
}

/* The old ones are told when every new one has shown itself; late ones are killed. */
static void end_old(struct pool *p)
{
    if (p->n_old == 0)
        return;
    i64 now = when_ticks();
    if (p->old_until_us == 0) {
        if (!all_stand(p))
            return;
        p->old_until_us = now + OLD_S * SECOND;
        for (int i = 0; i < p->n_old; i++)
            kill(p->old[i], SIGTERM);
        note(p, LOG_INFO, "reloaded", getpid(), S("new workers stand"));
    }
    for (int i = 0; now > p->old_until_us && i < p->n_old; i++)
        kill(p->old[i], SIGKILL);
}

/* ---- the supervisor's days
 * ----------------------------------------------------------------------------------- */

static void reap(struct pool *p)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == p->trial)
            end_trial(p, status);
        for (int i = 0; i < p->n; i++)
            if (p->workers[i].pid == pid)
                mourn(p, &p->workers[i], status);
        for (int i = 0; i < p->n_old; i++)
            if (p->old[i] == pid)
                p->old[i--] = p->old[--p->n_old];
    }
}

static void tell_all(struct pool *p, int signal)
{
    for (int i = 0; i < p->n; i++)
        if (p->workers[i].pid != NO_CHILD)
            kill(p->workers[i].pid, signal);
    for (int i = 0; i < p->n_old; i++)
        kill(p->old[i], signal);
}

static bool has_workers(const struct pool *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->workers[i].pid != NO_CHILD)
            return true;
    return p->n_old > 0;
}

static sigset_t supervisor_signals(void)
{
    static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        sigaction(wanted[i], &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
        sigaddset(&set, wanted[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static void stop(struct pool *p, const sigset_t *signals, const char *path)
{
    i64 until = when_ticks() + STOP_S * SECOND;
    p->stopping = true;
    service_tell("STOPPING=1");
    unlink(path); /* nginx says busy from here on */
    tell_all(p, SIGTERM);
    if (p->trial)
        kill(p->trial, SIGTERM);
    while (has_workers(p)) {
        sigtimedwait(signals, NULL, &(struct timespec){ 0, 100 * 1000 * 1000 });
        reap(p);
        if (when_ticks() > until)
            tell_all(p, SIGKILL);
    }
    note(p, LOG_INFO, "ended", getpid(), str_none);
}

/* systemd hears that the pool answers, and then that its supervisor is not stuck. */
static void tell_systemd(struct pool *p)
{
    i64 now = when_ticks();
    if (!p->is_told && all_stand(p)) {
        service_tell("READY=1");
        p->is_told = true;
        p->beat_us = service_beat_us();
    }
    if (p->beat_us && now - p->beaten_us >= p->beat_us) {
        service_tell("WATCHDOG=1");
        p->beaten_us = now;
    }
}

static void watch_over(struct pool *p, const sigset_t *signals)
{
    for (;;) {
        start_missing(p);
        int signal = sigtimedwait(signals, NULL, &(struct timespec){ 0, 250 * 1000 * 1000 });
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP)
            start_trial(p);
        reap(p);
        kill_hung(p);
        end_old(p);
        tell_systemd(p);
    }
}

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

int pool_workers(const struct conf *conf, bool slow)
{
    i64 n = 2 * cores();
    if (slow && n < 4)
        n = 4;
    i64 wanted = conf_int(conf, slow ? "slow_workers" : "web_workers", 0);
    n = wanted > 0 ? wanted : n;
    return (int)(n > WORKERS_MAX ? WORKERS_MAX : n < 1 ? 1 : n);
}

static bool read_sizes(struct pool *p)
{
    const struct conf *conf = p->app->conf;
    bool slow = strcmp(p->name, "slow") == 0;
    p->n = pool_workers(conf, slow);
    p->keeps = slow ? 0 : cores();
    p->busy_limit_us =
        conf_int(conf, slow ? "slow_limit_s" : "web_limit_s", slow ? 58 : 28) * SECOND;
    p->recycle = conf_int(conf, "recycle", 20000);
    p->memory_kb = conf_int(conf, "worker_memory_mb", 256) * 1024;
    if (p->recycle < 1)
        p->recycle = 1;
    p->beats = mmap(NULL, sizeof(struct beat) * WORKERS_MAX, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p->beats != MAP_FAILED;
}

int web_serve(struct app *app, const char *name, char *const *argv)
{
    struct pool *p = NEW(app->mem, struct pool);
    *p = (struct pool){ .app = app, .name = name, .argv = argv };
    str path = socket_path(p);
    sigset_t signals = supervisor_signals();
    read_old(p);
    p->listener = inherited_socket(path.p);
    if (p->listener < 0)
        p->listener = open_socket(app, path.p);
    if (p->listener < 0 || !read_sizes(p))
        return 1;
    if (!metrics_open(app, name, WORKERS_MAX))
        note(p, LOG_WARN, "metrics", getpid(), S("no file in run_dir: not counted"));
    note(p, LOG_INFO, "serves", getpid(), path);
    watch_over(p, &signals);
    stop(p, &signals, path.p);
    return 0;
}
