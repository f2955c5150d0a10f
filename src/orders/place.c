/* Placing an order: everything that was agreed, and the stock for it, in one transaction,
 * before any money moves. */
#include "orders/orders_in.h"
#include "cart/cart.h"
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "io/io.h"
#include "payments/payments.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include "work/work.h"

#define MOST_LINES   100
#define HOLD_MINUTES 15
#define HOLD_TIMES   3   /* as often goods are kept for an order, one time after the other */
#define HELD_ORDERS  3   /* at once, of a person */
#define HELD_THERE   100 /* ... of all guests of a network */

/* ---- how long goods are kept, and how many --------------------------------------------------- */

i64 orders_hold_minutes(struct ctx *c)
{
    return conf_int(c->app->conf, "hold_minutes", HOLD_MINUTES);
}

when orders_hold_end(struct ctx *c) { return c->now + orders_hold_minutes(c) * MINUTE; }

static i64 most_kept_s(struct ctx *c)
{
    return conf_int(c->app->conf, "hold_times", HOLD_TIMES) * orders_hold_minutes(c) * 60;
}

/* A rest in which hardly anybody pays is none. */
i64 orders_left_s(struct ctx *c, i64 kept_s)
{
    i64 once = orders_hold_minutes(c) * 60, left = most_kept_s(c) - kept_s;
    return left < once / 3 ? 0 : left < once ? left : once;
}

/* "7 0 web digest request salt/203.0.113.7"; none of what is asked for on this machine. */
static str address_of(str source)
{
    str rest = source, word = str_none, salt;
    for (int i = 0; i < 6 && rest.n; i++)
        str_cut(&rest, ' ', &word);
    return str_find(word, S("/")) >= 0 && str_cut(&word, '/', &salt) ? word : str_none;
}

void orders_may_keep(struct ctx *c, str who, struct orders_buyer *out)
{
    bool is_person = str_starts(who, S("p"));
    i64 factor = limit_factor(c->app);
    i64 orders = is_person ? conf_int(c->app->conf, "hold_orders", HELD_ORDERS)
                           : conf_int(c->app->conf, "hold_orders_address", HELD_THERE);
    *out = (struct orders_buyer){ factor ? who : str_none, orders * factor };
}

/* Of a guest nothing is known that they could not make up, but the network. It is not written
 * down: its digest is, under the shop's secret. */
void orders_who_buys(struct ctx *c, i64 person, struct orders_buyer *out)
{
    str address = address_of(c->source), who = str_none;
    if (person)
        who = str_fmt(c->mem, "p%" PRId64, person);
    else if (address.n)
        who = str_fmt(c->mem, "a%.*s",
            STR(str_upto(crypto_hmac_sha256_hex(c->mem, c->app->secret,
                    str_fmt(c->mem, "buyer %.*s", STR(limit_network(c->mem, address)))), 32)));
    orders_may_keep(c, who, out);
}

int orders_why_hoarding(struct ctx *c, int err, str who)
{
    if (!err || !pg_broke(c, "orders.kept_orders"))
        return err;
    metric_add(c->app, "hoarding_refused_total", 1);
    fault_clear(c);
    return str_starts(who, S("p"))
        ? fail(c, E_CONFLICT, "orders.kept_orders",
              "You have other orders that are not paid yet. Please pay or cancel one of them "
              "first.")
        : fail(c, E_CONFLICT, "orders.kept_orders",
              "Very many orders from your network are not paid yet. Please log in, or try again in "
              "a few minutes.");
}

/* ---- writing it -------------------------------------------------------------------------------
 */

static str as_json(struct ctx *c, const struct node *value)
{
    struct buf out = buf_new(c->mem, 1 << 20); /* 100 lines of the longest names */
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
    return q_orders_tell(c, NULL, order, str_of(kind), c->id, job_wakes(c));
}

static i64 id_of(const struct node *row) { return row ? node_int(row, "id") : 0; }

/* Asked for the house, because the buyer's scope cannot name an order it does not know yet. */
static int find_of_revision(struct ctx *c, i64 cart, i64 revision, i64 *order)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_orders_of_revision(c, &row, cart, revision);
    c->scope = before;
    *order = err ? 0 : id_of(row);
    return err;
}

void orders_look_back(struct ctx *c, const struct orders_asked *a, struct orders_before *out)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    q_orders_look_back(c, &out->found, a->cart, a->revision, a->person, a->seen_revision,
        a->seen_total, c->currency);
    q_orders_older_unpaid(c, &out->older, a->cart, a->revision);
    c->scope = before;
}

/* As orders.place takes them. */
static str lines_of(struct ctx *c, const struct placing *p)
{
    static const struct {
        const char *name, *from;
    } taken[] = { { "organisation", "organisation_id" }, { "product", "product_id" },
        { "variant", "variant_id" }, { "item", "item_id" }, { "slug", "slug" }, { "sku", "sku" },
        { "name", "name" }, { "options", "options" } };
    struct node *lines = node_list(c->mem);
    const struct price_line *price = p->basket->lines;
    EACH(item, p->lines) {
        struct node *line = node_add_map(c->mem, lines);
        for (size_t i = 0; i < COUNT(taken); i++)
            node_set(
                c->mem, line, str_of(taken[i].name), node_get(&item->node, str_of(taken[i].from)));
        node_set_str(
            c->mem, line, S("picture"), node_str(node_get(&item->node, S("picture")), "stem"));
        node_set_int(c->mem, line, S("quantity"), price->quantity);
        node_set_int(c->mem, line, S("unit"), price->unit);
        node_set_int(c->mem, line, S("total"), price->total);
        node_set_int(c->mem, line, S("rate"), price->rate_bp);
        node_set_int(c->mem, line, S("tax"), price->tax);
        price++;
    }
    return as_json(c, lines);
}

