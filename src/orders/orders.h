/* orders: an agreed basket and its life.
 *
 * Owns schema orders. Two axes: order (pending -> processing -> shipped -> delivered;
 * pending or processing -> cancelled) and payment (pending -> paid -> refunded); each step is
 * one statement with its condition. Lock order everywhere: order -> payment -> stock by SKU.
 * Only provider events make an order paid. */
#pragma once
#include "base/base.h"

struct basket; /* both pricing's */
struct priced;

struct placing { /* everything checkout has gathered, prices already reckoned */
    i64 cart, revision, person;
    str email, name, phone, delivery_method;
    struct node *address, *delivery_names, *lines; /* lines: catalog_variants + quantity */
    const struct basket *basket;
    const struct priced *priced;
};
/* Writes order, parts, lines, holds and the order.created event in one transaction. The same
 * (cart, revision) again returns the first order. E_CONFLICT "inventory.short". */
int orders_place(struct ctx *, const struct placing *, i64 *order);
/* An unpaid order of an earlier revision of this cart: its payment page is expired at the
 * provider first, then it is cancelled and its hold freed. Outside any transaction. */
int orders_supersede(struct ctx *, i64 cart, i64 revision);

/* The whole order for its page (buyer's or staff's, as the scope allows): {id, number,
 * status, payment_status, currency, goods_total, delivery_total, tax_total, total,
 * tax_inclusive, refunded_total, email, name, phone, address{}, delivery_name, placed_at,
 * paid_at, hold_until, lines[], parts[], events[], trace[], can_pay, can_cancel, ...}. */
int orders_read(struct ctx *, i64 order, struct node **out);
int orders_by_number(struct ctx *, str number, i64 *order); /* any order; look at the scope */
int orders_of_person(struct ctx *, i64 person, i64 before_id, struct node **orders);
/* Signed link for guests: "/orders/<number>?key=..." */
str orders_link(struct ctx *, str number);
bool orders_link_ok(struct ctx *, str number, str key);

int orders_pay_url(struct ctx *, i64 order, str *url); /* opens or finds the payment page */
int orders_set_status(struct ctx *, i64 order, str status, i64 by_person);
int orders_cancel(struct ctx *, i64 order, i64 by_person, const char *actor);
int orders_refund_all(struct ctx *, i64 order, i64 by_person, bool back_on_shelf);
