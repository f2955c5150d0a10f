/* The ways of delivery in the back office, for who sets the shop up. A form says all of a way: what
 * is left empty is not there. Prices of currencies that a form does not name stay as they are. */
#include "gen/queries.h"
#include "io/io.h"
#include "pricing/pricing.h"
#include "shipping/shipping.h"
#include "web/web.h"
#include <stdlib.h>

#define LIST "/admin/settings/delivery"
#define ONE  LIST "/{code}"

enum {
    MOST_CURRENCIES = 30,
    MOST_STEPS = 12, /* of a currency's prices by weight: rows of the form */
    MORE_STEPS = 3,  /* empty ones */
    ROOM = 160, /* fields a form may send, about, beside those that are always there */
    OF_A_PRICE = 3,
};

static const struct input to_list[] = {
    { "done", CHOICE, .choices = "saved|made|gone" },
    { 0 },
};
static const struct input to_one[] = { { "code", WORD, 1, SHIPPING_CODE, .required = true }, { 0 } };
static const struct input to_save[] = {
    { "code", WORD, 1, SHIPPING_CODE, .required = true },
    { "seen", WORD, 0, 40 }, /* of one that is there */
    { "name_en", LINE, 0, SHIPPING_WORDS },
    { "name_th", LINE, 0, SHIPPING_WORDS },
    { "name_vi", LINE, 0, SHIPPING_WORDS },
    { "promise_en", LINE, 0, SHIPPING_WORDS },
    { "promise_th", LINE, 0, SHIPPING_WORDS },
    { "promise_vi", LINE, 0, SHIPPING_WORDS },
    { "offered", BOOL },
    { "position", INT, 0, SHIPPING_PLACE },
    { "heaviest", INT, 0, SHIPPING_GRAMS },
    { "countries", WORDS, 0, 300 },
    { "codes", LINE, 0, 1500 },             /* the same, typed */
    { "currency", WORDS, 0, MOST_CURRENCIES }, /* the next are in the order of these */
    { "price", LINES, 0, MOST_CURRENCIES },
    { "free_from", LINES, 0, MOST_CURRENCIES },
    { "up_to", LINES, 0, ROOM }, /* grams, as many rows for each currency, and what they cost */
    { "step", LINES, 0, ROOM },
    { 0 },
};

/* Prices of a currency as they are or as they were typed. */
struct step {
    str up_to, price;
    i64 grams, amount;
};
struct priced_in {
    str currency, price, free_from;
    i64 amount, threshold;
    bool is_there;
    struct step *steps, *shown; /* shown: rows of the form, empty ones among them */
    size_t n_steps, n_shown;
};
struct form {
    struct shipping_way way;
    struct priced_in *prices; /* of each currency of the shop */
    size_t n;
    size_t rows;      /* for steps, of each currency; 0: there are more than fit */
    struct node *known; /* where we sell: [{code}] */
    bool is_new;
};

/* ---- as it is -------------------------------------------------------------------------------- */

/* Too many countries to be ticked: their codes are typed. */
static bool has_many(const struct form *f)
{
    return node_count(f->known) + OF_A_PRICE * f->n > ROOM;
}

static size_t rows_for(const struct form *f)
{
    size_t taken = (has_many(f) ? 1 : node_count(f->known)) + OF_A_PRICE * f->n;
    size_t rows = taken > ROOM ? 0 : (ROOM - taken) / (2 * (f->n ? f->n : 1));
    return rows > MOST_STEPS ? MOST_STEPS : rows;
}

static void read_price(struct ctx *c, struct priced_in *p, const struct node *prices)
{
    int exponent = money_exponent(p->currency);
    EACH(item, prices) {
        if (!str_eq(node_str(&item->node, "currency"), p->currency))
            continue;
        p->is_there = true;
        p->amount = node_int(&item->node, "amount");
        p->threshold = node_int(&item->node, "free_from");
        p->price = money_plain(c->mem, p->amount, exponent);
        p->free_from = p->threshold ? money_plain(c->mem, p->threshold, exponent) : str_none;
    }
}

static void read_steps(struct ctx *c, struct priced_in *p, const struct node *steps)
{
    p->steps = p->shown = NEWS(c->mem, struct step, node_count(steps) + MOST_STEPS);
    EACH(item, steps)
        if (str_eq(node_str(&item->node, "currency"), p->currency)) {
            i64 grams = node_int(&item->node, "up_to_g"), amount = node_int(&item->node, "amount");
            p->steps[p->n_steps++] = (struct step){ str_fmt(c->mem, "%" PRId64, grams),
                money_plain(c->mem, amount, money_exponent(p->currency)), grams, amount };
            p->n_shown = p->n_steps;
        }
}

