#include "audit/audit.h"
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "vault/vault.h"
#include "web/web.h"

enum { CODES = 10, CODE_LETTERS = 10, MARK_LETTERS = 2, FORM_LIFE_S = 600 };

int factors_of(struct ctx *c, i64 person, struct factors *out)
{
    struct node *row;
    TRY(q_auth_factors(c, &row, person));
    *out = (struct factors){ .has_app = node_bool(row, "has_app"),
        .has_sms = node_bool(row, "has_sms"),
        .passkeys = node_int(row, "passkeys"),
        .codes_left = node_int(row, "codes_left") };
    return E_OK;
}

/* ---- what stays secret ---------------------------------------------------------------------- */

static struct vault_place place_of(i64 person)
{
    return (struct vault_place){ "auth.totp.secret", person, VAULT_PERSON, person };
}

/* ---- checking what was typed ----------------------------------------------------------------- */

/* Without what people put between: "123 456", "ab12c-d3e4f". Letters that look like digits are
 * those digits, as Crockford has it. */
static str bare(struct arena *mem, str typed)
{
    struct buf out = buf_new(mem, 100);
    str lower = str_lower(mem, typed);
    for (size_t i = 0; i < lower.n; i++) {
        char letter = lower.p[i];
        if (letter == ' ' || letter == '-')
            continue;
        buf_char(&out, letter == 'o' ? '0' : letter == 'i' || letter == 'l' ? '1' : letter);
    }
    return buf_str(&out);
}

static bool is_digits(str code)
{
    for (size_t i = 0; i < code.n; i++)
        if (code.p[i] < '0' || code.p[i] > '9')
            return false;
    return code.n == TOTP_DIGITS;
}

enum code_form code_form(struct ctx *c, str typed)
{
    str code = bare(c->mem, typed);
    if (is_digits(code))
        return FORM_DIGITS;
    for (size_t i = 0; i < code.n; i++)
        if ((code.p[i] < '0' || code.p[i] > '9') && (code.p[i] < 'a' || code.p[i] > 'z'))
            return FORM_NONE;
    return code.n == CODE_LETTERS ? FORM_RECOVERY : FORM_NONE;
}

static int not_right(struct ctx *c)
{
    return fail_field(c, "code", "That code is not right. Please look at the newest one.");
}

static int check_app(struct ctx *c, i64 person, str code)
{
    struct node *row;
    str secret;
    i64 step, changed;
    TRY(q_auth_totp(c, &row, person));
    if (!row)
        return not_right(c);
    struct vault_place place = place_of(person);
    int err = vault_open(c, &place, node_str(row, "secret"), &secret);
    if (err == E_MISSING) { /* closed for good: no code of the app is right, others still are */
        fault_clear(c);
        return not_right(c);
    }
    TRY(err);
    if (!totp_match(c->mem, secret, c->now, code, &step))
        return not_right(c);
    TRY(q_auth_use_step(c, &changed, person, step));
    if (!changed)
        return fail_field(
            c, "code", "That code has been used. Please wait for the next one, half a minute.");
    return E_OK;
}

static int check_recovery(struct ctx *c, i64 person, str code)
{
    struct node *row;
    bool ok;
    i64 changed;
    if (code.n != CODE_LETTERS)
        return not_right(c);
    TRY(q_auth_recovery(c, &row, person, str_letters_upto(code, MARK_LETTERS)));
    if (!row)
        return not_right(c);
    TRY(password_matches(c, node_str(row, "code_hash"), code, &ok));
    if (!ok)
        return not_right(c);
    TRY(q_auth_use_recovery(c, &changed, node_int(row, "id")));
    return changed ? factor_news(c, NEWS_RECOVERY, person) : not_right(c);
}

/* Six digits are the app's, else those of the newest message, else of the newest mail. */
static int check_digits(struct ctx *c, i64 person, str code, unsigned by, enum shown *shown)
{
    struct code sent;
    int err = by & BY_APP ? check_app(c, person, code) : not_right(c);
    *shown = SHOWN_APP;
    if (err != E_INPUT)
        return err;
    struct fault told = c->fault;
    fault_clear(c);
    if (by & BY_SMS && phone_code_is(c, person, code)) {
        *shown = SHOWN_SMS;
        return E_OK;
    }
    fault_clear(c);
    if (by & BY_MAIL && !code_use(c, CODE_LOGIN, person, str_none, code, &sent)) {
        *shown = SHOWN_MAIL;
        return E_OK;
    }
    c->fault = told;
    return err;
}

