/* limit.c: how often is enough. Named classes in one table; counted in Redis, so that all
 * workers and machines count together, and per worker while Redis is away (and the metrics
 * say so). Addresses come from nginx alone; an IPv6 household is its /64. */
#include "web/web_in.h"

enum by { BY_ADDRESS, BY_SESSION, BY_KEY };

/* `limits` in talat.conf is on, off, or a factor for all that is not strict: load tests come
 * from one address. Strict ones guard secrets and bend to nothing but off. */
static const struct class
{
    const char *name;
    int rate; /* of the route row; -1: asked for by name */
    enum by by;
    i64 count, window_s;
    bool strict;
} classes[] = {
    { "page-address", RATE_PAGE, BY_ADDRESS, 1000, 60, false },
    { "page-session", RATE_PAGE, BY_SESSION, 200, 60, false },
    { "form-address", RATE_FORM, BY_ADDRESS, 300, 60, false },
    { "form-session", RATE_FORM, BY_SESSION, 60, 60, false },
    { "login-tries", RATE_LOGIN, BY_ADDRESS, 300, 900, false },
    { "order-address", RATE_ORDER, BY_ADDRESS, 200, 60, false },
    { "order-session", RATE_ORDER, BY_SESSION, 20, 60, false },
    { "search-address", RATE_SEARCH, BY_ADDRESS, 600, 60, false },
    { "search-session", RATE_SEARCH, BY_SESSION, 100, 60, false },
    { "hook-address", RATE_HOOK, BY_ADDRESS, 12000, 60, false },
    { "login-account-address", -1, BY_KEY, 5, 900, true },
    { "login-account", -1, BY_KEY, 10, 900, true },
    { "login-address", -1, BY_KEY, 100, 900, true },
    { "mail-address", -1, BY_KEY, 20, 3600, true },
    { "bot", -1, BY_KEY, 10, 60, false },
};
enum { PER_REQUEST = 4, LOCAL_SLOTS = 4096 };

/* A worker's own counters, for when Redis is away. Forgetting one (a collision) is no harm. */
struct limits {
    i64 factor; /* 0: off */
    struct local {
        uint64_t hash;
        i64 count, ends_us;
    } local[LOCAL_SLOTS];
};

struct limits *limits_open(struct app *app)
{
    struct limits *limits = NEW(app->mem, struct limits);
    str word = conf_str(app->conf, "limits", app->production ? S("on") : S("1000"));
    if (str_is(word, "on"))
        limits->factor = 1;
    else if (!str_int(word, &limits->factor) || limits->factor < 0)
        limits->factor = 0;
    return limits;
}

static i64 allowed(const struct limits *limits, const struct class *class)
{
    return class->strict ? class->count : class->count * limits->factor;
}

/* ---- who ----------------------------------------------------------------------------------------
 */

/* The first four groups of an IPv6 address in full form, or "::"-shortened, as text. */
static str network_of(struct arena *mem, str address)
{
    if (str_find(address, S(":")) < 0 || str_find(address, S(".")) >= 0)
        return address;
    str rest = address, group;
    struct buf out = buf_new(mem, 64);
    for (int n = 0; n < 4 && rest.n && str_cut(&rest, ':', &group) && group.n; n++)
        buf_fmt(&out, "%.*s:", STR(group));
    return buf_str(&out);
}

static str who_of(struct req *r, enum by by)
{
    if (by == BY_ADDRESS)
        return network_of(r->c.mem, r->remote);
    str session = r->is_bearer ? r->bearer : in_cookie(r, COOKIE_SESSION);
    return session.n ? str_upto(crypto_sha256_hex(r->c.mem, session), 24) : str_none;
}

/* ---- counting
 * ------------------------------------------------------------------------------------ */

static void count_here(struct limits *limits, struct counter *counter, i64 now)
{
    uint64_t hash = str_hash(counter->key);
    struct local *l = &limits->local[hash % LOCAL_SLOTS];
    if (l->hash != hash || l->ends_us <= now)
        *l = (struct local){ hash, 0, now + counter->window_s * SECOND };
    l->count += counter->add;
    counter->count = l->count;
    counter->left_s = (l->ends_us - now + SECOND - 1) / SECOND;
}

