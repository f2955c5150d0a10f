/* The shop's own route table: who gets in where, row by row, and the list as it was agreed. */
#include "t/t.h"
#include "web/web_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VIEWS_MAX = 1000 };

/* Each view of the table as an empty page: here it is only asked who may see it. */
static const char *const *empty_views(void)
{
    struct arena *mem = t_ctx()->mem;
    const char **list = NEWS(mem, const char *, VIEWS_MAX);
    struct node *seen = node_map(mem);
    size_t n = 0;
    for (size_t i = 0; shop_house.features[i]; i++)
        for (const struct route *row = shop_house.features[i]; row->path; row++) {
            if (!row->view || node_get(seen, str_of(row->view)) || n + 3 > VIEWS_MAX)
                continue;
            node_set_bool(mem, seen, str_of(row->view), true);
            list[n++] = row->view;
            list[n++] = "<p>";
        }
    return list;
}

static void open_shop_house(void) { t_house(&shop_house, empty_views(), NULL); }

/* The path with something that could stand at each {name}. */
static const char *example(const struct route *row)
{
    struct buf out = buf_new(t_ctx()->mem, 1000);
    str rest = str_from(str_of(row->path), 1), segment;
    while (str_cut(&rest, '/', &segment)) {
        buf_char(&out, '/');
        buf_add(&out, str_starts(segment, S("{")) ? S("7") : segment);
    }
    return out.n ? str_c(t_ctx()->mem, buf_str(&out)) : "/";
}

static void ask(const struct route *row, enum method method, bool json)
{
    if (json)
        t_with("Accept", "application/json");
    if (method == GET)
        t_send("GET", example(row), NULL, str_none);
    else
        t_send(method_name(method).p, example(row), "application/x-www-form-urlencoded", str_none);
}

static bool is_turned_away(void)
{
    int status = t_last_status();
    return status == 401 ||
        (status == 303 && str_find(t_header_of("Location"), S("/login")) >= 0) ||
        (status == 403 && str_find(t_body(), S("Insufficient permissions")) >= 0);
}

static void each_row(void (*look)(const struct route *, enum method))
{
    static const enum method methods[] = { GET, POST, PUT, PATCH, DELETE };
    for (size_t i = 0; shop_house.features[i]; i++)
        for (const struct route *row = shop_house.features[i]; row->path; row++) {
            struct mark before = arena_mark(t_ctx()->mem);
            for (size_t m = 0; m < COUNT(methods); m++)
                if (row->methods & methods[m])
                    look(row, methods[m]);
            t_browser();
            arena_rewind(t_ctx()->mem, before);
            t_browser();
        }
}

/* Whose only question is who you are. */
static bool is_a_login(const struct route *row) { return !strcmp(row->path, "/api/auth/refresh"); }

static void as_stranger(const struct route *row, enum method method)
{
    static const struct who stranger = { 0 };
    t_as(&stranger);
    ask(row, method, true);
    if (may(&stranger, row->need) == is_turned_away() && !is_a_login(row))
        ck_abort_msg("a stranger and %s %s (%s): %d %.*s", method_name(method).p, row->path,
            permission_name(row->need), t_last_status(), STR(str_upto(t_body(), 300)));
    if (may(&stranger, row->need))
        return;
    t_status(401);
    t_json("error", "Authentication required");
    ask(row, method, false);
    if (!(row->flags & BARE) || row->view)
        t_status(303);
}

static void as_user(const struct route *row, enum method method)
{
    struct who user = { .person = 7, .role = USER, .allowed = permissions_of(USER, NOBODY) };
    t_as(&user);
    ask(row, method, true);
    if (may(&user, row->need) == is_turned_away() && !is_a_login(row))
        ck_abort_msg("a user and %s %s (%s): %d %.*s", method_name(method).p, row->path,
            permission_name(row->need), t_last_status(), STR(str_upto(t_body(), 300)));
    if (may(&user, row->need))
        return;
    t_status(403);
    t_json("required", permission_name(row->need));
    t_json("role", "user");
}

static void as_somebody(
    const struct route *row, enum method method, const char *what, struct who who)
{
    who.person = 7;
    who.organisation = 5;
    t_as(&who);
    ask(row, method, true);
    bool open = row->need == ANYONE; /* such a row may still ask for something itself */
    bool holds = (permissions_of(GUEST, NOBODY) | who.allowed) & permission_bit(row->need);
    if (!open && holds == is_turned_away())
        ck_abort_msg("%s and %s %s (%s): %d %.*s", what, method_name(method).p, row->path,
            permission_name(row->need), t_last_status(), STR(str_upto(t_body(), 300)));
    if (holds)
        return;
    t_status(403);
    t_json("error", "Insufficient permissions");
    t_json("required", permission_name(row->need));
    t_json("role", role_name(who.role));
}

