#include <ctype.h>
#include "catalog/admin_in.h"


static int read_form(struct req *r, struct typed *t)
{
    str rest = r->body, pair, name;
    while (rest.n && str_cut(&rest, '&', &pair)) {
        str value = pair;
        if (!str_cut(&value, '=', &name) || !unescape_url(r->c.mem, name, true, &name) ||
            !unescape_url(r->c.mem, value, true, &value) || !str_is_utf8(value))
            continue;
        if (str_is(name, "category"))
            node_add_str(r->c.mem, t->categories, value);
        else
            node_set_str(r->c.mem, t->fields, str_dup(r->c.mem, name), value);
    }
    return E_OK;
}

static bool is_amount(str name)
{
    return str_starts(name, S("price_")) || str_starts(name, S("was_"));
}

static bool is_box(str name)
{
    return str_is(name, "featured") || str_starts(name, S("drop_")) || str_starts(name, S("free_"));
}

/* What a program says of one field, as the form would: a box that is not ticked sends nothing. */
static int read_value(struct req *r, struct typed *t, str name, const struct node *value)
{
    struct arena *mem = r->c.mem;
    const char *field = str_c(mem, name);
    bool is_text = value->kind == N_STR;
    if (value->kind == N_NULL)
        return E_OK;
    if (str_is(name, "category")) {
        if (is_text)
            node_add_str(mem, t->categories, value->as.text);
        EACH(item, value->kind == N_LIST ? value : NULL) {
            if (item->node.kind != N_STR)
                return fail_field(&r->c, field, "Please send a list of words.");
            node_add_str(mem, t->categories, item->node.as.text);
        }
        t->says_categories = is_text || value->kind == N_LIST;
        return t->says_categories
            ? E_OK
            : fail_field(&r->c, field, "Please send a list of words.");
    }
    if (is_amount(name) && !is_text) /* elsewhere a number is one in minor units */
        return fail_field(&r->c, field, "Please send the amount as text, like \"12.50\".");
    if (is_box(name) && value->kind != N_BOOL) /* 0 and "" would be ticked, as they are sent */
        return fail_field(&r->c, field, "Please send true or false.");
    t->says_featured = t->says_featured || str_is(name, "featured");
    if (is_text || (value->kind == N_BOOL && value->as.yes))
        node_set_str(mem, t->fields, name, is_text ? value->as.text : S("1"));
    else if (value->kind == N_INT)
        node_set_str(mem, t->fields, name, str_fmt(mem, "%" PRId64, value->as.number));
    else if (value->kind != N_BOOL)
        return fail_field(&r->c, field, "Please send this as text.");
    return E_OK;
}

/* Names of JSON are camelCase, ours snake_case; either may be used: "price0THB" is "price_0_THB". */
static str own_name(struct arena *mem, str key)
{
    struct buf out = buf_new(mem, 2 * key.n + 1);
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i], before = i ? key.p[i - 1] : '_';
        bool is_capital = isupper((unsigned char)c), is_digit = isdigit((unsigned char)c);
        bool is_word = i + 1 < key.n && islower((unsigned char)key.p[i + 1]);
        if ((is_capital && (islower((unsigned char)before) || isdigit((unsigned char)before))) ||
            (is_digit && islower((unsigned char)before)))
            buf_char(&out, '_');
        buf_char(&out, is_capital && is_word ? (char)tolower((unsigned char)c) : c);
    }
    return buf_str(&out);
}

/* "sku_3", "price_3_THB": a field of the grid, and of which row. */
static bool is_of_grid(const struct ctx *c, str name, i64 *row)
{
    static const struct {
        const char *prefix;
        bool is_money;
    } fields[] = { { "of_", false }, { "sku_", false }, { "weight_", false }, { "drop_", false },
        { "free_", false }, { "item_", false }, { "seen_", false }, { "on_hand_", false }, { "price_", true },
        { "was_", true } };
    for (size_t i = 0; i < COUNT(fields); i++) {
        str prefix = str_of(fields[i].prefix), rest, number;
        if (!str_starts(name, prefix))
            continue;
        rest = str_from(name, prefix.n);
        if (!fields[i].is_money)
            return str_int(rest, row) && *row >= 0;
        return str_cut(&rest, '_', &number) && str_int(number, row) && *row >= 0 &&
            app_sells_in(c->app, rest, NULL);
    }
    return false;
}

