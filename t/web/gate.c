/* The gate, over a house of the test's own: every step, in process. */
#include "t/t.h"
#include "web/web.h"

static int shown; /* how often a handler has run */

static int hello(struct req *r)
{
    struct node *doc = node_map(r->c.mem);
    shown++;
    node_set_str(r->c.mem, doc, S("greeting"), S("hello"));
    node_set_str(r->c.mem, doc, S("slug"), in_path(r, "slug"));
    return reply_with(r, doc);
}
static int save(struct req *r)
{
    shown++;
    return see_other(r, S("/notes"));
}
static int onward(struct req *r) { return see_other(r, in_str(r, "next")); }
static int outside(struct req *r) { return see_outside(r, in_str(r, "next")); }
static int sold_out(struct req *r)
{
    return again(r, fail(&r->c, E_CONFLICT, "cart.stock", "Only %d left", 3), NULL);
}
static int silent(struct req *r)
{
    (void)r;
    return E_OK;
}
static int away(struct req *r) { return fail_detail(&r->c, E_AWAY, "pg", "gone"); }
static int kept(struct req *r)
{
    shown++;
    set_tag(r, "product", 12);
    cache_for(r, str_is(in_str(r, "sort"), "price") ? 5 : 3600);
    return hello(r);
}
static int kept_with_cookie(struct req *r)
{
    set_cookie(r, "__Host-x", S("1"), 0, false);
    return hello(r);
}
static int for_two(struct req *r)
{
    TRY(as_role(r, ROLE(ADMIN) | ROLE(SUPER_ADMIN)));
    return hello(r);
}
static int broken_view(struct req *r) { return reply_view(r, 200, "broken", node_map(r->c.mem)); }
static int hook(struct req *r)
{
    return reply_raw(r, 200, S("application/json"), str_fmt(r->c.mem, "{\"n\":%zu}", r->body.n));
}
static int source(struct req *r) { return reply_raw(r, 200, S("text/plain"), r->c.source); }
static int large(struct req *r)
{
    size_t n = (size_t)17 << 20;
    return reply_raw(r, 200, S("application/json"), (str){ arena_raw(r->c.mem, n), n });
}
static int header_injection(struct req *r)
{
    set_header(r, "X-Name", in_str(r, "name"));
    set_cookie(r, "__Host-name", in_str(r, "name"), 60, false);
    return hello(r);
}

static const struct input a_slug[] = { { "slug", SLUG, .required = true }, { 0 } };
static const struct input a_note[] = { { "text", LINE, .required = true, .max = 20 }, { 0 } };
static const struct input a_next[] = { { "next", TEXT }, { 0 } };
static const struct input a_name[] = { { "name", TEXT }, { 0 } };
static const struct input a_page[] = { { "sort", CHOICE, .choices = "new|price" },
    { "page", INT, .min = 1, .max = 99 }, { 0 } };

