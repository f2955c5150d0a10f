/* messages: what the shop says, in the languages of its people. English is the key; the others
 * stand in .po files, so that translators' own tools work on them (the subset: comments, msgid,
 * msgstr, strings over several lines; plurals are written inside the message).
 *
 * A message may have holes: {name}, or {n, plural, one {# item} other {# items}}. */
#include "web/messages_in.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { PO_CEILING = 4 << 20, MESSAGE_CEILING = 16 << 10, MAX_DEPTH = 4 };

struct messages {
    struct node *languages; /* code -> map of msgid -> msgstr */
};

/* ---- the message format --------------------------------------------------------------- */

/* The text up to the '}' that closes what was opened before p; *rest goes behind it. */
static bool cut_braces(str *rest, str *inside)
{
    int depth = 1;
    for (size_t i = 0; i < rest->n; i++) {
        depth += rest->p[i] == '{' ? 1 : rest->p[i] == '}' ? -1 : 0;
        if (!depth) {
            *inside = str_upto(*rest, i);
            *rest = str_from(*rest, i + 1);
            return true;
        }
    }
    return false;
}

static bool is_hole_name(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        if (!(ch >= 'a' && ch <= 'z') && !(ch >= '0' && ch <= '9') && ch != '_' && ch != '.')
            return false;
    }
    return s.n;
}

/* "name, plural, forms": false when it is a plain "name". */
static bool is_plural(str inside, str *name, str *forms)
{
    str kind;
    if (!memchr(inside.p, ',', inside.n))
        return false;
    str_cut(&inside, ',', name);
    str_cut(&inside, ',', &kind);
    *name = str_trim(*name);
    *forms = inside;
    return str_is(str_trim(kind), "plural");
}

/* The next "word {text}" of a plural's forms. */
static bool cut_form(str *forms, str *word, str *text)
{
    *forms = str_trim(*forms);
    const char *open = forms->n ? memchr(forms->p, '{', forms->n) : NULL;
    if (!open)
        return false;
    *word = str_trim(str_upto(*forms, (size_t)(open - forms->p)));
    *forms = str_from(*forms, (size_t)(open - forms->p) + 1);
    return cut_braces(forms, text);
}

static bool is_form_word(str word)
{
    static const char *const words[] = { "zero", "one", "two", "few", "many", "other" };
    i64 n;
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_is(word, words[i]))
            return true;
    return word.n > 1 && word.p[0] == '=' && str_int(str_from(word, 1), &n);
}

static const char *check(str text, int depth);

static const char *check_plural(str forms, int depth)
{
    bool other = false;
    str word, text;
    while (cut_form(&forms, &word, &text)) {
        if (!is_form_word(word))
            return "a plural form is zero, one, two, few, many, other or =number";
        other |= str_is(word, "other");
        const char *wrong = check(text, depth + 1);
        if (wrong)
            return wrong;
    }
    if (forms.n)
        return "a plural's form is not closed";
    return other ? NULL : "a plural must have the form other";
}

static const char *check(str text, int depth)
{
    str inside, name, forms;
    if (depth > MAX_DEPTH)
        return "plurals too deep";
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] == '}')
            return "a } that closes nothing";
        if (text.p[i++] != '{')
            continue;
        text = str_from(text, i);
        i = 0;
        if (!cut_braces(&text, &inside))
            return "a { that is not closed";
        bool plural = is_plural(inside, &name, &forms);
        if (!is_hole_name(plural ? name : inside))
            return "a hole is {name} or {name, plural, one {...} other {...}}";
        const char *wrong = plural ? check_plural(forms, depth) : NULL;
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *message_check(str text)
{
    i64 at = str_find(text, S("&"));
    str entity = at >= 0 ? str_from(text, (size_t)at + 1) : str_none;
    for (size_t i = 0; i < entity.n && i < 10; i++) {
        if (entity.p[i] == ';' && i)
            return "write the character itself, not an entity: the place decides the escaping";
        if (entity.p[i] == ' ')
            break;
    }
    if (!text.n)
        return "there is no message";
    return check(text, 0);
}

/* ---- filling -------------------------------------------------------------------------- */

struct fill {
    struct ctx *c;
    message_find *find;
    const void *with;
    struct buf *out;
};

static int fill(const struct fill *f, str text, const i64 *count);

static int missing(const struct fill *f, str name)
{
    return fail_detail(f->c, E_INTERNAL, "message",
        "a message has the hole {%.*s}, the document"
        " nothing for it",
        STR(name));
}

