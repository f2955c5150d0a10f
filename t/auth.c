/* Who you are: registering, logging in and out, sessions without Redis, staff, and what the
 * database shows to whom. */
#include "auth/auth.h"
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define SHOPPER "shopper@example.test"
#define ADMIN_  "admin@example.test"

/* Limits count in Redis and outlive a test: each has an address and accounts of its own. */
static const char *own_mail(void)
{
    struct arena *mem = t_ctx()->mem;
    return str_c(mem, str_lower(mem, str_fmt(mem, "t-%s@example.test", crypto_token(mem, 6).p)));
}

static void post(const char *path, const char *fmt, const char *value)
{
    struct buf form = buf_new(t_ctx()->mem, 10000);
    i64 at = str_find(str_of(fmt), S("%"));
    buf_add(&form, str_upto(str_of(fmt), (size_t)at));
    escape_url_part(&form, str_of(value));
    buf_add(&form, str_from(str_of(fmt), (size_t)at + 1));
    t_post(path, str_c(t_ctx()->mem, buf_str(&form)));
}

static const char *registered(void)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    t_status(303);
    t_header("Location", "/verify");
    post("/verify", "code=%", str_c(t_ctx()->mem, t_mail_code(t_mail_to(str_of(mail)))));
    t_status(303);
    return mail;
}

static str hash_of_session(void)
{
    return crypto_sha256_hex(t_ctx()->mem, t_cookie(COOKIE_SESSION));
}

/* ---- registering ------------------------------------------------------------------------------
 */

T(what_is_wrong_is_listed_in_the_order_of_the_form)
{
    t_browser();
    t_post("/register", "name=&password=short&email=none");
    t_status(422);
    i64 name = str_find(t_body(), S("<a href=\"#name\">")),
        email = str_find(t_body(), S("<a href=\"#email\">")),
        password = str_find(t_body(), S("<a href=\"#password\">"));
    is_true(name > 0 && name < email && email < password);
    is_true(str_find(str_from(t_body(), (size_t)name + 1), S("<a href=\"#name\">")) < 0);
}

T(ID_01_who_registers_and_confirms_is_logged_in)
{
    const char *mail = registered();
    t_header("Location", "/account");
    t_header_has("Set-Cookie", "__Host-sid=");
    t_header_has("Set-Cookie", "HttpOnly");
    t_header_has("Set-Cookie", "Secure");
    t_header_has("Set-Cookie", "SameSite=Lax");
    t_get("/account.json");
    t_status(200);
    t_json("person.email", mail);
    t_json("devices.0.isThis", "true");
    no_text(t_body(), "password");
    t_get("/account");
    t_status(200);
    t_text(mail);
}

/* Of another site below the same domain. */
T(a_cookie_that_is_no_text_logs_nobody_out)
{
    registered();
    t_cookie_set("legacy", "caf\xe9");
    t_get("/account.json");
    t_status(200);
}

T(ID_01_nobody_is_logged_in_and_no_account_made_before_the_address_is_confirmed)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    t_header("Location", "/verify");
    t_get("/account.json");
    t_status(401);
    eq_int(t_int("select count(*) as n from auth.person where email = '%s'", mail), 0);
    post("/login", "password=a-long-password&email=%", mail);
    t_status(401);
    t_get("/verify");
    t_status(200);
    t_text(mail);
    t_html("input[name=code]");
}

T(ID_01_an_address_that_is_taken_is_answered_like_any_other)
{
    const char *mail = registered();
    t_browser();
    post("/register", "name=Eve&password=another-password&email=%", mail);
    t_status(303);
    t_header("Location", "/verify");
    str told = t_mail_to(str_of(mail));
    has_text(told, "You have one already");
    eq_int(t_mail_code(told).n, 0);
    t_get("/verify");
    str taken = t_body();
    post("/verify", "code=%", "000000");
    t_status(422);
    str wrong = t_body();
    const char *fresh = own_mail();
    t_browser();
    post("/register", "name=Eve&password=another-password&email=%", fresh);
    t_header("Location", "/verify");
    t_get("/verify");
    eq_int((i64)t_body().n, (i64)taken.n);
    post("/verify", "code=%", "000000");
    t_status(422);
    eq_int((i64)t_body().n, (i64)wrong.n);
    eq_int(t_int("select count(*) as n from auth.person where email = '%s' and name = 'Ann'", mail),
        1);
}

