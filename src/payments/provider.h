/* provider: one struct of functions per payment provider; payments/<name>.c ends with one. */
#pragma once
#include "base/base.h"

struct provider_page { /* or intent: without session and url */
    str session_id, payment_id, url, client_secret;
};
struct provider_said { /* one of the provider's objects as it is now, as an event to be stored */
    str event_id, kind, body;
};
/* What one of the provider's objects says about one of our attempts. */
enum provider_fact {
    FACT_NONE,
    FACT_PAID,
    FACT_PROCESSING,
    FACT_FAILED,
    FACT_DECLINED,
    FACT_EXPIRED,
    FACT_REFUNDED,
    FACT_REFUND_FAILED,
    FACT_LOOK_AT_REFUNDS, /* something went back: each refund is to be asked for */
    FACT_DISPUTED         /* the buyer's bank asks about it, or takes it back */
};
struct provider_dispute {
    str id, reason, state; /* state: as payments.dispute has it */
    i64 due, opened;       /* in seconds; due 0: no answer is heard */
    i64 movements;         /* of money so far; is_out: by their sum it is not with us */
    bool is_out, is_answered, is_asked; /* asked: the object as it was then, no event of one step */
};
struct provider_news {
    enum provider_fact fact;
    str session_id, payment_id, attempt_key, refund_id, refund_key; /* how to find ours */
    i64 amount; /* captured or refunded, minor units */
    str currency, error;
    i64 at;         /* by the provider's clock, in seconds */
    bool of_intent; /* said of the payment itself, not of a page */
    struct provider_dispute dispute;
};
struct provider_hook { /* where its events go */
    str id, url;
    str version; /* of its API, that they are written in; empty: the account's own */
    bool is_enabled;
    const struct node *kinds; /* texts, as chosen; "*": all there are */
};
struct provider {
    const char *name;
    const char *version;      /* of its API, that we speak */
    const char *const *kinds; /* of events: those that are enough, up to NULL */
    bool (*is_configured)(struct ctx *);
    /* The least charge it publishes for a currency, in minor units; 0: none. */
    i64 (*least)(str currency);
    /* Can it write such a sum? Of some currencies it takes whole units, or no last decimal. */
    bool (*takes)(str currency, i64 amount);
    /* Opens the page where the buyer pays, or the intent; the same attempt again finds the same. */
    int (*open)(struct ctx *, const struct node *attempt, struct provider_page *);
    /* Makes page or intent unusable. What it is after that is in *body, as `ask` gives it. */
    int (*expire)(struct ctx *, const struct node *attempt, str *event_id, str *kind, str *body);
    /* The provider's own object as it is now, as an event to be stored. */
    int (*ask)(struct ctx *, const struct node *attempt, str *event_id, str *kind, str *body);
    int (*refund)(struct ctx *, const struct node *refund, str *event_id, str *kind, str *body);
    /* Every refund of an attempt, as events. */
    int (*ask_refunds)(
        struct ctx *, const struct node *attempt, struct provider_said *, size_t most, size_t *n);
    /* One dispute; without an id those that were opened since then, the newest of them. */
    int (*ask_disputes)(struct ctx *, str id, when since, struct provider_said *, size_t most,
        size_t *n);
    /* Where staff look at a payment, on the provider's own pages. */
    str (*desk_url)(struct ctx *, str payment_id);
    /* Raw body and signature header -> theirs? Fails closed without a secret. */
    int (*verify)(struct ctx *, str body, str signature);
    int (*event_id)(struct ctx *, str body, str *event_id, str *kind);
    int (*news)(struct ctx *, str kind, str body, struct provider_news *);
    /* A call that changes nothing: does it take our key? *now: its clock, 0 when it says none. */
    int (*check)(struct ctx *, when *now);
    /* What it sends events to, at most so many pages of its list; each is asked for once, for 8 s at
     * most. PAYMENTS_RIGHT: our key may not look. */
    int (*hooks)(struct ctx *, size_t pages, struct provider_hook *, size_t most, size_t *n);
    /* Has `kinds` sent to that address, by a new hook (no id; *secret is what signs, shown this
     * once), or by that one. */
    int (*set_hook)(struct ctx *, str id, str url, str *secret);
};
extern const struct provider provider_stripe;
const struct provider *provider_named(str name);
