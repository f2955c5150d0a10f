/* Second factors: setting one up, logging in by two steps, recovery codes, proving it anew, and
 * roles that must have one. Passkeys, which need an authenticator, are in t/http and t/e2e. */
#include "auth/factor_in.h"
#include "io/io.h"
#include "t/shop.h"
#include "vault/vault.h"
#include "web/web.h"

#define PASSWORD "a-long-password"

static const char *mail_of_test; /* the person of this test */
static str secret_of_test;

static const char *c_str(str s) { return str_c(t_ctx()->mem, s); }

static void form(const char *path, const char *name, str value, const char *more)
{
    struct buf out = buf_new(t_ctx()->mem, 4096);
    buf_fmt(&out, "%s=", name);
    escape_url_part(&out, value);
    buf_fmt(&out, "&%s", more);
    t_post(path, c_str(buf_str(&out)));
}

static void registers(void)
{
    t_open();
    struct arena *mem = t_ctx()->mem;
    mail_of_test = c_str(str_lower(mem, str_fmt(mem, "f-%s@example.test", crypto_token(mem, 6).p)));
    form("/register", "email", str_of(mail_of_test), "name=Ann&password=" PASSWORD);
    form("/verify", "code", t_mail_code(t_mail_to(str_of(mail_of_test))), "");
    t_status(303);
    t_header("Location", "/account");
}

static str code(i64 steps_from_now)
{
    return totp_code(
        t_ctx()->mem, secret_of_test, totp_step(t_ctx()->now) + steps_from_now, TOTP_DIGITS);
}

static void time_goes_by(i64 us) { t_clock(t_ctx()->now + us); }

/* Gives the ten codes. */
static const struct node *sets_up_the_app(void)
{
    t_get("/account/security/app.json");
    t_status(200);
    is_true(unbase32(t_ctx()->mem, node_str(t_document(), "secret"), &secret_of_test));
    eq_int((i64)secret_of_test.n, TOTP_SECRET);
    str sealed = node_str(t_document(), "sealed"), now = code(0);
    struct buf json = buf_new(t_ctx()->mem, 1000);
    buf_fmt(&json, "{\"sealed\":\"%.*s\",\"code\":\"%.*s\"}", STR(sealed), STR(now));
    t_post_json("/account/security/app.json", c_str(buf_str(&json)));
    t_status(200);
    return node_copy(t_ctx()->mem, node_get(t_document(), S("codes")));
}

static str nth(const struct node *codes, int n)
{
    EACH(item, codes)
        if (!n--)
            return item->node.as.text;
    return str_none;
}

static void gives_the_password(void)
{
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD);
    t_status(303);
    t_header("Location", "/login/second");
    is_true(t_cookie("__Host-pending").n >= 40);
}

static void is_stranger(void)
{
    t_get("/account.json");
    t_status(401);
}

/* ---- setting up --------------------------------------------------------------------------------
 */

T(an_app_is_set_up_by_its_first_code)
{
    registers();
    t_get("/account/security/app");
    t_status(200);
    t_html("svg.qr");
    t_no_text("style=");
    const struct node *codes = sets_up_the_app();
    eq_int((i64)node_count(codes), 10);
    t_get("/account/security.json");
    t_json("hasApp", "true");
    t_json("codesLeft", "10");
    eq_int(t_int("select count(*) as n from auth.totp t join auth.person p on p.id = t.person_id "
                 "where p.email = '%s' and t.secret like '%%%s%%'",
               mail_of_test, c_str(base32(t_ctx()->mem, secret_of_test))),
        0);
    eq_int(t_int("select count(*) as n from auth.recovery r join auth.person p on "
                 "p.id = r.person_id where p.email = '%s' and r.code_hash like '$argon2id$%%'",
               mail_of_test),
        10);
    has_text(t_mail_to(str_of(mail_of_test)), "An authenticator app was set up");
}

T(a_wrong_first_code_sets_nothing_up)
{
    registers();
    t_get("/account/security/app.json");
    str sealed = node_str(t_document(), "sealed");
    form("/account/security/app", "sealed", sealed, "code=123456");
    t_status(422);
    t_html("[aria-invalid=true]");
    t_text(c_str(sealed)); /* the same picture again */
    form("/account/security/app", "sealed", S("nonsense"), "code=123456");
    t_status(422);
    t_get("/account/security.json");
    t_json("hasApp", "false");
}

