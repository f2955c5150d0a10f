#include "catalog/catalog_in.h"

enum { RELATED = 4 };

/* ---- the first page ------------------------------------------------------------------------ */

static void tag_products(struct req *r, const struct node *rows)
{
    EACH(it, rows)
        set_tag(r, "product", node_int(&it->node, "product_id"));
}

int page_home(struct req *r)
{
    struct ctx *c = &r->c;
    struct node *featured, *newest, *categories, *front, *cards[2];
    pg_batch(c);
    q_catalog_featured(c, &featured, c->lang);
    q_catalog_list_new(c, &newest, 0, INT64_MIN, 0);
    q_catalog_category_pictures(c, &categories, c->lang);
    q_catalog_front(c, &front);
    TRY(pg_flush(c));
    TRY(cards_of(r, featured, 8, &cards[0]));
    TRY(cards_of(r, newest, 8, &cards[1]));

    struct node *document = node_map(c->mem);
    node_set(c->mem, document, S("featured"), cards[0]);
    node_set(c->mem, document, S("newest"), cards[1]);
    media_dress(c, categories, "picture", 400);
    EACH(it, categories)
        node_hide(node_get(&it->node, S("id")));
    node_set(c->mem, document, S("categories"), categories);
    struct node *hero = node_set_map(c->mem, document, S("hero"));
    const struct item *first = node_first(featured);
    const struct node *from = front ? front : first ? &first->node : NULL;
    struct node *picture = from ? media_picture(c, from, 1200) : NULL;
    if (picture)
        node_set(c->mem, hero, S("picture"), picture);
    else
        node_set_null(c->mem, hero, S("picture"));
    set_tag(r, "category", 0);
    tag_products(r, featured);
    tag_products(r, newest);
    cache_for(r, 60);
    return reply_with(r, document);
}

/* ---- one product ------------------------------------------------------------------------------
 */

/* `options` holds a row for each value: code, name, value_id, value_code, value_name. */
struct shown {
    const struct node
        *product; /* {id, organisation_id, slug, edition, document, category_ids, ..} */
    struct node *now, *related, *options, *variants, *categories, *sheet;
    str tags[MAX_TAGS]; /* what the address chose */
    size_t n_tags;
    const struct node *chosen; /* the variant */
};

static bool is_blank(const struct node *n) { return !n || (n->kind == N_STR && !n->as.text.n); }

/* Name, summary, description: what one does not say the other may. */
static const struct node *filled(struct ctx *c, const struct node *one, const struct node *other)
{
    struct node *both = node_map(c->mem);
    EACH(it, one) {
        const struct node *is = &it->node, *more = node_get(other, it->key);
        node_set(c->mem, both, it->key,
            (struct node *)(uintptr_t)(is_blank(is) && more ? more : is));
    }
    return both;
}

/* A text of the sheet in the reader's language, else in English, else in any. */
static const struct node *said(struct ctx *c, const struct node *texts)
{
    const struct item *any = node_first(texts);
    const struct node *from[] = { node_get(texts, c->lang), node_get(texts, S("en")),
        any ? &any->node : NULL };
    const struct node *best = NULL;
    for (size_t i = 0; i < COUNT(from); i++)
        if (is_blank(best))
            best = from[i] ? from[i] : best;
        else if (best->kind == N_MAP && from[i] && from[i] != best)
            best = filled(c, best, from[i]);
    return best;
}

static str said_text(struct ctx *c, const struct node *map, const char *key)
{
    const struct node *text = said(c, node_get(map, str_of(key)));
    return text && text->kind == N_STR ? text->as.text : S("");
}

