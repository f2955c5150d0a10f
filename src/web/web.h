/* web: the front door. nginx speaks FastCGI to it; it turns a request into a row of the
 * route table, lets the gate check everything that stands in that row, calls the handler
 * and renders the document as page or JSON.
 *
 * It owns the route, input, permission and rate tables' shapes, the templates and the
 * page-cache keys. It relies on io and base. It refuses to know any feature: whatever the
 * gate needs of a higher room comes through struct hooks, filled in bin/features.c. */
#pragma once
#include "base/base.h"
#include "io/io.h"

/* ---- permissions: one table ------------------------------------------------------------ */

enum role { GUEST, USER, ADMIN, SUPER_ADMIN };              /* platform */
enum member { NOBODY, VIEWER, MEMBER, STAFF_ADMIN, OWNER }; /* in an organisation */

/* X(enumerator, name, least platform role, least organisation role that has it)
 * A route needs exactly one. ANYONE is a decision, not a default. "Organisation" ones are
 * held by members at or above the named place, within their organisation, and by admins. */
#define PERMISSIONS(X)                                      \
    X(ANYONE, "anyone", GUEST, NOBODY)                      \
    X(SHOPPER, "account:own", USER, NOBODY)                 \
    X(ORDERS_CREATE, "orders:create", USER, NOBODY)         \
    X(ORDERS_READ, "orders:read", USER, NOBODY)             \
    X(CHAT_ACCESS, "chat:access", USER, NOBODY)             \
    X(DASHBOARD_READ, "dashboard:read", ADMIN, VIEWER)      \
    X(ORDERS_READ_ALL, "orders:read-all", ADMIN, VIEWER)    \
    X(ORDERS_UPDATE, "orders:update", ADMIN, MEMBER)        \
    X(ORDERS_REFUND, "orders:refund", ADMIN, STAFF_ADMIN)   \
    X(ORDERS_DELETE, "orders:delete", SUPER_ADMIN, OWNER)   \
    X(CATALOG_READ, "catalog:read", ADMIN, VIEWER)          \
    X(CATALOG_WRITE, "catalog:write", ADMIN, MEMBER)        \
    X(INVENTORY_WRITE, "inventory:write", ADMIN, MEMBER)    \
    X(CUSTOMERS_READ, "customers:read", ADMIN, MEMBER)      \
    X(SECURITY_READ, "security:read", ADMIN, NOBODY)        \
    X(API_KEYS_MANAGE, "api-keys:manage", ADMIN, STAFF_ADMIN) \
    X(CUSTOMERS_VIEW_AS, "customers:view-as", ADMIN, NOBODY) \
    X(ACCOUNTS_MANAGE, "accounts:manage", ADMIN, NOBODY)    \
    X(SHOP_MANAGE, "shop:manage", ADMIN, NOBODY)            \
    X(TEAM_READ, "team:read", ADMIN, MEMBER)                \
    X(TEAM_WRITE, "team:write", ADMIN, STAFF_ADMIN)         \
    X(TEAM_OWN, "team:own", SUPER_ADMIN, OWNER)             \
    X(AUDIT_READ, "audit:read", ADMIN, STAFF_ADMIN)         \
    X(SETTINGS_MANAGE, "settings:manage", ADMIN, STAFF_ADMIN) \
    X(METRICS_READ, "metrics:read", GUEST, NOBODY)
enum permission {
    PERMISSION_NONE_GIVEN, /* 0: a row that says nothing lets nobody in */
#define X(p, name, role, member) p,
    PERMISSIONS(X)
#undef X
    N_PERMISSIONS
};
_Static_assert(N_PERMISSIONS <= 64, "a permission is a bit");
const char *permission_name(enum permission);
enum permission permission_named(str name); /* PERMISSION_NONE_GIVEN: there is none */
/* Sets of permissions: bit 1 << p each. What a platform role and a place in an organisation
 * give, by the table. */
uint64_t permissions_of(enum role, enum member);
uint64_t permission_bit(enum permission);
/* A key may have it: it is held in an organisation, opens something, and gives nobody rights, by
 * which a key could come to more than its scopes. */
bool permission_is_for_keys(enum permission);
/* What a key has to have where a row asks for this: it speaks for its organisation, and reads its
 * orders where a buyer reads their own. */
