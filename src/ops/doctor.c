/* The doctor: a table of checks, each small, each with words for what to do. It changes nothing
 * and asks nothing of anybody that costs more than an answer. Called by hand, and by the clock
 * (rounds.c). */
#include "ops/doctor_in.h"
#include <stdio.h>

#define MOST_TEXT ((size_t)1 << 20)
#define OFTEN     MINUTE /* in each round */

static const char *const LEVELS[] = { "ok", "warning", "wrong" };

/* By the clock is looked at what goes wrong by itself. What only root sees, or only changes when
 * somebody changes it, or is in the way for a while when all is well (an index that is being made)
 * is for whoever runs the doctor. What costs more, and who answers from outside, is asked less
 * often. */
const struct check doctor_checks[] = {
    { "settings", "every setting is one that is known", check_settings, 0, NULL },
    { "mode", "nothing of a demo stands in a production shop", check_mode, 0, NULL },
    { "secrets", "secrets are their owner's alone", check_secrets, 0, NULL },
    { "tls", "the shop is reached by https, its certificate holds", check_tls, HOUR,
        SAYS("Certificate"), true },
    { "parts", "no newer version of what the shop stands on is known", check_parts, 0, NULL },
    { "logs", "the log is also kept where an intruder cannot reach it", check_logs, 0, NULL },
    { "disk", "there is room on the disks, and the services may write there", check_disk, OFTEN,
        SAYS("Disks"), true },
    { "database", "the database answers and keeps what it is told", check_database, OFTEN,
        SAYS("Database") },
    { "schema", "the schema is up to date", check_schema, OFTEN, SAYS("Database schema") },
    { "tables", "tables and indexes are in shape", check_tables, 0, NULL },
    { "queries", "no query is slow", check_queries, 0, NULL },
    { "redis", "Redis answers and keeps sessions over a restart", check_redis, OFTEN, "Redis" },
    { "nginx", "nginx answers over its inner socket", check_nginx, OFTEN, "nginx" },
    { "workers", "the programs run", check_workers, OFTEN, SAYS("Programs"), true },
    { "queue", "jobs and events are done in time", check_queue, OFTEN, SAYS("Jobs") },
    { "selling", "orders can be placed in each currency, and where the shop is", check_selling,
        HOUR, SAYS("Ordering") },
    { "holds", "no stock is held for longer than was said", check_holds, OFTEN,
        SAYS("Kept stock") },
    { "mail", "mail can be sent", check_mail, 15 * MINUTE, SAYS("Mail") },
    { "sms", "text messages can be sent", check_sms, HOUR, SAYS("Text messages") },
    { "provider", "the payment provider takes our key", check_provider, 15 * MINUTE,
        SAYS("Payment provider") },
    { "logins", "the providers that people log in by answer", check_logins, HOUR,
        SAYS("Logins by other providers") },
    { "passwords", "the list of breached passwords is in order", check_passwords, HOUR,
        SAYS("List of breached passwords") },
    { "countries", "the map of addresses tells countries, and is fresh", check_countries, HOUR,
        SAYS("Map of countries") },
    { "webhooks", "the provider's news come in", check_webhooks, HOUR,
        SAYS("The payment provider's news") },
    { "clock", "the clocks agree", check_clock, HOUR, SAYS("Clocks") },
    { "backups", "backups are fresh and were tried", check_backups, HOUR, SAYS("Backups"), true },
    { "sealed", "what should be sealed is", check_sealed, DAY, SAYS("Keys and sealed data") },
    { "people", "somebody can log in to the back office", check_people, HOUR, SAYS("Staff") },
    { 0 },
};

static void add(struct exam *e, enum ill level, bool is_looked_at, str what, str fix)
{
    e->said++;
    if (level == WELL && e->is_quiet)
        return;
    struct node *found = node_add_map(e->c->mem, e->findings);
    node_set_str(e->c->mem, found, S("check"), str_of(e->check));
    node_set_str(e->c->mem, found, S("level"), str_of(LEVELS[level]));
    node_set_bool(e->c->mem, found, S("is_looked_at"), is_looked_at);
    node_set_str(e->c->mem, found, S("what"), what);
    node_set_str(e->c->mem, found, S("fix"), fix);
    if (level > e->worst)
        e->worst = level;
}

void exam_say(struct exam *e, enum ill level, str what, str fix) { add(e, level, true, what, fix); }

/* Not a level of its own: whoever reads the JSON and knows three alarms nobody. */
void exam_skip(struct exam *e, str why)
{
    add(e, WELL, false, str_fmt(e->c->mem, "not looked at: %.*s", STR(why)), str_none);
}

const char *exam_fault(struct exam *e)
{
    str why = e->c->fault.detail.n ? e->c->fault.detail : e->c->fault.text;
    fault_clear(e->c);
    return str_c(e->c->mem, why);
}

bool exam_run(struct exam *e, const struct check *check)
{
    size_t before = node_count(e->findings);
    e->check = check->name;
    e->said = 0;
    e->c->scope = (struct scope){ .platform = true };
    check->run(e);
    bool is_told = !e->said || node_count(e->findings) > before; /* not only that it is as before */
    bool is_known = is_told && e->c->fault.code == E_OK;
    fault_clear(e->c);
    return is_known;
}

/* {check, level (ok, warning, wrong), is_looked_at, what, fix} each; gives the worst level: 0, 1,
 * 2. */
static int examine(struct ctx *c, bool is_quiet, struct node **findings)
{
    struct exam e = { .c = c, .findings = node_list(c->mem), .is_quiet = is_quiet };
    for (const struct check *check = doctor_checks; check->name; check++) {
        exam_run(&e, check);
        if (!e.said)
            exam_say(&e, WELL, str_of(check->title), str_none);
    }
    *findings = e.findings;
    return (int)e.worst;
}

static void write_text(const struct node *findings, struct buf *out)
{
    i64 wrong = 0, warnings = 0;
    EACH(it, findings) {
        str level = node_str(&it->node, "level"), fix = node_str(&it->node, "fix"), line;
        wrong += str_is(level, "wrong");
        warnings += str_is(level, "warning");
        str shown = node_bool(&it->node, "is_looked_at") ? level : S("--");
        buf_fmt(out, "%-8.*s %-9.*s %.*s\n", STR(shown), STR(node_str(&it->node, "check")),
            STR(node_str(&it->node, "what")));
        while (fix.n && str_cut(&fix, '\n', &line))
            buf_fmt(out, "                   -> %.*s\n", STR(line));
    }
    buf_fmt(out, "%" PRId64 " wrong, %" PRId64 " warnings\n", wrong, warnings);
}

int doctor_command(struct ctx *c, int argc, char **argv)
{
    struct buf out = buf_new(c->mem, MOST_TEXT);
    bool json = false, is_quiet = false;
    struct node *findings, *document = node_map(c->mem);
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--quiet"))
            is_quiet = true;
        else {
            fprintf(stderr, "usage: talatctl doctor [--quiet] [--json]\n");
            return 2;
        }
    int worst = examine(c, is_quiet, &findings);
    node_set(c->mem, document, S("findings"), findings);
    node_set_str(c->mem, document, S("worst"), str_of(LEVELS[worst]));
    if (json)
        json_write(&out, document);
    else if (!is_quiet || node_count(findings))
        write_text(findings, &out);
    printf("%.*s%s", STR(buf_str(&out)), json ? "\n" : "");
    return worst;
}
