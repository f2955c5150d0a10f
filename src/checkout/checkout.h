/* checkout: address -> delivery -> pay -> order; three plain pages that can be left and come
 * back to. Owns schema checkout (what was filled in). It gathers, reckons by pricing and
 * hands over to orders; it holds no stock and moves no money itself. */
#pragma once
#include "base/base.h"

/* The cart with draft, methods and totals as they stand: {cart{}, draft{}, methods[], totals
 * {goods, delivery, tax, total, tax_inclusive, currency}, trace[], step, is_ready}. */
int checkout_read(struct ctx *, struct node **out);
/* Places the order for the cart's revision (or finds the one placed). Money moves later. */
int checkout_place(struct ctx *, i64 person, i64 expected_revision, i64 expected_total,
    i64 *order);
