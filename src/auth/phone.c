/* phone.c: a telephone number for codes by text message: given and confirmed, changed, taken back,
 * and asked for when logging in. Offered only where the shop can send messages; a number that is
 * here stays removable where it no longer can. The number is sealed with its person's key, also
 * while it waits to be confirmed. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "vault/vault.h"
#include "web/web.h"

static struct vault_place place_of(i64 person)
{
    return (struct vault_place){ "auth.phone.number", person, VAULT_PERSON, person };
}

static int find(struct ctx *c, i64 person, struct node **row)
{
    return q_auth_phone(c, row, person);
}

int phone_say(struct req *r, i64 person, struct node *document)
{
    struct arena *mem = r->c.mem;
    struct node *row;
    TRY(find(&r->c, person, &row));
    node_set_bool(mem, document, S("sms_offered"), notify_has_sms(r->c.app));
    node_set_bool(mem, document, S("has_phone"), row != NULL);
    node_set_str(mem, document, S("phone_tail"), row ? node_str(row, "tail") : str_none);
    node_set_bool(mem, document, S("has_sms"), row && node_bool(row, "is_factor"));
    return E_OK;
}

/* ---- sending ----------------------------------------------------------------------------------
 */

struct sending {
    enum code_purpose purpose;
    const char *template;
    struct code_to to;
    struct notify_sms_to sms;
};

static int send_in_tx(struct ctx *c, void *with)
{
    struct sending *s = with;
    i64 id;
    TRY(code_add(c, s->purpose, &s->to, &id));
    return notify_sms(c, s->template, str_fmt(c->mem, "code:%" PRId64, id), &s->sms);
}

/* `sealed`: the number as it will be kept; empty for one that is. */
static int send(struct req *r, enum code_purpose purpose, const char *template, i64 person,
    str number, str country, str sealed)
{
    struct ctx *c = &r->c;
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("number"), sealed);
    node_set_str(c->mem, data, S("country"), country);
    node_set_str(c->mem, data, S("tail"), str_from(number, number.n - 2));
    struct sending s = { .purpose = purpose,
        .template = template,
        .to = { .person = person, .address = notify_number_mark(c, number), .data = data },
        .sms = {
            .person = person, .number = number, .country = country, .network = limit_address(r) } };
    int err = pg_tx(c, send_in_tx, &s);
    if (err == E_LIMIT)
        return fail(c, E_LIMIT, "sms.often",
            "We have sent enough messages for now. Please wait an hour, or choose another way.");
    return err;
}

int phone_send_login(struct req *r, i64 person)
{
    struct ctx *c = &r->c;
    struct vault_place place = place_of(person);
    struct node *row;
    str number;
    struct scope before = scope_of(c, person);
    int err = find(c, person, &row);
    if (!err && (!row || !node_bool(row, "is_factor") || !notify_has_sms(c->app)))
        err = fail(c, E_DENIED, "auth.sms", NULL);
    if (!err)
        err = vault_closed(c, vault_open(c, &place, node_str(row, "number"), &number));
    if (!err)
        err = send(r, CODE_SMS, "sms_login", person, number, node_str(row, "country"), str_none);
    c->scope = before;
    return err;
}

/* One that was used, superseded or is too old by now is not sent. */
static int build(struct ctx *c, const struct node *sms, struct node **document)
{
    str id = node_str(sms, "cause"), word, digits, sealed, number;
    i64 code, person = node_int(sms, "person_id");
    struct vault_place place = place_of(person);
    struct node *row;
    str_cut(&id, ':', &word);
    if (!str_int(id, &code))
        return fail_detail(c, E_INTERNAL, "auth.code", "a message about no code");
    TRY(q_auth_sms_code(c, &row, code));
    if (!row)
        return fail_detail(c, E_GONE, "auth.code", "that code is over");
    sealed = node_str(row, "number");
    digits = code_digits(c, node_str(row, "nonce"));
    TRY(vault_open(c, &place, sealed, &number));
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("number"), number);
    node_set_str(c->mem, *document, S("code"), digits);
    node_set_str(
        c->mem, *document, S("shop"), conf_str(c->app->conf, "shop_name", S("Talat Market")));
    return E_OK;
}

extern const struct notify_builder auth_phone_mails[];
const struct notify_builder auth_phone_mails[] = {
    { "sms_confirm", build },
    { "sms_login", build },
    { 0 },
};

/* ---- using ------------------------------------------------------------------------------------
 */

static int wrong(struct ctx *c)
{
    fault_clear(c);
    return fail_field(c, "code",
        "That code is not right, or no longer good. Please look at the newest message, or ask for "
        "another one.");
}

bool phone_code_is(struct ctx *c, i64 person, str code)
{
    struct code sent;
    return !code_use(c, CODE_SMS, person, str_none, code, &sent);
}

/* ---- its page ---------------------------------------------------------------------------------
 */

static const struct input a_number[] = {
    { "country", WORD, 2, 2, .required = true },
    { "number", LINE, 1, 40, .required = true },
    { 0 },
};
static const struct input a_code[] = { { "code", LINE, 1, 20, .required = true }, { 0 } };
static const struct input on_or_off[] = { { "on", BOOL }, { 0 } };

static void add_countries(struct ctx *c, struct node *document, str chosen)
{
    struct node *list = node_set_list(c->mem, document, S("countries"));
    str rest = conf_str(c->app->conf, "sms_countries", str_none), word;
    while (rest.n && str_cut(&rest, ' ', &word)) {
        if (!word.n)
            continue;
        struct node *country = node_add_map(c->mem, list);
        node_set_str(c->mem, country, S("code"), word);
        node_set_str(c->mem, country, S("name"), locale_country(c, word));
        node_set_bool(c->mem, country, S("is_chosen"), str_eq(word, chosen));
    }
}

