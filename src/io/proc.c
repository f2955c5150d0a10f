#include "io/io.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_CEILING (64u << 10)
#define FILE_CEILING   (64u << 20)
#define FILES_CEILING  64

static void limit(int what, rlim_t value)
{
    struct rlimit now;
    if (!getrlimit(what, &now) && now.rlim_max < value)
        value = now.rlim_max;
    setrlimit(what, &(struct rlimit){ value, value });
}

/* In the child, between fork and exec: only what is safe there. It dies with its parent,
 * leads a group of its own, and keeps no file of ours. */
static void become(const struct proc_call *call, int out, int err)
{
    const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "VIPS_CONCURRENCY=1",
        "MALLOC_ARENA_MAX=1", call->env, NULL };
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(out, 1);
    dup2(err, 2);
    close_range(3, ~0u, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, FILES_CEILING);
    limit(RLIMIT_FSIZE, call->largest_file ? call->largest_file : FILE_CEILING);
    if (call->cpu_s)
        limit(RLIMIT_CPU, (rlim_t)call->cpu_s);
    if (call->memory)
        limit(RLIMIT_AS, call->memory);
    execve(call->argv[0], (char *const *)(uintptr_t)call->argv, (char *const *)(uintptr_t)env);
    _exit(127);
}

/* Reads both pipes to their ends or the deadline; past the ceiling output is dropped. */
static bool listen_to(int fds[2], struct buf *bufs[2], i64 deadline)
{
    char piece[4096];
    while (fds[0] >= 0 || fds[1] >= 0) {
        struct pollfd on[2] = { { .fd = fds[0], .events = POLLIN },
            { .fd = fds[1], .events = POLLIN } };
        i64 left = deadline - when_ticks();
        if (left <= 0)
            return false;
        if (poll(on, 2, (int)(left / 1000) + 1) < 0 && errno != EINTR)
            return false;
        for (int i = 0; i < 2; i++) {
            if (fds[i] < 0 || !on[i].revents)
                continue;
            ssize_t n = read(fds[i], piece, sizeof piece);
            if (n > 0) {
                buf_add(bufs[i], (str){ piece, (size_t)n });
            } else if (n == 0 || errno != EINTR) {
                close(fds[i]);
                fds[i] = -1;
            }
        }
    }
    return true;
}

static int collect(pid_t child, bool in_time, i64 deadline)
{
    int status = 0;
    for (;;) {
        pid_t done = waitpid(child, &status, in_time ? WNOHANG : 0);
        if (done == child)
            break;
        if (done < 0 && errno != EINTR)
            return 127;
        if (done == 0 && when_ticks() > deadline) { /* it closed its output and goes on */
            kill(-child, SIGKILL);
            in_time = false;
        } else if (done == 0) {
            nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int proc_run(struct ctx *c, const struct proc_call *call, struct proc_result *result)
{
    const char *const *argv = call->argv;
    const char *kept = call->keeps ? getenv(call->keeps) : NULL;
    struct proc_call with = *call;
    int out[2], err[2];
    if (kept)
        with.env = str_fmt(c->mem, "%s=%s", call->keeps, kept).p;
    *result = (struct proc_result){ .status = 127 };
    if (pipe2(out, O_CLOEXEC))
        return fail_detail(c, E_INTERNAL, "proc.pipe", "no pipe for %s", argv[0]);
    if (pipe2(err, O_CLOEXEC)) {
        close(out[0]);
        close(out[1]);
        return fail_detail(c, E_INTERNAL, "proc.pipe", "no pipe for %s", argv[0]);
    }
    struct buf heard = buf_new(c->mem, OUTPUT_CEILING), moaned = buf_new(c->mem, OUTPUT_CEILING);
    pid_t child = fork();
    if (child == 0)
        become(&with, out[1], err[1]);
    if (child > 0)
        setpgid(child, child); /* here as well: its time may be over before it has run at all */
    close(out[1]);
    close(err[1]);
    if (child < 0) {
        close(out[0]);
        close(err[0]);
        return fail_detail(c, E_INTERNAL, "proc.fork", "no process for %s", argv[0]);
    }
    i64 deadline = when_ticks() + call->wall_us;
    int fds[2] = { out[0], err[0] };
    bool in_time = listen_to(fds, (struct buf *[2]){ &heard, &moaned }, deadline);
    if (!in_time)
        kill(-child, SIGKILL);
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    result->status = collect(child, in_time, deadline);
    result->out = buf_str(&heard);
    result->err = buf_str(&moaned);
    if (!in_time)
        return fail_detail(
            c, E_INTERNAL, "proc.slow", "%s took over %" PRId64 " ms", argv[0], call->wall_us / 1000);
    return E_OK;
}
