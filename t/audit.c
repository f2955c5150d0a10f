/* The audit trail: every change has a who, a where, a before and an after, and stays. */
#include "admin/admin.h"
#include "audit/audit.h"
#include "t/shop.h"
#include "web/web.h"

#define LAST "order by id desc limit 1"

static str field(const char *what, const char *thing)
{
    return t_str("select coalesce((%s)::text, '') as s from audit.entry where thing = '%s' " LAST,
        what, thing);
}

static void open_as_owner(void)
{
    t_open();
    t_login("admin@example.test");
}

T(a_change_by_a_page_is_noted_with_who_where_before_and_after_SE_13)
{
    open_as_owner();
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    eq_str(field("source", "auth.member"), "psql talat_app"); /* the test's own hand */
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "member", 2);
    t_post(str_fmt(t_ctx()->mem, "/admin/team/%.*s/role", STR(id)).p, "role=member");
    t_status(303);
    eq_str(field("person_id", "auth.member"), "1");
    eq_str(field("organisation_id", "auth.member"), "1");
    eq_str(field("thing_id", "auth.member"), "1 2");
    eq_str(field("action", "auth.member"), "update");
    eq_str(field("kind", "auth.member"), "rights");
    eq_str(field("before", "auth.member"), "{\"place\": \"viewer\"}");
    eq_str(field("after", "auth.member"), "{\"place\": \"member\"}");
    has_text(field("whence", "auth.member"), "/192.0.2.7");
    no_text(field("source", "auth.member"), "192.0.2.7"); /* beside it, where it can be taken away */
    eq_str(field("base.is_whence(whence, source)", "auth.member"), "true");
    t_get("/admin/audit.json?kind=rights");
    t_status(200);
    has_text(t_body(), "\"before\":\"viewer\",\"after\":\"member\"");
    has_text(t_body(), "\"who\":\"admin@example.test\"");
    has_text(t_body(), "\"source\":\"web 192.0.2.7 ");
}

T(the_page_says_in_words_what_the_trail_has_codes_for)
{
    open_as_owner();
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    t_sql("insert into auth.role (organisation_id, name, permissions) values "
          "(1, 'Packers', '{orders:read-all,inventory:write}')");
    t_sql("update catalog.product set featured = not featured where slug = "
          "(select min(slug) from catalog.product)");
    t_get("/admin/audit");
    t_text("Role: ");
    t_text("<ins>Viewer</ins>");
    t_text("May: ");
    t_text("<ins>See orders, Change stock</ins>");
    t_text("Packers<br><small>Rights · No. "); /* whose number it is, and fields by name */
    t_text("Organisation: ");
    t_text("<ins>Talat Market</ins>");
    t_text("<ins>shopper@example.test</ins>");
    t_text("<a href=\"/admin/products/");
    t_text("Featured: ");
    no_text(t_body(), "<code>place</code>");
    no_text(t_body(), "<ins>true</ins>");
}

T(secrets_and_persons_are_only_said_to_have_changed_SE_12)
{
    open_as_owner();
    t_sql("update auth.person set name = 'Zq', email = 'zq@example.test', password_hash = 'zqz' "
          "where id = 2");
    str both = field("before || after", "auth.person");
    has_text(both, "(hidden)");
    no_text(both, "zq");
    no_text(both, "Zq");
    no_text(both, "shopper");
    t_sql("update auth.person set role = 'admin' where id = 2");
    eq_str(field("after", "auth.person"), "{\"role\": \"admin\"}");
}

T(money_content_and_settings_are_noted_and_nothing_when_nothing_changed)
{
    open_as_owner();
    t_sql("update catalog.price set amount = amount + 100 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" RADIO "')");
    eq_str(field("kind", "catalog.price"), "money");
    t_sql("update shipping.price set amount = amount + 1 where currency = 'THB'");
    eq_str(field("kind", "shipping.price"), "settings");
    t_sql(
        "update catalog.product set brand = 'Zq' where slug = (select min(slug) from catalog.product)");
    eq_str(field("kind", "catalog.product"), "content");
    i64 before = t_int("select count(*) as n from audit.entry");
    t_sql(
        "update catalog.product set brand = brand; update catalog.product set version = version + 1");
    eq_int(t_int("select count(*) as n from audit.entry"), before);
}

