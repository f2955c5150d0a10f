/* What an option and its values are called, and a product's details: what the page shows of them, and
 * what their forms say. Codes of options and values stay as they are: variants, carts and the addresses
 * of filters go by them. */
#include "catalog/admin_in.h"

/* Five fields of a value, seven of a detail, of the 200 that a form has at most. */
enum { VALUES_EACH = 36, DETAILS_EACH = 20, DETAILS_NEW = 3 };

static const struct node *nth(const struct node *list, i64 n)
{
    EACH(it, list)
        if (!n--)
            return &it->node;
    return NULL;
}

/* Which of those sent is this one; -1: none. */
static i64 place_in(const struct node *list, str code)
{
    i64 n = 0;
    EACH(it, list) {
        if (it->node.kind == N_STR && str_eq(it->node.as.text, code))
            return n;
        n++;
    }
    return -1;
}

/* ---- what is said of them
 * ------------------------------------------------------------------------------------ */

struct said { /* in one language */
    bool is;
    str text, field;
};

static str field_of(struct ctx *c, const char *what, size_t lang, i64 row)
{
    str field = str_fmt(c->mem, "%s_%s", what, LANGS[lang].code);
    return row < 0 ? field : str_fmt(c->mem, "%.*s.%" PRId64, STR(field), row);
}

/* The fields `what`_en, _th and _vi; of repeated ones the nth, else row is -1. */
static void read_said(struct req *r, const char *what, i64 row, struct said *said)
{
    struct ctx *c = &r->c;
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        const struct node *sent = node_get(r->in, field_of(c, what, l, -1));
        if (row >= 0)
            sent = nth(sent, row);
        said[l].is = sent && sent->kind == N_STR;
        said[l].text = said[l].is ? str_trim(sent->as.text) : str_none;
        said[l].field = field_of(c, what, l, row);
    }
}

#define NEEDS_NAME SAYS("Please give it an English name: it stands in for the others.")
#define NEEDS_WORD SAYS("Please say it in English too: that stands in for the others.")

/* What is not said stays. Words that are emptied are none: the English ones stand in. */
static int say_anew(
    struct ctx *c, struct node *one, str key, const struct said *said, const char *needed)
{
    const struct node *old = node_get(one, key);
    bool had_english = node_str(old, "en").n || !node_count(old);
    struct node *now = node_map(c->mem);
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        str text = said[l].is ? said[l].text : node_str(old, LANGS[l].code);
        if (text.n)
            node_set_str(c->mem, now, str_of(LANGS[l].code), text);
    }
    node_set(c->mem, one, key, now); /* `old` is this by now */
    if (had_english && !node_str(now, "en").n)
        return fail_field(c, str_c(c->mem, said[0].field), needed);
    return E_OK;
}

/* Two of one name cannot be told apart by who chooses. Those there were already stay. */
static int check_alone(
    struct ctx *c, const struct node *list, const struct node *one, str was, str field)
{
    str name = node_str(node_get(one, S("name")), "en");
    if (str_eq(name, was) || !name.n)
        return E_OK;
    EACH(it, list)
        if (&it->node != one &&
            str_eq(str_lower(c->mem, node_str(node_get(&it->node, S("name")), "en")),
                str_lower(c->mem, name)))
            return fail_field(c, str_c(c->mem, field), "Another one is called so already.");
    return E_OK;
}

/* As many in each language as there are of `list`, or none of that language. */
static int check_counts(struct req *r, const struct node *list, const char *what)
{
    struct ctx *c = &r->c;
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        const char *field = str_c(c->mem, field_of(c, what, l, -1));
        const struct node *said = in_ints(r, field);
        if (said && node_count(said) != node_count(list))
            return fail_field(c, field, "Please send these for each row, and in the same order.");
    }
    return E_OK;
}

static bool has_value(const struct node *variants, str option, str value)
{
    EACH(it, variants) {
        const struct node *has = node_get(node_get(&it->node, S("options")), option);
        if (has && str_eq(has->as.text, value))
            return true;
    }
    return false;
}

