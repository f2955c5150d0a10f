/* template_tools: what authors and translators run: render, messages, lint-templates. */
#include "web/messages_in.h"
#include "web/mustache_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INPUT_CEILING = 64 << 20, SAID_CEILING = 1 << 20, SOURCE_CEILING = 4 << 20 };

/* The value behind an option, or `otherwise`. */
static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return argv[i + 1];
    return otherwise;
}

/* Only options that are known, each with its value; returns the word that is none, or NULL. */
static bool read_args(int argc, char **argv, const char *const *known, const char **word)
{
    *word = NULL;
    for (int i = 1; i < argc; i++) {
        bool is_known = false;
        for (const char *const *k = known; *k; k++)
            is_known |= !strcmp(argv[i], *k);
        if (is_known && ++i == argc)
            return false;
        if (!is_known && (*word || argv[i][0] == '-'))
            return false;
        if (!is_known)
            *word = argv[i];
    }
    return true;
}

static bool print(const struct buf *text, FILE *to)
{
    return !text->n || fwrite(text->p, 1, text->n, to) == text->n;
}

/* ---- render --------------------------------------------------------------------------- */

static bool read_all(struct ctx *c, int fd, str *out)
{
    struct buf text = buf_new(c->mem, INPUT_CEILING);
    char piece[65536];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(&text, (str){ piece, (size_t)n });
    *out = buf_str(&text);
    return n == 0 && !text.full;
}

static int complain(const char *what, str more)
{
    fprintf(stderr, "talatctl: %s%.*s\n", what, STR(more));
    return 1;
}

/* The specification's rules: a template's author sees what any mustache would make of it. What
 * the document lacks may be one of the shop's lambdas. */
int render_command(struct ctx *c, int argc, char **argv)
{
    static const char *const known[] = { "--partials", "--lang", NULL };
    const char *file;
    if (!read_args(argc, argv, known, &file) || !file)
        return 2;
    const char *partials = option(argc, argv, "--partials", NULL);
    c->lang = str_of(option(argc, argv, "--lang", "en"));
    bool ok;
    str template = file_read(c->mem, file, INPUT_CEILING, &ok), json;
    if (!ok)
        return complain("cannot read ", str_of(file));
    if (!read_all(c, 0, &json))
        return complain("cannot read standard input, or it is too large", str_none);
    struct node *document = node_map(c->mem);
    if (str_trim(json).n && json_read(c, json, &document))
        return complain(
            "standard input is not JSON: ", c->fault.detail.n ? c->fault.detail : c->fault.text);
    struct template_rules rules = { .lambdas = shop_lambdas };
    struct buf errors = buf_new(c->mem, SAID_CEILING), out = buf_new(c->mem, INPUT_CEILING);
    struct templates *set = templates_new(c->mem, &rules, &errors);
    if (partials)
        templates_add_dir(set, str_of(partials));
    templates_add(set, S(" the template"), str_of(file), template);
    if (!templates_ready(set))
        return print(&errors, stderr), 1;
    if (template_render(c, set, S(" the template"), document, &out))
        return complain("", c->fault.detail);
    return print(&out, stdout) && !fflush(stdout) ? 0 : 1;
}

/* ---- what the shop says --------------------------------------------------------------- */

/* Which argument of which call is a text for people. */
static const struct {
    const char *call;
    int argument; /* the first is 0 */
} speakers[] = {
    { "fail", 3 }, { "fail_field", 2 }, { "say", 1 },
    { "SAYS", 0 },      /* base.h: marks a text in a table */
    { "wrong", 2 },     /* input.c: fail_field for an input */
    { "wrong_fmt", 2 }, /* the same, with {n} */
};

struct used {
    struct arena *mem;
    struct node *messages; /* message -> where it is said */
};

/* "%s: %.*s" has nothing to translate. */
static bool has_words(str text)
{
    bool conversion = false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char ch = (unsigned char)text.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if ((letter && !conversion) || ch >= 0x80)
            return true;
        conversion = ch == '%' || (conversion && !letter && ch != ' ');
    }
    return false;
}

