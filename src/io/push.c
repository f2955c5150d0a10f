#include "io/io.h"

/* nginx answers over its inner socket in well under a millisecond, or is gone. */
#define CONNECT_US (500 * 1000)
#define TELL_US    (1 * SECOND)
#define RENDER_US  (2 * SECOND)

/* What nginx's push.conf takes as a channel's name. */
static bool is_channel(str channel)
{
    if (!channel.n || channel.n > 120)
        return false;
    for (size_t i = 0; i < channel.n; i++) {
        char ch = channel.p[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
            (ch >= '0' && ch <= '9') || (ch && strchr("_./-", ch));
        if (!ok)
            return false;
    }
    return true;
}

/* `at`: a socket's path, or host:port of a machine in the same private network. */
static int inner_within(struct ctx *c, i64 total_us, str at, const char *method, str path,
    const str *headers, size_t n, str body, struct http_answer *answer)
{
    bool is_socket = str_starts(at, S("/"));
    struct http_call call = {
        .method = method,
        .url = is_socket ? str_fmt(c->mem, "http://inner%.*s", STR(path))
                         : str_fmt(c->mem, "http://%.*s%.*s", STR(at), STR(path)),
        .body = body,
        .headers = headers,
        .n_headers = n,
        .unix_socket = is_socket ? str_c(c->mem, at) : NULL,
        .flags = is_socket ? 0 : HTTP_PRIVATE_OK,
        .connect_us = CONNECT_US,
        .total_us = total_us,
    };
    return http_call(c, &call, answer);
}

static int inner(struct ctx *c, str at, const char *method, str path, const str *headers, size_t n,
    str body, struct http_answer *answer)
{
    return inner_within(c, TELL_US, at, method, path, headers, n, body, answer);
}

static int channel_path(struct ctx *c, str channels, str *path)
{
    str rest = channels, one;
    bool good = channels.n;
    for (int n = 1; str_cut(&rest, ',', &one); n++)
        good = good && n <= PUSH_MOST && is_channel(one);
    if (!good)
        return fail_detail(c, E_INTERNAL, "push.channel", "not a channel name");
    *path = str_fmt(c->mem, "/pub/%.*s", STR(channels));
    return E_OK;
}

int push_send(struct ctx *c, str at, str channels, str event, str body)
{
    str path, headers[2] = { S("Content-Type: text/plain; charset=utf-8") };
    struct http_answer got;
    TRY(channel_path(c, channels, &path));
    if (event.n)
        headers[1] = str_fmt(c->mem, "X-EventSource-Event: %.*s", STR(event));
    TRY(inner(c, at, "POST", path, headers, event.n ? 2 : 1, body, &got));
    if (got.status / 100 != 2) /* 201 somebody heard it, 202 nobody is listening */
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", got.status);
    return E_OK;
}

static i64 figure(str text, const char *name)
{
    i64 at = str_find(text, str_of(name)), n = 0;
    str rest = at < 0 ? str_none : str_from(text, (size_t)at + strlen(name));
    for (size_t i = 0; i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9' && i < 12; i++)
        n = n * 10 + (rest.p[i] - '0');
    return n;
}

/* Its figure of subscribers is no use: one in six is not counted (nchan 1.3.6, two workers). */
int push_is_there(struct ctx *c, str at, str channel, bool *yes)
{
    str path;
    struct http_answer got;
    *yes = false;
    TRY(channel_path(c, channel, &path));
    TRY(inner(c, at, "GET", path, NULL, 0, str_none, &got));
    if (got.status != 200 && got.status != 404)
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", got.status);
    *yes = got.status == 200;
    return E_OK;
}

int push_fullness(struct ctx *c, str at, i64 *percent)
{
    struct http_answer got;
    TRY(inner(c, at, "GET", S("/push-status"), NULL, 0, str_none, &got));
    i64 used = figure(got.body, "shared memory used: ");
    i64 limit = figure(got.body, "shared memory limit: ");
    if (got.status != 200 || !limit)
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", got.status);
    *percent = used * 100 / limit;
    return E_OK;
}

int push_close(struct ctx *c, str at, str channels)
{
    str path;
    struct http_answer got;
    TRY(channel_path(c, channels, &path));
    TRY(inner(c, at, "DELETE", path, NULL, 0, str_none, &got));
    if (got.status / 100 != 2 && got.status != 404) /* 404: nobody was there */
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", got.status);
    return E_OK;
}

/* nginx takes any other key for none, and answers out of what it keeps (cache.conf). One that still
 * has the files of a version before does not say. */
static bool is_taken(const struct http_answer *got)
{
    return !str_is(node_str(got->headers, "x-talat-refreshed"), "no");
}

int push_knows(struct ctx *c, str at, str secret, bool *yes)
{
    struct http_answer got;
    const str header = str_fmt(c->mem, "X-Talat-Refresh: %.*s", STR(secret));
    *yes = true;
    TRY(inner(c, at, "GET", S("/push-status"), &header, 1, str_none, &got));
    *yes = is_taken(&got);
    return E_OK;
}

int push_refresh(struct ctx *c, str at, str secret, str path, str accept, str kind, str currency,
    bool *taken)
{
    struct http_answer got;
    const str headers[] = {
        str_fmt(c->mem, "X-Talat-Refresh: %.*s", STR(secret)),
        str_fmt(c->mem, "Accept: %.*s", STR(accept)),
        str_fmt(c->mem, "X-Talat-Kind: %.*s", STR(kind)),
        str_fmt(c->mem, "Cookie: __Host-currency=%.*s", STR(currency)),
    };
    if (!str_starts(path, S("/")))
        return fail_detail(c, E_INTERNAL, "push.path", "not a path");
    TRY(inner_within(
        c, RENDER_US, at, "GET", path, headers, COUNT(headers), str_none, &got));
    if (got.status >= 500) /* any other answer is the page's own: gone pages are pages too */
        return fail_detail(c, E_PROVIDER, "push.status", "refresh answered %d", got.status);
    *taken = is_taken(&got);
    return E_OK;
}
