/* mustache_parse: the text of one template becomes operations.
 *
 * In three steps: cut the text into tokens (a text token never reaches past its line), match
 * the tags and mark what a tag alone on its line takes away with it, then write operations. */
#include "web/mustache_in.h"

struct token {
    char kind; /* 't' text, 'v' value, or the tag's own sign: & # ^ / > < $ ! = */
    bool dropped, alone, ends_line, dynamic;
    uint32_t line;
    uint32_t mate;   /* the matching tag; 0: none (the first token is always text) */
    uint32_t holder; /* the innermost open tag around it; 0: none */
    uint32_t op;     /* what an opening tag became, for its closing tag */
    const char *from, *to;
    str text; /* literal, or the name */
    str indent;
    const struct delimiters *delimiters;
};

struct parser {
    struct templates *set;
    struct template *t;
    struct arena *mem, *scratch; /* what stays, and what is needed on the way only */
    const struct delimiters *delimiters;
    struct token *tokens;
    uint32_t n, room;
    bool bad;
};

#define BAD(p, line, ...) ((p)->bad = true, template_error((p)->set, (p)->t, (line), __VA_ARGS__))

enum { SCRATCH = 512 << 20 }; /* more than the largest template's tags take */

static void *exactly(struct arena *mem, const void *from, size_t n)
{
    return n ? memcpy(arena_raw(mem, n), from, n) : NULL;
}

static bool is_blank(char ch) { return ch == ' ' || ch == '\t'; }

static bool is_space(char ch) { return is_blank(ch) || ch == '\n' || ch == '\r'; }

static bool all_space(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_space(s.p[i]))
            return false;
    return true;
}

static size_t blanks(str s)
{
    size_t n = 0;
    while (n < s.n && is_blank(s.p[n]))
        n++;
    return n;
}

/* ---- tokens --------------------------------------------------------------------------- */

static struct token *token(
    struct parser *p, char kind, const char *from, const char *to, uint32_t line)
{
    if (p->n == p->room) {
        uint32_t room = p->room ? p->room * 2 : 64;
        struct token *more = NEWS(p->scratch, struct token, room);
        if (p->n)
            memcpy(more, p->tokens, p->n * sizeof *more);
        p->tokens = more;
        p->room = room;
    }
    struct token *k = &p->tokens[p->n++];
    *k = (struct token){
        .kind = kind, .from = from, .to = to, .line = line, .delimiters = p->delimiters
    };
    return k;
}

static uint32_t cut_text(struct parser *p, str s, uint32_t line)
{
    while (s.n) {
        const char *end = memchr(s.p, '\n', s.n);
        size_t n = end ? (size_t)(end - s.p) + 1 : s.n;
        struct token *k = token(p, 't', s.p, s.p + n, line);
        k->text = str_upto(s, n);
        k->ends_line = end;
        line += k->ends_line;
        s = str_from(s, n);
    }
    return line;
}

static const struct delimiters *delimiters_new(struct arena *mem, struct delimiters now)
{
    struct delimiters *kept = NEW(mem, struct delimiters);
    *kept = now;
    return kept;
}

static void set_delimiters(struct parser *p, str inside, uint32_t line)
{
    inside = str_trim(inside);
    size_t n = 0;
    while (n < inside.n && !is_space(inside.p[n]))
        n++;
    str open = str_upto(inside, n), close = str_trim(str_from(inside, n));
    for (size_t i = 0; i < close.n; i++)
        if (is_space(close.p[i]))
            close.n = 0;
    if (!open.n || !close.n || memchr(inside.p, '=', inside.n)) {
        BAD(p, line, "two delimiters are wanted, as in {{=<%% %%>=}}");
        return;
    }
    p->delimiters = delimiters_new(p->mem, (struct delimiters){ open, close });
}

static void name_tag(struct parser *p, struct token *k, str inside)
{
    k->text = str_trim(inside);
    if ((k->kind == '>' || k->kind == '<' || k->kind == '/') && str_starts(k->text, S("*"))) {
        k->dynamic = true;
        k->text = str_trim(str_from(k->text, 1));
    }
    if (!k->text.n) {
        BAD(p, k->line, "a tag without a name");
        return;
    }
    for (size_t i = 0; i < k->text.n && p->set->rules.html; i++)
        if (is_space(k->text.p[i])) {
            BAD(p, k->line, "a name with a space in it: %.*s", STR(k->text));
            return;
        }
}

