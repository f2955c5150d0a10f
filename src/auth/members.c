/* The people of an organisation: asked by mail to join, given a place or a role, taken out,
 * leaving. Nobody gives or takes more than they hold; the last owner stays (the database). */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"

static const struct input to_invite[] = {
    { "email", EMAIL, 3, 254, .required = true },
    { "role", WORD, 1, 40, .required = true },
    { 0 },
};
static const struct input to_change[] = {
    { "id", WORD, 1, 40, .required = true },
    { "role", WORD, 1, 40, .required = true },
    { 0 },
};
static const struct input to_show[] = {
    TYPED,
    { "done", WORD, 0, 40 }, /* "withdrawn", or the invitation that was sent */
    { 0 },
};
static const struct input to_one[] = { { "id", WORD, 1, 40, .required = true }, { 0 } };
static const struct input to_transfer[] = {
    { "id", WORD, 1, 40, .required = true },
    { "password", SECRET, 1, 256, .required = true },
    { 0 },
};
static const struct input to_ask[] = { { "owner", BOOL }, { "admin", BOOL }, { "member", BOOL },
    { "viewer", BOOL }, { "own", BOOL }, { "text_counts", BOOL }, { 0 } };
static const struct input to_join[] = { { "token", WORD, 1, 100, .required = true }, { 0 } };
static const struct input to_choose[] = {
    { "organisation", SLUG, 1, 40, .required = true },
    { 0 },
};

static str opaque(struct ctx *c, const char *kind, i64 id)
{
    return crypto_opaque(c->mem, c->app->secret, kind, id);
}

/* ---- what a place is called ---------------------------------------------------------------- */

static const struct {
    const char *name, *title;
} places[] = {
    { "viewer", SAYS("Viewer") },
    { "member", SAYS("Member") },
    { "admin", SAYS("Administrator") },
    { "owner", SAYS("Owner") },
};

static str title_of(struct ctx *c, str place, str role_name)
{
    for (size_t i = 0; i < COUNT(places); i++)
        if (str_is(place, places[i].name))
            return say(c, places[i].title);
    return role_name;
}

/* A built-in place by its name, or a role by its opaque id. */
struct given {
    str place;
    i64 role;
    i64 *role_at; /* NULL: a place */
    uint64_t set;
};

static int given_of(struct req *r, struct given *g)
{
    struct ctx *c = &r->c;
    struct node *row = NULL;
    *g = (struct given){ .place = in_str(r, "role") };
    if (place_named(g->place) == NOBODY) {
        if (crypto_unopaque(c->app->secret, "role", g->place, &g->role))
            TRY(q_auth_role(c, &row, c->scope.organisation, g->role));
        if (!row)
            return fail(c, E_INPUT, "team.role", "There is no such role.");
        g->place = S("own");
        g->role_at = &g->role;
    }
    g->set = place_permissions(g->place, row ? node_str(row, "own") : str_none);
    return role_is_within(&r->who, g->set)
        ? E_OK
        : fail(c, E_DENIED, "team.above", "Nobody can give what they do not have themselves.");
}

/* ---- the page ------------------------------------------------------------------------------ */

static void add_choice(struct ctx *c, struct node *list, str code, str name, bool is_chosen)
{
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("code"), code);
    node_set_str(c->mem, one, S("name"), name);
    node_set_bool(c->mem, one, S("is_chosen"), is_chosen);
}

/* What this person may give, and what the member has; `chosen` by its code. */
static struct node *choices(struct req *r, const struct node *roles, str has, str chosen)
{
    struct ctx *c = &r->c;
    struct node *list = node_list(c->mem);
    for (size_t i = 0; i < COUNT(places); i++) {
        str code = str_of(places[i].name);
        if (str_eq(has, code) || role_is_within(&r->who, place_permissions(code, str_none)))
            add_choice(c, list, code, say(c, places[i].title), str_eq(chosen, code));
    }
    EACH(item, roles) {
        const struct node *role = &item->node;
        str code = opaque(c, "role", node_int(role, "id"));
        if (str_eq(has, code) || role_is_within(&r->who, role_permissions(node_str(role, "own"))))
            add_choice(c, list, code, node_str(role, "name"), str_eq(chosen, code));
    }
    return list;
}

