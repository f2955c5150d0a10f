/* mustache_run: operations become text.
 *
 * One pass, no allocation for plain tags. The context is a stack of nodes; blocks find their
 * arguments in frames, outermost first, and an argument sees only the frames its author saw.
 *
 * Measured: a page of 24 cards with options, links and pictures (8.6 kB) takes 30 us, half of it
 * ICU's money; 14 us without. */
#include "web/mustache_in.h"
#include "web/web_in.h"
#include <stdio.h>
#include <stdlib.h>

/* The arguments one open parent was given. */
struct frame {
    const struct template *t;
    uint32_t from, to;
    const struct frame *env; /* what could be seen where the parent tag stands */
};

struct render {
    struct ctx *c;
    const struct templates *set;
    struct buf *out;
    size_t depth, partials;
    size_t runs;
    size_t indented;
    const struct node *stack[MAX_STACK];
    char indent[MAX_INDENT];
};

/* Where we are: one template's operations under one indentation and one set of frames. */
struct at {
    const struct template *t;
    const struct frame *frame;
    str indent;
};

static int run(struct render *r, const struct at *at, uint32_t from, uint32_t to);

static int wrong(
    struct render *r, const struct at *at, const struct op *op, const char *what, str name)
{
    return fail_detail(r->c, E_INTERNAL, "template", "%.*s:%u: %s %.*s", STR(at->t->file), op->line,
        what, STR(name));
}

/* ---- names ---------------------------------------------------------------------------- */

static const struct node absent_but_allowed = { .kind = N_NULL };

static const struct node *member(const struct node *of, str key)
{
    i64 i;
    if (of->kind == N_MAP) {
        for (const struct item *item = of->as.items.first; item; item = item->next)
            if (item->key.n == key.n && key.n && *item->key.p == *key.p &&
                !memcmp(item->key.p, key.p, key.n))
                return &item->node;
    } else if (of->kind == N_LIST && str_int(key, &i) && i >= 0) {
        for (const struct item *item = of->as.items.first; item; item = item->next)
            if (!i--)
                return &item->node;
    }
    return NULL;
}

/* What a form that was not sent yet has not got: these may be left out of a document. */
static bool may_be_absent(str first) { return str_is(first, "form") || str_is(first, "errors"); }

static const struct node *look(const struct render *r, const struct name *name)
{
    if (!name->n)
        return r->stack[r->depth - 1];
    const struct node *found = NULL;
    for (size_t i = r->depth; i && !found; i--)
        found = member(r->stack[i - 1], name->parts[0]);
    for (size_t i = 1; i < name->n && found; i++) {
        const struct node *next = member(found, name->parts[i]);
        if (!next && found->kind != N_MAP)
            return &absent_but_allowed; /* what has nothing inside has not forgotten it */
        found = next;
    }
    return found || !may_be_absent(name->parts[0]) ? found : &absent_but_allowed;
}

/* E_OK and NULL: not there, and that is allowed. */
static int find(struct render *r, const struct at *at, const struct op *op, const struct name *name,
    const struct node **found)
{
    *found = look(r, name);
    if (!*found && r->set->rules.strict)
        return wrong(r, at, op, "the document has no", name->whole);
    return E_OK;
}

const struct node *call_find(const struct call *call, str name)
{
    if (name.n && !memchr(name.p, '.', name.n))
        return look(call->at, &(struct name){ .whole = name, .n = 1, .parts = &name });
    struct name dotted = name_parse(call->c->mem, name);
    return look(call->at, &dotted);
}

static bool is_true(const struct node *n)
{
    if (!n)
        return false;
    switch (n->kind) {
    case N_NULL: return false;
    case N_BOOL: return n->as.yes;
    case N_INT: return n->as.number != 0;
    case N_REAL: return n->as.real != 0;
    case N_STR: return n->as.text.n != 0;
    case N_LIST: return n->as.items.first;
    case N_MAP: return true;
    }
    return false;
}

/* ---- values --------------------------------------------------------------------------- */

/* A URL of a srcset ends at a space or comma; in a value they are part of it. */
static void add_srcset(struct buf *out, str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ',')
            buf_add(out, S("%2C"));
        else if ((unsigned char)s.p[i] <= ' ')
            buf_fmt(out, "%%%02X", (unsigned char)s.p[i]);
        else
            escape_html(out, (str){ s.p + i, 1 });
}

