/* The people of an organisation: who may give what to whom, invitations, the owner who stays. */
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web_in.h"

#define OWNER_ "admin@example.test" /* person 1, super admin of the demo; here an owner alone */
#define OTHER  "shopper@example.test"

static str id_of(i64 person) /* as the team's page has it */
{
    return crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "member", person);
}

static void on(i64 person, const char *act, const char *form)
{
    t_post(str_fmt(t_ctx()->mem, "/admin/team/%.*s/%s", STR(id_of(person)), act).p, form);
}

/* The merchant as an owner and no more, the shopper in that place beside them. */
static void team(const char *place)
{
    t_open();
    t_sql("update auth.person set role = 'user' where id = 1");
    if (place)
        t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, '%s')",
            place);
    t_login(place ? OTHER : OWNER_);
}

static i64 places(const char *place)
{
    return t_int(
        "select count(*) as n from auth.member where organisation_id = 1 and place = '%s'", place);
}

T(the_team_is_shown_to_members_and_not_to_viewers_AC_03)
{
    team("viewer");
    t_get("/admin/team.json");
    t_status(403);
    t_json("error", "Insufficient permissions");
    t_json("required", "team:read");
    t_json("role", "user");
    t_sql("update auth.member set place = 'member' where person_id = 2");
    t_get("/admin/team.json");
    t_status(200);
    has_text(t_body(), "admin@example.test");
}

T(nobody_gives_more_than_they_have_AC_03)
{
    team("admin");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (990, 'mali@example.test', 'Mali', 'x')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 990, 'viewer')");
    on(990, "role", "role=admin");
    t_status(303);
    eq_int(places("admin"), 2);
    on(990, "role", "role=owner");
    t_status(403);
    on(1, "role", "role=viewer"); /* the owner is above */
    t_status(403);
    on(1, "remove", "");
    t_status(403);
    on(2, "role", "role=owner"); /* not oneself either */
    t_status(403);
    t_post("/admin/team/invitations", "email=new@example.test&role=owner");
    t_status(403);
    eq_int(places("owner"), 1);
}

T(members_of_elsewhere_are_not_there_AC_08)
{
    team("admin");
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else')");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (990, 'mali@example.test', 'Mali', 'x')");
    t_sql("insert into auth.member (organisation_id, person_id, place) "
          "values (990, 990, 'viewer')");
    on(990, "role", "role=member");
    t_status(404);
    on(990, "remove", "");
    t_status(404);
    eq_int(t_int("select count(*) as n from auth.member where person_id = 990"), 1);
}

T(the_last_owner_stays_AC_03)
{
    team(NULL);
    t_post("/admin/leave", "");
    t_status(409);
    t_post("/th/admin/leave", "");
    t_status(409);
    no_text(t_body(), "The last owner cannot leave");
    on(1, "role", "role=viewer");
    t_status(409);
    eq_int(places("owner"), 1);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'owner')");
    t_post("/admin/leave", "");
    t_status(303);
    eq_int(places("owner"), 1);
    t_get("/admin.json");
    t_status(403);
}

T(handing_over_asks_for_the_password_and_is_whole)
{
    team("member");
    on(1, "transfer", "password=market-day-demo");
    t_status(403);
    t_login(OWNER_);
    on(2, "transfer", "password=wrong-password");
    t_status(422);
    t_html("a[href='#password']");
    t_html("details.act[open]");
    t_html("input#password[aria-invalid=true]");
    t_text("That is not your password.");
    eq_int(places("owner"), 1);
    on(2, "transfer", "password=market-day-demo");
    t_status(303);
    eq_int(
        t_int("select count(*) as n from auth.member where person_id = 2 and place = 'owner'"), 1);
    eq_int(
        t_int("select count(*) as n from auth.member where person_id = 1 and place = 'admin'"), 1);
}

/* ---- roles of one's own making --------------------------------------------------------------- */

static i64 make_role(const char *form)
{
    t_post("/admin/roles", form);
    t_status(303);
    return t_int("select max(id) as n from auth.role");
}

