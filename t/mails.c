/* What a buyer hears when an order is cancelled or its money goes back: each thing once, when it is
 * so, in their language; and what staff hear when money could not go back. */
#include "gen/queries.h"
#include "orders/orders.h"
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_ "admin@example.test"
#define BUYER  "buyer@example.test"
#define TOTAL  134000

static i64 mails(i64 order, const char *template)
{
    return t_int("select count(*) as n from notify.mail where order_id = %" PRId64
                 " and template = '%s'", order, template);
}

static void at_desk(i64 order, const char *act, const char *form, int status)
{
    t_post(str_fmt(t_ctx()->mem, "/admin/orders/%.*s/%s", STR(t_number(order)), act).p, form);
    t_status(status);
}

static i64 paid_order(void)
{
    i64 order = t_order();
    t_paid(order);
    t_login(ADMIN_);
    return order;
}

/* What the mail of this kind said. */
static str words(i64 order, const char *template)
{
    t_sql("update notify.mail set recipient = 'words-%s@example.test' where template = '%s' and "
          "order_id = %" PRId64, template, template, order);
    return t_mail_to(str_fmt(t_ctx()->mem, "words-%s@example.test", template));
}

static void refund_event(i64 order, const char *event, const char *state)
{
    str id = t_str("select provider_id as s from payments.refund where order_id = %" PRId64, order);
    str key = t_str("select key as s from payments.refund where order_id = %" PRId64, order);
    t_event(event, "refund.updated",
        str_fmt(t_ctx()->mem, "{\"object\":\"refund\",\"id\":\"%.*s\",\"status\":\"%s\","
            "\"failure_reason\":\"lost_or_stolen_card\",\"amount\":34000,\"currency\":\"thb\","
            "\"metadata\":{\"refund\":\"%.*s\"}}", STR(id), state, STR(key)));
}

/* ---- cancelled --------------------------------------------------------------------------------- */

T(staff_cancel_an_unpaid_order_and_its_buyer_hears_of_it)
{
    i64 order = t_order();
    t_login(ADMIN_);
    at_desk(order, "cancel", "", 303);
    eq_int(mails(order, "order_cancelled"), 1);
    at_desk(order, "cancel", "", 303); /* twice */
    str mail = words(order, "order_cancelled");
    has_text(mail, t_number(order));
    has_text(mail, "Nothing was paid for it");
    no_text(mail, "giving back");
    has_text(mail, t_key(order)); /* a guest's way in */
    eq_int(mails(order, "order_cancelled"), 1);
}

static void cancel_own(i64 order)
{
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/cancel%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
}

T(who_cancels_their_own_order_is_told_that_it_is_done)
{
    i64 order = t_order();
    cancel_own(order);
    cancel_own(order); /* twice */
    eq_int(mails(order, "order_cancelled"), 1);
    str mail = words(order, "order_cancelled");
    has_text(mail, "is cancelled, as you asked");
    has_text(mail, "Nothing was paid for it");
    no_text(mail, "we have cancelled");
    has_text(mail, t_number(order));
    has_text(mail, t_key(order));
}

/* Whole: neither its subject nor these words of the text are left in English. */
static void told_in_the_buyers_language(
    const char *who, void (*end)(i64 order), const char *subject, const char *const english[2])
{
    static const char *const langs[] = { "th", "vi" };
    struct ctx *c = t_ctx();
    for (size_t i = 0; i < COUNT(langs); i++) {
        t_browser();
        i64 order = t_order();
        str to = str_fmt(c->mem, "%s-%s@example.test", who, langs[i]);
        t_sql("update orders.\"order\" set lang = '%s', email = '%.*s' where id = %" PRId64,
            langs[i], STR(to), order);
        end(order);
        str mail = t_mail_to(to);
        struct ctx as = *c;
        as.lang = str_of(langs[i]);
        has_text(mail, say(&as, subject));
        no_text(mail, english[0]);
        no_text(mail, english[1]);
    }
}

T(own_orders_that_end_are_told_in_the_buyers_language)
{
    told_in_the_buyers_language("own", cancel_own, "Your order is cancelled",
        (const char *const[2]){ "Hello", "as you asked" });
}

