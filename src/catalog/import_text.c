/* Texts and cells on their way in and out. */
#include "catalog/import_in.h"

#define MOST_TEXT ((size_t)1 << 20)

/* ---- HTML -> paragraphs
 * --------------------------------------------------------------------------- */

/* Tags that end a paragraph; those whose content is not text. */
static const char *const BLOCKS[] = { "p", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5",
    "h6", "table", "tr", "section", "article", "blockquote", "hr", "pre", "dl", "dt", "dd" };
static const char *const SILENT[] = { "script", "style", "template", "iframe", "object", "svg",
    "noscript", "head", "title" };
static const struct {
    const char *name;
    const char *text;
} ENTITIES[] = { { "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" },
    { "nbsp", " " }, { "ndash", "–" }, { "mdash", "—" }, { "hellip", "…" }, { "rsquo", "’" },
    { "lsquo", "‘" }, { "rdquo", "”" }, { "ldquo", "“" }, { "bull", "•" }, { "trade", "™" },
    { "reg", "®" }, { "copy", "©" }, { "deg", "°" }, { "times", "×" }, { "frac12", "½" } };

static bool is_one(str name, const char *const *of, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, of[i]))
            return true;
    return false;
}

static void put_rune(struct buf *out, i64 rune)
{
    char b[4];
    bool ok = rune > 0 && rune < 0x110000 && (rune < 0xd800 || rune > 0xdfff);
    if (!ok || (rune < ' ' && rune != '\n'))
        return;
    if (rune < 0x80) {
        buf_char(out, (char)rune);
        return;
    }
    int n = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, rune >>= 6)
        b[i] = (char)(0x80 | (rune & 0x3f));
    b[0] = (char)((0xf00 >> n & 0xff) | rune);
    buf_add(out, (str){ b, (size_t)n });
}

static bool hex(str digits, i64 *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.n; i++) {
        const char *at = strchr("0123456789abcdef", digits.p[i] | 0x20);
        if (!at || digits.n > 6)
            return false;
        *out = *out * 16 + (at - "0123456789abcdef");
    }
    return digits.n > 0;
}

/* "&amp;" at the start: how many bytes it was; 0: only an ampersand. */
static size_t entity(str s, struct buf *out)
{
    i64 end = str_find(str_upto(s, 12), S(";")), rune;
    if (end < 2)
        return 0;
    str name = { s.p + 1, (size_t)end - 1 };
    if (name.p[0] == '#') {
        bool is_hex = name.n > 1 && (name.p[1] | 0x20) == 'x';
        if (!(is_hex ? hex(str_from(name, 2), &rune) : str_int(str_from(name, 1), &rune)))
            return 0;
        put_rune(out, rune);
        return (size_t)end + 1;
    }
    for (size_t i = 0; i < COUNT(ENTITIES); i++)
        if (str_is(name, ENTITIES[i].name)) {
            buf_add(out, str_of(ENTITIES[i].text));
            return (size_t)end + 1;
        }
    return 0;
}

static bool is_name_byte(char ch, bool later)
{
    char small = (char)(ch | 0x20);
    return (small >= 'a' && small <= 'z') || (later && ch >= '0' && ch <= '9');
}

/* The tag's name in small letters, and where it ends; 0: no tag begins here. */
static size_t tag_at(struct ctx *c, str s, str *name, bool *closes)
{
    size_t n = 1;
    if (str_starts(s, S("<!--"))) {
        i64 end = str_find(s, S("-->"));
        *name = S("!");
        return end < 0 ? s.n : (size_t)end + 3;
    }
    *closes = s.n > 1 && s.p[1] == '/';
    n += *closes;
    size_t start = n;
    while (n < s.n && is_name_byte(s.p[n], n > start))
        n++;
    if (n == start && !(s.n > 1 && (s.p[1] == '!' || s.p[1] == '?')))
        return 0;
    *name = str_lower(c->mem, (str){ s.p + start, n - start });
    char quote = 0;
    for (; n < s.n && (quote || s.p[n] != '>'); n++)
        if (quote ? s.p[n] == quote : s.p[n] == '"' || s.p[n] == '\'')
            quote = quote ? 0 : s.p[n];
    return n < s.n ? n + 1 : s.n;
}