T(an_own_role_holds_exactly_its_permissions_AC_04)
{
    team(NULL);
    i64 role = make_role("name=Packer&orders:read-all=1&orders:update=1");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) "
          "values (1, 2, 'own', %" PRId64 ")",
        role);
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(200);
    t_get("/admin/products.json");
    t_status(403);
    t_json("required", "catalog:read");
    t_get("/admin.json");
    t_status(403);
    t_get("/admin/orders");
    no_text(t_body(), "/admin/products");
    no_text(t_body(), "href=\"/admin\"");
    t_sql("update auth.role set permissions = '{catalog:read}'"); /* at once */
    t_get("/admin/orders.json");
    t_status(403);
    t_get("/admin/products.json");
    t_status(200);
}

T(who_may_see_the_days_figures_alone_sees_no_buyer_AC_04)
{
    t_order();
    t_stock(CABLE, 1);
    t_sql("update auth.person set role = 'user' where id = 1");
    t_login(OWNER_);
    i64 role = make_role("name=Figures&dashboard:read=1");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) "
          "values (1, 2, 'own', %" PRId64 ")",
        role);
    t_login(OTHER);
    t_get("/admin.json");
    t_status(200);
    no_text(t_body(), "buyer@example.test");
    eq_int((i64)node_count(node_get(t_document(), S("orders"))), 0);
    is_true(node_int(node_get(t_document(), S("today")), "orders") > 0);
    str runs_out = str_dup(
        t_ctx()->mem, node_str(node_path(t_document(), S("lowStock.0")), "sku"));
    t_get("/admin");
    t_status(200);
    no_text(t_body(), "buyer@example.test");
    t_no_html("#latest");
    t_no_html("[data-live]");
    no_text(t_body(), "/admin/orders");
    is_true(runs_out.n);
    t_text(str_c(t_ctx()->mem, runs_out));
    no_text(t_body(), "/admin/products"); /* which it names, and which are not theirs to see */
    t_sql("update auth.role set permissions = '{dashboard:read,orders:read-all}'");
    t_get("/admin");
    t_text("buyer@example.test");
    t_html("#latest");
    t_html("[data-live]");
    t_get("/admin.json");
    t_json("orders.0.email", "buyer@example.test");
}

static bool opens_something(enum permission p)
{
    for (size_t i = 0; shop_house.features[i]; i++)
        for (const struct route *row = shop_house.features[i]; row->path; row++)
            if (row->need == p)
                return true;
    return false;
}

T(whatever_can_be_given_to_a_role_or_a_key_opens_something_AC_04)
{
    team(NULL);
    t_get("/admin/roles/new.json");
    t_status(200);
    const struct node *offered = node_get(t_document(), S("permissions"));
    is_true(node_count(offered) > 5);
    EACH(item, offered)
        is_true(opens_something(permission_named(node_str(&item->node, "name"))));
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        is_true(!permission_is_for_keys(p) || opens_something(p));
}

T(a_role_is_made_only_of_what_its_maker_holds_AC_04)
{
    team("admin");
    t_post("/admin/roles", "name=Boss&team:own=1");
    t_status(403);
    t_post("/admin/roles", "name=Boss&orders:delete=1");
    t_status(403);
    t_post("/admin/roles", "name=Boss&customers:view-as=1"); /* the house's own */
    t_status(403);
    t_post("/admin/roles", "name=Boss&account:own=1");
    t_status(403);
    t_post("/admin/roles", "name=Boss");
    t_status(422);
    eq_int(t_int("select count(*) as n from auth.role"), 0);
    t_sql("insert into auth.role (organisation_id, name, permissions) "
          "values (1, 'Above', '{team:own}')");
    str id = crypto_opaque(
        t_ctx()->mem, t_ctx()->app->secret, "role", t_int("select max(id) as n from auth.role"));
    t_post(str_fmt(t_ctx()->mem, "/admin/roles/%.*s", STR(id)).p, "name=Mine&orders:read-all=1");
    t_status(403);
    t_post(str_fmt(t_ctx()->mem, "/admin/roles/%.*s/delete", STR(id)).p, "");
    t_status(403);
    t_post("/admin/team/invitations",
        str_fmt(t_ctx()->mem, "email=new@example.test&role=%.*s", STR(id)).p);
    t_status(403);
}

