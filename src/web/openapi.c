/* openapi.c: the route table and the shapes as an OpenAPI 3.1 document, and as the groups that
 * the readable page lists. Nothing here is written down twice: paths, inputs, permissions and
 * limits are the rows' own, answers are the shapes that the answers are written by; only the
 * sentence about each operation stands in templates/ops/operations. */
#include <ctype.h>
#include "web/web_in.h"

enum { WORDS_CEILING = 64 << 10 };

struct operation {
    const struct route *row;
    str method, feature, path;
    str type, words; /* of the line in templates/ops/operations */
};

/* ---- the sentences -----------------------------------------------------------------------------
 */

static str words_of(struct app *app, struct arena *mem)
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
static bool describe(str words, struct operation *o)
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
        o->type = open < 0 ? str_none
                           : str_upto(str_from(path, (size_t)open + 2), path.n - (size_t)open - 3);
        return true;
    }
    return false;
}

/* ---- inputs
 * -------------------------------------------------------------------------------------- */

static const struct {
    const char *type, *format, *pattern;
} kinds[] = {
    [INT] = { "integer", "int64", NULL },
    [TEXT] = { "string", NULL, NULL },
    [LINE] = { "string", NULL, NULL },
    [WORD] = { "string", NULL, "^\\S+$" },
    [SLUG] = { "string", NULL, "^[a-z0-9-]+$" },
    [EMAIL] = { "string", "email", NULL },
    [BOOL] = { "boolean", NULL, NULL },
    [MONEY] = { "string", NULL, "[0-9]" },
    [CHOICE] = { "string", NULL, NULL },
    [SECRET] = { "string", "password", NULL },
    [INTS] = { "array", NULL, NULL },
    [WORDS] = { "array", NULL, NULL },
    [LINES] = { "array", NULL, NULL },
    [FILES] = { "array", NULL, NULL },
    [GROUP] = { "object", NULL, NULL },
    [LIST] = { "array", NULL, NULL },
};

static void set_bounds(struct arena *mem, struct node *schema, const struct input *in)
{
    bool is_number = in->kind == INT;
    bool is_list = in->kind == INTS || in->kind == WORDS || in->kind == LINES ||
        in->kind == FILES || in->kind == LIST;
    str least = is_number ? S("minimum") : is_list ? S("minItems") : S("minLength");
    str most = is_number ? S("maximum") : is_list ? S("maxItems") : S("maxLength");
    if (in->kind == BOOL || in->kind == CHOICE || in->kind == GROUP)
        return;
    if (in->min || (is_number && in->max))
        node_set_int(mem, schema, least, in->min);
    if (in->max)
        node_set_int(mem, schema, most, in->max);
}

static struct node *input_schema(struct arena *, const struct input *);

/* As JSON has it: paymentMethod. */
static str json_name(struct arena *mem, const char *name)
{
    struct buf quoted = buf_new(mem, 400);
    json_key(&quoted, str_of(name));
    return (str){ quoted.p + 1, quoted.n - 2 };
}

/* Forms call a field as it is declared. */
static void add_property(
    struct arena *mem, struct node *object, const struct input *in, bool only_json)
{
    str name = only_json ? json_name(mem, in->name) : str_of(in->name);
    struct node *properties = node_get(object, S("properties"));
    struct node *required = node_get(object, S("required"));
    if (!properties) {
        node_set_str(mem, object, S("type"), S("object"));
        properties = node_set_map(mem, object, S("properties"));
    }
    node_set(mem, properties, name, input_schema(mem, in));
    if (in->required && !required)
        required = node_set_list(mem, object, S("required"));
    if (in->required)
        node_add_str(mem, required, name);
}

static struct node *input_schema(struct arena *mem, const struct input *in)
{
    struct node *schema = node_map(mem), *object = schema;
    node_set_str(mem, schema, S("type"), str_of(kinds[in->kind].type));
    if (kinds[in->kind].format)
        node_set_str(mem, schema, S("format"), str_of(kinds[in->kind].format));
    if (kinds[in->kind].pattern)
        node_set_str(mem, schema, S("pattern"), str_of(kinds[in->kind].pattern));
    if (in->kind == LIST)
        object = node_set_map(mem, schema, S("items"));
    for (const struct input *one = in->of; one && one->name; one++)
        add_property(mem, object, one, true); /* forms have none within another */
    if (in->kind == INTS)
        node_set_str(mem, node_set_map(mem, schema, S("items")), S("type"), S("integer"));
    if (in->kind == WORDS || in->kind == LINES)
        node_set_str(mem, node_set_map(mem, schema, S("items")), S("type"), S("string"));
    if (in->kind == FILES) {
        struct node *items = node_set_map(mem, schema, S("items"));
        node_set_str(mem, items, S("type"), S("string"));
        node_set_str(mem, items, S("contentMediaType"), S("application/octet-stream"));
    }
    if (in->kind == CHOICE) {
        struct node *list = node_set_list(mem, schema, S("enum"));
        str rest = str_of(in->choices), one;
        while (rest.n && str_cut(&rest, '|', &one))
            node_add_str(mem, list, one);
    }
    set_bounds(mem, schema, in);
    return schema;
}

