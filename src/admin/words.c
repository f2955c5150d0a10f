/* What the trail calls insert, catalog.price and amount, in the words of who reads the page. The
 * names themselves stay beside them: they are what one searches by and what programs read. */
#include "admin/admin_in.h"
#include "orders/orders.h"
#include "web/web.h"

struct called {
    const char *name, *words;
};

static const struct called kinds[] = {
    { "rights", SAYS("Rights") },
    { "settings", SAYS("Settings") },
    { "content", SAYS("Content") },
    { "money", SAYS("Money") },
    { "stock", SAYS("Stock") },
    { "orders", SAYS("Orders") },
    { "keys", SAYS("Keys") },
    { "account", SAYS("Accounts") },
    { "event", SAYS("Events") },
};
static const struct called actions[] = {
    { "insert", SAYS("created") },
    { "update", SAYS("edited") },
    { "delete", SAYS("removed") },
    { "import", SAYS("brought in from a file") },
    { "export", SAYS("downloaded") },
    { "logins_ended", SAYS("all logins ended") },
    { "view_as", SAYS("looked through the customer's eyes") },
    { "view_as_end", SAYS("the look ended") },
    { "view_as_refused", SAYS("a change was refused during the look") },
    { "initial", SAYS("first count") },
    { "received", SAYS("goods came in") },
    { "corrected", SAYS("counted again") },
};
static const struct called things[] = {
    { "audit.entry", SAYS("Changes") },
    { "auth.api_key", SAYS("API key") },
    { "auth.identity", SAYS("Login elsewhere") },
    { "auth.invitation", SAYS("Invitation") },
    { "auth.member", SAYS("Team") },
    { "auth.organisation", SAYS("The shop") },
    { "auth.passkey", SAYS("Passkey") },
    { "auth.person", SAYS("Account") },
    { "auth.phone", SAYS("Mobile number") },
    { "auth.role", SAYS("Role") },
    { "auth.totp", SAYS("Authenticator app") },
    { "catalog.category", SAYS("Category") },
    { "catalog.front", SAYS("Home") },
    { "catalog.option", SAYS("Options") },
    { "catalog.option_value", SAYS("Options") },
    { "catalog.price", SAYS("Price") },
    { "catalog.product", SAYS("Product") },
    { "catalog.product_category", SAYS("Categories") },
    { "catalog.product_picture", SAYS("Pictures") },
    { "catalog.product_text", SAYS("Words") },
    { "catalog.variant", SAYS("Variant") },
    { "inventory.item", SAYS("Stock") },
    { "inventory.location", SAYS("Stock") },
    { "orders.order", SAYS("Order") },
    { "payments.transaction", SAYS("Payment") },
    { "pricing.tax_rate", SAYS("Tax") },
    { "shipping.method", SAYS("Delivery") },
    { "shipping.price", SAYS("Delivery") },
    { "vault.key", SAYS("Keys") },
};
static const struct called fields[] = {
    { "amount", SAYS("Amount") },
    { "brand", SAYS("Brand") },
    { "carrier", SAYS("Carrier") },
    { "compare_at", SAYS("Before") },
    { "description", SAYS("Description") },
    { "email", SAYS("E-mail") },
    { "name", SAYS("Name") },
    { "on_hand", SAYS("In stock") },
    { "quantity", SAYS("Quantity") },
    { "reason", SAYS("Why") },
    { "sku", SAYS("SKU") },
    { "status", SAYS("Status") },
    { "tax_class", SAYS("Tax class") },
    { "tracking", SAYS("Tracking number") },
};

static str find(struct ctx *c, const struct called *list, size_t n, str name, str otherwise)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, list[i].name))
            return say(c, list[i].words);
    return otherwise;
}
#define FIND(c, list, name, otherwise) find(c, list, COUNT(list), name, otherwise)

str admin_kind_words(struct ctx *c, str kind) { return FIND(c, kinds, kind, kind); }

/* What its amounts are in: said by the row, or by the end of its name ("160 THB"). */
static str currency_of(const struct node *row)
{
    static const char *const sides[] = { "after", "before" };
    str id = node_str(row, "thing_id");
    for (size_t i = 0; i < COUNT(sides); i++) {
        str said = node_str(node_get(row, str_of(sides[i])), "currency");
        if (said.n)
            return said;
    }
    return id.n > 4 && id.p[id.n - 4] == ' ' ? (str){ id.p + id.n - 3, 3 } : str_none;
}

static str shown(struct ctx *c, str field, str value, str currency, str zone)
{
    i64 minor;
    when at;
    bool is_money = str_is(field, "amount") || str_is(field, "compare_at");
    if (is_money && currency.n == 3 && str_int(value, &minor))
        return locale_money(c, minor, currency);
    if (when_parse(value, &at))
        return locale_date(c, at, zone, true);
    return str_is(value, "(hidden)") ? say(c, "(not shown)") : value;
}

void admin_put_into_words(struct ctx *c, struct node *row, str zone)
{
    str action = node_str(row, "action"), thing = node_str(row, "thing"),
        currency = currency_of(row);
    str did = str_is(thing, "orders.order") ? orders_event_words(c, action)
                                            : FIND(c, actions, action, action);
    node_hide(
        node_set_str(c->mem, row, S("kind_words"), admin_kind_words(c, node_str(row, "kind"))));
    node_hide(node_set_str(c->mem, row, S("action_words"), did));
    node_hide(node_set_str(c->mem, row, S("thing_words"), FIND(c, things, thing, str_none)));
    EACH(item, node_get(row, S("changes"))) {
        struct node *one = (struct node *)&item->node;
        str field = node_str(one, "field"), was = node_str(one, "before"),
            now = node_str(one, "after");
        node_hide(node_set_str(c->mem, one, S("field_words"), FIND(c, fields, field, str_none)));
        node_hide(node_set_str(c->mem, one, S("was"), shown(c, field, was, currency, zone)));
        node_hide(node_set_str(c->mem, one, S("is_now"), shown(c, field, now, currency, zone)));
        node_hide(node_set_bool(c->mem, one, S("tells"), was.n || now.n));
    }
}
