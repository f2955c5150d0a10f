/* Accounts of others, by who runs the house: whose logins are seen and ended, what a blocked account
 * can still do (nothing), and who may do that to whom. */
#include "auth/auth_in.h"
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_   "admin@example.test" /* person 1: of the house, its super admin */
#define SHOPPER_ "shopper@example.test"

static const char *account_of(i64 person, const char *act)
{
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "person", person);
    return str_fmt(t_ctx()->mem, "/admin/accounts/%.*s%s", STR(id), act).p;
}

static void as_admin(void)
{
    t_browser();
    t_login(ADMIN_);
}

/* The shopper in a browser, and by a token of the API; then the admin. */
static str session, token, refresh;
static void shopper_is_in(void)
{
    t_clock(when_now()); /* a token's login is listed for a month of the database's */
    t_login(SHOPPER_);
    session = t_cookie(COOKIE_SESSION);
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_post_json("/api/auth/login",
        "{\"email\":\"" SHOPPER_ "\",\"password\":\"market-day-demo\",\"tokenDelivery\":\"body\"}");
    t_status(200);
    token = node_str(t_document(), "accessToken");
    refresh = node_str(t_document(), "refreshToken");
    as_admin();
}

static int by_session(void)
{
    t_browser();
    t_cookie_set(COOKIE_SESSION, str_c(t_ctx()->mem, session));
    t_get("/account.json");
    return t_last_status();
}

static int by_token(void)
{
    t_browser();
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_get("/account.json");
    return t_last_status();
}

static int by_refresh(void)
{
    t_browser();
    t_post_json("/api/auth/refresh",
        str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(refresh)).p);
    return t_last_status();
}

T(logins_of_others_are_seen_and_ended_one_or_all_AC_02)
{
    shopper_is_in();
    eq_int(by_session(), 200);
    eq_int(by_token(), 200);
    as_admin();
    t_get(account_of(2, ".json"));
    t_status(200);
    t_json("account.email", SHOPPER_);
    is_true(node_count(node_path(t_document(), S("devices"))) >= 2);
    i64 device = t_int("select max(id) as n from auth.device where person_id = 2 and kind = 'token'");
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "device", device);
    str form = str_fmt(t_ctx()->mem, "device=%.*s", STR(id));
    t_post(account_of(2, "/logout"), form.p);
    t_status(303);
    t_post(account_of(2, "/logout"), form.p); /* twice */
    t_status(404);
    eq_int(by_token(), 401);
    eq_int(by_refresh(), 401);
    eq_int(by_session(), 200);
    as_admin();
    t_post(account_of(2, "/logout"), "");
    t_status(303);
    eq_int(by_session(), 401);
    eq_int(t_int("select count(*) as n from auth.device where person_id = 2 and ended_at is null"),
        0);
    eq_int(t_int("select count(*) as n from audit.entry where action = 'logins_ended' "
                 "and thing_id = '2' and person_id = 1"),
        2);
    t_browser();
    t_login(SHOPPER_); /* it is no block */
    t_get("/account.json");
    t_status(200);
}

static void log_in(int status)
{
    t_browser();
    t_get("/login");
    t_with("Remote-Addr", t_new_address());
    t_post("/login", "email=" SHOPPER_ "&password=market-day-demo");
    t_status(status);
}

T(a_blocked_account_lets_nobody_in_by_any_way)
{
    shopper_is_in();
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'admin')");
    t_sql("insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes) values "
          "(1, 2, 'Till', 'tlt_12345678', encode(sha256('tlt_12345678_zq'), 'hex'), "
          "'{catalog:read}')");
    t_browser();
    t_with("X-Api-Key", "tlt_12345678_zq");
    t_get("/admin/products.json");
    t_status(200);
    as_admin();
    t_post(account_of(2, "/block"), "reason=Stolen+card");
    t_status(303);
    eq_int(by_session(), 401);
    eq_int(by_token(), 401);
    eq_int(by_refresh(), 401);
    t_browser();
    t_with("X-Api-Key", "tlt_12345678_zq");
    t_get("/admin/products.json");
    t_status(401);
    log_in(403);
    t_text("This account is closed for now");
    eq_str(t_cookie(COOKIE_SESSION), "");
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_post_json("/api/auth/login",
        "{\"email\":\"" SHOPPER_ "\",\"password\":\"market-day-demo\"}");
    t_status(403);
    t_json("code", "auth.blocked");
    no_text(t_body(), "\"required\""); /* it is no permission that is missing */
    t_with("Remote-Addr", t_new_address());
    t_post_json("/api/auth/login", "{\"email\":\"" SHOPPER_ "\",\"password\":\"wrong-one\"}");
    t_status(401); /* only who knows the password learns of it */
    eq_int(t_int("select count(*) as n from auth.device where person_id = 2 and ended_at is null"),
        0);
    as_admin();
    t_get(account_of(2, ""));
    t_text("Stolen card");
    t_post(account_of(2, "/unblock"), "");
    t_status(303);
    log_in(303);
    eq_str(t_str("select string_agg(coalesce(after ->> 'blocked_reason', ''), ',' order by id) as s "
                 "from audit.entry where thing = 'auth.person' and thing_id = '2' "
                 "and action = 'update' and after ? 'blocked_at'"),
        "Stolen card,");
}

