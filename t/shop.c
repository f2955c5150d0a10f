#include "t/shop.h"
#include "gen/queries.h"
#include "inventory/inventory.h"
#include "orders/orders.h"
#include "work/work.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NUMBERS = 9600 }; /* far above the generator's and t/io's */

static struct ctx as_house(void);

/* The stack's own jobs are not this test's: out of its sight, and nobody else's for that long. */
static void begin(void)
{
    t_clock(when_now());
    t_sql("delete from work.job where id in (select id from work.job where state = 'ready' "
          "and created_at < now() for update skip locked)");
}

/* The database, the provider and Redis live by the real time, and so does the shop here. */
static struct ctx as_house(void)
{
    when standing_still;
    t_open();
    if (when_parse(S("2026-11-20T12:00:00Z"), &standing_still) && t_ctx()->now == standing_still)
        begin();
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    c.fault = (struct fault){ 0 };
    return c;
}

static str text_of(const char *fmt, va_list args)
{
    struct buf out = buf_new(t_ctx()->mem, 1 << 20);
    buf_fmt_list(&out, fmt, args);
    return buf_str(&out);
}

void t_sql(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    if (pg_script(&c, sql))
        ck_abort_msg("%.*s: %.*s", STR(sql), STR(c.fault.detail));
}

/* A statement of its own each time: numbers are one to a query. */
struct node *t_rows_as(struct ctx *c, str sql)
{
    static int number = NUMBERS;
    struct query *q = NEW(c->mem, struct query);
    struct node *list;
    q->name = str_fmt(c->mem, "t.shop.%d", number).p;
    q->sql = str_c(c->mem, sql);
    q->kind = Q_MANY;
    q->number = number++;
    if (pg_run(c, q, NULL, &list, NULL))
        ck_abort_msg("%.*s: %.*s", STR(sql), STR(c->fault.detail));
    return list;
}

struct node *t_rows(const char *sql)
{
    struct ctx c = as_house();
    return t_rows_as(&c, str_of(sql));
}

static const struct node *only(const struct node *list, const char *key)
{
    const struct item *first = node_first(list);
    if (!first)
        ck_abort_msg("no row");
    return node_get(&first->node, str_of(key));
}

i64 t_int(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    const struct node *n = only(t_rows_as(&c, sql), "n");
    return n->kind == N_BOOL ? n->as.yes : n->kind == N_INT ? n->as.number : 0;
}

i64 t_rows_read(const char *tables)
{
    return t_int("select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint as n"
                 " from pg_stat_xact_user_tables"
                 " where relid in (select t::regclass from regexp_split_to_table('%s', ', ') t)",
        tables);
}

str t_str(const char *fmt, ...)
{
    struct ctx c = as_house();
    va_list args;
    va_start(args, fmt);
    str sql = text_of(fmt, args);
    va_end(args);
    const struct node *s = only(t_rows_as(&c, sql), "s");
    return s->kind == N_STR ? s->as.text : str_none;
}

i64 t_int_as(struct scope scope, const char *sql)
{
    struct ctx c = as_house();
    c.scope = scope;
    return only(t_rows_as(&c, str_of(sql)), "n")->as.number;
}

int t_drain(void)
{
    struct ctx c = as_house();
    int n = 0, ran;
    t_sql("select pg_advisory_xact_lock(7421001)"); /* the outbox's one reader, from now on */
    do {
        t_sql("update work.job set run_at = now() where state = 'ready'");
        n += ran = work_drain(&c, 100);
    } while (ran && n < 300);
    return n;
}

/* ---- buying ------------------------------------------------------------------------------ */

i64 t_item(struct ctx *c, i64 organisation, str sku)
{
    struct inventory_item item = { .sku = sku };
    if (inventory_items(c, organisation, &item, 1) || !item.id)
        ck_abort_msg("item %.*s: %.*s", STR(sku), STR(c->fault.detail));
    return item.id;
}

