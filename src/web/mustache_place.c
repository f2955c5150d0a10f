/* mustache_place: where in the HTML does each tag stand?
 *
 * The literal text is followed as a browser would read it, just far enough to know the place of
 * every tag: that decides how a value is escaped, or that no escaping makes it safe there. What
 * cannot be known for sure is an error: a section must leave the HTML in the place where it
 * found it, or somewhere both ways of passing it can be followed on. */
#include "web/mustache_in.h"

enum state {
    TEXT_, /* between tags */
    LESS,  /* behind "<" */
    TAG_NAME,
    IN_TAG, /* white space before an attribute */
    EDGE,   /* an attribute may have just ended: white space, "/" or ">" must follow */
    ATTR_NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    VALUE,
    UNQUOTED,
    CLOSE_TAG,
    DECLARATION, /* <!doctype, <?xml */
    COMMENT,
    INCLUDE, /* <!--# for nginx, in text or in a quoted value */
    BODY,    /* of an element whose content is no HTML: script, style, title, textarea */
};

enum attr { PLAIN, URL, URL_OF_CODE, URLS, JSON_ONLY, SCRIPT_ATTR, STYLE_ATTR, MARKUP_ATTR };
enum body { NO_BODY, RUNS, READS, DATA }; /* script and style; title and textarea; JSON */
enum begun { AT_START, BEGUN_, MAYBE };

struct place {
    enum state state, back; /* back: where an include ends */
    enum attr attr;
    enum body body;
    enum begun begun;
    char quote;
    bool query, refresh, json;
    char tag[16], name[32], value[24];
    size_t tag_n, name_n, value_n;
    struct place *next;
};

struct walk {
    struct templates *set;
    struct template *t;
};

#define BAD(w, line, ...) template_error((w)->set, (w)->t, (line), __VA_ARGS__)

/* ---- names ---------------------------------------------------------------------------- */

/* One end may be open: "on*". */
static const struct attr_kind {
    const char *tag, *name;
    enum attr attr;
} attr_kinds[] = {
    { "script", "src", URL_OF_CODE },
    { "iframe", "src", URL_OF_CODE },
    { "embed", "src", URL_OF_CODE },
    { "object", "data", URL_OF_CODE },
    { "base", "href", URL_OF_CODE },
    { NULL, "href", URL },
    { NULL, "src", URL },
    { NULL, "action", URL },
    { NULL, "formaction", URL },
    { NULL, "poster", URL },
    { NULL, "cite", URL },
    { NULL, "background", URL },
    { NULL, "manifest", URL },
    { NULL, "ping", URL },
    { NULL, "longdesc", URL },
    { NULL, "xlink:href", URL },
    { NULL, "srcset", URLS },
    { NULL, "imagesrcset", URLS },
    { NULL, "hx-get", URL },
    { NULL, "hx-post", URL },
    { NULL, "hx-put", URL },
    { NULL, "hx-patch", URL },
    { NULL, "hx-delete", URL },
    { NULL, "hx-push-url", URL },
    { NULL, "hx-replace-url", URL },
    { NULL, "hx-sse:connect", URL },
    { NULL, "hx-sse-connect", URL },
    { NULL, "sse-connect", URL },
    { NULL, "hx-vals", JSON_ONLY },
    { NULL, "hx-headers", JSON_ONLY },
    { NULL, "hx-config", JSON_ONLY },
    { NULL, "hx-vars", SCRIPT_ATTR },
    { NULL, "hx-trigger", SCRIPT_ATTR }, /* its filters are */
    { NULL, "hx-on*", SCRIPT_ATTR },
    { NULL, "on*", SCRIPT_ATTR },
    { NULL, "style", STYLE_ATTR },
    { NULL, "srcdoc", MARKUP_ATTR },
};

static bool name_fits(str name, const char *pattern)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] == '*')
        return str_starts(name, (str){ pattern, n - 1 });
    return str_is(name, pattern);
}

static enum attr attr_of(const struct place *p)
{
    str tag = { p->tag, p->tag_n }, name = { p->name, p->name_n };
    if (str_starts(name, S("data-hx-")))
        name = str_from(name, 5);
    if (p->refresh && str_is(name, "content"))
        return SCRIPT_ATTR;
    for (size_t i = 0; i < COUNT(attr_kinds); i++) {
        const struct attr_kind *k = &attr_kinds[i];
        if ((!k->tag || str_is(tag, k->tag)) && name_fits(name, k->name))
            return k->attr;
    }
    return PLAIN;
}

