#include "io/io.h"
#include <stdio.h>
/* libsodium has a crypto_sign of its own; ours is io.h's. */
#define crypto_sign sodium_crypto_sign
#include <crypt.h>
#include <sodium.h>
#undef crypto_sign
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

_Static_assert(crypto_generichash_KEYBYTES_MAX == 64, "the shop's secret is hashed to a key");

int crypto_start(void) { return sodium_init() < 0 ? E_INTERNAL : E_OK; }

void crypto_random(void *out, size_t n) { randombytes_buf(out, n); }

static const unsigned char *bytes(str s) { return (const unsigned char *)(s.n ? s.p : ""); }

static str base64(struct arena *mem, const void *data, size_t n)
{
    size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_raw(mem, room);
    sodium_bin2base64(text, room, data, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return (str){ text, room - 1 };
}

/* False: not base64url, or longer than room. */
static bool unbase64(str text, unsigned char *out, size_t room, size_t *n)
{
    return !sodium_base642bin(out, room, text.n ? text.p : "", text.n, NULL, n, NULL,
        sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

str crypto_base64(struct arena *mem, str data) { return base64(mem, bytes(data), data.n); }

bool crypto_unbase64(struct arena *mem, str text, str *out)
{
    size_t room = text.n + 1, n;
    unsigned char *data = arena_raw(mem, room);
    if (!unbase64(text, data, room, &n))
        return false;
    *out = (str){ (char *)data, n };
    return true;
}

str crypto_token(struct arena *mem, size_t n)
{
    unsigned char random[64];
    assert(n <= sizeof random);
    crypto_random(random, n);
    str token = base64(mem, random, n);
    sodium_memzero(random, sizeof random);
    return token;
}

static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

str crypto_code(struct arena *mem, size_t n)
{
    char *text = arena_raw(mem, n + 1);
    crypto_random(text, n);
    for (size_t i = 0; i < n; i++)
        text[i] = crockford[text[i] & 31];
    text[n] = 0;
    return (str){ text, n };
}

bool crypto_is_code(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        letter = (char)(letter | 0x20);
    return letter && strchr(crockford, letter);
}

bool crypto_equal(str a, str b) { return a.n == b.n && (!a.n || !sodium_memcmp(a.p, b.p, a.n)); }

static str hex(struct arena *mem, const unsigned char *data, size_t n)
{
    char *text = arena_raw(mem, 2 * n + 1);
    sodium_bin2hex(text, 2 * n + 1, data, n);
    return (str){ text, 2 * n };
}

str crypto_sha256_hex(struct arena *mem, str s)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sum, bytes(s), s.n);
    return hex(mem, sum, sizeof sum);
}

str crypto_sha256(struct arena *mem, str s)
{
    unsigned char *sum = arena_raw(mem, crypto_hash_sha256_BYTES);
    crypto_hash_sha256(sum, bytes(s), s.n);
    return (str){ (char *)sum, crypto_hash_sha256_BYTES };
}

str crypto_sha1_hex(struct arena *mem, str text)
{
    unsigned char sum[20];
    bool ok = EVP_Digest(text.p, text.n, sum, NULL, EVP_sha1(), NULL) == 1;
    return ok ? hex(mem, sum, sizeof sum) : str_none;
}

str crypto_hmac_sha1(struct arena *mem, str key, str message)
{
    unsigned char *mac = arena_raw(mem, 20);
    unsigned n = 0;
    bool ok = HMAC(EVP_sha1(), bytes(key), (int)key.n, bytes(message), message.n, mac, &n);
    return ok && n == 20 ? (str){ (char *)mac, n } : str_none;
}

str crypto_hmac_sha256_hex(struct arena *mem, str key, str message)
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, bytes(key), key.n);
    crypto_auth_hmacsha256_update(&state, bytes(message), message.n);
    crypto_auth_hmacsha256_final(&state, mac);
    return hex(mem, mac, sizeof mac);
}

