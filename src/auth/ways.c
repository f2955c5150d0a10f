/* ways.c: the ways into an account besides its password (an app, passkeys, recovery codes, logins
 * elsewhere, keys of the API), when the account may have been somebody else's for a while.
 *
 * Whoever comes to take an account makes doors of their own first and changes the lock then. So
 * taking an address back, within its week, closes all that was opened since the day before it was
 * changed; what was there earlier is the owner's and stays, and nothing comes back that is gone.
 * Whom they asked to join an organisation meanwhile, and who has not come yet, comes no more.
 *
 * A new password by mail closes nothing: else a mailbox would be everything, and the second factor
 * nothing. It shows what was opened within the last week, with a button for each. Where a factor
 * is older than that, the buttons ask for it: it is the owner's. Where none is, reading the mail
 * is enough, or whoever set up an app in somebody's account would keep them out for ever. So a
 * factor guards against who reads the mail from its eighth day on.
 *
 * But who came from another shop has confirmed no address, and whoever knew that password could
 * come in first, and wait. So the first password by mail, which confirms it, closes all there is
 * (service.c). */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "web/web.h"

#define COOKIE_WAYS "__Host-ways" /* sealed: who has just chosen a password by mail here */
#define WAYS_LIFE_S (15 * 60)

/* In the house's scope: keys are an organisation's. */
static int end(struct ctx *c, i64 person, when since, const char *kind, i64 id, i64 *n)
{
    struct node *row;
    struct scope before = as_house(c);
    int err = q_auth_end_ways(c, &row, person, since, str_of(kind), id);
    if (!err)
        err = q_auth_end_recovery_alone(c, NULL, person);
    c->scope = before;
    *n = err ? 0 : node_int(row, "n");
    return err;
}

int ways_end_since(struct ctx *c, i64 person, when since)
{
    i64 n;
    TRY(end(c, person, since, "", 0, &n));
    return n ? factor_news(c, NEWS_WAYS_OFF, person) : E_OK;
}

static const struct way_kind {
    const char *name, *label;
} kinds[] = {
    { "app", SAYS("Authenticator app") },
    { "passkey", SAYS("Passkey") },
    { "phone", SAYS("Codes by text message") },
    { "codes", SAYS("Recovery codes") },
    { "login", SAYS("Login elsewhere") },
    { "key", SAYS("API key") },
};

static const struct way_kind *kind_of(const struct node *way)
{
    size_t i = 0;
    while (i + 1 < COUNT(kinds) && !str_is(node_str(way, "kind"), kinds[i].name))
        i++;
    return &kinds[i];
}

int ways_young(struct ctx *c, i64 person, struct node **list)
{
    struct scope before = as_house(c);
    int err = q_auth_young_ways(c, list, person);
    c->scope = before;
    TRY(err);
    EACH(item, *list) {
        struct node *way = (struct node *)&item->node;
        node_set_str(c->mem, way, S("what"), say(c, kind_of(way)->label));
    }
    return E_OK;
}

/* ---- after a password by mail -------------------------------------------------------------------
 */

struct after { /* who may take ways off here */
    i64 person;
    bool is_proved; /* and has shown a factor that was there before */
};

/* Good while that password stands: who chooses another one ends this. */
static str password_sum(struct ctx *c, i64 person)
{
    struct node *row;
    struct scope before = scope_of(c, person);
    int err = q_auth_password_of(c, &row, person);
    c->scope = before;
    return err ? str_none : str_upto(crypto_sha256_hex(c->mem, node_str(row, "password_hash")), 20);
}

static void keep(struct req *r, const struct after *a)
{
    struct ctx *c = &r->c;
    str what = str_fmt(c->mem, "%" PRId64 " %" PRId64 " %d %.*s", c->now / SECOND + WAYS_LIFE_S,
        a->person, a->is_proved, STR(password_sum(c, a->person)));
    set_cookie(
        r, COOKIE_WAYS, crypto_seal(c->mem, c->app->secret, "ways", what), WAYS_LIFE_S, false);
}

static int find(struct req *r, struct after *a)
{
    struct ctx *c = &r->c;
    str rest = str_none, until, person, proved, cookie = in_cookie(r, COOKIE_WAYS);
    i64 end_s;
    *a = (struct after){ 0 };
    if (cookie.n && crypto_unseal(c->mem, c->app->secret, "ways", cookie, &rest) &&
        str_cut(&rest, ' ', &until) && str_cut(&rest, ' ', &person) &&
        str_cut(&rest, ' ', &proved) && str_int(until, &end_s) && str_int(person, &a->person) &&
        end_s >= c->now / SECOND && rest.n && crypto_equal(rest, password_sum(c, a->person))) {
        a->is_proved = str_is(proved, "1");
        return E_OK;
    }
    fault_clear(c);
    return fail(c, E_GONE, "auth.ways",
        "That was more than a quarter of an hour ago. Please log in, and look under Security.");
}

