/* A file of products, walked over. Each product is a transaction of its own, so that a bad one
 * keeps none of the others out; a rehearsal takes each of them back. */
#include "audit/audit.h"
#include "catalog/import_in.h"
#include <stdlib.h>

static const struct import_format *const formats[] = { &import_vendure, &import_shopify };

static void say_row(struct import *in, i64 line, const char *what, str about, str why)
{
    buf_fmt(in->report, "line %" PRId64 ": %s %.*s", line, what, STR(about));
    if (why.n)
        buf_fmt(in->report, " (%.*s)", STR(why));
    buf_char(in->report, '\n');
}

void import_note(struct import *in, struct row *row, str why)
{
    row->warning = row->warning.n ? str_fmt(in->c->mem, "%.*s; %.*s", STR(row->warning), STR(why))
                                  : str_dup(in->c->mem, why);
}

bool import_is_unnamed(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].cells[NAME].n)
            return false;
    return true;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static int cell_called(const str *cells, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (str_is(cells[i], name))
            return i;
    return -1;
}

int import_head(struct import *in, const str *cells, int n, const char *const *names,
    const char *const *others, size_t count, size_t needed)
{
    for (size_t column = 0; column < FILE_COLUMNS; column++) {
        in->at[column] = column < count ? cell_called(cells, n, names[column]) : -1;
        if (column < count && in->at[column] < 0)
            in->at[column] = cell_called(cells, n, others[column]);
        if (column < needed && in->at[column] < 0)
            return fail(
                in->c, E_INPUT, "import.head", "line 1: there is no column \"%s\"", names[column]);
    }
    return E_OK;
}

str import_cell(const struct import *in, const str *cells, int n, size_t column)
{
    int at = in->at[column];
    return at < 0 ? str_none : at < n ? import_inert(cells[at]) : S("");
}

/* Saved by a spreadsheet in another form than that which was asked for. */
static const char *other_form(str text)
{
    str head = str_upto(text, 4096), line = str_none;
    str_cut(&head, '\n', &line);
    if (str_starts(text, S("\xff\xfe")) || str_starts(text, S("\xfe\xff")))
        return "it is UTF-16: save it as \"CSV UTF-8\"";
    if (str_find(line, S(",")) < 0 && str_find(line, S(";")) >= 0)
        return "its cells have semicolons between them: save it with commas";
    if (str_find(line, S(",")) < 0 && str_find(line, S("\t")) >= 0)
        return "its cells have tabs between them: save it with commas";
    return NULL;
}

static int read_head(struct import *in, struct csv *csv)
{
    str cells[CSV_COLUMNS];
    const char *other = other_form(csv->text);
    if (other)
        return fail(in->c, E_INPUT, "import.form", "%s", other);
    int n = csv_next(csv, in->c->mem, cells);
    if (n <= 0)
        return fail(in->c, E_INPUT, "import.head", "line 1: %s",
            csv->problem ? csv->problem : "the file is empty");
    in->width = n;
    return in->format->head(in, cells, n);
}

static struct row *next_row(struct import *in, size_t *room)
{
    if (in->n == *room) {
        struct row *more = NEWS(in->c->mem, struct row, *room = *room ? *room * 2 : 128);
        if (in->n)
            memcpy(more, in->rows, in->n * sizeof *more);
        in->rows = more;
    }
    return &in->rows[in->n++];
}

static bool is_blank(const str *cells, int n)
{
    int i = 0;
    while (i < n && !cells[i].n)
        i++;
    return n > 0 && i == n;
}

static void read_rows(struct import *in, struct csv *csv)
{
    str cells[CSV_COLUMNS];
    size_t room = 0;
    for (int n; (n = csv_next(csv, in->c->mem, cells)) != 0;) {
        if (is_blank(cells, n))
            continue; /* a spreadsheet leaves them below its last row */
        struct row *row = next_row(in, &room);
        const struct row *before = in->n > 1 ? row - 1 : NULL;
        *row = (struct row){ .line = csv->line, .problem = csv->problem, .unread = n < 0 };
        if (n > 0 && n != in->width)
            row->problem = n < in->width ? "fewer cells than the header has"
                                         : "more cells than the header has";
        for (int i = 0; i < n; i++)
            if (!str_is_utf8(cells[i])) {
                row->problem = "the text is not UTF-8: save it as \"CSV UTF-8\"";
                cells[i] = S("");
            }
        in->format->read(in, cells, n, row, before);
    }
}

/* ---- SKUs: one that occurs more than once tells nothing apart, so nobody gets it ------------ */

static int by_sku(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    return str_order(x->cells[SKU], y->cells[SKU]);
}

