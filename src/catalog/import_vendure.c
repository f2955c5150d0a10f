/* Vendure's product CSV: a product is the row that has a name or a slug and the rows below it
 * that have neither (more variants). */
#include "catalog/import_in.h"

static const struct {
    const char *name;
    enum column column;
} columns[] = { { "name", NAME }, { "slug", SLUG_ }, { "price", PRICE },
    { "description", DESCRIPTION }, { "assets", ASSETS }, { "facets", FACETS },
    { "optionGroups", GROUPS }, { "optionValues", VALUES }, { "sku", SKU }, { "taxCategory", TAX },
    { "stockOnHand", STOCK }, { "trackInventory", TRACK }, { "variantAssets", VARIANT_ASSETS },
    { "variantFacets", VARIANT_FACETS } };
enum { NEEDED = 3 };

static int head(struct import *in, const str *cells, int n)
{
    const char *names[COUNT(columns)];
    for (size_t i = 0; i < COUNT(columns); i++)
        names[i] = columns[i].name;
    TRY(import_head(in, cells, n, names, names, COUNT(columns), NEEDED));
    in->called[PRICE] = "price";
    in->called[STOCK] = "stockOnHand";
    for (size_t i = 0; i < COUNT(columns); i++)
        in->says_all_specs = in->says_all_specs || (columns[i].column == FACETS && in->at[i] >= 0);
    return E_OK;
}

static void read_row(
    struct import *in, const str *cells, int n, struct row *row, const struct row *before)
{
    (void)before;
    for (size_t i = 0; i < COUNT(columns); i++)
        row->cells[columns[i].column] = import_cell(in, cells, n, i);
    row->cells[TRACK] = str_lower(in->c->mem, row->cells[TRACK]); /* spreadsheets write TRUE */
}

static bool begins(const struct row *row, const struct row *before)
{
    bool again = before && row->cells[SLUG_].n && str_eq(row->cells[SLUG_], before->cells[SLUG_]);
    return row->unread || (!again && (row->cells[NAME].n || row->cells[SLUG_].n));
}

const struct import_format import_vendure = { "vendure", '|', true, false, head, read_row,
    begins, false, "there is no name" };
