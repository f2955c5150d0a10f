/* import.c: a merchant's file of products. */
#include "t/fuzz/fuzz.h"
#include "catalog/catalog_in.h"

static void check_cells(struct ctx *c, str text)
{
    struct csv csv;
    str cells[CSV_COLUMNS];
    i64 line = 0;
    csv_open(&csv, text);
    for (int n; (n = csv_next(&csv, c->mem, cells)) != 0; line = csv.line) {
        holds(n == -1 ? csv.problem != NULL : n > 0 && n <= CSV_COLUMNS);
        holds(csv.line > line && csv.at <= text.n);
    }
    holds(csv.at == text.n);
}

/* Every put of the catalogue knows all categories it was asked for. */
static struct node *rows(struct ctx *c, const char *query)
{
    if (strcmp(query, "catalog.put_categories") != 0)
        return NULL;
    struct node *row = node_map(c->mem);
    node_set_int(c->mem, row, S("known"), 1000);
    return row;
}

FUZZ(import)
{
    struct buf report = buf_new(c->mem, 4 << 20);
    struct import_totals t;
    struct csv csv;
    check_cells(c, input);
    fuzz_rows = rows;
    csv_open(&csv, input);
    bool theirs = input.n && (unsigned char)input.p[input.n - 1] % 2;
    struct import_wish wish = { .organisation = 1,
        .format = theirs ? S("shopify") : S("vendure"),
        .images_dir = S("/nowhere"),
        .currency = S("THB") };
    int err = catalog_import(c, &wish, input, &report, &t);
    holds(err == E_OK || err == E_INPUT);
    holds(t.rows == t.made + t.changed + t.same + t.failed && t.warned <= t.rows);
    holds(!c->scope.organisation && !pg_in_tx(c));
}
