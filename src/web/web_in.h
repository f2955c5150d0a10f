/* web_in.h: what the files of web/ tell each other and nobody else. */
#pragma once
#include "io/io.h"
#include "web/web.h"

enum {
    BODY_MAX = 1 << 20,    /* a request's body ... */
    BODY_BIG = 12 << 20,   /* ... and on BIG routes */
    FIELDS_MAX = 200,      /* fields of one request, all sources together */
    SEGMENTS_MAX = 16,     /* of a path */
    NEXT_KEPT = 500,       /* bytes of where to go on after logging in */
    FILE_NAME_MAX = 255,   /* bytes, as file systems have it */
    PARAMS_KEPT = 400,     /* of FastCGI: some 30 of nginx, the others are the client's headers */
    ANSWER_MAX = 16 << 20, /* bytes a body may grow to */
    REQUEST_MEMORY = 96 << 20,
};

/* ---- request.c ----------------------------------------------------------------------------- */

str cgi_value(const struct cgi *, const char *name);
int request_read(struct req *);
int request_route(struct req *); /* finds the row, or moves to where the path is written right */
str path_here(struct req *);     /* with its query, without the language */
const char *kind_name(enum kind);

/* ---- finish.c ------------------------------------------------------------------------------ */

void tags_begin(struct req *); /* before the body is made */
void request_finish(struct req *, int err);

/* ---- router.c ---------------------------------------------------------------------------- */

/* NULL: `errors` says which rows are wrong. Without templates or shapes views are unchecked. */
struct router *router_open(struct arena *, const struct house *, const struct templates *,
    const struct shapes *, struct buf *errors);
struct found {
    const struct route *route; /* NULL: see allowed */
    size_t number;             /* of the row, for the metrics */
    unsigned allowed;          /* methods the path knows; 0: no such path */
    bool raw;                  /* the path takes a RAW post */
};
struct found router_find(const struct router *, const str *segments, size_t n, unsigned method);
/* Names the segments that stood where the row has {names}. */
void router_params(
    struct arena *, const struct route *, const str *segments, size_t n, struct node *params);
size_t router_count(const struct router *);
const char *router_feature(const struct router *, size_t number); /* whose row it is */
str rate_name(enum rate);
const struct route *router_row(const struct router *, size_t number);
str method_name(enum method);
str methods_text(struct arena *, unsigned methods); /* "GET, HEAD, POST" */

/* ---- body.c ------------------------------------------------------------------------------- */

struct field {
    str name, value;
    const struct node *json; /* from a JSON body: the value as it came */
};
struct web_fields {
    struct field query[FIELDS_MAX], form[FIELDS_MAX];
    size_t n_query, n_form;
    bool query_read, form_read;
};
int body_read_query(struct req *);
int body_read_form(struct req *); /* urlencoded, multipart or JSON object, by content type */
bool body_is_urlencoded(const struct req *);
str body_json_text(struct arena *, const struct node *); /* a scalar as a form would send it */
bool body_is_form(const struct req *);                   /* something a plain HTML form can send */
str field_of(const struct req *, const char *name);      /* first in the form; empty when none */
void cookies_read(struct req *, str header);

/* ---- input.c ------------------------------------------------------------------------------- */

int inputs_read(struct req *); /* all declared ones, all faults together */
bool uri_is_canonical(struct req *);

/* ---- unsent.c: what was typed in a form that was refused for what happened beside it ---------- */

bool unsent_by_somebody(struct req *); /* who was logged in when they opened the form's page */
struct node *unsent_form(struct req *, int err); /* NULL: not to be sent again */

/* ---- csrf.c, limit.c ----------------------------------------------------------------------- */

int csrf_check(struct req *);
bool comes_from_our_page(const struct req *); /* the browser says so */
void csrf_heal(struct req *);  /* a page for someone whose token is missing or stale: a new one */
int limit_check(struct req *); /* the route's own class, by address and by session */
/* Whether this worker has heard, this very window, that the address has used its class up. */
bool limit_is_known_over(struct req *);
/* What limit_check has let in without asking Redis: counters that still have to count, along with
 * the tags of the page if there are any. */
