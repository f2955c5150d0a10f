/* talatctl: the shop's tool. One row below is one command; what it does stands with the feature
 * that it belongs to. */
#include "catalog/catalog.h"
#include "ops/ops.h"
#include "pricing/pricing.h"
#include "shipping/shipping.h"
#include "web/web.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TOOL_CEILING = 1 << 30 };

static const struct command {
    const char *name, *usage, *what;
    /* argv[0] is the command's name. Returns the exit status: 0 done, 1 failed, 2 misused. */
    int (*run)(struct ctx *, int argc, char **argv);
    bool needs_shop; /* opens the configuration, templates and routes first */
    bool grades;     /* its 2 is an answer, wrong: it says itself how it is to be used */
} commands[] = {
    { "init", "[--dry-run] --url URL --admin EMAIL ...",
        "makes a shop of this machine: configuration, roles, schema, nginx, first admin",
        init_command, false },
    { "nginx", "[FILE]", "writes nginx's site anew from the configuration, and reloads nginx",
        nginx_command, false },
    { "migrate", "[--check]",
        "makes the schema, or brings an older one up to date; --check: only says what it would "
        "do, and exits with 3 when there is something",
        migrate_command, true },
    { "prove", "", "proves the books: stock, orders and money against each other", prove_command,
        true },
    { "backup", "[--to DIR] [--with-secrets]",
        "the database and the pictures into a folder of their own, checked, the newest kept",
        backup_command, true },
    { "restore", "DIR [--replace] [--with-secrets] [--without-names]",
        "puts a backup in the shop's place, all of it or nothing", restore_command, true },
    { "keys", "[check | rewrap | renew | seal | destroy organisation|person NAME --for-ever]",
        "the keys of sealed columns: under a new master key, anew, or gone with all they seal",
        keys_command, true },
    { "drill", "", "restores the newest backup on trial, and proves it", drill_command, true },
    { "doctor", "[--quiet] [--json]",
        "what is wrong with the shop and its machine, and what to do; 1: warnings, 2: wrong",
        doctor_command, true, true },
    { "user",
        "add EMAIL --role ROLE [--name NAME] [--organisation SLUG] [--hash] | "
        "import FILE [--rehearse] | admins",
        "adds somebody, or changes them; the password is read from standard input, or its hash; "
        "or brings people with their hashes from another shop; or says who the admins are",
        user_command, true },
    { "organisation",
        "SLUG [--name NAME] [--country CODE] [--currency CODE] [--zone ZONE] "
        "[--prices with-tax|without-tax] [--rounding per-line|per-total]",
        "what a shop says of itself and how it reckons, the house's own is \"house\"; or changes it",
        organisation_command, true },
    { "demo", "[--pictures DIR]", "loads the demo shop; again: what has changed in it",
        demo_command, true },
    { "delivery",
        "[CODE [--name NAME] [--promise TEXT] [--name-LANG NAME] [--promise-LANG TEXT] "
        "[--price PRICE|none] [--currency C] [--free-from TOTAL] [--countries CODES|all] "
        "[--heaviest GRAMS] [--position N] [--on|--off]]",
        "a way of delivery, and what it costs; alone, those there are", delivery_command, true },
    { "tax", "[COUNTRY RATE|none [--class CLASS]]",
        "a country's tax rate in percent; alone, those there are", tax_command, true },
    { "import",
        "FILE --format vendure|shopify [--rehearse] [--images DIR] [--fetch-images] "
        "[--currency C] [--organisation SLUG]",
        "takes products in, and says of each row what became of it", import_command, true },
    { "export", "FILE --format vendure|shopify [--currency C] [--organisation SLUG]",
        "writes the catalogue out; read in again it changes nothing", export_command, true },
    { "route-list", "[--slow] [--json]", "every address the shop answers", route_list_command,
        true },
    { "jobs", "dead [ID] | again ID",
        "jobs that were given up (the newest; those older than that one), and one more try",
        jobs_command, true },
    { "webhook", "[events | set]",
        "what the payment provider sends to the shop; has it send what is needed, and no more; or "
        "lists the kinds of events that takes",
        webhook_command, true },
    { "render", "FILE [--partials DIR] [--lang L]",
        "fills a template with the JSON on standard input", render_command, false },
    { "messages", "--missing LANG [--templates DIR] [--source DIR]",
        "what the shop says and that language lacks, as .po", messages_command, false },
    { "lint-templates", "[--templates DIR] [--source DIR] [--untranslated wrong|later]",
        "reads all templates as the shop would, and the .po files", lint_templates_command, false },
    { 0 },
};

