/* talat-web: answers requests.
 *
 *     talat-web --config FILE [--pool web|slow]      serves until SIGTERM; SIGHUP reloads
 *     talat-web --check --config FILE                only says whether it would start
 *
 * FILE may also stand in TALAT_CONF. Logs go to standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "web/web.h"

struct options {
    const char *config, *pool;
    bool check;
};

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){ getenv("TALAT_CONF"), "web", false };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            o->check = true;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            o->config = argv[++i];
        else if (strcmp(argv[i], "--pool") == 0 && i + 1 < argc)
            o->pool = argv[++i];
        else
            return false;
    }
    return o->config && (strcmp(o->pool, "web") == 0 || strcmp(o->pool, "slow") == 0);
}

int main(int argc, char **argv)
{
    struct options o;
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: talat-web [--check] --config FILE [--pool web|slow]\n");
        return 2;
    }
    log_open(STDERR_FILENO, LOG_INFO);
    struct arena *mem = arena_new((size_t)256 << 20);
    struct app *app = app_open(mem, o.config);
    int code = !app ? 1 : o.check ? 0 : web_serve(app, o.pool, argv);
    arena_drop(mem);
    return code;
}
