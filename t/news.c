/* What who sells hears by mail, because they have asked for it: new orders, and what runs out. */
#include "auth/auth.h"
#include "notify/notify.h"
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_   "admin@example.test"
#define SHOPPER_ "shopper@example.test"

static void wants(const char *who, bool orders, bool stock)
{
    t_sql("update auth.member set mail_orders = %s, mail_stock = %s where person_id ="
          " (select id from auth.person where email = '%s')",
        orders ? "true" : "false", stock ? "true" : "false", who);
}

static i64 said(const char *template, const char *who)
{
    return t_int("select count(*) as n from notify.mail where template = '%s' and recipient = '%s'"
                 " and state = 'sent'", template, who);
}

static i64 written(const char *template, const char *who) /* whether or not it could be sent */
{
    return t_int("select count(*) as n from notify.mail where template = '%s' and recipient = '%s'",
        template, who);
}

static i64 told_of_orders(const char *who)
{
    t_drain();
    return said("new_orders", who);
}

/* Its change once more, as when somebody writes a note to it. */
static void moves(i64 order)
{
    t_sql("select orders.tell(%" PRId64 ", 'order.updated', 't', false)", order);
}

static i64 paid_order(void)
{
    t_browser();
    i64 order = t_order();
    t_paid(order); /* all that follows from it is done by then */
    return order;
}

T(NO_06_a_new_paid_order_is_told_once_to_who_has_asked_for_it)
{
    t_open();
    i64 order = paid_order();
    eq_int(told_of_orders(ADMIN_), 0); /* nobody has asked */
    wants(ADMIN_, true, false);
    t_sql("update auth.person set lang = 'th' where email = '" ADMIN_ "'");
    moves(order);
    str mail = t_mail_to(S(ADMIN_));
    has_text(mail, t_number(order));
    has_text(mail, "คำสั่งซื้อใหม่");
    has_text(mail, "1,340.00");
    has_text(mail, str_fmt(t_ctx()->mem, "/th/admin/orders/%.*s", STR(t_number(order))));
    str name = t_str("select name as s from orders.\"order\" where id = %" PRId64, order);
    is_true(name.n > 2);
    no_text(mail, name);
    no_text(mail, t_str("select email as s from orders.\"order\" where id = %" PRId64, order));
    moves(order);
    t_drain();
    eq_int(written("new_orders", ADMIN_), 1);
    paid_order();
    eq_int(written("new_orders", ADMIN_), 2);
    t_browser();
    t_order(); /* that nobody pays */
    t_drain();
    eq_int(written("new_orders", ADMIN_), 2);
}

T(NO_06_all_that_comes_in_within_a_minute_is_one_mail)
{
    i64 orders[3];
    t_open();
    for (size_t i = 0; i < COUNT(orders); i++)
        orders[i] = paid_order();
    wants(ADMIN_, true, false);
    for (size_t i = 0; i < COUNT(orders); i++)
        moves(orders[i]);
    eq_int(told_of_orders(ADMIN_), 1);
    eq_str(t_str("select subject as s from notify.mail where template = 'new_orders'"),
        "New orders (3)");
}

T(NO_06_a_seller_hears_of_their_own_part_alone_and_others_of_nothing)
{
    t_open();
    wants(ADMIN_, true, false);
    i64 order = t_order();
    t_other_sells(order);
    t_sql("insert into auth.organisation (slug, name) values ('t-none', 'None'); insert into"
          " auth.person (email, name, password_hash) values ('none@example.test', 'None', ''); insert"
          " into auth.member (organisation_id, person_id, place, mail_orders) select o.id, p.id,"
          " 'owner', true from auth.organisation o, auth.person p where o.slug = 't-none' and"
          " p.email = 'none@example.test'");
    wants(SHOPPER_, true, false);
    t_paid(order);
    eq_int(told_of_orders(ADMIN_), 1);
    eq_int(said("new_orders", SHOPPER_), 1);
    eq_int(said("new_orders", "none@example.test"), 0);
    i64 house = t_int("select goods_total as n from orders.part where organisation_id = 1 and"
                      " order_id = %" PRId64, order);
    eq_int(house, 129000);
    t_sql("update notify.mail set state = 'waiting' where template = 'new_orders'");
    t_sql("select work.add_job('notify.mail', 'mail-again:' || id, null, id, '{}', 't', null, 0,"
          " false) from notify.mail where template = 'new_orders'");
    str mail = t_mail_to(S(SHOPPER_));
    has_text(mail, t_number(order));
    no_text(mail, "1,290.00");
    no_text(mail, "1,340.00");
}

