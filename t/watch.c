/* What looks wrong is told, once; what browsers report is counted, and says nobody's name. */
#include "watch/watch_in.h"
#include "io/io.h"
#include "t/mmdb.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"

#define ADMIN "admin@example.test"
#define WORD  "market-day-demo"

static i64 admin_id(void) { return t_int("select id as n from auth.person where email = '" ADMIN "'"); }

static i64 alerts(const char *kind)
{
    return t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = '%s' "
                 "and last_at >= now()",
        kind);
}

static void log_in_from(const char *address, const char *agent)
{
    t_browser();
    t_with("Remote-Addr", address);
    t_get("/login");
    t_with("Remote-Addr", address);
    t_with("User-Agent", agent);
    t_post("/login", "email=admin%40example.test&password=" WORD);
    t_status(303);
}

T(se_14_the_same_thing_in_an_hour_is_one_alert_and_one_mail_for_each_admin)
{
    t_open();
    for (int i = 0; i < 5; i++)
        watch_raise(t_ctx(), WATCH_ADDRESS_GUESSES, 0, S("198.51.100.9"));
    watch_raise(t_ctx(), WATCH_ADDRESS_GUESSES, 0, S("203.0.113.9"));
    t_sql("insert into auth.person (email, name, password_hash, lang, role, blocked_at) values "
          "('was.admin@example.test', 'Was', '', 'en', 'admin', now())"); /* shut out: told nothing */
    eq_int(t_int("select count(*) as n from watch.alert where kind = 'address-guesses' and "
                 "last_at >= now()"),
        2);
    eq_int(alerts("address-guesses"), 6);
    eq_int(t_int("select count(*) as n from work.job where kind = 'watch.mail' and key like "
                 "'alert:address-guesses:%%'"),
        1);
    work_drain(t_ctx(), 20);
    eq_int(t_int("select count(*) as n from notify.mail where template = 'watch_alert' and cause like "
                 "'address-guesses:%%' and created_at >= now()"),
        t_int("select count(*) as n from auth.person where role in ('admin', 'super_admin') "
              "and blocked_at is null"));
}

T(se_14_no_whole_address_is_kept)
{
    t_open();
    watch_raise(t_ctx(), WATCH_ADDRESS_GUESSES, 0, S("198.51.100.77"));
    watch_raise(t_ctx(), WATCH_ADDRESS_GUESSES, 0, S("2001:db8:77:1234::1"));
    eq_int(t_int("select count(*) as n from watch.alert where network in ('198.51.100.0/24', "
                 "'2001:db8:77::/48')"),
        2);
}

T(se_14_a_guessed_account_raises_an_alert)
{
    t_open();
    str email = str_fmt(t_ctx()->mem, "guessed.%" PRId64, when_now());
    t_sql("insert into auth.person (email, name, password_hash) values ('%.*s@example.test', 'G', 'x')",
        STR(email));
    for (int i = 0; i < 12; i++) {
        t_browser();
        str at = str_fmt(t_ctx()->mem, "198.51.%d.9", i);
        t_with("Remote-Addr", at.p);
        t_get("/login");
        t_with("Remote-Addr", at.p);
        t_post("/login", str_fmt(t_ctx()->mem, "email=%.*s%%40example.test&password=wrong", STR(email)).p);
    }
    t_status(429);
    is_true(alerts("account-guessed") >= 1);
    eq_int(t_int("select person_id as n from watch.alert where kind = 'account-guessed' order by id "
                 "desc limit 1"),
        t_int("select id as n from auth.person where email = '%.*s@example.test'", STR(email)));
}

T(se_14_staff_from_a_new_network_or_on_a_new_device_raise_an_alert)
{
    t_open();
    t_sql("delete from watch.place where person_id = %" PRId64, admin_id());
    log_in_from("198.51.100.1", "one");
    eq_int(alerts("new-network") + alerts("new-device"), 0); /* the first is no news */
    log_in_from("198.51.100.200", "one");
    eq_int(alerts("new-network") + alerts("new-device"), 0);
    log_in_from("203.0.113.1", "one");
    eq_int(alerts("new-network"), 1);
    eq_int(alerts("new-device"), 0);
    log_in_from("203.0.113.1", "two");
    eq_int(alerts("new-network"), 1);
    eq_int(alerts("new-device"), 1);
}

