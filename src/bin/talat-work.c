/* talat-work --config FILE: does what was put off: mail, push, payments' news, the clock. */
#include "work/work.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *conf = argc == 3 && str_is(S("--config"), argv[1]) ? argv[2] : getenv("TALAT_CONF");
    if (!conf || (argc != 1 && argc != 3)) {
        fprintf(stderr, "usage: talat-work --config FILE   (or TALAT_CONF=FILE)\n");
        return 2;
    }
    struct arena *mem = arena_new((size_t)256 << 20);
    struct app *app = app_open(mem, conf);
    int code = app ? work_serve(app) : 1;
    arena_drop(mem);
    return code;
}