static int rename_values(struct req *r, struct node *option)
{
    struct ctx *c = &r->c;
    const struct node *sent = in_ints(r, "value");
    struct node *values = node_get(option, S("values")), *ones[MOST_SENT];
    struct said said[COUNT(LANGS)];
    str was[MOST_SENT];
    int err = check_counts(r, sent, "value");
    size_t n = 0;
    EACH(it, err ? NULL : sent) {
        struct node *one = by_code(values, it->node.as.text);
        int wrong;
        read_said(r, "value", (i64)n, said);
        if (one) {
            was[n] = node_str(node_get(one, S("name")), "en");
            wrong = say_anew(c, one, S("name"), said, NEEDS_NAME);
        } else {
            wrong = fail_field(c, str_c(c->mem, str_fmt(c->mem, "value.%zu", n)),
                "This option has no such value.");
        }
        err = wrong ? wrong : err;
        ones[n++] = one;
    }
    for (size_t i = 0; i < n; i++) { /* when all are said: two may take each other's */
        int wrong = ones[i]
            ? check_alone(c, values, ones[i], was[i], field_of(c, "value", 0, (i64)i))
            : E_OK;
        err = wrong ? wrong : err;
    }
    return err;
}

/* Of one that is gone already nothing is left to be done. */
static int drop_values(struct req *r, struct node *option, const struct node *variants)
{
    struct ctx *c = &r->c;
    const struct node *dropped = in_ints(r, "drop");
    struct node *kept = node_list(c->mem);
    int err = E_OK;
    EACH(it, node_get(option, S("values"))) {
        str code = node_str(&it->node, "code");
        if (place_in(dropped, code) < 0)
            node_add(c->mem, kept, (struct node *)&it->node);
        else if (has_value(variants, node_str(option, "code"), code))
            err = fail_field(c, "drop", "A value that a variant has goes with its last variant.");
    }
    if (!err)
        node_set(c->mem, option, S("values"), kept);
    return err;
}

static int check_version(struct req *r, const struct node *doc)
{
    if (in_int(r, "version") <= 0)
        return fail_field(
            &r->c, "version", "Please send the version that was read with the product.");
    return in_int(r, "version") == node_int(doc, "version") ? E_OK : product_is_newer(&r->c);
}

static int find_option(struct req *r, struct node *doc, struct node **option)
{
    struct ctx *c = &r->c;
    TRY(check_version(r, doc));
    *option = by_code(node_get(doc, S("options")), in_str(r, "option"));
    return *option ? E_OK : fail(c, E_MISSING, "catalog.option", "There is no such option.");
}

int typed_names(struct req *r, struct node *doc)
{
    struct ctx *c = &r->c;
    struct said said[COUNT(LANGS)];
    struct node *option;
    TRY(find_option(r, doc, &option));
    str was = node_str(node_get(option, S("name")), "en");
    read_said(r, "option_name", -1, said);
    int err = say_anew(c, option, S("name"), said, NEEDS_NAME);
    if (!err)
        err = check_alone(c, node_get(doc, S("options")), option, was, S("option_name_en"));
    int wrong = rename_values(r, option);
    err = wrong ? wrong : err;
    wrong = drop_values(r, option, node_get(doc, S("variants")));
    return wrong ? wrong : err;
}

/* ---- an option taken away
 * --------------------------------------------------------------------------------- */

/* It tells no two variants apart. */
static bool is_no_choice(const struct node *doc, str option)
{
    const struct node *first = NULL;
    EACH(it, node_get(doc, S("variants"))) {
        const struct node *has = node_get(node_get(&it->node, S("options")), option);
        if (has && first && !str_eq(has->as.text, first->as.text))
            return false;
        first = has ? has : first;
    }
    return true;
}

static struct node *without_key(struct ctx *c, const struct node *map, str key)
{
    struct node *rest = node_map(c->mem);
    EACH(it, map)
        if (!str_eq(it->key, key))
            node_set(c->mem, rest, it->key, (struct node *)&it->node);
    return rest;
}

int without_option(struct req *r, struct node *doc)
{
    struct ctx *c = &r->c;
    struct node *gone, *kept = node_list(c->mem);
    TRY(find_option(r, doc, &gone));
    str code = node_str(gone, "code");
    if (!is_no_choice(doc, code))
        return fail(c, E_CONFLICT, "catalog.option",
            "Variants differ by this option. Take variants out until all have the same value of it.");
    EACH(it, node_get(doc, S("options")))
        if (&it->node != gone)
            node_add(c->mem, kept, (struct node *)&it->node);
    node_set(c->mem, doc, S("options"), kept);
    static const char *const lists[] = { "variants", "pictures" };
    static const char *const keys[] = { "options", "option" };
    for (size_t i = 0; i < COUNT(lists); i++)
        for (struct item *it = node_get(doc, str_of(lists[i]))->as.items.first; it; it = it->next)
            node_set(c->mem, &it->node, str_of(keys[i]),
                without_key(c, node_get(&it->node, str_of(keys[i])), code));
    return E_OK;
}

