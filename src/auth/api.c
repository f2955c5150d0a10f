/* The doors for other software: a token for who knows the password, and the form token for who
 * lives on cookies. */
#include "auth/auth_in.h"
#include "web/web.h"

static const struct input to_login[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "password", SECRET, 1, 256, .required = true },
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

/* No cookie is set: whoever comes by a token goes on by it. */
static int log_in(struct req *r)
{
    struct login who;
    struct node *document = node_map(r->c.mem);
    str token;
    TRY(login_check(r, in_str(r, "email"), in_str(r, "password"), &who));
    TRY(auth_become(r, who.person));
    TRY(token_issue(&r->c, who.person, &token));
    metric_add(r->c.app, "logins_total", 1);
    node_set_str(r->c.mem, document, S("access_token"), token);
    node_set(r->c.mem, document, S("user"), user_of(r));
    return reply_with(r, document);
}

static int give_csrf_token(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("csrf_token"), csrf_token(r));
    return reply_with(r, document);
}

ROUTES(auth_api){
    ROUTE(POST, "/api/auth/login", ANYONE, to_login, log_in, "auth/token", RATE_LOGIN,
        BARE | NOINDEX),
    ROUTE(GET, "/api/csrf/csrf-token", ANYONE, NULL, give_csrf_token, "auth/csrf", RATE_PAGE,
        BARE | NOINDEX),
    END_OF_ROUTES,
};
