/* What someone means to buy: guests, limits, what changed meanwhile, logging in. */
#include "cart/cart.h"
#include "gen/queries.h"
#include "t/shop.h"
#include "web/web.h"

#define SHOPPER "shopper@example.test"

static void eq_cart(const char *path, const char *want)
{
    t_get("/cart.json");
    t_status(200);
    t_json(path, want);
}

static str line_id(int n)
{
    t_get("/cart.json");
    return node_str(node_path(t_document(), str_fmt(t_ctx()->mem, "cart.lines.%d", n)), "id");
}

static void set(str line, const char *quantity)
{
    t_post_f(str_fmt(t_ctx()->mem, "/cart/lines/%.*s", STR(line)).p, "quantity=%s", quantity);
}

/* ---- happy --------------------------------------------------------------------------------- */

/* On a sale day tens of thousands are open. */
T(a_cart_is_looked_up_however_many_are_open)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_sql("insert into cart.cart (id) overriding system value"
          " select 1000000000 + n from generate_series(1, 3000) n");
    t_sql("discard plans"); /* as a connection does when a table has grown */
    i64 before = t_rows_read("cart.cart");
    t_put(CABLE, 1);
    eq_cart("cart.count", "2");
    i64 read = t_rows_read("cart.cart") - before;
    eq_int(read < 300 ? 0 : read, 0);
}

T(a_guest_fills_a_cart_found_by_its_signed_cookie)
{
    t_stock(CABLE, 10);
    eq_cart("cart.isEmpty", "true");
    t_post("/cart/lines", "sku=" CABLE);
    t_status(303);
    t_header("Location", "/cart");
    t_header_has("Set-Cookie", "__Host-cart=");
    t_header_has("Set-Cookie", "HttpOnly");
    t_header_has("Set-Cookie", "Secure");
    eq_cart("cart.count", "1");
    t_json("cart.lines.0.unitPrice", "129000");
    t_json("cart.lines.0.problem", "");
    t_json("cart.goods", "129000");
    no_text(t_body(), "\"variantId\"");
    t_get("/cart");
    t_status(200);
    t_text("1,290.00");
}

/* Each shop has SKUs of its own choice. */
T(the_product_of_the_page_goes_into_the_cart_whoever_else_uses_its_sku)
{
    t_stock(CABLE, 10);
    t_other_shop();
    t_sql("with o as (select id from auth.organisation where slug = 't-other'), i as (insert into "
          "inventory.item (organisation_id, sku, tracked) select id, '" CABLE "', false from o returning "
          "id), p as (insert into catalog.product (organisation_id, slug, status) select id, "
          "'t-other-cable', 'published' from o returning id, organisation_id), x as (insert into "
          "catalog.product_text (product_id, organisation_id, lang, name) select id, organisation_id, "
          "'en', 'Another cable' from p), v as (insert into catalog.variant (product_id, "
          "organisation_id, item_id, sku) select p.id, p.organisation_id, i.id, '" CABLE "' from p, i "
          "returning id, product_id, organisation_id) insert into catalog.price (variant_id, "
          "product_id, organisation_id, currency, amount) select id, product_id, organisation_id, "
          "'THB', 4200 from v; "
          "select catalog.reshelve(id) from catalog.product where slug = 't-other-cable'");
    t_get("/products/t-other-cable");
    t_status(200);
    t_text("name=\"product\" value=\"t-other-cable\"");
    t_post("/cart/lines", "product=t-other-cable&sku=" CABLE);
    t_status(303);
    eq_cart("cart.lines.0.slug", "t-other-cable");
    t_json("cart.goods", "4200");
    t_post("/cart/lines", "product=t-no-such&sku=" CABLE);
    t_status(404);
}

T(the_same_thing_again_adds_up_in_one_line)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 2);
    t_put(CABLE, 3);
    eq_cart("cart.count", "5");
    eq_int((i64)node_count(node_path(t_document(), S("cart.lines"))), 1);
}

T(a_quantity_changes_and_nought_takes_the_line_out)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 2);
    str line = line_id(0);
    i64 revision = node_int(node_path(t_document(), S("cart")), "revision");
    set(line, "4");
    t_status(303);
    t_header("Location", str_fmt(t_ctx()->mem, "/cart#quantity-%.*s", STR(line)).p);
    eq_cart("cart.count", "4");
    eq_int(node_int(node_path(t_document(), S("cart")), "revision"), revision + 1);
    set(line, "4"); /* twice: nothing has changed */
    t_status(303);
    eq_cart("cart.count", "4");
    eq_int(node_int(node_path(t_document(), S("cart")), "revision"), revision + 1);
    set(line, "0");
    t_status(303);
    t_header("Location", "/cart");
    eq_cart("cart.isEmpty", "true");
    set(line, "0");
    t_status(404);
    t_text("That is no longer in your cart.");
}

