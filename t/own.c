/* What somebody changes about how they come in: a forgotten password, a new one, another address,
 * devices; and which password may be had. */
#include "auth/auth_in.h"
#include "io/io.h"
#include "t/shop.h"
#include "web/web_in.h"

#define BETTER "seven quiet lanterns"

/* Failed logins are counted in Redis and outlive a test: a person of its own each time. */
static const char *somebody(void)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    i64 id;
    const char *mail =
        str_c(mem, str_lower(mem, str_fmt(mem, "o-%.*s@example.test", STR(crypto_code(mem, 10)))));
    struct scope before = t_ctx()->scope;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_person_add(
        t_ctx(), str_of(mail), S("Somchai Shopper"), S("market-day-demo"), S("user"), &id));
    t_ctx()->scope = before;
    return mail;
}

static i64 person_of(const char *address)
{
    return t_int("select id as n from auth.person where email = '%s'", address);
}

static str mail_of(const char *address) { return t_mail_to(str_of(address)); }

static str reset_token(const char *address)
{
    t_post_f("/password/forgotten", "email=%s", address);
    t_status(303);
    t_header("Location", "/password/forgotten?sent=1");
    return t_mail_token(mail_of(address));
}

static void logs_in(const char *address, const char *password, int status)
{
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_post_f("/login", "email=%s&password=%s", address, password);
    t_status(status);
}

static str session_of(const char *address)
{
    t_browser();
    t_login(address);
    return t_cookie(COOKIE_SESSION);
}

static void is_dead(str cookie, int status)
{
    t_browser();
    t_cookie_set(COOKIE_SESSION, cookie.p);
    t_get("/account.json");
    t_status(status);
}

/* ---- a forgotten password -------------------------------------------------------------------- */

T(ID_02_a_link_by_mail_sets_a_new_password_once_and_ends_all_sessions)
{
    const char *ann = somebody();
    str session = session_of(ann);
    t_browser();
    str token = reset_token(ann);
    const char *path =
        str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "/password/new?token=%.*s", STR(token)));
    t_get(path);
    t_status(200);
    t_html("input[name=password]");
    t_post_f("/password/new", "token=%.*s&password=12345678", STR(token));
    t_status(422); /* and the link is still good */
    is_dead(session, 200);
    t_browser();
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(303);
    t_header("Location", "/login?done=password");
    is_dead(session, 401);
    logs_in(ann, "market-day-demo", 401);
    logs_in(ann, BETTER, 303);
    t_browser();
    t_post_f("/password/new", "token=%.*s&password=other quiet lanterns", STR(token));
    t_status(410);
    t_get(path);
    t_status(200);
    t_no_html("input[name=password]");
    has_text(mail_of(ann), "The password of your account was changed");
}

T(ID_02_a_forgotten_password_is_answered_alike_for_known_and_unknown)
{
    const char *ann = somebody();
    t_post_f("/password/forgotten", "email=%s", ann);
    str known = t_header_of("Location");
    t_post("/password/forgotten", "email=nobody.at.all%40example.test");
    t_status(303);
    eq_str(t_header_of("Location"), known);
    is_true(t_mail_token(mail_of(ann)).n > 0);
    eq_int(mail_of("nobody.at.all@example.test").n, 0);
    eq_int(
        t_int("select count(*) as n from notify.mail where recipient like 'nobody.at.all%%'"), 0);
    for (int i = 0; i < 4; i++) { /* also beyond what is sent */
        t_post_f("/password/forgotten", "email=%s", ann);
        t_header("Location", "/password/forgotten?sent=1");
    }
    eq_int(t_int("select count(*) as n from auth.code where address = '%s'", ann), 3);
}

T(ID_02_a_link_of_another_purpose_sets_no_password)
{
    const char *ann = somebody();
    struct code_to to = { .person = person_of(ann), .address = str_of(ann) };
    must(code_send(t_ctx(), CODE_VERIFY, &to));
    str token = t_mail_token(mail_of(ann));
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(410);
    t_post("/password/new", "token=0123456789abcdef&password=" BETTER);
    t_status(410);
    logs_in(ann, "market-day-demo", 303);
}

