/* Placing an order: everything that was agreed, and the stock for it, in one transaction,
 * before any money moves. */
#include "orders/orders_in.h"
#include "cart/cart.h"
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include "work/work.h"

#define MOST_LINES   100
#define HOLD_MINUTES 15

when orders_hold_end(struct ctx *c)
{
    return c->now + conf_int(c->app->conf, "hold_minutes", HOLD_MINUTES) * MINUTE;
}

static str as_json(struct ctx *c, const struct node *value)
{
    struct buf out = buf_new(c->mem, 262144);
    json_store(&out, value);
    return buf_str(&out);
}

int orders_note(
    struct ctx *c, i64 order, const char *kind, const char *actor, i64 person, struct node *data)
{
    return q_orders_note(c, NULL, order, str_of(kind), str_of(actor), person ? &person : NULL,
        data ? as_json(c, data) : S("{}"));
}

int orders_tell(struct ctx *c, i64 order, const char *kind)
{
    struct node *organisations, *row;
    pg_batch(c);
    q_orders_organisations_of(c, &organisations, order);
    q_orders_read(c, &row, order, c->lang);
    TRY(pg_flush(c));
    EACH(item, organisations) {
        struct node *data = node_map(c->mem);
        node_set_str(c->mem, data, S("orderId"), node_str(row, "number"));
        node_set_str(c->mem, data, S("paymentStatus"), node_str(row, "payment_status"));
        node_set_str(c->mem, data, S("orderStatus"), node_str(row, "status"));
        TRY(outbox_tell(c, kind, node_int(&item->node, "organisation_id"), order, data));
    }
    return E_OK;
}

/* The totals of each organisation's share. */
struct share {
    i64 organisation, goods, tax, part;
};

static size_t share_out(const struct basket *b, struct share *shares)
{
    size_t n = 0, k;
    for (size_t i = 0; i < b->n; i++) {
        for (k = 0; k < n && shares[k].organisation != b->lines[i].organisation;)
            k++;
        if (k == n)
            shares[n++] = (struct share){ .organisation = b->lines[i].organisation };
        shares[k].goods += b->lines[i].total;
        shares[k].tax += b->lines[i].tax;
    }
    return n;
}

static int add_parts(struct ctx *c, i64 order, struct share *shares, size_t n)
{
    struct node *rows[MOST_LINES];
    pg_batch(c);
    for (size_t i = 0; i < n; i++)
        q_orders_add_part(
            c, &rows[i], order, shares[i].organisation, shares[i].goods, shares[i].tax);
    TRY(pg_flush(c));
    for (size_t i = 0; i < n; i++)
        shares[i].part = node_int(rows[i], "id");
    return E_OK;
}

static i64 part_of(const struct share *shares, size_t n, i64 organisation)
{
    for (size_t i = 0; i < n; i++)
        if (shares[i].organisation == organisation)
            return shares[i].part;
    return 0;
}

static int add_lines(
    struct ctx *c, i64 order, const struct placing *p, const struct share *shares, size_t n)
{
    i64 i = 0;
    pg_batch(c);
    EACH(item, p->lines) {
        const struct node *line = &item->node;
        const struct price_line *price = &p->basket->lines[i];
        i64 organisation = node_int(line, "organisation_id");
        q_orders_add_line(c, NULL, order, part_of(shares, n, organisation), organisation, i + 1,
            node_int(line, "product_id"), node_int(line, "variant_id"), node_int(line, "item_id"),
            node_str(line, "slug"), node_str(line, "sku"), node_str(line, "name"),
            node_str(line, "options"), node_str(node_get(line, S("picture")), "stem"),
            price->quantity, price->unit, price->total, price->rate_bp, price->tax);
        i++;
    }
    return pg_flush(c);
}

static int hold(struct ctx *c, i64 order, const struct placing *p, when until)
{
    struct inventory_want *wants = NEWS(c->mem, struct inventory_want, MOST_LINES);
    size_t n = 0;
    EACH(item, p->lines)
        wants[n++] = (struct inventory_want){ node_int(&item->node, "item_id"),
            node_int(&item->node, "quantity"), node_int(&item->node, "organisation_id"),
            node_str(&item->node, "sku") };
    return inventory_hold(c, order, wants, n, until);
}

