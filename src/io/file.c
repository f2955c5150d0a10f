#include "io/io.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE (256u << 10)

static int trouble(struct ctx *c, const char *verb, const char *path)
{
    return fail_detail(
        c, E_INTERNAL, "file.io", "%s cannot be %s: %s", path, verb, strerror(errno));
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* -1: neither; -2: the one read from, -3: the one written to. */
static int pour(int in, int out, char *piece, struct crypto_sum *sum, i64 *bytes)
{
    for (;;) {
        ssize_t n = read(in, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -2;
        if (n == 0)
            return 0;
        crypto_sum_add(sum, (str){ piece, (size_t)n });
        *bytes += n;
        if (out >= 0 && !write_all(out, piece, (size_t)n))
            return -3;
    }
}

int file_copy(struct ctx *c, const char *from, const char *to, struct file_sum *sum)
{
    struct crypto_sum *digest = crypto_sum_new(c->mem);
    char *piece = arena_raw(c->mem, PIECE);
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, err = E_OK;
    *sum = (struct file_sum){ 0 };
    if (in < 0)
        return trouble(c, "read", from);
    if (to && (out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        err = trouble(c, "written", to);
    /* From the disk itself, and out of memory again: what is read once to be copied or checked
     * would push the shop's own pages out. */
    posix_fadvise(in, 0, 0, POSIX_FADV_DONTNEED);
    int went = err ? 0 : pour(in, out, piece, digest, &sum->bytes);
    if (went == -2)
        err = trouble(c, "read", from);
    if (went == -3)
        err = trouble(c, "written", to);
    posix_fadvise(in, 0, 0, POSIX_FADV_DONTNEED);
    if (out >= 0 && close(out) && !err)
        err = trouble(c, "written", to);
    close(in);
    if (err && out >= 0)
        unlink(to);
    sum->sha256 = crypto_sum_hex(c->mem, digest);
    return err;
}

static int put(struct ctx *c, const char *path, str text, int how)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
    bool ok = fd >= 0 && write_all(fd, text.p, text.n);
    int err = ok ? E_OK : trouble(c, "written", path);
    if (fd >= 0)
        close(fd);
    return err;
}

int file_write(struct ctx *c, const char *path, str text) { return put(c, path, text, O_TRUNC); }

int file_add(struct ctx *c, const char *path, str text) { return put(c, path, text, O_APPEND); }

int file_sync(struct ctx *c, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = fd >= 0 && !syncfs(fd) ? E_OK : trouble(c, "written", path);
    if (fd >= 0)
        close(fd);
    return err;
}

static bool is_plain(struct ctx *c, const char *dir, const char *name)
{
    struct stat st;
    return name[0] != '.' && !lstat(str_fmt(c->mem, "%s/%s", dir, name).p, &st) &&
        S_ISREG(st.st_mode);
}

int file_each(
    struct ctx *c, const char *dir, int (*each)(struct ctx *, str name, void *), void *with)
{
    DIR *d = opendir(dir);
    int err = d ? E_OK : trouble(c, "read", dir);
    for (struct dirent *e; !err && d && (e = readdir(d));) {
        struct mark mark = arena_mark(c->mem);
        if (is_plain(c, dir, e->d_name))
            err = each(c, str_of(e->d_name), with);
        if (!err)
            arena_rewind(c->mem, mark);
    }
    if (d)
        closedir(d);
    return err;
}

int file_lines(
    struct ctx *c, const char *path, int (*each)(struct ctx *, str line, void *), void *with)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int err = in ? E_OK : trouble(c, "read", path);
    while (!err && in && (n = getline(&line, &room, in)) > 0) {
        struct mark mark = arena_mark(c->mem);
        str text = { line, (size_t)n - (line[n - 1] == '\n') };
        err = each(c, text, with);
        if (!err)
            arena_rewind(c->mem, mark);
    }
    if (in && !err && ferror(in))
        err = trouble(c, "read", path);
    free(line);
    if (in)
        fclose(in);
    return err;
}

/* Links are taken away, never followed. */
static bool remove_at(int at, const char *name)
{
    if (!unlinkat(at, name, 0) || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            ok = remove_at(fd, e->d_name) && ok;
    closedir(d);
    return !unlinkat(at, name, AT_REMOVEDIR) && ok;
}

int file_remove(struct ctx *c, const char *path)
{
    return remove_at(AT_FDCWD, path) ? E_OK : trouble(c, "removed", path);
}

static bool is_left(int dir, const char *name, const char *begin, when since)
{
    struct stat st;
    return !strncmp(name, begin, strlen(begin)) && !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) &&
        (i64)st.st_mtime * SECOND < since;
}

int file_sweep(struct ctx *c, const char *dir, const char *begin, when since)
{
    DIR *d = opendir(dir);
    int err = d || errno == ENOENT ? E_OK : trouble(c, "read", dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_left(dirfd(d), e->d_name, begin, since) && !remove_at(dirfd(d), e->d_name) && !err)
            err = trouble(c, "removed", str_fmt(c->mem, "%s/%s", dir, e->d_name).p);
    if (d)
        closedir(d);
    return err;
}

bool file_listens(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    bool yes = fd >= 0 &&
        (!connect(fd, (const struct sockaddr *)(const void *)&at, sizeof at) || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return yes;
}

static void give_at(int at, const char *name, const struct stat *to)
{
    if (fchownat(at, name, to->st_uid, to->st_gid, AT_SYMLINK_NOFOLLOW))
        return; /* not ours to give; nor is what is in it */
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            give_at(fd, e->d_name, to);
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
}

void file_give(const char *path, const char *like)
{
    struct stat to;
    if (geteuid() == 0 && !stat(like, &to))
        give_at(AT_FDCWD, path, &to);
}

bool file_room(const char *path, i64 *free_bytes, i64 *all_bytes)
{
    struct statvfs is;
    if (statvfs(path, &is))
        return false;
    *free_bytes = (i64)is.f_bavail * (i64)is.f_frsize;
    *all_bytes = (i64)is.f_blocks * (i64)is.f_frsize;
    return true;
}
