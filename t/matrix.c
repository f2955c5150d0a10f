/* Every route, asked by everybody it is not for, with the ids of everything that is somebody
 * else's. The routes are the shop's own table, so that a new one is in the matrix from its first
 * day; whatever is foreign carries a word that no answer may hold. */
#include "t/shop.h"
#include "web/web_in.h"
#include <stdio.h>

#define CANARY "zqcanary"
enum { VICTIM = 991, STRANGER, OWNER_ELSE, VIEWER_ELSE, PACKER_ELSE, ELSE = 991, IDS = 48 };

static str ids[IDS];
static size_t n_ids;

static void add(str id)
{
    ck_assert_uint_lt(n_ids, IDS);
    ids[n_ids++] = id;
}

static void add_number(i64 id) { add(str_fmt(t_ctx()->mem, "%" PRId64, id)); }

/* As it stands in addresses: each kind under its own name, and under every other's. */
static void add_opaque(const char *kind, i64 id)
{
    add(crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, kind, id));
}

static const struct who actors[] = {
    { 0 },
    { .person = STRANGER, .role = USER },
    { .person = OWNER_ELSE, .organisation = ELSE, .role = USER, .member = OWNER },
    { .person = VIEWER_ELSE, .organisation = ELSE, .role = USER, .member = VIEWER },
    { .person = PACKER_ELSE, .organisation = ELSE, .role = USER, .allowed = ~(uint64_t)0 },
};
static const char *const actor_names[] = { "a guest", "another customer",
    "another organisation's owner", "its viewer", "its member by a role that holds everything" };

static void as_actor(size_t i)
{
    struct who who = actors[i];
    who.name = S("Somebody");
    who.email = S("t-somebody@example.test");
    t_as(&who);
}

static void off_limits(void)
{
    struct app *app = t_ctx()->app;
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    conf_put(t_ctx()->mem, app->conf, "limits", S("off"));
    app->limits = limits_open(app, &errors);
    is_true(app->limits != NULL);
}