static void refused(const char *sql)
{
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    is_true(pg_begin(&c) == E_OK);
    is_true(pg_script(&c, str_of(sql)) != E_OK);
    pg_end(&c, E_DENIED);
    fault_clear(&c);
}

T(what_is_noted_stays_I11)
{
    open_as_owner();
    t_sql("update auth.person set role = 'admin' where id = 2");
    refused("update audit.entry set action = 'nothing'");
    refused("update audit.entry set whence = null");
    refused("delete from audit.entry");
    refused("truncate audit.entry");
    refused(
        "insert into audit.entry (source, kind, action, thing) values ('x', 'rights', 'x', 'x')");
    refused("insert into audit.seal (entries, hash) values ('{1}', 'x')");
    is_true(t_int("select count(*) as n from audit.unsealed") > 0);
    t_cron("audit.seal");
    eq_int(t_int("select count(*) as n from audit.unsealed"), 0);
}

T(other_organisations_read_nothing_of_it_AC_09)
{
    open_as_owner();
    t_sql(
        "update catalog.product set brand = 'Zqbrand' where slug = (select min(slug) from catalog.product)");
    t_sql(
        "insert into auth.organisation (id, slug, name) overriding system value values (990, 't-else', 'Else')");
    t_as(&(struct who){ .person = 2, .organisation = 990, .role = USER, .member = OWNER });
    t_get("/admin/audit.json");
    t_status(200);
    no_text(t_body(), "Zqbrand");
    t_get("/admin/audit.json?everywhere=1"); /* any of these roles: the guard by role */
    t_status(403);
    t_json("error", "Insufficient permissions");
    t_json("required", "admin|super_admin");
    t_json("role", "user");
    t_as(&(struct who){ .person = 1, .organisation = 990, .role = ADMIN });
    t_get("/admin/audit.json?everywhere=1&kind=content");
    t_status(200);
    has_text(t_body(), "Zqbrand");
}

T(the_trail_is_searched_by_who_kind_thing_and_day_and_paged)
{
    open_as_owner();
    for (int i = 0; i < 60; i++)
        t_sql(
            "update catalog.product set brand = 'Zq%d' where slug = (select min(slug) from catalog.product)",
            i);
    t_get("/admin/audit.json?thing=catalog.product");
    has_text(t_body(), "Zq59");
    no_text(t_body(), "\"Zq3\"");
    i64 at = str_find(t_body(), S("before="));
    is_true(at > 0);
    str cursor = str_from(t_body(), (size_t)at);
    cursor = str_upto(cursor, strcspn(cursor.p, "\"&"));
    t_get(str_fmt(t_ctx()->mem, "/admin/audit.json?thing=catalog.product&%.*s", STR(cursor)).p);
    no_text(t_body(), "Zq59");
    has_text(t_body(), "\"Zq3\"");
    t_get("/admin/audit.json?to=2001-01-01");
    has_text(t_body(), "\"entries\":[]");
    t_get("/admin/audit.json?who=nobody@example.test");
    has_text(t_body(), "\"entries\":[]");
    t_get("/admin/audit.json?who=psql&kind=content");
    has_text(t_body(), "Zq59");
    t_get("/admin/audit.json?from=soon-later");
    t_status(422);
}

T(the_trail_as_a_file_is_bounded_inert_and_itself_noted)
{
    open_as_owner();
    t_sql(
        "update catalog.product set brand = '=HYPERLINK(1)' where slug = (select min(slug) from catalog.product)");
    t_sql("update catalog.category set slug = slug");
    t_post("/admin/audit/export", "kind=content");
    t_status(200);
    has_text(t_header_of("Content-Type"), "text/csv");
    is_true(str_starts(t_body(), S("\xEF\xBB\xBF"
                                   "at,who,as,source"))); /* as spreadsheets know UTF-8 */
    no_text(t_body(), ",\"=");
    eq_str(t_str("select action as s from audit.entry where kind = 'event' " LAST), "export");
}