/* Each place below, and two roles of an organisation's making: all but the one, the one alone. */
static void as_each_place(const struct route *row, enum method method)
{
    static const char *const names[] = { [VIEWER] = "a viewer",
        [MEMBER] = "a member",
        [STAFF_ADMIN] = "an administrator",
        [OWNER] = "an owner" };
    uint64_t bit = permission_bit(row->need), user = permissions_of(USER, NOBODY);
    for (enum member place = VIEWER; place <= OWNER; place++)
        as_somebody(row, method, names[place],
            (struct who){ .role = USER, .member = place, .allowed = permissions_of(USER, place) });
    as_somebody(row, method, "an admin of the house",
        (struct who){ .role = ADMIN, .allowed = permissions_of(ADMIN, NOBODY) });
    as_somebody(row, method, "who may all but this",
        (struct who){ .role = SUPER_ADMIN, .member = OWNER, .allowed = ~bit });
    as_somebody(
        row, method, "who may this alone", (struct who){ .role = USER, .allowed = user | bit });
}

/* A cross-site form and one without a token, on every row that writes. */
static void as_forger(const struct route *row, enum method method)
{
    struct who user = { .person = 7, .role = SUPER_ADMIN };
    if (method == GET || (row->flags & RAW))
        return;
    t_as(&user);
    t_cookie_set(COOKIE_SESSION, "somebody");
    t_without_token();
    ask(row, method, true);
    t_status(403);
    t_json("code", "csrf");
    t_with("Origin", "https://evil.example");
    ask(row, method, true);
    t_status(403);
    t_json("code", "csrf");
}

T(ID_24_each_route_lets_a_stranger_in_only_where_anyone_may)
{
    open_shop_house();
    each_row(as_stranger);
}
T(each_route_lets_a_user_in_only_where_users_may)
{
    open_shop_house();
    each_row(as_user);
}
T(each_route_lets_each_place_in_only_where_its_permissions_say_AC_07)
{
    open_shop_house();
    each_row(as_each_place);
}
T(each_route_that_writes_refuses_forged_requests)
{
    open_shop_house();
    each_row(as_forger);
}

/* A route more, less or other is a decision: it is seen in this file's difference. */
T(the_list_of_routes_is_the_agreed_one)
{
    struct arena *mem = t_ctx()->mem;
    struct buf errors = buf_new(mem, 100000), now = buf_new(mem, 1 << 20);
    struct router *router = router_open(mem, &shop_house, NULL, NULL, &errors);
    eq_str(buf_str(&errors), "");
    router_dump(router, false, false, &now);
    /* __FILE__ is as the compiler was told, from the folder above this program's own. */
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    str here = str_of(__FILE__);
    if (here.p[0] != '/' && length > (ssize_t)strlen("t/tests"))
        here = str_fmt(mem, "%.*s%s", (int)length - (int)strlen("t/tests"), self, __FILE__);
    str path = str_fmt(mem, "%.*sgolden/routes", (int)(here.n - strlen("web/routes.c")), here.p);
    if (getenv("T_WRITE_GOLDEN")) {
        FILE *file = fopen(path.p, "w");
        ck_assert_ptr_nonnull(file);
        fwrite(now.p, 1, now.n, file);
        fclose(file);
    }
    bool ok = false;
    str agreed = file_read(mem, path.p, 1 << 20, &ok);
    if (!ok || !str_eq(agreed, buf_str(&now)))
        ck_abort_msg("the routes are not those of t/golden/routes; if they should be:\n"
                     "    T_WRITE_GOLDEN=1 t/tests web/routes/the_list");
}

/* The ladder guest, user, admin, super_admin, and what the designs name. */
T(AC_05_each_step_of_the_ladder_may_what_is_named_and_all_below_it)
{
    static const struct {
        const char *name;
        enum role least;
    } named[] = { { "orders:create", USER }, { "orders:read", USER }, { "chat:access", USER },
        { "orders:read-all", ADMIN }, { "orders:update", ADMIN }, { "orders:delete", SUPER_ADMIN } };
    for (size_t i = 0; i < COUNT(named); i++) {
        uint64_t bit = permission_bit(permission_named(str_of(named[i].name)));
        is_true(bit != 0);
        for (enum role role = GUEST; role <= SUPER_ADMIN; role++)
            is_true(!(permissions_of(role, NOBODY) & bit) == (role < named[i].least));
    }
    for (enum role role = USER; role <= SUPER_ADMIN; role++)
        is_true((permissions_of(role - 1, NOBODY) & ~permissions_of(role, NOBODY)) == 0);
    struct who guest = { 0 };
    for (enum permission p = 1; p < N_PERMISSIONS; p++)
        is_true(may(&guest, p) == (p == ANYONE || p == METRICS_READ));
}
