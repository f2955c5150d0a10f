#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gen/queries.h"
#include "media/media.h"
#include "web/web.h"

#define CEILING (10 * 1024 * 1024)
#define MAKING  ".new-"
static const i64 SIZES[] = { 200, 400, 800, 1200 };

/* By what it is, never by what it is called. */
static bool is_picture(str b, bool trusted_svg)
{
    if (b.n >= 12 && !memcmp(b.p, "\xff\xd8\xff", 3))
        return true;
    if (b.n >= 24 && !memcmp(b.p, "\x89PNG\r\n\x1a\n", 8))
        return true;
    if (b.n >= 16 && !memcmp(b.p, "RIFF", 4) && !memcmp(b.p + 8, "WEBP", 4))
        return true;
    if (b.n >= 16 && (!memcmp(b.p, "GIF87a", 6) || !memcmp(b.p, "GIF89a", 6)))
        return true;
    if (b.n >= 16 && !memcmp(b.p + 4, "ftypavif", 8))
        return true;
    return trusted_svg && str_find(str_upto(b, 512), S("<svg")) >= 0;
}

static bool write_all(const char *path, str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    for (size_t at = 0; at < bytes.n;) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n <= 0) {
            close(fd);
            return false;
        }
        at += (size_t)n;
    }
    return !close(fd);
}

static const char *file_of(struct ctx *c, str dir, str stem, i64 width)
{
    return str_c(c->mem, str_fmt(c->mem, "%.*s/%.*s-%" PRId64 ".webp", STR(dir), STR(stem), width));
}

