/* Three plain pages and an order: what is missing, what changed, what is sent twice. */
#include "gen/queries.h"
#include "t/shop.h"
#include "web/web.h"

#define ADDRESS                                                                                  \
    "email=buyer%%40example.test&name=Somsri&phone=0812345678&line1=1+Road&city=Bangkok"         \
    "&region=Bangkok&postcode=10110&country=%s"

static i64 orders(void) { return t_int("select count(*) as n from orders.\"order\""); }

static i64 seen(const char *map, const char *key)
{
    t_get("/checkout/pay.json");
    t_status(200);
    return node_int(node_path(t_document(), str_fmt(t_ctx()->mem, "checkout.%s", map)), key);
}

static void pay(i64 revision, i64 total)
{
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64, revision, total);
}

static void filled(i64 *revision, i64 *total)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_to_pay();
    *revision = seen("cart", "revision");
    *total = seen("totals", "total");
}

/* ... on a machine that others use too: their order is not shown to it, whoever knows its figures. */
T(a_guests_cookie_of_a_cart_that_became_somebodys_opens_no_order)
{
    i64 revision, total;
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    str cookie = t_cookie(COOKIE_CART), token = t_cookie(COOKIE_CSRF);
    t_login("shopper@example.test");
    t_to_pay();
    revision = seen("cart", "revision");
    total = seen("totals", "total");
    pay(revision, total);
    t_status(303);
    i64 had = orders();
    pay(revision, total); /* twice: the same order */
    t_status(303);
    eq_int(orders(), had);
    t_browser();
    t_cookie_set(COOKIE_CART, cookie.p);
    t_cookie_set(COOKIE_CSRF, token.p);
    pay(revision, total);
    t_status(303);
    t_header("Location", "/cart");
    eq_str(t_cookie(COOKIE_ORDERS), "");
}

/* ---- the three steps ----------------------------------------------------------------------- */

T(three_plain_pages_lead_to_the_providers_page)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_get("/checkout");
    t_status(200);
    t_html("form[method=post]");
    t_html("input[name=line1]");
    t_post_f("/checkout", ADDRESS, "TH");
    t_status(303);
    t_header("Location", "/checkout/delivery");
    t_get("/checkout/delivery");
    t_status(200);
    t_html("input[name=method]");
    t_post("/checkout/delivery", "method=standard");
    t_header("Location", "/checkout/pay");
    t_get("/checkout/pay");
    t_status(200);
    t_html("input[name=revision]");
    t_html("input[name=total]");
    t_text("1,340.00"); /* 1,290 and 50 for the way */
    i64 before = orders();
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    eq_int(orders(), before + 1);
    eq_int(t_int("select total as n from orders.\"order\" order by id desc limit 1"), 134000);
    eq_int(t_int("select tax_total as n from orders.\"order\" order by id desc limit 1"), 8439 + 327);
}

T(what_was_filled_in_is_still_there_later)
{
    i64 revision, total;
    filled(&revision, &total);
    t_get("/checkout");
    t_text("value=\"Somsri\"");
    t_text("value=\"1 Road\"");
    t_get("/checkout/delivery.json");
    t_json("checkout.draft.deliveryMethod", "standard");
}

T(the_only_way_it_can_come_is_chosen_already_and_of_several_none)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post_f("/checkout", ADDRESS, "TH");
    t_get("/checkout/delivery");
    t_html("input[name=method]");
    t_no_html("input[name=method][checked]");
    t_sql("update shipping.method set active = code = 'express'");
    t_get("/checkout/delivery");
    t_html("input[name=method][value=express][checked]");
    t_no_html("input[name=method][value=standard]");
}

T(where_nothing_is_delivered_one_chooses_another_currency)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post_f("/checkout", ADDRESS, "TH");
    t_get("/checkout/delivery");
    t_text("Go on to payment");
    t_no_html("form[action='/currency']");
    t_sql("update shipping.method set active = false");
    t_get("/checkout/delivery");
    t_status(200);
    t_text("We have no delivery for this address in THB.");
    t_no_text("Go on to payment");
    t_html("form[action='/currency']");
    t_html("button[name=currency][value=VND]");
    t_html("input[name=next][value='/checkout/delivery']");
}

