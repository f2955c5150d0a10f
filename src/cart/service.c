#include "cart/cart.h"
#include "catalog/catalog.h"
#include "gen/queries.h"
#include "web/web.h"

#define MOST_LINES 100
#define KEEP_GUEST (30 * DAY)
#define KEEP_ALL   (365 * DAY)
#define BATCH       1000 /* as in the query */
#define MOST_ROUNDS 100

static const struct node *variant_of(const struct node *variants, i64 id)
{
    EACH(item, variants)
        if (node_int(&item->node, "id") == id)
            return &item->node;
    return NULL;
}

/* What this cart's own unpaid order keeps for it is there for it. */
static i64 left_for(const struct node *line, const struct node *variant)
{
    return node_int(variant, "left") + node_int(line, "held");
}

/* What the buyer has to be told about a line before it can be bought; "" when nothing. */
static str problem_of(const struct node *line, const struct node *variant)
{
    i64 seen = node_int(line, "seen_price");
    if (!variant)
        return S("gone");
    if (node_is_null(variant, "price"))
        return S("not_for_sale");
    if (!node_is_null(variant, "left") && left_for(line, variant) < node_int(line, "quantity"))
        return S("short");
    if (!node_bool(variant, "active"))
        return S("not_for_sale");
    if (seen >= 0 && seen < node_int(variant, "price"))
        return S("dearer");
    if (seen > node_int(variant, "price"))
        return S("cheaper");
    return str_none;
}

static void take(struct ctx *c, struct node *line, const struct node *variant, const char *key)
{
    struct node *value = variant ? node_get(variant, str_of(key)) : NULL;
    if (value)
        node_set(c->mem, line, str_of(key), value);
    else
        node_set_null(c->mem, line, str_of(key));
}

static void flag(struct ctx *c, struct node *line, str problem)
{
    static const char *const names[] = { "gone", "not_for_sale", "short", "dearer", "cheaper" };
    static const char *const keys[] = { "is_gone", "is_not_for_sale", "is_short", "is_dearer",
        "is_cheaper" };
    for (size_t i = 0; i < COUNT(names); i++)
        node_hide(node_set_bool(c->mem, line, str_of(keys[i]), str_is(problem, names[i])));
}

/* Dresses one line as of now and returns what it adds to the goods total. */
static i64 dress(struct ctx *c, struct node *out, const struct node *line,
    const struct node *variant, bool *blocked)
{
    static const char *const taken[] = { "sku", "slug", "name", "options", "left", "picture",
        "product_id", "organisation_id", "item_id", "tax_class", "weight_g" };
    i64 quantity = node_int(line, "quantity"), seen = node_int(line, "seen_price"), total = 0;
    str problem = problem_of(line, variant);
    bool sold = variant && !node_is_null(variant, "price");
    i64 unit = sold ? node_int(variant, "price") : seen > 0 ? seen : 0;
    if (!money_times(unit, quantity, &total))
        problem = S("short");
    node_set_str(
        c->mem, out, S("id"), crypto_opaque(c->mem, c->app->secret, "line", node_int(line, "id")));
    node_hide(node_set_int(c->mem, out, S("variant_id"), node_int(line, "variant_id")));
    for (size_t i = 0; i < COUNT(taken); i++)
        take(c, out, variant, taken[i]);
    for (size_t i = 6; i < COUNT(taken); i++)
        node_hide(node_get(out, str_of(taken[i])));
    if (variant && !node_is_null(variant, "left"))
        node_set_int(c->mem, out, S("left"), left_for(line, variant));
    node_set_int(c->mem, out, S("quantity"), quantity);
    node_set_int(c->mem, out, S("unit_price"), unit);
    node_set_int(c->mem, out, S("line_total"), total);
    node_set_int(c->mem, out, S("was_price"), seen >= 0 ? seen : unit);
    node_set_str(c->mem, out, S("problem"), problem);
    flag(c, out, problem);
    *blocked = *blocked || str_is(problem, "gone") || str_is(problem, "short") ||
        str_is(problem, "not_for_sale");
    return sold ? total : 0;
}

static struct node *empty_cart(struct ctx *c, struct node **lines)
{
    struct node *cart = node_map(c->mem);
    node_hide(node_set_int(c->mem, cart, S("id"), 0));
    node_set_int(c->mem, cart, S("revision"), 0);
    node_set_str(c->mem, cart, S("currency"), c->currency);
    node_set_int(c->mem, cart, S("count"), 0);
    node_set_int(c->mem, cart, S("goods"), 0);
    node_set_bool(c->mem, cart, S("has_problem"), false);
    node_set_bool(c->mem, cart, S("is_blocked"), false);
    node_set_bool(c->mem, cart, S("is_empty"), true);
    *lines = node_set_list(c->mem, cart, S("lines"));
    return cart;
}

