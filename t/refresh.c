/* Logins of the API: what they give, how they go on, and all the ways they end. */
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"

#define SHOPPER_ "shopper@example.test"

static str access_; /* of the last answer that had one */

static void open_shop(void)
{
    t_open();
    t_browser();
    t_clock(when_now());
}

static str log_in_as(const char *email, const char *delivery)
{
    t_post_json("/api/auth/login",
        str_fmt(t_ctx()->mem, "{\"email\":\"%s\",\"password\":\"market-day-demo\"%s}", email,
            delivery)
            .p);
    t_status(200);
    access_ = node_str(t_document(), "accessToken");
    return *delivery ? node_str(t_document(), "refreshToken") : t_cookie(COOKIE_REFRESH);
}
static str log_in(const char *delivery) { return log_in_as(SHOPPER_, delivery); }

#define IN_BODY ",\"tokenDelivery\":\"body\""

static void renew(str token)
{
    t_post_json("/api/auth/refresh",
        token.n ? str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(token)).p : "{}");
    if (t_last_status() == 200)
        access_ = node_str(t_document(), "accessToken");
}

static int asked_with(str token)
{
    t_with("Accept", "application/json");
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_get("/account.json");
    return t_last_status();
}

static void later(i64 us) { t_clock(t_ctx()->now + us); }

static void is_over(void)
{
    t_status(401);
    t_json("error", "Invalid token");
}

T(ID_07_the_refresh_token_of_a_browser_is_a_cookie_no_script_reads)
{
    open_shop();
    str token = log_in("");
    eq_int((i64)node_count(t_document()), 2);
    t_no_text(token.p);
    t_header_has("Set-Cookie", "HttpOnly");
    t_header_has("Set-Cookie", "Secure");
    t_header_has("Set-Cookie", "SameSite=Strict");
    t_header_has("Set-Cookie", "Path=/");
    t_header_has("Set-Cookie", "Max-Age=2592000");
    no_text(t_header_of("Set-Cookie"), "Domain");
    is_true(token.n >= 40);
    eq_int(t_int("select count(*) as n from auth.refresh where hash = '%.*s'", STR(token)), 0);
    eq_int(t_int("select count(*) as n from auth.refresh where hash = '%.*s'",
               STR(crypto_sha256_hex(t_ctx()->mem, token))),
        1);
}

T(ID_02_in_the_body_it_is_only_for_who_asks)
{
    open_shop();
    str token = log_in(IN_BODY);
    t_header("Set-Cookie", NULL);
    is_true(str_starts(token, S("tlr_")));
    renew(token);
    t_status(200);
    t_header("Set-Cookie", NULL);
    is_false(str_eq(token, node_str(t_document(), "refreshToken")));
    t_post_json("/api/auth/login",
        "{\"email\":\"" SHOPPER_ "\",\"password\":\"market-day-demo\","
        "\"tokenDelivery\":\"header\"}");
    t_status(422);
}

T(ID_08_a_cookie_alone_gives_a_new_access_token)
{
    open_shop();
    str first = log_in(""), old = access_;
    later(20 * MINUTE);
    eq_int(asked_with(old), 401);
    renew(str_none);
    t_status(200);
    t_json("user.email", SHOPPER_);
    eq_int((i64)node_count(t_document()), 2);
    is_false(str_eq(first, t_cookie(COOKIE_REFRESH)));
    eq_int(asked_with(access_), 200);
    t_browser();
    renew(str_none);
    t_status(401);
    t_json("error", "Authentication required");
}

T(ID_07_a_refresh_token_lives_thirty_days)
{
    open_shop();
    str token = log_in(IN_BODY);
    later(30 * DAY - SECOND);
    renew(token);
    t_status(200);
    token = node_str(t_document(), "refreshToken");
    later(30 * DAY);
    renew(token);
    is_over();
}

T(ID_07_a_login_is_renewed_for_a_year_at_most)
{
    open_shop();
    str token = log_in(IN_BODY);
    for (int i = 0; i < 13; i++) {
        later(29 * DAY);
        renew(token);
        if (i == 12)
            break;
        t_status(200);
        token = node_str(t_document(), "refreshToken");
    }
    is_over();
}

T(ID_07_staff_log_in_anew_after_thirty_days_however_often_renewed)
{
    open_shop();
    str token = log_in_as("admin@example.test", IN_BODY);
    later(29 * DAY);
    renew(token);
    t_status(200);
    token = node_str(t_document(), "refreshToken");
    later(2 * DAY);
    renew(token);
    is_over();
}

