#include "io/http_in.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <curl/curl.h>

#define CEILING      (4u << 20)
#define HEAD_CEILING (64u << 10)
#define LINES_MOST   200 /* repeated headers are joined, which costs their square */
#define LEAST        SECOND /* with less than that left no answer is to be hoped for */

/* Open connections, kept over calls; may be dropped at any time. Calls that may reach private
 * peers have a handle of their own, or the others could ride on its open connections. */
static CURL *handles[2];

/* ---- peers -------------------------------------------------------------------------------- */

struct range {
    uint32_t net;
    int bits;
};
/* Everything IANA reserves: this network, private, shared, loopback, link-local, protocol
 * assignments, documentation, benchmarks, multicast and above. */
static const struct range reserved[] = {
    { 0x00000000, 8 },
    { 0x0a000000, 8 },
    { 0x64400000, 10 },
    { 0x7f000000, 8 },
    { 0xa9fe0000, 16 },
    { 0xac100000, 12 },
    { 0xc0000000, 24 },
    { 0xc0000200, 24 },
    { 0xc0586300, 24 },
    { 0xc0a80000, 16 },
    { 0xc6120000, 15 },
    { 0xc6336400, 24 },
    { 0xcb007100, 24 },
    { 0xe0000000, 3 },
};

static bool is_public_v4(uint32_t ip)
{
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (((ip ^ reserved[i].net) >> (32 - reserved[i].bits)) == 0)
            return false;
    return true;
}

/* Global unicast only, without the ranges that carry an IPv4 address inside (Teredo, 6to4),
 * documentation and the rest of 2001::/23. */
static bool is_public_v6(const unsigned char *ip)
{
    if ((ip[0] & 0xe0) != 0x20)
        return false;
    if (ip[0] == 0x20 && ip[1] == 0x02)
        return false;
    if (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] < 0x02)
        return false;
    if (ip[0] == 0x3f && ip[1] == 0xff && ip[2] < 0x10)
        return false;
    return !(ip[0] == 0x20 && ip[1] == 0x01 && ip[2] == 0x0d && ip[3] == 0xb8);
}

static bool is_public(const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET)
        return is_public_v4(
            ntohl(((const struct sockaddr_in *)(const void *)peer)->sin_addr.s_addr));
    if (peer->sa_family == AF_INET6)
        return is_public_v6(((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr.s6_addr);
    return false;
}

/* What speaks TLS for programs; not every service of a host that happens to answer. */
static bool is_web_port(const struct sockaddr *peer)
{
    int port = ntohs(peer->sa_family == AF_INET6
            ? ((const struct sockaddr_in6 *)(const void *)peer)->sin6_port
            : ((const struct sockaddr_in *)(const void *)peer)->sin_port);
    return port == 443 || port == 8443;
}

/* Called after the name was resolved, for each address tried: a name that points inside
 * (or does so only the second time) gets no socket. */
static curl_socket_t open_socket(void *with, curlsocktype purpose, struct curl_sockaddr *peer)
{
    struct flight *f = with;
    (void)purpose;
    bool ok = f->call->unix_socket         ? peer->family == AF_UNIX
        : f->call->flags & HTTP_PRIVATE_OK ? peer->family == AF_INET || peer->family == AF_INET6
                                           : is_public(&peer->addr) && is_web_port(&peer->addr);
    if (!ok) {
        f->refused_peer = true;
        return CURL_SOCKET_BAD;
    }
    f->let_through = true;
    return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

/* ---- what comes back ---------------------------------------------------------------------- */

static size_t take_body(char *p, size_t size, size_t n, void *with)
{
    struct flight *f = with;
    buf_add(&f->body, (str){ p, size * n });
    return f->body.full ? 0 : size * n;
}

static size_t take_header(char *p, size_t size, size_t n, void *with)
{
    struct flight *f = with;
    struct arena *mem = f->c->mem;
    str line = str_trim((str){ p, size * n }), name;
    f->head_bytes += size * n;
    if (f->head_bytes > HEAD_CEILING || ++f->head_lines > LINES_MOST)
        return 0;
    if (str_starts(line, S("HTTP/"))) { /* after "100 Continue" comes the real one */
        f->answer->headers = node_map(mem);
        return size * n;
    }
    if (!str_cut(&line, ':', &name) || !name.n)
        return size * n;
    str key = str_lower(mem, str_trim(name)), value = str_dup(mem, str_trim(line));
    const struct node *before = node_get(f->answer->headers, key);
    if (before)
        value = str_fmt(mem, "%.*s, %.*s", STR(before->as.text), STR(value));
    node_set_str(mem, f->answer->headers, key, value);
    return size * n;
}

/* ---- the call ----------------------------------------------------------------------------- */

static bool is_clean(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return true;
}

static bool is_well_formed(const struct http_call *call)
{
    if (!is_clean(call->url) || memchr(call->url.p, ' ', call->url.n))
        return false;
    for (size_t i = 0; i < call->n_headers; i++)
        if (!is_clean(call->headers[i]) || str_find(call->headers[i], S(":")) <= 0)
            return false;
    return true;
}

static struct curl_slist *headers_of(struct ctx *c, const struct http_call *call)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool typed = false;
    for (size_t i = 0; i < call->n_headers; i++) {
        str name = str_upto(call->headers[i], (size_t)str_find(call->headers[i], S(":")));
        typed = typed || str_is(str_lower(c->mem, name), "content-type");
        list = curl_slist_append(list, str_c(c->mem, call->headers[i]));
    }
    /* curl would call every body a form */
    return typed ? list : curl_slist_append(list, "Content-Type:");
}

static void set_method(CURL *curl, const struct http_call *call)
{
    bool is_get = !strcmp(call->method, "GET") && !call->body.n;
    if (is_get) {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (!strcmp(call->method, "HEAD")) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (call->body.n || !strcmp(call->method, "POST") || !strcmp(call->method, "PUT") ||
        !strcmp(call->method, "PATCH")) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
    }
}

static void set_up(CURL *curl, struct flight *f)
{
    const struct http_call *call = f->call;
    bool private_ok = call->unix_socket || call->flags & HTTP_PRIVATE_OK;
    i64 connect_us = call->connect_us ? call->connect_us : 3 * SECOND;
    set_method(curl, call);
    curl_easy_setopt(curl, CURLOPT_URL, str_c(f->c->mem, call->url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, private_ok ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, call->flags & HTTP_ONCE ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "talat");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_us / 1000));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(f->total_us / 1000));
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)f->body.ceiling);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, f);
    if (call->unix_socket)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
}

