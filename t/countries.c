/* Which country a login comes from: shown to whom it concerns, and forgotten with them. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "t/mmdb.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"

#define TH "203.0.113.9"
#define VN "198.51.100.9"
#define SG "2001:db8:7::9"
#define NOWHERE "192.0.2.9" /* in no country, by mmdb_usual */

static const char *somebody(void)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    i64 id;
    str name = str_lower(mem, crypto_code(mem, 10));
    const char *mail = str_fmt(mem, "c-%.*s@example.test", STR(name)).p;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_person_add(
        t_ctx(), str_of(mail), S("Somchai Shopper"), S("market-day-demo"), S("user"), &id));
    mmdb_use(t_file(mmdb_usual(mem)));
    return mail;
}

static void log_in(const char *mail, const char *address, const char *agent)
{
    t_browser();
    t_with("Remote-Addr", address);
    t_with("User-Agent", agent);
    t_post_f("/login", "email=%s&password=market-day-demo", mail);
    t_status(303);
}

/* Of the last login. */
static str country(const char *mail)
{
    return t_str("select d.country as s from auth.device d join auth.person p on p.id = d.person_id "
                 "where p.email = '%s' order by d.id desc limit 1",
        mail);
}

static void says(const char *path, const char *name)
{
    t_get(path);
    t_status(200);
    t_text(name);
}

T(se_14_where_i_am_logged_in_says_the_country_in_ones_language)
{
    const char *ann = somebody();
    log_in(ann, TH, "Mozilla/5.0 (iPhone) Safari/604.1");
    eq_str(country(ann), "TH");
    says("/account", "Thailand · 203.0.113.x");
    says("/th/account", "ไทย · 203.0.113.x");
    says("/vi/account", "Thái Lan · 203.0.113.x");
    t_get("/account.json");
    t_json("devices.0.country", "TH");
    t_json("devices.0.countryName", "Thailand");
    log_in(ann, VN, "Mozilla/5.0 (iPhone) Safari/604.1");
    says("/account", "Vietnam · 198.51.100.x");
    log_in(ann, SG, "Mozilla/5.0 (iPhone) Safari/604.1");
    says("/account", "Singapore · 2001:db8:7:x");
}

T(se_14_a_login_of_the_api_has_its_country_as_well)
{
    const char *ann = somebody();
    t_with("Remote-Addr", VN);
    t_post_json("/api/auth/login",
        str_fmt(t_ctx()->mem, "{\"email\":\"%s\",\"password\":\"market-day-demo\"}", ann).p);
    t_status(200);
    eq_str(country(ann), "VN");
}

T(se_14_a_login_from_nobody_knows_where_has_no_country)
{
    static const char *const unknown[] = { NOWHERE, "10.0.0.9", "127.0.0.1", "fd00::9" };
    const char *ann = somebody();
    for (size_t i = 0; i < COUNT(unknown); i++) {
        log_in(ann, unknown[i], "one");
        eq_str(country(ann), "");
        t_get("/account.json");
        t_json("devices.0.countryName", "");
    }
    says("/account", "192.0.2.x");
}

T(se_14_without_a_sound_file_people_log_in_without_a_country)
{
    const char *ann = somebody();
    const char *const files[] = { NULL, "/nonexistent/countries.mmdb", t_file(S("torn")) };
    for (size_t i = 0; i < COUNT(files); i++) {
        mmdb_use(files[i]);
        log_in(ann, TH, "one");
        eq_str(country(ann), "");
    }
}

T(se_14_the_mail_of_a_new_device_says_the_country_in_the_owners_language)
{
    const char *ann = somebody();
    t_sql("update auth.person set lang = 'vi' where email = '%s'", ann);
    log_in(ann, VN, "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0");
    log_in(ann, TH, "Mozilla/5.0 (iPhone) Safari/604.1");
    str told = t_mail_to(str_of(ann));
    has_text(told, "Thái Lan");
    has_text(told, "203.0.113.x");
    no_text(told, "Việt Nam");
}

T(se_14_the_back_office_sees_the_countries_of_an_accounts_logins)
{
    const char *ann = somebody();
    log_in(ann, TH, "one");
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "person",
        t_int("select id as n from auth.person where email = '%s'", ann));
    t_browser();
    t_login("admin@example.test");
    const char *path = str_fmt(t_ctx()->mem, "/admin/accounts/%.*s", STR(id)).p;
    says(path, "203.0.113.x<br><small class=\"nowrap\">Thailand</small></span>");
    t_get(str_fmt(t_ctx()->mem, "%s.json", path).p);
    t_json("devices.0.country", "TH");
}

T(se_14_a_copy_of_ones_data_holds_the_country_and_erasing_takes_it_away)
{
    const char *ann = somebody();
    log_in(ann, TH, "one");
    i64 person = t_int("select id as n from auth.person where email = '%s'", ann);
    t_post("/account/data", "old=market-day-demo");
    t_status(200);
    t_json("devices.0.country", "TH");
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_erase(t_ctx(), person));
    eq_int(t_int("select count(*) as n from auth.device where person_id = %" PRId64, person), 1);
    eq_int(t_int("select count(*) as n from auth.device where person_id = %" PRId64
                 " and country = ''",
               person),
        1);
}

/* An older login that is over is forgotten when a newer one says as much. */
T(se_14_a_login_that_is_over_is_kept_while_no_newer_one_knows_its_country)
{
    const char *ann = somebody();
    static const struct {
        const char *before, *then;
        bool is_kept;
    } cases[] = { { "TH", "TH", false }, { "", "TH", false }, { "TH", "", true },
        { "TH", "VN", true } };
    i64 person = t_int("select id as n from auth.person where email = '%s'", ann);
    for (size_t i = 0; i < COUNT(cases); i++) {
        t_sql("delete from auth.device where person_id = %" PRId64, person);
        t_sql("insert into auth.device (person_id, session_hash, kind, country, ended_at, created_at) "
              "values (%" PRId64 ", 'c-before', 'token', '%s', now(), now() - interval '2 days'), "
              "(%" PRId64 ", 'c-then', 'token', '%s', null, now())",
            person, cases[i].before, person, cases[i].then);
        t_ctx()->scope = (struct scope){ .platform = true };
        must(q_auth_forget_devices(t_ctx(), NULL, person,
            t_int("select id as n from auth.device where session_hash = 'c-then'")));
        eq_int(t_int("select count(*) as n from auth.device where session_hash = 'c-before'"),
            cases[i].is_kept);
    }
}
