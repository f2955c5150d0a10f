/* The shop's categories in the back office: whoever sees products looks at them, who sets the shop
 * up makes, names, orders, moves and removes them. They are everybody's: products of all shops may
 * stand in them, so what changes here is done with the platform's eyes. */
#include "catalog/catalog_in.h"
#include "work/work.h"

#define LIST "/admin/settings/categories"
#define ONE  LIST "/{slug}"

enum {
    MOST_NAME = 120,
    MOST_DESCRIPTION = 1000,
    MOST_SLUG = 80,
    MOST_CATEGORIES = 1000,
    MOST_PLACE = 100000,
    DEEPEST = 10,        /* as far as the way to a category is read (query category_way) */
    MOST_MOVED = 50000,  /* products, with what they stand in */
    MOST_REMOVED = 5000, /* products that leave it: each is noted in the trail */
    MOST_COUNTED = 1000, /* on the list */
};

static const struct input to_list[] = {
    { "done", CHOICE, .choices = "saved|made|gone|placed" },
    { 0 },
};
static const struct input to_begin[] = { { "parent", SLUG, 0, MOST_SLUG }, { 0 } };
static const struct input to_one[] = { { "slug", SLUG, 1, MOST_SLUG, .required = true }, { 0 } };
#define FIELDS                                                                                     \
    { "name_en", LINE, 0, MOST_NAME }, { "name_th", LINE, 0, MOST_NAME },                          \
        { "name_vi", LINE, 0, MOST_NAME }, { "description_en", TEXT, 0, MOST_DESCRIPTION },        \
        { "description_th", TEXT, 0, MOST_DESCRIPTION },                                           \
        { "description_vi", TEXT, 0, MOST_DESCRIPTION }, { "parent", LINE, 0, MOST_SLUG },         \
        { "place", INT, 1, MOST_PLACE },                                                           \
    {                                                                                              \
        0                                                                                          \
    }
static const struct input to_make[] = { { "slug", LINE, 0, MOST_SLUG }, FIELDS };
static const struct input to_save[] = { { "slug", SLUG, 1, MOST_SLUG, .required = true },
    { "seen", WORD, 0, 40 }, { "shown", INT, 1, MOST_PLACE }, FIELDS };
static const struct input to_place[] = { { "slug", SLUG, 1, MOST_SLUG, .required = true },
    { "go", CHOICE, .required = true, .choices = "up|down" }, { 0 } };
static const struct input to_remove[] = { { "slug", SLUG, 1, MOST_SLUG, .required = true },
    { "to", LINE, 0, MOST_SLUG }, { 0 } };

#define NOWHERE "-" /* no slug: products stay in no other category than they are in */

/* One that is there, or is to be; words and parent as they are or as they were typed. */
struct form {
    struct node *row; /* NULL: a new one */
    struct node *names, *descriptions;
    str slug, parent, seen;
    i64 id, parent_id, place;
};

static int no_category(struct ctx *c)
{
    return fail(c, E_MISSING, "catalog.category", "There is no such category.");
}

static struct node *words_of(struct ctx *c, const struct node *row, const char *key)
{
    struct node *words = node_get(row, str_of(key));
    return words && words->kind == N_MAP ? words : node_map(c->mem);
}

static int find(struct ctx *c, str slug, struct form *f)
{
    *f = (struct form){ .slug = slug };
    TRY(q_catalog_shelf_of_slug(c, &f->row, slug, MOST_REMOVED + 1));
    if (!f->row)
        return no_category(c);
    f->id = node_int(f->row, "id");
    f->names = words_of(c, f->row, "names");
    f->descriptions = words_of(c, f->row, "descriptions");
    f->parent = node_str(f->row, "parent");
    f->parent_id = node_int(f->row, "parent_id");
    f->place = node_int(f->row, "place");
    f->seen = node_str(f->row, "seen");
    return E_OK;
}

/* ---- the page of one ------------------------------------------------------------------------- */

/* To choose from, each as deep as it stands; but for `but` and what is below it. */
static void add_choices(struct ctx *c, struct node *document, const char *as,
    const struct node *tree, str but, i64 deepest, str chosen)
{
    struct node *list = node_hide(node_set_list(c->mem, document, str_of(as)));
    i64 below = 0;
    EACH(item, tree) {
        const struct node *row = &item->node;
        i64 level = node_int(row, "level");
        below = str_eq(node_str(row, "slug"), but) ? level : level <= below ? 0 : below;
        if (below || level > deepest)
            continue;
        struct node *one = node_add_map(c->mem, list);
        struct buf deep = buf_new(c->mem, 400);
        for (i64 i = 1; i < level; i++)
            buf_add(&deep, S("— "));
        node_set_str(c->mem, one, S("slug"), node_str(row, "slug"));
        node_set_str(c->mem, one, S("deep"), buf_str(&deep));
        node_set_str(c->mem, one, S("name"), node_str(row, "name"));
        node_set_bool(c->mem, one, S("is_chosen"), str_eq(node_str(row, "slug"), chosen));
    }
}