T(who_is_blocked_hears_of_it_by_mail_and_where_to_write)
{
    shopper_is_in();
    t_sql("update auth.person set lang = 'th' where id = 2");
    t_post(account_of(2, "/block"), "reason=Zqstolen+card");
    t_status(303);
    t_post(account_of(2, "/block"), "reason=Zqstolen+card"); /* twice: one mail */
    t_status(409);
    eq_int(t_int("select count(*) as n from notify.mail where template = 'account_blocked' "
                 "and person_id = 2 and cause like 'closed:%%'"),
        1);
    str mail = t_mail_to(S(SHOPPER_));
    has_text(mail, "บัญชีของคุณถูกปิด");
    has_text(mail, str_c(t_ctx()->mem, auth_house_address(t_ctx())));
    no_text(mail, "Zqstolen"); /* what staff noted is theirs */
    log_in(403);
    t_text(str_c(t_ctx()->mem, auth_house_address(t_ctx())));
    as_admin();
    t_post(account_of(2, "/unblock"), "");
    t_status(303);
    has_text(t_mail_to(S(SHOPPER_)), "บัญชีของคุณเปิดใช้ได้อีกครั้ง");
    t_post(account_of(2, "/block"), "reason=Once+more");
    eq_int(t_int("select count(*) as n from notify.mail where template = 'account_blocked' "
                 "and person_id = 2"),
        3);
}

T(a_login_that_waits_for_its_second_step_ends_with_the_block)
{
    shopper_is_in();
    t_post(account_of(2, "/block"), "reason=Stolen+card");
    t_status(303);
    t_post(account_of(2, "/block"), "reason=Stolen+card"); /* twice */
    t_status(409);
    t_sql("insert into auth.pending (token_hash, person_id) values "
          "(encode(sha256('zqpending'), 'hex'), 2); insert into auth.code (purpose, person_id, "
          "address, lang, nonce, link_hash, code_until, link_until) values ('login-otp', 2, 'x', "
          "'en', 'x', 'zq', now(), now())");
    struct node *row;
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .person = 2 };
    eq_err(auth_person(&c, 2, &row), E_OK); /* the account is there all the same */
    t_browser();
    t_post(account_of(2, "/unblock"), ""); /* a stranger */
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.person where blocked_at is not null"), 1);
}

T(nobody_does_it_to_somebody_above_or_to_themselves_AC_01)
{
    shopper_is_in();
    t_post(account_of(1, "/block"), "reason=Me+myself");
    t_status(403);
    t_sql("update auth.person set role = case id when 1 then 'super_admin' else 'admin' end where id in (1, 2)");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (990, 'mali@example.test', 'Mali', 'x')");
    t_browser();
    t_login(SHOPPER_);
    t_get(account_of(1, ".json"));
    t_status(200);
    t_post(account_of(1, "/block"), "reason=Above+me");
    t_status(403);
    t_post(account_of(1, "/logout"), "");
    t_status(403);
    t_post(account_of(990, "/block"), "reason=x");
    t_status(422);
    t_post(account_of(990, "/block"), "reason=Below+me");
    t_status(303);
    t_post(account_of(424242, "/block"), "reason=Nobody");
    t_status(404);
    t_post("/admin/accounts/nonsense/block", "reason=Nobody");
    t_status(404);
    eq_int(t_int("select count(*) as n from auth.person where blocked_at is not null"), 1);
}

T(an_account_is_found_whatever_the_case_of_its_name)
{
    t_open();
    t_sql("update auth.person set name = 'Đặng Thị Ánh' where id = 2");
    as_admin();
    static const char *const ways[] = { "%C4%90%E1%BA%B7ng", "%C4%91%E1%BA%B7ng", "TH%E1%BB%8A+%C3%81NH" };
    for (size_t i = 0; i < COUNT(ways); i++) {
        t_get(str_fmt(t_ctx()->mem, "/admin/accounts.json?q=%s", ways[i]).p);
        t_json("accounts.0.email", SHOPPER_);
    }
}

T(accounts_are_the_houses_alone_AC_11)
{
    t_open();
    t_sql("update auth.person set role = 'user' where id = 1"); /* an owner, and no more */
    t_login(ADMIN_);
    t_get("/admin/accounts.json");
    t_status(403);
    t_json("required", "accounts:manage");
    t_get(account_of(2, ".json"));
    t_status(403);
    t_post(account_of(2, "/block"), "reason=Because");
    t_status(403);
    t_browser();
    t_get("/admin/accounts");
    t_status(303);
    t_sql("update auth.person set role = 'admin' where id = 1");
    as_admin();
    t_get("/admin/accounts.json?q=SHOPPER@");
    t_status(200);
    t_json("accounts.0.email", SHOPPER_);
    eq_int((i64)node_count(node_path(t_document(), S("accounts"))), 1);
    t_get("/admin/accounts.json?q=nobody-like-that");
    eq_int((i64)node_count(node_path(t_document(), S("accounts"))), 0);
    t_get("/admin/accounts");
    t_status(200);
}
