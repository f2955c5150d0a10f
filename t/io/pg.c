#include "t/io/stack.h"
#include "gen/queries.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Tables of a session's own, so the owner's role: the app may not make any. */
#define NEED_PG()                                                                                  \
    do {                                                                                           \
        if (!stack_conf("pg_owner").n)                                                             \
            t_skip("no PostgreSQL: TALAT_CONF names no configuration with it");                    \
        open_pg();                                                                                 \
    } while (0)

/* Numbers far above the generator's. */
enum { NUMBER = 9000 };
static const unsigned one_int[] = { 20 }, two_ints[] = { 20, 20 }, int_text[] = { 20, 25 };
static const struct query get = { "t.get", "select id, name, note from item where id = $1", Q_ONE,
    one_int, 1, NUMBER };
static const struct query find = { "t.find", "select id, name from item where id = $1", Q_MAYBE,
    one_int, 1, NUMBER + 1 };
static const struct query all = { "t.all", "select id, name from item order by id", Q_MANY, NULL, 0,
    NUMBER + 2 };
static const struct query add = { "t.add", "insert into item (id, name) values ($1, $2)", Q_EXEC,
    int_text, 2, NUMBER + 3 };
static const struct query count = { "t.count", "select count(*) as n from item", Q_ONE, NULL, 0,
    NUMBER + 4 };
static const struct query scope = { "t.scope",
    "select current_setting('app.person', true) as person,"
    " current_setting('app.organisation', true) as organisation,"
    " current_setting('app.order', true) as \"order\", current_setting('app.cart', true) as cart,"
    " current_setting('app.platform', true) as platform, pg_backend_pid()::bigint as pid",
    Q_ONE, NULL, 0, NUMBER + 5 };
static const struct query wrong = { "t.wrong", "select nothing_like_it as x", Q_ONE, NULL, 0,
    NUMBER + 6 };
static const struct query end_it = { "t.end", "select pg_terminate_backend($1::int, 10000) as ended",
    Q_ONE, one_int, 1, NUMBER + 7 };
static const struct query lock = { "t.lock",
    "select pg_advisory_xact_lock(774411, $1::int) as done", Q_ONE, one_int, 1, NUMBER + 8 };
static const struct query nap = { "t.nap", "select pg_sleep($1 / 1000.0) as done", Q_ONE, one_int,
    1, NUMBER + 9 };
static const struct query price = { "t.price", "select 1.5::numeric as price", Q_ONE, NULL, 0,
    NUMBER + 10 };
static const struct query rule = { "t.rule", "select item_rule($1, $2) as x", Q_ONE, two_ints, 2,
    NUMBER + 11 };
static const struct query drop_all = { "t.drop", "delete from item where id >= $1", Q_EXEC, one_int,
    1, NUMBER + 13 };

static const struct query filtered = { "t.filtered",
    "select id, current_setting('plan_cache_mode') as mode from item where $1 = 0 or id = $1",
    Q_MANY, one_int, 1, NUMBER + 14, true };
static const struct query planning = { "t.planning",
    "select current_setting('plan_cache_mode') as mode", Q_ONE, NULL, 0, NUMBER + 15 };

#define INT(v)                                                                                     \
    {                                                                                              \
        .kind = P_INT, .number = (v)                                                               \
    }
#define TEXT(v)                                                                                    \
    {                                                                                              \
        .kind = P_STR, .text = (v)                                                                 \
    }
#define IN(...)       ((const struct param[]){ __VA_ARGS__ })
#define ADD(id, name) pg_run(t_ctx(), &add, IN(INT(id), TEXT(S(name))), NULL, NULL)

static struct pg *connect_to(const char *key) { return pg_new(t_ctx()->mem, stack_conf(key)); }

static void open_pg(void)
{
    struct ctx *c = t_ctx();
    c->pg = connect_to("pg_owner");
    must(pg_script(c,
        S("create temp table item (id bigint primary key,"
          " name text not null check (name <> ''), note text,"
          " constraint item_name unique (name));"
          "insert into item values (1, 'one'), (2, 'two');"
          "create function pg_temp.item_rule(a bigint, b bigint) returns int as $$"
          " begin raise exception using errcode = 'TL' || a::text,"
          " message = 'Only 3 left', constraint = 'stock.left'; end"
          " $$ language plpgsql;"
          "set search_path = pg_temp")));
}

static i64 rows(void)
{
    struct node *n;
    must(pg_run(t_ctx(), &count, NULL, &n, NULL));
    return node_int(n, "n");
}

