/* Access tokens: what opens the API, and all that looks like it and does not. */
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"

#define SHOPPER_ "shopper@example.test"
#define HEAD     "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}"

static str base64url(str bytes)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct buf out = buf_new(t_ctx()->mem, 2 * bytes.n + 8);
    unsigned long bits = 0;
    int n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = (bits << 8 | (unsigned char)bytes.p[i]) & 0xFFFFFF;
        for (n += 8; n >= 6; n -= 6)
            buf_char(&out, set[bits >> (n - 6) & 63]);
    }
    if (n)
        buf_char(&out, set[bits << (6 - n) & 63]);
    return buf_str(&out);
}

static str mac(str key, str message)
{
    struct arena *mem = t_ctx()->mem;
    str hex = crypto_hmac_sha256_hex(mem, key, message);
    char *raw = arena_take(mem, 32);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++)
        raw[i] = (char)((strchr(digits, hex.p[2 * i]) - digits) << 4 |
            (strchr(digits, hex.p[2 * i + 1]) - digits));
    return (str){ raw, 32 };
}

static str shop_key(const char *id)
{
    unsigned char *key = arena_take(t_ctx()->mem, 32);
    crypto_key(t_ctx()->app->secret, str_fmt(t_ctx()->mem, "token %s", id).p, key);
    return (str){ (char *)key, 32 };
}

static str signed_by(str key, const char *head, str claims)
{
    struct arena *mem = t_ctx()->mem;
    str h = base64url(str_of(head)), b = base64url(claims);
    str both = str_fmt(mem, "%.*s.%.*s", STR(h), STR(b));
    return str_fmt(mem, "%.*s.%.*s", STR(both), STR(base64url(mac(key, both))));
}

static i64 shopper(void)
{
    return t_int("select id as n from auth.person where email = '" SHOPPER_ "'");
}

/* A login of the shopper's, as the API makes it. */
static i64 device(void)
{
    static const char find[] = "select coalesce(max(id), 0) as n from auth.device where session_hash = 'token:t'";
    if (!t_int(find))
        t_sql("insert into auth.device (person_id, session_hash, kind) values (%" PRId64
              ", 'token:t', 'token')",
            shopper());
    return t_int(find);
}

static i64 now_s(void) { return t_ctx()->now / SECOND; }

/* The claims of a good token, one of them said differently, or one more. NULL: left out. */
static str claims(const char *name, const char *json)
{
    struct ctx *c = t_ctx();
    struct buf out = buf_new(c->mem, 8192);
    str sub = crypto_opaque(c->mem, c->app->secret, "person", shopper());
    str sid = crypto_opaque(c->mem, c->app->secret, "device", device());
    str base = c->app->base_url;
    const struct {
        const char *name;
        str value;
    } good[] = {
        { "iss", str_fmt(c->mem, "\"%.*s\"", STR(base)) },
        { "aud", str_fmt(c->mem, "\"%.*s/api\"", STR(base)) },
        { "sub", str_fmt(c->mem, "\"%.*s\"", STR(sub)) },
        { "sid", str_fmt(c->mem, "\"%.*s\"", STR(sid)) },
        { "iat", str_fmt(c->mem, "%" PRId64, now_s()) },
        { "exp", str_fmt(c->mem, "%" PRId64, now_s() + 900) },
        { "jti", S("\"anything\"") },
    };
    bool said = false;
    buf_char(&out, '{');
    for (size_t i = 0; i < COUNT(good); i++) {
        bool is_it = name && strcmp(good[i].name, name) == 0;
        said = said || is_it;
        if (is_it && !json)
            continue;
        buf_fmt(&out, "%s\"%s\":%.*s", out.n > 1 ? "," : "", good[i].name,
            is_it ? (int)strlen(json) : (int)good[i].value.n, is_it ? json : good[i].value.p);
    }
    if (name && json && !said)
        buf_fmt(&out, ",\"%s\":%s", name, json);
    buf_char(&out, '}');
    return buf_str(&out);
}

