/* mustache_place: where in the HTML does each tag stand?
 *
 * The place of every tag decides how a value is escaped, or that no escaping makes it safe there.
 * What cannot be known for sure is an error: a section must leave the HTML in the place where it
 * found it, or somewhere both ways of passing it can be followed on. */
#include "web/place_in.h"

/* ---- values --------------------------------------------------------------------------- */

static const char *why_not(const struct place *p)
{
    switch (p->state) {
    case LESS:
    case TAG_NAME:
    case CLOSE_TAG: return "a tag's name cannot come from the document";
    case IN_TAG:
    case EDGE:
    case ATTR_NAME:
    case AFTER_NAME: return "an attribute's name cannot come from the document";
    case BEFORE_VALUE:
    case UNQUOTED: return "put quotes around this attribute";
    case DECLARATION: return "a declaration cannot come from the document";
    case COMMENT: return "values do not belong in comments; for a note use {{! }}";
    case BODY: return "no value is safe inside a script or style; put it in a data- attribute";
    case VALUE: break;
    case TEXT_:
    case INCLUDE: return NULL;
    }
    switch (p->attr) {
    case SCRIPT_ATTR: return "no value is safe in this attribute: what is in it is executed";
    case STYLE_ATTR: return "no value is safe in a style attribute; use a class";
    case MARKUP_ATTR: return "no value is safe in an attribute that holds markup";
    case JSON_ONLY: return "this attribute is JSON: fill it with {{#json}} as a whole";
    case URL_OF_CODE: return "code and frames come from {{#asset}} or {{#url}} only";
    default: return NULL;
    }
}

static enum escape in_url(struct walk *w, const struct op *op, struct place *p)
{
    enum begun begun = p->begun;
    p->begun = BEGUN_;
    bool is_path = op->lambda && op->lambda->gives == GIVES_URL && !p->query;
    if (is_path)
        return AS_HTML;
    if (begun == MAYBE)
        BAD(w, op->line,
            "whether the address begins here depends on the section before: "
            "put it into that section, and its other case into an inverted one behind it");
    if (p->attr == URLS)
        return begun == BEGUN_ ? AS_URL_PART : AS_SRCSET;
    return begun == BEGUN_ ? AS_URL_PART : AS_URL;
}

static enum escape escape_for(struct walk *w, const struct op *op, struct place *p)
{
    bool json = op->lambda && op->lambda->gives == GIVES_JSON;
    bool url = op->lambda && op->lambda->gives == GIVES_URL;
    if (op->raw) {
        str last = op->name->n ? op->name->parts[op->name->n - 1] : str_none;
        if (!str_ends(last, S("_html")))
            BAD(w, op->line, "{{{%.*s}}}: only names ending in _html go unescaped",
                STR(op->name->whole));
        else if (p->state != TEXT_)
            BAD(w, op->line, "{{{%.*s}}}: markup belongs between tags", STR(op->name->whole));
        return AS_RAW;
    }
    if (p->state == BODY && p->body == READS)
        return AS_HTML;
    if (p->state == BODY && p->body == DATA && json)
        return AS_RAW;
    if (p->state == VALUE && p->attr == JSON_ONLY && json)
        return AS_HTML;
    if (p->state == VALUE && p->attr == URL_OF_CODE && url && p->begun == AT_START)
        return in_url(w, op, p);
    const char *why = why_not(p);
    if (why)
        BAD(w, op->line, "%.*s: %s", STR(op->name->whole), why);
    if (p->state == VALUE && (p->attr == URL || p->attr == URLS))
        return in_url(w, op, p);
    if (p->state == INCLUDE)
        return url ? AS_RAW : AS_URL_PART;
    return AS_HTML;
}

static void decide(struct walk *w, struct op *op, struct place *p)
{
    enum escape escape = escape_for(w, op, p);
    if (op->escape && op->escape != escape)
        BAD(w, op->line, "%.*s: the block it is in stands in places that escape differently",
            STR(op->name->whole));
    op->escape = escape;
}

/* ---- both ways of passing a section --------------------------------------------------- */