static int fill_plural(const struct fill *f, str name, str forms)
{
    const struct node *n = f->find(f->with, name);
    if (!n || n->kind != N_INT)
        return missing(f, name);
    const char *wanted = locale_plural(f->c, n->as.number);
    str word, text, best = str_none;
    i64 exact;
    while (cut_form(&forms, &word, &text)) {
        bool is_exact = str_starts(word, S("=")) && str_int(str_from(word, 1), &exact);
        if (is_exact && exact == n->as.number) {
            best = text;
            break;
        }
        if (str_is(word, wanted) || (str_is(word, "other") && !best.p))
            best = text;
    }
    return fill(f, best, &n->as.number);
}

static int fill_hole(const struct fill *f, str name)
{
    const struct node *n = f->find(f->with, name);
    if (!n)
        return missing(f, name);
    if (n->kind == N_STR)
        buf_add(f->out, n->as.text);
    else if (n->kind == N_INT)
        buf_int(f->out, n->as.number);
    else if (n->kind != N_NULL)
        return fail_detail(
            f->c, E_INTERNAL, "message", "{%.*s} is neither text nor number", STR(name));
    return E_OK;
}

static int fill(const struct fill *f, str text, const i64 *count)
{
    str inside, name, forms;
    for (size_t i = 0; i < text.n; i++) {
        if (count && text.p[i] == '#') {
            buf_add(f->out, locale_number(f->c, *count));
        } else if (text.p[i] == '{') {
            text = str_from(text, i + 1);
            i = (size_t)-1;
            if (!cut_braces(&text, &inside))
                return E_OK; /* was checked when it was read */
            if (is_plural(inside, &name, &forms))
                TRY(fill_plural(f, name, forms));
            else
                TRY(fill_hole(f, inside));
        } else {
            buf_char(f->out, text.p[i]);
        }
    }
    return E_OK;
}

int message_fill(struct ctx *c, str message, message_find *find, const void *with, str *out)
{
    *out = message;
    if (!message.n || !memchr(message.p, '{', message.n))
        return E_OK;
    struct buf text = buf_new(c->mem, MESSAGE_CEILING);
    struct fill f = { .c = c, .find = find, .with = with, .out = &text };
    TRY(fill(&f, message, NULL));
    *out = buf_str(&text);
    return E_OK;
}

/* ---- .po ------------------------------------------------------------------------------ */

struct po {
    struct arena *mem;
    str file;
    struct buf *errors;
    struct node *messages;
    int line, id_line;
    struct buf id, text, *to; /* the entry being read; to: which string goes on */
    bool fuzzy, has;
};

#define PO_BAD(po, line, ...)                                                                      \
    do {                                                                                           \
        buf_fmt((po)->errors, "%.*s:%d: ", STR((po)->file), (line));                               \
        buf_fmt((po)->errors, __VA_ARGS__);                                                        \
        buf_char((po)->errors, '\n');                                                              \
    } while (0)

/* The conversions of a printf format, in order: "%d left of %s" gives "ds". */
static str conversions(struct arena *mem, str s)
{
    struct buf out = buf_new(mem, s.n + 1);
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        i++;
        while (i < s.n && s.p[i] != '%' && !memchr("diuoxXcsfeEgGpn", s.p[i], 15) &&
            memchr("-+#0123456789.*lhzjt", s.p[i], 20))
            buf_char(&out, s.p[i++]);
        if (i < s.n && s.p[i] != '%' && memchr("diuoxXcsfeEgGpn", s.p[i], 15))
            buf_char(&out, s.p[i]);
    }
    return buf_str(&out);
}

/* Is there a hole of this name? With an empty name: one that `other` has not got. */
static bool has_hole(str text, str wanted, str other)
{
    str inside, name, forms, word, form;
    for (i64 at; (at = str_find(text, S("{"))) >= 0;) {
        text = str_from(text, (size_t)at + 1);
        if (!cut_braces(&text, &inside))
            return false;
        bool plural = is_plural(inside, &name, &forms);
        if (!plural)
            name = inside;
        if (wanted.n ? str_eq(name, wanted) : !has_hole(other, name, str_none))
            return true;
        while (plural && cut_form(&forms, &word, &form))
            if (has_hole(form, wanted, other))
                return true;
    }
    return false;
}

static void end_entry(struct po *po)
{
    str id = buf_str(&po->id), text = buf_str(&po->text);
    bool counts = po->has && id.n && text.n && !po->fuzzy;
    if (po->has && id.n && node_get(po->messages, id))
        PO_BAD(po, po->id_line, "this message is here twice: %.*s", STR(id));
    const char *wrong = counts ? message_check(text) : NULL;
    if (wrong)
        PO_BAD(po, po->id_line, "%s", wrong);
    if (counts && !str_eq(conversions(po->mem, id), conversions(po->mem, text)))
        PO_BAD(po, po->id_line, "the %% conversions are not those of the original, in order");
    else if (counts && !wrong && has_hole(text, str_none, id))
        PO_BAD(po, po->id_line, "this translation has a hole that the original has not");
    else if (counts && !wrong)
        node_set_str(po->mem, po->messages, str_dup(po->mem, id), str_dup(po->mem, text));
    po->id.n = po->text.n = 0;
    po->id.full = po->text.full = po->has = po->fuzzy = false;
    po->to = NULL;
}