static enum body body_of(const struct place *p)
{
    static const struct {
        const char *tag;
        enum body body;
    } bodies[] = { { "script", RUNS }, { "style", RUNS }, { "iframe", RUNS }, { "xmp", RUNS },
        { "noembed", RUNS }, { "noframes", RUNS }, { "plaintext", RUNS }, { "title", READS },
        { "textarea", READS } };
    str tag = { p->tag, p->tag_n };
    for (size_t i = 0; i < COUNT(bodies); i++)
        if (str_is(tag, bodies[i].tag))
            return p->json ? DATA : bodies[i].body;
    return NO_BODY;
}

static void grow_name(char *name, size_t *n, size_t size, char ch)
{
    if (*n < size)
        name[(*n)++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
}

/* ---- literal text --------------------------------------------------------------------- */

static bool is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' || ch == '\f';
}

static bool is_letter(char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'); }

static void to_text(struct place *p) { *p = (struct place){ .state = TEXT_ }; }

static void end_tag(struct place *p)
{
    p->body = body_of(p);
    if (p->body)
        p->state = BODY;
    else
        to_text(p);
}

static void end_value(struct place *p)
{
    if (str_eq((str){ p->name, p->name_n }, S("type")) &&
        str_eq((str){ p->tag, p->tag_n }, S("script"))) {
        str type = { p->value, p->value_n };
        p->json = str_is(type, "application/ld+json") || str_is(type, "application/json");
    }
    p->refresh |= str_eq((str){ p->name, p->name_n }, S("http-equiv"));
    p->attr = PLAIN;
    p->begun = AT_START;
    p->query = false;
    p->quote = 0;
    p->name_n = p->value_n = 0;
}

static void begin_value(struct place *p, char quote)
{
    p->attr = attr_of(p);
    p->quote = quote;
    p->state = quote ? VALUE : UNQUOTED;
    p->begun = AT_START;
    p->query = false;
    p->value_n = 0;
}

static void begin_name(struct walk *w, struct place *p, char ch, uint32_t line)
{
    if (strchr("=\"'<`", ch))
        BAD(w, line, "%c where an attribute's name is expected", ch);
    p->name_n = 0;
    grow_name(p->name, &p->name_n, sizeof p->name, ch);
    p->state = ATTR_NAME;
}

/* One character inside a tag, outside values. */
static void step_in_tag(struct walk *w, struct place *p, char ch, uint32_t line)
{
    if (ch == '>' && p->state != BEFORE_VALUE) {
        end_tag(p);
    } else if (ch == '/' && p->state != BEFORE_VALUE) {
        p->state = IN_TAG;
    } else if (p->state == TAG_NAME) {
        if (is_space(ch))
            p->state = IN_TAG;
        else
            grow_name(p->tag, &p->tag_n, sizeof p->tag, ch);
    } else if (p->state == BEFORE_VALUE) {
        if (!is_space(ch)) {
            begin_value(p, ch == '"' || ch == '\'' ? ch : 0);
            if (ch == '>')
                end_value(p), end_tag(p);
        }
    } else if (ch == '=' && (p->state == ATTR_NAME || p->state == AFTER_NAME)) {
        p->state = BEFORE_VALUE;
    } else if (is_space(ch)) {
        p->state = p->state == ATTR_NAME || p->state == AFTER_NAME ? AFTER_NAME : IN_TAG;
    } else if (p->state == ATTR_NAME) {
        grow_name(p->name, &p->name_n, sizeof p->name, ch);
    } else {
        if (p->state == EDGE)
            BAD(w, line, "a space must stand between attributes, outside or inside the section");
        begin_name(w, p, ch, line);
    }
}

static bool is_unsafe_scheme(str s)
{
    static const char *const schemes[] = { "javascript:", "vbscript:", "data:" };
    char low[16];
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < sizeof low; i++)
        if (!is_space(s.p[i]))
            grow_name(low, &n, sizeof low, s.p[i]);
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (str_starts((str){ low, n }, str_of(schemes[i])))
            return true;
    return false;
}

static void step_in_value(struct walk *w, struct place *p, str rest, uint32_t line)
{
    char ch = rest.p[0];
    if (p->quote ? ch == p->quote : is_space(ch) || ch == '>') {
        bool quoted = p->quote;
        end_value(p);
        p->state = quoted ? EDGE : IN_TAG;
        if (ch == '>')
            end_tag(p);
        return;
    }
    grow_name(p->value, &p->value_n, sizeof p->value, ch);
    if (p->attr == PLAIN)
        return;
    if (p->begun == AT_START && p->attr != JSON_ONLY && is_unsafe_scheme(rest))
        BAD(w, line, "a link to javascript:, vbscript: or data:");
    p->query |= ch == '?';
    p->begun = p->attr == URLS && is_space(ch) ? AT_START : BEGUN_;
}

