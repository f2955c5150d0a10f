/* Every nginx of the shop: this machine's (nginx_push) and those of other_nodes. A message, a
 * closed channel and a page made anew go to each of them. One that does not answer keeps nobody
 * waiting: it is left alone for a moment, what it missed is sent to it by jobs of its own, and
 * the pages it keeps meanwhile are remembered and made anew as soon as it is back. */
#include "work/work_in.h"
#include "io/io.h"

#define MOST_NODES 16
#define REST_S     5    /* a node that failed is not asked again for so long */
#define MESSAGES   7    /* tries of a message: half a minute; whoever comes later looks himself */
#define KEEP_S     7200 /* as refresh.c keeps its sets */
#define LATER      (15 * SECOND) /* a page that fails is asked for again */
#define FAILURES   5             /* of pages, maybe 2 s each: then the rest waits, too */
#define SAY_S      60   /* of a node that takes no pages it is said as often */
#define LATE_S     60   /* as long as a message may be late, and more */

struct nodes {
    str at[MOST_NODES]; /* a socket's path, or host:port in a private network */
    size_t n;
};

static struct nodes all_nodes(struct ctx *c)
{
    struct nodes nodes = { { c->app->inner_socket }, 1 };
    str rest = conf_str(c->app->conf, "other_nodes", str_none), at;
    while (str_cut(&rest, ' ', &at) && nodes.n < MOST_NODES) {
        at = str_trim(at);
        if (str_ends(at, S(",")))
            at = str_upto(at, at.n - 1);
        if (at.n)
            nodes.at[nodes.n++] = at;
    }
    return nodes;
}

static bool is_ours(struct ctx *c, str at)
{
    struct nodes nodes = all_nodes(c);
    for (size_t i = 0; i < nodes.n; i++)
        if (str_eq(nodes.at[i], at))
            return true;
    return false;
}

static str resting(struct ctx *c, str at) { return str_fmt(c->mem, "node:%.*s:rests", STR(at)); }
static str behind(struct ctx *c, str at) { return str_fmt(c->mem, "node:%.*s:behind", STR(at)); }

static bool rests(struct ctx *c, str at)
{
    str yes = str_none;
    return redis_get(c, resting(c, at), &yes) && yes.n;
}

static void let_rest(struct ctx *c, str at)
{
    log_line(c, LOG_WARN, "node_away", "node", at, "detail", c->fault.detail, NULL);
    metric_add(c->app, "node_failures_total", 1);
    redis_set(c, resting(c, at), S("1"), REST_S);
}

/* ---- messages ------------------------------------------------------------------------------ */

struct message {
    str channel, event, body;
    bool closes;
    str about; /* what it shows as it was then: of two about the same the newer is the last */
    when as_of;
};

static int deliver(struct ctx *c, str at, const struct message *m)
{
    return m->closes ? push_close(c, at, m->channel)
                     : push_send(c, at, m->channel, m->event, m->body);
}

/* For jobs that are a node's own: one that hangs must not take all workers up, one after another,
 * with what it missed. */
static int fail_while_resting(struct ctx *c, str at)
{
    return rests(c, at) ? fail_detail(c, E_AWAY, "nodes.rests", "%.*s", STR(at)) : E_OK;
}

/* Is there while messages wait for this node: what it is told directly then is noted. */
static str late(struct ctx *c, str at) { return str_fmt(c->mem, "node:%.*s:late", STR(at)); }

static str newest(struct ctx *c, str at, str about)
{
    return str_fmt(c->mem, "node:%.*s:said:%.*s", STR(at), STR(about));
}

static void note_said(struct ctx *c, str at, const struct message *m)
{
    if (m->about.n)
        redis_set(c, newest(c, at, m->about), str_fmt(c->mem, "%" PRId64, m->as_of), LATE_S);
}

static bool is_overtaken(struct ctx *c, str at, const struct message *m)
{
    str said = str_none;
    i64 as_of;
    return m->about.n && redis_get(c, newest(c, at, m->about), &said) &&
        str_int(said, &as_of) && as_of > m->as_of;
}

static int deliver_later(struct ctx *c, str at, const struct message *m)
{
    struct node *data = node_map(c->mem);
    redis_set(c, late(c, at), S("1"), LATE_S);
    node_set_str(c->mem, data, S("about"), m->about);
    node_set_int(c->mem, data, S("as_of"), m->as_of);
    node_set_str(c->mem, data, S("node"), at);
    node_set_str(c->mem, data, S("channel"), m->channel);
    node_set_str(c->mem, data, S("event"), m->event);
    node_set_str(c->mem, data, S("body"), m->body);
    node_set_bool(c->mem, data, S("closes"), m->closes);
    str key = str_fmt(c->mem, "node.message:%.*s", STR(crypto_token(c->mem, 16)));
    return job_add(c, "node.message", key, 0, 0, data, when_now() + SECOND);
}

