#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

static const struct input to_login[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "password", SECRET, 1, 256, .required = true },
    { "next", LINE, 0, 500 },
    { 0 },
};
static const struct input to_register[] = {
    { "name", LINE, 1, 120, .required = true },
    { "email", EMAIL, 3, 254, .required = true },
    { "password", SECRET, 8, 256, .required = true },
    { "next", LINE, 0, 500 },
    { "marketing", BOOL },
    { 0 },
};
static const struct input on_the_way[] = { { "next", LINE, 0, 500 },
    { "done", CHOICE, .choices = "password|verified|undone|erased" }, { 0 } };
static const struct input to_verify[] = { { "token", WORD, 0, 128 }, { "email", EMAIL, 0, 254 },
    { "code", LINE, 0, 20 }, { "password", SECRET, 0, 256 }, { 0 } };
static const struct input to_leave[] = { { "next", LINE, 0, 500 }, { 0 } };
static const struct input a_token[] = { { "token", WORD, 0, 128 }, { "done", WORD, 0, 20 }, { 0 } };

static str next_of(struct req *r)
{
    return path_is_ours(in_str(r, "next")) ? in_str(r, "next") : str_none;
}

struct node *login_document(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    str done = in_done(r);
    node_set_str(r->c.mem, document, S("next"), next_of(r));
    social_choices(r, document);
    node_hide(node_set_bool(r->c.mem, document, S("done_password"), str_is(done, "password")));
    node_hide(node_set_bool(r->c.mem, document, S("done_verified"), str_is(done, "verified")));
    node_hide(node_set_bool(r->c.mem, document, S("done_undone"), str_is(done, "undone")));
    node_hide(node_set_bool(r->c.mem, document, S("done_erased"), str_is(done, "erased")));
    return document;
}

static str landing(struct req *r)
{
    str next = next_of(r);
    return next.n ? next : home_of(r);
}

static int show_form(struct req *r)
{
    if (me(r))
        return see_other(r, landing(r));
    return reply_with(r, login_document(r));
}

/* Who guesses is stopped per account and address, per account, and per address; who shares an
 * office's address with somebody forgetful is not. Only failures count. From the fifth failure of
 * an account each next try has to wait twice as long. A browser by which somebody has logged in
 * to this account before has a count of its own: others' guesses do not keep the owner out. */
static const char *const guesses[] = { "login-account-address", "login-address", "login-account" };
enum { FREE_FAILURES = 5, LONGEST_S = 300, WINDOW_S = 900 };

struct guesser {
    str email, account, browser; /* browser: only of one that is known */
    size_t n;                    /* of the classes, how many count for it */
};

static int guesser_of(struct req *r, str email, struct guesser *g)
{
    struct ctx *c = &r->c;
    struct node *row;
    struct scope before = c->scope;
    email = str_lower(c->mem, email);
    *g = (struct guesser){ .email = email,
        .account = str_upto(crypto_sha256_hex(c->mem, email), 24),
        .browser = session_browser(r),
        .n = COUNT(guesses) };
    if (!g->browser.n)
        return E_OK;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_knows_browser(c, &row, email, g->browser);
    c->scope = before;
    TRY(err);
    if (node_bool(row, "is_known"))
        g->n = COUNT(guesses) - 1;
    else
        g->browser = str_none;
    return E_OK;
}

static str guess_key(struct req *r, const struct guesser *g, size_t i)
{
    str from = g->browser.n ? str_upto(g->browser, 24) : limit_address(r);
    if (i == 0)
        return str_fmt(r->c.mem, "%.*s|%.*s", STR(g->account), STR(from));
    return i == 1 ? limit_address(r) : g->account;
}

static str wait_key(struct req *r, const struct guesser *g)
{
    return str_fmt(r->c.mem, "login-wait:%.*s", STR(g->account));
}

/* While Redis is away the counts above are kept by each worker, and nobody waits. */
static int must_wait(struct req *r, const struct guesser *g)
{
    str kept = str_none;
    i64 until;
    if (g->browser.n || !redis_get(&r->c, wait_key(r, g), &kept) || !str_int(kept, &until) ||
        until <= r->c.now)
        return E_OK;
    i64 left_s = (until - r->c.now + SECOND - 1) / SECOND;
    limit_say(r, FREE_FAILURES, 0, left_s);
    set_header(r, "Retry-After", str_fmt(r->c.mem, "%" PRId64, left_s));
    metric_add(r->c.app, "logins_slowed_total", 1);
    if (r->c.app->hooks.limited)
        r->c.app->hooks.limited(r, "login-account");
    return fail(&r->c, E_LIMIT, "login.slow",
        "Somebody has tried wrong passwords for this account. Please wait a little and try again, "
        "or choose a new password by mail.");
}