T(ID_02_who_reads_the_mail_comes_in_however_many_guessed)
{
    const char *ann = somebody();
    for (int i = 0; i < 11; i++) {
        t_clock(t_ctx()->now + 6 * MINUTE);
        logs_in(ann, "not-the-password", i < 10 ? 401 : 429);
    }
    t_browser();
    str token = reset_token(ann);
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(303);
    logs_in(ann, BETTER, 303);
}

/* ---- login protection ------------------------------------------------------------------------ */

static void limit_classes(str text)
{
    struct app *app = t_ctx()->app;
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    conf_put(t_ctx()->mem, app->conf, "limit_classes", text);
    app->limits = limits_open(app, &errors);
    eq_int(errors.n, 0);
}

/* In a browser that is known, its own guesses are counted, not those of the address. */
static void guesses_in(str device, const char *address)
{
    for (int i = 0; i < 6; i++) {
        t_browser();
        t_cookie_set(COOKIE_DEVICE, device.p);
        t_post_f("/login", "email=%s&password=not-the-password", address);
        t_status(i < 5 ? 401 : 429);
    }
}

T(ID_02_who_reads_the_mail_comes_in_where_they_guessed_themselves)
{
    const char *ann = somebody();
    session_of(ann);
    str device = t_cookie(COOKIE_DEVICE);
    guesses_in(device, ann);
    str token = reset_token(ann);
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(303);
    t_post_f("/login", "email=%s&password=" BETTER, ann);
    t_status(303);
}

/* Somebody else has changed the password by then. */
T(ID_20_who_takes_an_address_back_comes_in_where_they_guessed_themselves)
{
    const char *ann = somebody();
    session_of(ann);
    str device = t_cookie(COOKIE_DEVICE);
    guesses_in(device, ann);
    session_of(ann);
    t_post_f("/account/email", "email=n-%s&old=market-day-demo", ann);
    t_status(303);
    str token = t_mail_token(mail_of(str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "n-%s", ann))));
    t_post_f("/account/email/confirm", "token=%.*s", STR(token));
    t_status(303);
    token = t_mail_token(mail_of(ann));
    t_browser();
    t_cookie_set(COOKIE_DEVICE, device.p);
    t_post_f("/account/email/undo", "token=%.*s", STR(token));
    t_status(303);
    t_post_f("/login", "email=%s&password=not-the-password", ann);
    t_status(401);
}

T(SE_01_an_ipv6_household_guesses_as_one_address)
{
    unsigned char n[4];
    crypto_random(n, sizeof n);
    t_open();
    limit_classes(S("login-address 3/900"));
    for (int i = 0; i < 4; i++) {
        const char *other = somebody();
        t_browser();
        t_with("Remote-Addr",
            str_fmt(t_ctx()->mem, "2001:db8:%x%02x:%x%02x::%x", n[0], n[1], n[2], n[3], i + 1).p);
        t_post_f("/login", "email=%s&password=not-the-password", other);
        t_status(i < 3 ? 401 : 429);
    }
    limit_classes(str_none);
}

T(SE_01_a_known_browser_is_not_kept_out_by_others_guesses)
{
    const char *ann = somebody();
    session_of(ann);
    str device = t_cookie(COOKIE_DEVICE);
    is_true(device.n > 20);
    for (int i = 0; i < 12; i++) {
        t_browser();
        t_clock(t_ctx()->now + 6 * MINUTE);
        t_with("Remote-Addr", str_fmt(t_ctx()->mem, "2001:db8:77:%x::1", i).p);
        t_post_f("/login", "email=%s&password=not-the-password", ann);
    }
    t_status(429);
    logs_in(ann, "market-day-demo", 429); /* the right one, from nobody knows where */
    t_browser();
    t_cookie_set(COOKIE_DEVICE, device.p);
    t_post_f("/login", "email=%s&password=market-day-demo", ann);
    t_status(303);
    t_browser(); /* it helps with no other account */
    t_cookie_set(COOKIE_DEVICE, device.p);
    for (int i = 0; i < 5; i++) {
        t_with("Remote-Addr", "2001:db8:80:1::1");
        t_post("/login", "email=a.b.c%40example.test&password=not-the-password");
    }
    t_with("Remote-Addr", "2001:db8:80:1::1");
    t_post("/login", "email=a.b.c%40example.test&password=not-the-password");
    t_status(429);
}