static int check(struct ctx *c, i64 person, str code, unsigned by, enum shown *shown)
{
    if (is_digits(code))
        return check_digits(c, person, code, by, shown);
    *shown = SHOWN_RECOVERY;
    return by & BY_RECOVERY ? check_recovery(c, person, code) : not_right(c);
}

int factor_check(struct req *r, i64 person, str typed, unsigned by, enum shown *shown)
{
    struct ctx *c = &r->c;
    str code = bare(c->mem, typed);
    /* Digits can be guessed, the other codes hardly: who is kept from the one has the other. */
    str key = str_fmt(c->mem, "%s%" PRId64, is_digits(code) ? "" : "r", person);
    TRY(limit_take(r, "factor-account", key, 0));
    TRY(limit_take(r, "factor-account", key, 1)); /* now, or many at once would all be let in */
    int err = check(c, person, code, by, shown);
    struct fault told = c->fault;
    if (err == E_INPUT)
        metric_add(c->app, "logins_failed_total", 1);
    else
        limit_take(r, "factor-account", key, -1);
    c->fault = told;
    return err;
}

/* ---- the app -----------------------------------------------------------------------------------
 */

static const char *purpose_of(struct ctx *c, i64 person)
{
    return str_fmt(c->mem, "new app %" PRId64, person).p;
}

/* A secret that nobody has yet lives in its form alone. */
str app_secret_new(struct req *r, i64 person)
{
    struct ctx *c = &r->c;
    char secret[TOTP_SECRET];
    crypto_random(secret, sizeof secret);
    str text = str_fmt(c->mem, "%" PRId64 " ", c->now / SECOND + FORM_LIFE_S);
    str plain =
        str_fmt(c->mem, "%.*s%.*s", STR(text), STR(base32(c->mem, (str){ secret, sizeof secret })));
    return crypto_seal(c->mem, c->app->secret, purpose_of(c, person), plain);
}

bool app_secret_read(struct req *r, i64 person, str sealed, str *secret)
{
    struct ctx *c = &r->c;
    str plain, until;
    i64 until_s;
    return crypto_unseal(c->mem, c->app->secret, purpose_of(c, person), sealed, &plain) &&
        str_cut(&plain, ' ', &until) && str_int(until, &until_s) && until_s >= c->now / SECOND &&
        unbase32(c->mem, plain, secret);
}

struct new_app {
    i64 person, step;
    str sealed;
};

static int save_app(struct ctx *c, void *with)
{
    const struct new_app *app = with;
    TRY(q_auth_save_totp(c, NULL, app->person, app->sealed, app->step));
    return factor_news(c, NEWS_APP_ON, app->person);
}

int app_begin(struct req *r, i64 person, str secret, str typed)
{
    struct ctx *c = &r->c;
    struct vault_place place = place_of(person);
    struct new_app app = { .person = person };
    if (!totp_match(c->mem, secret, c->now, bare(c->mem, typed), &app.step))
        return not_right(c);
    TRY(vault_closed(c, vault_seal(c, &place, secret, &app.sealed)));
    return session_adds(r, save_app, &app);
}

int app_end(struct ctx *c, i64 person)
{
    TRY(q_auth_end_totp(c, NULL, person));
    TRY(q_auth_end_recovery_alone(c, NULL, person));
    return factor_news(c, NEWS_APP_OFF, person);
}

/* ---- recovery codes
 * ------------------------------------------------------------------------------ */

struct ten {
    i64 person;
    bool tell;
    str codes[CODES], hashes[CODES];
};

static int put_ten(struct ctx *c, void *with)
{
    struct ten *ten = with;
    TRY(q_auth_end_recovery(c, NULL, ten->person));
    for (size_t i = 0; i < CODES; i++)
        TRY(q_auth_add_recovery(
            c, NULL, ten->person, str_upto(ten->codes[i], MARK_LETTERS), ten->hashes[i]));
    if (ten->tell)
        TRY(factor_news(c, NEWS_CODES, ten->person));
    return audit_tell(c, "account", "recovery_codes", "auth.person",
        str_fmt(c->mem, "%" PRId64, ten->person), NULL);
}

static bool is_mark_free(const struct ten *ten, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_upto(ten->codes[i], MARK_LETTERS), str_upto(ten->codes[n], MARK_LETTERS)))
            return false;
    return true;
}