static int fill(struct ctx *c, struct node *cart, struct node *lines, const struct reading *r)
{
    i64 goods = 0, count = 0;
    bool blocked = false, problem = false;
    EACH(item, r->rows) {
        struct node *line = node_add_map(c->mem, lines);
        i64 total = dress(c, line, &item->node,
            variant_of(r->things, node_int(&item->node, "variant_id")), &blocked);
        if (!money_add(goods, total, &goods))
            return fail(c, E_INPUT, "cart.overflow", "That is more than can be ordered at once.");
        count += node_int(line, "quantity");
        problem = problem || node_str(line, "problem").n;
    }
    node_set_int(c->mem, cart, S("count"), count);
    node_set_int(c->mem, cart, S("goods"), goods);
    node_set_bool(c->mem, cart, S("has_problem"), problem);
    node_set_bool(c->mem, cart, S("is_blocked"), blocked);
    node_set_bool(c->mem, cart, S("is_empty"), !node_count(lines));
    return E_OK;
}

void cart_ask(struct ctx *c, struct reading *r)
{
    *r = (struct reading){ 0 };
    if (!c->scope.cart && !c->scope.person)
        return;
    q_cart_mine(c, &r->rows, c->currency);
    q_cart_things(c, &r->things, c->lang, c->currency);
}

int cart_made(struct ctx *c, const struct reading *r, struct node **out)
{
    struct node *lines;
    *out = empty_cart(c, &lines);
    const struct item *first = node_first(r->rows);
    if (!first)
        return E_OK;
    node_hide(node_set_int(c->mem, *out, S("id"), node_int(&first->node, "cart_id")));
    node_set_int(c->mem, *out, S("revision"), node_int(&first->node, "revision"));
    if (node_is_null(&first->node, "id"))
        return E_OK;
    catalog_dress_variants(c, r->things);
    return fill(c, *out, lines, r);
}

int cart_read(struct ctx *c, struct node **out)
{
    struct reading r;
    pg_batch(c);
    cart_ask(c, &r);
    TRY(pg_flush(c));
    return cart_made(c, &r, out);
}

int cart_count(struct ctx *c, i64 *count)
{
    struct node *row;
    *count = 0;
    if (!c->scope.cart && !c->scope.person)
        return E_OK;
    TRY(q_cart_count(c, &row));
    *count = node_int(row, "count");
    return E_OK;
}

/* Taken out and put in again it is still there for them. */
static int is_sold_out(struct ctx *c, i64 id, const struct node *variant, bool *sold_out)
{
    struct node *kept;
    *sold_out = !node_is_null(variant, "left") && node_int(variant, "left") < 1;
    if (!*sold_out || (!c->scope.cart && !c->scope.person))
        return E_OK;
    TRY(q_cart_kept(c, &kept, id));
    *sold_out = node_int(variant, "left") + node_int(kept, "held") < 1;
    return E_OK;
}

struct adding {
    i64 variant, quantity, price, left;
    bool done;
    struct cart_put *put;
};

/* Its price, and how many are left. */
static int check_for_sale(struct ctx *c, struct adding *what)
{
    i64 variant = what->variant;
    bool sold_out;
    struct node *variants;
    TRY(catalog_variants(c, &variant, 1, &variants));
    const struct item *found = node_first(variants);
    if (!found)
        return fail(c, E_MISSING, "cart.variant", "This product is no longer available.");
    if (!node_bool(&found->node, "active"))
        return fail(c, E_MISSING, "cart.variant", "This product is no longer available.");
    if (node_is_null(&found->node, "price"))
        return fail(c, E_CONFLICT, "cart.not_for_sale", "This is not for sale in your currency.");
    TRY(is_sold_out(c, variant, &found->node, &sold_out));
    if (sold_out)
        return fail(c, E_CONFLICT, "cart.sold_out", "This is sold out.");
    what->price = node_int(&found->node, "price");
    if (!node_is_null(&found->node, "left"))
        what->left = node_int(&found->node, "left");
    return E_OK;
}

/* Both statements go out in one round trip, one transaction. */
static int add(struct ctx *c, struct adding *what)
{
    struct node *row;
    pg_batch(c);
    q_cart_open(c, NULL);
    q_cart_add(c, &row, what->variant, what->quantity, what->left, what->price, c->currency);
    int err = pg_flush(c);
    if (err && str_is(c->fault.key, "cart.full")) /* the database's rule, in the person's words */
        return fail(c, err, "cart.full", "A cart holds at most 100 different things.");
    TRY(err);
    what->done = row != NULL;
    what->put->line = node_int(row, "id");
    what->put->quantity = node_int(row, "quantity");
    what->put->is_fewer = node_bool(row, "is_fewer");
    return E_OK;
}

static int name_new_cart(struct ctx *c)
{
    struct node *row;
    TRY(q_cart_new_id(c, &row));
    c->scope.cart = node_int(row, "id");
    return E_OK;
}

static int put_in(struct ctx *c, struct adding *what)
{
    if (c->scope.person || c->scope.cart)
        TRY(add(c, what));
    if (what->done)
        return E_OK;
    /* A guest's first, or the cookie's cart has been ordered or merged meanwhile. */
    TRY(name_new_cart(c));
    what->put->made = true;
    TRY(add(c, what));
    return what->done ? E_OK : fail_detail(c, E_INTERNAL, "cart.add", "the cart was not made");
}

