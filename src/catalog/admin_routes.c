#include "catalog/admin_in.h"
#include "inventory/inventory.h"

static const struct input list_in[] = {
    { "q", LINE, 0, 100, false, NULL },
    { "status", CHOICE, 0, 0, false, "draft|published|archived" },
    { "stock", CHOICE, 0, 0, false, "few" },
    { "before", LINE, 0, 80, false, NULL },
    { 0 },
};
static const struct input one_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "first", INT, 0, 10000, false, NULL },
    { "option", LINE, 0, 60, false, NULL }, /* whose names are to be changed, from which value on */
    { "from", INT, 0, 100000, false, NULL },
    { "details", INT, 0, 100000, false, NULL }, /* from which on they are shown */
    { "done", CHOICE, 0, 0, false, "saved|made|stock|pictures|options|names|option|details" },
    { 0 },
};
static const struct input grid_in[] = { /* beside what typed_read takes */
    { "slug", SLUG, 1, 120, true, NULL },
    { "first", INT, 0, 10000, false, NULL },
    { 0 },
};
static const struct input upload_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "pictures", FILES, 1, 8, true, NULL },
    { "tag", LINE, 0, 120, false, NULL },
    { 0 },
};
static const struct input picture_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "n", INT, 1, 200, true, NULL },
    { "stem", WORD, 16, 64, false, NULL },
    { "alt_en", LINE, 0, MAX_ALT, false, NULL },
    { "alt_th", LINE, 0, MAX_ALT, false, NULL },
    { "alt_vi", LINE, 0, MAX_ALT, false, NULL },
    { "tag", LINE, 0, 120, false, NULL },
    { "to_front", BOOL, 0, 0, false, NULL },
    { 0 },
};
static const struct input gone_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "n", INT, 1, 200, true, NULL },
    { "stem", WORD, 16, 64, false, NULL },
    { 0 },
};
static const struct input options_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "option", LINE, 0, 60, false, NULL },
    { "option_name", LINE, 0, 400, false, NULL },
    { "values", TEXT, 0, 4000, false, NULL },
    { 0 },
};

static const struct input names_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "option", LINE, 1, 60, true, NULL },
    { "version", INT, 0, INT64_MAX, false, NULL },
    { "from", INT, 0, 100000, false, NULL },
    { "option_name_en", LINE, 0, MOST_NAME, false, NULL },
    { "option_name_th", LINE, 0, MOST_NAME, false, NULL },
    { "option_name_vi", LINE, 0, MOST_NAME, false, NULL },
    { "value", LINES, 0, MOST_SENT, false, NULL }, /* codes; what follows, in their order */
    { "value_en", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "value_th", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "value_vi", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "drop", LINES, 0, MOST_SENT, false, NULL },
    { 0 },
};
static const struct input details_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "version", INT, 0, INT64_MAX, false, NULL },
    { "details", INT, 0, 100000, false, NULL },
    { "detail", LINES, 0, MOST_SENT, false, NULL }, /* keys; what follows, in their order */
    { "name_en", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "name_th", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "name_vi", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_NAME },
    { "value_en", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_DETAIL },
    { "value_th", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_DETAIL },
    { "value_vi", LINES, 0, MOST_SENT, false, NULL, .longest = MOST_DETAIL },
    { 0 },
};
static const struct input option_in[] = {
    { "slug", SLUG, 1, 120, true, NULL },
    { "option", LINE, 1, 60, true, NULL },
    { "version", INT, 0, INT64_MAX, false, NULL },
    { 0 },
};

/* ---- the list
 * ---------------------------------------------------------------------------------------- */