T(a_role_that_is_not_deleted_stands_there_as_it_is_with_the_reason)
{
    t_open();
    t_login(OWNER_);
    i64 role = make_role("name=Packing&orders:read-all=1&orders:update=1");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) "
          "values (1, 2, 'own', %" PRId64 ")",
        role);
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "role", role);
    t_post(str_fmt(t_ctx()->mem, "/admin/roles/%.*s/delete", STR(id)).p, "");
    t_status(409);
    t_text("Somebody still has this role. Give them another first.");
    t_html("input[name=name][value=Packing]");
    t_html("input[name='orders:read-all'][checked]");
    t_html("input[name='orders:update'][checked]");
    t_no_html("input[name='catalog:read'][checked]");
    t_html("button[type=submit]");
    eq_int(t_int("select count(*) as n from auth.role where id = %" PRId64, role), 1);
}

T(no_role_of_an_organisation_holds_what_is_the_houses_AC_11)
{
    t_open();
    t_login(OWNER_);
    t_sql("update auth.person set role = 'super_admin' where id = 1");
    t_post("/admin/roles", "name=House&accounts:manage=1");
    t_status(403);
    i64 role = make_role("name=House&orders:read-all=1");
    t_sql("update auth.role set permissions = '{orders:read-all,accounts:manage,security:read}'");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) "
          "values (1, 2, 'own', %" PRId64 ")",
        role);
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(200);
    t_get("/admin/accounts.json");
    t_status(403);
    t_get("/admin/security.json");
    t_status(403);
}

T(what_is_no_permission_any_more_is_not_held)
{
    team(NULL);
    i64 role = make_role("name=Packer&orders:read-all=1");
    t_sql("update auth.role set permissions = '{metrics:write,anyone,account:own,orders:read-all}'");
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) "
          "values (1, 2, 'own', %" PRId64 ")",
        role);
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(200);
    t_get("/admin/customers.json");
    t_status(403);
}

/* ---- invitations --------------------------------------------------------------------------------
 */

static str invited(const char *email, const char *role)
{
    t_post("/admin/team/invitations", str_fmt(t_ctx()->mem, "email=%s&role=%s", email, role).p);
    t_status(303);
    return t_mail_token(t_mail_to(str_of(email)));
}

T(whoever_works_here_is_led_to_the_first_thing_they_may_open_AC_04)
{
    team(NULL);
    i64 role = make_role("name=Packer&catalog:read=1&orders:read-all=1");
    str token = invited(OTHER, str_c(t_ctx()->mem, crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "role", role)));
    t_login(OTHER);
    t_get("/account");
    no_text(t_body(), "Back office");
    t_post("/join", str_fmt(t_ctx()->mem, "token=%.*s", STR(token)).p);
    t_header("Location", "/admin/orders");
    static const char *const pages[] = { "/account", "/-/me" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        has_text(t_body(), "href=\"/admin/orders\"");
        no_text(t_body(), "href=\"/admin\"");
    }
    t_browser();
    t_post("/login", "email=" OTHER "&password=market-day-demo");
    t_header("Location", "/admin/orders");
    t_post("/admin/organisation",
        str_fmt(t_ctx()->mem, "organisation=%.*s",
            STR(t_str("select slug as s from auth.organisation where id = 1")))
            .p);
    t_header("Location", "/admin/orders");
    t_get("/admin"); /* typed by hand, or marked by who had another role */
    t_status(403);
    t_html(".shelf-links");
    t_html("a[href=/admin/orders]");
    t_sql("delete from auth.member where person_id = 2");
    t_get("/admin");
    t_status(403);
    t_no_html(".shelf-links");
    t_get("/-/me.json");
    t_json("isStaff", "false");
}

