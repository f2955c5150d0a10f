#include "vault/vault_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "web/web.h"

enum { MARK = 8, CLUE = 16 };

static const char *const owners[] = {
    [VAULT_HOUSE] = "house", [VAULT_ORGANISATION] = "organisation", [VAULT_PERSON] = "person"
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
        return fail_detail(
            c, E_MISSING, "vault.destroyed", "key %" PRId64 " was destroyed", out->id);
    if (unwrap_with(c, c->app->master, row, out->bytes) ||
        unwrap_with(c, c->app->master_before, row, out->bytes))
        return E_OK;
    return fail_detail(c, E_INTERNAL, "vault.master",
        "key %" PRId64 " is under another master key than ours (%.*s)", out->id,
        STR(vault_master_mark(c)));
}

/* ---- data keys --------------------------------------------------------------------------------
 */

static int add_key(struct ctx *c, str whose, i64 owner)
{
    unsigned char key[KEY];
    crypto_random(key, KEY);
    str wrapped = wrap(c, whose, owner, key);
    crypto_forget(key, KEY);
    return q_vault_add(c, NULL, whose, owner, wrapped);
}

static int unwrap_kept(struct ctx *c, const struct vault_place *at, const struct node *row,
    i64 asked_at, struct data_key *out)
{
    TRY(unwrap(c, row, out));
    if (node_bool(row, "is_settled"))
        recent_keep(c, at, node_bool(row, "is_current"), asked_at, out);
    return E_OK;
}

static int current_key(struct ctx *c, const struct vault_place *at, struct data_key *out)
{
    struct node *row;
    str whose = str_of(owners[at->whose]);
    i64 asked_at = when_ticks();
    if (recent_key(c, at, 0, out))
        return E_OK;
    TRY(q_vault_current(c, &row, whose, at->owner));
    if (!row) {
        TRY(add_key(c, whose, at->owner));
        TRY(q_vault_current(c, &row, whose, at->owner));
    }
    return row ? unwrap_kept(c, at, row, asked_at, out)
               : fail_detail(c, E_INTERNAL, "vault.key", "no key where one was made");
}

static int key_by_id(struct ctx *c, const struct vault_place *at, i64 id, struct data_key *out)
{
    struct node *row;
    i64 asked_at = when_ticks();
    if (recent_key(c, at, id, out))
        return E_OK;
    TRY(q_vault_key(c, &row, id, str_of(owners[at->whose]), at->owner));
    return row ? unwrap_kept(c, at, row, asked_at, out)
               : fail_detail(c, E_MISSING, "vault.absent", "key %" PRId64 " is not here", id);
}

/* ---- seal, open --------------------------------------------------------------------------------
 */

static str bound_to(struct ctx *c, const struct vault_place *at, i64 key)
{
    return str_fmt(c->mem, "%s|%" PRId64 "|%s|%" PRId64 "|%" PRId64, at->column, at->row,
        owners[at->whose], at->owner, key);
}

static const char *version_of(const struct vault_place *at) { return at->was_house ? "v2" : "v1"; }

/* "v1.<key>.<box>"; *at is then whose key it is under */
static bool read_sealed(str sealed, struct vault_place *at, i64 *key, str *box)
{
    str version, id;
    *box = sealed;
    if (!str_cut(box, '.', &version) || !str_cut(box, '.', &id) || !box->n || !str_int(id, key))
        return false;
    if (at->was_house && str_is(version, "v1"))
        *at = (struct vault_place){ at->column, at->row, VAULT_HOUSE, 0 };
    return str_is(version, version_of(at));
}

static int seal(struct ctx *c, const struct vault_place *at, str plain, str *sealed)
{
    struct data_key key;
    TRY(current_key(c, at, &key));
    str box = crypto_lock(c->mem, key.bytes, bound_to(c, at, key.id), plain);
    crypto_forget(key.bytes, KEY);
    *sealed = str_fmt(c->mem, "%s.%" PRId64 ".%.*s", version_of(at), key.id, STR(box));
    return E_OK;
}

