#include "t/io/stack.h"
#include <hiredis/hiredis.h>
#include <unistd.h>

#define NEED_REDIS()                                                                               \
    do {                                                                                           \
        if (!stack_conf("redis").n)                                                                \
            t_skip("no Redis: TALAT_CONF names no configuration with it");                         \
        t_ctx()->redis = redis_new(t_ctx()->mem, stack_conf("redis"));                             \
    } while (0)

/* One that took longer than is waited for counts as away: then nothing can be said. */
static void held(bool ok, const char *what)
{
    if (!ok && !redis_is_up(t_ctx()->redis))
        t_leave("Redis did not answer in time: %s", what);
    if (!ok)
        ck_abort_msg("must hold: %s", what);
}
#define answers(call) held(call, #call)

static str key(const char *name)
{
    return str_fmt(t_ctx()->mem, "t:%d:%" PRId64 ":%s", getpid(), when_now(), name);
}

T(what_is_set_is_found_until_deleted)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str k = key("a"), value;
    answers(redis_get(c, k, &value));
    eq_str(value, "");
    answers(redis_set(c, k, S("x\0y\r\n"), 10));
    answers(redis_get(c, k, &value));
    is_true(str_eq(value, S("x\0y\r\n")));
    answers(redis_getex(c, k, 20, &value));
    is_true(str_eq(value, S("x\0y\r\n")));
    answers(redis_del(c, k));
    answers(redis_get(c, k, &value));
    eq_str(value, "");
}

T(what_is_taken_is_there_once)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str k = key("once"), value;
    answers(redis_set(c, k, S("x"), 10));
    answers(redis_getdel(c, k, &value));
    eq_str(value, "x");
    answers(redis_getdel(c, k, &value));
    eq_str(value, "");
}

T(what_is_set_for_a_second_is_gone_after_it)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str k = key("short"), value;
    answers(redis_set(c, k, S("x"), 1));
    usleep(1100 * 1000);
    answers(redis_get(c, k, &value));
    eq_str(value, "");
}

T(a_window_counts_and_says_what_is_left)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    struct counter two[] = { { .key = key("n"), .window_s = 60, .add = 1 },
        { .key = key("m"), .window_s = 10, .add = 3 } };
    answers(redis_count(c, two, 2));
    answers(redis_count(c, two, 2));
    eq_int(two[0].count, 2);
    eq_int(two[1].count, 6);
    is_true(two[0].left_s > 50 && two[0].left_s <= 60);
    is_true(two[1].left_s > 5 && two[1].left_s <= 10);
    redis_del(c, two[0].key);
    redis_del(c, two[1].key);
}

T(members_of_a_tag_are_found)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str keys[] = { key("x"), key("y") };
    struct node *list;
    answers(redis_sadd(c, keys, 2, S("page"), 60));
    answers(redis_sadd(c, keys, 1, S("page"), 60));
    answers(redis_smembers(c, keys[1], &list));
    eq_str(t_json_of(list), "[\"page\"]");
    answers(redis_smembers(c, key("none"), &list));
    eq_int(node_count(list), 0);
    redis_del(c, keys[0]);
    redis_del(c, keys[1]);
}

/* Seconds that are left; sets them to `now` where that is not 0. */
static i64 life(str name, int now)
{
    redisContext *conn = redisConnectUnix(str_c(t_ctx()->mem, stack_conf("redis")));
    if (now)
        freeReplyObject(redisCommand(conn, "EXPIRE %b %d", name.p, name.n, now));
    redisReply *reply = redisCommand(conn, "TTL %b", name.p, name.n);
    i64 left = reply ? reply->integer : -3;
    freeReplyObject(reply);
    redisFree(conn);
    return left;
}

T(a_tag_lives_as_long_as_its_pages)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str keys[] = { key("x"), key("y") };
    answers(redis_sadd(c, keys, 2, S("page"), 4000));
    is_true(life(keys[0], 0) > 3900 && life(keys[1], 0) > 3900);
    redis_del(c, keys[0]); /* its pages are made anew */
    answers(redis_sadd(c, keys, 2, S("page"), 4000));
    is_true(life(keys[0], 0) > 3900);
    eq_int(life(keys[1], 100), 100);
    answers(redis_sadd(c, keys, 2, S("page"), 8000)); /* for longer than it was noted for */
    is_true(life(keys[0], 0) > 7900 && life(keys[1], 0) > 7900);
    eq_int(life(keys[0], 100), 100);
    answers(redis_sadd(c, keys, 1, S("page"), 8000)); /* with other tags than a moment ago */
    is_true(life(keys[0], 0) > 7900);
    eq_int(life(keys[0], 100), 100);
    answers(redis_sadd(c, keys, 2, S("other"), 8000));
    is_true(life(keys[0], 0) > 7900);
    str soon = key("soon");
    answers(redis_sadd(c, &soon, 1, S("page"), 60));
    is_true(life(soon, 0) > 50);
    redis_del(c, keys[0]);
    redis_del(c, keys[1]);
    redis_del(c, soon);
}

