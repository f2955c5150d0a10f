#include <stdlib.h>
#include "catalog/catalog_in.h"
#include "inventory/inventory.h"
#include "work/work.h"

/* One product as its document says. Parts that the document does not name stay as they are;
 * parts it names become what it says; rows that say so already are not written. */
struct saving {
    struct ctx *c;
    const struct node *doc;
    struct catalog_report *report;
    i64 organisation, product, changes;
    bool keep; /* keep_others: what the document does not name stays */
    str slug;
    struct node *variants; /* what there was: q_catalog_variants_of */
};

static str optional(const struct node *map, const char *key)
{
    struct node *n = node_get(map, str_of(key));
    if (!n || n->kind != N_STR)
        return str_none;
    return n->as.text.p ? n->as.text : S("");
}

/* A part of the document that is there, as a list; NULL: to be left as it is. */
static struct node *part_of(const struct saving *s, str key)
{
    struct node *n = node_get(s->doc, key);
    return n && n->kind == N_LIST ? n : NULL;
}

static str optional_json(struct ctx *c, const struct node *map, const char *key)
{
    struct node *n = node_get(map, str_of(key));
    return n && n->kind != N_NULL ? plain_json(c, n) : str_none;
}

static const when *created_at(struct ctx *c, const struct node *doc, when *at)
{
    str day = node_str(doc, "created");
    if (day.n == 10)
        day = str_fmt(c->mem, "%.*sT00:00:00Z", STR(day));
    return day.n && when_parse(day, at) ? at : NULL;
}

bool is_slug(str s)
{
    return in_is_slug(s) && s.n <= 120 && s.p[0] != '-';
}

static int slug_taken(struct ctx *c)
{
    return fail(c, E_CONFLICT, "catalog.slug", "Another product has this address already.");
}

int product_is_newer(struct ctx *c)
{
    return fail(c, E_CONFLICT, "catalog.version",
        "Somebody else has changed this product meanwhile. "
        "Your entries are kept below; look at the product before you save them over it.");
}

/* ---- the product's own row ------------------------------------------------------------------ */

static int save_product(struct saving *s, struct catalog_report *report)
{
    struct ctx *c = s->c;
    const struct node *doc = s->doc;
    struct node *row, *featured = node_get(doc, S("featured"));
    bool yes = featured && featured->as.yes;
    const bool *is_featured = featured && featured->kind == N_BOOL ? &yes : NULL;
    when at;
    const when *created = created_at(c, doc, &at);
    str specs = optional_json(c, doc, "specs");
    /* Another organisation's product may be published and seen, but its lock is refused. */
    TRY(q_catalog_lookup(c, &row, s->slug));
    if (row && node_int(row, "organisation_id") != s->organisation)
        return slug_taken(c);
    if (row)
        TRY(q_catalog_find(c, &row, s->slug));
    if (!row) {
        int err = q_catalog_add_product(c, &row, s->organisation, s->slug, optional(doc, "status"),
            optional(doc, "brand"), optional(doc, "tax_class"), is_featured, specs, created);
        if (err && pg_broke(c, "product_slug_key")) {
            fault_clear(c);
            return slug_taken(c);
        }
        TRY(err);
        report->made = true;
        s->changes++;
        s->product = node_int(row, "id");
        return E_OK;
    }
    i64 changed = 0, version = node_int(doc, "version");
    s->product = node_int(row, "id");
    if (version && version != node_int(row, "version"))
        return product_is_newer(c);
    TRY(q_catalog_change_product(c, &changed, s->product, optional(doc, "status"),
        optional(doc, "brand"), optional(doc, "tax_class"), is_featured, specs, created));
    s->changes += changed;
    return E_OK;
}

/* ---- texts and their search words --------------------------------------------------------------
 */

/* What may be searched for beside the texts: brand, SKUs, names of option values, in any
 * language. */
static str other_words(struct ctx *c, const struct node *doc)
{
    struct buf b = buf_new(c->mem, 1 << 16);
    buf_add(&b, node_str(doc, "brand"));
    EACH(v, node_get(doc, S("variants"))) {
        buf_char(&b, ' ');
        buf_add(&b, node_str(&v->node, "sku"));
    }
    EACH(o, node_get(doc, S("options")))
        EACH(v, node_get(&o->node, S("values")))
            EACH(name, node_get(&v->node, S("name"))) {
                buf_char(&b, ' ');
                buf_add(&b, name->node.as.text);
            }
    return locale_words(c->mem, buf_str(&b));
}

