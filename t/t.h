/* t.h: the tests' one header, a thin layer over libcheck.
 *
 *     T(stranger_is_sent_to_login) { t_get("/orders"); t_status(303); }
 *
 * A test is a sentence. It registers itself; its suite is its file ("base/str" for
 * t/base/str.c). Each has a context of its own with a fresh arena, and (without sanitizers)
 * a process of its own. `t/tests base/str utf8` runs those whose "file/test" contains one of
 * the words; a word with '*' is a pattern for the whole name. Results are TAP. */
#pragma once
#include "base/base.h"
#include <check.h>
#undef fail /* libcheck's old name for ck_abort_msg; ours is base's */

struct t_case {
    TTest test;
    struct t_case *next;
};
void t_register(struct t_case *);
/* Run when a test has come to its end, before anything of it is undone; it may fail the test. */
void t_at_end(void (*)(void));

#define T(sentence)                                                                         \
    static void test_##sentence(int);                                                       \
    static struct t_case case_##sentence = { { #sentence, test_##sentence, __FILE__,        \
                                                 __LINE__ },                                \
        NULL };                                                                             \
    __attribute__((constructor)) static void register_##sentence(void)                      \
    {                                                                                       \
        t_register(&case_##sentence);                                                       \
    }                                                                                       \
    static void test_##sentence(int t_i_ __attribute__((unused)))

/* ---- what must hold --------------------------------------------------------------------- */

#define HERE_        __FILE__, __LINE__
#define AS_STR_(s)   _Generic((s), str: t_same, char *: str_of, const char *: str_of)(s)
#define is_true(is)  t_true(HERE_, #is, (is))
#define is_false(is) t_true(HERE_, "not " #is, !(is))
#define eq_int(got, want) t_eq_int(HERE_, #got, (got), (want))
/* str or C string on either side */
#define eq_str(got, want)  t_eq_str(HERE_, #got, AS_STR_(got), AS_STR_(want))
#define has_text(in, what) t_has_text(HERE_, #in, AS_STR_(in), AS_STR_(what), true)
#define no_text(in, what)  t_has_text(HERE_, #in, AS_STR_(in), AS_STR_(what), false)
/* A call that returns an enum err must return this one. */
#define eq_err(got, want) t_eq_err(HERE_, #got, (got), (want))
#define must(call)        t_eq_err(HERE_, #call, (call), E_OK)
/* `call` ends its process by SIGABRT; what it says before goes to the arena of t_ctx. */
#define aborts(call)                                \
    t_aborted(HERE_, #call, ({                      \
        struct t_child t_c_ = t_fork();             \
        if (t_c_.is_child) {                        \
            (void)(call);                           \
            t_child_ends();                         \
        }                                           \
        t_c_;                                       \
    }))
/* Leaves the test; it counts as skipped. */
#define t_skip(...)               \
    do {                          \
        t_note_skip(__VA_ARGS__); \
        return;                   \
    } while (0)

/* ---- what a test stands on ------------------------------------------------------------------ */

/* This test's context: its arena, now = 2026-11-20T12:00:00Z, en, THB, id "test". */
struct ctx *t_ctx(void);
/* The document as JSON, for comparing whole. */
str t_json_of(const struct node *);
/* A new file of this test with this text; its path. Removed afterwards. */
const char *t_file(str text);
/* The folder with outside data (TALAT_DATA), or NULL: then t_skip. */
const char *t_data(void);

/* ---- requests, in process ------------------------------------------------------------------- */

/* t_get("/orders"); t_status(303): a request goes through web_handle, no socket. The first one
 * opens the shop of TALAT_CONF (without it the test is skipped) and a transaction that is proved
 * (t/proof.c) and rolled back at the test's end. t_ctx() then has app, pg and redis too; its
 * scope is the test's own. There is one browser with its cookies; the form token goes along by
 * itself. */
