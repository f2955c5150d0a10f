#include "gen/queries.h"
#include "watch/watch_in.h"
#include "web/web.h"

enum { MOST_BODY = 16 << 10, MOST_REPORTS = 10, PAGE = 100 };

/* ---- what browsers report ---------------------------------------------------------------------- */

/* "script-src-elem"; anything else is "-". */
static str directive_of(str text)
{
    size_t n = 0;
    while (n < text.n && n < 40 && ((text.p[n] >= 'a' && text.p[n] <= 'z') || text.p[n] == '-'))
        n++;
    return n ? str_upto(text, n) : S("-");
}

/* A word ("inline", "eval", "data") or an origin; never a path, which may tell who somebody is. */
static str blocked_of(str text)
{
    i64 at = str_find(text, S("://"));
    size_t n = at < 0 ? 0 : (size_t)at + 3;
    while (n < text.n && n < 200) {
        char one = text.p[n];
        bool plain = (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9') || one == '-';
        if (!plain && (at < 0 || !strchr(".:[]", one)))
            break;
        n++;
    }
    return n ? str_upto(text, n) : S("-");
}

/* Browsers send the one form or the other; names differ. */
static str first_of(const struct node *report, const char *one, const char *other)
{
    str text = node_str(report, one);
    return text.n ? text : node_str(report, other);
}

static int keep(struct req *r, const struct node *report)
{
    str page = first_of(report, "documentURL", "document-uri");
    str directive = first_of(report, "effectiveDirective", "effective-directive");
    if (!directive.n)
        directive = node_str(report, "violated-directive");
    str pattern = route_pattern(r, page);
    metric_add(r->c.app, "csp_reports_total", 1);
    if (!pattern.n) /* not of a page of ours */
        return E_OK;
    return q_watch_report(&r->c, NULL, directive_of(directive),
        blocked_of(first_of(report, "blockedURL", "blocked-uri")), pattern);
}

static int keep_all(struct req *r, const struct node *sent)
{
    int n = 0;
    const struct node *one = node_get(sent, S("csp-report"));
    if (one)
        return keep(r, one);
    if (sent->kind != N_LIST)
        return E_OK;
    EACH(item, sent) {
        const struct node *body = node_get(&item->node, S("body"));
        if (body && str_is(node_str(&item->node, "type"), "csp-violation") && n++ < MOST_REPORTS)
            TRY(keep(r, body));
    }
    return E_OK;
}

static int report(struct req *r)
{
    struct node *sent;
    /* The only limit, of its own: what a browser reports is not its person's doing. */
    TRY(limit_take(r, "reports-address", limit_address(r), 1));
    if (r->body.n > MOST_BODY)
        return fail_detail(&r->c, E_TOO_LARGE, "body.size", "%zu bytes", r->body.n);
    TRY(json_read(&r->c, r->body, &sent));
    r->c.scope = (struct scope){ .platform = true };
    TRY(keep_all(r, sent));
    return reply_raw(r, 204, str_none, str_none);
}

/* ---- the page -------------------------------------------------------------------------------------- */

static const struct input further[] = { { "before", INT, 0, INT64_MAX }, { 0 } };

static int show(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem), *rows, *alerts, *reports;
    i64 n = 0, last = 0;
    c->scope = (struct scope){ .person = me(r), .platform = true };
    TRY(q_watch_alerts(c, &rows, in_int(r, "before"), PAGE + 1));
    TRY(q_watch_reports(c, &reports));
    watch_name_countries(c, rows);
    alerts = node_set_list(c->mem, document, S("alerts"));
    EACH(item, rows) {
        if (n++ == PAGE)
            break;
        struct node *alert = node_add(c->mem, alerts, (struct node *)&item->node);
        node_set_str(c->mem, alert, S("text"), say(c, watch_text(node_str(alert, "kind"))));
        last = node_int(alert, "id");
    }
    node_set(c->mem, document, S("reports"), reports);
    if (n > PAGE)
        node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"),
            str_fmt(c->mem, "/admin/security?before=%" PRId64, last));
    else
        node_set_null(c->mem, document, S("next"));
    return reply_with(r, document);
}

ROUTES(watch){
    ROUTE(POST, "/-/csp", ANYONE, NULL, report, NULL, RATE_NONE, RAW | BARE | NOINDEX),
    ROUTE(GET, "/admin/security", SECURITY_READ, further, show, "watch/security", RATE_PAGE,
        NOINDEX),
    END_OF_ROUTES,
};