T(SE_01_each_failure_beyond_the_fourth_waits_twice_as_long)
{
    static const char *const waits[] = { "1", "2", "4", "8", "16" };
    t_open();
    const char *mail = str_fmt(t_ctx()->mem, "slow-%.*s@example.test",
        STR(str_lower(t_ctx()->mem, crypto_code(t_ctx()->mem, 10))))
                           .p;
    for (size_t i = 0; i < 4 + COUNT(waits); i++) {
        t_browser();
        t_with("Remote-Addr", str_fmt(t_ctx()->mem, "2001:db8:78:%zx::1", i).p);
        t_post_f("/login", "email=%s&password=not-the-password", mail);
        t_status(401);
        if (i < 4)
            continue;
        t_with(
            "Remote-Addr", "2001:db8:79:1::1"); /* a try too early is none: it counts for nothing */
        t_post_f("/login", "email=%s&password=not-the-password", mail);
        t_status(429);
        t_header("Retry-After", waits[i - 4]);
        t_header("X-RateLimit-Limit", "5");
        t_header("X-RateLimit-Remaining", "0");
        t_header("X-RateLimit-Reset", waits[i - 4]);
        t_clock(t_ctx()->now + 20 * SECOND);
    }
}

/* ---- changing it --------------------------------------------------------------------------------
 */

T(ID_20_a_changed_password_ends_the_other_sessions_and_keeps_this_one)
{
    const char *ann = somebody();
    str other = session_of(ann);
    str mine = session_of(ann);
    t_with("Remote-Addr", t_new_address());
    t_post("/account/password", "old=not-it&password=" BETTER);
    t_status(422);
    t_text("That is not your password.");
    t_post("/account/password", "old=market-day-demo&password=shopper1");
    t_status(422);
    t_post("/account/password", "old=market-day-demo&password=" BETTER);
    t_status(303);
    is_dead(other, 401);
    is_dead(mine, 200);
    has_text(mail_of(ann), "other devices were logged out");
    logs_in(ann, BETTER, 303);
    t_browser();
    t_post("/account/password", "old=" BETTER "&password=market-day-demo");
    t_status(303); /* a stranger */
    t_header("Location", "/login");
}

T(ID_20_an_address_changes_when_the_new_one_is_shown_to_be_theirs)
{
    const char *ann = somebody();
    str other = session_of(ann);
    session_of(ann);
    t_with("Remote-Addr", t_new_address());
    t_post("/account/email", "email=moved%40example.test&old=not-it");
    t_status(422);
    t_post("/account/email", "email=moved%40example.test&old=market-day-demo");
    t_status(303);
    str code = t_mail_code(mail_of("moved@example.test"));
    t_get("/account.json");
    t_json("person.email", ann);
    t_post_f("/account/email/confirm", "code=%.*s", STR(code));
    t_status(303);
    t_get("/account.json");
    t_json("person.email", "moved@example.test");
    t_post_f("/account/email/confirm", "code=%.*s", STR(code)); /* twice */
    t_status(422);
    is_dead(other, 200);
    logs_in(ann, "market-day-demo", 401);
    logs_in("moved@example.test", "market-day-demo", 303);
    str here = t_cookie(COOKIE_SESSION);

    str told = mail_of(ann); /* the old one has a way back */
    has_text(told, "It was not me");
    t_browser();
    t_get(str_c(t_ctx()->mem,
        str_fmt(t_ctx()->mem, "/account/email/undo?token=%.*s", STR(t_mail_token(told)))));
    t_status(200);
    t_text(ann);
    t_post_f("/account/email/undo", "token=%.*s", STR(t_mail_token(told)));
    t_header("Location", "/login?done=undone");
    is_dead(here, 401);
    is_dead(other, 401);
    str token = t_mail_token(mail_of(ann)); /* for a new password: the old one was known */
    t_clock(t_ctx()->now + HOUR / 2);
    logs_in(ann, "market-day-demo", 401);
    t_browser();
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(token));
    t_status(303);
    logs_in(ann, BETTER, 303);
}

