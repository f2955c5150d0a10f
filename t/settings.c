/* What an organisation says of itself, and how it reckons: the page, the command, the first house. */
#include "admin/admin.h"
#include "auth/auth.h"
#include "ops/ops.h"
#include "t/shop.h"
#include "web/web.h"
#include <stdio.h>
#include <unistd.h>

#define FORM "name=Talat+Market&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax&rounding=per_line"

static void as_owner(void)
{
    t_open();
    t_login("admin@example.test");
}

static str house(const char *what)
{
    return t_str("select (%s)::text as s from auth.organisation where slug = 'house'", what);
}

static str seen_now(void)
{
    t_get("/admin/settings.json");
    t_status(200);
    return node_str(node_path(t_document(), S("settings")), "seen");
}

T(settings_are_for_those_who_run_the_organisation)
{
    t_open();
    t_get("/admin/settings");
    t_status(303);
    t_sql("update auth.person set role = 'user' where id = 1");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'member')");
    t_login("shopper@example.test");
    t_get("/admin/settings.json");
    t_status(403);
    t_json("required", "settings:manage");
    t_post("/admin/settings", FORM);
    t_status(403);
    t_get("/admin");
    t_no_html("a[href='/admin/settings']");
    t_sql("update auth.member set place = 'admin' where person_id = 2");
    t_get("/admin/settings");
    t_status(200);
    t_html("a[href='/admin/settings'][aria-current=page]");
    t_html("input#name[value='Talat Market']");
    t_html("option[value=TH][selected]");
    t_html("option[value='Asia/Bangkok'][selected]");
    t_html("option[value='Asia/Ho_Chi_Minh']");
}

T(settings_are_changed_and_stand_in_the_trail)
{
    as_owner();
    t_post("/admin/settings", "name=++Ch%E1%BB%A3+%26+Co+&country=vn&currency=VND&zone=Asia/Ho_Chi_Minh"
                              "&prices=without_tax&rounding=per_total");
    t_status(303);
    t_header_has("Location", "/admin/settings?done=saved");
    eq_str(house("concat_ws('|', name, country, currency, zone, tax_inclusive, rounding)"),
        "Chợ & Co|VN|VND|Asia/Ho_Chi_Minh|f|per_total");
    t_get("/admin/settings");
    t_html("input#name[value='Chợ &amp; Co']");
    t_html("option[value=VN][selected]");
    t_html("option[value=without_tax][selected]");
    t_html("option[value=per_total][selected]");
    eq_str(t_str("select person_id || ' ' || kind || ' ' || (after->>'country') as s from audit.entry "
                 "where thing = 'auth.organisation' order by id desc limit 1"),
        "1 settings VN");
    t_get("/admin/audit?thing=auth.organisation");
    t_text("Vietnam");
    t_text("of the whole order, once");
    t_get("/admin.json");
    t_json("houseCurrency", "VND");
    t_json("zone", "Asia/Ho_Chi_Minh");
    t_json("organisation", "Chợ & Co");
}

T(settings_that_cannot_be_come_back_with_what_was_typed)
{
    static const struct {
        const char *form, *field, *says;
    } wrong[] = {
        { "name=&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax&rounding=per_line", "name",
            "" },
        { "name=Mine&country=XX&currency=THB&zone=Asia/Bangkok&prices=with_tax&rounding=per_line",
            "country", "There is no rate of tax for that country yet." },
        { "name=Mine&country=DE&currency=THB&zone=Asia/Bangkok&prices=with_tax&rounding=per_line",
            "country", "There is no rate of tax for that country yet." },
        { "name=Mine&country=TH&currency=EUR&zone=Asia/Bangkok&prices=with_tax&rounding=per_line",
            "currency", "We do not sell in that currency." },
        { "name=Mine&country=TH&currency=THB&zone=Asia/Nowhere&prices=with_tax&rounding=per_line",
            "zone", "There is no such time zone." },
        { "name=Mine&country=TH&currency=THB&zone=posix/Asia/Bangkok&prices=with_tax&rounding=per_line",
            "zone", "There is no such time zone." },
        { "name=Mine&country=TH&currency=THB&zone=Asia/Bangkok&prices=maybe&rounding=per_line",
            "prices", "" },
        { "name=Mine&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax&rounding=never",
            "rounding", "" },
    };
    as_owner();
    str before = house("organisation");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        t_post("/admin/settings", wrong[i].form);
        t_status(422);
        t_html(str_fmt(t_ctx()->mem, "#%s[aria-invalid=true]", wrong[i].field).p);
        t_html(str_fmt(t_ctx()->mem, "a[href='#%s']", wrong[i].field).p);
        t_text(wrong[i].says);
        if (i)
            t_html("input#name[value=Mine]");
    }
    eq_str(house("organisation"), str_c(t_ctx()->mem, before));
    t_post_json("/admin/settings.json", "{\"name\": \"Mine\", \"country\": \"DE\", \"currency\": "
        "\"THB\", \"zone\": \"Asia/Bangkok\", \"prices\": \"with_tax\", \"rounding\": \"per_line\"}");
    t_status(422);
}

