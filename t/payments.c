/* Money from buyers: signatures, what is stored, lost answers, and the ledger's own rules. */
#include "gen/queries.h"
#include "io/io.h"
#include "payments/payments_in.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"
#include <poll.h>
#include <stdlib.h>

extern const struct job_kind payments_jobs[];

#define SECRET_  "whsec_test_secret"
#define SIGNED_AT "1492774577"
#define BODY     "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}"
#define V1       "c2f890decbc5ede7c5060bb9a6d31e0626a4342bacb9aeae2adb1bcea72f9812"

/* The provider's own published vectors, at the time they were signed. */
static struct ctx *then(void)
{
    struct ctx *c = t_ctx();
    t_open();
    conf_put(c->mem, c->app->conf, "stripe_webhook_secret", S(SECRET_));
    t_clock((i64)1492774577 * SECOND);
    return c;
}

static int verify(const char *body, const char *header)
{
    int err = provider_stripe.verify(t_ctx(), str_of(body), str_of(header));
    fault_clear(t_ctx());
    return err;
}

T(the_published_signatures_fit)
{
    then();
    eq_int(verify(BODY, "t=" SIGNED_AT ",v1=" V1), E_OK);
    eq_int(verify("{\"id\":\"evt_test_webhook\",\"object\":\"event\"}", "t=" SIGNED_AT ",v1="
        "88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a"), E_OK);
    struct arena *mem = t_ctx()->mem;
    eq_str(crypto_hmac_sha256_hex(mem, S("test_secret"), S("")),
        "f7f9bd47fb987337b5796fdc1fdb9ba221d0d5396814bfcaf9521f43fd8927fd");
    eq_str(crypto_hmac_sha256_hex(mem, S("test_secret"), S("\xF0\x9F\x98\x80")),
        "837da296d05c4fe31f61d5d7ead035099d9585a5bcde87de952012a78f0b0c43");
}

T(several_signatures_and_other_schemes_may_stand_beside)
{
    then();
    eq_int(verify(BODY, "t=" SIGNED_AT ",v1=0123,v1=" V1 ",v0=6ffbb59b2300aae63f272406069a9788"),
        E_OK);
    eq_int(verify(BODY, "v1=" V1 ",t=" SIGNED_AT), E_OK);
}

T(the_age_of_a_signature_is_five_minutes_either_way)
{
    then();
    const char *header = "t=" SIGNED_AT ",v1=" V1;
    t_clock(((i64)1492774577 + 300) * SECOND);
    eq_int(verify(BODY, header), E_OK);
    t_clock(((i64)1492774577 - 300) * SECOND);
    eq_int(verify(BODY, header), E_OK);
    t_clock(((i64)1492774577 + 301) * SECOND);
    eq_int(verify(BODY, header), E_MALFORMED);
    t_clock(((i64)1492774577 - 301) * SECOND);
    eq_int(verify(BODY, header), E_MALFORMED);
}

/* ---- forged -------------------------------------------------------------------------------- */

static i64 stored(void)
{
    return t_int("select (select count(*) from payments.event) + (select count(*) from work.job "
                 "where kind = 'payment.event') as n");
}

static void refused(const char *what, const char *body, str header)
{
    i64 before = stored();
    if (header.n)
        t_with("Stripe-Signature", str_c(t_ctx()->mem, header));
    t_send("POST", "/payments/stripe/webhook", "application/json", str_of(body));
    if (t_last_status() != 400 || stored() != before || t_body().n > 100)
        ck_abort_msg("%s: %d, %" PRId64 " rows, %zu bytes", what, t_last_status(),
            stored() - before, t_body().n);
}

static str sign(const char *secret, const char *t, const char *body, const char *scheme)
{
    struct arena *mem = t_ctx()->mem;
    return str_fmt(mem, "t=%s,%s=%s", t, scheme,
        crypto_hmac_sha256_hex(mem, str_of(secret), str_fmt(mem, "%s.%s", t, body)).p);
}

