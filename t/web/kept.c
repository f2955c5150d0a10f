/* What a worker keeps between requests, shares through Redis, and makes anew behind an answer. */
#include "t/io/stack.h"
#include "web/web_in.h"
#include <unistd.h>

static const struct house nobodys = { 0 };

struct work {
    i64 n;
    bool fails;
    size_t rows; /* of a hundred letters, beside it */
};
/* {"n": how often it has been made}. */
static int make(struct ctx *c, void *with, struct node **out)
{
    struct work *work = with;
    work->n++;
    if (work->fails)
        return fail(c, E_INTERNAL, "test.away", NULL);
    *out = node_map(c->mem);
    node_set_int(c->mem, *out, S("n"), work->n);
    struct node *rows = node_set_list(c->mem, *out, S("rows"));
    for (size_t i = 0; i < work->rows; i++)
        node_add_str(c->mem, rows, str_fmt(c->mem, "%0100zu", i));
    return E_OK;
}

static bool shares; /* through Redis, whose answer counts as none after a while */
static void answered(bool ok)
{
    if (!ok)
        t_leave("Redis did not answer for a moment");
}
static struct ctx *open_with_redis(void)
{
    if (!stack_conf("redis").n)
        t_leave("no Redis: TALAT_CONF names no configuration with it");
    t_house(&nobodys, NULL, NULL);
    struct ctx *c = t_ctx();
    c->redis = redis_new(c->mem, stack_conf("redis"));
    shares = true;
    return c;
}
static i64 began_us;
static str new_key(void)
{
    began_us = when_ticks();
    return str_fmt(t_ctx()->mem, "t%d:%" PRId64, getpid(), when_now());
}
static str in_redis(const char *kind, str key)
{
    return str_fmt(t_ctx()->mem, "%s:%.*s", kind, STR(key));
}
static void forget(struct ctx *c, str key)
{
    redis_del(c, in_redis("kept", key));
    redis_del(c, in_redis("making", key));
}
static i64 shown(struct ctx *c, str key, struct work *work)
{
    const struct node *out;
    i64 from = when_ticks();
    must(kept_or_made(c, key, make, work, &out));
    answered(!shares || (when_ticks() - from < SECOND / 6 && redis_is_up(c->redis)));
    if (when_ticks() - began_us > 3 * SECOND)
        t_leave("this machine stood still: what is kept has had its time");
    return node_int(out, "n");
}
/* As another worker has left it, five seconds ago: good to show, and due to be made anew. */
static void old_one(struct ctx *c, str key)
{
    for (int i = 0; i < 30 && !redis_is_up(c->redis); i++)
        usleep(100 * 1000);
    answered(redis_set(c, in_redis("kept", key), S("{\"n\":70}"), 4));
}

