/* Text messages: which numbers, what goes over the wire to the provider (the simulator of
 * TALAT_SIM speaks Twilio's protocol), what becomes of it; and codes by them as a second factor. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "notify/notify.h"
#include "t/shop.h"
#include "vault/vault.h"
#include "web/web.h"
#include "work/work.h"

#define PASSWORD "a-long-password"

static const char *mail_of_test;

static const char *c_str(str s) { return str_c(t_ctx()->mem, s); }

/* ---- numbers --------------------------------------------------------------------------------- */

static void is_number(const char *typed, const char *country, const char *want, const char *where)
{
    str number = str_none, place = str_none;
    bool ok = notify_number(t_ctx()->mem, str_of(typed), str_of(country), &number, &place);
    eq_str(ok ? number : S("none"), want);
    if (ok)
        eq_str(place, where);
}

T(numbers_are_read_as_people_type_them)
{
    is_number("081 234 5678", "TH", "+66812345678", "TH");
    is_number("+66 (0)81-234-5678", "VN", "+66812345678", "TH");
    is_number("0066812345678", "US", "+66812345678", "TH");
    is_number("0912 345 678", "VN", "+84912345678", "VN");
    is_number("(415) 555-2671", "US", "+14155552671", "US");
    is_number("1 604 555 0123", "US", "+16045550123", "CA");
    is_number("07700 900123", "GB", "+447700900123", "GB");
    is_number("0151 23456789", "DE", "+4915123456789", "DE");
    is_number("090-1234-5678", "JP", "+819012345678", "JP");
    is_number("8123 4567", "SG", "+6581234567", "SG");
    is_number("347 1234567", "IT", "+393471234567", "IT");
    is_number("011-1234 5678", "MY", "+601112345678", "MY");
    is_number("013-001 2345", "MY", "+60130012345", "MY");
    is_number("9123 4567", "HK", "+85291234567", "HK");
    is_number("020 5512 3456", "LA", "+8562055123456", "LA");
    is_number("0812-3456-789", "ID", "+628123456789", "ID");
    is_number("0660 1234567", "AT", "+436601234567", "AT");
    is_number("604 555 0123", "CA", "+16045550123", "CA");
    is_number("07 12 34 56 78", "FR", "none", "");
    is_number("07 52 34 56 78", "FR", "+33752345678", "FR");
}

T(what_is_no_mobile_number_or_dear_is_none)
{
    static const char *const wrong[][2] = { { "02 123 4567", "TH" }, { "081 234 567", "TH" },
        { "081 234 56789", "TH" }, { "", "TH" }, { "call me", "TH" }, { "+", "TH" },
        { "+88213123456", "TH" }, { "+1 876 555 0123", "US" }, { "1 900 555 0123", "US" },
        { "+1 268 555 0123", "US" }, { "+44 70 1234 5678", "GB" }, { "+7 912 345 67 89", "TH" },
        { "081234+5678", "TH" }, { "0812345678\r\nX: y", "TH" }, { "0812345678", "XX" },
        { "99999999999999999999999999999999999999", "TH" } };
    /* Services, mass calls, pagers, personal numbers, toll-free ones, and islands. */
    static const char *const dear[][2] = { { "0137 1234567", "DE" }, { "01379 123456", "DE" },
        { "0180 1234567", "DE" }, { "0190 1234567", "DE" }, { "0900 1234567", "DE" },
        { "0164 1234567", "DE" }, { "0809 1234567", "ID" }, { "+62 800 1234567", "ID" },
        { "07509 123456", "GB" }, { "+44 7797 123456", "GB" }, { "07700 312345", "GB" },
        { "07781 123456", "GB" }, { "07911 112345", "GB" }, { "07624 123456", "GB" },
        { "07924 123456", "GB" }, { "+44 7600 123456", "GB" }, { "0662 1234567", "AT" },
        { "0900 1234567", "AT" }, { "074 123 45 67", "CH" }, { "0692 12 34 56", "FR" },
        { "706 123 456", "ES" }, { "066 1234567", "NL" }, { "0818 123 456", "IE" },
        { "0800-123-4567", "JP" }, { "1300 88 1234", "MY" }, { "026 123 4567", "NZ" },
        { "1 523 555 0123", "US" }, { "+1 900 555 0123", "CA" } };
    for (size_t i = 0; i < COUNT(dear); i++)
        is_number(dear[i][0], dear[i][1], "none", "");
    for (size_t i = 0; i < COUNT(wrong); i++)
        is_number(wrong[i][0], wrong[i][1], "none", "");
}

