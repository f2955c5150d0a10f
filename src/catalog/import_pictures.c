/* Pictures of a file of products: found in a folder or fetched, before anything is written; and
 * which of them stands with what. */
#include "catalog/import_in.h"

#define MOST_PICTURE ((size_t)10 << 20)
#define ROOM         ((size_t)64 << 20) /* a growing buffer leaves its smaller selves behind */

/* "https://shop/media/<stem>-1200.webp", or that file's name: one of this shop's own. */
static i64 own_picture(struct product *p, str source)
{
    struct ctx *c = p->c;
    struct node *row = NULL;
    size_t start = source.n, end;
    while (start && source.p[start - 1] != '/')
        start--;
    str file = str_from(source, start);
    for (end = file.n; end && file.p[end - 1] != '-'; end--)
        continue;
    if (end < 17 || !str_ends(file, S(".webp")))
        return 0;
    if (q_media_by_stem(c, &row, p->in->wish->organisation, str_upto(file, end - 1)))
        fault_clear(c);
    return node_int(row, "id");
}

/* How a source is remembered: addresses may be as long as a page, or open a door. */
static str mark_of(struct ctx *c, str source)
{
    return str_upto(crypto_sha256_hex(c->mem, source), 32);
}

i64 import_brought(const struct product *p, str source)
{
    str mark = mark_of(p->c, source);
    EACH(it, p->brought)
        if (str_eq(node_str(&it->node, "source"), mark))
            return node_int(&it->node, "picture");
    return 0;
}

bool import_names_still(const struct product *p, i64 picture)
{
    EACH(it, p->found)
        if (import_brought(p, it->key) == picture)
            return true;
    return false;
}

int import_remember_pictures(struct product *p, i64 product)
{
    struct ctx *c = p->c;
    size_t n = 0, most = node_count(p->named) + 1;
    str *sources = NEWS(c->mem, str, most);
    i64 *pictures = NEWS(c->mem, i64, most);
    EACH(it, p->named) {
        sources[n] = mark_of(c, it->key);
        pictures[n++] = it->node.as.number;
    }
    return n ? q_catalog_put_picture_sources(
                   c, NULL, product, p->in->wish->organisation, sources, n, pictures, n)
             : E_OK;
}

static bool read_file(
    struct ctx *c, struct product *p, struct row *row, str file, str *bytes)
{
    bool ok = false;
    if (str_find(file, S("/")) >= 0 || file.p[0] == '.') {
        import_warn(p, row, S("a picture's name may have no folder in it"));
        return false;
    }
    str path = str_fmt(c->mem, "%.*s/%.*s", STR(p->in->wish->images_dir), STR(file));
    *bytes = file_read(c->mem, str_c(c->mem, path), MOST_PICTURE, &ok);
    if (!ok)
        import_warn(p, row, str_fmt(c->mem, "picture %.*s is not there", STR(file)));
    return ok;
}

/* Through the one guarded door: https, public peers, no redirects, so large and so long at most. */
static bool fetch(struct ctx *c, struct product *p, struct row *row, str address, str *bytes)
{
    struct http_answer answer = { 0 };
    struct http_call call = { .method = "GET",
        .url = address,
        .ceiling = MOST_PICTURE,
        .connect_us = 5 * SECOND,
        .total_us = 15 * SECOND };
    bool is_https = str_starts(address, S("https://"));
    int err = is_https ? http_call(c, &call, &answer) : E_PROVIDER;
    if (!err && answer.status == 200) {
        *bytes = answer.body;
        return true;
    }
    str why = !is_https ? S("only https is fetched")
        : err           ? c->fault.detail
                        : str_fmt(c->mem, "it answers %d", answer.status);
    import_warn(p, row, str_fmt(c->mem, "picture %.*s: %.*s", STR(address), STR(why)));
    fault_clear(c);
    return false;
}

static i64 take_in(struct ctx *c, struct product *p, struct row *row, str source)
{
    str bytes;
    i64 picture = 0;
    bool is_address = str_find(source, S("://")) >= 0;
    if (is_address ? !fetch(c, p, row, source, &bytes) : !read_file(c, p, row, source, &bytes))
        return 0;
    if (media_store(c, p->in->wish->organisation, bytes, false, &picture)) {
        import_warn(p, row, str_fmt(c->mem, "picture %.*s: %.*s", STR(source), STR(c->fault.text)));
        return 0;
    }
    return picture;
}

/* In memory of its own, or those of one product would be held all at once. */
static i64 take_in_apart(struct product *p, struct row *row, str source)
{
    struct ctx own = *p->c;
    own.mem = arena_new(ROOM);
    i64 picture = take_in(&own, p, row, source);
    arena_drop(own.mem);
    return picture;
}

/* Read, so that it is said of one just when it will be; what is in it is not looked at. */
static bool is_file(struct product *p, struct row *row, str source)
{
    struct ctx own = *p->c;
    str bytes;
    own.mem = arena_new(ROOM);
    bool is_there = read_file(&own, p, row, source, &bytes);
    arena_drop(own.mem);
    return is_there;
}