/* The address without path and query, which may hold what the log must not. */
static str host_of(str url)
{
    i64 at = str_find(url, S("://"));
    size_t n = at < 0 ? 0 : (size_t)at + 3;
    while (n < url.n && !strchr("/?#", url.p[n]))
        n++;
    return str_upto(url, n);
}

/* Several calls for one who waits share the time there is. */
static void share_time(struct flight *f)
{
    i64 until = f->c->until_us, left = until - when_ticks();
    f->total_us = f->call->total_us ? f->call->total_us : 20 * SECOND;
    f->is_short = until && left < f->total_us;
    if (f->is_short)
        f->total_us = left;
}

int http_judge(const struct flight *f, int rc)
{
    struct ctx *c = f->c;
    str host = host_of(f->call->url);
    /* Of several addresses, one refused: an answer can only have come over one that was not, and
     * whether anything was sent there is for curl to say. */
    if (f->refused_peer && !f->let_through)
        return fail_detail(
            c, E_PROVIDER, "http.peer", "%.*s: refused, not a public address", STR(host));
    if (f->body.full || rc == CURLE_FILESIZE_EXCEEDED)
        return fail_detail(
            c, E_PROVIDER, "http.large", "%.*s: answer over %zu bytes", STR(host), f->body.ceiling);
    bool is_over = f->is_short && c->until_us - when_ticks() < LEAST / 10; /* and not a connect */
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return fail_detail(c, E_PROVIDER, is_over ? "http.late" : "http.slow",
            "%s %.*s: no answer in time", f->call->method, STR(host));
    if (rc != CURLE_OK)
        return fail_detail(c, E_PROVIDER, "http.away", "%s %.*s: %s", f->call->method, STR(host),
            curl_easy_strerror((CURLcode)rc));
    return E_OK;
}

int http_call(struct ctx *c, const struct http_call *call, struct http_answer *answer)
{
    *answer = (struct http_answer){ .headers = node_map(c->mem) };
    if (!is_well_formed(call))
        return fail_detail(c, E_PROVIDER, "http.malformed", "address or header not clean");
    struct flight f = { .c = c, .call = call, .answer = answer };
    share_time(&f);
    if (f.is_short && f.total_us < LEAST)
        return fail_detail(c, E_PROVIDER, "http.late", "%s %.*s: no time left to ask", call->method,
            STR(host_of(call->url)));
    CURL **handle = &handles[call->unix_socket || call->flags & HTTP_PRIVATE_OK];
    if (!*handle)
        *handle = curl_easy_init();
    if (!*handle)
        return fail_detail(c, E_PROVIDER, "http.away", "no curl handle");
    f.body = buf_new(c->mem, call->ceiling ? call->ceiling : CEILING);
    curl_easy_reset(*handle);
    set_up(*handle, &f);
    struct curl_slist *headers = headers_of(c, call);
    curl_easy_setopt(*handle, CURLOPT_HTTPHEADER, headers);
    CURLcode rc = curl_easy_perform(*handle);
    long status = 0;
    curl_easy_getinfo(*handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(*handle); /* it must not keep pointers into this call */
    curl_slist_free_all(headers);
    TRY(http_judge(&f, (int)rc));
    answer->status = (int)status;
    answer->body = buf_str(&f.body);
    return E_OK;
}