T(se_14_staff_who_log_in_by_a_program_are_looked_at_as_well)
{
    static const char in[] = "{\"email\":\"" ADMIN "\",\"password\":\"market-day-demo\"}";
    t_open();
    t_sql("delete from watch.place where person_id = %" PRId64, admin_id());
    log_in_from("198.51.100.1", "one");
    t_browser();
    t_with("Remote-Addr", "203.0.113.1");
    t_with("User-Agent", "two");
    t_post_json("/api/auth/login", in);
    t_status(200);
    eq_int(alerts("new-network"), 1);
    eq_int(alerts("new-device"), 1);
}

T(se_14_staff_whose_login_goes_on_elsewhere_raise_an_alert)
{
    static const char in[] = "{\"email\":\"" ADMIN "\",\"password\":\"" WORD
                             "\",\"tokenDelivery\":\"body\"}";
    t_open();
    t_sql("delete from watch.place where person_id = %" PRId64, admin_id());
    t_browser();
    t_with("Remote-Addr", "198.51.100.1");
    t_post_json("/api/auth/login", in);
    t_status(200);
    for (int i = 0; i < 3; i++) {
        str token = node_str(t_document(), "refreshToken");
        str again = str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(token));
        t_with("Remote-Addr", i ? "203.0.113.1" : "198.51.100.2");
        t_post_json("/api/auth/refresh", again.p);
        t_status(200);
        eq_int(alerts("new-network"), i ? 1 : 0);
    }
}

/* ---- countries --------------------------------------------------------------------------------- */

static void knows_countries(void)
{
    static const struct mmdb_row rows[] = { { "203.0.113.0", 24, "TH" }, { "192.0.2.0", 24, "TH" },
        { "198.51.100.0", 24, "VN" }, { "2001:db8::", 32, "SG" } };
    t_open();
    mmdb_use(t_file(mmdb_of(t_ctx()->mem, MMDB_COUNTRY, rows, COUNT(rows), when_now())));
    t_sql("delete from watch.place where person_id = %" PRId64, admin_id());
}

/* Alerts of a new country, of a new network, and lines in the trail, so far. */
static void so_far(i64 countries, i64 networks)
{
    eq_int(alerts("new-country"), countries);
    eq_int(alerts("new-network"), networks);
    eq_int(t_int("select count(*) as n from audit.entry where action = 'new_country' and at >= now() "
                 "and kind = 'account' and thing = 'auth.person' and person_id = %" PRId64
                 " and thing_id = person_id::text",
               admin_id()),
        countries);
}

T(se_14_staff_in_a_country_they_were_never_seen_in_raise_an_alert_of_its_own)
{
    knows_countries();
    log_in_from("203.0.113.1", "one");
    so_far(0, 0); /* the first is no news */
    log_in_from("192.0.2.1", "one");
    so_far(0, 1); /* another network of that country */
    log_in_from("198.51.100.1", "one");
    so_far(1, 1);
    eq_int(t_int("select count(*) as n from watch.alert where kind = 'new-country' and person_id = %"
                 PRId64 " and country = 'VN' and network = '198.51.100.0/24' and last_at >= now()",
               admin_id()),
        1);
    log_in_from("198.51.100.1", "one");
    log_in_from("203.0.113.1", "one");
    log_in_from("198.51.100.200", "one");
    so_far(1, 1); /* both are known by now */
    log_in_from("2001:db8:1::1", "one");
    so_far(2, 1);
    log_in_from("100.64.0.1", "one");
    so_far(2, 2); /* in no country: new as ever */
    eq_int(alerts("new-device"), 0);
}

T(se_14_the_first_country_that_is_known_of_somebody_is_no_news)
{
    knows_countries();
    mmdb_use(NULL);
    log_in_from("203.0.113.1", "one");
    mmdb_use(t_file(mmdb_usual(t_ctx()->mem)));
    log_in_from("198.51.100.1", "one");
    so_far(0, 1);
    log_in_from("203.0.113.1", "one"); /* its network was known, its country not */
    so_far(1, 1);
}