static i64 backend(struct ctx *c)
{
    struct node *n;
    must(pg_run(c, &scope, NULL, &n, NULL));
    return node_int(n, "pid");
}

static void end_backend(i64 pid)
{
    struct ctx *c = t_ctx(), other = { .mem = c->mem, .pg = connect_to("pg_owner") };
    struct node *n;
    must(pg_run(&other, &end_it, IN(INT(pid)), &n, NULL)); /* it waits until that is gone */
    pg_close(other.pg);
}

T(a_statement_is_planned_once_unless_it_says_otherwise)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *rows, *row;
    for (int in_batch = 0; in_batch < 2; in_batch++) {
        if (in_batch)
            pg_batch(c);
        must(pg_run(c, &filtered, IN(INT(1)), &rows, NULL));
        must(pg_run(c, &planning, NULL, &row, NULL));
        if (in_batch)
            must(pg_flush(c));
        eq_str(node_str(&node_first(rows)->node, "mode"), "force_custom_plan");
        eq_str(node_str(row, "mode"), "force_generic_plan");
    }
    must(pg_begin(c));
    must(pg_run(c, &filtered, IN(INT(1)), &rows, NULL));
    must(pg_run(c, &planning, NULL, &row, NULL));
    eq_str(node_str(row, "mode"), "force_generic_plan");
    eq_err(pg_run(c, &wrong, NULL, &row, NULL), E_INTERNAL);
    pg_end(c, E_INTERNAL);
    fault_clear(c);
    must(pg_run(c, &planning, NULL, &row, NULL));
    eq_str(node_str(row, "mode"), "force_generic_plan");
}

T(each_kind_of_query_gives_what_it_says)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    i64 changed = -1;
    must(pg_run(c, &get, IN(INT(1)), &n, NULL));
    eq_str(t_json_of(n), "{\"id\":1,\"name\":\"one\",\"note\":null}");
    eq_err(pg_run(c, &get, IN(INT(9)), &n, NULL), E_MISSING);
    is_true(n == NULL);
    must(pg_run(c, &find, IN(INT(9)), &n, NULL));
    is_true(n == NULL);
    must(pg_run(c, &all, NULL, &n, NULL));
    eq_str(t_json_of(n), "[{\"id\":1,\"name\":\"one\"},{\"id\":2,\"name\":\"two\"}]");
    must(pg_run(c, &drop_all, IN(INT(0)), NULL, &changed));
    eq_int(changed, 2);
    must(pg_run(c, &all, NULL, &n, NULL));
    eq_int(node_count(n), 0);
    node_set_int(c->mem, node_add_map(c->mem, n), S("late"), 1);
    eq_str(t_json_of(n), "[{\"late\":1}]");
}

T(a_statement_is_prepared_once_and_one_trip_is_enough)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    c->db_trips = 0;
    must(pg_run(c, &get, IN(INT(1)), &n, NULL));
    must(pg_run(c, &get, IN(INT(2)), &n, NULL));
    eq_str(node_str(n, "name"), "two");
    eq_int(c->db_trips, 2);
    c->scope.person = 7;
    must(pg_run(c, &get, IN(INT(2)), &n, NULL));
    eq_int(c->db_trips, 3);
}

T(the_scope_is_set_for_its_query_and_gone_after_it)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    c->scope =
        (struct scope){ .person = 7, .organisation = 8, .order = 9, .cart = 10, .platform = true };
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "7");
    eq_str(node_str(n, "organisation"), "8");
    eq_str(node_str(n, "order"), "9");
    eq_str(node_str(n, "cart"), "10");
    eq_str(node_str(n, "platform"), "on");
    c->scope = (struct scope){ 0 };
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "");
    eq_str(node_str(n, "organisation"), "");
    eq_str(node_str(n, "platform"), "");
}

T(the_scope_is_gone_also_after_a_failed_query_and_a_transaction)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    c->scope.person = 7;
    eq_err(pg_run(c, &wrong, NULL, &n, NULL), E_INTERNAL);
    must(pg_begin(c));
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "7");
    must(pg_end(c, E_OK));
    must(pg_begin(c));
    eq_err(pg_end(c, pg_run(c, &wrong, NULL, &n, NULL)), E_INTERNAL);
    c->scope.person = 0;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "");
    eq_int(node_int(n, "pid"), backend(c)); /* the connection stayed */
}