T(who_skips_a_step_is_sent_back_to_it)
{
    t_stock(CABLE, 10);
    t_get("/checkout");
    t_header("Location", "/cart");
    t_get("/checkout/pay");
    t_header("Location", "/cart");
    t_put(CABLE, 1);
    t_get("/checkout/delivery");
    t_header("Location", "/checkout");
    t_get("/checkout/pay");
    t_header("Location", "/checkout");
    t_post("/checkout/delivery", "method=standard");
    t_header("Location", "/checkout");
    t_post_f("/checkout", ADDRESS, "TH");
    t_get("/checkout/pay");
    t_header("Location", "/checkout/delivery");
    t_get("/cart.json");
    i64 before = orders(), revision = node_int(node_get(t_document(), S("cart")), "revision");
    pay(revision, 134000);
    is_true(t_last_status() == 303 || t_last_status() == 409);
    eq_int(orders(), before);
}

T(a_large_order_is_delivered_free_and_vietnam_pays_its_own_tax)
{
    t_stock(RADIO, 10);
    t_put(RADIO, 1); /* 2,490 is more than 1,500 */
    t_post_f("/checkout", ADDRESS, "VN");
    t_post("/checkout/delivery", "method=standard");
    eq_int(seen("totals", "delivery"), 0);
    eq_int(seen("totals", "total"), 249000);
    eq_int(seen("totals", "tax"), 22636); /* a tenth of the whole, within: 249000 / 11 */
}

/* ---- bad input ------------------------------------------------------------------------------- */

T(what_is_wrong_with_an_address_is_said_in_the_form)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/checkout", "email=nobody&name=&line1=1+Road&country=TH");
    t_status(422);
    t_html("[aria-invalid=true]");
    t_text("value=\"1 Road\"");
    t_post_f("/checkout", ADDRESS, "XX");
    t_status(422);
    t_text("We do not deliver to that country yet.");
    t_post_f("/checkout", ADDRESS, "TH");
    t_post("/checkout/delivery", "method=by-broom");
    t_status(422);
    t_text("Please choose how it should be delivered.");
    t_post("/checkout/delivery", "");
    t_status(422);
}

T(figures_that_are_none_are_refused)
{
    i64 revision, total, before = (t_open(), orders());
    filled(&revision, &total);
    static const char *const wrong[] = { "revision=1", "total=134000", "", "revision=x&total=134000",
        "revision=-1&total=-1", "revision=1&total=1e9", "revision=1&total=99999999999999999999" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        t_post("/checkout/pay", wrong[i]);
        t_status(422);
    }
    eq_int(orders(), before);
}

T(what_a_client_says_about_money_never_changes_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    pay(revision, 1);
    t_status(409);
    pay(revision, total - 1);
    t_status(409);
    eq_int(orders(), before);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&price=1&goods=1&delivery=0"
        "&tax=0&organisation=9&person=1&status=paid&payment_status=paid&amount=1",
        revision, total);
    t_status(303);
    eq_int(orders(), before + 1);
    eq_str(t_str("select total || currency || payment_status as s from orders.\"order\" "
                 "order by id desc limit 1"), "134000THBpending");
}

/* ---- changed meanwhile -------------------------------------------------------------------------- */

T(a_changed_price_is_shown_before_anybody_pays_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders(), holds = t_int("select count(*) as n from inventory.hold");
    t_sql("update catalog.price set amount = amount + 1000 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    pay(revision, total);
    t_status(409);
    t_text("Your cart or a price has changed.");
    t_text("1,350.00");
    t_html("input[name=total][value=135000]");
    eq_int(orders(), before);
    eq_int(t_int("select count(*) as n from inventory.hold"), holds);
    pay(revision, total + 1000);
    t_status(303);
    eq_int(orders(), before + 1);
}

T(a_cart_changed_in_another_tab_is_shown_before_anybody_pays_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_put(CABLE, 1);
    pay(revision, total);
    t_status(409);
    eq_int(orders(), before);
}

static void pay_in(const char *currency, i64 revision, i64 total)
{
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=%s", revision, total,
        currency);
}

/* The same figure, in another tab's currency: nobody has seen that. */
T(what_was_seen_in_another_currency_is_shown_before_anybody_pays_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_get("/checkout/pay");
    t_html("input[name=currency][value=THB]");
    pay_in("VND", revision, total);
    t_status(409);
    t_text("Your cart or a price has changed.");
    t_html("input[name=currency][value=THB]");
    eq_int(orders(), before);
    pay_in("THB", revision, total);
    t_status(303);
    eq_int(orders(), before + 1);
}

/* ... and what who runs the shop sets otherwise between the look and the click. */
T(a_changed_price_of_delivery_is_shown_before_anybody_pays_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_sql("update shipping.price set amount = amount + 2000 where currency = 'THB'");
    pay(revision, total);
    t_status(409);
    t_text("Your cart or a price has changed.");
    t_text("1,360.00");
    eq_int(orders(), before);
    pay(revision, total + 2000);
    t_status(303);
    eq_int(orders(), before + 1);
}

