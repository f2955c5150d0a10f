/* reply.c: from the document to bytes: page or JSON; redirects, cookies, errors. */
#include <stdio.h>
#include "web/web_in.h"

const struct language web_languages[] = {
    { "en", "English" },
    { "th", "ไทย" },
    { "vi", "Tiếng Việt" },
    { NULL, NULL },
};

/* ---- paths ---------------------------------------------------------------------------------- */

bool path_is_ours(str path)
{
    if (path.n == 0 || path.n > 2000 || path.p[0] != '/')
        return false;
    if (path.n > 1 && (path.p[1] == '/' || path.p[1] == '\\'))
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] <= ' ' || path.p[i] == 0x7F || path.p[i] == '\\')
            return false;
    return true;
}

str lang_path(struct req *r, str lang, str path)
{
    if (str_eq(lang, r->c.app->language))
        return path;
    return str_fmt(r->c.mem, "/%.*s%.*s", STR(lang), str_is(path, "/") ? 0 : (int)path.n, path.p);
}

/* "" or "/th" */
static str lang_prefix(const struct req *r)
{
    if (str_eq(r->c.lang, r->c.app->language))
        return str_none;
    return str_fmt(r->c.mem, "/%.*s", STR(r->c.lang));
}

static bool has_lang_prefix(str path)
{
    for (const struct language *l = web_languages; l->code; l++) {
        size_t n = strlen(l->code);
        if (path.n > n && memcmp(path.p + 1, l->code, n) == 0 &&
            (path.n == n + 1 || path.p[n + 1] == '/' || path.p[n + 1] == '?'))
            return true;
    }
    return false;
}

/* On the shop's configured host. */
static str url_abs(struct req *r, str path)
{
    return str_fmt(r->c.mem, "%.*s%.*s", STR(r->c.app->base_url), STR(path));
}

/* ---- headers ----------------------------------------------------------------------------------
 */

static void add_header(struct req *r, str name, str value)
{
    struct node *header = node_add_map(r->c.mem, r->out->headers);
    node_set_str(r->c.mem, header, S("name"), name);
    node_set_str(r->c.mem, header, S("value"), escape_header(r->c.mem, value));
}

void set_header(struct req *r, const char *name, str value)
{
    EACH(item, r->out->headers) {
        struct node *header = (struct node *)&item->node;
        if (!str_is(node_str(header, "name"), name))
            continue;
        node_set_str(r->c.mem, header, S("value"), escape_header(r->c.mem, value));
        return;
    }
    add_header(r, str_of(name), value);
}

static bool is_cookie_value(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c <= ' ' || c >= 0x7F || strchr("\",;\\", c))
            return false;
    }
    return value.n <= 3500;
}

void set_cookie(struct req *r, const char *name, str value, i64 max_age_s, bool for_scripts)
{
    if (!is_cookie_value(value)) {
        log_line(&r->c, LOG_ERROR, "cookie", "name", str_of(name), "why", S("bad value"), NULL);
        return;
    }
    struct buf out = buf_new(r->c.mem, 4096);
    bool is_strict = !strcmp(name, COOKIE_REFRESH) || !strcmp(name, COOKIE_CSRF_TOKEN);
    const char *site = is_strict ? "Strict" : "Lax";
    buf_fmt(&out, "%s=%.*s; Path=/; Secure; SameSite=%s", name, STR(value), site);
    if (!for_scripts)
        buf_add(&out, S("; HttpOnly"));
    if (max_age_s)
        buf_fmt(&out, "; Max-Age=%" PRId64, max_age_s > 0 ? max_age_s : 0);
    r->out->has_cookie = true;
    /* The same cookie set twice in one answer: the later one counts, and goes alone. */
    str start = str_fmt(r->c.mem, "%s=", name);
    EACH(item, r->out->headers) {
        struct node *header = (struct node *)&item->node;
        if (str_is(node_str(header, "name"), "Set-Cookie") &&
            str_starts(node_str(header, "value"), start)) {
            node_set_str(r->c.mem, header, S("value"), buf_str(&out));
            return;
        }
    }
    add_header(r, S("Set-Cookie"), buf_str(&out));
}

