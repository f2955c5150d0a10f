/* The catalogue as a file that other shops read, and that read back here changes nothing. One
 * language (English) and one currency: what the file cannot say is left as it is by the import,
 * and what the format cannot hold is left out here, and named. */
#include "catalog/import_in.h"

#define SLUGS    500
#define MOST_ROW ((size_t)4 << 20)

struct leaving { /* a product on its way out */
    struct ctx *c;
    const struct import_wish *wish;
    const struct export_format *format;
    struct buf *report;
    struct product_rows rows;
    const struct node *doc;
    str slug, name, description, problem; /* problem: what the format cannot hold of it */
    struct buf *out;
    bool first; /* of the row's cells */
};
struct export_format {
    const char *name, *header;
    void (*write)(struct leaving *);
    const char *bad; /* what may not stand in a name of several in a cell */
    size_t most_options;
};

static str english(const struct node *names) { return node_str(names, "en"); }

static void put(struct leaving *l, str cell)
{
    if (!l->first)
        buf_char(l->out, ',');
    l->first = false;
    export_cell(l->out, cell);
}

static void begin_row(struct leaving *l) { l->first = true; }
static void end_row(struct leaving *l) { buf_char(l->out, '\n'); }

static void put_int(struct leaving *l, i64 n) { put(l, str_fmt(l->c->mem, "%" PRId64, n)); }

static void put_nothing(struct leaving *l, int times)
{
    while (times--)
        put(l, str_none);
}

/* A name that stands beside others in one cell. */
static str one_of(struct leaving *l, str name, const char *bad)
{
    for (size_t i = 0; i < name.n; i++)
        if (strchr(bad, name.p[i]))
            l->problem = str_fmt(l->c->mem, "\"%.*s\" cannot stand in a cell of several: it has %c",
                STR(name), name.p[i] == '\n' ? 'n' : name.p[i]);
    return name;
}

static void join(struct buf *out, char with, str text)
{
    if (out->n)
        buf_char(out, with);
    buf_add(out, text);
}

/* ---- what both formats say
 * ------------------------------------------------------------------------ */

static void leave_out(struct leaving *l, str what, str why)
{
    buf_fmt(l->report, "left out: %.*s (%.*s)\n", STR(what), STR(why));
}

static bool has_brand(const struct leaving *l)
{
    EACH(it, node_get(l->rows.product, S("specs")))
        if (str_is(english(node_get(&it->node, S("name"))), "Brand"))
            return true;
    return false;
}

static void put_specs(struct leaving *l, struct buf *out, char with)
{
    EACH(it, node_get(l->rows.product, S("specs"))) {
        str name = english(node_get(&it->node, S("name"))),
            value = english(node_get(&it->node, S("value")));
        if (!name.n || !value.n)
            continue;
        one_of(l, name, str_fmt(l->c->mem, ":%s", l->format->bad).p);
        one_of(l, value, l->format->bad);
        if (str_is(name, "Brand") && str_eq(value, node_str(l->rows.product, "brand")))
            name = S("brand");
        join(out, with, str_fmt(l->c->mem, "%.*s:%.*s", STR(name), STR(value)));
    }
}

static void put_categories(struct leaving *l, struct buf *out, char with, const char *prefix)
{
    EACH(it, l->rows.categories)
        if (node_bool(&it->node, "is_on"))
            join(out, with,
                str_fmt(l->c->mem, "%s%.*s", prefix,
                    STR(one_of(l, node_str(&it->node, "name"), l->format->bad))));
}

static str file_of(struct leaving *l, const struct node *picture)
{
    i64 widest = 0;
    EACH(w, node_get(picture, S("widths")))
        widest = w->node.as.number > widest ? w->node.as.number : widest;
    return str_fmt(l->c->mem, "%.*s-%" PRId64 ".webp", STR(node_str(picture, "stem")), widest);
}

/* By the option's code: what its chosen value is called. */
static str value_named(struct leaving *l, const struct node *option, const struct node *variant)
{
    str code =
        node_str(node_get(variant, S("options")), str_c(l->c->mem, node_str(option, "code")));
    EACH(it, node_get(option, S("values")))
        if (str_eq(node_str(&it->node, "code"), code)) {
            str name = english(node_get(&it->node, S("name")));
            return name.n ? name : code;
        }
    return code;
}

static str option_named(const struct node *option)
{
    str name = english(node_get(option, S("name")));
    return name.n ? name : node_str(option, "code");
}

