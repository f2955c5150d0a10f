/* The keys of sealed columns (vault): a file of them beside the backups, which have none, with who
 * was erased, whom older backups do not know to be; and talatctl's `keys`. */
#include "account/account.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include <stdio.h>
#include <unistd.h>

#define MOST_KEYS ((size_t)256 << 20)

/* ---- beside the backups ------------------------------------------------------------------------
 */

static int gather(struct ctx *c, struct node **whole)
{
    struct node *keys, *erased;
    TRY(vault_all(c, &keys));
    TRY(q_ops_erased(c, &erased));
    *whole = node_map(c->mem);
    node_set(c->mem, *whole, S("keys"), keys);
    node_set(c->mem, *whole, S("erased"), erased);
    return E_OK;
}

/* One file, always today's: an older one would bring a destroyed key back. */
int keys_write(struct ctx *c, str folder)
{
    struct node *whole;
    struct buf out = buf_new(c->mem, MOST_KEYS);
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = gather(c, &whole);
    c->scope = before;
    TRY(err);
    json_store(&out, whole);
    buf_char(&out, '\n');
    const char *path = archive_path(c, folder, "keys"), *aside = archive_path(c, folder, ".keys");
    unlink(aside);
    TRY(file_write(c, aside, buf_str(&out)));
    file_give(aside, str_c(c->mem, folder));
    return rename(aside, path)
        ? fail_detail(c, E_INTERNAL, "ops.keys", "%s cannot be written", path)
        : E_OK;
}

static int read_list(struct ctx *c, const char *path, struct node **whole)
{
    bool ok = false;
    *whole = NULL;
    if (access(path, R_OK))
        return E_OK;
    str text = file_read(c->mem, path, MOST_KEYS, &ok);
    return ok && !json_read(c, text, whole)
        ? E_OK
        : fail_detail(c, E_INPUT, "ops.keys", "%s is not a list of keys", path);
}

/* What the shop's own database has; nothing when there is none, or it is of before the vault. */
static struct node *living(struct ctx *c)
{
    struct node *whole = NULL;
    struct ctx own = *c;
    own.scope = (struct scope){ .platform = true };
    own.pg = database_open(c, str_none, str_none);
    if (gather(&own, &whole))
        whole = NULL;
    pg_close(own.pg);
    return whole;
}

static int erase(struct ctx *c, void *person)
{
    return account_erase_everywhere(c, *(i64 *)person);
}

/* The moment they came tells them from another shop's of that number. */
static int erase_again(struct ctx *c, const struct node *erased, i64 *n, struct buf *report)
{
    EACH(item, erased) {
        struct node *row;
        i64 person = node_int(&item->node, "id");
        TRY(q_ops_to_erase(c, &row, person, node_int(&item->node, "came_at")));
        if (!row)
            continue;
        if (node_bool(row, "is_staff")) {
            buf_fmt(report,
                "warning: person %" PRId64
                " was erased after the backup, and works here in it: take "
                "them out of the team, and tell them to erase themselves again\n",
                person);
            continue;
        }
        TRY(pg_tx(c, erase, &person));
        ++*n;
    }
    return E_OK;
}

int keys_take_over(struct ctx *c, str archive, str database, struct buf *report)
{
    struct node *lists[3] = { living(c) };
    size_t n = 0;
    i64 erased = 0;
    TRY(read_list(c, archive_path(c, archive, "../keys"), &lists[1]));
    TRY(read_list(c, archive_path(c, care_folder(c->app), "keys"), &lists[2]));
    struct ctx own = *c;
    own.scope = (struct scope){ .platform = true };
    own.pg = database_open(c, database, str_none);
    int err = E_OK;
    for (size_t i = 0; i < COUNT(lists) && !err; i++) {
        if (!lists[i])
            continue;
        const struct node *keys = node_get(lists[i], S("keys"));
        n = node_count(keys) > n ? node_count(keys) : n;
        err = vault_put(&own, keys);
        if (!err)
            err = erase_again(&own, node_get(lists[i], S("erased")), &erased, report);
    }
    pg_close(own.pg);
    c->fault = own.fault;
    buf_fmt(report, "keys of sealed columns: %zu\n", n);
    if (erased)
        buf_fmt(report, "people who were erased after the backup, and are again: %" PRId64 "\n",
            erased);
    return err;
}