static uint32_t count_lines(str s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Takes the tag at the head of *rest; false when it is not closed. */
static bool cut_tag(struct parser *p, str *rest, uint32_t *line)
{
    str inside = str_from(*rest, p->delimiters->open.n);
    char sign = inside.n ? inside.p[0] : 0;
    str close = p->delimiters->close;
    if (sign && strchr("#^/><$!&={", sign))
        inside = str_from(inside, 1);
    else
        sign = 'v';
    if (sign == '{' || sign == '=')
        close = str_fmt(p->scratch, "%c%.*s", sign == '{' ? '}' : '=', STR(close));
    i64 end = str_find(inside, close);
    if (end < 0)
        return false;
    const char *to = inside.p + end + close.n;
    inside = str_upto(inside, (size_t)end);
    struct token *k = token(p, sign == '{' ? '&' : sign, rest->p, to, *line);
    if (sign == '=')
        set_delimiters(p, inside, *line);
    else if (sign != '!')
        name_tag(p, k, inside);
    *line += count_lines((str){ rest->p, (size_t)(to - rest->p) });
    *rest = str_from(*rest, (size_t)(to - rest->p));
    return true;
}

static void tokenize(struct parser *p, str rest)
{
    uint32_t line = 1;
    token(p, 't', rest.p, rest.p, 1)->dropped = true; /* so that index 0 means none */
    while (rest.n) {
        i64 at = str_find(rest, p->delimiters->open);
        str text = at < 0 ? rest : str_upto(rest, (size_t)at);
        line = cut_text(p, text, line);
        rest = str_from(rest, text.n);
        if (at >= 0 && !cut_tag(p, &rest, &line)) {
            BAD(p, line, "a tag is opened here and never closed");
            return;
        }
        if (p->n > 1000000) {
            BAD(p, line, "this template is too large");
            return;
        }
    }
}

static void match(struct parser *p)
{
    uint32_t open[MAX_NESTING];
    size_t depth = 0;
    for (uint32_t i = 1; i < p->n; i++) {
        struct token *k = &p->tokens[i];
        k->holder = depth ? open[depth - 1] : 0;
        if (strchr("#^<$", k->kind)) {
            if (depth == MAX_NESTING) {
                BAD(p, k->line, "sections nested more than %d deep", MAX_NESTING);
                return;
            }
            open[depth++] = i;
        } else if (k->kind == '/') {
            struct token *mate = depth ? &p->tokens[open[depth - 1]] : NULL;
            if (!mate) {
                BAD(p, k->line, "{{/%.*s}} closes nothing", STR(k->text));
                return;
            }
            if (!str_eq(mate->text, k->text) || mate->dynamic != k->dynamic) {
                BAD(p, k->line, "{{/%.*s}} stands where {{%c%.*s}} of line %u must be closed",
                    STR(k->text), mate->kind, STR(mate->text), mate->line);
                return;
            }
            mate->mate = i;
            k->mate = open[--depth];
            k->holder = depth ? open[depth - 1] : 0;
        }
    }
    if (depth) {
        struct token *left = &p->tokens[open[depth - 1]];
        BAD(p, left->line, "{{%c%.*s}} is never closed", left->kind, STR(left->text));
    }
}

/* ---- lines ---------------------------------------------------------------------------- */

static bool blank_before(const struct parser *p, uint32_t i)
{
    while (--i) {
        const struct token *k = &p->tokens[i];
        if (k->kind != 't')
            return false;
        if (k->ends_line)
            return true;
        if (!all_space(k->text))
            return false;
    }
    return true;
}

static bool blank_after(const struct parser *p, uint32_t i)
{
    while (++i < p->n) {
        const struct token *k = &p->tokens[i];
        if (k->kind != 't' || !all_space(k->text))
            return false;
        if (k->ends_line)
            return true;
    }
    return true;
}

/* Drops the white space before tag i on its line and returns it. */
static str drop_before(struct parser *p, uint32_t i)
{
    struct token *k = &p->tokens[i - 1];
    if (i == 1 || k->kind != 't' || k->ends_line)
        return str_none;
    k->dropped = true;
    return k->text;
}

static void drop_after(struct parser *p, uint32_t i)
{
    if (i + 1 < p->n && p->tokens[i + 1].kind == 't')
        p->tokens[i + 1].dropped = true;
}

/* The white space that the first line with anything on it begins with, between two tags. */
static str inner_indent(const struct parser *p, uint32_t from, uint32_t to)
{
    for (uint32_t i = from + 1; i < to; i++) {
        const struct token *k = &p->tokens[i];
        if (k->kind != 't')
            return str_none;
        if (k->dropped || (k->ends_line && all_space(k->text)))
            continue;
        return str_upto(k->text, blanks(k->text));
    }
    return str_none;
}

/* An argument is written at some depth of its own; that depth is taken off its lines. */
static void dedent(struct parser *p, uint32_t from, uint32_t to)
{
    str much = inner_indent(p, from, to);
    for (uint32_t i = from + 1; i < to && much.n; i++) {
        struct token *k = &p->tokens[i];
        if (k->kind == 't' && p->tokens[i - 1].ends_line && str_starts(k->text, much))
            k->text = str_from(k->text, much.n);
    }
}

static bool is_argument(const struct parser *p, const struct token *k)
{
    return k->kind == '$' && k->holder && p->tokens[k->holder].kind == '<';
}

static void mark_parent(struct parser *p, uint32_t i)
{
    struct token *k = &p->tokens[i];
    if (!blank_before(p, i) || !blank_after(p, k->mate))
        return;
    k->alone = p->tokens[k->mate].alone = true;
    k->indent = drop_before(p, i);
    drop_after(p, k->mate);
}

static void mark_block(struct parser *p, uint32_t i)
{
    struct token *k = &p->tokens[i], *end = &p->tokens[k->mate];
    bool argument = is_argument(p, k), before = blank_before(p, i);
    if (blank_after(p, i) && (argument || before)) {
        k->alone = true;
        drop_after(p, i);
    }
    str lead = before && !argument ? drop_before(p, i) : str_none;
    if (argument && k->alone)
        dedent(p, i, k->mate);
    if (blank_before(p, k->mate)) {
        drop_before(p, k->mate);
        if (blank_after(p, k->mate)) {
            end->alone = true;
            drop_after(p, k->mate);
        }
    }
    k->indent = lead;
    if (k->alone && !argument && inner_indent(p, i, k->mate).n)
        k->indent = inner_indent(p, i, k->mate);
}

static void mark_lines(struct parser *p)
{
    for (uint32_t i = 1; i < p->n; i++) {
        struct token *k = &p->tokens[i];
        if (k->kind == '<')
            mark_parent(p, i);
        else if (k->kind == '$')
            mark_block(p, i);
        else if (k->kind == '/' && strchr("<$", p->tokens[k->mate].kind))
            continue;
        else if (strchr("#^/>!=", k->kind) && blank_before(p, i) && blank_after(p, i)) {
            k->alone = true;
            k->indent = drop_before(p, i);
            drop_after(p, i);
        }
    }
}

/* ---- operations ----------------------------------------------------------------------- */

struct writer {
    struct parser *p;
    struct op *ops;
    uint32_t n;
    bool line_starts;
};

static const struct name nameless;

static struct op *op_new(struct writer *w, enum op_kind kind, const struct token *k)
{
    struct op *op = &w->ops[w->n++];
    *op = (struct op){ .kind = kind,
        .line = k->line,
        .end = w->n,
        .name = &nameless,
        .delimiters = k->delimiters,
        .dynamic = k->dynamic,
        .alone = k->alone,
        .indent = k->indent };
    if (!k->alone) {
        op->starts_line = w->line_starts;
        w->line_starts = false;
    }
    return op;
}

static void write_text(struct writer *w, const struct token *k)
{
    if (k->dropped) {
        w->line_starts |= k->ends_line;
        return;
    }
    struct op *last = w->n ? &w->ops[w->n - 1] : NULL;
    if (last && last->kind == OP_TEXT && last->text.p + last->text.n == k->text.p &&
        w->p->tokens[k - w->p->tokens - 1].kind == 't')
        last->text.n += k->text.n;
    else if (k->text.n)
        op_new(w, OP_TEXT, k)->text = k->text;
    w->line_starts = k->ends_line;
}

static str inside_of(const struct parser *p, const struct token *k)
{
    const char *to = p->tokens[k->mate].from;
    return (str){ k->to, (size_t)(to - k->to) };
}

/* Squeezes white space, so that a message may be broken over lines. */
static str squeeze(struct arena *mem, str s)
{
    s = str_trim(s);
    struct buf out = buf_new(mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        if (!is_space(s.p[i]))
            buf_char(&out, s.p[i]);
        else if (!is_space(s.p[i - 1]))
            buf_char(&out, ' ');
    return buf_str(&out);
}

size_t template_args(struct templates *set, str text, const struct name **args, size_t most)
{
    size_t n = 0;
    str word;
    for (str rest = squeeze(set->mem, text); str_cut(&rest, ' ', &word); n++)
        if (n < most)
            args[n] = templates_name(set, word);
    return n;
}

static void write_lambda(struct writer *w, struct token *k, const struct lambda *lambda)
{
    struct parser *p = w->p;
    struct op *op = op_new(w, OP_LAMBDA, k);
    op->lambda = lambda;
    op->name = templates_name(p->set, k->text);
    op->text = squeeze(p->mem, inside_of(p, k));
    for (const struct token *in = k + 1; in < &p->tokens[k->mate]; in++)
        if (in->kind != 't') {
            BAD(p, in->line, "a tag inside {{#%.*s}}: keep it outside, or use a {hole}",
                STR(k->text));
            return;
        }
    const char *wrong = lambda->check ? lambda->check(op->text) : NULL;
    if (wrong)
        BAD(p, k->line, "{{#%.*s}}%.*s: %s", STR(k->text), STR(op->text), wrong);
    if (lambda->takes != TAKES_NAMES)
        return;
    const struct name *args[MAX_ARGS];
    size_t n = template_args(p->set, op->text, args, MAX_ARGS);
    op->n_args = (uint8_t)(n < MAX_ARGS ? n : MAX_ARGS);
    op->args = exactly(p->mem, args, sizeof *args * op->n_args);
    if (n < lambda->least || n > lambda->most || n > MAX_ARGS)
        BAD(p, k->line, "{{#%.*s}} takes %u to %u names", STR(k->text), lambda->least,
            lambda->most);
}

static uint32_t write_opener(struct writer *w, uint32_t i)
{
    struct parser *p = w->p;
    struct token *k = &p->tokens[i];
    const struct lambda *lambda =
        p->set->rules.html && strchr("#^", k->kind) ? lambda_find(p->set, k->text) : NULL;
    if (lambda && k->kind == '^')
        BAD(p, k->line, "{{^%.*s}}: %.*s is a lambda, which is always true", STR(k->text),
            STR(k->text));
    if (lambda) {
        k->alone = false; /* its line stays: a lambda writes text where it stands */
        write_lambda(w, k, lambda);
        return k->mate;
    }
    enum op_kind kind = k->kind == '#' ? OP_SECTION
        : k->kind == '^'               ? OP_INVERTED
        : k->kind == '<'               ? OP_PARENT
                                       : OP_BLOCK;
    struct op *op = op_new(w, kind, k);
    op->name = templates_name(p->set, k->text);
    if (kind == OP_SECTION)
        op->text = inside_of(p, k);
    if (kind == OP_BLOCK) {
        op->argument = is_argument(p, k);
        op->opens_line = k->alone;
        op->hangs = k->alone || blank_before(p, i);
        w->line_starts = k->alone;
    }
    k->op = (uint32_t)(op - w->ops);
    return i;
}

static void write_closer(struct writer *w, const struct token *k)
{
    const struct token *mate = &w->p->tokens[k->mate];
    if (strchr("#^", mate->kind)) {
        if (!k->alone && w->line_starts)
            op_new(w, OP_INDENT, k);
    } else if (mate->kind == '<') {
        w->line_starts = mate->alone;
    } else if (k->alone) {
        w->line_starts = true;
    }
    w->ops[mate->op].end = w->n;
}

/* Only blocks count inside a parent; anything else there would vanish without a word. */
static uint32_t skip_in_parent(struct writer *w, uint32_t i)
{
    const struct token *k = &w->p->tokens[i];
    bool harmless = strchr("!=", k->kind) || (k->kind == 't' && all_space(k->text));
    if (w->p->set->rules.html && !harmless)
        BAD(w->p, k->line, "only blocks may stand inside {{<%.*s}}",
            STR(w->p->tokens[k->holder].text));
    return k->mate > i ? k->mate : i;
}

static uint32_t write_token(struct writer *w, uint32_t i)
{
    struct parser *p = w->p;
    struct token *k = &p->tokens[i];
    struct op *op;
    if (k->kind != '/' && k->holder && p->tokens[k->holder].kind == '<' && k->kind != '$')
        return skip_in_parent(w, i);
    switch (k->kind) {
    case 't': write_text(w, k); return i;
    case 'v':
    case '&':
        op = op_new(w, OP_VALUE, k);
        op->name = templates_name(p->set, k->text);
        op->raw = k->kind == '&';
        return i;
    case '>':
        op = op_new(w, OP_PARTIAL, k);
        op->name = templates_name(p->set, k->text);
        return i;
    case '/': write_closer(w, k); return i;
    case '!':
    case '=': return i;
    default: return write_opener(w, i);
    }
}

bool template_parse(struct templates *set, struct template *t, struct delimiters in)
{
    struct arena *scratch = arena_new(SCRATCH);
    struct parser p = {
        .set = set,
        .t = t,
        .mem = set->mem,
        .scratch = scratch,
        .delimiters = delimiters_new(set->mem, in),
    };
    tokenize(&p, t->text);
    if (!p.bad)
        match(&p);
    if (!p.bad) {
        mark_lines(&p);
        struct writer w = { .p = &p, .line_starts = true };
        w.ops = NEWS(scratch, struct op, p.n);
        for (uint32_t i = 1; i < p.n; i++)
            i = write_token(&w, i);
        t->ops = exactly(set->mem, w.ops, sizeof *w.ops * w.n);
        t->n_ops = w.n;
    }
    t->broken = p.bad;
    arena_drop(scratch);
    return !p.bad;
}
