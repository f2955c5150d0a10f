/* Buying in one go: the way through cart, address, delivery and order that the pages take, by a
 * cart that is made for this one order. */
#include "checkout/checkout_in.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include "catalog/catalog.h"
#include "gen/queries.h"
#include "io/io.h"
#include "orders/orders.h"
#include "shipping/shipping.h"

static const char *field(struct ctx *c, i64 item, const char *name)
{
    return str_c(c->mem, str_fmt(c->mem, "items.%" PRId64 ".%s", item, name));
}

/* A cart would take no more than that of one thing, and say nothing. */
static int check_sum(struct ctx *c, i64 n, i64 quantity, i64 *sum)
{
    *sum += quantity;
    return *sum <= CART_MOST_OF_ONE
        ? E_OK
        : fail_field(c, field(c, n, "quantity"), "An order has at most 999 of one thing.");
}

/* What there is of each variant by now. */
struct filling {
    i64 variants[MOST_ITEMS], sums[MOST_ITEMS];
    size_t n;
};

static i64 *sum_of(struct filling *f, i64 variant)
{
    size_t i = 0;
    while (i < f->n && f->variants[i] != variant)
        i++;
    if (i == f->n)
        f->variants[f->n++] = variant;
    return &f->sums[i];
}

static int put_in(struct ctx *c, i64 n, const struct node *item, struct filling *f)
{
    i64 variant, quantity = node_int(item, "quantity");
    int err = catalog_variant_by_sku(
        c, node_str(item, "sku"), node_str(item, "product"), &variant);
    if (!err && variant)
        TRY(check_sum(c, n, quantity, sum_of(f, variant)));
    if (!err && variant)
        err = cart_add_all(c, variant, quantity);
    if (!err && variant)
        return E_OK;
    if (err && str_is(c->fault.key, "cart.sold_out")) /* of several lines: which */
        return fail(c, E_CONFLICT, "cart.sold_out", "%.*s is sold out.",
            STR(node_str(item, "sku")));
    if (!err || err == E_MISSING) {
        fault_clear(c);
        return fail_field(c, field(c, n, "sku"), "This product is no longer available.");
    }
    return err;
}

static int fill_cart(struct ctx *c, const struct node *items)
{
    struct filling filling = { .n = 0 };
    i64 n = 0;
    assert(node_count(items) <= MOST_ITEMS);
    EACH(item, items)
        TRY(put_in(c, n++, &item->node, &filling));
    return E_OK;
}

static int too_few(struct ctx *c, const struct gathered *g)
{
    EACH(item, node_get(g->cart, S("lines")))
        if (str_is(node_str(&item->node, "problem"), "short"))
            return fail(c, E_CONFLICT, "inventory.short", "Only %" PRId64 " of %.*s left.",
                node_int(&item->node, "left"), STR(node_str(&item->node, "sku")));
    return fail(c, E_CONFLICT, "checkout.blocked",
        "Something in your cart is sold out or can no longer be bought as it is. Please look "
        "at your cart.");
}

static int check_country(struct ctx *c, str code)
{
    struct node *countries;
    TRY(pricing_countries(c, &countries));
    EACH(item, countries)
        if (str_eq(node_str(&item->node, "code"), code))
            return E_OK;
    return fail_field(c, "address.country", "We do not deliver to that country yet.");
}

/* Where the seller is: what an order without an address is reckoned for. */
static int house_country(struct ctx *c, const struct gathered *g, str *country)
{
    struct node *house;
    TRY(auth_organisation(c, g->basket.lines[0].organisation, &house));
    *country = node_str(house, "country");
    return E_OK;
}

struct draft {
    str name, phone, method;
    struct node *address;
};

/* What was given; else what this person's last order says; else only the country. */
static int make_draft(
    struct ctx *c, const struct wish *w, const struct gathered *g, struct draft *d)
{
    static const char *const fields[] = { "line1", "line2", "city", "region", "postcode",
        "country" };
    struct node *last;
    str country;
    TRY(q_checkout_last_used(c, &last, w->person));
    if (last)
        TRY(orders_unseal(c, last));
    if (node_bool(last, "is_closed"))
        last = NULL;
    const struct node *from = w->address ? w->address : last ? node_get(last, S("address")) : NULL;
    const struct node *said = w->address ? w->address : last;
    str name = node_str(said, "name");
    *d = (struct draft){ .name = name.n ? name : w->name,
        .phone = node_str(said, "phone"),
        .address = node_map(c->mem),
        .method = w->delivery_method.n ? w->delivery_method : node_str(last, "delivery_method") };
    country = str_upper(c->mem, node_str(from, "country")); /* as the pages' forms take it */
    if (from)
        TRY(check_country(c, country)); /* it may not be sold there any more */
    else
        TRY(house_country(c, g, &country));
    for (size_t i = 0; i < COUNT(fields); i++)
        node_set_str(c->mem, d->address, str_of(fields[i]), node_str(from, fields[i]));
    node_set_str(c->mem, d->address, S("country"), country);
    return E_OK;
}

/* The one that was asked for must be offered there; one that nobody asked for is the first. */
static int choose_method(
    struct ctx *c, const struct wish *w, const struct node *cart, struct draft *d)
{
    struct node *methods;
    TRY(shipping_methods(c, node_str(d->address, "country"), node_int(cart, "goods"),
        checkout_grams(cart), &methods));
    EACH(item, methods)
        if (str_eq(node_str(&item->node, "code"), d->method))
            return E_OK;
    const struct item *first = node_first(methods);
    if (!first)
        return fail(c, E_CONFLICT, "shipping.none", "We do not deliver to that country yet.");
    if (w->delivery_method.n)
        return fail_field(c, "deliveryMethod", "Please choose how it should be delivered.");
    d->method = node_str(&first->node, "code");
    return E_OK;
}

static int buy(struct ctx *c, const struct wish *w, i64 *order)
{
    struct gathered g = { 0 };
    struct orders_placed placed;
    struct draft d;
    TRY(fill_cart(c, w->items));
    TRY(checkout_gather(c, &g));
    if (node_bool(g.cart, "is_blocked") || !g.basket.n)
        return too_few(c, &g);
    /* Whose last order it was is asked as that person; the cart is nobody's until it is paid. */
    i64 cart = c->scope.cart;
    c->scope = (struct scope){ .person = w->person };
    TRY(make_draft(c, w, &g, &d));
    c->scope = (struct scope){ .cart = cart };
    TRY(choose_method(c, w, g.cart, &d));
    TRY(checkout_save_address(c, cart, w->email, d.name, d.phone, d.address));
    TRY(checkout_save_delivery(c, cart, d.method));
    g = (struct gathered){ 0 };
    TRY(checkout_gather(c, &g));
    TRY(checkout_costs(c, &g));
    TRY(checkout_order(c, &g, w->person, 0, false, &placed));
    TRY(q_checkout_drop(c, NULL, cart)); /* nobody comes back to it */
    *order = placed.id;
    return E_OK;
}

int checkout_buy(struct ctx *c, const struct wish *w, i64 *order)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ 0 };
    int err = buy(c, w, order);
    c->scope = before;
    if (!err)
        c->scope.order = *order;
    return err;
}
