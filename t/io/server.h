/* server: a small server in a process of its own, for the tests of what goes out.
 *
 * serve() listens on a free port of 127.0.0.1, or on a unix socket, and calls `talk` for one
 * connection after the other; it ends with the test. Nothing here is HTTP. */
#pragma once
#include "t/t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int port;
};

static inline void server_stop(struct server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

static inline struct server *serve(const char *unix_path, void (*talk)(int fd))
{
    struct server *s = NEW(t_ctx()->mem, struct server);
    int fd = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    if (unix_path)
        strncpy(un.sun_path, unix_path, sizeof un.sun_path - 1);
    socklen_t n = unix_path ? sizeof un : sizeof in;
    if (bind(fd, unix_path ? (void *)&un : (void *)&in, n) || listen(fd, 8))
        abort();
    if (!unix_path && !getsockname(fd, (void *)&in, &n))
        s->port = ntohs(in.sin_port);
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        for (;;) {
            int one = accept(fd, NULL, NULL);
            if (one >= 0) {
                talk(one);
                close(one);
            }
        }
    }
    close(fd);
    DEFER(t_ctx()->mem, server_stop, s);
    return s;
}

static inline void tell(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        close(fd);
}

/* Reads until `end` was seen (and `more` bytes after it); what was read, NUL-ended. */
static inline size_t hear_until(int fd, char *room, size_t size, const char *end, size_t more)
{
    size_t n = 0;
    const char *at = NULL;
    while (n + 1 < size && !((at = strstr(room, end)) && room + n >= at + strlen(end) + more)) {
        ssize_t got = read(fd, room + n, size - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        room[n] = 0;
    }
    return n;
}
