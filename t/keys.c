/* API keys: who makes them, what they open and what not, and how they end. */
#include "auth/auth.h"
#include "io/io.h"
#include "notify/notify.h"
#include "t/mmdb.h"
#include "t/shop.h"
#include "web/web.h"

#define ADMIN_ "admin@example.test"

static str id_; /* of the key made last */

static str make(const char *name, const char *scopes, const char *days)
{
    t_with("Accept", "application/json");
    t_post_json("/admin/keys", str_fmt(t_ctx()->mem, "{\"name\":\"%s\",\"scopes\":[%s],\"days\":\"%s\"}",
        name, scopes, days).p);
    if (t_last_status() != 201)
        return str_none;
    id_ = node_str(&node_first(node_get(t_document(), S("keys")))->node, "id");
    return str_dup(t_ctx()->mem, node_str(t_document(), "key"));
}

/* Somebody's program, with no cookie to its name. */
static int ask_as(str key, const char *header, const char *method, const char *path, const char *json)
{
    const char *value = strcmp(header, "Authorization") ? str_c(t_ctx()->mem, key)
        : str_fmt(t_ctx()->mem, "Bearer %.*s", STR(key)).p;
    t_with("Accept", "application/json");
    t_with(header, value);
    t_send(method, path, json ? "application/json" : NULL, str_of(json));
    return t_last_status();
}

static int get(str key, const char *path) { return ask_as(key, "Authorization", "GET", path, NULL); }

static void open_shop(void)
{
    t_open();
    t_browser();
    t_clock(when_now());
    t_login(ADMIN_);
}

T(ID_17_a_key_is_shown_once_and_only_its_hash_is_kept)
{
    open_shop();
    make("", "", "90"); /* what is wrong is said at once, not one after the other */
    t_status(422);
    t_json("fields.name", "Please fill this in.");
    t_json("fields.scopes", "Please choose at least one.");
    str key = make("Books", "\"orders:read-all\"", "90");
    is_true(str_starts(key, S("tlt_")) && key.n >= 50);
    t_header("Cache-Control", "no-store");
    t_get("/admin/keys");
    t_status(200);
    t_no_text(key.p);
    t_text(str_c(t_ctx()->mem, str_upto(key, 12)));
    t_get("/admin/keys.json");
    t_no_text(str_from(key, 13).p);
    t_json("key", "null");
    eq_int(t_int("select count(*) as n from auth.api_key k where k::text like '%%%.*s%%'",
               STR(str_from(key, 13))), 0);
    eq_int(t_int("select count(*) as n from auth.api_key where hash = '%.*s'",
               STR(crypto_sha256_hex(t_ctx()->mem, key))), 1);
}

T(a_count_by_a_key_is_its_makers_in_the_trail)
{
    open_shop();
    t_stock(CABLE, 9);
    str key = make("Counter", "\"inventory:write\"", "90");
    str slug = t_str("select p.slug as s from catalog.variant v join catalog.product p on p.id = "
                     "v.product_id where v.sku = '" CABLE "'");
    i64 had = t_int("select max(id) as n from inventory.movement");
    t_browser();
    t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(key)).p);
    t_with("Accept", "application/json");
    t_post(str_fmt(t_ctx()->mem, "/admin/products/%.*s/stock", STR(slug)).p,
        "item_0=" CABLE "&seen_0=9&on_hand_0=7");
    t_status(200);
    eq_int(t_int("select count(*) as n from inventory.movement where id > %" PRId64
                 " and person_id = 1 and quantity = -2", had), 1);
}

