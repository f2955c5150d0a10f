/* node.c: the document. Maps keep the order of their keys and are searched from the front;
 * past INDEX_FROM keys a hash table of items helps, so that a large one from outside does
 * not cost the square of its size. */
#include "base/base.h"

enum { INDEX_FROM = 16 };

/* Open addressing, a power of two, at most half full. Its seed is an address, which nobody
 * outside can know, and which no two documents share. */
struct index {
    size_t mask;
    uint64_t seed;
    struct item *slots[];
};

static size_t slot_of(const struct index *x, str key)
{
    uint64_t h = x->seed;
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) & x->mask;
    while (x->slots[h] && !str_eq(x->slots[h]->key, key))
        h = (h + 1) & x->mask;
    return h;
}

static void index_build(struct arena *mem, struct node *map)
{
    size_t size = 4 * INDEX_FROM;
    while (size < 4 * map->as.items.n)
        size *= 2;
    struct index *x = arena_take(mem, sizeof *x + size * sizeof x->slots[0]);
    x->mask = size - 1;
    x->seed = (uint64_t)(uintptr_t)x * UINT64_C(0x9e3779b97f4a7c15);
    for (struct item *item = map->as.items.first; item; item = item->next)
        x->slots[slot_of(x, item->key)] = item;
    map->as.items.index = x;
}

static void index_add(struct arena *mem, struct node *map, struct item *item)
{
    struct index *x = map->as.items.index;
    if (map->as.items.n > INDEX_FROM && (!x || map->as.items.n > x->mask / 2))
        index_build(mem, map);
    else if (x)
        x->slots[slot_of(x, item->key)] = item;
}

static bool is_kind(const struct node *node, enum node_kind kind)
{
    return node && node->kind == kind;
}

static struct node *new_node(struct arena *mem, enum node_kind kind)
{
    struct node *node = NEW(mem, struct node);
    node->kind = kind;
    return node;
}

struct node *node_map(struct arena *mem) { return new_node(mem, N_MAP); }
struct node *node_list(struct arena *mem) { return new_node(mem, N_LIST); }

static struct item *append(struct arena *mem, struct node *to, str key, struct node value)
{
    struct item *item = arena_raw(mem, sizeof *item);
    *item = (struct item){ .key = key, .node = value };
    if (to->as.items.last)
        to->as.items.last->next = item;
    else
        to->as.items.first = item;
    to->as.items.last = item;
    to->as.items.n++;
    return item;
}

static struct node *put(struct arena *mem, struct node *map, str key, struct node value)
{
    assert(is_kind(map, N_MAP));
    struct node *there = node_get(map, key);
    if (there) {
        *there = value;
        return there;
    }
    struct item *item = append(mem, map, key, value);
    index_add(mem, map, item);
    return &item->node;
}

struct node *node_set(struct arena *mem, struct node *map, str key, struct node *value)
{
    return put(mem, map, key, value ? *value : (struct node){ .kind = N_NULL });
}

struct node *node_set_str(struct arena *mem, struct node *map, str key, str value)
{
    return put(mem, map, key, (struct node){ .kind = N_STR, .as.text = value });
}

struct node *node_set_int(struct arena *mem, struct node *map, str key, i64 value)
{
    return put(mem, map, key, (struct node){ .kind = N_INT, .as.number = value });
}

struct node *node_set_bool(struct arena *mem, struct node *map, str key, bool value)
{
    return put(mem, map, key, (struct node){ .kind = N_BOOL, .as.yes = value });
}

struct node *node_set_null(struct arena *mem, struct node *map, str key)
{
    return put(mem, map, key, (struct node){ .kind = N_NULL });
}

struct node *node_set_map(struct arena *mem, struct node *map, str key)
{
    return put(mem, map, key, (struct node){ .kind = N_MAP });
}

struct node *node_set_list(struct arena *mem, struct node *map, str key)
{
    return put(mem, map, key, (struct node){ .kind = N_LIST });
}

static struct node *add(struct arena *mem, struct node *list, struct node value)
{
    assert(is_kind(list, N_LIST));
    return &append(mem, list, str_none, value)->node;
}

struct node *node_add(struct arena *mem, struct node *list, struct node *value)
{
    return add(mem, list, value ? *value : (struct node){ .kind = N_NULL });
}

struct node *node_add_map(struct arena *mem, struct node *list)
{
    return add(mem, list, (struct node){ .kind = N_MAP });
}

struct node *node_add_str(struct arena *mem, struct node *list, str value)
{
    return add(mem, list, (struct node){ .kind = N_STR, .as.text = value });
}

struct node *node_hide(struct node *node)
{
    node->private_ = true;
    return node;
}

/* ---- reading ------------------------------------------------------------------------ */

/* Keys are mostly literals: the pointers often say enough. */
static bool is_key(const struct item *item, str key)
{
    return item->key.n == key.n && (item->key.p == key.p || str_eq(item->key, key));
}

