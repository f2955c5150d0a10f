/* Roles: the four built-in places and those of an organisation's own making, as sets of
 * permissions. Nobody gives, takes or makes what they do not hold themselves. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

/* What shoppers have anyhow is nothing to be given in a back office, and what concerns the whole
 * house nothing that an organisation's role can hold, whoever makes it. Nor what opens nothing: no
 * order is ever deleted. */
static uint64_t composable(void)
{
    return ~permissions_of(USER, NOBODY) & permissions_of(USER, OWNER) &
        ~permission_bit(ORDERS_DELETE);
}

/* In words, for who reads no code. */
str permission_words(struct ctx *c, str name)
{
    static const char *const words[N_PERMISSIONS] = {
        [DASHBOARD_READ] = SAYS("See the day's figures"),
        [ORDERS_READ_ALL] = SAYS("See orders"),
        [ORDERS_UPDATE] = SAYS("Send and cancel orders"),
        [ORDERS_REFUND] = SAYS("Give money back"),
        [ORDERS_DELETE] = SAYS("Delete orders"),
        [CATALOG_READ] = SAYS("See products"),
        [CATALOG_WRITE] = SAYS("Change products and prices"),
        [INVENTORY_WRITE] = SAYS("Change stock"),
        [CUSTOMERS_READ] = SAYS("See customers"),
        [SECURITY_READ] = SAYS("See what looked wrong"),
        [API_KEYS_MANAGE] = SAYS("Make and revoke API keys"),
        [CUSTOMERS_VIEW_AS] = SAYS("See the shop as a customer does"),
        [ACCOUNTS_MANAGE] = SAYS("Block accounts and end logins"),
        [SHOP_MANAGE] = SAYS("Set up delivery, taxes and categories"),
        [TEAM_READ] = SAYS("See the team"),
        [TEAM_WRITE] = SAYS("Invite people and change roles"),
        [TEAM_OWN] = SAYS("Hand over the organisation"),
        [SETTINGS_MANAGE] = SAYS("Change the settings of the shop"),
        [AUDIT_READ] = SAYS("See who changed what"),
    };
    enum permission p = permission_named(name);
    return words[p] ? say(c, words[p]) : name;
}

uint64_t role_permissions(str names)
{
    uint64_t set = 0;
    str name;
    while (names.n && str_cut(&names, ' ', &name))
        set |= permission_bit(permission_named(name));
    return set & composable();
}

static const char *const places[] = {
    [VIEWER] = "viewer", [MEMBER] = "member", [STAFF_ADMIN] = "admin", [OWNER] = "owner"
};

enum member place_named(str name)
{
    for (size_t i = VIEWER; i < COUNT(places); i++)
        if (str_is(name, places[i]))
            return (enum member)i;
    return NOBODY;
}

uint64_t place_permissions(str place, str own)
{
    return str_is(place, "own") ? role_permissions(own)
                                : permissions_of(USER, place_named(place)) & composable();
}

size_t places_with(uint64_t permission, str *names)
{
    static_assert(COUNT(places) <= MOST_PLACES, "room for all");
    size_t n = 0;
    for (size_t i = VIEWER; i < COUNT(places); i++)
        if (permission & place_permissions(str_of(places[i]), str_none))
            names[n++] = str_of(places[i]);
    return n;
}

enum role role_named(str name)
{
    return str_is(name, "super_admin") ? SUPER_ADMIN : str_is(name, "admin") ? ADMIN : USER;
}

uint64_t role_platform(str name) { return permissions_of(role_named(name), NOBODY); }

bool role_is_within(const struct who *who, uint64_t set) { return !(set & ~who->allowed); }

/* ---- a role of one's own making ----------------------------------------------------------- */