T(SE_18_forged_events_are_refused_and_leave_nothing)
{
    static const char body[] = "{\"id\":\"evt_t_forged\",\"object\":\"event\",\"type\":"
        "\"payment_intent.succeeded\",\"livemode\":false,\"data\":{\"object\":{}}}";
    struct arena *mem = t_ctx()->mem;
    t_open();
    t_clock(when_now());
    conf_put(mem, t_ctx()->app->conf, "stripe_webhook_secret", S(SECRET_));
    i64 now = t_ctx()->now / SECOND;
    const char *t = str_fmt(mem, "%" PRId64, now).p;
    str good = sign(SECRET_, t, body, "v1"), hex = str_from(good, (size_t)str_find(good, S("v1=")) + 3);
    char *flipped = (char *)(uintptr_t)str_dup(mem, hex).p;
    flipped[10] = flipped[10] == '0' ? '1' : '0';
    refused("no header", body, str_none);
    refused("a blank header", body, S(" "));
    refused("one hex digit", body, str_fmt(mem, "t=%s,v1=%s", t, flipped));
    refused("upper case", body, str_fmt(mem, "t=%s,v1=%.*s", t, STR(str_upper(mem, hex))));
    refused("cut by one", body, str_upto(good, good.n - 1));
    refused("one longer", body, str_fmt(mem, "%.*s0", STR(good)));
    refused("only v0", body, sign(SECRET_, t, body, "v0"));
    refused("only v2", body, sign(SECRET_, t, body, "v2"));
    refused("another secret", body, sign("whsec_other", t, body, "v1"));
    refused("half the secret", body, sign("test_secret", t, body, "v1"));
    refused("an empty secret", body, sign("", t, body, "v1"));
    refused("another time", body, str_fmt(mem, "t=%" PRId64 ",v1=%.*s", now + 1, STR(hex)));
    refused("no time", body, str_fmt(mem, "v1=%.*s", STR(hex)));
    refused("two times", body, str_fmt(mem, "t=%s,%.*s", t, STR(good)));
    refused("the signature alone", body, hex);
    refused("no signature", body, str_fmt(mem, "t=%s", t));
    refused("an empty signature", body, str_fmt(mem, "t=%s,v1=", t));
    refused("base64", body, str_fmt(mem, "t=%s,v1=wviQ3svF7efFBguapNMeBiakNCus+a6uKtsbzqcvmBI=", t));
    static const char *const times[] = { "-1", "1.5", "9223372036854775807", "9223372036854775808",
        "0x10", "1e9", "", "now", "+5" };
    for (size_t i = 0; i < COUNT(times); i++)
        refused(times[i], body, sign(SECRET_, times[i], body, "v1"));
    refused("301 s old", body, sign(SECRET_, str_fmt(mem, "%" PRId64, now - 301).p, body, "v1"));
    refused("301 s ahead", body, sign(SECRET_, str_fmt(mem, "%" PRId64, now + 301).p, body, "v1"));
    refused("a bit of the body", str_fmt(mem, "%s ", body).p, good);
    refused("a blank before", str_fmt(mem, " %s", body).p, good);
    refused("a byte order mark", str_fmt(mem, "\xEF\xBB\xBF%s", body).p, good);
    refused("a line end", str_fmt(mem, "%s\r\n", body).p, good);
    refused("written anew", "{\"object\":\"event\",\"id\":\"evt_t_forged\"}", good);
    refused("empty", "", good);
    char *huge = arena_take(mem, 10001);
    memset(huge, 'a', 10000);
    refused("ten kilobytes of header", body, str_fmt(mem, "t=%s,v1=%s", t, huge));
    /* Signed as it should be, and still nothing for us. */
    static const char *const bodies[] = { "{}", "[]", "null", "not json", "{\"id\":\"evt_t_x\"}",
        "{\"type\":\"x\"}", "{\"id\":5,\"type\":\"x\"}",
        "{\"id\":\"evt_t_live\",\"type\":\"x\",\"livemode\":true}",
        "{\"id\":\"a\",\"id\":\"b\",\"type\":\"x\"}" };
    for (size_t i = 0; i < COUNT(bodies); i++)
        refused(bodies[i], bodies[i], sign(SECRET_, t, bodies[i], "v1"));
    t_with("Stripe-Signature", good.p); /* and the good one is good */
    t_send("POST", "/payments/stripe/webhook", "application/json", str_of(body));
    t_status(200);
    eq_str(t_body(), "{\"received\":true}");
}

T(without_a_secret_nothing_is_believed)
{
    t_open();
    t_clock(when_now());
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "stripe_webhook_secret", str_none);
    const char *t = str_fmt(t_ctx()->mem, "%" PRId64, t_ctx()->now / SECOND).p;
    refused("no secret", "{}", sign("", t, "{}", "v1"));
    refused("no secret", "{\"id\":\"evt_t_1\",\"type\":\"x\"}",
        sign("", t, "{\"id\":\"evt_t_1\",\"type\":\"x\"}", "v1"));
}

T(only_a_post_is_a_webhook)
{
    t_get("/payments/stripe/webhook");
    is_true(t_last_status() == 405 || t_last_status() == 404);
}

/* ---- stored once --------------------------------------------------------------------------------- */

T(an_event_is_stored_once_with_one_job)
{
    t_open();
    i64 before = stored();
    for (int i = 0; i < 3; i++) {
        t_event("evt_t_thrice", "payment_intent.succeeded",
            S("{\"object\":\"payment_intent\",\"id\":\"pi_thrice\",\"amount_received\":5,"
              "\"currency\":\"thb\",\"metadata\":{\"attempt\":\"talat-none\"}}"));
        t_status(200);
    }
    eq_int(stored(), before + 2);
    t_drain();
    eq_str(t_str("select outcome as s from payments.event where event_id = 'evt_t_thrice'"),
        "not ours");
}

T(an_event_that_says_nothing_to_us_is_stored_without_a_job)
{
    t_open();
    i64 before = stored();
    for (int i = 0; i < 3; i++) {
        t_event("evt_t_idle", "charge.dispute.created", S("{\"object\":\"dispute\"}"));
        t_status(200);
    }
    eq_int(stored(), before + 1);
    eq_str(t_str("select outcome as s from payments.event where event_id = 'evt_t_idle'"),
        "not ours");
}

T(an_event_of_somebody_elses_order_changes_nothing)
{
    t_open();
    t_event("evt_t_foreign", "payment_intent.succeeded",
        S("{\"object\":\"payment_intent\",\"id\":\"pi_foreign\",\"amount_received\":5,\"currency\":"
          "\"thb\",\"metadata\":{\"attempt\":\"talat-none\",\"order_id\":\"TL-0000-0000-0000\"}}"));
    t_status(200);
    t_drain();
    eq_str(t_str("select outcome as s from payments.event where event_id = 'evt_t_foreign'"),
        "not ours");
}

static void is_kept_without_them(i64 n)
{
    static const char whole[] =
        "select count(*) as n from payments.event where body like '%%zz@late%%'";
    eq_int(t_int(whole), n);
    t_drain();
    eq_int(t_int(whole), 0);
}

