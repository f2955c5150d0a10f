#include <stdio.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/auth.h"
#include "catalog/catalog.h"
#include "gen/queries.h"
#include "media/media.h"
#include "ops/ops_in.h"
#include "shipping/shipping.h"
#include "web/web.h"

/* The demo shop: its catalogue from sql/demo/catalogue.json and what that includes, its
 * pictures from a folder of SVG files, its two accounts. Loading it again writes what differs;
 * when the files are those of last time, nothing is even compared. */
#define PASSWORD S(DEMO_PASSWORD)
#define HANDS    2

struct demo {
    struct ctx *c;
    str dir, pictures;
    struct buf *report;
    i64 house, made, changed, same, no_picture;
    struct buf files; /* what was read, for the fingerprint */
};

static int read_json(struct demo *d, str name, struct node **out)
{
    bool ok = false;
    const char *path = str_c(d->c->mem, str_fmt(d->c->mem, "%.*s/%.*s", STR(d->dir), STR(name)));
    str text = file_read(d->c->mem, path, 16 << 20, &ok);
    if (!ok)
        return fail(d->c, E_INPUT, "demo.file", "%s cannot be read", path);
    buf_add(&d->files, crypto_sha256_hex(d->c->mem, text));
    if (json_read(d->c, text, out))
        return fail(d->c, E_INPUT, "demo.file", "%s: %.*s", path, STR(d->c->fault.detail));
    return E_OK;
}

/* All product lists, the catalogue's own and those of the files it includes. */
static int read_all(struct demo *d, struct node **catalogue, struct node **products)
{
    TRY(read_json(d, S("catalogue.json"), catalogue));
    *products = node_list(d->c->mem);
    EACH(p, node_get(*catalogue, S("products")))
        node_add(d->c->mem, *products, (struct node *)&p->node);
    EACH(name, node_get(*catalogue, S("include"))) {
        struct node *part;
        TRY(read_json(d, name->node.as.text, &part));
        EACH(p, node_get(part, S("products")))
            node_add(d->c->mem, *products, (struct node *)&p->node);
    }
    return E_OK;
}

static const char *picture_path(struct demo *d, str file)
{
    return str_c(d->c->mem, str_fmt(d->c->mem, "%.*s/%.*s", STR(d->pictures), STR(file)));
}

/* The catalogue's bytes and each picture's size and time. */
static str fingerprint(struct demo *d, const struct node *products)
{
    struct stat st;
    EACH(p, products)
        EACH(picture, node_get(&p->node, S("pictures")))
            if (d->pictures.n && !stat(picture_path(d, node_str(&picture->node, "file")), &st))
                buf_fmt(&d->files, "%" PRId64 ".%" PRId64 " ", (i64)st.st_size, (i64)st.st_mtime);
    return crypto_sha256_hex(d->c->mem, buf_str(&d->files));
}

static int add_accounts(struct demo *d)
{
    struct ctx *c = d->c;
    i64 admin, shopper;
    TRY(auth_organisation_add(c, S("house"), S("Talat Market"), &d->house));
    TRY(auth_person_add(
        c, S("admin@example.test"), S("Mali the Merchant"), PASSWORD, S("admin"), &admin));
    TRY(auth_member_add(c, d->house, admin, S("owner"), false));
    return auth_person_add(
        c, S("shopper@example.test"), S("Somchai Shopper"), PASSWORD, S("user"), &shopper);
}

/* Amounts in minor units; free_from 0: never free. */
static const struct way {
    const char *code, *names, *promises;
    struct {
        const char *currency;
        i64 amount, free_from;
    } prices[3];
} WAYS[] = {
    { "standard",
        "{\"en\": \"Standard delivery\", \"th\": \"จัดส่งธรรมดา\", \"vi\": \"Giao hàng tiêu chuẩn\"}",
        "{\"en\": \"2–4 days\", \"th\": \"2–4 วัน\", \"vi\": \"2–4 ngày\"}",
        { { "THB", 5000, 150000 }, { "VND", 40000, 1200000 }, { "USD", 490, 4500 } } },
    { "express", "{\"en\": \"Express delivery\", \"th\": \"จัดส่งด่วน\", \"vi\": \"Giao hàng nhanh\"}",
        "{\"en\": \"Next working day\", \"th\": \"วันทำการถัดไป\", \"vi\": \"Ngày làm việc kế tiếp\"}",
        { { "THB", 15000, 0 }, { "VND", 120000, 0 }, { "USD", 1490, 0 } } },
};