int cart_add(struct ctx *c, i64 variant, i64 quantity, struct cart_put *put)
{
    struct adding what = {
        .variant = variant, .quantity = quantity, .left = CART_MOST_OF_ONE, .put = put
    };
    *put = (struct cart_put){ 0 };
    TRY(check_for_sale(c, &what));
    return put_in(c, &what);
}

int cart_add_all(struct ctx *c, i64 variant, i64 quantity)
{
    struct cart_put put = { 0 };
    struct adding what = { .variant = variant, .quantity = quantity, .put = &put };
    TRY(check_for_sale(c, &what));
    what.left = CART_MOST_OF_ONE;
    return put_in(c, &what);
}

int cart_set(struct ctx *c, i64 line, i64 quantity, struct cart_put *put)
{
    struct node *row;
    *put = (struct cart_put){ .line = line };
    TRY(quantity ? q_cart_set(c, &row, line, quantity) : q_cart_drop(c, &row, line));
    if (!row)
        return fail(c, E_MISSING, "cart.line", "That is no longer in your cart.");
    if (!quantity)
        return E_OK;
    put->quantity = node_int(row, "quantity");
    put->is_fewer = put->quantity < quantity;
    return put->quantity ? E_OK : fail(c, E_CONFLICT, "cart.sold_out", "This is sold out.");
}

int cart_accept_prices(struct ctx *c)
{
    struct node *cart;
    i64 variants[MOST_LINES], prices[MOST_LINES];
    size_t n = 0;
    TRY(cart_read(c, &cart));
    EACH(item, node_get(cart, S("lines"))) {
        variants[n] = node_int(&item->node, "variant_id");
        prices[n++] = node_int(&item->node, "unit_price");
    }
    return n ? q_cart_see_prices(c, NULL, node_int(cart, "id"), variants, n, prices, n, c->currency)
             : E_OK;
}

struct merging {
    i64 guest, person;
    struct cart_merged *out;
};

static int merge(struct ctx *c, void *with)
{
    const struct merging *m = with;
    struct node *carts, *row;
    TRY(q_cart_lock_both(c, &carts, m->guest, m->person));
    TRY(q_cart_adopt(c, NULL, m->guest, m->person));
    TRY(q_cart_pour(c, &row, m->guest, m->person));
    m->out->of_two = node_int(row, "own") && node_int(row, "guests");
    m->out->left_out = node_int(row, "guests") - node_int(row, "poured");
    return q_cart_emptied(c, NULL, m->guest, m->person);
}

int cart_merge(struct ctx *c, i64 guest_cart, i64 person, struct cart_merged *out)
{
    struct merging m = { guest_cart, person, out };
    struct scope before = c->scope;
    *out = (struct cart_merged){ 0 };
    c->scope.cart = guest_cart;
    c->scope.person = person;
    int err = pg_tx(c, merge, &m);
    c->scope = before;
    return err;
}

int cart_lock(struct ctx *c, i64 cart, i64 *revision)
{
    struct node *row;
    *revision = 0;
    TRY(q_cart_lock(c, &row, cart));
    if (row && node_bool(row, "is_open"))
        *revision = node_int(row, "revision");
    return E_OK;
}

/* The caller may change the order; its cart may be another browser's. */
int cart_keep(struct ctx *c, i64 cart, const i64 *variants, const i64 *quantities, size_t n)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_cart_keep(c, NULL, cart, variants, n, quantities, n);
    c->scope = before;
    return err;
}

int cart_let_go(struct ctx *c, i64 cart, i64 ended_revision)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_cart_let_go(c, NULL, cart, ended_revision);
    c->scope = before;
    return err;
}

int cart_reopen(struct ctx *c, i64 cart, i64 ended_revision)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_cart_reopen(c, NULL, cart, ended_revision);
    c->scope = before;
    return err;
}

int cart_raise(struct ctx *c, i64 cart) { return q_cart_raise(c, NULL, cart); }

int cart_forget_old(struct ctx *c)
{
    i64 gone = BATCH;
    for (int round = 0; gone == BATCH && round < MOST_ROUNDS; round++)
        TRY(q_cart_forget(c, &gone, c->now - KEEP_GUEST, c->now - KEEP_ALL));
    return E_OK;
}

int cart_collect(struct ctx *c, i64 person, struct node *into)
{
    static const char *const told[] = { "sku", "name", "options", "quantity" };
    struct node *cart, *lines = node_set_list(c->mem, into, S("cart"));
    struct scope before = c->scope;
    c->scope = (struct scope){ .person = person };
    int err = cart_read(c, &cart);
    c->scope = before;
    TRY(err);
    EACH(item, node_get(cart, S("lines"))) {
        struct node *line = node_add_map(c->mem, lines);
        for (size_t i = 0; i < COUNT(told); i++)
            node_set(c->mem, line, str_of(told[i]), node_get(&item->node, str_of(told[i])));
    }
    return E_OK;
}

int cart_erase(struct ctx *c, i64 person) { return q_cart_erase(c, NULL, person); }
