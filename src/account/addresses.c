/* The address book, and one's profile. */
#include "account/account_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "vault/vault.h"
#include "web/web.h"

#define ADDRESS_FIELDS                                                                             \
    { "change", BOOL }, { "name", LINE, 1, 120, .required = true },                                \
        { "phone", LINE, 5, 30, .required = true }, { "line1", LINE, 1, 200, .required = true },   \
        { "line2", LINE, 0, 200 }, { "city", LINE, 0, 100 }, { "region", LINE, 0, 100 },           \
        { "postcode", LINE, 0, 12 },                                                               \
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

static struct vault_place place_of(i64 person, i64 id)
{
    return (struct vault_place){ "account.address.sealed", id, VAULT_PERSON, person, true };
}

static int open_street(struct ctx *c, i64 person, struct node *row)
{
    struct vault_place at = place_of(person, node_int(row, "id"));
    bool closed;
    return account_open_street(c, &at, row, row, &closed);
}

int account_addresses(struct ctx *c, i64 person, struct node **list)
{
    TRY(q_account_addresses(c, list, person));
    EACH(item, *list) {
        struct node *one = (struct node *)&item->node;
        TRY(open_street(c, person, one));
        node_set_str(c->mem, one, S("id"), id_out(c, node_int(one, "id")));
        node_set_str(c->mem, one, S("country_name"), locale_country(c, node_str(one, "country")));
        account_address_lines(c, one);
    }
    return E_OK;
}

struct keeping {
    i64 person, id; /* id 0: a new one; afterwards what it became, 0 when nothing was kept */
    str name, phone;
    const struct node *address;
};

static bool is_in(const struct node *list, const struct keeping *k)
{
    EACH(item, list) {
        const struct node *one = &item->node;
        bool same =
            str_eq(node_str(one, "name"), k->name) && str_eq(node_str(one, "phone"), k->phone);
        for (size_t i = 2; same && i < COUNT(fields); i++)
            same = str_eq(node_str(one, fields[i]), node_str(k->address, fields[i]));
        if (same)
            return true;
    }
    return false;
}

static int write(struct ctx *c, struct keeping *k)
{
    struct vault_place at = place_of(k->person, k->id);
    str sealed;
    i64 changed;
    TRY(vault_closed(c, account_seal_street(c, &at, k->phone, k->address, &sealed)));
    TRY(q_account_save(c, &changed, k->person, k->id, k->name, sealed, node_str(k->address, "city"),
        node_str(k->address, "region"), node_str(k->address, "postcode"),
        node_str(k->address, "country")));
    k->id = changed ? k->id : 0;
    return E_OK;
}

static int keep(struct ctx *c, void *with)
{
    struct keeping *k = with;
    struct node *list, *row;
    TRY(q_account_lock_person(c, &row, k->person)); /* the same twice at once is one */
    TRY(account_addresses(c, k->person, &list));
    if (is_in(list, k))
        return E_OK;
    TRY(q_account_add(c, &row, k->person, k->name, node_str(k->address, "city"),
        node_str(k->address, "region"), node_str(k->address, "postcode"),
        node_str(k->address, "country")));
    k->id = node_int(row, "id");
    return k->id ? write(c, k) : E_OK;
}

int account_keep_address(struct ctx *c, i64 person, str name, str phone, const struct node *address)
{
    struct keeping k = { .person = person, .name = name, .phone = phone, .address = address };
    return pg_tx(c, keep, &k);
}

int account_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *list;
    TRY(account_addresses(c, person, &list));
    node_set(c->mem, into, S("addresses"), list);
    TRY(q_account_consents(c, &list, person));
    node_set(c->mem, into, S("consents"), list);
    return E_OK;
}

/* Whoever is adding something for them at this moment is waited for, and adds nothing after it. */
int account_erase(struct ctx *c, i64 person)
{
    struct node *row;
    TRY(q_account_lock_person(c, &row, person));
    return q_account_forget(c, NULL, person);
}

/* ---- the form ------------------------------------------------------------------------------- */

static void add_country(struct ctx *c, struct node *list, str code, bool is_chosen)
{
    struct node *country = node_add_map(c->mem, list);
    node_set_str(c->mem, country, S("code"), code);
    node_set_str(c->mem, country, S("name"), locale_country(c, code));
    node_set_bool(c->mem, country, S("is_chosen"), is_chosen);
}

static bool is_country(struct ctx *c, str code)
{
    return !str_is(code, "ZZ") && !str_eq(locale_country(c, code), code);
}