static void hears(i64 person)
{
    struct ctx *c = t_ctx();
    struct node *n;
    c->scope.person = person;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), person ? str_c(c->mem, str_fmt(c->mem, "%" PRId64, person)) : "");
}

/* The settings stay with the connection: whatever goes wrong, they are never another's. */
T(after_every_way_to_fail_a_statement_runs_for_whom_it_says)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    hears(1);
    c->scope.person = 2;
    eq_err(pg_run(c, &get, IN(INT(404)), &n, NULL), E_MISSING); /* ours, not the server's */
    fault_clear(c);
    hears(2);
    hears(1);
    c->scope.person = 3;
    pg_batch(c); /* the scope is set, then something fails and takes it back */
    pg_run(c, &scope, NULL, &n, NULL);
    pg_run(c, &wrong, NULL, &n, NULL);
    eq_err(pg_flush(c), E_INTERNAL);
    fault_clear(c);
    hears(3);
    must(pg_begin(c));
    hears(4);
    eq_err(pg_end(c, E_CONFLICT), E_CONFLICT); /* rolled back by us */
    hears(4);
    must(pg_begin(c));
    hears(5);
    must(pg_begin(c));
    hears(6);
    eq_err(pg_end(c, E_CONFLICT), E_CONFLICT); /* ... to a savepoint */
    hears(6);
    hears(5);
    must(pg_end(c, E_OK));
    hears(5);
    hears(0);
}

T(a_scope_changed_in_a_transaction_holds_at_once_and_comes_back)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    must(pg_begin(c));
    c->scope.person = 1;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "1");
    must(pg_begin(c));
    c->scope.person = 2;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "2");
    eq_err(pg_end(c, E_CONFLICT), E_CONFLICT);
    c->scope.person = 1;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "1");
    c->scope.person = 0;
    must(pg_run(c, &scope, NULL, &n, NULL));
    eq_str(node_str(n, "person"), "");
    must(pg_end(c, E_OK));
}

T(a_batch_is_one_trip_and_one_transaction)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *a, *b;
    c->db_trips = 0;
    pg_batch(c);
    must(pg_run(c, &get, IN(INT(1)), &a, NULL));
    must(pg_run(c, &get, IN(INT(2)), &b, NULL));
    is_true(a == NULL);
    must(pg_flush(c));
    eq_int(c->db_trips, 1);
    eq_str(node_str(a, "name"), "one");
    eq_str(node_str(b, "name"), "two");
    pg_batch(c);
    must(ADD(3, "three"));
    must(ADD(3, "again"));
    must(ADD(4, "four"));
    eq_err(pg_flush(c), E_CONFLICT);
    is_true(pg_broke(c, "item_pkey"));
    eq_int(rows(), 2);
    must(pg_run(c, &get, IN(INT(1)), &a, NULL));
}

T(the_first_error_of_a_batch_is_told)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *a, *b, *d;
    pg_batch(c);
    must(pg_run(c, &get, IN(INT(9)), &a, NULL));
    must(pg_run(c, &get, IN(INT(2)), &b, NULL));
    must(pg_run(c, &wrong, NULL, &d, NULL));
    eq_err(pg_flush(c), E_MISSING);
    eq_str(c->fault.key, "pg.missing");
    is_true(a == NULL && d == NULL);
}

T(a_batch_of_hundreds_goes_through)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    str text = str_fmt(c->mem, "%05000d", 1);
    struct node *n;
    pg_batch(c);
    for (i64 i = 10; i < 610; i++)
        must(pg_run(c, &add,
            IN(INT(i), TEXT(str_fmt(c->mem, "%" PRId64 "%.*s", i, STR(str_upto(text, 2000))))),
            NULL, NULL));
    must(pg_flush(c));
    must(pg_run(c, &all, NULL, &n, NULL));
    eq_int(node_count(n), 602);
}

T(conflicts_say_which_constraint)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    eq_err(ADD(1, "x"), E_CONFLICT);
    is_true(pg_broke(c, "item_pkey"));
    eq_err(ADD(3, "two"), E_CONFLICT);
    is_true(pg_broke(c, "item_name"));
    is_false(pg_broke(c, "item_pkey"));
    eq_err(ADD(3, ""), E_CONFLICT);
    is_true(pg_broke(c, "item_name_check"));
    eq_err(pg_run(c, &add, IN(INT(3), TEXT(S("a\0b"))), NULL, NULL), E_INPUT);
    no_text(c->fault.detail, "0x00");
}

