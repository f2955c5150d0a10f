/* Orders by other software: what is asked for and answered, whose it is, the money by intent, and
 * money back in part. */
#include "io/io.h"
#include "orders/orders.h"
#include "t/shop.h"
#include "web/web_in.h"

#define SHOPPER_  "shopper@example.test"
#define PASSWORD_ "market-day-demo"
#define ONE_CABLE "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\"}"
#define HOME      "\"name\":\"Mali\",\"phone\":\"0812345678\",\"line1\":\"9 Market Lane\",\"city\":\"Bangkok\"," \
                  "\"postcode\":\"10200\",\"country\":\"TH\""

/* ---- asking ------------------------------------------------------------------------------------ */

static str token_of(const char *email)
{
    t_post_json("/api/auth/login",
        str_fmt(t_ctx()->mem, "{\"email\":\"%s\",\"password\":\"" PASSWORD_ "\"}", email).p);
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(t_document(), "accessToken"));
}

static str shopper_, admin_;

static void open_shop(void)
{
    t_open();
    t_browser();
    t_clock(when_now());
    t_stock(CABLE, 50);
    t_stock(RADIO, 50);
    shopper_ = token_of(SHOPPER_);
    admin_ = token_of("admin@example.test");
    /* Nobody has bought before. */
    t_sql("update orders.\"order\" set person_id = null");
}

static void call(str token, const char *method, const char *path, const char *body)
{
    if (token.n)
        t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
    t_send(method, path, body ? "application/json" : NULL, str_of(body));
}

static void buy(const char *key, const char *body)
{
    t_with("Idempotency-Key", key);
    call(shopper_, "POST", "/api/orders", body);
}

static str said(const char *path)
{
    const struct node *value = node_path(t_document(), str_of(path));
    return value && value->kind == N_STR ? str_dup(t_ctx()->mem, value->as.text) : str_none;
}

static i64 order_of(str number)
{
    return t_int("select id as n from orders.\"order\" where number = '%.*s'", STR(number));
}

static i64 bought(const char *key, const char *body)
{
    buy(key, body);
    t_status(201);
    return order_of(said("order.id"));
}

static const char *path_of(i64 order, const char *rest)
{
    return str_fmt(t_ctx()->mem, "/api/orders/%.*s%s", STR(t_number(order)), rest).p;
}

static str payment_of(i64 order)
{
    return t_str("select payment_id as s from payments.attempt where order_id = %" PRId64
                 " order by id desc limit 1", order);
}

static str attempt_state(i64 order)
{
    return t_str("select state as s from payments.attempt where order_id = %" PRId64
                 " order by id desc limit 1", order);
}

static str states(i64 order)
{
    return t_str("select status || ' ' || orders.money_state(payment_status, refunded_total) as s "
                 "from orders.\"order\" where id = %" PRId64, order);
}

static i64 total_of(i64 order)
{
    return t_int("select total as n from orders.\"order\" where id = %" PRId64, order);
}

/* ---- placing ------------------------------------------------------------------------------------- */

T(items_and_a_way_to_pay_are_enough)
{
    open_shop();
    t_put(RADIO, 1); /* a browser's cart beside it stays as it is */
    i64 carts = t_int("select count(*) as n from cart.line");
    buy("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":2,\"price\":1,\"unitPrice\":1}],"
               "\"paymentMethod\":\"card\",\"totalAmount\":2,\"personId\":1,\"paymentStatus\":\"paid\"}");
    t_status(201);
    i64 order = order_of(said("order.id"));
    eq_int(t_int("select goods_total as n from orders.\"order\" where id = %" PRId64, order), 258000);
    t_json("order.totalAmount", "258000"); /* free from 1,500 */
    t_json("order.currency", "THB");
    t_json("order.paymentStatus", "pending");
    t_json("order.orderStatus", "pending");
    eq_int((i64)node_count(t_document()), 2);
    eq_int((i64)node_count(node_get(t_document(), S("order"))), 5);
    eq_int((i64)node_count(node_get(t_document(), S("payment"))), 2);
    is_true(str_starts(said("payment.paymentId"), S("pi_")));
    is_true(str_starts(said("payment.clientSecret"),
        str_fmt(t_ctx()->mem, "%.*s_secret_", STR(said("payment.paymentId")))));
    const struct node *intent = t_sim("GET",
        str_fmt(t_ctx()->mem, "/v1/payment_intents/%.*s", STR(said("payment.paymentId"))).p, NULL);
    eq_int(node_int(intent, "amount"), 258000);
    eq_str(node_str(intent, "currency"), "thb");
    eq_str(node_str(node_get(intent, S("metadata")), "order_id"), t_number(order));
    eq_str(t_str("select email as s from orders.\"order\" where id = %" PRId64, order), SHOPPER_);
    eq_int(t_int("select count(*) as n from cart.line"), carts + 1);
    t_get("/cart.json");
    t_json("cart.lines.0.sku", RADIO);
    eq_int(t_int("select sum(quantity)::bigint as n from inventory.hold where order_id = %" PRId64
                 " and state = 'held'", order), 2);
    /* The secret is for its buyer: it stands nowhere as it is. */
    eq_int(t_int("select count(*) as n from payments.attempt a, orders.answer w where a.order_id = "
                 "%" PRId64 " and (a.client_secret like '%%_secret_%%' or w.answer like "
                 "'%%_secret_%%')", order), 0);
}

T(the_same_key_is_answered_the_same_to_the_byte)
{
    open_shop();
    buy("k-1", ONE_CABLE);
    t_status(201);
    str first = str_dup(t_ctx()->mem, t_body());
    i64 order = order_of(said("order.id"));
    t_sql("update catalog.price set amount = amount + 100");
    t_shelved();
    for (int i = 0; i < 3; i++) {
        buy("k-1", ONE_CABLE);
        t_status(201);
        eq_str(t_body(), first);
    }
    t_event("evt_t_api_same", "payment_intent.succeeded",
        t_intent_object(order, total_of(order)));
    t_drain();
    buy("k-1", ONE_CABLE);
    eq_str(t_body(), first); /* also when it is paid by now */
    eq_int(t_int("select count(*) as n from orders.\"order\" where email = '" SHOPPER_ "' and "
                 "placed_at > now() - interval '1 minute' and person_id is not null"), 1);
    buy("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":2}],\"paymentMethod\":\"stripe\"}");
    t_status(409);
    t_json("code", "orders.key_used");
    buy("k-2", ONE_CABLE);
    t_status(201);
    is_false(str_eq(t_body(), first));
    /* Somebody else's key of the same name is another key. */
    t_with("Idempotency-Key", "k-1");
    call(admin_, "POST", "/api/orders", ONE_CABLE);
    t_status(201);
    is_false(str_eq(t_body(), first));
}

