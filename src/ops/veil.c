/* Who bought what, in a backup: the dump has it not, as a dump cannot be closed again. Those tables
 * are copied beside it without names (rows/), and the names lie there sealed, each row for whoever
 * sells, so that a destroyed key closes them in every backup. Without the keys the books are whole.
 */
#include "gen/queries.h"
#include "io/io.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include "web/web.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 500 };
#define LONGEST   ((size_t)16 << 20) /* a line: a page of rows */
#define MEMORY    ((size_t)256 << 20)
#define STATEMENT 16384

/* ---- into a backup ------------------------------------------------------------------------- */

static str without_quotes(struct ctx *c, const char *table)
{
    struct buf out = buf_new(c->mem, 256);
    for (; *table; table++)
        if (*table != '"')
            buf_char(&out, *table);
    return buf_str(&out);
}

static str masked(const struct vault_veil *veil, str column)
{
    for (const char *const *mask = veil->masks; *mask; mask += 2)
        if (str_is(column, mask[0]))
            return str_of(mask[1]);
    return column;
}

/* As psql's \copy takes a command of the shell's: quoted for it, and all of it for psql. */
static void add_program(struct buf *out, const char *command, const char *path)
{
    buf_fmt(out, " program '%s ''", command);
    for (; *path; path++)
        if (*path == '\'')
            buf_add(out, S("''\\''''")); /* what the shell reads as '\'' */
        else
            buf_char(out, *path);
    buf_add(out, S("'''"));
}

/* One of PostgreSQL's own copies, of the moment that the dump is of; with what pg_dump sets. */
static int copy_out(struct ctx *c, str snapshot, const struct vault_veil *veil,
    struct node *columns, const char *to)
{
    struct buf copy = buf_new(c->mem, STATEMENT);
    buf_add(&copy, S("--command=\\copy (select "));
    EACH(it, columns) {
        str name = node_str(&it->node, "name");
        buf_fmt(&copy, "%s%.*s", it == node_first(columns) ? "" : ", ", STR(masked(veil, name)));
    }
    buf_fmt(&copy, " from %s) to", veil->table);
    add_program(&copy, "/bin/gzip -3 >", to);
    const char *words[] = { "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
        "--command=begin isolation level repeatable read read only",
        str_fmt(c->mem, "--command=set transaction snapshot '%.*s'", STR(snapshot)).p,
        "--command=set local role talat_backup",
        "--command=set local statement_timeout = 0; set local row_security = off;"
        " set local datestyle = iso; set local client_encoding = utf8;"
        " set local standard_conforming_strings = on",
        str_c(c->mem, buf_str(&copy)), "--command=commit", NULL };
    return database_tool(c, "psql", database_name(c), words);
}

struct veiling {
    struct ctx *c, own; /* c has the keys, own sees the snapshot */
    const char *names;
    i64 closed, lost; /* rows whose key was destroyed; is under another master key */
};

/* What has no key is in no backup any more. */
static int seal_row(struct ctx *c, struct veiling *v, const struct vault_veil *veil,
    const struct node *row, struct node *into)
{
    i64 owner = node_int(row, "owner");
    struct vault_place at = { veil->column, node_int(row, "id"), owner ? veil->whose : VAULT_HOUSE,
        owner, false };
    str sealed;
    int err = vault_seal(c, &at, node_str(row, "plain"), &sealed);
    bool is_lost = err && str_is(c->fault.key, "vault.master");
    if (err == E_MISSING || is_lost) {
        fault_clear(c);
        v->closed += !is_lost;
        v->lost += is_lost;
        return E_OK;
    }
    TRY(err);
    struct node *out = node_add_map(c->mem, into);
    node_set_int(c->mem, out, S("id"), at.row);
    node_set_int(c->mem, out, S("owner"), owner);
    node_set_str(c->mem, out, S("sealed"), sealed);
    return E_OK;
}

