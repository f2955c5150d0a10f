/* Staff with a customer's eyes: they see, and change nothing. */
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web.h"

static void look(void)
{
    t_open();
    t_login("admin@example.test");
    t_post("/admin/view-as", "email=shopper%40example.test&reason=ticket+12");
    t_status(303);
}

static i64 told(const char *what)
{
    return t_int("select count(*) as n from audit.entry where action = '%s' and person_id = 1 "
                 "and thing_id = '2'",
        what);
}

T(staff_see_as_a_customer_and_everybody_sees_that_they_do)
{
    look();
    t_get("/account");
    t_status(200);
    has_text(t_body(), "shopper@example.test");
    t_get("/-/me");
    has_text(t_body(), "You (admin@example.test) see the shop as shopper@example.test does");
    has_text(t_body(), "/view-as/end");
    t_get("/checkout");
    t_get("/admin.json"); /* with a customer's rights */
    t_status(403);
    eq_int(told("view_as"), 1);
    has_text(
        t_str("select after::text as s from audit.entry where action = 'view_as'"), "ticket 12");
    t_post("/view-as/end", "");
    t_status(303);
    eq_int(told("view_as_end"), 1);
    t_get("/admin.json");
    t_status(200);
    /* Beginning and end stand in the same trail. */
    eq_int(t_int("select count(distinct coalesce(organisation_id, 0)) as n from audit.entry "
                 "where action like 'view\\_as%%' and person_id = 1"), 1);
    is_true(t_int("select coalesce(min(organisation_id), 0) as n from audit.entry "
                  "where action = 'view_as_end' and person_id = 1") > 0);
}

T(who_sees_as_a_customer_changes_and_pays_nothing)
{
    look();
    i64 lines = t_int("select count(*) as n from cart.line");
    t_post("/cart/lines", "sku=" CABLE "&quantity=1");
    t_status(403);
    t_post("/checkout/pay", "revision=1&total=1");
    t_status(403);
    t_send("PUT", "/api/orders/1/address", "application/json", S("{}"));
    t_status(403);
    t_post("/admin/view-as", "email=t-else%40example.test&reason=more");
    t_status(403);
    eq_int(t_int("select count(*) as n from cart.line"), lines);
    is_true(told("view_as_refused") >= 2);
    eq_int(t_int("select count(*) as n from audit.entry where action = 'view_as_refused' "
                 "and as_person_id = 2 and person_id = 1"),
        told("view_as_refused"));
}

T(it_ends_by_itself_with_the_right_and_with_logging_out)
{
    look();
    t_sql("update auth.device set view_as_until = now() - interval '1 second' where view_as = 2");
    t_get("/admin.json");
    t_status(200);
    t_sql("update auth.device set view_as_until = now() + interval '1 hour' where view_as = 2");
    t_get("/admin.json");
    t_status(403);
    t_owner_too();
    t_sql("update auth.person set role = 'user' where id = 1"); /* the right is gone */
    t_get("/admin.json");
    t_status(200);
    t_sql("update auth.person set role = 'admin' where id = 1");
    t_post("/logout", "");
    t_status(303);
    t_get("/admin.json");
    t_status(401);
    eq_int(
        t_int("select count(*) as n from auth.device where view_as = 2 and ended_at is null"), 0);
}

T(nobody_who_works_here_is_looked_as_and_only_who_may_looks)
{
    t_open();
    t_login("admin@example.test");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_post("/admin/view-as", "email=shopper%40example.test&reason=ticket");
    t_status(422);
    t_post("/admin/view-as", "email=admin%40example.test&reason=ticket");
    t_status(422);
    t_sql("delete from auth.member where person_id = 2");
    t_sql("update auth.person set role = 'user' where id = 1"); /* an owner, not of the house */
    t_post("/admin/view-as", "email=shopper%40example.test&reason=ticket");
    t_status(403);
    t_sql("update auth.person set role = 'admin' where id = 1");
    t_post("/admin/view-as", "email=shopper%40example.test");
    t_status(422);
}

T(an_address_that_is_nobodys_gives_the_form_back_with_the_reason)
{
    t_open();
    t_login("admin@example.test");
    t_post("/admin/view-as", "email=shoper%40example.test&reason=ticket+12");
    t_status(422);
    t_text("There is no customer with this address.");
    t_html("a[href='#email']");
    t_html("input#email[aria-invalid=true][value='shoper@example.test']");
    t_html("input#reason[value='ticket 12']");
}

T(SE_07_what_is_typed_is_never_a_statement)
{
    t_open();
    t_login("admin@example.test");
    t_post("/admin/view-as",
        "email=shopper%40example.test&reason="
        "x%27%3Bupdate+auth.person+set+name%3D%27zq%27%3B--");
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.person where name = 'zq'"), 0);
    has_text(
        t_str("select after::text as s from audit.entry where action = 'view_as'"), "x';update");
}