T(SE_an_old_refresh_token_ends_the_whole_login)
{
    open_shop();
    str stolen = log_in(IN_BODY);
    renew(stolen);
    str owners = node_str(t_document(), "refreshToken"), access = access_;
    later(11 * SECOND);
    eq_int(asked_with(access), 200);
    renew(stolen);
    is_over();
    eq_int(asked_with(access), 401); /* at once, also what was given out before */
    renew(owners);
    is_over();
    str other = log_in(IN_BODY); /* no other login is touched */
    renew(other);
    t_status(200);
}

T(SE_who_was_slower_by_a_moment_is_refused_and_no_more)
{
    open_shop();
    str token = log_in(IN_BODY);
    renew(token);
    str next = node_str(t_document(), "refreshToken");
    later(5 * SECOND);
    renew(token);
    t_status(409);
    t_json("code", "auth.refresh_race");
    t_no_text("Token\"");
    renew(next);
    t_status(200);
}

T(SE_what_is_no_refresh_token_is_refused)
{
    open_shop();
    str good = log_in(IN_BODY);
    static const char *const bad[] = { "x", "tlr_",
        "tlr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "' or '1'='1", "../../etc/passwd",
        "null" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        renew(str_of(bad[i]));
        is_over();
        t_cookie_set(COOKIE_REFRESH, bad[i][0] == '\'' ? "x" : bad[i]);
        renew(str_none);
        is_over();
        is_true(t_cookie(COOKIE_REFRESH).n == 0); /* and taken back */
    }
    renew(access_); /* an access token is none */
    t_status(422);
    renew(str_upto(good, good.n - 1));
    is_over();
    eq_int(asked_with(good), 401); /* nor is a refresh token an access token */
    renew(good);
    t_status(200);
}

T(SE_no_other_site_renews_or_ends_a_login)
{
    open_shop();
    log_in("");
    static const char *const paths[] = { "/api/auth/refresh", "/api/auth/logout" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        t_with("Origin", "https://evil.example");
        t_post_json(paths[i], "{}");
        t_status(403);
        t_with("Sec-Fetch-Site", "cross-site");
        t_post_json(paths[i], "{}");
        t_status(403);
        t_with("Sec-Fetch-Site", "same-site");
        t_post_json(paths[i], "{}");
        t_status(403);
        t_with("Origin", "null");
        t_post(paths[i], "a=b");
        t_status(403);
        t_get(paths[i]);
        t_status(405);
    }
    renew(str_none);
    t_status(200);
}

T(ID_19_logging_out_ends_refresh_and_access_tokens_at_once)
{
    open_shop();
    str token = log_in("");
    str access = access_;
    t_post_json("/api/auth/logout", "{}");
    t_status(200);
    t_json("loggedOut", "true");
    is_true(t_cookie(COOKIE_REFRESH).n == 0);
    eq_int(asked_with(access), 401);
    renew(token);
    is_over();
    token = log_in(IN_BODY);
    t_browser();
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(access_)).p);
    t_post_json("/api/auth/logout", "{}");
    t_status(200);
    eq_int(asked_with(access_), 401);
    renew(token);
    is_over();
    token = log_in(IN_BODY);
    t_post_json(
        "/api/auth/logout", str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(token)).p);
    t_status(200);
    eq_int(asked_with(access_), 401);
    t_browser();
    t_post_json("/api/auth/logout", "{}"); /* who is not logged in is logged out */
    t_status(200);
}

static void along(str access)
{
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(access)).p);
}

T(ID_08_an_access_token_that_is_over_hinders_nobody_from_renewing_or_logging_out)
{
    open_shop();
    str token = log_in(IN_BODY), old = access_;
    later(16 * MINUTE);
    along(old);
    renew(token);
    t_status(200);
    token = node_str(t_document(), "refreshToken");
    along(old);
    t_post_json(
        "/api/auth/logout", str_fmt(t_ctx()->mem, "{\"refreshToken\":\"%.*s\"}", STR(token)).p);
    t_status(200);
    renew(token);
    is_over();
    log_in(""); /* and who lives on cookies */
    old = access_;
    along(old); /* still good */
    renew(str_none);
    t_status(200);
    later(16 * MINUTE);
    along(old);
    renew(str_none);
    t_status(200);
    str access = access_;
    along(old);
    t_with("Origin", "https://evil.example"); /* the cookies count, and so does whence they come */
    renew(str_none);
    t_status(403);
    along(old);
    t_with("Origin", "https://evil.example");
    t_post_json("/api/auth/logout", "{}");
    t_status(403);
    eq_int(asked_with(access), 200);
    along(old);
    t_post_json("/api/auth/logout", "{}");
    t_status(200);
    eq_int(asked_with(access), 401);
    renew(str_none);
    t_status(401);
    along(old); /* nowhere else */
    t_post_json("/api/auth/login", "{}");
    t_status(401);
}

