#include "catalog/catalog_in.h"

/* The links of a list: each is the same question with one thing changed. */
enum change {
    KEEP,
    WITHOUT_TAG,
    WITH_TAG,
    SORTED,
    WITHOUT_PRICE,
    TOGGLE_STOCK,
    OTHER_CATEGORY,
    FROM_CURSOR
};

static void part(struct buf *b, const char *name, str value)
{
    buf_char(b, str_find(buf_str(b), S("?")) < 0 ? '?' : '&');
    buf_add(b, str_of(name));
    buf_char(b, '=');
    escape_url_part(b, value);
}

static void tag_part(struct ctx *c, struct buf *b, str tag)
{
    str value = tag, code;
    str_cut(&value, '=', &code);
    part(b, str_c(c->mem, code), value);
}

static str link_of(struct ctx *c, const struct list_ask *ask, enum change change, str with)
{
    struct buf b = buf_new(c->mem, 4096);
    str sort = change == SORTED ? with : ask->sort;
    str usual = ask->is_search ? S("best") : S("new");
    bool available = change == TOGGLE_STOCK ? !ask->available : ask->available;
    buf_add(&b, ask->path);
    if (ask->is_search)
        part(&b, "q", ask->q);
    if (str_find(ask->path, S("/categories/")) < 0) {
        str category = change == OTHER_CATEGORY ? with : ask->category;
        if (category.n)
            part(&b, "category", category);
    }
    for (size_t i = 0; i < ask->n_tags; i++)
        if (change != WITHOUT_TAG || !str_eq(ask->tags[i], with))
            tag_part(c, &b, ask->tags[i]);
    if (change == WITH_TAG)
        tag_part(c, &b, with);
    if (change != WITHOUT_PRICE && ask->has_low)
        part(&b, "price_min", ask->price_min);
    if (change != WITHOUT_PRICE && ask->has_high)
        part(&b, "price_max", ask->price_max);
    if (available)
        part(&b, "available", S("1"));
    if (!str_eq(sort, usual))
        part(&b, "sort", sort);
    if (change == FROM_CURSOR)
        part(&b, "after", with);
    return buf_str(&b);
}

/* ---- the cursor: sort key, product, sort text; opaque, checked, good for anybody ---------- */

static str cursor_of(struct ctx *c, const struct node *row)
{
    struct buf b = buf_new(c->mem, 2048);
    buf_int(&b, node_int(row, "k"));
    buf_char(&b, '~');
    buf_add(&b, crypto_opaque(c->mem, c->app->secret, "product", node_int(row, "product_id")));
    buf_char(&b, '~');
    buf_add(&b, node_str(row, "t"));
    return buf_str(&b);
}

static bool cursor_read(struct ctx *c, str cursor, struct list_ask *ask)
{
    str k, id;
    return str_cut(&cursor, '~', &k) && str_int(k, &ask->after_k) && str_cut(&cursor, '~', &id) &&
        crypto_unopaque(c->app->secret, "product", id, &ask->after_id) && cursor.n <= 800 &&
        str_is_utf8(cursor) && (ask->after_t = cursor, true);
}

/* ---- reading the question -------------------------------------------------------------------- */

/* "1.290,50" as "1,290.50". */
static str with_points(struct ctx *c, str text)
{
    str out = str_dup(c->mem, text);
    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == '.' || out.p[i] == ',')
            ((char *)out.p)[i] = out.p[i] == '.' ? ',' : '.';
    return out;
}

/* As the reader's language writes it, too. On a page one that makes no sense is no filter: it is said
 * beside the field, with the list as it is without it. A program is refused. */
static bool price_of(struct req *r, const char *name, str *typed, i64 *minor)
{
    int exponent = money_exponent(r->c.currency);
    *typed = str_trim(in_str(r, name));
    bool is_amount = typed->n &&
        (money_typed(*typed, exponent, minor) ||
            (str_is(r->c.lang, "vi") && exponent &&
                money_typed(with_points(&r->c, *typed), exponent, minor)));
    return is_amount && *minor >= 0;
}

static int check_price(struct req *r, const char *name, str typed, bool is_amount)
{
    return r->format != JSON || !typed.n || is_amount
        ? E_OK
        : fail_field(&r->c, name, money_no_amount(money_exponent(r->c.currency)));
}

