/* metrics.c: counters in files under run_dir, mapped by every process of the machine. Each
 * process adds to a row of its own, so nobody waits; whoever is asked sums all rows of all
 * files. A restart keeps the counts; another route table or another version begins anew. */
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "web/web_in.h"

/* X(name, type, help) */
#define METRICS(X)                                                                                 \
    X("limited_total", "counter", "Requests refused because they came too often")                  \
    X("requests_shed_total", "counter", "Requests answered busy: they had waited too long")        \
    X("limits_local_total", "counter", "Limits counted by one worker alone: Redis was away")       \
    X("alerts_total", "counter", "Things that looked wrong and were told to the admins")           \
    X("csp_reports_total", "counter", "Reports of browsers about what a page's policy forbade")    \
    X("logins_total", "counter", "Logins that were let in")                                        \
    X("logins_new_device_total", "counter", "Logins on a device that is new to the account")       \
    X("logins_slowed_total", "counter", "Logins told to wait: too many wrong passwords")           \
    X("logins_failed_total", "counter", "Logins with a wrong password or account")                 \
    X("logins_shed_total", "counter", "Logins answered busy: all password checks were taken")      \
    X("refresh_reused_total", "counter", "Used refresh tokens shown again: that login was ended")  \
    X("sessions_rebuilt_total", "counter", "Sessions made again from their device row")            \
    X("account_copies_total", "counter", "Copies of their data that people have taken")            \
    X("account_erased_total", "counter", "People who were erased at their wish")                   \
    X("vault_broken_total", "counter", "Sealed values that do not open though their key is there") \
    X("orders_placed_total", "counter", "Orders placed")                                           \
    X("hoarding_refused_total", "counter", "Orders refused: too much is kept unpaid for one buyer") \
    X("payments_total", "counter", "Payments captured")                                            \
    X("disputes_total", "counter", "Payments that buyers' banks took back")                        \
    X("webhooks_total", "counter", "Provider events taken in")                                     \
    X("webhooks_refused_total", "counter", "Provider events with a wrong signature")               \
    X("jobs_total", "counter", "Jobs run to their end")                                            \
    X("jobs_failed_total", "counter", "Job tries that failed")                                     \
    X("jobs_dead_total", "counter", "Jobs given up")                                               \
    X("mails_total", "counter", "Mails handed over")                                               \
    X("sms_total", "counter", "Text messages handed over")                                         \
    X("sms_refused_total", "counter", "Text messages the provider refused")                        \
    X("sms_limited_total", "counter", "Text messages not sent, as enough had gone out")            \
    X("push_total", "counter", "Messages pushed to open pages")                                    \
    X("refreshes_total", "counter", "Kept pages rendered anew")                                    \
    X("node_failures_total", "counter", "Times another node did not take a message or a page")     \
    X("provider_errors_total", "counter", "Calls to a provider that failed")                       \
    X("worker_starts_total", "counter", "Workers started")                                         \
    X("worker_deaths_total", "counter", "Workers that died of a signal")                           \
    X("worker_hung_total", "counter", "Workers killed because they no longer answered")

static const struct {
    const char *name, *type, *help;
} known[] = {
#define X(name, type, help) { name, type, help },
    METRICS(X)
#undef X
};
static const i64 bounds_us[] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 10000000 };

enum { CLASSES = 4, ROUTES = 400, SLOTS = 256, MAGIC = 0x54414c33 };

struct row { /* one process's */
    _Atomic i64 known[COUNT(known)];
    _Atomic i64 requests[ROUTES + 1][CLASSES]; /* 2xx 3xx 4xx 5xx; the last row: no route */
    _Atomic i64 us[ROUTES + 1];
    _Atomic i64 took[COUNT(bounds_us) + 1];
    _Atomic i64 took_us, db_us, bytes;
};
struct sheet { /* one program's file */
    uint64_t layout;
    i64 slots;
    struct row rows[];
};
struct metrics {
    struct sheet *sheet;
    struct row *mine;
    str dir;
    uint64_t layout;
};