static void dress_members(struct req *r, struct node *members, const struct node *roles)
{
    struct ctx *c = &r->c;
    EACH(item, members) {
        struct node *m = (struct node *)&item->node;
        i64 person = node_int(m, "person_id"), role = node_int(m, "role_id");
        str place = node_str(m, "place"), id = opaque(c, "member", person);
        str has = role ? opaque(c, "role", role) : place;
        uint64_t set = place_permissions(place, node_str(m, "own"));
        bool mine = person == me(r), reach = role_is_within(&r->who, set);
        node_set_str(c->mem, m, S("id"), id);
        node_set_str(c->mem, m, S("role"), title_of(c, place, node_str(m, "role_name")));
        node_set_bool(c->mem, m, S("is_me"), mine);
        node_hide(
            node_set_bool(c->mem, m, S("may_change"), may(&r->who, TEAM_WRITE) && reach && !mine));
        node_hide(node_set_bool(
            c->mem, m, S("may_own"), may(&r->who, TEAM_OWN) && !mine && !str_is(place, "owner")));
        bool meant = str_eq(node_str(r->in, "id"), id);
        node_hide(node_set_bool(c->mem, m, S("is_meant"), meant));
        str chosen = meant ? node_str(r->in, "role") : has;
        node_hide(node_set(c->mem, m, S("choices"), choices(r, roles, has, chosen)));
    }
}

static void dress_roles(struct ctx *c, struct node *roles)
{
    EACH(item, roles) {
        struct node *role = (struct node *)&item->node;
        struct node *names = node_set_list(c->mem, role, S("permissions"));
        struct node *words = node_hide(node_set_list(c->mem, role, S("words")));
        str rest = node_str(role, "own"), name;
        while (rest.n && str_cut(&rest, ' ', &name))
            node_add_str(c->mem, names, name),
                node_add_str(c->mem, words, permission_words(c, name));
        node_set_str(c->mem, role, S("id"), opaque(c, "role", node_int(role, "id")));
    }
}

/* ---- who must show more than a password ------------------------------------------------------ */

static const struct {
    const char *place, *title;
} askable[] = {
    { "owner", SAYS("Owner") },
    { "admin", SAYS("Administrator") },
    { "member", SAYS("Member") },
    { "viewer", SAYS("Viewer") },
    { "own", SAYS("Roles of your own") },
};

static bool has_word(str rest, const char *wanted)
{
    str word;
    while (rest.n && str_cut(&rest, ' ', &word))
        if (str_is(word, wanted))
            return true;
    return false;
}

/* `ticked`: as on the form that waits to be sent once more. */
static int add_factors(
    struct req *r, struct node *members, const struct node *ticked, struct node *document)
{
    struct ctx *c = &r->c;
    struct node *rows, *row, *list = node_list(c->mem);
    str shops = conf_str(c->app->conf, "second_factor", str_none);
    bool some_lack = false;
    TRY(q_auth_team_factors(c, &rows, c->scope.organisation));
    TRY(q_auth_asks_factor(c, &row, c->scope.organisation));
    bool text_counts = node_bool(row, "text_counts");
    EACH(item, members) {
        bool has = false;
        EACH(other, rows)
            if (node_int(&other->node, "person_id") == node_int(&item->node, "person_id"))
                has = node_bool(&other->node, "has_factor") ||
                    (text_counts && node_bool(&other->node, "has_text"));
        some_lack = some_lack || !has;
        node_set_bool(c->mem, (struct node *)&item->node, S("has_factor"), has);
    }
    for (size_t i = 0; i < COUNT(askable); i++) {
        struct node *one = node_add_map(c->mem, list);
        bool by_shop = has_word(shops, askable[i].place);
        node_set_str(c->mem, one, S("place"), str_of(askable[i].place));
        node_hide(node_set_str(c->mem, one, S("name"), say(c, askable[i].title)));
        node_set_bool(c->mem, one, S("by_shop"), by_shop);
        node_set_bool(c->mem, one, S("is_asked"),
            by_shop || (ticked ? node_bool(ticked, askable[i].place)
                               : has_word(node_str(row, "asks"), askable[i].place)));
    }
    node_set(c->mem, document, S("second_factor"), list);
    node_set_bool(c->mem, document, S("text_counts"),
        ticked ? node_bool(ticked, "text_counts") : text_counts);
    node_hide(node_set_bool(c->mem, document, S("some_lack"), some_lack));
    return E_OK;
}