static bool is_edge(enum state s)
{
    return s == TAG_NAME || s == IN_TAG || s == EDGE || s == ATTR_NAME || s == AFTER_NAME;
}

static bool is_white(enum state s) { return s == IN_TAG || s == AFTER_NAME; }

/* Inside a tag a section begins on a clean edge. */
static void open_edge(struct place *p)
{
    if (is_edge(p->state))
        p->state = is_white(p->state) ? IN_TAG : EDGE;
}

static bool same_place(const struct place *a, const struct place *b)
{
    return a->state == b->state && a->attr == b->attr && a->body == b->body &&
        a->quote == b->quote && a->query == b->query && a->begun == b->begun &&
        a->json == b->json && a->tag_n == b->tag_n && !memcmp(a->tag, b->tag, a->tag_n);
}

static const char *where(const struct place *p)
{
    switch (p->state) {
    case TEXT_: return "between tags";
    case COMMENT:
    case INCLUDE: return "inside a comment";
    case BODY: return "inside an element's body";
    case VALUE:
    case UNQUOTED: return "inside an attribute";
    default: return "inside a tag";
    }
}

/* Where we are when either of two ways may have been gone. */
static struct place join(struct walk *w, const struct op *op, struct place a, struct place b)
{
    if (is_edge(a.state) && is_edge(b.state)) {
        a.state = is_white(a.state) && is_white(b.state) ? IN_TAG : EDGE;
        b.state = a.state;
        a.name_n = b.name_n = 0;
    }
    if (a.state == VALUE && b.state == VALUE && a.begun != b.begun)
        a.begun = b.begun = MAYBE;
    a.query = b.query = a.query || b.query;
    a.refresh |= b.refresh;
    if (!same_place(&a, &b))
        BAD(w, op->line, "%.*s: one way it ends %s, the other way %s%s", STR(op->name->whole),
            where(&a), where(&b), a.state == b.state ? ", but not the same one" : "");
    return a;
}

static void walk(struct walk *w, uint32_t from, uint32_t to, struct place *p);

/* A section; with an inverted one of the same name right behind it, either-or. */
static uint32_t walk_section(struct walk *w, uint32_t i, uint32_t to, struct place *p)
{
    struct op *op = &w->t->ops[i], *other = op->end < to ? &w->t->ops[op->end] : NULL;
    open_edge(p);
    struct place here = *p, first = here, second = here;
    walk(w, i + 1, op->end, &first);
    bool pair = other && str_eq(op->name->whole, other->name->whole) &&
        op->kind + other->kind == OP_SECTION + OP_INVERTED;
    if (pair)
        walk(w, op->end + 1, other->end, &second);
    struct op *loop = op->kind == OP_SECTION ? op : pair ? other : op;
    loop->once |= !same_place(&here, loop == op ? &first : &second);
    *p = join(w, op, first, second);
    return pair ? other->end : op->end;
}

/* ---- blocks --------------------------------------------------------------------------- */

/* What must be assumed behind a block, whatever it is filled with. */
static struct place behind_block(struct place p)
{
    if (is_edge(p.state))
        p.state = EDGE;
    if (p.state == VALUE && (p.attr == URL || p.attr == URLS) && p.begun == AT_START)
        p.begun = MAYBE;
    p.name_n = 0;
    return p;
}

static void walk_content(struct walk *w, uint32_t i, struct place from)
{
    struct op *op = &w->t->ops[i];
    struct place inside = from;
    walk(w, i + 1, op->end, &inside);
    join(w, op, behind_block(from), behind_block(inside));
}

static void walk_block(struct walk *w, uint32_t i, struct place *p)
{
    open_edge(p);
    struct place **places = &w->t->places[i], *known = *places;
    while (known && !same_place(known, p))
        known = known->next;
    if (!known) {
        struct place *more = NEW(w->set->placing, struct place);
        *more = *p;
        more->next = *places;
        *places = more;
    }
    walk_content(w, i, *p);
    *p = behind_block(*p);
}

