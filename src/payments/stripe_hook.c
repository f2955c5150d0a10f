/* Where Stripe sends its events: its webhook endpoints, as in its API reference. */
#include "payments/payments_in.h"
#include "io/io.h"
#include "web/web.h"

#define PATH         "/v1/webhook_endpoints"
#define MOST_REQUEST 8192
#define MOST_SAID    200

/* What its error says in words is for whom it is who runs this: of an endpoint it names no buyer. */
static int refused(struct ctx *c, int status, const struct node *answer, const char *right)
{
    const struct node *error = node_get(answer, S("error"));
    if (status == 403)
        return fail_detail(c, E_DENIED, PAYMENTS_RIGHT,
            "stripe_key may not do that: a restricted key needs the right \"Webhook Endpoints\": %s",
            right);
    if (status == 401)
        return fail_detail(c, E_PROVIDER, "payments.refused", "it answers 401: the key is not taken");
    return fail_detail(c, E_PROVIDER, "payments.refused", "it answers %d: %.*s", status,
        STR(str_upto(node_str(error, "message"), MOST_SAID)));
}

static int read_page(struct ctx *c, str after, struct node **page)
{
    struct http_answer got = { 0 };
    TRY(stripe_once(c,
        str_fmt(c->mem, PATH "?limit=100%s%.*s", after.n ? "&starting_after=" : "", STR(after)),
        &got));
    if (json_read(c, got.body, page))
        return fail_detail(c, E_PROVIDER, "payments.stripe", "status %d, body is not JSON", got.status);
    return got.status == 200 ? E_OK : refused(c, got.status, *page, "Read");
}

/* One of a Connect platform hears of other accounts' payments, not of ours. */
static bool is_ours(const struct node *endpoint)
{
    return !node_str(endpoint, "application").n;
}

static struct node *texts_of(struct ctx *c, const struct node *list)
{
    struct node *texts = node_list(c->mem);
    EACH(item, list)
        if (item->node.kind == N_STR)
            node_add_str(c->mem, texts, item->node.as.text);
    return texts;
}

int stripe_hooks(
    struct ctx *c, size_t pages, struct provider_hook *list, size_t most, size_t *n)
{
    struct node *page;
    str after = str_none;
    bool has_more = true;
    *n = 0;
    for (size_t i = 0; i < pages && has_more; i++) {
        TRY(read_page(c, after, &page));
        has_more = node_bool(page, "has_more");
        EACH(item, node_get(page, S("data"))) {
            const struct node *e = &item->node;
            after = node_str(e, "id");
            if (*n < most && is_ours(e))
                list[(*n)++] = (struct provider_hook){ after, node_str(e, "url"),
                    node_str(e, "api_version"), str_is(node_str(e, "status"), "enabled"),
                    texts_of(c, node_get(e, S("enabled_events"))) };
        }
        has_more = has_more && after.n;
    }
    return E_OK;
}

/* The answer may be lost: asked again under the same key it is the same, and makes no second. */
static int post(struct ctx *c, str path, str form, struct node **answer)
{
    str body, key = str_fmt(c->mem, "talat-webhook-%.*s", STR(crypto_token(c->mem, 16)));
    int status, err = stripe_call(c, "POST", path, form, key, &status, answer, &body);
    if (err) {
        fault_clear(c);
        err = stripe_call(c, "POST", path, form, key, &status, answer, &body);
    }
    TRY(err);
    return status == 200 ? E_OK : refused(c, status, *answer, "Write");
}

int stripe_set_hook(struct ctx *c, str id, str url, str *secret)
{
    struct buf form = buf_new(c->mem, MOST_REQUEST);
    struct node *answer;
    for (size_t i = 0; provider_stripe.kinds[i]; i++)
        escape_field(&form, str_fmt(c->mem, "enabled_events[%zu]", i).p,
            str_of(provider_stripe.kinds[i]));
    if (id.n) {
        escape_field(&form, "disabled", S("false"));
        *secret = str_none;
        return post(c, str_fmt(c->mem, PATH "/%.*s", STR(id)), buf_str(&form), &answer);
    }
    escape_field(&form, "url", url);
    escape_field(&form, "api_version", S(STRIPE_VERSION));
    escape_field(&form, "description", S("Talat, made by talatctl webhook set"));
    TRY(post(c, S(PATH), buf_str(&form), &answer));
    *secret = node_str(answer, "secret");
    return secret->n ? E_OK
                     : fail_detail(c, E_PROVIDER, "payments.stripe", "an endpoint without a secret");
}
