/* trail.c: how long the audit trail is kept, and how long the addresses beside it and beside the
 * stories of orders and stock: audit_days and audit_address_days of talat.conf, 0 for ever. The
 * database holds the least of both (sql/schema/05_audit.sql), and the chain of seals together. */
#include "admin/admin_in.h"
#include "gen/queries.h"
#include "web/web.h"
#include "work/work.h"

enum { KEPT = 3650, LEAST_KEPT = 366, ADDRESS_KEPT = 365, ADDRESS_LEAST_KEPT = 31 };
enum { MOST_ROUNDS = 200, FULL_ROUND = 5000 }; /* the rest goes with the next turn */

static i64 days_of(const struct app *app, bool of_addresses)
{
    return of_addresses ? conf_int(app->conf, "audit_address_days", ADDRESS_KEPT)
                        : conf_int(app->conf, "audit_days", KEPT);
}

void admin_check_trail(const struct app *app, struct buf *errors)
{
    i64 days = days_of(app, false), address_days = days_of(app, true);
    if (days && days < LEAST_KEPT)
        buf_fmt(errors, "audit_days: %d or more, or 0 to keep the trail for ever\n", LEAST_KEPT);
    if (address_days && address_days < ADDRESS_LEAST_KEPT)
        buf_fmt(errors, "audit_address_days: %d or more, or 0 to keep them as long as the trail\n",
            ADDRESS_LEAST_KEPT);
}

/* A round is a statement of its own: nobody waits for all of it. What is cut off goes to the log
 * with the seal it was cut at: who could cut by hand cannot take that back. */
static int cut(struct ctx *c)
{
    struct node *row;
    i64 days = days_of(c->app, false);
    for (int i = 0; days && i < MOST_ROUNDS; i++) {
        TRY(q_audit_cut(c, &row, c->now - days * DAY));
        if (!row)
            return E_OK;
        log_line(c, LOG_INFO, "audit_cut", "seal",
            str_fmt(c->mem, "%" PRId64, node_int(row, "seal_id")), "entries",
            str_fmt(c->mem, "%" PRId64, node_int(row, "entries")), NULL);
    }
    return E_OK;
}

static int forget(struct ctx *c, const i64 *person, const when *older)
{
    struct node *row;
    for (int i = 0; i < MOST_ROUNDS; i++) {
        TRY(q_story_forget(c, &row, person, older));
        if (node_int(row, "most") < FULL_ROUND)
            return E_OK;
    }
    return E_OK;
}

static int forget_old(struct ctx *c)
{
    i64 days = days_of(c->app, true);
    when older = c->now - days * DAY;
    return days ? forget(c, NULL, &older) : E_OK;
}

/* Last of all that is erased: what tells of the erasing goes too. */
int admin_erase(struct ctx *c, i64 person) { return forget(c, &person, NULL); }

CRONS(admin){
    { "admin.find_stock", HOUR, admin_find_stock },
    { "audit.cut", HOUR, cut },
    { "audit.forget_addresses", HOUR, forget_old },
    END_OF_CRONS,
};