T(answers_are_kept_for_three_days)
{
    open_shop();
    bought("k-1", ONE_CABLE);
    t_clock(t_ctx()->now + 2 * DAY);
    t_cron("orders.forget_answers");
    eq_int(t_int("select count(*) as n from orders.answer where key = 'k-1'"), 1);
    t_clock(t_ctx()->now + DAY + HOUR);
    t_cron("orders.forget_answers");
    eq_int(t_int("select count(*) as n from orders.answer where key = 'k-1'"), 0);
}

T(a_bad_order_is_refused_and_leaves_nothing)
{
    static const struct {
        const char *body, *field;
        int status;
    } bad[] = {
        { "{}", "items", 422 },
        { "{\"items\":[],\"paymentMethod\":\"stripe\"}", "items", 422 },
        { "{\"items\":[{}],\"paymentMethod\":\"stripe\"}", "items.0.sku", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\"}],\"paymentMethod\":\"stripe\"}", "items.0.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":0}],\"paymentMethod\":\"stripe\"}", "items.0.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":-1}],\"paymentMethod\":\"stripe\"}", "items.0.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1.5}],\"paymentMethod\":\"stripe\"}", "items.0.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1000}],\"paymentMethod\":\"stripe\"}", "items.0.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":500},{\"sku\":\"" RADIO "\",\"quantity\":1},{\"sku\":\"" CABLE "\",\"quantity\":500}],\"paymentMethod\":\"stripe\"}", "items.2.quantity", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1},{\"sku\":\"NO-SUCH\",\"quantity\":1}],\"paymentMethod\":\"stripe\"}", "items.1.sku", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}]}", "paymentMethod", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"shells\"}", "paymentMethod", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\",\"currency\":\"EUR\"}", "currency", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\",\"deliveryMethod\":\"by-broom\"}", "deliveryMethod", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\",\"address\":{\"line1\":\"x\"}}", "address.city", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\",\"address\":{\"line1\":\"x\",\"city\":\"y\",\"country\":\"AQ\"}}", "address.country", 422 },
        { "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":51}],\"paymentMethod\":\"stripe\"}", NULL, 409 },
        { "{\"items\":[{\"sku\":\"" NO_DONG "\",\"quantity\":1}],\"paymentMethod\":\"stripe\",\"currency\":\"VND\"}", NULL, 409 },
        { "[]", NULL, 400 }, { "{\"items\":", NULL, 400 }, { "{\"items\":[],\"items\":[]}", NULL, 400 },
    };
    open_shop();
    i64 orders = t_int("select count(*) as n from orders.\"order\"");
    i64 carts = t_int("select count(*) as n from cart.cart");
    for (size_t i = 0; i < COUNT(bad); i++) {
        buy("k-bad", bad[i].body);
        if (t_last_status() != bad[i].status ||
            (bad[i].field && !node_get(node_get(t_document(), S("fields")), str_of(bad[i].field))))
            ck_abort_msg("%s: %d %.*s", bad[i].body, t_last_status(), STR(t_body()));
    }
    call(shopper_, "POST", "/api/orders", ONE_CABLE);
    t_status(422); /* no key */
    t_json("fields.idempotencyKey", "Please send this as the request's header Idempotency-Key.");
    buy(" ", ONE_CABLE);
    t_status(422);
    t_json("fields.idempotencyKey", "Please send this as the request's header Idempotency-Key.");
    eq_int(t_int("select count(*) as n from orders.\"order\""), orders);
    eq_int(t_int("select count(*) as n from cart.cart"), carts);
    eq_int(t_int("select count(*) as n from orders.answer where key like 'k-bad%%'"), 0);
    buy("k-bad", ONE_CABLE); /* the key is as good as new */
    t_status(201);
}

T(one_thing_on_two_lines_is_one_sum)
{
    open_shop();
    t_stock(CABLE, 2000);
    t_sql("update catalog.price set amount = 1000, compare_at = null where variant_id = "
          "(select id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    buy("k-two", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":999},{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\"}");
    t_status(422); /* and not 999 of 1000, without a word */
    is_true(node_get(node_get(t_document(), S("fields")), S("items.1.quantity")) != NULL);
    i64 order = bought("k-two", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":998},{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":\"stripe\"}");
    eq_int(t_int("select sum(quantity)::bigint as n from orders.line where order_id = %" PRId64, order), 999);
}

T(a_key_is_as_long_as_clients_make_them_elsewhere)
{
    char key[257] = { 0 };
    open_shop();
    memset(key, 'k', 255);
    buy(key, ONE_CABLE);
    t_status(201);
    str first = str_dup(t_ctx()->mem, t_body());
    buy(key, ONE_CABLE);
    eq_str(t_body(), first);
    key[255] = 'k';
    buy(key, ONE_CABLE);
    t_status(422);
}

T(strangers_log_in_first)
{
    open_shop();
    t_with("Idempotency-Key", "k-1");
    call(str_none, "POST", "/api/orders", ONE_CABLE);
    t_status(401);
    t_json("error", "Authentication required");
    t_with("Idempotency-Key", "k-1");
    call(S("a.b.c"), "POST", "/api/orders", ONE_CABLE);
    t_status(401);
    t_json("error", "Invalid token");
    t_login(SHOPPER_); /* by cookie: with the form's token alone */
    t_without_token();
    t_with("Idempotency-Key", "k-1");
    t_post_json("/api/orders", ONE_CABLE);
    t_status(403);
    t_with("X-CSRF-Token", str_c(t_ctx()->mem, t_cookie("__Host-csrf")));
    t_with("Idempotency-Key", "k-1");
    t_post_json("/api/orders", ONE_CABLE);
    t_status(201);
}

T(another_currency_is_the_shops_own_price_in_it)
{
    open_shop();
    i64 order = bought("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":"
                              "\"stripe\",\"currency\":\"VND\"}");
    t_json("order.currency", "VND");
    eq_int(t_int("select goods_total as n from orders.\"order\" where id = %" PRId64, order), 1020000);
}

