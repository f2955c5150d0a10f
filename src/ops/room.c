/* Room on the disks, looked at before anything large is made: a backup or a drill that fills one
 * stops the whole shop. */
#include "gen/queries.h"
#include "ops/ops_in.h"
#include <sys/stat.h>
#include <unistd.h>

#define MB   (INT64_C(1) << 20)
#define KEPT (512 * MB)

int room_for(struct ctx *c, const char *what, str dir, i64 bytes)
{
    i64 left, all;
    if (!dir.n || !file_room(str_c(c->mem, dir), &left, &all))
        return E_OK; /* whoever writes there says why not */
    i64 needs = bytes + (all / 50 < KEPT ? all / 50 : KEPT); /* what the doctor wants free */
    return left >= needs
        ? E_OK
        : fail_detail(c, E_INTERNAL, "ops.room",
              "no room for %s: it needs %" PRId64 " MB in %.*s, %" PRId64 " MB are free", what,
              (needs + MB - 1) / MB, STR(dir), left / MB);
}

struct summing {
    str dir, other;
    i64 bytes;
};

static int sum_up(struct ctx *c, str name, void *with)
{
    struct summing *sum = with;
    struct stat st, old;
    const char *file = str_c(c->mem, name);
    if (stat(archive_path(c, sum->dir, file), &st))
        return E_OK; /* gone meanwhile */
    if (!sum->other.n || stat(archive_path(c, sum->other, file), &old) || old.st_size != st.st_size)
        sum->bytes += st.st_size;
    return E_OK;
}

/* Of the files in `dir` that `other` has not. */
static i64 bytes_in(struct ctx *c, str dir, str other)
{
    struct ctx own = *c;
    struct summing sum = { .dir = dir, .other = other };
    const char *path = str_c(c->mem, dir);
    if (!access(path, F_OK))
        file_each(&own, path, sum_up, &sum);
    return sum.bytes;
}

static str part(struct ctx *c, str dir, const char *name)
{
    return str_of(archive_path(c, dir, name));
}

/* {folder, is_here, most_wal, bytes}; NULL where PostgreSQL does not say. */
static struct node *look_at_data(struct ctx *c)
{
    struct ctx own = *c;
    struct node *row = NULL;
    own.scope = (struct scope){ .platform = true };
    own.pg = database_open(c, S("postgres"), str_none); /* the shop's own may not be there yet */
    if (q_ops_data_folder(&own, &row, database_name(c)))
        row = NULL;
    pg_close(own.pg);
    return row;
}

i64 room_database_bytes(struct ctx *c)
{
    const struct node *data = look_at_data(c);
    return data ? node_int(data, "bytes") : 0;
}

int room_for_backup(struct ctx *c, str folder, str before)
{
    str kept = before.n ? part(c, before, "media") : str_none;
    i64 bytes = bytes_in(c, c->app->media_dir, kept);
    if (before.n)
        bytes += (bytes_in(c, before, str_none) + bytes_in(c, part(c, before, "rows"), str_none)) *
            6 / 5;
    else
        bytes += room_database_bytes(c) / 2; /* packed, and without indexes */
    return room_for(c, "a backup", folder, bytes);
}

static bool is_same_disk(struct ctx *c, str one, str other)
{
    struct stat a, b;
    return !stat(str_c(c->mem, one), &a) && !stat(str_c(c->mem, other), &b) &&
        a.st_dev == b.st_dev;
}

/* The write-ahead log of the loading comes on top, as far as PostgreSQL lets it grow. */
int room_for_database(struct ctx *c, const struct archive *a, bool with_pictures)
{
    struct app *app = c->app;
    i64 pictures =
        with_pictures && a ? bytes_in(c, part(c, a->dir, "media"), app->media_dir) : 0;
    const struct node *data = look_at_data(c);
    TRY(pictures ? room_for(c, "the pictures", app->media_dir, pictures) : E_OK);
    if (!data || !node_bool(data, "is_here"))
        return E_OK;
    str folder = node_str(data, "folder");
    i64 most = node_int(data, "most_wal"), size = a ? node_int(a->manifest, "disk_bytes") : 0;
    if (!size) /* older backups do not say */
        size = node_int(data, "bytes");
    i64 bytes = size * 6 / 5 + (size < most ? size : most);
    if (is_same_disk(c, folder, app->media_dir))
        bytes += pictures;
    return room_for(c, "a second database beside the shop's", folder, bytes);
}
