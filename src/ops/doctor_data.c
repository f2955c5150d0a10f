/* The doctor at the database. */
#include "gen/queries.h"
#include "ops/doctor_in.h"
#include "vault/vault.h"
#include "work/work.h"
#include <dirent.h>
#include <errno.h>

#define LATE_US MINUTE
#define MOST_CURRENCIES 100

/* A check of rows: each has `what`, and maybe a `fix` of its own. */
static void say_all(struct exam *e, enum ill level, const struct node *rows, const char *fix)
{
    EACH(it, rows) {
        str own = node_str(&it->node, "fix");
        exam_say(e, level, node_str(&it->node, "what"), own.n ? own : str_of(fix));
    }
}

/* That the database is away is one fault, however many checks would have asked it. */
static void sorry(struct exam *e, const char *what)
{
    e->said += e->is_away;
    if (e->is_away)
        return;
    e->is_away = e->c->fault.code == E_AWAY;
    SAY(e, WRONG, S("systemctl status postgresql; the settings pg and pg_owner"), "%s: %s", what,
        exam_fault(e));
}

void check_database(struct exam *e)
{
    struct node *rows;
    if (q_ops_unsafe_settings(e->c, &rows)) {
        sorry(e, "the database does not answer");
        return;
    }
    say_all(e, WRONG, rows, "");
    if (q_ops_loose_settings(e->c, &rows))
        sorry(e, "settings");
    else
        say_all(e, WARNING, rows, "");
    struct ctx own = *e->c;
    own.pg = database_open(e->c, str_none, S("-c role=talat_backup"));
    if (q_ops_pulse(&own, &rows)) {
        e->c->fault = own.fault;
        sorry(e, "the owner cannot become talat_backup: no backups");
    }
    pg_close(own.pg);
}

void check_schema(struct exam *e)
{
    struct node *made;
    str folder = str_fmt(e->c->mem, "%.*s/sql/change", STR(e->c->app->share_dir));
    if (q_ops_changes(e->c, &made)) {
        sorry(e, "there is no schema");
        return;
    }
    DIR *d = opendir(folder.p);
    if (!d)
        SKIP(e, "%.*s: %s", STR(folder), strerror(errno));
    for (struct dirent *f; d && (f = readdir(d));) {
        bool is_made = !str_ends(str_of(f->d_name), S(".sql"));
        EACH(it, made)
            is_made = is_made || str_is(node_str(&it->node, "name"), f->d_name);
        if (!is_made)
            SAY(e, WRONG, S("talatctl migrate"), "the schema lacks %s", f->d_name);
    }
    if (d)
        closedir(d);
}

/* As the owner, who sees the figures of all. */
static int as_owner(struct exam *e, int (*query)(struct ctx *, struct node **), struct node **rows)
{
    struct ctx own = *e->c;
    own.pg = database_open(e->c, str_none, str_none);
    int err = query(&own, rows);
    pg_close(own.pg);
    e->c->fault = own.fault;
    return err;
}

void check_tables(struct exam *e)
{
    struct node *rows;
    if (as_owner(e, q_ops_broken_indexes, &rows))
        sorry(e, "indexes");
    else
        say_all(e, WRONG, rows, "");
    if (as_owner(e, q_ops_untidy_tables, &rows))
        sorry(e, "tables");
    else
        say_all(e, WARNING, rows, "");
}

/* The extension is another superuser's gift: asked only where it is; NULL where not. */
static int slow_statements(struct ctx *c, struct node **rows)
{
    TRY(pg_script(c,
        S("select set_config('talat.counts', coalesce((case when"
          " to_regclass('pg_stat_statements') is null then 'false' else"
          " (select jsonb_agg(jsonb_build_object('what', s)) from unnest(xpath('/table/row/s/text()',"
          "  query_to_xml($q$select 'on average ' || round(mean_exec_time) || ' ms, '"
          "   || calls || ' times: ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 120) as s"
          "   from pg_stat_statements where mean_exec_time > 200 and calls > 20"
          "    and query !~* '^(copy|create|alter|vacuum|analyze|do|select set_config)'"
          "   order by total_exec_time desc limit 5$q$, false, false, ''))::text[]) s)"
          " end)::text, '[]'), false)")));
    struct node *row;
    TRY(q_ops_counted(c, &row));
    struct node *counts = node_get(row, S("counts"));
    *rows = counts && counts->kind == N_LIST ? counts : NULL;
    return E_OK;
}

