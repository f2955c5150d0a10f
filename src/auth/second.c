/* second.c: logging in by two steps. After the first nobody is logged in: a row says whose
 * password was right, known to this browser alone by a cookie of ten minutes. It is the
 * database's, so that it holds on every machine and is never taken for granted. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "web/web.h"
#include "work/work.h"

#define COOKIE_PENDING "__Host-pending"
#define LIFE_S         600

struct scope scope_of(struct ctx *c, i64 person)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .person = person, .cart = before.cart };
    return before;
}

struct scope as_house(struct ctx *c)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    return before;
}

static int factors_before_login(struct ctx *c, i64 person, struct factors *out)
{
    struct scope before = scope_of(c, person);
    int err = factors_of(c, person, out);
    c->scope = before;
    return err;
}

/* ---- who must have one -------------------------------------------------------------------------
 */

/* "admin" is that of the platform and that of an organisation. */
static bool names_them(const struct req *r, str rest)
{
    static const char *const places[] = { [NOBODY] = "",
        [VIEWER] = "viewer",
        [MEMBER] = "member",
        [STAFF_ADMIN] = "admin",
        [OWNER] = "owner" };
    str word;
    while (rest.n && str_cut(&rest, ' ', &word))
        if (word.n &&
            (str_is(word, places[r->who.member]) ||
                (r->who.role > USER && str_is(word, role_name(r->who.role)))))
            return true;
    return false;
}

/* "own" stands last. */
static bool is_asked_there(const struct req *r, str organisations)
{
    bool is_own = r->who.member == NOBODY && r->who.role == USER;
    return r->who.organisation &&
        (names_them(r, organisations) ||
            (is_own && (str_is(organisations, "own") || str_ends(organisations, S(" own")))));
}

/* The shop's rule, and beside it the organisation's: neither takes anything from the other. An app
 * or a passkey is always enough, codes by text message where whoever asks says so. */
void second_owed(struct req *r, const struct node *row)
{
    const struct conf *conf = r->c.app->conf;
    bool by_shop = names_them(r, conf_str(conf, "second_factor", str_none));
    bool there = is_asked_there(r, node_str(row, "asks_factor"));
    bool has_text = node_bool(row, "has_text");
    r->who.text_counts = (!by_shop || conf_bool(conf, "second_factor_text", false)) &&
        (!there || node_bool(row, "text_counts"));
    r->who.lacks_factor = (by_shop || there) && !node_bool(row, "has_factor") &&
        !(has_text && r->who.text_counts);
}

void auth_check_conf(const struct app *app, struct buf *errors)
{
    static const char *const roles[] = { "super_admin", "admin", "owner", "member", "viewer" };
    str rest = conf_str(app->conf, "second_factor", str_none), word;
    while (rest.n && str_cut(&rest, ' ', &word)) {
        bool known = word.n == 0;
        for (size_t i = 0; i < COUNT(roles); i++)
            known = known || str_is(word, roles[i]);
        if (!known)
            buf_fmt(errors, "second_factor: there is no role %.*s\n", STR(word));
    }
}

/* ---- the first step is done
 * ---------------------------------------------------------------------- */

static int begin_pending(
    struct req *r, const struct login *who, str next, bool is_of_mail, str *token)
{
    struct ctx *c = &r->c;
    i64 begun = 0;
    *token = crypto_token(c->mem, 32);
    struct scope before = as_house(c);
    int err = q_auth_add_pending(c, &begun, crypto_sha256_hex(c->mem, *token), who->person,
        who->epoch, next, is_of_mail);
    c->scope = before;
    TRY(err);
    return begun ? E_OK : auth_began_again(c);
}

static int come_in(struct req *r, const struct login *who, str next)
{
    TRY(session_begin(r, who));
    login_noted(&r->c, who->person);
    TRY(who->is_staff ? auth_refresh_place(r) : E_OK);
    if (!path_is_ours(next))
        next = home_of(r);
    return see_other(r, next);
}

int login_finish(struct req *r, const struct login *who, str next, enum first first)
{
    struct factors factors = { 0 };
    str token;
    if (first != FIRST_IS_ALL)
        TRY(factors_before_login(&r->c, who->person, &factors));
    if (!has_second(&factors))
        return come_in(r, who, next);
    TRY(begin_pending(r, who, next, first == FIRST_OF_MAIL, &token));
    set_cookie(r, COOKIE_PENDING, token, LIFE_S, false);
    return see_other(r, S("/login/second"));
}

int second_ask(struct req *r, const struct login *who, str *challenge)
{
    struct factors factors;
    *challenge = str_none;
    TRY(factors_before_login(&r->c, who->person, &factors));
    return has_second(&factors) ? begin_pending(r, who, str_none, false, challenge) : E_OK;
}