/* ---- the wire ---------------------------------------------------------------------------------
 */

T(a_report_is_signed_as_published)
{
    str form = S("Digits=1234&To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&"
                 "From=%2B14158675309");
    str url = S("https://mycompany.com/myapp.php?foo=1&bar=2"),
        sum = S("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    struct arena *mem = t_ctx()->mem;
    is_true(notify_sms_signed(mem, S("12345"), url, form, sum));
    is_false(notify_sms_signed(mem, S("12346"), url, form, sum));
    is_false(
        notify_sms_signed(mem, S("12345"), S("https://mycompany.com/myapp.php?foo=1"), form, sum));
    is_false(notify_sms_signed(mem, S("12345"), url, S("Digits=1235"), sum));
    is_false(notify_sms_signed(mem, S("12345"), url, form, str_none));
    is_false(notify_sms_signed(mem, str_none, url, form, sum));
}

static void faults(const char *json) { t_sim("POST", "/_sim/switches", json); }

static const struct node *texts_to(const char *number)
{
    const struct node *shown =
        t_sim("GET", c_str(str_fmt(t_ctx()->mem, "/_sim/texts?to=%%2B%s", number + 1)), NULL);
    return node_get(shown, S("messages"));
}

static i64 sent_to(const char *number) { return (i64)node_count(texts_to(number)); }

/* The six digits of the last message to it. */
static str code_at(const char *number)
{
    str body = str_none;
    EACH(item, texts_to(number))
        body = node_str(&item->node, "body");
    return str_upto(body, 6);
}

/* A number of this test's own: the simulator keeps what it took. */
static const char *a_number(void)
{
    unsigned char n[4];
    crypto_random(n, sizeof n);
    unsigned rest = (unsigned)(n[0] | n[1] << 8 | n[2] << 16) % 10000000u;
    return c_str(str_fmt(t_ctx()->mem, "+6689%07u", rest));
}

static void registers(void)
{
    t_open();
    struct arena *mem = t_ctx()->mem;
    t_browser();
    mail_of_test =
        c_str(str_lower(mem, str_fmt(mem, "sms-%s@example.test", crypto_token(mem, 6).p)));
    t_post_f("/register", "email=%s&name=Ann&password=" PASSWORD, mail_of_test);
    str code = t_mail_code(t_mail_to(str_of(mail_of_test)));
    t_post_f("/verify", "code=%.*s", STR(code));
    t_status(303);
    faults("{\"faults\":[]}");
}

static i64 me_of_test(void)
{
    return t_int("select id as n from auth.person where email = '%s'", mail_of_test);
}

static str state_of_last(void)
{
    return t_str("select state || ' ' || answer as s from notify.sms where person_id = %" PRId64
                 " order by id desc limit 1",
        me_of_test());
}

static void gives(const char *number)
{
    t_post_f("/account/phone", "country=TH&number=%%2B%s", number + 1);
}

static void confirms(const char *number)
{
    gives(number);
    t_status(303);
    t_drain();
    t_post_f("/account/phone/code", "code=%.*s", STR(code_at(number)));
    t_status(303);
}

T(a_number_is_given_confirmed_and_shown_by_its_end)
{
    registers();
    const char *number = a_number(), *tail = number + strlen(number) - 2;
    t_get("/account/security");
    t_text("Codes by text message");
    t_get("/account/phone");
    t_html("select[name=country]");
    gives(number);
    t_header("Location", "/account/phone");
    t_get("/account/phone.json");
    t_json("isWaiting", "true");
    t_json("hasPhone", "false");
    t_drain();
    eq_int(sent_to(number), 1);
    eq_str(state_of_last(), "sent ");
    t_post_f("/account/phone/code", "code=000000");
    t_status(422);
    t_post_f("/account/phone/code", "code=%.*s", STR(code_at(number)));
    t_status(303);
    t_get("/account/phone.json");
    t_json("hasPhone", "true");
    t_json("phoneTail", tail);
    t_json("isWaiting", "false");
    t_no_text(number + 1);
    has_text(t_mail_to(str_of(mail_of_test)), "A telephone number was confirmed");
    t_post_f("/account/phone/code", "code=%.*s", STR(code_at(number))); /* a second time */
    t_status(422);
    /* Neither number nor code stands in a row that is not sealed. */
    eq_int(
        t_int("select count(*) as n from auth.phone p where p::text like '%%%s%%'", number + 1), 0);
    eq_int(
        t_int("select count(*) as n from notify.sms s where s::text like '%%%s%%'", number + 4), 0);
    eq_int(
        t_int("select count(*) as n from auth.code s where s::text like '%%%s%%'", number + 4), 0);
}

T(what_is_no_number_or_of_elsewhere_is_refused)
{
    registers();
    t_post_f("/account/phone", "country=TH&number=02123");
    t_status(422);
    t_text("That is no mobile number of this country.");
    t_post_f("/account/phone", "country=FR&number=0612345678");
    t_status(422);
    t_text("We do not send messages to that country.");
    t_post_f("/account/phone", "country=US&number=%%2B18765550123");
    t_status(422);
    t_post_json("/account/phone.json", "{\"country\":\"TH\",\"number\":\"\"}");
    t_status(422);
    eq_int(
        t_int("select count(*) as n from notify.sms where person_id = %" PRId64, me_of_test()), 0);
}

T(a_stranger_gives_no_number)
{
    t_open();
    t_browser();
    t_get("/account/phone.json");
    t_status(401);
    t_post("/account/phone.json", "country=TH&number=0812345678");
    t_status(401);
    t_post("/login/second/sms", "");
    t_status(410);
    t_post_json("/api/auth/second-factor/sms", "{\"challenge\":\"nothing\"}");
    t_status(401);
}

T(another_persons_code_confirms_nothing)
{
    registers();
    const char *number = a_number();
    gives(number);
    t_drain();
    registers();
    t_post_f("/account/phone/code", "code=%.*s", STR(code_at(number)));
    t_status(422);
    t_get("/account/phone.json");
    t_json("hasPhone", "false");
}

T(ID_12_five_guesses_of_a_numbers_code_are_all)
{
    registers();
    const char *number = a_number();
    gives(number);
    t_drain();
    str code = code_at(number);
    i64 right = 0;
    is_true(str_int(code, &right));
    for (int i = 1; i <= 5; i++) {
        t_post_f("/account/phone/code", "code=%06d", (int)(right + i) % 1000000);
        t_status(422);
    }
    t_post_f("/account/phone/code", "code=%.*s", STR(code)); /* right, and too late */
    t_status(422);
    t_get("/account/phone.json");
    t_json("hasPhone", "false");
}

T(without_a_provider_nothing_offers_messages)
{
    registers();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "sms_account", str_none);
    t_get("/account/security");
    t_no_text("Codes by text message");
    t_get("/account/phone.json");
    t_status(404);
    t_post("/account/phone.json", "country=TH&number=0812345678");
    t_status(404);
    t_post("/account/phone/second.json", "on=1");
    t_status(404);
}

