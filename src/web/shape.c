/* shape.c: what a view's document promises to other programs. A file templates/<view>.shape
 * stands beside the view's template and lists the fields, with types:
 *
 *     order {
 *         number text
 *         total money          # with tax and delivery
 *         paid_at time?        # may be null
 *         carrier? text        # may be left out
 *         lines [ @part/order_line ]
 *     }
 *     names { * text }         # any names
 *
 * JSON answers hold exactly these, in this order: what nobody promised is not published, and
 * what is promised and missing is a fault. openapi.c makes the published description of the
 * same lines, so that it cannot differ from the answers. */
#include <stdio.h>
#include "web/mustache_in.h"
#include <ctype.h>
#include "web/web_in.h"

enum { SHAPE_CEILING = 64 << 10, DEPTH_MAX = 16 };

struct shape {
    enum shape_kind kind;
    bool nullable;
    str name;                  /* SHAPE_REF */
    struct named *to;          /* ... what it names, tied when all are read */
    struct shape *each;        /* SHAPE_LIST: the item; SHAPE_MAP: of any name, or NULL */
    struct shape_field *first; /* SHAPE_MAP */
};
struct shape_field {
    str name, key; /* as in the document; as in JSON, quoted, with its colon */
    str words;
    bool optional;
    struct shape is;
    struct shape_field *next;
};
struct named {
    str name, source;
    struct shape is;
    struct named *next;
};
struct shapes {
    struct arena *mem;
    struct buf *errors;
    struct named *first, **end;
};

static const struct {
    const char *word;
    enum shape_kind kind;
    enum node_kind node;
    const char *type, *format, *words;
} kinds[] = {
    { "text", SHAPE_TEXT, N_STR, "string", NULL, NULL },
    { "time", SHAPE_TIME, N_STR, "string", "date-time", NULL },
    { "day", SHAPE_DAY, N_STR, "string", "date", NULL },
    { "int", SHAPE_INT, N_INT, "integer", "int64", NULL },
    { "money", SHAPE_MONEY, N_INT, "integer", "int64", "In the currency's minor unit." },
    { "bool", SHAPE_BOOL, N_BOOL, "boolean", NULL, NULL },
    { "any", SHAPE_ANY, N_NULL, NULL, NULL, NULL },
};

/* ---- reading ------------------------------------------------------------------------------- */

struct reader {
    struct shapes *set;
    str file, rest, word;
    int line;
    struct shape_field *described; /* the field a comment on this line is about */
};

static void complain(struct reader *r, const char *what)
{
    buf_fmt(r->set->errors, "%.*s:%d: %s\n", STR(r->file), r->line, what);
    r->rest = r->word = str_none;
}

static void take_comment(struct reader *r)
{
    str words;
    i64 end = str_find(r->rest, S("\n"));
    words = str_trim(str_from(end < 0 ? r->rest : str_upto(r->rest, (size_t)end), 1));
    if (r->described)
        r->described->words = words;
    r->rest = end < 0 ? str_none : str_from(r->rest, (size_t)end);
}

/* The next word; r->word; empty at the end. */
static void step(struct reader *r)
{
    size_t n = 0;
    while (r->rest.n && (r->rest.p[0] <= ' ' || r->rest.p[0] == '#')) {
        if (r->rest.p[0] == '#') {
            take_comment(r);
            continue;
        }
        if (r->rest.p[0] == '\n') {
            r->line++;
            r->described = NULL;
        }
        r->rest = str_from(r->rest, 1);
    }
    while (n < r->rest.n && r->rest.p[n] > ' ')
        n++;
    r->word = str_upto(r->rest, n);
    r->rest = str_from(r->rest, n);
}

/* Takes the word if it is this one, maybe with a question mark behind. */
static bool ends_with(struct reader *r, const char *word, struct shape *is)
{
    bool asks = str_ends(r->word, S("?"));
    if (!str_is(asks ? str_upto(r->word, r->word.n - 1) : r->word, word))
        return false;
    is->nullable = asks;
    step(r);
    return true;
}

static void read_type(struct reader *, struct shape *, int depth);

