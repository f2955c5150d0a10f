#include <stdlib.h>
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "work/work.h"

/* Holds and sales belong to an order; the order's scope lets them touch stock of every
 * organisation whose goods it holds, and nothing else. */
static struct scope as_order(struct ctx *c, i64 order)
{
    struct scope was = c->scope;
    c->scope.order = order;
    return was;
}

static int tell(struct ctx *c, i64 organisation, i64 item, str sku, i64 left)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("sku"), sku);
    node_set_int(c->mem, data, S("left"), left);
    return outbox_tell(c, "inventory.updated", organisation, item, data);
}

static int tell_each(struct ctx *c, const struct node *rows)
{
    EACH(it, rows)
        TRY(tell(c, node_int(&it->node, "organisation_id"), node_int(&it->node, "item_id"),
            node_str(&it->node, "sku"), node_int(&it->node, "free")));
    return E_OK;
}

static int by_item(const void *a, const void *b)
{
    const struct inventory_want *x = a, *y = b;
    return x->item < y->item ? -1 : x->item > y->item;
}

static const struct inventory_want *wanted(const struct inventory_want *all, size_t n, i64 item)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].item == item)
            return &all[i];
    return NULL;
}

/* Sums per item, in their order; the SKU of the first stays. */
static int summed(struct ctx *c, const struct inventory_want *in, size_t n,
    struct inventory_want **out, size_t *n_out)
{
    struct inventory_want *all = NEWS(c->mem, struct inventory_want, n ? n : 1);
    size_t m = 0;
    memcpy(all, in, n * sizeof *in);
    qsort(all, n, sizeof *all, by_item);
    for (size_t i = 0; i < n; i++) {
        if (all[i].quantity < 1)
            return fail_detail(
                c, E_INTERNAL, "inventory.quantity", "asked to hold %" PRId64, all[i].quantity);
        if (m && all[m - 1].item == all[i].item) {
            if (!money_add(all[m - 1].quantity, all[i].quantity, &all[m - 1].quantity))
                return fail(c, E_INPUT, "inventory.quantity", "That is more than anyone has.");
        } else {
            all[m++] = all[i];
        }
    }
    *out = all;
    *n_out = m;
    return E_OK;
}

static int too_few(struct ctx *c, str sku, i64 left)
{
    if (left <= 0)
        return fail(c, E_CONFLICT, "inventory.short", "%.*s is sold out.", STR(sku));
    return fail(c, E_CONFLICT, "inventory.short", "Only %" PRId64 " of %.*s left.", left, STR(sku));
}

/* The schema says "<left> <item>"; nothing at all was held when one is short. */
int inventory_why(struct ctx *c, int err, const struct inventory_want *wants, size_t n)
{
    str left, item = c->fault.text;
    i64 number, id;
    if (!err || !pg_broke(c, "inventory.short") || !str_cut(&item, ' ', &left) ||
        !str_int(left, &number) || !str_int(item, &id))
        return err;
    const struct inventory_want *want = wanted(wants, n, id);
    fault_clear(c);
    return too_few(c, want ? want->sku : str_none, number);
}

int inventory_hold(struct ctx *c, i64 order, struct inventory_want *wants, size_t n, when expires)
{
    struct inventory_want *all = NULL;
    size_t m = 0;
    TRY(summed(c, wants, n, &all, &m));
    if (!m)
        return E_OK;
    i64 *items = NEWS(c->mem, i64, m), *quantities = NEWS(c->mem, i64, m);
    for (size_t i = 0; i < m; i++) {
        items[i] = all[i].item;
        quantities[i] = all[i].quantity;
    }
    struct scope was = as_order(c, order);
    int err = q_inventory_reserve(
        c, NULL, order, items, m, quantities, m, expires, SEVERAL_LEFT, c->id, job_wakes(c));
    c->scope = was;
    return inventory_why(c, err, all, m);
}

int inventory_extend(struct ctx *c, i64 order, when expires)
{
    struct scope was = as_order(c, order);
    int err = q_inventory_extend(c, NULL, order, expires);
    c->scope = was;
    return err;
}

int inventory_free(struct ctx *c, i64 order)
{
    struct node *rows;
    struct scope was = as_order(c, order);
    int err = q_inventory_free(c, &rows, order);
    c->scope = was;
    TRY(err);
    return tell_each(c, rows);
}