T(the_badge_counts_things)
{
    t_stock(CABLE, 10);
    t_get("/-/me.json");
    t_json("count", "0");
    t_put(CABLE, 3);
    t_get("/-/me.json");
    t_json("count", "3");
}

/* ---- bad input ------------------------------------------------------------------------------- */

T(what_is_no_quantity_is_refused_with_a_reason)
{
    static const char *const wrong[] = { "-1", "0", "1e3", "2147483648", "1000", "1.5", "NaN", "",
        "9223372036854775808", "0x10", "1%200", "%EF%BC%91" };
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    str line = line_id(0);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (*wrong[i]) { /* without one it is one */
            t_post_f("/cart/lines", "sku=" CABLE "&quantity=%s", wrong[i]);
            t_status(422);
        }
        if (strcmp(wrong[i], "0") != 0) {
            set(line, wrong[i]);
            t_status(422);
        }
    }
    eq_cart("cart.count", "1");
    t_post_f("/cart/lines", "sku=" CABLE "&quantity=%s", "much");
    t_html("a[href='/th/cart']"); /* in another language there is a page to see */
    t_no_html("a[href='/th/cart/lines']");
    t_no_html("input[name=next][value='/cart/lines']");
}

T(a_wrong_quantity_is_said_at_its_line)
{
    struct arena *mem = t_ctx()->mem;
    t_stock(CABLE, 10);
    t_stock(RADIO, 10);
    t_put(CABLE, 1);
    t_put(RADIO, 1);
    str line = str_dup(mem, line_id(1)), other = str_dup(mem, line_id(0));
    set(line, "1e2");
    t_status(422);
    t_text(str_fmt(mem, "href=\"#quantity-%.*s\"", STR(line)).p);
    t_no_text("href=\"#quantity\"");
    t_text(str_fmt(mem, "id=\"quantity-%.*s-wrong\"", STR(line)).p);
    t_text(str_fmt(mem, "aria-describedby=\"quantity-%.*s-wrong\"", STR(line)).p);
    t_no_text(str_fmt(mem, "id=\"quantity-%.*s-wrong\"", STR(other)).p);
    t_html("[aria-invalid=true]");
    t_text("value=\"1e2\"");
    t_post("/cart/lines", "sku=" CABLE "&quantity=much"); /* of no line of it */
    t_status(422);
    t_no_text("href=\"#quantity");
}

T(client_fields_about_money_mean_nothing)
{
    t_stock(CABLE, 10);
    t_post("/cart/lines", "sku=" CABLE "&quantity=1&price=1&unit_price=1&total=1&currency=VND"
                          "&organisation=7&person_id=1&held=99&seen_price=1");
    t_status(303);
    eq_cart("cart.lines.0.unitPrice", "129000");
    t_json("cart.currency", "THB");
}

T(a_thing_nobody_sells_is_not_there)
{
    t_open();
    t_post("/cart/lines", "sku=NO-SUCH-THING");
    t_status(404);
    t_text("This product is no longer available.");
    t_post("/cart/lines", "");
    t_status(422);
}

T(the_hundred_and_first_thing_is_refused_but_more_of_the_hundred_is_not)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_sql("insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency) "
          "select (select max(id) from cart.cart), v.id, 1, 1, 'THB' from catalog.variant v "
          "where v.sku not in ('" CABLE "', '" RADIO "') order by v.id limit 99");
    eq_int((t_get("/cart.json"), (i64)node_count(node_path(t_document(), S("cart.lines")))), 100);
    t_stock(RADIO, 10);
    t_post("/cart/lines", "sku=" RADIO);
    t_status(409);
    t_text("at most 100 different things");
    t_post("/th/cart/lines", "sku=" RADIO);
    t_status(409);
    t_no_text("at most 100 different things");
    t_put(CABLE, 1);
    t_get("/cart.json");
    eq_int((i64)node_count(node_path(t_document(), S("cart.lines"))), 100);
}

/* ---- more than there are ------------------------------------------------------------------------ */