/* One tick for each permission of the one table; what is not composable is refused. */
static const struct input to_role[] = {
    { "id", WORD, 0, 40 },
    { "seen", WORD, 0, 40 }, /* of one that is there */
    { "name", LINE, 1, 60, .required = true },
#define X(p, name, role, member) { name, BOOL },
    PERMISSIONS(X)
#undef X
        { 0 },
};
static const struct input to_one[] = { { "id", WORD, 1, 40, .required = true }, { 0 } };
static const struct input to_show[] = { { "id", WORD, 1, 40, .required = true }, TYPED, { 0 } };
static const struct input to_begin[] = { TYPED, { 0 } };

static struct node *choices(struct ctx *c, const struct who *who, uint64_t chosen)
{
    struct node *list = node_list(c->mem);
    for (enum permission p = 1; p < N_PERMISSIONS; p++) {
        if (!(composable() & permission_bit(p)))
            continue;
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("name"), str_of(permission_name(p)));
        node_hide(node_set_str(
            c->mem, one, S("words"), permission_words(c, str_of(permission_name(p)))));
        node_set_bool(c->mem, one, S("is_chosen"), chosen & permission_bit(p));
        node_set_bool(c->mem, one, S("is_mine"), may(who, p));
    }
    return list;
}

static int chosen_of(struct req *r, str *names, size_t *n)
{
    *n = 0;
    for (enum permission p = 1; p < N_PERMISSIONS; p++) {
        if (!in_bool(r, permission_name(p)))
            continue;
        if (!(composable() & permission_bit(p)) || !may(&r->who, p))
            return fail(
                &r->c, E_DENIED, "team.above", "Nobody can give what they do not have themselves.");
        names[(*n)++] = str_of(permission_name(p));
    }
    return *n ? E_OK : fail(&r->c, E_INPUT, "team.empty", "Please choose what this role may do.");
}

static int read_role(struct req *r, i64 id, struct node **role, bool to_change)
{
    TRY(q_auth_role(&r->c, role, r->c.scope.organisation, id));
    if (!*role)
        return fail(&r->c, E_MISSING, "team.role", "There is no such role.");
    if (to_change && !role_is_within(&r->who, role_permissions(node_str(*role, "own"))))
        return fail(&r->c, E_DENIED, "team.above",
            "This role may do more than you, so only somebody above you can change it.");
    return E_OK;
}

/* The role of the path, if it is one that this person could have made. */
static int find(struct req *r, struct node **role, bool to_change)
{
    i64 id;
    TRY(as_staff(r));
    if (!crypto_unopaque(r->c.app->secret, "role", in_path(r, "id"), &id))
        return fail(&r->c, E_MISSING, "team.role", "There is no such role.");
    return read_role(r, id, role, to_change);
}

static uint64_t ticked(const struct req *r)
{
    uint64_t set = 0;
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        set |= node_bool(r->in, permission_name(p)) ? permission_bit(p) : 0;
    return set;
}

static struct node *role_page(struct req *r, const struct node *role)
{
    struct ctx *c = &r->c;
    struct node *document = node_map(c->mem);
    uint64_t set = role ? role_permissions(node_str(role, "own")) : 0;
    str id = role ? in_path(r, "id") : str_none;
    bool typed = auth_typed(r), is_form = typed || (r->method != GET && r->route->in == to_role);
    node_set_str(c->mem, document, S("id"), id);
    node_set_str(c->mem, document, S("name"), role ? node_str(role, "name") : str_none);
    /* What comes back from the confirmation is as old as it was. */
    node_set_str(c->mem, document, S("seen"), node_str(typed ? r->raw : role, "seen"));
    node_set(
        c->mem, document, S("permissions"), choices(c, &r->who, is_form ? ticked(r) : set));
    if (typed)
        node_hide(node_set(c->mem, document, S("form"), r->raw));
    node_hide(node_set_bool(c->mem, document, S("may_change"),
        may(&r->who, TEAM_WRITE) && role_is_within(&r->who, set)));
    return document;
}