void set_tag(struct req *r, const char *kind, i64 id)
{
    node_add_str(r->c.mem, r->out->tags, str_fmt(r->c.mem, "%s:%" PRId64, kind, id));
}

void cache_for(struct req *r, i64 seconds) { r->out->cache_s = seconds; }

/* Drops what was rendered before. */
static void answer_begin(struct req *r, int status, str type)
{
    r->out->status = status;
    r->out->body.n = 0;
    r->out->body.full = false;
    r->rendered = true;
    if (type.n)
        set_header(r, "Content-Type", type);
}

/* ---- the document -----------------------------------------------------------------------------
 */

static void put(struct req *r, struct node *doc, const char *key, struct node *value)
{
    if (!node_get(doc, str_of(key))) /* the feature's own words win */
        node_hide(node_set(r->c.mem, doc, str_of(key), value));
}

static void put_str(struct req *r, struct node *doc, const char *key, str value)
{
    if (!node_get(doc, str_of(key)))
        node_hide(node_set_str(r->c.mem, doc, str_of(key), value));
}

static void put_bool(struct req *r, struct node *doc, const char *key, bool value)
{
    if (!node_get(doc, str_of(key)))
        node_hide(node_set_bool(r->c.mem, doc, str_of(key), value));
}

static str query_suffix(struct req *r)
{
    return r->query.n ? str_fmt(r->c.mem, "?%.*s", STR(r->query)) : str_none;
}

/* The nearest place, here or above, that can be asked for. */
static str nearest_page(const struct req *r)
{
    str rest = str_from(r->path, 1), place = S("/"), segments[SEGMENTS_MAX];
    size_t n = 0;
    while (rest.n && n < COUNT(segments) && str_cut(&rest, '/', &segments[n++]))
        if (router_find(r->c.app->router, segments, n, GET).route)
            place = str_upto(r->path, r->path.n - rest.n - (rest.n > 0));
    return place;
}

/* A path again as it may stand in a URL. */
static str escaped(struct req *r, str path)
{
    struct buf out = buf_new(r->c.mem, 12000);
    str rest = path, segment;
    if (str_is(rest, "/"))
        return rest;
    rest = str_from(rest, 1);
    while (rest.n && str_cut(&rest, '/', &segment)) {
        buf_char(&out, '/');
        escape_url_part(&out, segment);
    }
    return out.n ? buf_str(&out) : S("/");
}

/* Where the page stands. One that answers a form whose address nobody can ask for stands above it:
 * its links lead there in another language or currency. */
static str path_escaped(struct req *r)
{
    return escaped(r, !r->route || r->method == GET ? r->path : nearest_page(r));
}

static bool has_languages(const struct req *r)
{
    return !r->route || !(r->route->flags & BARE);
}

static struct node *languages(struct req *r)
{
    struct node *list = node_list(r->c.mem);
    str path = path_escaped(r), query = query_suffix(r);
    if (!has_languages(r))
        return list;
    for (const struct language *l = web_languages; l->code; l++) {
        struct node *map = node_add_map(r->c.mem, list);
        str there = lang_path(r, str_of(l->code), path);
        node_set_str(r->c.mem, map, S("code"), str_of(l->code));
        node_set_str(r->c.mem, map, S("name"), str_of(l->name));
        node_set_str(
            r->c.mem, map, S("path"), str_fmt(r->c.mem, "%.*s%.*s", STR(there), STR(query)));
        node_set_bool(r->c.mem, map, S("current"), str_is(r->c.lang, l->code));
    }
    return list;
}

static void alternate(struct req *r, struct node *list, str code, str url)
{
    struct node *map = node_add_map(r->c.mem, list);
    node_set_str(r->c.mem, map, S("code"), code);
    node_set_str(r->c.mem, map, S("url"), url);
}