T(the_key_of_somebody_else_sets_nothing_up)
{
    registers();
    t_get("/account/security/app.json");
    str sealed = node_str(t_document(), "sealed");
    is_true(unbase32(t_ctx()->mem, node_str(t_document(), "secret"), &secret_of_test));
    t_browser();
    registers();
    struct buf more = buf_new(t_ctx()->mem, 100);
    buf_fmt(&more, "code=%.*s", STR(code(0)));
    form("/account/security/app", "sealed", sealed, c_str(buf_str(&more)));
    t_status(422);
    t_get("/account/security.json");
    t_json("hasApp", "false");
}

T(a_stranger_sets_nothing_up)
{
    t_open();
    t_get("/account/security");
    t_status(303);
    t_header("Location", "/login?next=/account/security");
    static const char *const posts[] = { "/account/security/app.json",
        "/account/security/app/off.json", "/account/security/codes.json",
        "/account/security/passkeys.json", "/account/confirm.json" };
    for (size_t i = 0; i < COUNT(posts); i++) {
        t_post_json(posts[i], "{}");
        t_status(401);
    }
}

/* ---- two steps
 * --------------------------------------------------------------------------------------- */

T(after_the_password_alone_nobody_is_logged_in)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    gives_the_password();
    eq_int((i64)t_cookie(COOKIE_SESSION).n, 0);
    is_stranger();
    t_get("/login/second");
    t_status(200);
    t_html("input[name=code]");
    form("/login/second", "code", code(0), "");
    t_status(303);
    t_header("Location", "/account");
    is_true(t_cookie(COOKIE_SESSION).n >= 40);
    eq_int((i64)t_cookie("__Host-pending").n, 0);
    t_get("/account.json");
    t_json("person.email", mail_of_test);
}

T(the_second_step_leads_where_the_first_was_to_lead)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD "&next=/orders");
    form("/login/second", "code", code(0), "");
    t_header("Location", "/orders");
}

T(the_steps_around_now_count)
{
    registers();
    sets_up_the_app();
    static const i64 good[] = { -1, 1 }, bad[] = { -2, 2 };
    for (size_t i = 0; i < COUNT(good); i++) {
        time_goes_by(5 * MINUTE);
        gives_the_password();
        form("/login/second", "code", code(bad[i]), "");
        t_status(422);
        form("/login/second", "code", code(good[i]), "");
        t_status(303);
    }
}

T(asvs_6_5_1_a_code_of_the_app_counts_once)
{
    registers();
    sets_up_the_app();
    gives_the_password();
    form("/login/second", "code", code(0), ""); /* that of setting it up */
    t_status(422);
    t_text("has been used");
    time_goes_by(MINUTE);
    form("/login/second", "code", code(0), "");
    t_status(303);
    gives_the_password();
    form("/login/second", "code", code(0), "");
    t_status(422);
    form("/login/second", "code", code(-1), ""); /* and none before it */
    t_status(422);
    is_stranger();
}

T(five_wrong_codes_are_enough)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    gives_the_password();
    for (int i = 0; i < 4; i++) {
        form("/login/second", "code", S("000000"), "");
        t_status(422);
    }
    form("/login/second", "code", S("000000"), "");
    t_status(410);
    t_text("Please log in again");
    form("/login/second", "code", code(0), ""); /* right, and too late */
    t_status(410);
    gives_the_password();
    form(
        "/login/second", "code", code(0), ""); /* nor by beginning again: the account's own limit */
    t_status(429);
    is_true(t_header_of("Retry-After").n > 0);
    is_stranger();
}

T(who_is_kept_from_guessing_digits_has_a_recovery_code)
{
    registers();
    const struct node *codes = sets_up_the_app();
    gives_the_password();
    for (int i = 0; i < 5; i++)
        form("/login/second", "code", S("000000"), "");
    gives_the_password();
    form("/login/second", "code", nth(codes, 3), "");
    t_status(303);
}

