/* The tax rates in the back office, for who sets the shop up: a country with a standard rate is one
 * that is delivered to. */
#include "catalog/catalog.h"
#include "gen/queries.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include <stdlib.h>

#define LIST "/admin/settings/taxes"
#define ONE  LIST "/{country}"

enum { MOST_CLASSES = 40 };

static const struct input to_list[] = {
    { "done", CHOICE, .choices = "saved|made|gone" },
    { 0 },
};
static const struct input to_add[] = {
    { "country", WORD, 2, 2, .required = true },
    { "rate", LINE, 1, 12, .required = true },
    { 0 },
};
static const struct input to_one[] = { { "country", WORD, 2, 2, .required = true }, { 0 } };
static const struct input to_save[] = {
    { "country", WORD, 2, 2, .required = true },
    { "seen", WORD, 0, 40 },
    { "tax_class", LINES, 0, MOST_CLASSES }, /* and their rates, in percent; one left empty is
                                                taxed as standard */
    { "rate", LINES, 0, MOST_CLASSES },
    { 0 },
};

/* As the reader's language writes it: it can be typed so as well. */
static str percent(struct ctx *c, i64 rate_bp)
{
    return locale_decimal(c, money_plain(c->mem, rate_bp, PRICING_DECIMALS));
}

static void error_of(struct req *r, struct node *map, const char *as, str field)
{
    str text = node_str(r->c.fault.fields, str_c(r->c.mem, field));
    node_hide(node_set_str(r->c.mem, map, str_of(as),
        text.n ? say(&r->c, str_c(r->c.mem, text)) : str_none));
}

/* ---- the list -------------------------------------------------------------------------------- */

static struct node *find(const struct node *list, str code)
{
    EACH(item, list)
        if (str_eq(node_str(&item->node, "code"), code))
            return (struct node *)&item->node;
    return NULL;
}

static struct node *add_country(struct ctx *c, struct node *list, const struct node *home, str code)
{
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("code"), code);
    node_hide(node_set_str(c->mem, one, S("name"), locale_country(c, code)));
    node_set_bool(c->mem, one, S("is_home"), str_eq(node_str(home, "code"), code));
    node_set_list(c->mem, one, S("rates"));
    return one;
}

static void add_rate(struct ctx *c, struct node *country, const struct node *row)
{
    struct node *rate = node_add_map(c->mem, node_get(country, S("rates")));
    str tax_class = node_str(row, "tax_class");
    node_set_str(c->mem, rate, S("tax_class"), tax_class);
    node_set_int(c->mem, rate, S("rate_bp"), node_int(row, "rate_bp"));
    node_hide(node_set_str(c->mem, rate, S("class_name"), catalog_tax_class(c, tax_class)));
    node_hide(node_set_str(c->mem, rate, S("percent"), percent(c, node_int(row, "rate_bp"))));
    node_hide(node_set_bool(c->mem, rate, S("is_standard"), str_is(tax_class, "standard")));
}

static int by_name(const void *a, const void *b)
{
    return str_order(
        node_str(*(struct node *const *)a, "name"), node_str(*(struct node *const *)b, "name"));
}

static struct node *sorted(struct ctx *c, const struct node *list)
{
    struct node **all = NEWS(c->mem, struct node *, node_count(list) + 1), *out = node_list(c->mem);
    size_t n = 0;
    EACH(item, list)
        all[n++] = (struct node *)&item->node;
    qsort(all, n, sizeof all[0], by_name);
    for (size_t i = 0; i < n; i++)
        node_add(c->mem, out, all[i]);
    return out;
}

/* To choose from: those that have no rate yet. */
static struct node *others(struct ctx *c, const struct node *countries, str chosen)
{
    struct node *list = node_list(c->mem);
    EACH(item, locale_countries(c->mem)) {
        str code = item->node.as.text;
        if (find(countries, code))
            continue;
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), code);
        node_set_str(c->mem, one, S("name"), locale_country(c, code));
        node_set_bool(c->mem, one, S("is_chosen"), str_eq(code, chosen));
    }
    return sorted(c, list);
}

static int list_page(struct req *r, struct node **document)
{
    static const struct done dones[] = {
        { "saved", SAYS("Saved.") },
        { "made", SAYS("The country is added: it is delivered to from now on, where a way of "
                       "delivery goes there.") },
        { "gone", SAYS("The country is taken away: it is not delivered to any more.") },
    };
    struct ctx *c = &r->c;
    struct node *rows, *home = NULL, *countries = node_list(c->mem), *one;
    pg_batch(c);
    q_pricing_all(c, &rows);
    q_pricing_home(c, &home);
    TRY(pg_flush(c));
    EACH(item, rows) {
        str code = node_str(&item->node, "country");
        one = find(countries, code);
        add_rate(c, one ? one : add_country(c, countries, home, code), &item->node);
    }
    *document = node_map(c->mem);
    node_set(c->mem, *document, S("countries"), sorted(c, countries));
    struct node *lacks = node_hide(node_set_list(c->mem, *document, S("lacks")));
    if (home && !node_bool(home, "has_rate"))
        node_set_str(c->mem, node_add_map(c->mem, lacks), S("name"),
            locale_country(c, node_str(home, "code")));
    str typed = r->method == POST ? str_upper(c->mem, in_str(r, "country")) : str_none;
    node_hide(node_set(c->mem, *document, S("others"), others(c, countries, typed)));
    node_hide(node_set_str(c->mem, *document, S("notice"), done_text(r, dones, COUNT(dones))));
    return E_OK;
}

