/* openapi.c: the route table and the shapes as an OpenAPI 3.1 document, and as the groups that
 * the readable page lists. Nothing here is written down twice: paths, inputs, permissions and
 * limits are the rows' own, answers are the shapes that the answers are written by and held against
 * (answers.c); only the sentence about each operation stands in templates/ops/operations. */
#include <ctype.h>
#include "web/web_in.h"

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
    bool is_api = operation_is_api(o);
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

/* Fields that the row does not declare. */
static void open_up(struct arena *mem, struct node *schema)
{
    static const char *const types[] = { "string", "integer", "boolean", "array" };
    node_set_str(mem, schema, S("type"), S("object"));
    struct node *list = node_set_list(
        mem, node_set_map(mem, schema, S("additionalProperties")), S("type"));
    for (size_t i = 0; i < COUNT(types); i++)
        node_add_str(mem, list, str_of(types[i]));
}

static void add_inputs(struct arena *mem, const struct operation *o, struct node *operation)
{
    struct node *parameters = node_list(mem), *schema = node_map(mem);
    for (const struct input *in = o->row->in; in && in->name; in++) {
        const char *where = place_of(o, in);
        if (where)
            add_parameter(mem, parameters, in, where);
        else
            add_property(mem, schema, in, operation_is_api(o));
    }
    if (operation_takes_organisation(o))
        node_set_str(mem, node_add_map(mem, parameters), S("$ref"),
            S("#/components/parameters/Organisation"));
    if (!str_is(o->method, "GET") && !(o->row->flags & RAW))
        node_set_str(
            mem, node_add_map(mem, parameters), S("$ref"), S("#/components/parameters/FormToken"));
    if (node_count(parameters))
        node_set(mem, operation, S("parameters"), parameters);
    if (o->row->flags & OPEN)
        open_up(mem, schema);
    if (node_count(schema))
        add_body(mem, o, schema, operation);
}

/* ---- answers
 * --------------------------------------------------------------------------------------- */

#define PROBLEM S("ErrorError") /* templates/error/error.shape */

static struct node *ref(struct arena *mem, struct node *to, str title)
{
    node_set_str(mem, to, S("$ref"), str_fmt(mem, "#/components/schemas/%.*s", STR(title)));
    return to;
}

/* One of several: the first that fits. */
static void add_schema(struct arena *mem, struct node *content, const struct said *s)
{
    struct node *schema =
        node_set_map(mem, node_set_map(mem, content, S("application/json")), S("schema"));
    if (s->n + s->is_problem == 1) {
        ref(mem, schema, s->is_problem ? PROBLEM : shape_title(mem, s->shapes[0]));
        return;
    }
    struct node *list = node_set_list(mem, schema, S("anyOf"));
    if (s->is_problem)
        ref(mem, node_add_map(mem, list), PROBLEM);
    for (size_t i = 0; i < s->n; i++)
        ref(mem, node_add_map(mem, list), shape_title(mem, s->shapes[i]));
}

static void add_type(struct arena *mem, struct node *content, str type)
{
    node_set_str(mem, node_set_map(mem, node_set_map(mem, content, type), S("schema")), S("type"),
        str_is(type, "application/json") ? S("object") : S("string"));
}

static void add_content(struct arena *mem, struct node *response, const struct said *s)
{
    struct node *content = node_map(mem);
    if (s->n || s->is_problem)
        add_schema(mem, content, s);
    if (s->is_page)
        add_type(mem, content, S("text/html"));
    if (s->type.n)
        add_type(mem, content, s->type);
    if (node_count(content))
        node_set(mem, response, S("content"), content);
}

static const struct {
    int status;
    const char *words;
} problems[] = {
    { 400, "The request cannot be read." },
    { 401, "Nobody is logged in, or the token is not valid." },
    { 403,
        "Not allowed: `required` names a permission that is lacking, `role` the platform role of who "
        "asked, which for a key is always `user`." },
    { 404, "There is no such thing, or not for this one." },
    { 409, "It cannot be done as things stand now; `code` says why." },
    { 410, "It is over." },
    { 413, "The request is too large." },
    { 415, "A body of that type is not read here." },
    { 422, "An input is wrong; `fields` says which and why." },
    { 429, "Too many requests; Retry-After says when to come back." },
    { 500, "A fault of the shop's own, which its operator finds by `requestId`." },
    { 502, "An outside service did not answer: the same again, with the same key." },
    { 503, "A part of the shop is away; Retry-After says when to come back." },
};