static void wait_longer(struct req *r, const struct guesser *g)
{
    struct counter failures = { .key = str_fmt(r->c.mem, "rl:login-failures:%.*s", STR(g->account)),
        .window_s = WINDOW_S,
        .add = 1 };
    if (g->browser.n || !redis_count(&r->c, &failures, 1) || failures.count < FREE_FAILURES)
        return;
    i64 doubled = failures.count - FREE_FAILURES, s = doubled > 8 ? LONGEST_S : 1 << doubled;
    redis_set(&r->c, wait_key(r, g),
        str_fmt(r->c.mem, "%" PRId64, r->c.now + (s > LONGEST_S ? LONGEST_S : s) * SECOND),
        LONGEST_S);
}

static int take_tries(struct req *r, const struct guesser *g, i64 add)
{
    struct limit_ask asks[COUNT(guesses)];
    for (size_t i = 0; i < g->n; i++)
        asks[i] = (struct limit_ask){ guesses[i], guess_key(r, g, i) };
    return limit_take_all(r, asks, g->n, add);
}

/* A try is counted before the password is looked at, or a hundred at once would all be let in; it
 * is given back when it was right. Only looked at before: who is refused does not begin the
 * window anew. */
static int tries_left(struct req *r, const struct guesser *g)
{
    TRY(take_tries(r, g, 0));
    TRY(must_wait(r, g));
    return take_tries(r, g, 1);
}

static void give_back(struct req *r, const struct guesser *g)
{
    struct fault told = r->c.fault;
    take_tries(r, g, -1);
    r->c.fault = told;
}

static void count_failure(struct req *r, const struct guesser *g)
{
    struct fault told = r->c.fault;
    wait_longer(r, g);
    r->c.fault = told;
    metric_add(r->c.app, "logins_failed_total", 1);
}

/* Whoever reads the account's mail may come in, however many guessed, and wherever they did. */
void login_forgive(struct req *r, str email)
{
    struct guesser g = { .account = str_upto(
                             crypto_sha256_hex(r->c.mem, str_lower(r->c.mem, email)), 24) };
    limit_forget(r, "login-account", g.account);
    limit_forget(r, "login-account-address", guess_key(r, &g, 0));
    g.browser = session_browser(r); /* its own count, where it is known */
    if (g.browser.n)
        limit_forget(r, "login-account-address", guess_key(r, &g, 0));
    redis_del(&r->c, wait_key(r, &g));
    redis_del(&r->c, str_fmt(r->c.mem, "rl:login-failures:%.*s", STR(g.account)));
}

int login_check(struct req *r, str email, str password, struct login *who)
{
    struct guesser g;
    TRY(guesser_of(r, email, &g));
    TRY(tries_left(r, &g));
    int err = auth_check(&r->c, email, password, who);
    if (err == E_LOGIN)
        count_failure(r, &g);
    else
        give_back(r, &g);
    if (!err) /* the owner, who had to think: not the address, which may try many accounts */
        limit_forget(r, guesses[0], guess_key(r, &g, 0));
    return err;
}

static int log_in(struct req *r)
{
    struct login who;
    int err = in_fault(r);
    if (!err)
        err = login_check(r, in_str(r, "email"), in_str(r, "password"), &who);
    return err ? again(r, err, login_document(r))
               : login_finish(r, &who, next_of(r), FIRST_OF_SELF);
}

/* ---- registering ---------------------------------------------------------------------------- */

/* What whoever registered is waiting to confirm: the address, the mark that shows that it was
 * this browser, and where they were going. Sealed, as it tells of a person on a machine that
 * others may use. */
#define COOKIE_VERIFY "__Host-verify"
#define VERIFY_S      (24 * 3600)

struct waiting {
    str address, mark, next;
};

static void wait_for(struct req *r, str email, str mark)
{
    str all = str_fmt(r->c.mem, "%.*s\x1f%.*s\x1f%.*s", STR(email), STR(mark), STR(next_of(r)));
    set_cookie(
        r, COOKIE_VERIFY, crypto_seal(r->c.mem, r->c.app->secret, "verify", all), VERIFY_S, false);
}

