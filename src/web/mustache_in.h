/* mustache, the inside: how a template looks once compiled, and the few functions its files
 * share (mustache.c: the set; mustache_parse.c: text to operations; mustache_html.c and
 * mustache_place.c: where in the HTML a tag stands; mustache_run.c: operations to text).
 *
 * A template is a flat array of operations in the set's arena. A section, block or parent
 * covers the operations after it up to `end`. Nothing here knows a shop's words: lambdas come
 * in as a table. */
#pragma once
#include "web/web.h"

enum {
    MAX_NESTING = 64,  /* sections, blocks and parents within one template */
    MAX_PARTIALS = 64, /* partials within partials while rendering */
    MAX_STACK = 512,   /* contexts on the stack while rendering */
    MAX_INDENT = 1024, /* bytes of indentation of all partials that are open */
    MAX_ARGS = 8,      /* words a lambda may be given */
    MAX_RUNS = 100000, /* templates that lambdas may compile in one render */
};

enum op_kind {
    OP_TEXT,
    OP_VALUE,
    OP_SECTION,
    OP_INVERTED,
    OP_PARTIAL,
    OP_PARENT, /* covers its arguments, which are OP_BLOCKs */
    OP_BLOCK,
    OP_LAMBDA,
    OP_INDENT, /* a closing tag that begins its line */
};

/* How a value is written, decided by what stands around its tag. */
enum escape {
    AS_UNDECIDED,
    AS_HTML,     /* text, quoted attribute */
    AS_RAW,      /* {{{x}}} */
    AS_URL,      /* a URL as a whole: unsafe schemes become "#" */
    AS_URL_PART, /* within a URL: percent-encoded */
    AS_SRCSET,   /* one URL of several */
};

struct name { /* "a.b.c"; no parts: "." */
    str whole;
    size_t n;
    const str *parts;
    struct name *next; /* of those that templates_name keeps */
};
struct delimiters {
    str open, close;
};

struct template;
struct place;

struct op {
    enum op_kind kind : 8;
    enum escape escape : 8;
    bool starts_line : 1; /* the enclosing partial's indentation goes before it */
    bool raw : 1;         /* {{{x}}} or {{&x}} */
    bool dynamic : 1;     /* {{>*x}}: the partial's name is looked up */
    bool hangs : 1;       /* OP_BLOCK: what replaces it is indented by `indent` */
    bool opens_line : 1;  /* OP_BLOCK: its content begins on a line of its own */
    bool argument : 1;    /* OP_BLOCK directly inside an OP_PARENT */
    bool once : 1;        /* at most one round: its end is not where it began */
    bool alone : 1;       /* OP_PARTIAL, OP_PARENT on a line of their own */
    uint8_t n_args;
    uint32_t line, end; /* end: index behind the last operation it covers */
    str text;           /* OP_TEXT: literal; OP_LAMBDA, sections: what stands inside */
    str indent;
    const struct name *name; /* never NULL */
    const struct delimiters *delimiters; /* in force here, for lambdas that compile */
    struct template *partial;            /* OP_PARTIAL, OP_PARENT; NULL: dynamic, or missing */
    const struct lambda *lambda;         /* OP_LAMBDA; otherwise NULL */
    const struct name *const *args;      /* ... that takes names */
};

struct template
{
    str name, file, text;
    struct op *ops;
    uint32_t n_ops;
    enum { NOT_PLACED, PLACING, PLACED } placed;
    struct place **places; /* while placing, of each OP_BLOCK: where in the HTML it was met */
    uint32_t seen; /* the last round of mustache_place.c that came by */
    bool broken, plain_text;
};

struct templates {
    struct arena *mem;
    struct arena *placing; /* what templates_ready needs on the way only */
    struct name **names;   /* by hash; NULL: none are kept */
    struct template_rules rules;
    struct template **slots; /* open addressing by name */
    size_t n_slots, n;
    uint32_t round;
    struct buf *errors;
    bool broken;
};

/* The entries of a folder in order, so that errors come in the same order everywhere. */
size_t templates_list_dir(struct arena *, const char *path, str **names);
/* Every file below dir with that suffix: its name below dir without the suffix, and its path. */
typedef void each_file_fn(void *with, str name, str path);
void templates_each_file(struct arena *, str dir, str suffix, each_file_fn *, void *with);
struct template *templates_find(const struct templates *, str name);
void template_error(struct templates *, const struct template *, uint32_t line, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
const struct lambda *lambda_find(const struct templates *, str name);
struct name name_parse(struct arena *, str);
/* The same, once for all that are alike where the set keeps names. */
const struct name *templates_name(struct templates *, str);

/* For tools: every HTML template, and every use of a lambda with its text, in order of files. */
void templates_each(const struct templates *, void (*each)(void *, str file, str text), void *with);
void templates_each_use(const struct templates *, const char *lambda,
    void (*each)(void *, str text, str file, uint32_t line), void *with);

/* All that t/lint/templates finds; `words`: what is not translated, or no longer said. */
void templates_lint(struct arena *, str dir, str source, struct buf *errors, struct buf *words);

/* mustache_parse.c: fills ops from text. Errors go to the set; false when there were any. */
bool template_parse(struct templates *, struct template *, struct delimiters);
size_t template_args(struct templates *, str text, const struct name **args, size_t most);

/* mustache_place.c: decides every escape of a template by its HTML. */
void template_place(struct templates *, struct template *);
