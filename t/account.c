/* What a person keeps here: addresses, profile, a copy of their data, and being forgotten. */
#include "account/account.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "orders/orders.h"
#include "t/shop.h"
#include "web/web.h"

#define HOME                                                                                       \
    "name=Ann+Lee&phone=0812345678&line1=12+Soi+Ari&city=Phaya+Thai&region=Bangkok&"               \
    "postcode=10400&country=TH"

static const char *somebody(void)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    i64 id;
    const char *mail =
        str_c(mem, str_lower(mem, str_fmt(mem, "a-%.*s@example.test", STR(crypto_code(mem, 10)))));
    struct scope before = t_ctx()->scope;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(
        auth_person_add(t_ctx(), str_of(mail), S("Ann Lee"), S("market-day-demo"), S("user"), &id));
    t_ctx()->scope = before;
    t_login(mail);
    return mail;
}

/* A form of a page that was open before: with its token, as a browser sends it. */
static void post_from_page(const char *path, str token, const char *form)
{
    struct arena *mem = t_ctx()->mem;
    t_without_token();
    t_with("Origin", str_c(mem, t_ctx()->app->base_url));
    t_post(path, str_fmt(mem, "csrf=%.*s&%s", STR(token), form).p);
}

T(what_was_typed_before_somebody_logged_in_anew_comes_back_to_be_sent)
{
    const char *mail = somebody();
    str before = str_dup(t_ctx()->mem, t_cookie(COOKIE_CSRF));
    t_login(mail);
    post_from_page("/account/addresses", before, HOME "&line2=%3C%21--%23+echo+var%3D%22csrf_token%22+--%3E");
    t_status(403);
    t_html("form[action='/account/addresses']");
    t_html("input[name=line1][value='12 Soi Ari']");
    t_text("value=\"&lt;!--# echo");
    t_text(str_fmt(t_ctx()->mem, "You are logged in as %s", mail).p);
    t_get("/account/addresses.json");
    is_true(!node_path(t_document(), S("addresses.0")));

    t_without_token(); /* no word of the browser's */
    t_post("/account/addresses", str_fmt(t_ctx()->mem, "csrf=%.*s&" HOME, STR(before)).p);
    t_status(403);
    t_no_text("12 Soi Ari");
    t_without_token();
    t_with("Origin", "https://elsewhere.example");
    t_post("/account/addresses", str_fmt(t_ctx()->mem, "csrf=%.*s&" HOME, STR(before)).p);
    t_status(403);
    t_no_text("12 Soi Ari");
    post_from_page("/account/confirm", before, "password=market-day-demo"); /* not what is secret */
    t_status(403);
    t_no_text("market-day-demo");
    post_from_page("/login/second", before, "code=123456"); /* nor a step of logging in */
    t_status(403);
    t_no_text("123456");
}

T(what_was_typed_when_the_session_had_ended_comes_back_with_a_way_to_log_in)
{
    somebody();
    str token = str_dup(t_ctx()->mem, t_cookie(COOKIE_CSRF));
    for (int i = 0; i < 2; i++) {
        t_cookie_set(COOKIE_SESSION, i ? NULL : "ended"); /* by itself, or in another tab */
        post_from_page("/account/addresses", token, HOME);
        t_status(401);
        t_text("You are no longer logged in");
        t_html("a[href='/login']");
        t_html("input[name=line1][value='12 Soi Ari']");
    }
    t_browser(); /* a stranger, who has typed nothing on a page of ours */
    post_from_page("/account/addresses", str_none, HOME);
    t_status(303);
}

/* ---- as a country writes it ---------------------------------------------------------------- */

/* "country|line1|line2|city|region|postcode" as its lines, joined by " / ". */
static str lines_of(const char *said)
{
    static const char *const parts[] = { "country", "line1", "line2", "city", "region",
        "postcode" };
    struct arena *mem = t_ctx()->mem;
    struct node *address = node_map(mem);
    str rest = str_of(said), part = str_none;
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (!str_cut(&rest, '|', &part))
            part = str_none;
        node_set_str(mem, address, str_of(parts[i]), part);
    }
    account_address_lines(t_ctx(), address);
    struct buf out = buf_new(mem, 4000);
    EACH(line, node_get(address, S("lines")))
        buf_fmt(&out, "%s%.*s", buf_str(&out).n ? " / " : "", STR(line->node.as.text));
    return buf_str(&out);
}

