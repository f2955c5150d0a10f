/* request.c: the tests' browser. It calls web_handle with what nginx would have sent, keeps the
 * cookies, and looks at the answer. */
#include "t/t.h"
#include "io/pg_in.h"
#include "web/web.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXTRAS = 16 };

static struct {
    struct arena *mem; /* the test's own; another one: all of this is from an earlier test */
    struct app *app;
    struct pg *pg;
    struct redis *redis;
    struct node *cookies;
    str names[EXTRAS], values[EXTRAS];
    size_t n_extras;
    bool no_token, forced, own_house;
    struct who who;
    int (*real_who)(struct req *, str);
    struct answer answer;
    struct node *document;
    bool answered;
} b;

/* ---- opening ---------------------------------------------------------------------------------- */

static int who_hook(struct req *r, str session)
{
    if (b.forced) {
        r->who = b.who;
        return E_OK;
    }
    return b.real_who ? b.real_who(r, session) : E_OK;
}

/* One connection for all tests, to each of them as good as new: what a new one must first learn of
 * the catalogue takes longer than most tests do. */
static struct {
    PGconn *conn;
    char *conninfo;
} kept;

static bool takes(const char *sql)
{
    PGresult *res = PQexec(kept.conn, sql);
    bool ok = PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK;
    PQclear(res);
    return ok;
}

/* What it wrote is told to the server's statistics at once: the next test has not written it. */
static void keep(struct pg *pg)
{
    if (!pg->conn || pg->n_sent || !PQexitPipelineMode(pg->conn) ||
        PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        return;
    PQfinish(kept.conn);
    free(kept.conninfo);
    kept.conn = pg->conn;
    kept.conninfo = strdup(pg->conninfo);
    pg->conn = NULL;
    if (takes("select pg_stat_force_next_flush()") && takes("discard all"))
        return;
    PQfinish(kept.conn);
    kept.conn = NULL;
}

static void take_kept(struct pg *pg)
{
    if (!kept.conn || strcmp(kept.conninfo, pg->conninfo) || !PQenterPipelineMode(kept.conn))
        return;
    pg->conn = kept.conn;
    kept.conn = NULL;
}

static void roll_back(void *unused)
{
    (void)unused;
    pg_unshelter(t_ctx());
    keep(b.pg);
    pg_close(b.pg);
    redis_close(b.redis);
}

static void take_app(struct app *app)
{
    struct ctx *c = t_ctx();
    app->fixed_now = c->now;
    b.app = app;
    b.real_who = app->hooks.who;
    app->hooks.who = who_hook;
    struct arena *life = arena_new((size_t)16 << 20); /* a job's end rewinds the test's own */
    DEFER(c->mem, arena_drop, life);
    b.pg = app_pg(app, life);
    b.redis = app_redis(app, life);
    b.cookies = node_map(c->mem);
    c->app = app;
    c->pg = b.pg;
    c->redis = b.redis;
}

/* The next test's arena may stand where this one's stood. */
static void end(void *unused)
{
    (void)unused;
    memset(&b, 0, sizeof b);
}

static void begin(void)
{
    if (b.mem)
        return;
    b.mem = t_ctx()->mem;
    DEFER(b.mem, end, NULL);
}

static void open_shop(void)
{
    const char *conf = getenv("TALAT_CONF");
    begin();
    if (b.app)
        return;
    if (!conf)
        t_leave("needs a shop: TALAT_CONF (./dev check gives one)");
    struct app *app = app_open(b.mem, conf);
    if (!app)
        ck_abort_msg("the shop of %s does not open", conf);
    take_app(app);
    take_kept(b.pg);
    if (!pg_is_up(b.pg))
        t_leave("needs the database of %s", conf);
    if (pg_shelter(t_ctx()))
        ck_abort_msg("no transaction around the test");
    DEFER(b.mem, roll_back, NULL);
    t_at_end(t_prove_written);
}

void t_open(void) { open_shop(); }

static void remove_house(void *dir)
{
    str command = str_fmt(t_ctx()->mem, "rm -rf '%s'", (const char *)dir);
    if (system(command.p)) /* the folder mkdtemp made */
        fprintf(stderr, "# %s stays\n", (const char *)dir);
}

static void write_file(const char *path, str text)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text.p, 1, text.n, file) != text.n || fclose(file))
        ck_abort_msg("cannot write %s", path);
}

/* "page" is page.mustache; a shape is called by its whole name, and so is ops/operations. */
static void write_template(const char *dir, const char *name, const char *text)
{
    bool whole = str_ends(str_of(name), S(".shape")) || !strcmp(name, "ops/operations");
    str path = str_fmt(b.mem, "%s/%s%s", dir, name, whole ? "" : ".mustache");
    char *below = (char *)(uintptr_t)path.p;
    for (char *at = below + strlen(dir) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(below, 0700);
    }
    write_file(path.p, str_of(text));
}