/* The victim's order and cart, the house's draft, team and keys: the word in every text field. */
static void plant(void)
{
    n_ids = 0;
    t_open();
    off_limits();
    for (int id = VICTIM; id <= PACKER_ELSE; id++)
        t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
              "values (%d, 't-%d@example.test', 'Somebody', 'x')",
            id, id);
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (%d, 't-else', 'Else')",
        ELSE);
    t_sql("insert into auth.member (organisation_id, person_id, place) values "
          "(%d, %d, 'owner'), (%d, %d, 'viewer')",
        ELSE, OWNER_ELSE, ELSE, VIEWER_ELSE);
    t_as(&(struct who){
        .person = VICTIM, .role = USER, .name = S("V"), .email = S("v@example.test") });
    t_stock(CABLE, 9);
    i64 order = t_order();
    str number = t_number(order);
    t_put(CABLE, 1);
    t_sql("update auth.person set name = '" CANARY " Person', email = '" CANARY "@example.test' "
          "where id = %d",
        VICTIM);
    t_sql("update orders.\"order\" set name = '" CANARY "', email = '" CANARY "@example.test', "
          "phone = '" CANARY "', person_id = %d, address = '{\"line1\": \"" CANARY
          "\", \"line2\": \"\", "
          "\"city\": \"" CANARY "\", \"region\": \"\", \"postcode\": \"1\", \"country\": \"TH\"}' "
          "where id = %" PRId64,
        VICTIM, order);
    t_sql("update orders.part set carrier = '" CANARY "', tracking = '" CANARY "' "
          "where order_id = %" PRId64,
        order);
    t_sql("insert into orders.event (order_id, kind, actor, data) values "
          "(%" PRId64 ", 'note', 'staff', '{\"text\": \"" CANARY "\"}')",
        order);
    t_sql("insert into notify.mail (organisation_id, order_id, template, cause, recipient, lang, "
          "subject) values (1, %" PRId64 ", 'order_paid', '" CANARY "', '" CANARY "@example.test', "
          "'en', '" CANARY "')",
        order);
    t_sql("update catalog.product set status = 'draft', brand = '" CANARY "' where id = "
          "(select product_id from catalog.variant where sku = '" RADIO "'); "
          "update catalog.product_text set name = '" CANARY "', summary = '" CANARY "', "
          "description = '" CANARY "' where product_id = "
          "(select product_id from catalog.variant where sku = '" RADIO "'); "
          "select catalog.reshelve((select product_id from catalog.variant where sku = '" RADIO
          "'))");
    t_sql("insert into auth.role (organisation_id, name, permissions) "
          "values (1, '" CANARY "', '{orders:read}')");
    t_sql("insert into auth.invitation (organisation_id, email, place, invited_by, expires_at) "
          "values (1, '" CANARY "-i@example.test', 'viewer', 1, now() + interval '1 day')");
    t_sql("insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes) "
          "values (1, 1, '" CANARY "', 'tlt_zqcanary', 'x', '{orders:read}')");
    t_sql("insert into auth.device (person_id, session_hash, user_agent) "
          "values (%d, '" CANARY "', '" CANARY "')",
        VICTIM);
    i64 product = t_int("select product_id as n from catalog.variant where sku = '" RADIO "'");
    i64 role = t_int("select max(id) as n from auth.role"),
        device = t_int("select max(id) as n from auth.device"),
        mail = t_int("select max(id) as n from notify.mail"),
        invitation = t_int("select max(id) as n from auth.invitation"),
        key = t_int("select max(id) as n from auth.api_key"),
        cart = t_int("select max(id) as n from cart.cart where person_id = %d", VICTIM),
        line = t_int("select max(id) as n from cart.line where cart_id = %" PRId64, cart);
    const i64 numbers[] = { order, product, role, device, mail, invitation, key, cart, line,
        VICTIM };
    for (size_t i = 0; i < COUNT(numbers); i++)
        add_number(numbers[i]);
    static const char *const kinds[] = { "order", "product", "role", "device", "mail", "invitation",
        "key", "cart", "line", "person" };
    for (size_t i = 0; i < COUNT(kinds); i++)
        add_opaque(kinds[i], numbers[i]);
    add_opaque("member", VICTIM);
    add_opaque("member", 1);
    add_opaque("person", 1);
    add_opaque(
        "variant", t_int("select max(id) as n from catalog.variant where sku = '" RADIO "'"));
    add(number);
    add(str_lower(t_ctx()->mem, number));
    add(t_str("select slug as s from catalog.product where id = %" PRId64, product));
    add(S(RADIO));
    add(S("talat")); /* a slug of the house's own, as an organisation */
    add(S("0"));
    add(S("-1"));
    add(S("9223372036854775807"));
    add(S("00000000-0000-4000-8000-000000000001"));
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool is_for_ids(const struct input *in)
{
    static const enum input_kind kinds[] = { INT, WORD, SLUG, LINE };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (in->kind == kinds[i] && !in->header)
            return true;
    return false;
}

static bool has_path_id(const struct route *row) { return strchr(row->path, '{') != NULL; }

static str path_with(const struct route *row, str id)
{
    struct buf out = buf_new(t_ctx()->mem, 2000);
    str rest = str_from(str_of(row->path), 1), segment;
    while (str_cut(&rest, '/', &segment)) {
        buf_char(&out, '/');
        if (str_starts(segment, S("{")))
            escape_url_part(&out, id);
        else
            buf_add(&out, segment);
    }
    return out.n ? buf_str(&out) : S("/");
}

/* The id in every declared field that could be one, and something that passes in the others. */
static str form_with(const struct route *row, str id)
{
    struct buf out = buf_new(t_ctx()->mem, 20000);
    for (const struct input *in = row->in; in && in->name; in++) {
        str mark = str_fmt(t_ctx()->mem, "{%s}", in->name);
        if (str_find(str_of(row->path), mark) >= 0 || in->header || in->kind == FILES ||
            in->kind == GROUP || in->kind == LIST || in->kind == BOOL)
            continue;
        if (out.n)
            buf_char(&out, '&');
        escape_url_part(&out, str_of(in->name));
        buf_char(&out, '=');
        if (is_for_ids(in))
            escape_url_part(&out, id);
        else if (in->kind == EMAIL)
            buf_add(&out, S("t-991@example.test"));
        else if (in->kind == CHOICE)
            buf_add(&out, str_upto(str_of(in->choices), strcspn(in->choices, "|")));
        else
            buf_add(&out, S("1"));
    }
    return buf_str(&out);
}

