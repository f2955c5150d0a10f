/* What else than a password opens an account, after somebody else may have been in it: an address
 * that is taken back, a password chosen by mail, and what a code by mail is worth after that. */
#include "auth/factor_in.h"
#include "io/io.h"
#include "t/shop.h"
#include "web/web_in.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define PASSWORD "a-long-password"
#define BETTER   "seven quiet lanterns"

static const char *ann; /* the person of this test */
static i64 ann_id;

static const char *c_str(str s) { return str_c(t_ctx()->mem, s); }

/* By whoever runs the shop. */
static void is_given(const char *password)
{
    struct scope before = t_ctx()->scope;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_person_add(
        t_ctx(), str_of(ann), S("Ann Away"), str_of(password), S("user"), &ann_id));
    t_ctx()->scope = before;
}

static const char *somebody(void)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    ann = c_str(str_lower(mem, str_fmt(mem, "w-%s@example.test", crypto_code(mem, 10).p)));
    is_given(PASSWORD);
    return ann;
}

static void logs_in(const char *password)
{
    t_browser();
    t_post_f("/login", "email=%s&password=%s", ann, password);
    t_status(303);
}

/* One of each kind, so many days ago. */
static void adds_each(const char *days)
{
    const char *name = c_str(crypto_code(t_ctx()->mem, 8));
    t_sql(
        "insert into auth.passkey (person_id, credential, public_key, sign_count, is_synced, name,"
        " created_at) values (%" PRId64 ", '%s', decode(repeat('ab', 64), 'hex'), 0, false,"
        " 'key of %s', now() - interval '%s days')",
        ann_id, name, days, days);
    t_sql("insert into auth.identity (person_id, provider, issuer, subject, email, created_at)"
          " values (%" PRId64 ", 'fake', 'https://fake.test', '%s', 'of-%s@fake.test',"
          " now() - interval '%s days')",
        ann_id, name, days, days);
    t_sql("insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes,"
          " created_at) values (1, %" PRId64 ", 'program of %s', 'tlt_%s', 'x',"
          " '{catalog.read}', now() - interval '%s days')",
        ann_id, days, c_str(str_lower(t_ctx()->mem, str_of(name))), days);
}

static i64 count(const char *table, const char *where)
{
    return t_int("select count(*) as n from auth.%s where person_id = %" PRId64 " and %s", table,
        ann_id, where);
}

static str secret_of_app;

static str code(i64 steps_from_now)
{
    return totp_code(
        t_ctx()->mem, secret_of_app, totp_step(t_ctx()->now) + steps_from_now, TOTP_DIGITS);
}

/* By who is logged in; gives a recovery code. */
static str sets_up_the_app(void)
{
    str sealed;
    t_get("/account/security/app.json");
    t_status(200);
    sealed = node_str(t_document(), "sealed");
    is_true(unbase32(t_ctx()->mem, node_str(t_document(), "secret"), &secret_of_app));
    t_post_json("/account/security/app.json",
        c_str(str_fmt(
            t_ctx()->mem, "{\"sealed\":\"%.*s\",\"code\":\"%.*s\"}", STR(sealed), STR(code(0)))));
    t_status(200);
    return str_dup(t_ctx()->mem, node_get(t_document(), S("codes"))->as.items.first->node.as.text);
}

static void is_of_days_ago(const char *table, int days)
{
    t_sql("update auth.%s set created_at = now() - interval '%d days' where person_id = %" PRId64,
        table, days, ann_id);
}

static void has_an_old_app(void)
{
    somebody();
    logs_in(PASSWORD);
    sets_up_the_app();
    is_of_days_ago("totp", 30);
    is_of_days_ago("recovery", 30);
}

/* ---- an address that is taken back --------------------------------------------------------------
 */

static str moves_away(void)
{
    const char *bad = c_str(str_fmt(t_ctx()->mem, "bad-%s", ann));
    t_post_f("/account/email", "email=%s&old=" PASSWORD, bad);
    t_status(303);
    str token = t_mail_token(t_mail_to(str_of(bad)));
    t_post_f("/account/email/confirm", "token=%.*s", STR(token));
    t_status(303);
    return t_mail_token(t_mail_to(str_of(ann)));
}

static void takes_it_back(str token)
{
    t_browser();
    t_post_f("/account/email/undo", "token=%.*s", STR(token));
    t_status(303);
}

