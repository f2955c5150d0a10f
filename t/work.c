/* The back door: outbox, queue, clock, refresh. */
#include "t/shop.h"
#include "gen/queries.h"
#include "work/work_in.h"
#include <stdlib.h>

static struct {
    int ran, failing; /* the next `failing` runs fail */
    i64 subjects[20];
    char data[1000];
} seen;

static int note(struct ctx *c, const struct job *job)
{
    if (seen.ran < 20)
        seen.subjects[seen.ran] = job->subject;
    seen.ran++;
    str data = str_upto(t_json_of(job->data), sizeof seen.data - 1); /* gone with the job */
    memcpy(seen.data, data.p, data.n);
    seen.data[data.n] = '\0';
    is_true(c->scope.platform);
    if (seen.failing-- > 0)
        return fail_detail(c, E_PROVIDER, "t.note", "not this time");
    return E_OK;
}

static const struct job_kind kinds[] = { { "t.note", note, .tries = 3 }, { 0 } };
static const struct job_kind *const jobs[] = { kinds, NULL };
static const struct reader readers[] = { { "order.*", "t.note" }, { "order.created", "t.more" },
    { 0 } };

static struct ctx *house(void)
{
    struct ctx *c = t_ctx();
    t_open();
    memset(&seen, 0, sizeof seen);
    c->app->jobs = jobs;
    c->app->readers = readers;
    c->scope = (struct scope){ .platform = true };
    t_sql("delete from work.job; delete from work.outbox; delete from work.sequence");
    return c;
}

static void add(const char *key, i64 subject)
{
    must(job_add(t_ctx(), "t.note", str_of(key), 0, subject, NULL, 0));
}

static bool run_one(void)
{
    bool ran;
    must(queue_run_one(t_ctx(), &ran));
    return ran;
}

/* ---- outbox --------------------------------------------------------------------------------- */

T(events_are_numbered_per_organisation_without_gaps)
{
    struct ctx *c = house();
    i64 n;
    static const i64 whose[] = { 1, 2, 1, 0, 2, 1 };
    for (size_t i = 0; i < COUNT(whose); i++)
        must(outbox_tell(c, "product.changed", whose[i], 7, NULL));
    must(outbox_read(c, 4, &n));
    eq_int(n, 4);
    must(outbox_read(c, 4, &n));
    eq_int(n, 2);
    eq_str(t_str("select string_agg(coalesce(organisation_id, 0) || ':' || coalesce(seq, 0), ' ' "
                 "order by id) as s from work.outbox"),
        "1:1 2:1 1:2 0:0 2:2 1:3");
    t_prove();
}

T(an_event_is_read_once)
{
    struct ctx *c = house();
    i64 n;
    must(outbox_tell(c, "order.updated", 1, 7, NULL));
    must(outbox_read(c, 10, &n));
    eq_int(n, 1);
    must(outbox_read(c, 10, &n));
    eq_int(n, 0);
    eq_int(t_int("select count(*) as n from work.job"), 1);
}

T(each_reader_gets_one_job_per_event)
{
    struct ctx *c = house();
    i64 n;
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("orderStatus"), S("pending"));
    must(outbox_tell(c, "order.created", 1, 7, data));
    must(outbox_read(c, 10, &n));
    eq_str(t_str("select string_agg(kind, ' ' order by kind) as s from work.job"), "t.more t.note");
    eq_int(t_int("select count(*) as n from work.job j, work.outbox o where j.key = "
                 "j.kind || ':' || o.id and j.subject_id = 7 and j.organisation_id = 1"), 2);
    is_true(run_one());
    has_text(seen.data, "\"event\":\"order.created\"");
    has_text(seen.data, "\"orderStatus\":\"pending\"");
}