static int ask_factor(struct req *r)
{
    str places_[COUNT(askable)];
    size_t n = 0;
    TRY(as_staff(r));
    TRY(auth_recent_form(r, S("/admin/team")));
    for (size_t i = 0; i < COUNT(askable); i++)
        if (in_bool(r, askable[i].place))
            places_[n++] = str_of(askable[i].place);
    TRY(q_auth_ask_factor(
        &r->c, NULL, r->c.scope.organisation, places_, n, in_bool(r, "text_counts")));
    return see_other(r, S("/admin/team"));
}

/* Of the page's forms this one alone has no role to give. */
static const struct node *ticks_of(struct req *r, bool typed)
{
    return typed && !node_get(r->in, S("role")) ? r->in : NULL;
}

/* The invitation that was just sent, with its last day in words. */
static void say_invited(struct req *r, const struct node *invitations, struct node *document)
{
    static const struct done dones[] = {
        { "withdrawn", SAYS("The invitation is withdrawn: its link is good no more.") },
    };
    struct ctx *c = &r->c;
    struct node *invited = node_hide(node_set_list(c->mem, document, S("invited")));
    str sent = in_done(r);
    when until = 0;
    EACH(item, invitations)
        if (sent.n && str_eq(node_str(&item->node, "id"), sent) &&
            when_parse(node_str(&item->node, "expires_at"), &until)) {
            struct node *one = node_add_map(c->mem, invited);
            node_set(c->mem, one, S("email"), node_get(&item->node, S("email")));
            node_set_str(c->mem, one, S("until"), locale_date(c, until, r->who.zone, false));
        }
    node_hide(node_set_str(c->mem, document, S("notice"), done_text(r, dones, COUNT(dones))));
}

static int page_of(struct req *r, bool typed, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *members, *roles, *invitations, *houses, *house;
    i64 organisation = c->scope.organisation;
    pg_batch(c);
    q_auth_members(c, &members, organisation);
    q_auth_roles(c, &roles, organisation);
    q_auth_invitations(c, &invitations, organisation);
    q_auth_organisations_of(c, &houses, me(r));
    q_auth_organisation(c, &house, organisation);
    TRY(pg_flush(c));
    *document = node_map(c->mem);
    str asked = node_get(r->in, S("id")) ? str_none : node_str(r->in, "role");
    node_hide(node_set(c->mem, *document, S("choices"), choices(r, roles, str_none, asked)));
    TRY(add_factors(r, members, ticks_of(r, typed), *document));
    dress_members(r, members, roles);
    dress_roles(c, roles);
    EACH(item, invitations) {
        struct node *i = (struct node *)&item->node;
        node_set_str(c->mem, i, S("id"), opaque(c, "invitation", node_int(i, "id")));
        node_set_str(
            c->mem, i, S("role"), title_of(c, node_str(i, "place"), node_str(i, "role_name")));
    }
    say_invited(r, invitations, *document);
    EACH(item, houses)
        node_set_bool(c->mem, (struct node *)&item->node, S("is_current"),
            node_int(&item->node, "id") == organisation);
    node_set(c->mem, *document, S("organisation"), node_get(house, S("name")));
    node_set(c->mem, *document, S("members"), members);
    node_set(c->mem, *document, S("roles"), roles);
    node_set(c->mem, *document, S("invitations"), invitations);
    node_set(c->mem, *document, S("organisations"), houses);
    node_hide(node_set_bool(c->mem, *document, S("has_several"), node_count(houses) > 1));
    return E_OK;
}

static int team_page(struct req *r, struct node **document)
{
    return page_of(r, false, document);
}

static int show(struct req *r)
{
    struct node *document;
    TRY(as_staff(r));
    bool typed = auth_typed(r);
    TRY(page_of(r, typed, &document));
    if (typed)
        node_hide(node_set(r->c.mem, document, S("form"), r->raw));
    return reply_with(r, document);
}

/* The same page with what was wrong, or back to it. */
static int done(struct req *r, int err)
{
    if (!err)
        return see_other(r, S("/admin/team"));
    if (str_is(r->c.fault.key, "team.last_owner")) /* the database's rule, in the person's words */
        err = fail(&r->c, E_CONFLICT, "team.last_owner",
            "The last owner cannot leave. Make somebody else an owner first.");
    if (err < 0 || err == E_MISSING || err == E_DENIED || r->format == JSON)
        return err;
    return again_page(r, err, team_page);
}

/* ---- who is there ---------------------------------------------------------------------------- */