T(ID_01_the_link_confirms_by_a_button_and_looking_at_it_changes_nothing)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    str token = t_mail_token(t_mail_to(str_of(mail)));
    const char *path = str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "/verify?token=%.*s", STR(token)));
    t_get(path);
    t_get(path);
    t_status(200);
    t_text(mail);
    eq_int(t_int("select count(*) as n from auth.person where email = '%s'", mail), 0);
    t_browser(); /* on another device: the mail is read on the phone */
    t_get(path);
    t_html("input[name=password]");
    post("/verify", "token=%", str_c(t_ctx()->mem, token));
    t_status(422);
    t_html("input[name=token]");
    post("/verify", "password=a-long-guess&token=%", str_c(t_ctx()->mem, token));
    t_status(422);
    post("/verify", "password=a-long-password&token=%", str_c(t_ctx()->mem, token));
    t_status(303);
    t_header("Location", "/account");
    t_get("/account.json");
    t_json("person.email", mail);
    t_json("person.isVerified", "true");
    t_browser();
    post("/verify", "token=%", str_c(t_ctx()->mem, token)); /* twice */
    t_status(422);
    t_text("used before");
    t_get(path);
    t_status(200);
    t_no_html("input[name=token]");
}

T(ID_01_whose_mail_comes_of_anothers_registration_does_not_confirm_the_others_password)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    t_mail_to(str_of(mail));
    const char *own = str_c(t_ctx()->mem, t_cookie("__Host-verify"));
    t_browser();
    post("/register", "name=Mallory&password=mallorys-password&email=%", mail);
    str letter = t_mail_to(str_of(mail));
    const char *code = str_c(t_ctx()->mem, t_mail_code(letter));
    const char *token = str_c(t_ctx()->mem, t_mail_token(letter));
    t_browser();
    t_cookie_set("__Host-verify", own);
    static const char *const shown[] = { "code=%", "password=a-long-password&code=%", "token=%",
        "password=a-long-password&token=%" };
    for (size_t i = 0; i < COUNT(shown); i++) {
        post("/verify", shown[i], i < 2 ? code : token);
        t_status(422);
        t_html("input[name=password]");
    }
    eq_int(t_int("select count(*) as n from auth.person where email = '%s'", mail), 0);
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    post("/verify", "code=%", str_c(t_ctx()->mem, t_mail_code(t_mail_to(str_of(mail)))));
    t_status(303);
    t_browser();
    post("/login", "password=mallorys-password&email=%", mail);
    t_status(401);
}

T(ID_01_the_last_registration_of_an_address_counts_and_nobody_waits_in_it)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Mallory&password=mallorys-password&email=%", mail);
    t_browser();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    post("/verify", "code=%", str_c(t_ctx()->mem, t_mail_code(t_mail_to(str_of(mail)))));
    t_status(303);
    t_get("/account.json");
    t_json("person.name", "Ann");
    t_browser();
    post("/login", "password=mallorys-password&email=%", mail);
    t_status(401);
}

T(ID_12_who_asks_for_another_mail_hears_that_it_comes)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Ann&password=a-long-password&email=%", mail);
    str first = t_mail_code(t_mail_to(str_of(mail)));
    t_get("/verify");
    no_text(t_body(), "another mail is on its way");
    t_post("/verify/again", "");
    t_header("Location", "/verify?done=again");
    t_get("/verify?done=again");
    t_text("another mail is on its way");
    str second = t_mail_code(t_mail_to(str_of(mail)));
    post("/verify", "code=%", str_c(t_ctx()->mem, first));
    t_status(str_eq(first, second) ? 303 : 422);
    post("/verify", "code=%", str_c(t_ctx()->mem, second));
    t_status(303);
    t_browser(); /* who has nothing to wait for is told nothing */
    t_get("/verify?done=again");
    no_text(t_body(), "another mail is on its way");
}

T(what_is_wrong_with_a_registration_is_said_in_the_form)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=&password=short&email=%", mail);
    t_status(422);
    t_html("[aria-invalid=true]");
    t_html("form[action=/register]");
    t_no_text("short");
    t_post("/register", "name=Ann&password=a-long-password&email=nobody");
    t_status(422);
    t_text("value=\"nobody\"");
}

