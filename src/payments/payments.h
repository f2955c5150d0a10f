/* payments: money from buyers, by providers, and the ledger that proves it.
 *
 * Owns schema payments. It knows an order by its id, amount and currency, given by the
 * caller. What a provider says is stored as an event once and applied by orders/jobs.c, which
 * locks order -> payment -> stock. An attempt is committed before the provider is called; a
 * lost answer is found again by its idempotency key. The client is never believed. */
#pragma once
#include "base/base.h"

/* On the provider's own page, or by an intent that the buyer's program confirms with its client
 * secret (which is for the buyer alone: never in a log). */
enum payment_way { PAY_ON_PAGE, PAY_BY_INTENT };
struct payment_order { /* what payments needs to know of an order */
    i64 id, amount;
    str number, currency, email, lang, what; /* what: one line on the provider's page */
    str success_url, cancel_url;
    when hold_until;
    enum payment_way way;
};
struct payment_opened {
    str url;                       /* PAY_ON_PAGE */
    str payment_id, client_secret; /* PAY_BY_INTENT */
};
/* Opens (or finds again) the one open attempt of an order at the provider; one of the other way
 * is closed there first. Calls outside: only from SLOW routes and jobs, never inside a
 * transaction. E_PROVIDER: not now, the order stays; E_CONFLICT PAYMENTS_SUM: never. */
int payments_start(struct ctx *, str provider, const struct payment_order *,
    struct node *attempt, struct payment_opened *);
/* It takes no payment of such a sum, whoever asks: payments_start has failed with that. */
#define PAYMENTS_SUM "payments.sum"
/* The least that the provider takes, in minor units, as far as it says so; 0: not known. */
i64 payments_least(str provider, str currency);
/* False: nobody can pay or be given back such a sum there, it is too fine. */
bool payments_takes(str provider, str currency, i64 amount);
/* The order's open attempt, made unless there is one; NULL: another is just ending. In a batch it is
 * there after pg_flush. payments_start takes it (NULL: looks for it) and goes on. */
int payments_attempt(struct ctx *, str provider, const struct payment_order *, struct node **);
/* Makes the page or intent of an order's open attempt unusable. *settled: too late, it is
 * paid or being paid. E_PROVIDER: cannot be asked now. Outside any transaction. */
int payments_expire(struct ctx *, i64 order, bool *settled);
/* Who paid for an order goes out of what was asked for, and by a job out of what the provider told
 * us; amounts, states and ids stay. */
int payments_erase(struct ctx *, i64 order);
/* Asks the provider what became of an attempt and stores the answer as an event. */
int payments_ask(struct ctx *, i64 attempt);
/* The same for the money that goes back of an attempt. */
int payments_ask_refunds(struct ctx *, i64 attempt);
/* Gives back `amount` of an order's captured money, the newest capture first: rows and jobs
 * in the caller's transaction; a job asks the provider, and its answer comes as an event. The
 * same key again changes nothing, unless what it asked for has failed: *is_new (or NULL) says
 * whether it did. E_CONFLICT when it is more than was captured. */
int payments_refund(
    struct ctx *, i64 order, i64 amount, str reason, str key, i64 by_person, bool *is_new);
/* So many rows has an order of it, whatever became of them: it only grows. */
int payments_count_refunds(struct ctx *, i64 order, i64 *n);
/* Stores what a provider says, once, with the job that applies it. */
int payments_store(struct ctx *, str provider, str event_id, str kind, str body, bool *fresh);
/* Captured and not given back nor on its way back. */
int payments_kept(struct ctx *, i64 order, i64 *amount);
/* {id} of those of these orders of whose captured money nothing is kept, nor with a bank: all of it
 * has gone back or is on its way. */
int payments_leaving(struct ctx *, const i64 *orders, size_t n, struct node **);
/* An attempt that may still be paid, as our own rows say. */
int payments_is_open(struct ctx *, i64 order, bool *open);
/* ... and whose buyer payments_start sends there at once. */
int payments_is_ready(struct ctx *, i64 order, enum payment_way, bool *ready);
int payments_of_order(struct ctx *, i64 order, struct node **attempts, struct node **refunds);
/* What the provider has given back of what the order cost: {amount, currency, at}. */
int payments_given_back(struct ctx *, i64 order, struct node **refunds);
/* By the ledger: nothing that was taken in for the order is kept. */
int payments_is_all_back(struct ctx *, i64 order, i64 *captured, bool *is_all);
/* What buyers' banks take, or took, of the order: it is not kept, and cannot go back again. */
int payments_disputed(struct ctx *, i64 order, i64 *amount);
/* {id, amount, currency, reason, state, is_answered, due_at, opened_at, closed_at, payment_id,
 * desk_url: on the provider's pages} */
