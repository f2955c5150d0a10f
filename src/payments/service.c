#include "payments/payments_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "vault/vault.h"
#include "web/web.h"
#include "work/work.h"
#include <stdlib.h>

#define SECRET_COLUMN "payments.attempt.client_secret"

/* A provider's page lives at least so long (Stripe's own minimum is 30 min); our hold on the
 * stock is shorter, and when it lapses the page is closed first. */
#define PAGE_LIFE (32 * MINUTE)
#define MOST_BODY ((size_t)256 << 10)
#define LATELY    (60 * DAY) /* disputes that may have been opened without our hearing of it */

static const struct provider *const providers[] = { &provider_stripe };

const struct provider *provider_named(str name)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (str_is(name, providers[i]->name))
            return providers[i];
    return NULL;
}

/* A row's provider was checked when it was written. */
static const struct provider *provider_of(const struct node *row)
{
    const struct provider *provider = provider_named(node_str(row, "provider"));
    if (!provider)
        abort();
    return provider;
}

i64 payments_least(str provider, str currency)
{
    const struct provider *p = provider_named(provider);
    return p ? p->least(currency) : 0;
}

bool payments_takes(str provider, str currency, i64 amount)
{
    const struct provider *p = provider_named(provider);
    return !p || p->takes(currency, amount);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

static const char *const ways[] = { [PAY_ON_PAGE] = "page", [PAY_BY_INTENT] = "intent" };

static str as_json(struct ctx *c, const struct node *value)
{
    struct buf json = buf_new(c->mem, MOST_BODY);
    json_store(&json, value);
    return buf_str(&json);
}

/* All that the page is opened with, kept, so that asking again is asking the same. */
static str request_of(struct ctx *c, const struct payment_order *o, when expires)
{
    struct node *request = node_map(c->mem);
    node_set_str(c->mem, request, S("number"), o->number);
    node_set_str(c->mem, request, S("email"), o->email);
    node_set_str(c->mem, request, S("what"), o->what);
    node_set_str(c->mem, request, S("success_url"), o->success_url);
    node_set_str(c->mem, request, S("cancel_url"), o->cancel_url);
    node_set_int(c->mem, request, S("expires_at"), expires / SECOND);
    return as_json(c, request);
}

static int open_page(struct ctx *c, const struct node *attempt, struct payment_opened *out)
{
    const struct provider *provider = provider_of(attempt);
    struct provider_page page;
    i64 id = node_int(attempt, "id");
    int err = provider->open(c, attempt, &page);
    if (err) {
        str why = c->fault.detail;
        struct fault fault = c->fault;
        int noted = IS_OVER(c)
            ? q_payments_attempt_moved(c, NULL, id, S("failed"), str_upto(why, 500))
            : q_payments_attempt_failed(c, NULL, id, str_upto(why, 500));
        c->fault = fault;
        return noted ? noted : err;
    }
    *out = (struct payment_opened){ page.url, page.payment_id, page.client_secret };
    str sealed = str_none;
    if (page.client_secret.n)
        TRY(vault_seal(c, &(struct vault_place){ SECRET_COLUMN, id }, page.client_secret, &sealed));
    return q_payments_attempt_opened(
        c, NULL, id, page.session_id, page.payment_id, page.url, sealed);
}

/* As it was opened before. */
static bool is_kept(struct ctx *c, const struct node *attempt, struct payment_opened *out)
{
    str sealed = node_str(attempt, "client_secret");
    *out = (struct payment_opened){ node_str(attempt, "url"), node_str(attempt, "payment_id"),
        str_none };
    struct vault_place at = { SECRET_COLUMN, node_int(attempt, "id") };
    if (!sealed.n || !vault_open(c, &at, sealed, &out->client_secret))
        return true;
    fault_clear(c); /* under a key that is gone: the page is opened anew */
    return false;
}

int payments_attempt(
    struct ctx *c, str provider, const struct payment_order *o, struct node **attempt)
{
    when expires = c->now + PAGE_LIFE;
    str key = str_fmt(c->mem, "talat-%.*s-%s", STR(o->number),
        str_c(c->mem, str_lower(c->mem, crypto_code(c->mem, 8))));
    return q_payments_find_or_add(c, attempt, o->id, provider, str_of(ways[o->way]), key, o->amount,
        o->currency, request_of(c, o, expires), expires);
}

static int find_or_add(
    struct ctx *c, str provider, const struct payment_order *o, struct node **attempt)
{
    TRY(payments_attempt(c, provider, o, attempt));
    return *attempt ? E_OK
                    : fail(c, E_CONFLICT, "payments.attempt",
                          "A payment for this order is just ending. Please try again in a moment.");
}

static int renew(
    struct ctx *c, str provider, const struct payment_order *o, struct payment_opened *out)
{
    struct node *attempt;
    bool settled;
    TRY(payments_expire(c, o->id, &settled));
    if (settled)
        return fail(c, E_CONFLICT, "payments.processing",
            "Your bank is still working on this payment. Please wait for its answer.");
    TRY(find_or_add(c, provider, o, &attempt));
    return open_page(c, attempt, out);
}

/* Opened for this way to pay, and long enough still. */
static bool is_ready(const struct node *attempt, enum payment_way way)
{
    return node_bool(attempt, "is_opened") && node_bool(attempt, "is_fresh") &&
        str_is(node_str(attempt, "kind"), ways[way]);
}

static int start(struct ctx *c, str provider, const struct payment_order *o, struct node *attempt,
    struct payment_opened *out)
{
    if (!attempt)
        TRY(find_or_add(c, provider, o, &attempt));
    if (str_is(node_str(attempt, "state"), "processing"))
        return fail(c, E_CONFLICT, "payments.processing",
            "Your bank is still working on this payment. Please wait for its answer.");
    bool opened = node_bool(attempt, "is_opened");
    bool same_way = str_is(node_str(attempt, "kind"), ways[o->way]);
    if (is_ready(attempt, o->way) && is_kept(c, attempt, out))
        return E_OK;
    /* Its time is over, or nearly, or it is to be paid the other way: closed first, so that there
     * is one place to pay at. */
    if (opened || !same_way)
        return renew(c, provider, o, out);
    int err = open_page(c, attempt, out);
    if (!err || !IS_OVER(c) || IS_SUM_REFUSED(c))
        return err;
    fault_clear(c); /* too old to be opened any more, or lost: a new one, once */
    TRY(find_or_add(c, provider, o, &attempt));
    return open_page(c, attempt, out);
}

int payments_start(struct ctx *c, str provider, const struct payment_order *o, struct node *attempt,
    struct payment_opened *out)
{
    assert(!pg_in_tx(c) || !c->app->production);
    if (!provider_named(provider))
        return fail_detail(c, E_INTERNAL, "payments.provider", "no provider %.*s", STR(provider));
    int err = start(c, provider, o, attempt, out);
    if (!err || !IS_SUM_REFUSED(c))
        return err;
    fault_clear(c);
    return fail(c, E_CONFLICT, PAYMENTS_SUM, "Our payment partner takes no payment of this sum.");
}

/* ---- closing, asking
 * ----------------------------------------------------------------------------- */

/* Of the text or the object that has begun before `from`: where it ends. */
static size_t end_of(str json, size_t from)
{
    bool is_object = json.p[from - 1] == '{', in_text = !is_object;
    size_t depth = 1, n = from;
    for (; n < json.n; n++) {
        char ch = json.p[n];
        if (in_text && ch == '\\')
            n++;
        else if (ch == '"' && !is_object)
            return n;
        else if (ch == '"')
            in_text = !in_text;
        else if (!in_text && ch == '{')
            depth++;
        else if (!in_text && ch == '}' && !--depth)
            return n;
    }
    return json.n;
}

/* The same JSON with "" for the text of that name, and {} for the object, wherever it stands. */
static str without(struct arena *mem, str name, str body)
{
    str rest = body;
    struct buf out = buf_new(mem, body.n + 1);
    for (i64 at; (at = str_find(rest, name)) >= 0;) {
        size_t begin = (size_t)at + name.n, n = begin;
        while (n < rest.n && strchr(" \t\r\n:", rest.p[n]))
            n++;
        bool is_value = n > begin && n < rest.n && (rest.p[n] == '"' || rest.p[n] == '{');
        n += is_value;
        buf_add(&out, str_upto(rest, n));
        rest = str_from(rest, is_value ? end_of(rest, n) : n);
    }
    buf_add(&out, rest);
    return buf_str(&out);
}

/* Who reads what was stored can neither speak for the buyer's program nor open their order, and
 * finds no telephone and no street: those are kept with the order, sealed. Nor what is put before a
 * bank as evidence: it says all of that, and the buyer's address on the network. */
static str what_is_kept(struct arena *mem, str body)
{
    static const char *const names[] = { "\"client_secret\"", "\"success_url\"", "\"cancel_url\"",
        "\"return_url\"", "\"evidence\"", "\"phone\"", "\"line1\"", "\"line2\"",
        "\"billing_address\"", "\"shipping_address\"" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_find(body, str_of(names[i])) >= 0)
            body = without(mem, str_of(names[i]), body);
    return body;
}

/* What payments_says_paid reads. */
static str paid_of(struct ctx *c, str provider, const struct provider_news *n)
{
    if (n->fact != FACT_PAID || !n->attempt_key.n)
        return S("{}");
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("provider"), provider);
    node_set_str(c->mem, data, S("key"), n->attempt_key);
    node_set_str(c->mem, data, S("payment"), n->payment_id);
    node_set_str(c->mem, data, S("currency"), n->currency);
    node_set_int(c->mem, data, S("amount"), n->amount);
    return as_json(c, data);
}