/* Whoever orders the cart anew with something more in it ends the older order by that. */
T(an_order_that_a_newer_one_takes_the_place_of_is_not_told)
{
    i64 older = t_order();
    t_stock(RADIO, 5);
    t_put(RADIO, 1);
    i64 newer = t_order();
    is_true(newer > older);
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, older), "cancelled");
    t_drain();
    eq_int(mails(older, "order_cancelled"), 0);
    eq_int(mails(older, "order_lapsed"), 0);
}

/* Anybody may order with anybody's address, and cancel. */
T(strangers_who_order_and_cancel_fill_nobodys_mailbox)
{
    i64 order = 0;
    for (int i = 0; i < 7; i++) {
        t_browser();
        order = t_order();
        t_sql("update orders.\"order\" set name = 'WIN at http://evil.test' where id = %" PRId64,
            order);
        cancel_own(order);
    }
    eq_int(t_int("select count(*) as n from notify.mail where template = 'order_cancelled' and "
                 "recipient = '" BUYER "'"), 5);
    eq_int(mails(order, "order_cancelled"), 0);
    t_sql("update notify.mail set recipient = 'full@example.test' where template = "
          "'order_cancelled'");
    str mail = t_mail_to(S("full@example.test"));
    has_text(mail, "as you asked");
    no_text(mail, "evil.test");
    t_browser();
    order = t_order(); /* what the shop itself cancels is always told */
    t_sql("update notify.mail set recipient = '" BUYER "' where recipient = 'full@example.test'");
    t_login(ADMIN_);
    at_desk(order, "cancel", "", 303);
    eq_int(mails(order, "order_cancelled"), 1);
}

/* Its lines are without tax then: the total is more than what stands above it. */
T(a_mail_says_the_tax_that_comes_on_top_of_the_prices)
{
    i64 order = t_order();
    t_login(ADMIN_);
    at_desk(order, "cancel", "", 303);
    no_text(words(order, "order_cancelled"), "Tax");
    t_browser();
    order = t_order();
    t_login(ADMIN_);
    t_sql("update orders.\"order\" set tax_inclusive = false, tax_total = 9380, total = total + 9380 "
          "where id = %" PRId64 "; update payments.attempt set amount = amount + 9380 where order_id = "
          "%" PRId64, order, order);
    at_desk(order, "cancel", "", 303);
    str mail = words(order, "order_cancelled");
    has_text(mail, "Tax: ฿93.80");
    has_text(mail, "Total: ฿1,433.80");
    is_true(str_find(mail, S("Tax")) < str_find(mail, S("Total")));
}

/* ---- not paid in time -------------------------------------------------------------------------- */

static void lapse(i64 order)
{
    t_sql("update orders.\"order\" set hold_until = now() - interval '1 minute' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
}

T(an_order_that_is_not_paid_in_time_is_told_once_with_the_way_back)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set name = 'WIN at http://evil.test', email = "
          "'lapsed@example.test' where id = %" PRId64, order);
    lapse(order);
    str mail = t_mail_to(S("lapsed@example.test"));
    has_text(mail, "We have not received your payment");
    has_text(mail, "As long as they are there you can still pay");
    has_text(mail, t_number(order));
    has_text(mail, t_key(order)); /* a guest's way in */
    no_text(mail, "evil.test");
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, ""); /* held again, and not paid again */
    t_status(303);
    lapse(order);
    t_drain();
    eq_int(mails(order, "order_lapsed"), 1);
    t_sql("update orders.\"order\" set placed_at = now() - interval '25 hours' where id = %" PRId64,
        order);
    t_cron("orders.lapsing");
    t_drain();
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, order), "cancelled");
    eq_int(mails(order, "order_cancelled"), 0); /* it was said that it would end */
}

