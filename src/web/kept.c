/* kept.c: documents a worker keeps between requests for a few seconds, because they are asked
 * for all the time, are the same for everybody and cost a while to make: the menu, what a list
 * can be filtered by. Workers share them through Redis: one makes a document anew, the others
 * go on with the old one meanwhile, and nobody shows one that is more than KEPT_LIFE_S old.
 * Without Redis each worker makes its own, and so it is with a document that is too long to be
 * shared; inside a transaction, which may see what others do not, nothing is kept. */
#include <time.h>
#include "web/web_in.h"

enum {
    SLOTS = 48,
    KEPT_LIFE_S = 9,
    FRESH_S = 5,            /* then someone makes it anew */
    LOCK_S = 5,             /* ... who may take so long, or die */
    TEXT_MOST = 100 * 1000, /* as JSON; each worker makes and keeps its own of what is longer */
    LARGE_S = 600,          /* so long all of them know that it is */
    LARGE_MOST = 6,         /* of those in a worker; a page shows about four documents */
    LARGE_WEIGHT = 2 << 20, /* as nodes; more is made each time */
    SLOT_MEMORY = 8 << 20,  /* far more than either takes */
    LOOKS = 25,
    DUE_MOST = 4,
    PAUSE_MS = 10 /* while another makes the first one */
};

#define TOO_LARGE "-" /* in place of a document in Redis */

struct making {
    struct ctx *c;
    str key, name, lock; /* the last two in Redis */
    int (*make)(struct ctx *, void *, struct node **);
    void *with;
};

struct kept {
    struct slot {
        str key;
        struct arena *mem;
        struct node *document;
        bool is_large;
        i64 born_us, used_us;
    } slots[SLOTS];
    struct making due[DUE_MOST]; /* when the request has been answered */
    size_t n_due;
    bool is_pool; /* somebody says when that is */
};

static void drop_slots(void *of)
{
    struct kept *kept = of;
    for (size_t i = 0; i < SLOTS; i++)
        arena_drop(kept->slots[i].mem);
}

struct kept *kept_open(struct arena *mem)
{
    struct kept *kept = NEW(mem, struct kept);
    DEFER(mem, drop_slots, kept);
    return kept;
}

static struct slot *find(struct kept *kept, str key)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (kept->slots[i].document && str_eq(kept->slots[i].key, key))
            return &kept->slots[i];
    return NULL;
}

/* The key's own slot, else the one that was not asked for the longest. */
static struct slot *room_for(struct kept *kept, str key)
{
    struct slot *oldest = find(kept, key);
    for (size_t i = 0; !oldest && i < SLOTS; i++)
        if (!kept->slots[i].document)
            oldest = &kept->slots[i];
    if (oldest)
        return oldest;
    oldest = kept->slots;
    for (size_t i = 1; i < SLOTS; i++)
        if (kept->slots[i].used_us < oldest->used_us)
            oldest = &kept->slots[i];
    return oldest;
}

/* Of the large ones there are few: past those the one that was not asked for the longest goes. */
static struct slot *room_for_large(struct kept *kept, str key)
{
    struct slot *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &kept->slots[i];
        if (!slot->document || !slot->is_large)
            continue;
        n++;
        if (!oldest || slot->used_us < oldest->used_us)
            oldest = slot;
    }
    return n < LARGE_MOST || find(kept, key) ? room_for(kept, key) : oldest;
}

/* About what it takes as nodes, up to a little more than `most`. */
static size_t weight_of(const struct node *node, size_t most)
{
    size_t all = 3 * sizeof(struct item) + (node->kind == N_STR ? node->as.text.n : 0);
    if (node->kind == N_MAP || node->kind == N_LIST)
        for (const struct item *it = node->as.items.first; it && all <= most; it = it->next)
            all += it->key.n + weight_of(&it->node, most);
    return all;
}

static const struct node *put(
    struct ctx *c, str key, const struct node *document, i64 born_us, bool is_large)
{
    struct kept *kept = c->app->kept;
    struct slot *slot = is_large ? room_for_large(kept, key) : room_for(kept, key);
    struct arena *mem = arena_new(SLOT_MEMORY);
    arena_drop(slot->mem);
    *slot = (struct slot){ .key = str_dup(mem, key),
        .mem = mem,
        .document = node_copy(mem, document),
        .is_large = is_large,
        .born_us = born_us,
        .used_us = when_ticks() };
    return slot->document;
}