static bool is_language(str lang)
{
    return str_is(lang, "en") || str_is(lang, "th") || str_is(lang, "vi");
}

/* Without what nobody sees: spaces at the ends of lines do not come back from an HTML export. */
static str tidy(struct arena *mem, str text)
{
    struct buf out = buf_new(mem, text.n + 2);
    str rest = str_lines(mem, text), line;
    while (rest.n && str_cut(&rest, '\n', &line)) {
        while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
            line.n--;
        buf_add(&out, line);
        buf_char(&out, '\n');
    }
    return str_trim(buf_str(&out));
}

static int save_texts(struct saving *s)
{
    struct ctx *c = s->c;
    const struct node *names = node_get(s->doc, S("name"));
    const struct node *summaries = node_get(s->doc, S("summary"));
    const struct node *descriptions = node_get(s->doc, S("description"));
    str others = other_words(c, s->doc);
    EACH(it, names) {
        str name = it->node.kind == N_STR ? str_trim(it->node.as.text) : str_none;
        const char *lang = str_c(c->mem, it->key);
        i64 changed = 0;
        if (!is_language(it->key))
            continue;
        if (name.n) {
            str summary = node_str(summaries, lang);
            str description = tidy(c->mem, node_str(descriptions, lang));
            str words = locale_words(c->mem, name);
            TRY(q_catalog_put_text(c, &changed, s->product, s->organisation, it->key, name, summary,
                description, words, others,
                locale_words(c->mem, str_fmt(c->mem, "%.*s\n%.*s", STR(summary), STR(description))),
                words));
        } else {
            TRY(q_catalog_drop_text(c, &changed, s->product, it->key));
        }
        s->changes += changed;
    }
    return E_OK;
}

/* ---- categories, options
 * ------------------------------------------------------------------------- */

static int save_categories(struct saving *s)
{
    const struct node *list = part_of(s, S("categories"));
    struct node *row;
    size_t n = 0;
    if (!list)
        return E_OK;
    str *slugs = NEWS(s->c->mem, str, node_count(list) + 1);
    EACH(it, list) {
        size_t i = 0;
        while (i < n && !str_eq(slugs[i], it->node.as.text))
            i++;
        slugs[i] = it->node.as.text;
        n += i == n;
    }
    int err = q_catalog_put_categories(s->c, &row, s->product, s->organisation, slugs, n, s->keep);
    bool is_gone = err && pg_broke(s->c, "product_category_category_id_fkey"); /* at this moment */
    TRY(is_gone ? E_OK : err);
    if (is_gone || node_int(row, "known") < (i64)n)
        return fail(s->c, E_INPUT, "catalog.category", "One of the categories does not exist.");
    s->changes += node_int(row, "changed");
    return E_OK;
}

/* One from before stays, as the product could not be saved any more. */
static int check_reserved(struct saving *s, str code)
{
    struct node *rows;
    if (!is_reserved(code))
        return E_OK;
    TRY(q_catalog_staff_options(s->c, &rows, s->organisation, s->slug));
    EACH(it, rows)
        if (str_eq(node_str(&it->node, "code"), code))
            return E_OK;
    return fail(s->c, E_INPUT, "catalog.options",
        "The code %.*s means something else in addresses. Please take another.", STR(code));
}

static int check_options(struct saving *s, const struct node *options)
{
    struct ctx *c = s->c;
    if (node_count(options) > MAX_TAGS)
        return fail(c, E_INPUT, "catalog.options", "A product has at most 12 options.");
    EACH(o, options) {
        if (!is_code(node_str(&o->node, "code")))
            return fail(c, E_INPUT, "catalog.options", "An option has no code.");
        TRY(check_reserved(s, node_str(&o->node, "code")));
        EACH(v, node_get(&o->node, S("values")))
            if (!is_code(node_str(&v->node, "code")))
                return fail(c, E_INPUT, "catalog.options", "An option's value has no code.");
    }
    return E_OK;
}

