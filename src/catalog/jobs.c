#include "catalog/catalog_in.h"
#include "work/work.h"

/* A product, a category or some stock has changed: pages that show it are made anew, and whoever
 * has the product's page open is told. Readers: product.changed, category.changed,
 * inventory.updated (subject: the item). */

static str category_tag(struct ctx *c, i64 id) { return str_fmt(c->mem, "category:%" PRId64, id); }

/* Pages of products only name it ("named"): nothing that happens to another product is on them. The
 * name they take from what workers keep, so their turn comes when nobody keeps the old one. */
static int refresh_category(struct ctx *c, const struct job *job)
{
    str tags[] = { category_tag(c, job->subject), category_tag(c, 0) };
    str named = str_fmt(c->mem, "named:%" PRId64, job->subject);
    TRY(refresh_tags(c, tags, COUNT(tags), job->key));
    return refresh_settled(c, &named, 1, str_fmt(c->mem, "%.*s:named", STR(job->key)));
}

/* The menu is on all pages. Those of products are kept for an hour and bear their shop's tag; all
 * others are kept for a minute. */
enum { SHOPS_A_JOB = 1000 }; /* what stands beside a job has a bound */

static int refresh_menu(struct ctx *c, const struct job *job)
{
    struct node *shops, *tags = node_list(c->mem);
    int parts = 0;
    (void)job;
    TRY(q_catalog_shops(c, &shops));
    EACH(it, shops) {
        node_add_str(
            c->mem, tags, str_fmt(c->mem, "organisation:%" PRId64, node_int(&it->node, "id")));
        if (node_count(tags) < SHOPS_A_JOB && it->next)
            continue;
        TRY(refresh_slowly(c, tags, str_fmt(c->mem, "menu%d", parts++)));
        tags = node_list(c->mem);
    }
    return E_OK;
}

static int refresh_product(struct ctx *c, const struct job *job)
{
    struct node *categories;
    TRY(q_catalog_shelves_of(c, &categories, job->subject));
    str *tags = NEWS(c->mem, str, node_count(categories) + 1);
    size_t n = 0;
    tags[n++] = str_fmt(c->mem, "product:%" PRId64, job->subject);
    EACH(it, categories)
        tags[n++] = category_tag(c, node_int(&it->node, "category_id"));
    TRY(refresh_tags(c, tags, n, job->key));
    const struct node *data = node_get(job->data, S("data"));
    return node_bool(data, "isNew") ? E_OK /* nobody looks at it yet */
                                    : offers_push(c, job->subject, node_str(data, "slug"), 0);
}

/* Whoever is told may ask for the page again: it must be new by then. Where plenty was left and is
 * left no page says another thing than before, and no list: of that bin/features.c makes no job,
 * and an offer's count is left where it is until few are left. */
static int stock_changed(struct ctx *c, const struct job *job)
{
    struct node *products;
    pg_batch(c);
    q_catalog_restock(c, NULL, job->subject);
    q_catalog_of_item(c, &products, job->subject);
    TRY(pg_flush(c));
    EACH(it, products) {
        i64 id = node_int(&it->node, "id");
        str tag = str_fmt(c->mem, "product:%" PRId64, id);
        TRY(refresh_now(c, &tag, 1, str_fmt(c->mem, "%.*s:%" PRId64, STR(job->key), id)));
        TRY(offers_push(c, id, node_str(&it->node, "slug"), job->subject));
    }
    return E_OK;
}

JOBS(catalog){
    { "catalog.product", refresh_product, .rank = RANK_PAGES, .is_quick = true },
    { "catalog.category", refresh_category, .rank = RANK_PAGES, .is_quick = true },
    { "catalog.menu", refresh_menu, .rank = RANK_PAGES, .is_quick = true },
    { "catalog.stock", stock_changed, .rank = RANK_PAGES, .is_quick = true },
    END_OF_JOBS,
};
