/* What auth knows of a person: for the copy of their data, and for erasing it. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "vault/vault.h"
#include "web/web.h"

static struct vault_place place_of(i64 person)
{
    return (struct vault_place){ "auth.person.sealed", person, VAULT_PERSON, person, true };
}

int auth_person(struct ctx *c, i64 person, struct node **out)
{
    struct vault_place at = place_of(person);
    str sealed, phone;
    bool closed;
    TRY(q_auth_person(c, out, person));
    sealed = node_str(*out, "sealed");
    TRY(vault_open_texts(c, &at, sealed, &phone, 1, &closed));
    node_hide(node_set_str(c->mem, *out, S("sealed"), str_none));
    if (sealed.n)
        node_set_str(c->mem, *out, S("phone"), phone);
    return E_OK;
}

int auth_hide(struct ctx *c, i64 *changed, const struct vault_place *at, struct node *row)
{
    str plain = node_str(row, "phone"), before = node_str(row, "sealed"), phone = plain, sealed;
    bool closed = false;
    if (before.n)
        TRY(vault_open_texts(c, at, before, &phone, 1, &closed));
    if (closed)
        return E_OK;
    TRY(vault_seal_texts(c, at, &phone, 1, &sealed));
    return q_auth_hide_person(c, changed, at->row, sealed, before, plain);
}

int auth_set_profile(struct ctx *c, i64 person, str name, str lang, str phone)
{
    struct vault_place at = place_of(person);
    str sealed;
    TRY(vault_closed(c, vault_seal_texts(c, &at, &phone, 1, &sealed)));
    TRY(q_auth_set_profile(c, NULL, person, name, lang, sealed));
    return session_renew(c, person);
}

int auth_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *row, *devices, *identities, *ways, *memberships;
    TRY(auth_person(c, person, &row));
    TRY(q_auth_all_devices(c, &devices, person));
    TRY(q_auth_all_identities(c, &identities, person));
    TRY(q_auth_all_ways(c, &ways, person));
    TRY(q_auth_all_memberships(c, &memberships, person));
    node_set(c->mem, into, S("ways_in"), ways);
    node_set(c->mem, into, S("memberships"), memberships);
    node_set_str(c->mem, row, S("id"), crypto_opaque(c->mem, c->app->secret, "person", person));
    node_set(c->mem, into, S("profile"), row);
    node_set(c->mem, into, S("devices"), devices);
    node_set(c->mem, into, S("identities"), identities);
    return phone_collect(c, person, into);
}

int auth_must_wait(struct ctx *c, i64 person)
{
    struct node *row;
    TRY(q_auth_place(c, &row, person, str_none));
    if (row && (node_int(row, "organisation_id") || !str_is(node_str(row, "role"), "user")))
        return fail(
            c, E_CONFLICT, "account.staff", "You work in this shop. Please leave its staff first.");
    return E_OK;
}

/* The row stays, as orders point at it; nothing in it says who it was. */
int auth_erase(struct ctx *c, i64 person)
{
    struct node *row;
    TRY(q_auth_person(c, &row, person));
    if (node_bool(row, "is_verified")) /* else it may be somebody else's */
        TRY(notify_forget(c, node_str(row, "email")));
    TRY(q_auth_erase_codes(c, NULL, person));
    TRY(q_auth_erase_invitations(c, NULL, node_str(row, "email")));
    TRY(q_auth_erase_ways_in(c, NULL, person));
    TRY(q_auth_erase_devices(c, NULL, person));
    TRY(q_auth_erase_keys(c, NULL, person));
    TRY(q_auth_erase_person(c, NULL, person));
    return vault_destroy(c, VAULT_PERSON, person); /* nor does it open out of a backup */
}