static int save_options(struct saving *s)
{
    const struct node *options = part_of(s, S("options"));
    struct node *row, *values;
    if (!options)
        return E_OK;
    TRY(check_options(s, options));
    str json = plain_json(s->c, options);
    bool keep = s->keep && !node_bool(s->doc, "whole_options");
    TRY(q_catalog_put_options(s->c, &row, s->product, s->organisation, json, keep));
    TRY(q_catalog_put_values(s->c, &values, s->product, s->organisation, json, keep));
    s->changes += node_int(row, "changed") + node_int(values, "changed");
    return E_OK;
}

/* ---- variants
 * ---------------------------------------------------------------------------------------- */

struct variant {
    i64 id, item;
    bool is_tracked;
    const struct node *doc, *row; /* row: NULL for a new one */
    str sku, tags[MAX_TAGS];
    size_t n_tags;
};

str catalog_made_sku(struct ctx *c, str slug, const struct node *options)
{
    struct buf b = buf_new(c->mem, 400);
    buf_add(&b, slug);
    EACH(it, options) {
        buf_char(&b, '-');
        buf_add(&b, it->node.as.text);
    }
    str sku = buf_str(&b);
    if (sku.n > 80) /* long ones end in what tells them apart */
        sku = str_fmt(c->mem, "%.*s-%.*s", 63, sku.p, 16, crypto_sha256_hex(c->mem, sku).p);
    for (size_t i = 0; i < sku.n; i++)
        if (sku.p[i] >= 'a' && sku.p[i] <= 'z')
            ((char *)sku.p)[i] -= 'a' - 'A';
    return sku;
}

static int by_text(const void *a, const void *b)
{
    return str_order(*(const str *)a, *(const str *)b);
}

static bool same_tags(const struct variant *v, const struct node *list)
{
    size_t n = 0;
    if (node_count(list) != v->n_tags)
        return false;
    EACH(it, list) {
        bool found = false;
        for (size_t i = 0; i < v->n_tags; i++)
            found = found || str_eq(v->tags[i], it->node.as.text);
        n += found;
    }
    return n == v->n_tags;
}

static void find_variant(struct saving *s, struct variant *v)
{
    EACH(it, s->variants)
        if (same_tags(v, node_get(&it->node, S("tags")))) {
            v->row = &it->node;
            return;
        }
    EACH(it, s->variants)
        if (v->sku.n && str_eq(node_str(&it->node, "sku"), v->sku))
            v->row = &it->node;
}

static int read_variant(struct saving *s, const struct node *doc, struct variant *v)
{
    struct ctx *c = s->c;
    const struct node *options = node_get(doc, S("options"));
    v->doc = doc;
    if (node_count(options) != node_count(node_get(s->doc, S("options"))))
        return fail(c, E_INPUT, "catalog.variant", "A variant names one value of each option.");
    EACH(it, options) {
        if (it->node.kind != N_STR || v->n_tags == MAX_TAGS)
            return fail(c, E_INPUT, "catalog.variant", "A variant names one value of each option.");
        v->tags[v->n_tags++] = str_fmt(c->mem, "%.*s=%.*s", STR(it->key), STR(it->node.as.text));
    }
    qsort(v->tags, v->n_tags, sizeof *v->tags, by_text);
    v->sku = str_trim(node_str(doc, "sku"));
    if (!v->sku.n)
        v->sku = catalog_made_sku(c, s->slug, options);
    if (v->sku.n > 80)
        return fail(c, E_INPUT, "catalog.sku", "A SKU has at most 80 characters.");
    find_variant(s, v);
    return E_OK;
}

static int sku_conflict(struct saving *s, int err, str sku)
{
    struct ctx *c = s->c;
    if (!err ||
        (!pg_broke(c, "variant_organisation_id_sku_key") &&
            !pg_broke(c, "item_organisation_id_sku_key") &&
            !pg_broke(c, "variant_product_id_value_ids_key")))
        return err;
    if (!pg_broke(c, "variant_product_id_value_ids_key"))
        s->report->taken_sku = sku;
    fault_clear(c);
    return fail(c, E_CONFLICT, "catalog.sku", "SKU %.*s is taken, or its options are there twice.",
        STR(sku));
}

