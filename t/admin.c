/* The merchant's first page and customers: whose figures, of which day. */
#include "gen/queries.h"
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_ "admin@example.test"

static i64 figure(const char *key)
{
    t_get("/admin.json");
    t_status(200);
    return node_int(node_get(t_document(), S("today")), key);
}

static i64 revenue(void)
{
    t_get("/admin.json");
    EACH(item, node_path(t_document(), S("today.revenue")))
        if (str_is(node_str(&item->node, "currency"), "THB"))
            return node_int(&item->node, "amount");
    return 0;
}

T(today_counts_orders_and_what_was_paid)
{
    t_open();
    t_clock(when_now()); /* one and the same day from here on */
    t_login(ADMIN_);
    i64 orders = figure("orders"), paid = figure("paid"), waiting = figure("waiting"),
        before = revenue();
    i64 order = t_order();
    eq_int(figure("orders"), orders + 1);
    eq_int(figure("paid"), paid);
    eq_int(revenue(), before);
    t_paid(order);
    eq_int(figure("paid"), paid + 1);
    eq_int(figure("waiting"), waiting + 1);
    eq_int(revenue(), before + 129000);
    t_get("/admin");
    t_status(200);
    t_header_has("Cache-Control", "no-store");
    t_html("meta[name=robots]");
}

/* 1,290 for goods and 50 for the way: of what goes back the goods bear their share. */
T(what_was_given_back_is_no_revenue)
{
    t_open();
    t_breaks("I3_an_order_is_paid_when_its_money_is_here"); /* the order's own figures alone */
    t_clock(when_now());
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz-back@example.test' where id = %" PRId64, order);
    t_paid(order);
    t_login(ADMIN_);
    i64 whole = revenue(), waiting = figure("waiting");
    t_sql("update orders.\"order\" set refunded_total = 13400 where id = %" PRId64, order);
    eq_int(revenue(), whole - 12900);
    eq_int(figure("waiting"), waiting);
    i64 shown = 0;
    EACH(day, node_get(t_document(), S("days")))
        shown = node_int(&day->node, "revenue");
    eq_int(shown, whole - 12900);
    t_get("/admin/customers.json?q=zz-back");
    t_json("customers.0.spent", "120600"); /* with the way */
    t_sql("update orders.\"order\" set refunded_total = total, payment_status = 'refunded' where id = "
          "%" PRId64, order);
    eq_int(revenue(), whole - 129000);
    eq_int(figure("waiting"), waiting - 1); /* nobody is to send it */
}

T(the_day_begins_at_the_organisations_own_midnight)
{
    t_open();
    t_clock(when_now());
    t_login(ADMIN_);
    i64 orders = figure("orders"), order = t_order();
    t_sql("update orders.part set placed_at = date_trunc('day', now() at time zone 'Asia/Bangkok') "
          "at time zone 'Asia/Bangkok' where order_id = %" PRId64, order);
    eq_int(figure("orders"), orders + 1);
    t_sql("update orders.part set placed_at = placed_at - interval '1 second' where order_id = "
          "%" PRId64, order);
    eq_int(figure("orders"), orders);
    t_get("/admin.json");
    eq_int((i64)node_count(node_get(t_document(), S("days"))), 14);
}

T(what_runs_out_is_named)
{
    t_open();
    t_stock(CABLE, 0);
    t_sql("insert into inventory.item (organisation_id, sku) values (1, '0-NO-PRODUCT')");
    t_sql("insert into inventory.stock (item_id, location_id, organisation_id, on_hand) select "
          "i.id, l.id, 1, 0 from inventory.item i, inventory.location l where i.sku = "
          "'0-NO-PRODUCT' and l.organisation_id = 1 limit 1");
    t_login(ADMIN_);
    t_get("/admin.json");
    t_json("lowStock.0.sku", "0-NO-PRODUCT");
    is_true(node_is_null(node_path(t_document(), S("lowStock.0")), "name"));
    str slug = t_str("select p.slug as s from catalog.product p join catalog.variant v on "
                     "v.product_id = p.id where v.sku = '" CABLE "'");
    str name = t_str("select t.name as s from catalog.product_text t join catalog.variant v on "
                     "v.product_id = t.product_id where t.lang = 'th' and v.sku = '" CABLE "'");
    t_get("/th/admin");
    t_html(str_fmt(t_ctx()->mem, "a[href='/th/admin/products/%.*s#stock']", STR(slug)).p);
    t_text(str_c(t_ctx()->mem, name));
    t_text("0-NO-PRODUCT");
}