/* For search engines: the same page in each language, and the one for those who read none of them. */
static struct node *alternates(struct req *r)
{
    struct node *list = node_list(r->c.mem);
    str path = path_escaped(r);
    if (!has_languages(r))
        return list;
    for (const struct language *l = web_languages; l->code; l++)
        alternate(r, list, str_of(l->code), url_abs(r, lang_path(r, str_of(l->code), path)));
    alternate(r, list, S("x-default"), url_abs(r, path));
    return list;
}

void page_stands_alone(struct req *r, struct node *doc, str path)
{
    str url = url_abs(r, lang_path(r, r->c.lang, path));
    node_hide(node_set_str(r->c.mem, doc, S("canonical"), url));
    node_hide(node_set_list(r->c.mem, doc, S("alternates")));
}

static struct node *currencies(struct req *r)
{
    struct node *list = node_list(r->c.mem);
    EACH(item, r->c.app->currencies) {
        struct node *map = node_add_map(r->c.mem, list);
        node_set_str(r->c.mem, map, S("code"), item->node.as.text);
        node_set_bool(r->c.mem, map, S("current"), str_eq(item->node.as.text, r->c.currency));
    }
    return list;
}

/* Permission names with colon and hyphen as underscores: {{#may.orders_read}}. */
struct node *may_map(struct arena *mem, const struct who *who)
{
    struct node *map = node_map(mem);
    for (enum permission p = 1; p < N_PERMISSIONS; p++) {
        char *name = (char *)str_c(mem, str_of(permission_name(p)));
        for (char *at = name; *at; at++)
            if (*at == ':' || *at == '-')
                *at = '_';
        node_set_bool(mem, map, str_of(name), may(who, p));
    }
    return map;
}

str desk_path(const struct req *r)
{
    const struct menu *m = r->c.app->menu;
    while (m && m->label && !may(&r->who, m->need))
        m++;
    return m && m->label ? str_of(m->path) : str_none;
}

str home_of(const struct req *r)
{
    str desk = desk_path(r);
    return desk.n ? desk : S("/account");
}

static struct node *me_map(struct req *r, const struct who *who)
{
    struct node *map = NEW(r->c.mem, struct node);
    if (!who->person)
        return map; /* null */
    map = node_map(r->c.mem);
    node_set_str(r->c.mem, map, S("name"), who->name);
    node_set_str(r->c.mem, map, S("email"), who->email);
    node_set_str(r->c.mem, map, S("role"), str_of(role_name(who->role)));
    node_set_str(r->c.mem, map, S("desk"), desk_path(r));
    node_set_str(r->c.mem, map, S("viewer"), who->viewer_email);
    return map;
}

/* Also below it: an order's page stands under "Orders". */
static bool is_below(str path, str top)
{
    return str_eq(path, top) ||
        (str_starts(path, top) && path.p[top.n] == '/' && str_find(str_from(top, 1), S("/")) >= 0);
}

static struct node *menu_list(struct req *r, const struct who *who)
{
    struct node *list = node_list(r->c.mem);
    bool is_desk = r->route && is_for_staff(r->route->need);
    for (const struct menu *m = r->c.app->menu; m && m->label; m++) {
        if (!may(who, m->need))
            continue;
        struct node *map = node_add_map(r->c.mem, list);
        node_set_str(r->c.mem, map, S("label"), say(&r->c, m->label));
        node_set_str(r->c.mem, map, S("path"), str_of(m->path));
        node_set_bool(r->c.mem, map, S("current"),
            is_below(r->path, str_of(m->path)) || (m->also && is_below(r->path, str_of(m->also))));
        node_set_int(r->c.mem, map, S("count"), is_desk && m->count ? m->count(r) : 0);
    }
    return list;
}

/* A page that is kept is everybody's: it may not know who asked first. */
static bool is_for_all(const struct req *r)
{
    return r->route && (r->route->flags & CACHED);
}