static bool is_in_path(const struct route *row, const struct input *in)
{
    size_t n = strlen(in->name);
    for (const char *at = row->path; (at = strchr(at, '{')); at++)
        if (strncmp(at + 1, in->name, n) == 0 && at[n + 1] == '}')
            return true;
    return false;
}

static bool has_files(const struct route *row)
{
    for (const struct input *in = row->in; in && in->name; in++)
        if (in->kind == FILES)
            return true;
    return false;
}

static void add_parameter(
    struct arena *mem, struct node *list, const struct input *in, const char *where)
{
    struct node *one = node_add_map(mem, list);
    bool in_path = strcmp(where, "path") == 0;
    node_set_str(mem, one, S("name"), str_of(in->header ? in->header : in->name));
    node_set_str(mem, one, S("in"), str_of(where));
    if (in_path || in->required)
        node_set_bool(mem, one, S("required"), true);
    node_set(mem, one, S("schema"), input_schema(mem, in));
}

static const char *place_of(const struct operation *o, const struct input *in)
{
    if (in->header)
        return "header";
    if (is_in_path(o->row, in))
        return "path";
    return str_is(o->method, "GET") ? "query" : NULL; /* in the body */
}

static void add_body(
    struct arena *mem, const struct operation *o, struct node *schema, struct node *operation)
{
    static const char *const types[] = { "application/json", "application/x-www-form-urlencoded" };
    bool is_api = str_starts(o->path, S("/api/"));
    struct node *body = node_set_map(mem, operation, S("requestBody"));
    if (node_get(schema, S("required")))
        node_set_bool(mem, body, S("required"), true);
    struct node *content = node_set_map(mem, body, S("content"));
    if (has_files(o->row)) {
        node_set(mem, node_set_map(mem, content, S("multipart/form-data")), S("schema"), schema);
        return;
    }
    for (size_t i = 0; i < COUNT(types) - is_api; i++)
        node_set(mem, node_set_map(mem, content, str_of(types[i])), S("schema"), schema);
}

static void add_inputs(struct arena *mem, const struct operation *o, struct node *operation)
{
    struct node *parameters = node_list(mem), *schema = node_map(mem);
    for (const struct input *in = o->row->in; in && in->name; in++) {
        const char *where = place_of(o, in);
        if (where)
            add_parameter(mem, parameters, in, where);
        else
            add_property(mem, schema, in, str_starts(o->path, S("/api/")));
    }
    if (is_for_staff(o->row->need) || o->row->need == ORDERS_READ)
        node_set_str(mem, node_add_map(mem, parameters), S("$ref"),
            S("#/components/parameters/Organisation"));
    if (!str_is(o->method, "GET") && !(o->row->flags & RAW))
        node_set_str(
            mem, node_add_map(mem, parameters), S("$ref"), S("#/components/parameters/FormToken"));
    if (node_count(parameters))
        node_set(mem, operation, S("parameters"), parameters);
    if (node_count(schema))
        add_body(mem, o, schema, operation);
}

/* ---- answers
 * --------------------------------------------------------------------------------------- */

static struct node *ref(struct arena *mem, struct node *to, str title)
{
    node_set_str(mem, to, S("$ref"), str_fmt(mem, "#/components/schemas/%.*s", STR(title)));
    return to;
}

/* The view's shape; a form that passed answers with where to go on. */
static str answer_title(struct app *app, struct arena *mem, const struct operation *o)
{
    const char *view = o->row->view;
    bool is_form = !str_is(o->method, "GET") && !str_starts(o->path, S("/api/"));
    if (is_form || !view || !shape_find(app->shapes, str_of(view)))
        return is_form && !(o->row->flags & RAW) ? S("Location") : str_none;
    return shape_title(mem, str_of(view));
}

static void add_problem(struct arena *mem, struct node *responses, const char *status)
{
    node_set_str(mem, node_set_map(mem, responses, str_of(status)), S("$ref"),
        str_fmt(mem, "#/components/responses/Problem%s", status));
}

