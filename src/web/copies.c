/* copies.c: rows a worker has read before, and need not be sent again as long as the database says
 * that they are as they were: each row has an edition, a number that is another one whenever the
 * row is. Who asks brings the edition that holds now, from the statement that had to be asked
 * anyway (prices, stock); a copy of another edition is none. So nothing shown from here is older
 * than what a statement would have found. Inside a transaction, which may see what others do not,
 * nothing is copied; after a minute the row is read again, whatever its edition. */
#include "web/web_in.h"

enum {
    SETS = 256,
    WAYS = 4 /* places a row may stand in */
};

struct copies {
    struct copy {
        uint64_t hash; /* of its kind and number */
        i64 edition, born_us;
        struct arena *mem;
        const struct node *row;
    } sets[SETS][WAYS];
};

struct copies *copies_open(struct arena *mem) { return NEW(mem, struct copies); }

static struct copy *find(struct copies *copies, uint64_t hash)
{
    struct copy *set = copies->sets[hash % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].row && set[i].hash == hash)
            return &set[i];
    return NULL;
}

/* The row's own place, else a free one, else that of the oldest. */
static struct copy *place_for(struct copies *copies, uint64_t hash)
{
    struct copy *set = copies->sets[hash % SETS], *at = find(copies, hash);
    for (size_t i = 0; !at && i < WAYS; i++)
        if (!set[i].row)
            at = &set[i];
    for (size_t i = 0; i < WAYS && (!at || (at->row && at->hash != hash)); i++)
        if (!at || set[i].born_us < at->born_us)
            at = &set[i];
    return at;
}

/* Two dozen are looked up for a list: no string is made for it. */
static uint64_t hash_of(const char *kind, str lang, i64 id)
{
    uint64_t h = (str_hash(lang) ^ (uint64_t)id) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 29) ^ str_hash(str_of(kind))) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 32);
}

const struct node *copy_of_row(struct ctx *c, const char *kind, str lang, i64 id, i64 edition)
{
    if (pg_in_tx(c) || !c->app->copies)
        return NULL;
    const struct copy *copy = find(c->app->copies, hash_of(kind, lang, id));
    bool good = copy && copy->edition == edition && when_ticks() - copy->born_us < MINUTE;
    return good ? copy->row : NULL;
}

/* No less than node_copy takes of an arena, which rounds up and may leave gaps. */
static size_t piece(size_t n) { return ((n + 15) & ~(size_t)15) + 16; }

static size_t bytes_of(const struct node *node)
{
    enum { MOST_KEYS = 16 }; /* with more of them a map has an index */
    size_t sum = 0;
    if (node->kind == N_STR)
        return piece(node->as.text.n + 1);
    if (node_count(node) > MOST_KEYS)
        return COPIED_MOST;
    EACH(it, node)
        sum += piece(sizeof *it) + piece(it->key.n + 1) + bytes_of(&it->node);
    return sum;
}

void row_copied(
    struct ctx *c, const char *kind, str lang, i64 id, i64 edition, const struct node *row)
{
    size_t bytes = piece(sizeof *row) + bytes_of(row);
    if (pg_in_tx(c) || !c->app->copies || bytes > COPIED_MOST)
        return;
    uint64_t hash = hash_of(kind, lang, id);
    struct copy *copy = place_for(c->app->copies, hash);
    if (copy->mem) /* it may stand in the document that is being made */
        arena_defer(c->mem, (void (*)(void *))arena_drop, copy->mem);
    struct arena *mem = arena_new(bytes);
    *copy = (struct copy){ hash, edition, when_ticks(), mem, node_copy(mem, row) };
}