static const struct node *from_text(struct ctx *c, str key, str text, i64 left_s)
{
    struct node *read;
    if (!text.n || json_read(c, text, &read)) {
        fault_clear(c);
        return NULL;
    }
    return put(c, key, read, when_ticks() - (KEPT_LIFE_S - left_s) * SECOND, false);
}

/* What all workers share, or NULL; and whether it is ours to make, at once or soon. */
static const struct node *shared(const struct making *m, bool *mine)
{
    struct ctx *c = m->c;
    for (int looks = 0; looks < LOOKS; looks++) {
        str text;
        i64 left_s;
        if (!redis_get_left(c, m->name, &text, &left_s))
            return NULL;
        if (str_is(text, TOO_LARGE)) /* nobody makes it for others: there is nothing to wait for */
            return NULL;
        if (text.n && left_s > KEPT_LIFE_S - FRESH_S)
            return from_text(c, m->key, text, left_s);
        if (!redis_add(c, m->lock, S("1"), LOCK_S, mine))
            return NULL;
        if (text.n)
            return from_text(c, m->key, text, left_s);
        if (*mine)
            return NULL;
        nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000 * 1000 }, NULL);
    }
    return NULL;
}

static int make_anew(const struct making *m, const struct node **out)
{
    struct ctx *c = m->c;
    struct node *made = NULL;
    i64 born_us = when_ticks();
    int err = m->make(c, m->with, &made);
    struct buf text = buf_new(c->mem, TEXT_MOST);
    *out = made;
    if (!err && made)
        json_store(&text, made);
    if (text.n && !text.full) {
        redis_set(c, m->name, buf_str(&text), KEPT_LIFE_S);
        *out = put(c, m->key, made, born_us, false);
    } else if (text.full) {
        redis_set(c, m->name, S(TOO_LARGE), LARGE_S);
        if (weight_of(made, LARGE_WEIGHT) <= LARGE_WEIGHT)
            *out = put(c, m->key, made, born_us, true);
    }
    redis_del(c, m->lock);
    return err;
}

void kept_pool(struct app *app) { app->kept->is_pool = true; }

/* What cannot be made now is made by whoever asks when the old one has had its time. */
void kept_renew(struct app *app)
{
    struct kept *kept = app->kept;
    const struct node *made;
    for (size_t i = 0; i < kept->n_due; i++)
        make_anew(&kept->due[i], &made);
    kept->n_due = 0;
}

/* Behind the answer, once, if somebody says when that is. */
static bool soon(struct kept *kept, const struct making *m)
{
    for (size_t i = 0; i < kept->n_due; i++)
        if (str_eq(kept->due[i].key, m->key))
            return true;
    if (!kept->is_pool || kept->n_due == DUE_MOST)
        return false;
    kept->due[kept->n_due++] = *m;
    return true;
}

int kept_or_made(struct ctx *c, str key, int (*make)(struct ctx *, void *, struct node **),
    void *with, const struct node **out)
{
    struct kept *kept = c->app->kept;
    bool mine = false;
    *out = NULL;
    if (pg_in_tx(c) || !kept) {
        struct node *made = NULL;
        int err = make(c, with, &made);
        *out = made;
        return err;
    }
    struct slot *slot = find(kept, key);
    i64 age_us = slot ? when_ticks() - slot->born_us : 0;
    if (slot && age_us < FRESH_S * SECOND) {
        slot->used_us = when_ticks();
        *out = slot->document;
        return E_OK;
    }
    struct making m = { c, key, str_fmt(c->mem, "kept:%.*s", STR(key)),
        str_fmt(c->mem, "making:%.*s", STR(key)), make, with };
    if (slot && slot->is_large && age_us < KEPT_LIFE_S * SECOND && soon(kept, &m)) {
        slot->used_us = when_ticks();
        *out = slot->document;
        return E_OK;
    }
    *out = shared(&m, &mine);
    if (!*out || (mine && !soon(kept, &m)))
        return make_anew(&m, out);
    return E_OK;
}