/* What the test says itself, and the rest. */
static str house_conf(const char *dir, const char *said)
{
    static const struct {
        const char *key, *value;
    } rest[] = { { "mode", "test" }, { "base_url", "https://shop.example.test" },
        { "secret", "a-secret-of-thirty-two-characters!!" }, { "run_dir", "%s" },
        { "share_dir", "%s" }, { "pg", "host=%s" }, { "redis", "%s/none" } };
    struct buf out = buf_new(b.mem, 10000);
    buf_add(&out, str_of(said));
    for (size_t i = 0; i < COUNT(rest); i++) {
        str key = str_fmt(b.mem, "%s =", rest[i].key), value = str_of(rest[i].value);
        i64 at = str_find(value, S("%s"));
        if (str_find(str_of(said), key) >= 0)
            continue;
        buf_fmt(&out, "%s ", key.p);
        buf_add(&out, at < 0 ? value : str_upto(value, (size_t)at));
        buf_fmt(&out, "%s", at < 0 ? "" : dir);
        buf_add(&out, at < 0 ? str_none : str_from(value, (size_t)at + 2));
        buf_char(&out, '\n');
    }
    return buf_str(&out);
}

void t_house(const struct house *house, const char *const *templates, const char *conf)
{
    begin();
    struct arena *mem = b.mem;
    char *dir = (char *)(uintptr_t)str_dup(mem, S("/tmp/talat-house-XXXXXX")).p;
    if (!mkdtemp(dir))
        ck_abort_msg("no folder for a house");
    DEFER(mem, remove_house, dir);
    str pages = str_fmt(mem, "%s/templates", dir), lang = str_fmt(mem, "%s/lang", pages.p);
    mkdir(pages.p, 0700);
    mkdir(lang.p, 0700);
    for (size_t i = 0; templates && templates[i]; i += 2)
        write_template(pages.p, templates[i], templates[i + 1]);
    str path = str_fmt(mem, "%s/talat.conf", dir);
    write_file(path.p, house_conf(dir, conf ? conf : ""));
    struct app *app = app_open_house(mem, path.p, house);
    if (!app)
        ck_abort_msg("the house does not open");
    take_app(app);
    b.own_house = true;
}

void t_redis(bool here)
{
    open_shop();
    b.redis = here ? t_ctx()->redis : redis_new(b.mem, S("/nowhere/redis.sock"));
}

void t_clock(when now)
{
    open_shop();
    b.app->fixed_now = t_ctx()->now = now;
}

/* ---- the browser --------------------------------------------------------------------------------- */

void t_with(const char *header, const char *value)
{
    open_shop();
    ck_assert_int_lt(b.n_extras, EXTRAS);
    char *name = (char *)(uintptr_t)str_fmt(b.mem, "HTTP_%s", header).p;
    for (char *at = name; *at; at++)
        *at = *at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? (char)(*at - 32) : *at;
    bool nginxs = strcmp(name, "HTTP_REMOTE_ADDR") == 0 || strncmp(name, "HTTP_PAGE_", 10) == 0;
    b.names[b.n_extras] = str_of(nginxs ? name + 5 : name);
    b.values[b.n_extras++] = str_dup(b.mem, str_of(value));
}

const char *t_new_address(void)
{
    unsigned char n[4];
    crypto_start();
    crypto_random(n, sizeof n);
    return str_fmt(t_ctx()->mem, "2001:db8:%x%02x:%x%02x::1", n[0], n[1], n[2], n[3]).p;
}

void t_without_token(void)
{
    open_shop();
    b.no_token = true;
}

void t_cookie_set(const char *name, const char *value)
{
    open_shop();
    node_set_str(b.mem, b.cookies, str_dup(b.mem, str_of(name)),
        str_dup(b.mem, str_of(value)));
}

str t_cookie(const char *name)
{
    open_shop();
    return node_str(b.cookies, name);
}

void t_browser(void)
{
    open_shop();
    b.cookies = node_map(b.mem);
    b.forced = false;
}

void t_as(const struct who *who)
{
    open_shop();
    b.forced = who != NULL;
    if (!who)
        return;
    b.who = *who;
    if (!b.who.allowed && b.who.person) /* unless the test narrows it */
        b.who.allowed = permissions_of(who->role, who->member);
}

static str cookie_header(void)
{
    struct buf out = buf_new(b.mem, 32 << 10);
    EACH(item, b.cookies)
        if (item->node.as.text.n)
            buf_fmt(&out, "%s%.*s=%.*s", out.n ? "; " : "", STR(item->key),
                STR(item->node.as.text));
    return buf_str(&out);
}

