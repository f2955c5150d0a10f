/* input.c: from what was sent to what the row declares: found, checked, typed. A kind is one
 * row of a table; whatever is not declared is not looked at. */
#include "web/web_in.h"

enum { VALUES_MAX = FIELDS_MAX };

struct given { /* one declared input and what was sent for it */
    const struct input *in;
    struct field values[VALUES_MAX];
    size_t n;
    bool from_path;
    const char *name;  /* as the person knows it: "items.0.sku" within a list */
    struct node *into; /* r->in, or one element of a LIST */
};

static int wrong(struct req *r, const struct given *g, const char *text)
{
    if (g->from_path) /* a path that cannot be is a path that is not */
        return fail(&r->c, E_MISSING, "input.path", "There is nothing here.");
    return fail_field(&r->c, g->name, text);
}

/* `value` in the place of {mark}. */
static int wrong_with(struct req *r, const struct given *g, const char *fmt, str mark, str value)
{
    str text = say(&r->c, fmt);
    i64 at = str_find(text, mark);
    if (at < 0)
        return wrong(r, g, str_c(r->c.mem, text));
    str after = str_from(text, (size_t)at + mark.n);
    return wrong(r, g,
        str_fmt(r->c.mem, "%.*s%.*s%.*s", STR(str_upto(text, (size_t)at)), STR(value), STR(after))
            .p);
}

static int wrong_fmt(struct req *r, const struct given *g, const char *fmt, i64 n)
{
    return wrong_with(r, g, fmt, S("{n}"), str_fmt(r->c.mem, "%" PRId64, n));
}

/* The fields that are sent show none that a header would fill. */
static int missing(struct req *r, const struct given *g)
{
    return g->in->header
        ? wrong_with(r, g, SAYS("Please send this as the request's header {header}."),
              S("{header}"), header_spelt(r->c.mem, g->in->header))
        : wrong(r, g, "Please fill this in.");
}

/* ---- text -------------------------------------------------------------------------------------
 */

static bool has_control(str s, bool lines_allowed)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 0x7F || (c < 0x20 && !(lines_allowed && (c == '\n' || c == '\t'))))
            return true;
    }
    return false;
}

bool in_is_line(str s) { return str_is_utf8(s) && !has_control(s, false); }

bool in_is_slug(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
                s.p[i] == '-'))
            return false;
    return s.n > 0;
}

static bool is_word(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ')
            return false;
    return s.n > 0;
}

enum { EMAIL_MOST = 254 };

bool in_is_email(str s)
{
    i64 at = str_find(s, S("@"));
    if (at < 1 || at > 64 || !is_word(s) || !str_is_utf8(s) || str_characters(s) > EMAIL_MOST)
        return false;
    str domain = str_from(s, (size_t)at + 1), label;
    size_t labels = 0;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("\"(),:;<>[]\\", s.p[i]))
            return false;
    if (str_find(domain, S("@")) >= 0 || str_ends(domain, S(".")))
        return false;
    while (domain.n && str_cut(&domain, '.', &label)) {
        if (!label.n || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        labels++;
    }
    return labels >= 2;
}

static bool is_money(str s)
{
    i64 most = 1000 * 1000 * (i64)1000 * 1000 * 1000, minor;
    return (money_typed(s, 4, &minor) && minor >= 0) ||
        (money_typed(s, 0, &minor) && minor >= 0 && minor < most);
}

static bool is_choice(const char *choices, str s)
{
    str rest = str_of(choices), one;
    while (rest.n && str_cut(&rest, '|', &one))
        if (str_eq(one, s))
            return true;
    return false;
}

static bool is_any(str s)
{
    (void)s;
    return true;
}

