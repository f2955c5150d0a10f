#include "catalog/admin_in.h"

const struct edit_language LANGS[N_LANGS] = { { "en", "English" }, { "th", "ไทย" },
    { "vi", "Tiếng Việt" } };
static const struct {
    const char *code, *name;
} STATUSES[] = { { "draft", "Draft" }, { "published", "Published" }, { "archived", "Archived" } };

static str plain_money(struct ctx *c, const struct node *amounts, str currency)
{
    struct node *n = node_get(amounts, currency);
    if (!n || n->kind != N_INT)
        return S("");
    return money_plain(c->mem, n->as.number, money_exponent(currency));
}

/* What was typed comes back; else what is stored. */
static str shown(const struct typed *t, const char *field, str stored)
{
    return typed_has(t, field) ? node_str(t->fields, field) : stored;
}

void field_error(struct ctx *c, struct node *out, const char *key, str field)
{
    struct node *text = node_get(c->fault.fields, field);
    node_set_str(c->mem, out, str_of(key), text ? say(c, str_c(c->mem, text->as.text)) : S(""));
}

static void texts_of(
    struct ctx *c, const struct node *doc, const struct typed *t, struct node *page)
{
    static const char *const parts[] = { "name", "summary", "description" };
    struct node *list = node_set_list(c->mem, page, S("texts"));
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(LANGS[l].code));
        node_set_str(c->mem, one, S("language"), str_of(LANGS[l].name));
        node_set_bool(c->mem, one, S("is_needed"), l == 0);
        node_hide(node_set_int(c->mem, one, S("summary_most"), MOST_SUMMARY));
        node_hide(node_set_int(c->mem, one, S("description_most"), MOST_DESCRIPTION));
        for (size_t i = 0; i < COUNT(parts); i++) {
            str field = str_fmt(c->mem, "%s_%s", parts[i], LANGS[l].code);
            str stored = node_str(node_get(doc, str_of(parts[i])), LANGS[l].code);
            node_set_str(c->mem, one, str_of(parts[i]), shown(t, str_c(c->mem, field), stored));
            field_error(c, one, str_c(c->mem, str_fmt(c->mem, "%s_error", parts[i])), field);
        }
    }
}

static void statuses_of(struct ctx *c, str current, struct node *page, const char *key)
{
    struct node *list = node_set_list(c->mem, page, str_of(key));
    for (size_t i = 0; i < COUNT(STATUSES); i++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(STATUSES[i].code));
        node_set_str(c->mem, one, S("name"), say(c, STATUSES[i].name));
        node_set_bool(c->mem, one, S("is_chosen"), str_is(current, STATUSES[i].code));
    }
}

static bool is_in(const struct node *list, str text)
{
    EACH(it, list)
        if (str_eq(it->node.as.text, text))
            return true;
    return false;
}

static void categories_of(
    struct ctx *c, const struct node *rows, const struct typed *t, struct node *page)
{
    struct node *list = node_set_list(c->mem, page, S("categories"));
    EACH(it, rows) {
        struct node *one = node_add_map(c->mem, list);
        str slug = node_str(&it->node, "slug");
        node_set_str(c->mem, one, S("slug"), slug);
        node_set_str(c->mem, one, S("name"), node_str(&it->node, "name"));
        node_set_str(c->mem, one, S("above"), node_str(&it->node, "above"));
        node_set_bool(c->mem, one, S("is_on"),
            t ? is_in(t->categories, slug) : node_bool(&it->node, "is_on"));
    }
}

/* ---- the grid
 * ------------------------------------------------------------------------------------ */

static str choice_names(struct ctx *c, const struct node *doc, const struct node *variant)
{
    struct buf b = buf_new(c->mem, 1000);
    EACH(o, node_get(doc, S("options"))) {
        struct node *chosen = node_get(node_get(variant, S("options")), node_str(&o->node, "code"));
        EACH(v, node_get(&o->node, S("values"))) {
            if (!chosen || !str_eq(chosen->as.text, node_str(&v->node, "code")))
                continue;
            const struct node *names = node_get(&v->node, S("name"));
            str name = node_str(names, str_c(c->mem, c->lang));
            buf_add(&b, b.n ? S(", ") : S(""));
            buf_add(&b, name.n ? name : node_str(names, "en"));
        }
    }
    return buf_str(&b);
}