/* ---- keys bound to a purpose -------------------------------------------------------------- */

/* BLAKE2b of the purpose under the secret's own hash: purposes cannot stand for each other,
 * and none gives the secret away. */
void crypto_key(str secret, const char *purpose, unsigned char out[32])
{
    unsigned char root[crypto_generichash_KEYBYTES];
    assert(secret.n >= 16); /* the configuration is refused before */
    crypto_generichash(root, sizeof root, bytes(secret), secret.n, NULL, 0);
    crypto_generichash(out, 32, (const unsigned char *)purpose, strlen(purpose), root, sizeof root);
    sodium_memzero(root, sizeof root);
}

struct crypto_sum {
    crypto_hash_sha256_state state;
};

struct crypto_sum *crypto_sum_new(struct arena *mem)
{
    struct crypto_sum *sum = NEW(mem, struct crypto_sum);
    crypto_hash_sha256_init(&sum->state);
    return sum;
}

void crypto_sum_add(struct crypto_sum *sum, str piece)
{
    crypto_hash_sha256_update(&sum->state, bytes(piece), piece.n);
}

str crypto_sum_hex(struct arena *mem, struct crypto_sum *sum)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char *text = arena_raw(mem, 2 * sizeof digest + 1);
    crypto_hash_sha256_final(&sum->state, digest);
    sodium_bin2hex(text, 2 * sizeof digest + 1, digest, sizeof digest);
    return (str){ text, 2 * sizeof digest };
}

static void mac_of(str secret, const char *purpose, str value, unsigned char mac[16])
{
    unsigned char key[32];
    crypto_key(secret, purpose, key);
    crypto_generichash(mac, 16, bytes(value), value.n, key, sizeof key);
    sodium_memzero(key, sizeof key);
}

str crypto_sign(struct arena *mem, str secret, const char *purpose, str value)
{
    unsigned char mac[16];
    mac_of(secret, purpose, value, mac);
    str text = base64(mem, mac, sizeof mac);
    return str_fmt(mem, "%.*s.%.*s", STR(value), STR(text));
}

bool crypto_signed(str secret, const char *purpose, str signed_value, str *value)
{
    unsigned char ours[16], theirs[16];
    size_t n = 0, dot = signed_value.n;
    while (dot && signed_value.p[dot - 1] != '.')
        dot--;
    *value = str_none;
    if (!dot || !unbase64(str_from(signed_value, dot), theirs, sizeof theirs, &n) ||
        n != sizeof theirs)
        return false;
    str said = str_upto(signed_value, dot - 1);
    mac_of(secret, purpose, said, ours);
    if (sodium_memcmp(ours, theirs, sizeof ours))
        return false;
    *value = said;
    return true;
}

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG   crypto_aead_xchacha20poly1305_ietf_ABYTES

void crypto_forget(void *key, size_t n) { sodium_memzero(key, n); }

str crypto_lock(struct arena *mem, const unsigned char key[32], str with, str plain)
{
    unsigned char *box = arena_raw(mem, NONCE + plain.n + TAG);
    unsigned long long n;
    crypto_random(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + NONCE, &n, bytes(plain), plain.n, bytes(with), with.n, NULL, box, key);
    return base64(mem, box, NONCE + n);
}

bool crypto_unlock(struct arena *mem, const unsigned char key[32], str with, str sealed, str *plain)
{
    unsigned char *box = arena_raw(mem, sealed.n + 1), *out = arena_raw(mem, sealed.n + 1);
    unsigned long long n = 0;
    size_t size = 0;
    *plain = str_none;
    if (!unbase64(sealed, box, sealed.n, &size) || size < NONCE + TAG ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            out, &n, NULL, box + NONCE, size - NONCE, bytes(with), with.n, box, key))
        return false;
    out[n] = 0;
    *plain = (str){ (char *)out, n };
    return true;
}