int payments_disputes_of(struct ctx *, i64 order, struct node **disputes);
int payments_dispute_of(struct ctx *, i64 dispute, struct node **);
/* Of a row {provider, payment_id}: desk_url. */
void payments_name_desk(struct ctx *, struct node *dispute);
/* {id} of those that nobody has answered and whose time runs out; reminded: {id, order_id, state},
 * NULL when that was said, or is no longer so. */
int payments_disputes_due(struct ctx *, struct node **);
int payments_dispute_reminded(struct ctx *, i64 dispute, struct node **);
/* Asks the provider about a dispute and stores the answer as an event; 0: about those of late. */
int payments_ask_dispute(struct ctx *, i64 dispute);
/* {amount, currency, reason, state, error, ...} */
int payments_refund_of(struct ctx *, i64 refund, struct node **out);

/* Whether the configured provider takes our key, by a call that changes nothing; *now: its clock, 0
 * when it says none. *provider is empty when none is configured. */
int payments_try(struct ctx *, str *provider, when *now);

/* What of its news the configured provider sends to this shop: by which of its hooks that have our
 * address, the best of them. */
struct payment_hook {
    str provider, url;  /* ours; empty: no provider is configured */
    str id;             /* empty: none has our address */
    size_t same;        /* so many have it, each with a secret of its own */
    bool is_enabled;
    str version, spoken;         /* of events, empty: the account's own; and ours */
    struct node *missing, *idle; /* kinds: needed and not chosen, and the other way ("*": all) */
};
/* E_DENIED, PAYMENTS_RIGHT: our key may not look. quick: one call at most. */
int payments_find_hook(struct ctx *, bool quick, struct payment_hook *);
/* Makes one (*secret: what signs its events, shown this once), or has the one that was found send what
 * is needed and no more. */
int payments_set_hook(struct ctx *, const struct payment_hook *, str *secret);
#define PAYMENTS_RIGHT "payments.right"
/* The kinds that are enough, up to NULL; of the configured provider, or else of the first. */
const char *const *payments_kinds(struct ctx *);

/* What a stored event means, for orders/jobs.c. Runs in its transaction with the order
 * locked. */
enum payment_news {
    NEWS_NONE,
    NEWS_PAID,
    NEWS_FAILED,
    NEWS_PROCESSING,
    NEWS_EXPIRED,
    NEWS_REFUNDED,
    NEWS_REFUND_FAILED,
    NEWS_DECLINED,
    NEWS_MISMATCH,
    NEWS_DISPUTED
};
/* How far a dispute has come by this news. */
enum dispute_step {
    DISPUTE_INQUIRED = 1, /* the bank asks; no money moves */
    DISPUTE_OPENED = 2,   /* it takes the payment back */
    DISPUTE_ANSWERED = 4,
    DISPUTE_WITHDRAWN = 8,
    DISPUTE_REINSTATED = 16,
    DISPUTE_WON = 32,
    DISPUTE_LOST = 64,
    DISPUTE_CLOSED = 128 /* it asked, and that was all */
};
struct payment_change {
    enum payment_news news;
    i64 order, attempt, amount;
    str currency, error;
    i64 refund; /* whose news it is, and why money was to go back */
    i64 dispute;
    unsigned steps; /* enum dispute_step */
    when due;       /* until when the bank hears an answer; 0: it hears none */
    str reason;
    /* After news of a refund or a dispute, of the whole order by the ledger: lost to banks for
     * good; and what they are still to decide on. */
    i64 captured, refunded, lost, disputed;
};
/* A stored event as it is read. */
struct payment_event;
int payments_event(struct ctx *, i64 id, struct payment_event **);
/* Whose it is; 0: not one of ours. */
int payments_event_order(struct ctx *, struct payment_event *, i64 *order);
/* It names its payment by what we learn as that is paid, which may be said after this. */
bool payments_may_wait(const struct payment_event *);
/* Whether the job of an event knows that it says an attempt was paid, and what of it. */
struct payment_paid {
    str provider, key, payment_id, currency;
    i64 amount;
};
bool payments_says_paid(const struct node *data, struct payment_paid *);
/* Ours that it speaks of, as it is now; NULL: none. One query: with the order's lock. */
int payments_attempt_of(struct ctx *, const struct payment_event *, struct node **attempt);
int payments_apply(struct ctx *, const struct payment_event *, const struct node *attempt, i64 order,
    struct payment_change *);
int payments_event_done(
    struct ctx *, const struct payment_event *, i64 order, str outcome, bool is_news);
struct app;
/* Play money does not buy real goods: test keys and open wires are refused in production. */
void payments_check(const struct app *, struct buf *errors);