static int page(struct req *r, struct node **out)
{
    struct arena *mem = r->c.mem;
    struct node *document = *out = node_map(mem), *waiting;
    struct scope before = as_house(&r->c);
    int err = q_auth_waiting_phone(&r->c, &waiting, me(r));
    r->c.scope = before;
    TRY(err);
    TRY(phone_say(r, me(r), document));
    if (!notify_has_sms(r->c.app) && !node_bool(document, "has_phone"))
        return fail(&r->c, E_MISSING, "auth.phone", NULL);
    node_set_bool(mem, document, S("is_waiting"), waiting != NULL);
    node_set_str(mem, document, S("waiting_tail"), waiting ? node_str(waiting, "tail") : str_none);
    add_countries(&r->c, document, node_str(r->raw, "country"));
    return E_OK;
}

static int show(struct req *r) { return reply_page(r, page); }

static int give_number(struct req *r)
{
    struct ctx *c = &r->c;
    struct vault_place place = place_of(me(r));
    str number, country, sealed;
    TRY(in_fault(r));
    if (!notify_number(c->mem, in_str(r, "number"), in_str(r, "country"), &number, &country))
        return fail_field(c, "number", "That is no mobile number of this country.");
    if (!notify_sms_country(c->app, country))
        return fail_field(c, "country", "We do not send messages to that country.");
    TRY(vault_closed(c, vault_seal(c, &place, number, &sealed)));
    return send(r, CODE_PHONE, "sms_confirm", me(r), number, country, sealed);
}

static int give(struct req *r)
{
    if (!notify_has_sms(r->c.app))
        return fail(&r->c, E_MISSING, "auth.phone", NULL);
    TRY(auth_recent(r));
    int err = give_number(r);
    return err ? again_page(r, err, page) : see_other(r, S("/account/phone"));
}

static int keep(struct ctx *c, void *with)
{
    const struct code *code = with;
    TRY(code_take(c, code));
    TRY(q_auth_save_phone(c, NULL, code->person, node_str(code->data, "number"),
        node_str(code->data, "tail"), node_str(code->data, "country")));
    return factor_news(c, NEWS_PHONE_ON, code->person);
}

/* The code is used up only by a number that is kept: another would be a message more. */
static int confirm_number(struct req *r)
{
    struct ctx *c = &r->c;
    struct code code;
    TRY(in_fault(r));
    int err = code_try(c, CODE_PHONE, me(r), str_none, in_str(r, "code"), &code);
    if (!err)
        err = session_adds(r, keep, &code);
    return err == E_INPUT ? wrong(c) : err;
}

static int confirm(struct req *r)
{
    int err = confirm_number(r);
    return err ? again_page(r, err, page) : see_other(r, S("/account/phone"));
}

struct use {
    i64 person, changed;
    bool on;
};

static int use_it(struct ctx *c, void *with)
{
    struct use *u = with;
    return q_auth_use_phone(c, &u->changed, u->person, u->on);
}

/* With the first factor come the recovery codes; without any they go. */
static int set_factor(struct req *r, bool on)
{
    struct ctx *c = &r->c;
    struct factors before;
    struct use use = { .person = me(r), .on = on };
    TRY(factors_of(c, me(r), &before));
    TRY(session_adds(r, use_it, &use));
    if (!use.changed)
        return see_other(r, S("/account/phone"));
    TRY(factor_news(c, on ? NEWS_SMS_ON : NEWS_SMS_OFF, me(r)));
    if (on && !before.codes_left)
        return codes_give(r);
    TRY(q_auth_end_recovery_alone(c, NULL, me(r)));
    return see_other(r, S("/account/phone"));
}

static int second(struct req *r)
{
    bool on = in_bool(r, "on");
    TRY(auth_recent(r));
    if (on && !notify_has_sms(r->c.app))
        return fail(&r->c, E_MISSING, "auth.phone", NULL);
    return set_factor(r, on);
}

static int remove_phone(struct req *r)
{
    struct ctx *c = &r->c;
    i64 changed;
    TRY(auth_recent(r));
    TRY(q_auth_end_phone(c, &changed, me(r)));
    if (!changed)
        return see_other(r, S("/account/security"));
    TRY(q_auth_end_recovery_alone(c, NULL, me(r)));
    TRY(factor_news(c, NEWS_PHONE_OFF, me(r)));
    return see_other(r, S("/account/security"));
}

int phone_collect(struct ctx *c, i64 person, struct node *into)
{
    struct vault_place place = place_of(person);
    struct node *row;
    str number;
    bool closed;
    TRY(find(c, person, &row));
    if (!row)
        return E_OK;
    TRY(vault_open_texts(c, &place, node_str(row, "number"), &number, 1, &closed));
    node_set_str(c->mem, row, S("number"), number);
    node_set(c->mem, into, S("codes_go_to"), row);
    return E_OK;
}

ROUTES(auth_phone){
    ROUTE(GET, "/account/phone", SHOPPER, NULL, show, "auth/phone", RATE_PAGE, NOINDEX),
    ROUTE(
        POST, "/account/phone", SHOPPER, a_number, give, "auth/phone", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/account/phone/code", SHOPPER, a_code, confirm, "auth/phone", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(POST, "/account/phone/second", SHOPPER, on_or_off, second, "auth/codes", RATE_FORM,
        NOINDEX),
    ROUTE(POST, "/account/phone/remove", SHOPPER, NULL, remove_phone, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
