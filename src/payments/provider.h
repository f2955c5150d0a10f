/* provider: one struct of functions per payment provider; payments/<name>.c ends with one. */
#pragma once
#include "base/base.h"

struct provider_page {
    str session_id, payment_id, url;
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
    FACT_REFUND_FAILED
};
struct provider_news {
    enum provider_fact fact;
    str session_id, payment_id, attempt_key, refund_id, refund_key; /* how to find ours */
    i64 amount; /* captured or refunded, minor units */
    str currency, error;
};
struct provider {
    const char *name;
    bool (*is_configured)(struct ctx *);
    /* Opens the page where the buyer pays; the same attempt again finds the same page. */
    int (*open)(struct ctx *, const struct node *attempt, struct provider_page *);
    /* Makes the page unusable. What it is after that is in *body, as `ask` gives it. */
    int (*expire)(struct ctx *, const struct node *attempt, str *event_id, str *kind, str *body);
    /* The provider's own object as it is now, as an event to be stored. */
    int (*ask)(struct ctx *, const struct node *attempt, str *event_id, str *kind, str *body);
    int (*refund)(struct ctx *, const struct node *refund, str *event_id, str *kind, str *body);
    /* Raw body and signature header -> theirs? Fails closed without a secret. */
    int (*verify)(struct ctx *, str body, str signature);
    int (*event_id)(struct ctx *, str body, str *event_id, str *kind);
    int (*news)(struct ctx *, str kind, str body, struct provider_news *);
};
extern const struct provider provider_stripe;
const struct provider *provider_named(str name);
