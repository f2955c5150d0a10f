/* oidc: logging in by a provider of OpenID Connect (authorization code, PKCE, state, nonce). */
#pragma once
#include "auth/auth_in.h"
#include "web/web.h"

enum { OIDC_MOST = 3 };
struct oidc_provider { /* a line of talat.conf: oidc_1, oidc_2, oidc_3 */
    str name, issuer, client, secret, label;
    str asks; /* oidc_1_asks: how strongly it has to look */
};
size_t oidc_providers(struct ctx *, struct oidc_provider out[OIDC_MOST]);
bool oidc_named(struct ctx *, str name, struct oidc_provider *);

struct oidc_try {
    str state, nonce, verifier;
};
/* Where the browser goes to log in. E_PROVIDER when the provider does not say. */
int oidc_leave_for(
    struct ctx *, const struct oidc_provider *, const struct oidc_try *, str *url);

struct oidc_person {
    str issuer, subject, email, name;
    bool is_verified; /* the provider says that the address is theirs */
};
/* Who came back with the code. E_LOGIN when the provider does not stand by it, or what it says
 * is not for us, not now or not about this journey; E_PROVIDER when it does not answer. */
int oidc_ask(struct ctx *, const struct oidc_provider *, const struct oidc_try *, str code,
    struct oidc_person *);
int oidc_refuse(struct ctx *, const char *why); /* E_LOGIN, with one text; why is for the log */