/* Of dong the provider publishes no least charge: only it knows. */
T(a_sum_the_provider_refuses_is_refused_again_to_the_byte)
{
    static const char few_dong[] = "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],"
                                   "\"paymentMethod\":\"stripe\",\"currency\":\"VND\"}";
    open_shop();
    t_sql("update catalog.price set amount = 12000, compare_at = null where currency = 'VND'; "
          "update shipping.price set amount = 0");
    t_shelved();
    buy("k-sum", few_dong);
    t_status(409);
    t_json("code", "orders.sum");
    str first = str_dup(t_ctx()->mem, t_body());
    i64 order = t_int("select order_id as n from orders.answer where key = 'k-sum'");
    eq_str(states(order), "cancelled pending");
    for (int i = 0; i < 2; i++) {
        buy("k-sum", few_dong);
        t_status(409);
        eq_str(t_body(), first);
    }
    /* Who died over keeping the answer left the order; its reason stays what it was. */
    t_sql("update orders.answer set answer = null where key = 'k-sum'");
    buy("k-sum", few_dong);
    t_status(409);
    t_json("code", "orders.sum");
    t_login(SHOPPER_);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay", STR(t_number(order))).p, "");
    t_status(409);
    t_text("takes no payment of this sum");
}

static void is_as_given(i64 order)
{
    struct node *label = t_label(order);
    eq_str(node_str(label, "name"), "Mali");
    eq_str(node_str(label, "phone"), "0812345678");
    eq_str(node_str(node_get(label, S("address")), "line1"), "9 Market Lane");
    eq_str(node_str(label, "delivery_method"), "express");
}

T(an_address_is_taken_and_remembered)
{
    open_shop();
    i64 order = bought("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":"
                              "\"stripe\",\"deliveryMethod\":\"express\",\"address\":{" HOME "}}");
    t_json("order.totalAmount", "144000");
    is_as_given(order);
    i64 next = bought("k-2", ONE_CABLE);
    is_as_given(next);
}

T(a_country_may_be_written_small)
{
    open_shop();
    i64 order = bought("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":"
                              "\"stripe\",\"deliveryMethod\":\"express\",\"address\":{\"name\":\"Mali\","
                              "\"phone\":\"0812345678\",\"line1\":\"9 Market Lane\",\"city\":\"Bangkok\","
                              "\"postcode\":\"10200\",\"country\":\"th\"}}");
    is_as_given(order);
    eq_str(node_str(node_get(t_label(order), S("address")), "country"), "TH");
    call(shopper_, "PUT", path_of(order, "/address"),
        "{\"name\":\"Mali\",\"line1\":\"1 Other Lane\",\"city\":\"Bangkok\",\"country\":\"th\"}");
    t_status(200);
    eq_str(node_str(node_get(t_label(order), S("address")), "country"), "TH");
}

/* As last time; but there nothing is sold any more. */
T(where_nothing_is_sold_any_more_is_said)
{
    open_shop();
    bought("k-1", "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":1}],\"paymentMethod\":"
                  "\"stripe\",\"address\":{\"name\":\"Mali\",\"line1\":\"1 Hang Bac\",\"city\":"
                  "\"Hanoi\",\"country\":\"VN\"}}");
    t_sql("delete from pricing.tax_rate where country = 'VN'");
    i64 before = t_int("select count(*) as n from orders.\"order\"");
    buy("k-2", ONE_CABLE);
    t_status(422);
    t_text("We do not deliver to that country yet.");
    eq_int(t_int("select count(*) as n from orders.\"order\""), before);
}

/* ---- how much is kept unpaid ----------------------------------------------------------------------- */

static void intent_says(const char *id, const char *kind, i64 order, const char *more);

/* As in production; but not how often somebody may ask. */
static void as_strict(const char *at_once_of_an_address)
{
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    struct app *app = t_ctx()->app;
    conf_put(t_ctx()->mem, app->conf, "limits", S("on"));
    conf_put(t_ctx()->mem, app->conf, "limit_classes",
        S("general-address 9999/60, general 9999/60, orders-address 9999/60, orders 9999/60, "
          "forms-address 9999/60"));
    conf_put(t_ctx()->mem, app->conf, "hold_orders_address", str_of(at_once_of_an_address));
    app->limits = limits_open(app, &errors);
    eq_str(buf_str(&errors), "");
}

T(a_fourth_unpaid_order_of_one_person_waits_for_the_others)
{
    char key[8] = "keep-0";
    i64 last = 0;
    open_shop();
    as_strict("100");
    for (; key[5] < '3'; key[5]++)
        last = bought(key, ONE_CABLE);
    buy("keep-3", ONE_CABLE);
    t_status(409);
    t_text("not paid yet");
    eq_int(t_int("select max(id) as n from orders.\"order\""), last);
    eq_int(t_int("select count(*) as n from orders.answer where key = 'keep-3'"), 0);
    t_with("Idempotency-Key", "keep-3");
    call(admin_, "POST", "/api/orders", ONE_CABLE); /* somebody else */
    t_status(201);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel%.*s", STR(t_number(last)), STR(t_key(last))).p, "");
    t_status(303);
    last = bought("keep-3", ONE_CABLE);
    intent_says("evt_t_api_keep", "payment_intent.succeeded", last, "");
    eq_str(states(last), "processing paid"); /* and counts no more */
    bought("keep-4", ONE_CABLE);
    eq_int(t_int("select count(buyer) as n from orders.\"order\" where id = %" PRId64, last), 0);
}

/* Whoever was kept the last of a thing as long as may be, and did not pay, may order it anew. */
T(what_was_kept_long_enough_can_be_ordered_anew_by_the_same_person)
{
    static const char both[] = "{\"items\":[{\"sku\":\"" CABLE "\",\"quantity\":2}],\"paymentMethod\":\"stripe\"}";
    open_shop();
    as_strict("100");
    t_stock(CABLE, 2);
    i64 order = bought("all-1", both);
    t_sql("update orders.\"order\" set kept_s = 2700, hold_until = now() - interval '1 second' "
          "where id = %" PRId64, order); /* paid for three times as long, and did not */
    t_cron("orders.lapsing");
    t_drain();
    eq_str(states(order), "cancelled pending");
    bought("all-2", both);
    t_sql("update orders.\"order\" set placed_at = now() - interval '26 hours' where id = %" PRId64,
        order);
    t_cron("orders.forget_buyers");
    eq_int(t_int("select count(buyer) as n from orders.\"order\" where id = %" PRId64, order), 0);
}

