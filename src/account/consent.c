/* What somebody agrees to: one kind for now, news and offers by mail. No is what holds until
 * somebody says yes, in a box that nobody ticked for them; each yes and no is kept with when, where
 * and the words that stood there. */
#include "account/account_in.h"
#include "gen/queries.h"
#include "web/web.h"

#define MARKETING S("marketing")

/* The words beside the box: templates/part/marketing has the same. */
static str words(struct ctx *c)
{
    return say(c,
        SAYS("Send me news and offers by mail. I can take that back at any time in my profile."));
}

int account_consent(struct ctx *c, i64 person, bool given, const char *place)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope.person = person;
    int err =
        q_account_say_consent(c, &row, person, MARKETING, given, str_of(place), words(c), c->lang);
    c->scope = before;
    return err;
}

int account_has_consent(struct ctx *c, i64 person, bool *yes)
{
    struct node *row;
    TRY(q_account_has_consent(c, &row, person, MARKETING));
    *yes = node_bool(row, "yes");
    return E_OK;
}

int account_joined(struct ctx *c, i64 person, const struct node *said)
{
    return node_bool(said, "marketing") ? account_consent(c, person, true, "register") : E_OK;
}

int account_say_consents(struct ctx *c, i64 person, struct node *document)
{
    struct node *log;
    bool yes;
    TRY(account_has_consent(c, person, &yes));
    TRY(q_account_consents(c, &log, person));
    node_set_bool(c->mem, document, S("marketing"), yes);
    node_set(c->mem, document, S("consents"), log);
    EACH(item, log) {
        struct node *one = (struct node *)&item->node;
        str place = node_str(one, "place");
        const char *where = str_is(place, "register") ? SAYS("when the account was made")
            : str_is(place, "checkout")               ? SAYS("at checkout")
                                                      : SAYS("in the profile");
        node_hide(node_set_str(c->mem, one, S("where"), say(c, where)));
    }
    return E_OK;
}

static const struct input a_choice[] = { { "marketing", BOOL }, { 0 } };

static int choose(struct req *r)
{
    TRY(account_consent(&r->c, me(r), in_bool(r, "marketing"), "profile"));
    return see_other(r, S("/account/profile"));
}

ROUTES(account_consent){
    ROUTE(POST, "/account/consent", SHOPPER, a_choice, choose, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