T(ID_21_each_country_has_its_own_lines)
{
    static const struct {
        const char *said, *lines;
    } all[] = {
        { "TH|12 Soi Ari|Floor 3|Phaya Thai|Bangkok|10400",
            "12 Soi Ari / Floor 3 / Phaya Thai / Bangkok 10400 / Thailand" },
        { "VN|1 Hang Bac||Hoan Kiem|Ha Noi|100000", "1 Hang Bac / Hoan Kiem / Ha Noi 100000 / Vietnam" },
        { "VN|1 Hang Bac||Hoan Kiem|Ha Noi|", "1 Hang Bac / Hoan Kiem / Ha Noi / Vietnam" },
        { "US|1 Main St|Apt 2|Austin|TX|78701", "1 Main St / Apt 2 / Austin, TX 78701 / United States" },
        { "US|1 Main St||Austin||78701", "1 Main St / Austin 78701 / United States" },
        { "US|1 Main St|||TX|", "1 Main St / TX / United States" },
        { "CA|1 King St||Toronto|ON|M5V 2T6", "1 King St / Toronto ON M5V 2T6 / Canada" },
        { "GB|1 High St||London||SW1A 1AA", "1 High St / London / SW1A 1AA / United Kingdom" },
        { "GB|1 High St||Ely|Cambs|CB7 4DL", "1 High St / Ely / Cambs / CB7 4DL / United Kingdom" },
        { "IE|1 Quay||Howth|Dublin|D13 AB12", "1 Quay / Howth / Dublin / D13 AB12 / Ireland" },
        { "DE|Weg 1||Berlin||10115", "Weg 1 / 10115 Berlin / Germany" },
        { "AT|Weg 1||Wien||1010", "Weg 1 / 1010 Wien / Austria" },
        { "CH|Weg 1||Bern||3000", "Weg 1 / 3000 Bern / Switzerland" },
        { "FR|1 rue A||Paris||75001", "1 rue A / 75001 Paris / France" },
        { "IT|Via A 1||Tivoli|RM|00019", "Via A 1 / 00019 Tivoli RM / Italy" },
        { "ES|Calle A 1||Getafe|Madrid|28901", "Calle A 1 / 28901 Getafe / Madrid / Spain" },
        { "NL|Laan 1||Delft||2611 AB", "Laan 1 / 2611 AB Delft / Netherlands" },
        { "JP|1-1 Chiyoda|Room 5|Chiyoda-ku|Tokyo|100-8111",
            "1-1 Chiyoda / Room 5 / Chiyoda-ku, Tokyo 100-8111 / Japan" },
        { "JP|千代田1-1|5号|千代田区|東京都|100-8111", "〒100-8111 / 東京都千代田区 / 千代田1-1 / 5号 / Japan" },
        { "JP|千代田1-1||千代田区||", "千代田区 / 千代田1-1 / Japan" },
        { "KR|1 Sejong-daero||Jung-gu|Seoul|04524", "1 Sejong-daero / Jung-gu, Seoul 04524 / South Korea" },
        { "KR|세종대로 1||중구|서울|04524", "서울 중구 / 세종대로 1 / 04524 / South Korea" },
        { "SG|1 Orchard Rd|#02-03|||238801", "1 Orchard Rd / #02-03 / Singapore 238801" },
        { "SG|1 Orchard Rd||Singapore||238801", "1 Orchard Rd / Singapore 238801" },
        { "SG|1 Orchard Rd||Jurong||", "1 Orchard Rd / Jurong / Singapore" },
        { "MY|1 Jalan A||Ipoh|Perak|30000", "1 Jalan A / 30000 Ipoh / Perak / Malaysia" },
        { "ID|Jl. A 1||Bandung|Jawa Barat|40111", "Jl. A 1 / Bandung / Jawa Barat 40111 / Indonesia" },
        { "PH|1 A St||Makati|Metro Manila|1200", "1 A St / Makati / 1200 Metro Manila / Philippines" },
        { "LA|1 Th A||Chanthabouly|Vientiane|01000",
            "1 Th A / 01000 Chanthabouly / Vientiane / Laos" },
        { "KH|1 St 5||Daun Penh|Phnom Penh|120211", "1 St 5 / Daun Penh / Phnom Penh 120211 / Cambodia" },
        { "AU|1 A St||Fitzroy|VIC|3065", "1 A St / Fitzroy VIC 3065 / Australia" },
        { "NZ|1 A St||Napier||4110", "1 A St / Napier 4110 / New Zealand" },
        { "IN|1 MG Road||Pune|Maharashtra|411001", "1 MG Road / Pune 411001 / Maharashtra / India" },
        { "BE|Laan 1||Gent||9000", "Laan 1 / 9000 Gent / Belgium" },
        { "DE|||||", "Germany" },
    };
    t_open();
    for (size_t i = 0; i < COUNT(all); i++)
        eq_str(lines_of(all[i].said), all[i].lines);
    has_text(lines_of("HK|1 Nathan Road||Mong Kok|Kowloon|"), "1 Nathan Road / Mong Kok / Kowloon / Hong Kong");
    eq_str(lines_of("|1 Road"), "1 Road");
    eq_str(lines_of(""), "");
    t_ctx()->lang = S("th");
    eq_str(lines_of("SG|1 Orchard Rd||Singapore||238801"), "1 Orchard Rd / สิงคโปร์ 238801");
    eq_str(lines_of("DE|Weg 1||Berlin||10115"), "Weg 1 / 10115 Berlin / เยอรมนี");
}

/* Whatever the form asks for is shown, and what another country asks for is not lost. */
T(ID_21_no_part_of_an_address_is_lost_in_any_country)
{
    t_open();
    struct ctx *c = t_ctx();
    EACH(item, locale_countries(c->mem)) {
        str code = item->node.as.text;
        str said = str_fmt(c->mem, "%.*s|One|Two|Town|Region|Code", STR(code)), got;
        got = lines_of(str_c(c->mem, said));
        has_text(got, "One / Two");
        has_text(got, "Town");
        has_text(got, "Region");
        has_text(got, "Code");
        has_text(got, locale_country(c, code));
    }
}

static void shows(const char *path, const char *lines)
{
    t_get(path);
    t_status(200);
    t_text(lines);
}