T(header_injection_the_text_of_a_message_stays_in_its_field)
{
    registers();
    const char *number = a_number();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "shop_name",
        S("Shop\r\nTo: +66800000009\r\n\r\n&To=%2B66800000009&Body=x\n.\n"));
    i64 others = sent_to("+66800000009");
    gives(number);
    t_drain();
    eq_int(sent_to(number), 1);
    eq_int(sent_to("+66800000009"), others);
    EACH(item, texts_to(number))
        has_text(node_str(&item->node, "body"), "&To=%2B66800000009&Body=x");
}

T(a_half_configured_provider_is_named)
{
    t_open();
    struct buf said = buf_new(t_ctx()->mem, 4000);
    struct conf *conf = t_ctx()->app->conf;
    notify_check(t_ctx()->app, &said);
    eq_str(buf_str(&said), "");
    conf_put(t_ctx()->mem, conf, "sms_from", str_none);
    conf_put(t_ctx()->mem, conf, "sms_countries", S("TH XX"));
    notify_check(t_ctx()->app, &said);
    has_text(buf_str(&said), "sms_from: missing");
    has_text(buf_str(&said), "no country we can send to: XX");
}

/* ---- what goes wrong there --------------------------------------------------------------------
 */

T(a_refused_number_is_not_tried_again)
{
    registers();
    gives("+66800000001");
    t_drain();
    t_clock(t_ctx()->now + MINUTE);
    t_drain();
    eq_str(state_of_last(), "failed status 400 code 21211");
    eq_int(t_int("select count(*) as n from work.job where kind = 'notify.sms'"), 0);
}

