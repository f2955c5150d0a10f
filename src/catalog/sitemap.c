/* sitemap.c: the addresses that search engines are to know. In each language the first pages and the
 * categories, and the products in parts, by the range of their ids: whatever there are, a part is
 * a few thousand neighbours in one index. It all stands at one address, since a map speaks only
 * for what lies beside and below it. */
#include "catalog/catalog_in.h"

enum {
    WIDTH = 5000,      /* ids of a part: about 800 KB, of which search engines take 50 MB */
    KEPT_S = 3600,
    MAP_MOST = 8 << 20
};

static const struct input sitemap_in[] = {
    { "lang", CHOICE, 0, 0, false, "en|th|vi" },
    { "part", INT, 0, INT32_MAX, false, NULL },
    { 0 },
};

static struct buf begin(struct ctx *c, const char *list)
{
    struct buf out = buf_new(c->mem, MAP_MOST);
    buf_fmt(&out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<%s xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        list);
    return out;
}

static int end(struct req *r, struct buf *out, const char *list)
{
    buf_fmt(out, "</%s>\n", list);
    cache_for(r, KEPT_S);
    return reply_buf(r, 200, S("application/xml; charset=utf-8"), out);
}

static void part_at(struct ctx *c, struct buf *out, const char *lang, const i64 *part)
{
    buf_add(out, S("<sitemap><loc>"));
    escape_html(out, c->app->base_url);
    buf_fmt(out, "/sitemap.xml?lang=%s", lang);
    if (part)
        buf_fmt(out, "&amp;part=%" PRId64, *part);
    buf_add(out, S("</loc></sitemap>\n"));
}

static int index_of_all(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *parts;
    struct buf out = begin(c, "sitemapindex");
    TRY(q_catalog_sitemap_parts(c, &parts, WIDTH));
    for (const struct language *l = web_languages; l->code; l++) {
        part_at(c, &out, l->code, NULL);
        EACH(it, parts) {
            i64 n = node_int(&it->node, "part");
            part_at(c, &out, l->code, &n);
        }
    }
    return end(r, &out, "sitemapindex");
}

/* `path` is ours: no letter of it needs an escape. */
static void url_at(struct req *r, struct buf *out, str path, str changed)
{
    struct ctx *c = &r->c;
    str lang = in_str(r, "lang");
    buf_add(out, S("<url><loc>"));
    escape_html(out, c->app->base_url);
    if (!str_eq(lang, c->app->language))
        buf_fmt(out, "/%.*s", STR(lang));
    if (!str_is(path, "/") || str_eq(lang, c->app->language))
        buf_add(out, path);
    buf_add(out, S("</loc>"));
    if (changed.n >= 10) /* the day will do */
        buf_fmt(out, "<lastmod>%.10s</lastmod>", changed.p);
    buf_add(out, S("</url>\n"));
}

static int pages(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *categories;
    struct buf out = begin(c, "urlset");
    TRY(q_catalog_sitemap_categories(c, &categories));
    url_at(r, &out, S("/"), str_none);
    url_at(r, &out, S("/products"), str_none);
    EACH(it, categories)
        url_at(r, &out, str_fmt(c->mem, "/categories/%.*s", STR(node_str(&it->node, "slug"))), str_none);
    return end(r, &out, "urlset");
}

static int products(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows;
    i64 from = in_int(r, "part") * WIDTH;
    struct buf out = begin(c, "urlset");
    TRY(q_catalog_sitemap_products(c, &rows, from, from + WIDTH));
    if (!node_count(rows))
        return fail(c, E_MISSING, "catalog.sitemap", "There is no such part.");
    EACH(it, rows)
        url_at(r, &out, str_fmt(c->mem, "/products/%.*s", STR(node_str(&it->node, "slug"))),
            node_str(&it->node, "updated_at"));
    return end(r, &out, "urlset");
}

static int sitemap(struct req *r)
{
    if (!in_has(r, "lang"))
        return in_has(r, "part")
            ? fail(&r->c, E_MISSING, "catalog.sitemap", "There is no such part.")
            : index_of_all(r);
    return in_has(r, "part") ? products(r) : pages(r);
}

ROUTES(catalog_sitemap){
    ROUTE(GET, "/sitemap.xml", ANYONE, sitemap_in, sitemap, NULL, RATE_PAGE, CACHED | BARE),
    END_OF_ROUTES,
};