T(a_way_of_delivery_that_is_offered_no_more_is_chosen_anew_before_anybody_pays)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_sql("update shipping.method set active = false where code = 'standard'");
    pay(revision, total);
    t_get("/checkout/pay");
    t_status(303);
    t_header("Location", "/checkout/delivery");
    eq_int(orders(), before);
    t_get("/checkout/delivery");
    t_no_html("input[value=standard]");
    t_post("/checkout/delivery", "method=standard");
    t_status(422);
    t_post("/checkout/delivery", "method=express");
    t_status(303);
}

/* One that cost nothing leaves the total as it was. */
T(nor_does_one_that_was_free_go_on)
{
    i64 revision, total;
    filled(&revision, &total);
    t_sql("update shipping.price set free_from = 1 where currency = 'THB'");
    revision = seen("cart", "revision");
    total = seen("totals", "total");
    i64 before = orders();
    t_sql("update shipping.method set active = false where code = 'standard'");
    pay(revision, total);
    t_status(303);
    t_header("Location", "/checkout/delivery");
    eq_int(orders(), before);
}

/* Within the prices the total is the same, and the tax is not. */
T(a_changed_rate_is_shown_before_anybody_pays_it)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders(), tax = seen("totals", "tax");
    t_get("/checkout/pay");
    t_html(str_fmt(t_ctx()->mem, "input[name=seen_tax][value=%" PRId64 "]", tax).p);
    t_sql("update pricing.tax_rate set rate_bp = 1000 where country = 'TH'"
          " and tax_class = 'standard'");
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&seen_tax=%" PRId64, revision,
        total, tax);
    t_status(409);
    t_text("Your cart or a price has changed.");
    eq_int(orders(), before);
    i64 now = seen("totals", "tax");
    is_true(now > tax);
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&seen_tax=%" PRId64, revision,
        total, now);
    t_status(303);
    eq_int(orders(), before + 1);
    eq_int(t_int("select tax_total as n from orders.\"order\" order by id desc limit 1"), now);
}

T(a_country_that_is_taken_away_is_not_paid_for)
{
    i64 revision, total;
    filled(&revision, &total);
    t_post_f("/checkout", ADDRESS, "US");
    t_status(303);
    revision = seen("cart", "revision");
    total = seen("totals", "total");
    i64 before = orders();
    t_sql("delete from pricing.tax_rate where country = 'US'");
    pay(revision, total);
    is_true(t_last_status() == 409 || t_last_status() == 303);
    eq_int(orders(), before);
    t_get("/checkout/pay");
    t_status(303);
    t_header("Location", "/checkout");
}

static void heavy(i64 grams)
{
    t_sql("update catalog.variant set weight_g = %" PRId64 " where sku = '" CABLE "'", grams);
    t_shelved();
}

/* ---- by weight ----------------------------------------------------------------------------------- */

T(delivery_costs_what_the_weight_of_the_cart_costs)
{
    i64 revision, total;
    heavy(400);
    t_sql("insert into shipping.step (method_id, currency, up_to_g, amount) select id, 'THB', s.g, s.a"
          " from shipping.method, (values (500, 3000), (1000, 4000)) s(g, a)"
          " where code = 'standard'");
    filled(&revision, &total);
    eq_int(seen("totals", "delivery"), 3000);
    eq_int(total, 132000);
    t_put(CABLE, 1);
    eq_int(seen("totals", "delivery"), 0); /* free from 1,500 */
    t_sql("update shipping.price set free_from = null");
    eq_int(seen("totals", "delivery"), 4000);
    t_put(CABLE, 1);
    eq_int(seen("totals", "delivery"), 5000);
    revision = seen("cart", "revision");
    total = seen("totals", "total");
    heavy(300); /* between the look and the click */
    pay(revision, total);
    t_status(409);
    pay(revision, total - 1000);
    t_status(303);
}

T(what_is_too_heavy_for_a_way_of_delivery_does_not_go_by_it)
{
    i64 revision, total;
    heavy(400);
    t_sql("update shipping.method set heaviest_g = 1000 where code = 'standard'");
    filled(&revision, &total);
    t_put(CABLE, 2);
    t_get("/checkout/delivery");
    t_no_html("input[value=standard]");
    t_html("input[value=express]");
    t_sql("update shipping.method set heaviest_g = 1000");
    t_get("/checkout/delivery");
    t_text("or order less at once");
    t_get("/checkout/pay");
    t_status(303);
    t_header("Location", "/checkout/delivery");
}