str crypto_seal(struct arena *mem, str secret, const char *purpose, str plain)
{
    unsigned char key[32];
    crypto_key(secret, purpose, key);
    str sealed = crypto_lock(mem, key, str_none, plain);
    sodium_memzero(key, sizeof key);
    return sealed;
}

bool crypto_unseal(struct arena *mem, str secret, const char *purpose, str sealed, str *plain)
{
    unsigned char key[32];
    crypto_key(secret, purpose, key);
    bool ok = crypto_unlock(mem, key, str_none, sealed, plain);
    sodium_memzero(key, sizeof key);
    return ok;
}

/* ---- passwords ---------------------------------------------------------------------------- */

#define ARGON_OPS    2
#define ARGON_MEMORY (19 * 1024 * 1024)

bool crypto_password_hash(struct arena *mem, str password, str *hash)
{
    char *text = arena_raw(mem, crypto_pwhash_STRBYTES);
    *hash = str_none;
    if (crypto_pwhash_str_alg(text, password.n ? password.p : "", password.n, ARGON_OPS,
            ARGON_MEMORY, crypto_pwhash_ALG_ARGON2ID13))
        return false;
    *hash = str_of(text);
    return true;
}

/* $2b$12$ and 53 of the alphabet. */
static bool is_bcrypt(str hash)
{
    static const char *const starts[] = { "$2a$", "$2b$", "$2y$" };
    bool known = false;
    for (size_t i = 0; i < COUNT(starts); i++)
        known |= str_starts(hash, str_of(starts[i]));
    if (!known || hash.n != 60 || hash.p[6] != '$')
        return false;
    i64 rounds = (hash.p[4] - '0') * 10 + hash.p[5] - '0';
    return hash.p[4] >= '0' && hash.p[4] <= '1' && hash.p[5] >= '0' && hash.p[5] <= '9' &&
        rounds >= 4 && rounds <= 12;
}

/* A password with a NUL in it is none that bcrypt ever saw whole. */
static bool bcrypt_ok(str hash, str password)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    char text[61] = "", phrase[1100] = "";
    bool ok = false;
    if (data && password.n < sizeof phrase &&
        !memchr(password.n ? password.p : "", 0, password.n)) {
        memcpy(text, hash.p, hash.n);
        memcpy(phrase, password.n ? password.p : "", password.n);
        const char *made = crypt_rn(phrase, text, data, sizeof *data);
        ok = made && crypto_equal(str_of(made), hash);
        sodium_memzero(phrase, sizeof phrase);
    }
    free(data);
    return ok;
}

bool crypto_password_ok(str hash, str password)
{
    char text[crypto_pwhash_STRBYTES] = "";
    if (is_bcrypt(hash))
        return bcrypt_ok(hash, password);
    if (!hash.n || hash.n >= sizeof text)
        return false;
    memcpy(text, hash.p, hash.n);
    return !crypto_pwhash_str_verify(text, password.n ? password.p : "", password.n);
}

bool crypto_password_known(str hash)
{
    return is_bcrypt(hash) || str_starts(hash, S("$argon2id$"));
}

/* $argon2id$v=19$m=65536,t=3,p=4$salt$hash: m in KiB. */
static bool next_number(str *rest, const char *before, char end, i64 *n)
{
    str word;
    if (!str_starts(*rest, str_of(before)))
        return false;
    *rest = str_from(*rest, strlen(before));
    return str_cut(rest, end, &word) && str_int(word, n);
}

bool crypto_password_is_cheap(str hash)
{
    i64 memory, times, lanes;
    str rest = hash;
    if (is_bcrypt(hash))
        return true;
    return hash.n < crypto_pwhash_STRBYTES &&
        next_number(&rest, "$argon2id$v=19$m=", ',', &memory) &&
        next_number(&rest, "t=", ',', &times) && next_number(&rest, "p=", '$', &lanes) &&
        memory <= 65536 && times <= 4 && lanes <= 4 && rest.n > 40;
}

