/* Tax rates, as talatctl tax and the back office set them. */
#include "pricing/pricing.h"
#include "t/shop.h"

#define TAXES "/admin/settings/taxes"

static void as_admin(void)
{
    t_open();
    t_login("admin@example.test");
}

static str rates(const char *country)
{
    return t_str("select coalesce(string_agg(tax_class || ' ' || rate_bp, ', ' order by tax_class), '')"
                 " as s from pricing.tax_rate where country = '%s'",
        country);
}

static void command(int want, int n, const char *const *words)
{
    eq_int(tax_command(t_ctx(), n, (char **)(uintptr_t)words), want);
}
#define TAX(want, ...)                                  \
    ({                                                  \
        const char *words_[] = { "tax", __VA_ARGS__ };  \
        command(want, (int)COUNT(words_), words_);      \
    })

T(talatctl_sets_a_rate_and_takes_it_away)
{
    t_open();
    TAX(0, "jp", "10");
    eq_str(rates("JP"), "standard 1000, zero 0");
    TAX(0, "JP", "8.25", "--class", "reduced");
    eq_str(rates("JP"), "reduced 825, standard 1000, zero 0");
    TAX(0, "JP", "none", "--class", "reduced");
    TAX(0, "JP", "12");
    eq_str(rates("JP"), "standard 1200, zero 0");
    TAX(0, "JP", "none");
    eq_str(rates("JP"), "");
    TAX(2, "JP", "8", "--class", "reduced"); /* without a standard rate */
    TAX(2, "XX", "7");
    TAX(2, "TH", "101");
    TAX(2, "TH", "much");
    TAX(2, "TH", "7", "--class", "Zero Rated");
    TAX(2, "TH");
    TAX(1, "TH", "none"); /* where the shop is */
    eq_str(rates("TH"), "standard 700, zero 0");
}

T(rates_and_countries_are_set_in_the_back_office_AD_08)
{
    as_admin();
    t_get(TAXES);
    t_status(200);
    t_text("Thailand");
    t_html("option[value=JP]");
    t_no_html("option[value=TH]");
    t_post(TAXES, "country=jp&rate=10+%25");
    t_status(303);
    eq_str(rates("JP"), "standard 1000, zero 0");
    eq_str(t_str("select person_id || ' ' || action || ' ' || thing_id as s from audit.entry"
                 " where thing = 'pricing.tax_rate' order by id desc limit 1"),
        "1 insert JP standard");
    t_get(TAXES ".json");
    t_json("countries.0.code", "JP"); /* by name: Japan, Singapore, Thailand */
    t_json("countries.0.rates.0.rateBp", "1000");
    t_get(TAXES "/JP");
    t_html("input[name=rate][value=10]");
    t_post(TAXES "/JP",
        "tax_class=standard&rate=10.5&tax_class=zero&rate=&tax_class=reduced&rate=8");
    t_status(303);
    eq_str(rates("JP"), "reduced 800, standard 1050");
    t_get(TAXES "/VN");
    t_text("reduced"); /* a class that another country has */
    t_post(TAXES "/JP", "tax_class=standard&rate=10&tax_class=reduced&rate=8&tax_class=&rate=");
    eq_str(rates("JP"), "reduced 800, standard 1000");
    t_post(TAXES "/JP/remove", "");
    t_status(303);
    t_get(TAXES "?done=gone");
    t_text("it is not delivered to any more");
    eq_str(rates("JP"), "");
    t_post(TAXES "/JP/remove", ""); /* twice */
    t_status(303);
    t_get(TAXES "/JP");
    t_status(404);
    t_post(TAXES "/JP", "tax_class=standard&rate=5");
    t_status(404);
    eq_str(rates("JP"), "");
}

T(wrong_rates_come_back_as_they_were_typed)
{
    as_admin();
    static const struct {
        const char *path, *form, *text;
    } wrongs[] = {
        { TAXES, "country=&rate=7", "Please fill this in." },
        { TAXES, "country=XX&rate=7", "We know no such country." },
        { TAXES, "country=TH&rate=7", "has a rate already" },
        { TAXES, "country=JP&rate=", "Please fill this in." },
        { TAXES, "country=JP&rate=101", "from 0 to 100" },
        { TAXES, "country=JP&rate=-1", "from 0 to 100" },
        { TAXES, "country=JP&rate=7.125", "from 0 to 100" },
        { TAXES, "country=JP&rate=1,000", "from 0 to 100" },
        { TAXES, "country=JP&rate=0,825", "from 0 to 100" },
        { TAXES, "country=JP&rate=1,0.5", "from 0 to 100" },
        { TAXES, "country=JP&rate=8,", "from 0 to 100" },
        { TAXES, "country=JP&rate=,5", "from 0 to 100" },
        { TAXES, "country=JP&rate=00000008", "from 0 to 100" },
        { TAXES "/TH", "tax_class=standard&rate=", "Please fill this in." },
        { TAXES "/TH", "tax_class=standard&rate=seven", "from 0 to 100" },
        { TAXES "/TH", "tax_class=standard&rate=8&tax_class=A+B&rate=5", "small letters" },
        { TAXES "/TH", "tax_class=standard&rate=8&tax_class=&rate=5", "Please fill this in." },
        { TAXES "/TH", "tax_class=standard&rate=8&tax_class=zero", "a rate for each class" },
    };
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        t_post(wrongs[i].path, wrongs[i].form);
        if (t_last_status() != 422)
            ck_abort_msg("%s: %d", wrongs[i].form, t_last_status());
        t_html(".problem");
        t_text(wrongs[i].text);
    }
    t_post(TAXES, "country=JP&rate=much");
    t_html("option[value=JP][selected]");
    t_html("input[name=rate][value=much]");
    eq_str(rates("TH"), "standard 700, zero 0"); /* all or nothing */
    eq_str(rates("JP"), "");
}