int payments_store(struct ctx *c, str provider, str event_id, str kind, str body, bool *fresh)
{
    body = what_is_kept(c->mem, body);
    struct node *row;
    struct provider_news news = { 0 };
    struct scope before = c->scope;
    const struct provider *its = provider_named(provider);
    bool is_idle = its && !its->news(c, kind, body, &news) && news.fact == FACT_NONE;
    fault_clear(c); /* one that cannot be read is the job's affair */
    c->scope.platform = true;
    int err = q_payments_store(c, &row, provider, event_id, kind, body,
        is_idle ? S("not ours") : str_none, paid_of(c, provider, &news), news.payment_id,
        news.attempt_key, c->id, job_rank(c->app, "payment.event"), job_wakes(c));
    if (!err && node_int(row, "erased"))
        err = payments_erase_told(c, node_int(row, "erased"));
    c->scope = before;
    TRY(err);
    *fresh = node_bool(row, "is_fresh");
    return E_OK;
}

int payments_note(struct ctx *c, void *saying)
{
    struct saying *s = saying;
    return payments_store(c, s->provider, s->id, s->kind, s->body, &s->fresh);
}

/* Only what is open can be closed; an attempt whose answer was lost is first found again by
 * its key, or it might be paid behind our back. */
static int expire_attempt(struct ctx *c, struct node *attempt, bool *settled)
{
    const struct provider *provider = provider_of(attempt);
    struct saying said = { .provider = str_of(provider->name) };
    struct provider_news news;
    struct payment_opened opened;
    if (!node_bool(attempt, "is_opened")) {
        int err = open_page(c, attempt, &opened);
        if (err && IS_OVER(c)) { /* there never was a page, or nobody knows where */
            fault_clear(c);
            return E_OK;
        }
        TRY(err);
        TRY(q_payments_attempt(c, &attempt, node_int(attempt, "id")));
    }
    TRY(provider->expire(c, attempt, &said.id, &said.kind, &said.body));
    TRY(provider->news(c, said.kind, said.body, &news));
    TRY(pg_tx(c, payments_note, &said));
    *settled = news.fact == FACT_PAID || news.fact == FACT_PROCESSING;
    if (news.fact == FACT_EXPIRED)
        return q_payments_attempt_moved(c, NULL, node_int(attempt, "id"), S("expired"), str_none);
    return *settled ? E_OK : fail_detail(c, E_PROVIDER, "payments.expire", "still open");
}