T(rules_of_the_schema_speak_to_the_person)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    static const struct query call = { "t.rule2", "select pg_temp.item_rule($1, 0) as x", Q_ONE,
        one_int, 1, NUMBER + 20 };
    eq_err(pg_run(c, &call, IN(INT(409)), &n, NULL), E_CONFLICT);
    eq_str(c->fault.text, "Only 3 left");
    eq_str(c->fault.key, "stock.left");
    eq_err(pg_run(c, &call, IN(INT(404)), &n, NULL), E_MISSING);
    eq_err(pg_run(c, &call, IN(INT(422)), &n, NULL), E_INPUT);
    eq_err(pg_run(c, &call, IN(INT(403)), &n, NULL), E_DENIED);
    eq_err(pg_run(c, &rule, IN(INT(1), INT(2)), &n, NULL), E_INTERNAL);
}

T(transactions_nest_and_each_level_stands_for_itself)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    must(pg_begin(c));
    is_true(pg_in_tx(c));
    must(ADD(3, "three"));
    must(pg_begin(c));
    must(ADD(4, "four"));
    eq_err(ADD(4, "again"), E_CONFLICT);
    eq_err(pg_end(c, E_CONFLICT), E_CONFLICT);
    is_true(pg_broke(c, "item_pkey"));
    must(pg_begin(c));
    must(ADD(5, "five"));
    must(pg_end(c, E_OK));
    must(pg_end(c, E_OK));
    is_false(pg_in_tx(c));
    eq_int(rows(), 4);
    must(pg_begin(c));
    must(ADD(6, "six"));
    eq_err(pg_end(c, E_INPUT), E_INPUT);
    eq_int(rows(), 4);
}

T(an_empty_transaction_asks_nothing_of_the_server)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    c->db_trips = 0;
    must(pg_begin(c));
    must(pg_begin(c));
    must(pg_end(c, E_OK));
    must(pg_end(c, E_OK));
    eq_int(c->db_trips, 0);
}

T(a_spoiled_transaction_does_not_pass_for_committed)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    must(pg_begin(c));
    must(ADD(3, "three"));
    eq_err(ADD(3, "again"), E_CONFLICT);
    eq_err(pg_end(c, E_OK), E_INTERNAL);
    eq_str(c->fault.key, "pg.spoiled");
    eq_int(rows(), 2);
}

T(in_a_shelter_an_expected_error_spoils_nothing)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *a;
    must(pg_shelter(c));
    must(ADD(3, "three"));
    eq_err(ADD(3, "again"), E_CONFLICT);
    is_true(pg_broke(c, "item_pkey"));
    eq_int(rows(), 3);
    pg_batch(c);
    must(pg_run(c, &get, IN(INT(3)), &a, NULL));
    must(ADD(3, "again"));
    eq_err(pg_flush(c), E_CONFLICT);
    must(pg_begin(c));
    must(ADD(4, "four"));
    must(pg_end(c, E_OK));
    eq_int(rows(), 4);
    pg_unshelter(c);
    is_false(pg_in_tx(c));
    eq_int(rows(), 2);
}

T(a_connection_killed_while_idle_heals_unseen)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    i64 before = backend(c);
    end_backend(before);
    must(pg_run(c, &scope, NULL, &n, NULL));
    is_true(node_int(n, "pid") != before);
    end_backend(node_int(n, "pid"));
    must(pg_begin(c));
    must(pg_run(c, &scope, NULL, &n, NULL));
    must(pg_end(c, E_OK));
    end_backend(backend(c));
    is_true(pg_is_up(c->pg));
}

T(a_connection_killed_in_a_transaction_loses_it_and_heals_after)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    must(pg_begin(c));
    must(ADD(3, "three"));
    end_backend(backend(c));
    eq_err(pg_run(c, &scope, NULL, &n, NULL), E_AWAY);
    eq_err(pg_run(c, &scope, NULL, &n, NULL), E_AWAY); /* not half on a new connection */
    eq_err(pg_end(c, E_OK), E_AWAY);
    must(pg_run(c, &scope, NULL, &n, NULL));
    must(pg_begin(c));
    must(pg_run(c, &scope, NULL, &n, NULL));
    end_backend(node_int(n, "pid"));
    eq_err(pg_end(c, E_OK), E_AWAY);
    must(pg_run(c, &scope, NULL, &n, NULL));
}

