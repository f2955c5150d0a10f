/* fuzz.h: a target reads what the world may send, and says what must hold whatever that is.
 *
 *     FUZZ(json) { struct node *node; if (!json_read(c, input, &node)) holds(is_flat(node)); }
 *
 * stands in t/fuzz/json.c and has its corpus in t/fuzz/corpus/json. It registers itself: a new
 * target is a new file and a folder. One program has all of them. Built by clang with libFuzzer
 * it searches (TALAT_FUZZ_TARGET names the target); built by anything else it reads again what is
 * kept: replay TARGET FILE... A target stands on a house of its own: the rooms' real code, Redis
 * away, and a database in which nothing is found and everything succeeds (world.c). */
#pragma once
#include "base/base.h"
#include "web/web_in.h"

struct fuzz_target {
    const char *name;
    void (*run)(struct ctx *, str input);
    struct fuzz_target *next;
};
void fuzz_register(struct fuzz_target *);

#define FUZZ(target)                                                                        \
    static void run_##target(struct ctx *, str);                                            \
    static struct fuzz_target target_##target = { #target, run_##target, NULL };            \
    __attribute__((constructor)) static void register_##target(void)                        \
    {                                                                                       \
        fuzz_register(&target_##target);                                                    \
    }                                                                                       \
    static void run_##target(struct ctx *c __attribute__((unused)), str input)

/* What does not hold ends the process: that input is a finding. */
#define holds(is)                                           \
    do {                                                    \
        if (!(is))                                          \
            fuzz_broken(__FILE__, __LINE__, #is);           \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what);

/* The first line of what is left of an input, without its LF; all of it when there is none. */
str fuzz_line(str *rest);

/* ---- world.c ---------------------------------------------------------------------------- */

/* The house's front door, as nginx would send it: extra is name, value, name, value, ..., NULL
 * name. POSTs to /form go to form.c's checks, /cookies to cookies.c's. */
struct fuzz_request {
    const char *method, *type;
    str uri, body;
    const str *extra; /* pairs, ended by an empty name; may be NULL */
};
int fuzz_send(struct ctx *, const struct fuzz_request *, struct answer *); /* the status */
struct app *fuzz_app(struct arena *); /* NULL: it does not open */

/* What the database finds for a query, by its name ("auth.device"); NULL: nothing. A target sets
 * it for as long as it runs. */
extern struct node *(*fuzz_rows)(struct ctx *, const char *query);
