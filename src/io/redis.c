#include "io/io.h"
#include <signal.h>
#include <sys/time.h>
#include <hiredis/hiredis.h>

#define TIMEOUT_US (200 * 1000)
#define RETRY_US   (1 * SECOND)

#define WORDS_MOST 8
struct command {
    str words[WORDS_MOST];
    int n;
    const str *more; /* behind them */
    size_t n_more;
};

struct redis {
    redisContext *conn;
    const char *socket;
    i64 retry_at;         /* not before: the last try failed */
    bool ahead, ahead_ok; /* a command was sent whose reply is not read yet; what it said */
    char script[41];      /* by this name the server knows tag_script */
    struct command sent;  /* ahead, as long as its request lasts */
    bool forgot;          /* the server has: it was not done */
    i64 said[2 * COUNTERS_AHEAD];
};

struct redis *redis_new(struct arena *mem, str socket_path)
{
    struct redis *r = NEW(mem, struct redis);
    r->socket = str_c(mem, socket_path);
    signal(SIGPIPE, SIG_IGN); /* hiredis writes without MSG_NOSIGNAL */
    DEFER(mem, redis_close, r);
    return r;
}

void redis_close(struct redis *r)
{
    if (!r)
        return;
    if (r->conn)
        redisFree(r->conn);
    r->conn = NULL;
    r->ahead = false;
    r->script[0] = '\0';
}

/* A connection that failed in the middle may hold half an answer: it is never used again. */
static void lose(struct redis *r, const char *why)
{
    log_line(NULL, LOG_WARN, "redis.away", "error", str_of(why), NULL);
    redis_close(r);
    r->retry_at = when_ticks() + RETRY_US;
}

static bool connect_now(struct redis *r)
{
    if (r->conn)
        return true;
    if (when_ticks() < r->retry_at)
        return false;
    struct timeval most = { .tv_usec = TIMEOUT_US };
    r->conn = redisConnectUnixWithTimeout(r->socket, most);
    if (r->conn && !r->conn->err && redisSetTimeout(r->conn, most) == REDIS_OK)
        return true;
    lose(r, r->conn ? r->conn->errstr : "no memory");
    return false;
}

/* ---- commands: argv in, replies out, all in one round trip -------------------------------- */

static str number(struct arena *mem, i64 n) { return str_fmt(mem, "%" PRId64, n); }

static bool append(struct ctx *c, const struct command *command)
{
    size_t n = (size_t)command->n + command->n_more;
    const char **argv = NEWS(c->mem, const char *, n);
    size_t *lengths = NEWS(c->mem, size_t, n);
    for (size_t i = 0; i < n; i++) {
        const str *word =
            i < (size_t)command->n ? &command->words[i] : &command->more[i - (size_t)command->n];
        argv[i] = word->n ? word->p : "";
        lengths[i] = word->n;
    }
    return redisAppendCommandArgv(c->redis->conn, (int)n, argv, lengths) == REDIS_OK;
}

static bool take_ahead(struct ctx *);

/* Sends all and reads as many replies, tied to the arena. An idle connection that the server
 * has closed (a restart) is opened anew and asked once more: nothing had been read. */
static bool ask(struct ctx *c, const struct command *commands, size_t n, redisReply **replies)
{
    struct redis *r = c->redis;
    i64 start = when_ticks();
    for (int tries = 0; tries < 2; tries++) {
        if (!r || !connect_now(r) || (!take_ahead(c) && !connect_now(r)))
            return false;
        size_t sent = 0, got = 0;
        while (sent < n && append(c, &commands[sent]))
            sent++;
        while (sent == n && got < n && redisGetReply(r->conn, (void **)&replies[got]) == REDIS_OK)
            DEFER(c->mem, freeReplyObject, replies[got++]);
        c->redis_us += when_ticks() - start;
        if (got == n)
            return true;
        bool closed = !got && r->conn->err == REDIS_ERR_EOF;
        bool reset = !got && r->conn->err == REDIS_ERR_IO && when_ticks() - start < TIMEOUT_US / 2;
        if (tries || !(closed || reset)) {
            lose(r, r->conn->errstr);
            return false;
        }
        redis_close(r);
        r->retry_at = 0;
    }
    return false;
}

/* LOADING, MISCONF (disk full), OOM: as good as away, but worth a line */
static bool is_answer(struct ctx *c, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    log_line(c, LOG_WARN, "redis.error", "error", str_of(reply->str), NULL);
    return false;
}

static bool ask_one(struct ctx *c, struct command command, redisReply **reply)
{
    return ask(c, &command, 1, reply) && is_answer(c, *reply);
}