static void asks_to_move(const char *to)
{
    t_with("Remote-Addr", t_new_address());
    t_post_f("/account/email", "email=%s&old=market-day-demo", to);
    t_status(303);
}

static void moves(str token, int status)
{
    t_post_f("/account/email/confirm", "token=%.*s", STR(token));
    t_status(status);
}

static const char *address_named(const char *name)
{
    return str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "%s-%s", name, somebody()));
}

/* Whoever was in the account has links of their own left. */
T(ID_20_the_way_back_leaves_an_intruder_no_other)
{
    const char *ann = somebody(), *bad = address_named("bad"), *worse = address_named("worse"),
               *worst = address_named("worst");
    session_of(ann);
    asks_to_move(bad);
    moves(t_mail_token(mail_of(bad)), 303);
    str back = t_mail_token(mail_of(ann));
    t_clock(t_ctx()->now + SECOND);
    asks_to_move(worse);
    moves(t_mail_token(mail_of(worse)), 303);
    str to_bad = t_mail_token(mail_of(bad));
    asks_to_move(worst);
    str to_worst = t_mail_token(mail_of(worst));
    t_browser();
    str reset = reset_token(worse);
    t_post_f("/account/email/undo", "token=%.*s", STR(back));
    t_status(303);
    t_post_f("/account/email/undo", "token=%.*s", STR(to_bad));
    t_status(410);
    moves(to_worst, 422);
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(reset));
    t_status(410);
    is_true(person_of(ann) > 0);
}

/* Whoever cannot log in any more may well register anew before they find the mail. */
T(ID_20_a_way_back_that_fails_is_still_there)
{
    const char *ann = somebody(), *bad = address_named("bad"), *other = address_named("other");
    session_of(ann);
    i64 person = person_of(ann);
    asks_to_move(bad);
    moves(t_mail_token(mail_of(bad)), 303);
    str back = t_mail_token(mail_of(ann));
    t_sql("insert into auth.person (email, name, password_hash) values ('%s', 'Ann', '')", ann);
    t_browser();
    t_post_f("/account/email/undo", "token=%.*s", STR(back));
    t_status(409);
    logs_in(bad, "market-day-demo", 303);
    t_sql("update auth.person set email = '%s' where email = '%s'", other, ann);
    t_browser();
    t_post_f("/account/email/undo", "token=%.*s", STR(back));
    t_status(303);
    eq_int(person_of(ann), person);
    logs_in(bad, "market-day-demo", 401);
}

/* What the owner of a taken address does first is to make an account with it. */
T(ID_20_the_way_back_says_what_to_do_where_a_new_account_has_the_address)
{
    const char *ann = somebody(), *new = address_named("new");
    session_of(ann);
    i64 person = person_of(ann);
    asks_to_move(new);
    moves(t_mail_token(mail_of(new)), 303);
    str back = t_mail_token(mail_of(ann));
    t_sql("insert into auth.person (email, name, password_hash, lang) values ('%s', 'Ann', '', 'en')", ann);
    t_browser();
    t_post_f("/account/email/undo", "token=%.*s", STR(back));
    t_status(409);
    t_text("A new account was made with this address since.");
    eq_int(person_of(new), person);
    t_sql("update auth.person set email = 'third@example.test' where email = '%s'", ann);
    t_post_f("/account/email/undo", "token=%.*s", STR(back)); /* the link is good all the time */
    t_status(303);
    eq_int(person_of(ann), person);
}