/* What a text kind is: its own ceiling, whether blanks around it go, what it must look like. */
static const struct {
    i64 max;
    bool trim, lines;
    bool (*is)(str);
    const char *otherwise;
} texts[] = {
    [TEXT] = { 10000, false, true, is_any, "" },
    [LINE] = { 200, true, false, is_any, "" },
    [WORD] = { 200, true, false, is_word, SAYS("This may not contain blanks.") },
    [SLUG] = { 100, true, false, in_is_slug,
        SAYS("Please use small letters, digits and hyphens only.") },
    [EMAIL] = { EMAIL_MOST, true, false, in_is_email, SAYS("Please enter an e-mail address.") },
    [MONEY] = { 20, true, false, is_money, SAYS("Please enter an amount, like 1290.") },
    [SECRET] = { 1024, false, false, is_any, "" },
};

static int take_text(struct req *r, const struct given *g)
{
    const struct input *in = g->in;
    bool secret = in->kind == SECRET;
    str value = g->values[0].value;
    i64 most = in->max ? in->max : texts[in->kind].max;
    if (texts[in->kind].trim)
        value = str_trim(value);
    if (texts[in->kind].lines)
        value = str_lines(r->c.mem, value);
    if (!secret && has_control(value, texts[in->kind].lines))
        return wrong(r, g, "This contains characters that cannot be used here.");
    i64 n = (i64)str_characters(value);
    if (n > most)
        return wrong_fmt(r, g, "Please use at most {n} characters.", most);
    if (value.n == 0) {
        if (in->required || g->from_path)
            return missing(r, g);
        node_set_str(r->c.mem, g->into, str_of(in->name), value);
        return E_OK;
    }
    if (!texts[in->kind].is(value)) /* first, as it says more */
        return wrong(r, g, texts[in->kind].otherwise);
    if (n < in->min)
        return wrong_fmt(r, g, "Please use at least {n} characters.", in->min);
    value = in->kind == EMAIL ? locale_lower(r->c.mem, value) : str_dup(r->c.mem, value);
    node_set_str(r->c.mem, g->into, str_of(in->name), value);
    return E_OK;
}

/* ---- numbers, choices -------------------------------------------------------------------------
 */

static int take_int(struct req *r, const struct given *g)
{
    const struct input *in = g->in;
    i64 n;
    if (g->values[0].value.n == 0)
        return in->required ? missing(r, g) : E_OK;
    if (!str_int(g->values[0].value, &n))
        return wrong(r, g, "Please enter a whole number.");
    bool bounded = in->min || in->max;
    if (bounded && n < in->min)
        return wrong_fmt(r, g, "Please enter {n} or more.", in->min);
    if (bounded && n > in->max)
        return wrong_fmt(r, g, "Please enter {n} or less.", in->max);
    node_set_int(r->c.mem, g->into, str_of(in->name), n);
    return E_OK;
}

static int take_bool(struct req *r, const struct given *g)
{
    str value = g->values[0].value;
    bool yes = is_choice("1|true|on|yes", value);
    if (!yes && value.n && !is_choice("0|false|off|no", value))
        return wrong(r, g, "Please answer yes or no.");
    if (!yes && g->in->required)
        return wrong(r, g, "Please tick this to go on.");
    node_set_bool(r->c.mem, g->into, str_of(g->in->name), yes);
    return E_OK;
}

static int take_choice(struct req *r, const struct given *g)
{
    str value = g->values[0].value;
    if (value.n == 0)
        return g->in->required ? wrong(r, g, "Please choose one.") : E_OK;
    if (!is_choice(g->in->choices, value))
        return wrong(r, g, "Please choose one of those offered.");
    node_set_str(r->c.mem, g->into, str_of(g->in->name), str_dup(r->c.mem, value));
    return E_OK;
}