T(AC_08_a_key_reads_its_organisations_orders_at_the_api_and_no_others)
{
    open_shop();
    t_stock(CABLE, 9);
    t_browser();
    t_login("shopper@example.test");
    i64 order = t_order();
    str number = t_number(order);
    const char *path = str_fmt(t_ctx()->mem, "/api/orders/%.*s", STR(number)).p;
    t_get("/api/orders"); /* the buyer's own */
    t_json("orders.0.id", str_c(t_ctx()->mem, number));
    t_browser();
    t_login("admin@example.test");
    str key = make("Books", "\"orders:read-all\"", "90");
    str blind = make("Goods", "\"catalog:read\"", "90");
    str sender = make("Parcels", "\"orders:update\"", "90");
    t_browser();
    eq_int(get(key, "/api/orders"), 200);
    t_json("orders.0.id", str_c(t_ctx()->mem, number));
    eq_int(get(key, path), 200);
    t_json("order.id", str_c(t_ctx()->mem, number));
    eq_int(get(key, "/api/orders/TL-0000-0000-0000"), 404);
    eq_int(get(key, "/api/orders?before=nonsense"), 404);
    eq_int(get(blind, "/api/orders"), 403);
    eq_int(get(blind, path), 403);
    eq_int(ask_as(key, "Authorization", "PUT", str_fmt(t_ctx()->mem, "%s/address", path).p, "{}"), 403);
    /* The answer shows the order: who may send it and not read it is told that, and sends nothing. */
    eq_int(ask_as(sender, "Authorization", "PUT", str_fmt(t_ctx()->mem, "%s/status", path).p,
               "{\"orderStatus\":\"shipped\"}"), 403);
    t_json("required", "orders:read-all");
    eq_int(get(sender, "/api/orders"), 403);
    t_json("required", "orders:read-all");
    eq_int(ask_as(sender, "Authorization", "PUT", "/api/orders/TL-0000-0000-0000/status",
               "{\"orderStatus\":\"shipped\"}"), 404);
    t_browser();
    t_get("/api/orders"); /* a stranger */
    t_status(401);
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else'); update auth.api_key set organisation_id = 990; insert "
          "into auth.member (organisation_id, person_id, place) values (990, 1, 'owner')");
    eq_int(get(key, "/api/orders"), 200);
    t_json("orders", "[]");
    eq_int(get(key, path), 404);
    eq_int(ask_as(sender, "Authorization", "PUT", str_fmt(t_ctx()->mem, "%s/status", path).p,
               "{\"orderStatus\":\"shipped\"}"), 404); /* another organisation's */
}

T(what_a_key_needs_is_in_the_documents)
{
    static const char *const also[] = { "{id}/status.put", "{id}/status.patch", "{id}/refunds.post" };
    t_open();
    t_browser();
    t_get("/api/openapi.json");
    t_json("paths./api/orders.get.x-permission", "orders:read");
    t_json("paths./api/orders.get.x-permission-of-keys", "orders:read-all");
    t_json("paths./api/orders/{id}.get.x-permission-of-keys", "orders:read-all");
    for (size_t i = 0; i < COUNT(also); i++)
        t_json(str_fmt(t_ctx()->mem, "paths./api/orders/%s.x-permission-also", also[i]).p,
            "orders:read-all");
    t_json("paths./api/orders/{id}/refunds.post.x-permission", "orders:refund");
    t_get("/api/docs");
    t_text("<code>orders:update</code>, <code>orders:read-all</code>");
    t_text("<code>orders:refund</code>, <code>orders:read-all</code>");
    t_text("<code>orders:read</code>; of a key, or with X-Organisation, <code>orders:read-all</code>");
}

/* Not with its person's own orders instead, which look just like them. */
T(a_program_that_may_not_read_an_organisations_orders_is_told_so)
{
    open_shop();
    t_sql("insert into auth.organisation (id, slug, name) overriding system value values "
          "(990, 't-else', 'Else'); insert into auth.role (id, organisation_id, name, permissions) "
          "overriding system value values (990, 990, 'Shelves', '{catalog:read}'); insert into "
          "auth.member (organisation_id, person_id, place, role_id) values (990, 2, 'own', 990)");
    t_browser();
    t_post_json("/api/auth/login",
        "{\"email\":\"shopper@example.test\",\"password\":\"market-day-demo\"}");
    str token = str_fmt(t_ctx()->mem, "Bearer %.*s", STR(node_str(t_document(), "accessToken")));
    t_browser();
    t_with("Authorization", token.p);
    t_get("/api/orders"); /* one's own */
    t_status(200);
    t_with("Authorization", token.p);
    t_with("X-Organisation", "t-else");
    t_get("/api/orders");
    t_status(403);
    t_json("required", "orders:read-all");
    t_sql("update auth.role set permissions = '{orders:read-all}' where id = 990");
    t_with("Authorization", token.p);
    t_with("X-Organisation", "t-else");
    t_get("/api/orders");
    t_status(200);
    t_sql("update auth.organisation set second_factor = '{own}' where id = 990");
    t_with("Authorization", token.p);
    t_with("X-Organisation", "t-else");
    t_get("/api/orders");
    t_status(403);
    t_json("code", "auth.factor_due");
    t_with("Authorization", token.p);
    t_get("/api/orders"); /* one's own still */
    t_status(200);
}