static void use(void *with, str text, str file, uint32_t line)
{
    struct used *used = with;
    if (has_words(text) && !node_get(used->messages, text))
        node_set_str(used->mem, used->messages, str_dup(used->mem, text),
            str_fmt(used->mem, "%.*s:%u", STR(file), line));
}

/* C, read just far enough: comments, strings, words and brackets. */
struct source {
    str rest, file;
    uint32_t line;
    struct arena *mem;
};

static char take(struct source *s)
{
    char ch = s->rest.p[0];
    s->line += ch == '\n';
    s->rest = str_from(s->rest, 1);
    return ch;
}

static bool skip_comment(struct source *s)
{
    bool block = str_starts(s->rest, S("/*")), line = str_starts(s->rest, S("//"));
    while ((block && s->rest.n && !str_starts(s->rest, S("*/"))) ||
        (line && s->rest.n && s->rest.p[0] != '\n'))
        take(s);
    for (int i = 0; block && i < 2 && s->rest.n; i++)
        take(s);
    return block || line;
}

/* The string or character that begins here, its escapes undone. */
static void take_string(struct source *s, struct buf *out)
{
    char quote = take(s);
    while (s->rest.n && s->rest.p[0] != quote && s->rest.p[0] != '\n') {
        char ch = take(s);
        if (ch == '\\' && s->rest.n) {
            ch = take(s);
            ch = ch == 'n' ? '\n' : ch == 't' ? '\t' : ch;
        }
        if (out)
            buf_char(out, ch);
    }
    if (s->rest.n)
        take(s);
}

static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
        ch == '_';
}

/* Behind the opening bracket of a call: collects the strings of one argument. Strings that stand
 * apart ("yes" ? "a" : "b") are messages of their own. */
static void take_argument(struct source *s, int wanted, struct used *used)
{
    int depth = 1, argument = 0;
    struct buf text = buf_new(s->mem, SOURCE_CEILING);
    uint32_t line = s->line;
    while (s->rest.n && depth) {
        char ch = s->rest.p[0];
        bool mine = argument == wanted && depth == 1;
        if (skip_comment(s))
            continue;
        if (ch == '"' || ch == '\'') {
            line = text.n ? line : s->line;
            take_string(s, ch == '"' && mine ? &text : NULL);
            continue;
        }
        if (mine && text.n && str_starts(s->rest, S("PRId64"))) { /* part of the format */
            buf_add(&text, S(PRId64));
            s->rest = str_from(s->rest, 6);
            continue;
        }
        take(s);
        depth += strchr("([{", ch) ? 1 : strchr(")]}", ch) ? -1 : 0;
        argument += ch == ',' && depth == 1;
        if (text.n && !strchr(" \t\n\\", ch)) {
            use(used, buf_str(&text), s->file, line);
            text.n = 0;
        }
    }
}

static void read_source(struct used *used, str file, str text)
{
    struct source s = { .rest = text, .file = file, .line = 1, .mem = used->mem };
    while (s.rest.n) {
        char ch = s.rest.p[0];
        if (skip_comment(&s))
            continue;
        if (ch == '"' || ch == '\'') {
            take_string(&s, NULL);
            continue;
        }
        size_t n = 0;
        while (n < s.rest.n && is_word(s.rest.p[n]))
            n++;
        str word = str_upto(s.rest, n);
        for (size_t i = 0; i < (n ? n : 1); i++)
            take(&s);
        if (!n || !s.rest.n || s.rest.p[0] != '(')
            continue;
        take(&s);
        struct source behind = s;
        for (size_t i = 0; i < COUNT(speakers); i++)
            if (str_is(word, speakers[i].call))
                take_argument(&behind, speakers[i].argument, used);
    }
}

static void read_sources(struct used *used, str dir, int depth)
{
    str *names;
    size_t n = templates_list_dir(used->mem, str_c(used->mem, dir), &names);
    for (size_t i = 0; i < n; i++) {
        str path = str_fmt(used->mem, "%.*s/%.*s", STR(dir), STR(names[i]));
        bool ok, is_code = str_ends(path, S(".c")) || str_ends(path, S(".h"));
        if (!is_code && depth == 0 && !str_is(names[i], "bin")) /* programs speak to those who */
            read_sources(used, path, 1);                        /* run them, in English */
        if (!is_code)
            continue;
        str text = file_read(used->mem, str_c(used->mem, path), SOURCE_CEILING, &ok);
        if (ok)
            read_source(used, path, text);
    }
}