/* A checkout may have kept an address of another country: it is not to become one of these. */
static void add_countries(struct ctx *c, struct node *document, str chosen)
{
    struct node *list = node_set_list(c->mem, document, S("countries"));
    bool is_in = false;
    for (const char *const *code = account_countries; *code; code++) {
        add_country(c, list, str_of(*code), str_is(chosen, *code));
        is_in |= str_is(chosen, *code);
    }
    if (!is_in && is_country(c, chosen))
        add_country(c, list, chosen, true);
    node_hide(list);
}

static int check(struct req *r, str country)
{
    int err = account_address_check(r);
    return is_country(&r->c, country)
        ? err
        : fail_field(&r->c, "country", "Please choose one of those offered.");
}

/* The fields of a country, under its own words. `address`: the opaque id, empty for a new one. */
static struct node *form_of(struct req *r, str country, str address)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem);
    node_set_str(c->mem, document, S("address"), address);
    account_address_form(c, country, document);
    add_countries(c, document, country);
    return document;
}

static str chosen_country(struct req *r, str otherwise)
{
    str code = str_upper(r->c.mem, in_str(r, "country"));
    return code.n == 2 ? code : otherwise;
}

/* Where nothing is chosen yet: the house's own country, or the first that is offered. */
static int country_to_begin(struct req *r, str *country)
{
    *country = chosen_country(r, str_none);
    if (country->n)
        return E_OK;
    TRY(auth_house_country(&r->c, country));
    for (const char *const *code = account_countries; *code; code++)
        if (str_is(*country, *code))
            return E_OK;
    *country = str_of(account_countries[0]);
    return E_OK;
}

/* What the country has no field for is not kept. */
static struct keeping typed(struct req *r, str country)
{
    static const char *const parts[] = { "line1", "line2", "city", "region", "postcode" };
    struct node *address = node_map(r->c.mem);
    for (size_t i = 0; i < COUNT(parts); i++)
        node_set_str(r->c.mem, address, str_of(parts[i]), account_address_field(r, parts[i]));
    node_set_str(r->c.mem, address, S("country"), country);
    return (struct keeping){
        .person = me(r), .name = in_str(r, "name"), .phone = in_str(r, "phone"), .address = address
    };
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
    struct ctx *c = &r->c;
    struct node *document, *person;
    str country;
    TRY(country_to_begin(r, &country));
    document = form_of(r, country, str_none);
    TRY(auth_person(c, me(r), &person)); /* mostly it is their own */
    struct node *form = node_map(c->mem);
    for (size_t i = 0; i < COUNT(fields); i++)
        node_set_str(c->mem, form, str_of(fields[i]), node_str(person, fields[i]));
    node_set(c->mem, document, S("form"), form);
    return reply_with(r, document);
}

static int add(struct req *r)
{
    struct ctx *c = &r->c;
    str country;
    TRY(country_to_begin(r, &country));
    struct keeping k = typed(r, country);
    if (in_bool(r, "change"))
        return account_address_shown(r, form_of(r, country, str_none));
    int err = check(r, country);
    if (!err)
        err = pg_tx(c, keep, &k);
    if (!err && !k.id)
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
    TRY(open_street(c, me(r), row));
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
    struct node *row = NULL;
    str country;
    TRY(country_to_begin(r, &country));
    struct keeping k = typed(r, country);
    if (!which_one(r, &k.id))
        return missing(r);
    if (in_bool(r, "change")) {
        TRY(q_account_address(c, &row, me(r), k.id));
        return row ? account_address_shown(r, form_of(r, country, in_str(r, "address")))
                   : missing(r);
    }
    int err = check(r, country);
    if (!err)
        err = write(c, &k);
    if (err)
        return again(r, err, form_of(r, country, in_str(r, "address")));
    return k.id ? see_other(r, S("/account/addresses")) : missing(r);
}

struct choice {
    i64 person, id, changed;
};

/* One after the other, so that the one that is meant next is there. */
static int drop_one(struct ctx *c, void *with)
{
    struct choice *one = with;
    struct node *row;
    TRY(q_account_lock_person(c, &row, one->person));
    TRY(q_account_drop(c, &row, one->person, one->id));
    one->changed = row != NULL;
    return E_OK;
}

static int drop(struct req *r)
{
    struct choice one = { .person = me(r) };
    if (which_one(r, &one.id))
        TRY(pg_tx(&r->c, drop_one, &one));
    return one.changed ? see_other(r, S("/account/addresses")) : missing(r);
}

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
