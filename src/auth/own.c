/* What somebody logged in changes about how they come in: password, address, devices. */
#include "auth/factor_in.h"
#include "gen/queries.h"
#include "web/web.h"

static const struct input to_change[] = {
    { "old", SECRET, 1, 256, .required = true },
    { "password", SECRET, PASSWORD_SHORTEST, PASSWORD_LONGEST, .required = true },
    { 0 },
};
static const struct input to_move[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "old", SECRET, 1, 256, .required = true },
    { 0 },
};
static const struct input to_confirm[] = { { "token", WORD, 0, 128 }, { "code", LINE, 0, 20 },
    { 0 } };
static const struct input a_token[] = { { "token", WORD, 0, 128 }, { 0 } };
static const struct input was_sent[] = { { "sent", BOOL }, { 0 } };
static const struct input a_device[] = { { "device", WORD, 1, 40, .required = true }, { 0 } };

/* The one who is logged in shows that they know the password too; guesses count. */
int auth_sure(struct req *r, str password)
{
    struct login who;
    int err = login_check(r, r->who.email, password, &who);
    return err == E_LOGIN ? fail_field(&r->c, "old", SAYS("That is not your password.")) : err;
}

/* ---- password ------------------------------------------------------------------------------- */

static int show_password(struct req *r) { return reply_with(r, node_map(r->c.mem)); }

static int change(struct req *r)
{
    int err = in_fault(r);
    if (!err)
        err = auth_sure(r, in_str(r, "old"));
    if (!err)
        err = auth_change_password(r, in_str(r, "password"));
    return err ? again(r, err, node_map(r->c.mem)) : see_other(r, S("/account?done=password"));
}

/* ---- address -------------------------------------------------------------------------------- */

static struct node *email_page(struct req *r, str token, bool sent)
{
    struct ctx *c = &r->c;
    struct code code;
    struct node *document = node_map(c->mem);
    bool alive = token.n && code_look(c, CODE_CHANGE, token, &code) == E_OK;
    node_set_str(c->mem, document, S("token"), alive ? token : str_none);
    node_set_str(c->mem, document, S("address"), alive ? code.address : str_none);
    node_set_bool(c->mem, document, S("is_dead"), token.n && !alive);
    node_set_bool(c->mem, document, S("sent"), sent);
    if (!alive)
        fault_clear(c);
    return document;
}

static int show_email(struct req *r)
{
    return reply_with(r, email_page(r, str_none, in_bool(r, "sent")));
}

/* The mail may be read on another device. */
static int show_confirm(struct req *r)
{
    return reply_with(r, email_page(r, in_has(r, "token") ? in_str(r, "token") : S("none"), false));
}

static int again_email(struct req *r, int err, bool sent)
{
    struct fault said = r->c.fault;
    struct node *document = email_page(r, str_none, sent);
    r->c.fault = said;
    return again(r, err == E_GONE ? E_INPUT : err, document);
}

static int send_change(struct ctx *c, void *to) { return code_send(c, CODE_CHANGE, to); }

static int move(struct req *r)
{
    struct code_to to = { .person = me(r), .address = in_str(r, "email") };
    int err = in_fault(r);
    if (!err)
        err = auth_sure(r, in_str(r, "old"));
    if (!err && str_eq(str_lower(r->c.mem, to.address), r->who.email))
        err = fail_field(&r->c, "email", SAYS("That is your address already."));
    if (!err)
        TRY(code_asked(r));
    if (!err)
        err = session_adds(r, send_change, &to);
    return err ? again_email(r, err, false) : see_other(r, S("/account/email?sent=1"));
}

/* Two may want an address at once; the second hears that it is taken, having shown it is theirs. *was:
 * to whom it was before, in the person's language: whoever changed it may have chosen another. */
static int set_email(struct ctx *c, const struct code *code, i64 undo, struct code_to *was)
{
    struct node *row;
    c->scope = (struct scope){ .person = code->person };
    TRY(q_auth_lock_person(c, NULL, code->person));
    TRY(code_take(c, code));
    int err = q_auth_set_email(c, &row, code->person, code->address);
    if (err == E_CONFLICT && undo) /* whoever finds no account of theirs makes one */
        return fail(c, E_CONFLICT, "auth.taken",
            "A new account was made with this address since. Please log in to it, give it another "
            "address under Account, and open this link again.");
    if (err == E_CONFLICT)
        return fail(c, E_CONFLICT, "auth.taken", "Another account has this address.");
    TRY(err);
    *was = (struct code_to){ .person = code->person };
    if (row) {
        was->address = node_str(row, "was");
        was->lang = node_str(row, "lang");
    }
    return code_end_all(c, code->person, undo);
}

/* A way back goes to the old address, or the address stays. Each change has its own: a second one
 * within the same hour does not take it away from the owner. */
