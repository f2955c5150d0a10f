/* fcgi.c: the only door to libfcgi. One connection carries one request.
 *
 * libfcgi reads a blocking socket, allocates what a record claims, and lingers when it closes:
 * a peer that sends half a header holds it for ever. So it is given a socket only after we have
 * looked at what waits there (a whole, well-formed list of parameters, of a size we accept), a
 * watchdog shuts the socket down when reading the rest takes too long, and the answer is
 * written here, in one go. */
#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "web/web_in.h"

enum {
    HEAD_MAX = 96 << 10, /* bytes up to the end of the parameters */
    PARAMS_MAX = 8000,   /* more than nginx's own limits let through; the gate refuses far less */
    READ_S = 5,          /* a whole request must have come by then */
    WRITE_S = 10,
    RECORD_MAX = 0xFFFF,
    FCGI_HEAD = 8,
    DRAIN_MAX = 64 << 20, /* of a body too large to keep: read away, so that nginx hears us */
};
enum { BEGIN = 1, END = 3, PARAMS = 4, STDOUT = 6 }; /* record types */

/* ---- the watchdog --------------------------------------------------------------------------- */

static volatile sig_atomic_t watched = -1;

static void bark(int signal)
{
    (void)signal;
    if (watched >= 0)
        shutdown(watched, SHUT_RDWR); /* whoever reads or writes there is told the end */
}

static void watch(int fd, int seconds)
{
    watched = fd;
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { seconds, 0 } }, NULL);
}

static void unwatch(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    watched = -1;
}

void fcgi_start(void)
{
    FCGX_Init();
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = bark, .sa_flags = SA_RESTART }, NULL);
}

/* ---- looking before reading --------------------------------------------------------------------
 */

enum seen { WHOLE, PART, NONSENSE };

/* Four bytes when the first bit is set, else one. False: they are not all there. */
static bool take_length(str *rest, size_t *n)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    if (rest->n == 0)
        return false;
    if (p[0] < 0x80) {
        *n = p[0];
        *rest = str_from(*rest, 1);
        return true;
    }
    if (rest->n < 4)
        return false;
    *n = ((size_t)(p[0] & 0x7F) << 24) | ((size_t)p[1] << 16) | ((size_t)p[2] << 8) | p[3];
    *rest = str_from(*rest, 4);
    return true;
}

static bool are_params(str rest)
{
    size_t name, value, count = 0;
    while (rest.n) {
        if (!take_length(&rest, &name) || !take_length(&rest, &value))
            return false;
        if (name == 0 || name > rest.n || value > rest.n - name || ++count > PARAMS_MAX)
            return false;
        if (memchr(rest.p, '\0', name + value) || memchr(rest.p, '=', name))
            return false;
        rest = str_from(rest, name + value);
    }
    return true;
}

/* One BEGIN of a responder, then the PARAMS of the same id and their end: nothing else is what
 * nginx sends. What comes after is left to the body's reader. */
static enum seen look_at(str waiting, struct buf *params)
{
    int id = -1;
    params->n = 0;
    while (waiting.n >= FCGI_HEAD) {
        const unsigned char *p = (const unsigned char *)waiting.p;
        size_t length = ((size_t)p[4] << 8) | p[5], whole = FCGI_HEAD + length + p[6];
        int this = (p[2] << 8) | p[3];
        if (p[0] != 1 || this == 0 || p[1] != (id < 0 ? BEGIN : PARAMS) || (id >= 0 && this != id))
            return NONSENSE;
        if (id < 0 && length != 8)
            return NONSENSE;
        if (p[6] && (id < 0 || length == 0)) /* padding there is more than libfcgi can skip */
            return NONSENSE;
        if (waiting.n < whole)
            return PART;
        if (id < 0 && (p[8] != 0 || p[9] != 1)) /* role: responder */
            return NONSENSE;
        if (id >= 0 && length == 0)
            return are_params(buf_str(params)) ? WHOLE : NONSENSE;
        if (id >= 0)
            buf_add(params, (str){ waiting.p + FCGI_HEAD, length });
        id = this;
        waiting = str_from(waiting, whole);
    }
    return PART;
}

