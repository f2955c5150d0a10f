/* Shared within checkout/. */
#pragma once
#include "checkout/checkout.h"
#include "orders/orders.h"
#include "pricing/pricing.h"

/* The scope's cart with all that an order of it needs, and its price. */
struct gathered {
    struct node *cart, *draft, *methods, *delivery;
    struct basket basket;
    struct priced priced;
    bool is_ready; /* also an address and a delivery were chosen */
    bool is_out_of_reach; /* the address is where we sell no more: reckoned as if there were none */
    /* Of who is about to place it: what was before, looked for on the way. */
    struct orders_asked *asked; /* its cart and revision are filled in */
    struct orders_before before;
};
int checkout_gather(struct ctx *, struct gathered *);
i64 checkout_grams(const struct node *cart); /* what all of it weighs, as far as is known */
int checkout_costs(struct ctx *, const struct gathered *); /* E_CONFLICT when it is nothing, or too little to be paid */
struct orders_placed;
/* id 0: a new one; is_to_pay: as in struct placing. */
int checkout_order(struct ctx *, struct gathered *, i64 person, i64 id, bool is_to_pay,
    struct orders_placed *);

/* buy.c: all of it at once, for other software. */
enum { MOST_ITEMS = 100 };
struct wish {
    i64 person;
    str email, name;            /* of the account */
    str delivery_method;        /* empty: as last time, else the first that is offered */
    const struct node *items;   /* [{sku, product, quantity}], MOST_ITEMS at most */
    const struct node *address; /* {name, phone, line1, ...}; NULL: as last time, else not known */
};
/* In a cart of its own, which nobody's browser shows; the scope is the order's afterwards.
 * E_INPUT by field ("items.0.sku"), E_CONFLICT when it cannot be had. */
int checkout_buy(struct ctx *, const struct wish *, i64 *order);
