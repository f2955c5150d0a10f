/* io: what is outside, one door per library.
 *
 * pg*.c alone know libpq, redis.c hiredis, http.c and mail.c libcurl, crypto.c libsodium and
 * OpenSSL's EVP, jwt.c libjwt, country.c libmaxminddb, locale.c ICU and libthai, image.c the
 * child that knows libvips. What comes out is base's own types, living in the arena it was asked for with.
 * Nothing here knows a shop's words. */
#pragma once
#include "base/base.h"

/* ---- pg*.c: PostgreSQL -------------------------------------------------------------------- */

/* One connection, opened when first needed and again after it was lost. */
struct pg *pg_new(struct arena *, str conninfo);
void pg_close(struct pg *);
void pg_let_go(struct pg *); /* of the connection, until the next statement opens another */
/* PostgreSQL keeps for it what it has learnt to answer: a new one would be several MB smaller. */
bool pg_has_grown(const struct pg *);
/* Lets an answer take so long; without it 7 s. For tools, together with a conninfo whose
 * options lift the server's own limits. */
void pg_patient(struct pg *, i64 us);
/* What pg_stat_activity calls it, kept by reference: the program and its pool. */
void pg_named(struct pg *, const char *program);
/* The same conninfo for another database, and with other options for the server; either may be
 * empty. Where `password` is given it goes there instead (for the environment of a program of
 * PostgreSQL's own, which shows its arguments to everybody). *named: the database's name; both
 * may be NULL. */
str pg_conninfo(struct arena *, str conninfo, str database, str options, str *password,
    str *named);
/* Over a socket of this machine, to itself, or under TLS with a certificate that is looked at. */
bool pg_is_private(str conninfo);
bool pg_is_up(struct pg *); /* tries to connect when it is not */

enum param_kind { P_INT, P_BOOL, P_STR, P_WHEN, P_BYTES, P_INTS, P_STRS, P_NULL };
struct param {
    enum param_kind kind;
    bool null;
    i64 number; /* P_INT, P_BOOL, P_WHEN */
    str text;   /* P_STR, P_BYTES */
    const i64 *ints;
    const str *strs;
    size_t n;
};
enum query_kind { Q_ONE, Q_MAYBE, Q_MANY, Q_EXEC };
struct query {
    const char *name; /* "cart.add", also the prepared statement's */
    const char *sql;
    enum query_kind kind;
    const unsigned *types; /* parameter OIDs */
    int n_params;
    int number; /* dense, from the generator: index into the connection's prepared set */
    bool anew;  /* planned for each call's values; others have one plan for all */
};
/* What generated functions call. Prepared once per connection; sent in one pipeline with
 * the scope when that has changed. Outside pg_begin each call is its own transaction.
 * :one without a row is E_MISSING, :maybe gives NULL, :exec sets *changed (may be NULL).
 * Inside pg_batch the results arrive at pg_flush; until then *out is NULL. A batch outside
 * pg_begin is one transaction.
 *
 * Columns: int2/4/8 N_INT, bool, text and enums N_STR (in the result's own memory, tied to
 * the arena), float N_REAL, timestamptz RFC 3339, date YYYY-MM-DD, json(b) as read, int8[]
 * and text[] lists, bytea raw bytes, NULL N_NULL.
 * Errors: unique, exclusion, check and reference E_CONFLICT (pg_broke says which); values
 * that do not fit E_INPUT; locked too long, cancelled, lost E_AWAY; no right E_DENIED;
 * `raise exception using errcode = 'TL409', message = ..., constraint = 'cart.stock'` (also
 * TL403 TL404 TL410 TL422 TL429) speaks to the person, its key is the constraint's name.
 * An autocommit call on a connection that had died meanwhile heals by itself; one that others stood
 * in the way of (a deadlock) is made again, at most 3 times, with jitter. */
int pg_run(struct ctx *, const struct query *, const struct param *, struct node **out,
    i64 *changed);
void pg_batch(struct ctx *);  /* the next calls wait ... */
int pg_flush(struct ctx *);   /* ... and go out together, one round trip; first error wins */
/* As the last thing in a transaction: they go out with its commit. */
int pg_flush_last(struct ctx *);

/* A transaction; nests by savepoints (tests roll back around everything). pg_end commits on
 * E_OK and rolls back otherwise, and returns what it was given or the commit's own error. */
int pg_begin(struct ctx *);
int pg_end(struct ctx *, int err);
/* Runs `work` in a transaction, again (at most 3 times, with jitter) after a serialization
 * failure or deadlock. */
