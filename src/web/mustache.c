/* mustache: the set of templates: names, files, and what ties them together. */
#include "web/mustache_in.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TEMPLATE_CEILING = 1 << 20, PLACING_CEILING = 256 << 20, MAX_DIRS = 8, NAMES = 1024 };

#define SUFFIX S(".mustache")

void template_error(
    struct templates *set, const struct template *t, uint32_t line, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    set->broken = true;
    if (!set->errors)
        return;
    str said = str_fmt(set->mem, "%.*s:%u: %s\n", STR(t->file), line, what);
    if (str_find(buf_str(set->errors), said) < 0) /* blocks are looked at from several places */
        buf_add(set->errors, said);
}

struct name name_parse(struct arena *mem, str whole)
{
    struct name name = { .whole = whole };
    if (str_is(whole, "."))
        return name;
    size_t n = 1;
    for (size_t i = 0; i < whole.n; i++)
        n += whole.p[i] == '.';
    str *parts = NEWS(mem, str, n), part;
    for (str rest = whole; name.n < n && str_cut(&rest, '.', &part);)
        parts[name.n++] = part;
    if (!name.n)
        parts[name.n++] = whole;
    name.parts = parts;
    return name;
}

const struct name *templates_name(struct templates *set, str whole)
{
    struct name **at = set->names ? &set->names[str_hash(whole) % NAMES] : NULL;
    for (struct name *name = at ? *at : NULL; name; name = name->next)
        if (str_eq(name->whole, whole))
            return name;
    struct name *name = NEW(set->mem, struct name);
    *name = name_parse(set->mem, whole);
    if (at) {
        name->next = *at;
        *at = name;
    }
    return name;
}

const struct lambda *lambda_find(const struct templates *set, str name)
{
    for (const struct lambda *lambda = set->rules.lambdas; lambda && lambda->name; lambda++)
        if (str_is(name, lambda->name))
            return lambda;
    return NULL;
}

/* ---- by name -------------------------------------------------------------------------- */

static struct template **slot(struct template **slots, size_t n_slots, str name)
{
    size_t i = str_hash(name) & (n_slots - 1);
    while (slots[i] && !str_eq(slots[i]->name, name))
        i = (i + 1) & (n_slots - 1);
    return &slots[i];
}

struct template *templates_find(const struct templates *set, str name)
{
    return set->n_slots ? *slot(set->slots, set->n_slots, name) : NULL;
}

static void grow(struct templates *set)
{
    size_t n_slots = set->n_slots ? set->n_slots * 2 : 64;
    struct template **slots = NEWS(set->mem, struct template *, n_slots);
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i])
            *slot(slots, n_slots, set->slots[i]->name) = set->slots[i];
    set->slots = slots;
    set->n_slots = n_slots;
}

struct templates *templates_new(
    struct arena *mem, const struct template_rules *rules, struct buf *errors)
{
    struct templates *set = NEW(mem, struct templates);
    set->mem = mem;
    set->names = NEWS(mem, struct name *, NAMES);
    set->rules = *rules;
    set->errors = errors;
    return set;
}

void templates_add(struct templates *set, str name, str file, str text)
{
    if (2 * (set->n + 1) > set->n_slots)
        grow(set);
    struct template *t = NEW(set->mem, struct template);
    *t = (struct template){ .name = str_dup(set->mem, name),
        .file = str_dup(set->mem, file),
        .text = text,
        .plain_text = str_ends(name, S(".txt")) };
    struct template **at = slot(set->slots, set->n_slots, t->name);
    if (*at) {
        template_error(set, t, 1, "there is already a template called %.*s", STR(name));
        return;
    }
    *at = t;
    set->n++;
    template_parse(set, t, (struct delimiters){ S("{{"), S("}}") });
}

bool templates_has(const struct templates *set, str name) { return templates_find(set, name); }