static int open_sealed(struct ctx *c, struct vault_place at, str sealed, str *plain)
{
    struct data_key key;
    i64 id;
    str box;
    if (!read_sealed(sealed, &at, &id, &box))
        return fail_detail(c, E_INTERNAL, "vault.broken", "%s: not a sealed text", at.column);
    TRY(key_by_id(c, &at, id, &key));
    bool ok = crypto_unlock(c->mem, key.bytes, bound_to(c, &at, id), box, plain);
    crypto_forget(key.bytes, KEY);
    return ok
        ? E_OK
        : fail_detail(c, E_INTERNAL, "vault.broken",
              "%s of row %" PRId64 ": changed, or sealed for another place", at.column, at.row);
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
    int err = open_sealed(c, *at, sealed, plain);
    c->scope = before;
    return err;
}

/* ---- several texts in one ----------------------------------------------------------------------
 */

int vault_seal_texts(
    struct ctx *c, const struct vault_place *at, const str *plain, size_t n, str *sealed)
{
    struct buf all = buf_new(c->mem, 16384);
    size_t filled = 0;
    *sealed = str_none;
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&all, '\0'); /* no text of the database holds one */
        buf_add(&all, plain[i]);
        filled += plain[i].n;
    }
    if (all.full)
        return fail_detail(c, E_TOO_LARGE, "vault.large", "%s: too much to seal", at->column);
    return filled ? vault_seal(c, at, buf_str(&all), sealed) : E_OK;
}

int vault_open_texts(
    struct ctx *c, const struct vault_place *at, str sealed, str *plain, size_t n, bool *closed)
{
    str all = str_none;
    int err = sealed.n ? vault_open(c, at, sealed, &all) : E_OK;
    bool broken = err == E_INTERNAL && str_is(c->fault.key, "vault.broken");
    *closed = err == E_MISSING || broken;
    if (broken) {
        metric_add(c->app, "vault_broken_total", 1);
        log_line(c, LOG_ERROR, "vault_broken", "why", c->fault.detail, NULL);
    }
    if (*closed)
        fault_clear(c);
    for (size_t i = 0; i < n; i++)
        if (!str_cut(&all, '\0', &plain[i]))
            plain[i] = str_none;
    return *closed ? E_OK : err;
}

/* ---- clues -------------------------------------------------------------------------------------
 */

static str clue_of(struct ctx *c, const struct data_key *data, str text)
{
    unsigned char key[KEY];
    crypto_key((str){ (const char *)data->bytes, KEY }, "vault clue", key);
    str sum = crypto_hmac_sha256_hex(c->mem, (str){ (const char *)key, KEY }, text);
    crypto_forget(key, KEY);
    return str_upto(sum, CLUE);
}

int vault_clues(struct ctx *c, const struct vault_place *at, const str *texts, size_t n, str *clues)
{
    struct data_key key;
    struct scope before = as_house(c);
    int err = n ? current_key(c, at, &key) : E_OK;
    c->scope = before;
    for (size_t i = 0; i < n && !err; i++)
        clues[i] = clue_of(c, &key, texts[i]);
    if (n && !err)
        crypto_forget(key.bytes, KEY);
    return err;
}

int vault_all_clues(
    struct ctx *c, const struct vault_place *at, str text, str *clues, size_t most, size_t *n)
{
    struct node *keys;
    struct scope before = as_house(c);
    int err = q_vault_of_owner(c, &keys, str_of(owners[at->whose]), at->owner, (i64)most);
    c->scope = before;
    *n = 0;
    TRY(err);
    EACH(item, keys) {
        struct data_key key;
        TRY(unwrap(c, &item->node, &key));
        clues[(*n)++] = clue_of(c, &key, text);
        crypto_forget(key.bytes, KEY);
    }
    return E_OK;
}

/* Whoever makes one at this moment is waited for. */
static int destroy(struct ctx *c, str whose, i64 owner)
{
    TRY(q_vault_add(c, NULL, whose, owner, str_none));
    return q_vault_destroy(c, NULL, whose, owner);
}