static void follow(const char *site)
{
    str to = t_header_of("Location"), page;
    str_cut(&to, '#', &page);
    t_with("Sec-Fetch-Site", site);
    t_get(str_c(t_ctx()->mem, str_dup(t_ctx()->mem, page)));
    t_status(200);
}

T(one_line_never_holds_more_than_999)
{
    t_stock(CABLE, 5000);
    t_put(CABLE, 999);
    t_put(CABLE, 999);
    follow("same-origin");
    t_text("At most 999 of one thing go into a cart.");
    eq_cart("cart.count", "999");
    t_json("cart.lines.0.problem", "");
}

T(of_more_than_are_left_those_that_are_go_in_and_the_cart_says_so)
{
    static const char said[] = "Only 2 left, so your cart holds 2.";
    t_stock(CABLE, 2);
    t_post("/cart/lines", "sku=" CABLE "&quantity=99&next=%2Fproducts");
    t_status(303);
    str to = str_dup(t_ctx()->mem, t_header_of("Location")), there;
    str_cut(&to, '#', &there);
    has_text(there, "/cart?done=fewer&line=");
    follow("same-origin");
    t_text(said);
    t_no_text("Something has changed");
    t_html("input[name=quantity][value='2']");
    t_with("Sec-Fetch-Site", "cross-site");
    t_get(str_c(t_ctx()->mem, there));
    t_no_text(said);
    t_post("/cart/lines", "sku=" CABLE "&next=%2Fproducts"); /* one more */
    follow("same-origin");
    t_text(said);
    eq_cart("cart.lines.0.quantity", "2");
    t_json("cart.lines.0.problem", "");
    t_stock(CABLE, 1); /* now somebody else has been quicker */
    t_with("Sec-Fetch-Site", "same-origin");
    t_get(str_c(t_ctx()->mem, there));
    t_status(200);
    t_no_text(said);
    t_text("Something has changed");
    t_text("Only 1 left. Please take fewer.");
}

T(a_quantity_beyond_what_is_left_becomes_what_is_left)
{
    t_stock(CABLE, 3);
    t_put(CABLE, 1);
    str line = line_id(0);
    set(line, "3");
    t_header("Location", str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "/cart#quantity-%.*s", STR(line))));
    set(line, "99");
    t_status(303);
    follow("same-origin");
    t_text("Only 3 left, so your cart holds 3.");
    t_html(str_fmt(t_ctx()->mem, "input[aria-describedby='quantity-%.*s-fewer']", STR(line)).p);
    t_stock(CABLE, 1);
    set(line, "2");
    follow("same-origin");
    t_text("Only 1 left, so your cart holds one.");
    t_stock(CABLE, 0);
    set(line, "2");
    t_status(409);
    t_text("This is sold out.");
    eq_cart("cart.lines.0.quantity", "1");
    set(line, "0");
    t_status(303);
    t_header("Location", "/cart");
}

T(what_no_stock_is_kept_of_goes_in_as_asked)
{
    t_stock(CABLE, 0);
    t_sql("update inventory.item set tracked = false where sku = '" CABLE "'");
    t_shelved();
    t_put(CABLE, 99);
    t_header("Location", "/cart");
    eq_cart("cart.lines.0.quantity", "99");
    set(line_id(0), "990");
    eq_cart("cart.lines.0.quantity", "990");
}

/* What their own unpaid order keeps for them is there for them, and no more. */
T(of_what_is_kept_for_it_a_cart_takes_all)
{
    t_stock(CABLE, 4);
    t_put(CABLE, 3);
    t_to_pay();
    t_pay();
    t_put(CABLE, 9);
    follow("same-origin");
    t_text("Only 4 left, so your cart holds 4.");
    set(line_id(0), "1");
    set(line_id(0), "5");
    eq_cart("cart.lines.0.quantity", "4");
    t_json("cart.lines.0.problem", "");
}

T(programs_hear_how_many_went_in)
{
    t_stock(CABLE, 2);
    t_with("Accept", "application/json");
    t_post("/cart/lines", "sku=" CABLE);
    t_status(200);
    t_json("quantity", "1");
    t_json("isFewer", "false");
    t_json("location", "/cart");
    t_with("Accept", "application/json");
    t_post("/cart/lines", "sku=" CABLE "&quantity=99");
    t_json("quantity", "2");
    t_json("isFewer", "true");
    has_text(node_str(t_document(), "location"), "/cart?done=fewer&line=");
    str path = str_fmt(t_ctx()->mem, "/cart/lines/%.*s", STR(line_id(0)));
    t_with("Accept", "application/json");
    t_post(path.p, "quantity=3");
    t_json("quantity", "2");
    t_json("isFewer", "true");
    t_with("Accept", "application/json");
    t_post(path.p, "quantity=0");
    t_json("quantity", "0");
    t_json("isFewer", "false");
}

