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