static void read_options(struct ctx *c, struct shown *s)
{
    struct arena *mem = c->mem;
    s->options = node_list(mem);
    EACH(o, node_get(s->sheet, S("options"))) {
        str code = node_str(&o->node, "code"), name = said_text(c, &o->node, "names");
        EACH(v, node_get(&o->node, S("values"))) {
            struct node *row = node_add_map(mem, s->options);
            str value = node_str(&v->node, "code");
            node_set_str(mem, row, S("code"), code);
            node_set_str(mem, row, S("name"), name);
            node_set_int(mem, row, S("value_id"), node_int(&v->node, "id"));
            node_set_str(mem, row, S("value_code"), value);
            node_set_str(mem, row, S("value_name"), said_text(c, &v->node, "names"));
            node_set_str(mem, row, S("tag"), str_fmt(mem, "%.*s=%.*s", STR(code), STR(value)));
        }
    }
}

/* It may lie in several places. */
static i64 free_of(const struct node *now, i64 item)
{
    i64 sum = 0;
    EACH(it, now)
        sum += node_int(&it->node, "item") == item ? node_int(&it->node, "free") : 0;
    return sum;
}

static void read_variants(struct ctx *c, struct shown *s)
{
    s->variants = node_get(s->sheet, S("variants"));
    if (!s->variants)
        return;
    for (struct item *it = s->variants->as.items.first; it; it = it->next) {
        const struct node *price = node_path(&it->node, S("prices"));
        const struct item *amount = node_first(node_get(price, c->currency));
        node_set(c->mem, &it->node, S("amount"), amount ? (struct node *)&amount->node : NULL);
        node_set(c->mem, &it->node, S("compare_at"), amount ? &amount->next->node : NULL);
        node_set_int(c->mem, &it->node, S("free"), free_of(s->now, node_int(&it->node, "item")));
    }
}

static bool list_has(const struct node *list, str text)
{
    EACH(it, list)
        if (str_eq(it->node.as.text, text))
            return true;
    return false;
}

static str code_of(str tag)
{
    str code = str_none;
    str_cut(&tag, '=', &code);
    return code;
}

/* The tags of the address that this product's options know. */
static void keep_real(struct shown *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_tags; i++)
        EACH(it, s->options)
            if (str_eq(s->tags[i], node_str(&it->node, "tag"))) {
                s->tags[n++] = s->tags[i];
                break;
            }
    s->n_tags = n;
}

static bool fits(const struct node *variant, const str *tags, size_t n, str except)
{
    for (size_t i = 0; i < n; i++)
        if (!str_eq(code_of(tags[i]), except) && !list_has(node_get(variant, S("tags")), tags[i]))
            return false;
    return true;
}

static bool can_buy(const struct node *variant)
{
    return !node_is_null(variant, "amount") &&
        (!node_bool(variant, "tracked") || node_int(variant, "free") > 0);
}

/* Of what is left open by the first `n` tags the first that can be bought, else the first. */
static void choose_by(struct shown *s, size_t n)
{
    EACH(it, s->variants) {
        if (!fits(&it->node, s->tags, n, str_none))
            continue;
        if (!s->chosen)
            s->chosen = &it->node;
        if (can_buy(&it->node)) {
            s->chosen = &it->node;
            return;
        }
    }
}

/* What was asked for; where not all of it goes together, as much of it as does, the first first. */
static void choose(struct shown *s)
{
    for (size_t n = s->n_tags + 1; n-- > 0 && !s->chosen;)
        choose_by(s, n);
}

static bool is_chosen(const struct shown *s, str tag)
{
    return s->chosen && list_has(node_get(s->chosen, S("tags")), tag);
}

/* The address with this value chosen and the other options as they are. */
static str value_link(struct ctx *c, const struct shown *s, str slug, str code, str value)
{
    struct buf b = buf_new(c->mem, 2048);
    str last = str_none;
    buf_add(&b, S("/products/"));
    buf_add(&b, slug);
    char join = '?';
    EACH(it, s->options) {
        str o = node_str(&it->node, "code"), v = node_str(&it->node, "value_code");
        bool is_this = str_eq(o, code);
        str tag = node_str(&it->node, "tag");
        if (str_eq(o, last) || (is_this ? !str_eq(v, value) : !is_chosen(s, tag)))
            continue;
        last = o;
        buf_char(&b, join);
        buf_add(&b, tag);
        join = '&';
    }
    return buf_str(&b);
}