int vault_destroy(struct ctx *c, enum vault_whose whose, i64 owner)
{
    recent_forget(c);
    struct scope before = as_house(c);
    int err = destroy(c, str_of(owners[whose]), owner);
    c->scope = before;
    return err;
}

int vault_closed(struct ctx *c, int err)
{
    if (err != E_MISSING || !str_is(c->fault.key, "vault.destroyed"))
        return err;
    fault_clear(c);
    return fail(c, E_CONFLICT, "vault.closed",
        "Nothing personal can be kept for this account any more. Please write to us.");
}

/* ---- new keys -----------------------------------------------------------------------------------
 */

struct counts {
    i64 rewrapped, lost;
};

static int rewrap_some(struct ctx *c, struct node *keys, void *with)
{
    struct counts *n = with;
    str today = vault_master_mark(c);
    EACH(item, keys) {
        struct data_key key;
        str whose = node_str(&item->node, "whose"), wrapped = node_str(&item->node, "wrapped");
        if (!wrapped.n || str_starts(wrapped, today))
            continue;
        if (unwrap(c, &item->node, &key)) {
            fault_clear(c);
            n->lost++;
            continue;
        }
        str anew = wrap(c, whose, node_int(&item->node, "owner_id"), key.bytes);
        crypto_forget(key.bytes, KEY);
        TRY(q_vault_rewrap(c, NULL, key.id, anew, wrapped));
        n->rewrapped++;
    }
    return E_OK;
}

int vault_rewrap(struct ctx *c, i64 *rewrapped, i64 *lost)
{
    struct counts n = { 0 };
    c->scope = (struct scope){ .platform = true };
    int err = vault_all(c, rewrap_some, &n);
    *rewrapped = n.rewrapped;
    *lost = n.lost;
    return err;
}

static int replace_key(struct ctx *c, void *with)
{
    const struct node *row = with;
    TRY(q_vault_retire(c, NULL, node_int(row, "id")));
    return add_key(c, node_str(row, "whose"), node_int(row, "owner_id"));
}

struct renewing {
    i64 last, n;
};

static int renew_some(struct ctx *c, struct node *keys, void *with)
{
    struct renewing *renewing = with;
    EACH(item, keys) {
        if (node_int(&item->node, "id") > renewing->last) /* that is new already */
            continue;
        if (!node_bool(&item->node, "is_current") || !node_str(&item->node, "wrapped").n)
            continue;
        TRY(pg_tx(c, replace_key, (void *)&item->node));
        renewing->n++;
    }
    return E_OK;
}

int new_keys(struct ctx *c, i64 *n)
{
    struct renewing renewing = { 0 };
    struct node *row;
    TRY(q_vault_last(c, &row));
    renewing.last = node_int(row, "id");
    int err = vault_all(c, renew_some, &renewing);
    *n = renewing.n;
    recent_wait(); /* until nobody seals under a key of before */
    return err;
}

/* ---- a list of keys
 * ------------------------------------------------------------------------------- */

/* The newest of several current ones stays so: lists may be of before a renewal, and of after. A
 * destroyed one bars its owner, whatever other keys they had. */
static int put_key(struct ctx *c, const struct node *key)
{
    i64 id = node_int(key, "id"), owner = node_int(key, "owner_id");
    str whose = node_str(key, "whose"), wrapped = node_str(key, "wrapped");
    bool is_current = node_bool(key, "is_current");
    if (is_current)
        TRY(q_vault_retire_before(c, NULL, id, whose, owner));
    TRY(q_vault_put(c, NULL, id, whose, owner, wrapped, is_current));
    return is_current && !wrapped.n ? q_vault_destroy(c, NULL, whose, owner) : E_OK;
}

static int put_keys(struct ctx *c, void *keys)
{
    pg_batch(c); /* which remembers what went wrong */
    EACH(item, (const struct node *)keys)
        put_key(c, &item->node);
    return pg_flush(c);
}

int vault_put(struct ctx *c, const struct node *keys)
{
    return node_count(keys) ? pg_tx(c, put_keys, (void *)keys) : E_OK;
}
