/* API keys: by them an organisation's programs come in. "tlt_" and eight letters by which the row
 * is found and people tell keys apart, then 256 random bits of which only the hash is kept. A key
 * may do what its scopes name and what the person who made it may do in that organisation today;
 * it is asked of the database with each request, so that one that is revoked is dead at once. */
#include "audit/audit.h"
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
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

/* ---- where it is used from ------------------------------------------------------------------- */

enum { PROGRAM_MOST = 60 };

struct use {
    i64 key, organisation;
    str network, country, program;
    bool is_elsewhere; /* it was used before, and never from there or by that: news */
};

/* "python-requests", "Chrome · Linux": a new version of it is the same program. */
static str program_of(struct req *r)
{
    str name = r->user_agent.n ? device_name(&r->c, r->user_agent) : str_none, word = str_none;
    str_cut(&name, '/', &word);
    return str_letters_upto(str_trim(word), PROGRAM_MOST);
}

/* "key:<key>:<second>:<person>:<network>[ <country>]|<program>" */
static int tell_staff(struct ctx *c, const struct use *u)
{
    struct node *people;
    TRY(auth_staff_who(c, u->organisation, "api-keys:manage", &people));
    if (!node_count(people))
        TRY(auth_admins(c, &people));
    EACH(it, people) {
        struct notify_to to = { .organisation = u->organisation,
            .person = node_int(&it->node, "id"),
            .email = node_str(&it->node, "email"),
            .lang = node_str(&it->node, "lang") };
        str cause = str_fmt(c->mem, "key:%" PRId64 ":%" PRId64 ":%" PRId64 ":%.*s%s%.*s|%.*s", u->key,
            c->now / SECOND, to.person, STR(u->network), u->country.n ? " " : "", STR(u->country),
            STR(u->program));
        TRY(notify_mail(c, "key_elsewhere", cause, &to));
    }
    return E_OK;
}

static int touch(struct ctx *c, void *with)
{
    struct use *u = with;
    struct node *row;
    TRY(q_auth_key_touch(c, &row, u->key, c->now, u->network, u->country, u->program));
    u->is_elsewhere = node_bool(row, "is_elsewhere");
    if (!u->is_elsewhere)
        return E_OK;
    c->scope.organisation = u->organisation; /* whose trail it is */
    str id = str_fmt(c->mem, "%" PRId64, u->key);
    TRY(audit_tell(c, "keys", "used_elsewhere", "auth.api_key", id, NULL));
    return node_bool(row, "is_due") ? tell_staff(c, u) : E_OK;
}

/* Once in a while, not with each request: row says when. */
static int note_use(struct req *r, const struct node *row, struct use *u)
{
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    str source = c->source;
    if (!node_bool(row, "is_stale"))
        return E_OK;
    u->key = node_int(row, "id");
    u->organisation = node_int(row, "organisation_id");
    u->country = country_of(c, c->app->countries, r->remote);
    name_in_trail(r); /* the row may say by then what it did not say yet */
    c->scope = (struct scope){ .platform = true };
    int err = pg_tx(c, touch, u);
    c->scope = before;
    c->source = source;
    if (!err && u->is_elsewhere && c->app->hooks.key_elsewhere)
        c->app->hooks.key_elsewhere(r, r->who.person);
    return err;
}

static int find(struct ctx *c, str key, const struct use *u, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err =
        q_auth_key_by_prefix(c, row, str_upto(key, PREFIX_N), c->now, u->network, u->program);
    if (!err && *row && !crypto_equal(crypto_sha256_hex(c->mem, key), node_str(*row, "hash")))
        *row = NULL;
    c->scope = before;
    return err;
}

static int build_elsewhere(struct ctx *c, const struct node *mail_row, struct node **document)
{
    str rest = node_str(mail_row, "cause"), word = str_none, where = str_none, network = str_none;
    i64 key = 0, second = 0;
    struct node *row = NULL;
    str_cut(&rest, ':', &word);
    str_cut(&rest, ':', &word);
    if (str_int(word, &key))
        TRY(q_auth_key_of_mail(c, &row, key));
    if (!row)
        return fail_detail(c, E_GONE, "auth.key", "that key is gone");
    str_cut(&rest, ':', &word);
    str_int(word, &second);
    str_cut(&rest, ':', &word);
    str_cut(&rest, '|', &where);
    str_cut(&where, ' ', &network);
    *document = node_map(c->mem);
    node_set_str(
        c->mem, *document, S("subject"), say(c, SAYS("An API key was used from somewhere new")));
    node_set_null(c->mem, *document, S("order"));
    node_set(c->mem, *document, S("key"), row);
    node_set_str(c->mem, *document, S("network"), network);
    node_set_str(c->mem, *document, S("country"), locale_country(c, where));
    node_set_str(c->mem, *document, S("program"), rest);
    node_set_str(c->mem, *document, S("at"), when_rfc3339(c->mem, second * SECOND));
    node_set_str(c->mem, *document, S("keys_url"), auth_url(c, S("/admin/keys")));
    return E_OK;
}

extern const struct notify_builder auth_keys_mails[];
const struct notify_builder auth_keys_mails[] = {
    { "key_elsewhere", build_elsewhere },
    { 0 },
};

/* ---- coming in by it ------------------------------------------------------------------------- */

bool is_key(str token) { return str_starts(token, S("tlt_")); }

int key_become(struct req *r, str key)
{
    struct use use = { .network = login_network(r), .program = program_of(r) };
    struct node *row = NULL;
    if (key.n > PREFIX_N && key.n <= 100)
        TRY(find(&r->c, key, &use, &row));
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
    return note_use(r, row, &use);
}
