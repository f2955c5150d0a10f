/* base: what every other room stands on.
 *
 * Slices of bytes, memory by lifetime, errors as data, the document (a tree of nodes),
 * JSON out, escaping, the log, configuration, money and time. It knows nothing about
 * shops, HTTP or SQL and calls nobody above it. Allocation never returns NULL: inputs
 * have ceilings at the door, and real exhaustion aborts the process for its supervisor
 * to replace. */
#pragma once
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef int64_t i64;
typedef struct {
    const char *p;
    size_t n;
} str; /* a slice, not NUL-ended; p may be NULL only when n is 0 */
typedef i64 when; /* microseconds since 1970-01-01T00:00:00Z */

#define S(lit)       ((str){"" lit, sizeof(lit) - 1})
#define STR(s)       (int)(s).n, (s).p /* for "%.*s" */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND       INT64_C(1000000)
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)
#define DAY          (24 * HOUR)

/* ---- arena.c: memory by lifetime ------------------------------------------------ */

struct arena;
struct mark {
    void *block;
    size_t used, next;
    void *defers;
};

struct arena *arena_new(size_t ceiling); /* bytes it may ever hold; more aborts */
void arena_drop(struct arena *);         /* runs the deferred calls, frees everything */
void arena_reset(struct arena *);        /* the same, but keeps its first block */
void *arena_take(struct arena *, size_t size); /* zeroed, aligned to 16 */
void *arena_raw(struct arena *, size_t size);  /* not zeroed */
void *arena_take_many(struct arena *, size_t size, size_t n); /* aborts when size * n overflows */
/* p's `old` bytes with room for `size`: in place when p was taken last, else moved. */
void *arena_grow(struct arena *, void *p, size_t old, size_t size);
/* Ties a foreign object to the arena's end, last tied first run. */
void arena_defer(struct arena *, void (*drop)(void *), void *object);
struct mark arena_mark(struct arena *);
void arena_rewind(struct arena *, struct mark); /* scratch: forget what came since */
size_t arena_used(const struct arena *);

#define NEW(mem, type)      ((type *)arena_take((mem), sizeof(type)))
#define NEWS(mem, type, n)  ((type *)arena_take_many((mem), sizeof(type), (size_t)(n)))
#define DEFER(mem, fn, obj) arena_defer((mem), (void (*)(void *))(fn), (obj))

/* ---- buf.c: a growing buffer ------------------------------------------------------ */

/* A growing buffer, born with a ceiling. Past it nothing more is added and `full` is set:
 * the caller decides what that means. */
struct buf {
    struct arena *mem;
    char *p;
    size_t n, room, ceiling;
    bool full;
};
struct buf buf_new(struct arena *, size_t ceiling);
void buf_add(struct buf *, str);
void buf_char(struct buf *, char);
void buf_int(struct buf *, i64);
void buf_fmt(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_fmt_list(struct buf *, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));
str buf_str(const struct buf *);

/* ---- str.c: slices -------------------------------------------------------------- */