T(what_is_gone_does_not_hide_what_runs_out_nor_is_what_is_not_sold_named)
{
    t_open();
    t_sql("update inventory.stock set on_hand = reserved + 100");
    t_stock(CABLE, 2);
    t_login(ADMIN_);
    t_get("/admin.json");
    has_text(t_body(), CABLE);
    t_json("lowStockMore", "0");
    static const struct {
        const char *sql;
        bool is_named;
    } cases[] = {
        { "update catalog.product set status = 'archived' where id = (select product_id from"
          " catalog.variant where sku = '" CABLE "')", false },
        { "update catalog.product set status = 'draft' where id = (select product_id from"
          " catalog.variant where sku = '" CABLE "')", false },
        { "update catalog.product set status = 'published' where id = (select product_id from"
          " catalog.variant where sku = '" CABLE "')", true },
        { "update catalog.variant set active = false where sku = '" CABLE "'", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        t_sql("%s", cases[i].sql);
        t_get("/admin.json");
        if (cases[i].is_named)
            has_text(t_body(), "\"" CABLE "\"");
        else
            no_text(t_body(), "\"" CABLE "\"");
    }
    t_sql("insert into inventory.item (organisation_id, sku) select 1, '0-GONE-' || n from"
          " generate_series(1, 9) n union all select 1, '0-FEW-' || n from generate_series(1, 9) n;"
          "insert into inventory.stock (item_id, location_id, organisation_id, on_hand) select i.id,"
          " (select min(id) from inventory.location where organisation_id = 1), 1,"
          " case when i.sku like '0-FEW%%' then 1 else 0 end from inventory.item i where i.sku ~ '^0-'");
    t_moved();
    t_get("/admin.json");
    t_json("lowStock.3.sku", "0-GONE-4");
    t_json("lowStock.4.sku", "0-FEW-1");
    t_json("lowStock.7.sku", "0-FEW-4");
    t_json("lowStockMore", "10");
    t_get("/th/admin");
    t_text("0-GONE-1");
    t_text("0-FEW-1");
}

/* Those that are sold, as the dashboard counts them. */
T(what_runs_out_and_is_not_named_is_found_in_the_list_of_products)
{
    t_open();
    t_sql("update inventory.stock set on_hand = reserved + 100");
    t_login(ADMIN_);
    t_get("/admin/products.json?status=published&stock=few");
    eq_int((i64)node_count(node_get(t_document(), S("products"))), 0);
    t_json("isEmpty", "true");
    t_sql("update inventory.stock k set on_hand = reserved + 3 where k.item_id in (select v.item_id from "
          "catalog.variant v join catalog.product p on p.id = v.product_id where v.active and "
          "p.status = 'published' and p.organisation_id = 1 order by v.id limit 60)");
    t_moved();
    i64 products = t_int("select count(distinct p.id) as n from catalog.product p join catalog.variant v on "
                         "v.product_id = p.id join inventory.stock k on k.item_id = v.item_id "
                         "where k.on_hand - k.reserved = 3 and v.active and p.status = 'published'");
    t_get("/admin");
    t_html("a[href='/admin/products?status=published&amp;stock=few']");
    t_get("/admin/products.json?status=published&stock=few");
    t_json("stock", "few");
    eq_int((i64)node_count(node_get(t_document(), S("products"))), products < 50 ? products : 50);
    EACH(it, node_get(t_document(), S("products")))
        has_text(t_str("select string_agg(p.slug, ' ') as s from catalog.product p join catalog.variant v on "
                       "v.product_id = p.id join inventory.stock k on k.item_id = v.item_id "
                       "where k.on_hand - k.reserved = 3"), str_c(t_ctx()->mem, node_str(&it->node, "slug")));
    t_sql("update inventory.item set tracked = false");
    t_get("/admin/products.json?stock=few");
    t_json("isEmpty", "true"); /* it never runs out */
    t_sql("update inventory.item set tracked = true");
    t_sql("update catalog.product set status = 'draft'");
    t_get("/admin/products?stock=few");
    t_html("option[value=few][selected]");
    t_get("/admin/products.json?status=published&stock=few");
    t_json("isEmpty", "true");
    if (products > 50) {
        t_get("/admin/products.json?stock=few");
        has_text(t_body(), "&stock=few&before=");
    }
}

/* 1,290.00 bought: the scale ends at the next round number, the bar below it. */
T(the_charts_lines_say_what_they_stand_for)
{
    i64 order = t_order();
    t_sql("update orders.part set placed_at = placed_at - interval '30 days' where order_id <> "
          "%" PRId64, order);
    t_login(ADMIN_);
    t_get("/admin");
    t_html("svg.chart");
    t_no_html("text.bar-scale"); /* nothing is paid: no line stands for anything */
    t_paid(order);
    t_get("/admin");
    t_html("text.bar-scale[y='8']");
    t_text(">2,000</text>");
    t_text(">1,000</text>");
    t_html("rect.bar-rect[height='65']");
}

T(a_wrong_word_in_an_address_is_named_with_a_way_on)
{
    t_open();
    t_login(ADMIN_);
    t_get("/th/admin/audit?from=21.11&kind=money");
    t_status(422);
    t_text("<code>from</code>");
    t_html("a[href='/th/admin/audit']");
    t_html("a[href='/th/admin/orders']");
    t_get("/products?sort=frob&available=1");
    t_status(422);
    t_text("<code>sort</code>");
    t_html("a[href='/products']");
    t_html("a[href='/categories/speakers']");
}

T(customers_are_all_who_ordered_here)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz-first@example.test' where id = %" PRId64, order);
    t_login(ADMIN_);
    t_get("/admin/customers.json?q=zz-first");
    t_status(200);
    t_json("customers.0.email", "zz-first@example.test");
    t_json("customers.0.orders", "1");
    t_json("customers.0.hasAccount", "false");
    t_json("customers.0.spent", "0");
    t_get("/admin/customers.json?q=nobody-like-that");
    eq_int((i64)node_count(node_get(t_document(), S("customers"))), 0);
    t_get("/admin/customers");
    t_status(200);
    t_text("zz-first@example.test");
}