static void add_escaped(struct buf *out, str s, enum escape how)
{
    switch (how) {
    case AS_UNDECIDED:
    case AS_HTML: escape_html(out, s); return;
    case AS_RAW: buf_add(out, s); return;
    case AS_URL_PART: escape_url_part(out, s); return;
    case AS_URL: escape_html(out, escape_url_is_safe(s) ? s : S("#")); return;
    case AS_SRCSET: add_srcset(out, escape_url_is_safe(s) ? s : S("#")); return;
    }
}

static str text_of(const struct node *n, char *room, size_t size)
{
    int wrote = 0;
    switch (n->kind) {
    case N_NULL:
    case N_LIST:
    case N_MAP: return str_none;
    case N_STR: return n->as.text;
    case N_BOOL: return n->as.yes ? S("true") : S("false");
    case N_INT: wrote = snprintf(room, size, "%" PRId64, n->as.number); break;
    case N_REAL: /* the fewest digits that read back the same */
        for (int digits = 15; digits <= 17; digits++) {
            wrote = snprintf(room, size, "%.*g", digits, n->as.real);
            if (strtod(room, NULL) == n->as.real)
                break;
        }
    }
    return (str){ room, (size_t)wrote };
}

static void add_value(struct render *r, const struct node *n, enum escape how)
{
    char room[40];
    if (n->kind == N_INT && (how == AS_HTML || how == AS_UNDECIDED))
        buf_int(r->out, n->as.number);
    else
        add_escaped(r->out, text_of(n, room, sizeof room), how);
}

static enum escape how(const struct op *op)
{
    return op->escape ? op->escape : op->raw ? AS_RAW : AS_HTML;
}

/* ---- lambdas -------------------------------------------------------------------------- */

static bool is_literal(str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (!(word.p[i] >= 'A' && word.p[i] <= 'Z'))
            return false;
    return word.n;
}

static int call_lambda(struct render *r, const struct at *at, const struct op *op,
    const struct lambda *lambda, const struct name *const *args, size_t n_args, str text,
    str *out)
{
    const struct node *values[MAX_ARGS] = { 0 };
    str words[MAX_ARGS];
    for (size_t i = 0; i < n_args; i++) {
        words[i] = args[i]->whole;
        if (!is_literal(words[i]))
            TRY(find(r, at, op, args[i], &values[i]));
    }
    struct call call = {
        .c = r->c, .text = text, .words = words, .args = values, .n = n_args, .at = r
    };
    int err = lambda->run(&call, out);
    if (err && !r->c->fault.detail.n)
        wrong(r, at, op, "this lambda failed:", op->name->whole);
    return err;
}

/* The set, for what is read while rendering: that is gone with the request. */
static struct templates set_for(const struct render *r)
{
    struct templates set = *r->set;
    set.mem = r->c->mem;
    set.names = NULL;
    return set;
}

/* What a lambda of the specification gave back is a template. */
static int run_given(
    struct render *r, const struct at *at, const struct op *op, str text, struct delimiters in)
{
    if (++r->runs > MAX_RUNS || r->partials == MAX_PARTIALS)
        return wrong(r, at, op, "too much work for", op->name->whole);
    struct buf errors = buf_new(r->c->mem, 4096);
    struct templates set = set_for(r);
    set.errors = &errors;
    struct template given = { .name = at->t->name, .file = at->t->file, .text = text };
    if (!template_parse(&set, &given, in))
        return fail_detail(r->c, E_INTERNAL, "template", "%.*s", STR(buf_str(&errors)));
    for (uint32_t i = 0; i < given.n_ops; i++)
        if (given.ops[i].kind == OP_PARTIAL || given.ops[i].kind == OP_PARENT)
            given.ops[i].partial = templates_find(r->set, given.ops[i].name->whole);
    struct at inside = { .t = &given, .frame = at->frame, .indent = str_none };
    r->partials++;
    int err = run(r, &inside, 0, given.n_ops);
    r->partials--;
    return err;
}