static void guest_orders_from(const char *address)
{
    t_browser();
    t_put(CABLE, 1);
    t_to_pay();
    i64 revision = node_int(node_path(t_document(), S("checkout.cart")), "revision");
    i64 total = node_int(node_path(t_document(), S("checkout.totals")), "total");
    t_with("Remote-Addr", address);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64, revision, total);
}

T(guests_of_one_network_are_counted_together)
{
    open_shop();
    as_strict("2");
    i64 before = t_int("select count(*) as n from orders.\"order\" where buyer ~ '^a[0-9a-f]{32}$'");
    guest_orders_from("2001:db8:0:1::5");
    t_status(303);
    guest_orders_from("2001:db8:0:1:a:b:c:d"); /* the same household */
    t_status(303);
    guest_orders_from("2001:db8:0:1::6");
    t_status(409);
    t_text("orders from your network are not paid yet");
    guest_orders_from("2001:db8:0:2::5");
    t_status(303);
    eq_int(t_int("select count(*) as n from orders.\"order\" where buyer like '%%:%%'"), 0);
    eq_int(t_int("select count(*) as n from orders.\"order\" where buyer ~ '^a[0-9a-f]{32}$'"),
        before + 3);
}

/* ---- whose it is ------------------------------------------------------------------------------------- */

T(not_mine_and_not_there_are_the_same)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_status(200);
    t_json("order.items.0.sku", CABLE);
    t_json("order.items.0.unitAmount", "129000");
    t_json("order.shipments.0.status", "pending");
    no_text(t_body(), "secret");
    call(str_none, "GET", path_of(order, ""), NULL);
    t_status(401);
    t_sql("update orders.\"order\" set person_id = 1234567 where id = %" PRId64, order);
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_status(404);
    str not_mine = said("error"), code = said("code");
    call(shopper_, "GET", "/api/orders/TL-0000-0000-0000", NULL);
    t_status(404);
    eq_str(said("error"), not_mine);
    eq_str(said("code"), code);
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    t_status(404);
    call(admin_, "GET", path_of(order, ""), NULL); /* the shop's staff */
    t_status(200);
}

T(who_may_not_is_told_what_it_takes)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    static const char *const methods[] = { "PUT", "PATCH" };
    for (size_t i = 0; i < COUNT(methods); i++) {
        call(shopper_, methods[i], path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
        t_status(403);
        t_json("error", "Insufficient permissions");
        t_json("required", "orders:update");
        t_json("role", "user");
    }
    t_with("Idempotency-Key", "r-1");
    call(shopper_, "POST", path_of(order, "/refunds"), "{}");
    t_status(403);
    t_json("required", "orders:refund");
    call(str_none, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
    t_status(401);
    call(admin_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"lost\"}");
    t_status(422);
    call(admin_, "PATCH", "/api/orders/TL-0000-0000-0000/status", "{\"orderStatus\":\"shipped\"}");
    t_status(404);
}

T(staff_of_another_shop_see_and_move_nothing)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_sql("insert into auth.organisation (slug, name) values ('t-other', 'Other')");
    t_sql("insert into auth.member (organisation_id, person_id, place) select o.id, p.id, 'owner' from "
          "auth.organisation o, auth.person p where o.slug = 't-other' and p.email = '" SHOPPER_ "'");
    t_sql("update orders.\"order\" set person_id = null where id = %" PRId64, order);
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_status(404);
    call(shopper_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"cancelled\"}");
    t_status(404);
    t_with("Idempotency-Key", "r-1");
    call(shopper_, "POST", path_of(order, "/refunds"), "{\"amount\":1}");
    t_status(404);
    eq_str(states(order), "pending pending");
    /* Their own order they see, and still do not move as staff. */
    t_sql("update orders.\"order\" set person_id = (select id from auth.person where email = '" SHOPPER_
          "') where id = %" PRId64, order);
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_status(200);
    call(shopper_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"cancelled\"}");
    t_status(403);
    t_json("required", "orders:update");
}

T(staff_who_bought_it_are_told_what_moving_it_takes)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_sql("insert into auth.role (id, organisation_id, name, permissions) overriding system value "
          "select 990, id, 'Parcels', '{orders:update}' from auth.organisation where slug = 'house'");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) select o.id, p.id, "
          "'own', 990 from auth.organisation o, auth.person p where o.slug = 'house' and p.email = '"
          SHOPPER_ "'");
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_status(200);
    call(shopper_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"cancelled\"}");
    t_status(403);
    t_json("required", "orders:read-all");
}

/* ---- its life -------------------------------------------------------------------------------------------- */

static void intent_says(const char *id, const char *kind, i64 order, const char *more)
{
    t_event(id, kind,
        str_fmt(t_ctx()->mem,
            "{\"object\":\"payment_intent\",\"id\":\"%.*s\",\"amount_received\":%" PRId64
            ",\"currency\":\"thb\",\"metadata\":{\"attempt\":\"%.*s\"}%s}",
            STR(payment_of(order)), total_of(order), STR(t_attempt_key(order)), more));
    t_status(200);
    t_drain();
}

T(from_paid_to_delivered_by_put_and_patch)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"processing\"}");
    t_status(409); /* money alone does that */
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
    t_status(409);
    intent_says("evt_t_api_1", "payment_intent.succeeded", order, "");
    eq_str(states(order), "processing paid");
    eq_str(attempt_state(order), "paid");
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"processing\"}");
    t_status(200); /* which it is */
    call(admin_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"delivered\"}");
    t_status(409);
    call(admin_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
    t_status(409);
    t_json("code", "orders.no_address");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    t_status(200);
    t_json("order.address.line1", "9 Market Lane");
    eq_str(t_str("select kind || ' ' || actor || ' ' || data"
                 " as s from orders.event e join orders.\"order\" o using (person_id) where o.id = "
                 "%" PRId64 " and e.order_id = o.id order by e.id desc limit 1", order),
        "address_given buyer {}");
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'order.updated' and subject_id "
                 "= %" PRId64 " and id = (select max(id) from work.outbox)", order), 1);
    call(admin_, "PATCH", path_of(order, "/status"),
        "{\"orderStatus\":\"shipped\",\"carrier\":\"Thai Post\",\"tracking\":\"EF1\"}");
    t_status(200);
    t_json("order.orderStatus", "shipped");
    t_json("order.shipments.0.tracking", "EF1");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    t_status(409); /* too late */
    for (int i = 0; i < 2; i++) {
        call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"delivered\"}");
        t_status(200);
        t_json("order.orderStatus", "delivered");
    }
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"cancelled\"}");
    t_status(409);
    eq_int(t_int("select count(*) as n from orders.event where kind = 'delivered' and order_id = %" PRId64,
        order), 1);
}