static bool has_left(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* True when libfcgi may read: up to the end of the parameters all is there and in order. */
static bool is_welcome(int fd, struct arena *mem)
{
    char *room = arena_raw(mem, HEAD_MAX);
    struct buf params = buf_new(mem, HEAD_MAX);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    if (poll(&p, 1, READ_S * 1000) <= 0)
        return false;
    for (int waited_ms = 0, step = 1; waited_ms < READ_S * 1000; waited_ms += step) {
        ssize_t n = recv(fd, room, HEAD_MAX, MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
            return false;
        enum seen seen = look_at((str){ room, (size_t)n }, &params);
        if (seen != PART)
            return seen == WHOLE;
        if (n == HEAD_MAX || has_left(fd))
            return false;
        step = step < 20 ? step * 2 : 20; /* nginx sends it all at once: this hardly happens */
        poll(NULL, 0, step);
    }
    return false;
}

/* ---- reading
 * -------------------------------------------------------------------------------------- */

static void copy_params(FCGX_Request *request, struct arena *mem, struct cgi *cgi)
{
    size_t n = 0;
    while (request->envp[n])
        n++;
    str *names = NEWS(mem, str, n + 1), *values = NEWS(mem, str, n + 1);
    for (size_t i = 0; i < n; i++) {
        str pair = str_dup(mem, str_of(request->envp[i]));
        i64 at = str_find(pair, S("="));
        names[i] = str_upto(pair, at < 0 ? pair.n : (size_t)at);
        values[i] = at < 0 ? str_none : str_from(pair, (size_t)at + 1);
    }
    cgi->names = names;
    cgi->values = values;
    cgi->n = n;
}

static str param(const struct cgi *cgi, const char *name)
{
    for (size_t i = 0; i < cgi->n; i++)
        if (str_is(cgi->names[i], name))
            return cgi->values[i];
    return str_none;
}

static bool drain(FCGX_Stream *in, struct arena *mem)
{
    struct mark mark = arena_mark(mem);
    char *scratch = arena_raw(mem, 64 << 10);
    int n;
    i64 total = 0;
    while ((n = FCGX_GetStr(scratch, 64 << 10, in)) > 0 && total < DRAIN_MAX)
        total += n;
    arena_rewind(mem, mark);
    return FCGX_GetError(in) == 0;
}

/* Exactly as long as announced, and then the end. */
static bool read_body(FCGX_Request *request, struct arena *mem, struct cgi *cgi)
{
    str announced = param(cgi, "CONTENT_LENGTH");
    i64 length = 0;
    if (announced.n && (!str_int(announced, &length) || length < 0))
        return false;
    cgi->body_length = length;
    if (length > BODY_BIG)
        return drain(request->in, mem);
    char *body = arena_raw(mem, (size_t)length + 1);
    if (length && FCGX_GetStr(body, (int)length, request->in) != (int)length)
        return false;
    body[length] = '\0';
    cgi->body = (str){ body, (size_t)length };
    return FCGX_GetChar(request->in) == EOF && FCGX_GetError(request->in) == 0;
}

/* False: *fd is -1 when libfcgi has closed it itself. */
static bool take(struct fcgi *f, int *fd, struct arena *mem, struct cgi *cgi)
{
    FCGX_Request request;
    FCGX_InitRequest(&request, -1, 0); /* no listening socket: it never accepts by itself */
    request.ipcFd = *fd;
    request.keepConnection = 1; /* or it would close the socket before it has read it */
    if (FCGX_Accept_r(&request) != 0) {
        *fd = -1;
        return false;
    }
    f->fd = *fd;
    f->id = request.requestId;
    copy_params(&request, mem, cgi);
    bool whole = read_body(&request, mem, cgi);
    FCGX_Free(&request, 0);
    return whole;
}

bool fcgi_read(struct fcgi *f, int fd, struct arena *mem, struct cgi *cgi)
{
    struct timeval patience = { READ_S, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    *cgi = (struct cgi){ 0 };
    watch(fd, READ_S);
    bool ok = is_welcome(fd, mem) && take(f, &fd, mem, cgi);
    unwatch();
    if (!ok && fd >= 0)
        close(fd);
    return ok;
}

/* ---- writing
 * --------------------------------------------------------------------------------------- */

static void add_head(struct buf *heads, struct iovec *iov, int type, int id, size_t length)
{
    unsigned char head[FCGI_HEAD] = { 1, (unsigned char)type, (unsigned char)(id >> 8),
        (unsigned char)id, (unsigned char)(length >> 8), (unsigned char)length, 0, 0 };
    iov->iov_base = heads->p + heads->n;
    iov->iov_len = FCGI_HEAD;
    buf_add(heads, (str){ (char *)head, FCGI_HEAD });
}

static bool send_all(int fd, struct iovec *iov, size_t n)
{
    while (n) {
        struct msghdr message = { .msg_iov = iov, .msg_iovlen = n < 1024 ? n : 1024 };
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false; /* the peer has gone, or does not read: nobody is left to tell */
        size_t left = (size_t)sent;
        for (; n && left >= iov->iov_len; n--)
            left -= (iov++)->iov_len;
        if (n) {
            iov->iov_base = (char *)iov->iov_base + left;
            iov->iov_len -= left;
        }
    }
    return true;
}

static str head_text(struct arena *mem, const struct answer *answer)
{
    struct buf out = buf_new(mem, 64 << 10);
    buf_fmt(&out, "Status: %d%s\r\n", answer->status, answer->status == 200 ? " OK" : "");
    EACH(item, answer->headers) {
        str name = node_str(&item->node, "name"), value = node_str(&item->node, "value");
        buf_fmt(&out, "%.*s: %.*s\r\n", STR(name), STR(value));
    }
    buf_add(&out, S("\r\n"));
    return buf_str(&out);
}

void fcgi_write(struct fcgi *f, struct arena *mem, const struct answer *answer)
{
    str parts[2] = { head_text(mem, answer), buf_str(&answer->body) };
    size_t records = parts[0].n / RECORD_MAX + parts[1].n / RECORD_MAX + 4, n = 0;
    struct iovec *iov = NEWS(mem, struct iovec, records * 2 + 2);
    struct buf heads = buf_new(mem, records * FCGI_HEAD + 64);
    heads.p = arena_raw(mem, records * FCGI_HEAD + 64); /* iov points into it: it may not move */
    heads.room = records * FCGI_HEAD + 64;
    for (size_t i = 0; i < COUNT(parts); i++)
        while (parts[i].n) {
            str part = str_upto(parts[i], RECORD_MAX);
            add_head(&heads, &iov[n++], STDOUT, f->id, part.n);
            iov[n++] = (struct iovec){ (char *)(uintptr_t)part.p, part.n };
            parts[i] = str_from(parts[i], part.n);
        }
    add_head(&heads, &iov[n++], STDOUT, f->id, 0);
    add_head(&heads, &iov[n++], END, f->id, 8);
    iov[n++] = (struct iovec){ (char[8]){ 0 }, 8 };
    watch(f->fd, WRITE_S);
    send_all(f->fd, iov, n);
    unwatch();
    close(f->fd);
}