T(nobody_registers_as_staff)
{
    t_open();
    const char *mail = own_mail();
    post("/register", "name=Eve&role=super_admin&is_staff=1&id=1&password=a-long-password&email=%",
        mail);
    post("/verify", "role=super_admin&code=%",
        str_c(t_ctx()->mem, t_mail_code(t_mail_to(str_of(mail)))));
    t_status(303);
    eq_str(t_str("select role as s from auth.person where email = '%s'", mail), "user");
    t_get("/admin.json");
    t_status(403);
}

/* ---- logging in
 * ----------------------------------------------------------------------------------- */

T(somebody_logs_in_whatever_the_case_of_the_address)
{
    t_open();
    t_post("/login", "email=SHOPPER%40Example.Test&password=market-day-demo");
    t_status(303);
    t_header("Location", "/account");
    t_login(ADMIN_);
    t_header("Location", "/admin");
}

T(a_session_cookie_from_before_is_never_kept)
{
    t_open();
    str planted = crypto_token(t_ctx()->mem, 32);
    t_cookie_set(COOKIE_SESSION, planted.p);
    t_get("/login"); /* with the form's token of that cookie */
    t_cookie_set(COOKIE_SESSION, planted.p);
    t_login(SHOPPER);
    str first = t_cookie(COOKIE_SESSION);
    is_false(str_eq(first, planted));
    is_true(first.n >= 40);
    t_login(SHOPPER); /* again, while logged in */
    str second = t_cookie(COOKIE_SESSION);
    is_false(str_eq(first, second));
    t_get("/account.json");
    t_status(200);
    t_browser();
    t_cookie_set(COOKIE_SESSION, first.p);
    t_get("/account.json");
    t_status(401);
    t_cookie_set(COOKIE_SESSION, planted.p);
    t_get("/account.json");
    t_status(401);
}

static str answer_to(const char *mail, const char *password)
{
    t_browser();
    t_with("Remote-Addr", t_new_address());
    struct buf json = buf_new(t_ctx()->mem, 1000);
    buf_fmt(&json, "{\"email\":\"%s\",\"password\":\"%s\"}", mail, password);
    t_post_json("/login", str_c(t_ctx()->mem, buf_str(&json)));
    t_status(401);
    return t_json_of(node_get(t_document(), S("error")));
}

T(a_wrong_password_and_an_unknown_account_answer_alike)
{
    const char *mail = registered();
    str wrong = answer_to(mail, "not-the-password"),
        unknown = answer_to(own_mail(), "any-password");
    eq_str(wrong, unknown);
    has_text(wrong, "That e-mail address and password do not go together.");
    t_browser();
    post("/login", "password=not-the-password&email=%", mail);
    t_status(401);
    t_html("form[action=/login]");
    t_text("do not go together");
    str page = t_body();
    t_no_text("not-the-password");
    post("/login", "password=not-the-password&email=%", own_mail()); /* as long as the other */
    t_status(401);
    eq_int((i64)t_body().n, (i64)page.n);
}

/* Of this process alone, so that a busy machine counts for little. */
static i64 work_of(const char *mail)
{
    struct timespec from, to;
    t_clock(t_ctx()->now + 10 * MINUTE); /* nobody has to wait */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    answer_to(mail, "not-the-password");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    return (to.tv_sec - from.tv_sec) * SECOND + (to.tv_nsec - from.tv_nsec) / 1000;
}

T(a_wrong_password_and_an_unknown_account_cost_the_same_work)
{
    const char *mail = registered();
    i64 wrong = INT64_MAX, unknown = INT64_MAX, took;
    for (int i = 0; i < 8; i++) {
        wrong = (took = work_of(mail)) < wrong ? took : wrong;
        unknown = (took = work_of(own_mail())) < unknown ? took : unknown;
    }
    is_true(wrong < unknown * 2 && unknown < wrong * 2); /* without it: a tenth */
}