int second_wanted(struct req *r, str challenge)
{
    struct node *answer = node_map(r->c.mem);
    node_set_str(r->c.mem, answer, S("error"), S("Second factor required"));
    node_set_str(r->c.mem, answer, S("code"), S("auth.second"));
    node_set_str(r->c.mem, answer, S("request_id"), r->c.id);
    node_set_str(r->c.mem, answer, S("challenge"), challenge);
    return reply_view(r, 401, "auth/challenge", answer);
}

/* ---- the second ---------------------------------------------------------------------------------
 */

int pending_by(struct req *r, str token, struct pending *out)
{
    struct ctx *c = &r->c;
    struct node *row = NULL;
    *out = (struct pending){ .hash = crypto_sha256_hex(c->mem, token) };
    struct scope before = as_house(c);
    int err = token.n ? q_auth_pending(c, &row, out->hash) : E_OK;
    c->scope = before;
    TRY(err);
    if (!row)
        return fail(c, E_MISSING, "auth.pending",
            "That took too long, or there were too many tries. Please log in again.");
    out->next = node_str(row, "next");
    out->lang = node_str(row, "lang");
    out->who = login_of(row, "person_id");
    /* A code by mail is a second factor where the first was something known: a password that was
     * chosen otherwise than by mail, or with which another factor has been shown since. After all
     * else one mailbox would be both: a link or code by mail, and another provider's login,
     * whatever address it names, as a provider, too, lets in who reads the mail, and lets them
     * change the address. Never for staff, whose mailboxes are read by many. */
    out->is_mail_first = node_bool(row, "is_of_mail") || node_bool(row, "is_mailed");
    out->may_mail = !out->who.is_staff && !out->is_mail_first;
    return E_OK;
}

int pending_find(struct req *r, struct pending *out)
{
    return pending_by(r, in_cookie(r, COOKIE_PENDING), out);
}

/* Each try is taken before it is looked at: 50 at once have five together. */
int pending_try(struct req *r, const struct pending *p)
{
    struct ctx *c = &r->c;
    i64 changed;
    struct scope before = as_house(c);
    int err = q_auth_try_pending(c, &changed, p->hash);
    c->scope = before;
    TRY(err);
    return changed ? E_OK : fail(c, E_MISSING, "auth.pending", NULL);
}

static int try_code(struct req *r, const struct pending *p, str code)
{
    struct ctx *c = &r->c;
    enum shown shown;
    TRY(pending_try(r, p));
    struct scope before = scope_of(c, p->who.person);
    int err = factor_check(
        r, p->who.person, code, BY_APP | BY_SMS | BY_RECOVERY | (p->may_mail ? BY_MAIL : 0u), &shown);
    c->scope = before;
    if (err == E_INPUT)
        login_refused(c, p->who.person, "code");
    return err;
}

/* One wins, however many are right at once. */
static int end_pending(struct req *r, const struct pending *p)
{
    struct ctx *c = &r->c;
    struct node *row;
    struct scope before = as_house(c);
    int err = q_auth_end_pending(c, &row, p->hash);
    c->scope = before;
    TRY(err);
    return row ? E_OK : fail(c, E_MISSING, "auth.pending", NULL);
}

int pending_finish(struct req *r, const struct pending *p)
{
    TRY(end_pending(r, p));
    set_cookie(r, COOKIE_PENDING, str_none, -1, false);
    return come_in(r, &p->who, p->next);
}

int second_by_code(struct req *r, const struct pending *p)
{
    return try_code(r, p, in_str(r, "code"));
}

int second_check(
    struct req *r, int (*show)(struct req *, const struct pending *), struct login *who)
{
    struct pending p;
    int err = pending_by(r, in_str(r, "challenge"), &p);
    if (!err)
        err = show(r, &p);
    if (!err)
        err = end_pending(r, &p);
    if (err == E_MISSING)
        return auth_began_again(&r->c);
    if (err == E_INPUT)
        return fail(&r->c, E_LOGIN, "auth.code", "That code is not right.");
    *who = p.who;
    return err;
}

/* ---- pages
 * --------------------------------------------------------------------------------------- */

static const struct input with_code[] = { { "code", LINE, 1, 40, .required = true }, { 0 } };

static int say_phone(struct req *r, const struct pending *p, struct node *document)
{
    struct scope before = scope_of(&r->c, p->who.person);
    int err = phone_say(r, p->who.person, document);
    r->c.scope = before;
    return err;
}