int payments_expire(struct ctx *c, i64 order, bool *settled)
{
    struct node *attempt;
    *settled = false;
    TRY(q_payments_open_attempt(c, &attempt, order));
    return attempt ? expire_attempt(c, attempt, settled) : E_OK;
}

int payments_ask(struct ctx *c, i64 id)
{
    struct node *attempt;
    struct payment_opened opened;
    TRY(q_payments_attempt(c, &attempt, id));
    const struct provider *provider = provider_of(attempt);
    struct saying said = { .provider = str_of(provider->name) };
    TRY(q_payments_asked(c, NULL, id));
    if (!node_bool(attempt, "is_opened")) {
        int err = open_page(c, attempt, &opened);
        return err && IS_OVER(c) ? E_OK : err;
    }
    TRY(provider->ask(c, attempt, &said.id, &said.kind, &said.body));
    return pg_tx(c, payments_note, &said);
}

static int note_all(
    struct ctx *c, const struct provider *provider, const struct provider_said *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct saying said = { .provider = str_of(provider->name),
            .id = list[i].event_id,
            .kind = list[i].kind,
            .body = list[i].body };
        TRY(pg_tx(c, payments_note, &said));
    }
    return E_OK;
}

int payments_ask_refunds(struct ctx *c, i64 id)
{
    enum { MOST = 100 };
    struct provider_said *list = NEWS(c->mem, struct provider_said, MOST);
    struct node *attempt;
    size_t n;
    TRY(q_payments_attempt(c, &attempt, id));
    const struct provider *provider = provider_of(attempt);
    TRY(q_payments_refunds_asked(c, NULL, id));
    TRY(provider->ask_refunds(c, attempt, list, MOST, &n));
    return note_all(c, provider, list, n);
}