T(five_wrong_tries_from_one_address_are_enough)
{
    const char *mail = registered();
    str session = t_cookie(COOKIE_SESSION);
    const char *here = t_new_address();
    t_browser();
    for (int i = 0; i < 5; i++) {
        t_with("Remote-Addr", here);
        post("/login", "password=not-the-password&email=%", mail);
        t_status(401);
    }
    t_with("Remote-Addr", here);
    post("/login", "password=a-long-password&email=%", mail); /* right, and too late */
    t_status(429);
    is_true(t_header_of("Retry-After").n > 0);
    t_with("Remote-Addr", t_new_address());
    post("/login", "password=a-long-password&email=%", mail); /* the owner, from elsewhere: ... */
    t_status(429);
    t_header("Retry-After", "1");
    t_clock(t_ctx()->now + 2 * SECOND); /* ... has to wait a moment */
    t_with("Remote-Addr", t_new_address());
    post("/login", "password=a-long-password&email=%", mail);
    t_status(303);
    t_browser();
    t_cookie_set(COOKIE_SESSION, session.p); /* and the session that lives, lives on */
    t_get("/account.json");
    t_status(200);
}

T(ten_wrong_tries_from_anywhere_are_enough)
{
    const char *mail = registered();
    t_browser();
    for (int i = 0; i < 10; i++) {
        answer_to(mail, "not-the-password");
        t_clock(t_ctx()->now + MINUTE);
    }
    t_browser();
    t_with("Remote-Addr", t_new_address());
    post("/login", "password=a-long-password&email=%", mail);
    t_status(429);
}

T(after_login_one_goes_on_within_the_shop_only)
{
    static const char *const away[] = { "https://evil.test/", "//evil.test", "/\\evil.test",
        "\\\\evil.test", "http:evil.test", "javascript:alert(1)", "///evil.test", "/%09/evil.test",
        " //evil.test", "/\t/evil.test", "evil.test", "/x\r\nSet-Cookie: a=b", "https:/evil.test",
        "?next=//evil.test", "@evil.test", "/.//evil.test/\\..", "data:text/html,x", "%2f%2fevil" };
    t_open();
    for (size_t i = 0; i < COUNT(away); i++) {
        t_browser();
        struct buf form = buf_new(t_ctx()->mem, 1000);
        buf_add(&form, S("email=shopper%40example.test&password=market-day-demo&next="));
        escape_url_part(&form, str_of(away[i]));
        t_post("/login", str_c(t_ctx()->mem, buf_str(&form)));
        str to = t_header_of("Location");
        if (t_last_status() == 422) /* a control character is no line */
            continue;
        t_status(303);
        if (!str_starts(to, S("/")) || str_starts(to, S("//")) || str_find(to, S("\\")) >= 0 ||
            str_find(to, S("\t")) >= 0)
            ck_abort_msg("next=%s leads to %.*s", away[i], STR(to));
    }
    t_browser();
    t_post("/login", "email=shopper%40example.test&password=market-day-demo&next=/checkout");
    t_header("Location", "/checkout");
    t_get("/login?next=%2F%2Fevil.test");
    t_status(303); /* logged in already */
    t_header("Location", "/account");
}

/* ---- logging out
 * ------------------------------------------------------------------------------------ */

T(logging_out_ends_the_session_everywhere)
{
    t_open();
    t_login(SHOPPER);
    str cookie = t_cookie(COOKIE_SESSION), kept = str_none;
    str key = str_fmt(t_ctx()->mem, "session:%.*s", STR(hash_of_session()));
    is_true(redis_get(t_ctx(), key, &kept) && kept.n);
    t_post("/logout", "");
    t_status(303);
    is_true(redis_get(t_ctx(), key, &kept) && !kept.n);
    eq_int(t_cookie(COOKIE_SESSION).n, 0);
    t_header("Clear-Site-Data", "\"cache\", \"storage\"");
    eq_int(t_int("select count(*) as n from auth.device where session_hash = '%.*s' and ended_at "
                 "is not null",
               STR(crypto_sha256_hex(t_ctx()->mem, cookie))),
        1);
    t_cookie_set(COOKIE_SESSION, cookie.p); /* a stolen copy */
    t_get("/account.json");
    t_status(401);
    t_browser();
    t_post("/logout", ""); /* a stranger's, and twice: nothing happens */
    t_status(303);
}

