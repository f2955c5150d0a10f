/* How often is enough; Redis is away here, so the worker counts by itself. */
#include "t/t.h"
#include "web/web_in.h"

static int page(struct req *r) { return reply_raw(r, 200, S("text/html"), S("<p>")); }
static int gone(struct req *r) { return fail(&r->c, E_MISSING, "test.gone", NULL); }
static int login(struct req *r)
{
    TRY(limit_take(r, "login-account", S("ann"), 1));
    return see_other(r, S("/"));
}
static int look(struct req *r)
{
    TRY(limit_take(r, "login-account", S("ann"), 0));
    return see_other(r, S("/"));
}
/* clang-format off */
ROUTES(limit_test) {
    ROUTE(GET,  "/",      ANYONE, NULL, page,  NULL, RATE_PAGE,  0),
    ROUTE(GET,  "/kept",  ANYONE, NULL, page,  NULL, RATE_PAGE,  CACHED),
    ROUTE(GET,  "/gone",  ANYONE, NULL, gone,  NULL, RATE_PAGE,  CACHED),
    ROUTE(POST, "/order", ANYONE, NULL, page,  NULL, RATE_ORDER, 0),
    ROUTE(POST, "/login", ANYONE, NULL, login, NULL, RATE_NONE,  0),
    ROUTE(POST, "/look",  ANYONE, NULL, look,  NULL, RATE_NONE,  0),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { limit_test_routes, NULL };
static int looked_up; /* how often it was asked who somebody is */
static int who(struct req *r, str session)
{
    (void)session;
    looked_up++;
    r->who = (struct who){ .role = GUEST };
    return E_OK;
}
static const struct house house = { .features = features, .hooks = { .who = who } };

T(se_01_twenty_orders_a_minute_and_no_more)
{
    t_house(&house, NULL, "limits = on\n");
    t_cookie_set(COOKIE_SESSION, "ann");
    t_get("/"); /* brings the form token */
    for (int i = 0; i < 20; i++) {
        t_post("/order", "");
        t_status(200);
    }
    t_header("X-RateLimit-Limit", "20");
    t_header("X-RateLimit-Remaining", "0");
    t_post("/order", "");
    t_status(429);
    is_true(t_header_of("Retry-After").n > 0);
    t_cookie_set(COOKIE_SESSION, "bob"); /* another person behind the same address goes on */
    t_get("/");
    t_post("/order", "");
    t_status(200);
    t_cookie_set(COOKIE_SESSION, "ann");
    t_get("/");
    t_clock(t_ctx()->now + 61 * SECOND);
    t_post("/order", "");
    t_status(200);
}
T(se_02_an_address_has_a_thousand_a_minute)
{
    t_house(&house, NULL, "limits = on\n");
    for (int i = 0; i < 1000; i++)
        t_get("/");
    t_status(200);
    t_get("/");
    t_status(429);
    t_with("X-Forwarded-For", "198.51.100.9");
    t_get("/");
    t_status(429);
    t_with("Remote-Addr", "198.51.100.9"); /* what nginx says */
    t_get("/");
    t_status(200);
}
T(se_02_a_page_for_all_is_counted_too_only_later)
{
    t_house(&house, NULL, "limits = on\n");
    for (int i = 0; i < 1000; i++) { /* counted when they are answered, then before */
        t_get(i % 3 ? "/kept" : "/gone");
        t_status(i % 3 ? 200 : 404);
        no_text(t_header_of("X-RateLimit-Remaining"), "0");
    }
    t_get("/kept");
    t_status(429);
    t_header("X-RateLimit-Limit", "1000");
    t_header("X-RateLimit-Remaining", "0");
    is_true(t_header_of("X-RateLimit-Reset").n > 0);
    t_get("/gone");
    t_status(429);
    t_get("/");
    t_status(429);
    t_clock(t_ctx()->now + 61 * SECOND);
    t_get("/kept");
    t_status(200);
}
/* A session whose counter stands where the address's own does, in the table of what is known. */
static str session_beside(const char *address, i64 *n)
{
    struct arena *mem = t_ctx()->mem;
    str own = str_fmt(mem, "rl:general-address:%s", address);
    for (;;) {
        struct mark mark = arena_mark(mem);
        str session = str_fmt(mem, "s%" PRId64, ++*n);
        str user = str_upto(crypto_sha256_hex(mem, session), 24);
        str key = str_fmt(mem, "rl:general:c%.*s", STR(user));
        if ((str_hash(key) ^ str_hash(own)) % 4096 == 1024) /* of 1024 slots the same one */
            return session;
        arena_rewind(mem, mark);
    }
}
T(se_02_an_address_is_not_forgotten_for_a_session_made_to_that_end)
{
    i64 n = 0, refused = 0;
    t_house(&house, NULL, "limits = on\n");
    for (int i = 0; i < 1100; i++) {
        t_with("Remote-Addr", "198.51.100.7");
        if (i % 40 == 0)
            t_cookie_set(COOKIE_SESSION, session_beside("198.51.100.7", &n).p);
        t_get("/kept");
        refused += t_last_status() == 429;
    }
    eq_int(refused, 100);
}
T(SE_02_what_is_nowhere_counts_like_a_page)
{
    t_house(&house, NULL, "limits = on\nlimit_classes = general-address 5/60\n");
    for (int i = 0; i < 5; i++) {
        t_get(i == 2 ? "/%zz" : "/nowhere");
        t_status(i == 2 ? 400 : 404);
        if (i == 3) {
            t_send("DELETE", "/", NULL, str_none);
            t_status(405);
            i++;
        }
    }
    t_header("X-RateLimit-Remaining", "0");
    t_get("/nowhere");
    t_status(429);
    is_true(t_header_of("Retry-After").n > 0);
    t_get("/");
    t_status(429);
}
T(SE_21_who_asks_too_often_is_not_looked_up)
{
    t_house(&house, NULL, "limits = on\nlimit_classes = general-address 3/60\n");
    looked_up = 0;
    for (int i = 0; i < 9; i++) { /* a session made up anew each time */
        t_cookie_set(COOKIE_SESSION, str_fmt(t_ctx()->mem, "made-up-%d", i).p);
        t_get("/");
        t_status(i < 3 ? 200 : 429);
    }
    eq_int(looked_up, 4); /* the fourth is how the worker learns of it */
    t_clock(t_ctx()->now + 61 * SECOND);
    for (int i = 0; i < 4; i++) {
        t_get("/");
        t_status(i < 3 ? 200 : 429);
    }
    eq_int(looked_up, 8);
}
T(an_ipv6_household_is_one)
{
    t_house(&house, NULL, "limits = on\n");
    for (int i = 0; i < 1000; i++) {
        t_with("Remote-Addr", str_fmt(t_ctx()->mem, "2001:db8:1:2::%x", i).p);
        t_get("/");
    }
    t_with("Remote-Addr", "2001:db8:1:2:ffff::1");
    t_get("/");
    t_status(429);
    t_with("Remote-Addr", "2001:db8:1:3::1");
    t_get("/");
    t_status(200);
}
T(se_01_what_guards_a_password_bends_to_no_factor_and_is_shared_out_without_redis)
{
    /* Redis is away: two workers, so that each has half of the ten. */
    t_house(&house, NULL, "limits = 1000\nweb_workers = 1\nslow_workers = 1\n");
    for (int i = 0; i < 5; i++) {
        t_post("/look", "");
        t_status(303);
        t_post("/login", "");
        t_status(303);
    }
    t_post("/look", "");
    t_status(429);
    t_post("/login", "");
    t_status(429);
}
T(se_03_what_guards_a_password_says_its_own_figures_when_it_is_used_up)
{
    t_house(&house, NULL, "limits = on\nweb_workers = 1\nslow_workers = 1\n");
    t_get("/");
    for (int i = 0; i < 5; i++)
        t_post("/login", "");
    t_status(303);
    t_post("/login", "");
    t_status(429);
    t_header("X-RateLimit-Limit", "5");
    t_header("X-RateLimit-Remaining", "0");
    t_header("Retry-After", "900");
    t_header("X-RateLimit-Reset", "900");
}
T(se_02_a_person_has_a_hundred_a_minute_however_many_sessions)
{
    struct who ann = { .person = 7, .role = USER };
    t_house(&house, NULL, "limits = on\n");
    t_as(&ann);
    for (int i = 0; i < 100; i++) {
        t_cookie_set(COOKIE_SESSION, str_fmt(t_ctx()->mem, "session%d", i).p);
        t_with("Remote-Addr", str_fmt(t_ctx()->mem, "198.51.100.%d", i).p);
        t_get("/");
        t_status(200);
    }
    t_header("X-RateLimit-Remaining", "0");
    t_with("Remote-Addr", "198.51.100.200");
    t_get("/");
    t_status(429);
    t_header("X-RateLimit-Limit", "100");
    is_true(t_header_of("Retry-After").n > 0);
}

T(se_02_a_key_has_a_hundred_a_minute_that_are_not_its_makers)
{
    struct who ann = { .person = 7, .role = USER }, program = ann;
    program.key = 1;
    t_house(&house, NULL, "limits = on\n");
    t_cookie_set(COOKIE_SESSION, "any");
    t_as(&program);
    for (int i = 0; i < 100; i++)
        t_get("/");
    t_status(200);
    t_get("/");
    t_status(429);
    t_as(&ann);
    t_get("/");
    t_status(200);
    t_header("X-RateLimit-Remaining", "99");
    program.key = 2;
    t_as(&program);
    t_get("/");
    t_status(200);
}

T(se_01_tries_at_a_password_that_go_on_keep_the_door_shut)
{
    when start;
    t_house(&house, NULL, "limits = on\nweb_workers = 1\nslow_workers = 1\n");
    start = t_ctx()->now;
    for (int i = 0; i < 5; i++) { /* one every ten minutes: each begins the quarter hour anew */
        t_clock(start + i * 10 * MINUTE);
        t_post("/login", "");
        t_status(303);
    }
    t_clock(start + 40 * MINUTE + 899 * SECOND);
    t_post("/look", "");
    t_status(429);
    t_clock(start + 40 * MINUTE + 901 * SECOND);
    t_post("/look", "");
    t_status(303);
}

T(se_01_classes_are_data_and_strict_ones_only_become_stricter)
{
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    t_house(&house, NULL, "limits = on\nlimit_classes = orders 2/60, login-account 4/900\n");
    t_cookie_set(COOKIE_SESSION, "ann");
    t_get("/");
    for (int i = 0; i < 2; i++)
        t_post("/order", "");
    t_status(200);
    t_post("/order", "");
    t_status(429);
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "limit_classes",
        S("login-account 11/900, login-account 10/60, none 1/1, orders x/60, orders 20/60"));
    limits_open(t_ctx()->app, &errors);
    has_text(buf_str(&errors), "login-account 11/900");
    has_text(buf_str(&errors), "login-account 10/60");
    has_text(buf_str(&errors), "none 1/1");
    has_text(buf_str(&errors), "orders x/60");
    no_text(buf_str(&errors), "orders 20/60");
}

T(SE_01_no_word_but_off_switches_limits_off)
{
    static const char *const good[] = { "on", "off", "0", "1", "1000" };
    static const char *const bad[] = { "", "On", "yes", "true", "-1", "0.5", "1,5", "2x" };
    t_house(&house, NULL, "");
    for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
        struct buf errors = buf_new(t_ctx()->mem, 1000);
        bool is_bad = i >= COUNT(good);
        const char *word = is_bad ? bad[i - COUNT(good)] : good[i];
        conf_put(t_ctx()->mem, t_ctx()->app->conf, "limits", str_of(word));
        limits_open(t_ctx()->app, &errors);
        str complaint = str_fmt(
            t_ctx()->mem, "limits: %s is not on, off or a whole number\n", word);
        eq_str(buf_str(&errors), is_bad ? complaint.p : "");
    }
}

T(limits_can_be_off)
{
    t_house(&house, NULL, "limits = off\n");
    for (int i = 0; i < 1100; i++)
        t_get("/");
    t_status(200);
}
