/* Where a person stands in the database, in whichever column: what man/talat-security.7 says, and
 * nowhere else. Over all that the programs may read, so that a new column is in it from the day it
 * is made. (What they may not, orders.words, is made of these.) */
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web.h"

#define NAME   "Zqname Somsri"
#define PHONE  "0899912345"
#define STREET "77 Zqstreet"
#define AT                                                                                         \
    "&phone=" PHONE "&line1=77+Zqstreet&city=Bangkok&region=Bangkok&postcode=10110&country=TH"

static const char *mail;

static void joins(void)
{
    t_open();
    mail = str_fmt(t_ctx()->mem, "zq.%.*s@example.test",
        STR(str_lower(t_ctx()->mem, crypto_code(t_ctx()->mem, 10))))
               .p;
    t_login("admin@example.test");
    t_post_f("/admin/team/invitations", "email=%s&role=viewer", mail);
    t_status(303);
    t_browser();
    t_with("Remote-Addr", t_new_address());
    t_post_f("/register", "name=" NAME "&email=%s&password=seven+green+lamps", mail);
    t_status(303);
    str code = t_mail_code(t_mail_to(str_of(mail)));
    t_with("Remote-Addr", t_new_address());
    t_post_f("/verify", "code=%.*s", STR(code));
    t_status(303);
    t_post("/account/profile", "name=" NAME "&lang=en&phone=" PHONE);
    t_status(303);
    t_post("/account/addresses", "name=" NAME AT);
    t_status(303);
}

static void fills_in(void)
{
    t_put(CABLE, 1);
    t_post_f("/checkout", "email=%s&name=" NAME AT, mail);
    t_status(303);
    t_post("/checkout/delivery", "method=standard");
    t_status(303);
    t_get("/checkout/pay.json");
}

/* Pays, and the provider tells all it knows. */
static i64 buys(void)
{
    t_stock(CABLE, 9);
    fills_in();
    t_pay();
    i64 order = t_int("select max(id) as n from orders.\"order\" where email = '%s'", mail);
    t_paid(order);
    t_event("evt_where_zq", "charge.updated",
        str_fmt(t_ctx()->mem,
            "{\"id\":\"ch_where_zq\",\"object\":\"charge\",\"payment_intent\":\"pi_where_zq\","
            "\"billing_details\":{\"email\":\"%s\",\"name\":\"" NAME "\",\"phone\":\"" PHONE "\","
            "\"address\":{\"line1\":\"" STREET "\",\"city\":\"Bangkok\"}}}",
            mail));
    t_status(200);
    t_drain();
    return order;
}

static str columns_with(const char *what)
{
    struct buf out = buf_new(t_ctx()->mem, 10000);
    struct node *list = t_rows(
        "select n.nspname || '.' || c.relname as name, c.oid::regclass::text as at, "
        "quote_ident(a.attname) as col from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^(pg_|information_)' "
        "and has_column_privilege('talat_app', c.oid, a.attnum, 'select') "
        "and a.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype, 'bytea'::regtype) "
        "order by 1, 3");
    is_true(node_count(list) > 120);
    EACH(item, list) {
        struct mark before = arena_mark(t_ctx()->mem);
        str col = node_str(&item->node, "col");
        i64 n = t_int("select count(*) as n from %.*s where %.*s::text ilike '%%%s%%'",
            STR(node_str(&item->node, "at")), STR(col), what);
        arena_rewind(t_ctx()->mem, before);
        if (n)
            buf_fmt(&out, "%.*s.%.*s ", STR(node_str(&item->node, "name")), STR(col));
    }
    return buf_str(&out);
}

T(SE_09_a_person_stands_where_the_manual_says_and_nowhere_else)
{
    joins();
    i64 order = buys();
    fills_in();
    eq_str(columns_with(str_from(t_key(order), strlen("?key=")).p), "payments.attempt.request ");
    eq_str(columns_with(PHONE), "");
    eq_str(columns_with("99912345"), "");
    eq_str(columns_with("zqstreet"), "");
    eq_str(columns_with(mail),
        "auth.code.address auth.invitation.email auth.person.email checkout.draft.email "
        "notify.mail.recipient orders.order.email payments.attempt.request "
        "payments.event.body ");
    eq_str(columns_with("zqname"),
        "account.address.name auth.person.name checkout.draft.name orders.order.name "
        "payments.event.body ");
}