T(ID_21_every_page_shows_an_address_as_its_country_writes_it)
{
    i64 order = t_order();
    struct arena *mem = t_ctx()->mem;
    t_sql("update orders.\"order\" set email = 'zz-lines@example.test', address = address || "
          "'{\"city\": \"Austin\", \"region\": \"T<X\", \"postcode\": \"78701\", \"country\": \"US\"}' "
          "where id = %" PRId64, order);
    static const char in_order[] = "1 Road<br>Austin, T&lt;X 78701<br>United States";
    t_get(str_fmt(mem, "/orders/%.*s%.*s", STR(t_number(order)), STR(t_key(order))).p);
    shows(str_fmt(mem, "/orders/%.*s", STR(t_number(order))).p, in_order);
    shows(str_fmt(mem, "/th/orders/%.*s", STR(t_number(order))).p, "78701<br>สหรัฐอเมริกา");
    t_get(str_fmt(mem, "/orders/%.*s.json", STR(t_number(order))).p);
    t_json("order.address.lines.1", "Austin, T<X 78701");
    t_login("admin@example.test");
    shows(str_fmt(mem, "/admin/orders/%.*s", STR(t_number(order))).p, in_order);
    t_get("/admin/customers.json?q=zz-lines");
    str id = node_str(node_path(t_document(), S("customers.0")), "id");
    shows(str_fmt(mem, "/admin/customers/%.*s", STR(id)).p, in_order);

    somebody();
    t_put(CABLE, 1);
    t_to_pay();
    static const char in_checkout[] = "1 Road<br>Bangkok<br>Bangkok 10110<br>Thailand<br>";
    shows("/checkout/delivery", in_checkout);
    shows("/checkout/pay", in_checkout);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=1+Orchard+Road&postcode=238801&country=SG");
    shows("/account/addresses", "<br>1 Orchard Road<br>Singapore 238801<br>0812345678");
    t_get("/account/addresses.json");
    t_json("addresses.0.lines.1", "Singapore 238801");
}

static const char *path_of(const char *fmt_after)
{
    t_get("/account/addresses.json");
    str id = node_str(node_path(t_document(), S("addresses.0")), "id");
    return str_c(
        t_ctx()->mem, str_fmt(t_ctx()->mem, "/account/addresses/%.*s%s", STR(id), fmt_after));
}

T(ID_21_the_first_address_is_the_one_that_is_meant)
{
    somebody();
    t_post("/account/addresses", HOME);
    t_status(303);
    t_post("/account/addresses", HOME); /* twice */
    t_status(409);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=1+Orchard+Road&postcode=238801"
        "&country=SG&city=ignored");
    t_status(303);
    t_get("/account/addresses.json");
    t_json("addresses.0.line1", "12 Soi Ari");
    t_json("addresses.0.isDefault", "true");
    t_json("addresses.1.isDefault", "false");
    t_json("addresses.1.city", "");
    str second = node_str(node_path(t_document(), S("addresses.1")), "id");
    t_post(str_fmt(t_ctx()->mem, "/account/addresses/%.*s/default", STR(second)).p, "");
    t_status(303);
    t_get("/account/addresses.json");
    t_json("addresses.0.line1", "1 Orchard Road");
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=3+Orchard+Road&postcode=238803&country=SG");
    t_post(path_of("/drop"), "");
    t_status(303);
    t_get("/account/addresses.json");
    eq_int((i64)node_count(node_get(t_document(), S("addresses"))), 2);
    t_json("addresses.0.line1", "12 Soi Ari"); /* the oldest that is left is meant now */
    t_json("addresses.0.isDefault", "true");
    t_json("addresses.1.isDefault", "false");
    str last = node_str(node_path(t_document(), S("addresses.1")), "id");
    t_post(str_fmt(t_ctx()->mem, "/account/addresses/%.*s/drop", STR(last)).p, "");
    t_get("/account/addresses.json");
    t_json("addresses.0.isDefault", "true");
    t_get("/account/addresses");
    t_text("12 Soi Ari");
}

T(ID_21_each_country_has_its_own_fields)
{
    somebody();
    t_get("/account/addresses/new?country=US");
    t_text("ZIP code");
    t_text("State");
    t_get("/account/addresses/new?country=GB");
    t_no_html("#region");
    t_get("/account/addresses/new?country=SG");
    t_no_html("#city");
    t_get("/account/addresses/new?country=XX");
    t_html("#region");
    t_get("/account/addresses/new"); /* nothing is said: where the house is */
    t_html("option[value=TH][selected]");
    t_sql("update auth.organisation set country = 'SG' where slug = 'house'");
    t_get("/account/addresses/new");
    t_html("option[value=SG][selected]");
    t_no_html("#city");
    t_sql("update auth.organisation set country = 'XX' where slug = 'house'"); /* not offered */
    t_get("/account/addresses/new");
    t_html("option[value=TH][selected]");
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=x&city=y&region=z&postcode=1040"
        "&country=TH");
    t_status(422);
    t_text("That is no postcode of this country.");
    t_post("/account/addresses", "name=Ann&phone=0812345678&line1=x&country=JP");
    t_status(422);
    t_html("[aria-invalid=true]");
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=x&city=y&region=Kyoto"
        "&postcode=604-8001&country=JP");
    t_status(303);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=x&city=Leeds&postcode=12345&country=GB");
    t_status(422);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=x&city=Leeds&postcode=ls1+4dy&country=GB");
    t_status(303);
    t_post("/account/addresses", /* as a Thai keyboard writes it, and a Japanese one */
        "name=Ann&phone=0812345678&line1=x&city=Ari&region=Bangkok"
        "&postcode=%E0%B9%91%E0%B9%90%E0%B9%94%E0%B9%90%E0%B9%90&country=TH");
    t_status(303);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=y&city=y&region=Kyoto"
        "&postcode=%EF%BC%96%EF%BC%90%EF%BC%94%E2%80%938001&country=JP");
    t_status(303);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=y&city=Leeds&postcode=LS1%C2%A04DY&country=GB");
    t_status(303);
    t_get("/account/addresses.json");
    has_text(t_body(), "\"10400\"");
    has_text(t_body(), "\"604-8001\"");
    has_text(t_body(), "\"LS1 4DY\"");
    t_post("/account/addresses", "name=Ann&line1=x&region=Ontario&country=GB&change=1");
    t_status(200);
    t_text("name=\"region\" value=\"Ontario\"");
}

