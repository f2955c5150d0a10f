/* webauthn.c: the few bytes an authenticator sends (WebAuthn level 2, sections 5.8.1, 6.1 and
 * 6.5; RFC 8949, RFC 9053). Everything comes from outside, so everything has its bounds: no
 * item is deeper than a handful, no length is believed before the bytes are there, and whatever
 * is not written in the one canonical way is refused. */
#include "auth/factor_in.h"
#include "io/io.h"

enum { DEEPEST = 8, LONGEST_ID = 1023 };
enum major { UINT, NEGATIVE, BYTES, LETTERS, ARRAY, MAP, TAG, SIMPLE };

/* ---- CBOR, as much of it as there is here --------------------------------------------------- */

static bool take(str *rest, size_t n, str *out)
{
    if (rest->n < n)
        return false;
    *out = str_upto(*rest, n);
    *rest = str_from(*rest, n);
    return true;
}

static bool take_number(str *rest, size_t n, uint64_t *out)
{
    str raw;
    if (!take(rest, n, &raw))
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | (unsigned char)raw.p[i];
    return true;
}

/* The first bytes of an item: what it is, and its value or length, in the shortest form. */
static bool take_head(str *rest, enum major *major, uint64_t *value)
{
    uint64_t first;
    if (!take_number(rest, 1, &first))
        return false;
    *major = (enum major)(first >> 5);
    *value = first & 31;
    if (*value < 24)
        return true;
    if (*value > 27 || *major == SIMPLE) /* of unknown length; fractions */
        return false;
    unsigned size = 1u << (*value - 24);
    if (!take_number(rest, size, value))
        return false;
    return size == 1 ? *value >= 24 : *value >> (size * 4) != 0;
}

static bool skip(str *rest, int depth)
{
    enum major major;
    uint64_t n;
    str raw;
    if (depth > DEEPEST || !take_head(rest, &major, &n))
        return false;
    if (major == UINT || major == NEGATIVE)
        return true;
    if (major == BYTES || major == LETTERS)
        return n <= rest->n && take(rest, (size_t)n, &raw) && (major == BYTES || str_is_utf8(raw));
    if (major == TAG)
        return false;
    if (major == SIMPLE)
        return n >= 20 && n <= 22; /* false, true, null */
    if (n > rest->n)               /* each item is a byte at least */
        return false;
    for (uint64_t i = 0; i < (major == MAP ? 2 * n : n); i++)
        if (!skip(rest, depth + 1))
            return false;
    return true;
}

static bool take_bytes(str *rest, enum major want, str *out)
{
    enum major major;
    uint64_t n;
    return take_head(rest, &major, &n) && major == want && n <= rest->n &&
        take(rest, (size_t)n, out);
}

static bool take_int(str *rest, i64 *out)
{
    enum major major;
    uint64_t n;
    if (!take_head(rest, &major, &n) || major > NEGATIVE || n > 0xFFFF)
        return false;
    *out = major == UINT ? (i64)n : -1 - (i64)n;
    return true;
}

/* ---- authenticator data --------------------------------------------------------------------- */

/* A COSE key of ES256, {1: 2, 3: -7, -1: 1, -2: x, -3: y}: these five, each once. */
static bool take_key(str *rest, struct authdata *out)
{
    enum major major;
    uint64_t n;
    unsigned seen = 0;
    if (!take_head(rest, &major, &n) || major != MAP || n != 5)
        return false;
    for (int i = 0; i < 5; i++) {
        static const i64 wants[] = { [2] = 1, [4] = 2, [6] = -7 }; /* crv, kty, alg */
        i64 label, value;
        if (!take_int(rest, &label) || label < -3 || label > 3 || (seen >> (label + 3) & 1))
            return false;
        seen |= 1u << (label + 3);
        if (label == -2 || label == -3) {
            if (!take_bytes(rest, BYTES, label == -2 ? &out->x : &out->y))
                return false;
        } else if (!take_int(rest, &value) || !wants[label + 3] || value != wants[label + 3])
            return false;
    }
    return out->x.n == 32 && out->y.n == 32;
}

static bool take_credential(str *rest, struct authdata *out)
{
    str maker;
    uint64_t n;
    return take(rest, 16, &maker) && take_number(rest, 2, &n) && n > 0 && n <= LONGEST_ID &&
        take(rest, (size_t)n, &out->id) && take_key(rest, out);
}

static bool take_extensions(str *rest)
{
    enum major major;
    uint64_t n;
    str look = *rest;
    return take_head(&look, &major, &n) && major == MAP && skip(rest, 0);
}

bool authdata_read(str raw, struct authdata *out)
{
    uint64_t flags, count;
    *out = (struct authdata){ 0 };
    if (!take(&raw, 32, &out->rp_hash) || !take_number(&raw, 1, &flags) ||
        !take_number(&raw, 4, &count))
        return false;
    out->flags = (unsigned)flags;
    out->count = (i64)count;
    if ((flags & PASSKEY_COPIED) && !(flags & PASSKEY_MOVES))
        return false;
    if ((flags & PASSKEY_HAS_KEY) && !take_credential(&raw, out))
        return false;
    if ((flags & PASSKEY_HAS_MORE) && !take_extensions(&raw))
        return false;
    return raw.n == 0;
}

bool attestation_read(str raw, struct authdata *out)
{
    enum major major;
    uint64_t n;
    str key, format, data = str_none, look;
    unsigned seen = 0;
    *out = (struct authdata){ 0 };
    if (!take_head(&raw, &major, &n) || major != MAP || n != 3)
        return false;
    for (int i = 0; i < 3; i++) {
        if (!take_bytes(&raw, LETTERS, &key))
            return false;
        unsigned which = str_is(key, "fmt") ? 1 : str_is(key, "attStmt") ? 2 : 4;
        if ((seen & which) || (which == 4 && !str_is(key, "authData")))
            return false;
        seen |= which;
        look = raw;
        bool ok = which == 1 ? take_bytes(&raw, LETTERS, &format) && str_is_utf8(format)
            : which == 2     ? take_head(&look, &major, &n) && major == MAP && skip(&raw, 1)
                             : take_bytes(&raw, BYTES, &data);
        if (!ok)
            return false;
    }
    return raw.n == 0 && authdata_read(data, out) && (out->flags & PASSKEY_HAS_KEY);
}

/* ---- client data ------------------------------------------------------------------------------
 */

bool client_data_ok(struct ctx *c, str json, const char *type, str challenge, str origin)
{
    struct node *said;
    if (json_read(c, json, &said) || said->kind != N_MAP) {
        fault_clear(c);
        return false;
    }
    return str_is(node_str(said, "type"), type) && challenge.n &&
        crypto_equal(node_str(said, "challenge"), challenge) &&
        str_eq(node_str(said, "origin"), origin) && !node_bool(said, "crossOrigin");
}
