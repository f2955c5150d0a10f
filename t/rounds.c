/* The doctor's rounds: what begins, lasts and ends is told once, in one mail, to those who run the
 * platform; and stands on their page. */
#include "gen/queries.h"
#include "ops/doctor_in.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"

#define ADMIN_ "admin@example.test"
#define ADMINS                                                                                     \
    t_int("select count(*) as n from auth.person where role in ('admin', 'super_admin') "          \
          "and blocked_at is null")

static struct node *nothing(void) { return node_list(t_ctx()->mem); }

static struct node *and_found(
    struct node *list, const char *check, const char *level, const char *what)
{
    struct node *row = node_add_map(t_ctx()->mem, list);
    node_set_str(t_ctx()->mem, row, S("check"), str_of(check));
    node_set_str(t_ctx()->mem, row, S("level"), str_of(level));
    node_set_str(t_ctx()->mem, row, S("what"), str_of(what));
    node_set_str(t_ctx()->mem, row, S("fix"), S("make room"));
    return list;
}

static struct node *found(const char *check, const char *level, const char *what)
{
    return and_found(nothing(), check, level, what);
}

static void begin(void)
{
    t_open();
    t_sql("delete from ops.finding; delete from ops.look; delete from notify.mail where template = "
          "'ops_findings'");
}

/* Looks at three of the checks, so long after the first time. */
static void round_at(i64 after, const struct node *findings)
{
    const str looked[] = { S("disk"), S("mail"), S("redis") };
    struct ctx c = *t_ctx();
    c.now = t_ctx()->now + after;
    c.scope = (struct scope){ .platform = true };
    must(rounds_note(&c, looked, COUNT(looked), findings));
}

static i64 mails(void)
{
    i64 n = t_int("select count(*) as n from notify.mail where template = 'ops_findings'");
    eq_int(n % ADMINS, 0);
    return n / ADMINS;
}

#define FULL     "pictures (/srv): 512 MB of 9000 MB are free"
#define FULL_NOW "pictures (/srv): 480 MB of 9000 MB are free"

T(OB_01_what_is_wrong_is_told_when_it_begins_each_day_and_when_it_is_over)
{
    begin();
    round_at(0, found("disk", "warning", FULL));
    eq_int(mails(), 0); /* once may be in passing */
    round_at(5 * MINUTE, found("disk", "warning", FULL_NOW));
    eq_int(mails(), 1);
    round_at(5 * MINUTE, found("disk", "warning", FULL_NOW));
    round_at(10 * MINUTE, found("disk", "warning", FULL));
    round_at(23 * HOUR, found("disk", "warning", FULL));
    eq_int(mails(), 1);
    eq_str(t_str("select what as s from ops.finding"), FULL);
    round_at(25 * HOUR, found("disk", "warning", FULL));
    round_at(26 * HOUR, found("disk", "warning", FULL));
    eq_int(mails(), 2);
    round_at(27 * HOUR, nothing());
    round_at(27 * HOUR + 5 * MINUTE, nothing());
    eq_int(mails(), 2); /* it may be back */
    round_at(27 * HOUR + 10 * MINUTE, nothing());
    eq_int(mails(), 3);
    round_at(27 * HOUR + 10 * MINUTE, nothing());
    round_at(60 * HOUR, nothing());
    eq_int(mails(), 3);
    eq_int(t_int("select count(*) as n from ops.finding where over_at is not null"), 1);
    round_at(70 * DAY, nothing());
    eq_int(t_int("select count(*) as n from ops.finding"), 0);
}

T(OB_01_a_warning_that_lasts_is_told_once_more_and_then_each_week)
{
    static const struct {
        i64 day, mails, wrongs;
    } days[] = { { 1, 2, 2 }, { 2, 2, 3 }, { 7, 2, 4 }, { 8, 3, 5 }, { 9, 3, 6 } };
    for (int wrong = 0; wrong < 2; wrong++) {
        begin();
        const struct node *one = found("disk", wrong ? "wrong" : "warning", FULL);
        round_at(0, one);
        round_at(5 * MINUTE, one);
        for (size_t i = 0; i < COUNT(days); i++) {
            round_at(days[i].day * DAY + HOUR, one);
            eq_int(mails(), wrong ? days[i].wrongs : days[i].mails);
        }
    }
}

