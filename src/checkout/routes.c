#include "account/account.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include "checkout/checkout.h"
#include "io/io.h"
#include "orders/orders.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include "work/work.h"

static const struct input an_address[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "name", LINE, 1, 120, .required = true },
    { "phone", LINE, 5, 30, .required = true },
    { "line1", LINE, 1, 200, .required = true },
    { "line2", LINE, 0, 200 },
    { "city", LINE, 0, 100 },
    { "region", LINE, 0, 100 },
    { "postcode", LINE, 0, 12 },
    { "country", WORD, 2, 2, .required = true },
    { "keep", BOOL },
    { "marketing", BOOL },
    { "change", BOOL }, /* another country: its fields, please */
    { 0 },
};
static const struct input from_the_book[] = { { "address", WORD, 0, 40 }, { "country", WORD, 0, 2 },
    { 0 } };
static const struct input a_method[] = { { "method", WORD, 1, 40, .required = true }, { 0 } };
static const struct input what_was_seen[] = {
    { "revision", INT, 0, INT64_MAX, .required = true },
    { "total", INT, 0, INT64_MAX, .required = true },
    { "seen_tax", INT, 0, INT64_MAX }, /* a page of the version before does not say this and the next */
    { "currency", WORD, 3, 3 },
    { 0 },
};

static void add_country(struct ctx *c, struct node *country, str code, str name, bool is_chosen)
{
    node_set_str(c->mem, country, S("code"), code);
    node_set_str(c->mem, country, S("name"), name);
    node_set_bool(c->mem, country, S("is_chosen"), is_chosen);
}

/* Where nobody has said anything yet: the house's own country, or the first of those we sell in. */
static int first_choice(struct ctx *c, const struct node *list, str *chosen)
{
    const struct item *first = node_first(list);
    TRY(auth_house_country(c, chosen));
    EACH(item, list)
        if (str_eq(node_str(&item->node, "code"), *chosen))
            return E_OK;
    if (first)
        *chosen = node_str(&first->node, "code");
    return E_OK;
}

/* The list with one chosen, and the fields an address has there. Where we do not sell (any more)
 * stands without a code, so that nobody's address moves to the first of the list. */
static int add_countries(struct req *r, struct node *document, str chosen)
{
    struct ctx *c = &r->c;
    struct node *list;
    bool is_in = !chosen.n;
    TRY(pricing_countries(c, &list));
    if (!chosen.n)
        TRY(first_choice(c, list, &chosen));
    account_address_form(c, chosen, document);
    EACH(item, list) {
        str code = node_str(&item->node, "code");
        bool is_chosen = str_eq(code, chosen);
        add_country(c, (struct node *)&item->node, code, locale_country(c, code), is_chosen);
        is_in |= is_chosen;
    }
    if (!is_in)
        add_country(c, node_add_map(c->mem, list), str_none, locale_country(c, chosen), true);
    node_hide(node_set(c->mem, document, S("countries"), list));
    return E_OK;
}

static const struct node *chosen_country(const struct node *document)
{
    EACH(item, node_get(document, S("countries")))
        if (node_bool(&item->node, "is_chosen"))
            return &item->node;
    return NULL;
}

/* Whoever is logged in sees their address book. */
static int add_book(struct req *r, struct node *document)
{
    struct node *book = node_list(r->c.mem);
    bool has_agreed = true; /* a guest's address may be somebody else's */
    if (me(r)) {
        TRY(account_addresses(&r->c, me(r), &book));
        TRY(account_has_consent(&r->c, me(r), &has_agreed));
    }
    node_hide(node_set_bool(r->c.mem, document, S("asks_marketing"), !has_agreed));
    node_hide(node_set(r->c.mem, document, S("addresses"), book));
    return E_OK;
}

/* The document of every step; `step` says which numbered page it is. */
static int page(struct req *r, i64 step, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *checkout, *address;
    TRY(checkout_read(c, &checkout));
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("checkout"), checkout);
    node_set_int(c->mem, *document, S("step"), step);
    node_hide(node_set_bool(c->mem, *document, S("is_step_1"), step == 1));
    node_hide(node_set_bool(c->mem, *document, S("is_step_2"), step == 2));
    node_hide(node_set_bool(c->mem, *document, S("is_step_3"), step == 3));
    node_hide(node_set_int(c->mem, *document, S("hold_minutes"), orders_hold_minutes(c)));
    address = node_get(node_get(checkout, S("draft")), S("address"));
    bool is_typed = step == 1 && r->method == POST;
    str country = is_typed ? str_upper(c->mem, in_str(r, "country")) : node_str(address, "country");
    node_set_str(
        c->mem, *document, S("country_name"), locale_country(c, node_str(address, "country")));
    if (step != 1)
        return E_OK;
    TRY(add_book(r, *document));
    return add_countries(r, *document, country);
}

