/* Every route, asked by everybody it is not for, with the ids of everything that is somebody
 * else's. The routes are the shop's own table, so that a new one is in the matrix from its first
 * day; whatever is foreign carries a word that no answer may hold. */
#include "auth/auth_in.h"
#include "io/io.h"
#include "t/shop.h"
#include "web/web_in.h"
#include <stdio.h>

#define CANARY "zqcanary"
#define HIDDEN "hyrax" /* stands in the draft's words: who looks for it must not find it */
enum { VICTIM = 991, STRANGER, OWNER_ELSE, VIEWER_ELSE, PACKER_ELSE, ELSE = 991, IDS = 64 };

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

/* The last two bring no session but a token and a key. They are who stands there: the shop finds it
 * out by itself. */
enum { BY_TOKEN = 5, BY_KEY };
static str token, api_key;
static const struct who actors[] = {
    { 0 },
    { .person = STRANGER, .role = USER },
    { .person = OWNER_ELSE, .organisation = ELSE, .role = USER, .member = OWNER },
    { .person = VIEWER_ELSE, .organisation = ELSE, .role = USER, .member = VIEWER },
    { .person = PACKER_ELSE, .organisation = ELSE, .role = USER, .allowed = ~(uint64_t)0 },
    [BY_TOKEN] = { .person = OWNER_ELSE, .organisation = ELSE, .role = USER, .member = OWNER },
    [BY_KEY] = { .person = OWNER_ELSE,
        .organisation = ELSE,
        .role = USER,
        .member = OWNER,
        .key = 1 },
};
static const char *const actor_names[] = { "a guest", "another customer",
    "another organisation's owner", "its viewer", "its member by a role that holds everything",
    "its owner by a token", "its key with every scope" };