T(who_has_placed_the_order_again_is_not_reminded_of_the_first)
{
    i64 order = t_order();
    t_browser(); /* at another machine */
    i64 again = t_order();
    lapse(order);
    t_drain();
    eq_str(t_str("select is_held::text as s from orders.\"order\" where id = %" PRId64, order),
        "false");
    eq_int(mails(order, "order_lapsed"), 0);
    lapse(again); /* nor was that paid: one mail for both */
    t_drain();
    eq_int(mails(again, "order_lapsed"), 1);
    t_browser();
    i64 third = t_order();
    lapse(third); /* the same day */
    t_drain();
    eq_int(mails(third, "order_lapsed"), 0);
    t_sql("update notify.mail set created_at = now() - interval '25 hours'");
    t_browser();
    i64 fourth = t_order();
    lapse(fourth);
    t_drain();
    eq_int(mails(fourth, "order_lapsed"), 1);
}

/* As after going to pay again and again: its first lapse is its end. */
static void lapse_for_good(i64 order)
{
    t_sql("update orders.\"order\" set kept_s = 2700 where id = %" PRId64, order);
    lapse(order);
}

T(an_order_whose_first_lapse_is_its_end_is_told)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set name = 'WIN at http://evil.test' where id = %" PRId64, order);
    lapse_for_good(order);
    t_drain();
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, order), "cancelled");
    eq_int(mails(order, "order_cancelled"), 1);
    eq_int(mails(order, "order_lapsed"), 0);
    t_sql("update notify.mail set state = 'waiting' where order_id = %" PRId64, order);
    t_sql("select work.add_job('notify.mail', 'mail-late:' || id, null, id, '{}', 't', null, 0,"
          " false) from notify.mail where order_id = %" PRId64, order);
    str mail = words(order, "order_cancelled");
    has_text(mail, "was not paid in time: it is cancelled");
    has_text(mail, "you can order them anew");
    has_text(mail, "Nothing was paid for it");
    no_text(mail, "we have cancelled");
    no_text(mail, "evil.test");
    has_text(mail, t_key(order));
}

T(an_order_that_has_lapsed_before_ends_without_another_mail)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set email = 'ends@example.test' where id = %" PRId64, order);
    lapse(order);
    has_text(t_mail_to(S("ends@example.test")), "We have not received your payment");
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    lapse_for_good(order);
    t_drain();
    eq_str(t_str("select status as s from orders.\"order\" where id = %" PRId64, order), "cancelled");
    eq_int(mails(order, "order_cancelled"), 0);
}

T(an_end_of_an_order_that_was_placed_anew_is_not_told)
{
    i64 order = t_order();
    t_browser(); /* at another machine */
    t_order();
    lapse_for_good(order);
    t_drain();
    eq_int(mails(order, "order_cancelled"), 0);
}

T(who_goes_to_pay_before_the_mail_goes_out_is_not_reminded)
{
    i64 order = t_order();
    lapse(order);
    t_drain();
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_status(303);
    t_sql("update notify.mail set state = 'waiting' where order_id = %" PRId64, order);
    t_sql("select work.add_job('notify.mail', 'mail-again:' || id, null, id, '{}', 't', null, 0,"
          " false) from notify.mail where order_id = %" PRId64 " and template = 'order_lapsed'", order);
    t_drain();
    eq_str(t_str("select state as s from notify.mail where template = 'order_lapsed' and "
                 "order_id = %" PRId64, order), "failed");
}

T(a_payment_not_made_is_told_in_the_buyers_language)
{
    told_in_the_buyers_language("lapsed", lapse, "We have not received your payment",
        (const char *const[2]){ "We have not", "As long as" });
}

T(an_order_given_up_is_told_in_the_buyers_language)
{
    told_in_the_buyers_language("ended", lapse_for_good, "Your order is cancelled",
        (const char *const[2]){ "Hello", "was not paid" });
}

T(nobody_from_elsewhere_makes_a_mail_go_out)
{
    i64 order = t_order();
    t_paid(order);
    i64 before = t_int("select count(*) as n from notify.mail");
    t_browser();
    at_desk(order, "cancel", "", 303); /* to the login */
    at_desk(order, "refund", "", 303);
    t_login("shopper@example.test");
    at_desk(order, "cancel", "", 403);
    at_desk(order, "refund", "kept=134000", 403);
    t_drain();
    eq_int(t_int("select count(*) as n from notify.mail"), before);
}

