/* Shared within payments/. */
#pragma once
#include "payments/payments.h"
#include "payments/provider.h"

/* Something a provider said, to be stored once; `payments_note` is for pg_tx. */
struct saying {
    str provider, id, kind, body;
    bool fresh;
};
int payments_note(struct ctx *, void *saying);

/* The provider has said a clear no to a request that it never carried out, also not under this
 * key before: what was asked for does not exist and will not. */
#define IS_REFUSED(c) (str_is((c)->fault.key, "payments.refused") || IS_SUM_REFUSED(c))
/* ... and would say so however often it is asked: it takes no such sum. */
#define IS_SUM_REFUSED(c) str_is((c)->fault.key, PAYMENTS_SUM)

/* It keeps a failure of its own under the key, and answers with it for a day. What was asked for may
 * exist there; but nobody was ever told where, nor will be: nobody can pay it. */
#define PAYMENTS_LOST "payments.lost"
/* Under this key nothing will be opened any more. */
#define IS_OVER(c) (IS_REFUSED(c) || str_is((c)->fault.key, PAYMENTS_LOST))

/* It has too much to do just now, as it says itself. */
#define PAYMENTS_BUSY "payments.busy"

/* What was just told of an order whose buyer is forgotten already: it has its attempt with it. */
int payments_erase_told(struct ctx *, i64 order);

/* ledger.c: one transaction per cause; E_OK with *fresh false when it is booked already. */
int ledger_book(struct ctx *, i64 order, str cause, str currency, const str *accounts,
    const i64 *amounts, size_t n, bool *fresh);
int ledger_refund(struct ctx *, i64 order, i64 refund, i64 amount, str currency, bool *fresh);
int ledger_unrefund(struct ctx *, i64 order, i64 refund, i64 amount, str currency, bool *fresh);
/* Money from one of the ledger's accounts to another, for the nth time of this dispute. */
int ledger_dispute(struct ctx *, i64 order, i64 dispute, i64 n, str from, str to, i64 amount,
    str currency);

/* stripe.c, for stripe_hook.c: a call as each other, and one that is made once, whatever the circuit
 * says, and waits 8 s at most. */
struct http_answer;
int stripe_call(struct ctx *, const char *method, str path, str form, str key, int *status,
    struct node **answer, str *body);
int stripe_once(struct ctx *, str path, struct http_answer *);
#define STRIPE_VERSION "2026-07-29.dahlia"
int stripe_hooks(struct ctx *, size_t pages, struct provider_hook *, size_t most, size_t *n);
int stripe_set_hook(struct ctx *, str id, str url, str *secret);

/* service.c: NULL: none is configured. */
const struct provider *payments_configured(struct ctx *);

/* dispute.c: of an attempt of ours, whose order is locked. */
int dispute_apply(struct ctx *, const struct provider_news *, const struct node *attempt,
    i64 event, struct payment_change *);

/* circuit.c: after five failures in a row, or three calls that hung, nobody waits for a provider
 * that does not answer; half a minute later one tries again, and the next failure opens it anew. Who
 * was told that it is not open says how it went. */
bool circuit_is_open(struct ctx *, const char *provider, bool *has_failed);
void circuit_failed(struct ctx *, const char *provider, i64 waited_us); /* with its fault */
void circuit_worked(struct ctx *, const char *provider); /* of use where it had failed */