T(ID_21_a_telephone_is_figures_and_a_country_is_one)
{
    static const struct {
        const char *phone;
        int status;
    } of[] = { { "abcdef", 422 }, { "12+34", 422 }, { "0812<345678", 422 }, { "%2B66+(0)81-234.5678", 303 },
        { "02-123+4567+Ext.+5", 303 }, { "02-123+4567+ต่อ+5", 303 }, { "02-123+4567,+081-234-5678", 303 },
        { "๐๘๑ ๒๓๔ ๕๖๗๘", 303 }, { "（０８１）２３４－５６７８", 303 },
        { "081\u2011234\u20115678", 303 }, { "extra+12345", 422 } };
    somebody();
    for (size_t i = 0; i < COUNT(of); i++) {
        t_post_f("/account/addresses", "name=Ann&phone=%s&line1=12+Soi+Ari&city=x&region=y&postcode=10400"
                                       "&country=TH", of[i].phone);
        t_status(of[i].status);
        t_has_text(HERE_, of[i].phone, t_body(), S("Please enter a telephone number, in figures."),
            of[i].status == 422);
    }
    t_post("/account/profile", "name=Ann&lang=en&phone=my+number");
    t_status(422);
    t_text("Please enter a telephone number, in figures.");
    t_sql("update auth.person set phone = 'ask Bob', sealed = '' where id in (select max(id) from auth.person)");
    t_post("/account/profile", "name=Ann&lang=en&phone=ask+Bob"); /* as it was kept of old */
    t_status(303);
    t_post("/account/profile", "name=Ann&lang=en&phone=ask+Ann");
    t_status(422);
    t_post("/account/profile", "name=Ann&lang=en&phone=");
    t_status(303);
    t_post("/account/addresses", "name=Ann&phone=0812345678&line1=1+Road&city=x&country=XX");
    t_status(422);
    t_text("Please choose one of those offered.");
    t_sql("update account.address set country = 'SE' where person_id in (select max(id) from auth.person)");
    t_get(path_of(""));
    t_html("option[value=SE][selected]"); /* and not the first of the list */
}

T(ID_21_an_address_is_its_owners)
{
    somebody();
    t_post("/account/addresses", HOME);
    const char *path = path_of(""), *drop = path_of("/drop"), *first = path_of("/default");
    t_get("/account/addresses"); /* one step more before it is gone, without JavaScript too */
    t_text("<details class=\"sure\"><summary");
    t_html(str_fmt(t_ctx()->mem, "form[action='%s']", drop).p);
    t_get(path);
    t_status(200);
    t_text("12 Soi Ari");
    t_browser();
    t_get(path);
    t_status(303);
    t_header_has("Location", "/login");
    somebody();
    t_get(path);
    t_status(404);
    t_post(path, HOME);
    t_status(404);
    t_post(drop, "");
    t_status(404);
    t_post(first, "");
    t_status(404);
    t_get("/account/addresses/nonsense");
    t_status(404);
}

T(ID_21_the_address_that_is_meant_is_filled_in_at_checkout_and_a_new_one_is_kept)
{
    somebody();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/account/addresses", HOME);
    t_get("/checkout");
    t_text("value=\"12 Soi Ari\"");
    t_text("value=\"0812345678\"");
    t_post("/checkout",
        "email=ann%40example.test&name=Ann+Lee&phone=0812345678&line1=9+Other+Road"
        "&city=Bang+Rak&region=Bangkok&postcode=10500&country=TH&keep=1");
    t_status(303);
    t_get("/account/addresses.json");
    t_json("addresses.1.line1", "9 Other Road");
    eq_int(t_int("select count(*) as n from account.address a where a::text ~ '0812345678|Soi Ari|"
                 "Other Road'"), 0);
    eq_int(t_int("select count(*) as n from checkout.draft d where d::text ~ '0812345678|Other'"),
        0);
    str id = node_str(node_path(t_document(), S("addresses.0")), "id");
    t_get("/checkout");
    t_text("value=\"9 Other Road\""); /* what was typed here */
    t_get(str_fmt(t_ctx()->mem, "/checkout?address=%.*s", STR(id)).p);
    t_text("value=\"12 Soi Ari\"");
}

T(ID_21_an_address_without_a_town_is_kept_once_and_its_town_goes_nowhere_else)
{
    somebody();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/account/addresses",
        "name=Ann&phone=0812345678&line1=1+Orchard+Road&postcode=238801&country=SG");
    t_status(303);
    t_post("/checkout",
        "email=ann%40example.test&name=Ann&phone=0812345678&line1=1+Orchard+Road&postcode=238801"
        "&country=SG&keep=1");
    t_status(303);
    t_get("/account/addresses.json");
    eq_int((i64)node_count(node_path(t_document(), S("addresses"))), 1);
    t_json("addresses.0.city", "");
    t_get("/checkout/delivery.json");
    t_json("checkout.draft.address.city", "Singapore"); /* on the parcel */
    t_get("/checkout?country=TH");
    t_html("input[name=city]");
    t_no_html("input[name=city][value=Singapore]");
}