/* Logged out, or emptied, in another tab: there is no order to look at. */
T(who_pays_for_a_cart_that_is_no_more_is_shown_the_cart)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_get("/cart.json");
    str line = node_str(node_path(t_document(), S("cart.lines.0")), "id");
    t_post(str_fmt(t_ctx()->mem, "/cart/lines/%.*s", STR(line)).p, "quantity=0");
    pay(revision, total);
    t_status(303);
    t_header("Location", "/cart");
    t_with("Accept", "application/json");
    pay(revision, total);
    t_status(409);
    t_browser();
    pay(revision, total);
    t_status(303);
    t_header("Location", "/cart");
    eq_int(orders(), before);
}

T(where_nothing_is_sold_any_more_another_address_is_asked_for)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post_f("/checkout", ADDRESS, "VN");
    t_post("/checkout/delivery", "method=standard");
    i64 revision = seen("cart", "revision"), total = seen("totals", "total"), before = orders();
    t_get("/checkout");
    t_no_text("We do not deliver to that country yet.");
    t_sql("delete from pricing.tax_rate where country = 'VN'");
    t_get("/checkout");
    t_status(200);
    t_text("We do not deliver to that country yet.");
    t_html("select[name=country][aria-invalid=true]");
    t_html("#country-wrong");
    t_text("value=\"1 Road\"");
    t_get("/checkout/delivery");
    t_header("Location", "/checkout");
    t_get("/checkout/pay");
    t_header("Location", "/checkout");
    pay(revision, total);
    is_true(t_last_status() == 303 || t_last_status() == 409);
    t_with("Accept", "application/json");
    pay(revision, total);
    t_status(409);
    eq_int(orders(), before);
    t_post_f("/checkout", ADDRESS, "VN");
    t_status(422);
    t_text("We do not deliver to that country yet.");
    t_post_f("/checkout", ADDRESS, "TH");
    t_status(303);
    t_get("/checkout/delivery");
    t_status(200);
    t_get("/checkout");
    t_no_text("We do not deliver to that country yet.");
}

T(who_comes_too_late_is_told)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_stock(CABLE, 0);
    pay(revision, total);
    t_status(409);
    t_text("Something in your cart is sold out");
    eq_int(orders(), before);
    t_with("Accept", "application/json");
    pay(revision, total);
    t_status(409);
}

/* ---- sums nobody can pay -------------------------------------------------------------------- */

static void costs(const char *currency, i64 amount)
{
    t_sql("update catalog.price set amount = %" PRId64 ", compare_at = null where currency = '%s' "
          "and variant_id = (select id from catalog.variant where sku = '" CABLE "'); "
          "update shipping.price set amount = 0", amount, currency);
    t_shelved();
}

T(what_costs_less_than_can_be_paid_is_said_before_it_is_an_order)
{
    i64 revision, total, before = orders();
    costs("THB", 999);
    filled(&revision, &total);
    eq_int(total, 999);
    pay(revision, total);
    t_status(409);
    t_text("The least that can be paid here is ฿10.00.");
    eq_int(orders(), before);
    costs("THB", 1000);
    pay(revision, (seen("totals", "total")));
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    eq_int(orders(), before + 1);
}

/* Of dinars it takes no last decimal. */
T(what_costs_too_fine_a_sum_is_said_before_it_is_an_order)
{
    i64 revision, total, before = orders();
    struct ctx *c = t_ctx();
    struct node *was = c->app->currencies, *more = node_list(c->mem);
    node_add_str(c->mem, more, S("THB"));
    node_add_str(c->mem, more, S("KWD"));
    c->app->currencies = more;
    t_sql("insert into catalog.price (variant_id, product_id, organisation_id, currency, amount) "
          "select variant_id, product_id, organisation_id, 'KWD', 5124 from catalog.price "
          "where currency = 'THB'; "
          "insert into shipping.price (method_id, currency, amount) "
          "select method_id, 'KWD', 0 from shipping.price where currency = 'THB'");
    t_shelved();
    t_cookie_set(COOKIE_CURRENCY, "KWD");
    filled(&revision, &total);
    eq_int(total, 5124);
    pay(revision, total);
    t_status(409);
    t_text("takes no payment of this sum. Please change what is in your cart");
    eq_int(orders(), before);
    c->app->currencies = was;
}

T(what_costs_nothing_is_not_an_order)
{
    i64 revision, total, before = orders();
    costs("THB", 0);
    filled(&revision, &total);
    pay(revision, total);
    t_status(409);
    t_text("An order that costs nothing cannot be placed here.");
    eq_int(orders(), before);
}

