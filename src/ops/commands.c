/* talatctl's commands for operators. What a person is told goes to standard output, what went
 * wrong to standard error in one sentence. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "io/io.h"
#include "ops/ops_in.h"
#include "pricing/pricing.h"
#include "web/web.h"
#include "work/work.h"
#include <stdio.h>
#include <stdlib.h>

#define MOST_REPORT ((size_t)1 << 20)

enum { MIGRATION_NEEDED = 3, MOST_DEAD = 100 };

static int sorry(struct ctx *c, const char *what)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    fprintf(stderr, "talatctl: %s%s%.*s\n", what, why.n ? ": " : "", STR(why));
    return 1;
}

int migrate_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    str sql = str_fmt(c->mem, "%.*s/sql", STR(c->app->share_dir));
    bool only_check = argc == 2 && !strcmp(argv[1], "--check"), needed = false;
    if (argc != 1 && !only_check)
        return 2;
    /* Its own connection: as the owner, who alone may change the schema. */
    c->pg = pg_new(c->mem, conf_str(c->app->conf, "pg_owner", str_none));
    int err =
        only_check ? ops_migrate_check(c, sql, &report, &needed) : ops_migrate(c, sql, &report);
    printf("%.*s", STR(buf_str(&report)));
    if (err)
        return sorry(
            c, only_check ? "this schema cannot be taken forward" : "the schema was not changed");
    return needed ? MIGRATION_NEEDED : 0;
}

int prove_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, MOST_REPORT);
    i64 broken;
    (void)argv;
    if (argc != 1)
        return 2;
    c->scope.platform = true;
    /* Not the pages' connection, which waits 5 s: whole tables are summed. */
    c->pg = database_open_app(c);
    int err = ops_prove(
        c, str_fmt(c->mem, "%.*s/sql/prove.sql", STR(c->app->share_dir)), &report, &broken);
    printf("%.*s", STR(buf_str(&report)));
    return err ? sorry(c, "the books could not be proved") : broken != 0;
}

/* ---- user add -------------------------------------------------------------------------------- */

struct adding {
    str email, name, role, organisation, password;
    bool is_hash; /* `password` is one already, of another shop */
};

static bool read_options(int argc, char **argv, struct adding *a)
{
    if (argc < 3 || !str_is(S("add"), argv[1]) || argv[2][0] == '-')
        return false;
    *a = (struct adding){ .email = str_of(argv[2]) };
    for (int i = 3; i < argc; i += 2) {
        if (!strcmp(argv[i], "--hash")) {
            a->is_hash = true;
            i--; /* it stands alone */
        } else if (i + 1 == argc)
            return false;
        else if (!strcmp(argv[i], "--role"))
            a->role = str_of(argv[i + 1]);
        else if (!strcmp(argv[i], "--name"))
            a->name = str_of(argv[i + 1]);
        else if (!strcmp(argv[i], "--organisation"))
            a->organisation = str_of(argv[i + 1]);
        else
            return false;
    }
    if (!a->role.n && !a->organisation.n)
        a->role = S("user");
    return true;
}

static bool is_one_of(str role, const char *const *roles)
{
    for (; *roles; roles++)
        if (str_is(role, *roles))
            return true;
    return false;
}

/* In an organisation that is named, user is who has no place there any more. */
static bool is_role(const struct adding *a)
{
    static const char *const in_one[] = { "user", "owner", "admin", "member", "viewer", NULL };
    static const char *const all[] = { "user", "admin", "super_admin", "owner", "member", "viewer",
        NULL };
    return is_one_of(a->role, a->organisation.n ? in_one : all);
}

/* An admin is the platform's, unless an organisation is named. */
static bool is_place(const struct adding *a)
{
    static const char *const places[] = { "owner", "member", "viewer", NULL };
    return is_one_of(a->role, places) || (a->organisation.n && str_is(a->role, "admin"));
}

/* The house begins where talat.conf says: what is still to do there, whoever adds the admin reads. */
static int begin_house(struct ctx *c)
{
    struct node *countries;
    str country;
    i64 id;
    TRY(auth_house_add(c, &id));
    TRY(auth_house_country(c, &country));
    TRY(pricing_countries(c, &countries));
    EACH(item, countries)
        if (str_eq(node_str(&item->node, "code"), country))
            return E_OK;
    fprintf(stderr, "talatctl: there is no rate of tax for %.*s yet: nothing is delivered there\n",
        STR(country));
    return E_OK;
}

