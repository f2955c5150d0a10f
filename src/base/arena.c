/* arena.c: memory by lifetime. Blocks double from FIRST to LARGEST; what does not fit gets a
 * block of its own. Under ASan everything not handed out is poisoned, with a gap behind each
 * piece, so that a read past its end or after a rewind is found. */
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { GAP = 16 };
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum { ALIGN = 16, FIRST = 8 * 1024, LARGEST = 1024 * 1024 };

struct block {
    struct block *below; /* the one filled before it */
    size_t size, used;   /* of bytes[] */
    _Alignas(ALIGN) char bytes[];
};

struct defer {
    struct defer *below;
    void (*drop)(void *);
    void *object;
};

struct arena {
    struct block *top;
    struct defer *defers; /* last tied first */
    size_t ceiling, held; /* bytes in all blocks */
    size_t next;          /* size of the next ordinary block */
};

static _Noreturn void die(const struct arena *a, size_t wanted)
{
    char text[3][24];
    snprintf(text[0], sizeof text[0], "%zu", wanted);
    snprintf(text[1], sizeof text[1], "%zu", a ? a->held : 0);
    snprintf(text[2], sizeof text[2], "%zu", a ? a->ceiling : 0);
    log_line(NULL, LOG_ERROR, "arena.full", "wanted", str_of(text[0]), "held", str_of(text[1]),
        "ceiling", str_of(text[2]), NULL);
    abort();
}

static size_t rounded(size_t n) { return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

/* A block with room for `size` bytes, as large as the doubling says and the ceiling lets. */
static void add_block(struct arena *a, size_t size)
{
    size_t left = a->ceiling - a->held;
    if (size > left)
        die(a, size);
    size_t room = size > a->next ? size : a->next;
    if (room > left)
        room = left;
    struct block *b = malloc(sizeof *b + room);
    if (!b)
        die(a, room);
    *b = (struct block){ .below = a->top, .size = room };
    POISON(b->bytes, room);
    a->top = b;
    a->held += room;
    if (a->next < LARGEST)
        a->next *= 2;
}

static void drop_block(struct arena *a)
{
    struct block *b = a->top;
    a->top = b->below;
    a->held -= b->size;
    UNPOISON(b->bytes, b->size);
    free(b);
}

struct arena *arena_new(size_t ceiling)
{
    struct arena *a = malloc(sizeof *a);
    if (!a)
        die(NULL, sizeof *a);
    *a = (struct arena){ .ceiling = ceiling, .next = FIRST };
    add_block(a, 0);
    return a;
}

static void run_defers(struct arena *a, const struct defer *until)
{
    while (a->defers != until) {
        struct defer *d = a->defers;
        a->defers = d->below;
        d->drop(d->object);
    }
}

void arena_reset(struct arena *a)
{
    run_defers(a, NULL);
    while (a->top->below)
        drop_block(a);
    a->top->used = 0;
    a->next = 2 * (size_t)FIRST;
    POISON(a->top->bytes, a->top->size);
}

void arena_drop(struct arena *a)
{
    if (!a)
        return;
    run_defers(a, NULL);
    while (a->top)
        drop_block(a);
    free(a);
}

void *arena_raw(struct arena *a, size_t size)
{
    if (size > a->ceiling)
        die(a, size); /* before the sums below can overflow */
    size_t whole = rounded(size) + GAP;
    if (whole > a->top->size - a->top->used)
        add_block(a, whole);
    char *p = a->top->bytes + a->top->used;
    a->top->used += whole;
    UNPOISON(p, size);
    return p;
}

void *arena_take(struct arena *a, size_t size) { return memset(arena_raw(a, size), 0, size); }

void *arena_take_many(struct arena *a, size_t size, size_t n)
{
    size_t whole;
    if (__builtin_mul_overflow(size, n, &whole))
        die(a, SIZE_MAX);
    return arena_take(a, whole);
}

void *arena_grow(struct arena *a, void *p, size_t old, size_t size)
{
    struct block *top = a->top;
    size_t whole = rounded(old) + GAP, at = top->used - (whole <= top->used ? whole : 0);
    bool is_last = p && p == top->bytes + at;
    if (is_last && size <= a->ceiling && rounded(size) + GAP <= top->size - at) {
        top->used = at + rounded(size) + GAP;
        UNPOISON(p, size);
        return p;
    }
    void *moved = arena_raw(a, size);
    return old ? memcpy(moved, p, old) : moved;
}

void arena_defer(struct arena *a, void (*drop)(void *), void *object)
{
    struct defer *d = NEW(a, struct defer);
    *d = (struct defer){ .below = a->defers, .drop = drop, .object = object };
    a->defers = d;
}

struct mark arena_mark(struct arena *a)
{
    return (struct mark){
        .block = a->top, .used = a->top->used, .next = a->next, .defers = a->defers
    };
}

void arena_rewind(struct arena *a, struct mark mark)
{
    run_defers(a, mark.defers);
    while (a->top != mark.block)
        drop_block(a);
    a->top->used = mark.used;
    a->next = mark.next;
    POISON(a->top->bytes + mark.used, a->top->size - mark.used);
}

size_t arena_used(const struct arena *a)
{
    size_t n = 0;
    for (const struct block *b = a->top; b; b = b->below)
        n += b->used;
    return n;
}