T(who_may_not_can_log_in_as_somebody_else)
{
    t_open();
    t_login(SHOPPER);
    t_get("/admin/orders?q=a%20lamp");
    t_status(403);
    t_text("You are logged in as " SHOPPER ".");
    t_html("form[action=/logout]");
    t_html("input[value=/admin/orders?q=a%20lamp]");
    t_post("/logout", "next=//evil.example");
    t_header("Location", "/");
    t_login(SHOPPER);
    t_post("/logout", "next=/admin/orders?q=a%2520lamp");
    t_header("Location", "/admin/orders?q=a%20lamp");
    t_get("/admin/orders?q=a%20lamp");
    t_header("Location", "/login?next=/admin/orders%3Fq%3Da%2520lamp");
    t_login(SHOPPER);
    t_post(
        "/admin/keys", "name=x&scopes=orders:read&days=30"); /* of what is sent: from the start */
    t_html("input[value=/login]");
    t_get("/products/there-is-none"); /* nobody else finds it either */
    t_status(404);
    t_html(".shelf-links");
    t_no_text("logged in as");
}

/* ---- what the log says
 * -------------------------------------------------------------------------------- */

static str logged_while_posting(const char *form)
{
    char part[16384];
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_open(ends[1], LOG_INFO);
    post("/login", form, SHOPPER);
    log_open(-1, LOG_ERROR);
    ssize_t n = read(ends[0], part, sizeof part);
    close(ends[0]);
    close(ends[1]);
    return n > 0 ? str_dup(t_ctx()->mem, (str){ part, (size_t)n }) : str_none;
}

T(each_login_and_each_refused_one_is_logged_with_the_persons_number_and_no_more)
{
    t_open();
    t_with("Remote-Addr", t_new_address());
    i64 id = t_int("select id as n from auth.person where email = '" SHOPPER "'");
    str refused = logged_while_posting("password=a-wrong-password-7&email=%");
    t_status(401);
    str taken = logged_while_posting("password=market-day-demo&email=%");
    t_status(303);
    has_text(
        refused, str_fmt(t_ctx()->mem, "\"person\":\"%" PRId64 "\",\"by\":\"password\"}\n", id).p);
    has_text(refused, "\"event\":\"login_refused\"");
    has_text(taken, str_fmt(t_ctx()->mem, "\"person\":\"%" PRId64 "\"}\n", id).p);
    has_text(taken, "\"event\":\"login\"");
    eq_int(str_find(refused, S("wrong-password")), -1);
    eq_int(str_find(refused, S(SHOPPER)), -1);
    eq_int(str_find(taken, S(SHOPPER)), -1);
}

T(another_site_cannot_log_somebody_out)
{
    t_open();
    t_login(SHOPPER);
    t_without_token();
    t_with("Sec-Fetch-Site", "cross-site");
    t_post("/logout", "");
    t_status(403);
    t_get("/account.json");
    t_status(200);
}

/* ---- without Redis
 * -------------------------------------------------------------------------------- */

T(ID_18_a_session_that_redis_lost_is_made_again_from_its_device)
{
    t_open();
    t_login(SHOPPER);
    str key = str_fmt(t_ctx()->mem, "session:%.*s", STR(hash_of_session())), kept = str_none;
    is_true(redis_del(t_ctx(), key));
    t_get("/account.json");
    t_status(200);
    is_true(redis_get(t_ctx(), key, &kept) && kept.n);
}

T(ID_18_a_session_lives_while_redis_is_away_and_its_end_is_kept_for_later)
{
    t_open();
    t_login(SHOPPER);
    str cookie = t_cookie(COOKIE_SESSION), kept = str_none;
    str key = str_fmt(t_ctx()->mem, "session:%.*s", STR(hash_of_session()));
    t_redis(false);
    t_get("/account.json");
    t_status(200);
    t_json("person.email", SHOPPER);
    t_post("/logout", "");
    t_status(303);
    t_cookie_set(COOKIE_SESSION, cookie.p);
    t_get("/account.json");
    t_status(401);
    t_redis(true); /* it still has what it had */
    is_true(redis_get(t_ctx(), key, &kept) && kept.n);
    eq_int(t_int("select count(*) as n from work.job where kind = 'auth.forget'"), 1);
    t_drain();
    is_true(redis_get(t_ctx(), key, &kept) && !kept.n);
    t_get("/account.json");
    t_status(401);
}

T(ID_18_a_device_not_seen_for_a_day_is_no_session_any_more)
{
    t_open();
    t_login(SHOPPER);
    str key = str_fmt(t_ctx()->mem, "session:%.*s", STR(hash_of_session()));
    is_true(redis_del(t_ctx(), key));
    t_sql("update auth.device set seen_at = now() - interval '25 hours'");
    t_get("/account.json");
    t_status(401);
}

