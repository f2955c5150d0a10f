/* What a person keeps here is sealed by a key of their own, which goes with them. */
#include "account/account.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "t/shop.h"
#include "vault/vault.h"
#include "web/web.h"

#define HOME                                                                                       \
    "name=Ann+Lee&phone=0812345678&line1=12+Soi+Ari&city=Phaya+Thai&region=Bangkok&"               \
    "postcode=10400&country=TH"
#define SORRY "Nothing personal can be kept for this account any more."

static i64 somebody(void)
{
    struct arena *mem = (t_open(), t_ctx()->mem);
    i64 id;
    str mail = str_lower(mem, str_fmt(mem, "k-%.*s@example.test", STR(crypto_code(mem, 10))));
    struct scope before = t_ctx()->scope;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_person_add(t_ctx(), mail, S("Ann Lee"), S("market-day-demo"), S("user"), &id));
    t_ctx()->scope = before;
    t_login(str_c(mem, mail));
    return id;
}

static void fill_in(void)
{
    t_post("/account/addresses", HOME);
    t_status(303);
    t_post("/account/profile", "name=Ann+Lee&phone=0812345678&lang=en");
    t_status(303);
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/checkout", "email=ann%40example.test&" HOME);
    t_status(303);
}

static i64 settled(void) /* somebody with all of it */
{
    i64 person = somebody();
    fill_in();
    return person;
}

/* ---- the three columns --------------------------------------------------------------------- */

static const struct kept {
    const char *column, *rows; /* the rows of a person: id, sealed */
    const char *table, *key;
    size_t texts;
} kept[] = {
    { "account.address.sealed",
        "select id, sealed from account.address where person_id = ", "account.address", "id", 3 },
    { "auth.person.sealed", "select id, sealed from auth.person where id = ", "auth.person", "id",
        1 },
    { "checkout.draft.sealed",
        "select d.cart_id as id, d.sealed from checkout.draft d join cart.cart k on k.id = "
        "d.cart_id where k.state = 'open' and k.person_id = ",
        "checkout.draft", "cart_id", 3 },
};

static i64 row_of(const struct kept *k, i64 person, str *sealed)
{
    struct node *rows = t_rows(str_fmt(t_ctx()->mem, "%s%" PRId64, k->rows, person).p);
    eq_int((i64)node_count(rows), 1);
    *sealed = node_str(&node_first(rows)->node, "sealed");
    return node_int(&node_first(rows)->node, "id");
}

static struct vault_place own(const struct kept *k, i64 row, i64 person)
{
    return (struct vault_place){ k->column, row, VAULT_PERSON, person, true };
}

static i64 under(const char *whose, i64 owner, str sealed)
{
    str version, key;
    must(str_cut(&sealed, '.', &version) && str_cut(&sealed, '.', &key) ? E_OK : E_INTERNAL);
    return t_int(
        "select count(*) as n from vault.key where id = %.*s and whose = '%s' and owner_id "
        "= %" PRId64,
        STR(key), whose, owner);
}

static void shown(bool is_shown)
{
    static const char *const pages[] = { "/account/addresses", "/account/profile", "/checkout" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(200);
        t_has_text(HERE_, pages[i], t_body(), S("0812345678"), is_shown);
        t_has_text(HERE_, pages[i], t_body(), S("12 Soi Ari"), is_shown && i != 1);
    }
}

/* As a version of before has sealed it. */
static void make_old(i64 person)
{
    for (const struct kept *k = kept; k < kept + COUNT(kept); k++) {
        str texts[3], sealed;
        bool closed;
        i64 row = row_of(k, person, &sealed);
        struct vault_place at = own(k, row, person),
                           house = { .column = k->column, .row = row, .whose = VAULT_HOUSE };
        must(vault_open_texts(t_ctx(), &at, sealed, texts, k->texts, &closed));
        must(vault_seal_texts(t_ctx(), &house, texts, k->texts, &sealed));
        t_sql("update %s set sealed = '%.*s' where %s = %" PRId64, k->table, STR(sealed), k->key,
            row);
    }
    t_sql("update checkout.draft set keeper = 0 where keeper = %" PRId64, person);
    shown(true);
    t_cron("checkout.keep");
}

static void all_under(const char *whose, i64 owner, i64 person)
{
    for (const struct kept *k = kept; k < kept + COUNT(kept); k++) {
        str sealed;
        row_of(k, person, &sealed);
        eq_int(under(whose, owner, sealed), 1);
    }
}

T(se_09_address_book_profile_and_checkout_are_sealed_by_the_persons_own_key)
{
    i64 person = settled();
    all_under("person", person, person);
    shown(true);
}

T(se_09_anothers_key_opens_nothing_of_a_person)
{
    i64 one = settled();
    t_browser();
    i64 other = somebody();
    fill_in();
    for (const struct kept *k = kept; k < kept + COUNT(kept); k++) {
        str theirs, mine;
        row_of(k, one, &theirs);
        i64 row = row_of(k, other, &mine);
        t_sql("update %s set sealed = '%.*s' where %s = %" PRId64, k->table, STR(theirs), k->key,
            row);
    }
    shown(false);
    t_sql("update account.address set is_default = false, person_id = %" PRId64
          " where person_id = %" PRId64,
        other, one);
    t_get("/account/addresses");
    t_no_text("12 Soi Ari");
}

