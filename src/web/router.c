/* router.c: the route rows as a tree of path segments, checked once at the start. */
#include "web/web_in.h"

enum { METHODS = 5, ROWS_MAX = 1000 };

struct place { /* where a path has come to */
    str word;
    struct place *words, *next; /* literal continuations, tried first */
    struct place *any;          /* {name} */
    const struct route *rows[METHODS];
    size_t numbers[METHODS];
};
struct router {
    struct arena *mem;
    struct place root;
    const struct templates *templates;
    const struct shapes *shapes;
    struct buf *errors;
    const struct route *rows[ROWS_MAX];
    const char *features[ROWS_MAX];
    size_t n;
};

static const struct {
    enum method method;
    const char *name;
} methods[METHODS] = {
    { GET, "GET" },
    { POST, "POST" },
    { PUT, "PUT" },
    { PATCH, "PATCH" },
    { DELETE, "DELETE" },
};
static const struct {
    unsigned flag;
    const char *name;
} flags[] = {
    { CACHED, "CACHED" },
    { SLOW, "SLOW" },
    { RAW, "RAW" },
    { NOINDEX, "NOINDEX" },
    { BARE, "BARE" },
    { BIG, "BIG" },
    { FORM, "FORM" },
    { CREATES, "CREATES" },
    { VIEWING, "VIEWING" },
    { RENEWS, "RENEWS" },
    { OPEN, "OPEN" },
};
static const char *const rates[] = { "page", "form", "login", "order", "search", "hook", "none" };
static const struct {
    const char *name;
    enum role role;
    enum member member;
} permissions[] = { { "", SUPER_ADMIN + 1, OWNER + 1 },
#define X(p, name, role, member) { name, role, member },
    PERMISSIONS(X)
#undef X
};

const char *permission_name(enum permission p)
{
    return p < N_PERMISSIONS ? permissions[p].name : "";
}

const char *role_name(enum role role)
{
    static const char *const names[] = { "guest", "user", "admin", "super_admin" };
    return (size_t)role < COUNT(names) ? names[role] : "";
}

enum permission permission_named(str name)
{
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        if (str_is(name, permissions[p].name))
            return p;
    return PERMISSION_NONE_GIVEN;
}

uint64_t permission_bit(enum permission p)
{
    return p != PERMISSION_NONE_GIVEN && p < N_PERMISSIONS ? (uint64_t)1 << p : 0;
}

bool permission_is_for_keys(enum permission p)
{
    return p < N_PERMISSIONS && permissions[p].member != NOBODY && p != API_KEYS_MANAGE &&
        p != TEAM_WRITE && p != TEAM_OWN && p != ORDERS_DELETE;
}

enum permission permission_of_keys(enum permission p)
{
    return p == ORDERS_READ ? ORDERS_READ_ALL : p;
}

uint64_t permissions_of(enum role role, enum member member)
{
    uint64_t set = 0;
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        if (role >= permissions[p].role ||
            (permissions[p].member != NOBODY && member >= permissions[p].member))
            set |= permission_bit(p);
    return set;
}

/* What a guest may, everybody may. */
bool may(const struct who *who, enum permission p)
{
    uint64_t bit = permission_bit(p);
    return bit && (permissions[p].role == GUEST || (who->person && (who->allowed & bit)));
}

bool is_for_staff(enum permission p) { return p < N_PERMISSIONS && permissions[p].role > USER; }

int as_staff(struct req *r)
{
    if (!r->who.organisation)
        return fail(&r->c, E_DENIED, "staff.nowhere", "You are not staff of any shop here.");
    r->c.scope.organisation = r->who.organisation;
    return E_OK;
}

int as_role(struct req *r, unsigned roles)
{
    struct buf names = buf_new(r->c.mem, 100);
    if (r->who.person && (roles & ROLE(r->who.role)))
        return E_OK;
    for (enum role role = USER; role <= SUPER_ADMIN; role++)
        if (roles & ROLE(role))
            buf_fmt(&names, "%s%s", names.n ? "|" : "", role_name(role));
    r->required = buf_str(&names);
    return fail_detail(&r->c, E_DENIED, "permission", "needs to be %.*s", STR(r->required));
}

