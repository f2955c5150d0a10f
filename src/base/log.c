/* log.c: one line, one JSON object, one write. The descriptor and the least level are the
 * only state of the house outside struct app: an exhausted arena must still be able to say
 * so. Nothing here allocates. */
#include "base/base.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE = 4096 };

static struct {
    int fd;
    enum log_level least;
} log_to = { STDERR_FILENO, LOG_INFO };

struct line {
    char text[LINE];
    size_t n, ceiling;
    bool cut;
};

static const char tail[] = ",\"cut\":true}\n";

void log_open(int fd, enum log_level least)
{
    log_to.fd = fd;
    log_to.least = least;
}

/* All of it or none. */
static bool put(struct line *l, str s)
{
    if (l->cut || s.n > l->ceiling - l->n) {
        l->cut = true;
        return false;
    }
    memcpy(l->text + l->n, s.p, s.n);
    l->n += s.n;
    return true;
}

/* One character of a value: whole UTF-8 or an escape; a stray byte becomes U+FFFD. */
static size_t put_char(struct line *l, str s)
{
    unsigned char c = (unsigned char)s.p[0];
    char escape[8];
    size_t step = str_utf8_step(s);
    if (c == '"' || c == '\\') {
        put(l, (str){ (char[]){ '\\', (char)c }, 2 });
        return 1;
    }
    if (c < ' ' || c == 0x7F) {
        snprintf(escape, sizeof escape, "\\u%04x", c);
        put(l, (str){ escape, 6 });
        return 1;
    }
    put(l, step ? str_upto(s, step) : S("\xEF\xBF\xBD"));
    return step ? step : 1;
}

/* The value as a JSON string; cut short it still ends with its quote. */
static void put_string(struct line *l, str s)
{
    if (!put(l, S("\"")))
        return;
    l->ceiling--; /* for the quote at the end */
    while (s.n && !l->cut)
        s = str_from(s, put_char(l, s));
    l->ceiling++;
    l->text[l->n++] = '"';
}

static void put_pair(struct line *l, const char *key, str value)
{
    size_t before = l->n;
    put(l, S(",\""));
    put(l, str_of(key));
    if (!put(l, S("\":")) || l->ceiling - l->n < 2) {
        l->n = before;
        l->cut = true;
        return;
    }
    put_string(l, value);
}

/* From the clock's own seconds, without an arena. */
static void put_now(struct line *l)
{
    char text[32];
    put(l, S("{\"time\":\""));
    put(l, (str){ text, when_write(when_now(), text) });
    put(l, S("\""));
}

static void send_line(const struct line *l)
{
    size_t done = 0;
    while (done < l->n) {
        ssize_t n = write(log_to.fd, l->text + done, l->n - done);
        if (n < 0 && errno != EINTR)
            return; /* there is nobody left to tell */
        done += n > 0 ? (size_t)n : 0;
    }
}

void log_line(const struct ctx *c, enum log_level level, const char *event, ...)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    struct line l = { .ceiling = LINE - sizeof tail };
    int saved = errno;
    va_list args;
    if (level < log_to.least || log_to.fd < 0)
        return;
    put_now(&l);
    put_pair(&l, "level", str_of(names[level & 3]));
    put_pair(&l, "event", str_of(event));
    if (c && c->id.n)
        put_pair(&l, "id", c->id);
    va_start(args, event);
    for (const char *key; !l.cut && (key = va_arg(args, const char *));)
        put_pair(&l, key, va_arg(args, str));
    va_end(args);
    l.ceiling = LINE;
    bool cut = l.cut;
    l.cut = false;
    put(&l, cut ? str_of(tail) : S("}\n"));
    send_line(&l);
    errno = saved;
}