static bool is_available(const struct shown *s, str tag)
{
    str now[MAX_TAGS];
    size_t n = 0;
    const struct node *tags = s->chosen ? node_get(s->chosen, S("tags")) : NULL;
    EACH(it, tags)
        if (n < MAX_TAGS)
            now[n++] = it->node.as.text;
    EACH(it, s->variants)
        if (list_has(node_get(&it->node, S("tags")), tag) && can_buy(&it->node) &&
            fits(&it->node, now, n, code_of(tag)))
            return true;
    return false;
}

static void options_of(struct ctx *c, const struct shown *s, struct node *product)
{
    struct arena *mem = c->mem;
    struct node *options = node_set_list(mem, product, S("options")), *values = NULL;
    str code = str_none, slug = node_str(s->product, "slug");
    EACH(it, s->options) {
        const struct node *row = &it->node;
        if (!values || !str_eq(code, node_str(row, "code"))) {
            struct node *option = node_add_map(mem, options);
            code = node_str(row, "code");
            node_set_str(mem, option, S("code"), code);
            node_set_str(mem, option, S("name"), node_str(row, "name"));
            values = node_set_list(mem, option, S("values"));
        }
        str value = node_str(row, "value_code");
        str tag = node_str(row, "tag");
        struct node *one = node_add_map(mem, values);
        node_set_str(mem, one, S("code"), value);
        node_hide(node_set_str(mem, one, S("option"), code)); /* the field's name in a form */
        node_set_str(mem, one, S("name"), node_str(row, "value_name"));
        node_set_bool(mem, one, S("is_chosen"), is_chosen(s, tag));
        node_set_bool(mem, one, S("is_available"), is_available(s, tag));
        node_set_str(mem, one, S("url"), value_link(c, s, slug, code, value));
    }
}

/* "Black, 2 m" of a variant's value ids. */
static str options_text(struct ctx *c, const struct node *options, const struct node *variant)
{
    struct buf b = buf_new(c->mem, 1024);
    EACH(id, node_get(variant, S("value_ids")))
        EACH(it, options)
            if (node_int(&it->node, "value_id") == id->node.as.number) {
                if (b.n)
                    buf_add(&b, S(", "));
                buf_add(&b, node_str(&it->node, "value_name"));
            }
    return buf_str(&b);
}

void offer_of(struct ctx *c, const struct node *options, const struct node *row, struct node *out)
{
    str id = crypto_opaque(c->mem, c->app->secret, "variant", node_int(row, "id"));
    node_hide(node_set_str(c->mem, out, S("id"), id));
    node_set_str(c->mem, out, S("sku"), node_str(row, "sku"));
    node_set_str(c->mem, out, S("options"), options_text(c, options, row));
    variant_state(c, out, row);
    /* What tells them apart: two options may have a value of the same code, 30 by 32 and 32 by 30. */
    struct node *tags = node_hide(node_set_list(c->mem, out, S("tags")));
    struct node *values = node_set_list(c->mem, out, S("values"));
    EACH(it, node_get(row, S("tags"))) {
        str value = it->node.as.text, code;
        node_add_str(c->mem, tags, value);
        str_cut(&value, '=', &code);
        node_add_str(c->mem, values, value);
    }
}

/* The option value a picture shows; NULL: none in particular. */
static const struct node *shows(const struct shown *s, const struct node *picture)
{
    if (!node_is_null(picture, "value_id"))
        EACH(it, s->options)
            if (node_int(&it->node, "value_id") == node_int(picture, "value_id"))
                return &it->node;
    return NULL;
}