static void add_answers(
    struct app *app, struct arena *mem, const struct operation *o, struct node *operation)
{
    struct node *responses = node_set_map(mem, operation, S("responses"));
    struct node *ok = node_set_map(mem, responses, o->row->flags & CREATES ? S("201") : S("200"));
    struct node *content = node_map(mem);
    str title = answer_title(app, mem, o);
    bool has_page = o->row->view && templates_has(app->templates, str_of(o->row->view));
    node_set_str(mem, ok, S("description"),
        str_is(title, "Location") ? S("Done; where to go on.") : S("The document."));
    if (title.n)
        ref(mem, node_set_map(mem, node_set_map(mem, content, S("application/json")), S("schema")),
            title);
    if (has_page)
        node_set_str(mem,
            node_set_map(mem, node_set_map(mem, content, S("text/html")), S("schema")), S("type"),
            S("string"));
    if (o->type.n)
        node_set_str(mem, node_set_map(mem, node_set_map(mem, content, o->type), S("schema")),
            S("type"), S("string"));
    if (node_count(content))
        node_set(mem, ok, S("content"), content);
    if (str_is(o->method, "GET") && has_page && !(o->row->flags & CACHED))
        node_set_str(mem, node_set_map(mem, responses, S("303")), S("description"),
            S("Something has to be done first: Location says where."));
    if (node_count(node_get(operation, S("parameters"))) || node_get(operation, S("requestBody")))
        add_problem(mem, responses, "422");
    if (str_starts(o->path, S("/api/")) && !str_is(o->method, "GET"))
        add_problem(mem, responses, "409");
    if (o->row->flags & CREATES && o->row->flags & SLOW)
        add_problem(mem, responses, "502");
    if (o->row->need != ANYONE) {
        add_problem(mem, responses, "401");
        add_problem(mem, responses, "403");
    }
    if (str_find(o->path, S("{")) >= 0)
        add_problem(mem, responses, "404");
    if (o->row->rate != RATE_NONE)
        add_problem(mem, responses, "429");
    add_problem(mem, responses, "503");
}

/* ---- operations
 * ------------------------------------------------------------------------------------- */

/* "GET", "/products/{slug}": getProductsBySlug. */
static str operation_id(struct arena *mem, const struct operation *o)
{
    struct buf out = buf_new(mem, 400);
    bool is_start = true;
    buf_add(&out, str_lower(mem, o->method));
    for (size_t i = 0; i < o->path.n; i++) {
        char c = o->path.p[i];
        if (c == '{')
            buf_add(&out, S("By"));
        if (isalnum((unsigned char)c))
            buf_char(&out, is_start ? (char)toupper((unsigned char)c) : c);
        is_start = !isalnum((unsigned char)c);
    }
    return buf_str(&out);
}

static void add_security(struct arena *mem, const struct operation *o, struct node *operation)
{
    struct node *list = node_set_list(mem, operation, S("security"));
    static const char *const schemes[] = { "session", "bearer" };
    if (o->row->need == ANYONE)
        node_add_map(mem, list);
    for (size_t i = 0; i < COUNT(schemes); i++)
        node_set_list(mem, node_add_map(mem, list), str_of(schemes[i]));
    if (permission_is_for_keys(o->row->need) || o->row->need == ORDERS_READ)
        node_set_list(mem, node_add_map(mem, list), S("key"));
    node_set_str(mem, operation, S("x-permission"), str_of(permission_name(o->row->need)));
}

static void add_operation(
    struct app *app, struct arena *mem, const struct operation *o, struct node *paths)
{
    struct node *path = node_get(paths, o->path);
    if (!path)
        path = node_set_map(mem, paths, o->path);
    struct node *operation = node_set_map(mem, path, str_lower(mem, o->method));
    node_add_str(mem, node_set_list(mem, operation, S("tags")), o->feature);
    node_set_str(mem, operation, S("operationId"), operation_id(mem, o));
    node_set_str(mem, operation, S("summary"), o->words);
    if (!(o->row->flags & RAW))
        add_security(mem, o, operation);
    else
        node_set_list(mem, operation, S("security"));
    node_set_str(mem, operation, S("x-rate-class"), rate_name(o->row->rate));
    add_inputs(mem, o, operation);
    add_answers(app, mem, o, operation);
}

