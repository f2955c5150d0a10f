/* The provider's side of it: what it publishes, the code's exchange, and its word on who it is.
 * All of it goes through the guarded opener; what it publishes is kept an hour in Redis. */
#include "auth/oidc_in.h"

#define KEPT_S      3600
#define AGAIN_S     60 /* keys are asked for anew at most so often */
#define SKEW_S      60
#define MOST_ANSWER ((size_t)256 << 10)
#define GOOGLE      "https://accounts.google.com"

int oidc_refuse(struct ctx *c, const char *why)
{
    int err = fail(c, E_LOGIN, "oidc.refused",
        "That login could not be confirmed. Please try again from the start.");
    c->fault.detail = str_of(why);
    return err;
}

/* ---- talat.conf ------------------------------------------------------------------------------ */

static bool is_name(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= 40;
}

/* "google https://accounts.google.com CLIENT-ID SECRET Google" */
static bool read_line(const struct app *app, str line, struct oidc_provider *p)
{
    bool is_safe;
    *p = (struct oidc_provider){ 0 };
    if (!str_cut(&line, ' ', &p->name) || !str_cut(&line, ' ', &p->issuer) ||
        !str_cut(&line, ' ', &p->client) || !str_cut(&line, ' ', &p->secret))
        return false;
    p->label = str_trim(line);
    is_safe = str_starts(p->issuer, S("https://")) ||
        (str_starts(p->issuer, S("http://")) && (!app->production || app->staging));
    return is_name(p->name) && is_safe && !str_ends(p->issuer, S("/")) && p->client.n &&
        p->secret.n && p->label.n;
}

static void lines_of(const struct app *app, str lines[OIDC_MOST], str asks[OIDC_MOST])
{
    lines[0] = conf_str(app->conf, "oidc_1", str_none);
    lines[1] = conf_str(app->conf, "oidc_2", str_none);
    lines[2] = conf_str(app->conf, "oidc_3", str_none);
    asks[0] = conf_str(app->conf, "oidc_1_asks", str_none);
    asks[1] = conf_str(app->conf, "oidc_2_asks", str_none);
    asks[2] = conf_str(app->conf, "oidc_3_asks", str_none);
}

/* "acr=urn:x acr=urn:y amr=mfa max_age=600": the next of them. */
static bool next_ask(str *rest, str *name, str *value)
{
    while (rest->n && str_cut(rest, ' ', value))
        if (value->n) {
            str_cut(value, '=', name);
            return true;
        }
    return false;
}

static bool are_asks(str rest)
{
    str name, value;
    i64 s;
    while (next_ask(&rest, &name, &value)) {
        bool is_age = str_is(name, "max_age");
        if (!value.n || (!is_age && !str_is(name, "acr") && !str_is(name, "amr")) ||
            (is_age && (!str_int(value, &s) || s < 0)))
            return false;
    }
    return true;
}

size_t oidc_providers(struct ctx *c, struct oidc_provider out[OIDC_MOST])
{
    str lines[OIDC_MOST], asks[OIDC_MOST];
    size_t n = 0;
    lines_of(c->app, lines, asks);
    for (size_t i = 0; i < OIDC_MOST; i++)
        if (lines[i].n && read_line(c->app, lines[i], &out[n]))
            out[n++].asks = asks[i];
    return n;
}

bool oidc_named(struct ctx *c, str name, struct oidc_provider *out)
{
    struct oidc_provider all[OIDC_MOST];
    size_t n = oidc_providers(c, all);
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].name, name)) {
            *out = all[i];
            return true;
        }
    return false;
}

void oidc_check(const struct app *app, struct buf *errors)
{
    struct oidc_provider p;
    str lines[OIDC_MOST], asks[OIDC_MOST];
    lines_of(app, lines, asks);
    for (size_t i = 0; i < OIDC_MOST; i++) {
        if (!are_asks(asks[i]))
            buf_fmt(errors,
                "oidc_%zu_asks has words other than acr=..., amr=... and max_age=SECONDS\n", i + 1);
        if (lines[i].n && !read_line(app, lines[i], &p))
            buf_fmt(errors,
                "oidc_%zu is not a name (a-z 0-9 -), an https issuer without a slash at its end, a "
                "client's id, its secret and a label, blanks between\n",
                i + 1);
    }
}

