#include "catalog/catalog_in.h"
#include "work/work.h"

/* A product, a category or some stock has changed: pages that show it are made anew, and whoever
 * has the product's page open is told. Readers: product.changed, category.changed,
 * inventory.updated (subject: the item). */
static int refresh_one(struct ctx *c, const char *kind, i64 id, const struct job *job)
{
    str tags[] = { str_fmt(c->mem, "%s:%" PRId64, kind, id) };
    str cause = str_fmt(c->mem, "%.*s:%" PRId64, STR(job->key), id);
    return refresh_tags(c, tags, COUNT(tags), cause);
}

static int refresh_category(struct ctx *c, const struct job *job)
{
    TRY(refresh_one(c, "category", job->subject, job));
    return refresh_one(c, "category", 0, job);
}

static int refresh_product(struct ctx *c, const struct job *job)
{
    struct node *categories;
    TRY(q_catalog_shelves_of(c, &categories, job->subject));
    EACH(it, categories)
        TRY(refresh_one(c, "category", node_int(&it->node, "category_id"), job));
    return refresh_one(c, "product", job->subject, job);
}

/* What the open page needs of one variant: SKU and whether it can be had. */
static struct node *stock_event(struct ctx *c, const struct node *product, const struct job *job)
{
    struct node *event = node_map(c->mem);
    const struct node *data = node_get(job->data, S("data"));
    i64 left = node_int(data, "left");
    node_set_str(c->mem, event, S("product_id"),
        crypto_opaque(c->mem, c->app->secret, "product", node_int(product, "id")));
    node_set_str(c->mem, event, S("slug"), node_str(product, "slug"));
    node_set_str(c->mem, event, S("sku"), node_str(data, "sku"));
    node_set_bool(c->mem, event, S("in_stock"), left > 0);
    if (left <= SEVERAL_LEFT)
        node_set_int(c->mem, event, S("left"), left < 0 ? 0 : left);
    else
        node_set_null(c->mem, event, S("left"));
    return event;
}

/* Everybody's channel of one product; nginx serves it as /live/product/<id>.json. */
static int push_stock(struct ctx *c, const struct node *product, const struct job *job)
{
    struct node *event = stock_event(c, product, job);
    struct buf json = buf_new(c->mem, 4096);
    json_write(&json, event);
    return nodes_send(c,
        str_fmt(c->mem, "live/product/%.*s.json", STR(node_str(event, "product_id"))),
        S("inventory:updated"), buf_str(&json));
}

static int stock_changed(struct ctx *c, const struct job *job)
{
    struct node *products;
    TRY(q_catalog_of_item(c, &products, job->subject));
    EACH(it, products) { /* whoever is told asks for the page again: it must be new by then */
        str tag = str_fmt(c->mem, "product:%" PRId64, node_int(&it->node, "id"));
        TRY(refresh_now(c, &tag, 1,
            str_fmt(c->mem, "%.*s:%" PRId64, STR(job->key), node_int(&it->node, "id"))));
        TRY(push_stock(c, &it->node, job));
    }
    return E_OK;
}

JOBS(catalog){
    { "catalog.product", refresh_product },
    { "catalog.category", refresh_category },
    { "catalog.stock", stock_changed },
    END_OF_JOBS,
};
