/* The doctor's rounds: its checks by the clock, by one job worker at a time. What is found wrong is
 * a row from the first round that saw it until it is over; those who run the platform get one mail
 * for all that begins or ends in a round, with what lasts beside it, and one each day it lasts, or
 * week, unless somebody says in the back office that they know. The rest is there, too. Where the
 * database is away nothing of this can be: /health says that. */
#include "audit/audit.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "ops/doctor_in.h"
#include "work/work.h"

#define MOST_CHECKS 64
#define MOST_FOUND  100
#define ROUND_WALL  (3 * MINUTE) /* what has not had its turn by then is the next round's first */
#define ROUND_LEASE HOUR /* so the first worker leaves it to the others: it waits for those outside */
#define REST        (10 * MINUTE) /* of one that was given up: it may kill its worker */
#define EARLY       (30 * SECOND) /* a job may begin late once, and in time the next time */
#define LEVELS      3
#define OPAQUE      "finding"

static const char *const levels[LEVELS] = { "ok", "warning", "wrong" };

i64 rounds_every(const struct app *app)
{
    return conf_int(app->conf, "look_every_minutes", app->production ? 5 : 0) * MINUTE;
}

/* Of several machines the worker of any takes the round: what is wrong on one would be over whenever
 * another looked. There `talatctl doctor` looks at each. */
static i64 every_of(const struct app *app, const struct check *check)
{
    bool is_alone = !conf_str(app->conf, "other_nodes", str_none).n;
    return is_alone || !check->is_machines ? check->every_us : 0;
}

static size_t by_clock(const struct app *app, str *names)
{
    size_t n = 0;
    for (const struct check *check = doctor_checks; check->name && n < MOST_CHECKS; check++)
        if (every_of(app, check))
            names[n++] = str_of(check->name);
    return n;
}

static const struct check *check_of(str name)
{
    for (const struct check *check = doctor_checks; check->name; check++)
        if (str_is(name, check->name) && check->area)
            return check;
    return NULL;
}

/* ---- what was found -------------------------------------------------------------------------- */

/* An address "10.0.0.2:8081" is which, not how many. */
static bool is_address(str word)
{
    size_t dots = 0;
    for (size_t i = 0; i < word.n; i++)
        dots += word.p[i] == '.';
    return dots >= 3;
}

static void add_mark(struct buf *out, str word)
{
    bool keeps = is_address(word);
    for (size_t i = 0; i < word.n; i++) {
        bool is_digit = word.p[i] >= '0' && word.p[i] <= '9';
        if (keeps || !is_digit)
            buf_char(out, word.p[i]);
        else if (!i || word.p[i - 1] < '0' || word.p[i - 1] > '9')
            buf_char(out, '#');
    }
}

/* "pictures (/srv/media): 512 MB of 9000 MB are free": in the next round the same has other
 * numbers, and after the colon maybe other words of somebody's. */
static str mark_of(struct arena *mem, str what)
{
    i64 end = str_find(what, S(": "));
    str text = str_letters_upto(end < 0 ? what : str_upto(what, (size_t)end), 200);
    struct buf out = buf_new(mem, 201);
    for (str word; text.n && str_cut(&text, ' ', &word);) {
        if (buf_str(&out).n)
            buf_char(&out, ' ');
        add_mark(&out, word);
    }
    return buf_str(&out);
}

struct found {
    str names[MOST_FOUND], marks[MOST_FOUND], levels[MOST_FOUND], whats[MOST_FOUND],
        fixes[MOST_FOUND];
    size_t n;
};

static void take(struct arena *mem, const struct node *findings, struct found *f)
{
    EACH(it, findings) {
        str level = node_str(&it->node, "level");
        if (str_is(level, levels[WELL]) || f->n == MOST_FOUND)
            continue;
        str what = str_well_formed(mem, node_str(&it->node, "what"));
        str fix = str_well_formed(mem, node_str(&it->node, "fix"));
        f->names[f->n] = node_str(&it->node, "check");
        f->marks[f->n] = mark_of(mem, what);
        f->levels[f->n] = level;
        f->whats[f->n] = str_letters_upto(what, 1000);
        f->fixes[f->n++] = str_letters_upto(fix, 2000);
    }
}