static void ask_with(str token)
{
    t_with("Accept", "application/json");
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_get("/account.json");
}

static void open_shop(void)
{
    t_open();
    t_browser();
    t_clock(when_now());
}

static void opens(str token)
{
    ask_with(token);
    t_status(200);
    t_json("person.email", SHOPPER_);
}

static void refused(const char *what, str token)
{
    ask_with(token);
    if (t_last_status() != 401 || str_find(t_body(), S("\"error\":\"Invalid token\"")) < 0)
        ck_abort_msg("%s: %d %.*s", what, t_last_status(), STR(t_body()));
    t_header_has("WWW-Authenticate", "invalid_token");
}

static str login(const char *email)
{
    t_post_json("/api/auth/login",
        str_fmt(t_ctx()->mem, "{\"email\":\"%s\",\"password\":\"market-day-demo\"}", email).p);
    t_status(200);
    return node_str(t_document(), "accessToken");
}

T(ID_02_logging_in_gives_a_token_and_no_session)
{
    open_shop();
    str token = str_dup(t_ctx()->mem, login(SHOPPER_));
    t_json("user.email", SHOPPER_);
    t_json("user.role", "user");
    no_text(t_header_of("Set-Cookie"), "__Host-sid");
    t_header_has("Set-Cookie", "__Host-refresh=tlr_");
    eq_int((i64)node_count(t_document()), 2);
    opens(token);
    opens(token); /* as often as one likes */
    str own = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "device",
        t_int("select max(id) as n from auth.device where kind = 'token'"));
    login(SHOPPER_); /* another of theirs */
    opens(token);
    i64 these = 0;
    EACH(item, node_get(t_document(), S("devices"))) {
        these += node_bool(&item->node, "isThis");
        eq_int(node_bool(&item->node, "isThis"), str_eq(node_str(&item->node, "id"), own));
    }
    eq_int(these, 1);
    t_with("Accept", "application/json");
    t_get("/account.json"); /* and only with it */
    t_status(401);
    t_json("error", "Authentication required");
    t_header("WWW-Authenticate", "Bearer");
}

T(ID_06_a_token_ends_after_a_quarter_of_an_hour)
{
    open_shop();
    str token = login(SHOPPER_);
    t_clock(t_ctx()->now + 899 * SECOND);
    opens(token);
    t_clock(t_ctx()->now + SECOND);
    refused("900 s old", token);
}

T(ID_03_a_wrong_password_gives_none)
{
    open_shop();
    t_with("Remote-Addr", t_new_address());
    /* Not the shopper's: of all tests together that account may have four, or its next login waits. */
    t_post_json("/api/auth/login", "{\"email\":\"admin@example.test\",\"password\":\"wrong-password\"}");
    t_status(401);
    t_no_text("accessToken");
    t_post_json("/api/auth/login", "{\"email\":\"nobody@example.test\",\"password\":\"x\"}");
    t_status(401);
    t_post_json("/api/auth/login", "{\"email\":\"" SHOPPER_ "\"}");
    t_status(422);
    t_post_json("/api/auth/login", "[\"" SHOPPER_ "\"]");
    t_status(400);
    t_post_json("/api/auth/login", "{\"email\":{\"$ne\":1},\"password\":{\"$ne\":1}}");
    t_status(422);
}

T(who_is_gone_is_nobody)
{
    open_shop();
    struct ctx *c = t_ctx();
    str sub = crypto_opaque(c->mem, c->app->secret, "person", 987654321);
    refused("nobody's number",
        signed_by(shop_key("1"), HEAD, claims("sub", str_fmt(c->mem, "\"%.*s\"", STR(sub)).p)));
}

