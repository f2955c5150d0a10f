#include "auth/factor_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "web/web.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PER_CORE     2
#define MOST_AT_ONCE 64
#define LONGEST_WAIT (2 * SECOND)
#define NAP          (10 * 1000)

static int at_once(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1                      ? PER_CORE
        : cores * PER_CORE > MOST_AT_ONCE ? MOST_AT_ONCE
                                          : (int)cores * PER_CORE;
}

/* One that root's tool is the first to need is the workers' too. */
static int open_turn(struct ctx *c, int i)
{
    str path = str_fmt(c->mem, "%.*s/login.%d", STR(c->app->run_dir), i);
    int fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    struct stat dir;
    if (fd >= 0 && geteuid() == 0 && !stat(str_c(c->mem, c->app->run_dir), &dir) &&
        fchown(fd, dir.st_uid, dir.st_gid))
        log_line(c, LOG_WARN, "login.turn", "file", path, "error", str_of(strerror(errno)), NULL);
    return fd;
}

/* argon2 takes 15 ms of a core and 19 MiB. All workers of the machine share a few turns, so
 * that a storm of logins cannot starve the pages. A turn is a locked file: a worker that dies
 * gives it back. Returns the file, -1 when no turn came. */
static int take_turn(struct ctx *c)
{
    for (i64 waited = 0; waited < LONGEST_WAIT; waited += NAP) {
        for (int i = 0; i < at_once(); i++) {
            int fd = open_turn(c, i);
            if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
            if (fd >= 0)
                close(fd);
        }
        nanosleep(&(struct timespec){ 0, NAP * 1000 }, NULL);
    }
    return -1;
}

int no_turn(struct ctx *c)
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

int password_matches(struct ctx *c, str hash, str password, bool *ok)
{
    int turn = take_turn(c);
    if (turn < 0)
        return no_turn(c);
    *ok = crypto_password_ok(hash, password);
    close(turn);
    return E_OK;
}

/* Checked against when the account is unknown, so that it takes as long. */
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

/* While the password is at hand, its hash is made as hashes are made today. Failing in that
 * keeps nobody out. */
static void renew_hash(struct ctx *c, const struct node *row, str password)
{
    str old = node_str(row, "password_hash"), hash;
    struct scope before = c->scope;
    if (!crypto_password_is_old(old) || !password_hash(c, password, &hash))
        return;
    c->scope = (struct scope){ .platform = true };
    if (q_auth_rehash(c, NULL, node_int(row, "id"), old, hash))
        fault_clear(c);
    c->scope = before;
}

/* bcrypt was given the bytes that were typed; ours are made of the composed form. */
static bool goes_with(struct ctx *c, str hash, str password)
{
    str form = password_form(c, password);
    return crypto_password_ok(hash, form) ||
        (crypto_password_is_old(hash) && !crypto_equal(form, password) &&
            crypto_password_ok(hash, password));
}

/* A hash of that kind that goes with nothing: behind algorithm and measures come salt and sum. */
static str nobodys(struct ctx *c, str kind)
{
    static const char letters[] = "AAAAAAAAAAAAAAAAAAAAAA$"
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    bool is_bcrypt = str_starts(kind, S("$2"));
    return str_fmt(c->mem, "%.*s%s", STR(kind),
        is_bcrypt ? "......................OOOOOOOOOOOOOOOOOOOOOOOOOOOOOOO" : letters);
}

/* A wrong password costs one hash of each kind there is in the shop, whatever the account has, and
 * whether there is one: else those that were imported and never came could be told by the time. */
static int spend_the_rest(struct ctx *c, str hash, str password)
{
    struct node *kinds;
    struct scope before = as_house(c);
    int err = q_auth_old_hashes(c, &kinds);
    c->scope = before;
    TRY(err);
    if (crypto_password_is_old(hash))
        goes_with(c, stand_in(c), password);
    EACH(item, kinds)
        if (!str_starts(hash, node_str(&item->node, "kind")))
            goes_with(c, nobodys(c, node_str(&item->node, "kind")), password);
    return E_OK;
}

int auth_check(struct ctx *c, str email, str password, struct login *out)
{
    struct node *row;
    TRY(find(c, email, &row));
    bool known = row && crypto_password_known(node_str(row, "password_hash"));
    str hash = known ? node_str(row, "password_hash") : stand_in(c);
    int turn = take_turn(c);
    if (turn < 0)
        return no_turn(c);
    bool ok = goes_with(c, hash, password);
    int err = known && ok ? E_OK : spend_the_rest(c, hash, password);
    close(turn);
    TRY(err);
    if (!known || !ok) {
        login_refused(c, row ? node_int(row, "id") : 0, "password");
        return fail(
            c, E_LOGIN, "auth.wrong", "That e-mail address and password do not go together.");
    }
    renew_hash(c, row, password_form(c, password));
    *out = login_of(row, "id");
    return E_OK;
}

