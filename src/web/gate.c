/* gate.c: the one way in. A fixed list of small steps stands before every handler; what a row
 * of the route table says is checked here and nowhere else, so that a handler can rely on all
 * of it. */
#include <stdio.h>
#include <unistd.h>
#include "web/web_in.h"

enum { WORTH_PACKING = 1000 }; /* bytes: as nginx/nginx.conf has it */
#define WAIT_MOST (2 * SECOND) /* in the socket's queue */

static str cgi_value(const struct cgi *cgi, const char *name)
{
    for (size_t i = 0; i < cgi->n; i++)
        if (str_is(cgi->names[i], name))
            return cgi->values[i];
    return str_none;
}

/* ---- parse: what was asked
 * ----------------------------------------------------------------------- */

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

static void read_headers(struct req *r)
{
    for (size_t i = 0; i < r->cgi->n; i++) {
        str name = r->cgi->names[i], value = r->cgi->values[i];
        if (!str_starts(name, S("HTTP_")) || value.n == 0 || !str_is_utf8(value))
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

static void read_currency(struct req *r)
{
    str given = cgi_value(r->cgi, "PAGE_CURRENCY"); /* what nginx keeps the page under */
    str chosen = given.n ? given : in_cookie(r, COOKIE_CURRENCY);
    r->c.currency = r->c.app->currency;
    EACH(item, r->c.app->currencies)
        if (str_eq(item->node.as.text, chosen))
            r->c.currency = item->node.as.text;
}

struct path { /* the path in pieces, on the way to its row */
    str segments[SEGMENTS_MAX];
    size_t n;
    bool slash; /* ended in one */
    str lang;   /* its prefix, empty when none */
};

/* Each segment is decoded once. What hides a slash, a dot-segment or a control character in
 * its escapes is no path of ours. */
static int read_segments(struct req *r, str path, struct path *out)
{
    str piece, plain;
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

static int parse(struct req *r)
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

/* ---- route: which row
 * ------------------------------------------------------------------------------ */

static str joined(struct req *r, const struct path *path)
{
    struct buf out = buf_new(r->c.mem, 9000);
    for (size_t i = 0; i < path->n; i++) {
        buf_char(&out, '/');
        buf_add(&out, path->segments[i]);
    }
    return out.n ? buf_str(&out) : S("/");
}

static str query_after(struct req *r)
{
    return r->query.n ? str_fmt(r->c.mem, "?%.*s", STR(r->query)) : str_none;
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

static int route(struct req *r)
{
    struct path path = { 0 };
    str raw = r->path;
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
    if (bare && !(r->route->view && templates_has(r->c.app->templates, str_of(r->route->view))))
        r->format = JSON;
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
        bool ours = !r->c.app->production || (str_starts(url, base) && url.n > base.n && url.p[base.n] == '/');
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

/* Who has waited this long for a worker mostly waits no more: to do all the work for nobody
 * would keep an overload alive. nginx says when it asked. A clock that was set meanwhile says
 * nonsense. Not shed: what no person waits for, and where waiting is the rule. */
static int on_time(struct req *r)
{
    i64 second, ms;
    str asked = cgi_value(r->cgi, "ASKED_AT"), head;
    if (r->internal || r->route->rate == RATE_HOOK || (r->route->flags & SLOW) ||
        !str_cut(&asked, '.', &head) || !str_int(head, &second) || !str_int(asked, &ms))
        return E_OK;
    i64 waited = when_now() - second * SECOND - ms * 1000;
    if (waited < WAIT_MOST || waited > MINUTE)
        return E_OK;
    metric_add(r->c.app, "requests_shed_total", 1);
    return fail_detail(&r->c, E_AWAY, "late", "waited %" PRId64 " ms", waited / 1000);
}

/* ---- size, limit, who, permission, csrf, inputs, handler
 * ------------------------------------------------ */

static int size(struct req *r)
{
    i64 most = r->route->flags & BIG ? BODY_BIG : BODY_MAX;
    i64 body = (i64)r->body.n > r->cgi->body_length ? (i64)r->body.n : r->cgi->body_length;
    if (body > most)
        return fail_detail(&r->c, E_TOO_LARGE, "body.size", "%" PRId64 " bytes", body);
    return E_OK;
}

/* Whoever may change something is named in the audit trail. Their address is what they sent
 * their request from; requests are found again in the log by their id. */
static void note_source(struct req *r)
{
    bool from_here = !r->remote.n || str_starts(r->remote, S("unix"));
    if (r->method == GET && r->route->rate != RATE_LOGIN) /* who comes back from elsewhere GETs */
        return;
    i64 actor = r->who.viewer ? r->who.viewer : r->who.person;
    r->c.source = str_fmt(r->c.mem, "%" PRId64 " %" PRId64 " web %.*s %.*s", actor,
        r->who.viewer ? r->who.person : 0, STR(from_here ? S("-") : r->remote), STR(r->c.id));
}

/* Who brings a session or a token is counted when it is known whose they are, so that one round
 * trip counts the address and the person; everybody else, before anything else is done. */
static bool is_counted_late(const struct req *r)
{
    return !(r->route->flags & CACHED) && (r->is_bearer || in_cookie(r, COOKIE_SESSION).n);
}

static int limit(struct req *r) { return is_counted_late(r) ? E_OK : limit_check(r); }

static int ask_who(struct req *r)
{
    const struct hooks *hooks = &r->c.app->hooks;
    if (r->is_bearer)
        TRY(hooks->bearer ? hooks->bearer(r, r->bearer) : fail(&r->c, E_LOGIN, "token", NULL));
    else if (hooks->who)
        TRY(hooks->who(r, in_cookie(r, COOKIE_SESSION)));
    r->c.scope.person = r->who.key ? 0 : r->who.person;
    note_source(r);
    return hooks->guest ? hooks->guest(r) : E_OK;
}

/* A kept page is nobody's: it is not even asked who. Staff see with a shopper's eyes until
 * their handler says as_staff. A token that is none is counted like any other. */
static int who(struct req *r)
{
    if (r->route->flags & CACHED)
        return E_OK;
    int err = ask_who(r);
    struct fault told = r->c.fault;
    if (is_counted_late(r))
        TRY(limit_check(r));
    r->c.fault = told;
    return err;
}

static int to_login(struct req *r)
{
    struct buf to = buf_new(r->c.mem, 16000);
    str here = str_fmt(r->c.mem, "%.*s%.*s", STR(r->path), STR(query_after(r)));
    buf_add(&to, lang_path(r, r->c.lang, S("/login")));
    if (r->method == GET) {
        buf_add(&to, S("?next="));
        for (size_t i = 0; i < here.n; i++) /* slashes stay, for the eye */
            if (here.p[i] == '/')
                buf_char(&to, '/');
            else
                escape_url_part(&to, (str){ here.p + i, 1 });
    }
    answer_redirect(r, 303, buf_str(&to));
    return GATE_DONE;
}

/* Staff of whom a second factor is asked set it up first; as shoppers they go on. */
static int to_second_factor(struct req *r)
{
    if (r->format == JSON || r->method != GET)
        return fail(&r->c, E_DENIED, "auth.factor_due",
            "Your role asks for a second factor. Please set it up in your account first.");
    answer_redirect(r, 303, lang_path(r, r->c.lang, S("/account/security")));
    return GATE_DONE;
}

static int permission(struct req *r)
{
    if (may(&r->who, r->route->need)) {
        bool is_held = r->who.lacks_factor && !r->who.key && is_for_staff(r->route->need);
        return is_held ? to_second_factor(r) : E_OK;
    }
    if (r->who.person)
        return fail_detail(
            &r->c, E_DENIED, "permission", "needs %s", permission_name(r->route->need));
    if (r->format == JSON)
        return fail_detail(&r->c, E_LOGIN, "login", "a stranger");
    return to_login(r);
}

/* Whoever looks at the shop with a customer's eyes sees what they see, and changes nothing. */
static int viewing(struct req *r)
{
    if (!r->who.viewer || r->method == GET || (r->route->flags & VIEWING))
        return E_OK;
    if (r->c.app->hooks.refused)
        TRY(r->c.app->hooks.refused(r));
    return fail(&r->c, E_DENIED, "view.only",
        "You are looking with a customer's eyes: nothing can be changed or paid.");
}

/* What was wrong with a form is said in the form: by the handler that shows it, or by its
 * view alone. Where there is neither, on an error page or in JSON. */
static int inputs(struct req *r)
{
    int err = inputs_read(r);
    if (err != E_INPUT)
        return err;
    if (r->route->flags & FORM) {
        r->bad_input = true;
        return E_OK;
    }
    if (r->method == GET || r->format == JSON || !r->route->view)
        return err;
    struct fault told = r->c.fault;
    if (again(r, err, NULL) == E_OK)
        return GATE_DONE;
    r->c.fault = told; /* its view needs more than nothing: such a row wants FORM */
    return err;
}

static int handler_step(struct req *r)
{
    TRY(r->route->run(r));
    if (!r->rendered)
        return fail_detail(&r->c, E_INTERNAL, "handler", "%s answered nothing", r->route->path);
    return E_OK;
}

static const struct step {
    const char *name;
    int (*run)(struct req *);
} steps[] = {
    { "parse", parse },
    { "route", route },
    { "on time", on_time },
    { "size", size },
    { "limit", limit },
    { "who", who },
    { "permission", permission },
    { "csrf", csrf_check },
    { "viewing", viewing },
    { "inputs", inputs },
    { "handler", handler_step },
};

/* ---- after: headers, the cache's keys, one log line
 * ----------------------------------------------------- */

static bool is_kept(struct req *r)
{
    return r->route && (r->route->flags & CACHED) && r->method == GET && r->out->status == 200 &&
        !r->out->has_cookie && r->out->cache_s > 0 && query_is_canonical(r);
}

/* So that the refresher will find this page again; Redis does it while the page is rendered. */
void tags_begin(struct req *r)
{
    size_t n = node_count(r->out->tags), i = 0;
    if (!n || !is_kept(r))
        return;
    str *keys = NEWS(r->c.mem, str, n);
    EACH(item, r->out->tags)
        keys[i++] = str_fmt(r->c.mem, "tag:%.*s", STR(item->node.as.text));
    str member = str_fmt(r->c.mem, "%s|%s|%.*s|%.*s|%.*s", r->format == JSON ? "json" : "html",
        kinds[r->kind], STR(r->c.lang), STR(r->c.currency), STR(r->uri));
    struct counter counters[PER_REQUEST];
    size_t n_counters = limit_late(r, counters);
    redis_sadd_begin(&r->c, keys, n, member, r->out->cache_s + 3600, counters, n_counters);
}

/* Ends what tags_begin has begun; says whether the tags are there. */
static bool tags_end(struct req *r)
{
    struct counter counters[PER_REQUEST] = { 0 };
    bool sent = r->late && r->late->sent;
    bool done = redis_sadd_end(&r->c, counters, sent ? r->late->n : 0);
    limit_settle(r, counters, sent && done);
    return done;
}

/* The headers of a kept page are as long each time it is made, hence the zeros: while nginx puts a
 * file in another's place it reads the new one by the old one's length of headers, and takes one
 * with more of them for broken ("too long header"), as if no page had been kept. */
static void cache_headers(struct req *r)
{
    bool tagged = tags_end(r);
    if (!is_kept(r)) {
        r->out->cache_s = 0;
        set_header(r, "X-Accel-Expires", S("0"));
        set_header(r, "Cache-Control", S("no-store"));
        return;
    }
    if (!node_count(r->out->tags))
        tagged = redis_is_up(r->c.redis);
    if (!tagged && r->out->cache_s > 10)
        r->out->cache_s = 10;
    assert(!r->out->has_cookie);
    set_header(r, "X-Accel-Expires", str_fmt(r->c.mem, "%07" PRId64, r->out->cache_s));
    set_header(r, "Cache-Control", S("no-cache"));
}

/* Kept as it travels, with its length, or nginx would cut it into chunks. Any other answer to who
 * takes gzip is packed by nginx on its way. */
static void pack(struct req *r)
{
    str packed;
    if (r->kind == KIND_SSI || !is_kept(r))
        return;
    if (r->kind == KIND_PACKED && r->out->body.n >= WORTH_PACKING &&
        pack_gzip(r->c.mem, buf_str(&r->out->body), &packed)) {
        r->out->body.n = 0;
        buf_add(&r->out->body, packed);
        set_header(r, "Content-Encoding", S("gzip"));
    }
    set_header(r, "Content-Length", str_fmt(r->c.mem, "%07zu", r->out->body.n));
}

static void timing_header(struct req *r, i64 us)
{
    if (r->c.app->production || r->out->cache_s)
        return;
    set_header(r, "Server-Timing",
        str_fmt(r->c.mem, "db;dur=%.3f;desc=\"%" PRId64 " trips\", redis;dur=%.3f, app;dur=%.3f",
            (double)r->c.db_us / 1000, r->c.db_trips, (double)r->c.redis_us / 1000,
            (double)us / 1000));
}

static str number(struct req *r, i64 n) { return str_fmt(r->c.mem, "%" PRId64, n); }

/* The pattern, not the path: paths carry order ids and signed links. */
static void write_log(struct req *r, int err, i64 us)
{
    const struct fault *f = &r->c.fault;
    enum log_level level = err > 0 ? err_level((enum err)err) : LOG_INFO;
    log_line(&r->c, level, "request", "method", method_name(r->method), "route",
        r->route ? str_of(r->route->path) : S("-"), "status", number(r, r->out->status), "us",
        number(r, us), "db", number(r, r->c.db_trips), "db_us", number(r, r->c.db_us), "redis_us",
        number(r, r->c.redis_us), "bytes", number(r, (i64)r->out->body.n), "pid",
        number(r, getpid()), "fault", f->key, "detail", f->detail, NULL);
}

static void finish(struct req *r, int err)
{
    i64 us = when_ticks() - r->started_us;
    if (r->format == HTML && r->out->status == 200 && !(r->route && (r->route->flags & CACHED)))
        csrf_heal(r);
    cache_headers(r);
    pack(r);
    if (!r->route || (r->route->flags & NOINDEX) || r->out->status >= 400 || r->format == JSON)
        set_header(r, "X-Robots-Tag", S("noindex"));
    set_header(r, "Content-Language", r->c.lang);
    set_header(r, "X-Request-Id", r->c.id);
    timing_header(r, us);
    write_log(r, err, us);
    metrics_request(r->c.app, r->route ? r->row : SIZE_MAX, r->out->status, us, r->c.db_us,
        (i64)r->out->body.n);
}

static struct req *new_req(struct app *app, struct pg *pg, struct redis *redis, struct arena *mem,
    const struct cgi *cgi, struct answer *out)
{
    struct req *r = NEW(mem, struct req);
    app_ctx(app, mem, pg, redis, &r->c);
    r->started_us = when_ticks();
    r->cgi = cgi;
    r->params = node_map(mem);
    r->cookies = node_map(mem);
    r->headers = node_map(mem);
    r->in = node_map(mem);
    r->raw = node_map(mem);
    r->fields = NEW(mem, struct web_fields);
    r->out = out;
    *out = (struct answer){ .headers = node_list(mem),
        .tags = node_list(mem),
        .body = buf_new(mem, ANSWER_MAX),
        .cache_s = 60 };
    return r;
}

void web_handle(struct app *app, struct pg *pg, struct redis *redis, struct arena *mem,
    const struct cgi *cgi, struct answer *out)
{
    struct req *r = new_req(app, pg, redis, mem, cgi, out);
    int err = E_OK;
    for (size_t i = 0; i < COUNT(steps) && !err; i++)
        err = steps[i].run(r);
    if (err > 0) {
        if (r->c.fault.code != (enum err)err)
            fail_detail(&r->c, (enum err)err, err_name((enum err)err), "returned without a fault");
        answer_error(r, err);
    }
    finish(r, err);
}
