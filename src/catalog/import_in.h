/* import_in: a file of products on its way in: a format's reader makes common rows of it
 * (import_vendure.c, import_shopify.c), one writer makes products of those (import_write.c), and
 * import.c walks over them and reports. export.c goes the other way. */
#pragma once
#include "catalog/catalog_in.h"

enum column {
    NAME,
    SLUG_,
    DESCRIPTION,
    BRAND,
    STATUS,
    ASSETS, /* pictures: files, or addresses */
    ALT,    /* what the row's picture shows, in words */
    FACETS, /* "category:Cups", "Colour:blue" */
    GROUPS, /* names of options, and per row one value of each */
    VALUES,
    SKU,
    PRICE,
    COMPARE_AT,
    TAX,
    STOCK,
    TRACK,
    WEIGHT, /* grams */
    VARIANT_ASSETS,
    VARIANT_FACETS,
    N_COLUMNS
};

/* A row as every format has it. What holds several things holds them with the format's
 * separator between. */
struct row {
    i64 line;
    str cells[N_COLUMNS]; /* str_none: the file does not say */
    const char *problem; /* why it cannot go in */
    bool unread;         /* not even its cells */
    bool no_variant;     /* only more pictures of its product */
    bool is_taxed;       /* the file says so, and not how */
    str warning;
    str once; /* one more, given to the first such row of its product alone */
};

static inline bool import_says(const struct row *row, enum column column)
{
    return row->cells[column].p;
}

struct import;
struct import_format {
    const char *name;
    char separator;
    bool capitals;  /* names of options and facets begin with one */
    bool addresses; /* pictures are addresses of the web */
    /* The header's cells; E_INPUT when something needed is missing. */
    int (*head)(struct import *, const str *cells, int n);
    /* One record; `before` is the row above, NULL for the first. */
    void (*read)(struct import *, const str *cells, int n, struct row *, const struct row *before);
    bool (*begins)(const struct row *, const struct row *before); /* a new product */
    bool by_sku; /* a product that has no name is sought by the SKU */
    const char *unnamed; /* why a product that is not here yet cannot be made without a name */
};
extern const struct import_format import_vendure, import_shopify;

enum { FILE_COLUMNS = 32 };
struct import {
    struct ctx *c;
    const struct import_wish *wish;
    const struct import_format *format;
    str cause;
    struct buf *report;
    struct import_totals *totals;
    int width;            /* cells of the header */
    const char *called[N_COLUMNS]; /* what messages name, as the file's header calls it */
    int at[FILE_COLUMNS]; /* which cell of the file holds the format's own column; -1: none */
    struct row *rows;     /* all of the file */
    struct node *classes; /* of tax, that have a rate */
    size_t n;
    bool says_all_specs;   /* the file has a place for all of a product's particulars */
    const char *says_spec; /* else, of the one it has a place for; NULL: none */
};
/* Finds the names among the header's cells, or the other name of one that is not there; those up to
 * `needed` must be. */
int import_head(struct import *, const str *cells, int n, const char *const *names,
    const char *const *others, size_t count, size_t needed);
/* The cell of one of the format's columns; str_none where the file has none: of that it says
 * nothing, where an empty one says that there is nothing. */
str import_cell(const struct import *, const str *cells, int n, size_t column);

/* No row says what it is called: a product that is here is changed as they say, and none is made. */
bool import_is_unnamed(const struct row *, size_t n);
void import_note(struct import *, struct row *, str why); /* a warning, beside those it has */

/* ---- import_write.c ---------------------------------------------------------------------------
 */

struct product {
    struct import *in;
    struct ctx *c; /* its memory lives as long as this product */
    struct row *rows;
    size_t n;
    struct node *doc;
    struct node *found;      /* a picture's source -> its id, 0: none */
    struct node *named;      /* those of them that are no address of this shop's own */
    struct node *brought;    /* the product's, of files before: {source (its mark), picture} */
    struct product_rows was; /* what the shop has under this slug; product NULL: nothing */
    const struct node *before; /* those as a document; NULL: nothing */
    str slug;
};
/* In a transaction: the document of the rows, saved. */
int import_write(struct product *, struct catalog_report *);
void import_warn(struct product *, struct row *, str why);
struct node *import_english(struct ctx *, struct node *map, str key, str text); /* {en: text} */

/* ---- import_pictures.c ------------------------------------------------------------------------
 */

void import_pictures(struct product *); /* before the transaction: fetches and stores */
/* The product's picture that a file brought under this name before; 0: none. */
i64 import_brought(const struct product *, str source);
bool import_names_still(const struct product *, i64 picture); /* of those brought: by that name */
int import_remember_pictures(struct product *, i64 product);
/* Of one cell, in their order; options: of the variant whose they are, or NULL. */
void import_add_pictures(struct product *, const struct row *, str cell, struct node *pictures,
    const struct node *options);
/* Where addresses are variants' own: after all others. chosen: a variant's options by row, NULL of a
 * row that is none. */
void import_place_pictures(struct product *, const struct node *options,
    const struct node *const *chosen, struct node *pictures);

/* ---- import_keep.c ----------------------------------------------------------------------------
 */

/* What the shop has of this product and the file does not name, into the document: in its place,
 * so that a file of a few rows moves nothing and no word is searched for in vain. A picture that a
 * file brought gives its place to the one that the file has instead. */
int import_keep(struct product *);

/* ---- import_text.c ------------------------------------------------------------------------------
 */

str import_plain(struct ctx *, str html); /* paragraphs with an empty line between, no mark-up */
void export_html(struct buf *, str text); /* and back */
/* A cell that a spreadsheet would reckon is not reckoned: = + - @, a tab or a return at its begin
 * get an apostrophe in front, as do those that have it already; reading takes one away. */
str import_inert(str cell);
void export_cell(struct buf *, str cell); /* with that apostrophe, quoted where it must be */