T(OB_01_what_was_only_in_passing_is_told_to_nobody)
{
    begin();
    round_at(0, found("disk", "wrong", FULL));
    round_at(5 * MINUTE, nothing());
    round_at(30 * MINUTE, nothing());
    eq_int(mails(), 0);
    eq_int(t_int("select count(*) as n from ops.finding"), 0);
}

T(OB_01_what_comes_and_goes_is_told_to_be_over_after_two_hours)
{
    begin();
    for (i64 at = 0; at < 30 * MINUTE; at += 5 * MINUTE)
        round_at(at, at < 10 * MINUTE ? found("mail", "wrong", "it is away: refused") : nothing());
    eq_int(mails(), 2);
    for (i64 at = 30 * MINUTE; at < 170 * MINUTE; at += 5 * MINUTE)
        round_at(at, at % (20 * MINUTE) < 10 * MINUTE
                ? found("mail", "wrong", "it is away: too late") : nothing());
    eq_int(mails(), 3); /* that it is back */
    for (i64 at = 170 * MINUTE; at < 400 * MINUTE; at += 5 * MINUTE)
        round_at(at, nothing());
    eq_int(mails(), 4);
}

T(OB_01_what_gets_worse_is_told_at_once_and_hides_what_was_found_before)
{
    begin();
    round_at(0, found("redis", "warning", "maxmemory is 0: Redis may take all"));
    round_at(5 * MINUTE, found("redis", "warning", "maxmemory is 0: Redis may take all"));
    eq_int(mails(), 1);
    for (i64 at = 10 * MINUTE; at < HOUR; at += 5 * MINUTE) /* ... and nothing else can be asked */
        round_at(at, found("redis", "wrong", "Redis is away: the shop sells"));
    eq_int(mails(), 2);
    eq_int(t_int("select count(*) as n from ops.finding where over_at is null"), 2);
    round_at(HOUR, found("disk", "warning", FULL));
    round_at(HOUR + 5 * MINUTE, found("disk", "warning", FULL));
    eq_int(mails(), 3);
    round_at(HOUR + 10 * MINUTE, found("disk", "wrong", FULL));
    eq_int(mails(), 4);
}

T(OB_01_all_that_begins_in_a_round_is_one_mail_with_what_lasts)
{
    begin();
    for (i64 at = 0; at < 10 * MINUTE; at += 5 * MINUTE)
        round_at(at, found("disk", "wrong", FULL));
    for (i64 at = 10 * MINUTE; at < 20 * MINUTE; at += 5 * MINUTE)
        round_at(at, and_found(and_found(found("disk", "wrong", FULL), "mail", "wrong",
            "no <mail>"), "redis", "warning", "\xffno memory"));
    eq_int(mails(), 2);
    str mail = t_mail_to(S(ADMIN_));
    eq_int(t_int("select count(*) as n from notify.mail where template = 'ops_findings' and "
                 "state = 'sent'"), ADMINS);
    has_text(mail, "Something is wrong with the shop: Mail, Redis");
    has_text(mail, "Disks: " FULL);
    has_text(mail, "no <mail>");
    has_text(mail, "make room");
    has_text(mail, "/admin/health");
}

/* The first says nothing any more: a later one has all of it. */
T(OB_01_a_mail_that_comes_late_says_what_is_so_by_then)
{
    begin();
    for (i64 at = 0; at < 10 * MINUTE; at += 5 * MINUTE)
        round_at(at, found("mail", "wrong", "it is away: refused"));
    for (i64 at = 10 * MINUTE; at < 30 * MINUTE; at += 5 * MINUTE)
        round_at(at, nothing());
    eq_int(mails(), 2);
    str mail = t_mail_to(S(ADMIN_));
    has_text(mail, "No longer wrong with the shop: Mail");
    eq_int(t_int("select count(*) as n from notify.mail where template = 'ops_findings' and "
                 "state = 'sent'"), ADMINS);
}