/* The nth of the page; `at` is its place in what was typed. */
static void prices_of(struct req *r, const struct node *variant, const struct typed *t, i64 n,
    i64 at, struct node *out)
{
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, out, S("prices"));
    EACH(it, c->app->currencies) {
        str code = it->node.as.text, price = grid_name(c, "price", n, code);
        str was = grid_name(c, "was", n, code);
        const char *typed_price = str_c(c->mem, grid_name(c, "price", at, code)),
                   *typed_was = str_c(c->mem, grid_name(c, "was", at, code));
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), code);
        node_set_str(c->mem, one, S("price_field"), price);
        node_set_str(c->mem, one, S("price"),
            shown(t, typed_price, plain_money(c, node_get(variant, S("prices")), code)));
        field_error(c, one, "price_error", str_of(typed_price));
        node_set_str(c->mem, one, S("was_field"), was);
        node_set_str(c->mem, one, S("was"),
            shown(t, typed_was, plain_money(c, node_get(variant, S("compare_at")), code)));
        field_error(c, one, "was_error", str_of(typed_was));
    }
}

/* It is only shown to who was asked: that it is meant to cost nothing. */
static void tick_of(struct ctx *c, const struct typed *t, const char *field, struct node *out)
{
    node_hide(node_set_bool(c->mem, out, S("is_free"), typed_has(t, field)));
    field_error(c, out, "free_error", str_of(field));
    node_hide(node_get(out, S("free_error")));
}

static void variant_of(struct req *r, const struct node *doc, const struct node *variant,
    const struct node *row, const struct typed *t, i64 n, struct node *out)
{
    struct ctx *c = &r->c;
    i64 at = typed_row(t, "of", node_str(variant, "sku"), n);
    const char *sku = str_c(c->mem, grid_name(c, "sku", at, str_none));
    const char *weight = str_c(c->mem, grid_name(c, "weight", at, str_none));
    const char *drop = str_c(c->mem, grid_name(c, "drop", at, str_none));
    str grams = str_fmt(c->mem, "%" PRId64, node_int(variant, "weight_g"));
    node_set_int(c->mem, out, S("number"), n);
    node_hide(node_set_str(c->mem, out, S("of"), node_str(variant, "sku")));
    node_hide(node_set_bool(c->mem, out, S("is_dropped"), typed_has(t, drop)));
    tick_of(c, t, str_c(c->mem, grid_name(c, "free", at, str_none)), out);
    node_set_str(c->mem, out, S("choice"), choice_names(c, doc, variant));
    node_set_str(c->mem, out, S("sku"), shown(t, sku, node_str(variant, "sku")));
    field_error(c, out, "sku_error", str_of(sku));
    node_set_str(c->mem, out, S("weight"), shown(t, weight, grams));
    field_error(c, out, "weight_error", str_of(weight));
    node_set_int(c->mem, out, S("on_hand"), node_int(row, "on_hand"));
    node_hide(node_set_str(
        c->mem, out, S("counted"), str_fmt(c->mem, "%" PRId64, node_int(row, "on_hand"))));
    node_hide(node_set_str(c->mem, out, S("count_error"), S("")));
    node_hide(node_set_null(c->mem, out, S("moved")));
    node_set_int(c->mem, out, S("reserved"), node_int(row, "reserved"));
    node_set_bool(c->mem, out, S("tracked"), !row || node_bool(row, "tracked"));
    prices_of(r, variant, t, n, at, out);
}

/* Links to each piece of a long list; none where it is shown whole. */
void pages_of(struct ctx *c, str url, i64 first, i64 rows, i64 total, struct node *list)
{
    for (i64 from = 0; total > rows && from < total; from += rows) {
        struct node *one = node_add_map(c->mem, list);
        i64 last = from + rows < total ? from + rows : total;
        node_set_str(
            c->mem, one, S("name"), str_fmt(c->mem, "%" PRId64 "–%" PRId64, from + 1, last));
        node_set_str(c->mem, one, S("url"), str_fmt(c->mem, "%.*s%" PRId64, STR(url), from));
        node_set_bool(c->mem, one, S("is_current"), from == first);
    }
}