static int add_one(struct req *r, const struct given *g, struct node *list, str text)
{
    i64 n, most = g->in->max ? g->in->max : VALUES_MAX;
    if (g->in->kind == INTS && !str_int(text, &n))
        return wrong(r, g, "Please enter whole numbers.");
    if (g->in->kind == WORDS && (!is_word(text) || text.n > 100 || has_control(text, false)))
        return wrong(r, g, "This may not contain blanks.");
    if ((i64)node_count(list) >= most)
        return wrong_fmt(r, g, "Please give at most {n}.", most);
    if (g->in->kind == WORDS) {
        node_add_str(r->c.mem, list, str_dup(r->c.mem, text));
        return E_OK;
    }
    struct node *value = NEW(r->c.mem, struct node);
    value->kind = N_INT;
    value->as.number = n;
    node_add(r->c.mem, list, value);
    return E_OK;
}

/* What a program has to send, which sent something else. */
static const char *const wanted[] = {
    [INT] = SAYS("Please enter a whole number."),
    [BOOL] = SAYS("Please send true or false."),
    [INTS] = SAYS("Please send a list of whole numbers."),
    [WORDS] = SAYS("Please send a list of words."),
    [LINES] = SAYS("Please send a list of texts."),
    [GROUP] = SAYS("Please send an object."),
    [LIST] = SAYS("Please send a list of objects."),
};

static int wrong_kind(struct req *r, const struct given *g)
{
    const char *text = wanted[g->in->kind];
    return wrong(r, g, text ? text : SAYS("Please send this as text."));
}

static int take_several(struct req *r, const struct given *g)
{
    struct node *list = node_list(r->c.mem);
    for (size_t i = 0; i < g->n; i++) {
        const struct node *json = g->values[i].json;
        str rest = g->values[i].value, one;
        if (json && (json->kind == N_MAP || json->kind == N_REAL))
            return wrong_kind(r, g);
        if (json && json->kind == N_LIST)
            EACH(item, json) {
                if (item->node.kind != N_INT && item->node.kind != N_STR)
                    return wrong_kind(r, g);
                TRY(add_one(r, g, list, body_json_text(r->c.mem, &item->node)));
            }
        while (rest.n && str_cut(&rest, ',', &one))
            TRY(add_one(r, g, list, one));
    }
    if (node_count(list) == 0 && g->in->required)
        return wrong(r, g, "Please choose at least one.");
    if ((i64)node_count(list) < g->in->min && node_count(list))
        return wrong_fmt(r, g, "Please give at least {n}.", g->in->min);
    if (g->n)
        node_set(r->c.mem, g->into, str_of(g->in->name), list);
    return E_OK;
}

/* Each is named by its place: "tracking.2". */
static int add_line(struct req *r, const struct given *g, struct node *list, str text)
{
    i64 most = g->in->max ? g->in->max : VALUES_MAX;
    i64 longest = g->in->longest ? g->in->longest : texts[LINE].max;
    struct given one = { .in = g->in,
        .name = str_c(r->c.mem, str_fmt(r->c.mem, "%s.%zu", g->name, node_count(list))) };
    str line = str_trim(text);
    if ((i64)node_count(list) >= most)
        return wrong_fmt(r, g, "Please give at most {n}.", most);
    node_add_str(r->c.mem, list, str_dup(r->c.mem, line));
    if (!in_is_line(line))
        return wrong(r, &one, "This contains characters that cannot be used here.");
    return (i64)str_characters(line) > longest
        ? wrong_fmt(r, &one, "Please use at most {n} characters.", longest)
        : E_OK;
}

static int take_lines(struct req *r, const struct given *g)
{
    struct node *list = node_list(r->c.mem);
    for (size_t i = 0; i < g->n; i++) {
        const struct node *json = g->values[i].json;
        if (!json) {
            TRY(add_line(r, g, list, g->values[i].value));
            continue;
        }
        if (json->kind != N_LIST)
            return wrong_kind(r, g);
        EACH(item, json) {
            if (item->node.kind != N_STR)
                return wrong_kind(r, g);
            TRY(add_line(r, g, list, item->node.as.text));
        }
    }
    if (node_count(list) == 0 && g->in->required)
        return wrong(r, g, "Please fill this in.");
    if (g->n)
        node_set(r->c.mem, g->into, str_of(g->in->name), list);
    return E_OK;
}