static struct node *checkout_of(struct node *document) { return node_get(document, S("checkout")); }

/* Nothing in it, or something that cannot be bought: the cart says what. */
static bool is_stuck(struct node *document)
{
    const struct node *cart = node_get(checkout_of(document), S("cart"));
    return node_bool(cart, "is_empty") || node_bool(cart, "is_blocked");
}

/* Where the buyer has to go first; empty: this step may be shown. */
static str step_before(struct node *document, bool needs_delivery)
{
    if (is_stuck(document))
        return S("/cart");
    if (!node_bool(checkout_of(document), "has_address"))
        return S("/checkout");
    return needs_delivery && !node_bool(checkout_of(document), "has_delivery")
        ? S("/checkout/delivery")
        : str_none;
}

/* What was typed before comes back in the fields; for somebody logged in the first time, the
 * account's own name and address. */
/* The one that was asked for, else the one that is meant unless another is chosen. */
static const struct node *chosen_address(struct req *r, const struct node *book)
{
    EACH(item, book)
        if (in_has(r, "address") ? str_eq(node_str(&item->node, "id"), in_str(r, "address"))
                                 : node_bool(&item->node, "is_default"))
            return &item->node;
    return NULL;
}

static int fill_form(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    struct node *draft = node_get(checkout_of(document), S("draft"));
    struct node *address = node_get(draft, S("address")), *form = node_map(c->mem);
    static const char *const of_address[] = { "line1", "line2", "city", "region", "postcode",
        "country" };
    str email = node_str(draft, "email"), name = node_str(draft, "name"),
        phone = node_str(draft, "phone");
    const struct node *book = node_get(document, S("addresses")), *kept = chosen_address(r, book);
    if (kept && (!node_str(address, "line1").n || in_has(r, "address"))) {
        address = (struct node *)kept;
        name = node_str(kept, "name");
        phone = node_str(kept, "phone");
    }
    if (me(r) && !phone.n) {
        struct node *person;
        TRY(auth_person(c, me(r), &person));
        phone = node_str(person, "phone");
    }
    node_set_str(c->mem, form, S("email"), email.n ? email : r->who.email);
    node_set_str(c->mem, form, S("name"), name.n ? name : r->who.name);
    node_set_str(c->mem, form, S("phone"), phone);
    for (size_t i = 0; i < COUNT(of_address); i++)
        node_set_str(c->mem, form, str_of(of_address[i]), node_str(address, of_address[i]));
    if (!account_address_has_town(node_str(address, "country")))
        node_set_str(c->mem, form, S("city"), str_none); /* none was typed, and none is meant elsewhere */
    node_hide(node_set(c->mem, document, S("form"), form));
    return E_OK;
}

/* What was filled in, or kept in the book, while we sold there. */
static void say_where_not(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    const struct node *country = chosen_country(document);
    if (!country || node_str(country, "code").n)
        return;
    struct node *errors = node_hide(node_set_map(c->mem, document, S("errors")));
    node_set_str(
        c->mem, errors, S("country"), say(c, SAYS("We do not deliver to that country yet.")));
}

static int show_address(struct req *r)
{
    struct node *document;
    TRY(page(r, 1, &document));
    if (is_stuck(document))
        return see_other(r, S("/cart"));
    TRY(fill_form(r, document));
    const struct node *chosen = chosen_address(r, node_get(document, S("addresses")));
    if (in_has(r, "country"))
        TRY(add_countries(r, document, str_upper(r->c.mem, in_str(r, "country"))));
    else if (chosen && (in_has(r, "address") || !node_bool(checkout_of(document), "has_address")))
        TRY(add_countries(r, document, node_str(chosen, "country")));
    say_where_not(r, document);
    return reply_with(r, document);
}

static int check_country(struct req *r, const struct node *document)
{
    return node_str(chosen_country(document), "code").n
        ? E_OK
        : fail_field(&r->c, "country", "We do not deliver to that country yet.");
}

/* What a country has no field for is not in it. */
static struct node *address_of(struct req *r)
{
    static const char *const fields[] = { "line1", "line2", "city", "region", "postcode" };
    struct ctx *c = &r->c;
    struct node *address = node_map(c->mem);
    for (size_t i = 0; i < COUNT(fields); i++)
        node_set_str(c->mem, address, str_of(fields[i]), account_address_field(r, fields[i]));
    node_set_str(c->mem, address, S("country"), str_upper(c->mem, in_str(r, "country")));
    return address;
}

/* Where a town has no line of its own it is the country's, so that no parcel's address is without
 * one. */
static void fill_in_town(struct ctx *c, struct node *address)
{
    str lang = c->lang;
    c->lang = S("en");
    if (!node_str(address, "city").n)
        node_set_str(
            c->mem, address, S("city"), locale_country(c, node_str(address, "country")));
    c->lang = lang;
}

