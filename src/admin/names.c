/* names.c: whose the numbers of an entry are: what that is called today, and where it is looked
 * after. What is gone, or not for whoever looks to see, keeps its number. */
#include "admin/admin_in.h"
#include "gen/queries.h"
#include "io/io.h"
#include "web/web.h"

enum { MOST_NAMES = 1000 };

static const struct {
    const char *field, *table;
} references[] = {
    { "category_id", "catalog.category" },
    { "invited_by", "auth.person" },
    { "item_id", "inventory.item" },
    { "organisation_id", "auth.organisation" },
    { "parent_id", "catalog.category" },
    { "person_id", "auth.person" },
    { "product_id", "catalog.product" },
    { "revoked_by", "auth.person" },
    { "role_id", "auth.role" },
    { "variant_id", "catalog.variant" },
};

/* The n-th number of a thing's own. */
static const struct {
    const char *thing, *table;
    int n;
} things[] = {
    { "auth.api_key", "auth.api_key", 0 },
    { "auth.member", "auth.person", 1 },
    { "auth.organisation", "auth.organisation", 0 },
    { "auth.person", "auth.person", 0 },
    { "auth.role", "auth.role", 0 },
    { "catalog.category", "catalog.category", 0 },
    { "catalog.price", "catalog.variant", 0 },
    { "catalog.product", "catalog.product", 0 },
    { "catalog.product_category", "catalog.product", 0 },
    { "catalog.product_text", "catalog.product", 0 },
    { "catalog.variant", "catalog.variant", 0 },
    { "inventory.item", "inventory.item", 0 },
};

static str table_of_field(str field)
{
    for (size_t i = 0; i < COUNT(references); i++)
        if (str_is(field, references[i].field))
            return str_of(references[i].table);
    return str_none;
}

static str table_of_thing(const struct node *row, str *number)
{
    for (size_t i = 0; i < COUNT(things); i++) {
        str rest = node_str(row, "thing_id");
        if (!str_is(node_str(row, "thing"), things[i].thing))
            continue;
        for (int n = 0; n <= things[i].n; n++)
            if (!str_cut(&rest, ' ', number))
                return str_none;
        return str_of(things[i].table);
    }
    return str_none;
}

struct asked {
    str tables[MOST_NAMES];
    i64 ids[MOST_NAMES];
    size_t n;
};

static void ask(struct asked *a, str table, str number)
{
    i64 id;
    if (!table.n || !str_int(number, &id) || a->n == MOST_NAMES)
        return;
    for (size_t i = 0; i < a->n; i++)
        if (a->ids[i] == id && str_eq(a->tables[i], table))
            return;
    a->tables[a->n] = table;
    a->ids[a->n++] = id;
}

int admin_find_names(struct ctx *c, i64 organisation, const struct node *entries, struct node **out)
{
    struct asked *a = NEW(c->mem, struct asked);
    struct node *rows;
    EACH(entry, entries) {
        str number = str_none, table = table_of_thing(&entry->node, &number);
        ask(a, table, number);
        EACH(change, node_get(&entry->node, S("changes"))) {
            table = table_of_field(node_str(&change->node, "field"));
            ask(a, table, node_str(&change->node, "before"));
            ask(a, table, node_str(&change->node, "after"));
        }
    }
    TRY(q_story_names(c, &rows, organisation, c->lang, a->tables, a->n, a->ids, a->n));
    *out = node_map(c->mem);
    EACH(item, rows)
        node_set(c->mem, *out, node_str(&item->node, "key"), (struct node *)&item->node);
    return E_OK;
}

static const struct node *named(struct ctx *c, const struct node *names, str table, str number)
{
    return table.n && number.n
        ? node_get(names, str_fmt(c->mem, "%.*s %.*s", STR(table), STR(number))) : NULL;
}

str admin_name_of(struct ctx *c, const struct node *names, str field, str number)
{
    const struct node *one = named(c, names, table_of_field(field), number);
    return one ? node_str(one, "name") : str_none;
}

void admin_name_thing(struct req *r, const struct node *names, struct node *row)
{
    struct ctx *c = &r->c;
    str number = str_none, table = table_of_thing(row, &number), path = str_none;
    const struct node *one = named(c, names, table, number);
    str slug = one ? node_str(one, "slug") : str_none;
    i64 id;
    if (one && str_is(table, "auth.person") && may(&r->who, ACCOUNTS_MANAGE) && str_int(number, &id))
        path = str_fmt(c->mem, "/admin/accounts/%.*s",
            STR(crypto_opaque(c->mem, c->app->secret, "person", id)));
    else if (slug.n && str_is(table, "catalog.category"))
        path = may(&r->who, SHOP_MANAGE)
            ? str_fmt(c->mem, "/admin/settings/categories/%.*s", STR(slug)) : str_none;
    else if (slug.n && may(&r->who, CATALOG_READ))
        path = str_fmt(c->mem, "/admin/products/%.*s", STR(slug));
    node_hide(node_set_str(
        c->mem, row, S("thing_name"), one ? node_str(one, "name") : str_none));
    node_hide(node_set_str(c->mem, row, S("thing_path"), path));
}