/* Plain rules only: a name that the document lacks may be a lambda. */
static int run_found_lambda(
    struct render *r, const struct at *at, const struct op *op, const struct lambda *lambda)
{
    str text = str_none;
    bool section = op->kind == OP_SECTION;
    const struct name *args[MAX_ARGS];
    size_t n = 0;
    if (lambda->takes == TAKES_NAMES) {
        struct templates set = set_for(r);
        n = template_args(&set, op->text, args, MAX_ARGS);
        if (n < lambda->least || n > lambda->most || n > MAX_ARGS)
            return wrong(r, at, op, "wrong number of names in", op->name->whole);
    }
    str inside = lambda->takes == GIVES_TEMPLATE ? op->text : str_trim(op->text);
    TRY(call_lambda(r, at, op, lambda, args, n, inside, &text));
    if (lambda->takes != GIVES_TEMPLATE)
        add_escaped(r->out, text, lambda->gives == GIVES_JSON ? AS_HTML : how(op));
    else if (section)
        return run_given(r, at, op, text, *op->delimiters);
    else { /* rendered first, escaped as a whole then */
        struct buf *page = r->out, value = buf_new(r->c->mem, page->ceiling);
        r->out = &value;
        int err = run_given(r, at, op, text, (struct delimiters){ S("{{"), S("}}") });
        r->out = page;
        page->full |= value.full;
        TRY(err);
        add_escaped(r->out, buf_str(&value), how(op));
    }
    return E_OK;
}

static int run_lambda(struct render *r, const struct at *at, const struct op *op)
{
    str text = str_none;
    TRY(call_lambda(r, at, op, op->lambda, op->args, op->n_args, op->text, &text));
    add_escaped(r->out, text, how(op));
    return E_OK;
}

/* ---- operations ----------------------------------------------------------------------- */

static int run_value(struct render *r, const struct at *at, const struct op *op)
{
    const struct node *n = look(r, op->name);
    if (!n && !r->set->rules.html) {
        const struct lambda *lambda = lambda_find(r->set, op->name->whole);
        if (lambda && lambda->takes == GIVES_TEMPLATE)
            return run_found_lambda(r, at, op, lambda);
    }
    if (!n && r->set->rules.strict)
        return wrong(r, at, op, "the document has no", op->name->whole);
    if (n)
        add_value(r, n, how(op));
    return E_OK;
}

static void add_text(struct render *r, const struct at *at, str s)
{
    if (!at->indent.n) {
        buf_add(r->out, s);
        return;
    }
    for (const char *end; (end = memchr(s.p, '\n', s.n)) && (size_t)(end - s.p) + 1 < s.n;) {
        size_t n = (size_t)(end - s.p) + 1;
        buf_add(r->out, str_upto(s, n));
        buf_add(r->out, at->indent);
        s = str_from(s, n);
    }
    buf_add(r->out, s);
}

static int run_with(
    struct render *r, const struct at *at, const struct op *op, const struct node *top, uint32_t i)
{
    if (r->depth == MAX_STACK)
        return wrong(r, at, op, "sections too deep at", op->name->whole);
    r->stack[r->depth++] = top;
    int err = run(r, at, i + 1, op->end);
    r->depth--;
    return err;
}

static int run_section(struct render *r, const struct at *at, uint32_t i)
{
    const struct op *op = &at->t->ops[i];
    const struct node *n = look(r, op->name);
    if (!n && !r->set->rules.html) {
        const struct lambda *lambda = lambda_find(r->set, op->name->whole);
        if (lambda)
            return op->kind == OP_INVERTED ? E_OK : run_found_lambda(r, at, op, lambda);
    }
    if (!n && r->set->rules.strict)
        return wrong(r, at, op, "the document has no", op->name->whole);
    if (op->kind == OP_INVERTED)
        return is_true(n) ? E_OK : run(r, at, i + 1, op->end);
    if (!is_true(n))
        return E_OK;
    if (n->kind != N_LIST)
        return run_with(r, at, op, n, i);
    EACH(item, n) {
        TRY(run_with(r, at, op, &item->node, i));
        if (op->once)
            break;
    }
    return E_OK;
}

/* The indentation that is in force, and this much more. */
static int indent_more(struct render *r, const struct at *at, const struct op *op, str *indent)
{
    *indent = at->indent;
    if (!op->indent.n)
        return E_OK;
    if (r->indented + at->indent.n + op->indent.n > MAX_INDENT)
        return wrong(r, at, op, "indented too deep:", op->name->whole);
    char *p = r->indent + r->indented;
    if (at->indent.n)
        memcpy(p, at->indent.p, at->indent.n);
    memcpy(p + at->indent.n, op->indent.p, op->indent.n);
    *indent = (str){ p, at->indent.n + op->indent.n };
    r->indented += indent->n;
    return E_OK;
}

/* Dynamic partials name what the document says; only names of this set can be reached. */
static int find_partial(
    struct render *r, const struct at *at, const struct op *op, const struct template **t)
{
    *t = op->partial;
    if (!op->dynamic)
        return E_OK;
    char room[40];
    const struct node *n;
    TRY(find(r, at, op, op->name, &n));
    *t = n ? templates_find(r->set, text_of(n, room, sizeof room)) : NULL;
    if (*t && r->set->rules.html && (*t)->plain_text != at->t->plain_text)
        *t = NULL; /* nothing in a text is escaped */
    if (!*t && n && r->set->rules.strict)
        return wrong(r, at, op, "no template is called what is in", op->name->whole);
    return E_OK;
}

