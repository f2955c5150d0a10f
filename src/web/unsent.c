/* unsent.c: a form that was refused for what happened beside it is not lost. Its page may have been
 * open when somebody logged in or said anew who they are, in another tab: its token is of the session
 * before. Or the session has ended by now. What was typed comes back on the page that says so, to be
 * sent by a click: that somebody makes, because they may be somebody else than before.
 *
 * Only of what the browser itself says that a page of ours has sent. Nothing is stored. Files do not
 * come back, nor does a form that brings a secret or is a step of logging in. */
#include "web/web_in.h"

enum { UNSENT_MOST = 256 << 10 }; /* bytes of a body */

static bool asks_a_secret(const struct route *route)
{
    for (const struct input *in = route->in; in && in->name; in++)
        if (in->kind == SECRET)
            return true;
    return false;
}

static bool is_of_a_page(struct req *r)
{
    return r->route && r->method == POST && r->format != JSON && !r->is_bearer &&
        !(r->route->flags & (RAW | BARE)) && r->route->rate != RATE_LOGIN &&
        !asks_a_secret(r->route) && comes_from_our_page(r) && body_is_urlencoded(r) &&
        r->body.n <= UNSENT_MOST;
}

/* Any form has the field of the token, empty or not. */
static bool has_token(const struct req *r)
{
    for (size_t i = 0; i < r->fields->n_form; i++)
        if (str_is(r->fields->form[i].name, "csrf"))
            return true;
    return false;
}

static bool can_be_read(struct req *r)
{
    struct fault told = r->c.fault;
    bool is = is_of_a_page(r) && body_read_form(r) == E_OK;
    r->c.fault = told;
    return is && has_token(r);
}

/* Somebody was logged in where this form was made. */
bool unsent_by_somebody(struct req *r)
{
    return can_be_read(r) && (in_cookie(r, COOKIE_SESSION).n || field_of(r, "csrf").n);
}

struct node *unsent_form(struct req *r, int err)
{
    struct arena *mem = r->c.mem;
    bool is_out = err == E_LOGIN && str_is(r->c.fault.key, "login");
    if ((err != E_FORGED && !is_out) || !can_be_read(r))
        return NULL;
    struct node *form = node_map(mem), *list = node_set_list(mem, form, S("fields"));
    node_set_bool(mem, form, S("is_out"), is_out);
    node_set_str(mem, form, S("email"), r->who.person ? r->who.email : str_none);
    for (size_t i = 0; i < r->fields->n_form; i++) {
        const struct field *field = &r->fields->form[i];
        if (str_is(field->name, "csrf"))
            continue;
        struct node *one = node_add_map(mem, list);
        node_set_str(mem, one, S("name"), field->name);
        node_set_str(mem, one, S("value"), field->value);
    }
    return form;
}
