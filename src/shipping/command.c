/* talatctl delivery: the ways of delivery and their prices, as the back office has them (routes.c);
 * prices by weight are the back office's alone. */
#include "shipping/shipping.h"
#include "gen/queries.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include <stdio.h>

enum { MOST_LANGUAGES = 8 };

struct wanted {
    str code, currency, price, free_from, countries, position, heaviest;
    str names[MOST_LANGUAGES], promises[MOST_LANGUAGES]; /* in the order of web_languages */
    i64 amount, threshold, place, grams;
    bool on, off;
};

/* "--name", "--name-th"; p NULL: none of these. */
static str *words_option(struct wanted *w, str option)
{
    static const char *const kinds[] = { "--name", "--promise" };
    for (size_t k = 0; k < COUNT(kinds); k++) {
        if (str_is(option, kinds[k]))
            return k ? &w->promises[0] : &w->names[0];
        for (size_t i = 0; web_languages[i].code && i < MOST_LANGUAGES; i++) {
            size_t n = strlen(kinds[k]);
            if (str_starts(option, str_of(kinds[k])) && option.n > n + 1 && option.p[n] == '-' &&
                str_is(str_from(option, n + 1), web_languages[i].code))
                return k ? &w->promises[i] : &w->names[i];
        }
    }
    return NULL;
}

static bool read_options(int argc, char **argv, struct wanted *w)
{
    if (argc < 2 || argv[1][0] == '-')
        return false;
    w->code = str_of(argv[1]);
    for (int i = 2; i < argc; i++) {
        str option = str_of(argv[i]);
        bool *flag = str_is(option, "--on") ? &w->on : str_is(option, "--off") ? &w->off : NULL;
        str *value = str_is(option, "--currency") ? &w->currency
            : str_is(option, "--price")           ? &w->price
            : str_is(option, "--free-from")       ? &w->free_from
            : str_is(option, "--countries")       ? &w->countries
            : str_is(option, "--position")        ? &w->position
            : str_is(option, "--heaviest")        ? &w->heaviest
                                                  : words_option(w, option);
        if (flag)
            *flag = true;
        else if (value && i + 1 < argc)
            *value = str_of(argv[++i]);
        else
            return false;
    }
    return !(w->on && w->off) && (!w->free_from.n || w->price.n);
}

static int say_wrong(const char *text)
{
    fprintf(stderr, "talatctl: %s\n", text);
    return 2;
}

static bool is_price_none(const struct wanted *w) { return str_is(w->price, "none"); }

static bool number(str text, i64 most, i64 *out)
{
    return !text.n || (str_int(text, out) && *out >= 0 && *out <= most);
}

/* 0, or the command's exit code. */
static int check(struct wanted *w)
{
    int exponent = money_is_currency(w->currency) ? money_exponent(w->currency) : -1;
    if (exponent < 0)
        return say_wrong("a currency's code, as THB");
    if (w->price.n && !is_price_none(w) &&
        (!money_parse(w->price, exponent, &w->amount) || w->amount < 0))
        return say_wrong("a price as 50 or 50.00; none: not offered in that currency");
    if (w->free_from.n &&
        (!money_parse(w->free_from, exponent, &w->threshold) || w->threshold < 0))
        return say_wrong("--free-from is a total as 900 or 900.00; 0: never");
    if (!number(w->position, SHIPPING_PLACE, &w->place))
        return say_wrong("--position is a whole number: the lowest stands first");
    if (!number(w->heaviest, SHIPPING_GRAMS, &w->grams))
        return say_wrong("--heaviest is a weight in grams; 0: any");
    for (size_t i = 0; i < MOST_LANGUAGES; i++)
        if (str_characters(w->names[i]) > SHIPPING_WORDS ||
            str_characters(w->promises[i]) > SHIPPING_WORDS)
            return say_wrong("a name or promise has at most 120 characters");
    return 0;
}

static void overlay_words(struct ctx *c, struct node *words, const str *said)
{
    for (size_t i = 0; web_languages[i].code && i < MOST_LANGUAGES; i++)
        if (said[i].n)
            node_set_str(c->mem, words, str_of(web_languages[i].code), said[i]);
}

static bool is_known(const struct node *codes, str code)
{
    EACH(item, codes)
        if (str_eq(node_str(&item->node, "code"), code))
            return true;
    return false;
}

