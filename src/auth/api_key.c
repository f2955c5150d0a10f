/* API keys: by them an organisation's programs come in. "tlt_" and eight letters by which the row
 * is found and people tell keys apart, then 256 random bits of which only the hash is kept. A key
 * may do what its scopes name and what the person who made it may do in that organisation today;
 * it is asked of the database with each request, so that one that is revoked is dead at once. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

#define PREFIX_N 12 /* tlt_xxxxxxxx */

uint64_t key_scopes_of(const struct who *who)
{
    uint64_t scopes = 0;
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        if (permission_is_for_keys(p) && may(who, p))
            scopes |= permission_bit(p);
    return scopes;
}

static int wanted(struct req *r, const struct node *scopes, str **names, size_t *n)
{
    uint64_t may_give = key_scopes_of(&r->who), seen = 0;
    *n = 0;
    *names = NEWS(r->c.mem, str, N_PERMISSIONS);
    EACH(item, scopes) {
        uint64_t bit = permission_bit(permission_named(item->node.as.text));
        if (!bit || !(bit & may_give))
            return fail_field(&r->c, "scopes", "You may give only what you may do yourself.");
        if (!(seen & bit))
            (*names)[(*n)++] = item->node.as.text;
        seen |= bit;
    }
    return *n ? E_OK : fail_field(&r->c, "scopes", "Please choose at least one.");
}

struct new_key {
    i64 organisation, person;
    str name, prefix, hash, *scopes;
    size_t n;
    when *until;
};

static int keep_key(struct ctx *c, void *with)
{
    const struct new_key *k = with;
    struct node *row;
    TRY(q_auth_key_add(c, &row, k->organisation, k->person, k->name, k->prefix, k->hash, k->scopes,
        k->n, k->until));
    return row ? E_OK
               : fail(c, E_CONFLICT, "keys.many",
                     "There are fifty keys already. Please revoke one that is not needed.");
}

int key_add(struct req *r, str name, const struct node *scopes, i64 days, str *key)
{
    struct ctx *c = &r->c;
    when until = c->now + days * DAY;
    struct new_key k = { .organisation = c->scope.organisation,
        .person = me(r),
        .name = name,
        .until = days ? &until : NULL };
    TRY(wanted(r, scopes, &k.scopes, &k.n));
    k.prefix = str_fmt(c->mem, "tlt_%.*s", STR(crypto_code(c->mem, 8)));
    *key = str_fmt(c->mem, "%.*s_%.*s", STR(k.prefix), STR(crypto_token(c->mem, 32)));
    k.hash = crypto_sha256_hex(c->mem, *key);
    return session_adds(r, keep_key, &k);
}

static uint64_t bits_of(const struct node *scopes)
{
    uint64_t bits = 0;
    EACH(item, scopes) {
        enum permission p = permission_named(item->node.as.text);
        bits |= permission_is_for_keys(p) ? permission_bit(p) : 0;
    }
    return bits;
}

static int find(struct ctx *c, str key, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_key_by_prefix(c, row, str_upto(key, PREFIX_N), c->now);
    if (!err && *row && !crypto_equal(crypto_sha256_hex(c->mem, key), node_str(*row, "hash")))
        *row = NULL;
    if (!err && *row && node_bool(*row, "is_stale"))
        err = q_auth_key_touch(c, NULL, node_int(*row, "id"), c->now);
    c->scope = before;
    return err;
}

bool is_key(str token) { return str_starts(token, S("tlt_")); }

int key_become(struct req *r, str key)
{
    struct node *row = NULL;
    if (key.n > PREFIX_N && key.n <= 100)
        TRY(find(&r->c, key, &row));
    if (!row)
        return fail(&r->c, E_LOGIN, "token", NULL);
    auth_take(r, node_int(row, "person_id"), row);
    r->who.allowed &= bits_of(node_get(row, S("scopes")));
    if (may(&r->who, ORDERS_READ_ALL)) /* for a key, its organisation's */
        r->who.allowed |= permission_bit(ORDERS_READ);
    r->who.role = USER;
    r->who.name = node_str(row, "key_name");
    r->who.email = str_none;
    r->who.key = node_int(row, "id");
    return E_OK;
}