static int why_not(struct ctx *c, int err, const struct placing *p, str who)
{
    struct inventory_want wants[MOST_LINES];
    size_t n = 0;
    EACH(item, p->lines)
        wants[n++] = (struct inventory_want){ .item = node_int(&item->node, "item_id"),
            .sku = node_str(&item->node, "sku") };
    return orders_why_hoarding(c, inventory_why(c, err, wants, n), who);
}

static i64 keeper_of(const struct basket *b)
{
    for (size_t i = 1; i < b->n; i++)
        if (b->lines[i].organisation != b->lines[0].organisation)
            return 0;
    return b->lines[0].organisation;
}

/* On the provider's page; the link to the order is in the buyer's language. */
static const struct payment_order *payment_of(
    struct ctx *c, const struct placing *p, str number, when until)
{
    struct payment_order *pay = NEW(c->mem, struct payment_order);
    *pay = (struct payment_order){ .id = c->scope.order,
        .amount = p->priced->total,
        .number = number,
        .currency = c->currency,
        .email = p->email,
        .lang = c->lang,
        .hold_until = until,
        .way = PAY_ON_PAGE };
    orders_payment(c, pay);
    return pay;
}

struct writing {
    const struct placing *placing;
    struct orders_placed *out;
    struct orders_sealed label;
    struct orders_buyer buyer;
    str number;
    when until;
    struct node *row;
};

static int write(struct ctx *c, struct writing *w)
{
    const struct placing *p = w->placing;
    return q_orders_place(c, &w->row, w->out->id, w->number, p->cart, p->revision,
        p->person ? &p->person : NULL, p->email, p->name, str_none,
        as_json(c, orders_label(c, &w->label)), c->lang, c->currency, p->priced->goods,
        p->priced->delivery, p->priced->tax, p->priced->total, p->basket->tax_inclusive,
        p->basket->rounding == ROUND_PER_TOTAL ? S("per_total") : S("per_line"), p->delivery_method,
        as_json(c, p->delivery_names), as_json(c, p->priced->trace), w->until, lines_of(c, p),
        SEVERAL_LEFT, c->id, job_wakes(c), w->buyer.who, w->buyer.most_orders,
        p->is_to_pay);
}

/* In one go, and in one transaction: both are there, or neither. */
static int write_to_pay(struct ctx *c, void *with)
{
    struct writing *w = with;
    pg_batch(c);
    write(c, w);
    payments_attempt(c, ORDERS_PROVIDER, w->out->pay, &w->out->attempt);
    return pg_flush_last(c);
}

static int place_new(
    struct ctx *c, const struct placing *p, struct orders_placed *out, bool *is_placed)
{
    /* Twelve letters of Crockford's alphabet: can be read out, cannot be guessed. */
    str code = str_upper(c->mem, crypto_code(c->mem, 12));
    struct writing w = { .placing = p, .out = out, .until = orders_hold_end(c) };
    w.number = str_fmt(c->mem, "TL-%.*s-%.*s-%.*s", 4, code.p, 4, code.p + 4, 4, code.p + 8);
    TRY(orders_seal(c, out->id, keeper_of(p->basket), p->phone, p->address, &w.label));
    orders_who_buys(c, p->person, &w.buyer);
    if (p->is_to_pay)
        out->pay = payment_of(c, p, w.number, w.until);
    int err = p->is_to_pay ? pg_tx(c, write_to_pay, &w) : write(c, &w);
    *is_placed = !err && node_bool(w.row, "is_placed");
    if (!err || !pg_broke(c, "orders.placed"))
        return why_not(c, err, p, w.buyer.who);
    fault_clear(c);
    return E_OK;
}

/* Whoever comes second waits in orders.place for the first, then finds that one's order. */
static int place(struct ctx *c, const struct placing *p, struct orders_placed *out, bool *is_new)
{
    struct node *row = NULL;
    *out = (struct orders_placed){ .id = p->id };
    if (!p->id) {
        TRY(q_orders_next_id(c, &row));
        out->id = id_of(row);
    }
    c->scope.order = out->id;
    TRY(place_new(c, p, out, is_new));
    if (*is_new)
        return E_OK;
    *out = (struct orders_placed){ 0 };
    TRY(find_of_revision(c, p->cart, p->revision, &out->id));
    return out->id ? E_OK
                   : fail(c, E_CONFLICT, "checkout.changed",
                         "Your cart or a price has changed. Please look at the new total before "
                         "you pay.");
}

int orders_place(struct ctx *c, const struct placing *p, struct orders_placed *out)
{
    struct scope before = c->scope;
    bool is_new = false;
    if (!node_count(p->lines) || node_count(p->lines) > MOST_LINES)
        return fail(c, E_CONFLICT, "orders.empty", "Your cart is empty.");
    int err = place(c, p, out, &is_new);
    c->scope = before; /* without the order that was not made */
    TRY(err);
    c->scope.order = out->id;
    metric_add(c->app, "orders_placed_total", is_new);
    return E_OK;
}
