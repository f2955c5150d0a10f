#include "checkout/checkout_in.h"
#include "account/account.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include "gen/queries.h"
#include "io/io.h"
#include "orders/orders.h"
#include "shipping/shipping.h"
#include "vault/vault.h"
#include "web/web.h"

static const char *const address_fields[] = { "line1", "line2", "city", "region", "postcode",
    "country" };

static bool is_complete(const struct node *draft)
{
    const struct node *address = node_get(draft, S("address"));
    return node_str(draft, "email").n && node_str(draft, "name").n &&
        node_str(address, "line1").n && node_str(address, "city").n &&
        node_str(address, "country").n;
}

/* keeper: the person; 0: a guest's, which the house keeps. */
static struct vault_place place_of(i64 cart, i64 keeper)
{
    return (struct vault_place){ "checkout.draft.sealed", cart, keeper ? VAULT_PERSON : VAULT_HOUSE,
        keeper, keeper != 0 };
}

/* What cannot be read any more is typed again. */
static int open_street(struct ctx *c, struct node *draft)
{
    struct vault_place at = place_of(node_int(draft, "id"), node_int(draft, "keeper"));
    bool closed;
    node_hide(node_get(draft, S("id")));
    node_hide(node_get(draft, S("keeper")));
    return account_open_street(c, &at, draft, node_get(draft, S("address")), &closed);
}

static int fill_draft(struct ctx *c, struct node **draft)
{
    if (*draft) {
        TRY(open_street(c, *draft));
    } else {
        *draft = node_map(c->mem);
        node_set_str(c->mem, *draft, S("email"), str_none);
        node_set_str(c->mem, *draft, S("name"), str_none);
        node_set_str(c->mem, *draft, S("phone"), str_none);
        node_set_str(c->mem, *draft, S("delivery_method"), str_none);
        node_set_map(c->mem, *draft, S("address"));
    }
    struct node *address = node_get(*draft, S("address"));
    for (size_t i = 0; i < COUNT(address_fields); i++)
        if (!node_get(address, str_of(address_fields[i])))
            node_set_str(c->mem, address, str_of(address_fields[i]), str_none);
    account_address_lines(c, address);
    return E_OK;
}

static void choose(struct ctx *c, struct gathered *g)
{
    str code = node_str(g->draft, "delivery_method");
    g->delivery = NULL;
    EACH(item, g->methods) {
        struct node *method = (struct node *)&item->node;
        bool is_chosen = str_eq(node_str(method, "code"), code);
        node_set_bool(c->mem, method, S("is_chosen"), is_chosen);
        g->delivery = is_chosen ? method : g->delivery;
    }
}

static void fill_basket(struct ctx *c, const struct node *cart, struct basket *b)
{
    const struct node *lines = node_get(cart, S("lines"));
    *b = (struct basket){ .currency = c->currency };
    b->lines = NEWS(c->mem, struct price_line, node_count(lines) + 1);
    EACH(item, lines) {
        const struct node *line = &item->node;
        str problem = node_str(line, "problem");
        if (str_is(problem, "gone") || str_is(problem, "not_for_sale"))
            continue; /* such a cart cannot be ordered; what can be bought is reckoned */
        b->lines[b->n++] = (struct price_line){ .unit = node_int(line, "unit_price"),
            .quantity = node_int(line, "quantity"),
            .organisation = node_int(line, "organisation_id"),
            .sku = node_str(line, "sku"),
            .tax_class = node_str(line, "tax_class") };
    }
}

i64 checkout_grams(const struct node *cart)
{
    i64 grams = 0;
    EACH(item, node_get(cart, S("lines")))
        grams += node_int(&item->node, "weight_g") * node_int(&item->node, "quantity");
    return grams;
}

static int read_cart(struct ctx *c, struct gathered *g)
{
    struct reading reading;
    struct node *draft = NULL;
    pg_batch(c);
    cart_ask(c, &reading);
    if (c->scope.cart || c->scope.person)
        q_checkout_draft(c, &draft);
    TRY(pg_flush(c));
    TRY(cart_made(c, &reading, &g->cart));
    g->draft = node_int(g->cart, "id") ? draft : NULL;
    fill_basket(c, g->cart, &g->basket);
    return fill_draft(c, &g->draft);
}

