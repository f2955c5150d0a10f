/* Codes and links: sent to an address, good once and for a while. */
#include "auth/auth_in.h"
#include "io/io.h"
#include "notify/notify.h"
#include "t/shop.h"
#include "web/web.h"

static struct ctx *house(void)
{
    t_open();
    t_ctx()->scope = (struct scope){ 0 };
    return t_ctx();
}

static str own_mail(void)
{
    struct arena *mem = t_ctx()->mem;
    return str_lower(mem, str_fmt(mem, "t-%s@example.test", crypto_token(mem, 9).p));
}

/* Sends, and reads what came from the mail itself. */
static str sent(enum code_purpose purpose, i64 person, str address)
{
    struct code_to to = { .person = person, .address = address };
    must(code_send(t_ctx(), purpose, &to));
    return t_mail_to(address);
}

static int use(enum code_purpose purpose, i64 person, str address, str digits, struct code *code)
{
    int err = code_use(t_ctx(), purpose, person, address, digits, code);
    fault_clear(t_ctx());
    return err;
}

static str another(str digits) /* than the right one */
{
    return str_fmt(t_ctx()->mem, "%c%.*s", digits.p[0] == '9' ? '0' : digits.p[0] + 1,
        STR(str_from(digits, 1)));
}

T(ID_12_a_code_is_good_once_for_the_person_it_was_sent_to)
{
    house();
    struct code code;
    str mail = sent(CODE_LOGIN, 2, S("shopper@example.test")), digits = t_mail_code(mail);
    eq_err(use(CODE_LOGIN, 1, str_none, digits, &code), E_INPUT);  /* another person */
    eq_err(use(CODE_VERIFY, 2, str_none, digits, &code), E_INPUT); /* another purpose */
    eq_err(use(CODE_LOGIN, 0, own_mail(), digits, &code), E_INPUT);
    eq_err(use(CODE_LOGIN, 2, str_none, digits, &code), E_OK);
    eq_int(code.person, 2);
    eq_str(code.address, "shopper@example.test");
    eq_err(use(CODE_LOGIN, 2, str_none, digits, &code), E_INPUT); /* twice */
    eq_int(t_ctx()->scope.platform, false);
}

T(ID_12_five_tries_are_all)
{
    house();
    struct code code;
    str address = own_mail(), digits = t_mail_code(sent(CODE_VERIFY, 0, address));
    for (int i = 0; i < 4; i++)
        eq_err(use(CODE_VERIFY, 0, address, another(digits), &code), E_INPUT);
    eq_err(use(CODE_VERIFY, 0, address, digits, &code), E_OK); /* the fifth */
    digits = t_mail_code(sent(CODE_VERIFY, 0, address));
    for (int i = 0; i < 5; i++)
        eq_err(use(CODE_VERIFY, 0, address, another(digits), &code), E_INPUT);
    eq_err(use(CODE_VERIFY, 0, address, digits, &code), E_INPUT); /* right, and too late */
}

T(ID_12_nonsense_is_no_code)
{
    static const char *const nonsense[] = { "", "0", "12345", "1234567", "abcdef", "\xe0\xb8\x81",
        "' or 1=1 --", "000000000000000000000000000000000000" };
    house();
    struct code code;
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        str address = own_mail();
        sent(CODE_VERIFY, 0, address);
        eq_err(use(CODE_VERIFY, 0, address, str_of(nonsense[i]), &code), E_INPUT);
        eq_err(code_open(t_ctx(), CODE_VERIFY, str_of(nonsense[i]), &code), E_GONE);
        fault_clear(t_ctx());
    }
}

T(ID_12_code_and_link_are_two_ways_to_one_thing)
{
    house();
    struct code code;
    str address = own_mail(), mail = sent(CODE_VERIFY, 0, address);
    str token = t_mail_token(mail);
    is_true(token.n >= 32);
    must(code_look(t_ctx(), CODE_VERIFY, token, &code));
    must(code_look(t_ctx(), CODE_VERIFY, token, &code)); /* looking uses nothing */
    eq_err(code_look(t_ctx(), CODE_RESET, token, &code), E_GONE);
    fault_clear(t_ctx());
    must(code_open(t_ctx(), CODE_VERIFY, token, &code));
    eq_str(code.address, address);
    eq_err(code_open(t_ctx(), CODE_VERIFY, token, &code), E_GONE);
    fault_clear(t_ctx());
    eq_err(use(CODE_VERIFY, 0, address, t_mail_code(mail), &code), E_INPUT);
}

T(ID_12_a_newer_one_takes_the_place_of_the_one_before)
{
    house();
    struct code code;
    str address = own_mail();
    str first = sent(CODE_VERIFY, 0, address), second = sent(CODE_VERIFY, 0, address);
    eq_err(code_open(t_ctx(), CODE_VERIFY, t_mail_token(first), &code), E_GONE);
    fault_clear(t_ctx());
    eq_err(use(CODE_VERIFY, 0, address, t_mail_code(second), &code), E_OK);
}