/* Who has mixed up the two means what lies between them. */
static void sort_bounds(struct list_ask *ask)
{
    str typed = ask->price_min;
    i64 low = ask->low;
    if (!ask->has_low || !ask->has_high || low <= ask->high)
        return;
    ask->price_min = ask->price_max;
    ask->low = ask->high;
    ask->price_max = typed;
    ask->high = low;
}

int list_read(struct req *r, struct list_ask *ask)
{
    str rest = r->uri, asked;
    if (str_cut(&rest, '?', &asked) && str_ends(asked, S(".json")))
        ask->path = asked; /* so a program that follows an address has JSON again, in its language */
    ask->n_tags = query_tags(r, list_names, ask->tags);
    ask->has_low = price_of(r, "price_min", &ask->price_min, &ask->low);
    ask->has_high = price_of(r, "price_max", &ask->price_max, &ask->high);
    TRY(check_price(r, "price_min", ask->price_min, ask->has_low));
    TRY(check_price(r, "price_max", ask->price_max, ask->has_high));
    sort_bounds(ask);
    ask->available = in_bool(r, "available");
    ask->sort = in_str(r, "sort");
    if (!ask->sort.n || (!ask->is_search && str_is(ask->sort, "best")))
        ask->sort = ask->is_search ? S("best") : S("new");
    ask->after_k = INT64_MIN;
    ask->after_t = S("");
    ask->is_later = in_has(r, "after") && in_str(r, "after").n;
    if (ask->is_later && !cursor_read(&r->c, in_str(r, "after"), ask))
        return fail(&r->c, E_MALFORMED, "catalog.cursor", "That page of the list does not exist.");
    return E_OK;
}

static bool is_plain(const struct list_ask *ask)
{
    return !ask->n_tags && !ask->has_low && !ask->has_high && !ask->available && !ask->q.n;
}

/* ---- what can be filtered by -------------------------------------------------------------------
 */

/* All that the counts depend on, and which products there are. */
static str question_of(struct ctx *c, const char *what, const struct list_ask *ask, str words)
{
    struct buf key = buf_new(c->mem, 1 << 20);
    buf_fmt(&key, "%s:%.*s:%.*s:%.*s", what, STR(c->lang), STR(c->currency), STR(ask->category));
    for (size_t i = 0; i < ask->n_tags; i++)
        buf_fmt(&key, ":%.*s", STR(ask->tags[i]));
    if (ask->has_low || ask->has_high)
        buf_fmt(&key, ":%" PRId64 "-%" PRId64, ask->has_low ? ask->low : -1,
            ask->has_high ? ask->high : -1);
    buf_add(&key, ask->available ? S(":available:") : S("::"));
    buf_add(&key, words);
    return buf_str(&key);
}

struct sought { /* in the arena, ask and all: kept_or_made's */
    const struct list_ask *ask;
    str words;
};

static int make_facets(struct ctx *c, void *with, struct node **rows)
{
    const struct sought *s = with;
    const struct list_ask *ask = s->ask;
    TRY(q_catalog_facets(c, rows, ask->category, c->lang, c->currency, ask->tags, ask->n_tags,
        ask->has_low ? &ask->low : NULL, ask->has_high ? &ask->high : NULL, ask->available,
        s->words, s->words));
    *rows = facets_fewer(c, ask, *rows);
    return E_OK;
}

static int make_found(struct ctx *c, void *with, struct node **rows)
{
    const struct sought *s = with;
    const struct list_ask *ask = s->ask;
    return q_catalog_sifted(c, rows, ask->category, c->lang, c->currency, ask->tags, ask->n_tags,
        ask->has_low ? &ask->low : NULL, ask->has_high ? &ask->high : NULL, ask->available,
        s->words, s->words, ask->sort, ask->after_k, ask->after_t, ask->after_id);
}

/* Which products, and in which order, is kept for some seconds like the counts beside them: it is
 * what costs. What they cost themselves and what is left of them is read each time. */
static int find_products(struct ctx *c, struct sought *s, const struct node **found)
{
    const struct list_ask *ask = s->ask;
    str key = str_fmt(c->mem, "found:%.*s:%" PRId64 ":%" PRId64 ":%.*s:%.*s", STR(ask->sort),
        ask->after_k, ask->after_id, STR(ask->after_t), STR(question_of(c, "", ask, s->words)));
    return kept_or_made(c, key, make_found, s, found);
}

static int no_category(struct ctx *c)
{
    return fail(c, E_MISSING, "catalog.category", "There is no such category.");
}