static void look_back(struct ctx *c, struct gathered *g)
{
    i64 cart = node_int(g->cart, "id");
    g->asked->cart = cart ? cart : c->scope.cart;
    g->asked->revision = node_int(g->cart, "revision");
    orders_look_back(c, g->asked, &g->before);
}

/* Until it is known where the goods go: the seller's country; where nothing is sold there (any more)
 * the first of those where something is, which the address begins with, too. */
static int rates_to_begin(struct ctx *c, str country, struct node **rates)
{
    struct node *countries;
    TRY(pricing_rates(c, country, rates));
    if (pricing_sells(*rates))
        return E_OK;
    TRY(pricing_countries(c, &countries));
    const struct item *first = node_first(countries);
    return first ? pricing_rates(c, node_str(&first->node, "code"), rates) : E_OK;
}

/* By whose rules it is reckoned: the house's own (inclusive or not, rounding) are those of the
 * first seller: one order, one way of reckoning, stored with it. */
static int read_terms(struct ctx *c, struct gathered *g)
{
    struct basket *b = &g->basket;
    struct node *rates = NULL, *house = NULL;
    str country = node_str(node_get(g->draft, S("address")), "country");
    pg_batch(c);
    shipping_methods(
        c, country, node_int(g->cart, "goods"), checkout_grams(g->cart), &g->methods);
    if (b->n)
        auth_organisation(c, b->lines[0].organisation, &house);
    if (b->n && country.n)
        pricing_rates(c, country, &rates);
    if (g->asked)
        look_back(c, g);
    TRY(pg_flush(c));
    choose(c, g);
    b->delivery = g->delivery ? node_int(g->delivery, "amount") : 0;
    if (!b->n)
        return E_OK;
    g->is_out_of_reach = country.n && !pricing_sells(rates);
    if (!country.n || g->is_out_of_reach)
        TRY(rates_to_begin(c, node_str(house, "country"), &rates));
    b->tax_inclusive = node_bool(house, "tax_inclusive");
    b->rounding =
        str_is(node_str(house, "rounding"), "per_total") ? ROUND_PER_TOTAL : ROUND_PER_LINE;
    return pricing_rules(c, rates, b);
}

static void set_totals(
    struct ctx *c, struct node *out, const struct basket *b, const struct priced *p)
{
    struct node *totals = node_set_map(c->mem, out, S("totals"));
    node_set_int(c->mem, totals, S("goods"), p->goods);
    node_set_int(c->mem, totals, S("delivery"), p->delivery);
    node_set_int(c->mem, totals, S("tax"), p->tax);
    node_set_int(c->mem, totals, S("total"), p->total);
    node_set_bool(c->mem, totals, S("tax_inclusive"), b->tax_inclusive);
    node_set_str(c->mem, totals, S("currency"), b->currency);
    node_set(c->mem, out, S("trace"), p->trace);
}

static bool has_address(const struct gathered *g)
{
    return is_complete(g->draft) && !g->is_out_of_reach;
}

int checkout_gather(struct ctx *c, struct gathered *g)
{
    TRY(read_cart(c, g));
    TRY(read_terms(c, g));
    if (node_bool(g->cart, "is_empty"))
        return E_OK;
    TRY(pricing_reckon(c, &g->basket, &g->priced));
    g->is_ready = has_address(g) && g->delivery && !node_bool(g->cart, "is_blocked");
    return E_OK;
}

int checkout_read(struct ctx *c, struct node **out)
{
    struct gathered g = { 0 };
    TRY(checkout_gather(c, &g));
    *out = node_map(c->mem);
    node_set(c->mem, *out, S("cart"), g.cart);
    node_set(c->mem, *out, S("draft"), g.draft);
    node_set(c->mem, *out, S("methods"), g.methods);
    node_set_bool(c->mem, *out, S("has_address"), has_address(&g));
    node_set_bool(c->mem, *out, S("has_delivery"), g.delivery != NULL);
    node_set_bool(c->mem, *out, S("is_ready"), g.is_ready);
    if (g.delivery)
        node_set(c->mem, *out, S("delivery"), g.delivery);
    else
        node_set_null(c->mem, *out, S("delivery"));
    if (!g.priced.trace)
        g.priced.trace = node_list(c->mem);
    g.basket.currency = c->currency;
    set_totals(c, *out, &g.basket, &g.priced);
    return E_OK;
}