/* Of what is said later also, applied or not. */
T(ID_20_what_a_provider_tells_of_a_forgotten_buyer_is_kept_without_them)
{
    i64 order = t_order();
    struct arena *mem = t_ctx()->mem;
    t_paid(order);
    t_ctx()->scope.platform = true;
    must(payments_erase(t_ctx(), order));
    t_drain();
    str payment = t_str("select payment_id as s from payments.attempt where order_id = %" PRId64, order);
    str about = str_fmt(mem, "\"payment_intent\":\"%.*s\",\"billing_details\":{\"email\":\"zz@late.test\"}", STR(payment));
    str charge = str_fmt(mem, "{\"object\":\"charge\",\"id\":\"ch_late\",%.*s}", STR(about));
    str dispute = str_fmt(mem, "{\"object\":\"dispute\",\"id\":\"dp_late\",%.*s}", STR(about));
    str intent = t_intent_object(order, 134000);
    intent = str_fmt(mem, "{\"receipt_email\":\"zz@late.test\",%.*s", STR(str_from(intent, 1)));
    t_event("evt_t_late_charge", "charge.updated", charge);
    t_event("evt_t_late_dispute", "charge.dispute.created", dispute);
    is_kept_without_them(2);
    t_event("evt_t_late_look", "charge.refunded", charge);
    is_kept_without_them(1);
    t_event("evt_t_late_intent", "payment_intent.succeeded", intent);
    is_kept_without_them(1);
    t_event("evt_t_late_key", "payment_intent.created",
        str_fmt(mem, "{\"object\":\"payment_intent\",\"id\":\"pi_other_late\",\"receipt_email\":"
                     "\"zz@late.test\",\"metadata\":{\"attempt\":\"%.*s\"}}", STR(t_attempt_key(order))));
    is_kept_without_them(1);
    eq_int(t_int("select count(*) as n from payments.event where event_id like 'evt_t_late%%' and "
                 "body like '%%\"erased\"%%' and body like '%%_late%%'"), 5);
}

/* Who was forgotten by an older version, which did not know events by our key. */
T(ID_20_what_was_told_of_a_buyer_forgotten_before_is_swept)
{
    i64 order = t_order();
    struct ctx *c = t_ctx();
    t_paid(order);
    c->scope.platform = true;
    t_sql("insert into payments.event (provider, event_id, kind, body, applied_at) values ('stripe', 'evt_t_before', "
          "'payment_intent.created', '{\"id\":\"evt_t_before\",\"data\":{\"object\":{\"id\":\"pi_t_before\",\"receipt_email\":"
          "\"zz@late.test\",\"metadata\":{\"attempt\":\"%.*s\"}}}}', now())", STR(t_attempt_key(order)));
    t_sql("update payments.attempt set request = request - 'email' where order_id = %" PRId64, order);
    must(job_add(c, "payments.sweep", S("payments.sweep:t"), 0, order - 1, NULL, 0));
    is_kept_without_them(1);
    eq_int(t_int("select count(*) as n from work.job where kind = 'payments.sweep'"), 0);
}

T(what_a_provider_says_is_kept_with_the_attempt_it_tells_of)
{
    i64 order = t_order();
    struct arena *mem = t_ctx()->mem;
    t_paid(order);
    str payment = t_str("select payment_id as s from payments.attempt where order_id = %" PRId64, order);
    t_event("evt_t_by_payment", "charge.updated", str_fmt(mem, "{\"object\":\"charge\",\"id\":\"ch_t\","
        "\"payment_intent\":\"%.*s\"}", STR(payment)));
    t_event("evt_t_by_key", "payment_intent.created", str_fmt(mem, "{\"object\":\"payment_intent\",\"id\":\"pi_t\","
        "\"metadata\":{\"attempt\":\"%.*s\"}}", STR(t_attempt_key(order))));
    t_event("evt_t_refund", "refund.updated", t_refund_object(order, "re_t_kept", 100));
    t_drain();
    eq_int(t_int("select count(*) as n from payments.event e join payments.attempt a on a.id = e.attempt_id"
                 " where a.order_id = %" PRId64 " and e.event_id like 'evt_t%%'", order), 4);
    t_prove();
}

/* An object that we asked for stands alone, without an event around it. */
T(ID_20_what_was_asked_of_a_forgotten_buyer_is_kept_without_them)
{
    i64 order = t_order();
    t_paid(order);
    t_ctx()->scope.platform = true;
    t_sql("insert into payments.event (provider, event_id, kind, body, applied_at) values ('stripe', 'asked:cs_t', "
          "'checkout.session.asked', '{\"id\":\"cs_t_asked\",\"object\":\"checkout.session\",\"amount_total\":5,"
          "\"customer_details\":{\"email\":\"zz@late.test\"},\"metadata\":{\"attempt\":\"%.*s\"}}', now())",
        STR(t_attempt_key(order)));
    must(payments_erase(t_ctx(), order));
    is_kept_without_them(1);
    eq_str(t_str("select body as s from payments.event where event_id = 'asked:cs_t'"),
        "{\"id\": \"cs_t_asked\", \"erased\": true, \"object\": \"checkout.session\", \"amount_total\": 5}");
}

/* Kept without their attempt, by an older version; two thousand at a time, or no statement would end. */
T(ID_20_a_buyer_is_forgotten_however_many_events_came_since)
{
    i64 order = t_order();
    t_paid(order);
    t_ctx()->scope.platform = true;
    t_sql("update payments.event set attempt_id = null; insert into payments.event (provider, event_id, kind, body, "
          "applied_at) values ('stripe', 'evt_t_first', 'x.y', '{\"id\":\"evt_t_first\",\"data\":{\"object\":{"
          "\"receipt_email\":\"zz@late.test\",\"metadata\":{\"attempt\":\"%.*s\"}}}}', now()); "
          "insert into payments.event (provider, event_id, kind, body, applied_at) select 'stripe', 'evt_t_' || n, "
          "'x.y', '{}', now() from generate_series(1, 4100) n", STR(t_attempt_key(order)));
    i64 before = t_int("select max(id) as n from payments.event where event_id = 'evt_t_first'");
    struct job job = { .subject = order, .data = node_map(t_ctx()->mem) };
    for (const struct job_kind *kind = payments_jobs; kind->name; kind++)
        if (!strcmp(kind->name, "payments.erase"))
            must(kind->run(t_ctx(), &job));
    eq_int(t_int("select (data ->> 'before')::bigint as n from work.job where kind = 'payments.erase'"),
        before + 2101); /* where the next slice begins */
    is_kept_without_them(1);
    eq_int(t_int("select count(*) as n from payments.event where event_id like 'evt_t_%%' and body = '{}'"), 4100);
}

