/* Access tokens: who a client of the API is, for a quarter of an hour. A token says only whose it
 * is and at which login it was given; whether that login still stands, and what the person may do,
 * is asked for anew with each request. */
#include "auth/auth_in.h"
#include "web/web.h"

#define LIFE_S    (15 * 60)
#define SKEW_S    60 /* other clocks that may have issued it */
#define MOST_KEYS 8

/* `token_keys` names the keys: the first signs, all are believed. A new one is put in front, and
 * the old one taken out a quarter of an hour later. Each is made from the shop's secret, for
 * nothing else. */
static size_t read_keys(struct ctx *c, struct jwt_key *keys)
{
    str rest = conf_str(c->app->conf, "token_keys", S("1")), id;
    size_t n = 0;
    while (n < MOST_KEYS && rest.n && str_cut(&rest, ' ', &id)) {
        unsigned char *secret = arena_raw(c->mem, 32);
        if (!id.n)
            continue;
        crypto_key(c->app->secret, str_fmt(c->mem, "token %.*s", STR(id)).p, secret);
        keys[n++] = (struct jwt_key){ id, { (char *)secret, 32 } };
    }
    return n;
}

static str audience(struct ctx *c) { return str_fmt(c->mem, "%.*s/api", STR(c->app->base_url)); }

int token_issue(struct ctx *c, i64 person, const char *role, i64 device, str *token)
{
    struct jwt_key keys[MOST_KEYS];
    struct node *claims = node_map(c->mem);
    i64 now = c->now / SECOND;
    if (!read_keys(c, keys))
        return fail_detail(c, E_INTERNAL, "auth.keys", "token_keys names no key");
    node_set_str(c->mem, claims, S("iss"), c->app->base_url);
    node_set_str(c->mem, claims, S("aud"), audience(c));
    node_set_str(c->mem, claims, S("sub"), crypto_opaque(c->mem, c->app->secret, "person", person));
    node_set_str(c->mem, claims, S("sid"), crypto_opaque(c->mem, c->app->secret, "device", device));
    node_set_str(c->mem, claims, S("role"), str_of(role)); /* for the client's eyes: never read */
    node_set_int(c->mem, claims, S("iat"), now);
    node_set_int(c->mem, claims, S("exp"), now + LIFE_S);
    node_set_str(c->mem, claims, S("jti"), crypto_token(c->mem, 16));
    *token = jwt_sign(c, &keys[0], claims);
    return token->n ? E_OK : fail_detail(c, E_INTERNAL, "auth.token", "a token was not signed");
}

/* Ours: no longer than we make them, and over when they say so. */
static bool is_now(struct ctx *c, const struct node *claims)
{
    i64 now = c->now / SECOND, from = node_int(claims, "iat"), to = node_int(claims, "exp");
    return jwt_is_now(claims, now, SKEW_S) && from > 0 && to > now && to > from &&
        to - from <= LIFE_S;
}

bool token_read(struct ctx *c, str token, i64 *person, i64 *device)
{
    struct jwt_key keys[MOST_KEYS];
    struct node *claims;
    size_t n = read_keys(c, keys);
    if (!jwt_read(c, token, keys, n, &claims))
        return false;
    return is_now(c, claims) && str_eq(node_str(claims, "iss"), c->app->base_url) &&
        str_eq(node_str(claims, "aud"), audience(c)) && node_str(claims, "jti").n > 0 &&
        crypto_unopaque(c->app->secret, "person", node_str(claims, "sub"), person) &&
        crypto_unopaque(c->app->secret, "device", node_str(claims, "sid"), device);
}