static int add_shipping(struct demo *d)
{
    for (size_t i = 0; i < COUNT(WAYS); i++) {
        const struct way *way = &WAYS[i];
        struct shipping_way one;
        TRY(shipping_find(d->c, str_of(way->code), &one));
        one.position = 10 * (i64)(i + 1);
        TRY(json_read(d->c, str_of(way->names), &one.names));
        TRY(json_read(d->c, str_of(way->promises), &one.promises));
        TRY(shipping_save(d->c, &one));
        for (size_t k = 0; k < COUNT(way->prices); k++)
            TRY(shipping_save_price(d->c, one.id, str_of(way->prices[k].currency),
                way->prices[k].amount, &way->prices[k].free_from));
    }
    return E_OK;
}

/* 0 when the file is not there. */
static int store(struct demo *d, struct ctx *c, str file, i64 *id)
{
    bool ok = false;
    str bytes = d->pictures.n ? file_read(c->mem, picture_path(d, file), 8 << 20, &ok) : str_none;
    *id = 0;
    if (!ok)
        d->no_picture++;
    return ok ? media_store(c, d->house, bytes, true, id) : E_OK;
}

/* Pictures are made outside the product's transaction: they take their time. */
static int add_pictures(struct demo *d, struct ctx *c, struct node *product)
{
    i64 missing = d->no_picture;
    EACH(it, node_get(product, S("pictures"))) {
        i64 id;
        TRY(store(d, c, node_str(&it->node, "file"), &id));
        if (id)
            node_set_int(c->mem, (struct node *)&it->node, S("picture"), id);
    }
    if (d->no_picture > missing) /* then those it has stay */
        node_set_null(c->mem, product, S("pictures"));
    return E_OK;
}

#define HERO S("hero-1.svg")
static str category_picture(struct arena *mem, const struct node *category)
{
    return str_fmt(mem, "category-%.*s.svg", STR(node_str(category, "slug")));
}

static struct node *all_pictures(
    struct demo *d, const struct node *catalogue, const struct node *products)
{
    struct arena *mem = d->c->mem;
    struct node *files = node_list(mem);
    EACH(p, products)
        EACH(picture, node_get(&p->node, S("pictures")))
            node_add_str(mem, files, node_str(&picture->node, "file"));
    EACH(it, node_get(catalogue, S("categories")))
        node_add_str(mem, files, category_picture(mem, &it->node));
    node_add_str(mem, files, HERO);
    return files;
}

/* One hand's share of the pictures, over a connection of its own. What fails here is tried
 * again, and told, when what it belongs to is saved. */
static void make_share(const struct demo *d, const struct node *files, i64 hand)
{
    struct arena *mem = arena_new((size_t)256 << 20);
    struct demo own = *d;
    struct ctx c = *d->c;
    i64 n = 0;
    c.pg = app_pg(c.app, arena_new((size_t)16 << 20));
    c.mem = mem;
    EACH(file, files) {
        i64 id;
        if (n++ % HANDS == hand)
            store(&own, &c, file->node.as.text, &id);
        arena_reset(mem);
    }
    pg_close(c.pg);
}

/* Pictures take nearly all of the time: two processes make them before anything else goes in. */
static void make_pictures(const struct demo *d, const struct node *files)
{
    for (i64 hand = 0; hand < HANDS; hand++)
        if (fork() == 0) {
            make_share(d, files, hand);
            _exit(0);
        }
    while (wait(NULL) > 0 || errno == EINTR)
        continue;
}