static const struct place program_place = { .agent = { "a program", 9 } };

T(ID_20_the_way_back_closes_what_an_intruder_opened_and_nothing_older)
{
    somebody();
    logs_in(PASSWORD);
    adds_each("9");
    adds_each("0.5"); /* before the change: doors first, then the lock */
    str back = moves_away();
    adds_each("0");
    sets_up_the_app();
    t_sql("insert into auth.phone (person_id, number, tail, country, is_factor) values"
          " (%" PRId64 ", 'x', '21', 'TH', true)",
        ann_id);
    t_sql("insert into auth.invitation (organisation_id, email, place, invited_by, created_at,"
          " expires_at, outcome) select 1, 'zq' || n || '@example.test', 'admin', %" PRId64 ","
          " now() - age, now() + interval '7 days', was from (values (1, interval '0', 'open'),"
          " (2, interval '12 hours', 'open'), (3, interval '3 days', 'open'),"
          " (4, interval '0', 'accepted')) x (n, age, was)",
        ann_id);
    takes_it_back(back);
    eq_str(t_str("select string_agg(outcome, ' ' order by email) as s from auth.invitation where"
                 " invited_by = %" PRId64,
               ann_id),
        "withdrawn withdrawn open accepted");
    static const char *const tables[] = { "passkey", "identity" };
    for (size_t i = 0; i < COUNT(tables); i++) {
        eq_int(count(tables[i], "true"), 1);
        eq_int(count(tables[i], "created_at < now() - interval '8 days'"), 1);
    }
    eq_int(count("api_key", "revoked_at is null"), 1);
    eq_int(count("api_key", "revoked_at is not null"), 2);
    eq_int(count("totp", "true"), 0);
    eq_int(count("phone", "true"), 0);
    eq_int(count("recovery", "true"), 0);
    has_text(t_mail_to(str_of(ann)), "What had been added to your account");
}

T(ID_20_the_way_back_leaves_the_owner_the_second_factor_they_had)
{
    somebody();
    logs_in(PASSWORD);
    sets_up_the_app();
    is_of_days_ago("totp", 3);
    is_of_days_ago("recovery", 3);
    takes_it_back(moves_away());
    eq_int(count("totp", "true"), 1);
    eq_int(count("recovery", "true"), 10);
    no_text(t_mail_to(str_of(ann)), "What had been added to your account");
}

/* ---- what was on its way when all logins ended --------------------------------------------------
 */

/* For everybody but Redis, which has not heard of it. */
static void all_logins_end(void)
{
    t_sql("update auth.device set ended_at = now() where person_id = %" PRId64, ann_id);
}

T(ID_20_an_ended_login_changes_no_password_and_asks_for_no_other_address)
{
    somebody();
    logs_in(PASSWORD);
    all_logins_end();
    t_post("/account/password", "old=" PASSWORD "&password=" BETTER);
    is_true(t_last_status() != 200 && !str_eq(t_header_of("Location"), S("/account?done=password")));
    t_post_f("/account/email", "email=bad-%s&old=" PASSWORD, ann);
    is_true(t_last_status() != 200 && !str_eq(t_header_of("Location"), S("/account/email?sent=1")));
    eq_int(count("code", "true"), 0);
    logs_in(PASSWORD);
    t_header("Location", "/account");
}

T(ID_20_a_login_begun_under_a_password_of_before_is_none)
{
    struct login who;
    struct refreshed token;
    somebody();
    must(auth_check(t_ctx(), str_of(ann), S(PASSWORD), &who));
    logs_in(PASSWORD);
    takes_it_back(moves_away());
    struct scope before = scope_of(t_ctx(), ann_id);
    eq_err(refresh_begin(t_ctx(), &who, &program_place, &token), E_LOGIN);
    t_ctx()->scope = before;
    eq_int(count("device", "kind = 'token'"), 0);
    fault_clear(t_ctx());
}

T(asking_for_another_address_is_counted_as_any_mail_to_strangers)
{
    somebody();
    const char *from = t_new_address();
    str network = str_upto(str_of(from), strlen(from) - strlen(":1"));
    struct counter mails = { .key = str_fmt(t_ctx()->mem, "rl:mail-address:%.*s", STR(network)),
        .window_s = 3600 };
    logs_in(PASSWORD);
    t_with("Remote-Addr", from);
    t_post_f("/account/email", "email=bad-%s&old=wrong-password", ann);
    t_status(422);
    is_true(redis_count(t_ctx(), &mails, 1));
    eq_int(mails.count, 0);
    t_with("Remote-Addr", from);
    t_post_f("/account/email", "email=bad-%s&old=" PASSWORD, ann);
    t_status(303);
    is_true(redis_count(t_ctx(), &mails, 1));
    eq_int(mails.count, 1);
}