static struct shape_field *read_field(struct reader *r, int depth)
{
    struct shape_field *field = NEW(r->set->mem, struct shape_field);
    field->optional = str_ends(r->word, S("?"));
    field->name = field->optional ? str_upto(r->word, r->word.n - 1) : r->word;
    struct buf key = buf_new(r->set->mem, field->name.n + 3);
    json_key(&key, field->name);
    buf_char(&key, ':');
    field->key = buf_str(&key);
    step(r);
    r->described = field;
    read_type(r, &field->is, depth);
    return field;
}

static void read_fields(struct reader *r, struct shape *is, const char *end, int depth)
{
    struct shape_field **at = &is->first;
    is->kind = SHAPE_MAP;
    if (str_is(r->word, "*")) {
        is->each = NEW(r->set->mem, struct shape);
        step(r);
        read_type(r, is->each, depth);
    }
    while (r->word.n && r->word.p[0] != '}') {
        *at = read_field(r, depth);
        at = &(*at)->next;
    }
    if (end && !ends_with(r, end, is))
        complain(r, "a } is missing");
}

static void read_word(struct reader *r, struct shape *is)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!ends_with(r, kinds[i].word, is))
            continue;
        is->kind = kinds[i].kind;
        return;
    }
    complain(r, "a type is wanted: text time day int money bool any { } [ ] @name");
}

static void read_type(struct reader *r, struct shape *is, int depth)
{
    if (depth > DEPTH_MAX) {
        complain(r, "too deep");
    } else if (str_is(r->word, "{")) {
        step(r);
        read_fields(r, is, "}", depth + 1);
    } else if (str_is(r->word, "[")) {
        step(r);
        is->kind = SHAPE_LIST;
        is->each = NEW(r->set->mem, struct shape);
        read_type(r, is->each, depth + 1);
        if (!ends_with(r, "]", is))
            complain(r, "a ] is missing");
    } else if (str_starts(r->word, S("@"))) {
        is->kind = SHAPE_REF;
        is->nullable = str_ends(r->word, S("?"));
        is->name = str_from(str_upto(r->word, r->word.n - is->nullable), 1);
        step(r);
    } else {
        read_word(r, is);
    }
}

static void add_shape(struct shapes *set, str name, str file, str text)
{
    struct named *named = NEW(set->mem, struct named);
    struct reader r = { .set = set, .file = file, .rest = text, .line = 1 };
    named->name = name;
    named->source = text;
    step(&r);
    if (str_is(r.word, "=")) { /* another view's, or a list */
        step(&r);
        read_type(&r, &named->is, 0);
    } else {
        read_fields(&r, &named->is, NULL, 0);
    }
    if (r.word.n)
        complain(&r, "what is this?");
    *set->end = named;
    set->end = &named->next;
}

static struct named *find(const struct shapes *set, str name)
{
    for (struct named *n = set ? set->first : NULL; n; n = n->next)
        if (str_eq(n->name, name))
            return n;
    return NULL;
}

static void tie(struct shapes *set, const struct named *named, struct shape *is)
{
    if (is->kind == SHAPE_REF && !(is->to = find(set, is->name)))
        buf_fmt(set->errors, "templates/%.*s.shape: there is no shape %.*s\n", STR(named->name),
            STR(is->name));
    if (is->each)
        tie(set, named, is->each);
    for (struct shape_field *f = is->first; f; f = f->next)
        tie(set, named, &f->is);
}

static void take_file(void *given, str name, str path)
{
    struct shapes *set = given;
    bool ok;
    str text = file_keep(set->mem, str_c(set->mem, path), SHAPE_CEILING, &ok);
    if (ok && str_is_utf8(text))
        add_shape(set, name, path, text);
    else
        buf_fmt(set->errors, "%.*s: cannot be read, or is larger than 64 KiB\n", STR(path));
}

struct shapes *shapes_load(struct arena *mem, str dir, struct buf *errors)
{
    struct shapes *set = NEW(mem, struct shapes);
    *set = (struct shapes){ .mem = mem, .errors = errors, .end = &set->first };
    templates_each_file(mem, dir, S(".shape"), take_file, set);
    for (struct named *n = set->first; n; n = n->next)
        tie(set, n, &n->is);
    return set->first ? set : NULL;
}