/* Behind the end of an element whose content is not text. */
static size_t behind(struct ctx *c, str s, str name)
{
    str end = str_fmt(c->mem, "</%.*s", STR(name));
    i64 at = str_find(str_lower(c->mem, s), end);
    return at < 0 ? s.n : (size_t)at;
}

static void end_paragraph(struct buf *out)
{
    while (out->n && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\n'))
        out->n--;
    if (out->n)
        buf_add(out, S("\n\n"));
}

static bool has_tags(struct ctx *c, str s)
{
    str name;
    bool closes;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '<' && tag_at(c, str_from(s, i), &name, &closes))
            return true;
    return false;
}

str import_plain(struct ctx *c, str html)
{
    struct buf out = buf_new(c->mem, MOST_TEXT);
    if (!has_tags(c, html) && str_find(html, S("&")) < 0)
        return html;
    bool is_html = has_tags(c, html);
    for (size_t i = 0; i < html.n;) {
        str rest = str_from(html, i), name = str_none;
        bool closes = false;
        size_t n = html.p[i] == '<' ? tag_at(c, rest, &name, &closes)
            : html.p[i] == '&'      ? entity(rest, &out)
                                    : 0;
        if (!n) {
            bool is_break = html.p[i] == '\n' || html.p[i] == '\r';
            bool lost = is_html && is_break &&
                (!out.n || out.p[out.n - 1] == '\n' || out.p[out.n - 1] == ' ');
            if (!lost)
                buf_char(&out, is_html && is_break ? ' ' : html.p[i]);
            i++;
            continue;
        }
        i += n;
        if (is_one(name, BLOCKS, COUNT(BLOCKS)))
            end_paragraph(&out);
        if (str_is(name, "br"))
            buf_char(&out, '\n');
        if (str_is(name, "li") && !closes)
            buf_add(&out, S("• "));
        if (!closes && is_one(name, SILENT, COUNT(SILENT)))
            i += behind(c, str_from(html, i), name);
    }
    return str_trim(buf_str(&out));
}

static void escaped(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        buf_add(out,
            ch == '&'        ? S("&amp;")
                : ch == '<'  ? S("&lt;")
                : ch == '>'  ? S("&gt;")
                : ch == '\n' ? S("<br>")
                             : (str){ text.p + i, 1 });
    }
}

void export_html(struct buf *out, str text)
{
    while (text.n) {
        i64 end = str_find(text, S("\n\n"));
        buf_add(out, S("<p>"));
        escaped(out, end < 0 ? text : str_upto(text, (size_t)end));
        buf_add(out, S("</p>"));
        text = end < 0 ? str_none : str_from(text, (size_t)end + 2);
    }
}

/* ---- cells
 * ---------------------------------------------------------------------------------------- */

static bool is_formula(str cell)
{
    size_t n = 0;
    while (n < cell.n && cell.p[n] == '\'')
        n++;
    return n < cell.n && strchr("=+-@\t\r", cell.p[n]) && cell.p[n];
}

str import_inert(str cell)
{
    return cell.n && cell.p[0] == '\'' && is_formula(cell) ? str_from(cell, 1) : cell;
}

void export_cell(struct buf *out, str cell)
{
    bool quote = cell.n && (cell.p[0] == ' ' || cell.p[cell.n - 1] == ' ');
    for (size_t i = 0; i < cell.n; i++)
        quote = quote || strchr(",\"\n\r\t", cell.p[i]);
    if (quote)
        buf_char(out, '"');
    if (is_formula(cell))
        buf_char(out, '\'');
    for (size_t i = 0; i < cell.n; i++) {
        if (cell.p[i] == '"')
            buf_char(out, '"');
        buf_char(out, cell.p[i]);
    }
    if (quote)
        buf_char(out, '"');
}
