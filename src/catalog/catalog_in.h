/* catalog_in: what the catalogue's own files share. */
#pragma once
#include "catalog/catalog.h"
#include "gen/queries.h"
#include "media/media.h"
#include "web/web.h"

#define NEW_FOR      (30 * DAY) /* a product is new so long */
#define PAGE         24         /* cards on a list; queries fetch one more */

/* ---- cards.c: offers -> cards ------------------------------------------------------------- */
/* `offers` are rows of the queries featured, list_new or offers; prices, names and pictures are read
 * where this worker has none of that edition. They are pieces (web.h). */
int cards_of(struct req *, const struct node *offers, size_t most, struct node **out);
/* The offers of rows with a product_id, as they come (it may stand in a batch), and in the order
 * of those rows. */
int offers_ask(struct ctx *, const struct node *found, struct node **offers);
struct node *offers_as_found(struct ctx *, const struct node *found, const struct node *offers);
/* {price, compare_at, left, in_stock, for_sale} from amount, compare_at, tracked, free. */
void variant_state(struct ctx *, struct node *out, const struct node *row);

/* ---- list.c: what a list was asked for, and what it answers ------------------------------ */
#define MAX_TAGS 12
#define MAX_ALT      512 /* letters of what a picture shows: as many as Shopify has */
#define MAX_PICTURES 24 /* of a product, but for what a file of the shop brings at once */
struct list_ask {
    str path; /* where its links go: /products, /categories/x, /search */
    str category, q, sort;
    str tags[MAX_TAGS]; /* "colour=black", sorted */
    size_t n_tags;
    str price_min, price_max; /* as typed, in major units */
    i64 low, high;            /* minor units */
    bool has_low, has_high, available, is_search;
    i64 after_k, after_id; /* the cursor */
    str after_t;
    bool is_later; /* not the first page */
};
int list_read(struct req *, struct list_ask *); /* from the request; E_MALFORMED: bad cursor */
int list_page(struct req *, const struct list_ask *); /* asks the database and replies */

/* ---- fewer.c --------------------------------------------------------------------------------- */
/* Of the rows of query facets as many as a page can show, each option's values in their order, with
 * a row {kind: more, n: values left out} behind those that are not all, and one {kind: groups}. */
struct node *facets_fewer(struct ctx *, const struct list_ask *, struct node *rows);

/* ---- page.c: handlers of single pages ---------------------------------------------------- */
int page_home(struct req *);
int page_product(struct req *);
/* {id, sku, options, values[]} and variant_state's, of a row of query variants; `options` are the
 * rows of query options, in the language it is for. */
void offer_of(struct ctx *, const struct node *options, const struct node *row, struct node *out);

/* ---- told.c ---------------------------------------------------------------------------------- */
/* `told` and `thing` beside `product`, for the page alone. */
void product_told(struct req *, struct node *document);

/* ---- live.c: open product pages ------------------------------------------------------------ */
/* Tells them what can be had of an item, at which price; item 0: of the whole product. */
int offers_push(struct ctx *, i64 product, str slug, i64 item);
/* Somebody is about to listen whose page nginx does not keep, nor the refresher know. */
void offers_looked_at(struct ctx *, i64 product);

/* ---- plain.c: JSON for the database, keys as they are ------------------------------------ */
str plain_json(struct ctx *, const struct node *);
/* Undeclared names of a query string: option codes are not known when routes are written.
 * Well-formed pairs only, at most MAX_TAGS, as "code=value". */
size_t query_tags(struct req *, const char *const *known, str *tags);
bool is_code(str);
/* Names in the addresses of lists that are no option's. */
extern const char *const list_names[];
bool is_reserved(str code);

/* ---- document.c: a product as its document, for the back office ---------------------------- */
struct product_rows {
    struct node *product, *texts, *categories, *options, *values, *variants, *prices, *pictures;
};
int product_read(struct ctx *, i64 organisation, str slug, struct product_rows *);
struct node *product_document(struct ctx *, const struct product_rows *);

/* ---- save.c -------------------------------------------------------------------------------- */
str catalog_made_sku(struct ctx *, str slug, const struct node *variant_options);
bool is_slug(str);
int product_is_newer(struct ctx *); /* fails: who saves it has read it before somebody else's change */