enum permission permission_of_keys(enum permission);

struct who {
    i64 person, organisation; /* 0: a guest; organisation: where this person is staff */
    enum role role;
    enum member member; /* NOBODY also for who has a role of the organisation's own making */
    uint64_t allowed;   /* all that decides: may() asks for nothing else */
    str name, email;
    str zone;    /* of the organisation: the times that its back office shows; or empty */
    str session; /* the session's hash, empty for a guest */
    i64 viewer;  /* staff who look with this person's eyes: they read, and change nothing */
    str viewer_email;
    i64 viewer_organisation; /* where they are staff, for the trail */
    i64 device;  /* by a token: the login it was given at (auth.device) */
    i64 key;     /* by an API key: which; it speaks for the organisation, not for the person */
    bool lacks_factor; /* must set up a second factor before the back office opens */
    bool text_counts;  /* codes by text message would be enough */
};
bool may(const struct who *, enum permission);
bool is_for_staff(enum permission); /* no mere shopper has it */
struct req;
/* Back office: what follows is seen and done as staff of the person's organisation. E_DENIED
 * for somebody who has none. */
int as_staff(struct req *);
/* Where who.lacks_factor, on rows that are open to shoppers too. */
int fail_factor_due(struct req *);
/* Goes on for who has any of these platform roles: as_role(r, ROLE(ADMIN) | ROLE(SUPER_ADMIN)).
 * E_DENIED names what would have been enough. What a permission can say stands in the row. */
#define ROLE(role) (1u << (role))
int as_role(struct req *, unsigned roles);
const char *role_name(enum role);

/* ---- the request ------------------------------------------------------------------------- */

enum method { GET = 1, POST = 2, PUT = 4, PATCH = 8, DELETE = 16 }; /* HEAD is a GET */
enum format { HTML, JSON };
/* As nginx keeps it: with SSI to fill in, or for guests, who have nothing of their own on a page. */
enum kind { KIND_SSI, KIND_PLAIN, KIND_PACKED };

/* INT: decimal digits, maybe a minus, nothing else. TEXT: several lines, kept as typed. LINE:
 * one line, trimmed. WORD: no blanks (opaque ids, codes). SLUG: a-z 0-9 -. EMAIL: trimmed, one
 * @, in small letters. BOOL: 1 true on yes; absent is false. MONEY: "12", "1,290.50": text, for
 * money_typed with the currency's exponent. CHOICE: one of `choices`. SECRET: kept to the byte,
 * never echoed. INTS: repeated or separated by commas; WORDS: so are words. LINES: repeated, each a
 * LINE; those left empty keep their place. FILES: parts of a multipart form, in r->files. GROUP: an
 * object in a JSON body with the fields `of`. LIST: a list of such objects. */
enum input_kind {
    INT,
    TEXT,
    LINE,
    WORD,
    SLUG,
    EMAIL,
    BOOL,
    MONEY,
    CHOICE,
    SECRET,
    INTS,
    WORDS,
    LINES,
    FILES,
    GROUP,
    LIST
};
struct input { /* one declared field; everything else sent is ignored */
    const char *name;
    enum input_kind kind;
    i64 min, max;       /* INT: value (both 0: any); others: characters; of several: count;
                           max 0: the kind's own (LINE 200, TEXT 10000, WORD 200, ...) */
    bool required;
    const char *choices; /* CHOICE: "a|b|c" */
    const struct input *of; /* GROUP, LIST: the fields of one, ended as the row's own; no FILES */
    const char *header;  /* comes from this request header, in lower case, and nowhere else */
    i64 longest;         /* LINES: characters of each; 0: a LINE's own */
};
struct file { /* `field` is the input's name; name and type are only what was claimed */
    str field, name, type, body;
};

