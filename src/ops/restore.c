/* A backup taken back: checked whole before anything is touched, made ready beside the shop that
 * runs, and put in its place at once. And the drill, which does the first half every week. */
#include "gen/queries.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct restoring {
    struct ctx *c;
    struct archive a;
    str shop, scratch,
        aside; /* databases: the shop's, where it is made ready, where the old goes */
    struct buf *report;
    i64 files, same;
};

static void warn(struct restoring *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct restoring *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_add(r->report, S("warning: "));
    buf_fmt_list(r->report, fmt, args);
    buf_char(r->report, '\n');
    va_end(args);
}

/* ---- before anything is touched ---------------------------------------------------------------
 */

static int check_version(struct restoring *r)
{
    struct ctx *c = r->c;
    EACH(it, node_get(r->a.manifest, S("schema"))) {
        str path =
            str_fmt(c->mem, "%.*s/sql/change/%.*s", STR(c->app->share_dir), STR(it->node.as.text));
        if (access(path.p, F_OK))
            return fail_detail(c, E_INPUT, "ops.restore",
                "the backup was made by a newer Talat (its schema has %.*s): install that one first",
                STR(it->node.as.text));
    }
    return E_OK;
}

static int check_target(struct restoring *r, bool replace)
{
    bool there, empty;
    TRY(database_is(r->c, r->shop, &there, &empty));
    if (!there || empty || replace)
        return E_OK;
    return fail_detail(r->c, E_CONFLICT, "ops.restore",
        "the database %.*s is in use: it has people, products or orders. To put the backup in its "
        "place, say --replace (it is kept as %.*s)",
        STR(r->shop), STR(r->aside));
}

/* ---- files ------------------------------------------------------------------------------------
 */