static int make_way(struct ctx *c, void *with, struct node **rows)
{
    const struct list_ask *ask = with;
    TRY(q_catalog_category_way(c, rows, ask->category, c->lang));
    return node_count(*rows) ? E_OK : no_category(c);
}

/* Which categories lead there is kept. One that is not there is not: it may be made the next
 * moment. */
static int find_way(struct ctx *c, const struct list_ask *ask, const struct node **way)
{
    if (!ask->category.n)
        return E_OK;
    return kept_or_made(
        c, str_fmt(c->mem, "way:%.*s", STR(ask->category)), make_way, (void *)(uintptr_t)ask, way);
}

static i64 end_of(const struct node *way)
{
    return node_count(way) ? node_int(&way->as.items.last->node, "id") : 0;
}

static const struct node *with_id(const struct node *rows, i64 id)
{
    EACH(it, rows)
        if (node_int(&it->node, "id") == id)
            return &it->node;
    return NULL;
}

/* The categories of that way as they are called now, if it is still the way there. */
static struct node *way_now(
    struct ctx *c, const struct list_ask *ask, const struct node *way, const struct node *rows)
{
    struct node *list = node_list(c->mem);
    i64 above = 0;
    EACH(it, way) {
        const struct node *row = with_id(rows, node_int(&it->node, "id"));
        if (!row || node_int(row, "parent_id") != above ||
            (!it->next && !str_eq(node_str(row, "slug"), ask->category)))
            return NULL;
        above = node_int(row, "id");
        node_add(c->mem, list, (struct node *)(uintptr_t)row);
    }
    return list;
}

static void ask_way(struct ctx *c, const struct node *way, struct node **rows)
{
    i64 *ids = NEWS(c->mem, i64, node_count(way)), *id = ids;
    EACH(it, way)
        *id++ = node_int(&it->node, "id");
    q_catalog_categories_now(c, rows, ids, node_count(way), c->lang);
}

struct shown_list {
    const struct node *found; /* what was sought or sifted; NULL: nothing was, or the newest */
    struct node *rows;        /* offers */
    struct node *way;         /* to the category, as it is called now */
};

static int read_list(struct ctx *c, struct sought *all, bool is_newest, struct shown_list *s)
{
    const struct list_ask *ask = all->ask;
    bool nothing_sought = ask->is_search && !all->words.n;
    const struct node *way = NULL;
    struct node *now = NULL;
    TRY(find_way(c, ask, &way));
    i64 category = end_of(way);
    if (!is_newest && !nothing_sought)
        TRY(find_products(c, all, &s->found));
    pg_batch(c);
    if (category)
        ask_way(c, way, &now);
    if (s->found)
        offers_ask(c, s->found, &s->rows);
    else if (!nothing_sought)
        q_catalog_list_new(c, &s->rows, category, ask->after_k, ask->after_id);
    TRY(pg_flush(c));
    s->way = category ? way_now(c, ask, way, now) : NULL;
    if (category && !s->way)
        TRY(make_way(c, (void *)(uintptr_t)ask, &s->way));
    if (s->found)
        s->rows = offers_as_found(c, s->found, s->rows);
    return E_OK;
}

static bool is_chosen(const struct list_ask *ask, str tag)
{
    for (size_t i = 0; i < ask->n_tags; i++)
        if (str_eq(ask->tags[i], tag))
            return true;
    return false;
}

static struct node *value_of(
    struct ctx *c, struct node *values, str code, str name, i64 n, str url, bool is_on)
{
    struct node *v = node_add_map(c->mem, values);
    node_set_str(c->mem, v, S("code"), code);
    node_set_str(c->mem, v, S("name"), name);
    node_set_int(c->mem, v, S("count"), n);
    node_set_str(c->mem, v, S("url"), url);
    node_set_bool(c->mem, v, S("is_on"), is_on);
    return v;
}

static struct node *group_of(struct ctx *c, struct node *filters, str code, str name)
{
    struct node *group = node_add_map(c->mem, filters);
    node_set_str(c->mem, group, S("code"), code);
    node_set_str(c->mem, group, S("name"), name);
    node_set_int(c->mem, group, S("more"), 0);
    node_hide(node_set_bool(c->mem, group, S("has_more"), false));
    return node_set_list(c->mem, group, S("values"));
}

static void chip(struct ctx *c, struct node *chips, str name, str url)
{
    struct node *one = node_add_map(c->mem, chips);
    node_set_str(c->mem, one, S("name"), name);
    node_set_str(c->mem, one, S("url"), url);
}