/* A rate that was taken away since, or a currency no longer sold in, keeps nobody from a new name. */
T(settings_that_are_offered_no_more_may_stay)
{
    as_owner();
    t_sql("update auth.organisation set country = 'DE', currency = 'EUR', zone = 'Asia/Saigon' where "
          "slug = 'house'");
    t_get("/admin/settings");
    t_html("option[value=DE][selected]");
    t_html("option[value=EUR][selected]");
    t_html("option[value='Asia/Saigon'][selected]");
    t_post("/admin/settings", "name=Markt&country=DE&currency=EUR&zone=Asia/Saigon&prices=with_tax"
                              "&rounding=per_line");
    t_status(303);
    eq_str(house("name"), "Markt");
}

T(settings_that_somebody_else_has_changed_are_shown_first)
{
    as_owner();
    str seen = seen_now();
    t_post_f("/admin/settings", FORM "&seen=%.*s", STR(seen));
    t_status(303);
    t_sql("update auth.organisation set country = 'VN' where slug = 'house'");
    t_post_f("/admin/settings", "name=Late&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax"
        "&rounding=per_line&seen=%.*s", STR(seen));
    t_status(409);
    t_text("Somebody else has changed the settings meanwhile.");
    t_html("input#name[value=Late]");
    eq_str(house("name || ' ' || country"), "Talat Market VN");
    /* What comes back as wrong is as old as it was. */
    t_post_f("/admin/settings", "name=&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax"
        "&rounding=per_line&seen=%.*s", STR(seen));
    t_status(422);
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(seen)).p);
    seen = seen_now();
    t_post_f("/admin/settings", "name=Late&country=TH&currency=THB&zone=Asia/Bangkok&prices=with_tax"
        "&rounding=per_line&seen=%.*s", STR(seen));
    t_status(303);
    eq_str(house("name || ' ' || country"), "Late TH");
}

T(settings_of_one_organisation_are_no_others)
{
    as_owner();
    t_sql("insert into auth.organisation (id, slug, name) overriding system value values "
          "(990, 't-else', 'Else')");
    t_as(&(struct who){ .person = 2, .organisation = 990, .role = USER, .member = OWNER });
    t_post("/admin/settings", "name=Mine&country=SG&currency=USD&zone=Asia/Singapore&prices=with_tax"
                              "&rounding=per_line");
    t_status(303);
    eq_str(house("name || ' ' || country"), "Talat Market TH");
    eq_str(t_str("select name || ' ' || country as s from auth.organisation where id = 990"), "Mine SG");
    t_as(NULL);
}

/* ---- checkouts that are open ------------------------------------------------------------------- */

static i64 orders(void) { return t_int("select count(*) as n from orders.\"order\""); }

static i64 at_checkout(const char *map, const char *key)
{
    t_get("/checkout/pay.json");
    t_status(200);
    return node_int(node_path(t_document(), str_fmt(t_ctx()->mem, "checkout.%s", map)), key);
}

T(tax_on_top_is_shown_before_anybody_pays_it)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_get("/cart");
    t_no_text("added at checkout");
    t_to_pay();
    i64 revision = at_checkout("cart", "revision"), total = at_checkout("totals", "total");
    i64 before = orders(), on_top = (total * 7 + 50) / 100;
    t_sql("update auth.organisation set tax_inclusive = false where slug = 'house'");
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=THB", revision, total);
    t_status(409);
    t_text("Your cart or a price has changed.");
    t_html(str_fmt(t_ctx()->mem, "input[name=total][value=%" PRId64 "]", total + on_top).p);
    eq_int(orders(), before);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=THB", revision,
        total + on_top);
    t_status(303);
    eq_int(t_int("select total as n from orders.\"order\" order by id desc limit 1"), total + on_top);
    t_get("/cart");
    t_text("added at checkout");
}