int pg_tx(struct ctx *, int (*work)(struct ctx *, void *), void *with);
/* ... with the platform's eyes, and nobody else's. */
int pg_tx_platform(struct ctx *, int (*work)(struct ctx *, void *), void *with);
bool pg_in_tx(const struct ctx *);
/* Tests: one outer transaction in which each call that would be its own transaction becomes
 * a savepoint, so that an expected error spoils nothing; pg_unshelter rolls all of it back. */
int pg_shelter(struct ctx *);
void pg_unshelter(struct ctx *);
/* True when the last error was a breach of this constraint or unique index. */
bool pg_broke(const struct ctx *, const char *constraint);
/* Raw SQL for migrations and tools, never for features (t/lint/doors). Many statements in
 * one text are one transaction unless it says otherwise; no statement time-out. */
int pg_script(struct ctx *, str sql);
/* LISTEN for the job workers: waits at most `us` for a notification on the channels given to
 * pg_listen; *channel is empty on time-out. */
int pg_listen(struct ctx *, const char *channel);
int pg_wait(struct ctx *, i64 us, str *channel);
/* Prepares every query against the schema and says in `report` which do not fit: errors,
 * rights this role lacks, columns of types no node can hold (numeric), nameless or doubled
 * columns. */
int pg_prepare_all(struct ctx *, const struct query *const *all, size_t n, struct buf *report);

/* ---- redis.c: what may be lost ------------------------------------------------------------ */

struct redis *redis_new(struct arena *, str socket_path);
void redis_close(struct redis *);
bool redis_is_up(struct redis *); /* a short memory of failure: one try a second */
/* Each returns false when Redis is away; never an error for the person. Absent: *out empty. */
bool redis_get(struct ctx *, str key, str *out);
bool redis_getex(struct ctx *, str key, i64 seconds, str *out);
bool redis_getdel(struct ctx *, str key, str *out); /* one of those who come at once has it */
bool redis_mget(struct ctx *, const str *keys, size_t n, str *values);
bool redis_set(struct ctx *, str key, str value, i64 seconds); /* 0: for ever */
bool redis_get_left(struct ctx *, str key, str *out, i64 *left_s); /* and how long it lives */
bool redis_add(struct ctx *, str key, str value, i64 seconds, bool *added); /* unless it is there */
bool redis_is_there(struct ctx *, str key, str other, bool *yes); /* either of them */
bool redis_del(struct ctx *, str key);
bool redis_flush(struct ctx *); /* forgets everything: it may all be lost */
bool redis_setting(struct ctx *, str name, str *value); /* CONFIG GET */
/* Fixed window: counts one at each of the n keys in one round trip, with its window. */
struct counter {
    str key;
    i64 window_s, add;
    bool renews; /* the window begins anew with what is added: no more than so many in any window */
    i64 count, left_s; /* out */
};
bool redis_count(struct ctx *, struct counter *, size_t n);
/* Adds a member to each of n sets while the caller goes on with other things. The sets live at
 * least that long from now, or half an hour less when they were there: a life is only ever made
 * longer, and not each time. Counters (of one each) go along, and have counted at the end. */
enum { COUNTERS_AHEAD = 4 };
void redis_sadd_begin(struct ctx *, const str *keys, size_t n_keys, str member, i64 seconds,
    const struct counter *, size_t n);
bool redis_sadd(struct ctx *, const str *keys, size_t n_keys, str member, i64 seconds);
/* It is done; false: it is not, or none was begun. The same counters as at its begin. */
bool redis_sadd_end(struct ctx *, struct counter *, size_t n);
bool redis_smembers(struct ctx *, str key, struct node **list);
/* Adds all members of n sets to another, which lives so long from now. */
bool redis_join(struct ctx *, str into, const str *sets, size_t n, i64 seconds);
bool redis_some(struct ctx *, str key, i64 most, struct node **list); /* any members */
bool redis_srem(struct ctx *, str key, const struct node *members);
/* Moves a set into the hand `hand`, in one go, and gives all that is there: also what somebody had
 * taken who died before they deleted it. */
bool redis_take(struct ctx *, str key, str hand, i64 seconds, struct node **list);

/* ---- http.c: the one allow-listed opener -------------------------------------------------- */