static str range_words(struct ctx *c, const struct list_ask *ask)
{
    str low = locale_money(c, ask->low, c->currency),
        high = locale_money(c, ask->high, c->currency);
    if (ask->has_low && ask->has_high)
        return str_fmt(c->mem, "%.*s – %.*s", STR(low), STR(high));
    /* "from" is said of a product whose variants begin at a price. */
    return ask->has_low ? str_fmt(c->mem, "%.*s %.*s", STR(say(c, "From")), STR(low))
                        : str_fmt(c->mem, "%.*s %.*s", STR(say(c, "Up to")), STR(high));
}

static str category_link(struct ctx *c, const struct list_ask *ask, str slug)
{
    struct list_ask there = *ask;
    if (ask->is_search)
        return link_of(c, ask, OTHER_CATEGORY, slug);
    there.path = str_fmt(c->mem, "/categories/%.*s", STR(slug));
    return link_of(c, &there, KEEP, str_none);
}

struct filters {
    struct node *filters, *chips, *price, *total;
};

static void option_value(struct ctx *c, const struct list_ask *ask, const struct node *row,
    struct node *values, struct node *chips)
{
    str tag = str_fmt(c->mem, "%.*s=%.*s", STR(node_str(row, "code")), STR(node_str(row, "value")));
    bool is_on = is_chosen(ask, tag);
    str url = link_of(c, ask, is_on ? WITHOUT_TAG : WITH_TAG, tag);
    if (!is_on && !node_int(row, "n"))
        return;
    value_of(c, values, node_str(row, "value"), node_str(row, "value_name"), node_int(row, "n"),
        url, is_on);
    if (is_on)
        chip(c, chips,
            str_fmt(c->mem, "%.*s: %.*s", STR(node_str(row, "code_name")),
                STR(node_str(row, "value_name"))),
            url);
}

static void set_bound(
    struct ctx *c, struct node *price, str key, const struct node *row, const char *from)
{
    if (row)
        node_set_int(c->mem, price, key, node_int(row, from));
    else
        node_set_null(c->mem, price, key);
}

/* The price form is a GET form of its own: what else was chosen goes along in hidden fields. */
static void price_filter(
    struct ctx *c, const struct list_ask *ask, const struct node *row, struct node *document)
{
    struct node *price = node_set_map(c->mem, document, S("price_filter"));
    set_bound(c, price, S("min"), row, "n");
    set_bound(c, price, S("max"), row, "n2");
    node_set_str(c->mem, price, S("currency"), c->currency);
    node_set_str(c->mem, price, S("from"), ask->price_min);
    node_set_str(c->mem, price, S("to"), ask->price_max);
    bool wrong_from = ask->price_min.n && !ask->has_low;
    bool wrong_to = ask->price_max.n && !ask->has_high;
    node_hide(node_set_bool(c->mem, price, S("from_is_wrong"), wrong_from));
    node_hide(node_set_bool(c->mem, price, S("to_is_wrong"), wrong_to));
    node_hide(node_set_bool(c->mem, price, S("is_wrong"), wrong_from || wrong_to));
    node_hide(node_set_str(c->mem, price, S("wrong_text"),
        say(c, money_no_amount(money_exponent(c->currency)))));
    node_set_str(c->mem, price, S("action"), ask->path);
    struct node *fields = node_set_list(c->mem, price, S("fields"));
    str rest = link_of(c, ask, WITHOUT_PRICE, str_none), pair, name, value;
    if (!str_cut(&rest, '?', &pair))
        return;
    while (str_cut(&rest, '&', &pair)) {
        value = pair;
        if (!str_cut(&value, '=', &name) || !unescape_url(c->mem, value, true, &value))
            continue;
        struct node *field = node_add_map(c->mem, fields);
        node_set_str(c->mem, field, S("name"), name);
        node_set_str(c->mem, field, S("value"), value);
    }
}

/* Of a very long list only the newest are counted; but what stands in each category is known as long
 * as nothing is chosen. */
static void mark_least(
    struct ctx *c, const struct list_ask *ask, const struct node *filters, bool is_least)
{
    EACH(group, filters) {
        bool is_whole = is_plain(ask) && str_is(node_str(&group->node, "code"), "category");
        EACH(it, node_get(&group->node, S("values")))
            node_hide(node_set_bool(
                c->mem, (struct node *)&it->node, S("is_least"), is_least && !is_whole));
    }
}