/* ---- details
 * ---------------------------------------------------------------------------------------------- */

/* Whoever changes one says by this which it was: another than what was read has another. */
static str key_of(struct ctx *c, const struct node *detail)
{
    return str_upto(crypto_sha256_hex(c->mem, plain_json(c, detail)), 16);
}

static bool is_emptied(const struct node *old, const struct said *said)
{
    for (size_t l = 0; l < COUNT(LANGS); l++)
        if (said[l].is ? said[l].text.n : node_str(old, LANGS[l].code).n)
            return false;
    return true;
}

/* The nth row that was sent, of a new detail or, in the place of `old`, of one there is. NULL: it says
 * nothing any more. */
static struct node *detail_said(struct req *r, const struct node *old, i64 row, int *err)
{
    struct ctx *c = &r->c;
    struct node *detail = node_map(c->mem), *name = node_get(old, S("name")),
                *value = node_get(old, S("value"));
    struct said names[COUNT(LANGS)], values[COUNT(LANGS)];
    read_said(r, "name", row, names);
    read_said(r, "value", row, values);
    if (is_emptied(name, names) && is_emptied(value, values))
        return NULL;
    node_set(c->mem, detail, S("name"), name ? name : node_map(c->mem));
    node_set(c->mem, detail, S("value"), value ? value : node_map(c->mem));
    int wrong = say_anew(c, detail, S("name"), names, NEEDS_NAME);
    *err = wrong ? wrong : *err;
    wrong = say_anew(c, detail, S("value"), values, NEEDS_WORD);
    *err = wrong ? wrong : *err;
    return detail;
}

/* Those there are, each as its row says, or as it was where none names it. */
static int details_changed(
    struct req *r, const struct node *old, bool *is_taken, struct node *now)
{
    struct ctx *c = &r->c;
    const struct node *rows = in_ints(r, "detail");
    int err = E_OK;
    EACH(it, old) {
        str key = key_of(c, &it->node);
        i64 n = 0, row = -1;
        EACH(sent, rows) {
            if (row < 0 && !is_taken[n] && str_eq(sent->node.as.text, key))
                row = n;
            n++;
        }
        struct node *detail = (struct node *)&it->node;
        if (row >= 0) {
            is_taken[row] = true;
            detail = detail_said(r, detail, row, &err);
        }
        if (detail)
            node_add(c->mem, now, detail);
    }
    return err;
}

int typed_details(struct req *r, struct node *doc, const struct node *old)
{
    struct ctx *c = &r->c;
    struct node *now = node_list(c->mem);
    bool is_taken[MOST_SENT] = { false };
    i64 n = 0;
    TRY(check_version(r, doc));
    TRY(check_counts(r, in_ints(r, "detail"), "name"));
    TRY(check_counts(r, in_ints(r, "detail"), "value"));
    int err = details_changed(r, old, is_taken, now);
    EACH(it, in_ints(r, "detail")) {
        struct node *detail = NULL;
        if (it->node.as.text.n && !is_taken[n])
            err = fail_field(c, str_c(c->mem, str_fmt(c->mem, "detail.%" PRId64, n)),
                "This product has no such detail.");
        else if (!is_taken[n])
            detail = detail_said(r, NULL, n, &err);
        if (detail)
            node_add(c->mem, now, detail);
        n++;
    }
    if (node_count(now) > MOST_DETAILS && node_count(now) > node_count(old))
        return fail(c, E_INPUT, "catalog.details", "A product has at most 100 details.");
    node_set(c->mem, doc, S("specs"), now);
    return err;
}

/* ---- the page
 * ----------------------------------------------------------------------------------------- */

/* A field for each language: what was typed, where that comes back, or else what is stored. */
static void fields_of(struct req *r, const struct node *words, const char *what, bool is_typed,
    i64 row, i64 most, str id, struct node *list)
{
    struct ctx *c = &r->c;
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        struct node *one = node_add_map(c->mem, list);
        str field = field_of(c, what, l, -1);
        const struct node *sent = is_typed ? node_get(r->raw, field) : NULL;
        if (row >= 0)
            sent = nth(sent, row);
        node_set_str(c->mem, one, S("code"), str_of(LANGS[l].code));
        node_set_str(c->mem, one, S("language"), str_of(LANGS[l].name));
        node_set_str(c->mem, one, S("field"), field);
        node_set_str(c->mem, one, S("id"), str_fmt(c->mem, "%.*s_%s", STR(id), LANGS[l].code));
        node_set_str(c->mem, one, S("text"),
            sent && sent->kind == N_STR ? sent->as.text : node_str(words, LANGS[l].code));
        node_set_int(c->mem, one, S("most"), most);
        field_error(c, one, "error", is_typed ? field_of(c, what, l, row) : str_none);
    }
}