static struct node *used_messages(struct arena *mem, const struct templates *set, str source)
{
    struct used used = { mem, node_map(mem) };
    if (set)
        templates_each_use(set, "t", use, &used);
    read_sources(&used, source, 0);
    for (enum err err = E_INPUT; err <= E_AWAY; err++)
        use(&used, str_of(err_text(err)), S("src/base/base.h"), 1);
    return used.messages;
}

static void print_po_string(const char *word, str s)
{
    printf("%s \"", word);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '"' || s.p[i] == '\\')
            printf("\\%c", s.p[i]);
        else if (s.p[i] == '\n')
            printf("\\n");
        else
            putchar(s.p[i]);
    printf("\"\n");
}

int messages_command(struct ctx *c, int argc, char **argv)
{
    static const char *const known[] = { "--missing", "--templates", "--source", NULL };
    const char *word, *lang = option(argc, argv, "--missing", NULL);
    if (!read_args(argc, argv, known, &word) || word || !lang)
        return 2;
    str dir = str_of(option(argc, argv, "--templates", "templates"));
    struct buf errors = buf_new(c->mem, SAID_CEILING);
    struct templates *set = templates_load(c->mem, dir, true, &errors);
    struct messages *all = messages_load(c->mem, str_fmt(c->mem, "%.*s/lang", STR(dir)), &errors);
    if (errors.n)
        return print(&errors, stderr), 1;
    const struct node *has = messages_of(all, str_of(lang));
    struct node *used = used_messages(c->mem, set, str_of(option(argc, argv, "--source", "src")));
    EACH(each, used) {
        if (has && node_get(has, each->key))
            continue;
        printf("#: %.*s\n", STR(each->node.as.text));
        print_po_string("msgid", each->key);
        printf("msgstr \"\"\n\n");
    }
    return 0;
}

/* ---- lint ----------------------------------------------------------------------------- */

static void check_language(
    struct buf *said, str dir, const struct messages *all, str lang, const struct node *used)
{
    const struct node *has = messages_of(all, lang);
    EACH(each, used)
        if (!has || !node_get(has, each->key))
            buf_fmt(said, "%.*s: not in %.*s: %.*s\n", STR(each->node.as.text), STR(lang),
                STR(each->key));
    EACH(each, has)
        if (!node_get(used, each->key))
            buf_fmt(said, "%.*s/lang/%.*s.po: nobody says this any more: %.*s\n", STR(dir),
                STR(lang), STR(each->key));
}

/* A start tag as written, mustache and all: "<img src="{{x}}" alt="">". */
static str cut_tag(str html)
{
    char quote = 0;
    for (size_t i = 1; i < html.n; i++) {
        if (str_starts(str_from(html, i), S("{{"))) {
            i64 end = str_find(str_from(html, i), S("}}"));
            i += end < 0 ? 1 : (size_t)end + 1;
        } else if (quote) {
            quote = html.p[i] == quote ? 0 : quote;
        } else if (html.p[i] == '"' || html.p[i] == '\'') {
            quote = html.p[i];
        } else if (html.p[i] == '>') {
            return str_upto(html, i + 1);
        }
    }
    return html;
}

/* Has the tag this attribute? "on*" with an open end. */
static bool has_attribute(str tag, const char *name)
{
    size_t n = strlen(name);
    bool open = name[n - 1] == '*';
    n -= open;
    char quote = 0;
    for (size_t i = 1; i + n < tag.n; i++) {
        char ch = tag.p[i], before = tag.p[i - 1], after = tag.p[i + n];
        if (quote || ch == '"' || ch == '\'') {
            quote = quote == ch ? 0 : quote ? quote : ch;
            continue;
        }
        bool starts = before == ' ' || before == '\n' || before == '}' || before == '"';
        bool ends = open || after == '=' || after == ' ' || after == '>' || after == '\n';
        if (starts && ends && !strncmp(tag.p + i, name, n))
            return true;
    }
    return false;
}

