/* str.c: slices. Nothing here looks for a NUL but str_of. */
#include "base/base.h"
#include <stdio.h>

const str str_none = { NULL, 0 };

str str_of(const char *s) { return s ? (str){ s, strlen(s) } : str_none; }

str str_dup(struct arena *mem, str s)
{
    char *copy = arena_raw(mem, s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return (str){ copy, s.n };
}

const char *str_c(struct arena *mem, str s) { return str_dup(mem, s).p; }

str str_fmt(struct arena *mem, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct buf out = buf_new(mem, SIZE_MAX / 4);
    buf_fmt_list(&out, fmt, args);
    buf_char(&out, '\0');
    va_end(args);
    return (str){ out.p, out.n - 1 };
}

/* Names in a document are often as long as each other, and seldom begin alike. */
bool str_eq(str a, str b)
{
    return a.n == b.n && (!a.n || (*a.p == *b.p && !memcmp(a.p, b.p, a.n)));
}

bool str_is(str a, const char *b) { return str_eq(a, str_of(b)); }

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){ s.p, prefix.n }, prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

i64 str_find(str hay, str needle)
{
    if (!needle.n)
        return 0;
    const char *at = hay.n ? memmem(hay.p, hay.n, needle.p, needle.n) : NULL;
    return at ? at - hay.p : -1;
}

str str_from(str s, size_t start)
{
    return start < s.n ? (str){ s.p + start, s.n - start } : str_none;
}

str str_upto(str s, size_t n) { return n < s.n ? (str){ s.p, n } : s; }

str str_letters_upto(str s, size_t n)
{
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return str_upto(s, n);
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

str str_trim(str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_cut(str *rest, char at, str *head)
{
    if (!rest->n)
        return false;
    const char *found = memchr(rest->p, at, rest->n);
    size_t n = found ? (size_t)(found - rest->p) : rest->n;
    *head = str_upto(*rest, n);
    *rest = found ? str_from(*rest, n + 1) : str_none;
    return true;
}

bool str_int(str s, i64 *out)
{
    bool negative = s.n && s.p[0] == '-';
    i64 value = 0; /* built downwards: INT64_MIN has no positive twin */
    if (negative)
        s = str_from(s, 1);
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

/* First bytes of UTF-8, with what the second one may be: this alone shuts out overlong
 * forms, surrogates and what lies beyond U+10FFFF. */
static const struct lead {
    unsigned char from, to, second_from, second_to, more;
} leads[] = {
    { 0x01, 0x7F, 0x00, 0x00, 0 },
    { 0xC2, 0xDF, 0x80, 0xBF, 1 },
    { 0xE0, 0xE0, 0xA0, 0xBF, 2 },
    { 0xE1, 0xEC, 0x80, 0xBF, 2 },
    { 0xED, 0xED, 0x80, 0x9F, 2 },
    { 0xEE, 0xEF, 0x80, 0xBF, 2 },
    { 0xF0, 0xF0, 0x90, 0xBF, 3 },
    { 0xF1, 0xF3, 0x80, 0xBF, 3 },
    { 0xF4, 0xF4, 0x80, 0x8F, 3 },
};

size_t str_utf8_step(str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; s.n && i < COUNT(leads); i++) {
        const struct lead *l = &leads[i];
        if (p[0] < l->from || p[0] > l->to)
            continue;
        if (s.n <= l->more || (l->more && (p[1] < l->second_from || p[1] > l->second_to)))
            return 0;
        for (size_t k = 2; k <= l->more; k++)
            if ((p[k] & 0xC0) != 0x80)
                return 0;
        return l->more + 1u;
    }
    return 0;
}

bool str_is_utf8(str s)
{
    while (s.n) {
        if ((unsigned char)*s.p - 1u < 0x7F) { /* most of what comes; NUL is none of it */
            s = str_from(s, 1);
            continue;
        }
        size_t step = str_utf8_step(s);
        if (!step)
            return false;
        s = str_from(s, step);
    }
    return true;
}

str str_well_formed(struct arena *mem, str s)
{
    if (str_is_utf8(s))
        return s;
    struct buf out = buf_new(mem, 3 * s.n);
    while (s.n) {
        size_t step = str_utf8_step(s);
        buf_add(&out, step ? str_upto(s, step) : S("\xEF\xBF\xBD"));
        s = str_from(s, step ? step : 1);
    }
    return buf_str(&out);
}

size_t str_characters(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

str str_lines(struct arena *mem, str s)
{
    if (!s.n || !memchr(s.p, '\r', s.n))
        return s;
    struct buf out = buf_new(mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\r')
            buf_char(&out, s.p[i]);
        else if (i + 1 == s.n || s.p[i + 1] != '\n')
            buf_char(&out, '\n');
    return buf_str(&out);
}

int str_order(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* FNV-1a, then mixed so that the low bits are as good as the high ones. */
uint64_t str_hash(str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 33);
}

str str_lower(struct arena *mem, str s)
{
    char *copy = arena_raw(mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    copy[s.n] = '\0';
    return (str){ copy, s.n };
}

str str_upper(struct arena *mem, str s)
{
    char *copy = arena_raw(mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 0x20) : s.p[i];
    copy[s.n] = '\0';
    return (str){ copy, s.n };
}