static void shipped_again(i64 order, const char *more, int status)
{
    call(admin_, "PATCH", path_of(order, "/status"),
        str_fmt(t_ctx()->mem, "{\"orderStatus\":\"shipped\"%s}", more).p);
    t_status(status);
}

static i64 tracked(i64 order)
{
    return t_int("select count(*) as n from orders.event where kind = 'tracked' and order_id = %" PRId64,
        order);
}

/* OR-08: the carrier's number is often known only after the parcel has left. */
T(a_number_that_comes_after_the_parcel_has_left_is_kept_and_told)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    intent_says("evt_t_api_late", "payment_intent.succeeded", order, "");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    shipped_again(order, "", 200);
    t_json("order.shipments.0.tracking", "");
    i64 told = t_int("select count(*) as n from work.outbox where kind = 'order.updated'");
    for (int twice = 0; twice < 2; twice++) {
        shipped_again(order, ",\"carrier\":\"Thai Post\",\"tracking\":\"EF1\"", 200);
        t_json("order.shipments.0.carrier", "Thai Post");
        t_json("order.shipments.0.tracking", "EF1");
    }
    eq_int(tracked(order), 1);
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'order.updated'"), told + 1);
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"delivered\"}");
    call(admin_, "PUT", path_of(order, "/status"),
        "{\"orderStatus\":\"delivered\",\"tracking\":\"EF2\"}");
    t_status(200);
    t_json("order.shipments.0.carrier", "Thai Post");
    t_json("order.shipments.0.tracking", "EF2");
    eq_int(tracked(order), 2);
    eq_int(t_int("select count(*) as n from notify.mail where template = 'order_shipped' and "
                 "order_id = %" PRId64, order), 1);
    call(shopper_, "PUT", path_of(order, "/status"),
        "{\"orderStatus\":\"delivered\",\"tracking\":\"EF3\"}");
    t_status(403); /* the buyer */
}

T(one_number_for_the_parcels_of_several_is_refused)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    intent_says("evt_t_api_two", "payment_intent.succeeded", order, "");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    t_other_sells(order);
    t_owner_too();
    t_sql("delete from auth.member where person_id = (select id from auth.person where email = "
          "'admin@example.test')");
    shipped_again(order, "", 200); /* the market moves all of it */
    shipped_again(order, "", 200);
    shipped_again(order, ",\"tracking\":\"EF1\"", 409);
    eq_int(tracked(order), 0);
}

/* Two sell in it: each books what is theirs, and knows how far it is. */
T(who_sells_a_part_of_an_order_is_told_their_own_share)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    intent_says("evt_t_api_share", "payment_intent.succeeded", order, "");
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_json("order.part", "null");
    call(shopper_, "GET", "/api/orders", NULL);
    t_json("orders.0.part", "null");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    t_other_sells(order);
    str goods = str_fmt(t_ctx()->mem, "%" PRId64, t_int("select sum(line_total)::bigint as n from "
                                                        "orders.line where order_id = %" PRId64
                                                        " and organisation_id = 1", order));
    call(admin_, "GET", path_of(order, ""), NULL);
    t_json("order.part.goodsAmount", goods.p);
    t_json("order.part.status", "processing");
    eq_int(node_int(node_get(t_document(), S("order")), "totalAmount"), total_of(order));
    call(admin_, "PUT", path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
    t_status(200);
    t_json("order.part.status", "shipped");
    t_json("order.orderStatus", "processing");
    t_with("X-Organisation", t_str("select slug as s from auth.organisation where id = 1").p);
    call(admin_, "GET", "/api/orders", NULL);
    t_json("orders.0.part.status", "shipped");
    t_json("orders.0.part.goodsAmount", goods.p);
    t_json("orders.0.orderStatus", "processing");
    static const char *const at[] = { "shipped", "processing" }; /* of the own part */
    for (size_t i = 0; i < COUNT(at); i++) {
        t_with("X-Organisation", t_str("select slug as s from auth.organisation where id = 1").p);
        call(admin_, "GET", str_fmt(t_ctx()->mem, "/api/orders?status=%s", at[i]).p, NULL);
        t_status(200);
        if (i == 0)
            t_text(t_number(order).p);
        else
            t_no_text(t_number(order).p);
        call(shopper_, "GET", str_fmt(t_ctx()->mem, "/api/orders?status=%s", at[i]).p, NULL);
        if (i == 0)
            t_no_text(t_number(order).p);
        else
            t_text(t_number(order).p);
    }
    call(shopper_, "GET", "/api/orders?status=lost", NULL);
    t_status(422);
}

T(another_country_is_another_order)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    call(shopper_, "PUT", path_of(order, "/address"),
        "{\"name\":\"Mali\",\"line1\":\"1 Hang Bac\",\"city\":\"Hanoi\",\"country\":\"VN\"}");
    t_status(409);
}

T(cancelling_closes_the_payment_first)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    call(admin_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"cancelled\"}");
    t_status(200);
    t_json("order.orderStatus", "cancelled");
    const struct node *intent = t_sim("GET",
        str_fmt(t_ctx()->mem, "/v1/payment_intents/%.*s", STR(payment_of(order))).p, NULL);
    eq_str(node_str(intent, "status"), "canceled");
    eq_str(node_str(intent, "cancellation_reason"), "abandoned");
    eq_int(t_int("select count(*) as n from inventory.hold where order_id = %" PRId64
                 " and state = 'held'", order), 0);
}

/* ---- the intent's own life --------------------------------------------------------------------------------- */

