#include <stdlib.h>
#include "catalog/catalog_in.h"

/* Vendure's product CSV. A product is the row that has a name or a slug and the rows below it
 * that have neither (more variants). Each product is a transaction of its own, so that a bad one
 * keeps none of the others out. */
enum column {
    NAME,
    SLUG_,
    DESCRIPTION,
    ASSETS,
    FACETS,
    GROUPS,
    VALUES,
    SKU,
    PRICE,
    TAX,
    STOCK,
    TRACK,
    VARIANT_ASSETS,
    VARIANT_FACETS,
    N_COLUMNS
};
static const char *const COLUMN_NAMES[N_COLUMNS] = { "name", "slug", "description", "assets",
    "facets", "optionGroups", "optionValues", "sku", "price", "taxCategory", "stockOnHand",
    "trackInventory", "variantAssets", "variantFacets" };

struct row {
    i64 line;
    str cells[N_COLUMNS];
    const char *problem; /* why it cannot go in */
    bool unread;         /* not even its cells */
    str warning;
};
struct import {
    struct ctx *c;
    i64 organisation;
    str images_dir, currency, cause;
    struct buf *report;
    struct import_totals *totals;
    int width;         /* cells of the header */
    int at[N_COLUMNS]; /* which cell of the file holds that column; -1: none */
    struct row *rows;  /* all of the file */
    size_t n;
};