static void drop_repeated_skus(struct import *in)
{
    struct row **all = NEWS(in->c->mem, struct row *, in->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++)
        if (!in->rows[i].no_variant && !in->rows[i].problem && import_says(&in->rows[i], SKU))
            all[n++] = &in->rows[i];
    qsort(all, n, sizeof(struct row *), by_sku);
    for (size_t i = 0, end; i < n; i = end) {
        str sku = all[i]->cells[SKU];
        for (end = i + 1; end < n && str_eq(all[end]->cells[SKU], sku); end++)
            ;
        for (size_t k = i; k < end && (end - i > 1 || !sku.n); k++) {
            str why = sku.n ? str_fmt(in->c->mem, "SKU %.*s occurs %zu times", STR(sku), end - i)
                            : S("no SKU");
            import_note(in, all[k], why);
            all[k]->cells[SKU] = S("");
        }
    }
}

/* ---- a product in two places: the second would be saved over the first ------------------------
 */

struct place {
    str slug;
    size_t at; /* its first row */
    bool is_unnamed;
};

static int by_slug(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = str_order(x->slug, y->slug);
    return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

static size_t end_of(const struct import *in, size_t at)
{
    for (at++; at < in->n && !in->format->begins(&in->rows[at], &in->rows[at - 1]); at++)
        continue;
    return at;
}

/* Of a handle in other letters, the same each time. */
static str slug_of(struct ctx *c, const struct row *head)
{
    str handle = head->cells[SLUG_], slug = handle;
    if (!is_slug(handle))
        slug = locale_slug(c->mem, handle);
    return slug.n ? slug : locale_slug(c->mem, head->cells[NAME]);
}

/* Prices and the like may stand anywhere: those of one row leave those of another as they are. */
static void refuse_repeated(struct import *in)
{
    struct place *all = NEWS(in->c->mem, struct place, in->n + 1);
    size_t n = 0;
    for (size_t i = 0, end; i < in->n; i = end) {
        str slug = slug_of(in->c, &in->rows[i]);
        end = end_of(in, i);
        if (slug.n)
            all[n++] = (struct place){ slug, i, import_is_unnamed(&in->rows[i], end - i) };
    }
    qsort(all, n, sizeof *all, by_slug);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (!str_eq(all[i].slug, all[first].slug)) {
            first = i;
            continue;
        }
        if (all[first].is_unnamed && all[i].is_unnamed)
            continue;
        const char *why = str_fmt(in->c->mem,
            "%.*s stands in line %" PRId64 " already: the rows of a product must follow each other",
            STR(all[i].slug), in->rows[all[first].at].line)
                              .p;
        for (size_t k = all[i].at; k < end_of(in, all[i].at); k++)
            in->rows[k].problem = why;
    }
}

/* ---- whose a row is that says only a SKU -------------------------------------------------------
 */

static int find_by_sku(struct ctx *c, struct import *in, struct row *rows, size_t n)
{
    i64 organisation = in->wish->organisation;
    struct node *product = NULL;
    if (rows[0].cells[SLUG_].n)
        TRY(q_catalog_lookup(c, &product, slug_of(c, rows)));
    if (product && node_int(product, "organisation_id") == organisation)
        return E_OK;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].problem || !rows[i].cells[SKU].n)
            continue;
        TRY(q_catalog_of_sku(c, &product, organisation, rows[i].cells[SKU]));
        if (product)
            rows[i].cells[SLUG_] = str_dup(in->c->mem, node_str(product, "slug"));
        else if (!rows[i].cells[SLUG_].n)
            rows[i].problem = in->format->unnamed;
    }
    return E_OK;
}

static int find_all_by_sku(struct import *in)
{
    struct arena *mem = arena_new((size_t)64 << 20);
    int err = E_OK;
    DEFER(in->c->mem, arena_drop, mem);
    for (size_t i = 0, end; i < in->n && !err; i = end) {
        struct ctx own = *in->c;
        end = end_of(in, i);
        own.mem = mem;
        if (in->format->by_sku && import_is_unnamed(&in->rows[i], end - i))
            err = find_by_sku(&own, in, &in->rows[i], end - i);
        if (err)
            err = fail(in->c, err, "import.sku", "%.*s",
                STR(own.fault.text.n ? own.fault.text : own.fault.detail));
        arena_reset(mem);
    }
    return err;
}

/* ---- what changed
 * --------------------------------------------------------------------------------- */

#define MOST_DIFF 2000

static str key_of(const struct node *one)
{
    static const char *const keys[] = { "sku", "code", "picture" };
    for (size_t i = 0; one->kind == N_MAP && i < COUNT(keys); i++)
        if (!node_is_null(one, keys[i]))
            return str_of(keys[i]);
    return str_none;
}