static bool is_tag(str tag, const char *name)
{
    size_t n = strlen(name);
    return tag.n > n + 1 && !strncmp(tag.p + 1, name, n) && strchr(" \n\t>/{", tag.p[n + 1]);
}

static bool posts(str tag)
{
    return str_find(tag, S("method=\"post\"")) > 0 || str_find(tag, S("method='post'")) > 0;
}

/* Mail programs know no stylesheet of ours, and no CSP. */
static bool is_mail(str file) { return str_ends(file, S("layout/mail.mustache")); }

static const char *tag_fault(str file, str tag, str behind)
{
    bool is_data =
        str_find(tag, S("application/ld+json")) > 0 || str_find(tag, S("application/json")) > 0;
    if (is_tag(tag, "style") || (has_attribute(tag, "style") && !is_mail(file)))
        return "styles belong in static/css (the CSP forbids them here)";
    if (is_tag(tag, "script") && !has_attribute(tag, "src") && !is_data)
        return "scripts belong in static/js (the CSP forbids them here)";
    if (has_attribute(tag, "on*") || has_attribute(tag, "hx-on*"))
        return "no scripts in attributes (the CSP forbids them)";
    if (is_tag(tag, "img") &&
        !(has_attribute(tag, "alt") && has_attribute(tag, "width") && has_attribute(tag, "height")))
        return "an img has alt, width and height";
    if (is_tag(tag, "form") && posts(tag)) {
        i64 end = str_find(behind, S("</form"));
        str body = str_upto(behind, end < 0 ? behind.n : (size_t)end);
        if (str_find(body, S("{{>part/csrf}}")) < 0 && str_find(body, S("{{> part/csrf }}")) < 0)
            return "a form that posts has {{>part/csrf}} inside";
    }
    return NULL;
}

static void check_markup(void *with, str file, str text)
{
    struct buf *errors = with;
    uint32_t line = 1;
    for (size_t i = 0; i + 1 < text.n; i++) {
        line += text.p[i] == '\n';
        if (str_starts(str_from(text, i), S("{{!"))) {
            i64 end = str_find(str_from(text, i), S("}}"));
            for (size_t to = end < 0 ? text.n : i + (size_t)end; i + 1 < to; i++)
                line += text.p[i + 1] == '\n';
            continue;
        }
        if (text.p[i] != '<' || !is_word(text.p[i + 1]))
            continue;
        str tag = cut_tag(str_from(text, i));
        const char *wrong = tag_fault(file, tag, str_from(text, i + tag.n));
        if (wrong)
            buf_fmt(errors, "%.*s:%u: %s\n", STR(file), line, wrong);
    }
}

void templates_lint(struct arena *mem, str dir, str source, struct buf *errors, struct buf *words)
{
    struct templates *set = templates_load(mem, dir, true, errors);
    struct messages *all = messages_load(mem, str_fmt(mem, "%.*s/lang", STR(dir)), errors);
    if (set && all) {
        struct node *used = used_messages(mem, set, source);
        check_language(words, dir, all, S("th"), used);
        check_language(words, dir, all, S("vi"), used);
    }
    if (set)
        templates_each(set, check_markup, errors);
}

int lint_templates_command(struct ctx *c, int argc, char **argv)
{
    static const char *const known[] = { "--templates", "--source", "--untranslated", NULL };
    const char *word;
    if (!read_args(argc, argv, known, &word) || word)
        return 2;
    bool later = !strcmp(option(argc, argv, "--untranslated", "wrong"), "later");
    struct buf errors = buf_new(c->mem, SAID_CEILING), words = buf_new(c->mem, SAID_CEILING);
    templates_lint(c->mem, str_of(option(argc, argv, "--templates", "templates")),
        str_of(option(argc, argv, "--source", "src")), &errors, &words);
    print(&errors, stderr);
    print(&words, stderr);
    return errors.n || (words.n && !later) ? 1 : 0;
}
