/* request.c: what is asked, from FastCGI's parameters to a row of the route table. */
#include "web/web_in.h"

str cgi_value(const struct cgi *cgi, const char *name)
{
    for (size_t i = 0; i < cgi->n; i++)
        if (str_is(cgi->names[i], name))
            return cgi->values[i];
    return str_none;
}

/* ---- what was said ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum method method;
} known_methods[] = {
    { "GET", GET },
    { "HEAD", GET },
    { "POST", POST },
    { "PUT", PUT },
    { "PATCH", PATCH },
    { "DELETE", DELETE },
};

static enum method method_of(struct arena *mem, str word)
{
    str upper = str_lower(mem, word);
    for (size_t i = 0; i < COUNT(known_methods); i++)
        if (str_eq(upper, str_lower(mem, str_of(known_methods[i].name))))
            return known_methods[i].method;
    return 0;
}

/* HTTP_X_CSRF_TOKEN -> x-csrf-token */
static str header_name(struct arena *mem, str name)
{
    char *copy = (char *)str_c(mem, str_lower(mem, str_from(name, 5)));
    for (size_t i = 0; copy[i]; i++)
        if (copy[i] == '_')
            copy[i] = '-';
    return str_of(copy);
}

/* Whoever brings a token of their own is nobody but its owner: cookies that come along are
 * not even read. Other schemes are for what stands before us. */
static bool read_bearer(struct req *r)
{
    str header = in_header(r, "authorization");
    str scheme = str_lower(r->c.mem, str_upto(header, 6));
    r->is_bearer = str_is(scheme, "bearer") && (header.n == 6 || header.p[6] == ' ');
    if (r->is_bearer)
        r->bearer = str_trim(str_from(header, 6));
    else if (in_header(r, "x-api-key").n) {
        r->is_bearer = true;
        r->bearer = str_trim(in_header(r, "x-api-key"));
    }
    return r->is_bearer;
}

int without_bearer(struct req *r)
{
    if (!r->is_bearer)
        return E_OK;
    r->is_bearer = false;
    r->bearer = str_none;
    cookies_read(r, in_header(r, "cookie"));
    return csrf_check(r);
}

static void read_headers(struct req *r)
{
    for (size_t i = 0; i < r->cgi->n; i++) {
        str name = r->cgi->names[i], value = r->cgi->values[i];
        if (!str_starts(name, S("HTTP_")) || value.n == 0)
            continue;
        /* Of cookies only the one that is not text is passed over: it may be another site's. */
        if (!str_is_utf8(value) && !str_is(name, "HTTP_COOKIE"))
            continue;
        node_set_str(r->c.mem, r->headers, header_name(r->c.mem, name), value);
    }
    if (!read_bearer(r))
        cookies_read(r, in_header(r, "cookie"));
    r->host = in_header(r, "host");
    r->user_agent = in_header(r, "user-agent");
    r->content_type = cgi_value(r->cgi, "CONTENT_TYPE");
    r->remote = cgi_value(r->cgi, "REMOTE_ADDR");
    r->internal = str_is(cgi_value(r->cgi, "TALAT_INNER"), "1");
    str id = cgi_value(r->cgi, "REQUEST_ID");
    bool ours = id.n >= 8 && id.n <= 64;
    for (size_t i = 0; ours && i < id.n; i++)
        ours = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'z') ||
            (id.p[i] >= 'A' && id.p[i] <= 'Z') || id.p[i] == '-';
    r->c.id = ours ? id : crypto_token(r->c.mem, 12);
}

/* For who comes without nginx; behind it its map $accepts decides, by which it keys the cache. */
static enum format accepted(const struct req *r)
{
    str accept = str_lower(r->c.mem, in_header(r, "accept"));
    if (str_find(accept, S("text/html")) >= 0)
        return HTML;
    bool json = str_find(accept, S("application/json")) >= 0;
    if (!json && str_find(accept, S("application/")) >= 0)
        json = str_find(accept, S("+json")) >= 0;
    return json ? JSON : HTML;
}

static const char *const kinds[] = {
    [KIND_SSI] = "", [KIND_PLAIN] = "plain", [KIND_PACKED] = "gzip"
};

static enum kind kind_of(str word)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_is(word, kinds[i]))
            return (enum kind)i;
    return KIND_SSI;
}

const char *kind_name(enum kind kind) { return kinds[kind]; }

static void read_currency(struct req *r)
{
    str given = cgi_value(r->cgi, "PAGE_CURRENCY"); /* what nginx keeps the page under */
    str chosen = given.n ? given : in_cookie(r, COOKIE_CURRENCY);
    if (!app_sells_in(r->c.app, chosen, &r->c.currency))
        r->c.currency = r->c.app->currency;
}

