/* pg_in: PostgreSQL's binary formats, without the library.
 *
 * What pg.c sends and receives, as bytes: parameters into network order, columns into
 * nodes. It knows type OIDs and nothing of connections. */
#pragma once
#include "io/io.h"

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
