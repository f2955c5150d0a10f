/* Codes and links: what is sent to an address to prove that somebody reads it. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "web/web.h"
#include "work/work.h"

/* Six digits are short, so they live ten minutes and have five tries (sql/schema/20_auth.sql);
 * a link cannot be guessed. 0: this purpose has none. */
static const struct purpose {
    const char *name, *path, *subject;
    i64 code_life, link_life;
} purposes[] = {
    [CODE_VERIFY] = { "verify-email", "/verify", SAYS("Confirm your address"), 10 * MINUTE, DAY },
    [CODE_RESET] = { "reset-password", "/password/new", SAYS("A new password"), 0, HOUR },
    [CODE_CHANGE] = { "change-email", "/account/email/confirm", SAYS("Confirm your new address"),
        10 * MINUTE, DAY },
    [CODE_UNDO] = { "undo-email", "/account/email/undo", SAYS("Your address was changed"), 0,
        7 * DAY },
    [CODE_LOGIN] = { "login-otp", NULL, SAYS("Your login code"), 10 * MINUTE, 0 },
    [CODE_INVITE] = { "invite", "/join", SAYS("You are invited"), 0, 7 * DAY },
    [CODE_PHONE] = { "confirm-phone", NULL, "", 10 * MINUTE, 0 },
    [CODE_SMS] = { "login-sms", NULL, "", 10 * MINUTE, 0 },
};

/* ---- what is sent, made anew from the nonce whenever it is needed ------------------------- */

static str made_from(struct ctx *c, const char *what, str nonce)
{
    unsigned char key[32];
    crypto_key(c->app->secret, what, key);
    return crypto_hmac_sha256_hex(c->mem, (str){ (char *)key, sizeof key }, nonce);
}

static str token_of(struct ctx *c, str nonce) { return made_from(c, "code link", nonce); }

str code_digits(struct ctx *c, str nonce)
{
    str hex = made_from(c, "code digits", nonce);
    uint64_t number = 0;
    for (size_t i = 0; i < 15; i++)
        number = number * 16 + (uint64_t)(hex.p[i] <= '9' ? hex.p[i] - '0' : hex.p[i] - 'a' + 10);
    return str_fmt(c->mem, "%06" PRIu64, number % 1000000);
}

/* ---- asking ------------------------------------------------------------------------------- */

static str stored(struct ctx *c, const struct node *data)
{
    struct buf json = buf_new(c->mem, 10000);
    if (data)
        json_store(&json, data);
    return data ? buf_str(&json) : S("{}");
}

static int add(struct ctx *c, enum code_purpose purpose, const struct code_to *to, i64 *id)
{
    const struct purpose *p = &purposes[purpose];
    struct node *row;
    str nonce = crypto_token(c->mem, 18);
    TRY(q_auth_add_code(c, &row, str_of(p->name), to->person ? &to->person : NULL,
        str_lower(c->mem, to->address), to->about, stored(c, to->data),
        to->lang.n ? to->lang : c->lang, nonce, crypto_sha256_hex(c->mem, token_of(c, nonce)),
        p->code_life / SECOND, p->link_life / SECOND));
    *id = node_int(row, "id");
    return E_OK;
}

int code_add(struct ctx *c, enum code_purpose purpose, const struct code_to *to, i64 *id)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = add(c, purpose, to, id);
    c->scope = before;
    TRY(err);
    return *id ? E_OK
               : fail(c, E_LIMIT, "code.often",
                     "We have sent you three of these within a quarter of an hour. Please look "
                     "for the newest one, also among unwanted mail.");
}

int code_asked(struct req *r) { return limit_take(r, "mail-address", limit_address(r), 1); }

int code_send(struct ctx *c, enum code_purpose purpose, const struct code_to *to)
{
    i64 id = 0;
    TRY(code_add(c, purpose, to, &id));
    return job_add(c, "auth.code", str_fmt(c->mem, "auth.code:%" PRId64, id), 0, id, NULL, 0);
}

/* ---- using -------------------------------------------------------------------------------- */

static struct code code_of(const struct node *row)
{
    return (struct code){ .id = node_int(row, "id"),
        .person = node_int(row, "person_id"),
        .about = node_int(row, "about"),
        .address = node_str(row, "address"),
        .lang = node_str(row, "lang"),
        .data = node_get(row, S("data")) };
}

static int wrong_code(struct ctx *c)
{
    return fail_field(c, "code",
        "That code is not right, or no longer good. Please look at the newest mail, or ask for "
        "another one.");
}

int code_dead(struct ctx *c)
{
    return fail(c, E_GONE, "code.link",
        "This link was used before, or is too old. Please ask for a new one.");
}

static int take(struct ctx *c, i64 id, bool *mine)
{
    i64 changed;
    TRY(q_auth_use_code(c, &changed, id));
    *mine = changed == 1;
    return E_OK;
}