/* ---- talatctl keys
 * -------------------------------------------------------------------------------- */

static int sorry(struct ctx *c, const char *what)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    fprintf(stderr, "talatctl: %s: %.*s\n", what, STR(why));
    return 1;
}

static int list(struct ctx *c)
{
    struct node *keys;
    i64 n = 0, destroyed = 0, others = 0;
    str mark = vault_master_mark(c);
    if (vault_all(c, &keys))
        return sorry(c, "the keys cannot be read");
    EACH(it, keys) {
        str wrapped = node_str(&it->node, "wrapped");
        n++;
        destroyed += !wrapped.n;
        others += wrapped.n && !str_starts(wrapped, mark);
    }
    printf("master key %.*s\n%" PRId64 " keys, %" PRId64 " of them destroyed\n", STR(mark), n,
        destroyed);
    if (others)
        printf("%" PRId64 " are under another master key: talatctl keys rewrap\n", others);
    return others ? 1 : 0;
}

/* What was destroyed must not wait in the list beside the backups. */
static int written(struct ctx *c)
{
    str folder = care_folder(c->app);
    if (access(str_c(c->mem, folder), F_OK))
        return 0;
    return keys_write(c, folder) ? sorry(c, "the list beside the backups was not written") : 0;
}

static int rewrap(struct ctx *c)
{
    i64 n, lost;
    if (vault_rewrap(c, &n, &lost))
        return sorry(c, "the keys were not all rewrapped");
    printf("%" PRId64 " keys are under the master key %.*s now\n", n, STR(vault_master_mark(c)));
    if (lost)
        fprintf(stderr,
            "talatctl: %" PRId64 " keys are under a master key that is neither master_key_file's "
            "nor master_key_before_file's\n",
            lost);
    return written(c) || lost ? 1 : 0;
}

static int check(struct ctx *c)
{
    i64 open, closed;
    if (vault_check(c, &open, &closed))
        return sorry(c, "not every sealed value opens");
    printf("%" PRId64 " sealed values open, %" PRId64 " are closed for good\n", open, closed);
    return 0;
}

static int renew(struct ctx *c)
{
    i64 keys, values;
    if (vault_renew(c, &keys, &values))
        return sorry(c, "not all was sealed anew; run it again");
    printf("%" PRId64 " new keys, %" PRId64 " values sealed anew\n", keys, values);
    return written(c);
}

/* All that is still plain, however long it takes. */
static int hide(struct ctx *c)
{
    i64 n;
    if (vault_hide(c, 0, &n))
        return sorry(c, "not all was sealed; run it again");
    printf("%" PRId64 " values sealed that were plain\n", n);
    return 0;
}

static int destroy(struct ctx *c, char **argv)
{
    struct node *row;
    bool organisation = !strcmp(argv[0], "organisation");
    if (strcmp(argv[2], "--for-ever") || (!organisation && strcmp(argv[0], "person")))
        return 2;
    int err = organisation ? auth_organisation_by_slug(c, str_of(argv[1]), &row)
                           : q_watch_account(c, &row, str_of(argv[1]));
    if (err || !row)
        return sorry(c, "there is none of that name");
    i64 id = node_int(row, "id");
    if (hide(c)) /* what is plain would be read on */
        return 1;
    if (vault_destroy(c, organisation ? VAULT_ORGANISATION : VAULT_PERSON, id))
        return sorry(c, "nothing was destroyed");
    printf("what was sealed for %s opens no more, here or out of a backup\n", argv[1]);
    return written(c);
}

int keys_command(struct ctx *c, int argc, char **argv)
{
    c->scope = (struct scope){ .platform = true };
    if (argc == 1)
        return list(c);
    if (argc == 2 && !strcmp(argv[1], "rewrap"))
        return rewrap(c);
    if (argc == 2 && !strcmp(argv[1], "check"))
        return check(c);
    if (argc == 2 && !strcmp(argv[1], "seal"))
        return hide(c);
    if (argc == 2 && !strcmp(argv[1], "renew"))
        return renew(c);
    return argc == 5 && !strcmp(argv[1], "destroy") ? destroy(c, argv + 2) : 2;
}