struct round {
    const str *looked;
    size_t n;
    struct found found;
};

static int note(struct ctx *c, void *with)
{
    const struct round *r = with;
    const struct found *f = &r->found;
    struct node *row;
    str every[MOST_CHECKS];
    size_t n = by_clock(c->app, every);
    TRY(q_ops_lock_findings(c, &row));
    TRY(q_ops_looked(c, NULL, r->looked, r->n, every, n, c->now));
    TRY(q_ops_found(c, NULL, f->names, f->n, f->marks, f->n, f->levels, f->n, f->whats, f->n,
        f->fixes, f->n, c->now));
    TRY(q_ops_not_found(c, NULL, r->looked, r->n, every, n, c->now));
    TRY(q_ops_tell(c, &row, c->now));
    i64 news = node_int(row, "news"), over = node_int(row, "over");
    if (news || over)
        log_line(c, LOG_WARN, "doctor", "begun", str_fmt(c->mem, "%" PRId64, news), "over",
            str_fmt(c->mem, "%" PRId64, over), NULL);
    if (!news && !over && !node_int(row, "due"))
        return E_OK;
    return care_tell(c, "ops_findings", str_fmt(c->mem, "%" PRId64, c->now));
}

int rounds_note(struct ctx *c, const str *looked, size_t n, const struct node *findings)
{
    struct round *r = NEW(c->mem, struct round);
    r->looked = looked;
    r->n = n;
    take(c->mem, findings, &r->found);
    return pg_tx(c, note, r);
}

/* ---- the round ------------------------------------------------------------------------------- */

/* A time that is yet to come was a clock's that went wrong. */
static bool is_due(struct ctx *c, const struct node *look, i64 every)
{
    when at = 0;
    when_parse(node_str(look, "looked_at"), &at);
    return c->now - at >= every - EARLY || at > c->now + MINUTE;
}

/* What was never looked at, then what was not for longest: none is always the last. What is wrong
 * is looked at sooner: it may be over, or was only in passing. */
static size_t due(struct ctx *c, const struct node *looks, const struct check **out)
{
    size_t n = 0;
    for (const struct check *check = doctor_checks; check->name && n < MOST_CHECKS; check++) {
        bool is_old = !every_of(c->app, check);
        EACH(it, looks)
            is_old |= str_is(node_str(&it->node, "name"), check->name);
        if (!is_old)
            out[n++] = check;
    }
    EACH(it, looks) {
        const struct check *check = check_of(node_str(&it->node, "name"));
        i64 every = check ? every_of(c->app, check) : 0;
        i64 sooner = node_bool(&it->node, "is_ill") ? 12 : 1;
        if (every && n < MOST_CHECKS && is_due(c, &it->node, every / sooner))
            out[n++] = check;
    }
    return n;
}

static int look(struct ctx *c, const struct job *job)
{
    struct node *looks;
    struct exam e = { .c = c, .findings = node_list(c->mem), .by_clock = true };
    const struct check *checks[MOST_CHECKS];
    str looked[MOST_CHECKS];
    size_t n = 0;
    i64 began = when_ticks();
    (void)job;
    TRY(q_ops_looks(c, &looks));
    size_t most = due(c, looks, checks);
    for (size_t i = 0; i < most && when_ticks() - began < ROUND_WALL; i++)
        if (exam_run(&e, checks[i]))
            looked[n++] = str_of(checks[i]->name);
    c->scope = (struct scope){ .platform = true };
    return rounds_note(c, looked, n, e.findings);
}

static int look_due(struct ctx *c)
{
    struct node *row;
    i64 every = rounds_every(c->app);
    if (!every)
        return E_OK;
    TRY(q_ops_ill(c, &row));
    return is_due(c, row, every) ? job_add_again(c, "ops.look", REST) : E_OK;
}

JOBS(ops_rounds){
    { "ops.look", look, .tries = 3, .lease_us = ROUND_LEASE },
    END_OF_JOBS,
};

CRONS(ops_rounds){
    { "ops.look", MINUTE, look_due },
    END_OF_CRONS,
};

/* ---- the mail -------------------------------------------------------------------------------- */