static str words_of_status(const struct said *s)
{
    for (size_t i = 0; i < COUNT(problems); i++)
        if (problems[i].status == s->status)
            return str_of(problems[i].words);
    return s->status == 303 ? S("Somewhere else is to be gone to: Location says where.")
        : s->n && str_is(s->shapes[0], "part/location") ? S("Done; where to go on.")
                                                        : S("The document.");
}

/* Said once, where the first operation answers so. */
static void refer_to_problem(
    struct arena *mem, struct node *response, const struct said *s, struct node *problems_said)
{
    str name = str_fmt(mem, "%s%d", s->is_page ? "PageProblem" : "Problem", s->status);
    node_set_str(
        mem, response, S("$ref"), str_fmt(mem, "#/components/responses/%.*s", STR(name)));
    if (node_get(problems_said, name))
        return;
    struct node *problem = node_set_map(mem, problems_said, name);
    node_set_str(mem, problem, S("description"), words_of_status(s));
    add_content(mem, problem, s);
}

static void add_answers(struct app *app, struct arena *mem, const struct operation *o,
    struct node *operation, struct node *problems_said)
{
    struct node *responses = node_set_map(mem, operation, S("responses"));
    struct says all;
    answers_of(app, o, &all);
    for (size_t i = 0; i < all.n; i++) {
        const struct said *s = &all.list[i];
        struct node *one = node_set_map(mem, responses, str_fmt(mem, "%d", s->status));
        if (s->is_problem && !s->n) {
            refer_to_problem(mem, one, s, problems_said);
            continue;
        }
        node_set_str(mem, one, S("description"), words_of_status(s));
        add_content(mem, one, s);
    }
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

/* What is for programs stands together; "auth_reset" goes with "auth". */
static str group_name(const struct operation *o)
{
    str rest = o->feature, name = S("api");
    if (!operation_is_api(o))
        str_cut(&rest, '_', &name);
    return name;
}

static void add_tag(struct arena *mem, str name, struct node *tags)
{
    EACH(item, tags)
        if (str_eq(node_str(&item->node, "name"), name))
            return;
    node_set_str(mem, node_add_map(mem, tags), S("name"), name);
}

/* Empty: what everybody else needs. */
static str name_of_keys(const struct operation *o)
{
    enum permission need = permission_of_keys(o->row->need);
    return need == o->row->need ? str_none : str_of(permission_name(need));
}

static void add_security(struct arena *mem, const struct operation *o, struct node *operation)
{
    struct node *list = node_set_list(mem, operation, S("security"));
    static const char *const schemes[] = { "session", "bearer" };
    if (o->row->need == ANYONE)
        node_add_map(mem, list);
    for (size_t i = 0; i < COUNT(schemes); i++)
        node_set_list(mem, node_add_map(mem, list), str_of(schemes[i]));
    if (permission_is_for_keys(permission_of_keys(o->row->need)))
        node_set_list(mem, node_add_map(mem, list), S("key"));
    node_set_str(mem, operation, S("x-permission"), str_of(permission_name(o->row->need)));
    if (o->row->also)
        node_set_str(mem, operation, S("x-permission-also"), str_of(permission_name(o->row->also)));
    if (name_of_keys(o).n)
        node_set_str(mem, operation, S("x-permission-of-keys"), name_of_keys(o));
}

static void add_operation(
    struct app *app, struct arena *mem, const struct operation *o, struct node *document)
{
    struct node *paths = node_get(document, S("paths")), *path = node_get(paths, o->path);
    struct node *problems_said = node_get(node_get(document, S("components")), S("responses"));
    if (!path)
        path = node_set_map(mem, paths, o->path);
    struct node *operation = node_set_map(mem, path, str_lower(mem, o->method));
    node_add_str(mem, node_set_list(mem, operation, S("tags")), group_name(o));
    add_tag(mem, group_name(o), node_get(document, S("tags")));
    node_set_str(mem, operation, S("operationId"), operation_id(mem, o));
    node_set_str(mem, operation, S("summary"), o->words);
    if (!(o->row->flags & RAW))
        add_security(mem, o, operation);
    else
        node_set_list(mem, operation, S("security"));
    node_set_str(mem, operation, S("x-rate-class"), rate_name(o->row->rate));
    add_inputs(mem, o, operation);
    add_answers(app, mem, o, operation, problems_said);
}

/* Each published operation in the order of the table. */
static void each_operation(struct app *app, struct arena *mem,
    void (*each)(struct app *, struct arena *, const struct operation *, struct node *),
    struct node *with)
{
    static const enum method all[] = { GET, POST, PUT, PATCH, DELETE };
    str words = operations_text(app, mem);
    for (size_t i = 0; i < router_count(app->router); i++)
        for (size_t m = 0; m < COUNT(all); m++) {
            struct operation o = operation_of(app, i, all[m]);
            if (!(o.row->methods & all[m]) || !operation_is_published(&o))
                continue;
            operation_describe(words, &o);
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

/* Of all shapes those that are referred to in there. */
static void add_schemas(
    struct arena *mem, const struct node *in, const struct node *all, struct node *schemas)
{
    str before = S("#/components/schemas/");
    EACH(item, in) {
        add_schemas(mem, &item->node, all, schemas);
        if (!str_is(item->key, "$ref") || !str_starts(item->node.as.text, before))
            continue;
        str title = str_from(item->node.as.text, before.n);
        const struct node *schema = node_get(all, title);
        if (!schema || node_get(schemas, title))
            continue;
        node_set(mem, schemas, title, (struct node *)schema);
        add_schemas(mem, schema, all, schemas);
    }
}

/* "TAG cart: ...": lines among those of the operations. */
static void describe_tags(struct app *app, struct arena *mem, struct node *tags)
{
    str words = operations_text(app, mem);
    EACH(item, tags) {
        struct operation as = { .method = S("TAG"), .path = node_str(&item->node, "name") };
        operation_describe(words, &as);
        node_set_str(mem, (struct node *)&item->node, S("description"), as.words);
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
    struct node *tags = node_set_list(mem, document, S("tags"));
    struct node *paths = node_set_map(mem, document, S("paths")), *all = node_map(mem);
    TRY(json_read(c, str_of(frame), &components));
    components = node_set(mem, document, S("components"), components);
    struct node *responses = node_set_map(mem, components, S("responses"));
    struct node *schemas = node_set_map(mem, components, S("schemas"));
    each_operation(c->app, mem, add_operation, document);
    describe_tags(c->app, mem, tags);
    if (c->app->shapes)
        shapes_schemas(c->app->shapes, mem, all);
    add_schemas(mem, paths, all, schemas);
    add_schemas(mem, responses, all, schemas);
    return E_OK;
}

/* ---- the readable page
 * -------------------------------------------------------------------------------- */

enum { TOLD_CEILING = 256 << 10 };

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

str header_spelt(struct arena *mem, const char *lower)
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
        return header_spelt(mem, in->header);
    if (where || !operation_is_api(o))
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

/* The shapes of what is answered when all is well, and of what else a problem may hold. */
static str told_answers(struct app *app, struct arena *mem, const struct operation *o)
{
    struct buf out = buf_new(mem, TOLD_CEILING);
    struct says all;
    answers_of(app, o, &all);
    for (size_t i = 0; i < all.n; i++) {
        const struct said *s = &all.list[i];
        if (s->type.n)
            buf_add(&out, s->type);
        for (size_t j = 0; j < s->n; j++) {
            if (s->is_problem)
                buf_fmt(&out, "\n\n# with %d\n\n", s->status);
            else if (j)
                buf_add(&out, S("\n\n# or\n\n"));
            buf_add(&out, shape_told(app->shapes, mem, s->shapes[j]));
        }
    }
    return str_trim(buf_str(&out));
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
    struct node *group = group_of(mem, groups, group_name(o));
    struct node *one = node_add_map(mem, node_get(group, S("operations")));
    struct node *inputs = node_set_list(mem, one, S("inputs"));
    node_set_str(mem, one, S("id"), operation_id(mem, o));
    node_set_str(mem, one, S("method"), o->method);
    node_set_str(mem, one, S("address"), o->path);
    node_set_str(mem, one, S("words"), o->words);
    node_set_str(mem, one, S("permission"), str_of(permission_name(o->row->need)));
    node_set_str(mem, one, S("also"), str_of(permission_name(o->row->also)));
    node_set_str(mem, one, S("of_keys"), name_of_keys(o));
    tell_inputs(mem, o, o->row->in, str_none, inputs);
    node_set_str(mem, one, S("answer"), told_answers(app, mem, o));
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
