#include <stdlib.h>
#include "catalog/catalog_in.h"

/* Keys as they are: option codes and language names are data. */
str plain_json(struct ctx *c, const struct node *node)
{
    struct buf out = buf_new(c->mem, 1 << 20);
    json_store(&out, node);
    return buf_str(&out);
}

bool is_code(str s)
{
    if (!s.n || s.n > 60)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-' ||
                ch == '.'))
            return false;
    }
    return true;
}

const char *const list_names[] = { "q", "category", "sort", "price_min", "price_max", "available",
    "after", "slug", NULL };

static bool is_known(str name, const char *const *known)
{
    for (; *known; known++)
        if (str_is(name, *known))
            return true;
    return false;
}

bool is_reserved(str code) { return is_known(code, list_names); }

static int in_order(const void *a, const void *b)
{
    return str_order(*(const str *)a, *(const str *)b);
}

size_t query_tags(struct req *r, const char *const *known, str *tags)
{
    str rest = r->query, pair, name, value;
    size_t n = 0;
    while (n < MAX_TAGS && str_cut(&rest, '&', &pair)) {
        value = pair;
        if (!str_cut(&value, '=', &name) || is_known(name, known) || !is_code(name) ||
            !unescape_url(r->c.mem, value, true, &value) || !is_code(value))
            continue;
        tags[n++] = str_fmt(r->c.mem, "%.*s=%.*s", STR(name), STR(value));
    }
    qsort(tags, n, sizeof *tags, in_order);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || !str_eq(tags[i], tags[i - 1]))
            tags[m++] = tags[i];
    return m;
}