T(ID_18_a_session_in_use_ends_a_year_after_the_login_and_for_staff_after_a_month)
{
    t_open();
    static const struct {
        const char *who, *age;
        int status;
    } cases[] = { { SHOPPER, "364 days", 200 }, { SHOPPER, "366 days", 401 },
        { ADMIN_, "29 days", 200 }, { ADMIN_, "31 days", 401 } };
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        t_browser();
        t_login(cases[i / 2].who);
        str hash = hash_of_session(), key = str_fmt(t_ctx()->mem, "session:%.*s", STR(hash)), kept;
        t_sql(
            "update auth.device set created_at = now() - interval '%s' where session_hash = '%.*s'",
            cases[i / 2].age, STR(hash));
        if (i % 2) /* Redis has lost it */
            is_true(redis_del(t_ctx(), key));
        t_clock(t_ctx()->now + 2 * HOUR); /* the database is told of its use, and asked */
        t_get("/account.json");
        t_status(cases[i / 2].status);
        if (cases[i / 2].status == 401) /* at once, not for this request alone */
            is_true(!redis_get(t_ctx(), key, &kept) || !kept.n);
        if (cases[i / 2].status == 401 && i % 2 == 0) /* nor does it stand in the list of logins */
            eq_int(t_int("select count(*) as n from auth.device where session_hash = '%.*s'"
                         " and ended_at is not null",
                       STR(hash)),
                1);
    }
}

static i64 logins_of(i64 person)
{
    return t_int("select count(*) as n from auth.device where person_id = %" PRId64, person);
}

T(ID_18_logins_that_are_over_are_forgotten_when_newer_ones_say_as_much)
{
    const char *mail = registered();
    i64 person = t_int("select id as n from auth.person where email = '%s'", mail);
    post("/login", "password=a-long-password&email=%", mail); /* again, by the same browser */
    t_status(303);
    eq_int(logins_of(person), 2); /* a mail of it may be on its way */
    t_sql("update auth.device set created_at = now() - interval '25 hours'"
          " where person_id = %" PRId64,
        person);
    post("/login", "password=a-long-password&email=%", mail);
    t_status(303);
    eq_int(logins_of(person), 1);
    t_browser();
    post("/login", "password=a-long-password&email=%", mail);
    t_status(303); /* by another: the first one's stands */
    eq_int(logins_of(person), 2);
    t_sql("insert into auth.device"
          " (person_id, session_hash, user_agent, created_at, seen_at, kind)"
          " select %" PRId64 ", 'over' || n, 'agent ' || n, now() - interval '32 days',"
          "        now() - interval '32 days', case n %% 2 when 1 then 'token' else 'session' end"
          "  from generate_series(1, 150) n",
        person);
    post("/login", "password=a-long-password&email=%", mail);
    t_status(303);
    eq_int(t_int("select min(substr(session_hash, 5)::int) * 1000 + count(*) as n from auth.device"
                 " where session_hash like 'over%%'"),
        51 * 1000 + 100);
}

T(ID_18_a_login_of_long_ago_is_forgotten)
{
    t_open();
    t_sql("insert into auth.device (id, person_id, session_hash, created_at)"
          " overriding system value"
          " select -n, (select min(id) from auth.person), 'long ago ' || n,"
          "        now() - (400 + n) * interval '1 day' from generate_series(-1, 1, 2) n");
    t_cron("auth.forget_devices"); /* which begins at the first */
    eq_str(t_str("select string_agg(session_hash, ' ') as s from auth.device"
                 " where session_hash like 'long ago %%'"),
        "long ago -1");
}

T(nonsense_in_the_session_cookie_is_a_guest)
{
    t_open();
    static const char *const nonsense[] = { "x", "../../etc/passwd", "' or 1=1 --",
        "0000000000000000000000000000000000000000000" };
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        t_cookie_set(COOKIE_SESSION, nonsense[i]);
        t_get("/account.json");
        t_status(401);
    }
}

/* ---- strangers and staff
 * ------------------------------------------------------------------------------ */

T(ID_10_ID_23_a_stranger_is_sent_to_login_and_back)
{
    t_open();
    t_get("/account");
    t_status(303);
    t_header("Location", "/login?next=/account");
    t_get("/th/account");
    t_header("Location", "/th/login?next=/account");
}

