/* What an organisation has said of itself: where it is. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

int auth_house_country(struct ctx *c, str *country)
{
    struct node *house;
    int err = q_auth_organisation_by_slug(c, &house, S("house"));
    if (err == E_MISSING)
        fault_clear(c);
    *country = err ? S("TH") : node_str(house, "country");
    return err == E_MISSING ? E_OK : err;
}
