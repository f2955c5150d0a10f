/* orders: an agreed basket and its life.
 *
 * Owns schema orders. Two axes: order (pending -> processing -> shipped -> delivered;
 * pending or processing -> cancelled) and payment (pending -> paid -> refunded); each step is
 * one statement with its condition. Lock order everywhere: order -> payment -> stock by SKU.
 * Only provider events make an order paid. */
#pragma once
#include "base/base.h"

struct basket; /* pricing/pricing.h */
struct priced;

struct placing { /* everything checkout has gathered, prices already reckoned */
    i64 cart, revision, person;
    str email, name, phone, delivery_method;
    struct node *address, *delivery_names;
    struct node *lines; /* cart_read's lines, in the basket's order */
    const struct basket *basket;
    const struct priced *priced;
};
/* Writes order, parts, lines, holds and the order.created events in one transaction; the scope
 * is the order's afterwards. The same (cart, revision) again returns the first order.
 * E_CONFLICT "inventory.short" names what is left of what. */
int orders_place(struct ctx *, const struct placing *, i64 *order);
/* The order this very submission was answered with before, 0 when it is the first: a cart's
 * revision at a total. cart 0: it is gone, any of this person's. */
int orders_answered(struct ctx *, i64 cart, i64 person, i64 revision, i64 total, i64 *order);
/* The order of a cart's revision; 0 when there is none. */
int orders_of_revision(struct ctx *, i64 cart, i64 revision, i64 *order);
/* Unpaid orders of earlier revisions of this cart: each one's payment page is expired at the
 * provider first, then it is cancelled and its hold freed. Outside any transaction. */
int orders_supersede(struct ctx *, i64 cart, i64 revision);

/* The whole order for its page (the scope must name it or its organisation): the columns of
 * query read, with lines[], parts[], events[], trace[], and is_pending, is_processing,
 * is_shipped, is_delivered, is_cancelled, is_unpaid, is_paid, is_refunded, can_pay,
 * can_cancel, link. */
int orders_read(struct ctx *, i64 order, struct node **out);
/* Any order, whosever it is: 0 when there is none. Look at the scope before showing it. */
int orders_by_number(struct ctx *, str number, i64 *order, i64 *person);
/* Newest first, 20 at most; *more when there are others before the last. */
int orders_of_person(struct ctx *, i64 person, i64 before, struct node **orders, bool *more);
/* The newest of one organisation, as its list shows them. */
int orders_of_organisation(struct ctx *, i64 organisation, i64 most, struct node **orders);
/* The way in for guests: "/orders/<number>?key=..."; absolute on the shop's own host. */
str orders_link(struct ctx *, str number);
str orders_url(struct ctx *, str number, const char *suffix);
bool orders_link_ok(struct ctx *, str number, str key);

/* Opens or finds the page where the buyer pays; takes the stock again when the hold has
 * lapsed. Calls outside. */
int orders_pay_url(struct ctx *, i64 order, str *url);
/* One step forward for this organisation's part (0: all); the order follows when every part
 * has come as far. E_CONFLICT when it is not the next step. */
int orders_move(struct ctx *, i64 order, i64 organisation, str status, str carrier, str tracking,
    i64 by_person);
/* Frees the hold; an unpaid order's payment page is closed first (calls outside), a paid
 * one's money goes back. */
int orders_cancel(struct ctx *, i64 order, i64 by_person, const char *actor);
int orders_refund_all(struct ctx *, i64 order, i64 by_person, bool back_on_shelf);