T(a_file_of_the_trail_is_whole_or_there_is_none)
{
    open_as_owner();
    for (int from = 1; from < 5000; from += 1000) /* a statement has its time */
        t_sql("select audit.tell(1, 'event', 'zq', 't.t', n::text, '{}')"
              " from generate_series(%d, %d) n", from, from + 999);
    t_post("/admin/audit/export", "kind=event&action=zq");
    t_status(200);
    has_text(t_body(), "\"zq\",\"t.t\",\"1\"");
    t_sql("select audit.tell(1, 'event', 'zq', 't.t', 'more', '{}')");
    t_post("/admin/audit/export", "kind=event&action=zq");
    t_status(413);
    t_text("Please choose fewer days for one file.");
}

T(orders_and_stock_stand_in_the_same_list_with_their_way_SE_13)
{
    open_as_owner();
    t_stock(CABLE, 9);
    i64 order = t_order();
    str number = t_number(order);
    t_get(str_fmt(t_ctx()->mem, "/admin/audit.json?thing=%.*s", STR(number)).p);
    has_text(t_body(), "\"kind\":\"orders\"");
    has_text(t_body(), "web 192.0.2.7 ");
    t_get("/admin/audit.json?kind=stock&thing=" CABLE);
    has_text(t_body(), "\"kind\":\"stock\"");
}

static i64 stories_read(void)
{
    return t_rows_read("orders.event, orders.part, orders.\"order\", inventory.movement, audit.entry");
}

/* A page ends at a time: what a long transaction writes at its end stands where it was written, or
 * all that others did meanwhile would be passed over. */
T(what_happened_in_one_transaction_stands_at_the_time_of_each_SE_13)
{
    open_as_owner();
    i64 order = t_order();
    t_sql("insert into orders.event (order_id, kind) values (%" PRId64 ", 'zq')", order);
    t_sql("insert into orders.event (order_id, kind) values (%" PRId64 ", 'zq')", order);
    eq_int(t_int("select count(distinct at) as n from orders.event where kind = 'zq'"), 2);
    t_stock(CABLE, 9);
    t_stock(CABLE, 12);
    eq_int(t_int("select (count(distinct created_at) > 1)::int as n from inventory.movement"
                 " where created_at >= now()"),
        1);
    t_sql("select payments.book(%" PRId64 ", 'zq:1', 'THB', '{buyer,provider}', '{-1,1}')", order);
    t_sql("select payments.book(%" PRId64 ", 'zq:2', 'THB', '{buyer,provider}', '{1,-1}')", order);
    eq_int(t_int("select count(distinct created_at) as n from payments.transaction"
                 " where cause like 'zq:%%'"),
        2);
}

T(a_page_of_the_trail_reads_what_it_shows_however_much_happened)
{
    open_as_owner();
    t_stock(CABLE, 9);
    i64 order = t_order();
    t_other_sells(order);
    t_stock(CABLE, 1509);
    t_sql("insert into orders.\"order\" select (jsonb_populate_record(o, jsonb_build_object('id', -n,"
          " 'number', 'MANY-' || 10000 + n, 'cart_id', -n))).* from orders.\"order\" o,"
          " generate_series(1, 400) n where o.id = %" PRId64, order);
    t_sql("insert into orders.part (order_id, organisation_id, goods_total, tax_total)"
          " select id, 1, 0, 0 from orders.\"order\" where number like 'MANY-%%'");
    t_sql("insert into orders.event (order_id, kind) select id, 'placed' from orders.\"order\""
          " where number like 'MANY-%%'");
    t_sql("insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)"
          " select organisation_id, item_id, location_id, -1, 'sold', 'many ' || n"
          " from inventory.stock, generate_series(1, 1500) n where item_id ="
          " (select id from inventory.item where sku = '" CABLE "') and location_id ="
          " (select min(location_id) from inventory.stock where item_id ="
          " (select id from inventory.item where sku = '" CABLE "'))");
    t_sql("update inventory.stock s set on_hand = on_hand - 1500 where item_id = (select id from"
          " inventory.item where sku = '" CABLE "') and location_id = (select min(location_id) from"
          " inventory.stock where item_id = s.item_id)");
    t_sql("set local enable_seqscan = off"); /* by some index, as of any shop that is not new */
    static const char *const pages[] = { "/admin/audit.json?kind=stock",
        "/admin/audit.json?kind=stock&everywhere=1" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        i64 before = stories_read();
        t_get(pages[i]);
        t_status(200);
        i64 read = stories_read() - before;
        eq_int(read < 1000 ? 0 : read, 0);
    }
    t_browser();
    t_login("shopper@example.test"); /* who sold one thing among many that others sold */
    t_get("/admin/audit.json?kind=orders"); /* by which index goes by the statistics of the day */
    has_text(t_body(), t_number(order));
    no_text(t_body(), "MANY-");
}