const struct shape *shape_find(const struct shapes *set, str name)
{
    const struct named *named = find(set, name);
    return named ? &named->is : NULL;
}

/* ---- for people ------------------------------------------------------------------------------ */

enum { DEEPEST_TOLD = 6, TOLD_CEILING = 64 << 10 };

static void tell(const struct shapes *, struct buf *out, str source, int depth);

static void tell_name(struct buf *out, str *code)
{
    struct buf name = buf_new(out->mem, 256);
    size_t n = 0;
    while (n < code->n && (isalnum((unsigned char)code->p[n]) || code->p[n] == '_'))
        n++;
    json_key(&name, str_upto(*code, n));
    buf_add(out, (str){ name.p + 1, name.n - 2 }); /* without its quotation marks */
    *code = str_from(*code, n);
}

/* "@part/order": what stands in that file, a step further in. */
static void tell_part(const struct shapes *set, struct buf *out, str *code, int depth)
{
    size_t n = 1;
    while (n < code->n && (isalnum((unsigned char)code->p[n]) || strchr("_/", code->p[n])))
        n++;
    const struct named *part = find(set, (str){ code->p + 1, n - 1 });
    if (part && depth < DEEPEST_TOLD) {
        buf_add(out, S("{\n"));
        tell(set, out, str_trim(part->source), depth + 1);
        buf_fmt(out, "%*s}", 4 * depth, "");
    } else {
        buf_add(out, S("{ … }"));
    }
    *code = str_from(*code, n);
}

static void tell(const struct shapes *set, struct buf *out, str source, int depth)
{
    str line;
    while (source.n && str_cut(&source, '\n', &line)) {
        i64 comment = str_find(line, S("#"));
        str code = comment < 0 ? line : str_upto(line, (size_t)comment);
        size_t inner = 0;
        while (inner < code.n && code.p[inner] == ' ')
            inner++;
        buf_fmt(out, "%*s", 4 * depth, "");
        while (code.n)
            if (code.p[0] == '@')
                tell_part(set, out, &code, depth + (int)(inner / 4));
            else if (isalpha((unsigned char)code.p[0]))
                tell_name(out, &code);
            else
                buf_char(out, code.p[0]), code = str_from(code, 1);
        if (comment >= 0)
            buf_add(out, str_from(line, (size_t)comment));
        buf_char(out, '\n');
    }
}

str shape_told(const struct shapes *set, struct arena *mem, str name)
{
    const struct named *named = find(set, name);
    struct buf out = buf_new(mem, TOLD_CEILING);
    if (named)
        tell(set, &out, named->source, 0);
    return str_trim(buf_str(&out));
}

/* ---- writing a document in its shape --------------------------------------------------------- */

static bool write_shape(struct buf *, const struct shape *, const struct node *, str *wrong);

/* Where it went wrong, told from the inside outwards: order.lines.0.sku. */
static bool wrong_at(struct arena *mem, str name, str *wrong)
{
    *wrong = wrong->n ? str_fmt(mem, "%.*s.%.*s", STR(name), STR(*wrong)) : name;
    return false;
}

/* Fields mostly stand in the document in the shape's order: the search goes on behind the one
 * found last. */
static const struct item *find_from(const struct node *map, const struct item *after, str name)
{
    for (const struct item *item = after ? after->next : NULL; item; item = item->next)
        if (str_eq(item->key, name))
            return item;
    for (const struct item *item = node_first(map); item; item = item->next)
        if (str_eq(item->key, name))
            return item;
    return NULL;
}

static bool write_fields(
    struct buf *out, const struct shape *is, const struct node *map, str *wrong)
{
    bool is_first = true;
    const struct item *last = NULL;
    for (const struct shape_field *f = is->first; f; f = f->next) {
        const struct item *item = find_from(map, last, f->name);
        if (!item && f->optional)
            continue;
        if (!is_first)
            buf_char(out, ',');
        is_first = false;
        buf_add(out, f->key);
        if (!write_shape(out, &f->is, item ? &item->node : NULL, wrong))
            return wrong_at(out->mem, f->name, wrong);
        last = item ? item : last;
    }
    return true;
}

