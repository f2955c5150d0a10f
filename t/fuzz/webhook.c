/* webhook.c: what claims to come from the payment provider: signature, event, and what the event
 * means. A body that nobody has signed must leave nothing behind. */
#include "t/fuzz/fuzz.h"
#include "payments/payments_in.h"

static bool is_stored;

static struct node *rows(struct ctx *c, const char *query)
{
    (void)c;
    is_stored |= str_find(str_of(query), S("payments.")) == 0;
    return NULL;
}

/* The header holds the digest of this very body, and says a time within five minutes. */
static bool is_signed(struct ctx *c, str header, str body)
{
    str part, at = str_none, rest = header;
    i64 seconds, now = c->now / SECOND;
    while (str_cut(&rest, ',', &part))
        if (str_starts(part, S("t=")))
            at = str_from(part, 2);
    if (!str_int(at, &seconds) || seconds < now - 300 || seconds > now + 300)
        return false;
    struct buf message = buf_new(c->mem, at.n + body.n + 1);
    buf_add(&message, at);
    buf_char(&message, '.');
    buf_add(&message, body);
    str digest = crypto_hmac_sha256_hex(c->mem, S("whsec_fuzz"), buf_str(&message));
    return str_find(header, str_fmt(c->mem, "v1=%.*s", STR(digest))) >= 0;
}

static void check_news(struct ctx *c, str kind, str body)
{
    struct provider_news news = { 0 };
    if (provider_stripe.news(c, kind, body, &news))
        return;
    holds(str_is_utf8(news.payment_id) && str_is_utf8(news.session_id));
    holds(str_is_utf8(news.attempt_key) && str_is_utf8(news.currency) && str_is_utf8(news.error));
}

/* The signature's header; below it the body. */
FUZZ(webhook)
{
    str header = fuzz_line(&input), id, kind;
    str extra[] = { S("HTTP_ACCEPT"), S("application/json"), S("HTTP_STRIPE_SIGNATURE"), header,
        S("") };
    struct answer answer;
    fuzz_rows = rows;
    is_stored = false;
    int status = fuzz_send(c,
        &(struct fuzz_request){
            "POST", "application/json", S("/payments/stripe/webhook"), input, extra },
        &answer);
    holds(status == 200 || status == 400);
    holds(status == 400 || is_signed(c, header, input));
    holds(is_stored == (status == 200));
    static const char *const kinds[] = { "checkout.session.completed", "payment_intent.succeeded",
        "payment_intent.payment_failed", "checkout.session.async_payment_failed",
        "charge.refund.updated" };
    if (!provider_stripe.event_id(c, input, &id, &kind)) {
        holds(id.n && id.n <= 200 && kind.n && kind.n <= 100);
        check_news(c, kind, input);
    }
    for (size_t i = 0; i < COUNT(kinds); i++)
        check_news(c, str_of(kinds[i]), input);
}
