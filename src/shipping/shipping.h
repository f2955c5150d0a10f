/* shipping: how it gets there and what that costs. Owns schema shipping. */
#pragma once
#include "base/base.h"

/* Methods for a country and goods total in the ctx's currency:
 * {code, name, promise, amount, free_from (null: never), is_free}. */
int shipping_methods(struct ctx *, str country, i64 goods, struct node **methods);
/* For the demo shop and the back office; names and promises are JSON by language. What is not said
 * of a method that is there stays: a language, a position or a free_from that is NULL (0: never). */
int shipping_save(
    struct ctx *, str code, const i64 *position, str names, str promises, i64 *id);
int shipping_save_price(
    struct ctx *, i64 method, str currency, i64 amount, const i64 *free_from);
int delivery_command(struct ctx *, int argc, char **argv); /* talatctl's */
