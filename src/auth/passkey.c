/* passkey.c: passkeys, from the browser's authenticator (WebAuthn). What is to be signed is a
 * challenge of ours: random, for one purpose, for this session or this login, good for ten
 * minutes and once. It travels in a signed cookie; that it was answered is kept in the database.
 * A passkey that knew its owner (PIN, finger, face) is a whole login. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "web/web.h"

#define COOKIE_PASSKEY "__Host-passkey"
#define LIFE_S         600

enum purpose { TO_ADD, TO_LOGIN, TO_SECOND, TO_CONFIRM };
static const char *const purposes[] = {
    [TO_ADD] = "add", [TO_LOGIN] = "login", [TO_SECOND] = "second", [TO_CONFIRM] = "confirm"
};

/* ---- who we are ---------------------------------------------------------------------------------
 */

/* "https://shop.test:8443/x" -> scheme, host and port; and the host alone. */
static str our_origin(struct ctx *c)
{
    str url = c->app->base_url;
    i64 at = str_find(url, S("://"));
    if (at < 0)
        return str_none;
    i64 end = str_find(str_from(url, (size_t)at + 3), S("/"));
    return end < 0 ? url : str_upto(url, (size_t)(at + 3 + end));
}

static str our_host(struct ctx *c)
{
    str origin = our_origin(c);
    i64 at = str_find(origin, S("://"));
    str host = at < 0 ? str_none : str_from(origin, (size_t)at + 3);
    i64 port = str_find(host, S(":"));
    return port < 0 ? host : str_upto(host, (size_t)port);
}

/* ---- challenges ---------------------------------------------------------------------------------
 */

/* Clients of the API have no cookies: what a page has in them, they send. */
static bool is_api(struct req *r) { return r->route->flags & BARE; }

static int pending_here(struct req *r, struct pending *p)
{
    return is_api(r) && in_has(r, "challenge") ? pending_by(r, in_str(r, "challenge"), p)
                                               : pending_find(r, p);
}

/* Whom a challenge is for, beside this browser; E_LOGIN when there is nobody. */
static int bound_to(struct req *r, enum purpose purpose, str *bound)
{
    struct pending p;
    *bound = S("-");
    if (purpose == TO_LOGIN)
        return E_OK;
    if (purpose == TO_SECOND) {
        int err = pending_here(r, &p);
        *bound = p.hash;
        return err == E_MISSING ? fail(&r->c, E_LOGIN, "login", NULL) : err;
    }
    *bound = r->who.session;
    return bound->n ? E_OK : fail(&r->c, E_LOGIN, "login", NULL);
}

static str new_challenge(struct req *r, enum purpose purpose, str bound, str *state)
{
    struct ctx *c = &r->c;
    str challenge = crypto_token(c->mem, 32);
    str value = str_fmt(c->mem, "%s|%.*s|%.*s|%" PRId64, purposes[purpose], STR(challenge),
        STR(bound), c->now / SECOND + LIFE_S);
    *state = crypto_sign(c->mem, c->app->secret, "passkey", value);
    set_cookie(r, COOKIE_PASSKEY, *state, LIFE_S, false);
    return challenge;
}

static int no_challenge(struct req *r)
{
    return fail(&r->c, E_LOGIN, "auth.challenge", "That took too long. Please try again.");
}

static int our_challenge(struct req *r, enum purpose purpose, str bound, str *challenge)
{
    str value, what, for_whom,
        state = is_api(r) ? in_str(r, "state") : in_cookie(r, COOKIE_PASSKEY);
    i64 until;
    if (!crypto_signed(r->c.app->secret, "passkey", state, &value) ||
        !str_cut(&value, '|', &what) || !str_cut(&value, '|', challenge) ||
        !str_cut(&value, '|', &for_whom) || !str_int(value, &until))
        return no_challenge(r);
    if (!str_is(what, purposes[purpose]) || !str_eq(for_whom, bound) || until < r->c.now / SECOND)
        return no_challenge(r);
    return E_OK;
}