T(ID_05_the_role_in_a_token_is_said_and_never_believed)
{
    open_shop();
    struct arena *mem = t_ctx()->mem;
    str token = login(SHOPPER_), rest = token, part, body;
    str_cut(&rest, '.', &part);
    str_cut(&rest, '.', &part);
    is_true(crypto_unbase64(mem, part, &body));
    has_text(body, "\"role\":\"user\"");
    str raised = signed_by(shop_key("1"), HEAD, claims("role", "\"super_admin\""));
    opens(raised);
    t_with("Authorization", str_fmt(mem, "Bearer %.*s", STR(raised)).p);
    t_get("/admin/accounts.json");
    t_status(403);
    t_json("role", "user");
}

/* Our own token as the measure: what differs from it in one thing is refused for that. */
T(ID_05_ID_09_what_a_token_says_is_looked_at)
{
    open_shop();
    str key = shop_key("1");
    struct arena *mem = t_ctx()->mem;
    const char *past = str_fmt(mem, "%" PRId64, now_s() - 1).p;
    const char *ahead = str_fmt(mem, "%" PRId64, now_s() + 100).p;
    opens(signed_by(key, HEAD, claims(NULL, NULL)));
    opens(signed_by(key, HEAD, claims("nbf", past)));
    str foreign = crypto_opaque(mem, t_ctx()->app->secret, "device", 987654321);
    const char *const wrong[][2] = { { "exp", past }, { "exp", "0" }, { "exp", "-1" },
        { "exp", NULL }, { "exp", "\"9999999999\"" }, { "exp", "9999999999" }, { "exp", "1e20" },
        { "exp", "null" }, { "exp", "true" }, { "nbf", ahead }, { "nbf", "\"0\"" },
        { "nbf", "null" }, { "iat", ahead }, { "iat", NULL }, { "iat", "0" }, { "iat", "1.5" },
        { "iss", "\"https://evil.example\"" }, { "iss", NULL }, { "iss", "\"\"" }, { "iss", "[]" },
        { "aud", "\"https://evil.example/api\"" }, { "aud", NULL }, { "aud", "[]" },
        { "aud", "\"\"" }, { "sub", NULL }, { "sub", "\"\"" }, { "sub", "1" }, { "sub", "\"1\"" },
        { "sub", "\"1 or 1=1\"" }, { "sub", "null" }, { "sid", NULL }, { "sid", "\"\"" },
        { "sid", "1" }, { "sid", str_fmt(mem, "\"%.*s\"", STR(foreign)).p }, { "jti", NULL }, { "jti", "\"\"" },
        { "jti", "7" } };
    for (size_t i = 0; i < COUNT(wrong); i++)
        refused(wrong[i][0], signed_by(key, HEAD, claims(wrong[i][0], wrong[i][1])));
    refused("no object", signed_by(key, HEAD, S("[]")));
    refused("no JSON", signed_by(key, HEAD, S("{")));
    refused("a claim twice",
        signed_by(key, HEAD,
            str_fmt(mem, "{\"sub\":\"x\",%.*s", STR(str_from(claims(NULL, NULL), 1)))));
}

