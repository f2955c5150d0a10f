#include "t/t.h"
#include "io/pg_in.h"

static struct node value(unsigned oid, str bytes)
{
    struct node n;
    is_true(pg_value(t_ctx(), oid, bytes.p, (int)bytes.n, &n));
    return n;
}

T(integers_of_all_sizes_keep_their_sign)
{
    eq_int(value(OID_INT2, S("\xff\xfe")).as.number, -2);
    eq_int(value(OID_INT4, S("\x00\x00\x01\x00")).as.number, 256);
    eq_int(value(OID_INT8, S("\x80\0\0\0\0\0\0\0")).as.number, INT64_MIN);
}

T(an_instant_is_rfc_3339_and_a_day_is_a_date)
{
    eq_str(value(OID_TIMESTAMPTZ, S("\0\0\0\0\0\0\0\0")).as.text, "2000-01-01T00:00:00.000000Z");
    eq_str(value(OID_TIMESTAMPTZ, S("\x7f\xff\xff\xff\xff\xff\xff\xff")).as.text, "infinity");
    eq_str(value(OID_DATE, S("\0\0\0\x3b")).as.text, "2000-02-29");
    eq_str(value(OID_DATE, S("\xff\xff\xff\xff")).as.text, "1999-12-31");
    eq_str(
        value(OID_TIMESTAMP, S("\xff\xff\xff\xff\xff\xff\xff\xff")).as.text, "1999-12-31T23:59:59");
}

T(a_damaged_array_is_refused)
{
    struct node n;
    str bad[] = { S("\0\0\0\1"), S("\0\0\0\2\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1"),
        S("\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1"),
        S("\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1\0\0\0\x08xx") };
    for (size_t i = 0; i < COUNT(bad); i++)
        is_false(pg_value(t_ctx(), OID_INT8S, bad[i].p, (int)bad[i].n, &n));
}

T(a_numeric_is_refused_and_an_enum_read)
{
    struct node n;
    is_false(pg_can_read(OID_NUMERIC));
    is_false(pg_value(t_ctx(), OID_NUMERIC, "12345678", 8, &n));
    eq_str(value(99999, S("paid")).as.text, "paid");
}

T(parameters_and_columns_agree)
{
    struct arena *mem = t_ctx()->mem;
    const char *p;
    int n;
    const str names[] = { S("a"), S(""), S("ผ้า") };
    pg_pack(mem, OID_TEXTS, &(struct param){ .kind = P_STRS, .strs = names, .n = 3 }, &p, &n);
    struct node list = value(OID_TEXTS, (str){ p, (size_t)n });
    eq_str(t_json_of(&list), "[\"a\",\"\",\"ผ้า\"]");
    const i64 ids[] = { 1, -1 };
    pg_pack(mem, OID_INT8S, &(struct param){ .kind = P_INTS, .ints = ids, .n = 2 }, &p, &n);
    list = value(OID_INT8S, (str){ p, (size_t)n });
    eq_str(t_json_of(&list), "[1,-1]");
    pg_pack(mem, OID_INT8S, &(struct param){ .kind = P_INTS }, &p, &n);
    list = value(OID_INT8S, (str){ p, (size_t)n });
    eq_str(t_json_of(&list), "[]");
    pg_pack(mem, OID_JSONB, &(struct param){ .kind = P_STR, .text = S("{\"a\":1}") }, &p, &n);
    struct node json = value(OID_JSONB, (str){ p, (size_t)n });
    eq_str(t_json_of(&json), "{\"a\":1}");
    pg_pack(mem, OID_TEXT, &(struct param){ .kind = P_STR, .null = true }, &p, &n);
    is_true(p == NULL);
    pg_pack(mem, OID_TEXT, &(struct param){ .kind = P_STR }, &p, &n);
    is_true(p != NULL && n == 0);
}
