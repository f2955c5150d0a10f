/* fcgi.c: the bytes of a connection from nginx, or from whoever else reaches the socket. They
 * come through a pair of sockets, so that libfcgi and our look before it read them as ever. */
#include "t/fuzz/fuzz.h"
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 120 << 10, SLOW_MS = 1000 };

/* libfcgi forgets 48 bytes for each record of management (id 0) that it meets between those of a
 * body; nginx sends none. Only its leaks are passed over. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfcgi.so\n"; }

static i64 now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void check_request(const struct cgi *cgi)
{
    holds(cgi->n <= 400);
    for (size_t i = 0; i < cgi->n; i++) {
        holds(cgi->names[i].n && !memchr(cgi->names[i].p, '=', cgi->names[i].n));
        holds(!cgi->values[i].n || !memchr(cgi->values[i].p, '\0', cgi->values[i].n));
    }
    holds((i64)cgi->body.n == cgi->body_length || cgi->body_length > BODY_BIG);
}

/* Whoever sent it sends no more: nothing is waited for. */
FUZZ(fcgi)
{
    static bool started;
    int pair[2];
    struct fcgi f = { 0 };
    struct cgi cgi = { 0 };
    struct answer answer = {
        .status = 200, .headers = node_list(c->mem), .body = buf_new(c->mem, 1000)
    };
    if (!started)
        fcgi_start();
    started = true;
    holds(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    if (input.n > MOST)
        input = str_upto(input, MOST);
    holds(send(pair[0], input.p, input.n, MSG_NOSIGNAL) == (ssize_t)input.n);
    shutdown(pair[0], SHUT_WR);
    i64 since = now_ms();
    buf_add(&answer.body, S("hello"));
    if (fcgi_read(&f, pair[1], c->mem, &cgi)) {
        check_request(&cgi);
        fcgi_write(&f, c->mem, &answer);
        char room[64];
        holds(recv(pair[0], room, sizeof room, 0) > 8 && room[0] == 1);
    }
    holds(now_ms() - since < SLOW_MS);
    close(pair[0]);
}