static void add_page_keys(struct req *r, struct node *doc)
{
    static const struct who nobody = { 0 };
    const struct who *who = is_for_all(r) ? &nobody : &r->who;
    str path = path_escaped(r), here = lang_path(r, r->c.lang, path);
    put_str(r, doc, "lang", r->c.lang);
    put_str(r, doc, "prefix", lang_prefix(r));
    put(r, doc, "languages", languages(r));
    put_str(r, doc, "currency", r->c.currency);
    put(r, doc, "currencies", currencies(r));
    put_str(r, doc, "path", path);
    put_str(r, doc, "uri", str_fmt(r->c.mem, "%.*s%.*s", STR(here), STR(query_suffix(r))));
    put_str(r, doc, "shop_name", conf_str(r->c.app->conf, "shop_name", S("Talat Market")));
    EACH(item, r->c.app->house)
        if (!node_get(doc, item->key))
            node_hide(node_set(r->c.mem, doc, item->key, (struct node *)&item->node));
    put(r, doc, "shelves", node_list(r->c.mem)); /* unless hooks.page has brought them */
    put_str(r, doc, "base_url", r->c.app->base_url);
    if (who->zone.n && r->route && is_for_staff(r->route->need))
        put_str(r, doc, "zone", who->zone); /* pages for buyers have talat.conf's */
    put_str(r, doc, "canonical", url_abs(r, here));
    put(r, doc, "alternates", alternates(r));
    put_str(r, doc, "now", when_rfc3339(r->c.mem, r->c.now));
    put_str(r, doc, "request_id", is_for_all(r) ? str_none : r->c.id);
    put_bool(r, doc, "is_guest", r->kind != KIND_SSI);
    put_bool(r, doc, "noindex", !r->route || (r->route->flags & NOINDEX));
    put_bool(r, doc, "dev", !r->c.app->production);
    put_bool(r, doc, "demo", r->c.app->demo);
    put(r, doc, "me", me_map(r, who));
    put(r, doc, "may", who == &nobody ? r->c.app->may_nobody : may_map(r->c.mem, who));
    put(r, doc, "menu", menu_list(r, who));
}

/* ---- rendering ---------------------------------------------------------------------------------
 */

static int json_end(struct req *r)
{
    if (r->out->body.full)
        return fail_detail(&r->c, E_INTERNAL, "reply.size", "the document is too large");
    return E_OK;
}

static void reply_json(struct req *r, int status, const struct node *doc)
{
    answer_begin(r, status, S("application/json; charset=utf-8"));
    tags_begin(r);
    json_write(&r->out->body, doc);
}

/* What the view's shape promises, and nothing else. A document that breaks the promise is a
 * fault where somebody looks; a merchant's shop rather answers with what there is. */
static int reply_shape(struct req *r, int status, const char *view, const struct node *doc)
{
    str wrong;
    const struct shape *shape = view ? shape_find(r->c.app->shapes, str_of(view)) : NULL;
    if (!shape) {
        reply_json(r, status, doc);
        return json_end(r);
    }
    answer_begin(r, status, S("application/json; charset=utf-8"));
    tags_begin(r);
    if (!shape_write(&r->out->body, shape, doc, &wrong) && !r->c.app->production)
        return fail_detail(
            &r->c, E_INTERNAL, "reply.shape", "%s.shape promises %.*s", view, STR(wrong));
    return json_end(r);
}

static int render(struct req *r, int status, const char *view, struct node *doc)
{
    answer_begin(r, status, S("text/html; charset=utf-8"));
    tags_begin(r);
    add_page_keys(r, doc);
    TRY(template_render(&r->c, r->c.app->templates, str_of(view), doc, &r->out->body));
    if (r->out->body.full)
        return fail_detail(&r->c, E_INTERNAL, "reply.size", "%s: the page is too large", view);
    return E_OK;
}

int reply_view(struct req *r, int status, const char *view, struct node *doc)
{
    if (r->format == JSON || !view || !templates_has(r->c.app->templates, str_of(view)))
        return reply_shape(r, status, view, doc);
    if (r->c.app->hooks.page)
        TRY(r->c.app->hooks.page(r, doc));
    return render(r, status, view, doc);
}