enum http_flags {
    HTTP_PRIVATE_OK = 1, /* loopback and private peers, http: by configuration */
    /* Over a connection of its own: on one that was kept and turns out dead, curl asks again by
     * itself, which what must not be done twice does not bear. */
    HTTP_ONCE = 2
};
struct http_call {
    const char *method;
    str url, body;
    const str *headers; /* "Name: value" */
    size_t n_headers;
    const char *unix_socket; /* NULL: TCP */
    unsigned flags;
    i64 connect_us, total_us; /* 0: 3 s and 20 s */
    size_t ceiling;           /* of the answer; 0: 4 MiB */
};
struct http_answer {
    int status;
    str body;
    struct node *headers; /* lower-case names */
};
/* No redirects, TLS verified, peer address checked after resolving (no private networks
 * unless HTTP_PRIVATE_OK), no proxy from the environment. E_PROVIDER when no whole answer
 * came; any status that came is E_OK. No call outlasts c->until_us, and none is begun in the last
 * second before it: "http.late" where there was less time than the call may take. */
int http_call(struct ctx *, const struct http_call *, struct http_answer *);

/* ---- json.c: JSON in ---------------------------------------------------------------------- */

/* Depth at most 32, size checked by the caller. E_MALFORMED with line and column. Integers
 * beyond 2^63 and duplicate keys are refused. Keys keep their spelling. The document points
 * into the text: keep that as long. */
int json_read(struct ctx *, str text, struct node **out);

/* ---- crypto.c ----------------------------------------------------------------------------- */

int crypto_start(void);
void crypto_random(void *out, size_t n);
str crypto_token(struct arena *, size_t bytes); /* random, base64url without padding */
str crypto_code(struct arena *, size_t n);      /* random, Crockford base32: readable aloud */
bool crypto_is_code(char letter);               /* one of those, small or large */
bool crypto_unbase64(struct arena *, str base64url, str *out); /* without padding, canonical */
str crypto_base64(struct arena *, str);         /* base64url without padding */
str crypto_base64_padded(struct arena *, str); /* the other alphabet, for HTTP Basic */
bool crypto_equal(str, str);                    /* constant time at equal length */
str crypto_sha256_hex(struct arena *, str);
str crypto_sha256(struct arena *, str); /* 32 bytes */
str crypto_sha1_hex(struct arena *, str); /* for lists of breached passwords alone */
str crypto_hmac_sha1(struct arena *, str key, str message); /* 20 bytes; where a protocol says so */
/* The same in pieces. */
struct crypto_sum;
struct crypto_sum *crypto_sum_new(struct arena *);
void crypto_sum_add(struct crypto_sum *, str);
str crypto_sum_hex(struct arena *, struct crypto_sum *); /* once, at the end */
str crypto_hmac_sha256_hex(struct arena *, str key, str message);
/* A purpose-bound key from the shop's secret, 32 bytes; "session", "csrf", "link", ... */
void crypto_key(str secret, const char *purpose, unsigned char out[32]);
/* value.mac: value readable, mac over purpose and value, base64url. */
str crypto_sign(struct arena *, str secret, const char *purpose, str value);
bool crypto_signed(str secret, const char *purpose, str signed_value, str *value);
/* Signatures as JSON Web Tokens have them, over SHA-256: RSA (PKCS #1) with a modulus of 2048 to
 * 8192 bits, and r and s of 32 bytes each by the P-256 key x, y. Numbers are big-endian. */
bool crypto_rs256_ok(str n, str e, str message, str signature);
bool crypto_es256_ok(str x, str y, str message, str signature);
/* ES256: a P-256 key by its coordinates of 32 bytes, a signature in DER over SHA-256. */
bool crypto_p256_is_key(str x, str y);
bool crypto_p256_ok(str x, str y, str message, str signature);
/* When the first certificate of a PEM file ends; false: there is none. */
bool crypto_cert_until(str pem, when *until);
/* Signed, over what else stands in the file, by somebody the system trusts. */
bool crypto_cert_is_trusted(struct arena *, str pem, str *why);
/* Sealed: secret and authentic (XChaCha20-Poly1305). */
str crypto_seal(struct arena *, str secret, const char *purpose, str plain);
bool crypto_unseal(struct arena *, str secret, const char *purpose, str sealed, str *plain);
/* The same under a key of 32 bytes; opens only together with the text it was sealed `with`. */
str crypto_lock(struct arena *, const unsigned char key[32], str with, str plain);
bool crypto_unlock(struct arena *, const unsigned char key[32], str with, str sealed, str *plain);
void crypto_forget(void *key, size_t n); /* overwritten, whatever the compiler thinks of it */
/* argon2id, 19 MiB, t=2; the hash says its own parameters. */
bool crypto_password_hash(struct arena *, str password, str *hash);
/* Of these, or of bcrypt ($2a$ $2b$ $2y$, at most 2^12 rounds), as imports bring them. */
bool crypto_password_ok(str hash, str password);
bool crypto_password_known(str hash);  /* one of those */
bool crypto_password_is_cheap(str hash); /* one of those, at most 64 MiB and 4 times */
bool crypto_password_is_old(str hash); /* to be made anew while the password is at hand */
/* Opaque ids: a keyed permutation of 64 bits as 13 letters, so that outside ids say nothing
 * of counts and cannot be counted through. False: not one of ours. */