enum { PER_REQUEST = COUNTERS_AHEAD };
struct taken { /* one counter of a class */
    size_t class;
    struct counter counter;
    i64 most;
};
struct late {
    struct taken taken[PER_REQUEST];
    size_t n;
    bool sent;
};
size_t limit_late(struct req *, struct counter counters[static PER_REQUEST]); /* those not sent */
void limit_settle(struct req *, const struct counter *, bool counted); /* at the request's end */
struct node *may_map(struct arena *, const struct who *); /* what the page's `may` says of them */
struct kept *kept_open(struct arena *);
/* This process calls kept_renew after each answer, while the request's arena still stands. */
void kept_pool(struct app *);
void kept_renew(struct app *);
struct copies *copies_open(struct arena *);
struct limits *limits_open(struct app *, struct buf *errors);
/* pieces.c: adds what a thing brings along ready under the name of a partial or a shape. False: it
 * brings none. */
bool piece_add(struct buf *, const struct node *of, str name);

/* ---- shape.c: what a view's document promises to other programs -------------------------- */

enum shape_kind {
    SHAPE_TEXT,
    SHAPE_TIME,
    SHAPE_DAY,
    SHAPE_INT,
    SHAPE_MONEY,
    SHAPE_BOOL,
    SHAPE_ANY,
    SHAPE_REF,
    SHAPE_LIST,
    SHAPE_MAP
};
/* Reads every templates/<view>.shape; what is wrong with them goes to `errors`. NULL: none. */
struct shapes *shapes_load(struct arena *, str dir, struct buf *errors);
const struct shape *shape_find(const struct shapes *, str view); /* NULL: none */
/* The file's text for who reads the answers: with their names, and what it refers to in its place. */
str shape_told(const struct shapes *, struct arena *, str view);
/* Writes what the shape names of the document as JSON. False: something promised is not there
 * or of another type, and *wrong says where ("order.lines.sku"). */
bool shape_write(struct buf *, const struct shape *, const struct node *, str *wrong);
/* The same of JSON as it was written, and nothing may be in it that the shape does not name. */
bool shape_fits(const struct shape *, struct arena *, const struct node *json, str *wrong);
/* JSON Schema, to be written by json_store: one, and all of them by their titles. */
struct node *shape_schema(struct arena *, const struct shape *);
void shapes_schemas(const struct shapes *, struct arena *, struct node *schemas);
str shape_title(struct arena *, str view); /* "orders/show": OrdersShow; "part/card": Card */

/* ---- answers.c: what each published operation says it may answer -------------------------- */

struct operation { /* one method of one row */
    const struct route *row;
    str method, feature, path;
    str more, words; /* of its line in templates/ops/operations: in brackets, and the sentence */
};
enum { STATUSES_MOST = 20, SHAPES_MOST = 2 };
struct said { /* of one status */
    int status;
    bool is_problem; /* error/error */
    bool is_page;    /* or HTML, for who asks for a page */
    str type;        /* of what has no shape */
    str shapes[SHAPES_MOST]; /* one of them, or the problem */
    size_t n;
};
struct says { /* by status */
    struct said list[STATUSES_MOST];
    size_t n;
};
struct operation operation_of(const struct app *, size_t number, enum method);
str operations_text(const struct app *, struct arena *);
void operation_describe(str operations_text, struct operation *); /* fills more and words */
bool operation_is_published(const struct operation *);
bool operation_is_api(const struct operation *); /* for programs */
bool operation_takes_organisation(const struct operation *); /* X-Organisation */
void answers_of(const struct app *, const struct operation *, struct says *);
str header_spelt(struct arena *, const char *lower); /* "Idempotency-Key" */
struct brackets *brackets_open(const struct app *); /* NULL but in the check */
/* How this request's answer differs from what its operation says; empty: it does not, or nobody
 * looks, as in production. */
str answer_misfit(struct req *);

/* ---- reply.c ------------------------------------------------------------------------------- */

void answer_error(struct req *, int err);
void answer_redirect(struct req *, int status, str location);
str lang_path(struct req *, str lang, str path);

/* ---- fcgi.c: one connection, one request ---------------------------------------------------- */

struct fcgi {
    int fd;
    int id; /* the FastCGI request's */
};
void fcgi_start(void); /* once per process */
/* Reads one whole request from an accepted socket into the arena. False: the peer sent
 * nonsense, went away or was too slow; the socket is closed then. */
bool fcgi_read(struct fcgi *, int fd, struct arena *, struct cgi *);
void fcgi_write(struct fcgi *, struct arena *, const struct answer *); /* and closes */

/* ---- serve.c ---------------------------------------------------------------------------------- */

int pool_workers(const struct conf *, bool slow); /* how many this machine has of them */

/* ---- metrics.c ------------------------------------------------------------------------------- */

void metrics_request(struct app *, size_t route, int status, i64 us, i64 db_us, i64 bytes);