static str price_in(struct leaving *l, const struct node *variant, const char *of)
{
    const struct node *amount = node_get(node_get(variant, str_of(of)), l->wish->currency);
    return amount && amount->kind == N_INT
        ? money_plain(l->c->mem, amount->as.number, money_exponent(l->wish->currency))
        : str_none;
}

static const struct node *row_of(const struct leaving *l, const struct node *variant)
{
    EACH(it, l->rows.variants)
        if (str_eq(node_str(&it->node, "sku"), node_str(variant, "sku")))
            return &it->node;
    return NULL;
}

/* ---- vendure
 * ---------------------------------------------------------------------------------------- */

static void vendure_product(struct leaving *l)
{
    struct buf assets = buf_new(l->c->mem, MOST_ROW), facets = buf_new(l->c->mem, MOST_ROW),
               groups = buf_new(l->c->mem, MOST_ROW);
    str brand = node_str(l->rows.product, "brand");
    EACH(it, l->rows.pictures)
        join(&assets, '|', file_of(l, &it->node));
    put_categories(l, &facets, '|', "category:");
    if (brand.n && !has_brand(l))
        join(&facets, '|', str_fmt(l->c->mem, "brand:%.*s", STR(one_of(l, brand, "|"))));
    put_specs(l, &facets, '|');
    EACH(it, node_get(l->doc, S("options")))
        join(&groups, '|', one_of(l, option_named(&it->node), "|"));
    put(l, l->name);
    put(l, l->slug);
    put(l, l->description);
    put(l, buf_str(&assets));
    put(l, buf_str(&facets));
    put(l, buf_str(&groups));
}

/* Whoever reads the file takes it for one that is for sale. */
static void name_status(struct leaving *l)
{
    str status = node_str(l->rows.product, "status");
    if (!str_is(status, "published"))
        leave_out(l, l->slug,
            str_fmt(l->c->mem, "that it is %s: the format has no place for it",
                str_is(status, "draft") ? "a draft" : "archived"));
}

static void write_vendure(struct leaving *l)
{
    bool is_first = true;
    name_status(l);
    EACH(it, node_get(l->doc, S("variants"))) {
        const struct node *variant = &it->node, *row = row_of(l, variant);
        struct buf values = buf_new(l->c->mem, MOST_ROW);
        str price = price_in(l, variant, "prices");
        if (!price.n)
            continue;
        begin_row(l);
        if (is_first)
            vendure_product(l);
        else
            put_nothing(l, 6);
        EACH(o, node_get(l->doc, S("options")))
            join(&values, '|', one_of(l, value_named(l, &o->node, variant), "|"));
        put(l, buf_str(&values));
        put(l, node_str(variant, "sku"));
        put(l, price);
        put(l, is_first ? node_str(l->rows.product, "tax_class") : str_none);
        put_int(l, node_int(row, "on_hand"));
        put(l, node_bool(row, "tracked") ? S("true") : S("false"));
        put_nothing(l, 2);
        end_row(l);
        is_first = false;
    }
}

/* ---- shopify
 * ---------------------------------------------------------------------------------------- */

static void shopify_product(struct leaving *l)
{
    struct buf html = buf_new(l->c->mem, MOST_ROW), tags = buf_new(l->c->mem, MOST_ROW);
    str type = str_none, status = node_str(l->rows.product, "status");
    EACH(it, l->rows.categories)
        if (node_bool(&it->node, "is_on") && !type.n)
            type = node_str(&it->node, "name");
    EACH(it, node_get(l->rows.product, S("specs")))
        if (str_is(english(node_get(&it->node, S("name"))), "Tags"))
            join(&tags, ',', english(node_get(&it->node, S("value"))));
    export_html(&html, l->description);
    put(l, l->name);
    put(l, buf_str(&html));
    put(l, node_str(l->rows.product, "brand"));
    put(l, type);
    put(l, buf_str(&tags));
    put(l, str_is(status, "published") ? S("true") : S("false"));
}

static void shopify_options(struct leaving *l, const struct node *variant, bool is_first)
{
    int n = 0;
    EACH(o, node_get(l->doc, S("options"))) {
        put(l, is_first ? option_named(&o->node) : str_none);
        put(l, value_named(l, &o->node, variant));
        n++;
    }
    if (!n) {
        put(l, is_first ? S("Title") : str_none);
        put(l, S("Default Title"));
        n = 1;
    }
    put_nothing(l, 2 * (3 - n));
}

