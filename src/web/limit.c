/* limit.c: how often is enough. Named classes in one table; counted in Redis, so that all
 * workers and machines count together, and per worker while Redis is away (and the metrics
 * say so). Addresses come from nginx alone; an IPv6 household is its /64. */
#include "web/web_in.h"

enum by { BY_ADDRESS, BY_USER, BY_KEY };
#define IN(rate) (1u << (rate))
#define GENERAL  (IN(RATE_PAGE) | IN(RATE_FORM) | IN(RATE_LOGIN) | IN(RATE_ORDER) | IN(RATE_SEARCH))

/* `limits` in talat.conf is on, off, or a factor for all that is not strict: load tests come
 * from one address. Strict ones guard secrets: they bend to nothing but off, and no span of their
 * window holds more than their count. */
static const struct class
{
    const char *name;
    unsigned rates; /* of route rows; 0: asked for by name */
    enum by by;
    i64 count, window_s;
    bool strict;
} classes[] = {
    { "general-address", GENERAL, BY_ADDRESS, 1000, 60, false },
    { "general", GENERAL, BY_USER, 100, 60, false },
    { "forms-address", IN(RATE_FORM), BY_ADDRESS, 300, 60, false },
    { "search-address", IN(RATE_SEARCH), BY_ADDRESS, 600, 60, false },
    { "logins-address", IN(RATE_LOGIN), BY_ADDRESS, 300, 900, false },
    { "orders-address", IN(RATE_ORDER), BY_ADDRESS, 200, 60, false },
    { "orders", IN(RATE_ORDER), BY_USER, 20, 60, false },
    { "hooks-address", IN(RATE_HOOK), BY_ADDRESS, 12000, 60, false },
    { "login-account-address", 0, BY_KEY, 5, 900, true },
    { "login-account", 0, BY_KEY, 10, 900, true },
    { "login-address", 0, BY_KEY, 100, 900, true },
    { "factor-account", 0, BY_KEY, 5, 900, true },
    { "mail-address", 0, BY_KEY, 20, 3600, false },
    { "invitations", 0, BY_KEY, 30, 86400, false },
    { "reports-address", 0, BY_KEY, 30, 60, true },
    { "chatbot", 0, BY_KEY, 10, 60, false },
};
enum { LOCAL_SLOTS = 4096, KNOWN_SLOTS = 1024 };

/* A worker's own counters, for when Redis is away. */
struct limits {
    i64 factor;  /* 0: off */
    i64 workers; /* of all nodes: each is given its share of what is strict */
    struct measure {
        i64 count, window_s;
    } of[COUNT(classes)];
    struct local {
        uint64_t hash;
        i64 count, ends_us;
        bool strict;
    } local[LOCAL_SLOTS];
    struct known { /* how far a counter had come when it was last asked */
        uint64_t hash;
        i64 count, ends_us;
    } known[KNOWN_SLOTS];
};

static size_t class_named(str name)
{
    size_t i = 0;
    while (i < COUNT(classes) && !str_is(name, classes[i].name))
        i++;
    return i;
}

/* "general 200/60": what is strict can only become stricter. */
static bool read_class(struct limits *limits, str words)
{
    str name, count;
    i64 n, window;
    words = str_trim(words);
    if (!str_cut(&words, ' ', &name) || !str_cut(&words, '/', &count) ||
        !str_int(str_trim(count), &n) || !str_int(str_trim(words), &window) || n < 1 || window < 1)
        return false;
    size_t i = class_named(name);
    if (i == COUNT(classes))
        return false;
    const struct class *own = &classes[i];
    if (own->strict && (n > own->count || window < own->window_s))
        return false;
    limits->of[i] = (struct measure){ n, window };
    return true;
}

static i64 words_in(str list)
{
    i64 n = 0;
    str word;
    while (list.n && str_cut(&list, ' ', &word))
        n += word.n > 0;
    return n;
}