static bool is_field(struct ctx *c, str name)
{
    static const char *const plain[] = { "slug", "first", "version", "address", "status", "brand",
        "tax_class", "featured", "category", "free_others" };
    static const char *const texts[] = { "name", "summary", "description" };
    i64 row;
    for (size_t i = 0; i < COUNT(plain); i++)
        if (str_is(name, plain[i]))
            return true;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t l = 0; l < COUNT(LANGS); l++)
            if (str_eq(name, str_fmt(c->mem, "%s_%s", texts[i], LANGS[l].code)))
                return true;
    return is_of_grid(c, name, &row);
}

/* What is not known would be left undone, and its sender believe that it is done. */
static int read_json(struct req *r, struct typed *t)
{
    struct node *root = NULL;
    int err = E_OK;
    t->is_json = true;
    if (!str_trim(r->body).n)
        return E_OK;
    TRY(json_read(&r->c, r->body, &root));
    EACH(item, root->kind == N_MAP ? root : NULL) {
        str name = own_name(r->c.mem, item->key);
        if (!is_field(&r->c, name)) /* the first: two may be one, as JSON writes names */
            return fail_field(
                &r->c, str_c(r->c.mem, item->key), "There is no field of this name.");
        int wrong = read_value(r, t, name, &item->node);
        err = wrong ? wrong : err;
    }
    return err;
}

int typed_read(struct req *r, struct typed *t)
{
    t->fields = node_map(r->c.mem);
    t->categories = node_list(r->c.mem);
    if (str_starts(r->content_type, S("application/json")))
        return read_json(r, t);
    if (str_starts(r->content_type, S("application/x-www-form-urlencoded")))
        return read_form(r, t);
    return fail(&r->c, E_KIND, "catalog.form", "Please send this as a form.");
}

/* A form sends all that it shows. What a program leaves out stays as it is. */
static bool is_left_out(const struct typed *t, const struct node *doc, const char *name)
{
    return t->is_json && !typed_has(t, name) && node_get(doc, str_of(name));
}

bool typed_has(const struct typed *t, const char *name)
{
    return t && t->fields && node_get(t->fields, str_of(name));
}

str typed_str(const struct typed *t, const char *name)
{
    return typed_has(t, name) ? str_trim(node_str(t->fields, name)) : S("");
}

str grid_name(struct ctx *c, const char *what, i64 n, str currency)
{
    if (currency.n)
        return str_fmt(c->mem, "%s_%" PRId64 "_%.*s", what, n, STR(currency));
    return str_fmt(c->mem, "%s_%" PRId64, what, n);
}

i64 grid_rows(const struct ctx *c)
{
    enum { EACH_ROW = 4, EACH_CURRENCY = 2 }; /* of, sku, weight, drop; price, was */
    i64 fields = EACH_ROW + EACH_CURRENCY * (i64)node_count(c->app->currencies);
    i64 rows = GRID_FIELDS / fields;
    return rows > GRID_MOST ? GRID_MOST : rows > 1 ? rows : 1;
}

i64 typed_row(const struct typed *t, const char *what, str sku, i64 n)
{
    bool are_named = false;
    EACH(it, t ? t->fields : NULL) {
        str rest = it->key, name;
        i64 row;
        if (!str_cut(&rest, '_', &name) || !str_is(name, what) || !str_int(rest, &row))
            continue;
        are_named = true;
        if (str_eq(it->node.as.text, sku))
            return row;
    }
    return are_named ? -1 : n;
}

/* ---- texts -------------------------------------------------------------------------------------
 */

/* What stands there may be longer, as a file brought it: who mends a price does not shorten it. A
 * browser sends ends of lines as two letters, and counts them as one. */