static int seal_page(
    struct ctx *c, struct veiling *v, const struct vault_veil *veil, i64 *after, size_t *seen)
{
    struct node *rows, *line = node_map(c->mem), *sealed;
    struct buf out = buf_new(c->mem, LONGEST);
    v->own.mem = c->mem;
    int err = veil->after(&v->own, &rows, *after, PAGE);
    if (err)
        c->fault = v->own.fault;
    TRY(err);
    node_set_str(c->mem, line, S("column"), str_of(veil->column));
    sealed = node_set_list(c->mem, line, S("rows"));
    *seen = node_count(rows);
    EACH(it, rows) {
        TRY(seal_row(c, v, veil, &it->node, sealed));
        *after = node_int(&it->node, "id");
    }
    if (!node_count(sealed))
        return E_OK;
    json_store(&out, line);
    buf_char(&out, '\n');
    return out.full ? fail_detail(c, E_INTERNAL, "ops.veil", "rows are too long")
                    : file_add(c, v->names, buf_str(&out));
}

/* In memory of its own: there may be millions. */
static int seal_all(struct veiling *v, const struct vault_veil *veil)
{
    struct ctx mine = *v->c;
    i64 after = 0;
    size_t seen = PAGE;
    int err = E_OK;
    mine.mem = arena_new(MEMORY);
    mine.scope = (struct scope){ .platform = true };
    while (!err && seen == PAGE) {
        arena_reset(mine.mem);
        err = seal_page(&mine, v, veil, &after, &seen);
    }
    if (err)
        fail_detail(v->c, err, "ops.veil", "%s: %.*s", veil->table,
            STR(str_dup(v->c->mem, mine.fault.detail)));
    arena_drop(mine.mem);
    return err;
}

static int write_table(
    struct veiling *v, const struct vault_veil *veil, str dir, str snapshot, struct node *entry)
{
    struct ctx *c = v->c;
    struct node *columns, *list;
    str file = str_fmt(c->mem, "rows/%.*s.gz", STR(without_quotes(c, veil->table)));
    v->own.mem = c->mem;
    TRY(q_ops_columns(&v->own, &columns, str_of(veil->table)));
    TRY(copy_out(c, snapshot, veil, columns, archive_path(c, dir, file.p)));
    chmod(archive_path(c, dir, file.p), 0600);
    if (veil->column)
        TRY(seal_all(v, veil));
    node_set_str(c->mem, entry, S("table"), str_of(veil->table));
    node_set_str(c->mem, entry, S("file"), file);
    list = node_set_list(c->mem, entry, S("columns"));
    EACH(it, columns)
        node_add_str(c->mem, list, node_str(&it->node, "name"));
    return E_OK;
}

int veil_write(struct ctx *c, const struct ctx *own, str dir, str snapshot, struct node *rows,
    struct buf *report)
{
    struct veiling v = { .c = c, .own = *own, .names = archive_path(c, dir, VEIL_NAMES) };
    if (!archive_mkdir(c, dir, "rows"))
        return fail_detail(c, E_INTERNAL, "ops.veil", "%.*s/rows cannot be made", STR(dir));
    TRY(file_write(c, v.names, str_none));
    for (const struct vault_veil *veil = c->app->veils; veil->table; veil++)
        TRY(write_table(&v, veil, dir, snapshot, node_add_map(c->mem, rows)));
    if (v.closed)
        buf_fmt(
            report, "names of %" PRId64 " rows are closed: their keys were destroyed\n", v.closed);
    if (v.lost)
        buf_fmt(report,
            "warning: names of %" PRId64 " rows are in no backup: their keys are under another "
            "master key (talatctl keys)\n",
            v.lost);
    return E_OK;
}

/* ---- out of one ---------------------------------------------------------------------------- */

static int copy_in(struct ctx *c, const struct archive *a, str database, const struct node *rows)
{
    struct buf copy = buf_new(c->mem, STATEMENT);
    const struct node *columns = node_get(rows, S("columns"));
    buf_fmt(&copy, "--command=\\copy %.*s (", STR(node_str(rows, "table")));
    EACH(it, columns)
        buf_fmt(&copy, "%s%.*s", it == node_first(columns) ? "" : ", ", STR(it->node.as.text));
    buf_add(&copy, S(") from"));
    add_program(
        &copy, "/bin/gzip -dc", archive_path(c, a->dir, str_c(c->mem, node_str(rows, "file"))));
    const char *words[] = { "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
        "--command=set statement_timeout = 0; set datestyle = iso; set client_encoding = utf8",
        str_c(c->mem, buf_str(&copy)), NULL };
    return database_tool(c, "psql", database, words);
}