struct path { /* the path in pieces, on the way to its row */
    str segments[SEGMENTS_MAX];
    size_t n;
    bool slash; /* ended in one */
    str lang;   /* its prefix, empty when none */
};

static bool is_as_we_write(struct req *r, str piece, str plain)
{
    struct buf out = buf_new(r->c.mem, 3 * plain.n + 1);
    escape_url_part(&out, plain);
    return str_eq(buf_str(&out), piece) && str_trim(plain).n == plain.n;
}

/* Each segment is decoded once. What hides a slash, a dot-segment or a control character in
 * its escapes is no path of ours. */
static int read_segments(struct req *r, str path, struct path *out)
{
    str piece, plain;
    r->is_path_canonical = true;
    if (path.n == 0 || path.p[0] != '/')
        return fail_detail(&r->c, E_MALFORMED, "path", "does not begin with /");
    out->slash = path.n > 1 && path.p[path.n - 1] == '/';
    path = str_from(path, 1);
    while (path.n && str_cut(&path, '/', &piece)) {
        if (!unescape_url(r->c.mem, piece, false, &plain) || !str_is_utf8(plain))
            return fail_detail(&r->c, E_MALFORMED, "path", "a broken escape");
        if (str_is(plain, ".") || str_is(plain, "..") || str_find(plain, S("/")) >= 0 ||
            str_find(plain, S("\\")) >= 0)
            return fail_detail(&r->c, E_MALFORMED, "path", "a hidden slash or dot-segment");
        for (size_t i = 0; i < plain.n; i++)
            if ((unsigned char)plain.p[i] < 0x20 || plain.p[i] == 0x7F)
                return fail_detail(&r->c, E_MALFORMED, "path", "a control character");
        if (plain.n == 0 || out->n == SEGMENTS_MAX)
            return fail_detail(&r->c, E_MISSING, "path", "empty or too many segments");
        if (piece.n != plain.n && !is_as_we_write(r, piece, plain))
            r->is_path_canonical = false;
        out->segments[out->n++] = plain;
    }
    return E_OK;
}

bool web_is_language(str s)
{
    for (const struct language *l = web_languages; l->code; l++)
        if (str_is(s, l->code))
            return true;
    return false;
}

static void take_language(struct req *r, struct path *path)
{
    r->c.lang = r->c.app->language;
    if (path->n == 0 || !web_is_language(path->segments[0]))
        return;
    path->lang = r->c.lang = path->segments[0];
    for (size_t i = 1; i < path->n; i++)
        path->segments[i - 1] = path->segments[i];
    path->n--;
}

static bool take_json_suffix(struct path *path)
{
    if (path->n == 0 || path->slash)
        return false;
    str *last = &path->segments[path->n - 1];
    if (!str_ends(*last, S(".json")))
        return false;
    *last = str_upto(*last, last->n - 5);
    if (last->n == 0 && path->n == 1) /* "/.json" is the home page's */
        path->n = 0;
    return true;
}

int request_read(struct req *r)
{
    read_headers(r);
    read_currency(r);
    str format = cgi_value(r->cgi, "PAGE_FORMAT"); /* what nginx keeps the page under: its word */
    r->format = str_is(format, "json") ? JSON : format.n ? HTML : accepted(r);
    r->kind = kind_of(cgi_value(r->cgi, "PAGE_KIND"));
    str uri = cgi_value(r->cgi, "REQUEST_URI");
    if (uri.n > 8000)
        return fail_detail(&r->c, E_MALFORMED, "path", "the URI is too long");
    i64 at = str_find(uri, S("?"));
    r->uri = uri;
    r->path = at < 0 ? uri : str_upto(uri, (size_t)at);
    r->query = at < 0 ? str_none : str_from(uri, (size_t)at + 1);
    r->method = method_of(r->c.mem, cgi_value(r->cgi, "REQUEST_METHOD"));
    r->body = r->cgi->body;
    return E_OK;
}

/* ---- which row ----------------------------------------------------------------------------- */

static str joined(struct req *r, const struct path *path)
{
    struct buf out = buf_new(r->c.mem, 9000);
    for (size_t i = 0; i < path->n; i++) {
        buf_char(&out, '/');
        buf_add(&out, path->segments[i]);
    }
    return out.n ? buf_str(&out) : S("/");
}

str query_after(struct req *r)
{
    return r->query.n ? str_fmt(r->c.mem, "?%.*s", STR(r->query)) : str_none;
}

str path_here(struct req *r)
{
    return str_fmt(r->c.mem, "%.*s%.*s", STR(r->path), STR(query_after(r)));
}

/* To the one way a page is written: without a slash at the end, without the prefix of the
 * language that needs none. Built from the raw path, cut only where it is known to be safe. */
