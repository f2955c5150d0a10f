/* The lines that open pages and clients hold, and what is sent on them.
 *
 * Each line listens to one channel, "<line>/<language>" for the fragments of pages or
 * "<line>/json" for clients, because nchan loses messages in the first milliseconds of a line
 * that listens to several. So an order's news goes to every session that may hear it:
 *
 *   o/<order>    whoever holds its signed link
 *   s/<session>  a device where its buyer is logged in: all orders of theirs
 *   d/<session>  a device of the staff of a shop that has a part in it
 *   s/all-<person>, d/all-<shop>  their programs that come with a token
 *
 * One message to many channels is one request to nginx. A session that has ended is sent
 * nothing from that moment, not even on a line that was being laid just then; its channels are
 * deleted, which ends its lines and nobody else's.
 *
 * A client's line begins with connection:ready. nginx has nothing that writes an event of ours at
 * the head of nchan's answer, so it is published on the client's own channel, before nginx takes
 * the line, which begins a second earlier: it cannot be missed. Other clients on the channel
 * (the same session, the same link) hear it too, and learn nothing wrong from it. */
#include "orders/orders_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "web/web.h"
#include "work/work.h"

#define MOST_ROUNDS 5

str orders_line(struct ctx *c, i64 order)
{
    return str_fmt(c->mem, "o/%.*s", STR(crypto_opaque(c->mem, c->app->secret, "order", order)));
}

static str channel_of(struct req *r, str line)
{
    str ending = r->format == JSON ? S("json") : r->c.lang;
    return str_fmt(r->c.mem, "%.*s/%.*s", STR(line), STR(ending));
}

void orders_will_listen(struct req *r, str line)
{
    if (r->format != JSON) /* clients are told in any case */
        line_expected(&r->c, channel_of(r, line));
}

void orders_page_at_desk(struct req *r) { orders_will_listen(r, auth_line(r, LINE_DESK)); }

/* After our check nginx holds the line. Where it begins goes along, because nginx's redirect has
 * arguments of its own. Something is said on it first: clients wait for that, pages have no ear for
 * it, and nchan cannot stand two who go on in a channel that is empty (nginx/push.conf). */
int orders_listen(struct req *r, str line)
{
    struct ctx *c = &r->c;
    struct buf to = buf_new(c->mem, 1024);
    orders_will_listen(r, line);
    str channel = channel_of(r, line);
    str since = str_fmt(c->mem, "%" PRId64 ":0", c->now / SECOND - 1);
    if (push_send(c, c->app->inner_socket, channel, S("connection:ready"), S("{}")))
        fault_clear(c); /* nginx is asked for the line itself next */
    buf_fmt(&to, "/_sub/%.*s?last_event_id=", STR(channel));
    escape_url_part(&to, in_has(r, "last_event_id") ? in_str(r, "last_event_id") : since);
    return accel(r, buf_str(&to));
}

static int publish(struct ctx *c, struct buf *channels, str event, str body)
{
    str to = buf_str(channels);
    channels->n = 0;
    if (!to.n)
        return E_OK;
    metric_add(c->app, "push_total", 1);
    return nodes_send(c, to, event, body);
}

static int send(struct ctx *c, const struct node *lines, const char *ending, str event, str body)
{
    struct buf channels = buf_new(c->mem, 4096);
    int n = 0;
    EACH(line, lines) {
        buf_fmt(&channels, "%s%.*s/%s", channels.n ? "," : "", STR(line->node.as.text), ending);
        if (++n % PUSH_MOST == 0)
            TRY(publish(c, &channels, event, body));
    }
    return publish(c, &channels, event, body);
}

struct hearing {
    struct node *buyer, *staff; /* their lines */
};

static int who_hears(struct ctx *c, const struct node *order, i64 organisation, struct hearing *h)
{
    i64 person = node_int(order, "person_id");
    h->buyer = node_list(c->mem);
    h->staff = node_list(c->mem);
    node_add_str(c->mem, h->buyer, orders_line(c, node_int(order, "id")));
    if (person)
        TRY(auth_lines_of_person(c, person, h->buyer));
    return auth_lines_of_staff(c, organisation, h->staff);
}

