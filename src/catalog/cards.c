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

/* What it costs and whether it is there, of its offer; all else of its face. */
static void card(struct ctx *c, struct node *out, const struct node *offer, const struct node *face)
{
    struct arena *mem = c->mem;
    bool priced = !node_is_null(offer, "low"), endless = node_bool(offer, "endless");
    i64 low = node_int(offer, "low"), high = node_int(offer, "high");
    i64 free = node_int(offer, "free");
    node_set_str(mem, out, S("id"),
        crypto_opaque(mem, c->app->secret, "product", node_int(offer, "product_id")));
    node_set_str(mem, out, S("slug"), node_str(face, "slug"));
    node_set_str(mem, out, S("name"), node_str(face, "name"));
    node_set_str(mem, out, S("summary"), node_str(face, "summary"));
    node_set_str(mem, out, S("brand"), node_str(face, "brand"));
    set_or_null(mem, out, S("price"), priced, low);
    set_or_null(mem, out, S("price_max"), priced && high > low, high);
    set_or_null(mem, out, S("compare_at"), !node_is_null(offer, "compare_at"),
        node_int(offer, "compare_at"));
    node_set_str(mem, out, S("currency"), c->currency);
    stock_state(mem, out, endless, free);
    node_set_bool(mem, out, S("for_sale"), priced && (endless || free > 0));
    if (node_is_null(face, "sku"))
        node_set_null(mem, out, S("sku"));
    else
        node_set_str(mem, out, S("sku"), node_str(face, "sku"));
    struct node *picture = media_picture(c, face, 400);
    if (picture)
        node_set(mem, out, S("picture"), picture);
    else
        node_set_null(mem, out, S("picture"));
    node_set_bool(mem, out, S("is_new"), -node_int(face, "newness") > c->now - NEW_FOR);
    node_set_bool(mem, out, S("has_options"), node_bool(face, "has_options"));
}

static const struct node *face_kept(struct ctx *c, const struct node *offer)
{
    return copy_of_row(
        c, "face", c->lang, node_int(offer, "product_id"), node_int(offer, "edition"));
}

/* Those that this worker has not, or not any more. */
static int read_faces(struct ctx *c, const struct node *offers, struct node **faces)
{
    i64 *ids = NEWS(c->mem, i64, node_count(offers) + 1);
    size_t n = 0;
    *faces = NULL;
    EACH(it, offers)
        if (!face_kept(c, &it->node))
            ids[n++] = node_int(&it->node, "product_id");
    if (!n)
        return E_OK;
    TRY(q_catalog_faces(c, faces, ids, n, c->lang));
    return E_OK;
}

static const struct node *face_of(const struct node *faces, i64 product)
{
    EACH(it, faces)
        if (node_int(&it->node, "product_id") == product)
            return &it->node;
    return NULL;
}

int cards_of(struct ctx *c, const struct node *offers, size_t most, struct node **out)
{
    struct node *faces;
    *out = node_list(c->mem);
    TRY(read_faces(c, offers, &faces));
    EACH(it, offers) {
        if (node_count(*out) == most)
            break;
        const struct node *face = face_of(faces, node_int(&it->node, "product_id"));
        face = face ? face : face_kept(c, &it->node);
        if (face) /* or it has left the shelf just now */
            card(c, node_add_map(c->mem, *out), &it->node, face);
    }
    EACH(it, faces)
        row_copied(c, "face", c->lang, node_int(&it->node, "product_id"),
            node_int(&it->node, "edition"), &it->node);
    return E_OK;
}

int offers_ask(struct ctx *c, const struct node *found, struct node **offers)
{
    i64 *ids = NEWS(c->mem, i64, node_count(found) + 1);
    size_t n = 0;
    EACH(it, found)
        ids[n++] = node_int(&it->node, "product_id");
    return q_catalog_offers(c, offers, ids, n, c->currency);
}

struct node *offers_as_found(struct ctx *c, const struct node *found, const struct node *offers)
{
    struct node *list = node_list(c->mem);
    EACH(one, found)
        EACH(it, offers)
            if (node_int(&it->node, "product_id") == node_int(&one->node, "product_id"))
                node_add(c->mem, list, (struct node *)&it->node);
    return list;
}
