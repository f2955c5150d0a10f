/* form.c: what a person can send: query, urlencoded and multipart forms, JSON bodies, and from
 * there the typed inputs of a row that declares one of each kind. */
#include "t/fuzz/fuzz.h"

enum { FEW = 3, SHORT = 40, NEVER_MORE = 10000 };

static const struct input inputs[] = {
    { "number", INT, -5, 1000 },
    { "any_number", INT },
    { "text", TEXT },
    { "line", LINE, 2, SHORT },
    { "word", WORD },
    { "slug", SLUG },
    { "email", EMAIL },
    { "yes", BOOL },
    { "money", MONEY },
    { "choice", CHOICE, .choices = "one|two|three" },
    { "secret", SECRET, 8, 64 },
    { "ints", INTS, 0, FEW },
    { "lines", LINES, 0, FEW },
    { "files", FILES, 0, FEW },
    { 0 },
};

static bool has_control(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return true;
    return false;
}

static void check_fields(struct req *r, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str back = str_none;
        struct buf out = buf_new(r->c.mem, fields[i].value.n * 3 + 1);
        holds(str_is_utf8(fields[i].name) && str_is_utf8(fields[i].value));
        escape_url_part(&out, fields[i].value);
        holds(!out.full && unescape_url(r->c.mem, buf_str(&out), true, &back));
        holds(str_eq(back, fields[i].value));
    }
}

/* Whatever came: what a handler finds is of the kind its row declares. */
static void check_inputs(struct req *r)
{
    static const char *const lines[] = { "line", "word", "slug", "email", "money", "choice" };
    holds(!in_has(r, "number") || (in_int(r, "number") >= -5 && in_int(r, "number") <= 1000));
    for (size_t i = 0; i < COUNT(lines); i++)
        holds(str_is_utf8(in_str(r, lines[i])) && !has_control(in_str(r, lines[i])));
    EACH(line, in_ints(r, "lines"))
        holds(str_is_utf8(line->node.as.text) && !has_control(line->node.as.text));
    holds(node_count(in_ints(r, "lines")) <= FEW);
    holds(in_str(r, "line").n <= SHORT * 4 && in_str(r, "text").n <= NEVER_MORE * 4);
    for (const char *at = " \t\"<>'&/"; *at; at++)
        holds(!in_has(r, "slug") || !memchr(in_str(r, "slug").p, *at, in_str(r, "slug").n));
    holds(!in_has(r, "email") || str_find(in_str(r, "email"), S("@")) > 0);
    str money = in_str(r, "money"); /* as it was typed: "฿1,290.50" */
    i64 minor;
    holds(!money.n ||
        ((money_typed(money, 4, &minor) || money_typed(money, 0, &minor)) && minor >= 0));
    for (const char *at = "<>\"'&"; money.n && *at; at++)
        holds(!memchr(money.p, *at, money.n));
    holds(!in_has(r, "choice") || str_is(in_str(r, "choice"), "one") ||
        str_is(in_str(r, "choice"), "two") || str_is(in_str(r, "choice"), "three"));
    holds(node_count(in_ints(r, "ints")) <= FEW);
    holds(!node_get(r->raw, S("secret")));
}

static int form(struct req *r)
{
    struct web_fields *f = r->fields;
    holds(f->n_query + f->n_form <= FIELDS_MAX && r->n_files <= 50);
    check_fields(r, f->query, f->n_query);
    check_fields(r, f->form, f->n_form);
    check_inputs(r);
    for (size_t i = 0; i < r->n_files; i++) {
        struct file *file = &r->files[i];
        holds(str_is_utf8(file->name) && str_is_utf8(file->field) && str_is_utf8(file->type));
        holds(str_find(file->name, S("/")) < 0 && str_find(file->name, S("\\")) < 0);
        holds(!file->body.n ||
            (file->body.p >= r->body.p && file->body.p + file->body.n <= r->body.p + r->body.n));
    }
    return reply_raw(r, 200, S("text/plain"), S("read"));
}

ROUTES(form){
    ROUTE(POST, "/form", ANYONE, inputs, form, NULL, RATE_NONE, BARE | FORM | BIG),
    END_OF_ROUTES,
};

static void post(struct ctx *c, const char *type, str query, str body)
{
    static const str wants[] = { S("HTTP_ACCEPT"), S("application/json"), S("") };
    struct answer answer;
    str uri = str_fmt(c->mem, "/form%s%.*s", query.n ? "?" : "", STR(query));
    fuzz_send(c, &(struct fuzz_request){ "POST", type, uri, body, wants }, &answer);
}

/* The query, and below it the body. */
FUZZ(form)
{
    str query = fuzz_line(&input);
    post(c, "application/x-www-form-urlencoded", query, input);
}

/* The content type, and below it the parts; without one that is there, ours. */
FUZZ(multipart)
{
    str type = fuzz_line(&input);
    post(c,
        str_starts(type, S("multipart/")) ? str_c(c->mem, type) : "multipart/form-data; boundary=b",
        str_none, input);
}

static int depth_of(const struct node *node)
{
    int most = 0;
    EACH(item, node) {
        int depth = depth_of(&item->node);
        most = depth > most ? depth : most;
    }
    return node->kind == N_LIST || node->kind == N_MAP ? most + 1 : most;
}

static str stored(struct ctx *c, const struct node *node)
{
    struct buf out = buf_new(c->mem, 32 << 20);
    json_store(&out, node);
    holds(!out.full);
    return buf_str(&out);
}

/* As a body, and by itself: what was written is read back as the same. */
FUZZ(json)
{
    struct node *first, *again;
    struct buf out = buf_new(c->mem, 32 << 20);
    post(c, "application/json", str_none, input);
    if (json_read(c, input, &first))
        return;
    holds(depth_of(first) <= 32);
    str text = stored(c, first);
    holds(str_is_utf8(text) && str_find(text, S("<")) < 0);
    holds(!json_read(c, text, &again));
    text = stored(c, again); /* -0.0 is written as -0, which is 0 */
    holds(!json_read(c, text, &again) && str_eq(stored(c, again), text));
    json_write(&out, first);
    holds(str_is_utf8(buf_str(&out)));
}
