/* buf.c: a growing buffer. Full is a state, not an error: it stays a clean beginning of what
 * was added, and the caller asks `full` once at the end. */
#include "base/base.h"
#include <stdio.h>

enum { FIRST = 256 };

struct buf buf_new(struct arena *mem, size_t ceiling)
{
    return (struct buf){ .mem = mem, .ceiling = ceiling };
}

/* Room for n more bytes; false, and full from now on, when the ceiling forbids. */
static bool has_room(struct buf *b, size_t n)
{
    if (b->full || n > b->ceiling - b->n) {
        b->full = true;
        return false;
    }
    if (n <= b->room - b->n)
        return true;
    size_t room = b->room ? b->room : FIRST;
    while (room - b->n < n)
        room *= 2;
    if (room > b->ceiling)
        room = b->ceiling;
    b->p = arena_grow(b->mem, b->p, b->room, room);
    b->room = room;
    return true;
}

void buf_add(struct buf *b, str s)
{
    if (!s.n || !has_room(b, s.n))
        return;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

void buf_char(struct buf *b, char byte)
{
    if (has_room(b, 1))
        b->p[b->n++] = byte;
}

void buf_int(struct buf *b, i64 value)
{
    char digits[20], *p = digits + sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        *--p = '-';
    buf_add(b, (str){ p, (size_t)(digits + sizeof digits - p) });
}

/* Words and whole numbers, what almost every format is made of, without vsnprintf, which takes four
 * times as long. 0: there is something else in it, or too little room. */
static size_t put_plain(char *room, size_t size, const char *fmt, va_list args)
{
    struct buf b = { .p = room, .room = size, .ceiling = size };
    for (; *fmt; fmt++) {
        if (*fmt != '%')
            buf_char(&b, *fmt);
        else if (!strncmp(fmt, "%.*s", 4)) {
            int n = va_arg(args, int);
            const char *p = va_arg(args, const char *);
            buf_add(&b, (str){ p, n > 0 ? strnlen(p, (size_t)n) : 0 });
            fmt += 3;
        } else if (!strncmp(fmt, "%" PRId64, sizeof PRId64)) {
            buf_int(&b, va_arg(args, i64));
            fmt += sizeof PRId64 - 1;
        } else if (*++fmt == 's')
            buf_add(&b, str_of(va_arg(args, const char *)));
        else if (*fmt == 'd')
            buf_int(&b, va_arg(args, int));
        else
            return 0;
    }
    return b.full ? 0 : b.n;
}

void buf_fmt_list(struct buf *b, const char *fmt, va_list args)
{
    char small[512], *text = small;
    va_list again;
    va_copy(again, args);
    size_t plain = put_plain(small, sizeof small, fmt, again);
    va_end(again);
    if (plain) {
        buf_add(b, (str){ small, plain });
        return;
    }
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    assert(n >= 0);
    if ((size_t)n >= sizeof small) {
        text = arena_raw(b->mem, (size_t)n + 1);
        vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    buf_add(b, (str){ text, (size_t)n });
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_fmt_list(b, fmt, args);
    va_end(args);
}

str buf_str(const struct buf *b) { return (str){ b->p, b->n }; }