/* Or orders and mails went on to the address before, for as long as the session lived. */
T(ID_18_a_changed_address_reaches_the_session_though_redis_was_away)
{
    const char *ann = somebody(), *new = address_named("new");
    session_of(ann);
    asks_to_move(new);
    str code = t_mail_code(mail_of(new));
    t_redis(false);
    t_post_f("/account/email/confirm", "code=%.*s", STR(code));
    t_status(303);
    t_redis(true); /* it still has what it had */
    t_sql("update work.job set run_at = now() where kind = 'auth.forget'");
    t_drain();
    t_get("/account.json");
    t_json("person.email", new);
}

/* A change without a way back would be the intruder's best. */
T(ID_20_no_address_changes_without_its_way_back)
{
    const char *ann = somebody(), *new = address_named("new");
    session_of(ann);
    i64 person = person_of(ann);
    asks_to_move(new);
    str token = t_mail_token(mail_of(new));
    t_sql("insert into auth.code (purpose, address, about, lang, nonce, link_hash, code_until, "
          "link_until, ended_at) select 'undo-email', '%s', %" PRId64 ", 'en', '', "
          "'full ' || n || ' %s', now(), now(), now() from generate_series(1, 3) n",
        ann, t_ctx()->now, ann);
    moves(token, 429); /* the way back cannot be sent */
    t_sql("delete from auth.code where link_hash like 'full %%'");
    eq_int(person_of(ann), person);
    moves(token, 303);
    eq_int(person_of(new), person);
    is_true(t_mail_token(mail_of(ann)).n > 0);
}

T(ID_20_an_address_that_was_left_chooses_no_password_any_more)
{
    const char *ann = somebody(), *new = address_named("new");
    t_open();
    str reset = reset_token(ann);
    session_of(ann);
    asks_to_move(new);
    moves(t_mail_token(mail_of(new)), 303);
    t_browser();
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(reset));
    t_status(410);
    logs_in(new, "market-day-demo", 303);
}

/* Its job had found the person before the address changed, and wrote it down after. */
T(ID_20_a_link_that_outlived_its_address_chooses_no_password)
{
    const char *ann = somebody(), *new = address_named("new");
    t_open();
    str reset = reset_token(ann);
    t_sql("update auth.person set email = '%s' where email = '%s'", new, ann);
    t_browser();
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(reset));
    t_status(410);
    logs_in(new, "market-day-demo", 303);
}

T(ID_20_a_new_password_ends_a_change_of_address_under_way)
{
    const char *ann = somebody(), *new = address_named("new");
    session_of(ann);
    asks_to_move(new);
    str move = t_mail_token(mail_of(new));
    t_browser();
    str reset = reset_token(ann);
    t_post_f("/password/new", "token=%.*s&password=" BETTER, STR(reset));
    t_status(303);
    moves(move, 422);
    logs_in(ann, BETTER, 303);
}

/* 200 bytes end within a letter, of a browser's name and of what was typed for a code. */
T(a_letter_of_several_bytes_is_never_cut_in_two)
{
    struct buf agent = buf_new(t_ctx()->mem, 400);
    const char *ann = somebody();
    buf_add(&agent, S("a"));
    for (int i = 0; i < 100; i++)
        buf_add(&agent, S("\xe0\xb8\x81"));
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_with("User-Agent", str_c(t_ctx()->mem, buf_str(&agent)));
    t_post_f("/login", "email=%s&password=market-day-demo", ann);
    t_status(303);
    t_with("Remote-Addr", t_new_address());
    t_post("/account/confirm", "code=a\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81");
    t_status(422);
}

T(ID_20_a_code_for_an_address_is_of_no_use_to_another_person)
{
    const char *ann = somebody();
    session_of(ann);
    t_post("/account/email", "email=moved2%40example.test&old=market-day-demo");
    t_status(303);
    str mail = mail_of("moved2@example.test");
    session_of("admin@example.test");
    t_post_f("/account/email/confirm", "code=%.*s", STR(t_mail_code(mail)));
    t_status(422);
    t_post_f("/account/email", "email=%s&old=market-day-demo", ann); /* somebody's own */
    t_status(303);
    mail = mail_of(ann);
    eq_int(t_mail_code(mail).n, 0);
    has_text(mail, "You have one already");
    t_browser();
    t_post("/account/email/confirm", "code=123456");
    t_status(422);
}