T(what_is_kept_is_made_once_and_shared)
{
    struct ctx *c = open_with_redis();
    struct work work = { 0 };
    str key = new_key(), text;
    eq_int(shown(c, key, &work), 1);
    eq_int(shown(c, key, &work), 1);
    c->app->kept = kept_open(c->mem); /* another worker */
    eq_int(shown(c, key, &work), 1);
    eq_int(work.n, 1);
    answered(redis_get(c, in_redis("making", key), &text));
    eq_str(text, ""); /* nobody is left to wait for */
    forget(c, key);
}
T(a_worker_makes_it_anew_behind_its_answer)
{
    struct ctx *c = open_with_redis();
    struct work work = { 0 };
    str key = new_key();
    kept_pool(c->app);
    old_one(c, key);
    eq_int(shown(c, key, &work), 70);
    eq_int(shown(c, key, &work), 70); /* it is ours to make, and once is enough */
    eq_int(work.n, 0);
    kept_renew(c->app);
    eq_int(work.n, 1);
    eq_int(shown(c, key, &work), 1);
    kept_renew(c->app);
    eq_int(work.n, 1);
    c->app->kept = kept_open(c->mem);
    eq_int(shown(c, key, &work), 1);
    eq_int(work.n, 1);
    forget(c, key);
}
T(who_has_no_answer_to_send_makes_it_at_once)
{
    struct ctx *c = open_with_redis();
    struct work work = { 0 };
    str key = new_key();
    old_one(c, key);
    eq_int(shown(c, key, &work), 1);
    forget(c, key);
}
T(while_another_makes_it_the_old_one_is_shown)
{
    struct ctx *c = open_with_redis();
    struct work work = { 0 };
    str key = new_key();
    bool added;
    kept_pool(c->app);
    old_one(c, key);
    answered(redis_add(c, in_redis("making", key), S("1"), 5, &added));
    eq_int(shown(c, key, &work), 70);
    kept_renew(c->app);
    eq_int(work.n, 0);
    forget(c, key);
}
T(what_cannot_be_made_behind_an_answer_is_tried_by_the_next)
{
    struct ctx *c = open_with_redis();
    struct work work = { .fails = true };
    str key = new_key();
    kept_pool(c->app);
    old_one(c, key);
    eq_int(shown(c, key, &work), 70);
    kept_renew(c->app);
    eq_int(work.n, 1);
    work.fails = false;
    eq_int(shown(c, key, &work), 70);
    kept_renew(c->app);
    eq_int(shown(c, key, &work), 2);
    forget(c, key);
}
T(more_than_fit_behind_one_answer_are_made_before_it)
{
    struct ctx *c = open_with_redis();
    struct work work = { 0 };
    str keys[6], key = new_key();
    kept_pool(c->app);
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i] = str_fmt(c->mem, "%.*s:%zu", STR(key), i);
        old_one(c, keys[i]);
        eq_int(shown(c, keys[i], &work) == 70, i < 4);
    }
    eq_int(work.n, 2);
    kept_renew(c->app);
    eq_int(work.n, 6);
    for (size_t i = 0; i < COUNT(keys); i++)
        forget(c, keys[i]);
}
T(without_redis_each_worker_makes_its_own)
{
    t_house(&nobodys, NULL, NULL);
    struct ctx *c = t_ctx();
    struct work work = { 0 };
    str key = new_key();
    c->redis = redis_new(c->mem, S("/nowhere/redis.sock"));
    shares = false;
    eq_int(shown(c, key, &work), 1);
    eq_int(shown(c, key, &work), 1);
    c->app->kept = kept_open(c->mem);
    eq_int(shown(c, key, &work), 2);
}
/* 150 KB as JSON. */
T(what_is_too_long_to_be_shared_is_kept_by_the_worker_that_made_it)
{
    struct ctx *c = open_with_redis();
    struct work work = { .rows = 1500 };
    str key = new_key(), text;
    bool added;
    eq_int(shown(c, key, &work), 1);
    eq_int(shown(c, key, &work), 1);
    answered(redis_get(c, in_redis("kept", key), &text));
    is_true(text.n && text.n < 10); /* that it is, is shared */
    c->app->kept = kept_open(c->mem);
    answered(redis_add(c, in_redis("making", key), S("1"), 5, &added));
    i64 from = when_ticks();
    eq_int(shown(c, key, &work), 2);
    is_true(when_ticks() - from < SECOND / 20); /* nobody is waited for */
    eq_int(shown(c, key, &work), 2);
    work.rows = 1; /* it has become short */
    c->app->kept = kept_open(c->mem);
    eq_int(shown(c, key, &work), 3);
    c->app->kept = kept_open(c->mem);
    eq_int(shown(c, key, &work), 3);
    forget(c, key);
}
T(no_more_of_the_long_ones_are_kept_than_there_is_memory_for)
{
    struct ctx *c = open_with_redis();
    struct work work = { .rows = 1500 }, huge = { .rows = 40000 };
    str keys[8], key = new_key();
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i] = str_fmt(c->mem, "%.*s:%zu", STR(key), i);
        eq_int(shown(c, keys[i], &work), (i64)i + 1);
    }
    eq_int(shown(c, keys[7], &work), 8);
    eq_int(shown(c, keys[0], &work), 9); /* the oldest has gone */
    str most = str_fmt(c->mem, "%.*s:huge", STR(key));
    const struct node *out;
    for (i64 n = 1; n < 3; n++) {
        must(kept_or_made(c, most, make, &huge, &out));
        eq_int(node_int(out, "n"), n); /* four megabytes: made each time */
    }
    for (size_t i = 0; i < COUNT(keys); i++)
        forget(c, keys[i]);
    forget(c, most);
}
