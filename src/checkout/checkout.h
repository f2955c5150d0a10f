/* checkout: address -> delivery -> pay -> order; three plain pages that can be left and come
 * back to. Owns schema checkout (what was filled in). It gathers, reckons by pricing and
 * hands over to orders; it holds no stock and moves no money itself. */
#pragma once
#include "base/base.h"

/* The cart with draft, methods and totals as they stand: {cart{}, draft{email, name, phone,
 * address{}, delivery_method}, has_address, has_delivery, is_ready, methods[], delivery{},
 * totals{goods, delivery, tax, total, tax_inclusive, currency}, trace[]}. */
int checkout_read(struct ctx *, struct node **out);
int checkout_save_address(
    struct ctx *, i64 cart, str email, str name, str phone, struct node *address);
int checkout_save_delivery(struct ctx *, i64 cart, str method);
/* Places the order for the cart's revision, or finds the one placed. What the buyer saw must
 * still hold: another revision, total, tax or currency (empty: not said) is E_CONFLICT
 * "checkout.changed", and nothing is written. Calls outside (an older unpaid order's page is closed
 * first). */
struct orders_placed; /* orders/orders.h */
struct checkout_seen {
    i64 revision, total;
    const i64 *tax; /* NULL: not said */
    str currency;
};
int checkout_place(
    struct ctx *, i64 person, const struct checkout_seen *, struct orders_placed *);
struct vault_place; /* vault/vault.h: struct vault_column */
struct req;
int checkout_hide(struct ctx *, i64 *changed, const struct vault_place *, struct node *row);
int checkout_on_login(struct req *, i64 person); /* what a guest has filled in is the person's */
int checkout_sweep(struct ctx *); /* what was filled in for an order goes */
int checkout_keep(struct ctx *);  /* whose the rest is */
/* struct personal (web/web.h) */
int checkout_collect(struct ctx *, i64 person, struct node *into);
int checkout_erase(struct ctx *, i64 person);
