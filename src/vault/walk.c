/* All that is sealed, or should be: column by column, a page at a time. */
#include "gen/queries.h"
#include "io/io.h"
#include "vault/vault_in.h"
#include "web/web.h"

enum { PAGE = 200 };
#define PAGE_MEMORY ((size_t)64 << 20)

struct walk {
    const struct vault_column *column;
    int (*rows)(struct ctx *, struct node **, i64 after, i64 most);
    int (*one)(struct ctx *, struct walk *, const struct vault_place *, struct node *row);
    i64 until; /* when_ticks(); 0: however long it takes */
    i64 open, closed, changed;
    bool anew; /* each is sealed under its owner's key of today */
};

static int page(struct ctx *c, struct walk *w, i64 *after, size_t *seen)
{
    struct node *rows;
    TRY(w->rows(c, &rows, *after, PAGE));
    *seen = node_count(rows);
    EACH(item, rows) {
        struct node *row = (struct node *)&item->node;
        i64 owner = w->column->whose == VAULT_HOUSE ? 0 : node_int(row, "owner");
        struct vault_place at = { w->column->column, node_int(row, "id"),
            owner ? w->column->whose : VAULT_HOUSE, owner, owner && w->column->was_house };
        TRY(w->one(c, w, &at, row));
        *after = at.row;
    }
    return E_OK;
}

static void take_fault(struct ctx *c, const struct ctx *own)
{
    c->fault = (struct fault){ own->fault.code, str_dup(c->mem, own->fault.key),
        str_dup(c->mem, own->fault.text), str_dup(c->mem, own->fault.detail), NULL };
}

/* In memory of its own: there may be millions. */
static int page_apart(struct ctx *c, struct arena *mem, struct walk *w, i64 *after, size_t *seen)
{
    struct ctx own = *c;
    own.mem = mem;
    int err = page(&own, w, after, seen);
    if (err)
        take_fault(c, &own);
    arena_reset(mem);
    return err;
}

int vault_all(struct ctx *c, int (*each)(struct ctx *, struct node *keys, void *), void *with)
{
    struct arena *mem = arena_new(PAGE_MEMORY);
    struct ctx own = *c;
    i64 after = 0;
    size_t seen = PAGE;
    int err = E_OK;
    own.mem = mem;
    while (!err && seen == PAGE) {
        struct node *keys;
        err = q_vault_all(&own, &keys, after, PAGE);
        if (!err) {
            seen = node_count(keys);
            EACH(item, keys)
                after = node_int(&item->node, "id");
            err = each(&own, keys, with);
        }
        if (err)
            take_fault(c, &own);
        arena_reset(mem);
    }
    arena_drop(mem);
    return err;
}

static int walk_column(struct ctx *c, struct walk *w)
{
    struct arena *mem = arena_new(PAGE_MEMORY);
    i64 after = 0;
    size_t seen = PAGE;
    int err = E_OK;
    while (!err && seen == PAGE && (!w->until || when_ticks() < w->until))
        err = page_apart(c, mem, w, &after, &seen);
    arena_drop(mem);
    return err;
}

/* ---- what is sealed
 * ------------------------------------------------------------------------------ */

static int handle(struct ctx *c, struct walk *w, const struct vault_place *at, struct node *row)
{
    str before = node_str(row, "sealed"), plain, sealed;
    i64 changed = 0;
    int err = vault_open(c, at, before, &plain);
    if (err == E_MISSING) { /* destroyed: it stays closed */
        fault_clear(c);
        w->closed++;
        return E_OK;
    }
    TRY(err);
    w->open++;
    if (!w->anew)
        return E_OK;
    if (w->column->renew) {
        TRY(w->column->renew(c, &changed, at, before));
    } else if ((err = vault_seal(c, at, plain, &sealed)) ==
        E_MISSING) { /* open by the house's key */
        fault_clear(c);
    } else {
        TRY(err);
        TRY(w->column->put(c, &changed, at->row, sealed, before));
    }
    w->changed += changed;
    return E_OK;
}

static int all(struct ctx *c, struct walk *w)
{
    w->one = handle;
    for (w->column = c->app->sealed; w->column && w->column->column; w->column++) {
        w->rows = w->column->after;
        TRY(walk_column(c, w));
    }
    return E_OK;
}

int vault_check(struct ctx *c, i64 *open, i64 *closed)
{
    struct walk w = { 0 };
    c->scope = (struct scope){ .platform = true };
    int err = all(c, &w);
    *open = w.open;
    *closed = w.closed;
    return err;
}

int vault_renew(struct ctx *c, i64 *keys, i64 *values)
{
    struct walk w = { .anew = true };
    *keys = *values = 0;
    c->scope = (struct scope){ .platform = true };
    TRY(new_keys(c, keys));
    int err = all(c, &w);
    *values = w.changed;
    return err;
}

/* ---- what is still plain
 * ------------------------------------------------------------------------- */

/* What another has changed meanwhile waits for the next time; what has no key any more stays. */
static int hide(struct ctx *c, struct walk *w, const struct vault_place *at, struct node *row)
{
    i64 changed = 0;
    int err = w->column->hide(c, &changed, at, row);
    w->changed += changed;
    if (err != E_MISSING)
        return err;
    fault_clear(c);
    return E_OK;
}

int vault_hide(struct ctx *c, i64 longest_us, i64 *hidden)
{
    struct walk w = { .one = hide, .until = longest_us ? when_ticks() + longest_us : 0 };
    int err = E_OK;
    c->scope = (struct scope){ .platform = true };
    for (w.column = c->app->sealed; w.column && w.column->column && !err; w.column++)
        if ((w.rows = w.column->plain))
            err = walk_column(c, &w);
    *hidden = w.changed;
    return err;
}

int vault_plain(struct ctx *c, i64 *left)
{
    struct node *row;
    *left = 0;
    c->scope = (struct scope){ .platform = true };
    for (const struct vault_column *column = c->app->sealed; column && column->column; column++)
        if (column->count_plain) {
            TRY(column->count_plain(c, &row));
            *left += node_int(row, "n");
        }
    return E_OK;
}
