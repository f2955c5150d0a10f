/* t.c: runs the tests. Each one is a libcheck runner of its own, so that its result can be
 * said at once, by its own name, with a reason when it was skipped. */
#include "t/t.h"
#include "t/pool.h"
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a test in its own process tells the runner. */
struct shared {
    bool skipped, left; /* left: t_leave, which check takes for a failure */
    char why[200];
};

static struct {
    struct t_case *first, *last;
    const struct t_case *running;
    void (*at_end)(void);
    struct shared *shared;
    struct arena *mem;
    struct ctx ctx;
} t;

void t_register(struct t_case *one)
{
    if (t.last)
        t.last->next = one;
    else
        t.first = one;
    t.last = one;
}

/* ---- what must hold ----------------------------------------------------------------------- */

void t_true(const char *file, int line, const char *what, bool is)
{
    if (!is)
        _ck_assert_failed(file, line, what, "must hold: %s", what);
    mark_point();
}

void t_eq_int(const char *file, int line, const char *what, i64 got, i64 want)
{
    if (got != want)
        _ck_assert_failed(file, line, what, "%s is %" PRIi64 ", not %" PRIi64, what, got, want);
    mark_point();
}

/* Long texts are shown from a little before where they part. */
static size_t parting(str a, str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n < 40 ? 0 : n - 40;
}

void t_eq_str(const char *file, int line, const char *what, str got, str want)
{
    size_t from = parting(got, want);
    if (!str_eq(got, want))
        _ck_assert_failed(file, line, what,
            "%s (%zu bytes) is not as wanted (%zu bytes); from byte %zu\n"
            "     got: %.*s\n    want: %.*s",
            what, got.n, want.n, from, STR(str_upto(str_from(got, from), 400)),
            STR(str_upto(str_from(want, from), 400)));
    mark_point();
}

void t_has_text(const char *file, int line, const char *what, str in, str text, bool wanted)
{
    if ((str_find(in, text) >= 0) != wanted)
        _ck_assert_failed(file, line, what, "%s %s \"%.*s\"; it is\n%.*s", what,
            wanted ? "lacks" : "must not have", STR(str_upto(text, 400)), STR(str_upto(in, 2000)));
    mark_point();
}

void t_eq_err(const char *file, int line, const char *what, int got, int want)
{
    const struct fault *f = &t_ctx()->fault;
    if (got != want)
        _ck_assert_failed(file, line, what, "%s is %s, not %s (fault %.*s: %.*s %.*s)", what,
            err_name((enum err)got), err_name((enum err)want), STR(f->key), STR(f->text),
            STR(f->detail));
    mark_point();
}

struct t_child t_fork(void)
{
    struct t_child child = { 0 };
    int ends[2];
    fflush(NULL);
    if (pipe(ends) || (child.pid = fork()) < 0)
        ck_abort_msg("no child for an abort");
    child.is_child = child.pid == 0;
    child.said = ends[0];
    if (child.is_child) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        log_open(STDERR_FILENO, LOG_DEBUG);
    }
    close(ends[1]);
    return child;
}

void t_child_ends(void) { _exit(0); }

