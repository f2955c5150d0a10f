/* The one list of what this shop can do. A new feature is one new line here, and one more
 * where it has a menu, jobs, readers, mails or cron rows. */
#include "account/account.h"
#include "admin/admin.h"
#include "auth/auth.h"
#include "cart/cart.h"
#include "catalog/catalog.h"
#include "checkout/checkout.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "ops/ops.h"
#include "orders/orders.h"
#include "payments/payments.h"
#include "vault/vault.h"
#include "watch/watch.h"
#include "web/web.h"
#include "work/work.h"

#define FEATURES(X)                                                                                \
    X(ops)                                                                                         \
    X(auth)                                                                                        \
    X(auth_reset)                                                                                  \
    X(auth_ways)                                                                                   \
    X(notify)                                                                                      \
    X(account)                                                                                     \
    X(account_consent)                                                                             \
    X(account_data)                                                                                \
    X(auth_own)                                                                                    \
    X(auth_api)                                                                                    \
    X(auth_keys)                                                                                   \
    X(auth_team)                                                                                   \
    X(auth_view_as)                                                                                \
    X(auth_roles)                                                                                  \
    X(auth_social)                                                                                 \
    X(auth_second)                                                                                 \
    X(auth_confirm)                                                                                \
    X(auth_security)                                                                               \
    X(auth_phone)                                                                                  \
    X(auth_passkey)                                                                                \
    X(catalog)                                                                                     \
    X(catalog_sitemap)                                                                             \
    X(catalog_admin)                                                                               \
    X(catalog_categories)                                                                          \
    X(pricing)                                                                                     \
    X(shipping)                                                                                    \
    X(cart)                                                                                        \
    X(checkout)                                                                                    \
    X(checkout_api)                                                                                \
    X(orders)                                                                                      \
    X(orders_api)                                                                                  \
    X(orders_admin)                                                                                \
    X(orders_ship)                                                                                 \
    X(orders_disputes)                                                                             \
    X(payments)                                                                                    \
    X(watch)                                                                                       \
    X(admin)                                                                                       \
    X(admin_settings)                                                                              \
    X(admin_accounts)                                                                              \
    X(admin_audit)
#define WITH_JOBS(X)                                                                               \
    X(work) X(nodes) X(ops) X(ops_rounds) X(account) X(admin) X(auth) X(auth_codes) X(notify) X(notify_sms) X(catalog)    \
    X(payments) X(orders) X(watch)
#define WITH_CRONS(X)                                                                              \
    X(admin) X(audit) X(auth) X(auth_api) X(auth_second) X(auth_social) X(cart) X(checkout)        \
    X(notify) X(notify_sms) X(payments) X(orders) X(ops) X(ops_rounds) X(watch)
#define WITH_MAILS(X)                                                                              \
    X(account) X(admin) X(auth) X(auth_block) X(auth_factor) X(auth_keys) X(auth_phone) X(orders) X(ops)    \
    X(ops_rounds) X(watch)

#define DECLARE(feature)       extern const struct route feature##_routes[];
#define DECLARE_JOBS(feature)  extern const struct job_kind feature##_jobs[];
#define DECLARE_CRONS(feature) extern const struct cron feature##_crons[];
#define DECLARE_MAILS(feature) extern const struct notify_builder feature##_mails[];
FEATURES(DECLARE)
WITH_JOBS(DECLARE_JOBS)
WITH_CRONS(DECLARE_CRONS)
WITH_MAILS(DECLARE_MAILS)

#define ROWS(feature)      feature##_routes,
#define NAME(feature)      #feature,
#define JOB_ROWS(feature)  feature##_jobs,
#define CRON_ROWS(feature) feature##_crons,
#define MAIL_ROWS(feature) feature##_mails,
static const struct route *const routes[] = { FEATURES(ROWS) NULL };
static const char *const names[] = { FEATURES(NAME) NULL };
static const struct job_kind *const jobs[] = { WITH_JOBS(JOB_ROWS) NULL };
static const struct cron *const crons[] = { WITH_CRONS(CRON_ROWS) NULL };
static const struct notify_builder *const mails[] = { WITH_MAILS(MAIL_ROWS) NULL };

/* The back office's, in the order of a merchant's day. */
static const struct menu menu[] = {
    { SAYS("Today"), "/admin", DASHBOARD_READ },
    { SAYS("Orders"), "/admin/orders", ORDERS_READ_ALL },
    { SAYS("Products"), "/admin/products", CATALOG_READ },
    { SAYS("Customers"), "/admin/customers", CUSTOMERS_READ },
    { SAYS("Accounts"), "/admin/accounts", ACCOUNTS_MANAGE },
    { SAYS("Security"), "/admin/security", SECURITY_READ },
    { SAYS("Health"), "/admin/health", SECURITY_READ, .count = ops_ill },
    { SAYS("API keys"), "/admin/keys", API_KEYS_MANAGE },
    { SAYS("Team"), "/admin/team", TEAM_READ, "/admin/roles" },
    { SAYS("Changes"), "/admin/audit", AUDIT_READ },
    { SAYS("Settings"), "/admin/settings", SETTINGS_MANAGE },
    { NULL, NULL, ANYONE },
};