int recovery_make(struct req *r, bool tell, struct node **codes)
{
    struct ctx *c = &r->c;
    struct ten ten = { .person = me(r), .tell = tell };
    *codes = node_list(c->mem);
    for (size_t i = 0; i < CODES; i++) {
        do
            ten.codes[i] = crypto_code(c->mem, CODE_LETTERS);
        while (!is_mark_free(&ten, i));
        if (!password_hash(c, ten.codes[i], &ten.hashes[i]))
            return no_turn(c);
        str half = str_upto(ten.codes[i], CODE_LETTERS / 2);
        node_add_str(c->mem, *codes,
            str_fmt(c->mem, "%.*s-%.*s", STR(half), STR(str_from(ten.codes[i], CODE_LETTERS / 2))));
    }
    return session_adds(r, put_ten, &ten);
}

/* ---- telling the owner
 * --------------------------------------------------------------------------- */

static const struct {
    const char *name, *subject, *words;
} news[] = {
    [NEWS_RECOVERY] = { "recovery", SAYS("A recovery code was used"),
        SAYS("Somebody has logged in to your account with one of your recovery codes.") },
    [NEWS_APP_ON] = { "app_on", SAYS("An authenticator app was set up"),
        SAYS("Logging in to your account now asks for a code of an authenticator app.") },
    [NEWS_APP_OFF] = { "app_off", SAYS("The authenticator app was turned off"),
        SAYS("Logging in to your account no longer asks for a code of an authenticator app.") },
    [NEWS_PASSKEY_ON] = { "passkey_on", SAYS("A passkey was added"),
        SAYS("A new passkey can now log in to your account.") },
    [NEWS_PASSKEY_OFF] = { "passkey_off", SAYS("A passkey was removed"),
        SAYS("One of your passkeys can no longer log in to your account.") },
    [NEWS_PHONE_ON] = { "phone_on", SAYS("A telephone number was confirmed"),
        SAYS("A telephone number was confirmed for your account. Codes can be sent to it.") },
    [NEWS_PHONE_OFF] = { "phone_off", SAYS("Your telephone number was removed"),
        SAYS("No codes are sent to the telephone number of your account any more.") },
    [NEWS_SMS_ON] = { "sms_on", SAYS("Codes by text message were turned on"),
        SAYS("Logging in to your account now asks for a code, which can come by text message.") },
    [NEWS_SMS_OFF] = { "sms_off", SAYS("Codes by text message were turned off"),
        SAYS("Logging in to your account no longer takes a code by text message.") },
    [NEWS_CODES] = { "codes", SAYS("New recovery codes"),
        SAYS("New recovery codes were made for your account. The old ones have ended.") },
    [NEWS_WAYS_OFF] = { "ways_off", SAYS("A way into your account was removed"),
        SAYS("What had been added to your account to log in by was removed: an authenticator app, "
             "passkeys, recovery codes, logins elsewhere or API keys.") },
    [NEWS_LOGIN_ON] = { "login_on", SAYS("A login elsewhere was connected"),
        SAYS("An account elsewhere can now log in to your account.") },
    [NEWS_LOGIN_OFF] = { "login_off", SAYS("A login elsewhere was disconnected"),
        SAYS("An account elsewhere can no longer log in to your account.") },
};

int factor_news(struct ctx *c, enum factor_news what, i64 person)
{
    struct node *row;
    TRY(q_auth_person(c, &row, person));
    struct notify_to to = {
        .person = person, .email = node_str(row, "email"), .lang = node_str(row, "lang")
    };
    str cause = str_fmt(
        c->mem, "%s:%" PRId64 ":%.*s", news[what].name, person, STR(crypto_token(c->mem, 9)));
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = notify_mail(c, "factor_news", cause, &to);
    c->scope = before;
    return err;
}

static int build_news(struct ctx *c, const struct node *mail_row, struct node **document)
{
    str rest = node_str(mail_row, "cause"), name = str_none;
    size_t i = 0;
    str_cut(&rest, ':', &name);
    while (i < COUNT(news) && !str_is(name, news[i].name))
        i++;
    if (i == COUNT(news))
        return fail_detail(c, E_INTERNAL, "auth.news", "a mail about nothing");
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"), say(c, news[i].subject));
    node_set_null(c->mem, *document, S("order"));
    node_set_str(c->mem, *document, S("what"), say(c, news[i].words));
    node_set_str(c->mem, *document, S("security_url"), auth_url(c, S("/account/security")));
    return E_OK;
}

extern const struct notify_builder auth_factor_mails[];
const struct notify_builder auth_factor_mails[] = {
    { "factor_news", build_news },
    { 0 },
};