/* ---- logins that wait ---------------------------------------------------------------------------
 */

static str begins_a_login(void)
{
    logs_in(PASSWORD);
    t_header("Location", "/login/second");
    return t_cookie("__Host-pending");
}

static str asks_for_a_password(void)
{
    t_browser();
    t_post_f("/password/forgotten", "email=%s", ann);
    return t_mail_token(t_mail_to(str_of(ann)));
}

static void chooses(str token, int status)
{
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(status);
}

T(ID_12_a_login_that_has_shown_the_old_password_is_over_with_it)
{
    has_an_old_app();
    str half = begins_a_login();
    chooses(asks_for_a_password(), 303);
    t_header("Location", "/login?done=password");
    t_browser();
    t_cookie_set("__Host-pending", half.p);
    t_clock(t_ctx()->now + MINUTE);
    t_post_f("/login/second", "code=%.*s", STR(code(0)));
    t_status(410);
    eq_int(count("pending", "true"), 0);
}

/* The password was looked at before it changed, the second step is asked for after. */
T(ID_12_a_login_that_knew_the_old_password_waits_for_no_second_step)
{
    struct login who;
    str challenge;
    has_an_old_app();
    must(auth_check(t_ctx(), str_of(ann), S(PASSWORD), &who));
    struct req r = { .c = *t_ctx() };
    must(second_ask(&r, &who, &challenge));
    eq_int(count("pending", "true"), 1);
    chooses(asks_for_a_password(), 303);
    eq_err(second_ask(&r, &who, &challenge), E_LOGIN);
    eq_int(count("pending", "true"), 0);
}

T(a_password_that_the_shop_gives_ends_what_began_under_the_one_before)
{
    struct login who;
    struct refreshed program, again;
    has_an_old_app();
    must(auth_check(t_ctx(), str_of(ann), S(PASSWORD), &who));
    struct scope before = scope_of(t_ctx(), ann_id);
    must(refresh_begin(t_ctx(), &who, &program_place, &program));
    t_ctx()->scope = before;
    begins_a_login();
    str reset = asks_for_a_password();
    t_sql("update auth.person set mailed_at = now() where id = %" PRId64, ann_id);
    eq_int(count("device", "ended_at is null"), 2);
    is_given(BETTER);
    eq_int(count("device", "ended_at is null"), 0);
    eq_int(count("pending", "true"), 0);
    eq_int(t_int("select count(*) as n from auth.person where mailed_at is null and id = %" PRId64,
               ann_id),
        1);
    chooses(reset, 410);
    before = scope_of(t_ctx(), ann_id);
    eq_err(refresh_begin(t_ctx(), &who, &program_place, &again), E_LOGIN);
    t_ctx()->scope = before;
    fault_clear(t_ctx());
    eq_err(refresh_again(t_ctx(), program.token, &again), E_LOGIN);
    fault_clear(t_ctx());
    logs_in(BETTER);
}

/* ---- a password by mail
 * -------------------------------------------------------------------------- */

static str way_of(const char *kind)
{
    t_get("/password/ways.json");
    t_status(200);
    EACH(item, node_get(t_document(), S("ways")))
        if (str_is(node_str(&item->node, "kind"), kind))
            return str_dup(t_ctx()->mem, node_str(&item->node, "way"));
    return str_none;
}

static void takes_off(str way, str with, int status)
{
    t_post_f("/password/ways", "way=%.*s&code=%.*s", STR(way), STR(with));
    t_status(status);
}

