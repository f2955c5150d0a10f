/* Accounts of others, by who runs the house: ending their logins, and closing an account until it
 * is opened again. What is closed lets nobody in by any way: no session, no token, no key that
 * its owner made; whatever was open ends with the same step. */
#include "audit/audit.h"
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

struct act {
    struct req *r;
    i64 person, device, ended;
    str reason;
};

int auth_logins_of(struct ctx *c, i64 person, struct node **devices)
{
    return session_devices(c, person, str_none, devices);
}

/* Both rows stay as they are until the transaction ends. */
static int reach(struct ctx *c, const struct act *a)
{
    struct node *rows;
    const struct node *self = NULL, *other = NULL;
    i64 me_ = me(a->r);
    if (a->person == me_)
        return fail(c, E_DENIED, "accounts.self", "Please do that in your own account.");
    TRY(q_auth_ranks(c, &rows, me_, a->person));
    EACH(item, rows) {
        if (node_int(&item->node, "id") == me_)
            self = &item->node;
        else
            other = &item->node;
    }
    if (!other)
        return fail(c, E_MISSING, "accounts.missing", "There is no such account.");
    if (!self || node_bool(self, "is_blocked") ||
        role_named(node_str(other, "role")) > role_named(node_str(self, "role")))
        return fail(c, E_DENIED, "accounts.above", "This account is of somebody above you.");
    return E_OK;
}

static int tell_ended(struct ctx *c, const struct act *a)
{
    struct node *data = node_map(c->mem);
    if (!a->ended)
        return E_OK;
    node_set_int(c->mem, data, S("logins"), a->ended);
    return audit_tell(c, "account", "logins_ended", "auth.person",
        str_fmt(c->mem, "%" PRId64, a->person), data);
}

static int end_logins(struct ctx *c, struct act *a)
{
    TRY(a->device ? session_end_device(c, a->person, a->device, &a->ended)
                  : session_end_others(c, a->person, str_none, &a->ended));
    return tell_ended(c, a);
}

/* One step: an account is never closed while a login of it goes on. */
static int block_work(struct ctx *c, void *with)
{
    struct act *a = with;
    i64 changed;
    TRY(reach(c, a));
    TRY(q_auth_set_blocked(c, &changed, a->person, a->reason));
    return changed ? end_logins(c, a)
                   : fail(c, E_CONFLICT, "accounts.blocked", "This account is blocked already.");
}

static int reach_work(struct ctx *c, void *with) { return reach(c, with); }

static int unblock_work(struct ctx *c, void *with)
{
    struct act *a = with;
    i64 changed;
    TRY(reach(c, a));
    TRY(q_auth_end_blocked(c, &changed, a->person));
    return changed
        ? E_OK
        : fail(c, E_CONFLICT, "accounts.open", "This account is not blocked.");
}

/* Not within the step before alone: what Redis forgets must have ended for everybody by then.
 * Programs share a line; those that may still listen come back to it by themselves. */
static int end(struct act *a)
{
    struct ctx *c = &a->r->c;
    struct node *desks;
    TRY(end_logins(c, a));
    TRY(q_auth_desks_of(c, &desks, a->person));
    lines_close_shared(c, LINE_OWN, a->person);
    EACH(item, desks)
        lines_close_shared(c, LINE_DESK, node_int(&item->node, "organisation_id"));
    return E_OK;
}

static int done_as_house(struct act *a, int (*work)(struct ctx *, void *), int (*then)(struct act *))
{
    struct ctx *c = &a->r->c;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true, .organisation = a->r->who.organisation };
    int err = pg_tx(c, work, a);
    if (!err && then)
        err = then(a);
    c->scope = before;
    return err;
}

int auth_end_logins_of(struct req *r, i64 person, i64 device)
{
    struct act a = { .r = r, .person = person, .device = device };
    TRY(done_as_house(&a, reach_work, end));
    return device && !a.ended
        ? fail(&r->c, E_MISSING, "accounts.device", "This login has ended already.")
        : E_OK;
}

int auth_block(struct req *r, i64 person, str reason)
{
    struct act a = { .r = r, .person = person, .reason = reason };
    return done_as_house(&a, block_work, end);
}

int auth_unblock(struct req *r, i64 person)
{
    struct act a = { .r = r, .person = person };
    return done_as_house(&a, unblock_work, NULL);
}