struct filled_in {
    str email, name, phone;
    const struct node *address;
};

static int is_changed(
    struct ctx *c, struct node *before, const struct filled_in *now, bool *changed)
{
    const struct node *address = node_get(before, S("address"));
    if (!before)
        return E_OK;
    TRY(open_street(c, before));
    *changed = !str_eq(node_str(before, "email"), now->email) ||
        !str_eq(node_str(before, "name"), now->name) ||
        !str_eq(node_str(before, "phone"), now->phone);
    for (size_t i = 0; i < COUNT(address_fields) && !*changed; i++)
        *changed = !str_eq(
            node_str(address, address_fields[i]), node_str(now->address, address_fields[i]));
    return E_OK;
}

int checkout_save_address(
    struct ctx *c, i64 cart, str email, str name, str phone, struct node *address)
{
    struct vault_place at = place_of(cart, c->scope.person);
    email = str_lower(c->mem, email); /* as accounts have it, by which it is found */
    struct filled_in now = { email, name, phone, address };
    struct buf json = buf_new(c->mem, 8192);
    struct node *before;
    str sealed;
    bool changed = true;
    json_store(&json, account_without_street(c, address));
    TRY(vault_closed(c, account_seal_street(c, &at, phone, address, &sealed)));
    TRY(pg_begin(c));
    pg_batch(c);
    q_checkout_lock(c, &before, cart);
    q_checkout_save_address(c, NULL, cart, email, name, buf_str(&json), sealed, at.owner);
    int err = pg_flush(c);
    if (!err)
        err = is_changed(c, before, &now, &changed);
    return pg_end(c, err || !changed ? err : cart_raise(c, cart));
}

int checkout_save_delivery(struct ctx *c, i64 cart, str method)
{
    i64 changed;
    TRY(pg_begin(c));
    int err = q_checkout_save_delivery(c, &changed, cart, method);
    return pg_end(c, err || !changed ? err : cart_raise(c, cart));
}

int checkout_costs(struct ctx *c, const struct gathered *g)
{
    i64 least = orders_least(c->currency);
    if (!g->priced.total)
        return fail(c, E_CONFLICT, "checkout.free",
            "An order that costs nothing cannot be placed here. Please write to us.");
    if (g->priced.total < least)
        return fail(c, E_CONFLICT, "checkout.least",
            "The least that can be paid here is %.*s. Please put something more into your cart.",
            STR(locale_money(c, least, c->currency)));
    if (!orders_takes(c->currency, g->priced.total))
        return fail(c, E_CONFLICT, "checkout.takes",
            "Our payment partner takes no payment of this sum. Please change what is in your "
            "cart.");
    return E_OK;
}

int checkout_order(struct ctx *c, struct gathered *g, i64 person, i64 id, bool is_to_pay,
    struct orders_placed *placed)
{
    struct placing placing = { .id = id,
        .cart = node_int(g->cart, "id"),
        .revision = node_int(g->cart, "revision"),
        .person = person,
        .email = node_str(g->draft, "email"),
        .name = node_str(g->draft, "name"),
        .phone = node_str(g->draft, "phone"),
        .delivery_method = node_str(g->delivery, "code"),
        .address = node_get(g->draft, S("address")),
        .delivery_names = node_get(g->delivery, S("names")),
        .lines = node_get(g->cart, S("lines")),
        .basket = &g->basket,
        .priced = &g->priced,
        .is_to_pay = is_to_pay };
    return orders_place(c, &placing, placed);
}

static int changed_meanwhile(struct ctx *c)
{
    return fail(c, E_CONFLICT, "checkout.changed",
        "Your cart or a price has changed. Please look at the new total before you pay.");
}

