/* provider: one struct of functions per payment provider; payments/<name>.c ends with one. */
#pragma once
#include "base/base.h"

struct provider_page {
    str session_id, payment_id, url, error;
};
enum provider_state { PAY_OPEN, PAY_PROCESSING, PAY_PAID, PAY_EXPIRED, PAY_FAILED };
struct provider {
    const char *name;
    bool (*is_configured)(struct ctx *);
    /* Opens a page where the buyer pays. `key`: idempotency key. */
    int (*open)(struct ctx *, const struct node *attempt, const struct node *order,
        struct provider_page *);
    int (*expire)(struct ctx *, const struct node *attempt, enum provider_state *);
    /* The provider's own object as it is now, as an event body to be stored. */
    int (*ask)(struct ctx *, const struct node *attempt, str *event_id, str *kind, str *body);
    int (*refund)(struct ctx *, const struct node *refund, const struct node *attempt,
        str *provider_id, str *state);
    /* Raw body and headers -> is it really theirs? Fails closed without a secret. */
    int (*verify)(struct ctx *, str body, const struct node *headers);
    int (*read)(struct ctx *, str body, str *event_id, str *kind, struct node **event);
};
extern const struct provider provider_stripe;
const struct provider *provider_named(str name);
