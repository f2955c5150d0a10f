/* The address book, and one's profile. */
#include "account/account_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "web/web.h"

#define ADDRESS_FIELDS                                                                             \
    { "name", LINE, 1, 120, .required = true }, { "phone", LINE, 5, 30, .required = true },        \
        { "line1", LINE, 1, 200, .required = true }, { "line2", LINE, 0, 200 },                    \
        { "city", LINE, 0, 100 }, { "region", LINE, 0, 100 }, { "postcode", LINE, 0, 12 },         \
    {                                                                                              \
        "country", WORD, 2, 2, .required = true                                                    \
    }

static const struct input an_address[] = { ADDRESS_FIELDS, { 0 } };
static const struct input one_address[] = { { "address", WORD, 1, 40, .required = true },
    ADDRESS_FIELDS, { 0 } };
static const struct input which[] = { { "address", WORD, 1, 40, .required = true },
    { "country", WORD, 2, 2 }, { 0 } };
static const struct input where[] = { { "country", WORD, 2, 2 }, { 0 } };
static const char *const fields[] = { "name", "phone", "line1", "line2", "city", "region",
    "postcode", "country" };

static str id_out(struct ctx *c, i64 id)
{
    return crypto_opaque(c->mem, c->app->secret, "address", id);
}

int account_addresses(struct ctx *c, i64 person, struct node **list)
{
    TRY(q_account_addresses(c, list, person));
    EACH(item, *list) {
        struct node *one = (struct node *)&item->node;
        node_set_str(c->mem, one, S("id"), id_out(c, node_int(one, "id")));
        node_set_str(c->mem, one, S("country_name"), locale_country(c, node_str(one, "country")));
    }
    return E_OK;
}

int account_keep_address(struct ctx *c, i64 person, str name, str phone, const struct node *address)
{
    struct node *row;
    return q_account_add(c, &row, person, name, phone, node_str(address, "line1"),
        node_str(address, "line2"), node_str(address, "city"), node_str(address, "region"),
        node_str(address, "postcode"), node_str(address, "country"));
}

int account_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *list;
    TRY(account_addresses(c, person, &list));
    node_set(c->mem, into, S("addresses"), list);
    return E_OK;
}

int account_erase(struct ctx *c, i64 person) { return q_account_forget(c, NULL, person); }

/* ---- the form ------------------------------------------------------------------------------- */

static void say_label(struct ctx *c, struct node *document, const char *key, const char *label)
{
    node_set_str(c->mem, document, str_of(key), label ? say(c, label) : str_none);
}

static void add_countries(struct ctx *c, struct node *document, str chosen)
{
    struct node *list = node_set_list(c->mem, document, S("countries"));
    for (const char *const *code = account_countries; *code; code++) {
        struct node *country = node_add_map(c->mem, list);
        node_set_str(c->mem, country, S("code"), str_of(*code));
        node_set_str(c->mem, country, S("name"), locale_country(c, str_of(*code)));
        node_set_bool(c->mem, country, S("is_chosen"), str_is(chosen, *code));
    }
    node_hide(list);
}

/* The fields of a country, under its own words. `address`: the opaque id, empty for a new one. */
static struct node *form_of(struct req *r, str country, str address)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem);
    const struct country_form *form = country_form(country);
    node_set_str(c->mem, document, S("address"), address);
    node_set_str(c->mem, document, S("country"), country);
    say_label(c, document, "city_label", form->city);
    say_label(c, document, "region_label", form->region);
    say_label(c, document, "postcode_label", form->postcode);
    node_set_bool(c->mem, document, S("region_required"), form->region_required);
    node_set_bool(c->mem, document, S("postcode_required"), form->postcode_required);
    node_hide(node_set_bool(c->mem, document, S("digits_only"), form->digits > 0));
    add_countries(c, document, country);
    return document;
}

static bool has_digits(str s, int wanted)
{
    int n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            n++;
        else if (s.p[i] != ' ' && s.p[i] != '-')
            return false;
    return n == wanted;
}

static int check(struct req *r)
{
    struct ctx *c = &r->c;
    const struct country_form *form = country_form(in_str(r, "country"));
    const char *missing = SAYS("Please fill this in.");
    int err = in_fault(r);
    if (form->city && !in_has(r, "city"))
        err = fail_field(c, "city", missing);
    if (form->region_required && !in_has(r, "region"))
        err = fail_field(c, "region", missing);
    if (form->postcode_required && !in_has(r, "postcode"))
        err = fail_field(c, "postcode", missing);
    if (form->digits && in_has(r, "postcode") && !has_digits(in_str(r, "postcode"), form->digits))
        err = fail_field(c, "postcode", SAYS("That is no postcode of this country."));
    return err;
}

