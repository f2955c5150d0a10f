/* cart: what someone means to buy.
 *
 * Owns schema cart. A guest's cart is found by the signed cookie, a person's by the person;
 * web's gate has put either in the scope. One round trip per change besides the page's own.
 * Each change of what would be bought raises the revision. */
#pragma once
#include "base/base.h"

#define CART_MOST_OF_ONE 999

/* The cart with its lines as of now: {id, revision, currency, count, goods, lines: [{id
 * (opaque), variant_id, sku, slug, name, options, quantity, unit_price, line_total, left,
 * problem ("" | "gone" | "short" | "dearer" | "cheaper" | "not_for_sale"), was_price,
 * picture}], has_problem}. An empty document with count 0 when there is none yet. */
int cart_read(struct ctx *, struct node **cart);
/* The same in two steps, to ask for more on the same trip: within the caller's batch, and after. */
struct reading {
    struct node *rows, *things;
};
void cart_ask(struct ctx *, struct reading *);
int cart_made(struct ctx *, const struct reading *, struct node **cart);
int cart_count(struct ctx *, i64 *count); /* how many things, for the badge */
/* What became of it. */
struct cart_put {
    i64 line, quantity; /* so many are in the cart now */
    bool made;          /* the cart is new */
    bool is_fewer;      /* than were asked for: no more are left, or may be in a cart */
};
/* Adds to what is in it, no more than is left; E_CONFLICT when nothing is. Makes the cart when
 * there is none. */
int cart_add(struct ctx *, i64 variant, i64 quantity, struct cart_put *);
/* All of them, whatever is left: for who is to hear of it, and to be given nothing else. */
int cart_add_all(struct ctx *, i64 variant, i64 quantity);
int cart_set(struct ctx *, i64 line, i64 quantity, struct cart_put *); /* 0 takes it out */
int cart_accept_prices(struct ctx *); /* the prices shown now are the ones agreed to */
/* At login: the guest's lines go into the person's cart; the larger quantity stays. */
struct cart_merged {
    bool of_two; /* there was something in both */
    i64 left_out; /* things for which there was no room */
};
int cart_merge(struct ctx *, i64 guest_cart, i64 person, struct cart_merged *);
/* Within a transaction, so that a change and an order never cross; before any stock. The
 * revision is 0 when the cart is not open any more. */
int cart_lock(struct ctx *, i64 cart, i64 *revision);
/* An unpaid order of this cart keeps these for it: to this cart they are not sold out. */
int cart_keep(struct ctx *, i64 cart, const i64 *variants, const i64 *quantities, size_t n);
/* It keeps them no more; `ended_revision`, when that order is over for good, can be ordered anew
 * (0: it is not over). Not for an order that has left its cart: what is kept there is another's. */
int cart_let_go(struct ctx *, i64 cart, i64 ended_revision);
/* As that revision was ordered it was closed, but that order ended unpaid: it is as it was. One that
 * was changed, or is not the only one, stays as it is. */
int cart_reopen(struct ctx *, i64 cart, i64 ended_revision);
/* struct personal (web/web.h): of the open one */
int cart_collect(struct ctx *, i64 person, struct node *into);
int cart_erase(struct ctx *, i64 person);
int cart_raise(struct ctx *, i64 cart); /* something else about it has changed */
int cart_forget_old(struct ctx *);      /* carts that were left */

struct req;
int cart_guest(struct req *);                /* hooks.guest: the signed cookie's cart */
int cart_on_login(struct req *, i64 person); /* hooks.on_login */
