/* Telephone and street of an order: sealed for whoever sells, and what the desk finds a telephone
 * by. */
#include "account/account.h"
#include "gen/queries.h"
#include "orders/orders_in.h"
#include "vault/vault.h"
#include "web/web.h"

enum { SHORT = 4, LONG = 7, MOST_FIGURES = 40, MOST_CLUES = 64 };

static struct vault_place place_of(i64 order, i64 keeper)
{
    return (struct vault_place){ ORDERS_SEALED, order, keeper ? VAULT_ORGANISATION : VAULT_HOUSE,
        keeper };
}

static str figures_of(struct ctx *c, str phone)
{
    struct buf out = buf_new(c->mem, MOST_FIGURES);
    phone = locale_plain(c->mem, phone);
    for (size_t i = 0; i < phone.n; i++)
        if (phone.p[i] >= '0' && phone.p[i] <= '9')
            buf_char(&out, phone.p[i]);
    return buf_str(&out);
}

static str last_of(str figures, size_t n) { return str_from(figures, figures.n - n); }

/* What callers say of their number: the last four figures, or enough of it; written with the
 * country or without, 081 234 5678 and +66 81-234-5678 end alike. */
static int lay_clues(
    struct ctx *c, const struct vault_place *at, str phone, struct orders_sealed *out)
{
    str figures = figures_of(c, phone), texts[COUNT(out->clues)];
    out->n = 0;
    if (figures.n >= SHORT)
        texts[out->n++] = last_of(figures, SHORT);
    if (figures.n >= LONG)
        texts[out->n++] = last_of(figures, LONG);
    return vault_clues(c, at, texts, out->n, out->clues);
}

static str as_json(struct ctx *c, const struct node *value)
{
    struct buf out = buf_new(c->mem, 8192);
    json_store(&out, value);
    return buf_str(&out);
}

static int seal(struct ctx *c, const struct vault_place *at, str phone, const struct node *address,
    struct orders_sealed *out)
{
    *out =
        (struct orders_sealed){ .keeper = at->owner, .open = account_without_street(c, address) };
    out->address = as_json(c, out->open);
    TRY(account_seal_street(c, at, phone, address, &out->sealed));
    return lay_clues(c, at, phone, out);
}

int orders_seal(struct ctx *c, i64 order, i64 keeper, str phone, const struct node *address,
    struct orders_sealed *out)
{
    struct vault_place at = place_of(order, keeper);
    int err = seal(c, &at, phone, address, out);
    if (err != E_MISSING)
        return err;
    fault_clear(c);
    return fail(c, E_CONFLICT, "orders.closed", "This shop takes no orders any more.");
}

struct node *orders_label(struct ctx *c, const struct orders_sealed *sealed)
{
    struct node *label = sealed->open, *clues;
    node_set_str(c->mem, label, S("sealed"), sealed->sealed);
    node_set_int(c->mem, label, S("keeper"), sealed->keeper);
    clues = node_set_list(c->mem, label, S("clues"));
    for (size_t i = 0; i < sealed->n; i++)
        node_add_str(c->mem, clues, sealed->clues[i]);
    return label;
}

int orders_unseal(struct ctx *c, struct node *order)
{
    struct vault_place at = place_of(node_int(order, "id"), node_int(order, "keeper"));
    bool closed;
    TRY(account_open_street(c, &at, order, node_get(order, S("address")), &closed));
    account_address_lines(c, node_get(order, S("address")));
    node_hide(node_get(order, S("keeper")));
    node_hide(node_set_bool(c->mem, order, S("is_closed"), closed));
    return E_OK;
}

/* ---- found by telephone -------------------------------------------------------------------------
 */

static bool is_telephone(str q)
{
    for (size_t i = 0; i < q.n; i++)
        if (!strchr("0123456789 ()+./-", q.p[i]) || !q.p[i])
            return false;
    return true;
}

int orders_clues(struct ctx *c, i64 organisation, str q, const str **clues, size_t *n)
{
    const i64 keepers[] = { organisation, 0 };
    str figures = is_telephone(locale_plain(c->mem, q)) ? figures_of(c, q) : str_none;
    str *all = NEWS(c->mem, str, MOST_CLUES);
    *clues = all;
    *n = 0;
    if (figures.n < SHORT)
        return E_OK;
    for (size_t i = 0; i < COUNT(keepers); i++) {
        struct vault_place at = place_of(0, keepers[i]);
        size_t more;
        TRY(vault_all_clues(c, &at, last_of(figures, figures.n < LONG ? SHORT : LONG), all + *n,
            MOST_CLUES / COUNT(keepers), &more));
        *n += more;
    }
    return E_OK;
}

/* ---- for the vault
 * -------------------------------------------------------------------------------- */

int orders_renew_sealed(struct ctx *c, i64 *changed, const struct vault_place *at, str before)
{
    struct orders_sealed anew = { 0 };
    struct node *row = node_map(c->mem);
    bool closed;
    node_set_str(c->mem, row, S("sealed"), before);
    TRY(account_open_street(c, at, row, row, &closed));
    if (closed)
        return E_OK;
    TRY(account_seal_street(c, at, node_str(row, "phone"), row, &anew.sealed));
    TRY(lay_clues(c, at, node_str(row, "phone"), &anew));
    return q_orders_seal_anew(c, changed, at->row, anew.sealed, anew.clues, anew.n, before);
}

int orders_hide(struct ctx *c, i64 *changed, const struct vault_place *at, struct node *row)
{
    const struct node *address = node_get(row, S("address"));
    struct orders_sealed made;
    TRY(seal(c, at, node_str(row, "phone"), address, &made));
    return q_orders_hide(c, changed, at->row, made.address, made.sealed, at->owner, made.clues,
        made.n, node_str(row, "phone"), as_json(c, address));
}