bool crypto_password_is_old(str hash)
{
    char text[crypto_pwhash_STRBYTES] = "";
    if (hash.n >= sizeof text)
        return true;
    memcpy(text, hash.p, hash.n);
    return crypto_pwhash_str_needs_rehash(text, ARGON_OPS, ARGON_MEMORY) != 0;
}

/* ---- opaque ids --------------------------------------------------------------------------- */

#define ROUNDS 6

/* One Feistel round: 32 bits of SipHash over the half and the round's number. */
static uint32_t mix(const unsigned char *key, uint32_t half, unsigned round)
{
    unsigned char in[8], out[crypto_shorthash_BYTES];
    for (int i = 0; i < 4; i++)
        in[i] = (unsigned char)(half >> 8 * i);
    in[4] = (unsigned char)round;
    in[5] = in[6] = in[7] = 0;
    crypto_shorthash(out, in, sizeof in, key);
    return (uint32_t)out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16 |
        (uint32_t)out[3] << 24;
}

/* The key of the kind that was asked for last: a list asks for one kind fifty times, and to
 * make it costs as much as all six rounds. */
static const unsigned char *opaque_key(str secret, const char *kind)
{
    static struct {
        unsigned char key[32];
        char secret[128], purpose[64];
        size_t n;
    } last;
    if (last.n == secret.n && !strcmp(kind, last.purpose + 7) &&
        crypto_equal((str){ last.secret, last.n }, secret))
        return last.key;
    snprintf(last.purpose, sizeof last.purpose, "opaque:%s", kind);
    crypto_key(secret, last.purpose, last.key);
    last.n = secret.n <= sizeof last.secret ? secret.n : 0;
    memcpy(last.secret, secret.p, last.n);
    return last.key;
}

static uint64_t permute(str secret, const char *kind, uint64_t v, bool back)
{
    const unsigned char *key = opaque_key(secret, kind);
    uint32_t left = (uint32_t)(v >> 32), right = (uint32_t)v;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t keep = back ? left : right;
        if (back) {
            left = right ^ mix(key, keep, ROUNDS - 1 - i);
            right = keep;
        } else {
            right = left ^ mix(key, keep, i);
            left = keep;
        }
    }
    return (uint64_t)left << 32 | right;
}

/* 64 bits as 13 letters of 5: the first holds only four, so that it is always below 'g'. */
str crypto_opaque(struct arena *mem, str secret, const char *kind, i64 id)
{
    uint64_t v = permute(secret, kind, (uint64_t)id, false);
    char *text = arena_raw(mem, 14);
    for (int i = 12; i >= 0; i--, v >>= 5)
        text[i] = crockford[v & 31];
    text[13] = 0;
    return (str){ text, 13 };
}

bool crypto_unopaque(str secret, const char *kind, str opaque, i64 *id)
{
    uint64_t v = 0;
    *id = 0;
    if (opaque.n != 13)
        return false;
    for (size_t i = 0; i < 13; i++) {
        const char *at = opaque.p[i] ? strchr(crockford, opaque.p[i]) : NULL;
        if (!at || (i == 0 && at - crockford > 15))
            return false;
        v = v << 5 | (uint64_t)(at - crockford);
    }
    i64 found = (i64)permute(secret, kind, v, true);
    if (found <= 0 || found > INT64_C(1) << 47) /* ids are small: a guess is found out */
        return false;
    *id = found;
    return true;
}

/* ---- passkeys ----------------------------------------------------------------------------- */

/* NULL when x and y are no point of the curve. */
static EVP_PKEY *p256_key(str x, str y)
{
    unsigned char point[65] = { 4 };
    char group[] = "prime256v1";
    EVP_PKEY *key = NULL;
    if (x.n != 32 || y.n != 32)
        return NULL;
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!maker || EVP_PKEY_fromdata_init(maker) <= 0 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(maker);
    return key;
}

/* ---- other people's tokens ----------------------------------------------------------------- */