/* "text" with its escapes. */
static void add_string(struct po *po, str s)
{
    s = str_trim(s);
    if (!po->to || s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"') {
        PO_BAD(po, po->line, "a string in quotes is wanted here");
        return;
    }
    for (size_t i = 1; i + 1 < s.n; i++) {
        char ch = s.p[i];
        if (ch == '"')
            PO_BAD(po, po->line, "a quote inside a string is written \\\"");
        if (ch == '\\' && ++i + 1 < s.n)
            ch = s.p[i] == 'n' ? '\n' : s.p[i] == 't' ? '\t' : s.p[i];
        buf_char(po->to, ch);
    }
    if (po->to->full)
        PO_BAD(po, po->line, "this message is too long");
}

static void po_line(struct po *po, str line)
{
    line = str_trim(line);
    if (str_starts(line, S("#"))) {
        if (po->to == &po->text)
            end_entry(po);
        po->fuzzy |= str_starts(line, S("#,")) && str_find(line, S("fuzzy")) > 0;
    } else if (str_starts(line, S("msgid "))) {
        bool fuzzy = po->to ? false : po->fuzzy;
        if (po->to)
            end_entry(po);
        po->fuzzy = fuzzy;
        po->to = &po->id;
        po->id_line = po->line;
        add_string(po, str_from(line, 6));
    } else if (str_starts(line, S("msgstr ")) && po->to == &po->id) {
        po->to = &po->text;
        po->has = true;
        add_string(po, str_from(line, 7));
    } else if (str_starts(line, S("\""))) {
        add_string(po, line);
    } else if (line.n) {
        PO_BAD(po, po->line,
            "msgid, msgstr or a comment is wanted (plurals are written inside "
            "the message)");
    }
}

struct node *po_read(struct arena *mem, str file, str text, struct buf *errors)
{
    struct po po = { .mem = mem, .file = file, .errors = errors, .messages = node_map(mem) };
    po.id = buf_new(mem, MESSAGE_CEILING);
    po.text = buf_new(mem, MESSAGE_CEILING);
    str line;
    while (str_cut(&text, '\n', &line)) {
        po.line++;
        po_line(&po, line);
    }
    end_entry(&po);
    return po.messages;
}

/* ---- the catalogue -------------------------------------------------------------------- */

static void load_file(
    struct messages *all, struct arena *mem, str dir, str name, struct buf *errors)
{
    bool ok;
    struct arena *scratch = arena_new(4 * PO_CEILING);
    str file = str_fmt(mem, "%.*s/%.*s", STR(dir), STR(name));
    str text = file_read(scratch, str_c(mem, file), PO_CEILING, &ok);
    if (!ok || !str_is_utf8(text))
        buf_fmt(errors, "%.*s:1: cannot be read as UTF-8\n", STR(file));
    else
        node_set(mem, all->languages, str_upto(name, name.n - 3), po_read(mem, file, text, errors));
    arena_drop(scratch);
}

struct messages *messages_load(struct arena *mem, str dir, struct buf *errors)
{
    struct messages *all = NEW(mem, struct messages);
    size_t said = errors->n;
    all->languages = node_map(mem);
    DIR *open = opendir(str_c(mem, dir));
    for (struct dirent *entry; open && (entry = readdir(open));) {
        str name = str_of(entry->d_name);
        if (name.p[0] != '.' && str_ends(name, S(".po")))
            load_file(all, mem, dir, str_dup(mem, name), errors);
    }
    if (open)
        closedir(open);
    return errors->n == said ? all : NULL;
}

const struct node *messages_of(const struct messages *all, str lang)
{
    return all ? node_get(all->languages, lang) : NULL;
}

str message_in(const struct messages *all, str lang, str message)
{
    const struct node *language = messages_of(all, lang);
    const struct node *found = language ? node_get(language, message) : NULL;
    return found ? found->as.text : message;
}

str say(struct ctx *c, const char *message)
{
    return message_in(c->app ? c->app->messages : NULL, c->lang, str_of(message));
}

/* Translations end in NUL, and keep the conversions of the format they translate. */
const char *say_words(const struct ctx *c, const char *message)
{
    return message_in(c->app ? c->app->messages : NULL, c->lang, str_of(message)).p;
}