T(what_was_taken_stays_in_hand_until_it_is_put_down)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str set = key("x"), hand = key("hand");
    struct node *list;
    answers(redis_sadd(c, &set, 1, S("one"), 60));
    answers(redis_take(c, set, hand, 60, &list));
    eq_str(t_json_of(list), "[\"one\"]");
    answers(redis_smembers(c, set, &list));
    eq_int(node_count(list), 0);
    answers(redis_sadd(c, &set, 1, S("two"), 60));
    answers(redis_take(c, set, hand, 60, &list)); /* somebody else, after the first has died */
    eq_int(node_count(list), 2);
    redis_del(c, hand);
    answers(redis_take(c, set, hand, 60, &list));
    eq_int(node_count(list), 0);
}

T(counters_go_along_with_tags)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str tags[] = { key("x"), key("y") };
    struct counter two[] = { { .key = key("n"), .window_s = 60, .add = 1 },
        { .key = key("m"), .window_s = 10, .add = 1 } };
    struct node *list;
    two[1].count = 77;
    answers(redis_count(c, two, 1));
    redis_sadd_begin(c, tags, 2, S("page"), 60, two, 2);
    answers(redis_sadd_end(c, two, 2));
    eq_int(two[0].count, 2);
    eq_int(two[1].count, 1);
    is_true(two[0].left_s > 50 && two[0].left_s <= 60);
    is_true(two[1].left_s > 5 && two[1].left_s <= 10);
    answers(redis_count(c, two, 2));
    eq_int(two[1].count, 2);
    is_true(two[1].left_s > 5 && two[1].left_s <= 10);
    answers(redis_smembers(c, tags[1], &list));
    eq_str(t_json_of(list), "[\"page\"]");
    is_false(redis_sadd_end(c, two, 2)); /* each end ends one begin */
    for (size_t i = 0; i < 2; i++) {
        redis_del(c, tags[i]);
        redis_del(c, two[i].key);
    }
}

/* As after a restart that the connection did not notice, behind a proxy. */
T(a_redis_that_has_forgotten_the_script_is_told_it_again)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str tag = key("x"), value;
    struct counter one = { .key = key("n"), .window_s = 60, .add = 1 };
    struct node *list;
    const char *flush[] = { "/usr/bin/redis-cli", "-s", str_c(c->mem, stack_conf("redis")),
        "script", "flush", NULL };
    struct proc_result got;
    answers(redis_sadd(c, &tag, 1, S("one"), 60));
    must(proc_run(c, &(struct proc_call){ .argv = flush, .wall_us = 10 * SECOND }, &got));
    eq_int(got.status, 0);
    redis_sadd_begin(c, &tag, 1, S("two"), 60, &one, 1);
    answers(redis_get(c, key("none"), &value)); /* in between, and its answer is its own */
    eq_str(value, "");
    answers(redis_sadd_end(c, &one, 1));
    eq_int(one.count, 1);
    answers(redis_sadd(c, &tag, 1, S("three"), 60));
    answers(redis_smembers(c, tag, &list));
    eq_int(node_count(list), 3);
    redis_del(c, tag);
    redis_del(c, one.key);
}

T(a_wrong_type_is_no_crash)
{
    NEED_REDIS();
    struct ctx *c = t_ctx();
    str k = key("text");
    struct node *list;
    answers(redis_set(c, k, S("abc"), 10));
    struct counter one = { .key = k, .window_s = 10, .add = 1 };
    is_false(redis_count(c, &one, 1));
    is_false(redis_smembers(c, k, &list));
    answers(redis_is_up(c->redis));
    redis_del(c, k);
}

T(without_redis_every_call_says_so_at_once)
{
    struct ctx *c = t_ctx();
    str value;
    struct node *list;
    struct counter one = { .key = S("k"), .window_s = 10, .add = 1 };
    i64 start = when_ticks();
    c->redis = redis_new(c->mem, S("/nowhere/redis.sock"));
    for (int i = 0; i < 1000; i++)
        is_false(redis_get(c, S("k"), &value));
    is_false(redis_set(c, S("k"), S("v"), 1));
    is_false(redis_smembers(c, S("k"), &list));
    is_false(redis_take(c, S("k"), S("h"), 1, &list));
    is_false(redis_count(c, &one, 1));
    is_false(redis_is_up(c->redis));
    c->redis = NULL;
    is_false(redis_get(c, S("k"), &value));
    is_true(when_ticks() - start < 10 * SECOND);
}