/* No word but "off" opens the doors, and 0. */
static bool read_factor(str word, i64 *factor)
{
    *factor = str_is(word, "on");
    return *factor || str_is(word, "off") || (str_int(word, factor) && *factor >= 0);
}

struct limits *limits_open(struct app *app, struct buf *errors)
{
    struct limits *limits = NEW(app->mem, struct limits);
    const struct conf *conf = app->conf;
    str word = conf_str(conf, "limits", app->production ? S("on") : S("1000")), one;
    if (!read_factor(word, &limits->factor))
        buf_fmt(errors, "limits: %.*s is not on, off or a whole number\n", STR(word));
    for (size_t i = 0; i < COUNT(classes); i++)
        limits->of[i] = (struct measure){ classes[i].count, classes[i].window_s };
    for (str rest = conf_str(conf, "limit_classes", str_none); rest.n && str_cut(&rest, ',', &one);)
        if (!read_class(limits, one))
            buf_fmt(errors, "limit_classes: %.*s: no class, or looser than it may be\n", STR(one));
    limits->workers = pool_workers(conf, false) + pool_workers(conf, true);
    limits->workers *= 1 + words_in(conf_str(conf, "other_nodes", str_none));
    return limits;
}

static i64 allowed(const struct limits *limits, size_t class)
{
    return limits->of[class].count * (classes[class].strict ? 1 : limits->factor);
}

/* ---- who ----------------------------------------------------------------------------------------
 */

/* The first four groups of an IPv6 address in full form, or "::"-shortened, as text. */
str limit_network(struct arena *mem, str address)
{
    if (str_find(address, S(":")) < 0 || str_find(address, S(".")) >= 0)
        return address;
    str rest = address, group;
    struct buf out = buf_new(mem, 64);
    for (int n = 0; n < 4 && rest.n && str_cut(&rest, ':', &group) && group.n; n++)
        buf_fmt(&out, "%.*s:", STR(group));
    return buf_str(&out);
}

/* Who asks: a program by its API key, not the person who made it; the person; a session or token
 * that is nobody's by itself; a guest by their cart. */
static str user_of(struct req *r)
{
    struct arena *mem = r->c.mem;
    i64 id = r->who.key ? r->who.key : r->who.person;
    if (id)
        return str_fmt(mem, "%c%.*s", r->who.key ? 'k' : 'p', /* keys tell nobody's number */
            STR(crypto_opaque(mem, r->c.app->secret, "limit", id)));
    str session = r->is_bearer ? r->bearer : in_cookie(r, COOKIE_SESSION);
    str own = session.n ? session : in_cookie(r, COOKIE_CART);
    return own.n ? str_fmt(mem, "c%.*s", STR(str_upto(crypto_sha256_hex(mem, own), 24))) : str_none;
}

i64 limit_factor(const struct app *app) { return app->limits ? app->limits->factor : 0; }

str limit_address(struct req *r) { return limit_network(r->c.mem, r->remote); }

static str who_of(struct req *r, enum by by)
{
    return by == BY_ADDRESS ? limit_address(r) : user_of(r);
}

/* ---- counting -------------------------------------------------------------------------------- */

static struct taken take(struct req *r, size_t class, str who, i64 add)
{
    struct limits *limits = r->c.app->limits;
    return (struct taken){ class,
        { .key = str_fmt(r->c.mem, "rl:%s:%.*s", classes[class].name, STR(who)),
            .window_s = limits->of[class].window_s,
            .add = add,
            .renews = classes[class].strict },
        allowed(limits, class) };
}

/* Who meets another in a slot takes it over, but what is strict forgets nobody: the two are
 * counted together. */