struct req {
    struct ctx c; /* first: handlers pass &r->c down */
    const struct route *route;
    enum method method;
    enum format format;
    enum kind kind;
    str path;  /* without language prefix and .json, decoded */
    str query, body, content_type;
    str host, remote, user_agent;
    struct node *params; /* headers of interest, cookies, path, query and form, by kind: */
    struct node *cookies, *headers;
    struct node *in;     /* declared inputs that were valid, typed */
    struct node *raw;    /* what was typed, to come back in the form; never a SECRET */
    struct file *files;
    size_t n_files;
    struct who who;
    bool internal;       /* came over nginx's inner socket (cache refresh) */
    bool is_path_canonical; /* spelt as we would: kept pages have one address each */
    bool is_bearer;      /* speaks by a token of its own: no cookie was read, none is needed */
    str bearer;          /* ... the token as it was sent */
    bool is_counted_late; /* by the limits: not before it is known who asks */
    str uri;             /* as asked, with language prefix, .json and query: the cache key's */
    const struct cgi *cgi;
    struct web_fields *fields; /* what was sent; web_in.h */
    struct answer *out;
    struct late *late;         /* limits still to be counted; web_in.h */
    size_t n_tags_sent;        /* of out->tags, to Redis */
    i64 started_us;
    bool rendered;       /* an answer stands in `out` */
    bool bad_input;      /* see in_fault */
    str required;        /* what was missing, when it is not the row's permission */
    size_t row;          /* the route's number, for the metrics */
};

/* The cookies the front door knows. nginx keys pages by the
 * currency's (nginx/render). */
#define COOKIE_SESSION  "__Host-sid"
#define COOKIE_CART     "__Host-cart"
#define COOKIE_CSRF     "__Host-csrf" /* the pages' own: a link from a mail must find it */
/* SameSite=Strict: no link leads to where these two count. */
#define COOKIE_CSRF_TOKEN "__Host-csrf-token"
#define COOKIE_REFRESH  "__Host-refresh"
#define COOKIE_ORDERS   "__Host-orders" /* what a guest's signed links have opened here */
#define COOKIE_DONE     "__Host-done"   /* of a browser that does not say who sends it: in_done */
#define COOKIE_MERGED   "__Host-merged" /* two carts became one: until the cart's page has said so */
#define COOKIE_CURRENCY "__Host-currency"

i64 in_int(const struct req *, const char *name);
str in_str(const struct req *, const char *name);
bool in_bool(const struct req *, const char *name);
bool in_has(const struct req *, const char *name); /* was sent and is not empty */
const struct node *in_ints(const struct req *, const char *name); /* INTS, WORDS, LINES: a list */
const struct node *in_node(const struct req *, const char *name); /* GROUP, LIST; NULL: none */
str in_cookie(const struct req *, const char *name);
/* Input `done`, by which a page that was just redirected to says what was done. Empty where a link
 * from elsewhere led here, as the browser says or, where it says nothing, as it does not bring what
 * see_other gave it along: what such a link claims has not happened. */
str in_done(const struct req *);
struct done {
    const char *what, *text; /* text: to be translated */
};
str done_text(struct req *, const struct done *, size_t n); /* of what in_done says; or nothing */
str in_header(const struct req *, const char *name); /* lower case: "stripe-signature" */
str in_path(const struct req *, const char *name);   /* as it stood in the path, decoded */
/* What does not come with a request, by the same rules: EMAIL, LINE, and SLUG. */
bool in_is_email(str);
bool in_is_slug(str); /* of any length but none */
bool in_is_line(str);
/* Input `seen`, a hash of what a form was made from, is not `now`, that of what is there: to be
 * refused, as it would undo what somebody else has changed. A program need not send any. */
bool in_is_stale(const struct req *, str now);
/* A form that comes back because something in it is wrong is as old as it was: its `seen`, in the map
 * of what is shown. After any other refusal it is of now: saved once more it is meant. */
void in_stay_old(struct req *, int err, struct node *shown);
int in_fault(const struct req *); /* FORM rows: E_INPUT when an input was wrong */
static inline i64 me(const struct req *r) { return r->who.person; }

/* ---- the answer --------------------------------------------------------------------------- */

struct answer {
    int status;
    struct node *headers; /* list of {name, value}; Set-Cookie may repeat */
    struct buf body;
    i64 cache_s;          /* > 0: nginx may keep it so long */
    struct node *tags;    /* what it shows: "product:12", for the refresh */
    bool has_cookie;      /* a Set-Cookie stands in headers: never kept */
    str misfit;           /* for tests: how it was not what the API's description says */
};