int veil_copy_in(struct ctx *c, const struct archive *a, str database)
{
    EACH(it, node_get(a->manifest, S("rows")))
        TRY(copy_in(c, a, database, &it->node));
    return E_OK;
}

struct lifting {
    struct ctx own; /* the database that was made from the backup */
    i64 open, closed, absent;
};

static const struct vault_veil *veil_of(const struct app *app, str column)
{
    const struct vault_veil *veil = app->veils;
    while (veil->table && !(veil->column && str_is(column, veil->column)))
        veil++;
    return veil->table ? veil : NULL;
}

struct opened {
    const struct vault_veil *veil;
    i64 *ids;
    str *plains;
    size_t n;
};

static int open_rows(struct ctx *c, struct lifting *l, const struct node *rows, struct opened *o)
{
    EACH(it, rows) {
        i64 owner = node_int(&it->node, "owner");
        struct vault_place at = { o->veil->column, node_int(&it->node, "id"),
            owner ? o->veil->whose : VAULT_HOUSE, owner, false };
        int err = vault_open(c, &at, node_str(&it->node, "sealed"), &o->plains[o->n]);
        bool is_absent =
            err && (str_is(c->fault.key, "vault.absent") || str_is(c->fault.key, "vault.master"));
        if (err == E_MISSING || is_absent) {
            fault_clear(c);
            l->closed += !is_absent;
            l->absent += is_absent;
            continue;
        }
        TRY(err);
        o->ids[o->n++] = at.row;
    }
    return E_OK;
}

static int put_opened(struct ctx *c, void *opened)
{
    const struct opened *o = opened;
    i64 changed;
    return o->veil->put(c, &changed, o->ids, o->n, o->plains, o->n);
}

static int lift_line(struct ctx *c, str line, void *with)
{
    struct lifting *l = with;
    struct node *read;
    if (json_read(c, line, &read))
        return fail_detail(c, E_INPUT, "ops.veil", "a line cannot be read");
    const struct node *rows = node_get(read, S("rows"));
    struct opened o = { veil_of(c->app, node_str(read, "column")),
        NEWS(c->mem, i64, node_count(rows) + 1), NEWS(c->mem, str, node_count(rows) + 1), 0 };
    if (!o.veil)
        return fail_detail(
            c, E_INPUT, "ops.veil", "%.*s is not known", STR(node_str(read, "column")));
    l->own.mem = c->mem;
    int err = open_rows(&l->own, l, rows, &o);
    if (!err && o.n)
        err = pg_tx(&l->own, put_opened, &o);
    l->open += (i64)o.n;
    if (err)
        c->fault = l->own.fault;
    return err;
}

int veil_lift(struct ctx *c, str dir, str database, bool without_names, struct buf *report)
{
    struct lifting l = { .own = *c };
    struct ctx reader = *c;
    const char *names = archive_path(c, dir, VEIL_NAMES);
    if (access(names, F_OK)) /* a version of before had them in the dump */
        return E_OK;
    l.own.scope = (struct scope){ .platform = true };
    l.own.pg = database_open(c, database, str_none);
    reader.mem = arena_new(MEMORY);
    int err = file_lines(&reader, names, lift_line, &l);
    str why = str_dup(c->mem, reader.fault.detail);
    arena_drop(reader.mem);
    pg_close(l.own.pg);
    if (err)
        return fail_detail(c, err, "ops.veil", "%s: %.*s", names, STR(why));
    if (l.absent && !without_names)
        return fail_detail(c, E_INPUT, "ops.veil",
            "the buyers of %" PRId64 " rows cannot be read: put the file `keys` of then beside "
            "the backup again, or set the master key of then; to do without them, say "
            "--without-names",
            l.absent);
    buf_fmt(report, "names and addresses of buyers: %" PRId64 " rows are open\n", l.open);
    if (l.closed + l.absent)
        buf_fmt(report, "warning: %" PRId64 " rows stay without the buyer's name: %s\n",
            l.closed + l.absent,
            l.absent ? "their keys are not here" : "their keys were destroyed");
    return E_OK;
}