T(NO_06_who_has_left_is_blocked_or_may_not_see_orders_hears_of_none)
{
    static const char *const ways[] = {
        "select 1", /* who stays as they are does hear */
        "delete from auth.member where person_id = 2",
        "update auth.person set blocked_at = now(), blocked_reason = 'gone' where id = 2",
        "update auth.member set mail_orders = false where person_id = 2",
        "update auth.member set place = 'own', role_id = 991 where person_id = 2",
    };
    t_open();
    t_sql("insert into auth.role (id, organisation_id, name, permissions) overriding system value"
          " values (991, 1, 'Packers', '{dashboard:read,inventory:write}')");
    for (size_t i = 0; i < 2 * COUNT(ways); i++) {
        t_sql("delete from notify.mail where template = 'new_orders'");
        t_sql("update auth.person set blocked_at = null, blocked_reason = '' where id = 2");
        t_sql("insert into auth.member (organisation_id, person_id, place, mail_orders) values"
              " (1, 2, 'viewer', true) on conflict (organisation_id, person_id) do update set"
              " mail_orders = true, place = 'viewer', role_id = null");
        t_browser();
        i64 order = t_order();
        if (i % 2) { /* only when the mail was written, and waits */
            t_paid(order);
            t_sql("delete from notify.mail where template = 'new_orders'");
            t_sql("update orders.news set batch = %zu where order_id = %" PRId64, i + 1, order);
            struct notify_to to = { .organisation = 1, .person = 2, .email = S(SHOPPER_),
                .lang = S("en") };
            t_ctx()->scope.platform = true;
            must(notify_mail(t_ctx(), "new_orders", str_fmt(t_ctx()->mem, "batch:%zu:2", i + 1), &to));
        }
        t_sql("%s", ways[i / 2]);
        if (!(i % 2))
            t_paid(order);
        eq_int(told_of_orders(SHOPPER_), i < 2);
    }
}

/* When the job of their minute is gone: buried by a worker of the version before, or at its end. */
T(NO_06_news_that_was_left_lying_is_told_within_the_hour)
{
    t_open();
    i64 first = paid_order(), second = paid_order(), new = paid_order();
    wants(ADMIN_, true, false);
    t_sql("insert into orders.news (organisation_id, order_id, created_at) values"
          " (1, %" PRId64 ", now() - interval '10 minutes'),"
          " (1, %" PRId64 ", now() - interval '2 hours')", first, second);
    eq_int(told_of_orders(ADMIN_), 0);
    t_cron("orders.forget_news");
    t_cron("orders.forget_news");
    eq_int(told_of_orders(ADMIN_), 1);
    eq_str(t_str("select subject as s from notify.mail where template = 'new_orders'"),
        "New orders (2)");
    t_sql("insert into orders.news (organisation_id, order_id) values (1, %" PRId64 ")", new);
    t_cron("orders.forget_news"); /* whose minute may not be over */
    eq_int(told_of_orders(ADMIN_), 1);
}

T(NO_06_news_is_kept_for_longer_than_a_mail_may_wait)
{
    t_open();
    i64 kept = paid_order(), old = paid_order();
    t_sql("insert into orders.news (organisation_id, order_id, batch, created_at) values"
          " (1, %" PRId64 ", 1, now() - interval '6 days'),"
          " (1, %" PRId64 ", 1, now() - interval '8 days')", kept, old);
    t_cron("orders.forget_news");
    eq_int(t_int("select order_id as n from orders.news"), kept);
}