T(too_many_requests_are_tried_again_and_sent_once)
{
    registers();
    const char *number = a_number();
    faults(
        "{\"faults\":[{\"match\":\"POST /2010-04-01/*\",\"do\":\"status\",\"status\":429,\"times\":2}]}");
    gives(number);
    t_drain(); /* with its next tries */
    eq_int(sent_to(number), 1);
    eq_str(state_of_last(), "sent ");
}

/* The answer is lost on its way: the message is there, and found. */
T(a_lost_answer_sends_nothing_twice)
{
    registers();
    const char *number = a_number();
    faults("{\"faults\":[{\"match\":\"POST /2010-04-01/*\",\"do\":\"drop\",\"times\":1}]}");
    gives(number);
    t_drain();
    eq_int(sent_to(number), 1);
    eq_str(state_of_last(), "sent ");
    t_post_f("/account/phone/code", "code=%.*s", STR(code_at(number)));
    t_status(303);
}

T(a_fault_of_theirs_that_took_nothing_is_tried_again)
{
    registers();
    const char *number = a_number();
    faults(
        "{\"faults\":[{\"match\":\"POST /2010-04-01/*\",\"do\":\"status\",\"status\":503,\"times\":1}]}");
    gives(number);
    t_drain();
    eq_int(sent_to(number), 1);
    eq_str(state_of_last(), "sent ");
}

T(a_message_that_nobody_takes_is_given_up_and_its_dead_letter_says_why)
{
    registers();
    faults(
        "{\"faults\":[{\"match\":\"POST /2010-04-01/*\",\"do\":\"status\",\"status\":503,\"times\":9}]}");
    gives(a_number());
    t_sql("update work.job set attempt = 7 where kind = 'notify.sms'");
    t_drain();
    faults("{\"faults\":[]}");
    has_text(state_of_last(), "failed status 503");
    has_text(t_str("select error as s from work.job where kind = 'notify.sms' and state = 'dead'"),
        "sms.provider: status 503");
}

T(a_code_that_is_over_is_not_sent)
{
    registers();
    const char *number = a_number();
    gives(number);
    t_sql("update auth.code set ended_at = now() where person_id = %" PRId64
          " and purpose = 'confirm-phone'",
        me_of_test());
    t_drain();
    eq_int(sent_to(number), 0);
    has_text(state_of_last(), "failed");
}

/* ---- enough is enough -------------------------------------------------------------------------
 */

T(enough_messages_to_one_number_or_person_are_enough)
{
    registers();
    const char *number = a_number();
    for (int i = 0; i < 3; i++) {
        gives(number);
        t_status(303);
    }
    gives(number); /* three codes in a quarter of an hour */
    t_status(429);
    t_text("We have sent enough messages for now.");
    for (int i = 0; i < 2; i++) {
        gives(a_number());
        t_status(303);
    }
    gives(a_number()); /* five for a person in an hour */
    t_status(429);
    eq_int(
        t_int("select count(*) as n from notify.sms where person_id = %" PRId64, me_of_test()), 5);
    t_sql("update notify.sms set created_at = created_at - interval '61 minutes'");
    gives(a_number());
    t_status(303);
}

T(an_erasure_gives_no_messages_back)
{
    registers();
    const char *number = a_number();
    i64 person = me_of_test();
    for (int i = 0; i < 3; i++) {
        gives(number);
        t_status(303);
    }
    t_post("/account/erase", "old=" PASSWORD "&sure=1");
    t_status(303);
    eq_int(t_int("select count(*) as n from notify.sms where person_id = %" PRId64, person), 0);
    registers();
    for (int i = 0; i < 2; i++) {
        gives(number);
        t_status(303);
    }
    gives(number);
    t_status(429);
}

T(the_shops_own_ceiling_holds_for_all)
{
    registers();
    t_sql("update notify.sms set created_at = created_at - interval '61 minutes'");
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "sms_per_hour", S("4"));
    gives(a_number());
    gives(a_number());
    t_status(303);
    registers();
    gives(a_number()); /* half of it is for who logs in */
    t_status(429);
}

/* ---- logging in by it -------------------------------------------------------------------------
 */