/* One that cannot be had now is the one that it was. */
static i64 picture_of(struct product *p, struct row *row, str source)
{
    struct ctx *c = p->c;
    const struct import_wish *wish = p->in->wish;
    bool is_address = str_find(source, S("://")) >= 0;
    i64 before = import_brought(p, source), picture;
    if (is_address && !wish->fetch_images) {
        if (!before)
            import_warn(p, row,
                str_fmt(c->mem, "picture %.*s is not fetched (--fetch-images does)", STR(source)));
        return before;
    }
    if (wish->rehearse) {
        if ((is_address || is_file(p, row, source)) && !before)
            import_warn(p, row, str_fmt(c->mem, "picture %.*s would be taken in", STR(source)));
        return before;
    }
    picture = take_in_apart(p, row, source);
    return picture ? picture : before;
}

static struct node *entry_of(const struct node *pictures, i64 picture)
{
    EACH(it, pictures)
        if (node_int(&it->node, "picture") == picture)
            return (struct node *)&it->node;
    return NULL;
}

static struct node *new_entry(struct product *p, struct node *pictures, i64 picture)
{
    struct node *entry = node_add_map(p->c->mem, pictures);
    node_set_int(p->c->mem, entry, S("picture"), picture);
    return entry;
}

static void set_option(struct product *p, struct node *entry, str option, str value)
{
    node_set_str(p->c->mem, node_set_map(p->c->mem, entry, S("option")), option, value);
}

/* What a picture stands with: a value of an option, or nothing. */
struct place {
    str option, value;
};

static struct place place_of(const struct node *options)
{
    const struct item *first = node_count(options) ? node_first(options) : NULL;
    return first ? (struct place){ first->key, first->node.as.text } : (struct place){ 0 };
}

static struct place place_of_row(const struct node *was)
{
    return (struct place){ node_str(was, "option_code"), node_str(was, "value_code") };
}

static bool same_place(struct place a, struct place b)
{
    return str_eq(a.option, b.option) && str_eq(a.value, b.value);
}

static bool is_there(const struct node *pictures, i64 picture, struct place at)
{
    EACH(it, pictures)
        if (node_int(&it->node, "picture") == picture &&
            same_place(place_of(node_get(&it->node, S("option"))), at))
            return true;
    return false;
}

/* One picture may stand with two values: so the one that stands there, else the first of them that
 * the file has not come to yet. */
static const struct node *row_of(const struct product *p, i64 was, i64 picture, struct place at,
    const struct node *pictures)
{
    const struct node *other = NULL;
    EACH(it, p->was.pictures) {
        struct place is = place_of_row(&it->node);
        if (node_int(&it->node, "picture") != was)
            continue;
        if (same_place(is, at))
            return &it->node;
        if (!other && !is_there(pictures, picture, is))
            other = &it->node;
    }
    return other;
}

/* As the product shows it already: this one, or the one that came from there before. */
static const struct node *shown_before(const struct product *p, str source, i64 picture,
    struct place at, const struct node *pictures)
{
    const struct node *was = row_of(p, picture, picture, at, pictures);
    return was ? was : row_of(p, import_brought(p, source), picture, at, pictures);
}

/* One that the product shows already stays as it is called there. */
static struct node *keep_picture(
    struct product *p, i64 picture, const struct node *was, struct node *pictures)
{
    struct place at = place_of_row(was);
    struct node *entry = new_entry(p, pictures, picture);
    node_set(p->c->mem, entry, S("alt"), node_get(was, S("alts")));
    if (at.option.n)
        set_option(p, entry, at.option, at.value);
    return entry;
}

/* What the file says of it, in English; the other languages stay. */
static void describe(struct product *p, struct node *entry, str words)
{
    struct node *before = node_get(entry, S("alt")), *names;
    if (!words.n || str_eq(node_str(before, "en"), words))
        return;
    names = node_map(p->c->mem);
    EACH(it, before)
        node_set(p->c->mem, names, it->key, (struct node *)&it->node);
    node_set_str(p->c->mem, names, S("en"), words);
    node_set(p->c->mem, entry, S("alt"), names);
}

static str name_of(const struct product *p)
{
    str name = p->rows[0].cells[NAME];
    return name.n ? name : node_str(node_get(p->before, S("name")), "en");
}

/* It stands in the list already, or before, or now: called as the product until somebody says. */
static struct node *take(
    struct product *p, str source, i64 picture, struct place at, struct node *pictures)
{
    struct node *entry = p->in->format->addresses ? entry_of(pictures, picture) : NULL;
    const struct node *was = entry ? NULL : shown_before(p, source, picture, at, pictures);
    if (entry || was)
        return entry ? entry : keep_picture(p, picture, was, pictures);
    entry = new_entry(p, pictures, picture);
    import_english(p->c, entry, S("alt"), name_of(p));
    if (at.option.n)
        set_option(p, entry, at.option, at.value);
    return entry;
}