static void more_variants(struct ctx *c, str slug, i64 first, i64 total, struct node *page)
{
    pages_of(c, str_fmt(c->mem, "/admin/products/%.*s?first=", STR(slug)), first, grid_rows(c), total,
        node_set_list(c->mem, page, S("grid_pages")));
}

static void variants_of(struct req *r, const struct product_rows *p, const struct node *doc,
    const struct typed *t, i64 first, struct node *page)
{
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, page, S("variants"));
    const struct item *row = p ? node_first(p->variants) : NULL;
    i64 n = 0, rows = grid_rows(c), all = (i64)node_count(node_get(doc, S("variants")));
    if (all && first >= all) /* those that stood there are taken out */
        first = (all - 1) / rows * rows;
    EACH(it, node_get(doc, S("variants"))) {
        if (n >= first && n < first + rows)
            variant_of(
                r, doc, &it->node, row ? &row->node : NULL, t, n, node_add_map(c->mem, list));
        row = row ? row->next : NULL;
        n++;
    }
    node_set_int(c->mem, page, S("first"), first);
    node_set_bool(c->mem, page, S("has_many"), n > 1);
    more_variants(c, node_str(doc, "slug"), first, n, page);
}

/* ---- pictures
 * ---------------------------------------------------------------------------------------- */

str name_in(struct ctx *c, const struct node *names)
{
    str name = node_str(names, str_c(c->mem, c->lang));
    return name.n ? name : node_str(names, "en");
}

/* What was typed of this picture comes back. */
static bool is_typed(const struct req *r, const struct node *row)
{
    str stem = node_str(r->raw, "stem");
    return stem.n && str_eq(stem, node_str(row, "stem")) && node_get(r->raw, S("alt_en"));
}

static void words_of_picture(struct req *r, const struct node *row, struct node *picture)
{
    struct ctx *c = &r->c;
    struct node *texts = node_set_list(c->mem, picture, S("alts"));
    for (size_t l = 0; l < COUNT(LANGS); l++) {
        struct node *alt = node_add_map(c->mem, texts);
        str field = str_fmt(c->mem, "alt_%s", LANGS[l].code);
        node_set_str(c->mem, alt, S("code"), str_of(LANGS[l].code));
        node_set_str(c->mem, alt, S("language"), str_of(LANGS[l].name));
        if (is_typed(r, row)) {
            node_set_str(c->mem, alt, S("text"), node_str(r->raw, field.p));
            field_error(c, alt, "alt_error", field);
        } else {
            node_set_str(c->mem, alt, S("text"), node_str(node_get(row, S("alts")), LANGS[l].code));
            node_set_str(c->mem, alt, S("alt_error"), S(""));
        }
    }
}

static void pictures_of(struct req *r, const struct product_rows *p, struct node *page)
{
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, page, S("pictures"));
    EACH(it, p ? p->pictures : NULL) {
        struct node *one = node_add_map(c->mem, list);
        struct node *picture = media_picture(c, &it->node, 200);
        const struct node *alts = node_get(&it->node, S("alts"));
        node_set_int(c->mem, one, S("number"), node_int(&it->node, "number"));
        node_hide(node_set_str(c->mem, one, S("stem"), node_str(&it->node, "stem")));
        node_set_bool(c->mem, one, S("is_first"), node_int(&it->node, "number") == 1);
        if (picture)
            node_set_str(c->mem, picture, S("alt"), name_in(c, alts));
        node_set_str(c->mem, one, S("src"), node_str(picture, "src"));
        node_set_int(c->mem, one, S("width"), node_int(picture, "width"));
        node_set_int(c->mem, one, S("height"), node_int(picture, "height"));
        node_set_str(c->mem, one, S("tag"),
            node_is_null(&it->node, "option_code")
                ? S("")
                : str_fmt(c->mem, "%.*s=%.*s", STR(node_str(&it->node, "option_code")),
                      STR(node_str(&it->node, "value_code"))));
        words_of_picture(r, &it->node, one);
    }
}