/* ---- the checks ------------------------------------------------------------------------------ */

static void breaks(struct exam *e) { fail_detail(e->c, E_INTERNAL, "t.breaks", "it broke"); }
static void speaks(struct exam *e) { exam_say(e, WRONG, S("it is so"), S("mend it")); }

T(OB_01_a_check_that_breaks_says_nothing_and_stops_no_other)
{
    static const struct check broken = { "disk", "", breaks, HOUR, "" };
    static const struct check well = { "mail", "", speaks, HOUR, "" };
    begin();
    struct ctx c = *t_ctx();
    struct exam e = { .c = &c, .findings = nothing(), .by_clock = true };
    is_false(exam_run(&e, &broken));
    eq_int((i64)node_count(e.findings), 0);
    is_true(exam_run(&e, &well));
    eq_int((i64)node_count(e.findings), 1);
}

T(OB_01_no_word_of_others_is_kept_of_a_job_that_was_given_up)
{
    begin();
    t_sql("insert into work.job (kind, key, state, error) values ('t.told', 't.told', 'dead', "
          "'550 mali@example.test unknown')");
    struct ctx c = *t_ctx();
    struct exam e = { .c = &c, .findings = nothing(), .by_clock = true };
    c.scope = (struct scope){ .platform = true };
    check_queue(&e);
    str said = t_json_of(e.findings);
    has_text(said, "jobs were given up, the last: t.told");
    eq_int(str_find(said, S("mali")), -1);
}

/* For days, before it is given up. What one mail server puts off is no fault of the shop's. */
T(OB_01_a_job_that_fails_again_and_again_is_told_before_it_is_given_up)
{
    begin();
    struct ctx c = *t_ctx();
    struct exam e = { .c = &c, .findings = nothing(), .by_clock = true };
    c.scope = (struct scope){ .platform = true };
    t_sql("insert into work.job (kind, key, attempt, error) values"
          " ('t.late', 't.late', 9, 'mail.away: later'), ('t.new', 't.new', 2, 'input: no name')");
    check_queue(&e);
    eq_int(str_find(t_json_of(e.findings), S("eight times")), -1);
    t_sql("update work.job set attempt = 8 where key = 't.new'");
    check_queue(&e);
    has_text(t_json_of(e.findings), "1 jobs have failed eight times or more, the last: t.new");
}

/* All of them, of the shop as it stands, once; and again only those that are due. */
T(OB_01_a_round_looks_at_all_that_is_due)
{
    static const char jobs[] = "select count(*) as n from work.job where kind = 'ops.look'";
    begin();
    struct ctx *c = t_ctx();
    t_clock(when_now());
    t_cron("ops.look");
    eq_int(t_int("%s", jobs), 0); /* where shops are tried out nobody looks unasked */
    conf_put(c->mem, c->app->conf, "look_every_minutes", S("5"));
    t_cron("ops.look");
    t_cron("ops.look");
    eq_int(t_int("%s", jobs), 1);
    t_drain();
    eq_int(t_int("%s", jobs), 0);
    i64 n = 0;
    for (const struct check *check = doctor_checks; check->name; check++)
        n += check->every_us > 0;
    is_true(t_int("select count(*) as n from ops.look") >= n - 2); /* push may not be there */
    eq_int(t_int("select count(*) as n from ops.look where name in ('secrets', 'tables')"), 0);
    t_cron("ops.look");
    eq_int(t_int("%s", jobs), 0);
    conf_put(c->mem, c->app->conf, "look_every_minutes", S("0"));
}

static bool lists_check(const char *name)
{
    EACH(it, node_get(t_document(), S("checks")))
        if (str_is(node_str(&it->node, "name"), name))
            return true;
    return false;
}