/* Of the last group. */
static void say_more(struct ctx *c, struct node *filters, i64 n)
{
    struct node *group = &filters->as.items.last->node;
    node_set_int(c->mem, group, S("more"), n);
    node_hide(node_set_bool(c->mem, group, S("has_more"), true));
}

static void filters_of(struct ctx *c, const struct list_ask *ask, const struct node *category,
    const struct node *rows, struct node *document)
{
    struct node *filters = node_list(c->mem), *chips = node_list(c->mem), *values = NULL;
    const struct node *price = NULL;
    str code = str_none;
    i64 total = 0, in_stock = 0;
    bool is_least = false, has_more = false;
    EACH(it, rows) {
        const struct node *row = &it->node;
        str kind = node_str(row, "kind");
        if (str_is(kind, "price")) {
            price = row;
        } else if (str_is(kind, "total")) {
            total = node_int(row, "n");
            is_least = !node_is_null(row, "n2");
        } else if (str_is(kind, "stock")) {
            in_stock = node_int(row, "n");
        } else if (str_is(kind, "groups")) {
            has_more = true;
        } else if (str_is(kind, "more")) {
            say_more(c, filters, node_int(row, "n"));
        } else if (!values || !str_eq(code, node_str(row, "code"))) {
            code = node_str(row, "code");
            bool is_category = str_is(kind, "category");
            values = group_of(
                c, filters, code, is_category ? say(c, "Category") : node_str(row, "code_name"));
        }
        if (str_is(kind, "category"))
            value_of(c, values, node_str(row, "value"), node_str(row, "value_name"),
                node_int(row, "n"), category_link(c, ask, node_str(row, "value")), false);
        else if (str_is(kind, "option"))
            option_value(c, ask, row, values, chips);
    }
    if (total || ask->available) {
        values = group_of(c, filters, S("available"), say(c, "Availability"));
        value_of(c, values, S("1"), say(c, "In stock"), in_stock,
            link_of(c, ask, TOGGLE_STOCK, str_none), ask->available);
    }
    if (ask->available)
        chip(c, chips, say(c, "In stock"), link_of(c, ask, TOGGLE_STOCK, str_none));
    if (ask->has_low || ask->has_high)
        chip(c, chips, range_words(c, ask), link_of(c, ask, WITHOUT_PRICE, str_none));
    if (ask->is_search && ask->category.n)
        chip(c, chips, category ? node_str(category, "name") : ask->category,
            link_of(c, ask, OTHER_CATEGORY, S("")));
    mark_least(c, ask, filters, is_least);
    node_set(c->mem, document, S("filters"), filters);
    node_set_bool(c->mem, document, S("has_more_filters"), has_more);
    node_set(c->mem, document, S("chips"), chips);
    node_set_int(c->mem, document, S("total"), total);
    node_set_bool(c->mem, document, S("total_is_least"), is_least && !is_plain(ask));
    node_set_bool(c->mem, document, S("counts_are_least"), is_least);
    price_filter(c, ask, price, document);
}

/* The first two and those something is chosen of stand open; the others wait folded. */
static bool stands_open(const struct node *group, size_t place)
{
    EACH(it, node_get(group, S("values")))
        if (node_bool(&it->node, "is_on"))
            return true;
    return place < 2;
}

/* A group whose values all count nothing would be an empty box. */
static void drop_empty_groups(struct ctx *c, struct node *document)
{
    struct node *kept = node_list(c->mem);
    EACH(it, node_get(document, S("filters"))) {
        if (!node_count(node_get(&it->node, S("values"))))
            continue;
        bool open = stands_open(&it->node, node_count(kept));
        struct node *group = node_add(c->mem, kept, (struct node *)&it->node);
        node_hide(node_set_bool(c->mem, group, S("is_open"), open));
    }
    node_set(c->mem, document, S("filters"), kept);
}

static void sorts_of(struct ctx *c, const struct list_ask *ask, struct node *document)
{
    static const struct {
        const char *code, *name;
    } sorts[] = {
        { "best", SAYS("Best match") },
        { "new", SAYS("Newest") },
        { "price_up", SAYS("Price, low to high") },
        { "price_down", SAYS("Price, high to low") },
        { "name", SAYS("Name") },
    };
    struct node *list = node_set_list(c->mem, document, S("sorts"));
    for (size_t i = ask->is_search ? 0 : 1; i < COUNT(sorts); i++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(sorts[i].code));
        node_set_str(c->mem, one, S("name"), say(c, sorts[i].name));
        node_set_str(c->mem, one, S("url"), link_of(c, ask, SORTED, str_of(sorts[i].code)));
        node_set_bool(c->mem, one, S("is_current"), str_is(ask->sort, sorts[i].code));
    }
}