static void look_at(struct ctx *c, str at, bool *rests, bool *has_late_ones)
{
    str keys[] = { resting(c, at), late(c, at) }, values[2];
    bool is_known = redis_mget(c, keys, 2, values);
    *rests = is_known && values[0].n;
    *has_late_ones = is_known && values[1].n;
}

/* It is enough that one node has it; with none the caller tries again himself. */
static int deliver_to_all(struct ctx *c, const struct message *m)
{
    struct nodes nodes = all_nodes(c);
    bool missed[MOST_NODES] = { false };
    size_t n_missed = 0;
    if (nodes.n == 1)
        return deliver(c, nodes.at[0], m);
    for (size_t i = 0; i < nodes.n; i++) {
        bool has_late_ones;
        look_at(c, nodes.at[i], &missed[i], &has_late_ones);
        if (!missed[i] && deliver(c, nodes.at[i], m)) {
            missed[i] = true;
            let_rest(c, nodes.at[i]);
            fault_clear(c);
        }
        if (!missed[i] && has_late_ones)
            note_said(c, nodes.at[i], m);
        n_missed += missed[i];
    }
    if (n_missed == nodes.n)
        return fail_detail(c, E_PROVIDER, "nodes.away", "no node takes messages");
    for (size_t i = 0; i < nodes.n; i++)
        if (missed[i])
            TRY(deliver_later(c, nodes.at[i], m));
    return E_OK;
}

int nodes_send(struct ctx *c, str channel, str event, str body, str about)
{
    struct message m = { channel, event, body, false, about, when_now() };
    return deliver_to_all(c, &m);
}

/* One that does not answer is not asked again for each of many channels. */
static bool can_be_asked(struct ctx *c, const struct nodes *nodes, size_t i, bool *blind)
{
    if (nodes->n == 1)
        return !*blind;
    bool yes = !rests(c, nodes->at[i]);
    *blind = *blind || !yes;
    return yes;
}

static void note_answer(struct ctx *c, const struct nodes *nodes, size_t i, int err, bool *blind)
{
    if (!err)
        return;
    if (nodes->n > 1)
        let_rest(c, nodes->at[i]);
    fault_clear(c);
    *blind = true;
}

bool nodes_hear(struct ctx *c, str channel, bool *blind)
{
    struct nodes nodes = all_nodes(c);
    bool heard = false;
    for (size_t i = 0; i < nodes.n && !heard; i++)
        if (can_be_asked(c, &nodes, i, blind))
            note_answer(c, &nodes, i, push_is_there(c, nodes.at[i], channel, &heard), blind);
    return heard;
}

int nodes_fullness(struct ctx *c, bool *blind)
{
    struct nodes nodes = all_nodes(c);
    i64 percent, most = 0;
    for (size_t i = 0; i < nodes.n; i++) {
        percent = 0;
        if (can_be_asked(c, &nodes, i, blind))
            note_answer(c, &nodes, i, push_fullness(c, nodes.at[i], &percent), blind);
        most = percent > most ? percent : most;
    }
    return (int)most;
}

int nodes_close(struct ctx *c, str channel)
{
    struct message m = { channel, str_none, str_none, true, str_none, 0 };
    return deliver_to_all(c, &m);
}

static int message_job(struct ctx *c, const struct job *job)
{
    str at = node_str(job->data, "node");
    struct message m = { node_str(job->data, "channel"), node_str(job->data, "event"),
        node_str(job->data, "body"), node_bool(job->data, "closes"),
        node_str(job->data, "about"), node_int(job->data, "as_of") };
    if (!is_ours(c, at) || is_overtaken(c, at, &m))
        return E_OK;
    int err = fail_while_resting(c, at);
    if (!err && (err = deliver(c, at, &m)))
        let_rest(c, at);
    if (!err)
        note_said(c, at, &m);
    if (!err || job->attempt < MESSAGES)
        return err;
    fault_clear(c); /* nobody listens there any more; a page looks again when it has a line */
    return E_OK;
}

/* ---- kept pages ---------------------------------------------------------------------------- */

/* No later try would go better, and all other nodes would be asked again with it. */
static void say_stale(struct ctx *c, str at)
{
    bool first = true;
    str said = str_fmt(c->mem, "node:%.*s:stale", STR(at));
    if (!redis_add(c, said, S("1"), SAY_S, &first) || first)
        log_line(c, LOG_ERROR, "node_stale", "node", at, "detail",
            S("its refresh_key is another than in this talat.conf: its kept pages stay old"), NULL);
    metric_add(c->app, "node_failures_total", 1);
}