static void say_row(struct import *in, i64 line, const char *what, str about, str why)
{
    buf_fmt(in->report, "line %" PRId64 ": %s %.*s", line, what, STR(about));
    if (why.n)
        buf_fmt(in->report, " (%.*s)", STR(why));
    buf_char(in->report, '\n');
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static int read_head(struct import *in, struct csv *csv)
{
    str cells[CSV_COLUMNS];
    int n = csv_next(csv, in->c->mem, cells);
    if (n <= 0)
        return fail(in->c, E_INPUT, "import.head", "line 1: %s",
            csv->problem ? csv->problem : "the file is empty");
    in->width = n;
    for (int column = 0; column < N_COLUMNS; column++) {
        in->at[column] = -1;
        for (int i = 0; i < n; i++)
            if (str_is(cells[i], COLUMN_NAMES[column]))
                in->at[column] = i;
    }
    static const enum column needed[] = { NAME, SLUG_, PRICE };
    for (size_t i = 0; i < COUNT(needed); i++)
        if (in->at[needed[i]] < 0)
            return fail(in->c, E_INPUT, "import.head", "line 1: there is no column \"%s\"",
                COLUMN_NAMES[needed[i]]);
    return E_OK;
}

static void read_rows(struct import *in, struct csv *csv)
{
    str cells[CSV_COLUMNS];
    size_t room = 0;
    for (;;) {
        int n = csv_next(csv, in->c->mem, cells);
        if (!n)
            return;
        if (in->n == room) {
            struct row *more = NEWS(in->c->mem, struct row, room = room ? room * 2 : 128);
            if (in->n)
                memcpy(more, in->rows, in->n * sizeof *more);
            in->rows = more;
        }
        struct row *row = &in->rows[in->n++];
        *row = (struct row){ .line = csv->line, .problem = csv->problem, .unread = n < 0 };
        if (n > 0 && n != in->width)
            row->problem = n < in->width ? "fewer cells than the header has"
                                         : "more cells than the header has";
        for (int column = 0; column < N_COLUMNS; column++) {
            int at = in->at[column];
            row->cells[column] = at >= 0 && at < n ? cells[at] : S("");
            if (n > 0 && !str_is_utf8(row->cells[column]))
                row->problem = "the text is not UTF-8";
        }
    }
}

static bool begins_product(const struct row *row)
{
    return row->unread || row->cells[NAME].n || row->cells[SLUG_].n;
}

/* ---- SKUs: one that occurs more than once tells nothing apart, so nobody keeps it ------------ */

static int by_sku(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    return str_order(x->cells[SKU], y->cells[SKU]);
}

static void drop_repeated_skus(struct import *in)
{
    struct row **all = NEWS(in->c->mem, struct row *, in->n + 1);
    for (size_t i = 0; i < in->n; i++)
        all[i] = &in->rows[i];
    qsort(all, in->n, sizeof(struct row *), by_sku);
    for (size_t i = 0, end; i < in->n; i = end) {
        str sku = all[i]->cells[SKU];
        for (end = i + 1; end < in->n && str_eq(all[end]->cells[SKU], sku); end++)
            ;
        for (size_t k = i; k < end && (end - i > 1 || !sku.n); k++) {
            if (sku.n)
                all[k]->warning =
                    str_fmt(in->c->mem, "SKU %.*s occurs %zu times", STR(sku), end - i);
            else
                all[k]->warning = S("no SKU");
            all[k]->cells[SKU] = S("");
        }
    }
}

/* ---- one product -> its document
 * ----------------------------------------------------------------- */

struct product {
    struct import *in;
    struct ctx *c; /* its memory lives as long as this product */
    struct row *rows;
    size_t n;
    struct node *doc;
    str slug;
};

static str code_for(struct ctx *c, str text)
{
    str code = str_upto(locale_slug(c->mem, text), 60);
    return code.n ? code : str_upto(crypto_sha256_hex(c->mem, text), 10);
}

static void warn(struct product *p, struct row *row, str why)
{
    row->warning = row->warning.n
        ? str_fmt(p->in->c->mem, "%.*s; %.*s", STR(row->warning), STR(why))
        : str_dup(p->in->c->mem, why);
}

static struct node *english(struct ctx *c, struct node *map, str key, str text)
{
    struct node *names = node_set_map(c->mem, map, key);
    node_set_str(c->mem, names, S("en"), text);
    return names;
}

static str capital(struct ctx *c, str text)
{
    str out = str_dup(c->mem, text);
    if (out.n && out.p[0] >= 'a' && out.p[0] <= 'z')
        ((char *)out.p)[0] -= 'a' - 'A';
    return out;
}

/* "color:blue|color:pink" makes one line: Color: blue, pink. */
static void add_spec(struct ctx *c, struct node *specs, str name, str value)
{
    name = capital(c, name);
    EACH(it, specs) {
        struct node *spec = (struct node *)&it->node;
        if (!str_eq(node_str(node_get(spec, S("name")), "en"), name))
            continue;
        str had = node_str(node_get(spec, S("value")), "en");
        str rest = had, one;
        while (str_cut(&rest, ',', &one))
            if (str_eq(str_trim(one), value))
                return;
        english(c, spec, S("value"), str_fmt(c->mem, "%.*s, %.*s", STR(had), STR(value)));
        return;
    }
    struct node *spec = node_add_map(c->mem, specs);
    english(c, spec, S("name"), name);
    english(c, spec, S("value"), value);
}

static int add_category(struct product *p, struct node *categories, str name)
{
    struct ctx *c = p->c;
    str slug = code_for(c, name);
    struct node *row;
    i64 id;
    node_add_str(c->mem, categories, slug);
    TRY(q_catalog_category(c, &row, slug, S("en")));
    if (row)
        return E_OK;
    struct node *doc = node_map(c->mem);
    node_set_str(c->mem, doc, S("slug"), slug);
    english(c, doc, S("name"), name);
    return catalog_save_category(c, p->in->organisation, doc, &id);
}

static int facets(struct product *p, str cell, struct node *specs, struct node *categories)
{
    str one, name;
    while (str_cut(&cell, '|', &one)) {
        str value = str_trim(one);
        if (!str_cut(&value, ':', &name) || !value.n)
            continue;
        name = str_trim(name);
        value = str_trim(value);
        if (str_is(name, "category")) {
            if (categories)
                TRY(add_category(p, categories, value));
            continue;
        }
        if (str_is(name, "brand"))
            node_set_str(p->c->mem, p->doc, S("brand"), value);
        add_spec(p->c, specs, name, value);
    }
    return E_OK;
}

static void add_pictures(
    struct product *p, struct row *row, str cell, struct node *pictures, const struct node *options)
{
    struct ctx *c = p->c;
    str one;
    while (str_cut(&cell, '|', &one)) {
        bool ok = false;
        i64 picture;
        str file = str_trim(one);
        if (!file.n)
            continue;
        if (str_find(file, S("/")) >= 0 || file.p[0] == '.') {
            warn(p, row, S("a picture's name may have no folder in it"));
            continue;
        }
        str path = str_fmt(c->mem, "%.*s/%.*s", STR(p->in->images_dir), STR(file));
        str bytes = file_read(c->mem, str_c(c->mem, path), 16 << 20, &ok);
        if (!ok) {
            warn(p, row, str_fmt(c->mem, "picture %.*s is not there", STR(file)));
            continue;
        }
        if (media_store(c, p->in->organisation, bytes, false, &picture)) {
            warn(p, row, str_fmt(c->mem, "picture %.*s: %.*s", STR(file), STR(c->fault.text)));
            fault_clear(c);
            continue;
        }
        struct node *entry = node_add_map(c->mem, pictures);
        node_set_int(c->mem, entry, S("picture"), picture);
        english(c, entry, S("alt"), p->rows[0].cells[NAME]);
        if (node_count(options)) {
            const struct item *first = node_first(options);
            node_set(c->mem, node_set_map(c->mem, entry, S("option")), first->key,
                (struct node *)&first->node);
        }
    }
}

/* ---- options and variants
 * ---------------------------------------------------------------------------- */

static void add_value(struct ctx *c, struct node *option, str code, str name)
{
    struct node *values = node_get(option, S("values"));
    EACH(it, values)
        if (str_eq(node_str(&it->node, "code"), code))
            return;
    struct node *value = node_add_map(c->mem, values);
    node_set_str(c->mem, value, S("code"), code);
    english(c, value, S("name"), name);
}

static void options_of(struct product *p, struct node *options)
{
    str cell = p->rows[0].cells[GROUPS], one;
    while (cell.n && str_cut(&cell, '|', &one)) {
        struct node *option = node_add_map(p->c->mem, options);
        node_set_str(p->c->mem, option, S("code"), code_for(p->c, str_trim(one)));
        english(p->c, option, S("name"), capital(p->c, str_trim(one)));
        node_set_list(p->c->mem, option, S("values"));
    }
}

/* "1299.00" in a currency without decimals is 1299; "12.50" is not an amount there. */
static bool price_of(struct import *in, str text, i64 *minor)
{
    i64 dot = str_find(text, S("."));
    while (dot >= 0 && text.n && (text.p[text.n - 1] == '0' || text.n == (size_t)dot + 1)) {
        text.n--;
        if (text.n == (size_t)dot)
            break;
    }
    return text.n && money_parse(text, money_exponent(in->currency), minor) && *minor >= 0;
}

static void bad(struct product *p, struct row *row, const char *why)
{
    (void)p;
    if (!row->problem)
        row->problem = why;
}

static bool values_of(
    struct product *p, struct row *row, const struct node *options, struct node *chosen)
{
    str cell = row->cells[VALUES], one;
    EACH(it, options) {
        struct node *option = (struct node *)&it->node;
        if (!str_cut(&cell, '|', &one) || !str_trim(one).n) {
            bad(p, row, "fewer option values than options");
            return false;
        }
        str code = code_for(p->c, str_trim(one));
        node_set_str(p->c->mem, chosen, node_str(option, "code"), code);
    }
    if (str_trim(cell).n)
        bad(p, row, "more option values than options");
    return !row->problem;
}

static bool same_values(const struct node *a, const struct node *b)
{
    EACH(it, a)
        if (!str_eq(node_get(b, it->key)->as.text, it->node.as.text))
            return false;
    return true;
}

static void name_values(struct product *p, const struct row *row, const struct node *options)
{
    str cell = row->cells[VALUES], one;
    EACH(it, options)
        if (str_cut(&cell, '|', &one))
            add_value(p->c, (struct node *)&it->node, code_for(p->c, str_trim(one)), str_trim(one));
}

static int own_sku(struct product *p, struct row *row, const struct node *chosen, str *sku)
{
    struct ctx *c = p->c;
    struct node *product, *taken = NULL;
    *sku = row->cells[SKU];
    if (sku->n > 80) {
        warn(p, row, S("the SKU is longer than 80 characters"));
        *sku = S("");
    }
    if (sku->n) {
        TRY(q_catalog_lookup(c, &product, p->slug));
        TRY(q_catalog_sku_taken(c, &taken, p->in->organisation, *sku, node_int(product, "id")));
        if (taken) {
            warn(p, row,
                str_fmt(
                    c->mem, "SKU %.*s belongs to %.*s", STR(*sku), STR(node_str(taken, "slug"))));
            *sku = S("");
        }
    }
    if (!sku->n) {
        *sku = catalog_made_sku(c, p->slug, chosen);
        warn(p, row, str_fmt(c->mem, "made %.*s", STR(*sku)));
    }
    return E_OK;
}

static int add_variant(
    struct product *p, struct row *row, const struct node *options, struct node *variants)
{
    struct ctx *c = p->c;
    struct node *chosen = node_map(c->mem);
    i64 price = 0, stock = 0;
    str sku, track = row->cells[TRACK];
    if (row->problem || !values_of(p, row, options, chosen))
        return E_OK;
    EACH(it, variants)
        if (same_values(chosen, node_get(&it->node, S("options"))))
            bad(p, row, "the same option values as a row above");
    if (!price_of(p->in, row->cells[PRICE], &price))
        bad(p, row, "the price is not an amount of this currency");
    if (row->cells[STOCK].n && (!str_int(row->cells[STOCK], &stock) || stock < 0))
        bad(p, row, "stockOnHand is not a number from 0 up");
    if (row->problem)
        return E_OK;
    TRY(own_sku(p, row, chosen, &sku));
    name_values(p, row, options);
    struct node *variant = node_add_map(c->mem, variants);
    node_set_str(c->mem, variant, S("sku"), sku);
    node_set(c->mem, variant, S("options"), chosen);
    node_set_int(c->mem, node_set_map(c->mem, variant, S("prices")), p->in->currency, price);
    if (row->cells[STOCK].n)
        node_set_int(c->mem, variant, S("stock"), stock);
    if (str_is(track, "true") || str_is(track, "false"))
        node_set_bool(c->mem, variant, S("tracked"), str_is(track, "true"));
    return E_OK;
}

static int read_head_row(struct product *p)
{
    struct ctx *c = p->c;
    struct row *row = &p->rows[0];
    p->slug = row->cells[SLUG_].n ? row->cells[SLUG_] : locale_slug(c->mem, row->cells[NAME]);
    if (!row->problem && !row->cells[NAME].n)
        row->problem = "there is no name";
    if (!row->problem && !p->slug.n)
        row->problem = "there is no slug, and none can be made of the name";
    return row->problem ? E_INPUT : E_OK;
}

static int document_of(struct product *p)
{
    struct ctx *c = p->c;
    struct arena *mem = c->mem;
    struct row *head = &p->rows[0];
    p->doc = node_map(mem);
    node_set_str(mem, p->doc, S("slug"), p->slug);
    node_set_bool(mem, p->doc, S("keep_others"), true);
    node_set_str(mem, p->doc, S("stock_cause"), p->in->cause);
    english(c, p->doc, S("name"), head->cells[NAME]);
    english(c, p->doc, S("description"), head->cells[DESCRIPTION]);
    if (head->cells[TAX].n)
        node_set_str(mem, p->doc, S("tax_class"), str_lower(mem, head->cells[TAX]));
    struct node *specs = node_set_list(mem, p->doc, S("specs"));
    struct node *categories = node_set_list(mem, p->doc, S("categories"));
    TRY(facets(p, head->cells[FACETS], specs, categories));
    struct node *options = node_set_list(mem, p->doc, S("options"));
    struct node *variants = node_set_list(mem, p->doc, S("variants"));
    struct node *pictures = p->in->images_dir.n ? node_set_list(mem, p->doc, S("pictures")) : NULL;
    options_of(p, options);
    if (pictures)
        add_pictures(p, head, head->cells[ASSETS], pictures, NULL);
    for (size_t i = 0; i < p->n; i++) {
        size_t before = node_count(variants);
        TRY(add_variant(p, &p->rows[i], options, variants));
        if (node_count(variants) == before)
            continue;
        TRY(facets(p, p->rows[i].cells[VARIANT_FACETS], specs, NULL));
        if (pictures)
            add_pictures(p, &p->rows[i], p->rows[i].cells[VARIANT_ASSETS], pictures,
                node_get(&variants->as.items.last->node, S("options")));
    }
    if (!node_count(variants))
        return E_INPUT;
    return E_OK;
}

/* ---- the whole file
 * ---------------------------------------------------------------------------------- */

static void report_rows(struct product *p, int err, const struct catalog_report *done)
{
    struct import_totals *totals = p->in->totals;
    const char *what = err ? "failed" : done->made ? "made" : done->changed ? "changed" : "same";
    str why = p->c->fault.text.n ? p->c->fault.text : str_of(err_text((enum err)err));
    const char *first = p->rows[0].problem;
    for (size_t i = 0; i < p->n; i++) {
        const struct row *row = &p->rows[i];
        str about = p->slug;
        if (row->cells[VALUES].n)
            about = str_fmt(p->c->mem, "%.*s [%.*s]", STR(p->slug), STR(row->cells[VALUES]));
        totals->rows++;
        if (row->problem || err) {
            str reason = row->problem ? str_of(row->problem)
                : first && i          ? S("the product's first row failed")
                                      : why;
            say_row(p->in, row->line, "failed", about, reason);
            totals->failed++;
            continue;
        }
        i64 *count = done->made ? &totals->made : done->changed ? &totals->changed : &totals->same;
        (*count)++;
        say_row(p->in, row->line, what, about, str_none);
        if (row->warning.n) {
            totals->warned++;
            say_row(p->in, row->line, "warning", about, row->warning);
        }
    }
}

static int save(struct product *p, struct catalog_report *done)
{
    struct ctx *c = p->c;
    TRY(read_head_row(p));
    TRY(pg_begin(c));
    int err = document_of(p);
    if (!err)
        err = catalog_save(c, p->in->organisation, p->doc, done);
    return pg_end(c, err);
}

static bool is_away(const struct ctx *c) { return c->fault.code == E_AWAY; }

static int import_products(struct import *in)
{
    struct arena *mem = arena_new((size_t)256 << 20);
    int err = E_OK;
    DEFER(in->c->mem, arena_drop, mem);
    for (size_t i = 0, end; i < in->n && !err; i = end) {
        for (end = i + 1; end < in->n && !begins_product(&in->rows[end]); end++)
            ;
        struct ctx own = *in->c;
        struct catalog_report done = { 0 };
        own.mem = mem;
        struct product p = { .in = in, .c = &own, .rows = &in->rows[i], .n = end - i };
        int failed = save(&p, &done);
        report_rows(&p, failed, &done);
        if (failed && is_away(&own)) /* no use to go on: the rest would fail likewise */
            err = fail(in->c, E_AWAY, "import.database", "The database went away.");
        arena_reset(mem);
    }
    return err;
}

int catalog_import_vendure(struct ctx *c, i64 organisation, str text, str images_dir, str currency,
    struct buf *report, struct import_totals *totals)
{
    struct csv csv;
    struct import in = { .c = c,
        .organisation = organisation,
        .images_dir = images_dir,
        .currency = currency,
        .report = report,
        .totals = totals };
    *totals = (struct import_totals){ 0 };
    if (!money_is_currency(currency))
        return fail(c, E_INPUT, "import.currency", "%.*s is not a currency.", STR(currency));
    in.cause = str_fmt(c->mem, "import:%.*s", 16, crypto_sha256_hex(c->mem, text).p);
    csv_open(&csv, text);
    TRY(read_head(&in, &csv));
    read_rows(&in, &csv);
    drop_repeated_skus(&in);
    struct scope was = c->scope;
    c->scope.organisation = organisation;
    int err = import_products(&in);
    c->scope = was;
    return err;
}