T(ID_20_a_profile_is_changed_and_known_at_once)
{
    somebody();
    t_post("/account/profile", "name=Ann+Li&phone=0812345678&lang=th");
    t_status(303);
    t_get("/account.json");
    t_json("person.name", "Ann Li");
    t_json("person.lang", "th");
    t_json("person.phone", "0812345678");
    eq_int(t_int("select count(*) as n from auth.person p where p::text like '%%0812345678%%'"), 0);
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    static const char *const forms[] = { "/checkout", "/account/addresses/new" };
    for (size_t i = 0; i < COUNT(forms); i++) { /* what we know is not asked for again */
        t_get(forms[i]);
        t_text("value=\"Ann Li\"");
        t_text("value=\"0812345678\"");
    }
    t_get("/account/addresses/new.json");
    t_status(200);
    t_post("/account/profile", "name=&lang=xx");
    t_status(422);
    t_html("[aria-invalid=true]");
}

T(ID_20_a_copy_of_ones_data_holds_them_and_nobody_elses)
{
    const char *mail = somebody();
    t_post("/account/addresses", HOME);
    t_post("/account/data", "old=not-it");
    t_status(422);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    t_header("Content-Disposition", "attachment; filename=\"my-data.json\"");
    t_text(mail);
    t_text("12 Soi Ari");
    t_text("{\n  \"madeAt\": \"");
    t_text("\n  \"addresses\": [\n    {\n      \"");
    t_text("\"devices\": [");
    t_text("\n  \"orders\": [],\n");
    t_no_text("shopper@example.test");
    t_no_text("argon2");
    t_no_text("personId");
    t_browser();
    t_post("/account/data", "old=market-day-demo");
    t_status(303);
}

T(a_copy_that_is_too_long_says_what_to_do)
{
    const char *mail = somebody();
    i64 person = t_int("select max(id) as n from auth.person");
    t_sql("insert into notify.mail (person_id, template, cause, recipient, lang, subject, state) "
          "select %" PRId64 ", 'zz', 'zz' || i, '%s', 'en', repeat('x', 500), 'sent' "
          "from generate_series(1, 5000) i", person, mail);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    is_true(t_body().n > 2500 * 1000);
    is_true(t_body().p[t_body().n - 2] == '}');
    t_sql("update notify.mail set subject = repeat('x', 3000) where template = 'zz'");
    t_post("/account/data", "old=market-day-demo");
    t_status(413);
    t_text("Please write to us, and we send them to you.");
}

/* What has not become an order, and how one comes in: with none of the secrets. */
T(ID_20_a_copy_holds_the_cart_the_address_just_typed_and_the_ways_in)
{
    somebody();
    i64 person = t_int("select max(id) as n from auth.person");
    t_stock(CABLE, 9);
    t_put(CABLE, 3);
    t_post("/checkout", "email=ann@example.test&" HOME);
    t_sql("insert into auth.passkey (person_id, credential, public_key, sign_count, is_synced, name) values (%" PRId64
          ", 'zq-credential', decode(repeat('ab', 64), 'hex'), 0, false, 'Blue key')", person);
    t_sql("insert into auth.totp (person_id, secret, last_step) values (%" PRId64 ", 'zq-secret', 0)", person);
    t_sql("insert into watch.place (person_id, place) values (%" PRId64 ", 'n198.51.100.0/24')", person);
    t_sql("insert into watch.alert (kind, person_id, network, hour) values ('account-guessed', %" PRId64
          ", '203.0.113.0/24', now())", person);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    t_json("cart.0.sku", CABLE);
    t_json("cart.0.quantity", "3");
    t_json("checkout.address.line1", "12 Soi Ari");
    t_json("checkout.phone", "0812345678");
    t_json("waysIn.0.name", "Blue key");
    t_text("\"kind\": \"app\"");
    t_json("places.0.place", "n198.51.100.0/24");
    t_json("alerts.0.network", "203.0.113.0/24");
    t_no_text("zq-");
    t_no_text("sealed");
}

/* Once the address is known to be theirs: before, they may have typed somebody else's. */
T(ID_20_a_copy_holds_what_was_ordered_as_a_guest_with_the_same_address)
{
    t_open();
    t_browser();
    i64 order = t_order();
    const char *mail = somebody();
    t_sql("update orders.\"order\" set email = '%s' where id = %" PRId64, mail, order);
    t_sql("update auth.person set verified_at = null where email = '%s'", mail);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    t_text("\n  \"orders\": [],\n");
    t_sql("update auth.person set verified_at = now() where email = '%s'", mail);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(order)));
    t_json("orders.0.lines.0.sku", CABLE);
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 1);
    t_no_text("sealed");
    t_no_text("keeper");
}

/* A telephone begins what is typed with a capital; an account's address has none. */
T(ID_20_an_order_placed_as_a_guest_is_found_however_its_address_was_typed)
{
    const char *mail = somebody();
    str typed = str_upper(t_ctx()->mem, str_of(mail));
    t_browser();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post_f("/checkout", "email=%.*s&" HOME, STR(typed));
    t_status(303);
    eq_int(t_int("select count(*) as n from checkout.draft where email = '%s'", mail), 1);
    t_post("/checkout/delivery", "method=standard");
    t_get("/checkout/pay.json");
    t_pay();
    t_status(303);
    i64 order = t_int("select max(id) as n from orders.\"order\"");
    t_paid(order);
    eq_str(t_str("select email as s from orders.\"order\" where id = %" PRId64, order), mail);
    is_true(t_int("select count(*) as n from notify.mail where recipient = '%s'"
                  " and order_id = %" PRId64, mail, order) > 0);
    t_login(mail);
    t_post("/account/data", "old=market-day-demo");
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(order)));
}

