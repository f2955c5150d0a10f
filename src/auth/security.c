/* security.c: the page on which one sets up what is shown besides a password. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "web/web.h"

static int page(struct req *r, struct node **out)
{
    struct arena *mem = r->c.mem;
    struct node *document = *out = node_map(mem), *passkeys;
    struct factors factors;
    TRY(factors_of(&r->c, me(r), &factors));
    TRY(passkeys_of(&r->c, me(r), &passkeys));
    node_set_bool(mem, document, S("has_app"), factors.has_app);
    node_set_bool(mem, document, S("has_second"), has_second(&factors));
    node_set_int(mem, document, S("codes_left"), factors.codes_left);
    node_set_bool(mem, document, S("is_due"), r->who.lacks_factor);
    node_set_bool(mem, document, S("text_counts"), r->who.text_counts);
    node_set(mem, document, S("passkeys"), passkeys);
    social_choices(r, document);
    return phone_say(r, me(r), document);
}

static int security(struct req *r) { return reply_page(r, page); }

int security_again(struct req *r, int err) { return again_page(r, err, page); }

/* ---- the app -----------------------------------------------------------------------------------
 */

static const struct input to_begin[] = {
    { "sealed", WORD, 1, 300, .required = true },
    { "code", LINE, 1, 40, .required = true },
    { 0 },
};
static const struct input to_show[] = { DONE_ONCE, { 0 } };
static const struct input to_end[] = { { "proof", SECRET, 1, 256, .required = true }, { 0 } };

/* In groups of four, to be typed. */
static str in_groups(struct arena *mem, str text)
{
    struct buf out = buf_new(mem, 2 * text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        if (i && i % 4 == 0)
            buf_char(&out, ' ');
        buf_char(&out, text.p[i]);
    }
    return buf_str(&out);
}

static int app_page(struct req *r, str sealed, struct node **out)
{
    struct arena *mem = r->c.mem;
    str secret, path, shop = conf_str(r->c.app->conf, "shop_name", S("Talat Market"));
    i64 size;
    if (!app_secret_read(r, me(r), sealed, &secret)) {
        sealed = app_secret_new(r, me(r));
        if (!app_secret_read(r, me(r), sealed, &secret))
            return fail_detail(&r->c, E_INTERNAL, "auth.sealed", "a new secret does not open");
    }
    str uri = totp_uri(mem, shop, r->who.email, secret);
    if (!qr_path(mem, uri, &size, &path))
        return fail_detail(&r->c, E_INTERNAL, "auth.qr", "no picture of %zu bytes", uri.n);
    *out = node_map(mem);
    node_set_str(mem, *out, S("sealed"), sealed);
    node_set_str(mem, *out, S("uri"), uri);
    node_set_str(mem, *out, S("secret"), in_groups(mem, base32(mem, secret)));
    node_hide(node_set_int(mem, *out, S("qr_size"), size));
    node_hide(node_set_str(mem, *out, S("qr_path"), path));
    return E_OK;
}

static int show_app(struct req *r)
{
    struct node *document;
    TRY(auth_recent(r));
    TRY(app_page(r, str_none, &document));
    return reply_with(r, document);
}

#define NEW_CODES "new recovery codes" /* what is sealed until they are shown */

static str in_one_line(struct arena *mem, const struct node *codes)
{
    struct buf out = buf_new(mem, 400);
    EACH(item, codes)
        buf_fmt(&out, "%s%.*s", out.n ? " " : "", STR(item->node.as.text));
    return buf_str(&out);
}

static int give(struct req *r, bool tell)
{
    struct node *codes, *document = node_map(r->c.mem);
    str handle;
    TRY(recovery_make(r, tell, &codes));
    if (once_keep(r, NEW_CODES, in_one_line(r->c.mem, codes), &handle))
        return see_other(r, str_fmt(r->c.mem, "/account/security/codes?done=%.*s", STR(handle)));
    node_set(r->c.mem, document, S("codes"), codes);
    return reply_view(r, 200, "auth/codes", document);
}

static int show_codes(struct req *r)
{
    struct node *document = node_map(r->c.mem), *codes = node_list(r->c.mem);
    str line = once_take(r, NEW_CODES), code;
    while (line.n && str_cut(&line, ' ', &code))
        node_add_str(r->c.mem, codes, code);
    node_set(r->c.mem, document, S("codes"), codes);
    return reply_with(r, document);
}

int codes_give(struct req *r) { return give(r, false); }

static int set_up_app(struct req *r, struct factors *before)
{
    str secret;
    TRY(in_fault(r));
    TRY(factors_of(&r->c, me(r), before));
    if (!app_secret_read(r, me(r), in_str(r, "sealed"), &secret))
        return fail_field(&r->c, "code", "This picture is too old. Please scan the new one.");
    return app_begin(r, me(r), secret, in_str(r, "code"));
}

/* With the first factor come the recovery codes. */
static int begin_app(struct req *r)
{
    struct factors before;
    struct node *document;
    TRY(auth_recent(r));
    int err = set_up_app(r, &before);
    if (!err)
        return before.codes_left ? see_other(r, S("/account/security")) : codes_give(r);
    struct fault told = r->c.fault;
    TRY(app_page(r, in_str(r, "sealed"), &document));
    r->c.fault = told;
    return again(r, err, document);
}

static int show_end(struct req *r) { return reply_with(r, node_map(r->c.mem)); }

/* A code by its form; what only looks like a recovery code may be the password. */
static int check_proof(struct req *r, str proof)
{
    struct login who;
    enum shown shown;
    enum code_form form = code_form(&r->c, proof);
    if (form != FORM_NONE) {
        int err = factor_check(r, me(r), proof, BY_APP | BY_RECOVERY, &shown);
        if (err != E_INPUT || form == FORM_DIGITS)
            return err;
        fault_clear(&r->c);
    }
    return login_check(r, r->who.email, proof, &who);
}

static int proof_is_good(struct req *r)
{
    TRY(in_fault(r));
    int err = check_proof(r, in_str(r, "proof"));
    if (err != E_INPUT && err != E_LOGIN)
        return err;
    fault_clear(&r->c);
    return fail_field(&r->c, "proof", "That is neither your password nor a code of the app.");
}

static int end_app(struct req *r)
{
    int err = proof_is_good(r);
    if (err)
        return again(r, err, node_map(r->c.mem));
    TRY(app_end(&r->c, me(r)));
    return see_other(r, S("/account/security"));
}

static int new_codes(struct req *r)
{
    struct factors factors;
    TRY(auth_recent(r));
    TRY(factors_of(&r->c, me(r), &factors));
    if (!has_second(&factors))
        return fail(&r->c, E_CONFLICT, "auth.no_factor",
            "Recovery codes stand in for a second factor. Please set one up first.");
    return give(r, true);
}

ROUTES(auth_security){
    ROUTE(GET, "/account/security", SHOPPER, NULL, security, "auth/security", RATE_PAGE, NOINDEX),
    ROUTE(GET, "/account/security/app", SHOPPER, NULL, show_app, "auth/app", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/security/app", SHOPPER, to_begin, begin_app, "auth/app", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(GET, "/account/security/app/off", SHOPPER, NULL, show_end, "auth/app_off", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/security/app/off", SHOPPER, to_end, end_app, "auth/app_off", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(GET, "/account/security/codes", SHOPPER, to_show, show_codes, "auth/codes", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/security/codes", SHOPPER, NULL, new_codes, "auth/codes", RATE_LOGIN,
        NOINDEX),
    END_OF_ROUTES,
};
