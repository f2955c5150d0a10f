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
