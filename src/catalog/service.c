#include "catalog/catalog_in.h"

static void for_cart(struct ctx *c, struct node *row)
{
    bool endless = !node_bool(row, "tracked");
    i64 free = node_int(row, "free");
    if (endless)
        node_set_null(c->mem, row, S("left"));
    else
        node_set_int(c->mem, row, S("left"), free > 0 ? free : 0);
    node_set_bool(c->mem, row, S("for_sale"),
        node_bool(row, "active") && !node_is_null(row, "price") && (endless || free > 0));
}

void catalog_dress_variants(struct ctx *c, struct node *rows)
{
    for (struct item *it = rows->as.items.first; it; it = it->next)
        for_cart(c, &it->node);
    media_dress(c, rows, "picture", 200);
}

int catalog_variants(struct ctx *c, const i64 *variants, size_t n, struct node **rows)
{
    TRY(q_catalog_by_ids(c, rows, variants, n, c->lang, c->currency));
    catalog_dress_variants(c, *rows);
    return E_OK;
}

int catalog_variant_by_sku(struct ctx *c, str sku, str product, i64 *variant)
{
    struct node *row;
    TRY(q_catalog_by_sku(c, &row, sku, product));
    *variant = node_int(row, "id");
    return E_OK;
}

/* ---- the menu -------------------------------------------------------------------------------- */

static struct node *children_of(
    struct ctx *c, const struct node *rows, const struct node *parent, int depth)
{
    struct node *list = node_list(c->mem);
    i64 id = parent ? node_int(parent, "id") : 0;
    EACH(it, rows) {
        const struct node *row = &it->node;
        if (node_int(row, "parent_id") != id)
            continue;
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("slug"), node_str(row, "slug"));
        node_set_str(c->mem, one, S("name"), node_str(row, "name"));
        node_set(c->mem, one, S("children"),
            depth ? children_of(c, rows, row, depth - 1) : node_list(c->mem));
    }
    return list;
}

static int make_menu(struct ctx *c, void *with, struct node **out)
{
    struct node *rows;
    (void)with;
    TRY(q_catalog_menu(c, &rows, c->lang));
    *out = children_of(c, rows, NULL, 2);
    return E_OK;
}

/* Every page shows the menu, and it hardly ever changes. */
int catalog_page(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    const struct node *menu;
    if (node_get(document, S("shelves")))
        return E_OK;
    node_hide(node_set_str(
        c->mem, document, S("shop_name"), conf_str(c->app->conf, "shop_name", S("Talat Market"))));
    TRY(kept_or_made(c, str_fmt(c->mem, "menu:%.*s", STR(c->lang)), make_menu, NULL, &menu));
    node_hide(node_set(c->mem, document, S("shelves"), (struct node *)(uintptr_t)menu));
    return E_OK;
}
