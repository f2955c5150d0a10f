/* pool.c: `t/tests --pool CONF` serves a few routes of its own through the real supervisor, so
 * that t/http/pool.test.mjs can try what no feature of the shop would ever do. */
#include "t/t.h"
#include "t/pool.h"
#include "web/web.h"
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int answer(struct req *r, const char *key, str text)
{
    struct node *doc = node_map(r->c.mem);
    node_set_str(r->c.mem, doc, str_of(key), text);
    return reply_with(r, doc);
}

static int ok(struct req *r) { return answer(r, "ok", S("yes")); }
static int echo(struct req *r) { return answer(r, "text", in_str(r, "text")); }
static int hang(struct req *r)
{
    for (;;)
        pause();
    return ok(r);
}
static int wait_a_second(struct req *r)
{
    nanosleep(&(struct timespec){ 1, 0 }, NULL);
    return ok(r);
}
static int crash(struct req *r)
{
    raise(SIGSEGV);
    return ok(r);
}
static int grow(struct req *r)
{
    size_t n = (size_t)in_int(r, "mb") << 20;
    memset(arena_raw(r->c.mem, n), 1, n);
    return ok(r);
}
static int big(struct req *r)
{
    size_t n = (size_t)in_int(r, "mb") << 20;
    char *text = arena_raw(r->c.mem, n);
    memset(text, 'b', n);
    return reply_raw(r, 200, S("text/plain"), (str){ text, n });
}
static int metrics(struct req *r)
{
    struct buf out = buf_new(r->c.mem, 1 << 20);
    metrics_text(r->c.app, r->c.mem, &out);
    return reply_raw(r, 200, S("text/plain; version=0.0.4"), buf_str(&out));
}

static const struct input a_text[] = { { "text", TEXT, .max = 1000000 }, { 0 } };
static const struct input a_size[] = { { "mb", INT, 1, 60 }, { 0 } };

/* clang-format off */
ROUTES(pool) {
    ROUTE(GET,  "/ok",      ANYONE, NULL,   ok,            NULL, RATE_NONE, BARE),
    ROUTE(POST, "/echo",    ANYONE, a_text, echo,          NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/hang",    ANYONE, NULL,   hang,          NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/wait",    ANYONE, NULL,   wait_a_second, NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/crash",   ANYONE, NULL,   crash,         NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/grow",    ANYONE, a_size, grow,          NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/big",     ANYONE, a_size, big,           NULL, RATE_NONE, BARE),
    ROUTE(GET,  "/metrics", ANYONE, NULL,   metrics,       NULL, RATE_NONE, BARE),
    END_OF_ROUTES
};
/* clang-format on */

int t_pool(int argc, char **argv)
{
    static const struct route *const features[] = { pool_routes, NULL };
    static const struct house house = { .features = features };
    bool check = strcmp(argv[1], "--check") == 0;
    log_open(STDERR_FILENO, LOG_INFO);
    struct arena *mem = arena_new((size_t)256 << 20);
    struct app *app = app_open_house(mem, argv[argc - 1], &house);
    int code = !app ? 1 : check ? 0 : web_serve(app, "web", argv);
    arena_drop(mem);
    return code;
}