static int length_fits(struct ctx *c, str text, str stored, size_t most, const char *field)
{
    str lines = str_lines(c->mem, text);
    return str_characters(lines) <= most || str_eq(lines, stored)
        ? E_OK
        : fail_field(c, field, "This is too long.");
}

/* A language without a name has no text at all: words there would be lost without a word. */
static int check_named(struct ctx *c, const struct node *doc, const char *lang)
{
    static const char *const others[] = { "summary", "description" };
    const char *name = str_c(c->mem, str_fmt(c->mem, "name_%s", lang));
    bool has_words = false;
    for (size_t i = 0; i < COUNT(others); i++)
        has_words = has_words || node_str(node_get(doc, str_of(others[i])), lang).n;
    if (!has_words || node_str(node_get(doc, S("name")), lang).n)
        return E_OK;
    return fail_field(c, name, "Please give it a name in this language too, as it has words in it.");
}

static int apply_texts(struct ctx *c, const struct typed *t, struct node *doc)
{
    static const struct {
        const char *key;
        size_t most;
    } parts[] = { { "name", 200 }, { "summary", MOST_SUMMARY },
        { "description", MOST_DESCRIPTION } };
    int err = E_OK;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct node *map = node_get(doc, str_of(parts[i].key));
        if (!map)
            map = node_set_map(c->mem, doc, str_of(parts[i].key));
        for (size_t l = 0; l < COUNT(LANGS); l++) {
            str field = str_fmt(c->mem, "%s_%s", parts[i].key, LANGS[l].code);
            if (t->is_json && !typed_has(t, str_c(c->mem, field)) && node_str(map, LANGS[l].code).n)
                continue;
            str text = typed_str(t, str_c(c->mem, field));
            int wrong = length_fits(
                c, text, node_str(map, LANGS[l].code), parts[i].most, str_c(c->mem, field));
            err = wrong ? wrong : err;
            node_set_str(c->mem, map, str_of(LANGS[l].code), text);
        }
    }
    for (size_t l = 1; l < COUNT(LANGS); l++) {
        int wrong = check_named(c, doc, LANGS[l].code);
        err = wrong ? wrong : err;
    }
    if (!node_str(node_get(doc, S("name")), "en").n)
        err = fail_field(
            c, "name_en", "Please give it an English name: it stands in for the others.");
    return err;
}

/* ---- the grid
 * --------------------------------------------------------------------------------------- */

static int apply_price(
    struct ctx *c, const struct typed *t, struct node *variant, i64 n, str currency)
{
    static const char *const fields[] = { "price", "was" };
    static const char *const keys[] = { "prices", "compare_at" };
    int err = E_OK, exponent = money_exponent(currency);
    for (size_t i = 0; i < COUNT(fields); i++) {
        const char *field = str_c(c->mem, grid_name(c, fields[i], n, currency));
        struct node *map = node_get(variant, str_of(keys[i]));
        str text = typed_str(t, field);
        i64 amount = 0;
        if (!typed_has(t, field))
            continue;
        if (!map)
            map = node_set_map(c->mem, variant, str_of(keys[i]));
        if (!text.n)
            node_set_null(c->mem, map, currency);
        else if (!money_typed(text, exponent, &amount) || amount < 0)
            err = fail_field(c, field, money_no_amount(exponent));
        else
            node_set_int(c->mem, map, currency, amount);
    }
    struct node *price = node_get(node_get(variant, S("prices")), currency);
    struct node *was = node_get(node_get(variant, S("compare_at")), currency);
    if (!err && was && was->kind == N_INT &&
        (!price || price->kind != N_INT || was->as.number <= price->as.number))
        err = fail_field(c, str_c(c->mem, grid_name(c, "was", n, currency)),
            "The price before must be higher than the price now.");
    return err;
}

