#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOGINS_AT_ONCE 2
#define LONGEST_WAIT   (2 * SECOND)
#define NAP            (10 * 1000)

/* argon2 takes 15 ms of a core and 19 MiB. All workers of the machine share a few turns, so
 * that a storm of logins cannot starve the pages. A turn is a locked file: a worker that dies
 * gives it back. Returns the file, -1 when no turn came. */
static int take_turn(struct ctx *c)
{
    for (i64 waited = 0; waited < LONGEST_WAIT; waited += NAP) {
        for (int i = 0; i < LOGINS_AT_ONCE; i++) {
            str path = str_fmt(c->mem, "%.*s/login.%d", STR(c->app->run_dir), i);
            int fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
            if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
            if (fd >= 0)
                close(fd);
        }
        nanosleep(&(struct timespec){ 0, NAP * 1000 }, NULL);
    }
    return -1;
}

static int no_turn(struct ctx *c)
{
    metric_add(c->app, "logins_shed_total", 1);
    return fail(c, E_AWAY, "auth.busy",
        "Many people are logging in right now. Please try again in a moment.");
}

bool password_hash(struct ctx *c, str password, str *hash)
{
    int turn = take_turn(c);
    bool ok = turn >= 0 && crypto_password_hash(c->mem, password, hash);
    if (turn >= 0)
        close(turn);
    return ok;
}

/* Checked against when the account is unknown, so that both take the same time. */
static str stand_in(struct ctx *c)
{
    static char kept[160];
    str hash;
    if (!kept[0] && crypto_password_hash(c->mem, S("no such account"), &hash) &&
        hash.n < sizeof kept)
        memcpy(kept, hash.p, hash.n);
    return str_of(kept);
}

/* Runs before anyone is known: the platform looks the account up, nobody else can. */
static int find(struct ctx *c, str email, struct node **row)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_by_email(c, row, str_lower(c->mem, email));
    c->scope = before;
    return err;
}

int auth_check(struct ctx *c, str email, str password, struct login *out)
{
    struct node *row;
    TRY(find(c, email, &row));
    str hash = row ? node_str(row, "password_hash") : stand_in(c);
    int turn = take_turn(c);
    if (turn < 0)
        return no_turn(c);
    bool ok = crypto_password_ok(hash, password);
    close(turn);
    if (!row || !ok)
        return fail(
            c, E_LOGIN, "auth.wrong", "That e-mail address and password do not go together.");
    *out = (struct login){ node_int(row, "id"), node_str(row, "email"), node_str(row, "name"),
        node_bool(row, "is_staff") };
    return E_OK;
}

int auth_register(struct ctx *c, str email, str name, str password, struct login *out)
{
    struct node *row;
    str hash;
    if (!password_hash(c, password, &hash))
        return no_turn(c);
    email = str_lower(c->mem, email);
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_register(c, &row, email, name, hash, c->lang);
    c->scope = before;
    TRY(err);
    if (!row)
        return fail_field(c, "email", "There is an account with this address. Please log in.");
    *out = (struct login){ node_int(row, "id"), email, name, false };
    return E_OK;
}

int auth_person(struct ctx *c, i64 person, struct node **out)
{
    return q_auth_person(c, out, person);
}

int auth_admins(struct ctx *c, struct node **out) { return q_auth_admins(c, out); }

int auth_organisation(struct ctx *c, i64 organisation, struct node **out)
{
    return q_auth_organisation(c, out, organisation);
}

int auth_organisation_by_slug(struct ctx *c, str slug, struct node **out)
{
    return q_auth_organisation_by_slug(c, out, slug);
}

int auth_organisation_add(struct ctx *c, str slug, str name, i64 *id)
{
    struct node *row;
    TRY(q_auth_save_organisation(c, &row, slug, name));
    *id = node_int(row, "id");
    return E_OK;
}

int auth_person_add(struct ctx *c, str email, str name, str password, str role, i64 *id)
{
    struct node *row;
    str hash;
    if (password.n < 8 || password.n > 256)
        return fail(c, E_INPUT, "auth.password", "A password has 8 to 256 characters.");
    if (!password_hash(c, password, &hash))
        return no_turn(c);
    TRY(q_auth_save_person(c, &row, str_lower(c->mem, email), name, hash, role));
    *id = node_int(row, "id");
    return E_OK;
}

int auth_member_add(struct ctx *c, i64 organisation, i64 person, str place)
{
    return q_auth_save_member(c, NULL, organisation, person, place);
}