T(ID_02_a_password_by_mail_shows_what_was_added_and_takes_it_off)
{
    static const char *const kinds[] = { "app", "passkey", "codes", "login", "key" };
    somebody();
    logs_in(PASSWORD);
    adds_each("3");
    sets_up_the_app(); /* an intruder, all of it */
    chooses(asks_for_a_password(), 303);
    t_header("Location", "/password/ways");
    str mail = t_mail_to(str_of(ann));
    has_text(mail, "Is there one that you do not know?");
    has_text(mail, "program of 3");
    t_get("/password/ways");
    t_status(200);
    t_text("key of 3");
    t_html("button[name=way]");
    t_no_html("input[name=code]");
    for (size_t i = 0; i < COUNT(kinds); i++) {
        str way = way_of(kinds[i]);
        if (i == 2 && !way.n)
            continue; /* they went with the last factor */
        eq_int((i64)way.n, 13);
        takes_off(way, str_none, 303);
        t_get(c_str(t_header_of("Location")));
        t_text("It was removed");
        takes_off(way, str_none, 404);
    }
    eq_int(count("totp", "true") + count("passkey", "true") + count("identity", "true") +
            count("recovery", "true") + count("api_key", "revoked_at is null"),
        0);
    t_get("/password/ways");
    t_text("Nothing else was added");
    logs_in(BETTER);
    t_header("Location", "/account");
}

T(ID_02_where_a_factor_is_older_it_is_asked_for)
{
    somebody();
    logs_in(PASSWORD);
    str recovery = sets_up_the_app();
    is_of_days_ago("totp", 8);
    is_of_days_ago("recovery", 8);
    adds_each("1");
    chooses(asks_for_a_password(), 303);
    t_get("/password/ways");
    t_html("input[name=code]");
    eq_int((i64)way_of("app").n, 0); /* what is older is not in question */
    str key = way_of("passkey"), login = way_of("login");
    takes_off(key, str_none, 422);
    takes_off(key, S("000000"), 422);
    eq_int(count("passkey", "true"), 1);
    t_post_f("/password/ways", "code=%.*s", STR(recovery)); /* Enter in its field */
    t_status(303);
    eq_int(count("passkey", "true") + count("identity", "true"), 2);
    takes_off(key, str_none, 303); /* shown once is enough */
    takes_off(login, str_none, 303);
    eq_int(count("passkey", "true") + count("identity", "true"), 0);
    eq_int(count("totp", "true"), 1);
}

/* Whoever moved the app to their own phone has made recovery codes, too: they prove nothing. */
T(ID_02_what_is_as_young_proves_nothing)
{
    somebody();
    logs_in(PASSWORD);
    str recovery = sets_up_the_app();
    adds_each("1");
    is_of_days_ago("recovery", 8);
    chooses(asks_for_a_password(), 303);
    str key = way_of("passkey");
    t_clock(t_ctx()->now + MINUTE);
    takes_off(key, code(0), 422);
    eq_int(count("passkey", "true"), 1);
    takes_off(key, recovery, 303);
    is_of_days_ago("totp", 8);
    is_of_days_ago("recovery", 1);
    chooses(asks_for_a_password(), 303);
    takes_off(way_of("login"), str_none, 422);
    eq_int(count("identity", "true"), 1);
}

T(ID_02_an_older_factor_that_cannot_be_typed_here_wants_a_login)
{
    somebody();
    logs_in(PASSWORD);
    adds_each("9");
    adds_each("1");
    chooses(asks_for_a_password(), 303);
    t_get("/password/ways");
    t_text("You had a second factor before");
    t_no_html("button[name=way]");
    takes_off(way_of("login"), str_none, 403);
    t_sql("delete from auth.passkey where person_id = %" PRId64, ann_id);
    t_sql("insert into auth.phone (person_id, number, tail, country, is_factor, created_at) values"
          " (%" PRId64 ", 'x', '42', 'TH', true, now() - interval '9 days')", ann_id);
    takes_off(way_of("login"), str_none, 403);
    eq_int(count("identity", "true"), 2);
}

T(ID_02_what_was_added_is_shown_to_who_chose_the_password_there_and_for_a_while)
{
    somebody();
    logs_in(PASSWORD);
    adds_each("1");
    chooses(asks_for_a_password(), 303);
    str cookie = t_cookie("__Host-ways"), key = way_of("passkey");
    t_browser();
    t_get("/password/ways");
    t_status(410);
    takes_off(key, str_none, 410);
    t_cookie_set("__Host-ways", cookie.p);
    t_get("/password/ways");
    t_status(200);
    takes_off(S("0123456789abc"), str_none, 404); /* nobody's */
    t_clock(t_ctx()->now + 16 * MINUTE);
    t_get("/password/ways");
    t_status(410);
    t_clock(t_ctx()->now - 16 * MINUTE);
    chooses(asks_for_a_password(), 303);
    t_browser();
    t_cookie_set("__Host-ways", cookie.p); /* of the password before */
    takes_off(key, str_none, 410);
    eq_int(count("passkey", "true"), 1);
}