/* The same thing in another list: by what names it. */
static const struct node *same_in(const struct node *list, const struct node *one, str key)
{
    struct node *named = node_get(one, key);
    EACH(it, list) {
        struct node *its = node_get(&it->node, key);
        if (its && its->kind == named->kind &&
            (its->kind == N_STR ? str_eq(its->as.text, named->as.text)
                                : its->as.number == named->as.number))
            return &it->node;
    }
    return NULL;
}

static void show(struct buf *out, const struct node *n)
{
    struct buf one = buf_new(out->mem, 1 << 16);
    json_store(&one, n);
    str some = str_letters_upto(buf_str(&one), 60);
    buf_add(out, some);
    if (some.n < one.n)
        buf_add(out, S("…"));
}

static bool is_plain(const struct node *n) { return !n || (n->kind != N_MAP && n->kind != N_LIST); }

static bool is_equal(struct arena *mem, const struct node *a, const struct node *b)
{
    struct buf x = buf_new(mem, 1 << 20), y = buf_new(mem, 1 << 20);
    json_store(&x, a);
    json_store(&y, b);
    return str_eq(buf_str(&x), buf_str(&y));
}

/* "price.USD 1000 -> 1200": what is no map or list, by the way to it. */
static void diff(struct buf *out, str way, const struct node *a, const struct node *b)
{
    if (out->n > MOST_DIFF || is_equal(out->mem, a, b))
        return;
    if (is_plain(a) || is_plain(b) || a->kind != b->kind) {
        buf_fmt(out, "%s%.*s ", out->n ? "; " : "", STR(way));
        show(out, a);
        buf_add(out, S(" -> "));
        show(out, b);
        return;
    }
    size_t n = 0;
    EACH(it, b) {
        str key = b->kind == N_LIST ? key_of(&it->node) : it->key;
        const struct node *then = b->kind == N_MAP ? node_get(a, key)
            : key.n                                ? same_in(a, &it->node, key)
                                                   : NULL;
        str name = b->kind == N_MAP ? key
            : key.n && node_str(&it->node, str_c(out->mem, key)).n
            ? node_str(&it->node, str_c(out->mem, key))
            : str_fmt(out->mem, "%zu", n);
        diff(out, way.n ? str_fmt(out->mem, "%.*s.%.*s", STR(way), STR(name)) : name, then,
            &it->node);
        n++;
    }
}

/* The product as its document, with what else a file may change. */
static struct node *picture_of_it(struct ctx *c, const struct product_rows *rows)
{
    struct node *doc = rows->product ? product_document(c, rows) : node_map(c->mem);
    struct node *categories = node_set_map(c->mem, doc, S("categories"));
    const struct item *v = node_first(node_get(doc, S("variants")));
    if (!rows->product)
        return doc;
    node_set_null(c->mem, doc, S("version"));
    node_set(c->mem, doc, S("specs"), node_get(rows->product, S("specs")));
    EACH(it, rows->categories)
        if (node_bool(&it->node, "is_on"))
            node_set_bool(c->mem, categories, node_str(&it->node, "slug"), true);
    EACH(it, rows->variants) {
        struct node *variant = (struct node *)&v->node;
        node_set_int(c->mem, variant, S("stock"), node_int(&it->node, "on_hand"));
        node_set_bool(c->mem, variant, S("tracked"), node_bool(&it->node, "tracked"));
        v = v->next;
    }
    return doc;
}

static void tell_changes(struct product *p, const struct catalog_report *done, str *changes)
{
    struct product_rows is;
    struct buf out = buf_new(p->c->mem, 2 * MOST_DIFF);
    *changes = str_none;
    if (!done->changed || product_read(p->c, p->in->wish->organisation, p->slug, &is))
        return;
    diff(&out, str_none, picture_of_it(p->c, &p->was), picture_of_it(p->c, &is));
    *changes = buf_str(&out);
}

/* ---- the whole file
 * ------------------------------------------------------------------------------- */

static str shown_values(struct product *p, const struct row *row)
{
    str out = str_dup(p->c->mem, row->cells[VALUES]);
    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == p->in->format->separator)
            ((char *)out.p)[i] = '|';
    return out;
}

static void report_rows(struct product *p, int err, const struct catalog_report *done, str changes)
{
    struct import_totals *totals = p->in->totals;
    const char *what = err ? "failed" : done->made ? "made" : done->changed ? "changed" : "same";
    str why = p->c->fault.text.n ? p->c->fault.text : str_of(err_text((enum err)err));
    const char *first = p->rows[0].problem;
    for (size_t i = 0; i < p->n; i++) {
        const struct row *row = &p->rows[i];
        str about = p->slug.n ? p->slug : row->cells[SKU];
        if (row->cells[VALUES].n)
            about = str_fmt(p->c->mem, "%.*s [%.*s]", STR(p->slug), STR(shown_values(p, row)));
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
        say_row(p->in, row->line, what, about, i ? str_none : changes);
        if (row->warning.n) {
            totals->warned++;
            say_row(p->in, row->line, "warning", about, row->warning);
        }
    }
}