static int take_files(struct req *r, const struct given *g)
{
    i64 n = 0, most = g->in->max ? g->in->max : 20;
    for (size_t i = 0; i < r->n_files; i++)
        n += str_is(r->files[i].field, g->in->name);
    if (n == 0 && g->in->required)
        return wrong(r, g, "Please choose a file.");
    if (n > most)
        return wrong_fmt(r, g, "Please choose at most {n} files.", most);
    return E_OK;
}

static int take_group(struct req *, const struct given *);
static int take_list(struct req *, const struct given *);

static int (*const takes[])(struct req *, const struct given *) = {
    [INT] = take_int,
    [TEXT] = take_text,
    [LINE] = take_text,
    [WORD] = take_text,
    [SLUG] = take_text,
    [EMAIL] = take_text,
    [BOOL] = take_bool,
    [MONEY] = take_text,
    [CHOICE] = take_choice,
    [SECRET] = take_text,
    [INTS] = take_several,
    [WORDS] = take_several,
    [LINES] = take_lines,
    [FILES] = take_files,
    [GROUP] = take_group,
    [LIST] = take_list,
};

/* ---- all of them -------------------------------------------------------------------------------
 */

/* JSON's names are camelCase, ours are snake_case; a JSON body may use either. */
static bool is_named(const struct field *f, const char *name)
{
    if (str_is(f->name, name))
        return true;
    if (!f->json)
        return false;
    size_t i = 0;
    bool up = false;
    for (; *name; name++) {
        if (*name == '_') {
            up = true;
            continue;
        }
        char c = up && *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name;
        up = false;
        if (i >= f->name.n || f->name.p[i++] != c)
            return false;
    }
    return i == f->name.n;
}

static void collect(struct given *g, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(&fields[i], g->in->name) && g->n < VALUES_MAX)
            g->values[g->n++] = fields[i];
}

static void find_given(const struct req *r, struct given *g)
{
    if (g->in->header) {
        str value = in_header(r, g->in->header);
        if (value.n)
            g->values[g->n++].value = value;
        return;
    }
    const struct node *path = node_get(r->params, str_of(g->in->name));
    if (path) {
        g->from_path = true;
        g->values[g->n++].value = path->as.text;
        return;
    }
    collect(g, r->fields->query, r->fields->n_query);
    collect(g, r->fields->form, r->fields->n_form);
}

/* JSON null is as good as absent; a list or a map, or a fraction, is no scalar. */
static bool is_scalar(const struct field *f)
{
    return !f->json || f->json->kind == N_STR || f->json->kind == N_INT || f->json->kind == N_BOOL;
}

/* What is no text keeps its place: the next one belongs to the next row. */
static void remember_lines(struct req *r, const struct given *g)
{
    struct node *list = node_set_list(r->c.mem, r->raw, str_of(g->in->name));
    for (size_t i = 0; i < g->n; i++) {
        const struct node *json = g->values[i].json;
        if (!json || json->kind != N_LIST) {
            node_add_str(r->c.mem, list, g->values[i].value);
            continue;
        }
        EACH(item, json)
            node_add_str(r->c.mem, list, item->node.kind == N_STR ? item->node.as.text : str_none);
    }
}

static void remember(struct req *r, const struct given *g)
{
    if (g->in->kind == SECRET || g->in->kind >= FILES || !g->n)
        return;
    if (g->in->kind == LINES) {
        remember_lines(r, g);
        return;
    }
    node_set_str(r->c.mem, r->raw, str_of(g->in->name), g->values[0].value);
    if (g->in->kind == CHOICE && is_choice(g->in->choices, g->values[0].value))
        node_set_bool(r->c.mem, r->raw,
            str_fmt(r->c.mem, "%s_is_%.*s", g->in->name, STR(g->values[0].value)), true);
}