/* code empty: a new one. */
static int read_form(struct ctx *c, str code, bool to_save_it, struct form *f)
{
    struct node *prices, *steps;
    *f = (struct form){ .is_new = !code.n };
    TRY((to_save_it ? shipping_find : shipping_read)(c, code, &f->way));
    if (code.n && !f->way.id)
        return fail(c, E_MISSING, "shipping.way", "There is no such way of delivery.");
    TRY(pricing_countries(c, &f->known));
    TRY(q_shipping_prices(c, &prices, f->way.id ? f->way.id : -1));
    TRY(q_shipping_steps(c, &steps, f->way.id));
    f->prices = NEWS(c->mem, struct priced_in, node_count(c->app->currencies) + 1);
    EACH(item, c->app->currencies) {
        if (f->n == MOST_CURRENCIES)
            break;
        struct priced_in *p = &f->prices[f->n++];
        p->currency = item->node.as.text;
        read_price(c, p, prices);
        read_steps(c, p, steps);
    }
    size_t most = 0, room = rows_for(f);
    for (size_t i = 0; i < f->n; i++)
        most = f->prices[i].n_steps > most ? f->prices[i].n_steps : most;
    f->rows = most > room ? 0 /* such are left alone */
        : most + MORE_STEPS > room ? room
                                   : most + MORE_STEPS;
    return E_OK;
}

/* ---- as it was typed ------------------------------------------------------------------------- */

static int wrong_at(struct ctx *c, const char *field, size_t i, const char *text)
{
    return fail_field(c, str_c(c->mem, str_fmt(c->mem, "%s.%zu", field, i)), text);
}

static str nth(const struct node *list, size_t n)
{
    EACH(item, list)
        if (!n--)
            return item->node.kind == N_STR ? item->node.as.text : str_none;
    return str_none;
}

static struct priced_in *price_in(struct form *f, str currency)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->prices[i].currency, currency))
            return &f->prices[i];
    return NULL;
}

/* at: the number of its first row in the form. */
static int type_steps(struct req *r, struct priced_in *p, size_t at, size_t rows)
{
    struct ctx *c = &r->c;
    int err = E_OK, exponent = money_exponent(p->currency);
    p->shown = NEWS(c->mem, struct step, rows + 1);
    p->n_shown = rows;
    p->n_steps = 0;
    for (size_t i = at; i < at + rows; i++) {
        struct step s = { .up_to = nth(in_ints(r, "up_to"), i),
            .price = nth(in_ints(r, "step"), i) };
        p->shown[i - at] = s;
        if (!s.up_to.n && !s.price.n)
            continue;
        if (!str_int(s.up_to, &s.grams) || s.grams < 1 || s.grams > SHIPPING_GRAMS)
            err = wrong_at(c, "up_to", i, SAYS("Please enter a weight in whole grams."));
        if (!money_typed(s.price, exponent, &s.amount) || s.amount < 0)
            err = wrong_at(c, "step", i, money_no_amount(exponent));
        for (size_t k = 0; k < p->n_steps; k++)
            if (p->steps[k].grams == s.grams && s.grams)
                err = wrong_at(c, "up_to", i, SAYS("This weight is there twice."));
        p->steps[p->n_steps++] = s;
    }
    if (p->n_steps && !p->is_there)
        err = fail_field(c, str_c(c->mem, str_fmt(c->mem, "price.%zu", rows ? at / rows : 0)),
            SAYS("Please give the price of heavier carts, too."));
    return err;
}

static int type_price(struct req *r, struct priced_in *p, size_t at)
{
    struct ctx *c = &r->c;
    int err = E_OK, exponent = money_exponent(p->currency);
    p->price = nth(in_ints(r, "price"), at);
    p->free_from = nth(in_ints(r, "free_from"), at);
    p->is_there = p->price.n > 0;
    p->amount = p->threshold = 0;
    if (p->is_there && (!money_typed(p->price, exponent, &p->amount) || p->amount < 0))
        err = wrong_at(c, "price", at, money_no_amount(exponent));
    if (p->free_from.n && (!money_typed(p->free_from, exponent, &p->threshold) || p->threshold < 0))
        err = wrong_at(c, "free_from", at, money_no_amount(exponent));
    if (p->free_from.n && !p->is_there && !err)
        err = wrong_at(c, "price", at, SAYS("Please give a price, too."));
    return err;
}

