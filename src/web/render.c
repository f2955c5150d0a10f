/* render: the lambdas of the shop's templates, and views for those who are no request.
 *
 *   {{#t}}Add to cart{{/t}}                    the message in the person's language; {holes} and
 *                                              {n, plural, ...} are filled from the document
 *   {{#money}}price_minor currency{{/money}}   the currency may be written out: THB
 *   {{#number}}n{{/number}}
 *   {{#date}}placed_at{{/date}} {{#datetime}}placed_at{{/datetime}}
 *                                              in the zone that the document's `zone` names
 *   {{#instant}}placed_at{{/instant}}          for <time datetime>, which takes no microseconds
 *   {{#asset}}css/shop.css{{/asset}}           the file's hashed path; {holes} too
 *   {{#url}}/products/{slug}{{/url}}           with the language's prefix, holes encoded
 *   {{#link}}next.url{{/link}}                 a path of ours that stands in the document, with
 *                                              the language's prefix
 *   {{#srcset}}picture.srcset{{/srcset}}       a picture's sizes, as media wrote them
 *   {{#lang_url}}th{{/lang_url}}               this page in another language; needs `path`
 *   {{#json}}lines{{/json}}                    a value as JSON, for a data- attribute
 *
 * What is null gives nothing. */
#include "web/messages_in.h"
#include "web/mustache_in.h"

enum { URL_CEILING = 8 << 10, JSON_CEILING = 1 << 20 };

static const struct node *find_in_call(const void *call, str name) { return call_find(call, name); }

static struct conf *conf_of(const struct ctx *c) { return c->app ? c->app->conf : NULL; }

static str setting(const struct ctx *c, const char *key, str otherwise)
{
    return conf_of(c) ? conf_str(conf_of(c), key, otherwise) : otherwise;
}

static int bad_value(struct call *call, const char *what)
{
    return fail_detail(call->c, E_INTERNAL, "template", "%.*s: %s", STR(call->text), what);
}

static bool is_nothing(const struct node *n) { return !n || n->kind == N_NULL; }

/* ---- words and figures ---------------------------------------------------------------- */

static int run_t(struct call *call, str *out)
{
    struct ctx *c = call->c;
    str message = message_in(c->app ? c->app->messages : NULL, c->lang, call->text);
    return message_fill(c, message, find_in_call, call, out);
}

static int run_money(struct call *call, str *out)
{
    const struct node *minor = call->args[0], *currency = call->n > 1 ? call->args[1] : NULL;
    str code = call->n > 1 ? call->words[1] : call->c->currency;
    if (is_nothing(minor))
        return E_OK;
    if (currency && currency->kind == N_STR)
        code = currency->as.text;
    if (minor->kind != N_INT || !money_is_currency(code))
        return bad_value(call, "an amount in minor units and a currency are wanted");
    *out = locale_money(call->c, minor->as.number, code);
    return E_OK;
}

static int run_number(struct call *call, str *out)
{
    const struct node *n = call->args[0];
    if (is_nothing(n))
        return E_OK;
    if (n->kind != N_INT)
        return bad_value(call, "a whole number is wanted");
    *out = locale_number(call->c, n->as.number);
    return E_OK;
}

static int write_date(struct call *call, bool with_time, str *out)
{
    const struct node *at = call->args[0], *in = call_find(call, S("zone"));
    str zone = in && in->kind == N_STR ? in->as.text : setting(call->c, "zone", S("Asia/Bangkok"));
    when instant;
    if (is_nothing(at))
        return E_OK;
    str text = at->kind == N_STR ? at->as.text : str_none;
    if (text.n == 10) { /* a day, the same in every zone */
        text = str_fmt(call->c->mem, "%.*sT00:00:00Z", STR(text));
        zone = S("UTC");
    }
    if (!when_parse(text, &instant))
        return bad_value(call, "an instant in RFC 3339 is wanted");
    *out = locale_date(call->c, instant, zone, with_time);
    return E_OK;
}