/* Every table is watched, or has its reason here; a new one is neither until somebody says so. */
T(every_table_is_watched_or_has_its_reason_SE_13)
{
    static const struct {
        const char *table, *why;
    } others[] = {
        { "audit.entry", "the trail itself" },
        { "audit.seal", "the trail's" },
        { "audit.unsealed", "the trail's" },
        { "work.outbox", "what happens afterwards; the change itself is noted" },
        { "work.sequence", "numbers of those" },
        { "work.job", "what happens afterwards" },
        { "work.cron", "when the clock last ran" },
        { "auth.device", "logins: in the log, and who ends others' is told of" },
        { "auth.code", "mails on their way; what they lead to is noted" },
        { "auth.recovery", "come and go with the factors, which are noted" },
        { "auth.pending", "logins on their way" },
        { "auth.used_challenge", "answered once" },
        { "auth.refresh", "logins: their tokens" },
        { "auth.login_try", "logins on their way" },
        { "account.address", "a buyer's own book" },
        { "account.consent", "a log of its own" },
        { "media.picture", "files; where one is shown is noted" },
        { "notify.mail", "what was sent" },
        { "notify.sms", "what was sent" },
        { "watch.alert", "what looked wrong" },
        { "watch.place", "where staff come from" },
        { "watch.report", "what browsers report" },
        { "inventory.stock", "the sum of inventory.movement, a story of its own" },
        { "inventory.movement", "a story of its own" },
        { "inventory.counted", "a count that changed nothing" },
        { "inventory.hold", "given and gone within minutes; the order tells" },
        { "catalog.picture_source", "what a file called what is noted" },
        { "catalog.shelf", "made of what is noted" },
        { "catalog.card", "made of what is noted" },
        { "catalog.offer", "made of what is noted" },
        { "catalog.sheet", "made of what is noted" },
        { "catalog.label", "made of what is noted" },
        { "cart.cart", "a buyer's own" },
        { "cart.line", "a buyer's own" },
        { "checkout.draft", "a buyer's own" },
        { "payments.attempt", "its order's story tells" },
        { "payments.event", "what the provider said, kept as it came" },
        { "payments.refund", "its order's story tells" },
        { "payments.dispute", "its order's story tells" },
        { "payments.transaction", "the ledger, a book of its own" },
        { "payments.entry", "the ledger, a book of its own" },
        { "orders.order", "orders.event is its story" },
        { "orders.part", "orders.event is its story" },
        { "orders.line", "never changed" },
        { "orders.event", "a story of its own" },
        { "orders.answer", "what was answered, for who asks again" },
        { "orders.words", "made of the order" },
        { "orders.news", "mails on their way" },
        { "ops.change", "which steps the schema has taken" },
        { "ops.mark", "what a restore left" },
        { "ops.look", "when the doctor looked" },
        { "ops.finding", "what it found, and told" },
    };
    t_open();
    struct node *rows = t_rows(
        "select n.nspname || '.' || c.relname as name, exists (select from pg_trigger g where "
        "g.tgrelid = c.oid and g.tgname = 'audited') as watched from pg_class c join pg_namespace n "
        "on n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition and "
        "n.nspname !~ '^(pg_|information_|public$)' order by 1");
    size_t used = 0;
    is_true(node_count(rows) > 50);
    EACH(item, rows) {
        str name = node_str(&item->node, "name");
        bool excused = false;
        for (size_t i = 0; i < COUNT(others); i++)
            excused = excused || str_is(name, others[i].table);
        used += excused;
        if (excused == node_bool(&item->node, "watched"))
            ck_abort_msg("%.*s is %s", STR(name),
                excused ? "watched, and excused too" : "neither watched nor excused");
    }
    eq_int((i64)used, COUNT(others)); /* no excuse for a table that is not there */
}