static bool is_same(const struct variant *v, i64 position, i64 weight)
{
    return str_eq(node_str(v->row, "sku"), v->sku) && node_bool(v->row, "active") &&
        node_int(v->row, "position") == position && node_int(v->row, "weight_g") == weight &&
        !node_bool(v->row, "stale") && same_tags(v, node_get(v->row, S("tags")));
}

static int find_items(struct saving *s, struct variant *all, size_t n)
{
    struct inventory_item *items = NEWS(s->c->mem, struct inventory_item, n);
    size_t n_new = 0;
    for (size_t i = 0; i < n; i++)
        if (all[i].row) {
            all[i].item = node_int(all[i].row, "item_id");
            all[i].is_tracked = node_bool(all[i].row, "tracked");
        } else {
            items[n_new++].sku = all[i].sku;
        }
    if (!n_new)
        return E_OK;
    TRY(inventory_items(s->c, s->organisation, items, n_new));
    for (size_t i = n; i-- > 0;)
        if (!all[i].row) {
            all[i].item = items[--n_new].id;
            all[i].is_tracked = items[n_new].is_tracked;
        }
    return E_OK;
}

static int save_variant(struct saving *s, struct variant *v, i64 position)
{
    struct ctx *c = s->c;
    i64 weight = node_is_null(v->doc, "weight_g") && v->row ? node_int(v->row, "weight_g")
                                                            : node_int(v->doc, "weight_g");
    struct node *row;
    if (!v->row) {
        TRY(sku_conflict(s,
            q_catalog_add_variant(c, &row, s->product, s->organisation, v->item, v->sku, position,
                weight, v->tags, v->n_tags),
            v->sku));
        v->id = node_int(row, "id");
        s->changes++;
        return E_OK;
    }
    v->id = node_int(v->row, "id");
    if (is_same(v, position, weight))
        return E_OK;
    if (!str_eq(node_str(v->row, "sku"), v->sku))
        TRY(sku_conflict(s, inventory_rename(c, v->item, v->sku), v->sku));
    s->changes++;
    return sku_conflict(s,
        q_catalog_change_variant(
            c, NULL, v->id, v->item, v->sku, position, weight, true, v->tags, v->n_tags),
        v->sku);
}

/* Variants may take each other's SKUs, which are unique at every moment: whoever has one that
 * another is to get lets go of it first. */
static int set_aside(struct saving *s, const struct variant *all, size_t n)
{
    struct ctx *c = s->c;
    for (size_t i = 0; i < n; i++) {
        str has = all[i].row ? node_str(all[i].row, "sku") : str_none;
        bool is_wanted = false;
        for (size_t k = 0; k < n && has.n; k++)
            is_wanted = is_wanted || (k != i && str_eq(all[k].sku, has));
        if (!is_wanted)
            continue;
        i64 id = node_int(all[i].row, "id");
        str aside = str_fmt(c->mem, "~%" PRId64, id);
        TRY(sku_conflict(s, inventory_rename(c, node_int(all[i].row, "item_id"), aside), aside));
        TRY(sku_conflict(s, q_catalog_set_aside(c, NULL, id, aside), aside));
    }
    return E_OK;
}

static int save_tracking(struct saving *s, struct variant *v)
{
    const struct node *tracked = node_get(v->doc, S("tracked"));
    if (!tracked || tracked->kind != N_BOOL || v->is_tracked == tracked->as.yes)
        return E_OK;
    s->changes++;
    return inventory_track(s->c, v->item, tracked->as.yes);
}

/* What is counted changes no row of the product: events of its own say it. */
static int save_stock(struct saving *s, const struct variant *all, size_t n)
{
    struct ctx *c = s->c;
    struct inventory_count *counts = NEWS(c->mem, struct inventory_count, n);
    str cause = node_str(s->doc, "stock_cause");
    size_t said = 0, changed;
    for (size_t i = 0; i < n; i++) {
        const struct node *stock = node_get(all[i].doc, S("stock"));
        if (stock && stock->kind == N_INT)
            counts[said++] = (struct inventory_count){ all[i].item, stock->as.number,
                all[i].row ? S("corrected") : S("initial") };
    }
    bool once = cause.n > 0;
    if (!once)
        cause = str_fmt(c->mem, "save:%.*s:%" PRId64, STR(c->id), c->now);
    TRY(inventory_set_each(c, s->organisation, counts, said, cause, once, &changed));
    s->report->counted = changed > 0;
    return E_OK;
}

