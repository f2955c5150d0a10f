#include "io/pg_in.h"
#include <libpq-fe.h>

/* PostgreSQL counts from 2000-01-01, we from 1970-01-01. */
#define EPOCH_DAYS 10957
#define EPOCH_US   (EPOCH_DAYS * DAY)

static i64 big(const char *p, int bytes)
{
    uint64_t v = (signed char)p[0] < 0 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return (i64)v;
}

static void put_big(char *p, i64 v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        p[i] = (char)(v & 0xff);
        v >>= 8;
    }
}

static void text(struct node *out, str s)
{
    out->kind = N_STR;
    out->as.text = s;
}

static void number(struct node *out, i64 v)
{
    out->kind = N_INT;
    out->as.number = v;
}

/* Days since 1970 as year, month, day (the proleptic Gregorian calendar). */
static str civil(struct ctx *c, i64 days)
{
    i64 z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    i64 doe = z - era * 146097;
    i64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    i64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    i64 month = mp < 10 ? mp + 3 : mp - 9;
    return str_fmt(c->mem, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, yoe + era * 400 + (month <= 2),
        month, doy - (153 * mp + 2) / 5 + 1);
}

static str clock_of(struct ctx *c, i64 us)
{
    i64 s = us / SECOND;
    return str_fmt(c->mem, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
}

/* infinity is INT64_MAX or INT64_MIN on the wire. */
static str instant(struct ctx *c, i64 v, bool with_zone)
{
    if (v == INT64_MAX || v == INT64_MIN)
        return v > 0 ? S("infinity") : S("-infinity");
    v += EPOCH_US;
    if (with_zone)
        return when_rfc3339(c->mem, v);
    i64 days = v / DAY - (v % DAY < 0);
    str date = civil(c, days), time = clock_of(c, v - days * DAY);
    return str_fmt(c->mem, "%.*sT%.*s", STR(date), STR(time));
}

static str day(struct ctx *c, i64 v)
{
    if (v == INT32_MAX || v == INT32_MIN)
        return v > 0 ? S("infinity") : S("-infinity");
    return civil(c, v + EPOCH_DAYS);
}

static str uuid(struct ctx *c, const char *p)
{
    struct buf b = buf_new(c->mem, 40);
    for (int i = 0; i < 16; i++)
        buf_fmt(&b, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", (unsigned char)p[i]);
    return buf_str(&b);
}

/* Head: dimensions, has-nulls, element type, then size and lower bound per dimension. */
static bool list(struct ctx *c, const char *p, int n, struct node *out)
{
    const char *end = p + n;
    *out = (struct node){ .kind = N_LIST };
    if (n < 12 || big(p, 4) == 0)
        return n >= 12;
    if (big(p, 4) != 1 || n < 20)
        return false;
    unsigned oid = (unsigned)big(p + 8, 4);
    i64 count = big(p + 12, 4);
    p += 20;
    for (i64 i = 0; i < count; i++) {
        struct node *one = NEW(c->mem, struct node);
        if (end - p < 4)
            return false;
        int size = (int)big(p, 4);
        p += 4;
        if (size > end - p)
            return false;
        if (size >= 0 && !pg_value(c, oid, p, size, one))
            return false;
        p += size > 0 ? size : 0;
        node_add(c->mem, out, one);
    }
    return true;
}

static bool json(struct ctx *c, str s, struct node *out)
{
    struct node *read;
    if (json_read(c, s, &read))
        return false;
    *out = *read;
    return true;
}

static bool real(const char *p, int n, struct node *out)
{
    out->kind = N_REAL;
    if (n == 4) {
        uint32_t bits = (uint32_t)big(p, 4);
        float f;
        memcpy(&f, &bits, sizeof f);
        out->as.real = (double)f;
        return true;
    }
    i64 bits = big(p, 8);
    memcpy(&out->as.real, &bits, sizeof bits);
    return true;
}

bool pg_can_read(unsigned oid)
{
    static const unsigned can[] = { OID_BOOL, OID_BYTEA, OID_CHAR, OID_NAME, OID_INT8, OID_INT2,
        OID_INT4, OID_TEXT, OID_OID, OID_JSON, OID_FLOAT4, OID_FLOAT8, OID_UNKNOWN, OID_INT4S,
        OID_TEXTS, OID_VARCHARS, OID_INT8S, OID_BPCHAR, OID_VARCHAR, OID_DATE, OID_TIME,
        OID_TIMESTAMP, OID_TIMESTAMPTZ, OID_VOID, OID_UUID, OID_JSONB };
    for (size_t i = 0; i < COUNT(can); i++)
        if (can[i] == oid)
            return true;
    return oid >= OID_FIRST_OWN;
}

bool pg_value(struct ctx *c, unsigned oid, const char *p, int n, struct node *out)
{
    out->private_ = false;
    switch (oid) {
    case OID_INT2:
    case OID_INT4:
    case OID_INT8: number(out, big(p, n)); return true;
    case OID_OID: number(out, big(p, 4) & 0xffffffff); return true;
    case OID_BOOL:
        out->kind = N_BOOL;
        out->as.yes = p[0] != 0;
        return true;
    case OID_TIMESTAMPTZ: text(out, instant(c, big(p, 8), true)); return true;
    case OID_TIMESTAMP: text(out, instant(c, big(p, 8), false)); return true;
    case OID_DATE: text(out, day(c, big(p, 4))); return true;
    case OID_TIME: text(out, clock_of(c, big(p, 8))); return true;
    case OID_UUID: text(out, uuid(c, p)); return true;
    case OID_FLOAT4:
    case OID_FLOAT8: return real(p, n, out);
    case OID_JSONB: return n > 0 && p[0] == 1 && json(c, (str){ p + 1, (size_t)n - 1 }, out);
    case OID_JSON: return json(c, (str){ p, (size_t)n }, out);
    case OID_INT4S:
    case OID_INT8S:
    case OID_TEXTS:
    case OID_VARCHARS: return list(c, p, n, out);
    case OID_VOID: out->kind = N_NULL; return true;
    default:
        if (!pg_can_read(oid))
            return false;
        text(out, (str){ p, (size_t)n });
        return true;
    }
}

/* One dimension from 1; an empty array has none and ends behind its type. */
static void array_head(char *b, unsigned oid, size_t n)
{
    put_big(b, n ? 1 : 0, 4);
    put_big(b + 4, 0, 4);
    put_big(b + 8, oid, 4);
    put_big(b + 12, (i64)n, 4);
    put_big(b + 16, 1, 4);
}

static void pack_ints(struct arena *mem, const struct param *in, const char **p, int *n)
{
    size_t size = 20 + in->n * 12;
    char *b = arena_raw(mem, size);
    array_head(b, OID_INT8, in->n);
    for (size_t i = 0; i < in->n; i++) {
        put_big(b + 20 + i * 12, 8, 4);
        put_big(b + 24 + i * 12, in->ints[i], 8);
    }
    *p = b;
    *n = (int)(in->n ? size : 12);
}

static void pack_strs(struct arena *mem, const struct param *in, const char **p, int *n)
{
    size_t size = 20;
    for (size_t i = 0; i < in->n; i++)
        size += 4 + in->strs[i].n;
    char *b = arena_raw(mem, size), *at = b + 20;
    array_head(b, OID_TEXT, in->n);
    for (size_t i = 0; i < in->n; i++) {
        put_big(at, (i64)in->strs[i].n, 4);
        if (in->strs[i].n)
            memcpy(at + 4, in->strs[i].p, in->strs[i].n);
        at += 4 + in->strs[i].n;
    }
    *p = b;
    *n = (int)(in->n ? size : 12);
}

void pg_pack(struct arena *mem, unsigned oid, const struct param *in, const char **p, int *n)
{
    *p = NULL;
    *n = 0;
    if (in->null || in->kind == P_NULL)
        return;
    char *b;
    switch (in->kind) {
    case P_INT:
    case P_WHEN:
        b = arena_raw(mem, 8);
        put_big(b, in->kind == P_WHEN ? in->number - EPOCH_US : in->number, 8);
        *p = b;
        *n = 8;
        return;
    case P_BOOL:
        *p = in->number ? "\1" : "\0";
        *n = 1;
        return;
    case P_INTS: pack_ints(mem, in, p, n); return;
    case P_STRS: pack_strs(mem, in, p, n); return;
    default: break;
    }
    if (oid != OID_JSONB) { /* text and bytes go as they are */
        *p = in->text.n ? in->text.p : "";
        *n = (int)in->text.n;
        return;
    }
    b = arena_raw(mem, in->text.n + 1);
    b[0] = 1; /* jsonb's version */
    if (in->text.n)
        memcpy(b + 1, in->text.p, in->text.n);
    *p = b;
    *n = (int)in->text.n + 1;
}

/* ---- conninfo for other programs ---------------------------------------------------------- */

static void add_setting(struct buf *out, const char *name, str value)
{
    buf_fmt(out, "%s%s='", out->n ? " " : "", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\'' || value.p[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, value.p[i]);
    }
    buf_char(out, '\'');
}

str pg_conninfo(struct arena *mem, str conninfo, str database, str options, str *password,
    str *named)
{
    struct buf out = buf_new(mem, 64 << 10);
    PQconninfoOption *list = PQconninfoParse(str_c(mem, conninfo), NULL);
    if (password)
        *password = str_none;
    str name = database;
    for (const PQconninfoOption *o = list; o && o->keyword; o++) {
        bool is_database = !strcmp(o->keyword, "dbname");
        if (is_database && !database.n)
            name = str_dup(mem, str_of(o->val));
        if (password && !strcmp(o->keyword, "password"))
            *password = str_dup(mem, str_of(o->val));
        else if (o->val && !is_database && strcmp(o->keyword, "options"))
            add_setting(&out, o->keyword, str_of(o->val));
    }
    PQconninfoFree(list);
    if (name.n)
        add_setting(&out, "dbname", name);
    if (named)
        *named = name;
    if (options.n)
        add_setting(&out, "options", options);
    return buf_str(&out);
}