static int run_partial(struct render *r, const struct at *at, uint32_t i)
{
    const struct op *op = &at->t->ops[i];
    const struct template *t;
    TRY(find_partial(r, at, op, &t));
    if (!t)
        return E_OK;
    bool may_be_ready = op->kind == OP_PARTIAL && r->set->rules.html;
    if (may_be_ready && piece_add(r->out, r->stack[r->depth - 1], t->name))
        return E_OK;
    if (t->broken)
        return wrong(r, at, op, "this template has errors:", t->name);
    if (r->partials == MAX_PARTIALS)
        return wrong(r, at, op, "partials too deep at", op->name->whole);
    size_t indented = r->indented;
    struct frame given = { .t = at->t, .from = i + 1, .to = op->end, .env = at->frame };
    struct at inside = { .t = t, .frame = op->kind == OP_PARENT ? &given : at->frame };
    if (op->alone)
        TRY(indent_more(r, at, op, &inside.indent));
    r->partials++;
    int err = run(r, &inside, 0, t->n_ops);
    r->partials--;
    r->indented = indented;
    return err;
}

static const struct op *find_argument(const struct at *at, str name, const struct frame **in)
{
    const struct op *found = NULL;
    for (const struct frame *f = at->frame; f; f = f->env)
        for (uint32_t i = f->from; i < f->to; i = f->t->ops[i].end)
            if (f->t->ops[i].kind == OP_BLOCK && str_eq(f->t->ops[i].name->whole, name)) {
                found = &f->t->ops[i];
                *in = f;
            }
    return found;
}

static int run_argument(struct render *r, const struct at *at, const struct op *op,
    const struct op *argument, const struct frame *frame)
{
    if (r->partials == MAX_PARTIALS)
        return wrong(r, at, op, "blocks too deep at", op->name->whole);
    size_t indented = r->indented;
    struct at inside = { .t = frame->t, .frame = frame->env };
    if (op->hangs)
        TRY(indent_more(r, at, op, &inside.indent));
    if (op->hangs && !argument->opens_line)
        buf_add(r->out, inside.indent);
    uint32_t i = (uint32_t)(argument - frame->t->ops);
    r->partials++;
    int err = run(r, &inside, i + 1, argument->end);
    r->partials--;
    r->indented = indented;
    return err;
}

static int run_block(struct render *r, const struct at *at, uint32_t i)
{
    const struct op *op = &at->t->ops[i];
    const struct frame *frame = NULL;
    const struct op *argument = find_argument(at, op->name->whole, &frame);
    if (argument)
        return run_argument(r, at, op, argument, frame);
    if (op->hangs && !op->opens_line) {
        buf_add(r->out, at->indent);
        buf_add(r->out, op->indent);
    }
    return run(r, at, i + 1, op->end);
}

static int run(struct render *r, const struct at *at, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i = at->t->ops[i].end) {
        const struct op *op = &at->t->ops[i];
        if (op->starts_line && op->kind != OP_BLOCK)
            buf_add(r->out, at->indent);
        switch (op->kind) {
        case OP_TEXT: add_text(r, at, op->text); break;
        case OP_VALUE: TRY(run_value(r, at, op)); break;
        case OP_SECTION:
        case OP_INVERTED: TRY(run_section(r, at, i)); break;
        case OP_PARTIAL:
        case OP_PARENT: TRY(run_partial(r, at, i)); break;
        case OP_BLOCK: TRY(run_block(r, at, i)); break;
        case OP_LAMBDA: TRY(run_lambda(r, at, op)); break;
        case OP_INDENT: break;
        }
        if (r->out->full)
            return wrong(r, at, op, "the page has become too large at", op->name->whole);
    }
    return E_OK;
}

int template_render(struct ctx *c, const struct templates *set, str name,
    const struct node *document, struct buf *out)
{
    const struct template *t = templates_find(set, name);
    if (!t || t->broken)
        return fail_detail(c, E_INTERNAL, "template", "there is no template %.*s", STR(name));
    struct render r;
    r.c = c;
    r.set = set;
    r.out = out;
    r.depth = 1;
    r.partials = r.runs = r.indented = 0;
    r.stack[0] = document;
    struct at at = { .t = t };
    return run(&r, &at, 0, t->n_ops);
}
