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

/* How much of it there is, of its offer; all else of its face. */
static struct node *card(struct ctx *c, const struct node *offer, const struct node *face)
{
    struct arena *mem = c->mem;
    struct node *out = node_map(mem);
    bool priced = !node_is_null(face, "low"), endless = node_bool(offer, "endless");
    i64 low = node_int(face, "low"), high = node_int(face, "high");
    i64 free = node_int(offer, "free");
    node_set_str(mem, out, S("id"),
        crypto_opaque(mem, c->app->secret, "product", node_int(offer, "product_id")));
    node_set_str(mem, out, S("slug"), node_str(face, "slug"));
    node_set_str(mem, out, S("name"), node_str(face, "name"));
    node_set_str(mem, out, S("summary"), node_str(face, "summary"));
    node_set_str(mem, out, S("brand"), node_str(face, "brand"));
    set_or_null(mem, out, S("price"), priced, low);
    set_or_null(mem, out, S("price_max"), priced && high > low, high);
    set_or_null(
        mem, out, S("compare_at"), !node_is_null(face, "compare_at"), node_int(face, "compare_at"));
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
    return out;
}

/* Another number whenever the card is another one: its edition, what it says of the stock, and the
 * hour, since products do not stay new. */
static i64 state_of(const struct ctx *c, const struct node *offer)
{
    i64 left = node_int(offer, "free");
    bool endless = node_bool(offer, "endless");
    if (endless || left > SEVERAL_LEFT)
        left = SEVERAL_LEFT + 1;
    i64 says[] = { node_int(offer, "edition"), c->now / HOUR, endless, left };
    return (i64)str_hash((str){ (const char *)says, sizeof says });
}

/* Its prices are in the currency it was read for. */
static const struct node *face_kept(struct ctx *c, str where, const struct node *offer)
{
    return copy_of_row(c, "face", where, node_int(offer, "product_id"), node_int(offer, "edition"));
}

struct place { /* on the list */
    const struct node *offer, *face;
    struct node *shown; /* card or piece */
    i64 product, state;
};

/* Those that this worker has not, or not any more. */
static int read_faces(struct ctx *c, str where, struct place *places, size_t n)
{
    i64 *ids = NEWS(c->mem, i64, n + 1);
    size_t n_ids = 0;
    struct node *faces;
    for (struct place *p = places; p < places + n; p++)
        if (!p->shown && !(p->face = face_kept(c, where, p->offer)))
            ids[n_ids++] = p->product;
    if (!n_ids)
        return E_OK;
    TRY(q_catalog_faces(c, &faces, ids, n_ids, c->lang, c->currency));
    EACH(it, faces) {
        i64 product = node_int(&it->node, "product_id");
        for (struct place *p = places; p < places + n; p++) {
            if (p->product != product)
                continue;
            p->face = &it->node; /* of that edition, or of one that came since: then nobody asks */
            row_copied(c, "face", where, product, node_int(p->offer, "edition"), p->face);
        }
    }
    return E_OK;
}

int cards_of(struct req *r, const struct node *offers, size_t most, struct node **out)
{
    static const char partial[] = "part/card";
    struct ctx *c = &r->c;
    struct place *places = NEWS(c->mem, struct place, most + 1), *end = places;
    str where = str_fmt(c->mem, "%.*s:%.*s", STR(c->lang), STR(c->currency));
    EACH(it, offers) {
        if (end == places + most)
            break;
        end->offer = &it->node;
        end->product = node_int(&it->node, "product_id");
        end->state = state_of(c, &it->node);
        end->shown = piece_kept(r, partial, end->product, end->state);
        end++;
    }
    TRY(read_faces(c, where, places, (size_t)(end - places)));
    *out = node_list(c->mem);
    for (struct place *p = places; p < end; p++) {
        if (!p->shown && p->face)
            TRY(piece_made(
                r, partial, p->product, p->state, card(c, p->offer, p->face), &p->shown));
        if (p->shown) /* or it has left the shelf just now */
            node_add(c->mem, *out, p->shown);
    }
    return E_OK;
}

int offers_ask(struct ctx *c, const struct node *found, struct node **offers)
{
    i64 *ids = NEWS(c->mem, i64, node_count(found) + 1);
    size_t n = 0;
    EACH(it, found)
        ids[n++] = node_int(&it->node, "product_id");
    return q_catalog_offers(c, offers, ids, n);
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
