/* The front door and the shop behind it, in process: what ties web and features together.
 * Needs a shop (TALAT_CONF); everything is rolled back. */
#include "t/t.h"
#include "web/web.h"

T(a_shopper_logs_in_sees_their_orders_and_logs_out)
{
    t_get("/orders");
    t_status(303);
    t_header("Location", "/login?next=/orders");
    t_login("shopper@example.test");
    is_true(t_cookie(COOKIE_SESSION).n > 0);
    is_true(t_cookie(COOKIE_CSRF).n > 0);
    t_get("/orders");
    t_status(200);
    t_html("h1");
    t_get("/admin");
    t_status(403);
    t_post("/logout", "");
    t_status(303);
    t_get("/orders");
    t_status(303);
}
T(a_merchant_sees_the_back_office)
{
    t_login("admin@example.test");
    t_get("/admin");
    t_status(200);
    t_html("a[href='/admin/orders']");
}
T(a_wrong_password_and_an_unknown_account_answer_alike)
{
    t_post("/login", "email=shopper%40example.test&password=not-the-password");
    int status = t_last_status();
    str said = t_header_of("Location");
    t_post("/login", "email=nobody%40example.test&password=not-the-password");
    t_status(status);
    eq_str(t_header_of("Location"), said);
    is_true(status >= 400 && status < 500);
}
T(a_wrong_password_brings_the_form_back)
{
    /* Nobody's: the fifth wrong one of an account in a run makes its next login wait. */
    t_post("/login", "email=nobody.there%40example.test&password=not-the-password");
    t_status(401);
    t_html("input[name=password]");
    t_html("input[value='nobody.there@example.test']");
    t_no_text("not-the-password");
    t_post("/login", "email=nonsense&password=");
    t_status(422);
    t_html("input[value='nonsense']");
}
T(ten_guesses_are_enough)
{
    struct arena *mem = t_ctx()->mem; /* Redis forgets nothing at the test's end: a new account */
    crypto_start();
    str name = str_lower(mem, crypto_code(mem, 12));
    const char *form = str_fmt(mem, "email=%.*s%%40example.test&password=wrong-one", STR(name)).p;
    const char *address = str_fmt(mem, "2001:db8:%.*s", 4, crypto_sha256_hex(mem, name).p).p;
    for (int i = 0; i < 5; i++) {
        t_with("Remote-Addr", address);
        t_post("/login", form);
        t_status(401);
    }
    t_with("Remote-Addr", address);
    t_post("/login", form);
    t_status(429);
    is_true(t_header_of("Retry-After").n > 0);
    for (int i = 0; i < 5; i++) {
        t_clock(t_ctx()->now + MINUTE); /* after the fifth each has to wait */
        t_with("Remote-Addr", str_fmt(mem, "%s:%d", address, i).p);
        t_post("/login", form);
        t_status(401);
    }
    t_clock(t_ctx()->now + MINUTE);
    t_with("Remote-Addr", str_fmt(mem, "%s:99", address).p);
    t_post("/login", form);
    t_status(429);
}
T(a_login_leads_on_but_never_off_the_site)
{
    t_post("/login", "email=shopper%40example.test&password=market-day-demo&next=%2Forders");
    t_header("Location", "/orders");
    t_browser();
    t_post("/login",
        "email=shopper%40example.test&password=market-day-demo&next=https%3A%2F%2Fevil.example");
    no_text(t_header_of("Location"), "evil");
}
T(kept_pages_are_the_same_for_everybody)
{
    t_get("/products");
    t_status(200);
    str stranger = str_dup(t_ctx()->mem, t_body());
    t_login("shopper@example.test");
    t_get("/products");
    eq_str(t_body(), stranger);
    t_header("Set-Cookie", NULL);
    is_false(str_is(t_header_of("X-Accel-Expires"), "0"));
}
T(a_guests_page_has_nothing_for_nginx_to_fill_in)
{
    t_get("/products");
    is_true(str_find(t_body(), S("<!--#")) > 0);
    static const char *const kinds[] = { "plain", "gzip" }, *const paths[] = { "/cart", "/none" };
    t_with("Page-Kind", "plain");
    t_get("/products");
    t_status(200);
    eq_int(str_find(t_body(), S("<!--#")), -1);
    t_html("input[name='csrf']");
    t_html("a[href='/login']");
    t_header("Content-Encoding", NULL);
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (size_t j = 0; j < COUNT(paths); j++) { /* never kept, so never packed here */
            t_with("Page-Kind", kinds[i]);
            t_get(paths[j]);
            t_header("Content-Encoding", NULL);
            eq_int(str_find(t_body(), S("<!--#")), -1);
        }
}
T(a_kept_page_is_packed_once_for_who_takes_gzip)
{
    t_with("Page-Kind", "plain");
    t_get("/products");
    size_t plain = t_body().n;
    t_with("Page-Kind", "gzip");
    t_get("/products");
    t_status(200);
    t_header("Content-Encoding", "gzip");
    t_header("Content-Length", str_fmt(t_ctx()->mem, "%07zu", t_body().n).p);
    is_true(str_starts(t_body(), S("\x1f\x8b")) && t_body().n < plain / 2);
    t_with("Page-Kind", "gzip");
    t_get("/products?utm_source=x"); /* not kept */
    t_header("Content-Encoding", NULL);
}
T(a_page_and_its_json_are_one_document)
{
    t_get("/products.json");
    t_status(200);
    str slug = node_str(node_path(t_document(), S("products.0")), "slug");
    is_true(slug.n > 0);
    t_get("/products");
    t_html(str_fmt(t_ctx()->mem, "a[href='/products/%.*s']", STR(slug)).p);
}