int reply_with(struct req *r, struct node *doc) { return reply_view(r, 200, r->route->view, doc); }

int reply(struct req *r, const char *key, struct node *value)
{
    struct node *doc = node_map(r->c.mem);
    node_set(r->c.mem, doc, str_of(key), value);
    return reply_with(r, doc);
}

int reply_page(struct req *r, page_fn *page)
{
    struct node *document;
    TRY(page(r, &document));
    return reply_with(r, document);
}

int reply_raw(struct req *r, int status, str type, str body)
{
    answer_begin(r, status, type);
    buf_add(&r->out->body, body);
    return r->out->body.full
        ? fail_detail(&r->c, E_INTERNAL, "reply.size", "an answer of %zu bytes", body.n)
        : E_OK;
}

int reply_buf(struct req *r, int status, str type, const struct buf *body)
{
    answer_begin(r, status, type);
    r->out->body = *body;
    return json_end(r);
}

/* ---- elsewhere
 * ----------------------------------------------------------------------------------- */

void answer_redirect(struct req *r, int status, str location)
{
    answer_begin(r, status, S("text/html; charset=utf-8"));
    set_header(r, "Location", location);
}

static int go(struct req *r, str location)
{
    if (r->format != JSON || r->method == GET) {
        answer_redirect(r, 303, location);
        return E_OK;
    }
    struct node *doc = node_map(r->c.mem);
    node_set_str(r->c.mem, doc, S("location"), location);
    reply_json(r, 200, doc);
    return E_OK;
}

/* A browser that does not say where it comes from brings the word along, for as long as it needs to
 * follow: a link from elsewhere has it not. */
static void note_done(struct req *r, str path)
{
    i64 at = str_find(path, S("done="));
    str rest = at < 0 ? str_none : str_from(path, (size_t)at + 5), done;
    if (r->method != GET && !in_header(r, "sec-fetch-site").n && rest.n && str_cut(&rest, '&', &done))
        set_cookie(r, COOKIE_DONE, done, 60, false);
}

int see_other(struct req *r, str path)
{
    if (!path_is_ours(path))
        path = S("/");
    note_done(r, path);
    if (!has_lang_prefix(path))
        path = lang_path(r, r->c.lang, path);
    return go(r, path);
}

int see_other_and(struct req *r, str path, const char *view, struct node *said)
{
    if (r->format != JSON)
        return see_other(r, path);
    if (!has_lang_prefix(path))
        path = lang_path(r, r->c.lang, path);
    node_set_str(r->c.mem, said, S("location"), path);
    return reply_view(r, 200, view, said);
}

static bool is_at(str url, str origin)
{
    return origin.n && str_starts(url, origin) &&
        (url.n == origin.n || url.p[origin.n] == '/' || url.p[origin.n] == '?');
}

/* "name issuer ...": nginx/render takes the issuer's origin from there, too. */
static bool is_at_issuer(str url, str line)
{
    str name, issuer = str_none, host;
    str_cut(&line, ' ', &name);
    str_cut(&line, ' ', &issuer);
    i64 at = str_find(issuer, S("://"));
    if (at < 0)
        return false;
    str rest = str_from(issuer, (size_t)at + 3);
    str_cut(&rest, '/', &host);
    return is_at(url, str_upto(issuer, (size_t)at + 3 + host.n));
}

/* The page's CSP lets forms lead to these origins alone; neither do we. */
static bool is_known_origin(struct req *r, str url)
{
    const struct conf *conf = r->c.app->conf;
    str rest = conf_str(conf, "payment_origins", str_none), origin;
    while (rest.n && str_cut(&rest, ' ', &origin))
        if (is_at(url, origin))
            return true;
    return is_at_issuer(url, conf_str(conf, "oidc_1", str_none)) ||
        is_at_issuer(url, conf_str(conf, "oidc_2", str_none)) ||
        is_at_issuer(url, conf_str(conf, "oidc_3", str_none));
}

