#include "payments/payments_in.h"
#include "io/io.h"
#include "web/web.h"

#define FAILURES 5
#define WINDOW_S 300 /* two job workers waiting 20 s a call make three failures in 30 s */
#define OPEN_S   30

static str key_of(struct ctx *c, const char *provider, const char *what)
{
    return str_fmt(c->mem, "circuit:%s:%s", provider, what);
}

bool circuit_is_open(struct ctx *c, const char *provider, bool *has_failed)
{
    str keys[] = { key_of(c, provider, "open"), key_of(c, provider, "fails") }, values[2];
    bool is_known = redis_mget(c, keys, 2, values);
    *has_failed = !is_known || values[1].n;
    return is_known && values[0].n;
}

void circuit_failed(struct ctx *c, const char *provider)
{
    metric_add(c->app, "provider_errors_total", 1);
    struct counter fails = { .key = key_of(c, provider, "fails"), .window_s = WINDOW_S, .add = 1 };
    if (!redis_count(c, &fails, 1) || fails.count < FAILURES)
        return;
    redis_set(c, key_of(c, provider, "open"), S("1"), OPEN_S); /* the next failure opens it again */
    log_line(c, LOG_ERROR, "circuit_open", "provider", str_of(provider), NULL);
}

void circuit_worked(struct ctx *c, const char *provider)
{
    redis_del(c, key_of(c, provider, "fails"));
}
