/* Databases as a whole: dumped, made anew, put in each other's place. All of it as the owner of
 * the schema, who may make databases and has the role talat_backup, which reads past row level
 * security; no superuser is needed. */
#include "gen/queries.h"
#include "ops/ops_in.h"
#include <dirent.h>
#include <unistd.h>

#define PATIENCE   (6 * HOUR)
#define LARGEST    ((size_t)1 << 50)
#define MEMORY     ((size_t)2 << 30)
#define MOST_WORDS 32
#define NO_LIMITS                                                                                  \
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"            \
    " -c timezone=UTC -c jit=off "

static str owner(struct ctx *c) { return conf_str(c->app->conf, "pg_owner", str_none); }

static struct pg *open_as(struct ctx *c, str who, str database, str options)
{
    struct pg *pg = pg_new(c->mem, pg_conninfo(c->mem, who, database, options, NULL, NULL));
    pg_patient(pg, PATIENCE);
    return pg;
}

struct pg *database_open(struct ctx *c, str database, str more)
{
    return open_as(c, owner(c), database, str_fmt(c->mem, NO_LIMITS "%.*s", STR(more)));
}

struct pg *database_open_app(struct ctx *c)
{
    return open_as(c, conf_str(c->app->conf, "pg", str_none), str_none, S(NO_LIMITS));
}

str database_name(struct ctx *c)
{
    str name;
    pg_conninfo(c->mem, owner(c), str_none, str_none, NULL, &name);
    return name;
}

/* ---- PostgreSQL's own programs -------------------------------------------------------------- */

/* Those of the newest version here: an older one refuses a newer server. Never the wrappers in
 * /usr/bin, which choose by a cluster's name. */
static const char *find_tool(struct ctx *c, const char *tool)
{
    str folder = conf_str(c->app->conf, "pg_bin", str_none);
    i64 version, best = 0;
    if (folder.n)
        return archive_path(c, folder, tool);
    DIR *d = opendir("/usr/lib/postgresql");
    for (struct dirent *e; d && (e = readdir(d));) {
        str path = str_fmt(c->mem, "/usr/lib/postgresql/%s/bin/%s", e->d_name, tool);
        if (str_int(str_of(e->d_name), &version) && version > best && !access(path.p, X_OK))
            best = version;
    }
    if (d)
        closedir(d);
    return best ? str_fmt(c->mem, "/usr/lib/postgresql/%" PRId64 "/bin/%s", best, tool).p : NULL;
}

int database_tool(struct ctx *c, const char *tool, str database, const char *const *words)
{
    const char *argv[MOST_WORDS + 3] = { find_tool(c, tool) };
    struct proc_result result;
    str password;
    size_t n = 1;
    if (!argv[0])
        return fail_detail(c, E_INTERNAL, "ops.tool",
            "%s is not there: apt-get install postgresql-client-15, or say pg_bin = FOLDER", tool);
    for (; *words && n <= MOST_WORDS; words++)
        argv[n++] = *words;
    str conninfo = pg_conninfo(c->mem, owner(c), database, str_none, &password, NULL);
    if (database.n)
        argv[n++] = str_fmt(c->mem, "--dbname=%.*s", STR(conninfo)).p;
    TRY(proc_run(c,
        &(struct proc_call){ .argv = argv,
            .env = password.n ? str_fmt(c->mem, "PGPASSWORD=%.*s", STR(password)).p : NULL,
            .wall_us = PATIENCE,
            .memory = MEMORY,
            .largest_file = LARGEST },
        &result));
    return result.status ? fail_detail(c, E_INTERNAL, "ops.tool", "%s ended with %d: %.*s", tool,
                               result.status, STR(str_upto(str_trim(result.err), 600)))
                         : E_OK;
}

static struct ctx owner_of(struct ctx *c, str database, str more)
{
    struct ctx own = *c;
    own.scope = (struct scope){ .platform = true };
    own.pg = database_open(c, database, more);
    return own;
}

static int said(struct ctx *c, const struct ctx *own, int err)
{
    c->fault = own->fault;
    return err;
}

static int run(struct ctx *c, str database, str sql)
{
    struct ctx own = owner_of(c, database, str_none);
    int err = pg_script(&own, sql);
    pg_close(own.pg);
    return said(c, &own, err);
}

/* The role has a right to read what the owner made, and to nothing of the server's own; whatever
 * has come since the last time, too. */