static void count_all(struct ctx *c, struct counter *counters, size_t n)
{
    if (redis_count(c, counters, n))
        return;
    metric_add(c->app, "limits_local_total", 1);
    for (size_t i = 0; i < n; i++)
        count_here(c->app->limits, &counters[i], c->now);
}

static int over(struct req *r, const char *name, i64 left_s)
{
    set_header(r, "Retry-After", str_fmt(r->c.mem, "%" PRId64, left_s > 0 ? left_s : 1));
    metric_add(r->c.app, "limited_total", 1);
    return fail_detail(&r->c, E_LIMIT, "limit", "%s", name);
}

/* A page kept for everybody does not carry one visitor's count. */
static void say_headers(struct req *r, i64 most, const struct counter *counter)
{
    if (r->route->flags & CACHED)
        return;
    i64 left = most > counter->count ? most - counter->count : 0;
    set_header(r, "X-RateLimit-Limit", str_fmt(r->c.mem, "%" PRId64, most));
    set_header(r, "X-RateLimit-Remaining", str_fmt(r->c.mem, "%" PRId64, left));
    set_header(r, "X-RateLimit-Reset", str_fmt(r->c.mem, "%" PRId64, counter->left_s));
}

int limit_check(struct req *r)
{
    struct limits *limits = r->c.app->limits;
    struct counter counters[PER_REQUEST];
    const struct class *of[PER_REQUEST];
    size_t n = 0, tightest = 0;
    if (limits->factor == 0 || r->route->rate == RATE_NONE || r->internal)
        return E_OK;
    for (size_t i = 0; i < COUNT(classes) && n < PER_REQUEST; i++) {
        str who = classes[i].rate == (int)r->route->rate ? who_of(r, classes[i].by) : str_none;
        if (!who.n)
            continue;
        of[n] = &classes[i];
        counters[n++] =
            (struct counter){ .key = str_fmt(r->c.mem, "rl:%s:%.*s", classes[i].name, STR(who)),
                .window_s = classes[i].window_s,
                .add = 1 };
    }
    if (!n)
        return E_OK;
    count_all(&r->c, counters, n);
    for (size_t i = 0; i < n; i++) {
        i64 left = allowed(limits, of[i]) - counters[i].count;
        if (left < allowed(limits, of[tightest]) - counters[tightest].count)
            tightest = i;
    }
    if (!(r->route->flags & CACHED)) /* or one reader's count would be kept for all */
        say_headers(r, allowed(limits, of[tightest]), &counters[tightest]);
    if (counters[tightest].count > allowed(limits, of[tightest]))
        return over(r, of[tightest]->name, counters[tightest].left_s);
    return E_OK;
}

int limit_take(struct req *r, const char *name, str key, i64 add)
{
    struct limits *limits = r->c.app->limits;
    const struct class *class = NULL;
    for (size_t i = 0; i < COUNT(classes); i++)
        if (strcmp(classes[i].name, name) == 0)
            class = &classes[i];
    assert(class);
    if (!class || limits->factor == 0)
        return E_OK;
    struct counter counter = { .key = str_fmt(r->c.mem, "rl:%s:%.*s", name, STR(key)),
        .window_s = class->window_s,
        .add = add };
    count_all(&r->c, &counter, 1);
    i64 most = allowed(limits, class);
    if (add ? counter.count > most : counter.count >= most)
        return over(r, name, counter.left_s);
    return E_OK;
}

void limit_forget(struct req *r, const char *name, str key)
{
    struct limits *limits = r->c.app->limits;
    str whole = str_fmt(r->c.mem, "rl:%s:%.*s", name, STR(key));
    uint64_t hash = str_hash(whole);
    struct local *l = &limits->local[hash % LOCAL_SLOTS];
    if (l->hash == hash)
        l->count = 0;
    redis_del(&r->c, whole);
}
