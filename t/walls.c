/* What the database lets the programs see when nobody, or somebody else, is in the scope: over
 * every table they may read, so that a new one is in it from the day it is made. */
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web.h"

enum { NEW_HOUSE = 990 };

static struct node *tables(const char *more)
{
    return t_rows(str_fmt(t_ctx()->mem,
        "select c.oid::regclass::text as name from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_)' "
        "and has_table_privilege('talat_app', c.oid, 'select') %s order by 1",
        more)
                      .p);
}

static struct node *tables_with(const char *column)
{
    return tables(str_fmt(t_ctx()->mem,
        "and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = '%s' "
        "and not a.attisdropped)",
        column)
                      .p);
}

/* What everybody may see of a table, as a condition on its rows. The catalogue's rows are seen by
 * their product; what is of the shop as such is named with its reason. */
static const struct {
    const char *table, *open;
} opens[] = {
    { "auth.organisation", "true" }, /* its name and rules stand on every page */
    { "catalog.category", "true" },  /* the shelves' names */
    { "catalog.front", "true" },     /* the first page's picture */
    { "media.picture", "id in (select picture_id from catalog.product_picture) or id in (select "
                       "picture_id from catalog.front) or id in (select picture_id from "
                       "catalog.category)" },
    { "pricing.tax_rate", "true" },  /* laws */
    { "shipping.method", "true" },   /* the price list of delivery */
    { "shipping.price", "true" },
    { "shipping.step", "true" },
    { "ops.change", "true" }, /* which version the schema is */
    { "ops.mark", "true" },
    { "work.outbox", "created_at = now()" }, /* what this very transaction has written */
    { "work.job", "created_at = now()" },
    { "catalog.product", "status = 'published'" },
    { "inventory.item", "id in (select item_id from catalog.variant)" },
    { "inventory.stock", "item_id in (select item_id from catalog.variant)" },
};

static const char *what_is_open(str table)
{
    for (size_t i = 0; i < COUNT(opens); i++)
        if (str_is(table, opens[i].table))
            return opens[i].open;
    return str_starts(table, S("catalog."))
        ? "product_id in (select id from catalog.product where status = 'published')"
        : "false";
}

/* Something in the tables: an order of the shopper's, paid, and a product that is a draft. */
static void fill(void)
{
    t_open();
    t_login("shopper@example.test");
    t_stock(CABLE, 9);
    i64 order = t_order();
    t_paid(order);
    t_sql("update catalog.product set status = 'draft' where id = (select product_id from "
          "catalog.variant where sku = '%s'); select catalog.reshelve((select product_id from "
          "catalog.variant where sku = '%s'))",
        RADIO, RADIO);
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (%d, 't-else', 'Else')",
        NEW_HOUSE);
}

/* As the scope: rows that are not open; no table may have one. */
static void holds_for(struct scope scope, const struct node *list, const char *foreign)
{
    struct buf leaks = buf_new(t_ctx()->mem, 10000);
    i64 n = 0;
    EACH(item, list) {
        str table = node_str(&item->node, "name");
        i64 seen = t_int_as(scope,
            str_fmt(t_ctx()->mem, "select count(*) as n from %.*s where not (%s) and (%s)",
                STR(table), what_is_open(table), foreign)
                .p);
        n++;
        if (seen)
            buf_fmt(&leaks, " %.*s (%" PRId64 ")", STR(table), seen);
    }
    is_true(n > 3);
    if (leaks.n)
        ck_abort_msg("rows of others:%.*s", STR(buf_str(&leaks)));
}