/* Those with a rate somewhere, and the one it has: a word that no rate has is taxed as standard. */
static void tax_classes_of(struct ctx *c, str current, struct node *page)
{
    struct node *rows = NULL, *list = node_list(c->mem);
    bool is_known = false;
    if (q_catalog_staff_tax_classes(c, &rows))
        rows = NULL;
    EACH(it, rows) {
        struct node *one = node_add_map(c->mem, list);
        str code = node_str(&it->node, "tax_class");
        bool is_it = str_eq(code, current);
        is_known = is_known || is_it;
        node_set_str(c->mem, one, S("code"), code);
        node_hide(node_set_str(c->mem, one, S("name"), catalog_tax_class(c, code)));
        node_set_bool(c->mem, one, S("is_chosen"), is_it);
    }
    node_hide(node_set_str(c->mem, page, S("tax_class_name"), catalog_tax_class(c, current)));
    node_set(c->mem, page, S("tax_classes"), list);
    node_set_str(c->mem, page, S("tax_class_unknown"), is_known ? S("") : current);
}

/* ---- the page
 * ----------------------------------------------------------------------------------------- */

/* A new product's form has one variant, to be filled in. */
static struct node *empty_document(struct ctx *c)
{
    struct node *doc = node_map(c->mem);
    node_set_str(c->mem, doc, S("slug"), S(""));
    node_set_str(c->mem, doc, S("status"), S("draft"));
    node_add_map(c->mem, node_set_list(c->mem, doc, S("variants")));
    return doc;
}

struct node *admin_page(
    struct req *r, const struct product_rows *p, const struct typed *t, i64 first)
{
    struct ctx *c = &r->c;
    const struct node *doc = p ? product_document(c, p) : empty_document(c);
    struct node *document = node_map(c->mem), *page = node_set_map(c->mem, document, S("product"));
    str status = shown(t, "status", node_str(doc, "status"));
    node_set_bool(c->mem, page, S("is_new_one"), !p);
    node_set_str(c->mem, page, S("slug"), node_str(doc, "slug"));
    node_set_str(c->mem, page, S("title"), node_str(node_get(doc, S("name")), "en"));
    node_set_str(c->mem, page, S("address"), shown(t, "address", node_str(doc, "slug")));
    field_error(c, page, "address_error", S("address"));
    node_set_int(c->mem, page, S("version"), p ? node_int(p->product, "version") : 0);
    node_set_bool(c->mem, page, S("is_published"), str_is(node_str(doc, "status"), "published"));
    node_set_str(c->mem, page, S("brand"), shown(t, "brand", node_str(doc, "brand")));
    node_set_str(c->mem, page, S("tax_class"),
        shown(t, "tax_class", p ? node_str(doc, "tax_class") : S("standard")));
    node_set_bool(
        c->mem, page, S("featured"), t ? typed_has(t, "featured") : node_bool(doc, "featured"));
    field_error(c, page, "status_error", S("status"));
    statuses_of(c, status, page, "statuses");
    texts_of(c, doc, t, page);
    categories_of(c, p ? p->categories : NULL, t, page);
    variants_of(r, p, doc, t, first, page);
    options_shown(r, doc, page);
    details_shown(r, node_str(doc, "slug"), p ? node_get(p->product, S("specs")) : NULL, page);
    pictures_of(r, p, page);
    field_error(c, page, "option_name_error", S("option_name"));
    field_error(c, page, "values_error", S("values"));
    field_error(c, page, "stock_error", S("stock"));
    struct node *others = node_hide(node_set_map(c->mem, page, S("others")));
    tick_of(c, t, "free_others", others);
    struct node *chosen = node_get(r->raw, S("option"));
    node_hide(node_set_bool(
        c->mem, page, S("is_new_option"), chosen && chosen->kind == N_STR && !chosen->as.text.n));
    node_set_str(c->mem, page, S("notice"), S(""));
    tax_classes_of(c, node_str(page, "tax_class"), page);
    return document;
}
