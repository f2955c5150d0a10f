/* admin_in: what the back office's product screens share. */
#pragma once
#include "catalog/catalog_in.h"

/* What is said of a product is said in these. */
enum { N_LANGS = 3 };
extern const struct edit_language {
    const char *code, *name;
} LANGS[N_LANGS];

/* A form has at most 200 fields: these are left for the grid, beside texts and categories. */
enum { GRID_MOST = 15, GRID_FIELDS = 160 };
i64 grid_rows(const struct ctx *); /* variants on one page of it, by the number of currencies */

/* What a form sent, or the same in JSON, undeclared names too: the grid's depend on variants and currencies. */
struct typed {
    struct node *fields;     /* name -> text; NULL: nothing was typed */
    struct node *categories; /* slugs that were ticked */
    bool is_json;            /* a program's: what it leaves out stays as it is */
    bool says_featured, says_categories; /* "no" and "none" are said, too */
};
int typed_read(struct req *, struct typed *);
bool typed_has(const struct typed *, const char *name);
str typed_str(const struct typed *, const char *name); /* trimmed; "" when it was not sent */
str grid_name(struct ctx *, const char *what, i64 n, str currency); /* "price_3_THB" */

/* Which row of the form was this SKU's: -1 none, `n` where the form names no SKUs ("item_3"). */
i64 typed_row(const struct typed *, const char *what, str sku, i64 n);

/* Letters of a summary and of a description; Thai ones have three bytes. */
enum { MOST_SUMMARY = 1000, MOST_DESCRIPTION = 20000 };
/* The form's words into the product's document; E_INPUT with messages by field. */
int typed_apply(struct req *, const struct typed *, struct node *doc, i64 first);
struct node *by_code(const struct node *list, str code); /* of options or values; NULL: none */
/* More values for an option, or a new one, and the variants they make possible. */
int typed_options(struct req *, struct node *doc);

/* ---- admin_names.c ------------------------------------------------------------------------- */
enum { MOST_NAME = 400, MOST_SENT = 200 }; /* letters of a name; values in one request */
/* `options` of the page, with what was typed of their names. */
void options_shown(struct req *, const struct node *doc, struct node *page);
/* Other names for an option and its values; E_CONFLICT when the product was read before a change. */
int typed_names(struct req *, struct node *doc);
/* The product without an option of which all variants have the same value. */
int without_option(struct req *, struct node *doc);
enum { MOST_DETAIL = 1000, MOST_DETAILS = 100 }; /* letters of what one says; of a product */
/* `details` of the page. They are kept as `specs`: [{name: {en..}, value: {en..}}]. */
void details_shown(struct req *, str slug, const struct node *details, struct node *page);
int typed_details(struct req *, struct node *doc, const struct node *old); /* `specs` of doc */

/* ---- admin_stock.c ---------------------------------------------------------------------------
 */
int admin_set_stock(struct req *);

/* ---- admin_routes.c --------------------------------------------------------------------------
 */
int admin_find(struct req *, struct product_rows *); /* of the staff's own organisation */

/* What is wrong with that field, as text under `key`. */
void field_error(struct ctx *, struct node *out, const char *key, str field);
str name_in(struct ctx *, const struct node *names); /* in the reader's language */
void pages_of(struct ctx *, str url, i64 first, i64 rows, i64 total, struct node *list);
/* The edit page: rows NULL for a new product, typed NULL for what is stored. */
struct node *admin_page(struct req *, const struct product_rows *, const struct typed *, i64 first);