const struct provider *payments_configured(struct ctx *c)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (providers[i]->is_configured(c))
            return providers[i];
    return NULL;
}

int payments_ask_dispute(struct ctx *c, i64 id)
{
    enum { MOST = 100 };
    struct provider_said *list = NEWS(c->mem, struct provider_said, MOST);
    const struct provider *provider = payments_configured(c);
    struct node *row = NULL;
    size_t n;
    if (id) {
        TRY(q_payments_dispute_of(c, &row, id));
        TRY(q_payments_dispute_asked(c, NULL, id));
        provider = provider_of(row);
    }
    if (!provider)
        return E_OK;
    TRY(provider->ask_disputes(c, node_str(row, "provider_id"), c->now - LATELY, list, MOST, &n));
    return note_all(c, provider, list, n);
}

/* ---- refunds
 * --------------------------------------------------------------------------------------- */

int payments_kept(struct ctx *c, i64 order, i64 *amount)
{
    struct node *captures;
    *amount = 0;
    TRY(q_payments_refundable(c, &captures, order));
    EACH(item, captures)
        *amount += node_int(&item->node, "rest");
    return E_OK;
}

int payments_leaving(struct ctx *c, const i64 *orders, size_t n, struct node **out)
{
    return q_payments_leaving(c, out, orders, n);
}

int payments_is_open(struct ctx *c, i64 order, bool *open)
{
    struct node *attempt;
    TRY(q_payments_open_attempt(c, &attempt, order));
    *open = attempt != NULL;
    return E_OK;
}

int payments_is_ready(struct ctx *c, i64 order, enum payment_way way, bool *ready)
{
    struct node *attempt;
    TRY(q_payments_open_attempt(c, &attempt, order));
    *ready = attempt && is_ready(attempt, way);
    return E_OK;
}

int payments_refund(
    struct ctx *c, i64 order, i64 amount, str reason, str key, i64 by_person, bool *is_new)
{
    struct node *captures, *row;
    i64 rest = amount, there;
    bool is_any = false;
    TRY(payments_kept(c, order, &there));
    TRY(q_payments_refundable(c, &captures, order));
    if (there < amount)
        return fail(c, E_CONFLICT, "payments.refund", "That is more than was paid.");
    EACH(item, captures) {
        const struct node *capture = &item->node;
        i64 part = node_int(capture, "rest") < rest ? node_int(capture, "rest") : rest;
        if (part <= 0)
            continue;
        str own = str_fmt(c->mem, "%.*s-%" PRId64, STR(key), node_int(capture, "id"));
        TRY(q_payments_add_refund(c, &row, order, node_int(capture, "id"), own, part,
            node_str(capture, "currency"), reason, by_person ? &by_person : NULL));
        if (row)
            TRY(job_add(c, "payments.refund",
                str_fmt(c->mem, "payments.refund:%" PRId64, node_int(row, "id")), 0,
                node_int(row, "id"), NULL, 0));
        is_any = is_any || row;
        rest -= part;
    }
    if (is_new)
        *is_new = is_any;
    return E_OK;
}

int payments_count_refunds(struct ctx *c, i64 order, i64 *n)
{
    struct node *row;
    TRY(q_payments_count_refunds(c, &row, order));
    *n = node_int(row, "n");
    return E_OK;
}

int payments_of_order(struct ctx *c, i64 order, struct node **attempts, struct node **refunds)
{
    TRY(q_payments_of_order(c, attempts, order));
    return q_payments_refunds_of_order(c, refunds, order);
}

int payments_given_back(struct ctx *c, i64 order, struct node **refunds)
{
    return q_payments_given_back(c, refunds, order);
}

int payments_is_all_back(struct ctx *c, i64 order, i64 *captured, bool *is_all)
{
    struct node *sums;
    TRY(q_payments_sums(c, &sums, order));
    *captured = node_int(sums, "captured");
    *is_all = node_int(sums, "refunded") + node_int(sums, "lost") >= *captured;
    return E_OK;
}

int payments_refund_of(struct ctx *c, i64 refund, struct node **out)
{
    return q_payments_refund(c, out, refund);
}

int payments_try(struct ctx *c, str *provider, when *now)
{
    const struct provider *one = payments_configured(c);
    *provider = one ? str_of(one->name) : str_none;
    *now = 0;
    return one ? one->check(c, now) : E_OK;
}