T(se_14_staff_who_come_by_a_program_from_another_country_raise_that_alert_too)
{
    static const char in[] = "{\"email\":\"" ADMIN "\",\"password\":\"" WORD
                             "\",\"tokenDelivery\":\"body\"}";
    knows_countries();
    log_in_from("203.0.113.1", "one");
    t_browser();
    t_with("Remote-Addr", "198.51.100.1");
    t_post_json("/api/auth/login", in);
    t_status(200);
    so_far(1, 0);
    str token = node_str(t_document(), "refreshToken");
    t_with("Remote-Addr", "2001:db8:1::1");
    t_post_json(
        "/api/auth/refresh", str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(token)).p);
    t_status(200); /* a login that goes on elsewhere */
    so_far(2, 0);
}

T(se_14_an_alert_says_the_country_in_the_back_office_and_by_mail)
{
    knows_countries();
    t_sql("update auth.person set lang = 'th' where email = '" ADMIN "'");
    t_sql("delete from notify.mail where template = 'watch_alert'"); /* one in an hour */
    log_in_from("203.0.113.1", "one");
    log_in_from("198.51.100.1", "one");
    str mail = t_mail_to(S(ADMIN));
    has_text(mail, "พนักงานเข้าสู่ระบบจากประเทศที่ไม่เคยเข้าจากที่นั่นมาก่อน");
    has_text(mail, "198.51.100.0/24 เวียดนาม");
    t_get("/admin/security");
    t_text("Staff logged in from a country where they were never seen");
    t_text("198.51.100.0/24<br><small class=\"nowrap\">Vietnam</small></span>"); /* one below the other */
    t_get("/admin/security.json");
    t_json("alerts.0.country", "VN");
    t_json("alerts.0.countryName", "Vietnam");
    t_get("/admin/audit.json?action=new_country&everywhere=true");
    t_json("entries.0.thing", "auth.person");
    t_no_text("VN"); /* the trail is not forgotten */
    watch_raise(t_ctx(), WATCH_ADDRESS_GUESSES, 0, S("203.0.113.9"));
    eq_int(t_int("select count(*) as n from watch.alert where kind = 'address-guesses' and country = "
                 "'TH' and last_at >= now()"),
        1);
}

T(se_14_shoppers_who_travel_raise_nothing_and_their_countries_are_not_kept_here)
{
    knows_countries();
    for (int i = 0; i < 3; i++) {
        t_browser();
        t_with("Remote-Addr", i == 1 ? "198.51.100.1" : "203.0.113.1");
        t_post("/login", "email=shopper%40example.test&password=" WORD);
        t_status(303);
    }
    eq_int(alerts("new-country") + alerts("new-network"), 0);
    eq_int(t_int("select count(*) as n from watch.place p join auth.person a on a.id = p.person_id "
                 "where a.email = 'shopper@example.test'"),
        0);
}

T(se_14_countries_and_alerts_of_somebody_are_in_the_copy_of_their_data_and_go_with_them)
{
    struct node *into = node_map((t_open(), t_ctx()->mem));
    t_sql("insert into auth.person (email, name, password_hash) values ('went@example.test', 'W', 'x')");
    i64 person = t_int("select id as n from auth.person where email = 'went@example.test'");
    t_sql("insert into watch.place (person_id, place) values (%" PRId64 ", 'cLA')", person);
    t_sql("insert into watch.alert (kind, person_id, network, country, hour) values ('new-country', "
          "%" PRId64 ", '203.0.113.0/24', 'LA', now())", person);
    must(watch_collect(t_ctx(), person, into));
    has_text(t_json_of(into), "\"country\":\"LA\"");
    has_text(t_json_of(into), "cLA");
    t_ctx()->scope = (struct scope){ .platform = true };
    must(watch_erase(t_ctx(), person));
    eq_int(t_int("select (select count(*) from watch.place where person_id = %" PRId64 ") + (select "
                 "count(*) from watch.alert where person_id = %" PRId64 ") as n", person, person), 0);
}