T(ID_19_the_pages_log_out_ends_the_browsers_login_too)
{
    open_shop();
    log_in("");
    str access = access_;
    t_login(SHOPPER_);
    t_post("/logout", "");
    t_status(303);
    is_true(t_cookie(COOKIE_REFRESH).n == 0);
    eq_int(asked_with(access), 401);
}

T(SE_a_changed_password_ends_refresh_and_access_tokens)
{
    open_shop();
    str token = log_in(IN_BODY), access = access_;
    eq_int(asked_with(access), 200);
    t_login(SHOPPER_);
    t_post("/account/password", "old=market-day-demo&password=four+purple+lanterns+sing");
    t_status(303);
    eq_int(asked_with(access), 401);
    t_json("error", "Invalid token");
    t_browser();
    renew(token);
    is_over();
}

T(ID_19_a_login_of_the_API_is_a_device_that_its_owner_can_end)
{
    open_shop();
    t_sql("update auth.device set ended_at = now() where kind = 'token'");
    t_with("User-Agent", "Till/1.0");
    str token = log_in(IN_BODY), access = access_, id = str_none;
    t_login(SHOPPER_);
    t_get("/account.json");
    EACH(item, node_get(t_document(), S("devices")))
        if (str_is(node_str(&item->node, "name"), "Till/1.0"))
            id = str_dup(t_ctx()->mem, node_str(&item->node, "id"));
    is_true(id.n > 0);
    t_post(str_fmt(t_ctx()->mem, "/account/devices/%.*s/end", STR(id)).p, "");
    t_status(303);
    eq_int(asked_with(access), 401);
    renew(token);
    is_over();
}

T(ID_01_the_code_that_was_mailed_makes_the_account_and_logs_in)
{
    open_shop();
    struct arena *mem = t_ctx()->mem;
    str mail = str_lower(mem, str_fmt(mem, "r-%.*s@example.test", STR(crypto_code(mem, 10))));
    str body = str_fmt(mem,
        "{\"name\":\"Api Ann\",\"email\":\"%.*s\",\"password\":"
        "\"nine long lanterns\",\"role\":\"admin\"}",
        STR(mail));
    t_post_json("/api/auth/register", body.p);
    t_status(200);
    str answer = t_body();
    str code = t_mail_code(t_mail_to(mail));
    str otp = str_fmt(mem, "{\"email\":\"%.*s\",\"code\":\"%.*s\",\"password\":\"%s\"%s}",
        STR(mail), STR(code), "nine long lanterns", IN_BODY);
    t_post_json("/api/auth/verify-otp",
        str_fmt(mem, "{\"email\":\"%.*s\",\"code\":\"%.*s\",\"password\":\"another one\"}",
            STR(mail), STR(code))
            .p);
    t_status(422);
    t_post_json("/api/auth/verify-otp", otp.p);
    t_status(201);
    t_json("user.email", mail.p);
    t_json("user.role", "user");
    eq_int(asked_with(node_str(t_document(), "accessToken")), 200);
    t_browser();
    t_post_json("/api/auth/verify-otp", otp.p); /* twice */
    t_status(422);
    t_no_text("accessToken");
    t_post_json("/api/auth/register", body.p); /* an address that has an account now */
    t_status(200);
    eq_str(t_body(), answer);
    eq_int(t_mail_code(t_mail_to(mail)).n, 0);
}

T(an_old_login_is_forgotten_when_no_token_of_it_can_be_good)
{
    open_shop();
    str token = log_in(IN_BODY);
    renew(token);
    t_cron("auth.refresh.forget");
    str hash = crypto_sha256_hex(t_ctx()->mem, token);
    eq_int(t_int("select count(*) as n from auth.refresh where hash = '%.*s'", STR(hash)), 1);
    later(32 * DAY);
    t_cron("auth.refresh.forget");
    eq_int(t_int("select count(*) as n from auth.refresh where hash = '%.*s'", STR(hash)), 0);
}