static void list_row(struct ctx *c, const struct node *row, struct node *out)
{
    str status = node_str(row, "status");
    struct node *picture = media_picture(c, row, 200);
    node_set_str(c->mem, out, S("slug"), node_str(row, "slug"));
    node_set_str(c->mem, out, S("name"), node_str(row, "name"));
    node_set_str(c->mem, out, S("status"), status);
    node_hide(node_set_str(c->mem, out, S("tone"),
        str_is(status, "published")   ? S("ok")
            : str_is(status, "draft") ? S("wait")
                                      : S("off")));
    node_set_str(c->mem, out, S("status_name"),
        str_is(status, "draft")           ? say(c, "Draft")
            : str_is(status, "published") ? say(c, "Published")
                                          : say(c, "Archived"));
    if (node_is_null(row, "low"))
        node_set_null(c->mem, out, S("price"));
    else
        node_set_int(c->mem, out, S("price"), node_int(row, "low"));
    node_set_str(c->mem, out, S("currency"), c->currency);
    node_set_int(c->mem, out, S("variants"), node_int(row, "variants"));
    node_set_int(c->mem, out, S("on_hand"), node_int(row, "on_hand"));
    node_set_int(c->mem, out, S("reserved"), node_int(row, "reserved"));
    node_set_str(c->mem, out, S("updated_at"), node_str(row, "updated_at"));
    if (picture)
        node_set(c->mem, out, S("picture"), picture);
    else
        node_set_null(c->mem, out, S("picture"));
}

static bool cursor_of(struct req *r, when *at, i64 *id)
{
    str rest = in_str(r, "before"), time;
    return str_cut(&rest, '~', &time) && when_parse(time, at) &&
        crypto_unopaque(r->c.app->secret, "product", rest, id);
}

static void next_page(struct req *r, const struct node *last, struct node *document)
{
    struct ctx *c = &r->c;
    struct buf url = buf_new(c->mem, 2000);
    if (!last) {
        node_set_null(c->mem, document, S("next"));
        return;
    }
    buf_add(&url, S("/admin/products?q="));
    escape_url_part(&url, in_str(r, "q"));
    if (in_str(r, "status").n)
        buf_fmt(&url, "&status=%.*s", STR(in_str(r, "status")));
    if (in_has(r, "stock"))
        buf_fmt(&url, "&stock=%.*s", STR(in_str(r, "stock")));
    buf_add(&url, S("&before="));
    escape_url_part(&url,
        str_fmt(c->mem, "%.*s~%.*s", STR(node_str(last, "updated_at")),
            STR(crypto_opaque(c->mem, c->app->secret, "product", node_int(last, "id")))));
    node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"), buf_str(&url));
}

static void status_links(struct req *r, struct node *document)
{
    static const char *const codes[] = { "", "published", "draft", "archived" };
    static const char *const names[] = { "All", "Published", "Draft", "Archived" };
    struct ctx *c = &r->c;
    struct node *list = node_set_list(c->mem, document, S("statuses"));
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(codes[i]));
        node_set_str(c->mem, one, S("name"), say(c, names[i]));
        node_set_bool(c->mem, one, S("is_chosen"), str_is(in_str(r, "status"), codes[i]));
    }
}

static int list(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *rows, *document = node_map(c->mem), *last = NULL;
    when at;
    i64 id = 0, few = FEW_LEFT;
    TRY(as_staff(r));
    bool later = in_has(r, "before") && cursor_of(r, &at, &id);
    str q = str_trim(in_str(r, "q"));
    TRY(q_catalog_staff_list(c, &rows, r->who.organisation, c->lang, c->currency, q,
        q.n ? locale_words(c->mem, q) : q, in_str(r, "status"), in_has(r, "stock") ? &few : NULL,
        later ? &at : NULL, id));
    struct node *products = node_set_list(c->mem, document, S("products"));
    EACH(it, rows) {
        if (node_count(products) == 50)
            break;
        list_row(c, &it->node, node_add_map(c->mem, products));
        last = (struct node *)&it->node;
    }
    node_set_str(c->mem, document, S("q"), in_str(r, "q"));
    node_set_str(c->mem, document, S("status"), in_str(r, "status"));
    node_set_str(c->mem, document, S("stock"), in_str(r, "stock"));
    node_hide(node_set_bool(c->mem, document, S("is_few"), in_has(r, "stock")));
    node_set_bool(c->mem, document, S("is_empty"), !node_count(products));
    status_links(r, document);
    next_page(r, node_count(rows) > 50 ? last : NULL, document);
    return reply_with(r, document);
}

/* ---- one product
 * --------------------------------------------------------------------------------------- */

