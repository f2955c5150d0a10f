/* talatctl delivery: a way of delivery and its price, until the back office has a page for it. */
#include "shipping/shipping.h"
#include "gen/queries.h"
#include "io/io.h"
#include <stdio.h>

struct wanted {
    str code, name, promise, currency, price, free_from;
    i64 amount, threshold;
};

static bool read_options(int argc, char **argv, struct wanted *w)
{
    if (argc < 2 || argv[1][0] == '-')
        return false;
    w->code = str_of(argv[1]);
    for (int i = 2; i + 1 < argc; i += 2) {
        str option = str_of(argv[i]);
        str *value = str_is(option, "--name") ? &w->name
            : str_is(option, "--promise")     ? &w->promise
            : str_is(option, "--currency")    ? &w->currency
            : str_is(option, "--price")       ? &w->price
            : str_is(option, "--free-from")   ? &w->free_from
                                              : NULL;
        if (!value)
            return false;
        *value = str_of(argv[i + 1]);
    }
    return argc % 2 == 0 && w->name.n && w->price.n;
}

/* The shop's languages fall back on English, so one wording is enough. */
static str in_english(struct ctx *c, str words)
{
    struct node *map = node_map(c->mem);
    struct buf out = buf_new(c->mem, 4096);
    if (words.n)
        node_set_str(c->mem, map, S("en"), words);
    json_write(&out, map);
    return buf_str(&out);
}

static int save(struct ctx *c, void *with)
{
    const struct wanted *w = with;
    i64 id;
    TRY(shipping_save(c, w->code, NULL, in_english(c, w->name), in_english(c, w->promise), &id));
    return shipping_save_price(
        c, id, w->currency, w->amount, w->free_from.n ? &w->threshold : NULL);
}

static int list(struct ctx *c)
{
    struct node *rows;
    c->scope.platform = true;
    if (q_shipping_ways(c, &rows)) {
        fprintf(stderr, "talatctl: the ways of delivery cannot be read: %.*s\n",
            STR(c->fault.detail));
        return 1;
    }
    EACH(item, rows) {
        const struct node *way = &item->node;
        str currency = node_str(way, "currency"), code = node_str(way, "code");
        str name = node_str(way, "name");
        if (currency.n) {
            int exponent = money_exponent(currency);
            str price = money_plain(c->mem, node_int(way, "amount"), exponent);
            i64 from = node_int(way, "free_from");
            str free = from ? str_fmt(c->mem, ", free from %.*s",
                                  STR(money_plain(c->mem, from, exponent)))
                            : str_none;
            printf("%.*s: %.*s %.*s%.*s: %.*s", STR(code), STR(price), STR(currency), STR(free),
                STR(name));
        } else
            printf("%.*s: no price: %.*s", STR(code), STR(name));
        printf("%s\n", node_bool(way, "active") ? "" : " (not offered)");
    }
    return 0;
}

int delivery_command(struct ctx *c, int argc, char **argv)
{
    struct wanted w = { .currency = c->currency };
    if (argc == 1)
        return list(c);
    if (!read_options(argc, argv, &w))
        return 2;
    int exponent = money_is_currency(w.currency) ? money_exponent(w.currency) : -1;
    if (exponent < 0 || !money_parse(w.price, exponent, &w.amount) || w.amount < 0 ||
        (w.free_from.n &&
            (!money_parse(w.free_from, exponent, &w.threshold) || w.threshold < 0))) {
        fprintf(stderr, "talatctl: a currency's code, and prices as 50 or 50.00\n");
        return 2;
    }
    c->scope.platform = true;
    if (pg_tx(c, save, &w)) {
        fprintf(
            stderr, "talatctl: the way of delivery was not saved: %.*s\n", STR(c->fault.detail));
        return 1;
    }
    printf("%.*s: %.*s %.*s\n", STR(w.code), STR(w.price), STR(w.currency));
    return 0;
}
