/* Ways of delivery, as talatctl delivery and the back office set them. */
#include "shipping/shipping.h"
#include "t/shop.h"
#include <stdio.h>
#include <unistd.h>

/* What it says, which is not to be read as a test's own output. */
static str delivery_says(const char *const *words, int n, int want)
{
    enum { MOST = 4000 };
    char *said = arena_take(t_ctx()->mem, MOST);
    FILE *file = tmpfile();
    fflush(stdout);
    int was = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    int code = delivery_command(t_ctx(), n, (char **)(uintptr_t)words);
    fflush(stdout);
    dup2(was, STDOUT_FILENO);
    close(was);
    rewind(file);
    size_t length = fread(said, 1, MOST, file);
    fclose(file);
    eq_int(code, want);
    return (str){ said, length };
}
static str delivery(const char *const *words, int n) { return delivery_says(words, n, 0); }
#define REFUSED(...)                                                   \
    ({                                                                 \
        const char *words_[] = { "delivery", __VA_ARGS__ };            \
        delivery_says(words_, (int)COUNT(words_), 2);                  \
        eq_int(t_int("select count(*) as n from shipping.method where" \
                     " code not in ('standard', 'express')"),          \
            0);                                                        \
    })
#define DELIVERY(...)                                       \
    ({                                                      \
        const char *words_[] = { "delivery", __VA_ARGS__ }; \
        delivery(words_, (int)COUNT(words_));               \
    })

static str method(const char *column)
{
    return t_str("select (%s)::text as s from shipping.method where code = 'zz-raft'", column);
}

static str price(const char *currency)
{
    return t_str("select p.amount || ' ' || coalesce(p.free_from::text, 'never') as s from "
                 "shipping.price p join shipping.method m on m.id = p.method_id where m.code = "
                 "'zz-raft' and p.currency = '%s'",
        currency);
}

T(ways_of_delivery_are_listed_with_their_prices)
{
    t_open();
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "THB", "--price", "50", "--free-from",
        "900");
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "VND", "--price", "45000");
    t_sql("insert into shipping.method (code, position, names, active)"
          " values ('zz-none', 99, '{\"en\": \"None\"}', false)");
    const char *alone[] = { "delivery" };
    str said = delivery(alone, 1);
    is_true(str_find(said, S("zz-raft: 50.00 THB, free from 900.00: Raft\n")) >= 0);
    is_true(str_find(said, S("zz-raft: 45000 VND: Raft\n")) >= 0);
    is_true(str_find(said, S("zz-none: no price: None (not offered)\n")) >= 0);
}

T(another_price_of_a_way_of_delivery_leaves_the_rest_of_it)
{
    t_open();
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "THB", "--price", "50", "--promise",
        "2 days", "--free-from", "900");
    eq_str(method("position"), "10");
    t_sql("update shipping.method set position = 30, names = names || '{\"th\": \"แพ\"}', "
          "promises = promises || '{\"th\": \"2 วัน\"}' where code = 'zz-raft'");
    DELIVERY("zz-raft", "--name", "By raft", "--currency", "THB", "--price", "60");
    eq_str(method("position"), "30");
    eq_str(method("names ->> 'en'"), "By raft");
    eq_str(method("names ->> 'th'"), "แพ");
    eq_str(method("promises ->> 'en'"), "2 days");
    eq_str(method("promises ->> 'th'"), "2 วัน");
    eq_str(price("THB"), "6000 90000");
    DELIVERY("zz-raft", "--name", "By raft", "--currency", "THB", "--price", "60", "--free-from",
        "0");
    eq_str(price("THB"), "6000 never");
}

T(a_code_that_no_buyer_could_choose_is_refused)
{
    t_open();
    REFUSED("Next day", "--name", "Next day", "--price", "50");
    REFUSED("Next-Day", "--name", "Next day", "--price", "50");
    REFUSED("", "--name", "Next day", "--price", "50");
    REFUSED("new", "--name", "Next day", "--price", "50");
    REFUSED("x23456789-123456789-123456789-123456789-1", "--name", "x", "--price", "50");
    REFUSED("zz-raft", "--price", "50");
    REFUSED("zz-raft", "--name", "Raft");
    REFUSED("zz-raft", "--name", "Raft", "--price", "none");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--on", "--off");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--countries", "TH XX");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--position", "-1");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--heaviest", "much");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--currency", "XXQ");
    REFUSED("zz-raft", "--name", "Raft", "--price", "50", "--name-xx", "?");
}

