/* The schema: whole for a new database, by its changes for an older one. Runs as the owner,
 * one at a time; each change is a transaction that says how long it waits for a lock, so that
 * a running shop is never held up by it. */
#include "ops/ops.h"
#include "gen/queries.h"
#include "io/io.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_FILES    1000
#define MOST_SQL      ((size_t)4 << 20)
#define LOCK_TRIES    240
#define LOCK_PAUSE_NS (250 * 1000 * 1000)
#define MOST_TABLES   16
#define MOST_INDEXES  64

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

static int read_sql(struct ctx *c, str dir, str name, str *sql)
{
    bool ok;
    *sql = file_read(
        c->mem, str_c(c->mem, str_fmt(c->mem, "%.*s/%.*s", STR(dir), STR(name))), MOST_SQL, &ok);
    return ok ? E_OK
              : fail_detail(
                    c, E_INTERNAL, "ops.sql", "cannot read %.*s/%.*s", STR(dir), STR(name));
}

static int run_file(struct ctx *c, str dir, str name, struct buf *report)
{
    str sql;
    TRY(read_sql(c, dir, name, &sql));
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

/* The first statement of a change, comments and blanks before it left out. */
static str first_statement(str sql)
{
    for (str line; sql.n;) {
        str rest = sql;
        str_cut(&rest, '\n', &line);
        line = str_trim(line);
        if (line.n && !str_starts(line, S("--")))
            break;
        sql = rest;
    }
    return sql;
}

/* A change that would wait for a lock without end would hold up everybody who comes after it. */
static int check_change(struct ctx *c, str dir, str name)
{
    str sql;
    TRY(read_sql(c, dir, name, &sql));
    if (!str_starts(first_statement(sql), S("set local lock_timeout = ")))
        return fail_detail(
            c, E_INPUT, "ops.change", "%.*s does not begin with set local lock_timeout", STR(name));
    return E_OK;
}

struct index {
    const char *kind;
    str words; /* what follows "if not exists", with the semicolon */
};

/* The next index of a change that somebody may have made before it by hand. */
static bool next_index(str *sql, struct index *out)
{
    static const char *const kinds[] = { "index", "unique index" };
    const str begin = S("\ncreate "), mark = S(" if not exists ");
    for (i64 at; (at = str_find(*sql, begin)) >= 0;) {
        *sql = str_from(*sql, (size_t)at + begin.n);
        for (size_t i = 0; i < COUNT(kinds); i++) {
            str rest = str_from(*sql, strlen(kinds[i]));
            i64 end = str_find(rest, S(";"));
            if (!str_starts(*sql, str_of(kinds[i])) || !str_starts(rest, mark) || end < 0)
                continue;
            *out = (struct index){ kinds[i], str_from(str_upto(rest, (size_t)end + 1), mark.n) };
            return true;
        }
    }
    return false;
}

/* As somebody makes them before the change: nobody waits for those, and it finds them made. */
static void add_indexes(str sql, struct buf *out)
{
    for (struct index one; next_index(&sql, &one);) {
        str word;
        buf_fmt(out,
            "    made before by hand nobody waits: create %s concurrently if not exists ", one.kind);
        for (const char *between = ""; str_cut(&one.words, '\n', &word); between = " ")
            buf_fmt(out, "%s%.*s", between, STR(str_trim(word)));
        buf_char(out, '\n');
    }
}

/* One that was not made to its end, or is being made at this moment: the change would take it for
 * made, and nobody would ever use it, nor would it keep anything unique. */
static int refuse_unfinished(struct ctx *c, str dir, str name)
{
    str sql, *names = NEWS(c->mem, str, MOST_INDEXES);
    struct node *rows;
    size_t n = 0;
    TRY(read_sql(c, dir, name, &sql));
    for (struct index one; n < MOST_INDEXES && next_index(&sql, &one);)
        str_cut(&one.words, ' ', &names[n++]);
    TRY(q_ops_unfinished(c, &rows, names, n));
    EACH(it, rows) {
        str index = node_str(&it->node, "name");
        return fail_detail(c, E_CONFLICT, "ops.index",
            "%.*s: the index %.*s is there but not valid: create index concurrently has not come to "
            "its end. Wait for it, or: drop index concurrently %.*s; make it anew, and migrate again",
            STR(name), STR(index), STR(index));
    }
    return E_OK;
}

/* "-- rows: audit.entry, orders.event": tables that a change goes through from end to end, and so
 * takes as long as they are. Those that are there already, and how long they are; before them
 * "-- meanwhile: ", who has to wait so long. */
static int add_rows(struct ctx *c, str dir, str name, struct buf *out)
{
    str sql, line, one, *tables = NEWS(c->mem, str, MOST_TABLES);
    size_t n = 0;
    struct node *sizes;
    TRY(read_sql(c, dir, name, &sql));
    str whole = sql;
    while (!n && str_cut(&sql, '\n', &line) && (!line.n || str_starts(line, S("--"))))
        if (str_starts(line, S("-- meanwhile: ")))
            buf_fmt(out, "    meanwhile %.*s\n", STR(str_from(line, 14)));
        else if (str_starts(line, S("-- rows: ")))
            for (line = str_from(line, 9); n < MOST_TABLES && str_cut(&line, ',', &one);)
                tables[n++] = str_trim(one);
    TRY(q_ops_sizes(c, &sizes, tables, n));
    EACH(it, sizes)
        buf_fmt(out, "    goes through %.*s: about %" PRId64 " rows\n",
            STR(node_str(&it->node, "name")), node_int(&it->node, "n"));
    if (node_count(sizes))
        add_indexes(whole, out);
    return E_OK;
}

static int make_change(struct ctx *c, str dir, str name, struct buf *report)
{
    struct buf rows = buf_new(c->mem, 4096);
    TRY(add_rows(c, dir, name, &rows));
    if (rows.n)
        fprintf(stderr, "at %.*s, while the shop goes on:\n%.*s", STR(name), STR(buf_str(&rows)));
    TRY(pg_begin(c));
    int err = run_file(c, dir, name, report);
    if (!err)
        err = refuse_unfinished(c, dir, name); /* begun since it was looked for */
    if (!err)
        err = note(c, name);
    return pg_end(c, err);
}

/* The changes this database lacks, each looked at before the first is made. */
static int missing(struct ctx *c, str dir, str **names, size_t *n)
{
    str *all;
    size_t n_all;
    struct node *made;
    TRY(q_ops_changes(c, &made));
    TRY(list_sql(c, dir, &all, &n_all));
    *names = NEWS(c->mem, str, n_all + 1);
    *n = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (is_made(made, all[i]))
            continue;
        TRY(check_change(c, dir, all[i]));
        TRY(refuse_unfinished(c, dir, all[i]));
        (*names)[(*n)++] = all[i];
    }
    return E_OK;
}

