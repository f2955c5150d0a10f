/* Cached pages, refreshed by event: a tag's keys were written to Redis by the worker that
 * rendered the page (web/finish.c), each is asked for again past the cache (nginx stores what
 * comes), at every node. While Redis is away the job waits for it. */
#include "work/work_in.h"

#define MOST_TAGS  64
#define MOST_ROUNDS 10
#define MOST_PAGES 2000 /* of one tag at once; those beyond come after them, by the part */
#define IN_FLIGHT  (2 * SECOND)
#define HANGS      (1 * SECOND) /* what fails after so long is not asked for the rest */
#define SETTLED    (11 * SECOND) /* web/kept.c keeps for 9, and a page is in flight */
#define PART       100  /* pages a second: a third of a core at most, and 10,000 in two minutes */
#define ROUND      (5 * SECOND)
#define KEEP_S     7200 /* as long as the longest kept page, and an hour */

static int later(struct ctx *c, const str *tags, size_t n, const char *name, str cause, when at)
{
    struct node *data = node_map(c->mem), *list = node_set_list(c->mem, data, S("tags"));
    for (size_t i = 0; i < n && i < MOST_TAGS; i++)
        node_add_str(c->mem, list, tags[i]);
    return job_add(
        c, "refresh.pages", str_fmt(c->mem, "%s:%.*s", name, STR(cause)), 0, 0, data, at);
}

int refresh_settled(struct ctx *c, const str *tags, size_t n, str cause)
{
    return later(c, tags, n, "refresh3", cause, when_now() + SETTLED);
}

bool kept_page(str key, struct kept_page *page)
{
    str language;
    page->key = page->uri = key;
    return str_cut(&page->uri, '|', &page->format) && str_cut(&page->uri, '|', &page->kind) &&
        str_cut(&page->uri, '|', &language) && str_cut(&page->uri, '|', &page->currency) &&
        str_starts(page->uri, S("/"));
}

/* Where no page can be made, one after the other would keep its worker from what pays and is seen:
 * after the first that hangs none is asked for. */
static int refresh_one(struct ctx *c, str key, bool *hangs)
{
    struct kept_page page;
    when began = when_now();
    if (!kept_page(key, &page))
        return E_OK;
    if (*hangs)
        return fail_detail(c, E_AWAY, "refresh.hangs", "left for later, as pages hang");
    metric_add(c->app, "refreshes_total", 1);
    int err = nodes_refresh(c, &page);
    *hangs = err && when_now() - began > HANGS;
    return err;
}

static str rest(void) { return S("refresh.rest"); }

/* All that go on at the same second are one. `after` is the second of the part before, which the
 * database's clock may have begun earlier than ours. */
static int next_part(struct ctx *c, i64 after)
{
    i64 now = when_now() / SECOND;
    i64 second = (now > after ? now : after) + 1;
    str key = str_fmt(c->mem, "refresh.part:%" PRId64, second);
    return job_add(c, "refresh.part", key, 0, second, NULL, second * SECOND);
}

/* The set is emptied first: a page that is still wanted puts itself back by being rendered, one
 * that could not be rendered is put back here, and of very many those beyond are left to the parts.
 * So the sets never only grow. What was taken is in hand until all is rendered: who dies over it
 * leaves it to whoever comes next. */
static int refresh_tag(struct ctx *c, str tag, bool *hangs)
{
    struct node *keys = NULL;
    str left = rest(), set = str_fmt(c->mem, "tag:%.*s", STR(tag));
    str hand = str_fmt(c->mem, "hand:%.*s", STR(set));
    int n = 0, worst = E_OK;
    bool kept = true;
    if (!redis_take(c, set, hand, KEEP_S, &keys))
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    EACH(item, keys) {
        bool is_beyond = n++ >= MOST_PAGES;
        int err = is_beyond ? E_OK : refresh_one(c, item->node.as.text, hangs);
        if (err || is_beyond)
            kept = redis_sadd(c, is_beyond ? &left : &set, 1, item->node.as.text, KEEP_S) && kept;
        worst = err ? err : worst;
    }
    if (n > MOST_PAGES)
        TRY(next_part(c, 0));
    if (kept && node_count(keys))
        redis_del(c, hand);
    return worst;
}

/* While its pages are made anew the set is in hand. */
bool refresh_keeps(struct ctx *c, str tag)
{
    str set = str_fmt(c->mem, "tag:%.*s", STR(tag));
    bool yes;
    return !redis_is_there(c, set, str_fmt(c->mem, "hand:%.*s", STR(set)), &yes) || yes;
}

static str again_set(struct ctx *c, i64 second)
{
    return str_fmt(c->mem, "refresh.again:%" PRId64, second);
}

/* The second time is one job for all that was made anew within a second. What it is about stands
 * beside the keys of the pages; without Redis each has a job of its own. */
