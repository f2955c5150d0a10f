#include "web/web.h"
#include "gen/queries.h"
#include "ops/ops_in.h"
#include "work/work.h"

/* A part that is away makes the answer 503, so that a balancer needs to read nothing. Redis,
 * push and talat-work may be away while the shop still sells: they are named, not fatal. */
static int health(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *at, *doc = node_map(c->mem);
    bool pg = q_ops_pulse(c, &at) == E_OK;
    i64 age = pg ? work_queue_age_us(c) : -1;
    c->scope.platform = true;
    bool work = pg && q_ops_last_tick(c, &at) == E_OK && !node_bool(at, "is_late");
    fault_clear(c);
    bool push = push_send(c, c->app->inner_socket, S("health"), S("pulse"), S("1")) == E_OK;
    fault_clear(c);
    node_set_bool(c->mem, doc, S("postgres"), pg);
    node_set_bool(c->mem, doc, S("redis"), redis_is_up(c->redis));
    node_set_bool(c->mem, doc, S("push"), push);
    node_set_bool(c->mem, doc, S("work"), work);
    if (age >= 0)
        node_set_int(c->mem, doc, S("queue_age_ms"), age / 1000);
    else
        node_set_null(c->mem, doc, S("queue_age_ms"));
    r->format = JSON;
    return reply_view(r, pg ? 200 : 503, "ops/health", doc);
}

/* nginx lets only loopback ask for it; so does this, should a configuration forget. */
static int metrics(struct req *r)
{
    if (!str_starts(r->remote, S("127.")) && !str_is(r->remote, "::1"))
        return fail(&r->c, E_MISSING, "route", "There is nothing here.");
    struct buf out = buf_new(r->c.mem, (size_t)4 << 20);
    metrics_text(r->c.app, r->c.mem, &out);
    ops_care_metrics(&r->c, &out);
    rounds_metrics(&r->c, &out);
    return reply_raw(r, 200, S("text/plain; version=0.0.4; charset=utf-8"), buf_str(&out));
}

/* What a request costs before its page is made: ./dev bench compares pages of the same size
 * with it, and with what the gate does for somebody who is logged in. Not there in production. */
static int constant(struct req *r)
{
    if (r->c.app->production)
        return fail(&r->c, E_MISSING, "route", "no such page");
    size_t n = (size_t)in_int(r, "bytes");
    char *bytes = arena_raw(r->c.mem, n);
    memset(bytes, 'x', n);
    return reply_raw(r, 200, S("text/html; charset=utf-8"), (str){ bytes, n });
}
static const struct input constant_in[] = {
    { "bytes", INT, .min = 1, .max = 1000 * 1000, .required = true },
    { 0 },
};

/* What programs read to know how to ask. */
static int openapi(struct req *r)
{
    struct node *document;
    TRY(openapi_document(&r->c, &document));
    struct buf out = buf_new(r->c.mem, (size_t)4 << 20);
    json_store(&out, document);
    return reply_raw(r, 200, S("application/json"), buf_str(&out));
}

static int docs(struct req *r) { return reply(r, "groups", openapi_groups(&r->c)); }

static const struct input to_findings[] = { { "done", CHOICE, .choices = "known|told" }, { 0 } };
static const struct input to_know[] = { { "id", WORD, 1, 40, .required = true },
    { "known", CHOICE, .choices = "yes|no", .required = true }, { 0 } };

ROUTES(ops){
    ROUTE(GET, "/health", ANYONE, NULL, health, "ops/health", RATE_NONE, BARE | NOINDEX),
    ROUTE(GET, "/metrics", METRICS_READ, NULL, metrics, NULL, RATE_NONE, BARE | NOINDEX),
    ROUTE(GET, "/admin/health", SECURITY_READ, to_findings, rounds_show, "ops/findings", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/admin/health/{id}", SHOP_MANAGE, to_know, rounds_know, "ops/findings", RATE_FORM,
        NOINDEX),
    ROUTE(GET, "/-/constant", ANYONE, constant_in, constant, NULL, RATE_NONE, BARE | NOINDEX),
    ROUTE(GET, "/-/constant/own", SHOPPER, constant_in, constant, NULL, RATE_PAGE, BARE | NOINDEX),
    ROUTE(GET, "/api/openapi.json", ANYONE, NULL, openapi, NULL, RATE_PAGE, BARE),
    ROUTE(GET, "/api/docs", ANYONE, NULL, docs, "ops/docs", RATE_PAGE, BARE),
    END_OF_ROUTES,
};