/* Each published operation in the order of the table; what begins with /-/ is the pages' own. */
static void each_operation(struct app *app, struct arena *mem,
    void (*each)(struct app *, struct arena *, const struct operation *, struct node *),
    struct node *with)
{
    static const enum method all[] = { GET, POST, PUT, PATCH, DELETE };
    str words = words_of(app, mem);
    for (size_t i = 0; i < router_count(app->router); i++)
        for (size_t m = 0; m < COUNT(all); m++) {
            struct operation o = { .row = router_row(app->router, i),
                .method = method_name(all[m]),
                .feature = str_of(router_feature(app->router, i)) };
            o.path = str_of(o.row->path);
            if (!(o.row->methods & all[m]) || str_starts(o.path, S("/-/")))
                continue;
            describe(words, &o);
            each(app, mem, &o, with);
        }
}

/* ---- the whole document
 * ----------------------------------------------------------------------------- */

/* What is said once for all operations. */
static const char frame[] =
    "{\"parameters\":{\"FormToken\":{\"name\":\"X-CSRF-Token\",\"in\":\"header\",\"schema\":"
    "{\"type\":\"string\"},\"description\":\"Needed with cookies: what GET /api/csrf/csrf-token "
    "gives. Not with a bearer token.\"},\"Organisation\":{\"name\":\"X-Organisation\",\"in\":"
    "\"header\",\"schema\":{\"type\":\"string\"},\"description\":\"With a bearer token: the short "
    "name of the organisation this request is made for, of those the person is a member of. "
    "Without it: the first they joined. 404 for any other.\"}},"
    "\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":"
    "\"__Host-sid\"},\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":"
    "\"JWT\"},\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Api-Key\","
    "\"description\":\"A key of the organisation, which also goes as a bearer token.\"}}}";

static const struct {
    const char *status, *words;
} problems[] = {
    { "401", "Nobody is logged in, or the token is not valid." },
    { "403", "Not allowed: `required` names the permission, `role` whose it is not." },
    { "404", "There is no such thing, or not for this one." },
    { "409", "It cannot be done as things stand now; `code` says why." },
    { "422", "An input is wrong; `fields` says which and why." },
    { "429", "Too many requests; Retry-After says when to come back." },
    { "502", "The payment provider did not answer: the same again, with the same key." },
    { "503", "A part of the shop is away; Retry-After says when to come back." },
};

static void add_problems(struct arena *mem, struct node *components)
{
    struct node *responses = node_set_map(mem, components, S("responses"));
    for (size_t i = 0; i < COUNT(problems); i++) {
        str name = str_fmt(mem, "Problem%s", problems[i].status);
        struct node *one = node_set_map(mem, responses, name);
        node_set_str(mem, one, S("description"), str_of(problems[i].words));
        struct node *content = node_set_map(mem, one, S("content"));
        struct node *json = node_set_map(mem, content, S("application/json"));
        ref(mem, node_set_map(mem, json, S("schema")), S("ErrorError"));
    }
}

static void add_tags(struct app *app, struct arena *mem, struct node *document)
{
    struct node *tags = node_set_list(mem, document, S("tags")), *seen = node_map(mem);
    for (size_t i = 0; i < router_count(app->router); i++) {
        str name = str_of(router_feature(app->router, i));
        if (node_get(seen, name))
            continue;
        node_set_bool(mem, seen, name, true);
        node_set_str(mem, node_add_map(mem, tags), S("name"), name);
    }
}

int openapi_document(struct ctx *c, struct node **out)
{
    struct arena *mem = c->mem;
    struct node *document = *out = node_map(mem), *components;
    node_set_str(mem, document, S("openapi"), S("3.1.0"));
    struct node *info = node_set_map(mem, document, S("info"));
    node_set_str(mem, info, S("title"), conf_str(c->app->conf, "shop_name", S("Talat Market")));
    node_set_str(mem, info, S("version"), S("1.0"));
    node_set_str(mem, info, S("description"),
        S("Every page of the shop is also a document: ask with `Accept: application/json`, or "
          "add `.json` to its path. Amounts are integers in the currency's minor unit."));
    struct node *server = node_add_map(mem, node_set_list(mem, document, S("servers")));
    node_set_str(mem, server, S("url"), c->app->base_url);
    add_tags(c->app, mem, document);
    each_operation(c->app, mem, add_operation, node_set_map(mem, document, S("paths")));
    TRY(json_read(c, str_of(frame), &components));
    node_set(mem, document, S("components"), components);
    components = node_get(document, S("components"));
    add_problems(mem, components);
    struct node *schemas = node_set_map(mem, components, S("schemas"));
    if (c->app->shapes)
        shapes_schemas(c->app->shapes, mem, schemas);
    return E_OK;
}