struct change {
    struct req *r;
    i64 person;
    i64 invitation; /* that was made */
    struct given given;
};

/* The member of the path, held until the transaction ends, and nobody above who asks. */
static int hold(struct ctx *c, const struct change *of, bool is_self)
{
    struct node *row;
    TRY(q_auth_member(c, &row, c->scope.organisation, of->person));
    if (!row)
        return fail(c, E_MISSING, "team.member", "There is no such member.");
    if (is_self ||
        role_is_within(
            &of->r->who, place_permissions(node_str(row, "place"), node_str(row, "own"))))
        return E_OK;
    return fail(c, E_DENIED, "team.above", "This member may do more than you.");
}

static int person_of_path(struct req *r, i64 *person)
{
    TRY(as_staff(r));
    return crypto_unopaque(r->c.app->secret, "member", in_path(r, "id"), person)
        ? E_OK
        : fail(&r->c, E_MISSING, "team.member", "There is no such member.");
}

static int change_work(struct ctx *c, void *with)
{
    const struct change *of = with;
    TRY(hold(c, of, of->person == of->r->who.person));
    return q_auth_set_member(
        c, NULL, c->scope.organisation, of->person, of->given.place, of->given.role_at);
}

static int change(struct req *r)
{
    struct change of = { .r = r };
    TRY(person_of_path(r, &of.person));
    int err = in_fault(r);
    if (!err)
        err = given_of(r, &of.given);
    if (!err)
        err = auth_recent_form(r, S("/admin/team"));
    if (!err)
        err = pg_tx(&r->c, change_work, &of);
    if (!err)
        err = desk_close(&r->c, r->c.scope.organisation, of.person);
    return done(r, err);
}

static int remove_work(struct ctx *c, void *with)
{
    const struct change *of = with;
    TRY(hold(c, of, of->person == of->r->who.person));
    return q_auth_drop_member(c, NULL, c->scope.organisation, of->person);
}

static int take_out(struct req *r)
{
    struct change of = { .r = r };
    TRY(person_of_path(r, &of.person));
    int err = pg_tx(&r->c, remove_work, &of);
    if (!err)
        err = session_renew(&r->c, of.person);
    if (!err)
        err = desk_close(&r->c, r->c.scope.organisation, of.person);
    return done(r, err);
}

static int leave(struct req *r)
{
    struct change of = { .r = r, .person = me(r) };
    TRY(as_staff(r));
    int err = pg_tx(&r->c, remove_work, &of);
    if (err)
        return may(&r->who, TEAM_READ) ? done(r, err) : err;
    TRY(session_renew(&r->c, me(r)));
    TRY(desk_close(&r->c, r->c.scope.organisation, me(r)));
    return see_other(r, S("/account"));
}

static int transfer_work(struct ctx *c, void *with)
{
    const struct change *of = with;
    i64 self = of->r->who.person;
    struct node *row;
    TRY(hold(c, of, false));
    TRY(q_auth_set_member(c, NULL, c->scope.organisation, of->person, S("owner"), NULL));
    TRY(q_auth_member(c, &row, c->scope.organisation, self));
    return row ? q_auth_set_member(c, NULL, c->scope.organisation, self, S("admin"), NULL) : E_OK;
}

/* The whole shop changes hands: who asks says once more that it is them. */
static int transfer(struct req *r)
{
    struct change of = { .r = r };
    struct login same;
    TRY(person_of_path(r, &of.person));
    int err = in_fault(r);
    if (!err)
        err = login_check(r, r->who.email, in_str(r, "password"), &same);
    if (err == E_LOGIN)
        err = fail_field(&r->c, "password", "That is not your password.");
    if (!err)
        err = pg_tx(&r->c, transfer_work, &of);
    return done(r, err);
}

/* ---- who may come ------------------------------------------------------------------------------
 */

static int send_invitation(struct req *r, i64 id)
{
    struct ctx *c = &r->c;
    struct node *house, *data = node_map(c->mem);
    TRY(q_auth_organisation(c, &house, c->scope.organisation));
    node_set(c->mem, data, S("organisation"), node_get(house, S("name")));
    node_set_int(c->mem, data, S("invitation"), id);
    return code_send(c, CODE_INVITE,
        &(struct code_to){
            .address = in_str(r, "email"), .about = c->scope.organisation, .data = data });
}