T(an_intents_news_ends_in_one_state_whatever_comes_first)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    const char *no = ",\"last_payment_error\":{\"code\":\"card_declined\"}";
    intent_says("evt_t_api_p", "payment_intent.processing", order, "");
    eq_str(attempt_state(order), "processing");
    intent_says("evt_t_api_no", "payment_intent.payment_failed", order, no);
    eq_str(attempt_state(order), "open"); /* for another try */
    intent_says("evt_t_api_p2", "payment_intent.processing", order, ""); /* late */
    eq_str(attempt_state(order), "open");
    for (int i = 0; i < 3; i++)
        intent_says("evt_t_api_yes", "payment_intent.succeeded", order, "");
    intent_says("evt_t_api_yes2", "payment_intent.succeeded", order, "");
    intent_says("evt_t_api_no2", "payment_intent.payment_failed", order, no);
    intent_says("evt_t_api_c", "payment_intent.canceled", order, "");
    eq_str(attempt_state(order), "paid");
    eq_str(states(order), "processing paid");
    eq_int(t_int("select count(*) as n from payments.transaction where order_id = %" PRId64, order), 1);
}

T(an_intent_of_another_amount_or_currency_pays_nothing)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_event("evt_t_api_less", "payment_intent.succeeded", t_intent_object(order, total_of(order) - 1));
    t_event("evt_t_api_usd", "payment_intent.succeeded",
        str_fmt(t_ctx()->mem, "{\"object\":\"payment_intent\",\"id\":\"%.*s\",\"amount_received\":%" PRId64
                ",\"currency\":\"usd\",\"metadata\":{}}", STR(payment_of(order)), total_of(order)));
    t_drain();
    eq_str(states(order), "pending pending");
}

T(when_nobody_pays_the_intent_is_cancelled_before_the_stock_is_free)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 second' where id = %" PRId64, order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(node_str(t_sim("GET", str_fmt(t_ctx()->mem, "/v1/payment_intents/%.*s",
        STR(payment_of(order))).p, NULL), "status"), "canceled");
    eq_str(attempt_state(order), "expired");
    eq_int(t_int("select is_held as n from orders.\"order\" where id = %" PRId64, order), 0);
}

T(an_intent_paid_meanwhile_is_not_lost_when_the_hold_ends)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(payment_of(order))).p,
        "{\"card\":\"4242424242424242\"}");
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 second' where id = %" PRId64, order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(states(order), "processing paid");
}

T(the_reconciler_asks_for_an_intent_too)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    t_sim("POST", str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(payment_of(order))).p,
        "{\"card\":\"4242424242424242\"}");
    t_sql("update payments.attempt set created_at = now() - interval '3 minutes' where order_id = %" PRId64,
        order);
    t_cron("payments.reconcile");
    t_drain();
    eq_str(states(order), "processing paid");
}

T(the_page_closes_the_intent_and_the_other_way_round)
{
    open_shop();
    i64 order = bought("k-1", ONE_CABLE);
    str intent = payment_of(order);
    t_login(SHOPPER_);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay", STR(t_number(order))).p, "");
    t_status(303);
    t_header_has("Location", "/c/pay/");
    eq_str(node_str(t_sim("GET", str_fmt(t_ctx()->mem, "/v1/payment_intents/%.*s", STR(intent)).p, NULL),
        "status"), "canceled");
    eq_int(t_int("select count(*) as n from payments.attempt where order_id = %" PRId64
                 " and state in ('created', 'open', 'processing')", order), 1);
    str session = t_session(order);
    struct ctx *c = t_ctx();
    str id, secret;
    c->scope = (struct scope){ .order = order };
    must(orders_pay_intent(c, order, &id, &secret));
    is_false(str_eq(id, intent));
    is_true(secret.n > id.n);
    eq_str(node_str(t_sim("GET", str_fmt(c->mem, "/v1/checkout/sessions/%.*s", STR(session)).p, NULL),
        "status"), "expired");
    c->scope = (struct scope){ 0 };
}

static void fault(const char *match, const char *what)
{
    t_sim("POST", "/_sim/switches",
        str_fmt(t_ctx()->mem, "{\"faults\":[{\"match\":\"%s\",\"do\":\"%s\",\"times\":1}]}", match, what).p);
}

T(a_lost_answer_is_found_again_by_the_same_key)
{
    open_shop();
    fault("POST /v1/payment_intents", "garbage");
    buy("k-lost", ONE_CABLE);
    t_status(502);
    i64 order = t_int("select order_id as n from orders.answer where key = 'k-lost'");
    eq_str(attempt_state(order), "created");
    buy("k-lost", ONE_CABLE);
    t_status(201);
    eq_str(said("order.id"), t_number(order));
    const struct node *there = t_sim("GET",
        str_fmt(t_ctx()->mem, "/v1/payment_intents/search?query=metadata%%5B'order_id'%%5D%%3A'%.*s'",
            STR(t_number(order))).p, NULL);
    eq_int((i64)node_count(node_get(there, S("data"))), 1);
    t_sim("DELETE", "/_sim/switches", NULL);
}

/* ---- money back in part ------------------------------------------------------------------------------------------ */

static i64 paid_order(const char *key)
{
    i64 order = bought(key, ONE_CABLE);
    str path = str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(payment_of(order)));
    t_sim("POST", path.p, "{\"card\":\"4242424242424242\"}");
    intent_says(str_fmt(t_ctx()->mem, "evt_t_%s", key).p, "payment_intent.succeeded", order, "");
    eq_str(states(order), "processing paid");
    return order;
}

static void give(i64 order, const char *key, const char *body)
{
    t_with("Idempotency-Key", key);
    call(admin_, "POST", path_of(order, "/refunds"), body);
}

T(what_staff_were_answered_of_a_buyer_goes_with_the_buyers_data)
{
    open_shop();
    i64 order = paid_order("k-1");
    give(order, "r-1", "{\"amount\":40000}");
    t_status(201);
    eq_int(t_int("select count(*) as n from orders.answer where person_id = 1 and order_id = %" PRId64,
               order), 1);
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    must(orders_erase(&c, t_int("select person_id as n from orders.\"order\" where id = %" PRId64, order)));
    eq_int(t_int("select count(*) as n from orders.answer where order_id = %" PRId64, order), 0);
}