T(a_login_begun_ten_minutes_ago_is_over)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    gives_the_password();
    t_sql("update auth.pending set created_at = now() - interval '10 minutes 1 second'");
    form("/login/second", "code", code(0), "");
    t_status(410);
    is_stranger();
}

T(the_second_step_belongs_to_the_browser_of_the_first)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    gives_the_password();
    t_browser();
    form("/login/second", "code", code(0), "");
    t_status(410);
    t_cookie_set("__Host-pending", "0000000000000000000000000000000000000000000");
    form("/login/second", "code", code(0), "");
    t_status(410);
    t_get("/login/second");
    t_status(410);
    t_html("a[href=/login]");
}

T(another_person_s_code_does_not_do)
{
    registers();
    sets_up_the_app();
    str theirs = secret_of_test;
    registers();
    const struct node *codes = sets_up_the_app();
    time_goes_by(MINUTE);
    gives_the_password();
    form("/login/second", "code", totp_code(t_ctx()->mem, theirs, totp_step(t_ctx()->now), 6), "");
    t_status(422);
    t_browser();
    registers();
    sets_up_the_app();
    gives_the_password();
    form("/login/second", "code", nth(codes, 0), "");
    t_status(422);
}

T(a_session_from_before_the_second_step_is_another)
{
    registers();
    sets_up_the_app();
    str before = t_cookie(COOKIE_SESSION);
    time_goes_by(MINUTE);
    gives_the_password();
    t_cookie_set(COOKIE_SESSION, "planted-0000000000000000000000000000000000000");
    t_without_token();
    t_with("Sec-Fetch-Site", "same-origin");
    t_get("/login/second");
    t_cookie_set(COOKIE_SESSION, NULL);
    form("/login/second", "code", code(0), "");
    t_status(303);
    is_false(str_eq(t_cookie(COOKIE_SESSION), before));
    is_false(str_starts(t_cookie(COOKIE_SESSION), S("planted")));
}

/* ---- clients of the API ------------------------------------------------------------------------
 */

static str asks_for_a_token(void)
{
    t_browser();
    struct buf json = buf_new(t_ctx()->mem, 1000);
    buf_fmt(&json, "{\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", mail_of_test);
    t_post_json("/api/auth/login", c_str(buf_str(&json)));
    t_status(401);
    t_json("error", "Second factor required");
    t_no_text("accessToken");
    return str_dup(t_ctx()->mem, node_str(t_document(), "challenge"));
}

static void answers(str challenge, str with)
{
    struct buf json = buf_new(t_ctx()->mem, 1000);
    buf_fmt(&json, "{\"challenge\":\"%.*s\",\"code\":\"%.*s\"}", STR(challenge), STR(with));
    t_post_json("/api/auth/second-factor", c_str(buf_str(&json)));
}

T(a_client_of_the_api_answers_its_challenge)
{
    registers();
    sets_up_the_app();
    time_goes_by(MINUTE);
    str challenge = asks_for_a_token();
    answers(challenge, S("000000"));
    t_status(401);
    answers(S("nonsense"), code(0));
    t_status(401);
    answers(challenge, code(0));
    t_status(200);
    t_json("user.email", mail_of_test);
    is_true(node_str(t_document(), "accessToken").n > 100);
    answers(challenge, code(1)); /* and is over with that */
    t_status(401);
    t_json("error", "Please log in again.");
}

/* ---- recovery codes
 * --------------------------------------------------------------------------------- */

T(a_recovery_code_logs_in_once_and_its_owner_hears_of_it)
{
    registers();
    const struct node *codes = sets_up_the_app();
    eq_int(t_int("select count(*) as n from auth.recovery where code_hash not like "
                 "'$argon2id$v=19$m=19456,t=2,p=1$%%'"),
        0);
    gives_the_password();
    form("/login/second", "code", nth(codes, 0), "");
    t_status(303);
    has_text(t_mail_to(str_of(mail_of_test)), "one of your recovery codes");
    gives_the_password();
    form("/login/second", "code", nth(codes, 0), "");
    t_status(422);
    str typed = str_upper(t_ctx()->mem, nth(codes, 9)); /* as people type */
    form("/login/second", "code", str_fmt(t_ctx()->mem, " %.*s ", STR(typed)), "");
    t_status(303);
    t_get("/account/security.json");
    t_json("codesLeft", "8");
}

