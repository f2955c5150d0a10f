/* token.c: what is shown as an access token of the API. */
#include "t/fuzz/fuzz.h"
#include "auth/auth_in.h"

enum { MOST_CLAIMS = 600 }; /* written out anew a byte takes up to six: jwt.c signs 4096 */

/* Its last part is the digest of what stands before, by the only key of this house. */
static bool is_signed(struct ctx *c, str token)
{
    unsigned char key[32];
    str signature = str_none;
    size_t dot = token.n;
    while (dot && token.p[dot - 1] != '.')
        dot--;
    if (!dot || !crypto_unbase64(c->mem, str_from(token, dot), &signature))
        return false;
    crypto_key(c->app->secret, "token 1", key);
    struct buf hex = buf_new(c->mem, 200);
    for (size_t i = 0; i < signature.n && i < 64; i++)
        buf_fmt(&hex, "%02x", (unsigned char)signature.p[i]);
    return str_eq(buf_str(&hex),
        crypto_hmac_sha256_hex(c->mem, (str){ (char *)key, sizeof key }, str_upto(token, dot - 1)));
}

/* A token; below it claims, which are tried as if we had signed them. */
FUZZ(token)
{
    str token = fuzz_line(&input), made;
    struct node *claims;
    unsigned char key[32];
    i64 person = 0, device = 0;
    if (token_read(c, token, &person, &device))
        holds(is_signed(c, token) && person > 0 && device > 0);
    fault_clear(c);
    if (json_read(c, input, &claims) || claims->kind != N_MAP || input.n > MOST_CLAIMS)
        return;
    crypto_key(c->app->secret, "token 1", key);
    made = jwt_sign(c, &(struct jwt_key){ S("1"), { (char *)key, sizeof key } }, claims);
    if (!made.n || !token_read(c, made, &person, &device))
        return;
    i64 now = c->now / SECOND;
    holds(person > 0 && str_is(node_str(claims, "iss"), "https://shop.example.test"));
    holds(node_int(claims, "exp") > now && node_int(claims, "exp") <= now + 15 * 60 + 60);
}