static int render(struct ctx *c, str at, const struct kept_page *page)
{
    str secret = conf_str(c->app->conf, "refresh_key", str_none);
    struct mark mark = arena_mark(c->mem); /* the page itself is of no use here */
    bool taken = true;
    int err = push_refresh(c, at, secret, page->uri,
        str_is(page->format, "json") ? S("application/json") : S("text/html"), page->kind,
        page->currency, &taken);
    if (!err && !taken)
        say_stale(c, at);
    if (!err)
        arena_rewind(c->mem, mark);
    return err;
}

/* A page that fails or takes too long is no node that is away: that would send it to rest, and all it
 * keeps would wait behind this one page. */
static bool is_there(struct ctx *c, str at)
{
    struct fault fault = c->fault;
    bool answers = push_send(c, at, S("health"), S("pulse"), S("1")) == E_OK;
    c->fault = fault;
    return answers;
}

static int add_catch_up(struct ctx *c, str at, i64 in_us)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("node"), at);
    return job_add(c, "node.catch_up", str_fmt(c->mem, "node.catch_up:%.*s", STR(at)), 0, 0, data,
        when_now() + in_us);
}

static int catch_up_later(struct ctx *c, str at, str key)
{
    str set = behind(c, at);
    if (!redis_sadd(c, &set, 1, key, KEEP_S))
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    return add_catch_up(c, at, SECOND);
}

int nodes_refresh(struct ctx *c, const struct kept_page *page)
{
    struct nodes nodes = all_nodes(c);
    if (nodes.n == 1)
        return render(c, nodes.at[0], page);
    int failed = E_OK;
    for (size_t i = 0; i < nodes.n; i++) {
        bool missed = rests(c, nodes.at[i]);
        int err = missed ? E_OK : render(c, nodes.at[i], page);
        if (err && is_there(c, nodes.at[i])) {
            failed = err;
        } else if (err) {
            missed = true;
            let_rest(c, nodes.at[i]);
            fault_clear(c);
        }
        if (missed)
            TRY(catch_up_later(c, nodes.at[i], page->key));
    }
    return failed;
}

struct beginning {
    const struct job *job;
    str at;
};

static int begin(struct ctx *c, void *with)
{
    const struct beginning *b = with;
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("node"), b->at);
    TRY(job_add(c, "node.catching_up",
        str_fmt(c->mem, "node.catching_up:%" PRId64, b->job->id), 0, 0, data, 0));
    return job_done(c, b->job);
}

/* Ends, as the next one begins, before anything is looked at: what is noted from here on finds no
 * job of this key any more, and has one of its own. */
static int catch_up(struct ctx *c, const struct job *job)
{
    struct beginning b = { job, node_str(job->data, "node") };
    if (!is_ours(c, b.at))
        return E_OK;
    TRY(fail_while_resting(c, b.at));
    return pg_tx(c, begin, &b);
}

/* Emptied first, as refresh.c does: what cannot be rendered even now is put back, and waits for the
 * job of those that are noted meanwhile. Each job has a hand of its own. */
static int catching_up(struct ctx *c, const struct job *job)
{
    struct node *keys;
    str at = node_str(job->data, "node"), set = behind(c, at),
        hand = str_fmt(c->mem, "hand:%.*s:%" PRId64, STR(set), job->id);
    bool is_away = false, is_left = false, kept = true;
    int failures = 0;
    if (!is_ours(c, at))
        return E_OK;
    if (!redis_take(c, set, hand, KEEP_S, &keys))
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    EACH(item, keys) {
        struct kept_page page;
        if (!kept_page(item->node.as.text, &page))
            continue;
        bool failed = is_away || failures == FAILURES || render(c, at, &page);
        if (failed && !is_away && failures < FAILURES) {
            failures++;
            is_away = !is_there(c, at);
            if (is_away)
                let_rest(c, at);
        }
        if (failed) {
            is_left = true;
            kept = redis_sadd(c, &set, 1, page.key, KEEP_S) && kept;
        }
    }
    fault_clear(c);
    if (!kept) /* the hand still has them: this job's next try */
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    if (node_count(keys))
        redis_del(c, hand);
    return is_left ? add_catch_up(c, at, is_away ? SECOND : LATER) : E_OK;
}

JOBS(nodes){
    { "node.message", message_job, .tries = MESSAGES + 1, .longest_us = 8 * SECOND },
    { "node.catch_up", catch_up, .tries = FOR_EVER, .longest_us = 4 * SECOND },
    { "node.catching_up", catching_up, .tries = FOR_EVER, .longest_us = 4 * SECOND,
        .lease_us = 2 * MINUTE },
    END_OF_JOBS,
};
