/* talatctl's commands that set a machine up: scripts beside the programs, since what they do is
 * other programs' work (psql, nginx, systemctl). */
#include "ops/ops.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_WORDS = 80 };

/* Becomes the script, with the command's own words. */
static int become(struct ctx *c, const char *script, int argc, char **argv)
{
    const char *path = str_fmt(c->mem, "%s/%s", TALAT_LIBEXEC, script).p;
    char *words[MOST_WORDS + 2] = { (char *)(uintptr_t)path };
    if (argc > MOST_WORDS)
        return 2;
    for (int i = 1; i < argc; i++)
        words[i] = argv[i];
    execv(path, words);
    fprintf(
        stderr, "talatctl: %s: %s; this talatctl was not installed whole\n", path, strerror(errno));
    return 1;
}

int init_command(struct ctx *c, int argc, char **argv) { return become(c, "init", argc, argv); }

int nginx_command(struct ctx *c, int argc, char **argv)
{
    return argc > 2 ? 2 : become(c, "site", argc, argv);
}