T(a_place_taken_away_is_gone_with_the_next_request)
{
    t_open();
    t_login(ADMIN_);
    t_get("/admin.json");
    t_status(200);
    t_owner_too();
    t_sql("update auth.member set place = 'viewer' where person_id = 1; "
          "update auth.person set role = 'user' where id = 1");
    t_get("/admin/orders.json");
    t_status(200);
    t_get("/admin/customers.json"); /* for members and above */
    t_status(403);
    t_sql("delete from auth.member where person_id = 1");
    t_get("/admin.json");
    t_status(403);
}

T(a_place_given_counts_from_the_next_login_at_the_latest)
{
    t_open();
    t_login(SHOPPER);
    t_get("/admin.json");
    t_status(403);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_login(SHOPPER);
    t_get("/admin.json");
    t_status(200);
}

/* Each piece of news of an order asks for them. */
T(staff_who_are_here_are_found_however_many_shoppers_are)
{
    t_open();
    t_login(ADMIN_);
    t_get("/admin.json");
    t_sql("discard plans");
    t_sql("set local enable_seqscan = off");
    t_sql("insert into auth.device (person_id, session_hash) select 2, 'many:' || n"
          " from generate_series(1, 1000) n");
    struct ctx *c = t_ctx();
    struct scope scope = c->scope;
    struct node *devices, *lines = node_list(c->mem);
    i64 before = t_rows_read("auth.device");
    c->scope = (struct scope){ .platform = true };
    must(auth_staff(c, (const i64[]){ 1 }, 1, &devices));
    auth_lines_of_staff(c, 1, devices, lines);
    c->scope = scope;
    i64 rows = t_rows_read("auth.device") - before;
    is_true(node_count(lines) > 0);
    eq_int(rows < 300 ? 0 : rows, 0);
}

/* Asked for together, each shop has its own people's lines and no others': who is staff of two is
 * where they have chosen to be on that device. */
T(staff_of_several_shops_are_found_at_once_each_for_their_own)
{
    t_open();
    t_sql("insert into auth.organisation (id, slug, name) overriding system value"
          " values (77, 'next-door', 'Next door')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values"
          " (1, 2, 'viewer'), (77, 2, 'viewer')");
    t_sql("insert into auth.device (person_id, session_hash, organisation_id) values"
          " (2, 'at the first', null), (2, 'next door', 77), (2, 'of strangers', 1)");
    t_sql("update auth.device set ended_at = now() where session_hash = 'of strangers'");
    static const i64 both[] = { 1, 77 };
    struct ctx *c = t_ctx();
    struct scope scope = c->scope;
    struct node *devices, *lines[2] = { node_list(c->mem), node_list(c->mem) };
    c->scope = (struct scope){ .platform = true };
    must(auth_staff(c, both, COUNT(both), &devices));
    for (size_t i = 0; i < COUNT(both); i++)
        auth_lines_of_staff(c, both[i], devices, lines[i]);
    c->scope = scope;
    eq_int(node_count(lines[0]), 2); /* the session's, and what programs share */
    eq_int(node_count(lines[1]), 2);
    eq_str(node_first(lines[0])->next->node.as.text, S("d/at the first"));
    eq_str(node_first(lines[1])->next->node.as.text, S("d/next door"));
}

/* ---- the database's own rules
 * --------------------------------------------------------------------------- */

T(without_a_scope_nobody_is_seen)
{
    t_open();
    t_login(SHOPPER);
    struct scope nobody = { 0 }, shopper = { .person = 2 }, house = { .organisation = 1 };
    eq_int(t_int_as(nobody, "select count(*) as n from auth.person"), 0);
    eq_int(t_int_as(nobody, "select count(*) as n from auth.device"), 0);
    eq_int(t_int_as(nobody, "select count(*) as n from auth.member"), 0);
    eq_int(t_int_as(shopper, "select count(*) as n from auth.person"), 1);
    eq_int(t_int_as(shopper, "select count(*) as n from auth.device where person_id <> 2"), 0);
    eq_int(t_int_as(house, "select count(*) as n from auth.person"), 0);
    eq_int(t_int_as(house, "select count(*) as n from auth.member"), 1);
}
