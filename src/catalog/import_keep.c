/* What stays of a product of which a file names only some. */
#include "catalog/import_in.h"

typedef bool (*same)(const struct node *, const struct node *);

static bool same_options(const struct node *a, const struct node *b)
{
    if (node_count(a) != node_count(b))
        return false;
    EACH(it, a) {
        const struct node *other = node_get(b, it->key);
        if (!other || !str_eq(other->as.text, it->node.as.text))
            return false;
    }
    return true;
}

static bool same_variant(const struct node *a, const struct node *b)
{
    return str_eq(node_str(a, "sku"), node_str(b, "sku")) ||
        same_options(node_get(a, S("options")), node_get(b, S("options")));
}

static bool same_code(const struct node *a, const struct node *b)
{
    return str_eq(node_str(a, "code"), node_str(b, "code"));
}

static struct node *find(const struct node *list, const struct node *one, same is_same)
{
    EACH(it, list)
        if (is_same(&it->node, one))
            return (struct node *)&it->node;
    return NULL;
}

/* All of `is` where nothing of `was` is missing in it; else in the order of before, what is new
 * at the end. */
static struct node *merged(struct arena *mem, const struct node *was, struct node *is, same is_same)
{
    struct node *all = node_list(mem);
    bool is_whole = true;
    EACH(it, was) {
        struct node *now = find(is, &it->node, is_same);
        is_whole = is_whole && now;
        if (!now || !find(all, now, is_same))
            node_add(mem, all, now ? now : (struct node *)&it->node);
    }
    EACH(it, is)
        if (!find(all, &it->node, is_same))
            node_add(mem, all, (struct node *)&it->node);
    return is_whole ? is : all;
}

static i64 picture_of(const struct item *it) { return node_int(&it->node, "picture"); }

static const struct node *option_of(const struct item *it)
{
    return node_get(&it->node, S("option"));
}

static const struct item *first_of(const struct node *list, i64 picture)
{
    EACH(it, list)
        if (picture_of(it) == picture)
            return it;
    return NULL;
}

/* ---- a picture in another's place --------------------------------------------------------------
 */

static bool has_picture(const struct node *list, i64 picture)
{
    return first_of(list, picture) != NULL;
}

static str key_of(struct product *p, i64 picture)
{
    return str_fmt(p->c->mem, "%" PRId64, picture);
}

static bool is_among(const struct node *instead, i64 picture)
{
    EACH(it, instead)
        if (it->node.as.number == picture)
            return true;
    return false;
}

/* It stands with what the one before stood with, unless the file says with what. */
static void put_instead(struct product *p, struct node *instead, str source,
    const struct node *before, const struct item *now)
{
    struct node *entry = (struct node *)(uintptr_t)&now->node;
    node_set_int(p->c->mem, instead, key_of(p, node_int(before, "picture")), picture_of(now));
    if (!node_get(entry, S("option")) && node_get(before, S("option")))
        node_set(p->c->mem, entry, S("option"), node_get(before, S("option")));
    import_warn(p, p->rows,
        str_fmt(p->c->mem, "picture %.*s takes the place of the one before", STR(source)));
}

/* The same name, another picture. */
static void put_changed(
    struct product *p, struct node *instead, const struct node *was, const struct node *is)
{
    EACH(it, p->named) {
        i64 picture = it->node.as.number, before = import_brought(p, it->key);
        const struct item *old = first_of(was, before), *now = first_of(is, picture);
        if (old && now && before != picture && !has_picture(is, before) &&
            !has_picture(was, picture) && !is_among(instead, picture))
            put_instead(p, instead, it->key, &old->node, now);
    }
}

static bool is_brought(const struct product *p, i64 picture)
{
    EACH(it, p->brought)
        if (node_int(&it->node, "picture") == picture)
            return true;
    return false;
}

/* A file that names fewer than were brought may be one of a few rows; so may be one of which not all
 * can be had. */
static bool names_all(const struct product *p, const struct node *was)
{
    size_t n = 0;
    EACH(it, p->found)
        if (!it->node.as.number)
            return false;
    EACH(it, was)
        n += is_brought(p, picture_of(it));
    return n && node_count(p->found) >= n;
}

/* Another name in place of one that the file has no more, in the order of both. */
static void put_renamed(
    struct product *p, struct node *instead, const struct node *was, const struct node *is)
{
    const struct item *old = node_first(was);
    if (!names_all(p, was))
        return;
    EACH(it, p->named) {
        i64 picture = it->node.as.number;
        const struct item *now = first_of(is, picture);
        if (!now || import_brought(p, it->key) || has_picture(was, picture) ||
            is_among(instead, picture))
            continue;
        while (old &&
            (!is_brought(p, picture_of(old)) || has_picture(is, picture_of(old)) ||
                import_names_still(p, picture_of(old))))
            old = old->next;
        if (!old)
            return;
        put_instead(p, instead, it->key, &old->node, now);
        old = old->next;
    }
}

