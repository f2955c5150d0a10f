#include "auth/auth.h"
#include "cart/cart.h"
#include "catalog/catalog.h"
#include "web/web.h"
#include "work/work.h"

#define KEEP_COOKIE_S (30 * 24 * 3600)

static const struct input one_more[] = {
    { "sku", LINE, 1, 80, .required = true },
    { "product", LINE, 0, 120 },
    { "quantity", INT, 1, CART_MOST_OF_ONE },
    { "next", LINE, 0, 500 },
    { 0 },
};
static const struct input new_quantity[] = {
    { "id", WORD, 1, 40, .required = true },
    { "quantity", INT, 0, CART_MOST_OF_ONE, .required = true },
    { 0 },
};

static const struct input to_show[] = {
    { "done", CHOICE, .choices = "fewer" },
    { "line", WORD, 0, 40 }, /* of which */
    { 0 },
};

int cart_guest(struct req *r)
{
    str value;
    i64 cart;
    if (!me(r) && crypto_signed(r->c.app->secret, "cart", in_cookie(r, COOKIE_CART), &value) &&
        str_int(value, &cart))
        r->c.scope.cart = cart;
    return E_OK;
}

/* With each change, for as long again as the cart itself is kept. Its value stays, and with it the
 * tokens of the pages that are open. */
static int give_cookie(struct req *r, bool is_new)
{
    struct ctx *c = &r->c;
    if (me(r) || !c->scope.cart)
        return E_OK;
    str value =
        crypto_sign(c->mem, c->app->secret, "cart", str_fmt(c->mem, "%" PRId64, c->scope.cart));
    set_cookie(r, COOKIE_CART, value, KEEP_COOKIE_S, false);
    if (is_new && !r->who.session.n)
        csrf_issue(r, value);
    return E_OK;
}

/* Whoever logged in on the way to somewhere else hears of it when they next look at their cart. */
static void note_merged(struct req *r, const struct cart_merged *merged)
{
    if (merged->of_two)
        set_cookie(r, COOKIE_MERGED, str_fmt(r->c.mem, "%" PRId64, merged->left_out), 0, false);
}

int cart_on_login(struct req *r, i64 person)
{
    struct cart_merged merged;
    str value;
    i64 cart;
    if (!crypto_signed(r->c.app->secret, "cart", in_cookie(r, COOKIE_CART), &value) ||
        !str_int(value, &cart))
        return E_OK;
    int err = cart_merge(&r->c, cart, person, &merged);
    if (err) { /* two logins at once: no reason to keep somebody out */
        log_line(&r->c, LOG_WARN, "cart_merge", "result", str_of(err_name(err)), NULL);
        fault_clear(&r->c);
        return E_OK;
    }
    r->c.scope.cart = 0;
    set_cookie(r, COOKIE_CART, str_none, -1, false);
    note_merged(r, &merged);
    return E_OK;
}

/* Whose prices are without tax says so before the checkout does: by the rules of the first seller,
 * as there. */
static int add_tax_on_top(struct ctx *c, const struct node *cart, struct node *document)
{
    struct node *house, *on_top = node_hide(node_set_bool(c->mem, document, S("is_tax_on_top"), false));
    EACH(item, node_get(cart, S("lines"))) {
        i64 organisation = node_int(&item->node, "organisation_id");
        if (!organisation)
            continue; /* gone */
        TRY(auth_organisation(c, organisation, &house));
        on_top->as.yes = !node_bool(house, "tax_inclusive");
        break;
    }
    return E_OK;
}

/* Said once. */
static void add_merged(struct req *r, struct node *document)
{
    i64 left_out = 0;
    bool is_merged = me(r) && r->format != JSON && str_int(in_cookie(r, COOKIE_MERGED), &left_out) &&
        left_out >= 0;
    node_hide(node_set_bool(r->c.mem, document, S("is_merged"), is_merged));
    node_hide(node_set_int(r->c.mem, document, S("left_out"), is_merged ? left_out : 0));
    if (is_merged)
        set_cookie(r, COOKIE_MERGED, str_none, -1, false);
}

/* Said of the line that was just put in or changed, as long as it still is so. */
static void say_fewer(struct req *r, struct node *line)
{
    bool is_said = str_is(in_done(r), "fewer") && str_eq(node_str(line, "id"), in_str(r, "line"));
    i64 quantity = node_int(line, "quantity");
    bool is_all = !node_is_null(line, "left") && quantity == node_int(line, "left");
    node_hide(node_set_bool(r->c.mem, line, S("is_all"), is_said && is_all));
    node_hide(node_set_bool(
        r->c.mem, line, S("is_most"), is_said && !is_all && quantity == CART_MOST_OF_ONE));
}

/* sent: the line that was sent, or empty; what is wrong with it is said there. */
static int page_of(struct req *r, str sent, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *cart;
    TRY(cart_read(c, &cart));
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("cart"), cart);
    add_merged(r, *document);
    node_hide(node_set_str(c->mem, *document, S("sent_line"), str_none));
    EACH(item, node_get(cart, S("lines"))) {
        struct node *line = (struct node *)&item->node;
        bool is_sent = sent.n && str_eq(node_str(line, "id"), sent);
        node_hide(node_set_bool(c->mem, line, S("is_sent"), is_sent));
        say_fewer(r, line);
        if (is_sent)
            node_hide(node_set_str(c->mem, *document, S("sent_line"), sent));
    }
    return add_tax_on_top(c, cart, *document);
}