/* The places of every block of this name that can be reached from a template. */
static void collect_places(
    struct walk *w, str name, struct template *t, uint32_t round, struct place **all)
{
    t->seen = round;
    for (uint32_t i = 0; i < t->n_ops; i++) {
        const struct op *op = &t->ops[i];
        if (t->places && op->kind == OP_BLOCK && str_eq(op->name->whole, name))
            for (const struct place *at = t->places[i]; at; at = at->next) {
                struct place *copy = NEW(w->set->placing, struct place);
                *copy = *at;
                copy->next = *all;
                *all = copy;
            }
        bool into = (op->kind == OP_PARENT || op->kind == OP_PARTIAL) && op->partial;
        if (into && op->partial->seen != round)
            collect_places(w, name, op->partial, round, all);
    }
}

static void walk_parent(struct walk *w, uint32_t i)
{
    const struct op *op = &w->t->ops[i];
    if (op->dynamic) {
        BAD(w, op->line, "{{<*%.*s}}: a parent's name must be written out", STR(op->name->whole));
        return;
    }
    for (uint32_t a = i + 1; a < op->end; a = w->t->ops[a].end) {
        str name = w->t->ops[a].name->whole;
        struct place *all = NULL;
        collect_places(w, name, op->partial, ++w->set->round, &all);
        if (!all)
            BAD(w, w->t->ops[a].line, "%.*s has no block {{$%.*s}}", STR(op->name->whole),
                STR(name));
        for (; all; all = all->next) /* an argument is walked from every place it may fill */
            walk_content(w, a, *all);
    }
}

static bool has_blocks(const struct template *t)
{
    for (uint32_t i = 0; i < t->n_ops; i++)
        if (t->ops[i].kind == OP_BLOCK)
            return true;
    return false;
}

static void walk_partial(struct walk *w, uint32_t i, struct place *p)
{
    const struct op *op = &w->t->ops[i];
    if (p->state != TEXT_)
        BAD(w, op->line, "%.*s: partials and parents belong between tags", STR(op->name->whole));
    struct template *t = op->dynamic ? NULL : templates_find(w->set, op->name->whole);
    if (t && t->plain_text != w->t->plain_text)
        BAD(w, op->line, "%.*s: text and HTML do not mix", STR(op->name->whole));
    if (t && t->placed == PLACING && (op->kind == OP_PARENT || has_blocks(t)))
        BAD(w, op->line, "%.*s uses itself and has blocks", STR(op->name->whole));
    else if (t && t->placed == NOT_PLACED)
        template_place(w->set, t);
    if (op->kind == OP_PARENT && (op->dynamic || t->placed == PLACED))
        walk_parent(w, i);
}

static void walk(struct walk *w, uint32_t from, uint32_t to, struct place *p)
{
    for (uint32_t i = from; i < to;) {
        struct op *op = &w->t->ops[i];
        uint32_t next = op->end;
        switch (op->kind) {
        case OP_TEXT: html_follow(w, p, op->text, op->line); break;
        case OP_VALUE:
        case OP_LAMBDA: decide(w, op, p); break;
        case OP_SECTION:
        case OP_INVERTED: next = walk_section(w, i, to, p); break;
        case OP_PARTIAL:
        case OP_PARENT: walk_partial(w, i, p); break;
        case OP_BLOCK: walk_block(w, i, p); break;
        case OP_INDENT: break;
        }
        i = next;
    }
}

void template_place(struct templates *set, struct template *t)
{
    if (t->placed != NOT_PLACED || t->broken)
        return;
    t->placed = PLACING;
    t->places = NEWS(set->placing, struct place *, t->n_ops);
    struct walk w = { .set = set, .t = t };
    struct place p = { .state = TEXT_ };
    if (t->plain_text)
        for (uint32_t i = 0; i < t->n_ops; i++)
            t->ops[i].escape = AS_RAW;
    else
        walk(&w, 0, t->n_ops, &p);
    if (p.state != TEXT_ && p.state != LESS)
        BAD(&w, t->n_ops ? t->ops[t->n_ops - 1].line : 1, "the template ends %s", where(&p));
    t->placed = PLACED;
}