static void value_of(struct req *r, const struct node *doc, const struct node *option,
    const struct node *v, bool is_typed, bool is_shown, str id, struct node *value)
{
    struct ctx *c = &r->c;
    str code = node_str(v, "code"), of = node_str(option, "code");
    const struct node *names = node_get(v, S("name"));
    i64 row = is_typed ? place_in(node_get(r->raw, S("value")), code) : -1;
    bool is_used = has_value(node_get(doc, S("variants")), of, code);
    node_set_str(c->mem, value, S("tag"), str_fmt(c->mem, "%.*s=%.*s", STR(of), STR(code)));
    node_set_str(c->mem, value, S("value"), code);
    node_set_str(c->mem, value, S("name"), name_in(c, names));
    node_set(c->mem, value, S("names"), (struct node *)(uintptr_t)names);
    node_set_bool(c->mem, value, S("is_used"), is_used);
    node_hide(node_set_bool(c->mem, value, S("is_shown"), is_shown));
    node_hide(node_set_bool(c->mem, value, S("is_dropped"),
        is_typed && place_in(node_get(r->raw, S("drop")), code) >= 0));
    struct node *fields = node_hide(node_set_list(c->mem, value, S("fields")));
    if (is_shown)
        fields_of(r, names, "value", row >= 0, row, MOST_NAME, id, fields);
}

static void values_of(struct req *r, const struct node *doc, const struct node *option,
    bool is_open, i64 first, i64 nth_option, struct node *page)
{
    struct ctx *c = &r->c;
    struct node *values = node_set_list(c->mem, page, S("values"));
    bool is_typed = is_open && r->method == POST;
    i64 n = 0;
    EACH(v, node_get(option, S("values"))) {
        str id = str_fmt(c->mem, "value_%" PRId64 "_%" PRId64, nth_option, n);
        bool is_shown = is_open && n >= first && n < first + VALUES_EACH;
        value_of(r, doc, option, &v->node, is_typed, is_shown, id, node_add_map(c->mem, values));
        n++;
    }
    struct node *pages = node_hide(node_set_list(c->mem, page, S("value_pages")));
    pages_of(c,
        str_fmt(c->mem, "/admin/products/%.*s?option=%.*s&from=", STR(node_str(doc, "slug")),
            STR(node_str(option, "code"))),
        first, VALUES_EACH, n, pages);
}

/* The form for more values says `option`, too: of names it says none. */
static bool is_asked_for(const struct req *r, str option)
{
    return str_eq(node_str(r->raw, "option"), option) && !node_get(r->raw, S("option_name"));
}

static i64 first_value(const struct req *r, const struct node *option)
{
    i64 from = 0, all = (i64)node_count(node_get(option, S("values")));
    if (!str_int(node_str(r->raw, "from"), &from) || from < 0 || from >= all)
        return 0;
    return from / VALUES_EACH * VALUES_EACH;
}

/* Fields for names are many: they stand there for the option that was asked for. */
void options_shown(struct req *r, const struct node *doc, struct node *page)
{
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, page, S("options"));
    i64 n = 0;
    EACH(o, node_get(doc, S("options"))) {
        struct node *one = node_add_map(c->mem, list);
        const struct node *names = node_get(&o->node, S("name"));
        str code = node_str(&o->node, "code");
        bool is_open = is_asked_for(r, code);
        i64 first = is_open ? first_value(r, &o->node) : 0;
        node_set_str(c->mem, one, S("option"), code);
        node_set_str(c->mem, one, S("option_name"), name_in(c, names));
        node_set(c->mem, one, S("names"), (struct node *)(uintptr_t)names);
        node_set_bool(c->mem, one, S("may_go"), is_no_choice(doc, code));
        node_hide(node_set_bool(
            c->mem, one, S("is_chosen"), str_eq(code, node_str(r->raw, "option"))));
        node_hide(node_set_bool(c->mem, one, S("is_open"), is_open));
        node_hide(node_set_int(c->mem, one, S("from"), first));
        struct node *fields = node_hide(node_set_list(c->mem, one, S("fields")));
        if (is_open)
            fields_of(r, names, "option_name", r->method == POST, -1, MOST_NAME,
                str_fmt(c->mem, "option_%" PRId64, n), fields);
        values_of(r, doc, &o->node, is_open, first, n, one);
        n++;
    }
    field_error(c, page, "drop_error", S("drop"));
}

