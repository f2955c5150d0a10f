/* body.c: what was sent, taken apart into names and values: query, urlencoded and multipart
 * forms, JSON objects, cookies. Nothing is believed here but the syntax. */
#include "web/web_in.h"

static int no_more(struct req *r)
{
    return fail_detail(&r->c, E_MALFORMED, "body.fields", "more than %d fields", FIELDS_MAX);
}

static int add(struct req *r, bool query, str name, str value, const struct node *json)
{
    struct web_fields *f = r->fields;
    size_t *n = query ? &f->n_query : &f->n_form;
    if (f->n_query + f->n_form >= FIELDS_MAX)
        return no_more(r);
    if (!str_is_utf8(name) || !str_is_utf8(value))
        return fail_detail(&r->c, E_MALFORMED, "body.utf8", "a field is not UTF-8 without NUL");
    (query ? f->query : f->form)[(*n)++] = (struct field){ name, value, json };
    return E_OK;
}

static int read_pairs(struct req *r, str text, bool query)
{
    str pair, name, value;
    while (text.n && str_cut(&text, '&', &pair)) {
        if (pair.n == 0)
            continue;
        i64 at = str_find(pair, S("="));
        str left = at < 0 ? pair : str_upto(pair, (size_t)at);
        str right = at < 0 ? str_none : str_from(pair, (size_t)at + 1);
        if (!unescape_url(r->c.mem, left, true, &name) ||
            !unescape_url(r->c.mem, right, true, &value))
            return fail_detail(&r->c, E_MALFORMED, "body.escape", "a broken %%xx");
        TRY(add(r, query, name, value, NULL));
    }
    return E_OK;
}

int body_read_query(struct req *r)
{
    if (r->fields->query_read)
        return E_OK;
    r->fields->query_read = true;
    return read_pairs(r, r->query, true);
}

/* ---- multipart ------------------------------------------------------------------------------ */

/* The value of `key` in a header such as: form-data; name="x"; filename="y.png". Browsers
 * write a quote inside as %22, so a quote always ends it. */
static str header_param(struct arena *mem, str header, const char *key)
{
    str part, found = str_none;
    str_cut(&header, ';', &part);
    while (header.n && str_cut(&header, ';', &part)) {
        i64 at = str_find(part, S("="));
        if (at < 0 || !str_is(str_lower(mem, str_trim(str_upto(part, (size_t)at))), key))
            continue;
        found = str_trim(str_from(part, (size_t)at + 1));
        if (found.n >= 2 && found.p[0] == '"' && found.p[found.n - 1] == '"')
            found = (str){ found.p + 1, found.n - 2 };
        break;
    }
    return found;
}

static str last_of_path(str name)
{
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '/' || name.p[i - 1] == '\\')
            return str_from(name, i);
    return name;
}

struct part {
    str disposition, type, body;
};

static bool part_headers(struct arena *mem, str head, struct part *part)
{
    while (head.n) {
        i64 end = str_find(head, S("\r\n"));
        str line = end < 0 ? head : str_upto(head, (size_t)end);
        head = end < 0 ? str_none : str_from(head, (size_t)end + 2);
        i64 colon = str_find(line, S(":"));
        if (colon < 0)
            return false;
        str name = str_lower(mem, str_trim(str_upto(line, (size_t)colon)));
        str value = str_trim(str_from(line, (size_t)colon + 1));
        if (str_is(name, "content-disposition"))
            part->disposition = value;
        else if (str_is(name, "content-type"))
            part->type = value;
    }
    return part->disposition.n > 0;
}

static int add_part(struct req *r, const struct part *part)
{
    str name = header_param(r->c.mem, part->disposition, "name");
    if (!name.n)
        return fail_detail(&r->c, E_MALFORMED, "body.part", "a part without a name");
    if (str_find(part->disposition, S("filename=")) < 0)
        return add(r, false, name, part->body, NULL);
    str file = last_of_path(header_param(r->c.mem, part->disposition, "filename"));
    if (file.n == 0 && part->body.n == 0)
        return E_OK; /* an empty file field: nothing was chosen */
    if (r->n_files >= 50)
        return no_more(r);
    if (file.n > FILE_NAME_MAX)
        return fail_detail(&r->c, E_MALFORMED, "body.part", "a file name of %zu bytes", file.n);
    if (!str_is_utf8(name) || !str_is_utf8(file) || !str_is_utf8(part->type))
        return fail_detail(&r->c, E_MALFORMED, "body.utf8", "a part's header is not UTF-8");
    if (!r->files)
        r->files = NEWS(r->c.mem, struct file, 50);
    r->files[r->n_files++] = (struct file){ name, file, part->type, part->body };
    return E_OK;
}