static int apply_variant(struct req *r, const struct typed *t, struct node *variant, i64 n)
{
    struct ctx *c = &r->c;
    const char *sku = str_c(c->mem, grid_name(c, "sku", n, str_none));
    const char *weight = str_c(c->mem, grid_name(c, "weight", n, str_none));
    i64 grams = 0;
    int err = E_OK;
    if (typed_has(t, sku)) {
        node_set_str(c->mem, variant, S("sku"), typed_str(t, sku));
        if (typed_str(t, sku).n > 80)
            err = fail_field(c, sku, "A SKU has at most 80 characters.");
    }
    if (typed_has(t, weight)) { /* empty: it is not known */
        str text = typed_str(t, weight);
        if ((text.n && !str_int(text, &grams)) || grams < 0 || grams > 1000000)
            err = fail_field(c, weight, "The weight is a whole number of grams.");
        node_set_int(c->mem, variant, S("weight_g"), grams);
    }
    EACH(currency, c->app->currencies) {
        int wrong = apply_price(c, t, variant, n, currency->node.as.text);
        err = wrong ? wrong : err;
    }
    return err;
}

/* A price of 0 that is for sale only now: typed now, or of a product that nobody saw. A slip of a
 * finger gives goods away, so who means it says so. */
struct giving {
    bool asks, was_published; /* asks: it is for sale */
};

static bool is_given(const struct giving *g, const struct node *was, const struct node *prices)
{
    EACH(it, g->asks ? prices : NULL) {
        const struct node *before = g->was_published ? node_get(was, it->key) : NULL;
        if (it->node.kind == N_INT && !it->node.as.number &&
            (!before || before->kind != N_INT || before->as.number))
            return true;
    }
    return false;
}

static int check_given(struct ctx *c, const struct typed *t, const char *tick, const char *why)
{
    return typed_has(t, tick) ? E_OK : fail_field(c, tick, why);
}

/* Values that no variant has any more are no choice. */
static void prune_values(struct ctx *c, struct node *doc)
{
    EACH(o, node_get(doc, S("options"))) {
        struct node *kept = node_list(c->mem);
        EACH(v, node_get(&o->node, S("values"))) {
            bool used = false;
            EACH(it, node_get(doc, S("variants"))) {
                struct node *has =
                    node_get(node_get(&it->node, S("options")), node_str(&o->node, "code"));
                used = used || (has && str_eq(has->as.text, node_str(&v->node, "code")));
            }
            if (used)
                node_add(c->mem, kept, (struct node *)&v->node);
        }
        node_set(c->mem, (struct node *)&o->node, S("values"), kept);
    }
}

static int check_rows(struct ctx *c, const struct typed *t, i64 n)
{
    int err = E_OK;
    EACH(it, t->is_json ? t->fields : NULL) {
        i64 row;
        if (is_of_grid(c, it->key, &row) && row >= n)
            err = fail_field(c, str_c(c->mem, it->key),
                "There is no such variant: they are counted from 0.");
    }
    return err;
}

/* A variant of the page as its row says; of another page it is only looked at. */
static int apply_row(struct req *r, const struct typed *t, struct node *variant, i64 n, bool on_page,
    const struct giving *g)
{
    struct ctx *c = &r->c;
    const struct node *prices = node_get(variant, S("prices"));
    const struct node *was = prices ? node_copy(c->mem, prices) : NULL;
    int err = on_page ? apply_variant(r, t, variant, n) : E_OK;
    if (err || !is_given(g, was, node_get(variant, S("prices"))))
        return err;
    return on_page
        ? check_given(c, t, str_c(c->mem, grid_name(c, "free", n, str_none)),
              SAYS("With a price of 0 it is given away to everybody. Is that meant? Then tick this."))
        : check_given(c, t, "free_others",
              SAYS("A variant on another page of this form has a price of 0 and is given away to "
                   "everybody. Is that meant? Then tick this."));
}