int database_let_read(struct ctx *c, str database)
{
    return run(c, database,
        S("do $$ declare s name; begin"
          "  for s in select nspname from pg_namespace where pg_get_userbyid(nspowner) = current_user"
          "  loop execute format('grant usage on schema %1$I to talat_backup;"
          " grant select on all tables in schema %1$I to talat_backup;"
          " grant select on all sequences in schema %1$I to talat_backup', s); end loop; end $$"));
}

/* ---- looking ----------------------------------------------------------------------------------
 */

static int has(struct ctx *c, str database, bool *there)
{
    struct ctx at = owner_of(c, S("postgres"), str_none);
    struct node *row;
    int err = q_ops_has_database(&at, &row, database);
    *there = !err && node_bool(row, "yes");
    pg_close(at.pg);
    return said(c, &at, err);
}

static str quoted(struct ctx *c, str name)
{
    struct buf out = buf_new(c->mem, 1024);
    buf_char(&out, '"');
    for (size_t i = 0; i < name.n; i++)
        buf_add(&out, name.p[i] == '"' ? S("\"\"") : (str){ name.p + i, 1 });
    buf_char(&out, '"');
    return buf_str(&out);
}

static int let_in(struct ctx *c, str database, bool may)
{
    return run(c, S("postgres"),
        str_fmt(c->mem, "alter database %.*s allow_connections %s", STR(quoted(c, database)),
            may ? "true" : "false"));
}

int database_is(struct ctx *c, str database, bool *there, bool *empty)
{
    struct ctx own;
    struct node *row;
    *there = *empty = false;
    TRY(has(c, database, there));
    if (!*there)
        return E_OK;
    TRY(let_in(c, database, true)); /* a restore may have been killed while it kept all out */
    TRY(database_let_read(c, database));
    own = owner_of(c, database, S("-c role=talat_backup"));
    int err = q_ops_has_schema(&own, &row);
    *empty = !err && !node_bool(row, "yes");
    if (!err && !*empty && !(err = q_ops_has_nothing(&own, &row)))
        *empty = node_bool(row, "yes");
    pg_close(own.pg);
    return said(c, &own, err);
}

/* Every table there is, but for that of the keys, which are in no backup. A script has no answer:
 * it leaves it in a setting. */
int database_counts(struct ctx *own, struct node **counts)
{
    struct node *row;
    TRY(pg_script(own,
        S("select set_config('talat.counts', (select coalesce(jsonb_object_agg("
          "    n.nspname || '.' || c.relname, (xpath('/row/n/text()', query_to_xml("
          "        format('select count(*) as n from %I.%I', n.nspname, c.relname),"
          "        false, true, '')))[1]::text::bigint), '{}')::text"
          "  from pg_class c join pg_namespace n on n.oid = c.relnamespace"
          " where c.relkind = 'r' and n.nspname <> 'vault' and n.nspname !~ '^(pg_|information_schema)'), false)")));
    TRY(q_ops_counted(own, &row));
    *counts = node_get(row, S("counts"));
    return E_OK;
}

/* ---- making -----------------------------------------------------------------------------------
 */

/* Autovacuum is a superuser's, whom nobody else may end: what comes next, to rename or to drop,
 * sends it away by itself, and waits 5 s for whoever is there still. */
static int send_away(struct ctx *c, str database)
{
    return run(c, S("postgres"),
        str_fmt(c->mem,
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = '%.*s' and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
            " and not (select rolsuper from pg_roles where oid = usesysid)",
            STR(database)));
}

/* Not "with (force)", which an autovacuum at work refuses. */
int database_drop(struct ctx *c, str database)
{
    bool there;
    TRY(has(c, database, &there));
    if (!there)
        return E_OK;
    TRY(let_in(c, database, false));
    int err = send_away(c, database);
    if (!err)
        err =
            run(c, S("postgres"), str_fmt(c->mem, "drop database %.*s", STR(quoted(c, database))));
    struct ctx kept = *c;
    if (err)
        let_in(&kept, database, true);
    return err;
}

/* What sql/bootstrap.sql says of the shop's database. */
static int make(struct ctx *c, str database)
{
    str name = quoted(c, database);
    TRY(database_drop(c, database));
    TRY(run(c, S("postgres"),
        str_fmt(c->mem, "create database %.*s encoding 'UTF8' locale 'C.UTF-8' template template0",
            STR(name))));
    return run(c, database,
        str_fmt(c->mem,
            "revoke all on database %.*s from public;"
            "grant connect on database %.*s to talat_app, talat_readonly;"
            "revoke create on schema public from public",
            STR(name), STR(name)));
}