static int type_prices(struct req *r, struct form *f)
{
    struct ctx *c = &r->c;
    const struct node *currencies = in_ints(r, "currency");
    size_t n = node_count(currencies), at = 0;
    size_t given = node_count(in_ints(r, "up_to")), rows = n ? given / n : 0;
    int err = E_OK;
    if (given && (given % n || rows > MOST_STEPS || given != node_count(in_ints(r, "step"))))
        return fail_field(c, "up_to", SAYS("Please give as many rows for each currency."));
    f->rows = f->rows && rows ? rows : f->rows;
    EACH(item, currencies) {
        struct priced_in *p = price_in(f, item->node.as.text);
        int wrong = !p ? wrong_at(c, "currency", at, SAYS("The shop does not sell in this currency."))
                       : type_price(r, p, at);
        if (p && f->rows)
            wrong = type_steps(r, p, at * rows, rows) ? E_INPUT : wrong;
        err = wrong ? wrong : err;
        at++;
    }
    return err;
}

static void type_words(struct req *r, struct form *f)
{
    struct ctx *c = &r->c;
    f->way.names = node_map(c->mem);
    f->way.promises = node_map(c->mem);
    for (const struct language *l = web_languages; l->code; l++) {
        str name = in_str(r, str_c(c->mem, str_fmt(c->mem, "name_%s", l->code)));
        str promise = in_str(r, str_c(c->mem, str_fmt(c->mem, "promise_%s", l->code)));
        if (name.n)
            node_set_str(c->mem, f->way.names, str_of(l->code), name);
        if (promise.n)
            node_set_str(c->mem, f->way.promises, str_of(l->code), promise);
    }
}

static bool has_code(const struct node *list, str code)
{
    EACH(item, list)
        if (str_eq(item->node.kind == N_MAP ? node_str(&item->node, "code") : item->node.as.text,
                code))
            return true;
    return false;
}

/* Where this way went already it may go on, though nobody there can order now. */
static int type_country(struct ctx *c, struct form *f, struct node *list, str code)
{
    const struct node *before = f->way.countries;
    code = str_upper(c->mem, code);
    if (!code.n || has_code(list, code))
        return E_OK;
    node_add_str(c->mem, list, code);
    return has_code(f->known, code) || has_code(before, code)
        ? E_OK
        : fail_field(c, "countries", SAYS("We do not deliver to that country yet."));
}

static int type_countries(struct req *r, struct form *f)
{
    struct ctx *c = &r->c;
    struct node *list = node_list(c->mem);
    str rest = in_str(r, "codes"), part, code;
    int err = E_OK, wrong;
    EACH(item, in_ints(r, "countries")) {
        wrong = type_country(c, f, list, item->node.as.text);
        err = wrong ? wrong : err;
    }
    while (rest.n && str_cut(&rest, ',', &part))
        while (part.n && str_cut(&part, ' ', &code)) {
            wrong = type_country(c, f, list, code);
            err = wrong ? wrong : err;
        }
    f->way.countries = list;
    return err;
}

static int first_of(int err, int other) { return err ? err : other; }

/* All that is wrong, by its field; what was typed stands in the form. */
static int type_form(struct req *r, struct form *f)
{
    struct ctx *c = &r->c;
    bool has_price = false;
    f->way.is_offered = in_bool(r, "offered");
    f->way.position = in_has(r, "position") ? in_int(r, "position") : f->way.position;
    f->way.heaviest_g = in_int(r, "heaviest");
    type_words(r, f);
    int err = in_fault(r);
    err = first_of(type_countries(r, f), err);
    err = first_of(type_prices(r, f), err);
    for (size_t i = 0; i < f->n; i++)
        has_price = has_price || f->prices[i].is_there;
    if (!node_str(f->way.names, "en").n)
        err = fail_field(
            c, "name_en", SAYS("Please give it an English name: it stands in for the others."));
    if (f->way.is_offered && !has_price && !err)
        err = fail_field(c, "price.0", SAYS("Please give it a price in one currency at least."));
    return err;
}

/* ---- the page -------------------------------------------------------------------------------- */