static void look(const struct route *row, enum method method, size_t actor, str id, bool bare)
{
    int status = t_last_status();
    str body = str_lower(t_ctx()->mem, t_body());
    str away = t_header_of("Location"), deep = t_header_of("X-Accel-Redirect");
    bool to_login = status == 303 && str_find(away, S("/login")) >= 0;
    const char *wrong = NULL;
    if (str_find(body, S(CANARY)) >= 0)
        wrong = "shows what is foreign";
    else if (status >= 500)
        wrong = "breaks";
    else if (has_path_id(row) && method == GET && bare && status != 404 && status != 401 &&
        status != 403 && !to_login)
        wrong = "is not a 404";
    else if (has_path_id(row) && (status < 300 || (status == 303 && !to_login)))
        wrong = "is there";
    else if (deep.n && has_path_id(row))
        wrong = "opens a channel";
    if (wrong)
        ck_abort_msg("%s, %s %s with %.*s: %s: %d %.*s %.*s", actor_names[actor],
            method_name(method).p, row->path, STR(id), wrong, status, STR(away),
            STR(str_upto(t_body(), 400)));
}

static i64 asked;

static void ask_once(
    const struct route *row, enum method method, size_t actor, str id, bool json, bool bare)
{
    struct mark before = arena_mark(t_ctx()->mem);
    str path = path_with(row, id), form = bare ? str_none : form_with(row, id);
    as_actor(actor);
    if (json)
        t_with("Accept", "application/json");
    if (method == GET)
        t_send("GET",
            str_fmt(t_ctx()->mem, "%.*s%s%.*s", STR(path), form.n ? "?" : "", STR(form)).p, NULL,
            str_none);
    else
        t_send(method_name(method).p, str_c(t_ctx()->mem, path),
            "application/x-www-form-urlencoded", form);
    look(row, method, actor, id, bare);
    asked++;
    t_browser();
    arena_rewind(t_ctx()->mem, before);
    t_browser();
}

/* What somebody else is: rows with the word, wherever they stand, and who works in the house. */
static str foreign_rows(void)
{
    struct buf all = buf_new(t_ctx()->mem, 100000);
    struct node *list = t_rows("select c.oid::regclass::text as name from pg_class c "
                               "join pg_namespace n on n.oid = c.relnamespace "
                               "where c.relkind = 'r' and n.nspname !~ '^(pg_|information_)' "
                               "and n.nspname not in ('audit', 'work') "
                               "and has_table_privilege('talat_app', c.oid, 'select') order by 1");
    EACH(item, list) {
        str name = node_str(&item->node, "name");
        str sum =
            t_str("select coalesce(md5(string_agg(md5(t::text), '' order by t::text)), '') as s "
                  "from %.*s t where t::text ~* '" CANARY "'",
                STR(name));
        if (sum.n)
            buf_fmt(&all, "%.*s %.*s\n", STR(name), STR(sum));
    }
    buf_fmt(&all, "team %.*s\n",
        STR(t_str("select md5(string_agg(m::text, '' order by person_id)) as s from auth.member m "
                  "where organisation_id <> %d",
            ELSE)));
    buf_fmt(&all, "roles %.*s\n",
        STR(t_str("select string_agg(id || role, ' ' order by id) as s from auth.person "
                  "where role <> 'user'")));
    buf_fmt(&all, "prices %.*s\n",
        STR(t_str("select md5(string_agg(c::text, '' order by variant_id, currency)) as s "
                  "from catalog.price c where organisation_id <> %d",
            ELSE)));
    buf_fmt(&all, "money %.*s\n",
        STR(t_str(
            "select md5(string_agg(total || status || payment_status || coalesce(person_id, 0), "
            "'' order by id)) as s from orders.\"order\"")));
    return buf_str(&all);
}

