/* Accounts of others, by who runs the house: ending their logins, and closing an account until it
 * is opened again. What is closed lets nobody in by any way: no session, no token, no key that
 * its owner made; whatever was open ends with the same step. */
#include "audit/audit.h"
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "web/web.h"

struct act {
    struct req *r;
    i64 person, device, ended;
    str reason;
};

int auth_logins_of(struct ctx *c, i64 person, struct node **devices)
{
    return session_devices(c, person, str_none, 0, devices);
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
    return audit_tell(
        c, "account", "logins_ended", "auth.person", str_fmt(c->mem, "%" PRId64, a->person), data);
}

static int end_logins(struct ctx *c, struct act *a)
{
    TRY(a->device ? session_end_device(c, a->person, a->device, &a->ended)
                  : session_end_others(c, a->person, str_none, &a->ended));
    return tell_ended(c, a);
}

/* ---- telling whose it is -----------------------------------------------------------------------
 */

/* Who is shut out cannot look it up: they are told, and where to write. Why is between them and
 * the house: what staff noted is not for a mail. Each time anew, hence a cause of its own. */
static int tell_owner(struct ctx *c, i64 person, const char *what)
{
    struct node *row;
    TRY(q_auth_person(c, &row, person));
    struct notify_to to = {
        .person = person, .email = node_str(row, "email"), .lang = node_str(row, "lang")
    };
    str cause = str_fmt(c->mem, "%s:%" PRId64 ":%.*s", what, person, STR(crypto_token(c->mem, 9)));
    return to.email.n ? notify_mail(c, "account_blocked", cause, &to) : E_OK;
}

str auth_house_address(struct ctx *c)
{
    str from = conf_str(c->app->conf, "contact", str_none);
    if (from.n)
        return from;
    from = conf_str(c->app->conf, "mail_from", S("shop@localhost"));
    i64 at = str_find(from, S("<"));
    from = at < 0 ? from : str_from(from, (size_t)at + 1);
    return str_trim(str_upto(from, strcspn(str_c(c->mem, from), ">")));
}

static int build_blocked(struct ctx *c, const struct node *mail, struct node **document)
{
    bool is_open = str_starts(node_str(mail, "cause"), S("open:"));
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"),
        say(c, is_open ? SAYS("Your account is open again") : SAYS("Your account is closed")));
    node_set_null(c->mem, *document, S("order"));
    node_set_bool(c->mem, *document, S("is_open"), is_open);
    node_set_str(c->mem, *document, S("write_to"), auth_house_address(c));
    node_set_str(c->mem, *document, S("login_url"), auth_url(c, S("/login")));
    return E_OK;
}

extern const struct notify_builder auth_block_mails[];
const struct notify_builder auth_block_mails[] = { { "account_blocked", build_blocked }, { 0 } };

/* ---- closing and opening ------------------------------------------------------------------------
 */

/* One step: an account is never closed while a login of it goes on. */
static int block_work(struct ctx *c, void *with)
{
    struct act *a = with;
    i64 changed;
    TRY(reach(c, a));
    TRY(q_auth_set_blocked(c, &changed, a->person, a->reason));
    if (!changed)
        return fail(c, E_CONFLICT, "accounts.blocked", "This account is blocked already.");
    TRY(tell_owner(c, a->person, "closed"));
    return end_logins(c, a);
}

static int reach_work(struct ctx *c, void *with) { return reach(c, with); }

static int unblock_work(struct ctx *c, void *with)
{
    struct act *a = with;
    i64 changed;
    TRY(reach(c, a));
    TRY(q_auth_end_blocked(c, &changed, a->person));
    return changed ? tell_owner(c, a->person, "open")
                   : fail(c, E_CONFLICT, "accounts.open", "This account is not blocked.");
}

/* Not within the step before alone: what Redis forgets must have ended for everybody by then. */
static int end(struct act *a)
{
    TRY(end_logins(&a->r->c, a));
    return lines_close_programs(&a->r->c, a->person);
}

static int done_as_house(
    struct act *a, int (*work)(struct ctx *, void *), int (*then)(struct act *))
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
