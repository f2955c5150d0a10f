/* A backup as it lies on the disk: found, opened, checked, rotated. */
#include "ops/ops_in.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MOST_MANIFEST ((size_t)4 << 20)
#define MOST_ARCHIVES 10000
#define SUM_LETTERS   64

const char *archive_path(struct ctx *c, str dir, const char *name)
{
    return str_fmt(c->mem, "%.*s/%s", STR(dir), name).p;
}

bool archive_mkdir(struct ctx *c, str dir, const char *name)
{
    const char *path = archive_path(c, dir, name);
    if (mkdir(path, 0700))
        return false;
    file_give(path, str_c(c->mem, dir));
    return true;
}

bool archive_is_one(struct ctx *c, str folder, str other)
{
    struct stat a, b;
    return !stat(str_c(c->mem, folder), &a) && !stat(str_c(c->mem, other), &b) &&
        a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The secret's own hash would let a stolen manifest be guessed against; this is a keyed one. */
str archive_mark(struct ctx *c)
{
    return str_upto(crypto_hmac_sha256_hex(c->mem, c->app->secret, S("backup")), 16);
}

static int no_backup(struct ctx *c, str dir, const char *why)
{
    return fail_detail(c, E_INPUT, "ops.archive", "%.*s is no backup: %s", STR(dir), why);
}

int archive_open(struct ctx *c, str path, struct archive *a)
{
    struct node *manifest;
    bool ok;
    if (str_ends(path, S("/manifest.json")))
        path = str_upto(path, path.n - S("/manifest.json").n);
    while (path.n > 1 && str_ends(path, S("/")))
        path = str_upto(path, path.n - 1);
    *a = (struct archive){ .dir = path };
    str text = file_read(c->mem, archive_path(c, path, "manifest.json"), MOST_MANIFEST, &ok);
    if (!ok)
        return no_backup(c, path, "it has no manifest.json that can be read");
    if (json_read(c, text, &manifest) || manifest->kind != N_MAP)
        return no_backup(c, path, "its manifest.json is damaged");
    i64 format = node_int(manifest, "format");
    if (format < 1 || format > ARCHIVE_FORMAT)
        return no_backup(c, path, "its format is not one this program knows");
    a->manifest = manifest;
    return E_OK;
}

/* ---- sums ---------------------------------------------------------------------------------- */

static int check_part(struct ctx *c, const struct archive *a, str name, str sum)
{
    struct file_sum is;
    const char *path = archive_path(c, a->dir, str_c(c->mem, name));
    if (file_copy(c, path, NULL, &is))
        return fail_detail(c, E_INPUT, "ops.archive", "%s is missing or cannot be read", path);
    return str_eq(is.sha256, sum)
        ? E_OK
        : fail_detail(c, E_INPUT, "ops.archive",
              "%s is damaged: its SHA-256 is not that of the backup", path);
}

/* "<64 letters>  media/0123.webp" */
static int check_line(struct ctx *c, str line, void *with)
{
    const struct archive *a = with;
    if (line.n < SUM_LETTERS + 3 || str_find(line, S("..")) >= 0 || line.p[SUM_LETTERS + 2] == '/')
        return no_backup(c, a->dir, "its SHA256SUMS is damaged");
    return check_part(c, a, str_from(line, SUM_LETTERS + 2), str_upto(line, SUM_LETTERS));
}

int archive_check(struct ctx *c, const struct archive *a)
{
    const struct node *sums = node_get(a->manifest, S("sums"));
    TRY(check_part(c, a, S("SHA256SUMS"), node_str(sums, "SHA256SUMS")));
    TRY(check_part(c, a, S("database.dump"), node_str(sums, "database.dump")));
    return file_lines(c, archive_path(c, a->dir, "SHA256SUMS"), check_line, (void *)(uintptr_t)a);
}

/* ---- many ----------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    str s = str_of(name);
    return str_starts(s, S("talat-")) && str_ends(s, S("Z")) &&
        s.n == S("talat-20261121T031500Z").n;
}

str archive_name(struct arena *mem, when at)
{
    char text[32];
    struct buf out = buf_new(mem, 64);
    when_write(at, text);
    buf_add(&out, S("talat-"));
    for (const char *p = text; *p && *p != '.' && *p != 'Z'; p++)
        if (*p != '-' && *p != ':')
            buf_char(&out, *p);
    buf_char(&out, 'Z');
    return buf_str(&out);
}

/* Newest first, which is what their names say. */
static int newest_first(const void *a, const void *b)
{
    return -str_order(*(const str *)a, *(const str *)b);
}

/* What is named for a time to come was made while the clock was wrong: it counts as the oldest, or
 * it would be the newest for as long, and push out what is. */
static void put_right(struct ctx *c, str *names, size_t n)
{
    str latest = archive_name(c->mem, when_now() + HOUR), *all = NEWS(c->mem, str, n + 1);
    size_t ahead = 0;
    while (ahead < n && str_order(names[ahead], latest) > 0)
        ahead++;
    for (size_t i = 0; i < n; i++)
        all[i] = names[(i + ahead) % n];
    for (size_t i = 0; i < n; i++)
        names[i] = all[i];
}

static int list(struct ctx *c, str folder, str **names, size_t *n)
{
    DIR *d = opendir(str_c(c->mem, folder));
    *n = 0;
    *names = NEWS(c->mem, str, MOST_ARCHIVES);
    if (!d)
        return errno == ENOENT ? E_OK
                               : fail_detail(c, E_INTERNAL, "ops.archive",
                                     "%.*s cannot be read: %s", STR(folder), strerror(errno));
    for (struct dirent *e; *n < MOST_ARCHIVES && (e = readdir(d));)
        if (is_name(e->d_name))
            (*names)[(*n)++] = str_dup(c->mem, str_of(e->d_name));
    closedir(d);
    qsort(*names, *n, sizeof **names, newest_first);
    put_right(c, *names, *n);
    return E_OK;
}

int archive_newest(struct ctx *c, str folder, str *dir)
{
    str *names;
    size_t n;
    *dir = str_none;
    TRY(list(c, folder, &names, &n));
    if (n)
        *dir = str_of(archive_path(c, folder, names[0].p));
    return E_OK;
}

int archive_rotate(struct ctx *c, str folder, i64 keep, str made)
{
    str *names;
    size_t n;
    i64 kept = made.n > 0; /* whatever its name: the clock may have been put back */
    TRY(list(c, folder, &names, &n));
    for (size_t i = 0; i < n; i++) {
        const char *path = archive_path(c, folder, names[i].p);
        if (!str_is(made, path) && kept++ >= keep)
            TRY(file_remove(c, path));
    }
    return E_OK;
}
