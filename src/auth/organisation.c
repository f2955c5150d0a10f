/* What an organisation has said of itself: its name, where it is, and how it reckons. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

int auth_house_country(struct ctx *c, str *country)
{
    struct node *house;
    int err = q_auth_organisation_by_slug(c, &house, S("house"));
    if (err == E_MISSING)
        fault_clear(c);
    *country = err ? conf_str(c->app->conf, "country", S("TH")) : node_str(house, "country");
    return err == E_MISSING ? E_OK : err;
}

int auth_house_add(struct ctx *c, i64 *id)
{
    const struct conf *conf = c->app->conf;
    struct node *row;
    TRY(q_auth_add_house(c, &row, S("house"), conf_str(conf, "shop_name", S("Talat Market")),
        conf_str(conf, "country", S("TH")), c->app->currency,
        conf_str(conf, "zone", S("Asia/Bangkok"))));
    *id = node_int(row, "id");
    return E_OK;
}

int auth_settings(struct ctx *c, i64 organisation, struct node **out)
{
    return q_auth_settings(c, out, organisation);
}

struct auth_settings auth_settings_of(const struct node *row)
{
    return (struct auth_settings){ .name = node_str(row, "name"),
        .country = node_str(row, "country"),
        .currency = node_str(row, "currency"),
        .zone = node_str(row, "zone"),
        .rounding = node_str(row, "rounding"),
        .tax_inclusive = node_bool(row, "tax_inclusive") };
}

int auth_zones(struct ctx *c, struct node **list) { return q_auth_zones(c, list); }

static int check_zone(struct ctx *c, str zone)
{
    struct node *list;
    TRY(auth_zones(c, &list));
    EACH(item, list)
        if (str_eq(node_str(&item->node, "name"), zone) && locale_is_zone(zone))
            return E_OK;
    return fail_field(c, "zone", "There is no such time zone.");
}

bool auth_is_country(struct ctx *c, str code)
{
    return code.n == 2 && code.p[0] >= 'A' && code.p[0] <= 'Z' && code.p[1] >= 'A' &&
        code.p[1] <= 'Z' && !str_is(code, "ZZ") && !str_eq(locale_country(c, code), code);
}

static int check(struct ctx *c, const struct node *row, const struct auth_settings *s)
{
    if (!s->name.n || str_characters(s->name) > 120 || !in_is_line(s->name))
        return fail_field(c, "name", "Please give it a name of one line.");
    if (!auth_is_country(c, s->country))
        return fail_field(c, "country", "There is no such country.");
    if (!money_is_currency(s->currency))
        return fail_field(c, "currency", "There is no such currency.");
    if (!str_is(s->rounding, "per_line") && !str_is(s->rounding, "per_total"))
        return fail_field(c, "rounding", "Please choose one of those offered.");
    return str_eq(s->zone, node_str(row, "zone")) ? E_OK : check_zone(c, s->zone);
}

int auth_settings_save(struct ctx *c, i64 organisation, const struct auth_settings *s, str seen)
{
    struct node *row, *saved;
    TRY(auth_settings(c, organisation, &row));
    TRY(check(c, row, s));
    TRY(q_auth_save_settings(c, &saved, organisation, s->name, s->country, s->currency, s->zone,
        s->tax_inclusive, s->rounding, seen));
    return saved ? E_OK
                 : fail(c, E_CONFLICT, "auth.settings",
                       "Somebody else has changed the settings meanwhile. Please look at them once "
                       "more: saving again puts yours in their place.");
}
