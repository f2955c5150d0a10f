#include "payments/payments_in.h"
#include "io/io.h"
#include "web/web.h"

/* Only stores what was signed, and answers; the job applies it. Nothing else is done here, so
 * that a thousand copies cost a thousand inserts that do nothing. */
static int webhook(struct req *r)
{
    struct saying said = { .provider = S("stripe"), .body = r->body };
    int err = provider_stripe.verify(&r->c, r->body, in_header(r, "stripe-signature"));
    if (!err)
        err = provider_stripe.event_id(&r->c, r->body, &said.id, &said.kind);
    metric_add(r->c.app, err ? "webhooks_refused_total" : "webhooks_total", 1);
    TRY(err);
    TRY(payments_note(&r->c, &said));
    return reply_raw(r, 200, S("application/json"), S("{\"received\":true}"));
}

ROUTES(payments){
    ROUTE(POST, "/payments/stripe/webhook", ANYONE, NULL, webhook, NULL, RATE_HOOK, RAW | BARE),
    END_OF_ROUTES,
};
