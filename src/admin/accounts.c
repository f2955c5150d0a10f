/* Everybody's accounts, for who runs the house: where they are logged in, and closing them. */
#include "admin/admin.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "watch/watch.h"
#include "web/web.h"

enum { PAGE = 50 };

static const struct input to_list[] = { { "q", LINE, 0, 100 }, { "after", LINE, 0, 254 }, { 0 } };
static const struct input to_one[] = { { "id", WORD, 1, 40, .required = true }, { 0 } };
static const struct input to_end[] = {
    { "id", WORD, 1, 40, .required = true },
    { "device", WORD, 1, 40 },
    { 0 },
};
static const struct input to_block[] = {
    { "id", WORD, 1, 40, .required = true },
    { "reason", LINE, 3, 200, .required = true },
    { 0 },
};

static void dress(struct ctx *c, struct node *person)
{
    str id = crypto_opaque(c->mem, c->app->secret, "person", node_int(person, "id"));
    node_set_str(c->mem, person, S("id"), id);
}

static int list(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows, *accounts, *document = node_map(c->mem);
    str last = str_none;
    i64 n = 0;
    c->scope = (struct scope){ .platform = true };
    TRY(q_admin_accounts(c, &rows, locale_lower(c->mem, in_str(r, "q")), in_str(r, "after")));
    accounts = node_set_list(c->mem, document, S("accounts"));
    EACH(item, rows) {
        if (n++ == PAGE)
            break;
        struct node *one = node_add(c->mem, accounts, (struct node *)&item->node);
        dress(c, one);
        last = node_str(one, "email");
    }
    watch_taken(r, n);
    node_set_str(c->mem, document, S("q"), in_str(r, "q"));
    if (n <= PAGE) {
        node_set_null(c->mem, document, S("next"));
        return reply_with(r, document);
    }
    struct buf url = buf_new(c->mem, 2048);
    buf_add(&url, S("/admin/accounts?q="));
    escape_url_part(&url, in_str(r, "q"));
    buf_add(&url, S("&after="));
    escape_url_part(&url, last);
    node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"), buf_str(&url));
    return reply_with(r, document);
}

static int missing(struct req *r)
{
    return fail(&r->c, E_MISSING, "accounts.missing", "There is no such account.");
}

static int id_of(struct req *r, i64 *person)
{
    return crypto_unopaque(r->c.app->secret, "person", in_path(r, "id"), person) ? E_OK
                                                                                 : missing(r);
}

static int page(struct req *r, i64 id, struct node **out)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    struct node *person, *devices, *places;
    c->scope = (struct scope){ .platform = true };
    TRY(q_admin_account(c, &person, id));
    if (!person)
        return missing(r);
    TRY(auth_logins_of(c, id, &devices));
    TRY(q_admin_account_places(c, &places, id));
    c->scope = before;
    *out = node_map(c->mem);
    dress(c, person);
    node_set(c->mem, *out, S("account"), person);
    node_set(c->mem, *out, S("devices"), devices);
    node_set(c->mem, *out, S("organisations"), places);
    node_hide(node_set_bool(c->mem, *out, S("is_me"), id == me(r)));
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    i64 person;
    TRY(id_of(r, &person));
    TRY(page(r, person, &document));
    watch_taken(r, 1);
    return reply_with(r, document);
}

/* Back to the account, with what was wrong or without. */
static int done(struct req *r, i64 person, int err)
{
    struct node *document;
    struct fault told = r->c.fault;
    if (!err)
        return see_other(r, str_fmt(r->c.mem, "/admin/accounts/%.*s", STR(in_path(r, "id"))));
    if (r->format == JSON || (err != E_INPUT && err != E_CONFLICT))
        return err;
    TRY(page(r, person, &document));
    r->c.fault = told;
    return again(r, err, document);
}

static int end_logins(struct req *r)
{
    i64 person, device = 0;
    TRY(id_of(r, &person));
    if (in_has(r, "device") &&
        !crypto_unopaque(r->c.app->secret, "device", in_str(r, "device"), &device))
        return missing(r);
    return done(r, person, auth_end_logins_of(r, person, device));
}

static int block(struct req *r)
{
    i64 person;
    TRY(id_of(r, &person));
    int err = in_fault(r);
    if (!err)
        err = auth_block(r, person, in_str(r, "reason"));
    return done(r, person, err);
}

static int unblock(struct req *r)
{
    i64 person;
    TRY(id_of(r, &person));
    TRY(auth_recent(r));
    return done(r, person, auth_unblock(r, person));
}

ROUTES(admin_accounts){
    ROUTE(GET, "/admin/accounts", ACCOUNTS_MANAGE, to_list, list, "admin/accounts", RATE_PAGE,
        NOINDEX),
    ROUTE(GET, "/admin/accounts/{id}", ACCOUNTS_MANAGE, to_one, show, "admin/account", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/admin/accounts/{id}/logout", ACCOUNTS_MANAGE, to_end, end_logins,
        "admin/account", RATE_FORM, NOINDEX),
    ROUTE(POST, "/admin/accounts/{id}/block", ACCOUNTS_MANAGE, to_block, block, "admin/account",
        RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, "/admin/accounts/{id}/unblock", ACCOUNTS_MANAGE, to_one, unblock,
        "admin/account", RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