/* Programs of the version before hand over what was typed; a backup of before has it, too. */
T(an_orders_address_is_in_small_letters_whoever_writes_it)
{
    i64 order = t_order(), mail,
        cart = t_int("select cart_id as n from orders.\"order\" where id = %" PRId64, order);
    struct ctx *c = t_ctx();
    str plain = S("{\"email\": \"Ann@Example.COM\", \"name\": \"Ann\", \"address\": {\"city\": "
                  "\"Bangkok\", \"region\": \"\", \"postcode\": \"10110\", \"country\": \"TH\"}}"),
        told = S("{\"recipient\": \"Ann@Example.COM\", \"answer\": \"\"}");
    c->scope = (struct scope){ .platform = true };
    t_sql("insert into notify.mail (template, cause, recipient, lang, order_id) "
          "values ('order_paid', 't:back', '', 'en', %" PRId64 ")", order);
    t_sql("update orders.\"order\" set email = '', name = '' where id = %" PRId64, order);
    t_sql("update checkout.draft set email = '', name = '' where cart_id = %" PRId64, cart);
    mail = t_int("select id as n from notify.mail where cause = 't:back'");
    must(q_orders_out_of_backup(c, NULL, &order, 1, &plain, 1));
    must(q_checkout_out_of_backup(c, NULL, &cart, 1, &plain, 1));
    must(q_notify_out_of_backup(c, NULL, &mail, 1, &told, 1));
    eq_str(t_str("select email as s from orders.\"order\" where id = %" PRId64, order),
        "ann@example.com");
    eq_str(t_str("select email as s from checkout.draft where cart_id = %" PRId64, cart),
        "ann@example.com");
    eq_str(t_str("select recipient as s from notify.mail where id = %" PRId64, mail),
        "ann@example.com");
    t_sql("update cart.cart set revision = revision + 1 where id = %" PRId64, cart);
    t_sql("update checkout.draft set email = 'Ann@Example.COM' where cart_id = %" PRId64, cart);
    t_get("/checkout/pay.json");
    t_pay();
    t_status(303);
    eq_str(t_str("select email as s from orders.\"order\" order by id desc limit 1"),
        "ann@example.com");
}

/* Of how much is it said from which address it came? */
static i64 networks_of(i64 person, i64 order)
{
    return t_int("select (select count(*) from audit.entry where whence is not null"
                 " and (person_id = %" PRId64 " or thing = 'auth.person' and thing_id = '%" PRId64
                 "')) + (select count(*) from orders.event where order_id = %" PRId64
                 " and actor <> 'staff' and whence is not null) as n",
        person, person, order);
}

T(ID_20_who_is_erased_is_gone_and_the_books_still_add_up)
{
    const char *mail = somebody();
    str session = t_cookie(COOKIE_SESSION);
    t_post("/account/addresses", HOME);
    i64 order = t_order(),
        person = t_int("select id as n from auth.person where email = '%s'", mail);
    t_post("/account/erase", "old=market-day-demo&sure=1"); /* an order is open */
    t_status(409);
    t_sql("update orders.\"order\" set status = 'delivered' where id = %" PRId64, order);
    t_post("/account/profile", "name=Ann+Li&phone=0812345678&lang=th");
    t_sql("insert into orders.event (order_id, kind, actor, person_id, source, whence) select %" PRId64
          ", 'note', 'staff', 1, 'web ' || left(encode(sha256('x/198.51.100.9'), 'hex'), 16), "
          "'x/198.51.100.9'",
        order);
    is_true(networks_of(person, order) >= 2); /* who changed a name, and bought */
    i64 total = t_int("select total as n from orders.\"order\" where id = %" PRId64, order);
    t_post("/account/erase", "old=market-day-demo");
    t_status(422);
    t_post("/account/erase", "old=not-it&sure=1");
    t_status(422);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    t_header("Location", "/login?done=erased");
    str told = t_mail_to(str_of(mail));
    has_text(told, "Your account and your data are erased");
    t_browser();
    t_cookie_set(COOKIE_SESSION, session.p);
    t_get("/account.json");
    t_status(401);
    t_browser();
    t_post_f("/login", "email=%s&password=market-day-demo", mail);
    t_status(401);
    eq_int(
        t_int("select count(*) as n from account.address where person_id = %" PRId64, person), 0);
    eq_int(t_int("select count(*) as n from auth.person where email = '%s'", mail), 0);
    eq_int(t_int("select count(*) as n from auth.person where id = %" PRId64
                 " and name = '' and phone = '' and sealed = '' and erased_at is not null",
               person),
        1);
    eq_int(t_int("select count(*) as n from orders.\"order\" where id = %" PRId64
                 " and email = '' and name = '' and phone = '' and address ->> 'line1' = ''"
                 " and sealed = '' and clues = '{}'"
                 " and total = %" PRId64,
               order, total),
        1);
    eq_int(t_int("select count(*) as n from notify.mail where recipient = '%s'"
                 " and template <> 'erased'",
               mail),
        0);
    eq_int(networks_of(person, order), 0);
    eq_int(t_int("select count(*) as n from audit.entry where person_id = %" PRId64, person) > 0, 1);
    eq_int(t_int("select count(*) as n from orders.event where order_id = %" PRId64
                 " and actor = 'staff' and whence is not null",
               order),
        1); /* whoever works there was somewhere else */
    t_cron("audit.seal");
}

static str buyer_of(i64 order)
{
    return t_str("select email || '/' || name as s from orders.\"order\" where id = %" PRId64, order);
}

