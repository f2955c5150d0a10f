/* fuzz.c: the driver of all targets, under libFuzzer or by itself. */
#include "t/fuzz/fuzz.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fuzz_target *targets;
static const struct fuzz_target *chosen;
static struct arena *life, *mem; /* the house's memory; one input's */
static struct app *app;
static struct pg *pg;
static struct redis *redis;

void fuzz_register(struct fuzz_target *target)
{
    target->next = targets;
    targets = target;
}

_Noreturn void fuzz_broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

str fuzz_line(str *rest)
{
    i64 end = str_find(*rest, S("\n"));
    str line = end < 0 ? *rest : str_upto(*rest, (size_t)end);
    *rest = end < 0 ? str_none : str_from(*rest, (size_t)end + 1);
    return line;
}

static bool choose(const char *name)
{
    for (chosen = targets; chosen && strcmp(chosen->name, name) != 0;)
        chosen = chosen->next;
    if (!chosen)
        fprintf(stderr, "there is no target %s\n", name);
    return chosen != NULL;
}

/* A request's own memory is the ceiling: what needs more would have ended a worker. */
static bool open_house(void)
{
    life = arena_new((size_t)256 << 20);
    log_open(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_INFO);
    app = fuzz_app(life);
    if (!app)
        return false;
    pg = app_pg(app, life);
    redis = app_redis(app, life);
    mem = arena_new(REQUEST_MEMORY);
    return true;
}

static void run(const uint8_t *bytes, size_t n)
{
    struct ctx c;
    arena_reset(mem);
    app_ctx(app, mem, pg, redis, &c);
    fuzz_rows = NULL;
    chosen->run(&c, (str){ (const char *)bytes, n });
}

/* ---- libFuzzer's door ---------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    const char *name = getenv("TALAT_FUZZ_TARGET");
    if (!choose(name ? name : "") || !open_house())
        exit(2);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    run(bytes, n);
    return 0;
}

/* ---- without libFuzzer ---------------------------------------------------------------------- */

#ifndef TALAT_LIBFUZZER
/* In memory of its own to the byte, so that a read past its end is found. */
static bool replay(const char *path)
{
    struct arena *room = arena_new((size_t)64 << 20);
    bool ok = false;
    str text = file_read(room, path, (size_t)16 << 20, &ok);
    uint8_t *bytes = ok ? malloc(text.n ? text.n : 1) : NULL;
    if (bytes && text.n)
        memcpy(bytes, text.p, text.n);
    size_t n = text.n;
    arena_drop(room);
    if (!bytes)
        return false;
    fprintf(stderr, "%s\n", path); /* the last one said is the one that broke */
    run(bytes, n);
    free(bytes);
    return true;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (const struct fuzz_target *t = targets; t; t = t->next)
            printf("%s\n", t->name);
        return 0;
    }
    if (argc < 3 || !choose(argv[1]) || !open_house()) {
        fprintf(stderr, "replay --list, or replay TARGET FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        if (!replay(argv[i])) {
            fprintf(stderr, "%s cannot be read\n", argv[i]);
            return 2;
        }
    arena_drop(mem);
    arena_drop(life);
    return 0;
}
#endif
