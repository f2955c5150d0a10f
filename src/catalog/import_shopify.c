/* Shopify's product CSV: a product is the rows of one handle; each is a variant, or only another
 * picture. A product without options has the one option "Title" with "Default Title". Tags become
 * a line of the product's particulars, its type a category. Two columns of our own, which others
 * pass over, hold what the format has no place for: all categories and particulars. */
#include "catalog/import_in.h"

enum own {
    VARIANT_PRICE,
    HANDLE,
    TITLE,
    BODY,
    VENDOR,
    TYPE,
    TAGS,
    PUBLISHED,
    OPTION, /* name and value, three times */
    OPTIONS_END = OPTION + 5,
    VARIANT_SKU,
    GRAMS,
    TRACKER,
    QUANTITY,
    POLICY,
    BEFORE,
    TAXABLE,
    TAX_CODE,
    IMAGE,
    IMAGE_ALT,
    VARIANT_IMAGE,
    GIFT_CARD,
    STATUS_,
    ALL_CATEGORIES,
    ALL_SPECS,
    N_OWN
};
enum { NEEDED = 1 };
/* As files had them, and as they have them now. */
static const char *const names[] = { "Variant Price", "Handle", "Title", "Body (HTML)", "Vendor",
    "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value",
    "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams", "Variant Inventory Tracker",
    "Variant Inventory Qty", "Variant Inventory Policy", "Variant Compare At Price",
    "Variant Taxable", "Variant Tax Code", "Image Src", "Image Alt Text", "Variant Image",
    "Gift Card", "Status", "Talat Categories", "Talat Particulars" };
static const char *const newer[] = { "Price", "URL handle", "Title", "Description", "Vendor", "Type",
    "Tags", "Published on online store", "Option1 name", "Option1 value", "Option2 name",
    "Option2 value", "Option3 name", "Option3 value", "SKU", "Weight value (grams)",
    "Inventory tracker", "Inventory quantity", "Continue selling when out of stock",
    "Compare-at price", "Charge tax", "Tax code", "Product image URL", "Image alt text",
    "Variant image URL", "Gift card", "Status", "Talat Categories", "Talat Particulars" };
_Static_assert(COUNT(names) == N_OWN && COUNT(newer) == N_OWN && COUNT(names) <= (size_t)FILE_COLUMNS,
    "a name for each column");

struct reading {
    struct import *in;
    const str *cells;
    int n;
};

static str cell(const struct reading *r, size_t column)
{
    return import_cell(r->in, r->cells, r->n, column);
}

static int head(struct import *in, const str *cells, int n)
{
    static const struct {
        enum column column;
        enum own own;
    } told[] = { { PRICE, VARIANT_PRICE }, { COMPARE_AT, BEFORE }, { STOCK, QUANTITY },
        { WEIGHT, GRAMS }, { STATUS, PUBLISHED }, { TRACK, POLICY } };
    TRY(import_head(in, cells, n, names, newer, N_OWN, NEEDED));
    if (in->at[HANDLE] < 0 && (in->at[VARIANT_SKU] < 0 || in->at[TITLE] >= 0))
        return fail(
            in->c, E_INPUT, "import.head", "line 1: there is no column \"%s\"", names[HANDLE]);
    for (size_t i = 0; i < COUNT(told); i++)
        in->called[told[i].column] =
            in->at[told[i].own] < 0 ? NULL : str_c(in->c->mem, cells[in->at[told[i].own]]);
    if (in->at[TITLE] < 0)
        buf_add(in->report,
            S("there is no column \"Title\": products that are here are changed, none is made\n"));
    in->says_all_specs = in->at[ALL_SPECS] >= 0;
    in->says_spec = in->at[TAGS] >= 0 ? "Tags" : NULL;
    return E_OK;
}

static void add(struct buf *out, str text)
{
    if (out->n)
        buf_char(out, import_shopify.separator);
    buf_add(out, text);
}

static bool is_default(const struct reading *r)
{
    str name = cell(r, OPTION), value = cell(r, OPTION + 1);
    return (str_is(name, "Title") || !name.n) && str_is(value, "Default Title");
}