struct house;
struct who;
void t_open(void); /* the shop alone, before the first request */
void t_get(const char *path);
void t_post(const char *path, const char *form); /* "product=1&quantity=2" */
void t_post_json(const char *path, const char *json);
/* Any other: method, content type and body; type NULL: no body. */
void t_send(const char *method, const char *path, const char *type, str body);
/* With the next request: "Accept"; "Page-Kind" and "Remote-Addr" are what nginx says itself. */
void t_with(const char *header, const char *value);
const char *t_new_address(void); /* for Remote-Addr: guesses count by it, longer than a test runs */
void t_without_token(void);                         /* the next request sends no form token */
void t_cookie_set(const char *name, const char *value); /* NULL: forgets it */
str t_cookie(const char *name);                         /* what the browser holds */
void t_browser(void); /* a new one: no cookies, nobody logged in */
/* Logs in with the demo's password through the shop's own login; with a house of the test's
 * own, makes the next requests this person's: "admin..." is an admin, all others users. */
void t_login(const char *email);
void t_as(const struct who *); /* by force: whatever the cookies say; NULL: as they say */
/* A house of the test's own instead: no database, no Redis. templates: name, text, name, text,
 * ..., NULL (may be NULL). conf: more lines of talat.conf (may be NULL). */
void t_house(const struct house *, const char *const *templates, const char *conf);
void t_redis(bool here); /* false: the next requests find no Redis */
void t_clock(when now); /* the shop's clock stands there from now on */

#define t_status(want)          t_status_(HERE_, (want))
#define t_header(name, want)    t_header_(HERE_, (name), (want)) /* NULL: must not be there */
#define t_header_has(name, part) t_header_has_(HERE_, (name), (part))
/* By selector: "a[href='/cart']", ".card", "#total", "input[name=csrf]"; no combinators. */
#define t_html(selector)        t_html_(HERE_, (selector), true)
#define t_no_html(selector)     t_html_(HERE_, (selector), false)
#define t_text(text)            t_has_text(HERE_, "the body", t_body(), str_of(text), true)
#define t_no_text(text)         t_has_text(HERE_, "the body", t_body(), str_of(text), false)
/* A value of the JSON answer by path, as text: t_json("products.0.slug", "red-shirt"). */
#define t_json(path, want)      t_json_(HERE_, (path), (want))
int t_last_status(void);
/* How a house of the test's own broke what it describes; the shop's own doing so ends the test. */
str t_misfit(void);
str t_body(void);
str t_header_of(const char *name); /* empty when there is none; Set-Cookie: all, joined */
size_t t_headers_length(void); /* of all names and values */
const struct node *t_document(void); /* the JSON answer */
void t_status_(const char *file, int line, int want);
void t_header_(const char *file, int line, const char *name, const char *want);
void t_header_has_(const char *file, int line, const char *name, const char *part);
void t_html_(const char *file, int line, const char *selector, bool wanted);
void t_json_(const char *file, int line, const char *path, const char *want);

/* ---- behind the macros --------------------------------------------------------------------- */

void t_prove_written(void);
struct t_child {
    bool is_child;
    int pid, said; /* said: where its standard error can be read */
};
static inline str t_same(str s) { return s; }
void t_true(const char *file, int line, const char *what, bool is);
void t_eq_int(const char *file, int line, const char *what, i64 got, i64 want);
void t_eq_str(const char *file, int line, const char *what, str got, str want);
void t_has_text(const char *file, int line, const char *what, str in, str text, bool wanted);
void t_eq_err(const char *file, int line, const char *what, int got, int want);
struct t_child t_fork(void);
_Noreturn void t_child_ends(void);
str t_aborted(const char *file, int line, const char *what, struct t_child);
/* Ends the test here, from however deep; it counts as skipped. */
_Noreturn void t_leave(const char *why, ...) __attribute__((format(printf, 1, 2)));
void t_note_skip(const char *why, ...) __attribute__((format(printf, 1, 2)));
