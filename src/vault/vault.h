/* vault: secrets at rest, sealed, so that a copy of the database opens nothing.
 *
 * Owns schema vault: one data key for the house and one for each organisation and each person
 * that has something to hide, wrapped by the master key (talat.conf: master_key_file, or
 * TALAT_MASTER_KEY in the environment). Data keys are in no backup's dump, so a destroyed one
 * closes what it sealed in all backups too. A sealed text names its key and opens only in the
 * column and row, and for the owner, it was sealed for. Keys are remembered for a second, so that
 * pages need not ask for them. It relies on io/crypto.c. It refuses to search: what is sealed is
 * found only by clues that were laid beside it. */
#pragma once
#include "base/base.h"

enum vault_whose { VAULT_HOUSE, VAULT_ORGANISATION, VAULT_PERSON };
struct vault_place {
    const char *column; /* "auth.totp.secret": also that of its row in house.sealed */
    i64 row;            /* the row's id */
    enum vault_whose whose;
    i64 owner; /* organisation or person; 0 for the house */
    bool was_house; /* versions of before sealed it for the house: "v1.", and for its owner "v2." */
};
/* Text for a text column; a round trip when the key was not used in the last second. E_MISSING
 * "vault.destroyed": the owner's key was. Not within pg_batch. */
int vault_seal(struct ctx *, const struct vault_place *, str plain, str *sealed);
/* E_INTERNAL "vault.broken": changed, moved from elsewhere, or under another master key. */
int vault_open(struct ctx *, const struct vault_place *, str sealed, str *plain);
/* Several texts as one; when all are empty so is that, and it needs no key. */
int vault_seal_texts(
    struct ctx *, const struct vault_place *, const str *plain, size_t n, str *sealed);
/* For pages, which are to stand without them: *closed and empty when the key was destroyed, and
 * when the value is broken, which is logged. */
int vault_open_texts(
    struct ctx *, const struct vault_place *, str sealed, str *plain, size_t n, bool *closed);
/* What to tell whoever would have something kept, or sent, under a key that was destroyed (E_MISSING
 * of vault_seal and vault_open): E_CONFLICT with a sentence. Other errors stay as they are. */
int vault_closed(struct ctx *, int err);
/* For good: nothing of this owner's opens again, here or out of a backup, and nothing is sealed,
 * also where there was no key yet; on other machines within a second. */
int vault_destroy(struct ctx *, enum vault_whose, i64 owner);

/* What a text can be looked up by that is sealed beside it: the same for the same text, owner and
 * key. The place's row does not matter. */
int vault_clues(struct ctx *, const struct vault_place *, const str *texts, size_t n, str *clues);
/* One text's under each key of the owner, the newest first: what was not sealed anew is found, too.
 */
int vault_all_clues(
    struct ctx *, const struct vault_place *, str text, str *clues, size_t most, size_t *n);

/* A column that holds sealed text, so that it can be sealed anew (bin/features.c lists them).
 * `after`: {id, owner, sealed} by id; owner 0: the house's. `put` only where `before` still stands;
 * or `renew`, which opens and seals itself, when other columns go along. Of what older versions
 * left plain, or under the house's key: `plain` {id, owner, ...} by id, `hide` seals one where it is
 * as it was read. */
struct vault_column {
    const char *column;
    enum vault_whose whose;
    int (*after)(struct ctx *, struct node **, i64 after, i64 most);
    int (*put)(struct ctx *, i64 *changed, i64 id, str sealed, str before);
    int (*renew)(struct ctx *, i64 *changed, const struct vault_place *, str before);
    int (*plain)(struct ctx *, struct node **, i64 after, i64 most);
    int (*hide)(struct ctx *, i64 *changed, const struct vault_place *, struct node *row);
    int (*count_plain)(struct ctx *, struct node **row); /* {n} */
    bool was_house;
};
/* A table that says in the plain who bought what: in a backup's dump it stands without that, which
 * lies beside, each row sealed for its owner (bin/features.c lists them; ops does it). `masks`:
 * column, what the dump has in its place, ..., NULL. `after`: {id, owner, plain} by id; `put` where
 * nothing stands yet. A row without `column` is in no backup. */
struct vault_veil {
    const char *table;  /* as SQL says it */
    const char *column; /* what a row is sealed as */
    enum vault_whose whose;
    const char *const *masks;
    int (*after)(struct ctx *, struct node **, i64 after, i64 most);
    int (*put)(struct ctx *, i64 *changed, const i64 *ids, size_t n_ids, const str *plains, size_t n);
};
/* Seals what is still plain or under the house's key, for so long at most (0: to the end); it may be broken off at any
 * moment. */
int vault_hide(struct ctx *, i64 longest_us, i64 *hidden);
int vault_plain(struct ctx *, i64 *left);
/* Every key under the master key of today; those that neither it nor master_key_before_file
 * opens are counted as lost. */
int vault_rewrap(struct ctx *, i64 *rewrapped, i64 *lost);
/* New data keys for everybody, and all that is sealed sealed anew under them. */
int vault_renew(struct ctx *, i64 *keys, i64 *values);
/* How many sealed values open, and how many are closed for good (their key was destroyed). Any
 * other that does not open is an error. */
int vault_check(struct ctx *, i64 *open, i64 *closed);
/* The keys, wrapped as they are: {id, whose, owner_id, wrapped, is_current}; destroyed ones have
 * an empty `wrapped`. By id, some at a time, as there is one for each customer: in memory that is
 * gone after `each`. vault_put adds what is not there; destroyed wins over not destroyed. */
int vault_all(struct ctx *, int (*each)(struct ctx *, struct node *keys, void *), void *with);
int vault_put(struct ctx *, const struct node *keys);
/* "3f2a90c1": which master key that is, without saying more. */
str vault_master_mark(struct ctx *);
