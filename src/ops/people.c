/* People of another shop, with the hashes of their passwords: e-mail and hash, and what else the
 * file's first line names. Hashes are read from files or standard input, never from the command
 * line, which everybody on the machine can read. */
#include "audit/audit.h"
#include "auth/auth.h"
#include "ops/ops.h"
#include "web/web.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_FILE   ((size_t)256 << 20)
#define MOST_REPORT ((size_t)64 << 20)

enum column { EMAIL_COLUMN, NAME, HASH, LANG, VERIFIED, N_COLUMNS };
static const struct {
    const char *name, *other; /* as other shops call it */
} columns[] = {
    [EMAIL_COLUMN] = { "email", "e-mail" },
    [NAME] = { "name", "full_name" },
    [HASH] = { "hash", "password_hash" },
    [LANG] = { "lang", "language" },
    [VERIFIED] = { "verified", "email_verified" },
};

struct bringing {
    str text;
    bool rehearse;
    int place[N_COLUMNS]; /* which cell; -1: none */
    int width;
    i64 rows, made, known, failed;
    struct buf *report;
};

static int read_head(struct ctx *c, struct bringing *b, struct csv *csv)
{
    str cells[CSV_COLUMNS];
    b->width = csv_next(csv, c->mem, cells);
    for (int k = 0; k < N_COLUMNS; k++)
        b->place[k] = -1;
    for (int i = 0; i < b->width; i++)
        for (int k = 0; k < N_COLUMNS; k++) {
            str name = str_lower(c->mem, cells[i]);
            if (str_is(name, columns[k].name) || str_is(name, columns[k].other))
                b->place[k] = i;
        }
    if (b->place[EMAIL_COLUMN] < 0 || b->place[HASH] < 0)
        return fail_detail(c, E_INPUT, "people.head",
            "its first line must name the columns email and hash; name, lang and verified may be "
            "there too");
    return E_OK;
}

static bool is_yes(struct arena *mem, str cell)
{
    static const char *const yes[] = { "1", "yes", "true", "t" };
    for (size_t i = 0; i < COUNT(yes); i++)
        if (str_is(str_lower(mem, cell), yes[i]))
            return true;
    return false;
}

static str cell_of(const struct bringing *b, const str *cells, enum column column)
{
    return b->place[column] < 0 ? str_none : cells[b->place[column]];
}

/* The line, and what is wrong: neither address nor hash goes to a report. */
static void tell_failed(struct bringing *b, i64 line, str column, str why)
{
    b->failed++;
    buf_fmt(b->report, "line %" PRId64 ": %.*s%s%.*s\n", line, STR(column), column.n ? ": " : "",
        STR(why));
}

static int bring_row(struct ctx *c, struct bringing *b, i64 line, const str *cells)
{
    struct auth_brought who = { .email = cell_of(b, cells, EMAIL_COLUMN),
        .name = cell_of(b, cells, NAME),
        .hash = cell_of(b, cells, HASH),
        .lang = cell_of(b, cells, LANG),
        .is_verified = is_yes(c->mem, cell_of(b, cells, VERIFIED)) };
    bool is_new = false;
    int err = auth_bring(c, &who, &is_new);
    if (err == E_INPUT) {
        EACH(item, c->fault.fields)
            tell_failed(b, line, item->key, item->node.as.text);
        fault_clear(c);
        return E_OK;
    }
    b->made += !err && is_new;
    b->known += !err && !is_new;
    return err;
}

static int note(struct ctx *c, const struct bringing *b)
{
    struct node *data = node_map(c->mem);
    node_set_int(c->mem, data, S("rows"), b->rows);
    node_set_int(c->mem, data, S("made"), b->made);
    node_set_int(c->mem, data, S("known"), b->known);
    node_set_int(c->mem, data, S("failed"), b->failed);
    return audit_tell(c, "account", "import", "auth.person", str_none, data);
}