int ways_after_reset(struct req *r, i64 person)
{
    struct node *list;
    TRY(ways_young(&r->c, person, &list));
    if (!node_count(list))
        return see_other(r, S("/login?done=password"));
    keep(r, &(struct after){ .person = person });
    return see_other(r, S("/password/ways"));
}

/* ---- its page
 * ------------------------------------------------------------------------------------
 */

static int page(struct req *r, const struct after *a, bool is_removed, struct node **out)
{
    struct ctx *c = &r->c;
    struct node *document = *out = node_map(c->mem), *list, *old;
    struct scope before = as_house(c);
    int err = q_auth_old_factors(c, &old, a->person);
    c->scope = before;
    TRY(err);
    TRY(ways_young(c, a->person, &list));
    EACH(item, list) {
        struct node *way = (struct node *)&item->node;
        str id = crypto_opaque(c->mem, c->app->secret, kind_of(way)->name, node_int(way, "id"));
        node_set_str(c->mem, way, S("way"), id);
    }
    bool has_code = node_bool(old, "app") || node_bool(old, "codes");
    bool is_asked = !a->is_proved && (has_code || node_bool(old, "others"));
    node_set(c->mem, document, S("ways"), list);
    node_hide(node_set_bool(c->mem, document, S("is_removed"), is_removed));
    node_set_bool(c->mem, document, S("asks_code"), is_asked && has_code);
    node_set_bool(c->mem, document, S("asks_login"), is_asked && !has_code);
    node_hide(node_set_bool(c->mem, document, S("old_app"), node_bool(old, "app")));
    node_hide(node_set_bool(c->mem, document, S("old_codes"), node_bool(old, "codes")));
    return E_OK;
}

static int show(struct req *r)
{
    struct after a;
    struct node *document;
    TRY(find(r, &a));
    TRY(page(r, &a, in_bool(r, "removed"), &document));
    return reply_with(r, document);
}

/* A code of what is older than what is to go: an app that somebody has just set up proves nothing,
 * nor do recovery codes that they have made. */
static int prove(struct req *r, struct after *a, const struct node *document)
{
    struct ctx *c = &r->c;
    enum shown shown;
    unsigned by = (node_bool(document, "old_app") ? BY_APP : 0u) |
        (node_bool(document, "old_codes") ? BY_RECOVERY : 0u);
    if (node_bool(document, "asks_login"))
        return fail(c, E_DENIED, "auth.ways",
            "Please log in with the second factor you had first, and remove it under Security.");
    if (!node_bool(document, "asks_code"))
        return E_OK;
    if (!in_has(r, "code"))
        return fail_field(c, "code", "Please fill this in.");
    struct scope before = scope_of(c, a->person);
    int err = factor_check(r, a->person, in_str(r, "code"), by, &shown);
    c->scope = before;
    TRY(err);
    a->is_proved = true;
    keep(r, a);
    return E_OK;
}

static const struct node *chosen(const struct node *document, str way)
{
    EACH(item, node_get(document, S("ways")))
        if (str_eq(node_str(&item->node, "way"), way))
            return &item->node;
    return NULL;
}

static int take_off(struct req *r, struct after *a, const struct node *document)
{
    struct ctx *c = &r->c;
    i64 n;
    TRY(in_fault(r));
    if (!in_has(r, "way")) /* Enter in the code's field takes nothing off */
        return prove(r, a, document);
    const struct node *way = chosen(document, in_str(r, "way"));
    if (!way)
        return fail(c, E_MISSING, "auth.ways", NULL);
    TRY(prove(r, a, document));
    TRY(end(c, a->person, c->now - 8 * DAY, kind_of(way)->name, node_int(way, "id"), &n));
    struct scope before = scope_of(c, a->person);
    int err = n ? factor_news(c, NEWS_WAYS_OFF, a->person) : E_OK;
    c->scope = before;
    return err;
}

static int off(struct req *r)
{
    struct after a;
    struct node *document;
    TRY(find(r, &a));
    TRY(page(r, &a, false, &document));
    int err = take_off(r, &a, document);
    if (!err)
        return see_other(
            r, in_has(r, "way") ? S("/password/ways?removed=1") : S("/password/ways"));
    if (err != E_INPUT && err != E_LIMIT)
        return err;
    return again(r, err, document);
}

static const struct input to_show[] = { { "removed", BOOL }, { 0 } };
static const struct input to_end[] = {
    { "way", WORD, 13, 13 },
    { "code", LINE, 0, 40 },
    { 0 },
};

ROUTES(auth_ways){
    ROUTE(GET, "/password/ways", ANYONE, to_show, show, "auth/ways", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/password/ways", ANYONE, to_end, off, "auth/ways", RATE_LOGIN, NOINDEX | FORM),
    END_OF_ROUTES,
};
