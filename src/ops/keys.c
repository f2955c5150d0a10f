/* The keys of sealed columns (vault): a file of them beside the backups, which have none, with who
 * was erased, whom older backups do not know to be; and talatctl's `keys`. */
#include "account/account.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "ops/ops_in.h"
#include "vault/vault.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LONGEST ((size_t)1 << 20)
#define SAYS_WHOSE "{\"shop\":\"" /* how a line begins */
#define OTHER_LISTS "keys." /* and the mark of the shop whose it is */
#define MEMORY  ((size_t)256 << 20) /* for the longest line: versions of before wrote one */

enum { PAGE = 1000 };

/* Its first person: two shops number people and keys alike, but nobody came to both at once. */
static int shop_of(struct ctx *c, str *shop)
{
    struct node *row;
    TRY(q_ops_first_person(c, &row));
    *shop = node_str(row, "mark");
    return E_OK;
}

/* ---- beside the backups -------------------------------------------------------------------- */

/* A page after the other, two numbers each, in memory that is gone after `each`. */
static int all_erased(
    struct ctx *c, int (*each)(struct ctx *, struct node *erased, void *), void *with)
{
    struct ctx own = *c;
    i64 after = 0;
    size_t seen = PAGE;
    int err = E_OK;
    own.mem = arena_new(MEMORY);
    while (!err && seen == PAGE) {
        struct node *erased;
        arena_reset(own.mem);
        err = q_ops_erased(&own, &erased, after, PAGE);
        if (err)
            break;
        seen = node_count(erased);
        EACH(item, erased)
            after = node_int(&item->node, "id");
        err = each(&own, erased, with);
    }
    if (err)
        fail_detail(c, err, "ops.keys", "%.*s", STR(own.fault.detail));
    arena_drop(own.mem);
    return err;
}

struct list {
    const char *path;
    str shop;
};

/* A line each: {shop, keys: [...]}, {shop, erased: [...]}. */
static int add_line(struct ctx *c, const struct list *to, str name, struct node *list)
{
    struct node *line = node_map(c->mem);
    struct buf out = buf_new(c->mem, LONGEST);
    node_set_str(c->mem, line, S("shop"), to->shop);
    node_set(c->mem, line, name, list);
    json_store(&out, line);
    buf_char(&out, '\n');
    return file_add(c, to->path, buf_str(&out));
}

static int add_keys(struct ctx *c, struct node *keys, void *to)
{
    return add_line(c, to, S("keys"), keys);
}

static int add_erased(struct ctx *c, struct node *erased, void *to)
{
    return add_line(c, to, S("erased"), erased);
}

static int write_all(struct ctx *c, const char *path)
{
    struct list to = { .path = path };
    TRY(shop_of(c, &to.shop));
    TRY(file_write(c, path, str_none));
    TRY(vault_all(c, add_keys, &to));
    TRY(all_erased(c, add_erased, &to));
    return file_sync(c, path);
}

/* Whose list that is; empty: there is none, or it is of a version that did not say. */
static str owner_of_list(struct ctx *c, const char *path)
{
    char head[256];
    int in = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = in < 0 ? 0 : read(in, head, sizeof head);
    str line = { head, n < 0 ? 0 : (size_t)n }, shop = str_none;
    if (in >= 0)
        close(in);
    if (str_starts(line, S(SAYS_WHOSE))) {
        line = str_from(line, sizeof SAYS_WHOSE - 1);
        str_cut(&line, '"', &shop);
    }
    return str_dup(c->mem, shop);
}

/* A new shop on the machine of one that was lost: its backups would be of no use without their keys.
 * They stay beside, where a restore looks, too. */
static int spare_another_shops(struct ctx *c, str folder, const char *path)
{
    str ours, theirs = owner_of_list(c, path);
    TRY(shop_of(c, &ours));
    if (!theirs.n || str_eq(theirs, ours))
        return E_OK;
    struct buf name = buf_new(c->mem, 256);
    buf_add(&name, S(OTHER_LISTS));
    for (size_t i = 0; i < theirs.n; i++)
        buf_char(&name, theirs.p[i] >= '0' && theirs.p[i] <= '9' ? theirs.p[i] : '-');
    const char *kept = archive_path(c, folder, str_c(c->mem, buf_str(&name)));
    return rename(path, kept)
        ? fail_detail(c, E_INTERNAL, "ops.keys", "%s cannot be written: %s", kept, strerror(errno))
        : E_OK;
}