static int apply_grid(struct req *r, const struct typed *t, struct node *doc, i64 first,
    const struct giving *g)
{
    struct ctx *c = &r->c;
    struct node *kept = node_list(c->mem);
    i64 n = 0;
    int err = check_rows(c, t, (i64)node_count(node_get(doc, S("variants"))));
    bool dropped = false;
    EACH(it, node_get(doc, S("variants"))) {
        struct node *variant = (struct node *)&it->node;
        bool on_page = t->is_json || (n >= first && n < first + grid_rows(c));
        if (on_page && typed_has(t, str_c(c->mem, grid_name(c, "drop", n, str_none)))) {
            dropped = true;
        } else {
            int wrong = apply_row(r, t, variant, n, on_page, g);
            err = wrong ? wrong : err;
            node_add(c->mem, kept, variant);
        }
        n++;
    }
    if (!node_count(kept))
        return fail(c, E_INPUT, "catalog.variants",
            "A product needs at least one variant. Archive it to take it out of the shop.");
    node_set(c->mem, doc, S("variants"), kept);
    if (dropped)
        prune_values(c, doc);
    return err;
}

static bool has_price(const struct node *doc)
{
    EACH(variant, node_get(doc, S("variants")))
        EACH(price, node_get(&variant->node, S("prices")))
            if (price->node.kind == N_INT)
                return true;
    return false;
}

int typed_apply(struct req *r, const struct typed *t, struct node *doc, i64 first)
{
    struct ctx *c = &r->c;
    struct giving giving = { .was_published = str_is(node_str(doc, "status"), "published") };
    bool sold_without = giving.was_published && !has_price(doc);
    int err = apply_texts(c, t, doc);
    str status = is_left_out(t, doc, "status") ? node_str(doc, "status") : typed_str(t, "status");
    str tax = typed_str(t, "tax_class");
    if (!is_left_out(t, doc, "brand"))
        node_set_str(c->mem, doc, S("brand"), typed_str(t, "brand"));
    if (t->says_featured || !is_left_out(t, doc, "featured"))
        node_set_bool(c->mem, doc, S("featured"), typed_has(t, "featured"));
    if (!is_left_out(t, doc, "tax_class"))
        node_set_str(c->mem, doc, S("tax_class"), tax.n ? tax : S("standard"));
    if (t->says_categories || !t->is_json)
        node_set(c->mem, doc, S("categories"), t->categories);
    if (!str_is(status, "draft") && !str_is(status, "published") && !str_is(status, "archived"))
        err = fail_field(c, "status", "Please choose draft, published or archived.");
    else
        node_set_str(c->mem, doc, S("status"), status);
    giving.asks = str_is(status, "published");
    int wrong = apply_grid(r, t, doc, first, &giving);
    err = wrong ? wrong : err;
    if (!err && str_is(status, "published") && !has_price(doc) && !sold_without)
        err =
            fail_field(c, "status", "Give it a price before you publish it: nobody could buy it.");
    return err;
}

/* ---- options
 * ------------------------------------------------------------------------------------------ */

static struct node *names_of(struct ctx *c, str line)
{
    struct node *names = node_map(c->mem);
    str one;
    for (size_t l = 0; l < COUNT(LANGS) && str_cut(&line, '|', &one); l++)
        if (str_trim(one).n)
            node_set_str(
                c->mem, names, str_of(LANGS[l].code), str_letters_upto(str_trim(one), MOST_NAME));
    return names;
}

static str code_of(struct ctx *c, const struct node *names)
{
    str name = node_str(names, "en"), code = str_upto(locale_slug(c->mem, name), 40);
    return code.n || !name.n ? code : str_upto(crypto_sha256_hex(c->mem, name), 10);
}

struct node *by_code(const struct node *list, str code)
{
    EACH(it, list)
        if (str_eq(node_str(&it->node, "code"), code))
            return (struct node *)&it->node;
    return NULL;
}

static bool is_called(const struct ctx *c, const struct node *one, const struct node *names)
{
    return str_eq(str_lower(c->mem, node_str(node_get(one, S("name")), "en")),
        str_lower(c->mem, node_str(names, "en")));
}

/* What is called so already, or NULL; then `code` is one that is free: "M" and "M+", or "Rose" and
 * "Rosé", are of the same letters and not the same. */
static struct node *called_so(
    struct ctx *c, const struct node *list, const struct node *names, bool is_option, str *code)
{
    str base = code_of(c, names);
    *code = base;
    EACH(it, list) /* its code may be of another name, that it had before */
        if (base.n && is_called(c, &it->node, names))
            return (struct node *)&it->node;
    for (int n = 2; base.n; n++) {
        if (!by_code(list, *code) && !(is_option && is_reserved(*code)))
            return NULL;
        *code = str_fmt(c->mem, "%.*s-%d", STR(base), n);
    }
    return NULL;
}