T(money_goes_back_in_parts_and_never_more_than_came)
{
    open_shop();
    i64 order = paid_order("k-1"), total = total_of(order);
    give(order, "r-1", "{\"amount\":40000}");
    t_status(201);
    t_json("refund.amount", "40000");
    t_json("refund.status", "pending");
    str first = str_dup(t_ctx()->mem, t_body());
    t_drain();
    eq_str(states(order), "processing partly_refunded");
    give(order, "r-1", "{\"amount\":40000}");
    eq_str(t_body(), first);
    give(order, "r-1", "{\"amount\":40001}");
    t_status(409);
    give(order, "r-2", str_fmt(t_ctx()->mem, "{\"amount\":%" PRId64 "}", total - 40000 + 1).p);
    t_status(409);
    t_json("code", "orders.refund_most");
    static const char *const bad[] = { "{\"amount\":0}", "{\"amount\":-1}", "{\"amount\":1.5}",
        "{\"amount\":\"much\"}" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        give(order, "r-3", bad[i]);
        t_status(422);
    }
    call(shopper_, "GET", path_of(order, ""), NULL);
    t_json("order.paymentStatus", "partly_refunded");
    t_json("order.refundedAmount", "40000");
    call(shopper_, "PUT", path_of(order, "/address"), "{" HOME "}");
    call(admin_, "PATCH", path_of(order, "/status"), "{\"orderStatus\":\"shipped\"}");
    t_status(200); /* the rest of it is still to be sent */
    give(order, "r-4", "{}"); /* all that is left */
    t_status(201);
    t_json("refund.amount", str_fmt(t_ctx()->mem, "%" PRId64, total - 40000).p);
    t_drain();
    eq_str(states(order), "shipped refunded");
    give(order, "r-5", "{}");
    t_status(409);
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64, order), total);
}

static i64 returned(i64 order)
{
    return t_int("select count(*) as n from inventory.movement where reason = 'returned' and cause "
                 "like 'order:%" PRId64 ":%%'", order);
}

T(goods_go_back_on_the_shelf_with_all_of_the_money_or_not_at_all)
{
    open_shop();
    i64 order = paid_order("k-1");
    give(order, "r-1", "{\"amount\":100,\"back_on_shelf\":true}");
    t_status(422);
    t_json("fields.backOnShelf", "Goods go back on the shelf with all of the money that is left, "
                                 "or not at all.");
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
    eq_int(returned(order), 0);
    give(order, "r-2", "{\"amount\":100}");
    t_status(201);
    give(order, "r-3", "{\"back_on_shelf\":true}");
    t_status(201);
    eq_int(returned(order), 1);
}

T(what_stands_in_the_address_belongs_to_what_a_key_was_for)
{
    open_shop();
    i64 order = paid_order("k-1");
    static const int statuses[] = { 201, 201, 409 };
    for (int i = 0; i < 3; i++) {
        t_with("Idempotency-Key", "r-where");
        call(admin_, "POST", path_of(order, i < 2 ? "/refunds?amount=500" : "/refunds?amount=700"), "{}");
        t_status(statuses[i]);
    }
    t_json("code", "orders.key_used");
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
               order), 500);
    buy("k-2", ONE_CABLE);
    t_status(201);
    t_with("Idempotency-Key", "k-2");
    call(shopper_, "POST", "/api/orders?currency=USD", ONE_CABLE);
    t_status(409);
    t_json("code", "orders.key_used");
}

/* Its answer is forgotten by then, its refund is not: nothing is said to go back that does not. */
T(an_old_key_gives_nothing_back_and_says_so)
{
    open_shop();
    i64 order = paid_order("k-1");
    give(order, "r-old", "{\"amount\":40000}");
    t_status(201);
    t_drain();
    t_sql("delete from orders.answer where key = 'r-old'");
    give(order, "r-old", "{\"amount\":40000}");
    t_status(409);
    t_json("code", "orders.key_used");
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
        order), 40000);
}

/* Another's failure does not make it new; its own does. */
T(an_old_key_gives_nothing_back_after_another_refund_has_failed)
{
    open_shop();
    i64 order = paid_order("k-1");
    give(order, "r-old", "{\"amount\":40000}");
    t_drain();
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    give(order, "r-failed", "{\"amount\":200}"); /* which the provider refuses */
    t_drain();
    eq_int(t_int("select count(*) as n from payments.refund where state = 'failed' and order_id = "
                 "%" PRId64, order), 1);
    t_sql("delete from orders.answer where key in ('r-old', 'r-failed')");
    give(order, "r-old", "{\"amount\":40000}");
    t_status(409);
    t_json("code", "orders.key_used");
    for (int i = 0; i < 2; i++) {
        give(order, "r-failed", "{\"amount\":200}");
        t_status(201);
        t_drain();
        t_sql("delete from orders.answer where key = 'r-failed'");
    }
    eq_int(t_int("select count(*) as n from payments.refund where state = 'failed' and "
                 "amount = 200 and order_id = %" PRId64, order), 3);
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where state <> 'failed' and "
                 "order_id = %" PRId64, order), 40000);
}

T(the_back_office_gives_a_part_back_and_says_what_is_wrong)
{
    open_shop();
    i64 order = paid_order("k-1");
    const char *page = str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(t_number(order))).p;
    const char *refund = str_fmt(t_ctx()->mem, "%s/refund", page).p;
    i64 total = total_of(order);
    t_login("admin@example.test");
    t_get(page);
    t_html("input[name=amount]");
    static const char *const bad[] = { "", "0", "-1", "1.234", "twelve", "1e3" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        t_post_f(refund, "part=1&kept=%" PRId64 "&amount=%s", total, bad[i]);
        t_status(422);
        t_html("a[href='#amount']");
    }
    t_post_f(refund, "part=1&kept=%" PRId64 "&amount=99999", total); /* more than is left, which the form says at its field */
    t_status(422);
    t_html("a[href='#amount']");
    t_post_f(refund, "part=1&kept=%" PRId64 "&amount=100.50", total);
    t_status(303);
    t_post_f(refund, "part=1&kept=%" PRId64 "&amount=100.50", total);
    t_status(409); /* pressed twice */
    t_drain();
    eq_str(states(order), "processing partly_refunded");
    eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order), 10050);
    t_get(page);
    t_text("Partly refunded");
    t_html("button[type=submit]");
    const char *listed[] = { "partly_refunded", "partly_refunded&status=processing",
        str_fmt(t_ctx()->mem, "partly_refunded&q=%.*s", STR(t_number(order))).p };
    static const char *const others[] = { "refunded", "disputed", "partly_refunded&status=shipped" };
    for (size_t i = 0; i < COUNT(listed); i++) {
        t_get(str_fmt(t_ctx()->mem, "/admin/orders?payment=%s", listed[i]).p);
        t_text(t_number(order).p);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        t_get(str_fmt(t_ctx()->mem, "/admin/orders?payment=%s", others[i]).p);
        t_no_text(t_number(order).p);
    }
    t_post_f(refund, "kept=%" PRId64, total - 10050); /* the rest */
    t_status(303);
    t_drain();
    eq_str(states(order), "processing refunded");
    t_get("/admin/orders?payment=refunded");
    t_text(t_number(order).p);
    t_get("/admin/orders?payment=partly_refunded");
    t_no_text(t_number(order).p);
}