static void next_of(
    struct ctx *c, const struct list_ask *ask, const struct node *rows, struct node *document)
{
    const struct node *last = NULL;
    size_t n = 0;
    EACH(it, rows)
        if (++n == PAGE)
            last = &it->node;
    if (n <= PAGE) {
        node_set_null(c->mem, document, S("next"));
        return;
    }
    struct node *next = node_set_map(c->mem, document, S("next"));
    node_set_str(c->mem, next, S("url"), link_of(c, ask, FROM_CURSOR, cursor_of(c, last)));
}

static void category_of(struct ctx *c, const struct list_ask *ask, const struct node *row,
    const struct node *way, struct node *document)
{
    struct node *crumbs = node_set_list(c->mem, document, S("crumbs"));
    if (!row || ask->is_search) {
        node_set_null(c->mem, document, S("category"));
        return;
    }
    struct node *category = node_set_map(c->mem, document, S("category"));
    node_set_str(c->mem, category, S("slug"), node_str(row, "slug"));
    node_set_str(c->mem, category, S("name"), node_str(row, "name"));
    node_set_str(c->mem, category, S("description"), node_str(row, "description"));
    EACH(it, way) {
        if (!it->next)
            break; /* itself */
        struct node *one = node_add_map(c->mem, crumbs);
        node_set_str(c->mem, one, S("name"), node_str(&it->node, "name"));
        node_set_str(c->mem, one, S("slug"), node_str(&it->node, "slug"));
    }
}

static void tags_of(
    struct req *r, const struct list_ask *ask, const struct node *category, const struct node *rows)
{
    size_t n = 0;
    cache_for(r, 60);
    if (!is_plain(ask) || ask->is_later)
        return; /* searched, filtered and later pages grow old for a minute at most */
    set_tag(r, "category", category ? node_int(category, "id") : 0);
    if (category)
        set_tag(r, "organisation", node_int(category, "organisation_id"));
    EACH(it, rows)
        if (n++ < PAGE)
            set_tag(r, "product", node_int(&it->node, "product_id"));
    tags_ahead(r);
}

/* A later page is itself what it shows, and is not in other languages: a place in the list by name
 * is another one there. What was searched for is nobody's page but the seeker's. */
static void say_to_robots(struct req *r, const struct list_ask *ask, struct node *document)
{
    struct ctx *c = &r->c;
    if (ask->is_search && ask->q.n)
        node_hide(node_set_bool(c->mem, document, S("noindex"), true));
    if (ask->is_later)
        page_stands_alone(r, document, link_of(c, ask, FROM_CURSOR, in_str(r, "after")));
}

int list_page(struct req *r, const struct list_ask *ask)
{
    struct ctx *c = &r->c;
    struct shown_list s = { 0 };
    struct node *cards;
    const struct node *facets = NULL, *category = NULL;
    str sought = ask->q.n ? locale_words(c->mem, ask->q) : S("");
    struct sought *all = NEW(c->mem, struct sought);
    struct list_ask *own = NEW(c->mem, struct list_ask);
    *own = *ask;
    *all = (struct sought){ own, sought };

    TRY(read_list(c, all, is_plain(ask) && str_is(ask->sort, "new"), &s));
    if (node_count(s.way))
        category = &s.way->as.items.last->node;
    tags_of(r, ask, category, s.rows);
    if (!ask->is_search || sought.n)
        TRY(kept_or_made(c, question_of(c, "facets", ask, sought), make_facets, all, &facets));
    TRY(cards_of(r, s.rows, PAGE, &cards));

    struct node *document = node_map(c->mem);
    category_of(c, ask, category, s.way, document);
    node_set_str(c->mem, document, S("q"), ask->q);
    node_set(c->mem, document, S("products"), cards);
    sorts_of(c, ask, document);
    filters_of(c, ask, category, facets, document);
    drop_empty_groups(c, document);
    next_of(c, ask, s.found ? s.found : s.rows, document);
    node_set_bool(c->mem, document, S("is_empty"), !node_count(s.rows));
    node_set_bool(c->mem, document, S("is_search"), ask->is_search);
    say_to_robots(r, ask, document);
    return reply_with(r, document);
}
