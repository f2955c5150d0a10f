#include "t/t.h"

T(a_fault_says_code_key_and_text)
{
    struct ctx *c = t_ctx();
    eq_err(fail(c, E_CONFLICT, "cart.stock", "Only %d left", 3), E_CONFLICT);
    eq_int(c->fault.code, E_CONFLICT);
    eq_str(c->fault.key, "cart.stock");
    eq_str(c->fault.text, "Only 3 left");
    eq_str(c->fault.detail, "");
}

T(the_detail_is_for_the_log_and_the_person_reads_the_usual)
{
    struct ctx *c = t_ctx();
    eq_err(fail_detail(c, E_PROVIDER, "stripe.timeout", "after %d ms", 20), E_PROVIDER);
    eq_str(c->fault.text, err_text(E_PROVIDER));
    eq_str(c->fault.detail, "after 20 ms");
}

T(the_last_fault_wins)
{
    struct ctx *c = t_ctx();
    fail(c, E_MISSING, "db.none", "x");
    fail(c, E_GONE, "catalog.gone", "That product is gone.");
    eq_int(c->fault.code, E_GONE);
    eq_str(c->fault.text, "That product is gone.");
    fault_clear(c);
    eq_int(c->fault.code, E_OK);
    is_true(c->fault.fields == NULL);
}

T(fields_add_up_and_the_first_complaint_of_each_stays)
{
    struct ctx *c = t_ctx();
    eq_err(fail_field(c, "email", "Please give your address"), E_INPUT);
    fail_field(c, "name", "Please say your name");
    fail_field(c, "email", "Too long");
    eq_str(t_json_of(c->fault.fields),
        "{\"email\":\"Please give your address\",\"name\":\"Please say your name\"}");
    fail(c, E_INPUT, "account.taken", "Please look again.");
    eq_int(node_count(c->fault.fields), 2);
    fail(c, E_AWAY, "redis", "Away");
    is_true(c->fault.fields == NULL);
}

T(a_text_too_long_is_not_said_in_part)
{
    struct ctx *c = t_ctx();
    fail(c, E_INPUT, "x", "%05000d", 1);
    is_true(c->fault.text.n < 100);
}

T(every_error_has_its_status_level_and_name)
{
    for (int e = E_INPUT; e <= E_AWAY; e++) {
        is_true(err_status((enum err)e) >= 400 && err_status((enum err)e) < 600);
        is_true(strlen(err_text((enum err)e)) > 10);
        is_true(strncmp(err_name((enum err)e), "E_", 2) == 0);
    }
    eq_int(err_status(E_OK), 200);
    eq_int(err_status(E_LIMIT), 429);
    eq_int(err_level(E_INTERNAL), LOG_ERROR);
    eq_int(err_status((enum err)999), 500);
}

static int gives(int err, int *calls)
{
    ++*calls;
    return err;
}

static int tries(int first, int *calls)
{
    TRY(gives(first, calls));
    TRY(gives(E_OK, calls));
    return E_OK;
}

T(try_returns_the_first_error_and_calls_once)
{
    int calls = 0;
    eq_err(tries(E_DENIED, &calls), E_DENIED);
    eq_int(calls, 1);
    eq_err(tries(E_OK, &calls), E_OK);
    eq_int(calls, 3);
}
