/* vault: secrets at rest, sealed, so that a copy of the database opens nothing.
 *
 * Owns schema vault: one data key for the house and one for each organisation and each person
 * that has something to hide, wrapped by the master key (talat.conf: master_key_file, or
 * TALAT_MASTER_KEY in the environment). Data keys are in no backup's dump, so a destroyed one
 * closes what it sealed in all backups too. A sealed text names its key and opens only in the
 * column and row, and for the owner, it was sealed for. It relies on io/crypto.c. It refuses to
 * search: what is sealed cannot be looked up. */
#pragma once
#include "base/base.h"

enum vault_whose { VAULT_HOUSE, VAULT_ORGANISATION, VAULT_PERSON };
struct vault_place {
    const char *column; /* "auth.totp.secret": also that of its row in house.sealed */
    i64 row;            /* the row's id */
    enum vault_whose whose;
    i64 owner; /* organisation or person; 0 for the house */
};
/* Text for a text column; each a round trip for the key. E_MISSING "vault.destroyed":
 * the owner's key was. Not within pg_batch. */
int vault_seal(struct ctx *, const struct vault_place *, str plain, str *sealed);
/* E_INTERNAL "vault.broken": changed, moved from elsewhere, or under another master key. */
int vault_open(struct ctx *, const struct vault_place *, str sealed, str *plain);
/* For good: nothing of this owner's opens again, here or out of a backup. */
int vault_destroy(struct ctx *, enum vault_whose, i64 owner);

/* A column that holds sealed text, so that it can be sealed anew (bin/features.c lists them).
 * `after`: {id, owner, sealed} by id; `put` only where `before` still stands. */
struct vault_column {
    const char *column;
    enum vault_whose whose;
    int (*after)(struct ctx *, struct node **, i64 after, i64 most);
    int (*put)(struct ctx *, i64 *changed, i64 id, str sealed, str before);
};
/* Every key under the master key of today; those that neither it nor master_key_before_file
 * opens are counted as lost. */
int vault_rewrap(struct ctx *, i64 *rewrapped, i64 *lost);
/* New data keys for everybody, and all that is sealed sealed anew under them. */
int vault_renew(struct ctx *, i64 *keys, i64 *values);
/* How many sealed values open, and how many are closed for good (their key was destroyed). Any
 * other that does not open is an error. */
int vault_check(struct ctx *, i64 *open, i64 *closed);
/* The keys, wrapped as they are: {id, whose, owner_id, wrapped, is_current}; destroyed ones have
 * an empty `wrapped`. vault_put adds what is not there; destroyed wins over not destroyed. */
int vault_all(struct ctx *, struct node **keys);
int vault_put(struct ctx *, const struct node *keys);
/* "3f2a90c1": which master key that is, without saying more. */
str vault_master_mark(struct ctx *);