/* Who was brought along from another shop has confirmed nothing: whoever knew that password could
 * move in first. */
T(ID_02_the_first_to_confirm_the_address_has_the_account_alone)
{
    static const char *const tables[] = { "totp", "recovery", "passkey", "identity" };
    somebody();
    t_sql("update auth.person set verified_at = null where id = %" PRId64, ann_id);
    logs_in(PASSWORD);
    sets_up_the_app();
    is_of_days_ago("totp", 30);
    is_of_days_ago("recovery", 30);
    adds_each("30");
    chooses(asks_for_a_password(), 303);
    t_header("Location", "/login?done=password");
    for (size_t i = 0; i < COUNT(tables); i++)
        eq_int(count(tables[i], "true"), 0);
    eq_int(count("api_key", "revoked_at is null"), 0);
    has_text(t_mail_to(str_of(ann)), "What had been added to your account");
    logs_in(BETTER);
    t_header("Location", "/account");
    adds_each("30");
    chooses(asks_for_a_password(), 303); /* confirmed by now: it is the owner's */
    eq_int(count("passkey", "true") + count("identity", "true"), 2);
}

/* ---- what a code by mail is worth
 * ------------------------------------------------------------------ */

static void may_have_a_mail(const char *may)
{
    t_get("/login/second.json");
    t_json("mayMail", may);
}

T(asvs_6_4_3_a_code_by_mail_counts_for_nothing_after_a_password_by_mail)
{
    has_an_old_app();
    begins_a_login();
    may_have_a_mail("true");
    chooses(asks_for_a_password(), 303);
    logs_in(BETTER);
    t_header("Location", "/login/second");
    may_have_a_mail("false");
    t_get("/login/second");
    t_text("Whoever reads your mail could have come this far");
    t_post("/login/second/mail", "");
    t_status(403);
    t_sql("update auth.person set mailed_at = now() - interval '2 years' where id = %" PRId64,
        ann_id);
    may_have_a_mail("false"); /* whoever reads the mail can wait */
}

T(asvs_6_4_3_a_code_by_mail_counts_again_when_another_factor_was_shown)
{
    has_an_old_app();
    chooses(asks_for_a_password(), 303);
    logs_in(BETTER);
    t_clock(t_ctx()->now + MINUTE);
    t_post_f("/login/second", "code=%.*s", STR(code(0)));
    t_status(303);
    logs_in(BETTER);
    may_have_a_mail("true");
}

/* A provider's login is no password: that of the mail may be a thief's. */
T(asvs_6_4_3_a_providers_login_and_a_factor_leave_a_password_by_mail_what_it_is)
{
    has_an_old_app();
    chooses(asks_for_a_password(), 303);
    logs_in(BETTER);
    t_sql("update auth.pending set is_of_mail = true where person_id = %" PRId64, ann_id);
    t_clock(t_ctx()->now + MINUTE);
    t_post_f("/login/second", "code=%.*s", STR(code(0)));
    t_status(303);
    logs_in(BETTER);
    may_have_a_mail("false");
}

/* ---- when too many log in
 * ----------------------------------------------------------------------------- */

T(ID_02_when_no_turn_comes_all_are_told_when_to_come_back_and_no_link_is_used_up)
{
    int turns[64], n = 0;
    somebody();
    str token = asks_for_a_password();
    for (; n < 64; n++) {
        const char *path =
            c_str(str_fmt(t_ctx()->mem, "%.*s/login.%d", STR(t_ctx()->app->run_dir), n));
        turns[n] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        is_true(turns[n] >= 0 && flock(turns[n], LOCK_EX) == 0);
    }
    chooses(token, 503);
    t_header("Retry-After", "5");
    i64 start = when_ticks();
    t_with("Remote-Addr", t_new_address());
    t_post_json("/api/auth/login",
        "{\"email\":\"shopper@example.test\",\"password\":\"market-day-demo\"}");
    t_status(503);
    t_header("Retry-After", "5");
    t_json("code", "auth.busy");
    is_true(when_ticks() - start >= 2 * SECOND);
    while (n)
        close(turns[--n]);
    chooses(token, 303);
}