static int move_work(struct ctx *c, void *with)
{
    const struct code *code = with;
    struct code_to back;
    TRY(set_email(c, code, 0, &back));
    if (!back.address.n)
        return E_OK;
    back.about = c->now;
    return code_send(c, CODE_UNDO, &back);
}

static int confirm_for(struct req *r, i64 person, struct code *code)
{
    struct ctx *c = &r->c;
    TRY(in_has(r, "token") ? code_look(c, CODE_CHANGE, in_str(r, "token"), code)
                           : code_try(c, CODE_CHANGE, person, str_none, in_str(r, "code"), code));
    TRY(pg_tx(c, move_work, code));
    return session_renew(c, code->person);
}

static int confirm(struct req *r)
{
    struct code code;
    struct scope before = r->c.scope;
    int err = in_fault(r);
    if (!err)
        err = confirm_for(r, me(r), &code);
    r->c.scope = before;
    if (err)
        return again_email(r, err, me(r) != 0);
    return see_other(r, me(r) ? S("/account?done=email") : S("/login?done=verified"));
}

static struct node *undo_page(struct req *r)
{
    struct code code;
    struct node *document = node_map(r->c.mem);
    bool alive = code_look(&r->c, CODE_UNDO, in_str(r, "token"), &code) == E_OK;
    node_set_str(r->c.mem, document, S("token"), alive ? in_str(r, "token") : str_none);
    node_set_str(r->c.mem, document, S("address"), alive ? code.address : str_none);
    fault_clear(&r->c);
    return document;
}

static int show_undo(struct req *r) { return reply_with(r, undo_page(r)); }

/* Somebody else was in the account, who knew the password: nobody stays, it opens nothing any more,
 * nor does what they added (ways.c), and the owner chooses a new one. All of it, or the link stays
 * good. */
static int undo_work(struct ctx *c, void *with)
{
    const struct code *code = with;
    i64 ended;
    struct code_to was;
    TRY(set_email(c, code, code->id, &was));
    TRY(q_auth_set_password(c, NULL, code->person, str_none));
    TRY(session_end_others(c, code->person, str_none, &ended));
    TRY(ways_end_since(c, code->person, code->made - DAY));
    struct code_to to = {
        .person = code->person, .address = code->address, .lang = code->lang
    };
    int err = code_send(c, CODE_RESET, &to);
    if (err == E_LIMIT)
        fault_clear(c);
    return err == E_LIMIT ? E_OK : err;
}

static int undo_for(struct req *r, struct code *code)
{
    struct ctx *c = &r->c;
    TRY(code_look(c, CODE_UNDO, in_str(r, "token"), code));
    return pg_tx(c, undo_work, code);
}

static int undo(struct req *r)
{
    struct code code;
    struct scope before = r->c.scope;
    int err = undo_for(r, &code);
    r->c.scope = before;
    TRY(err);
    login_forgive(r, code.address);
    return see_other(r, S("/login?done=undone"));
}

/* ---- devices -------------------------------------------------------------------------------- */

static int end_device(struct req *r)
{
    i64 id, ended = 0;
    if (crypto_unopaque(r->c.app->secret, "device", in_str(r, "device"), &id))
        TRY(session_end_device(&r->c, me(r), id, &ended));
    if (!ended)
        return fail(&r->c, E_MISSING, "auth.device", "That login has ended already.");
    return see_other(r, S("/account?done=device"));
}

int auth_end_all(struct req *r)
{
    i64 ended;
    TRY(session_end_others(&r->c, me(r), str_none, &ended));
    return session_end(r);
}

static int end_everywhere(struct req *r)
{
    TRY(auth_end_all(r));
    return see_other(r, S("/"));
}

ROUTES(auth_own){
    ROUTE(GET, "/account/password", SHOPPER, NULL, show_password, "auth/password", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/password", SHOPPER, to_change, change, "auth/password", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(GET, "/account/email", SHOPPER, was_sent, show_email, "auth/email", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/email", SHOPPER, to_move, move, "auth/email", RATE_LOGIN, NOINDEX | FORM),
    ROUTE(GET, "/account/email/confirm", ANYONE, a_token, show_confirm, "auth/email", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/email/confirm", ANYONE, to_confirm, confirm, "auth/email", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(GET, "/account/email/undo", ANYONE, a_token, show_undo, "auth/undo", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/email/undo", ANYONE, a_token, undo, "auth/undo", RATE_LOGIN, NOINDEX),
    ROUTE(POST, "/account/devices/{device}/end", SHOPPER, a_device, end_device, NULL, RATE_FORM,
        NOINDEX),
    ROUTE(POST, "/logout/everywhere", SHOPPER, NULL, end_everywhere, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