static int run_date(struct call *call, str *out) { return write_date(call, false, out); }
static int run_datetime(struct call *call, str *out) { return write_date(call, true, out); }

static int run_instant(struct call *call, str *out)
{
    const struct node *at = call->args[0];
    when instant;
    if (is_nothing(at))
        return E_OK;
    if (at->kind != N_STR || !when_parse(at->as.text, &instant))
        return bad_value(call, "an instant in RFC 3339 is wanted");
    *out = str_fmt(call->c->mem, "%.*sZ", 19, when_rfc3339(call->c->mem, instant).p);
    return E_OK;
}

static int run_json(struct call *call, str *out)
{
    struct buf json = buf_new(call->c->mem, JSON_CEILING);
    static const struct node null = { .kind = N_NULL };
    json_write(&json, call->args[0] ? call->args[0] : &null);
    if (json.full)
        return bad_value(call, "this is too large for an attribute");
    *out = buf_str(&json);
    return E_OK;
}

/* ---- addresses ------------------------------------------------------------------------ */

static const char *check_path(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || strchr("\"'<>\\`", text.p[i]))
            return "an address has no spaces, quotes or brackets in it";
    return text.n ? message_check(text) : "there is no address";
}

static const char *check_url(str text)
{
    if (!str_starts(text, S("/")) || str_starts(text, S("//")))
        return "a path of this shop begins with one /";
    return check_path(text);
}

/* Fills {holes}; `encoded`: as parts of an address. */
static int fill_path(struct call *call, bool encoded, struct buf *out)
{
    str rest = call->text, piece;
    while (rest.n) {
        const char *open = memchr(rest.p, '{', rest.n);
        piece = str_upto(rest, open ? (size_t)(open - rest.p) : rest.n);
        buf_add(out, piece);
        rest = str_from(rest, piece.n);
        if (!open)
            break;
        i64 end = str_find(rest, S("}"));
        str name = end < 0 ? str_none : (str){ rest.p + 1, (size_t)end - 1 };
        const struct node *n = call_find(call, name);
        str value = str_none;
        if (n && n->kind == N_STR)
            value = n->as.text;
        else if (n && n->kind == N_INT)
            value = str_fmt(call->c->mem, "%" PRId64, n->as.number);
        if (!value.n || end < 0)
            return bad_value(call, "a hole of this address has nothing to fill it");
        if (encoded)
            escape_url_part(out, value);
        else
            buf_add(out, value);
        rest = str_from(rest, (size_t)end + 1);
    }
    return out->full ? bad_value(call, "this address is too long") : E_OK;
}

static void add_prefix(const struct ctx *c, str lang, struct buf *out)
{
    if (str_eq(lang, c->app ? c->app->language : S("en")))
        return;
    buf_char(out, '/');
    buf_add(out, lang);
}

static int run_url(struct call *call, str *out)
{
    struct buf url = buf_new(call->c->mem, URL_CEILING);
    add_prefix(call->c, call->c->lang, &url);
    if (!str_is(call->text, "/") || !url.n)
        TRY(fill_path(call, true, &url));
    *out = buf_str(&url);
    return E_OK;
}

/* "/products?sort=name" of a document: encoded already where it was made. */
static int run_link(struct call *call, str *out)
{
    const struct node *path = call->args[0];
    struct buf url = buf_new(call->c->mem, URL_CEILING);
    if (is_nothing(path))
        return E_OK;
    if (path->kind != N_STR || !path_is_ours(path->as.text))
        return bad_value(call, "a path of this shop is wanted");
    add_prefix(call->c, call->c->lang, &url);
    if (!str_is(path->as.text, "/") || !url.n)
        buf_add(&url, path->as.text);
    *out = buf_str(&url);
    return E_OK;
}