T(an_order_whose_sum_the_provider_refuses_is_cancelled_and_its_cart_goes_on)
{
    i64 revision, total, before = orders();
    costs("VND", 12000); /* of dong it publishes no least charge: only it knows */
    t_open();
    t_cookie_set(COOKIE_CURRENCY, "VND");
    filled(&revision, &total);
    eq_int(total, 12000);
    pay(revision, total);
    t_status(409);
    t_text("takes no payment of this sum, so this order is cancelled");
    eq_int(orders(), before + 1);
    eq_str(t_str("select status || ' ' || payment_status as s from orders.\"order\" where id = "
                 "(select max(id) from orders.\"order\")"), "cancelled pending");
    eq_int(t_int("select count(*) as n from payments.attempt where order_id = "
                 "(select max(id) from orders.\"order\") and state <> 'failed'"), 0);
    eq_int(t_int("select sum(s.reserved)::bigint as n from inventory.stock s join catalog.variant v "
                 "on v.item_id = s.item_id and v.sku = '" CABLE "'"), 0);
    t_put(CABLE, 1); /* two of them can be paid */
    revision = seen("cart", "revision");
    pay(revision, seen("totals", "total"));
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
}

/* ---- twice ------------------------------------------------------------------------------------------ */

T(the_same_submission_twice_is_one_order_and_one_answer)
{
    i64 revision, total;
    filled(&revision, &total);
    t_stock(CABLE, 1); /* the very last: to its own cart it is not sold out */
    i64 before = orders();
    pay(revision, total);
    t_status(303);
    str to = t_header_of("Location");
    pay(revision, total);
    t_status(303);
    eq_str(t_header_of("Location"), to);
    t_get("/cart.json");
    t_json("cart.lines.0.problem", "");
    eq_int(orders(), before + 1);
    eq_int(t_int("select count(*) as n from payments.attempt where order_id = "
                 "(select max(id) from orders.\"order\")"), 1);
}

/* Whoever looked before the first was placed comes to the database with an order of its own. */
T(a_second_order_of_one_revision_is_never_made)
{
    i64 revision, total;
    filled(&revision, &total);
    pay(revision, total);
    t_status(303);
    i64 before = orders();
    i64 is_placed = t_int(
        "select orders.place(o.id + 900000, 'TL-ZQZQ-ZQZQ-ZQZQ', o.cart_id, o.cart_revision, "
        "o.person_id, o.email, o.name, o.phone, o.address, o.lang, o.currency, o.goods_total, "
        "o.delivery_total, o.tax_total, o.total, o.tax_inclusive, o.rounding, o.delivery_method, "
        "o.delivery_names, o.trace, o.hold_until, '[]', 1, '', false)::int as n "
        "from (select o.* from orders.\"order\" o join cart.cart k on k.id = o.cart_id "
        "and k.revision = o.cart_revision and k.state = 'open' order by o.id desc limit 1) o");
    eq_int(is_placed, 0);
    eq_int(orders(), before);
}

T(the_same_submission_after_it_was_paid_finds_its_order)
{
    i64 revision, total;
    filled(&revision, &total);
    pay(revision, total);
    i64 order = t_int("select max(id) as n from orders.\"order\"");
    t_paid(order);
    pay(revision, total);
    t_status(303);
    t_header_has("Location", str_c(t_ctx()->mem, t_number(order)));
}

T(a_changed_cart_is_a_new_order_that_ends_the_old_one)
{
    i64 revision, total;
    filled(&revision, &total);
    pay(revision, total);
    t_status(303);
    i64 first = t_int("select max(id) as n from orders.\"order\"");
    t_put(CABLE, 1);
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    i64 second = t_int("select max(id) as n from orders.\"order\"");
    is_true(second > first);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first), "cancelled");
    eq_str(t_str("select state as s from payments.attempt where order_id = %" PRId64, first),
        "expired");
    eq_int(t_int("select sum(quantity)::bigint as n from inventory.hold where state = 'held' and "
                 "order_id in (%" PRId64 ", %" PRId64 ")", first, second), 2);
}

/* A guest places an order, then logs in to a cart of their own, and orders both. */
static i64 placed_as_guest(void)
{
    t_stock(CABLE, 9);
    t_login("shopper@example.test");
    t_put(CABLE, 1);
    t_browser();
    i64 first = t_order();
    t_login("shopper@example.test");
    return first;
}

T(who_logs_in_after_ordering_has_one_order_to_pay)
{
    i64 first = placed_as_guest();
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first), "pending");
    t_to_pay();
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    i64 second = t_int("select max(id) as n from orders.\"order\"");
    is_true(second > first);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first), "cancelled");
    eq_str(t_str("select state as s from payments.attempt where order_id = %" PRId64, first),
        "expired");
}

T(who_logs_in_after_ordering_and_pays_has_not_got_it_in_the_cart_again)
{
    i64 first = placed_as_guest();
    t_get("/cart.json");
    t_json("cart.isEmpty", "false");
    t_paid(first);
    t_get("/cart.json");
    t_json("cart.isEmpty", "true");
}