static bool is_left_out(const struct route *row)
{
    /* What no person asks: a hook signed by the provider, answers made to a given length. */
    return (row->flags & RAW) || !strcmp(row->path, "/-/constant") ||
        !strcmp(row->path, "/metrics");
}

static void each(void (*run)(const struct route *, enum method))
{
    static const enum method methods[] = { GET, POST, PUT, PATCH, DELETE };
    for (size_t i = 0; shop_house.features[i]; i++)
        for (const struct route *row = shop_house.features[i]; row->path; row++)
            for (size_t m = 0; m < COUNT(methods) && !is_left_out(row); m++)
                if (row->methods & methods[m])
                    run(row, methods[m]);
}

static void foreign(const struct route *row, enum method method)
{
    bool any = false;
    for (const struct input *in = row->in; in && in->name; in++)
        any = any || is_for_ids(in);
    for (size_t actor = 0; actor < COUNT(actors); actor++) {
        struct who who = actors[actor];
        if (!who.allowed && who.person)
            who.allowed = permissions_of(who.role, who.member);
        bool gets_in = may(&who, row->need);
        /* Whom the table of permissions turns away is turned away whatever the id is. */
        size_t n = gets_in && (has_path_id(row) || any) ? n_ids : 1;
        for (size_t i = 0; i < n; i += has_path_id(row) ? 1 : 5) {
            ask_once(row, method, actor, ids[i], method != GET || i % 2 == 0, false);
            if (has_path_id(row) && method == GET)
                ask_once(row, method, actor, ids[i], i % 2 == 1, true);
        }
    }
}

/* Were the word nowhere to be seen, the matrix would prove nothing. */
static void is_seen_by_its_own(void)
{
    str number = t_str("select number as s from orders.\"order\" where name = '" CANARY "'");
    str slug = t_str("select slug as s from catalog.product where brand = '" CANARY "'");
    const char *const pages[] = { "/admin/team", "/admin/keys", "/admin/orders",
        str_fmt(t_ctx()->mem, "/admin/orders/%.*s", STR(number)).p,
        str_fmt(t_ctx()->mem, "/admin/products/%.*s", STR(slug)).p };
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_as(&(struct who){ .person = 1,
            .organisation = 1,
            .role = USER,
            .member = OWNER,
            .name = S("Owner"),
            .email = S("admin@example.test") });
        t_get(pages[i]);
        t_status(200);
        has_text(str_lower(t_ctx()->mem, t_body()), CANARY);
    }
}

T(no_route_gives_anything_of_anybody_elses_by_any_id_B9)
{
    plant();
    is_seen_by_its_own();
    str before = foreign_rows();
    each(foreign);
    is_true(asked > 1000);
    fprintf(stderr, "# %" PRId64 " requests, %zu ids\n", asked, n_ids);
    eq_str(foreign_rows(), before);
}

/* ---- mass assignment --------------------------------------------------------------------------
 */

static const char *const extras[][2] = { { "role", "super_admin" }, { "is_admin", "true" },
    { "isAdmin", "true" }, { "organisation_id", "1" }, { "organisationId", "1" },
    { "organisation", "talat" }, { "tenant_id", "1" }, { "person_id", "1" }, { "personId", "1" },
    { "user_id", "1" }, { "place", "owner" }, { "permissions", "team:own" }, { "id", "1" },
    { "price", "1" }, { "amount", "1" }, { "unit_price", "1" }, { "total", "1" },
    { "balance", "100000" }, { "refunded_total", "1" }, { "status", "paid" },
    { "payment_status", "paid" }, { "paymentStatus", "paid" }, { "order_status", "shipped" },
    { "verified_at", "2020-01-01T00:00:00Z" }, { "created_at", "2020-01-01T00:00:00Z" },
    { "version", "99" }, { "allowed", "18446744073709551615" }, { "seller_id", "1" },
    { "commission", "0" } };

