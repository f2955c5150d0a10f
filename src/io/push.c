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
static int inner(struct ctx *c, str at, const char *method, str path, const str *headers, size_t n,
    str body, int *status)
{
    struct http_answer answer;
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
        .total_us = method[0] == 'G' ? RENDER_US : TELL_US, /* a page is asked for by GET */
    };
    TRY(http_call(c, &call, &answer));
    *status = answer.status;
    return E_OK;
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
    int status;
    TRY(channel_path(c, channels, &path));
    if (event.n)
        headers[1] = str_fmt(c->mem, "X-EventSource-Event: %.*s", STR(event));
    TRY(inner(c, at, "POST", path, headers, event.n ? 2 : 1, body, &status));
    if (status / 100 != 2) /* 201 somebody heard it, 202 nobody is listening */
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", status);
    return E_OK;
}

int push_close(struct ctx *c, str at, str channels)
{
    str path;
    int status;
    TRY(channel_path(c, channels, &path));
    TRY(inner(c, at, "DELETE", path, NULL, 0, str_none, &status));
    if (status / 100 != 2 && status != 404) /* 404: nobody was there */
        return fail_detail(c, E_PROVIDER, "push.status", "nchan answered %d", status);
    return E_OK;
}

int push_refresh(struct ctx *c, str at, str secret, str path, str accept, str kind, str currency)
{
    int status;
    const str headers[] = {
        str_fmt(c->mem, "X-Talat-Refresh: %.*s", STR(secret)),
        str_fmt(c->mem, "Accept: %.*s", STR(accept)),
        str_fmt(c->mem, "X-Talat-Kind: %.*s", STR(kind)),
        str_fmt(c->mem, "Cookie: __Host-currency=%.*s", STR(currency)),
    };
    if (!str_starts(path, S("/")))
        return fail_detail(c, E_INTERNAL, "push.path", "not a path");
    TRY(inner(c, at, "GET", path, headers, COUNT(headers), str_none, &status));
    if (status >= 500) /* any other answer is the page's own: gone pages are pages too */
        return fail_detail(c, E_PROVIDER, "push.status", "refresh answered %d", status);
    return E_OK;
}