/* What was chosen and is not among those (too deep, gone, behind the last of the list) is chosen all
 * the same: saving says what is wrong with it, and nothing moves to the top by itself. */
static void keep_chosen(struct ctx *c, struct node *document, const char *as, str chosen)
{
    struct node *list = node_get(document, str_of(as));
    bool is_there = !chosen.n;
    EACH(item, list)
        is_there |= node_bool(&item->node, "is_chosen");
    if (is_there)
        return;
    struct node *one = node_add_map(c->mem, list);
    node_set_str(c->mem, one, S("slug"), chosen);
    node_set_str(c->mem, one, S("deep"), str_none);
    node_set_str(c->mem, one, S("name"), chosen);
    node_set_bool(c->mem, one, S("is_chosen"), true);
}

static str error_of(struct req *r, str field)
{
    str text = node_str(r->c.fault.fields, str_c(r->c.mem, field));
    return text.n ? say(&r->c, str_c(r->c.mem, text)) : str_none;
}

static void add_text(
    struct req *r, struct node *list, const struct form *f, const struct language *l)
{
    struct arena *mem = r->c.mem;
    struct node *one = node_add_map(mem, list);
    str name = str_fmt(mem, "name_%s", l->code), about = str_fmt(mem, "description_%s", l->code);
    node_set_str(mem, one, S("code"), str_of(l->code));
    node_set_str(mem, one, S("name"), node_str(f->names, l->code));
    node_set_str(mem, one, S("description"), node_str(f->descriptions, l->code));
    node_hide(node_set_str(mem, one, S("language"), str_of(l->name)));
    node_hide(node_set_bool(mem, one, S("is_needed"), !strcmp(l->code, "en")));
    node_hide(node_set_str(mem, one, S("name_error"), error_of(r, name)));
    node_hide(node_set_str(mem, one, S("about_error"), error_of(r, about)));
}

static int page_of(struct req *r, const struct form *f, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *tree, *one;
    bool is_new = !f->row;
    i64 products = is_new ? 0 : node_int(f->row, "products");
    *document = node_map(c->mem);
    one = node_set_map(c->mem, *document, S("category"));
    node_set_str(c->mem, one, S("slug"), f->slug);
    node_set_str(c->mem, one, S("parent"), f->parent);
    node_set_int(c->mem, one, S("place"), f->place);
    node_set_int(c->mem, one, S("products"), products);
    node_set_bool(c->mem, one, S("has_children"), !is_new && node_bool(f->row, "has_children"));
    node_set_str(c->mem, one, S("seen"), f->seen);
    struct node *texts = node_set_list(c->mem, one, S("texts"));
    for (const struct language *l = web_languages; l->code; l++)
        add_text(r, texts, f, l);
    node_hide(node_set_bool(c->mem, *document, S("is_new_one"), is_new));
    const struct node *names = is_new ? NULL : node_get(f->row, S("names"));
    str title = node_str(names, str_c(c->mem, c->lang));
    node_hide(node_set_str(
        c->mem, *document, S("title"), title.n ? title : node_str(names, "en")));
    node_hide(node_set_bool(c->mem, *document, S("too_many"), products > MOST_REMOVED));
    struct fault told = c->fault;
    TRY(q_catalog_tree(c, &tree, c->lang, MOST_CATEGORIES, 0));
    c->fault = told;
    str own = is_new ? S(" ") : f->slug;
    add_choices(c, *document, "parents", tree, own, DEEPEST - 1, f->parent);
    keep_chosen(c, *document, "parents", f->parent);
    add_choices(c, *document, "others", tree, own, DEEPEST, node_str(r->raw, "to"));
    return E_OK;
}

static int show_new(struct req *r)
{
    struct form f = { .names = node_map(r->c.mem),
        .descriptions = node_map(r->c.mem),
        .parent = in_str(r, "parent") };
    struct node *document;
    TRY(page_of(r, &f, &document));
    return reply_with(r, document);
}

static int find_work(struct ctx *c, void *with)
{
    struct form *f = with;
    return find(c, f->slug, f);
}