static int has_schema(struct ctx *c, bool *yes)
{
    struct node *schema;
    TRY(q_ops_has_schema(c, &schema));
    *yes = node_bool(schema, "yes");
    return E_OK;
}

static int lock_schema(struct ctx *c)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        struct node *lock;
        TRY(q_ops_lock_schema(c, &lock));
        if (node_bool(lock, "got"))
            return E_OK;
        nanosleep(&(struct timespec){ 0, LOCK_PAUSE_NS }, NULL);
    }
    return fail_detail(c, E_CONFLICT, "ops.busy", "another migration is at work in this database");
}

int ops_migrate(struct ctx *c, str sql_dir, struct buf *report)
{
    str change = str_fmt(c->mem, "%.*s/change", STR(sql_dir)), *names;
    bool old;
    size_t n;
    TRY(lock_schema(c));
    TRY(has_schema(c, &old));
    if (!old) {
        TRY(pg_begin(c));
        return pg_end(c, make_all(c, sql_dir, report));
    }
    TRY(missing(c, change, &names, &n));
    for (size_t i = 0; i < n; i++)
        TRY(make_change(c, change, names[i], report));
    if (!n)
        buf_add(report, S("the schema is up to date\n"));
    return E_OK;
}

int ops_migrate_check(struct ctx *c, str sql_dir, struct buf *report, bool *needed)
{
    str change = str_fmt(c->mem, "%.*s/change", STR(sql_dir)), *names;
    size_t n;
    TRY(has_schema(c, needed));
    *needed = !*needed;
    if (*needed) {
        buf_add(report, S("there is no schema yet: all of it would be made\n"));
        return E_OK;
    }
    TRY(missing(c, change, &names, &n));
    for (size_t i = 0; i < n; i++) {
        buf_fmt(report, "would apply %.*s\n", STR(names[i]));
        TRY(add_rows(c, change, names[i], report));
    }
    if (!n)
        buf_add(report, S("the schema is up to date\n"));
    *needed = n > 0;
    return E_OK;
}
