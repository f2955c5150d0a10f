/* pieces.c: what partials and shapes make of the things of a list, kept like rows (copies.c): a
 * card that says what it said a moment ago is neither put together nor written again. */
#include "web/web_in.h"

enum { PIECE_MOST = 64 << 10 }; /* bytes; of those that are kept, COPIED_MOST */

/* All that a partial sees but the thing it is given: words, prices and addresses follow the
 * language and the currency, and is_guest says whether nginx puts the form token in. */
struct seen {
    char room[16];
    size_t n;
};

static void see(struct seen *s, str what)
{
    for (size_t i = 0; i < what.n && s->n < sizeof s->room; i++)
        s->room[s->n++] = what.p[i];
}

static str seen_by(const struct req *r, struct seen *s)
{
    see(s, r->c.lang);
    see(s, r->c.currency);
    see(s, r->format == JSON ? S("{}") : r->kind == KIND_SSI ? S("*") : S(""));
    return (str){ s->room, s->n };
}

static const struct node *kept(struct req *r, const char *name, i64 id, i64 state)
{
    struct seen seen = { .n = 0 };
    return copy_of_row(&r->c, name, seen_by(r, &seen), id, state);
}

/* In the check every other one is not taken but made, and has to be the one that would have been.
 */
static bool is_checked(const struct req *r) { return str_is(r->c.app->mode, "test"); }

static struct node *piece(struct req *r, const char *name, str text)
{
    struct node *map = node_map(r->c.mem);
    node_hide(node_set_str(r->c.mem, map, str_of(name), text));
    return map;
}

struct node *piece_kept(struct req *r, const char *name, i64 id, i64 state)
{
    if (is_checked(r) && r->c.app->pieces_asked++ % 2)
        return NULL;
    const struct node *text = kept(r, name, id, state);
    return text ? piece(r, name, text->as.text) : NULL;
}

static int write_piece(struct req *r, const char *name, struct node *of, struct buf *text)
{
    struct ctx *c = &r->c;
    str wrong;
    if (r->format == HTML) {
        node_hide(node_set_bool(c->mem, of, S("is_guest"), r->kind != KIND_SSI));
        return template_render(c, c->app->templates, str_of(name), of, text);
    }
    const struct shape *shape = shape_find(c->app->shapes, str_of(name));
    if (!shape || !shape_write(text, shape, of, &wrong))
        text->full = true; /* reply_shape says what is wrong with it */
    return E_OK;
}

int piece_made(
    struct req *r, const char *name, i64 id, i64 state, struct node *of, struct node **out)
{
    struct ctx *c = &r->c;
    struct seen seen = { .n = 0 };
    struct buf text = buf_new(c->mem, PIECE_MOST);
    *out = of;
    TRY(write_piece(r, name, of, &text));
    if (text.full)
        return E_OK;
    struct node whole = { .kind = N_STR, .as.text = buf_str(&text) };
    const struct node *other = is_checked(r) ? kept(r, name, id, state) : NULL;
    if (other && !str_eq(other->as.text, whole.as.text))
        return fail_detail(c, E_INTERNAL, "reply.piece",
            "%s of %" PRId64 " is no more what is kept: %.*s", name, id, STR(other->as.text));
    row_copied(c, name, seen_by(r, &seen), id, state, &whole);
    *out = piece(r, name, whole.as.text);
    return E_OK;
}

bool piece_add(struct buf *out, const struct node *of, str name)
{
    const struct item *first = of->kind == N_MAP ? of->as.items.first : NULL;
    if (!first || !first->node.private_ || !str_eq(first->key, name))
        return false;
    buf_add(out, first->node.as.text);
    return true;
}