int see_outside(struct req *r, str url)
{
    if (!is_known_origin(r, url))
        return fail_detail(&r->c, E_INTERNAL, "reply.outside",
            "a redirect to an origin that is not in payment_origins");
    return go(r, url);
}

int accel(struct req *r, str internal_path)
{
    answer_begin(r, 200, str_none);
    set_header(r, "X-Accel-Redirect", internal_path);
    return E_OK;
}

/* ---- what went wrong
 * ------------------------------------------------------------------------------ */

static str error_text(struct req *r, int err)
{
    const struct fault *f = &r->c.fault;
    return f->text.n ? say(&r->c, str_c(r->c.mem, f->text)) : say(&r->c, err_text((enum err)err));
}

static struct node *field_texts(struct req *r)
{
    struct node *said = node_map(r->c.mem);
    EACH(item, r->c.fault.fields)
        node_set_str(r->c.mem, said, item->key, say(&r->c, str_c(r->c.mem, item->node.as.text)));
    return said;
}

int again(struct req *r, int err, struct node *doc)
{
    int status = err_status((enum err)err);
    bool is_ours = status >= 500 && err != E_PROVIDER; /* where others are away, the page is not */
    if (is_ours || r->format == JSON || !r->route->view)
        return err;
    if (!doc)
        doc = node_map(r->c.mem);
    node_set(r->c.mem, doc, S("form"), r->raw);
    struct node *errors = node_set(r->c.mem, doc, S("errors"), field_texts(r));
    node_set_str(r->c.mem, errors, S("all"), error_text(r, err));
    struct fault kept = r->c.fault; /* for the log; hooks.page may have its own */
    int again_err = reply_view(r, status, r->route->view, doc);
    if (!again_err)
        r->c.fault = kept;
    return again_err;
}

int again_page(struct req *r, int err, page_fn *page)
{
    struct fault told = r->c.fault;
    struct node *document;
    fault_clear(&r->c);
    TRY(page(r, &document));
    r->c.fault = told;
    return again(r, err, document);
}

static void error_json(struct req *r, int err)
{
    struct node *doc = node_map(r->c.mem);
    struct fault fault = r->c.fault, *f = &fault;
    struct arena *mem = r->c.mem;
    /* A fault of ours that nobody was to read of: which, is for the log. */
    str code = err == E_INTERNAL       ? S("internal")
        : err == E_AWAY && f->detail.n ? S("busy")
        : f->key.n                     ? f->key
                                       : str_of(err_name((enum err)err));
    str text = err == E_INTERNAL       ? S("Internal server error")
        : str_is(f->key, "login")      ? S("Authentication required")
        : str_is(f->key, "token")      ? S("Invalid token")
        : str_is(f->key, "permission") ? S("Insufficient permissions")
                                       : error_text(r, err);
    node_set_str(mem, doc, S("error"), text);
    node_set_str(mem, doc, S("code"), code);
    node_set_str(mem, doc, S("request_id"), r->c.id);
    if (str_is(f->key, "permission") && r->route) { /* no other denial ends with a permission more */
        node_set_str(mem, doc, S("required"),
            r->required.n ? r->required : str_of(permission_name(r->route->need)));
        node_set_str(mem, doc, S("role"), str_of(role_name(r->who.role)));
    }
    if (f->fields && node_count(f->fields))
        node_set(mem, doc, S("fields"), field_texts(r));
    reply_shape(r, err_status((enum err)err), "error/error", doc);
    r->c.fault = fault; /* what happened, and not that its words are wrong */
}

str error_body(struct req *r, int err)
{
    error_json(r, err);
    return str_dup(r->c.mem, buf_str(&r->out->body));
}

/* When even the error page cannot be made. */
static void error_plain(struct req *r, int status, str text)
{
    answer_begin(r, status, S("text/html; charset=utf-8"));
    struct buf *out = &r->out->body;
    buf_add(out,
        S("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width\"><title>"));
    buf_int(out, status);
    buf_add(out, S("</title><h1>"));
    escape_html(out, text);
    buf_add(out, S("</h1><p><a href=\"/\">Talat</a></p><p><small>"));
    escape_html(out, r->c.id);
    buf_add(out, S("</small></p></html>\n"));
}