/* ---- what changed meanwhile ------------------------------------------------------------------- */

T(what_is_sold_out_is_said)
{
    t_stock(CABLE, 2);
    t_put(CABLE, 2);
    t_stock(CABLE, 1);
    eq_cart("cart.lines.0.problem", "short");
    t_json("cart.lines.0.left", "1");
    t_stock(CABLE, 0);
    eq_cart("cart.lines.0.problem", "short"); /* and not "not for sale in your currency" */
    t_get("/cart");
    t_status(200);
    t_browser();
    t_post("/cart/lines", "sku=" CABLE);
    t_status(409);
    t_text("This is sold out.");
}

T(what_became_dearer_or_cheaper_is_said)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_sql("update catalog.price set amount = amount + 100 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    eq_cart("cart.lines.0.problem", "dearer");
    t_json("cart.lines.0.wasPrice", "129000");
    t_json("cart.lines.0.unitPrice", "129100");
    t_json("cart.isBlocked", "false");
    t_get("/cart");
    t_status(200);
    t_sql("update catalog.price set amount = amount - 200 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    eq_cart("cart.lines.0.problem", "cheaper");
}

T(another_currency_is_neither_dearer_nor_cheaper)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/currency", "currency=USD&next=/cart");
    t_status(303);
    t_header("Location", "/cart");
    eq_cart("cart.lines.0.problem", "");
    t_json("cart.lines.0.unitPrice", "3900");
    t_json("cart.goods", "3900");
    t_post("/currency",
        "currency=THB&next=%2Fth%2Fsearch%3Fq%3D%25E0%25B8%2581%26price_min%3D1000%26size%3Dm%26price_"
        "max%3D%26after%3D5~x");
    t_header("Location", "/th/search?q=%E0%B8%81&size=m");
    t_post("/currency", "currency=THB&next=%2Fproducts%3Fprice_min%3D1000");
    t_header("Location", "/products");
    t_post("/currency", "currency=THB&next=%2Fproducts%3F%26%26after%3D%26");
    t_header("Location", "/products?&");
    struct buf thai = buf_new(t_ctx()->mem, 8000);
    buf_add(&thai, S("currency=USD&next=%2Fth%2Fsearch%3Fq%3D"));
    for (int i = 0; i < 100; i++)
        buf_add(&thai, S("%25E0%25B8%2581"));
    t_post("/currency", str_c(t_ctx()->mem, buf_str(&thai)));
    t_status(303);
    t_post("/currency", "currency=USD&next=//evil.test");
    t_header("Location", "/");
    t_post("/currency", "currency=CHF&next=/cart");
    t_status(422);
    t_text("We do not sell in that currency.");
    eq_cart("cart.currency", "USD");
}

T(a_guests_cookie_is_renewed_by_each_change_as_the_cart_is)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_put(CABLE, 1);
    t_header_has("Set-Cookie", "__Host-cart=");
    t_header_has("Set-Cookie", "Max-Age=2592000");
    is_true(str_find(t_header_of("Set-Cookie"), S("csrf")) < 0); /* that of open pages stays */
    set(line_id(0), "3");
    t_header_has("Set-Cookie", "__Host-cart=");
    eq_cart("cart.count", "3");
    t_login(SHOPPER);
    t_put(CABLE, 1);
    is_true(str_find(t_header_of("Set-Cookie"), S("__Host-cart=")) < 0);
}

T(what_has_no_price_in_this_currency_is_said)
{
    t_stock(NO_DONG, 3);
    t_put(NO_DONG, 1);
    t_post("/currency", "currency=VND");
    eq_cart("cart.lines.0.problem", "not_for_sale");
    t_json("cart.goods", "0");
    t_get("/cart");
    t_status(200);
    t_post("/cart/lines", "sku=" NO_DONG);
    t_status(409);
    t_text("This is not for sale in your currency.");
    t_get("/checkout");
    t_status(303);
    t_header("Location", "/cart");
}