/* Of details, too, there are fields where they are asked for. */
static bool are_asked(const struct req *r)
{
    return node_get(r->raw, S("detail")) || node_str(r->raw, "details").n;
}

/* Fields for a row: a detail there is, or, where it is NULL, another one. */
static void detail_row(struct req *r, const struct node *detail, str key, i64 row, i64 nth_row,
    struct node *list)
{
    struct ctx *c = &r->c;
    struct node *one = node_add_map(c->mem, list), *names, *values;
    node_set_str(c->mem, one, S("key"), key);
    node_set_int(c->mem, one, S("number"), nth_row + 1);
    node_set_str(c->mem, one, S("title"), name_in(c, node_get(detail, S("name"))));
    node_set_str(c->mem, one, S("says"), name_in(c, node_get(detail, S("value"))));
    names = node_set_list(c->mem, one, S("names"));
    values = node_set_list(c->mem, one, S("values"));
    if (!are_asked(r))
        return;
    fields_of(r, node_get(detail, S("name")), "name", row >= 0, row, MOST_NAME,
        str_fmt(c->mem, "detail_name_%" PRId64, nth_row), names);
    fields_of(r, node_get(detail, S("value")), "value", row >= 0, row, MOST_DETAIL,
        str_fmt(c->mem, "detail_value_%" PRId64, nth_row), values);
}

/* What was typed in a row that none there is has: of a new one, or of one that is gone or another now. */
static bool says_anything(const struct req *r, i64 row)
{
    static const char *const fields[] = { "name_en", "name_th", "name_vi", "value_en", "value_th",
        "value_vi" };
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct node *sent = nth(node_get(r->raw, str_of(fields[i])), row);
        if (sent && str_trim(sent->as.text).n)
            return true;
    }
    return false;
}

static void new_rows(
    struct req *r, const struct node *sent, const bool *is_taken, i64 nth_row, struct node *list)
{
    i64 row = 0, n = 0;
    EACH(it, sent) {
        if (row < MOST_SENT && !is_taken[row] && says_anything(r, row)) {
            detail_row(r, NULL, S(""), row, nth_row++, list);
            n++;
        }
        row++;
    }
    for (; n < DETAILS_NEW; n++)
        detail_row(r, NULL, S(""), -1, nth_row++, list);
}

static i64 first_detail(const struct req *r, i64 all)
{
    i64 from = 0;
    if (!str_int(node_str(r->raw, "details"), &from) || from < 0 || from >= all)
        return 0;
    return from / DETAILS_EACH * DETAILS_EACH;
}

void details_shown(struct req *r, str slug, const struct node *details, struct node *page)
{
    struct ctx *c = &r->c;
    struct node *all = node_set_list(c->mem, page, S("details"));
    struct node *rows = node_hide(node_set_list(c->mem, page, S("detail_rows")));
    const struct node *sent = node_get(r->raw, S("detail"));
    bool is_taken[MOST_SENT] = { false };
    i64 n = 0, first = first_detail(r, (i64)node_count(details));
    EACH(it, details) {
        struct node *one = node_add_map(c->mem, all);
        str key = key_of(c, &it->node);
        i64 row = -1, at = 0;
        node_set_str(c->mem, one, S("key"), key);
        node_set(c->mem, one, S("name"), node_get(&it->node, S("name")));
        node_set(c->mem, one, S("value"), node_get(&it->node, S("value")));
        EACH(s, sent) {
            if (row < 0 && at < MOST_SENT && !is_taken[at] && str_eq(s->node.as.text, key))
                row = at;
            at++;
        }
        if (row >= 0)
            is_taken[row] = true;
        if (n >= first && n < first + DETAILS_EACH)
            detail_row(r, &it->node, key, row, n, rows);
        n++;
    }
    new_rows(r, sent, is_taken, n, rows);
    node_hide(node_set_int(c->mem, page, S("details_from"), first));
    node_hide(node_set_bool(c->mem, page, S("are_details_asked"), are_asked(r)));
    pages_of(c, str_fmt(c->mem, "/admin/products/%.*s?details=", STR(slug)), first, DETAILS_EACH, n,
        node_hide(node_set_list(c->mem, page, S("detail_pages"))));
}
