/* talatctl tax: the rates in force, as the back office has them (routes.c). */
#include "gen/queries.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include <stdio.h>

struct wanted {
    str country, tax_class;
    i64 rate_bp;
    bool none;
};

static int list(struct ctx *c)
{
    struct node *rows;
    if (q_pricing_all(c, &rows)) {
        fprintf(stderr, "talatctl: the rates cannot be read: %.*s\n", STR(c->fault.detail));
        return 1;
    }
    EACH(item, rows)
        printf("%.*s %.*s: %.*s %%\n", STR(node_str(&item->node, "country")),
            STR(node_str(&item->node, "tax_class")),
            STR(money_plain(c->mem, node_int(&item->node, "rate_bp"), PRICING_DECIMALS)));
    return 0;
}

static int save(struct ctx *c, void *with)
{
    const struct wanted *w = with;
    if (!w->none)
        return pricing_save(c, w->country, w->tax_class, w->rate_bp);
    return pricing_drop(c, w->country, w->tax_class);
}

int tax_command(struct ctx *c, int argc, char **argv)
{
    struct wanted w = { 0 };
    if (argc == 1)
        return list(c);
    if (argc != 3 && (argc != 5 || !str_is(S("--class"), argv[3])))
        return 2;
    w.country = str_upper(c->mem, str_of(argv[1]));
    w.tax_class = argc == 5 ? str_of(argv[4]) : str_none;
    w.none = str_is(S("none"), argv[2]);
    if (!w.none && !pricing_read_rate(str_of(argv[2]), &w.rate_bp)) {
        fprintf(stderr, "talatctl: a rate in percent, 0 to 100, as 7 or 8.25; none: not any more\n");
        return 2;
    }
    c->scope.platform = true;
    if (pg_tx(c, save, &w)) {
        str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
        const struct item *field = node_first(c->fault.fields);
        fprintf(stderr, "talatctl: the rate was not changed: %.*s\n",
            STR(field ? field->node.as.text : why));
        return c->fault.code == E_INPUT ? 2 : 1;
    }
    printf("%.*s %.*s: %s\n", STR(w.country), STR(w.tax_class.n ? w.tax_class : S("standard")),
        argv[2]);
    return 0;
}