T(AC_10_a_program_names_the_organisation_it_works_for)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\"", "90");
    t_sql("update auth.person set role = 'user' where id = 1; "
          "insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else'), (991, 't-third', 'Third'); "
          "insert into auth.member (organisation_id, person_id, place) values (990, 1, 'viewer')");
    t_browser();
    t_post_json("/api/auth/login",
        "{\"email\":\"admin@example.test\",\"password\":\"market-day-demo\"}");
    str token = str_fmt(t_ctx()->mem, "Bearer %.*s", STR(node_str(t_document(), "accessToken")));
    static const struct {
        const char *organisation, *path;
        int status;
    } asked[] = {
        { NULL, "/admin/team.json", 200 },
        { "t-else", "/admin.json", 200 },
        { "t-else", "/admin/team.json", 403 }, /* a viewer there */
        { "t-third", "/admin.json", 404 },
        { "t-nowhere", "/admin.json", 404 },
        { "t-third", "/account.json", 404 },
    };
    for (size_t i = 0; i < COUNT(asked); i++) {
        t_browser();
        t_with("Authorization", token.p);
        if (asked[i].organisation)
            t_with("X-Organisation", asked[i].organisation);
        t_get(asked[i].path);
        t_status(asked[i].status);
    }
    t_browser();
    t_with("Authorization", token.p);
    t_with("X-Organisation", "t-else");
    t_get("/admin.json");
    t_json("organisation", "Else");
    t_sql("delete from auth.member where organisation_id = 990"); /* at once */
    t_with("Authorization", token.p);
    t_with("X-Organisation", "t-else");
    t_get("/admin.json");
    t_status(404);
    t_browser();
    t_with("X-Api-Key", key.p);
    t_with("X-Organisation", "t-else"); /* a key has one */
    t_get("/admin/orders.json");
    t_status(404);
}

T(ID_17_a_key_opens_by_either_header_what_its_scopes_name)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\",\"catalog:read\"", "90");
    t_browser();
    eq_int(get(key, "/admin/orders.json"), 200);
    eq_int(ask_as(key, "X-Api-Key", "GET", "/admin/products.json", NULL), 200);
    eq_int(get(key, "/admin/customers.json"), 403);
    t_json("required", "customers:read");
    eq_int(get(key, "/admin.json"), 403);
    eq_int(get(key, "/account.json"), 403); /* nobody's own things, its maker's neither */
    eq_int(get(key, "/orders.json"), 403);
    eq_int(get(key, "/admin/keys.json"), 403);
    eq_int(ask_as(key, "Authorization", "POST", "/api/orders", "{}"), 403);
    eq_int(ask_as(key, "Authorization", "POST", "/admin/keys",
               "{\"name\":\"more\",\"scopes\":[\"orders:read-all\"],\"days\":\"never\"}"), 403);
    eq_int(get(key, "/products.json"), 200);
}

T(ID_17_a_key_writes_where_its_scopes_let_it_and_needs_no_form_token)
{
    open_shop();
    str reader = make("Reader", "\"orders:read-all\"", "30"), writer = make("Writer", "\"orders:read-all\",\"orders:update\"", "30");
    t_login("shopper@example.test");
    i64 order = t_order();
    t_paid(order);
    const char *path = str_fmt(t_ctx()->mem, "/api/orders/%.*s/status", STR(t_number(order))).p;
    t_browser();
    eq_int(ask_as(reader, "Authorization", "PUT", path, "{\"orderStatus\":\"shipped\"}"), 403);
    eq_int(ask_as(writer, "Authorization", "PUT", path, "{\"orderStatus\":\"shipped\"}"), 200);
}

T(ID_17_nobody_gives_a_key_more_than_they_have)
{
    open_shop();
    static const char *const bad[] = { "\"account:own\"", "\"anyone\"", "\"orders:create\"",
        "\"api-keys:manage\"", "\"team:write\"", "\"team:own\"", "\"metrics:read\"", "\"orders:delete\"", "\"everything\"", "\"\"", "\"orders:read-all\",\"*\"", "" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        make("Greedy", bad[i], "30");
        t_status(422);
    }
    make("Greedy", "\"orders:refund\"", "10000");
    t_status(422);
    t_sql("update auth.person set role = 'user' where email = '" ADMIN_ "'");
    t_owner_too();
    t_sql("update auth.member set place = 'admin' where person_id = (select id from auth.person where email = '" ADMIN_ "')");
    is_true(make("Modest", "\"orders:refund\"", "30").n > 0);
    t_login("shopper@example.test");
    make("Stranger", "\"orders:read-all\"", "30");
    t_status(403);
}