str crypto_base64_padded(struct arena *mem, str data)
{
    size_t room = sodium_base64_ENCODED_LEN(data.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_raw(mem, room);
    sodium_bin2base64(text, room, bytes(data), data.n, sodium_base64_VARIANT_ORIGINAL);
    return (str){ text, room - 1 };
}

/* Frees the key. */
static bool verify_sha256(EVP_PKEY *key, str message, const unsigned char *signature, size_t n)
{
    EVP_MD_CTX *sum = key ? EVP_MD_CTX_new() : NULL;
    bool ok = sum && EVP_DigestVerifyInit(sum, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(sum, signature, n, bytes(message), message.n) == 1;
    EVP_MD_CTX_free(sum);
    EVP_PKEY_free(key);
    return ok;
}

bool crypto_p256_is_key(str x, str y)
{
    EVP_PKEY *key = p256_key(x, y);
    EVP_PKEY_free(key);
    return key != NULL;
}

bool crypto_p256_ok(str x, str y, str message, str signature)
{
    return verify_sha256(p256_key(x, y), message, bytes(signature), signature.n);
}

static EVP_PKEY *rsa_key(str n, str e)
{
    BIGNUM *modulus = BN_bin2bn(bytes(n), (int)n.n, NULL);
    BIGNUM *exponent = BN_bin2bn(bytes(e), (int)e.n, NULL);
    OSSL_PARAM_BLD *list = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    if (modulus && exponent && list && maker && BN_num_bits(modulus) >= 2048 &&
        OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_N, modulus) &&
        OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_E, exponent) &&
        (params = OSSL_PARAM_BLD_to_param(list)) && EVP_PKEY_fromdata_init(maker) > 0 &&
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_BLD_free(list);
    BN_free(exponent);
    BN_free(modulus);
    return key;
}

bool crypto_rs256_ok(str n, str e, str message, str signature)
{
    if (n.n < 256 || n.n > 1024 || e.n < 1 || e.n > 8 || signature.n > 1024)
        return false;
    return verify_sha256(rsa_key(n, e), message, bytes(signature), signature.n);
}

bool crypto_es256_ok(str x, str y, str message, str signature)
{
    unsigned char *der = NULL;
    if (signature.n != 64)
        return false;
    ECDSA_SIG *both = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes(signature), 32, NULL);
    BIGNUM *s = BN_bin2bn(bytes(signature) + 32, 32, NULL);
    if (!both || !r || !s || !ECDSA_SIG_set0(both, r, s))
        abort(); /* no memory */
    int size = i2d_ECDSA_SIG(both, &der);
    bool ok = size > 0 && verify_sha256(p256_key(x, y), message, der, (size_t)size);
    OPENSSL_free(der);
    ECDSA_SIG_free(both);
    return ok;
}

/* ---- certificates ------------------------------------------------------------------------- */

bool crypto_cert_is_trusted(struct arena *mem, str pem, str *why)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL, *other;
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *look = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool ok = false;
    *why = S("it cannot be read");
    while (cert && chain && (other = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        sk_X509_push(chain, other);
    if (cert && chain && roots && look && X509_STORE_set_default_paths(roots) &&
        X509_STORE_CTX_init(look, roots, cert, chain)) {
        X509_STORE_CTX_set_purpose(look, X509_PURPOSE_SSL_SERVER);
        ok = X509_verify_cert(look) == 1;
        *why = str_dup(mem, str_of(X509_verify_cert_error_string(X509_STORE_CTX_get_error(look))));
    }
    X509_STORE_CTX_free(look);
    sk_X509_pop_free(chain, X509_free);
    X509_STORE_free(roots);
    X509_free(cert);
    BIO_free(in);
    ERR_clear_error();
    return ok;
}

bool crypto_cert_until(str pem, when *until)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    int days = 0, seconds = 0;
    bool ok = cert && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert));
    if (ok)
        *until = when_now() + days * DAY + seconds * SECOND;
    X509_free(cert);
    BIO_free(in);
    return ok;
}