static bool is_declared(const struct route *row, const char *name)
{
    for (const struct input *in = row->in; in && in->name; in++)
        if (!strcmp(in->name, name) || (in->of && !strcmp(name, "status")))
            return true;
    return false;
}

/* What a person could type there. */
static str sensible(const struct input *in)
{
    static const char *const known[][2] = { { "email", NULL }, { "password", "seven green lamps" },
        { "name", "Somchai" }, { "sku", CABLE }, { "quantity", "1" }, { "currency", "THB" },
        { "method", "standard" }, { "phone", "0812345678" }, { "line1", "9 Market Lane" },
        { "city", "Bangkok" }, { "postcode", "10200" }, { "country", "TH" }, { "next", "/cart" },
        { "role", "viewer" }, { "slug", "t-new-thing" }, { "status", "draft" } };
    static int nth;
    for (size_t i = 0; i < COUNT(known); i++)
        if (!strcmp(in->name, known[i][0]))
            return known[i][1] ? str_of(known[i][1])
                               : str_fmt(t_ctx()->mem, "t-mass-%d@example.test", ++nth);
    if (in->kind == CHOICE)
        return str_upto(str_of(in->choices), strcspn(in->choices, "|"));
    return in->kind == EMAIL ? S("t-mass@example.test") : S("1");
}

static struct node *stuffed(const struct route *row)
{
    struct node *fields = node_map(t_ctx()->mem);
    for (const struct input *in = row->in; in && in->name; in++)
        if (!in->header && in->kind != FILES && in->kind != GROUP && in->kind != LIST &&
            in->kind != BOOL)
            node_set_str(t_ctx()->mem, fields, str_of(in->name), sensible(in));
    for (size_t i = 0; i < COUNT(extras); i++)
        if (!is_declared(row, extras[i][0]))
            node_set_str(t_ctx()->mem, fields, str_of(extras[i][0]), str_of(extras[i][1]));
    return fields;
}

static str as_form(const struct node *fields)
{
    struct buf out = buf_new(t_ctx()->mem, 20000);
    EACH(item, fields) {
        if (out.n)
            buf_char(&out, '&');
        escape_url_part(&out, item->key);
        buf_char(&out, '=');
        escape_url_part(&out, item->node.as.text);
    }
    return buf_str(&out);
}

static i64 taken;

static void stuff(const struct route *row, enum method method)
{
    if (method == GET)
        return;
    for (size_t actor = 0; actor < 3; actor++)
        for (int json = 0; json < 2; json++) {
            struct mark before = arena_mark(t_ctx()->mem);
            struct node *fields = stuffed(row);
            struct buf text = buf_new(t_ctx()->mem, 20000);
            json_store(&text, fields);
            as_actor(actor);
            t_with("Accept", "application/json");
            t_send(method_name(method).p, str_c(t_ctx()->mem, path_with(row, S("1"))),
                json ? "application/json" : "application/x-www-form-urlencoded",
                json ? buf_str(&text) : as_form(fields));
            int status = t_last_status();
            if (status >= 500)
                ck_abort_msg("%s %s: %d %.*s", method_name(method).p, row->path, status,
                    STR(str_upto(t_body(), 300)));
            taken += status < 300 || status == 303;
            t_browser();
            arena_rewind(t_ctx()->mem, before);
            t_browser();
        }
}

T(what_a_route_does_not_declare_changes_nothing_by_mass_assignment)
{
    plant();
    str before = foreign_rows();
    i64 members = t_int("select count(*) as n from auth.member where place in ('owner', 'admin')");
    each(stuff);
    fprintf(stderr, "# %" PRId64 " were taken\n", taken);
    is_true(taken >= 10); /* the rest of each form was good */
    eq_int(t_int("select count(*) as n from auth.person where email like 't-mass%%' "
                 "and (role <> 'user' or created_at < now() - interval '1 day')"),
        0);
    eq_int(
        t_int("select count(*) as n from auth.member where place in ('owner', 'admin')"), members);
    eq_int(t_int("select count(*) as n from orders.\"order\" where payment_status = 'paid' "
                 "and placed_at = now()"),
        0);
    eq_str(foreign_rows(), before);
}