T(without_a_server_calls_fail_fast_and_one_try_a_second_is_made)
{
    struct ctx *c = t_ctx();
    struct node *n;
    c->pg = pg_new(c->mem, S("host=/nowhere user=x dbname=x"));
    i64 start = when_ticks();
    for (int i = 0; i < 1000; i++)
        eq_err(pg_run(c, &count, NULL, &n, NULL), E_AWAY);
    is_true(when_ticks() - start < 10 * SECOND);
    is_false(pg_is_up(c->pg));
    must(pg_begin(c));
    eq_err(pg_run(c, &count, NULL, &n, NULL), E_AWAY);
    eq_err(pg_end(c, E_AWAY), E_AWAY);
    pg_batch(c);
    eq_err(pg_run(c, &count, NULL, &n, NULL), E_AWAY);
    eq_err(pg_flush(c), E_AWAY);
}

T(a_changed_table_under_a_prepared_statement_is_no_matter)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    /* the connection is renewed, so this table must outlive it */
    struct ctx other = { .mem = c->mem, .pg = connect_to("pg_owner") };
    pg_script(&other,
        S("drop table if exists talat_t_io; create table talat_t_io (a int);"
          "insert into talat_t_io values (1)"));
    static const struct query live = { "t.live", "select t.* from talat_t_io t", Q_ONE, NULL, 0,
        NUMBER + 22 };
    c->pg = connect_to("pg_owner");
    int err = pg_run(c, &live, NULL, &n, NULL);
    pg_script(&other, S("alter table talat_t_io add b text default 'x'"));
    int after = pg_run(c, &live, NULL, &n, NULL);
    str json = n ? t_json_of(n) : str_none;
    pg_script(&other, S("drop table talat_t_io"));
    pg_close(other.pg);
    if (err == E_INTERNAL || err == E_DENIED)
        t_skip("the owner may not make a table outside its schemas");
    eq_err(err, E_OK);
    eq_err(after, E_OK);
    eq_str(json, "{\"a\":1,\"b\":\"x\"}");
}

/* A standby that was asked, or a shop that its operator lets rest: nothing of ours is wrong. */
T(a_database_that_may_only_be_read_is_away_for_who_writes)
{
    static const struct query mark = { "t.mark",
        "insert into ops.mark (name, value) values ('t', 't')", Q_EXEC, NULL, 0, NUMBER + 42 };
    NEED_PG();
    struct ctx *c = t_ctx();
    must(pg_script(c, S("set default_transaction_read_only = on")));
    eq_err(pg_run(c, &mark, NULL, NULL, NULL), E_AWAY);
    eq_str(c->fault.key, "pg.read_only");
}

T(a_type_no_node_can_hold_is_refused)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *n;
    eq_err(pg_run(c, &price, NULL, &n, NULL), E_INTERNAL);
    eq_str(c->fault.key, "pg.type");
    must(pg_run(c, &get, IN(INT(1)), &n, NULL));
}

T(prepare_all_reports_what_does_not_fit)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    static const struct query doubled = { "t.doubled", "select 1 as a, 2 as a", Q_ONE, NULL, 0,
        NUMBER + 30 };
    static const struct query nameless = { "t.nameless", "select 1", Q_ONE, NULL, 0, NUMBER + 31 };
    static const struct query mistyped = { "t.mistyped", "select 1 as a where 'x'::text = $1",
        Q_ONE, one_int, 1, NUMBER + 32 };
    static const struct query rowless = { "t.rowless", "set timezone = 'UTC'", Q_ONE, NULL, 0,
        NUMBER + 33 };
    static const struct query denied = { "t.denied", "select rolpassword as a from pg_authid",
        Q_MANY, NULL, 0, NUMBER + 34 };
    static const struct query argued = { "t.argued", "select $1::bigint + $2 as a", Q_ONE, two_ints,
        2, NUMBER + 35 };
    const struct query *list[] = { &doubled, &nameless, &mistyped, &rowless, &price, &scope,
        &denied, &argued };
    struct buf report = buf_new(c->mem, 1 << 16);
    eq_err(pg_prepare_all(c, list, COUNT(list), &report), E_INTERNAL);
    str said = buf_str(&report);
    has_text(said, "t.doubled: two columns are called a");
    has_text(said, "t.nameless: column 1 has no name");
    has_text(said, "t.mistyped: ");
    has_text(said, "t.rowless: ");
    has_text(said, "t.price: column price has type 1700");
    has_text(said, "t.denied: ");
    no_text(said, "t.scope");
    no_text(said, "t.argued");
    struct node *n;
    must(pg_run(c, &scope, NULL, &n, NULL));
}