static int list(struct req *r)
{
    struct node *document;
    TRY(list_page(r, &document));
    return reply_with(r, document);
}

/* ---- changing -------------------------------------------------------------------------------- */

struct adding {
    str country;
    i64 rate_bp;
};

static int add_work(struct ctx *c, void *with)
{
    const struct adding *a = with;
    struct node *rates;
    TRY(pricing_rates(c, a->country, &rates));
    if (pricing_sells(rates))
        return fail_field(c, "country", "This country has a rate already.");
    return pricing_save(c, a->country, str_none, a->rate_bp);
}

static int wrong_rate(struct ctx *c, const char *field)
{
    return fail_field(c, field, "Please write percents, from 0 to 100, like 7, 8.25 or 8,25.");
}

static int add(struct req *r)
{
    struct ctx *c = &r->c;
    struct adding a = { .country = str_upper(c->mem, in_str(r, "country")) };
    int err = in_fault(r);
    if (in_has(r, "rate") && !pricing_read_rate(in_str(r, "rate"), &a.rate_bp))
        err = wrong_rate(c, "rate");
    if (!err)
        err = pg_tx_platform(&r->c, add_work, &a);
    if (!err)
        return see_other(r, S(LIST "?done=made"));
    return err == E_INPUT ? again_page(r, err, list_page) : err;
}

/* ---- one country ----------------------------------------------------------------------------- */

static str nth(const struct node *list, size_t n)
{
    EACH(item, list)
        if (!n--)
            return item->node.kind == N_STR ? item->node.as.text : str_none;
    return str_none;
}

static void add_row(struct req *r, struct node *rows, str tax_class, str rate, bool is_new)
{
    struct ctx *c = &r->c;
    size_t number = node_count(rows);
    struct node *row = node_add_map(c->mem, rows);
    node_set_int(c->mem, row, S("number"), (i64)number);
    node_set_str(c->mem, row, S("tax_class"), tax_class);
    node_set_str(c->mem, row, S("class_name"), catalog_tax_class(c, tax_class));
    node_set_str(c->mem, row, S("rate"), rate);
    node_set_bool(c->mem, row, S("is_standard"), str_is(tax_class, "standard"));
    node_set_bool(c->mem, row, S("is_new"), is_new);
    error_of(r, row, "class_error", str_fmt(c->mem, "tax_class.%zu", number));
    error_of(r, row, "rate_error", str_fmt(c->mem, "rate.%zu", number));
}

static bool has_class(const struct node *rows, str tax_class)
{
    EACH(item, rows)
        if (str_eq(node_str(&item->node, "tax_class"), tax_class))
            return true;
    return false;
}

/* Its own classes, the standard one first, those of other countries, and room for a new one; or as
 * they were typed. */
static void add_rows(struct req *r, struct node *document, const struct node *all, str code)
{
    struct ctx *c = &r->c;
    struct node *rows = node_hide(node_set_list(c->mem, document, S("rows")));
    const struct node *typed = r->route->in == to_save ? in_ints(r, "tax_class") : NULL;
    for (size_t i = 0; i < node_count(typed); i++)
        add_row(r, rows, nth(typed, i), nth(in_ints(r, "rate"), i),
            i + 1 == node_count(typed));
    if (typed)
        return;
    EACH(item, all)
        if (str_eq(node_str(&item->node, "country"), code))
            add_row(r, rows, node_str(&item->node, "tax_class"),
                percent(c, node_int(&item->node, "rate_bp")), false);
    if (!has_class(rows, S("standard")))
        add_row(r, rows, S("standard"), str_none, false);
    EACH(item, all)
        if (!has_class(rows, node_str(&item->node, "tax_class")) &&
            node_count(rows) + 1 < MOST_CLASSES)
            add_row(r, rows, node_str(&item->node, "tax_class"), str_none, false);
    add_row(r, rows, str_none, str_none, true);
}