/* A row outlasts a power cut; its file must, too, or it is an empty one for good. */
static bool is_on_disk(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && !fsync(fd);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool is_there(const char *path)
{
    struct stat st;
    return !stat(path, &st) && st.st_size > 0;
}

static void sweep(struct ctx *c, str dir, str stem, const char *original)
{
    for (size_t i = 0; i < COUNT(SIZES); i++)
        unlink(file_of(c, dir, stem, SIZES[i]));
    unlink(original);
    rmdir(str_c(c->mem, dir));
}

/* Made in a folder of its own beside the others, then renamed in: nginx sees whole files. */
static int make(struct ctx *c, str bytes, str stem, bool trusted_svg, struct image_info *info,
    i64 *widths, size_t *n)
{
    char dir[4096];
    struct app *app = c->app;
    int len = snprintf(dir, sizeof dir, "%.*s/" MAKING "XXXXXX", STR(app->media_dir));
    if (len >= (int)sizeof dir || !mkdtemp(dir))
        return fail_detail(c, E_INTERNAL, "media.dir", "cannot make a folder in %.*s: %s",
            STR(app->media_dir), strerror(errno));
    str in_dir = str_of(dir);
    const char *original = str_c(c->mem, str_fmt(c->mem, "%s/original", dir));
    int err = write_all(original, bytes) ? E_OK
                                         : fail_detail(c, E_INTERNAL, "media.write",
                                               "cannot write %s: %s", original, strerror(errno));
    if (!err)
        err = image_make(c, app->image_program, str_of(original), in_dir, stem, SIZES, COUNT(SIZES),
            trusted_svg, info);
    *n = 0;
    for (size_t i = 0; !err && i < COUNT(SIZES); i++) {
        const char *from = file_of(c, in_dir, stem, SIZES[i]);
        const char *to = file_of(c, app->media_dir, stem, SIZES[i]);
        if (!is_there(from))
            continue;
        if (chmod(from, 0644) || !is_on_disk(from) || rename(from, to))
            err = fail_detail(
                c, E_INTERNAL, "media.publish", "cannot rename to %s: %s", to, strerror(errno));
        widths[(*n)++] = SIZES[i];
        if (SIZES[i] >= info->width) /* the next would be the same picture again */
            break;
    }
    sweep(c, in_dir, stem, original);
    if (!err && !is_on_disk(str_c(c->mem, app->media_dir)))
        err = fail_detail(c, E_INTERNAL, "media.publish", "%.*s is not written out: %s",
            STR(app->media_dir), strerror(errno));
    if (!err && !*n)
        err = fail_detail(c, E_INTERNAL, "media.empty", "no size came out");
    return err;
}

int media_sweep(struct ctx *c)
{
    return file_sweep(c, str_c(c->mem, c->app->media_dir), MAKING, when_now() - DAY);
}

static bool all_there(struct ctx *c, str stem, const struct node *widths)
{
    EACH(w, widths)
        if (!is_there(file_of(c, c->app->media_dir, stem, w->node.as.number)))
            return false;
    return node_count(widths) > 0;
}

/* The same file has the same address, but by the file alone nobody finds out whether it is here: a
 * draft's picture is for who is told its address. */
static str stem_of(struct ctx *c, str bytes)
{
    unsigned char key[32];
    crypto_key(c->app->secret, "picture", key);
    return str_upto(crypto_hmac_sha256_hex(c->mem, (str){ (char *)key, sizeof key }, bytes), 32);
}

int media_store(struct ctx *c, i64 organisation, str bytes, bool trusted_svg, i64 *picture)
{
    struct node *row;
    if (bytes.n > CEILING)
        return fail(c, E_TOO_LARGE, "media.size", "A picture may have at most 10 MB.");
    if (!is_picture(bytes, trusted_svg))
        return fail(c, E_KIND, "media.kind", "Pictures are JPEG, PNG, WebP, GIF or AVIF files.");
    str stem = stem_of(c, bytes);
    TRY(q_media_by_stem(c, &row, organisation, stem));
    if (row && all_there(c, stem, node_get(row, S("widths")))) {
        *picture = node_int(row, "id");
        return E_OK;
    }
    struct image_info info = { 0 };
    i64 widths[COUNT(SIZES)];
    size_t n = 0;
    TRY(make(c, bytes, stem, trusted_svg, &info, widths, &n));
    TRY(q_media_add(c, &row, organisation, stem, info.width, info.height, widths, n));
    *picture = node_int(row, "id");
    return E_OK;
}

/* Taken aside first: whoever has stored the same picture meanwhile, for another organisation, put a
 * new file in its place. Nor is one of today dropped that a restore has just found here. */
static void drop_file(struct ctx *c, str stem, i64 width)
{
    const char *path = file_of(c, c->app->media_dir, stem, width);
    str gone = str_fmt(c->mem, ".gone-%.*s", STR(stem));
    const char *aside = file_of(c, c->app->media_dir, gone, width);
    struct stat st;
    rename(path, aside); /* or somebody did who was cut off */
    if (stat(aside, &st))
        return;
    if (when_now() - (i64)st.st_mtime * SECOND < DAY)
        rename(aside, path);
    else
        unlink(aside);
}

int media_drop(struct ctx *c, const i64 *pictures, size_t n)
{
    struct node *stems;
    TRY(q_media_drop(c, &stems, pictures, n));
    EACH(item, stems)
        for (size_t i = 0; i < COUNT(SIZES); i++)
            drop_file(c, node_str(&item->node, "stem"), SIZES[i]);
    return E_OK;
}

/* The smallest that is at least as wide as asked for, else the widest. */
static i64 fitting(const struct node *widths, i64 size)
{
    i64 best = 0;
    EACH(w, widths) {
        i64 width = w->node.as.number;
        if (!best || (best < size && width > best) || (width >= size && width < best))
            best = width;
    }
    return best;
}

/* One file's address; a page writes a hundred of them. */
static void add_address(struct buf *b, str stem, i64 width)
{
    buf_add(b, S("/media/"));
    buf_add(b, stem);
    buf_char(b, '-');
    buf_int(b, width);
    buf_add(b, S(".webp"));
}

struct node *media_picture(struct ctx *c, const struct node *row, i64 size)
{
    struct arena *mem = c->mem;
    const struct node *widths = node_get(row, S("widths"));
    str stem = node_str(row, "stem");
    i64 w = node_int(row, "width"), h = node_int(row, "height"), src = fitting(widths, size);
    if (!stem.n || !src || w < 1)
        return NULL;
    struct node *p = node_map(mem);
    struct buf one = buf_new(mem, 256), set = buf_new(mem, 1024);
    add_address(&one, stem, src);
    EACH(each, widths) {
        i64 width = each->node.as.number;
        buf_add(&set, set.n ? S(", ") : S(""));
        add_address(&set, stem, width);
        buf_char(&set, ' ');
        buf_int(&set, width < w ? width : w);
        buf_char(&set, 'w');
    }
    i64 shown = src < w ? src : w;
    node_set_str(mem, p, S("src"), buf_str(&one));
    node_set_str(mem, p, S("srcset"), buf_str(&set));
    node_set_int(mem, p, S("width"), shown);
    node_set_int(mem, p, S("height"), (h * shown + w / 2) / w);
    node_set_str(mem, p, S("alt"), node_str(row, "alt"));
    node_hide(node_set_str(mem, p, S("stem"), stem)); /* what an order remembers of it */
    return p;
}

static void dress_one(struct ctx *c, struct node *row, const char *as, i64 size)
{
    static const char *const raw[] = { "stem", "widths", "width", "height", "alt" };
    struct node *p = media_picture(c, row, size);
    if (p)
        node_set(c->mem, row, str_of(as), p);
    else
        node_set_null(c->mem, row, str_of(as));
    for (size_t i = 0; i < COUNT(raw); i++) {
        struct node *gone = node_get(row, str_of(raw[i]));
        if (gone && strcmp(raw[i], as))
            node_hide(gone);
    }
}

void media_dress(struct ctx *c, struct node *row_or_list, const char *as, i64 size)
{
    if (!row_or_list)
        return;
    if (row_or_list->kind != N_LIST) {
        if (row_or_list->kind == N_MAP)
            dress_one(c, row_or_list, as, size);
        return;
    }
    for (struct item *it = row_or_list->as.items.first; it; it = it->next)
        dress_one(c, &it->node, as, size);
}