T(SE_07_every_query_fits_the_schema)
{
    if (!stack_conf("pg").n)
        t_skip("no PostgreSQL: TALAT_CONF names no configuration with it");
    struct ctx *c = t_ctx();
    c->pg = connect_to("pg");
    struct buf report = buf_new(c->mem, 1 << 20);
    int err = pg_prepare_all(c, q_all, q_all_count, &report);
    eq_str(buf_str(&report), "");
    eq_err(err, E_OK);
}

/* ---- two at once -------------------------------------------------------------------------- */

struct dance {
    i64 first, second;
    int tries;
};

static int step(struct ctx *c, void *with)
{
    struct dance *d = with;
    struct node *n;
    d->tries++;
    TRY(pg_run(c, &lock, IN(INT(d->first)), &n, NULL));
    TRY(pg_run(c, &nap, IN(INT(100)), &n, NULL));
    return pg_run(c, &lock, IN(INT(d->second)), &n, NULL);
}

T(a_deadlock_is_tried_again_until_both_are_through)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    pid_t child = fork();
    if (child == 0) {
        struct ctx mine = { .mem = arena_new(1 << 20), .pg = connect_to("pg_owner") };
        struct dance d = { .first = 1, .second = 2 };
        _exit(pg_tx(&mine, step, &d));
    }
    struct dance d = { .first = 2, .second = 1 };
    must(pg_tx(c, step, &d));
    int status;
    waitpid(child, &status, 0);
    eq_int(WEXITSTATUS(status), 0);
}

static int serial(struct ctx *c, void *tries)
{
    struct node *n;
    static const struct query clash = { "t.clash", "select pg_temp.clash() as x", Q_ONE, NULL, 0,
        NUMBER + 40 };
    ++*(int *)tries;
    return pg_run(c, &clash, NULL, &n, NULL);
}

T(a_clash_is_tried_three_times_more_and_then_told)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    int tries = 0;
    must(pg_script(c,
        S("create function pg_temp.clash() returns int as $$ begin raise exception"
          " using errcode = '40001', message = 'clash'; end $$ language plpgsql")));
    eq_err(pg_tx(c, serial, &tries), E_AWAY);
    eq_int(tries, 4);
    eq_str(c->fault.key, "pg.again");
    eq_int(rows(), 2);
}

T(a_statement_that_clashes_is_tried_again_after_a_while)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    struct node *row;
    static const struct query thrice = { "t.thrice", "select pg_temp.thrice() as x", Q_ONE, NULL, 0,
        NUMBER + 41 };
    must(pg_script(c,
        S("create temp sequence tries; create function pg_temp.thrice() returns bigint as $$ begin"
          " if nextval('tries') < 4 then raise exception using errcode = '40P01', message = 'clash';"
          " end if; return currval('tries'); end $$ language plpgsql")));
    i64 start = when_ticks();
    must(pg_run(c, &thrice, NULL, &row, NULL));
    eq_int(node_int(row, "x"), 4);
    is_true(when_ticks() - start >= 21 * 1000);
    must(pg_script(c, S("alter sequence tries restart minvalue -9 start -9")));
    eq_err(pg_run(c, &thrice, NULL, &row, NULL), E_AWAY);
    eq_str(c->fault.key, "pg.again");
}

T(a_script_says_where_it_failed_and_undoes_itself)
{
    NEED_PG();
    struct ctx *c = t_ctx();
    eq_err(pg_script(c, S("insert into item values (3, 'three'); selec 1")), E_INTERNAL);
    has_text(c->fault.detail, "character 39");
    eq_int(rows(), 2);
}

T(a_notification_wakes_the_one_who_waits)
{
    NEED_PG();
    struct ctx *c = t_ctx(), other = { .mem = c->mem, .pg = connect_to("pg_owner") };
    str channel;
    must(pg_listen(c, "talat_t"));
    must(pg_wait(c, 1000, &channel));
    eq_str(channel, "");
    must(pg_script(&other, S("notify talat_t")));
    i64 start = when_ticks();
    must(pg_wait(c, 30 * SECOND, &channel));
    eq_str(channel, "talat_t");
    is_true(when_ticks() - start < 20 * SECOND);
    end_backend(backend(c));
    must(pg_wait(c, 1000, &channel)); /* a new connection, that listens again */
    must(pg_script(&other, S("notify talat_t")));
    must(pg_wait(c, 3 * SECOND, &channel));
    eq_str(channel, "talat_t");
    pg_close(other.pg);
}