static void gives_the_password(void)
{
    t_browser();
    t_post_f("/login", "email=%s&password=" PASSWORD, mail_of_test);
    t_status(303);
    t_header("Location", "/login/second");
}

static const struct node *turns_it_on(void)
{
    t_post_json("/account/phone/second.json", "{\"on\":true}");
    t_status(200);
    return node_copy(t_ctx()->mem, node_get(t_document(), S("codes")));
}

T(logging_in_takes_a_code_by_message)
{
    registers();
    const char *number = a_number();
    confirms(number);
    eq_int((i64)node_count(turns_it_on()), 10); /* the recovery codes */
    gives_the_password();
    t_get("/login/second");
    t_text("Send me a code by text message");
    t_post("/login/second/sms", "");
    t_status(200);
    t_text("We have sent a code to your number ending in");
    t_drain();
    t_post("/login/second", "code=000000");
    t_status(422);
    t_post_f("/login/second", "code=%.*s", STR(code_at(number)));
    t_status(303);
    t_get("/account.json");
    t_status(200);
    str used = code_at(number);
    gives_the_password();
    t_post_f("/login/second", "code=%.*s", STR(used)); /* twice */
    t_status(422);
}

/* Whoever knows a number could give it in accounts of their own until it gets no more. */
T(nobody_uses_up_the_messages_of_a_number_that_is_not_theirs)
{
    registers();
    const char *number = a_number();
    confirms(number);
    turns_it_on();
    t_sql("update notify.sms set created_at = created_at - interval '61 minutes'");
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "sms_per_hour", S("4"));
    t_sql("insert into notify.sms (person_id, template, cause, mark, network, country, lang) "
          "select 0, 'sms_confirm', 'x:' || n, s.mark, 'x', 'TH', 'en' from notify.sms s, "
          "generate_series(1, 12) n where s.person_id = %" PRId64,
        me_of_test());
    t_sql("update notify.sms set created_at = created_at - interval '61 minutes' "
          "where cause like 'x:%%' and substr(cause, 3)::int > 2");
    gives_the_password();
    t_post("/login/second/sms", "");
    t_status(200);
}

T(a_client_of_the_api_gets_its_code_by_message_too)
{
    registers();
    const char *number = a_number();
    confirms(number);
    turns_it_on();
    t_browser();
    t_post_json("/api/auth/login",
        c_str(str_fmt(
            t_ctx()->mem, "{\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", mail_of_test)));
    t_status(401);
    str challenge = str_dup(t_ctx()->mem, node_str(t_document(), "challenge"));
    t_post_json("/api/auth/second-factor/sms",
        c_str(str_fmt(t_ctx()->mem, "{\"challenge\":\"%.*s\"}", STR(challenge))));
    t_status(200);
    t_json("sent", "true");
    t_drain();
    t_post_json("/api/auth/second-factor",
        c_str(str_fmt(t_ctx()->mem, "{\"challenge\":\"%.*s\",\"code\":\"%.*s\"}", STR(challenge),
            STR(code_at(number)))));
    t_status(200);
}

T(another_number_takes_the_place_of_the_first)
{
    registers();
    const char *first = a_number(), *second = a_number();
    confirms(first);
    turns_it_on();
    confirms(second);
    gives_the_password();
    t_post("/login/second/sms", "");
    t_drain();
    eq_int(sent_to(first), 1);
    eq_int(sent_to(second), 2);
}

T(removed_it_asks_for_nothing_and_the_owner_hears_of_it)
{
    registers();
    confirms(a_number());
    turns_it_on();
    t_post("/account/phone/remove", "");
    t_status(303);
    has_text(t_mail_to(str_of(mail_of_test)), "Your telephone number was removed");
    eq_int(
        t_int("select count(*) as n from auth.recovery where person_id = %" PRId64, me_of_test()),
        0);
    t_browser();
    t_post_f("/login", "email=%s&password=" PASSWORD, mail_of_test);
    t_header("Location", "/account");
    t_post("/account/phone/remove", ""); /* twice */
    t_status(303);
}

T(a_number_is_given_and_taken_only_by_who_has_just_shown_who_they_are)
{
    registers();
    const char *number = a_number();
    confirms(number);
    t_sql(
        "update auth.device set proved_at = now() - interval '16 minutes' where person_id = %" PRId64,
        me_of_test());
    gives(a_number());
    t_status(303);
    t_header_has("Location", "/account/confirm");
    t_post("/account/phone/remove", "");
    t_header_has("Location", "/account/confirm");
    t_post("/account/phone/second", "on=1");
    t_header_has("Location", "/account/confirm");
    t_get("/account/phone.json");
    t_json("hasPhone", "true");
    t_json("hasSms", "false");
}