T(ID_17_a_key_is_no_more_than_its_maker_is_today)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\",\"orders:update\",\"orders:refund\"", "90");
    static const char whose[] = "person_id = (select id from auth.person where email = '" ADMIN_ "')";
    t_sql("update auth.person set role = 'user' where email = '" ADMIN_ "'");
    t_owner_too();
    t_sql("update auth.member set place = 'viewer' where %s", whose);
    t_browser();
    eq_int(get(key, "/admin/orders.json"), 200);
    eq_int(ask_as(key, "Authorization", "PUT", "/api/orders/TL-0000-0000-0000/status", "{\"orderStatus\":\"shipped\"}"), 403);
    t_sql("delete from auth.member where %s", whose);
    eq_int(get(key, "/admin/orders.json"), 401);
    t_json("error", "Invalid token");
}

/* What it was answered is kept under its maker's name, who reads nothing of theirs by it. */
T(a_key_gives_money_back_and_is_answered_the_same_twice)
{
    open_shop();
    t_stock(CABLE, 9);
    t_browser();
    i64 order = t_order();
    t_paid(order);
    const char *path = str_fmt(t_ctx()->mem, "/api/orders/%.*s/refunds", STR(t_number(order))).p;
    t_login(ADMIN_);
    str key = make("Books", "\"orders:read-all\",\"orders:refund\"", "90");
    str first = str_none;
    t_browser();
    for (int twice = 0; twice < 2; twice++) {
        t_with("Idempotency-Key", "by-key");
        eq_int(ask_as(key, "Authorization", "POST", path, "{\"amount\":40000}"), 201);
        t_json("refund.amount", "40000");
        if (twice)
            eq_str(t_body(), first);
        first = str_dup(t_ctx()->mem, t_body());
    }
    t_with("Idempotency-Key", "by-key");
    eq_int(ask_as(key, "Authorization", "POST", path, "{\"amount\":40001}"), 409);
    t_json("code", "orders.key_used");
    eq_int(t_int("select sum(amount)::bigint as n from payments.refund where order_id = %" PRId64,
        order), 40000);
}

/* What its maker may as a buyer is nothing of a key's, whatever stands in the row. */
T(ID_17_a_key_reads_no_orders_of_its_makers_own)
{
    open_shop();
    str key = make("Books", "\"catalog:read\"", "90");
    t_sql("update auth.api_key set scopes = '{orders:read,orders:create,account:own,catalog:read}'");
    t_browser();
    eq_int(get(key, "/admin/products.json"), 200);
    eq_int(get(key, "/api/orders"), 403);
    t_json("required", "orders:read-all"); /* what a key can be given */
    t_json("role", "user");
    eq_int(get(key, "/account.json"), 403);
    t_browser();
    t_login(ADMIN_);
    t_get("/admin/keys.json");
    const struct node *shown = &node_first(node_get(t_document(), S("keys")))->node;
    eq_int((i64)node_count(node_get(shown, S("scopes"))), 1);
}

T(ID_17_a_revoked_key_is_dead_at_once)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\"", "never"), other = make("Other", "\"orders:read-all\"", "never");
    make("Last", "\"orders:read-all\"", "never");
    str last = id_;
    eq_int(get(key, "/admin/orders.json"), 200);
    str id = str_none;
    t_get("/admin/keys.json");
    EACH(item, node_get(t_document(), S("keys")))
        if (str_eq(node_str(&item->node, "prefix"), str_upto(key, 12)))
            id = node_str(&item->node, "id");
    t_post(str_fmt(t_ctx()->mem, "/admin/keys/%.*s/revoke", STR(id)).p, "");
    t_status(303);
    eq_int(get(key, "/admin/orders.json"), 401);
    t_json("error", "Invalid token");
    eq_int(get(other, "/admin/orders.json"), 200);
    t_post(str_fmt(t_ctx()->mem, "/admin/keys/%.*s/revoke", STR(id)).p, ""); /* twice */
    t_status(404);
    t_get("/admin/keys");
    t_text("revoked");
    t_post("/admin/keys/aaaaaaaaaaaaa/revoke", "");
    t_status(404);
    /* Another organisation's. */
    i64 house;
    t_ctx()->scope.platform = true;
    must(auth_organisation_add(t_ctx(), S("keys-test"), S("Keys test"), &house));
    t_sql("update auth.api_key set organisation_id = %" PRId64 " where name = 'Last'", house);
    t_post(str_fmt(t_ctx()->mem, "/admin/keys/%.*s/revoke", STR(last)).p, "");
    t_status(404);
}