static int once_more(struct ctx *c, const str *tags, size_t n, str cause)
{
    i64 second = (when_now() + IN_FLIGHT) / SECOND + 1;
    str set = again_set(c, second);
    for (size_t i = 0; i < n; i++)
        if (!redis_sadd(c, &set, 1, tags[i], KEEP_S))
            return later(c, tags, n, "refresh2", cause, when_now() + IN_FLIGHT);
    return job_add(c, "refresh.again", set, 0, second, NULL, second * SECOND);
}

int refresh_now(struct ctx *c, const str *tags, size_t n, str cause)
{
    bool hangs = false;
    for (size_t i = 0; i < n; i++)
        TRY(refresh_tag(c, tags[i], &hangs));
    return once_more(c, tags, n, cause);
}

/* What changes all the time (a category while its products are imported) is made anew at once only
 * once a second: the second time is after every change. */
int refresh_tags(struct ctx *c, const str *tags, size_t n, str cause)
{
    str due[MOST_TAGS];
    size_t n_due = 0;
    for (size_t i = 0; i < n && n_due < MOST_TAGS; i++) {
        str lately = str_fmt(c->mem, "refresh.lately:%.*s", STR(tags[i]));
        bool first = true;
        if (!redis_add(c, lately, S("1"), 1, &first) || first)
            due[n_due++] = tags[i];
    }
    if (n_due)
        TRY(later(c, due, n_due, "refresh", cause, 0));
    return once_more(c, tags, n, cause);
}

/* What is noted while this runs finds its job there already, so it is looked for once more. */
static int refresh_again(struct ctx *c, const struct job *job)
{
    str set = again_set(c, job->subject), hand = str_fmt(c->mem, "hand:%.*s", STR(set));
    bool hangs = false;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct node *tags = NULL;
        if (!redis_take(c, set, hand, KEEP_S, &tags))
            return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
        if (!node_count(tags))
            return E_OK;
        int worst = E_OK; /* what cannot be made keeps no other from being made */
        EACH(item, tags) {
            int err = refresh_tag(c, item->node.as.text, &hangs);
            worst = err ? err : worst;
        }
        TRY(worst);
        redis_del(c, hand);
    }
    return fail_detail(c, E_AWAY, "refresh.again", "more came all the time: later");
}

static int refresh_pages(struct ctx *c, const struct job *job)
{
    int worst = E_OK;
    bool hangs = false;
    EACH(item, node_get(job->data, S("tags"))) {
        int err = refresh_tag(c, item->node.as.text, &hangs);
        worst = err ? err : worst;
    }
    return worst;
}

/* ---- what very many pages show ------------------------------------------------------------------
 */

int refresh_slowly(struct ctx *c, struct node *tags, str cause)
{
    i64 round = (when_now() + SETTLED) / ROUND + 1;
    struct node *data = node_map(c->mem);
    str key = str_fmt(c->mem, "refresh.slowly:%.*s:%" PRId64, STR(cause), round);
    node_set(c->mem, data, S("tags"), tags);
    return job_add(c, "refresh.slowly", key, 0, 0, data, round * ROUND);
}

/* Joins what is left of a change before: nothing is made anew twice. */
static int begin_slowly(struct ctx *c, const struct job *job)
{
    const struct node *tags = node_get(job->data, S("tags"));
    str *sets = NEWS(c->mem, str, node_count(tags) + 1);
    size_t n = 0;
    EACH(it, tags)
        sets[n++] = str_fmt(c->mem, "tag:%.*s", STR(it->node.as.text));
    if (!redis_join(c, rest(), sets, n, KEEP_S))
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    return next_part(c, 0);
}

/* What could not be made stays for the next part. */
static int refresh_part(struct ctx *c, const struct job *job)
{
    struct node *keys, *made = node_list(c->mem);
    int worst = E_OK;
    bool hangs = false;
    if (!redis_some(c, rest(), PART, &keys))
        return fail_detail(c, E_AWAY, "refresh.redis", "Redis is away");
    EACH(it, keys) {
        int err = refresh_one(c, it->node.as.text, &hangs);
        if (!err)
            node_add_str(c->mem, made, it->node.as.text);
        worst = err ? err : worst;
    }
    if (!node_count(made))
        return worst;
    fault_clear(c);
    redis_srem(c, rest(), made);
    return next_part(c, job->subject);
}

JOBS(work){
    { "refresh.pages", refresh_pages, .tries = 2000, .rank = RANK_PAGES, .lease_us = 2 * MINUTE,
        .longest_us = 5 * SECOND },
    { "refresh.slowly", begin_slowly, .tries = 2000, .rank = RANK_LAST },
    { "refresh.part", refresh_part, .tries = 2000, .rank = RANK_LAST, .lease_us = 2 * MINUTE,
        .longest_us = 5 * SECOND },
    { "refresh.again", refresh_again, .tries = 2000, .rank = RANK_PAGES, .lease_us = 2 * MINUTE,
        .longest_us = 5 * SECOND },
    END_OF_JOBS,
};