static bool write_any_fields(
    struct buf *out, const struct shape *each, const struct node *map, str *wrong)
{
    EACH(item, map) {
        if (item != node_first(map))
            buf_char(out, ',');
        json_key(out, item->key);
        buf_char(out, ':');
        if (!write_shape(out, each, &item->node, wrong))
            return wrong_at(out->mem, item->key, wrong);
    }
    return true;
}

static bool write_map(struct buf *out, const struct shape *is, const struct node *map, str *wrong)
{
    buf_char(out, '{');
    bool fits = map->kind == N_MAP &&
        (is->each ? write_any_fields(out, is->each, map, wrong)
                  : write_fields(out, is, map, wrong));
    buf_char(out, '}');
    return fits;
}

static bool write_list(struct buf *out, const struct shape *is, const struct node *list, str *wrong)
{
    bool fits = list->kind == N_LIST;
    buf_char(out, '[');
    EACH(item, list) {
        if (item != node_first(list))
            buf_char(out, ',');
        fits = fits && write_shape(out, is->each, &item->node, wrong);
    }
    buf_char(out, ']');
    return fits;
}

static bool write_shape(
    struct buf *out, const struct shape *is, const struct node *node, str *wrong)
{
    bool is_null = !node || node->kind == N_NULL;
    if (is->kind == SHAPE_ANY || (is_null && is->nullable)) {
        json_write(out, node);
        return node != NULL;
    }
    if (is_null) {
        buf_add(out, S("null"));
        return false;
    }
    switch (is->kind) {
    case SHAPE_REF:
        return piece_add(out, node, is->to->name) || write_shape(out, &is->to->is, node, wrong);
    case SHAPE_MAP: return write_map(out, is, node, wrong);
    case SHAPE_LIST: return write_list(out, is, node, wrong);
    default: break;
    }
    json_write(out, node);
    return node->kind == kinds[is->kind].node;
}

bool shape_write(struct buf *out, const struct shape *is, const struct node *node, str *wrong)
{
    *wrong = str_none;
    return write_shape(out, is, node, wrong);
}

/* ---- JSON that stands already, held against its shape ------------------------------------------
 */

static bool fits(struct arena *, const struct shape *, const struct node *, str *wrong);

static str json_key_of(const struct shape_field *f)
{
    return (str){ f->key.p + 1, f->key.n - 3 }; /* without quotes and colon */
}

/* What is there and nobody promised is as wrong as what is promised and not there. */
static bool fits_fields(
    struct arena *mem, const struct shape *is, const struct node *map, str *wrong)
{
    for (const struct shape_field *f = is->first; f; f = f->next) {
        const struct node *value = node_get(map, json_key_of(f));
        if ((value || !f->optional) && !fits(mem, &f->is, value, wrong))
            return wrong_at(mem, json_key_of(f), wrong);
    }
    EACH(item, map) {
        const struct shape_field *f = is->first;
        while (f && !str_eq(json_key_of(f), item->key))
            f = f->next;
        if (!f)
            return wrong_at(mem, item->key, wrong);
    }
    return true;
}

static bool fits_each(
    struct arena *mem, const struct shape *each, const struct node *all, str *wrong)
{
    size_t at = 0;
    EACH(item, all) {
        str name = all->kind == N_MAP ? item->key : str_fmt(mem, "%zu", at++);
        if (!fits(mem, each, &item->node, wrong))
            return wrong_at(mem, name, wrong);
    }
    return true;
}