T(the_database_shows_events_to_the_platform_alone)
{
    i64 order = t_order();
    t_event("evt_t_seen", "x.y", S("{}"));
    struct scope near = { .order = order, .person = 1, .organisation = 1 };
    eq_int(t_int_as(near, "select count(*) as n from payments.event"), 0);
    eq_int(t_int_as((struct scope){ .person = 1, .organisation = 1 },
        "select count(*) as n from payments.attempt"), 0);
    is_true(t_int_as(near, "select count(*) as n from payments.attempt") == 1);
}

/* ---- the provider away ------------------------------------------------------------------------------ */

static void provider_at(str base)
{
    t_open();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "stripe_base", base);
}

T(an_order_is_kept_while_the_provider_is_down_and_paid_by_the_same_key_later)
{
    t_open();
    str base = conf_str(t_ctx()->app->conf, "stripe_base", str_none);
    provider_at(S("http://127.0.0.1:1"));
    i64 order = t_order();
    t_header_has("Location", str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    eq_str(t_str("select state as s from payments.attempt where order_id = %" PRId64, order),
        "created");
    str key = t_attempt_key(order);
    t_get("/cart.json");
    t_json("cart.count", "1");
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    provider_at(base);
    redis_del(t_ctx(), S("circuit:stripe:open"));
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    eq_str(t_attempt_key(order), key);
}

/* Of the order's hold: whether it is, until when, and for how long goods were kept in all. */
static str hold_of(i64 order)
{
    return t_str("select is_held || ' ' || hold_until || ' ' || kept_s as s from orders.\"order\" "
                 "where id = %" PRId64, order);
}

static void goes_to_pay(i64 order, int status)
{
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(status);
}

static i64 minutes_kept(i64 order)
{
    return t_int("select kept_s / 60 as n from orders.\"order\" where id = %" PRId64, order);
}

T(who_cannot_be_sent_to_pay_has_no_time_used_up)
{
    t_open();
    str base = conf_str(t_ctx()->app->conf, "stripe_base", str_none);
    provider_at(S("http://127.0.0.1:1"));
    i64 order = t_order();
    t_sql("update orders.\"order\" set hold_until = hold_until - interval '7 minutes' where id = "
          "%" PRId64, order);
    str before = hold_of(order);
    for (int i = 0; i < 7; i++)
        goes_to_pay(order, 502);
    eq_str(hold_of(order), before);
    has_text(t_body(), "did not answer"); /* said on the order's page, where one tries again */
    has_text(t_body(), "/pay\"");
    t_prove();
    provider_at(base);
    redis_del(t_ctx(), S("circuit:stripe:open"));
    goes_to_pay(order, 303);
    is_true(minutes_kept(order) >= 21 && minutes_kept(order) <= 22); /* and from now on */
}

T(goods_taken_again_for_who_cannot_be_sent_to_pay_go_back)
{
    i64 order = t_order();
    str base = conf_str(t_ctx()->app->conf, "stripe_base", str_none);
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 minute' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
    str before = hold_of(order);
    has_text(before, "false");
    provider_at(S("http://127.0.0.1:1"));
    for (int i = 0; i < 3; i++)
        goes_to_pay(order, 502);
    eq_str(hold_of(order), before);
    eq_int(t_int("select s.reserved as n from inventory.stock s join catalog.variant v on "
                 "v.item_id = s.item_id and v.sku = '" CABLE "'"), 0);
    t_prove();
    provider_at(base);
    redis_del(t_ctx(), S("circuit:stripe:open"));
    goes_to_pay(order, 303);
    eq_int(minutes_kept(order), 30);
    has_text(hold_of(order), "true");
}

static i64 pages_made(void) /* by the simulator, ever */
{
    const struct node *stats = t_sim("GET", "/_sim/stats?brief", NULL);
    const struct node *objects = node_get(stats, S("objects"));
    return node_int(objects, "session");
}

T(a_lost_answer_is_found_again_by_its_key)
{
    t_open();
    i64 before = pages_made();
    t_sim("POST", "/_sim/switches", "{\"faults\":[{\"match\":\"POST /v1/checkout/sessions\","
                                    "\"do\":\"truncate\",\"times\":1}]}");
    i64 order = t_order();
    str key = t_attempt_key(order);
    eq_str(t_session(order), "");
    for (int i = 0; i < 2; i++) { /* and twice is the same page */
        t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
                   STR(t_key(order))).p, "");
        t_status(303);
        t_header_has("Location", str_c(t_ctx()->mem, t_session(order)));
    }
    eq_str(t_attempt_key(order), key);
    eq_int(pages_made() - before, 1);
}

/* An order whose page was made, or not, while the provider answers with a failure that it keeps. */
static i64 order_lost(const char *at)
{
    t_open();
    redis_del(t_ctx(), S("circuit:stripe:fails"));
    t_sim("POST", "/_sim/switches",
        str_fmt(t_ctx()->mem, "{\"faults\":[{\"match\":\"POST /v1/checkout/sessions\",\"do\":"
                              "\"status\",\"status\":500,\"at\":\"%s\",\"save\":true,"
                              "\"times\":1}]}", at).p);
    return t_order();
}

static str attempts_of(i64 order)
{
    return t_str("select string_agg(state, ' ' order by id) as s from payments.attempt where "
                 "order_id = %" PRId64, order);
}

T(what_the_provider_lost_under_its_key_is_asked_for_under_another)
{
    i64 order = order_lost("after");
    str key = t_attempt_key(order);
    eq_str(attempts_of(order), "created");
    goes_to_pay(order, 303);
    t_header_has("Location", "/c/pay/cs_");
    eq_str(attempts_of(order), "failed open");
    is_false(str_eq(t_attempt_key(order), key));
    str page = t_session(order);
    goes_to_pay(order, 303);
    eq_str(t_session(order), page.p);
    t_prove();
}

T(goods_kept_for_a_payment_that_the_provider_lost_go_back_in_time)
{
    static const char *const at[] = { "before", "after" };
    for (size_t i = 0; i < COUNT(at); i++) {
        i64 order = order_lost(at[i]);
        t_sql("update orders.\"order\" set hold_until = now() - interval '1 minute' where id = "
              "%" PRId64, order);
        t_cron("orders.lapsing");
        t_drain();
        has_text(hold_of(order), "false");
        eq_str(attempts_of(order), "failed");
    }
    t_prove();
}