static int write_aside(struct ctx *c, str folder, const char *aside)
{
    const char *path = archive_path(c, folder, "keys");
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    unlink(aside); /* root's, who was cut off: nobody else could write it anew */
    int err = write_all(c, aside);
    if (!err)
        err = spare_another_shops(c, folder, path);
    c->scope = before;
    TRY(err);
    file_give(aside, str_c(c->mem, folder));
    return rename(aside, path)
        ? fail_detail(c, E_INTERNAL, "ops.keys", "%s cannot be written", path)
        : E_OK;
}

/* One file, always today's: an older one would bring a destroyed key back. So whoever comes second
 * waits, and reads after the first. */
int keys_write(struct ctx *c, str folder)
{
    const char *path = archive_path(c, folder, ".keys.lock");
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    file_give(path, str_c(c->mem, folder));
    if (lock < 0 || flock(lock, LOCK_EX)) {
        if (lock >= 0)
            close(lock);
        return fail_detail(
            c, E_INTERNAL, "ops.keys", "%s cannot be locked: %s", path, strerror(errno));
    }
    int err = write_aside(c, folder, archive_path(c, folder, ".keys"));
    close(lock);
    return err;
}

/* ---- into a database made from a backup ---------------------------------------------------- */

struct taking {
    struct ctx own; /* that database; its memory is whose page it is just now */
    str shop;
    bool is_erasing; /* otherwise it is for the keys */
    bool only_lists; /* not of the shop that is there */
    i64 keys, erased, staff;
    int err;
};

static int erase(struct ctx *c, void *person)
{
    return account_erase_everywhere(c, *(i64 *)person);
}

/* The moment they came tells them from another shop's of that number. */
static int erase_one(struct taking *t, const struct node *erased)
{
    struct node *row;
    i64 person = node_int(erased, "id");
    TRY(q_ops_to_erase(&t->own, &row, person, node_int(erased, "came_at")));
    if (!row)
        return E_OK;
    if (node_bool(row, "is_staff")) {
        t->staff++;
        return E_OK;
    }
    TRY(pg_tx(&t->own, erase, &person));
    t->erased++;
    return E_OK;
}

static int erase_again(struct taking *t, const struct node *erased)
{
    EACH(item, erased) {
        struct mark mark = arena_mark(t->own.mem);
        TRY(erase_one(t, &item->node));
        arena_rewind(t->own.mem, mark);
    }
    return E_OK;
}

/* Of another shop's keys, which have the same numbers, none. */
static int take(
    struct ctx *c, struct taking *t, str shop, const struct node *keys, const struct node *erased)
{
    t->own.mem = c->mem;
    if (t->is_erasing)
        t->err = erase_again(t, erased);
    else
        t->err = str_eq(shop, t->shop) ? vault_put(&t->own, keys) : E_OK;
    if (t->err)
        c->fault = t->own.fault;
    return t->err;
}

static int take_keys(struct ctx *c, struct node *keys, void *with)
{
    struct taking *t = with;
    return take(c, t, t->shop, keys, NULL);
}

static int take_erased(struct ctx *c, struct node *erased, void *with)
{
    return take(c, with, str_none, NULL, erased);
}

/* What the shop's own database has; nothing when there is none, or it is of before the vault. */
static int take_living(struct ctx *c, struct taking *t)
{
    struct ctx living = *c;
    str shop;
    living.scope = (struct scope){ .platform = true };
    living.pg = database_open(c, str_none, str_none);
    int err = shop_of(&living, &shop);
    if (!err && t->is_erasing)
        all_erased(&living, take_erased, t);
    else if (!err && str_eq(shop, t->shop))
        vault_all(&living, take_keys, t);
    pg_close(living.pg);
    if (t->err)
        c->fault = living.fault;
    return t->err;
}

/* Lists of before did not say whose they are. */
static int take_line(struct ctx *c, str line, void *with)
{
    struct taking *t = with;
    struct node *read;
    if (json_read(c, line, &read))
        return fail_detail(c, E_INPUT, "ops.keys", "not a list of keys");
    str shop = node_get(read, S("shop")) ? node_str(read, "shop") : t->shop;
    return take(c, t, shop, node_get(read, S("keys")), node_get(read, S("erased")));
}

static int take_list(struct ctx *c, struct taking *t, const char *path)
{
    struct ctx reader = *c;
    if (access(path, R_OK))
        return E_OK;
    reader.mem = arena_new(MEMORY);
    int err = file_lines(&reader, path, take_line, t);
    str why = str_dup(c->mem, reader.fault.detail);
    arena_drop(reader.mem);
    return err ? fail_detail(c, err, "ops.keys", "%s: %.*s", path, STR(why)) : E_OK;
}