str method_name(enum method method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == method)
            return str_of(methods[i].name);
    return S("?");
}

str methods_text(struct arena *mem, unsigned set)
{
    struct buf out = buf_new(mem, 64);
    for (size_t i = 0; i < METHODS; i++) {
        if (!(set & methods[i].method))
            continue;
        buf_fmt(&out, "%s%s", out.n ? ", " : "", methods[i].name);
        if (methods[i].method == GET)
            buf_add(&out, S(", HEAD"));
    }
    return buf_str(&out);
}

/* ---- the start: every row is checked, then hung into the tree ------------------------------- */

static bool is_name(str segment, str *name)
{
    if (segment.n < 3 || segment.p[0] != '{' || segment.p[segment.n - 1] != '}')
        return false;
    *name = (str){ segment.p + 1, segment.n - 2 };
    return true;
}

static bool declares(const struct route *row, str name)
{
    for (const struct input *in = row->in; in && in->name; in++)
        if (str_is(name, in->name))
            return true;
    return false;
}

static const char *path_fault(const struct route *row)
{
    str rest = str_of(row->path), segment, name;
    size_t n = 0;
    if (rest.n == 0 || rest.p[0] != '/')
        return "path must begin with /";
    if (rest.n > 1 && rest.p[rest.n - 1] == '/')
        return "path must not end in /";
    rest = str_from(rest, 1);
    while (rest.n && str_cut(&rest, '/', &segment)) {
        if (++n > SEGMENTS_MAX)
            return "path is too deep";
        if (segment.n == 0)
            return "path has an empty segment";
        if (is_name(segment, &name) ? !declares(row, name)
                                    : memchr(segment.p, '{', segment.n) != NULL)
            return "path has a {name} that is not a declared input";
    }
    return NULL;
}

static const char *input_fault(const struct route *row)
{
    for (const struct input *in = row->in; in && in->name; in++) {
        if (in->kind == CHOICE && !in->choices)
            return "a CHOICE without choices";
        if (in->min > in->max && in->max != 0)
            return "an input with min above max";
        if (in->kind == FILES && !(row->flags & BIG))
            return "FILES need BIG";
        if ((in->kind == GROUP || in->kind == LIST) != (in->of != NULL))
            return "GROUP and LIST say what they are of, others are of nothing";
        for (const struct input *other = row->in; other < in; other++)
            if (strcmp(other->name, in->name) == 0)
                return "an input is declared twice";
    }
    return NULL;
}

/* A view is a template, and a shape for its JSON. What is for programs alone (/api/) needs no
 * template, and what has only one format (BARE) either of them. */
static const char *view_fault(const struct router *router, const struct route *row)
{
    str view = str_of(row->view);
    bool is_bare = (row->flags & BARE) || str_starts(str_of(row->path), S("/api/"));
    bool has_shape = shape_find(router->shapes, view) != NULL;
    if (!view.n)
        return NULL;
    if (router->templates && !templates_has(router->templates, view) && !(is_bare && has_shape))
        return "its view is not among the templates";
    if (router->shapes && !has_shape && !is_bare)
        return "its view has no shape: templates/<view>.shape says what its JSON holds";
    return NULL;
}

/* What a row may not be; the first thing wrong with it. */
static const char *row_fault(const struct router *router, const struct route *row)
{
    unsigned writes = row->methods & (unsigned)~GET;
    if (!row->methods || (row->methods & ~(unsigned)(GET | POST | PUT | PATCH | DELETE)))
        return "no such method";
    if ((row->methods & GET) && writes)
        return "GET never writes: give the writing methods a row of their own";
    if (row->need == PERMISSION_NONE_GIVEN || row->need >= N_PERMISSIONS)
        return "no permission given";
    if (!row->run)
        return "no handler";
    if (row->rate > RATE_NONE)
        return "no such rate class";
    if ((row->flags & CACHED) && (writes || row->need != ANYONE))
        return "only what anyone may GET can be CACHED";
    if ((row->flags & RAW) && (row->methods != POST || row->need != ANYONE || !(row->flags & BARE)))
        return "RAW (no CSRF check) is for BARE POST hooks with a signature, need ANYONE";
    if ((row->flags & CACHED) && (row->flags & SLOW))
        return "what is SLOW is not CACHED";
    const char *fault = view_fault(router, row);
    if (fault)
        return fault;
    fault = path_fault(row);
    return fault ? fault : input_fault(row);
}

