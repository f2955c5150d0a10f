/* What an authenticator says: the bytes that are right, and those that are nearly right. */
#include "auth/factor_in.h"
#include "io/io.h"
#include "t/t.h"

enum { ID = 20 };
static str hex(const char *text)
{
    struct buf out = buf_new(t_ctx()->mem, 4096);
    for (; text[0] && text[1]; text += 2) {
        static const char digits[] = "0123456789abcdef";
        long high = strchr(digits, text[0]) - digits, low = strchr(digits, text[1]) - digits;
        buf_char(&out, (char)(high << 4 | low));
    }
    return buf_str(&out);
}

static str glue(str a, str b)
{
    struct buf out = buf_new(t_ctx()->mem, 8192);
    buf_add(&out, a);
    buf_add(&out, b);
    return buf_str(&out);
}

static str many(size_t n, char with)
{
    char *bytes = arena_take(t_ctx()->mem, n + 1);
    memset(bytes, with, n);
    return (str){ bytes, n };
}

#define X_ "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define Y_ "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define KEY "a5010203262001215820" X_ "225820" Y_

static str with_key(const char *flags, const char *key, const char *after)
{
    str start = glue(many(32, 'r'), hex(flags));
    str credential = glue(hex("00000007"), glue(many(16, 'a'), glue(hex("0014"), many(ID, 'i'))));
    return glue(start, glue(credential, glue(hex(key), hex(after))));
}

static bool reads(str raw)
{
    struct authdata data;
    return authdata_read(raw, &data);
}

T(a_new_key_is_read_with_all_it_says)
{
    struct authdata data;
    is_true(authdata_read(with_key("5d", KEY, ""), &data));
    eq_str(data.rp_hash, many(32, 'r'));
    eq_int(data.flags, 0x5d);
    eq_int(data.count, 7);
    eq_str(data.id, many(ID, 'i'));
    eq_str(data.x, hex(X_));
    eq_str(data.y, hex(Y_));
}

T(a_signature_comes_without_a_key)
{
    struct authdata data;
    str raw = glue(many(32, 'r'), hex("05fffffffe"));
    is_true(authdata_read(raw, &data));
    eq_int(data.count, 4294967294);
    eq_int(data.id.n, 0);
    is_false(reads(glue(raw, hex("00"))));
    is_false(reads(str_upto(raw, 36)));
    is_false(reads(str_none));
}

T(authenticator_data_cut_anywhere_are_none)
{
    str raw = with_key("c5", KEY, "a1696c6173742d73656564f5");
    is_true(reads(raw));
    for (size_t n = 0; n < raw.n; n++)
        is_false(reads(str_upto(raw, n)));
    is_false(reads(glue(raw, hex("00"))));
}

T(other_keys_than_es256_are_refused)
{
    static const char *const keys[] = {
        "a401030339010020590100" X_,              /* RS256 */
        "a4010103272006215820" X_,                /* EdDSA */
        "a5010203382220022158" "20" X_ "225820" Y_, /* ES384 on P-384 */
        "a5010203262002215820" X_ "225820" Y_,    /* ES256, another curve */
        "a501020326200121581f60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f225820" Y_,
        "a4010203262001215820" X_,                /* no y */
        "a5010203262001215820" X_ "215820" Y_,    /* x twice */
        "a6010203262001215820" X_ "225820" Y_ "0401", /* more than there is */
        "a501020326200121" "5820" X_ "22f5",      /* y is but a bit: compressed */
        "bf010203262001215820" X_ "225820" Y_ "ff", /* of unknown length */
        "a518010203262001215820" X_ "225820" Y_,  /* 1 in two bytes */
        "80",
    };
    for (size_t i = 0; i < COUNT(keys); i++)
        is_false(reads(with_key("45", keys[i], "")));
}

T(flags_that_contradict_each_other_are_refused)
{
    is_false(reads(with_key("55", KEY, "")));  /* copied, and cannot be */
    is_false(reads(with_key("05", KEY, "")));  /* a key that no flag tells of */
    is_false(reads(with_key("c5", KEY, "")));  /* extensions that are not there */
    is_false(reads(with_key("c5", KEY, "80"))); /* and that are a list */
    is_false(reads(with_key("45", KEY, "a0"))); /* and that no flag tells of */
}

T(cbor_that_is_not_canonical_or_too_deep_is_refused)
{
    static const char *const wrong[] = {
        "a1616178ff",             /* a length that reaches beyond the end */
        "a161619bffffffffffffffff", /* as many items as there are numbers */
        "a16161c100",             /* a tag */
        "a16161f93c00",           /* a fraction */
        "a16161f7",               /* undefined */
        "a161611817",             /* 23 in two bytes */
        "a16161190017",           /* in three */
        "a161615f4161ff",         /* in pieces */
        "a1616162c328",           /* words that are no UTF-8 */
        "a1616181818181818181818181818100", /* deep */
        "a161611c",
    };
    is_true(reads(with_key("c5", KEY, "a1616182817818616161616161616161616161616161616161616161616161f6")));
    for (size_t i = 0; i < COUNT(wrong); i++)
        is_false(reads(with_key("c5", KEY, wrong[i])));
}

