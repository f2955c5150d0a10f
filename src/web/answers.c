/* answers.c: what each published operation says it may answer: which statuses, and of each the
 * shapes of its JSON. openapi.c writes it down; in the check (mode = test) every answer is held against
 * it on its way out, so that what the description leaves out is a fault where somebody looks.
 *
 * Most of it follows from the row of the route table. What does not stands in
 * templates/ops/operations, in brackets behind the address:
 *     (text/csv)                      the type of what is no JSON
 *     (@part/location, @auth/codes)   one of these shapes, whatever the row's view is
 *     (410)                           a problem of that status besides
 *     (401 @auth/challenge)           ... or this shape with that status */
#include "web/web_in.h"

enum { WORDS_CEILING = 64 << 10 };

static const enum method methods[] = { GET, POST, PUT, PATCH, DELETE };

/* ---- the sentences -----------------------------------------------------------------------------
 */

str operations_text(const struct app *app, struct arena *mem)
{
    str dir = conf_str(app->conf, "templates", str_none);
    bool ok;
    if (!dir.n)
        dir = str_fmt(mem, "%.*s/templates", STR(app->share_dir));
    const char *path = str_c(mem, str_fmt(mem, "%.*s/ops/operations", STR(dir)));
    str text = file_read(mem, path, WORDS_CEILING, &ok);
    return ok ? text : str_none;
}

/* "GET /metrics (text/plain): Counters ..." */
void operation_describe(str words, struct operation *o)
{
    str line;
    while (words.n && str_cut(&words, '\n', &line)) {
        str method, path = line;
        i64 colon = str_find(line, S(": "));
        if (colon < 0 || !str_cut(&path, ' ', &method) || !str_eq(method, o->method))
            continue;
        path = str_upto(path, (size_t)colon - method.n - 1);
        i64 open = str_find(path, S(" ("));
        if (!str_eq(open < 0 ? path : str_upto(path, (size_t)open), o->path))
            continue;
        o->words = str_from(line, (size_t)colon + 2);
        o->more = open < 0 ? str_none
                           : str_upto(str_from(path, (size_t)open + 2), path.n - (size_t)open - 3);
        return;
    }
}

struct operation operation_of(const struct app *app, size_t number, enum method method)
{
    const struct route *row = router_row(app->router, number);
    return (struct operation){ .row = row,
        .method = method_name(method),
        .feature = str_of(router_feature(app->router, number)),
        .path = str_of(row->path) };
}

/* What begins with /-/ is the pages' own. */
bool operation_is_published(const struct operation *o) { return !str_starts(o->path, S("/-/")); }

bool operation_is_api(const struct operation *o) { return str_starts(o->path, S("/api/")); }

bool operation_takes_organisation(const struct operation *o)
{
    return is_for_staff(o->row->need) || o->row->need == ORDERS_READ;
}

/* ---- which statuses ----------------------------------------------------------------------------
 */

static bool is_read(const struct operation *o) { return str_is(o->method, "GET"); }
static bool is_form(const struct operation *o) { return !is_read(o) && !operation_is_api(o); }
static bool has_inputs(const struct operation *o) { return o->row->in || !is_read(o); }
static bool has_body(const struct operation *o) { return !is_read(o); }
/* A token that is none is refused wherever it is looked at, and so is an organisation beside it
 * (X-Organisation) that is none of theirs. */
static bool asks_who(const struct operation *o) { return !(o->row->flags & CACHED); }
static bool is_not_for_all(const struct operation *o)
{
    return o->row->need != ANYONE || !is_read(o);
}
static bool names_one(const struct operation *o)
{
    return str_find(o->path, S("{")) >= 0 || asks_who(o);
}
static bool is_counted(const struct operation *o) { return o->row->rate != RATE_NONE; }
static bool asks_outside(const struct operation *o) { return o->row->flags & SLOW; }
static bool is_any(const struct operation *o) { return o->path.n > 0; }

static const struct {
    int status;
    bool (*is_said)(const struct operation *);
} problems[] = {
    { 400, is_any },
    { 401, asks_who },
    { 403, is_not_for_all },
    { 404, names_one },
    { 409, has_body },
    { 413, has_body },
    { 415, has_body },
    { 422, has_inputs },
    { 429, is_counted },
    { 500, is_any },
    { 502, asks_outside },
    { 503, is_any },
};

/* They stand in order. */
static struct said *said_of(struct says *all, int status)
{
    size_t at = 0;
    while (at < all->n && all->list[at].status < status)
        at++;
    if (at < all->n && all->list[at].status == status)
        return &all->list[at];
    assert(all->n < COUNT(all->list));
    memmove(all->list + at + 1, all->list + at, (all->n++ - at) * sizeof *all->list);
    all->list[at] = (struct said){ .status = status, .is_problem = status >= 400 };
    return &all->list[at];
}

static void add_shape(struct said *s, str view)
{
    assert(s->n < COUNT(s->shapes));
    s->shapes[s->n++] = view;
}

/* The view's shape; a form that passed answers with where to go on. */
static void say_good(
    const struct app *app, const struct operation *o, bool has_page, struct said *good)
{
    const char *view = o->row->view;
    good->is_page = has_page && !is_form(o);
    if (is_form(o) && !(o->row->flags & RAW))
        add_shape(good, S("part/location"));
    else if (!is_form(o) && view && shape_find(app->shapes, str_of(view)))
        add_shape(good, str_of(view));
}

