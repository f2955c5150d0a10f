/* The route table's own rules: what a row may not be. */
#include "t/t.h"
#include "web/web_in.h"

static int nothing(struct req *r)
{
    (void)r;
    return E_OK;
}
static const struct input an_id[] = { { "id", WORD }, { 0 } };
static const struct input two_alike[] = { { "id", WORD }, { "id", INT }, { 0 } };
static const struct input a_file[] = { { "picture", FILES }, { 0 } };
static const struct input a_bare_list[] = { { "items", LIST }, { 0 } };
static const struct input a_choice[] = { { "sort", CHOICE }, { 0 } };

static str complaints(const struct route *row)
{
    struct arena *mem = t_ctx()->mem;
    struct buf errors = buf_new(mem, 10000);
    struct route *rows = NEWS(mem, struct route, 2);
    rows[0] = *row;
    const struct route *tables[] = { rows, NULL };
    struct house house = { .features = tables };
    struct router *router = router_open(mem, &house, NULL, NULL, &errors);
    is_true((router == NULL) == (errors.n > 0));
    return buf_str(&errors);
}

static const struct {
    const char *about;
    struct route row;
} bad[] = {
    { "no permission", ROUTE(GET, "/a", 0, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "no such method", ROUTE(0, "/a", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "no handler", ROUTE(GET, "/a", ANYONE, NULL, NULL, NULL, RATE_PAGE, 0) },
    { "GET never writes", ROUTE(GET | POST, "/a", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "must begin with /", ROUTE(GET, "a", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "must not end in /", ROUTE(GET, "/a/", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "empty segment", ROUTE(GET, "/a//b", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "not a declared input", ROUTE(GET, "/a/{id}", ANYONE, NULL, nothing, NULL, RATE_PAGE, 0) },
    { "not a declared input", ROUTE(GET, "/a/x{id}", ANYONE, an_id, nothing, NULL, RATE_PAGE, 0) },
    { "declared twice", ROUTE(GET, "/a", ANYONE, two_alike, nothing, NULL, RATE_PAGE, 0) },
    { "FILES need BIG", ROUTE(POST, "/a", ANYONE, a_file, nothing, NULL, RATE_PAGE, 0) },
    { "CHOICE without choices", ROUTE(GET, "/a", ANYONE, a_choice, nothing, NULL, RATE_PAGE, 0) },
    { "of nothing", ROUTE(POST, "/a", ANYONE, a_bare_list, nothing, NULL, RATE_PAGE, 0) },
    { "can be CACHED", ROUTE(GET, "/a", SHOPPER, NULL, nothing, NULL, RATE_PAGE, CACHED) },
    { "can be CACHED", ROUTE(POST, "/a", ANYONE, NULL, nothing, NULL, RATE_PAGE, CACHED) },
    { "RAW", ROUTE(POST, "/a", ANYONE, NULL, nothing, NULL, RATE_HOOK, RAW) },
    { "RAW", ROUTE(POST, "/a", SHOPPER, NULL, nothing, NULL, RATE_HOOK, RAW | BARE) },
    { "RAW", ROUTE(GET, "/a", ANYONE, NULL, nothing, NULL, RATE_HOOK, RAW | BARE) },
    { "no such rate", ROUTE(GET, "/a", ANYONE, NULL, nothing, NULL, RATE_NONE + 1, 0) },
};

T(a_row_that_is_wrong_stops_the_start)
{
    for (size_t i = 0; i < COUNT(bad); i++)
        has_text(complaints(&bad[i].row), bad[i].about);
}
T(a_row_that_is_right_does_not)
{
    struct route row = ROUTE(GET, "/a/{id}", ANYONE, an_id, nothing, NULL, RATE_PAGE, 0);
    eq_str(complaints(&row), "");
}
T(two_rows_for_one_path_stop_the_start)
{
    static const struct route one[] = {
        ROUTE(GET, "/a/{id}", ANYONE, an_id, nothing, NULL, RATE_PAGE, 0), END_OF_ROUTES };
    static const struct route two[] = {
        ROUTE(POST, "/a/{id}", ANYONE, an_id, nothing, NULL, RATE_PAGE, 0),
        ROUTE(GET, "/a/{id}", ANYONE, an_id, nothing, NULL, RATE_PAGE, 0), END_OF_ROUTES };
    const struct route *tables[] = { one, two, NULL };
    struct house house = { .features = tables };
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    is_true(router_open(t_ctx()->mem, &house, NULL, NULL, &errors) == NULL);
    has_text(buf_str(&errors), "already taken");
}

/* ---- finding --------------------------------------------------------------------------------- */

static const struct input names[] = { { "a", WORD }, { "b", WORD }, { 0 } };
/* clang-format off */
static const struct route rows[] = {
    ROUTE(GET,          "/",            ANYONE, NULL,  nothing, NULL, RATE_PAGE, 0),
    ROUTE(GET,          "/x/{a}",       ANYONE, names, nothing, NULL, RATE_PAGE, 0),
    ROUTE(GET,          "/x/y/z",       ANYONE, NULL,  nothing, NULL, RATE_PAGE, SLOW),
    ROUTE(PUT,          "/x/y/w",       ANYONE, NULL,  nothing, NULL, RATE_FORM, SLOW),
    ROUTE(GET,          "/x/{a}/{b}",   ANYONE, names, nothing, NULL, RATE_PAGE, 0),
    ROUTE(POST | PATCH, "/x/{b}",       ANYONE, names, nothing, NULL, RATE_FORM, 0),
    END_OF_ROUTES
};
/* clang-format on */

static struct router *the_router(void)
{
    static const struct route *const tables[] = { rows, NULL };
    struct house house = { .features = tables };
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    return router_open(t_ctx()->mem, &house, NULL, NULL, &errors);
}

T(a_dead_end_of_words_falls_back_to_names)
{
    str path[] = { S("x"), S("y"), S("other") };
    struct found found = router_find(the_router(), path, 3, GET);
    eq_str(found.route->path, "/x/{a}/{b}");
    path[2] = S("z");
    found = router_find(the_router(), path, 3, GET);
    eq_str(found.route->path, "/x/y/z");
}
T(a_name_is_the_rows_own)
{
    str path[] = { S("x"), S("17") };
    struct found found = router_find(the_router(), path, 2, PATCH);
    struct node *params = node_map(t_ctx()->mem);
    router_params(t_ctx()->mem, found.route, path, 2, params);
    eq_str(t_json_of(params), "{\"b\":\"17\"}");
    found = router_find(the_router(), path, 2, PUT);
    is_true(found.route == NULL);
    eq_int(found.allowed, GET | POST | PATCH);
    eq_int(router_find(the_router(), path, 1, GET).allowed, 0);
}
T(the_slow_paths_are_listed_for_nginx)
{
    struct buf out = buf_new(t_ctx()->mem, 10000);
    router_dump(the_router(), true, false, &out);
    eq_str(buf_str(&out), "GET /x/y/z\nPOST|PUT /x/y/w\n");
}