T(ID_17_a_key_ends_with_its_days)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\"", "30");
    t_clock(t_ctx()->now + 30 * DAY - MINUTE);
    eq_int(get(key, "/admin/orders.json"), 200);
    t_clock(t_ctx()->now + 2 * MINUTE);
    eq_int(get(key, "/admin/orders.json"), 401);
}

T(ID_17_the_last_use_is_noted)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\"", "30");
    t_json("keys.0.usedAt", "null");
    get(key, "/admin/orders.json");
    t_get("/admin/keys.json");
    eq_int(t_int("select count(*) as n from auth.api_key where used_at is not null and prefix = '%.*s'",
               STR(str_upto(key, 12))), 1);
}

T(ID_17_what_looks_like_a_key_is_none)
{
    open_shop();
    str key = make("Books", "\"orders:read-all\"", "30");
    struct arena *mem = t_ctx()->mem;
    const str bad[] = { S("tlt_"), S("tlt_aaaaaaaa"), str_upto(key, 12), str_upto(key, 13),
        str_upto(key, key.n - 1), str_fmt(mem, "%.*sA", STR(key)), str_upper(mem, key),
        str_fmt(mem, "%.*s_%.*s", STR(str_upto(key, 12)), STR(crypto_token(mem, 32))),
        S("tlt_' or '1'='1'--_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        str_fmt(mem, "tlt_%%%%%%%%%.*s", STR(str_from(key, 8))) };
    for (size_t i = 0; i < COUNT(bad); i++) {
        eq_int(ask_as(bad[i], i % 2 ? "Authorization" : "X-Api-Key", "GET", "/admin/orders.json", NULL), 401);
        t_json("error", "Invalid token");
    }
    eq_int(get(key, "/admin/orders.json"), 200);
}

T(the_page_of_keys_works_without_script)
{
    open_shop();
    t_get("/admin/keys");
    t_html("input[value=orders:read-all]");
    t_no_html("input[value=api-keys:manage]");
    t_post("/admin/keys", "name=&days=90&scopes=orders:read-all");
    t_status(422);
    t_html("[aria-invalid=true]");
    t_html("input[checked]");
    t_post("/admin/keys", "name=Till&days=90");
    t_status(422);
    t_text("Please choose at least one.");
    t_post("/admin/keys", "name=Till&days=90&scopes=orders:read-all&scopes=catalog:read");
    t_status(303);
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
    t_text("tlt_");
    t_text("it is not shown again");
    t_text("/revoke");
}

#define SHOWN "Copy it now and keep it safe"
#define GONE  "The new key was shown once"

/* Leads to the page that shows it; gives the address. */
static const char *makes_one(void)
{
    t_post("/admin/keys", "name=Till&days=90&scopes=orders:read-all");
    t_status(303);
    return str_c(t_ctx()->mem, str_dup(t_ctx()->mem, t_header_of("Location")));
}

static i64 tills(void)
{
    return t_int("select count(*) as n from auth.api_key where name = 'Till' and created_at >= now()");
}

T(a_page_with_a_new_key_that_is_loaded_again_makes_no_second_one)
{
    open_shop();
    const char *there = makes_one();
    no_text(str_of(there), "tlt_");
    t_get(there);
    t_status(200);
    t_text(SHOWN);
    t_header("Cache-Control", "no-store");
    i64 at = str_find(t_body(), S("value=\"tlt_"));
    is_true(at > 0);
    str key = str_dup(t_ctx()->mem, str_from(t_body(), (size_t)at + 7));
    key = str_upto(key, (size_t)str_find(key, S("\"")));
    eq_int(tills(), 1);
    t_get(there); /* again */
    t_status(200);
    t_text(GONE);
    t_no_text(SHOWN);
    t_no_text(str_c(t_ctx()->mem, str_from(key, 13)));
    eq_int(tills(), 1);
    t_get("/admin/keys");
    t_no_text(GONE);
    eq_int(get(key, "/admin/orders.json"), 200);
}

T(a_new_key_is_shown_to_nobody_but_who_has_made_it)
{
    open_shop();
    const char *there = makes_one();
    str json = str_fmt(t_ctx()->mem, "/admin/keys.json%s", strchr(there, '?'));
    t_get(str_c(t_ctx()->mem, json));
    t_json("key", "null");
    t_with("Sec-Fetch-Site", "cross-site"); /* a link of somebody else's */
    t_get(there);
    t_no_text(SHOWN);
    t_no_text(GONE);
    str done = t_cookie(COOKIE_DONE);
    t_browser();
    t_login(ADMIN_); /* another login */
    t_cookie_set(COOKIE_DONE, str_c(t_ctx()->mem, done));
    t_get(there);
    t_no_text(SHOWN);
    t_text(GONE);
}

T(without_redis_a_new_key_stands_in_the_answer_itself)
{
    open_shop();
    t_redis(false);
    t_post("/admin/keys", "name=Till&days=90&scopes=orders:read-all");
    t_status(201);
    t_text(SHOWN);
    t_text("value=\"tlt_");
    t_redis(true);
}

/* ---- from elsewhere ---------------------------------------------------------------------------- */

static int from(str key, const char *network, const char *program)
{
    t_with("Remote-Addr", network);
    t_with("User-Agent", program);
    return get(key, "/admin/orders.json");
}

static i64 told(const char *what, const char *where)
{
    return t_int("select count(*) as n from %s where %s", what, where);
}
#define MAILS   told("notify.mail", "template = 'key_elsewhere' and created_at >= now()")
#define ALERTS  told("watch.alert", "kind = 'key-elsewhere' and last_at >= now()")
#define TRAIL   told("audit.entry", "action = 'used_elsewhere' and organisation_id is not null and at >= now()")

T(se_14_a_key_that_is_used_from_elsewhere_is_told_to_its_organisation)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    eq_int(from(key, "198.51.100.4", "till/1.0"), 200);
    eq_int(from(key, "198.51.100.9", "till/1.1"), 200); /* the same network, and a newer program */
    eq_int(MAILS + ALERTS + TRAIL, 0); /* the first use is new to nothing */
    eq_int(from(key, "203.0.113.4", "till/1.1"), 200);
    eq_int(ALERTS, 1);
    eq_int(TRAIL, 1);
    eq_int(told("audit.entry e join auth.person p on p.id = e.person_id", "e.action = 'used_elsewhere' "
               "and p.email = '" ADMIN_ "' and e.source like 'web %%' and e.whence like '%%/203.0.113.4'"), 1);
    eq_int(MAILS, t_int("select count(*) as n from auth.member where organisation_id = 1"
                        " and place in ('owner', 'admin')"));
    str mail = t_mail_to(S(ADMIN_));
    has_text(mail, "The API key Till (tlt_");
    has_text(mail, "203.0.113.x");
    no_text(mail, "203.0.113.4");
    eq_int(from(key, "203.0.113.4", "till/1.1"), 200); /* twice: now it is known */
    eq_int(ALERTS, 1);
    t_get("/admin/keys.json");
    t_json("keys.0.usedFrom", "203.0.113.x");
    t_json("keys.0.usedWith", "till");
    t_get("/admin/keys");
    t_text("203.0.113.x");
    t_get("/admin/audit.json?action=used_elsewhere");
    t_json("entries.0.thing", "auth.api_key");
}

T(se_14_a_key_says_the_country_it_was_last_used_from)
{
    open_shop();
    mmdb_use(t_file(mmdb_usual(t_ctx()->mem)));
    str key = make("Till", "\"orders:read-all\"", "30");
    eq_int(from(key, "203.0.113.4", "till/1.0"), 200);
    t_get("/admin/keys.json");
    t_json("keys.0.usedCountry", "TH");
    t_json("keys.0.usedCountryName", "Thailand");
    eq_int(from(key, "198.51.100.4", "till/1.0"), 200);
    t_get("/vi/admin/keys");
    t_text("198.51.100.x · Việt Nam");
    str mail = t_mail_to(S(ADMIN_));
    has_text(mail, "Vietnam");
    has_text(mail, "198.51.100.x");
    eq_int(told("watch.alert", "kind = 'key-elsewhere' and country = 'VN' and last_at >= now()"), 1);
    t_clock(t_ctx()->now + HOUR + SECOND); /* before that nobody is told again */
    eq_int(from(key, "10.0.0.4", "till/1.0"), 200); /* of no country: neither is the one before */
    t_get("/admin/keys.json");
    t_json("keys.0.usedFrom", "10.0.0.x");
    t_json("keys.0.usedCountry", "");
    has_text(t_mail_to(S(ADMIN_)), "10.0.0.x till");
    eq_int(told("auth.api_key", "used_country <> '' and name = 'Till'"), 0);
}

/* One that was on its way before countries were known. */
T(se_14_the_mail_of_a_key_is_made_of_an_older_cause_too)
{
    open_shop();
    make("Till", "\"orders:read-all\"", "30");
    i64 key = t_int("select max(id) as n from auth.api_key");
    struct notify_to to = { .organisation = 1, .person = 1, .email = S(ADMIN_), .lang = S("en") };
    t_ctx()->scope = (struct scope){ .platform = true };
    must(notify_mail(t_ctx(), "key_elsewhere",
        str_fmt(t_ctx()->mem, "key:%" PRId64 ":1700000000:1:192.0.2.x|old till", key), &to));
    has_text(t_mail_to(S(ADMIN_)), "192.0.2.x old till");
}

T(se_14_another_program_with_the_same_key_is_told_too)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    from(key, "198.51.100.4", "till/1.0");
    from(key, "198.51.100.4", "curl/8.4.0");
    eq_int(TRAIL, 1);
    has_text(t_mail_to(S(ADMIN_)), "curl");
}

