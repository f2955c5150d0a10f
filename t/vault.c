/* Sealed columns: what opens them, and what does not. */
#include "vault/vault.h"
#include "gen/queries.h"
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"

static const struct vault_place totp = { "t.totp", 7, VAULT_PERSON, 7000001 };

static str sealed(const struct vault_place *at, const char *plain)
{
    str out;
    t_open();
    must(vault_seal(t_ctx(), at, str_of(plain), &out));
    return out;
}

static int opened(const struct vault_place *at, str text)
{
    str plain;
    int err = vault_open(t_ctx(), at, text, &plain);
    if (err) {
        eq_str(plain, "");
        fault_clear(t_ctx());
    }
    return err;
}

static void under_master(const char *master, const char *before)
{
    t_ctx()->app->master = str_of(master);
    t_ctx()->app->master_before = str_of(before);
}

T(se_11_a_sealed_value_comes_back_and_does_not_show)
{
    str text = sealed(&totp, "JBSWY3DPEHPK3PXP"), plain;
    no_text(text, "JBSWY3DP");
    must(vault_open(t_ctx(), &totp, text, &plain));
    eq_str(plain, "JBSWY3DPEHPK3PXP");
    is_false(str_eq(text, sealed(&totp, "JBSWY3DPEHPK3PXP")));
}

T(se_11_a_sealed_value_opens_only_in_its_own_place)
{
    str text = sealed(&totp, "one");
    struct vault_place other[] = { totp, totp, totp, totp };
    other[0].row = 8;
    other[1].column = "t.phone";
    other[2].owner = 7000002;
    other[3].whose = VAULT_ORGANISATION;
    sealed(&other[2], "so that there is a key");
    sealed(&other[3], "so that there is a key");
    for (size_t i = 0; i < COUNT(other); i++)
        is_true(opened(&other[i], text) != E_OK);
    must(opened(&totp, text));
}

T(se_11_a_changed_value_is_broken)
{
    str text = sealed(&totp, "one");
    for (size_t i = 0; i < text.n; i++) {
        char *copy = (char *)str_c(t_ctx()->mem, str_dup(t_ctx()->mem, text));
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        is_true(opened(&totp, str_of(copy)) != E_OK);
    }
    eq_err(opened(&totp, S("")), E_INTERNAL);
    eq_err(opened(&totp, S("v1.1")), E_INTERNAL);
    eq_err(opened(&totp, str_upto(text, text.n - 1)), E_INTERNAL);
}

T(se_11_a_destroyed_key_opens_nothing_and_seals_nothing)
{
    str text = sealed(&totp, "one"), out;
    must(vault_destroy(t_ctx(), VAULT_PERSON, totp.owner));
    eq_err(opened(&totp, text), E_MISSING);
    eq_err(vault_seal(t_ctx(), &totp, S("two"), &out), E_MISSING);
}

T(se_11_a_destroyed_key_does_not_come_back_with_an_older_list_of_keys)
{
    struct node *before;
    str text = sealed(&totp, "one");
    t_ctx()->scope.platform = true;
    must(q_vault_all(t_ctx(), &before, 0, 100000));
    must(vault_destroy(t_ctx(), VAULT_PERSON, totp.owner));
    must(vault_put(t_ctx(), before));
    eq_err(opened(&totp, text), E_MISSING);
}

static void put(i64 id, i64 owner, const char *wrapped)
{
    struct arena *mem = t_ctx()->mem;
    struct node *list = node_list(mem), *key = node_add(mem, list, node_map(mem));
    node_set_int(mem, key, S("id"), id);
    node_set_str(mem, key, S("whose"), S("person"));
    node_set_int(mem, key, S("owner_id"), owner);
    node_set_str(mem, key, S("wrapped"), str_of(wrapped));
    node_set_bool(mem, key, S("is_current"), true);
    t_ctx()->scope.platform = true;
    must(vault_put(t_ctx(), list));
}

static i64 current(i64 owner)
{
    return t_int("select id as n from vault.key where is_current and whose = 'person' and "
                 "owner_id = %" PRId64,
        owner);
}

/* Lists of before new keys were made and of after, in either order. */
T(se_11_of_two_lists_the_newest_key_is_current_and_what_was_destroyed_stays_so)
{
    t_open();
    put(900000001, 7000010, "old");
    put(900000002, 7000010, "new");
    put(900000004, 7000011, "new");
    put(900000003, 7000011, "old");
    eq_int(current(7000010), 900000002);
    eq_int(current(7000011), 900000004);
    put(900000005, 7000012, "");
    put(900000006, 7000012, "new");
    put(900000008, 7000013, "new");
    put(900000007, 7000013, "");
    eq_int(t_int("select count(*) as n from vault.key where owner_id between 7000012 and 7000013 "
                 "and wrapped = ''"),
        4);
    eq_int(current(7000012), 900000005);
}

T(se_11_without_the_master_key_the_database_opens_nothing)
{
    str text = sealed(&totp, "one");
    under_master("another master key of 32 letters!", "and another before it of 32 letters");
    eq_err(opened(&totp, text), E_INTERNAL);
}

T(se_11_a_new_master_key_takes_over_from_the_old)
{
    i64 rewrapped, lost;
    str text = sealed(&totp, "one");
    str old = str_fmt(t_ctx()->mem, "%.*s", STR(t_ctx()->app->master));
    under_master("another master key of 32 letters!", old.p);
    must(opened(&totp, text)); /* while both are known */
    must(vault_rewrap(t_ctx(), &rewrapped, &lost));
    is_true(rewrapped >= 1);
    eq_int(lost, 0);
    under_master("another master key of 32 letters!", "");
    must(opened(&totp, text));
    under_master(old.p, "");
    eq_err(opened(&totp, text), E_INTERNAL);
}

T(se_11_a_wrapped_key_does_not_open_for_another_owner)
{
    struct vault_place other = { "t.totp", 7, VAULT_PERSON, 7000003 };
    sealed(&totp, "one");
    str text = sealed(&other, "two");
    t_sql(
        "update vault.key set wrapped = (select wrapped from vault.key where whose = 'person' and "
        "owner_id = 7000001) where whose = 'person' and owner_id = 7000003");
    eq_err(opened(&other, text), E_INTERNAL);
}

T(se_11_keys_are_the_houses_and_nobody_elses)
{
    struct node *row;
    sealed(&totp, "one");
    t_ctx()->scope = (struct scope){ .person = totp.owner, .organisation = 1 };
    must(q_vault_current(t_ctx(), &row, S("person"), totp.owner));
    is_true(row == NULL);
}