T(what_a_guest_keeps_is_not_sold_out_after_logging_in)
{
    i64 first = placed_as_guest();
    t_stock(CABLE, 1); /* the one that is kept for that order */
    t_get("/cart.json");
    t_json("cart.isBlocked", "false");
    t_json("cart.lines.0.left", "1");
    t_to_pay();
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first),
        "cancelled");
    eq_int(t_int("select coalesce(sum(quantity), 0)::bigint as n from inventory.hold "
                 "where state = 'held' and order_id >= %" PRId64, first), 1);
    t_prove();
}

static void is_left(const char *want)
{
    t_stock(CABLE, 1);
    t_get("/cart.json");
    t_json("cart.lines.0.left", want);
}

/* Its end is the end of what it kept, in the cart it was poured into as well. */
T(what_a_guests_order_kept_is_gone_with_it_after_logging_in)
{
    i64 first = placed_as_guest();
    is_left("1");
    t_post_f(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel%.*s", STR(t_number(first)),
                 STR(t_key(first))).p, "x=1");
    t_status(303);
    is_left("1");
    i64 second = placed_as_guest();
    t_paid(second);
    t_put(CABLE, 1); /* again, one more */
    is_left("1");
    t_prove();
}

/* ---- what a guest has filled in ----------------------------------------------------------- */

static void types(const char *line, const char *method)
{
    t_post_f("/checkout", "email=buyer%%40example.test&name=Somsri&phone=0812345678&line1=%s"
                          "&city=Bangkok&region=Bangkok&postcode=10110&country=TH", line);
    t_status(303);
    t_post_f("/checkout/delivery", "method=%s", method);
    t_status(303);
}

static void two_drafts(void)
{
    t_stock(CABLE, 9);
    t_login("shopper@example.test");
    t_put(CABLE, 1);
    types("1+Old+Road", "standard");
    t_browser();
    t_put(CABLE, 1);
    types("9+New+Road", "express");
}

T(the_address_a_guest_has_just_typed_is_there_after_logging_in)
{
    two_drafts();
    t_login("shopper@example.test");
    t_get("/checkout/pay.json");
    t_json("checkout.draft.address.line1", "9 New Road");
    t_json("checkout.draft.phone", "0812345678");
    t_json("checkout.draft.deliveryMethod", "express");
    eq_int(t_int("select count(*) as n from checkout.draft d join cart.cart k on k.id = d.cart_id "
                 "where k.person_id = 2 and k.state = 'open' and d.keeper = 2 "
                 "and d.sealed like 'v2.%%'"), 1);
    types("1+Old+Road", "standard"); /* what is changed after that stays so */
    t_login("shopper@example.test");
    t_get("/checkout/pay.json");
    t_json("checkout.draft.address.line1", "1 Old Road");
}

T(what_was_typed_last_stays_whoever_was_logged_in)
{
    two_drafts();
    t_sql("update checkout.draft set updated_at = now() - interval '1 hour' where keeper = 0");
    t_login("shopper@example.test");
    t_get("/checkout/pay.json");
    t_json("checkout.draft.address.line1", "1 Old Road");
    t_json("checkout.draft.deliveryMethod", "standard");
}

T(another_delivery_or_address_is_a_new_order_too)
{
    i64 revision, total;
    filled(&revision, &total);
    t_stock(CABLE, 1);
    pay(revision, total);
    i64 first = t_int("select max(id) as n from orders.\"order\"");
    t_post("/checkout/delivery", "method=express");
    t_status(303);
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    i64 second = t_int("select max(id) as n from orders.\"order\"");
    is_true(second > first);
    eq_str(t_str("select delivery_method as s from orders.\"order\" where id = %" PRId64, second),
        "express");
    t_post_f("/checkout", ADDRESS "&line2=Back+door", "TH");
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    i64 third = t_int("select max(id) as n from orders.\"order\"");
    eq_str(node_str(node_get(t_label(third), S("address")), "line2"), "Back door");
    t_post_f("/checkout", ADDRESS "&line2=Back+door", "TH"); /* the same again changes nothing */
    pay(seen("cart", "revision"), seen("totals", "total"));
    eq_int(t_int("select max(id) as n from orders.\"order\""), second + 1);
}