static int show(struct req *r)
{
    struct form f = { .slug = in_path(r, "slug") };
    struct node *document;
    TRY(pg_tx_platform(&r->c, find_work, &f));
    TRY(page_of(r, &f, &document));
    return reply_with(r, document);
}

/* ---- what was typed -------------------------------------------------------------------------- */

struct changing {
    struct req *r;
    struct form f;
    bool is_kept; /* f is what was typed, to come back */
};

static str typed(struct req *r, const char *field, const char *language)
{
    const char *name = str_c(r->c.mem, str_fmt(r->c.mem, "%s%s", field, language));
    str text = in_str(r, name);
    return text.n ? text : node_str(r->raw, name);
}

static int type_form(struct req *r, struct form *f)
{
    struct ctx *c = &r->c;
    f->names = node_map(c->mem);
    f->descriptions = node_map(c->mem);
    for (const struct language *l = web_languages; l->code; l++) {
        str name = typed(r, "name_", l->code), about = typed(r, "description_", l->code);
        if (name.n)
            node_set_str(c->mem, f->names, str_of(l->code), name);
        if (about.n)
            node_set_str(c->mem, f->descriptions, str_of(l->code), about);
    }
    f->parent = typed(r, "parent", "");
    int err = in_fault(r);
    if (!node_str(f->names, "en").n)
        err = fail_field(
            c, "name_en", SAYS("Please give it an English name: it stands in for the others."));
    return err;
}

/* Never under itself: whoever changes the tree has it for themselves. */
static int type_parent(struct ctx *c, struct form *f)
{
    struct node *parent = NULL, *fits;
    if (f->parent.n)
        TRY(q_catalog_shelf_of_slug(c, &parent, f->parent, 0));
    if (f->parent.n && !parent)
        return fail_field(c, "parent", SAYS("This category is not there any more."));
    i64 to = node_int(parent, "id");
    TRY(q_catalog_category_fits(c, &fits, f->id, to));
    bool moves = !f->row || to != f->parent_id;
    f->parent_id = to;
    if (node_bool(fits, "is_below"))
        return fail_field(c, "parent", SAYS("A category cannot stand under itself."));
    if (moves && node_int(fits, "depth") > DEEPEST)
        return fail_field(
            c, "parent", SAYS("That is too deep: at most ten stand under each other."));
    if (!f->row && node_int(fits, "many") >= MOST_CATEGORIES)
        return fail(c, E_INPUT, "catalog.categories", "A shop has at most 1000 categories.");
    return E_OK;
}

/* ---- changing -------------------------------------------------------------------------------- */

/* A category's pages, those of all above it, and the menu show another thing now. */
static int tell_way(struct ctx *c, str slug)
{
    struct node *rows;
    TRY(q_catalog_category_way(c, &rows, slug, c->lang));
    EACH(item, rows) {
        struct node *data = node_map(c->mem);
        node_set_str(c->mem, data, S("slug"), node_str(&item->node, "slug"));
        if (item->next)
            node_set_bool(c->mem, data, S("keepsMenu"), true);
        TRY(outbox_tell(c, "category.changed", node_int(&item->node, "organisation_id"),
            node_int(&item->node, "id"), data));
    }
    return E_OK;
}

/* Products first, as who saves one holds it before its categories; then once more, what has come in
 * until nobody could put anything in. */
static int hold_below(struct ctx *c, i64 id, i64 *products)
{
    struct node *row;
    TRY(q_catalog_hold_products(c, &row, id, MOST_MOVED + 1));
    TRY(q_catalog_hold_below(c, &row, id));
    TRY(q_catalog_hold_products(c, &row, id, MOST_MOVED + 1));
    *products = node_int(row, "n");
    return E_OK;
}

static int make_work(struct ctx *c, void *with)
{
    struct changing *m = with;
    struct form *f = &m->f;
    struct req *r = m->r;
    struct node *row;
    *f = (struct form){ .slug = typed(r, "slug", ""), .place = in_int(r, "place") };
    m->is_kept = true;
    TRY(q_catalog_hold_tree(c, NULL));
    int err = type_form(r, f);
    int wrong = type_parent(c, f);
    if (wrong && wrong != E_INPUT)
        return wrong;
    str slug = f->slug.n ? f->slug : locale_slug(c->mem, node_str(f->names, "en"));
    if (f->slug.n && (!is_slug(slug) || slug.n > MOST_SLUG))
        wrong = fail_field(c, "slug",
            SAYS("An address has small letters a to z, digits and hyphens only."));
    else if (!slug.n && node_str(f->names, "en").n)
        wrong = fail_field(c, "slug", "Please give it an address in letters a to z.");
    TRY(err ? err : wrong);
    TRY(q_catalog_add_shelf(c, &row, slug, f->parent_id, plain_json(c, f->names),
        plain_json(c, f->descriptions)));
    if (!row)
        return fail_field(c, "slug", SAYS("Another category has this address already."));
    if (f->place)
        TRY(q_catalog_place_category(c, NULL, node_int(row, "id"), f->parent_id, f->place));
    return tell_way(c, slug);
}

