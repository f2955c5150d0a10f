#include "auth/auth_in.h"
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
    { 0 },
};
static const struct input on_the_way[] = { { "next", LINE, 0, 500 }, { 0 } };

static str next_of(struct req *r)
{
    return path_is_ours(in_str(r, "next")) ? in_str(r, "next") : str_none;
}

static struct node *form_page(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("next"), next_of(r));
    social_choices(r, document);
    return document;
}

static str landing(struct req *r)
{
    str next = next_of(r);
    if (next.n)
        return next;
    return may(&r->who, DASHBOARD_READ) ? S("/admin") : S("/account");
}

static int show_form(struct req *r)
{
    if (me(r))
        return see_other(r, landing(r));
    return reply_with(r, form_page(r));
}

int login_finish(struct req *r, const struct login *who, str next, bool is_whole)
{
    (void)is_whole;
    TRY(session_begin(r, who));
    metric_add(r->c.app, "logins_total", 1);
    TRY(who->is_staff ? auth_refresh_place(r) : E_OK);
    return see_other(r, next.n ? next : may(&r->who, DASHBOARD_READ) ? S("/admin") : S("/account"));
}

static int come_in(struct req *r, const struct login *who)
{
    return login_finish(r, who, next_of(r), false);
}

/* Who guesses is stopped per account and address, per account, and per address; who shares an
 * office's address with somebody forgetful is not. Only failures count. */
static const char *const guesses[] = { "login-account-address", "login-account", "login-address" };

static str guess_key(struct req *r, str email, size_t i)
{
    str account = str_upto(crypto_sha256_hex(r->c.mem, str_lower(r->c.mem, email)), 24);
    if (i == 0)
        return str_fmt(r->c.mem, "%.*s|%.*s", STR(account), STR(r->remote));
    return i == 1 ? account : r->remote;
}

static int tries_left(struct req *r, str email)
{
    for (size_t i = 0; i < COUNT(guesses); i++)
        TRY(limit_take(r, guesses[i], guess_key(r, email, i), 0));
    return E_OK;
}

static void count_failure(struct req *r, str email)
{
    struct fault told = r->c.fault;
    for (size_t i = 0; i < COUNT(guesses); i++)
        limit_take(r, guesses[i], guess_key(r, email, i), 1);
    r->c.fault = told;
    metric_add(r->c.app, "logins_failed_total", 1);
}

int login_check(struct req *r, str email, str password, struct login *who)
{
    TRY(tries_left(r, email));
    int err = auth_check(&r->c, email, password, who);
    if (err == E_LOGIN)
        count_failure(r, email);
    if (!err) /* the owner, who had to think: not the address, which may try many accounts */
        limit_forget(r, guesses[0], guess_key(r, email, 0));
    return err;
}

static int log_in(struct req *r)
{
    struct login who;
    int err = in_fault(r);
    if (!err)
        err = login_check(r, in_str(r, "email"), in_str(r, "password"), &who);
    return err ? again(r, err, form_page(r)) : come_in(r, &who);
}

static int join(struct req *r)
{
    struct login who;
    int err = in_fault(r);
    if (!err)
        err = auth_register(
            &r->c, in_str(r, "email"), in_str(r, "name"), in_str(r, "password"), &who);
    return err ? again(r, err, form_page(r)) : come_in(r, &who);
}

static int log_out(struct req *r)
{
    TRY(api_leave(r));
    TRY(session_end(r));
    return see_other(r, S("/"));
}

static int account(struct req *r)
{
    struct node *document = node_map(r->c.mem), *person, *devices;
    TRY(auth_person(&r->c, me(r), &person));
    TRY(session_devices(&r->c, me(r), r->who.session, &devices));
    node_set(r->c.mem, document, S("person"), person);
    node_set(r->c.mem, document, S("devices"), devices);
    return reply_with(r, document);
}

ROUTES(auth){
    ROUTE(GET, "/login", ANYONE, on_the_way, show_form, "auth/login", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/login", ANYONE, to_login, log_in, "auth/login", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(GET, "/register", ANYONE, on_the_way, show_form, "auth/register", RATE_PAGE, NOINDEX),
    ROUTE(
        POST, "/register", ANYONE, to_register, join, "auth/register", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/logout", ANYONE, NULL, log_out, NULL, RATE_FORM, NOINDEX),
    ROUTE(GET, "/account", SHOPPER, NULL, account, "auth/account", RATE_PAGE, NOINDEX),
    END_OF_ROUTES,
};