T(a_rate_is_typed_with_a_comma_as_well_and_shown_as_the_language_writes_it)
{
    as_admin();
    t_post(TAXES, "country=DE&rate=8%2C5+%25");
    t_status(303);
    eq_str(rates("DE"), "standard 850, zero 0");
    t_post(TAXES "/DE", "tax_class=standard&rate=19%2C25&tax_class=zero&rate=&tax_class=reduced&rate=7%2C0");
    t_status(303);
    eq_str(rates("DE"), "reduced 700, standard 1925");
    t_get("/vi" TAXES);
    t_text("19,25 %");
    t_get("/vi" TAXES "/DE");
    t_html("input[name=rate][value='19,25']");
    t_html("input[name=rate][value='7']");
    t_get(TAXES "/DE");
    t_html("input[name=rate][value='19.25']");
    t_get("/vi" TAXES "/DE.json");
    t_json("country.rates.0.rateBp", "1925");
    TAX(0, "DE", "8,5");
    eq_str(rates("DE"), "reduced 700, standard 850");
    TAX(2, "DE", "1,000");
}

T(tax_classes_are_named_in_the_readers_language)
{
    as_admin();
    t_post(TAXES, "country=DE&rate=19");
    t_post(TAXES "/DE", "tax_class=standard&rate=19&tax_class=reduced&rate=7&tax_class=books&rate=5");
    t_get(TAXES);
    t_text("Reduced rate");
    t_text("books"); /* one of the shop's own */
    t_get("/th" TAXES "/DE");
    t_text("“อัตราลดหย่อน” เป็นร้อยละ");
    t_html("input[name=tax_class][value=reduced]"); /* its code, for the form */
    t_get("/vi/admin/products/new");
    t_html("option[value=reduced]");
    t_text("Thuế suất giảm");
    t_get(TAXES "/DE.json");
    t_text("\"reduced\"");
}

static str seen(const char *path)
{
    t_get(path);
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(node_get(t_document(), S("country")), "seen"));
}

T(of_two_who_change_the_rates_of_a_country_the_second_is_told)
{
    as_admin();
    str first = seen(TAXES "/SG.json");
    t_get(TAXES "/SG");
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(first)).p);
    t_post_f(TAXES "/SG", "tax_class=standard&rate=10&tax_class=zero&rate=0&seen=%.*s", STR(first));
    t_status(303);
    t_post_f(TAXES "/SG", "tax_class=standard&rate=9&tax_class=zero&rate=1&tax_class=few&rate=5"
        "&seen=%.*s", STR(first));
    t_status(409);
    t_text("Somebody else has changed these rates meanwhile.");
    t_html("input[name=rate][value='9']");
    t_html("input[name=rate][value='1']");
    t_html("input[name=tax_class][value=few]");
    eq_str(rates("SG"), "standard 1000, zero 0");
    str now = seen(TAXES "/SG.json");
    t_sql("insert into pricing.tax_rate (country, tax_class, rate_bp) values ('TH', 'few', 300)");
    eq_str(seen(TAXES "/SG.json"), now.p); /* of another country */
    t_post_f(TAXES "/SG", "tax_class=standard&rate=x&seen=%.*s", STR(first)); /* wrong, too */
    t_status(409);
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(now)).p);
    t_post_json(TAXES "/SG.json", "{\"seen\":\"old\",\"tax_class\":[\"standard\"],\"rate\":[\"8\"]}");
    t_status(409);
    t_post_f(TAXES "/SG", "tax_class=standard&rate=9&tax_class=zero&rate=1&seen=%.*s", STR(now));
    t_status(303);
    eq_str(rates("SG"), "standard 900, zero 100");
    t_post_json(TAXES "/SG.json", "{\"tax_class\":[\"standard\"],\"rate\":[\"8\"]}");
    t_status(200);
    eq_str(rates("SG"), "standard 800, zero 100");
}

T(where_the_shop_is_keeps_its_rate)
{
    as_admin();
    t_get(TAXES "/TH");
    t_no_text("Take this country away");
    t_post(TAXES "/TH/remove", "");
    t_status(409);
    t_text("The shop itself is in this country");
    eq_str(rates("TH"), "standard 700, zero 0");
    t_sql("delete from pricing.tax_rate where country = 'TH'");
    t_get(TAXES);
    t_text("Thailand, where the shop is, has no rate");
}

T(where_a_seller_is_keeps_no_country)
{
    as_admin();
    t_sql("insert into auth.organisation (slug, name, country) values ('t-seller', 'Seller', 'SG')");
    t_post(TAXES "/SG/remove", "");
    t_status(303);
    eq_str(rates("SG"), "");
    t_get(TAXES);
    t_no_text("where the shop is, has no rate");
}

T(only_who_runs_the_house_sets_its_taxes)
{
    static const char *const paths[] = { TAXES, TAXES "/SG", TAXES "/SG/remove" };
    as_admin();
    t_sql("update auth.person set role = 'user' where id = 1");
    for (int guest = 0; guest < 2; guest++) {
        t_browser();
        if (!guest)
            t_login("admin@example.test");
        for (size_t i = 0; i < COUNT(paths); i++) {
            t_post(paths[i], "country=JP&rate=1&tax_class=standard");
            is_true(t_last_status() == 403 || (guest && t_last_status() == 303));
            if (i == 2)
                continue;
            t_get(paths[i]);
            t_status(guest ? 303 : 403);
        }
    }
    eq_str(rates("SG"), "standard 900, zero 0");
    eq_str(rates("JP"), "");
}