T(a_paid_order_that_is_cancelled_is_one_mail_with_what_goes_back)
{
    i64 order = paid_order();
    at_desk(order, "cancel", "", 303);
    at_desk(order, "cancel", "", 303);
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "refunded");
    eq_int(mails(order, "order_cancelled"), 1);
    eq_int(mails(order, "order_refunded"), 0);
    t_sql("update notify.mail set state = 'waiting' where template = 'order_cancelled'");
    t_sql("update notify.mail set recipient = 'again@example.test' where order_id = %" PRId64
          " and template = 'order_cancelled'", order);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order))).p);
    str id = node_str(node_path(t_document(), S("mails.1")), "id");
    at_desk(order, str_fmt(t_ctx()->mem, "mail/%.*s", STR(id)).p, "", 303);
    str mail = t_mail_to(S("again@example.test"));
    has_text(mail, "We are giving back ฿1,340.00.");
    no_text(mail, "Nothing was paid");
}

T(an_order_with_a_long_story_says_what_goes_back_when_it_is_cancelled)
{
    i64 order = paid_order();
    t_sql("insert into orders.event (order_id, kind, actor) select %" PRId64 ", 'stock_late', "
          "'system' from generate_series(1, 250)", order);
    at_desk(order, "cancel", "", 303);
    has_text(words(order, "order_cancelled"), "We are giving back ฿1,340.00.");
}

T(what_went_back_before_is_not_promised_again_when_the_rest_is_cancelled)
{
    i64 order = paid_order();
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 303);
    t_drain();
    at_desk(order, "cancel", "", 303);
    str mail = words(order, "order_cancelled");
    has_text(mail, "We are giving back ฿1,000.00.");
    eq_int(mails(order, "order_refunded"), 1);
    eq_int(mails(order, "order_cancelled"), 1);
}

/* ---- sent ---------------------------------------------------------------------------------------- */

/* What the others sell may still be in the house, and what all of it costs was said before. */
T(a_parcel_of_one_seller_of_several_speaks_for_its_own_goods_alone)
{
    static const struct {
        const char *lang, *part;
    } words_in[] = { { "en", "a part of your order" },
        { "th", "บางส่วนของคำสั่งซื้อ" }, { "vi", "một phần đơn hàng" } };
    struct ctx *c = t_ctx();
    for (size_t i = 0; i < COUNT(words_in); i++) {
        t_browser();
        i64 order = paid_order();
        str to = str_fmt(c->mem, "part-%s@example.test", words_in[i].lang);
        if (!i)
            t_other_shop();
        t_sql("insert into orders.part (order_id, organisation_id, status, goods_total, tax_total) "
              "select %" PRId64 ", id, 'processing', 0, 0 from auth.organisation where slug = "
              "'t-other'", order);
        t_sql("update orders.\"order\" set lang = '%s', email = '%.*s' where id = %" PRId64,
            words_in[i].lang, STR(to), order);
        at_desk(order, "status", "status=shipped&tracking=HOUSE1", 303);
        str mail = t_mail_to(to);
        has_text(mail, words_in[i].part);
        has_text(mail, "HOUSE1");
        has_text(mail, "Met Earphones");
        no_text(mail, "1,340");
        t_login("shopper@example.test");
        t_sql("update orders.\"order\" set email = 'second-%.*s' where id = %" PRId64, STR(to), order);
        at_desk(order, "status", "status=shipped&tracking=OTHER1", 303);
        mail = t_mail_to(str_fmt(c->mem, "second-%.*s", STR(to)));
        has_text(mail, words_in[i].part);
        has_text(mail, "OTHER1");
        no_text(mail, "HOUSE1");
        no_text(mail, "Met Earphones");
    }
}

T(a_parcel_with_all_of_an_order_says_what_it_cost)
{
    i64 order = paid_order();
    at_desk(order, "status", "status=shipped&tracking=HOUSE1", 303);
    str mail = words(order, "order_shipped");
    has_text(mail, "is on its way to you");
    no_text(mail, "a part of");
    has_text(mail, "Total: ฿1,340.00");
}

/* ---- given back ---------------------------------------------------------------------------------- */