T(what_the_provider_lost_is_asked_for_once)
{
    i64 order = order_lost("after");
    for (int i = 0; i < 2; i++) {
        t_sql("update payments.attempt set created_at = now() - interval '3 minutes' where "
              "order_id = %" PRId64, order);
        t_cron("payments.reconcile");
        t_drain();
        eq_str(attempts_of(order), "failed");
    }
    t_prove();
}

T(a_page_too_old_to_be_opened_makes_room_for_a_new_one)
{
    t_open();
    str base = conf_str(t_ctx()->app->conf, "stripe_base", str_none);
    provider_at(S("http://127.0.0.1:1"));
    i64 order = t_order();
    str key = t_attempt_key(order);
    provider_at(base);
    redis_del(t_ctx(), S("circuit:stripe:open"));
    /* The request names an end that by now is less than half an hour away: 400 for ever. */
    t_sql("update payments.attempt set request = jsonb_set(request, '{expires_at}', "
          "to_jsonb((extract(epoch from now()) + 600)::bigint)) where order_id = %" PRId64, order);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    is_false(str_eq(t_attempt_key(order), key));
    eq_str(t_str("select state as s from payments.attempt where key = '%.*s'", STR(key)), "failed");
}

T(a_page_whose_time_is_over_is_closed_before_the_next_is_opened)
{
    i64 order = t_order();
    str first = t_session(order);
    t_sql("update payments.attempt set expires_at = now() - interval '1 minute' where order_id = "
          "%" PRId64, order);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    is_false(str_eq(t_session(order), first));
    eq_str(node_str(t_sim("GET", str_fmt(t_ctx()->mem, "/v1/checkout/sessions/%.*s",
                        STR(first)).p, NULL), "status"), "expired");
}

T(a_provider_away_for_long_is_still_asked_afterwards)
{
    i64 order = t_order();
    str base = conf_str(t_ctx()->app->conf, "stripe_base", str_none);
    t_sim_pay(order);
    t_sql("update payments.attempt set created_at = now() - interval '3 minutes' where order_id = "
          "%" PRId64, order);
    provider_at(S("http://127.0.0.1:1"));
    t_cron("payments.reconcile");
    for (int i = 0; i < 5; i++) {
        t_sql("update work.job set run_at = now() where state = 'ready'");
        struct ctx c = *t_ctx();
        work_drain(&c, 1);
    }
    eq_int(t_int("select count(*) as n from work.job where state = 'dead'"), 0);
    provider_at(base);
    redis_del(t_ctx(), S("circuit:stripe:open"));
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "paid");
}

T(a_refund_the_provider_refuses_is_said_and_can_be_asked_for_again)
{
    i64 order = t_order();
    t_paid(order);
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    t_login("admin@example.test");
    const char *door = str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p;
    t_post(door, "");
    t_drain();
    eq_str(t_str("select state as s from payments.refund where order_id = %" PRId64, order),
        "failed");
    has_text(t_str("select string_agg(kind, ' ') as s from orders.event where order_id = %" PRId64,
                 order), "refund_failed");
    t_sql("update payments.attempt set payment_id = (select body::jsonb #>> '{data,object,"
          "payment_intent}' from payments.event where event_id = 'evt_t_paid_%" PRId64 "') where "
          "order_id = %" PRId64, order, order);
    t_post(door, "");
    t_status(303);
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "refunded");
}

T(a_payment_whose_event_was_lost_is_asked_for)
{
    i64 order = t_order();
    t_sim_pay(order);
    t_sql("update payments.attempt set created_at = now() - interval '3 minutes' where order_id = "
          "%" PRId64, order);
    t_cron("payments.reconcile");
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "paid");
    t_cron("payments.reconcile"); /* nothing is open any more */
    eq_int(t_int("select count(*) as n from work.job where kind = 'payments.ask' and subject_id in "
                 "(select id from payments.attempt where order_id = %" PRId64 ")", order), 0);
}

T(a_payment_that_failed_later_and_was_not_told_of_is_asked_for)
{
    i64 order = t_order();
    const char *states = str_fmt(t_ctx()->mem, "select state as s from payments.attempt where "
            "order_id = %" PRId64, order).p;
    /* The running shop would be told, and its jobs are ours to see here. */
    t_sim("POST", "/_sim/switches", "{\"async_ms\":0,\"webhooks\":{\"off\":true}}");
    eq_str(node_str(t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(t_session(order))).p,
                        "{\"card\":\"4000000000000085\"}"), "outcome"), "later");
    t_event("evt_t_later", "checkout.session.completed",
        t_session_object(order, "complete", "unpaid", 134000, "thb"));
    t_drain();
    eq_str(t_str("%s", states), "processing");
    t_sim("POST", "/_sim/switches", "{\"async_ms\":3000,\"webhooks\":{\"off\":false}}");
    t_sql("update payments.attempt set created_at = now() - interval '3 minutes' where order_id = "
          "%" PRId64, order);
    for (int i = 0; i < 40 && !str_is(t_str("%s", states), "failed"); i++) {
        poll(NULL, 0, 50);
        t_sql("update payments.attempt set asked_at = null where order_id = %" PRId64, order);
        t_cron("payments.reconcile");
        t_drain();
    }
    eq_str(t_str("%s", states), "failed");
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303); /* and it can be paid again */
    t_header_has("Location", "/c/pay/cs_");
}