/* Who may not, may be somebody else as well: the way to log in as them, and back to here. */
static void add_other_login(struct req *r, int err, struct node *error)
{
    str here = path_here(r);
    struct node *login = node_set_null(r->c.mem, error, S("login")); /* nobody to leave */
    if (err != E_DENIED || !r->who.person || r->who.viewer)
        return;
    login = node_set_map(r->c.mem, error, S("login"));
    node_set_str(r->c.mem, login, S("email"), r->who.email);
    node_set_str(r->c.mem, login, S("next"), r->method == GET && here.n <= NEXT_KEPT ? here : S("/login"));
}

/* Which words of the address were wrong, and the page without them. */
static void add_wrong_words(struct req *r, int err, struct node *error)
{
    struct arena *mem = r->c.mem;
    struct node *list = node_set_list(mem, error, S("wrong"));
    bool is_asked = err == E_INPUT && r->method == GET && r->query.n && r->route;
    node_set_str(mem, error, S("bare"),
        is_asked ? lang_path(r, r->c.lang, path_escaped(r)) : str_none);
    node_set_str(mem, error, S("above"),
        err == E_METHOD && r->method == GET
            ? lang_path(r, r->c.lang, escaped(r, nearest_page(r)))
            : str_none);
    EACH(item, is_asked ? field_texts(r) : NULL) {
        struct node *one = node_add_map(mem, list);
        node_set_str(mem, one, S("name"), item->key);
        node_set_str(mem, one, S("what"), item->node.as.text);
    }
}

static void add_unsent(struct req *r, int err, struct node *error)
{
    struct node *form = unsent_form(r, err);
    if (!form) {
        node_set_null(r->c.mem, error, S("unsent"));
        return;
    }
    str path = lang_path(r, r->c.lang, escaped(r, r->path));
    node_set_str(r->c.mem, form, S("action"),
        str_fmt(r->c.mem, "%.*s%.*s", STR(path), STR(query_suffix(r))));
    node_set(r->c.mem, error, S("unsent"), form);
}

static bool error_page(struct req *r, int err, str text)
{
    struct arena *mem = r->c.mem;
    struct node *doc = node_map(mem), *error;
    if (!r->c.app->templates || !templates_has(r->c.app->templates, S("error/error")))
        return false;
    error = node_set_map(mem, doc, S("error"));
    node_set_int(mem, error, S("status"), err_status((enum err)err));
    node_set_str(mem, error, S("code"), str_of(err_name((enum err)err)));
    node_set_str(mem, error, S("text"), text);
    node_set_str(mem, error, S("request_id"), r->c.id);
    node_set(mem, error, S("fields"), field_texts(r));
    add_other_login(r, err, error);
    add_wrong_words(r, err, error);
    add_unsent(r, err, error);
    node_set_bool(mem, error, S("is_desk"), str_starts(r->path, S("/admin")) && desk_path(r).n > 0);
    /* The shop's frame around it, unless what it is made of is what failed. */
    if (r->c.app->hooks.page && err != E_AWAY && r->c.app->hooks.page(r, doc))
        fault_clear(&r->c);
    return render(r, err_status((enum err)err), "error/error", doc) == E_OK;
}

void answer_error(struct req *r, int err)
{
    struct fault kept = r->c.fault;
    r->out->cache_s = 0;
    if (err == E_AWAY)
        set_header(r, "Retry-After", S("5"));
    if (err == E_LOGIN)
        set_header(r, "WWW-Authenticate",
            r->is_bearer ? S("Bearer error=\"invalid_token\"") : S("Bearer"));
    if (r->format == JSON) {
        error_json(r, err);
        return;
    }
    str text = error_text(r, err);
    if (!error_page(r, err, text))
        error_plain(r, err_status((enum err)err), text);
    r->c.fault = kept;
}