/* "123 456" as some mail programs copy it. */
static str without_blanks(struct ctx *c, str typed)
{
    struct buf digits = buf_new(c->mem, typed.n + 1);
    for (size_t i = 0; i < typed.n; i++)
        if (typed.p[i] != ' ' && typed.p[i] != '-')
            buf_char(&digits, typed.p[i]);
    return buf_str(&digits);
}

static int try_digits(
    struct ctx *c, enum code_purpose purpose, i64 person, str address, str digits, struct code *out)
{
    struct node *row;
    TRY(q_auth_try_code(
        c, &row, str_of(purposes[purpose].name), person, str_lower(c->mem, address)));
    if (!row || !crypto_equal(without_blanks(c, digits), code_digits(c, node_str(row, "nonce"))))
        return wrong_code(c);
    *out = code_of(row);
    return E_OK;
}

int code_try(
    struct ctx *c, enum code_purpose purpose, i64 person, str address, str digits, struct code *out)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = try_digits(c, purpose, person, address, digits, out);
    c->scope = before;
    return err;
}

int code_take(struct ctx *c, const struct code *code)
{
    bool mine = false;
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = take(c, code->id, &mine);
    c->scope = before;
    return err || mine ? err : code->by_link ? code_dead(c) : wrong_code(c);
}

int code_use(
    struct ctx *c, enum code_purpose purpose, i64 person, str address, str digits, struct code *out)
{
    TRY(code_try(c, purpose, person, address, digits, out));
    return code_take(c, out);
}

static int look(struct ctx *c, enum code_purpose purpose, str token, struct code *out)
{
    struct node *row;
    TRY(q_auth_code_of_link(
        c, &row, str_of(purposes[purpose].name), crypto_sha256_hex(c->mem, token)));
    if (!row)
        return code_dead(c);
    *out = code_of(row);
    out->by_link = true;
    when_parse(node_str(row, "created_at"), &out->made);
    return E_OK;
}

int code_look(struct ctx *c, enum code_purpose purpose, str token, struct code *out)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = look(c, purpose, token, out);
    c->scope = before;
    return err;
}

static int open_link(struct ctx *c, enum code_purpose purpose, str token, struct code *out)
{
    bool mine = false;
    TRY(look(c, purpose, token, out));
    TRY(take(c, out->id, &mine));
    return mine ? E_OK : code_dead(c);
}

int code_open(struct ctx *c, enum code_purpose purpose, str token, struct code *out)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = open_link(c, purpose, token, out);
    c->scope = before;
    return err;
}

int code_end_all(struct ctx *c, i64 person, i64 undo)
{
    struct scope before = c->scope;
    c->scope.platform = true;
    int err = q_auth_end_codes(c, NULL, person, undo ? undo : INT64_MAX);
    c->scope = before;
    return err;
}

/* ---- sending ------------------------------------------------------------------------------ */

static bool is(const struct node *row, enum code_purpose purpose)
{
    return str_is(node_str(row, "purpose"), purposes[purpose].name);
}

static int mail(
    struct ctx *c, const char *template, const struct node *row, i64 person, str lang)
{
    struct notify_to to = { .person = person, .email = node_str(row, "address"), .lang = lang };
    return notify_mail(c, template, str_fmt(c->mem, "code:%" PRId64, node_int(row, "id")), &to);
}

/* The template's name: "code_" and the purpose's first word. */
static const char *template_of(struct ctx *c, const struct node *row)
{
    str rest = node_str(row, "purpose"), word;
    str_cut(&rest, '-', &word);
    return str_c(c->mem, str_fmt(c->mem, "code_%.*s", STR(word)));
}

/* Whoever registers or has forgotten a password is answered before anybody has looked whether
 * the address is known: it is looked for here, where nobody waits and measures. */
static int send(struct ctx *c, void *with)
{
    const struct job *job = with;
    struct node *row, *owner = NULL;
    TRY(q_auth_code_to_send(c, &row, job->subject));
    if (!row)
        return E_OK;
    i64 person = node_int(row, "person_id");
    if (is(row, CODE_CHANGE) || (!person && (is(row, CODE_VERIFY) || is(row, CODE_RESET))))
        TRY(q_auth_by_email(c, &owner, node_str(row, "address")));
    if (owner && !is(row, CODE_RESET)) { /* nothing to prove: they have an account */
        TRY(q_auth_void_code(c, NULL, job->subject));
        return mail(c, "register_taken", row, node_int(owner, "id"), node_str(owner, "lang"));
    }
    if (!person && !owner && is(row, CODE_RESET))
        return q_auth_void_code(c, NULL, job->subject);
    if (owner) {
        person = node_int(owner, "id");
        TRY(q_auth_code_for(c, NULL, job->subject, person));
    }
    return mail(c, template_of(c, row), row, person, node_str(row, "lang"));
}

static int send_job(struct ctx *c, const struct job *job) { return pg_tx(c, send, (void *)job); }

str auth_url(struct ctx *c, str path)
{
    bool is_default = str_eq(c->lang, c->app->language);
    return str_fmt(c->mem, "%.*s%s%.*s%.*s", STR(c->app->base_url), is_default ? "" : "/",
        STR(is_default ? str_none : c->lang), STR(path));
}

