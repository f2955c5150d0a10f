/* pricing: one pure function from a basket and the rules to totals and a trace.
 *
 * Integer minor units only. Owns schema pricing (tax rates), which who sets the house up changes
 * by routes.c. The function reads nothing but its arguments: the same basket always gives the same
 * answer, today and in a replay. */
#pragma once
#include "base/base.h"

enum rounding { ROUND_PER_LINE, ROUND_PER_TOTAL };
struct price_line {
    i64 unit, quantity, organisation;
    str sku, tax_class;
    i64 rate_bp;    /* filled from the rules by pricing_rules */
    i64 total, tax; /* out */
};
struct basket {
    str currency;
    struct price_line *lines;
    size_t n;
    i64 delivery; /* its price, after the free-from threshold */
    i64 delivery_rate_bp;
    bool tax_inclusive;
    enum rounding rounding;
};
struct priced {
    i64 goods, delivery, tax, delivery_tax, total; /* tax includes the delivery's */
    struct node *trace; /* the steps in the order they were reckoned: {step, sku, quantity, unit,
                           base, percent, amount, is_line, is_delivery, is_tax, is_total} */
};
/* E_INPUT "pricing.overflow" when a figure would not fit; never wraps. Sum of line totals is
 * goods; sum of line taxes plus the delivery's is tax (largest remainder per total). */
int pricing_reckon(struct ctx *, struct basket *, struct priced *);
/* The rates of a country of delivery; pricing_rules fills each line's and delivery_rate_bp from them.
 * E_INPUT "pricing.country": we do not deliver there. */
int pricing_rates(struct ctx *, str country, struct node **rates);
int pricing_rules(struct ctx *, const struct node *rates, struct basket *);
bool pricing_sells(const struct node *rates); /* there is a standard rate: we deliver there */
int pricing_countries(struct ctx *, struct node **countries); /* [{code}] where we sell */

/* service.c: what who sets the house up does. A rate is in hundredths of a percent. */
enum { PRICING_WHOLE = 10000, PRICING_DECIMALS = 2 };
bool pricing_read_rate(str text, i64 *rate_bp); /* "7", "8.25 %", "8,25" */
/* A country's first rate opens it: also the class "zero" is made, of goods that are not taxed. An
 * empty class is the standard one. E_INPUT by field "country", "tax_class". */
int pricing_save(struct ctx *, str country, str tax_class, i64 rate_bp);
/* An empty class, or "standard": the country is not delivered to any more. E_CONFLICT where an
 * organisation is at home, as what is sold without an address is reckoned there. */
int pricing_drop(struct ctx *, str country, str tax_class);
int tax_command(struct ctx *, int argc, char **argv); /* talatctl's */