T(se_14_whoever_shows_a_wrong_key_from_elsewhere_tells_nobody)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    from(key, "198.51.100.4", "till/1.0");
    str wrong = str_fmt(t_ctx()->mem, "%.*sA", STR(str_upto(key, key.n - 1)));
    if (str_eq(wrong, key))
        wrong = str_fmt(t_ctx()->mem, "%.*sB", STR(str_upto(key, key.n - 1)));
    eq_int(from(wrong, "203.0.113.4", "thief/1.0"), 401);
    eq_int(MAILS + ALERTS + TRAIL, 0);
    eq_int(told("auth.api_key", "'203.0.113.x' = any (used_networks)"), 0);
}

T(se_14_a_key_that_wanders_is_told_of_once_an_hour_and_remembered_a_little)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    i64 each = t_int("select count(*) as n from auth.member where organisation_id = 1 and place in "
                     "('owner', 'admin')");
    from(key, "198.51.100.4", "till/1.0");
    for (int i = 0; i < 40; i++) { /* all in one minute: written down once */
        const char *network = str_fmt(t_ctx()->mem, "10.%d.0.1", i).p;
        eq_int(from(key, network, "till/1.0"), 200);
    }
    eq_int(TRAIL, 1);
    eq_int(MAILS, each);
    for (int i = 40; i < 80; i++) {
        t_clock(t_ctx()->now + MINUTE + SECOND);
        from(key, str_fmt(t_ctx()->mem, "10.%d.0.1", i).p, "till/1.0");
    }
    eq_int(TRAIL, 41);
    eq_int(MAILS, each);
    eq_int(t_int("select cardinality(used_networks) as n from auth.api_key where name = 'Till' and "
                 "used_networks <> '{}'"), 16);
    t_clock(t_ctx()->now + HOUR);
    from(key, "10.99.0.1", "till/1.0");
    eq_int(MAILS, 2 * each);
}