static int read_multipart(struct req *r)
{
    str boundary = header_param(r->c.mem, r->content_type, "boundary");
    if (boundary.n == 0 || boundary.n > 70)
        return fail_detail(&r->c, E_MALFORMED, "body.boundary", "no boundary");
    str mark = str_fmt(r->c.mem, "--%.*s", STR(boundary));
    str between = str_fmt(r->c.mem, "\r\n--%.*s", STR(boundary));
    str rest = r->body;
    if (!str_starts(rest, mark))
        return fail_detail(&r->c, E_MALFORMED, "body.part", "does not begin with its boundary");
    rest = str_from(rest, mark.n);
    while (!str_starts(rest, S("--"))) {
        if (!str_starts(rest, S("\r\n")))
            return fail_detail(&r->c, E_MALFORMED, "body.part", "a boundary within a line");
        rest = str_from(rest, 2);
        i64 head = str_find(rest, S("\r\n\r\n"));
        if (head < 0 || head > 2048)
            return fail_detail(&r->c, E_MALFORMED, "body.part", "a part without an end of headers");
        struct part part = { 0 };
        str after = str_from(rest, (size_t)head + 4);
        i64 end = str_find(after, between);
        if (end < 0 || !part_headers(r->c.mem, str_upto(rest, (size_t)head), &part))
            return fail_detail(&r->c, E_MALFORMED, "body.part", "a broken part");
        part.body = str_upto(after, (size_t)end);
        TRY(add_part(r, &part));
        rest = str_from(after, (size_t)end + between.n);
    }
    return E_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

str body_json_text(struct arena *mem, const struct node *value)
{
    switch (value->kind) {
    case N_STR: return value->as.text;
    case N_INT: return str_fmt(mem, "%" PRId64, value->as.number);
    case N_BOOL: return value->as.yes ? S("true") : S("false");
    default: return str_none;
    }
}

static int read_json(struct req *r)
{
    struct node *root = NULL;
    if (str_trim(r->body).n == 0)
        return E_OK;
    int err = json_read(&r->c, r->body, &root);
    if (err == E_MALFORMED) { /* its sender is told where */
        struct fault at = r->c.fault;
        return fail(&r->c, err, at.key.p, "The body cannot be read. %.*s", STR(at.detail));
    }
    TRY(err);
    if (root->kind != N_MAP)
        return fail(&r->c, E_MALFORMED, "body.json", "The JSON body must be an object.");
    EACH(item, root)
        TRY(add(r, false, item->key, body_json_text(r->c.mem, &item->node), &item->node));
    return E_OK;
}

/* ---- by content type ---------------------------------------------------------------------------
 */

static str media_type(const struct req *r)
{
    i64 end = str_find(r->content_type, S(";"));
    str type = end < 0 ? r->content_type : str_upto(r->content_type, (size_t)end);
    return str_lower(r->c.mem, str_trim(type));
}

bool body_is_form(const struct req *r)
{
    str type = media_type(r);
    return str_is(type, "application/x-www-form-urlencoded") || str_is(type, "multipart/form-data");
}

bool body_is_urlencoded(const struct req *r)
{
    return str_is(media_type(r), "application/x-www-form-urlencoded");
}

static int read_urlencoded(struct req *r) { return read_pairs(r, r->body, false); }

static const struct {
    const char *type;
    int (*read)(struct req *);
} readers[] = {
    { "application/x-www-form-urlencoded", read_urlencoded },
    { "multipart/form-data", read_multipart },
    { "application/json", read_json },
};

int body_read_form(struct req *r)
{
    if (r->fields->form_read)
        return E_OK;
    r->fields->form_read = true;
    if (r->body.n == 0)
        return E_OK;
    str type = media_type(r);
    for (size_t i = 0; i < COUNT(readers); i++)
        if (str_is(type, readers[i].type))
            return readers[i].read(r);
    return fail_detail(&r->c, E_KIND, "body.type", "a body of a type that is not read");
}

str field_of(const struct req *r, const char *name)
{
    for (size_t i = 0; i < r->fields->n_form; i++)
        if (str_is(r->fields->form[i].name, name))
            return r->fields->form[i].value;
    return str_none;
}

/* A name given twice keeps the first: browsers send the more exact path first, and nothing of
 * ours is ever set twice. */
void cookies_read(struct req *r, str header)
{
    str pair;
    size_t n = 0;
    while (header.n && str_cut(&header, ';', &pair) && n++ < 60) {
        pair = str_trim(pair);
        i64 at = str_find(pair, S("="));
        if (at <= 0)
            continue;
        str name = str_upto(pair, (size_t)at), value = str_from(pair, (size_t)at + 1);
        if (str_is_utf8(pair) && !node_get(r->cookies, name))
            node_set_str(r->c.mem, r->cookies, name, value);
    }
}
