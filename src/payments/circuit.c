#include "payments/payments_in.h"
#include "io/io.h"
#include "web/web.h"

#define FAILURES 5
#define HANGS    (10 * SECOND)
#define WINDOW_S 300 /* anew with each: two job workers waiting 20 s a call make three in 30 s */
#define OPEN_S   30
#define TRY_S    25 /* longer than a call: whoever tries may have died of it */

static str key_of(struct ctx *c, const char *provider, const char *what)
{
    return str_fmt(c->mem, "circuit:%s:%s", provider, what);
}

/* After its rest one asks, and all others wait for what comes of that. */
static bool is_tried(struct ctx *c, const char *provider)
{
    bool is_mine;
    return redis_add(c, key_of(c, provider, "try"), S("1"), TRY_S, &is_mine) && !is_mine;
}

bool circuit_is_open(struct ctx *c, const char *provider, bool *has_failed)
{
    str keys[] = { key_of(c, provider, "open"), key_of(c, provider, "fails") }, values[2];
    bool is_known = redis_mget(c, keys, 2, values);
    i64 fails = 0;
    *has_failed = !is_known || values[1].n;
    if (!is_known)
        return false;
    if (values[0].n)
        return true;
    return str_int(values[1], &fails) && fails >= FAILURES && is_tried(c, provider);
}

/* Who hangs keeps a worker from everybody else, and counts twice. Who was given little time has not
 * shown anything, and who answers is not away. */
static i64 weight_of(const struct ctx *c, i64 waited_us)
{
    static const char *const not_away[] = { "http.late", PAYMENTS_LOST, PAYMENTS_BUSY };
    if (waited_us >= HANGS)
        return 2;
    for (size_t i = 0; i < COUNT(not_away); i++)
        if (str_is(c->fault.key, not_away[i]))
            return 0;
    return 1;
}

static void count(struct ctx *c, const char *provider, i64 weight)
{
    struct counter fails = { .key = key_of(c, provider, "fails"),
        .window_s = WINDOW_S,
        .add = weight,
        .renews = true };
    if (!redis_count(c, &fails, 1) || fails.count < FAILURES)
        return;
    redis_set(c, key_of(c, provider, "open"), S("1"), OPEN_S); /* the next failure opens it again */
    log_line(c, LOG_ERROR, "circuit_open", "provider", str_of(provider), NULL);
}

void circuit_failed(struct ctx *c, const char *provider, i64 waited_us)
{
    i64 weight = weight_of(c, waited_us);
    metric_add(c->app, "provider_errors_total", 1);
    if (weight)
        count(c, provider, weight);
    redis_del(c, key_of(c, provider, "try"));
}

void circuit_worked(struct ctx *c, const char *provider)
{
    redis_del(c, key_of(c, provider, "fails"));
    redis_del(c, key_of(c, provider, "try"));
}