/* Its page may have told of it as well: asked once more it says the same. */
T(of_a_bank_that_takes_its_time_the_payment_is_enough_to_hear)
{
    i64 order = t_order();
    struct arena *mem = t_ctx()->mem;
    const char *states = str_fmt(mem, "select state as s from payments.attempt where order_id = "
            "%" PRId64, order).p;
    t_event("evt_t_begun", "payment_intent.processing", t_intent_object(order, 0));
    t_drain();
    eq_str(t_str("%s", states), "open"); /* of the page only the page is believed */
    t_sim("POST", "/_sim/switches", "{\"async_ms\":600000,\"webhooks\":{\"off\":true}}");
    eq_str(node_str(t_sim("POST", str_fmt(mem, "/_sim/pay/%.*s", STR(t_session(order))).p,
                        "{\"card\":\"4000000000000077\"}"), "outcome"), "later");
    t_sim("POST", "/_sim/switches", "{\"async_ms\":3000,\"webhooks\":{\"off\":false}}");
    for (int i = 0; i < 2; i++) {
        t_event(str_fmt(mem, "evt_t_slow%d", i).p, "payment_intent.processing",
            t_intent_object(order, 0));
        t_drain();
        eq_str(t_str("%s", states), "processing");
    }
    eq_int(t_int("select count(*) as n from orders.event where kind = 'payment_processing' and "
                 "order_id = %" PRId64, order), 1);
    eq_int(t_int("select count(*) as n from payments.event where kind = 'checkout.session.asked' and "
                 "body like '%%%.*s%%'", STR(t_session(order))), 2);
    eq_int(t_int("select left_cart::int as n from orders.\"order\" where id = %" PRId64, order), 1);
    t_event("evt_t_no", "checkout.session.async_payment_failed",
        t_session_object(order, "complete", "unpaid", 134000, "thb"));
    t_event("evt_t_slow_late", "payment_intent.processing", t_intent_object(order, 0));
    t_drain();
    eq_str(t_str("%s", states), "failed");
}

/* ---- sums as the provider counts them -------------------------------------------------------- */

/* The same order in another currency; it is sent to pay anew. */
static void pay_in(i64 order, const char *currency, i64 total, int status)
{
    t_sql("update payments.attempt set state = 'failed', currency = '%s', amount = %" PRId64
          " where order_id = %" PRId64, currency, total, order);
    t_sql("update orders.\"order\" set currency = '%s', total = %" PRId64
          ", delivery_total = %" PRId64 " - goods_total where id = %" PRId64, currency, total,
        total, order);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(status);
}

T(what_the_provider_counts_in_other_units_is_asked_and_given_back_in_those)
{
    static const struct {
        const char *currency;
        i64 wire;
    } sums[] = { { "ISK", 13400000 }, { "UGX", 13400000 }, { "MGA", 1340 }, { "KWD", 134000 },
        { "JPY", 134000 }, { "HUF", 134000 } };
    struct ctx *c = t_ctx();
    for (size_t i = 0; i < COUNT(sums); i++) {
        t_browser();
        i64 order = t_order();
        pay_in(order, sums[i].currency, 134000, 303);
        const struct node *page = t_sim(
            "GET", str_fmt(c->mem, "/v1/checkout/sessions/%.*s", STR(t_session(order))).p, NULL);
        eq_int(node_int(page, "amount_total"), sums[i].wire);
        t_paid(order);
        eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
            "paid");
        t_login("admin@example.test");
        const char *desk = str_fmt(c->mem, "/admin/orders/%.*s", STR(t_number(order))).p;
        t_post_f(str_fmt(c->mem, "%s/refund", desk).p, "part=1&amount=%s&kept=134000",
            money_plain(c->mem, 10000, money_exponent(str_of(sums[i].currency))).p);
        t_status(303);
        t_drain();
        eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order),
            10000);
        str payment = t_str("select payment_id as s from payments.attempt where state = 'paid' and "
                            "order_id = %" PRId64, order);
        t_event(str_fmt(c->mem, "evt_t_unit_%zu", i).p, "charge.dispute.created",
            str_fmt(c->mem, "{\"object\":\"dispute\",\"id\":\"du_t_unit_%zu\",\"amount\":%" PRId64
                ",\"currency\":\"%.*s\",\"payment_intent\":\"%.*s\",\"reason\":\"general\","
                "\"status\":\"needs_response\",\"created\":%" PRId64 "}", i, sums[i].wire / 134,
                STR(str_lower(c->mem, str_of(sums[i].currency))), STR(payment), c->now / SECOND));
        t_drain();
        eq_int(t_int("select disputed_total as n from orders.\"order\" where id = %" PRId64, order),
            1000);
    }
}

T(a_sum_too_fine_for_the_provider_is_asked_of_nobody)
{
    static const struct {
        const char *currency;
        i64 total, part;
    } sums[] = { { "KWD", 134001, 5124 }, { "MGA", 134010, 110 } };
    struct ctx *c = t_ctx();
    for (size_t i = 0; i < COUNT(sums); i++) {
        t_browser();
        i64 order = t_order();
        pay_in(order, sums[i].currency, sums[i].total, 409);
        t_text("takes no payment of this sum, so this order is cancelled");
        eq_int(t_int("select count(*) as n from payments.attempt where state <> 'failed' and "
                     "order_id = %" PRId64, order), 0);
        t_browser();
        order = t_order();
        pay_in(order, sums[i].currency, 134000, 303);
        t_paid(order);
        t_login("admin@example.test");
        t_post_f(str_fmt(c->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p,
            "part=1&amount=%s&kept=134000",
            money_plain(c->mem, sums[i].part, money_exponent(str_of(sums[i].currency))).p);
        t_status(422);
        t_html("a[href='#amount']");
        eq_int(t_int("select count(*) as n from payments.refund where order_id = "
                     "%" PRId64, order), 0);
    }
}

/* ---- giving back ------------------------------------------------------------------------------------- */

T(a_second_payment_goes_back)
{
    i64 order = t_order();
    str first = t_attempt_key(order);
    t_sql("update payments.attempt set state = 'failed' where order_id = %" PRId64, order);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    t_event("evt_t_second", "payment_intent.succeeded", t_intent_object(order, 134000));
    t_event("evt_t_first", "payment_intent.succeeded",
        str_fmt(t_ctx()->mem, "{\"object\":\"payment_intent\",\"id\":\"pi_late\",\"amount_received\":"
            "134000,\"currency\":\"thb\",\"metadata\":{\"attempt\":\"%.*s\"}}", STR(first)));
    t_status(200);
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "paid");
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
               order), 134000);
}

