#include "auth/auth_in.h"
#include "web/web.h"

static const struct input to_login[] = {
    {"email", EMAIL, 3, 254, .required = true},
    {"password", SECRET, 1, 256, .required = true},
    {"next", LINE, 0, 500},
    {0},
};
static const struct input to_register[] = {
    {"name", LINE, 1, 120, .required = true},
    {"email", EMAIL, 3, 254, .required = true},
    {"password", SECRET, 8, 256, .required = true},
    {"next", LINE, 0, 500},
    {0},
};
static const struct input on_the_way[] = {{"next", LINE, 0, 500}, {0}};

static str next_of(struct req *r)
{
    return path_is_ours(in_str(r, "next")) ? in_str(r, "next") : str_none;
}

static struct node *form_page(struct req *r)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("next"), next_of(r));
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

static int come_in(struct req *r, const struct login *who)
{
    TRY(session_begin(r, who));
    TRY(who->is_staff ? auth_refresh_place(r) : E_OK);
    return see_other(r, landing(r));
}

static int log_in(struct req *r)
{
    struct login who;
    int err = auth_check(&r->c, in_str(r, "email"), in_str(r, "password"), &who);
    return err ? again(r, err, form_page(r)) : come_in(r, &who);
}

static int join(struct req *r)
{
    struct login who;
    int err = auth_register(&r->c, in_str(r, "email"), in_str(r, "name"), in_str(r, "password"),
        &who);
    return err ? again(r, err, form_page(r)) : come_in(r, &who);
}

static int log_out(struct req *r)
{
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

ROUTES(auth) {
    ROUTE(GET, "/login", ANYONE, on_the_way, show_form, "auth/login", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/login", ANYONE, to_login, log_in, "auth/login", RATE_LOGIN, NOINDEX),
    ROUTE(GET, "/register", ANYONE, on_the_way, show_form, "auth/register", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/register", ANYONE, to_register, join, "auth/register", RATE_LOGIN, NOINDEX),
    ROUTE(POST, "/logout", ANYONE, NULL, log_out, NULL, RATE_FORM, NOINDEX),
    ROUTE(GET, "/account", SHOPPER, NULL, account, "auth/account", RATE_PAGE, NOINDEX),
    END_OF_ROUTES,
};
