/* The back door: outbox, queue, clock, refresh. */
#include "t/shop.h"
#include "gen/queries.h"
#include "io/io.h"
#include "t/io/server.h"
#include "work/work_in.h"
#include <stdlib.h>
#include <time.h>

static struct {
    int ran, failing; /* the next `failing` runs fail */
    int together;     /* how many were given in one go */
    const char *why;
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
        return fail_detail(c, E_PROVIDER, "t.note", "%s", seen.why ? seen.why : "not this time");
    return E_OK;
}

static int note_and_be_done(struct ctx *c, const struct job *job)
{
    must(pg_begin(c));
    must(job_done(c, job));
    return pg_end(c, note(c, job));
}

static int note_slowly(struct ctx *c, const struct job *job)
{
    nanosleep(&(struct timespec){ 1, 50000000 }, NULL);
    return note(c, job);
}

/* What the others' clock does meanwhile. */
static int note_beside_others(struct ctx *c, const struct job *job)
{
    must(queue_take_over(c));
    eq_str(t_str("select state as s from work.job"), "running");
    return note(c, job);
}

/* Even ones are plain; beside a 13 nothing is. */
static int note_plain(struct ctx *c, const struct job *job, size_t n, bool *done)
{
    seen.together += (int)n;
    is_true(c->scope.platform);
    for (size_t i = 0; i < n; i++) {
        done[i] = job[i].subject % 2 == 0;
        if (job[i].subject == 13)
            return fail_detail(c, E_INTERNAL, "t.plain", "not beside this one");
    }
    return E_OK;
}

static const struct job_kind kinds[] = { { "t.backup", note, .lease_us = 6 * HOUR },
    { "t.drill", note_beside_others, .lease_us = 6 * HOUR },
    { "t.mail", note_slowly, .rank = RANK_LAST, .is_quick = true },
    { "t.many_pages", note_slowly, .rank = RANK_PAGES }, { "t.note", note, .tries = 3 },
    { "t.quick", note, .tries = 3, .is_quick = true },
    { "t.plain", note, note_plain, .tries = 3, .is_quick = true },
    { "t.tx", note_and_be_done, .tries = 3, .is_quick = true },
    { "t.first", note, .rank = RANK_FIRST }, { "t.pages", note, .rank = RANK_PAGES },
    { "t.last", note, .rank = RANK_LAST }, { 0 } };
static const struct job_kind *const jobs[] = { kinds, NULL };
static const struct reader readers[] = { { "order.*", "t.note" }, { "order.created", "t.more" },
    { "stock.moved", "t.note", .unless = "isPlenty" }, { 0 } };

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

static i64 run_many(i64 most)
{
    struct turn t = { .wait_us = 0 };
    must(queue_turn(t_ctx(), &t, most));
    must(queue_tell(t_ctx(), &t));
    return t.ran;
}

static bool run_one(void) { return run_many(1) == 1; }

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
                 "j.kind || ':' || o.id and j.subject_id = 7 and j.organisation_id = 1"),
        2);
    is_true(run_one());
    has_text(seen.data, "\"event\":\"order.created\"");
    has_text(seen.data, "\"orderStatus\":\"pending\"");
}

T(what_a_reader_does_not_care_for_makes_no_job)
{
    struct ctx *c = house();
    i64 n;
    struct node *data = node_map(c->mem);
    node_set_bool(c->mem, data, S("isPlenty"), true);
    must(outbox_tell(c, "stock.moved", 1, 7, data));
    must(outbox_tell(c, "order.updated", 1, 8, data)); /* that one's reader does */
    must(outbox_tell(c, "stock.moved", 1, 9, NULL));
    must(outbox_read(c, 10, &n));
    eq_int(n, 3);
    eq_str(t_str("select string_agg(subject_id::text, ' ' order by id) as s from work.job"), "8 9");
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
    t_breaks("I9_no_event_waits_longer_than_a_minute");
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
    struct turn t = { .wait_us = 60 * SECOND };
    must(job_add(c, "t.note", S("later"), 0, 1, NULL, when_now() + 50 * SECOND));
    must(queue_turn(c, &t, 1));
    eq_int(t.ran, 0);
    is_true(t.wait_us > 20 * SECOND && t.wait_us <= 50 * SECOND);
    t.wait_us = SECOND;
    must(queue_turn(c, &t, 1));
    eq_int(t.wait_us, SECOND);
}

