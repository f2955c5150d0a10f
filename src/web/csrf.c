/* csrf.c: was this really sent from a page of ours? The browser's own word first (Origin,
 * Sec-Fetch-Site), then, for whoever carries a session or a cart, a token: random, bound to
 * that cookie by a MAC, equal in cookie and form. Forms get it from nginx, by SSI from the
 * cookie, so that also kept pages carry each reader's own. A bearer token is sent by nobody's
 * browser by itself: such a request is not looked at, nor are its cookies. */
#include "web/web_in.h"

static int forged(struct req *r, const char *detail)
{
    return fail_detail(&r->c, E_FORGED, "csrf", "%s", detail);
}

/* ---- where from ------------------------------------------------------------------------------ */

/* scheme://host[:port] of a URL. */
static str origin_of(str url)
{
    i64 at = str_find(url, S("://"));
    if (at < 0)
        return str_none;
    str rest = str_from(url, (size_t)at + 3);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    return str_upto(url, (size_t)at + 3 + n);
}

static bool is_loopback(str host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    for (size_t i = 0; i < COUNT(names); i++) {
        str name = str_of(names[i]);
        if (str_starts(host, name) && (host.n == name.n || host.p[name.n] == ':'))
            return true;
    }
    return false;
}

/* In dev the shop answers under each of the machine's own names. */
static bool is_our_origin(const struct req *r, str origin)
{
    if (str_eq(origin, origin_of(r->c.app->base_url)))
        return true;
    return !r->c.app->production && is_loopback(r->host) && str_starts(origin, S("http://")) &&
        str_eq(str_from(origin, 7), r->host);
}

static bool comes_from_us(const struct req *r)
{
    str origin = in_header(r, "origin"), site = in_header(r, "sec-fetch-site");
    if (origin.n)
        return is_our_origin(r, origin);
    return site.n == 0 || str_is(site, "same-origin") || str_is(site, "none");
}

/* The browser itself says that the form stood on a page of ours. Enough for a guest with a
 * cart: the kept page they put things into it from may be older than their cart's token. */
static bool is_vouched_for(const struct req *r)
{
    return in_header(r, "origin").n || str_is(in_header(r, "sec-fetch-site"), "same-origin");
}

bool comes_from_our_page(const struct req *r) { return is_vouched_for(r) && comes_from_us(r); }

/* ---- the token ---------------------------------------------------------------------------------
 */

static str mac_of(struct req *r, str random, str bound_to)
{
    unsigned char key[32];
    crypto_key(r->c.app->secret, "csrf", key);
    str message = str_fmt(r->c.mem, "%.*s|%.*s", STR(random), STR(bound_to));
    str hex = crypto_hmac_sha256_hex(r->c.mem, (str){ (char *)key, sizeof key }, message);
    return str_upto(hex, 32);
}

static str bound_cookie(const struct req *r)
{
    str session = in_cookie(r, COOKIE_SESSION);
    return session.n ? session : in_cookie(r, COOKIE_CART);
}

static bool is_valid(struct req *r, str token, str bound_to)
{
    i64 dot = str_find(token, S("."));
    if (dot < 16 || token.n > 200)
        return false;
    str random = str_upto(token, (size_t)dot), mac = str_from(token, (size_t)dot + 1);
    return crypto_equal(mac, mac_of(r, random, bound_to));
}

static str issue(struct req *r, str bound_to)
{
    str random = crypto_token(r->c.mem, 18);
    str mac = mac_of(r, random, bound_to);
    str token = str_fmt(r->c.mem, "%.*s.%.*s", STR(random), STR(mac));
    set_cookie(r, COOKIE_CSRF, token, 30 * 24 * 3600, false);
    return token;
}

void csrf_issue(struct req *r, str bound_to) { issue(r, bound_to); }

/* The pages' cookie must come along from a mail's link and from a payment provider, where forms
 * are on the page that opens: it is Lax. A script's request starts here, so its own is Strict. */
str csrf_give(struct req *r)
{
    str token = in_cookie(r, COOKIE_CSRF), bound_to = bound_cookie(r);
    if (!is_valid(r, token, bound_to))
        token = issue(r, bound_to);
    set_cookie(r, COOKIE_CSRF_TOKEN, token, 0, false);
    return token;
}

/* A program of another origin that may use the interface, and that brings nothing of ours: there
 * is nobody's cookie to abuse. nginx lets the same origins read the answer. */
static bool is_guest_program(const struct req *r)
{
    str rest = conf_str(r->c.app->conf, "cors_origins", str_none), origin, own;
    if (!(r->route->flags & BARE) || !str_starts(r->path, S("/api/")) || bound_cookie(r).n)
        return false;
    origin = in_header(r, "origin");
    while (rest.n && str_cut(&rest, ' ', &own))
        if (own.n && str_eq(own, origin))
            return true;
    return false;
}

int csrf_check(struct req *r)
{
    if (r->method == GET || (r->route->flags & RAW) || r->is_bearer || is_guest_program(r))
        return E_OK;
    if (!comes_from_us(r))
        return forged(r, "another origin");
    str bound_to = bound_cookie(r);
    if (!bound_to.n || (!in_cookie(r, COOKIE_SESSION).n && is_vouched_for(r)))
        return E_OK;
    str token = in_header(r, "x-csrf-token");
    bool is_script = token.n && crypto_equal(token, in_cookie(r, COOKIE_CSRF_TOKEN));
    str cookie = in_cookie(r, is_script ? COOKIE_CSRF_TOKEN : COOKIE_CSRF);
    if (!token.n && body_is_form(r)) {
        TRY(body_read_form(r));
        token = field_of(r, "csrf");
    }
    if (!token.n || !crypto_equal(token, cookie))
        return forged(r, token.n ? "token and cookie differ" : "no token");
    return is_valid(r, token, bound_to) ? E_OK : forged(r, "token of another session");
}

void csrf_heal(struct req *r)
{
    str bound_to = bound_cookie(r);
    if (r->method != GET || r->out->has_cookie || !bound_to.n)
        return;
    if (!is_valid(r, in_cookie(r, COOKIE_CSRF), bound_to))
        csrf_issue(r, bound_to);
}