static int take_given(struct req *r, struct given *g)
{
    const struct input *in = g->in;
    if (g->n == 1 && g->values[0].json && g->values[0].json->kind == N_NULL)
        g->n = 0;
    if (in->kind == FILES || in->kind == INTS || in->kind == WORDS || in->kind == LINES)
        return takes[in->kind](r, g);
    if (g->n == 0)
        return !in->required     ? E_OK
            : in->kind == CHOICE ? wrong(r, g, "Please choose one.")
            : in->kind == BOOL   ? wrong(r, g, "Please tick this to go on.")
                                 : missing(r, g);
    if (g->n > 1)
        return wrong(r, g, "This was sent twice.");
    if (in->kind < FILES && !is_scalar(&g->values[0]))
        return wrong_kind(r, g);
    /* Numbers are in minor units wherever money is in JSON; what is typed is in major ones. */
    if (in->kind == MONEY && g->values[0].json && g->values[0].json->kind != N_STR)
        return wrong(r, g, "Please send the amount as text, like \"12.50\".");
    return takes[in->kind](r, g);
}

static int take(struct req *r, const struct input *in)
{
    struct given *g = NEW(r->c.mem, struct given);
    *g = (struct given){ .in = in, .name = in->name, .into = r->in };
    find_given(r, g);
    remember(r, g);
    return take_given(r, g);
}

/* ---- objects within a JSON body
 * ------------------------------------------------------------------ */

/* The fields `of` of one object, typed, into a map of their own. All faults together. */
static int take_fields(
    struct req *r, const struct input *of, const struct node *from, str name, struct node *into)
{
    int first = E_OK;
    for (const struct input *in = of; in->name; in++) {
        struct given g = { .in = in,
            .name = str_c(r->c.mem, str_fmt(r->c.mem, "%.*s.%s", STR(name), in->name)),
            .into = into };
        EACH(item, from) {
            struct field one = { item->key, body_json_text(r->c.mem, &item->node), &item->node };
            if (is_named(&one, in->name) && g.n < 2)
                g.values[g.n++] = one;
        }
        if (g.n && !str_is_utf8(g.values[0].value))
            return fail_detail(&r->c, E_MALFORMED, "body.utf8", "a field is not UTF-8 without NUL");
        int err = take_given(r, &g);
        if (err && err != E_INPUT)
            return err;
        first = first ? first : err;
    }
    return first;
}

static int take_group(struct req *r, const struct given *g)
{
    const struct node *json = g->values[0].json;
    if (!json || json->kind != N_MAP)
        return wrong_kind(r, g);
    struct node *group = node_set_map(r->c.mem, g->into, str_of(g->in->name));
    return take_fields(r, g->in->of, json, str_of(g->name), group);
}

static int take_list(struct req *r, const struct given *g)
{
    const struct node *json = g->values[0].json;
    i64 n = 0, most = g->in->max ? g->in->max : VALUES_MAX;
    int first = E_OK;
    if (!json || json->kind != N_LIST)
        return wrong_kind(r, g);
    if ((i64)node_count(json) > most)
        return wrong_fmt(r, g, "Please give at most {n}.", most);
    if ((i64)node_count(json) < g->in->min)
        return wrong_fmt(r, g, "Please give at least {n}.", g->in->min);
    struct node *list = node_set_list(r->c.mem, g->into, str_of(g->in->name));
    EACH(item, json) {
        str name = str_fmt(r->c.mem, "%s.%" PRId64, g->name, n++);
        int err = item->node.kind == N_MAP
            ? take_fields(r, g->in->of, &item->node, name, node_add_map(r->c.mem, list))
            : fail_field(&r->c, str_c(r->c.mem, name), wanted[GROUP]);
        if (err && err != E_INPUT)
            return err;
        first = first ? first : err;
    }
    return first;
}

/* ---- all of them, asked for by the gate
 * ---------------------------------------------------------- */

int in_fault(const struct req *r) { return r->bad_input ? E_INPUT : E_OK; }