static struct waiting waited_for(struct req *r)
{
    struct waiting w = { 0 };
    str all, cookie = in_cookie(r, COOKIE_VERIFY);
    if (cookie.n && crypto_unseal(r->c.mem, r->c.app->secret, "verify", cookie, &all)) {
        str_cut(&all, '\x1f', &w.address);
        str_cut(&all, '\x1f', &w.mark);
        w.next = all;
    }
    return w;
}

/* One answer for every address. Nobody is logged in by this, as that too would tell: who
 * confirms, is; until then one shops as a guest. */
static int join(struct req *r)
{
    int err = in_fault(r);
    str mark = crypto_token(r->c.mem, 18);
    if (!err)
        TRY(code_asked(r));
    if (!err)
        err = auth_register(&r->c, in_str(r, "email"), in_str(r, "name"), in_str(r, "password"),
            mark, in_bool(r, "marketing"));
    if (err)
        return again(r, err, login_document(r));
    wait_for(r, in_str(r, "email"), mark);
    return see_other(r, S("/verify"));
}

/* asks: the password is asked for as well. */
static struct node *verify_page(struct req *r, str token, bool asks)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem);
    struct code code;
    struct waiting w = waited_for(r);
    bool alive = token.n && code_look(c, CODE_VERIFY, token, &code) == E_OK;
    if (alive)
        asks = asks || auth_claims(c, &code, w.mark, str_none) != E_OK;
    fault_clear(c);
    node_set_str(c->mem, document, S("token"), alive ? token : str_none);
    node_set_bool(c->mem, document, S("is_dead"), token.n && !alive);
    node_set_str(c->mem, document, S("address"), alive ? code.address : w.address);
    node_set_bool(c->mem, document, S("asks_password"), asks || (!alive && !w.address.n));
    node_hide(node_set_bool(c->mem, document, S("done_again"),
        w.address.n && str_is(in_done(r), "again")));
    return document;
}

static int show_verify(struct req *r)
{
    return reply_with(r, verify_page(r, in_str(r, "token"), false));
}

static int claim(struct req *r, const struct waiting *w, struct code *code)
{
    struct ctx *c = &r->c;
    str address = in_has(r, "email") ? in_str(r, "email") : w->address;
    TRY(in_fault(r));
    TRY(in_has(r, "token") ? code_look(c, CODE_VERIFY, in_str(r, "token"), code)
                           : code_try(c, CODE_VERIFY, 0, address, in_str(r, "code"), code));
    return auth_claims(c, code, w->mark, in_str(r, "password"));
}

static int verify(struct req *r)
{
    struct login who;
    struct code code;
    bool fresh = false;
    struct waiting w = waited_for(r);
    int err = claim(r, &w, &code);
    if (!err)
        err = auth_verified(&r->c, &code, &who, &fresh);
    if (err) {
        struct fault said = r->c.fault;
        bool asks = node_get(said.fields, S("password"));
        struct node *document = verify_page(r, err == E_GONE ? str_none : in_str(r, "token"), asks);
        r->c.fault = said;
        return again(r, err == E_GONE ? E_INPUT : err, document);
    }
    set_cookie(r, COOKIE_VERIFY, str_none, -1, false);
    if (!fresh)
        return see_other(r, me(r) ? S("/account") : S("/login?done=verified"));
    return login_finish(r, &who, path_is_ours(w.next) ? w.next : str_none, FIRST_OF_MAIL);
}

/* Another mail, for who registered here or is logged in with an address nobody has confirmed. */
static int verify_again(struct req *r)
{
    struct ctx *c = &r->c;
    str address = waited_for(r).address;
    struct code_to to = { .person = me(r), .address = r->who.email };
    TRY(code_asked(r));
    if (me(r)) {
        TRY(code_send(c, CODE_VERIFY, &to));
        wait_for(r, r->who.email, str_none);
    } else if (address.n)
        TRY(auth_register_again(c, address));
    return see_other(r, S("/verify?done=again"));
}

static int log_out(struct req *r)
{
    view_as_self(r);
    TRY(api_leave(r));
    TRY(session_end(r));
    return see_other(r, in_str(r, "next"));
}