T(the_ledger_stands_in_the_list_of_the_house_and_of_who_sold_alone_SE_13)
{
    t_open();
    t_login("shopper@example.test");
    t_stock(CABLE, 9);
    i64 order = t_order();
    t_paid(order);
    t_browser();
    t_login("admin@example.test");
    const char *path = str_fmt(t_ctx()->mem, "/admin/audit.json?kind=money&thing=%.*s",
        STR(t_number(order)))
                           .p;
    t_get(str_fmt(t_ctx()->mem, "%s&everywhere=1", path).p);
    has_text(t_body(), "payments.transaction");
    has_text(t_body(), "134000 THB");
    t_get(path); /* who sold all of it */
    has_text(t_body(), "payments.transaction");
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else')");
    struct who other = { .person = 2, .organisation = 990, .role = USER, .member = OWNER };
    t_as(&other); /* who sold nothing of it */
    t_get(path);
    t_status(200);
    no_text(t_body(), "payments.transaction");
    static const char sums[] = "select count(*) as n from payments.entry";
    eq_int(t_int_as((struct scope){ .organisation = 990 }, sums), 0);
    eq_int(t_int_as((struct scope){ .person = 1 }, sums), 0);
    is_true(t_int_as((struct scope){ .organisation = 1 }, sums) > 0);
    t_sql("insert into orders.part (order_id, organisation_id, goods_total, tax_total) values (%" PRId64
          ", 990, 0, 0)",
        order); /* two sell in it: it is neither's */
    t_get(path);
    no_text(t_body(), "payments.transaction");
    t_browser();
    t_as(NULL);
    t_login("admin@example.test");
    t_get(path);
    no_text(t_body(), "payments.transaction");
    t_get(str_fmt(t_ctx()->mem, "%s&everywhere=1", path).p);
    has_text(t_body(), "payments.transaction");
    t_get("/th/admin/audit");
    has_text(t_body(), ">สิทธิ์</option>");
    t_get(str_fmt(t_ctx()->mem, "/th/admin/audit?thing=%.*s", STR(t_number(order))).p);
    has_text(t_body(), "<strong>คำสั่งซื้อ</strong> · ได้รับชำระเงิน"); /* not orders.order paid */
    t_get("/vi/admin/roles/new");
    has_text(t_body(), "Xem đơn hàng");
}

T(what_changed_is_said_in_words_and_kept_by_name_in_the_API)
{
    open_as_owner();
    t_sql("update catalog.price set amount = 129900 where currency = 'THB' and variant_id = "
          "(select id from catalog.variant where sku = '" RADIO "')");
    t_sql("update auth.organisation set created_at = '2026-03-04T20:00:00Z', tax_inclusive = not "
          "tax_inclusive where id = 1");
    t_get("/admin/audit?thing=catalog.price");
    t_status(200);
    t_text("<strong>Price</strong> · Changed");
    t_text("฿1,299.00");
    t_no_text("catalog.price update");
    t_text("<option value=\"catalog.price\" selected>");
    t_get("/admin/audit?thing=auth.organisation");
    t_text("Prices with tax");
    t_text("Mar 5, 2026"); /* where the shop is, it is the next day */
    t_get("/th/admin/audit?thing=catalog.price");
    t_text("เปลี่ยน");
    t_get("/vi/admin/audit?thing=catalog.price");
    t_no_text("catalog.price update");
    t_get("/admin/audit.json?thing=catalog.price&action=update");
    t_json("entries.0.thing", "catalog.price");
    t_json("entries.0.action", "update");
    t_json("entries.0.changes.0.field", "amount");
    t_json("entries.0.changes.0.after", "129900");
    no_text(t_body(), "Words");
    t_get("/admin/audit.json?thing=catalog.price&action=delete");
    no_text(t_body(), "129900");
    t_get("/admin/audit.json?action=%27%3B");
    has_text(t_body(), "\"entries\":[]");
}

T(every_table_that_is_watched_has_a_word_SE_13)
{
    open_as_owner();
    t_get("/admin/audit");
    struct node *rows = t_rows("select n.nspname || '.' || c.relname as name from pg_trigger g join "
                               "pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = "
                               "c.relnamespace where g.tgname = 'audited' order by 1");
    is_true(node_count(rows) > 20);
    EACH(item, rows)
        t_text(str_fmt(t_ctx()->mem, "<option value=\"%.*s\"", STR(node_str(&item->node, "name"))).p);
}

