#include "vault/vault.h"
#include "gen/queries.h"
#include "io/io.h"
#include "web/web.h"

enum { MARK = 8, PAGE = 200, KEY = 32 };

static const char *const owners[] = {
    [VAULT_HOUSE] = "house", [VAULT_ORGANISATION] = "organisation", [VAULT_PERSON] = "person"
};

struct data_key {
    i64 id;
    unsigned char bytes[KEY];
};

/* Keys are the house's, whoever asks for what they seal. */
static struct scope as_house(struct ctx *c)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    return before;
}

/* ---- the master key ------------------------------------------------------------------------- */

static str mark_of(struct ctx *c, str master)
{
    unsigned char key[KEY];
    crypto_key(master, "vault mark", key);
    return str_upto(crypto_sha256_hex(c->mem, (str){ (char *)key, KEY }), MARK);
}

str vault_master_mark(struct ctx *c) { return mark_of(c, c->app->master); }

static str owner_text(struct ctx *c, str whose, i64 owner)
{
    return str_fmt(c->mem, "key|%.*s|%" PRId64, STR(whose), owner);
}

static str wrap(struct ctx *c, str whose, i64 owner, const unsigned char *key)
{
    unsigned char master[KEY];
    crypto_key(c->app->master, "vault master", master);
    str box =
        crypto_lock(c->mem, master, owner_text(c, whose, owner), (str){ (const char *)key, KEY });
    crypto_forget(master, KEY);
    return str_fmt(c->mem, "%.*s.%.*s", STR(vault_master_mark(c)), STR(box));
}

static bool unwrap_with(struct ctx *c, str master, const struct node *row, unsigned char *out)
{
    unsigned char key[KEY];
    str box = node_str(row, "wrapped"), mark, plain;
    if (master.n < 16 || !str_cut(&box, '.', &mark) || !str_eq(mark, mark_of(c, master)))
        return false;
    crypto_key(master, "vault master", key);
    str bound = owner_text(c, node_str(row, "whose"), node_int(row, "owner_id"));
    bool ok = crypto_unlock(c->mem, key, bound, box, &plain) && plain.n == KEY;
    crypto_forget(key, KEY);
    if (!ok)
        return false;
    memcpy(out, plain.p, KEY);
    crypto_forget((char *)plain.p, KEY);
    return true;
}

static int unwrap(struct ctx *c, const struct node *row, struct data_key *out)
{
    out->id = node_int(row, "id");
    if (!node_str(row, "wrapped").n)
        return fail_detail(c, E_MISSING, "vault.destroyed", "key %" PRId64 " was destroyed", out->id);
    if (unwrap_with(c, c->app->master, row, out->bytes) ||
        unwrap_with(c, c->app->master_before, row, out->bytes))
        return E_OK;
    return fail_detail(c, E_INTERNAL, "vault.master",
        "key %" PRId64 " is under another master key than ours (%.*s)", out->id,
        STR(vault_master_mark(c)));
}

/* ---- data keys -------------------------------------------------------------------------------- */

static int add_key(struct ctx *c, str whose, i64 owner)
{
    unsigned char key[KEY];
    crypto_random(key, KEY);
    str wrapped = wrap(c, whose, owner, key);
    crypto_forget(key, KEY);
    return q_vault_add(c, NULL, whose, owner, wrapped);
}

static int current_key(struct ctx *c, const struct vault_place *at, struct data_key *out)
{
    struct node *row;
    str whose = str_of(owners[at->whose]);
    TRY(q_vault_current(c, &row, whose, at->owner));
    if (!row) {
        TRY(add_key(c, whose, at->owner));
        TRY(q_vault_current(c, &row, whose, at->owner));
    }
    return row ? unwrap(c, row, out)
               : fail_detail(c, E_INTERNAL, "vault.key", "no key where one was made");
}

static int key_by_id(struct ctx *c, const struct vault_place *at, i64 id, struct data_key *out)
{
    struct node *row;
    TRY(q_vault_key(c, &row, id, str_of(owners[at->whose]), at->owner));
    return row ? unwrap(c, row, out)
               : fail_detail(c, E_MISSING, "vault.destroyed", "key %" PRId64 " is not here", id);
}

/* ---- seal, open -------------------------------------------------------------------------------- */

static str bound_to(struct ctx *c, const struct vault_place *at, i64 key)
{
    return str_fmt(c->mem, "%s|%" PRId64 "|%s|%" PRId64 "|%" PRId64, at->column, at->row,
        owners[at->whose], at->owner, key);
}

/* "v1.<key>.<box>" */
static bool read_sealed(str sealed, i64 *key, str *box)
{
    str version, id;
    *box = sealed;
    return str_cut(box, '.', &version) && str_is(version, "v1") && str_cut(box, '.', &id) && box->n &&
        str_int(id, key);
}

static int seal(struct ctx *c, const struct vault_place *at, str plain, str *sealed)
{
    struct data_key key;
    TRY(current_key(c, at, &key));
    str box = crypto_lock(c->mem, key.bytes, bound_to(c, at, key.id), plain);
    crypto_forget(key.bytes, KEY);
    *sealed = str_fmt(c->mem, "v1.%" PRId64 ".%.*s", key.id, STR(box));
    return E_OK;
}