/* Everything that is found by more than one character; returns how many were eaten. */
static size_t jump(struct place *p, str rest)
{
    bool opens = p->state == TEXT_ || p->state == LESS || (p->state == VALUE && p->quote);
    if (opens && str_starts(rest, S("<!--#"))) {
        p->back = p->state == VALUE ? VALUE : TEXT_;
        p->state = INCLUDE;
        return 5;
    }
    if ((p->state == TEXT_ || p->state == LESS) && str_starts(rest, S("<!--"))) {
        p->state = COMMENT;
        return 4;
    }
    if ((p->state == COMMENT || p->state == INCLUDE) && str_starts(rest, S("-->"))) {
        if (p->state == INCLUDE && p->back == VALUE) {
            p->state = VALUE;
            p->begun = MAYBE;
        } else {
            to_text(p);
        }
        return 3;
    }
    if (p->state == BODY && str_starts(rest, S("</")) && rest.n >= p->tag_n + 2) {
        for (size_t i = 0; i < p->tag_n; i++)
            if ((rest.p[i + 2] | 32) != p->tag[i])
                return 0;
        p->state = CLOSE_TAG;
        p->body = NO_BODY;
        return p->tag_n + 2;
    }
    return 0;
}

static void step(struct walk *w, struct place *p, str rest, uint32_t line)
{
    char ch = rest.p[0];
    switch (p->state) {
    case TEXT_:
        if (ch == '<')
            p->state = LESS;
        return;
    case LESS:
        if (ch == '<') /* the one before was text */
            return;
        p->state = ch == '/'         ? CLOSE_TAG
            : ch == '!' || ch == '?' ? DECLARATION
            : is_letter(ch)          ? TAG_NAME
                                     : TEXT_;
        if (p->state == TAG_NAME) {
            *p = (struct place){ .state = TAG_NAME };
            grow_name(p->tag, &p->tag_n, sizeof p->tag, ch);
        }
        return;
    case CLOSE_TAG:
    case DECLARATION:
        if (ch == '>')
            to_text(p);
        return;
    case VALUE:
    case UNQUOTED: step_in_value(w, p, rest, line); return;
    case COMMENT:
    case INCLUDE:
    case BODY: return;
    default: step_in_tag(w, p, ch, line);
    }
}

static void follow(struct walk *w, struct place *p, str s, uint32_t line)
{
    while (s.n) {
        size_t n = jump(p, s);
        if (!n) {
            step(w, p, s, line);
            n = 1;
        }
        line += s.p[0] == '\n';
        s = str_from(s, n);
    }
}

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
        str last = op->name.n ? op->name.parts[op->name.n - 1] : str_none;
        if (!str_ends(last, S("_html")))
            BAD(w, op->line, "{{{%.*s}}}: only names ending in _html go unescaped",
                STR(op->name.whole));
        else if (p->state != TEXT_)
            BAD(w, op->line, "{{{%.*s}}}: markup belongs between tags", STR(op->name.whole));
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
        BAD(w, op->line, "%.*s: %s", STR(op->name.whole), why);
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
            STR(op->name.whole));
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
        BAD(w, op->line, "%.*s: one way it ends %s, the other way %s%s", STR(op->name.whole),
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
    bool pair = other && str_eq(op->name.whole, other->name.whole) &&
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
    struct op *op = &w->t->ops[i];
    open_edge(p);
    struct place *known = op->places;
    while (known && !same_place(known, p))
        known = known->next;
    if (!known) {
        struct place *more = NEW(w->set->mem, struct place);
        *more = *p;
        more->next = op->places;
        op->places = more;
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
        if (op->kind == OP_BLOCK && str_eq(op->name.whole, name))
            for (const struct place *at = op->places; at; at = at->next) {
                struct place *copy = NEW(w->set->mem, struct place);
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
        BAD(w, op->line, "{{<*%.*s}}: a parent's name must be written out", STR(op->name.whole));
        return;
    }
    for (uint32_t a = i + 1; a < op->end; a = w->t->ops[a].end) {
        str name = w->t->ops[a].name.whole;
        struct place *all = NULL;
        collect_places(w, name, op->partial, ++w->set->round, &all);
        if (!all)
            BAD(w, w->t->ops[a].line, "%.*s has no block {{$%.*s}}", STR(op->name.whole),
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
        BAD(w, op->line, "%.*s: partials and parents belong between tags", STR(op->name.whole));
    struct template *t = op->dynamic ? NULL : templates_find(w->set, op->name.whole);
    if (t && t->plain_text != w->t->plain_text)
        BAD(w, op->line, "%.*s: text and HTML do not mix", STR(op->name.whole));
    if (t && t->placed == PLACING && (op->kind == OP_PARENT || has_blocks(t)))
        BAD(w, op->line, "%.*s uses itself and has blocks", STR(op->name.whole));
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
        case OP_TEXT: follow(w, p, op->text, op->line); break;
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