static bool fits(struct arena *mem, const struct shape *is, const struct node *json, str *wrong)
{
    bool is_null = !json || json->kind == N_NULL;
    if (is->kind == SHAPE_ANY || is_null)
        return json && (is->kind == SHAPE_ANY || is->nullable);
    switch (is->kind) {
    case SHAPE_REF: return fits(mem, &is->to->is, json, wrong);
    case SHAPE_LIST: return json->kind == N_LIST && fits_each(mem, is->each, json, wrong);
    case SHAPE_MAP:
        return json->kind == N_MAP &&
            (is->each ? fits_each(mem, is->each, json, wrong) : fits_fields(mem, is, json, wrong));
    default: return json->kind == kinds[is->kind].node;
    }
}

bool shape_fits(const struct shape *is, struct arena *mem, const struct node *json, str *wrong)
{
    *wrong = str_none;
    if (is && fits(mem, is, json, wrong))
        return true;
    if (!wrong->n)
        *wrong = S("all of it");
    return false;
}

/* ---- the shape as JSON Schema ------------------------------------------------------------------
 */

str shape_title(struct arena *mem, str name)
{
    struct buf out = buf_new(mem, 200);
    bool is_start = true;
    if (str_starts(name, S("part/")))
        name = str_from(name, 5);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_letter = c >= 'a' && c <= 'z';
        if (is_letter || (c >= '0' && c <= '9'))
            buf_char(&out, is_start && is_letter ? (char)(c - 'a' + 'A') : c);
        is_start = !is_letter;
    }
    return buf_str(&out);
}

static void set_type(struct arena *mem, struct node *schema, const char *type, bool nullable)
{
    if (!nullable) {
        node_set_str(mem, schema, S("type"), str_of(type));
        return;
    }
    struct node *list = node_set_list(mem, schema, S("type"));
    node_add_str(mem, list, str_of(type));
    node_add_str(mem, list, S("null"));
}

static struct node *ref_schema(struct arena *mem, const struct shape *is)
{
    struct node *ref = node_map(mem);
    node_set_str(mem, ref, S("$ref"),
        str_fmt(mem, "#/components/schemas/%.*s", STR(shape_title(mem, is->name))));
    if (!is->nullable)
        return ref;
    struct node *schema = node_map(mem), *list = node_set_list(mem, schema, S("anyOf"));
    node_add(mem, list, ref);
    node_set_str(mem, node_add_map(mem, list), S("type"), S("null"));
    return schema;
}

static struct node *map_schema(struct arena *mem, const struct shape *is)
{
    struct node *schema = node_map(mem), *required = node_list(mem);
    set_type(mem, schema, "object", is->nullable);
    if (is->each) {
        node_set(mem, schema, S("additionalProperties"), shape_schema(mem, is->each));
        return schema;
    }
    struct node *properties = node_set_map(mem, schema, S("properties"));
    for (const struct shape_field *f = is->first; f; f = f->next) {
        str name = json_key_of(f);
        struct node *one = node_set(mem, properties, name, shape_schema(mem, &f->is));
        if (f->words.n)
            node_set_str(mem, one, S("description"), f->words);
        if (!f->optional)
            node_add_str(mem, required, name);
    }
    if (node_count(required))
        node_set(mem, schema, S("required"), required);
    return schema;
}

struct node *shape_schema(struct arena *mem, const struct shape *is)
{
    if (is->kind == SHAPE_REF)
        return ref_schema(mem, is);
    if (is->kind == SHAPE_MAP)
        return map_schema(mem, is);
    struct node *schema = node_map(mem);
    if (is->kind == SHAPE_LIST) {
        set_type(mem, schema, "array", is->nullable);
        node_set(mem, schema, S("items"), shape_schema(mem, is->each));
        return schema;
    }
    if (kinds[is->kind].type)
        set_type(mem, schema, kinds[is->kind].type, is->nullable);
    if (kinds[is->kind].format)
        node_set_str(mem, schema, S("format"), str_of(kinds[is->kind].format));
    if (kinds[is->kind].words)
        node_set_str(mem, schema, S("description"), str_of(kinds[is->kind].words));
    return schema;
}

void shapes_schemas(const struct shapes *set, struct arena *mem, struct node *schemas)
{
    for (const struct named *n = set->first; n; n = n->next)
        node_set(mem, schemas, shape_title(mem, n->name), shape_schema(mem, &n->is));
}