static str back_to(struct ctx *c, const struct oidc_provider *p)
{
    return str_fmt(c->mem, "%.*s/login/with/%.*s/callback", STR(c->app->base_url), STR(p->name));
}

/* ---- what it publishes ----------------------------------------------------------------------- */

static int ask(struct ctx *c, const char *method, str url, const str *headers, size_t n, str body,
    struct http_answer *got)
{
    struct http_call call = { .method = method,
        .url = url,
        .body = body,
        .headers = headers,
        .n_headers = n,
        .ceiling = MOST_ANSWER,
        .total_us = 8 * SECOND,
        .flags = c->app->production && !c->app->staging ? 0 : HTTP_PRIVATE_OK };
    int err = http_call(c, &call, got);
    if (err || got->status >= 500)
        metric_add(c->app, "provider_errors_total", 1);
    TRY(err);
    return got->status >= 500 || got->status == 429
        ? fail_detail(c, E_PROVIDER, "oidc.away", "it answers %d", got->status)
        : E_OK;
}

static int read_map(struct ctx *c, str text, struct node **out)
{
    if (json_read(c, text, out) || (*out)->kind != N_MAP)
        return fail_detail(c, E_PROVIDER, "oidc.answer", "it does not speak JSON");
    return E_OK;
}

static int published(struct ctx *c, const char *what, str url, bool anew, struct node **out)
{
    static const str accept[] = { { "Accept: application/json", 24 } };
    struct http_answer got;
    str text = str_none,
        key = str_fmt(c->mem, "oidc:%s:%.*s", what, STR(crypto_sha256_hex(c->mem, url)));
    if (!anew && redis_get(c, key, &text) && text.n && !read_map(c, text, out))
        return E_OK;
    TRY(ask(c, "GET", url, accept, 1, str_none, &got));
    if (got.status != 200)
        return fail_detail(c, E_PROVIDER, "oidc.answer", "it answers %d", got.status);
    TRY(read_map(c, got.body, out));
    redis_set(c, key, got.body, KEPT_S);
    return E_OK;
}

static int metadata(struct ctx *c, const struct oidc_provider *p, bool anew, struct node **out)
{
    str url = str_fmt(c->mem, "%.*s/.well-known/openid-configuration", STR(p->issuer));
    TRY(published(c, "metadata", url, anew, out));
    if (!str_eq(node_str(*out, "issuer"), p->issuer))
        return fail_detail(c, E_PROVIDER, "oidc.answer", "it speaks for another issuer");
    return E_OK;
}

/* A key it has begun to use since is looked for once, and not for every token that makes one up. */
static bool may_look_again(struct ctx *c, const struct oidc_provider *p)
{
    bool added;
    str key = str_fmt(c->mem, "oidc:again:%.*s", STR(p->name));
    return !redis_add(c, key, S("1"), AGAIN_S, &added) || added;
}

static int read_token(struct ctx *c, const struct oidc_provider *p, const struct node *about,
    str token, struct node **claims)
{
    struct node *set;
    str url = node_str(about, "jwks_uri");
    TRY(published(c, "keys", url, false, &set));
    enum jwt_verdict verdict = jwt_read_by(c, token, node_get(set, S("keys")), claims);
    if (verdict == JWT_NO_KEY && may_look_again(c, p)) {
        TRY(published(c, "keys", url, true, &set));
        verdict = jwt_read_by(c, token, node_get(set, S("keys")), claims);
    }
    return verdict == JWT_GOOD ? E_OK
        : verdict == JWT_BAD   ? oidc_refuse(c, "an id token that it has not signed")
                               : oidc_refuse(c, "an id token by an unknown key");
}

/* ---- there ----------------------------------------------------------------------------------- */

static void add(struct buf *out, const char *name, str value)
{
    buf_fmt(out, "%s%s=", out->n ? "&" : "", name);
    escape_url_part(out, value);
}

/* Asked for here, and looked at when they are back: what is asked for need not be done. */
static void add_asks(struct ctx *c, struct buf *query, str rest)
{
    struct buf acrs = buf_new(c->mem, 2000);
    str name, value;
    while (next_ask(&rest, &name, &value)) {
        if (str_is(name, "acr"))
            buf_fmt(&acrs, "%s%.*s", acrs.n ? " " : "", STR(value));
        if (str_is(name, "max_age"))
            add(query, "max_age", value);
    }
    if (acrs.n)
        add(query, "acr_values", buf_str(&acrs));
}