static int moved(struct req *r, str raw, const struct path *path)
{
    size_t cut = path->lang.n && str_eq(path->lang, r->c.app->language) ? path->lang.n + 1 : 0;
    str to = str_from(raw, cut);
    if (to.n > 1 && to.p[to.n - 1] == '/')
        to = str_upto(to, to.n - 1);
    if (to.n == 0)
        to = S("/");
    if (!path_is_ours(to))
        return fail_detail(&r->c, E_MISSING, "path", "nothing to redirect to");
    str query = query_after(r);
    answer_redirect(r, 301, str_fmt(r->c.mem, "%.*s%.*s", STR(to), STR(query)));
    return GATE_DONE;
}

static int allow(struct req *r, unsigned methods)
{
    set_header(r, "Allow", methods_text(r->c.mem, methods));
    return fail_detail(&r->c, E_METHOD, "method", "not a method of this path");
}

/* A plain form can only POST; it says what it means in its field _method. */
static int override_method(struct req *r)
{
    if (!body_is_form(r) || r->body.n > BODY_BIG)
        return E_OK;
    TRY(body_read_form(r));
    str word = field_of(r, "_method");
    if (!word.n)
        return E_OK;
    enum method method = method_of(r->c.mem, word);
    if (method != PUT && method != PATCH && method != DELETE && method != POST)
        return fail_detail(&r->c, E_MALFORMED, "method", "a _method that is none");
    r->method = method;
    return E_OK;
}

/* Finds the row; `path` is changed when its .json was a suffix. */
static struct found find(struct req *r, struct path *path)
{
    const struct router *router = r->c.app->router;
    struct path whole = *path;
    bool json = take_json_suffix(path);
    struct found found = router_find(router, path->segments, path->n, r->method);
    bool bare = found.route && (found.route->flags & BARE);
    if (json && (!found.allowed || bare)) { /* maybe a path that simply is called so */
        *path = whole;
        found = router_find(router, path->segments, path->n, r->method);
        json = !found.allowed;
    }
    if (json)
        r->format = JSON;
    return found;
}

int request_route(struct req *r)
{
    struct path path = { 0 };
    str raw = r->path;
    enum format asked = r->format;
    if (str_starts(raw, S("/api/"))) /* for programs, also where nothing is */
        r->format = JSON;
    if (r->cgi->n > PARAMS_KEPT)
        return fail_detail(&r->c, E_MALFORMED, "headers", "%zu of them", r->cgi->n);
    TRY(read_segments(r, raw, &path));
    take_language(r, &path);
    struct found found = find(r, &path);
    r->path = joined(r, &path);
    if (!found.allowed)
        return fail_detail(&r->c, E_MISSING, "path", "no such path");
    if (r->method == POST && !found.raw) {
        TRY(override_method(r));
        found = router_find(r->c.app->router, path.segments, path.n, r->method);
    }
    if (!found.route)
        return allow(r, found.allowed);
    bool bare = found.route->flags & BARE;
    if (bare && path.lang.n)
        return fail_detail(&r->c, E_MISSING, "path", "has no language");
    if (path.slash || (path.lang.n && str_eq(path.lang, r->c.app->language)))
        return r->method == GET ? moved(r, raw, &path)
                                : fail_detail(&r->c, E_MISSING, "path", "not written so");
    r->route = found.route;
    r->row = found.number;
    router_params(r->c.mem, r->route, path.segments, path.n, r->params);
    /* Hooks, checks and what is for programs talk JSON, errors included. */
    bool is_page =
        r->route->view && templates_has(r->c.app->templates, str_of(r->route->view));
    if (bare)
        r->format = is_page ? asked : JSON;
    return E_OK;
}

str route_pattern(struct req *r, str url)
{
    struct path path = { 0 };
    str lang = r->c.lang, base = r->c.app->base_url;
    i64 scheme = str_find(url, S("://"));
    if (scheme >= 0) {
        str rest = str_from(url, (size_t)scheme + 3);
        i64 slash = str_find(rest, S("/"));
        bool ours = !r->c.app->production ||
            (str_starts(url, base) && url.n > base.n && url.p[base.n] == '/');
        url = ours && slash >= 0 ? str_from(rest, (size_t)slash) : str_none;
    }
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == '?' || url.p[i] == '#')
            url = str_upto(url, i);
    if (url.n > 2000 || read_segments(r, url, &path)) {
        fault_clear(&r->c);
        return str_none;
    }
    take_language(r, &path);
    r->c.lang = lang;
    struct found found = router_find(r->c.app->router, path.segments, path.n, GET);
    return found.route ? str_of(found.route->path) : str_none;
}