static int save_address(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *document, *address;
    TRY(page(r, 1, &document));
    if (is_stuck(document))
        return see_other(r, S("/cart"));
    if (in_bool(r, "change"))
        return account_address_shown(r, document);
    int err = account_address_check(r);
    if (!err)
        err = check_country(r, document);
    if (err)
        return again(r, err, document);
    address = address_of(r);
    if (me(r) && in_bool(r, "keep")) /* as the book's own page has it */
        TRY(account_keep_address(c, me(r), in_str(r, "name"), in_str(r, "phone"), address));
    fill_in_town(c, address);
    TRY(checkout_save_address(c, node_int(node_get(checkout_of(document), S("cart")), "id"),
        in_str(r, "email"), in_str(r, "name"), in_str(r, "phone"), address));
    if (me(r) && in_bool(r, "marketing"))
        TRY(account_consent(c, me(r), true, "checkout"));
    TRY(cart_accept_prices(c));
    return see_other(r, S("/checkout/delivery"));
}

static int show_delivery(struct req *r)
{
    struct node *document;
    TRY(page(r, 2, &document));
    str first = step_before(document, false);
    return first.n ? see_other(r, first) : reply_with(r, document);
}

static int save_delivery(struct req *r)
{
    struct node *document;
    TRY(page(r, 2, &document));
    str first = step_before(document, false);
    if (first.n)
        return see_other(r, first);
    if (in_fault(r))
        return again(r, in_fault(r), document);
    EACH(item, node_get(checkout_of(document), S("methods")))
        if (str_eq(node_str(&item->node, "code"), in_str(r, "method"))) {
            TRY(checkout_save_delivery(&r->c,
                node_int(node_get(checkout_of(document), S("cart")), "id"), in_str(r, "method")));
            return see_other(r, S("/checkout/pay"));
        }
    return again(
        r, fail_field(&r->c, "method", "Please choose how it should be delivered."), document);
}

static int show_pay(struct req *r)
{
    struct node *document;
    TRY(page(r, 3, &document));
    str first = step_before(document, true);
    return first.n ? see_other(r, first) : reply_with(r, document);
}

/* The page again, with what is wrong; or the step that must be taken first. */
static int refuse(struct req *r, int err)
{
    struct ctx *c = &r->c;
    struct node *document;
    struct fault fault = c->fault;
    fault_clear(c);
    TRY(page(r, 3, &document));
    str first = step_before(document, true);
    c->fault = fault;
    /* Emptied, or logged out, in another tab: here would be an order of nothing. What is sold out
     * stays in sight, with the reason. */
    bool is_elsewhere = str_is(fault.key, "checkout.unready") ||
        node_bool(node_get(checkout_of(document), S("cart")), "is_empty");
    return is_elsewhere && first.n && r->format != JSON ? see_other(r, first)
                                                        : again(r, err, document);
}

/* Places the order and opens its payment page. When the provider cannot be reached the order
 * is kept, and its own page says so and offers to pay again. */
static int pay(struct req *r)
{
    struct ctx *c = &r->c;
    struct orders_placed placed;
    str number, url;
    i64 tax = in_int(r, "seen_tax");
    struct checkout_seen seen = { in_int(r, "revision"), in_int(r, "total"),
        in_has(r, "seen_tax") ? &tax : NULL, in_str(r, "currency") };
    int err = in_fault(r);
    if (!err)
        err = checkout_place(c, me(r), &seen, &placed);
    if (err)
        return refuse(r, err);
    c->scope.order = placed.id;
    int away = orders_pay_url(c, &placed, &number, &url);
    if (!number.n)
        return away;
    if (away && str_is(c->fault.key, ORDERS_SUM))
        return refuse(r, away);
    fault_clear(c);
    if (!me(r))
        orders_remember(r, number);
    if (away)
        return see_other(r, orders_path(c, number));
    return see_outside(r, url);
}

ROUTES(checkout){
    ROUTE(GET, "/checkout", ANYONE, from_the_book, show_address, "checkout/address", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/checkout", ANYONE, an_address, save_address, "checkout/address", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(GET, "/checkout/delivery", ANYONE, NULL, show_delivery, "checkout/delivery", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/checkout/delivery", ANYONE, a_method, save_delivery, "checkout/delivery",
        RATE_FORM, NOINDEX | FORM),
    ROUTE(GET, "/checkout/pay", ANYONE, NULL, show_pay, "checkout/pay", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/checkout/pay", ANYONE, what_was_seen, pay, "checkout/pay", RATE_ORDER,
        SLOW | NOINDEX | FORM),
    END_OF_ROUTES,
};

CRONS(checkout){
    { "checkout.keep", 10 * MINUTE, checkout_keep },
    { "checkout.sweep", 10 * MINUTE, checkout_sweep },
    END_OF_CRONS,
};
