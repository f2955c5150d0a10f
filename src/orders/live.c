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
    line_expected(&r->c, channel_of(r, line));
}

void orders_page_at_desk(struct req *r) { orders_will_listen(r, auth_line(r, LINE_DESK)); }

/* The list of a buyer's orders hears as their clients do, that something has changed. */
void orders_page_of_buyer(struct req *r)
{
    line_expected(&r->c, str_fmt(r->c.mem, "%.*s/json", STR(auth_line(r, LINE_OWN))));
}

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

static int publish(struct ctx *c, struct buf *channels, str event, str body, str about)
{
    str to = buf_str(channels);
    channels->n = 0;
    if (!to.n)
        return E_OK;
    metric_add(c->app, "push_total", 1);
    return nodes_send(c, to, event, body, about);
}

/* What a message to many lines is about, as nodes_send has it: so many of them go together. */
static str part_of(struct ctx *c, str about, const char *ending, int line)
{
    return str_fmt(c->mem, "%.*s %s %d", STR(about), ending, line / PUSH_MOST);
}

static int send(struct ctx *c, const struct node *lines, const char *ending, str event, str body,
    str about)
{
    struct buf channels = buf_new(c->mem, 4096);
    int n = 0;
    EACH(line, lines) {
        buf_fmt(&channels, "%s%.*s/%s", channels.n ? "," : "", STR(line->node.as.text), ending);
        if (++n % PUSH_MOST == 0)
            TRY(publish(c, &channels, event, body, part_of(c, about, ending, n - 1)));
    }
    return publish(c, &channels, event, body, part_of(c, about, ending, n - 1));
}

/* What a message is about, as nodes_send has it. */
static str about(struct ctx *c, const struct node *order, const char *whose)
{
    return str_fmt(c->mem, "order:%.*s %s", STR(node_str(order, "number")), whose);
}

/* Who hears of an order. A line's channel is its clients' ("json") or its pages' in one language. */
#define MOST_ENDINGS 16
struct hearing {
    const char *endings[MOST_ENDINGS]; /* json, then the languages */
    struct node *buyer[MOST_ENDINGS], *staff[MOST_ENDINGS]; /* by ending: lines that are listened to */
    size_t n;
    bool is_any;
};

static void begin_hearing(struct hearing *h)
{
    *h = (struct hearing){ .endings = { "json" }, .n = 1 };
    for (const struct language *l = web_languages; l->code && h->n < MOST_ENDINGS; l++)
        h->endings[h->n++] = l->code;
}

static size_t name_channels(
    struct ctx *c, const struct node *lines, const char *ending, str *channels)
{
    size_t n = 0;
    EACH(line, lines)
        channels[n++] = str_fmt(c->mem, "%.*s/%s", STR(line->node.as.text), ending);
    return n;
}

static struct node *those_heard(
    struct ctx *c, const struct node *lines, const bool **heard, bool *is_any)
{
    struct node *out = node_list(c->mem);
    EACH(line, lines)
        if (*(*heard)++)
            node_add_str(c->mem, out, line->node.as.text);
    *is_any = *is_any || node_count(out);
    return out;
}

/* What nobody listens to is neither made nor sent. */
static void keep_heard(
    struct ctx *c, const struct node *buyer, const struct node *staff, struct hearing *h)
{
    size_t most = h->n * (node_count(buyer) + node_count(staff)), n = 0;
    str *channels = NEWS(c->mem, str, most + 1);
    bool *heard = NEWS(c->mem, bool, most + 1);
    for (size_t i = 0; i < h->n; i++) {
        n += name_channels(c, buyer, h->endings[i], channels + n);
        n += name_channels(c, staff, h->endings[i], channels + n);
    }
    lines_heard(c, channels, n, heard);
    const bool *next = heard;
    for (size_t i = 0; i < h->n; i++) {
        h->buyer[i] = those_heard(c, buyer, &next, &h->is_any);
        h->staff[i] = those_heard(c, staff, &next, &h->is_any);
    }
}