static int missing(struct req *r)
{
    return fail(&r->c, E_MISSING, "catalog.product", "There is no such product.");
}

int admin_find(struct req *r, struct product_rows *p)
{
    TRY(as_staff(r));
    TRY(product_read(&r->c, r->who.organisation, in_str(r, "slug"), p));
    return p->product ? E_OK : missing(r);
}

static void add_notice(struct req *r, struct node *document)
{
    static const struct done dones[] = {
        { "saved", SAYS("Saved.") },
        { "made", SAYS("The product is made. Add pictures, options and stock below.") },
        { "stock", SAYS("The stock is counted anew.") },
        { "pictures", SAYS("The pictures are changed.") },
        { "options", SAYS("The variants are made. Look at their prices and stock.") },
        { "names", SAYS("The names are changed.") },
        { "option", SAYS("The option is taken away.") },
        { "details", SAYS("The details are changed.") },
    };
    node_set_str(r->c.mem, node_get(document, S("product")), S("notice"),
        done_text(r, dones, COUNT(dones)));
}

static int show(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    i64 rows = grid_rows(&r->c), first = in_int(r, "first") / rows * rows;
    struct node *document = admin_page(r, &p, NULL, first);
    add_notice(r, document);
    return reply_with(r, document);
}

static int show_new(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(as_staff(r));
    TRY(q_catalog_staff_categories(&r->c, &p.categories, r->who.organisation, S(""), r->c.lang));
    struct node *document = admin_page(r, NULL, NULL, 0);
    struct node *page = node_get(document, S("product"));
    node_set(r->c.mem, page, S("categories"), p.categories);
    return reply_with(r, document);
}

/* A form that comes back because something in it is wrong is as old as it was. After a conflict it is
 * of now: saved once more it is meant. */
static void stay_old(struct req *r, int err, const struct typed *t, struct node *document)
{
    i64 seen = 0;
    str_int(t ? typed_str(t, "version") : node_str(r->raw, "version"), &seen);
    if (err == E_INPUT && seen > 0)
        node_set_int(r->c.mem, node_get(document, S("product")), S("version"), seen);
}

/* What was typed comes back with what is wrong beside it. */
static int refuse(
    struct req *r, int err, const struct product_rows *p, const struct typed *t, i64 first)
{
    struct fault said = r->c.fault;
    struct node *document = admin_page(r, p, t, first);
    struct product_rows now = { 0 };
    r->c.fault = said;
    stay_old(r, err, t, document);
    if (!p &&
        !q_catalog_staff_categories(
            &r->c, &now.categories, r->who.organisation, S(""), r->c.lang)) {
        for (struct item *it = now.categories->as.items.first; it; it = it->next) {
            bool on = false;
            EACH(one, t->categories)
                on = on || str_eq(one->node.as.text, node_str(&it->node, "slug"));
            node_set_bool(r->c.mem, &it->node, S("is_on"), on);
        }
        node_set(r->c.mem, node_get(document, S("product")), S("categories"), now.categories);
    }
    r->c.fault = said;
    return again(r, err, document);
}

static int save_in_tx(struct req *r, const struct node *doc, struct catalog_report *report)
{
    TRY(pg_begin(&r->c));
    return pg_end(&r->c, catalog_save(&r->c, r->who.organisation, doc, report));
}

/* What the database alone knows is said beside the field it was typed in. A SKU that was made, or that
 * stands on another page of the grid, is told for the whole. */
static int mark_taken(
    struct ctx *c, int err, const struct typed *t, const struct catalog_report *report)
{
    str sku = report->taken_sku;
    const char *text = err == E_CONFLICT ? SAYS("This SKU is taken already.")
                                         : SAYS("This SKU is there twice.");
    if (err && str_is(c->fault.key, "catalog.slug") && typed_has(t, "address"))
        return fail_field(c, "address", str_c(c->mem, c->fault.text));
    if (err && sku.n)
        EACH(it, t->fields)
            if (str_starts(it->key, S("sku_")) && str_eq(str_trim(it->node.as.text), sku))
                err = fail_field(c, str_c(c->mem, it->key), text);
    return err;
}