static void count_here(struct limits *limits, struct taken *t, i64 now)
{
    struct counter *counter = &t->counter;
    bool strict = classes[t->class].strict;
    uint64_t hash = str_hash(counter->key);
    struct local *l = &limits->local[hash % LOCAL_SLOTS];
    if (l->ends_us <= now || (l->hash != hash && !l->strict))
        *l = (struct local){ hash, 0, now + counter->window_s * SECOND, strict };
    else if (l->hash != hash && !strict) {
        counter->count = counter->add; /* not at the cost of a strict one */
        counter->left_s = counter->window_s;
        return;
    }
    if (counter->renews && counter->add > 0)
        l->ends_us = now + counter->window_s * SECOND;
    l->count += counter->add;
    counter->count = l->count;
    counter->left_s = (l->ends_us - now + SECOND - 1) / SECOND;
    if (strict)
        t->most = t->most > limits->workers ? t->most / limits->workers : 1;
}

static void count_all(struct ctx *c, struct taken *taken, size_t n)
{
    struct counter counters[PER_REQUEST];
    for (size_t i = 0; i < n; i++)
        counters[i] = taken[i].counter;
    if (redis_count(c, counters, n)) {
        for (size_t i = 0; i < n; i++)
            taken[i].counter = counters[i];
        return;
    }
    metric_add(c->app, "limits_local_total", 1);
    for (size_t i = 0; i < n; i++)
        count_here(c->app->limits, &taken[i], c->now);
}

void limit_say(struct req *r, i64 most, i64 left, i64 reset_s)
{
    struct arena *mem = r->c.mem;
    set_header(r, "X-RateLimit-Limit", str_fmt(mem, "%" PRId64, most));
    set_header(r, "X-RateLimit-Remaining", str_fmt(mem, "%" PRId64, left > 0 ? left : 0));
    set_header(r, "X-RateLimit-Reset", str_fmt(mem, "%" PRId64, reset_s));
}

static void say_headers(struct req *r, const struct taken *t)
{
    limit_say(r, t->most, t->most - t->counter.count, t->counter.left_s);
}

/* Says its own figures, whichever the request's class had said before. */
static int over(struct req *r, const struct taken *t)
{
    const struct class *class = &classes[t->class];
    i64 left_s = t->counter.left_s;
    say_headers(r, t);
    set_header(r, "Retry-After", str_fmt(r->c.mem, "%" PRId64, left_s > 0 ? left_s : 1));
    metric_add(r->c.app, "limited_total", 1);
    if (r->c.app->hooks.limited && class->strict)
        r->c.app->hooks.limited(r, class->name);
    return fail_detail(&r->c, E_LIMIT, "limit", "%s", class->name);
}

/* ---- pages: let in first, counted with what Redis is told anyway ------------------------------
 */

static struct known *known_of(struct limits *limits, str key, uint64_t *hash)
{
    *hash = str_hash(key);
    return &limits->known[*hash % KNOWN_SLOTS];
}

static void learn(struct req *r, const struct taken *t)
{
    uint64_t hash;
    struct known *k = known_of(r->c.app->limits, t->counter.key, &hash);
    *k = (struct known){ hash, t->counter.count, r->c.now + t->counter.left_s * SECOND };
}

/* Up to half of what is allowed a page for all need not wait for its counter: whoever goes on is
 * counted before the other half begins, and from there on asks first. So does who finds another
 * in the slot: it may be their own doing. */
static bool may_be_late(struct req *r, const struct taken *t)
{
    uint64_t hash;
    const struct known *k = known_of(r->c.app->limits, t->counter.key, &hash);
    bool is_free = k->ends_us <= r->c.now;
    return r->route && (r->route->flags & CACHED) && r->method == GET &&
        (is_free || (k->hash == hash && k->count < t->most / 2));
}

static bool is_late(struct req *r, const struct taken *taken, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!may_be_late(r, &taken[i]))
            return false;
    r->late = NEW(r->c.mem, struct late);
    memcpy(r->late->taken, taken, n * sizeof *taken);
    r->late->n = n;
    return true;
}