static void say_usage(FILE *to, const char *before, const struct command *command)
{
    fprintf(to, "%s%s%s%s\n", before, command->name, *command->usage ? " " : "", command->usage);
}

static int usage(FILE *to)
{
    fprintf(to, "usage: talatctl [--config FILE] COMMAND ...\n       talatctl help COMMAND | --version\n\n");
    for (const struct command *command = commands; command->name; command++) {
        say_usage(to, "  ", command);
        fprintf(to, "        %s\n", command->what);
    }
    return to == stdout ? 0 : 2;
}

static int misused(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 2;
}

static bool asks_help(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int help(const struct command *command)
{
    say_usage(stdout, "usage: talatctl ", command);
    printf("%s\nmore of it: man talatctl\n", command->what);
    return 0;
}

/* The shop of the configuration, as the programs see it; false: it has said why not. */
static bool open_shop(const char *config, struct arena *mem, struct ctx *c)
{
    if (!config) {
        fprintf(stderr, "talatctl: which shop? --config FILE, or TALAT_CONF=FILE\n");
        return false;
    }
    struct app *app = app_open(mem, config);
    if (!app)
        return false;
    app_ctx(app, mem, app_pg(app, mem), app_redis(app, mem), c);
    pg_named(c->pg, "talatctl");
    return true;
}

static int run(const struct command *command, const char *config, int argc, char **argv)
{
    struct arena *mem = arena_new(TOOL_CEILING);
    struct ctx c = { .mem = mem, .lang = S("en"), .currency = S("THB"), .now = when_now() };
    bool is_ready = !command->needs_shop || open_shop(config, mem, &c);
    const struct passwd *user = getpwuid(getuid());
    c.source = str_fmt(mem, "0 0 talatctl %s", user ? user->pw_name : "-");
    /* What cannot even be opened is no warning. */
    int status = is_ready ? command->run(&c, argc, argv) : command->grades ? 2 : 1;
    if (status == 2 && !command->grades)
        say_usage(stderr, "usage: talatctl ", command);
    arena_drop(mem);
    return status;
}

int main(int argc, char **argv)
{
    const char *config = getenv("TALAT_CONF"), *usual = TALAT_SYSCONF "/talat/talat.conf";
    if (!config && access(usual, R_OK) == 0)
        config = usual;
    while (argc > 2 && !strcmp(argv[1], "--config")) { /* the last one holds */
        config = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc < 2)
        return usage(stderr);
    if (config && config != usual)
        setenv("TALAT_CONF", config, 1); /* what becomes a script goes by the same */
    if (!strcmp(argv[1], "--config"))
        return misused("talatctl: --config is followed by a file and a command");
    if (!strcmp(argv[1], "--version"))
        return puts("talatctl " TALAT_VERSION) < 0;
    bool asks = asks_help(argv[1]);
    if (asks && argc == 2)
        return usage(stdout);
    const char *name = argv[asks ? 2 : 1];
    for (const struct command *command = commands; command->name; command++)
        if (!strcmp(name, command->name))
            return asks || (argc == 3 && asks_help(argv[2]))
                ? help(command)
                : run(command, config, argc - 1, argv + 1);
    fprintf(stderr, "talatctl: there is no command %s: talatctl help lists them\n", name);
    return 2;
}