static str text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (str){ reply->str, (size_t)reply->len } : str_none;
}

bool redis_is_up(struct redis *r)
{
    struct arena *mem = arena_new(1 << 20);
    struct ctx c = { .mem = mem, .redis = r };
    redisReply *reply;
    bool up = ask_one(&c, (struct command){ { S("PING") }, 1 }, &reply);
    arena_drop(mem);
    return up;
}

bool redis_get(struct ctx *c, str key, str *out)
{
    redisReply *reply;
    *out = str_none;
    if (!ask_one(c, (struct command){ { S("GET"), key }, 2 }, &reply))
        return false;
    *out = text_of(reply);
    return true;
}

bool redis_getex(struct ctx *c, str key, i64 seconds, str *out)
{
    redisReply *reply;
    *out = str_none;
    struct command command = { { S("GETEX"), key, S("EX"), number(c->mem, seconds) }, 4 };
    if (!ask_one(c, command, &reply))
        return false;
    *out = text_of(reply);
    return true;
}

bool redis_getdel(struct ctx *c, str key, str *out)
{
    redisReply *reply;
    *out = str_none;
    if (!ask_one(c, (struct command){ { S("GETDEL"), key }, 2 }, &reply))
        return false;
    *out = text_of(reply);
    return true;
}

bool redis_mget(struct ctx *c, const str *keys, size_t n, str *values)
{
    redisReply *reply;
    struct command command = { .words = { S("MGET") }, .n = 1, .more = keys, .n_more = n };
    if (!ask_one(c, command, &reply) || reply->elements != n)
        return false;
    for (size_t i = 0; i < n; i++)
        values[i] = text_of(reply->element[i]);
    return true;
}

bool redis_set(struct ctx *c, str key, str value, i64 seconds)
{
    redisReply *reply;
    struct command command = { { S("SET"), key, value }, 3 };
    if (seconds) {
        command.words[3] = S("EX");
        command.words[4] = number(c->mem, seconds);
        command.n = 5;
    }
    return ask_one(c, command, &reply);
}

bool redis_get_left(struct ctx *c, str key, str *out, i64 *left_s)
{
    struct command commands[] = { { .words = { S("GET"), key }, .n = 2 },
        { .words = { S("TTL"), key }, .n = 2 } };
    redisReply *replies[2];
    *out = str_none;
    *left_s = 0;
    if (!ask(c, commands, 2, replies) || !is_answer(c, replies[0]) || !is_answer(c, replies[1]))
        return false;
    *out = text_of(replies[0]);
    *left_s = replies[1]->integer;
    return true;
}

bool redis_add(struct ctx *c, str key, str value, i64 seconds, bool *added)
{
    redisReply *reply;
    struct command command = {
        .words = { S("SET"), key, value, S("NX"), S("EX"), number(c->mem, seconds) }, .n = 6
    };
    *added = false;
    if (!ask_one(c, command, &reply))
        return false;
    *added = reply->type == REDIS_REPLY_STATUS;
    return true;
}

bool redis_is_there(struct ctx *c, str key, str other, bool *yes)
{
    redisReply *reply;
    *yes = false;
    if (!ask_one(c, (struct command){ .words = { S("EXISTS"), key, other }, .n = 3 }, &reply))
        return false;
    *yes = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    return true;
}

bool redis_del(struct ctx *c, str key)
{
    redisReply *reply;
    return ask_one(c, (struct command){ { S("DEL"), key }, 2 }, &reply);
}

bool redis_flush(struct ctx *c)
{
    redisReply *reply;
    return ask_one(c, (struct command){ { S("FLUSHDB"), S("ASYNC") }, 2 }, &reply);
}

bool redis_setting(struct ctx *c, str name, str *value)
{
    redisReply *reply;
    *value = str_none;
    if (!ask_one(c, (struct command){ { S("CONFIG"), S("GET"), name }, 3 }, &reply))
        return false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        *value = text_of(reply->element[1]);
    return value->n > 0;
}

/* One command for a page of thirty tags, and for who asked for it: counters are the last keys. A
 * counter that stands is counted on in memory alone: not each page is a line in the file, and who
 * starts Redis anew forgets less than a minute's count. The first key says that all this was noted
 * less than half an hour ago: then how long a set lives is asked of none but those that had lost
 * the page since. */