/* `name` stands in for what nobody has said of a picture. */
static void add_picture(
    struct ctx *c, const struct shown *s, struct node *row, str name, struct node *pictures)
{
    str alt = said_text(c, row, "alts");
    node_set_str(c->mem, row, S("alt"), alt.n ? alt : name);
    struct node *one = media_picture(c, row, 800), *small = media_picture(c, row, 200);
    if (!one)
        return;
    i64 number = (i64)node_count(pictures) + 1;
    node_set_str(c->mem, one, S("value"), node_str(shows(s, row), "value_code"));
    node_hide(node_set_str(c->mem, one, S("tag"), node_str(shows(s, row), "tag")));
    node_hide(node_set_int(c->mem, one, S("number"), number));
    node_hide(node_set_bool(c->mem, one, S("is_first"), number == 1));
    node_set_str(c->mem, one, S("thumb"), node_str(small, "src"));
    node_add(c->mem, pictures, one);
}

/* The chosen colour's pictures first, then the others as they come. */
static void pictures_of(struct ctx *c, const struct shown *s, struct node *product)
{
    struct node *pictures = node_set_list(c->mem, product, S("pictures"));
    const struct node *ids = s->chosen ? node_get(s->chosen, S("value_ids")) : NULL;
    for (int round = 0; round < 2; round++)
        EACH(it, node_get(s->sheet, S("pictures"))) {
            bool is_its = false;
            EACH(id, ids)
                is_its = is_its ||
                    (!node_is_null(&it->node, "value_id") &&
                        id->node.as.number == node_int(&it->node, "value_id"));
            if (is_its == !round)
                add_picture(c, s, (struct node *)&it->node, node_str(product, "name"), pictures);
        }
}

static void paragraphs_of(struct ctx *c, str text, struct node *product)
{
    struct node *list = node_set_list(c->mem, product, S("description_paragraphs"));
    struct buf b = buf_new(c->mem, 1 << 20);
    str line;
    bool more = true;
    while (more) {
        more = str_cut(&text, '\n', &line);
        str said = more ? str_trim(line) : str_none;
        if (said.n) {
            if (b.n)
                buf_char(&b, ' ');
            buf_add(&b, said);
        } else if (b.n) {
            node_set_str(
                c->mem, node_add_map(c->mem, list), S("text"), str_dup(c->mem, buf_str(&b)));
            b.n = 0;
        }
    }
}

static void specs_of(struct ctx *c, const struct shown *s, struct node *product)
{
    struct node *specs = node_set_list(c->mem, product, S("specs"));
    EACH(it, node_get(s->sheet, S("specs"))) {
        struct node *one = node_add_map(c->mem, specs);
        node_set_str(c->mem, one, S("name"), said_text(c, &it->node, "name"));
        node_set_str(c->mem, one, S("value"), said_text(c, &it->node, "value"));
    }
}

static int make_categories(struct ctx *c, void *with, struct node **rows)
{
    (void)with;
    return q_catalog_menu(c, rows, c->lang);
}

static bool has_id(const struct node *ids, i64 id)
{
    EACH(it, ids)
        if (it->node.as.number == id)
            return true;
    return false;
}

static void add_categories(struct ctx *c, struct shown *s, const struct node *rows)
{
    s->categories = node_list(c->mem);
    EACH(it, rows) {
        if (!has_id(node_get(s->product, S("category_ids")), node_int(&it->node, "id")))
            continue;
        struct node *one = node_add_map(c->mem, s->categories);
        node_set_str(c->mem, one, S("slug"), node_str(&it->node, "slug"));
        node_set_str(c->mem, one, S("name"), node_str(&it->node, "name"));
    }
}

/* The shop's categories are few and kept like the menu; one that is too new for that is asked
 * for. */
static int read_categories(struct ctx *c, struct shown *s)
{
    const struct node *ids = node_get(s->product, S("category_ids")), *kept;
    str key = str_fmt(c->mem, "categories:%.*s", STR(c->lang));
    TRY(kept_or_made(c, key, make_categories, NULL, &kept));
    add_categories(c, s, kept);
    if (node_count(s->categories) == node_count(ids))
        return E_OK;
    struct node *rows;
    i64 *wanted = NEWS(c->mem, i64, node_count(ids) + 1);
    size_t n = 0;
    EACH(it, ids)
        wanted[n++] = it->node.as.number;
    TRY(q_catalog_categories_by_ids(c, &rows, wanted, n, c->lang));
    add_categories(c, s, rows);
    return E_OK;
}