T(se_14_an_account_of_staff_that_rested_long_raises_an_alert_where_it_never_was)
{
    t_open();
    t_sql("delete from watch.place");
    log_in_from("203.0.113.1", "one");
    log_in_from("198.51.100.1", "one");
    t_sql("delete from watch.alert; update watch.place set last_at = now() - interval '200 days'"
          " - case when place = 'n198.51.100.0/24' then interval '1 day' else interval '0' end;"
          " insert into watch.place (person_id, place, last_at) select id, 'n203.0.113.0/24', now() -"
          " interval '200 days' from auth.person where email = 'shopper@example.test'");
    t_cron("watch.sweep");
    eq_str(t_str("select string_agg(left(place, 1), ' ' order by place) as s from watch.place"
                 " where person_id = %" PRId64, admin_id()),
        "d n"); /* the newest of each */
    eq_int(t_int("select count(*) as n from watch.place where person_id <> %" PRId64
                 " and last_at < now() - interval '180 days'", admin_id()),
        0); /* who is staff no longer keeps none */
    log_in_from("203.0.113.1", "one");
    eq_int(alerts("new-network") + alerts("new-device"), 0);
    log_in_from("192.0.2.1", "two");
    eq_int(alerts("new-network"), 1);
    eq_int(alerts("new-device"), 1);
}

T(se_14_where_shoppers_log_in_from_is_not_kept)
{
    t_open();
    t_login("shopper@example.test");
    eq_int(t_int("select count(*) as n from watch.place where person_id = (select id from auth.person "
                 "where email = 'shopper@example.test')"),
        0);
}

T(se_14_taking_out_very_many_people_raises_an_alert_once)
{
    t_order();
    t_login(ADMIN);
    str key = str_fmt(t_ctx()->mem, "taken:%" PRId64, admin_id());
    redis_set(t_ctx(), key, S("999"), 60);
    for (int i = 0; i < 3; i++) {
        eq_int(alerts("much-read"), i > 1);
        t_get("/admin/orders?q=nobody-at-all");
        t_status(200);
        t_get(i ? "/admin/orders" : "/admin/security");
        t_status(200);
        if (!i)
            redis_set(t_ctx(), key, S("1000"), 60);
    }
    redis_del(t_ctx(), key);
    eq_int(alerts("much-read"), 1);
}

/* Whoever takes all there is need not look at lists. */
T(se_14_orders_taken_one_by_one_or_by_a_program_count_as_well)
{
    i64 order = t_order();
    str number = t_number(order);
    const struct who program = { .person = admin_id(),
        .organisation = 1,
        .role = USER,
        .member = OWNER,
        .key = 1,
        .name = S("M"),
        .email = S(ADMIN) };
    const char *at_desk = str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(number)).p,
               *by_api = str_fmt(t_ctx()->mem, "/api/orders/%.*s", STR(number)).p;
    const struct {
        const char *path;
        bool is_program, is_taking;
    } cases[] = { { at_desk, false, true }, { by_api, true, true }, { "/api/orders", true, false } };
    str key = str_fmt(t_ctx()->mem, "taken:%" PRId64, admin_id());
    t_login(ADMIN);
    for (size_t i = 0; i < COUNT(cases); i++) {
        t_sql("delete from watch.alert where kind = 'much-read'");
        redis_set(t_ctx(), key, S("1000"), 60);
        t_as(cases[i].is_program ? &program : NULL);
        t_get(cases[i].path);
        t_status(200);
        eq_int(alerts("much-read"), cases[i].is_taking);
    }
    redis_set(t_ctx(), key, S("1000"), 60); /* the same again: it has been taken already */
    t_sql("delete from watch.alert where kind = 'much-read'");
    t_as(&program);
    t_get(by_api);
    t_status(200);
    eq_int(alerts("much-read"), 0);
    t_as(NULL);
    t_browser(); /* one's own */
    t_login("shopper@example.test");
    str own = str_fmt(t_ctx()->mem, "taken:%" PRId64,
        t_int("select id as n from auth.person where email = 'shopper@example.test'"));
    redis_set(t_ctx(), own, S("1000"), 60);
    t_sql("update orders.\"order\" set person_id = (select id from auth.person where email = "
          "'shopper@example.test') where id = %" PRId64,
        order);
    t_sql("delete from watch.alert where kind = 'much-read'");
    t_get(by_api);
    t_status(200);
    eq_int(alerts("much-read"), 0);
    redis_del(t_ctx(), key);
    redis_del(t_ctx(), own);
}

static i64 raised_of(const char *email)
{
    return t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                 "'rights-raised' and person_id = (select id from auth.person where email = '%s')",
        email);
}