/* ---- devices ------------------------------------------------------------------------------------
 */

T(ID_20_a_device_is_ended_by_its_owner_only)
{
    const char *ann = somebody();
    str other = session_of(ann);
    session_of(ann);
    t_get("/account.json");
    str id = str_none;
    EACH(item, node_get(t_document(), S("devices")))
        if (!node_bool(&item->node, "isThis"))
            id = node_str(&item->node, "id");
    is_true(id.n > 0);
    const char *path =
        str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "/account/devices/%.*s/end", STR(id)));
    session_of("admin@example.test");
    t_post(path, "");
    t_status(404);
    is_dead(other, 200);
    session_of(ann);
    t_post(path, "");
    t_status(303);
    is_dead(other, 401);
    session_of(ann);
    t_post(path, ""); /* twice */
    t_status(404);
    t_post("/account/devices/nonsense/end", "");
    t_status(404);
}

T(ID_19_logging_out_everywhere_ends_every_session)
{
    const char *ann = somebody();
    str other = session_of(ann), stranger = session_of("admin@example.test");
    str mine = session_of(ann);
    t_post("/logout/everywhere", "");
    t_status(303);
    is_dead(other, 401);
    is_dead(mine, 401);
    is_dead(stranger, 200);
}

T(SE_14_a_login_on_a_new_device_is_told_by_mail_but_not_the_first)
{
    const char *ann = somebody();
    t_browser();
    t_with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0");
    t_post_f("/login", "email=%s&password=market-day-demo", ann);
    t_status(303);
    str device = t_cookie(COOKIE_DEVICE);
    no_text(mail_of(ann), "not used for it before");
    t_browser(); /* the browser that was there */
    t_cookie_set(COOKIE_DEVICE, device.p);
    t_with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/129.0");
    t_with("Remote-Addr", "198.51.100.77");
    t_post_f("/login", "email=%s&password=market-day-demo", ann);
    no_text(mail_of(ann), "not used for it before");
    t_browser(); /* another */
    t_with("User-Agent", "Mozilla/5.0 (iPhone) Safari/604.1");
    t_with("Remote-Addr", "203.0.113.9");
    t_post_f("/login", "email=%s&password=market-day-demo", ann);
    str told = mail_of(ann);
    has_text(told, "not used for it before");
    has_text(told, "Safari");
    has_text(told, "203.0.113.x");
    no_text(told, "203.0.113.9");
}

T(SE_14_a_login_by_a_program_is_told_like_any_other_in_the_owners_language)
{
    static const char in[] = "{\"email\":\"%s\",\"password\":\"market-day-demo\"}";
    const char *ann = somebody();
    str body = str_fmt(t_ctx()->mem, in, ann);
    t_sql("update auth.person set lang = 'th' where email = '%s'", ann);
    for (int i = 0; i < 3; i++) { /* the first, one like it, another */
        t_browser();
        t_with("User-Agent", "market-app/2.1 (Android)");
        t_with("Remote-Addr", i < 2 ? "198.51.100.77" : "203.0.113.9");
        t_post_json("/api/auth/login", body.p);
        t_status(200);
        str told = mail_of(ann);
        eq_int(str_find(told, S("203.0.113.x")) >= 0, i == 2);
        eq_int(str_find(told, S("มีการเข้าสู่ระบบบัญชีของคุณ")) >= 0, i == 2);
        no_text(told, "not used for it before");
    }
    str device = t_cookie(COOKIE_DEVICE);
    t_browser(); /* the last one again: its cookie is known, wherever it is */
    t_cookie_set(COOKIE_DEVICE, device.p);
    t_with("User-Agent", "market-app/2.2 (Android)");
    t_with("Remote-Addr", "198.18.0.9");
    t_post_json("/api/auth/login", body.p);
    t_status(200);
    no_text(mail_of(ann), "198.18.0.x");
    t_browser(); /* one that was here before networks were kept */
    t_sql("insert into auth.device (person_id, session_hash, user_agent, kind) select id, "
          "'token:before', 'old-app/1.0', 'token' from auth.person where email = '%s'", ann);
    t_with("User-Agent", "old-app/1.0");
    t_with("Remote-Addr", "198.18.7.9");
    t_post_json("/api/auth/login", body.p);
    t_status(200);
    no_text(mail_of(ann), "198.18.7.x");
    t_browser();
    t_with("User-Agent", "Mozilla/5.0 (iPhone) Safari/604.1");
    t_with("Remote-Addr", "192.0.2.200");
    t_post_f("/login", "email=%s&password=market-day-demo", ann); /* the first by a browser */
    t_status(303);
    has_text(mail_of(ann), "192.0.2.x");
}