/* Answered now, and never again, whatever comes of it. */
static int use_challenge(struct req *r, str challenge)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    i64 added;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_use_challenge(c, &added, crypto_sha256_hex(c->mem, challenge));
    c->scope = before;
    set_cookie(r, COOKIE_PASSKEY, str_none, -1, false);
    TRY(err);
    return added ? E_OK : no_challenge(r);
}

/* ---- what a browser needs to know -------------------------------------------------------------
 */

static const struct input to_ask[] = {
    { "purpose", CHOICE, .required = true, .choices = "add|login|second|confirm" },
    { "challenge", WORD, 1, 100 }, /* of the login that waits, where no cookie says which */
    { 0 },
};

static int add_known(struct ctx *c, i64 person, struct node *out)
{
    struct node *list;
    struct scope before = scope_of(c, person);
    int err = q_auth_passkeys(c, &list, person);
    c->scope = before;
    TRY(err);
    EACH(item, list)
        node_add_str(c->mem, out, node_str(&item->node, "credential"));
    return E_OK;
}

static int whose(struct req *r, enum purpose purpose, i64 *person)
{
    struct pending p;
    *person = purpose == TO_LOGIN ? 0 : me(r);
    if (purpose == TO_SECOND) {
        TRY(pending_here(r, &p));
        *person = p.who.person;
    }
    return E_OK;
}

/* By what an authenticator knows whom its passkey is for. */
static str new_handle(struct ctx *c, i64 person)
{
    return crypto_base64(c->mem, crypto_opaque(c->mem, c->app->secret, "passkey owner", person));
}

static int give_options(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem), *known = node_list(c->mem);
    enum purpose purpose = TO_ADD;
    str bound, state;
    i64 person;
    while (!str_is(in_str(r, "purpose"), purposes[purpose]))
        purpose++;
    TRY(bound_to(r, purpose, &bound));
    TRY(whose(r, purpose, &person));
    TRY(person ? add_known(c, person, known) : E_OK);
    bool is_add = purpose == TO_ADD;
    node_set_str(c->mem, document, S("challenge"), new_challenge(r, purpose, bound, &state));
    node_set_str(c->mem, document, S("state"), state);
    node_set_str(c->mem, document, S("rp_id"), our_host(c));
    node_set_str(
        c->mem, document, S("rp_name"), conf_str(c->app->conf, "shop_name", S("Talat Market")));
    node_set_str(c->mem, document, S("user_id"), is_add ? new_handle(c, person) : str_none);
    node_set_str(c->mem, document, S("user_name"), is_add ? r->who.email : str_none);
    node_set_str(c->mem, document, S("display_name"), is_add ? r->who.name : str_none);
    node_set_str(c->mem, document, S("user_verification"),
        purpose == TO_LOGIN || purpose == TO_CONFIRM ? S("required") : S("preferred"));
    node_set(c->mem, document, S("credentials"), known);
    return reply_with(r, document);
}

/* ---- adding one
 * ----------------------------------------------------------------------------------- */

static const struct input to_add[] = {
    { "id", WORD, 1, 1400, .required = true },
    { "client_data", WORD, 1, 6000, .required = true },
    { "attestation", WORD, 1, 20000, .required = true },
    { "name", LINE, 0, 60 },
    { 0 },
};

static int refused(struct req *r, const char *why)
{
    int err = fail(&r->c, E_LOGIN, "auth.passkey",
        "This passkey was not taken. Please try again, or choose another way.");
    r->c.fault.detail = str_of(why);
    return err;
}

static bool is_for_us(struct ctx *c, const struct authdata *data)
{
    return crypto_equal(data->rp_hash, crypto_sha256(c->mem, our_host(c)));
}

/* Type, challenge and origin of what the browser says, as it says it. */
static int read_client(struct req *r, enum purpose purpose, str bound, str *json, str *challenge)
{
    const char *type = purpose == TO_ADD ? "webauthn.create" : "webauthn.get";
    TRY(our_challenge(r, purpose, bound, challenge));
    if (!crypto_unbase64(r->c.mem, in_str(r, "client_data"), json) ||
        !client_data_ok(&r->c, *json, type, *challenge, our_origin(&r->c)))
        return refused(r, "client data of another kind, challenge or origin");
    return E_OK;
}

