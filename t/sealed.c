/* Telephones and streets: sealed in the database, plain to whoever may see them. */
#include "gen/queries.h"
#include "io/io.h"
#include "orders/orders.h"
#include "t/shop.h"
#include "vault/vault.h"
#include "web/web.h"

/* What t_order's buyer typed. */
#define PHONE  "0812345678"
#define STREET "1 Road"
#define GONE   "The address can no longer be read."
#define ADMIN_ "admin@example.test"
#define HOUSE  1 /* the demo's organisation */

static void stands_nowhere(const char *text)
{
    static const char *const tables[] = { "orders.\"order\"", "orders.answer", "orders.event",
        "checkout.draft", "account.address", "work.job", "work.outbox", "notify.mail",
        "payments.attempt", "audit.entry" };
    for (size_t i = 0; i < COUNT(tables); i++)
        eq_int(t_int("select count(*) as n from %s x where x::text like '%%%s%%'", tables[i], text),
            0);
}

static str path_of(i64 order)
{
    return str_fmt(t_ctx()->mem, "/orders/%.*s%.*s", STR(t_number(order)), STR(t_key(order)));
}

static void shown(i64 order, bool is_shown)
{
    t_get(path_of(order).p);
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_has_text(HERE_, "the page", t_body(), S(STREET), is_shown);
    t_has_text(HERE_, "the page", t_body(), S(PHONE), is_shown);
    t_has_text(HERE_, "the page", t_body(), S(GONE), !is_shown);
    eq_int(node_bool(t_label(order), "is_closed"), !is_shown);
}

static i64 found(const char *q)
{
    struct node *rows;
    const str *clues;
    size_t n;
    struct scope before = t_ctx()->scope;
    t_ctx()->scope = (struct scope){ .organisation = HOUSE };
    must(orders_clues(t_ctx(), HOUSE, str_of(q), &clues, &n));
    must(q_orders_of_organisation(
        t_ctx(), &rows, HOUSE, INT64_MAX, S(""), S(""), str_of(q), clues, n));
    t_ctx()->scope = before;
    return (i64)node_count(rows);
}

/* As a version of before would have left it. */
static void make_plain(i64 order)
{
    t_sql("update orders.\"order\" set phone = '" PHONE "', sealed = '', clues = '{}', keeper = 0, "
          "address = address || '{\"line1\": \"" STREET "\"}' where id = %" PRId64, order);
}

T(se_09_the_database_holds_neither_telephone_nor_street_of_an_order)
{
    i64 order = t_order();
    stands_nowhere(PHONE);
    stands_nowhere(STREET);
    shown(order, true);
    eq_int(t_int("select keeper as n from orders.\"order\" where id = %" PRId64, order), HOUSE);
    eq_int(t_int("select count(*) as n from orders.\"order\" where id = %" PRId64
                 " and address ->> 'city' = 'Bangkok' and address ->> 'country' = 'TH'", order), 1);
}

T(se_09_a_telephone_is_found_by_its_end_without_standing_there)
{
    i64 before = (t_open(), found("0898765432"));
    i64 order = t_order();
    i64 all = found(PHONE);
    is_true(all >= 1);
    eq_int(found("5678"), all);
    eq_int(found("๐๘๑ ๒๓๔ ๕๖๗๘"), all);
    eq_int(found("66 81 234 5678"), all);
    eq_int(found("0898765432"), before);
    t_sql("update orders.\"order\" set clues = '{}' where id = %" PRId64, order);
    eq_int(found(PHONE), all - 1);
}

T(se_09_a_sealed_address_opens_only_in_its_own_order)
{
    i64 one = t_order();
    t_browser();
    i64 other = t_order();
    t_sql("update orders.\"order\" set sealed = (select sealed from orders.\"order\" where id = "
          "%" PRId64 ") where id = %" PRId64, one, other);
    shown(other, false);
    shown(one, true);
}

T(se_09_a_changed_address_is_shown_to_nobody_and_the_order_stands)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set sealed = left(sealed, -1) || case right(sealed, 1) when 'A' "
          "then 'Q' else 'A' end where id = %" PRId64, order);
    shown(order, false);
    t_login(ADMIN_);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_text(GONE);
}

T(se_09_another_organisations_key_does_not_open_an_address)
{
    i64 order = t_order();
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (990140, 't-sealed', 'Sealed')");
    t_sql("update orders.\"order\" set keeper = 990140 where id = %" PRId64, order);
    shown(order, false);
}

T(se_09_with_the_key_destroyed_orders_stand_without_their_address_and_none_is_taken)
{
    i64 order = t_order();
    must(vault_destroy(t_ctx(), VAULT_ORGANISATION, HOUSE));
    shown(order, false);
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_login(ADMIN_);
    t_get("/admin/orders.json");
    t_status(200);
    t_get(str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_text(GONE);
    t_prove();
    t_browser();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    t_status(409);
    eq_int(t_int("select max(id) as n from orders.\"order\""), order);
}

T(se_11_under_new_keys_addresses_open_and_are_found)
{
    i64 keys, values, order = t_order();
    str before = t_str("select sealed as s from orders.\"order\" where id = %" PRId64, order);
    i64 all = found(PHONE);
    must(vault_renew(t_ctx(), &keys, &values));
    is_true(keys >= 1 && values >= 1);
    str after = t_str("select sealed as s from orders.\"order\" where id = %" PRId64, order);
    is_false(str_eq(before, after));
    shown(order, true);
    eq_int(found(PHONE), all);
}

T(se_09_what_an_older_version_left_plain_is_read_found_and_sealed_by_and_by)
{
    i64 left, n, again, order = t_order();
    i64 all = found(PHONE);
    make_plain(order);
    shown(order, true);
    eq_int(found(PHONE), all);
    must(vault_plain(t_ctx(), &left));
    is_true(left >= 1);
    must(vault_hide(t_ctx(), 0, &n));
    eq_int(n, left);
    must(vault_plain(t_ctx(), &left));
    eq_int(left, 0);
    stands_nowhere(PHONE);
    shown(order, true);
    eq_int(found(PHONE), all);
    must(vault_hide(t_ctx(), 0, &again));
    eq_int(again, 0);
}

T(se_09_sealing_what_is_plain_can_be_broken_off)
{
    i64 left, n, order = t_order();
    make_plain(order);
    must(vault_hide(t_ctx(), -1, &n)); /* no time at all */
    eq_int(n, 0);
    must(vault_plain(t_ctx(), &left));
    is_true(left >= 1);
    shown(order, true);
}

T(se_09_what_an_older_version_writes_beside_a_newer_one_counts)
{
    i64 order = t_order();
    t_sql("update orders.\"order\" set phone = '0899999999', address = address || "
          "'{\"line1\": \"2 Lane\"}' where id = %" PRId64, order);
    eq_str(node_str(t_label(order), "phone"), "0899999999");
    eq_str(node_str(node_get(t_label(order), S("address")), "line1"), "2 Lane");
    t_sql("update orders.\"order\" set phone = '', address = address || '{\"line1\": \"\"}' "
          "where id = %" PRId64, order); /* erased */
    eq_str(node_str(t_label(order), "phone"), "");
    eq_str(node_str(node_get(t_label(order), S("address")), "line1"), "");
}