/* It was sent before, and came after: nothing keeps the two in order. */
T(ID_20_an_order_that_comes_while_its_buyer_is_erased_is_delivered_and_then_forgets_them)
{
    const char *mail = somebody();
    i64 person = t_int("select id as n from auth.person where email = '%s'", mail);
    i64 order = t_order();
    t_sql("update orders.\"order\" set person_id = null where id = %" PRId64, order);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    t_sql("update orders.\"order\" set person_id = %" PRId64 " where id = %" PRId64, person, order);
    t_drain(); /* what waits is due, too */
    t_cron("orders.erase_due");
    eq_str(buyer_of(order), "buyer@example.test/Somsri");
    t_sql("update orders.\"order\" set status = 'delivered', "
          "updated_at = now() - interval '31 days' where id = %" PRId64,
        order);
    t_cron("orders.erase_due");
    eq_str(buyer_of(order), "/");
}

static i64 given_back(void)
{
    i64 order = t_order();
    t_paid(order);
    t_ctx()->scope = (struct scope){ .platform = true };
    must(orders_refund(t_ctx(), order, 0, &(struct orders_refund){ 0 }));
    t_drain();
    eq_str(t_str("select status || ' ' || payment_status as s from orders.\"order\" where id = "
                 "%" PRId64, order), "processing refunded");
    return order;
}

/* It is never sent, nor can its buyer cancel it. */
T(ID_20_who_was_given_all_back_before_it_was_sent_is_erased)
{
    somebody();
    i64 order = given_back();
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    eq_str(buyer_of(order), "/");
}

T(ID_20_a_guests_order_that_was_given_back_forgets_them_when_nothing_of_it_is_on_its_way)
{
    t_open();
    i64 order = given_back();
    t_sql("update orders.\"order\" set forget_from = now() where id = %" PRId64, order);
    t_cron("orders.erase_due"); /* its refund may fail yet */
    eq_str(buyer_of(order), "buyer@example.test/Somsri");
    t_sql("update orders.\"order\" set updated_at = now() - interval '41 days' where id = %" PRId64,
        order);
    t_sql("update orders.part set status = 'shipped', shipped_at = now() - interval '40 days' "
          "where order_id = %" PRId64, order); /* one seller's; another's is never sent */
    t_cron("orders.erase_due");
    eq_str(buyer_of(order), "buyer@example.test/Somsri");
    t_sql("update orders.part set shipped_at = now() - interval '61 days' where order_id = "
          "%" PRId64, order);
    t_cron("orders.erase_due");
    eq_str(buyer_of(order), "/");
}

/* An order's address is typed, and may be a stranger's. */
static void strangers_mail_waits(const char *cause)
{
    t_sql("insert into notify.mail (template, cause, recipient, lang) "
          "values ('watch_alert', '%s', 'buyer@example.test', 'en')", cause);
}

static void still_waits(const char *cause)
{
    eq_str(
        t_str("select state || ' ' || recipient as s from notify.mail where cause = '%s'", cause),
        "waiting buyer@example.test");
}

static i64 told_of(i64 order)
{
    return t_int("select count(*) as n from notify.mail where recipient <> ''"
                 " and order_id = %" PRId64, order);
}

T(ID_20_who_is_erased_takes_no_strangers_mails_along)
{
    somebody();
    i64 order = t_order(); /* with the address buyer@example.test */
    t_post_f(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel", STR(t_number(order))).p, "x=1");
    t_status(303);
    is_true(told_of(order) > 0);
    strangers_mail_waits("t:stranger");
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    eq_int(told_of(order), 0);
    still_waits("t:stranger");
}

T(ID_20_a_guests_order_that_is_erased_takes_no_strangers_mails_along)
{
    i64 order = t_order();
    t_post_f(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel%.*s", STR(t_number(order)),
                 STR(t_key(order))).p, "x=1");
    t_status(303);
    is_true(told_of(order) > 0);
    strangers_mail_waits("t:stranger-2");
    t_sql("update orders.\"order\" set forget_from = now() where id = %" PRId64, order);
    t_cron("orders.erase_due");
    eq_int(told_of(order), 0);
    still_waits("t:stranger-2");
}

/* Brought from another shop, nobody has shown yet that they read mail there. */
T(ID_20_an_address_nobody_has_confirmed_keeps_its_mails)
{
    const char *mail = somebody();
    t_sql("update auth.person set verified_at = null where email = '%s'", mail);
    t_sql("insert into notify.mail (template, cause, recipient, lang) "
          "values ('watch_alert', 't:unconfirmed', '%s', 'en')", mail);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    eq_str(t_str("select state || recipient as s from notify.mail where cause = 't:unconfirmed'"),
        str_fmt(t_ctx()->mem, "waiting%s", mail));
}

T(ID_20_mails_to_an_address_of_before_are_erased_too)
{
    const char *mail = somebody();
    t_sql("insert into notify.mail (template, cause, recipient, lang, person_id, state, answer) "
          "select 'watch_alert', 't:' || x.state, 'before@example.test', 'en', p.id, x.state,"
          " 'to before@' from auth.person p, (values ('sent'), ('waiting')) x(state)"
          " where p.email = '%s'", mail);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    eq_int(t_int("select count(*) as n from notify.mail where recipient || answer ~ 'before@'"), 0);
    eq_str(t_str("select state as s from notify.mail where cause = 't:sent'"), "sent");
    eq_str(t_str("select state as s from notify.mail where cause = 't:waiting'"), "failed");
}

