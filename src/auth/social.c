/* Logging in by somebody else's word: the journey to a provider and back, and whose account it
 * leads to. A login is known by issuer and subject alone. A new one makes an account when the
 * provider has verified the address; where that address has an account already, its owner logs in
 * once as ever, and is connected then: nobody gets into an account by an address. */
#include "auth/factor_in.h"
#include "auth/oidc_in.h"
#include "gen/queries.h"
#include "work/work.h"

#define COOKIE_WITH "__Host-with" /* the browser in which a journey began */
#define COOKIE_LINK "__Host-link" /* sealed: what to connect at the next login */
#define JOURNEY_S   (15 * 60)

static const struct input to_start[] = {
    { "provider", SLUG, 1, 40 },
    { "next", LINE, 0, 500 },
    { 0 },
};
static const struct input to_return[] = {
    { "provider", SLUG, 1, 40 },
    { "code", LINE, 0, 4000 },
    { "state", LINE, 0, 200 },
    { "error", LINE, 0, 200 },
    { "iss", LINE, 0, 500 },
    { 0 },
};
static const struct input one_login[] = { { "id", WORD, 13, 13 }, { 0 } };

static int provider_of(struct req *r, struct oidc_provider *p)
{
    return oidc_named(&r->c, in_str(r, "provider"), p)
        ? E_OK
        : fail(&r->c, E_MISSING, "oidc.provider", NULL);
}

/* ---- what pages show ------------------------------------------------------------------------- */

static struct node *choices(struct req *r, const struct node *connected)
{
    struct ctx *c = &r->c;
    struct node *list = node_list(c->mem);
    struct oidc_provider all[OIDC_MOST];
    size_t n = oidc_providers(c, all);
    for (size_t i = 0; i < n; i++) {
        bool is_on = false;
        EACH(item, connected)
            is_on = is_on || str_eq(node_str(&item->node, "provider"), all[i].name);
        if (is_on)
            continue;
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("name"), all[i].name);
        node_set_str(c->mem, one, S("label"), all[i].label);
    }
    return list;
}

void social_choices(struct req *r, struct node *document)
{
    node_hide(node_set(r->c.mem, document, S("login_with"), choices(r, NULL)));
}

static int social_connected(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    struct node *list;
    struct oidc_provider p;
    TRY(q_auth_oidc_connected(c, &list, me(r)));
    EACH(item, list) {
        struct node *one = (struct node *)&item->node;
        str name = node_str(one, "provider");
        node_set_str(c->mem, one, S("id"),
            crypto_opaque(c->mem, c->app->secret, "identity", node_int(one, "id")));
        node_set_str(c->mem, one, S("label"), oidc_named(c, name, &p) ? p.label : name);
    }
    node_set(c->mem, document, S("connected"), list);
    node_hide(node_set(c->mem, document, S("login_with"), choices(r, list)));
    return E_OK;
}

static int show_connected(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    TRY(social_connected(r, document));
    return reply_with(r, document);
}

static struct node *page(struct req *r, const struct oidc_provider *p, str email)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("label"), p->label);
    node_set_str(r->c.mem, document, S("email"), email);
    return document;
}

/* ---- there ----------------------------------------------------------------------------------- */

static str browser_of(struct req *r)
{
    str browser = in_cookie(r, COOKIE_WITH);
    return browser.n == 43 ? browser : str_none;
}

static int start(struct req *r)
{
    struct ctx *c = &r->c;
    struct oidc_provider p;
    struct oidc_try try = { crypto_token(c->mem, 32), crypto_token(c->mem, 32),
        crypto_token(c->mem, 32) };
    str url, browser = browser_of(r), next = in_str(r, "next");
    i64 person = me(r);
    TRY(provider_of(r, &p));
    TRY(person ? auth_recent(r) : E_OK); /* a left session must not become a way in for ever */
    int err = oidc_leave_for(c, &p, &try, &url);
    if (err)
        return again(r, err, page(r, &p, str_none));
    if (!browser.n)
        browser = crypto_token(c->mem, 32);
    struct scope before = as_house(&r->c);
    err = q_auth_oidc_begin(c, NULL, crypto_sha256_hex(c->mem, try.state),
        crypto_sha256_hex(c->mem, browser), p.name, try.nonce, try.verifier,
        path_is_ours(next) ? next : str_none, c->lang, person ? &person : NULL,
        c->now + JOURNEY_S * SECOND);
    c->scope = before;
    TRY(err);
    set_cookie(r, COOKIE_WITH, browser, JOURNEY_S, false);
    return see_outside(r, url);
}

