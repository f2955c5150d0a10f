/* The double-entry ledger. A capture moves money from the buyer to the provider who keeps it
 * for us, a refund back. What the buyer's bank withdraws stands under `dispute` until it is
 * decided. The database refuses what does not sum to zero, and any change. */
#include "payments/payments_in.h"
#include "gen/queries.h"

int ledger_book(struct ctx *c, i64 order, str cause, str currency, const str *accounts,
    const i64 *amounts, size_t n, bool *fresh)
{
    struct node *row;
    TRY(q_payments_book(c, &row, order, cause, currency, accounts, n, amounts, n));
    *fresh = node_bool(row, "is_fresh");
    return E_OK;
}

static int book_pair(
    struct ctx *c, i64 order, str cause, i64 to_provider, str currency, bool *fresh)
{
    const str accounts[] = { S("buyer"), S("provider") };
    const i64 amounts[] = { -to_provider, to_provider };
    return ledger_book(c, order, cause, currency, accounts, amounts, 2, fresh);
}

int ledger_refund(struct ctx *c, i64 order, i64 refund, i64 amount, str currency, bool *fresh)
{
    return book_pair(
        c, order, str_fmt(c->mem, "refund:%" PRId64, refund), -amount, currency, fresh);
}

int ledger_unrefund(struct ctx *c, i64 order, i64 refund, i64 amount, str currency, bool *fresh)
{
    return book_pair(
        c, order, str_fmt(c->mem, "refund:%" PRId64 ":failed", refund), amount, currency, fresh);
}

int ledger_dispute(struct ctx *c, i64 order, i64 dispute, i64 n, str from, str to, i64 amount,
    str currency)
{
    const str accounts[] = { from, to };
    const i64 amounts[] = { -amount, amount };
    bool fresh;
    return ledger_book(c, order, str_fmt(c->mem, "dispute:%" PRId64 ":%" PRId64, dispute, n),
        currency, accounts, amounts, 2, &fresh);
}
