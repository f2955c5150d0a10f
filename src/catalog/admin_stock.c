/* The shelf counted: many figures in one form, of which each stands for itself. */
#include "catalog/admin_in.h"
#include "inventory/inventory.h"

/* `seen` is what the form showed: what was sold or delivered since then must not be undone. */
struct count {
    enum { UNTOUCHED, FINE, NO_NUMBER, MOVED, NO_ITEM, NOT_SEEN } verdict;
    str typed, seen;
    const struct node *row; /* NULL: nothing has that SKU any more */
    i64 counted;
};

static str field(struct ctx *c, const struct typed *t, const char *what, i64 n)
{
    return typed_str(t, str_c(c->mem, grid_name(c, what, n, str_none)));
}

static const struct node *row_of(const struct node *rows, str sku)
{
    EACH(it, rows)
        if (str_eq(node_str(&it->node, "sku"), sku))
            return &it->node;
    return NULL;
}

static struct count judge(struct ctx *c, const struct typed *t, i64 n, const struct node *rows)
{
    struct count of = { .typed = field(c, t, "on_hand", n), .seen = field(c, t, "seen", n) };
    i64 seen;
    of.row = row_of(rows, field(c, t, "item", n));
    if (!typed_has(t, str_c(c->mem, grid_name(c, "on_hand", n, str_none))) ||
        str_eq(of.typed, of.seen))
        return of;
    of.verdict = FINE;
    if (t->is_json && !of.row) /* a form names what it was made with: there it is gone meanwhile */
        of.verdict = NO_ITEM;
    else if (t->is_json && !str_int(of.seen, &seen))
        of.verdict = NOT_SEEN;
    else if (!str_int(of.typed, &of.counted) || of.counted < 0 || of.counted > 1000000000)
        of.verdict = NO_NUMBER;
    else if (!of.row || !str_int(of.seen, &seen) || seen != node_int(of.row, "on_hand"))
        of.verdict = MOVED;
    return of;
}

struct counting {
    struct req *r;
    const struct typed *t;
};

/* All of them or none. What is sold while they are judged waits, or is seen. */
static int count_all(struct ctx *c, void *with)
{
    const struct counting *of_all = with;
    struct req *r = of_all->r;
    const struct typed *t = of_all->t;
    struct node *rows;
    int err = E_OK;
    bool is_any = false;
    TRY(q_catalog_staff_hold_stock(c, NULL, r->who.organisation, in_str(r, "slug")));
    TRY(q_catalog_staff_variants(c, &rows, r->who.organisation, in_str(r, "slug")));
    EACH(it, t->fields) {
        str rest = it->key, name;
        i64 n;
        if (!str_cut(&rest, '_', &name) || !str_is(name, "item") || !str_int(rest, &n))
            continue;
        struct count of = judge(c, t, n, rows);
        is_any = true;
        if (of.verdict == NO_NUMBER)
            err = fail_field(c, "stock", "Stock is a whole number from 0 up.");
        if (of.verdict == NO_ITEM)
            err = fail_field(c, str_c(c->mem, grid_name(c, "item", n, str_none)),
                "No variant of this product has this SKU.");
        if (of.verdict == NOT_SEEN)
            err = fail_field(c, str_c(c->mem, grid_name(c, "seen", n, str_none)),
                "Please send the stock that was seen before it was counted.");
        if (of.verdict == MOVED)
            return fail(c, E_CONFLICT, "catalog.stock",
                "The stock has changed while you counted. "
                "Look at the new figures and count again.");
        if (of.verdict == FINE && !err)
            TRY(inventory_set(c, r->who.organisation, node_int(of.row, "item_id"), of.counted,
                S("corrected"), str_fmt(c->mem, "staff:%.*s", STR(c->id))));
    }
    if (!is_any) /* the page's form names all it shows; who guesses at its fields is told */
        return fail(c, E_INPUT, "catalog.items",
            "Please name what was counted: item_0, seen_0 and on_hand_0.");
    return err;
}

/* What was typed comes back, but for what has moved meanwhile: the figure of now, and a word. */
static void put_counts(
    struct req *r, const struct typed *t, const struct node *rows, const struct node *document)
{
    struct ctx *c = &r->c;
    EACH(it, node_get(node_get(document, S("product")), S("variants"))) {
        struct node *variant = (struct node *)&it->node;
        i64 n = typed_row(t, "item", node_str(variant, "sku"), -1);
        if (n < 0)
            continue;
        struct count of = judge(c, t, n, rows);
        if (of.verdict == FINE || of.verdict == NO_NUMBER)
            node_set_str(c->mem, variant, S("counted"), of.typed);
        if (of.verdict == NO_NUMBER)
            node_set_str(
                c->mem, variant, S("count_error"), say(c, "Stock is a whole number from 0 up."));
        if (of.verdict != MOVED)
            continue;
        struct node *moved = node_set_map(c->mem, variant, S("moved"));
        node_set_str(c->mem, moved, S("typed"), of.typed);
        node_set_str(c->mem, moved, S("seen"), of.seen);
    }
}

int admin_set_stock(struct req *r)
{
    struct product_rows p = { 0 };
    struct typed t = { 0 };
    struct node *rows;
    i64 first = 0;
    TRY(admin_find(r, &p));
    TRY(typed_read(r, &t));
    str_int(typed_str(&t, "first"), &first);
    int err = pg_tx(&r->c, count_all, &(struct counting){ r, &t });
    if (!err)
        return see_other(r,
            str_fmt(r->c.mem, "/admin/products/%.*s?done=stock&first=%" PRId64,
                STR(in_str(r, "slug")), first));
    struct fault said = r->c.fault;
    TRY(admin_find(r, &p)); /* with the figures of now */
    rows = p.variants;
    struct node *document = admin_page(r, &p, NULL, first);
    put_counts(r, &t, rows, document);
    r->c.fault = said;
    return again(r, err, document);
}
