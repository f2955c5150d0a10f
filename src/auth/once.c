/* once.c: what is shown once and to nobody else (a new key, recovery codes). The form that makes
 * it leads to a page, so that to load that page again makes nothing anew. Meanwhile the secret
 * waits in Redis, sealed, for whoever is logged in where it was made; the page takes it from there.
 * Without Redis it stands in the answer to the form itself. */
#include "auth/auth_in.h"
#include "web/web.h"

#define LIFE_S 120

static str key_of(struct req *r, str handle)
{
    return str_fmt(r->c.mem, "once:%.*s:%.*s", STR(r->who.session), STR(handle));
}

bool once_keep(struct req *r, const char *what, str secret, str *handle)
{
    struct ctx *c = &r->c;
    *handle = crypto_token(c->mem, 12);
    return r->format == HTML && r->who.session.n &&
        redis_set(c, key_of(r, *handle), crypto_seal(c->mem, c->app->secret, what, secret), LIFE_S);
}

str once_take(struct req *r, const char *what)
{
    struct ctx *c = &r->c;
    str handle = in_done(r), sealed, secret;
    if (r->format != HTML || !handle.n || !r->who.session.n ||
        !redis_getdel(c, key_of(r, handle), &sealed) || !sealed.n)
        return str_none;
    return crypto_unseal(c->mem, c->app->secret, what, sealed, &secret) ? secret : str_none;
}