T(a_price_that_fell_after_the_order_was_placed_is_asked_about_again)
{
    i64 revision, total;
    filled(&revision, &total);
    pay(revision, total);
    i64 first = t_int("select max(id) as n from orders.\"order\"");
    t_sql("update catalog.price set amount = amount - 1000 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    i64 now_total = seen("totals", "total");
    eq_int(now_total, total - 1000);
    pay(revision, now_total);
    t_status(409); /* under a new revision, at the lower price */
    pay(seen("cart", "revision"), now_total);
    t_status(303);
    eq_int(t_int("select total as n from orders.\"order\" order by id desc limit 1"), now_total);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, first), "cancelled");
}

T(after_cancelling_the_same_cart_can_be_ordered_again)
{
    i64 revision, total;
    filled(&revision, &total);
    pay(revision, total);
    i64 first = t_int("select max(id) as n from orders.\"order\"");
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel%.*s", STR(t_number(first)),
               STR(t_key(first))).p, "");
    t_status(303);
    pay(revision, total);
    t_status(409);
    pay(seen("cart", "revision"), seen("totals", "total"));
    t_status(303);
    is_true(t_int("select max(id) as n from orders.\"order\"") > first);
}

/* ---- somebody else -------------------------------------------------------------------------------------- */

T(another_browser_sees_nothing_of_what_was_filled_in)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_browser();
    t_get("/checkout/pay");
    t_header("Location", "/cart");
    pay(revision, total);
    is_true(t_last_status() == 303 || t_last_status() == 409);
    eq_int(orders(), before);
    struct scope other = { .cart = t_int("select max(id) + 1 as n from cart.cart"), .person = 1,
        .organisation = 1 };
    eq_int(t_int_as(other, "select count(*) as n from checkout.draft"), 0);
}

T(another_site_cannot_place_an_order)
{
    i64 revision, total;
    filled(&revision, &total);
    i64 before = orders();
    t_without_token();
    t_with("Sec-Fetch-Site", "cross-site");
    pay(revision, total);
    t_status(403);
    eq_int(orders(), before);
}

T(every_step_is_kept_from_robots_and_caches)
{
    i64 revision, total;
    filled(&revision, &total);
    static const char *const pages[] = { "/checkout", "/checkout/delivery", "/checkout/pay", "/cart" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(200);
        t_header_has("Cache-Control", "no-store");
        t_html("meta[name=robots]");
    }
}

/* ---- the address, by country -------------------------------------------------------------------- */

#define WHO "email=buyer%%40example.test&name=Somsri&phone=0812345678&line1=1+Road"

static void goes_to(const char *rest, int want)
{
    t_post("/checkout", str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, WHO "&%s", rest)));
    t_status(want);
}

static i64 at(const char *field)
{
    return str_find(t_body(), str_fmt(t_ctx()->mem, "id=\"%s\"", field));
}

T(the_address_has_the_fields_of_its_country)
{
    t_put(CABLE, 1);
    t_get("/checkout?country=US");
    t_text("ZIP code");
    t_text("State");
    t_get("/checkout?country=GB");
    t_no_html("select[name=region]");
    is_true(at("region") < 0 && at("city") > 0);
    t_get("/checkout?country=SG");
    is_true(at("city") < 0 && at("postcode") > at("line1"));
    t_get("/checkout?country=DE");
    is_true(at("postcode") < at("city"));
    t_get("/checkout?country=JP");
    is_true(at("postcode") < at("region") && at("region") < at("city") && at("city") < at("line1"));
    t_get("/checkout?country=TH");
    t_text("District");
    t_get("/checkout?country=VN");
    t_text("District or ward");
}

T(an_address_begins_in_the_houses_own_country)
{
    t_put(CABLE, 1);
    t_get("/checkout");
    t_html("option[value=TH][selected]");
    t_sql("update auth.organisation set country = 'VN' where slug = 'house'");
    t_get("/checkout");
    t_html("option[value=VN][selected]");
    t_text("District or ward");
}

/* A select without a choice shows its first: the fields are to be that country's. */
T(an_address_begins_where_something_is_sold)
{
    t_put(CABLE, 1);
    t_sql("delete from pricing.tax_rate where country = 'TH' or country < 'US'");
    t_sql("update auth.organisation set country = 'VN' where slug = 'house'");
    t_get("/checkout");
    t_html("option[value=VN][selected]");
    t_sql("delete from pricing.tax_rate where country = 'VN'");
    t_sql("insert into pricing.tax_rate (country, tax_class, rate_bp) values ('SG', 'standard', 900)");
    t_get("/checkout");
    t_html("option[value=SG][selected]");
    is_true(at("city") < 0);
}