static void add_text(
    struct ctx *c, struct node *list, const struct form *f, const struct language *l)
{
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("code"), str_of(l->code));
    node_set_str(c->mem, one, S("name"), node_str(f->way.names, l->code));
    node_set_str(c->mem, one, S("promise"), node_str(f->way.promises, l->code));
    node_hide(node_set_str(c->mem, one, S("language"), str_of(l->name)));
    node_hide(node_set_bool(c->mem, one, S("is_needed"), !strcmp(l->code, "en")));
}

static void error_of(struct req *r, struct node *map, const char *as, str field)
{
    str text = node_str(r->c.fault.fields, str_c(r->c.mem, field));
    node_hide(node_set_str(r->c.mem, map, str_of(as),
        text.n ? say(&r->c, str_c(r->c.mem, text)) : str_none));
}

static void add_step(struct req *r, struct node *rows, const struct step *s, size_t number)
{
    struct ctx *c = &r->c;
    struct node *row = node_add_map(c->mem, rows);
    node_set_int(c->mem, row, S("number"), (i64)number);
    node_set_str(c->mem, row, S("up_to"), s ? s->up_to : str_none);
    node_set_str(c->mem, row, S("price"), s ? s->price : str_none);
    error_of(r, row, "up_to_error", str_fmt(c->mem, "up_to.%zu", number));
    error_of(r, row, "price_error", str_fmt(c->mem, "step.%zu", number));
}

/* For JSON what is; beside it the fields, empty rows among them. */
static void add_price(struct req *r, struct node *list, const struct form *f, size_t at)
{
    struct ctx *c = &r->c;
    const struct priced_in *p = &f->prices[at];
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("currency"), p->currency);
    if (p->is_there)
        node_set_int(c->mem, one, S("amount"), p->amount);
    else
        node_set_null(c->mem, one, S("amount"));
    node_set_int(c->mem, one, S("free_from"), p->threshold);
    struct node *steps = node_set_list(c->mem, one, S("steps"));
    for (size_t i = 0; i < p->n_steps; i++) {
        struct node *step = node_add_map(c->mem, steps);
        node_set_int(c->mem, step, S("up_to_g"), p->steps[i].grams);
        node_set_int(c->mem, step, S("amount"), p->steps[i].amount);
    }
    node_hide(node_set_int(c->mem, one, S("number"), (i64)at));
    node_hide(node_set_str(c->mem, one, S("price"), p->price));
    node_hide(node_set_str(c->mem, one, S("free"), p->free_from));
    error_of(r, one, "price_error", str_fmt(c->mem, "price.%zu", at));
    error_of(r, one, "free_error", str_fmt(c->mem, "free_from.%zu", at));
    struct node *rows = node_hide(node_set_list(c->mem, one, S("rows")));
    for (size_t i = 0; i < f->rows; i++)
        add_step(r, rows, i < p->n_shown ? &p->shown[i] : NULL, at * f->rows + i);
    node_hide(node_set_bool(c->mem, one, S("has_steps"), p->n_steps > 0));
}

static int by_name(const void *a, const void *b)
{
    return str_order(
        node_str(*(struct node *const *)a, "name"), node_str(*(struct node *const *)b, "name"));
}

/* Where we sell, and where this way went before. */
static struct node *choices(struct ctx *c, const struct form *f)
{
    struct node *list = node_list(c->mem), *all = node_list(c->mem);
    EACH(item, f->known)
        node_add_str(c->mem, all, node_str(&item->node, "code"));
    EACH(item, f->way.countries)
        if (!has_code(f->known, item->node.as.text))
            node_add_str(c->mem, all, item->node.as.text);
    struct node **sorted = NEWS(c->mem, struct node *, node_count(all) + 1);
    size_t n = 0;
    EACH(item, all) {
        struct node *one = sorted[n++] = node_map(c->mem);
        node_set_str(c->mem, one, S("code"), item->node.as.text);
        node_set_str(c->mem, one, S("name"), locale_country(c, item->node.as.text));
        node_set_bool(
            c->mem, one, S("is_chosen"), has_code(f->way.countries, item->node.as.text));
    }
    qsort(sorted, n, sizeof sorted[0], by_name);
    for (size_t i = 0; i < n; i++)
        node_add(c->mem, list, sorted[i]);
    return list;
}

static str joined(struct ctx *c, const struct node *codes, const char *between)
{
    struct buf out = buf_new(c->mem, 8192);
    EACH(item, codes)
        buf_fmt(&out, "%s%.*s", out.n ? between : "", STR(item->node.as.text));
    return buf_str(&out);
}