T(ID_04_ID_09_no_algorithm_but_ours)
{
    open_shop();
    struct arena *mem = t_ctx()->mem;
    str key = shop_key("1"), body = claims(NULL, NULL);
    static const char *const heads[] = { "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"NONE\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"nOnE\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":null,\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"HS384\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":[\"HS256\"],\"typ\":\"JWT\",\"kid\":\"1\"}",
        /* its type: an id token, a refresh token, none */
        "{\"alg\":\"HS256\",\"typ\":\"id+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"rt+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"jwt\",\"kid\":\"1\"}", "{\"alg\":\"HS256\",\"kid\":\"1\"}",
        /* its key */
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":1}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"2\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1 \"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../dev/null\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1' or '1'='1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"https://evil.example/key\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\",\"jku\":\"https://evil.example\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\",\"x5u\":\"https://evil.example\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}", "[]", "\"HS256\"",
        "{}", "" };
    for (size_t i = 0; i < COUNT(heads); i++) {
        str good = signed_by(key, heads[i], body);
        refused(heads[i], good); /* even signed by our own key */
        refused("its signature empty",
            str_fmt(mem, "%.*s.%.*s.", STR(base64url(str_of(heads[i]))), STR(base64url(body))));
    }
}

T(ID_04_ID_09_no_signature_but_ours)
{
    open_shop();
    struct arena *mem = t_ctx()->mem;
    str body = claims(NULL, NULL), good = signed_by(shop_key("1"), HEAD, body);
    static const char pem[] = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
                              "EVs/o5+uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omage"
                              "EHWwHdBO6B+dFabmdT9POxg==\n-----END PUBLIC KEY-----\n";
    opens(good);
    refused("a public key as the secret", signed_by(str_of(pem), HEAD, body));
    refused("an empty key", signed_by(S(""), HEAD, body));
    refused("the shop's secret itself", signed_by(t_ctx()->app->secret, HEAD, body));
    refused("a retired key", signed_by(shop_key("0"), HEAD, body));
    unsigned char csrf[32];
    crypto_key(t_ctx()->app->secret, "csrf", csrf);
    refused("another purpose's key", signed_by((str){ (char *)csrf, 32 }, HEAD, body));
    for (size_t i = 0; i < good.n; i += 7) { /* any letter of it changed */
        char *bent = (char *)(uintptr_t)str_dup(mem, good).p;
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        if (i + 1 < good.n) /* of the last letter two bits stand for nothing */
            refused("a letter changed", (str){ bent, good.n });
    }
    i64 dot = str_find(good, S("."));
    str rest = str_from(good, (size_t)dot + 1), middle;
    str_cut(&rest, '.', &middle);
    refused("without a signature", str_upto(good, good.n - rest.n - 1));
    refused("an empty signature", str_upto(good, good.n - rest.n));
    refused("a short one", str_upto(good, good.n - 4));
    refused("a longer one", str_fmt(mem, "%.*sAAAA", STR(good)));
    refused("a fourth part", str_fmt(mem, "%.*s.AAAA", STR(good)));
 /* Other spellings of the same bytes: two bits of the last letter stand for nothing. */
    for (const char *last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; *last; last++)
        if (*last != good.p[good.n - 1])
            refused("a last letter that says the same", str_fmt(mem, "%.*s%c", STR(str_upto(good, good.n - 1)), *last));
    refused("a line's end after it", str_fmt(mem, "%.*s%%0a", STR(good)));
    refused("a blank in it", str_fmt(mem, "%.*s %.*s", STR(str_upto(good, 20)), STR(str_from(good, 20))));
    refused("base64 of another alphabet", str_fmt(mem, "%.*s+", STR(str_upto(good, good.n - 1))));
    refused("padded", str_fmt(mem, "%.*s=", STR(good)));
    refused("another head over it",
        str_fmt(mem, "%.*s.%.*s.%.*s",
            STR(base64url(S("{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"1\"}"))), STR(middle),
            STR(rest)));
    refused("nothing", S(""));
    refused("dots", S(".."));
    refused("one letter", S("x"));
    refused("a session's cookie", crypto_token(mem, 32));
    char *huge = arena_take(mem, 1 << 20);
    memset(huge, 'A', (1 << 20) - 1);
    when began = when_now();
    refused("a megabyte", (str){ huge, (1 << 20) - 1 });
    refused("a megabyte after a good one", str_fmt(mem, "%.*s%s", STR(good), huge));
    is_true(when_now() - began < 2 * SECOND);
}

T(keys_change_without_anybody_being_thrown_out)
{
    open_shop();
    struct ctx *c = t_ctx();
    str old = login(SHOPPER_);
    conf_put(c->mem, c->app->conf, "token_keys", S("2 1"));
    str fresh = login(SHOPPER_);
    opens(old);
    opens(fresh);
    conf_put(c->mem, c->app->conf, "token_keys", S("2"));
    opens(fresh);
    refused("the retired key", old);
    conf_put(c->mem, c->app->conf, "token_keys", S("1"));
}

/* ---- beside cookies ------------------------------------------------------------------------ */

T(with_a_token_no_cookie_counts)
{
    open_shop();
    str token = login(SHOPPER_);
    t_login("admin@example.test");
    opens(token); /* the shopper's, whatever the browser's cookies say */
    refused("a bad token, good cookies", S("x.y.z"));
    t_get("/account.json"); /* they are still good by themselves */
    t_json("person.email", "admin@example.test");
}

T(with_a_token_no_form_token_is_needed_with_cookies_it_is)
{
    open_shop();
    str token = login(SHOPPER_);
    t_without_token();
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_post_json("/cart/lines", "{\"sku\":\"" CABLE "\"}");
    t_json("location", "/cart");
    t_login(SHOPPER_);
    t_without_token();
    t_post_json("/cart/lines", "{\"sku\":\"" CABLE "\"}");
    t_status(403);
}

T(the_form_token_is_given_to_who_asks)
{
    open_shop();
    t_login(SHOPPER_);
    t_get("/api/csrf/csrf-token");
    t_status(200);
    eq_int((i64)node_count(t_document()), 1);
    str token = node_str(t_document(), "csrfToken");
    eq_str(token, t_cookie("__Host-csrf"));
    eq_str(token, t_cookie("__Host-csrf-token"));
    t_header_has("Set-Cookie", "__Host-csrf-token=");
    t_header_has("Set-Cookie", "; Path=/; Secure; SameSite=Strict; HttpOnly");
    t_get("/api/csrf/csrf-token");
    t_json("csrfToken", str_c(t_ctx()->mem, token)); /* the same, for other tabs' sake */
    t_without_token();
    t_with("X-CSRF-Token", str_c(t_ctx()->mem, token));
    t_post_json("/cart/lines", "{\"sku\":\"" CABLE "\"}");
    t_json("location", "/cart");
    t_browser();
    t_get("/api/csrf/csrf-token");
    is_false(str_eq(token, node_str(t_document(), "csrfToken")));
}

static void sends(str token, int status)
{
    t_without_token();
    t_with("X-CSRF-Token", str_c(t_ctx()->mem, token));
    t_post_json("/cart/lines", "{\"sku\":\"" CABLE "\"}");
    t_status(status);
}

T(SE_04_a_scripts_own_cookie_is_enough_and_bound_to_its_session)
{
    open_shop();
    t_login("admin@example.test");
    t_get("/api/csrf/csrf-token");
    str others = node_str(t_document(), "csrfToken");
    t_browser();
    t_login(SHOPPER_);
    t_get("/api/csrf/csrf-token");
    str token = node_str(t_document(), "csrfToken");
    t_cookie_set(COOKIE_CSRF, "");
    sends(token, 200);
    sends(others, 403);
    t_cookie_set(COOKIE_CSRF_TOKEN, str_c(t_ctx()->mem, others));
    sends(others, 403);
    t_cookie_set(COOKIE_CSRF_TOKEN, "");
    sends(token, 403);
}

static void makes_a_key(str token)
{
    t_without_token();
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_post_json("/admin/keys", "{\"name\":\"Till\",\"days\":\"30\",\"scopes\":[\"orders:read-all\"]}");
}

T(what_is_grave_needs_a_token_whose_login_is_of_the_last_quarter_of_an_hour)
{
    open_shop();
    str token = login("admin@example.test");
    makes_a_key(token);
    t_status(201);
    t_sql("update auth.device set proved_at = now() - interval '16 minutes' where kind = 'token'");
    makes_a_key(token);
    t_status(403);
    t_json("error", "Please confirm first that it is you.");
    eq_int(t_int("select count(*) as n from auth.api_key where name = 'Till'"), 1);
}

T(other_schemes_are_not_ours)
{
    open_shop();
    t_login(SHOPPER_);
    t_with("Authorization", "Basic c3RhZ2luZzpzdGFnaW5n");
    t_get("/account.json");
    t_status(200);
    t_with("Authorization", "Bearer");
    t_get("/account.json");
    t_status(401);
    t_with("Authorization", "bearer  x");
    t_get("/account.json");
    t_status(401);
}