static void keep_cookie(str line)
{
    i64 equals = str_find(line, S("=")), end = str_find(line, S(";"));
    if (equals < 1)
        return;
    str name = str_upto(line, (size_t)equals);
    str value = str_from(end < 0 ? line : str_upto(line, (size_t)end), (size_t)equals + 1);
    if (str_find(line, S("Max-Age=0")) >= 0)
        value = str_none;
    node_set_str(b.mem, b.cookies, str_dup(b.mem, name), str_dup(b.mem, value));
}

static void keep_answer(void)
{
    b.answered = true;
    b.document = NULL;
    b.n_extras = 0;
    b.no_token = false;
    EACH(item, b.answer.headers)
        if (str_is(node_str(&item->node, "name"), "Set-Cookie"))
            keep_cookie(node_str(&item->node, "value"));
}

static void send_request(const char *method, const char *path, const char *type, str body)
{
    str names[EXTRAS + 10], values[EXTRAS + 10];
    size_t n = 0;
#define PUT_PARAM(name, value) (names[n] = S(name), values[n++] = (value))
    PUT_PARAM("REQUEST_METHOD", str_of(method));
    PUT_PARAM("REQUEST_URI", str_dup(b.mem, str_of(path)));
    PUT_PARAM("CONTENT_TYPE", str_of(type));
    PUT_PARAM("REMOTE_ADDR", S("192.0.2.7"));
    PUT_PARAM("HTTP_HOST", S("shop.example.test"));
    PUT_PARAM("HTTP_COOKIE", cookie_header());
    str token = node_str(b.cookies, COOKIE_CSRF);
    if (!b.no_token && token.n && strcmp(method, "GET") != 0)
        PUT_PARAM("HTTP_X_CSRF_TOKEN", token);
#undef PUT_PARAM
    for (size_t i = 0; i < b.n_extras; i++) { /* later ones win where a name comes twice */
        size_t at = 0;
        while (at < n && !str_eq(names[at], b.names[i]))
            at++;
        names[at] = b.names[i];
        values[at] = b.values[i];
        n = at == n ? n + 1 : n;
    }
    struct cgi cgi = { names, values, n, body, (i64)body.n };
    web_handle(b.app, b.pg, b.redis, b.mem, &cgi, &b.answer);
    if (b.answer.misfit.n && !b.own_house) /* whatever the test asks for, and be it a 500 */
        ck_abort_msg("an answer that /api/openapi.json does not describe: %.*s",
            STR(b.answer.misfit));
    keep_answer();
}

void t_send(const char *method, const char *path, const char *type, str body)
{
    open_shop();
    send_request(method, path, type, str_dup(b.mem, body));
}

void t_get(const char *path) { t_send("GET", path, NULL, str_none); }

void t_post(const char *path, const char *form)
{
    t_send("POST", path, "application/x-www-form-urlencoded", str_of(form));
}

void t_post_json(const char *path, const char *json)
{
    t_with("Accept", "application/json");
    t_send("POST", path, "application/json", str_of(json));
}

void t_login(const char *email)
{
    open_shop();
    if (b.own_house) {
        bool admin = strncmp(email, "admin", 5) == 0;
        t_as(&(struct who){ .person = admin ? 2 : 1, .role = admin ? ADMIN : USER,
            .name = str_of(email), .email = str_of(email), .session = S("session") });
        return;
    }
    struct buf form = buf_new(b.mem, 1000);
    buf_add(&form, S("email="));
    escape_url_part(&form, str_of(email));
    buf_add(&form, S("&password=market-day-demo"));
    t_post("/login", str_c(b.mem, buf_str(&form)));
    if (b.answer.status != 303)
        ck_abort_msg("login of %s: status %d\n%.*s", email, b.answer.status,
            STR(str_upto(t_body(), 2000)));
}

/* ---- the answer ------------------------------------------------------------------------------------ */

static void must_have_answer(void)
{
    begin();
    if (!b.answered)
        ck_abort_msg("nothing was asked yet");
}

str t_misfit(void) { return b.answer.misfit; }

int t_last_status(void)
{
    must_have_answer();
    return b.answer.status;
}

str t_body(void)
{
    must_have_answer();
    return buf_str(&b.answer.body);
}

str t_header_of(const char *name)
{
    struct buf out = buf_new(b.mem, 64 << 10);
    str lower = str_lower(b.mem, str_of(name));
    must_have_answer();
    EACH(item, b.answer.headers) {
        str value = node_str(&item->node, "value");
        if (str_eq(str_lower(b.mem, node_str(&item->node, "name")), lower))
            buf_fmt(&out, "%s%.*s", out.n ? "\n" : "", STR(value));
    }
    return buf_str(&out);
}