static void find_pictures(struct product *p, struct row *row, str cell)
{
    str one;
    while (cell.n && str_cut(&cell, p->in->format->separator, &one)) {
        str source = str_trim(one);
        if (!source.n || node_get(p->found, source))
            continue;
        i64 picture = own_picture(p, source);
        bool is_own = picture != 0;
        if (!is_own)
            picture = picture_of(p, row, source);
        node_set_int(p->c->mem, p->found, source, picture);
        if (!is_own && picture)
            node_set_int(p->c->mem, p->named, source, picture);
    }
}

/* Outside of any transaction: they take their time. */
void import_pictures(struct product *p)
{
    p->found = node_map(p->c->mem);
    p->named = node_map(p->c->mem);
    if (p->rows[0].problem || !(p->in->wish->images_dir.n || p->in->format->addresses))
        return;
    if (q_catalog_picture_sources(p->c, &p->brought, p->in->wish->organisation, p->slug))
        fault_clear(p->c);
    for (size_t i = 0; i < p->n; i++) {
        find_pictures(p, &p->rows[i], p->rows[i].cells[ASSETS]);
        find_pictures(p, &p->rows[i], p->rows[i].cells[VARIANT_ASSETS]);
    }
}

static i64 found(const struct product *p, str source)
{
    const struct node *id = node_get(p->found, source);
    return id ? id->as.number : 0;
}

void import_add_pictures(struct product *p, const struct row *row, str cell, struct node *pictures,
    const struct node *options)
{
    str one;
    while (cell.n && str_cut(&cell, p->in->format->separator, &one)) {
        str source = str_trim(one);
        i64 picture = found(p, source);
        if (!picture)
            continue;
        struct node *entry = take(p, source, picture, place_of(options), pictures);
        if (!node_count(options))
            describe(p, entry, row->cells[ALT]);
    }
}

/* ---- of a variant ------------------------------------------------------------------------------
 * A picture stands with a value of one option: "Red", whatever the size. So the value is looked for
 * that all variants with this picture have, and no other. */

static str picture_of_row(const struct row *row) { return str_trim(row->cells[VARIANT_ASSETS]); }

static str chosen_value(const struct node *chosen, str option)
{
    const struct node *value = node_get(chosen, option);
    return value ? value->as.text : str_none;
}

static bool tells_apart(
    const struct product *p, const struct node *const *chosen, size_t at, str option)
{
    str source = picture_of_row(&p->rows[at]), value = chosen_value(chosen[at], option);
    for (size_t i = 0; i < p->n; i++)
        if (chosen[i] &&
            str_eq(picture_of_row(&p->rows[i]), source) !=
                str_eq(chosen_value(chosen[i], option), value))
            return false;
    return true;
}

/* The one it stands with already where there are several, as in a file of a few rows. */
static const struct node *telling_option(const struct product *p, const struct node *options,
    const struct node *const *chosen, size_t at)
{
    str source = picture_of_row(&p->rows[at]);
    struct place none = { 0 };
    str before = node_str(shown_before(p, source, found(p, source), none, NULL), "option_code");
    const struct node *first = NULL;
    EACH(it, options) {
        str code = node_str(&it->node, "code");
        if (!tells_apart(p, chosen, at, code))
            continue;
        if (str_eq(code, before))
            return &it->node;
        first = first ? first : &it->node;
    }
    return first;
}

static str called(const struct node *option, str value)
{
    EACH(it, node_get(option, S("values")))
        if (str_eq(node_str(&it->node, "code"), value))
            return node_str(node_get(&it->node, S("name")), "en");
    return value;
}

static bool is_first_with_it(const struct product *p, const struct node *const *chosen, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (chosen[i] && str_eq(picture_of_row(&p->rows[i]), picture_of_row(&p->rows[at])))
            return false;
    return true;
}

static void place(
    struct product *p, const struct node *option, str value, size_t at, struct node *pictures)
{
    struct row *row = &p->rows[at];
    str source = picture_of_row(row), name = option ? called(option, value) : str_none;
    struct place none = { 0 }; /* yet */
    i64 picture = found(p, source);
    struct node *entry = picture ? take(p, source, picture, none, pictures) : NULL;
    if (!option && !node_get(entry, S("option"))) /* nor does it stand with one already */
        import_warn(p, row,
            str_fmt(p->c->mem,
                "picture %.*s is kept with the whole product: no option tells its variants from "
                "the others",
                STR(source)));
    else if (option && p->in->wish->rehearse)
        import_warn(
            p, row, str_fmt(p->c->mem, "picture %.*s is that of %.*s", STR(source), STR(name)));
    if (entry && option)
        set_option(p, entry, node_str(option, "code"), value);
}

void import_place_pictures(struct product *p, const struct node *options,
    const struct node *const *chosen, struct node *pictures)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!chosen[i] || !picture_of_row(&p->rows[i]).n || !is_first_with_it(p, chosen, i))
            continue;
        const struct node *option = telling_option(p, options, chosen, i);
        if (!node_count(options)) { /* there is nothing to tell apart */
            str source = picture_of_row(&p->rows[i]);
            if (found(p, source))
                take(p, source, found(p, source), (struct place){ 0 }, pictures);
            continue;
        }
        str value = option ? chosen_value(chosen[i], node_str(option, "code")) : str_none;
        place(p, option, value, i, pictures);
    }
}