int checkout_place(struct ctx *c, i64 person, const struct checkout_seen *seen,
    struct orders_placed *placed)
{
    if (seen->currency.n && !str_eq(seen->currency, c->currency))
        return changed_meanwhile(c);
    struct orders_asked asked = { .person = person,
        .seen_revision = seen->revision,
        .seen_total = seen->total };
    struct gathered g = { .asked = &asked };
    TRY(checkout_gather(c, &g));
    i64 cart = node_int(g.cart, "id"), revision = asked.revision;
    *placed = (struct orders_placed){ .id = node_int(g.before.found, "answered") };
    if (placed->id) {
        c->scope.order = placed->id;
        return E_OK;
    }
    bool is_ordered = node_int(g.before.found, "of_revision") != 0;
    /* An order of this revision at another price (changed in the shop, or the currency was): what
     * the buyer sees now is a new revision, and the buyer is asked again. */
    if (is_ordered)
        TRY(cart_raise(c, cart));
    if (node_bool(g.cart, "is_blocked"))
        return fail(c, E_CONFLICT, "checkout.blocked",
            "Something in your cart is sold out or can no longer be bought as it is. Please look "
            "at your cart.");
    if (is_ordered || revision != seen->revision || g.priced.total != seen->total ||
        (seen->tax && *seen->tax != g.priced.tax)) /* it is within the prices */
        return changed_meanwhile(c);
    if (!g.is_ready)
        return fail(c, E_CONFLICT, "checkout.unready",
            "Something is still missing before you can pay. Please look through your order.");
    TRY(checkout_costs(c, &g));
    TRY(orders_supersede(c, g.before.older));
    return checkout_order(c, &g, person, node_int(g.before.found, "next"), true, placed);
}

int checkout_hide(struct ctx *c, i64 *changed, const struct vault_place *at, struct node *row)
{
    const struct node *address = node_get(row, S("address"));
    struct buf open = buf_new(c->mem, 8192);
    str before = node_str(row, "sealed"), phone = node_str(row, "phone"), sealed;
    bool closed;
    json_store(&open, address);
    TRY(account_open_street(c, at, row, (struct node *)address, &closed));
    if (closed)
        return E_OK;
    TRY(account_seal_street(c, at, node_str(row, "phone"), address, &sealed));
    return q_checkout_hide(c, changed, at->row, sealed, before, at->owner, phone, buf_str(&open));
}

/* Sealed anew, as it opens for its own cart only; and gone there, so that it never comes back over
 * what is filled in from now on. */
static int take_over(struct ctx *c, void *with)
{
    struct node *draft;
    (void)with;
    TRY(q_checkout_poured(c, &draft));
    if (!draft)
        return E_OK;
    i64 guests = node_int(draft, "id"), cart = node_int(draft, "cart_id");
    str method = node_str(draft, "delivery_method");
    TRY(open_street(c, draft));
    if (node_bool(draft, "is_last") && is_complete(draft)) {
        TRY(checkout_save_address(c, cart, node_str(draft, "email"), node_str(draft, "name"),
            node_str(draft, "phone"), node_get(draft, S("address"))));
        TRY(method.n ? checkout_save_delivery(c, cart, method) : E_OK);
    }
    return q_checkout_drop(c, NULL, guests);
}

static int keep_for(struct ctx *c, i64 person)
{
    TRY(q_checkout_keep(c, NULL, person));
    return pg_tx(c, take_over, NULL);
}

/* A reason to keep nobody out. */
int checkout_on_login(struct req *r, i64 person)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    c->scope = (struct scope){ .person = person };
    if (keep_for(c, person)) {
        log_line(c, LOG_WARN, "checkout_keep", "why", c->fault.detail, NULL);
        fault_clear(c);
    }
    c->scope = before;
    return E_OK;
}

int checkout_sweep(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_checkout_sweep(c, NULL);
}

int checkout_keep(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_checkout_keep_all(c, NULL);
}

int checkout_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *draft;
    TRY(q_checkout_of_person(c, &draft, person));
    if (!draft)
        return E_OK;
    TRY(open_street(c, draft));
    node_set(c->mem, into, S("checkout"), draft);
    return E_OK;
}

int checkout_erase(struct ctx *c, i64 person) { return q_checkout_erase(c, NULL, person); }