static struct node *document_of(struct req *r, const struct form *f)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem), *way = node_set_map(c->mem, document, S("way"));
    node_set_str(c->mem, way, S("code"), f->way.code);
    node_set_str(c->mem, way, S("seen"), f->way.seen);
    node_set_bool(c->mem, way, S("is_offered"), f->way.is_offered);
    node_set_int(c->mem, way, S("position"), f->way.position);
    node_set_int(c->mem, way, S("heaviest_g"), f->way.heaviest_g);
    struct node *texts = node_set_list(c->mem, way, S("texts"));
    for (const struct language *l = web_languages; l->code; l++)
        add_text(c, texts, f, l);
    node_set(c->mem, way, S("countries"), f->way.countries);
    struct node *prices = node_set_list(c->mem, way, S("prices"));
    for (size_t i = 0; i < f->n; i++)
        add_price(r, prices, f, i);
    node_hide(node_set_bool(c->mem, document, S("is_new_one"), f->is_new));
    str title = node_str(f->way.names, str_c(c->mem, c->lang));
    node_hide(node_set_str(
        c->mem, document, S("title"), title.n ? title : node_str(f->way.names, "en")));
    node_hide(node_set_bool(c->mem, document, S("has_rows"), f->rows > 0));
    node_hide(node_set_bool(c->mem, document, S("has_many"), has_many(f)));
    node_hide(node_set_str(c->mem, document, S("codes"), joined(c, f->way.countries, " ")));
    node_hide(node_set(c->mem, document, S("choices"), choices(c, f)));
    return document;
}

static int show_new(struct req *r)
{
    struct form f;
    TRY(read_form(&r->c, str_none, false, &f));
    return reply_with(r, document_of(r, &f));
}

static int show(struct req *r)
{
    struct form f;
    TRY(read_form(&r->c, in_path(r, "code"), false, &f));
    return reply_with(r, document_of(r, &f));
}

/* ---- saving ---------------------------------------------------------------------------------- */

struct saving {
    struct req *r;
    struct form f;
    str code; /* of the path; empty: a new one */
};

static int save_price(struct ctx *c, i64 way, const struct priced_in *p, bool with_steps)
{
    if (!p->is_there)
        return shipping_drop_price(c, way, p->currency);
    TRY(shipping_save_price(c, way, p->currency, p->amount, &p->threshold));
    if (!with_steps)
        return E_OK;
    i64 *grams = NEWS(c->mem, i64, p->n_steps + 1), *amounts = NEWS(c->mem, i64, p->n_steps + 1);
    for (size_t i = 0; i < p->n_steps; i++) {
        grams[i] = p->steps[i].grams;
        amounts[i] = p->steps[i].amount;
    }
    return shipping_save_steps(c, way, p->currency, grams, amounts, p->n_steps);
}

static int save_work(struct ctx *c, void *with)
{
    struct saving *s = with;
    struct req *r = s->r;
    TRY(read_form(c, s->code, true, &s->f));
    int err = type_form(r, &s->f);
    if (s->code.n && in_is_stale(r, s->f.way.seen)) /* also where more is wrong, which waits */
        return fail(c, E_CONFLICT, "shipping.seen",
            "Somebody else has changed this way of delivery meanwhile. Your entries are kept below; "
            "look at it before you save them over it.");
    if (!s->code.n) {
        s->f.way.code = in_str(r, "code");
        if (in_has(r, "code") && !shipping_is_code(s->f.way.code))
            err = fail_field(c, "code", SAYS("Please use only small letters a to z, digits and hyphens."));
    }
    TRY(err);
    TRY(shipping_save(c, &s->f.way));
    EACH(item, in_ints(r, "currency")) {
        const struct priced_in *p = price_in(&s->f, item->node.as.text);
        if (p) /* type_form has refused any other */
            TRY(save_price(c, s->f.way.id, p, s->f.rows > 0));
    }
    return E_OK;
}

static int save_as(struct req *r, str code, const char *done)
{
    struct ctx *c = &r->c;
    struct saving s = { .r = r, .code = code };
    int err = pg_tx_platform(c, save_work, &s);
    if (!err)
        return see_other(r, str_fmt(c->mem, LIST "?done=%s", done));
    bool is_typed = err == E_INPUT || err == E_CONFLICT;
    return is_typed ? again(r, err, document_of(r, &s.f)) : err;
}