T(talatctl_says_all_of_a_way_of_delivery_and_leaves_what_it_does_not_say)
{
    t_open();
    DELIVERY("zz-raft", "--name", "Raft", "--name-th", "แพ", "--promise-vi", "2 ngày", "--price",
        "50", "--countries", "th, VN", "--position", "7", "--heaviest", "20000", "--off");
    eq_str(method("names ->> 'th'"), "แพ");
    eq_str(method("promises ->> 'vi'"), "2 ngày");
    eq_str(method("countries"), "{TH,VN}");
    eq_str(method("position || ' ' || heaviest_g || ' ' || active"), "7 20000 false");
    const char *alone[] = { "delivery" };
    has_text(delivery(alone, 1), "zz-raft: 50.00 THB: Raft (TH VN) (up to 20000 g) (not offered)\n");
    DELIVERY("zz-raft", "--on");
    eq_str(method("position || ' ' || heaviest_g || ' ' || active"), "7 20000 true");
    DELIVERY("zz-raft", "--countries", "all", "--heaviest", "0", "--price", "none");
    eq_str(method("countries::text || coalesce(heaviest_g, -1)"), "{}-1");
    eq_str(method("(select count(*) from shipping.price where method_id = method.id)"), "0");
}

/* ---- the back office ------------------------------------------------------------------------- */

#define WAYS  "/admin/settings/delivery"
#define RAFT_ "name_en=Raft&name_th=%%E0%%B9%%81%%E0%%B8%%9E&promise_en=2+days&offered=1&position=3"
#define RAFT  "code=zz-raft&" RAFT_

static void as_admin(void)
{
    t_open();
    t_login("admin@example.test");
}

T(a_way_of_delivery_is_made_changed_and_taken_away_in_the_back_office_AD_08)
{
    as_admin();
    t_get(WAYS "/new");
    t_status(200);
    t_html("input[name=code]");
    t_post_f(WAYS,
        RAFT "&countries=TH&countries=VN&heaviest=30000&currency=THB&price=50&free_from=900"
             "&currency=VND&price=&free_from=&up_to=&step=&up_to=500&step=30&up_to=&step=&up_to=&step=");
    t_status(303);
    t_header("Location", WAYS "?done=made");
    t_get(WAYS "?done=made");
    t_text("The way of delivery is made.");
    t_text("zz-raft");
    t_text("Thailand, Vietnam");
    eq_str(method("names::text || promises::text || countries::text || position || active || heaviest_g"),
        "{\"en\": \"Raft\", \"th\": \"แพ\"}{\"en\": \"2 days\"}{TH,VN}3true30000");
    eq_str(price("THB"), "5000 90000");
    eq_str(method("(select count(*) from shipping.price where method_id = method.id)"), "1");
    eq_str(method("(select string_agg(currency || up_to_g || ' ' || amount, ',')"
                  " from shipping.step where method_id = method.id)"),
        "THB500 3000");
    eq_str(t_str("select person_id || ' ' || action || ' ' || kind as s from audit.entry"
                 " where thing = 'shipping.method' order by id desc limit 1"),
        "1 insert settings");
    t_get(WAYS "/zz-raft.json");
    t_status(200);
    t_json("way.texts.1.name", "แพ");
    t_json("way.prices.0.amount", "5000");
    t_json("way.prices.0.steps.0.upToG", "500");
    t_json("way.countries.1", "VN");
    t_post_f(WAYS "/zz-raft", RAFT_ "&currency=THB&price=1,060.50&free_from=&up_to=&step=");
    t_status(303);
    eq_str(price("THB"), "106050 never");
    eq_str(method("countries::text || coalesce(heaviest_g, 0)"), "{}0");
    eq_str(method("(select count(*) from shipping.step where method_id = method.id)"), "0");
    t_post_f(WAYS "/zz-raft", "name_en=Raft&currency=THB&price=60&free_from="); /* no tick */
    t_status(303);
    eq_str(method("active || ' ' || position"), "false 3");
    t_get(WAYS);
    t_text("Not offered");
    t_post(WAYS "/zz-raft/remove", "");
    t_status(303);
    eq_int(t_int("select count(*) as n from shipping.method where code = 'zz-raft'"), 0);
    t_post(WAYS "/zz-raft/remove", ""); /* twice */
    t_status(303);
    t_get(WAYS "/zz-raft");
    t_status(404);
    t_post(WAYS "/zz-raft", "name_en=x");
    t_status(404);
}