static int send_json(struct ctx *c, const struct node *order, const struct hearing *h, str event)
{
    struct node *data = node_map(c->mem);
    struct buf json = buf_new(c->mem, 1024);
    node_set_str(c->mem, data, S("order_id"), node_str(order, "number"));
    node_set_str(c->mem, data, S("payment_status"), node_str(order, "payment_status"));
    node_set_str(c->mem, data, S("order_status"), node_str(order, "status"));
    json_write(&json, data);
    TRY(send(c, h->buyer, "json", event, buf_str(&json)));
    return send(c, h->staff, "json", event, buf_str(&json));
}

static size_t name_channels(struct ctx *c, const struct node *lines, str language, str *channels)
{
    size_t n = 0;
    EACH(line, lines)
        channels[n++] = str_fmt(c->mem, "%.*s/%.*s", STR(line->node.as.text), STR(language));
    return n;
}

static struct node *those_heard(struct ctx *c, const struct node *lines, const bool **heard)
{
    struct node *out = node_list(c->mem);
    EACH(line, lines)
        if (*(*heard)++)
            node_add_str(c->mem, out, line->node.as.text);
    return out;
}

/* By language: of the buyer's lines, then of the staff's, whether a page listens. */
static const bool *who_listens(struct ctx *c, const struct hearing *h)
{
    size_t most = 0, n = 0;
    for (const struct language *l = web_languages; l->code; l++)
        most += node_count(h->buyer) + node_count(h->staff);
    str *channels = NEWS(c->mem, str, most + 1);
    bool *heard = NEWS(c->mem, bool, most + 1);
    for (const struct language *l = web_languages; l->code; l++) {
        n += name_channels(c, h->buyer, str_of(l->code), channels + n);
        n += name_channels(c, h->staff, str_of(l->code), channels + n);
    }
    lines_heard(c, channels, n, heard);
    return heard;
}

static int send_page(
    struct ctx *c, const struct node *lines, const char *view, struct node *document)
{
    str html;
    if (!node_count(lines))
        return E_OK;
    TRY(render_view(c, view, document, &html));
    return send(c, lines, str_c(c->mem, c->lang), str_none, html);
}

/* Pages are open in whatever language their readers chose; what nobody reads is not made. */
static int send_pages(struct ctx *c, i64 id, const struct hearing *h)
{
    struct node *order;
    const bool *heard = who_listens(c, h);
    for (const struct language *l = web_languages; l->code; l++) {
        struct node *document = node_map(c->mem);
        struct node *buyer = those_heard(c, h->buyer, &heard);
        struct node *staff = those_heard(c, h->staff, &heard);
        c->lang = str_of(l->code);
        if (!node_count(buyer) && !node_count(staff))
            continue;
        TRY(orders_read(c, id, &order));
        node_set(c->mem, document, S("order"), order);
        TRY(send_page(c, buyer, "orders/status", document));
        TRY(send_page(c, staff, "orders/admin_row", document));
    }
    return E_OK;
}

/* One event per organisation. What is sent is always the order as it is now; when it has moved
 * on meanwhile it is sent again, so that of two workers the slower never has an old last word. */
int orders_push(struct ctx *c, const struct job *job)
{
    bool is_new = str_is(node_str(job->data, "event"), "order.created");
    i64 id = job->subject;
    c->scope.order = id;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct node *newest, *order, *now;
        struct hearing hearing;
        pg_batch(c);
        q_orders_newest(c, &newest, id);
        q_orders_read(c, &order, id, c->lang);
        TRY(pg_flush(c));
        TRY(who_hears(c, order, job->organisation, &hearing));
        TRY(send_json(
            c, order, &hearing, is_new && !round ? S("order:created") : S("order:updated")));
        TRY(send_pages(c, id, &hearing));
        TRY(q_orders_newest(c, &now, id));
        if (node_int(now, "event") == node_int(newest, "event"))
            return E_OK;
    }
    return E_OK;
}