static int add_order(struct ctx *c, i64 order, const struct placing *p, when until)
{
    /* Twelve letters of Crockford's alphabet: can be read out, cannot be guessed. */
    str code = str_upper(c->mem, crypto_code(c->mem, 12));
    str number = str_fmt(c->mem, "TL-%.*s-%.*s-%.*s", 4, code.p, 4, code.p + 4, 4, code.p + 8);
    return q_orders_add(c, NULL, order, number, p->cart, p->revision, p->person ? &p->person : NULL,
        p->email, p->name, p->phone, as_json(c, p->address), c->lang, c->currency, p->priced->goods,
        p->priced->delivery, p->priced->tax, p->priced->total, p->basket->tax_inclusive,
        p->basket->rounding == ROUND_PER_TOTAL ? S("per_total") : S("per_line"), p->delivery_method,
        as_json(c, p->delivery_names), as_json(c, p->priced->trace), until);
}

/* Asked for the house, because the buyer's scope cannot name an order it does not know yet. */
int orders_of_revision(struct ctx *c, i64 cart, i64 revision, i64 *order)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_orders_of_revision(c, &row, cart, revision);
    c->scope = before;
    *order = !err && row ? node_int(row, "id") : 0;
    return err;
}

int orders_answered(struct ctx *c, i64 cart, i64 person, i64 revision, i64 total, i64 *order)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_orders_answered(c, &row, cart, person, revision, total, c->currency);
    c->scope = before;
    *order = !err && row ? node_int(row, "id") : 0;
    return err;
}

/* To the cart these are not sold out as long as its own order holds them. */
static int keep_for_cart(struct ctx *c, const struct placing *p)
{
    i64 variants[MOST_LINES], quantities[MOST_LINES];
    size_t n = 0;
    EACH(item, p->lines) {
        variants[n] = node_int(&item->node, "variant_id");
        quantities[n++] = node_int(&item->node, "quantity");
    }
    return cart_keep(c, p->cart, variants, quantities, n);
}

struct attempt {
    const struct placing *placing;
    i64 order;
    bool is_new;
};

static int place(struct ctx *c, void *with)
{
    struct attempt *a = with;
    const struct placing *p = a->placing;
    struct share shares[MOST_LINES] = { 0 };
    struct node *row;
    i64 revision;
    when until = orders_hold_end(c);
    TRY(cart_lock(c, p->cart, &revision)); /* whoever comes second waits here, then finds it */
    TRY(orders_of_revision(c, p->cart, p->revision, &a->order));
    if (a->order)
        return E_OK;
    if (revision != p->revision)
        return fail(c, E_CONFLICT, "checkout.changed",
            "Your cart or a price has changed. Please look at the new total before you pay.");
    TRY(q_orders_next_id(c, &row));
    i64 order = c->scope.order = node_int(row, "id");
    size_t n = share_out(p->basket, shares);
    TRY(add_order(c, order, p, until));
    TRY(add_parts(c, order, shares, n));
    TRY(add_lines(c, order, p, shares, n));
    TRY(keep_for_cart(c, p));
    TRY(hold(c, order, p, until));
    TRY(orders_note(c, order, "placed", "buyer", p->person, NULL));
    TRY(orders_tell(c, order, "order.created"));
    a->order = order;
    a->is_new = true;
    return E_OK;
}

int orders_place(struct ctx *c, const struct placing *p, i64 *order)
{
    struct attempt a = { .placing = p };
    struct scope before = c->scope;
    if (!node_count(p->lines) || node_count(p->lines) > MOST_LINES)
        return fail(c, E_CONFLICT, "orders.empty", "Your cart is empty.");
    int err = pg_tx(c, place, &a);
    c->scope = before; /* without the order that was not made */
    TRY(err);
    *order = c->scope.order = a.order;
    metric_add(c->app, "orders_placed_total", a.is_new);
    return E_OK;
}