/* Functions of other roles' were made as ours: a dump hands them over before their new owner may
 * have anything in the schema. */
static int hand_over(struct ctx *own, const struct archive *a)
{
    EACH(it, node_get(a->manifest, S("owners")))
        TRY(pg_script(own, it->node.as.text));
    return E_OK;
}

static int compare(struct ctx *own, const struct archive *a, struct buf *report)
{
    struct node *counts;
    i64 rows = 0;
    TRY(database_counts(own, &counts));
    EACH(it, node_get(a->manifest, S("counts"))) {
        const struct node *is = node_get(counts, it->key);
        if (!is || is->as.number != it->node.as.number)
            return fail_detail(own, E_INTERNAL, "ops.counts",
                "%.*s has %" PRId64 " rows, the backup said %" PRId64, STR(it->key),
                is ? is->as.number : -1, it->node.as.number);
        rows += it->node.as.number;
    }
    buf_fmt(report, "database: %zu tables, %" PRId64 " rows, as in the backup\n",
        node_count(counts), rows);
    return E_OK;
}

static int restore(struct ctx *c, const struct archive *a, str database, const char *section)
{
    const char *words[] = { "--no-owner", "--single-transaction", "--no-comments", section,
        archive_path(c, a->dir, "database.dump"), NULL };
    return database_tool(c, "pg_restore", database, words);
}

int database_load(struct ctx *c, const struct archive *a, str database, struct buf *report)
{
    TRY(make(c, database));
    TRY(restore(c, a, database, "--section=pre-data"));
    TRY(restore(c, a, database, "--section=data"));
    TRY(veil_copy_in(c, a, database));
    TRY(restore(c, a, database, "--section=post-data"));
    struct ctx own = owner_of(c, database, str_none);
    int err = hand_over(&own, a);
    pg_close(own.pg);
    TRY(said(c, &own, err));
    TRY(database_let_read(c, database));
    own = owner_of(c, database, S("-c role=talat_backup"));
    err = compare(&own, a, report);
    pg_close(own.pg);
    TRY(said(c, &own, err));
    own = owner_of(c, database, str_none);
    err = ops_migrate(&own, str_fmt(c->mem, "%.*s/sql", STR(c->app->share_dir)), report);
    if (!err)
        err = pg_script(&own,
            S("do $$ declare t regclass; begin"
              "  for t in select oid from pg_class where relkind = 'r'"
              "      and pg_get_userbyid(relowner) = current_user"
              "  loop execute 'analyze ' || t; end loop; end $$"));
    pg_close(own.pg);
    return said(c, &own, err);
}

int database_prove(
    struct ctx *c, const struct archive *a, str database, struct buf *report, i64 *broken)
{
    struct ctx own = owner_of(c, database,
        str_fmt(c->mem, "-c role=talat_backup -c app.prove_at=%.*s",
            STR(node_str(a->manifest, "made_at"))));
    int err = ops_prove(
        &own, str_fmt(c->mem, "%.*s/sql/prove.sql", STR(c->app->share_dir)), report, broken);
    pg_close(own.pg);
    return said(c, &own, err);
}

/* ---- changing places --------------------------------------------------------------------------
 */

/* The shop's programs lose their connections, wait a second and find the other database. */
int database_swap(struct ctx *c, str from, str aside)
{
    str name = database_name(c), own = quoted(c, name), new = quoted(c, from);
    bool there, empty;
    TRY(database_is(c, name, &there, &empty));
    if (!there)
        return run(c, S("postgres"),
            str_fmt(c->mem, "alter database %.*s rename to %.*s", STR(new), STR(own)));
    TRY(database_drop(c, aside));
    TRY(let_in(c, name, false));
    int err = send_away(c, name);
    if (!err)
        err = run(c, S("postgres"),
            str_fmt(c->mem,
                "alter database %.*s rename to %.*s; alter database %.*s rename to %.*s", STR(own),
                STR(quoted(c, aside)), STR(new), STR(own)));
    struct ctx kept = *c;
    let_in(&kept, err ? name : aside, true);
    return err;
}
