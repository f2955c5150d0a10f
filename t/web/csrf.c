/* Forged requests: every one is refused, and every form of ours passes. */
#include "t/t.h"
#include "web/web.h"

static int written;

static int page(struct req *r) { return reply_raw(r, 200, S("text/html"), S("<p>")); }
static int save(struct req *r)
{
    written++;
    return see_other(r, S("/"));
}
static int begin_cart(struct req *r)
{
    set_cookie(r, COOKIE_CART, S("cart-1"), 3600, false);
    csrf_issue(r, S("cart-1"));
    return see_other(r, S("/"));
}
static int begin_session(struct req *r)
{
    set_cookie(r, COOKIE_SESSION, S("session-1"), 3600, false);
    csrf_issue(r, S("session-1"));
    return see_other(r, S("/"));
}
static const struct input a_text[] = { { "text", LINE }, { 0 } };

/* clang-format off */
ROUTES(csrf_test) {
    ROUTE(GET,         "/",        ANYONE, NULL,   page,          NULL, RATE_PAGE, 0),
    ROUTE(POST,        "/cart",    ANYONE, a_text, begin_cart,    NULL, RATE_FORM, 0),
    ROUTE(POST,        "/session", ANYONE, a_text, begin_session, NULL, RATE_FORM, 0),
    ROUTE(POST | PUT | PATCH | DELETE, "/x", ANYONE, a_text, save, NULL, RATE_FORM, 0),
    ROUTE(POST,        "/hook",    ANYONE, NULL,   save,          NULL, RATE_HOOK, RAW | BARE),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { csrf_test_routes, NULL };
static const struct house house = { .features = features };

static void open_house(const char *conf)
{
    written = 0;
    t_house(&house, NULL, conf);
}

T(a_form_of_ours_passes)
{
    open_house(NULL);
    t_post("/cart", "");
    t_header_has("Set-Cookie", "__Host-csrf=");
    t_post("/x", "text=a");
    t_status(303);
    eq_int(written, 1);
}
T(the_token_may_stand_in_the_form)
{
    open_house(NULL);
    t_post("/cart", "");
    t_without_token();
    t_post("/x", str_fmt(t_ctx()->mem, "csrf=%.*s&text=a", STR(t_cookie(COOKIE_CSRF))).p);
    t_status(303);
}
T(without_a_token_it_is_403)
{
    open_house(NULL);
    t_post("/session", "");
    const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
    for (size_t i = 0; i < COUNT(methods); i++) {
        t_without_token();
        t_send(methods[i], "/x", "application/x-www-form-urlencoded", S("text=a"));
        t_status(403);
    }
    t_without_token();
    t_post("/x", "_method=delete");
    t_status(403);
    eq_int(written, 0);
}
T(anothers_token_is_403)
{
    open_house(NULL);
    t_post("/session", "");
    t_cookie_set(COOKIE_SESSION, "session-2"); /* the token is of session-1, cookie and form */
    t_post("/x", "text=a");
    t_status(403);
    eq_int(written, 0);
}
T(a_made_up_token_is_403_even_when_the_cookie_agrees)
{
    open_house(NULL);
    t_post("/session", "");
    t_cookie_set(COOKIE_CSRF, "aaaaaaaaaaaaaaaaaaaaaaaa.00000000000000000000000000000000");
    t_post("/x", "text=a");
    t_status(403);
    t_cookie_set(COOKIE_CSRF, "x");
    t_post("/x", "text=a");
    t_status(403);
    eq_int(written, 0);
}
T(a_token_unlike_its_cookie_is_403)
{
    open_house(NULL);
    t_post("/session", "");
    t_with("X-CSRF-Token", "aaaaaaaaaaaaaaaaaaaaaaaa.00000000000000000000000000000000");
    t_post("/x", "text=a");
    t_status(403);
    eq_int(written, 0);
}
T(text_plain_that_looks_like_json_is_403)
{
    open_house(NULL);
    t_post("/session", "");
    t_without_token();
    t_send("POST", "/x", "text/plain", S("{\"csrf\":\"x\"}"));
    t_status(403);
}
T(another_origin_is_403_with_or_without_cookies)
{
    open_house(NULL);
    const char *const origins[] = { "https://evil.example", "null", "http://shop.example.test",
        "https://shop.example.test.evil.example", "https://shop.example.test:444",
        "https://evilshop.example.test" };
    for (size_t i = 0; i < COUNT(origins); i++) {
        t_with("Origin", origins[i]);
        t_post("/x", "text=a");
        t_status(403);
    }
    t_post("/session", "");
    t_with("Origin", "https://evil.example");
    t_post("/x", "text=a");
    t_status(403);
    eq_int(written, 0);
}
T(our_own_origin_passes)
{
    open_house(NULL);
    t_with("Origin", "https://shop.example.test");
    t_post("/x", "text=a");
    t_status(303);
}
T(the_browsers_word_counts_when_there_is_no_origin)
{
    open_house(NULL);
    static const struct {
        const char *site;
        int status;
    } sites[] = { { "same-origin", 303 }, { "none", 303 }, { "cross-site", 403 },
        { "same-site", 403 }, { "anything", 403 } };
    for (size_t i = 0; i < COUNT(sites); i++) {
        t_with("Sec-Fetch-Site", sites[i].site);
        t_post("/x", "text=a");
        t_status(sites[i].status);
    }
}
T(in_dev_each_name_of_this_machine_is_ours)
{
    open_house("mode = dev\nbase_url = http://localhost:8080\n");
    const char *const hosts[] = { "127.0.0.1:8080", "localhost:9999", "[::1]:8080" };
    for (size_t i = 0; i < COUNT(hosts); i++) {
        t_with("Host", hosts[i]);
        t_with("Origin", str_fmt(t_ctx()->mem, "http://%s", hosts[i]).p);
        t_post("/x", "text=a");
        t_status(303);
    }
    t_with("Host", "evil.example");
    t_with("Origin", "http://evil.example");
    t_post("/x", "text=a");
    t_status(403);
}
T(a_hook_needs_no_token)
{
    open_house(NULL);
    t_post("/session", "");
    t_without_token();
    t_with("Origin", "https://provider.example");
    t_send("POST", "/hook", "application/json", S("{}"));
    t_status(200);
    eq_int(written, 1);
}
T(a_stale_token_is_healed_by_the_next_page)
{
    open_house(NULL);
    t_cookie_set(COOKIE_SESSION, "session-9");
    t_get("/");
    t_header_has("Set-Cookie", "__Host-csrf=");
    t_post("/x", "text=a");
    t_status(303);
    t_get("/");
    t_header("Set-Cookie", NULL);
}
T(SE_15_our_cookies_are_closed_to_scripts_and_to_other_sites)
{
    open_house(NULL);
    t_post("/session", "");
    str line, all = t_header_of("Set-Cookie");
    while (str_cut(&all, '\n', &line)) {
        has_text(line, "__Host-");
        has_text(line, "; Path=/; Secure; SameSite=Lax; HttpOnly");
        no_text(line, "Domain");
    }
}