T(NO_06_a_person_chooses_for_themselves_where_they_work)
{
    t_open();
    t_other_shop();
    t_login(SHOPPER_);
    t_get("/account");
    t_text("Mails from Other");
    t_html("input[name=orders]");
    t_post("/account/mails", "orders=1");
    t_status(303);
    t_header("Location", "/account?done=mails");
    t_get("/account.json");
    t_json("mails.mailOrders", "true");
    t_json("mails.mailStock", "false");
    t_post("/account/mails", "stock=1");
    t_get("/account.json");
    t_json("mails.mailOrders", "false");
    t_json("mails.mailStock", "true");
    eq_int(t_int("select count(*) as n from auth.member where mail_stock"), 1);
    eq_int(t_int("select count(*) as n from audit.entry where thing = 'auth.member' and action ="
                 " 'update'"), 0); /* no right of anybody's */
    t_sql("update auth.member set person_id = 1 where person_id = 2");
    t_login(SHOPPER_);
    t_get("/account");
    t_no_html("input[name=orders]");
    t_post("/account/mails", "orders=1");
    t_status(403);
    t_browser();
    t_post("/account/mails", "orders=1");
    t_status(303);
    t_header_has("Location", "/login");
}

T(NO_06_nobody_is_asked_about_mails_that_they_may_not_get)
{
    t_open();
    t_other_shop();
    wants(SHOPPER_, false, true);
    t_sql("insert into auth.role (id, organisation_id, name, permissions) overriding system value"
          " select 991, id, 'Packers', '{orders:read-all}' from auth.organisation where"
          " slug = 't-other'");
    t_owner_too();
    t_sql("insert into auth.member (organisation_id, person_id, place) select id, 989, 'owner' from"
          " auth.organisation where slug = 't-other'");
    t_sql("update auth.member set place = 'own', role_id = 991 where person_id = 2");
    t_login(SHOPPER_);
    t_get("/account");
    t_html("input[name=orders]");
    t_no_html("input[name=stock]");
    t_get("/account.json");
    t_json("mails.mayOrders", "true");
    t_json("mails.mayStock", "false");
    t_post("/account/mails", "orders=1");
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.member where person_id = 2 and mail_orders and"
                 " mail_stock"), 1); /* of stock they were not asked */
    t_sql("update auth.role set permissions = '{dashboard:read}' where id = 991");
    t_get("/account");
    t_no_html("input[name=orders]");
    t_html("input[name=stock]");
    t_sql("update auth.role set permissions = '{inventory:write}' where id = 991");
    t_get("/account");
    t_no_text("Mails from Other");
    t_no_html("input[name=stock]");
    t_post("/account/mails", "orders=1&stock=1");
    t_status(403);
}

static void at_eight(const char *slug, int hours)
{
    t_sql("update auth.organisation set zone = (select 'Etc/GMT' || case when h > 12 then '+' ||"
          " 24 - h else '-' || h end from (select mod(%d + 24 - extract(hour from now() at time zone"
          " 'UTC')::int, 24) as h) x) where slug = '%s'", hours, slug);
}

T(IN_03_what_runs_out_is_told_once_a_day_in_the_morning)
{
    t_open();
    wants(ADMIN_, false, true);
    t_stock(CABLE, 2);
    at_eight("house", 14);
    t_cron("admin.find_stock");
    t_drain();
    eq_int(said("low_stock", ADMIN_), 0);
    at_eight("house", 8);
    t_cron("admin.find_stock");
    str mail = t_mail_to(S(ADMIN_));
    has_text(mail, "This is sold out, or nearly so");
    has_text(mail, "/admin");
    t_cron("admin.find_stock");
    t_drain();
    eq_int(said("low_stock", ADMIN_), 1);
    t_sql("update notify.mail set cause = 'yesterday' where template = 'low_stock'");
    t_cron("admin.find_stock");
    t_drain();
    eq_int(written("low_stock", ADMIN_), 2);
}

T(IN_03_who_has_left_or_has_nothing_to_hear_gets_no_mail_of_stock)
{
    t_open();
    t_other_shop();
    wants(SHOPPER_, true, true);
    t_stock(CABLE, 2);
    at_eight("t-other", 8); /* where nothing is for sale */
    t_cron("admin.find_stock");
    t_drain();
    eq_int(said("low_stock", SHOPPER_), 0);
    wants(ADMIN_, false, true);
    at_eight("house", 8);
    t_cron("admin.find_stock");
    t_owner_too();
    t_sql("delete from auth.member where person_id = 1 and organisation_id = 1");
    t_drain();
    eq_int(said("low_stock", ADMIN_), 0);
}