static int one_page(struct req *r, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *rows, *seen, *home = NULL, *one = NULL, *list = node_list(c->mem);
    str code = str_upper(c->mem, in_path(r, "country"));
    pg_batch(c);
    q_pricing_seen(c, &seen, code); /* first: it is never newer than the rates */
    q_pricing_all(c, &rows);
    q_pricing_home(c, &home);
    TRY(pg_flush(c));
    EACH(item, rows)
        if (str_eq(node_str(&item->node, "country"), code))
            add_rate(c, one ? one : (one = add_country(c, list, home, code)), &item->node);
    if (!one)
        return fail(c, E_MISSING, "pricing.missing", "This country has no rates.");
    *document = node_map(c->mem);
    node_set_str(c->mem, one, S("seen"), node_str(seen, "seen"));
    node_set(c->mem, *document, S("country"), one);
    add_rows(r, *document, rows, code);
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(one_page(r, &document));
    return reply_with(r, document);
}

struct saving {
    struct req *r;
    str country;
};

static int wrong_at(struct ctx *c, const char *field, size_t i, const char *text)
{
    return fail_field(c, str_c(c->mem, str_fmt(c->mem, "%s.%zu", field, i)), text);
}

static int save_one(struct ctx *c, str country, str tax_class, str rate, size_t i)
{
    i64 rate_bp;
    if (!tax_class.n && !rate.n)
        return E_OK;
    if (!tax_class.n)
        return wrong_at(c, "tax_class", i, SAYS("Please fill this in."));
    if (!rate.n && str_is(tax_class, "standard"))
        return wrong_at(c, "rate", i, SAYS("Please fill this in."));
    if (!rate.n)
        return pricing_drop(c, country, tax_class);
    if (!pricing_read_rate(rate, &rate_bp))
        return wrong_rate(c, str_c(c->mem, str_fmt(c->mem, "rate.%zu", i)));
    int err = pricing_save(c, country, tax_class, rate_bp);
    return err == E_INPUT && node_get(c->fault.fields, S("tax_class"))
        ? wrong_at(c, "tax_class", i,
              SAYS("Please use only small letters a to z, digits and hyphens."))
        : err;
}

static int check_seen(struct ctx *c, const struct saving *s)
{
    struct node *now;
    TRY(q_pricing_seen(c, &now, s->country));
    return in_is_stale(s->r, node_str(now, "seen"))
        ? fail(c, E_CONFLICT, "pricing.seen",
              "Somebody else has changed these rates meanwhile. Your entries are kept below; look "
              "at the rates before you save yours over them.")
        : E_OK;
}

static int save_work(struct ctx *c, void *with)
{
    const struct saving *s = with;
    const struct node *classes = in_ints(s->r, "tax_class"), *rates = in_ints(s->r, "rate");
    struct node *there;
    int err = in_fault(s->r);
    TRY(q_pricing_hold(c, &there, s->country));
    TRY(pricing_rates(c, s->country, &there));
    if (!node_count(there))
        return fail(c, E_MISSING, "pricing.missing", "This country has no rates.");
    TRY(check_seen(c, s));
    if (node_count(classes) != node_count(rates))
        return fail_field(c, "rate", "Please give a rate for each class.");
    for (size_t i = 0; i < node_count(classes); i++) {
        int wrong = save_one(c, s->country, nth(classes, i), nth(rates, i), i);
        if (wrong && wrong != E_INPUT)
            return wrong;
        err = wrong ? wrong : err;
    }
    return err;
}

/* The page with what is wrong beside the rows. */
static int again_here(struct req *r, int err)
{
    struct fault told = r->c.fault;
    struct node *document;
    TRY(one_page(r, &document));
    r->c.fault = told;
    in_stay_old(r, err, node_get(document, S("country")));
    return again(r, err, document);
}

static int save(struct req *r)
{
    struct saving s = { r, str_upper(r->c.mem, in_path(r, "country")) };
    int err = pg_tx_platform(&r->c, save_work, &s);
    if (!err)
        return see_other(r, S(LIST "?done=saved"));
    return err == E_INPUT || err == E_CONFLICT ? again_here(r, err) : err;
}

static int remove_work(struct ctx *c, void *with)
{
    const struct saving *s = with;
    return pricing_drop(c, s->country, str_none);
}

static int take_away(struct req *r)
{
    struct saving s = { r, str_upper(r->c.mem, in_path(r, "country")) };
    int err = pg_tx_platform(&r->c, remove_work, &s);
    if (!err)
        return see_other(r, S(LIST "?done=gone"));
    return err == E_CONFLICT ? again_here(r, err) : err;
}

#define VIEW "pricing/country"

ROUTES(pricing){
    ROUTE(GET, LIST, SHOP_MANAGE, to_list, list, "pricing/taxes", RATE_PAGE, NOINDEX),
    ROUTE(POST, LIST, SHOP_MANAGE, to_add, add, "pricing/taxes", RATE_FORM, NOINDEX | FORM),
    ROUTE(GET, ONE, SHOP_MANAGE, to_one, show, VIEW, RATE_PAGE, NOINDEX),
    ROUTE(POST, ONE, SHOP_MANAGE, to_save, save, VIEW, RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, ONE "/remove", SHOP_MANAGE, to_one, take_away, VIEW, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
