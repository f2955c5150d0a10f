/* escape.c: one verb per place where text from outside ends up. */
#include "base/base.h"
#include <strings.h>

/* Most of a page goes through here: a look in a table for each byte, a copy for each run. */
static const unsigned char html_special[256] = {
    ['&'] = 1, ['<'] = 2, ['>'] = 3, ['"'] = 4, ['\''] = 5
};

void escape_html(struct buf *out, str s)
{
    static const char *const names[] = { "", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
    const unsigned char *p = (const unsigned char *)s.p;
    size_t done = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!html_special[p[i]])
            continue;
        buf_add(out, (str){ s.p + done, i - done });
        buf_add(out, str_of(names[html_special[p[i]]]));
        done = i + 1;
    }
    buf_add(out, str_from(s, done));
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_unreserved(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void escape_url_part(struct buf *out, str s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t done = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]))
            continue;
        buf_add(out, (str){ s.p + done, i - done });
        buf_add(out, (str){ (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3 });
        done = i + 1;
    }
    buf_add(out, str_from(s, done));
}

void escape_field(struct buf *form, const char *key, str value)
{
    if (form->n)
        buf_char(form, '&');
    buf_add(form, str_of(key));
    buf_char(form, '=');
    escape_url_part(form, value);
}

/* A browser drops tabs and newlines inside a URL and skips controls before it, and reads '\'
 * as '/': with any of these what we look at is not what it follows. */
static bool has_odd_bytes(str url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7F || url.p[i] == '\\')
            return true;
    return false;
}

bool escape_url_is_safe(str url)
{
    static const char *const schemes[] = { "http", "https", "mailto", "tel" };
    size_t end = 0;
    if (has_odd_bytes(url) || str_starts(url, S("//")))
        return false;
    while (end < url.n && !memchr(":/?#", url.p[end], 4))
        end++;
    if (end == url.n || url.p[end] != ':')
        return true; /* relative */
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (strlen(schemes[i]) == end && strncasecmp(schemes[i], url.p, end) == 0)
            return true;
    return false;
}

str escape_header(struct arena *mem, str s)
{
    char *copy = arena_raw(mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? ' ' : s.p[i];
    copy[s.n] = '\0';
    return (str){ copy, s.n };
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool unescape_url(struct arena *mem, str s, bool plus_is_space, str *out)
{
    char *copy = arena_raw(mem, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = s.n - i > 2 ? hex_value(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        copy[n++] = c;
    }
    copy[n] = '\0';
    *out = (str){ copy, n };
    return true;
}
