/* What clients of the API were answered. A client that has lost an answer asks again with the
 * same key and hears the same, to the byte; the thing itself is done once. */
#include "orders/orders_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "web/web.h"
#include "work/work.h"

#define KEPT    (3 * DAY)
#define PURPOSE "answer" /* sealed: it may hold what only its client is to know */

static str hash_of(struct ctx *c, str asked) { return crypto_sha256_hex(c->mem, asked); }

/* An answer is the person's for whom it is asked; a key, too, asks for the one who made it, and has
 * nothing else of theirs. Who it was before. */
static i64 as_person(struct ctx *c, i64 person)
{
    i64 before = c->scope.person;
    c->scope.person = person;
    return before;
}

static int read_answer(struct ctx *c, const struct orders_ask *ask, struct orders_answer *out)
{
    struct node *row;
    when at = 0;
    i64 before = as_person(c, ask->person);
    int err = q_orders_answer(c, &row, ask->person, ask->key);
    as_person(c, before);
    TRY(err);
    if (!row) /* forgotten this very moment */
        return fail(c, E_CONFLICT, "orders.key", "Please choose a new Idempotency-Key.");
    if (!crypto_equal(node_str(row, "asked"), hash_of(c, ask->asked)))
        return fail(c, E_CONFLICT, "orders.key_used",
            "This Idempotency-Key was used before, for something else.");
    str sealed = node_str(row, "answer");
    out->order = node_int(row, "order_id");
    out->status = (int)node_int(row, "status");
    out->text = str_none;
    if (sealed.n && !crypto_unseal(c->mem, c->app->secret, PURPOSE, sealed, &out->text))
        return fail_detail(c, E_INTERNAL, "orders.answer", "an answer cannot be unsealed");
    out->is_young = when_parse(node_str(row, "created_at"), &at) && c->now - at < 5 * SECOND;
    return E_OK;
}

int orders_ask(struct ctx *c, const struct orders_ask *ask, struct orders_answer *out)
{
    struct node *row;
    i64 before = as_person(c, ask->person);
    int err = q_orders_ask(c, &row, ask->person, ask->key, hash_of(c, ask->asked));
    as_person(c, before);
    TRY(err);
    *out = (struct orders_answer){ 0 };
    out->is_first = row != NULL;
    return row ? E_OK : read_answer(c, ask, out);
}

int orders_ask_again(struct ctx *c, const struct orders_ask *ask, struct orders_answer *out)
{
    *out = (struct orders_answer){ 0 };
    return read_answer(c, ask, out);
}

int orders_ask_is_of(struct ctx *c, const struct orders_ask *ask, i64 order)
{
    i64 before = as_person(c, ask->person);
    int err = q_orders_answer_order(c, NULL, ask->person, ask->key, order);
    as_person(c, before);
    return err;
}

int orders_keep_answer(struct ctx *c, const struct orders_ask *ask, struct orders_answer *answer)
{
    i64 changed, before = as_person(c, ask->person);
    int err = q_orders_keep_answer(c, &changed, ask->person, ask->key, answer->status,
        crypto_seal(c->mem, c->app->secret, PURPOSE, answer->text));
    as_person(c, before);
    TRY(err);
    return changed ? E_OK : orders_ask_again(c, ask, answer);
}

int orders_forget_answers(struct ctx *c) { return q_orders_forget_answers(c, NULL, c->now - KEPT); }
