/* The schema: whole for a new database, by its changes for an older one. Runs as the owner,
 * one at a time; each change is a transaction that waits at most 3 s for a lock, so that a
 * running shop is never held up by it. */
#include "ops/ops.h"
#include "gen/queries.h"
#include "io/io.h"
#include <dirent.h>
#include <stdlib.h>

#define MOST_FILES 1000
#define MOST_SQL   ((size_t)4 << 20)

static int by_name(const void *a, const void *b) { return str_order(*(str *)a, *(str *)b); }

static int list_sql(struct ctx *c, str dir, str **names, size_t *n)
{
    DIR *d = opendir(str_c(c->mem, dir));
    if (!d)
        return fail_detail(c, E_INTERNAL, "ops.sql", "no folder %.*s", STR(dir));
    *names = NEWS(c->mem, str, MOST_FILES);
    *n = 0;
    for (struct dirent *e; (e = readdir(d)) && *n < MOST_FILES;)
        if (str_ends(str_of(e->d_name), S(".sql")))
            (*names)[(*n)++] = str_dup(c->mem, str_of(e->d_name));
    closedir(d);
    qsort(*names, *n, sizeof **names, by_name);
    return E_OK;
}

static int run_file(struct ctx *c, str dir, str name, struct buf *report)
{
    bool ok;
    str sql = file_read(
        c->mem, str_c(c->mem, str_fmt(c->mem, "%.*s/%.*s", STR(dir), STR(name))), MOST_SQL, &ok);
    if (!ok)
        return fail_detail(c, E_INTERNAL, "ops.sql", "cannot read %.*s/%.*s", STR(dir), STR(name));
    int err = pg_script(c, sql);
    buf_fmt(report, "%s %.*s\n", err ? "FAILED" : "applied", STR(name));
    if (err)
        buf_fmt(report, "  %.*s\n", STR(c->fault.detail));
    return err;
}

static int note(struct ctx *c, str name)
{
    struct buf quoted = buf_new(c->mem, 1024);
    buf_add(&quoted, S("insert into ops.change (name) values ('"));
    for (size_t i = 0; i < name.n; i++)
        buf_add(&quoted, name.p[i] == '\'' ? S("''") : (str){ name.p + i, 1 });
    buf_add(&quoted, S("') on conflict do nothing"));
    return pg_script(c, buf_str(&quoted));
}

/* A new database gets today's schema and counts every change as made. */
static int make_all(struct ctx *c, str dir, struct buf *report)
{
    str schema = str_fmt(c->mem, "%.*s/schema", STR(dir)), *names;
    str change = str_fmt(c->mem, "%.*s/change", STR(dir));
    size_t n;
    TRY(list_sql(c, schema, &names, &n));
    for (size_t i = 0; i < n; i++)
        TRY(run_file(c, schema, names[i], report));
    TRY(list_sql(c, change, &names, &n));
    for (size_t i = 0; i < n; i++)
        TRY(note(c, names[i]));
    return E_OK;
}

static bool is_made(const struct node *made, str name)
{
    EACH(item, made)
        if (str_eq(node_str(&item->node, "name"), name))
            return true;
    return false;
}

static int make_change(struct ctx *c, str dir, str name, struct buf *report)
{
    TRY(pg_begin(c));
    int err = pg_script(c, S("set local lock_timeout = '3s'"));
    if (!err)
        err = run_file(c, dir, name, report);
    if (!err)
        err = note(c, name);
    return pg_end(c, err);
}

static int make_changes(struct ctx *c, str dir, struct buf *report)
{
    str change = str_fmt(c->mem, "%.*s/change", STR(dir)), *names;
    size_t n, applied = 0;
    struct node *made;
    TRY(q_ops_changes(c, &made));
    TRY(list_sql(c, change, &names, &n));
    for (size_t i = 0; i < n; i++) {
        if (is_made(made, names[i]))
            continue;
        TRY(make_change(c, change, names[i], report));
        applied++;
    }
    if (!applied)
        buf_add(report, S("the schema is up to date\n"));
    return E_OK;
}

int ops_migrate(struct ctx *c, str sql_dir, struct buf *report)
{
    struct node *schema;
    TRY(pg_script(c, S("select pg_advisory_lock(7421002)")));
    TRY(q_ops_has_schema(c, &schema));
    if (node_bool(schema, "yes"))
        return make_changes(c, sql_dir, report);
    TRY(pg_begin(c));
    return pg_end(c, make_all(c, sql_dir, report));
}
