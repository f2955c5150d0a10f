/* audit: who changed what, from where, before and after.
 *
 * Owns schema audit. Tables are watched by triggers (sql/schema/05_audit.sql: audit.watch), so
 * whoever writes there is noted without asking. Here is what changes no row and is worth
 * knowing, and the clock that seals. The screen stands in admin. It refuses personal data. */
#pragma once
#include "base/base.h"

/* It happened: kind "account", did "login_locked", of what, and a few words beside it (small,
 * may be NULL; no names, no addresses). In the caller's transaction; belongs to the organisation
 * in the scope, or to the house. */
int audit_tell(struct ctx *, const char *kind, const char *did, const char *thing, str id,
    const struct node *data);
