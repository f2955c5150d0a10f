/* The settings of an organisation: its name, where it is, and how it reckons. Orders that were
 * placed keep what was agreed; a checkout that is open is reckoned anew, and its buyer is asked
 * again where the sum is another one (checkout_place). */
#include "admin/admin.h"
#include "auth/auth.h"
#include "pricing/pricing.h"
#include "web/web.h"

static const struct input to_save[] = {
    { "name", LINE, 1, 120, .required = true },
    { "country", WORD, 2, 2, .required = true },
    { "currency", WORD, 3, 3, .required = true },
    { "zone", WORD, 1, 60, .required = true },
    { "prices", CHOICE, .required = true, .choices = "with_tax|without_tax" },
    { "rounding", CHOICE, .required = true, .choices = "per_line|per_total" },
    { "seen", WORD, 0, 40 },
    { 0 },
};
static const struct input to_show[] = { { "done", WORD, 0, 10 }, { 0 } };

/* What is there stays, also where we do not sell (any more). */
static int check_country(struct ctx *c, const struct node *row, str code)
{
    struct node *countries;
    if (str_eq(code, node_str(row, "country")))
        return E_OK;
    TRY(pricing_countries(c, &countries));
    EACH(item, countries)
        if (str_eq(node_str(&item->node, "code"), code))
            return E_OK;
    return fail_field(c, "country", "There is no rate of tax for that country yet.");
}

static int check_currency(struct ctx *c, const struct node *row, str code)
{
    if (str_eq(code, node_str(row, "currency")))
        return E_OK;
    EACH(item, c->app->currencies)
        if (str_eq(item->node.as.text, code))
            return E_OK;
    return fail_field(c, "currency", "We do not sell in that currency.");
}

int admin_settings_save(
    struct ctx *c, i64 organisation, const struct auth_settings *s, str seen)
{
    struct node *row;
    TRY(auth_settings(c, organisation, &row));
    TRY(check_country(c, row, s->country));
    TRY(check_currency(c, row, s->currency));
    return auth_settings_save(c, organisation, s, seen);
}

/* ---- the page ------------------------------------------------------------------------------ */

static void add_choice(struct ctx *c, struct node *list, str code, str name, str chosen)
{
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("code"), code);
    node_set_str(c->mem, one, S("name"), name);
    node_set_bool(c->mem, one, S("is_chosen"), str_eq(code, chosen));
}

static bool has_code(const struct node *list, str code)
{
    EACH(item, list)
        if (str_eq(node_str(&item->node, "code"), code))
            return true;
    return false;
}

static str zone_words(struct ctx *c, str zone)
{
    char *words = arena_take(c->mem, zone.n + 1);
    for (size_t i = 0; i < zone.n; i++)
        words[i] = zone.p[i] == '_' ? ' ' : zone.p[i];
    return (str){ words, zone.n };
}

/* `was`: what is there now, to be chosen also where it is no longer offered. */
static int add_choices(struct ctx *c, struct node *document, const struct node *was,
    const struct auth_settings *now)
{
    struct node *rows, *zones, *list = node_hide(node_set_list(c->mem, document, S("countries")));
    str country = node_str(was, "country"), currency = node_str(was, "currency");
    TRY(pricing_countries(c, &rows));
    TRY(auth_zones(c, &zones));
    EACH(item, rows) {
        str code = node_str(&item->node, "code");
        add_choice(c, list, code, locale_country(c, code), now->country);
    }
    if (!has_code(list, country))
        add_choice(c, list, country, locale_country(c, country), now->country);
    list = node_hide(node_set_list(c->mem, document, S("money_codes")));
    EACH(item, c->app->currencies)
        add_choice(c, list, item->node.as.text, item->node.as.text, now->currency);
    if (!has_code(list, currency))
        add_choice(c, list, currency, currency, now->currency);
    list = node_hide(node_set_list(c->mem, document, S("zones")));
    EACH(item, zones) {
        str zone = node_str(&item->node, "name");
        add_choice(c, list, zone, zone_words(c, zone), now->zone);
    }
    if (!has_code(list, node_str(was, "zone")))
        add_choice(c, list, node_str(was, "zone"), node_str(was, "zone"), now->zone);
    return E_OK;
}

/* `in`: what was typed, to come back; or what it was taken for, to be saved. */
static struct auth_settings typed(struct req *r, const struct node *in)
{
    return (struct auth_settings){ .name = node_str(in, "name"),
        .country = str_upper(r->c.mem, node_str(in, "country")),
        .currency = str_upper(r->c.mem, node_str(in, "currency")),
        .zone = node_str(in, "zone"),
        .rounding = node_str(in, "rounding"),
        .tax_inclusive = str_is(node_str(in, "prices"), "with_tax") };
}

static int page(struct req *r, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *row;
    TRY(auth_settings(c, c->scope.organisation, &row));
    struct auth_settings now = r->method == POST ? typed(r, r->raw) : auth_settings_of(row);
    *document = node_map(c->mem);
    TRY(add_choices(c, *document, row, &now));
    node_hide(node_get(row, S("slug")));
    node_set(c->mem, *document, S("settings"), row);
    node_hide(node_set_str(c->mem, *document, S("name"), now.name));
    node_hide(node_set_bool(c->mem, *document, S("with_tax"), now.tax_inclusive));
    node_hide(node_set_bool(c->mem, *document, S("per_total"), str_is(now.rounding, "per_total")));
    bool is_house = str_is(node_str(row, "slug"), "house"), may_more = r->who.role >= ADMIN;
    node_hide(node_set_bool(c->mem, *document, S("is_house"), is_house));
    node_hide(node_set_bool(c->mem, *document, S("has_more"),
        is_house && may_more && route_pattern(r, S("/admin/settings/delivery")).n &&
            route_pattern(r, S("/admin/settings/taxes")).n));
    node_hide(node_set_bool(c->mem, *document, S("is_saved"), str_is(in_done(r), "saved")));
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(as_staff(r));
    TRY(page(r, &document));
    return reply_with(r, document);
}

struct saving {
    const struct req *r;
    struct auth_settings settings;
};

static int save_work(struct ctx *c, void *with)
{
    const struct saving *of = with;
    return admin_settings_save(c, c->scope.organisation, &of->settings, in_str(of->r, "seen"));
}

static int come_back(struct req *r, int err)
{
    struct fault told = r->c.fault;
    struct node *document;
    fault_clear(&r->c);
    TRY(page(r, &document));
    in_stay_old(r, err, node_get(document, S("settings")));
    r->c.fault = told;
    return again(r, err, document);
}

static int save(struct req *r)
{
    TRY(as_staff(r));
    struct saving of = { r, typed(r, r->in) };
    int err = in_fault(r);
    if (!err)
        err = pg_tx(&r->c, save_work, &of);
    if (err < 0 || err == E_DENIED || (err && r->format == JSON))
        return err;
    return err ? come_back(r, err) : see_other(r, S("/admin/settings?done=saved"));
}

ROUTES(admin_settings){
    ROUTE(GET, "/admin/settings", SETTINGS_MANAGE, to_show, show, "admin/settings", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/admin/settings", SETTINGS_MANAGE, to_save, save, "admin/settings", RATE_FORM,
        NOINDEX | FORM),
    END_OF_ROUTES,
};
