/* fewer.c: what a list can be filtered by, cut to what a page can show. A shop of books has ten
 * thousand authors; of each option the values that most products have are shown, and those chosen. */
#include "catalog/catalog_in.h"
#include <stdlib.h>

enum { GROUPS = 12, VALUES_IN_ALL = 56, VALUES_LEAST = 4, VALUES_MOST = 30 };

struct option_group {
    const struct item *first; /* of its rows, which follow one another */
    size_t n, place;
    i64 weight; /* products, each as often as it has a value of this */
    bool has_chosen, is_kept;
};

struct cut {
    const struct list_ask *ask;
    struct option_group *groups;
    size_t n, most; /* most: values of each */
};

static bool is_chosen(const struct list_ask *ask, const struct node *row)
{
    for (size_t i = 0; i < ask->n_tags; i++) {
        str value = ask->tags[i], code;
        if (str_cut(&value, '=', &code) && str_eq(code, node_str(row, "code")) &&
            str_eq(value, node_str(row, "value")))
            return true;
    }
    return false;
}

static bool is_option(const struct node *row) { return str_is(node_str(row, "kind"), "option"); }

static void find_groups(struct cut *x, const struct node *rows)
{
    struct option_group *g = NULL;
    EACH(it, rows) {
        const struct node *row = &it->node;
        if (!is_option(row))
            continue;
        if (!g || !str_eq(node_str(&g->first->node, "code"), node_str(row, "code"))) {
            g = &x->groups[x->n];
            *g = (struct option_group){ .first = it, .place = x->n++ };
        }
        g->n++;
        g->weight += node_int(row, "n");
        g->has_chosen |= is_chosen(x->ask, row);
    }
}

static int wanted_first(const void *left, const void *right)
{
    const struct option_group *a = *(struct option_group *const *)left,
                              *b = *(struct option_group *const *)right;
    if (a->has_chosen != b->has_chosen)
        return a->has_chosen ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* So many of each that all of them come to no more than a page has room for: the short ones are
 * shown whole. */
static size_t most_of_each(const struct cut *x)
{
    size_t most = VALUES_MOST;
    for (; most > VALUES_LEAST; most--) {
        size_t all = 0;
        for (size_t i = 0; i < x->n; i++)
            if (x->groups[i].is_kept)
                all += x->groups[i].n < most ? x->groups[i].n : most;
        if (all <= VALUES_IN_ALL)
            break;
    }
    return most;
}

static size_t keep_groups(struct ctx *c, struct cut *x)
{
    struct option_group **order = NEWS(c->mem, struct option_group *, x->n + 1);
    size_t kept = 0;
    for (size_t i = 0; i < x->n; i++)
        order[i] = &x->groups[i];
    qsort(order, x->n, sizeof *order, wanted_first);
    for (size_t i = 0; i < x->n; i++)
        kept += order[i]->is_kept = i < GROUPS || order[i]->has_chosen;
    x->most = most_of_each(x);
    return x->n - kept;
}

static int more_first(const void *left, const void *right)
{
    i64 a = *(const i64 *)left, b = *(const i64 *)right;
    return a > b ? -1 : a < b;
}

static void note(struct ctx *c, struct node *out, const char *kind, size_t n)
{
    struct node *row = node_add_map(c->mem, out);
    node_set_str(c->mem, row, S("kind"), str_of(kind));
    node_set_int(c->mem, row, S("n"), (i64)n);
}

/* In the order they have; those that nothing is left of were not shown before either. */
static void add_group(
    struct ctx *c, const struct cut *x, const struct option_group *g, struct node *out)
{
    const struct item *it = g->first;
    i64 *counts = NEWS(c->mem, i64, g->n);
    size_t ties = x->most, left_out = 0;
    for (size_t i = 0; i < g->n; i++, it = it->next)
        counts[i] = node_int(&it->node, "n");
    qsort(counts, g->n, sizeof *counts, more_first);
    i64 least = g->n > x->most ? counts[x->most - 1] : 1;
    for (size_t i = 0; i < g->n && counts[i] > least; i++)
        ties--;
    if (g->n <= x->most)
        ties = g->n;
    it = g->first;
    for (size_t i = 0; i < g->n; i++, it = it->next) {
        i64 n = node_int(&it->node, "n");
        bool is_shown = n > least || (n && n == least && ties && ties--);
        if (is_shown || is_chosen(x->ask, &it->node))
            node_add(c->mem, out, (struct node *)(uintptr_t)&it->node);
        else
            left_out += n > 0;
    }
    if (left_out)
        note(c, out, "more", left_out);
}

struct node *facets_fewer(struct ctx *c, const struct list_ask *ask, struct node *rows)
{
    struct cut x = { .ask = ask };
    struct node *out = node_list(c->mem);
    size_t next = 0;
    x.groups = NEWS(c->mem, struct option_group, node_count(rows) + 1);
    find_groups(&x, rows);
    size_t left_out = keep_groups(c, &x);
    EACH(it, rows) {
        if (!is_option(&it->node))
            node_add(c->mem, out, (struct node *)(uintptr_t)&it->node);
        else if (next < x.n && x.groups[next].first == it && x.groups[next++].is_kept)
            add_group(c, &x, &x.groups[next - 1], out);
    }
    if (left_out)
        note(c, out, "groups", left_out);
    return out;
}