/* What was done a moment ago, said on the page one comes back to. */
static const struct done dones[] = {
    { "password", SAYS("Your password is changed, and other devices are logged out.") },
    { "email", SAYS("Your address is changed. We have told the old one.") },
    { "device", SAYS("That device is logged out.") },
    { "profile", SAYS("Saved.") },
    { "mails", SAYS("Saved.") },
};
static const struct input what_was_done[] = {
    { "done", CHOICE, .choices = "password|email|device|profile|mails" }, { 0 }
};

/* What they may hear of by mail from the shop they are at the desk of. As auth_mail_staff has it:
 * by their place there, and not by what they may besides. */
struct mails {
    struct node *row; /* NULL: of nothing */
    bool may_orders, may_stock;
};

static int read_mails(struct req *r, struct mails *m)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    *m = (struct mails){ 0 };
    if (!r->who.organisation)
        return E_OK;
    c->scope.organisation = r->who.organisation;
    int err = q_auth_mails_of_member(c, &m->row, r->who.organisation, me(r));
    c->scope = before;
    TRY(err);
    if (!m->row)
        return E_OK;
    uint64_t set = place_permissions(node_str(m->row, "place"), node_str(m->row, "own"));
    m->may_orders = set & permission_bit(ORDERS_READ_ALL);
    m->may_stock = set & permission_bit(DASHBOARD_READ);
    if (!m->may_orders && !m->may_stock)
        m->row = NULL;
    return E_OK;
}

static int add_mails(struct req *r, struct node *document)
{
    struct ctx *c = &r->c;
    struct mails m;
    TRY(read_mails(r, &m));
    if (!m.row) {
        node_set_null(c->mem, document, S("mails"));
        return E_OK;
    }
    struct node *mails = node_set_map(c->mem, document, S("mails"));
    node_set_str(c->mem, mails, S("organisation"), node_str(m.row, "organisation"));
    node_set_bool(c->mem, mails, S("may_orders"), m.may_orders);
    node_set_bool(c->mem, mails, S("mail_orders"), node_bool(m.row, "mail_orders"));
    node_set_bool(c->mem, mails, S("may_stock"), m.may_stock);
    node_set_bool(c->mem, mails, S("mail_stock"), node_bool(m.row, "mail_stock"));
    return E_OK;
}

static int account(struct req *r)
{
    struct node *document = node_map(r->c.mem), *person, *devices;
    TRY(auth_person(&r->c, me(r), &person));
    TRY(session_devices(&r->c, me(r), r->who.session, r->who.device, &devices));
    node_set(r->c.mem, document, S("person"), person);
    node_set(r->c.mem, document, S("devices"), devices);
    TRY(add_mails(r, document));
    node_hide(node_set_str(r->c.mem, document, S("done"), done_text(r, dones, COUNT(dones))));
    return reply_with(r, document);
}

static const struct input to_be_told[] = { { "orders", BOOL }, { "stock", BOOL }, { 0 } };

/* What they were not asked stays as it was. */
static int keep_mails(struct req *r)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    struct mails m;
    TRY(read_mails(r, &m));
    if (!m.row)
        return fail(c, E_DENIED, "auth.mails",
            "Only who may see a shop's orders or its figures gets its mails.");
    c->scope.organisation = r->who.organisation;
    int err = q_auth_set_mails(c, NULL, r->who.organisation, me(r),
        m.may_orders ? in_bool(r, "orders") : node_bool(m.row, "mail_orders"),
        m.may_stock ? in_bool(r, "stock") : node_bool(m.row, "mail_stock"));
    c->scope = before;
    TRY(err);
    return see_other(r, S("/account?done=mails"));
}

ROUTES(auth){
    ROUTE(GET, "/login", ANYONE, on_the_way, show_form, "auth/login", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/login", ANYONE, to_login, log_in, "auth/login", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(GET, "/register", ANYONE, on_the_way, show_form, "auth/register", RATE_PAGE, NOINDEX),
    ROUTE(
        POST, "/register", ANYONE, to_register, join, "auth/register", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(GET, "/verify", ANYONE, a_token, show_verify, "auth/verify", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/verify", ANYONE, to_verify, verify, "auth/verify", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/verify/again", ANYONE, on_the_way, verify_again, NULL, RATE_LOGIN, NOINDEX),
    ROUTE(POST, "/logout", ANYONE, to_leave, log_out, NULL, RATE_FORM, NOINDEX | VIEWING),
    ROUTE(GET, "/account", SHOPPER, what_was_done, account, "auth/account", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/mails", SHOPPER, to_be_told, keep_mails, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