static int add_product(struct demo *d, struct ctx *c, struct node *product)
{
    struct catalog_report done;
    TRY(add_pictures(d, c, product));
    node_set_str(c->mem, product, S("stock_cause"), S("demo"));
    TRY(pg_begin(c));
    TRY(pg_end(c, catalog_save(c, d->house, product, &done)));
    *(done.made ? &d->made : done.changed ? &d->changed : &d->same) += 1;
    return E_OK;
}

static int add_products(struct demo *d, const struct node *products)
{
    struct arena *mem = arena_new((size_t)256 << 20);
    DEFER(d->c->mem, arena_drop, mem);
    EACH(it, products) {
        struct ctx own = *d->c;
        own.mem = mem;
        if (add_product(d, &own, (struct node *)&it->node))
            return fail(d->c, own.fault.code, "demo.product", "%.*s: %.*s %.*s",
                STR(node_str(&it->node, "slug")), STR(own.fault.text), STR(own.fault.detail));
        arena_reset(mem);
    }
    return E_OK;
}

static int add_categories(struct demo *d, const struct node *catalogue)
{
    EACH(it, node_get(catalogue, S("categories"))) {
        struct node *category = (struct node *)&it->node;
        i64 id;
        TRY(store(d, d->c, category_picture(d->c->mem, category), &id));
        node_set_int(d->c->mem, category, S("picture"), id);
        TRY(catalog_save_category(d->c, d->house, category, &id));
    }
    i64 hero;
    TRY(store(d, d->c, HERO, &hero));
    return hero ? catalog_front(d->c, d->house, hero) : E_OK;
}

static int load(struct demo *d)
{
    struct ctx *c = d->c;
    struct node *catalogue, *products, *mark;
    TRY(read_all(d, &catalogue, &products));
    str now = fingerprint(d, products);
    TRY(q_ops_mark(c, &mark, S("demo")));
    if (str_eq(node_str(mark, "value"), now)) {
        buf_add(d->report, S("demo: nothing has changed\n"));
        return E_OK;
    }
    TRY(add_accounts(d));
    TRY(add_shipping(d));
    c->scope.organisation = d->house;
    make_pictures(d, all_pictures(d, catalogue, products));
    TRY(add_categories(d, catalogue));
    TRY(add_products(d, products));
    buf_fmt(d->report,
        "demo: %" PRId64 " products made, %" PRId64 " changed, %" PRId64 " as before", d->made,
        d->changed, d->same);
    if (d->no_picture)
        buf_fmt(d->report, "; %" PRId64 " pictures are not there", d->no_picture);
    buf_char(d->report, '\n');
    return q_ops_put_mark(c, NULL, S("demo"), now);
}

static int fill_shop(struct ctx *c, str demo_dir, str pictures_dir, struct buf *report)
{
    struct demo d = { .c = c,
        .dir = demo_dir,
        .pictures = pictures_dir,
        .report = report,
        .files = buf_new(c->mem, 1 << 20) };
    if (c->app->production)
        return fail(c, E_DENIED, "demo.production",
            "The demo shop is not loaded into a production shop (mode = production).");
    struct scope was = c->scope;
    c->scope.platform = true;
    int err = load(&d);
    c->scope = was;
    return err;
}

int demo_command(struct ctx *c, int argc, char **argv)
{
    struct buf report = buf_new(c->mem, 1 << 20);
    str pictures = str_none;
    if (argc == 3 && !strcmp(argv[1], "--pictures"))
        pictures = str_of(argv[2]);
    else if (argc != 1)
        return 2;
    str dir = str_fmt(c->mem, "%.*s/sql/demo", STR(c->app->share_dir));
    int err = fill_shop(c, dir, pictures, &report);
    printf("%.*s", STR(buf_str(&report)));
    if (err)
        fprintf(stderr, "talatctl: the demo shop was not loaded: %.*s %.*s\n", STR(c->fault.text),
            STR(c->fault.detail));
    return err ? 1 : 0;
}
