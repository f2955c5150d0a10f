/* The rates, as who sets the house up changes them. */
#include "gen/queries.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include "web/web.h"

enum { LONGEST_CLASS = 40 };

/* Point or comma: no rate has thousands, and of what could be some, as 1,000, three digits follow. */
bool pricing_read_rate(str text, i64 *rate_bp)
{
    char plain[8];
    text = str_trim(text);
    if (text.n && text.p[text.n - 1] == '%')
        text = str_trim(str_upto(text, text.n - 1));
    if (text.n >= sizeof plain)
        return false;
    for (size_t i = 0; i < text.n; i++)
        plain[i] = text.p[i] == ',' ? '.' : text.p[i];
    return money_parse((str){ plain, text.n }, PRICING_DECIMALS, rate_bp) && *rate_bp >= 0 &&
        *rate_bp <= PRICING_WHOLE;
}

static bool is_country(struct ctx *c, str code)
{
    EACH(item, locale_countries(c->mem))
        if (str_eq(item->node.as.text, code))
            return true;
    return false;
}

int pricing_save(struct ctx *c, str country, str tax_class, i64 rate_bp)
{
    struct node *rates;
    tax_class = tax_class.n ? tax_class : S("standard");
    TRY(pricing_rates(c, country, &rates));
    if (!node_count(rates) && !is_country(c, country))
        return fail_field(c, "country", "We know no such country.");
    if (!in_is_slug(tax_class) || tax_class.n > LONGEST_CLASS)
        return fail_field(
            c, "tax_class", "Please use only small letters a to z, digits and hyphens.");
    if (!str_is(tax_class, "standard") && !pricing_sells(rates))
        return fail_field(c, "country", "Please give it a standard rate first.");
    if (!node_count(rates))
        TRY(q_pricing_save(c, NULL, country, S("zero"), 0));
    return q_pricing_save(c, NULL, country, tax_class, rate_bp);
}

static int check_home(struct ctx *c, str country)
{
    struct node *home = NULL;
    TRY(q_pricing_home(c, &home));
    return str_eq(node_str(home, "code"), country)
        ? fail(c, E_CONFLICT, "pricing.home",
              "The shop itself is in this country, and taxes begin with its rates. Choose another "
              "country under Settings first.")
        : E_OK;
}

int pricing_drop(struct ctx *c, str country, str tax_class)
{
    bool is_all = !tax_class.n || str_is(tax_class, "standard");
    if (is_all)
        TRY(check_home(c, country));
    return q_pricing_drop(c, NULL, country, is_all ? str_none : tax_class);
}