str crypto_opaque(struct arena *, str secret, const char *kind, i64 id);
bool crypto_unopaque(str secret, const char *kind, str opaque, i64 *id);

/* ---- jwt.c: signed tokens ------------------------------------------------------------------ */

/* HS256 and nothing else, whatever a token says of itself. */
struct jwt_key {
    str id, secret; /* secret: 32 bytes or more */
};
/* Empty when it cannot be made. */
str jwt_sign(struct ctx *, const struct jwt_key *, const struct node *claims);
/* The claims of a token signed by one of the keys. What they say (whose, until when, for whom)
 * is not looked at here: tokens of another kind want keys of their own. */
bool jwt_read(struct ctx *, str token, const struct jwt_key *keys, size_t n, struct node **claims);
/* A token of somebody else's, RS256 or ES256, by the keys they publish: the list `keys` of a JSON
 * Web Key Set. JWT_NO_KEY: none of them is the one it names. The claims are the caller's to judge. */
bool jwt_has_int(const struct node *claims, const char *name);
/* exp and iat are there, and now is between them; so is nbf, where it is. Other clocks may be off
 * by the skew. */
bool jwt_is_now(const struct node *claims, i64 now_s, i64 skew_s);
enum jwt_verdict { JWT_GOOD, JWT_NO_KEY, JWT_BAD };
enum jwt_verdict jwt_read_by(
    struct ctx *, str token, const struct node *keys, struct node **claims);

/* ---- mail.c: SMTP, or files in dev -------------------------------------------------------- */

struct mail {
    str from, to, subject, text, html, message_id;
    str reply_to; /* a box; empty: whoever answers writes to `from` */
};
/* smtp_url "smtp://host:port" or, when empty, one .eml file per mail in mail_dir. */
int mail_send(struct ctx *, str smtp_url, str mail_dir, const struct mail *, str *answer);

/* Asks whether the server would take mail from there; nothing is sent. */
int mail_try(struct ctx *, str smtp_url, str from);

/* ---- push.c: nchan over nginx's inner socket ---------------------------------------------- */

/* `at` is the inner server: a socket's path, or host:port in a private network.
 * Publishes to a channel, or to as many as PUSH_MOST with commas between. `event` empty: an
 * unnamed message (a fragment). */
enum { PUSH_MOST = 16 };
int push_send(struct ctx *, str at, str channels, str event, str body);
/* Whether there is such a channel: somebody listens, or did a moment ago, or a message is kept. Makes
 * none. */
int push_is_there(struct ctx *, str at, str channel, bool *yes);
/* Of the memory for channels and messages, how much is in use. When it is full, nobody is told
 * anything until messages have had their time. */
int push_fullness(struct ctx *, str at, i64 *percent);
/* Ends their subscribers and drops what was kept for replay. */
int push_close(struct ctx *, str at, str channels);
/* Asks nginx to render one cached page anew, in place; `kind` as in nginx/cache.conf. Not taken: its
 * refresh_key is another, and it keeps the old one. */
int push_refresh(struct ctx *, str at, str secret, str path, str accept, str kind, str currency,
    bool *taken);
int push_knows(struct ctx *, str at, str secret, bool *yes); /* whether that is its refresh_key */

/* ---- pack.c: zlib ------------------------------------------------------------------------- */

bool pack_gzip(struct arena *, str in, str *out); /* of less than 4 GB */

/* ---- qr.c: libqrencode -------------------------------------------------------------------- */

/* The dark squares of a QR code as an SVG path of unit squares, in a field of size by size with
 * the white border in it; false: too long. */
bool qr_path(struct arena *, str text, i64 *size, str *path);

/* ---- image.c: the capped child ------------------------------------------------------------ */

struct image_info {
    i64 width, height;
};
/* Runs talat-image on `file`: checks type and pixels before decoding, writes WebP of each
 * width as <out_dir>/<stem>-<width>.webp; a picture narrower than that keeps its own size
 * under the name, so that every name asked for exists. E_KIND, E_TOO_LARGE: the person's
 * fault. trusted_svg is for drawings of our own, which scale up too. */