size_t limit_late(struct req *r, struct counter counters[static PER_REQUEST])
{
    if (!r->late || r->late->sent)
        return 0;
    for (size_t i = 0; i < r->late->n; i++)
        counters[i] = r->late->taken[i].counter;
    r->late->sent = true;
    return r->late->n;
}

void limit_settle(struct req *r, const struct counter *counters, bool counted)
{
    struct late *late = r->late;
    if (!late)
        return;
    for (size_t i = 0; counted && i < late->n; i++)
        late->taken[i].counter = counters[i];
    if (!counted)
        count_all(&r->c, late->taken, late->n);
    for (size_t i = 0; i < late->n; i++)
        learn(r, &late->taken[i]);
}

/* What is nowhere is a page like any other. */
static enum rate rate_of(const struct req *r) { return r->route ? r->route->rate : RATE_PAGE; }

static bool is_free(const struct req *r)
{
    return r->c.app->limits->factor == 0 || rate_of(r) == RATE_NONE || r->internal;
}

bool limit_is_known_over(struct req *r)
{
    uint64_t hash;
    for (size_t i = 0; i < COUNT(classes) && !is_free(r); i++) {
        if (!(classes[i].rates & IN(rate_of(r))) || classes[i].by != BY_ADDRESS)
            continue;
        struct taken t = take(r, i, limit_address(r), 1);
        const struct known *k = known_of(r->c.app->limits, t.counter.key, &hash);
        if (k->hash == hash && k->ends_us > r->c.now && k->count > t.most)
            return true;
    }
    return false;
}

int limit_check(struct req *r)
{
    struct taken taken[PER_REQUEST], *tightest = taken;
    size_t n = 0;
    if (is_free(r))
        return E_OK;
    for (size_t i = 0; i < COUNT(classes) && n < PER_REQUEST; i++) {
        str who = classes[i].rates & IN(rate_of(r)) ? who_of(r, classes[i].by) : str_none;
        if (who.n)
            taken[n++] = take(r, i, who, 1);
    }
    if (!n || is_late(r, taken, n))
        return E_OK;
    count_all(&r->c, taken, n);
    for (size_t i = 0; i < n; i++) {
        learn(r, &taken[i]);
        if (taken[i].most - taken[i].counter.count < tightest->most - tightest->counter.count)
            tightest = &taken[i];
    }
    if (!r->route || !(r->route->flags & CACHED)) /* or one reader's count would be kept for all */
        say_headers(r, tightest);
    if (tightest->counter.count > tightest->most)
        return over(r, tightest);
    return E_OK;
}

/* One round trip; the first that is used up, or n. */
static size_t count_asks(
    struct req *r, const struct limit_ask *asks, size_t n, i64 add, struct taken taken[PER_REQUEST])
{
    assert(n <= PER_REQUEST);
    for (size_t i = 0; i < n; i++) {
        size_t class = class_named(str_of(asks[i].name));
        assert(class < COUNT(classes));
        taken[i] = take(r, class, asks[i].key, add);
    }
    count_all(&r->c, taken, n);
    for (size_t i = 0; i < n; i++)
        if (add ? taken[i].counter.count > taken[i].most : taken[i].counter.count >= taken[i].most)
            return i;
    return n;
}

int limit_take_all(struct req *r, const struct limit_ask *asks, size_t n, i64 add)
{
    struct taken taken[PER_REQUEST], undone[PER_REQUEST];
    if (r->c.app->limits->factor == 0)
        return E_OK;
    size_t full = count_asks(r, asks, n, add, taken);
    if (full == n || add < 0)
        return E_OK;
    if (add && n > 1) /* what was refused was not done */
        count_asks(r, asks, n, -add, undone);
    return over(r, &taken[full]);
}

int limit_take(struct req *r, const char *name, str key, i64 add)
{
    struct limit_ask ask = { name, key };
    return limit_take_all(r, &ask, 1, add);
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