static str attestation(const char *before, str data, const char *after)
{
    struct buf head = buf_new(t_ctx()->mem, 16);
    buf_char(&head, 0x58);
    buf_char(&head, (char)data.n);
    return glue(hex(before), glue(buf_str(&head), glue(data, hex(after))));
}

#define FMT_NONE "63666d74646e6f6e65"
#define STMT     "6761747453746d74a0"
#define DATA     "686175746844617461"

T(an_attestation_object_is_read_and_not_believed)
{
    struct authdata data;
    str raw = with_key("45", KEY, "");
    is_true(attestation_read(attestation("a3" FMT_NONE STMT DATA, raw, ""), &data));
    eq_str(data.id, many(ID, 'i'));
    /* packed, with a signature and a certificate */
    is_true(attestation_read(attestation("a3" "63666d74667061636b6564"
        "6761747453746d74a363616c672663736967" "4130" "63783563" "81" "4131" DATA, raw, ""), &data));
    is_true(attestation_read(attestation("a3" DATA, raw, FMT_NONE STMT), &data));
}

T(an_attestation_object_of_another_make_is_refused)
{
    struct authdata data;
    str raw = with_key("45", KEY, ""), bare = glue(many(32, 'r'), hex("0500000001"));
    str right = attestation("a3" FMT_NONE STMT DATA, raw, "");
    for (size_t n = 0; n < right.n; n++)
        is_false(attestation_read(str_upto(right, n), &data));
    is_false(attestation_read(glue(right, hex("00")), &data));
    is_false(attestation_read(attestation("a3" FMT_NONE STMT DATA, bare, ""), &data));
    is_false(attestation_read(attestation("a2" FMT_NONE DATA, raw, ""), &data));
    is_false(attestation_read(attestation("a3" FMT_NONE FMT_NONE DATA, raw, ""), &data));
    is_false(attestation_read(attestation("a3" FMT_NONE "6761747453746d7480" DATA, raw, ""), &data));
    is_false(attestation_read(attestation("a3" "63666d7400" STMT DATA, raw, ""), &data));
    is_false(attestation_read(attestation("a3" FMT_NONE STMT "686175746864617461", raw, ""), &data));
    is_false(attestation_read(str_none, &data));
}

static bool says(const char *json)
{
    return client_data_ok(
        t_ctx(), str_of(json), "webauthn.get", S("Y2hhbGxlbmdl"), S("https://shop.test"));
}

T(client_data_are_of_this_type_challenge_and_origin)
{
#define SAID(type, challenge, origin, more) \
    "{\"type\":\"" type "\",\"challenge\":\"" challenge "\",\"origin\":\"" origin "\"" more "}"
    is_true(says(SAID("webauthn.get", "Y2hhbGxlbmdl", "https://shop.test", "")));
    is_true(says(SAID("webauthn.get", "Y2hhbGxlbmdl", "https://shop.test",
        ",\"crossOrigin\":false,\"later\":[1]")));
    static const char *const wrong[] = {
        SAID("webauthn.create", "Y2hhbGxlbmdl", "https://shop.test", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdk", "https://shop.test", ""),
        SAID("webauthn.get", "", "https://shop.test", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdl=", "https://shop.test", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdl", "https://shop.test.evil.test", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdl", "http://shop.test", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdl", "https://shop.test:444", ""),
        SAID("webauthn.get", "Y2hhbGxlbmdl", "https://shop.test", ",\"crossOrigin\":true"),
        SAID("webauthn.get", "Y2hhbGxlbmdl", "https://evil.test", ",\"origin\":\"https://shop.test\""),
        "{}", "[]", "", "null", "{\"type\":",
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        is_false(says(wrong[i]));
    eq_int(t_ctx()->fault.code, E_OK);
}

/* RFC 6979, A.2.5: P-256, SHA-256, "sample". */
T(a_signature_of_p256_is_checked)
{
    str x = hex(X_), y = hex(Y_);
    str good = hex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                   "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    is_true(crypto_p256_ok(x, y, S("sample"), good));
    is_false(crypto_p256_ok(x, y, S("Sample"), good));
    is_false(crypto_p256_ok(y, x, S("sample"), good));
    for (size_t n = 0; n < good.n; n++)
        is_false(crypto_p256_ok(x, y, S("sample"), str_upto(good, n)));
    is_false(crypto_p256_ok(x, y, S("sample"), glue(good, S("x"))));
    is_true(crypto_p256_is_key(x, y));
    is_false(crypto_p256_is_key(many(32, 0), many(32, 0)));
    is_false(crypto_p256_is_key(x, x));
    is_false(crypto_p256_is_key(str_upto(x, 31), y));
}