static void shopify_variant(struct leaving *l, const struct node *variant, bool is_first)
{
    const struct node *row = row_of(l, variant);
    str tax = node_str(l->rows.product, "tax_class");
    shopify_options(l, variant, is_first);
    put(l, node_str(variant, "sku"));
    put_int(l, node_int(variant, "weight_g"));
    put(l, node_bool(row, "tracked") ? S("shopify") : str_none);
    put_int(l, node_int(row, "on_hand"));
    put(l, S("deny"));
    put(l, S("manual"));
    put(l, price_in(l, variant, "prices"));
    put(l, price_in(l, variant, "compare_at"));
    put(l, S("true"));
    put(l, str_is(tax, "zero") ? S("false") : S("true"));
}

static str address_of(struct leaving *l, const struct node *picture)
{
    return str_fmt(
        l->c->mem, "%.*s/media/%.*s", STR(l->c->app->base_url), STR(file_of(l, picture)));
}

static bool is_of(const struct node *picture, const struct node *variant)
{
    str option = node_str(picture, "option_code"), value = node_str(picture, "value_code");
    const struct node *chosen = node_get(node_get(variant, S("options")), option);
    return option.n && chosen && str_eq(chosen->as.text, value);
}

/* The format has one for a variant. */
static const struct node *own_picture(const struct leaving *l, const struct node *variant)
{
    EACH(it, l->rows.pictures)
        if (is_of(&it->node, variant))
            return &it->node;
    return NULL;
}

static bool is_one_more(const struct leaving *l, const struct node *picture)
{
    EACH(v, node_get(l->doc, S("variants")))
        if (is_of(picture, &v->node) && own_picture(l, &v->node) != picture)
            return true;
    return false;
}

static str value_of(struct leaving *l, const struct node *picture)
{
    EACH(o, node_get(l->doc, S("options")))
        EACH(v, node_get(&o->node, S("values")))
            if (str_eq(node_str(&o->node, "code"), node_str(picture, "option_code")) &&
                str_eq(node_str(&v->node, "code"), node_str(picture, "value_code")))
                return english(node_get(&v->node, S("name")));
    return node_str(picture, "value_code");
}

static void name_others(struct leaving *l)
{
    EACH(it, l->rows.pictures)
        if (is_one_more(l, &it->node))
            leave_out(l, l->slug,
                str_fmt(l->c->mem,
                    "that picture %" PRId64 " is one of %.*s: the format has one for a variant",
                    node_int(&it->node, "number"), STR(value_of(l, &it->node))));
}

static void shopify_picture(struct leaving *l, const struct item *picture)
{
    if (!picture) {
        put_nothing(l, 3);
        return;
    }
    put(l, address_of(l, &picture->node));
    put_int(l, node_int(&picture->node, "number"));
    put(l, english(node_get(&picture->node, S("alts"))));
}

static void shopify_end(struct leaving *l, bool is_first, const struct node *variant)
{
    struct buf categories = buf_new(l->c->mem, MOST_ROW), specs = buf_new(l->c->mem, MOST_ROW);
    str status = node_str(l->rows.product, "status");
    const struct node *own = variant ? own_picture(l, variant) : NULL;
    put(l, own ? address_of(l, own) : str_none);
    put(l, variant ? S("g") : str_none);
    put(l, is_first ? node_str(l->rows.product, "tax_class") : str_none);
    put(l, !is_first ? str_none : str_is(status, "published") ? S("active") : status);
    put_categories(l, &categories, '\n', "");
    put_specs(l, &specs, '\n');
    put(l, is_first ? buf_str(&categories) : str_none);
    put(l, is_first ? buf_str(&specs) : str_none);
    end_row(l);
}

/* Pictures go beside the variants, those that are left into rows of their own. */
static void write_shopify(struct leaving *l)
{
    const struct item *picture = node_first(l->rows.pictures);
    bool is_first = true;
    name_others(l);
    EACH(it, node_get(l->doc, S("variants"))) {
        if (!price_in(l, &it->node, "prices").n)
            continue;
        begin_row(l);
        put(l, l->slug);
        if (is_first)
            shopify_product(l);
        else
            put_nothing(l, 6);
        shopify_variant(l, &it->node, is_first);
        shopify_picture(l, picture);
        picture = picture ? picture->next : NULL;
        shopify_end(l, is_first, &it->node);
        is_first = false;
    }
    for (; picture && !is_first; picture = picture->next) {
        begin_row(l);
        put(l, l->slug);
        put_nothing(l, 6 + 6 + 10);
        shopify_picture(l, picture);
        shopify_end(l, false, NULL);
    }
}