static void price_list(struct ctx *c, const struct variant *v, struct node *all)
{
    const struct node *prices = node_get(v->doc, S("prices"));
    const struct node *was = node_get(v->doc, S("compare_at"));
    if (!prices)
        return;
    struct node *one = node_add_map(c->mem, all);
    node_set_int(c->mem, one, S("variant"), v->id);
    struct node *list = node_set_list(c->mem, one, S("prices"));
    EACH(it, prices) {
        if (it->node.kind != N_INT)
            continue;
        struct node *price = node_add_map(c->mem, list);
        struct node *before = node_get(was, it->key);
        node_set_str(c->mem, price, S("currency"), it->key);
        node_set_int(c->mem, price, S("amount"), it->node.as.number);
        if (before && before->kind == N_INT && before->as.number > it->node.as.number)
            node_set_int(c->mem, price, S("compare_at"), before->as.number);
        else
            node_set_null(c->mem, price, S("compare_at"));
    }
}

static int check_prices(struct ctx *c, const struct node *prices)
{
    EACH(it, prices) {
        if (!money_is_currency(it->key))
            return fail(c, E_INPUT, "catalog.currency", "%.*s is not a currency.", STR(it->key));
        if (it->node.kind == N_INT &&
            (it->node.as.number < 0 || it->node.as.number > INT64_C(1000000000000)))
            return fail(c, E_INPUT, "catalog.price", "That price is too small or too large.");
    }
    return E_OK;
}

/* A variant the document no longer names stays for the orders that name it, out of sight. */
static int retire_others(struct saving *s, const struct variant *all, size_t n)
{
    EACH(it, s->variants) {
        bool named = false;
        i64 changed = 0;
        for (size_t i = 0; i < n; i++)
            named = named || all[i].row == &it->node;
        if (named || !node_bool(&it->node, "active"))
            continue;
        TRY(q_catalog_retire_variant(s->c, &changed, node_int(&it->node, "id")));
        s->changes += changed;
    }
    return E_OK;
}

/* Stock is booked here in the order of the document, and by orders in that of the items: taken in
 * theirs before the first is booked, nobody stands in another's way. What moves an item's SKU waits
 * for everybody who books it. */
static int hold_stock(struct saving *s, const struct variant *all, size_t n)
{
    bool is_moved = false;
    for (size_t i = 0; i < n; i++) {
        const struct node *stock = node_get(all[i].doc, S("stock"));
        const struct node *tracked = node_get(all[i].doc, S("tracked"));
        const struct node *row = all[i].row;
        is_moved = is_moved || (stock && stock->kind == N_INT) ||
            (row && !str_eq(node_str(row, "sku"), all[i].sku)) ||
            (row && tracked && tracked->kind == N_BOOL &&
                node_bool(row, "tracked") != tracked->as.yes);
    }
    return is_moved ? q_catalog_staff_hold_stock(s->c, NULL, s->organisation, s->slug) : E_OK;
}

static int save_variants(struct saving *s)
{
    struct ctx *c = s->c;
    const struct node *list = part_of(s, S("variants"));
    struct node *row, *prices = node_list(c->mem);
    size_t n = 0;
    if (!list)
        return E_OK;
    if (!node_count(list))
        return fail(c, E_INPUT, "catalog.variants", "A product needs at least one variant.");
    TRY(q_catalog_variants_of(c, &s->variants, s->product));
    struct variant *all = NEWS(c->mem, struct variant, node_count(list));
    EACH(it, list) {
        TRY(check_prices(c, node_get(&it->node, S("prices"))));
        TRY(read_variant(s, &it->node, &all[n]));
        for (size_t i = 0; i < n; i++)
            if ((all[n].row && all[i].row == all[n].row) || str_eq(all[i].sku, all[n].sku)) {
                s->report->taken_sku = all[n].sku;
                return fail(c, E_INPUT, "catalog.variant", "%.*s is there twice.", STR(all[n].sku));
            }
        n++;
    }
    TRY(hold_stock(s, all, n));
    if (!s->keep)
        TRY(retire_others(s, all, n)); /* first: it may free a SKU's place among the values */
    TRY(set_aside(s, all, n));
    TRY(find_items(s, all, n));
    for (size_t i = 0; i < n; i++) {
        TRY(save_variant(s, &all[i], (i64)i));
        TRY(save_tracking(s, &all[i]));
        price_list(c, &all[i], prices);
    }
    TRY(save_stock(s, all, n));
    TRY(q_catalog_put_prices(c, &row, s->product, s->organisation, plain_json(c, prices), s->keep));
    s->changes += node_int(row, "changed");
    return E_OK;
}

