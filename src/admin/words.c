/* words.c: the audit trail as people read it. Tables, columns and what was done have one word
 * each here; money, times and texts in several languages are written as on any page. What has no
 * word is shown as it is named. JSON, files and filters keep the names. */
#include "admin/admin_in.h"
#include "auth/auth.h"
#include "catalog/catalog.h"
#include "io/io.h"
#include "orders/orders.h"
#include "web/web.h"
#include <ctype.h>

struct word {
    const char *name, *words;
};

static const struct word kinds[] = {
    { "rights", SAYS("Rights") },
    { "settings", SAYS("Settings") },
    { "content", SAYS("Content") },
    { "money", SAYS("Money") },
    { "stock", SAYS("Stock") },
    { "orders", SAYS("Orders") },
    { "keys", SAYS("Keys") },
    { "account", SAYS("Accounts") },
    { "event", SAYS("Events") },
    { NULL, NULL },
};

static const struct word things[] = {
    { "auth.person", SAYS("Account") },
    { "auth.passkey", SAYS("Passkey") },
    { "auth.totp", SAYS("Authenticator app") },
    { "auth.phone", SAYS("Telephone") },
    { "auth.identity", SAYS("Login elsewhere") },
    { "auth.api_key", SAYS("API key") },
    { "auth.organisation", SAYS("Organisation") },
    { "auth.member", SAYS("Team member") },
    { "auth.role", SAYS("Role of your own") },
    { "auth.invitation", SAYS("Invitation") },
    { "catalog.product", SAYS("Product") },
    { "catalog.product_text", SAYS("Product text") },
    { "catalog.product_category", SAYS("Product's categories") },
    { "catalog.product_picture", SAYS("Product picture") },
    { "catalog.category", SAYS("Category") },
    { "catalog.option", SAYS("Option") },
    { "catalog.option_value", SAYS("Option value") },
    { "catalog.variant", SAYS("Variant") },
    { "catalog.price", SAYS("Price") },
    { "catalog.front", SAYS("Front page") },
    { "inventory.item", SAYS("Stock") },
    { "inventory.location", SAYS("Place of stock") },
    { "orders.order", SAYS("Order") },
    { "payments.transaction", SAYS("Ledger") },
    { "pricing.tax_rate", SAYS("Tax rate") },
    { "shipping.method", SAYS("Delivery") },
    { "shipping.price", SAYS("Delivery price") },
    { "shipping.step", SAYS("Delivery price by weight") },
    { "vault.key", SAYS("Sealing key") },
    { "audit.entry", SAYS("This list") },
    { "audit.seal", SAYS("Seal of this list") },
    { "ops.finding", SAYS("What is wrong with the shop") },
    { NULL, NULL },
};

static const struct word actions[] = {
    { "insert", SAYS("Added") },
    { "update", SAYS("Changed") },
    { "delete", SAYS("Removed") },
    { "import", SAYS("Imported") },
    { "export", SAYS("Downloaded") },
    { "logins_ended", SAYS("Logins ended") },
    { "recovery_codes", SAYS("New recovery codes") },
    { "new_country", SAYS("Logged in from a new country") },
    { "used_elsewhere", SAYS("Used from somewhere new") },
    { "view_as", SAYS("Began to see the shop as a customer") },
    { "view_as_end", SAYS("Stopped seeing the shop as a customer") },
    { "view_as_refused", SAYS("Refused while seeing the shop as a customer") },
    { "cut", SAYS("Older entries removed") },
    { "known", SAYS("Known: no more mails") },
    { "not_known", SAYS("Mails again") },
    { "resealed", SAYS("Sealed anew") },
    { "initial", SAYS("First count") },
    { "received", SAYS("Received") },
    { "corrected", SAYS("Counted") },
    { "capture", SAYS("Payment booked") },
    { "refund", SAYS("Refund booked") },
    { "dispute", SAYS("Dispute booked") },
    { NULL, NULL },
};