/* ---- and back -------------------------------------------------------------------------------- */

struct journey {
    struct oidc_try try;
    str next;
    i64 person; /* who is connecting it; 0: somebody who logs in */
};

static int take_journey(struct req *r, const struct oidc_provider *p, struct journey *j)
{
    struct ctx *c = &r->c;
    struct node *row;
    str browser = browser_of(r), state = in_str(r, "state");
    if (!state.n || !browser.n)
        return oidc_refuse(c, "no state, or another browser");
    struct scope before = as_house(&r->c);
    int err = q_auth_oidc_take(c, &row, crypto_sha256_hex(c->mem, state),
        crypto_sha256_hex(c->mem, browser), p->name, c->now);
    c->scope = before;
    TRY(err);
    if (!row)
        return oidc_refuse(c, "no such journey, or it has ended");
    *j = (struct journey){ .try = { state, node_str(row, "nonce"), node_str(row, "verifier") },
        .next = node_str(row, "next"),
        .person = node_int(row, "person_id") };
    c->lang = node_str(row, "lang");
    if (in_has(r, "error") || !in_has(r, "code"))
        return oidc_refuse(c, "the provider let nobody through");
    if (in_has(r, "iss") && !str_eq(in_str(r, "iss"), p->issuer))
        return oidc_refuse(c, "another provider's answer");
    return j->person == me(r) ? E_OK : oidc_refuse(c, "somebody else is logged in now");
}

struct connecting {
    i64 person;
    str provider;
    const struct oidc_person *who;
    bool is_new;
};

static int connect(struct ctx *c, void *with)
{
    struct connecting *k = with;
    struct node *row;
    struct scope before = scope_of(c, k->person);
    int err = q_auth_oidc_connect(
        c, &row, k->person, k->provider, k->who->issuer, k->who->subject, k->who->email);
    c->scope = before;
    k->is_new = !err && row;
    return err;
}

/* The first thing of a new account is its login: both or neither. */
struct newcomer {
    const struct oidc_provider *p;
    const struct oidc_person *who;
    i64 person; /* 0: the address has an account */
};

static int make_account(struct ctx *c, void *with)
{
    struct newcomer *n = with;
    struct node *row;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err =
        q_auth_oidc_person(c, &row, n->who->email, str_letters_upto(n->who->name, 100), c->lang);
    c->scope = before;
    n->person = !err && row ? node_int(row, "id") : 0;
    TRY(err);
    if (!n->person)
        return E_OK;
    struct connecting k = { n->person, n->p->name, n->who, false };
    TRY(connect(c, &k));
    return k.is_new ? E_OK : fail(c, E_CONFLICT, "oidc.twice", NULL);
}

/* Kept in the browser, sealed, for the login to come. */
static int ask_for_proof(struct req *r, const struct newcomer *n)
{
    struct ctx *c = &r->c;
    str sealed,
        what = str_fmt(c->mem, "%" PRId64 "\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s",
            c->now + JOURNEY_S * SECOND, STR(n->p->name), STR(n->who->issuer), STR(n->who->subject),
            STR(n->who->email));
    sealed = crypto_seal(c->mem, c->app->secret, "oidc link", what);
    set_cookie(r, COOKIE_LINK, sealed, JOURNEY_S, false);
    return reply_with(r, page(r, n->p, n->who->email));
}

static int come_new(
    struct req *r, const struct oidc_provider *p, const struct oidc_person *who, str next)
{
    struct ctx *c = &r->c;
    struct newcomer newcomer = { p, who, 0 };
    if (!who->is_verified || !who->email.n)
        return fail(c, E_LOGIN, "oidc.unverified",
            "They have not confirmed an e-mail address of yours. Please log in another way.");
    TRY(pg_tx(c, make_account, &newcomer));
    if (!newcomer.person)
        return ask_for_proof(r, &newcomer);
    struct login login = { .person = newcomer.person,
        .email = who->email,
        .name = str_letters_upto(who->name, 100) };
    return login_finish(r, &login, next, FIRST_OF_MAIL);
}