static int invite_work(struct ctx *c, void *with)
{
    struct change *of = with;
    struct node *row;
    TRY(q_auth_invite(c, &row, c->scope.organisation, str_lower(c->mem, in_str(of->r, "email")),
        of->given.place, of->given.role_at, me(of->r)));
    of->invitation = node_int(row, "id");
    return send_invitation(of->r, node_int(row, "id"));
}

static int is_new(struct req *r)
{
    struct node *members;
    TRY(q_auth_members(&r->c, &members, r->c.scope.organisation));
    EACH(item, members)
        if (str_eq(node_str(&item->node, "email"), str_lower(r->c.mem, in_str(r, "email"))))
            return fail_field(&r->c, "email", "This person works here already.");
    return E_OK;
}

/* Whoever may invite could write to any number of strangers in the shop's name. */
static int count_invitation(struct req *r, i64 add)
{
    int err = limit_take(r, "invitations", opaque(&r->c, "organisation", r->c.scope.organisation), add);
    if (err != E_LIMIT)
        return err;
    if (r->c.app->hooks.limited)
        r->c.app->hooks.limited(r, "invitations");
    fault_clear(&r->c);
    return fail(&r->c, E_LIMIT, "team.invitations",
        "Very many people were asked to join this shop today. Please go on tomorrow.");
}

static int invite_counted(struct req *r, struct change *of)
{
    TRY(count_invitation(r, 1));
    int err = session_adds(r, invite_work, of);
    if (err) {
        struct fault fault = r->c.fault;
        count_invitation(r, -1);
        r->c.fault = fault;
    }
    return err;
}

static int invite(struct req *r)
{
    struct change of = { .r = r };
    TRY(as_staff(r));
    int err = in_fault(r);
    if (!err)
        err = given_of(r, &of.given);
    if (!err)
        err = is_new(r);
    if (!err)
        err = auth_recent_form(r, S("/admin/team"));
    if (!err)
        err = invite_counted(r, &of);
    return err ? done(r, err)
               : see_other(r, str_fmt(r->c.mem, "/admin/team?done=%.*s",
                     STR(opaque(&r->c, "invitation", of.invitation))));
}

static int withdraw(struct req *r)
{
    i64 id, ended = 0;
    TRY(as_staff(r));
    if (crypto_unopaque(r->c.app->secret, "invitation", in_path(r, "id"), &id))
        TRY(q_auth_end_invitation(&r->c, &ended, r->c.scope.organisation, id, S("withdrawn")));
    return ended ? see_other(r, S("/admin/team?done=withdrawn"))
                 : fail(&r->c, E_MISSING, "team.invitation", "There is no such invitation.");
}

/* ---- the link in the mail -----------------------------------------------------------------------
 */

static int no_invitation(struct ctx *c)
{
    return fail(c, E_GONE, "team.invitation",
        "This invitation has been withdrawn or is too old. Please ask for a new one.");
}

/* As the house: who was asked is nobody here yet. */
static int invitation_of(struct ctx *c, const struct code *code, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_invitation(c, row, node_int(code->data, "invitation"));
    c->scope = before;
    TRY(err);
    return *row && node_int(*row, "organisation_id") == code->about ? E_OK : no_invitation(c);
}

static int show_join(struct req *r)
{
    struct ctx *c = &r->c;
    struct code code;
    struct node *row, *document = node_map(c->mem);
    TRY(code_look(c, CODE_INVITE, in_str(r, "token"), &code));
    TRY(invitation_of(c, &code, &row));
    node_set(c->mem, document, S("organisation"), node_get(row, S("organisation")));
    node_set_str(c->mem, document, S("role"),
        title_of(c, node_str(row, "place"), node_str(row, "role_name")));
    node_set(c->mem, document, S("email"), node_get(row, S("email")));
    node_set_bool(c->mem, document, S("is_me"), str_eq(node_str(row, "email"), r->who.email));
    node_hide(node_set_str(c->mem, document, S("token"), in_str(r, "token")));
    node_hide(node_set_str(
        c->mem, document, S("here"), str_fmt(c->mem, "/join?token=%.*s", STR(in_str(r, "token")))));
    return reply_with(r, document);
}