static int add_user(struct ctx *c, void *with)
{
    const struct adding *a = with;
    struct node *house;
    i64 person;
    bool place = is_place(a), staff = place || str_is(a->role, "admin");
    str organisation = a->organisation.n ? a->organisation : S("house");
    str role = place || a->organisation.n ? str_none : a->role; /* what they are beside it stays */
    TRY((a->is_hash ? auth_person_add_hash : auth_person_add)(
        c, a->email, a->name, a->password, role, &person));
    int err = auth_organisation_by_slug(c, organisation, &house);
    if (!staff && !err) /* the way back of --role admin */
        return auth_member_drop(c, node_int(house, "id"), person);
    if (!staff && !a->organisation.n) {
        fault_clear(c);
        return err == E_MISSING ? E_OK : err;
    }
    if (err == E_MISSING && !a->organisation.n) {
        fault_clear(c); /* the first admin of a new shop: there is no house yet */
        TRY(begin_house(c));
        err = auth_organisation_by_slug(c, organisation, &house);
    }
    if (err == E_MISSING)
        return fail(c, err, "ops.organisation", "there is no organisation %.*s", STR(organisation));
    TRY(err);
    str there = place ? a->role : S("owner");
    return auth_member_add(c, node_int(house, "id"), person, there, str_is(there, "owner"));
}

static int list_admins(struct ctx *c)
{
    struct node *rows;
    c->scope.platform = true;
    if (auth_admins(c, &rows))
        return sorry(c, "the admins cannot be read");
    EACH(item, rows)
        printf("%.*s\n", STR(node_str(&item->node, "email")));
    return 0;
}

int user_command(struct ctx *c, int argc, char **argv)
{
    struct adding a;
    if (argc == 2 && !strcmp(argv[1], "admins"))
        return list_admins(c);
    if (argc > 1 && !strcmp(argv[1], "import"))
        return people_command(c, argc - 1, argv + 1);
    if (!read_options(argc, argv, &a))
        return 2;
    if (!is_role(&a) || !in_is_email(a.email)) {
        fprintf(stderr, "talatctl: an address, and a role of %sowner, %smember or viewer%s\n",
            a.organisation.n ? "" : "user, admin, super_admin, ", a.organisation.n ? "admin, " : "",
            a.organisation.n ? "; user for who is to have no place there any more" : "");
        return 2;
    }
    if (a.is_hash ? !ops_read_secret(c, "the password's hash", NULL, &a.password)
                  : !ops_read_secret(c, "password (8 to 256 characters)", "once more", &a.password))
        return sorry(c, c->fault.code ? "the user was not added" : "there is nothing on standard input");
    c->scope.platform = true;
    if (pg_tx(c, add_user, &a))
        return sorry(c, "the user was not added");
    if (!a.organisation.n)
        printf("%.*s can log in as %.*s\n", STR(a.email), STR(a.role));
    else if (is_place(&a))
        printf("%.*s can log in as %.*s of %.*s\n", STR(a.email), STR(a.role), STR(a.organisation));
    else
        printf("%.*s can log in, and has no place in %.*s\n", STR(a.email), STR(a.organisation));
    return 0;
}

/* ---- what the shop does --------------------------------------------------------------------- */

int route_list_command(struct ctx *c, int argc, char **argv)
{
    struct buf out = buf_new(c->mem, MOST_REPORT);
    bool slow = false, json = false;
    for (int i = 1; i < argc; i++) {
        bool *is = !strcmp(argv[i], "--slow") ? &slow : !strcmp(argv[i], "--json") ? &json : NULL;
        if (!is)
            return 2;
        *is = true;
    }
    router_dump(c->app->router, slow, json, &out);
    printf("%.*s", STR(buf_str(&out)));
    return 0;
}

static int list_dead(struct ctx *c, const i64 *before)
{
    struct node *jobs;
    i64 older = 0, last = 0;
    if (q_work_dead_letters(c, &jobs, before, MOST_DEAD))
        return sorry(c, "the jobs cannot be read");
    EACH(item, jobs) {
        const struct node *j = &item->node;
        last = node_int(j, "id");
        older = node_int(j, "there_are") - (i64)node_count(jobs);
        printf("%" PRId64 "  %.*s  subject %" PRId64 "  after %" PRId64 " tries: %.*s\n",
            node_int(j, "id"), STR(node_str(j, "kind")), node_int(j, "subject_id"),
            node_int(j, "attempt"), STR(node_str(j, "error")));
    }
    if (older)
        printf("and %" PRId64 " older ones: talatctl jobs dead %" PRId64 "\n", older, last);
    if (!node_count(jobs))
        printf("no %sjob has been given up\n", before ? "older " : "");
    return 0;
}

int jobs_command(struct ctx *c, int argc, char **argv)
{
    i64 id, changed;
    c->scope.platform = true;
    if (argc == 2 && !strcmp(argv[1], "dead"))
        return list_dead(c, NULL);
    if (argc != 3 || !str_int(str_of(argv[2]), &id))
        return 2;
    if (!strcmp(argv[1], "dead"))
        return list_dead(c, &id);
    if (strcmp(argv[1], "again"))
        return 2;
    if (q_work_revive(c, &changed, id))
        return sorry(c, "the job was not changed");
    if (!changed)
        return sorry(c, "there is no dead job of that number");
    printf("it is due again\n");
    return 0;
}