T(each_refund_is_told_once_when_the_provider_has_given_it)
{
    i64 order = paid_order();
    at_desk(order, "refund", "part=1&amount=0&kept=134000", 422);
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 303);
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 409); /* pressed twice */
    eq_int(mails(order, "order_refunded"), 0); /* nobody has given anything yet */
    t_drain();
    eq_int(mails(order, "order_refunded"), 1);
    refund_event(order, "evt_t_mail_again", "succeeded");
    t_drain();
    eq_int(mails(order, "order_refunded"), 1);
    at_desk(order, "refund", "kept=100000", 303);
    t_drain();
    eq_int(mails(order, "order_refunded"), 2);
    eq_int(mails(order, "order_cancelled"), 0);
    eq_int(t_int("select count(*) as n from notify.mail where template = 'order_refunded' and"
                 " state = 'sent' and recipient = '" BUYER "' and order_id = %" PRId64, order), 2);
}

T(a_refund_is_told_in_the_buyers_language_and_money)
{
    static const char *const langs[] = { "en", "th", "vi" };
    struct ctx *c = t_ctx();
    i64 order = paid_order();
    for (size_t i = 0; i < COUNT(langs); i++) {
        str to = str_fmt(c->mem, "refund-%s@example.test", langs[i]);
        t_sql("update orders.\"order\" set lang = '%s', email = '%.*s' where id = %" PRId64,
            langs[i], STR(to), order);
        i64 kept = TOTAL - (i64)i * 10000;
        at_desk(order, "refund",
            str_fmt(c->mem, "part=1&amount=100.00&kept=%" PRId64, kept).p, 303);
        str mail = t_mail_to(to);
        struct ctx as = *c;
        as.lang = str_of(langs[i]);
        has_text(mail, locale_money(&as, 10000, S("THB")));
        has_text(mail, say(&as, "It goes the way it came; your bank may take a few days to show it."));
        has_text(mail, say(&as, "Given back"));
    }
}

T(the_whole_is_told_as_the_whole)
{
    i64 order = paid_order();
    at_desk(order, "refund", "kept=134000&back_on_shelf=1", 303);
    t_sql("update orders.\"order\" set email = 'whole@example.test' where id = %" PRId64, order);
    str mail = t_mail_to(S("whole@example.test"));
    has_text(mail, "we have given back ฿1,340.00, all that you paid");
    has_text(mail, t_key(order));
}

T(the_last_of_several_refunds_says_that_all_is_back)
{
    i64 order = paid_order();
    t_sql("update orders.\"order\" set email = 'first@example.test' where id = %" PRId64, order);
    at_desk(order, "refund", "part=1&amount=670.00&kept=134000", 303);
    no_text(t_mail_to(S("first@example.test")), "all that you paid");
    t_sql("update orders.\"order\" set email = 'last@example.test' where id = %" PRId64, order);
    at_desk(order, "refund", "kept=67000", 303);
    str mail = t_mail_to(S("last@example.test"));
    has_text(mail, "we have given back ฿670.00 of what you paid");
    has_text(mail, "With this, all that you paid for it is given back.");
}

/* Paid twice, and one payment given back where the money is: the other is still here. */
T(a_refund_as_large_as_the_order_is_not_all_of_two_payments)
{
    i64 order = paid_order();
    t_sql("update orders.\"order\" set email = 'half@example.test' where id = %" PRId64, order);
    t_sql("select payments.book(%" PRId64 ", 'capture:t-second', 'THB', '{buyer,provider}', "
          "'{-134000,134000}')", order);
    t_event("evt_t_mail_half", "refund.created", t_refund_object(order, "re_mail_half", 134000));
    str mail = t_mail_to(S("half@example.test"));
    has_text(mail, "we have given back ฿1,340.00 of what you paid");
    no_text(mail, "all that you paid");
}

T(what_is_given_back_at_the_providers_desk_is_told_too)
{
    i64 order = paid_order();
    str part = t_refund_object(order, "re_mail_desk", 34000);
    t_event("evt_t_mail_desk", "refund.created", part);
    t_event("evt_t_mail_desk2", "refund.updated", part);
    t_drain();
    eq_int(mails(order, "order_refunded"), 1);
}

