/* proof.c: what must hold whatever is done (sql/prove.sql), looked at as each test leaves it: all
 * that it wrote is rolled back, so nobody else could see it. Only what speaks of a table that was
 * written is asked, or the tests would take half as long again. By the test's own clock, where that
 * stands behind the real one: a hold of its day has not lapsed since. */
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"

#define BLOCK  "-- name: "
#define NUMBER 9590 /* just below those of t/shop.c */
enum { MOST = 4 };

static struct {
    str rules[MOST];
    size_t n;
} broken;

static void forget(void *unused)
{
    (void)unused;
    broken.n = 0;
}

void t_breaks(const char *rule)
{
    ck_assert_uint_lt(broken.n, MOST);
    if (!broken.n)
        DEFER(t_ctx()->mem, forget, NULL);
    broken.rules[broken.n++] = str_of(rule);
}

static struct ctx as_prover(void)
{
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    c.fault = (struct fault){ 0 };
    return c;
}

/* The tables that the test has written, one after the other; none, where it only read. */
static str written(struct ctx *c)
{
    static const struct query asked = { .name = "t.proof.written",
        .sql = "select coalesce(string_agg(relid::regclass::text, ' '), '') as places"
               "  from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0",
        .kind = Q_ONE,
        .number = NUMBER };
    struct node *row;
    int err = pg_run(c, &asked, NULL, &row, NULL);
    if (err && err != E_AWAY) /* who lost the database has lost what was written, too */
        ck_abort_msg("what was written: %.*s", STR(c->fault.detail));
    return err ? str_none : node_str(row, "places");
}

static bool speaks_of(str block, str places)
{
    str place;
    while (str_cut(&places, ' ', &place))
        if (str_find(block, place) >= 0)
            return true;
    return str_find(block, S("app.prove_of")) >= 0;
}

static void by_clock(struct ctx *c, str places)
{
    str at = c->now < when_now() ? when_rfc3339(c->mem, c->now) : str_none;
    str sql = str_fmt(c->mem,
        "select set_config('app.prove_at', '%.*s', true), set_config('app.prove_of', '%.*s', true)",
        STR(at), STR(places));
    if (pg_script(c, sql))
        ck_abort_msg("%.*s: %.*s", STR(sql), STR(c->fault.detail));
}

static bool is_meant(str rule, bool *found)
{
    for (size_t i = 0; i < broken.n; i++)
        if (str_eq(rule, broken.rules[i]))
            return found[i] = true;
    return false;
}

static void ask(struct ctx *c, str rule, str sql, bool *found)
{
    const struct node *rows = t_rows_as(c, str_upto(sql, sql.n - 1)); /* no ';' */
    if (node_count(rows) && !is_meant(rule, found))
        ck_abort_msg("what must always hold does not: %.*s\n%.*s", STR(rule),
            STR(str_upto(t_json_of(rows), 400)));
}

static void ask_all(struct ctx *c, str places, bool *found)
{
    str path = str_fmt(c->mem, "%.*s/sql/prove.sql", STR(c->app->share_dir)), rule;
    bool ok;
    str rest = file_read(c->mem, path.p, 1 << 20, &ok);
    ck_assert_msg(ok, "no %s", path.p);
    for (i64 at = str_find(rest, S(BLOCK)); at >= 0;) {
        rest = str_from(rest, (size_t)at + strlen(BLOCK));
        at = str_find(rest, S(BLOCK));
        str block = at < 0 ? rest : str_upto(rest, (size_t)at);
        bool concerned = speaks_of(block, places);
        str_cut(&block, '\n', &rule);
        if (concerned)
            ask(c, rule, str_trim(block), found);
    }
}

static void prove(bool *found)
{
    struct ctx c = as_prover();
    str places = written(&c);
    if (!places.n)
        return;
    must(pg_begin(&c));
    by_clock(&c, places);
    ask_all(&c, places, found);
    pg_end(&c, E_INTERNAL); /* its settings go, too */
}

void t_prove(void)
{
    bool found[MOST] = { false };
    t_open();
    prove(found);
}

void t_prove_written(void)
{
    bool found[MOST] = { false };
    prove(found);
    for (size_t i = 0; i < broken.n; i++)
        if (!found[i])
            ck_abort_msg("%.*s was to be broken, and holds", STR(broken.rules[i]));
}