/* Whatever is known of the address, the same work is done: the hash, a code and a job. */
int auth_register(struct ctx *c, str email, str name, str password, str mark, bool marketing)
{
    str hash;
    password = password_form(c, password);
    TRY(password_fit(c, password, name, email));
    if (!password_hash(c, password, &hash))
        return no_turn(c);
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("name"), name);
    node_set_str(c->mem, data, S("password_hash"), hash);
    node_set_str(c->mem, data, S("mark_hash"), mark.n ? crypto_sha256_hex(c->mem, mark) : str_none);
    node_set_bool(c->mem, data, S("marketing"), marketing);
    struct code_to to = { .address = email, .data = data };
    int err = code_send(c, CODE_VERIFY, &to);
    if (err == E_LIMIT) {
        fault_clear(c); /* those that were sent are good, and nobody learns that there were any */
        return E_OK;
    }
    return err;
}

int auth_register_again(struct ctx *c, str email)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_waiting_code(c, &row, S("verify-email"), str_lower(c->mem, email));
    c->scope = before;
    TRY(err);
    if (!row)
        return E_OK;
    struct code_to to = {
        .person = node_int(row, "person_id"), .address = email, .data = node_get(row, S("data"))
    };
    err = code_send(c, CODE_VERIFY, &to);
    if (err == E_LIMIT)
        fault_clear(c);
    return err == E_LIMIT ? E_OK : err;
}

int auth_claims(struct ctx *c, const struct code *code, str mark, str password)
{
    str hash = node_str(code->data, "password_hash");
    bool ok = false;
    if (code->person || !hash.n ||
        crypto_equal(crypto_sha256_hex(c->mem, mark), node_str(code->data, "mark_hash")))
        return E_OK;
    if (!password.n)
        return fail_field(c, "password",
            "Please enter the password that you chose, as this is not the browser in which the "
            "account was asked for.");
    TRY(password_matches(c, hash, password_form(c, password), &ok));
    return ok ? E_OK
              : fail_field(c, "password",
                    "That is not the password with which this account was asked for. If that was "
                    "not you, please register anew and use the mail that comes then.");
}

static int make_verified(struct ctx *c, const struct code *code, struct login *out, bool *fresh)
{
    struct node *row = NULL, *person;
    str hash = node_str(code->data, "password_hash");
    *fresh = false;
    if (!code->person && hash.n) {
        TRY(q_auth_register(
            c, &row, code->address, node_str(code->data, "name"), hash, code->lang));
        *fresh = row != NULL;
        if (row && c->app->hooks.joined)
            TRY(c->app->hooks.joined(c, node_int(row, "id"), code->data));
    }
    TRY(q_auth_verify_person(c, &person, code->address));
    if (!person)
        return fail_detail(c, E_MISSING, "auth.verified", "nobody has the address any more");
    *out = login_of(person, "id");
    return E_OK;
}

struct verified {
    const struct code *code;
    struct login *out;
    bool *fresh;
};

static int take_verified(struct ctx *c, void *with)
{
    const struct verified *v = with;
    TRY(code_take(c, v->code));
    return make_verified(c, v->code, v->out, v->fresh);
}

int auth_verified(struct ctx *c, const struct code *code, struct login *out, bool *fresh)
{
    return pg_tx_platform(c, take_verified, &(struct verified){ code, out, fresh });
}

/* In their own language: whoever did it may have chosen another. */
static int tell_changed(struct ctx *c, const struct node *person)
{
    i64 id = node_int(person, "id");
    struct notify_to to = {
        .person = id, .email = node_str(person, "email"), .lang = node_str(person, "lang")
    };
    return notify_mail(
        c, "password_changed", str_fmt(c->mem, "person:%" PRId64 ":%" PRId64, id, c->now), &to);
}

struct new_password {
    i64 person, ended;
    str hash, but;
    const struct code *by;
};

static int set_password(struct ctx *c, void *with)
{
    struct new_password *p = with;
    struct node *row;
    TRY(q_auth_lock_person(c, NULL, p->person)); /* before the code, as who takes it back does */
    TRY(p->by ? code_take(c, p->by) : E_OK);
    TRY(q_auth_person(c, &row, p->person));
    if (p->by && !str_eq(p->by->address, node_str(row, "email"))) /* it was taken away meanwhile */
        return code_dead(c);
    TRY(q_auth_set_password(c, NULL, p->person, p->hash));
    if (p->by && !node_bool(row, "is_verified")) /* the first to show that the address is theirs */
        TRY(ways_end_since(c, p->person, 0));
    TRY(p->by ? q_auth_set_mailed(c, NULL, p->person, p->by->address) : E_OK);
    TRY(code_end_all(c, p->person, 0));
    TRY(tell_changed(c, row));
    return session_end_others(c, p->person, p->but, &p->ended);
}

static int hash_new(struct ctx *c, struct new_password *p, str password)
{
    struct node *row;
    password = password_form(c, password);
    TRY(q_auth_person(c, &row, p->person));
    TRY(password_fit(c, password, node_str(row, "name"), node_str(row, "email")));
    return password_hash(c, password, &p->hash) ? E_OK : no_turn(c);
}

int auth_choose_password(struct ctx *c, const struct code *by, str password)
{
    struct new_password p = { .person = by->person, .by = by };
    struct scope before = c->scope;
    c->scope = (struct scope){ .person = p.person };
    int err = hash_new(c, &p, password);
    if (!err)
        err = pg_tx(c, set_password, &p);
    c->scope = before;
    return err;
}

