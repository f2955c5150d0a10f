#include "t/io/server.h"
#include "io/http_in.h"
#include <curl/curl.h>

static void drip(int fd)
{
    tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        tell(fd, "x");
        usleep(50000);
    }
}

/* A gigabyte without saying so. */
static void flood(int fd)
{
    static char piece[65536];
    memset(piece, 'x', sizeof piece);
    tell(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 16384; i++)
        if (write(fd, piece, sizeof piece) < 0)
            return;
}

static void talk(int fd)
{
    static char room[70000];
    memset(room, 0, sizeof room);
    hear_until(fd, room, sizeof room, "\r\n\r\n", 0);
    char *body = strstr(room, "\r\n\r\n");
    const char *length = strcasestr(room, "content-length: ");
    if (body && length)
        hear_until(fd, room + strlen(room), sizeof room - strlen(room) - 1, "",
            (size_t)strtoul(length + 16, NULL, 10) - strlen(body + 4));
    if (strstr(room, " /hello "))
        tell(fd,
            "HTTP/1.1 200 OK\r\nX-Thing: one\r\nx-thing: two\r\nContent-Length: 5\r\n\r\nhello");
    else if (strstr(room, " /redirect "))
        tell(fd, "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(room, " /fail "))
        tell(fd, "HTTP/1.1 402 Payment Required\r\nContent-Length: 2\r\n\r\n{}");
    else if (strstr(room, " /large "))
        tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nxxxx");
    else if (strstr(room, " /cut "))
        tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (strstr(room, " /slow "))
        sleep(3);
    else if (strstr(room, " /drip "))
        drip(fd);
    else if (strstr(room, " /flood "))
        flood(fd);
    else if (strstr(room, " /headers ")) {
        tell(fd, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 3000; i++)
            tell(fd, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        tell(fd, "\r\n");
    } else { /* what was asked */
        char head[100];
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(room));
        tell(fd, head);
        tell(fd, room);
    }
}

static struct http_answer answer;

static int call_with(struct http_call call, const char *path)
{
    struct server *s = serve(NULL, talk);
    call.url = str_fmt(t_ctx()->mem, "http://127.0.0.1:%d%s", s->port, path);
    return http_call(t_ctx(), &call, &answer);
}

static int get_within(const char *path, i64 us)
{
    return call_with(
        (struct http_call){ .method = "GET", .flags = HTTP_PRIVATE_OK, .total_us = us }, path);
}

/* A machine may stand still for a second. */
static int get(const char *path) { return get_within(path, 20 * SECOND); }

T(an_answer_comes_with_status_headers_and_body)
{
    must(get("/hello"));
    eq_int(answer.status, 200);
    eq_str(answer.body, "hello");
    eq_str(node_str(answer.headers, "x-thing"), "one, two");
}

T(any_status_is_an_answer)
{
    must(get("/fail"));
    eq_int(answer.status, 402);
}

T(what_is_sent_is_what_was_said)
{
    const str headers[] = { S("Authorization: Bearer sk_test"), S("Idempotency-Key: order-1") };
    must(call_with((struct http_call){ .method = "POST",
                       .body = S("a=1&b[c]=2"),
                       .headers = headers,
                       .n_headers = 2,
                       .flags = HTTP_PRIVATE_OK },
        "/echo?x=%2F"));
    has_text(answer.body, "POST /echo?x=%2F HTTP/1.1\r\n");
    has_text(answer.body, "\r\nAuthorization: Bearer sk_test\r\n");
    has_text(answer.body, "\r\nIdempotency-Key: order-1\r\n");
    has_text(answer.body, "\r\n\r\na=1&b[c]=2");
    no_text(answer.body, "urlencoded");
    no_text(answer.body, "Expect");
}

T(a_redirect_is_not_followed)
{
    must(get("/redirect"));
    eq_int(answer.status, 302);
    eq_str(node_str(answer.headers, "location"), "/hello");
    eq_str(answer.body, "");
}

T(a_gigabyte_is_cut_at_the_ceiling)
{
    eq_err(get("/flood"), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.large");
    is_true(arena_used(t_ctx()->mem) < 20u << 20);
    eq_err(get("/large"), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.large");
}

T(endless_headers_are_cut) { eq_err(get("/headers"), E_PROVIDER); }

T(half_an_answer_is_none)
{
    eq_err(get("/cut"), E_PROVIDER);
    eq_str(answer.body, "");
}

T(a_slow_or_dripping_server_is_left_in_time)
{
    i64 start = when_ticks();
    eq_err(get_within("/slow", SECOND / 2), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.slow");
    eq_err(get_within("/drip", SECOND / 2), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.slow");
    is_true(when_ticks() - start < 10 * SECOND);
}

static int plain(const char *url)
{
    struct http_call call = { .method = "GET", .url = str_of(url), .total_us = 2 * SECOND };
    return http_call(t_ctx(), &call, &answer);
}

T(calls_for_one_who_waits_share_the_time_there_is)
{
    i64 began = when_ticks();
    t_ctx()->until_us = began + 3 * SECOND / 2;
    eq_err(get("/slow"), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.late");
    is_true(when_ticks() - began < 3 * SECOND);
    began = when_ticks();
    eq_err(get("/slow"), E_PROVIDER); /* it is not even asked */
    eq_str(t_ctx()->fault.key, "http.late");
    is_true(when_ticks() - began < SECOND);
    t_ctx()->until_us = when_ticks() + 20 * SECOND;
    eq_err(get_within("/slow", SECOND / 2), E_PROVIDER);
    eq_str(t_ctx()->fault.key, "http.slow"); /* within its own time */
}

T(private_peers_are_refused_unless_configured)
{
    static const char *const urls[] = { "https://127.0.0.1:8443/", "https://localhost:8443/",
        "https://10.0.0.1/", "https://172.16.5.5/", "https://192.168.1.1/",
        "https://169.254.169.254/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[2002:a00:1::1]/", "https://[64:ff9b::a00:1]/", "https://2130706433/",
        "https://0x7f.1/", "https://0x7f000001/", "https://0177.0.0.1/", "https://017700000001/",
        "https://127.1/", "https://127.0.1/", "https://0/", "https://0.1/", "https://127.0.0.1.:443/",
        "https://[::]/", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/",
        "https://[::127.0.0.1]/", "https://[fe80::1%25lo]/", "https://[fc00::1]/",
        "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[2001::1]/",
        "https://192.0.0.1/", "https://192.0.2.1/", "https://198.18.0.1/", "https://198.51.100.1/",
        "https://203.0.113.1/", "https://224.0.0.1/", "https://255.255.255.255/",
        "https://0xa9fea9fe/", "https://2852039166/", "https://0251.0376.0251.0376/",
        "https://LOCALHOST/", "https://localhost./", "https://1.1.1.1:22/", "https://1.1.1.1:25/",
        "https://8.8.8.8:6379/", "https://[2606:4700:4700::1111]:5432/" };
    for (size_t i = 0; i < COUNT(urls); i++) {
        i64 start = when_ticks();
        eq_err(plain(urls[i]), E_PROVIDER);
        bool is_peer = str_is(t_ctx()->fault.key, "http.peer"),
             is_slow = str_is(t_ctx()->fault.key, "http.slow"); /* a name server says nothing */
        if (!is_peer && !(i >= 16 && (is_slow || str_is(t_ctx()->fault.key, "http.away"))))
            ck_abort_msg("%s: %.*s", urls[i], STR(t_ctx()->fault.key)); /* no address at all */
        is_true(is_slow || when_ticks() - start < 10 * SECOND);
    }
}

static void judged(bool refused, bool let_through, int rc, const char *key)
{
    const struct http_call call = { .method = "POST", .url = S("https://pay.example/v1/refunds") };
    const struct flight f = { .c = t_ctx(), .call = &call, .body = buf_new(t_ctx()->mem, 10),
        .refused_peer = refused, .let_through = let_through };
    fault_clear(t_ctx());
    eq_err(http_judge(&f, rc), *key ? E_PROVIDER : E_OK);
    eq_str(t_ctx()->fault.key, key);
}

/* A name of several addresses, one of them no public one: what came back over another is an
 * answer, and what may have been sent there is not called refused. */
T(an_answer_counts_whatever_other_address_of_the_name_was_refused)
{
    judged(true, true, CURLE_OK, "");
    judged(true, true, CURLE_OPERATION_TIMEDOUT, "http.slow");
    judged(true, true, CURLE_RECV_ERROR, "http.away");
    judged(true, true, CURLE_COULDNT_CONNECT, "http.away");
    judged(true, false, CURLE_COULDNT_CONNECT, "http.peer");
    judged(true, false, CURLE_OPERATION_TIMEDOUT, "http.peer");
    judged(false, true, CURLE_OK, "");
    judged(false, true, CURLE_RECV_ERROR, "http.away");
}

static void note(int fd)
{
    char path[64];
    (void)fd;
    snprintf(path, sizeof path, "/tmp/talat-ssrf-%d", (int)getpid());
    FILE *file = fopen(path, "w");
    if (file)
        fclose(file);
}

/* A service inside, and every way to write its address: nobody knocks. */
T(se_06_no_way_to_write_an_inside_address_reaches_a_service_there)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "2130706433", "0x7f000001",
        "0177.0.0.1", "127.1", "0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "127.0.0.1." };
    static const char *const ways[] = { "https://", "http://", "gopher://", "ftp://", "dict://",
        "telnet://", "ldap://", "smb://", "tftp://", "file://", "https://a@" };
    struct server *s = serve(NULL, note);
    const char *mark = str_fmt(t_ctx()->mem, "/tmp/talat-ssrf-%d", (int)s->pid).p;
    unlink(mark);
    for (size_t i = 0; i < COUNT(hosts); i++)
        for (size_t k = 0; k < COUNT(ways); k++)
            eq_err(plain(str_fmt(t_ctx()->mem, "%s%s:%d/x", ways[k], hosts[i], s->port).p), E_PROVIDER);
    usleep(50000);
    is_true(access(mark, F_OK) != 0);
    struct http_call call = { .method = "GET", /* the service would have noted it */
        .flags = HTTP_PRIVATE_OK,
        .total_us = SECOND,
        .url = str_fmt(t_ctx()->mem, "http://127.0.0.1:%d/", s->port) };
    eq_err(http_call(t_ctx(), &call, &answer), E_PROVIDER);
    usleep(200000);
    is_true(access(mark, F_OK) == 0);
    unlink(mark);
}

T(other_protocols_names_and_control_characters_are_refused)
{
    static const char *const urls[] = { "file:///etc/passwd", "http://example.com/", "gopher://x/",
        "ftp://127.0.0.1/", "https://user:word@127.0.0.1/", "https://127.0.0.1/a b",
        "https://127.0.0.1/\r\nX: y", "" };
    for (size_t i = 0; i < COUNT(urls); i++)
        eq_err(plain(urls[i]), E_PROVIDER);
    const str header[] = { S("X-Evil: a\r\nX-More: b") };
    eq_err(call_with(
               (struct http_call){
                   .method = "GET", .headers = header, .n_headers = 1, .flags = HTTP_PRIVATE_OK },
               "/hello"),
        E_PROVIDER);
}

T(a_private_connection_is_not_lent_to_a_public_call)
{
    struct server *s = serve(NULL, talk);
    struct http_call call = { .method = "GET",
        .flags = HTTP_PRIVATE_OK,
        .url = str_fmt(t_ctx()->mem, "http://127.0.0.1:%d/hello", s->port) };
    must(http_call(t_ctx(), &call, &answer));
    call.flags = 0;
    eq_err(http_call(t_ctx(), &call, &answer), E_PROVIDER);
}

T(the_proxy_of_the_environment_is_not_used)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    int err = get("/hello");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    eq_err(err, E_OK);
}

/* ---- push --------------------------------------------------------------------------------- */

static str inner_socket(void)
{
    const char *path = t_file(str_none);
    unlink(path);
    serve(path, talk);
    return str_of(path);
}

T(a_message_is_published_over_the_inner_socket)
{
    struct ctx *c = t_ctx();
    str at = inner_socket();
    bool taken = false;
    must(push_send(c, at, S("live/product/7.json"), S("inventory:updated"), S("{}")));
    must(push_send(c, at, S("hello"), str_none, S("<p>x</p>")));
    must(push_send(c, at, S("s/a/json,s/b/json"), str_none, S("x")));
    must(push_close(c, at, S("session/abc")));
    must(push_refresh(c, at, S("key"), S("/products"), S("text/html"), S("gzip"), S("THB"), &taken));
    is_true(taken); /* nginx with the files of a version before does not say */
}

T(a_channel_is_a_plain_name)
{
    struct ctx *c = t_ctx();
    str at = S("/nowhere");
    bool taken;
    eq_err(push_send(c, at, S("a b"), str_none, S("x")), E_INTERNAL);
    eq_err(push_send(c, at, S("a?b"), str_none, S("x")), E_INTERNAL);
    eq_err(push_send(c, at, S("a\r\nb"), str_none, S("x")), E_INTERNAL);
    eq_err(push_send(c, at, S("a,,b"), str_none, S("x")), E_INTERNAL);
    eq_err(push_send(c, at, S("a,b c"), str_none, S("x")), E_INTERNAL);
    eq_err(push_send(c, at, S("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"), str_none, S("x")), E_INTERNAL);
    eq_err(push_close(c, at, str_none), E_INTERNAL);
    eq_err(push_refresh(c, at, S("k"), S("http://x/"), S("*/*"), str_none, S("THB"), &taken),
        E_INTERNAL);
    eq_err(push_refresh(c, at, S("k\r\nX: y"), S("/"), S("*/*"), str_none, S("THB"), &taken),
        E_PROVIDER);
}

T(push_without_nginx_fails_at_once)
{
    i64 start = when_ticks();
    eq_err(push_send(t_ctx(), S("/nowhere/push.sock"), S("a"), str_none, S("x")), E_PROVIDER);
    is_true(when_ticks() - start < 10 * SECOND);
}