T(new_recovery_codes_end_the_old_ones_and_are_in_the_trail_SE_13)
{
    registers();
    const struct node *codes = sets_up_the_app();
    t_post_json("/account/security/codes.json", "{}");
    t_status(200);
    const struct node *fresh = node_copy(t_ctx()->mem, node_get(t_document(), S("codes")));
    eq_int((i64)node_count(fresh), 10);
    eq_int(t_int("select count(*) as n from notify.mail m join auth.person p on m.cause like 'codes:' || p.id "
                 "|| ':%%' where m.template = 'factor_news' and p.email = '%s'", mail_of_test), 1);
    gives_the_password();
    form("/login/second", "code", nth(codes, 1), "");
    t_status(422);
    form("/login/second", "code", nth(fresh, 1), "");
    t_status(303);
    eq_int(t_int("select count(*) as n from audit.entry e join auth.person p on e.thing_id = p.id::text "
                 "where e.thing = 'auth.person' and e.action = 'recovery_codes' "
                 "and e.person_id = p.id and p.email = '%s'",
               mail_of_test),
        2); /* with the app, and anew */
}

/* By talatctl keys destroy person. */
static void the_key_is_destroyed(void)
{
    must(vault_destroy(t_ctx(), VAULT_PERSON,
        t_int("select id as n from auth.person where email = '%s'", mail_of_test)));
}

T(with_the_persons_key_destroyed_a_recovery_code_is_right_and_none_of_the_app)
{
    registers();
    const struct node *codes = sets_up_the_app();
    the_key_is_destroyed();
    gives_the_password();
    form("/login/second", "code", code(1), "");
    t_status(422);
    form("/login/second", "code", nth(codes, 0), "");
    t_status(303);
    t_get("/account.json");
    t_status(200);
}

T(with_the_persons_key_destroyed_nobody_sets_up_an_app_and_is_told_why)
{
    registers();
    the_key_is_destroyed();
    t_get("/account/security/app.json");
    is_true(unbase32(t_ctx()->mem, node_str(t_document(), "secret"), &secret_of_test));
    str sealed = node_str(t_document(), "sealed"), now = code(0);
    form("/account/security/app", "sealed", sealed, str_fmt(t_ctx()->mem, "code=%.*s", STR(now)).p);
    t_status(409);
    t_text("Nothing personal can be kept for this account any more.");
}

T(a_page_of_recovery_codes_that_is_loaded_again_ends_none_of_them)
{
    registers();
    sets_up_the_app();
    t_post("/account/security/codes", "");
    t_status(303);
    const char *there = str_c(t_ctx()->mem, str_dup(t_ctx()->mem, t_header_of("Location")));
    i64 made = t_int("select max(id) as n from auth.recovery");
    t_get(there);
    t_status(200);
    t_text("They are shown only now.");
    i64 at = str_find(t_body(), S("<code>"));
    is_true(at > 0);
    str first = str_dup(t_ctx()->mem, str_upto(str_from(t_body(), (size_t)at + 6), 11));
    t_get(there);
    t_status(200);
    t_text("are not shown again");
    t_no_text(str_c(t_ctx()->mem, first));
    eq_int(t_int("select max(id) as n from auth.recovery"), made);
    t_get("/account/security/codes");
    t_status(200);
    t_no_text(str_c(t_ctx()->mem, first));
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD);
    form("/login/second", "code", first, "");
    t_status(303);
}

T(without_a_factor_there_are_no_recovery_codes)
{
    registers();
    t_post_json("/account/security/codes.json", "{}");
    t_status(409);
}

/* ---- a code by mail
 * ------------------------------------------------------------------------------------ */