T(se_11_with_the_persons_key_destroyed_nothing_opens_and_nothing_is_kept)
{
    i64 person = settled();
    must(vault_destroy(t_ctx(), VAULT_PERSON, person));
    must(vault_destroy(t_ctx(), VAULT_PERSON, person)); /* twice */
    shown(false);
    static const char *const posts[][2] = { { "/account/addresses", HOME "&line2=2" },
        { "/account/profile", "name=Ann+Li&phone=0898765432&lang=en" },
        { "/checkout", "email=ann%40example.test&" HOME } };
    for (size_t i = 0; i < COUNT(posts); i++) {
        t_post(posts[i][0], posts[i][1]);
        t_status(409);
        t_text(SORRY);
    }
    t_post("/account/profile", "name=Ann+Li&phone=&lang=en"); /* that needs no key */
    t_status(303);
}

T(se_11_what_the_houses_key_sealed_is_read_and_sealed_by_and_by)
{
    i64 left, n, again, person = settled();
    make_old(person);
    all_under("house", 0, person);
    shown(true);
    must(vault_plain(t_ctx(), &left));
    is_true(left >= 3);
    must(vault_hide(t_ctx(), -1, &n)); /* no time at all */
    eq_int(n, 0);
    must(vault_hide(t_ctx(), 0, &n));
    eq_int(n, left);
    must(vault_plain(t_ctx(), &left));
    eq_int(left, 0);
    all_under("person", person, person);
    shown(true);
    must(vault_hide(t_ctx(), 0, &again));
    eq_int(again, 0);
    must(vault_destroy(t_ctx(), VAULT_HOUSE, 0));
    shown(true);
}

T(se_11_new_keys_put_what_the_house_sealed_under_the_persons)
{
    i64 keys, values, person = settled();
    make_old(person);
    must(vault_renew(t_ctx(), &keys, &values));
    is_true(values >= 3);
    all_under("person", person, person);
    shown(true);
}

T(se_11_new_keys_pass_by_what_nobody_may_seal_any_more)
{
    i64 keys, values, person = settled();
    make_old(person);
    must(vault_destroy(t_ctx(), VAULT_PERSON, person));
    must(vault_renew(t_ctx(), &keys, &values));
    must(vault_hide(t_ctx(), 0, &values));
    all_under("house", 0, person);
    shown(true);
}

static when upgraded(void)
{
    return t_int("select (extract(epoch from max(applied_at)) * 1000000)::bigint as n from "
                 "ops.change");
}

static void seal_is_due(bool is_due)
{
    t_cron("ops.seal");
    eq_int(t_int("select count(*) as n from work.job where kind = 'ops.seal' and state = 'ready'"),
        is_due);
    t_drain();
}

T(se_11_nothing_is_sealed_while_programs_of_before_may_run)
{
    i64 person = settled();
    make_old(person);
    t_ctx()->now = upgraded() + DAY - MINUTE;
    seal_is_due(false);
    all_under("house", 0, person);
    t_ctx()->now = upgraded() + DAY + MINUTE;
    seal_is_due(true);
    all_under("person", person, person);
}

T(se_11_what_cannot_be_sealed_is_tried_once_a_day)
{
    i64 left, person = settled();
    make_old(person);
    must(vault_destroy(t_ctx(), VAULT_PERSON, person));
    t_ctx()->now = upgraded() + 2 * DAY;
    seal_is_due(true); /* with what other tests have left */
    t_cron("ops.seal");
    t_drain();
    seal_is_due(false);
    must(vault_plain(t_ctx(), &left));
    is_true(left >= 3);
    t_ctx()->now += DAY;
    seal_is_due(true);
    seal_is_due(false);
    make_old(settled()); /* there is something new to do */
    seal_is_due(true);
}

T(se_11_what_is_saved_again_is_sealed_by_the_persons_key)
{
    i64 person = settled();
    make_old(person);
    t_get("/account/addresses.json");
    str id = node_str(node_path(t_document(), S("addresses.0")), "id");
    t_post(str_fmt(t_ctx()->mem, "/account/addresses/%.*s", STR(id)).p, HOME);
    t_status(303);
    t_post("/account/profile", "name=Ann+Lee&phone=0812345678&lang=en");
    t_status(303);
    t_post("/checkout", "email=ann%40example.test&" HOME);
    t_status(303);
    all_under("person", person, person);
}

static i64 noted(i64 person)
{
    return t_int(
        "select count(*) as n from audit.entry e join vault.key k on k.id::text = e.thing_id "
        "where e.thing = 'vault.key' and k.whose = 'person' and k.owner_id = %" PRId64,
        person);
}

T(SE_13_the_trail_tells_when_a_customers_key_goes_and_not_when_it_comes)
{
    i64 person = settled(), other;
    eq_int(noted(person), 0);
    must(vault_destroy(t_ctx(), VAULT_PERSON, person));
    eq_int(noted(person), 1);
    t_browser();
    other = somebody(); /* who has none */
    must(vault_destroy(t_ctx(), VAULT_PERSON, other));
    eq_int(noted(other), 1);
}