/* ---- the readable page
 * -------------------------------------------------------------------------------- */

static str input_note(struct arena *mem, const struct input *in)
{
    static const char *const units[] = {
        [INTS] = "numbers", [WORDS] = "words", [LINES] = "lines", [FILES] = "files",
        [LIST] = "objects"
    };
    if (in->kind == CHOICE)
        return str_of(in->choices);
    if (!in->max || in->kind == GROUP)
        return str_none;
    const char *unit = in->kind == INT ? "" : in->kind >= INTS ? units[in->kind] : "characters";
    if (in->min == in->max)
        return str_fmt(mem, "%" PRId64 " %s", in->max, unit);
    if (in->max == INT64_MAX)
        return str_fmt(mem, "%" PRId64 " or more", in->min);
    return str_fmt(mem, "%" PRId64 "–%" PRId64 " %s", in->min, in->max, unit);
}

static str header_name(struct arena *mem, const char *lower)
{
    str name = str_dup(mem, str_of(lower));
    for (size_t i = 0; i < name.n; i++)
        if (!i || name.p[i - 1] == '-')
            ((char *)name.p)[i] = (char)toupper((unsigned char)name.p[i]);
    return name;
}

/* "items[].sku": as JSON has it; a form's fields and those of an address are called as they are. */
static str told_name(
    struct arena *mem, const struct operation *o, const struct input *in, str before)
{
    const char *where = place_of(o, in);
    if (in->header)
        return header_name(mem, in->header);
    if (where || !str_starts(o->path, S("/api/")))
        return str_fmt(mem, "%.*s%s", STR(before), in->name);
    return str_fmt(mem, "%.*s%.*s", STR(before), STR(json_name(mem, in->name)));
}

static void tell_inputs(struct arena *mem, const struct operation *o, const struct input *in,
    str before, struct node *inputs)
{
    for (; in && in->name; in++) {
        struct node *input = node_add_map(mem, inputs);
        const char *where = before.n ? "body" : place_of(o, in);
        str name = told_name(mem, o, in, before);
        node_set_str(mem, input, S("name"), name);
        node_set_str(mem, input, S("where"), str_of(where ? where : "body"));
        node_set_str(mem, input, S("type"), str_of(kinds[in->kind].type));
        node_set_bool(mem, input, S("is_required"), in->required);
        node_set_str(mem, input, S("note"), input_note(mem, in));
        tell_inputs(mem, o, in->of,
            str_fmt(mem, "%.*s%s.", STR(name), in->kind == LIST ? "[]" : ""), inputs);
    }
}

static struct node *group_of(struct arena *mem, struct node *groups, str name)
{
    struct node *group = node_get(groups, name);
    if (group)
        return group;
    group = node_set_map(mem, groups, name);
    node_set_str(mem, group, S("name"), name);
    node_set_bool(mem, group, S("is_api"), str_is(name, "api"));
    node_set_list(mem, group, S("operations"));
    return group;
}

static void add_to_group(
    struct app *app, struct arena *mem, const struct operation *o, struct node *groups)
{
    str rest = o->feature, of = S("api"); /* "auth_reset" goes with "auth" */
    if (!str_starts(o->path, S("/api/")))
        str_cut(&rest, '_', &of);
    struct node *group = group_of(mem, groups, of);
    struct node *one = node_add_map(mem, node_get(group, S("operations")));
    struct node *inputs = node_set_list(mem, one, S("inputs"));
    node_set_str(mem, one, S("id"), operation_id(mem, o));
    node_set_str(mem, one, S("method"), o->method);
    node_set_str(mem, one, S("address"), o->path);
    node_set_str(mem, one, S("words"), o->words);
    node_set_str(mem, one, S("permission"), str_of(permission_name(o->row->need)));
    tell_inputs(mem, o, o->row->in, str_none, inputs);
    str title = answer_title(app, mem, o);
    node_set_str(mem, one, S("answer"),
        str_is(title, "Location") ? S("location text")
            : title.n             ? shape_told(app->shapes, mem, str_of(o->row->view))
                                  : o->type);
}

struct node *openapi_groups(struct ctx *c)
{
    struct node *groups = node_map(c->mem), *list = node_list(c->mem);
    group_of(c->mem, groups, S("api")); /* what is made for programs comes first */
    each_operation(c->app, c->mem, add_to_group, groups);
    EACH(item, groups)
        node_add(c->mem, list, (struct node *)&item->node);
    return list;
}
