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

static int ask(struct req *r, str next)
{
    struct buf to = buf_new(r->c.mem, 8000);
    if (r->format == JSON || r->is_bearer)
        return fail(&r->c, E_DENIED, "auth.recent", "Please confirm first that it is you.");
    buf_add(&to, S("/account/confirm?next="));
    escape_url_part(&to, next);
    TRY(see_other(r, buf_str(&to)));
    return GATE_DONE;
}

static int is_recent(struct req *r, bool *is)
{
    struct node *row = NULL;
    if (r->who.session.n || r->who.device)
        TRY(q_auth_proved(&r->c, &row, r->who.session, r->who.device));
    *is = row && node_bool(row, "is_recent");
    return E_OK;
}

int auth_recent(struct req *r)
{
    bool is;
    TRY(is_recent(r, &is));
    return is ? E_OK : ask(r, page_before(r));
}

/* ---- what was typed waits ---------------------------------------------------------------------
 */

/* In the address it comes back by, sealed: for this person, this page, a quarter of an hour. */
static const char *purpose_of(struct req *r, str page)
{
    return str_fmt(r->c.mem, "typed %" PRId64 " %.*s", me(r), STR(page)).p;
}

static str keep_typed(struct req *r, str page)
{
    struct arena *mem = r->c.mem;
    struct buf json = buf_new(mem, NEXT_MOST);
    struct node *all = node_map(mem);
    node_set_int(mem, all, S("until"), (r->c.now + 15 * MINUTE) / SECOND);
    node_set(mem, all, S("in"), r->in);
    node_set(mem, all, S("raw"), r->raw);
    json_store(&json, all);
    str to = str_fmt(mem, "%.*s?typed=%.*s", STR(page),
        STR(crypto_seal(mem, r->c.app->secret, purpose_of(r, page), buf_str(&json))));
    return json.full || to.n > NEXT_MOST ? page : to;
}

int auth_recent_form(struct req *r, str page)
{
    bool is;
    TRY(is_recent(r, &is));
    return is ? E_OK : ask(r, keep_typed(r, page));
}

bool auth_typed(struct req *r)
{
    struct node *all;
    str json;
    if (r->method != GET || !in_has(r, "typed") ||
        !crypto_unseal(
            r->c.mem, r->c.app->secret, purpose_of(r, r->path), in_str(r, "typed"), &json) ||
        json_read(&r->c, json, &all) || node_int(all, "until") < r->c.now / SECOND)
        return false;
    r->in = node_get(all, S("in"));
    r->raw = node_get(all, S("raw"));
    return true;
}

int confirm_done(struct req *r, str next)
{
    TRY(session_prove(r));
    return see_other(r, path_is_ours(next) ? next : S("/account/security"));
}

/* ---- its page -----------------------------------------------------------------------------------
 */

static const struct input on_the_way[] = { { "next", LINE, 0, NEXT_MOST }, { 0 } };
static const struct input to_confirm[] = {
    { "password", SECRET, 1, 256 },
    { "code", LINE, 1, 40 },
    { "next", LINE, 0, NEXT_MOST },
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

static int show(struct req *r) { return reply_page(r, page); }

static int check(struct req *r)
{
    struct login who;
    enum shown shown;
    if (!r->who.session.n)
        return fail(&r->c, E_DENIED, "auth.recent", NULL);
    if (in_has(r, "password"))
        return login_check(r, r->who.email, in_str(r, "password"), &who);
    if (in_has(r, "code"))
        return factor_check(r, me(r), in_str(r, "code"), BY_APP | BY_RECOVERY, &shown);
    return fail_field(&r->c, "password", "Please fill this in.");
}

int confirm_again(struct req *r, int err) { return again_page(r, err, page); }

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