T(a_second_payment_that_goes_back_is_told_as_that)
{
    i64 order = t_order();
    str first = t_attempt_key(order);
    t_sql("update payments.attempt set state = 'failed' where order_id = %" PRId64, order);
    t_post(str_fmt(t_ctx()->mem, "/orders/%.*s/pay%.*s", STR(t_number(order)),
               STR(t_key(order))).p, "");
    t_event("evt_t_mail_second", "payment_intent.succeeded", t_intent_object(order, TOTAL));
    t_event("evt_t_mail_first", "payment_intent.succeeded",
        str_fmt(t_ctx()->mem, "{\"object\":\"payment_intent\",\"id\":\"pi_mail_late\","
            "\"amount_received\":134000,\"currency\":\"thb\",\"metadata\":{\"attempt\":\"%.*s\"}}",
            STR(first)));
    t_drain();
    eq_int(mails(order, "order_refunded"), 0);
    eq_int(mails(order, "order_refused"), 1);
    t_login(ADMIN_);
    t_sql("update notify.mail set state = 'waiting' where order_id = %" PRId64, order);
    t_sql("select work.add_job('notify.mail', 'mail-again:' || id, null, id, '{}', 't', null, 0,"
          " false) from notify.mail where order_id = %" PRId64 " and template = 'order_refused'",
        order);
    str mail = words(order, "order_refused");
    has_text(mail, "was paid twice. It stays as it is");
    no_text(mail, "no longer fill");
}

T(whoever_is_forgotten_is_written_to_no_more)
{
    i64 order = paid_order();
    at_desk(order, "refund", "kept=134000", 303);
    t_sql("update orders.\"order\" set email = '' where id = %" PRId64, order);
    t_drain();
    eq_str(t_str("select payment_status as s from orders.\"order\" where id = %" PRId64, order),
        "refunded");
    eq_int(mails(order, "order_refunded"), 0);
    order = t_order(); /* cancelled, forgotten, and then paid after all */
    t_login(ADMIN_);
    at_desk(order, "cancel", "", 303);
    t_sql("update orders.\"order\" set email = '' where id = %" PRId64, order);
    t_event("evt_t_mail_late", "payment_intent.succeeded", t_intent_object(order, TOTAL));
    t_drain();
    eq_int(t_int("select amount as n from payments.refund where order_id = %" PRId64, order), TOTAL);
    eq_int(mails(order, "order_refused"), 0);
}

T(the_orders_page_says_what_went_back_and_when)
{
    i64 order = paid_order();
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 303);
    str page = str_fmt(t_ctx()->mem, "/orders/%.*s%.*s", STR(t_number(order)), STR(t_key(order)));
    str json = str_fmt(t_ctx()->mem, "/orders/%.*s.json%.*s", STR(t_number(order)),
        STR(t_key(order)));
    t_browser();
    t_get(json.p);
    eq_int((i64)node_count(node_path(t_document(), S("order.given_back"))), 0);
    t_drain();
    t_get(json.p);
    t_json("order.givenBack.0.amount", "34000");
    t_json("order.givenBack.0.currency", "THB");
    t_get(page.p);
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
    t_text("฿340.00");
    t_text("your bank may take a few days to show it");
    t_browser(); /* without the link there is nothing to see */
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(404);
}

/* As open pages are told: in the scope of who sells. */
T(whoever_sees_an_order_sees_what_went_back_of_it)
{
    struct ctx *c = t_ctx();
    struct node *read;
    i64 order = paid_order();
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 303);
    t_drain();
    c->scope = (struct scope){ .organisation = 1 };
    must(orders_read(c, order, &read));
    eq_int((i64)node_count(node_get(read, S("given_back"))), 1);
    eq_int(c->scope.order, 0);
}

T(what_was_paid_back_whole_waits_for_no_parcel)
{
    i64 order = paid_order();
    str page = str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order)));
    t_get(str_fmt(t_ctx()->mem, "%.*s%.*s", STR(page), STR(t_key(order))).p);
    t_get(page.p);
    t_html("li[aria-current='step']");
    at_desk(order, "refund", "kept=134000", 303);
    t_drain();
    t_get(page.p);
    t_status(200);
    t_no_html("li[aria-current='step']");
    t_get(str_fmt(t_ctx()->mem, "/admin%.*s", STR(page)).p);
    t_text("The money was asked to go back · ฿1,340.00");
    t_text("The money went back · ฿1,340.00");
}