static const struct purpose *purpose_of(const struct node *row)
{
    size_t i = 0;
    while (i < COUNT(purposes) && !str_is(node_str(row, "purpose"), purposes[i].name))
        i++;
    return i < COUNT(purposes) ? &purposes[i] : NULL;
}

static struct node *letter(struct ctx *c, const char *subject)
{
    struct node *document = node_map(c->mem);
    node_set_str(c->mem, document, S("subject"), say(c, subject));
    node_set_null(c->mem, document, S("order"));
    return document;
}

/* One that was used, superseded or too old before its mail went out is not sent. */
static int build_code(struct ctx *c, const struct node *mail_row, struct node **document)
{
    str id = node_str(mail_row, "cause"), word;
    i64 code;
    struct node *row;
    str_cut(&id, ':', &word);
    if (!str_int(id, &code))
        return fail_detail(c, E_INTERNAL, "auth.code", "a mail about no code");
    TRY(q_auth_code_to_send(c, &row, code));
    const struct purpose *p = row ? purpose_of(row) : NULL;
    if (!p)
        return fail_detail(c, E_GONE, "auth.code", "that code is over");
    str nonce = node_str(row, "nonce");
    *document = letter(c, p->subject);
    node_set_str(c->mem, *document, S("code"),
        p->code_life && node_bool(row, "has_code") ? code_digits(c, nonce) : str_none);
    node_set_str(c->mem, *document, S("link"),
        p->link_life
            ? auth_url(c, str_fmt(c->mem, "%s?token=%.*s", p->path, STR(token_of(c, nonce))))
            : str_none);
    node_set_int(c->mem, *document, S("minutes"), p->code_life / MINUTE);
    node_set_int(c->mem, *document, S("hours"), p->link_life / HOUR);
    node_set(c->mem, *document, S("about"), node_get(row, S("data")));
    return E_OK;
}

static int build_taken(struct ctx *c, const struct node *mail_row, struct node **document)
{
    (void)mail_row;
    *document = letter(c, SAYS("You have an account already"));
    node_set_str(c->mem, *document, S("login_url"), auth_url(c, S("/login")));
    node_set_str(c->mem, *document, S("reset_url"), auth_url(c, S("/password/forgotten")));
    return E_OK;
}

static int build_changed(struct ctx *c, const struct node *mail_row, struct node **document)
{
    struct node *ways;
    TRY(ways_young(c, node_int(mail_row, "person_id"), &ways));
    *document = letter(c, SAYS("Your password was changed"));
    node_set(c->mem, *document, S("ways"), ways);
    node_set_str(c->mem, *document, S("security_url"), auth_url(c, S("/account/security")));
    node_set_str(c->mem, *document, S("reset_url"), auth_url(c, S("/password/forgotten")));
    return E_OK;
}

static int build_device(struct ctx *c, const struct node *mail_row, struct node **document)
{
    str id = node_str(mail_row, "cause"), word;
    i64 device;
    struct node *row = NULL;
    str_cut(&id, ':', &word);
    if (str_int(id, &device))
        TRY(q_auth_device_of_mail(c, &row, device));
    if (!row)
        return fail_detail(c, E_GONE, "auth.device", "that login is forgotten");
    *document = letter(c, SAYS("Somebody logged in on a new device"));
    node_set_str(c->mem, *document, S("device"), device_name(c, node_str(row, "user_agent")));
    node_set_str(c->mem, *document, S("network"), node_str(row, "network"));
    node_set_str(c->mem, *document, S("country"), locale_country(c, node_str(row, "country")));
    node_set_str(c->mem, *document, S("at"), node_str(row, "created_at"));
    node_set_str(c->mem, *document, S("devices_url"), auth_url(c, S("/account")));
    node_set_str(c->mem, *document, S("reset_url"), auth_url(c, S("/password/forgotten")));
    return E_OK;
}

extern const struct notify_builder auth_mails[];
const struct notify_builder auth_mails[] = {
    { "code_verify", build_code },
    { "code_reset", build_code },
    { "code_change", build_code },
    { "code_undo", build_code },
    { "code_login", build_code },
    { "code_invite", build_code },
    { "register_taken", build_taken },
    { "password_changed", build_changed },
    { "new_device", build_device },
    { 0 },
};

JOBS(auth_codes){
    { "auth.code", send_job },
    END_OF_JOBS,
};

static int forget_codes(struct ctx *c) { return q_auth_forget_codes(c, NULL); }

static int forget_devices(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_auth_forget_old_devices(c, NULL);
}

static int forget_invitations(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_auth_forget_invitations(c, NULL, c->now - 30 * DAY);
}

CRONS(auth){
    { "auth.forget_devices", HOUR, forget_devices },
    { "auth.forget_codes", DAY, forget_codes },
    { "auth.forget_invitations", HOUR, forget_invitations },
    END_OF_CRONS,
};