static int come_back(
    struct req *r, const struct oidc_provider *p, const struct journey *j, str code)
{
    struct ctx *c = &r->c;
    struct oidc_person who;
    struct node *row;
    TRY(oidc_ask(c, p, &j->try, code, &who));
    if (j->person) {
        struct connecting k = { j->person, p->name, &who, false };
        TRY(session_adds(r, connect, &k));
        if (!k.is_new)
            return fail(
                c, E_CONFLICT, "oidc.taken", "That login is connected to an account already.");
        TRY(factor_news(c, NEWS_LOGIN_ON, j->person));
        return see_other(r, S("/account/connected"));
    }
    struct scope before = as_house(&r->c);
    int err = q_auth_oidc_use(c, &row, who.issuer, who.subject, who.email, c->now);
    c->scope = before;
    TRY(err);
    if (!row)
        return come_new(r, p, &who, j->next);
    struct login login = login_of(row, "id");
    return login_finish(r, &login, j->next, FIRST_OF_MAIL);
}

static int finish(struct req *r)
{
    struct oidc_provider p;
    struct journey j = { 0 };
    TRY(provider_of(r, &p));
    int err = take_journey(r, &p, &j);
    if (!err)
        err = come_back(r, &p, &j, in_str(r, "code"));
    if (err == E_LOGIN && !j.person)
        login_refused(&r->c, 0, "provider");
    return err ? again(r, err, page(r, &p, str_none)) : E_OK;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* Whoever logs in to the account that the address has: now both are shown to be theirs. */
int social_on_login(struct req *r, i64 person)
{
    struct ctx *c = &r->c;
    struct oidc_person who = { 0 };
    str until, provider, rest, cookie = in_cookie(r, COOKIE_LINK);
    i64 end;
    if (!cookie.n)
        return E_OK;
    set_cookie(r, COOKIE_LINK, str_none, -1, false);
    if (!crypto_unseal(c->mem, c->app->secret, "oidc link", cookie, &rest) ||
        !str_cut(&rest, '\x1f', &until) || !str_cut(&rest, '\x1f', &provider) ||
        !str_cut(&rest, '\x1f', &who.issuer) || !str_cut(&rest, '\x1f', &who.subject))
        return E_OK;
    who.email = rest;
    if (!str_int(until, &end) || end < c->now || !str_eq(r->who.email, who.email))
        return E_OK;
    struct connecting k = { person, provider, &who, false };
    TRY(session_adds(r, connect, &k));
    return k.is_new ? factor_news(c, NEWS_LOGIN_ON, person) : E_OK;
}

struct leaving {
    i64 person, id, changed;
};

/* Of two that are disconnected at once the second looks when the first has gone. */
static int leave(struct ctx *c, void *with)
{
    struct leaving *l = with;
    TRY(q_auth_lock_person(c, NULL, l->person));
    return q_auth_oidc_disconnect(c, &l->changed, l->person, l->id);
}

static int take_off(struct req *r)
{
    struct ctx *c = &r->c;
    struct leaving l = { .person = me(r) };
    if (!crypto_unopaque(c->app->secret, "identity", in_str(r, "id"), &l.id))
        return fail(c, E_MISSING, "oidc.missing", NULL);
    TRY(pg_tx(c, leave, &l));
    return l.changed ? factor_news(c, NEWS_LOGIN_OFF, me(r))
                     : fail(c, E_CONFLICT, "oidc.last",
                           "This is your only way in. Please choose a password first.");
}

static int disconnect(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    TRY(auth_recent(r));
    int err = take_off(r);
    if (!err)
        return see_other(r, S("/account/connected"));
    struct fault told = r->c.fault;
    TRY(social_connected(r, document));
    r->c.fault = told;
    return again(r, err, document);
}

static int forget_old(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_auth_oidc_forget(c, NULL, c->now);
}

CRONS(auth_social){
    { "auth.journeys.forget", HOUR, forget_old },
    END_OF_CRONS,
};

ROUTES(auth_social){
    ROUTE(POST, "/login/with/{provider}", ANYONE, to_start, start, "auth/with", RATE_LOGIN,
        SLOW | NOINDEX),
    ROUTE(GET, "/login/with/{provider}/callback", ANYONE, to_return, finish, "auth/with",
        RATE_LOGIN, SLOW | NOINDEX),
    ROUTE(GET, "/account/connected", SHOPPER, NULL, show_connected, "auth/connected", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/connected/{id}/delete", SHOPPER, one_login, disconnect, "auth/connected",
        RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