/* "TH VN", "TH,VN"; all: everywhere the shop sells. */
static int overlay_countries(struct ctx *c, struct shipping_way *way, str said)
{
    struct node *known;
    str one;
    if (!said.n)
        return E_OK;
    way->countries = node_list(c->mem);
    if (str_is(said, "all"))
        return E_OK;
    TRY(pricing_countries(c, &known));
    for (size_t i = 0; i < said.n;) {
        size_t from = i;
        while (i < said.n && said.p[i] != ' ' && said.p[i] != ',')
            i++;
        one = str_upper(c->mem, (str){ said.p + from, i - from });
        i++;
        if (!one.n)
            continue;
        if (!is_known(known, one))
            return fail_detail(c, E_INPUT, "shipping.country",
                "the shop does not sell to %.*s: give that country a tax rate first "
                "(talatctl tax)",
                STR(one));
        node_add_str(c->mem, way->countries, one);
    }
    return E_OK;
}

static int save(struct ctx *c, void *with)
{
    struct wanted *w = with;
    struct shipping_way way;
    TRY(shipping_find(c, w->code, &way));
    if (!way.id && !shipping_is_code(w->code))
        return fail_detail(c, E_INPUT, "shipping.code",
            "a code has 1 to 40 of a-z, 0-9 and hyphens, as next-day, and is not new");
    if (!way.id && (!w->names[0].n || !w->price.n || is_price_none(w)))
        return fail_detail(c, E_INPUT, "shipping.new", "a new one needs --name and --price");
    overlay_words(c, way.names, w->names);
    overlay_words(c, way.promises, w->promises);
    TRY(overlay_countries(c, &way, w->countries));
    if (w->position.n)
        way.position = w->place;
    if (w->heaviest.n)
        way.heaviest_g = w->grams;
    way.is_offered = w->on || (way.is_offered && !w->off);
    TRY(shipping_save(c, &way));
    if (is_price_none(w))
        return shipping_drop_price(c, way.id, w->currency);
    return w->price.n ? shipping_save_price(c, way.id, w->currency, w->amount,
                            w->free_from.n ? &w->threshold : NULL)
                      : E_OK;
}

static void list_price(struct ctx *c, const struct node *way, const struct node *price)
{
    str currency = node_str(price, "currency");
    int exponent = money_exponent(currency);
    i64 from = node_int(price, "free_from");
    printf("%.*s: %.*s %.*s", STR(node_str(way, "code")),
        STR(money_plain(c->mem, node_int(price, "amount"), exponent)), STR(currency));
    if (from)
        printf(", free from %.*s", STR(money_plain(c->mem, from, exponent)));
    if (node_bool(price, "has_steps"))
        printf(", less by weight");
}

static void list_rest(const struct node *way)
{
    str countries = node_str(way, "countries");
    printf(": %.*s", STR(node_str(way, "name")));
    if (countries.n)
        printf(" (%.*s)", STR(countries));
    if (node_int(way, "heaviest_g"))
        printf(" (up to %" PRId64 " g)", node_int(way, "heaviest_g"));
    printf("%s\n", node_bool(way, "active") ? "" : " (not offered)");
}

static int list(struct ctx *c)
{
    struct node *ways, *prices;
    c->scope.platform = true;
    if (q_shipping_ways(c, &ways, S("en")) || q_shipping_prices(c, &prices, 0)) {
        fprintf(stderr, "talatctl: the ways of delivery cannot be read: %.*s\n",
            STR(c->fault.detail));
        return 1;
    }
    EACH(item, ways) {
        const struct node *way = &item->node;
        bool has_price = false;
        EACH(each, prices) {
            if (node_int(&each->node, "method_id") != node_int(way, "id"))
                continue;
            has_price = true;
            list_price(c, way, &each->node);
            list_rest(way);
        }
        if (has_price)
            continue;
        printf("%.*s: no price", STR(node_str(way, "code")));
        list_rest(way);
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
    int wrong = check(&w);
    if (wrong)
        return wrong;
    c->scope.platform = true;
    if (pg_tx(c, save, &w)) {
        str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
        fprintf(stderr, "talatctl: the way of delivery was not saved: %.*s\n", STR(why));
        return c->fault.code == E_INPUT ? 2 : 1;
    }
    if (w.price.n)
        printf("%.*s: %.*s %.*s\n", STR(w.code), STR(w.price), STR(w.currency));
    else
        printf("%.*s: saved\n", STR(w.code));
    return 0;
}