static struct node *product_of(struct ctx *c, const struct shown *s)
{
    struct arena *mem = c->mem;
    const struct node *row = s->product, *texts = said(c, node_get(s->sheet, S("texts")));
    struct node *product = node_map(mem);
    str id = crypto_opaque(mem, c->app->secret, "product", node_int(row, "id"));
    node_set_str(mem, product, S("id"), id);
    node_set_str(mem, product, S("slug"), node_str(row, "slug"));
    node_set_str(mem, product, S("name"), node_str(texts, "name"));
    node_set_str(mem, product, S("summary"), node_str(texts, "summary"));
    paragraphs_of(c, node_str(texts, "description"), product);
    node_set_str(mem, product, S("brand"), node_str(s->sheet, "brand"));
    node_set_str(mem, product, S("currency"), c->currency);
    specs_of(c, s, product);
    pictures_of(c, s, product);
    options_of(c, s, product);
    struct node *variants = node_set_list(mem, product, S("variants"));
    EACH(it, s->variants)
        offer_of(c, s->options, &it->node, node_add_map(mem, variants));
    if (s->chosen)
        offer_of(c, s->options, s->chosen, node_set_map(mem, product, S("chosen")));
    else
        node_set_null(mem, product, S("chosen"));
    node_set(mem, product, S("categories"), s->categories);
    node_set_str(mem, product, S("live"), str_fmt(mem, "/live/product/%.*s.json", STR(id)));
    return product;
}

static int make_newest(struct ctx *c, void *with, struct node **rows)
{
    return q_catalog_newest(c, rows, *(const i64 *)with);
}

/* The newest of a category, kept like the lists that are searched for; what they cost is not. */
static int find_newest(struct ctx *c, i64 category, const struct node **newest)
{
    i64 *with = NEW(c->mem, i64);
    *with = category;
    return kept_or_made(c, str_fmt(c->mem, "newest:%" PRId64, category), make_newest, with, newest);
}

static i64 first_category(const struct node *product)
{
    const struct item *first = node_first(node_get(product, S("category_ids")));
    return first ? first->node.as.number : 0;
}

/* Those that should stand below it are known before the database is asked. */
static void set_tags(struct req *r, const struct shown *s, const struct node *newest)
{
    i64 id = node_int(s->product, "id");
    size_t n = 0;
    set_tag(r, "product", id);
    set_tag(r, "organisation", node_int(s->product, "organisation_id"));
    EACH(it, node_get(s->product, S("category_ids")))
        set_tag(r, "named", it->node.as.number);
    EACH(it, newest)
        if (node_int(&it->node, "product_id") != id && n++ < RELATED)
            set_tag(r, "product", node_int(&it->node, "product_id"));
    cache_for(r, 3600);
    tags_ahead(r);
    if (!may_be_kept(r))
        offers_looked_at(&r->c, id);
}

/* What may be another thing at any moment: stock, and the offers of the product and of those that
 * stand below it, the newest of its first category. */
static int read_now(struct req *r, struct shown *s)
{
    struct ctx *c = &r->c;
    const struct node *newest = NULL;
    i64 category = first_category(s->product);
    if (category)
        TRY(find_newest(c, category, &newest));
    set_tags(r, s, newest);
    i64 *ids = NEWS(c->mem, i64, node_count(newest) + 1), *id = ids;
    *id++ = node_int(s->product, "id");
    EACH(it, newest)
        *id++ = node_int(&it->node, "product_id");
    TRY(q_catalog_product_now(c, &s->now, *ids, ids, (size_t)(id - ids)));
    s->related = offers_as_found(c, newest, s->now);
    if (node_count(s->related) < node_count(newest)) /* who comes after one that left is shown */
        tag_products(r, s->related);
    return E_OK;
}