static int bring_all(struct ctx *c, struct bringing *b)
{
    struct csv csv;
    str cells[CSV_COLUMNS], source = c->source;
    int err = E_OK;
    csv_open(&csv, b->text);
    TRY(read_head(c, b, &csv));
    c->source = S("0 0 import"); /* its new rows are not noted one by one */
    struct arena *mem = c->mem, *own = arena_new((size_t)16 << 20);
    c->mem = own;
    for (int n; !err && (n = csv_next(&csv, own, cells)) != 0; err ? (void)0 : arena_reset(own)) {
        b->rows++;
        if (n == b->width)
            err = bring_row(c, b, csv.line, cells);
        else
            tell_failed(b, csv.line, str_none,
                str_of(n < 0 ? csv.problem : "not as many cells as the first line has"));
        if (n < 0)
            break; /* where the next record begins is not known */
    }
    c->mem = mem;
    c->fault.text = str_dup(mem, c->fault.text);
    c->fault.detail = str_dup(mem, c->fault.detail);
    c->fault.key = str_dup(mem, c->fault.key);
    arena_drop(own);
    c->source = source;
    return err ? err : note(c, b);
}

/* All or nothing; what is wrong with a row keeps only that row out. */
static int bring(struct ctx *c, struct bringing *b)
{
    TRY(pg_begin(c));
    int err = bring_all(c, b);
    if (!b->rehearse || err)
        return pg_end(c, err);
    pg_end(c, E_CONFLICT); /* rolled back */
    fault_clear(c);
    return E_OK;
}

int ops_people(struct ctx *c, str text, bool rehearse, struct buf *report, i64 *failed)
{
    struct bringing b = { .text = text, .rehearse = rehearse, .report = report };
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = bring(c, &b);
    c->scope = before;
    *failed = b.failed;
    if (!err)
        buf_fmt(report,
            "%s%" PRId64 " rows: %" PRId64 " made, %" PRId64 " known already, %" PRId64 " failed\n",
            rehearse ? "a rehearsal, nothing has changed: " : "", b.rows, b.made, b.known,
            b.failed);
    return err;
}

static size_t line_of_bad(str text)
{
    size_t line = 1;
    for (size_t step; text.n && (step = str_utf8_step(text)) != 0; text = str_from(text, step))
        line += *text.p == '\n';
    return line;
}

/* NULL, or why what is in the file cannot be taken, and what to do. */
static const char *read_people(struct ctx *c, const char *file, str *text)
{
    struct stat is;
    bool ok;
    if (!stat(file, &is) && is.st_size > (off_t)MOST_FILE)
        return "is larger than 256 MB: bring it in parts, each with the first line";
    *text = file_read(c->mem, file, MOST_FILE, &ok);
    if (!ok && errno == EFBIG) /* a pipe's end is not known before */
        return "is larger than 256 MB: bring it in parts, each with the first line";
    if (!ok)
        return str_c(c->mem, str_fmt(c->mem, "cannot be read: %s", strerror(errno)));
    if (!str_is_utf8(*text))
        return str_c(c->mem, str_fmt(c->mem,
            "is not UTF-8, which shows first in line %zu: save it as UTF-8, or convert it with iconv",
            line_of_bad(*text)));
    return NULL;
}

int people_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    const char *file = NULL;
    bool rehearse = false;
    str text;
    i64 failed;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--rehearse"))
            rehearse = true;
        else if (!file && argv[i][0] != '-')
            file = argv[i];
        else
            return 2;
    if (!file)
        return 2;
    const char *wrong = read_people(c, file, &text);
    if (wrong) {
        fprintf(stderr, "talatctl: %s %s\n", file, wrong);
        return 1;
    }
    int err = ops_people(c, text, rehearse, &report, &failed);
    printf("%.*s", STR(buf_str(&report)));
    if (!err)
        return failed ? 1 : 0;
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    fprintf(stderr, "talatctl: nobody was brought: %.*s\n", STR(why));
    return 1;
}