void t_shelved(void)
{
    t_sql("select catalog.reshelve(array_agg(id)) from catalog.product");
}

void t_stock(const char *sku, i64 on_hand)
{
    struct ctx c = as_house();
    static int n;
    i64 item = t_int("select item_id as n from catalog.variant where sku = '%s'", sku);
    if (inventory_set(&c, 1, item, on_hand, S("corrected"),
            str_fmt(c.mem, "t:%d:%" PRId64, n++, when_now())))
        ck_abort_msg("stock of %s: %.*s", sku, STR(c.fault.text));
}

void t_moved(void)
{
    t_sql("insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason,"
          " cause) select s.organisation_id, item_id, location_id, s.on_hand - coalesce(m.sum, 0),"
          " 'corrected', gen_random_uuid() from inventory.stock s left join (select item_id,"
          " location_id, sum(quantity)::bigint as sum from inventory.movement group by 1, 2) m"
          " using (item_id, location_id) where s.on_hand <> coalesce(m.sum, 0)");
}

void t_post_f(const char *path, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    str form = text_of(fmt, args);
    va_end(args);
    t_post(path, str_c(t_ctx()->mem, form));
}

void t_put(const char *sku, i64 quantity)
{
    t_open();
    t_post_f("/cart/lines", "sku=%s&quantity=%" PRId64, sku, quantity);
    if (t_last_status() != 303)
        ck_abort_msg("%s into the cart: %d\n%.*s", sku, t_last_status(), STR(t_body()));
}

void t_to_pay(void)
{
    t_post("/checkout", "email=buyer%40example.test&name=Somsri&phone=0812345678&line1=1+Road"
                        "&city=Bangkok&region=Bangkok&postcode=10110&country=TH");
    if (t_last_status() != 303)
        ck_abort_msg("address: %d\n%.*s", t_last_status(), STR(t_body()));
    t_post("/checkout/delivery", "method=standard");
    if (t_last_status() != 303)
        ck_abort_msg("delivery: %d\n%.*s", t_last_status(), STR(t_body()));
    t_get("/checkout/pay.json");
}

struct node *t_label(i64 order)
{
    struct ctx *c = t_ctx();
    struct scope before = c->scope;
    struct node *row;
    c->scope = (struct scope){ .platform = true };
    must(q_orders_read(c, &row, order, S("en")));
    must(orders_unseal(c, row));
    c->scope = before;
    return row;
}

void t_pay(void)
{
    i64 revision = node_int(node_path(t_document(), S("checkout.cart")), "revision");
    i64 total = node_int(node_path(t_document(), S("checkout.totals")), "total");
    str currency = node_str(node_path(t_document(), S("checkout.totals")), "currency");
    t_post_f("/checkout/pay", "revision=%" PRId64 "&total=%" PRId64 "&currency=%.*s", revision,
        total, STR(currency));
}

i64 t_order(void)
{
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_to_pay();
    t_pay();
    if (t_last_status() != 303)
        ck_abort_msg("placing: %d\n%.*s", t_last_status(), STR(t_body()));
    return t_int("select max(id) as n from orders.\"order\"");
}

str t_number(i64 order)
{
    return t_str("select number as s from orders.\"order\" where id = %" PRId64, order);
}

str t_key(i64 order)
{
    struct ctx c = as_house();
    str link = orders_url(&c, t_number(order), "");
    return str_from(link, (size_t)str_find(link, S("?")));
}

/* ---- paying ---------------------------------------------------------------------------------- */

str t_session(i64 order)
{
    return t_str("select session_id as s from payments.attempt where order_id = %" PRId64
                 " order by id desc limit 1", order);
}

str t_attempt_key(i64 order)
{
    return t_str("select key as s from payments.attempt where order_id = %" PRId64
                 " order by id desc limit 1", order);
}