T(nobody_hears_what_nobody_asked_for)
{
    struct ctx *c = house();
    i64 n;
    must(outbox_tell(c, "orders.created", 1, 7, NULL)); /* not "order." */
    must(outbox_read(c, 10, &n));
    eq_int(n, 1);
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

T(an_event_too_large_is_refused_where_it_is_told)
{
    struct ctx *c = house();
    struct node *data = node_map(c->mem);
    char *long_text = arena_take(c->mem, 70000);
    memset(long_text, 'x', 70000);
    node_set_str(c->mem, data, S("text"), (str){ long_text, 61000 });
    eq_err(outbox_tell(c, "order.updated", 1, 7, data), E_INTERNAL);
    fault_clear(c);
    eq_err(job_add(c, "t.note", S("k"), 0, 0, data, 0), E_OK);
    node_set_str(c->mem, data, S("text"), (str){ long_text, 70000 });
    eq_err(job_add(c, "t.note", S("l"), 0, 0, data, 0), E_INTERNAL);
}

T(read_events_are_forgotten_after_a_month_and_unread_ones_never)
{
    struct ctx *c = house();
    i64 n;
    must(outbox_tell(c, "order.updated", 1, 1, NULL));
    must(outbox_read(c, 10, &n));
    must(outbox_tell(c, "order.updated", 1, 2, NULL));
    t_sql("update work.outbox set created_at = now() - interval '31 days'");
    c->now = when_now();
    must(work_crons[1].run(c));
    eq_int(t_int("select subject_id as n from work.outbox"), 2);
}

/* ---- queue ---------------------------------------------------------------------------------- */

T(the_same_key_is_one_job)
{
    house();
    add("once", 1);
    add("once", 2);
    is_true(run_one());
    is_false(run_one());
    eq_int(seen.ran, 1);
    eq_int(seen.subjects[0], 1);
    add("once", 3); /* done: it may be wanted again */
    is_true(run_one());
}

T(the_job_due_longest_goes_first)
{
    house();
    add("a", 1);
    add("b", 2);
    add("c", 3);
    t_sql("update work.job set run_at = now() - subject_id * interval '1 minute'");
    while (run_one())
        continue;
    eq_int(seen.subjects[0], 3);
    eq_int(seen.subjects[1], 2);
    eq_int(seen.subjects[2], 1);
}

T(a_job_for_later_waits)
{
    struct ctx *c = house();
    i64 us;
    must(job_add(c, "t.note", S("later"), 0, 1, NULL, when_now() + 5 * SECOND));
    is_false(run_one());
    must(queue_wait_us(c, 60 * SECOND, &us));
    is_true(us > 3 * SECOND && us <= 5 * SECOND);
    must(queue_wait_us(c, SECOND, &us));
    eq_int(us, SECOND);
}

T(a_failed_job_waits_twice_as_long_each_time)
{
    house();
    seen.failing = 2;
    add("again", 1);
    is_true(run_one());
    eq_str(t_str("select state as s from work.job"), "ready");
    eq_str(t_str("select error as s from work.job"), "t.note: not this time");
    i64 wait = t_int("select (extract(epoch from run_at - clock_timestamp()) * 1000)::bigint as n "
                     "from work.job");
    is_true(wait > 700 && wait <= 1000);
    t_sql("update work.job set run_at = now()");
    is_true(run_one());
    wait = t_int("select (extract(epoch from run_at - clock_timestamp()) * 1000)::bigint as n "
                 "from work.job");
    is_true(wait > 1400 && wait <= 2000);
    t_sql("update work.job set run_at = now()");
    is_true(run_one());
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

T(a_job_that_always_fails_becomes_a_dead_letter_and_can_be_revived)
{
    struct ctx *c = house();
    seen.failing = 3;
    add("dead", 1);
    for (int i = 0; i < 3; i++) {
        is_true(run_one());
        t_sql("update work.job set run_at = now()");
    }
    is_false(run_one());
    eq_str(t_str("select state as s from work.job"), "dead");
    add("dead", 2); /* lies there under its key */
    eq_int(t_int("select count(*) as n from work.job"), 1);
    must(q_work_revive(c, NULL, t_int("select id as n from work.job")));
    is_true(run_one());
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

T(a_job_of_no_known_kind_is_a_dead_letter_at_once)
{
    struct ctx *c = house();
    must(job_add(c, "t.unheard_of", S("x"), 0, 1, NULL, 0));
    is_true(run_one());
    eq_str(t_str("select state as s from work.job"), "dead");
    has_text(t_str("select error as s from work.job"), "no such kind");
}

T(the_job_of_a_dead_worker_is_taken_over)
{
    struct ctx *c = house();
    add("orphan", 1);
    t_sql("update work.job set state = 'running', attempt = 1, worker = '1', "
          "lease_until = clock_timestamp() + interval '1 minute'");
    must(queue_take_over(c));
    is_false(run_one());
    t_sql("update work.job set lease_until = clock_timestamp() - interval '1 second'");
    must(queue_take_over(c));
    is_true(run_one());
    eq_int(seen.ran, 1);
}

T(who_takes_a_dead_workers_place_takes_up_its_job_at_once)
{
    struct ctx *c = house();
    add("orphan", 1);
    add("of another", 2);
    t_sql("update work.job set state = 'running', attempt = 1, lease_until = clock_timestamp() "
          "+ interval '1 minute', worker = case key when 'orphan' then 'here:7:1' else 'here:7:2' "
          "end");
    c->app->worker = S("here:7:1");
    must(queue_take_back(c, true));
    is_true(run_one());
    is_false(run_one());
    eq_int(seen.subjects[0], 1);
    eq_int(t_int("select deaths as n from work.job"), 0);
    c->app->worker = S("here:7:2"); /* the database was away: nobody died */
    must(queue_take_back(c, false));
    eq_int(t_int("select deaths as n from work.job"), 0);
    is_true(run_one());
    c->app->worker = str_none;
}

T(a_job_that_kills_five_workers_is_buried_and_one_that_failed_often_is_not)
{
    struct ctx *c = house();
    add("killer", 1);
    for (int i = 0; i < 5; i++) {
        eq_str(t_str("select state as s from work.job"), "ready");
        t_sql("update work.job set state = 'running', attempt = attempt + 1, "
              "lease_until = clock_timestamp() - interval '1 second'");
        must(queue_take_over(c));
    }
    eq_str(t_str("select state as s from work.job"), "dead");
    t_sql("delete from work.job");
    add("unlucky", 1);
    t_sql("update work.job set state = 'running', attempt = 9, "
          "lease_until = clock_timestamp() - interval '1 second'");
    must(queue_take_over(c));
    eq_str(t_str("select state as s from work.job"), "ready");
}

T(a_worker_that_lost_its_lease_has_nothing_to_finish)
{
    struct ctx *c = house();
    i64 changed;
    add("slow", 1);
    t_sql("update work.job set state = 'running', attempt = 2");
    must(q_work_finish(c, &changed, t_int("select id as n from work.job"), 1));
    eq_int(changed, 0);
    must(q_work_finish(c, &changed, t_int("select id as n from work.job"), 2));
    eq_int(changed, 1);
}

T(the_queues_age_is_that_of_its_oldest_due_job)
{
    struct ctx *c = house();
    eq_int(work_queue_age_us(c), 0);
    add("old", 1);
    t_sql("update work.job set run_at = clock_timestamp() - interval '10 seconds'");
    is_true(work_queue_age_us(c) >= 10 * SECOND);
    t_sql("update work.job set run_at = clock_timestamp() + interval '10 seconds'");
    eq_int(work_queue_age_us(c), 0);
}

T(a_job_is_added_with_its_transaction_or_not_at_all)
{
    struct ctx *c = house();
    must(pg_begin(c));
    add("gone", 1);
    pg_end(c, E_CONFLICT);
    is_false(run_one());
}

/* ---- the clock ---------------------------------------------------------------------------------- */

static int ticked, fails;
static int tick(struct ctx *c)
{
    (void)c;
    ticked++;
    return E_OK;
}
static int trip(struct ctx *c)
{
    fails++;
    return fail_detail(c, E_INTERNAL, "t.trip", "fell");
}
static const struct cron own_crons[] = { { "t.trip", HOUR, trip }, { "t.tick", HOUR, tick }, { 0 } };
static const struct cron *const crons[] = { own_crons, NULL };

T(a_cron_runs_once_per_tick_for_two_workers_and_missed_times_once)
{
    struct ctx *c = house();
    c->app->crons = crons;
    ticked = fails = 0;
    must(cron_know(c));
    must(cron_run_due(c)); /* never run before: due */
    must(cron_run_due(c)); /* the other worker */
    eq_int(ticked, 1);
    eq_int(fails, 1); /* and the one that fails stopped nobody */
    t_sql("update work.cron set last_run = last_run - interval '3 hours 1 minute' "
          "where name = 't.tick'");
    must(cron_run_due(c));
    must(cron_run_due(c));
    eq_int(ticked, 2);
    must(cron_know(c)); /* knowing it again changes nothing */
    must(cron_run_due(c));
    eq_int(ticked, 2);
}

/* ---- refresh ------------------------------------------------------------------------------------- */

T(pages_are_refreshed_at_once_and_two_seconds_later)
{
    struct ctx *c = house();
    const str tags[] = { S("product:12"), S("category:3") };
    must(refresh_tags(c, tags, 2, S("event:5")));
    must(refresh_tags(c, tags, 2, S("event:5")));
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.pages'"), 2);
    eq_int(t_int("select count(*) as n from work.job where run_at <= clock_timestamp()"), 1);
    eq_int(t_int("select count(*) as n from work.job where run_at > clock_timestamp() + interval "
                 "'1 second' and run_at <= clock_timestamp() + interval '2 seconds'"), 1);
    eq_str(t_str("select data ->> 'tags' as s from work.job limit 1"),
        "[\"product:12\", \"category:3\"]");
}