static void read_options(const struct reading *r, struct row *row)
{
    struct buf groups = buf_new(r->in->c->mem, 1 << 12), values = buf_new(r->in->c->mem, 1 << 12);
    if (r->in->at[OPTION] < 0 && r->in->at[OPTION + 1] < 0)
        return;
    row->cells[GROUPS] = row->cells[VALUES] = S("");
    if (is_default(r))
        return;
    for (size_t i = 0; i < 3; i++) {
        if (cell(r, OPTION + 2 * i).n)
            add(&groups, cell(r, OPTION + 2 * i));
        if (cell(r, OPTION + 2 * i + 1).n)
            add(&values, cell(r, OPTION + 2 * i + 1));
    }
    row->cells[GROUPS] = buf_str(&groups);
    row->cells[VALUES] = buf_str(&values);
}

static void facet_lines(struct buf *out, const char *prefix, str lines)
{
    str line;
    while (lines.n && str_cut(&lines, '\n', &line))
        if (str_trim(line).n)
            add(out, str_fmt(out->mem, "%s%.*s", prefix, STR(str_trim(line))));
}

static void read_facets(const struct reading *r, struct row *row)
{
    struct buf out = buf_new(r->in->c->mem, 1 << 16);
    str tags = cell(r, TAGS), tag;
    bool ours = r->in->at[ALL_SPECS] >= 0;
    facet_lines(&out,
        "category:", r->in->at[ALL_CATEGORIES] >= 0 ? cell(r, ALL_CATEGORIES) : cell(r, TYPE));
    facet_lines(&out, "", cell(r, ALL_SPECS));
    while (!ours && tags.n && str_cut(&tags, ',', &tag))
        if (str_trim(tag).n)
            add(&out, str_fmt(out.mem, "Tags:%.*s", STR(str_trim(tag))));
    row->cells[FACETS] = buf_str(&out);
}

static const char *const YES[] = { "true", "yes", "y", "t", "1" };
static const char *const NO[] = { "false", "no", "n", "f", "0" };

static bool is_one(str word, const char *const *of, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(word, of[i]))
            return true;
    return false;
}

/* What is not known is shown to nobody: "unlisted" is for those alone who have the address. */
static str status_of(const struct reading *r, struct row *row)
{
    if (r->in->at[STATUS_] < 0 && r->in->at[PUBLISHED] < 0)
        return str_none;
    str status = str_lower(r->in->c->mem, cell(r, STATUS_));
    str published = str_lower(r->in->c->mem, cell(r, PUBLISHED));
    if (str_is(status, "draft") || str_is(status, "archived"))
        return status;
    if (status.n && !str_is(status, "active")) {
        import_note(
            r->in, row, str_fmt(r->in->c->mem, "Status %.*s is taken as draft", STR(status)));
        return S("draft");
    }
    if (!published.n || is_one(published, YES, COUNT(YES)))
        return S("published");
    if (!is_one(published, NO, COUNT(NO)))
        import_note(r->in, row,
            str_fmt(
                r->in->c->mem, "%s %.*s is taken as draft", r->in->called[STATUS], STR(published)));
    return S("draft");
}

/* The code where it is a class of ours (theirs have capitals and digits), else what taxable says:
 * untaxed goods are of the class "zero", and taxed ones of any other. */
static str tax_of(const struct reading *r, struct row *row)
{
    str code = cell(r, TAX_CODE), taxable = str_lower(r->in->c->mem, cell(r, TAXABLE));
    bool ours = code.n > 0;
    for (size_t i = 0; i < code.n; i++)
        ours = ours && ((code.p[i] >= 'a' && code.p[i] <= 'z') || code.p[i] == '_');
    if (ours)
        return code;
    row->is_taxed = str_is(taxable, "true");
    return str_is(taxable, "false") ? S("zero") : S("");
}

static void read_product(const struct reading *r, struct row *row)
{
    row->cells[NAME] = cell(r, TITLE);
    if (r->in->at[BODY] >= 0)
        row->cells[DESCRIPTION] = import_plain(r->in->c, cell(r, BODY));
    row->cells[BRAND] = cell(r, VENDOR);
    row->cells[STATUS] = status_of(r, row);
    row->cells[TAX] = tax_of(r, row);
    if (is_one(str_lower(r->in->c->mem, cell(r, GIFT_CARD)), YES, COUNT(YES)))
        import_note(r->in, row,
            str_fmt(r->in->c->mem, "%s true is taken as ordinary goods", names[GIFT_CARD]));
    read_facets(r, row);
}