static str chosen_country(struct req *r, str otherwise)
{
    str code = str_upper(r->c.mem, in_str(r, "country"));
    return code.n == 2 ? code : otherwise;
}

/* What the country has no field for is not kept. */
static str field(struct req *r, const char *name, bool exists)
{
    return exists ? in_str(r, name) : str_none;
}

/* ---- routes --------------------------------------------------------------------------------- */

static int list(struct req *r)
{
    struct node *addresses;
    TRY(account_addresses(&r->c, me(r), &addresses));
    return reply(r, "addresses", addresses);
}

static int show_new(struct req *r)
{
    return reply_with(r, form_of(r, chosen_country(r, S("TH")), str_none));
}

static int add(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *row;
    str country = chosen_country(r, S("TH"));
    const struct country_form *form = country_form(country);
    int err = check(r);
    if (!err)
        err = q_account_add(c, &row, me(r), in_str(r, "name"), in_str(r, "phone"),
            in_str(r, "line1"), in_str(r, "line2"), field(r, "city", form->city),
            field(r, "region", form->region), field(r, "postcode", form->postcode), country);
    if (!err && !row)
        err = fail(c, E_CONFLICT, "account.addresses",
            "This address is in your book already, or there are twenty.");
    return err ? again(r, err, form_of(r, country, str_none))
               : see_other(r, S("/account/addresses"));
}

static int missing(struct req *r)
{
    return fail(&r->c, E_MISSING, "account.address", "There is no such address.");
}

static bool which_one(struct req *r, i64 *id)
{
    return crypto_unopaque(r->c.app->secret, "address", in_str(r, "address"), id);
}

static int show_one(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *row = NULL;
    i64 id;
    if (which_one(r, &id))
        TRY(q_account_address(c, &row, me(r), id));
    if (!row)
        return missing(r);
    struct node *document =
        form_of(r, chosen_country(r, node_str(row, "country")), in_str(r, "address"));
    struct node *form = node_map(c->mem);
    for (size_t i = 0; i < COUNT(fields); i++)
        node_set_str(c->mem, form, str_of(fields[i]), node_str(row, fields[i]));
    node_set(c->mem, document, S("form"), form);
    return reply_with(r, document);
}

static int save(struct req *r)
{
    struct ctx *c = &r->c;
    i64 id, changed = 0;
    str country = chosen_country(r, S("TH"));
    const struct country_form *form = country_form(country);
    if (!which_one(r, &id))
        return missing(r);
    int err = check(r);
    if (!err)
        err = q_account_save(c, &changed, me(r), id, in_str(r, "name"), in_str(r, "phone"),
            in_str(r, "line1"), in_str(r, "line2"), field(r, "city", form->city),
            field(r, "region", form->region), field(r, "postcode", form->postcode), country);
    if (err)
        return again(r, err, form_of(r, country, in_str(r, "address")));
    return changed ? see_other(r, S("/account/addresses")) : missing(r);
}

static int drop(struct req *r)
{
    i64 id, changed = 0;
    if (which_one(r, &id))
        TRY(q_account_drop(&r->c, &changed, me(r), id));
    return changed ? see_other(r, S("/account/addresses")) : missing(r);
}

struct choice {
    i64 person, id, changed;
};

static int choose(struct ctx *c, void *with)
{
    struct choice *one = with;
    TRY(q_account_undefault(c, NULL, one->person));
    TRY(q_account_make_default(c, &one->changed, one->person, one->id));
    return one->changed ? E_OK : fail(c, E_MISSING, "account.address", "There is no such address.");
}

static int make_default(struct req *r)
{
    struct choice one = { .person = me(r) };
    if (!which_one(r, &one.id))
        return missing(r);
    TRY(pg_tx(&r->c, choose, &one));
    return see_other(r, S("/account/addresses"));
}

ROUTES(account){
    ROUTE(GET, "/account/addresses", SHOPPER, NULL, list, "account/addresses", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/account/addresses/new", SHOPPER, where, show_new, "account/address", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/addresses", SHOPPER, an_address, add, "account/address", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(GET, "/account/addresses/{address}", SHOPPER, which, show_one, "account/address",
        RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/addresses/{address}", SHOPPER, one_address, save, "account/address",
        RATE_FORM, NOINDEX | FORM),
    ROUTE(
        POST, "/account/addresses/{address}/drop", SHOPPER, which, drop, NULL, RATE_FORM, NOINDEX),
    ROUTE(POST, "/account/addresses/{address}/default", SHOPPER, which, make_default, NULL,
        RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