static int move_below(struct ctx *c, struct form *f)
{
    i64 products;
    TRY(hold_below(c, f->id, &products));
    if (products > MOST_MOVED)
        return fail_field(c, "parent",
            SAYS("More than 50,000 products stand in it: it cannot be moved."));
    return tell_way(c, f->slug);
}

static int save_work(struct ctx *c, void *with)
{
    struct changing *s = with;
    struct form *f = &s->f;
    struct req *r = s->r;
    i64 changed = 0, placed = 0;
    TRY(q_catalog_hold_tree(c, NULL));
    TRY(find(c, in_path(r, "slug"), f));
    i64 parent = f->parent_id, shown = in_int(r, "shown"), place = shown ? shown : f->place;
    s->is_kept = true;
    int err = type_form(r, f);
    int wrong = type_parent(c, f);
    TRY(wrong && wrong != E_INPUT ? wrong : err ? err : wrong);
    bool is_moved = f->parent_id != parent;
    f->place = in_int(r, "place");
    if (in_is_stale(r, f->seen))
        return fail(c, E_CONFLICT, "catalog.seen",
            "Somebody else has changed this category meanwhile. Your entries are kept below; "
            "look at the category before you save them over it.");
    if (is_moved)
        TRY(move_below(c, f));
    TRY(q_catalog_change_shelf(c, &changed, f->id, f->parent_id, plain_json(c, f->names),
        plain_json(c, f->descriptions)));
    if (is_moved)
        TRY(q_catalog_reshelve_below(c, NULL, f->id));
    /* Elsewhere it stands last, unless another place is said. A form says its place also where nobody
     * has touched it: somebody else may have put it elsewhere since. */
    if (f->place && f->place != place)
        TRY(q_catalog_place_category(c, &placed, f->id, f->parent_id, f->place));
    return changed || placed ? tell_way(c, f->slug) : E_OK;
}

/* What they typed comes back, with what has become of the category beside it. */
static int come_back(struct req *r, int err, struct changing *s)
{
    struct fault told = r->c.fault;
    struct node *document;
    if (!s->is_kept || (err != E_INPUT && err != E_CONFLICT))
        return err;
    TRY(page_of(r, &s->f, &document));
    in_stay_old(r, err, node_get(document, S("category")));
    r->c.fault = told;
    return again(r, err, document);
}

static int change(struct req *r, int (*work)(struct ctx *, void *), const char *done)
{
    struct changing s = { .r = r };
    int err = pg_tx_platform(&r->c, work, &s);
    return err ? come_back(r, err, &s) : see_other(r, str_fmt(r->c.mem, LIST "?done=%s", done));
}

static int make(struct req *r) { return change(r, make_work, "made"); }
static int save(struct req *r) { return change(r, save_work, "saved"); }

static int place_work(struct ctx *c, void *with)
{
    struct changing *s = with;
    struct form *f = &s->f;
    i64 placed = 0;
    TRY(q_catalog_hold_tree(c, NULL));
    TRY(find(c, in_path(s->r, "slug"), f));
    i64 to = f->place + (str_is(in_str(s->r, "go"), "up") ? -1 : 1);
    if (to > 0) /* behind the last there is no place, either */
        TRY(q_catalog_place_category(c, &placed, f->id, f->parent_id, to));
    return placed ? tell_way(c, f->slug) : E_OK;
}

static int place(struct req *r) { return change(r, place_work, "placed"); }

/* ---- removing -------------------------------------------------------------------------------- */

static int find_target(struct ctx *c, const struct form *f, str to, i64 *id)
{
    struct node *row = NULL;
    *id = 0;
    if (str_is(to, NOWHERE) || (!to.n && !node_int(f->row, "products")))
        return E_OK;
    if (!to.n)
        return fail_field(c, "to", SAYS("Please say where its products go."));
    TRY(q_catalog_shelf_of_slug(c, &row, to, 0));
    *id = node_int(row, "id");
    return *id && *id != f->id
        ? E_OK : fail_field(c, "to", SAYS("This category is not there any more."));
}