int oidc_leave_for(
    struct ctx *c, const struct oidc_provider *p, const struct oidc_try *try, str *url)
{
    struct node *about;
    struct buf query = buf_new(c->mem, 8000);
    TRY(metadata(c, p, false, &about));
    str to = node_str(about, "authorization_endpoint");
    add(&query, "response_type", S("code"));
    add(&query, "client_id", p->client);
    add(&query, "redirect_uri", back_to(c, p));
    add(&query, "scope", S("openid email profile"));
    add(&query, "state", try->state);
    add(&query, "nonce", try->nonce);
    add(&query, "code_challenge", crypto_base64(c->mem, crypto_sha256(c->mem, try->verifier)));
    add(&query, "code_challenge_method", S("S256"));
    add_asks(c, &query, p->asks);
    *url = str_fmt(
        c->mem, "%.*s%s%.*s", STR(to), str_find(to, S("?")) < 0 ? "?" : "&", STR(buf_str(&query)));
    return E_OK;
}

/* ---- and back -------------------------------------------------------------------------------- */

static bool is_among(const struct node *list, str word)
{
    if (list && list->kind == N_LIST)
        EACH(item, list)
            if (item->node.kind == N_STR && str_eq(item->node.as.text, word))
                return true;
    return false;
}

/* The secret goes in the form, but to who takes it only as HTTP Basic. */
static bool wants_basic(const struct node *about)
{
    const struct node *ways = node_get(about, S("token_endpoint_auth_methods_supported"));
    return !ways ||
        (!is_among(ways, S("client_secret_post")) && is_among(ways, S("client_secret_basic")));
}

static str basic_header(struct ctx *c, const struct oidc_provider *p)
{
    struct buf both = buf_new(c->mem, 4000);
    escape_url_part(&both, p->client);
    buf_char(&both, ':');
    escape_url_part(&both, p->secret);
    str text = crypto_base64_padded(c->mem, buf_str(&both));
    return str_fmt(c->mem, "Authorization: Basic %.*s", STR(text));
}

static int exchange(struct ctx *c, const struct oidc_provider *p, const struct oidc_try *try,
    const struct node *about, str code, struct node **tokens)
{
    struct buf form = buf_new(c->mem, 16000);
    struct http_answer got;
    bool basic = wants_basic(about);
    str headers[] = { S("Content-Type: application/x-www-form-urlencoded"),
        S("Accept: application/json"), basic ? basic_header(c, p) : str_none };
    add(&form, "grant_type", S("authorization_code"));
    add(&form, "code", code);
    add(&form, "redirect_uri", back_to(c, p));
    add(&form, "code_verifier", try->verifier);
    if (!basic) {
        add(&form, "client_id", p->client);
        add(&form, "client_secret", p->secret);
    }
    TRY(ask(c, "POST", node_str(about, "token_endpoint"), headers, basic ? 3 : 2, buf_str(&form),
        &got));
    if (got.status != 200)
        return oidc_refuse(c, "it does not take the code");
    TRY(read_map(c, got.body, tokens));
    return node_str(*tokens, "id_token").n ? E_OK : oidc_refuse(c, "no id token came");
}

static bool is_issuer(const struct oidc_provider *p, str said)
{
    return str_eq(said, p->issuer) ||
        (str_is(p->issuer, GOOGLE) && str_is(said, "accounts.google.com"));
}

/* For us alone, or among others and asked for by us. */
static bool is_for_us(const struct oidc_provider *p, const struct node *claims)
{
    const struct node *aud = node_get(claims, S("aud")), *azp = node_get(claims, S("azp"));
    bool named = false;
    size_t n = 1;
    if (azp && !str_eq(node_str(claims, "azp"), p->client))
        return false;
    if (aud && aud->kind == N_LIST) {
        n = node_count(aud);
        EACH(item, aud)
            named = named || (item->node.kind == N_STR && str_eq(item->node.as.text, p->client));
    } else {
        named = str_eq(node_str(claims, "aud"), p->client);
    }
    return named && (n == 1 || azp);
}