/* ---- all of it
 * -------------------------------------------------------------------------------------- */

static const struct export_format formats[] = {
    { "vendure",
        "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,"
        "stockOnHand,trackInventory,variantAssets,variantFacets\n",
        write_vendure, "|", 12 },
    { "shopify",
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,"
        "Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,"
        "Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
        "Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
        "Variant Requires Shipping,Variant Taxable,Image Src,Image Position,Image Alt Text,"
        "Variant Image,Variant Weight Unit,Variant Tax Code,Status,Talat Categories,Talat Particulars\n",
        write_shopify, "\n", 3 },
};

static bool is_fit(struct leaving *l)
{
    i64 priced = 0;
    EACH(it, l->rows.texts)
        if (str_is(node_str(&it->node, "lang"), "en")) {
            l->name = node_str(&it->node, "name");
            l->description = node_str(&it->node, "description");
        }
    if (!l->name.n)
        l->problem = S("it has no English name");
    if (node_count(node_get(l->doc, S("options"))) > l->format->most_options)
        l->problem = S("it has more options than the format can hold");
    EACH(it, node_get(l->doc, S("variants"))) {
        bool has = price_in(l, &it->node, "prices").n > 0;
        priced += has;
        if (!has && !l->problem.n)
            leave_out(l, node_str(&it->node, "sku"),
                str_fmt(l->c->mem, "no price in %.*s", STR(l->wish->currency)));
    }
    if (!l->problem.n && !priced)
        l->problem = S("nothing of it is for sale in this currency");
    return !l->problem.n;
}

static int leave(struct leaving *l)
{
    TRY(product_read(l->c, l->wish->organisation, l->slug, &l->rows));
    if (!l->rows.product)
        return E_OK; /* gone meanwhile */
    l->doc = product_document(l->c, &l->rows);
    if (is_fit(l))
        l->format->write(l);
    if (l->problem.n) {
        l->out->n = 0;
        leave_out(l, l->slug, l->problem);
    }
    return E_OK;
}

/* One product: read, written out, forgotten. */
static int leave_one(struct ctx *c, const struct import_wish *wish,
    const struct export_format *format, str slug, struct buf *report, struct export_to *to)
{
    struct buf out = buf_new(c->mem, 2 * MOST_ROW);
    struct leaving l = {
        .c = c, .wish = wish, .format = format, .report = report, .slug = slug, .out = &out
    };
    TRY(leave(&l));
    to->products += out.n > 0;
    return to->write(to->with, buf_str(&out))
        ? E_OK
        : fail(c, E_INTERNAL, "export.write", "The file cannot be written.");
}

static int leave_all(struct ctx *c, const struct import_wish *wish,
    const struct export_format *format, struct buf *report, struct export_to *to)
{
    struct arena *mem = arena_new((size_t)256 << 20);
    struct node *slugs;
    str after = S("");
    DEFER(c->mem, arena_drop, mem);
    do {
        TRY(q_catalog_slugs(c, &slugs, wish->organisation, after, SLUGS));
        EACH(it, slugs) {
            struct ctx own = *c;
            own.mem = mem;
            own.lang = S("en");
            after = node_str(&it->node, "slug");
            int err = leave_one(&own, wish, format, after, report, to);
            if (err)
                return fail(c, err, "export.product", "%.*s: %.*s", STR(after),
                    STR(own.fault.text.n ? own.fault.text : own.fault.detail));
            arena_reset(mem);
        }
    } while (node_count(slugs) == SLUGS);
    return E_OK;
}

int catalog_export(
    struct ctx *c, const struct import_wish *wish, struct export_to *to, struct buf *report)
{
    const struct export_format *format = NULL;
    for (size_t i = 0; i < COUNT(formats); i++)
        if (str_is(wish->format, formats[i].name))
            format = &formats[i];
    if (!format)
        return fail(c, E_INPUT, "export.format", "The formats are vendure and shopify.");
    if (!money_is_currency(wish->currency))
        return fail(c, E_INPUT, "export.currency", "%.*s is not a currency.", STR(wish->currency));
    struct scope was = c->scope;
    c->scope.organisation = wish->organisation;
    to->products = 0;
    int err = to->write(to->with, str_of(format->header))
        ? leave_all(c, wish, format, report, to)
        : fail(c, E_INTERNAL, "export.write", "The file cannot be written.");
    c->scope = was;
    return err;
}