T(more_than_was_paid_is_never_given_back)
{
    struct ctx *c = t_ctx();
    i64 order = t_order();
    t_paid(order);
    c->scope = (struct scope){ .order = order };
    eq_err(payments_refund(c, order, 134001, S("x"), S("t-1"), 0, NULL), E_CONFLICT);
    fault_clear(c);
    must(payments_refund(c, order, 34000, S("x"), S("t-2"), 0, NULL));
    must(payments_refund(c, order, 34000, S("x"), S("t-2"), 0, NULL)); /* the same key: nothing new */
    eq_err(payments_refund(c, order, 100001, S("x"), S("t-3"), 0, NULL), E_CONFLICT);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64
                 " and key like 't-2%%'", order), 1);
}

T(what_is_given_back_at_the_providers_own_desk_counts)
{
    i64 order = t_order();
    t_paid(order);
    str part = t_refund_object(order, "re_desk", 34000);
    t_event("evt_t_desk", "refund.created", part);
    t_event("evt_t_desk2", "refund.updated", part);
    t_drain();
    eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order),
        34000);
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "paid");
    t_prove();
    t_login("admin@example.test");
    t_post(str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p, "");
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "refunded");
}

T(what_is_given_back_at_the_desk_waits_for_the_news_that_it_was_paid)
{
    i64 order = t_order();
    struct ctx c = *t_ctx();
    str payment = str_fmt(c.mem, "pi_t%" PRId64, order); /* as t_intent_object says */
    t_event("evt_t_back_early", "refund.created",
        str_fmt(c.mem, "{\"object\":\"refund\",\"id\":\"re_early\",\"status\":\"succeeded\","
                "\"amount\":34000,\"currency\":\"thb\",\"payment_intent\":\"%.*s\"}",
            STR(payment)));
    work_drain(&c, 10); /* a first try */
    eq_int(t_int("select count(*) as n from payments.event where event_id = 'evt_t_back_early' and "
                 "applied_at is null"), 1);
    t_event("evt_t_back_paid", "payment_intent.succeeded", t_intent_object(order, 134000));
    t_drain();
    eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order), 34000);
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "paid");
    /* Of nobody's payment, it is not waited for for ever. */
    t_event("evt_t_back_foreign", "refund.created",
        S("{\"object\":\"refund\",\"id\":\"re_foreign\",\"status\":\"succeeded\",\"amount\":5,"
          "\"currency\":\"thb\",\"payment_intent\":\"pi_nobodys\"}"));
    t_drain();
    eq_str(t_str("select outcome as s from payments.event where event_id = 'evt_t_back_foreign'"),
        "not ours");
    t_prove();
}

static void refund_at_the_desk(str payment, i64 amount)
{
    struct ctx *c = t_ctx();
    str headers[] = { str_fmt(c->mem, "Authorization: Bearer %.*s",
        STR(conf_str(c->app->conf, "stripe_key", str_none))),
        S("Content-Type: application/x-www-form-urlencoded") };
    struct http_call ask = { .method = "POST", .headers = headers, .n_headers = 2,
        .body = str_fmt(c->mem, "payment_intent=%.*s&amount=%" PRId64, STR(payment), amount),
        .flags = HTTP_PRIVATE_OK, .url = str_fmt(c->mem, "%.*s/v1/refunds",
            STR(conf_str(c->app->conf, "stripe_base", str_none))) };
    struct http_answer got;
    must(http_call(c, &ask, &got));
    eq_int(got.status, 200);
}

/* Who asks just now may have heard the answer already. */
T(a_charge_refunded_while_its_refunds_are_asked_for_is_asked_for_again)
{
    i64 order = t_order();
    t_paid(order);
    i64 attempt = t_int("select id as n from payments.attempt where order_id = %" PRId64, order);
    t_sql("insert into work.job (kind, key, subject_id, state, attempt, worker, lease_until) values "
          "('payments.ask_refunds', 'payments.ask_refunds:%" PRId64 "', %" PRId64 ", 'running', 1, "
          "'t', clock_timestamp() + interval '1 minute')", attempt, attempt);
    str payment = t_str("select payment_id as s from payments.attempt where id = %" PRId64, attempt);
    refund_at_the_desk(payment, 5000);
    t_event("evt_t_meanwhile", "charge.refunded",
        str_fmt(t_ctx()->mem, "{\"object\":\"charge\",\"id\":\"ch_m\",\"payment_intent\":\"%.*s\"}",
            STR(payment)));
    t_drain();
    /* What the simulator says by itself comes as well, but not as an answer. */
    eq_int(t_int("select count(*) as n from payments.event where kind = 'refund.asked' and body like "
                 "'%%%.*s%%'", STR(payment)), 1);
    eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order), 5000);
}

T(a_refund_that_fails_after_all_is_in_the_books)
{
    i64 order = t_order();
    t_paid(order);
    t_login("admin@example.test");
    t_post(str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p, "");
    t_drain();
    str id = t_str("select provider_id as s from payments.refund where order_id = %" PRId64, order);
    str key = t_str("select key as s from payments.refund where order_id = %" PRId64, order);
    t_event("evt_t_bounced", "refund.failed",
        str_fmt(t_ctx()->mem, "{\"object\":\"refund\",\"id\":\"%.*s\",\"status\":\"failed\","
            "\"failure_reason\":\"expired_or_canceled_card\",\"amount\":134000,\"currency\":\"thb\","
            "\"metadata\":{\"refund\":\"%.*s\"}}", STR(id), STR(key)));
    t_drain();
    eq_str(t_str("select state as s from payments.refund where order_id = %" PRId64, order),
        "failed");
    eq_int(t_int("select sum(amount)::bigint as n from payments.entry where order_id = %" PRId64
                 " and account = 'provider'", order), 134000);
    has_text(t_str("select string_agg(kind, ' ') as s from orders.event where order_id = %" PRId64,
                 order), "refund_failed");
}