/* Whoever came in by a password that is not theirs reads the shop in a language of their own. */
T(SE_14_what_tells_of_an_intruder_speaks_the_owners_language)
{
    const char *ann = somebody(), *away = address_named("away");
    t_sql("update auth.person set lang = 'th' where email = '%s'", ann);
    session_of(ann);
    t_post("/account/password", "old=market-day-demo&password=" BETTER);
    t_status(303);
    has_text(mail_of(ann), "รหัสผ่านของบัญชีคุณเพิ่งถูกเปลี่ยน");
    t_with("Remote-Addr", t_new_address());
    t_post_f("/account/email", "email=%s&old=" BETTER, away);
    t_status(303);
    moves(t_mail_token(mail_of(away)), 303);
    mail_of(ann);
    eq_str(t_str("select lang as s from notify.mail where template = 'code_undo' and recipient = '%s'",
               ann),
        "th");
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_post_f("/register", "name=Eve&email=%s&password=seven quiet lanterns", away);
    mail_of(away);
    eq_str(t_str("select lang as s from notify.mail where template = 'register_taken'"
                 " and recipient = '%s'",
               away),
        "th");
}

/* ---- which password
 * ------------------------------------------------------------------------------ */

T(ID_16_bcrypt_is_taken_once_and_made_anew)
{
    static const char *const names[] = { "$2a$", "$2b$", "$2y$" };
    static const char made_elsewhere[] = "04$1lQz116ZXZuna8f2UPsdWe8ioGzrTGMinx8ZxMsdE125FwuNrWGx6";
    const char *ann = somebody();
    for (size_t i = 0; i < COUNT(names); i++) {
        str hash = str_fmt(t_ctx()->mem, "%s%s", names[i], made_elsewhere);
        t_sql("update auth.person set password_hash = '%.*s' where email = '%s'", STR(hash), ann);
        logs_in(ann, "not-the-password", 401);
        logs_in(ann, "market-day-demo", 303);
        is_true(
            str_starts(t_str("select password_hash as s from auth.person where email = '%s'", ann),
                S("$argon2id$")));
        logs_in(ann, "market-day-demo", 303);
        t_clock(t_ctx()->now + MINUTE);
    }
    t_sql("update auth.person set password_hash = '$2y$13$%s' where email = '%s'",
        made_elsewhere + 3, ann);
    logs_in(ann, "market-day-demo", 401); /* would take the shop a second */
}

static bool fits(const char *password)
{
    int err = password_fit(
        t_ctx(), str_of(password), S("Somchai Jaidee"), S("somchai.j@klong.example.test"));
    fault_clear(t_ctx());
    return err == E_OK;
}