static str area_of(struct ctx *c, str name)
{
    const struct check *check = check_of(name);
    return check ? say(c, check->area) : name;
}

static void name_areas(struct ctx *c, const struct node *rows)
{
    EACH(it, rows)
        node_set_str(c->mem, (struct node *)&it->node, S("area"),
            area_of(c, node_str(&it->node, "name")));
}

/* Each area of a list, once. */
static str areas_in(struct ctx *c, const struct node *rows)
{
    struct buf out = buf_new(c->mem, 200);
    str last = str_none;
    EACH(it, rows) {
        str area = node_str(&it->node, "area");
        if (!str_eq(area, last))
            buf_fmt(&out, "%s%.*s", out.n ? ", " : "", STR(area));
        last = area;
    }
    return buf_str(&out);
}

/* One that comes late says what is so by then: what a later one says is not said twice. */
static int mail_findings(struct ctx *c, const struct node *mail, struct node **document)
{
    struct node *rows;
    str at, cause = node_str(mail, "cause");
    i64 told = 0;
    str_cut(&cause, ':', &at);
    if (str_int(at, &told))
        TRY(q_ops_told(c, &rows, told));
    if (!told || !node_count(rows))
        return fail_detail(c, E_GONE, "ops.told", "a later mail says it");
    name_areas(c, rows);
    *document = node_map(c->mem);
    struct node *fresh = node_set_list(c->mem, *document, S("fresh"));
    struct node *lasting = node_set_list(c->mem, *document, S("lasting"));
    struct node *over = node_set_list(c->mem, *document, S("over"));
    EACH(it, rows) {
        const struct node *row = &it->node;
        node_add(c->mem,
            node_bool(row, "is_over") ? over : node_bool(row, "is_new") ? fresh : lasting,
            (struct node *)row);
    }
    const char *subject = node_count(fresh) ? SAYS("Something is wrong with the shop")
        : !node_count(over)                 ? SAYS("Something is still wrong with the shop")
                                            : SAYS("No longer wrong with the shop");
    const struct node *about = node_count(fresh) ? fresh : node_count(over) ? over : lasting;
    node_set_str(c->mem, *document, S("subject"),
        str_fmt(c->mem, "%.*s: %.*s", STR(say(c, subject)), STR(areas_in(c, about))));
    node_set_str(c->mem, *document, S("desk_url"), auth_url(c, S("/admin/health")));
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder ops_rounds_mails[];
const struct notify_builder ops_rounds_mails[] = {
    { "ops_findings", mail_findings },
    { 0 },
};

/* ---- the page -------------------------------------------------------------------------------- */

static enum ill worst_of(const struct node *findings, const char *name)
{
    enum ill worst = WELL;
    EACH(it, findings)
        for (size_t i = 0; i < LEVELS; i++)
            if (i > worst && str_is(node_str(&it->node, "name"), name) &&
                str_is(node_str(&it->node, "level"), levels[i]))
                worst = i;
    return worst;
}

/* For the page. */
static void show_level(struct ctx *c, struct node *row)
{
    str level = node_str(row, "level");
    node_hide(node_set_bool(c->mem, row, S("is_wrong"), str_is(level, "wrong")));
    node_hide(node_set_bool(c->mem, row, S("is_warning"), str_is(level, "warning")));
    node_hide(node_set_bool(c->mem, row, S("is_well"),
        str_is(level, "ok") && !node_is_null(row, "looked_at")));
}

static void dress(struct ctx *c, struct node *finding)
{
    show_level(c, finding);
    node_set_str(c->mem, finding, S("id"),
        crypto_opaque(c->mem, c->app->secret, OPAQUE, node_int(finding, "id")));
}

static void add_checks(struct ctx *c, struct node *list, const struct node *looks,
    const struct node *findings)
{
    for (const struct check *check = doctor_checks; check->name; check++) {
        if (!every_of(c->app, check))
            continue;
        struct node *row = node_add_map(c->mem, list);
        node_set_str(c->mem, row, S("name"), str_of(check->name));
        node_set_str(c->mem, row, S("area"), say(c, check->area));
        node_set_str(c->mem, row, S("level"), str_of(levels[worst_of(findings, check->name)]));
        node_set_null(c->mem, row, S("looked_at"));
        EACH(it, looks)
            if (str_is(node_str(&it->node, "name"), check->name))
                node_set_str(c->mem, row, S("looked_at"), node_str(&it->node, "looked_at"));
        show_level(c, row);
    }
}

static const struct done dones[] = {
    { "known", SAYS("You know of it: no mail will come of it until it is worse.") },
    { "told", SAYS("Mails will come of it as long as it lasts.") },
};

int rounds_show(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem), *findings, *past, *looks, *row;
    i64 every = rounds_every(c->app);
    c->scope = (struct scope){ .person = me(r), .platform = true };
    TRY(q_ops_findings(c, &findings));
    TRY(q_ops_past_findings(c, &past));
    TRY(q_ops_looks(c, &looks));
    TRY(q_ops_ill(c, &row));
    name_areas(c, findings);
    name_areas(c, past);
    EACH(it, findings)
        dress(c, (struct node *)&it->node);
    node_set(c->mem, document, S("findings"), findings);
    node_set(c->mem, document, S("past"), past);
    add_checks(c, node_set_list(c->mem, document, S("checks")), looks, findings);
    node_set(c->mem, document, S("looked_at"), node_get(row, S("looked_at")));
    node_set_int(c->mem, document, S("every_minutes"), every / MINUTE);
    node_set_bool(c->mem, document, S("is_late"), every && is_due(c, row, 3 * every + MINUTE));
    node_hide(node_set_str(c->mem, document, S("notice"), done_text(r, dones, COUNT(dones))));
    return reply_with(r, document);
}