/* The document is the page's data: `reply` names its root key ("products") and renders the
 * route's view, or JSON.
 *
 * Beside the feature's own keys every page finds these, which JSON leaves out: lang, languages
 * [{code, name, path, current}], currency, currencies [{code, current}], path, uri, prefix
 * ("" or "/th"), base_url, canonical, now, request_id, noindex, me (name, email, role, desk;
 * null for strangers and on kept pages), is_guest (no SSI: nginx sends the page as it is), may
 * (orders_read, ... for whoever may), menu [{label, path, current, count}], dev, demo; and what hooks.page
 * adds. */
int reply(struct req *, const char *key, struct node *value);
int reply_with(struct req *, struct node *document); /* a whole map as the document */
typedef int page_fn(struct req *, struct node **document); /* what a page shows */
int reply_page(struct req *, page_fn *);
int reply_view(struct req *, int status, const char *view, struct node *document);
/* Search engines are to know that page by this address (without the language), words and all, and
 * by no other language's: else it is that of the path alone. */
void page_stands_alone(struct req *, struct node *document, str path);
int reply_raw(struct req *, int status, str type, str body);
/* The same of a long one, which is not copied: made in the request's own memory, and let go of. */
int reply_buf(struct req *, int status, str type, const struct buf *body);
/* What other software is told of that error, where it is to be told the same again. */
str error_body(struct req *, int err);
int see_other(struct req *, str path);       /* 303, language prefix kept; JSON: {location} */
/* The same; JSON: by this shape, with `location` beside what is said. */
int see_other_and(struct req *, str path, const char *view, struct node *said);
int see_outside(struct req *, str url);      /* 303 to a configured provider's page */
/* For so long; 0: until the browser closes; negative: taken back. Only a currency or the like
 * is for scripts; every other is HttpOnly. */
void set_cookie(struct req *, const char *name, str value, i64 max_age_s, bool for_scripts);
void set_header(struct req *, const char *name, str value);
/* A CACHED route's page may be kept so long (without this: 60 s). Nothing is kept but a 200 of
 * a URI whose query is exactly the declared inputs in their order, without a Set-Cookie. */
void cache_for(struct req *, i64 seconds);
bool may_be_kept(struct req *); /* as far as is known by now */
/* This page shows that thing. Before a kept page is answered, Redis gets
 *   SADD tag:<kind>:<id>  <format>|<kind>|<language>|<currency>|<uri>
 * (tag:product:12), with format "html" or "json", kind "", "plain" or "gzip", and uri with its
 * language prefix: nginx's own key, so that the refresher can ask for it again (work). The set
 * lives as long as the page may, and an hour. */
void set_tag(struct req *, const char *kind, i64 id);
/* Sends the tags there are before PostgreSQL is asked, so that both are waited for at once. Not a
 * must: who knows them only later sets them later, and they are sent when the page is rendered. */
void tags_ahead(struct req *);
int accel(struct req *, str internal_path);  /* X-Accel-Redirect */
/* A form that did not pass: the same view again, 422 (or the fault's status), with what was
 * typed under "form" (a CHOICE also as form.<name>_is_<value>) and the messages under "errors"
 * by field, errors.all for the whole. E_PROVIDER, too. Use as: return again(r, err, doc). */
int again(struct req *, int err, struct node *document);
int again_page(struct req *, int err, page_fn *); /* the page that the form stands on */
/* Only a path of this shop: "/x", never "//x", "/\\x", a scheme or a control character. What
 * see_other is given and is not one becomes "/". */
bool path_is_ours(str path);
/* Gives this browser a new form token, bound to its session's cookie value, or to its cart's
 * while it has no session. To be called wherever one of those cookies is set. */
void csrf_issue(struct req *, str bound_to);
str csrf_give(struct req *); /* this browser's, for who builds requests by script, in a cookie too */
/* Counts one (or `add`, 0 only looks) under a named class of limit.c ("login-account") for a
 * key of the caller's own making; E_LIMIT with Retry-After when it is used up. */
