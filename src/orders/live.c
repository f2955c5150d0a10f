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

/* After our check nginx holds the line. Where it begins goes along, because nginx's redirect has
 * arguments of its own. */
int orders_listen(struct req *r, str line)
{
    struct ctx *c = &r->c;
    struct buf to = buf_new(c->mem, 1024);
    bool is_json = r->format == JSON;
    str channel = str_fmt(c->mem, "%.*s/%.*s", STR(line), STR(is_json ? S("json") : c->lang));
    str since = str_fmt(c->mem, "%" PRId64 ":0", c->now / SECOND - 1);
    if (is_json && push_send(c, c->app->inner_socket, channel, S("connection:ready"), S("{}")))
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

/* Pages are open in whatever language their readers chose. */
static int send_pages(struct ctx *c, i64 id, const struct hearing *h)
{
    struct node *order;
    str html;
    for (const struct language *l = web_languages; l->code; l++) {
        struct node *document = node_map(c->mem);
        c->lang = str_of(l->code);
        TRY(orders_read(c, id, &order));
        node_set(c->mem, document, S("order"), order);
        TRY(render_view(c, "orders/status", document, &html));
        TRY(send(c, h->buyer, l->code, str_none, html));
        TRY(render_view(c, "orders/admin_row", document, &html));
        TRY(send(c, h->staff, l->code, str_none, html));
    }
    return E_OK;
}

/* One event per organisation. What is sent is always the order as it is now; when it has moved
 * on meanwhile it is sent again, so that of two workers the slower never has an old last word. */
int orders_push(struct ctx *c, const struct job *job)
{
    bool is_new = str_is(node_str(job->data, "event"), "order.created");
    i64 id = job->subject, sent = -1;
    c->scope.order = id;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct node *newest, *order;
        struct hearing hearing;
        TRY(q_orders_newest(c, &newest, id));
        if (node_int(newest, "event") == sent)
            return E_OK;
        sent = node_int(newest, "event");
        TRY(q_orders_read(c, &order, id, c->lang));
        TRY(who_hears(c, order, job->organisation, &hearing));
        TRY(send_json(
            c, order, &hearing, is_new && !round ? S("order:created") : S("order:updated")));
        TRY(send_pages(c, id, &hearing));
    }
    return E_OK;
}