/* Who hears which event: event -> kind of job. */
static const struct reader readers[] = {
    { "order.*", "orders.push" },
    { "product.changed", "catalog.product" },
    { "category.changed", "catalog.category" },
    { "category.changed", "catalog.menu", .unless = "keepsMenu" },
    { "inventory.updated", "catalog.stock", .unless = "isPlenty" },
    { 0 },
};

/* Columns of sealed text: vault seals them anew, and what older versions have left plain. */
static const struct vault_column sealed[] = {
    { "auth.totp.secret", VAULT_PERSON, q_auth_sealed_totp, q_auth_reseal_totp },
    { "auth.phone.number", VAULT_PERSON, q_auth_sealed_phone, q_auth_reseal_phone },
    { "payments.attempt.client_secret", VAULT_HOUSE, q_payments_sealed, q_payments_seal_anew },
    { "account.address.sealed", VAULT_PERSON, q_account_sealed, q_account_seal_anew,
        .plain = q_account_plain, .hide = account_hide, .count_plain = q_account_count_plain,
        .was_house = true },
    { "auth.person.sealed", VAULT_PERSON, q_auth_sealed_person, q_auth_reseal_person,
        .plain = q_auth_plain_person, .hide = auth_hide, .count_plain = q_auth_count_plain_person,
        .was_house = true },
    { "checkout.draft.sealed", VAULT_PERSON, q_checkout_sealed, q_checkout_seal_anew,
        .plain = q_checkout_plain, .hide = checkout_hide, .count_plain = q_checkout_count_plain,
        .was_house = true },
    { "orders.order.sealed", VAULT_ORGANISATION, q_orders_sealed, .renew = orders_renew_sealed,
        .plain = q_orders_plain, .hide = orders_hide, .count_plain = q_orders_count_plain },
    { 0 },
};

/* Who bought what, in tables that are read by it: the dump of a backup has it not. */
#define MASKS(...) (const char *const[]) { __VA_ARGS__, NULL }
#define NO_CITY    "address || '{\"city\": \"\", \"region\": \"\", \"postcode\": \"\"}'"
#define NAMES                                                                                      \
    "regexp_replace(body, '(\"[a-z_]*(?:email|name|city|state|postal_code)\"\\s*:\\s*)"            \
    "\"(?:[^\"\\\\]|\\\\.)*\"', '\\1\"\"', 'g')"
#define NUMBER     "(select lower(o.number) from orders.\"order\" o where o.id = order_id)"
#define NO_EMAIL                                                                                   \
    "request || case when request ? 'email' then '{\"email\": \"\"}' else '{}' end::jsonb"
static const struct vault_veil veils[] = {
    { "orders.\"order\"", "orders.order.backup", VAULT_ORGANISATION,
        MASKS("email", "''", "name", "''", "address", NO_CITY), q_orders_in_backup,
        q_orders_out_of_backup },
    { "orders.words", .masks = MASKS("words", NUMBER) },
    { "orders.answer", .masks = MASKS("answer", "null") },
    { "notify.mail", "notify.mail.backup", VAULT_ORGANISATION,
        MASKS("recipient", "case when order_id is null then recipient else '' end", "answer",
            "case when order_id is null then answer else '' end"),
        q_orders_mails_in_backup, q_notify_out_of_backup },
    { "payments.attempt", "payments.attempt.backup", VAULT_ORGANISATION,
        MASKS("request", NO_EMAIL), q_orders_attempts_in_backup, q_payments_out_of_backup },
    { "payments.event", .masks = MASKS("body", NAMES) },
    { "checkout.draft", "checkout.draft.backup", VAULT_PERSON,
        MASKS("email", "''", "name", "''", "address", NO_CITY), q_checkout_in_backup,
        q_checkout_out_of_backup },
    { 0 },
};

/* What is known of a person, and by whom: in the order in which it is erased. */
static const struct personal personal[] = {
    { "orders", orders_collect, orders_must_wait, orders_erase, orders_later },
    { "checkout", checkout_collect, NULL, checkout_erase, NULL },
    { "cart", cart_collect, NULL, cart_erase, NULL },
    { "watch", watch_collect, NULL, watch_erase, NULL },
    { "mails", notify_collect, NULL, notify_erase, NULL },
    { "addresses", account_collect, NULL, account_erase, NULL },
    { "profile", auth_collect, auth_must_wait, auth_erase, NULL },
    { "trail", NULL, NULL, admin_erase, NULL },
    { 0 },
};

static int (*const on_login[])(struct req *, i64) = { cart_on_login, checkout_on_login, social_on_login,
    watch_on_login, NULL };

static void (*const checks[])(const struct app *, struct buf *) = {
    admin_check_trail, auth_check_conf, notify_check, oidc_check, payments_check, wires_check, NULL
};

const struct house shop_house = {
    .features = routes,
    .names = names,
    .menu = menu,
    .hooks = { .who = auth_who,
        .bearer = auth_bearer,
        .refused = auth_refused,
        .page = catalog_page,
        .guest = cart_guest,
        .on_login = on_login,
        .on_token = watch_on_login,
        .joined = account_joined,
        .key_elsewhere = watch_key_elsewhere,
        .limited = watch_limited,
        .warn = ops_warn },
    .jobs = jobs,
    .readers = readers,
    .crons = crons,
    .mails = mails,
    .personal = personal,
    .checks = checks,
    .sealed = sealed,
    .veils = veils,
};

struct app *app_open(struct arena *mem, const char *conf_path)
{
    return app_open_house(mem, conf_path, &shop_house);
}
