/* told.c: what search engines are told of a product: a line or two of words, and its name, picture,
 * price and stock in the words of schema.org (JSON-LD). A block of data in the page is no script:
 * the policy of the page has no say in it. It is made with the page, and made anew with it. */
#include "catalog/catalog_in.h"

enum { WORDS_MOST = 200 }; /* bytes; more is not shown by anybody */

/* A beginning of it that ends with a word, or at least with a letter. */
static str beginning(struct arena *mem, str text)
{
    size_t end = 0, word = 0;
    for (size_t step; end < text.n && (step = str_utf8_step(str_from(text, end))); end += step) {
        if (end + step > WORDS_MOST)
            return str_fmt(mem, "%.*s…", (int)(word > WORDS_MOST / 2 ? word : end), text.p);
        if (text.p[end] == ' ')
            word = end;
    }
    return text;
}

static str words_of(struct ctx *c, const struct node *product)
{
    str summary = node_str(product, "summary");
    const struct item *first = node_first(node_get(product, S("description_paragraphs")));
    return beginning(c->mem, summary.n ? summary : first ? node_str(&first->node, "text") : str_none);
}

struct range {
    i64 low, high, n;
    bool for_sale;
};

static struct range range_of(const struct node *variants)
{
    struct range x = { 0 };
    EACH(it, variants) {
        const struct node *v = &it->node;
        if (node_is_null(v, "price"))
            continue;
        i64 price = node_int(v, "price");
        x.low = x.n && x.low < price ? x.low : price;
        x.high = x.n && x.high > price ? x.high : price;
        x.for_sale |= node_bool(v, "for_sale");
        x.n++;
    }
    return x;
}

static void price(struct ctx *c, struct node *offer, const char *key, i64 amount)
{
    str text = money_plain(c->mem, amount, money_exponent(c->currency));
    node_set_str(c->mem, offer, str_of(key), text);
}

/* One figure, or from and to. */
static void add_offer(struct ctx *c, struct node *thing, const struct range *x, str url)
{
    struct node *offer = node_set_map(c->mem, thing, S("offers"));
    bool is_one = x->low == x->high;
    node_set_str(c->mem, offer, S("@type"), is_one ? S("Offer") : S("AggregateOffer"));
    if (is_one) {
        price(c, offer, "price", x->low);
    } else {
        price(c, offer, "lowPrice", x->low);
        price(c, offer, "highPrice", x->high);
        node_set_int(c->mem, offer, S("offerCount"), x->n);
    }
    node_set_str(c->mem, offer, S("priceCurrency"), c->currency);
    node_set_str(c->mem, offer, S("availability"),
        x->for_sale ? S("https://schema.org/InStock") : S("https://schema.org/OutOfStock"));
    node_set_str(c->mem, offer, S("url"), url);
}

static str absolute(struct req *r, str path)
{
    return str_fmt(r->c.mem, "%.*s%.*s", STR(r->c.app->base_url), STR(path));
}

static void add_thing(struct req *r, const struct node *product, str words, struct node *thing)
{
    struct ctx *c = &r->c;
    const struct node *variants = node_get(product, S("variants"));
    const struct item *picture = node_first(node_get(product, S("pictures")));
    struct range x = range_of(variants);
    str slug = node_str(product, "slug"), brand = node_str(product, "brand");
    str prefix = str_eq(c->lang, c->app->language) ? S("") : str_fmt(c->mem, "/%.*s", STR(c->lang));
    str path = str_fmt(c->mem, "%.*s/products/%.*s", STR(prefix), STR(slug));
    node_set_str(c->mem, thing, S("@context"), S("https://schema.org"));
    node_set_str(c->mem, thing, S("@type"), S("Product"));
    node_set_str(c->mem, thing, S("name"), node_str(product, "name"));
    if (words.n)
        node_set_str(c->mem, thing, S("description"), words);
    if (picture)
        node_set_str(c->mem, thing, S("image"), absolute(r, node_str(&picture->node, "src")));
    if (node_count(variants) == 1)
        node_set_str(c->mem, thing, S("sku"), node_str(&variants->as.items.first->node, "sku"));
    if (brand.n) {
        struct node *maker = node_set_map(c->mem, thing, S("brand"));
        node_set_str(c->mem, maker, S("@type"), S("Brand"));
        node_set_str(c->mem, maker, S("name"), brand);
    }
    if (x.n)
        add_offer(c, thing, &x, absolute(r, path));
}

void product_told(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    const struct node *product = node_get(document, S("product"));
    str words = words_of(c, product);
    node_hide(node_set_str(c->mem, document, S("told"), words));
    add_thing(r, product, words, node_hide(node_set_map(c->mem, document, S("thing"))));
}