T(ID_12_codes_and_links_grow_too_old)
{
    house();
    struct code code;
    str address = own_mail(), mail = sent(CODE_VERIFY, 0, address);
    t_sql("update auth.code set code_until = now() where address = '%.*s'", STR(address));
    eq_err(use(CODE_VERIFY, 0, address, t_mail_code(mail), &code), E_INPUT);
    must(code_look(t_ctx(), CODE_VERIFY, t_mail_token(mail), &code)); /* the link lives longer */
    t_sql("update auth.code set link_until = now() where address = '%.*s'", STR(address));
    eq_err(code_open(t_ctx(), CODE_VERIFY, t_mail_token(mail), &code), E_GONE);
}

T(ID_12_three_to_an_address_in_a_quarter_of_an_hour)
{
    house();
    str address = own_mail();
    struct code_to to = { .address = address };
    for (int i = 0; i < 3; i++)
        must(code_send(t_ctx(), CODE_VERIFY, &to));
    eq_err(code_send(t_ctx(), CODE_VERIFY, &to), E_LIMIT);
    fault_clear(t_ctx());
    to.address = str_upper(t_ctx()->mem, address); /* the same one */
    eq_err(code_send(t_ctx(), CODE_VERIFY, &to), E_LIMIT);
    fault_clear(t_ctx());
    eq_int(t_int("select count(*) as n from auth.code where address = '%.*s'", STR(address)), 3);
    to.address = own_mail();
    must(code_send(t_ctx(), CODE_VERIFY, &to));
    t_sql("update auth.code set created_at = now() - interval '16 minutes' where address = '%.*s'",
        STR(address));
    to.address = address;
    must(code_send(t_ctx(), CODE_VERIFY, &to));
}

T(ID_12_two_organisations_invite_one_address)
{
    house();
    struct code code;
    struct node *data = node_map(t_ctx()->mem);
    node_set_str(t_ctx()->mem, data, S("organisation"), S("Tea <House>"));
    struct code_to to = { .address = own_mail(), .about = 1, .data = data };
    must(code_send(t_ctx(), CODE_INVITE, &to));
    str first = t_mail_to(to.address);
    has_text(first, "Tea <House>");
    has_text(first, "Tea &lt;House&gt;");
    to.about = 2;
    must(code_send(t_ctx(), CODE_INVITE, &to));
    must(code_open(t_ctx(), CODE_INVITE, t_mail_token(first), &code));
    eq_int(code.about, 1);
    eq_str(node_str(code.data, "organisation"), "Tea <House>");
}

T(SE_12_nothing_that_opens_anything_is_kept)
{
    house();
    str address = own_mail(), mail = sent(CODE_VERIFY, 0, address);
    str row = t_str(
        "select row_to_json(c)::text as s from auth.code c where address = '%.*s'", STR(address));
    no_text(row, t_mail_token(mail));
    no_text(row, str_fmt(t_ctx()->mem, "\"%.*s\"", STR(t_mail_code(mail))));
    eq_int(t_int_as((struct scope){ .person = 2, .organisation = 1 },
               "select count(*) as n from auth.code"),
        0);
}

T(ID_12_a_code_that_is_over_is_not_sent_any_more)
{
    house();
    str address = own_mail();
    struct code_to to = { .address = address };
    must(code_send(t_ctx(), CODE_VERIFY, &to));
    must(code_send(t_ctx(), CODE_VERIFY, &to));
    t_drain();
    eq_int(
        t_int("select count(*) as n from notify.mail where recipient = '%.*s' and state = 'sent'",
            STR(address)),
        1);
    eq_int(t_int("select count(*) as n from work.job where kind in ('auth.code', 'notify.mail') "
                 "and state = 'dead'"),
        0);
}

/* The mail server was away for so long. */
T(ID_12_a_code_that_has_grown_too_old_is_not_sent_any_more)
{
    house();
    str login = own_mail(), reset = own_mail(), both = own_mail();
    must(code_send(t_ctx(), CODE_LOGIN, &(struct code_to){ .person = 2, .address = login }));
    must(code_send(t_ctx(), CODE_RESET, &(struct code_to){ .person = 2, .address = reset }));
    must(code_send(t_ctx(), CODE_VERIFY, &(struct code_to){ .address = both }));
    t_sql("update auth.code set code_until = now() where address in ('%.*s', '%.*s')", STR(login),
        STR(both));
    t_sql("update auth.code set link_until = now() where address = '%.*s'", STR(reset));
    str mail = t_mail_to(both);
    is_true(t_mail_token(mail).n > 0); /* the link is good for a day */
    eq_str(t_mail_code(mail), "");
    no_text(mail, "Enter this code");
    eq_str(t_mail_to(login), "");
    eq_str(t_mail_to(reset), "");
}

T(ID_12_a_code_that_grows_too_old_while_its_mail_waits_is_not_sent)
{
    house();
    str address = own_mail();
    i64 id;
    must(code_add(t_ctx(), CODE_LOGIN, &(struct code_to){ .person = 2, .address = address }, &id));
    struct notify_to to = { .person = 2, .email = address, .lang = S("en") };
    t_ctx()->scope.platform = true;
    must(notify_mail(t_ctx(), "code_login", str_fmt(t_ctx()->mem, "code:%" PRId64, id), &to));
    t_sql("update auth.code set code_until = now() where id = %" PRId64, id);
    eq_str(t_mail_to(address), "");
    eq_str(t_str("select state as s from notify.mail where recipient = '%.*s'", STR(address)),
        "failed");
    eq_int(t_int("select count(*) as n from work.job where kind = 'notify.mail'"), 0);
}