static bool is_same(struct ctx *c, const char *one, const char *other)
{
    struct ctx own = *c;
    struct file_sum a, b;
    struct stat x, y;
    return !stat(one, &x) && !stat(other, &y) && x.st_size == y.st_size &&
        !file_copy(&own, one, NULL, &a) && !file_copy(&own, other, NULL, &b) &&
        str_eq(a.sha256, b.sha256);
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Written aside and renamed in: nginx sees whole files. What is left of one that was cut off is
 * hidden, so that no backup takes it for a picture. */
static int put_file(struct ctx *c, const char *from, const char *to, const char *like, mode_t mode)
{
    struct file_sum sum;
    const char *name = name_in(to);
    const char *aside = str_fmt(c->mem, "%.*s.%s.new", (int)(name - to), to, name).p;
    unlink(aside);
    TRY(file_copy(c, from, aside, &sum));
    file_give(aside, like);
    return chmod(aside, mode) || rename(aside, to)
        ? fail_detail(c, E_INTERNAL, "ops.restore", "%s cannot be written: %s", to, strerror(errno))
        : E_OK;
}

static int put_picture(struct ctx *c, str name, void *with)
{
    struct restoring *r = with;
    const char *from = archive_path(c, r->a.dir, str_fmt(c->mem, "media/%.*s", STR(name)).p);
    const char *to = archive_path(c, c->app->media_dir, str_c(c->mem, name));
    r->files++;
    if (is_same(c, from, to)) {
        r->same++;
        utimensat(AT_FDCWD, to, NULL, 0); /* the shop that still runs may be about to drop it */
        return E_OK;
    }
    return put_file(c, from, to, str_c(c->mem, c->app->media_dir), 0644);
}

static int put_pictures(struct restoring *r)
{
    const char *dir = str_c(r->c->mem, r->c->app->media_dir);
    if (mkdir(dir, 0755) && errno != EEXIST)
        return fail_detail(
            r->c, E_INTERNAL, "ops.restore", "%s cannot be made: %s", dir, strerror(errno));
    TRY(file_each(r->c, archive_path(r->c, r->a.dir, "media"), put_picture, r));
    buf_fmt(r->report, "files: %" PRId64 " pictures, %" PRId64 " were there already\n", r->files,
        r->same);
    if (node_int(r->a.manifest, "media_missing"))
        warn(r, "%" PRId64 " files of pictures were missing already when the backup was made",
            node_int(r->a.manifest, "media_missing"));
    return E_OK;
}

#define MOST_KEY 4096
static const struct key {
    const char *name, *setting;
} keys[] = {
    { "secrets/master-key", "master_key_file" },
    { "secrets/master-key-before", "master_key_before_file" },
};

/* TALAT_MASTER_KEY goes before the file, so it must be the backup's already. */
static int check_given(struct restoring *r)
{
    struct ctx *c = r->c;
    const char *path = archive_path(c, r->a.dir, keys[0].name);
    bool ok;
    if (access(path, F_OK))
        path = archive_path(c, r->a.dir, "secrets/secret");
    str key = str_trim(file_read(c->mem, path, MOST_KEY, &ok));
    return ok && crypto_equal(key, c->app->master)
        ? E_OK
        : fail_detail(c, E_INPUT, "ops.restore",
              "TALAT_MASTER_KEY is not the master key of the backup, which is in %s: unset it, or "
              "set it to that",
              path);
}

/* What the backup's sealed columns are under must be what talat.conf names afterwards. */
static int check_key(struct restoring *r, const struct key *key)
{
    struct ctx *c = r->c;
    bool is_named = conf_str(c->app->conf, key->setting, str_none).n > 0;
    bool has = !access(archive_path(c, r->a.dir, key->name), F_OK);
    if (has && !is_named)
        return fail_detail(c, E_INPUT, "ops.restore",
            "the backup holds %s, without which nothing that is sealed can be read, and talat.conf "
            "names no %s to write it to: add that line, with a file of any 32 characters",
            key->name, key->setting);
    if (!has && is_named)
        return fail_detail(c, E_INPUT, "ops.restore",
            "talat.conf names a %s, and the backup has none: what it sealed is under its secret. "
            "Take that line out",
            key->setting);
    return E_OK;
}

static int check_secret(struct restoring *r)
{
    struct ctx *c = r->c;
    if (access(archive_path(c, r->a.dir, "secrets/secret"), F_OK))
        return fail_detail(c, E_INPUT, "ops.restore",
            "this backup holds no secret: restore without --with-secrets");
    if (!conf_str(c->app->conf, "secret_file", str_none).n)
        return fail_detail(c, E_INPUT, "ops.restore",
            "talat.conf names no secret_file to write the backup's secret to");
    TRY(c->app->master_given ? check_given(r) : check_key(r, &keys[0]));
    return check_key(r, &keys[1]);
}

static int put_secret(struct restoring *r, const char *name, const char *setting)
{
    struct ctx *c = r->c;
    struct stat old = { .st_mode = 0640 }; /* as init makes it: its folder is the programs' */
    str to = conf_str(c->app->conf, setting, str_none);
    const char *from = archive_path(c, r->a.dir, name);
    if (!to.n || access(from, F_OK)) /* see check_key */
        return E_OK;
    const char *path = str_c(c->mem, to), *before = str_fmt(c->mem, "%s.before", path).p;
    bool is_there = !stat(path, &old);
    if (is_there && is_same(c, from, path))
        return E_OK;
    if (is_there && rename(path, before))
        return fail_detail(
            c, E_INTERNAL, "ops.restore", "%s cannot be put aside: %s", path, strerror(errno));
    int folder = (int)(name_in(path) - path);
    const char *like = is_there ? before : str_fmt(c->mem, "%.*s.", folder, path).p;
    TRY(put_file(c, from, path, like, old.st_mode & 0777));
    buf_fmt(r->report, "secret: %s is that of the backup; start the programs anew\n", path);
    return E_OK;
}

static int put_all_secrets(struct restoring *r)
{
    TRY(put_secret(r, "secrets/secret", "secret_file"));
    for (size_t i = 0; i < COUNT(keys); i++)
        TRY(put_secret(r, keys[i].name, keys[i].setting));
    buf_fmt(r->report, "the backup's talat.conf lies in %.*s/secrets\n", STR(r->a.dir));
    return E_OK;
}

/* Not before the database is in its place: until then the shop stays as it was. */
static void put_secrets(struct restoring *r, i64 *broken)
{
    if (!put_all_secrets(r))
        return;
    warn(r,
        "%.*s. The database is the backup's already: copy its secrets from %.*s/secrets by hand",
        STR(r->c->fault.detail), STR(r->a.dir));
    fault_clear(r->c);
    ++*broken;
}

static void compare_secrets(struct restoring *r)
{
    str master = node_str(r->a.manifest, "master_mark"); /* older backups do not say */
    if (master.n && !str_eq(master, vault_master_mark(r->c)))
        warn(r,
            "this shop's master key is another than the backup's. What was sealed cannot be read, "
            "unless master_key_before_file has the old one");
    if (str_eq(node_str(r->a.manifest, "secret_mark"), archive_mark(r->c)))
        return;
    warn(r,
        "this shop's secret is another than the backup's. Links in mails that were sent, carts and "
        "forms of open pages, and whatever was sealed with the old secret cannot be read. With the "
        "old secret (a backup made --with-secrets has it): restore --with-secrets");
}

/* ---- afterwards ---------------------------------------------------------------------------------
 */

/* Numbers that were given after the backup are out in the world, in links, carts' cookies and the
 * provider's books, and would be somebody else's: they are never given again. A second restore of
 * the same backup comes later and skips more. What nothing showed when the backup was made has its
 * week anew: its files were put there just now. */
static int skip_numbers(struct restoring *r)
{
    struct ctx own = *r->c;
    when made = r->c->now;
    if (!when_parse(node_str(r->a.manifest, "made_at"), &made) || made > r->c->now)
        made = 1767225600 * SECOND; /* its clock was ahead: from 2026 on, which only grows, too */
    i64 skipped = 1000000 + (r->c->now - made) / SECOND * 100;
    own.pg = database_open(r->c, r->scratch, str_none);
    int err = pg_script(&own,
        str_fmt(r->c->mem,
            "select setval(format('%%I.%%I', schemaname, sequencename)::regclass,"
            " coalesce(last_value, start_value) + %" PRId64 ")"
            "  from pg_sequences where schemaname !~ '^(pg_|information_schema)';"
            "do $$ begin "
            "  if exists (select from information_schema.columns where table_schema = 'media'"
            "      and table_name = 'picture' and column_name = 'loose_since') then"
            "    update media.picture set loose_since = now() where loose_since is not null;"
            "  end if; "
            "end $$",
            skipped));
    pg_close(own.pg);
    r->c->fault = own.fault;
    return err;
}

static bool drop_kept(struct ctx *c, const char *dir)
{
    DIR *d = opendir(dir);
    bool ok = d != NULL;
    struct ctx own = *c;
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            ok = !file_remove(&own, str_fmt(c->mem, "%s/%s", dir, e->d_name).p) && ok;
    if (d)
        closedir(d);
    return ok;
}

/* Sessions, counters and pages of a database that is no more. */
static void forget(struct restoring *r)
{
    const char *cache = str_c(r->c->mem, ops_cache_dir(r->c->app));
    if (redis_flush(r->c))
        buf_add(r->report, S("Redis: emptied (sessions, counters, caches)\n"));
    else
        warn(r, "Redis is away. When it is back, empty it: redis-cli -s SOCKET flushdb");
    if ((!access(cache, F_OK) || errno != ENOENT) && !drop_kept(r->c, cache))
        warn(r, "kept pages could not all be dropped: rm -rf %s/*", cache);
    else
        buf_add(r->report, S("kept pages: dropped\n"));
}

static int prove(struct restoring *r, i64 *broken)
{
    TRY(database_prove(r->c, &r->a, r->scratch, r->report, broken));
    buf_add(r->report, *broken ? S("the books do NOT hold: see above\n") : S("the books hold\n"));
    return E_OK;
}

static struct restoring begun(struct ctx *c, const char *what, struct buf *report)
{
    str shop = database_name(c);
    return (struct restoring){ .c = c,
        .shop = shop,
        .scratch = str_fmt(c->mem, "%.*s_%s", STR(shop), what),
        .aside = str_fmt(c->mem, "%.*s_before_restore", STR(shop)),
        .report = report };
}

static int check_all(struct restoring *r, str path)
{
    TRY(archive_open(r->c, path, &r->a));
    buf_fmt(r->report, "backup: %.*s, of %.*s\n", STR(r->a.dir),
        STR(node_str(r->a.manifest, "made_at")));
    TRY(check_version(r));
    return archive_check(r->c, &r->a);
}

/* The keys of the backup are under its own master key, which is this shop's in a moment: whatever
 * is under the one of until now, as keys of the shop that is there are, is put under that. */
static void take_master(struct restoring *r)
{
    struct app *app = r->c->app;
    bool ok;
    const char *path = archive_path(r->c, r->a.dir, keys[0].name);
    if (access(path, F_OK))
        path = archive_path(r->c, r->a.dir, "secrets/secret");
    str key = str_trim(file_read(r->c->mem, path, MOST_KEY, &ok));
    if (!ok || crypto_equal(key, app->master))
        return;
    app->master_before = app->master;
    app->master = key;
}

/* What one that was cut off has left takes the room of the next. */
static int make_room(struct restoring *r, bool with_pictures)
{
    TRY(database_drop(r->c, r->scratch));
    return room_for_database(r->c, &r->a, with_pictures);
}

/* The shop goes on without it, but on a fuller disk. */
static int drop_scratch(struct restoring *r)
{
    struct ctx own = *r->c;
    int err = database_drop(&own, r->scratch);
    if (err)
        warn(r, "the database %.*s stays, and takes up room: %.*s. Drop it: dropdb %.*s",
            STR(r->scratch), STR(own.fault.detail.n ? own.fault.detail : own.fault.text),
            STR(r->scratch));
    return err;
}

int ops_restore(struct ctx *c, str path, struct ops_how how, struct buf *report, i64 *broken)
{
    struct restoring r = begun(c, "restore", report);
    *broken = 0;
    TRY(check_all(&r, path));
    if (how.with_secrets)
        TRY(check_secret(&r));
    TRY(check_target(&r, how.replace));
    if (how.with_secrets)
        take_master(&r);
    TRY(make_room(&r, true));
    int err = database_load(c, &r.a, r.scratch, report);
    if (!err) /* keys come with their numbers: new ones must come after those */
        err = skip_numbers(&r);
    if (!err)
        err = keys_take_over(c, r.a.dir, r.scratch, false, report);
    if (!err)
        err = veil_lift(c, r.a.dir, r.scratch, how.without_names, report);
    if (!err)
        err = keys_erase_again(c, r.a.dir, r.scratch, report);
    if (!err)
        err = prove(&r, broken);
    if (!err)
        err = put_pictures(&r);
    if (!err)
        err = database_swap(c, r.scratch, r.aside);
    if (err) { /* the shop is as it was */
        drop_scratch(&r);
        return err;
    }
    if (how.with_secrets)
        put_secrets(&r, broken);
    else
        compare_secrets(&r);
    forget(&r);
    bool there, empty;
    if (!database_is(c, r.aside, &there, &empty) && there)
        buf_fmt(report, "the database of before is kept as %.*s, until the next restore\n",
            STR(r.aside));
    fault_clear(c);
    c->scope.platform = true;
    return care_note(c, MARK_RESTORE, node_str(r.a.manifest, "made_at"));
}

/* ---- the drill ----------------------------------------------------------------------------------
 */

int drill_run(struct ctx *c, str folder, struct buf *report)
{
    struct restoring r = begun(c, "drill", report);
    str newest;
    i64 broken = 0;
    when began = when_now();
    TRY(archive_newest(c, folder, &newest));
    if (!newest.n)
        return fail_detail(c, E_MISSING, "ops.drill", "there is no backup in %.*s", STR(folder));
    TRY(check_all(&r, newest));
    TRY(make_room(&r, false));
    int err = database_load(c, &r.a, r.scratch, report);
    if (!err)
        err = keys_take_over(c, r.a.dir, r.scratch, true, report); /* as on another machine */
    if (!err)
        err = veil_lift(c, r.a.dir, r.scratch, false, report);
    if (!err)
        err = prove(&r, &broken);
    int dropped = drop_scratch(&r);
    TRY(err);
    if (broken)
        return fail_detail(c, E_CONFLICT, "ops.drill",
            "the books of the restored backup do not hold: %" PRId64 " rules are broken", broken);
    if (dropped)
        return fail_detail(c, E_INTERNAL, "ops.drill",
            "the backup is sound, but its database %.*s could not be dropped again",
            STR(r.scratch));
    buf_fmt(report, "restored and proved in %" PRId64 " s\n", (when_now() - began) / SECOND);
    return care_note(c, MARK_DRILL, when_rfc3339(c->mem, when_now()));
}
