/* pg, the inside: one connection as its files share it (pg_conn.c: the connection itself; pg.c:
 * statements; pg_tx.c: transactions; pg_error.c: what the server refuses; pg_lint.c: do the
 * queries fit the schema), and PostgreSQL's binary formats (pg_value.c, which knows nothing of
 * connections). */
#pragma once
#include "io/io.h"
#include <libpq-fe.h>

enum {
    LEVELS = 16,
    LISTENS = 8,
    CLASHES = 3 /* so often what others stood in the way of is tried again */
};

struct column;
struct sent;

/* A statement as this connection knows it. */
struct stmt {
    const char *name;
    enum { UNKNOWN, SENT, READY } state;
    struct column *columns;
    int n_columns;
};

struct pg {
    struct arena *mem;
    const char *conninfo;
    PGconn *conn;
    when retry_at; /* not before: the last try failed */
    i64 answer_us; /* how long an answer may take */
    const char *program;
    struct stmt scope_stmt, *stmts;
    size_t n_stmts;
    struct sent *sent;
    size_t n_sent, room;
    int depth, opened;  /* levels begun by callers, and of those known to the server */
    struct scope scope; /* what the server's settings say, when is_scoped */
    char source[200];
    bool is_scoped, batching, batch_level, sheltered, lost, untouched;
    int batch_err;
    char state[6], broke[64];
    const char *listens[LISTENS];
    int n_listens;
};

/* ---- pg_conn.c ---------------------------------------------------------------------------- */

int pg_ready(struct ctx *); /* there is a connection, and the transaction has not lost its own */
void pg_drop(struct pg *);
int pg_away(struct ctx *, const char *why);
bool pg_write_out(struct pg *, i64 deadline);
PGresult *pg_next(struct pg *, i64 deadline, bool *stuck);

/* ---- pg_error.c --------------------------------------------------------------------------- */

int pg_refused(struct ctx *, const PGresult *, const char *query);
/* What went wrong first, kept over what its consequences say. */
struct told {
    struct fault fault;
    char state[6], broke[64];
};
struct told pg_told(const struct ctx *);
void pg_tell(struct ctx *, const struct told *);
const char *pg_field(const PGresult *, int which); /* of an error; "" when it does not say */
bool pg_is_stale(const struct pg *);
bool pg_is_again(const struct pg *); /* the whole transaction may be tried again */

/* ---- pg.c --------------------------------------------------------------------------------- */

int pg_drain(struct ctx *);
int pg_send_control(struct ctx *, const char *sql);
int pg_control(struct ctx *, const char *sql);

/* ---- pg_tx.c ------------------------------------------------------------------------------ */

/* Of those who stood in each other's way each goes on at a time of its own: after 1 to 5 ms, 4 to
 * 20, 16 to 81. */
void pg_step_aside(int tries);

/* ---- pg_value.c --------------------------------------------------------------------------- */

enum pg_oid {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_UNKNOWN = 705,
    OID_INT4S = 1007,
    OID_TEXTS = 1009,
    OID_VARCHARS = 1015,
    OID_INT8S = 1016,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_VOID = 2278,
    OID_UUID = 2950,
    OID_JSONB = 3802,
    OID_FIRST_OWN = 16384 /* enums and the like */
};

/* One column's bytes as a node; text points into `p`. False: a type the house does not
 * publish (numeric, interval, ...: cast it in the query). */
bool pg_value(struct ctx *, unsigned oid, const char *p, int n, struct node *out);
bool pg_can_read(unsigned oid); /* what pg_value takes; own types are taken for enums */
/* One parameter's bytes for a type; *p is NULL for NULL. */
void pg_pack(struct arena *, unsigned oid, const struct param *, const char **p, int *n);