T(ID_22_a_customers_page_says_what_they_ordered_and_where_the_last_went)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz-one@example.test' where id = %" PRId64, order);
    t_login(ADMIN_);
    t_get("/admin/customers.json?q=zz-one");
    str id = node_str(node_path(t_document(), S("customers.0")), "id");
    const char *path = str_fmt(t_ctx()->mem, "/admin/customers/%.*s", STR(id)).p;
    t_get(path);
    t_status(200);
    t_text("zz-one@example.test");
    t_text(str_c(t_ctx()->mem, t_number(order)));
    t_get(str_fmt(t_ctx()->mem, "%s.json", path).p);
    t_json("customer.orders", "1");
    t_json("orders.0.number", str_c(t_ctx()->mem, t_number(order)));
    is_true(node_str(node_path(t_document(), S("label.address")), "line1").n > 0);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_login("shopper@example.test");
    t_get(path);
    t_status(403);
    t_sql("delete from auth.member where person_id = 2; "
          "insert into auth.organisation (slug, name) values ('t-other', 'Other'); "
          "insert into auth.member (organisation_id, person_id, place) select id, 2, 'owner' from "
          "auth.organisation where slug = 't-other'");
    t_login("shopper@example.test"); /* another shop's owner */
    t_get(path);
    t_status(404);
    t_sql("update orders.\"order\" set email = '' where id = %" PRId64, order); /* forgotten */
    t_login(ADMIN_);
    t_get(path);
    t_status(404);
    t_get("/admin/customers/zzzzzzzzzzzzz");
    t_status(404);
}

static void has_paid(const char *amount)
{
    t_get("/admin/customers.json?q=zz-paid");
    t_json("customers.0.spent", amount);
    str id = node_str(node_path(t_document(), S("customers.0")), "id");
    t_get(str_fmt(t_ctx()->mem, "/admin/customers/%.*s.json", STR(id)).p);
    t_json("customer.spent", amount);
}

/* 1,290 for goods and 50 for the way. */
T(a_customer_has_paid_for_the_way_too_and_of_a_shared_order_each_seller_sees_the_own_goods)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz-paid@example.test' where id = %" PRId64, order);
    t_login(ADMIN_);
    has_paid("0");
    t_paid(order);
    has_paid("134000");
    t_get("/admin/customers?q=zz-paid");
    t_text("฿1,340.00");
    t_get("/admin");
    t_text("Revenue (goods without delivery)");
    t_sql("update auth.person set role = 'user' where id = 1"); /* an owner, and no more */
    t_login(ADMIN_);
    has_paid("134000");
    t_other_sells(order);
    t_sql("update orders.part set goods_total = case organisation_id when 1 then 99000 else 30000 end"
          " where order_id = %" PRId64, order);
    has_paid("99000");
    t_sql("update auth.person set role = 'admin' where id = 1");
    t_login(ADMIN_); /* the house, of an order of several */
    has_paid("134000");
    t_browser();
    t_login("shopper@example.test"); /* who owns the other shop */
    has_paid("30000");
    t_sql("update orders.part set goods_total = case organisation_id when 1 then 129000 else 0 end"
          " where order_id = %" PRId64, order); /* as its lines are */
}

