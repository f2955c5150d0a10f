/* inventory: stock by SKU and place, holds that expire, and why each figure is what it is.
 *
 * Owns schema inventory. Every change is one statement with its condition, items taken in
 * their order, so that no two buyers get the last unit and no two orders wait for each other.
 * The never_oversold CHECK stands behind it. All calls run in the caller's transaction. */
#pragma once
#include "base/base.h"

/* From here down a page says how many are left. A hold that leaves more than that changes nothing
 * that anybody sees: its event, inventory.updated {sku, left}, has isPlenty as well. */
#define SEVERAL_LEFT 5
/* So many left, or fewer: it runs out, for who has to order more. */
#define FEW_LEFT 3

struct inventory_want {
    i64 item, quantity;
    str sku;
};
/* Holds all or nothing for an order until `expires`; the same item may occur twice and is
 * summed first. E_CONFLICT "inventory.short" naming the SKU and what is left. */
int inventory_hold(struct ctx *, i64 order, struct inventory_want *, size_t n, when expires);
/* What inventory.reserve has refused, as inventory_hold says it; any other error as it is. */
int inventory_why(struct ctx *, int err, const struct inventory_want *, size_t n);
int inventory_extend(struct ctx *, i64 order, when expires);
int inventory_free(struct ctx *, i64 order); /* held -> freed; again is fine */
int inventory_sell(struct ctx *, i64 order); /* held -> sold, stock leaves; again is fine */
/* A payment that came after the hold lapsed: holds again and sells. E_CONFLICT when short. */
int inventory_sell_late(struct ctx *, i64 order);
int inventory_return(struct ctx *, i64 order); /* all of a sold order, back on the shelf; once */
/* {id} of those orders whose goods have come back: they may be sold to others by now. */
int inventory_returned(struct ctx *, const i64 *orders, size_t n, struct node **out);

/* The items of some SKUs, each made when new. */
struct inventory_item {
    str sku;
    i64 id;
    bool is_tracked;
};
int inventory_items(struct ctx *, i64 organisation, struct inventory_item *, size_t n);
int inventory_rename(struct ctx *, i64 item, str sku); /* the stock stays with it */
int inventory_track(struct ctx *, i64 item, bool tracked);
/* Sets on_hand at the organisation's first place (made when new) by a movement; refused with
 * E_CONFLICT when less than what is reserved. The same figure writes nothing, nor does a cause that has
 * moved this item before. */
int inventory_set(struct ctx *, i64 organisation, i64 item, i64 on_hand, str reason, str cause);
/* Many at once, each item once; how many of them were another figure before. once: the cause counts an
 * item once and for all, also where its figure was right already: an import run twice does not put
 * back what was sold in between. */
struct inventory_count {
    i64 item, on_hand;
    str reason; /* initial, received, corrected, returned */
};
int inventory_set_each(struct ctx *, i64 organisation, const struct inventory_count *, size_t n,
    str cause, bool once, size_t *changed);
