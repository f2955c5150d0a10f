/* The doors for other software: tokens for who knows the password, and the form token for who
 * lives on cookies.
 *
 * A login gives an access token and a refresh token. Browsers keep the refresh token as a cookie
 * that no script reads and no other site sends; a client that says token_delivery "body" gets it
 * in the answer, and sends it back in the body. No session is begun: pages know nothing of it. */
#include "auth/auth_in.h"
#include "web/web.h"

#define COOKIE_LIFE_S (30 * 24 * 3600)
#define DELIVERY                                                                                   \
    {                                                                                              \
        "token_delivery", CHOICE, .choices = "cookie|body"                                         \
    }

static const struct input to_login[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "password", SECRET, 1, 256, .required = true },
    DELIVERY,
    { 0 },
};
static const struct input to_register[] = {
    { "name", LINE, 1, 120, .required = true },
    { "email", EMAIL, 3, 254, .required = true },
    { "password", SECRET, 8, 256, .required = true },
    { "marketing", BOOL },
    { 0 },
};
static const struct input to_verify[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "code", LINE, 6, 20, .required = true },
    { "password", SECRET, 1, 256, .required = true },
    DELIVERY,
    { 0 },
};
static const struct input to_go_on[] = { { "refresh_token", SECRET, 1, 200 }, { 0 } };

static const struct input to_show_code[] = {
    { "challenge", WORD, 1, 100, .required = true },
    { "code", LINE, 1, 40, .required = true },
    DELIVERY,
    { 0 },
};

static struct node *user_of(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *user = node_map(c->mem);
    node_set_str(c->mem, user, S("id"), crypto_opaque(c->mem, c->app->secret, "person", me(r)));
    node_set_str(c->mem, user, S("email"), r->who.email);
    node_set_str(c->mem, user, S("name"), r->who.name);
    node_set_str(c->mem, user, S("role"), str_of(role_name(r->who.role)));
    return user;
}

static void keep_cookie(struct req *r, str token)
{
    set_cookie(r, COOKIE_REFRESH, token, token.n ? COOKIE_LIFE_S : -1, false);
}

static int give(struct req *r, const struct refreshed *login, bool in_body)
{
    struct node *document = node_map(r->c.mem);
    str token;
    TRY(auth_become(r, login->person));
    TRY(token_issue(&r->c, login->person, role_name(r->who.role), login->device, &token));
    node_set_str(r->c.mem, document, S("access_token"), token);
    node_set(r->c.mem, document, S("user"), user_of(r));
    if (in_body)
        node_set_str(r->c.mem, document, S("refresh_token"), login->token);
    else
        keep_cookie(r, login->token);
    return reply_view(r, r->route->flags & CREATES ? 201 : 200, r->route->view, document);
}

int api_begin(struct req *r, const struct login *who)
{
    struct refreshed login;
    r->c.scope = (struct scope){ .person = who->person };
    bool in_body = str_is(in_str(r, "token_delivery"), "body");
    struct place place = login_place(r, !in_body);
    TRY(refresh_begin(&r->c, who, &place, &login));
    login_noted(&r->c, who->person);
    if (r->c.app->hooks.on_token)
        TRY(r->c.app->hooks.on_token(r, who->person));
    return give(r, &login, in_body);
}

static int log_in(struct req *r)
{
    struct login who;
    str challenge;
    TRY(login_check(r, in_str(r, "email"), in_str(r, "password"), &who));
    TRY(second_ask(r, &who, &challenge));
    return challenge.n ? second_wanted(r, challenge) : api_begin(r, &who);
}

static int log_in_second(struct req *r)
{
    struct login who;
    TRY(second_check(r, second_by_code, &who));
    return api_begin(r, &who);
}

/* One answer for every address, as on the page: the code that goes there makes the account. */
static int join(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    TRY(code_asked(r));
    TRY(auth_register(&r->c, in_str(r, "email"), in_str(r, "name"), in_str(r, "password"), str_none,
        in_bool(r, "marketing")));
    node_set_bool(r->c.mem, document, S("sent"), true);
    return reply_with(r, document);
}

static int verify(struct req *r)
{
    struct login who;
    struct code code;
    bool fresh;
    TRY(code_try(&r->c, CODE_VERIFY, 0, in_str(r, "email"), in_str(r, "code"), &code));
    TRY(auth_claims(&r->c, &code, str_none, in_str(r, "password")));
    TRY(auth_verified(&r->c, &code, &who, &fresh));
    if (!fresh) /* the address was shown, the password was not */
        return fail(&r->c, E_LOGIN, "login", NULL);
    return api_begin(r, &who);
}

/* The cookie of a login that is over goes, so that the browser asks with it no more. */
static int go_on(struct req *r)
{
    struct refreshed login;
    bool in_body = in_has(r, "refresh_token");
    if (!in_body) /* the access token that came along may still be good: it is not what counts */
        TRY(without_bearer(r));
    str token = in_body ? in_str(r, "refresh_token") : in_cookie(r, COOKIE_REFRESH);
    if (!token.n)
        return fail(&r->c, E_LOGIN, "login", NULL);
    int err = refresh_again(&r->c, token, &login);
    if (err == E_LOGIN && !in_body)
        keep_cookie(r, str_none);
    TRY(err);
    if (r->c.app->hooks.on_token) /* it may have been taken elsewhere */
        TRY(r->c.app->hooks.on_token(r, login.person));
    return give(r, &login, in_body);
}

int api_leave(struct req *r)
{
    str token = in_cookie(r, COOKIE_REFRESH);
    if (!token.n)
        return E_OK;
    keep_cookie(r, str_none);
    return refresh_end(&r->c, token);
}

/* Whatever this client is logged in by ends: the access token it speaks with, the refresh token
 * it shows, its session. */
static int log_out(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    if (r->who.device)
        TRY(token_end(&r->c, r->who.device));
    if (in_has(r, "refresh_token"))
        TRY(refresh_end(&r->c, in_str(r, "refresh_token")));
    TRY(api_leave(r));
    TRY(session_end(r));
    node_set_bool(r->c.mem, document, S("logged_out"), true);
    return reply_with(r, document);
}

static int give_csrf_token(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("csrf_token"), csrf_give(r));
    return reply_with(r, document);
}

ROUTES(auth_api){
    ROUTE(POST, "/api/auth/register", ANYONE, to_register, join, "auth/asked", RATE_LOGIN,
        BARE | NOINDEX),
    ROUTE(POST, "/api/auth/verify-otp", ANYONE, to_verify, verify, "auth/token", RATE_LOGIN,
        BARE | NOINDEX | CREATES),
    ROUTE(POST, "/api/auth/login", ANYONE, to_login, log_in, "auth/token", RATE_LOGIN,
        BARE | NOINDEX),
    ROUTE(POST, "/api/auth/refresh", ANYONE, to_go_on, go_on, "auth/token", RATE_FORM,
        BARE | NOINDEX | RENEWS),
    ROUTE(POST, "/api/auth/logout", ANYONE, to_go_on, log_out, "auth/logged_out", RATE_FORM,
        BARE | NOINDEX | RENEWS),
    ROUTE(POST, "/api/auth/second-factor", ANYONE, to_show_code, log_in_second, "auth/token",
        RATE_LOGIN, BARE | NOINDEX),
    ROUTE(GET, "/api/csrf/csrf-token", ANYONE, NULL, give_csrf_token, "auth/csrf", RATE_PAGE,
        BARE | NOINDEX),
    END_OF_ROUTES,
};