static int open_sealed(struct ctx *c, const struct vault_place *at, str sealed, str *plain)
{
    struct data_key key;
    i64 id;
    str box;
    if (!read_sealed(sealed, &id, &box))
        return fail_detail(c, E_INTERNAL, "vault.broken", "%s: not a sealed text", at->column);
    TRY(key_by_id(c, at, id, &key));
    bool ok = crypto_unlock(c->mem, key.bytes, bound_to(c, at, id), box, plain);
    crypto_forget(key.bytes, KEY);
    return ok ? E_OK
              : fail_detail(c, E_INTERNAL, "vault.broken",
                    "%s of row %" PRId64 ": changed, or sealed for another place", at->column,
                    at->row);
}

int vault_seal(struct ctx *c, const struct vault_place *at, str plain, str *sealed)
{
    struct scope before = as_house(c);
    int err = seal(c, at, plain, sealed);
    c->scope = before;
    return err;
}

int vault_open(struct ctx *c, const struct vault_place *at, str sealed, str *plain)
{
    struct scope before = as_house(c);
    *plain = str_none;
    int err = open_sealed(c, at, sealed, plain);
    c->scope = before;
    return err;
}

int vault_destroy(struct ctx *c, enum vault_whose whose, i64 owner)
{
    struct scope before = as_house(c);
    int err = q_vault_destroy(c, NULL, str_of(owners[whose]), owner);
    c->scope = before;
    return err;
}

/* ---- new keys ----------------------------------------------------------------------------------- */

int vault_rewrap(struct ctx *c, i64 *rewrapped, i64 *lost)
{
    struct node *keys;
    *rewrapped = *lost = 0;
    c->scope = (struct scope){ .platform = true };
    TRY(q_vault_all(c, &keys));
    str today = vault_master_mark(c);
    EACH(item, keys) {
        struct data_key key;
        str whose = node_str(&item->node, "whose"), wrapped = node_str(&item->node, "wrapped");
        if (!wrapped.n || str_starts(wrapped, today))
            continue;
        if (unwrap(c, &item->node, &key)) {
            fault_clear(c);
            ++*lost;
            continue;
        }
        str anew = wrap(c, whose, node_int(&item->node, "owner_id"), key.bytes);
        crypto_forget(key.bytes, KEY);
        TRY(q_vault_rewrap(c, NULL, key.id, anew, wrapped));
        ++*rewrapped;
    }
    return E_OK;
}

static int replace_key(struct ctx *c, void *with)
{
    const struct node *row = with;
    TRY(q_vault_retire(c, NULL, node_int(row, "id")));
    return add_key(c, node_str(row, "whose"), node_int(row, "owner_id"));
}

/* Sealed values, and what was done with them. */
struct round {
    bool anew; /* each is sealed under its owner's key of today */
    i64 open, closed, changed;
};

static int handle(struct ctx *c, const struct vault_column *column, const struct node *row,
    struct round *round)
{
    struct vault_place at = { column->column, node_int(row, "id"), column->whose,
        column->whose == VAULT_HOUSE ? 0 : node_int(row, "owner") };
    str before = node_str(row, "sealed"), plain, sealed;
    i64 changed = 0;
    int err = open_sealed(c, &at, before, &plain);
    if (err == E_MISSING) { /* destroyed: it stays closed */
        fault_clear(c);
        round->closed++;
        return E_OK;
    }
    TRY(err);
    round->open++;
    if (!round->anew)
        return E_OK;
    TRY(seal(c, &at, plain, &sealed));
    TRY(column->put(c, &changed, at.row, sealed, before));
    round->changed += changed;
    return E_OK;
}

static int walk_column(struct ctx *c, const struct vault_column *column, struct round *round)
{
    struct node *rows;
    for (i64 after = 0;;) {
        TRY(column->after(c, &rows, after, PAGE));
        EACH(item, rows) {
            TRY(handle(c, column, &item->node, round));
            after = node_int(&item->node, "id");
        }
        if (node_count(rows) < PAGE)
            return E_OK;
    }
}

static int walk(struct ctx *c, struct round *round)
{
    for (const struct vault_column *column = c->app->sealed; column && column->column; column++)
        TRY(walk_column(c, column, round));
    return E_OK;
}

int vault_check(struct ctx *c, i64 *open, i64 *closed)
{
    struct round round = { 0 };
    c->scope = (struct scope){ .platform = true };
    int err = walk(c, &round);
    *open = round.open;
    *closed = round.closed;
    return err;
}

int vault_renew(struct ctx *c, i64 *n_keys, i64 *values)
{
    struct node *keys;
    *n_keys = *values = 0;
    c->scope = (struct scope){ .platform = true };
    TRY(q_vault_all(c, &keys));
    EACH(item, keys) {
        if (!node_bool(&item->node, "is_current") || !node_str(&item->node, "wrapped").n)
            continue;
        TRY(pg_tx(c, replace_key, (void *)&item->node));
        ++*n_keys;
    }
    struct round round = { .anew = true };
    int err = walk(c, &round);
    *values = round.changed;
    return err;
}

/* ---- a list of keys ------------------------------------------------------------------------------- */

int vault_all(struct ctx *c, struct node **keys) { return q_vault_all(c, keys); }

int vault_put(struct ctx *c, const struct node *keys)
{
    EACH(item, keys) {
        const struct node *key = &item->node;
        TRY(q_vault_put(c, NULL, node_int(key, "id"), node_str(key, "whose"),
            node_int(key, "owner_id"), node_str(key, "wrapped"), node_bool(key, "is_current")));
    }
    return E_OK;
}