static struct place *step_down(struct router *router, struct place *at, str segment)
{
    str name;
    if (is_name(segment, &name)) {
        if (!at->any)
            at->any = NEW(router->mem, struct place);
        return at->any;
    }
    for (struct place *p = at->words; p; p = p->next)
        if (str_eq(p->word, segment))
            return p;
    struct place *p = NEW(router->mem, struct place);
    p->word = segment;
    p->next = at->words;
    at->words = p;
    return p;
}

static void hang(struct router *router, const struct route *row)
{
    struct place *at = &router->root;
    str rest = str_from(str_of(row->path), 1), segment;
    while (rest.n && str_cut(&rest, '/', &segment))
        at = step_down(router, at, segment);
    for (size_t i = 0; i < METHODS; i++) {
        if (!(row->methods & methods[i].method))
            continue;
        if (at->rows[i])
            buf_fmt(router->errors, "route %s %s: already taken by %s\n", methods[i].name,
                row->path, at->rows[i]->path);
        at->rows[i] = row;
        at->numbers[i] = router->n;
    }
}

static void add_row(struct router *router, const char *feature, const struct route *row)
{
    const char *fault = row_fault(router, row);
    if (fault) {
        buf_fmt(router->errors, "route %s (%s): %s\n", row->path, feature, fault);
        return;
    }
    if (router->n == ROWS_MAX) {
        buf_add(router->errors, S("too many routes\n"));
        return;
    }
    hang(router, row);
    router->features[router->n] = feature;
    router->rows[router->n++] = row;
}

struct router *router_open(struct arena *mem, const struct house *house,
    const struct templates *templates, const struct shapes *shapes, struct buf *errors)
{
    struct router *router = NEW(mem, struct router);
    size_t before = errors->n;
    router->mem = mem;
    router->templates = templates;
    router->shapes = shapes;
    router->errors = errors;
    for (size_t i = 0; house->features && house->features[i]; i++)
        for (const struct route *row = house->features[i]; row->path; row++)
            add_row(router, house->names ? house->names[i] : "?", row);
    return errors->n == before ? router : NULL;
}

/* ---- a request ------------------------------------------------------------------------------- */

/* Literal words first; {name} when they lead nowhere. */
static const struct place *walk(const struct place *at, const str *segments, size_t n)
{
    if (n == 0) {
        for (size_t i = 0; i < METHODS; i++)
            if (at->rows[i])
                return at;
        return NULL;
    }
    for (const struct place *p = at->words; p; p = p->next) {
        if (!str_eq(p->word, segments[0]))
            continue;
        const struct place *end = walk(p, segments + 1, n - 1);
        if (end)
            return end;
        break;
    }
    return at->any ? walk(at->any, segments + 1, n - 1) : NULL;
}

struct found router_find(
    const struct router *router, const str *segments, size_t n, unsigned method)
{
    struct found found = { 0 };
    const struct place *place = walk(&router->root, segments, n);
    if (!place)
        return found;
    for (size_t i = 0; i < METHODS; i++) {
        if (!place->rows[i])
            continue;
        found.allowed |= methods[i].method;
        found.raw |= (place->rows[i]->flags & RAW) != 0;
        if (methods[i].method == method) {
            found.route = place->rows[i];
            found.number = place->numbers[i];
        }
    }
    return found;
}

