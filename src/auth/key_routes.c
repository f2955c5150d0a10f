/* The back office's page of API keys. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

#define NEW_KEY "new api key" /* what is sealed until it is shown */

static const struct input to_make[] = {
    { "name", LINE, 1, 80, .required = true },
    { "scopes", WORDS, 0, N_PERMISSIONS },
    { "days", CHOICE, .required = true, .choices = "30|90|365|never" },
    { 0 },
};
static const struct input to_show[] = { TYPED, DONE_ONCE, { 0 } };
static const struct input one_key[] = { { "id", WORD, 13, 13 }, { 0 } };

static bool is_chosen(const struct node *chosen, str name)
{
    EACH(item, chosen)
        if (str_eq(item->node.as.text, name))
            return true;
    return false;
}

/* What whoever looks may give to a key, by the permission's own name. */
static struct node *choices(struct req *r, const struct node *chosen)
{
    struct node *list = node_list(r->c.mem);
    uint64_t may_give = key_scopes_of(&r->who);
    for (enum permission p = 1; p < N_PERMISSIONS; p++) {
        if (!(may_give & permission_bit(p)))
            continue;
        struct node *one = node_add_map(r->c.mem, list);
        node_set_str(r->c.mem, one, S("name"), str_of(permission_name(p)));
        node_hide(node_set_str(r->c.mem, one, S("words"),
            permission_words(&r->c, str_of(permission_name(p)))));
        node_hide(node_set_bool(r->c.mem, one, S("chosen"),
            is_chosen(chosen, str_of(permission_name(p)))));
    }
    return list;
}

static int page(struct req *r, str key, const struct node *chosen, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *keys, *doc = node_map(c->mem);
    TRY(q_auth_key_of_organisation(c, &keys, c->scope.organisation, c->now));
    EACH(item, keys) {
        struct node *one = (struct node *)&item->node;
        node_set_str(c->mem, one, S("id"),
            crypto_opaque(c->mem, c->app->secret, "api key", node_int(one, "id")));
        node_set_str(c->mem, one, S("used_country_name"),
            locale_country(c, node_str(one, "used_country")));
        struct node *scopes = node_list(c->mem), *words = node_list(c->mem);
        EACH(scope, node_get(one, S("scopes"))) {
            if (!permission_is_for_keys(permission_named(scope->node.as.text)))
                continue; /* a name of before */
            node_add_str(c->mem, scopes, scope->node.as.text);
            node_add_str(c->mem, words, permission_words(c, scope->node.as.text));
        }
        node_set(c->mem, one, S("scopes"), scopes);
        node_hide(node_set(c->mem, one, S("words"), words));
    }
    node_set(c->mem, doc, S("keys"), keys);
    node_set(c->mem, doc, S("may_give"), choices(r, chosen));
    if (key.n)
        node_set_str(c->mem, doc, S("key"), key);
    else
        node_set(c->mem, doc, S("key"), NEW(c->mem, struct node));
    *document = doc;
    return E_OK;
}

static int show(struct req *r)
{
    struct node *document;
    TRY(as_staff(r));
    bool typed = auth_typed(r);
    str key = once_take(r, NEW_KEY);
    TRY(page(r, key, typed ? node_get(r->in, S("scopes")) : NULL, &document));
    node_hide(node_set_bool(r->c.mem, document, S("was_shown"), !key.n && in_done(r).n));
    if (typed)
        node_hide(node_set(r->c.mem, document, S("form"), r->raw));
    return reply_with(r, document);
}

/* The one answer that ever has the whole key in it, or leads to the page that has it once. */
static int make(struct req *r)
{
    struct node *document;
    str key = str_none, handle;
    i64 days = 0;
    TRY(as_staff(r));
    TRY(auth_recent_form(r, S("/admin/keys")));
    int err = in_fault(r);
    if (err == E_INPUT && !in_has(r, "scopes")) /* all that is wrong, at once */
        err = fail_field(&r->c, "scopes", "Please choose at least one.");
    str_int(in_str(r, "days"), &days);
    if (!err)
        err = key_add(r, in_str(r, "name"), in_ints(r, "scopes"), days, &key);
    if (!err && once_keep(r, NEW_KEY, key, &handle))
        return see_other(r, str_fmt(r->c.mem, "/admin/keys?done=%.*s", STR(handle)));
    struct fault told = r->c.fault;
    TRY(page(r, key, err ? in_ints(r, "scopes") : NULL, &document));
    node_hide(node_set_bool(r->c.mem, document, S("was_shown"), false));
    r->c.fault = told;
    return err ? again(r, err, document) : reply_view(r, 201, r->route->view, document);
}

static int revoke(struct req *r)
{
    struct ctx *c = &r->c;
    i64 key, changed;
    TRY(as_staff(r));
    if (!crypto_unopaque(c->app->secret, "api key", in_str(r, "id"), &key))
        return fail(c, E_MISSING, "keys.missing", NULL);
    TRY(q_auth_key_revoke(c, &changed, c->scope.organisation, key, me(r)));
    lines_close_shared(c, LINE_DESK, c->scope.organisation); /* what it listens to */
    return changed ? see_other(r, S("/admin/keys")) : fail(c, E_MISSING, "keys.missing", NULL);
}

ROUTES(auth_keys){
    ROUTE(GET, "/admin/keys", API_KEYS_MANAGE, to_show, show, "auth/keys", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/keys", API_KEYS_MANAGE, to_make, make, "auth/keys", RATE_FORM,
        NOINDEX | FORM | CREATES),
    ROUTE(POST, "/admin/keys/{id}/revoke", API_KEYS_MANAGE, one_key, revoke, NULL, RATE_FORM,
        NOINDEX),
    END_OF_ROUTES,
};
