/* What the shop does for its own safety by itself: the daily backup, the weekly drill, who hears
 * of it, and who is warned when it stays away. The mail of a run tells what the last one of its
 * kind has found. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include "work/work.h"
#include <stdio.h>
#include <unistd.h>

#define MOST_REPORT ((size_t)256 << 10)
#define LEASE       (6 * HOUR)
#define SEAL_US     (20 * SECOND)
#define REST        (3 * HOUR) /* after one that was given up */
#define TRIES       3

/* ---- settings and marks ------------------------------------------------------------------------
 */

str care_folder(const struct app *app)
{
    return conf_str(app->conf, "backup_dir", S("/var/lib/talat/backup"));
}

i64 care_keep(const struct app *app)
{
    i64 keep = conf_int(app->conf, "backup_keep", 7);
    return keep < 1 ? 1 : keep;
}

/* In production by itself; where shops are tried out, when it is asked for. */
i64 care_backup_every(const struct app *app)
{
    return conf_int(app->conf, "backup_every_hours", app->production ? 24 : 0) * HOUR;
}

i64 care_drill_every(const struct app *app)
{
    return conf_int(app->conf, "drill_every_days", app->production ? 7 : 0) * DAY;
}

str ops_cache_dir(const struct app *app)
{
    return conf_str(app->conf, "cache_dir", S("/var/lib/talat/cache"));
}

int care_note(struct ctx *c, str mark, str text) { return q_ops_put_mark(c, NULL, mark, text); }

/* A time that is yet to come was set by a clock that went wrong: until then nothing would be due,
 * and nobody warned. */
int care_when(struct ctx *c, str mark, when *at)
{
    struct node *row;
    *at = 0;
    TRY(q_ops_mark(c, &row, mark));
    if (row && (!when_parse(node_str(row, "value"), at) || *at > when_now() + HOUR))
        *at = 0;
    return E_OK;
}

/* ---- runs, by the job workers
 * --------------------------------------------------------------------- */

static str mark_report(struct ctx *c, str kind)
{
    return str_fmt(c->mem, "report:%.*s", STR(kind));
}

int care_tell(struct ctx *c, const char *template, str cause)
{
    struct node *admins;
    TRY(auth_admins(c, &admins));
    EACH(it, admins) {
        struct notify_to to = { .person = node_int(&it->node, "id"),
            .email = node_str(&it->node, "email"),
            .lang = node_str(&it->node, "lang") };
        TRY(notify_mail(
            c, template, str_fmt(c->mem, "%.*s:%" PRId64, STR(cause), to.person), &to));
    }
    return E_OK;
}

static int tell(struct ctx *c, str kind, bool good, const struct buf *report)
{
    TRY(care_note(c, mark_report(c, kind),
        str_fmt(c->mem, "%s\n%.*s", good ? "good" : "bad", STR(buf_str(report)))));
    return care_tell(c, "ops_report", str_fmt(c->mem, "%.*s:%" PRId64, STR(kind), when_now()));
}

static void add_fault(struct buf *report, const struct ctx *c)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    buf_fmt(report, "FAILED: %.*s\n", STR(why));
}

/* A backup that went well is no news; the drill's mail says of when it is. */
static int backup_job(struct ctx *c, const struct job *job)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    str made;
    int err = backup_make(c, care_folder(c->app), false, &report, &made);
    if (!err || job->attempt < TRIES)
        return err;
    add_fault(&report, c);
    struct ctx own = *c;
    tell(&own, S("backup"), false, &report);
    return err;
}

static int drill_job(struct ctx *c, const struct job *job)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    int err = drill_run(c, care_folder(c->app), &report);
    if (err && job->attempt < TRIES)
        return err;
    if (err)
        add_fault(&report, c);
    struct ctx own = *c;
    int told = tell(&own, S("drill"), !err, &report);
    return err ? err : told;
}

int care_closed(struct ctx *c, i64 *n, when *at)
{
    struct node *row;
    *n = *at = 0;
    TRY(q_ops_mark(c, &row, MARK_CLOSED));
    str text = node_str(row, "value"), number;
    if (!str_cut(&text, ' ', &number) || !str_int(number, n) || !when_parse(text, at))
        *n = *at = 0;
    return E_OK;
}