T(se_14_a_thief_is_in_the_trail_however_busy_the_key_is_where_it_belongs)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    from(key, "198.51.100.4", "till/1.0");
    from(key, "203.0.113.4", "till/1.0");
    eq_int(TRAIL, 1);
    t_clock(t_ctx()->now + MINUTE + SECOND);
    from(key, "198.51.100.4", "till/1.0");
    from(key, "192.0.2.4", "till/1.0");
    eq_int(TRAIL, 2);
    from(key, "100.64.0.4", "till/1.0"); /* the same minute: later, if it stays */
    eq_int(TRAIL, 2);
    eq_int(told("auth.api_key", "'100.64.0.x' = any (used_networks)"), 0);
    t_clock(t_ctx()->now + MINUTE + SECOND);
    from(key, "198.51.100.4", "till/1.0");
    from(key, "100.64.0.4", "till/1.0");
    eq_int(TRAIL, 3);
    eq_int(told("auth.api_key", "'100.64.0.x' = any (used_networks)"), 1);
}

T(where_a_key_was_used_from_is_forgotten_with_it)
{
#define KEPT told("auth.api_key", "name like 'Gone %%' and (used_networks <> '{}' or used_programs <> '{}' or used_country <> '')")
    static const char *const names[] = { "Gone one", "Gone two", "Gone three" };
    open_shop();
    mmdb_use(t_file(mmdb_usual(t_ctx()->mem)));
    for (size_t i = 0; i < COUNT(names); i++)
        eq_int(from(make(names[i], "\"orders:read-all\"", "30"), "198.51.100.4", "till/1.0"), 200);
    eq_int(told("auth.api_key", "name like 'Gone %%' and used_country = 'VN'"), 3);
    eq_int(KEPT, 3);
    t_post(str_fmt(t_ctx()->mem, "/admin/keys/%.*s/revoke", STR(id_)).p, "");
    t_status(303);
    eq_int(KEPT, 2);
    t_cron("auth.refresh.forget");
    eq_int(KEPT, 2);
    t_sql("update auth.api_key set until = now() - interval '1 hour' where name = 'Gone two'");
    t_cron("auth.refresh.forget");
    eq_int(KEPT, 1);
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value values "
          "(995, 't-maker@example.test', 'Maker', 'x')");
    t_sql("update auth.api_key set person_id = 995 where name = 'Gone one'");
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_erase(t_ctx(), 995));
    eq_int(KEPT, 0);
