/* Who listens. A page that will hold a line says so when it is made and again when the line is
 * laid, which nginx ends every four minutes for it to be laid anew (nginx/push.conf). It keeps what
 * was sent for ten more (nginx/site.conf), for those who come back. So a channel that nobody has
 * spoken for in a quarter of an hour has no listener, and nothing need be made for it.
 *
 * It stands in Redis, which may lose it: then everybody counts as listening for so long. */
#include "work/work_in.h"
#include "io/io.h"

#define HEARD_FOR  900 /* seconds; longer than a line of /_sub/ and what was sent on it last */
#define SINCE      S("hears:each:since") /* each: clients speak as well; earlier ones did not */
#define MOST_LINES 400

static str key_of(struct ctx *c, str channel)
{
    return str_fmt(c->mem, "hears:%.*s", STR(channel));
}

void line_expected(struct ctx *c, str channel)
{
    redis_set(c, key_of(c, channel), S("1"), HEARD_FOR);
}

void lines_begin(struct ctx *c)
{
    redis_set(c, SINCE, str_fmt(c->mem, "%" PRId64, when_now() / SECOND), 0);
}

/* Redis was away, and is there again: who spoke meanwhile was not heard. */
void lines_watch(struct ctx *c, bool *was_away)
{
    str since = str_none;
    bool is_there = redis_get(c, SINCE, &since);
    if (is_there && (*was_away || !since.n))
        lines_begin(c);
    *was_away = !is_there;
}

/* At most MOST_LINES. */
static bool some_heard(struct ctx *c, const str *channels, size_t n, bool *heard)
{
    str keys[MOST_LINES + 1] = { SINCE }, values[MOST_LINES + 1];
    i64 since = 0;
    for (size_t i = 0; i < n; i++)
        keys[i + 1] = key_of(c, channels[i]);
    bool is_known = redis_mget(c, keys, n + 1, values) && str_int(values[0], &since) &&
        since + HEARD_FOR < when_now() / SECOND;
    for (size_t i = 0; i < n; i++)
        heard[i] = !is_known || values[i + 1].n;
    return is_known;
}

void lines_heard(struct ctx *c, const str *channels, size_t n, bool *heard)
{
    bool is_known = true;
    for (size_t i = 0; i < n; i++)
        heard[i] = true;
    for (size_t i = 0; i < n && is_known; i += MOST_LINES)
        is_known = some_heard(c, channels + i, n - i < MOST_LINES ? n - i : MOST_LINES, heard + i);
}