/* Whoever invited must still be able to give what is given. */
static int inviter_may(struct ctx *c, const struct node *invitation)
{
    struct node *row, *ranks, *role = NULL;
    i64 organisation = node_int(invitation, "organisation_id");
    i64 inviter = node_int(invitation, "invited_by");
    TRY(q_auth_ranks(c, &ranks, inviter, inviter));
    const struct node *person = node_count(ranks) ? &node_first(ranks)->node : NULL;
    if (!person || node_bool(person, "is_blocked"))
        return no_invitation(c);
    TRY(q_auth_member(c, &row, organisation, inviter));
    if (node_int(invitation, "role_id"))
        TRY(q_auth_role(c, &role, organisation, node_int(invitation, "role_id")));
    struct who who = { .person = inviter, .allowed = role_platform(node_str(person, "role")) };
    if (row)
        who.allowed |= place_permissions(node_str(row, "place"), node_str(row, "own"));
    uint64_t set =
        place_permissions(node_str(invitation, "place"), role ? node_str(role, "own") : str_none);
    return role_is_within(&who, set) ? E_OK : no_invitation(c);
}

struct joining {
    struct req *r;
    struct code code;
    struct node *invitation;
};

static int join_work(struct ctx *c, void *with)
{
    const struct joining *j = with;
    i64 organisation = node_int(j->invitation, "organisation_id");
    i64 role = node_int(j->invitation, "role_id"), ended;
    TRY(code_take(c, &j->code));
    TRY(inviter_may(c, j->invitation));
    TRY(q_auth_end_invitation(
        c, &ended, organisation, node_int(j->invitation, "id"), S("accepted")));
    if (!ended)
        return no_invitation(c);
    TRY(q_auth_join(
        c, NULL, organisation, me(j->r), node_str(j->invitation, "place"), role ? &role : NULL));
    return q_auth_choose_organisation(c, NULL, j->r->who.session, organisation);
}

static int join(struct req *r)
{
    struct ctx *c = &r->c;
    struct joining j = { .r = r };
    TRY(code_look(c, CODE_INVITE, in_str(r, "token"), &j.code));
    TRY(invitation_of(c, &j.code, &j.invitation));
    if (!str_eq(node_str(j.invitation, "email"), r->who.email))
        return fail(c, E_DENIED, "team.address",
            "This invitation is for another address. Please log in with that one.");
    TRY(pg_tx_platform(c, join_work, &j));
    TRY(session_renew(c, me(r)));
    TRY(auth_refresh_place(r));
    return see_other(r, home_of(r));
}

/* ---- where to work, of several
 * ------------------------------------------------------------------- */

static int choose(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *house, *houses;
    bool mine = r->who.role >= ADMIN;
    int err = q_auth_organisation_by_slug(c, &house, in_str(r, "organisation"));
    TRY(q_auth_organisations_of(c, &houses, me(r)));
    EACH(item, houses)
        mine = mine || (!err && node_int(&item->node, "id") == node_int(house, "id"));
    if (err || !mine)
        return fail(c, E_MISSING, "team.organisation", "There is no such organisation.");
    TRY(q_auth_choose_organisation(c, NULL, r->who.session, node_int(house, "id")));
    TRY(auth_refresh_place(r));
    session_leave_desk(r); /* a tab that is open still hears the one before */
    return see_other(r, home_of(r));
}

ROUTES(auth_team){
    ROUTE(GET, "/admin/team", TEAM_READ, to_show, show, "auth/team", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/team/invitations", TEAM_WRITE, to_invite, invite, "auth/team", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/admin/team/invitations/{id}/withdraw", TEAM_WRITE, to_one, withdraw, NULL,
        RATE_FORM, NOINDEX),
    ROUTE(POST, "/admin/team/{id}/role", TEAM_WRITE, to_change, change, "auth/team", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, "/admin/team/{id}/remove", TEAM_WRITE, to_one, take_out, "auth/team", RATE_FORM,
        NOINDEX),
    ROUTE(POST, "/admin/team/{id}/transfer", TEAM_OWN, to_transfer, transfer, "auth/team",
        RATE_LOGIN, NOINDEX | FORM),
    ROUTE(POST, "/admin/team/second-factor", TEAM_OWN, to_ask, ask_factor, NULL, RATE_FORM,
        NOINDEX),
    ROUTE(POST, "/admin/leave", SHOPPER, NULL, leave, "auth/team", RATE_FORM, NOINDEX),
    ROUTE(POST, "/admin/organisation", SHOPPER, to_choose, choose, NULL, RATE_FORM, NOINDEX),
    ROUTE(GET, "/join", ANYONE, to_join, show_join, "auth/join", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/join", SHOPPER, to_join, join, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