T(who_is_invited_joins_by_the_link_and_only_with_that_address)
{
    team(NULL);
    str token = invited(OTHER, "member");
    str page = str_fmt(t_ctx()->mem, "/join?token=%.*s", STR(token));
    str form = str_fmt(t_ctx()->mem, "token=%.*s", STR(token));
    t_post("/join", form.p); /* the owner is somebody else */
    t_status(403);
    t_browser();
    t_get(page.p);
    t_status(200);
    has_text(t_body(), "/login?next=");
    t_login(OTHER);
    t_get(page.p);
    t_status(200);
    t_post("/join", form.p);
    t_status(303);
    t_get("/admin/team.json");
    t_status(200);
    t_post("/join", form.p); /* once */
    t_status(410);
    eq_int(places("member"), 1);
}

T(who_invites_reads_to_whom_until_when_and_how_to_take_it_back)
{
    team(NULL);
    t_post("/admin/team/invitations", "email=New@Example.test&role=viewer");
    t_status(303);
    const char *there = str_c(t_ctx()->mem, str_dup(t_ctx()->mem, t_header_of("Location")));
    t_get(there);
    t_text("An invitation is on its way to new@example.test. Its link is good until");
    t_html("a[href='#invitations']");
    t_html("#invitations");
    t_with("Sec-Fetch-Site", "cross-site"); /* a link of somebody else's says nothing */
    t_get(there);
    t_no_text("An invitation is on its way");
    t_get("/admin/team");
    t_no_text("An invitation is on its way");
    t_get("/admin/team.json");
    str id = str_dup(t_ctx()->mem, node_str(node_path(t_document(), S("invitations.0")), "id"));
    t_post(str_fmt(t_ctx()->mem, "/admin/team/invitations/%.*s/withdraw", STR(id)).p, "");
    t_header("Location", "/admin/team?done=withdrawn");
    t_get("/admin/team?done=withdrawn");
    t_text("its link is good no more");
    t_get(there); /* gone back to */
    t_no_text("An invitation is on its way");
}

T(who_is_invited_in_a_browser_of_somebody_else_logs_out_to_log_in)
{
    static const char *const ways[] = { "/login", "/register" };
    team(NULL);
    struct arena *mem = t_ctx()->mem;
    str token = invited(OTHER, "member"), page = str_fmt(mem, "/join?token=%.*s", STR(token));
    t_browser();
    t_get(page.p);
    t_no_html("form[action=/logout]");
    for (size_t i = 0; i < COUNT(ways); i++) {
        t_login(OWNER_);
        t_get(page.p);
        t_text("You are logged in as " OWNER_);
        t_html("form[action=/logout]");
        t_no_html(str_fmt(mem, "a[href=%s?next=%.*s]", ways[i], STR(page)).p);
        str next = str_fmt(mem, "%s?next=%.*s", ways[i], STR(page));
        t_html(str_fmt(mem, "button[value=%.*s]", STR(next)).p);
        t_post_f("/logout", "next=%.*s", STR(next));
        t_header("Location", next.p);
        t_get(next.p);
        t_status(200);
        t_html(str_fmt(mem, "input[value=%.*s]", STR(page)).p);
    }
}

T(an_invitation_is_worth_no_more_than_who_sent_it)
{
    team(NULL);
    str token = invited(OTHER, "admin");
    t_sql("insert into auth.person (id, email, name, password_hash) overriding system value "
          "values (990, 'mali@example.test', 'Mali', 'x')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 990, 'owner'); "
          "delete from auth.member where person_id = 1; "
          "insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else'); "
          "insert into auth.member (organisation_id, person_id, place) values (990, 1, 'owner')");
    t_login(OTHER);
    t_post("/join", str_fmt(t_ctx()->mem, "token=%.*s", STR(token)).p);
    t_status(410);
    eq_int(places("admin"), 0);
}

T(an_invitation_that_nobody_can_take_any_more_is_forgotten)
{
    team(NULL);
    invited("long.ago@example.test", "member");
    invited("lately@example.test", "member");
    t_sql("update auth.invitation set expires_at = now() - case when email like 'long%%' then interval '31 days'"
          " else interval '29 days' end where email in ('long.ago@example.test', 'lately@example.test')");
    t_cron("auth.forget_invitations");
    eq_str(t_str("select string_agg(email, ' ') as s from auth.invitation where email in"
                 " ('long.ago@example.test', 'lately@example.test')"), "lately@example.test");
}

