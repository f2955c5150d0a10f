/* A backup: the database at one moment, then the pictures (there may be newer ones among them,
 * which does no harm), put together in a folder with a name that begins with a dot, checked from
 * the disk, and only then given its own name. */
#include "gen/queries.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PICTURES   2000 /* looked at in one piece */
#define NAMED      5    /* missing pictures: the others are counted */
#define MOST_WORDS 32   /* of pg_dump's command line */
#define MOST_OWN   ((size_t)1 << 20)
#define NEW_NAME   ".new"

struct making {
    struct ctx *c, own;      /* own: the owner's, in the snapshot */
    str folder, dir, before; /* before: the newest of the others */
    struct buf *report;
    struct node *manifest, *sums;
    FILE *list;
    i64 files, bytes, linked, missing;
    bool with_secrets;
};

static const char *in_dir(struct making *m, const char *name)
{
    return archive_path(m->c, m->dir, name);
}

static int cannot(struct ctx *c, const char *what, const char *path)
{
    return fail_detail(c, E_INTERNAL, "ops.backup", "%s cannot be %s: %s%s", path, what,
        strerror(errno),
        errno == EROFS ? " (talat-work writes below /var/lib/talat alone; elsewhere: systemctl edit "
                         "talat-work.service, [Service] ReadWritePaths=FOLDER)"
                       : "");
}

/* ---- the database ---------------------------------------------------------------------------- */

static int describe(struct making *m)
{
    struct ctx *own = &m->own;
    struct node *counts, *changes, *owners, *list;
    TRY(database_counts(own, &counts));
    TRY(q_ops_changes(own, &changes));
    TRY(q_ops_owners(own, &owners));
    node_set(own->mem, m->manifest, S("counts"), counts);
    list = node_set_list(own->mem, m->manifest, S("schema"));
    EACH(it, changes)
        node_add_str(own->mem, list, node_str(&it->node, "name"));
    list = node_set_list(own->mem, m->manifest, S("owners"));
    EACH(it, owners)
        node_add_str(own->mem, list, node_str(&it->node, "sql"));
    return E_OK;
}

static int dump(struct making *m)
{
    struct ctx *c = m->c;
    struct node *snapshot;
    struct file_sum sum;
    const char *words[MOST_WORDS];
    size_t n = 0;
    TRY(q_ops_snapshot(&m->own, &snapshot));
    node_set_str(c->mem, m->manifest, S("made_at"), node_str(snapshot, "at"));
    TRY(describe(m));
    const char *always[] = { "--format=custom", "--compress=3", "--role=talat_backup",
        "--no-comments", "--no-blobs", "--no-publications", "--no-subscriptions",
        "--no-security-labels", "--exclude-table-data=vault.key", "--extension=pg_trgm",
        "--extension=unaccent", "--extension=btree_gin", "--extension=btree_gist",
        str_fmt(c->mem, "--snapshot=%.*s", STR(node_str(snapshot, "id"))).p,
        str_fmt(c->mem, "--file=%s", in_dir(m, "database.dump")).p };
    for (; n < COUNT(always); n++)
        words[n] = always[n];
    for (const struct vault_veil *veil = c->app->veils; veil->table; veil++) {
        assert(n + 1 < MOST_WORDS);
        words[n++] = str_fmt(c->mem, "--exclude-table-data=%s", veil->table).p;
    }
    words[n] = NULL;
    TRY(veil_write(c, &m->own, m->dir, node_str(snapshot, "id"),
        node_set_list(c->mem, m->manifest, S("rows")), m->report));
    TRY(database_tool(c, "pg_dump", database_name(c), words));
    chmod(in_dir(m, "database.dump"), 0600);
    TRY(file_copy(c, in_dir(m, "database.dump"), NULL, &sum));
    node_set_str(c->mem, m->sums, S("database.dump"), sum.sha256);
    node_set_int(c->mem, m->manifest, S("database_bytes"), sum.bytes);
    node_set_int(c->mem, m->manifest, S("disk_bytes"), room_database_bytes(c));
    m->bytes += sum.bytes;
    return E_OK;
}

/* ---- the files ------------------------------------------------------------------------------- */

static int listed(struct making *m, const char *name, const struct file_sum *sum)
{
    m->bytes += sum->bytes;
    return fprintf(m->list, "%.*s  %s\n", STR(sum->sha256), name) > 0
        ? E_OK
        : cannot(m->c, "written", "SHA256SUMS");
}

/* What veil.c has put there. */
static int list_rows(struct making *m)
{
    struct file_sum sum;
    TRY(file_copy(m->c, in_dir(m, VEIL_NAMES), NULL, &sum));
    TRY(listed(m, VEIL_NAMES, &sum));
    EACH(it, node_get(m->manifest, S("rows"))) {
        const char *name = str_c(m->c->mem, node_str(&it->node, "file"));
        TRY(file_copy(m->c, in_dir(m, name), NULL, &sum));
        TRY(listed(m, name, &sum));
    }
    return E_OK;
}