int auth_change_password(struct req *r, str password)
{
    struct new_password p = { .person = me(r), .but = r->who.session };
    TRY(hash_new(&r->c, &p, password));
    return session_adds(r, set_password, &p);
}

int auth_admins(struct ctx *c, struct node **out) { return q_auth_admins(c, out); }

/* Who may do that there; of those, who has that wish, unless it is empty. */
static int staff_mailed(struct ctx *c, i64 organisation, const char *permission, const char *wish,
    struct node **out)
{
    struct node *rows;
    uint64_t bit = permission_bit(permission_named(str_of(permission)));
    str places[MOST_PLACES];
    assert(bit);
    *out = node_list(c->mem);
    size_t n = places_with(bit, places);
    TRY(q_auth_staff(c, &rows, organisation, places, n, str_of(permission), str_of(wish)));
    EACH(it, rows)
        if (bit & place_permissions(node_str(&it->node, "place"), node_str(&it->node, "own")))
            node_add(c->mem, *out, (struct node *)&it->node);
    return E_OK;
}

int auth_staff_who(struct ctx *c, i64 organisation, const char *permission, struct node **out)
{
    return staff_mailed(c, organisation, permission, "", out);
}

int auth_mailed_of_stock(struct ctx *c, i64 after, struct node **out)
{
    return q_auth_mailed_of_stock(c, out, after);
}

int auth_mail_staff(struct ctx *c, i64 organisation, const char *permission, const char *wish,
    const char *template, str cause)
{
    struct node *people;
    TRY(staff_mailed(c, organisation, permission, wish, &people));
    EACH(it, people) {
        struct notify_to to = { .organisation = organisation,
            .person = node_int(&it->node, "id"),
            .email = node_str(&it->node, "email"),
            .lang = node_str(&it->node, "lang") };
        TRY(notify_mail(
            c, template, str_fmt(c->mem, "%.*s:%" PRId64, STR(cause), to.person), &to));
    }
    return E_OK;
}

int auth_is_mailed(struct ctx *c, i64 organisation, const char *permission, const char *wish,
    i64 person, bool *yes)
{
    struct node *people;
    *yes = false;
    TRY(staff_mailed(c, organisation, permission, wish, &people));
    EACH(it, people)
        *yes |= node_int(&it->node, "id") == person;
    return E_OK;
}

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

struct saving {
    str email, name, hash, role;
    i64 *id, ended;
};

/* Whoever was in by the password of before, or on the way in, is out. */
static int save_person(struct ctx *c, void *with)
{
    struct saving *s = with;
    struct node *row;
    TRY(q_auth_save_person(c, &row, locale_lower(c->mem, s->email), s->name, s->hash, s->role));
    *s->id = node_int(row, "id");
    TRY(code_end_all(c, *s->id, 0));
    return session_end_others(c, *s->id, str_none, &s->ended);
}

int auth_person_add(struct ctx *c, str email, str name, str password, str role, i64 *id)
{
    str hash;
    password = password_form(c, password);
    TRY(password_fit(c, password, name, email));
    if (!password_hash(c, password, &hash))
        return no_turn(c);
    return pg_tx(c, save_person, &(struct saving){ email, name, hash, role, id, 0 });
}

/* A hash decides what a login costs: what could starve the shop is refused here, with a word. */
static int hash_fit(struct ctx *c, str hash)
{
    if (crypto_password_known(hash) && crypto_password_is_cheap(hash))
        return E_OK;
    return fail_field(c, "hash",
        "That is no hash this shop can check: bcrypt ($2a$, $2b$, $2y$, at most 12 rounds) or "
        "argon2id (at most 64 MiB, 4 times).");
}

int auth_person_add_hash(struct ctx *c, str email, str name, str hash, str role, i64 *id)
{
    TRY(hash_fit(c, hash));
    return pg_tx(c, save_person, &(struct saving){ email, name, hash, role, id, 0 });
}

int auth_bring(struct ctx *c, const struct auth_brought *who, bool *is_new)
{
    struct node *row;
    str lang = who->lang.n ? who->lang : c->app->language;
    if (!in_is_email(who->email))
        return fail_field(c, "email", "Please enter an e-mail address.");
    if (who->name.n > 120 || !in_is_line(who->name))
        return fail_field(c, "name", "A name has at most 120 characters, in one line of UTF-8.");
    if (!web_is_language(lang))
        return fail_field(c, "lang", "This shop does not speak that language.");
    TRY(hash_fit(c, who->hash));
    TRY(q_auth_bring(
        c, &row, locale_lower(c->mem, who->email), who->name, who->hash, lang, who->is_verified));
    *is_new = row != NULL;
    return E_OK;
}

int auth_member_drop(struct ctx *c, i64 organisation, i64 person)
{
    return q_auth_drop_member(c, NULL, organisation, person);
}

int auth_member_add(struct ctx *c, i64 organisation, i64 person, str place, bool mail_orders)
{
    return q_auth_save_member(c, NULL, organisation, person, place, mail_orders);
}
