/* shipping: how it gets there and what that costs. Owns schema shipping. Everybody reads it; who
 * sets the house up changes it, by the pages of routes.c or by talatctl delivery. */
#pragma once
#include "base/base.h"

/* Methods for a country, goods total and weight in the ctx's currency:
 * {code, name, promise, amount, free_from (null: never), is_free}. */
int shipping_methods(
    struct ctx *, str country, i64 goods, i64 grams, struct node **methods);

struct shipping_way {
    i64 id; /* 0: a new one */
    str seen; /* empty: a new one; changes with all below, its prices and their steps */
    str code; /* SHIPPING_CODE letters at most; never changed, as orders name it */
    i64 position, heaviest_g; /* heaviest_g 0: of any weight */
    bool is_offered;
    struct node *names, *promises; /* by language; one without words is not in it */
    struct node *countries;        /* their codes; none: everywhere we sell */
};
enum { SHIPPING_CODE = 40, SHIPPING_WORDS = 120, SHIPPING_PLACE = 100000, SHIPPING_GRAMS = 100000000 };
bool shipping_is_code(str); /* of a new one: a-z 0-9 and hyphens, no word of an address here */
/* As it is; id 0 and what a new one begins with: there is none. find: held until the transaction
 * ends, to be saved. */
int shipping_read(struct ctx *, str code, struct shipping_way *);
int shipping_find(struct ctx *, str code, struct shipping_way *);
/* All of it; sets a new one's id. E_INPUT by field: its code is taken. */
int shipping_save(struct ctx *, struct shipping_way *);
/* free_from in minor units of the goods total, 0: never, NULL: as it was. */
int shipping_save_price(
    struct ctx *, i64 method, str currency, i64 amount, const i64 *free_from);
int shipping_drop_price(struct ctx *, i64 method, str currency);
/* The prices of lighter carts in a currency that has a price: these and no others. */
int shipping_save_steps(
    struct ctx *, i64 method, str currency, const i64 *grams, const i64 *amounts, size_t n);
int delivery_command(struct ctx *, int argc, char **argv); /* talatctl's */