T(a_trail_of_which_nothing_is_due_is_not_read_whole)
{
    open_as_owner();
    t_sql("do $$ begin for n in 1..1500 loop perform audit.tell(1, 'event', 'zq', 't.t', '', '{}');"
          " perform audit.seal_some(); end loop; end $$");
    is_true(t_int("select count(*) as n from audit.seal") >= 1500);
    t_sql("discard plans; set local enable_seqscan = off"); /* as of any trail that is not new */
    i64 before = t_rows_read("audit.seal");
    t_cron("audit.cut");
    i64 read = t_rows_read("audit.seal") - before;
    eq_int(read < 1000 ? 0 : read, 0);
}

T(addresses_are_forgotten_without_reading_all_that_happened)
{
    open_as_owner();
    struct ctx *c = t_ctx();
    t_stock(CABLE, 9);
    i64 order = t_order();
    conf_put(c->mem, c->app->conf, "audit_address_days", S("31"));
    t_sql("insert into auth.person (id, email, name, password_hash, erased_at) overriding system value"
          " values (990, 'gone@example.test', '', 'x', now())");
    t_sql("select set_config('app.source', '0 0 web ' || left(encode(sha256('s/203.0.113.9'), 'hex'), 16)"
          " || ' r s/203.0.113.9', true);"
          "select audit.tell(1, 'event', 'zq', 't.t', '', '{}') from generate_series(1, 1500)");
    t_sql("insert into orders.event (order_id, kind, at, person_id, whence) select %" PRId64 ", 'zq',"
          " case n when 1 then now() - interval '40 days' else now() end, case n when 2 then 990 end,"
          " 's/203.0.113.9' from generate_series(1, 1500) n", order);
    t_sql("insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause,"
          " created_at, person_id, whence) select s.organisation_id, s.item_id, s.location_id, n %% 2 * 2 - 1,"
          " 'sold', 'zq ' || n, case n when 1 then now() - interval '40 days' else now() end,"
          " case n when 2 then 990 end, 's/203.0.113.9' from inventory.stock s join inventory.item i"
          " on i.id = s.item_id and i.sku = '" CABLE "', generate_series(1, 1500) n");
    t_sql("discard plans; set local enable_seqscan = off"); /* as of any shop that is not new */
    i64 before = stories_read();
    t_cron("audit.forget_addresses");
    c->scope = (struct scope){ .platform = true };
    must(admin_erase(c, 990));
    i64 read = stories_read() - before;
    eq_int(read < 1000 ? 0 : read, 0);
    eq_int(t_int("select count(*) as n from orders.event where kind = 'zq' and whence is null"), 2);
    eq_int(t_int("select count(*) as n from inventory.movement where cause like 'zq %%' and whence is null"), 2);
    t_prove();
}

T(how_long_the_trail_is_kept_is_the_operators_within_bounds)
{
    static const struct {
        const char *key, *value;
        bool is_right;
    } tries[] = {
        { "audit_days", "0", true },
        { "audit_days", "366", true },
        { "audit_days", "30", false },
        { "audit_days", "-1", false },
        { "audit_days", "3650", true },
        { "audit_address_days", "0", true },
        { "audit_address_days", "31", true },
        { "audit_address_days", "7", false },
        { "audit_address_days", "365", true },
    };
    open_as_owner();
    struct app *app = t_ctx()->app;
    for (size_t i = 0; i < COUNT(tries); i++) {
        struct buf errors = buf_new(t_ctx()->mem, 4096);
        conf_put(t_ctx()->mem, app->conf, tries[i].key, str_of(tries[i].value));
        admin_check_trail(app, &errors);
        eq_int(errors.n == 0, tries[i].is_right);
    }
    i64 before = t_int("select count(*) as n from audit.entry where at < now()");
    t_cron("audit.cut"); /* nothing here is a year old */
    t_cron("audit.forget_addresses");
    eq_int(t_int("select count(*) as n from audit.entry where at < now()"), before);
}