static bool knows(const struct req *r) { return str_is(in_str(r, "known"), "yes"); }

static int know_work(struct ctx *c, void *with)
{
    struct req *r = with;
    struct node *row, *data = node_map(c->mem);
    i64 id;
    if (!crypto_unopaque(c->app->secret, OPAQUE, in_path(r, "id"), &id))
        return fail(c, E_MISSING, "ops.finding", "There is no such finding.");
    TRY(q_ops_know(c, &row, id, knows(r), c->now));
    if (!row)
        return fail(c, E_MISSING, "ops.finding", "There is no such finding, or it is over.");
    node_set(c->mem, data, S("name"), node_get(row, S("name")));
    return audit_tell(c, "settings", knows(r) ? "known" : "not_known", "ops.finding",
        str_fmt(c->mem, "%" PRId64, id), data);
}

int rounds_know(struct req *r)
{
    TRY(pg_tx_platform(&r->c, know_work, r));
    return see_other(r, knows(r) ? S("/admin/health?done=known") : S("/admin/health?done=told"));
}

/* ---- how much it is -------------------------------------------------------------------------- */

/* False when the database does not say. */
static bool count(struct ctx *c, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_ops_ill(c, row);
    c->scope = before;
    if (err)
        fault_clear(c);
    return !err;
}

/* Not kept: who says that they know sees the menu count less on the next page, of any worker. */
i64 ops_ill(struct req *r)
{
    struct node *row;
    return count(&r->c, &row) ? node_int(row, "wrong") + node_int(row, "warnings") : 0;
}

static void gauge(struct buf *out, const char *level, i64 n)
{
    buf_fmt(out, "talat_findings{level=\"%s\"} %" PRId64 "\n", level, n);
}

void rounds_metrics(struct ctx *c, struct buf *out)
{
    struct node *row;
    when at = 0;
    if (!count(c, &row))
        return;
    when_parse(node_str(row, "looked_at"), &at);
    buf_fmt(out, "# HELP talat_findings What the doctor found wrong by the clock\n"
                 "# TYPE talat_findings gauge\n");
    gauge(out, levels[WRONG], node_int(row, "wrong"));
    gauge(out, levels[WARNING], node_int(row, "warnings"));
    buf_fmt(out, "# HELP talat_findings_known ... of which somebody said they know; not among those\n"
                 "# TYPE talat_findings_known gauge\ntalat_findings_known %" PRId64 "\n",
        node_int(row, "known"));
    buf_fmt(out, "# HELP talat_looked_last When the doctor looked last\n"
                 "# TYPE talat_looked_last gauge\ntalat_looked_last %" PRId64 "\n", at / SECOND);
}