T(a_way_of_delivery_that_is_wrong_comes_back_as_it_was_typed)
{
    static const struct {
        const char *form, *text;
    } wrongs[] = {
        { "code=zz raft&name_en=Raft&currency=THB&price=50", "This may not contain blanks." },
        { "code=Zz&name_en=Raft&currency=THB&price=50", "Please use only small letters" },
        { "code=new&name_en=Raft&currency=THB&price=50", "Please use only small letters" },
        { "code=standard&name_en=Raft&currency=THB&price=50", "with this code already" },
        { "name_en=Raft&currency=THB&price=50", "Please fill this in." },
        { "code=zz-raft&currency=THB&price=50", "English name" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=fifty", "This is not an amount." },
        { "code=zz-raft&name_en=Raft&currency=THB&price=-5", "This is not an amount." },
        { "code=zz-raft&name_en=Raft&currency=THB&price=&free_from=9", "Please give a price, too." },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&free_from=x", "This is not an amount." },
        { "code=zz-raft&name_en=Raft&offered=1&currency=THB&price=", "in one currency at least" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&countries=XX", "We do not deliver to" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&heaviest=-1", "" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&position=first", "whole number" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&up_to=much&step=3", "whole grams" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&up_to=500&step=", "This is not an amount." },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&up_to=5&step=1&up_to=5&step=2",
            "there twice" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=&up_to=500&step=3", "heavier carts" },
        { "code=zz-raft&name_en=Raft&currency=THB&price=5&up_to=500", "as many rows" },
    };
    as_admin();
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        t_post(WAYS, wrongs[i].form);
        if (t_last_status() != 422)
            ck_abort_msg("%s: %d", wrongs[i].form, t_last_status());
        t_html(".problem");
        t_text(wrongs[i].text);
        t_html("input[name=code]");
    }
    t_post(WAYS, "code=zz-raft&name_en=Raft&currency=THB&price=fifty&up_to=&step=&up_to=7x&step=9");
    t_html("input[name=price][value=fifty]");
    t_html("input[id=up_to_1][value=7x]");
    t_html("input[name=name_en][value=Raft]");
    static const char *const dong[] = { "price=9.99", "price=5&free_from=9.99",
        "price=5&up_to=500&step=9.99" };
    for (size_t i = 0; i < COUNT(dong); i++) {
        t_post_f(WAYS, "code=zz-raft&name_en=Raft&currency=VND&%s", dong[i]);
        t_status(422);
        t_text("This is not an amount. Write it like 1290.");
        t_no_text("12.50");
    }
    eq_int(t_int("select count(*) as n from shipping.method where code like 'zz%%'"), 0);
}

static str seen(void)
{
    t_get(WAYS "/zz-raft.json");
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(node_get(t_document(), S("way")), "seen"));
}

T(of_two_who_change_a_way_of_delivery_the_second_is_told)
{
#define LATE "name_en=Ferry&promise_en=3+days&offered=1&countries=TH&currency=THB&price=150&free_from="
    as_admin();
    t_post_f(WAYS, RAFT "&currency=THB&price=150&free_from=&up_to=500&step=30");
    t_status(303);
    str first = seen();
    t_get(WAYS "/zz-raft");
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(first)).p);
    t_post_f(WAYS "/zz-raft", RAFT_ "&currency=THB&price=199&free_from=&up_to=500&step=30&seen=%.*s",
        STR(first));
    t_status(303);
    t_post_f(WAYS "/zz-raft", LATE "&up_to=700&step=20&seen=%.*s", STR(first));
    t_status(409);
    t_text("Somebody else has changed this way of delivery meanwhile.");
    t_html("input[name=name_en][value=Ferry]");
    t_html("input[name=promise_en][value='3 days']");
    t_html("input[name=countries][value=TH][checked]");
    t_html("input[name=price][value='150']");
    t_html("input[id=up_to_0][value='700']");
    eq_str(price("THB"), "19900 never");
    eq_str(method("names ->> 'en'"), "Raft");
    str now = seen();
    t_post_f(WAYS "/zz-raft", "name_en=&currency=THB&price=x&seen=%.*s", STR(first)); /* wrong, too */
    t_status(409);
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(now)).p);
    t_post_json(WAYS "/zz-raft.json", "{\"seen\":\"old\",\"name_en\":\"Late\"}");
    t_status(409);
    t_post_f(WAYS "/zz-raft", LATE "&up_to=700&step=20&seen=%.*s", STR(now));
    t_status(303);
    eq_str(price("THB"), "15000 never");
    eq_str(method("names ->> 'en'"), "Ferry");
    t_post_json(WAYS "/zz-raft.json", "{\"name_en\":\"Last\"}");
    t_status(200);
    eq_str(method("names ->> 'en'"), "Last");
}

