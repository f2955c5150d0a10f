/* Several orders sent at once: each by itself, with its own number and its own answer. */
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_  "admin@example.test"
#define SHOPPER "shopper@example.test"
#define SHIP    "/admin/orders/ship"

static i64 paid(void)
{
    t_browser();
    i64 order = t_order();
    t_paid(order);
    return order;
}

static str number(i64 order) { return str_dup(t_ctx()->mem, t_number(order)); }

static str part(i64 order)
{
    return t_str("select p.status || ' ' || p.carrier || ' ' || p.tracking as s from orders.part p "
                 "join auth.organisation g on g.id = p.organisation_id and g.slug <> 't-other' "
                 "where p.order_id = %" PRId64, order);
}

static i64 mails(i64 order)
{
    return t_int("select count(*) as n from notify.mail where template = 'order_shipped' and "
                 "order_id = %" PRId64, order);
}

static const struct node *row(size_t n)
{
    return node_path(t_document(), str_fmt(t_ctx()->mem, "orders.%zu", n));
}

T(orders_are_chosen_in_the_list_and_sent_together_each_with_its_number)
{
    i64 one = paid(), two = paid();
    str a = number(one), b = number(two);
    t_login(ADMIN_);
    t_get("/admin/orders?q=buyer%40example.test");
    t_no_html("meta[http-equiv=refresh]"); /* it would take away what is being chosen */
    t_html(str_fmt(t_ctx()->mem, "input[name=orders][form=ship][value=%.*s]", STR(a)).p);
    t_html("form[id=ship][action='" SHIP "'][method=get]");
    t_get(str_fmt(t_ctx()->mem, SHIP "?orders=%.*s&orders=%.*s", STR(a), STR(b)).p);
    t_status(200);
    t_html("input[name=tracking]");
    t_text("Mark 2 orders as sent");
    eq_str(part(one), "processing  "); /* looking changes nothing */
    t_post_f(SHIP, "orders=%.*s&tracking=EX1TH&orders=%.*s&tracking=&carrier=Post", STR(a), STR(b));
    t_status(200);
    t_text("2 orders are marked as sent.");
    t_no_html("input[name=tracking]");
    eq_str(part(one), "shipped Post EX1TH");
    eq_str(part(two), "shipped Post ");
    eq_int(mails(one), 1);
    eq_int(mails(two), 1);
    eq_int(t_int("select count(*) as n from orders.event where kind = 'shipped' and actor = 'staff'"
                 " and person_id = 1 and order_id = %" PRId64, one), 1);
    t_get("/admin/orders?q=buyer%40example.test");
    t_no_html(str_fmt(t_ctx()->mem, "input[value=%.*s]", STR(a)).p);
}

T(a_program_sends_several_each_with_its_number)
{
    i64 one = paid(), two = paid(), three = paid();
    t_login(ADMIN_);
    t_post_json(SHIP ".json", str_fmt(t_ctx()->mem, "{\"orders\":[\"%.*s\",\"%.*s\",\"%.*s\"],"
        "\"tracking\":[\"EX1TH\",\"\",\" EX3TH \"],\"carrier\":\"Post\"}", STR(number(one)),
        STR(number(two)), STR(number(three))).p);
    t_status(200);
    t_json("sent", "3");
    t_json("orders.0.tracking", "EX1TH");
    eq_str(part(one), "shipped Post EX1TH");
    eq_str(part(two), "shipped Post ");
    eq_str(part(three), "shipped Post EX3TH");
}

T(what_a_program_sends_that_is_no_number_sends_nothing)
{
    i64 one = paid(), two = paid();
    t_login(ADMIN_);
    static const char *const bad[] = { "[\"GOOD\",7]", "[\"GOOD\",null]", "{\"a\":\"b\"}",
        "[\"GOOD\",\"0123456789012345678901234567890123456789012345678901234567890\"]" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        t_post_json(SHIP ".json", str_fmt(t_ctx()->mem, "{\"orders\":[\"%.*s\",\"%.*s\"],"
            "\"tracking\":%s}", STR(number(one)), STR(number(two)), bad[i]).p);
        t_status(422);
    }
    eq_str(part(one), "processing  ");
    eq_str(part(two), "processing  ");
}

T(without_script_the_list_reloads_only_where_nothing_can_be_ticked)
{
    paid();
    t_login(ADMIN_);
    t_get("/admin/orders");
    t_html("input[name=orders][form=ship]");
    no_text(t_body(), "http-equiv=\"refresh\"");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_browser();
    t_login("shopper@example.test");
    t_get("/admin/orders");
    t_status(200);
    t_no_html("form[id=ship]");
    has_text(t_body(), "http-equiv=\"refresh\"");
    t_get("/admin/orders?status=processing");
    no_text(t_body(), "http-equiv=\"refresh\"");
}