static i64 clock_ms(void)
{
    return t_int("select (extract(epoch from clock_timestamp()) * 1000)::bigint as n");
}

/* Runs the job, which fails: it is to wait so long, or up to a quarter less. The machine may stand
 * still at any moment. */
static void fails_and_waits(i64 most_ms)
{
    i64 before = clock_ms();
    is_true(run_one());
    i64 due = t_int("select (extract(epoch from run_at) * 1000)::bigint as n from work.job");
    is_true(due >= before + most_ms * 3 / 4 - 1 && due <= clock_ms() + most_ms + 1);
}

T(a_failed_job_waits_twice_as_long_each_time)
{
    house();
    seen.failing = 2;
    add("again", 1);
    fails_and_waits(1000);
    eq_str(t_str("select state as s from work.job"), "ready");
    eq_str(t_str("select error as s from work.job"), "t.note: not this time");
    t_sql("update work.job set run_at = now()");
    fails_and_waits(2000);
    t_sql("update work.job set run_at = now()");
    is_true(run_one());
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

/* As a tool's or a server's own words are, cut anywhere. */
T(a_job_fails_with_any_bytes)
{
    char words[700];
    for (size_t i = 0; i + 3 < sizeof words; i += 3)
        memcpy(words + i, "\xe0\xb8\x8a", 4);
    for (size_t cut = 0; cut < 3; cut++) {
        house();
        seen.failing = 2;
        seen.why = words + cut;
        add("thai", 1);
        fails_and_waits(1000);
        is_true(t_int("select length(error) as n from work.job") > 150);
        seen.why = "\xff\xfe";
        t_sql("update work.job set run_at = now()");
        fails_and_waits(2000);
        eq_str(t_str("select error as s from work.job"), "t.note: \xef\xbf\xbd\xef\xbf\xbd");
    }
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

static i64 held_locks(void)
{
    return t_int("select count(*) as n from pg_locks where locktype = 'advisory' and classid = "
                 "7421050 and pid = pg_backend_pid()");
}

/* It has a lease of hours, which nobody waits for: an upgrade ends its worker in the middle. */
T(a_job_of_hours_is_taken_over_when_its_workers_session_is_gone_and_not_before)
{
    struct ctx *c = house();
    must(job_add(c, "t.drill", S("drill"), 0, 1, NULL, 0));
    seen.failing = 1;
    is_true(run_one());
    eq_str(t_str("select state as s from work.job"), "ready");
    eq_int(held_locks(), 0);
    t_sql("update work.job set run_at = clock_timestamp()");
    must(queue_take_over(c));
    is_true(run_one());
    eq_int(seen.ran, 2);
    eq_int(t_int("select count(*) as n from work.job"), 0);
    eq_int(held_locks(), 0);
    must(job_add(c, "t.drill", S("drill"), 0, 2, NULL, 0));
    t_sql("update work.job set state = 'running', attempt = 1, worker = 'here:7:1 held', "
          "lease_until = clock_timestamp() + interval '6 hours'");
    must(queue_take_over(c));
    is_true(run_one());
    eq_int(seen.subjects[2], 2);
    eq_int(seen.ran, 3);
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
    i64 id = t_int("select id as n from work.job"), first = 1, second = 2;
    must(q_work_finish(c, &changed, &id, 1, &first, 1));
    eq_int(changed, 0);
    must(q_work_finish(c, &changed, &id, 1, &second, 1));
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

/* As on a sale day. The plan is that of the quiet morning, when to read the whole queue looked cheap. */
T(a_turn_reads_what_it_takes_however_many_wait)
{
    house();
    t_sql("discard plans");
    t_sql("set local random_page_cost = 20");
    add("first", 1);
    is_true(run_one());
    t_sql("insert into work.job (kind, key, run_at, rank) select 't.note', 'many:' || n,"
          " now() - interval '1 hour' + n * interval '1 s', mod(n, 3) - 1"
          " from generate_series(1, 3000) n");
    struct turn t = { .wait_us = 0 };
    i64 before = t_rows_read("work.job");
    must(queue_turn(t_ctx(), &t, 1));
    i64 read = t_rows_read("work.job") - before;
    must(queue_tell(t_ctx(), &t));
    eq_int(seen.ran, 2);
    eq_int(read < 300 ? 0 : read, 0);
}

/* ---- batches ------------------------------------------------------------------------------------
 */

static void add_of(const char *kind, const char *key, i64 subject)
{
    must(job_add(t_ctx(), kind, str_of(key), 0, subject, NULL, 0));
}

static void add_quick(int n)
{
    for (int i = 1; i <= n; i++)
        add_of("t.quick", str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "q%d", i)), i);
}

T(money_never_waits_behind_pushes_and_mails)
{
    house();
    add_of("t.last", "a", 4);
    add_of("t.pages", "b", 3);
    add_of("t.note", "c", 2);
    add_of("t.first", "d", 1);
    while (run_one())
        continue;
    for (int i = 0; i < 4; i++)
        eq_int(seen.subjects[i], i + 1);
}

/* An import has thousands of them made anew. */
T(what_a_buyer_looks_at_never_waits_behind_kept_pages)
{
    static const char *const pages[] = { "refresh.pages", "refresh.again", "refresh.part",
        "catalog.product", "catalog.category", "catalog.stock" };
    t_open();
    const struct app *app = t_ctx()->app;
    for (size_t i = 0; i < COUNT(pages); i++)
        is_true(job_rank(app, pages[i]) > job_rank(app, "orders.push"));
    is_true(job_rank(app, "payment.event") < job_rank(app, "orders.push"));
}

T(quick_jobs_are_claimed_together_and_a_slow_one_alone)
{
    struct ctx *c = house();
    add_quick(3);
    add_of("t.note", "slow", 4);
    add_of("t.quick", "behind", 5);
    i64 trips = c->db_trips;
    eq_int(run_many(16), 3);
    is_true(c->db_trips - trips <= 5); /* here each is a savepoint: more than outside a test */
    eq_int(run_many(16), 1);
    eq_int(run_many(16), 1);
    eq_int(seen.subjects[3], 4);
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

T(what_is_slow_is_left_to_the_other_workers)
{
    struct ctx *c = house();
    struct pace pace = { 0 };
    struct turn first = { .pace = &pace, .leaves_slow = true, .wait_us = 5 * SECOND };
    struct turn second = { .pace = &pace, .wait_us = 5 * SECOND };
    for (int i = 1; i <= 3; i++)
        add_of("t.mail", i == 1 ? "m1" : i == 2 ? "m2" : "m3", i);
    is_true(pace_is_even(&pace));
    must(queue_turn(c, &first, 16)); /* all three are taken, one is run and found slow */
    eq_int(first.ran, 1);
    is_true(!pace_is_even(&pace));
    eq_int(t_int("select count(*) as n from work.job where state = 'ready' and attempt = 0"), 2);
    add_of("t.first", "paid", 9);
    add_of("t.backup", "saved", 8);
    must(queue_turn(c, &first, 16));
    eq_int(first.ran, 1);
    eq_int(seen.subjects[1], 9);
    first.wait_us = 5 * SECOND;
    must(queue_turn(c, &first, 16)); /* mails and backup are due, but not for this one */
    eq_int(first.ran, 0);
    eq_int(first.wait_us, 5 * SECOND);
    must(queue_turn(c, &second, 16));
    must(queue_turn(c, &second, 16));
    eq_int(seen.ran, 5);
    pace = (struct pace){ 0 }; /* as a minute later */
    add_of("t.many_pages", "p1", 5); /* where nobody outside is waited for, both go on */
    must(queue_turn(c, &first, 16));
    is_true(pace_is_even(&pace));
    add_of("t.mail", "m4", 4);
    must(queue_turn(c, &first, 16));
    eq_int(first.ran, 1);
}

T(a_batch_has_an_end)
{
    house();
    add_quick(20);
    eq_int(run_many(100), QUEUE_BATCH);
    eq_int(run_many(100), 20 - QUEUE_BATCH);
}

T(a_job_that_fails_spoils_nothing_of_its_batch)
{
    house();
    seen.failing = 1;
    add_quick(3);
    eq_int(run_many(16), 3);
    eq_int(seen.ran, 3);
    eq_str(t_str("select string_agg(key || ' ' || state || ' ' || error, ',') as s from work.job"),
        "q1 ready t.note: not this time");
}

T(what_is_plain_of_several_is_done_in_one_go_and_the_rest_by_itself)
{
    house();
    add_of("t.plain", "alone", 1);
    eq_int(run_many(16), 1);
    eq_int(seen.together, 0);
    add_of("t.plain", "two", 2);
    add_of("t.plain", "three", 3);
    add_of("t.plain", "four", 4);
    add_of("t.quick", "other", 5);
    add_of("t.plain", "six", 6);
    eq_int(run_many(16), 5);
    eq_int(seen.together, 3); /* those that follow each other: six came after another kind */
    eq_int(seen.ran, 4);
    static const i64 by_itself[] = { 1, 3, 5, 6 };
    for (int i = 0; i < 4; i++)
        eq_int(seen.subjects[i], by_itself[i]);
    eq_int(t_int("select count(*) as n from work.job"), 0);
}

T(what_fails_in_one_go_is_run_by_itself_each)
{
    house();
    add_of("t.plain", "two", 2);
    add_of("t.plain", "thirteen", 13);
    add_of("t.plain", "four", 4);
    seen.failing = 1;
    eq_int(run_many(16), 3);
    eq_int(seen.together, 3);
    eq_int(seen.ran, 3);
    eq_str(t_str("select string_agg(key || ' ' || state, ',') as s from work.job"), "two ready");
}

T(a_dead_workers_batch_is_run_again_but_for_what_was_done_in_its_own_transaction)
{
    struct ctx *c = house();
    struct turn t = { .wait_us = 0 };
    add_of("t.tx", "booked", 1);
    add_of("t.quick", "pushed", 2);
    add_of("t.tx", "booked too", 3);
    must(queue_turn(c, &t, 16));
    eq_int(t.ran, 3);
    must(queue_take_back(c, true)); /* it died before the next turn */
    while (run_one())
        continue;
    eq_int(seen.ran, 4);
    eq_int(seen.subjects[3], 2);
}

T(a_job_that_fails_in_its_own_transaction_is_still_there)
{
    house();
    seen.failing = 1;
    add_of("t.tx", "booked", 1);
    eq_int(run_many(16), 1);
    eq_str(t_str("select state || ' ' || error as s from work.job"), "ready t.note: not this time");
}

T(what_a_worker_may_have_died_over_goes_alone)
{
    struct ctx *c = house();
    add_quick(3);
    t_sql("update work.job set state = 'running', attempt = 1, worker = ''");
    must(queue_take_back(c, true));
    add_of("t.quick", "new", 9);
    t_sql("update work.job set run_at = now() - interval '1 second' where key <> 'new'");
    for (int i = 1; i <= 3; i++) {
        eq_int(run_many(16), 1);
        eq_int(seen.ran, i);
    }
    eq_int(run_many(16), 1);
    eq_int(seen.subjects[3], 9);
}

T(a_worker_that_ends_gives_back_what_it_has_not_begun)
{
    struct ctx *c = house();
    static const volatile sig_atomic_t ending = 1;
    struct turn t = { .ending = &ending };
    add_quick(3);
    must(queue_turn(c, &t, 16));
    eq_int(t.ran, 1);
    eq_int(t_int("select count(*) as n from work.job where state = 'ready' and deaths = 0"), 2);
    eq_int(t_int("select count(*) as n from work.job"), 2);
    eq_int(t_int("select max(attempt) as n from work.job"), 0); /* that was no try */
}

/* ---- the clock ----------------------------------------------------------------------------------
 */

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
static const struct cron own_crons[] = { { "t.trip", HOUR, trip }, { "t.tick", HOUR, tick },
    { 0 } };
static const struct cron *const crons[] = { own_crons, NULL };

static _Atomic i64 next_cron;
static int run_due(struct ctx *c) { return cron_run_due(c, HOUR, &next_cron); }

T(a_cron_runs_once_per_tick_for_two_workers_and_missed_times_once)
{
    struct ctx *c = house();
    c->app->crons = crons;
    ticked = fails = 0;
    must(cron_know(c));
    must(run_due(c)); /* never run before: due */
    must(run_due(c)); /* the other worker */
    eq_int(ticked, 1);
    eq_int(fails, 1); /* and the one that fails stopped nobody */
    t_sql("update work.cron set last_run = last_run - interval '3 hours 1 minute' "
          "where name = 't.tick'");
    must(run_due(c));
    must(run_due(c));
    eq_int(ticked, 2);
    must(cron_know(c)); /* knowing it again changes nothing */
    must(run_due(c));
    eq_int(ticked, 2);
}

T(who_looks_at_the_clock_is_told_when_the_next_is_due)
{
    struct ctx *c = house();
    c->app->crons = crons;
    must(cron_know(c));
    t_sql("update work.cron set last_run = now()"); /* the house's own, by its workers, at any time */
    must(run_due(c));
    i64 wait = next_cron - when_ticks();
    is_true(wait > 6 * SECOND);
    is_true(wait <= HOUR);
    t_sql("update work.cron set last_run = now() - interval '59 minutes 55 seconds' where name = 't.tick'");
    must(run_due(c));
    wait = next_cron - when_ticks();
    is_true(wait <= 5 * SECOND);
    is_true(wait > 0);
    t_sql("update work.cron set last_run = now() - interval '1 hour' where name = 't.tick'");
    must(run_due(c)); /* runs now, and is due in an hour */
    is_true(next_cron - when_ticks() > 6 * SECOND);
    must(cron_run_due(c, SECOND, &next_cron));
    is_true(next_cron - when_ticks() <= SECOND);
}

/* A clock that was ahead and is put right must not leave the house still until it has caught up. */
T(a_cron_runs_on_after_the_databases_clock_was_put_back)
{
    struct ctx *c = house();
    c->app->crons = crons;
    ticked = 0;
    must(cron_know(c));
    must(run_due(c));
    t_sql("update work.cron set last_run = now() + interval '2 hours' where name = 't.tick'");
    must(run_due(c));
    eq_int(ticked, 2);
    must(run_due(c));
    eq_int(ticked, 2);
    /* Who waited for another's turn began earlier than that one. */
    t_sql("update work.cron set last_run = now() + interval '2 seconds' where name = 't.tick'");
    must(run_due(c));
    eq_int(ticked, 2);
}

/* ---- who listens ---------------------------------------------------------------------------- */

static str heard(void)
{
    const str channels[] = { S("t/one/en"), S("t/one/th"), S("t/two/en") };
    bool is[3];
    lines_heard(t_ctx(), channels, 3, is);
    return str_fmt(t_ctx()->mem, "%d%d%d", is[0], is[1], is[2]);
}

T(a_channel_nobody_spoke_for_is_not_listened_to_but_at_a_loss_all_are)
{
    struct ctx *c = house();
    bool was_away = true;
    redis_del(c, S("hears:each:since"));
    redis_set(c, S("hears:since"), S("1700000000"), 0); /* of a shop whose clients did not speak */
    eq_str(heard(), "111");
    redis_set(c, S("hears:each:since"), S("1700000000"), 0);
    line_expected(c, S("t/one/th"));
    eq_str(heard(), "010");
    lines_begin(c); /* Redis may have lost what it knew */
    eq_str(heard(), "111");
    redis_set(c, S("hears:each:since"), S("1700000000"), 0);
    lines_watch(c, &was_away); /* it was away: nobody was heard meanwhile */
    is_false(was_away);
    eq_str(heard(), "111");
    struct redis *there = c->redis;
    c->redis = NULL;
    lines_watch(c, &was_away);
    is_true(was_away);
    eq_str(heard(), "111");
    c->redis = there;
    redis_del(c, S("hears:t/one/th"));
}

T(of_very_many_channels_each_is_asked_for)
{
    struct ctx *c = house();
    enum { MANY = 900 };
    str channels[MANY];
    bool heard[MANY];
    int n = 0;
    for (int i = 0; i < MANY; i++)
        channels[i] = str_fmt(c->mem, "t/many/%d", i);
    redis_set(c, S("hears:each:since"), S("1700000000"), 0);
    line_expected(c, channels[3]);
    line_expected(c, channels[MANY - 1]);
    lines_heard(c, channels, MANY, heard);
    for (int i = 0; i < MANY; i++)
        n += heard[i];
    eq_int(n, 2);
    is_true(heard[3] && heard[MANY - 1]);
    redis_del(c, S("hears:t/many/3"));
    redis_del(c, S("hears:t/many/899"));
}

/* ---- refresh
 * ------------------------------------------------------------------------------------- */

static void forget_refreshes(struct ctx *c)
{
    redis_del(c, S("refresh.lately:product:12"));
    redis_del(c, S("refresh.lately:category:3"));
}

T(pages_are_refreshed_at_once_and_two_seconds_later)
{
    struct ctx *c = house();
    const str tags[] = { S("product:12"), S("category:3") };
    forget_refreshes(c);
    i64 began = when_now();
    must(refresh_tags(c, tags, 2, S("event:5")));
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.pages'"), 1);
    eq_int(t_int("select count(*) as n from work.job where run_at <= clock_timestamp()"), 1);
    eq_str(t_str("select data ->> 'tags' as s from work.job where kind = 'refresh.pages'"),
        "[\"product:12\", \"category:3\"]");
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.again'"), 1);
    i64 second = t_int("select subject_id as n from work.job where kind = 'refresh.again'");
    is_true(second * SECOND >= began + 2 * SECOND && second * SECOND <= when_now() + 3 * SECOND);
    struct node *noted;
    int ours = 0; /* the house's workers note theirs there, too */
    is_true(redis_smembers(c, str_fmt(c->mem, "refresh.again:%" PRId64, second), &noted));
    EACH(it, noted)
        ours += str_eq(it->node.as.text, tags[0]) || str_eq(it->node.as.text, tags[1]);
    eq_int(ours, 2);
}

T(what_changes_all_the_time_is_refreshed_at_once_only_once_a_second)
{
    struct ctx *c = house();
    const str one[] = { S("product:12"), S("category:3") }, other[] = { S("category:3") };
    forget_refreshes(c);
    i64 began = when_now();
    must(refresh_tags(c, one, 2, S("event:5")));
    for (int i = 6; i < 20; i++)
        must(refresh_tags(c, other, 1, str_fmt(c->mem, "event:%d", i)));
    i64 seconds = (when_now() - began) / SECOND + 1; /* a slow machine may take more than one */
    is_true(t_int("select count(*) as n from work.job where kind = 'refresh.pages'") <= seconds);
    is_true(t_int("select count(*) as n from work.job where kind = 'refresh.again'") <= seconds + 1);
    redis_del(c, S("refresh.lately:category:3")); /* a second later */
    must(refresh_tags(c, other, 1, S("event:20")));
    eq_str(t_str("select data ->> 'tags' as s from work.job where key = 'refresh:event:20'"),
        "[\"category:3\"]");
}

static void hang(int fd)
{
    char room[4000];
    while (read(fd, room, sizeof room) > 0)
        ;
}

static void some_pages(int fd)
{
    char room[4000];
    size_t n = hear_until(fd, room, sizeof room - 1, "\r\n\r\n", 0);
    room[n] = '\0';
    tell(fd, strstr(room, " /bad") ? "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
                                   : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

/* Pages come from there; so many of them stand in this set. */
static struct ctx *pages_of(void (*talk)(int fd), const char *set, int n, const char *at)
{
    struct ctx *c = house();
    const char *path = t_file(str_none);
    unlink(path);
    serve(path, talk);
    c->app->inner_socket = str_of(path);
    redis_del(c, str_of(set));
    const str key = str_of(set);
    for (int i = 0; i < n; i++)
        is_true(redis_sadd(c, &key, 1, str_fmt(c->mem, "html||en|THB|%s-%d", at, i), 60));
    return c;
}

static i64 left_in(const char *set)
{
    struct node *left;
    is_true(redis_smembers(t_ctx(), str_of(set), &left));
    redis_del(t_ctx(), str_of(set));
    return (i64)node_count(left);
}

extern const struct job_kind work_jobs[];

static int run_job(const char *name, const char *data)
{
    struct node *doc = NULL;
    if (data)
        must(json_read(t_ctx(), str_of(data), &doc));
    struct job job = { .key = S("t-refresh"), .data = doc };
    for (const struct job_kind *kind = work_jobs; kind->name; kind++)
        if (str_is(str_of(kind->name), name))
            return kind->run(t_ctx(), &job);
    return E_INTERNAL;
}

T(a_page_that_hangs_is_the_only_one_that_is_waited_for)
{
    when began = when_now();
    pages_of(hang, "tag:t-hang", 20, "/slow");
    is_true(run_job("refresh.pages", "{\"tags\":[\"t-hang\"]}") != E_OK);
    eq_int(left_in("tag:t-hang"), 20);
    pages_of(hang, "refresh.rest", 20, "/slow");
    is_true(run_job("refresh.part", NULL) != E_OK);
    eq_int(left_in("refresh.rest"), 20);
    is_true(when_now() - began < 20 * SECOND); /* 80 s if each is */
}

T(a_page_that_could_not_be_made_stays_for_the_next_part)
{
    struct ctx *c = pages_of(some_pages, "refresh.rest", 3, "/good");
    const str key = S("refresh.rest");
    is_true(redis_sadd(c, &key, 1, S("html||en|THB|/bad"), 60));
    must(run_job("refresh.part", NULL));
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.part'"), 1);
    eq_int(left_in("refresh.rest"), 1);
}

T(a_change_that_Redis_would_not_note_is_tried_again)
{
    struct ctx *c = house();
    is_true(redis_set(c, S("refresh.rest"), S("no set"), 60));
    int err = run_job("refresh.slowly", "{\"tags\":[\"t-refused\"]}");
    redis_del(c, S("refresh.rest"));
    eq_err(err, E_AWAY);
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.part'"), 0);
}

/* A product that every page of its category shows: its own page may be among those beyond. */
T(of_very_many_pages_none_is_forgotten)
{
    pages_of(some_pages, "tag:t-many", 2003, "/good");
    redis_del(t_ctx(), S("refresh.rest"));
    must(run_job("refresh.pages", "{\"tags\":[\"t-many\"]}"));
    eq_int(left_in("refresh.rest"), 3);
    eq_int(left_in("tag:t-many"), 0);
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.part'"), 1);
}