/* Says whether a file's rows mean what ours mean. */
static uint64_t layout_of(struct app *app)
{
    struct buf out = buf_new(app->mem, 256 << 10);
    buf_fmt(&out, "%d|%zu|", MAGIC, sizeof(struct row));
    for (size_t i = 0; i < router_count(app->router); i++)
        buf_fmt(&out, "%s|", router_row(app->router, i)->path);
    return str_hash(buf_str(&out));
}

static struct sheet *map_file(const char *path, size_t size, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0640);
    struct stat is;
    if (fd < 0)
        return NULL;
    void *at = MAP_FAILED;
    bool right = fstat(fd, &is) == 0 &&
        (is.st_size == (off_t)size || ((flags & O_CREAT) && ftruncate(fd, (off_t)size) == 0));
    if (right)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

bool metrics_open(struct app *app, const char *program, int slots)
{
    struct metrics *m = NEW(app->mem, struct metrics);
    str path = str_fmt(app->mem, "%.*s/metrics.%s", STR(app->run_dir), program);
    size_t size = sizeof(struct sheet) + (size_t)slots * sizeof(struct row);
    m->dir = app->run_dir;
    m->layout = layout_of(app);
    m->sheet = map_file(path.p, size, O_RDWR);
    if (!m->sheet || m->sheet->layout != m->layout) {
        unlink(path.p);
        m->sheet = map_file(path.p, size, O_RDWR | O_CREAT | O_EXCL);
    }
    if (!m->sheet)
        return false;
    m->sheet->layout = m->layout;
    m->sheet->slots = slots;
    m->mine = &m->sheet->rows[0];
    app->metrics = m;
    return true;
}

void metrics_slot(struct app *app, int slot)
{
    struct metrics *m = app->metrics;
    if (m && slot >= 0 && slot < m->sheet->slots)
        m->mine = &m->sheet->rows[slot];
}

static void more(_Atomic i64 *at, i64 n) { atomic_fetch_add_explicit(at, n, memory_order_relaxed); }

void metric_add(struct app *app, const char *name, i64 n)
{
    if (!app || !app->metrics)
        return;
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0) {
            more(&app->metrics->mine->known[i], n);
            return;
        }
    log_line(NULL, LOG_WARN, "metric", "unknown", str_of(name), NULL); /* a row is missing */
}

void metrics_request(struct app *app, size_t route, int status, i64 us, i64 db_us, i64 bytes)
{
    struct row *row = app->metrics ? app->metrics->mine : NULL;
    size_t class = status < 300 ? 0 : status < 400 ? 1 : status < 500 ? 2 : 3, b = 0;
    if (!row)
        return;
    if (route > ROUTES)
        route = ROUTES;
    while (b < COUNT(bounds_us) && us > bounds_us[b])
        b++;
    more(&row->requests[route][class], 1);
    more(&row->us[route], us);
    more(&row->took[b], 1);
    more(&row->took_us, us);
    more(&row->db_us, db_us);
    more(&row->bytes, bytes);
}

/* ---- the text
 * ------------------------------------------------------------------------------------- */

static i64 seen(_Atomic i64 *at) { return atomic_load_explicit(at, memory_order_relaxed); }

static void sum_row(struct row *sum, struct row *row)
{
    for (size_t i = 0; i < COUNT(known); i++)
        more(&sum->known[i], seen(&row->known[i]));
    for (size_t i = 0; i <= ROUTES; i++) {
        for (size_t k = 0; k < CLASSES; k++)
            more(&sum->requests[i][k], seen(&row->requests[i][k]));
        more(&sum->us[i], seen(&row->us[i]));
    }
    for (size_t i = 0; i <= COUNT(bounds_us); i++)
        more(&sum->took[i], seen(&row->took[i]));
    more(&sum->took_us, seen(&row->took_us));
    more(&sum->db_us, seen(&row->db_us));
    more(&sum->bytes, seen(&row->bytes));
}

static void sum_file(struct metrics *m, struct arena *mem, const char *name, struct row *sum)
{
    str path = str_fmt(mem, "%.*s/%s", STR(m->dir), name);
    struct stat is;
    if (stat(path.p, &is) || is.st_size < (off_t)(sizeof(struct sheet) + sizeof(struct row)))
        return;
    struct sheet *sheet = map_file(path.p, (size_t)is.st_size, O_RDWR);
    if (!sheet)
        return;
    size_t room = ((size_t)is.st_size - sizeof *sheet) / sizeof(struct row);
    if (sheet->layout == m->layout)
        for (size_t i = 0; i < (size_t)sheet->slots && i < room; i++)
            sum_row(sum, &sheet->rows[i]);
    munmap(sheet, (size_t)is.st_size);
}

