#include "catalog/catalog_in.h"
#include "inventory/inventory.h"

static void set_or_null(struct arena *mem, struct node *out, str key, bool is, i64 value)
{
    if (is)
        node_set_int(mem, out, key, value);
    else
        node_set_null(mem, out, key);
}

/* How many are left is said when few are; the exact stock of the rest is nobody's business. */
static void stock_state(struct arena *mem, struct node *out, bool endless, i64 free)
{
    node_set_bool(mem, out, S("in_stock"), endless || free > 0);
    set_or_null(mem, out, S("left"), !endless && free <= SEVERAL_LEFT, free < 0 ? 0 : free);
}

void variant_state(struct ctx *c, struct node *out, const struct node *row)
{
    bool priced = !node_is_null(row, "amount"), endless = !node_bool(row, "tracked");
    i64 free = node_int(row, "free");
    set_or_null(c->mem, out, S("price"), priced, node_int(row, "amount"));
    set_or_null(c->mem, out, S("compare_at"), !node_is_null(row, "compare_at"),
        node_int(row, "compare_at"));
    node_set_str(c->mem, out, S("currency"), c->currency);
    stock_state(c->mem, out, endless, free);
    node_set_bool(c->mem, out, S("for_sale"), priced && (endless || free > 0));
}

static void card(struct ctx *c, struct node *out, const struct node *row)
{
    struct arena *mem = c->mem;
    bool priced = !node_is_null(row, "low"), endless = node_bool(row, "endless");
    i64 low = node_int(row, "low"), high = node_int(row, "high"), free = node_int(row, "free");
    node_set_str(mem, out, S("id"),
        crypto_opaque(mem, c->app->secret, "product", node_int(row, "product_id")));
    node_set_str(mem, out, S("slug"), node_str(row, "slug"));
    node_set_str(mem, out, S("name"), node_str(row, "name"));
    node_set_str(mem, out, S("summary"), node_str(row, "summary"));
    node_set_str(mem, out, S("brand"), node_str(row, "brand"));
    set_or_null(mem, out, S("price"), priced, low);
    set_or_null(mem, out, S("price_max"), priced && high > low, high);
    set_or_null(
        mem, out, S("compare_at"), !node_is_null(row, "compare_at"), node_int(row, "compare_at"));
    node_set_str(mem, out, S("currency"), c->currency);
    stock_state(mem, out, endless, free);
    node_set_bool(mem, out, S("for_sale"), priced && (endless || free > 0));
    if (node_is_null(row, "sku"))
        node_set_null(mem, out, S("sku"));
    else
        node_set_str(mem, out, S("sku"), node_str(row, "sku"));
    struct node *picture = media_picture(c, row, 400);
    if (picture)
        node_set(mem, out, S("picture"), picture);
    else
        node_set_null(mem, out, S("picture"));
    node_set_bool(mem, out, S("is_new"), -node_int(row, "newness") > c->now - NEW_FOR);
    node_set_bool(mem, out, S("has_options"), node_bool(row, "has_options"));
}

struct node *cards_of(struct ctx *c, const struct node *rows, size_t most)
{
    struct node *out = node_list(c->mem);
    EACH(it, rows) {
        if (node_count(out) == most)
            break;
        card(c, node_add_map(c->mem, out), &it->node);
    }
    return out;
}