const struct node *t_sim(const char *method, const char *path, const char *body)
{
    struct ctx c = as_house();
    str base = conf_str(c.app->conf, "stripe_base", str_none);
    str headers[] = { S("Content-Type: application/json"),
        str_fmt(c.mem, "Authorization: Bearer %.*s",
            STR(conf_str(c.app->conf, "stripe_key", str_none))) };
    struct http_call call = { .method = method, .body = str_of(body), .headers = headers,
        .n_headers = 2, .flags = HTTP_PRIVATE_OK,
        .url = str_fmt(c.mem, "%.*s%s", STR(base), path) };
    struct http_answer answer;
    struct node *said;
    if (http_call(&c, &call, &answer) || answer.status != 200 || json_read(&c, answer.body, &said))
        ck_abort_msg("the simulator: %s %s: %d %.*s %.*s", method, path, answer.status,
            STR(answer.body), STR(c.fault.detail));
    return said;
}

void t_sim_pay(i64 order)
{
    const struct node *said = t_sim("POST",
        str_fmt(t_ctx()->mem, "/_sim/pay/%.*s", STR(t_session(order))).p,
        "{\"card\":\"4242424242424242\"}");
    if (!str_is(node_str(said, "outcome"), "paid"))
        ck_abort_msg("paying at the simulator: %.*s", STR(t_json_of(said)));
}

str t_session_object(i64 order, const char *status, const char *payment_status, i64 amount,
    const char *currency)
{
    return str_fmt(t_ctx()->mem,
        "{\"object\":\"checkout.session\",\"id\":\"%.*s\",\"status\":\"%s\",\"payment_status\":"
        "\"%s\",\"payment_intent\":\"pi_t%" PRId64 "\",\"amount_total\":%" PRId64
        ",\"currency\":\"%s\",\"metadata\":{\"attempt\":\"%.*s\"}}",
        STR(t_session(order)), status, payment_status, order, amount, currency,
        STR(t_attempt_key(order)));
}

str t_intent_object(i64 order, i64 amount)
{
    return str_fmt(t_ctx()->mem,
        "{\"object\":\"payment_intent\",\"id\":\"pi_t%" PRId64 "\",\"amount_received\":%" PRId64
        ",\"currency\":\"thb\",\"metadata\":{\"attempt\":\"%.*s\"}}",
        order, amount, STR(t_attempt_key(order)));
}

str t_refund_object(i64 order, const char *id, i64 amount)
{
    str payment =
        t_str("select payment_id as s from payments.attempt where order_id = %" PRId64, order);
    return str_fmt(t_ctx()->mem,
        "{\"object\":\"refund\",\"id\":\"%s\",\"status\":\"succeeded\",\"amount\":%" PRId64
        ",\"currency\":\"thb\",\"payment_intent\":\"%.*s\"}",
        id, amount, STR(payment));
}

void t_other_shop(void)
{
    t_sql("insert into auth.organisation (slug, name) values ('t-other', 'Other'); "
          "insert into auth.member (organisation_id, person_id, place) select id, 2, 'owner' from "
          "auth.organisation where slug = 't-other'");
}

void t_other_sells(i64 order)
{
    t_other_shop();
    t_sql("insert into orders.part (order_id, organisation_id, status, goods_total, tax_total) "
          "select %" PRId64 ", id, 'processing', 0, 0 from auth.organisation where slug = 't-other'",
        order);
}

void t_event(const char *id, const char *type, str object)
{
    struct ctx c = as_house();
    str body = str_fmt(c.mem,
        "{\"id\":\"%s\",\"object\":\"event\",\"type\":\"%s\",\"created\":%" PRId64
        ",\"livemode\":false,\"data\":{\"object\":%.*s}}",
        id, type, c.now / SECOND, STR(object));
    str signed_text = str_fmt(c.mem, "%" PRId64 ".%.*s", c.now / SECOND, STR(body));
    str hex = crypto_hmac_sha256_hex(c.mem,
        conf_str(c.app->conf, "stripe_webhook_secret", str_none), signed_text);
    t_with("Stripe-Signature",
        str_fmt(c.mem, "t=%" PRId64 ",v1=%.*s", c.now / SECOND, STR(hex)).p);
    t_send("POST", "/payments/stripe/webhook", "application/json", body);
}