int inputs_read(struct req *r)
{
    int first = E_OK;
    TRY(body_read_query(r));
    if (r->method != GET && !(r->route->flags & RAW) && r->route->in && r->route->in->name)
        TRY(body_read_form(r));
    for (const struct input *in = r->route->in; in && in->name; in++) {
        int err = take(r, in);
        if (err && err != E_INPUT)
            return err;
        first = first ? first : err;
    }
    return first;
}

/* ---- for handlers
 * --------------------------------------------------------------------------------- */

#ifndef NDEBUG
static bool declared(const struct req *r, const char *name)
{
    for (const struct input *in = r->route ? r->route->in : NULL; in && in->name; in++)
        if (strcmp(in->name, name) == 0)
            return true;
    return false;
}
#endif

static struct node *input(const struct req *r, const char *name)
{
    assert(declared(r, name)); /* a handler reads only what its row declares */
    return node_get(r->in, str_of(name));
}

i64 in_int(const struct req *r, const char *name)
{
    const struct node *v = input(r, name);
    return v && v->kind == N_INT ? v->as.number : 0;
}

str in_str(const struct req *r, const char *name)
{
    const struct node *v = input(r, name);
    return v && v->kind == N_STR ? v->as.text : str_none;
}

bool in_bool(const struct req *r, const char *name)
{
    const struct node *v = input(r, name);
    return v && v->kind == N_BOOL && v->as.yes;
}

const struct node *in_ints(const struct req *r, const char *name) { return input(r, name); }
const struct node *in_node(const struct req *r, const char *name) { return input(r, name); }

bool in_has(const struct req *r, const char *name)
{
    const struct node *v = input(r, name);
    if (!v)
        return false;
    return v->kind == N_STR ? v->as.text.n > 0 : v->kind == N_LIST ? node_count(v) > 0 : true;
}

bool in_is_stale(const struct req *r, str now)
{
    str seen = in_str(r, "seen");
    return seen.n && !str_eq(seen, now);
}

void in_stay_old(struct req *r, int err, struct node *shown)
{
    str seen = node_str(r->raw, "seen"); /* of a new one there is none */
    if (err == E_INPUT && seen.n)
        node_set_str(r->c.mem, shown, S("seen"), seen);
}

str in_done(const struct req *r)
{
    if (r->method != GET)
        return str_none;
    str site = in_header(r, "sec-fetch-site"), done = in_str(r, "done");
    bool is_ours = site.n ? str_is(site, "same-origin") : str_eq(in_cookie(r, COOKIE_DONE), done);
    return is_ours ? done : str_none;
}

str done_text(struct req *r, const struct done *dones, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(in_done(r), dones[i].what))
            return say(&r->c, dones[i].text);
    return str_none;
}

str in_cookie(const struct req *r, const char *name) { return node_str(r->cookies, name); }
str in_header(const struct req *r, const char *name) { return node_str(r->headers, name); }
str in_path(const struct req *r, const char *name) { return node_str(r->params, name); }

/* ---- the page cache's door
 * ------------------------------------------------------------------------- */

/* A URI is kept only when it is what we would have written: no letter of its path escaped that need
 * not be, and of the query the declared inputs in their order, each once, none empty. So nobody can
 * fill the cache with variants. */
bool uri_is_canonical(struct req *r)
{
    struct buf out = buf_new(r->c.mem, 8192);
    if (r->query.n == 0 || !r->is_path_canonical)
        return r->is_path_canonical;
    for (const struct input *in = r->route->in; in && in->name; in++) {
        if (node_get(r->params, str_of(in->name)))
            continue;
        for (size_t i = 0; i < r->fields->n_query; i++) {
            const struct field *f = &r->fields->query[i];
            if (!str_is(f->name, in->name) || f->value.n == 0)
                continue;
            buf_fmt(&out, "%s%s=", out.n ? "&" : "", in->name);
            escape_url_part(&out, f->value);
        }
    }
    return !out.full && str_eq(buf_str(&out), r->query);
}