#undef KEPT
}

/* However many there are before them who may not. */
T(se_14_of_many_members_those_are_told_who_manage_keys)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (991, 't-own', 'Own')");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "select 990000 + n, 't-many-' || n || '@example.test', 'Many', 'x' from generate_series(1, 60) n");
    t_sql("insert into auth.member (organisation_id, person_id, place, created_at) select 991, "
          "990000 + n, case n when 55 then 'owner' else 'viewer' end, now() + n * interval '1 ms' "
          "from generate_series(1, 60) n");
    t_sql("update auth.api_key set organisation_id = 991 where name = 'Till'");
    from(key, "198.51.100.4", "till/1.0");
    from(key, "203.0.113.4", "till/1.0");
    eq_int(MAILS, 1);
    eq_int(told("notify.mail", "template = 'key_elsewhere' and recipient = 't-many-55@example.test'"), 1);
}

/* A key that was used before its networks were kept. */
T(se_14_the_first_use_that_is_kept_is_new_to_nothing)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    t_sql("update auth.api_key set used_at = now() where name = 'Till'");
    eq_int(from(key, "203.0.113.4", "till/1.0"), 200);
    eq_int(MAILS + ALERTS + TRAIL, 0);
    eq_int(from(key, "2001:db8:7:1::5", ""), 200); /* and one that does not say what it is */
    eq_int(TRAIL, 1);
    eq_int(told("auth.api_key", "used_networks[1] = '2001:db8:7:x'"), 1);
}

T(se_14_keys_of_another_organisation_are_told_to_its_own_people)
{
    open_shop();
    str key = make("Till", "\"orders:read-all\"", "30");
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (991, 't-own', 'Own')");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value values "
          "(992, 't-own@example.test', 'Own', 'x'), (993, 't-seen@example.test', 'Seen', 'x')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (991, 992, 'owner'), "
          "(991, 993, 'viewer')");
    t_sql("update auth.api_key set organisation_id = 991 where name = 'Till'");
    t_get("/admin/audit.json?action=used_elsewhere");
    i64 seen_here = (i64)node_count(node_path(t_document(), S("entries")));
    from(key, "198.51.100.4", "till/1.0");
    from(key, "203.0.113.4", "till/1.0");
    eq_int(MAILS, 1);
    eq_int(told("notify.mail", "template = 'key_elsewhere' and recipient = 't-own@example.test' and "
                               "created_at >= now()"), 1);
    eq_int(told("audit.entry", "action = 'used_elsewhere' and organisation_id = 991"), 1);
    t_get("/admin/audit.json?action=used_elsewhere");
    eq_int((i64)node_count(node_path(t_document(), S("entries"))), seen_here);
}