static struct row *sum_all(struct metrics *m, struct arena *mem)
{
    struct row *sum = NEW(mem, struct row);
    DIR *dir = opendir(str_c(mem, m->dir));
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (strncmp(e->d_name, "metrics.", 8) == 0)
            sum_file(m, mem, e->d_name, sum);
    if (dir)
        closedir(dir);
    return sum;
}

static void text_requests(struct app *app, struct row *sum, struct buf *out)
{
    static const char *const classes[CLASSES] = { "2xx", "3xx", "4xx", "5xx" };
    buf_add(out,
        S("# HELP talat_requests_total Requests answered\n"
          "# TYPE talat_requests_total counter\n"));
    for (size_t i = 0; i <= ROUTES; i++)
        for (size_t k = 0; k < CLASSES; k++) {
            i64 n = seen(&sum->requests[i][k]);
            if (!n)
                continue;
            const struct route *row =
                i < router_count(app->router) ? router_row(app->router, i) : NULL;
            str methods = row ? methods_text(out->mem, row->methods) : S("-"), first = methods;
            str_cut(&methods, ',', &first);
            buf_fmt(out,
                "talat_requests_total{method=\"%.*s\",route=\"%s\",status=\"%s\"} %" PRId64 "\n",
                STR(first), row ? row->path : "-", classes[k], n);
        }
    buf_add(out,
        S("# HELP talat_route_seconds_total Time spent by route\n"
          "# TYPE talat_route_seconds_total counter\n"));
    for (size_t i = 0; i < router_count(app->router) && i < ROUTES; i++)
        if (seen(&sum->us[i])) {
            const struct route *row = router_row(app->router, i);
            str methods = methods_text(out->mem, row->methods), first = methods;
            str_cut(&methods, ',', &first);
            buf_fmt(out, "talat_route_seconds_total{method=\"%.*s\",route=\"%s\"} %.6f\n",
                STR(first), row->path, (double)seen(&sum->us[i]) / 1e6);
        }
}

static void text_durations(struct row *sum, struct buf *out)
{
    i64 n = 0;
    buf_add(out,
        S("# HELP talat_request_seconds Time in the worker\n"
          "# TYPE talat_request_seconds histogram\n"));
    for (size_t i = 0; i <= COUNT(bounds_us); i++) {
        n += seen(&sum->took[i]);
        if (i < COUNT(bounds_us))
            buf_fmt(out, "talat_request_seconds_bucket{le=\"%g\"} %" PRId64 "\n",
                (double)bounds_us[i] / 1e6, n);
    }
    buf_fmt(out,
        "talat_request_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n"
        "talat_request_seconds_sum %.6f\ntalat_request_seconds_count %" PRId64 "\n",
        n, (double)seen(&sum->took_us) / 1e6, n);
    buf_fmt(out,
        "# HELP talat_db_seconds_total Time spent waiting for PostgreSQL\n"
        "# TYPE talat_db_seconds_total counter\ntalat_db_seconds_total %.6f\n"
        "# HELP talat_body_bytes_total Bytes of bodies answered\n"
        "# TYPE talat_body_bytes_total counter\ntalat_body_bytes_total %" PRId64 "\n",
        (double)seen(&sum->db_us) / 1e6, seen(&sum->bytes));
}

void metrics_text(struct app *app, struct arena *mem, struct buf *out)
{
    if (!app->metrics)
        return;
    struct row *sum = sum_all(app->metrics, mem);
    for (size_t i = 0; i < COUNT(known); i++)
        buf_fmt(out, "# HELP talat_%s %s\n# TYPE talat_%s %s\ntalat_%s %" PRId64 "\n",
            known[i].name, known[i].help, known[i].name, known[i].type, known[i].name,
            seen(&sum->known[i]));
    text_requests(app, sum, out);
    text_durations(sum, out);
}