/* Every variant there is gets the new option's first value, so that none is left without. */
static struct node *option_for(struct req *r, struct node *doc, bool *is_new)
{
    struct ctx *c = &r->c;
    struct node *options = node_get(doc, S("options")),
                *option = by_code(options, in_str(r, "option"));
    *is_new = false;
    if (option)
        return option;
    struct node *names = names_of(c, in_str(r, "option_name"));
    str code;
    option = called_so(c, options, names, true, &code);
    if (option || !code.n)
        return option;
    *is_new = true;
    option = node_add_map(c->mem, options);
    node_set_str(c->mem, option, S("code"), code);
    node_set(c->mem, option, S("name"), names);
    node_set_list(c->mem, option, S("values"));
    return option;
}

static bool there_is(const struct node *variants, const struct node *chosen)
{
    EACH(it, variants) {
        bool same = true;
        EACH(choice, chosen) {
            struct node *has = node_get(node_get(&it->node, S("options")), choice->key);
            same = same && has && str_eq(has->as.text, choice->node.as.text);
        }
        if (same)
            return true;
    }
    return false;
}

/* A copy of a variant with another value for one option; its SKU is made, its stock is none. */
static void add_variant(
    struct ctx *c, struct node *variants, const struct node *like, str code, str value)
{
    struct node *chosen = node_map(c->mem);
    EACH(choice, node_get(like, S("options")))
        node_set_str(c->mem, chosen, choice->key, choice->node.as.text);
    node_set_str(c->mem, chosen, code, value);
    if (there_is(variants, chosen))
        return;
    struct node *variant = node_add_map(c->mem, variants);
    node_set(c->mem, variant, S("options"), chosen);
    if (node_get(like, S("prices")))
        node_set(c->mem, variant, S("prices"), node_get(like, S("prices")));
    if (node_get(like, S("compare_at")))
        node_set(c->mem, variant, S("compare_at"), node_get(like, S("compare_at")));
    node_set_int(c->mem, variant, S("weight_g"), node_int(like, "weight_g"));
}

int typed_options(struct req *r, struct node *doc)
{
    struct ctx *c = &r->c;
    struct node *variants = node_get(doc, S("variants"));
    bool is_new;
    if (by_code(node_get(doc, S("options")), in_str(r, "option")) &&
        str_trim(in_str(r, "option_name")).n)
        return fail_field(c, "option_name",
            "Please choose “a new option” above, or leave this empty to add values to the one "
            "chosen.");
    struct node *option = option_for(r, doc, &is_new);
    if (!option)
        return fail_field(c, "option_name", "Please name the option, such as Colour.");
    struct node *values = node_get(option, S("values"));
    str code = node_str(option, "code"), rest = in_str(r, "values"), line;
    size_t before = node_count(variants), added = 0;
    bool more = true;
    while (more) {
        more = str_cut(&rest, '\n', &line);
        struct node *names = more ? names_of(c, str_trim(line)) : NULL;
        str value;
        if (!names || called_so(c, values, names, false, &value) || !value.n)
            continue;
        struct node *one = node_add_map(c->mem, values);
        node_set_str(c->mem, one, S("code"), value);
        node_set(c->mem, one, S("name"), names);
        added++;
        size_t n = 0;
        for (struct item *it = variants->as.items.first; it && n < before; it = it->next, n++) {
            struct node *chosen = node_get(&it->node, S("options"));
            if (is_new && !node_get(chosen, code))
                node_set_str(c->mem, chosen, code, value);
            else
                add_variant(c, variants, &it->node, code, value);
        }
        if (node_count(variants) > 200)
            return fail(c, E_INPUT, "catalog.options",
                "That would make more than 200 variants. Choices that only change the look are "
                "better made as products of their own.");
    }
    return added ? E_OK
                 : fail_field(c, "values", "Please write at least one new value, a line each.");
}