void check_queries(struct exam *e)
{
    struct node *rows;
    if (as_owner(e, q_ops_slow_now, &rows))
        sorry(e, "pg_stat_activity");
    else
        say_all(e, WARNING, rows, "");
    if (as_owner(e, slow_statements, &rows))
        sorry(e, "pg_stat_statements");
    else if (!rows)
        SKIP(e, "those that have ended: the database has no pg_stat_statements");
    else
        say_all(e, WARNING, rows, "explain it: talatctl cannot know which index it wants");
}

static bool is_closed(const struct node *rows)
{
    const struct item *first = node_first(rows);
    return first && !node_bool(&first->node, "has_any");
}

/* A currency that no way of delivery has a price in; no rate of tax, or none where the house is. */
void check_selling(struct exam *e)
{
    struct app *app = e->c->app;
    str currencies[MOST_CURRENCIES];
    size_t n = 0;
    struct node *rows;
    EACH(item, app->currencies)
        if (n < MOST_CURRENCIES)
            currencies[n++] = item->node.as.text;
    if (q_ops_unsold(e->c, &rows, currencies, n))
        sorry(e, "ways of delivery");
    else
        say_all(e, WARNING, rows, "");
    if (q_ops_untaxed(e->c, &rows))
        sorry(e, "tax rates");
    else
        say_all(e, is_closed(rows) ? WRONG : WARNING, rows, "");
}

void check_queue(struct exam *e)
{
    struct node *row;
    i64 age = work_queue_age_us(e->c);
    if (age > LATE_US)
        SAY(e, WRONG, S("systemctl status talat-work; more hands: work_workers = 4"),
            "the oldest due job has waited %" PRId64 " s", age / SECOND);
    if (q_ops_behind(e->c, &row)) {
        sorry(e, "the queue");
        return;
    }
    const char *last = e->by_clock ? "last" : "last_error"; /* which may name somebody */
    if (node_int(row, "dead"))
        SAY(e, WARNING,
            S("talatctl jobs dead, and after the cause is mended: talatctl jobs again ID"),
            "%" PRId64 " jobs were given up, the last: %.*s", node_int(row, "dead"),
            STR(node_str(row, last)));
    if (node_int(row, "failing"))
        SAY(e, WARNING,
            S("journalctl -u talat-work: what it fails for; it is tried again by itself"),
            "%" PRId64 " jobs have failed eight times or more, the last: %.*s",
            node_int(row, "failing"), STR(node_str(row, "last_failing")));
    if (node_int(row, "unread_s") > 60)
        SAY(e, WRONG, S("systemctl status talat-work"),
            "the oldest event has waited %" PRId64 " s to be read", node_int(row, "unread_s"));
}

void check_holds(struct exam *e)
{
    struct node *rows;
    if (q_ops_stuck_holds(e->c, &rows))
        sorry(e, "holds");
    else
        say_all(e, WARNING, rows, "talatctl jobs dead; systemctl status talat-work");
}

void check_sealed(struct exam *e)
{
    i64 left, closed, others;
    when tried;
    struct scope before = e->c->scope;
    int err = vault_plain(e->c, &left);
    if (!err)
        err = care_closed(e->c, &closed, &tried);
    e->c->scope.platform = true;
    if (!err)
        err = keys_others(e->c, &others);
    e->c->scope = before;
    if (err) {
        sorry(e, "what should be sealed");
        return;
    }
    if (others && !conf_str(e->c->app->conf, "master_key_before_file", str_none).n)
        SAY(e, WRONG,
            S("put the file of then back as master_key_file (or name it by master_key_before_file, "
              "and talatctl keys rewrap): nothing else opens addresses and telephones"),
            "%" PRId64 " keys of the database are under another master key than master_key_file's",
            others);
    const char *about = left > 10000 ? "at least " : ""; /* so far they are counted */
    if (left && left == closed)
        SAY(e, WARNING,
            S("talatctl keys check says whether their key was destroyed or they are broken"),
            "%s%" PRId64 " addresses of an older version cannot be sealed any more", about, left);
    else if (left && !e->by_clock)
        SAY(e, WARNING,
            S("wait: talat-work does it, a little each minute, from a day after the upgrade; or, when "
              "no older version runs on any machine: talatctl keys seal"),
            "%s%" PRId64 " addresses of an older version are not sealed yet", about, left);
}

void check_people(struct exam *e)
{
    struct node *row;
    if (q_ops_staff(e->c, &row))
        sorry(e, "accounts");
    else if (!node_int(row, "n"))
        exam_say(e, WRONG, S("nobody can log in to the back office"),
            S("talatctl user add you@your.domain --role admin"));
}