static int save(struct req *r)
{
    struct ctx *c = &r->c;
    struct product_rows p = { 0 };
    struct typed t = { 0 };
    struct catalog_report report;
    i64 version = 0, first = 0;
    TRY(admin_find(r, &p));
    TRY(typed_read(r, &t));
    str_int(typed_str(&t, "first"), &first);
    str_int(typed_str(&t, "version"), &version);
    struct node *doc = product_document(c, &p);
    node_set_null(c->mem, doc, S("pictures")); /* they have forms of their own */
    int err = typed_apply(r, &t, doc, first);
    if (t.is_json && version <= 0)
        err = fail_field(c, "version", "Please send the version that was read with the product.");
    node_set_int(c->mem, doc, S("version"), version ? version : -1);
    if (!err)
        err = mark_taken(c, save_in_tx(r, doc, &report), &t, &report);
    if (err)
        return refuse(r, err, &p, &t, first);
    return see_other(r,
        str_fmt(c->mem, "/admin/products/%.*s?done=saved&first=%" PRId64, STR(in_str(r, "slug")),
            first));
}

static int taken(struct req *r, str slug, bool *is)
{
    struct node *row;
    TRY(q_catalog_lookup(&r->c, &row, slug));
    *is = row != NULL;
    return E_OK;
}

static int make(struct req *r)
{
    struct ctx *c = &r->c;
    struct typed t = { 0 };
    struct catalog_report report;
    bool is_taken = false;
    TRY(as_staff(r));
    TRY(typed_read(r, &t));
    struct node *doc = node_map(c->mem);
    str slug = typed_str(&t, "address");
    if (!slug.n)
        slug = locale_slug(c->mem, typed_str(&t, "name_en"));
    node_set_str(c->mem, doc, S("slug"), slug);
    node_set_list(c->mem, doc, S("options"));
    struct node *variant = node_add_map(c->mem, node_set_list(c->mem, doc, S("variants")));
    node_set_map(c->mem, variant, S("options"));
    int err = typed_apply(r, &t, doc, 0);
    if (slug.n)
        TRY(taken(r, slug, &is_taken));
    if (is_taken || str_is(slug, "new"))
        err = fail_field(c, "address", "Another product has this address already.");
    else if (!slug.n && typed_str(&t, "name_en").n)
        err = fail_field(c, "address", "Please give it an address in letters a to z.");
    if (!err)
        err = mark_taken(c, save_in_tx(r, doc, &report), &t, &report);
    if (err)
        return refuse(r, err, NULL, &t, 0);
    return see_other(r, str_fmt(c->mem, "/admin/products/%.*s?done=made", STR(slug)));
}

/* ---- pictures
 * -------------------------------------------------------------------------------------------- */

static int done(struct req *r, const char *what)
{
    return see_other(
        r, str_fmt(r->c.mem, "/admin/products/%.*s?done=%s", STR(in_str(r, "slug")), what));
}

static void set_tag_option(struct ctx *c, struct node *picture, str tag)
{
    str value = tag, code;
    struct node *option = node_set_map(c->mem, picture, S("option"));
    if (str_cut(&value, '=', &code) && is_code(code) && is_code(value))
        node_set_str(c->mem, option, code, value);
}

/* What a form changes of a product is changed of what it is by then, and nobody else saves it
 * meanwhile: a price that somebody has mended while pictures were made stays mended. */
struct editing {
    struct req *r;
    int (*change)(struct editing *, struct node *doc);
    const i64 *pictures; /* to be added */
    size_t n;
    const struct node *rows; /* the pictures there are */
    const struct node *specs; /* its details */
    bool is_done; /* there is nothing to be saved */
};

static int edit_in_tx(struct ctx *c, void *with)
{
    struct editing *e = with;
    struct product_rows p = { 0 };
    struct catalog_report report;
    struct node *held;
    TRY(q_catalog_find(c, &held, in_str(e->r, "slug")));
    TRY(admin_find(e->r, &p));
    struct node *doc = product_document(c, &p);
    e->rows = p.pictures;
    e->specs = node_get(p.product, S("specs"));
    TRY(e->change(e, doc));
    return e->is_done ? E_OK : catalog_save(c, e->r->who.organisation, doc, &report);
}