/* Whichever takes the round: a full disk of one must not be over because another looked. */
T(OB_01_of_several_machines_the_clock_looks_at_what_they_share)
{
    begin();
    struct ctx *c = t_ctx();
    t_clock(when_now());
    for (i64 at = -DAY; at < -DAY + HOUR; at += 10 * MINUTE)
        round_at(at, at < -DAY + 20 * MINUTE ? found("disk", "wrong", FULL) : nothing());
    conf_put(c->mem, c->app->conf, "look_every_minutes", S("5"));
    conf_put(c->mem, c->app->conf, "other_nodes", S("127.0.0.1:1"));
    t_cron("ops.look");
    t_drain();
    eq_int(t_int("select count(*) as n from ops.look where name in ('database', 'queue')"), 2);
    eq_int(t_int("select count(*) as n from ops.look where name in ('disk', 'workers', 'tls', "
                 "'backups')"),
        0);
    /* ... and says so: what was found before on one of them is over, and still has its name. */
    t_login(ADMIN_);
    t_get("/admin/health.json");
    t_json("past.0.area", "Disks");
    is_true(!lists_check("disk") && lists_check("database"));
    conf_put(c->mem, c->app->conf, "other_nodes", S(""));
    conf_put(c->mem, c->app->conf, "look_every_minutes", S("0"));
}

T(OB_01_two_nodes_that_are_away_are_two_findings)
{
    begin();
    round_at(0, and_found(found("redis", "wrong", "nginx does not answer at 10.0.0.2:8081: pages"),
                    "redis", "wrong", "nginx does not answer at 10.0.0.3:8081: pages"));
    eq_int(t_int("select count(*) as n from ops.finding"), 2);
}

/* As the first of the page's list, which is returned. */
static str id_there(void)
{
    t_get("/admin/health.json");
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(&node_first(node_get(t_document(), S("findings")))->node, "id"));
}

static void say_known(str id, const char *known, int status)
{
    t_post(str_fmt(t_ctx()->mem, "/admin/health/%.*s", STR(id)).p,
        str_fmt(t_ctx()->mem, "known=%s", known).p);
    t_status(status);
}

T(OB_01_of_what_somebody_knows_nobody_hears_until_it_is_worse)
{
    begin();
    round_at(0, found("disk", "warning", FULL));
    round_at(5 * MINUTE, found("disk", "warning", FULL));
    eq_int(mails(), 1);
    t_login(ADMIN_);
    str id = id_there();
    t_json("findings.0.knownAt", "null");
    say_known(id, "yes", 303);
    t_header("Location", "/admin/health?done=known");
    eq_int(t_int("select count(*) as n from ops.finding where known_at is not null"), 1);
    t_get("/th/admin/health");
    t_html("button[value=no]");
    t_no_html("button[value=yes]");
    eq_int(t_int("select count(*) as n from audit.entry where thing = 'ops.finding' "
                 "and action = 'known'"),
        1);
    round_at(25 * HOUR, found("disk", "warning", FULL));
    round_at(9 * DAY, found("disk", "warning", FULL));
    eq_int(mails(), 1);
    round_at(9 * DAY + 5 * MINUTE, and_found(found("disk", "warning", FULL), "mail", "wrong", "away"));
    round_at(9 * DAY + 10 * MINUTE, and_found(found("disk", "warning", FULL), "mail", "wrong", "away"));
    eq_int(mails(), 2);
    eq_int(t_int("select count(*) as n from ops.finding where told_at = news_at and name = 'disk'"), 1);
    round_at(10 * DAY, and_found(found("disk", "wrong", FULL), "mail", "wrong", "away"));
    eq_int(mails(), 3);
    eq_int(t_int("select count(*) as n from ops.finding where known_at is not null"), 0);
}