str t_aborted(const char *file, int line, const char *what, struct t_child child)
{
    char part[1024];
    int status = 0;
    struct buf said = buf_new(t_ctx()->mem, 64 * 1024);
    for (ssize_t n; (n = read(child.said, part, sizeof part)) > 0;)
        buf_add(&said, (str){ part, (size_t)n });
    close(child.said);
    waitpid(child.pid, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        _ck_assert_failed(file, line, what, "%s did not abort (status %x)\n%.*s", what, status,
            STR(buf_str(&said)));
    mark_point();
    return buf_str(&said);
}

void t_note_skip(const char *why, ...)
{
    va_list args;
    va_start(args, why);
    vsnprintf(t.shared->why, sizeof t.shared->why, why, args);
    va_end(args);
    t.shared->skipped = true;
}

void t_leave(const char *why, ...)
{
    va_list args;
    va_start(args, why);
    vsnprintf(t.shared->why, sizeof t.shared->why, why, args);
    va_end(args);
    t.shared->skipped = t.shared->left = true;
    ck_abort_msg("left");
    abort();
}

/* ---- what a test stands on ------------------------------------------------------------------ */

struct ctx *t_ctx(void) { return &t.ctx; }

static void set_up(void)
{
    t.mem = arena_new((size_t)64 << 20);
    t.ctx = (struct ctx){ .mem = t.mem, .id = S("test"), .lang = S("en"), .currency = S("THB") };
    if (!when_parse(S("2026-11-20T12:00:00Z"), &t.ctx.now))
        ck_abort_msg("the tests' own clock does not parse");
}

void t_at_end(void (*look)(void)) { t.at_end = look; }

/* Not a fixture's tear-down: one that fails there is not told apart from what it follows. */
static void to_the_end(int i)
{
    t.running->test.fn(i);
    if (t.at_end)
        t.at_end();
}

static void tear_down(void)
{
    t.at_end = NULL;
    arena_drop(t.mem);
    t.mem = NULL;
    log_open(-1, LOG_ERROR);
}

str t_json_of(const struct node *node)
{
    struct buf out = buf_new(t_ctx()->mem, (size_t)16 << 20);
    json_write(&out, node);
    return buf_str(&out);
}

static void remove_file(void *path) { unlink(path); }

const char *t_file(str text)
{
    const char *folder = getenv("TMPDIR");
    str path = str_fmt(t_ctx()->mem, "%s/talat-test-XXXXXX", folder ? folder : "/tmp");
    int fd = mkstemp((char *)(uintptr_t)path.p);
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        ck_abort_msg("no file for a test: %s", path.p);
    close(fd);
    DEFER(t_ctx()->mem, remove_file, (void *)(uintptr_t)path.p);
    return path.p;
}

/* The tests run in the house's top folder or in a build's. */
const char *t_data(void)
{
    const char *const folders[] = { getenv("TALAT_DATA"), "../shared/data",
        "../../../shared/data" };
    if (folders[0]) /* said so: no other will do */
        return access(folders[0], R_OK) == 0 ? folders[0] : NULL;
    for (size_t i = 1; i < COUNT(folders); i++)
        if (access(folders[i], R_OK) == 0)
            return folders[i];
    return NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

/* "base/str" of "../../t/base/str.c" */
static str suite_of(const char *file)
{
    str path = str_of(file);
    i64 at = str_starts(path, S("t/")) ? 0 : -1;
    for (size_t i = 0; i + 3 < path.n; i++)
        if (str_starts(str_from(path, i), S("/t/")))
            at = (i64)i + 1;
    path = str_from(path, at < 0 ? 0 : (size_t)at + 2);
    return str_ends(path, S(".c")) ? str_upto(path, path.n - 2) : path;
}

static bool is_chosen(const char *name, char **words)
{
    if (!*words)
        return true;
    for (; *words; words++)
        if (strchr(*words, '*') ? fnmatch(*words, name, 0) == 0 : strstr(name, *words) != NULL)
            return true;
    return false;
}

/* Each test in its own process; not under the sanitizers, where that costs too much and
 * hides where a leak came from. CK_FORK=yes or no decides otherwise. */
static enum fork_status forking(void)
{
#ifdef __SANITIZE_ADDRESS__
    return getenv("CK_FORK") ? CK_FORK_GETENV : CK_NOFORK;
#else
    return CK_FORK_GETENV;
#endif
}

static void say_why(SRunner *runner)
{
    TestResult **failures = srunner_failures(runner);
    str text = str_of(tr_msg(failures[0])), line;
    printf("# %s:%d:\n", tr_lfile(failures[0]), tr_lno(failures[0]));
    while (str_cut(&text, '\n', &line))
        printf("#   %.*s\n", STR(line));
    free(failures);
}

/* Says its line of TAP; true when it did not fail. */
static bool run(const struct t_case *one, int number, const char *name)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    TTest whole = one->test;
    whole.fn = to_the_end;
    t.running = one;
    *t.shared = (struct shared){ 0 };
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, &whole);
    suite_add_tcase(suite, tcase);
    srunner_set_fork_status(runner, forking());
    fflush(NULL);
    srunner_run_all(runner, CK_SILENT);
    bool ok = t.shared->left ||
              (srunner_ntests_failed(runner) == 0 && srunner_ntests_run(runner) == 1);
    printf("%sok %d - %s%s%s\n", ok ? "" : "not ", number, name,
        ok && t.shared->skipped ? " # SKIP " : "", ok && t.shared->skipped ? t.shared->why : "");
    if (!ok)
        say_why(runner);
    fflush(stdout);
    srunner_free(runner);
    return ok;
}

static int run_all(char **words, bool only_names)
{
    int n = 0, failed = 0;
    for (const struct t_case *one = t.first; one; one = one->next) {
        char name[200];
        snprintf(name, sizeof name, "%.*s/%s", STR(suite_of(one->test.file)), one->test.name);
        if (!is_chosen(name, words))
            continue;
        n++;
        if (only_names)
            puts(name);
        else
            failed += !run(one, n, name);
    }
    if (!only_names)
        printf("1..%d\n", n);
    return failed || !n;
}

int main(int argc, char **argv)
{
    if (argc > 2 && (strcmp(argv[1], "--pool") == 0 || strcmp(argv[1], "--check") == 0))
        return t_pool(argc, argv);
    bool only_names = argc > 1 && strcmp(argv[1], "--list") == 0;
    t.shared =
        mmap(NULL, sizeof *t.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t.shared == MAP_FAILED)
        return 2;
    log_open(-1, LOG_ERROR);
    return run_all(argv + 1 + only_names, only_names);
}