static int too_many(struct ctx *c)
{
    return fail_field(c, "pictures", "A product has at most 24 pictures.");
}

static str tag_of_option(struct ctx *c, const struct node *picture)
{
    EACH(it, node_get(picture, S("option")))
        return str_fmt(c->mem, "%.*s=%.*s", STR(it->key), STR(it->node.as.text));
    return str_none;
}

/* The same one for the same choice: a button was pressed twice, or once more after a lost answer. */
static bool hangs(struct ctx *c, const struct node *pictures, const struct node *picture)
{
    str tag = tag_of_option(c, picture);
    EACH(it, pictures)
        if (node_int(&it->node, "picture") == node_int(picture, "picture") &&
            str_eq(tag_of_option(c, &it->node), tag))
            return true;
    return false;
}

static int add_pictures(struct editing *e, struct node *doc)
{
    struct ctx *c = &e->r->c;
    struct node *pictures = node_get(doc, S("pictures"));
    e->is_done = true;
    for (size_t i = 0; i < e->n; i++) {
        struct node *picture = node_map(c->mem);
        node_set_int(c->mem, picture, S("picture"), e->pictures[i]);
        node_set_map(c->mem, picture, S("alt"));
        set_tag_option(c, picture, in_str(e->r, "tag"));
        if (hangs(c, pictures, picture))
            continue;
        node_add(c->mem, pictures, picture);
        e->is_done = false;
    }
    return node_count(pictures) > MAX_PICTURES ? too_many(c) : E_OK;
}

/* They take their time, so nothing is held while they are made. */
static int make_pictures(struct req *r, i64 *ids, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < r->n_files; i++)
        if (str_is(r->files[i].field, "pictures")) { /* the limit counted only these */
            TRY(media_store(&r->c, r->who.organisation, r->files[i].body, false, &ids[*n]));
            ++*n;
        }
    return E_OK;
}

static int upload(struct req *r)
{
    struct product_rows p = { 0 };
    i64 *ids = NEWS(r->c.mem, i64, r->n_files + 1);
    struct editing e = { .r = r, .change = add_pictures, .pictures = ids };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err && node_count(p.pictures) + r->n_files > MAX_PICTURES)
        err = too_many(&r->c);
    if (!err)
        err = make_pictures(r, ids, &e.n);
    if (!err)
        err = pg_tx(&r->c, edit_in_tx, &e);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "pictures");
}

/* The list of pictures without the nth, or with it changed or at the front. */
static struct node *without(
    struct ctx *c, const struct node *pictures, i64 n, struct node **taken_out)
{
    struct node *kept = node_list(c->mem);
    i64 at = 0;
    *taken_out = NULL;
    EACH(it, pictures)
        if (++at == n)
            *taken_out = (struct node *)&it->node;
        else
            node_add(c->mem, kept, (struct node *)&it->node);
    return kept;
}

/* The one that is meant: the nth as long as it still is that, or else it has moved. 0: it is gone. */
static i64 place_of(const struct editing *e)
{
    str stem = in_str(e->r, "stem");
    i64 at = 0, moved_to = 0;
    EACH(it, e->rows) {
        bool same = str_eq(node_str(&it->node, "stem"), stem);
        if (++at == in_int(e->r, "n") && (same || !stem.n))
            return at;
        moved_to = same && !moved_to ? at : moved_to;
    }
    return moved_to;
}

static int put_picture(struct editing *e, struct node *doc)
{
    struct req *r = e->r;
    struct ctx *c = &r->c;
    struct node *picture;
    struct node *others = without(c, node_get(doc, S("pictures")), place_of(e), &picture);
    if (!picture)
        return missing(r);
    static const char *const fields[][2] = { { "en", "alt_en" }, { "th", "alt_th" },
        { "vi", "alt_vi" } };
    struct node *alts = node_set_map(c->mem, picture, S("alt"));
    for (size_t i = 0; i < COUNT(fields); i++)
        if (str_trim(in_str(r, fields[i][1])).n)
            node_set_str(c->mem, alts, str_of(fields[i][0]), in_str(r, fields[i][1]));
    set_tag_option(c, picture, in_str(r, "tag"));
    if (in_bool(r, "to_front")) {
        struct node *list = node_list(c->mem);
        node_add(c->mem, list, picture);
        EACH(it, others)
            node_add(c->mem, list, (struct node *)&it->node);
        node_set(c->mem, doc, S("pictures"), list);
    }
    return E_OK;
}

