/* mustache_html: the literal text of a template, followed as a browser would read it, just far
 * enough to know the place of every tag. */
#include "web/place_in.h"

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

void html_follow(struct walk *w, struct place *p, str s, uint32_t line)
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
