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

/* The nth of this picture in a list: one may stand there twice, with two values. */
static const struct item *nth(const struct node *list, i64 picture, size_t n)
{
    EACH(it, list)
        if (picture_of(it) == picture && n-- == 0)
            return it;
    return NULL;
}

static size_t times_before(const struct node *list, const struct item *one)
{
    size_t n = 0;
    EACH(it, list) {
        if (it == one)
            break;
        n += picture_of(it) == picture_of(one);
    }
    return n;
}

/* As merged() does it. No fewer than before come out, as they are written by their places; nor more
 * than a product may have, unless the file alone has them: pictures of addresses whose bytes differ
 * each time would be added each time. */
static struct node *merged_pictures(struct product *p, const struct node *was, struct node *is)
{
    struct arena *mem = p->c->mem;
    struct node *all = node_list(mem);
    size_t left = 0;
    bool is_whole = true;
    EACH(it, was) {
        const struct item *now = nth(is, picture_of(it), times_before(was, it));
        is_whole = is_whole && now;
        node_add(mem, all, (struct node *)&(now ? now : it)->node);
    }
    EACH(it, is)
        if (nth(was, picture_of(it), times_before(is, it)))
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

void import_keep(struct product *p)
{
    struct arena *mem = p->c->mem;
    struct node *options = node_get(p->doc, S("options"));
    if (!p->was.product)
        return;
    struct node *was = product_document(p->c, &p->was), *old = node_list(mem);
    EACH(it, node_get(was, S("variants")))
        if (fits(&it->node, options))
            node_add(mem, old, (struct node *)&it->node);
    struct node *variants = merged(mem, old, node_get(p->doc, S("variants")), same_variant);
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
}
