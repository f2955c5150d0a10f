/* What runs out, in the morning, to who has asked for it. */
#include "admin/admin_in.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "notify/notify.h"
#include "web/web.h"
#include "work/work.h"

#define MAY  "dashboard:read"
#define WISH "stock"

/* Once in one of the organisation's own days. */
static int write_stock(struct ctx *c, const struct job *job)
{
    i64 organisation = job->subject;
    struct node *low, *house;
    TRY(q_admin_low_stock(c, &low, organisation, FEW_LEFT, c->lang));
    if (!node_count(low))
        return E_OK;
    TRY(auth_organisation(c, organisation, &house));
    i64 today = locale_date_start(c->now, node_str(house, "zone")) / SECOND;
    return auth_mail_staff(c, organisation, MAY, WISH, "low_stock",
        str_fmt(c->mem, "stock:%" PRId64 ":%" PRId64, organisation, today));
}

JOBS(admin){
    { "admin.stock", write_stock, .rank = RANK_LAST },
    END_OF_JOBS,
};

int admin_find_stock(struct ctx *c)
{
    struct node *rows;
    i64 after = 0;
    do {
        TRY(auth_mailed_of_stock(c, after, &rows));
        TRY(job_add_each(c, "admin.stock", rows, "id"));
        EACH(it, rows)
            after = node_int(&it->node, "id");
    } while (node_count(rows));
    return E_OK;
}

static int build_low_stock(struct ctx *c, const struct node *mail, struct node **document)
{
    i64 organisation = node_int(mail, "organisation_id"), all = 0;
    struct node *low;
    bool yes;
    TRY(auth_is_mailed(c, organisation, MAY, WISH, node_int(mail, "person_id"), &yes));
    TRY(q_admin_low_stock(c, &low, organisation, FEW_LEFT, c->lang));
    EACH(it, low)
        all = node_int(&it->node, "of_all");
    if (!yes || !all)
        return fail_detail(c, E_GONE, "admin.stock", "there is nothing to tell them any more");
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"), say(c, SAYS("What is running out")));
    node_set(c->mem, *document, S("low_stock"), low);
    node_set_int(c->mem, *document, S("low_stock_more"), all - (i64)node_count(low));
    node_set_str(c->mem, *document, S("desk_url"), auth_url(c, S("/admin")));
    node_set_str(c->mem, *document, S("choose_url"), auth_url(c, S("/account")));
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder admin_mails[];
const struct notify_builder admin_mails[] = {
    { "low_stock", build_low_stock },
    { 0 },
};