T(se_14_rights_that_are_raised_raise_an_alert_once)
{
    t_open();
    t_ctx()->scope.platform = true;
    must(watch_look(t_ctx())); /* what stands there from before */
    i64 before = t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                       "'rights-raised'");
    t_sql(
        "insert into auth.person (email, name, password_hash) values ('raised@example.test', 'R', 'x')");
    must(watch_look(t_ctx()));
    eq_int(t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                 "'rights-raised'"),
        before);
    t_sql(
        "insert into auth.member (organisation_id, person_id, place) select o.id, p.id, 'viewer' from "
        "auth.organisation o, auth.person p where o.slug = 'house' and p.email = 'raised@example.test'");
    must(watch_look(t_ctx()));
    eq_int(t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                 "'rights-raised'"),
        before);
    t_sql(
        "update auth.member set place = 'admin' where person_id = (select id from auth.person where "
        "email = 'raised@example.test')");
    t_sql("update auth.person set role = 'admin' where email = 'raised@example.test'");
    for (int i = 0; i < 3; i++)
        must(watch_look(t_ctx()));
    eq_int(raised_of("raised@example.test"), 2);
}

T(se_14_rights_that_were_given_long_ago_are_not_read_each_minute)
{
    t_open();
    t_ctx()->scope.platform = true;
    t_sql("select audit.tell(1, 'rights', 'insert', 'auth.member', '1 1', '{\"place\":\"viewer\"}')"
          " from generate_series(1, 3000)");
    t_sql("set local enable_bitmapscan = off"); /* no statistics know of so many */
    i64 before = t_rows_read("audit.entry");
    t_ctx()->now = when_now() + 3 * HOUR;
    must(watch_look(t_ctx()));
    i64 read = t_rows_read("audit.entry") - before;
    eq_int(read < 100 ? 0 : read, 0);
}

T(se_14_a_role_that_moves_money_or_rights_raises_an_alert_for_whom_it_is_given_to)
{
    static const char *const roles[] = { "{orders:read-all,catalog:write}", "{orders:refund}",
        "{team:read,team:write}" };
    t_open();
    t_ctx()->scope.platform = true;
    t_sql(
        "insert into auth.person (email, name, password_hash) values ('raised@example.test', 'R', 'x'); "
        "insert into auth.member (organisation_id, person_id, place) select 1, id, 'viewer' "
        "from auth.person where email = 'raised@example.test'");
    for (size_t i = 0; i < COUNT(roles); i++) {
        t_sql(
            "insert into auth.role (organisation_id, name, permissions) values (1, 'T %zu', '%s'); "
            "update auth.member set place = 'own', role_id = (select max(id) from auth.role) "
            "where person_id = (select id from auth.person where email = 'raised@example.test')",
            i, roles[i]);
        must(watch_look(t_ctx()));
        eq_int(raised_of("raised@example.test"), (i64)i);
    }
}

T(se_14_the_list_is_for_who_runs_the_platform)
{
    t_get("/admin/security");
    t_status(303);
    t_login("shopper@example.test");
    t_get("/admin/security");
    t_status(403);
    t_login(ADMIN);
    watch_raise(t_ctx(), WATCH_RIGHTS_RAISED, admin_id(), S("203.0.113.9"));
    t_get("/admin/security");
    t_status(200);
    t_text("Somebody was given more rights");
    t_text("203.0.113.0/24");
    t_text(ADMIN);
}

T(se_14_alerts_come_by_the_page)
{
    t_open();
    t_sql("delete from watch.alert; insert into watch.alert (kind, person_id, network, hour) select"
          " 'much-read', 0, 'zq' || n, now() from generate_series(1, 103) n");
    t_login(ADMIN);
    t_get("/admin/security.json");
    eq_int((i64)node_count(node_get(t_document(), S("alerts"))), 100);
    t_json("alerts.0.network", "zq103");
    str next = node_str(node_get(t_document(), S("next")), "url");
    t_get("/th/admin/security");
    t_html(str_fmt(t_ctx()->mem, "a[rel=next][href='/th%.*s']", STR(next)).p);
    t_get(str_fmt(t_ctx()->mem, "/admin/security.json%.*s",
        STR(str_from(next, (size_t)str_find(next, S("?")))))
              .p);
    eq_int((i64)node_count(node_get(t_document(), S("alerts"))), 3);
    t_json("alerts.0.network", "zq3");
    is_true(node_is_null(t_document(), "next"));
}

/* ---- reports of browsers -----------------------------------------------------------------------
 */