/* A program says how much; that it is a part follows from that. */
T(an_amount_at_the_back_office_is_never_taken_for_all_of_it)
{
    open_shop();
    i64 order = paid_order("k-1");
    const char *refund = str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p;
    call(admin_, "POST", refund, "{\"amount\":\"twelve\"}");
    t_status(422);
    /* A number could be meant in minor units, as all amounts are elsewhere: "1250" is not. */
    call(admin_, "POST", refund,
        str_fmt(t_ctx()->mem, "{\"amount\":1250,\"kept\":%" PRId64 "}", total_of(order)).p);
    t_status(422);
    t_text("as text, like");
    const char *whole = str_fmt(t_ctx()->mem, "{\"amount\":\"99999\",\"kept\":%" PRId64 "}",
        total_of(order)).p;
    call(admin_, "POST", refund, whole);
    t_status(422);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
    t_with("Idempotency-Key", "desk-1");
    call(admin_, "POST", refund, "{\"amount\":\"12.50\"}");
    t_status(303);
    eq_int(t_int("select amount as n from payments.refund where order_id = %" PRId64, order), 1250);
    call(admin_, "POST", refund, "{\"amount\":\"\"}"); /* none: all that is left */
    t_status(303);
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
        order), total_of(order));
}

T(a_charge_that_was_refunded_is_looked_into_once)
{
    open_shop();
    i64 order = paid_order("k-1");
    /* Somebody did it at the provider's own desk, and its refund events were lost. */
    struct ctx *c = t_ctx();
    str form = str_fmt(c->mem, "payment_intent=%.*s&amount=5000", STR(payment_of(order)));
    str headers[] = { str_fmt(c->mem, "Authorization: Bearer %.*s",
        STR(conf_str(c->app->conf, "stripe_key", str_none))),
        S("Content-Type: application/x-www-form-urlencoded") };
    struct http_call ask = { .method = "POST", .body = form, .headers = headers, .n_headers = 2,
        .flags = HTTP_PRIVATE_OK, .url = str_fmt(c->mem, "%.*s/v1/refunds",
            STR(conf_str(c->app->conf, "stripe_base", str_none))) };
    struct http_answer got;
    must(http_call(c, &ask, &got));
    eq_int(got.status, 200);
    for (int i = 0; i < 3; i++) {
        t_event(str_fmt(c->mem, "evt_t_api_ch%d", i).p, "charge.refunded",
            str_fmt(c->mem, "{\"object\":\"charge\",\"id\":\"ch_1\",\"payment_intent\":\"%.*s\","
                    "\"amount_refunded\":5000,\"refunded\":false,\"metadata\":{}}",
                STR(payment_of(order))));
        t_drain();
    }
    eq_str(states(order), "processing partly_refunded");
    eq_int(t_int("select refunded_total as n from orders.\"order\" where id = %" PRId64, order), 5000);
    eq_int(t_int("select count(*) as n from payments.transaction where cause like 'refund:%%' and order_id = "
                 "%" PRId64, order), 1);
}

T(a_refund_nobody_reported_on_is_asked_for)
{
    open_shop();
    i64 order = paid_order("k-1");
    give(order, "r-1", "{\"amount\":40000}");
    /* It was answered "pending", so to speak, and nothing came after. */
    t_drain();
    eq_str(states(order), "processing partly_refunded");
    t_sql("update payments.refund set state = 'created', done_at = null, created_at = now() - interval "
          "'3 minutes' where order_id = %" PRId64, order);
    /* The provider tells the running shop of it as well, and that may have made this one ask. */
    t_sql("update payments.event set event_id = event_id || ' before' where kind = 'refund.asked'");
    /* Whatever else is open in this shop is not this test's affair. */
    t_sql("update payments.attempt set asked_at = now()");
    t_cron("payments.reconcile");
    t_drain();
    eq_str(t_str("select state as s from payments.refund where order_id = %" PRId64, order), "done");
    eq_int(t_int("select count(*) as n from payments.transaction where cause like 'refund:%%' and order_id = "
                 "%" PRId64, order), 1);
}

/* The answer was lost; the program asks again. */
T(a_part_is_not_given_back_twice_at_the_back_office)
{
    open_shop();
    i64 order = paid_order("k-1"), total = total_of(order);
    const char *refund = str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(t_number(order))).p;
    const char *json = str_fmt(t_ctx()->mem, "%s.json", refund).p;
    const char *seen = str_fmt(t_ctx()->mem, "{\"amount\":\"10.00\",\"kept\":%" PRId64 "}",
        total - 1250).p;
    call(admin_, "POST", json, "{\"amount\":\"12.50\"}");
    t_status(422);
    t_json("fields.kept", "Please say as kept how much was left of the payment, or send an "
                          "Idempotency-Key: so that nothing goes back twice.");
    call(admin_, "POST", json, "{\"amount\":\"12.50\",\"kept\":0}");
    t_status(422);
    eq_int(t_int("select count(*) as n from payments.refund where order_id = %" PRId64, order), 0);
    for (int i = 0; i < 2; i++) {
        t_with("Idempotency-Key", "desk-1");
        call(admin_, "POST", json, "{\"amount\":\"12.50\"}");
        t_status(200);
        t_json("location", str_fmt(t_ctx()->mem, "/admin/orders/%.*s?done=refund", STR(t_number(order))).p);
    }
    t_with("Idempotency-Key", "desk-1");
    call(admin_, "POST", json, "{\"amount\":\"12.51\"}"); /* something else */
    t_status(409);
    t_json("code", "orders.key_used");
    call(admin_, "POST", json, seen);
    t_status(200);
    call(admin_, "POST", json, seen);
    t_status(409);
    t_json("code", "orders.refund_seen");
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64, order),
        2250);
    for (int i = 0; i < 2; i++) { /* all that is left needs no key: there is nothing to give twice */
        t_with("Idempotency-Key", "desk-2");
        call(admin_, "POST", json, "{\"back_on_shelf\":true}");
        t_status(200);
    }
    eq_int(returned(order), 1);
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64, order),
        total);
}