size_t t_headers_length(void)
{
    size_t n = 0;
    must_have_answer();
    EACH(item, b.answer.headers)
        n += node_str(&item->node, "name").n + node_str(&item->node, "value").n;
    return n;
}

void t_status_(const char *file, int line, int want)
{
    must_have_answer();
    if (b.answer.status != want)
        _ck_assert_failed(file, line, "status", "the status is %d, not %d\n%.*s",
            b.answer.status, want, STR(str_upto(t_body(), 2000)));
    mark_point();
}

void t_header_(const char *file, int line, const char *name, const char *want)
{
    t_eq_str(file, line, name, t_header_of(name), str_of(want));
}

void t_header_has_(const char *file, int line, const char *name, const char *part)
{
    t_has_text(file, line, name, t_header_of(name), str_of(part), true);
}

const struct node *t_document(void)
{
    must_have_answer();
    if (!b.document && json_read(t_ctx(), t_body(), &b.document))
        ck_abort_msg("the answer is not JSON: %.*s", STR(str_upto(t_body(), 1000)));
    return b.document;
}

static str as_text(const struct node *node)
{
    if (!node)
        return S("(nothing)");
    return node->kind == N_STR ? node->as.text : t_json_of(node);
}

void t_json_(const char *file, int line, const char *path, const char *want)
{
    t_eq_str(file, line, path, as_text(node_path(t_document(), str_of(path))), str_of(want));
}

/* ---- a selector against the tags ------------------------------------------------------------------------ */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == ':';
}

static str take_name(str *rest)
{
    size_t n = 0;
    while (n < rest->n && is_name_char(rest->p[n]))
        n++;
    str name = str_upto(*rest, n);
    *rest = str_from(*rest, n);
    return name;
}

/* The attribute's value within a start tag's text. */
static bool attribute(str tag, str name, str *value)
{
    str rest = tag;
    while (rest.n) {
        rest = str_trim(rest);
        str key = take_name(&rest);
        *value = str_none;
        if (!key.n) {
            rest = str_from(rest, 1);
            continue;
        }
        if (rest.n && rest.p[0] == '=') {
            char quote = rest.n > 1 ? rest.p[1] : ' ';
            bool quoted = quote == '"' || quote == '\'';
            rest = str_from(rest, quoted ? 2 : 1);
            str_cut(&rest, quoted ? quote : ' ', value);
        }
        if (str_eq(key, name))
            return true;
    }
    return false;
}

static bool has_class(str tag, str class)
{
    str classes, one;
    if (!attribute(tag, S("class"), &classes))
        return false;
    while (str_cut(&classes, ' ', &one))
        if (str_eq(one, class))
            return true;
    return false;
}

static bool matches_rest(str tag, str selector)
{
    str value, want, name;
    while (selector.n) {
        char kind = selector.p[0];
        selector = str_from(selector, 1);
        name = take_name(&selector);
        if (kind == '.') {
            if (!has_class(tag, name))
                return false;
        } else if (kind == '#') {
            if (!attribute(tag, S("id"), &value) || !str_eq(value, name))
                return false;
        } else if (kind == '[') {
            if (!attribute(tag, name, &value) || !str_cut(&selector, ']', &want))
                return false;
            want = str_starts(want, S("=")) ? str_from(want, 1) : str_none;
            if (want.n >= 2 && (want.p[0] == '\'' || want.p[0] == '"'))
                want = (str){ want.p + 1, want.n - 2 };
            if (want.n && !str_eq(value, want))
                return false;
        } else {
            ck_abort_msg("a selector the tests' browser does not know");
        }
    }
    return true;
}

static bool has_tag(str html, str selector)
{
    str name = take_name(&selector);
    while (html.n) {
        i64 at = str_find(html, S("<"));
        if (at < 0)
            return false;
        html = str_from(html, (size_t)at + 1);
        str tag = str_upto(html, (size_t)(str_find(html, S(">")) < 0 ? 0 : str_find(html, S(">"))));
        str called = take_name(&tag);
        if (called.n && (!name.n || str_eq(called, name)) && matches_rest(tag, selector))
            return true;
    }
    return false;
}

void t_html_(const char *file, int line, const char *selector, bool wanted)
{
    if (has_tag(t_body(), str_of(selector)) != wanted)
        _ck_assert_failed(file, line, selector, "the page %s %s; it is\n%.*s",
            wanted ? "lacks" : "must not have", selector, STR(str_upto(t_body(), 3000)));
    mark_point();
}
