/* conf.c: key = value, one a line, '#' begins a comment line. A value is all that follows,
 * blanks at both ends removed; there are no quotes. A key stands once in a file. */
#include "base/base.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LARGEST_FILE = 1024 * 1024 };

struct pair {
    str key, value;
    i64 line; /* 0: from conf_put */
    struct pair *next;
};

struct conf {
    struct arena *mem;
    const char *path;
    struct pair *pairs;
    const char **wrong; /* apart, so that a const conf can still be complained of */
};

static struct pair *find(const struct conf *conf, str key)
{
    for (struct pair *p = conf->pairs; p; p = p->next)
        if (str_eq(p->key, key))
            return p;
    return NULL;
}

static bool is_key(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", s.p[i]) || !s.p[i])
            return false;
    return s.n > 0;
}

static void put(struct conf *conf, str key, str value, i64 line)
{
    struct pair *p = NEW(conf->mem, struct pair);
    *p = (struct pair){ key, value, line, conf->pairs };
    conf->pairs = p;
}

/* What is wrong with the line, or NULL. */
static const char *read_line(struct conf *conf, str text, i64 line)
{
    str key;
    text = str_trim(text);
    if (!text.n || text.p[0] == '#')
        return NULL;
    if (!memchr(text.p, '=', text.n))
        return "expected key = value";
    str_cut(&text, '=', &key);
    key = str_trim(key);
    if (!is_key(key))
        return "a key is made of a-z, 0-9, '_', '.' and '-'";
    if (!str_is_utf8(text))
        return "the value is not UTF-8";
    struct pair *twice = find(conf, key);
    if (twice)
        return str_fmt(conf->mem, "%.*s was set in line %" PRIi64 " already", STR(key), twice->line)
            .p;
    put(conf, key, str_trim(text), line);
    return NULL;
}

struct conf *conf_read(struct arena *mem, const char *path, const char **why)
{
    bool ok;
    str line, text = file_read(mem, path, LARGEST_FILE, &ok);
    struct conf *conf = NEW(mem, struct conf);
    conf->mem = mem;
    conf->path = str_dup(mem, str_of(path)).p;
    conf->wrong = NEW(mem, const char *);
    if (!ok) {
        *why = str_fmt(mem, "%s: cannot be read: %s", path, strerror(errno)).p;
        return NULL;
    }
    for (i64 number = 1; str_cut(&text, '\n', &line); number++) {
        const char *what = read_line(conf, line, number);
        if (!what)
            continue;
        *why = str_fmt(mem, "%s:%" PRIi64 ": %s", path, number, what).p;
        return NULL;
    }
    return conf;
}

void conf_put(struct arena *mem, struct conf *conf, const char *key, str value)
{
    struct pair *there = find(conf, str_of(key));
    if (there)
        *there = (struct pair){ there->key, str_dup(mem, value), 0, there->next };
    else
        put(conf, str_dup(mem, str_of(key)), str_dup(mem, value), 0);
}

str conf_str(const struct conf *conf, const char *key, str otherwise)
{
    const struct pair *p = find(conf, str_of(key));
    return p ? p->value : otherwise;
}

/* Remembers the first wrong value. */
static void complain(const struct conf *conf, const struct pair *p, const char *expected)
{
    if (*conf->wrong)
        return;
    *conf->wrong = str_fmt(conf->mem, "%s:%" PRIi64 ": %.*s: expected %s, found \"%.*s\"",
        conf->path, p->line, STR(p->key), expected, STR(p->value))
                       .p;
}

i64 conf_int(const struct conf *conf, const char *key, i64 otherwise)
{
    const struct pair *p = find(conf, str_of(key));
    i64 value = otherwise;
    if (p && !str_int(p->value, &value))
        complain(conf, p, "a whole number");
    return value;
}

bool conf_bool(const struct conf *conf, const char *key, bool otherwise)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };
    const struct pair *p = find(conf, str_of(key));
    if (!p)
        return otherwise;
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_is(p->value, words[i]))
            return i % 2 == 1;
    complain(conf, p, "yes or no");
    return otherwise;
}

str conf_key(const struct conf *conf, size_t i)
{
    const struct pair *p = conf->pairs;
    while (p && i--)
        p = p->next;
    return p ? p->key : str_none;
}

const char *conf_path(const struct conf *conf) { return conf->path; }

const char *conf_wrong(const struct conf *conf) { return *conf->wrong; }

/* errno says why when *ok is false; EFBIG: more than the ceiling. */
static bool read_all(int fd, struct buf *out)
{
    char part[16 * 1024];
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        buf_add(out, (str){ part, (size_t)n });
        if (out->full) {
            errno = EFBIG;
            return false;
        }
    }
}

str file_read(struct arena *mem, const char *path, size_t ceiling, bool *ok)
{
    struct buf out = buf_new(mem, ceiling);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ok = fd >= 0 && read_all(fd, &out);
    if (fd >= 0) {
        int why = errno;
        close(fd);
        errno = why;
    }
    return *ok ? buf_str(&out) : str_none;
}

str file_keep(struct arena *mem, const char *path, size_t ceiling, bool *ok)
{
    struct arena *scratch = arena_new(4 * ceiling + 65536);
    str text = str_dup(mem, file_read(scratch, path, ceiling, ok));
    int why = errno;
    arena_drop(scratch);
    errno = why;
    return text;
}