/* A file without titles says nothing of products but by their variants; who thinks so is told. */
static void note_passed_over(const struct reading *r, struct row *row)
{
    static const enum own of_product[] = { BODY, VENDOR, TYPE, TAGS, PUBLISHED, TAX_CODE, STATUS_,
        ALL_CATEGORIES, ALL_SPECS };
    for (size_t i = 0; i < COUNT(of_product); i++)
        if (cell(r, of_product[i]).n)
            import_note(r->in, row,
                str_fmt(r->in->c->mem, "%s is passed over, as there is no column \"%s\"",
                    names[of_product[i]], names[TITLE]));
}

/* "453.6", as a scale in pounds makes them. */
static str whole_grams(const struct reading *r)
{
    str grams = cell(r, GRAMS), rest = grams, whole;
    i64 n, part;
    if (str_find(grams, S(".")) < 0 || !str_cut(&rest, '.', &whole) || !str_int(whole, &n) ||
        n < 0 || !str_int(rest, &part) || rest.p[0] == '-')
        return grams;
    return str_fmt(r->in->c->mem, "%" PRId64, n + (rest.p[0] >= '5'));
}

/* What was sold there beyond the last piece is owed by nobody here. */
static str stock_of(const struct reading *r, struct row *row)
{
    i64 n;
    str quantity = cell(r, QUANTITY);
    if (!str_int(quantity, &n) || n >= 0)
        return quantity;
    import_note(r->in, row,
        str_fmt(r->in->c->mem, "%s %" PRId64 " is taken as 0", r->in->called[STOCK], n));
    return S("0");
}

static bool sells_on(const struct reading *r)
{
    str policy = str_lower(r->in->c->mem, cell(r, POLICY));
    return str_is(policy, "continue") || str_is(policy, "true");
}

/* Without a tracker the shop there sells it however many there are, as it does here; with one it
 * counts them even below 0. */
static void read_track(const struct reading *r, struct row *row)
{
    bool is_tracked = cell(r, TRACKER).n;
    if (r->in->at[TRACKER] < 0)
        return;
    row->cells[TRACK] = is_tracked && !sells_on(r) ? S("true") : S("false");
    if (is_tracked && sells_on(r))
        row->once = str_fmt(r->in->c->mem, "%s %.*s is taken as goods whose stock is not counted",
            r->in->called[TRACK], STR(str_lower(r->in->c->mem, cell(r, POLICY))));
}

static void read_variant(const struct reading *r, struct row *row)
{
    row->cells[SKU] = cell(r, VARIANT_SKU);
    row->cells[PRICE] = cell(r, VARIANT_PRICE);
    row->cells[COMPARE_AT] = cell(r, BEFORE);
    row->cells[WEIGHT] = whole_grams(r);
    row->cells[STOCK] = stock_of(r, row);
    read_track(r, row);
    read_options(r, row);
}

static void read_row(
    struct import *in, const str *cells, int n, struct row *row, const struct row *before)
{
    struct reading r = { in, cells, n };
    row->cells[SLUG_] = cell(&r, HANDLE);
    if (row->unread && before)
        row->cells[SLUG_] = before->cells[SLUG_];
    row->cells[ASSETS] = cell(&r, IMAGE);
    row->cells[ALT] = cell(&r, IMAGE_ALT);
    row->cells[VARIANT_ASSETS] = cell(&r, VARIANT_IMAGE);
    if (cell(&r, TITLE).n)
        read_product(&r, row);
    else if (in->at[TITLE] < 0)
        note_passed_over(&r, row);
    read_variant(&r, row);
    row->no_variant = !row->cells[PRICE].n && !row->cells[VALUES].n && !row->cells[SKU].n &&
        !cell(&r, TITLE).n && row->cells[ASSETS].n;
    if (!row->problem && !row->cells[SLUG_].n && (row->cells[NAME].n || !row->cells[SKU].n))
        row->problem = "there is no handle";
}

static bool begins(const struct row *row, const struct row *before)
{
    return !before || !str_eq(row->cells[SLUG_], before->cells[SLUG_]);
}

const struct import_format import_shopify = { "shopify", '\x1f', false, true, head, read_row,
    begins, true, "no product here has this handle or SKU, and none is made without a title" };
