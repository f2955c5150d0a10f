#include "catalog/catalog_in.h"

#define LIST_INPUTS                                                                                \
    { "price_min", LINE, 0, 20, false, NULL }, { "price_max", LINE, 0, 20, false, NULL },          \
        { "available", BOOL, 0, 0, false, NULL },                                                  \
        { "sort", CHOICE, 0, 0, false, "best|new|price_up|price_down|name" },                      \
    {                                                                                              \
        "after", LINE, 0, 1200, false, NULL                                                        \
    }

static const struct input all_in[] = { { "category", SLUG, 1, 80, false, NULL }, LIST_INPUTS,
    { 0 } };
static const struct input category_in[] = { { "slug", SLUG, 1, 80, true, NULL }, LIST_INPUTS,
    { 0 } };
static const struct input search_in[] = { { "q", LINE, 0, 100, false, NULL },
    { "category", SLUG, 1, 80, false, NULL }, LIST_INPUTS, { 0 } };
static const struct input product_in[] = { { "slug", SLUG, 1, 120, true, NULL }, { 0 } };

static int all(struct req *r)
{
    struct list_ask ask = { .path = S("/products"), .category = in_str(r, "category") };
    TRY(list_read(r, &ask));
    return list_page(r, &ask);
}

static int category(struct req *r)
{
    str slug = in_str(r, "slug");
    struct list_ask ask = { .path = str_fmt(r->c.mem, "/categories/%.*s", STR(slug)),
        .category = slug };
    TRY(list_read(r, &ask));
    return list_page(r, &ask);
}

static int search(struct req *r)
{
    struct list_ask ask = { .path = S("/search"),
        .category = in_str(r, "category"),
        .q = str_trim(in_str(r, "q")),
        .is_search = true };
    TRY(list_read(r, &ask));
    return list_page(r, &ask);
}

ROUTES(catalog){
    ROUTE(GET, "/", ANYONE, NULL, page_home, "catalog/home", RATE_PAGE, CACHED),
    ROUTE(GET, "/products", ANYONE, all_in, all, "catalog/list", RATE_PAGE, CACHED),
    ROUTE(GET, "/categories/{slug}", ANYONE, category_in, category, "catalog/list", RATE_PAGE,
        CACHED),
    ROUTE(GET, "/products/{slug}", ANYONE, product_in, page_product, "catalog/product", RATE_PAGE,
        CACHED),
    ROUTE(GET, "/search", ANYONE, search_in, search, "catalog/search", RATE_SEARCH, CACHED),
    END_OF_ROUTES,
};