static int remove_work(struct ctx *c, void *with)
{
    struct changing *s = with;
    struct form *f = &s->f;
    i64 products, target;
    TRY(q_catalog_hold_tree(c, NULL));
    int err = find(c, in_path(s->r, "slug"), f);
    if (err == E_MISSING)
        return fault_clear(c), E_OK; /* twice is fine */
    TRY(err);
    s->is_kept = true;
    TRY(hold_below(c, f->id, &products));
    TRY(find(c, f->slug, f)); /* nothing comes in any more */
    if (node_bool(f->row, "has_children"))
        return fail(c, E_CONFLICT, "catalog.children",
            "Other categories stand under it. Please move or remove those first.");
    if (products > MOST_REMOVED)
        return fail(c, E_CONFLICT, "catalog.many",
            "More than 5,000 products stand in it: it cannot be removed.");
    TRY(in_fault(s->r));
    TRY(find_target(c, f, in_str(s->r, "to"), &target));
    TRY(tell_way(c, f->slug));
    if (target) {
        TRY(q_catalog_move_products(c, NULL, f->id, target));
        TRY(tell_way(c, in_str(s->r, "to")));
    }
    TRY(q_catalog_raise_products(c, NULL, f->id));
    TRY(q_catalog_empty_category(c, NULL, f->id));
    TRY(q_catalog_reshelve_below(c, NULL, f->id));
    return q_catalog_drop_category(c, NULL, f->id);
}

static int take_away(struct req *r) { return change(r, remove_work, "gone"); }

/* ---- the list -------------------------------------------------------------------------------- */

static void dress(struct ctx *c, struct node *row)
{
    i64 place = node_int(row, "place");
    node_hide(node_get(row, S("id")));
    node_hide(node_set_bool(c->mem, row, S("is_many"), node_int(row, "products") == MOST_COUNTED));
    node_hide(node_set_bool(c->mem, row, S("shows_many"), node_int(row, "shown") == MOST_COUNTED));
    node_hide(node_set_bool(c->mem, row, S("can_up"), place > 1));
    node_hide(node_set_bool(c->mem, row, S("can_down"), place < node_int(row, "many")));
    node_hide(node_get(row, S("many")));
}

static int list(struct req *r)
{
    static const struct done dones[] = {
        { "saved", SAYS("Saved.") },
        { "made", SAYS("The category is made. "
                       "Tick it on a product's page to put the product in it.") },
        { "gone", SAYS("The category is removed.") },
        { "placed", SAYS("The order is changed.") },
    };
    struct ctx *c = &r->c;
    struct scope before = c->scope;
    struct node *tree, *document = node_map(c->mem);
    if (may(&r->who, SHOP_MANAGE))
        c->scope = (struct scope){ .platform = true };
    else
        TRY(as_staff(r));
    int err = q_catalog_tree(c, &tree, c->lang, MOST_CATEGORIES + 1, MOST_COUNTED);
    c->scope = before;
    TRY(err);
    struct node *shown = node_set_list(c->mem, document, S("categories"));
    EACH(item, tree) {
        if (node_count(shown) == MOST_CATEGORIES)
            break;
        dress(c, (struct node *)&item->node);
        node_add(c->mem, shown, (struct node *)&item->node);
    }
    node_hide(node_set_bool(c->mem, document, S("has_more"), node_count(tree) > MOST_CATEGORIES));
    node_hide(node_set_str(c->mem, document, S("notice"), done_text(r, dones, COUNT(dones))));
    return reply_with(r, document);
}

#define VIEW "catalog/category"

ROUTES(catalog_categories){
    ROUTE(GET, LIST, CATALOG_READ, to_list, list, "catalog/categories", RATE_PAGE, NOINDEX),
    ROUTE(GET, LIST "/-/new", SHOP_MANAGE, to_begin, show_new, VIEW, RATE_PAGE, NOINDEX),
    ROUTE(POST, LIST, SHOP_MANAGE, to_make, make, VIEW, RATE_FORM, NOINDEX | FORM),
    ROUTE(GET, ONE, SHOP_MANAGE, to_one, show, VIEW, RATE_PAGE, NOINDEX),
    ROUTE(POST, ONE, SHOP_MANAGE, to_save, save, VIEW, RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, ONE "/place", SHOP_MANAGE, to_place, place, VIEW, RATE_FORM, NOINDEX),
    ROUTE(POST, ONE "/remove", SHOP_MANAGE, to_remove, take_away, VIEW, RATE_FORM, NOINDEX | FORM),
    END_OF_ROUTES,
};