static const struct word fields[] = {
    { "active", SAYS("For sale") },
    { "alts", SAYS("Picture text") },
    { "amount", SAYS("Amount") },
    { "blocked_at", SAYS("Blocked") },
    { "blocked_reason", SAYS("Why") },
    { "brand", SAYS("Brand") },
    { "broken", SAYS("Broken seals") },
    { "buyer", SAYS("Buyer") },
    { "carrier", SAYS("Carrier") },
    { "category_id", SAYS("Category") },
    { "code", SAYS("Code") },
    { "compare_at", SAYS("Price before") },
    { "countries", SAYS("Countries") },
    { "country", SAYS("Country") },
    { "created_at", SAYS("Since") },
    { "currency", SAYS("Currency") },
    { "delivery", SAYS("Delivery") },
    { "description", SAYS("Description") },
    { "descriptions", SAYS("Description") },
    { "dispute", SAYS("In dispute") },
    { "due_at", SAYS("Answer by") },
    { "email", SAYS("E-mail") },
    { "entries", SAYS("Rows") },
    { "erased_at", SAYS("Erased") },
    { "expires_at", SAYS("Good until") },
    { "featured", SAYS("Featured") },
    { "free_from", SAYS("Free from") },
    { "hash", SAYS("Digest") },
    { "heaviest_g", SAYS("Heaviest cart in grams") },
    { "id", SAYS("Its number") },
    { "invited_by", SAYS("Invited by") },
    { "is_current", SAYS("In use") },
    { "is_factor", SAYS("Used for codes") },
    { "item_id", SAYS("Stock") },
    { "lang", SAYS("Language") },
    { "logins", SAYS("Logins") },
    { "minutes", SAYS("Minutes") },
    { "name", SAYS("Name") },
    { "names", SAYS("Name") },
    { "on_hand", SAYS("In stock") },
    { "option_id", SAYS("Option") },
    { "organisation", SAYS("Organisation") },
    { "organisation_id", SAYS("Organisation") },
    { "outcome", SAYS("Outcome") },
    { "parent_id", SAYS("Under") },
    { "password_hash", SAYS("Password") },
    { "permissions", SAYS("May") },
    { "person_id", SAYS("Account") },
    { "phone", SAYS("Telephone") },
    { "picture_id", SAYS("Picture") },
    { "place", SAYS("Role") },
    { "platform", SAYS("Platform") },
    { "position", SAYS("Place in the list") },
    { "prefix", SAYS("Begins with") },
    { "product_id", SAYS("Product") },
    { "promises", SAYS("Promise") },
    { "provider", SAYS("Provider") },
    { "quantity", SAYS("Quantity") },
    { "rate_bp", SAYS("Rate (hundredths of a percent)") },
    { "reason", SAYS("Why") },
    { "revoked_at", SAYS("Revoked") },
    { "revoked_by", SAYS("Revoked by") },
    { "role", SAYS("Role") },
    { "role_id", SAYS("Role of your own") },
    { "rounding", SAYS("Rounding") },
    { "rows", SAYS("Rows") },
    { "scopes", SAYS("May") },
    { "second_factor", SAYS("Second factor") },
    { "sku", SAYS("SKU") },
    { "slug", SAYS("Web address") },
    { "specs", SAYS("Details") },
    { "status", SAYS("Status") },
    { "summary", SAYS("Summary") },
    { "tags", SAYS("Tags") },
    { "tax", SAYS("Tax") },
    { "tax_class", SAYS("Tax class") },
    { "tax_inclusive", SAYS("Prices with tax") },
    { "tracked", SAYS("Stock is counted") },
    { "tracking", SAYS("Tracking number") },
    { "until", SAYS("Good until") },
    { "up_to_g", SAYS("Up to (grams)") },
    { "value_id", SAYS("Option value") },
    { "value_ids", SAYS("Options") },
    { "variant_id", SAYS("Variant") },
    { "verified_at", SAYS("Address confirmed") },
    { "weight_g", SAYS("Weight in grams") },
    { "zone", SAYS("Time zone") },
    { NULL, NULL },
};

static const struct word values[] = {
    { "(hidden)", SAYS("hidden") },
    { "true", SAYS("Yes") },
    { "false", SAYS("No") },
    { "owner", SAYS("Owner") },
    { "admin", SAYS("Administrator") },
    { "member", SAYS("Member") },
    { "viewer", SAYS("Viewer") },
    { "own", SAYS("Role of your own") },
    { "open", SAYS("Not answered yet") },
    { "accepted", SAYS("accepted") },
    { "withdrawn", SAYS("withdrawn") },
    { "per_line", SAYS("of each line of an order") },
    { "per_total", SAYS("of the whole order, once") },
    { "draft", SAYS("Draft") },
    { "published", SAYS("Published") },
    { "archived", SAYS("Archived") },
    { NULL, NULL },
};

static str word_of(struct ctx *c, const struct word *list, str name)
{
    for (; list->name; list++)
        if (str_is(name, list->name))
            return say(c, list->words);
    return str_none;
}

static str word_or_name(struct ctx *c, const struct word *list, str name)
{
    str words = word_of(c, list, name);
    return words.n ? words : name;
}

str admin_kind_words(struct ctx *c, str kind) { return word_or_name(c, kinds, kind); }

/* ---- one value ------------------------------------------------------------------------------- */

static bool is_one_of(str field, const char *const *names)
{
    for (; *names; names++)
        if (str_is(field, *names))
            return true;
    return false;
}

/* {"en": "Tea", "th": "ชา"}: a line for each language; anything else stays JSON. */
static str texts_of(struct ctx *c, str json)
{
    struct node *map;
    struct buf out = buf_new(c->mem, 4000);
    if (!str_starts(json, S("{")) || json_read(c, json, &map))
        return fault_clear(c), json;
    EACH(item, map) {
        if (item->node.kind != N_STR || item->key.n != 2)
            return json;
        buf_fmt(&out, "%s%.*s: %.*s", out.n ? " · " : "", STR(item->key), STR(item->node.as.text));
    }
    return out.n && !out.full ? buf_str(&out) : json;
}