int limit_take(struct req *, const char *name, str key, i64 add);
/* The X-RateLimit headers, for who refuses by a count of their own. */
void limit_say(struct req *, i64 most, i64 left, i64 reset_s);
str limit_address(struct req *); /* for such keys: of an IPv6 household all are one */
str limit_network(struct arena *, str address);
i64 limit_factor(const struct app *); /* of what is not strict; 0: nothing is counted */
/* Several at once, in one round trip: all are counted or none; add -1 gives back. At most four. */
struct limit_ask {
    const char *name;
    str key;
};
int limit_take_all(struct req *, const struct limit_ask *, size_t n, i64 add);
/* Whoever asks, for the audit trail; the gate has done so where anything can be changed. */
void name_in_trail(struct req *);
void limit_forget(struct req *, const char *name, str key); /* it went well after all */
/* The row of the route table an address of ours belongs to, as written there ("/orders/{number}");
 * empty: none of ours. */
str route_pattern(struct req *, str url);

str query_after(struct req *); /* "?a=b", empty when none: inputs of a POST may stand there, too */

/* From here on as if no Authorization had come: its cookies are read, and it has to come from us. */
int without_bearer(struct req *);

/* ---- routes --------------------------------------------------------------------------------- */

enum rate { RATE_PAGE, RATE_FORM, RATE_LOGIN, RATE_ORDER, RATE_SEARCH, RATE_HOOK, RATE_NONE };
enum route_flags {
    CACHED = 1,   /* same for everybody: nginx keeps it (set answer.cache_s by `cache`) */
    SLOW = 2,     /* calls outside while the person waits: the slow pool */
    RAW = 4,      /* body kept as bytes, no CSRF: webhooks, checked by signature */
    NOINDEX = 8,  /* robots stay out */
    BARE = 16,    /* no language prefix, no .json twin: /health, webhooks */
    BIG = 32,     /* takes uploads: body ceiling 12 MiB instead of 1 MiB */
    FORM = 64,    /* the handler is called also when inputs are wrong, and begins with
                     `if (in_fault(r)) return again(r, in_fault(r), <the form's document>);`.
                     Without it such a page is the view over an empty document */
    CREATES = 128, /* answers 201 with what it made */
    VIEWING = 256, /* also for who looks with somebody else's eyes: to stop it */
    RENEWS = 512,  /* a login is renewed or ended here: an access token that is over is as good
                      as none, as clients send it along with whatever they ask */
    OPEN = 1024,   /* its body has fields that are not declared: they are named after what there is
                      (price_0_THB); its sentence in templates/ops/operations says which */
};
typedef int handler(struct req *);
#define GATE_DONE (-1) /* what a step or a handler's helper returns when it has answered by itself */
struct route {
    unsigned methods;
    const char *path; /* "/products/{slug}": the {names} are inputs of the same table */
    enum permission need;
    const struct input *in; /* ended by a row without name; NULL: none */
    handler *run;
    const char *view; /* template; NULL: answers by redirect or raw */
    enum rate rate;
    unsigned flags;
    enum permission also; /* asked for by `run`, which knows whose it is; here it is for programs */
};
/* A row is ROUTE with all eight given; leaving one out does not compile. What else it has follows:
 * `SLOW | BARE, .also = ORDERS_READ_ALL`. */
#define ROUTE(methods, path, need, in, run, view, rate, ...) \
    { (methods), (path), (need), (in), (run), (view), (rate), .flags = __VA_ARGS__ }
#define ROUTES(feature)    extern const struct route feature##_routes[]; \
                           const struct route feature##_routes[] =
#define END_OF_ROUTES      { 0 }

struct menu { /* the back office's; shown to whoever may */
    const char *label, *path;
    enum permission need;
    const char *also; /* another path whose pages belong to it; or NULL */
    i64 (*count)(struct req *); /* what waits there, for its pages; never fails one; or NULL */
};
str desk_path(const struct req *); /* the first thing of it that they may open; or nothing */
str home_of(const struct req *); /* that, or their account */

/* What a room knows of a person: for the copy of their data that they may have, and for erasing
 * it. All of the platform's scope when erasing, within one transaction. */
struct personal {
    const char *name;
    int (*collect)(struct ctx *, i64 person, struct node *into); /* sets keys of its own */
    int (*must_wait)(struct ctx *, i64 person); /* E_CONFLICT: says what has to happen first */
    int (*erase)(struct ctx *, i64 person);
    /* How many things have to stay as they are for a while, and go by themselves then; or NULL. */
    int (*later)(struct ctx *, i64 person, i64 *n);
};

/* ---- hooks: what the front door asks of higher rooms ----------------------------------------- */