T(a_copy_of_ones_data_has_the_number)
{
    registers();
    const char *number = a_number();
    confirms(number);
    t_post_f("/account/data", "old=" PASSWORD);
    t_status(200);
    t_text(number);
    t_text("sms_confirm");
}

/* By talatctl keys destroy person: the number is closed, and the account is not. */
T(with_the_persons_key_destroyed_a_copy_is_given_and_no_number_taken)
{
    registers();
    const char *number = a_number();
    confirms(number);
    must(vault_destroy(t_ctx(), VAULT_PERSON, me_of_test()));
    t_post_f("/account/data", "old=" PASSWORD);
    t_status(200);
    t_no_text(number);
    t_text("sms_confirm");
    gives(a_number());
    t_status(409);
    t_text("Nothing personal can be kept for this account any more.");
}

T(with_the_persons_key_destroyed_who_wants_a_code_is_told_that_none_comes)
{
    registers();
    confirms(a_number());
    turns_it_on();
    must(vault_destroy(t_ctx(), VAULT_PERSON, me_of_test()));
    gives_the_password();
    t_post("/login/second/sms", "");
    t_status(409);
    t_text("Nothing personal can be kept for this account any more.");
}

/* ---- reports ----------------------------------------------------------------------------------
 */

static void report(i64 id, const char *token, const char *fields, int want)
{
    struct ctx *c = t_ctx();
    str path = str_fmt(c->mem, "/notify/sms/status?sms=%.*s",
        STR(crypto_opaque(c->mem, c->app->secret, "sms", id)));
    str url = str_fmt(c->mem, "%.*s%.*s", STR(c->app->base_url), STR(path));
    /* The fields of these tests are in the order of their names. */
    struct buf all = buf_new(c->mem, 4000);
    str rest = str_of(fields), one, name;
    buf_add(&all, url);
    while (rest.n && str_cut(&rest, '&', &one)) {
        str_cut(&one, '=', &name);
        buf_add(&all, name);
        buf_add(&all, one);
    }
    str secret = token ? str_of(token) : conf_str(c->app->conf, "sms_secret", str_none);
    t_with("X-Twilio-Signature",
        c_str(crypto_base64_padded(c->mem, crypto_hmac_sha1(c->mem, secret, buf_str(&all)))));
    t_send("POST", c_str(path), "application/x-www-form-urlencoded", str_of(fields));
    t_status(want);
}

static str delivery(i64 id)
{
    return t_str("select delivery || ' ' || answer as s from notify.sms where id = %" PRId64, id);
}

T(reports_move_a_message_forward_and_never_back)
{
    registers();
    gives(a_number());
    t_drain();
    i64 id = t_int("select max(id) as n from notify.sms where person_id = %" PRId64, me_of_test());
    str sid = t_str("select sid as s from notify.sms where id = %" PRId64, id);
    t_browser();
    report(id, "wrong token",
        c_str(str_fmt(t_ctx()->mem, "MessageSid=%.*s&MessageStatus=delivered", STR(sid))), 403);
    eq_str(delivery(id), "queued ");
    report(id, NULL, "MessageSid=SM00000000000000000000000000000000&MessageStatus=delivered", 200);
    eq_str(delivery(id), "queued "); /* of another message */
    report(id, NULL,
        c_str(str_fmt(
            t_ctx()->mem, "ErrorCode=30005&MessageSid=%.*s&MessageStatus=undelivered", STR(sid))),
        200);
    eq_str(delivery(id), "undelivered code 30005");
    report(id, NULL, c_str(str_fmt(t_ctx()->mem, "MessageSid=%.*s&MessageStatus=sent", STR(sid))),
        200);
    report(id, NULL,
        c_str(str_fmt(t_ctx()->mem, "MessageSid=%.*s&MessageStatus=nonsense", STR(sid))), 200);
    eq_str(delivery(id), "undelivered code 30005");
    t_send("POST", "/notify/sms/status?sms=aaaaaaaaaaaaa", "application/x-www-form-urlencoded",
        S("a=b"));
    t_status(403);
}