T(a_shopper_may_have_a_code_sent_by_mail)
{
    registers();
    sets_up_the_app();
    gives_the_password();
    t_post("/login/second/mail", "");
    t_status(200);
    t_text("We have sent you a mail with a code.");
    str sent = t_mail_code(t_mail_to(str_of(mail_of_test)));
    eq_int((i64)sent.n, 6);
    str cookie = t_cookie("__Host-pending");
    form("/login/second", "code", sent, "");
    t_status(303);
    t_browser();
    t_cookie_set("__Host-pending", c_str(cookie)); /* twice */
    form("/login/second", "code", sent, "");
    t_status(410);
    t_browser();
    t_post("/login/second/mail", ""); /* a stranger */
    t_status(410);
}

T(staff_have_no_codes_sent_by_mail)
{
    registers();
    sets_up_the_app();
    t_sql("insert into auth.member (organisation_id, person_id, place) select 1, id, 'viewer' "
          "from auth.person where email = '%s'",
        mail_of_test);
    gives_the_password();
    t_get("/login/second.json");
    t_json("mayMail", "false");
    t_post("/login/second/mail", "");
    t_status(403);
}

/* ---- turning it off
 * ------------------------------------------------------------------------------------- */

T(the_app_is_turned_off_by_a_code_or_the_password)
{
    registers();
    sets_up_the_app();
    form("/account/security/app/off", "proof", S("not-my-password"), "");
    t_status(422);
    form("/account/security/app/off", "proof", S("000000"), "");
    t_status(422);
    form("/account/security/app/off", "proof", S(PASSWORD), "");
    t_status(303);
    t_get("/account/security.json");
    t_json("hasApp", "false");
    t_json("codesLeft", "0");
    sets_up_the_app();
    time_goes_by(MINUTE);
    form("/account/security/app/off", "proof", code(0), "");
    t_status(303);
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD);
    t_header("Location", "/account");
    has_text(t_mail_to(str_of(mail_of_test)), "turned off");
}

static void has_the_password(const char *password)
{
    str hash;
    is_true(crypto_password_hash(t_ctx()->mem, str_of(password), &hash));
    t_sql("update auth.person set password_hash = '%.*s' where email = '%s'", STR(hash),
        mail_of_test);
}

/* Brought along from another shop, it may be shorter than ours, and look like a code. */
T(the_app_is_turned_off_by_a_password_of_any_form)
{
    static const char *const passwords[] = { "kitty", "abc 123", "strawberry" };
    registers();
    for (size_t i = 0; i < COUNT(passwords); i++) {
        sets_up_the_app();
        time_goes_by(MINUTE);
        has_the_password(passwords[i]);
        form("/account/security/app/off", "proof", S("doggy"), "");
        t_status(422);
        form("/account/security/app/off", "proof", str_of(passwords[i]), "");
        t_status(303);
    }
}

T(the_app_is_turned_off_by_a_recovery_code_which_is_no_wrong_password)
{
    registers();
    str recovery = sets_up_the_app()->as.items.first->node.as.text;
    recovery = str_dup(t_ctx()->mem, recovery);
    for (int i = 0; i < 5; i++) {
        form("/account/security/app/off", "proof", S("not-my-password"), "");
        t_status(422);
    }
    form("/account/security/app/off", "proof", S("not-my-password"), "");
    t_status(429);
    form("/account/security/app/off", "proof", recovery, "");
    t_status(303);
    t_get("/account/security.json");
    t_json("hasApp", "false");
}

/* ---- proving it anew
 * -------------------------------------------------------------------------------------- */

static void a_quarter_of_an_hour_later(void)
{
    t_sql("update auth.device set proved_at = now() - interval '16 minutes'");
}

T(what_is_grave_asks_again_after_a_quarter_of_an_hour)
{
    registers();
    t_get("/account/security/app");
    t_status(200);
    a_quarter_of_an_hour_later();
    t_get("/account/security/app");
    t_status(303);
    t_header("Location", "/account/confirm?next=%2Faccount%2Fsecurity%2Fapp");
    t_post_json("/account/security/app.json", "{\"sealed\":\"x\",\"code\":\"1\"}");
    t_status(403);
    t_json("error", "Please confirm first that it is you.");
    str before = t_cookie(COOKIE_SESSION);
    t_post("/account/confirm", "password=not-my-password&next=/account/security/app");
    t_status(422);
    t_text("That is not your password.");
    t_post("/account/confirm", "next=/account/security/app");
    t_status(422);
    t_post("/account/confirm", "password=" PASSWORD "&next=/account/security/app");
    t_status(303);
    t_header("Location", "/account/security/app");
    is_false(str_eq(before, t_cookie(COOKIE_SESSION))); /* fixation */
    t_get("/account/security/app");
    t_status(200);
    t_browser();
    t_cookie_set(COOKIE_SESSION, c_str(before));
    is_stranger();
}

