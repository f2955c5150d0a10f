#include "auth/auth.h"
#include "catalog/catalog_in.h"
#include <stdio.h>

#define MOST_FILE   ((size_t)64 << 20)
#define MOST_REPORT ((size_t)64 << 20)

struct wanted {
    const char *file;
    str format, images, currency, organisation;
};

static bool read_options(int argc, char **argv, struct wanted *w)
{
    for (int i = 1; i < argc; i++) {
        str option = str_of(argv[i]);
        str *value = str_is(option, "--format") ? &w->format
            : str_is(option, "--images")        ? &w->images
            : str_is(option, "--currency")      ? &w->currency
            : str_is(option, "--organisation")  ? &w->organisation
                                                : NULL;
        if (value && i + 1 < argc)
            *value = str_of(argv[++i]);
        else if (!value && !w->file && argv[i][0] != '-')
            w->file = argv[i];
        else
            return false;
    }
    return w->file && str_is(w->format, "vendure");
}

static int sorry(const char *file, str why)
{
    fprintf(stderr, "talatctl: %s was not imported: %.*s\n", file, STR(why));
    return 1;
}

int import_command(struct ctx *c, int argc, char **argv)
{
    struct wanted w = { .currency = c->currency, .organisation = S("house") };
    struct import_totals t;
    struct node *organisation = NULL;
    struct buf report = buf_new(c->mem, MOST_REPORT);
    bool ok = false;
    if (!read_options(argc, argv, &w))
        return 2;
    str text = file_read(c->mem, w.file, MOST_FILE, &ok);
    if (!ok)
        return sorry(w.file, S("it cannot be read, or is larger than 64 MB"));
    int err = auth_organisation_by_slug(c, w.organisation, &organisation);
    if (err || !organisation)
        return sorry(w.file, str_fmt(c->mem, "there is no organisation %.*s", STR(w.organisation)));
    c->scope.organisation = node_int(organisation, "id");
    err = catalog_import_vendure(
        c, node_int(organisation, "id"), text, w.images, w.currency, &report, &t);
    printf("%.*s", STR(buf_str(&report)));
    if (err)
        return sorry(w.file, c->fault.text.n ? c->fault.text : c->fault.detail);
    printf("%" PRId64 " rows: %" PRId64 " made, %" PRId64 " changed, %" PRId64 " same, %" PRId64
           " failed, %" PRId64 " with warnings\n",
        t.rows, t.made, t.changed, t.same, t.failed, t.warned);
    return 0;
}
