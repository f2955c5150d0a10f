/* talatctl: the shop's tool. One row below is one command; what it does stands with the feature
 * that it belongs to. */
#include "web/web.h"
#include <stdio.h>

enum { TOOL_CEILING = 1 << 30 };

static const struct command {
    const char *name, *usage, *what;
    /* argv[0] is the command's name. Returns the exit status: 0 done, 1 failed, 2 misused. */
    int (*run)(struct ctx *, int argc, char **argv);
} commands[] = {
    { "render", "FILE [--partials DIR] [--lang L]",
        "fills a template with the JSON on standard input", render_command },
    { "messages", "--missing LANG [--templates DIR] [--source DIR]",
        "what the shop says and that language lacks, as .po", messages_command },
    { "lint-templates", "[--templates DIR] [--source DIR] [--untranslated wrong|later]",
        "reads all templates as the shop would, and the .po files", lint_templates_command },
    { 0 },
};

static int usage(FILE *to)
{
    fprintf(to, "usage: talatctl [--config FILE] COMMAND ...\n\n");
    for (const struct command *command = commands; command->name; command++)
        fprintf(to, "  %s %s\n        %s\n", command->name, command->usage, command->what);
    return to == stdout ? 0 : 2;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arena *mem = arena_new(TOOL_CEILING);
    struct ctx c = { .mem = mem, .lang = S("en"), .currency = S("THB"), .now = when_now() };
    int status = command->run(&c, argc, argv);
    if (status == 2)
        fprintf(stderr, "usage: talatctl %s %s\n", command->name, command->usage);
    arena_drop(mem);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "--config")) {
        argc -= 2;
        argv += 2;
    }
    if (argc < 2)
        return usage(stderr);
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))
        return usage(stdout);
    for (const struct command *command = commands; command->name; command++)
        if (!strcmp(argv[1], command->name))
            return run(command, argc - 1, argv + 1);
    fprintf(stderr, "talatctl: there is no command %s\n", argv[1]);
    return usage(stderr);
}
