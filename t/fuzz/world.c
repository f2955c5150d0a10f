/* world.c: what a target stands on. A house with its secret and its clock fixed, so that a kept
 * input with a good signature stays good, and in place of io/pg.c a database that finds nothing
 * (or what fuzz_rows says) and with which everything succeeds. */
#include "t/fuzz/fuzz.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the database --------------------------------------------------------------------------- */

struct pg {
    int depth;
};
struct node *(*fuzz_rows)(struct ctx *, const char *query);

struct pg *pg_new(struct arena *mem, str conninfo)
{
    (void)conninfo;
    return NEW(mem, struct pg);
}

void pg_named(struct pg *pg, const char *program)
{
    (void)pg;
    (void)program;
}

/* A column that is asked for and not there is 0 or empty; ids are something. */
int pg_run(
    struct ctx *c, const struct query *q, const struct param *in, struct node **out, i64 *changed)
{
    (void)in;
    if (changed)
        *changed = 1;
    if (!out)
        return E_OK;
    *out = q->kind == Q_MANY ? node_list(c->mem) : fuzz_rows ? fuzz_rows(c, q->name) : NULL;
    if (q->kind == Q_ONE && !*out) {
        *out = node_map(c->mem);
        node_set_int(c->mem, *out, S("id"), 7);
    }
    return E_OK;
}

int pg_begin(struct ctx *c)
{
    c->pg->depth++;
    return E_OK;
}

int pg_end(struct ctx *c, int err)
{
    holds(c->pg->depth > 0);
    c->pg->depth--;
    return err;
}

int pg_tx(struct ctx *c, int (*work)(struct ctx *, void *), void *with)
{
    TRY(pg_begin(c));
    return pg_end(c, work(c, with));
}

int pg_tx_platform(struct ctx *c, int (*work)(struct ctx *, void *), void *with)
{
    return pg_tx(c, work, with);
}

/* A row that waits for pg_flush is there at once: nobody can tell. */
void pg_batch(struct ctx *c) { (void)c; }
int pg_flush(struct ctx *c) { return (void)c, E_OK; }
bool pg_in_tx(const struct ctx *c) { return c->pg->depth > 0; }
bool pg_broke(const struct ctx *c, const char *constraint) { return (void)c, !constraint; }
bool pg_is_up(struct pg *pg) { return pg != NULL; }
void pg_close(struct pg *pg) { (void)pg; }
void pg_let_go(struct pg *pg) { (void)pg; }
bool pg_has_grown(const struct pg *pg) { return !pg; }

/* Nobody here listens or migrates. */
int pg_script(struct ctx *c, str sql) { return (void)sql, fail(c, E_AWAY, "fuzz", "not here"); }
int pg_listen(struct ctx *c, const char *on)
{
    return (void)on, fail(c, E_AWAY, "fuzz", "not here");
}
int pg_wait(struct ctx *c, i64 us, str *channel)
{
    *channel = str_none;
    return us ? fail(c, E_AWAY, "fuzz", "not here") : E_OK;
}
int pg_prepare_all(struct ctx *c, const struct query *const *all, size_t n, struct buf *report)
{
    (void)all, (void)n, (void)report;
    return fail(c, E_AWAY, "fuzz", "not here");
}

/* ---- the house
 * ----------------------------------------------------------------------------------- */

extern const struct route payments_routes[], form_routes[], cookies_routes[];
static const struct route *const features[] = { payments_routes, form_routes, cookies_routes,
    NULL };
static const struct house house = { .features = features,
    .hooks = { .who = auth_who, .guest = cart_guest } };

static const char settings[] = "mode = test\n"
                               "base_url = https://shop.example.test\n"
                               "secret = a-secret-of-thirty-two-characters!!\n"
                               "stripe_key = sk_test_fuzz\n"
                               "stripe_webhook_secret = whsec_fuzz\n"
                               "run_dir = /nowhere\n"
                               "pg = host=/nowhere\n";

struct app *fuzz_app(struct arena *mem)
{
    char path[] = "/tmp/talat-fuzz-XXXXXX";
    const char *top = getenv("TALAT_TOP");
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        return NULL;
    fprintf(file, "%sshare_dir = %s\n", settings, top ? top : ".");
    fclose(file);
    struct app *app = app_open_house(mem, path, &house);
    unlink(path);
    if (!app)
        return NULL;
    app->fixed_now = INT64_C(1795176000) * SECOND; /* 2026-11-20T12:00:00Z */
    app->brackets = NULL;                          /* this house's own routes are not described */
    return app;
}

int fuzz_send(struct ctx *c, const struct fuzz_request *request, struct answer *answer)
{
    enum { MOST = 24 };
    str names[MOST] = { S("REQUEST_METHOD"), S("REQUEST_URI"), S("CONTENT_TYPE"), S("REMOTE_ADDR"),
        S("HTTP_HOST") };
    str values[MOST] = { str_of(request->method), request->uri, str_of(request->type),
        S("192.0.2.7"), S("shop.example.test") };
    size_t n = 5;
    for (const str *extra = request->extra; extra && extra[0].n && n < MOST; extra += 2, n++) {
        names[n] = extra[0];
        values[n] = extra[1];
    }
    struct cgi cgi = { names, values, n, request->body, (i64)request->body.n };
    web_handle(c->app, c->pg, c->redis, c->mem, &cgi, answer);
    holds(answer->status >= 200 && answer->status < 500);
    holds(c->pg->depth == 0);
    return answer->status;
}
