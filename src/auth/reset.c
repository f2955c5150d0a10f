/* A forgotten password: whoever reads the account's mail chooses a new one. */
#include "auth/factor_in.h"
#include "web/web.h"

static const struct input was_sent[] = { { "sent", BOOL }, { 0 } };
static const struct input to_ask[] = { { "email", EMAIL, 3, 254, .required = true }, { 0 } };
static const struct input a_token[] = { { "token", WORD, 0, 128 }, { 0 } };
static const struct input to_choose[] = {
    { "token", WORD, 1, 128, .required = true },
    { "password", SECRET, PASSWORD_SHORTEST, PASSWORD_LONGEST, .required = true },
    { 0 },
};

static struct node *ask_page(struct req *r, bool sent)
{
    struct node *document = node_map(r->c.mem);
    node_set_bool(r->c.mem, document, S("sent"), sent);
    return document;
}

static int show_ask(struct req *r) { return reply_with(r, ask_page(r, in_bool(r, "sent"))); }

/* Whether there is such an account is looked up when nobody waits for the answer (codes.c). */
static int ask(struct req *r)
{
    struct code_to to = { .address = in_str(r, "email") };
    int err = in_fault(r);
    if (!err)
        TRY(code_asked(r));
    if (!err)
        err = code_send(&r->c, CODE_RESET, &to);
    if (err && err != E_LIMIT)
        return again(r, err, ask_page(r, false));
    fault_clear(&r->c);
    return see_other(r, S("/password/forgotten?sent=1"));
}

static struct node *choose_page(struct req *r, bool alive)
{
    struct node *document = node_map(r->c.mem);
    node_set_str(r->c.mem, document, S("token"), in_str(r, "token"));
    node_set_bool(r->c.mem, document, S("is_dead"), !alive);
    return document;
}

static bool is_alive(struct req *r, struct code *code)
{
    bool alive = code_look(&r->c, CODE_RESET, in_str(r, "token"), code) == E_OK;
    if (!alive)
        fault_clear(&r->c);
    return alive;
}

static int show_choose(struct req *r)
{
    struct code code;
    return reply_with(r, choose_page(r, is_alive(r, &code)));
}

/* The link is used up only by a password that is set: not by one that may not be had, nor when
 * too many log in at once. */
static int set(struct req *r, struct code *code)
{
    TRY(code_look(&r->c, CODE_RESET, in_str(r, "token"), code));
    return auth_choose_password(&r->c, code, in_str(r, "password"));
}

static int choose(struct req *r)
{
    struct code code;
    int err = in_fault(r);
    if (!err)
        err = set(r, &code);
    if (err)
        return again(r, err, choose_page(r, err != E_GONE));
    login_forgive(r, code.address);
    return ways_after_reset(r, code.person);
}

ROUTES(auth_reset){
    ROUTE(GET, "/password/forgotten", ANYONE, was_sent, show_ask, "auth/forgotten", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/password/forgotten", ANYONE, to_ask, ask, "auth/forgotten", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(GET, "/password/new", ANYONE, a_token, show_choose, "auth/new_password", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/password/new", ANYONE, to_choose, choose, "auth/new_password", RATE_LOGIN,
        NOINDEX | FORM),
    END_OF_ROUTES,
};
