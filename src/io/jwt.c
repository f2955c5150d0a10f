/* jwt.c: signed tokens. libjwt takes whatever algorithm a token names, and does not look at its
 * time: so the algorithm is ours alone, its head is read by us first, and what the claims say is
 * the caller's to judge. */
#include "io/io.h"
#include <jwt.h>
#include <stdlib.h>

#define ALGORITHM  "HS256"
#define MOST_TOKEN 4096

static void drop_jwt(void *jwt) { jwt_free(jwt); }
static void drop_text(void *text) { free(text); }

str jwt_sign(struct ctx *c, const struct jwt_key *key, const struct node *claims)
{
    struct buf json = buf_new(c->mem, MOST_TOKEN);
    jwt_t *jwt;
    json_store(&json, claims);
    assert(!json.full && key->secret.n >= 32);
    if (jwt_new(&jwt))
        abort(); /* no memory */
    DEFER(c->mem, drop_jwt, jwt);
    if (jwt_add_grants_json(jwt, str_c(c->mem, buf_str(&json))) ||
        jwt_add_header(jwt, "kid", str_c(c->mem, key->id)) ||
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)key->secret.p, (int)key->secret.n))
        return str_none;
    char *text = jwt_encode_str(jwt);
    if (!text)
        return str_none;
    DEFER(c->mem, drop_text, text);
    return str_dup(c->mem, str_of(text));
}

/* One part as JSON, read by our own reader: an object, no key in it twice. */
static bool read_part(struct ctx *c, str part, struct node **out)
{
    str json;
    if (!crypto_unbase64(c->mem, part, &json) || !str_is_utf8(json))
        return false;
    int err = json_read(c, json, out);
    if (err)
        fault_clear(c);
    return !err && (*out)->kind == N_MAP;
}

/* The head may name our algorithm, the one type there is for libjwt and one of our keys, and
 * nothing that would have us fetch or believe a key of its own. */
static const struct jwt_key *key_of(const struct node *head, const struct jwt_key *keys, size_t n)
{
    static const char *const known[] = { "alg", "typ", "kid" };
    if (node_count(head) != COUNT(known) || !str_is(node_str(head, "alg"), ALGORITHM) ||
        !str_is(node_str(head, "typ"), "JWT"))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (keys[i].id.n && str_eq(keys[i].id, node_str(head, "kid")))
            return &keys[i];
    return NULL;
}

static bool is_signed(struct ctx *c, str token, const struct jwt_key *key)
{
    jwt_t *jwt = NULL;
    if (jwt_decode(
            &jwt, str_c(c->mem, token), (const unsigned char *)key->secret.p, (int)key->secret.n))
        return false;
    bool ours = jwt_get_alg(jwt) == JWT_ALG_HS256;
    jwt_free(jwt);
    return ours;
}

bool jwt_read(struct ctx *c, str token, const struct jwt_key *keys, size_t n, struct node **claims)
{
    str rest = token, head, body;
    struct node *said;
    if (token.n > MOST_TOKEN || !str_cut(&rest, '.', &head) || !str_cut(&rest, '.', &body) ||
        !head.n || !body.n || !rest.n || !read_part(c, head, &said))
        return false;
    const struct jwt_key *key = key_of(said, keys, n);
    str signature;
    if (!key || !crypto_unbase64(c->mem, rest, &signature) || signature.n != 32)
        return false;
    return is_signed(c, token, key) && read_part(c, body, claims);
}

/* ---- tokens of others: libjwt is not asked ------------------------------------------------- */

enum { MOST_FOREIGN = 16 << 10 };

static bool field(struct ctx *c, const struct node *key, const char *name, str *out)
{
    return crypto_unbase64(c->mem, node_str(key, name), out) && out->n > 0;
}

static bool is_signed_rs256(struct ctx *c, const struct node *key, str message, str signature)
{
    str n, e;
    return field(c, key, "n", &n) && field(c, key, "e", &e) &&
        crypto_rs256_ok(n, e, message, signature);
}

static bool is_signed_es256(struct ctx *c, const struct node *key, str message, str signature)
{
    str x, y;
    return str_is(node_str(key, "crv"), "P-256") && field(c, key, "x", &x) &&
        field(c, key, "y", &y) && crypto_es256_ok(x, y, message, signature);
}

static const struct algorithm {
    const char *name, *type;
    bool (*is_signed)(struct ctx *, const struct node *key, str message, str signature);
} algorithms[] = { { "RS256", "RSA", is_signed_rs256 }, { "ES256", "EC", is_signed_es256 } };

static const struct algorithm *algorithm_of(const struct node *head)
{
    str type = node_str(head, "typ");
    if (node_get(head, S("crit")) || (node_get(head, S("typ")) && !str_is(type, "JWT")))
        return NULL;
    for (size_t i = 0; i < COUNT(algorithms); i++)
        if (str_is(node_str(head, "alg"), algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

/* Of the set that was asked for, never one that the token brings along. Without a name only where
 * there is no choice. */
static const struct node *key_in(
    const struct node *set, const struct node *head, const struct algorithm *algorithm)
{
    str id = node_str(head, "kid"), of;
    const struct node *only = NULL;
    size_t n = 0;
    EACH(item, set) {
        const struct node *key = &item->node;
        of = node_str(key, "alg");
        if (key->kind != N_MAP || !str_is(node_str(key, "kty"), algorithm->type) ||
            (of.n && !str_is(of, algorithm->name)) ||
            (node_get(key, S("use")) && !str_is(node_str(key, "use"), "sig")))
            continue;
        if (id.n && str_eq(id, node_str(key, "kid")))
            return key;
        only = key;
        n++;
    }
    return !id.n && n == 1 ? only : NULL;
}

enum jwt_verdict jwt_read_by(
    struct ctx *c, str token, const struct node *keys, struct node **claims)
{
    str rest = token, head, body, signature;
    struct node *said;
    if (token.n > MOST_FOREIGN || !str_cut(&rest, '.', &head) || !str_cut(&rest, '.', &body) ||
        !head.n || !body.n || !rest.n || !read_part(c, head, &said))
        return JWT_BAD;
    const struct algorithm *algorithm = algorithm_of(said);
    if (!algorithm || !crypto_unbase64(c->mem, rest, &signature))
        return JWT_BAD;
    const struct node *key = key_in(keys, said, algorithm);
    if (!key)
        return JWT_NO_KEY;
    bool ok = algorithm->is_signed(c, key, str_upto(token, head.n + 1 + body.n), signature);
    return ok && read_part(c, body, claims) ? JWT_GOOD : JWT_BAD;
}

bool jwt_has_int(const struct node *claims, const char *name)
{
    const struct node *value = node_get(claims, str_of(name));
    return value && value->kind == N_INT;
}

bool jwt_is_now(const struct node *claims, i64 now_s, i64 skew_s)
{
    if (!jwt_has_int(claims, "exp") || !jwt_has_int(claims, "iat"))
        return false;
    if (node_get(claims, S("nbf")) &&
        (!jwt_has_int(claims, "nbf") || node_int(claims, "nbf") > now_s + skew_s))
        return false;
    return node_int(claims, "exp") > now_s - skew_s && node_int(claims, "iat") <= now_s + skew_s;
}
