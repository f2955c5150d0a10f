/* catalog: what is for sale: products, options, variants, prices, categories, search.
 *
 * Owns schema catalog; reads inventory (what is left) and media. A product's search words
 * are written in its own transaction. Without a tenant only published rows are seen; that is
 * the database's rule, not this code's. */
#pragma once
#include "base/base.h"

/* What a cart or an order needs to know of each variant, in the ctx's language and currency:
 * {id, product_id, organisation_id, item_id, sku, slug, name, options (text, "Black, 2 m"),
 *  price (null: not for sale in this currency), compare_at, tax_class, weight_g, tracked,
 *  left (null when untracked), for_sale, picture{...}}. Unknown ids are left out. */
int catalog_variants(struct ctx *, const i64 *variants, size_t n, struct node **rows);
void catalog_dress_variants(struct ctx *, struct node *rows); /* of catalog.for_cart */
/* The variant that is sold under that SKU, as each shop chooses its own: of the product of that slug;
 * without one, of the oldest. 0 when there is none. */
int catalog_variant_by_sku(struct ctx *, str sku, str product, i64 *variant);

str catalog_tax_class(struct ctx *, str code); /* "Reduced rate"; one of the shop's own: as it is */

struct req;
/* hooks.page: puts `shelves`, the categories as {slug, name, children[]}, on every page. */
int catalog_page(struct req *, struct node *document);

/* Writes one product with all its parts as the document says (the shape of
 * sql/demo/catalogue.json's products), for imports and the back office alike: makes or
 * updates by slug, changes only what differs. Caller's transaction and organisation scope. */
struct catalog_report {
    i64 product;
    bool made, changed, counted; /* counted: stock is another figure than before */
    str taken_sku; /* it was refused because of this one */
};
int catalog_save(
    struct ctx *, i64 organisation, const struct node *product, struct catalog_report *);
int catalog_save_category(struct ctx *, i64 organisation, const struct node *category, i64 *id);
int catalog_front(struct ctx *, i64 organisation, i64 picture); /* the first page's picture */

/* A file of products in a format of the world's: reads it, writes product by product, prints a
 * report line per row to `report`. Bad rows are named with line and reason; the others go in. A
 * rehearsal says the same and changes nothing. */
struct import_wish {
    i64 organisation;
    str format, images_dir, currency; /* "vendure", "shopify" */
    bool rehearse, fetch_images;
    /* After each product, unless NULL: so many of the file's rows are done. May take what is in the
     * report so far and empty it. */
    void (*tell)(void *with, struct buf *report, i64 rows, i64 of);
    void *with;
};
struct import_totals {
    i64 rows, made, changed, same, failed, warned;
};
int catalog_import(struct ctx *, const struct import_wish *, str text, struct buf *report,
    struct import_totals *);
/* The organisation's products in that format, by slug: what catalog_import of it would find the
 * same. What the format cannot hold is left out and named in `report`. Written a product at a time;
 * `write` returns false when it could not. */
struct export_to {
    bool (*write)(void *with, str);
    void *with;
    i64 products;
};
int catalog_export(struct ctx *, const struct import_wish *, struct export_to *, struct buf *report);
/* talatctl import; returns the exit status: 0 done (rows may have failed: the report says which),
 * 1 not done, 2 misused. */
int import_command(struct ctx *, int argc, char **argv);
int export_command(struct ctx *, int argc, char **argv);