/* ---- from files ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return str_order(*(const str *)a, *(const str *)b);
}

size_t templates_list_dir(struct arena *mem, const char *path, str **names)
{
    size_t n = 0, room = 64;
    *names = NEWS(mem, str, room);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        if (n == room) {
            str *more = NEWS(mem, str, room *= 2);
            memcpy(more, *names, n * sizeof *more);
            *names = more;
        }
        (*names)[n++] = str_dup(mem, str_of(entry->d_name));
    }
    if (dir)
        closedir(dir);
    qsort(*names, n, sizeof **names, by_name);
    return n;
}

static void each_file(
    struct arena *mem, str dir, str prefix, str suffix, each_file_fn *fn, void *with, int depth)
{
    str *names;
    size_t n = templates_list_dir(mem, str_c(mem, dir), &names);
    for (size_t i = 0; i < n; i++) {
        str below = str_fmt(mem, "%.*s/%.*s", STR(dir), STR(names[i]));
        str name = str_fmt(mem, "%.*s%.*s", STR(prefix), STR(names[i]));
        struct stat is;
        if (stat(str_c(mem, below), &is))
            continue;
        if (S_ISDIR(is.st_mode) && depth < MAX_DIRS)
            each_file(mem, below, str_fmt(mem, "%.*s/", STR(name)), suffix, fn, with, depth + 1);
        else if (S_ISREG(is.st_mode) && str_ends(name, suffix))
            fn(with, str_upto(name, name.n - suffix.n), below);
    }
}

void templates_each_file(struct arena *mem, str dir, str suffix, each_file_fn *fn, void *with)
{
    each_file(mem, dir, str_none, suffix, fn, with, 0);
}

static void add_file(void *given, str name, str path)
{
    struct templates *set = given;
    bool ok;
    str text = file_keep(set->mem, str_c(set->mem, path), TEMPLATE_CEILING, &ok);
    struct template unread = { .file = path };
    if (!ok)
        template_error(set, &unread, 1, "cannot be read, or is larger than 1 MiB");
    else if (!str_is_utf8(text))
        template_error(set, &unread, 1, "is not UTF-8");
    else
        templates_add(set, name, path, text);
}

void templates_add_dir(struct templates *set, str dir)
{
    templates_each_file(set->mem, dir, SUFFIX, add_file, set);
}

/* ---- tied together -------------------------------------------------------------------- */

static bool is_block_at(const struct template *t, uint32_t i, str name)
{
    return t->ops[i].kind == OP_BLOCK && str_eq(t->ops[i].name->whole, name);
}

static void tie(struct templates *set, struct template *t)
{
    for (uint32_t i = 0; i < t->n_ops; i++) {
        struct op *op = &t->ops[i];
        if ((op->kind != OP_PARTIAL && op->kind != OP_PARENT) || op->dynamic)
            continue;
        op->partial = templates_find(set, op->name->whole);
        if (!op->partial && set->rules.html)
            template_error(set, t, op->line, "there is no template %.*s", STR(op->name->whole));
    }
    for (uint32_t i = 0; i < t->n_ops; i++) /* an argument given twice: which one is meant? */
        if (t->ops[i].kind == OP_PARENT && set->rules.html)
            for (uint32_t a = i + 1; a < t->ops[i].end; a = t->ops[a].end)
                for (uint32_t b = t->ops[a].end; b < t->ops[i].end; b = t->ops[b].end)
                    if (is_block_at(t, b, t->ops[a].name->whole))
                        template_error(set, t, t->ops[b].line, "{{$%.*s}} is given twice",
                            STR(t->ops[b].name->whole));
}

bool templates_ready(struct templates *set)
{
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i])
            tie(set, set->slots[i]);
    set->placing = arena_new(PLACING_CEILING);
    for (size_t i = 0; i < set->n_slots && set->rules.html && !set->broken; i++)
        if (set->slots[i])
            template_place(set, set->slots[i]);
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i])
            set->slots[i]->places = NULL;
    arena_drop(set->placing);
    set->placing = NULL;
    return !set->broken;
}

/* ---- for tools ------------------------------------------------------------------------ */

static int by_file(const void *a, const void *b)
{
    return str_order((*(struct template *const *)a)->file, (*(struct template *const *)b)->file);
}

static size_t in_order(const struct templates *set, struct template ***out)
{
    size_t n = 0;
    *out = NEWS(set->mem, struct template *, set->n + 1);
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i])
            (*out)[n++] = set->slots[i];
    qsort(*out, n, sizeof **out, by_file);
    return n;
}

void templates_each(
    const struct templates *set, void (*each)(void *, str file, str text), void *with)
{
    struct template **all;
    size_t n = in_order(set, &all);
    for (size_t i = 0; i < n; i++)
        if (!all[i]->plain_text)
            each(with, all[i]->file, all[i]->text);
}

void templates_each_use(const struct templates *set, const char *lambda,
    void (*each)(void *, str text, str file, uint32_t line), void *with)
{
    struct template **all;
    size_t n = in_order(set, &all);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < all[i]->n_ops; k++) {
            const struct op *op = &all[i]->ops[k];
            if (op->kind == OP_LAMBDA && !strcmp(op->lambda->name, lambda))
                each(with, op->text, all[i]->file, op->line);
        }
}