static int edit(struct req *r, int (*change)(struct editing *, struct node *doc))
{
    struct editing e = { .r = r, .change = change };
    TRY(as_staff(r));
    return pg_tx(&r->c, edit_in_tx, &e);
}

static int change_picture(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err)
        err = edit(r, put_picture);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "pictures");
}

static int take_picture_out(struct editing *e, struct node *doc)
{
    struct ctx *c = &e->r->c;
    struct node *picture;
    struct node *others = without(c, node_get(doc, S("pictures")), place_of(e), &picture);
    e->is_done = !picture; /* twice is fine */
    node_set(c->mem, doc, S("pictures"), others);
    return E_OK;
}

static int delete_picture(struct req *r)
{
    TRY(edit(r, take_picture_out));
    return done(r, "pictures");
}

/* ---- options
 * ------------------------------------------------------------------------------------------------ */

static int add_values(struct editing *e, struct node *doc) { return typed_options(e->r, doc); }

static int add_options(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err)
        err = edit(r, add_values);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "options");
}

static int say_names(struct editing *e, struct node *doc) { return typed_names(e->r, doc); }

static int change_names(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err)
        err = edit(r, say_names);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "names");
}

static int take_option_out(struct editing *e, struct node *doc)
{
    return without_option(e->r, doc);
}

static int delete_option(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err)
        err = edit(r, take_option_out);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "option");
}

static int say_details(struct editing *e, struct node *doc)
{
    return typed_details(e->r, doc, e->specs);
}

static int change_details(struct req *r)
{
    struct product_rows p = { 0 };
    TRY(admin_find(r, &p));
    int err = in_fault(r);
    if (!err)
        err = edit(r, say_details);
    return err ? refuse(r, err, &p, NULL, 0) : done(r, "details");
}

#define LIST "/admin/products"
#define ONE  LIST "/{slug}"
#define EDIT "catalog/admin_edit"

ROUTES(catalog_admin){
    ROUTE(GET, LIST, CATALOG_READ, list_in, list, "catalog/admin_list", RATE_PAGE, NOINDEX),
    ROUTE(GET, LIST "/new", CATALOG_WRITE, NULL, show_new, EDIT, RATE_PAGE, NOINDEX),
    ROUTE(POST, LIST, CATALOG_WRITE, NULL, make, EDIT, RATE_FORM, NOINDEX | OPEN),
    ROUTE(GET, ONE, CATALOG_READ, one_in, show, EDIT, RATE_PAGE, NOINDEX),
    ROUTE(POST, ONE, CATALOG_WRITE, grid_in, save, EDIT, RATE_FORM, NOINDEX | OPEN),
    ROUTE(POST, ONE "/pictures", CATALOG_WRITE, upload_in, upload, EDIT, RATE_FORM,
        SLOW | NOINDEX | BIG | FORM),
    ROUTE(POST, ONE "/pictures/{n}", CATALOG_WRITE, picture_in, change_picture, EDIT, RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, ONE "/pictures/{n}/delete", CATALOG_WRITE, gone_in, delete_picture, EDIT, RATE_FORM,
        NOINDEX),
    ROUTE(POST, ONE "/options", CATALOG_WRITE, options_in, add_options, EDIT, RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, ONE "/options/{option}", CATALOG_WRITE, names_in, change_names, EDIT, RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, ONE "/options/{option}/delete", CATALOG_WRITE, option_in, delete_option, EDIT,
        RATE_FORM, NOINDEX | FORM),
    ROUTE(POST, ONE "/details", CATALOG_WRITE, details_in, change_details, EDIT, RATE_FORM,
        NOINDEX | FORM),
    ROUTE(POST, ONE "/stock", INVENTORY_WRITE, grid_in, admin_set_stock, EDIT, RATE_FORM,
        NOINDEX | OPEN),
    END_OF_ROUTES,
};