/* ---- what fails ------------------------------------------------------------------------------------ */

T(a_refund_that_fails_is_told_to_staff_and_not_to_the_buyer)
{
    i64 order = paid_order();
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    at_desk(order, "refund", "kept=134000", 303);
    t_drain();
    eq_int(mails(order, "order_refunded"), 0);
    eq_int(mails(order, "refund_failed"), 1);
    eq_str(t_str("select recipient as s from notify.mail where template = 'refund_failed' and "
                 "order_id = %" PRId64, order), ADMIN_);
    eq_str(t_str("select state as s from notify.mail where template = 'refund_failed' and "
                 "order_id = %" PRId64, order), "sent");
    t_sql("update payments.attempt set payment_id = (select body::jsonb #>> '{data,object,"
          "payment_intent}' from payments.event where event_id = 'evt_t_paid_%" PRId64 "') where "
          "order_id = %" PRId64, order, order);
    at_desk(order, "refund", "kept=134000", 303);
    t_drain();
    eq_int(mails(order, "order_refunded"), 1);
    eq_int(mails(order, "refund_failed"), 1);
}

T(staff_are_led_to_the_desk_in_their_language)
{
    i64 order = paid_order();
    t_sql("update auth.person set lang = 'th' where email = '" ADMIN_ "'");
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    at_desk(order, "refund", "kept=134000", 303);
    t_drain();
    t_sql("update notify.mail set state = 'waiting' where template = 'refund_failed' and "
          "order_id = %" PRId64, order);
    t_sql("select work.add_job('notify.mail', 'mail-again:' || id, null, id, '{}', 't', null, 0,"
          " false) from notify.mail where template = 'refund_failed' and order_id = %" PRId64, order);
    has_text(words(order, "refund_failed"),
        str_fmt(t_ctx()->mem, "%.*s/th/admin/orders/%.*s", STR(t_ctx()->app->base_url),
            STR(t_number(order))));
}

/* Of an order of two the house was told: its people are none of the sellers' business. */
T(a_sellers_page_does_not_show_what_the_house_was_told)
{
    i64 order = paid_order();
    str page = str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order)));
    t_other_sells(order);
    t_sql("update payments.attempt set payment_id = '' where order_id = %" PRId64, order);
    at_desk(order, "refund", "kept=134000", 303);
    t_drain();
    eq_int(t_int("select count(*) as n from notify.mail where template = 'refund_failed' and "
                 "organisation_id is null and order_id = %" PRId64, order) > 0, 1);
    t_get(page.p);
    has_text(t_body(), "\"template\":\"refund_failed\"");
    str id = str_none;
    EACH(it, node_get(t_document(), S("mails")))
        if (str_is(node_str(&it->node, "template"), "refund_failed"))
            id = str_dup(t_ctx()->mem, node_str(&it->node, "id"));
    t_login("shopper@example.test");
    t_get(page.p);
    t_status(200);
    has_text(t_body(), "order_paid");
    no_text(t_body(), "\"template\":\"refund_failed\"");
    no_text(t_body(), ADMIN_);
    at_desk(order, str_fmt(t_ctx()->mem, "mail/%.*s", STR(id)).p, "", 404);
}

T(a_refund_that_has_failed_after_all_is_not_told_again)
{
    i64 order = paid_order();
    at_desk(order, "refund", "part=1&amount=340.00&kept=134000", 303);
    t_drain();
    refund_event(order, "evt_t_mail_bounced", "failed");
    t_drain();
    eq_int(mails(order, "refund_failed"), 1);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s.json", STR(t_number(order))).p);
    const struct node *mail = node_path(t_document(), S("mails.1"));
    eq_str(node_str(mail, "template"), "order_refunded");
    at_desk(order, str_fmt(t_ctx()->mem, "mail/%.*s", STR(node_str(mail, "id"))).p, "", 303);
    t_drain();
    eq_str(t_str("select state as s from notify.mail where template = 'order_refunded' and "
                 "order_id = %" PRId64, order), "failed");
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s.json%.*s", STR(t_number(order)),
               STR(t_key(order))).p);
    eq_int((i64)node_count(node_path(t_document(), S("order.given_back"))), 0);
}