T(another_country_is_chosen_without_script_and_what_was_typed_stays)
{
    t_put(CABLE, 1);
    goes_to("city=Chiang+Mai&postcode=50000&country=SG&change=1", 200);
    t_html("input[value=buyer@example.test]");
    t_text("value=\"1 Road\"");
    t_text("name=\"city\" value=\"Chiang Mai\""); /* hidden, for the way back */
    t_no_html("[aria-invalid=true]");
    goes_to("city=Chiang+Mai&postcode=50000&country=US&change=1", 200);
    t_text("ZIP code");
    t_text("value=\"Chiang Mai\"");
    t_get("/checkout.json");
    t_json("checkout.hasAddress", "false");
}

T(what_a_country_asks_for_is_asked_for)
{
    t_put(CABLE, 1);
    goes_to("city=Ari&postcode=10400&country=TH", 422); /* no province */
    goes_to("city=Ari&region=Bangkok&postcode=1040&country=TH", 422);
    t_text("That is no postcode of this country.");
    goes_to("city=Austin&region=TX&postcode=7870&country=US", 422);
    goes_to("city=Austin&region=TX&postcode=78701-1234&country=US", 303);
    goes_to("city=Delft&postcode=2611&country=XX", 422);
    t_text("We do not deliver to that country yet.");
}

T(a_field_a_country_has_not_is_not_kept)
{
    t_put(CABLE, 1);
    goes_to("city=Bangkok&region=Bangkok&postcode=238801&country=SG", 303);
    t_get("/checkout.json");
    t_json("checkout.draft.address.city", "Singapore");
    t_json("checkout.draft.address.region", "");
    t_json("checkout.draft.address.postcode", "238801");
    goes_to("city=Bangkok&region=Bangkok&postcode=238801&country=sg", 303); /* twice, and small */
}

/* ---- what one's own unpaid order keeps -------------------------------------------------------- */

static void take_out(void)
{
    t_get("/cart.json");
    str line = node_str(node_path(t_document(), S("cart.lines.0")), "id");
    t_post(str_fmt(t_ctx()->mem, "/cart/lines/%.*s", STR(line)).p, "quantity=0");
    t_status(303);
}

T(what_is_taken_out_and_put_in_again_is_still_kept_for_its_buyer)
{
    t_stock(CABLE, 1);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    take_out();
    t_post("/cart/lines", "sku=" CABLE);
    t_status(303);
    t_get("/cart.json");
    t_json("cart.isBlocked", "false");
    t_to_pay();
    t_pay();
    t_status(303);
    t_header_has("Location", "/c/pay/cs_");
    t_browser(); /* but for nobody else */
    t_post("/cart/lines", "sku=" CABLE);
    t_status(409);
}

T(all_of_it_is_still_kept_however_it_comes_back)
{
    t_stock(CABLE, 5);
    t_put(CABLE, 3);
    t_to_pay();
    t_pay();
    t_status(303);
    take_out();
    t_put(CABLE, 3);
    t_get("/cart.json");
    t_json("cart.lines.0.problem", "");
    t_put(CABLE, 2);
    t_get("/cart.json");
    t_json("cart.lines.0.problem", "");
    t_json("cart.lines.0.left", "5");
    t_put(CABLE, 1); /* and no more */
    t_get("/cart.json");
    t_json("cart.lines.0.quantity", "5");
    t_json("cart.lines.0.problem", "");
}

T(what_a_guest_took_out_is_still_kept_after_logging_in)
{
    t_login("shopper@example.test");
    t_stock(RADIO, 5);
    t_put(RADIO, 1);
    t_browser();
    t_stock(CABLE, 1);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    take_out();
    t_login("shopper@example.test");
    t_post("/cart/lines", "sku=" CABLE);
    t_status(303);
    t_get("/cart.json");
    t_json("cart.count", "2");
    t_json("cart.isBlocked", "false");
}

T(what_is_kept_no_more_is_sold_out)
{
    t_stock(CABLE, 1);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    i64 order = t_int("select max(id) as n from orders.\"order\"");
    take_out();
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 minute' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(t_str("select held::text as s from cart.cart where id = (select cart_id from "
                 "orders.\"order\" where id = %" PRId64 ")", order), "{}");
    t_stock(CABLE, 0);
    t_post("/cart/lines", "sku=" CABLE);
    t_status(409);
    t_text("This is sold out.");
}

T(what_a_program_of_the_version_before_lets_go_is_kept_no_more)
{
    t_stock(CABLE, 1);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    t_status(303);
    t_get("/cart.json");
    t_json("cart.isBlocked", "false");
    t_sql("with mine as (update cart.cart set revision = revision where state = 'open' returning id)"
          " update cart.line set held = 0 where cart_id in (select id from mine) and held > 0");
    eq_int(t_int("select count(*) as n from cart.cart where held <> '{}'"), 0);
    t_get("/cart.json");
    t_json("cart.isBlocked", "true");
}