str str_of(const char *nul_ended); /* NULL gives an empty slice */
str str_dup(struct arena *, str);  /* the copy is NUL-ended one past n */
const char *str_c(struct arena *, str); /* NUL-ended copy */
str str_fmt(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool str_eq(str, str);
bool str_is(str, const char *);
bool str_starts(str, str prefix);
bool str_ends(str, str suffix);
i64 str_find(str hay, str needle); /* -1 when absent */
str str_from(str, size_t start);
str str_upto(str, size_t n);
str str_letters_upto(str, size_t n); /* n bytes at most, and no letter of UTF-8 cut in two */
str str_trim(str);
/* The piece before the next `at`; false when rest is used up. "a,,b," is three pieces. */
bool str_cut(str *rest, char at, str *head);
bool str_int(str, i64 *out); /* the whole slice, decimal, no sign but '-', no overflow */
str str_lines(struct arena *, str); /* with \n where a line ends with \r\n or \r */
bool str_is_utf8(str);       /* well-formed UTF-8 without NUL */
str str_well_formed(struct arena *, str); /* itself, or a copy where U+FFFD is for each stray byte */
size_t str_characters(str);  /* of UTF-8 */
size_t str_utf8_step(str);   /* bytes of the first character; 0: empty or not well-formed */
int str_order(str, str);     /* memcmp order, shorter first */
uint64_t str_hash(str);
str str_lower(struct arena *, str); /* ASCII only, this and the next */
str str_upper(struct arena *, str);
extern const str str_none;

/* ---- node.c: the document -------------------------------------------------------- */

enum node_kind { N_NULL, N_BOOL, N_INT, N_REAL, N_STR, N_LIST, N_MAP };

/* One value of the document that becomes a page, a fragment or JSON. Times are strings in
 * RFC 3339, money is integer minor units beside its currency. */
struct node {
    enum node_kind kind;
    bool private_; /* for the page only: the JSON writer passes over it */
    union {
        bool yes;
        i64 number;
        double real;
        str text;
        struct {
            struct item *first, *last;
            size_t n;
            struct index *index; /* node.c: of a map with many keys */
        } items;
    } as;
};
struct item {
    str key; /* empty in a list */
    struct node node;
    struct item *next;
};

struct node *node_map(struct arena *);
struct node *node_list(struct arena *);
/* Adds to a map. The value is copied in: go on filling the node that is returned, not the one
 * that was given. The key is not copied and must outlive the map. A key set twice keeps its
 * place and takes the new value. Each returns the node now in the map. */
struct node *node_set(struct arena *, struct node *map, str key, struct node *value);
struct node *node_set_str(struct arena *, struct node *map, str key, str value);
struct node *node_set_int(struct arena *, struct node *map, str key, i64 value);
struct node *node_set_bool(struct arena *, struct node *map, str key, bool value);
struct node *node_set_null(struct arena *, struct node *map, str key);
struct node *node_set_map(struct arena *, struct node *map, str key);  /* a new empty map */
struct node *node_set_list(struct arena *, struct node *map, str key); /* a new empty list */
struct node *node_add(struct arena *, struct node *list, struct node *value);
struct node *node_add_map(struct arena *, struct node *list);
struct node *node_add_str(struct arena *, struct node *list, str value);
struct node *node_hide(struct node *); /* marks private, returns it */
/* Reading: NULL, 0, false or "" where there is nothing of that kind. */
struct node *node_get(const struct node *map, str key);
struct node *node_path(const struct node *, str dotted); /* "lines.0.sku" */
str node_str(const struct node *map, const char *key);
i64 node_int(const struct node *map, const char *key);
bool node_bool(const struct node *map, const char *key);
bool node_is_null(const struct node *map, const char *key); /* absent or null */
size_t node_count(const struct node *list_or_map);
const struct item *node_first(const struct node *list_or_map);
/* A whole document again, texts included, in other memory. */
struct node *node_copy(struct arena *, const struct node *);
#define EACH(each, list) \
    for (const struct item *each = node_first(list); each; each = each->next)
/* Attaches each child to the parent whose `id` equals the child's `by`, as a list named
 * `as` (every parent gets one, maybe empty). Linear: both sides are walked once. */
void node_attach(struct arena *, struct node *parents, str id, struct node *children, str by,
    str as);

/* ---- json.c: JSON out ------------------------------------------------------------ */

/* Keys in snake_case are written in camelCase, private nodes left out. Strings are valid
 * UTF-8 by then; '<', U+2028 and U+2029 are escaped so that it may stand in HTML. */
void json_write(struct buf *, const struct node *);
/* The same for somebody who reads it themselves: a line for each piece, indented. */
void json_show(struct buf *, const struct node *);
/* For a jsonb column: keys as they are, nothing left out. */
void json_store(struct buf *, const struct node *);
void json_quote(struct buf *, str);
void json_key(struct buf *, str); /* "order_id" as "orderId", quoted */

/* ---- escape.c: verbs by context -------------------------------------------------- */

void escape_html(struct buf *, str);      /* text and quoted attributes */
void escape_url_part(struct buf *, str);  /* one path segment or query value */
void escape_field(struct buf *form, const char *key, str value); /* behind a '&', but the first */
/* As a link: http, https, mailto, tel, or relative; nothing a browser would read otherwise
 * (controls, blanks, backslashes, "//host"). */
bool escape_url_is_safe(str);
str escape_header(struct arena *, str);   /* CR, LF, NUL and other controls become spaces */
bool unescape_url(struct arena *, str, bool plus_is_space, str *out); /* false: bad %xx */

/* ---- fault.c: one error type ------------------------------------------------------ */

/* X(code, HTTP status, log level, what the user reads when nothing better was said) */
#define ERRORS(X)                                                                            \
    X(E_OK, 200, LOG_DEBUG, "")                                                              \
    X(E_INPUT, 422, LOG_INFO, "Please check what you entered.")                              \
    X(E_MALFORMED, 400, LOG_INFO, "That request could not be read.")                         \
    X(E_LOGIN, 401, LOG_INFO, "Please log in to go on.")                                     \
    X(E_DENIED, 403, LOG_WARN, "You may not do that.")                                       \
    X(E_FORGED, 403, LOG_WARN, "This form has expired. Please go back, reload and try again.") \
    X(E_MISSING, 404, LOG_INFO, "There is nothing here.")                                    \
    X(E_METHOD, 405, LOG_INFO, "That cannot be done here.")                                  \
    X(E_CONFLICT, 409, LOG_INFO, "That has changed meanwhile. Please look again.")           \
    X(E_GONE, 410, LOG_INFO, "This is no longer available.")                                 \
    X(E_TOO_LARGE, 413, LOG_INFO, "That is too large.")                                      \
    X(E_KIND, 415, LOG_INFO, "That kind of file or body is not taken here.")                 \
    X(E_LIMIT, 429, LOG_INFO, "Too many tries. Please wait a little and try again.")         \
    X(E_INTERNAL, 500, LOG_ERROR, "Something went wrong on our side. Please try again.")     \
    X(E_PROVIDER, 502, LOG_WARN, "The other side did not answer. Please try again.")         \
    X(E_AWAY, 503, LOG_ERROR, "We are busy for a moment. Please try again shortly.")

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum err {
#define X(code, status, level, text) code,
    ERRORS(X)
#undef X
};

/* What went wrong, said once. `key` is stable for machines and tests ("cart.stock"),
 * `text` is for the person, in their language, `detail` only for the log. */
struct fault {
    enum err code;
    str key, text, detail;
    struct node *fields; /* E_INPUT: field name -> text */
};

/* The last one recorded wins: whoever is nearer to the person knows better what to say.
 * Fields add up for as long as what follows is E_INPUT too; any other code drops them.
 * All of it lives in ctx.mem: a fault does not outlive a rewind. */

struct ctx;
int fail(struct ctx *, enum err, const char *key, const char *text, ...)
    __attribute__((format(printf, 4, 5)));
/* For the log only; the user reads the code's own text. Never secrets or personal data. */
int fail_detail(struct ctx *, enum err, const char *key, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
/* Marks a text of a table that is said later, so that t/lint/templates finds it. */
#define SAYS(text) text
int fail_field(struct ctx *, const char *field, const char *text); /* E_INPUT; adds up */
void fault_clear(struct ctx *);
int err_status(enum err);
enum log_level err_level(enum err);
const char *err_text(enum err);
const char *err_name(enum err);

#define TRY(call)                  \
    do {                           \
        int try_err_ = (call);     \
        if (try_err_)              \
            return try_err_;       \
    } while (0)

/* ---- log.c: one line, one JSON object --------------------------------------------- */

void log_open(int fd, enum log_level least);
/* One write(2) of at most 4 KiB, so that lines of many processes do not mix. What does not
 * fit is cut, and "cut":true says so.
 * log_line(c, LOG_INFO, "request", "path", path, "status", S("200"), NULL): pairs of
 * (const char *, str), ended by NULL. c may be NULL outside a request or job. */
void log_line(const struct ctx *, enum log_level, const char *event, ...)
    __attribute__((sentinel));

/* ---- conf.c: key = value ----------------------------------------------------------- */

struct conf; /* the file's pairs */
/* NULL with the reason in *why (file:line: what) when it cannot be read. */
struct conf *conf_read(struct arena *, const char *path, const char **why);
str conf_str(const struct conf *, const char *key, str otherwise);
i64 conf_int(const struct conf *, const char *key, i64 otherwise);
bool conf_bool(const struct conf *, const char *key, bool otherwise); /* yes no true false on off */
/* The first value that was asked for as a number or a yes/no and is none: "file:line: what",
 * or NULL. Asked once after everything was read; such a program does not start. */
const char *conf_wrong(const struct conf *);
str conf_key(const struct conf *, size_t i); /* the keys there are, one by one; then empty */
const char *conf_path(const struct conf *); /* as it was given */
void conf_put(struct arena *, struct conf *, const char *key, str value); /* tests, argv */
str file_read(struct arena *, const char *path, size_t ceiling, bool *ok);
/* The same for what stays: it takes of the arena what the file has, and no room it grew into. */
str file_keep(struct arena *, const char *path, size_t ceiling, bool *ok);

/* ---- csv.c: RFC 4180, a record at a time -------------------------------------------- */

struct csv {
    str text;
    size_t at;
    i64 line; /* of the record last read */
    i64 next_line;
    const char *problem; /* why the last read failed */
};
enum { CSV_COLUMNS = 256 };
void csv_open(struct csv *, str text);
/* One record into cells (quotes undone, in mem): their number; 0 at the end; -1: problem. */
int csv_next(struct csv *, struct arena *, str cells[CSV_COLUMNS]);

/* ---- money.c: minor units and exponents ------------------------------------------- */

/* The currencies the house knows, with their ISO 4217 exponents. -1: unknown. */
int money_exponent(str currency);
bool money_is_currency(str currency);
/* "1290.50" -> 129050 for an exponent of 2. False: not an amount, too fine, too large. */
bool money_parse(str text, int exponent, i64 *minor);
/* The same as people write it and as pages show it: "฿1,290.50", " 1,290"; "500.000 ₫" where there
 * are no decimals. */
bool money_typed(str text, int exponent, i64 *minor);
/* What is said of a text that money_typed refuses, with an example that it takes. */
const char *money_no_amount(int exponent);
str money_plain(struct arena *, i64 minor, int exponent); /* "1290.50", for machines */
/* a * b / c without overflow in between, half away from zero; false when it cannot fit. */
bool money_scale(i64 a, i64 b, i64 c, i64 *out);
bool money_add(i64 a, i64 b, i64 *out);
bool money_times(i64 a, i64 n, i64 *out);

/* ---- when.c: instants --------------------------------------------------------------- */

when when_now(void);
i64 when_ticks(void); /* microseconds of a clock that is never set: how long things take */
str when_rfc3339(struct arena *, when); /* 2026-11-20T21:08:57.123456Z */
size_t when_write(when, char out[static 32]); /* the same without an arena; its length */
bool when_parse(str rfc3339, when *out);
bool when_parse_http(str, when *out);   /* the same form only */

/* ---- ctx: one request or one job ----------------------------------------------------- */

/* What the database lets this piece of work see; every query carries it (row level
 * security reads it). All zero: published catalogue rows only. */
struct scope {
    i64 person;       /* whose own rows */
    i64 organisation; /* whose tenant rows, as staff */
    i64 order;        /* one order, by signed link or by a job that owns it */
    i64 cart;         /* one cart, by its signed cookie */
    bool platform;    /* the house itself: jobs that walk over all tenants */
};

struct app; /* what lives as long as the process: web/web.h */
struct pg;
struct redis;

struct ctx {
    struct app *app;
    struct arena *mem;
    struct pg *pg;
    struct redis *redis;
    struct scope scope;
    struct fault fault;
    when now;        /* one instant for the whole request; tests set it */
    i64 until_us;    /* by when_ticks: who waits is answered then, whatever others do; 0: nobody
                        waits */
    str source;      /* of a change, "person as-person program digest request address", for
                        the audit trail (web/gate.c); empty: nothing is changed */
    str id;          /* request or job id, the same in nginx, worker, job and log */
    str lang;        /* "en", "th", "vi" */
    str currency;    /* "THB", ... */
    /* A text of fail() in the person's language; NULL: all speak English. What is a printf
     * format stays one with the same conversions. */
    const char *(*words)(const struct ctx *, const char *text);
    i64 db_us, db_trips, redis_us; /* for Server-Timing and the log */
};