struct node *node_get(const struct node *map, str key)
{
    if (!is_kind(map, N_MAP))
        return NULL;
    const struct index *x = map->as.items.index;
    if (x) {
        struct item *item = x->slots[slot_of(x, key)];
        return item ? &item->node : NULL;
    }
    for (struct item *item = map->as.items.first; item; item = item->next)
        if (is_key(item, key))
            return &item->node;
    return NULL;
}

static struct node *at(const struct node *list, str number)
{
    i64 left;
    if (!str_int(number, &left) || left < 0)
        return NULL;
    struct item *item = list->as.items.first;
    while (item && left--)
        item = item->next;
    return item ? &item->node : NULL;
}

struct node *node_path(const struct node *from, str dotted)
{
    struct node *node = (struct node *)(uintptr_t)from;
    str step;
    while (node && str_cut(&dotted, '.', &step))
        node = node->kind == N_LIST ? at(node, step) : node_get(node, step);
    return node;
}

static const struct node *find(const struct node *map, const char *key, enum node_kind kind)
{
    const struct node *node = node_get(map, str_of(key));
    return is_kind(node, kind) ? node : NULL;
}

str node_str(const struct node *map, const char *key)
{
    const struct node *node = find(map, key, N_STR);
    return node ? node->as.text : S("");
}

i64 node_int(const struct node *map, const char *key)
{
    const struct node *node = find(map, key, N_INT);
    return node ? node->as.number : 0;
}

bool node_bool(const struct node *map, const char *key)
{
    const struct node *node = find(map, key, N_BOOL);
    return node && node->as.yes;
}

bool node_is_null(const struct node *map, const char *key)
{
    const struct node *node = node_get(map, str_of(key));
    return !node || node->kind == N_NULL;
}

static bool has_items(const struct node *node)
{
    return is_kind(node, N_LIST) || is_kind(node, N_MAP);
}

size_t node_count(const struct node *node) { return has_items(node) ? node->as.items.n : 0; }

const struct item *node_first(const struct node *node)
{
    return has_items(node) ? node->as.items.first : NULL;
}

static struct node copy_of(struct arena *mem, const struct node *from)
{
    struct node to = *from;
    if (from->kind == N_STR)
        to.as.text = str_dup(mem, from->as.text);
    if (!has_items(from))
        return to;
    to = (struct node){ .kind = from->kind, .private_ = from->private_ };
    for (const struct item *it = from->as.items.first; it; it = it->next) {
        struct item *item = append(mem, &to, str_dup(mem, it->key), copy_of(mem, &it->node));
        if (to.kind == N_MAP)
            index_add(mem, &to, item);
    }
    return to;
}

struct node *node_copy(struct arena *mem, const struct node *from)
{
    struct node *to = NEW(mem, struct node);
    *to = copy_of(mem, from);
    return to;
}

/* ---- children to their parents ---------------------------------------------------------- */

/* An id as bytes: its text, or the eight bytes of its number. Both sides of an attachment
 * have ids of one kind. */
static str id_bytes(struct arena *mem, const struct node *id)
{
    if (is_kind(id, N_STR))
        return id->as.text;
    if (!is_kind(id, N_INT))
        return str_none;
    return str_dup(mem, (str){ (const char *)&id->as.number, sizeof id->as.number });
}

static bool same_id(const struct node *a, const struct node *b)
{
    if (!a || !b || a->kind != b->kind)
        return false;
    if (a->kind == N_INT)
        return a->as.number == b->as.number;
    return a->kind == N_STR && str_eq(a->as.text, b->as.text);
}

/* Id -> place among the parents, for children that do not come in their order. */
static struct node *places(struct arena *mem, const struct node *parents, str id)
{
    struct node *map = node_map(mem);
    i64 place = 0;
    EACH(parent, parents) {
        str key = id_bytes(mem, node_get(&parent->node, id));
        if (key.n && !node_get(map, key))
            node_set_int(mem, map, key, place);
        place++;
    }
    return map;
}

void node_attach(
    struct arena *mem, struct node *parents, str id, struct node *children, str by, str as)
{
    struct node **lists = NEWS(mem, struct node *, node_count(parents));
    size_t n = 0;
    if (!node_count(parents))
        return;
    for (struct item *parent = parents->as.items.first; parent; parent = parent->next)
        lists[n++] = node_set_list(mem, &parent->node, as);

    /* Both in one order is the rule: one finger goes along the parents. The first child that
     * breaks it, or has no parent, sends the rest to the map. */
    const struct item *finger = node_first(parents);
    const struct node *map = NULL;
    size_t place = 0;
    EACH(child, children) {
        const struct node *whose = node_get(&child->node, by);
        while (finger && !same_id(node_get(&finger->node, id), whose)) {
            finger = finger->next;
            place++;
        }
        if (!finger && !map)
            map = places(mem, parents, id);
        if (map) {
            const struct node *found = node_get(map, id_bytes(mem, whose));
            place = found ? (size_t)found->as.number : n;
        }
        if (place < n)
            node_add(mem, lists[place], (struct node *)(uintptr_t)&child->node);
    }
}