T(an_invitation_by_who_is_blocked_lets_nobody_in)
{
    team(NULL);
    str token = invited(OTHER, "member");
    str form = str_fmt(t_ctx()->mem, "token=%.*s", STR(token));
    t_sql("update auth.person set blocked_at = now(), blocked_reason = 'a test' where id = 1");
    t_login(OTHER);
    t_post("/join", form.p);
    t_status(410);
    t_sql("update auth.person set blocked_at = null, blocked_reason = '' where id = 1");
    t_post("/join", form.p);
    t_status(303);
    eq_int(places("member"), 1);
}

T(an_organisation_asks_only_so_many_people_to_join_in_a_day)
{
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    team(NULL);
    struct app *app = t_ctx()->app;
    conf_put(t_ctx()->mem, app->conf, "limits", S("on"));
    conf_put(t_ctx()->mem, app->conf, "limit_classes", /* the tests before have one address */
        S("invitations 2/86400, general-address 9999/60, general 9999/60, forms-address 9999/60"));
    app->limits = limits_open(app, &errors);
    redis_del(t_ctx(), str_fmt(t_ctx()->mem, "rl:invitations:%.*s",
                           STR(crypto_opaque(t_ctx()->mem, app->secret, "organisation", 1))));
    i64 alerts = t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                       "'many-invited'");
    for (int i = 0; i < 2; i++) {
        t_post_f("/admin/team/invitations", "email=stranger%d@example.test&role=viewer", i);
        t_status(303);
    }
    t_post("/admin/team/invitations", "email=stranger9@example.test&role=viewer");
    t_status(429);
    t_text("Very many people were asked to join this shop today.");
    is_true(t_header_of("Retry-After").n > 0);
    eq_int(t_int("select count(*) as n from auth.invitation"), 2);
    eq_int(t_int("select coalesce(sum(count), 0)::bigint as n from watch.alert where kind = "
                 "'many-invited'"), alerts + 1);
    redis_del(t_ctx(), str_fmt(t_ctx()->mem, "rl:invitations:%.*s",
                           STR(crypto_opaque(t_ctx()->mem, app->secret, "organisation", 1))));
}

/* Whoever goes while they invite: the page has let them in already. */
T(who_has_gone_by_then_invites_nobody)
{
    team(NULL);
    t_sql("update auth.person set erased_at = now() where id = 1");
    t_post("/admin/team/invitations", "email=late@example.test&role=member");
    t_status(401);
    eq_int(t_int("select count(*) as n from auth.invitation where email = 'late@example.test'"), 0);
}

T(of_several_organisations_one_is_chosen_on_each_device_AC_10)
{
    team("member");
    t_sql("insert into auth.organisation (id, slug, name) overriding system value "
          "values (990, 't-else', 'Else'), (991, 't-third', 'Third')");
    t_sql("insert into auth.member (organisation_id, person_id, place) values (990, 2, 'viewer')");
    t_get("/admin.json");
    has_text(t_body(), "\"organisation\":\"Talat");
    t_post("/admin/organisation", "organisation=t-third");
    t_status(404);
    t_post("/admin/organisation", "organisation=t-else");
    t_status(303);
    t_get("/admin.json");
    has_text(t_body(), "\"organisation\":\"Else\"");
    t_get("/admin/customers.json"); /* a viewer there */
    t_status(403);
    t_sql("delete from auth.member where person_id = 2 and organisation_id = 990");
    t_get("/admin.json");
    has_text(t_body(), "\"organisation\":\"Talat");
}

/* ---- what raises rights is asked for anew ------------------------------------------------------- */

static void a_quarter_of_an_hour_later(void)
{
    t_sql("update auth.device set proved_at = now() - interval '16 minutes'");
}