struct saved {
    struct product *p;
    struct catalog_report *done;
    str *changes;
    const str *warnings; /* of its rows, before the first try */
    bool would_go_in;
};

/* Done anew when a buyer's order stood in its way. */
static int write_it(struct ctx *c, void *with)
{
    struct saved *s = with;
    (void)c;
    for (size_t i = 0; i < s->p->n; i++)
        s->p->rows[i].warning = s->warnings[i];
    TRY(import_write(s->p, s->done));
    tell_changes(s->p, s->done, s->changes);
    s->would_go_in = s->p->in->wish->rehearse;
    return s->would_go_in ? E_CONFLICT : E_OK;
}

static int save(struct product *p, struct catalog_report *done, str *changes)
{
    struct ctx *c = p->c;
    str *warnings = NEWS(c->mem, str, p->n);
    struct saved saved = { p, done, changes, warnings, false };
    str handle = p->rows[0].cells[SLUG_];
    p->slug = slug_of(c, &p->rows[0]);
    if (handle.n && !str_eq(handle, p->slug))
        import_warn(p, p->rows, str_fmt(c->mem, "%.*s is no address: it is made one", STR(handle)));
    import_pictures(p);
    for (size_t i = 0; i < p->n; i++)
        warnings[i] = p->rows[i].warning;
    int err = pg_tx(c, write_it, &saved);
    if (!saved.would_go_in)
        return err;
    fault_clear(c); /* it would have gone in; now nothing has happened */
    return E_OK;
}

static bool is_away(const struct ctx *c) { return c->fault.code == E_AWAY; }

static int import_products(struct import *in)
{
    struct arena *mem = arena_new((size_t)256 << 20);
    int err = E_OK;
    DEFER(in->c->mem, arena_drop, mem);
    for (size_t i = 0, end; i < in->n && !err; i = end) {
        end = end_of(in, i);
        struct ctx own = *in->c;
        struct catalog_report done = { 0 };
        str changes = str_none;
        own.mem = mem;
        own.lang = S("en"); /* what names in a file are in */
        struct product p = { .in = in, .c = &own, .rows = &in->rows[i], .n = end - i };
        int failed = save(&p, &done, &changes);
        report_rows(&p, failed, &done, changes);
        if (in->wish->tell)
            in->wish->tell(in->wish->with, in->report, in->totals->rows, (i64)in->n);
        if (failed && is_away(&own)) /* no use to go on: the rest would fail likewise */
            err = fail(in->c, E_AWAY, "import.database", "The database went away.");
        arena_reset(mem);
    }
    return err;
}

static const struct import_format *format_named(str name)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (str_is(name, formats[i]->name))
            return formats[i];
    return NULL;
}

static int note_import(struct ctx *c, const struct import *in)
{
    struct node *data = node_map(c->mem);
    node_set_int(c->mem, data, S("rows"), in->totals->rows);
    node_set_int(c->mem, data, S("made"), in->totals->made);
    node_set_int(c->mem, data, S("changed"), in->totals->changed);
    node_set_int(c->mem, data, S("failed"), in->totals->failed);
    return audit_tell(c, "content", "import", "catalog.product", in->cause, data);
}

int catalog_import(struct ctx *c, const struct import_wish *wish, str text, struct buf *report,
    struct import_totals *totals)
{
    struct csv csv;
    struct import in = { .c = c,
        .wish = wish,
        .format = format_named(wish->format),
        .report = report,
        .totals = totals };
    *totals = (struct import_totals){ 0 };
    if (!in.format)
        return fail(c, E_INPUT, "import.format", "The formats are vendure and shopify.");
    if (!money_is_currency(wish->currency))
        return fail(c, E_INPUT, "import.currency", "%.*s is not a currency.", STR(wish->currency));
    in.cause = str_fmt(c->mem, "import:%.*s", 16, crypto_sha256_hex(c->mem, text).p);
    csv_open(&csv, text);
    TRY(read_head(&in, &csv));
    TRY(q_catalog_staff_tax_classes(c, &in.classes));
    read_rows(&in, &csv);
    struct scope was = c->scope;
    str source = c->source;
    c->scope.organisation = wish->organisation;
    c->source = S("0 0 import"); /* its new rows are not noted one by one */
    int err = find_all_by_sku(&in);
    if (!err) {
        refuse_repeated(&in);
        drop_repeated_skus(&in);
        err = import_products(&in);
    }
    c->source = source;
    if (!err && !wish->rehearse)
        err = note_import(c, &in);
    c->scope = was;
    return err;
}