T(what_cannot_be_sent_holds_up_no_other_and_says_why)
{
    t_breaks("I3_an_order_is_paid_when_its_money_is_here"); /* "back" by its own word alone */
    i64 good = paid(), nowhere = paid(), back = paid();
    t_browser();
    i64 unpaid = t_order();
    t_sql("update orders.\"order\" set address = address - '{line1,city}'::text[], sealed = '' where "
          "id = %" PRId64, nowhere);
    t_sql("update orders.\"order\" set payment_status = 'refunded', refunded_total = total where id "
          "= %" PRId64, back);
    t_login(ADMIN_);
    str form = str_fmt(t_ctx()->mem, "orders=%.*s&tracking=1&orders=%.*s&tracking=2&orders=%.*s&"
        "tracking=3&orders=TL-0000-0000-0000&tracking=4&orders=%.*s&tracking=5&orders=%.*s&tracking=6",
        STR(number(unpaid)), STR(number(nowhere)), STR(number(back)), STR(number(good)),
        STR(number(good)));
    t_post(SHIP ".json", form.p);
    t_status(200);
    t_json("sent", "1");
    t_json("left", "0");
    has_text(node_str(row(0), "why"), "not paid");
    has_text(node_str(row(1), "why"), "where this order is to be sent");
    has_text(node_str(row(2), "why"), "not paid");
    has_text(node_str(row(3), "why"), "no such order");
    is_false(node_bool(row(3), "isHere"));
    eq_int(node_bool(row(4), "isSentNow"), 1);
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 5); /* each once */
    eq_str(part(good), "shipped  5");
    eq_str(part(unpaid), "pending  ");
    eq_str(part(nowhere), "processing  ");
    eq_str(part(back), "processing  ");
    eq_int(mails(nowhere) + mails(back) + mails(unpaid), 0);
    t_get("/admin/orders");
    t_no_html(str_fmt(t_ctx()->mem, "input[value=%.*s]", STR(number(unpaid))).p);
    t_no_html(str_fmt(t_ctx()->mem, "input[value=%.*s]", STR(number(back))).p);
}

T(what_is_sent_twice_is_sent_once)
{
    i64 order = paid();
    t_login(ADMIN_);
    t_post_f(SHIP, "orders=%.*s&tracking=FIRST", STR(number(order)));
    t_post_f(SHIP, "orders=%.*s&tracking=SECOND", STR(number(order)));
    t_status(200);
    t_text("Was sent before.");
    t_no_text("is marked as sent");
    eq_str(part(order), "shipped  FIRST");
    eq_int(mails(order), 1);
}

T(what_was_typed_wrong_sends_nothing_and_stays)
{
    i64 one = paid(), two = paid();
    t_login(ADMIN_);
    t_post_f(SHIP, "orders=%.*s&tracking=GOOD&orders=%.*s&carrier=Post&tracking="
        "0123456789012345678901234567890123456789012345678901234567890", STR(number(one)),
        STR(number(two)));
    t_status(422);
    t_html("input[name=tracking][value=GOOD]");
    t_html("input[name=carrier][value=Post]");
    t_html("input[name=tracking][aria-invalid=true]");
    eq_str(part(one), "processing  ");
    t_post_f(SHIP, "orders=%.*s&tracking=a%%00b", STR(number(one)));
    is_true(t_last_status() >= 400);
    eq_str(part(one), "processing  ");
    t_post(SHIP, "carrier=Post");
    t_status(422);
    t_get(SHIP);
    t_status(200);
    t_text("Choose orders in the list first.");
}

/* {first, 49 that are none, last}: of 51 the last is one too many. */
static const char *fifty_one(i64 first, i64 last, const char *between)
{
    struct buf many = buf_new(t_ctx()->mem, 4000);
    buf_fmt(&many, "orders=%.*s", STR(number(first)));
    for (int i = 0; i < 49; i++)
        buf_fmt(&many, "%sTL-0000-0000-%04d", between, i);
    buf_fmt(&many, "%s%.*s", between, STR(number(last)));
    return str_c(t_ctx()->mem, buf_str(&many));
}