T(an_order_that_is_placed_keeps_how_it_was_reckoned)
{
    i64 first = t_order(), total = t_int("select total as n from orders.\"order\" where id = %" PRId64, first);
    t_sql("update auth.organisation set tax_inclusive = false, rounding = 'per_total', currency = 'VND' "
          "where slug = 'house'");
    eq_int(t_int("select total as n from orders.\"order\" where id = %" PRId64, first), total);
    i64 revision = at_checkout("cart", "revision");
    i64 now = at_checkout("totals", "total");
    is_true(now > total);
    /* The page of before, sent again, is the order of before; what is shown now is asked anew. */
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=THB", revision, total);
    t_status(303);
    eq_int(t_int("select max(id) as n from orders.\"order\""), first);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=THB", revision, now);
    t_status(409);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=THB",
        at_checkout("cart", "revision"), now);
    t_status(303);
    eq_int(t_int("select total as n from orders.\"order\" order by id desc limit 1"), now);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first), "cancelled");
}

T(a_currency_of_the_settings_changes_no_cart)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_to_pay();
    i64 total = at_checkout("totals", "total");
    t_sql("update auth.organisation set currency = 'VND' where slug = 'house'");
    eq_int(at_checkout("totals", "total"), total);
    t_json("checkout.totals.currency", "THB");
}

/* ---- times --------------------------------------------------------------------------------------- */

T(the_back_office_shows_the_times_of_where_it_is)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set placed_at = '2026-11-19T20:30:00Z' where id = %" PRId64, order);
    t_sql("update orders.part set placed_at = '2026-11-19T20:30:00Z' where order_id = %" PRId64, order);
    as_owner();
    t_get("/admin/orders");
    t_text("Nov 20"); /* in Bangkok */
    t_sql("update auth.organisation set zone = 'America/New_York' where slug = 'house'");
    t_get("/admin/orders");
    t_text("Nov 19");
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

/* ---- talatctl organisation --------------------------------------------------------------------------- */

/* What it says, which is not to be read as a test's own output; its complaints go nowhere. */
static str said(int want, const char *const *words, int n)
{
    enum { MOST = 4000 };
    char *text = arena_take(t_ctx()->mem, MOST);
    FILE *file = tmpfile(), *away = tmpfile();
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(away), STDERR_FILENO);
    int code = organisation_command(t_ctx(), n, (char **)(uintptr_t)words);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    FILE *read = want ? away : file;
    rewind(read);
    size_t length = fread(text, 1, MOST, read);
    fclose(file);
    fclose(away);
    eq_int(code, want);
    fault_clear(t_ctx());
    return (str){ text, length };
}
#define ORGANISATION(want, ...)                                 \
    ({                                                          \
        const char *words_[] = { "organisation", __VA_ARGS__ }; \
        said((want), words_, (int)COUNT(words_));               \
    })

T(an_organisation_is_shown_and_changed_by_command)
{
    t_open();
    str text = ORGANISATION(0, "house");
    has_text(text, "country   TH\n");
    has_text(text, "prices    with-tax\n");
    text = ORGANISATION(0, "house", "--name", "Mali & Daughters", "--country", "VN", "--currency",
        "VND", "--zone", "Asia/Ho_Chi_Minh", "--prices", "without-tax", "--rounding", "per-total");
    has_text(text, "name      Mali & Daughters\n");
    has_text(text, "rounding  per-total\n");
    eq_str(house("concat_ws('|', name, country, currency, zone, tax_inclusive, rounding)"),
        "Mali & Daughters|VN|VND|Asia/Ho_Chi_Minh|f|per_total");
    ORGANISATION(0, "house", "--prices", "with-tax"); /* the rest stays */
    eq_str(house("concat_ws('|', country, tax_inclusive)"), "VN|t");
}

T(an_organisation_is_not_changed_to_what_cannot_be)
{
    t_open();
    str before = house("organisation");
    has_text(ORGANISATION(1, "house", "--country", "DE"), "There is no rate of tax");
    has_text(ORGANISATION(1, "house", "--currency", "EUR"), "We do not sell in that currency.");
    has_text(ORGANISATION(1, "house", "--zone", "Asia/Nowhere"), "There is no such time zone.");
    has_text(ORGANISATION(1, "house", "--name", "One\nTwo"), "name of one line");
    has_text(ORGANISATION(1, "nobody"), "there is no organisation nobody");
    ORGANISATION(2, "house", "--prices", "maybe");
    ORGANISATION(2, "house", "--rounding", "never");
    ORGANISATION(2, "house", "--name");
    ORGANISATION(2, "house", "--what", "x");
    ORGANISATION(2, "--name", "x");
    eq_str(house("organisation"), str_c(t_ctx()->mem, before));
}