static void as_actor(size_t i)
{
    struct who who = actors[i];
    if (i >= BY_TOKEN) {
        t_browser();
        if (i == BY_TOKEN)
            t_with("Authorization", str_fmt(t_ctx()->mem, "Bearer %.*s", STR(token)).p);
        else
            t_with("X-Api-Key", str_c(t_ctx()->mem, api_key));
        return;
    }
    if (who.allowed) /* all that a role can hold: nothing of the house's */
        who.allowed = permissions_of(USER, OWNER);
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

/* What a program of the other organisation has in hand. */
static void give_token_and_key(void)
{
    struct buf scopes = buf_new(t_ctx()->mem, 2000);
    api_key = S("tlt_matrixkk_and-so-many-letters-that-nobody-guesses-them");
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        if (permission_is_for_keys(p))
            buf_fmt(&scopes, "%s%s", scopes.n ? "," : "", permission_name(p));
    t_sql(
        "insert into auth.device (person_id, session_hash, kind) values (%d, 'token:matrix', 'token')",
        OWNER_ELSE);
    t_sql("insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes) "
          "values (%d, %d, 'All', 'tlt_matrixkk', '%.*s', '{%.*s}')",
        ELSE, OWNER_ELSE, STR(crypto_sha256_hex(t_ctx()->mem, api_key)), STR(buf_str(&scopes)));
    ck_assert_int_eq(
        token_issue(t_ctx(), OWNER_ELSE, "user", t_int("select max(id) as n from auth.device"), &token),
        E_OK);
}

/* What was added to the account since it is a person's own: each kind has its ids in addresses. */
static i64 own_thing(const char *table, const char *columns, const char *values)
{
    t_sql("insert into %s (person_id, %s) values (%d, %s)", table, columns, VICTIM, values);
    return t_int("select max(id) as n from %s", table);
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
    give_token_and_key();
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
    t_sql(
        "update catalog.product set status = 'draft', brand = '" CANARY "' where id = "
        "(select product_id from catalog.variant where sku = '" RADIO "'); "
        "update catalog.product_text set name = '" CANARY " " HIDDEN "', summary = '" CANARY "', "
        "description = '" CANARY " " HIDDEN "', folded = '" CANARY " " HIDDEN "', shown = false, "
        "words = setweight(to_tsvector('simple', '" CANARY " " HIDDEN "'), 'A') where product_id = "
        "(select product_id from catalog.variant where sku = '" RADIO "'); "
        "insert into media.picture (organisation_id, stem, width, height, widths) "
        "values (1, '" CANARY "0123456789', 9, 9, '{9}'); "
        "insert into catalog.product_picture (product_id, picture_id, organisation_id, position) "
        "select product_id, (select max(id) from media.picture), 1, 99 from catalog.variant where sku = '" RADIO
        "'; "
        "select catalog.reshelve((select product_id from catalog.variant where sku = '" RADIO
        "'))");
    t_sql("insert into auth.role (organisation_id, name, permissions) "
          "values (1, '" CANARY "', '{orders:read-all}')");
    t_sql("insert into auth.invitation (organisation_id, email, place, invited_by, expires_at) "
          "values (1, '" CANARY "-i@example.test', 'viewer', 1, now() + interval '1 day')");
    t_sql("insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes) "
          "values (1, 1, '" CANARY "', 'tlt_zqcanary', 'x', '{orders:read-all}')");
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
    i64 address = own_thing("account.address", "name, phone, line1, country",
            "'" CANARY "', '" CANARY "', '" CANARY "', 'TH'"),
        identity = own_thing("auth.identity", "provider, issuer, subject, email",
            "'google', 'https://i.example', '" CANARY "', '" CANARY "@example.test'"),
        passkey = own_thing("auth.passkey", "credential, public_key, sign_count, is_synced, name",
            "'" CANARY "', decode(repeat('00', 64), 'hex'), 0, false, '" CANARY "'"),
        picture = t_int("select max(id) as n from media.picture");
    const i64 numbers[] = { order, product, role, device, mail, invitation, key, cart, line, VICTIM,
        address, identity, passkey, picture };
    for (size_t i = 0; i < COUNT(numbers); i++)
        add_number(numbers[i]);
    static const char *const kinds[] = { "order", "product", "role", "device", "mail", "invitation",
        "key", "cart", "line", "person", "address", "identity", "passkey", "picture" };
    for (size_t i = 0; i < COUNT(kinds); i++)
        add_opaque(kinds[i], numbers[i]);
    add_opaque("customer", order);
    add_opaque("member", VICTIM);
    add_opaque("member", 1);
    add_opaque("person", 1);
    add_opaque(
        "variant", t_int("select max(id) as n from catalog.variant where sku = '" RADIO "'"));
    add(number);
    add(str_lower(t_ctx()->mem, number));
    add(t_str("select slug as s from catalog.product where id = %" PRId64, product));
    add(S(RADIO));
    add(S(HIDDEN));
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
            in->kind == GROUP || in->kind == LIST)
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

static bool takes_many(const struct route *row)
{
    for (const struct input *in = row->in; in && in->name; in++)
        if (in->of)
            return true;
    return false;
}

static void put_fields(struct node *map, const struct input *in, str id)
{
    for (; in && in->name; in++) {
        struct node *one;
        if (in->header || in->kind == FILES)
            continue;
        if (in->of) {
            one = node_map(t_ctx()->mem);
            put_fields(one, in->of, id);
            if (in->kind == LIST) { /* many at a time: twice the same */
                struct node *list = node_list(t_ctx()->mem);
                node_add(t_ctx()->mem, list, one);
                node_add(t_ctx()->mem, list, one);
                one = list;
            }
            node_set(t_ctx()->mem, map, str_of(in->name), one);
        } else if (is_for_ids(in))
            node_set_str(t_ctx()->mem, map, str_of(in->name), id);
        else
            node_set_int(t_ctx()->mem, map, str_of(in->name), 1);
    }
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
    else if (deep.n &&
        (has_path_id(row) || str_find(str_lower(t_ctx()->mem, deep), S(CANARY)) >= 0))
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
    else if (takes_many(row)) {
        struct node *fields = node_map(t_ctx()->mem);
        struct buf out = buf_new(t_ctx()->mem, 20000);
        put_fields(fields, row->in, id);
        json_write(&out, fields);
        t_with("Idempotency-Key", str_c(t_ctx()->mem, crypto_code(t_ctx()->mem, 20)));
        t_send(method_name(method).p, str_c(t_ctx()->mem, path), "application/json", buf_str(&out));
    } else
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
        for (enum permission p = 1; p < N_PERMISSIONS && actor == BY_KEY; p++)
            if (!permission_is_for_keys(p))
                who.allowed &= ~permission_bit(p);
        bool gets_in = row->need == ANYONE || may(&who, row->need);
        if (actor == BY_TOKEN) /* rows before may have been to log out, or to ask for a factor */
            t_sql("update auth.device set ended_at = null where session_hash = 'token:matrix'; "
                  "update auth.organisation set second_factor = '{}' where id = %d",
                ELSE);
        /* Whom the table of permissions turns away is turned away whatever the id is. */
        size_t n = gets_in && (has_path_id(row) || any || takes_many(row)) ? n_ids : 1;
        size_t step =
            has_path_id(row) ? 1 : 3; /* where an id is one field of many: each by some actor */
        for (size_t i = n > 1 && step > 1 ? actor % step : 0; i < n; i += step) {
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
    const char *const pages[] = { str_fmt(t_ctx()->mem, "/admin/products.json?q=%s", HIDDEN).p,
        "/admin/team", "/admin/keys", "/admin/orders",
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
    is_true(asked > 10000);
    static const char *const own[] = { "/account.json", "/admin/orders.json" };
    for (size_t i = BY_TOKEN; i <= BY_KEY; i++) { /* they were somebody to the last */
        as_actor(i);
        t_get(own[i - BY_TOKEN]);
        t_status(200);
    }
    t_browser();
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