/* Those of a folder of backups: of the shop that made the last one, and of others before it. */
static int take_folder(struct ctx *c, struct taking *t, str folder)
{
    DIR *d = opendir(str_c(c->mem, folder));
    int err = E_OK;
    for (struct dirent *e; !err && d && (e = readdir(d));)
        if (!strcmp(e->d_name, "keys") || str_starts(str_of(e->d_name), S(OTHER_LISTS)))
            err = take_list(c, t, archive_path(c, folder, e->d_name));
    if (d)
        closedir(d);
    return err;
}

/* That beside the backup, and this machine's own. */
static int take_lists(struct ctx *c, struct taking *t, str archive)
{
    const char *beside = archive_path(c, archive, "..");
    str ours = care_folder(c->app);
    TRY(take_folder(c, t, str_of(beside)));
    return archive_is_one(c, str_of(beside), ours) ? E_OK : take_folder(c, t, ours);
}

static int take_all(struct ctx *c, struct taking *t, str archive)
{
    if (!t->only_lists)
        TRY(take_living(c, t));
    return take_lists(c, t, archive);
}

static int count_keys(struct ctx *c, struct node *keys, void *n)
{
    (void)c;
    *(i64 *)n += (i64)node_count(keys);
    return E_OK;
}

/* Opens that database; what `finish` asks of it is asked after all of it was taken. */
static int take_from(struct ctx *c, struct taking *t, str archive, str database,
    int (*finish)(struct ctx *, struct taking *))
{
    t->own = *c;
    t->own.scope = (struct scope){ .platform = true };
    t->own.pg = database_open(c, database, str_none);
    int err = shop_of(&t->own, &t->shop);
    if (!err)
        err = take_all(c, t, archive);
    t->own.mem = c->mem;
    if (!err && finish && (err = finish(&t->own, t)))
        c->fault = t->own.fault;
    pg_close(t->own.pg);
    return err;
}

/* They come with their numbers: whoever is erased afterwards gets one of the next. And they come
 * under whichever master key their list or database had. */
static int count_taken(struct ctx *own, struct taking *t)
{
    i64 rewrapped, lost;
    TRY(pg_script(own, /* the programs themselves may not set a sequence */
        S("select setval('vault.key_id_seq', k.last) from (select max(id) as last from vault.key) k,"
          " vault.key_id_seq s where k.last > s.last_value")));
    TRY(vault_rewrap(own, &rewrapped, &lost));
    return vault_all(own, count_keys, &t->keys);
}

int keys_take_over(struct ctx *c, str archive, str database, bool only_lists, struct buf *report)
{
    struct taking t = { .only_lists = only_lists };
    TRY(take_from(c, &t, archive, database, count_taken));
    buf_fmt(report, "keys of sealed columns: %" PRId64 "\n", t.keys);
    return E_OK;
}

int keys_erase_again(struct ctx *c, str archive, str database, struct buf *report)
{
    struct taking t = { .is_erasing = true };
    TRY(take_from(c, &t, archive, database, NULL));
    if (t.erased)
        buf_fmt(report, "people who were erased after the backup, and are again: %" PRId64 "\n",
            t.erased);
    if (t.staff)
        buf_fmt(report,
            "warning: people who were erased after the backup, and work here in it: %" PRId64
            ". Take them out of the team, and erase them by their own page\n",
            t.staff);
    return E_OK;
}

/* ---- talatctl keys ------------------------------------------------------------------------- */

static int sorry(struct ctx *c, const char *what)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    fprintf(stderr, "talatctl: %s: %.*s\n", what, STR(why));
    return 1;
}

struct kinds {
    str mark;
    i64 n, destroyed, others;
};

static int count(struct ctx *c, struct node *keys, void *with)
{
    struct kinds *k = with;
    (void)c;
    EACH(it, keys) {
        str wrapped = node_str(&it->node, "wrapped");
        k->n++;
        k->destroyed += !wrapped.n;
        k->others += wrapped.n && !str_starts(wrapped, k->mark);
    }
    return E_OK;
}

int keys_others(struct ctx *c, i64 *n)
{
    struct kinds k = { .mark = vault_master_mark(c) };
    TRY(vault_all(c, count, &k));
    *n = k.others;
    return E_OK;
}

static int list(struct ctx *c)
{
    struct kinds k = { .mark = vault_master_mark(c) };
    if (vault_all(c, count, &k))
        return sorry(c, "the keys cannot be read");
    printf("master key %.*s\n%" PRId64 " keys, %" PRId64 " of them destroyed\n", STR(k.mark), k.n,
        k.destroyed);
    if (k.others)
        printf("%" PRId64 " are under another master key: talatctl keys rewrap\n", k.others);
    return k.others ? 1 : 0;
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