/* P NULL: it is over. */
static int page(struct req *r, const struct pending *p, struct node **out)
{
    struct arena *mem = r->c.mem;
    struct factors factors = { 0 };
    struct node *document = *out = node_map(mem);
    if (p)
        TRY(factors_before_login(&r->c, p->who.person, &factors));
    node_set_bool(mem, document, S("is_over"), !p);
    node_set_bool(mem, document, S("has_app"), factors.has_app);
    node_set_bool(mem, document, S("has_passkeys"), factors.passkeys > 0);
    node_set_bool(mem, document, S("has_codes"), factors.codes_left > 0);
    node_set_bool(mem, document, S("may_mail"), p && p->may_mail);
    node_set_bool(mem, document, S("was_sent"), false);
    node_set_bool(mem, document, S("mail_is_first"), p && p->is_mail_first && !p->who.is_staff);
    node_set_bool(mem, document, S("was_texted"), false);
    return p ? say_phone(r, p, document) : phone_say(r, 0, document);
}

static int over(struct req *r)
{
    struct node *document;
    fault_clear(&r->c);
    TRY(page(r, NULL, &document));
    set_cookie(r, COOKIE_PENDING, str_none, -1, false);
    return reply_view(r, 410, r->route->view, document);
}

static int show(struct req *r)
{
    struct pending p;
    struct node *document;
    int err = pending_find(r, &p);
    if (err == E_MISSING)
        return over(r);
    TRY(err);
    TRY(page(r, &p, &document));
    return reply_with(r, document);
}

int second_again(struct req *r, int err)
{
    struct fault told = r->c.fault;
    struct pending p;
    struct node *document;
    if (err != E_INPUT && err != E_LOGIN && err != E_LIMIT && err != E_MISSING)
        return err;
    if (err == E_MISSING || pending_find(r, &p))
        return over(r);
    TRY(page(r, &p, &document));
    r->c.fault = told;
    return again(r, err, document);
}

static int take(struct req *r)
{
    struct pending p;
    int err = pending_find(r, &p);
    if (!err)
        err = in_fault(r);
    if (!err)
        err = try_code(r, &p, in_str(r, "code"));
    if (!err)
        err = pending_finish(r, &p);
    return err > 0 ? second_again(r, err) : err;
}

/* Sent or not: too many were asked for, and the page says so. */
static int mail(struct req *r)
{
    struct pending p;
    struct node *document;
    int err = pending_find(r, &p);
    if (!err && !p.may_mail)
        err = fail(&r->c, E_DENIED, "auth.mail", NULL);
    if (!err)
        err = code_send(&r->c, CODE_LOGIN,
            &(struct code_to){ .person = p.who.person, .address = p.who.email, .lang = p.lang });
    if (err)
        return second_again(r, err);
    TRY(page(r, &p, &document));
    node_set_bool(r->c.mem, document, S("was_sent"), true);
    return reply_with(r, document);
}

static int text(struct req *r)
{
    struct pending p;
    struct node *document;
    int err = pending_find(r, &p);
    if (!err)
        err = phone_send_login(r, p.who.person);
    if (err)
        return second_again(r, err);
    TRY(page(r, &p, &document));
    node_set_bool(r->c.mem, document, S("was_texted"), true);
    return reply_with(r, document);
}

/* For clients of the API: the login that waits is named by its challenge. */
static int text_by_challenge(struct req *r)
{
    struct pending p;
    struct node *document = node_map(r->c.mem);
    int err = pending_by(r, in_str(r, "challenge"), &p);
    if (err == E_MISSING)
        return auth_began_again(&r->c);
    TRY(err);
    TRY(phone_send_login(r, p.who.person));
    node_set_bool(r->c.mem, document, S("sent"), true);
    return reply_with(r, document);
}

static const struct input a_challenge[] = { { "challenge", WORD, 1, 100, .required = true },
    { 0 } };

ROUTES(auth_second){
    ROUTE(GET, "/login/second", ANYONE, NULL, show, "auth/second", RATE_PAGE, NOINDEX),
    ROUTE(
        POST, "/login/second", ANYONE, with_code, take, "auth/second", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/login/second/mail", ANYONE, NULL, mail, "auth/second", RATE_LOGIN, NOINDEX),
    ROUTE(POST, "/login/second/sms", ANYONE, NULL, text, "auth/second", RATE_LOGIN, NOINDEX),
    ROUTE(POST, "/api/auth/second-factor/sms", ANYONE, a_challenge, text_by_challenge,
        "auth/asked", RATE_LOGIN, BARE | NOINDEX),
    END_OF_ROUTES,
};

static int sweep(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    TRY(q_auth_forget_challenges(c, NULL));
    return q_auth_forget_pending(c, NULL);
}

CRONS(auth_second){
    { "auth.pending", HOUR, sweep },
    END_OF_CRONS,
};