static int who_hears(
    struct ctx *c, const struct node *order, struct node *staff, struct hearing *h)
{
    i64 person = node_int(order, "person_id");
    struct node *buyer = node_list(c->mem), *devices;
    begin_hearing(h);
    node_add_str(c->mem, buyer, orders_line(c, node_int(order, "id")));
    if (person) {
        TRY(auth_devices(c, person, &devices));
        auth_lines_of_person(c, person, devices, buyer);
    }
    keep_heard(c, buyer, staff, h);
    return E_OK;
}

static int send_json(struct ctx *c, const struct node *order, const struct hearing *h, str event)
{
    struct node *data = node_map(c->mem);
    struct buf json = buf_new(c->mem, 1024);
    node_set_str(c->mem, data, S("order_id"), node_str(order, "number"));
    node_set_str(c->mem, data, S("payment_status"), node_str(order, "payment_status"));
    node_set_str(c->mem, data, S("order_status"), node_str(order, "status"));
    json_write(&json, data);
    TRY(send(
        c, h->buyer[0], h->endings[0], event, buf_str(&json), about(c, order, "buyer")));
    return send(c, h->staff[0], h->endings[0], event, buf_str(&json), about(c, order, "staff"));
}

static int send_page(
    struct ctx *c, const struct node *lines, const char *view, struct node *document, str what)
{
    str html;
    if (!node_count(lines))
        return E_OK;
    TRY(render_view(c, view, document, &html));
    return send(c, lines, str_c(c->mem, c->lang), str_none, html, what);
}

/* Pages are open in whatever language their readers chose; staff see how far their own part is. */
static int send_pages(struct ctx *c, i64 id, i64 organisation, const struct hearing *h)
{
    struct node *order, *shop;
    TRY(auth_organisation(c, organisation, &shop));
    for (size_t i = 1; i < h->n; i++) {
        struct node *document = node_map(c->mem);
        c->lang = str_of(h->endings[i]);
        if (!node_count(h->buyer[i]) && !node_count(h->staff[i]))
            continue;
        TRY(orders_read(c, id, &order));
        node_set(c->mem, document, S("order"), order);
        TRY(send_page(c, h->buyer[i], "orders/status", document, about(c, order, "buyer's page")));
        if (!node_count(h->staff[i]))
            continue;
        orders_flag_part(c, order, orders_part_status(order, organisation));
        TRY(orders_flag_leaving(c, &order, 1));
        node_set(c->mem, document, S("zone"), node_get(shop, S("zone")));
        TRY(send_page(
            c, h->staff[i], "orders/admin_row", document, about(c, order, "staff's page")));
    }
    return E_OK;
}

/* One event per organisation. What is sent is always the order as it is now; when it has moved
 * on meanwhile it is sent again, so that of two workers the slower never has an old last word. */
int orders_push(struct ctx *c, const struct job *job)
{
    bool is_new = str_is(node_str(job->data, "event"), "order.created");
    i64 id = job->subject;
    TRY(orders_hear(c, job));
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct node *newest, *order, *devices, *staff = node_list(c->mem), *now;
        struct hearing hearing;
        pg_batch(c);
        q_orders_newest(c, &newest, id);
        q_orders_read(c, &order, id, c->lang);
        auth_staff(c, &job->organisation, 1, &devices);
        TRY(pg_flush(c));
        auth_lines_of_staff(c, job->organisation, devices, staff);
        TRY(who_hears(c, order, staff, &hearing));
        if (!hearing.is_any)
            return E_OK;
        TRY(send_json(
            c, order, &hearing, is_new && !round ? S("order:created") : S("order:updated")));
        TRY(send_pages(c, id, job->organisation, &hearing));
        TRY(q_orders_newest(c, &now, id));
        if (node_int(now, "event") == node_int(newest, "event"))
            return E_OK;
    }
    return E_OK;
}

/* ---- several orders at once ------------------------------------------------------------------ */