/* ---- the ledger ------------------------------------------------------------------------------------------ */

static int raw(const char *sql)
{
    struct ctx *c = t_ctx();
    c->scope = (struct scope){ .platform = true };
    must(pg_begin(c));
    int err = pg_script(c, str_of(sql));
    pg_end(c, E_INTERNAL);
    fault_clear(c);
    return err;
}

T(ledger_rows_are_never_changed)
{
    i64 order = t_order();
    t_paid(order);
    is_true(raw("update payments.entry set amount = amount + 1"));
    is_true(raw("delete from payments.entry"));
    is_true(raw("update payments.transaction set cause = 'x'"));
    is_true(raw("delete from payments.transaction"));
    is_true(raw("update inventory.movement set quantity = 1"));
    is_true(raw("delete from orders.event"));
    is_true(raw("truncate payments.entry"));
}

T(what_does_not_sum_to_zero_is_not_booked)
{
    i64 order = t_order();
    struct ctx *c = t_ctx();
    const str accounts[] = { S("buyer"), S("provider") };
    bool fresh;
    c->scope = (struct scope){ .platform = true };
    must(pg_begin(c));
    must(ledger_book(c, order, S("t:uneven"), S("THB"), accounts, (const i64[]){ -5, 6 }, 2, &fresh));
    is_true(fresh);
    is_true(pg_script(c, S("set constraints all immediate")));
    pg_end(c, E_INTERNAL);
    fault_clear(c);
    must(ledger_book(c, order, S("t:even"), S("THB"), accounts, (const i64[]){ -5, 5 }, 2, &fresh));
    is_true(fresh);
    must(ledger_book(c, order, S("t:even"), S("THB"), accounts, (const i64[]){ -5, 5 }, 2, &fresh));
    is_false(fresh);
}

static str key_in(const char *select)
{
    return t_str("select coalesce(string_agg(substring(x, '[?]key=[A-Za-z0-9_-]+'), ' '), '') as s "
                 "from (%s) t(x)",
        select);
}

T(SE_12_the_way_back_to_an_order_is_not_kept_with_its_payment)
{
    i64 order = t_order();
    const char *requests = str_fmt(
        t_ctx()->mem, "select request::text from payments.attempt where order_id = %" PRId64, order)
                               .p;
    str key = t_key(order);
    has_text(key_in(requests), key); /* as the same page may have to be asked for again */
    t_paid(order);
    eq_int(t_int("select count(*) as n from payments.event where body like '%%%.*s%%'",
               STR(t_session(order))) > 0,
        true);
    eq_int(
        t_int("select count(*) as n from payments.event where body like '%%%.*s%%'", STR(key)), 0);
    t_cron("payments.forget_links");
    has_text(key_in(requests), key);
    t_sql(
        "update payments.attempt set created_at = now() - interval '25 hours' where order_id = %" PRId64,
        order);
    t_cron("payments.forget_links");
    eq_str(key_in(requests), "");
    eq_int(
        t_int(
            "select count(*) as n from payments.attempt where request ->> 'email' <> '' and order_id = %" PRId64,
            order),
        1);
}

T(se_12_an_event_is_kept_without_the_secret_of_the_buyers_program)
{
    static const char *const bodies[][2] = {
        { "{\"a\":1,\"client_secret\":\"pi_1_secret_x\",\"b\":2}",
            "{\"a\":1,\"client_secret\":\"\",\"b\":2}" },
        { "{\"client_secret\" : \n \"x\\\"y\" , \"n\":{\"client_secret\":\"z\"}}",
            "{\"client_secret\" : \n \"\" , \"n\":{\"client_secret\":\"\"}}" },
        { "{\"client_secret\":null}", "{\"client_secret\":null}" },
        { "{\"client_secret\"", "{\"client_secret\"" },
        { "{\"client_secret\":\"cut", "{\"client_secret\":\"" },
        { "{\"client_secrets\":\"x\"}", "{\"client_secrets\":\"x\"}" },
        { "{\"cancel_url\":\"https://x/?key=y\",\"n\":{\"success_url\":\"https://x/r?key=y\"}}",
            "{\"cancel_url\":\"\",\"n\":{\"success_url\":\"\"}}" },
        { "{\"billing_details\":{\"address\":{\"line1\":\"9 Market \\\"x\\\" Lane\",\"line2\":null,"
          "\"city\":\"Bangkok\"},\"phone\":\"+66812345678\"}}",
            "{\"billing_details\":{\"address\":{\"line1\":\"\",\"line2\":null,"
            "\"city\":\"Bangkok\"},\"phone\":\"\"}}" },
        { "{\"next_action\":{\"redirect\":{\"return_url\": \"z\"}}}",
            "{\"next_action\":{\"redirect\":{\"return_url\": \"\"}}}" },
        { "{\"evidence\" : {\"a\":{\"b\":\"}\\\"}\"},\"c\":1},\"evidence_details\":{\"d\":{}}}",
            "{\"evidence\" : {},\"evidence_details\":{\"d\":{}}}" },
        { "{\"evidence\":null,\"e\":\"evidence\"}", "{\"evidence\":null,\"e\":\"evidence\"}" },
        { "{\"evidence\":{\"cut\":\"a\\", "{\"evidence\":{" },
    };
    t_open();
    for (size_t i = 0; i < COUNT(bodies); i++) {
        bool fresh;
        str id = str_fmt(t_ctx()->mem, "evt_secret_%zu", i);
        t_ctx()->scope.platform = true;
        must(payments_store(t_ctx(), S("stripe"), id, S("x"), str_of(bodies[i][0]), &fresh));
        struct node *row = t_rows(str_fmt(
            t_ctx()->mem, "select body from payments.event where event_id = '%.*s'", STR(id))
                                      .p);
        eq_str(node_str(&node_first(row)->node, "body"), bodies[i][1]);
    }
}