/* One of the classes that were asked for, all of the means, and not too long ago. */
static bool is_strong(struct ctx *c, const struct oidc_provider *p, const struct node *claims)
{
    bool wants_class = false, has_class = false;
    i64 age, at = node_int(claims, "auth_time"), now = c->now / SECOND;
    str rest = p->asks, name, value;
    while (next_ask(&rest, &name, &value)) {
        if (str_is(name, "acr")) {
            wants_class = true;
            has_class = has_class || str_eq(node_str(claims, "acr"), value);
        } else if (str_is(name, "amr")) {
            if (!is_among(node_get(claims, S("amr")), value))
                return false;
        } else if (!jwt_has_int(claims, "auth_time") || !str_int(value, &age) ||
            at > now + SKEW_S || now - at > age + SKEW_S)
            return false;
    }
    return has_class || !wants_class;
}

static int judge(struct ctx *c, const struct oidc_provider *p, const struct oidc_try *try,
    const struct node *claims)
{
    str subject = node_str(claims, "sub");
    if (!is_issuer(p, node_str(claims, "iss")))
        return oidc_refuse(c, "an id token of another issuer");
    if (!is_for_us(p, claims))
        return oidc_refuse(c, "an id token for somebody else");
    if (!jwt_is_now(claims, c->now / SECOND, SKEW_S))
        return oidc_refuse(c, "an id token of another time");
    if (!crypto_equal(node_str(claims, "nonce"), try->nonce))
        return oidc_refuse(c, "an id token of another journey");
    if (!subject.n || subject.n > 255)
        return oidc_refuse(c, "an id token about nobody");
    return is_strong(c, p, claims)
        ? E_OK
        : fail(c, E_LOGIN, "oidc.weak",
              "They have not looked closely enough at who you are. Please log in there anew, with "
              "a second step, and try again.");
}

/* Some give address and name only to who asks for them with the access token. */
static int more_of(
    struct ctx *c, const struct node *about, const struct node *tokens, struct node **claims)
{
    struct node *said;
    struct http_answer got;
    str url = node_str(about, "userinfo_endpoint"), token = node_str(tokens, "access_token");
    if (node_str(*claims, "email").n || !url.n || !token.n)
        return E_OK;
    str headers[] = { str_fmt(c->mem, "Authorization: Bearer %.*s", STR(token)),
        S("Accept: application/json") };
    TRY(ask(c, "GET", url, headers, COUNT(headers), str_none, &got));
    if (got.status != 200)
        return E_OK;
    TRY(read_map(c, got.body, &said));
    if (!str_eq(node_str(said, "sub"), node_str(*claims, "sub")))
        return oidc_refuse(c, "its words on somebody else");
    *claims = said;
    return E_OK;
}

static bool is_address(str email)
{
    i64 at = str_find(email, S("@"));
    for (size_t i = 0; i < email.n; i++)
        if ((unsigned char)email.p[i] <= ' ' || email.p[i] == 0x7f)
            return false;
    return at > 0 && (size_t)at + 1 < email.n && email.n <= 254;
}

int oidc_ask(struct ctx *c, const struct oidc_provider *p, const struct oidc_try *try, str code,
    struct oidc_person *out)
{
    struct node *about, *tokens, *claims;
    TRY(metadata(c, p, false, &about));
    TRY(exchange(c, p, try, about, code, &tokens));
    TRY(read_token(c, p, about, node_str(tokens, "id_token"), &claims));
    TRY(judge(c, p, try, claims));
    TRY(more_of(c, about, tokens, &claims));
    *out = (struct oidc_person){ .issuer = p->issuer,
        .subject = node_str(claims, "sub"),
        .email = locale_lower(c->mem, str_trim(node_str(claims, "email"))),
        .name = str_trim(node_str(claims, "name")),
        .is_verified = node_bool(claims, "email_verified") ||
            str_is(node_str(claims, "email_verified"), "true") };
    if (!is_address(out->email)) /* cut short it would be another one */
        out->email = str_none;
    return E_OK;
}

int oidc_try(struct ctx *c, size_t i, str *name)
{
    struct oidc_provider all[OIDC_MOST];
    struct node *about, *set;
    *name = str_none;
    if (i >= oidc_providers(c, all))
        return E_OK;
    *name = all[i].name;
    TRY(metadata(c, &all[i], true, &about));
    TRY(published(c, "keys", node_str(about, "jwks_uri"), true, &set));
    return node_count(node_get(set, S("keys")))
        ? E_OK
        : fail_detail(c, E_PROVIDER, "oidc.answer", "it publishes no key");
}