/* ["orders:read","catalog:read"], as the permissions are called. */
static str permission_list(struct ctx *c, str json)
{
    struct buf out = buf_new(c->mem, 4000);
    str name;
    for (bool quoted = false; json.n; quoted = !quoted) {
        str_cut(&json, '"', &name);
        if (!quoted)
            continue;
        buf_add(&out, out.n ? S(", ") : str_none);
        buf_add(&out, permission_words(c, name));
    }
    return buf_str(&out);
}

/* Of what money is: what stands beside it, or behind the thing's number ("12 THB"). */
static str currency_of(const struct node *row)
{
    str id = node_str(row, "thing_id"), first;
    str own = node_str(node_get(row, S("after")), "currency");
    own = own.n ? own : node_str(node_get(row, S("before")), "currency");
    return own.n ? own : str_cut(&id, ' ', &first) ? id : str_none;
}

static str value_words(struct ctx *c, const struct node *names, const struct node *row, str zone,
    str field, str text)
{
    static const char *const moneys[] = { "amount", "compare_at", "free_from", NULL };
    static const char *const accounts[] = { "buyer", "provider", "dispute", "organisation",
        "platform", "tax", "delivery", NULL };
    str currency = currency_of(row), words = word_of(c, values, text), amount, rest = text;
    when at;
    str name = admin_name_of(c, names, field, text);
    i64 minor;
    if (!text.n || str_is(text, "[]") || str_is(text, "{}"))
        return str_none;
    if (words.n || name.n)
        return name.n ? name : words;
    if (is_one_of(field, moneys) && currency.n == 3 && str_int(text, &minor))
        return locale_money(c, minor, currency);
    if (is_one_of(field, accounts) && str_cut(&rest, ' ', &amount) && rest.n == 3 &&
        str_int(amount, &minor))
        return locale_money(c, minor, rest);
    if ((str_ends(field, S("_at")) || str_is(field, "until")) && when_parse(text, &at))
        return locale_date(c, at, zone, true);
    if (str_is(field, "tax_class"))
        return catalog_tax_class(c, text);
    if (str_is(field, "country"))
        return locale_country(c, text);
    if (str_is(field, "scopes") || str_is(field, "permissions"))
        return permission_list(c, text);
    return texts_of(c, text);
}

/* ---- one entry ------------------------------------------------------------------------------- */

static void hide(struct ctx *c, struct node *map, const char *key, str words)
{
    node_hide(node_set_str(c->mem, map, str_of(key), words));
}

/* The ledger's causes and accounts carry a number behind: "capture:attempt:7", "buyer 12". */
static str without_number(str name, char sign)
{
    str rest = name, first;
    return str_cut(&rest, sign, &first) ? first : name;
}

void admin_put_into_words(
    struct ctx *c, const struct node *names, struct node *row, str zone)
{
    str thing = node_str(row, "thing"), action = node_str(row, "action");
    bool is_ledger = str_is(thing, "payments.transaction");
    str number = node_str(row, "thing_id");
    node_hide(node_set_bool(c->mem, row, S("is_numbered"), number.n && isdigit(number.p[0])));
    hide(c, row, "kind_words", admin_kind_words(c, node_str(row, "kind")));
    hide(c, row, "thing_words", word_or_name(c, things, thing));
    hide(c, row, "action_words",
        str_is(thing, "orders.order")
            ? orders_event_words(c, action)
            : word_or_name(c, actions, is_ledger ? without_number(action, ':') : action));
    EACH(item, node_get(row, S("changes"))) {
        struct node *one = (struct node *)&item->node;
        str field = node_str(one, "field");
        if (is_ledger)
            field = without_number(field, ' ');
        hide(c, one, "field_words", word_or_name(c, fields, field));
        str was = value_words(c, names, row, zone, field, node_str(one, "before"));
        str now = value_words(c, names, row, zone, field, node_str(one, "after"));
        hide(c, one, "was", was);
        hide(c, one, "is_now", now);
        node_hide(node_set_bool(c->mem, one, S("tells"), was.n || now.n));
    }
}

/* ---- to choose from -------------------------------------------------------------------------- */

static struct node *add_choices(
    struct ctx *c, struct node *document, const char *as, const struct word *list, str chosen)
{
    struct node *all = node_hide(node_set_list(c->mem, document, str_of(as)));
    for (; list->name; list++) {
        struct node *one = node_add_map(c->mem, all);
        node_set_str(c->mem, one, S("code"), str_of(list->name));
        node_set_str(c->mem, one, S("words"), say(c, list->words));
        node_set_bool(c->mem, one, S("is_chosen"), str_is(chosen, list->name));
    }
    return all;
}

void admin_add_choices(struct ctx *c, struct node *document, str thing, str action)
{
    add_choices(c, document, "things", things, thing);
    orders_event_kinds(c, add_choices(c, document, "actions", actions, action), action);
}

bool admin_is_thing(str name)
{
    for (const struct word *w = things; w->name; w++)
        if (str_is(name, w->name))
            return true;
    return false;
}