/* What was held does not become more or less for sale by being sold: nothing to tell. */
int inventory_sell(struct ctx *c, i64 order)
{
    struct scope was = as_order(c, order);
    int err = q_inventory_sell(c, NULL, order, str_fmt(c->mem, "order:%" PRId64 " sold", order));
    c->scope = was;
    return err;
}

int inventory_sell_late(struct ctx *c, i64 order)
{
    struct node *rows;
    struct scope was = as_order(c, order);
    int err = q_inventory_holds(c, &rows, order);
    c->scope = was;
    TRY(err);
    size_t n = 0;
    struct inventory_want *again = NEWS(c->mem, struct inventory_want, node_count(rows) + 1);
    EACH(it, rows)
        if (str_is(node_str(&it->node, "state"), "freed"))
            again[n++] = (struct inventory_want){
                .item = node_int(&it->node, "item_id"),
                .quantity = node_int(&it->node, "quantity"),
                .sku = node_str(&it->node, "sku"),
            };
    TRY(inventory_hold(c, order, again, n, c->now + MINUTE));
    return inventory_sell(c, order);
}

int inventory_return(struct ctx *c, i64 order)
{
    struct node *rows;
    struct scope was = as_order(c, order);
    int err = q_inventory_return_sold(c, &rows, order);
    c->scope = was;
    TRY(err);
    return tell_each(c, rows);
}

int inventory_returned(struct ctx *c, const i64 *orders, size_t n, struct node **out)
{
    return q_inventory_returned(c, out, orders, n);
}

int inventory_items(struct ctx *c, i64 organisation, struct inventory_item *items, size_t n)
{
    str *skus = NEWS(c->mem, str, n + 1);
    struct node *rows;
    for (size_t i = 0; i < n; i++)
        skus[i] = items[i].sku;
    TRY(q_inventory_items(c, &rows, organisation, skus, n));
    EACH(it, rows)
        for (size_t i = 0; i < n; i++)
            if (str_eq(node_str(&it->node, "sku"), items[i].sku)) {
                items[i].id = node_int(&it->node, "id");
                items[i].is_tracked = node_bool(&it->node, "tracked");
            }
    return E_OK;
}

int inventory_rename(struct ctx *c, i64 item, str sku)
{
    return q_inventory_rename_item(c, NULL, item, sku);
}

int inventory_track(struct ctx *c, i64 item, bool tracked)
{
    return q_inventory_track(c, NULL, item, tracked);
}

static int tell_changed(struct ctx *c, i64 organisation, const struct node *rows, size_t *changed)
{
    pg_batch(c);
    EACH(it, rows) {
        if (node_is_null(&it->node, "sku"))
            continue;
        tell(c, organisation, node_int(&it->node, "item_id"), node_str(&it->node, "sku"),
            node_int(&it->node, "free"));
        *changed += 1;
    }
    return pg_flush(c);
}

int inventory_set_each(struct ctx *c, i64 organisation, const struct inventory_count *counts,
    size_t n, str cause, bool once, size_t *changed)
{
    i64 *items = NEWS(c->mem, i64, n + 1), *on_hand = NEWS(c->mem, i64, n + 1);
    str *reasons = NEWS(c->mem, str, n + 1);
    struct node *rows;
    *changed = 0;
    for (size_t i = 0; i < n; i++) {
        items[i] = counts[i].item;
        on_hand[i] = counts[i].on_hand;
        reasons[i] = counts[i].reason;
        if (on_hand[i] < 0 || on_hand[i] > 1000000000)
            return fail(
                c, E_INPUT, "inventory.figure", "Stock is a number from 0 to 1,000,000,000.");
    }
    if (!n)
        return E_OK;
    TRY(q_inventory_open_places(c, NULL, organisation, items, n));
    int err = q_inventory_set_on_hand(
        c, &rows, organisation, items, n, on_hand, n, reasons, n, cause, once);
    if (err && pg_broke(c, "never_oversold")) {
        fault_clear(c);
        return fail(c, E_CONFLICT, "inventory.reserved",
            "Some of these are promised to open orders; stock cannot be less than that.");
    }
    TRY(err);
    if (node_count(rows) != n)
        return fail_detail(c, E_INTERNAL, "inventory.place", "%zu items, %zu of them have a place",
            n, node_count(rows));
    return tell_changed(c, organisation, rows, changed);
}

int inventory_set(struct ctx *c, i64 organisation, i64 item, i64 on_hand, str reason, str cause)
{
    size_t changed;
    return inventory_set_each(c, organisation, &(struct inventory_count){ item, on_hand, reason }, 1,
        cause, false, &changed);
}