static int show_new(struct req *r)
{
    TRY(as_staff(r));
    return reply_with(r, role_page(r, NULL));
}

static int show(struct req *r)
{
    struct node *role;
    TRY(find(r, &role, false));
    return reply_with(r, role_page(r, role));
}

static int name_taken(struct req *r)
{
    return fail_field(&r->c, "name", "There is a role with this name already.");
}

static int make(struct req *r)
{
    struct node *row;
    str names[N_PERMISSIONS];
    size_t n;
    TRY(as_staff(r));
    int err = in_fault(r);
    if (!err)
        err = chosen_of(r, names, &n);
    if (!err)
        err = auth_recent_form(r, S("/admin/roles/new"));
    if (!err)
        err = q_auth_add_role(&r->c, &row, r->c.scope.organisation, in_str(r, "name"), names, n);
    if (!err && !row)
        err = name_taken(r);
    if (err < 0)
        return err;
    return err ? again(r, err, role_page(r, NULL)) : see_other(r, S("/admin/team"));
}

/* A page of before would give back a right that somebody else has taken away. */
static int check_seen(struct req *r, const struct node *role)
{
    return in_is_stale(r, node_str(role, "seen"))
        ? fail(&r->c, E_CONFLICT, "team.seen",
              "Somebody else has changed this role meanwhile. Your entries are kept below; look at "
              "the role before you save them over it.")
        : E_OK;
}

struct saving {
    struct req *r;
    struct node *role; /* as it is now */
    str names[N_PERMISSIONS];
    size_t n;
};

static int save_work(struct ctx *c, void *with)
{
    struct saving *s = with;
    struct node *row;
    i64 id = node_int(s->role, "id");
    TRY(q_auth_hold_role(c, &row, c->scope.organisation, id));
    TRY(read_role(s->r, id, &s->role, true));
    TRY(check_seen(s->r, s->role));
    TRY(q_auth_save_role(
        c, &row, c->scope.organisation, id, in_str(s->r, "name"), s->names, s->n));
    return row ? E_OK : name_taken(s->r);
}

static int change(struct req *r)
{
    struct saving s = { .r = r };
    TRY(find(r, &s.role, true));
    int err = check_seen(r, s.role); /* first: what comes back as wrong is not stale */
    if (!err)
        err = in_fault(r);
    if (!err)
        err = chosen_of(r, s.names, &s.n);
    if (!err)
        err = auth_recent_form(r, r->path);
    if (!err)
        err = pg_tx(&r->c, save_work, &s);
    if (!err)
        err = desk_close(&r->c, r->c.scope.organisation, 0);
    if (err < 0 || err == E_MISSING)
        return err;
    return err ? again(r, err, role_page(r, s.role)) : see_other(r, S("/admin/team"));
}

static int drop(struct req *r)
{
    struct node *role;
    i64 dropped;
    TRY(find(r, &role, true));
    TRY(q_auth_drop_role(&r->c, &dropped, r->c.scope.organisation, node_int(role, "id")));
    if (!dropped) {
        node_set_str(r->c.mem, r->raw, S("name"), node_str(role, "name")); /* nothing was typed */
        return again(r,
            fail(&r->c, E_CONFLICT, "team.held",
                "Somebody still has this role. Give them another first."),
            role_page(r, role));
    }
    return see_other(r, S("/admin/team"));
}

ROUTES(auth_roles){
    ROUTE(
        GET, "/admin/roles/new", TEAM_WRITE, to_begin, show_new, "auth/role", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/roles", TEAM_WRITE, to_role, make, "auth/role", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(GET, "/admin/roles/{id}", TEAM_READ, to_show, show, "auth/role", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/roles/{id}", TEAM_WRITE, to_role, change, "auth/role", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/admin/roles/{id}/delete", TEAM_WRITE, to_one, drop, "auth/role", RATE_FORM,
        NOINDEX),
    END_OF_ROUTES,
};