static const char tag_script[] =
    "local call, sets, said = redis.call, #KEYS - #ARGV + 2, {} "
    "local lives, asks = math.max(tonumber(ARGV[2]) - 1800, 0), false "
    "if call('SET', KEYS[1], 1, 'NX', 'EX', 1800) then asks = true end "
    "for i = 2, sets do"
    "  if (call('SADD', KEYS[i], ARGV[1]) == 1 or asks)"
    "      and call('TTL', KEYS[i]) < lives then"
    "    call('EXPIRE', KEYS[i], ARGV[2])"
    "  end "
    "end "
    "for i = sets + 1, #KEYS do"
    "  local left = call('TTL', KEYS[i])"
    "  if left >= 0 then redis.set_repl(redis.REPL_NONE) end"
    "  said[#said + 1] = call('INCR', KEYS[i])"
    "  redis.set_repl(redis.REPL_ALL)"
    "  if left < 0 then"
    "    left = tonumber(ARGV[i - sets + 2])"
    "    call('EXPIRE', KEYS[i], left)"
    "  end"
    "  said[#said + 1] = left "
    "end "
    "return said";

static void take_said(struct redis *r, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements && i < COUNT(r->said); i++)
        r->said[i] = reply->element[i]->integer;
}

/* The reply of what was sent ahead, if one is still to come. */
static bool take_ahead(struct ctx *c)
{
    redisReply *reply = NULL;
    struct redis *r = c->redis;
    if (!r->ahead)
        return true;
    r->ahead = false;
    r->ahead_ok =
        redisGetReply(r->conn, (void **)&reply) == REDIS_OK && reply->type != REDIS_REPLY_ERROR;
    if (!reply)
        lose(r, r->conn->errstr);
    else if (!r->ahead_ok)
        log_line(c, LOG_WARN, "redis.error", "error", str_of(reply->str), NULL);
    r->forgot = reply && !r->ahead_ok && str_starts(str_of(reply->str), S("NOSCRIPT"));
    if (!r->ahead_ok)
        memset(r->said, 0, sizeof r->said); /* what was counted before is another's */
    else
        take_said(r, reply);
    freeReplyObject(reply);
    return r->conn;
}

/* In full: with it the server learns the script again (it was started anew behind a proxy, or
 * somebody has flushed its scripts). */
static bool send_again(struct ctx *c)
{
    struct redis *r = c->redis;
    struct command whole = r->sent;
    redisReply *reply;
    whole.words[0] = S("EVAL");
    whole.words[1] = str_of(tag_script);
    if (!r->forgot || !whole.n || !ask_one(c, whole, &reply))
        return false;
    take_said(r, reply);
    return true;
}

static void forget_sent(struct redis *r) { r->sent = (struct command){ .n = 0 }; }

/* Its name is shorter than itself, and nothing has to be reckoned of it. */
static bool know_script(struct ctx *c)
{
    struct redis *r = c->redis;
    redisReply *reply;
    if (r->script[0])
        return true;
    if (!ask_one(
            c, (struct command){ { S("SCRIPT"), S("LOAD"), str_of(tag_script) }, 3 }, &reply) ||
        text_of(reply).n != sizeof r->script - 1)
        return false;
    memcpy(r->script, reply->str, sizeof r->script);
    return true;
}

/* The name of just this having been noted. */
static str noted(struct arena *mem, const str *keys, size_t n, str member, i64 seconds)
{
    uint64_t h = str_hash(member) ^ (uint64_t)seconds;
    for (size_t i = 0; i < n; i++)
        h = (h ^ str_hash(keys[i])) * UINT64_C(0x9e3779b97f4a7c15);
    return str_fmt(mem, "noted:%016" PRIx64, h);
}

void redis_sadd_begin(struct ctx *c, const str *keys, size_t n_keys, str member, i64 seconds,
    const struct counter *counters, size_t n)
{
    struct redis *r = c->redis;
    assert(n <= COUNTERS_AHEAD);
    if (r)
        r->ahead_ok = r->forgot = false;
    if (!r || !n_keys || !connect_now(r) || !take_ahead(c) || !know_script(c))
        return;
    size_t n_more = 1 + n_keys + 2 + 2 * n;
    str *words = NEWS(c->mem, str, n_more), *sets = words + 1, *args = sets + n_keys + n;
    words[0] = noted(c->mem, keys, n_keys, member, seconds);
    memcpy(sets, keys, n_keys * sizeof *keys);
    args[0] = member;
    args[1] = number(c->mem, seconds);
    for (size_t i = 0; i < n; i++) {
        assert(counters[i].add == 1 && !counters[i].renews);
        sets[n_keys + i] = counters[i].key;
        args[2 + i] = number(c->mem, counters[i].window_s);
    }
    r->sent = (struct command){ .words = { S("EVALSHA"), str_of(r->script),
                                    number(c->mem, (i64)(1 + n_keys + n)) },
        .n = 3,
        .more = words,
        .n_more = n_more };
    DEFER(c->mem, forget_sent, r);
    int done = 0;
    r->ahead_ok = r->forgot = false;
    r->ahead = append(c, &r->sent);
    while (r->ahead && !done)
        if (redisBufferWrite(r->conn, &done) != REDIS_OK) {
            lose(r, r->conn->errstr);
            r->ahead = false;
        }
}

