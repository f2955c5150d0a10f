/* Shared within vault/. */
#pragma once
#include "vault/vault.h"

enum { KEY = 32 };
struct data_key {
    i64 id;
    unsigned char bytes[KEY];
};

/* recent.c: data keys this process used in the last second. id 0: the owner's current one. */
bool recent_key(struct ctx *, const struct vault_place *, i64 id, struct data_key *out);
/* `asked_at`: when_ticks() before the database was asked. Only what has been committed: a key that
 * goes with its transaction must seal nothing after it. */
void recent_keep(struct ctx *, const struct vault_place *, bool is_current, i64 asked_at,
    const struct data_key *);
void recent_forget(struct ctx *);
void recent_wait(void); /* as long as anybody may use a key without asking */

int new_keys(struct ctx *, i64 *n); /* service.c: for everybody who has one */