/* "/media/0f-200.webp 200w, /media/0f-400.webp 400w": nothing else may stand in it. */
static int run_srcset(struct call *call, str *out)
{
    const struct node *set = call->args[0];
    if (is_nothing(set))
        return E_OK;
    str text = set->kind == N_STR ? set->as.text : str_none;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char ch = (unsigned char)text.p[i], low = ch | 0x20;
        bool fine = (unsigned char)(low - 'a') < 26 || (unsigned char)(ch - ',') < 14 /* ,-./0-9 */
            || ch == ' ' || ch == '_';
        if (!fine)
            text = str_none;
    }
    if (!str_starts(text, S("/")) || str_starts(text, S("//")))
        return bad_value(call, "a picture's sizes are wanted");
    *out = text;
    return E_OK;
}

static int run_lang_url(struct call *call, str *out)
{
    const struct node *path = call_find(call, S("path"));
    struct buf url = buf_new(call->c->mem, URL_CEILING);
    if (!path || path->kind != N_STR)
        return bad_value(call, "the document has no path");
    add_prefix(call->c, call->text, &url);
    if (!str_is(path->as.text, "/") || !url.n)
        buf_add(&url, path->as.text);
    *out = buf_str(&url);
    return E_OK;
}

static const char *check_language(str text)
{
    return text.n == 2 ? NULL : "a language's code of two letters is wanted";
}

static int run_asset(struct call *call, str *out)
{
    struct buf logical = buf_new(call->c->mem, URL_CEILING);
    TRY(fill_path(call, false, &logical));
    *out = asset_path(call->c->app, call->c->mem, buf_str(&logical));
    return E_OK;
}

const struct lambda shop_lambdas[] = {
    { "t", TAKES_TEXT, 0, 0, run_t, message_check, GIVES_TEXT },
    { "money", TAKES_NAMES, 1, 2, run_money, NULL, GIVES_TEXT },
    { "number", TAKES_NAMES, 1, 1, run_number, NULL, GIVES_TEXT },
    { "date", TAKES_NAMES, 1, 1, run_date, NULL, GIVES_TEXT },
    { "datetime", TAKES_NAMES, 1, 1, run_datetime, NULL, GIVES_TEXT },
    { "asset", TAKES_TEXT, 0, 0, run_asset, check_path, GIVES_URL },
    { "url", TAKES_TEXT, 0, 0, run_url, check_url, GIVES_URL },
    { "link", TAKES_NAMES, 1, 1, run_link, NULL, GIVES_URL },
    { "srcset", TAKES_NAMES, 1, 1, run_srcset, NULL, GIVES_URL },
    { "lang_url", TAKES_TEXT, 0, 0, run_lang_url, check_language, GIVES_URL },
    { "instant", TAKES_NAMES, 1, 1, run_instant, NULL, GIVES_TEXT },
    { "json", TAKES_NAMES, 1, 1, run_json, NULL, GIVES_JSON },
    { 0 },
};

/* ---- the shop's set ------------------------------------------------------------------- */

struct templates *templates_load(struct arena *mem, str dir, bool strict, struct buf *errors)
{
    struct template_rules rules = { .html = true, .strict = strict, .lambdas = shop_lambdas };
    struct templates *set = templates_new(mem, &rules, errors);
    templates_add_dir(set, dir);
    return templates_ready(set) ? set : NULL;
}

static void offer(struct ctx *c, struct node *document, const char *key, str value)
{
    if (!node_get(document, str_of(key)))
        node_hide(node_set_str(c->mem, document, str_of(key), value));
}

int render_view(struct ctx *c, const char *view, struct node *document, str *out)
{
    struct buf text = buf_new(c->mem, PAGE_CEILING);
    struct buf prefix = buf_new(c->mem, 16);
    add_prefix(c, c->lang, &prefix);
    offer(c, document, "lang", c->lang);
    offer(c, document, "currency", c->currency);
    offer(c, document, "prefix", buf_str(&prefix));
    offer(c, document, "base_url", c->app->base_url);
    offer(c, document, "shop_name", setting(c, "shop_name", S("Talat Market")));
    TRY(template_render(c, c->app->templates, str_of(view), document, &text));
    *out = buf_str(&text);
    return E_OK;
}