void router_params(
    struct arena *mem, const struct route *row, const str *segments, size_t n, struct node *params)
{
    str rest = str_from(str_of(row->path), 1), segment, name;
    for (size_t i = 0; i < n && str_cut(&rest, '/', &segment); i++)
        if (is_name(segment, &name))
            node_set_str(mem, params, name, segments[i]);
}

size_t router_count(const struct router *router) { return router->n; }

const char *router_feature(const struct router *router, size_t number)
{
    return router->features[number];
}

str rate_name(enum rate rate) { return str_of(rates[rate]); }

const struct route *router_row(const struct router *router, size_t number)
{
    return router->rows[number];
}

/* ---- the table as text ------------------------------------------------------------------------
 */

static void dump_flags(unsigned set, struct buf *out)
{
    size_t before = out->n;
    for (size_t i = 0; i < COUNT(flags); i++)
        if (set & flags[i].flag)
            buf_fmt(out, "%s%s", out->n > before ? "," : "", flags[i].name);
    if (out->n == before)
        buf_char(out, '-');
}

static void dump_inputs(const struct route *row, struct buf *out)
{
    for (const struct input *in = row->in; in && in->name; in++)
        buf_fmt(out, "%s%s%s", in == row->in ? "" : ",", in->name, in->required ? "!" : "");
    if (!row->in || !row->in->name)
        buf_char(out, '-');
}

static void dump_line(const struct route *row, struct buf *out)
{
    str names = methods_text(out->mem, row->methods), one;
    size_t start = out->n;
    while (names.n && str_cut(&names, ',', &one)) {
        one = str_trim(one);
        if (!str_is(one, "HEAD"))
            buf_fmt(out, "%s%.*s", out->n > start ? "|" : "", STR(one));
    }
    buf_fmt(out, "\t%s\t%s\t%s\t%s\t", row->path, permission_name(row->need), rates[row->rate],
        row->view ? row->view : "-");
    dump_flags(row->flags, out);
    buf_char(out, '\t');
    dump_inputs(row, out);
    buf_char(out, '\n');
}

static void dump_json(const struct router *router, size_t number, struct node *list)
{
    struct arena *mem = router->mem;
    const struct route *row = router->rows[number];
    struct node *map = node_add_map(mem, list);
    struct buf inputs = buf_new(mem, 4096);
    node_set_str(mem, map, S("feature"), str_of(router->features[number]));
    node_set_str(mem, map, S("methods"), methods_text(mem, row->methods));
    node_set_str(mem, map, S("path"), str_of(row->path));
    node_set_str(mem, map, S("permission"), str_of(permission_name(row->need)));
    node_set_str(mem, map, S("rate"), str_of(rates[row->rate]));
    node_set_str(mem, map, S("view"), str_of(row->view));
    for (size_t i = 0; i < COUNT(flags); i++)
        node_set_bool(
            mem, map, str_lower(mem, str_of(flags[i].name)), (row->flags & flags[i].flag) != 0);
    dump_inputs(row, &inputs);
    node_set_str(mem, map, S("inputs"), buf_str(&inputs));
}

/* "PUT|POST /x/{id}", for nginx/render. A plain form says PUT in its body, where nginx does not
 * look; it knows HEAD as GET. */
static void dump_slow(const struct route *row, struct buf *out)
{
    unsigned set = row->methods & (PUT | PATCH | DELETE) ? row->methods | POST : row->methods;
    for (size_t i = 0, n = 0; i < METHODS; i++)
        if (set & methods[i].method)
            buf_fmt(out, "%s%s", n++ ? "|" : "", methods[i].name);
    buf_fmt(out, " %s\n", row->path);
}

void router_dump(const struct router *router, bool only_slow, bool json, struct buf *out)
{
    struct node *list = node_list(router->mem);
    for (size_t i = 0; i < router->n; i++) {
        if (only_slow && !(router->rows[i]->flags & SLOW))
            continue;
        if (json)
            dump_json(router, i, list);
        else if (only_slow)
            dump_slow(router->rows[i], out);
        else
            dump_line(router->rows[i], out);
    }
    if (json)
        json_write(out, list);
}
