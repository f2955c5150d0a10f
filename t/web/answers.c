/* Answers held against what the API's description says of them, over a house of the test's own. */
#include "t/t.h"
#include "web/web.h"

static const struct {
    const char *id;
    int status;
    const char *type, *body, *misfit; /* NULL: it fits */
} answers[] = {
    { "right", 200, "application/json", "{\"id\":\"a\",\"lineTotal\":5}", NULL },
    { "spoken", 200, "application/json; charset=utf-8",
        "{\"lineTotal\":null,\"id\":\"a\",\"note\":\"b\"}", NULL },
    { "renamed", 200, "application/json", "{\"id\":\"a\",\"total\":5}", "lineTotal" },
    { "raw", 200, "application/json", "{\"id\":\"a\",\"line_total\":5}", "lineTotal" },
    { "more", 200, "application/json", "{\"id\":\"a\",\"lineTotal\":5,\"cost\":3}", "cost" },
    { "less", 200, "application/json", "{\"lineTotal\":5}", "id" },
    { "typed", 200, "application/json", "{\"id\":7,\"lineTotal\":5}", "id" },
    { "broken", 200, "application/json", "{\"id\":", "no JSON" },
    { "none", 200, "application/json", "", "no JSON" },
    { "text", 200, "text/plain", "a", "text/plain" },
    { "page", 200, "text/html", "<p>", "text/html" },
    { "made", 201, "application/json", "{\"id\":\"a\",\"lineTotal\":5}", "201" },
    { "teapot", 418, "application/json", "{}", "418" },
    { "problem", 404, "application/json",
        "{\"error\":\"a\",\"code\":\"b\",\"requestId\":\"c\"}", NULL },
    { "codeless", 404, "application/json", "{\"error\":\"a\",\"requestId\":\"c\"}", "code" },
    { "shy", 404, "application/json", "{\"id\":\"a\",\"lineTotal\":5}", "error" },
    { "waits", 401, "application/json", "{\"challenge\":\"a\"}", NULL },
    { "refuses", 401, "application/json",
        "{\"error\":\"a\",\"code\":\"b\",\"requestId\":\"c\"}", NULL },
    { "ours", 500, "text/plain", "it has failed already", NULL },
};

static int asked;

static int answer(struct req *r)
{
    return reply_raw(r, answers[asked].status, str_of(answers[asked].type),
        str_of(answers[asked].body));
}
static int gone(struct req *r) { return fail(&r->c, E_GONE, "thing", NULL); }
static int away(struct req *r) { return fail_detail(&r->c, E_AWAY, "pg", "gone"); }
static int onward(struct req *r) { return see_other(r, S("/")); }
static int csv(struct req *r) { return reply_raw(r, 200, S("text/csv; charset=utf-8"), S("a,b")); }

static const struct input a_thing[] = { { "id", WORD, .required = true }, { 0 } };

/* clang-format off */
ROUTES(answers_test) {
    ROUTE(GET,  "/api/things/{id}", ANYONE, a_thing, answer, "thing", RATE_PAGE, BARE),
    ROUTE(GET,  "/api/gone",        ANYONE, NULL,    gone,   "thing", RATE_PAGE, BARE),
    ROUTE(GET,  "/api/away",        ANYONE, NULL,    away,   "thing", RATE_PAGE, BARE),
    ROUTE(GET,  "/-/own",           ANYONE, NULL,    answer, "thing", RATE_PAGE, BARE),
    ROUTE(POST, "/save",            ANYONE, NULL,    onward, NULL,    RATE_FORM, 0),
    ROUTE(POST, "/list",            ANYONE, NULL,    csv,    NULL,    RATE_FORM, 0),
    ROUTE(POST, "/lists",           ANYONE, NULL,    csv,    NULL,    RATE_FORM, 0),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { answers_test_routes, NULL };
static const char *const names[] = { "answers_test", NULL };
static const struct house house = { .features = features, .names = names };

static const char *const templates[] = {
    "thing.shape", "id text\nline_total money?\nnote? text\n",
    "challenge.shape", "challenge text\n",
    "part/location.shape", "location text\n",
    "error/error.shape", "error text\ncode text\nrequest_id text\n",
    "error/error", "<h1>{{error.text}}</h1>",
    "ops/operations", "GET /api/things/{id} (401 @challenge): One thing.\n"
                      "POST /list (text/csv): A list.\n",
    NULL,
};

static void asks(const char *path, const char *misfit)
{
    t_get(path);
    eq_int(t_last_status() == 500, misfit || str_ends(str_of(path), S("/ours")));
    is_true((t_misfit().n > 0) == (misfit != NULL));
    if (misfit)
        has_text(t_misfit(), misfit);
}

static const char *path_of(const char *id)
{
    return str_fmt(t_ctx()->mem, "/api/things/%s", id).p;
}

T(an_answer_that_is_not_as_described_is_a_fault)
{
    t_house(&house, templates, NULL);
    for (asked = 0; asked < (int)COUNT(answers); asked++)
        asks(path_of(answers[asked].id), answers[asked].misfit);
}
T(a_status_that_nobody_described_is_a_fault)
{
    t_house(&house, templates, NULL);
    asks("/api/gone", "does not say that it answers 410");
    t_get("/api/away");
    t_status(503);
    eq_str(t_misfit(), str_none);
    t_get("/api/things/%FF"); /* before it is known which it is, nothing is promised */
    t_status(400);
    eq_str(t_misfit(), str_none);
}
T(a_form_leads_on_or_answers_as_its_line_says)
{
    t_house(&house, templates, NULL);
    t_post("/save", "");
    t_status(303);
    t_with("Accept", "application/json");
    t_post("/save", "");
    t_status(200);
    t_json("location", "/");
    t_post("/list", "");
    t_status(200);
    t_post("/lists", "");
    t_status(500);
    has_text(t_misfit(), "text/csv");
}
T(what_is_the_pages_own_is_not_described)
{
    t_house(&house, templates, NULL);
    for (asked = 0; asked < (int)COUNT(answers); asked++) {
        t_get("/-/own");
        t_status(answers[asked].status);
        eq_str(t_misfit(), str_none);
    }
}
T(in_production_every_answer_goes_out)
{
    t_house(&house, templates, "mode = production\n");
    for (asked = 0; asked < (int)COUNT(answers); asked++) {
        t_get(path_of(answers[asked].id));
        t_status(answers[asked].status);
        eq_str(t_misfit(), str_none);
    }
}