T(what_is_no_longer_shown_is_gone_from_the_cart_too)
{
    t_stock(CABLE, 10);
    t_stock(RADIO, 10);
    t_put(CABLE, 1);
    t_put(RADIO, 1);
    t_sql("update catalog.product set status = 'draft' where id = "
          "(select product_id from catalog.variant where sku = '" CABLE "')");
    t_shelved();
    eq_cart("cart.lines.0.problem", "gone");
    t_json("cart.lines.1.problem", "");
    t_json("cart.goods", "249000");
    t_get("/cart");
    t_status(200);
    t_get("/checkout");
    t_header("Location", "/cart");
    t_sql("update catalog.product set status = 'draft' where id = "
          "(select product_id from catalog.variant where sku = '" RADIO "')");
    t_shelved();
    t_get("/cart");
    t_status(200);
    t_no_text("added at checkout");
}

/* ---- somebody else's ---------------------------------------------------------------------------- */

T(a_forged_or_bent_cookie_is_an_empty_cart)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    str cookie = t_cookie(COOKIE_CART);
    str number = str_upto(cookie, (size_t)str_find(cookie, S(".")));
    const char *const forged[] = { number.p, str_fmt(t_ctx()->mem, "%.*s.", STR(number)).p,
        str_fmt(t_ctx()->mem, "%.*sx", STR(cookie)).p,
        str_fmt(t_ctx()->mem, "1%.*s", STR(cookie)).p,
        str_upto(cookie, cookie.n - 1).n ? str_c(t_ctx()->mem, str_upto(cookie, cookie.n - 1)) : "",
        crypto_sign(t_ctx()->mem, t_ctx()->app->secret, "order", number).p };
    for (size_t i = 0; i < COUNT(forged); i++) {
        t_browser();
        t_cookie_set(COOKIE_CART, str_c(t_ctx()->mem, str_of(forged[i])));
        if (i == 0)
            t_cookie_set(COOKIE_CART, str_c(t_ctx()->mem, number));
        eq_cart("cart.isEmpty", "true");
    }
    t_cookie_set(COOKIE_CART, cookie.p);
    eq_cart("cart.count", "1");
}

T(a_line_of_another_cart_cannot_be_touched)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 3);
    str line = line_id(0), cookie = t_cookie(COOKIE_CART);
    t_browser();
    t_put(CABLE, 1);
    set(line, "9");
    t_status(404);
    set(line, "0");
    t_status(404);
    set(S("nonsense"), "0");
    t_status(404);
    t_browser();
    t_cookie_set(COOKIE_CART, cookie.p);
    eq_cart("cart.count", "3");
}

T(the_database_shows_a_cart_to_its_own_scope_only)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 3);
    struct scope other = { .cart = t_int("select max(id) - 1 as n from cart.cart"), .person = 1,
        .organisation = 1 };
    eq_int(t_int_as(other, "select count(*) as n from cart.line"), 0);
    eq_int(t_int_as((struct scope){ 0 }, "select count(*) as n from cart.cart"), 0);
}

/* ---- logging in ------------------------------------------------------------------------------------ */

T(at_login_the_larger_quantity_of_each_thing_stays)
{
    t_stock(CABLE, 100);
    t_stock(RADIO, 100);
    t_login(SHOPPER);
    t_put(CABLE, 5);
    t_put(RADIO, 1);
    t_browser();
    t_put(CABLE, 2);
    t_put(RADIO, 4);
    t_login(SHOPPER);
    eq_int(t_cookie(COOKIE_CART).n, 0);
    t_get("/cart.json");
    t_json("cart.lines.0.quantity", "5");
    t_json("cart.lines.1.quantity", "4");
    eq_int((i64)node_count(node_path(t_document(), S("cart.lines"))), 2);
}

T(that_two_carts_became_one_is_said_once)
{
    t_stock(CABLE, 100);
    t_stock(RADIO, 100);
    t_login(SHOPPER);
    t_put(CABLE, 5);
    t_browser();
    t_put(CABLE, 2);
    t_put(RADIO, 4);
    t_login(SHOPPER);
    t_get("/products");
    eq_cart("cart.count", "9");
    t_get("/cart");
    t_text("What you put in before you logged in");
    t_no_text("left out");
    t_get("/cart");
    t_no_text("What you put in before you logged in");
}