/* clang-format off */
ROUTES(gate_test) {
    ROUTE(GET,    "/",               ANYONE,      NULL,   hello,    "hello", RATE_PAGE, 0),
    ROUTE(GET,    "/hello",          ANYONE,      NULL,   hello,    "hello", RATE_PAGE, 0),
    ROUTE(GET,    "/hello/{slug}",   ANYONE,      a_slug, hello,    "hello", RATE_PAGE, 0),
    ROUTE(GET,    "/hello/special",  ANYONE,      a_name, hello,    "hello", RATE_PAGE, NOINDEX),
    ROUTE(GET,    "/kept",           ANYONE,      a_page, kept,     "hello", RATE_PAGE, CACHED),
    ROUTE(GET,    "/kept-not",       ANYONE,      NULL,   kept_with_cookie, "hello", RATE_PAGE, CACHED),
    ROUTE(GET,    "/notes",          SHOPPER,     NULL,   hello,    "hello", RATE_PAGE, 0),
    ROUTE(POST,   "/notes",          ANYONE,      a_note, save,     "form",  RATE_FORM, 0),
    ROUTE(DELETE, "/notes",          ANYONE,      NULL,   save,     NULL,    RATE_FORM, 0),
    ROUTE(GET,    "/admin",          ORDERS_READ_ALL, NULL,   hello,    "hello", RATE_PAGE, NOINDEX),
    ROUTE(POST,   "/onward",         ANYONE,      a_next, onward,   NULL,    RATE_FORM, 0),
    ROUTE(POST,   "/outside",        ANYONE,      a_next, outside,  NULL,    RATE_FORM, 0),
    ROUTE(POST,   "/sold-out",       ANYONE,      a_note, sold_out, "form",  RATE_FORM, 0),
    ROUTE(GET,    "/silent",         ANYONE,      NULL,   silent,   NULL,    RATE_PAGE, 0),
    ROUTE(GET,    "/away",           ANYONE,      NULL,   away,     NULL,    RATE_PAGE, 0),
    ROUTE(GET,    "/broken",         ANYONE,      NULL,   broken_view, "broken", RATE_PAGE, 0),
    ROUTE(POST,   "/hook",           ANYONE,      NULL,   hook,     NULL,    RATE_HOOK, RAW | BARE),
    ROUTE(GET,    "/back",           ANYONE,      NULL,   source,   NULL,    RATE_LOGIN, 0),
    ROUTE(POST,   "/source",         ANYONE,      NULL,   source,   NULL,    RATE_FORM, 0),
    ROUTE(GET,    "/two",            SHOPPER,     NULL,   for_two,  "hello", RATE_PAGE, 0),
    ROUTE(GET,    "/large",          ANYONE,      NULL,   large,    NULL,    RATE_PAGE, 0),
    ROUTE(GET,    "/header",         ANYONE,      a_name, header_injection, "hello", RATE_PAGE, 0),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { gate_test_routes, NULL };
static const char *const names[] = { "gate_test", NULL };
static const struct house house = { .features = features, .names = names };

static const char *const templates[] = {
    "hello", "<html lang=\"{{lang}}\"><h1>hello {{slug}}</h1><p>{{currency}}</p>"
             "{{#languages}}<a href=\"{{path}}\">{{name}}</a>{{/languages}}"
             "{{#me}}<b>{{name}}</b>{{/me}}{{#may.orders_read}}<i>staff</i>{{/may.orders_read}}",
    "form", "<form method=\"post\"><input name=\"text\" value=\"{{form.text}}\">"
            "{{#errors.text}}<em>{{.}}</em>{{/errors.text}}"
            "{{#errors.all}}<strong>{{.}}</strong>{{/errors.all}}</form>",
    "broken", "{{nothing_of_that_name}}",
    "error/error", "<h1 id=\"error\">{{error.status}} {{error.text}}</h1>",
    NULL,
};

static void open_house(const char *conf)
{
    shown = 0;
    t_house(&house, templates, conf);
}

/* "0 0 web <digest> <request> <salt>/192.0.2.7": the digest is of the last word, and says nothing. */
static str marked(void)
{
    str rest = t_body(), word = str_none;
    for (int i = 0; i < 4; i++)
        str_cut(&rest, ' ', &word);
    str mark = word;
    str_cut(&rest, ' ', &word);
    has_text(rest, "/192.0.2.7");
    eq_str(mark, str_c(t_ctx()->mem, str_upto(crypto_sha256_hex(t_ctx()->mem, rest), 16)));
    return mark;
}

T(whoever_may_change_something_is_named_to_the_audit_trail)
{
    open_house(NULL);
    t_get("/");
    t_with("Remote-Addr", "192.0.2.7");
    t_post("/source", "");
    has_text(t_body(), "0 0 web ");
    str first = marked();
    t_with("Remote-Addr", "192.0.2.7");
    t_get("/back"); /* from a provider of logins: makes accounts and ties logins to them */
    no_text(marked(), str_c(t_ctx()->mem, first)); /* a salt of its own each time */
}

/* ---- the way to a row ------------------------------------------------------------------------- */

T(a_path_finds_its_row)
{
    open_house(NULL);
    t_get("/hello");
    t_status(200);
    t_text("hello");
    t_header("Content-Type", "text/html; charset=utf-8");
}
T(a_path_that_is_not_there_is_404)
{
    open_house(NULL);
    t_get("/nowhere");
    t_status(404);
    t_html("#error");
    t_header("X-Robots-Tag", "noindex");
}
T(an_answer_that_does_not_fit_is_none)
{
    open_house(NULL);
    t_get("/large");
    t_status(500);
}

T(another_method_is_405_and_says_which)
{
    open_house(NULL);
    t_post("/hello", "");
    t_status(405);
    t_header("Allow", "GET, HEAD");
    t_send("OPTIONS", "/notes", NULL, str_none);
    t_status(405);
    t_header("Allow", "GET, HEAD, POST, DELETE");
}
T(a_word_goes_before_a_name)
{
    open_house(NULL);
    t_get("/hello/special");
    t_header("X-Robots-Tag", "noindex");
    t_get("/hello/other");
    t_header("X-Robots-Tag", NULL);
    t_text("hello other");
}
T(a_slash_at_the_end_moves)
{
    open_house(NULL);
    t_get("/hello/?a=1");
    t_status(301);
    t_header("Location", "/hello?a=1");
}
T(no_slash_leads_off_the_site)
{
    open_house(NULL);
    const char *const paths[] = { "//evil.example/", "///", "/%2F%2Fevil.example/", "//evil.example",
        "/\\evil.example/", "/%5Cevil.example/", "/en//evil.example/", "/en/%2fevil.example/" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        t_get(paths[i]);
        is_true(t_last_status() == 404 || t_last_status() == 400);
        t_header("Location", NULL);
    }
}
T(a_language_is_a_prefix)
{
    open_house(NULL);
    t_get("/th/hello");
    t_status(200);
    t_html("html[lang=th]");
    t_html("a[href='/hello']");
    t_html("a[href='/vi/hello']");
    t_get("/vi");
    t_status(200);
    t_html("html[lang=vi]");
}
T(the_default_language_has_no_prefix)
{
    open_house(NULL);
    t_get("/en/hello?x=1");
    t_status(301);
    t_header("Location", "/hello?x=1");
    t_get("/en");
    t_header("Location", "/");
}
T(broken_escapes_are_400)
{
    open_house(NULL);
    const char *const paths[] = { "/hello/%zz", "/hello/%", "/hello/%c0%af", "/hello/%00",
        "/hello/..", "/hello/%2e%2e", "/hello/a%2fb", "/hello/%0d%0aX", "hello", "/hello/%ff" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        t_get(paths[i]);
        t_status(400);
    }
}
T(an_escape_is_decoded_once)
{
    open_house(NULL);
    t_get("/hello/%252e");
    t_status(404); /* "%2e" is no slug, and not "." either */
}
T(what_cannot_be_a_slug_is_404)
{
    open_house(NULL);
    t_get("/hello/Not%20a%20slug");
    t_status(404);
}

/* ---- formats ------------------------------------------------------------------------------------ */

T(json_by_suffix)
{
    open_house(NULL);
    t_get("/hello/red-shirt.json");
    t_status(200);
    t_header("Content-Type", "application/json; charset=utf-8");
    t_json("slug", "red-shirt");
}
T(json_by_accept)
{
    open_house(NULL);
    t_with("Accept", "application/json");
    t_get("/hello");
    t_json("greeting", "hello");
    t_with("Accept", "text/html,application/json");
    t_get("/hello");
    t_header("Content-Type", "text/html; charset=utf-8");
}
T(json_has_only_the_features_own_keys)
{
    open_house(NULL);
    t_login("admin@example.test");
    t_get("/hello.json");
    eq_str(t_body(), "{\"greeting\":\"hello\",\"slug\":\"\"}");
}
T(the_home_page_has_json_too)
{
    open_house(NULL);
    t_get("/.json");
    t_status(200);
    t_json("greeting", "hello");
}
T(a_missing_json_path_is_json)
{
    open_house(NULL);
    t_get("/nowhere.json");
    t_status(404);
    t_json("error", "There is nothing here.");
    eq_str(node_str(t_document(), "requestId"), t_header_of("X-Request-Id"));
}
T(SE_16_what_is_missing_below_api_is_told_to_programs)
{
    open_house(NULL);
    static const char *const paths[] = { "/api/nowhere", "/api/%ff", "/api/a/b/c?d=e" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        t_get(paths[i]);
        is_true(t_last_status() == 404 || t_last_status() == 400);
        t_header("Content-Type", "application/json; charset=utf-8");
        eq_str(node_str(t_document(), "requestId"), t_header_of("X-Request-Id"));
    }
    t_get("/apis");
    t_header("Content-Type", "text/html; charset=utf-8");
}

T(SE_16_of_a_fault_of_ours_programs_learn_no_more_than_that)
{
    open_house(NULL);
    t_get("/silent.json");
    t_status(500);
    t_json("error", "Internal server error");
    t_json("code", "internal");
    eq_str(node_str(t_document(), "requestId"), t_header_of("X-Request-Id"));
    eq_int((i64)node_count(t_document()), 3);
    t_get("/away.json");
    t_status(503);
    t_json("code", "busy");
}

/* ---- who ------------------------------------------------------------------------------------------ */

T(ID_10_stranger_is_sent_to_login)
{
    open_house(NULL);
    t_get("/notes?a=b&c=d");
    t_status(303);
    t_header("Location", "/login?next=/notes%3Fa%3Db%26c%3Dd");
    t_get("/th/notes");
    t_header("Location", "/th/login?next=/notes");
    struct buf sought = buf_new(t_ctx()->mem, 4000); /* 60 Thai letters */
    buf_add(&sought, S("/notes?q="));
    for (int i = 0; i < 60; i++)
        buf_add(&sought, S("%E0%B8%81"));
    t_get(str_c(t_ctx()->mem, buf_str(&sought)));
    t_header("Location", "/login?next=/notes");
    eq_int(shown, 0);
}
T(ID_09_stranger_asking_for_json_is_401)
{
    open_house(NULL);
    t_get("/notes.json");
    t_status(401);
    t_json("error", "Authentication required");
}
T(wrong_person_is_403)
{
    open_house(NULL);
    t_login("shopper@example.test");
    t_get("/admin");
    t_status(403);
    t_get("/admin.json");
    t_status(403);
    t_json("error", "Insufficient permissions");
    t_json("required", "orders:read-all");
    t_json("role", "user");
    eq_int(shown, 0);
}
T(right_person_gets_in)
{
    open_house(NULL);
    t_login("admin@example.test");
    t_get("/admin");
    t_status(200);
    t_html("i");
}
T(members_have_what_their_place_has)
{
    struct who viewer = { .person = 1, .organisation = 5, .allowed = permissions_of(USER, VIEWER) };
    is_true(may(&viewer, ORDERS_READ_ALL));
    is_false(may(&viewer, ORDERS_UPDATE));
    viewer.allowed = permissions_of(USER, NOBODY);
    is_false(may(&viewer, ORDERS_READ_ALL));
    is_true(may(&viewer, SHOPPER));
    is_false(may(&viewer, PERMISSION_NONE_GIVEN));
}
T(any_of_the_named_roles_goes_on_and_others_hear_which_would_do_AC_06)
{
    open_house(NULL);
    for (enum role role = USER; role <= SUPER_ADMIN; role++) {
        struct who who = { .person = 1, .role = role, .allowed = permissions_of(role, NOBODY) };
        t_as(&who);
        t_get("/two.json");
        t_status(role == USER ? 403 : 200);
        if (role == USER) {
            t_json("error", "Insufficient permissions");
            t_json("required", "admin|super_admin");
            t_json("role", "user");
        }
    }
    t_as(NULL);
    t_get("/two.json");
    t_status(401);
}
T(nothing_but_the_set_of_permissions_decides_AC_06)
{
    struct who bare = { .person = 1, .role = SUPER_ADMIN, .organisation = 5, .member = OWNER };
    is_false(may(&bare, ORDERS_READ_ALL));
    is_true(may(&bare, ANYONE));
    bare.allowed = permission_bit(ORDERS_READ_ALL);
    is_true(may(&bare, ORDERS_READ_ALL));
    is_false(may(&bare, ORDERS_UPDATE));
    bare.person = 0;
    is_false(may(&bare, ORDERS_READ_ALL));
}

/* ---- forms -------------------------------------------------------------------------------------------- */

T(a_form_is_answered_by_a_redirect)
{
    open_house(NULL);
    t_post("/notes", "text=milk");
    t_status(303);
    t_header("Location", "/notes");
    t_post("/th/notes", "text=milk");
    t_header("Location", "/th/notes");
}
T(a_form_in_json_is_answered_by_a_location)
{
    open_house(NULL);
    t_post_json("/notes", "{\"text\":\"milk\"}");
    t_status(200);
    t_json("location", "/notes");
}
T(what_was_typed_comes_back)
{
    open_house(NULL);
    t_post("/notes", "text=far+too+long+%22for%22+this");
    t_status(422);
    t_html("input[value='far too long &quot;for&quot; this']");
    t_text("at most 20 characters");
    t_text("<strong>Please check what you entered.</strong>");
    eq_int(shown, 0);
}
T(a_conflict_is_told_in_the_form)
{
    open_house(NULL);
    t_post("/sold-out", "text=milk");
    t_status(409);
    t_text("<strong>Only 3 left</strong>");
    t_post_json("/sold-out", "{\"text\":\"milk\"}");
    t_status(409);
    t_json("error", "Only 3 left");
    t_json("code", "cart.stock");
}
T(fields_that_are_wrong_are_named_in_json)
{
    open_house(NULL);
    t_post_json("/notes", "{}");
    t_status(422);
    t_json("fields.text", "Please fill this in.");
}
T(a_form_says_its_method)
{
    open_house(NULL);
    t_post("/notes", "_method=delete");
    t_status(303);
    t_post("/notes", "_method=GET");
    t_status(400);
    t_get("/notes?_method=delete");
    t_status(303);
    t_header("Location", "/login?next=/notes%3F_method%3Ddelete");
}
T(a_body_over_the_ceiling_is_413)
{
    open_house(NULL);
    char *body = arena_take(t_ctx()->mem, (1 << 20) + 2);
    memset(body, 'a', (1 << 20) + 1);
    t_send("POST", "/notes", "application/x-www-form-urlencoded", (str){ body, (1 << 20) + 1 });
    t_status(413);
}
T(two_hundred_fields_are_enough)
{
    open_house(NULL);
    struct buf form = buf_new(t_ctx()->mem, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add(&form, S("a=b&"));
    t_post("/notes", str_c(t_ctx()->mem, buf_str(&form)));
    t_status(400);
}
T(a_body_of_an_unknown_kind_is_415)
{
    open_house(NULL);
    t_send("POST", "/notes", "text/plain", S("{\"text\":\"milk\"}"));
    t_status(415);
}
T(a_hook_gets_its_body_as_it_came)
{
    open_house(NULL);
    t_send("POST", "/hook", "application/x-www-form-urlencoded", S("_method=delete&a=%zz"));
    t_status(200);
    t_json("n", "20");
}

/* ---- answers -------------------------------------------------------------------------------------------- */

T(a_redirect_stays_on_the_site)
{
    open_house(NULL);
    const char *const nexts[] = { "https%3A%2F%2Fevil.example", "%2F%2Fevil.example",
        "%2F%5Cevil.example", "javascript%3Aalert(1)", "%2F%0d%0aSet-Cookie%3A+a%3Db", "evil", "",
        "%2F%09%2Fevil.example", "%5C%5Cevil.example" };
    for (size_t i = 0; i < COUNT(nexts); i++) {
        t_post("/onward", str_fmt(t_ctx()->mem, "next=%s", nexts[i]).p);
        if (t_last_status() == 303)
            t_header("Location", "/");
        else
            t_status(422);
        t_header("Set-Cookie", NULL);
    }
    t_post("/onward", "next=%2Fnotes%3Fa%3Db");
    t_header("Location", "/notes?a=b");
}
T(only_providers_we_know_are_outside)
{
    open_house("payment_origins = https://pay.example\n");
    t_post("/outside", "next=https%3A%2F%2Fpay.example%2Fx");
    t_status(303);
    t_header("Location", "https://pay.example/x");
    t_post("/outside", "next=https%3A%2F%2Fpay.example.evil.example%2Fx");
    t_status(500);
    t_header("Location", NULL);
}
T(a_header_stays_one_line)
{
    open_house(NULL);
    t_get("/header?name=a%0aSet-Cookie:+b");
    t_status(200);
    no_text(t_header_of("X-Name"), "\n");
    t_header("Set-Cookie", NULL); /* a value that is no cookie's is not set */
}
T(a_handler_that_says_nothing_is_a_fault)
{
    open_house(NULL);
    t_get("/silent");
    t_status(500);
}
T(an_unknown_name_in_a_template_is_a_fault)
{
    open_house(NULL);
    t_get("/broken");
    t_status(500);
    t_html("#error");
}
T(away_says_when_to_come_back)
{
    open_house(NULL);
    t_get("/away");
    t_status(503);
    t_header("Retry-After", "5");
    t_header("Cache-Control", "no-store");
}
T(without_an_error_page_there_is_still_a_page)
{
    static const char *const bare[] = { "hello", "x", "form", "x", "broken", "x",
        NULL };
    t_house(&house, bare, NULL);
    t_get("/nowhere");
    t_status(404);
    t_text("There is nothing here.");
}
T(in_test_the_time_is_told)
{
    open_house(NULL);
    t_get("/hello");
    t_header_has("Server-Timing", "db;dur=");
}

/* ---- kept pages -------------------------------------------------------------------------------------------- */

T(a_kept_page_is_nobodys)
{
    open_house(NULL);
    t_login("admin@example.test");
    t_get("/kept");
    t_status(200);
    t_no_html("b");
    t_no_html("i");
    t_header("X-Accel-Expires", "0000010"); /* without Redis nobody could refresh it */
    t_header("Cache-Control", "no-cache");
    t_header("Vary", NULL);
}
/* As nginx writes them before the body; else it takes a page that is being made anew for broken. */
static size_t length_of_headers(const char *path)
{
    t_with("Page-Kind", "plain");
    t_get(path);
    t_status(200);
    return t_headers_length();
}
T(however_a_kept_page_changes_its_headers_stay_as_long)
{
    open_house(NULL);
    size_t once = length_of_headers("/kept");
    str life = t_header_of("X-Accel-Expires"), length = t_header_of("Content-Length");
    is_true(length.n == 7 && life.n == 7);
    eq_int(length_of_headers("/kept?sort=price"), once);
    is_false(str_eq(t_header_of("X-Accel-Expires"), life));
}
T(a_page_with_a_cookie_is_not_kept)
{
    open_house(NULL);
    t_get("/kept-not");
    t_header("X-Accel-Expires", "0");
    t_header("Cache-Control", "no-store");
}
T(only_the_canonical_uri_is_kept)
{
    open_house(NULL);
    const char *const kept_uris[] = { "/kept?sort=new", "/kept?sort=new&page=2", "/kept?page=2",
        "/th/kept" };
    const char *const others[] = { "/kept?page=2&sort=new", "/kept?x=1", "/kept?sort=", "/kept?&",
        "/kept?page=%32", "/kept?sort=new&utm_source=x", "/%6bept", "/k%65pt?sort=new", "/%74h/kept" };
    for (size_t i = 0; i < COUNT(kept_uris); i++) {
        t_get(kept_uris[i]);
        t_status(200);
        t_header("X-Accel-Expires", "0000010");
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        t_get(others[i]);
        t_status(200);
        t_header("X-Accel-Expires", "0");
    }
}
T(a_personal_page_is_never_stored)
{
    open_house(NULL);
    t_get("/hello");
    t_header("X-Accel-Expires", "0");
    t_header("Cache-Control", "no-store");
}
