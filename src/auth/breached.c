/* breached.c: passwords that came out elsewhere, in a file that whoever runs the shop has fetched:
 * a line each, HEX[:count] as in the well-known download, SHA-1 or SHA-256 in capitals or small
 * letters, in the order of the hashes. It may have many gigabytes: it is searched where it lies,
 * some forty short reads for a password, and only when one is chosen. */
#include "auth/auth_in.h"
#include "io/io.h"
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHA1_HEX = 40, SHA256_HEX = 64, LINE_MOST = 128, PROBES = 64 };

struct list {
    int fd;
    i64 size;
    size_t hex; /* letters of a hash */
};
struct row {
    char text[LINE_MOST + 1];
    i64 start, next; /* bytes; where the one after it starts */
};

static void drop_fd(void *fd) { close((int)(intptr_t)fd); }

/* The first line that starts at or behind `at`; false when there is none, or it is no line. */
static bool read_row(const struct list *list, i64 at, struct row *row)
{
    char text[2 * LINE_MOST];
    i64 from = at ? at - 1 : 0;
    ssize_t n = pread(list->fd, text, sizeof text, (off_t)from);
    const char *begin = text, *end;
    if (n <= 0)
        return false;
    if (at && !(begin = memchr(text, '\n', (size_t)n)))
        return false;
    begin += at ? 1 : 0;
    size_t left = (size_t)(text + n - begin);
    end = left ? memchr(begin, '\n', left) : NULL;
    size_t length = end ? (size_t)(end - begin) : left;
    if (!length || length > LINE_MOST)
        return false;
    memcpy(row->text, begin, length);
    row->text[length] = 0;
    row->start = from + (begin - text);
    row->next = row->start + (i64)length + (end ? 1 : 0);
    return true;
}

static size_t hex_of(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    bool ends = text[n] == 0 || text[n] == ':' || text[n] == '\r';
    return ends && (n == SHA1_HEX || n == SHA256_HEX) ? n : 0;
}

static int open_list(struct ctx *c, str path, struct list *list)
{
    struct row first;
    struct stat about;
    *list = (struct list){ .fd = open(str_c(c->mem, path), O_RDONLY | O_CLOEXEC) };
    if (list->fd < 0 || fstat(list->fd, &about))
        return fail_detail(c, E_INTERNAL, "auth.breached", "it cannot be read");
    DEFER(c->mem, drop_fd, (void *)(intptr_t)list->fd);
    list->size = about.st_size;
    if (!S_ISREG(about.st_mode) || !read_row(list, 0, &first) || !(list->hex = hex_of(first.text)))
        return fail_detail(
            c, E_INTERNAL, "auth.breached", "its first line is no SHA-1 or SHA-256 in hexadecimal");
    return E_OK;
}

static bool has(const struct list *list, str hex)
{
    i64 low = 0, high = list->size;
    struct row row;
    while (low < high) {
        i64 middle = low + (high - low) / 2;
        if (!read_row(list, middle, &row) || row.start >= high) {
            high = middle;
            continue;
        }
        int order = strncasecmp(row.text, hex.p, list->hex);
        if (order == 0)
            return true;
        if (order < 0)
            low = row.next;
        else
            high = middle;
    }
    return false;
}

/* A list that cannot be read keeps nobody out: the log and talatctl doctor say so. */
bool password_is_breached(struct ctx *c, str password)
{
    str path = conf_str(c->app->conf, "breached_passwords", str_none);
    struct list list;
    if (!path.n)
        return false;
    if (open_list(c, path, &list)) {
        log_line(c, LOG_ERROR, "breached_passwords", "detail", c->fault.detail, NULL);
        fault_clear(c);
        return false;
    }
    return has(&list,
        list.hex == SHA1_HEX ? crypto_sha1_hex(c->mem, password)
                             : crypto_sha256_hex(c->mem, password));
}

/* Whether lines all over it stand in order. */
int breached_try(struct ctx *c)
{
    str path = conf_str(c->app->conf, "breached_passwords", str_none);
    struct list list;
    struct row row;
    char before[SHA256_HEX + 1] = "";
    if (!path.n)
        return E_OK;
    TRY(open_list(c, path, &list));
    for (i64 i = 0; i < PROBES; i++) {
        if (!read_row(&list, list.size / PROBES * i, &row))
            continue;
        if (hex_of(row.text) != list.hex)
            return fail_detail(c, E_INTERNAL, "auth.breached",
                "at byte %" PRId64 " stands no hash as in its first line", row.start);
        if (strncasecmp(before, row.text, list.hex) > 0)
            return fail_detail(
                c, E_INTERNAL, "auth.breached", "it is not in order at byte %" PRId64, row.start);
        memcpy(before, row.text, list.hex);
    }
    return E_OK;
}
