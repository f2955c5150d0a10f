#include "catalog/catalog_in.h"

/* The inverse of catalog_save: a product as its document, to be changed and saved again. The
 * rows it was made of are kept for the page that shows it. */
static struct node *by_lang(struct ctx *c, const struct node *texts, const char *column)
{
    struct node *map = node_map(c->mem);
    EACH(it, texts)
        node_set_str(c->mem, map, node_str(&it->node, "lang"), node_str(&it->node, column));
    return map;
}

static void options_in(struct ctx *c, const struct product_rows *p, struct node *doc)
{
    struct node *options = node_set_list(c->mem, doc, S("options"));
    EACH(o, p->options) {
        struct node *option = node_add_map(c->mem, options);
        node_set_str(c->mem, option, S("code"), node_str(&o->node, "code"));
        node_set(c->mem, option, S("name"), node_get(&o->node, S("names")));
        struct node *values = node_set_list(c->mem, option, S("values"));
        EACH(v, p->values) {
            if (node_int(&v->node, "option_id") != node_int(&o->node, "id"))
                continue;
            struct node *value = node_add_map(c->mem, values);
            node_set_str(c->mem, value, S("code"), node_str(&v->node, "code"));
            node_set(c->mem, value, S("name"), node_get(&v->node, S("names")));
        }
    }
}

static void prices_in(
    struct ctx *c, const struct product_rows *p, const struct node *row, struct node *variant)
{
    struct node *prices = node_set_map(c->mem, variant, S("prices"));
    struct node *was = node_set_map(c->mem, variant, S("compare_at"));
    EACH(it, p->prices) {
        if (node_int(&it->node, "variant_id") != node_int(row, "id"))
            continue;
        str currency = node_str(&it->node, "currency");
        node_set_int(c->mem, prices, currency, node_int(&it->node, "amount"));
        if (!node_is_null(&it->node, "compare_at"))
            node_set_int(c->mem, was, currency, node_int(&it->node, "compare_at"));
    }
}

/* In the order of the options, as catalog_save wants them. */
static void choices_in(
    struct ctx *c, const struct product_rows *p, const struct node *row, struct node *variant)
{
    struct node *chosen = node_set_map(c->mem, variant, S("options"));
    EACH(o, p->options)
        EACH(tag, node_get(row, S("tags"))) {
            str value = tag->node.as.text, code;
            if (str_cut(&value, '=', &code) && str_eq(code, node_str(&o->node, "code")))
                node_set_str(c->mem, chosen, node_str(&o->node, "code"), value);
        }
}

static void variants_in(struct ctx *c, const struct product_rows *p, struct node *doc)
{
    struct node *variants = node_set_list(c->mem, doc, S("variants"));
    EACH(it, p->variants) {
        struct node *variant = node_add_map(c->mem, variants);
        node_set_str(c->mem, variant, S("sku"), node_str(&it->node, "sku"));
        node_set_int(c->mem, variant, S("weight_g"), node_int(&it->node, "weight_g"));
        choices_in(c, p, &it->node, variant);
        prices_in(c, p, &it->node, variant);
    }
}

static void pictures_in(struct ctx *c, const struct product_rows *p, struct node *doc)
{
    struct node *pictures = node_set_list(c->mem, doc, S("pictures"));
    EACH(it, p->pictures) {
        struct node *picture = node_add_map(c->mem, pictures);
        node_set_int(c->mem, picture, S("picture"), node_int(&it->node, "picture"));
        node_set(c->mem, picture, S("alt"), node_get(&it->node, S("alts")));
        if (!node_is_null(&it->node, "option_code"))
            node_set_str(c->mem, node_set_map(c->mem, picture, S("option")),
                node_str(&it->node, "option_code"), node_str(&it->node, "value_code"));
    }
}

int product_read(struct ctx *c, i64 organisation, str slug, struct product_rows *p)
{
    pg_batch(c);
    q_catalog_staff_product(c, &p->product, organisation, slug);
    q_catalog_staff_texts(c, &p->texts, organisation, slug);
    q_catalog_staff_categories(c, &p->categories, organisation, slug, c->lang);
    q_catalog_staff_options(c, &p->options, organisation, slug);
    q_catalog_staff_values(c, &p->values, organisation, slug);
    q_catalog_staff_variants(c, &p->variants, organisation, slug);
    q_catalog_staff_prices(c, &p->prices, organisation, slug);
    q_catalog_staff_pictures(c, &p->pictures, organisation, slug);
    return pg_flush(c);
}

struct node *product_document(struct ctx *c, const struct product_rows *p)
{
    struct node *doc = node_map(c->mem);
    const struct node *row = p->product;
    node_set_str(c->mem, doc, S("slug"), node_str(row, "slug"));
    node_set_str(c->mem, doc, S("status"), node_str(row, "status"));
    node_set_str(c->mem, doc, S("brand"), node_str(row, "brand"));
    node_set_str(c->mem, doc, S("tax_class"), node_str(row, "tax_class"));
    node_set_bool(c->mem, doc, S("featured"), node_bool(row, "featured"));
    node_set_int(c->mem, doc, S("version"), node_int(row, "version"));
    node_set(c->mem, doc, S("name"), by_lang(c, p->texts, "name"));
    node_set(c->mem, doc, S("summary"), by_lang(c, p->texts, "summary"));
    node_set(c->mem, doc, S("description"), by_lang(c, p->texts, "description"));
    options_in(c, p, doc);
    variants_in(c, p, doc);
    pictures_in(c, p, doc);
    return doc;
}