/* Through the confirmation, back to where it leads; there the form is to be sent once more. */
static void confirmed(void)
{
    t_status(303);
    str to = t_header_of("Location");
    is_true(str_starts(to, S("/account/confirm?next=")));
    t_get(str_c(t_ctx()->mem, to));
    t_status(200);
    t_post("/account/confirm",
        str_fmt(t_ctx()->mem, "password=market-day-demo&next=%.*s", STR(str_from(to, 22))).p);
    t_status(303);
    t_get(str_c(t_ctx()->mem, t_header_of("Location")));
    t_status(200);
}

static void waits_for_proof(const char *path, const char *form)
{
    a_quarter_of_an_hour_later();
    t_post(path, form);
    confirmed();
}

T(what_raises_rights_asks_who_it_is_and_keeps_what_was_typed)
{
    team(NULL);
    waits_for_proof("/admin/team/invitations", "email=new@example.test&role=viewer");
    has_text(t_body(), "value=\"new@example.test\"");
    has_text(t_body(), "<option value=\"viewer\" selected>");
    eq_int(t_int("select count(*) as n from auth.invitation"), 0);
    t_post("/admin/team/invitations", "email=new@example.test&role=viewer");
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.invitation"), 1);
    t_sql("update auth.organisation set second_factor = '{viewer}' where id = 1");
    waits_for_proof("/admin/team/second-factor", "member=1&own=1");
    has_text(t_body(), "name=\"member\" value=\"1\" checked");
    has_text(t_body(), "name=\"own\" value=\"1\" checked");
    no_text(t_body(), "name=\"viewer\" value=\"1\" checked"); /* taken off, not kept */
    eq_int(t_int("select count(*) as n from auth.organisation where second_factor = '{viewer}'"), 1);
    t_get("/admin/team");
    has_text(t_body(), "name=\"viewer\" value=\"1\" checked");
    waits_for_proof("/admin/roles", "name=Packer&orders:read-all=1&orders:update=1");
    has_text(t_body(), "value=\"Packer\"");
    has_text(t_body(), "name=\"orders:update\" value=\"1\" checked");
    no_text(t_body(), "name=\"orders:refund\" value=\"1\" checked");
    eq_int(t_int("select count(*) as n from auth.role"), 0);
    waits_for_proof("/admin/keys", "name=Till&days=30&scopes=orders:read-all");
    has_text(t_body(), "value=\"Till\"");
    has_text(t_body(), "value=\"orders:read-all\" checked");
    has_text(t_body(), "value=\"30\" selected");
}

T(an_old_login_changes_no_role_and_takes_one_away_all_the_same)
{
    team(NULL);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'viewer')");
    i64 role = make_role("name=Packer&orders:read-all=1");
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "role", role);
    str path = str_fmt(t_ctx()->mem, "/admin/roles/%.*s", STR(id));
    a_quarter_of_an_hour_later();
    t_post(path.p, "name=Packer&orders:read-all=1&orders:refund=1");
    confirmed();
    has_text(t_body(), "name=\"orders:refund\" value=\"1\" checked");
    eq_str(t_str("select array_to_string(permissions, ' ') as s from auth.role"), "orders:read-all");
    a_quarter_of_an_hour_later();
    on(2, "role", "role=admin");
    confirmed();
    has_text(t_body(), "<option value=\"admin\" selected>");
    eq_int(places("viewer"), 1);
    a_quarter_of_an_hour_later();
    t_send("POST", str_fmt(t_ctx()->mem, "/admin/team/%.*s/role.json", STR(id_of(2))).p,
        "application/json", S("{\"role\":\"admin\"}"));
    t_status(403);
    t_json("code", "auth.recent");
    on(2, "remove", "");
    t_status(303);
    eq_int(places("viewer"), 0);
}

static str seen_of(const char *path)
{
    t_get(str_fmt(t_ctx()->mem, "%s.json", path).p);
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(t_document(), "seen"));
}

static void holds_seen(str seen)
{
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(seen)).p);
}

static str the_role(void)
{
    return t_str("select name || ' ' || array_to_string(permissions, ' ') as s from auth.role");
}