struct hooks {
    /* Who the session cookie says it is; leaves a guest when none. Never fails a page. */
    int (*who)(struct req *, str session_cookie);
    /* Who a bearer token or an API key says it is; E_LOGIN "token" when it is not one of ours, or
     * over. */
    int (*bearer)(struct req *, str token);
    /* Somebody who looks with another's eyes tried to change something: it was refused. */
    int (*refused)(struct req *);
    /* Adds what every page shows (categories, currencies, ...) to the document. */
    int (*page)(struct req *, struct node *document);
    /* What else happens when somebody has logged in (the cart is merged); ended by NULL. */
    int (*const *on_login)(struct req *, i64 person);
    /* The same of a program's login: nothing is merged, it is only looked at. */
    int (*on_token)(struct req *, i64 person);
    /* An account was made; what was said beside when it was asked for. In that transaction, if any;
     * of the platform's scope. */
    int (*joined)(struct ctx *, i64 person, const struct node *said);
    /* The scope a signed guest cookie gives (the cart's); called by the gate after `who`. */
    int (*guest)(struct req *);
    /* An API key was used from where it never was before; whose key it is. */
    void (*key_elsewhere)(struct req *, i64 person);
    /* A strict limit, by its class's name, was used up by this request. */
    void (*limited)(struct req *, const char *name);
    /* What whoever opens the back office should know of the house itself: adds {text}. */
    int (*warn)(struct req *, struct node *list);
};

/* ---- app: what lives as long as the process ---------------------------------------------------- */

struct app {
    struct arena *mem;
    struct conf *conf;
    str master, master_before; /* what wraps the keys of sealed columns: vault */
    bool master_given;         /* by TALAT_MASTER_KEY, not by a file */
    str mode, base_url, secret, run_dir, share_dir, media_dir, inner_socket, image_program;
    str language;        /* the one without a prefix */
    str currency;        /* unless chosen */
    struct node *currencies; /* list of codes */
    str worker;          /* talat-work: which of its workers this is */
    bool demo, production;
    bool staging; /* production in all but this: payments may be play money */
    when fixed_now;      /* tests: the clock stands still; else 0 */
    const struct route *const *features; /* route tables, ended by NULL */
    const struct menu *menu;
    struct hooks hooks;
    struct router *router;
    struct templates *templates;
    struct shapes *shapes; /* what JSON answers hold, by view; shape.c */
    struct brackets *brackets; /* what answers are held against; NULL in production: answers.c */
    struct messages *messages;
    struct assets *assets;
    struct metrics *metrics;
    struct limits *limits;
    struct node *may_nobody; /* `may` of the pages that are for all */
    struct node *house;      /* what it says of itself on each page: contact, promises */
    struct countries *countries; /* io/io.h; NULL: no country_file */
    struct kept *kept; /* kept.c */
    struct copies *copies; /* copies.c */
    size_t pieces_asked;   /* in the check: pieces.c */
    struct recent *recent; /* vault: keys of the last second */
    const struct job_kind *const *jobs; /* work/work.h */
    const struct reader *readers;       /* work/work.h: who hears which event */
    const struct cron *const *crons;
    const struct notify_builder *const *mails; /* notify/notify.h */
    const struct personal *personal; /* ended by a row without a name */
    const struct vault_column *sealed;         /* vault/vault.h */
    const struct vault_veil *veils;
};

/* Everything the rooms above bring along: bin/features.c has the shop's. */
struct house {
    const struct route *const *features; /* route tables, ended by NULL */
    const char *const *names;            /* theirs, for talatctl route-list */
    const struct menu *menu;             /* ended by a row without label */
    struct hooks hooks;
    const struct job_kind *const *jobs;
    const struct reader *readers;
    const struct cron *const *crons;
    const struct notify_builder *const *mails;
    const struct personal *personal;
    const struct vault_column *sealed; /* ended by a row without a name */
    const struct vault_veil *veils;    /* ... without a table */
    /* Each says what is wrong with the configuration, a line each; ended by NULL. */
    void (*const *checks)(const struct app *, struct buf *errors);
};
extern const struct house shop_house; /* bin/features.c */
/* A document that is the same for everybody, at most some seconds old: kept by this worker,
 * else shared by another, else made now. It is not to be changed. `key` says all that it
 * depends on; `with` lives as long as the request: it may be made anew behind its answer. */
