/* One mail to everybody who runs the platform, for a kind of alert in an hour. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "watch/watch_in.h"
#include "web/web.h"
#include "work/work.h"

static int mail(struct ctx *c, const struct job *job)
{
    struct node *admins;
    TRY(auth_admins(c, &admins));
    EACH(it, admins) {
        struct notify_to to = { .person = node_int(&it->node, "id"),
            .email = node_str(&it->node, "email"),
            .lang = node_str(&it->node, "lang") };
        str cause = str_fmt(c->mem, "%.*s:%" PRId64 ":%" PRId64, STR(node_str(job->data, "kind")),
            node_int(job->data, "hour"), to.person);
        TRY(notify_mail(c, "watch_alert", cause, &to));
    }
    return E_OK;
}

JOBS(watch){
    { "watch.mail", mail },
    END_OF_JOBS,
};

static int build(struct ctx *c, const struct node *row, struct node **document)
{
    struct node *alerts;
    str kind, hour, cause = node_str(row, "cause");
    i64 at = 0;
    str_cut(&cause, ':', &kind);
    str_cut(&cause, ':', &hour);
    str_int(hour, &at);
    TRY(q_watch_of_hour(c, &alerts, kind, at));
    watch_name_countries(c, alerts);
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"), say(c, watch_text(kind)));
    node_set(c->mem, *document, S("alerts"), alerts);
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder watch_mails[];
const struct notify_builder watch_mails[] = {
    { "watch_alert", build },
    { 0 },
};

static int sweep(struct ctx *c) { return q_watch_sweep(c, NULL); }

CRONS(watch){
    { "watch.look", MINUTE, watch_look },
    { "watch.sweep", DAY, sweep },
    END_OF_CRONS,
};