T(OB_01_what_somebody_knows_is_counted_by_nobody_and_ends_in_silence)
{
    begin();
    round_at(0, found("disk", "wrong", FULL));
    round_at(5 * MINUTE, found("disk", "wrong", FULL));
    t_login(ADMIN_);
    str id = id_there();
    say_known(id, "yes", 303);
    say_known(id, "yes", 303); /* twice is once */
    say_known(id, "no", 303);
    t_header("Location", "/admin/health?done=told");
    round_at(25 * HOUR, found("disk", "wrong", FULL));
    eq_int(mails(), 2);
    say_known(id, "yes", 303);
    t_get("/admin");
    t_no_text("Something is wrong with the shop or its machine");
    round_at(26 * HOUR, and_found(nothing(), "mail", "wrong", "away"));
    round_at(26 * HOUR + 5 * MINUTE, and_found(nothing(), "mail", "wrong", "away"));
    eq_int(mails(), 3);
    round_at(27 * HOUR, and_found(nothing(), "mail", "wrong", "away"));
    eq_int(mails(), 3);
    eq_int(t_int("select count(*) as n from ops.finding where over_at is not null"), 1);
    struct node *told; /* ... also in a mail of something else, then */
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    t_sql("update ops.finding set told_at = o.over_at from ops.finding o where o.name = 'disk' "
          "and ops.finding.name = 'mail'");
    must(q_ops_told(&c, &told, t_int("select (extract(epoch from over_at) * 1000000)::bigint as n "
                                     "from ops.finding where over_at is not null")));
    eq_int(node_count(told), 1);
    say_known(id, "no", 404); /* it is over */
}

T(OB_01_what_is_known_before_it_is_told_stays_known_and_what_comes_down_and_up_again_too)
{
    begin();
    round_at(0, found("disk", "wrong", FULL));
    t_login(ADMIN_);
    say_known(id_there(), "yes", 303);
    round_at(5 * MINUTE, nothing());
    round_at(10 * MINUTE, found("disk", "warning", FULL));
    round_at(15 * MINUTE, found("disk", "wrong", FULL));
    round_at(25 * HOUR, found("disk", "wrong", FULL));
    eq_int(mails(), 0);
    eq_int(t_int("select count(*) as n from ops.finding where known_at is not null"), 1);
}

T(OB_01_only_who_runs_the_platform_says_what_is_lived_with)
{
    begin();
    round_at(0, found("disk", "wrong", FULL));
    t_login(ADMIN_);
    str id = id_there();
    say_known(S("nothing"), "yes", 404);
    say_known(id, "perhaps", 422);
    t_browser();
    say_known(id, "yes", 303); /* to the login */
    t_login("shopper@example.test");
    say_known(id, "yes", 403);
    eq_int(t_int("select count(*) as n from ops.finding where known_at is not null"), 0);
}

/* ---- the page -------------------------------------------------------------------------------- */

T(OB_01_admins_read_what_is_wrong_and_merchants_do_not)
{
    begin();
    t_get("/admin/health");
    t_status(303);
    t_other_shop();
    t_login("shopper@example.test");
    t_get("/admin/health");
    t_status(403);
    t_get("/admin/health.json");
    t_status(403);
    t_get("/admin");
    t_no_html("a[href='/admin/health']");
    t_browser();
    t_login(ADMIN_);
    t_get("/admin/health");
    t_status(200);
    t_no_html(".finding");
    round_at(0, and_found(found("disk", "wrong", FULL), "mail", "warning", "late & slow"));
    t_get("/admin");
    t_html("a[href='/admin/health']");
    t_text("Something is wrong with the shop or its machine");
    t_text("<b>2</b>");
    t_get("/th/admin/health");
    t_status(200);
    t_html(".finding");
    t_text("late &amp; slow");
    t_get("/admin/health.json");
    t_json("findings.0.name", "disk");
    t_json("findings.0.level", "wrong");
    t_json("findings.0.what", FULL);
    t_json("findings.0.fix", "make room");
    t_json("findings.1.area", "Mail");
    t_json("isLate", "false");
}