static int read_new(struct req *r, struct authdata *data)
{
    struct ctx *c = &r->c;
    str json, challenge, raw, id;
    TRY(read_client(r, TO_ADD, r->who.session, &json, &challenge));
    if (!crypto_unbase64(c->mem, in_str(r, "attestation"), &raw) || !attestation_read(raw, data))
        return refused(r, "an attestation object that is none, or no ES256 key");
    if (!crypto_unbase64(c->mem, in_str(r, "id"), &id) || !str_eq(id, data->id))
        return refused(r, "the credential is not the one attested");
    if (!is_for_us(c, data) || !(data->flags & PASSKEY_PRESENT))
        return refused(r, "made for another site, or with nobody present");
    if (!crypto_p256_is_key(data->x, data->y))
        return refused(r, "no point of the curve");
    return use_challenge(r, challenge);
}

struct keeping {
    struct req *r;
    const struct authdata *data;
};

static int keep(struct ctx *c, void *with)
{
    const struct keeping *k = with;
    const struct authdata *data = k->data;
    struct req *r = k->r;
    i64 added;
    char *both = arena_raw(c->mem, 64);
    memcpy(both, data->x.p, 32);
    memcpy(both + 32, data->y.p, 32);
    str key = { both, 64 };
    str name =
        in_has(r, "name") ? in_str(r, "name") : str_letters_upto(device_name(c, r->user_agent), 60);
    int err = q_auth_add_passkey(c, &added, me(r), crypto_base64(c->mem, data->id), key,
        data->count, data->flags & PASSKEY_MOVES, name.n ? name : S("Passkey"),
        new_handle(c, me(r))); /* as in the options: another secret would have refused them */
    if (err == E_CONFLICT)
        return fail(c, E_CONFLICT, "auth.passkey_known", "This passkey is set up here already.");
    if (!err && !added)
        return fail(c, E_CONFLICT, "auth.passkeys_full",
            "You have twenty passkeys. Please remove one that you do not use.");
    return err ? err : factor_news(c, NEWS_PASSKEY_ON, me(r));
}

static int add_one(struct req *r, struct factors *before)
{
    struct authdata data;
    TRY(in_fault(r));
    TRY(read_new(r, &data));
    TRY(factors_of(&r->c, me(r), before));
    return session_adds(r, keep, &(struct keeping){ r, &data });
}

static int add(struct req *r)
{
    struct factors before;
    TRY(auth_recent(r));
    int err = add_one(r, &before);
    if (err)
        return security_again(r, err);
    return before.codes_left ? see_other(r, S("/account/security")) : codes_give(r);
}

/* ---- showing one
 * --------------------------------------------------------------------------------- */

static const struct input to_show[] = {
    { "id", WORD, 1, 1400, .required = true },
    { "client_data", WORD, 1, 6000, .required = true },
    { "auth_data", WORD, 1, 4000, .required = true },
    { "signature", WORD, 1, 200, .required = true },
    { "user_handle", WORD, 0, 100 },
    { "next", LINE, 0, NEXT_MOST },
    { 0 },
};

#define SHOWN_TO_API                                                                               \
    { "id", WORD, 1, 1400, .required = true }, { "client_data", WORD, 1, 6000, .required = true }, \
        { "auth_data", WORD, 1, 4000, .required = true },                                          \
        { "signature", WORD, 1, 200, .required = true }, { "user_handle", WORD, 0, 100 },          \
        { "state", WORD, 1, 400, .required = true },                                               \
    {                                                                                              \
        "token_delivery", CHOICE, .choices = "cookie|body"                                         \
    }
static const struct input to_log_in_api[] = { SHOWN_TO_API, { 0 } };
static const struct input to_second_api[] = {
    { "challenge", WORD, 1, 100, .required = true },
    SHOWN_TO_API,
    { 0 },
};

