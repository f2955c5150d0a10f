#include "io/io.h"
#include <jansson.h>

#define DEPTH_MOST 32

/* jansson's own depth limit is a compile-time 2048; a look at the brackets outside strings is
 * enough and costs nothing beside the parse. */
static bool is_deep(str text)
{
    int depth = 0;
    bool inside = false;
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        if (inside) {
            if (ch == '\\')
                i++;
            else if (ch == '"')
                inside = false;
        } else if (ch == '"') {
            inside = true;
        } else if ((ch == '[' || ch == '{') && ++depth > DEPTH_MOST) {
            return true;
        } else if (ch == ']' || ch == '}') {
            depth--;
        }
    }
    return false;
}

/* Strings are copied: jansson's tree goes when the reading is done. */
static void convert(struct arena *mem, json_t *from, struct node *to)
{
    *to = (struct node){ .kind = N_NULL };
    switch (json_typeof(from)) {
    case JSON_NULL: return;
    case JSON_TRUE:
    case JSON_FALSE:
        to->kind = N_BOOL;
        to->as.yes = json_is_true(from);
        return;
    case JSON_INTEGER:
        to->kind = N_INT;
        to->as.number = json_integer_value(from);
        return;
    case JSON_REAL:
        to->kind = N_REAL;
        to->as.real = json_real_value(from);
        return;
    case JSON_STRING:
        to->kind = N_STR;
        to->as.text = str_dup(mem, (str){ json_string_value(from), json_string_length(from) });
        return;
    case JSON_ARRAY: {
        size_t n = json_array_size(from);
        struct item *items = n ? NEWS(mem, struct item, n) : NULL;
        for (size_t i = 0; i < n; i++) {
            convert(mem, json_array_get(from, i), &items[i].node);
            items[i].next = i + 1 < n ? items + i + 1 : NULL;
        }
        to->kind = N_LIST;
        to->as.items.first = items;
        to->as.items.last = n ? items + n - 1 : NULL;
        to->as.items.n = n;
        return;
    }
    case JSON_OBJECT: {
        size_t n = json_object_size(from), i = 0;
        struct item *items = n ? NEWS(mem, struct item, n) : NULL;
        const char *key;
        json_t *value;
        json_object_foreach(from, key, value)
        {
            items[i].key = str_dup(mem, str_of(key));
            convert(mem, value, &items[i].node);
            items[i].next = i + 1 < n ? items + i + 1 : NULL;
            i++;
        }
        to->kind = N_MAP;
        to->as.items.first = items;
        to->as.items.last = n ? items + n - 1 : NULL;
        to->as.items.n = n;
        return;
    }
    }
}

int json_read(struct ctx *c, str text, struct node **out)
{
    *out = NULL;
    if (is_deep(text))
        return fail_detail(c, E_MALFORMED, "json.depth", "JSON nested deeper than %d", DEPTH_MOST);
    json_error_t error;
    json_t *read =
        json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!read) /* jansson's text quotes the input, which may be personal */
        return fail_detail(
            c, E_MALFORMED, "json.syntax", "JSON: line %d, column %d", error.line, error.column);
    struct node *node = NEW(c->mem, struct node);
    convert(c->mem, read, node);
    json_decref(read);
    *out = node;
    return E_OK;
}