/* A picture that the backup before has too is the same file twice: it takes no room. */
static bool is_linked(struct making *m, const char *from, const char *name, struct file_sum *sum)
{
    struct ctx own = *m->c;
    struct file_sum then;
    struct stat now, old;
    if (!m->before.n)
        return false;
    const char *path = archive_path(m->c, m->before, name);
    if (stat(from, &now) || stat(path, &old) || now.st_size != old.st_size)
        return false;
    return !file_copy(&own, from, NULL, sum) && !file_copy(&own, path, NULL, &then) &&
        str_eq(sum->sha256, then.sha256) && !link(path, in_dir(m, name));
}

static int take_picture(struct ctx *c, str file, void *with)
{
    struct making *m = with;
    struct file_sum sum;
    const char *name = str_fmt(c->mem, "media/%.*s", STR(file)).p;
    const char *from = archive_path(c, c->app->media_dir, str_c(c->mem, file));
    bool same = is_linked(m, from, name, &sum);
    if (!same)
        TRY(file_copy(c, from, in_dir(m, name), &sum));
    m->linked += same;
    m->files++;
    return listed(m, name, &sum);
}

static int take_pictures(struct making *m)
{
    if (!archive_mkdir(m->c, m->dir, "media"))
        return cannot(m->c, "made", in_dir(m, "media"));
    return access(str_c(m->c->mem, m->c->app->media_dir), F_OK)
        ? E_OK
        : file_each(m->c, str_c(m->c->mem, m->c->app->media_dir), take_picture, m);
}

static int look_for(struct making *m, const struct node *picture)
{
    EACH(width, node_get(picture, S("widths"))) {
        str name = str_fmt(m->c->mem, "media/%.*s-%" PRId64 ".webp", STR(node_str(picture, "stem")),
            width->node.as.number);
        struct stat st;
        bool is_there = !stat(in_dir(m, name.p), &st);
        if (is_there && st.st_size)
            continue;
        if (m->missing++ < NAMED)
            buf_fmt(m->report, "warning: the shop shows %.*s, and the file is %s\n", STR(name),
                is_there ? "empty" : "not there");
    }
    return E_OK;
}

/* Whether every picture the database knows of has its files. */
static int look_for_all(struct making *m)
{
    i64 after = 0;
    for (bool more = true; more;) {
        i64 before = m->missing;
        struct mark mark = arena_mark(m->c->mem);
        struct node *rows;
        TRY(q_media_after(&m->own, &rows, after, PICTURES));
        EACH(it, rows) {
            TRY(look_for(m, &it->node));
            after = node_int(&it->node, "id");
        }
        more = node_count(rows) == PICTURES;
        if (m->missing == before || before >= NAMED) /* the report may have grown */
            arena_rewind(m->c->mem, mark);
    }
    return E_OK;
}

/* A file of the configuration's; it may well not be there (a secret in talat.conf itself). */
static int take_secret(struct making *m, str from, const char *name)
{
    struct file_sum sum;
    if (!from.n || access(str_c(m->c->mem, from), F_OK))
        return E_OK;
    TRY(file_copy(m->c, str_c(m->c->mem, from), in_dir(m, name), &sum));
    return listed(m, name, &sum);
}

/* The key in use, wherever it came from (TALAT_MASTER_KEY goes before the file). Without one of its
 * own the shop's secret stands for it. */
static int take_key(struct making *m, str key, const char *name)
{
    struct file_sum sum;
    if (!key.n || crypto_equal(key, m->c->app->secret))
        return E_OK;
    TRY(file_write(m->c, in_dir(m, name), key));
    TRY(file_copy(m->c, in_dir(m, name), NULL, &sum));
    return listed(m, name, &sum);
}

static int take_secrets(struct making *m)
{
    struct conf *conf = m->c->app->conf;
    if (!archive_mkdir(m->c, m->dir, "secrets"))
        return cannot(m->c, "made", in_dir(m, "secrets"));
    TRY(take_secret(m, conf_str(conf, "secret_file", str_none), "secrets/secret"));
    TRY(take_key(m, m->c->app->master, "secrets/master-key"));
    TRY(take_key(m, m->c->app->master_before, "secrets/master-key-before"));
    return take_secret(m, str_of(conf_path(conf)), "secrets/talat.conf");
}