/* Each field of the form, as the next one who saves it would undo any of them. */
T(what_is_seen_of_a_way_of_delivery_changes_with_all_that_its_form_says)
{
    static const char *const changes[] = {
        "update shipping.method set names = '{\"en\": \"Boat\"}' where code = 'zz-raft'",
        "update shipping.method set promises = '{\"en\": \"Soon\"}' where code = 'zz-raft'",
        "update shipping.method set position = 7 where code = 'zz-raft'",
        "update shipping.method set heaviest_g = 7 where code = 'zz-raft'",
        "update shipping.method set active = false where code = 'zz-raft'",
        "update shipping.method set countries = '{TH}' where code = 'zz-raft'",
        "update shipping.price set amount = 7 where method_id = (select id from shipping.method"
        " where code = 'zz-raft')",
        "update shipping.price set free_from = 7 where method_id = (select id from shipping.method"
        " where code = 'zz-raft')",
        "insert into shipping.price (method_id, currency, amount) select id, 'VND', 7 from"
        " shipping.method where code = 'zz-raft'",
        "insert into shipping.step (method_id, currency, up_to_g, amount) select id, 'THB', 7, 7 from"
        " shipping.method where code = 'zz-raft'",
        "update shipping.step set amount = 8 where up_to_g = 7",
        "update shipping.step set up_to_g = 8 where up_to_g = 7",
    };
    as_admin();
    t_post_f(WAYS, RAFT "&currency=THB&price=150");
    str before = seen();
    is_true(before.n > 0);
    for (size_t i = 0; i < COUNT(changes); i++) {
        t_sql("%s", changes[i]);
        str after = seen();
        if (str_eq(before, after))
            ck_abort_msg("%s", changes[i]);
        before = after;
    }
    eq_str(seen(), before.p);
}

T(only_who_runs_the_house_sets_its_ways_of_delivery)
{
    static const char *const pages[] = { WAYS, WAYS "/new", WAYS "/standard" };
    static const char *const posts[] = { WAYS, WAYS "/standard", WAYS "/standard/remove" };
    as_admin();
    t_sql("update auth.person set role = 'user' where id = 1"); /* an owner of the house, no more */
    t_browser();
    t_login("admin@example.test");
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(403);
        t_post(posts[i], "code=zz-raft&name_en=Raft&currency=THB&price=5");
        t_status(403);
    }
    t_browser();
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(303);
        t_post(posts[i], "code=zz-raft&name_en=Raft&currency=THB&price=5");
        is_true(t_last_status() == 303 || t_last_status() == 403);
    }
    eq_int(t_int("select count(*) as n from shipping.method"), 2);
    eq_int(t_int("select count(*) as n from shipping.method where names ->> 'en' = 'Raft'"), 0);
}

T(a_currency_without_a_way_of_delivery_is_told)
{
    as_admin();
    t_get(WAYS);
    t_no_text("Nobody can order in");
    t_sql("delete from shipping.price where currency = 'VND'");
    t_get(WAYS);
    t_text("Nobody can order in VND");
    t_get(WAYS ".json");
    t_json("currenciesWithout.0", "VND");
}

/* As a shop that sells everywhere has it: no form may send more fields than are taken. */
T(where_there_are_many_countries_their_codes_are_typed)
{
    as_admin();
    t_post_f(WAYS, RAFT "&currency=THB&price=50");
    t_get(WAYS "/zz-raft");
    t_html("input[name=countries][value=VN]");
    t_sql("insert into pricing.tax_rate (country, rate_bp) select 'Q' || chr(64 + a), 0 from"
          " generate_series(1, 26) a union all select 'X' || chr(64 + a), 0 from"
          " generate_series(1, 26) a union all select 'A' || chr(64 + a), 0 from"
          " generate_series(1, 26) a union all select 'B' || chr(64 + a), 0 from"
          " generate_series(1, 26) a union all select 'C' || chr(64 + a), 0 from"
          " generate_series(1, 26) a union all select 'D' || chr(64 + a), 0 from"
          " generate_series(1, 26) a");
    t_get(WAYS "/zz-raft");
    t_no_html("input[name=countries]");
    t_html("input[name=codes]");
    t_post_f(WAYS "/zz-raft", RAFT_ "&codes=th,+vn+QA&currency=THB&price=50");
    t_status(303);
    eq_str(method("countries"), "{TH,VN,QA}");
    t_get(WAYS "/zz-raft");
    t_html("input[name=codes][value='TH VN QA']");
    t_post_f(WAYS "/zz-raft", RAFT_ "&codes=TH+ZZ&currency=THB&price=50");
    t_status(422);
    t_html("input[name=codes][value='TH ZZ']");
}