/* A right that one has taken away does not come back by the page of another, which still has it. */
T(of_two_who_change_a_role_the_second_is_told)
{
    team(NULL);
    i64 role = make_role("name=Packer&orders:read-all=1&orders:refund=1");
    str id = crypto_opaque(t_ctx()->mem, t_ctx()->app->secret, "role", role);
    const char *path = str_fmt(t_ctx()->mem, "/admin/roles/%.*s", STR(id)).p;
    const char *program = str_fmt(t_ctx()->mem, "%s.json", path).p;
    str first = seen_of(path);
    t_get(path);
    holds_seen(first);
    t_post_f(path, "name=Packer&orders:read-all=1&seen=%.*s", STR(first));
    t_status(303);
    eq_str(the_role(), "Packer orders:read-all");
    t_post_f(path, "name=Sender&orders:read-all=1&orders:refund=1&seen=%.*s", STR(first));
    t_status(409);
    t_text("Somebody else has changed this role meanwhile.");
    t_html("input[name=name][value=Sender]");
    t_html("input[name='orders:refund'][checked]");
    eq_str(the_role(), "Packer orders:read-all");
    str now = seen_of(path);
    a_quarter_of_an_hour_later(); /* what comes back from there is as old as it was */
    t_post_f(path, "name=Sender&orders:read-all=1&orders:refund=1&seen=%.*s", STR(now));
    t_sql("update auth.role set permissions = '{orders:update}'");
    confirmed();
    t_html("input[name=name][value=Sender]");
    holds_seen(now);
    t_sql("update auth.role set permissions = '{orders:read-all}'");
    t_post_f(path, "name=&orders:refund=1&seen=%.*s", STR(first)); /* wrong, too */
    t_status(409);
    holds_seen(now);
    t_post_json(program, "{\"name\":\"Late\",\"orders:refund\":true,\"seen\":\"old\"}");
    t_status(409);
    t_post_f(path, "name=Sender&orders:read-all=1&orders:refund=1&seen=%.*s", STR(now));
    t_status(303);
    eq_str(the_role(), "Sender orders:read-all orders:refund");
    t_post_json(program, "{\"name\":\"Last\",\"orders:refund\":true}");
    t_status(200);
    eq_str(the_role(), "Last orders:refund");
}

T(what_waits_is_its_owners_alone_and_not_for_ever)
{
    team(NULL);
    a_quarter_of_an_hour_later();
    t_post("/admin/team/invitations", "email=zqnew@example.test&role=viewer");
    t_status(303);
    str next, to = t_header_of("Location");
    is_true(unescape_url(t_ctx()->mem, str_from(to, 22), false, &next));
    no_text(next, "zqnew");
    const char *page = str_c(t_ctx()->mem, next);
    t_get(page);
    has_text(t_body(), "zqnew@example.test");
    t_get(str_fmt(t_ctx()->mem, "%s0", page).p); /* not what was sealed */
    t_status(200);
    no_text(t_body(), "zqnew@example.test");
    t_clock(t_ctx()->app->fixed_now ? t_ctx()->app->fixed_now + HOUR : when_now() + HOUR);
    t_get(page);
    no_text(t_body(), "zqnew@example.test");
    t_clock(0);
    t_sql("insert into auth.member (organisation_id, person_id, place) values (1, 2, 'admin')");
    t_login(OTHER);
    t_get(page);
    t_status(200);
    no_text(t_body(), "value=\"zqnew@example.test");
}