/* As it came: json_write would make the keys camelCase. */
static str stored(const struct node *node)
{
    struct buf out = buf_new(t_ctx()->mem, 1 << 20);
    json_store(&out, node);
    return buf_str(&out);
}

void t_paid(i64 order)
{
    t_sim_pay(order);
    str path = str_fmt(t_ctx()->mem, "/v1/checkout/sessions/%.*s", STR(t_session(order)));
    t_event(str_fmt(t_ctx()->mem, "evt_t_paid_%" PRId64, order).p, "checkout.session.completed",
        stored(t_sim("GET", path.p, NULL)));
    if (t_last_status() != 200)
        ck_abort_msg("the event: %d %.*s", t_last_status(), STR(t_body()));
    t_drain();
}

void t_cron(const char *name)
{
    struct ctx c = as_house();
    for (const struct cron *const *list = c.app->crons; *list; list++)
        for (const struct cron *cron = *list; cron->name; cron++)
            if (!strcmp(cron->name, name)) {
                must(cron->run(&c));
                return;
            }
    ck_abort_msg("no cron %s", name);
}

/* ---- mail --------------------------------------------------------------------------------- */

static int hex_of(char ch) { return ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10; }

/* Of quoted-printable. */
static str plain(str mail)
{
    struct buf out = buf_new(t_ctx()->mem, 1 << 20);
    for (size_t i = 0; i < mail.n; i++) {
        if (mail.p[i] != '=' || i + 2 >= mail.n) {
            buf_char(&out, mail.p[i]);
            continue;
        }
        if (mail.p[i + 1] == '\r' || mail.p[i + 1] == '\n')
            i += mail.p[i + 1] == '\r' ? 2 : 1;
        else {
            buf_char(&out, (char)(hex_of(mail.p[i + 1]) * 16 + hex_of(mail.p[i + 2])));
            i += 2;
        }
    }
    return buf_str(&out);
}

str t_mail_to(str address)
{
    struct arena *mem = t_ctx()->mem;
    struct buf all = buf_new(mem, 1 << 20);
    str to = str_fmt(mem, "To: <%.*s>", STR(address));
    char folder[] = "/tmp/talat-mail-XXXXXX";
    t_open();
    if (!mkdtemp(folder))
        ck_abort_msg("no folder for mail");
    conf_put(mem, t_ctx()->app->conf, "mail_dir", str_of(folder));
    t_drain();
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        bool ok = true;
        const char *path = str_fmt(mem, "%s/%s", folder, e->d_name).p;
        str mail = str_ends(str_of(e->d_name), S(".eml")) ? file_read(mem, path, 1 << 20, &ok)
                                                          : str_none;
        unlink(path);
        if (str_find(mail, to) >= 0)
            buf_add(&all, plain(mail));
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
    return buf_str(&all);
}

str t_mail_code(str mail)
{
    i64 at = str_find(mail, S("\n    "));
    str digits = at < 0 ? str_none : str_upto(str_from(mail, (size_t)at + 5), 6);
    i64 number;
    return digits.n == 6 && str_int(digits, &number) ? digits : str_none;
}

str t_mail_token(str mail)
{
    i64 at = str_find(mail, S("token="));
    size_t n = 0;
    if (at < 0)
        return str_none;
    str rest = str_from(mail, (size_t)at + 6);
    while (n < rest.n && strchr("0123456789abcdef", rest.p[n]))
        n++;
    return str_upto(rest, n);
}

/* An organisation keeps an owner: who takes the first one's place away needs a second. */
void t_owner_too(void)
{
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (989, 't-owner@example.test', 'Owner', 'x')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 989, 'owner')");
}