/* What a backup of that day holds. */
T(ID_20_what_a_person_had_here_opens_no_more_once_they_are_erased)
{
    str sealed[COUNT(kept)], plain;
    i64 row[COUNT(kept)], person = settled();
    for (size_t i = 0; i < COUNT(kept); i++)
        row[i] = row_of(&kept[i], person, &sealed[i]);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    for (size_t i = 0; i < COUNT(kept); i++) {
        struct vault_place at = own(&kept[i], row[i], person);
        eq_err(vault_open(t_ctx(), &at, sealed[i], &plain), E_MISSING);
        fault_clear(t_ctx());
    }
}

T(ID_20_nothing_is_kept_for_who_is_erased)
{
    struct node *address = (t_open(), node_map(t_ctx()->mem)), *row;
    i64 person = somebody(); /* who has nothing here, and no key */
    node_set_str(t_ctx()->mem, address, S("line1"), S("12 Soi Ari"));
    node_set_str(t_ctx()->mem, address, S("country"), S("TH"));
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    t_ctx()->scope = (struct scope){ .person = person };
    must(account_keep_address(t_ctx(), person, S("Ann Lee"), S("0812345678"), address));
    eq_int(
        t_int("select count(*) as n from account.address where person_id = %" PRId64, person), 0);
    eq_err(auth_set_profile(t_ctx(), person, S("Ann"), S("en"), S("0812345678")), E_CONFLICT);
    fault_clear(t_ctx());
    must(auth_set_profile(t_ctx(), person, S("Ann"), S("en"), S("")));
    must(q_auth_set_email(t_ctx(), &row, person, S("back@example.test")));
    is_true(row == NULL);
    eq_int(t_int("select count(*) as n from auth.person where id = %" PRId64
                 " and name = '' and sealed = '' and email like 'erased-%%'",
               person),
        1);
}

/* An older backup is restored: who is erased again (src/ops/keys.c). */
T(ID_20_only_who_was_erased_is_erased_again)
{
    struct node *row, *list;
    i64 person = somebody(),
        came = t_int("select (extract(epoch from created_at) * 1000000)::bigint "
                     "as n from auth.person where id = %" PRId64,
            person);
    t_ctx()->scope = (struct scope){ .platform = true };
    must(q_ops_to_erase(t_ctx(), &row, person, came));
    is_true(row && !node_bool(row, "is_staff"));
    must(q_ops_to_erase(t_ctx(), &row, person, came + 1)); /* of another shop */
    is_true(row == NULL);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, %" PRId64
          ", 'viewer')",
        person);
    must(q_ops_to_erase(t_ctx(), &row, person, came));
    is_true(node_bool(row, "is_staff"));
    t_sql("delete from auth.member where person_id = %" PRId64, person);
    t_post("/account/erase", "old=market-day-demo&sure=1");
    t_status(303);
    t_ctx()->scope = (struct scope){ .platform = true };
    must(q_ops_to_erase(t_ctx(), &row, person, came));
    is_true(row == NULL);
    must(q_ops_erased(t_ctx(), &list, 0, 100000));
    bool is_in = false;
    EACH(item, list)
        is_in |= node_int(&item->node, "id") == person && node_int(&item->node, "came_at") == came;
    is_true(is_in);
}

/* ---- what a guest has filled in ------------------------------------------------------------ */

T(se_09_what_a_guest_filled_in_becomes_the_persons_with_the_login)
{
    str sealed, mail;
    i64 n, person = somebody();
    mail = t_str("select email as s from auth.person where id = %" PRId64, person);
    t_browser();
    t_stock(CABLE, 10);
    t_put(CABLE, 1);
    t_post("/checkout", "email=ann%40example.test&" HOME);
    t_status(303);
    t_login(str_c(t_ctx()->mem, mail));
    row_of(&kept[2], person, &sealed);
    eq_int(under("house", 0, sealed), 1);
    t_get("/checkout");
    t_text("value=\"12 Soi Ari\"");
    must(vault_hide(t_ctx(), 0, &n));
    is_true(n >= 1);
    row_of(&kept[2], person, &sealed);
    eq_int(under("person", person, sealed), 1);
    t_get("/checkout");
    t_text("value=\"12 Soi Ari\"");
}

static i64 drafts_of(i64 order)
{
    return t_int(
        "select count(*) as n from checkout.draft d join orders.\"order\" o on o.cart_id = "
        "d.cart_id where o.id = %" PRId64,
        order);
}

T(se_09_what_was_filled_in_goes_when_it_is_paid)
{
    i64 order = t_order();
    t_cron("checkout.sweep");
    eq_int(drafts_of(order), 1); /* it may be changed yet */
    t_paid(order);
    t_cron("checkout.sweep");
    eq_int(drafts_of(order), 0);
    t_get(str_fmt(t_ctx()->mem, "/orders/%.*s", STR(t_number(order))).p);
    t_status(200);
    t_text("1 Road");
}
