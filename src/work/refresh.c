/* Cached pages, refreshed by event: a tag's keys were written to Redis by the worker that
 * rendered the page (web/reply.c), each is asked for again past the cache (nginx stores what
 * comes). Where Redis is away the pages' short time to live is the net. */
#include "work/work_in.h"

#define MOST_TAGS  64
#define MOST_PAGES 2000 /* of one tag; more than that wait for their time to live */
#define IN_FLIGHT  (2 * SECOND)

int refresh_tags(struct ctx *c, const str *tags, size_t n, str cause)
{
    struct node *data = node_map(c->mem), *list = node_set_list(c->mem, data, S("tags"));
    for (size_t i = 0; i < n && i < MOST_TAGS; i++)
        node_add_str(c->mem, list, tags[i]);
    TRY(job_add(c, "refresh.pages", str_fmt(c->mem, "refresh:%.*s", STR(cause)), 0, 0, data, 0));
    return job_add(c, "refresh.pages", str_fmt(c->mem, "refresh2:%.*s", STR(cause)), 0, 0, data,
        when_now() + IN_FLIGHT);
}

/* A key as web's set_tag writes it: format|language|currency|uri; the uri has the language. */
static int refresh_one(struct ctx *c, str key)
{
    str format, language, currency, uri = key;
    if (!str_cut(&uri, '|', &format) || !str_cut(&uri, '|', &language) ||
        !str_cut(&uri, '|', &currency))
        return E_OK;
    str key_of_nginx = conf_str(c->app->conf, "refresh_key", str_none);
    metric_add(c->app, "refreshes_total", 1);
    return push_refresh(c, c->app->inner_socket, key_of_nginx, uri,
        str_is(format, "json") ? S("application/json") : S("text/html"), currency);
}

static int refresh_tag(struct ctx *c, str tag)
{
    struct node *keys = NULL;
    if (!redis_smembers(c, str_fmt(c->mem, "tag:%.*s", STR(tag)), &keys) || !keys)
        return E_OK;
    int n = 0, worst = E_OK;
    EACH(item, keys)
    {
        int err = n++ < MOST_PAGES ? refresh_one(c, item->node.as.text) : E_OK;
        worst = err ? err : worst;
    }
    return worst;
}

static int refresh_pages(struct ctx *c, const struct job *job)
{
    int worst = E_OK;
    EACH(item, node_get(job->data, S("tags")))
    {
        int err = refresh_tag(c, item->node.as.text);
        worst = err ? err : worst;
    }
    return worst;
}

JOBS(work) {
    {"refresh.pages", refresh_pages, .tries = 4, .lease_us = 2 * MINUTE},
    END_OF_JOBS,
};