/* Who may hear of some of them: the buyer of an order, or the staff of an organisation. */
struct party {
    i64 id;
    bool is_staff, wants_mail, is_heard;
    i64 person; /* the buyer who is logged in; or 0 */
    struct node *devices; /* theirs */
    size_t first, n; /* its channels, in those of all */
};
struct parties {
    struct party of[2 * JOBS_TOGETHER];
    size_t n;
    struct node *staff; /* devices of all who are staff of one of them */
};
#define EACH_PARTY(p, all) for (struct party *p = (all)->of; p < (all)->of + (all)->n; p++)

static struct party *party(struct parties *all, i64 id, bool is_staff)
{
    EACH_PARTY (p, all)
        if (p->id == id && p->is_staff == is_staff)
            return p;
    all->of[all->n] = (struct party){ .id = id, .is_staff = is_staff };
    return &all->of[all->n++];
}

static size_t ids_of(struct parties *all, bool is_staff, i64 *ids)
{
    size_t n = 0;
    EACH_PARTY (p, all)
        if (p->is_staff == is_staff)
            ids[n++] = p->id;
    return n;
}

static int find_parties(struct ctx *c, struct parties *all)
{
    i64 orders[JOBS_TOGETHER], shops[JOBS_TOGETHER];
    struct node *buyers, *mailed;
    size_t n_orders = ids_of(all, false, orders), n_shops = ids_of(all, true, shops);
    pg_batch(c);
    q_orders_buyers(c, &buyers, orders, n_orders);
    q_orders_mailed_of_orders(c, &mailed, shops, n_shops);
    auth_staff(c, shops, n_shops, &all->staff);
    TRY(pg_flush(c));
    EACH(item, mailed)
        party(all, node_int(&item->node, "id"), true)->wants_mail = true;
    if (!node_count(buyers))
        return E_OK;
    pg_batch(c);
    EACH(item, buyers) {
        struct party *p = party(all, node_int(&item->node, "id"), false);
        p->person = node_int(&item->node, "person_id");
        auth_devices(c, p->person, &p->devices);
    }
    return pg_flush(c);
}

static struct node *lines_of(struct ctx *c, const struct parties *all, const struct party *p)
{
    struct node *lines = node_list(c->mem);
    if (p->is_staff)
        auth_lines_of_staff(c, p->id, all->staff, lines);
    else
        node_add_str(c->mem, lines, orders_line(c, p->id));
    if (p->person)
        auth_lines_of_person(c, p->person, p->devices, lines);
    return lines;
}

/* Redis is asked once for all. */
static void find_heard(struct ctx *c, struct parties *all)
{
    struct node *lines[2 * JOBS_TOGETHER];
    struct hearing h;
    size_t n = 0;
    begin_hearing(&h);
    for (size_t i = 0; i < all->n; i++) {
        lines[i] = lines_of(c, all, &all->of[i]);
        all->of[i].first = n;
        n += all->of[i].n = h.n * node_count(lines[i]);
    }
    str *channels = NEWS(c->mem, str, n + 1);
    bool *heard = NEWS(c->mem, bool, n + 1);
    n = 0;
    for (size_t i = 0; i < all->n; i++)
        for (size_t j = 0; j < h.n; j++)
            n += name_channels(c, lines[i], h.endings[j], channels + n);
    lines_heard(c, channels, n, heard);
    EACH_PARTY (p, all)
        for (size_t i = 0; i < p->n; i++)
            p->is_heard = p->is_heard || heard[p->first + i];
}

/* Of most orders nobody hears: they are done with, also by mail where nobody wants any. */
int orders_push_plain(struct ctx *c, const struct job *jobs, size_t n, bool *done)
{
    struct parties all = { .n = 0 };
    for (size_t i = 0; i < n; i++) {
        party(&all, jobs[i].subject, false);
        party(&all, jobs[i].organisation, true);
    }
    TRY(find_parties(c, &all));
    find_heard(c, &all);
    for (size_t i = 0; i < n; i++) {
        const struct party *staff = party(&all, jobs[i].organisation, true);
        bool is_mail = staff->wants_mail && orders_is_new(&jobs[i]);
        bool is_heard = staff->is_heard || party(&all, jobs[i].subject, false)->is_heard;
        done[i] = !is_mail && !is_heard;
    }
    return E_OK;
}