/* The limit's counters outlive a test: each comes from an address of its own. */
static const char *somewhere(void)
{
    i64 now = when_now();
    return str_fmt(t_ctx()->mem, "10.%d.%d.%d", (int)(now / 7 % 256), (int)(now / 1999 % 256),
        (int)(now / 500009 % 256))
        .p;
}

static void report(const char *type, const char *body)
{
    t_with("Sec-Fetch-Site", "same-origin");
    t_without_token();
    t_send("POST", "/-/csp", type, str_of(body));
}

static i64 reports(const char *where)
{
    return t_int("select coalesce(sum(count), 0)::bigint as n from watch.report where %s", where);
}

T(se_08_a_report_is_counted_by_rule_origin_and_kind_of_page)
{
    t_open();
    t_sql("delete from watch.report");
    for (int i = 0; i < 3; i++) {
        t_with("Remote-Addr", somewhere());
        report("application/csp-report",
            "{\"csp-report\":{\"document-uri\":\"http://localhost:8080/orders/TL-AAAA-BBBB-CCCC?key="
            "hush\",\"effective-directive\":\"script-src-elem\",\"blocked-uri\":\"https://evil.example"
            "/x?who=mali@example.test\",\"referrer\":\"http://x/?secret\"}}");
        t_status(204);
    }
    t_with("Remote-Addr", somewhere());
    report("application/reports+json",
        "[{\"type\":\"csp-violation\",\"body\":{\"documentURL\":\"http://localhost:8080/th/products/"
        "a-thing\",\"effectiveDirective\":\"style-src-attr\",\"blockedURL\":\"inline\"}},"
        "{\"type\":\"deprecation\",\"body\":{}}]");
    t_status(204);
    eq_int(reports("directive = 'script-src-elem' and blocked = 'https://evil.example' and page = "
                   "'/orders/{number}'"),
        3);
    eq_int(reports("directive = 'style-src-attr' and blocked = 'inline' and page = '/products/{slug}'"),
        1);
    eq_int(reports("true"), 4);
    eq_int(reports("(directive || blocked || page) ~ 'hush|mali|secret|TL-|a-thing'"), 0);
}

T(se_08_reports_that_are_none_are_not_kept)
{
    t_open();
    t_sql("delete from watch.report");
    static const char *const bodies[] = { "{", "", "[]", "{}", "[1,2]", "null", "\"x\"",
        "{\"csp-report\":{\"document-uri\":\"http://localhost:8080/nowhere/at/all\"}}",
        "{\"csp-report\":{\"document-uri\":\"about:blank\"}}",
        "{\"csp-report\":{\"document-uri\":\"http://localhost:8080/../../etc/passwd\"}}" };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        t_with("Remote-Addr", somewhere());
        report("application/csp-report", bodies[i]);
        is_true(t_last_status() == 204 || t_last_status() == 400 || t_last_status() == 415);
    }
    eq_int(reports("true"), 0);
}

T(se_08_reports_are_bounded_in_size_number_and_kinds)
{
    t_open();
    t_sql("delete from watch.report");
    char *big = arena_raw(t_ctx()->mem, 20000);
    memset(big, ' ', 19999);
    big[19999] = 0;
    t_with("Remote-Addr", somewhere());
    report("application/csp-report", big);
    t_status(413);
    t_sql("insert into watch.report (directive, blocked, page, count) select 'd', 'b' || i, '/', i "
          "from generate_series(1, 25) i");
    t_sql("insert into watch.report (directive, blocked, page) values ('d', 'b', '/cart')");
    static const char invented[] = "{\"csp-report\":{\"document-uri\":\"http://x/\","
                                   "\"effective-directive\":\"img-src\",\"blocked-uri\":\"https://%d.example\"}}";
    for (int i = 0; i < 40; i++) {
        t_with("Remote-Addr", somewhere());
        report("application/csp-report", str_fmt(t_ctx()->mem, invented, i).p);
        t_status(204);
    }
    eq_int(reports("page = '/' and blocked ~ '^b' and count > 1"), 25 * 26 / 2 - 1);
    eq_int(t_int("select count(*) as n from watch.report where page = '/'"), 25);
    eq_int(reports("page = '/cart'"), 1); /* another page's are not touched */
    const char *from = somewhere();
    for (int i = 0; i < 31; i++) {
        t_with("Remote-Addr", from);
        report("application/csp-report", "{}");
    }
    t_status(429);
}