/* What a version of before left plain, a little at a time. What is left when nothing could be
 * sealed is closed for good (its owner's key was destroyed) or broken. */
static int seal_job(struct ctx *c, const struct job *job)
{
    i64 n, left, began = when_ticks();
    (void)job;
    TRY(vault_plain(c, &left));
    TRY(vault_hide(c, SEAL_US, &n));
    if (n)
        log_line(c, LOG_INFO, "sealed", "values", str_fmt(c->mem, "%" PRId64, n), NULL);
    if (n || when_ticks() - began >= SEAL_US)
        return E_OK;
    str now = when_rfc3339(c->mem, c->now);
    return care_note(c, MARK_CLOSED, str_fmt(c->mem, "%" PRId64 " %.*s", left, STR(now)));
}

JOBS(ops){
    { "ops.seal", seal_job, .tries = 1, .rank = RANK_LAST },
    { "ops.pictures", pictures_drop, .rank = RANK_LAST, .lease_us = 10 * MINUTE },
    { "ops.backup", backup_job, .tries = TRIES, .lease_us = LEASE },
    { "ops.drill", drill_job, .tries = TRIES, .lease_us = LEASE },
    END_OF_JOBS,
};

/* ---- the clock
 * ------------------------------------------------------------------------------------ */

static int due(struct ctx *c, str mark, i64 every, const char *job)
{
    when last;
    if (!every)
        return E_OK;
    TRY(care_when(c, mark, &last));
    return c->now - last < every - 5 * MINUTE ? E_OK : job_add_again(c, job, REST);
}

static int backup_due(struct ctx *c)
{
    return due(c, MARK_BACKUP, care_backup_every(c->app), "ops.backup");
}

/* Not before there is anything to restore, and not beside a backup. */
static int drill_due(struct ctx *c)
{
    when last;
    struct node *row;
    TRY(care_when(c, MARK_BACKUP, &last));
    TRY(q_ops_may_drill(c, &row));
    return last && node_bool(row, "yes")
        ? due(c, MARK_DRILL, care_drill_every(c->app), "ops.drill") : E_OK;
}

/* What cannot be sealed is tried again once a day. */
static int seal_due(struct ctx *c)
{
    i64 left, closed;
    when tried;
    struct node *row;
    TRY(q_ops_may_seal(c, &row, c->now - DAY));
    if (!node_bool(row, "yes"))
        return E_OK;
    TRY(vault_plain(c, &left));
    TRY(care_closed(c, &closed, &tried));
    bool is_due = left && (left != closed || c->now - tried >= DAY);
    return is_due ? job_add_again(c, "ops.seal", REST) : E_OK;
}

static int pictures_due(struct ctx *c) { return job_add_again(c, "ops.pictures", REST); }

CRONS(ops){
    { "ops.seal", MINUTE, seal_due },
    { "ops.pictures", DAY, pictures_due },
    { "ops.backup", 30 * MINUTE, backup_due },
    { "ops.drill", 30 * MINUTE, drill_due },
    END_OF_CRONS,
};

/* ---- the mail
 * ------------------------------------------------------------------------------------- */