T(without_anybody_in_the_scope_only_what_is_for_sale_is_seen_AC_09)
{
    fill();
    struct node *list = tables("");
    is_true(node_count(list) > 40);
    eq_int(t_int("select count(*) as n from catalog.product where status = 'draft'") > 0, true);
    holds_for((struct scope){ 0 }, list, "true");
    struct scope nobody = { 0 };
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(1, 'zqzqzqzqzqzqzqzz', 9, 9, '{9}'); "
          "insert into catalog.product_picture (product_id, picture_id, organisation_id, position) "
          "select product_id, (select max(id) from media.picture), 1, 98 from catalog.variant "
          "where sku = '" CABLE "'");
    i64 pictures = t_int_as(nobody, "select count(*) as n from media.picture");
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(1, 'zqzqzqzqzqzqzqzq', 9, 9, '{9}')"); /* uploaded, shown nowhere */
    eq_int(t_int_as(nobody, "select count(*) as n from media.picture"), pictures);
    is_true(t_int_as(nobody, "select count(*) as n from media.picture where id in (select x.picture_id "
                             "from catalog.product_picture x)") > 0);
    is_true(t_int_as(nobody, "select count(*) as n from catalog.product") > 10);
    eq_int(
        t_int_as(nobody, "select count(*) as n from catalog.variant where sku = '" RADIO "'"), 0);
    eq_int(t_int_as(nobody, "select count(*) as n from inventory.item where sku = '" RADIO "'"), 0);
}

T(another_organisation_sees_no_row_of_this_one_AC_09)
{
    fill();
    struct scope other = { .organisation = NEW_HOUSE };
    struct node *list = tables_with("organisation_id");
    holds_for(other, list, "organisation_id is distinct from 990");
    holds_for(other, tables_with("order_id"), "true");
    holds_for(other, tables_with("person_id"), "person_id is not null");
    eq_int(t_int_as(other, "select count(*) as n from auth.person"), 0);
    eq_int(t_int_as(other, "select count(*) as n from orders.\"order\""), 0);
}

T(another_person_sees_nothing_of_this_one_AC_09)
{
    fill();
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (990, 'mali@example.test', 'Mali', 'x')");
    struct scope other = { .person = 990 };
    holds_for(other, tables_with("person_id"), "person_id is distinct from 990");
    holds_for(other, tables_with("order_id"), "true");
    eq_int(t_int_as(other, "select count(*) as n from auth.person where id <> 990"), 0);
}

T(nobody_changes_what_is_not_theirs_AC_09_SE_20)
{
    fill();
    struct node *list = tables("and has_table_privilege('talat_app', c.oid, 'delete') "
                               "and c.relrowsecurity and c.relkind = 'r'");
    struct scope nobody = { 0 };
    is_true(node_count(list) > 15);
    EACH(item, list) {
        str table = node_str(&item->node, "name");
        eq_int(t_int_as(nobody,
                   str_fmt(t_ctx()->mem,
                       "with gone as (delete from %.*s returning 1) select count(*) as n from gone",
                       STR(table))
                       .p),
            0);
    }
}

/* What is written once, and the way to more rights, even by statements that are not ours. */
T(the_role_of_the_programs_owns_nothing_makes_nothing_and_rewrites_no_book_SE_20)
{
    t_open();
    eq_str(t_str("select current_user as s"), "talat_app");
    eq_int(t_int("select count(*) as n from pg_roles where pg_has_role('talat_app', oid, 'member') "
                 "and (rolname <> 'talat_app' or rolsuper or rolbypassrls or rolcreaterole "
                 "or rolcreatedb or rolreplication)"),
        0);
    eq_int(t_int("select count(*) as n from pg_class where relowner = 'talat_app'::regrole"), 0);
    eq_int(t_int("select count(*) as n from pg_proc where proowner = 'talat_app'::regrole"), 0);
    eq_str(t_str("select coalesce(string_agg(nspname, ' '), '') as s from pg_namespace "
                 "where nspname !~ '^pg_' and has_schema_privilege('talat_app', oid, 'create')"),
        "");
    eq_str(t_str("select coalesce(string_agg(oid::regclass::text, ' '), '') as s from pg_class "
                 "where oid in ('audit.entry'::regclass, 'audit.seal'::regclass, "
                 "'payments.transaction'::regclass, 'payments.entry'::regclass, "
                 "'inventory.movement'::regclass, 'orders.line'::regclass, "
                 "'orders.event'::regclass, 'ops.change'::regclass) "
                 "and has_table_privilege('talat_app', oid, 'update, delete, truncate, trigger')"),
        "");
}