bool redis_sadd_end(struct ctx *c, struct counter *counters, size_t n)
{
    struct redis *r = c->redis;
    i64 start = when_ticks();
    bool ok = r && take_ahead(c) && (r->ahead_ok || send_again(c));
    c->redis_us += when_ticks() - start;
    for (size_t i = 0; ok && i < n; i++) {
        counters[i].count = r->said[2 * i];
        counters[i].left_s = r->said[2 * i + 1];
    }
    if (r)
        r->ahead_ok = r->forgot = false;
    return ok;
}

bool redis_sadd(struct ctx *c, const str *keys, size_t n_keys, str member, i64 seconds)
{
    redis_sadd_begin(c, keys, n_keys, member, seconds, NULL, 0);
    return !n_keys || redis_sadd_end(c, NULL, 0);
}

static bool members(struct ctx *c, struct command command, struct node **list)
{
    redisReply *reply;
    *list = node_list(c->mem);
    if (!ask_one(c, command, &reply))
        return false;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        node_add_str(c->mem, *list, text_of(reply->element[i]));
    return true;
}

bool redis_smembers(struct ctx *c, str key, struct node **list)
{
    return members(c, (struct command){ { S("SMEMBERS"), key }, 2 }, list);
}

bool redis_join(struct ctx *c, str into, const str *sets, size_t n, i64 seconds)
{
    struct command join[] = { { { S("SUNIONSTORE"), into, into }, 3, sets, n },
        { { S("EXPIRE"), into, number(c->mem, seconds) }, 3 } };
    redisReply *replies[COUNT(join)];
    return ask(c, join, COUNT(join), replies) && is_answer(c, replies[0]) &&
           is_answer(c, replies[1]);
}

bool redis_some(struct ctx *c, str key, i64 most, struct node **list)
{
    return members(c, (struct command){ { S("SRANDMEMBER"), key, number(c->mem, most) }, 3 }, list);
}

bool redis_srem(struct ctx *c, str key, const struct node *members)
{
    redisReply *reply;
    size_t n = 0;
    str *gone = NEWS(c->mem, str, node_count(members) + 1);
    EACH(it, members)
        gone[n++] = it->node.as.text;
    return !n || ask_one(c, (struct command){ { S("SREM"), key }, 2, gone, n }, &reply);
}

static const char take_script[] = "if redis.call('EXISTS', KEYS[1]) == 1 then"
                                  "  redis.call('SUNIONSTORE', KEYS[2], KEYS[2], KEYS[1])"
                                  "  redis.call('EXPIRE', KEYS[2], ARGV[1])"
                                  "  redis.call('DEL', KEYS[1]) "
                                  "end "
                                  "return redis.call('SMEMBERS', KEYS[2])";

bool redis_take(struct ctx *c, str key, str hand, i64 seconds, struct node **list)
{
    struct command take = {
        { S("EVAL"), str_of(take_script), S("2"), key, hand, number(c->mem, seconds) }, 6
    };
    return members(c, take, list);
}

bool redis_count(struct ctx *c, struct counter *counters, size_t n)
{
    if (!n)
        return true;
    struct command *commands = NEWS(c->mem, struct command, 3 * n);
    redisReply **replies = NEWS(c->mem, redisReply *, 3 * n);
    for (size_t i = 0; i < n; i++) {
        str key = counters[i].key;
        commands[3 * i] =
            (struct command){ { S("INCRBY"), key, number(c->mem, counters[i].add) }, 3 };
        bool renews = counters[i].renews && counters[i].add > 0;
        commands[3 * i + 1] =
            (struct command){ { S("EXPIRE"), key, number(c->mem, counters[i].window_s), S("NX") },
                renews ? 3 : 4 };
        commands[3 * i + 2] = (struct command){ { S("TTL"), key }, 2 };
    }
    if (!ask(c, commands, 3 * n, replies))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (replies[3 * i]->type != REDIS_REPLY_INTEGER) {
            log_line(c, LOG_WARN, "redis.error", "error",
                str_of(replies[3 * i]->str ? replies[3 * i]->str : "not a counter"), NULL);
            return false;
        }
        counters[i].count = replies[3 * i]->integer;
        counters[i].left_s = replies[3 * i + 2]->integer;
    }
    return true;
}
