/* Stripe by its hosted page (Checkout Sessions), and by PaymentIntents for other programs. The wire
 * as in Stripe's API reference, version pinned below: form-encoded requests, JSON answers,
 * HMAC-signed events. */
#include "payments/payments_in.h"
#include "io/io.h"
#include "web/web.h"
#include <time.h>

#define NAME         "stripe"
#define VERSION      STRIPE_VERSION
#define TOLERANCE_S  300
#define MOST_ANSWER  ((size_t)4 << 20)
#define MOST_REQUEST 8192
#define NAP_MOST_S   2 /* as long a rest as it may want before it is asked again */

static str conf_of(struct ctx *c, const char *key) { return conf_str(c->app->conf, key, str_none); }

static bool is_configured(struct ctx *c)
{
    return conf_of(c, "stripe_key").n && conf_of(c, "stripe_base").n;
}

static bool is_live(struct ctx *c)
{
    return str_starts(conf_of(c, "stripe_key"), S("sk_live_")) ||
        str_starts(conf_of(c, "stripe_key"), S("rk_live_"));
}

void payments_check(const struct app *app, struct buf *errors)
{
    str key = conf_str(app->conf, "stripe_key", str_none);
    if (!app->production || app->staging || !key.n)
        return;
    if (str_starts(key, S("sk_test_")) || str_starts(key, S("rk_test_")))
        buf_add(errors,
            S("stripe_key: a test key sells real goods for play money; to try the "
              "shop out, mode = staging\n"));
    app_wants_https(app, "stripe_base", errors);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* As it publishes them (docs.stripe.com/currencies). Of other currencies the least is that of the
 * account's own, at the day's rate: only it knows. */
static const struct {
    const char *currency;
    i64 amount;
} leasts[] = { { "AED", 200 }, { "AUD", 50 }, { "BGN", 100 }, { "BRL", 50 }, { "CAD", 50 },
    { "CHF", 50 }, { "CZK", 1500 }, { "DKK", 250 }, { "EUR", 50 }, { "GBP", 30 }, { "HKD", 400 },
    { "HUF", 17500 }, { "INR", 50 }, { "JPY", 50 }, { "MXN", 1000 }, { "MYR", 200 },
    { "NOK", 300 }, { "NZD", 50 }, { "PLN", 200 }, { "RON", 200 }, { "SEK", 300 }, { "SGD", 50 },
    { "THB", 1000 }, { "USD", 50 } };

static i64 least(str currency)
{
    for (size_t i = 0; i < COUNT(leasts); i++)
        if (str_is(currency, leasts[i].currency))
            return leasts[i].amount;
    return 0;
}

/* Where it counts in other units than ISO 4217 (same page): a sum of ours is sent times `up`, or
 * divided by `down`, and must be so many whole `steps`. */
static const struct unit {
    const char *currency;
    i64 up, down, step;
} units[] = { { "ISK", 100, 1, 100 }, { "UGX", 100, 1, 100 }, { "MGA", 1, 100, 1 },
    { "BHD", 1, 1, 10 }, { "JOD", 1, 1, 10 }, { "KWD", 1, 1, 10 }, { "OMR", 1, 1, 10 },
    { "TND", 1, 1, 10 } };

static struct unit unit_of(str currency)
{
    for (size_t i = 0; i < COUNT(units); i++)
        if (str_is(currency, units[i].currency))
            return units[i];
    return (struct unit){ NULL, 1, 1, 1 };
}

/* False: it takes no such sum. */
static bool to_wire(str currency, i64 amount, i64 *wire)
{
    struct unit u = unit_of(currency);
    if (amount % u.down || !money_times(amount / u.down, u.up, wire))
        return false;
    return *wire % u.step == 0;
}

/* Of a sum that no purse could hold: 0, which is nobody's. */
static i64 from_wire(str currency, i64 wire)
{
    struct unit u = unit_of(currency);
    i64 amount;
    return money_times(wire / u.up, u.down, &amount) ? amount : 0;
}

static bool takes(str currency, i64 amount)
{
    i64 wire;
    return to_wire(currency, amount, &wire);
}

/* Of a row with amount and currency. */
static int wire_of(struct ctx *c, const struct node *row, i64 *wire)
{
    return to_wire(node_str(row, "currency"), node_int(row, "amount"), wire)
        ? E_OK
        : fail_detail(c, E_PROVIDER, PAYMENTS_SUM, "a sum that stripe cannot write");
}

/* ---- requests ------------------------------------------------------------------------------ */

static void field_int(struct ctx *c, struct buf *form, const char *key, i64 value)
{
    escape_field(form, key, str_fmt(c->mem, "%" PRId64, value));
}

/* A clear no: nothing was done. 400 for a key that was used before, with other words, is none:
 * then something may have been done by it. */
static bool is_no(int status, const struct node *answer)
{
    return status == 400 &&
        !str_is(node_str(node_get(answer, S("error")), "type"), "idempotency_error");
}

static const char *key_of_no(const struct node *error)
{
    str code = node_str(error, "code");
    return str_is(code, "amount_too_small") || str_is(code, "amount_too_large")
        ? PAYMENTS_SUM
        : "payments.refused";
}

/* Stripe's error object, for our log: type and code, never the message (it may name people). */
static int refused(struct ctx *c, int status, const struct node *answer)
{
    const struct node *error = node_get(answer, S("error"));
    return fail_detail(c, E_PROVIDER,
        is_no(status, answer) ? key_of_no(error) : "payments.stripe",
        "status %d type %.*s code %.*s", status, STR(node_str(error, "type")),
        STR(node_str(error, "code")));
}

/* The first answer under a key is the answer for a day, also that something went wrong; from the
 * second time on it is marked. So whoever asked first has heard no more than this. */
static bool is_kept_failure(const struct http_answer *got)
{
    return got->status >= 500 && str_is(node_str(got->headers, "idempotent-replayed"), "true");
}

/* When it says, or in a second, a little apart from others who were told the same. */
static bool is_soon(const struct http_answer *got, i64 *us)
{
    i64 seconds;
    uint32_t chance;
    crypto_random(&chance, sizeof chance);
    if (!str_int(node_str(got->headers, "retry-after"), &seconds))
        seconds = 1;
    if (seconds < 0 || seconds > NAP_MOST_S)
        return false;
    *us = seconds * SECOND + chance % (SECOND / 2);
    return true;
}

static int call_again(
    struct ctx *c, const struct http_call *request, i64 nap_us, struct http_answer *got)
{
    nanosleep(&(struct timespec){ nap_us / SECOND, nap_us % SECOND * 1000 }, NULL);
    return http_call(c, request, got);
}

/* One call; *status is Stripe's. E_PROVIDER when no whole answer came, when it was 5xx or 429,
 * or when the circuit is open. */
static int call(struct ctx *c, const char *method, str path, str form, str key, int *status,
    struct node **answer, str *body)
{
    str base = conf_of(c, "stripe_base"), secret = conf_of(c, "stripe_key");
    str headers[] = {
        str_fmt(c->mem, "Authorization: Bearer %.*s", STR(secret)),
        S("Stripe-Version: " VERSION),
        S("Content-Type: application/x-www-form-urlencoded"),
        str_fmt(c->mem, "Idempotency-Key: %.*s", STR(key)),
    };
    struct http_call request = { .method = method,
        .body = form,
        .headers = headers,
        .n_headers = key.n ? 4 : 3,
        .ceiling = MOST_ANSWER,
        .flags = c->app->production && !c->app->staging ? 0 : HTTP_PRIVATE_OK,
        .url = str_fmt(c->mem, "%.*s%.*s", STR(base), STR(path)) };
    struct http_answer got = { 0 };
    bool has_failed;
    i64 nap_us;
    if (!is_configured(c))
        return fail_detail(c, E_PROVIDER, "payments.stripe", "stripe_key is not configured");
    if (circuit_is_open(c, NAME, &has_failed))
        return fail_detail(c, E_PROVIDER, "payments.circuit", "stripe has not answered lately");
    i64 began = when_ticks();
    int err = http_call(c, &request, &got);
    if (!err && is_kept_failure(&got))
        err = fail_detail(c, E_PROVIDER, PAYMENTS_LOST, "status %d, as before", got.status);
    if (!err && got.status == 429 && is_soon(&got, &nap_us))
        err = call_again(c, &request, nap_us, &got);
    if (!err && got.status == 429)
        err = fail_detail(c, E_PROVIDER, PAYMENTS_BUSY, "status 429");
    if (!err && json_read(c, got.body, answer))
        err = fail_detail(
            c, E_PROVIDER, "payments.stripe", "status %d, body is not JSON", got.status);
    if (!err && got.status >= 500)
        err = refused(c, got.status, *answer);
    if (err) {
        circuit_failed(c, NAME, when_ticks() - began);
        return err;
    }
    if (has_failed)
        circuit_worked(c, NAME);
    *status = got.status;
    *body = got.body;
    return E_OK;
}

int stripe_call(struct ctx *c, const char *method, str path, str form, str key, int *status,
    struct node **answer, str *body)
{
    return call(c, method, path, form, key, status, answer, body);
}

static bool is_intent(const struct node *attempt)
{
    return str_is(node_str(attempt, "kind"), "intent");
}

/* What the buyer's program confirms with the client secret; whichever ways to pay the account
 * offers. */
static int open_intent(struct ctx *c, const struct node *attempt, struct provider_page *page)
{
    const struct node *request = node_get(attempt, S("request"));
    struct buf form = buf_new(c->mem, MOST_REQUEST);
    struct node *answer;
    int status;
    str body;
    i64 amount;
    TRY(wire_of(c, attempt, &amount));
    field_int(c, &form, "amount", amount);
    escape_field(&form, "currency", str_lower(c->mem, node_str(attempt, "currency")));
    escape_field(&form, "automatic_payment_methods[enabled]", S("true"));
    escape_field(&form, "description", node_str(request, "what"));
    escape_field(&form, "receipt_email", node_str(request, "email"));
    escape_field(&form, "metadata[order_id]", node_str(request, "number"));
    escape_field(&form, "metadata[attempt]", node_str(attempt, "key"));
    TRY(call(c, "POST", S("/v1/payment_intents"), buf_str(&form), node_str(attempt, "key"), &status,
        &answer, &body));
    if (status != 200)
        return refused(c, status, answer);
    *page = (struct provider_page){ .payment_id = node_str(answer, "id"),
        .client_secret = node_str(answer, "client_secret") };
    return page->payment_id.n && page->client_secret.n
        ? E_OK
        : fail_detail(c, E_PROVIDER, "payments.stripe", "an intent without id or secret");
}

/* ---- the page -------------------------------------------------------------------------------- */

static int open_page(struct ctx *c, const struct node *attempt, struct provider_page *page)
{
    const struct node *request = node_get(attempt, S("request"));
    struct buf form = buf_new(c->mem, MOST_REQUEST);
    struct node *answer;
    int status;
    i64 amount;
    if (is_intent(attempt))
        return open_intent(c, attempt, page);
    TRY(wire_of(c, attempt, &amount));
    str body, currency = str_lower(c->mem, node_str(attempt, "currency"));
    escape_field(&form, "mode", S("payment"));
    escape_field(&form, "line_items[0][quantity]", S("1"));
    escape_field(&form, "line_items[0][price_data][currency]", currency);
    field_int(c, &form, "line_items[0][price_data][unit_amount]", amount);
    escape_field(&form, "line_items[0][price_data][product_data][name]", node_str(request, "what"));
    escape_field(&form, "client_reference_id", node_str(request, "number"));
    escape_field(&form, "metadata[order_id]", node_str(request, "number"));
    escape_field(&form, "metadata[attempt]", node_str(attempt, "key"));
    escape_field(&form, "payment_intent_data[metadata][order_id]", node_str(request, "number"));
    escape_field(&form, "payment_intent_data[metadata][attempt]", node_str(attempt, "key"));
    escape_field(&form, "customer_email", node_str(request, "email"));
    escape_field(&form, "success_url", node_str(request, "success_url"));
    escape_field(&form, "cancel_url", node_str(request, "cancel_url"));
    field_int(c, &form, "expires_at", node_int(request, "expires_at"));
    TRY(call(c, "POST", S("/v1/checkout/sessions"), buf_str(&form), node_str(attempt, "key"),
        &status, &answer, &body));
    if (status != 200)
        return refused(c, status, answer);
    *page = (struct provider_page){ node_str(answer, "id"), node_str(answer, "payment_intent"),
        node_str(answer, "url"), str_none };
    return E_OK;
}

/* Of a page that we asked for: its payment, unfolded. */
static const struct node *payment_of(const struct node *session)
{
    const struct node *payment = node_get(session, S("payment_intent"));
    return payment && payment->kind == N_MAP ? payment : NULL;
}

/* An object as it is now, stored like an event: its id says its state, so that asking twice
 * stores nothing twice. */
static void as_event(struct ctx *c, const struct node *object, str *event_id, str *kind)
{
    bool session = str_is(node_str(object, "object"), "checkout.session");
    *kind = str_fmt(c->mem, "%.*s.asked", STR(node_str(object, "object")));
    *event_id = str_fmt(c->mem, "asked:%.*s:%.*s:%.*s%s%.*s", STR(node_str(object, "id")),
        STR(node_str(object, "status")),
        STR(node_str(object, session ? "payment_status" : "latest_charge")),
        payment_of(object) ? ":" : "", STR(node_str(payment_of(object), "status")));
}

static str path_of(struct ctx *c, const struct node *attempt, const char *verb)
{
    bool intent = is_intent(attempt);
    return str_fmt(c->mem, "/v1/%s/%.*s%s", intent ? "payment_intents" : "checkout/sessions",
        STR(node_str(attempt, intent ? "payment_id" : "session_id")), verb);
}

/* One the provider knows nothing of (another account's, or its test data was cleared) cannot be
 * paid once its time is over. */
static void forgotten(struct ctx *c, const struct node *attempt, struct node *session, str *body)
{
    struct buf json = buf_new(c->mem, 4096);
    bool intent = is_intent(attempt);
    node_set_str(
        c->mem, session, S("object"), intent ? S("payment_intent") : S("checkout.session"));
    node_set_str(c->mem, session, S("id"), node_str(attempt, intent ? "payment_id" : "session_id"));
    node_set_str(c->mem, session, S("status"), intent ? S("canceled") : S("expired"));
    node_set_str(c->mem, session, S("payment_status"), S("unpaid"));
    json_store(&json, session);
    *body = buf_str(&json);
}

static int ask(struct ctx *c, const struct node *attempt, str *event_id, str *kind, str *body)
{
    struct node *session;
    when ends;
    int status;
    const char *unfold = is_intent(attempt) ? "" : "?expand[]=payment_intent";
    TRY(call(c, "GET", path_of(c, attempt, unfold), str_none, str_none, &status, &session, body));
    if (status == 404 && when_parse(node_str(attempt, "expires_at"), &ends) && ends < c->now)
        forgotten(c, attempt, session = node_map(c->mem), body);
    else if (status != 200)
        return refused(c, status, session);
    as_event(c, session, event_id, kind);
    return E_OK;
}

/* An open session becomes expired, an open intent canceled; any other answers 400, and then we
 * look what it is. */
static int expire(struct ctx *c, const struct node *attempt, str *event_id, str *kind, str *body)
{
    struct node *session;
    int status;
    bool intent = is_intent(attempt);
    TRY(call(c, "POST", path_of(c, attempt, intent ? "/cancel" : "/expire"),
        intent ? S("cancellation_reason=abandoned") : str_none, str_none, &status, &session, body));
    if (status != 200)
        return ask(c, attempt, event_id, kind, body);
    as_event(c, session, event_id, kind);
    return E_OK;
}

static int ask_refunds(
    struct ctx *c, const struct node *attempt, struct provider_said *list, size_t most, size_t *n)
{
    struct node *answer;
    int status;
    str body, payment = node_str(attempt, "payment_id");
    *n = 0;
    if (!payment.n)
        return E_OK;
    TRY(call(c, "GET", str_fmt(c->mem, "/v1/refunds?limit=100&payment_intent=%.*s", STR(payment)),
        str_none, str_none, &status, &answer, &body));
    if (status != 200)
        return refused(c, status, answer);
    EACH(item, node_get(answer, S("data"))) {
        struct buf json = buf_new(c->mem, MOST_ANSWER);
        if (*n == most)
            break;
        json_store(&json, &item->node);
        struct provider_said *said = &list[(*n)++];
        as_event(c, &item->node, &said->event_id, &said->kind);
        said->body = buf_str(&json);
    }
    return E_OK;
}

/* Without the evidence, which tells much of the buyer; and when it was like this. */
static void as_dispute(struct ctx *c, struct node *dispute, struct provider_said *said)
{
    struct buf json = buf_new(c->mem, MOST_ANSWER);
    i64 movements = (i64)node_count(node_get(dispute, S("balance_transactions")));
    node_set_null(c->mem, dispute, S("evidence"));
    node_set_int(c->mem, dispute, S("asked_at"), c->now / SECOND);
    json_store(&json, dispute);
    said->body = buf_str(&json);
    said->kind = S("dispute.asked");
    said->event_id = str_fmt(c->mem, "asked:%.*s:%.*s:%" PRId64 ":%" PRId64,
        STR(node_str(dispute, "id")), STR(node_str(dispute, "status")), movements,
        node_int(node_get(dispute, S("evidence_details")), "submission_count"));
}

/* One the provider knows nothing of, as of test data that was cleared, stays as it is. */
static int ask_disputes(struct ctx *c, str id, when since, struct provider_said *list, size_t most,
    size_t *n)
{
    struct node *answer;
    int status;
    str body, path = id.n
        ? str_fmt(c->mem, "/v1/disputes/%.*s", STR(id))
        : str_fmt(c->mem, "/v1/disputes?limit=100&created[gte]=%" PRId64, since / SECOND);
    *n = 0;
    TRY(call(c, "GET", path, str_none, str_none, &status, &answer, &body));
    if (id.n && status == 404)
        return E_OK;
    if (status != 200)
        return refused(c, status, answer);
    if (id.n)
        as_dispute(c, answer, &list[(*n)++]);
    else
        EACH(item, node_get(answer, S("data")))
            if (*n < most)
                as_dispute(c, (struct node *)&item->node, &list[(*n)++]);
    return E_OK;
}

static str desk_url(struct ctx *c, str payment_id)
{
    return str_fmt(c->mem, "https://dashboard.stripe.com/%spayments/%.*s",
        is_live(c) ? "" : "test/", STR(payment_id));
}

/* A clear no: news as well, for the order's page. */
static struct node *failed_refund(struct ctx *c, const struct node *row, str why, str *body)
{
    struct buf json = buf_new(c->mem, 4096);
    struct node *failed = node_map(c->mem), *metadata = node_map(c->mem);
    node_set_str(c->mem, metadata, S("refund"), node_str(row, "key"));
    node_set_str(c->mem, failed, S("object"), S("refund"));
    node_set_str(c->mem, failed, S("id"), node_str(row, "key"));
    node_set_str(c->mem, failed, S("status"), S("failed"));
    node_set_str(c->mem, failed, S("failure_reason"), why);
    node_set(c->mem, failed, S("metadata"), metadata);
    json_store(&json, failed);
    *body = buf_str(&json);
    return failed;
}

static int ask_to_refund(
    struct ctx *c, const struct node *row, i64 amount, struct node **answer, str *body)
{
    struct buf form = buf_new(c->mem, MOST_REQUEST);
    int status;
    escape_field(&form, "payment_intent", node_str(row, "payment_id"));
    field_int(c, &form, "amount", amount);
    escape_field(&form, "reason", S("requested_by_customer"));
    escape_field(&form, "metadata[refund]", node_str(row, "key"));
    TRY(call(
        c, "POST", S("/v1/refunds"), buf_str(&form), node_str(row, "key"), &status, answer, body));
    if (is_no(status, *answer))
        *answer = failed_refund(c, row, node_str(node_get(*answer, S("error")), "code"), body);
    else if (status != 200)
        return refused(c, status, *answer);
    return E_OK;
}

static int refund(struct ctx *c, const struct node *row, str *event_id, str *kind, str *body)
{
    struct node *answer;
    i64 amount;
    if (to_wire(node_str(row, "currency"), node_int(row, "amount"), &amount))
        TRY(ask_to_refund(c, row, amount, &answer, body));
    else /* asked for before that was looked at */
        answer = failed_refund(c, row, S("amount_too_fine"), body);
    *kind = S("refund.answered");
    *event_id = str_fmt(
        c->mem, "answered:%.*s:%.*s", STR(node_str(answer, "id")), STR(node_str(answer, "status")));
    return E_OK;
}

/* ---- events -----------------------------------------------------------------------------------
 */

/* What it is to send: the fewest that are enough, so that a plain payment is one event. That a page is
 * complete (checkout.session.completed, .async_payment_succeeded) its payment says as well, also that
 * a bank takes its time (see apply.c); what charge.refunded says, each refund says. Those are
 * understood where they come. The manual tells this list too (t/lint/conf). */
static const char *const kinds[] = {
    "payment_intent.succeeded",
    "payment_intent.processing",     /* a bank that takes days: the goods are kept */
    "payment_intent.payment_failed", /* declined; of an intent: it is open again */
    "payment_intent.canceled",       /* at Stripe's desk: nobody is sent there any more */
    "checkout.session.expired",      /* the same of a page */
    "checkout.session.async_payment_failed", /* the bank's no, days later: only this ends the page */
    "refund.created", /* those made at Stripe's desk too */
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    NULL,
};

static bool any_v1_matches(str header, str expected)
{
    str part, rest = header;
    bool ok = false;
    while (str_cut(&rest, ',', &part))
        if (str_starts(part, S("v1=")))
            ok = crypto_equal(str_from(part, 3), expected) || ok;
    return ok;
}

static bool read_time(str header, str *text, i64 *seconds)
{
    str part, rest = header;
    int n = 0;
    while (str_cut(&rest, ',', &part))
        if (str_starts(part, S("t="))) {
            *text = str_from(part, 2);
            n++;
        }
    return n == 1 && str_int(*text, seconds);
}

static int verify(struct ctx *c, str body, str header)
{
    str secret = conf_of(c, "stripe_webhook_secret"), text;
    i64 signed_at, now = c->now / SECOND;
    if (!secret.n)
        return fail_detail(c, E_MALFORMED, "payments.forged", "no webhook secret configured");
    if (header.n > 4096 || !read_time(header, &text, &signed_at))
        return fail_detail(c, E_MALFORMED, "payments.forged", "no readable signature header");
    str message = str_fmt(c->mem, "%.*s.", STR(text));
    struct buf all = buf_new(c->mem, body.n + message.n + 16);
    buf_add(&all, message);
    buf_add(&all, body);
    if (!any_v1_matches(header, crypto_hmac_sha256_hex(c->mem, secret, buf_str(&all))))
        return fail_detail(c, E_MALFORMED, "payments.forged", "no signature matches");
    if (signed_at < now - TOLERANCE_S || signed_at > now + TOLERANCE_S)
        return fail_detail(c, E_MALFORMED, "payments.forged", "signed too long ago or ahead");
    return E_OK;
}

static int event_id(struct ctx *c, str body, str *id, str *kind)
{
    struct node *event;
    TRY(json_read(c, body, &event));
    *id = node_str(event, "id");
    *kind = node_str(event, "type");
    if (!id->n || id->n > 200 || !kind->n || kind->n > 100)
        return fail_detail(c, E_MALFORMED, "payments.event", "an event without id or type");
    if (node_bool(event, "livemode") != is_live(c))
        return fail_detail(c, E_MALFORMED, "payments.mode", "live and test do not mix");
    return E_OK;
}

static void session_news(struct ctx *c, str kind, const struct node *s, struct provider_news *n)
{
    bool paid = str_is(node_str(s, "payment_status"), "paid");
    bool complete = str_is(node_str(s, "status"), "complete");
    const struct node *payment = payment_of(s);
    str state = node_str(payment, "status");
    n->session_id = node_str(s, "id");
    n->payment_id = payment ? node_str(payment, "id") : node_str(s, "payment_intent");
    n->attempt_key = node_str(node_get(s, S("metadata")), "attempt");
    n->currency = str_upper(c->mem, node_str(s, "currency"));
    n->amount = from_wire(n->currency, node_int(s, "amount_total"));
    if (str_is(kind, "checkout.session.async_payment_failed"))
        n->fact = FACT_FAILED;
    else if (paid)
        n->fact = FACT_PAID;
    else if (complete && (str_is(state, "requires_payment_method") || str_is(state, "canceled")))
        n->fact = FACT_FAILED; /* the bank's no came later, and we were not told */
    else if (complete)
        n->fact = FACT_PROCESSING;
    else if (str_is(node_str(s, "status"), "expired"))
        n->fact = FACT_EXPIRED;
}

/* The last part of an event's kind, or, of an object we asked for, its status. */
static const struct {
    const char *said;
    enum provider_fact fact;
} intent_facts[] = {
    { "succeeded", FACT_PAID },
    { "payment_failed", FACT_DECLINED },
    { "requires_payment_method", FACT_DECLINED }, /* with an error: see intent_news */
    { "processing", FACT_PROCESSING },
    { "canceled", FACT_EXPIRED },
};

static void intent_news(struct ctx *c, str kind, const struct node *p, struct provider_news *n)
{
    bool asked = str_is(kind, "payment_intent.asked");
    str said = asked ? node_str(p, "status") : str_from(kind, sizeof "payment_intent." - 1);
    n->payment_id = node_str(p, "id");
    n->attempt_key = node_str(node_get(p, S("metadata")), "attempt");
    n->currency = str_upper(c->mem, node_str(p, "currency"));
    n->amount = from_wire(n->currency, node_int(p, "amount_received"));
    n->error = node_str(node_get(p, S("last_payment_error")), "code");
    n->of_intent = true;
    for (size_t i = 0; i < COUNT(intent_facts); i++)
        if (str_is(said, intent_facts[i].said))
            n->fact = intent_facts[i].fact;
    if (asked && n->fact == FACT_DECLINED && !n->error.n) /* nobody has tried yet */
        n->fact = FACT_NONE;
}

/* A charge says how much has gone back in all, not by which refunds. */
static void charge_news(str kind, const struct node *charge, struct provider_news *n)
{
    n->payment_id = node_str(charge, "payment_intent");
    n->attempt_key = node_str(node_get(charge, S("metadata")), "attempt");
    if (str_is(kind, "charge.refunded"))
        n->fact = FACT_LOOK_AT_REFUNDS;
}

static void refund_news(struct ctx *c, const struct node *r, struct provider_news *n)
{
    str status = node_str(r, "status");
    n->refund_id = node_str(r, "id");
    n->refund_key = node_str(node_get(r, S("metadata")), "refund");
    n->payment_id = node_str(r, "payment_intent");
    n->currency = str_upper(c->mem, node_str(r, "currency"));
    n->amount = from_wire(n->currency, node_int(r, "amount"));
    if (str_is(status, "succeeded"))
        n->fact = FACT_REFUNDED;
    else if (str_is(status, "failed") || str_is(status, "canceled"))
        n->fact = FACT_REFUND_FAILED;
    n->error = node_str(r, "failure_reason");
}

/* What moved is said in the currency of the account, which may be another than the buyer's: whether
 * it is away is all that is read of it. */
/* Its rows are in the account's currency, where what comes back is another sum than what went: so
 * many times out and so many times back. Once it is won, back is back. */
static bool is_out(const struct node *d)
{
    i64 out = 0, back = 0;
    EACH(item, node_get(d, S("balance_transactions"))) {
        out += node_int(&item->node, "amount") < 0;
        back += node_int(&item->node, "amount") > 0;
    }
    return out > back && !(back && str_is(node_str(d, "status"), "won"));
}

/* One that was settled before it began: by giving back the money, which may have gone this way. */
static str dispute_state(const struct node *d)
{
    if (!str_is(node_str(d, "status"), "prevented"))
        return node_str(d, "status");
    return is_out(d) ? S("lost") : S("warning_closed");
}

static void dispute_news(struct ctx *c, const struct node *d, struct provider_news *n)
{
    static const char *const states[] = { "warning_needs_response", "warning_under_review",
        "warning_closed", "needs_response", "under_review", "won", "lost" };
    const struct node *evidence = node_get(d, S("evidence_details"));
    i64 asked_at = node_int(d, "asked_at");
    n->payment_id = node_str(d, "payment_intent");
    n->currency = str_upper(c->mem, node_str(d, "currency"));
    n->amount = from_wire(n->currency, node_int(d, "amount"));
    n->dispute = (struct provider_dispute){ .id = node_str(d, "id"),
        .reason = str_upto(node_str(d, "reason"), 100),
        .state = dispute_state(d),
        .movements = (i64)node_count(node_get(d, S("balance_transactions"))),
        .is_out = is_out(d),
        .due = node_int(evidence, "due_by"),
        .opened = node_int(d, "created"),
        .is_answered = node_int(evidence, "submission_count") > 0,
        .is_asked = asked_at > 0 };
    if (asked_at)
        n->at = asked_at;
    for (size_t i = 0; i < COUNT(states); i++)
        if (n->dispute.id.n && str_is(n->dispute.state, states[i]))
            n->fact = FACT_DISPUTED;
    if (n->fact != FACT_DISPUTED) /* of a later version of the API: somebody must look */
        log_line(c, LOG_ERROR, "dispute_state", "dispute", n->dispute.id, "state",
            n->dispute.state, NULL);
}

/* What we asked for is the object itself; what was sent to us wraps it in an event. */
static int news(struct ctx *c, str kind, str body, struct provider_news *out)
{
    struct node *event;
    TRY(json_read(c, body, &event));
    struct node *object = node_path(event, S("data.object"));
    object = object ? object : event;
    str what = node_str(object, "object");
    *out = (struct provider_news){ .at = object == event ? c->now / SECOND
                                                         : node_int(event, "created") };
    if (str_is(what, "checkout.session"))
        session_news(c, kind, object, out);
    else if (str_is(what, "payment_intent"))
        intent_news(c, kind, object, out);
    else if (str_is(what, "refund"))
        refund_news(c, object, out);
    else if (str_is(what, "charge"))
        charge_news(kind, object, out);
    else if (str_is(what, "dispute"))
        dispute_news(c, object, out);
    else
        out->payment_id = node_str(object, "payment_intent");
    return E_OK;
}

/* For whom it is: a person who waits, so not for long. */
int stripe_once(struct ctx *c, str path, struct http_answer *got)
{
    str headers[] = { str_fmt(c->mem, "Authorization: Bearer %.*s", STR(conf_of(c, "stripe_key"))),
        S("Stripe-Version: " VERSION) };
    struct http_call request = { .method = "GET",
        .headers = headers,
        .n_headers = COUNT(headers),
        .ceiling = MOST_ANSWER,
        .total_us = 8 * SECOND,
        .flags = c->app->production && !c->app->staging ? 0 : HTTP_PRIVATE_OK,
        .url = str_fmt(c->mem, "%.*s%.*s", STR(conf_of(c, "stripe_base")), STR(path)) };
    return http_call(c, &request, got);
}

static int check(struct ctx *c, when *now)
{
    struct http_answer got = { 0 };
    *now = 0;
    TRY(stripe_once(c, S("/v1/payment_intents?limit=1"), &got));
    if (!when_parse_http(node_str(got.headers, "date"), now))
        *now = 0;
    return got.status == 200 ? E_OK
                             : fail_detail(c, E_PROVIDER, "payments.refused", "it answers %d%s",
                                   got.status, got.status == 401 ? ": the key is not taken" : "");
}

const struct provider provider_stripe = { NAME, VERSION, kinds, is_configured, least, takes, open_page,
    expire, ask, refund, ask_refunds, ask_disputes, desk_url, verify, event_id, news, check,
    stripe_hooks, stripe_set_hook };