int kept_or_made(struct ctx *, str key, int (*make)(struct ctx *, void *with, struct node **),
    void *with, const struct node **out);
/* A row that this worker has read before, as long as it is of this edition (copies.c), or NULL;
 * and what was read now. Not to be changed, and not to be shown after the request. */
enum { COPIED_MOST = 4096 }; /* bytes of a row; a larger one is read each time */
const struct node *copy_of_row(struct ctx *, const char *kind, str lang, i64 id, i64 edition);
void row_copied(
    struct ctx *, const char *kind, str lang, i64 id, i64 edition, const struct node *row);
/* A piece is what the partial, or for JSON the shape, of that name makes of one thing of a list (a
 * card of a product), kept by this worker like a row. `state` is another number whenever anything
 * is that the piece shows. It comes as {<name>: text}, which stands for the partial where a
 * template names it, and for the shape where a shape does. The partial may look at nothing but the
 * thing and is_guest. kept: NULL when there is none of that state. made: of the thing, and kept. */
struct node *piece_kept(struct req *, const char *name, i64 id, i64 state);
int piece_made(
    struct req *, const char *name, i64 id, i64 state, struct node *of, struct node **out);
/* Reads the configuration, opens templates, messages, assets, routes. Prints what is wrong
 * and returns NULL: a shop with a broken template does not start. */
struct app *app_open_house(struct arena *, const char *conf_path, const struct house *);
struct app *app_open(struct arena *, const char *conf_path); /* bin/features.c: this shop's */
/* An error where that setting begins otherwise, but in staging and while developing. */
void app_wants_https(const struct app *, const char *key, struct buf *errors);
/* A ctx for a tool or a job: no person, the shop's language and currency, the time now. */
void app_ctx(struct app *, struct arena *, struct pg *, struct redis *, struct ctx *);
/* Whether the shop sells in this currency; *code is then its own copy of it (NULL: not wanted). */
bool app_sells_in(const struct app *, str currency, str *code);
struct pg *app_pg(struct app *, struct arena *);       /* by the configuration's `pg` */
struct redis *app_redis(struct app *, struct arena *); /* ... and `redis` */

/* openapi.c: OpenAPI 3.1, made of the route table and the shapes, for json_store; and the same
 * for people: [{name, operations: [{id, method, address, words, permission, inputs, answer}]}]. */
int openapi_document(struct ctx *, struct node **out);
struct node *openapi_groups(struct ctx *);

/* The route table as text, one row a line, or JSON; only the SLOW ones for nginx's list. */
void router_dump(const struct router *, bool only_slow, bool json, struct buf *);

/* One request from its CGI parameters and body; never fails: errors become pages. */
struct cgi {
    const str *names, *values; /* REQUEST_METHOD, REQUEST_URI, HTTP_COOKIE, ... */
    size_t n;
    str body;
    i64 body_length; /* as announced; the body itself may have been too large to read */
};
void web_handle(struct app *, struct pg *, struct redis *, struct arena *, const struct cgi *,
    struct answer *);
/* The prefork supervisor of a pool, "web" or "slow"; returns the exit code. argv is what a
 * SIGHUP starts anew. */
int web_serve(struct app *, const char *pool, char *const *argv);

/* ---- templates ------------------------------------------------------------------------------------- */

/* Mustache, the whole specification, compiled once. Two sets of rules: plain is the
 * specification to the letter; html also follows the markup around every tag and escapes each
 * value for the place it stands in (text, quoted attribute, URL, part of a URL), refuses places
 * where no escaping is safe (scripts, styles, event handlers, unquoted attributes, tag names,
 * comments), allows {{{x}}} only for names ending in _html, and wants every partial, parent and
 * block to exist. A template called x.txt is text for mail: nothing in it is escaped.
 * False are: nothing there, null, false, 0, "" and the empty list. */