static int page(struct req *r, struct node **document) { return page_of(r, str_none, document); }

static int page_of_line(struct req *r, struct node **document)
{
    return page_of(r, in_str(r, "id"), document);
}

static int show(struct req *r) { return reply_page(r, page); }

static int put_in(struct req *r, struct cart_put *put)
{
    i64 variant, quantity = in_has(r, "quantity") ? in_int(r, "quantity") : 1;
    TRY(catalog_variant_by_sku(&r->c, in_str(r, "sku"), in_str(r, "product"), &variant));
    if (!variant)
        return fail(&r->c, E_MISSING, "cart.variant", "This product is no longer available.");
    TRY(cart_add(&r->c, variant, quantity, put));
    return give_cookie(r, put->made);
}

/* Where fewer went in than were asked for, the cart says so, wherever else they meant to go on. */
static int put_answer(struct req *r, const struct cart_put *put, str next)
{
    struct ctx *c = &r->c;
    str line = crypto_opaque(c->mem, c->app->secret, "line", put->line);
    struct node *said = node_map(c->mem);
    node_set_int(c->mem, said, S("quantity"), put->quantity);
    node_set_bool(c->mem, said, S("is_fewer"), put->is_fewer);
    if (put->is_fewer)
        next = str_fmt(c->mem, "/cart?done=fewer&line=%.*s#quantity-%.*s", STR(line), STR(line));
    return see_other_and(r, next, "cart/put", said);
}

static int add(struct req *r)
{
    struct cart_put put;
    int err = in_fault(r) ? in_fault(r) : put_in(r, &put);
    if (err)
        return again_page(r, err, page);
    return put_answer(r, &put, path_is_ours(in_str(r, "next")) ? in_str(r, "next") : S("/cart"));
}

static int change(struct req *r)
{
    i64 line = 0; /* nobody's */
    struct cart_put put;
    crypto_unopaque(r->c.app->secret, "line", in_str(r, "id"), &line);
    int err = in_fault(r) ? in_fault(r) : cart_set(&r->c, line, in_int(r, "quantity"), &put);
    if (!err)
        err = give_cookie(r, false);
    if (err)
        return again_page(r, err, page_of_line);
    /* Back to the field, which so has the focus. What was taken out has none. */
    return put_answer(r, &put, put.quantity
        ? str_fmt(r->c.mem, "/cart#quantity-%.*s", STR(in_str(r, "id"))) : S("/cart"));
}

static const struct input to_choose[] = {
    { "currency", WORD, 3, 3, .required = true },
    { "next", LINE, 0, 2000 }, /* a search in Thai has nine bytes a letter */
    { 0 },
};

/* A price in one currency is none in another, and neither is a place in a list by price. */
static str without_prices(struct ctx *c, str address)
{
    static const char *const priced[] = { "price_min", "price_max", "after" };
    str rest = address, path, pair;
    if (!str_cut(&rest, '?', &path) || !rest.n)
        return address;
    struct buf out = buf_new(c->mem, 4096);
    buf_add(&out, path);
    char joint = '?';
    while (rest.n && str_cut(&rest, '&', &pair)) {
        str value = pair, name = str_none;
        bool drop = false;
        str_cut(&value, '=', &name);
        for (size_t i = 0; i < COUNT(priced); i++)
            drop = drop || str_is(name, priced[i]);
        if (drop)
            continue;
        buf_char(&out, joint);
        buf_add(&out, pair);
        joint = '&';
    }
    return buf_str(&out);
}

/* Remembered in a plain cookie, because nginx keys its kept pages by it. */
static int choose_currency(struct req *r)
{
    str wanted;
    if (!app_sells_in(r->c.app, in_str(r, "currency"), &wanted))
        return fail(&r->c, E_INPUT, "cart.currency", "We do not sell in that currency.");
    set_cookie(r, COOKIE_CURRENCY, wanted, 365 * 24 * 3600, true);
    str next = in_str(r, "next");
    return see_other(r, path_is_ours(next) ? without_prices(&r->c, next) : S("/"));
}

/* The personal corner of a page that is the same for everybody otherwise. */
static int corner(struct req *r)
{
    i64 count;
    struct node *document = node_map(r->c.mem);
    TRY(cart_count(&r->c, &count));
    node_set_int(r->c.mem, document, S("count"), count);
    node_set_bool(r->c.mem, document, S("is_staff"), desk_path(r).n > 0);
    node_hide(node_set_str(r->c.mem, document, S("desk"), desk_path(r)));
    return reply_with(r, document);
}

ROUTES(cart){
    ROUTE(GET, "/cart", ANYONE, to_show, show, "cart/show", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/cart/lines", ANYONE, one_more, add, "cart/show", RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, "/cart/lines/{id}", ANYONE, new_quantity, change, "cart/show", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/currency", ANYONE, to_choose, choose_currency, NULL, RATE_FORM, NOINDEX),
    ROUTE(GET, "/-/me", ANYONE, NULL, corner, "cart/me", RATE_NONE, NOINDEX),
    END_OF_ROUTES,
};

CRONS(cart){
    { "cart.forget", HOUR, cart_forget_old },
    END_OF_CRONS,
};