int image_make(struct ctx *, str program, str file, str out_dir, str stem, const i64 *widths,
    size_t n, bool trusted_svg, struct image_info *);

/* ---- country.c: which country an address is used in ------------------------------------------- */

/* A MaxMind database, opened when it is first asked and anew when another has taken its place.
 * NULL without a path: then no country is known. */
struct countries *countries_new(struct arena *, str path);
/* "TH" (ISO 3166-1 alpha-2), or empty: unknown, or of no country as those of a house are. A file
 * that cannot be read says so in the log, once. */
str country_of(struct ctx *, struct countries *, str address);
int country_try(struct ctx *, str path, when *built); /* why it tells none, in fault.detail */

/* ---- locale.c: ICU and libthai ------------------------------------------------------------ */

str locale_money(struct ctx *, i64 minor, str currency); /* ฿1,290.00 in the ctx's language */
str locale_date(struct ctx *, when, str zone, bool with_time);
str locale_country(struct ctx *, str code); /* "TH" -> Thailand; what is no code stays as it is */
str locale_number(struct ctx *, i64);
str locale_decimal(struct ctx *, str plain); /* "8.25" -> 8,25 in the ctx's language */
const char *locale_plural(struct ctx *, i64 n); /* "one", "other", ... */
str locale_nfc(struct arena *, str text); /* composed: the same letters are the same bytes */
str locale_lower(struct arena *, str text); /* letter by letter, as PostgreSQL's lower() does */
/* As typed on any keyboard: figures, dashes, blanks and full-width signs as ASCII has them. */
str locale_plain(struct arena *, str text);
/* Words for search: NFC, lower case, accents folded, Thai split by libthai, spaces between. */
str locale_words(struct arena *, str text);
/* A slug in ASCII from any text; empty when nothing is left. */
str locale_slug(struct arena *, str text);
struct node *locale_countries(struct arena *); /* the codes of all there are, a list */
bool locale_is_zone(str); /* "Asia/Bangkok" */
/* 00:00 today in the zone, as an instant. */
when locale_day_start(when, str zone);
/* 00:00 in the zone of the date that it is then in UTC. */
when locale_date_start(when, str zone);

/* ---- proc.c: small helpers over the kernel ------------------------------------------------ */

struct proc_call {
    const char *const *argv;
    const char *env;             /* "NAME=value" beside our own few; NULL: none */
    const char *keeps;           /* or the name of one of ours that it gets when it is set */
    i64 cpu_s, wall_us;          /* cpu_s 0: no limit */
    size_t memory, largest_file; /* 0: no limit, and 64 MiB */
};
struct proc_result {
    int status; /* exit code, or 128 + signal */
    str out, err;
};
int proc_run(struct ctx *, const struct proc_call *, struct proc_result *);

/* ---- file.c: whole files and folders, in streams ------------------------------------------ */

struct file_sum {
    i64 bytes;
    str sha256;
};
/* `to` is a new file, 0600; NULL: only the sum. */
int file_copy(struct ctx *, const char *from, const char *to, struct file_sum *);
int file_write(struct ctx *, const char *path, str text); /* a new one, 0600, or anew */
int file_add(struct ctx *, const char *path, str text);   /* at its end */
/* All that was written to this file's or folder's file system is on the disk afterwards. */
int file_sync(struct ctx *, const char *path);
/* The plain files of a folder whose names do not begin with '.', in no order; the lines of a
 * file. What `each` takes from the arena is gone after it. */
int file_each(struct ctx *, const char *dir, int (*each)(struct ctx *, str name, void *), void *);
int file_lines(struct ctx *, const char *path, int (*each)(struct ctx *, str line, void *), void *);
int file_remove(struct ctx *, const char *path); /* a folder with all that is in it, too */
/* So every one of a folder whose name begins so and that nobody has changed since then. */
int file_sweep(struct ctx *, const char *dir, const char *begin, when since);
/* What root has made, with all that is in it, becomes that of whom `like` belongs to. */
void file_give(const char *path, const char *like);
bool file_listens(const char *path); /* somebody answers at this socket */
bool file_room(const char *path, i64 *free_bytes, i64 *all_bytes); /* of its file system */

/* ---- service.c: what systemd is told ------------------------------------------------------ */

void service_tell(const char *state); /* "READY=1", "WATCHDOG=1", ...; see sd_notify(3) */
i64 service_beat_us(void);            /* how often it wants WATCHDOG=1; 0: never */