T(of_more_than_go_at_once_the_first_are_sent_and_the_rest_is_left)
{
    i64 first = paid(), last = paid();
    t_login(ADMIN_);
    t_get(str_fmt(t_ctx()->mem, SHIP "?%s", fifty_one(first, last, "&orders=")).p);
    t_status(200);
    t_text("1 more was chosen than go at once");
    t_text("Mark 1 order as sent");
    t_get(str_fmt(t_ctx()->mem, "/th" SHIP "?%s", fifty_one(first, last, "&orders=")).p);
    t_no_text("chosen than");
    t_post(SHIP ".json", fifty_one(first, last, "&orders="));
    t_status(200);
    t_json("sent", "1");
    t_json("rest", "1");
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 50);
    eq_str(part(first), "shipped  ");
    eq_str(part(last), "processing  ");
    t_post(SHIP ".json", fifty_one(first, last, ",")); /* in one field */
    t_json("rest", "1");
    struct buf many = buf_new(t_ctx()->mem, 8000);
    for (int i = 0; i < 201; i++)
        buf_fmt(&many, "%sTL-0000-0000-%04d", i ? "," : "orders=", i);
    t_post(SHIP, str_c(t_ctx()->mem, buf_str(&many)));
    t_status(422);
    eq_str(part(last), "processing  ");
}

/* The provider may take days; sending it is refused from the moment it is asked. */
T(what_is_to_go_back_whole_is_not_offered_to_be_sent)
{
    i64 some = paid(), all = paid();
    str box_some = str_fmt(t_ctx()->mem, "input[name=orders][value=%.*s]", STR(number(some)));
    str box_all = str_fmt(t_ctx()->mem, "input[name=orders][value=%.*s]", STR(number(all)));
    str desk = str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(number(all)));
    t_login(ADMIN_);
    t_get("/admin/orders");
    t_html(box_all.p);
    t_get(desk.p);
    t_html("input[name=carrier]");
    t_post_f(str_fmt(t_ctx()->mem, "/admin/orders/%.*s/refund", STR(number(some))).p,
        "part=1&amount=1.00&kept=%" PRId64,
        t_int("select total as n from orders.\"order\" where id = %" PRId64, some));
    t_status(303);
    t_post_f(str_fmt(t_ctx()->mem, "%.*s/refund", STR(desk)).p, "%s", "");
    t_status(303);
    eq_int(t_int("select count(*) as n from payments.refund where state = 'created' and order_id in "
                 "(%" PRId64 ", %" PRId64 ")", some, all), 2);
    t_get("/admin/orders");
    t_html(box_some.p);
    t_no_html(box_all.p);
    t_get(desk.p);
    t_no_html("input[name=carrier]");
    t_get(str_fmt(t_ctx()->mem, SHIP "?orders=%.*s&orders=%.*s", STR(number(all)),
        STR(number(some))).p);
    t_text("Mark 1 order as sent");
    t_text("its money has gone back");
    t_post_f(SHIP, "orders=%.*s", STR(number(all)));
    eq_str(part(all), "processing  ");
    t_sql("update payments.refund set state = 'failed' where order_id = %" PRId64, all);
    t_get("/admin/orders");
    t_html(box_all.p);
}

T(nobody_else_sends_orders)
{
    i64 order = paid();
    str form = str_fmt(t_ctx()->mem, "orders=%.*s&tracking=X", STR(number(order)));
    t_browser();
    t_post(SHIP, form.p);
    t_status(303);
    t_login(SHOPPER);
    t_post(SHIP, form.p);
    t_status(403);
    t_other_shop();
    t_login(SHOPPER); /* who sells, but not in this order */
    t_post(SHIP, form.p);
    t_status(200);
    t_text("There is no such order.");
    eq_str(part(order), "processing  ");
    t_login(ADMIN_);
    t_without_token();
    t_post(SHIP, form.p);
    t_status(403);
    eq_str(part(order), "processing  ");
}

T(who_may_only_look_chooses_nothing)
{
    i64 order = paid();
    str form = str_fmt(t_ctx()->mem, "orders=%.*s&tracking=X", STR(number(order)));
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_login(SHOPPER);
    t_post(SHIP, form.p);
    t_status(403);
    t_get("/admin/orders");
    t_status(200);
    t_no_html("form[id=ship]");
    eq_str(part(order), "processing  ");
}

T(a_seller_sends_the_own_part_alone)
{
    i64 order = paid();
    t_other_sells(order);
    t_login(SHOPPER);
    t_post_f(SHIP, "orders=%.*s&tracking=MINE", STR(number(order)));
    t_status(200);
    t_text("1 order is marked as sent.");
    eq_str(part(order), "processing  ");
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, order), "processing");
}
