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
    t_sql("update vault.key set wrapped = (select wrapped from vault.key where whose = 'person' and "
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