T(an_owner_asks_a_second_factor_of_their_people_beside_the_shops_rule)
{
    team("member");
    t_post("/admin/team/second-factor", "member=1"); /* no owner */
    t_status(403);
    t_browser();
    t_post("/admin/team/second-factor", "member=1"); /* a stranger */
    t_status(303);
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(200);
    t_login(OWNER_);
    t_post("/admin/team/second-factor", "member=1&viewer=1&nonsense=1");
    t_status(303);
    t_post("/admin/team/second-factor", "member=1&viewer=1"); /* twice */
    t_status(303);
    eq_str(t_str("select array_to_string(second_factor, ' ') as s from auth.organisation where id = 1"),
        "member viewer");
    t_get("/admin/team");
    t_status(200);
    has_text(t_body(), "no second factor yet");
    has_text(t_body(), "name=\"member\" value=\"1\" checked");
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(403);
    t_json("code", "auth.factor_due");
    t_get("/account.json"); /* as a shopper they go on */
    t_status(200);
    t_browser();
    i64 order = t_order(); /* a guest's */
    t_login(OTHER);
    const char *one = str_fmt(t_ctx()->mem, "/api/orders/%.*s", STR(t_number(order))).p;
    t_get(one);
    t_status(404);
    t_send("PUT", str_fmt(t_ctx()->mem, "%s/address", one).p, "application/json",
        S("{\"name\":\"M\",\"line1\":\"1 Elsewhere\",\"city\":\"Bangkok\",\"postcode\":\"10200\",\"country\":\"TH\"}"));
    t_status(404);
    t_sql("insert into auth.totp (person_id, secret, last_step) values (2, 'x', 0)");
    t_get("/admin/orders.json");
    t_status(200);
    t_sql("delete from auth.totp");
    t_get("/admin/orders.json");
    t_status(403);
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "second_factor", S("owner"));
    t_login(OWNER_);
    t_get("/admin/orders.json"); /* the shop's own rule stays, whatever is saved here */
    t_status(403);
    t_sql("update auth.organisation set second_factor = '{own}'");
    t_login(OTHER);
    t_get("/admin/orders.json");
    t_status(200);
    t_sql("insert into auth.role (id, organisation_id, name, permissions) overriding system value "
          "values (990, 1, 'Packer', '{orders:read-all}'); update auth.member set place = 'own', role_id "
          "= 990 where person_id = 2");
    t_get("/admin/orders.json");
    t_status(403);
}

T(codes_by_text_message_are_enough_where_the_owner_and_the_shop_say_so)
{
    team("member");
    t_browser();
    t_login(OWNER_);
    t_post("/admin/team/second-factor", "member=1&text_counts=1");
    t_status(303);
    t_get("/admin/team");
    has_text(t_body(), "name=\"text_counts\" value=\"1\" checked");
    t_post("/admin/team/second-factor", "member=1");
    t_status(303);
    t_browser();
    t_login(OTHER);
    t_sql("insert into auth.phone (person_id, number, tail, country, is_factor) values"
          " (2, 'x', '21', 'TH', true)");
    t_get("/admin/orders.json");
    t_status(403);
    t_get("/account/security");
    t_text("Your role asks for an authenticator app or a passkey");
    t_sql("update auth.organisation set text_counts = true where id = 1");
    t_get("/admin/orders.json");
    t_status(200);
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "second_factor", S("member"));
    t_get("/admin/orders.json"); /* the shop's own rule is as strict as it says */
    t_status(403);
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "second_factor_text", S("yes"));
    t_get("/admin/orders.json");
    t_status(200);
    str session = str_dup(t_ctx()->mem, t_cookie(COOKIE_SESSION));
    t_browser();
    t_login(OWNER_);
    t_get("/admin/team.json");
    EACH(item, node_get(t_document(), S("members")))
        eq_int(node_bool(&item->node, "hasFactor"), str_eq(node_str(&item->node, "email"), S(OTHER)));
    t_browser();
    t_cookie_set(COOKIE_SESSION, session.p);
    t_sql("update auth.phone set is_factor = false where person_id = 2");
    t_get("/admin/orders.json");
    t_status(403);
    t_get("/account/security");
    t_text("Your role asks for a second factor");
}

static int times(str text, str what)
{
    int n = 0;
    for (i64 at; (at = str_find(text, what)) >= 0; n++)
        text = str_from(text, (size_t)at + what.n);
    return n;
}

T(every_form_that_posts_carries_its_token)
{
    static const char *const pages[] = { "/admin/team", "/admin/roles/new", "/admin/audit",
        "/admin/customers", "/admin/orders", "/admin/products/new", "/account", "/cart" };
    t_open();
    t_login(OWNER_);
    for (size_t i = 0; i < COUNT(pages); i++) {
        t_get(pages[i]);
        t_status(200);
        int forms = times(t_body(), S("method=\"post\""));
        is_true(forms > 0);
        eq_int(times(t_body(), S("name=\"csrf\"")), forms);
    }
}
