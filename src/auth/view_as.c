/* View as: staff look at the shop with a customer's eyes. It is seen on every page, ends by one
 * button or after half an hour, stands in the audit trail, and changes nothing: the gate turns
 * away whatever is not a GET. Whoever works anywhere is nobody's to be looked as. */
#include "audit/audit.h"
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

enum { MINUTES = 30 };

static const struct input to_view[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "reason", LINE, 3, 200, .required = true },
    { 0 },
};

/* As the house: a customer is seen by themselves alone. */
static int customer(struct ctx *c, i64 person, str email, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_customer(c, row, person, email);
    c->scope = before;
    return err;
}

int view_as_take(struct req *r, i64 person)
{
    struct node *row;
    if (!person || !may(&r->who, CUSTOMERS_VIEW_AS))
        return E_OK;
    TRY(customer(&r->c, person, str_none, &row));
    if (!row)
        return E_OK;
    r->who = (struct who){ .person = person,
        .role = USER,
        .allowed = permissions_of(USER, NOBODY),
        .name = node_str(row, "name"),
        .email = node_str(row, "email"),
        .session = r->who.session,
        .viewer = r->who.person,
        .viewer_email = r->who.email,
        .viewer_organisation = r->who.organisation };
    r->c.scope = (struct scope){ .person = person };
    return E_OK;
}

void view_as_self(struct req *r)
{
    if (!r->who.viewer)
        return;
    r->who.person = r->c.scope.person = r->who.viewer;
    r->who.email = r->who.viewer_email;
    r->who.viewer = 0;
}

static int tell(struct req *r, const char *did, i64 whose, struct node *data)
{
    struct scope before = r->c.scope;
    i64 staff_of = r->who.organisation ? r->who.organisation : r->who.viewer_organisation;
    r->c.scope = (struct scope){ .person = before.person, .organisation = staff_of };
    int err =
        audit_tell(&r->c, "rights", did, "auth.person", str_fmt(r->c.mem, "%" PRId64, whose), data);
    r->c.scope = before;
    return err;
}

static int choose(struct req *r, struct node **row)
{
    if (in_fault(r))
        return in_fault(r);
    TRY(customer(&r->c, 0, str_lower(r->c.mem, in_str(r, "email")), row));
    return *row ? E_OK
                : fail_field(&r->c, "email", "There is no customer with this address.");
}

static int begin(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *row, *data = node_map(c->mem);
    i64 person;
    if (!r->who.session.n)
        return fail(c, E_DENIED, "view.session", "This needs a browser that is logged in.");
    int err = choose(r, &row);
    if (err)
        return again(r, err, node_map(c->mem));
    person = node_int(row, "id");
    node_set_str(c->mem, data, S("reason"), in_str(r, "reason"));
    node_set_int(c->mem, data, S("minutes"), MINUTES);
    TRY(tell(r, "view_as", person, data));
    TRY(q_auth_view_as(c, NULL, r->who.session, &person, MINUTES));
    return see_other(r, S("/"));
}

static int end(struct req *r)
{
    i64 whose = me(r);
    if (!r->who.viewer)
        return see_other(r, S("/"));
    view_as_self(r);
    TRY(q_auth_view_as(&r->c, NULL, r->who.session, NULL, 0));
    TRY(tell(r, "view_as_end", whose, NULL));
    return see_other(r, S("/admin/customers"));
}

int auth_refused(struct req *r)
{
    struct node *data = node_map(r->c.mem);
    node_set_str(r->c.mem, data, S("route"), str_of(r->route->path));
    return tell(r, "view_as_refused", me(r), data);
}

ROUTES(auth_view_as){
    ROUTE(POST, "/admin/view-as", CUSTOMERS_VIEW_AS, to_view, begin, "auth/view_as", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/view-as/end", ANYONE, NULL, end, NULL, RATE_FORM, NOINDEX | VIEWING),
    END_OF_ROUTES,
};
