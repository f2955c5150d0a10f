/* confirm.c: is it still you? A session may be left open, or stolen; what would let somebody stay
 * asks for a password, a code or a passkey anew, and then lets be for a quarter of an hour. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "web/web.h"

/* The page the form stood on; for a page, itself. */
static str page_before(struct req *r)
{
    struct arena *mem = r->c.mem;
    str from = in_header(r, "referer"), ours = r->c.app->base_url;
    if (r->method == GET)
        return r->query.n ? str_fmt(mem, "%.*s?%.*s", STR(r->path), STR(r->query)) : r->path;
    if (str_starts(from, ours) && path_is_ours(str_from(from, ours.n)))
        return str_from(from, ours.n);
    return S("/account/security");
}

static int ask(struct req *r)
{
    struct buf to = buf_new(r->c.mem, 8000);
    if (r->format == JSON || r->is_bearer)
        return fail(&r->c, E_DENIED, "auth.recent", "Please confirm first that it is you.");
    buf_add(&to, S("/account/confirm?next="));
    escape_url_part(&to, page_before(r));
    TRY(see_other(r, buf_str(&to)));
    return GATE_DONE;
}

int auth_recent(struct req *r)
{
    struct node *row = NULL;
    if (r->who.session.n || r->who.device)
        TRY(q_auth_proved(&r->c, &row, r->who.session, r->who.device));
    return row && node_bool(row, "is_recent") ? E_OK : ask(r);
}

int confirm_done(struct req *r, str next)
{
    TRY(session_prove(r));
    return see_other(r, path_is_ours(next) ? next : S("/account/security"));
}

/* ---- its page -----------------------------------------------------------------------------------
 */

static const struct input on_the_way[] = { { "next", LINE, 0, 500 }, { 0 } };
static const struct input to_confirm[] = {
    { "password", SECRET, 1, 256 },
    { "code", LINE, 1, 40 },
    { "next", LINE, 0, 500 },
    { 0 },
};

static int page(struct req *r, struct node **out)
{
    struct arena *mem = r->c.mem;
    struct factors factors;
    TRY(factors_of(&r->c, me(r), &factors));
    *out = node_map(mem);
    node_set_str(
        mem, *out, S("next"), path_is_ours(in_str(r, "next")) ? in_str(r, "next") : str_none);
    node_set_bool(mem, *out, S("has_app"), factors.has_app);
    node_set_bool(mem, *out, S("has_passkeys"), factors.passkeys > 0);
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(page(r, &document));
    return reply_with(r, document);
}

static int check(struct req *r)
{
    struct login who;
    enum shown shown;
    if (!r->who.session.n)
        return fail(&r->c, E_DENIED, "auth.recent", NULL);
    if (in_has(r, "password"))
        return login_check(r, r->who.email, in_str(r, "password"), &who);
    if (in_has(r, "code"))
        return factor_check(r, me(r), in_str(r, "code"), false, &shown);
    return fail_field(&r->c, "password", "Please fill this in.");
}

int confirm_again(struct req *r, int err)
{
    struct fault told = r->c.fault;
    struct node *document;
    TRY(page(r, &document));
    r->c.fault = told;
    return again(r, err, document);
}

static int confirm(struct req *r)
{
    int err = in_fault(r);
    if (!err)
        err = check(r);
    if (err == E_LOGIN) { /* the address is not in question */
        fault_clear(&r->c);
        err = fail_field(&r->c, "password", "That is not your password.");
    }
    return err ? confirm_again(r, err) : confirm_done(r, in_str(r, "next"));
}

ROUTES(auth_confirm){
    ROUTE(GET, "/account/confirm", SHOPPER, on_the_way, show, "auth/confirm", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/confirm", SHOPPER, to_confirm, confirm, "auth/confirm", RATE_LOGIN,
        NOINDEX | FORM),
    END_OF_ROUTES,
};