T(what_finds_no_room_in_a_persons_cart_is_said)
{
    t_stock(CABLE, 100);
    t_stock(RADIO, 100);
    t_login(SHOPPER);
    t_put(RADIO, 1);
    t_sql("insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency) "
          "select (select max(id) from cart.cart), v.id, 1, 1, 'THB' from catalog.variant v "
          "where v.sku not in ('" CABLE "', '" RADIO "') order by v.id limit 99");
    t_browser();
    t_put(CABLE, 1);
    t_put(RADIO, 1);
    t_login(SHOPPER);
    t_get("/cart");
    t_text("1 thing was left out");
}

T(one_cart_alone_is_no_news)
{
    t_stock(CABLE, 100);
    t_put(CABLE, 2);
    t_login(SHOPPER);
    t_get("/cart");
    t_no_text("What you put in before you logged in");
}

T(somebody_without_a_cart_takes_the_guests_along_and_it_is_theirs_alone)
{
    t_stock(CABLE, 100);
    t_put(CABLE, 2);
    str cookie = t_cookie(COOKIE_CART), token = t_cookie(COOKIE_CSRF);
    t_login(SHOPPER);
    eq_cart("cart.count", "2");
    t_browser(); /* the old cookie, on a machine that others use too */
    t_cookie_set(COOKIE_CART, cookie.p);
    eq_cart("cart.isEmpty", "true");
    t_cookie_set(COOKIE_CSRF, token.p);
    t_login("admin@example.test"); /* and for somebody else it brings nothing */
    eq_cart("cart.isEmpty", "true");
    t_login(SHOPPER);
    eq_cart("cart.count", "2");
}

T(a_cart_that_was_paid_is_not_poured_out_again)
{
    t_stock(CABLE, 100);
    t_put(CABLE, 2);
    t_sql("update cart.cart set state = 'ordered' where id = (select max(id) from cart.cart)");
    eq_cart("cart.isEmpty", "true");
    t_login(SHOPPER);
    eq_cart("cart.isEmpty", "true");
}

T(a_guest_goes_on_in_a_new_cart_when_the_old_one_was_paid)
{
    t_stock(CABLE, 100);
    t_put(CABLE, 2);
    str cookie = t_cookie(COOKIE_CART);
    t_sql("update cart.cart set state = 'ordered' where id = (select max(id) from cart.cart)");
    t_put(CABLE, 1);
    is_false(str_eq(cookie, t_cookie(COOKIE_CART)));
    eq_cart("cart.count", "1");
}

/* ---- cost --------------------------------------------------------------------------------------------- */

static i64 trips_to_read(i64 lines)
{
    struct ctx *c = t_ctx();
    struct node *cart;
    t_sql("delete from cart.line");
    t_sql("insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency) "
          "select (select max(id) from cart.cart), v.id, 1, 1, 'THB' from catalog.variant v "
          "order by v.id limit %" PRId64, lines);
    c->scope = (struct scope){ .cart = t_int("select max(id) as n from cart.cart") };
    must(cart_read(c, &cart)); /* warm */
    i64 before = c->db_trips;
    must(cart_read(c, &cart));
    eq_int((i64)node_count(node_get(cart, S("lines"))), lines);
    return c->db_trips - before;
}

T(fifty_lines_cost_as_many_trips_to_the_database_as_one)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    i64 one = trips_to_read(1), fifty = trips_to_read(50);
    eq_int(fifty, one);
    is_true(one <= 4); /* two queries, each with the test's own savepoint */
}

T(left_carts_go_after_a_month_and_a_persons_after_a_year)
{
    struct ctx *c = t_ctx();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_browser();
    t_login(SHOPPER);
    t_put(CABLE, 1);
    t_sql("update cart.cart set touched_at = now() - interval '40 days'");
    c->scope = (struct scope){ .platform = true };
    c->now = when_now();
    must(cart_forget_old(c));
    eq_int(t_int("select count(*) as n from cart.cart where person_id is null"), 0);
    eq_int(t_int("select count(*) as n from cart.cart where person_id = 2"), 1);
}

T(left_carts_go_however_many_they_are)
{
    struct ctx *c = (t_open(), t_ctx());
    t_sql("insert into cart.cart (id, touched_at) overriding system value"
          " select 1000000000 + n, now() - interval '40 days' from generate_series(1, 2500) n");
    c->scope = (struct scope){ .platform = true };
    c->now = when_now();
    must(cart_forget_old(c));
    eq_int(t_int("select count(*) as n from cart.cart where id > 1000000000"), 0);
}