T(proving_it_leads_within_the_shop_only)
{
    registers();
    t_post("/account/confirm", "password=" PASSWORD "&next=//evil.test");
    t_header("Location", "/account/security");
    t_post("/account/confirm", "password=" PASSWORD "&next=https://evil.test");
    t_header("Location", "/account/security");
    t_post("/account/confirm", "password=" PASSWORD "&next=/%5Cevil.test");
    t_header("Location", "/account/security");
}

T(a_code_of_the_app_proves_it_too)
{
    registers();
    sets_up_the_app();
    a_quarter_of_an_hour_later();
    time_goes_by(MINUTE);
    form("/account/confirm", "code", S("000000"), "");
    t_status(422);
    str before = t_cookie(COOKIE_SESSION);
    form("/account/confirm", "code", code(0), "");
    t_status(303);
    is_false(str_eq(before, t_cookie(COOKIE_SESSION))); /* fixation */
    form("/account/confirm", "code", code(0), "");
    t_status(422);
}

T(an_api_key_is_made_by_who_has_proved_it_lately)
{
    t_open();
    t_login("admin@example.test");
    a_quarter_of_an_hour_later();
    t_post("/admin/keys", "name=Till&days=30&scopes=orders:read-all");
    t_status(303);
    is_true(str_starts(t_header_of("Location"), S("/account/confirm?next=")));
    eq_int(t_int("select count(*) as n from auth.api_key where name = 'Till'"), 0);
    t_post("/account/confirm", "password=market-day-demo&next=/admin/keys");
    t_header("Location", "/admin/keys");
    t_post("/admin/keys", "name=Till&days=30&scopes=orders:read-all");
    is_true(str_starts(t_header_of("Location"), S("/admin/keys?done=")));
}

/* ---- roles that must have one
 * --------------------------------------------------------------------------- */

T(who_must_have_a_factor_sets_it_up_before_the_back_office_opens)
{
    registers();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "second_factor", S("admin owner"));
    t_sql("insert into auth.member (organisation_id, person_id, place) select 1, id, 'owner' "
          "from auth.person where email = '%s'",
        mail_of_test);
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD);
    t_header("Location", "/admin");
    t_get("/admin");
    t_status(303);
    t_header("Location", "/account/security");
    t_get("/admin/orders.json");
    t_status(403);
    t_text("asks for a second factor");
    t_get("/account/security.json");
    t_json("isDue", "true");
    t_get("/orders.json"); /* as a shopper one goes on */
    t_status(200);
    sets_up_the_app();
    t_get("/admin.json");
    t_status(200);
}

T(other_roles_need_none)
{
    registers();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "second_factor", S("super_admin owner"));
    t_sql("insert into auth.member (organisation_id, person_id, place) select 1, id, 'viewer' "
          "from auth.person where email = '%s'",
        mail_of_test);
    t_browser();
    form("/login", "email", str_of(mail_of_test), "password=" PASSWORD);
    t_get("/admin.json");
    t_status(200);
}

/* ---- the database's own rules
 * ------------------------------------------------------------------------------ */

T(nobody_sees_another_s_factors)
{
    registers();
    sets_up_the_app();
    gives_the_password();
    struct scope nobody = { 0 }, other = { .person = 2 }, house = { .organisation = 1 };
    static const char *const tables[] = { "totp", "recovery", "passkey", "pending",
        "used_challenge" };
    for (size_t i = 0; i < COUNT(tables); i++) {
        const char *sql =
            str_fmt(t_ctx()->mem, "select count(*) as n from auth.%s where true", tables[i]).p;
        eq_int(t_int_as(nobody, sql), 0);
        eq_int(t_int_as(other, sql), 0);
        eq_int(t_int_as(house, sql), 0);
    }
}