/* 61 orders; the first of them under another name. */
T(customers_are_found_with_all_they_ordered_under_the_name_they_gave_last)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz-all@example.test', name = 'Zoe Before'"
          " where id = %" PRId64, order);
    t_sql("insert into orders.\"order\" select (jsonb_populate_record(o, jsonb_build_object('id',"
          " nextval('orders.order_id'), 'number', 'ALLZ-' || 10000 + n, 'cart_id', -n, 'name', 'Anna Since'))).*"
          " from orders.\"order\" o, generate_series(1, 60) n where o.id = %" PRId64, order);
    t_sql("insert into orders.part (order_id, organisation_id, goods_total, tax_total)"
          " select id, 1, 0, 0 from orders.\"order\" where number like 'ALLZ-%%'");
    t_login(ADMIN_);
    static const char *const ways[] = { "zoe+before", "anna+since", "allz-10007", "zz-all" };
    for (size_t i = 0; i < COUNT(ways); i++) {
        t_get(str_fmt(t_ctx()->mem, "/admin/customers.json?q=%s", ways[i]).p);
        eq_int((i64)node_count(node_get(t_document(), S("customers"))), 1);
        t_json("customers.0.orders", "61");
        t_json("customers.0.name", "Anna Since");
    }
}

T(a_customers_page_leads_to_all_orders_where_it_shows_the_newest)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'zz+many@example.test' where id = %" PRId64, order);
    t_login(ADMIN_);
    t_get("/admin/customers.json?q=zz%2Bmany");
    const char *path = str_fmt(t_ctx()->mem, "/admin/customers/%.*s",
        STR(node_str(node_path(t_document(), S("customers.0")), "id")))
                           .p;
    t_get(path);
    t_no_text("All orders");
    t_sql("insert into orders.\"order\" select (jsonb_populate_record(o, jsonb_build_object('id',"
          " nextval('orders.order_id'), 'number', 'MORE-' || 10000 + n, 'cart_id', -n))).*"
          " from orders.\"order\" o, generate_series(1, 50) n where o.id = %" PRId64, order);
    t_sql("insert into orders.part (order_id, organisation_id, goods_total, tax_total)"
          " select id, 1, 0, 0 from orders.\"order\" where number like 'MORE-%%'");
    t_get(path);
    t_html("a[href='/admin/orders?q=zz%2Bmany%40example.test']");
    t_get("/admin/orders.json?q=zz%2Bmany%40example.test");
    t_json("orders.0.email", "zz+many@example.test");
}

T(customers_come_by_the_page)
{
    t_order();
    t_sql("insert into orders.\"order\" (id, number, cart_id, cart_revision, email, name, address, "
          "lang, currency, goods_total, delivery_total, tax_total, total, tax_inclusive, rounding, "
          "delivery_method, trace, hold_until, is_held) select nextval('orders.order_id'), "
          "'T-' || lpad(i::text, 8, '0'), -i, 1, 'zz' || lpad(i::text, 3, '0') || '@example.test', "
          "'N', '{}', 'en', 'THB', 0, 0, 0, 0, true, 'per_line', 'standard', '[]', now(), false "
          "from generate_series(1, 60) i; insert into orders.part (order_id, organisation_id, "
          "goods_total, tax_total) select id, 1, 0, 0 from orders.\"order\" where number like 'T-%%'");
    t_login(ADMIN_);
    t_get("/admin/customers.json?q=zz0");
    eq_int((i64)node_count(node_get(t_document(), S("customers"))), 50);
    str next = node_str(node_get(t_document(), S("next")), "url");
    has_text(next, "after=zz050");
    i64 cut = str_find(next, S("?"));
    t_get(str_fmt(t_ctx()->mem, "/admin/customers.json%.*s", STR(str_from(next, (size_t)cut))).p);
    eq_int((i64)node_count(node_get(t_document(), S("customers"))), 10);
    t_json("customers.0.email", "zz051@example.test");
    is_true(node_is_null(t_document(), "next"));
}

T(strangers_buyers_and_other_shops_see_none_of_it)
{
    static const char *const pages[] = { "/admin", "/admin/customers", "/admin/orders" };
    t_order();
    t_browser();
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(303);
        t_header_has("Location", "/login?next=/admin");
    }
    t_login("shopper@example.test");
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(403);
    }
    t_other_shop();
    t_login("shopper@example.test");
    eq_int(figure("orders"), 0);
    t_get("/admin/customers.json");
    eq_int((i64)node_count(node_get(t_document(), S("customers"))), 0);
}

T(a_viewer_looks_and_changes_nothing)
{
    i64 order = t_order();
    t_paid(order);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_login("shopper@example.test");
    t_get("/admin");
    t_status(200);
    t_no_html("a[href='/admin/customers']"); /* the menu is made of what one may */
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    static const char *const doors[] = { "/status", "/cancel", "/refund" };
    for (size_t i = 0; i < COUNT(doors); i++) {
        t_post(str_fmt(t_ctx()->mem, "/admin/orders/%.*s%s", STR(t_number(order)), doors[i]).p,
            "status=shipped");
        t_status(403);
    }
}
