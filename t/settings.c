/* What an organisation says of itself, and how it reckons. */
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web.h"

static str house(const char *what)
{
    return t_str("select (%s)::text as s from auth.organisation where slug = 'house'", what);
}

/* ---- the first house ------------------------------------------------------------------------------- */

T(a_first_house_is_as_the_configuration_says)
{
    t_open();
    struct ctx *c = t_ctx();
    str before = c->app->currency;
    i64 id, again;
    t_sql("update auth.organisation set slug = 't-before' where slug = 'house'");
    conf_put(c->mem, c->app->conf, "shop_name", S("Chợ"));
    conf_put(c->mem, c->app->conf, "country", S("VN"));
    conf_put(c->mem, c->app->conf, "zone", S("Asia/Ho_Chi_Minh"));
    c->app->currency = S("VND");
    c->scope = (struct scope){ .platform = true };
    must(auth_house_add(c, &id));
    eq_str(house("concat_ws('|', name, country, currency, zone)"), "Chợ|VN|VND|Asia/Ho_Chi_Minh");
    conf_put(c->mem, c->app->conf, "shop_name", S("Other"));
    must(auth_house_add(c, &again)); /* what is there stays */
    eq_int(again, id);
    eq_str(house("name"), "Chợ");
    c->app->currency = before;
    conf_put(c->mem, c->app->conf, "shop_name", S("Talat Market"));
    conf_put(c->mem, c->app->conf, "country", S("TH"));
    conf_put(c->mem, c->app->conf, "zone", S("Asia/Bangkok"));
}