/* One of what stands in brackets. */
static void say_besides(const struct app *app, struct says *all, int good, str what)
{
    str rest = what, head;
    i64 status = good;
    if (str_cut(&rest, ' ', &head) && !str_int(head, &status))
        rest = what;
    struct said *s = said_of(all, (int)status);
    if (!str_starts(rest, S("@"))) {
        s->type = rest;
        return;
    }
    str view = str_from(rest, 1);
    add_shape(s, view);
    s->is_page = s->is_page || templates_has(app->templates, view);
}

static void say_brackets(const struct app *app, struct says *all, int good, str more)
{
    str one;
    if (str_starts(more, S("@"))) /* instead of the row's view */
        said_of(all, good)->n = 0;
    while (more.n && str_cut(&more, ',', &one))
        say_besides(app, all, good, str_trim(one));
}

void answers_of(const struct app *app, const struct operation *o, struct says *all)
{
    bool has_page = o->row->view && templates_has(app->templates, str_of(o->row->view));
    bool is_for_browsers = has_page || !(o->row->flags & BARE);
    int good = o->row->flags & CREATES ? 201 : 200;
    *all = (struct says){ 0 };
    say_good(app, o, has_page, said_of(all, good));
    if (is_for_browsers && asks_who(o)) /* to log in, or on from a form */
        said_of(all, 303);
    for (size_t i = 0; i < COUNT(problems); i++)
        if (problems[i].is_said(o))
            said_of(all, problems[i].status);
    say_brackets(app, all, good, o->more);
    for (size_t i = 0; i < all->n; i++) /* who asks for a page is told on a page */
        if (all->list[i].is_problem)
            all->list[i].is_page = is_for_browsers;
}

/* ---- an answer held against it -----------------------------------------------------------------
 */

struct brackets {
    str of[COUNT(methods)];
};

/* Read once; NULL: nothing is held against anything. */
struct brackets *brackets_open(const struct app *app)
{
    if (!str_is(app->mode, "test") || !app->shapes || !app->router)
        return NULL;
    struct arena *mem = app->mem;
    struct brackets *all = NEWS(mem, struct brackets, router_count(app->router));
    str words = operations_text(app, mem);
    for (size_t i = 0; i < router_count(app->router); i++)
        for (size_t m = 0; m < COUNT(methods); m++) {
            struct operation o = operation_of(app, i, methods[m]);
            operation_describe(words, &o);
            all[i].of[m] = o.more;
        }
    return all;
}

static str more_of(const struct req *r)
{
    size_t m = 0;
    while (m + 1 < COUNT(methods) && methods[m] != r->method)
        m++;
    return r->c.app->brackets[r->row].of[m];
}

static str header_of(const struct req *r, const char *name)
{
    EACH(item, r->out->headers)
        if (str_is(node_str(&item->node, "name"), name))
            return node_str(&item->node, "value");
    return str_none;
}

static str json_misfit(struct req *r, const struct said *s)
{
    const struct shapes *shapes = r->c.app->shapes;
    struct arena *mem = r->c.mem;
    struct fault told = r->c.fault;
    struct node *json;
    str wrong = S("is JSON, which is not described");
    bool ok = json_read(&r->c, buf_str(&r->out->body), &json) == E_OK;
    r->c.fault = told;
    if (!ok)
        return S("is no JSON");
    if (str_starts(s->type, S("application/json")) ||
        (s->is_problem && shape_fits(shape_find(shapes, S("error/error")), mem, json, &wrong)))
        return str_none;
    for (size_t i = 0; i < s->n; i++)
        if (shape_fits(shape_find(shapes, s->shapes[i]), mem, json, &wrong))
            return str_none;
    return wrong;
}

static str body_misfit(struct req *r, const struct said *s)
{
    str type = header_of(r, "Content-Type");
    if (s->status == 303 || header_of(r, "X-Accel-Redirect").n)
        return str_none;
    if (str_starts(type, S("application/json")))
        return json_misfit(r, s);
    if (str_starts(type, S("text/html")) ? s->is_page : s->type.n && str_starts(type, s->type))
        return str_none;
    return str_fmt(r->c.mem, "is %.*s, which is not described", STR(type));
}

str answer_misfit(struct req *r)
{
    struct says all;
    if (!r->c.app->brackets || !r->route || r->out->status == 500)
        return str_none;
    struct operation o = operation_of(r->c.app, r->row, r->method);
    if (!operation_is_published(&o))
        return str_none;
    o.more = more_of(r);
    answers_of(r->c.app, &o, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (all.list[i].status != r->out->status)
            continue;
        str wrong = body_misfit(r, &all.list[i]);
        return wrong.n ? str_fmt(r->c.mem, "%.*s %.*s %d: %.*s", STR(o.method), STR(o.path),
                             r->out->status, STR(wrong))
                       : str_none;
    }
    return str_fmt(r->c.mem, "%.*s %.*s does not say that it answers %d", STR(o.method),
        STR(o.path), r->out->status);
}