T(SE_06_what_many_people_choose_is_refused)
{
    static const char *const common[] = { "password", "Password1", "P@ssw0rd", "passw0rd123",
        "12345678", "123456789", "1234567890", "87654321", "11111111", "00000000", "12121212",
        "123123123", "11223344", "qwertyui", "qwertyuiop", "1q2w3e4r", "1qaz2wsx", "zaq12wsx",
        "qazwsxedc", "asdfghjkl", "asdfasdf", "zxcvbnm1", "abcd1234", "abc12345", "a1b2c3d4",
        "iloveyou", "iloveyou2", "ILoveYou!", "sunshine", "princess1", "football7", "baseball",
        "superman", "batman123", "trustno1", "letmein1", "welcome1", "welcome2024", "monkey123",
        "dragon99", "master12", "michael1", "jennifer", "jordan23", "harley01", "starwars",
        "whatever", "charlie1", "computer", "internet", "liverpool1", "chelsea1", "chocolate",
        "butterfly", "19870312", "31121999", "25302510", "summer2023", "Winter2024!", "admin123",
        "administrator", "changeme", "secret123", "q1w2e3r4", "password password", "pass word",
        "lovelove", "samsung1", "pokemon1", "blink182", "matkhau123", "anhyeuem", "thailand1",
        "bangkok99", "aaaaaaaa", "abcdefgh", "00001111", "147258369", "963852741", "55555555",
        "monkeymonkey", "loveyou1" };
    t_open();
    for (size_t i = 0; i < COUNT(common); i++)
        if (fits(common[i]))
            ck_abort_msg("%s is taken", common[i]);
    size_t n = 0; /* of the words alone, as people decorate them */
    static const char *const ways[][2] = { { "", "123" }, { "", "1" }, { "", "2024" }, { "", "!!" },
        { "1", "" } };
    str rest = str_of(auth_common_words), word;
    while (rest.n && str_cut(&rest, ' ', &word))
        for (size_t i = 0; word.n && i < COUNT(ways); i++) {
            struct mark mark = arena_mark(t_ctx()->mem);
            str made = str_fmt(t_ctx()->mem, "%s%.*s%s", ways[i][0], STR(word), ways[i][1]);
            if (!password_is_common(t_ctx(), made))
                ck_abort_msg("%.*s is taken", STR(made));
            n += made.n >= PASSWORD_SHORTEST;
            arena_rewind(t_ctx()->mem, mark);
        }
    is_true(n >= 3000);
}

T(SE_06_what_is_long_and_of_ones_own_making_is_taken)
{
    static const char *const good[] = { "seven quiet lanterns", "tofu-bicycle-vermouth",
        "k3Jw9xQp2m", "correct horse battery staple",
        "\xe0\xb8\x95\xe0\xb8\xa5\xe0\xb8\xb2\xe0\xb8\x94"
        "\xe0\xb8\x99\xe0\xb8\xb1\xe0\xb8\x94\xe0\xb8\xab",
        "gqmzvhtw", "  lamp  oar  fig  ", "48301957264", "market-day-demo", "purpleteapotmoon" };
    t_open();
    for (size_t i = 0; i < COUNT(good); i++)
        if (!fits(good[i]))
            ck_abort_msg("%s is refused", good[i]);
    static const char *const own[] = { "somchai1", "Somchai-Jaidee", "jaidee2024",
        "somchai.j@klong", "talatmarket", "Talat2024", "TalatMarket1!" };
    for (size_t i = 0; i < COUNT(own); i++)
        if (fits(own[i]))
            ck_abort_msg("%s is taken", own[i]);
    is_false(fits("sevench"));
    struct buf longest = buf_new(t_ctx()->mem, 2000);
    for (int i = 0; i < 256; i++)
        buf_fmt(&longest, "\xe0\xb8%c", 0x81 + i * 7 % 40);
    is_true(fits(str_c(t_ctx()->mem, buf_str(&longest)))); /* characters, not bytes */
    buf_add(&longest, S("x"));
    is_false(fits(str_c(t_ctx()->mem, buf_str(&longest))));
}

T(SE_06_a_password_is_the_same_however_its_letters_are_composed)
{
    const char *ann = somebody();
    session_of(ann);
    t_post("/account/password", "old=market-day-demo&password=caf%C3%A9 au lait sans fin");
    t_status(303);
    logs_in(ann, "cafe%CC%81 au lait sans fin", 303);
    logs_in(ann, "cafe au lait sans fin", 401);
}

/* Who came by a provider has none, and is asked for it before what is grave. */
T(where_the_password_is_asked_for_stands_how_to_get_one)
{
    static const char *const pages[] = { "/account/password", "/account/email", "/account/data",
        "/account/erase", "/account/confirm" };
    t_login(somebody());
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(200);
        t_html("a[href='/password/forgotten']");
    }
}