static int find(struct req *r, struct node **row)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_passkey(c, row, in_str(r, "id"));
    c->scope = before;
    TRY(err);
    return *row ? E_OK : refused(r, "no such credential");
}

static bool is_signed(struct ctx *c, const struct node *row, str auth_data, str json, str signature)
{
    str key = node_str(row, "public_key"), sum = crypto_sha256(c->mem, json);
    struct buf all = buf_new(c->mem, auth_data.n + sum.n);
    buf_add(&all, auth_data);
    buf_add(&all, sum);
    return key.n == 64 &&
        crypto_p256_ok(str_upto(key, 32), str_from(key, 32), buf_str(&all), signature);
}

/* The owner as the authenticator remembers them, where it does: what it was told then, whatever
 * the secret is now. Whose row has none is known by credential and signature. */
static bool is_owner(struct req *r, const struct node *row)
{
    str handle = in_str(r, "user_handle"), kept = node_str(row, "handle");
    return !handle.n || !kept.n || crypto_equal(handle, kept);
}

/* A count that did not grow: somebody has a copy, or this is one. Who is not logged in yet has
 * no scope: the row is its owner's. */
static int count_up(struct req *r, const struct node *row, const struct authdata *data)
{
    struct ctx *c = &r->c;
    i64 id = node_int(row, "id"), changed;
    struct scope before = scope_of(c, node_int(row, "person_id"));
    int err = q_auth_use_passkey(
        c, &changed, id, data->count, data->flags & PASSKEY_MOVES, in_str(r, "user_handle"));
    if (!err && !changed)
        err = q_auth_suspect_passkey(c, NULL, id);
    c->scope = before;
    TRY(err);
    if (changed)
        return E_OK;
    metric_add(c->app, "logins_failed_total", 1);
    return refused(r, "its count did not grow: there may be a copy");
}

/* person 0: whoever has it. */
static int check(struct req *r, enum purpose purpose, str bound, i64 person, struct node **row)
{
    struct ctx *c = &r->c;
    struct authdata data;
    str json, challenge, raw, signature;
    TRY(in_fault(r));
    TRY(read_client(r, purpose, bound, &json, &challenge));
    if (!crypto_unbase64(c->mem, in_str(r, "auth_data"), &raw) || !authdata_read(raw, &data) ||
        !crypto_unbase64(c->mem, in_str(r, "signature"), &signature))
        return refused(r, "no authenticator data");
    if (!is_for_us(c, &data) || !(data.flags & PASSKEY_PRESENT))
        return refused(r, "made for another site, or with nobody present");
    if (purpose != TO_SECOND && !(data.flags & PASSKEY_VERIFIED))
        return refused(r, "its owner was not verified");
    TRY(find(r, row));
    i64 owner = node_int(*row, "person_id");
    if ((person && person != owner) || !is_owner(r, *row))
        return refused(r, "somebody else's");
    if (!is_signed(c, *row, raw, json, signature))
        return refused(r, "the signature is wrong");
    TRY(use_challenge(r, challenge));
    return count_up(r, *row, &data);
}

static int check_login(struct req *r, struct node **row)
{
    int err = check(r, TO_LOGIN, S("-"), 0, row);
    if (err == E_LOGIN)
        login_refused(&r->c, 0, "passkey");
    return err;
}

static int log_in(struct req *r)
{
    struct node *row;
    int err = check_login(r, &row);
    if (err)
        return err == E_LOGIN || err == E_INPUT ? again(r, err, login_document(r)) : err;
    struct login who = login_of(row, "person_id");
    return login_finish(r, &who, in_str(r, "next"), FIRST_IS_ALL);
}

static int log_in_api(struct req *r)
{
    struct node *row;
    TRY(check_login(r, &row));
    struct login who = login_of(row, "person_id");
    return api_begin(r, &who);
}

static int show_second(struct req *r, const struct pending *p)
{
    struct node *row;
    TRY(pending_try(r, p));
    int err = check(r, TO_SECOND, p->hash, p->who.person, &row);
    if (err == E_LOGIN)
        login_refused(&r->c, p->who.person, "passkey");
    return err;
}