/* A C function that templates call by name: {{#money}}price_minor currency{{/money}}. */
struct call {
    struct ctx *c;
    str text;                       /* what stands inside, white space trimmed and collapsed */
    const str *words;               /* TAKES_NAMES: the words of the text ... */
    const struct node *const *args; /* ... and what they name; NULL: a LITERAL, or not there */
    size_t n;
    const struct render *at;
};
enum takes {
    TAKES_TEXT,     /* its text as it stands */
    TAKES_NAMES,    /* words that are looked up; written in capitals they are literals */
    GIVES_TEMPLATE, /* raw text in, a template out, rendered in its place (plain rules only) */
};
struct lambda {
    const char *name;
    enum takes takes;
    unsigned least, most;                      /* words */
    int (*run)(struct call *, str *out);       /* *out is escaped by the place it goes to */
    const char *(*check)(str text);            /* at load: what is wrong with it, or NULL */
    enum { GIVES_TEXT, GIVES_URL, GIVES_JSON } gives; /* GIVES_URL: escaped already but for HTML */
};
/* What a name (dotted too) means where the lambda was called; NULL: nothing. */
const struct node *call_find(const struct call *, str name);

enum { PAGE_CEILING = 4 << 20 }; /* bytes of a rendered page or fragment */
extern const struct lambda shop_lambdas[];
struct template_rules {
    bool html, strict; /* strict: a name that is not in the document is E_INTERNAL. Sections ask
                          for their names too, so services always set their keys, null or not;
                          only `form` and `errors`, and what is in them, may be left out */
    const struct lambda *lambdas; /* ended by a row without name; NULL: none */
};
struct templates *templates_new(struct arena *, const struct template_rules *, struct buf *errors);
/* Adds one; `file` is for messages. The text must outlive the set. */
void templates_add(struct templates *, str name, str file, str text);
/* Adds every *.mustache file below dir; a name is the path below dir without the suffix. */
void templates_add_dir(struct templates *, str dir);
/* Ties partials, parents and blocks together, decides the escaping. False: see the errors. */
bool templates_ready(struct templates *);

/* The shop's own set: html rules, the lambdas of render.c. NULL: all that is wrong stands in
 * `errors`, a line each: file:line: what. */
struct templates *templates_load(struct arena *, str dir, bool strict, struct buf *errors);
bool templates_has(const struct templates *, str name);
/* Renders by name over the document into `out`; E_INTERNAL with template and line in the log. */
int template_render(struct ctx *, const struct templates *, str name, const struct node *document,
    struct buf *out);
/* For jobs: a fragment or mail in the ctx's language. Adds lang, currency, prefix and base_url to
 * the document where they are not in it. */
int render_view(struct ctx *, const char *view, struct node *document, str *out);

/* template_tools.c: commands of talatctl. */
int render_command(struct ctx *, int argc, char **argv);
int messages_command(struct ctx *, int argc, char **argv);
int lint_templates_command(struct ctx *, int argc, char **argv);

/* What the shop speaks: the first is the one without a prefix, unless talat.conf says otherwise. */
struct language {
    const char *code, *name;
};
extern const struct language web_languages[]; /* ended by a row without code */
bool web_is_language(str code);

/* ---- messages: English is the key, templates/lang/<lang>.po has the others -------------------- */

struct messages *messages_load(struct arena *, str dir, struct buf *errors); /* NULL: see errors */
/* The message in that language, or itself. Holes {name} and plurals stay as they are. */
str message_in(const struct messages *, str lang, str message);
str say(struct ctx *, const char *message); /* the same in the ctx's language */
/* For ctx.words: what fail() says, in the ctx's language. */
const char *say_words(const struct ctx *, const char *message);

/* ---- assets: static files by their hashed names ------------------------------------------------- */

/* Reads lines of "logical hashed"; without the file each name is its own. */
struct assets *assets_load(struct arena *, str manifest);
str asset_path(const struct app *, struct arena *, str logical); /* "/static/css/shop.0f3a.css" */

/* ---- metrics ---------------------------------------------------------------------------------------- */

/* Counters in memory shared by all programs of this machine (run_dir/metrics.*), one row per
 * process, summed when asked. The names stand in a table in metrics.c. */
void metric_add(struct app *, const char *name, i64 n);
/* A program's own rows: `slots` processes at most. talat-work opens "work" with 1 of its own. */
bool metrics_open(struct app *, const char *program, int slots);
void metrics_slot(struct app *, int slot); /* after fork: which row is mine */
void metrics_text(struct app *, struct arena *, struct buf *); /* Prometheus; all programs */