static bool is_in_languages(const struct node *of)
{
    EACH(it, of)
        if (!web_is_language(it->key))
            return false;
    return of->kind == N_MAP && node_count(of);
}

/* Of each text what is said to this reader: the others would be kept and read for nobody. */
static void keep_said(struct ctx *c, struct node *of)
{
    if (is_in_languages(of)) {
        struct node *one = node_map(c->mem);
        node_set(c->mem, one, c->lang, (struct node *)(uintptr_t)said(c, of));
        *of = *one;
    } else if (of->kind == N_MAP || of->kind == N_LIST) {
        for (struct item *it = of->as.items.first; it; it = it->next)
            keep_said(c, &it->node);
    }
}

/* In one language it is far smaller. One that will be no copy even so stays as it was read. */
static int keep_sheet(struct ctx *c, const char *kind, struct node *row)
{
    enum { LESS_AT_MOST = 8 };
    struct node *sheet;
    struct buf text = buf_new(c->mem, COPIED_MOST);
    str whole = node_str(row, "document");
    if (whole.n > LESS_AT_MOST * COPIED_MOST)
        return E_OK;
    TRY(json_read(c, whole, &sheet));
    keep_said(c, sheet);
    json_store(&text, sheet);
    if (text.full)
        return E_OK;
    node_set_str(c->mem, row, S("document"), buf_str(&text));
    row_copied(c, kind, node_str(row, "slug"), 0, 0, row);
    return E_OK;
}

static bool is_itself(const struct node *product, const struct node *offer)
{
    return node_int(product, "id") == node_int(offer, "product_id");
}

/* It is as it was when this worker read it, and sold under the same address. */
static bool is_current(const struct shown *s)
{
    EACH(it, s->now)
        if (is_itself(s->product, &it->node))
            return node_int(&it->node, "edition") == node_int(s->product, "edition");
    return false;
}

static int read_product(struct req *r, str slug, struct shown *s)
{
    struct ctx *c = &r->c;
    const char *kind = str_fmt(c->mem, "sheet %.*s", STR(c->lang)).p;
    s->product = copy_of_row(c, kind, slug, 0, 0);
    if (s->product)
        TRY(read_now(r, s));
    if (s->product && is_current(s))
        return E_OK;
    for (int round = 0; round < 2; round++) { /* it may be saved between the two */
        struct node *row;
        TRY(q_catalog_product(c, &row, slug));
        if (!row)
            return fail(c, E_MISSING, "catalog.product", "There is no such product, or no longer.");
        TRY(keep_sheet(c, kind, row));
        s->product = row;
        TRY(read_now(r, s));
        if (is_current(s))
            break;
    }
    return E_OK;
}

static struct node *others(struct ctx *c, const struct shown *s)
{
    struct node *list = node_list(c->mem);
    EACH(it, s->related)
        if (!is_itself(s->product, &it->node) && node_count(list) < RELATED)
            node_add(c->mem, list, (struct node *)&it->node);
    return list;
}

int page_product(struct req *r)
{
    static const char *const known[] = { "slug", NULL };
    struct ctx *c = &r->c;
    struct shown s = { 0 };
    struct node *cards;
    s.n_tags = query_tags(r, known, s.tags);
    TRY(read_product(r, in_str(r, "slug"), &s));
    s.related = others(c, &s);
    TRY(cards_of(r, s.related, RELATED, &cards));
    TRY(json_read(c, node_str(s.product, "document"), &s.sheet));
    TRY(read_categories(c, &s));
    read_options(c, &s);
    read_variants(c, &s);
    keep_real(&s);
    choose(&s);
    struct node *document = node_map(c->mem);
    node_set(c->mem, document, S("product"), product_of(c, &s));
    node_set(c->mem, document, S("related"), cards);
    product_told(r, document);
    return reply_with(r, document);
}