static int second_api(struct req *r)
{
    struct login who;
    TRY(second_check(r, show_second, &who));
    return api_begin(r, &who);
}

static int second(struct req *r)
{
    struct pending p;
    int err = pending_find(r, &p);
    if (!err)
        err = show_second(r, &p);
    if (!err)
        err = pending_finish(r, &p);
    return err > 0 ? second_again(r, err) : err;
}

static int confirm(struct req *r)
{
    struct node *row;
    if (!r->who.session.n)
        return fail(&r->c, E_DENIED, "auth.recent", NULL);
    int err = check(r, TO_CONFIRM, r->who.session, me(r), &row);
    return err ? confirm_again(r, err) : confirm_done(r, in_str(r, "next"));
}

/* ---- the list
 * --------------------------------------------------------------------------------------- */

int passkeys_of(struct ctx *c, i64 person, struct node **list)
{
    TRY(q_auth_passkeys(c, list, person));
    EACH(item, *list) {
        struct node *key = (struct node *)&item->node;
        str id = crypto_opaque(c->mem, c->app->secret, "passkey", node_int(key, "id"));
        node_set_str(c->mem, key, S("id"), id);
    }
    return E_OK;
}

static const struct input one[] = { { "id", WORD, 13, 13, .required = true }, { 0 } };
static const struct input to_name[] = {
    { "id", WORD, 13, 13, .required = true },
    { "name", LINE, 1, 60, .required = true },
    { 0 },
};

static int changed_or_missing(struct req *r, i64 changed)
{
    return changed ? see_other(r, S("/account/security"))
                   : fail(&r->c, E_MISSING, "auth.passkey", NULL);
}

static int number_of(struct req *r, i64 *id)
{
    if (crypto_unopaque(r->c.app->secret, "passkey", in_str(r, "id"), id))
        return E_OK;
    return fail(&r->c, E_MISSING, "auth.passkey", NULL);
}

static int rename_it(struct req *r)
{
    i64 id, changed;
    if (in_fault(r))
        return security_again(r, E_INPUT);
    TRY(number_of(r, &id));
    TRY(q_auth_name_passkey(&r->c, &changed, id, me(r), in_str(r, "name")));
    return changed_or_missing(r, changed);
}

static int remove_it(struct req *r)
{
    i64 id, changed;
    TRY(number_of(r, &id));
    TRY(auth_recent(r));
    TRY(q_auth_end_passkey(&r->c, &changed, id, me(r)));
    TRY(q_auth_end_recovery_alone(&r->c, NULL, me(r)));
    if (changed)
        TRY(factor_news(&r->c, NEWS_PASSKEY_OFF, me(r)));
    return changed_or_missing(r, changed);
}

ROUTES(auth_passkey){
    ROUTE(POST, "/api/auth/passkeys/options", ANYONE, to_ask, give_options, "auth/passkey_options",
        RATE_FORM, BARE | NOINDEX),
    ROUTE(POST, "/api/auth/login/passkey", ANYONE, to_log_in_api, log_in_api, "auth/token",
        RATE_LOGIN, BARE | NOINDEX),
    ROUTE(POST, "/api/auth/second-factor/passkey", ANYONE, to_second_api, second_api, "auth/token",
        RATE_LOGIN, BARE | NOINDEX),
    ROUTE(
        POST, "/login/passkey", ANYONE, to_show, log_in, "auth/login", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/login/second/passkey", ANYONE, to_show, second, "auth/second", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(POST, "/account/confirm/passkey", SHOPPER, to_show, confirm, "auth/confirm", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(POST, "/account/security/passkeys", SHOPPER, to_add, add, "auth/security", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/account/security/passkeys/{id}", SHOPPER, to_name, rename_it, "auth/security",
        RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, "/account/security/passkeys/{id}/remove", SHOPPER, one, remove_it, NULL, RATE_FORM,
        NOINDEX),
    END_OF_ROUTES,
};