static int take_files(struct making *m)
{
    struct file_sum sum;
    m->list = fopen(in_dir(m, "SHA256SUMS"), "wxe");
    if (!m->list)
        return cannot(m->c, "made", in_dir(m, "SHA256SUMS"));
    int err = list_rows(m);
    if (!err)
        err = take_pictures(m);
    if (!err && m->with_secrets)
        err = take_secrets(m);
    if (fclose(m->list) && !err)
        err = cannot(m->c, "written", in_dir(m, "SHA256SUMS"));
    TRY(err);
    chmod(in_dir(m, "SHA256SUMS"), 0600);
    TRY(file_copy(m->c, in_dir(m, "SHA256SUMS"), NULL, &sum));
    node_set_str(m->c->mem, m->sums, S("SHA256SUMS"), sum.sha256);
    return look_for_all(m);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int write_manifest(struct making *m)
{
    struct arena *mem = m->c->mem;
    struct buf out = buf_new(mem, MOST_OWN);
    node_set_int(mem, m->manifest, S("media_files"), m->files);
    node_set_int(mem, m->manifest, S("media_missing"), m->missing);
    node_set_bool(mem, m->manifest, S("has_secrets"), m->with_secrets);
    node_set_str(mem, m->manifest, S("secret_mark"), archive_mark(m->c));
    node_set_str(mem, m->manifest, S("master_mark"), vault_master_mark(m->c));
    node_set(mem, m->manifest, S("sums"), m->sums);
    json_store(&out, m->manifest);
    buf_char(&out, '\n');
    return file_write(m->c, in_dir(m, "manifest.json"), buf_str(&out));
}

/* Read back from the disk, and by PostgreSQL itself, before it counts as one. */
static int check(struct making *m)
{
    struct archive a;
    TRY(file_sync(m->c, str_c(m->c->mem, m->dir)));
    TRY(archive_open(m->c, m->dir, &a));
    TRY(archive_check(m->c, &a));
    const char *words[] = { "--list", "--file=/dev/null", in_dir(m, "database.dump"), NULL };
    return database_tool(m->c, "pg_restore", str_none, words);
}

static int make(struct making *m)
{
    if (!archive_mkdir(m->c, m->folder, NEW_NAME))
        return cannot(m->c, "made", str_c(m->c->mem, m->dir));
    TRY(pg_begin(&m->own));
    int err = dump(m);
    if (!err)
        err = take_files(m);
    int end = pg_end(&m->own, err);
    if (m->own.fault.code)
        m->c->fault = m->own.fault;
    TRY(err ? err : end);
    TRY(write_manifest(m));
    return check(m);
}

/* What a backup that was cut off has left goes first: we hold the lock, nobody is at it. */
static int make_named(struct making *m, str *made)
{
    if (!access(m->dir.p, F_OK))
        TRY(file_remove(m->c, m->dir.p));
    TRY(archive_newest(m->c, m->folder, &m->before));
    TRY(room_for_backup(m->c, m->folder, m->before));
    TRY(make(m));
    file_give(m->dir.p, str_c(m->c->mem, m->folder));
    do { /* names are seconds */
        str name = archive_name(m->c->mem, when_now());
        *made = str_of(archive_path(m->c, m->folder, str_c(m->c->mem, name)));
    } while (!access(made->p, F_OK) && !usleep(200000));
    if (rename(m->dir.p, made->p))
        return cannot(m->c, "named", made->p);
    return file_sync(m->c, str_c(m->c->mem, m->folder));
}

/* Until its connection ends: what the dump knows of is there when it is copied. */
static int keep_pictures(struct making *m)
{
    struct node *row;
    int err = q_ops_keep_pictures(&m->own, &row);
    if (err)
        m->c->fault = m->own.fault;
    return err;
}

int backup_make(struct ctx *c, str folder, bool with_secrets, struct buf *report, str *made)
{
    struct making m = { .c = c,
        .own = *c,
        .folder = folder,
        .dir = str_of(archive_path(c, folder, NEW_NAME)),
        .report = report,
        .with_secrets = with_secrets,
        .manifest = node_map(c->mem),
        .sums = node_map(c->mem) };
    const char *path = str_c(c->mem, folder);
    if (mkdir(path, 0700) && errno != EEXIST)
        return cannot(c, "made", path);
    int lock = open(archive_path(c, folder, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return cannot(c, "written into", path);
    file_give(archive_path(c, folder, ".lock"), path); /* at once: it stays, whatever comes next */
    if (flock(lock, LOCK_EX | LOCK_NB)) {
        close(lock);
        return fail_detail(c, E_CONFLICT, "ops.backup", "another backup is being made in %s", path);
    }
    m.own.scope = (struct scope){ .platform = true };
    int err = database_let_read(c, str_none);
    m.own.pg = database_open(c, str_none, AS_BACKUP);
    node_set_int(c->mem, m.manifest, S("format"), ARCHIVE_FORMAT);
    node_set_str(c->mem, m.manifest, S("base_url"), c->app->base_url);
    if (!err)
        err = keep_pictures(&m);
    if (!err)
        err = make_named(&m, made);
    pg_close(m.own.pg);
    if (err && !access(m.dir.p, F_OK)) {
        struct ctx own = *c;
        file_remove(&own, m.dir.p);
    }
    close(lock);
    TRY(err);
    buf_fmt(report, "%.*s: %" PRId64 " bytes, %" PRId64 " pictures (%" PRId64 " as before)\n",
        STR(*made), m.bytes, m.files, m.linked);
    if (m.missing)
        buf_fmt(report, "warning: %" PRId64 " files of pictures are missing\n", m.missing);
    /* Now, or each that fails later adds one more. */
    TRY(archive_rotate(c, folder, care_keep(c->app), *made));
    TRY(keys_write(c, folder));
    if (!archive_is_one(c, folder, care_folder(c->app)))
        return E_OK; /* the drill does not look there, and whoever has it may take it away */
    return care_note(c, MARK_BACKUP, when_rfc3339(c->mem, when_now()));
}