static int make(struct req *r) { return save_as(r, str_none, "made"); }
static int save(struct req *r) { return save_as(r, in_path(r, "code"), "saved"); }

static int remove_work(struct ctx *c, void *with)
{
    struct req *r = with;
    struct shipping_way way;
    TRY(shipping_find(c, in_path(r, "code"), &way));
    return way.id ? q_shipping_drop(c, NULL, way.id) : E_OK; /* twice is fine */
}

static int take_away(struct req *r)
{
    struct ctx *c = &r->c;
    int err = pg_tx_platform(c, remove_work, r);
    return err ? err : see_other(r, S(LIST "?done=gone"));
}

/* ---- the list -------------------------------------------------------------------------------- */

static void add_prices_of(struct ctx *c, struct node *way, const struct node *prices)
{
    struct node *list = node_set_list(c->mem, way, S("prices"));
    EACH(item, prices) {
        const struct node *p = &item->node;
        if (node_int(p, "method_id") != node_int(way, "id"))
            continue;
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("currency"), node_str(p, "currency"));
        node_set_int(c->mem, one, S("amount"), node_int(p, "amount"));
        node_set_int(c->mem, one, S("free_from"), node_int(p, "free_from"));
        node_set_bool(c->mem, one, S("has_steps"), node_bool(p, "has_steps"));
    }
}

static void dress(struct ctx *c, struct node *way)
{
    struct node *codes = node_list(c->mem), *names = node_list(c->mem);
    str rest = node_str(way, "countries"), code;
    while (rest.n && str_cut(&rest, ' ', &code)) {
        node_add_str(c->mem, codes, code);
        node_add_str(c->mem, names, locale_country(c, code));
    }
    node_set(c->mem, way, S("countries"), codes);
    node_hide(node_set_str(c->mem, way, S("where"), joined(c, names, ", ")));
    node_set_bool(c->mem, way, S("is_offered"), node_bool(way, "active"));
    node_hide(node_get(way, S("id")));
    node_hide(node_get(way, S("active")));
}

/* The currencies in which nothing can be ordered, as no way of delivery has a price in them. */
static struct node *without_any(struct ctx *c, const struct node *ways)
{
    struct node *list = node_list(c->mem);
    EACH(currency, c->app->currencies) {
        bool has = false;
        EACH(item, ways)
            if (node_bool(&item->node, "is_offered"))
                EACH(price, node_get(&item->node, S("prices")))
                    has = has || str_eq(node_str(&price->node, "currency"), currency->node.as.text);
        if (!has)
            node_add_str(c->mem, list, currency->node.as.text);
    }
    return list;
}

static int list(struct req *r)
{
    static const struct done dones[] = {
        { "saved", SAYS("Saved.") },
        { "made", SAYS("The way of delivery is made.") },
        { "gone", SAYS("The way of delivery is taken away.") },
    };
    struct ctx *c = &r->c;
    struct node *ways, *prices, *document = node_map(c->mem);
    pg_batch(c);
    q_shipping_ways(c, &ways, c->lang);
    q_shipping_prices(c, &prices, 0);
    TRY(pg_flush(c));
    EACH(item, ways) {
        add_prices_of(c, (struct node *)&item->node, prices);
        dress(c, (struct node *)&item->node);
    }
    node_set(c->mem, document, S("ways"), ways);
    struct node *none = node_set(c->mem, document, S("currencies_without"), without_any(c, ways));
    node_hide(node_set_str(c->mem, document, S("without"), joined(c, none, ", ")));
    node_hide(node_set_str(c->mem, document, S("notice"), done_text(r, dones, COUNT(dones))));
    return reply_with(r, document);
}

#define VIEW "shipping/way"

ROUTES(shipping){
    ROUTE(GET, LIST, SHOP_MANAGE, to_list, list, "shipping/ways", RATE_PAGE, NOINDEX),
    ROUTE(GET, LIST "/new", SHOP_MANAGE, NULL, show_new, VIEW, RATE_PAGE, NOINDEX),
    ROUTE(POST, LIST, SHOP_MANAGE, to_save, make, VIEW, RATE_FORM, NOINDEX | FORM),
    ROUTE(GET, ONE, SHOP_MANAGE, to_one, show, VIEW, RATE_PAGE, NOINDEX),
    ROUTE(POST, ONE, SHOP_MANAGE, to_save, save, VIEW, RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, ONE "/remove", SHOP_MANAGE, to_one, take_away, VIEW, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
