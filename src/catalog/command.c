#include "auth/auth.h"
#include "catalog/catalog_in.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MOST_FILE   ((size_t)64 << 20)
#define MOST_REPORT ((size_t)64 << 20)

struct wanted {
    const char *file;
    str organisation;
    struct import_wish wish;
};

static bool read_options(int argc, char **argv, struct wanted *w)
{
    struct import_wish *wish = &w->wish;
    for (int i = 1; i < argc; i++) {
        str option = str_of(argv[i]);
        bool *yes = str_is(option, "--rehearse") ? &wish->rehearse
            : str_is(option, "--fetch-images")   ? &wish->fetch_images
                                                 : NULL;
        str *value = str_is(option, "--format") ? &wish->format
            : str_is(option, "--images")        ? &wish->images_dir
            : str_is(option, "--currency")      ? &wish->currency
            : str_is(option, "--organisation")  ? &w->organisation
                                                : NULL;
        if (yes)
            *yes = true;
        else if (value && i + 1 < argc)
            *value = str_of(argv[++i]);
        else if (!value && !w->file && argv[i][0] != '-')
            w->file = argv[i];
        else
            return false;
    }
    return w->file && (str_is(wish->format, "vendure") || str_is(wish->format, "shopify"));
}

/* Prices in another stand on no page. */
static bool is_sold_in(const struct ctx *c, str currency)
{
    if (app_sells_in(c->app, currency, NULL))
        return true;
    fputs("talatctl: currency: We do not sell in that currency.\n", stderr);
    return false;
}

static int find_house(struct ctx *c, struct wanted *w)
{
    struct node *organisation = NULL;
    int err = auth_organisation_by_slug(c, w->organisation, &organisation);
    if (err == E_AWAY)
        return err;
    if (err || !organisation)
        return fail(c, E_MISSING, "import.organisation", "there is no organisation %.*s",
            STR(w->organisation));
    w->wish.organisation = c->scope.organisation = node_int(organisation, "id");
    return E_OK;
}

static str why(const struct ctx *c) { return c->fault.text.n ? c->fault.text : c->fault.detail; }

static int sorry(const char *file, const char *what, str reason)
{
    fprintf(stderr, "talatctl: %s was not %s: %.*s\n", file, what, STR(reason));
    return 1;
}

struct progress {
    i64 began, told; /* in ticks */
    bool is_shown;
};

/* The report goes out as it comes: who looks at it sees how far it is, and what an import has done
 * that is cut off stands there. Where it goes to a file and somebody sits before it, he is told. */
static void tell_progress(void *with, struct buf *report, i64 rows, i64 of)
{
    struct progress *p = with;
    i64 now = when_ticks();
    printf("%.*s", STR(buf_str(report)));
    report->n = 0;
    if (rows < of && now - p->told < SECOND / 4)
        return;
    p->told = now;
    fflush(stdout);
    if (p->is_shown)
        fprintf(stderr, "\r%" PRId64 " of %" PRId64 " rows, %" PRId64 " s left \033[K", rows, of,
            (now - p->began) / SECOND * (of - rows) / (rows ? rows : 1));
}

int import_command(struct ctx *c, int argc, char **argv)
{
    struct progress progress = { when_ticks(), 0, isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) };
    struct wanted w = { .wish.currency = c->currency,
        .wish.tell = tell_progress,
        .wish.with = &progress,
        .organisation = S("house") };
    struct import_totals t;
    struct buf report = buf_new(c->mem, MOST_REPORT);
    bool ok = false;
    if (!read_options(argc, argv, &w) || !is_sold_in(c, w.wish.currency))
        return 2;
    str text = file_read(c->mem, w.file, MOST_FILE, &ok);
    if (!ok)
        return sorry(w.file, "imported",
            errno == EFBIG ? S("it is larger than 64 MB") : str_of(strerror(errno)));
    int err = find_house(c, &w);
    if (!err)
        err = catalog_import(c, &w.wish, text, &report, &t);
    printf("%.*s", STR(buf_str(&report)));
    if (progress.is_shown)
        fputs("\r\033[K", stderr);
    if (err)
        return sorry(w.file, "imported", why(c));
    printf("%s%" PRId64 " rows: %" PRId64 " made, %" PRId64 " changed, %" PRId64 " same, %" PRId64
           " failed, %" PRId64 " with warnings\n",
        w.wish.rehearse ? "a rehearsal, nothing has changed: " : "", t.rows, t.made, t.changed,
        t.same, t.failed, t.warned);
    return t.failed ? 1 : 0; /* so that a script notices it */
}

static bool write_to(void *with, str text)
{
    FILE *out = with;
    return fwrite(text.p ? text.p : "", 1, text.n, out) == text.n;
}

/* Written aside and renamed: a file that is there is a whole one. */
int export_command(struct ctx *c, int argc, char **argv)
{
    struct wanted w = { .wish.currency = c->currency, .organisation = S("house") };
    struct buf report = buf_new(c->mem, MOST_REPORT);
    if (!read_options(argc, argv, &w) || w.wish.rehearse || w.wish.fetch_images ||
        !is_sold_in(c, w.wish.currency))
        return 2;
    if (find_house(c, &w))
        return sorry(w.file, "written", why(c));
    str aside = str_fmt(c->mem, "%s.new", w.file);
    FILE *out = fopen(aside.p, "we");
    if (!out)
        return sorry(w.file, "written", str_of(strerror(errno)));
    struct export_to to = { .write = write_to, .with = out };
    int err = catalog_export(c, &w.wish, &to, &report);
    bool closed = !fclose(out);
    printf("%.*s", STR(buf_str(&report)));
    if (err || !closed || rename(aside.p, w.file)) {
        str reason = err ? why(c) : str_of(strerror(errno));
        unlink(aside.p);
        return sorry(w.file, "written", reason);
    }
    printf("%" PRId64 " products in %s\n", to.products, w.file);
    return 0;
}
