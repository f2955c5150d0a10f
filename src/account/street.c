/* Telephone and street, sealed: in an address book, a half-filled checkout, an order. City, region,
 * postcode and country stay plain: taxes, delivery and figures are made of them in the database. */
#include "account/account_in.h"
#include "gen/queries.h"
#include "vault/vault.h"
#include "web/web.h"

enum { TEXTS = 3 };

int account_seal_street(
    struct ctx *c, const struct vault_place *at, str phone, const struct node *address, str *sealed)
{
    str texts[TEXTS] = { phone, node_str(address, "line1"), node_str(address, "line2") };
    return vault_seal_texts(c, at, texts, TEXTS, sealed);
}

int account_open_street(struct ctx *c, const struct vault_place *at, struct node *row,
    struct node *address, bool *closed)
{
    str sealed = node_str(row, "sealed"), texts[TEXTS];
    TRY(vault_open_texts(c, at, sealed, texts, TEXTS, closed));
    node_hide(node_set_str(c->mem, row, S("sealed"), str_none));
    if (!sealed.n) /* nothing in it, or an older version wrote it plain */
        return E_OK;
    node_set_str(c->mem, row, S("phone"), texts[0]);
    node_set_str(c->mem, address, S("line1"), texts[1]);
    node_set_str(c->mem, address, S("line2"), texts[2]);
    return E_OK;
}

struct node *account_without_street(struct ctx *c, const struct node *address)
{
    static const char *const open[] = { "line1", "line2", "city", "region", "postcode", "country" };
    struct node *copy = node_map(c->mem);
    for (size_t i = 0; i < COUNT(open); i++)
        node_set_str(c->mem, copy, str_of(open[i]), i < 2 ? str_none : node_str(address, open[i]));
    return copy;
}

/* ---- the book, for the vault
 * ---------------------------------------------------------------------- */

int account_hide(struct ctx *c, i64 *changed, const struct vault_place *at, struct node *row)
{
    str before = node_str(row, "sealed"), phone = node_str(row, "phone"), sealed;
    str line1 = node_str(row, "line1"), line2 = node_str(row, "line2");
    bool closed;
    TRY(account_open_street(c, at, row, row, &closed));
    if (closed)
        return E_OK;
    TRY(account_seal_street(c, at, node_str(row, "phone"), row, &sealed));
    return q_account_hide(c, changed, at->row, sealed, before, phone, line1, line2);
}
