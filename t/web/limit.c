/* How often is enough; Redis is away here, so the worker counts by itself. */
#include "t/t.h"
#include "web/web.h"

static int page(struct req *r) { return reply_raw(r, 200, S("text/html"), S("<p>")); }
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
    ROUTE(POST, "/order", ANYONE, NULL, page,  NULL, RATE_ORDER, 0),
    ROUTE(POST, "/login", ANYONE, NULL, login, NULL, RATE_NONE,  0),
    ROUTE(POST, "/look",  ANYONE, NULL, look,  NULL, RATE_NONE,  0),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { limit_test_routes, NULL };
static const struct house house = { .features = features };

T(twenty_orders_a_minute_and_no_more)
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
T(an_address_has_its_own_count)
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
T(what_guards_a_password_bends_to_no_factor)
{
    t_house(&house, NULL, "limits = 1000\n");
    for (int i = 0; i < 10; i++) {
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
T(limits_can_be_off)
{
    t_house(&house, NULL, "limits = off\n");
    for (int i = 0; i < 1100; i++)
        t_get("/");
    t_status(200);
}