/* ---- pictures
 * ----------------------------------------------------------------------------------------- */

static int save_pictures(struct saving *s)
{
    struct ctx *c = s->c;
    const struct node *list = part_of(s, S("pictures"));
    struct node *row, *all = node_list(c->mem);
    if (!list)
        return E_OK;
    EACH(it, list) {
        i64 picture = node_int(&it->node, "picture");
        if (!picture)
            continue;
        struct node *one = node_add_map(c->mem, all);
        node_set_int(c->mem, one, S("picture"), picture);
        if (!node_is_null(&it->node, "alt"))
            node_set(c->mem, one, S("alt"), node_get(&it->node, S("alt")));
        EACH(o, node_get(&it->node, S("option")))
            node_set_str(c->mem, one, S("tag"),
                str_fmt(c->mem, "%.*s=%.*s", STR(o->key), STR(o->node.as.text)));
    }
    TRY(q_catalog_put_pictures(c, &row, s->product, s->organisation, plain_json(c, all), s->keep));
    s->changes += node_int(row, "changed");
    return E_OK;
}

/* ---- all of it
 * -------------------------------------------------------------------------------------------- */

int catalog_save(
    struct ctx *c, i64 organisation, const struct node *doc, struct catalog_report *report)
{
    struct saving s = { .c = c,
        .doc = doc,
        .report = report,
        .organisation = organisation,
        .slug = node_str(doc, "slug"),
        .keep = node_bool(doc, "keep_others") };
    *report = (struct catalog_report){ 0 };
    if (!is_slug(s.slug))
        return fail(c, E_INPUT, "catalog.slug",
            "An address has small letters a to z, digits and hyphens only.");
    TRY(save_product(&s, report));
    TRY(save_texts(&s));
    TRY(save_categories(&s));
    TRY(save_options(&s));
    TRY(save_variants(&s));
    TRY(save_pictures(&s));
    report->product = s.product;
    report->changed = !report->made && (s.changes || report->counted);
    if (!s.changes)
        return E_OK;
    if (!report->made)
        TRY(q_catalog_touch_product(c, NULL, s.product));
    TRY(q_catalog_reshelve(c, NULL, s.product));
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("slug"), s.slug);
    node_set_bool(c->mem, data, S("isNew"), report->made);
    return outbox_tell(c, "product.changed", organisation, s.product, data);
}

int catalog_save_category(struct ctx *c, i64 organisation, const struct node *doc, i64 *id)
{
    struct node *row, *place = node_get(doc, S("position"));
    i64 picture = node_int(doc, "picture");
    i64 position = place && place->kind == N_INT ? place->as.number : 0;
    str slug = node_str(doc, "slug");
    if (!is_slug(slug) || slug.n > 80)
        return fail(c, E_INPUT, "catalog.slug",
            "An address has small letters a to z, digits and hyphens only.");
    if (!node_get(doc, S("name")))
        return fail(c, E_INPUT, "catalog.name", "A category needs a name.");
    TRY(q_catalog_put_category(c, &row, organisation, slug, optional(doc, "parent"),
        place ? &position : NULL, plain_json(c, node_get(doc, S("name"))),
        optional_json(c, doc, "description"), picture ? &picture : NULL));
    *id = node_int(row, "id");
    if (!node_bool(row, "changed"))
        return E_OK;
    if (node_bool(row, "moved"))
        TRY(q_catalog_reshelve_category(c, NULL, *id));
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("slug"), slug);
    if (node_bool(row, "keeps_menu"))
        node_set_bool(c->mem, data, S("keepsMenu"), true);
    return outbox_tell(c, "category.changed", organisation, *id, data);
}

int catalog_front(struct ctx *c, i64 organisation, i64 picture)
{
    return q_catalog_put_front(c, NULL, organisation, picture);
}
