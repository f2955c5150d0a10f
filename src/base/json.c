/* json.c: JSON out of the document. */
#include "base/base.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of s that stand for themselves; the first other one is at s.p[the result]. */
static size_t plain_run(str s)
{
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] >= ' ' && s.p[i] != '"' && s.p[i] != '\\' &&
        s.p[i] != '<' && s.p[i] != 0x7F && s.p[i] != '\xE2')
        i++;
    return i;
}

/* Writes the byte (or the line separator) that plain_run stopped at; returns its length. */
static size_t write_special(struct buf *out, str s)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *l = letters; *l; l += 2)
        if (s.p[0] == *l) {
            buf_char(out, '\\');
            buf_char(out, l[1]);
            return 1;
        }
    if (str_starts(s, S("\xE2\x80\xA8")) || str_starts(s, S("\xE2\x80\xA9"))) {
        buf_add(out, s.p[2] == '\xA8' ? S("\\u2028") : S("\\u2029"));
        return 3;
    }
    if (s.p[0] == '\xE2')
        buf_char(out, s.p[0]);
    else
        buf_fmt(out, "\\u%04x", (unsigned)s.p[0]);
    return 1;
}

void json_quote(struct buf *out, str s)
{
    buf_char(out, '"');
    while (s.n) {
        size_t n = plain_run(s);
        buf_add(out, str_upto(s, n));
        s = str_from(s, n);
        if (s.n)
            s = str_from(s, write_special(out, s));
    }
    buf_char(out, '"');
}

/* order_id -> "orderId"; underscores that lead or trail stay. */
void json_key(struct buf *out, str key)
{
    char name[128];
    size_t n = 0;
    if (key.n > sizeof name) {
        json_quote(out, key);
        return;
    }
    for (size_t i = 0; i < key.n; i++) {
        bool joins = key.p[i] == '_' && n && name[0] != '_' && i + 1 < key.n;
        bool letter = joins && key.p[i + 1] >= 'a' && key.p[i + 1] <= 'z';
        if (letter)
            name[n++] = (char)(key.p[++i] - 'a' + 'A');
        else if (!joins)
            name[n++] = key.p[i];
    }
    json_quote(out, (str){ name, n });
}

/* The shortest decimal that reads back as the same number; JSON has no infinity. */
static void write_real(struct buf *out, double value)
{
    char text[32];
    if (!isfinite(value)) {
        buf_add(out, S("null"));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_add(out, str_of(text));
}

enum manner { FOR_OTHERS, AS_STORED, FOR_EYES };

/* Where a piece begins on a line of its own, so deep inside; else nothing. */
static void new_line(struct buf *out, enum manner manner, int depth)
{
    if (manner != FOR_EYES)
        return;
    buf_char(out, '\n');
    for (int i = 0; i < depth; i++)
        buf_add(out, S("  "));
}

static void write(struct buf *out, const struct node *node, enum manner manner, int depth);

static void write_items(struct buf *out, const struct node *node, enum manner manner, int depth)
{
    bool is_map = node->kind == N_MAP, is_first = true;
    buf_char(out, is_map ? '{' : '[');
    EACH(item, node) {
        if (item->node.private_ && manner != AS_STORED)
            continue;
        if (!is_first)
            buf_char(out, ',');
        is_first = false;
        new_line(out, manner, depth + 1);
        if (is_map) {
            manner == AS_STORED ? json_quote(out, item->key) : json_key(out, item->key);
            buf_add(out, manner == FOR_EYES ? S(": ") : S(":"));
        }
        write(out, &item->node, manner, depth + 1);
    }
    if (!is_first)
        new_line(out, manner, depth);
    buf_char(out, is_map ? '}' : ']');
}

static void write(struct buf *out, const struct node *node, enum manner manner, int depth)
{
    switch (node ? node->kind : N_NULL) {
    case N_NULL: buf_add(out, S("null")); break;
    case N_BOOL: buf_add(out, node->as.yes ? S("true") : S("false")); break;
    case N_INT: buf_int(out, node->as.number); break;
    case N_REAL: write_real(out, node->as.real); break;
    case N_STR: json_quote(out, node->as.text); break;
    case N_LIST:
    case N_MAP: write_items(out, node, manner, depth); break;
    }
}

void json_write(struct buf *out, const struct node *node) { write(out, node, FOR_OTHERS, 0); }

void json_show(struct buf *out, const struct node *node)
{
    write(out, node, FOR_EYES, 0);
    buf_char(out, '\n');
}

void json_store(struct buf *out, const struct node *node) { write(out, node, AS_STORED, 0); }
