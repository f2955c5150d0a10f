/* finish.c: what every answer is given on its way out: under which keys it is kept, headers, one
 * line in the log. */
#include <unistd.h>
#include "web/web_in.h"

enum { WORTH_PACKING = 1000 }; /* bytes: as nginx/nginx.conf has it */

static bool has_kept_place(struct req *r)
{
    return r->route && (r->route->flags & CACHED) && r->method == GET && !r->out->has_cookie &&
        uri_is_canonical(r);
}

bool may_be_kept(struct req *r) { return r->out->cache_s > 0 && has_kept_place(r); }

static bool is_kept(struct req *r) { return r->out->status == 200 && may_be_kept(r); }

static void send_tags(struct req *r)
{
    size_t n = node_count(r->out->tags), i = 0;
    r->n_tags_sent = n;
    str *keys = NEWS(r->c.mem, str, n);
    EACH(item, r->out->tags)
        keys[i++] = str_fmt(r->c.mem, "tag:%.*s", STR(item->node.as.text));
    str member = str_fmt(r->c.mem, "%s|%s|%.*s|%.*s|%.*s", r->format == JSON ? "json" : "html",
        kind_name(r->kind), STR(r->c.lang), STR(r->c.currency), STR(r->uri));
    struct counter counters[PER_REQUEST];
    size_t n_counters = limit_late(r, counters);
    redis_sadd_begin(&r->c, keys, n, member, r->out->cache_s + 3600, counters, n_counters);
}

/* So that the refresher will find this page again; Redis does it while the page is rendered. What
 * was sent ahead is sent again with those that came to it: sets do not mind. */
void tags_begin(struct req *r)
{
    if (node_count(r->out->tags) > r->n_tags_sent && is_kept(r))
        send_tags(r);
}

void tags_ahead(struct req *r)
{
    if (node_count(r->out->tags) > r->n_tags_sent && may_be_kept(r))
        send_tags(r);
}

/* Ends what tags_begin has begun; says whether the tags are there. */
static bool tags_end(struct req *r)
{
    struct counter counters[PER_REQUEST] = { 0 };
    bool sent = r->late && r->late->sent;
    bool done = redis_sadd_end(&r->c, counters, sent ? r->late->n : 0);
    limit_settle(r, counters, sent && done);
    return done;
}

/* A page that was kept and is no more, or elsewhere: an answer that nginx does not store leaves the
 * old page where it is. This one it lays over it, long past already (in 1970), and asks anew. */
static bool is_gone(struct req *r)
{
    int status = r->out->status;
    return r->internal && has_kept_place(r) &&
        (status == 404 || status == 410 || status == 301 || status == 308);
}

/* The headers of a kept page are as long each time it is made, hence the zeros: while nginx puts a
 * file in another's place it reads the new one by the old one's length of headers, and takes one
 * with more of them for broken ("too long header"), as if no page had been kept. */
static void cache_headers(struct req *r)
{
    bool tagged = tags_end(r);
    if (!is_kept(r)) {
        bool over_the_old = is_gone(r);
        r->out->cache_s = 0;
        set_header(r, "X-Accel-Expires", over_the_old ? S("@1") : S("0"));
        set_header(r, "Cache-Control", over_the_old ? S("no-cache") : S("no-store"));
        return;
    }
    if (!node_count(r->out->tags))
        tagged = redis_is_up(r->c.redis);
    if (!tagged && r->out->cache_s > 10)
        r->out->cache_s = 10;
    assert(!r->out->has_cookie);
    set_header(r, "X-Accel-Expires", str_fmt(r->c.mem, "%07" PRId64, r->out->cache_s));
    set_header(r, "Cache-Control", S("no-cache"));
}

/* Kept as it travels, with its length, or nginx would cut it into chunks. Any other answer to who
 * takes gzip is packed by nginx on its way. */
static void pack(struct req *r)
{
    str packed;
    if (r->kind == KIND_SSI || !is_kept(r))
        return;
    if (r->kind == KIND_PACKED && r->out->body.n >= WORTH_PACKING &&
        pack_gzip(r->c.mem, buf_str(&r->out->body), &packed)) {
        r->out->body.n = 0;
        buf_add(&r->out->body, packed);
        set_header(r, "Content-Encoding", S("gzip"));
    }
    set_header(r, "Content-Length", str_fmt(r->c.mem, "%07zu", r->out->body.n));
}

static void timing_header(struct req *r, i64 us)
{
    if (r->c.app->production || r->out->cache_s)
        return;
    set_header(r, "Server-Timing",
        str_fmt(r->c.mem, "db;dur=%.3f;desc=\"%" PRId64 " trips\", redis;dur=%.3f, app;dur=%.3f",
            (double)r->c.db_us / 1000, r->c.db_trips, (double)r->c.redis_us / 1000,
            (double)us / 1000));
}

static str number(struct req *r, i64 n) { return str_fmt(r->c.mem, "%" PRId64, n); }

/* The pattern, not the path: paths carry order ids and signed links. */
static void write_log(struct req *r, int err, i64 us)
{
    const struct fault *f = &r->c.fault;
    enum log_level level = err > 0 ? err_level((enum err)err) : LOG_INFO;
    log_line(&r->c, level, "request", "method", method_name(r->method), "route",
        r->route ? str_of(r->route->path) : S("-"), "status", number(r, r->out->status), "us",
        number(r, us), "db", number(r, r->c.db_trips), "db_us", number(r, r->c.db_us), "redis_us",
        number(r, r->c.redis_us), "bytes", number(r, (i64)r->out->body.n), "pid",
        number(r, getpid()), "fault", f->key, "detail", f->detail, NULL);
}

void request_finish(struct req *r, int err)
{
    i64 us = when_ticks() - r->started_us;
    if (r->format == HTML && r->out->status == 200 && !(r->route && (r->route->flags & CACHED)))
        csrf_heal(r);
    cache_headers(r);
    pack(r);
    if (!r->route || (r->route->flags & NOINDEX) || r->out->status >= 400 || r->format == JSON)
        set_header(r, "X-Robots-Tag", S("noindex"));
    set_header(r, "Content-Language", r->c.lang);
    set_header(r, "X-Request-Id", r->c.id);
    timing_header(r, us);
    write_log(r, err, us);
    metrics_request(r->c.app, r->route ? r->row : SIZE_MAX, r->out->status, us, r->c.db_us,
        (i64)r->out->body.n);
}