static struct node *replaced(struct product *p, const struct node *was, const struct node *is)
{
    struct node *instead = node_map(p->c->mem); /* a picture of before -> the one in its place */
    put_changed(p, instead, was, is);
    put_renamed(p, instead, was, is);
    return instead;
}

/* Which of the file's stands in each one's place: one picture may stand there twice, with two values.
 * Those with the same value first; used: by the file's places. */
static void find_places(struct product *p, const struct node *was, const struct node *is,
    const struct node *instead, const struct item **now, bool *used)
{
    for (int same_value = 1; same_value >= 0; same_value--) {
        size_t at = 0;
        EACH(old, was) {
            const struct item **mine = &now[at++];
            i64 other = node_int(instead, key_of(p, picture_of(old)).p);
            size_t i = 0;
            EACH(new, is) {
                bool fits = picture_of(new) == (other ? other : picture_of(old)) &&
                    (!same_value || same_options(option_of(old), option_of(new)));
                if (fits && !*mine && !used[i]) {
                    *mine = new;
                    used[i] = true;
                }
                i++;
            }
        }
    }
}

/* As merged() does it. No fewer than before come out, as they are written by their places; nor more
 * than a product may have, unless the file alone has them: pictures of addresses whose bytes differ
 * each time would be added each time. */
static struct node *merged_pictures(struct product *p, const struct node *was, struct node *is)
{
    struct arena *mem = p->c->mem;
    struct node *all = node_list(mem);
    const struct item **now = NEWS(mem, const struct item *, node_count(was) + 1);
    bool *used = NEWS(mem, bool, node_count(is) + 1);
    size_t left = 0, i = 0;
    bool is_whole = true;
    find_places(p, was, is, replaced(p, was, is), now, used);
    EACH(it, was) {
        is_whole = is_whole && now[i];
        node_add(mem, all, (struct node *)&(now[i] ? now[i] : it)->node);
        i++;
    }
    i = 0;
    EACH(it, is)
        if (used[i++])
            continue;
        else if (!is_whole && node_count(all) >= MAX_PICTURES)
            left++;
        else
            node_add(mem, all, (struct node *)&it->node);
    if (left)
        import_warn(p, p->rows,
            str_fmt(
                mem, "%zu of its pictures left out: a product has at most %d", left, MAX_PICTURES));
    return is_whole ? is : all;
}

/* A variant of before that has each of the options the product has now. */
static bool fits(const struct node *variant, const struct node *options)
{
    const struct node *chosen = node_get(variant, S("options"));
    EACH(it, options)
        if (!node_get(chosen, node_str(&it->node, "code")))
            return false;
    return node_count(chosen) == node_count(options);
}

static bool is_chosen(const struct node *variants, str option, const struct node *value)
{
    EACH(it, variants) {
        const struct node *chosen = node_get(node_get(&it->node, S("options")), option);
        if (chosen && str_eq(chosen->as.text, node_str(value, "code")))
            return true;
    }
    return false;
}

/* One that is for sale and has not each option any more could not be chosen, nor saved by anybody. */
static int check_left(struct product *p, const struct node *was)
{
    const struct node *variants = node_get(p->doc, S("variants"));
    EACH(it, node_get(was, S("variants"))) {
        if (fits(&it->node, node_get(p->doc, S("options"))) ||
            find(variants, &it->node, same_variant))
            continue;
        p->rows[0].problem = str_fmt(p->in->c->mem,
            "it has other options here, and the file does not say what variant %.*s has of these",
            STR(node_str(&it->node, "sku")))
                                 .p;
        return E_INPUT;
    }
    return E_OK;
}

int import_keep(struct product *p)
{
    struct arena *mem = p->c->mem;
    struct node *options = node_get(p->doc, S("options"));
    if (!p->was.product)
        return E_OK;
    struct node *was = product_document(p->c, &p->was);
    TRY(check_left(p, was));
    struct node *variants = merged(
        mem, node_get(was, S("variants")), node_get(p->doc, S("variants")), same_variant);
    node_set(mem, p->doc, S("variants"), variants);
    EACH(it, options) {
        struct node *option = (struct node *)&it->node, *values = node_list(mem);
        EACH(v, node_get(find(node_get(was, S("options")), option, same_code), S("values")))
            if (is_chosen(variants, node_str(option, "code"), &v->node))
                node_add(mem, values, (struct node *)&v->node);
        node_set(mem, option, S("values"),
            merged(mem, values, node_get(option, S("values")), same_code));
    }
    struct node *pictures = node_get(p->doc, S("pictures"));
    if (pictures)
        node_set(
            mem, p->doc, S("pictures"), merged_pictures(p, node_get(was, S("pictures")), pictures));
    node_set_bool(mem, p->doc, S("whole_options"), true); /* of all variants there are */
    return E_OK;
}