/* A mail server may be away for two days, and staff may send a mail once more after that. */
T(ID_20_the_last_mails_address_goes_however_long_that_mail_waits)
{
    const char *mail = somebody();
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_sql("delete from work.job where kind = 'notify.mail'");
    t_sql("update work.job set attempt = 100 where kind = 'account.forget'");
    t_drain();
    eq_str(t_str("select state as s from work.job where kind = 'account.forget'"), "ready");
    t_sql("update notify.mail set state = 'sent' where template = 'erased'");
    t_drain();
    eq_int(t_int("select count(*) as n from notify.mail where recipient = '%s'", mail), 0);
    eq_int(t_int("select count(*) as n from work.job where kind = 'account.forget'"), 0);
}

/* By savepoint: a worker that dies at the end of the transaction leaves both or neither. */
T(ID_20_with_who_is_erased_their_logins_end_in_one_transaction)
{
    const char *mail = somebody();
    i64 person = t_int("select id as n from auth.person where email = '%s'", mail);
    t_sql("insert into auth.device (person_id, session_hash, user_agent) values (%" PRId64
          ", 'elsewhere', '')", person);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.device d join auth.person p on p.id = d.person_id "
                 "where p.id = %" PRId64 " and d.ended_at is not null and d.xmin = p.xmin", person), 2);
}

T(a_login_that_ended_is_forgotten_once_more_when_requests_under_way_are_over)
{
    const char *mail = somebody();
    t_sql("insert into auth.device (person_id, session_hash, user_agent) select id, 'elsewhere', ''"
          " from auth.person where email = '%s'", mail);
    t_clock(when_now() - 10 * SECOND); /* this request has taken its time */
    t_post("/logout/everywhere", "");
    t_status(303);
    eq_int(t_int("select count(*) as n from work.job where kind = 'auth.forget' and key like "
                 "'%%elsewhere' and run_at > clock_timestamp() + interval '1 second'"), 1);
}

T(ID_20_staff_are_not_erased_while_they_are_staff)
{
    const char *mail = somebody();
    t_sql("insert into auth.member (organisation_id, person_id, place)"
          " select 1, id, 'viewer' from auth.person where email = '%s'",
        mail);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(409);
    t_text("leave its staff first");
    eq_int(t_int("select count(*) as n from auth.person where email = '%s'", mail), 1);
}

/* ---- what somebody agrees to ------------------------------------------------------------------ */

static i64 consents(const char *mail)
{
    return t_int("select count(*) as n from account.consent c join auth.person p on p.id = c.person_id "
                 "where p.email = '%s'", mail);
}

T(nobody_agrees_to_news_without_saying_so)
{
    const char *mail = somebody();
    t_get("/account/profile.json");
    t_json("marketing", "false");
    eq_int(consents(mail), 0);
    t_get("/account/profile");
    t_html("input[name=marketing]");
    t_no_html("input[name=marketing][checked]");
}

T(yes_and_no_to_news_are_kept_with_when_and_where)
{
    const char *mail = somebody();
    t_post("/account/consent", "marketing=1");
    t_header("Location", "/account/profile");
    t_post("/account/consent", "marketing=1"); /* twice: no news */
    eq_int(consents(mail), 1);
    t_post("/account/consent", "");
    eq_int(consents(mail), 2);
    t_get("/account/profile.json");
    t_json("marketing", "false");
    t_json("consents.0.isGiven", "false");
    t_json("consents.1.isGiven", "true");
    t_json("consents.1.place", "profile");
    t_json("consents.1.words",
        "Send me news and offers by mail. I can take that back at any time in my profile.");
    t_get("/account/profile");
    t_text("taken back");
    t_post("/account/data", "old=market-day-demo");
    t_text("\"consents\"");
    is_true(t_int_as((struct scope){ .person = 1 },
                "select count(*) as n from account.consent where person_id <> 1") == 0);
}

T(a_ticked_box_at_registration_counts_once_the_account_is_there)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    const char *mail = str_c(mem,
        str_lower(mem, str_fmt(mem, "news-%.*s@example.test", STR(crypto_code(mem, 10)))));
    t_browser();
    t_post_f("/register", "email=%s&name=Ann&password=seven+quiet+lanterns&marketing=1", mail);
    str code = t_mail_code(t_mail_to(str_of(mail)));
    eq_int(consents(mail), 0);
    t_post_f("/verify", "code=%.*s", STR(code));
    t_status(303);
    eq_int(t_int("select count(*) as n from account.consent c join auth.person p on p.id = c.person_id"
                 " where p.email = '%s' and c.place = 'register' and c.is_given", mail), 1);
}

T(a_ticked_box_at_checkout_counts_for_who_is_logged_in)
{
    const char *mail = somebody();
    t_put(CABLE, 1);
    t_get("/checkout");
    t_html("input[name=marketing]");
    t_post("/checkout", "email=ann%40example.test&name=Ann&phone=0812345678&line1=9+Road&city=Ari&"
                        "region=Bangkok&postcode=10400&country=TH&marketing=1");
    t_status(303);
    eq_int(t_int("select count(*) as n from account.consent c join auth.person p on p.id = c.person_id"
                 " where p.email = '%s' and c.place = 'checkout'", mail), 1);
    t_get("/checkout");
    t_no_html("input[name=marketing]"); /* asked no more */
    t_browser();
    t_put(CABLE, 1);
    t_get("/checkout");
    t_no_html("input[name=marketing]"); /* a guest's address may be anybody's */
}

T(a_stranger_agrees_to_nothing)
{
    t_open();
    t_browser();
    t_post("/account/consent.json", "marketing=1");
    t_status(401);
}