static int mail_report(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *row;
    str kind, cause = node_str(mail, "cause"), text, result;
    str_cut(&cause, ':', &kind);
    TRY(q_ops_mark(c, &row, mark_report(c, kind)));
    text = node_str(row, "value");
    str_cut(&text, '\n', &result);
    bool good = str_is(result, "good");
    const char *subject = !str_is(kind, "drill") ? SAYS("The shop's backup FAILED")
        : good                                   ? SAYS("The restore drill went well")
                                                 : SAYS("The restore drill FAILED");
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"), say(c, subject));
    node_set_str(c->mem, *document, S("text"), text);
    node_set_bool(c->mem, *document, S("good"), good);
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder ops_mails[];
const struct notify_builder ops_mails[] = {
    { "ops_report", mail_report },
    { 0 },
};

/* ---- who is warned
 * -------------------------------------------------------------------------------- */

static void warn(struct ctx *c, struct node *list, const char *text, str path)
{
    struct node *row = node_add_map(c->mem, list);
    node_set_str(c->mem, row, S("text"), say(c, text));
    node_set_str(c->mem, row, S("path"), path);
}

int ops_warn(struct req *r, struct node *list)
{
    struct ctx *c = &r->c;
    when backup, drill;
    i64 every = care_backup_every(c->app), drilled = care_drill_every(c->app);
    if (r->who.role < ADMIN)
        return E_OK;
    if (ops_ill(r))
        warn(c, list, SAYS("Something is wrong with the shop or its machine. See what, and what to do."),
            S("/admin/health"));
    TRY(care_when(c, MARK_BACKUP, &backup));
    TRY(care_when(c, MARK_DRILL, &drill));
    if (every && c->now - backup > 2 * every)
        warn(c, list, SAYS("The last backup of the shop is too old. See: talatctl doctor"),
            str_none);
    if (drilled && backup && c->now - drill > 2 * drilled)
        warn(c, list, SAYS("No backup was restored on trial for too long. See: talatctl doctor"),
            str_none);
    return E_OK;
}

static void gauge(struct buf *out, const char *name, const char *help, when at)
{
    buf_fmt(out, "# HELP talat_%s %s\n# TYPE talat_%s gauge\ntalat_%s %" PRId64 "\n", name, help,
        name, name, at / SECOND);
}

/* In seconds since 1970; 0: never. Left out while the database is away. */
void ops_care_metrics(struct ctx *c, struct buf *out)
{
    when backup, drill;
    if (care_when(c, MARK_BACKUP, &backup) || care_when(c, MARK_DRILL, &drill)) {
        fault_clear(c);
        return;
    }
    gauge(out, "backup_last_success", "When the last backup was made", backup);
    gauge(out, "drill_last_success", "When a backup was last restored and proved", drill);
}

/* ---- commands
 * --------------------------------------------------------------------------------------- */

static int end(struct ctx *c, const struct buf *report, const char *what, int err)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    printf("%.*s", STR(buf_str(report)));
    if (err)
        fprintf(stderr, "talatctl: %s: %.*s\n", what, STR(why));
    return err ? 1 : 0;
}

static str absolute(struct ctx *c, const char *path)
{
    char here[4096];
    return path[0] == '/' || !getcwd(here, sizeof here) ? str_of(path)
                                                        : str_fmt(c->mem, "%s/%s", here, path);
}

int backup_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    str folder = care_folder(c->app), made;
    bool with_secrets = false;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--with-secrets"))
            with_secrets = true;
        else if (!strcmp(argv[i], "--to") && i + 1 < argc)
            folder = absolute(c, argv[++i]);
        else
            return 2;
    c->scope.platform = true;
    int err = backup_make(c, folder, with_secrets, &report, &made);
    if (!err && with_secrets)
        buf_add(&report, S("it holds the shop's secret and configuration: keep it like them\n"));
    else if (!err)
        buf_add(&report,
            S("without the shop's secret, master key and talat.conf: keep those apart, or say "
              "--with-secrets; and keep the file keys that lies beside it\n"));
    return end(c, &report, "no backup was made", err);
}

int restore_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    struct ops_how how = { 0 };
    const char *path = NULL;
    i64 broken = 0;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--replace"))
            how.replace = true;
        else if (!strcmp(argv[i], "--with-secrets"))
            how.with_secrets = true;
        else if (!strcmp(argv[i], "--without-names"))
            how.without_names = true;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return 2;
    if (!path)
        return 2;
    int err = ops_restore(c, absolute(c, path), how, &report, &broken);
    int code = end(c, &report, "nothing was restored", err);
    return code ? code : broken != 0;
}

int drill_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    (void)argv;
    if (argc != 1)
        return 2;
    c->scope.platform = true;
    return end(c, &report, "the drill failed", drill_run(c, care_folder(c->app), &report));
}
